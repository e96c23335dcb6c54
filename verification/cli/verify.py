"""`filtergain verify`: design, simulate, judge."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from verification.cli.app import EXIT_DIFFERENT, EXIT_WRONG_USE, JsonOption, SeedOption, app, number
from verification.cli.terminal import console, message, print_json

EXAMPLE = "Example: filtergain verify theorem-1 theorem-1-corrected --profile standard --report out"


@app.command(
    short_help="Judge claims: prove, certify, simulate, refute.",
    epilog=EXAMPLE,
)
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
        str | None,
        typer.Option("--report", metavar="DIR", help="Folder for index.html, its notes and verdicts.json."),
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
    from verification.cli.terminal import work_bar
    from verification.files import writable_file
    from verification.judging.own_claims import chosen_claims
    from verification.judging.run import verify as run_verify
    from verification.report.outputs import Outputs

    chosen, budget = chosen_claims(claims or [], module)
    outputs = Outputs.prepare(report, junit, module)
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
            budget=budget,
            on_progress=on_progress,
        )
    lost = outputs.write(verdicts)
    if json:
        print_json(verdicts.as_dict())
    else:
        from verification.judging.verdicts import show

        show(verdicts, console())
    if not json and report is None and sys.stdout.isatty():
        print("The evidence as pages: add --report out; a claim in full: filtergain claims CLAIM.")
    for line in lost:
        message(f"filtergain: {line}")
    if outputs.report is not None and (outputs.report / "index.html").exists():
        message(f"report: {outputs.report / 'index.html'}")
    # A verdict that differs is told first; what could not be written comes before doubts.
    return verdicts.exit_status if verdicts.exit_status == EXIT_DIFFERENT or not lost else EXIT_WRONG_USE
