"""From a claim to what is drawn for it: cells, replicates and power, all fixed before sampling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from bounds.checks import Check
from bounds.claim import Claim, Path, Relation
from verification.checks.conditions import idle, looked, within
from verification.errors import InvalidArgument, UnderpoweredDesign
from verification.quantities import registry
from verification.quantities.registry import Cell
from verification.statistics import slopes
from verification.statistics.ledger import Ledger
from verification.statistics.tail import TailTest


@dataclass(frozen=True)
class Profile:
    """How much a run may spend.

    `pairs` bounds the pairs drawn one by one in one cell (an unfiltered fit draws none), `draws`
    the replicates of one cell; `tail_cap` is the longest sequential test in multiples of the
    shortest that can pass; `random_settings` scales how many random settings a tail claim asks for, and
    how many instances a search tries; `noise` is the share of a margin or tolerance that a design
    leaves to sampling: a claim that is off by the rest of it passes almost surely.  Without
    `inner_points` only the ends of a family are drawn.  `attack` is how many settings a claim about all of
    them is attacked with before it is supported; 0 for no attack.  `mistakes` of each kind are injected
    into each claim, and judged.
    """

    name: str
    pairs: float
    draws: int
    tail_cap: float
    random_settings: float
    noise: float
    inner_points: bool
    attack: int
    mistakes: int = 0


PROFILES = {
    "quick": Profile("quick", 5.0e7, 16_000, 2.0, 0.5, 0.75, False, 0),
    "standard": Profile("standard", 1.0e9, 20_000, 3.0, 1.0, 0.6, True, 0),
    "thorough": Profile("thorough", 1.0e10, 200_000, 5.0, 20.0, 0.25, True, 150, 1),
}

BETA = 1e-6
"""Probability that a check misses a violation of the size that it promises to find."""

EARLY = 0.4
"""Share of its replicates after which a check of fixed size is judged a first time."""


@dataclass(frozen=True)
class Plan:
    """One check of one claim, ready to draw: cells with their replicates, and its share of alpha.

    `points` are the parameter values by name (those of the bound among them), one for each cell;
    `left_out` names points of the path that the profile's budget cannot pay for, or that lie outside the
    claim's conditions; with `nowhere` all do, and nothing is drawn.  It is judged at each
    of its `looks`, numbers of replicates that rise to `replicates`, until it is decided; `judged` is
    the one at hand.
    """

    name: str
    claim: Claim
    check: Any
    points: tuple[Mapping[str, float], ...] = ()
    cells: tuple[Cell, ...] = ()
    replicates: int = 0
    looks: tuple[int, ...] = ()
    judged: int = 0
    alpha: float = 0.0
    left_out: tuple[str, ...] = ()
    half_width: float | None = None
    test: TailTest | None = None
    nowhere: bool = False

    @property
    def look_alpha(self) -> float:
        """The share of alpha that one look spends; a sequential test pays for all of its looks at once."""
        return self.alpha if self.test is not None else self.alpha / max(1, len(self.looks))

    def at(self, look: int) -> Plan:
        """The plan as judged by its first `look` replicates."""
        return replace(self, judged=look)

    def keep(self, kept: Sequence[int], left_out: Sequence[str] = ()) -> Plan:
        """The plan at some of its points only; the rest is named as left out."""
        return replace(
            self,
            points=tuple(self.points[i] for i in kept),
            cells=tuple(self.cells[i] for i in kept),
            left_out=(*self.left_out, *left_out),
        )


def plan_run(
    claims: Sequence[Claim],
    budget: Sequence[Claim],
    alpha: float,
    profile: Profile,
    module: str | None,
    seed: int,
    others: Sequence[str] = (),
) -> tuple[Ledger, dict[str, Plan]]:
    """How alpha is split over every check of `budget`, and the plan of each check of `claims` by its name.

    `claims` are among the budget's; a check that the profile does not make has a share and no plan.  `others`
    are names that have a share beside the checks.  Nothing is drawn.  Raises InvalidArgument and
    UnderpoweredDesign.
    """
    missing = {claim.id for claim in claims} - {claim.id for claim in budget}
    if missing:
        raise InvalidArgument("budget", sorted(missing)[0], "must name every claim that is judged")
    names = [*(name for name, _, _ in named_checks(budget)), *others]
    ledger = Ledger(alpha, dict.fromkeys(names, 1.0)).seal()
    plans = {
        name: plan(name, claim, check, ledger.share(name), profile, module, seed)
        for name, claim, check in named_checks(claims)
        if included(check, profile)
    }
    return ledger, plans


def named_checks(claims: Sequence[Claim]) -> list[tuple[str, Claim, Any]]:
    """Every check with its name in the ledger: claim id, kind and number."""
    return [
        (f"{claim.id}/{type(check).__name__.lower()}-{i}", claim, check)
        for claim in claims
        for i, check in enumerate(claim.checks, start=1)
        if not idle(check, claim.conditions)
    ]


def made(claim: Claim, profile: Profile) -> tuple[Check, ...]:
    """The claim's checks that a run of the profile makes, at the settings that meet its conditions."""
    return tuple(check for check in within(claim).checks if included(check, profile))


def included(check: Any, profile: Profile) -> bool:
    """Whether the profile makes the check: the quick one leaves out what only the dear ones can pay."""
    order = list(PROFILES)
    return order.index(getattr(check, "least", "quick")) <= order.index(profile.name)


def plan(
    name: str, claim: Claim, check: Any, alpha: float, profile: Profile, module: str | None, seed: int
) -> Plan:
    """The design of one check at its share of the budget.

    Raises UnderpoweredDesign, and InvalidArgument for a check that cannot judge the claim's relation or has
    no setting.
    """
    found = looked(check, claim.conditions)
    outside = tuple(f"{setting} (outside the conditions)" for setting in found.outside)
    base = Plan(name, within(claim), found.check, alpha=alpha, left_out=outside, nowhere=found.nowhere)
    return base if found.nowhere else plan_check(found.check, base, profile, module, seed)


@singledispatch
def plan_check(check: Any, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    """The plan of one kind of check, which enters itself here."""
    raise InvalidArgument("check", type(check).__name__, "must be a kind of check that can be judged")


def can_judge(
    base: Plan, kind: str, relations: Sequence[Relation] = (Relation.UPPER, Relation.LOWER)
) -> None:
    """Raises InvalidArgument where the claim has another relation than a check of one side can judge."""
    claim = base.claim
    if claim.relation is not None and claim.relation not in relations:
        raise InvalidArgument("checks", f"{kind} in {claim.id}", f"cannot judge {claim.relation.name}")


def at_most_beta(base: Plan) -> Plan:
    """The plan at a share of no more than BETA: one interval gives both errors their probability."""
    return replace(base, alpha=min(base.alpha, BETA))


def each_look(base: Plan) -> tuple[float, float]:
    """(alpha, beta) of each of the two looks of a check of fixed size."""
    return base.alpha / 2, BETA / 2


def with_looks(placed: Plan, count: int) -> Plan:
    """The plan judged after a share of its replicates, and after all where that did not decide."""
    return replace(placed, replicates=count, looks=(math.ceil(EARLY * count), count))


def family(paths: Sequence[Path], profile: Profile) -> list[dict[str, float]]:
    """The points of all paths, or the ends of each."""
    every = [path.points() for path in paths]
    drawn = every if profile.inner_points else [(points[0], points[-1]) for points in every if points]
    # A path of one value has one end, and paths may meet.
    return [dict(point) for point in dict.fromkeys(tuple(p.items()) for points in drawn for p in points)]


def placed_at(base: Plan, check: Any, points: Sequence[Mapping[str, float]], module: str | None) -> Plan:
    """The plan at these points, with the cell of each; raises InvalidArgument without any."""
    if not points:
        raise InvalidArgument("checks", base.name, "must have a setting")
    cells = tuple(registry.cell(check.measured, point, module) for point in points)
    return replace(base, points=tuple(points), cells=cells)


def affordable(placed: Plan, profile: Profile) -> Plan:
    """The plan without the points that cost more than the profile allows."""
    costs = [cell.pairs * placed.replicates for cell in placed.cells]
    kept = [i for i, cost in enumerate(costs) if cost <= profile.pairs]
    if not kept:
        raise too_dear(placed, "any of its settings", placed.replicates, min(costs), profile)
    left_out = [cell.setting.key for i, cell in enumerate(placed.cells) if i not in kept]
    return placed.keep(kept, left_out)


def too_dear(base: Plan, wanted: str, replicates: int, pairs: float, profile: Profile) -> UnderpoweredDesign:
    """The error that says what a check wants and what the profile has."""
    return UnderpoweredDesign(
        f"{base.name}: {wanted} takes {replicates} replicates and {pairs:.2g} pairs in one cell; "
        f"the {profile.name} profile allows {profile.draws} and {profile.pairs:.2g}"
    )


OTHER_SPREAD = 0.3
"""Standard deviation of the log of a quantity that is no error, for planning."""


def spread(cell: Cell) -> float:
    """The standard deviation of the log of the cell's quantity that a design plans with.

    An error is to first order a chi variable with (d - r) r or (d_tilde - r) r degrees of freedom;
    the larger of two spreads no more than the worse of them.  Other quantities are norms and averages
    of many terms.  Where a quantity spreads more (an error near the sample condition, say), its
    `Measured.spread` says so; the tests hold every design of the register against what is drawn.  Too
    small a number costs power, never a false alarm.
    """
    if cell.quantity not in registry.COMBINED:
        return OTHER_SPREAD
    setting = cell.setting
    noisy = [
        (dimension - setting.r) * setting.r
        for dimension, gamma in ((setting.d, setting.gamma), (setting.d_tilde, setting.gamma_tilde))
        if dimension > setting.r and math.isfinite(gamma)
    ]
    sigma = slopes.log_chi_sigma(min(noisy)) if noisy else OTHER_SPREAD
    # The errors of a ratio are independent.
    return math.sqrt(2) * sigma if cell.quantity == "error-ratio" else sigma
