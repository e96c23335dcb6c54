"""`filtergain probe`: the bounds where an assumption does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from verification import files
from verification.cli.app import JsonOption, SeedOption, app, number_option
from verification.cli.terminal import console, message, print_json, say

if TYPE_CHECKING:
    from verification.studies.probes import Result

MEANINGS = {
    "Cor. 1": "95% quantile of the unfiltered error / Corollary 1 with explicit constants: it holds below 1, "
    "and says nothing outside its conditions",
    "unfiltered": "median error without a filter / the law's: about 1 where the law describes it",
    "filtered": "the same with a teacher's filter at theta = r/2",
    "Thm. 1": "median filtered error / the corrected rate with constant 1",
    "off": "what the change makes wrong: a bound that is broken, a law that is off by more than 10%",
}

EXAMPLE = "Example: filtergain probe student-t-5 same-pairs --replicates 100 --out probes.md"


@app.command(short_help="Measure bounds where an assumption is dropped.", epilog=EXAMPLE)
def probe(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Such as same-pairs; all without.")
    ] = None,
    n: Annotated[float | None, number_option("--n", "Number of pairs.  [default: 160000]")] = None,
    replicates: Annotated[float, number_option("--replicates", "Draws of each.")] = 30,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Write the table as Markdown here.")
    ] = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Measure what bounds and laws do when an assumption of the model is dropped: one probe an assumption."""
    from verification.cli.terminal import work_bar
    from verification.errors import whole
    from verification.studies import probes

    setting = probes.sized(None if n is None else whole("n", n, 4))
    count = whole("replicates", replicates, 5, 10**6)
    chosen = probes.chosen(names or [])
    target = None if out is None else files.writable_file("--out", out)
    with work_bar("probing") as on_progress:
        found = probes.run(
            [probe.name for probe in chosen],
            seed=seed, replicates=count, setting=setting, on_progress=on_progress,
        )  # fmt: skip
    if json:
        print_json(
            {
                "setting": setting.as_dict(),
                "theta": probes.THRESHOLD * setting.r,
                "seed": seed,
                "replicates": count,
                "probes": [row.as_dict() for row in found],
            }
        )
    else:
        _show(found)
    if target is not None:
        flags = "".join(f" {name}" for name in names or []) + ("" if n is None else f" --n {setting.n}")
        command = f"filtergain probe{flags} --replicates {count} --seed {seed}"
        files.write(target, probes.markdown(found, setting, seed, count, command))
        message(f"wrote {out}")


def _show(found: Sequence[Result]) -> None:
    """A line a probe, and what the columns are."""
    from rich import box
    from rich.table import Table

    from verification.studies.probes import over_bound

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("probe", "Cor. 1", "unfiltered", "filtered", "Thm. 1", "off"):
        table.add_column(name, justify="left" if name in ("probe", "off") else "right")
    for row in found:
        numbers = (row.corollary, row.unfiltered_law.value, row.filtered_law.value, row.theorem)
        table.add_row(row.probe, *map(over_bound, numbers), "; ".join(row.broke) or "nothing")
    console().print(table)
    print()
    for column, meaning in MEANINGS.items():
        say(meaning, f"{column:<12}", " " * 12)
