"""The picture of `reproduce figure-3b`: error against eta on each set, and what each rule costs.

Draws what `verification.studies.figure_3b` found; computes nothing of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from verification.figures import canvas

if TYPE_CHECKING:
    from verification.studies.figure_3b import SetResult

ALL, TEACHER, ORACLE, PCA = (
    canvas.LOOKS[name] for name in ("unfiltered", "teacher-filtered", "oracle-filtered", "pca")
)
CURVES = {
    "all pairs": (ALL.colour, ALL.marker, ALL.line),
    "clean pairs only": (ORACLE.colour, ORACLE.marker, ORACLE.line),
    "filter, theta = 0": (TEACHER.colour, TEACHER.marker, TEACHER.line),
    "keep 30%": (TEACHER.colour, "v", ":"),
    "pca": (PCA.colour, PCA.marker, PCA.line),
    "blend": (canvas.INK, "D", "-"),
}


def figure_3b(results: Sequence[SetResult], path: str | Path) -> None:
    """Write the picture: errors above, gains over all pairs below.  Raises MissingExtra."""
    canvas.require_matplotlib()
    from matplotlib.figure import Figure

    with canvas.from_defaults(canvas.STYLE):
        figure = Figure(figsize=(4.4 * max(len(results), 2), 8.2), layout="constrained")
        above, below = figure.subplots(2, len(results), squeeze=False, sharex=True)
        for result, errors, gains in zip(results, above, below, strict=True):
            for name, (color, marker, line) in CURVES.items():
                mean = result.mean(name)
                width = result.errors(name).std(axis=1, ddof=1) / np.sqrt(result.errors(name).shape[1])
                errors.errorbar(
                    result.etas, mean, width, color=color, marker=marker, ls=line, capsize=2, label=name
                )
                if name not in ("clean pairs only", "all pairs"):
                    gains.plot(result.etas, result.gain(name), color=color, marker=marker, ls=line)
            errors.set(xscale="log", yscale="log", title=f"{result.name}\n$n={result.n:,}$, $r={result.r}$")
            gains.axhline(1, color=canvas.GREY, lw=1.5)
            gains.set(xscale="log", xlabel=r"clean share $\eta$", ylim=(0, None))
        above[0].set_ylabel("error")
        below[0].set_ylabel("error of all pairs / error")
        figure.legend(*above[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(CURVES))
        canvas.write(figure, path)
