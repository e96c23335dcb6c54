"""The command line as a whole: every command, how errors are shown, exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from typer.exceptions import Abort, TyperException

# Each module adds its commands to the application: this is the order of the help text.
from verification.cli import verify  # isort: skip  # noqa: F401
from verification.cli import fit  # isort: skip  # noqa: F401
from verification.cli import claims  # isort: skip  # noqa: F401
from verification.cli import new  # isort: skip  # noqa: F401
from verification.cli import diff  # isort: skip  # noqa: F401
from verification.cli import simulate  # isort: skip  # noqa: F401
from verification.cli import predict  # isort: skip  # noqa: F401
from verification.cli import threshold  # isort: skip  # noqa: F401
from verification.cli import constants  # isort: skip  # noqa: F401
from verification.cli import sweep  # isort: skip  # noqa: F401
from verification.cli import reproduce  # isort: skip
from verification.cli import search  # isort: skip  # noqa: F401
from verification.cli import probe  # isort: skip  # noqa: F401
from verification.cli import certify  # isort: skip  # noqa: F401

from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_BROKEN_PIPE,
    EXIT_FAULT,
    EXIT_INTERRUPTED,
    EXIT_WRONG_USE,
    app,
    describe,
)
from verification.cli.terminal import message
from verification.errors import InvalidArgument, UserError

describe(app)
describe(reproduce.reproduce)


def _as_typed(error: Exception, arguments: Sequence[str]) -> str:
    """The error's words, with the option's name as it was typed where the value came from an option."""
    said = str(error)
    if not isinstance(error, InvalidArgument):
        return said
    if error.argument == "theta or retain":  # neither was given, or both
        return "--theta or --retain" + said.removeprefix(error.argument)
    option = "--" + error.argument.replace("_", "-")
    typed = any(argument == option or argument.startswith(f"{option}=") for argument in arguments)
    if typed and said.startswith(error.argument):
        return option + said.removeprefix(error.argument)
    return said


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status; a user's mistake is one line."""
    try:
        status = app(list(arguments), standalone_mode=False, prog_name="filtergain")
    except (Abort, KeyboardInterrupt):
        message("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError as error:
        return unwritten(error, EXIT_AS_EXPECTED)
    except SystemExit as stop:
        # Typer ends so, with status 1, where the reader of standard output left.
        if type(sys.stdout).__name__ != "PacifyFlushWrapper":
            raise
        return unwritten(BrokenPipeError(str(stop)), EXIT_AS_EXPECTED)
    except Exception as error:
        said = _mistake(error, arguments) or _of_the_system(error, arguments)
        if said is not None:
            message(said)
            return EXIT_WRONG_USE
        # A fault of ours is told apart from a verdict that differs.
        traceback.print_exc()
        message("filtergain: this is a fault of filtergain; please report it with the lines above")
        return EXIT_FAULT
    return status if isinstance(status, int) else EXIT_AS_EXPECTED


def _mistake(error: Exception, arguments: Sequence[str]) -> str | None:
    """What to tell of a mistake of the user's; None where it is none."""
    if isinstance(error, TyperException):
        # Without a command the help is the message, not an error's words.
        shown = error.format_message()
        return shown if shown.startswith("Usage:") else f"filtergain: {shown}"
    if isinstance(error, UserError):
        return f"filtergain: {_as_typed(error, arguments)}"
    if isinstance(error, KeyError):
        from bounds.register import UnknownClaim  # loaded already where it was raised

        return f"filtergain: {error}" if isinstance(error, UnknownClaim) else None
    return None


def _of_the_system(error: Exception, arguments: Sequence[str]) -> str | None:
    """What to tell where the machine has not what was asked for; None where that is not it."""
    if isinstance(error, OSError):
        if not error.filename and (lost := _output_lost()) is not None:
            return f"filtergain: cannot write to standard output: {lost.strerror or lost}"
        where = f" {error.filename!r}" if error.filename else ""
        return f"filtergain: cannot use{where}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        said = f" ({error})" if str(error) else ""
        return f"filtergain: not enough memory for {' '.join(arguments)}{said}"
    if type(error).__module__ == "sqlite3":  # not imported by the commands that have no store
        return f"filtergain: cannot use the store: {error}"
    return None


def _output_lost() -> OSError | None:
    """Why nothing more can be written to standard output; None, and an empty line there, if it can.

    The system names no file where a stream is full.  What was printed is not whole in either case.
    """
    try:
        print(flush=True)
    except OSError as error:
        return error
    return None


def unwritten(error: OSError, status: int) -> int:
    """The exit status where standard output took not all: quietly if its reader left, as others do."""
    if isinstance(error, BrokenPipeError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return EXIT_BROKEN_PIPE
    message(f"filtergain: cannot write to standard output: {error.strerror or error}")
    return status or EXIT_WRONG_USE
