"""`filtergain search`: the setting that comes nearest to breaking a claim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verification import files
from verification.cli import options
from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_DIFFERENT,
    EXIT_WRONG_USE,
    JsonOption,
    SeedOption,
    app,
    number_option,
)
from verification.cli.terminal import message, print_json, with_command
from verification.errors import UserError

if TYPE_CHECKING:
    from verification.search.case import Case

EXAMPLE = "Example: filtergain search corollary-1-explicit --budget 1000 --save worst.json"


@app.command(short_help="Look for the worst setting of a claim.", epilog=EXAMPLE)
def search(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="Id of a claim that bounds an error.")],
    budget: Annotated[int, number_option("--budget", "Settings to simulate.")] = 300,
    alpha: Annotated[float, number_option("--alpha", "1 minus the interval's confidence.")] = 1e-3,
    save: Annotated[
        str | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Keep the worst case here, judged by draws of its own; a later search starts from it.  "
            "[default: tests/regressions/CLAIM.json where that folder exists]",
        ),
    ] = None,
    module: options.Module = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> int:
    """Climb over settings inside a claim's conditions for the worst error/bound ratio."""
    from verification.cli.terminal import work_bar
    from verification.judging.own_claims import find_claim
    from verification.search import case, climb, regressions

    chosen = find_claim(claim, module)
    default = regressions.REGRESSIONS / f"{claim}.json" if regressions.REGRESSIONS.is_dir() else None
    default = default if module is None else None  # the project's cases are of the project's claims
    if save is not None:
        files.writable_file("--save", save)
    path = default if save is None else Path(save)
    known = case.load(path) if path is not None and path.exists() else None
    start = known if known is not None and known.claim == claim else None
    with work_bar(claim) as on_progress:
        found = climb.search(
            chosen, seed=seed, budget=budget, alpha=alpha, start=start, on_progress=on_progress
        )
    if json:
        print_json(found.as_dict())
    else:
        _show(found, chosen.up_to_constant)
    whole = path is None or _saved(found, path)
    if not case.expected(found, chosen):
        return EXIT_DIFFERENT
    return EXIT_AS_EXPECTED if whole else EXIT_WRONG_USE


def _saved(found: Case, path: Path) -> bool:
    """Whether the case is in the file, told with what is kept there; what was found is printed before."""
    from verification.search import regressions

    try:
        kept = regressions.save(found, path)
    except (OSError, UserError) as error:
        message(f"filtergain: {files.lost(path, error)}")
        return False
    message(
        f"stored in {path}" if kept.setting == found.setting else f"{path} holds a worse case, which is kept"
    )
    if kept.searches > 1:
        low, high = kept.interval
        message(f"judged by draws of its own: ratio {kept.ratio:.4g} in [{low:.4g}, {high:.4g}]")
    return True


def _show(found: Case, open_constant: bool) -> None:
    values = ", ".join(f"{name} = {value:g}" for name, value in found.setting.items())
    low, high = found.interval
    print(f"{found.claim}: worst of {found.evaluations} settings")
    print(f"setting   {values}")
    of = "smallest error at the thresholds tried" if found.thresholds else found.quantity
    what = f"{of}, quantile {found.share:g}"
    print(f"ratio     {found.ratio:.4g} in [{low:.4g}, {high:.4g}]  ({what})")
    print(f"          {found.replicates} fresh replicates, confidence {1 - found.alpha:g}")
    if open_constant and found.thresholds:
        named = ", ".join(f"{theta:g}" for theta in found.thresholds)
        print(f"verdict   at the thresholds tried (theta = {named}) no constant below {low:.4g} will do;")
        print("          another threshold may err less, so the claim's constant may be smaller")
    elif open_constant:
        print(f"verdict   no constant below {low:.4g} will do")
    else:
        word = "BREAKS the claim" if found.breaks else "does not break the claim"
        print(f"verdict   {word}: {found.exceedances} of {found.replicates} replicates break the bound")
    print(with_command("repeat   ", found.repeat))
    print(with_command("search   ", found.command))
