"""The Typer application: shared options, how errors are shown, and which module has which command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import Abort, TyperException

from verification.errors import InvalidArgument, MissingExtra, TooFewPairs

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="filtergain",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

EXIT_AS_EXPECTED, EXIT_DIFFERENT, EXIT_WRONG_USE, EXIT_INCONCLUSIVE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def number(text: str | float) -> float:
    """A number such as 0.3, 1e6 or inf: parsed, never evaluated.  Integers stay exact."""
    if isinstance(text, float):
        return text  # an option's default: int() would cut it off
    try:
        # float() would round integers beyond 2**53.
        return int(text)
    except ValueError:
        pass
    except OverflowError:
        return float(text)
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"must be a number such as 0.3, 1e6 or inf, got {text!r}") from None


JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output.")]
SeedOption = Annotated[
    int, typer.Option("--seed", parser=number, metavar="NUMBER", help="Root seed of every random stream.")
]
JobsOption = Annotated[int, typer.Option("--jobs", parser=number, metavar="NUMBER", help="Worker processes.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"filtergain {version('filtergain')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Check the theorems on data filtering in multimodal contrastive learning."""


def say(text: str, first: str = "", rest: str = "") -> None:
    """A paragraph on standard output, broken between words at a terminal and in one line elsewhere.

    `first` and `rest` go before its first and before its further lines.
    """
    if sys.stdout.isatty():
        import shutil
        import textwrap

        width = max(40, min(110, shutil.get_terminal_size().columns))
        wrapper = textwrap.TextWrapper(
            width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        )
        print(wrapper.fill(text))
    else:
        print(first + text)


def console() -> Console:
    """Where tables are printed: as wide as the terminal or COLUMNS; a pipe has no width and gets room."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 140)


def print_json(value: Any) -> None:
    """One JSON document on standard output; infinite numbers as the strings "inf" and "-inf"."""
    sys.stdout.write(json.dumps(finite(value), indent=2, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """`value` with infinite floats replaced by "inf" and "-inf", which JSON numbers cannot hold."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value


def message(text: str) -> None:
    """A line for the person at the terminal: on standard error, out of the way of results."""
    print(text, file=sys.stderr)


def _user_errors() -> tuple[type[Exception], ...]:
    """Errors that a user can cause; modules that were never loaded cannot have raised theirs."""
    kinds: list[type[Exception]] = [InvalidArgument, TooFewPairs, MissingExtra]
    others = (
        ("bounds.register", "UnknownClaim"),
        ("verification.checks.plan", "UnderpoweredDesign"),
        ("verification.workers.executors", "ExecutorLost"),
        ("verification.replication.store", "StoreError"),
    )
    for module, name in others:
        if module in sys.modules:
            kinds.append(getattr(sys.modules[module], name))
    return tuple(kinds)


def _as_typed(error: Exception, arguments: Sequence[str]) -> str:
    """The error's words, with the option's name as it was typed where the value came from an option."""
    said = str(error)
    if not isinstance(error, InvalidArgument):
        return said
    option = "--" + error.argument.replace("_", "-")
    typed = any(argument == option or argument.startswith(f"{option}=") for argument in arguments)
    if typed and said.startswith(error.argument):
        return option + said.removeprefix(error.argument)
    return said


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status; a user's mistake is one line."""
    from verification.cli import commands  # noqa: F401  (registers the commands on `app`)

    try:
        status = app(list(arguments), standalone_mode=False, prog_name="filtergain")
    except Abort:
        message("interrupted")
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        message("interrupted")
        return EXIT_INTERRUPTED
    except TyperException as error:
        # Without a command the help is the message, not an error's words.
        shown = error.format_message()
        message(shown if shown.startswith("Usage:") else f"filtergain: {shown}")
        return EXIT_WRONG_USE
    except _user_errors() as error:
        message(f"filtergain: {_as_typed(error, arguments)}")
        return EXIT_WRONG_USE
    except OSError as error:
        where = f" {error.filename!r}" if error.filename else ""
        message(f"filtergain: cannot use{where}: {error.strerror or error}")
        return EXIT_WRONG_USE
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        message(f"filtergain: not enough memory for {' '.join(arguments)}{said}")
        return EXIT_WRONG_USE
    return status if isinstance(status, int) else EXIT_AS_EXPECTED
