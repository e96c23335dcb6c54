"""`filtergain certify` and `filtergain recheck`: proofs to take away, and the second checker of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli.app import EXIT_AS_EXPECTED, EXIT_DIFFERENT, JsonOption, app
from verification.cli.terminal import print_json, say

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
) -> None:
    """Write a certificate of each PROVED or CERTIFIED claim: its statement and every step, as plain text."""
    from bounds.register import claims as register
    from verification import files
    from verification.certificates.folder import write
    from verification.certificates.make import provable
    from verification.cli.terminal import work_bar

    chosen = _chosen([register[name] for name in claims or ()] or provable(register.values()))
    folder = files.writable_folder("--out", out)
    with work_bar("certifying") as on_progress:
        names = write(folder, chosen, on_progress)
    print(f"wrote {len(names)} certificates and their index to {out}; filtergain recheck {out}")


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
    steps: Annotated[bool, typer.Option("--steps", help="List what was not decided again.")] = False,
    json: JsonOption = False,
) -> int:
    """Decide every step of each certificate again, without SymPy or Arb; exit status 1 if one is refused.

    It must also be about the claim as it is registered here.
    """
    from pathlib import Path

    from bounds.register import claims as register
    from verification.certificates.folder import recheck_folder
    from verification.certificates.make import provable
    from verification.cli.terminal import work_bar

    with work_bar("checking again") as on_progress:
        found = recheck_folder(Path(folder), register, None if index is None else Path(index), on_progress)
    refused = [one for one in found if not one.accepted]
    there = {one.claim for one in found}
    missing = [claim.id for claim in provable(register.values()) if claim.id not in there]
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
    print(f"{len(found)} certificates: {len(found) - len(refused)} accepted, {len(refused)} refused.")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(decided.items()))
    say(f"Decided again: {decided.total()} steps ({kinds}).")
    theorems = {theorem for one in found for theorem in one.quoted}
    say(
        f"Looked at in numbers, at random points, and not decided: {looked_at}.  "
        f"As told: {sum(len(one.told) for one in found)}.  Quoted: {len(theorems)} theorems."
    )
    if missing:
        which = f": {', '.join(missing)}" if steps else " (--steps names them)."
        say(f"{len(missing)} claims have no certificate here{which}")
