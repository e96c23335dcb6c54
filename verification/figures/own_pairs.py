"""The picture of `fit`: scores over re-paired ones with the threshold, and the gain at each share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from verification.figures import canvas

if TYPE_CHECKING:
    from verification.fitting.fit import FittedPairs


def scores_and_gain(found: FittedPairs, path: str | Path) -> None:
    """Write the picture.  Raises MissingExtra without Matplotlib."""
    canvas.require_matplotlib()
    with canvas.from_defaults(canvas.STYLE):
        figure, (left, right) = canvas.begin(12.0, 4.6, 2)
        low, high = np.quantile(np.concatenate([found.scores, found.repaired]), [0.001, 0.999])
        edges = np.linspace(low, high, 81)
        left.hist(
            np.clip(found.scores, low, high), edges, density=True, color=canvas.BLUE, alpha=0.6, label="pairs"
        )
        left.hist(
            np.clip(found.repaired, low, high), edges, density=True, histtype="step", lw=1.8,
            color=canvas.CORRUPTED, label="re-paired",
        )  # fmt: skip
        left.axvline(found.threshold, color=canvas.INK, ls="--", label=f"keeps {found.keep:.0%}")
        left.set(
            xlabel="score, in units of re-paired ones", ylabel="density", title="Scores of held-out pairs"
        )
        left.legend()
        share, gain = np.array([point for point in found.curve if point[0] < 1] or [found.curve[0]]).T
        right.plot(share, gain, "s--", color=canvas.ORANGE, label="measured, without a model")
        free = found.gain_free
        top = free.high if math.isfinite(free.high) else max(2 * free.value, 4.0)
        value = min(free.value, top)
        right.errorbar(
            [found.keep], [value], [[max(0.0, value - free.low)], [top - value]], fmt="*", ms=11, capsize=4,
            color=canvas.INK, label=f"proposed, {1 - found.alpha:.0%} interval",
        )  # fmt: skip
        if found.gain_model is not None:
            right.plot(
                [found.keep], [found.gain_model.value], "D", color=canvas.GREY, label="the model's forecast"
            )
        right.axhline(1, color=canvas.GREY, lw=1)
        right.set(
            xlabel="share of pairs kept",
            ylabel="error on all pairs / after the filter",
            title=f"Gain: {found.decision}",
        )
        right.legend()
        canvas.write(figure, path)
