"""The `filtergain` command: arguments, printing, exit status.  Computes nothing of its own."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the console script: exit status 0, 1, 2, 3 or 130 as documented."""
    from verification.cli.app import run

    sys.exit(run(sys.argv[1:]))
