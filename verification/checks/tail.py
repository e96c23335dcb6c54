"""Tails: a bound is broken with probability at most delta, at each of several settings.

The sequential test that decides it is `verification/statistics/tail.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bounds.claim import Tail
from verification.checks.conditions import random_points
from verification.checks.judge import (
    Samples,
    against,
    bounds,
    combine,
    counted,
    judge_check,
    ratios_to_bound,
    witness_of,
)
from verification.checks.plan import (
    BETA,
    Plan,
    Profile,
    affordable,
    can_judge,
    family,
    placed_at,
    plan_check,
    too_dear,
)
from verification.engines.estimate import Array
from verification.errors import UnderpoweredDesign
from verification.statistics import slopes, tail
from verification.statistics.evidence import CellDetails, Evidence, Outcome, Record

KAPPA = 2.0
"""A tail check that passes excludes that the bound is broken KAPPA times as often as claimed.

What it is sure to refute is larger, as its cap is finite: about 0.21, 0.17 and 0.14 by profile for a claimed
0.05, and `Power.smallest` states it for each check.
"""


@dataclass(frozen=True)
class TailAt(Record):
    """One setting: how its sequential test ended, and the ratios of measured to bound seen until then.

    `edge_ratio` is the quantile of the ratios that must stay on the bound's side of 1.
    """

    setting: Mapping[str, float]
    outcome: Outcome
    log_e: float
    replicates: int
    exceedances: int
    median_ratio: float
    edge_ratio: float


@dataclass(frozen=True)
class TailDetails(CellDetails):
    """Every setting of a tail check; `excluded` is the probability that a pass rules out."""

    measured_as: str
    claimed: float
    excluded: float
    cells: tuple[TailAt, ...]
    left_out: tuple[str, ...]

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return self.measured_as


@plan_check.register
def _plan(check: Tail, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    can_judge(base, "Tail")
    points = family(check.paths, profile)
    count = math.ceil(check.random_settings * profile.random_settings)
    points += random_points(base.claim, points, count, seed)
    placed = placed_at(base, check, [{**p, "delta": check.delta} for p in points], module)
    test = tail.TailTest(check.delta, KAPPA, base.alpha / len(points), BETA)
    cap = math.ceil(profile.tail_cap * tail.tail_replicates(test))
    if cap > profile.draws:
        raise too_dear(base, f"P(broken) at delta = {check.delta:g}", cap, 0, profile)
    if tail.tail_power(test, cap, 1.0) < 1 - test.beta:
        raise UnderpoweredDesign(
            f"{base.name}: {cap} replicates refute P(broken) <= {check.delta:g} at no violation, with "
            f"{base.alpha / len(points):.1g} of alpha for each of {len(points)} settings; a smaller delta, "
            f"fewer settings or a longer profile would"
        )
    looks = (tail.tail_replicates(test), cap)
    return affordable(replace(placed, replicates=cap, looks=looks, test=test), profile)


@judge_check.register
def _judge(check: Tail, plan: Plan, samples: Samples, seed: int) -> Evidence:
    assert plan.test is not None
    sign = against(plan.claim)
    limits = bounds(plan)
    if not np.isfinite(limits).all():
        return Evidence("tail", "the bound has no value at some setting", "undecided")
    share = 1 - check.delta if sign > 0 else check.delta
    results = []
    for cell, bound in zip(plan.cells, limits, strict=True):
        # The values themselves are compared: a bound <= 0 would turn a ratio's inequality around.
        broken = sign * (samples(cell)[: plan.judged] - bound) > slopes.ROUNDING * abs(bound)
        results.append(tail.run_tail((bool(b) for b in broken), plan.test, plan.judged))
    rows = [
        _at(dict(point), result, ratios[: result.used], share)
        for point, result, ratios in zip(plan.points, results, ratios_to_bound(plan, samples), strict=True)
    ]
    outcome = combine([row.outcome for row in rows])
    # The setting where the bound is nearest to breaking: how far it could move there.
    nearest = (max if sign > 0 else min)(row.edge_ratio for row in rows)
    return Evidence(
        kind="tail",
        statement=f"P(error {'above' if sign > 0 else 'below'} the bound) "
        + _limit(rows, check.delta, plan.test.detectable),
        outcome=outcome,
        estimate=nearest,
        threshold=1.0,
        false_alarm=plan.alpha,
        power=tail.tail_evidence_power(plan.test, plan.replicates),
        replicates=sum(row.replicates for row in rows),
        seed=seed,
        witness=_witness(plan, results, limits, samples, seed),
        slack=(1 / nearest if sign > 0 else nearest) if outcome == "holds" and nearest > 0 else None,
        details=TailDetails(
            # At a stop that the draws chose, and at the worst of several settings: no interval.  One that
            # holds at every stop would have no end here: at the share of alpha that a setting has, so few
            # replicates say nothing of the quantile beyond the largest of them.
            measured_as=f"observed {share:.3g} quantile of error/bound",
            claimed=check.delta,
            excluded=plan.test.detectable,
            cells=tuple(rows),
            left_out=plan.left_out,
        ),
    )


def _at(setting: Mapping[str, float], result: tail.TailResult, ratios: Any, share: float) -> TailAt:
    """What a test found at one setting; `ratios` (used,) are those that it looked at."""
    return TailAt(
        setting=setting,
        outcome=result.outcome,
        log_e=result.log_e,
        replicates=result.used,
        exceedances=result.exceedances,
        median_ratio=float(np.median(ratios)),
        # An order statistic: ratios may be infinite.
        edge_ratio=float(np.quantile(ratios, share, method="inverted_cdf")),
    )


def _witness(
    plan: Plan, results: Sequence[tail.TailResult], limits: Array, samples: Samples, seed: int
) -> dict[str, Any] | None:
    """The first replicate that broke the bound, at the first setting that fails; None where none does."""
    for i, result in enumerate(results):
        if result.outcome == "fails" and result.first is not None:
            cell, setting = plan.cells[i], dict(plan.points[i])
            return witness_of(cell, samples(cell), seed, result.first, float(limits[i]), setting=setting)
    return None


def _limit(rows: Sequence[TailAt], claimed: float, excluded: float) -> str:
    """What was found of the probability that a bound is broken: a pass excludes more than is claimed."""
    where = counted(len(rows), "setting")
    failing, open_ = (sum(row.outcome == word for row in rows) for word in ("fails", "undecided"))
    if failing:
        return f"> {claimed:g} at {failing} of {where}"
    if open_:
        return f"is not shown to be < {excluded:g} (claimed: at most {claimed:g}) at {open_} of {where}"
    return f"< {excluded:g} (claimed: at most {claimed:g}) at {where}"
