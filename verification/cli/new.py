"""`filtergain new`: a file to write claims of one's own into."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from verification import files
from verification.cli.app import app
from verification.errors import InvalidArgument

EXAMPLE = "Example: filtergain new mine.py"


@app.command(
    short_help="Begin a file with claims of your own.",
    epilog=EXAMPLE,
)
def new(
    file: Annotated[str, typer.Argument(metavar="FILE.py", help="A Python file that is not there yet.")],
) -> None:
    """Write a module with a claim for every kind of check, commented, and a wrong one; it passes."""
    from importlib.resources import files as resources

    if Path(file).suffix != ".py":
        raise InvalidArgument("FILE.py", file, "must be the name of a Python file")
    target = files.writable_file("FILE.py", file)
    if target.exists():
        raise InvalidArgument("FILE.py", file, "must not be there yet")
    text = resources("verification.judging").joinpath("template.py").read_text(encoding="utf-8")
    name = shlex.quote(file)
    files.write(target, text.replace("FILE", name).replace("mine.md", f"{target.stem}.md"))
    print(f"wrote {file}; judge it: filtergain verify --module {name}")
