"""`filtergain certify` and `filtergain recheck`: proofs to take away, and the second checker of them."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli import options
from verification.cli.app import EXIT_AS_EXPECTED, EXIT_DIFFERENT, JsonOption, app
from verification.cli.claims import known_and_meant, named
from verification.cli.terminal import message, print_json, say

if TYPE_CHECKING:
    from bounds.claim import Claim
    from verification.recheck.check import Rechecked

CERTIFY_EXAMPLE = "Example: filtergain certify --out certificates"
RECHECK_EXAMPLE = "Example: filtergain recheck certificates"


@app.command(short_help="Write what was proved, for another program to check.", epilog=CERTIFY_EXAMPLE)
def certify(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="CLAIM", help="Ids; all proved ones without.")
    ] = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="The folder to write into.")
    ] = "certificates",
    module: options.Module = None,
) -> None:
    """Write a certificate of each PROVED or CERTIFIED claim: its statement and every step, as plain text.

    With --module those of that file; an id may still be the register's.
    """
    from verification import files
    from verification.certificates.folder import write
    from verification.certificates.make import provable
    from verification.cli.terminal import work_bar

    known, own = known_and_meant(module)
    chosen = _chosen([named(name, known) for name in claims or ()] or provable(own))
    folder = files.writable_folder("--out", out)
    without: list[str] = []
    with work_bar("certifying") as on_progress:
        names = write(folder, chosen, on_progress, None if claims else without)
    for line in without:
        message(f"note: {line}")
    again = f"filtergain recheck {shlex.quote(out)}" + (f" --module {shlex.quote(module)}" if module else "")
    print(f"wrote {_counted(len(names), 'certificate', 'certificates')} and their index to {out}; {again}")


def _chosen(claims: list[Claim]) -> list[Claim]:
    from verification.certificates.make import provable
    from verification.errors import InvalidArgument

    for claim in claims:
        if claim not in provable([claim]):
            raise InvalidArgument("CLAIM", claim.id, "must be PROVED or CERTIFIED")
    return claims


@app.command(short_help="Check such proofs again, by other means.", epilog=RECHECK_EXAMPLE)
def recheck(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Written by `certify`.")],
    index: Annotated[
        str | None, typer.Option("--index", metavar="FILE", help="An index that came another way.")
    ] = None,
    module: options.Module = None,
    steps: Annotated[bool, typer.Option("--steps", help="List what was not decided again.")] = False,
    json: JsonOption = False,
) -> int:
    """Decide every step of each certificate again, without SymPy or Arb; exit status 1 if one is refused.

    It must also be about the claim as it is registered here, or as the file of --module has it.
    """
    from pathlib import Path

    from verification.certificates.folder import recheck_folder
    from verification.certificates.make import provable
    from verification.cli.terminal import work_bar

    known, own = known_and_meant(module)
    with work_bar("checking again") as on_progress:
        found = recheck_folder(Path(folder), known, None if index is None else Path(index), on_progress)
    refused = [one for one in found if not one.accepted]
    there = {one.claim for one in found}
    missing = [claim.id for claim in provable(own) if claim.id not in there]
    if json:
        rows = [_row(one) for one in found]
        print_json({"accepted": len(found) - len(refused), "refused": len(refused), "missing": missing,
                    "certificates": rows})  # fmt: skip
    else:
        _print(found, refused, missing, steps)
    return EXIT_DIFFERENT if refused else EXIT_AS_EXPECTED


def _row(one: Rechecked) -> dict[str, Any]:
    return {
        "claim": one.claim,
        "accepted": one.accepted,
        "refused": one.refused or None,
        "decided": dict(sorted(one.decided.items())),
        "quoted": one.quoted,
        "looked_at": [{"step": step, "points": points} for step, points in one.looked_at],
        "told": one.told,
    }


def _print(found: list[Rechecked], refused: list[Rechecked], missing: list[str], steps: bool) -> None:
    for one in refused:
        say(f"{one.claim}: {one.refused}", "REFUSED  ", "         ")
    if steps:
        for one in found:
            for step, points in one.looked_at:
                say(f"{one.claim}: {step}: looked at {points} points", "not decided  ", "             ")
            for step in one.told:
                say(f"{one.claim}: {step}", "as told      ", "             ")
    decided = sum((one.decided for one in found), Counter())
    looked_at = sum(len(one.looked_at) for one in found)
    of_all = _counted(len(found), "certificate", "certificates")
    print(f"{of_all}: {len(found) - len(refused)} accepted, {len(refused)} refused.")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(decided.items()))
    say(f"Decided again: {decided.total()} steps{f' ({kinds})' * bool(kinds)}.")
    theorems = {theorem for one in found for theorem in one.quoted}
    say(
        f"Looked at in numbers, at random points, and not decided: {looked_at}.  "
        f"As told: {sum(len(one.told) for one in found)}.  Quoted: {len(theorems)} theorems."
    )
    if missing:
        which = f": {', '.join(missing)}" if steps else " (--steps names them)."
        say(f"{_counted(len(missing), 'claim has', 'claims have')} no certificate here{which}")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
