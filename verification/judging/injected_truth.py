"""What follows of a changed statement about a simulated quantity, from the sharp law and not from its checks.

The quantity's median, or the probability that it passes a bound, is known at any setting: of an error from
its law at any size, of another quantity from draws with a seed of their own.  It is looked at all over the
region that the changed statement's conditions allow, far beyond the families of any check.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bounds import symbols
from bounds.checks import Law, Level, Measured, Relation, Scaling, Statement, Tail
from bounds.claim import Claim
from verification.checks.judge import numbers_around
from verification.errors import InvalidArgument
from verification.judging import injected
from verification.judging.injected_places import ModelPoint, ModelRegion, numbers
from verification.prediction.law import predict_procedure
from verification.quantities import registry
from verification.quantities.registry import COMBINED, Cell
from verification.statistics.tail import clopper_pearson

Array = NDArray[np.float64]
Truth = Literal["false", "true", "unknown"]

TRUTH_SEED = 2**63 - 7
"""The seed of the draws that stand for the truth, apart from those of runs and of pilots."""

DRAWS = 48
BASES = 4
"""Settings from which the box is walked; two where the truth is drawn."""

SUSTAINED = 0.25
"""Power by which a ratio grows on both of the last two parts of a way without an end: no constant will do."""

STEADY = 0.7
"""Share of the power on one part that the next must have: a growth that ends is none."""

SLIGHT = 0.05
"""Power up to which a ratio that is called bounded may seem to grow; in between nothing is known."""

LEAST_LENGTH = math.log(2.4)
"""Log-length of a part of a way that shows a power."""

BEYOND = 20.0
"""Factor by which such a ratio passes all that is seen where the claim itself holds: what changes the
conditions or the relation is held against that."""

MANY, SAME = 300, 0.3
"""Settings in a box that two rates are compared over, and how much further their log-ratio may reach in a
larger one."""

ANYWHERE = 60
"""Settings all over the box that a bound with numbers is looked at beside the ways."""

OFTEN = 1.5
"""A bound is false where it is passed so many times as often as it may be."""


@dataclass(frozen=True)
class Known:
    """What is known to be true or false, and where that was seen."""

    truth: Truth
    why: str
    point: ModelPoint = field(default_factory=dict)


def measured_of(claim: Claim) -> Measured:
    """What the claim is about: the first of its checks that draws says it."""
    return next(c.measured for c in claim.checks if isinstance(c, Tail | Scaling | Law | Level))


def delta_of(claim: Claim) -> float | None:
    """The probability with which a bound with numbers may be broken; None for another kind of claim."""
    return next((c.delta for c in claim.checks if isinstance(c, Tail)), None)


@lru_cache(maxsize=200_000)
def _drawn(cell: Cell) -> tuple[float, ...]:
    try:
        return tuple(float(v) for v in np.sort(registry.draw(cell, TRUTH_SEED, range(DRAWS))))
    except (InvalidArgument, ValueError, ArithmeticError, MemoryError):
        return ()


@lru_cache(maxsize=200_000)
def _laws(cell: Cell) -> tuple[Any, ...]:
    """The laws of the errors of a cell at any size; empty where one is not to be trusted."""
    try:
        laws = [predict_procedure(cell.setting, p) for p in cell.procedures]
    except (InvalidArgument, ValueError, ArithmeticError):
        return ()
    return tuple(found.law for found in laws) if all(found.trusted for found in laws) else ()


def _cell(measured: Measured, point: ModelPoint) -> Cell:
    """What is drawn at a setting; the errors of PCA are those of one modality alone."""
    alone = ("d_tilde", "eta", "gamma_tilde") if measured.quantity == "pca-error" else ()
    return registry.cell(measured, {name: value for name, value in point.items() if name not in alone})


def median(measured: Measured, point: ModelPoint) -> float:
    """The median of the quantity at a setting; NaN where it is not known."""
    cell = _cell(measured, point)
    if cell.quantity in COMBINED:
        laws = _laws(cell)
        return min(law.quantile(0.5) for law in laws) if laws else math.nan
    drawn = _drawn(cell)
    return float(np.median(drawn)) if drawn else math.nan


@lru_cache(maxsize=1024)
def _interval(count: int, size: int) -> tuple[float, float]:
    return clopper_pearson(count, size, 1e-6)


def broken(measured: Measured, point: ModelPoint, limit: float, upper: bool) -> tuple[float, float, float]:
    """(low, likely, high) of the probability that the quantity passes the limit; (0, 1, 1) if not known."""
    unknown = 0.0, 1.0, 1.0
    if math.isnan(limit):
        return unknown
    cell = _cell(measured, point)
    if cell.quantity in COMBINED:
        laws = _laws(cell)
        if not laws:
            return unknown
        above = math.prod(float(law.sf(max(limit, 0.0))) for law in laws) if limit >= 0 else 1.0
        p = above if upper else 1 - above
        # The law is one to first order in what is left out.
        return 0.9 * p, p, min(1.0, 1.1 * p)
    drawn = np.array(_drawn(cell))
    if not len(drawn):
        return unknown
    count = int(np.count_nonzero(drawn > limit if upper else drawn < limit))
    low, high = _interval(count, len(drawn))
    return low, count / len(drawn), high


def truth(claim: Claim, changed: Statement, seed: int = 0, *, rests: bool = True) -> Known:
    """What is known of a claim's statement with a change; with `rests` from the claim itself being true."""
    if not changed.up_to_constant and changed.relation is Relation.EQUAL:
        return _of_equality(claim, changed)
    delta = delta_of(claim)
    measured = measured_of(claim)
    if changed.up_to_constant:
        return _of_rate(claim, changed, _region(claim, changed, measured), seed, rests)
    if delta is None:
        return Known(injected.truth(claim.stated, changed), "as it follows from the claim")
    return _of_bound(claim, changed, _region(claim, changed, measured, delta), seed, rests)


def _of_equality(claim: Claim, changed: Statement) -> Known:
    return Known(injected.truth(claim.stated, changed), "another value at a point, or the same at all")


def _region(claim: Claim, changed: Statement, measured: Measured, delta: float = 0.05) -> ModelRegion:
    """Where the conditions hold: the same region for all bounds that need no other numbers."""
    known = changed.bound.free_symbols <= claim.stated.bound.free_symbols
    bound = claim.bound if known else changed.bound
    return ModelRegion(
        Statement(bound, claim.relation, changed.conditions, changed.up_to_constant), measured, delta
    )


@lru_cache(maxsize=64)
def ways(region: ModelRegion, seed: int) -> tuple[tuple[list[ModelPoint], list[float]], ...]:
    """The ways through a region, the same for every mistake that leaves it as it is.

    Those from one base begin once more where all pairs are clean: a factor 1 - eta is 0 along them.
    """
    count = BASES if region.measured.quantity in COMBINED else 2
    bases = region.bases(count, seed)
    clean = [{**at, "eta": region.box["eta"][1]} for at in bases[:1] if "eta" in region.moving]
    return tuple(way for base in [*bases, *clean] for way in region.ways(base))


def corners(region: ModelRegion, seed: int) -> list[ModelPoint]:
    """Settings at the ends that belong to the region."""
    return [point for base in region.bases(2, seed) for point in region.corners(base)]


def _of_bound(claim: Claim, changed: Statement, region: ModelRegion, seed: int, rests: bool) -> Known:
    """A bound with numbers is false where the quantity passes it too often, true where it says no more."""
    upper = changed.relation is Relation.UPPER
    points = [point for places, _ in ways(region, seed) for point in places] + corners(region, seed)
    points += region.anywhere(np.random.default_rng([seed, 31]), ANYWHERE)
    points = list({tuple(sorted(p.items())): p for p in points}.values())
    own, limits = numbers(claim.stated, points), numbers(changed, points)
    sign = 1 if upper else -1
    same = rests and changed.relation is claim.relation and changed.conditions == claim.conditions
    if points and same and bool(np.all(sign * limits >= sign * own - 1e-9 * abs(own))):
        return Known("true", "says no more than the claim at every setting tried")
    worst = 0.0
    # Those that lie nearest to the quantity first.
    for at in np.argsort(sign * np.nan_to_num(limits / own, nan=sign * np.inf)):
        low, share, high = broken(region.measured, points[at], float(limits[at]), upper)
        if low > OFTEN * region.delta:
            return Known("false", f"broken with probability {low:.3g} or more", points[at])
        # Of few draws the share itself has to do; too low a one makes a truth that a run would deny.
        worst = max(worst, high if region.measured.quantity in COMBINED else share)
    if points and worst <= region.delta:
        return Known("true", f"the law keeps it at {len(points)} settings")
    return Known("unknown", "nothing breaks it and not all is known")


def _of_rate(claim: Claim, changed: Statement, region: ModelRegion, seed: int, rests: bool) -> Known:
    """A rate is false where the ratio to it grows without an end, true where it stays bounded."""
    sides = {Relation.UPPER: (1,), Relation.LOWER: (-1,), Relation.EQUAL: (1, -1)}[changed.relation]  # type: ignore[index]
    same = rests and changed.relation is claim.relation and changed.conditions == claim.conditions
    if -1 in sides and (place := _nothing_left(region, changed, seed)) is not None:
        return Known("false", "the quantity is 0 where the rate is not", place)
    if (place := _impossible(claim, region, changed, sides, seed)) is not None:
        return Known("false", "the rate is not positive where the quantity is, or infinite", place)
    reach = None if same else _reach(claim, region.measured, seed)
    found = _on_ways(claim, changed, region, seed, sides, reach)
    if isinstance(found, Known):
        return found
    # Of a few dimensions draws show no rate; and what names no size may be meant for every one.
    known = same or (region.measured.quantity in COMBINED and not region.for_large_sizes)
    # A way on which the law is not known, or that may end where the box does, leaves it open.
    open_ = (same or changed.conditions != claim.conditions) and False in found
    if not all((known, region.seen_whole, True in found, not open_)):
        return Known("unknown", "the conditions allow more than is known")
    if same and (doubt := _doubt(claim, changed, region, seed)):
        return Known("unknown", doubt)
    return Known("true", f"the ratio stays bounded on {found.count(True)} ways")


def _doubt(claim: Claim, changed: Statement, region: ModelRegion, seed: int) -> str:
    """Why a rate that nothing known breaks, under the claim's own conditions, is not known to be true."""
    if unseen := _unseen(claim, changed):
        return unseen
    if not _implied(claim, changed, region, seed):
        return "stronger than the claim somewhere, and nothing known breaks it"
    return ""


def _on_ways(
    claim: Claim,
    changed: Statement,
    region: ModelRegion,
    seed: int,
    sides: Sequence[int],
    reach: dict[int, float] | None,
) -> Known | list[bool | None]:
    """What the first way shows on which the rate is false, else what each of them does."""
    seen: list[bool | None] = []
    for way in ways(region, seed):
        found = _on_way(claim, changed, region, way, sides, reach)
        if isinstance(found, Known):
            return found
        seen.append(found)
    return seen


def _on_way(
    claim: Claim,
    changed: Statement,
    region: ModelRegion,
    way: tuple[list[ModelPoint], list[float]],
    sides: Sequence[int],
    reach: dict[int, float] | None,
) -> Known | bool | None:
    """What one way shows of a rate: that it is false; True where it is bounded, False where not known.

    None where it says nothing: a lower bound that is negative.  `reach` is None where only the bound changed.
    """
    places, lengths = way
    true, stated = numbers(claim.stated, places), numbers(changed, places)
    if not (np.isfinite(stated) & (stated > 0)).all():
        return _without_a_number(stated, places, sides)
    with np.errstate(all="ignore"):
        weaker = np.log(true / stated)
    grows = any(_sustained(side * weaker, lengths) for side in sides)
    if reach is None and (known := _beside(weaker, lengths, sides)) is not None:
        return known
    if reach is None and changed.relation is Relation.EQUAL and grows:
        return Known("false", f"another rate, by {math.exp(abs(weaker[-1] - weaker[0])):.3g}", places[-1])
    ratio = _ratios(region, changed, places)
    if not np.isfinite(ratio).all():
        return False
    for side in sides:
        beyond = reach is None or side * ratio[-1] >= reach[side] + math.log(BEYOND)
        if beyond and _sustained(side * ratio, lengths):
            return Known("false", f"off by {math.exp(abs(ratio[-1] - ratio[0])):.3g} on a way", places[-1])
    return not any(_sustained(side * ratio, lengths, SLIGHT) for side in sides)


def _without_a_number(
    stated: Array, places: Sequence[ModelPoint], sides: Sequence[int]
) -> Known | bool | None:
    """What a way shows of a rate that is not positive, or infinite: that one is no bound from above."""
    if 1 not in sides:
        return None
    if tuple(sides) == (1,) and (stated > 0).all():
        return True
    return Known("false", "a rate that is not positive somewhere", places[-1])


def _beside(weaker: Array, lengths: Sequence[float], sides: Sequence[int]) -> bool | None:
    """What follows on a way from the claim itself: True if a changed rate is a constant stronger at most.

    False where it is nowhere stronger, on a way that may end where the box does; None where nothing follows.
    """
    if not np.isfinite(weaker).all():
        return None
    if not any(_sustained(side * weaker, lengths, SLIGHT) for side in sides):
        return True
    return False if all((side * weaker <= 0).all() for side in sides) else None


def _nothing_left(region: ModelRegion, stated: Statement, seed: int) -> ModelPoint | None:
    """A setting where both spaces are everything, so that no error is left, and the rate is positive."""
    bases = region.bases(BASES, seed)
    bases += [{**at, "multiple": region.box["multiple"][1]} for at in bases]  # a law is one of many pairs
    places = [place for at in bases if (place := region.filled(at)) is not None]
    rates = numbers(stated, places)
    found = (p for p, rate in zip(places, rates, strict=True) if rate > 0 and median(region.measured, p) == 0)
    return next(found, None)


def _impossible(
    claim: Claim, region: ModelRegion, stated: Statement, sides: Sequence[int], seed: int
) -> ModelPoint | None:
    """A setting at an end where the claim's own rate has a number and the stated one can be none.

    From above it is not positive where the quantity is; from below it is infinite.
    """
    places = corners(region, seed)
    for place, own, rate in zip(places, numbers(claim.stated, places), numbers(stated, places), strict=True):
        infinite = -1 in sides and math.isinf(rate)
        if 0 < own < math.inf and (infinite or (1 in sides and rate <= 0 < median(region.measured, place))):
            return place
    return None


def _unseen(claim: Claim, changed: Statement) -> str:
    """What two rates differ in that no way shows, in words: nothing, or what has a window, or delta."""
    differ = (claim.bound / changed.bound).free_symbols
    if symbols.delta in differ:
        return "another dependence on delta, and a rate is held against medians"
    for parameter in differ:
        low, high = numbers_around(changed.conditions, parameter)
        if low > 0 and (high < math.inf or parameter in (symbols.eta, symbols.P)):
            return "another power of what has only a window"
    return ""


def _implied(claim: Claim, changed: Statement, region: ModelRegion, seed: int) -> bool:
    """Whether a changed rate is nowhere stronger than the claim's by more than a constant.

    The largest ratio of the two is taken over boxes that grow: it must not grow with them.
    """
    generator = np.random.default_rng([seed, 29])
    sides = {Relation.UPPER: (1,), Relation.LOWER: (-1,), Relation.EQUAL: (1, -1)}[changed.relation]  # type: ignore[index]
    largest = []
    for size in (1e2, 1e4, 1e6):
        places = region.anywhere(generator, MANY, size)
        with np.errstate(all="ignore"):
            ratio = np.log(numbers(claim.stated, places) / numbers(changed, places))
        ratio = ratio[np.isfinite(ratio)]
        largest.append([float((side * ratio).max(initial=-math.inf)) for side in sides])
    return all(last <= max(first, middle, 0.0) + SAME for first, middle, last in zip(*largest, strict=True))


@lru_cache(maxsize=128)
def _reach(claim: Claim, measured: Measured, seed: int) -> dict[int, float]:
    """How far log(quantity/rate) reaches to each side where the claim holds, as far as the claim says."""
    region = ModelRegion(claim.stated, measured)
    found = _ratios(
        region, claim.stated, [p for places, _ in ways(region, seed) for p in (places[0], places[-1])]
    )
    found = found[np.isfinite(found)]
    if not len(found):
        return {1: math.inf, -1: math.inf}
    high, low = float(found.max()), float(found.min())
    # An upper bound says nothing of small values, nor a lower one of large.
    return {
        1: low if claim.relation is Relation.LOWER else high,
        -1: -high if claim.relation is Relation.UPPER else -low,
    }


def _ratios(region: ModelRegion, stated: Statement, places: Sequence[ModelPoint]) -> Array:
    """log(quantity/rate) at each place; NaN where it is not known."""
    found = np.array([median(region.measured, point) for point in places])
    with np.errstate(all="ignore"):
        return np.asarray(np.log(found / numbers(stated, places)))


def _sustained(ratio: Array, lengths: Sequence[float], least: float = SUSTAINED) -> bool:
    """Whether a log-ratio grows by a power of `least` or more on both of the last parts of a way."""
    steps, parts = np.diff(ratio), np.diff(lengths)
    if not np.isfinite(ratio).all() or not (parts[-2:] >= LEAST_LENGTH).all():
        return False
    before, last = steps[-2:] / parts[-2:]
    return bool(before >= least and last >= max(least, STEADY * before))
