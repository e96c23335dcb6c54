"""The `filtergain` command: arguments, printing, exit status.  Computes nothing of its own."""

from __future__ import annotations

import codecs
import gc
import io
import os
import sys


def main() -> None:
    """Entry point of the console script: exit status 0, 1, 2, 3 or 130 as documented."""
    # A command makes hundreds of thousands of expressions that live as long as it does: looking for garbage
    # after every 700 new objects is a tenth of the time that `filtergain claims` takes.
    gc.set_threshold(100_000, 20, 20)
    # SymPy keeps 1000 results of a function, fewer than one proof asks for; the proofs of a claim's wrong
    # versions ask again for what its own did.
    os.environ.setdefault("SYMPY_CACHE_SIZE", "30000")
    from verification.cli.main import run

    # A closed stream is None: what would be written to it goes nowhere.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A narrower encoding than the signs that are printed: letters in place of a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="filtergain-letters")
    try:
        sys.exit(_flushed(run(sys.argv[1:])))
    finally:
        # The process ends: looking at all of them a last time takes as long as importing SymPy does.
        gc.freeze()


LETTERS = {"±": "+/-", "√": "sqrt", "≤": "<=", "≥": ">=", "–": "-", "…": "..."}
"""What is printed for a sign that the console's encoding lacks; a "?" for any other."""


def _letters(error: UnicodeError) -> tuple[str, int]:
    """Letters in place of signs that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(LETTERS.get(sign, "?") for sign in lacking), error.end


codecs.register_error("filtergain-letters", _letters)


def _flushed(status: int) -> int:
    """The exit status once all is written, which the interpreter would only try when nobody listens."""
    from verification.cli.main import unwritten

    try:
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer must not be tried again at the end.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return unwritten(error, status)
    return status
