"""`filtergain fit X Y`: from a user's own matched rows to a decision."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli.app import JsonOption, SeedOption, app, number
from verification.cli.options import Figure
from verification.cli.terminal import message, print_json
from verification.errors import InvalidArgument, MissingExtra

if TYPE_CHECKING:
    from verification.fitting.fit import FittedPairs

FIT_EXAMPLE = "Example: filtergain fit images.npy captions.npy --scores scores.parquet --figure fit.png"

WIDTH = 79
"""Columns of the answer in words."""

SCORES_ENDINGS = (".parquet", ".csv")


@app.command(short_help="Your own pairs: does filtering pay, and at which share?", epilog=FIT_EXAMPLE)
def fit(
    x: Annotated[str, typer.Argument(metavar="X", help="Rows of the first modality, a file (n, d).")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Matched rows of the second one, (n, d~).")],
    rank: Annotated[
        float | None,
        typer.Option(
            "--rank", parser=number, metavar="NUMBER", help="Latent dimension.  [default: what the rows show]"
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Array in an .npz, or column of vectors in Parquet and Arrow.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="FILE", help="1 for each pair known to be clean, 0 else."),
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", parser=number, metavar="NUMBER", help="Error rate of each interval.")
    ] = 0.05,
    scores: Annotated[
        str | None,
        typer.Option(
            "--scores",
            metavar="OUT",
            help="Write row, score, probability of being clean, kept, weight (.parquet, .csv).",
        ),
    ] = None,
    figure: Figure = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write the answer as a page, fit.html.")
    ] = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Parameters of your own pairs, checks of the model, and whether filtering pays.

    X and Y are .npy, .npz, Parquet, Arrow or CSV files of matched rows; they are read in blocks.
    """
    _require_places(scores, figure, report)
    from verification.fitting.fit import fit as fitted

    found = fitted(x, y, rank=rank, labels=labels, alpha=alpha, seed=seed, key=key)  # type: ignore[arg-type]
    if scores is not None:
        _whole_file(Path(scores), lambda path: _write_scores(found, path))
    if figure is not None:
        from verification.figures import own_pairs

        _whole_file(Path(figure), lambda path: own_pairs.scores_and_gain(found, path))
    if report is not None:
        from verification.report import own_pairs as pages

        text = pages.page(found, f"{Path(x).name} and {Path(y).name}: does filtering pay?")
        _whole_file(report / "fit.html", lambda path: path.write_text(text, encoding="utf-8"))
    if json:
        print_json(found.as_dict())
        return
    _print(found)


def _require_places(scores: str | None, figure: str | None, report: Path | None) -> None:
    """Before the rows are read: what was asked for can be written where it was asked for."""
    if scores is not None:
        _require_scores_ending(scores)
        _require_place("scores", scores)
    if figure is not None or report is not None:
        from verification.figures import canvas

        canvas.require_matplotlib()
    if figure is not None:
        canvas.require_ending("figure", figure)
        _require_place("figure", figure)
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)


def _require_scores_ending(scores: str) -> None:
    ending = Path(scores).suffix
    if ending not in SCORES_ENDINGS:
        raise InvalidArgument("scores", scores, f"must end in one of {', '.join(SCORES_ENDINGS)}")
    if ending == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise MissingExtra("pyarrow", "store") from None


def _require_place(name: str, path: str) -> None:
    """Before the rows are read: the file's folder is there, and no folder has its name."""
    if not Path(path).parent.is_dir():
        raise InvalidArgument(name, path, "must be in a folder that exists")
    if Path(path).is_dir():
        raise InvalidArgument(name, path, "must not be a folder")


def _whole_file(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the file and rename, so that it is whole or as it was, and say so."""
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    message(f"wrote {path}")


def _write_scores(found: FittedPairs, path: Path) -> None:
    import numpy as np

    columns = {
        "row": np.arange(found.n),
        "score": found.scores,
        "clean": found.clean,
        "kept": found.kept,
        "weight": found.weight,
    }
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet

        pa.parquet.write_table(pa.table(columns), path)
        return
    table = np.column_stack(list(columns.values()))
    np.savetxt(
        path,
        table,
        fmt=["%d", "%.9g", "%.6g", "%d", "%.6g"],
        delimiter=",",
        header=",".join(columns),
        comments="",
    )


def _print(found: FittedPairs) -> None:
    sentences = found.sentences()
    for sentence in sentences[:-1]:
        print(textwrap.fill(sentence, WIDTH))
    measured = not any(other.estimator == "limit" for other in found.alternatives)
    print(f"\nMean error {'as measured' if measured else 'by the model'}:")
    for other in found.alternatives:
        mean = "unknown" if other.mean is None else f"{other.mean:.4g}"
        share = "" if other.efficiency is None else f"   uses {other.efficiency:.1%} of the information"
        print(f"  {other.estimator:<30}{mean:>9}{share}")
    print(f"\n{textwrap.fill(sentences[-1], WIDTH)}")
