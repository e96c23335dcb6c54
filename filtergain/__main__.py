"""The `filtergain` command, also as `python -m filtergain`."""

from __future__ import annotations

import sys

from filtergain.own_packages import in_the_way


def main() -> None:
    """Run the command; one line where a file of the user's hides a package of ours (exit status 2)."""
    if said := in_the_way():
        sys.exit(_refused(said))
    from verification.cli import main as run

    run()


def _refused(said: str) -> int:
    print(f"filtergain: this {said}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
