"""Levels: the median of what is measured is within a tolerance of a stated number.

In documents its evidence is of the kind "mean", a name from before it was the median.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bounds.claim import Level
from verification.checks.judge import Samples, at_thresholds, combine, judge_check, negation, witness_of
from verification.checks.plan import (
    BETA,
    Plan,
    Profile,
    at_most_beta,
    each_look,
    placed_at,
    plan_check,
    spread,
    too_dear,
    with_looks,
)
from verification.errors import InvalidArgument
from verification.statistics import slopes
from verification.statistics.evidence import CellDetails, Evidence, Interval, Outcome, Record


@dataclass(frozen=True)
class LevelAt(Record):
    """One setting: the number stated for it, the median measured, the interval of their ratio."""

    setting: Mapping[str, float]
    target: float
    median: float
    ratio_interval: Interval

    @property
    def ratio(self) -> float:
        """Median measured over number stated."""
        return self.median / self.target


@dataclass(frozen=True)
class LevelDetails(CellDetails):
    """Every setting of a level check."""

    cells: tuple[LevelAt, ...]

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return "relative difference measured"


@plan_check.register
def _plan(check: Level, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    base = at_most_beta(base)
    if check.value is not None and not check.value > 0:
        raise InvalidArgument("value", check.value, f"must be positive in a Level check of {base.claim.id}")
    placed = placed_at(base, check, check.path.points(), module)
    sigma = check.measured.spread or max(spread(cell) for cell in placed.cells)
    half_width = check.precision or profile.noise * check.tolerance
    mass = slopes.normal_mass(math.log1p(half_width), sigma)
    alpha, beta = each_look(base)
    count = slopes.median_replicates(min(mass, 0.4999), alpha / len(placed.cells), beta)
    dearest = max(cell.pairs for cell in placed.cells) * count
    if count > profile.draws or dearest > profile.pairs:
        raise too_dear(base, f"a median known to {half_width:.1%}", count, dearest, profile)
    return with_looks(replace(placed, half_width=half_width), count)


@judge_check.register
def _judge(check: Level, plan: Plan, samples: Samples, seed: int) -> Evidence:
    outcomes: list[Outcome] = []
    rows: list[LevelAt] = []
    for values, cell in zip(plan.points, plan.cells, strict=True):
        target = check.value if check.value is not None else float(plan.claim.bound_at(values))
        drawn = samples(cell)[: plan.judged] / target
        interval = slopes.median_interval(drawn, plan.look_alpha / len(plan.cells))
        outcomes.append(slopes.equivalence(interval, 1.0, check.tolerance))
        rows.append(LevelAt(values, target, float(np.median(drawn)) * target, interval))
    outcome = combine(outcomes)
    worst = max(range(len(rows)), key=lambda i: abs(_log(rows[i].ratio)))
    row, cell = rows[worst], plan.cells[worst]
    witness = None
    if outcome == "fails":
        found = {"setting": row.setting, "median_ratio": row.ratio}
        witness = witness_of(cell, samples(cell), seed, 0, row.target, **found)
    return Evidence(
        kind="mean",
        statement=f"the typical value is {negation(outcome)}within {check.tolerance:.0%} of the stated one"
        + at_thresholds(check.measured),
        outcome=outcome,
        estimate=row.ratio - 1,
        interval=(row.ratio_interval[0] - 1, row.ratio_interval[1] - 1),
        threshold=check.tolerance,
        false_alarm=plan.alpha,
        power=slopes.slope_power(
            # Ratios multiply: the upper end is off by the tolerance and by the half-width of it.
            (1 + check.tolerance) * (plan.half_width or 0.0),
            check.tolerance,
            plan.replicates,
            BETA,
            meaning="relative difference of the typical value from the stated one",
        ),
        replicates=plan.judged * len(rows),
        seed=seed,
        witness=witness,
        details=LevelDetails(tuple(rows)),
    )


def _log(ratio: float) -> float:
    """The logarithm, of what is not positive minus infinity."""
    return math.log(ratio) if ratio > 0 else -math.inf
