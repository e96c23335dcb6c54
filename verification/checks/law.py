"""Laws: the whole distribution of what is measured is a stated one, up to a distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bounds.claim import Law
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
from verification.statistics import distribution
from verification.statistics.evidence import Details, Evidence, Outcome, Record


@dataclass(frozen=True)
class LawAt(Record):
    """One setting: the Kolmogorov distance measured there, and what it decides."""

    setting: Mapping[str, float]
    distance: float
    outcome: Outcome


@dataclass(frozen=True)
class LawDetails(Details):
    """Every setting of a law check."""

    measured_as: str
    cells: tuple[LawAt, ...]
    left_out: tuple[str, ...]

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return self.measured_as

    def at_settings(self) -> Sequence[tuple[Mapping[str, float], Mapping[str, Any]]]:
        """(setting, what was found there by name), for every setting judged."""
        return [(cell.setting, vars(cell)) for cell in self.cells]


@plan_check.register
def _plan(check: Law, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    placed = placed_at(base, check, family(check.paths, profile), module)
    noise = check.precision or profile.noise * check.tolerance
    alpha, beta = each_look(base)
    count = distribution.minimal_samples(noise, alpha / len(placed.cells), beta)
    if count > profile.draws:
        raise too_dear(base, f"a distance known to {noise:g}", count, 0, profile)
    return affordable(with_looks(placed, count), profile)


@judge_check.register
def _judge(check: Law, plan: Plan, samples: Samples, seed: int) -> Evidence:
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
