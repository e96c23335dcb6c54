"""The Typer application, exit statuses, and the options that most commands share."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.exceptions import Abort

from verification import shell


class PlainCommand(TyperCommand):
    """A command whose help names an argument as its description does: X, not {X} <str>."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line's parts, without braces around what must be given."""
        return [re.sub(r"^\{(.*)\}$", r"\1", piece) for piece in super().collect_usage_pieces(ctx)]

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Typer would end at Ctrl-C without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Abort from None

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The example, broken where a shell takes it, not in the middle of an option."""
        if self.epilog:
            formatter.write_paragraph()
            with formatter.indentation():
                for line in shell.lines(self.epilog, formatter.width - formatter.current_indent):
                    formatter.write(" " * formatter.current_indent + line + "\n")

    def get_help(self, ctx: Any) -> str:
        """The help without the kinds of Python that Typer writes after an argument's name."""
        return re.sub(r" <[a-z\[\]]+>(?=  |$)", "", super().get_help(ctx), flags=re.MULTILINE)


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
    """Make each command's help plain, and give it one where Python dropped the docstrings (-OO)."""
    for command in group.registered_commands:
        command.cls = PlainCommand
        if command.callback is not None and command.callback.__doc__ is None:
            command.help = command.help or command.short_help
