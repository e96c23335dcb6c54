"""`filtergain probe`: the bounds where an assumption does not hold."""

from __future__ import annotations

from typing import Annotated

import typer

from verification.cli.app import JsonOption, SeedOption, app, number_option
from verification.cli.terminal import console, message, print_json

EXAMPLE = "Example: filtergain probe student-t-5 same-pairs --replicates 100 --out probes.md"


@app.command(short_help="Measure bounds where an assumption is dropped.", epilog=EXAMPLE)
def probe(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Probes; all without.")
    ] = None,
    n: Annotated[float | None, number_option("--n", "Number of pairs.  [default: 160000]")] = None,
    replicates: Annotated[float, number_option("--replicates", "Draws of each.")] = 30,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Write the table as Markdown here.")
    ] = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Measure what each bound does when an assumption of the model is dropped."""
    from pathlib import Path

    from verification.cli.terminal import work_bar
    from verification.errors import whole
    from verification.studies import probes

    setting = probes.sized(None if n is None else whole("n", n, 4))
    count = whole("replicates", replicates, 5, 10**6)
    with work_bar("probing") as on_progress:
        found = probes.run(names or [], seed=seed, replicates=count, setting=setting, on_progress=on_progress)
    if out is not None:
        flags = "".join(f" {name}" for name in names or []) + ("" if n is None else f" --n {setting.n}")
        command = f"filtergain probe{flags} --replicates {count} --seed {seed}"
        text = probes.markdown(found, setting, seed, count, command)
        Path(out).write_text(text, encoding="utf-8")
        message(f"written to {out}")
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
        return
    from rich.table import Table

    table = Table("probe", "Cor. 1", "unfiltered law", "filtered law", "Thm. 1", "broke", box=None)
    for row in found:
        numbers = (row.corollary, row.unfiltered_law.value, row.filtered_law.value, row.theorem)
        table.add_row(row.probe, *(f"{value:.3g}" for value in numbers), "; ".join(row.broke) or "nothing")
    console().print(table)
