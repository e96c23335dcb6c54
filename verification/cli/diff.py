"""`filtergain diff`: what changed between two runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from verification.cli.app import EXIT_AS_EXPECTED, EXIT_DIFFERENT, JsonOption, app, number_option
from verification.cli.terminal import message, print_json, say
from verification.errors import InvalidArgument

if TYPE_CHECKING:
    from verification.report.diff import Change

EXAMPLE = "Example: filtergain diff main.json branch.json"


@app.command(short_help="Say what changed between two runs.", epilog=EXAMPLE)
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD.json", help="Written by `verify --json`.")],
    new: Annotated[str, typer.Argument(metavar="NEW.json", help="Written by `verify --json`, later.")],
    tolerance: Annotated[float, number_option("--tolerance", "Relative change to overlook.")] = 0.1,
    json: JsonOption = False,
) -> int:
    """Which verdict, constant or slack changed between two runs; exit status 1 if one got worse."""
    from verification.report.diff import compare
    from verification.report.json_schema import load

    if not 0 <= tolerance < float("inf"):
        raise InvalidArgument("--tolerance", tolerance, "must be at least 0 and finite")
    before, after = load("OLD.json", old), load("NEW.json", new)
    changes = compare(before, after, tolerance)
    worse = sum(change.direction == "worse" for change in changes)
    if json:
        print_json({"worse": worse, "changes": [change.as_dict() for change in changes]})
    else:
        apart = [
            f"{name} {before[name]} -> {after[name]}"
            for name in ("profile", "seed", "alpha")
            if before[name] != after[name]
        ]
        if apart:
            message(f"note: the runs were made differently: {', '.join(apart)}")
        for line in _lines(changes):
            say(line, rest=" " * 8)
        plural = "" if len(changes) == 1 else "s"
        counted = f"{len(changes)} change{plural}, {worse} for the worse" if changes else "nothing changed"
        print(f"{counted}.")
    return EXIT_DIFFERENT if worse else EXIT_AS_EXPECTED


MANY = 3
"""More claims than this that came or went make one line."""


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    """A line for each change; claims that came, or went, together where they are many."""
    for change in changes:
        alike = [c for c in changes if c.kind == change.kind == "claim" and c.what == change.what]
        if len(alike) <= MANY:
            yield str(change)
        elif change is alike[0]:
            what = "new claims" if change.new else "claims are gone"
            yield f"{change.direction:8}{what} ({len(alike)}): {', '.join(c.claim for c in alike)}"
