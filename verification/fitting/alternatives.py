"""What else could be done with the same pairs, by the model, each against the information limit."""

from __future__ import annotations

import math
from dataclasses import replace

from verification.prediction.advice import best_threshold, even_plans
from verification.prediction.beside import Alternative, beside
from verification.prediction.law import Prediction, predict
from verification.setting import Setting


def forecast(setting: Setting, keep: float) -> Prediction:
    """The law of every estimator with the share `keep` of the scored pairs kept."""
    return predict(setting, retain=keep)


def model_share(setting: Setting) -> float:
    """The share to keep that the model's law calls best; 1 keeps every pair."""
    return best_threshold(setting).retained


def by_law(setting: Setting, prediction: Prediction, seed: int) -> tuple[Alternative, ...]:
    """All pairs, PCA, the filter as predicted, several rounds, the best weights and the limit."""
    none, one, *more = even_plans(setting, best_threshold(setting))
    proposed = replace(one, mean=prediction.law("teacher-filtered").mean)
    return beside(setting, plans=(none, proposed, *more), seed=seed).table


def measured(unfiltered: float, filtered: float, pca: float) -> tuple[Alternative, ...]:
    """Mean errors as the rows show them, where the model's law does not hold; no limit is known there."""
    found = (("unfiltered", unfiltered), ("pca", pca), ("teacher-filtered", filtered))
    return tuple(Alternative(name, math.sqrt(max(square, 0.0)), None) for name, square in found)
