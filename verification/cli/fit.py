"""`filtergain fit X Y`: from a user's own matched rows to a decision."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verification import files
from verification.cli.alternatives_text import print_alternatives
from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_WRONG_USE,
    JsonOption,
    SeedOption,
    app,
    number,
)
from verification.cli.options import Figure
from verification.cli.terminal import print_json, work_bar
from verification.cli.written import all_written, picture
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
        str | None,
        typer.Option(
            "--key",
            metavar="NAME",
            help="Array in an .npz, or column of vectors in Parquet and Arrow; A,B: one for X, one for Y.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="FILE", help="1 for each clean pair, 0 for each corrupted one."),
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
) -> int:
    """Parameters of your own pairs, checks of the model, and whether filtering pays.

    X and Y are .npy, .npz, Parquet, Arrow or CSV files of matched rows; they are read in blocks.
    """
    places = _places(scores, figure, report)
    from verification.fitting.fit import fit as fitted

    options = {"rank": rank, "labels": labels, "alpha": alpha, "seed": seed, "key": key}
    with work_bar("fit") as on_progress:
        found = fitted(x, y, on_progress=on_progress, **options)  # type: ignore[arg-type]
    title = f"{Path(x).name} and {Path(y).name}: does filtering pay?"
    if json:
        print_json(found.as_dict())
    else:
        _print(found)
    whole = all_written((path, _maker(name, found, title)) for name, path in places.items())
    return EXIT_AS_EXPECTED if whole else EXIT_WRONG_USE


def _places(scores: str | None, figure: str | None, report: Path | None) -> dict[str, Path]:
    """Where each output goes, by its name; before the rows are read, all of them can be written there."""
    places = {}
    if scores is not None:
        _require_scores_ending(scores)
        places["scores"] = files.writable_file("scores", scores)
    if figure is not None:
        picture("figure", figure)
        places["figure"] = Path(figure)
    if report is not None:
        places["report"] = files.writable_folder("report", report) / "fit.html"
    return places


def _maker(name: str, found: FittedPairs, title: str) -> Callable[[Path], None]:
    """What makes and writes one output."""

    def scores(path: Path) -> None:
        files.write(path, _scores(found, path.suffix))

    def figure(path: Path) -> None:
        from verification.figures import own_pairs

        own_pairs.scores_and_gain(found, path)

    def report(path: Path) -> None:
        from verification.report import own_pairs as pages

        page = pages.page(found, title)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, page)

    return {"scores": scores, "figure": figure, "report": report}[name]


def _require_scores_ending(scores: str) -> None:
    ending = Path(scores).suffix
    if ending not in SCORES_ENDINGS:
        raise InvalidArgument("scores", scores, f"must end in one of {', '.join(SCORES_ENDINGS)}")
    if ending == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise MissingExtra("pyarrow", "store") from None


def _scores(found: FittedPairs, ending: str) -> bytes:
    """The table of rows: score, probability of being clean, whether kept, weight."""
    import numpy as np

    columns = {
        "row": np.arange(found.n),
        "score": found.scores,
        "clean": found.clean,
        "kept": found.kept,
        "weight": found.weight,
    }
    buffer = io.BytesIO()
    if ending == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet

        pa.parquet.write_table(pa.table(columns), buffer)
        return buffer.getvalue()
    np.savetxt(
        buffer,
        np.column_stack(list(columns.values())),
        fmt=["%d", "%.9g", "%.6g", "%d", "%.6g"],
        delimiter=",",
        header=",".join(columns),
        comments="",
    )
    return buffer.getvalue()


def _print(found: FittedPairs) -> None:
    sentences = found.sentences()
    for sentence in sentences[:-1]:
        print(textwrap.fill(sentence, WIDTH))
    print()
    print_alternatives(
        f"Mean error {'by the model' if found.by_the_model else 'as measured'}:", found.alternatives
    )
    print(f"\n{textwrap.fill(sentences[-1], WIDTH)}")
