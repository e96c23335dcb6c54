"""The Typer application, exit statuses, and the options that most commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(
    name="filtergain",
    help="Check the theorems on data filtering in multimodal contrastive learning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

EXIT_AS_EXPECTED, EXIT_DIFFERENT, EXIT_WRONG_USE, EXIT_INCONCLUSIVE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
EXIT_FAULT, EXIT_BROKEN_PIPE = 70, 141
"""A fault of filtergain's own; a reader of standard output that left, as shells count it."""


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


def number_option(flag: str, help: str) -> Any:
    """An option that takes a number."""
    return typer.Option(flag, parser=number, metavar="NUMBER", help=help)


JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output.")]
SeedOption = Annotated[int, number_option("--seed", "Root seed of every random stream.")]
JobsOption = Annotated[int, number_option("--jobs", "Worker processes.")]
AllJobsOption = Annotated[int | None, number_option("--jobs", "Workers.  [default: one a processor]")]


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
    """What comes before every command: its help is the application's."""


def describe(group: typer.Typer) -> None:
    """Give each command its short description for help where Python dropped the docstrings (-OO)."""
    for command in group.registered_commands:
        if command.callback is not None and command.callback.__doc__ is None:
            command.help = command.help or command.short_help
