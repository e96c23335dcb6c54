"""Adversarial search: the setting inside a claim's conditions whose error comes nearest to breaking it.

Three climbers in turn, each starting from what was found before: differential evolution on the
first-order law (cheap, a guide only), Hypothesis's `target()` on small simulations, and Nelder-Mead on
the continuous parameters.  Noise favours lucky settings, so whatever won is judged again by fresh
replicates that no climber saw; only these are reported.  The same holds between searches: what a file
keeps is judged by draws that had no part in its being kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np

from bounds.claim import Claim, Relation
from verification import simulation
from verification.checks import forecast
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, TooFewPairs, extra, real, whole
from verification.prediction import advice
from verification.quantities import registry
from verification.quantities.registry import Cell
from verification.search.case import Case
from verification.search.space import COORDINATES, MAX_NORMALS, Space, space
from verification.setting import Procedure, simulate_command
from verification.statistics import slopes
from verification.statistics.tail import clopper_pearson

CLIMB = 24
"""Replicates of one evaluation while climbing."""

GUIDED = 8
"""Rounds of evolution, at least, where the law guides: it costs next to nothing beside a simulation."""

SPREAD = 6
"""So many settings that the law finds bad stand for one that is simulated."""

FINALISTS = 4
"""Settings compared by a larger sample of their own before the last one is judged."""

FINAL = 400
"""Fresh replicates that judge the worst setting."""


@dataclass
class _Climb:
    """What the climbers share: the space, their random numbers, and the best settings so far."""

    space: Space
    seed: int
    scores: dict[tuple[tuple[str, float], ...], float] = field(default_factory=dict)
    cubes: dict[tuple[tuple[str, float], ...], tuple[float, ...]] = field(default_factory=dict)

    def score(self, point: Mapping[str, float], cube: tuple[float, ...] | None = None) -> float:
        """log of the simulated ratio at a setting, from few replicates."""
        key = tuple(sorted(point.items()))
        if key not in self.scores:
            self.scores[key] = math.log(_ratio(self.space, point, self.seed, CLIMB))
            if cube is not None:
                self.cubes[key] = tuple(cube)
        return self.scores[key]

    def best(self, count: int) -> list[tuple[tuple[str, float], ...]]:
        """The highest settings, best first."""
        return sorted(self.scores, key=lambda key: -self.scores[key])[:count]


def _ratio(space: Space, point: Mapping[str, float], seed: int, replicates: int) -> float:
    """The claim's ratio at a setting from `replicates` draws."""
    drawn = draws(space.cell(point), seed, replicates)
    ratio = space.ratio(point, forecast.quantile(drawn, space.share))
    if math.isnan(ratio):
        return 1e-300  # what could not be drawn breaks nothing
    # Neither may stop a climber that works on the logarithm.
    return min(max(ratio, 1e-300), 1e300)


def _dear(cell: Cell) -> bool:
    """Whether an error takes more pairs than a search can draw one by one."""
    return cell.quantity == "error" and cell.pairs * (cell.setting.r + 1) > MAX_NORMALS


def draws(cell: Cell, seed: int, count: int) -> Array:
    """Values of a cell (count,); of a dear one by the engine whose cost is free of n."""
    if not _dear(cell):
        return np.concatenate([_drawn(cell, seed, part) for part in _parts(count)])
    rows = []
    for procedure in cell.procedures:
        scales = simulation.engine_scales(cell.setting, procedure)
        outcomes = simulation.replicates(cell.setting, procedure, "limit", seed, range(count), scales)
        rows.append([math.inf if isinstance(o, TooFewPairs) else o.error for o in outcomes])
    return registry.COMBINED["error"](np.array(rows, dtype=float))


def _parts(count: int) -> list[range]:
    """The replicates a few at a time."""
    return [range(start, min(start + CLIMB, count)) for start in range(0, count, CLIMB)]


def _drawn(cell: Cell, seed: int, indices: Sequence[int]) -> Array:
    """Values of some replicates; infinite where one keeps too few pairs for an estimate, as in a run."""
    try:
        return registry.draw(cell, seed, indices)
    except TooFewPairs:
        if len(indices) == 1:
            return np.array([math.inf])
        return np.concatenate([_drawn(cell, seed, [i]) for i in indices])


def search(
    claim: Claim,
    *,
    seed: int = 0,
    budget: int = 300,
    alpha: float = 1e-3,
    start: Case | None = None,
    on_progress: Callable[[float, float, str], None] | None = None,
) -> Case:
    """Climb for the worst ratio of a claim within `budget` small simulations, and judge what was found.

    `start` is a case found before; it competes, and draws that no earlier search of its file saw judge
    what is found.  The result depends on the arguments alone.  Raises
    InvalidArgument for a claim that bounds no simulated quantity from one side, and MissingExtra
    without Hypothesis.
    """
    seed = whole("seed", seed, 0, 2**63 - 2)  # the last one draws the pilots that guide the climb
    budget = whole("budget", budget, 10, 10**6)
    alpha = real("alpha", alpha, "must lie in (0, 1)")
    if not 0 < alpha < 1:
        raise InvalidArgument("alpha", alpha, "must lie in (0, 1)")
    where = space(claim)
    climb = _Climb(where, stream(seed, "climb"))
    report = on_progress or (lambda done, total, what: None)
    if start is not None and (known := where.with_pairs(start.setting, int(start.setting["n"]))):
        climb.score(known)
    report(0, budget, "the law's worst settings")
    _evolve(climb, seed, budget)
    report(budget / 3, budget, "climbing")
    _climb_with_hypothesis(climb, seed, max(1, budget // 2))
    report(2 * budget / 3, budget, "climbing on the continuous parameters")
    _polish(climb, max(1, budget - len(climb.scores)))
    if not climb.scores:
        raise InvalidArgument("claim", claim.id, "must have a payable setting inside its conditions")
    finalists = climb.best(FINALISTS)
    chosen = stream(seed, "choose")
    worst = max(finalists, key=lambda key: _ratio(where, dict(key), chosen, 4 * CLIMB))
    report(budget, budget, "judging")
    return judge(
        where,
        dict(worst),
        # With the same seed again the start would meet the very draws that kept it.
        seed=seed if start is None else stream(seed, f"judge|{start.searches}"),
        alpha=alpha,
        evaluations=len(climb.scores),
        command=f"filtergain search {claim.id} --seed {seed} --budget {budget}",
    )


def tried(where: Space, point: Mapping[str, float]) -> tuple[Procedure, ...]:
    """What is drawn where a setting is judged: the claim's own procedures.

    With several thresholds the law's best one is added, to two digits: a draw depends on
    every digit of a threshold, and the last ones of a minimum differ between machines.
    """
    procedures = where.cell(point).procedures
    if where.measured.quantity != "error" or len(where.measured.thetas) < 2:
        return procedures
    first = procedures[0]
    if first.estimator != "teacher-filtered":
        return procedures
    setting = where.cell(point).setting
    best = float(f"{advice.best_threshold(setting, rounds=first.rounds).theta:.2g}")
    added = replace(first, theta=best)
    return procedures if added in procedures else (*procedures, added)


def judge(
    where: Space,
    point: dict[str, float],
    *,
    seed: int,
    alpha: float,
    evaluations: int = 0,
    command: str = "",
    procedures: tuple[Procedure, ...] | None = None,
) -> Case:
    """The case of a setting by FINAL replicates of `seed`; `procedures` in place of those to be tried."""
    cell = replace(where.cell(point), procedures=tried(where, point) if procedures is None else procedures)
    drawn = draws(cell, seed, FINAL)
    low, high = slopes.quantile_interval(drawn, where.share, alpha)
    ends = sorted(where.ratio(point, max(x, 0.0)) for x in (low, high))
    bound = float(where.claim.bound_at(point))
    upper = where.claim.relation is Relation.UPPER
    exceedances = int(np.count_nonzero(drawn > bound if upper else drawn < bound))
    breaks = where.delta is not None and clopper_pearson(exceedances, FINAL, alpha)[0] > where.delta
    if cell.procedures:
        ending = " --engine limit" if _dear(cell) else ""
        repeat = " && ".join(simulate_command(cell.setting, p, seed, FINAL) + ending for p in cell.procedures)
    elif f"--seed {seed} " in command:
        repeat = command
    else:  # no command draws such a quantity alone
        repeat = f"{FINAL} replicates of {cell.key}, seed {seed}"
    guide = where.ratio(point, forecast.forecast(cell, where.share)) if cell.procedures else None
    return Case(
        claim=where.claim.id,
        setting=point,
        quantity=cell.quantity,
        procedures=tuple(asdict(procedure) for procedure in cell.procedures),
        share=where.share,
        ratio=where.ratio(point, forecast.quantile(drawn, where.share)),
        interval=(ends[0], ends[1]),
        exceedances=exceedances,
        breaks=breaks,
        replicates=FINAL,
        alpha=alpha,
        seed=seed,
        evaluations=evaluations,
        guide=guide,
        command=command,
        repeat=repeat,
    )


def _evolve(climb: _Climb, seed: int, budget: int) -> None:
    """Differential evolution on the forecast, integers rounded; its best settings are then simulated."""
    from scipy.optimize import Bounds, differential_evolution

    guided: dict[tuple[float, ...], float] = {}

    def loss(cube: Any) -> float:
        point = climb.space.point(cube)
        if point is None:
            return 1e3
        # A pilot sample stands in for the law of other quantities; it costs as much as a simulation.
        cell = climb.space.cell(point)
        expected = climb.space.ratio(point, forecast.forecast(cell, climb.space.share))
        guided[tuple(float(x) for x in cube)] = expected
        # Infinite is as bad as can be: nothing that the bound allows.
        return -math.log(min(expected, 1e300)) if expected > 0 else 1e3

    population = 4
    rounds = max(1, budget // (population * len(COORDINATES)))
    if climb.space.measured.quantity in registry.COMBINED:
        rounds = max(GUIDED, rounds)
        for cube in _ends():
            loss(cube)
    with np.errstate(all="ignore"):
        differential_evolution(
            loss,
            Bounds(np.zeros(len(COORDINATES)), np.ones(len(COORDINATES))),
            maxiter=rounds,
            popsize=population,
            polish=False,
            rng=np.random.default_rng(stream(seed, "evolve")),
        )
    ranked = sorted(guided, key=lambda cube: -guided[cube])
    # Spread over the better ones: the very best are near one another, and the law may mislead there.
    wanted = max(1, budget // 8)
    better = ranked[: max(1, min(len(ranked) // 2, SPREAD * wanted))]
    for cube in better[:: max(1, len(better) // wanted)]:
        point = climb.space.point(cube)
        assert point is not None
        climb.score(point, cube)


def _ends() -> Iterator[tuple[float, ...]]:
    """Cubes at the ends of one coordinate or of two, the others in the middle and n at its least."""
    middle = (*[0.5] * (len(COORDINATES) - 1), 0.0)
    for first, second in combinations_with_replacement(range(len(COORDINATES)), 2):
        for low, high in product((0.0, 1.0), repeat=2):
            if first != second or low == high:
                yield tuple({first: low, second: high}.get(k, at) for k, at in enumerate(middle))


def _climb_with_hypothesis(climb: _Climb, seed: int, budget: int) -> None:
    """`target()` on the simulated ratio; Hypothesis mutates the settings that scored high."""
    with extra("hypothesis", "search"):
        import hypothesis
        from hypothesis import strategies as st

    examples = hypothesis.settings(
        max_examples=budget,
        deadline=None,
        database=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.target),
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )

    @hypothesis.seed(stream(seed, "hypothesis"))
    @examples
    @hypothesis.given(st.tuples(*[st.floats(0, 1)] * len(COORDINATES)))
    def climb_once(cube: tuple[float, ...]) -> None:
        point = climb.space.point(cube)
        hypothesis.assume(point is not None)
        assert point is not None
        hypothesis.target(climb.score(point, cube), label="log(error/bound)")

    for key in climb.best(3):
        if key in climb.cubes:
            climb_once = hypothesis.example(climb.cubes[key])(climb_once)
    # Where the conditions leave too little of the cube, what the law found has to do.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        climb_once()


def _polish(climb: _Climb, budget: int) -> None:
    """Nelder-Mead on log eta, log gamma, log gamma_tilde and log n from the best setting found."""
    from scipy.optimize import minimize

    keys = [key for key in climb.best(len(climb.scores)) if key in climb.cubes]
    if not keys:
        return
    start = np.array(climb.cubes[keys[0]])
    moving = [COORDINATES.index(name) for name in ("eta", "gamma", "gamma_tilde", "n")]

    def loss(values: Any) -> float:
        cube = start.copy()
        cube[moving] = np.clip(values, 0.0, 1.0)
        point = climb.space.point(cube.tolist())
        return 1e3 if point is None else -climb.score(point, tuple(float(x) for x in cube))

    simplex = start[moving] + 0.1 * np.vstack([np.zeros(4), np.where(start[moving] > 0.5, -1, 1) * np.eye(4)])
    minimize(
        loss,
        start[moving],
        method="Nelder-Mead",
        options={"maxfev": budget, "initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-3},
    )


def stream(seed: int, name: str) -> int:
    """A root seed for one part of a search, unlike the one that judges."""
    digest = hashlib.blake2b(f"{seed}|search|{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % 2**63
