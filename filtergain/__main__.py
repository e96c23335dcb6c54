"""`python -m filtergain` is the `filtergain` command."""

from __future__ import annotations

from verification.cli import main

if __name__ == "__main__":
    main()
