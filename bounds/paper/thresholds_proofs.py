"""Proofs and certificates for Section 6.2's statements on thresholds, claimed in `bounds.paper.thresholds`.

Divided by s = sqrt(a a~) the clean score is a sum of r products of correlation k = 1/s in (0, 1], the
corrupted score one of correlation 0, and theta becomes k theta.  Derivations: proofs_notes/thresholds.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Literal

import sympy as sp

from bounds.checks import BOUND, CELL_HIGH, CELL_LOW, Certified, Enclosure, Origin, Relation, Statement, Step
from bounds.paper.filtered import T_HALF, T_ZERO
from bounds.paper.score_proofs import laplace_tail
from bounds.paper.tails_proofs import MEAN_AT_ZERO, constant_of
from bounds.proof import steps
from bounds.proof.undecided import Undecided
from bounds.symbols import Noiseless, a_x, a_y, eta, gamma, gamma_tilde, r, theta

if TYPE_CHECKING:
    from bounds.proof.enclose import Ball, Region

LARGEST_R = 12
"""The direct enclosures run over r up to this; the proofs cover the rest."""

HALF = sp.Rational(1, 2)

CLOSE = 1e-6
"""Width below which an enclosed difference that contains 0 is taken for the equality that a proof shows."""

_ROOT = sp.sqrt(a_x * a_y)
_x, _y, _w = sp.symbols("x y w", nonnegative=True)
_m = sp.Symbol("m", nonnegative=True)  # r = 2 + m


def mean_above(larger: sp.Expr, clean: bool) -> Callable[[Statement], Iterator[Step]]:
    """A conditional mean above theta is at least theta and the mean; `larger` is one of the two."""

    def derive(claimed: Statement) -> Iterator[Step]:
        yield at_two(claimed, theta + _ROOT + (1 if clean else 0), from_zero=True)
        share = 1 / (1 + _w)
        above, below = theta + _x, theta - _y
        mean = share * above + (1 - share) * below
        yield steps.nonnegative("E[S | S > theta] >= theta", above - theta)
        yield steps.nonnegative("E[S | S > theta] >= E[S]", sp.factor(above - mean))
        yield steps.concluded("so it is at least the one", larger, claimed, shown=Relation.LOWER)

    return derive


def at_two(claimed: Statement, quantity: sp.Expr, from_zero: bool = False) -> Step:
    """The claim at r = 2, where the score has a Laplace law: what is known for theta >= 0 at least."""
    at = {r: 2, theta: _x} if from_zero else {r: 2}
    return steps.instance("r = 2, a Laplace law", quantity, claimed, at)


def above_zero(claimed: Statement) -> Step:
    """E_0(0) in closed form, for every r."""
    return steps.instance("the mean above 0 in closed form", _ROOT * MEAN_AT_ZERO, claimed, {theta: 0})


def mean_at_zero(claimed: Statement) -> Iterator[Step]:
    """Given v, S is N(0, a |v|^2): E[S; S > 0] = sqrt(a/(2 pi)) E|v|."""
    yield at_two(claimed, theta + _ROOT, from_zero=True)
    yield steps.given(claimed, sp.Eq(theta, 0))
    z = sp.Symbol("z", positive=True)
    half_normal = steps.integral(z * sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi), (z, 0, sp.oo))
    yield steps.identity("E[N; N > 0] = 1/sqrt(2 pi)", half_normal, 1 / sp.sqrt(2 * sp.pi))
    chi = steps.integral(z**r * sp.exp(-(z**2) / 2), (z, 0, sp.oo)) / (2 ** (r / 2 - 1) * sp.gamma(r / 2))
    length = sp.sqrt(2) * sp.gamma((r + 1) / 2) / sp.gamma(r / 2)
    yield steps.identity("mean length of r standard normals", sp.simplify(chi), length)
    yield steps.concluded("divide by P_0(0) = 1/2", 2 * half_normal * _ROOT * length, claimed)


def asymptote(upper: bool) -> Callable[[Statement], Iterator[Step]]:
    """Gauss's sum for Gamma(x+1)^2/Gamma(x+1/2)^2 - x at x = (r-1)/2, a series of falling terms."""

    def derive(claimed: Statement) -> Iterator[Step]:
        yield at_two(claimed, theta + _ROOT, from_zero=True)
        yield above_zero(claimed)
        yield steps.given(claimed, sp.Eq(theta, 0))
        x = sp.Symbol("x", positive=True)
        j = sp.Symbol("j", integer=True, positive=True)
        gauss = sp.hyperexpand(sp.hyper([-HALF, -HALF], [x], 1))
        ratio = sp.gamma(x + 1) ** 2 / sp.gamma(x + HALF) ** 2
        quotient = sp.gammasimp(sp.expand_func(x * gauss) / sp.expand_func(ratio))
        yield steps.identity("Gauss: Gamma(x+1)^2/Gamma(x+1/2)^2 = x F(-1/2, -1/2; x; 1)", quotient, 1)
        squared = (MEAN_AT_ZERO / 2 * sp.sqrt(sp.pi)).subs(r, 2 * x + 1) ** 2
        yield steps.identity("E_0(0)^2 pi/(4 a a~) is that ratio at x = (r-1)/2", sp.simplify(squared), ratio)

        def term(order: int) -> sp.Expr:
            weight = sp.rf(-HALF, order) ** 2 / sp.factorial(order)
            return sp.simplify(sp.expand_func(x * weight / sp.rf(x, order)))

        first = term(1)
        start = term(0) + sp.Rational(1, 4)
        yield steps.identity("the terms of order 0 and 1 are x and 1/4", x + first, start)
        yield steps.positive("the others carry x/(x)_{j+1} = 1/((x+1)...(x+j)), positive", 1 / (x + j))
        yield steps.positive("and falling in x", -sp.diff(sp.log(1 / (x + j)), x))
        at_zero = sp.gamma(1) ** 2 / sp.gamma(HALF) ** 2
        yield steps.identity("the series is largest at x = 0, where it sums to 1/pi", at_zero, 1 / sp.pi)
        yield steps.nonnegative("the bound is not negative, and may be squared", claimed.bound)
        square = 4 * a_x * a_y / sp.pi * ((r - 1) / 2 + (at_zero if upper else first))
        shown = Relation.UPPER if upper else Relation.LOWER
        yield steps.concluded("the square, with x = (r-1)/2", square, claimed.about(claimed.bound**2), shown)

    return derive


def certify_asymptote(claimed: Statement, bits: int) -> Certified:
    """The stated bound against the enclosed mean for r = 1..4 LARGEST_R, at a a~ = 1."""
    from bounds.law.score_balls import truncated_mean
    from bounds.proof.enclose import ball, enclose, endpoints, precision

    steps.given(claimed, sp.Eq(theta, 0))
    if claimed.relation not in (Relation.UPPER, Relation.LOWER):
        raise Undecided("the mean is held against an upper or a lower bound")
    sign = 1 if claimed.relation is Relation.UPPER else -1
    stated = sp.simplify(claimed.bound / _ROOT)
    worst, holds = float("inf"), True
    with precision(bits):
        for dimension in range(1, 4 * LARGEST_R + 1):
            mean = truncated_mean(dimension, 0, 0) / ball(Fraction(1, 2))
            margin = sign * (enclose(stated.subs(r, dimension)) - mean)
            if margin < 0:
                worst, place = endpoints(margin)[1], f"r = {dimension}"
                return Certified(False, _box_of_means(), bits, dimension, worst, place)
            holds = holds and bool(margin >= 0)
            worst = min(worst, endpoints(margin)[0])
    evidence = _means_by_name((claimed.relation,), 0)
    return Certified(holds or None, _box_of_means(), bits, 4 * LARGEST_R, worst, evidence=evidence)


def _means_by_name(relations: tuple[Relation, ...], room: sp.Expr) -> tuple[Enclosure, ...]:
    """E_0(0) without noise against the bound, with `room` to spare, for every r that was enclosed."""
    from bounds.law.score_balls import MASS

    found = []
    for relation, dimension in product(relations, range(1, 4 * LARGEST_R + 1)):
        at = ((r, dimension), (theta, 0), (gamma, sp.oo), (gamma_tilde, sp.oo))
        limit = BOUND + (room if relation is Relation.UPPER else -room)
        sign: Literal["<=", ">="] = "<=" if relation is Relation.UPPER else ">="
        found.append(Enclosure(f"r = {dimension}", 2 * MASS(dimension, 0, 0), sign, limit, at))
    return tuple(found)


def _box_of_means() -> str:
    return f"r = 1..{4 * LARGEST_R}, any SNR (both sides scale with sqrt(a a~))"


def certify_closed_form(claimed: Statement, bits: int) -> Certified:
    """The closed form of E_0(0) against the integral over the law, for r = 1..4 LARGEST_R."""
    from bounds.law.score_balls import truncated_mean
    from bounds.proof.enclose import ball, enclose, endpoints, precision, stands

    steps.given(claimed, sp.Eq(theta, 0))
    formula = sp.simplify(claimed.bound / _ROOT)
    width = 0.0
    with precision(bits):
        for dimension in range(1, 4 * LARGEST_R + 1):
            mean = truncated_mean(dimension, 0, 0) / ball(Fraction(1, 2))
            difference = enclose(formula.subs(r, dimension)) - mean
            low, high = endpoints(difference)
            if stands(mean, enclose(formula.subs(r, dimension)), claimed.relation) is False:
                off, place = min(abs(low), abs(high)), f"r = {dimension}"
                return Certified(False, _box_of_means(), bits, dimension, -off, place)
            width = max(width, high - low)
    # Balls can exclude equality and never show it: the proof does; this bounds what is left.
    close = width <= CLOSE or claimed.relation is not Relation.EQUAL
    box = f"{_box_of_means()}; equal within {width:.1g}"
    evidence = _means_by_name((Relation.LOWER, Relation.UPPER), sp.Rational(1, 10**6))
    return Certified(close or None, box, bits, 4 * LARGEST_R, 0.0, evidence=evidence)


def certify_mean_at_zero(claimed: Statement, bits: int) -> Certified:
    """A constant below E_0(0): the least value is 2/pi, at r = 1 without noise."""
    from bounds.proof.enclose import enclose, endpoints, precision

    box = "r >= 1, any SNR, theta = 0, given the proof that r = 1 without noise is least"
    least = MEAN_AT_ZERO.subs(r, 1)
    stated = constant_of(claimed.bound)
    steps.given(claimed, sp.Eq(theta, 0))
    if stated is None or claimed.relation is not Relation.LOWER:
        return Certified(None, box, bits, 0, float("-inf"))
    with precision(bits):
        best = endpoints(enclose(least))
        slack = enclose(least - stated)
        if slack < 0:
            witness = "r = 1, gamma = gamma_tilde = inf: E_0(0) = 2/pi"
            return Certified(False, box, bits, 1, endpoints(slack)[1], witness, best)
        equal = sp.simplify(least - stated) == 0
        margin = 0.0 if equal else endpoints(slack)[0]
        evidence = (Enclosure("r = 1 without noise", least, ">=", BOUND),)
        return Certified(True if equal or slack > 0 else None, box, bits, 1, margin, "", best, evidence)


def rising_mean(claimed: Statement) -> Iterator[Step]:
    """E_0(0) is least at r = 1 and without noise."""
    yield at_two(claimed, theta + _ROOT, from_zero=True)
    yield above_zero(claimed)
    yield steps.given(claimed, sp.Eq(theta, 0))
    yield steps.identity(
        "a step of two in r multiplies it by (r+1)/r",
        sp.expand_func(MEAN_AT_ZERO.subs(r, r + 2) / MEAN_AT_ZERO),
        (r + 1) / r,
    )
    first, second = (MEAN_AT_ZERO.subs(r, k) for k in (1, 2))
    yield steps.positive("r = 2 is above r = 1", sp.simplify(second - first))
    yield steps.identity("r = 1 has 2/pi", first, 2 / sp.pi)
    yield steps.nonnegative("noise only scales it up", sp.expand(a_x * a_y) - 1)
    yield steps.concluded("so E_0(0) is at least that", first, claimed, shown=Relation.LOWER)
    yield steps.attained("which r = 1 has without noise", first, claimed, at={r: 1})


def symmetric(claimed: Statement) -> Iterator[Step]:
    """With correlation k the score is T (k + C), T > 0 and C symmetric: P(S > 0) = P(C > -k)."""
    yield at_two(claimed, laplace_tail(True))
    yield steps.given(claimed, sp.Le(theta, 0))
    c, k = sp.Symbol("c", real=True), sp.Symbol("k", nonnegative=True)
    density = (1 - c**2) ** (r / 2 - 1)
    yield steps.identity("the density of C is even: P(C > 0) = 1/2", density, density.subs(c, -c))
    share = sp.Integral(density, (c, -k, 1))
    at_minus_k = sp.diff(share, k).doit()
    yield steps.identity("P(C > -k) rises with k by the density at -k", at_minus_k, density.subs(c, k))
    yield steps.concluded("so P(S > 0) is at least 1/2", HALF, claimed, shown=Relation.LOWER)


def exactly_half(claimed: Statement) -> Iterator[Step]:
    """At correlation 0 the score is symmetric and has no atom."""
    yield at_two(claimed, laplace_tail(False))
    yield steps.given(claimed, sp.Eq(theta, 0))
    c = sp.Symbol("c", real=True)
    density = (1 - c**2) ** (r / 2 - 1)
    yield steps.identity("the density of C is even", density, density.subs(c, -c))
    (share,) = sp.solve(2 * _x - 1, _x)
    yield steps.concluded("P(C > 0) = P(C < 0), and both make 1", share, claimed)


def certify_at_zero(clean: bool) -> Callable[[Statement, int], Certified]:
    """P_c(0) against the stated number for r = 1..LARGEST_R: 1/2 at correlation 0, rising with it."""

    def prove(claimed: Statement, bits: int) -> Certified:
        from bounds.law.score_balls import tail
        from bounds.proof.enclose import enclose, endpoints, precision, stands

        steps.given(claimed, sp.Eq(theta, 0))
        where = "correlation in [0, 1]" if clean else "correlation 0"
        box = f"r = 1..{LARGEST_R}, {where}, theta = 0"
        stated = constant_of(claimed.bound)
        if stated is None:
            return Certified(None, box, bits, 0, float("-inf"))
        places = (Fraction(1, 2**10), Fraction(1)) if clean else (Fraction(0),)
        with precision(bits):
            best = endpoints(enclose(HALF))
            for dimension, correlation in product(range(1, LARGEST_R + 1), places):
                share, at = tail(dimension, correlation, 0), f"r = {dimension}, correlation {correlation}"
                if stands(share, enclose(stated), claimed.relation) is False:
                    off = endpoints(share - enclose(stated))
                    return Certified(False, box, bits, dimension, -min(map(abs, off)), at, best)
        # The proof gives exactly 1/2 at correlation 0 and more beyond: no more than a lower bound there.
        holds = {
            Relation.EQUAL: None if clean else stated == HALF,
            Relation.UPPER: None if clean else bool(stated >= HALF),
            Relation.LOWER: bool(stated <= HALF),
            None: None,
        }[claimed.relation]
        evidence = _shares_by_name(places, clean)
        return Certified(holds, box, bits, LARGEST_R, float(abs(HALF - stated)), "", best, evidence)

    return prove


def _shares_by_name(correlations: tuple[Fraction, ...], clean: bool) -> tuple[Enclosure, ...]:
    """P_c(0) at least the bound: more than it at a correlation, and close to it at none."""
    from bounds.law.score_balls import TAIL

    found = []
    for dimension, k in product(range(1, LARGEST_R + 1), correlations):
        share = TAIL(dimension, sp.Rational(k.numerator, k.denominator), 0)
        says = f"r = {dimension}, correlation {k}"
        if clean:
            found.append(Enclosure(says, share, ">=", BOUND))
        else:
            room = sp.Rational(1, 10**6)
            found.append(Enclosure(says, share, ">=", BOUND - room))
            found.append(Enclosure(says, share, "<=", BOUND + room))
    return tuple(found)


def median(scaled_threshold: sp.Expr) -> Callable[[Statement], Iterator[Step]]:
    """P_1(theta) >= 1/2 for r >= 2 by a single crossing, for theta(r) <= r - 1.

    S > k theta iff C > k h with h = theta/T - 1 and T ~ Gamma(r) independent of the symmetric C, so
    P_1 - 1/2 = -E[F(k h)], F odd, and its derivative in k is -E[h f(k h)], f = F' even and falling.
    """

    def derive(claimed: Statement) -> Iterator[Step]:
        yield at_two(claimed, laplace_tail(True))
        alone = {r: 1, theta: _x}
        yield steps.instance("r = 1, no noise: a square", sp.erfc(sp.sqrt(_x / 2)), claimed, alone)
        yield steps.given(claimed, sp.Ge(r, 2), sp.Le(theta, scaled_threshold))
        yield from single_crossing(2 + _m, scaled_threshold.subs(r, 2 + _m))
        # f falls in |c|: E[h f(k h)] <= f(k h_0) E[h] <= 0, with h_0 the crossing.
        yield steps.concluded("P_1 rises with k from 1/2", HALF, claimed, shown=Relation.LOWER)

    return derive


def single_crossing(big_r: sp.Expr, level: sp.Expr) -> Iterator[Step]:
    """P_1 in `big_r` >= 2 dimensions is at least 1/2 at the threshold `level`, at most big_r - 1."""
    z = sp.Symbol("z", positive=True)
    inverse = steps.integral(z ** (big_r - 2) * sp.exp(-z), (z, 0, sp.oo)) / sp.gamma(big_r)
    yield steps.identity("E[1/T] = 1/(r-1)", sp.gammasimp(inverse * (big_r - 1)), 1)
    mean = level / (big_r - 1) - 1
    yield steps.nonnegative("E[h] = theta/(r-1) - 1 <= 0", sp.factor(-mean))
    c = sp.Symbol("c", positive=True)
    falling = -sp.diff((big_r / 2 - 1) * sp.log(1 - c**2), c) * (1 - c**2)
    yield steps.nonnegative("the density of C falls in |c| for r >= 2", sp.simplify(falling))
    h = sp.Symbol("h", positive=True)
    log_density = -(big_r + 1) * sp.log(1 + h) - level / (1 + h)
    log_ratio = log_density - log_density.subs(h, -h)
    square = sp.Symbol("q", nonnegative=True)  # h^2
    slope = sp.diff(log_ratio, h) * (1 - h**2) ** 2 / 2
    line = (level - big_r - 1) + (big_r + 1 + level) * square
    yield steps.identity(
        "the log-ratio of the densities of h at h and -h has slope of the sign of a line in h^2",
        sp.simplify(slope),
        line.subs(square, h**2),
    )
    yield steps.positive("the line starts below 0", -line.subs(square, 0))
    yield steps.positive("and ends above 0 at h = 1", line.subs(square, 1))
    start = log_ratio.subs(h, 0)
    yield steps.identity("so the ratio, 1 at h = 0, falls and then rises: one crossing", start, 0)


def largest_median(claimed: Statement) -> Iterator[Step]:
    """The median at r - 1, that 1/2 is approached there, and that no larger threshold has it."""
    yield from median(r - 1)(claimed)
    yield steps.given(claimed, sp.Eq(theta, r - 1))
    two = (_ROOT + 1) / (2 * _ROOT) * sp.exp(-1 / (_ROOT + 1))  # the Laplace law above 1
    noise_grows = (gamma, 0)
    yield steps.attained("r = 2: P_1(1) tends to it as the noise grows", two, claimed, noise_grows, at={r: 2})
    beyond = sp.Symbol("e", positive=True)
    mean = (1 + _m + beyond) / (1 + _m) - 1  # theta = r - 1 + e
    yield steps.positive("any larger threshold has E[h] > 0: as k leaves 0 P_1 falls below 1/2", mean)


def certify_median(
    scaled_threshold: sp.Expr, smallest: Fraction, largest_r: int
) -> Callable[[Statement, int], Certified]:
    """P_1(theta) >= bound for r = 2..largest_r over correlations in [smallest, 1].

    Below `smallest` the tail is within the width of a cell of its limit 1/2: the proof has the rest.
    """

    def prove(claimed: Statement, bits: int) -> Certified:
        from bounds.law.score_balls import TAIL, tail
        from bounds.proof.enclose import ball, decide, enclose, precision

        direct = f"r = 2..{largest_r}, correlation in [{smallest}, 1]"
        box = f"{direct}; the rest of r >= 2 and every SNR by the proof"
        stated = constant_of(claimed.bound)
        steps.given(claimed, sp.Ge(r, 2), sp.Le(theta, scaled_threshold))
        if stated is None or claimed.relation is not Relation.LOWER:
            return Certified(None, box, bits, 0, float("-inf"))
        evidence: list[Enclosure] = []
        with precision(bits):
            boxes, margin = 0, float("inf")
            limit = enclose(stated)
            best = (0.5, 0.5)
            if limit > ball(Fraction(1, 2)):
                at_two = tail(2, Fraction(1, 2**10), Fraction(1, 2**10))
                holds = False if at_two < limit else None
                witness = "r = 2, correlation 1/1024" if holds is False else ""
                return Certified(holds, box, bits, 1, float((at_two - limit).upper()), witness, best)
            for dimension in range(2, largest_r + 1):
                level = Fraction(int(2 * scaled_threshold.subs(r, dimension)), 2)

                def lowest(cell: Region, dimension: int = dimension, level: Fraction = level) -> Ball:
                    ((low, high),) = cell
                    return tail(dimension, low, level * high) - limit

                found = decide(lowest, ((smallest, Fraction(1)),))
                boxes, margin = boxes + found.boxes, min(margin, found.margin)
                if found.holds is not True:
                    place = f"r = {dimension}, {found.witness}"
                    return Certified(found.holds, box, bits, boxes, found.margin, place, best)
                share = TAIL(dimension, CELL_LOW, sp.Rational(level) * CELL_HIGH)
                cells = tuple(cell for (cell,) in found.cells)
                over = (smallest, 1)
                evidence.append(Enclosure(f"r = {dimension}", share, ">=", BOUND, cells=cells, over=over))
        return Certified(True, box, bits, boxes, margin, "", best, tuple(evidence))

    return prove


def certify_half_r(claimed: Statement, bits: int) -> Certified:
    """P_1(r/2) for every r >= 1: least at r = 1, enclosed over the correlation."""
    from bounds.law.score_balls import tail
    from bounds.proof.enclose import enclose, endpoints, infimum, precision

    box = "r >= 1, any SNR"
    stated = constant_of(claimed.bound)
    steps.given(claimed, sp.Eq(theta, r / 2))
    if stated is None or claimed.relation is not Relation.LOWER:
        return Certified(None, box, bits, 0, float("-inf"))

    def lowest(cell: Region) -> Ball:
        ((low, high),) = cell
        return tail(1, low, Fraction(high) / 2)

    with precision(bits):
        worst = Fraction(2, 5)  # a a~ = 25/4
        found = tail(1, worst, worst / 2)
        noiseless = tail(1, 1, Fraction(1, 2))
        best = infimum(lowest, ((Fraction(0), Fraction(1)),), 2e-3)
        margin = found - enclose(stated)
        low, high = (endpoints(noiseless)[i] for i in (0, 1))
        witness = (
            f"r = 1, gamma = gamma_tilde = 2/3: P_1(1/2) = {endpoints(found)[0]:.4f}; "
            f"without noise it is {(low + high) / 2:.4f}"
        )
        if margin < 0:
            return Certified(False, box, bits, 1, endpoints(margin)[1], witness, best)
        holds = True if enclose(stated) <= best[0] else None
        return Certified(holds, box, bits, 1, endpoints(margin)[0], "", best)


def kept_share_at_zero(claimed: Statement) -> Iterator[Step]:
    """P_O = eta P_1 + (1 - eta) P_0 with P_1 = 1/2 + x and P_0 = 1/2."""
    yield at_two(claimed, eta * laplace_tail(True) + (1 - eta) * laplace_tail(False))
    yield steps.given(claimed, sp.Eq(theta, 0))
    kept = eta * (HALF + _x) + (1 - eta) * HALF
    yield steps.nonnegative("P_O is at least 1/2", sp.expand(kept), HALF)
    yield steps.concluded("which is at least the bound", HALF, claimed, shown=Relation.LOWER)


def branches(claimed: Statement) -> Iterator[Step]:
    """T_0.5 falls in eta and T_0 does not depend on it: they are equal once, at the solution."""
    yield steps.positive("T_0.5 falls as eta rises", -sp.diff(T_HALF, eta))
    yield steps.identity("T_0 is free of eta", sp.diff(T_ZERO, eta), 0)
    (crossing,) = sp.solve(sp.Eq(T_HALF**2, T_ZERO**2), eta)
    yield steps.concluded("they are equal at", crossing, claimed)


def _crossing_steps() -> Iterator[Step | sp.Expr]:
    """Steps, then as last item the limit of r times the clean fraction where the two errors cross.

    Without noise the oracle's squared error is, up to a common factor, kappa P r^2/M^2 with P the kept
    share, M the kept mass of the score and kappa P = E[|v|^2; kept]/r.
    """
    multiple = sp.Symbol("w", positive=True)  # eta = w/r
    size = sp.Symbol("r", positive=True)
    share = multiple / size
    s = sp.Symbol("s", positive=True)
    chernoff = -sp.log(1 - s**2) / 2 - s / 2  # log of E exp(s S) exp(-s r/2), over r
    yield steps.positive("P_0(r/2) falls exponentially (Chernoff at s = 1/2)", -chernoff.subs(s, HALF))
    chebyshev = 2 * size / (size / 2) ** 2
    yield steps.identity("P_1(r/2) -> 1 (Chebyshev, variance 2r)", steps.limit(chebyshev, size, sp.oo), 0)
    # E_0(0) = sqrt(2 r/pi) to first order; at theta = 0 half of the corrupted pairs are kept, all clean ones.
    mean = sp.sqrt(2 * size / sp.pi)
    lower = (2 * size - 1) / sp.pi / mean**2
    yield steps.identity("E_0(0)^2 >= (2r-1)/pi is that asymptote", steps.limit(lower, size, sp.oo), 1)
    at_zero = ((1 - share) / 2 + share) * size**2 / (share * size + (1 - share) * mean / 2) ** 2
    at_half = share * size**2 / (share * size) ** 2
    limit_zero = steps.limit(at_zero / size, size, sp.oo)
    limit_half = steps.limit(at_half / size, size, sp.oo)
    yield steps.identity("squared error at 0, over r", limit_zero, sp.pi)
    yield steps.identity("squared error at r/2, over r", limit_half, 1 / multiple)
    (crossing,) = sp.solve(sp.Eq(limit_zero, limit_half), multiple)
    yield crossing


def _crossing() -> tuple[list[Step], sp.Expr]:
    *found, crossing = _crossing_steps()
    return [step for step in found if isinstance(step, Step)], crossing


def crossing_order(claimed: Statement) -> Iterator[Step]:
    """The ratio of the crossing to the stated order must stay between positive constants."""
    found, crossing = _crossing()
    yield from found
    ratio = steps.limit(crossing / r / claimed.bound, r, sp.oo)
    yield steps.of_order("crossing over the stated order", ratio, claimed)


def crossing_limit(claimed: Statement) -> Iterator[Step]:
    """The ratio of the crossing to the stated value must tend to 1."""
    yield steps.given(claimed, Noiseless(gamma), Noiseless(gamma_tilde))
    found, crossing = _crossing()
    yield from found
    ratio = steps.limit(crossing / r / claimed.bound, r, sp.oo)
    yield steps.concluded(
        "crossing over the stated value tends to 1", ratio, claimed.about(1, Origin(ratio=crossing / r))
    )
