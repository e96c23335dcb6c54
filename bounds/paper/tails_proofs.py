"""Proofs and certificates of Lemmas 3, 5, 8 and 9; the claims themselves are in `bounds.paper.tails`.

Derivations: proofs_notes/tails.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import sympy as sp

from bounds.checks import BOUND, CELL, CELL_HIGH, CELL_LOW, Certified, Enclosure, Relation, Statement, Step
from bounds.paper.matrices import isotropic
from bounds.proof import steps
from bounds.proof.undecided import Undecided
from bounds.symbols import cov_uv, r, sigma, sigma_u, sigma_v, theta

if TYPE_CHECKING:
    from bounds.proof.enclose import Ball, Decision, Region

LARGEST_R = 6
"""The direct enclosures run over r = 2, ..., LARGEST_R; above it the general argument alone holds."""

SUFFICIENT = sp.sqrt(sp.E - 1)
"""Constant with which Lemma 5 is proved here; the exponential law shows that 1 is necessary."""

MEAN = sp.Symbol("mu", real=True)
"""The mean of the law in Lemma 5."""

PLACE = sp.Symbol("x")
"""Where the log-density of a product is looked at."""

INSIDE = (sp.Lt(cov_uv, sigma_u * sigma_v), sp.Ge(theta, 0))
"""The region of Lemma 8: a correlation below 1, a threshold that is not negative."""

AT_ZERO = (sp.Eq(cov_uv, 0), sp.Eq(theta, 0))
"""Independent factors above 0."""

LEMMA_5 = theta + sp.E * sigma
LEMMA_8_LOWER = sp.Max(cov_uv, theta / r)
LEMMA_8_SPREAD = sp.sqrt((sigma_u**2 * sigma_v**2 + cov_uv**2) / r)
LEMMA_8_UPPER = LEMMA_8_LOWER + sp.E * LEMMA_8_SPREAD
LEMMA_8_SHARP = LEMMA_8_LOWER + sp.sqrt(2) * LEMMA_8_SPREAD
LEMMA_8_ZERO = 2 * sigma_u * sigma_v / (sp.pi * r)

MEAN_AT_ZERO = 2 / sp.sqrt(sp.pi) * sp.gamma((r + 1) / 2) / sp.gamma(r / 2)
"""E[S | S > 0] for r independent products of independent standard normals (see thresholds.md)."""

_x, _y, _w = sp.symbols("x y w", positive=True)
_k = sp.Symbol("k", nonnegative=True)  # correlation of u and v
_tail_share = 1 / (1 + _w)  # any number in (0, 1)


@cache  # on demand: SymPy's Bessel functions take a while to load
def density() -> sp.Expr:
    """Density of the product u v at x > 0, for unit variances and correlation k."""
    spread = 1 - _k**2
    return sp.besselk(0, _x / spread) * sp.exp(_k * _x / spread) / (sp.pi * sp.sqrt(spread))


UNKNOWN = (float("-inf"), float("inf"))
"""The range of the best constant where the stated bound has another form."""


@dataclass(frozen=True)
class Comparison:
    """A stated constant against the range in which the best one lies; `holds` None inside it."""

    holds: bool | None
    margin: float
    best: tuple[float, float]


def constant_of(expression: sp.Expr) -> sp.Expr | None:
    """The number that `expression` simplifies to, or None if it still depends on a symbol."""
    value = sp.simplify(expression)
    return None if value.free_symbols else value


def compare(stated: sp.Expr, sufficient: sp.Expr, necessary: sp.Expr) -> Comparison:
    """Whether an upper bound with the constant `stated` holds: above `sufficient`, not below `necessary`."""
    from bounds.proof.enclose import enclose, endpoints

    above = enclose(stated - sufficient)
    best = (endpoints(enclose(necessary))[0], endpoints(enclose(sufficient))[1])
    if above >= 0 or sp.simplify(stated - sufficient) == 0:
        return Comparison(True, max(endpoints(above)[0], 0.0), best)
    if enclose(stated - necessary) < 0:
        return Comparison(False, endpoints(enclose(stated - necessary))[1], best)
    return Comparison(None, endpoints(above)[0], best)


def whittle(claimed: Statement) -> Iterator[Step]:
    """Symmetric X: E phi(s + X) - phi(s) is the mean of half a jump, the mean of what phi curves by."""
    s = sp.Symbol("s", real=True)
    size, slope, variance = (
        sp.Symbol("a", real=True),
        sp.Symbol("b", real=True),
        sp.Symbol("v", positive=True),
    )
    line = size + slope * (s + _x) + size + slope * (s - _x) - 2 * (size + slope * s)
    yield steps.instance("a line gains nothing", sp.expand(line) / 2, claimed)
    yield steps.instance("a square gains the variance", (s**2 + variance) - s**2, claimed)
    yield steps.identity("s is the midpoint of s + x and s - x", ((s + _x) + (s - _x)) / 2, s)
    phi = sp.Function("phi")
    jump = phi(s + _x) + phi(s - _x) - 2 * phi(s)
    yield steps.identity("the jump of a smooth convex function starts at 0", jump.subs(_x, 0).doit(), 0)
    yield steps.identity("and with slope 0", sp.diff(jump, _x).doit().subs(_x, 0).doit(), 0)
    curvature = sp.diff(jump, _x, 2).doit()
    forward, backward = (sp.diff(phi(s + z), s, 2).doit() for z in (_x, -_x))
    yield steps.identity("its curvature is a sum of two of phi's", curvature, forward + backward)
    u, curved = sp.symbols("u c", positive=True)
    taylor = steps.integral(sp.expand((_x - u) * curved), (u, 0, _x))
    yield steps.identity(
        "so is the integral of (x - u) times the curvature at u: twice differentiated",
        sp.diff(taylor, _x, 2),
        curved,
    )
    rest, first, second = sp.symbols("x-u phi''(s+u) phi''(s-u)", nonnegative=True)
    gain = rest * (first + second) / 2
    yield steps.concluded("whose every part has its sign", gain, claimed, shown=Relation.LOWER)


def residual_life(claimed: Statement) -> Iterator[Step]:
    """Lemma 5 by the mean residual life, which falls, and Cauchy-Schwarz at the mean."""
    yield _exponential_law(claimed)
    yield steps.given(claimed, sp.Ge(theta, MEAN))
    hazard = sp.Function("H")  # -log P(X > .), convex for a log-concave law (Prekopa)
    ratio = -hazard(theta + _x) + hazard(theta)
    slope = sp.diff(ratio, theta).doit()
    there, here = (sp.diff(hazard(z), theta).doit() for z in (theta + _x, theta))
    yield steps.identity(
        "log P(X > theta + x)/P(X > theta) falls where the hazard rises", slope, here - there
    )
    u = sp.Symbol("u", positive=True)
    yield steps.identity(
        "Jensen for log P(X > .): the mean of log of a uniform number is -1",
        steps.integral(sp.log(u), (u, 0, 1)),
        -1,
    )
    half = sp.Symbol("A", positive=True)  # E (X - mu)_+ = E (X - mu)_-
    yield steps.identity(
        "Cauchy-Schwarz on both sides of the mean: variance >= A^2/p + A^2/(1-p)",
        half**2 / _tail_share + half**2 / (1 - _tail_share),
        half**2 / (_tail_share * (1 - _tail_share)),
    )
    yield steps.identity(
        "so the mean residual life at the mean is at most sigma sqrt((1-p)/p) = sigma sqrt(w), p = 1/(1+w)",
        (1 - _tail_share) / _tail_share,
        _w,
    )
    largest = sp.solve(sp.Eq(_tail_share, sp.exp(-1)), _w)
    yield steps.identity("which rises with w, at most that of p = 1/e", largest[0], SUFFICIENT**2)
    yield steps.concluded("theta and that", theta + SUFFICIENT * sigma, claimed, shown=Relation.UPPER)
    yield steps.identity(
        "the exponential law has sigma = 1 and mean residual life 1 at every threshold",
        steps.integral(_x * sp.exp(-_x), (_x, 0, sp.oo)),
        1,
    )


def _exponential_law(claimed: Statement) -> Step:
    """Mean and deviation sigma, log-concave: its mean above a threshold is that plus sigma."""
    start = sp.Symbol("m", real=True)
    quantity = sp.Max(theta, start) + sigma
    return steps.instance("the exponential law from m on", quantity, claimed, {MEAN: start + sigma})


def certify_lemma_5(claimed: Statement, bits: int) -> Certified:
    """The stated constant against sqrt(e-1), which suffices, and 1, which is necessary."""
    from bounds.proof.enclose import ball, enclose, precision, stands

    steps.given(claimed, sp.Ge(theta, MEAN))
    with precision(bits):
        stated = constant_of((claimed.bound - theta) / sigma)
        found = Comparison(None, float("-inf"), UNKNOWN)
        if stated is not None and claimed.relation is Relation.UPPER:
            found = compare(stated, SUFFICIENT, sp.Integer(1))
        holds, witness = found.holds, ""
        for threshold in (1, 2, 32):
            # The exponential law with sigma = 1 has mean 1 and E[X | X > theta] = theta + 1.
            at = {theta: threshold, sigma: 1, MEAN: 1}
            if stands(ball(threshold + 1), enclose(claimed.bound, at), claimed.relation) is False:
                holds, witness = False, f"exponential law with sigma = 1, theta = {threshold}"
    box = "every log-concave law and theta >= mean, given the proof that sqrt(e - 1) suffices"
    enough = Enclosure("the constant suffices", BOUND, ">=", SUFFICIENT, ((theta, 0), (sigma, 1)))
    return Certified(holds, box, bits, 1, found.margin, witness, found.best, (enough,))


def share_above_mean(claimed: Statement) -> Iterator[Step]:
    """log P(X > .) is concave and P(X > X') uniform, so Jensen gives exp(-1)."""
    u = sp.Symbol("u", positive=True)
    above = steps.integral(sp.exp(-_x), (_x, 1, sp.oo))
    yield steps.instance("the exponential law, of mean 1", above, claimed)
    yield steps.instance("the normal law", sp.Rational(1, 2), claimed)
    least = sp.exp(steps.integral(sp.log(u), (u, 0, 1)))
    yield steps.identity("Jensen's bound is 1/e, which the exponential law attains", least, above)
    yield steps.concluded("the share is no smaller", least, claimed, shown=Relation.LOWER)


def certify_concavity(claimed: Statement, bits: int) -> Certified:
    """The second derivative of log K_0 against the stated bound, near x = 1 (independent u, v)."""
    from bounds.proof.enclose import decide, enclose, endpoints, interval, precision

    second = sp.diff(sp.log(density().subs(_k, 0)), _x, 2)
    if claimed.relation is not Relation.UPPER:
        raise Undecided(f"the curvature is not looked at for {claimed.relation}")
    with precision(bits):
        box = ((Fraction(1), Fraction(9, 8)),)
        found = decide(lambda cell: enclose(claimed.bound - second, {_x: interval(*cell[0])}), box)
        value = enclose(second, {_x: 1})
    witness = ""
    if found.holds is False:
        witness = f"x = 1, independent u and v: (log density)'' = {endpoints(value)[0]:.4f}"
    box_in_words = "x in [1, 9/8], independent u and v"
    return Certified(found.holds, box_in_words, bits, found.boxes, found.margin, witness)


def log_convexity(claimed: Statement) -> Iterator[Step]:
    """K_0 as the integral of exp(-x cosh t) over t > 0."""
    yield _single_product(claimed, sign=1)
    yield steps.given(claimed, sp.Ne(PLACE, 0))
    s, t = sp.symbols("s t", real=True)
    kernel = sp.exp(-_x * sp.cosh(t))
    bessel = _x**2 * sp.diff(kernel, _x, 2) + _x * sp.diff(kernel, _x) - _x**2 * kernel
    yield steps.identity(
        "the integral of exp(-x cosh t) solves Bessel's equation, up to an exact derivative in t",
        bessel,
        sp.diff(-_x * sp.sinh(t) * kernel, t),
    )
    pair = (sp.cosh(s) ** 2 + sp.cosh(t) ** 2) / 2 - sp.cosh(s) * sp.cosh(t)
    yield steps.identity(
        "K K'' - K'^2 is the mean of a square (Cauchy-Schwarz)", pair, (sp.cosh(s) - sp.cosh(t)) ** 2 / 2
    )
    yield steps.identity("the factor exp(b x) leaves the curvature alone", sp.diff(_k * _x, _x, 2), 0)
    yield steps.concluded("so the curvature has its sign", 0, claimed, shown=Relation.LOWER)


def _single_product(claimed: Statement, sign: int) -> Step:
    """The curvature of the log-density of one product at x = 1, for independent factors (times `sign`)."""
    curvature = sp.diff(sp.log(density().subs(_k, 0)), _x, 2).subs(_x, 1)
    return steps.instance("one product, at x = 1", sign * curvature, claimed, {PLACE: 1, r: 1})


def log_concavity_of_sums(claimed: Statement) -> Iterator[Step]:
    """The sum is a difference of two independent gammas of shape r/2."""
    yield _single_product(claimed, sign=-1)
    yield steps.instance("two products, a Laplace law", 0, claimed, {r: 2})
    four = -sp.diff(sp.log(1 + _x) - _x, _x, 2)  # the density of four is (1 + |x|) exp(-|x|)/4
    yield steps.instance("four products", four, claimed, {r: 4, PLACE: _x})
    yield steps.given(claimed, sp.Ge(r, 2))
    u, v = sp.symbols("u v", real=True)
    yield steps.identity("u v is a difference of squares", ((u + v) / 2) ** 2 - ((u - v) / 2) ** 2, u * v)
    covariance = sp.Matrix([[1, _k], [_k, 1]])
    shared = (sp.Matrix([[1, 1]]) * covariance * sp.Matrix([1, -1]))[0]
    yield steps.identity("of independent Gaussians: Cov(u + v, u - v) = 0 at equal variances", shared, 0)
    curvature = -sp.diff((r / 2 - 1) * sp.log(_x) - _x, _x, 2)
    yield steps.nonnegative(
        "Gamma(r/2) is log-concave for r >= 2, and so is a difference of two (Prekopa)",
        curvature,
        conditions=(sp.Ge(r, 2),),
    )
    yield steps.concluded("so the curvature has its sign", 0, claimed, shown=Relation.LOWER)


def known_means(claimed: Statement) -> Iterator[Step]:
    """Means above a threshold in closed form: two products, and independent ones above 0."""
    scale, level = sigma_u * sigma_v, sp.Symbol("x", nonnegative=True)
    k = 1 / (1 + _w)  # the correlation, below 1
    at = {r: 2, cov_uv: scale * k, theta: scale * level}
    yield steps.instance("two products, a Laplace law", scale * (level + 1 + k) / 2, claimed, at)
    yield steps.instance(
        "independent products, above 0", scale * MEAN_AT_ZERO / r, claimed, {cov_uv: 0, theta: 0}
    )


def mean_above(claimed: Statement) -> Iterator[Step]:
    """A conditional mean above theta is at least theta and at least the mean."""
    yield from known_means(claimed)
    above, below = sp.symbols("x y", nonnegative=True)  # distances of the two means from theta
    upper, lower = theta + above, theta - below
    mean = _tail_share * upper + (1 - _tail_share) * lower
    yield steps.nonnegative("E[S | S > theta] >= theta", upper - theta)
    yield steps.nonnegative("E[S | S > theta] >= E[S]", sp.factor(upper - mean))
    larger = "the larger of the two, per coordinate (E[S] = r Cov)"
    yield steps.concluded(larger, LEMMA_8_LOWER, claimed, shown=Relation.LOWER)


def upper_by_class(claimed: Statement) -> Iterator[Step]:
    """The mean residual life: rising to 1 + k for r = 1, falling for r >= 2."""
    yield from known_means(claimed)
    yield steps.given(claimed, *INSIDE)
    decay = (1 / (1 - _k**2) - _k / (1 - _k**2)) * (1 + _k)
    yield steps.identity("r = 1: the density decays like exp(-x/(1+k))", decay, 1)
    yield steps.identity(
        "r = 1: log-convex on x > 0, so the mean residual life rises to 1 + k, and (1+k)^2 <= 2(1+k^2)",
        2 * (1 + _k**2) - (1 + _k) ** 2,
        (1 - _k) ** 2,
    )
    yield steps.positive("r >= 2: log-concave, so Lemma 5 gives sqrt(e-1) < sqrt(2)", sp.sqrt(2) - SUFFICIENT)
    yield steps.concluded("sqrt(2) serves every r", LEMMA_8_SHARP, claimed, shown=Relation.UPPER)


def upper_at_its_best(claimed: Statement) -> Iterator[Step]:
    """The same, and that no smaller multiple of the spread does: one product far out, k -> 1."""
    yield from upper_by_class(claimed)
    far, near = sp.Symbol("x", positive=True), sp.Symbol("w", positive=True)
    k = 1 / (1 + near)
    beyond = claimed.about(claimed.bound - LEMMA_8_LOWER)
    place = {r: 1, sigma_u: 1, sigma_v: 1, cov_uv: k, theta: 1 + far}
    yield steps.attained(
        "1 + k, as k -> 1, comes up to the bound", 1 + k, beyond, (far, sp.oo), (near, 0), at=place
    )


def certify_upper(claimed: Statement, bits: int) -> Certified:
    """r = 1 and r >= 2 by the constants of the proof; r = 2..LARGEST_R once more by direct enclosure."""
    from bounds.proof.enclose import precision

    box = (
        "r >= 1, correlation in [0, 1), theta >= 0, given the proof; once more directly for "
        f"r = 2..{LARGEST_R}"
    )
    steps.given(claimed, *INSIDE)
    beyond = sp.simplify(claimed.bound - LEMMA_8_LOWER)
    stated = constant_of(beyond / LEMMA_8_SPREAD)
    with precision(bits):
        found = Comparison(None, float("-inf"), UNKNOWN)
        if stated is not None and claimed.relation is Relation.UPPER:
            found = compare(stated, sp.sqrt(2), sp.sqrt(2))
        if found.holds is not True:
            witness = _single_product_witness(claimed)
            return Certified(False if witness else None, box, bits, 1, found.margin, witness, found.best)
        boxes, margin = 1, found.margin
        single = ((r, 1), (cov_uv, 0), (theta, 0), (sigma_u, 1), (sigma_v, 1))
        evidence = [Enclosure("the constant suffices", BOUND, ">=", sp.sqrt(2), single)]
        for dimension in range(2, LARGEST_R + 1):
            direct = _decide_at_mean(beyond, dimension)
            boxes += direct.boxes
            margin = min(margin, direct.margin)
            if direct.holds is not True:
                place = f"r = {dimension}, {direct.witness}"
                return Certified(direct.holds, box, bits, boxes, direct.margin, place, found.best)
            evidence.append(_at_mean_by_name(beyond, dimension, direct))
    return Certified(True, box, bits, boxes, margin, "", found.best, tuple(evidence))


def _single_product_witness(claimed: Statement) -> str:
    """Where one product (r = 1, unit variances) certainly breaks the claim; "" if it was not found."""
    from bounds.law.score_balls import excess, tail
    from bounds.proof.enclose import ball, enclose, stands

    for correlation in (Fraction(1, 2), Fraction(3, 4), Fraction(15, 16), Fraction(63, 64)):
        for threshold in (2, 8, 32):
            mean = ball(threshold) + excess(1, correlation, threshold) / tail(1, correlation, threshold)
            values = {sigma_u: 1, sigma_v: 1, cov_uv: correlation, theta: threshold, r: 1}
            if stands(mean, enclose(claimed.bound, values), claimed.relation) is False:
                return f"r = 1, correlation {correlation}, theta = {threshold} (unit variances)"
    return ""


def _decide_at_mean(beyond: sp.Expr, dimension: int) -> Decision:
    """r * beyond >= the mean residual life of the sum at its mean, for correlations in [0, 1].

    Unit variances.  For r >= 2 the mean residual life falls, so the mean is the worst threshold
    above it; below it E[S | S > theta] rises with theta while the stated bound stays.
    """
    from bounds.law.score_balls import excess, tail
    from bounds.proof.enclose import ball, decide, enclose, interval

    def margin(cell: Region) -> Ball:
        ((low, high),) = cell
        # The excess rises with the correlation and falls with the threshold; so does the tail.
        life = excess(dimension, high, dimension * low) / tail(dimension, low, dimension * high)
        values = {sigma_u: ball(1), sigma_v: ball(1), cov_uv: interval(low, high), r: dimension}
        return dimension * enclose(beyond, values) - life

    return decide(margin, ((Fraction(0), Fraction(1)),))


def _at_mean_by_name(beyond: sp.Expr, dimension: int, found: Decision) -> Enclosure:
    """What `_decide_at_mean` enclosed on each cell, by the names of the moments."""
    from bounds.law.score_balls import MASS, TAIL

    low, high = dimension * CELL_LOW, dimension * CELL_HIGH
    excess = MASS(dimension, CELL_HIGH, low) - low * TAIL(dimension, CELL_HIGH, low)
    room = dimension * beyond.subs({sigma_u: 1, sigma_v: 1, cov_uv: CELL, r: dimension})
    says = f"r = {dimension}: the mean residual life at the mean, over the correlation"
    life = excess / TAIL(dimension, CELL_LOW, high)
    return Enclosure(says, room, ">=", life, cells=tuple(cell for (cell,) in found.cells), over=(0, 1))


def certify_at_zero(claimed: Statement, bits: int) -> Certified:
    """E[S | S > 0] at correlation 0 against the stated constant: least at r = 1, where it is 2/pi."""
    from bounds.law.score_balls import truncated_mean
    from bounds.proof.enclose import ball, enclose, endpoints, precision, stands

    box = f"r >= 1, correlation 0, theta = 0, given that the mean rises with r; directly for r <= {LARGEST_R}"
    steps.given(claimed, *AT_ZERO)
    stated = constant_of(r * claimed.bound / (sigma_u * sigma_v))
    if stated is None:
        return Certified(None, box, bits, 0, float("-inf"))
    with precision(bits):
        least = MEAN_AT_ZERO.subs(r, 1)
        best = endpoints(enclose(least))
        if claimed.relation is not Relation.LOWER:
            mean = truncated_mean(2, 0, 0) / ball(Fraction(1, 2))
            holds = stands(mean, enclose(stated), claimed.relation)
            witness = "r = 2" if holds is False else ""
            return Certified(False if witness else None, box, bits, 1, float("-inf"), witness, best)
        if enclose(stated - least) > 0:
            return Certified(False, box, bits, 1, endpoints(enclose(least - stated))[1], "r = 1", best)
        slack = [
            truncated_mean(dimension, 0, 0) / ball(Fraction(1, 2)) - enclose(stated)
            for dimension in range(2, LARGEST_R + 1)
        ]
        equal = sp.simplify(stated - least) == 0
        holds = all(s > 0 for s in slack) and (equal or bool(enclose(least - stated) > 0))
        margin = 0.0 if equal else endpoints(enclose(least - stated))[0]
    return Certified(holds or None, box, bits, LARGEST_R, margin, "", best, _at_zero_by_name())


def _at_zero_by_name() -> tuple[Enclosure, ...]:
    """The mean above 0 at correlation 0 against the bound at r = 1, whose r-th part the claim states."""
    from bounds.law.score_balls import MASS

    single = ((r, 1), (cov_uv, 0), (theta, 0), (sigma_u, 1), (sigma_v, 1))
    least = Enclosure("r = 1", MEAN_AT_ZERO.subs(r, 1), ">=", BOUND, single)
    return (
        least,
        *(Enclosure(f"r = {k}", 2 * MASS(k, 0, 0), ">", BOUND, single) for k in range(2, LARGEST_R + 1)),
    )


def rising_with_r(claimed: Statement) -> Iterator[Step]:
    """The closed form rises with r from 2/pi."""
    yield from known_means(claimed)
    yield steps.given(claimed, *AT_ZERO)
    u = sp.Symbol("u", positive=True)
    yield steps.identity(
        "r = 1: E|u v| = (E|u|)^2 = 2/pi",
        steps.integral(2 * u * sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi), (u, 0, sp.oo)) ** 2,
        MEAN_AT_ZERO.subs(r, 1),
    )
    ratio = sp.expand_func(MEAN_AT_ZERO.subs(r, r + 2) / MEAN_AT_ZERO)
    yield steps.identity("two more coordinates multiply the mean by (r+1)/r", ratio, (r + 1) / r)
    first, second = (MEAN_AT_ZERO.subs(r, k) for k in (1, 2))
    yield steps.positive("and r = 2 starts above r = 1", sp.simplify(second - first))
    derived = sigma_u * sigma_v * first / r
    yield steps.concluded("so the mean is at least that of r = 1", derived, claimed, shown=Relation.LOWER)
    yield steps.attained("which r = 1 has", sigma_u * sigma_v * first, claimed, at={r: 1})


SCORE_MEAN = sp.Symbol("E", real=True)
"""E[x^T y | x^T y > theta]."""


def isotropy(claimed: Statement) -> Iterator[Step]:
    """A common rotation of x and y changes neither their law nor their score."""
    yield from isotropic(SCORE_MEAN, claimed)
