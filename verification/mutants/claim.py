"""Wrong versions of a claim, made from its expression, that the claim's own design must refute.

A design that cannot tell a claim from a wrong version of it has shown nothing: a mutant that
survives fails the run.  Not every change makes a wrong version.  Some are implied by the claim (a weaker
bound; another constant where the claim leaves it open).  Others are true because the bound is
loose: they are made stronger step by step until a forecast (the first-order law of the error, or a small
pilot sample of another quantity) contradicts them at the settings judged, by a size that is fixed
beforehand and is no design's own, so that a blunt design lets its mutants survive.  What the
forecast cannot show to be false there is told as untested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from bounds import symbols
from bounds.claim import Certificate, Claim, Law, Level, Proof, Relation, Scaling, Tail, Verdict
from bounds.numeric import compiled, symbols_of
from verification.checks.conditions import within
from verification.checks.forecast import PILOT_SEED
from verification.mutants.bound import AT_MOST_ONE, HALF, MOST_STEPS, Mutant, bound_mutants, changed
from verification.mutants.exact import exact_mutants
from verification.mutants.shown import shown_mutants

__all__ = ["Mutant", "WrongLaw", "mutants"]

SEEN_RATIO = 1.4
"""Ratio of a parameter's values at which a law with a wrong power of it is wrong by 18% or more."""

WRONG_CONSTANT = 1.1
"""Factor by which the mutants of a law or of a stated value are wrong."""


def mutants(claim: Claim, profile: str = "quick") -> tuple[Mutant, ...]:
    """Every mutant of `claim`, in a fixed order; none for a claim without bound, law or value.

    A proved or certified claim has further ones beyond the "quick" profile.

    Nor for a claim that is expected to be refuted: a stronger version of what is false says nothing
    about the design, and the correction has mutants of its own.
    """
    found: list[Mutant] = []
    claim = within(claim)
    if claim.expected is Verdict.REFUTED or not claim.checks:
        return ()
    if isinstance(claim.bound, sp.Expr) and claim.relation is not None:
        if any(isinstance(check, Tail | Scaling | Level) for check in claim.checks):
            found += bound_mutants(claim)
        elif all(isinstance(check, Proof | Certificate) for check in claim.checks):
            found += exact_mutants(claim, all_kinds=profile != "quick")
        elif not any(isinstance(check, Law) for check in claim.checks):
            # A law is tested through its distribution function; see `_laws`.
            found += _searched(claim)
    found += _laws(claim)
    found += shown_mutants(claim)
    found += _values(claim)
    return tuple(found)


def _searched(claim: Claim) -> Iterator[Mutant]:
    """The constant of a statement that is searched for a counterexample."""
    assert claim.bound is not None
    if claim.bound == 0:
        yield changed(claim, "constant", "1 in place of 0", bound=sp.Integer(1))
        return
    if claim.relation is Relation.EQUAL:
        yield changed(claim, "constant", "stated value times 2", bound=2 * claim.bound)
        return
    base = HALF if claim.relation is Relation.UPPER else sp.Integer(2)
    step = _exact_step(claim, base)
    yield changed(claim, "constant", f"bound times {base**step}", bound=base**step * claim.bound)


def _exact_step(claim: Claim, base: sp.Expr) -> int:
    """The first power of `base` that a grid of points contradicts, 1 where nothing can be evaluated."""
    if not isinstance(claim.quantity, sp.Expr) or claim.bound is None:
        return 1
    free = sorted(claim.quantity.free_symbols | claim.bound.free_symbols, key=str)
    if not free or any(s.name not in symbols.SYMBOLS for s in free):
        return 1
    rng = np.random.Generator(np.random.Philox(PILOT_SEED))
    quotient = claim.quantity / claim.bound  # which may have fewer symbols than its parts
    columns = {}
    for s in free:
        values = 10.0 ** rng.uniform(-2, 2, 2000)
        columns[s] = np.ceil(values) if s.is_integer else values / 100 if s in AT_MOST_ONE else values
    inside = np.ones(2000, dtype=bool)
    for condition in claim.conditions:
        if condition.free_symbols <= set(free):
            inside &= np.asarray(compiled(condition)(*map(columns.get, symbols_of(condition))), dtype=bool)
    with np.errstate(all="ignore"):
        try:
            ratio = compiled(quotient)(*map(columns.get, symbols_of(quotient)))
            found = np.broadcast_to(np.asarray(ratio, dtype=float), inside.shape)
        except (TypeError, NameError, AttributeError):  # a function that NumPy and SciPy do not have
            return 1
    usable = found[inside & np.isfinite(found) & (found > 0)]
    if not len(usable):
        return 1
    worst = usable.max() if claim.relation is Relation.UPPER else 1 / usable.min()
    # 2^step > 1/worst contradicts somewhere.
    return max(1, min(MOST_STEPS, math.floor(-math.log2(worst) + 1e-9) + 1))


@dataclass(frozen=True)
class WrongLaw:
    """A stated distribution function with a wrong scale: constant, or power of one parameter.

    The law of factor (value/reference)^power times the stated variable; where the parameter is
    infinite it has no power, and the factor alone.
    """

    cdf: Callable[[Mapping[str, float], Any], Any]
    factor: float = 1.0
    parameter: str = ""
    reference: float = 1.0
    power: float = 0.0

    def __call__(self, values: Mapping[str, float], numbers: Any) -> Any:
        """Probabilities (m,) at numbers (m,)."""
        scale = self.factor
        if self.parameter and math.isfinite(values[self.parameter]):
            scale *= (values[self.parameter] / self.reference) ** self.power
        return self.cdf(values, np.asarray(numbers, dtype=float) / scale)


def _laws(claim: Claim) -> Iterator[Mutant]:
    """The wrong laws that a claim names; its laws with a scale 10% off, or a power of what varies."""
    if not any(isinstance(check, Law) for check in claim.checks):
        return
    for index, law in enumerate(claim.checks):
        for name, cdf in law.wrong if isinstance(law, Law) else ():
            assert isinstance(law, Law)
            checks = (*claim.checks[:index], replace(law, cdf=cdf), *claim.checks[index + 1 :])
            yield changed(claim, name, f"a wrong law: {name}", checks=checks)
    for factor in (WRONG_CONSTANT, 1 / WRONG_CONSTANT):
        direction = "up" if factor > 1 else "down"
        yield _wrong_law(claim, f"law-{direction}", f"law with a scale wrong by {factor:.3g}", factor=factor)
    for name, reference in _seen(claim):
        for power in (0.5, -0.5):
            yield _wrong_law(
                claim,
                f"law-{name}{'+' if power > 0 else '-'}",
                f"law with a scale times {name}^({power:g})",
                parameter=name,
                reference=reference,
                power=power,
            )


def _wrong_law(claim: Claim, name: str, reason: str, **changes: Any) -> Mutant:
    """All laws of the claim, wrong in the same way; `changes` are fields of `WrongLaw`."""
    checks = tuple(
        replace(check, cdf=WrongLaw(check.cdf, **changes)) if isinstance(check, Law) else check
        for check in claim.checks
    )
    return changed(claim, name, reason, checks=checks)


def _seen(claim: Claim) -> Iterator[tuple[str, float]]:
    """(name, first value) of each parameter that the paths of the laws, taken together, vary enough."""
    laws = [check for check in claim.checks if isinstance(check, Law)]
    points = [point for check in laws for path in check.paths for point in path.points()]
    for name in dict.fromkeys(name for point in points for name in point if name != "delta"):
        values = [point[name] for point in points if math.isfinite(point.get(name, math.inf))]
        if values and max(values) >= SEEN_RATIO * min(values):
            yield name, values[0]


def _values(claim: Claim) -> Iterator[Mutant]:
    """Each stated number off by its tolerance twice over, to either side, one at a time."""
    checks = enumerate(claim.checks)
    levels = [(i, c, c.value) for i, c in checks if isinstance(c, Level) and c.value is not None]
    for number, (index, level, value) in enumerate(levels, start=1):
        place = f"-{number}" if len(levels) > 1 else ""
        for side, name in ((-1, "up"), (1, "down")):
            # The median over it is then (1 -+ tolerance)^2, where 1 -+ tolerance is allowed.
            factor = (1 + side * level.tolerance) ** -2
            wrong = replace(level, value=value * factor)
            changes = (*claim.checks[:index], wrong, *claim.checks[index + 1 :])
            yield changed(claim, f"value{place}-{name}", f"stated value times {factor:.3g}", checks=changes)
