"""How far the explicit theorems are from the truth: random settings inside a condition, and the hardest one.

At the condition the sample is in the millions and more, so every draw is one of the engine whose cost does
not grow with the number of pairs.  `random_settings` covers the condition, `hardest` climbs on the
first-order law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, differential_evolution

from bounds import claims
from bounds.symbols import n
from verification.prediction.law import predict
from verification.setting import Setting
from verification.simulation import simulate

CLAIM = "theorem-1-explicit"
HALF = "theorem-1-explicit-half"
"""Theorem 1 with numbers at the thresholds 0 and r/2."""

MOST_DIMENSIONS = 200
MOST_RANK = 16
LARGEST_MULTIPLE = 16.0
"""Samples are drawn from the condition's edge up to this multiple of it."""

_RANGES = (
    (0.0, math.log10(MOST_RANK + 0.999)),  # r, 2 or more at threshold r/2
    (-1.0, math.log10(MOST_DIMENSIONS)),  # d - r, 0 below 1
    (-1.0, math.log10(MOST_DIMENSIONS)),  # d~ - r
    (-3.0, 0.0),  # eta
    (-2.0, 5.0),  # gamma
    (-2.0, 5.0),  # gamma~
    (-2.0, math.log10(0.9)),  # delta
)
"""Logarithms to base 10 of the parameters, in this order."""

NOISELESS = 0.05
"""Share of random settings in which a modality has no noise."""


@dataclass(frozen=True)
class DrawnRatios:
    """One setting at a failure probability: drawn errors over the bound.

    `largest` is the largest of the draws, `quantile` their 1 - delta quantile, `broken` how many passed 1.
    """

    setting: Setting
    delta: float
    largest: float
    quantile: float
    broken: int


def threshold(r: int, claim: str) -> float:
    """The threshold of the claim's Algorithm 1."""
    return r / 2 if claim == HALF else 0.0


def place(logarithms: Sequence[float], multiple: float = 1.0, claim: str = CLAIM) -> tuple[Setting, float]:
    """The setting and delta at these logarithms (see `_RANGES`), n at `multiple` times the edge."""
    values = [10.0**x for x in logarithms]
    r = max(int(values[0]), 2 if claim == HALF else 1)
    d, d_tilde = r + int(values[1]), r + int(values[2])
    eta, gamma, gamma_tilde, delta = values[3:]
    setting = {"d": d, "d_tilde": d_tilde, "r": r, "eta": eta, "gamma": gamma, "gamma_tilde": gamma_tilde}
    (condition,) = (c for c in claims[claim].conditions if c.lhs == n)
    edge = _numbers(condition, {**setting, "delta": delta})
    return Setting(n=math.ceil(multiple * edge), **setting), delta


def _numbers(condition: object, values: dict[str, float]) -> float:
    """The right-hand side of n >= ... at these values."""
    least = condition.rhs  # type: ignore[attr-defined]
    return float(least.subs({s: values[s.name] for s in least.free_symbols}).evalf())


def bound(setting: Setting, delta: float, claim: str = CLAIM) -> float:
    """The theorem's right-hand side."""
    return float(claims[claim].evaluate({**setting.as_dict(), "delta": delta}))


def random_settings(count: int, seed: int = 0, claim: str = CLAIM) -> Iterator[tuple[Setting, float]]:
    """Settings and failure probabilities all over the condition, noise of every size and none."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        logarithms = [rng.uniform(low, high) for low, high in _RANGES]
        for side in (4, 5):
            logarithms[side] = math.inf if rng.random() < NOISELESS else logarithms[side]
        if logarithms[4] == logarithms[5] == math.inf:
            logarithms[4] = 0.0
        yield place(logarithms, LARGEST_MULTIPLE ** rng.random(), claim)


def judge(setting: Setting, delta: float, replicates: int, seed: int = 0, claim: str = CLAIM) -> DrawnRatios:
    """Drawn errors of Algorithm 1 at the claim's threshold over its bound."""
    theta = threshold(setting.r, claim)
    drawn = simulate(
        setting, "teacher-filtered", theta=theta, replicates=replicates, seed=seed, engine="limit"
    )
    limit = bound(setting, delta, claim)
    errors = np.asarray(drawn.errors)
    over = errors / limit if limit > 0 else np.where(errors > 1e-12, np.inf, 0.0)
    quantile = float(np.quantile(over, 1 - delta))
    return DrawnRatios(setting, delta, float(over.max()), quantile, int(np.count_nonzero(over > 1)))


def hardest(seed: int = 0, rounds: int = 40, claim: str = CLAIM) -> tuple[Setting, float]:
    """The setting at the condition's edge whose mean error by the first-order law is nearest to the bound."""

    def loss(logarithms: Any) -> float:
        setting, delta = place(logarithms, claim=claim)
        limit = bound(setting, delta, claim)
        if limit <= 0:
            return 0.0
        theta = threshold(setting.r, claim)
        return -predict(setting, theta=theta).law("teacher-filtered").mean / limit

    box = Bounds(*np.array(_RANGES).T)
    found = differential_evolution(loss, box, maxiter=rounds, popsize=6, seed=seed, polish=False, tol=0.0)
    return place(list(found.x), claim=claim)


def study(
    count: int,
    replicates: int,
    seed: int = 0,
    on_row: Callable[[DrawnRatios], None] | None = None,
    claim: str = CLAIM,
) -> tuple[DrawnRatios, ...]:
    """`judge` at random settings, in the order of `random_settings`."""
    rows = []
    for number, (setting, delta) in enumerate(random_settings(count, seed, claim)):
        rows.append(judge(setting, delta, replicates, seed + number, claim))
        if on_row is not None:
            on_row(rows[-1])
    return tuple(rows)


def summary(rows: Sequence[DrawnRatios]) -> str:
    """What a reader wants to know of the rows, in one sentence."""
    worst = max(rows, key=lambda row: row.quantile)
    broken = sum(row.broken > 0 for row in rows)
    largest, median = max(row.largest for row in rows), float(np.median([row.quantile for row in rows]))
    return (
        f"{len(rows)} settings, broken at {broken}: largest draw {largest:.3f} of the bound, largest "
        f"1 - delta quantile {worst.quantile:.3f}, median quantile {median:.3f}"
    )
