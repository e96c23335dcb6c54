"""`filtergain diff`: what changed between two runs."""

from __future__ import annotations

from typing import Annotated

import typer

from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_DIFFERENT,
    JsonOption,
    app,
    number,
    print_json,
)
from verification.errors import InvalidArgument

EXAMPLE = "Example: filtergain diff main.json branch.json"


@app.command(
    short_help="Say what changed between two runs.",
    epilog=EXAMPLE,
)
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD.json", help="Written by `verify --json`.")],
    new: Annotated[str, typer.Argument(metavar="NEW.json", help="Written by `verify --json`, later.")],
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", parser=number, metavar="NUMBER", help="Relative change to overlook."),
    ] = 0.1,
    json: JsonOption = False,
) -> int:
    """Which verdict, constant or slack changed between two runs; exit status 1 if one got worse."""
    from verification.diff import compare
    from verification.report.json_schema import load

    if not 0 <= tolerance < float("inf"):
        raise InvalidArgument("--tolerance", tolerance, "must be at least 0 and finite")
    changes = compare(load("OLD.json", old), load("NEW.json", new), tolerance)
    worse = sum(change.direction == "worse" for change in changes)
    if json:
        print_json({"worse": worse, "changes": [change.as_dict() for change in changes]})
    else:
        for change in changes:
            print(change)
        counted = "nothing changed" if not changes else f"{len(changes)} changes, {worse} for the worse"
        print(f"{counted}.")
    return EXIT_DIFFERENT if worse else EXIT_AS_EXPECTED
