"""Settings inside a claim's conditions: whether one is, which ones a check has, and some drawn at random."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from bounds.checks import Check, Law, Level, Path, Scaling, Tail, put_in
from bounds.claim import Claim
from bounds.numeric import compiled, symbols_of
from bounds.proof.region import flattened
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
    with np.errstate(all="ignore"):
        return all(
            bool(compiled(condition)(*(values.get(s.name, 1) for s in symbols_of(condition))))
            for condition in claim.conditions
        )


ROUNDING = 1e-9
"""Difference of a condition's sides, relative to them, that is an error of rounding."""

UNNAMED = "C"
"""A condition's constant without a number; it counts as 1."""


@dataclass(frozen=True)
class Looked:
    """A check at the settings that meet its claim's conditions, and the names of those that do not.

    `nowhere` where too few meet them: then the check is the whole one, and says nothing of the claim.
    """

    check: Check
    outside: tuple[str, ...] = ()
    nowhere: bool = False


def within(claim: Claim) -> Claim:
    """The claim with its checks at the settings that meet its conditions: elsewhere it states nothing.

    A check that is made to reach beyond the conditions is left out where these leave too few of its settings;
    another one is left as it is, see `looked`.
    """
    made = (check for check in claim.checks if not idle(check, claim.conditions))
    checks = tuple(looked(check, claim.conditions).check for check in made)
    return claim if checks == claim.checks else replace(claim, checks=checks)


def settings_outside(claim: Claim) -> list[str]:
    """The settings of its checks that the conditions exclude, by name, without families made to be beyond."""
    made = (check for check in claim.checks if not idle(check, claim.conditions))
    return [name for check in made for name in looked(check, claim.conditions).outside]


def idle(check: Check, conditions: tuple[sp.Basic, ...]) -> bool:
    """Whether a check is made to reach beyond the conditions, and they leave it nothing to judge."""
    return isinstance(check, Scaling) and check.beyond and looked(check, conditions).nowhere


@lru_cache(maxsize=4096)
def looked(check: Check, conditions: tuple[sp.Basic, ...]) -> Looked:
    """The check at the settings that meet the conditions: two of a family at least, one of another check."""
    if isinstance(check, Tail | Law):
        cut = [_cut(path, conditions, check) for path in check.paths]
        kept = tuple(path for path, _ in cut if path.values)
        shortened: Check = replace(check, paths=kept)
        enough = bool(kept)
    elif isinstance(check, Scaling | Level):
        cut = [_cut(check.path, conditions, check)]
        shortened = replace(check, path=cut[0][0])
        enough = len(shortened.path.values) >= (2 if isinstance(check, Scaling) else 1)
    else:
        return Looked(check)
    outside = tuple(name for _, names in cut for name in names)
    if not outside:
        return Looked(check)
    return Looked(shortened, outside) if enough else Looked(check, outside, nowhere=True)


def _cut(
    path: Path, conditions: Sequence[sp.Basic], check: Tail | Law | Scaling | Level
) -> tuple[Path, list[str]]:
    """The path at the settings that meet the conditions, and the names of the others."""
    settings = list(zip(path.values, path.points(), strict=True))
    inside = [_allowed(conditions, point, check) for _, point in settings]
    name = path.parameter.name
    kept = tuple(value for (value, _), met in zip(settings, inside, strict=True) if met)
    names = [f"{name} = {point[name]:g}" for (_, point), met in zip(settings, inside, strict=True) if not met]
    return (replace(path, values=kept) if names else path), names


def _allowed(
    conditions: Sequence[sp.Basic], point: Mapping[str, float], check: Tail | Law | Scaling | Level
) -> bool:
    """Whether a setting meets the conditions that say something of it: those whose symbols it has."""
    values = {UNNAMED: 1.0, **point}
    if isinstance(check, Tail):
        values["delta"] = check.delta
    if "theta" not in values and len(check.measured.thetas) == 1:
        threshold = sp.sympify(check.measured.thetas[0])
        numbers = {s: sp.sympify(point[s.name]) for s in threshold.free_symbols}
        values["theta"] = float(put_in(threshold, numbers))
    known = (c for c in flattened(conditions) if {s.name for s in symbols_of(c)} <= values.keys())
    return all(_met(condition, values) for condition in known)


def _met(condition: sp.Basic, values: Mapping[str, float]) -> bool:
    """Whether numbers meet a condition, at its edge up to rounding; they do not where it has no value."""

    def value(part: sp.Basic) -> Any:
        return compiled(part)(*(values[s.name] for s in symbols_of(part)))

    with np.errstate(all="ignore"):
        if value(condition):
            return True
        if not isinstance(condition, (sp.Ge, sp.Le, sp.Eq)):
            return False
        return math.isclose(*(float(value(side)) for side in condition.args), rel_tol=ROUNDING)
