"""`filtergain reproduce`: the paper's own experiments beside what the paper prints."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification import files
from verification.cli.app import (
    EXIT_WRONG_USE,
    AllJobsOption,
    JobsOption,
    JsonOption,
    SeedOption,
    app,
    number_option,
)
from verification.cli.terminal import message, print_json
from verification.cli.written import written
from verification.errors import MissingExtra

if TYPE_CHECKING:
    from verification.studies.experiments import Figure3a, Table1
    from verification.studies.leak import Study

reproduce = typer.Typer(
    help="Run an experiment of the paper at its full scale, or one on its claims.",
    short_help="Run an experiment of the paper, or on its claims.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(reproduce, name="reproduce", epilog="Example: filtergain reproduce figure-3a --out pictures")

RunsOption = Annotated[float, number_option("--replicates", "Runs of each point.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write the picture (PNG) and the numbers (CSV) here."),
]


@reproduce.command(
    "table-1",
    short_help="The error against the share of the pairs that is kept.",
    epilog="Example: filtergain reproduce table-1 --replicates 2000 --out pictures",
)
def table_1(
    out: OutOption = None,
    replicates: RunsOption = 500,
    seed: SeedOption = 0,
    jobs: AllJobsOption = None,
    json: JsonOption = False,
) -> int | None:
    """Table 1: the error against the share of the pairs that is kept, n = 10 000, eta = 0.3."""
    with _folder(out) as write:
        from verification.studies import experiments

        tables = _with_progress(
            "table 1",
            lambda report, workers: experiments.table_1(_whole(replicates), seed, workers, report),
            jobs,
        )
        if json:
            print_json({"experiment": "table-1", "seed": seed, "tables": [t.as_dict() for t in tables]})
        else:
            print(_table_1_text(tables))
        if write is not None:
            from verification.figures import experiments as figures

            rows = [
                {
                    "teacher_n": table.convention.teacher_n,
                    "student_n": table.convention.student_n,
                    "retain": row.printed.retain,
                    "printed_mean": row.printed.mean,
                    "printed_std": row.printed.std,
                    "mean": row.simulated.mean,
                    "standard_error": row.simulated.standard_error,
                    "std": row.simulated.std,
                    "replicates": row.simulated.replicates,
                    "predicted": row.predicted,
                    "z": row.z,
                    "most_runs": row.most_runs,
                }
                for table in tables
                for row in table.rows
            ]
            return write("table-1", rows, lambda path: figures.table_1(tables, path))
    return None


@reproduce.command(
    "figure-2b",
    short_help="The oracle score by class, with its exact densities.",
    epilog="Example: filtergain reproduce figure-2b --out pictures",
)
def figure_2b(
    out: OutOption = None,
    n: Annotated[float, number_option("--n", "Pairs.")] = 50_000,
    eta: Annotated[float, number_option("--eta", "Clean fraction; the paper has none.")] = 0.5,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> int | None:
    """Figure 2b: the oracle score by class, with its exact densities, r = 16."""
    with _folder(out) as write:
        import numpy as np

        from verification.figures import experiments as figures
        from verification.studies import experiments

        result = experiments.figure_2b(seed, _whole(n), eta)
        edges = figures.histogram_edges(result)
        middle = (edges[1:] + edges[:-1]) / 2
        total = len(result.clean) + len(result.corrupted)
        width = edges[1] - edges[0]
        columns = {
            "from": edges[:-1],
            "to": edges[1:],
            "corrupted": np.histogram(result.corrupted, edges)[0],
            "corrupted_expected": total * width * result.density(middle, clean=False),
            "clean": np.histogram(result.clean, edges)[0],
            "clean_expected": total * width * result.density(middle, clean=True),
        }
        rows = [
            dict(zip(columns, values, strict=True))
            for values in zip(*(c.tolist() for c in columns.values()), strict=True)
        ]
        classes = {
            name: {"pairs": len(values), "mean": float(values.mean()), "p_value": p_value}
            for name, values, p_value in (
                ("clean", result.clean, result.p_clean),
                ("corrupted", result.corrupted, result.p_corrupted),
            )
        }
        if json:
            setting = result.setting.as_dict()
            print_json(
                {"experiment": "figure-2b", "seed": seed, "setting": setting, **classes, "histogram": rows}
            )
        else:
            s = result.setting
            print(f"Figure 2b: oracle score of {s.n} pairs, r = {s.r}, gamma = {s.gamma:g}, eta = {s.eta:g}")
            for (name, part), mean in zip(classes.items(), (s.r, 0), strict=True):
                print(
                    f"{name:9} {part['pairs']:7d} pairs, mean {part['mean']:8.4f} (exact law: {mean}); "
                    f"Kolmogorov-Smirnov p = {part['p_value']:.3g} against the exact law"
                )
        if write is not None:
            return write("figure-2b", rows, lambda path: figures.figure_2b(result, path))
    return None


@reproduce.command(
    "figure-3a",
    short_help="The error against eta, without and with the filter.",
    epilog="Example: filtergain reproduce figure-3a --n 1.28e10 --engine limit --out pictures",
)
def figure_3a(
    out: OutOption = None,
    n: Annotated[float, number_option("--n", "Pairs of a run.")] = 10_000_000,
    engine: Annotated[
        str,
        typer.Option(
            "--engine", metavar="NAME", help="exact, direct (as printed) or limit (any n at one cost)."
        ),
    ] = "exact",
    replicates: RunsOption = 10,
    seed: SeedOption = 0,
    jobs: AllJobsOption = None,
    json: JsonOption = False,
) -> int | None:
    """Figure 3a: the error against eta, without and with the filter, ten million pairs a run."""
    from verification.studies import experiments

    def draw(report: Any, workers: int) -> Figure3a:
        return experiments.figure_3a(_whole(replicates), seed, workers, report, n=_whole(n), engine=engine)

    return _curves("figure-3a", draw, out, seed, jobs, json)


@reproduce.command(
    "web-scale",
    short_help="Figure 3a at 1.28e10 pairs: three regimes of the filter.",
    epilog="Example: filtergain reproduce web-scale --out pictures",
)
def web_scale(
    out: OutOption = None,
    n: Annotated[float, number_option("--n", "Pairs of a run.")] = 12_800_000_000,
    replicates: RunsOption = 10,
    seed: SeedOption = 0,
    jobs: AllJobsOption = None,
    json: JsonOption = False,
) -> int | None:
    """The error against eta from 1 to 1e-5 at 1.28e10 pairs, by the limit engine."""
    from verification.studies import experiments

    def draw(report: Any, workers: int) -> Figure3a:
        return experiments.web_scale(_whole(replicates), seed, workers, report, n=_whole(n))

    return _curves("web-scale", draw, out, seed, jobs, json)


def _curves(
    name: str,
    draw: Callable[[Any, int], Figure3a],
    out: Path | None,
    seed: int,
    jobs: int | None,
    json: bool,
) -> int | None:
    """Draws both curves against eta, prints them and writes them."""
    with _folder(out) as write:
        result = _with_progress(name.replace("-", " "), draw, jobs)
        rows = [row.as_dict() for row in result.rows]
        if json:
            print_json(
                {
                    "experiment": name,
                    "seed": seed,
                    "engine": result.engine,
                    "setting": {k: v for k, v in result.setting.as_dict().items() if k != "eta"},
                    "theta": result.theta,
                    "rows": rows,
                }
            )
        else:
            print(_figure_3a_text(result))
        if write is not None:
            from verification.figures import experiments as figures

            bands = name == "web-scale"
            return write(name, rows, lambda path: figures.figure_3a(result, path, regimes=bands))
    return None


@reproduce.command(
    "leak",
    short_help="The error over Theorem 1's rates as eta falls.",
    epilog="Example: filtergain reproduce leak --gamma 1e4 --out pictures",
)
def leak(
    out: OutOption = None,
    gamma: Annotated[float, number_option("--gamma", "Inverse noise variances.")] = 1.0,
    replicates: RunsOption = 8,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    json: JsonOption = False,
) -> int | None:
    """The error over Theorem 1's printed and corrected rates as eta falls, at the best of many thresholds.

    n is ten times the theorem's sample condition throughout.
    """
    with _folder(out) as write:
        from verification.studies import leak as studies

        settings = studies.family(gamma, studies.ETAS)
        result = _with_progress(
            "leak",
            lambda report, workers: studies.study(
                settings, replicates=_whole(replicates), seed=seed, jobs=workers, on_progress=report
            ),
            jobs,
        )
        rows = [row.as_dict() for row in result.rows]
        exponents = {"printed": result.printed_exponent, "corrected": result.corrected_exponent}
        if json:
            print_json({"experiment": "leak", "seed": seed, "exponents": exponents, "rows": rows})
        else:
            print(_leak_text(result))
        if write is not None:
            from verification.figures import experiments as figures

            return write("leak", rows, lambda path: figures.leak(result, path))
    return None


@reproduce.command(
    "figure-3b",
    short_help="Real pairs: slopes, gains, and who chooses the share best.",
    epilog="Example: filtergain reproduce figure-3b --replicates 4 --set digits --out pictures",
)
def figure_3b(
    out: OutOption = None,
    chosen: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME", help="A set of pairs, again for more.  [default: every one]"),
    ] = None,
    replicates: RunsOption = 8,
    seed: SeedOption = 0,
    jobs: AllJobsOption = None,
    json: JsonOption = False,
) -> int | None:
    """Figure 3b's counterpart on real pairs: error against eta, in the theorem's own metric.

    The paper's own figure shows accuracies of another work.  The sets are in the project and in
    Matplotlib's fonts: digits, white-digits, sans-serif, mono-stix, names.
    """
    from verification.figures import canvas

    canvas.require_matplotlib()  # its fonts are data here
    with _folder(out) as write:
        from verification.studies import figure_3b as study

        results = _with_progress(
            "figure 3b",
            lambda report, workers: study.figure_3b(
                _whole(replicates), seed, workers, report, tuple(chosen or ())
            ),
            jobs,
        )
        if json:
            print_json(
                {"experiment": "figure-3b", "seed": seed, "sets": [result.as_dict() for result in results]}
            )
        else:
            from verification.cli.figure_3b_text import text

            print(text(results))
        if write is not None:
            from verification.figures import real_pairs as figures

            rows = [row for result in results for row in result.rows()]
            return write("figure-3b", rows, lambda path: figures.figure_3b(results, path))
    return None


def _whole(value: float) -> int:
    """A whole number for a count such as 1e7; experiments say what is wrong with any other."""
    return int(value) if math.isfinite(value) and value == int(value) else value  # type: ignore[return-value]


Write = Callable[[str, Sequence[dict[str, Any]], Callable[[Path], None]], int | None]
"""Writes the numbers and the picture under a name; the exit status where one of them is lost."""


@contextmanager
def _folder(out: Path | None) -> Iterator[Write | None]:
    """How to write a picture and its numbers; None without --out.

    What could go wrong with the folder goes wrong before the work; without Matplotlib, which is told
    before it, too, the numbers are written.  A file appears under its name only when it is complete.
    """
    if out is None:
        yield None
        return
    from verification.figures import canvas

    files.writable_folder("--out", out).mkdir(exist_ok=True)
    pictures = True
    try:
        canvas.require_matplotlib()
    except MissingExtra as error:
        message(f"filtergain: no picture will be written, the numbers will: {error}")
        pictures = False

    def write(stem: str, rows: Sequence[dict[str, Any]], draw: Callable[[Path], None]) -> int | None:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
        numbers = written(out / f"{stem}.csv", lambda path: files.write(path, text.getvalue()))
        picture = pictures and written(out / f"{stem}.png", draw)
        return None if numbers and picture else EXIT_WRONG_USE

    yield write


def _with_progress(title: str, work: Callable[..., Any], jobs: int | None) -> Any:
    """Runs work(report, jobs) under a progress bar."""
    from verification.cli.terminal import work_bar
    from verification.workers.executors import processors

    with work_bar(title) as update:
        workers = processors() if jobs is None else _whole(jobs)
        return work(lambda done, total: update(done, total, "drawing"), workers)


def _table_1_text(tables: Sequence[Table1]) -> str:
    from verification.studies import experiments

    best = tables[0]
    s = best.setting
    lines = [
        f"Table 1: teacher-filtered, d = {s.d}, d_tilde = {s.d_tilde}, r = {s.r}, "
        f"gamma = gamma_tilde = {s.gamma:g}, eta = {s.eta:g}; errors x 10^4"
    ]
    for table in tables:
        lines += ["", f"{table.convention.name}:", _verdict(table)]
        lines.append("  kept   paper ± σ      here ± s.e.     σ of a run  runs   law      z   paper's runs")
        for row in table.rows:
            ours, printed = row.simulated, row.printed
            most = "any" if math.isinf(row.most_runs) else f"up to {row.most_runs:.0f}"
            if row.most_runs < experiments.LEAST_RUNS:
                most = "none"
            lines.append(
                f"  {100 * printed.retain:3.0f}%  {1e4 * printed.mean:6.2f} ± {1e4 * printed.std:4.2f}  "
                f"{1e4 * ours.mean:6.2f} ± {1e4 * ours.standard_error:5.3f}  {1e4 * ours.std:9.2f}  "
                f"{ours.replicates:5d}  {1e4 * row.predicted:5.2f}  {row.z:+5.2f}   {most}"
            )
    lines += [
        "",
        f"z: difference over sqrt(s.e.^2 + σ^2/R) with R = {experiments.LEAST_RUNS}, the fewest runs that",
        "have a σ; the paper does not say how many it made.  paper's runs: the largest R that the row",
        f"does not contradict (two-sided level {experiments.FAMILY_LEVEL:g}, split over the rows).",
    ]
    return "\n".join(lines)


def _verdict(table: Table1) -> str:
    fit = f"  root-mean-square difference {table.misfit:.2f} printed σ; "
    if table.excluded:
        return fit + "contradicts the printed rows, however many runs they had"
    if math.isinf(table.most_runs):
        return fit + "agrees with the printed rows for any number of runs"
    return fit + f"agrees with the printed rows for up to {table.most_runs:.0f} runs of the paper"


def _leak_text(result: Study) -> str:
    s = result.rows[0].setting
    lines = [
        f"Smallest mean error over thresholds, d = d_tilde = {s.d}, r = {s.r}, gamma = gamma_tilde = "
        f"{s.gamma:g}",
        "    eta            n    theta       error ± s.e.       law      over printed  over corrected rate",
    ]
    lines += [
        f"  {row.setting.eta:6.4g}  {row.setting.n:11,}  {row.theta:7.3g}  {row.error:.3e} ± "
        f"{row.standard_error:.0e}  {row.predicted:.3e}  {row.printed_ratio:12.3g}  "
        f"{row.corrected_ratio:12.3g}"
        for row in result.rows
    ]
    lines.append(
        f"growth as eta falls: like eta^-{result.printed_exponent:.2f} over the printed rate, "
        f"eta^-{result.corrected_exponent:.2f} over the corrected one"
    )
    return "\n".join(lines)


def _figure_3a_text(result: Figure3a) -> str:
    s = result.setting
    lines = [
        f"Figure 3a: n = {s.n}, d = {s.d}, d_tilde = {s.d_tilde}, r = {s.r}, "
        f"gamma = gamma_tilde = {s.gamma:g}, theta = {result.theta:g}, {result.engine} engine",
        "    eta       no filter ± s.e.       slope   teacher filter ± s.e.  slope   n eta^2 large enough",
    ]
    for plain, filtered in zip(result.curve("unfiltered"), result.curve("teacher-filtered"), strict=True):
        cells = []
        for row in (plain, filtered):
            slope = "" if row.slope is None else f"{row.slope:+.2f}"
            cells.append(f"{row.simulated.mean:.4e} ± {row.simulated.standard_error:.1e}  {slope:>5}")
        lines.append(f"  {plain.eta:8.2e}  {'   '.join(cells)}   {'yes' if plain.condition else 'no'}")
    lines.append("slope: of log error against log eta, towards the next line")
    return "\n".join(lines)
