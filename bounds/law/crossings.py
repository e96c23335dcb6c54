"""Where the oracle's errors at thresholds 0 and r/2 are equal, and where the leak begins, in ball arithmetic.

The oracle's squared error at a threshold is, to first order, K r^2 / (gamma N M^2) times a chi-square
variable whose law does not depend on the threshold, with K = E[|v|^2; S > theta] / r and
M = E[S; S > theta].  Both are mixtures of the two classes, so linear in eta, and the errors at two
thresholds are equal where

    K_h M_0^2 - K_0 M_h^2 = 0        (h: r/2, 0: threshold 0),

a cubic in eta: there are at most three crossings.  Its Bernstein coefficients on [0, 1] are products of
eight numbers, each enclosed by `bounds.law.score_balls`, and Descartes' rule counts its roots exactly.
Where half of Algorithm 1's V is inherited from its teacher another cubic has a root: `leak_cubic`.
Derived in proofs_notes/regimes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import sympy as sp

from bounds.law import score_balls
from bounds.proof.enclose import Ball, ball, precision
from bounds.proof.undecided import Undecided

DEPTH = 120
"""Halvings of [0, 1] after which roots that were not told apart are given up; a leak may begin at 1e-12."""

ISOLATED = Fraction(1, 10**9)
"""Relative width to which a root is enclosed."""

Bracket = tuple[Fraction, Fraction]
Bernstein = tuple[Ball, Ball, Ball, Ball]
"""Coefficients of a cubic on an interval: it lies between the smallest and the largest of them there.

Those that are `named` are SymPy expressions in the names of the moments.
"""

Moment = tuple[Any, Any]
"""(K, M) of one class at one threshold: balls, or their names."""


def moments(r: int, noise: Fraction, clean: bool, half: bool) -> tuple[Ball, Ball]:
    """(K, M) of one class at threshold 0 or r/2, up to a common factor, for gamma = gamma~ = 1/noise.

    In units where u and v have variance 1 per coordinate: E[|v|^2; S > theta] = r P_{r+2}(theta).
    """
    correlation, theta = _scaled(r, noise, clean, half)
    return (
        score_balls.tail(r + 2, correlation, theta),
        score_balls.truncated_mean(r, correlation, theta),
    )


def named_moments(r: int, noise: Fraction, clean: bool, half: bool) -> Moment:
    """The same by name."""
    place = tuple(sp.Rational(x.numerator, x.denominator) for x in _scaled(r, noise, clean, half))
    return score_balls.TAIL(r + 2, *place), score_balls.MASS(r, *place)


def _scaled(r: int, noise: Fraction, clean: bool, half: bool) -> tuple[Fraction, Fraction]:
    """The correlation and the threshold in units where both factors have variance 1."""
    variance = 1 + noise
    return 1 / variance if clean else Fraction(0), Fraction(r, 2) / variance if half else Fraction(0)


@lru_cache(maxsize=256)
def cubic(r: int, noise: Fraction, factor: Fraction, bits: int) -> Bernstein:
    """K_h M_0^2 - factor^2 K_0 M_h^2 on [0, 1] in eta.

    Positive where the error at r/2 is more than `factor` times that at 0.
    """
    with precision(bits):
        at = {half: [moments(r, noise, clean, half) for clean in (False, True)] for half in (False, True)}
        return _difference(at, ball(factor**2))


def named_cubic(r: int, noise: Fraction, factor: Any) -> Bernstein:
    """The same by name."""
    at = {half: [named_moments(r, noise, clean, half) for clean in (False, True)] for half in (False, True)}
    return _difference(at, factor**2)


def _difference(at: Mapping[bool, list[Moment]], weight: Any) -> Bernstein:
    """K_h M_0^2 - weight K_0 M_h^2."""
    left, right = _product(at[True], at[False]), _product(at[False], at[True])
    b0, b1, b2, b3 = (x - weight * y for x, y in zip(left, right, strict=True))
    return b0, b1, b2, b3


def _product(norms: list[Moment], masses: list[Moment]) -> Bernstein:
    """K of `norms` times M^2 of `masses`, each linear from its corrupted to its clean value."""
    (k0, _), (k1, _) = norms
    (_, m0), (_, m1) = masses
    return k0 * m0**2, (k1 * m0**2 + 2 * k0 * m0 * m1) / 3, (2 * k1 * m0 * m1 + k0 * m1**2) / 3, k1 * m1**2


def _split(b: Bernstein) -> tuple[Bernstein, Bernstein]:
    """The same cubic on both halves of its interval (de Casteljau)."""
    p, q, s = (b[0] + b[1]) / 2, (b[1] + b[2]) / 2, (b[2] + b[3]) / 2
    pq, qs = (p + q) / 2, (q + s) / 2
    middle = (pq + qs) / 2
    return (b[0], p, pq, middle), (middle, qs, s, b[3])


def _variations(b: Bernstein) -> int | None:
    """Sign changes along the coefficients; None if some sign is open."""
    signs = [1 if x > 0 else -1 if x < 0 else 0 for x in b]
    if 0 in signs:
        return None
    return sum(x != y for x, y in pairwise(signs))


def roots(b: Bernstein, what: str, bits: int) -> tuple[Bracket, ...]:
    """Intervals in (0, 1) with exactly one root each of the cubic with coefficients `b` on [0, 1].

    Disjoint, ascending, and with no root elsewhere in [0, 1].

    No variation in sign means no root, one means exactly one (Descartes' rule for Bernstein
    coefficients).  Raises Undecided, naming `what`, where `bits` do not tell.
    """
    found: list[Bracket] = []
    with precision(bits):
        todo = [(Fraction(0), Fraction(1), b, 0)]
        while todo:
            low, high, b, depth = todo.pop()
            count = _variations(b)
            if count == 0:
                continue
            # An endpoint's sign must be known; an inner one's may be settled by splitting.
            narrow = low > 0 and high - low <= ISOLATED * low
            if count == 1 and narrow:
                found.append((low, high))
                continue
            if depth == DEPTH or (count is None and (b[0].contains(0) or b[3].contains(0))):
                raise Undecided(f"{what}: no sign at {bits} bits on [{low}, {high}]")
            middle = (low + high) / 2
            left, right = _split(b)
            todo += [(low, middle, left, depth + 1), (middle, high, right, depth + 1)]
    return tuple(sorted(found))


@lru_cache(maxsize=256)
def crossings(
    r: int, noise: Fraction, bits: int = 128, factor: Fraction = Fraction(1)
) -> tuple[Bracket, ...]:
    """Intervals with exactly one eta each where the error at r/2 is `factor` times that at 0; see `roots`."""
    return roots(cubic(r, noise, factor, bits), f"r = {r}, noise = {noise}", bits)


@lru_cache(maxsize=256)
def leak_cubic(r: int, noise: Fraction, half: bool, bits: int) -> Bernstein:
    """L^2 - (gamma r eta)^2 K on [0, 1] in eta, for noise > 0: positive where the leak is most of V.

    L = M - eta (r P_1 + theta p_1) is the numerator of the leak; by Stein's identity its value at eta = 1
    needs no density: M_1 - r P_1 - theta p_1 = a^2 (M_1 - r P_{1,r+2}) / (a^2 - 1).  L is in units of a.
    """
    with precision(bits):
        at = [moments(r, noise, clean, half) for clean in (False, True)]
        return _leak(r, at, ball(1 + noise), ball(Fraction(r) / noise) ** 2)


def named_leak_cubic(r: int, noise: Fraction, half: bool) -> Bernstein:
    """The same by name."""
    at = [named_moments(r, noise, clean, half) for clean in (False, True)]
    small = sp.Rational(noise.numerator, noise.denominator)
    return _leak(r, at, 1 + small, (r / small) ** 2)


def _leak(r: int, at: list[Moment], a: Any, weight: Any) -> Bernstein:
    (k0, m0), (k1, m1) = at
    l1 = a * (a * m1 - r * k1) / (a**2 - 1)
    b2 = (2 * m0 * l1 + l1**2) / 3 - weight * k0 / 3
    return m0**2, (m0**2 + 2 * m0 * l1) / 3, b2, l1**2 - weight * k1


@lru_cache(maxsize=256)
def leak_boundaries(r: int, noise: Fraction, half: bool, bits: int = 128) -> tuple[Bracket, ...]:
    """Intervals with exactly one eta each where half of Algorithm 1's V is inherited (N = n_T)."""
    return roots(leak_cubic(r, noise, half, bits), f"r = {r}, noise = {noise}, leak", bits)


@lru_cache(maxsize=256)
def flat_boundary(r: int, noise: Fraction, half: bool, bits: int = 128) -> Ball:
    """M_0 / (M_0 + M_1): the eta at which corrupted pairs supply half of the kept score mass."""
    with precision(bits):
        (_, m0), (_, m1) = (moments(r, noise, clean, half) for clean in (False, True))
        return m0 / (m0 + m1)


def never_above(r: int, noise: Fraction, factor: Fraction, bits: int = 128) -> bool:
    """Whether the error at r/2 is below `factor` times that at 0 for every eta in [0, 1]."""
    with precision(bits):
        return bool(cubic(r, noise, factor, bits)[0] < 0) and not crossings(r, noise, bits, factor)


def enclosure(interval: Bracket) -> Ball:
    """A ball around an interval."""
    return ball(interval[0]).union(ball(interval[1]))
