"""`filtergain verify`: design, simulate, judge."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from verification.cli.app import JsonOption, SeedOption, app, number, print_json

if TYPE_CHECKING:
    from bounds.claim import Claim

EXAMPLE = "Example: filtergain verify theorem-1 theorem-1-corrected --profile standard --report out"


@app.command(epilog=EXAMPLE)
def verify(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Ids; all without.")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="quick, standard or thorough.")] = "quick",
    alpha: Annotated[
        float, typer.Option("--alpha", parser=number, metavar="NUMBER", help="False alarms in all.")
    ] = 1e-6,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", parser=number, metavar="NUMBER", help="Workers.  [default: all cores]"),
    ] = None,
    module: Annotated[
        str | None, typer.Option("--module", metavar="FILE", help="Python file with CLAIMS of your own.")
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", metavar="DIR", help="Folder for index.html and verdicts.json.")
    ] = None,
    junit: Annotated[
        str | None, typer.Option("--junit", metavar="FILE", help="JUnit XML, one test case a claim.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="FILE", help="Draws are taken from and put into it.")
    ] = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> int:
    """Judge the claims of the paper: prove, certify, simulate; print the table of verdicts.

    Where GITHUB_STEP_SUMMARY names a file, a Markdown summary is appended to it.
    """
    from verification.cli.progress import work_bar
    from verification.report.files import writable_file
    from verification.report.outputs import Outputs
    from verification.run import verify as run_verify

    chosen = _claims(claims or [], module)
    outputs = Outputs.prepare(report, junit)
    draws = None if store is None else writable_file("--store", store)
    with work_bar("judging") as on_progress:
        verdicts = run_verify(
            chosen,
            profile=profile,
            alpha=alpha,
            seed=seed,
            jobs=jobs,
            module=module,
            store=draws,
            on_progress=on_progress,
        )
    outputs.write(verdicts)
    if json:
        print_json(verdicts.as_dict())
    else:
        from rich.console import Console

        from verification.report import text

        # A pipe has no width: give the reasons room.
        text.show(verdicts, Console(width=None if sys.stdout.isatty() else 140))
    return verdicts.exit_status


def _claims(ids: list[str], module: str | None) -> list[Claim]:
    """The claims named (all without names), from the register and from a module of one's own."""
    from bounds.register import Register
    from bounds.register import claims as register

    if module is None:
        return [register[i] for i in ids] if ids else list(register.values())
    from verification.own_claims import own_claims

    own = own_claims(module)
    known = {**register, **{claim.id: claim for claim in own}}
    return [Register(tuple(known.values()))[i] for i in ids] if ids else list(own)
