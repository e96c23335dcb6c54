"""How likely a check is to miss what is false: planned from a forecast of what it will draw.

The forecast is the first-order law of the error, else a pilot sample with a seed of its own; of a pilot the
doubt that its size leaves is averaged over.  Log-values count as normal, with the spread that the design was
made with.  No verdict rests on it: it says beforehand how often a run would let a wrong version through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bounds.claim import Law, Level, Scaling, Search, Tail
from bounds.law.error import ErrorLaw
from verification.checks import forecast
from verification.checks.judge import against, bounds, comes_to_an_end, harmless
from verification.checks.law import bound_differs
from verification.checks.plan import BETA, Plan, spread
from verification.prediction.law import predict_procedure
from verification.quantities.registry import COMBINED, Cell
from verification.setting import Procedure, Setting
from verification.statistics import distribution, slopes
from verification.statistics.tail import TailTest, misses

NEGLIGIBLE = 1e-15
"""A probability that is not worth being made smaller."""

Array = NDArray[np.float64]

SMALL = 1e-6
"""A probability at which no larger pilot is drawn."""

NODES = np.linspace(-6.0, 6.0, 61)
"""Doubts about a forecast, in standard deviations."""

SHARES = np.append(0.0, np.logspace(-6, 0, 241))
"""Probabilities that a replicate breaks a bound, between which a pilot's doubt is shared out."""

LEVELS = np.linspace(0.0, 1.0, 201)
"""Values of a true distribution function at a number, between which a pilot's doubt is shared out."""

PLACES = 201
"""Numbers at which two laws are compared."""


def survival(plans: Sequence[tuple[Plan, Plan]], pilots: Sequence[int] = forecast.PILOTS) -> float:
    """The probability that none of the checks of a wrong version refutes it, in [0, 1]; 1 if unknown.

    `plans` are those of the wrong version, each with that of the claim itself, and only of checks that draw.
    Different cells draw independently, so that checks without a cell in common multiply.  Where the doubt of
    a small pilot leaves more than SMALL, larger ones are drawn.
    """
    found = 1.0
    for pilot in pilots:
        missed = [(_missed(plan, own, pilot), plan.cells) for plan, own in plans]
        found, seen = 1.0, set[Cell]()
        for share, cells in sorted(missed, key=lambda item: item[0]):
            if seen.isdisjoint(cells):
                found *= share
                seen |= set(cells)
        if found <= SMALL or not any(_needs_pilot(plan) for plan, _ in plans):
            break
    return found


def _needs_pilot(plan: Plan) -> bool:
    """Whether the plan's forecast comes from a pilot."""
    return isinstance(plan.check, Law) or any(cell.quantity not in COMBINED for cell in plan.cells)


def _missed(plan: Plan, own: Plan, pilot: int) -> float:
    """The probability that one check does not refute; 1 where a law or bound of one's own raises."""
    try:
        return _planned(plan, own, pilot)
    except Exception:
        return 1.0  # its judge says why


def _planned(plan: Plan, own: Plan, pilot: int) -> float:
    check = plan.check
    with np.errstate(all="ignore"):
        if isinstance(check, Scaling):
            found = _scaling(check, plan, pilot)
        elif isinstance(check, Level):
            found = _level(check, plan, own)
        elif isinstance(check, Tail):
            found = _tail(check, plan, pilot)
        elif isinstance(check, Law):
            found = _law(check, plan, own, pilot)
        elif isinstance(check, Search):
            found = _search(plan, pilot)
        else:
            return 1.0
    return min(1.0, found) if found >= 0 else 1.0  # NaN: the forecast has no value


def _scaling(check: Scaling, plan: Plan, pilot: int) -> float:
    """Missed where the slope's interval reaches the margin at the full size, or lies within it at the first.

    An interval's end is a difference of order statistics of the two ends, which are independent.
    """
    cells = (plan.cells[0], plan.cells[-1])
    limits = bounds(plan)
    starts, ends = (
        math.log(_median(cell, pilot) / limit) if limit > 0 else math.nan
        for cell, limit in zip(cells, (limits[0], limits[-1]), strict=True)
    )
    name = check.path.parameter.name
    along = math.log(plan.points[-1][name] / plan.points[0][name])
    span, moved = abs(along), ends - starts
    if check.two_sided and harmless(plan.claim, check.path, moved / along):
        return 1.0
    if not check.two_sided and comes_to_an_end(plan.claim, check.path, upwards=along > 0):
        return 1.0
    moved = abs(moved) if check.two_sided else against(plan.claim) * moved
    gap = moved - check.margin * span
    if not gap > 0:
        return 1.0
    sigma = _sigma(check.measured.spread, cells)
    doubt = math.sqrt(sum(_doubt(cell, pilot) ** 2 for cell in cells))
    rate = plan.look_alpha / len(plan.points)

    def missed(at: Array) -> Array:
        full, first = (slopes.order_ranks(look, 0.5, rate) for look in (plan.looks[-1], plan.looks[0]))
        late = _differences(at / sigma, plan.looks[-1], full[0], full[1])
        early = _differences(at / sigma, plan.looks[0], first[1], first[0])
        return late + early

    return _averaged(missed, gap, doubt)


def _level(check: Level, plan: Plan, own: Plan) -> float:
    """Missed where the median's interval reaches the tolerance at every setting.

    What is drawn counts as having the law's median, and that which the claim itself states if it has no law.
    """
    limits, stated = (
        bounds(p) if p.check.value is None else np.full(len(p.cells), p.check.value) for p in (plan, own)
    )
    sigma = _sigma(check.measured.spread, plan.cells)
    found = 1.0
    for cell, limit, claimed in zip(plan.cells, limits, stated, strict=True):
        median = forecast.forecast(cell) if cell.quantity in COMBINED else claimed
        off = math.log(median / limit) if limit > 0 else math.nan
        gap = off - math.log1p(check.tolerance) if off > 0 else math.log1p(-check.tolerance) - off
        if not gap > 0:
            continue
        rate = plan.look_alpha / len(plan.cells)

        low, _ = slopes.order_ranks(plan.looks[-1], 0.5, rate)
        _, high = slopes.order_ranks(plan.looks[0], 0.5, rate)
        mass = special.ndtr(-gap / sigma)
        late = special.bdtrc(low - 1, plan.looks[-1], mass) if low else 1.0
        found = min(found, float(late + special.bdtrc(high - 1, plan.looks[0], mass)))
    return found


def _tail(check: Tail, plan: Plan, pilot: int) -> float:
    """Missed where no setting's sequential test refutes; different cells draw independently."""
    assert plan.test is not None
    upper = against(plan.claim) > 0
    found = 1.0
    for cell, limit in dict(zip(plan.cells, bounds(plan), strict=True)).items():
        if math.isnan(limit):
            return 1.0  # undecided
        if cell.quantity == "error":
            above = math.prod(float(_error_law(cell.setting, p).sf(limit)) for p in cell.procedures)
            p = above if upper else 1 - above
            missed = float(misses(plan.test, plan.replicates, np.array([p]))[0])
        else:
            drawn = forecast.pilot(cell, pilot)
            broken = np.count_nonzero(drawn > limit if upper else drawn < limit)
            missed = _over_share(_tail_misses(plan.test, plan.replicates), int(broken), len(drawn))
        found *= missed
        if found < NEGLIGIBLE:
            break
    return found


def _law(check: Law, plan: Plan, own: Plan, pilot: int) -> float:
    """Missed where the distance stays within tolerance and band: no more likely than at one number.

    The number is where the wrong law is furthest from the claim's own; how often what is drawn stays below
    it is known from a pilot, for a law to first order may be off by as much as its tolerance.
    """
    if bound_differs(check, plan) is not None:
        return 0.0
    found = 1.0
    cells = dict(zip(plan.cells, plan.points, strict=True))  # different ones draw independently
    late = check.tolerance + distribution.dkw_epsilon(plan.looks[-1], plan.look_alpha / len(plan.cells))
    early = check.tolerance - distribution.dkw_epsilon(plan.looks[0], BETA / len(plan.looks))
    for cell, point in cells.items():
        numbers = _numbers(cell, own.check.cdf, tuple(point.items()))
        stated = np.asarray(check.cdf(point, numbers), dtype=float)
        worst = int(np.nanargmax(np.abs(stated - own.check.cdf(point, numbers))))
        edges = np.array(
            [
                _within(plan.looks[-1], share, stated[worst], late)
                + _within(plan.looks[0], share, stated[worst], early)
                for share in np.clip(LEVELS, 1e-12, 1 - 1e-12)  # SciPy has no binomial tail at 0 and 1
            ]
        )
        drawn = forecast.pilot(cell, pilot)
        below = int(np.count_nonzero(drawn <= numbers[worst]))
        mass = np.diff(special.betainc(below + 0.5, len(drawn) - below + 0.5, LEVELS))
        found *= float(mass @ np.minimum(1.0, np.maximum(edges[1:], edges[:-1])))
        if found < NEGLIGIBLE:
            break
    return found


def _search(plan: Plan, pilot: int) -> float:
    """Missed where no instance breaks the statement."""
    (cell,) = plan.cells
    drawn = forecast.pilot(cell, pilot)
    limit = float(plan.claim.evaluate({})) if plan.claim.bound is not None else 1.0
    broken = int(np.count_nonzero(drawn > limit))
    return _over_share(np.exp(plan.replicates * np.log1p(-SHARES[:-1])), broken, len(drawn))


def _sigma(stated: float | None, cells: Sequence[Cell]) -> float:
    """The spread of log-values that the design was made with."""
    return stated or max(spread(cell) for cell in cells)


def _median(cell: Cell, pilot: int) -> float:
    """The forecast of a cell's median: of the first-order law of the error, else of a pilot sample."""
    if cell.quantity in COMBINED:
        return forecast.forecast(cell)
    return float(np.median(forecast.pilot(cell, pilot)))


def _doubt(cell: Cell, pilot: int) -> float:
    """Standard deviation of the forecast's log: that of a pilot's median, none for the first-order law.

    A pilot's own spread is known to a tenth or so; a quarter more is taken.
    """
    if cell.quantity in COMBINED:
        return 0.0
    return 1.25 * float(np.std(np.log(forecast.pilot(cell, pilot)))) * math.sqrt(math.pi / 2 / pilot)


def _averaged(missed: Callable[[Array], Array], gap: float, doubt: float) -> float:
    """The mean of `missed` over a normal doubt about the gap; where there is no gap, all is missed."""
    if not doubt:
        return float(missed(np.array([gap]))[0])
    weights = np.exp(-(NODES**2) / 2)
    at = gap + doubt * NODES
    found = np.where(at > 0, missed(np.maximum(at, 0.0)), 1.0)
    return float(weights @ np.minimum(found, 1.0) / weights.sum())


def _over_share(missed: Array, broken: int, drawn: int) -> float:
    """The mean of `missed`, at each of SHARES but the last, over what a pilot leaves open of the share."""
    below = special.betainc(broken + 0.5, drawn - broken + 0.5, SHARES)
    return float(np.diff(below) @ missed)


@lru_cache(maxsize=256)
def _tail_misses(test: TailTest, cap: int) -> Array:
    """The probability that a tail test does not refute, at each of SHARES but the last."""
    return misses(test, cap, SHARES[:-1])


@lru_cache(maxsize=1024)
def _error_law(setting: Setting, procedure: Procedure) -> ErrorLaw:
    return predict_procedure(setting, procedure).law


def _differences(gaps: Array, count: int, upper: int, lower: int) -> Array:
    """P(the `upper`-th of `count` normals < the `lower`-th of as many others, less a gap), at each gap.

    Ranks from 1; rank 0 lies below and count + 1 above everything.
    """
    if upper < 1 or lower > count:
        return np.ones_like(gaps)
    if upper > count or lower < 1:
        return np.zeros_like(gaps)
    share = lower / (count + 1)
    centre = float(special.ndtri(share))
    density = math.exp(-(centre**2) / 2) / math.sqrt(2 * math.pi)
    reach = 12 * math.sqrt(share * (1 - share) / count) / density
    at = np.linspace(centre - reach, centre + reach, 241)
    log_density = (
        (lower - 1) * special.log_ndtr(at) + (count - lower) * special.log_ndtr(-at)
        - at**2 / 2 - special.betaln(lower, count - lower + 1)
    )  # fmt: skip
    weights = np.exp(log_density - log_density.max())
    below = special.betainc(upper, count - upper + 1, special.ndtr(at[:, None] - gaps))
    return np.asarray(weights @ below / weights.sum())


@lru_cache(maxsize=256)
def _numbers(cell: Cell, law: Callable[..., Any], point: tuple[tuple[str, float], ...]) -> Array:
    """Numbers over which a law rises from 0 to 1."""
    if cell.quantity not in COMBINED:
        drawn = forecast.pilot(cell)
        return np.linspace(drawn.min(), drawn.max(), PLACES)
    coarse = np.logspace(-12, 3, 1501)
    known = np.asarray(law(dict(point), coarse), dtype=float)
    inside = coarse[(known > 1e-4) & (known < 1 - 1e-4)]
    return np.geomspace(inside[0], inside[-1], PLACES) if len(inside) else coarse


def _within(count: int, true: float, stated: float, room: float) -> float:
    """P(the share of `count` draws below a number is within `room` of the stated share)."""
    if room < 0:
        return 0.0
    if stated > true:
        least = math.ceil(count * (stated - room))
        return float(special.bdtrc(least - 1, count, true)) if least > 0 else 1.0
    most = math.floor(count * (stated + room))
    return float(special.bdtr(most, count, true)) if most < count else 1.0
