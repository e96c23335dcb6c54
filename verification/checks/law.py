"""Laws: the whole distribution of what is measured is a stated one, up to a distance.

A bound that is shown beside a law is its root mean square, which is computed and compared at every setting.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from bounds.claim import Law, Relation
from verification.checks.judge import Samples, combine, counted, judge_check, negation, witness_of
from verification.checks.plan import (
    BETA,
    Plan,
    Profile,
    affordable,
    each_look,
    family,
    placed_at,
    plan_check,
    too_dear,
    with_looks,
)
from verification.errors import InvalidArgument
from verification.statistics import distribution
from verification.statistics.evidence import CellDetails, Evidence, Outcome, Record

SAME = 1e-6
"""Relative difference of a bound and its law's root mean square that is an error of rounding."""


@dataclass(frozen=True)
class LawAt(Record):
    """One setting: the Kolmogorov distance measured there, and what it decides."""

    setting: Mapping[str, float]
    distance: float
    outcome: Outcome


@dataclass(frozen=True)
class LawDetails(CellDetails):
    """Every setting of a law check."""

    measured_as: str
    cells: tuple[LawAt, ...]
    left_out: tuple[str, ...]

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return self.measured_as


@plan_check.register
def _plan(check: Law, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    claim = base.claim
    if claim.bound is not None and all(isinstance(c, Law) and c.shown is None for c in claim.checks):
        raise InvalidArgument("checks", base.name, "must say of which law its bound is the root mean square")
    placed = placed_at(base, check, family(check.paths, profile), module)
    noise = check.precision or profile.noise * check.tolerance
    alpha, beta = each_look(base)
    count = distribution.minimal_samples(noise, alpha / len(placed.cells), beta)
    if count > profile.draws:
        raise too_dear(base, f"a distance known to {noise:g}", count, 0, profile)
    return affordable(with_looks(placed, count), profile)


@judge_check.register
def _judge(check: Law, plan: Plan, samples: Samples, seed: int) -> Evidence:
    wrong = bound_differs(check, plan)
    if wrong is not None:
        return wrong
    rates = plan.look_alpha / len(plan.cells), BETA / len(plan.looks)
    results = [
        distribution.law_test(
            samples(cell)[: plan.judged], check.tolerance, *rates, partial(check.cdf, values)
        )
        for values, cell in zip(plan.points, plan.cells, strict=True)
    ]
    outcome = combine([result.outcome for result in results])
    # A band about the largest distance measured covers the largest true one, at these rates whatever the
    # number of settings: its upper end is too low only if the band of that one setting is.
    worst = max(range(len(results)), key=lambda i: results[i].distance)
    largest, cell = results[worst], plan.cells[worst]
    witness = None
    if outcome == "fails":
        drawn, setting = samples(cell), plan.points[worst]
        witness = witness_of(cell, drawn, seed, 0, setting=setting, distance=largest.distance)
    return Evidence(
        kind="law",
        statement=f"the whole distribution is {negation(outcome)}within {check.tolerance:g} of the stated "
        f"one at {counted(len(results), 'setting')}",
        outcome=outcome,
        estimate=largest.distance,
        interval=largest.interval,
        threshold=check.tolerance,
        false_alarm=plan.alpha,
        power=replace(
            largest.power,
            smallest=check.tolerance + distribution.minimal_distance(plan.replicates, *rates),
            replicates=plan.replicates,
            beta=BETA,
        ),
        replicates=plan.judged * len(results),
        seed=seed,
        witness=witness,
        details=LawDetails(
            measured_as=f"{'largest ' * (len(results) > 1)}Kolmogorov distance measured",
            cells=tuple(
                LawAt(values, result.distance, result.outcome)
                for values, result in zip(plan.points, results, strict=True)
            ),
            left_out=plan.left_out,
        ),
    )


def bound_differs(check: Law, plan: Plan) -> Evidence | None:
    """The evidence against a bound that is not the root mean square of its law at some setting.

    None where it is, to rounding, or where the check does not say of which law.
    """
    claim = plan.claim
    if check.shown is None or not isinstance(claim.bound, sp.Expr) or claim.relation is None:
        return None
    for point in plan.points:
        with np.errstate(all="ignore"):
            value = complex(claim.evaluate({**point, **(check.numbers(point) if check.numbers else {})}))
        stated = math.nan if value.imag else value.real
        truth = _root_mean_square(check.shown, tuple(point.items()))
        if not _stands(claim.relation, truth, stated):
            ratio = stated / truth if truth else math.inf
            return Evidence(
                kind="law",
                statement=f"the bound is {ratio:.4g} times the root mean square of its law at a setting",
                outcome="fails",
                estimate=ratio,
                threshold=1.0,
                witness={"setting": dict(point), "bound": stated, "root_mean_square": truth},
            )
    return None


def _stands(relation: Relation, truth: float, stated: float) -> bool:
    """Whether `truth` stands to `stated` as the relation says, to rounding; to no value it does not."""
    if not math.isfinite(stated):
        return False
    room = SAME * max(abs(truth), abs(stated))
    not_above, not_below = truth <= stated + room, truth >= stated - room
    return (not_above or relation is Relation.LOWER) and (not_below or relation is Relation.UPPER)


@lru_cache(maxsize=1024)  # every wrong version of a bound is held against the same laws
def _root_mean_square(law: Callable[..., Any], point: tuple[tuple[str, float], ...]) -> float:
    return distribution.root_mean_square(partial(law, dict(point)))
