"""What else could be done with the same pairs, by the model, each against the information limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bounds.law import scales as sharp
from verification.fitting.spectrum import Estimate
from verification.prediction.advice import best_threshold, even_plans, retained_grid
from verification.prediction.beside import ROUNDING, Alternative, beside
from verification.prediction.law import Prediction, predict, score_of, teacher_scales
from verification.setting import Procedure, Setting

CROSSED = "cross-filtered"
"""What is proposed: one fit on the kept pairs of both halves, each scored by the other's teacher."""


@dataclass(frozen=True)
class Forecast:
    """The law's mean errors with the share `keep` of the pairs kept: of one round, and of crossed halves.

    `trusted` says whether the first-order law holds at this share.
    """

    one_round: Prediction
    crossed: float

    @property
    def unfiltered(self) -> float:
        """Mean error on all pairs."""
        return self.one_round.unfiltered.mean

    @property
    def trusted(self) -> bool:
        """Whether the first-order law is in range."""
        return self.one_round.law("teacher-filtered").accuracy.in_range

    @property
    def gain(self) -> float:
        """Mean error on all pairs over that of crossed halves."""
        return self.unfiltered / self.crossed


def forecast(setting: Setting, keep: float) -> Forecast:
    """The law of every estimator with the share `keep` of the scored pairs kept."""
    one = predict(setting, retain=keep)
    chosen = sharp.selection(score_of(setting), one.theta if one.theta is not None else -math.inf)
    crossed = sharp.error_law(_crossed(setting, chosen), setting.d, setting.d_tilde, setting.r)
    # What a finite n adds is taken to be the same share as after one round.
    student = one.law("teacher-filtered")
    return Forecast(one, crossed.mean * student.mean / student.first_order.mean)


def _crossed(setting: Setting, chosen: sharp.Selection) -> tuple[sharp.Array, sharp.Array]:
    half = setting.n / 2
    return chosen.crossed_scales(teacher_scales(setting, half), half, setting.eta)


def model_share(setting: Setting) -> float:
    """The share to keep that the model's law of crossed halves calls best; 1 keeps every pair."""
    _, scored = Procedure("teacher-filtered", 0.0).sizes(setting.n)
    thetas = retained_grid(score_of(setting), min(0.5, 2 / scored))
    chosen = sharp.selection(score_of(setting), thetas)
    means = sharp.mean_errors(_crossed(setting, chosen), setting.d, setting.d_tilde, setting.r)
    return float(chosen.retained[int(np.nanargmin(means))])


def by_law(setting: Setting, predicted: Forecast, seed: int) -> tuple[Alternative, ...]:
    """All pairs, PCA, the filter as predicted, several rounds, the best weights and the limit."""
    none, one, *more = even_plans(setting, best_threshold(setting))
    proposed = replace(one, mean=predicted.one_round.law("teacher-filtered").mean)
    table = beside(setting, plans=(none, proposed, *more), seed=seed).table
    limit = next(other.mean for other in table if other.estimator == "limit")
    efficiency = None if limit is None else min(1.0, (limit / predicted.crossed) ** 2)
    at = 1 + next(i for i, other in enumerate(table) if other.estimator == "pca")
    return (*table[:at], Alternative(CROSSED, predicted.crossed, efficiency), *table[at:])


def measured(unfiltered: Estimate, filtered: Estimate, pca: Estimate, r: int) -> tuple[Alternative, ...]:
    """Errors as the rows show them, where the model's law does not hold; no limit is known there.

    None is above that of unrelated subspaces, sqrt(r), and one that is called 0 or more than that is unknown.
    """
    found = (("unfiltered", unfiltered), ("pca", pca), (CROSSED, filtered))
    most = math.sqrt(r)
    return tuple(
        Alternative(
            name,
            error.value if ROUNDING < error.value < most else None,
            None,
            interval=(min(error.low, most), min(error.high, most)),
        )
        for name, error in found
    )


def pca_error(apart: tuple[float, float], errors: tuple[Estimate, Estimate]) -> Estimate:
    """The error of PCA of the worse modality; 0 as its value says that nothing but the upper end is known.

    `apart` are its distances from the fits on all pairs, `errors` those fits' own errors.  It cannot be
    further from the truth than their sum, nor nearer than their difference, however the two depend.
    """
    both = list(zip(apart, errors, strict=True))
    low = max(distance - error.high for distance, error in both)
    high = max(distance + error.high for distance, error in both)
    if low <= 0:
        return Estimate(0.0, 0.0, high)
    return Estimate(math.sqrt(max(distance**2 - error.value**2 for distance, error in both)), low, high)
