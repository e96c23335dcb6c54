"""From a claim to what is drawn for it: cells, replicates and power, all fixed before sampling."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, singledispatch
from typing import Any

import numpy as np
import sympy as sp

from bounds.claim import Certificate, Claim, Law, Level, Path, Proof, Relation, Scaling, Search, Tail
from verification.errors import InvalidArgument, UnderpoweredDesign
from verification.quantities import registry
from verification.quantities.registry import Cell
from verification.setting import Setting
from verification.statistics import distribution, slopes, tail


@dataclass(frozen=True)
class Profile:
    """How much a run may spend.

    `pairs` bounds the pairs drawn one by one in one cell (an unfiltered fit draws none), `draws`
    the replicates of one cell; `tail_cap` is the longest sequential test in multiples of the
    shortest that can pass; `random_settings` scales how many random settings a tail claim asks for, and
    how many instances a search tries; `noise` is the share of a margin or tolerance that a design
    leaves to sampling: a claim that is off by the rest of it passes almost surely.  Without
    `inner_points` only the ends of a family are drawn.
    """

    name: str
    pairs: float
    draws: int
    tail_cap: float
    random_settings: float
    noise: float
    inner_points: bool


PROFILES = {
    "quick": Profile("quick", 5.0e7, 16_000, 2.0, 0.5, 0.75, False),
    "standard": Profile("standard", 1.0e9, 20_000, 3.0, 1.0, 0.6, True),
    "thorough": Profile("thorough", 1.0e10, 200_000, 5.0, 20.0, 0.25, True),
}

BETA = 1e-6
"""Probability that a check misses a violation of the size that it promises to find."""

EARLY = 0.4
"""Share of its replicates after which a check of fixed size is judged a first time."""

KAPPA = 2.0
"""A tail check that passes excludes that the bound is broken KAPPA times as often as claimed.

What it is sure to refute is larger, as its cap is finite: about 0.21, 0.17 and 0.14 by profile for a claimed
0.05, and `Power.smallest` states it for each check.
"""


@dataclass(frozen=True)
class Plan:
    """One check of one claim, ready to draw: cells with their replicates, and its share of alpha.

    `points` are the parameter values by name (those of the bound among them), one for each cell;
    `left_out` names points of the path that the profile's budget cannot pay for.  It is judged at each
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
    test: tail.TailTest | None = None

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
            left_out=tuple(left_out),
        )


def checks(claims: Sequence[Claim]) -> list[tuple[str, Claim, Any]]:
    """Every check with its name in the ledger: claim id, kind and number."""
    return [
        (f"{claim.id}/{type(check).__name__.lower()}-{i}", claim, check)
        for claim in claims
        for i, check in enumerate(claim.checks, start=1)
    ]


def included(check: Any, profile: Profile) -> bool:
    """Whether the profile makes the check: the quick one leaves out what only the dear ones can pay."""
    order = list(PROFILES)
    return order.index(getattr(check, "least", "quick")) <= order.index(profile.name)


def plan(
    name: str, claim: Claim, check: Any, alpha: float, profile: Profile, module: str | None, seed: int
) -> Plan:
    """The design of one check at its share of the budget.

    Raises UnderpoweredDesign, and InvalidArgument for a check that cannot judge the claim's relation.
    """
    one_sided = isinstance(check, (Tail, Search)) or (isinstance(check, Scaling) and not check.two_sided)
    judged = (Relation.UPPER,) if isinstance(check, Search) else (Relation.UPPER, Relation.LOWER)
    if one_sided and claim.relation is not None and claim.relation not in judged:
        kind = type(check).__name__ + (" of one side" if isinstance(check, Scaling) else "")
        raise InvalidArgument("checks", f"{kind} in {claim.id}", f"cannot judge {claim.relation.name}")
    return _plan(check, Plan(name, claim, check, alpha=alpha), profile, module, seed)


@singledispatch
def _plan(check: Any, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    raise InvalidArgument("check", type(check).__name__, "must be a kind of check that can be judged")


@_plan.register(Proof)
@_plan.register(Certificate)
def _exact(check: Any, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    return base


@_plan.register
def _search(check: Search, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    cell = Cell((), check.measured.quantity, module=module)
    instances = math.ceil(check.instances * profile.random_settings)
    count = min(instances, profile.draws)
    return replace(base, points=({},), cells=(cell,), replicates=count, looks=(count,))


@_plan.register
def _tail(check: Tail, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    points = _family(check.paths, profile)
    count = math.ceil(check.random_settings * profile.random_settings)
    points += random_points(base.claim, points, count, seed)
    placed = _placed(base, check, [{**p, "delta": check.delta} for p in points], module)
    test = tail.TailTest(check.delta, KAPPA, base.alpha / len(points), BETA)
    cap = math.ceil(profile.tail_cap * tail.tail_replicates(test))
    if cap > profile.draws:
        raise _too_dear(base, f"P(broken) at delta = {check.delta:g}", cap, 0, profile)
    if tail.tail_power(test, cap, 1.0) < 1 - test.beta:
        raise UnderpoweredDesign(
            f"{base.name}: {cap} replicates refute P(broken) <= {check.delta:g} at no violation, with "
            f"{base.alpha / len(points):.1g} of alpha for each of {len(points)} settings; a smaller delta, "
            f"fewer settings or a longer profile would"
        )
    looks = (tail.tail_replicates(test), cap)
    return _affordable(replace(placed, replicates=cap, looks=looks, test=test), profile)


@_plan.register
def _scaling(check: Scaling, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    base = _at_most_beta(base)
    placed = _placed(base, check, check.path.points(), module)
    parameter = check.path.parameter.name
    values = [point[parameter] for point in placed.points]
    half_width = check.precision or profile.noise * check.margin
    alpha, beta = _each_look(base)
    for last in range(len(values), 1, -1):
        cells = placed.cells[:last]
        span = abs(math.log(values[last - 1] / values[0]))
        sigma = check.measured.spread or max(spread(cell) for cell in cells)
        points = list(range(last)) if profile.inner_points else [0, last - 1]
        count = slopes.slope_replicates(sigma, span, half_width, alpha, beta, points=len(points))
        dearest = max(cell.pairs for cell in cells) * count
        if count <= profile.draws and dearest <= profile.pairs:
            kept = placed.keep(points, [f"{parameter} = {v:g}" for v in values[last:]])
            return _with_looks(replace(kept, half_width=half_width), count)
    raise _too_dear(base, f"an exponent known to ±{half_width:g}", count, dearest, profile)


@_plan.register
def _level(check: Level, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    base = _at_most_beta(base)
    if check.value is not None and not check.value > 0:
        raise InvalidArgument("value", check.value, f"must be positive in a Level check of {base.claim.id}")
    placed = _placed(base, check, check.path.points(), module)
    sigma = check.measured.spread or max(spread(cell) for cell in placed.cells)
    half_width = profile.noise * check.tolerance
    mass = slopes.normal_mass(math.log1p(half_width), sigma)
    alpha, beta = _each_look(base)
    count = slopes.median_replicates(min(mass, 0.4999), alpha / len(placed.cells), beta)
    dearest = max(cell.pairs for cell in placed.cells) * count
    if count > profile.draws or dearest > profile.pairs:
        raise _too_dear(base, f"a median known to {half_width:.1%}", count, dearest, profile)
    return _with_looks(replace(placed, half_width=half_width), count)


@_plan.register
def _law(check: Law, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    placed = _placed(base, check, _family(check.paths, profile), module)
    noise = check.precision or profile.noise * check.tolerance
    alpha, beta = _each_look(base)
    count = distribution.minimal_samples(noise, alpha / len(placed.cells), beta)
    if count > profile.draws:
        raise _too_dear(base, f"a distance known to {noise:g}", count, 0, profile)
    return _affordable(_with_looks(placed, count), profile)


def _at_most_beta(base: Plan) -> Plan:
    """The plan at a share of no more than BETA: one interval gives both errors their probability."""
    return replace(base, alpha=min(base.alpha, BETA))


def _each_look(base: Plan) -> tuple[float, float]:
    """(alpha, beta) of each of the two looks of a check of fixed size."""
    return base.alpha / 2, BETA / 2


def _with_looks(placed: Plan, count: int) -> Plan:
    """The plan judged after a share of its replicates, and after all where that did not decide."""
    return replace(placed, replicates=count, looks=(math.ceil(EARLY * count), count))


def _family(paths: Sequence[Path], profile: Profile) -> list[dict[str, float]]:
    """The points of all paths, or the ends of each."""
    every = [path.points() for path in paths]
    drawn = every if profile.inner_points else [(points[0], points[-1]) for points in every]
    # A path of one value has one end, and paths may meet.
    return [dict(point) for point in dict.fromkeys(tuple(p.items()) for points in drawn for p in points)]


def _placed(base: Plan, check: Any, points: Sequence[Mapping[str, float]], module: str | None) -> Plan:
    cells = tuple(registry.cell(check.measured, point, module) for point in points)
    return replace(base, points=tuple(points), cells=cells)


def _affordable(placed: Plan, profile: Profile) -> Plan:
    """The plan without the points that cost more than the profile allows."""
    costs = [cell.pairs * placed.replicates for cell in placed.cells]
    kept = [i for i, cost in enumerate(costs) if cost <= profile.pairs]
    if not kept:
        raise _too_dear(placed, "any of its settings", placed.replicates, min(costs), profile)
    left_out = [cell.setting.key for i, cell in enumerate(placed.cells) if i not in kept]
    return placed.keep(kept, left_out)


def _too_dear(base: Plan, wanted: str, replicates: int, pairs: float, profile: Profile) -> UnderpoweredDesign:
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


RANDOM_RANGES: Mapping[str, tuple[float, float]] = {
    "d": (2, 64),
    "d_tilde": (2, 64),
    "eta": (0.02, 1.0),
    "gamma": (0.1, 1e4),
    "gamma_tilde": (0.1, 1e4),
}
"""Log-uniform ranges of random settings; r is uniform up to min(d, d_tilde, 8)."""


def random_points(
    claim: Claim, points: Sequence[Mapping[str, float]], count: int, seed: int
) -> list[dict[str, float]]:
    """`count` settings drawn at random inside the claim's conditions, by rejection.

    Parameters that the claim's own points hold at one value (r = 1, gamma_tilde = inf) keep it.  The
    sample size is the smallest power of two that meets the conditions, times a random factor.
    """
    if not count:  # a claim of one's own may have other parameters
        return []
    rng = np.random.Generator(np.random.Philox(seed))
    names = ("d", "d_tilde", "r", "eta", "gamma", "gamma_tilde")
    fixed = {name: points[0][name] for name in names if len({p[name] for p in points}) == 1}
    # A value that every point shares by chance is not a condition of the claim.
    fixed = {k: v for k, v in fixed.items() if math.isinf(v) or (k == "r" and v == 1)}
    found: list[dict[str, float]] = []
    for _ in range(1000 * count):
        if len(found) == count:
            break
        values: dict[str, float] = {
            name: math.exp(rng.uniform(math.log(low), math.log(high)))
            for name, (low, high) in RANDOM_RANGES.items()
        }
        values["d"], values["d_tilde"] = round(values["d"]), round(values["d_tilde"])
        values["r"] = int(rng.integers(1, int(min(values["d"], values["d_tilde"], 8)) + 1))
        values |= fixed
        factor = 2.0 ** rng.integers(0, 8)
        size = next((2**k for k in range(2, 40) if meets(claim, {**values, "n": 2**k, "delta": 0.05})), None)
        if size is None:
            continue
        values["n"] = int(size * factor)
        Setting(**values)  # type: ignore[arg-type]
        found.append(values)
    if len(found) < count:
        raise UnderpoweredDesign(f"{claim.id}: no random settings meet the conditions")
    return found


def meets(claim: Claim, values: Mapping[str, float]) -> bool:
    """Whether the numbers meet every condition of the claim; an unnamed constant counts as 1."""
    return all(
        bool(_compiled(condition)(*(values.get(s.name, 1) for s in _symbols(condition))))
        for condition in claim.conditions
    )


def _symbols(condition: sp.Basic) -> list[sp.Symbol]:
    return sorted(condition.free_symbols, key=str)


@lru_cache(maxsize=256)
def _compiled(condition: sp.Basic) -> Callable[..., Any]:
    return sp.lambdify(_symbols(condition), condition, modules="numpy")  # type: ignore[no-any-return]
