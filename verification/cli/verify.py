"""`filtergain verify`: design, simulate, judge."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from verification.cli.app import (
    EXIT_DIFFERENT,
    EXIT_WRONG_USE,
    AllJobsOption,
    JsonOption,
    SeedOption,
    app,
    number_option,
)
from verification.cli.terminal import console, message, print_json, work_bar
from verification.errors import InvalidArgument

if TYPE_CHECKING:
    from verification.judging.verdicts import Verdicts
    from verification.report.outputs import Outputs

EXAMPLE = "Example: filtergain verify theorem-1 theorem-1-corrected --profile standard --report out"


@app.command(short_help="Judge claims: prove, certify, simulate, refute.", epilog=EXAMPLE)
def verify(
    claims: Annotated[list[str] | None, typer.Argument(metavar="CLAIM", help="Ids; all without.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="quick, standard or thorough.")
    ] = "quick",
    alpha: Annotated[float, number_option("--alpha", "Probability of any false alarm in the run.")] = 1e-6,
    jobs: AllJobsOption = None,
    module: Annotated[
        str | None, typer.Option("--module", metavar="FILE", help="Python file with CLAIMS of your own.")
    ] = None,
    paper: Annotated[
        str | None, typer.Option("--paper", metavar="NAME", help="An installed paper's claims, by its name.")
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
    module = _module(module, paper)
    with work_bar("judging") as on_progress:  # from the start: what is loaded next takes seconds
        from verification.files import writable_file
        from verification.judging.own_claims import chosen_claims
        from verification.judging.run import verify as run_verify
        from verification.report.outputs import Outputs

        chosen, budget = chosen_claims(claims or [], module)
        outputs = Outputs.prepare(report, junit, module)
        if outputs.missing:
            message(f"filtergain: no report will be written, the verdicts will: {outputs.missing}")
        verdicts = run_verify(
            chosen,
            profile=profile,
            alpha=alpha,
            seed=seed,
            jobs=jobs,
            module=module,
            store=None if store is None else writable_file("--store", store),
            budget=budget,
            on_progress=on_progress,
        )
    lost = outputs.write(verdicts)
    if json:
        print_json(verdicts.as_dict())
    else:
        _show(verdicts, with_hint=report is None and sys.stdout.isatty())
    return _ended(verdicts, outputs, lost)


def _show(verdicts: Verdicts, with_hint: bool) -> None:
    """The table, and what to ask for next."""
    from verification.judging.verdicts import show

    show(verdicts, console())
    if with_hint:
        print("The evidence as pages: add --report out.")
        print("A claim in full: filtergain claims CLAIM")


def _ended(verdicts: Verdicts, outputs: Outputs, lost: Sequence[str]) -> int:
    """The exit status, after what was written and what could not be."""
    for line in lost:
        message(f"filtergain: {line}")
    if outputs.report is not None and (outputs.report / "index.html").exists():
        message(f"report: {outputs.report / 'index.html'}")
    # A verdict that differs is told first; what could not be written comes before doubts.
    whole = not lost and not outputs.missing
    return verdicts.exit_status if verdicts.exit_status == EXIT_DIFFERENT or whole else EXIT_WRONG_USE


def _module(module: str | None, paper: str | None) -> str | None:
    """Where the claims of one's own are: a file, or an installed paper."""
    from verification.quantities.papers import PREFIX

    if paper is not None and module is not None:
        raise InvalidArgument("--paper", paper, "cannot stand beside --module")
    return module if paper is None else f"{PREFIX}{paper}"
