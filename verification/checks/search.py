"""Searches: a deterministic inequality, tried on adversarial instances until one breaks it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bounds.claim import Relation, Search
from verification.checks.judge import Samples, judge_check
from verification.checks.plan import BETA, Plan, Profile, can_judge, plan_check
from verification.errors import InvalidArgument
from verification.quantities.registry import Cell
from verification.statistics.evidence import Details, Evidence, Power

ROUNDING = 1e-9
"""Excess over the limit, relative to it, that is an error of rounding."""


@dataclass(frozen=True)
class SearchDetails(Details):
    """A search finds one number and no more."""

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return "largest ratio observed"


@plan_check.register
def _plan(check: Search, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    can_judge(base, "Search", (Relation.UPPER,))
    cell = Cell((), check.measured.quantity, module=module)
    instances = math.ceil(check.instances * profile.random_settings)
    count = min(instances, profile.draws)
    if count < 1:
        raise InvalidArgument("checks", base.name, "must have an instance")
    return replace(base, points=({},), cells=(cell,), replicates=count, looks=(count,))


@judge_check.register
def _judge(check: Search, plan: Plan, samples: Samples, seed: int) -> Evidence:
    (cell,) = plan.cells
    ratios = samples(cell)[: plan.judged]
    limit = float(plan.claim.bound_at({})) if plan.claim.bound is not None else 1.0
    worst = int(np.argmax(ratios))
    broken = bool(ratios[worst] > limit * (1 + ROUNDING))
    return Evidence(
        kind="search",
        statement=f"{cell.quantity} {'passes' if broken else 'never passes'} {limit:g}",
        outcome="fails" if broken else "holds",
        estimate=float(ratios[worst]),
        threshold=limit,
        replicates=len(ratios),
        seed=seed,
        witness={"instance": worst, "ratio": float(ratios[worst])} if broken else None,
        power=Power(
            smallest=min(1.0, -math.log(BETA) / len(ratios)),
            meaning="probability that an adversarial instance breaks the statement",
            replicates=len(ratios),
            beta=BETA,
        ),
        slack=limit / float(ratios[worst]) if 0 < ratios[worst] < math.inf else None,
        details=SearchDetails(),
    )
