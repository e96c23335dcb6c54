"""What else could be done with the same pairs, by the model, each against the information limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bounds.law.scales import error_law
from verification.prediction import alternatives
from verification.prediction.advice import advise, best_threshold
from verification.prediction.law import Prediction, predict
from verification.setting import Setting


@dataclass(frozen=True)
class Alternative:
    """An estimator, its mean error, and the share of the information that it uses.

    `efficiency` is the squared ratio of the limit's mean error to `mean`; both are None where nothing
    supports a number.
    """

    estimator: str
    mean: float | None
    efficiency: float | None

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        return dict(vars(self))


def forecast(setting: Setting, keep: float) -> Prediction:
    """The law of every estimator with the share `keep` of the scored pairs kept."""
    return predict(setting, retain=keep)


def model_share(setting: Setting) -> float:
    """The share to keep that the model's law calls best; 1 keeps every pair."""
    return best_threshold(setting).retained


def by_law(setting: Setting, prediction: Prediction, seed: int) -> tuple[Alternative, ...]:
    """All pairs, PCA, one round, several rounds, the best weights and the limit, where the model holds."""
    dims = setting.d, setting.d_tilde, setting.r
    limit = error_law(alternatives.limit_scales(setting, seed), *dims).mean
    most = math.sqrt(setting.r)
    rounds = advise(setting)
    several = min((plan for plan in rounds.even if plan.rounds > 1), key=lambda p: p.mean, default=None)
    means = [
        ("unfiltered", prediction.unfiltered.mean),
        ("pca", error_law(alternatives.pca_scales(setting), *dims).mean),
        ("teacher-filtered", prediction.law("teacher-filtered").mean),
    ]
    if several is not None:
        means.append((f"teacher-filtered, {several.rounds} rounds", several.mean))
    if alternatives.weighable(setting):
        means.append(("weighted", error_law(alternatives.weights(setting).scales, *dims).mean))
    means.append(("limit", limit))
    return tuple(
        Alternative(name, mean, min(1.0, (limit / mean) ** 2) if mean > 0 else None)
        if mean <= most
        else Alternative(name, None, None)
        for name, mean in means
    )


def measured(unfiltered: float, filtered: float, pca: float) -> tuple[Alternative, ...]:
    """Mean errors as the rows show them, where the model's law does not hold; no limit is known there."""
    found = (("unfiltered", unfiltered), ("pca", pca), ("teacher-filtered", filtered))
    return tuple(Alternative(name, math.sqrt(max(square, 0.0)), None) for name, square in found)
