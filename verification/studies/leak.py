"""Does the leak break Theorem 1?  Its printed and corrected rates beside simulated errors along a family.

Along the family eta falls while n stays a fixed multiple of the theorem's sample condition, so the
theorem applies throughout.  "There is a threshold" is taken at its word: the smallest error over many
thresholds counts, among them the one that the sharp law calls best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from verification.prediction.advice import best_threshold
from verification.prediction.law import predict
from verification.setting import Setting

ETAS = (0.2, 0.1, 0.05, 0.025, 0.0125)
"""Clean fractions of the study."""

THRESHOLDS_OVER_R = (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0)
"""Thresholds tried beside the predicted best one, in units of r."""


@dataclass(frozen=True)
class Ratios:
    """One setting of the family: the best threshold found and the error there over both rates.

    `standard_error` is that of `error`; `predicted` is the sharp law's mean at `theta`.
    """

    setting: Setting
    theta: float
    error: float
    standard_error: float
    predicted: float
    printed_ratio: float
    corrected_ratio: float

    def as_dict(self) -> dict[str, Any]:
        """One line of the table: the setting's numbers and what was found there."""
        return {**self.setting.as_dict(), **{k: v for k, v in vars(self).items() if k != "setting"}}


@dataclass(frozen=True)
class Study:
    """Rows by falling eta, and how both ratios move: exponents of 1/eta by least squares of logs.

    An exponent of 1 means that the ratio doubles with each halving of eta; 0 that it stays put.
    """

    rows: tuple[Ratios, ...]
    printed_exponent: float
    corrected_exponent: float


def family(
    gamma: float, etas: Sequence[float], *, multiple: float = 10.0, r: int = 2, d: int = 6, most: int = 10**8
) -> tuple[Setting, ...]:
    """Settings with d_tilde = d and gamma_tilde = gamma, n = `multiple` times the sample condition.

    The condition is max{d, d_tilde} (1 + 1/gamma)(1 + 1/gamma_tilde) / eta^2; n is capped at `most`.
    """
    needed = [multiple * d * (1 + 1 / gamma) ** 2 / eta**2 for eta in etas]
    return tuple(
        Setting(min(most, math.ceil(n)), d, d, r, eta, gamma, gamma)
        for n, eta in zip(needed, etas, strict=True)
    )


def study(
    settings: Sequence[Setting],
    *,
    replicates: int = 8,
    seed: int = 0,
    jobs: int = 1,
    thresholds_over_r: Sequence[float] = THRESHOLDS_OVER_R,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Study:
    """Simulate Algorithm 1 (exact engine) at every setting and threshold; needs two settings or more.

    The error of a setting is the smallest mean over thresholds: a choice that only favours the theorem.
    """
    rows = []
    for done, setting in enumerate(settings):
        thetas = sorted({best_threshold(setting).theta, *(x * setting.r for x in thresholds_over_r)})
        found = [_measure(setting, theta, replicates, seed, jobs) for theta in thetas]
        rows.append(min(found, key=lambda row: row.error))
        on_progress(done + 1, len(settings))
    return _study(rows)


def predicted_study(settings: Sequence[Setting]) -> Study:
    """The same table from the sharp law alone, at its best threshold over the whole real line."""
    best = [best_threshold(setting) for setting in settings]
    return _study([_row(one.setting, one.theta, one.mean, 0.0, one.mean) for one in best])


def _study(rows: Sequence[Ratios]) -> Study:
    etas = [row.setting.eta for row in rows]
    printed = _exponent(etas, [row.printed_ratio for row in rows])
    return Study(tuple(rows), printed, _exponent(etas, [row.corrected_ratio for row in rows]))


def _measure(setting: Setting, theta: float, replicates: int, seed: int, jobs: int) -> Ratios:
    from verification.simulation import simulate

    drawn = simulate(
        setting, "teacher-filtered", theta=theta, replicates=replicates, seed=seed, jobs=jobs
    ).errors
    mean = float(drawn.mean()) if len(drawn) == replicates else math.inf
    spread = float(drawn.std(ddof=1)) / math.sqrt(replicates) if len(drawn) > 1 else math.inf
    law = predict(setting, theta=theta).law("teacher-filtered")
    return _row(setting, theta, mean, spread, law.mean)


def _row(setting: Setting, theta: float, mean: float, spread: float, predicted: float) -> Ratios:
    from bounds import claims

    printed = float(claims["theorem-1"].evaluate(setting.as_dict()))
    corrected = float(claims["theorem-1-corrected"].evaluate(setting.as_dict()))
    return Ratios(setting, theta, mean, spread, predicted, mean / printed, mean / corrected)


def _exponent(etas: Sequence[float], ratios: Sequence[float]) -> float:
    """Least-squares slope of log(ratio) against log(1/eta)."""
    x = [-math.log(eta) for eta in etas]
    y = [math.log(ratio) for ratio in ratios]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    square = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / square
