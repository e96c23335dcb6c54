"""What a claim's checks would find, without its draws: the first-order law, or a small pilot sample.

Used to choose wrong versions of a claim that are wrong by no more than a step, never to judge.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from bounds.claim import Claim, Level, Measured, Relation, Scaling, Tail
from verification.checks.judge import against, comes_to_an_end, harmless
from verification.engines.estimate import Array
from verification.prediction.law import predict_procedure
from verification.quantities import registry
from verification.quantities.registry import Cell

FALSE_EXPONENT = 0.4
"""A forecast contradicts a rate that error/bound moves against by at least this power along a family.

Half a power is the step of a wrong exponent; the rest is for families that are not straight.  Like the
other sizes here it is no design's: a design that cannot see a rate so wrong lets it survive.
"""

FALSE_FACTOR = 1.25
"""A forecast contradicts a stated value that is off by this factor."""

PILOTS = (30, 120, 480)
"""Replicates of a pilot sample, and of the larger ones for what it leaves open."""

PILOT_SEED = 2**63 - 1
"""The seed of pilot samples, apart from the seeds of runs."""


Bound = Callable[[Mapping[str, float]], float]
"""A bound as a function of the parameter values by name."""


def contradicted(claim: Claim, bound: Bound | None = None) -> bool:
    """Whether the forecast breaks what some check of the claim states, by a size that no design sets.

    `bound` stands in for the claim's own, in numbers.
    """
    return any(_contradicts(check, claim, bound or claim.bound_at) for check in claim.checks)


def _contradicts(check: Any, claim: Claim, bound: Bound) -> bool:
    sign = -1.0 if claim.relation is Relation.LOWER else 1.0
    if isinstance(check, Tail):
        # Broken far more often than stated; a pilot is too small to tell a quarter from what is not seen.
        often = min(0.5, max(0.25 if check.measured.quantity in registry.COMBINED else 0.5, 5 * check.delta))
        share = 1 - often if sign > 0 else often
        points = ({**point, "delta": check.delta} for path in check.paths for point in path.points())
        return any(sign * _log_ratio(bound, check.measured, point, share) > 0 for point in points)
    if isinstance(check, Scaling):
        return _outgrown(check, claim, bound)
    if isinstance(check, Level) and check.value is None:
        worst = max(abs(_log_ratio(bound, check.measured, point)) for point in check.path.points())
        return worst >= math.log(FALSE_FACTOR)
    return False


def _outgrown(check: Scaling, claim: Claim, bound: Bound) -> bool:
    """Whether error/bound moves along the family as the claim does not allow."""
    first, last = check.path.points()[0], check.path.points()[-1]
    change = _log_ratio(bound, check.measured, last) - _log_ratio(bound, check.measured, first)
    parameter = check.path.parameter.name
    along = math.log(last[parameter] / first[parameter])
    slope = change / abs(along)
    if check.two_sided:
        return abs(slope) >= FALSE_EXPONENT and not harmless(claim, check.path, change / along)
    ended = comes_to_an_end(claim, check.path, upwards=along > 0)
    return against(claim) * slope >= FALSE_EXPONENT and not ended


def _log_ratio(bound: Bound, measured: Measured, point: Mapping[str, float], share: float = 0.5) -> float:
    """log(forecast / bound), infinite where one of them is 0 or less; NaN contradicts nothing."""
    with np.errstate(all="ignore"):
        limit = float(bound(point))
    value = _forecast_at(measured, tuple(point.items()), share)
    if math.isnan(value):
        return math.nan
    if limit <= 0:
        return math.inf
    return math.log(value / limit) if value > 0 and limit < math.inf else -math.inf


@lru_cache(maxsize=8192)  # to resolve a cell takes longer than to look its forecast up
def _forecast_at(measured: Measured, point: tuple[tuple[str, float], ...], share: float) -> float:
    return forecast(registry.cell(measured, dict(point)), share)


@lru_cache(maxsize=8192)
def forecast(cell: Cell, share: float = 0.5) -> float:
    """The quantile of a cell's law: that of the first-order law of the error, else of a pilot sample.

    No error exceeds sqrt(r), whatever the law says.
    """
    beside = any(p.estimator in ("pca", "weighted") for p in cell.procedures)
    if cell.quantity == "error" and not beside:
        laws = [predict_procedure(cell.setting, p).first_order for p in cell.procedures]
        return min(math.sqrt(cell.setting.r), *(law.quantile(share) for law in laws))
    if cell.quantity == "error-ratio" and not beside:
        # Of the medians: the ratio of two independent errors concentrates there.
        first, last = (
            predict_procedure(cell.setting, p).first_order.quantile(0.5)
            for p in (cell.procedures[0], cell.procedures[-1])
        )
        return last / first if first > 0 else math.nan
    return quantile(pilot(cell), share)


def quantile(drawn: Array, share: float) -> float:
    """The quantile of values (m,), one of them where some are infinite: between those there is no number."""
    return float(np.quantile(drawn, share, method="higher" if np.isinf(drawn).any() else "linear"))


@lru_cache(maxsize=4096)
def pilot(cell: Cell, count: int = PILOTS[0]) -> Array:
    """`count` draws of a cell with the pilots' seed, one of PILOTS; NaN where it cannot be drawn."""
    if cell.quantity not in registry.COMBINED:
        registry.find(cell.quantity, cell.module)  # a name that nothing has is a mistake, no failed draw
    size = PILOTS.index(count)
    known = pilot(cell, PILOTS[size - 1]) if size else np.empty(0)
    try:
        return np.concatenate((known, registry.draw(cell, PILOT_SEED, range(len(known), count))))
    except (Exception, SystemExit):
        # A quantity of one's own: its draws for the run say what went wrong.
        return np.full(count, math.nan)
