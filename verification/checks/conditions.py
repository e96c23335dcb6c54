"""Settings inside a claim's conditions: whether one is, and some drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from bounds.claim import Claim
from verification.errors import UnderpoweredDesign
from verification.setting import Setting

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
    if not (count and points):  # a claim of one's own may have other parameters
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
        values = _random_point(claim, fixed, rng)
        if values is not None:
            Setting(**values)
            found.append(values)
    if len(found) < count:
        raise UnderpoweredDesign(f"{claim.id}: no random settings meet the conditions")
    return found


def _random_point(
    claim: Claim, fixed: Mapping[str, float], rng: np.random.Generator
) -> dict[str, float] | None:
    """One setting; None where no sample size meets the conditions."""
    values: dict[str, float] = {
        name: math.exp(rng.uniform(math.log(low), math.log(high)))
        for name, (low, high) in RANDOM_RANGES.items()
    }
    values["d"], values["d_tilde"] = round(values["d"]), round(values["d_tilde"])
    values["r"] = int(rng.integers(1, int(min(values["d"], values["d_tilde"], 8)) + 1))
    values |= fixed
    factor = 2.0 ** rng.integers(0, 8)
    size = next((2**k for k in range(2, 40) if meets(claim, {**values, "n": 2**k, "delta": 0.05})), None)
    return None if size is None else {**values, "n": int(size * factor)}


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
