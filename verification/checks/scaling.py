"""Scalings: the power of a parameter by which measured over bound moves along a path."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from bounds.claim import Claim, Relation, Scaling
from bounds.proof.region import flattened
from verification.checks.judge import (
    Samples,
    against,
    at_thresholds,
    bounds,
    comes_to_an_end,
    harmless,
    judge_check,
    ratios_to_bound,
    thresholds,
    witness_of,
)
from verification.checks.plan import (
    BETA,
    Plan,
    Profile,
    at_most_beta,
    can_judge,
    each_look,
    placed_at,
    plan_check,
    spread,
    too_dear,
    with_looks,
)
from verification.engines.estimate import Array
from verification.errors import InvalidArgument
from verification.quantities.registry import ERRORS
from verification.statistics import slopes
from verification.statistics.evidence import Details, Evidence, Outcome


@dataclass(frozen=True)
class ScalingDetails(Details):
    """The family of a scaling: its settings in order, the median ratio at each, the slopes between them.

    `against` is +1 where growth breaks the claim, -1 where a fall does; `loose` says that the exponent is off
    to the side that leaves the bound true, by more than the margin.  `asked` are the powers of the factor
    travelled by which other parameters must move with it where a growth is to go on: what a condition asks of
    one that stands still, and the pairs that keep an error as far below its largest value as it is.
    """

    parameter: str
    thresholds: tuple[str, ...]
    two_sided: bool
    against: float
    values: tuple[float, ...]
    median_ratio: tuple[float, ...]
    local_slopes: tuple[float, ...]
    settings: tuple[Mapping[str, float], ...]
    left_out: tuple[str, ...]
    loose: bool = False
    asked: Mapping[str, float] = field(default_factory=dict)

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return "log-log slope of error/bound measured"

    def at_settings(self) -> Sequence[tuple[Mapping[str, float], Mapping[str, Any]]]:
        """(setting, what was found there by name), for every setting judged."""
        pairs = zip(self.settings, self.median_ratio, strict=True)
        return [(setting, {"median_ratio": ratio}) for setting, ratio in pairs]


@plan_check.register
def _plan(check: Scaling, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    if not check.two_sided:
        can_judge(base, "Scaling of one side")
    base = at_most_beta(base)
    placed = placed_at(base, check, check.path.points(), module)
    parameter = check.path.parameter.name
    values = [point[parameter] for point in placed.points]
    if len(values) < 2:
        raise InvalidArgument("checks", base.name, "must have two settings at least")
    half_width = check.precision or profile.noise * check.margin
    alpha, beta = each_look(base)
    for last in range(len(values), 1, -1):
        cells = placed.cells[:last]
        span = abs(math.log(values[last - 1] / values[0]))
        sigma = check.measured.spread or max(spread(cell) for cell in cells)
        points = list(range(last)) if profile.inner_points else [0, last - 1]
        count = slopes.slope_replicates(sigma, span, half_width, alpha, beta, points=len(points))
        dearest = max(cell.pairs for cell in cells) * count
        if count <= profile.draws and dearest <= profile.pairs:
            kept = placed.keep(points, [f"{parameter} = {v:g}" for v in values[last:]])
            return with_looks(replace(kept, half_width=half_width), count)
    raise too_dear(base, f"an exponent known to ±{half_width:g}", count, dearest, profile)


@judge_check.register
def _judge(check: Scaling, plan: Plan, samples: Samples, seed: int) -> Evidence:
    assert plan.half_width is not None
    if (wrong := _no_number(plan, samples, seed)) is not None:
        return wrong
    sign = against(plan.claim)
    parameter = check.path.parameter.name
    log_x = np.log([point[parameter] for point in plan.points])
    for cell in plan.cells:
        lowest = float(np.min(samples(cell)[: plan.judged]))
        if lowest < 0:
            raise InvalidArgument(cell.quantity, lowest, "must not be negative: it has no exponent then")
    log_ratios = [np.log(ratios) for ratios in ratios_to_bound(plan, samples)]
    result, outcome, loose = _slope(check, plan, log_x, log_ratios)
    ratios = tuple(math.exp(float(np.median(v))) for v in log_ratios)
    witness = None
    if outcome == "fails":
        # One draw where the ratio is furthest from its start; the median of all stands beside its own ratio.
        last = plan.cells[-1]
        bound = float(bounds(plan)[-1])
        witness = witness_of(last, samples(last), seed, 0, bound, median_ratio=ratios[-1])
    return Evidence(
        kind="scaling",
        statement=_statement(check, outcome, sign, log_x, loose) + at_thresholds(check.measured),
        outcome=outcome,
        estimate=result.end[0],
        interval=result.end[1],
        threshold=check.margin,
        false_alarm=plan.alpha,
        power=slopes.slope_power(plan.half_width, check.margin, plan.replicates, BETA),
        replicates=result.replicates,
        seed=seed,
        witness=witness,
        details=ScalingDetails(
            parameter=parameter,
            thresholds=thresholds(check.measured),
            two_sided=check.two_sided,
            against=sign,
            values=tuple(float(point[parameter]) for point in plan.points),
            median_ratio=ratios,
            local_slopes=tuple(estimate for estimate, _ in result.local),
            settings=tuple(dict(point) for point in plan.points),
            left_out=plan.left_out,
            loose=loose,
            asked=_asked(check, plan, ratios) if outcome == "fails" else {},
        ),
    )


def _asked(check: Scaling, plan: Plan, median_ratio: Sequence[float]) -> dict[str, float]:
    """The powers of the factor travelled by which other parameters must move with a growth, by name."""
    if plan.claim.relation is Relation.EQUAL:
        return {}
    name = check.path.parameter.name
    places = [
        (point, ratio * limit / math.sqrt(point.get("r", 1)))
        for point, ratio, limit in zip(plan.points, median_ratio, bounds(plan), strict=True)
    ]
    if against(plan.claim) * (median_ratio[-1] - median_ratio[0]) < 0:
        places.reverse()
    (first, near), *_, (last, far) = places
    along = abs(math.log(last[name] / first[name]))
    asked = _by_conditions(plan.claim, first, last)
    if check.measured.quantity in ERRORS and plan.claim.relation is Relation.UPPER and "n" in first:
        # No error exceeds sqrt(r): what comes nearer goes on only if more pairs, 1/sqrt(n), keep it away.
        asked["n"] = max(asked.get("n", 0.0), 2 * _log_change(near, far))
    return {name: power / along for name, power in asked.items()}


def _by_conditions(claim: Claim, first: Mapping[str, float], last: Mapping[str, float]) -> dict[str, float]:
    """The log-factors that the conditions ask of parameters that stand still between two settings, by name.

    Or on a further stretch like the one between them: what a condition asks may set in late.
    """
    beyond = {name: last[name] * math.exp(_log_change(first[name], last[name])) for name in first}
    asked: dict[str, float] = {}
    for condition in flattened(claim.conditions):
        if not isinstance(condition, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
            continue
        for side, other, sign in ((condition.gts, condition.lts, 1), (condition.lts, condition.gts, -1)):
            if side.is_Symbol and side.name in first and first[side.name] == last[side.name]:
                sides = [_number(other, point) for point in (first, last, beyond)]
                change = max(sign * _log_change(*pair) for pair in pairwise(sides))
                if change > abs(asked.get(side.name, 0.0)):
                    asked[side.name] = sign * change
    return asked


def _number(expression: sp.Expr, point: Mapping[str, float]) -> float:
    """An expression's number at a setting, an unnamed constant being 1; NaN where it has none above 0."""
    number = expression.xreplace({s: sp.sympify(point.get(s.name, 1)) for s in expression.free_symbols})
    return float(number) if number.is_positive and number.is_finite else math.nan


def _log_change(first: float, last: float) -> float:
    """The log of the factor between two numbers; 0 where one of them is none above 0."""
    return math.log(last / first) if 0 < first < math.inf and 0 < last < math.inf else 0.0


def _no_number(plan: Plan, samples: Samples, seed: int) -> Evidence | None:
    """The evidence where the rate is infinite, or one from above is not positive; None for others."""
    limits, relation = bounds(plan), plan.claim.relation
    infinite, negative = np.isinf(limits), limits <= 0
    if infinite.any() and relation is Relation.UPPER:
        return Evidence("scaling", "the bound is infinite at a setting, and says nothing there", "undecided")
    if infinite.any():
        at, what = int(np.argmax(infinite)), "infinite at a setting where the quantity is not"
    else:
        at, what = int(np.argmax(negative)), "not positive at a setting where the quantity is"
        if against(plan.claim) < 0 or not negative[at] or not samples(plan.cells[at])[0] > 0:
            return None
    return Evidence(
        kind="scaling",
        statement=f"the bound is {what}",
        outcome="fails",
        estimate=float(limits[at]),
        threshold=0.0,
        replicates=1,
        seed=seed,
        witness=witness_of(plan.cells[at], samples(plan.cells[at]), seed, 0, float(limits[at])),
    )


def _slope(
    check: Scaling, plan: Plan, log_x: Array, log_ratios: Sequence[Array]
) -> tuple[slopes.SlopeResult, Outcome, bool]:
    """The slope of the log-ratio, what it decides, and whether it shows that the bound is loose."""
    if check.two_sided:
        result = slopes.slope_interval(log_x, log_ratios, plan.look_alpha)
        outcome = slopes.equivalence(result.end[1], 0.0, check.margin)
        loose = outcome == "fails" and harmless(plan.claim, check.path, result.end[0])
        return result, "undecided" if loose else outcome, loose
    along = np.abs(log_x - log_x[0])
    sign = against(plan.claim)
    result = slopes.slope_interval(along, [sign * v for v in log_ratios], plan.look_alpha)
    outcome = slopes.at_most(result.end[1], check.margin)
    if outcome == "fails" and comes_to_an_end(plan.claim, check.path, upwards=bool(log_x[-1] > log_x[0])):
        outcome = "undecided"  # a constant covers what grows on a way that ends
    return result, outcome, bool(result.end[1][1] < -check.margin)


def _statement(check: Scaling, outcome: Outcome, sign: float, log_x: Array, loose: bool) -> str:
    """What is judged, or its contrary where that was found; `log_x` (points,) along the path."""
    parameter, fails = check.path.parameter.name, outcome == "fails"
    if check.two_sided and loose:
        return f"the bound holds, but its exponent of {parameter} is off by more than {check.margin:g}"
    if check.two_sided:
        right = "off by more than " if fails else "right to ±"
        return f"the exponent of {parameter} is {right}{check.margin:g}"
    verb = "grow" if sign > 0 else "fall"
    verb = f"{verb}s" if fails else f"does not {verb}"
    return (
        f"error/bound {verb} faster than the power {check.margin:g} between the ends "
        f"{parameter} = {math.exp(log_x[0]):g} and {parameter} = {math.exp(log_x[-1]):g}"
    )
