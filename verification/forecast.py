"""What a claim's checks would find, without its draws: the first-order law, or a small pilot sample.

Used to choose wrong versions of a claim that are wrong by no more than a step, never to judge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from bounds.claim import Claim, Level, Measured, Relation, Scaling, Tail
from verification import prediction, quantities
from verification.quantities import Cell

CLEAR = 1.25
"""A forecast contradicts a claim when it passes a check's limit by this factor."""

PILOT = 25
"""Replicates of a pilot sample."""

PILOT_SEED = 2**63 - 1
"""The seed of pilot samples, apart from the seeds of runs."""


def contradicted(claim: Claim) -> bool:
    """Whether the forecast breaks some check of the claim clearly enough for a design to see it."""
    return any(_contradicts(check, claim) for check in claim.checks)


def _contradicts(check: Any, claim: Claim) -> bool:
    sign = -1.0 if claim.relation is Relation.LOWER else 1.0
    if isinstance(check, Tail):
        points = [
            {**point, "delta": check.delta, "t": -math.log(check.delta)}
            for path in check.paths for point in path.points()
        ]
        return any(sign * _log_ratio(claim, check.measured, point) > math.log(CLEAR) for point in points)
    if isinstance(check, Scaling):
        first, last = check.path.points()[0], check.path.points()[-1]
        change = _log_ratio(claim, check.measured, last) - _log_ratio(claim, check.measured, first)
        parameter = check.path.parameter.name
        slope = change / abs(math.log(last[parameter] / first[parameter]))
        return (abs(slope) if check.two_sided else sign * slope) > CLEAR * check.margin
    if isinstance(check, Level) and check.value is None:
        worst = max(abs(math.expm1(_log_ratio(claim, check.measured, p))) for p in check.path.points())
        return worst > 2 * CLEAR * check.tolerance
    return False


def _log_ratio(claim: Claim, measured: Measured, point: Mapping[str, float]) -> float:
    """log(forecast / bound); NaN, which contradicts nothing, where either is not a positive number."""
    with np.errstate(all="ignore"):
        bound = float(claim.evaluate(point))
    value = forecast(quantities.cell(measured, point))
    usable = 0 < bound < math.inf and 0 < value < math.inf
    return math.log(value / bound) if usable else math.nan


@lru_cache(maxsize=4096)
def forecast(cell: Cell) -> float:
    """The typical value of a cell: the first-order law's mean error, else a pilot sample's median.

    No error exceeds sqrt(r), whatever the law says.
    """
    if cell.quantity == "error":
        laws = [prediction.predict_procedure(cell.setting, p) for p in cell.procedures]
        return min(math.sqrt(cell.setting.r), *(law.mean for law in laws))
    return float(np.median(quantities.draw(cell, PILOT_SEED, range(PILOT))))
