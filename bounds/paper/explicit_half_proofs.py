"""Theorem 1 with numbers at threshold r/2: what a machine decides of its proof, and the theorems it quotes.

What the proof shares with that at threshold 0 is taken from `bounds.paper.explicit_proofs`.  As there, every
constant is a function of epsilon = 1/sqrt(C) alone.  Derivation: proofs_notes/explicit_half.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp
from flint import arb

from bounds.checks import Statement, Step
from bounds.paper import explicit_terms
from bounds.paper.events import (
    ANDERSON,
    BERNSTEIN,
    BINOMIAL_BERNSTEIN,
    BITS,
    BY_PARTS,
    CAUCHY_SCHWARZ,
    CHERNOFF,
    CONCENTRATION,
    DAVIDSON_SZAREK,
    JENSEN,
    NET,
    SUB_GAUSSIAN,
    events,
    quoted,
    union_bound,
)
from bounds.paper.explicit_proofs import (
    NET_WIDTH,
    TEACHER,
    centring,
    completed_square,
    largest_slope,
    losses,
    moment_conditions,
    noise_shares,
    part_by_part,
    stated_constants,
    tangent,
    teacher_chain,
)
from bounds.paper.thresholds_proofs import single_crossing
from bounds.proof import steps
from bounds.proof.enclose import Ball, ball, precision
from bounds.symbols import r

STUDENT = events(
    ("at least N P - sqrt(2 N P t) pairs are kept, P >= eta/8", CHERNOFF),
    ("at most N eta + sqrt(2 N eta t) + 2t/3 are clean", BINOMIAL_BERNSTEIN),
    ("second moments of v over kept pairs", BERNSTEIN),
    ("second moments of u over kept pairs", BERNSTEIN),
    ("own noise of R in Frobenius norm", CONCENTRATION),
    ("own noise of Q in Frobenius norm", CONCENTRATION),
    ("own noise of Q in operator norm", DAVIDSON_SZAREK),
    ("deviation of Z on the left", BERNSTEIN),
    ("deviation of Z on the right", BERNSTEIN),
    ("sum of v over kept pairs", SUB_GAUSSIAN),
    ("sum of the residual of u' over kept pairs", BERNSTEIN),
    ("sum of u over kept pairs", SUB_GAUSSIAN),
    ("sum of the residual of v' over kept pairs", BERNSTEIN),
    ("the signal's block from below", BERNSTEIN),
    ("the signal's block from above", BERNSTEIN),
    ("sum of y over kept pairs", SUB_GAUSSIAN),
    ("sum of y~ over kept pairs", SUB_GAUSSIAN),
    ("own noise of the noise block", DAVIDSON_SZAREK),
    ("norm of the second noise", DAVIDSON_SZAREK),
    ("norm of the residual of u' over clean pairs", DAVIDSON_SZAREK),
    ("norm of v over clean pairs", DAVIDSON_SZAREK),
    ("norm of the second noise over clean pairs", DAVIDSON_SZAREK),
    ("sum of the second noise over kept pairs", SUB_GAUSSIAN),
)

COUNTED = events(
    ("the teacher has at most n_T eta + sqrt(2 n_T eta t) + 2t/3 clean pairs", BINOMIAL_BERNSTEIN)
)

EVENTS = TEACHER + COUNTED + STUDENT
"""All events of the proof: beside the teacher's at threshold 0 one that keeps its threshold from falling."""


def _corrupted_chain(found: dict[str, Ball]) -> dict[str, Ball]:
    """Section 3: slopes and tails of a corrupted pair's score."""
    one, beta, chi = ball(1), found["beta"], found["chi"]
    high, low = found["t_+"] / (2 * (one - beta)), found["t_-"] / (2 * (one + beta))
    slope = 4 * high / ((one + (one + 16 * high**2).sqrt()) * (one - beta))
    further = 2 * high / ((one + (one + 4 * high**2).sqrt()) * (one - beta))
    smooth = (one + 1 / (one - slope * (one + beta))) / 2
    ratio = chi + (smooth - one) * (chi - 1 / chi)
    return {
        "t": slope,
        "1 - t f_+": one - slope * (one + beta),
        "C_q": smooth,
        "C_q - 1": smooth - one,
        "rho_b": ratio,
        "k_0": ratio * (3 + (9 + 16 * low**2).sqrt()) / (4 * low),
        "g_4": one + (one + beta) ** 2 / (one - beta) * further * smooth,
    }


def _clean_chain(found: dict[str, Ball]) -> dict[str, Ball]:
    """Section 4: l_0, l_1, u_0 and u_1."""
    one, beta, tau, kappa = ball(1), found["beta"], found["tau"], found["kappa"]
    cosine = (one - beta**2).sqrt()
    turn = (2 - 2 * cosine).sqrt()
    beta_h = kappa * (one + beta) - one
    c_low, c_high = one - beta - tau**2 * (one + beta), one + beta
    e_low, e_high = one - beta, kappa.sqrt() * (one + beta)
    c_3 = 1 / (2 * arb.pi() * arb.const_e()).sqrt()
    moved = (e_high - e_low) * (c_high + found["t_+"] / 2) / e_low + c_high - c_low
    c_j = c_3 * moved / e_low**2
    l_f = (cosine - tau**2) / 2 - (turn + tau**2) ** 2 / 8
    peak = 1 / (2 * arb.const_e() * c_low)
    return {
        "c_-": c_low,
        "2 c_- - t_+": 2 * c_low - found["t_+"],
        "c_J": c_j,
        "l_0": l_f - beta_h**2 * c_j / 4,
        "l_1": one - beta_h - beta_h**2 / 4 * (e_high / e_low - one),
        "u_0": (one + beta) * (peak + c_j) + c_3 * tau**2,
        "u_1": (one + beta) * e_high / e_low,
    }


def _spread_chain(e: Ball, tail: Ball) -> dict[str, Ball]:
    """Section 5: the kept share, second moments and the deviation of Z; `tail` is g_4."""
    net, ell = ball(NET_WIDTH), ball(33).log()
    root = (ell / 2).sqrt()
    kept = (1 - ball(8).sqrt() * e) / 8
    second = 1 + ((3 * ell).sqrt() * e + ell * e**2) / (1 - 2 * net)
    bilinear = ((3 * tail * ell).sqrt() + tail * ell * e) / (1 - 2 * net)
    sums = centring(kept) * e * (1 + tail.sqrt() * root * e / 2)
    return {"p_K": kept, "k_1": second, "c_Z": bilinear + sums}


def chain(samples: Any) -> dict[str, Ball]:
    """Every constant of the proof at the sample constant C: balls; "K1" and "K2" are what it can reach."""
    with precision(BITS):
        one = ball(1)
        e = 1 / (samples if isinstance(samples, arb) else ball(samples)).sqrt()
        found = {"epsilon": e, **teacher_chain(e)}
        tau, beta = found["tau"], found["beta"]
        kappa = one + tau**2
        found |= {"kappa": kappa, "chi": (one + beta) / (one - beta)}
        found |= {"t_+": 1 / (one - e), "t_-": (one - e**2) / (one + e + e**2 / 3)}
        found |= _corrupted_chain(found)
        found |= _clean_chain(found)
        found |= _spread_chain(e, found["g_4"])
        off = found["k_1"].max(kappa).sqrt()
        found["d"] = losses(e, tau, kappa, found["p_K"], off, found["c_Z"])
        clean = found["l_0"] / kappa - found["d"] - tau**2 * found["u_0"]
        slope = found["l_1"] / kappa - tau**2 * found["u_1"]
        corrupted = 1 / kappa - tau**2 * found["rho_b"]
        own = one + found["k_T"] * found["c_Z"] * e
        worst = (found["k_1"] / clean).max(kappa * found["k_0"] / (2 * corrupted))
        ratio = (found["u_0"] / clean).max(found["u_1"] / slope).max(found["rho_b"] / corrupted)
        found |= {"clean": clean, "slope": slope, "corrupted": corrupted}
        found |= {"K1": own * (worst / clean).sqrt(), "K2": found["k_T"] * ratio}
    return found


POSITIVE = (
    *("1 - beta_P - e_1", "G", "1 - sine", "1 - beta", "t_-", "1 - t f_+", "C_q - 1", "2 c_- - t_+"),
    *("l_1", "p_K", "clean", "slope", "corrupted"),
)
"""What must be positive for the chain to mean anything."""


def theorem_1_half(claimed: Statement) -> Iterator[Step]:
    """Theorem 1 with numbers at threshold r/2: events, inequalities in the parameters, chain of constants."""
    yield from quoted(
        EVENTS,
        ("nets of the unit sphere, e = 1/16", NET),
        ("a larger covariance makes a norm larger", ANDERSON),
        ("means above a threshold, given the other modality; slopes of densities", BY_PARTS),
        ("P(|Y + z| <= h) falls in |z| for Y symmetric and unimodal: wider scales, larger tails", ANDERSON),
        ("E[1/V^2] >= E[1/V]^2 and E[V] E[1/V] >= 1 in the slope of a density", JENSEN),
        ("means of products over the kept pairs", CAUCHY_SCHWARZ),
    )
    yield union_bound(EVENTS)
    yield steps.given(claimed, sp.Ge(r, 2))
    yield from tangent()
    yield from noise_shares()
    yield from moment_conditions()
    yield from slopes()
    yield from laplace()
    yield from truncated_moments()
    yield from single_crossing(r + 2, r + 1)
    yield from clean_density()
    yield completed_square()
    yield from together()
    yield from stated_constants(claimed, len(EVENTS), chain, POSITIVE, explicit_terms.clean_noise)


@steps.shared
def slopes() -> Iterator[Step]:
    """Section 3: a corrupted score is normal given V, and its density's slope is enclosed by two roots."""
    big, x, y, f = sp.symbols("V x y f", positive=True)
    a = sp.Symbol("A", nonnegative=True)
    level = sp.exp(-(x**2) / (2 * big)) / sp.sqrt(big)
    under = level / big
    by_parts = sp.simplify(2 * big * sp.diff(level, big) / level)
    yield steps.identity("2V G'/G = x^2/V - 1", by_parts, x**2 / big - 1)
    by_parts = sp.simplify(2 * big * sp.diff(under, big) / under)
    yield steps.identity("of G/V: x^2/V - 3", by_parts, x**2 / big - 3)
    yield steps.identity("-dG/dx = (x/V) G", sp.simplify(-sp.diff(level, x) / level), x / big)
    root = sp.sqrt(a**2 + 4 * x**2 / f**2)
    tau = 2 / (f**2 * (a + root))
    yield steps.identity("x^2 T^2 + A T = 1/f^2", sp.simplify(x**2 * tau**2 + a * tau), 1 / f**2)
    root = sp.sqrt(a**2 + 4 * y**2)
    slope = 2 * y / (a + root)  # f times the slope, y = x/f
    rises = "2y/(A + sqrt(A^2 + 4y^2)) rises in y"
    yield steps.identity(rises, sp.simplify(sp.diff(slope, y) * root * (a + root)), 2 * a)
    falls = "and falls in A"
    yield steps.identity(falls, sp.simplify(sp.diff(slope, a) * root * (a + root)), -2 * y)
    yield steps.nonnegative("and is at most 1", (a**2 + 4 * y**2) - (2 * y) ** 2)
    more = sp.Symbol("m", nonnegative=True)  # r = 2 + m
    yield steps.nonnegative("(r-1)/r >= 1/2", sp.factor((1 + more) / (2 + more) - sp.Rational(1, 2)))
    yield steps.nonnegative("(r+1)/r >= 1", (r + 1) / r, sp.Integer(1))
    yield steps.nonnegative("(r+1)/r <= 3/2", sp.factor(sp.Rational(3, 2) - (3 + more) / (2 + more)))
    yield steps.identity("at (r-1)/r = 1/2: 4h/(1 + sqrt(1 + 16h^2))", *_at(slope, a, y, sp.Rational(1, 2)))
    yield steps.identity("at (r+1)/r = 3/2: 4h/(3 + sqrt(9 + 16h^2))", *_at(slope, a, y, sp.Rational(3, 2)))


def _at(slope: sp.Expr, a: sp.Symbol, y: sp.Symbol, place: sp.Rational) -> tuple[sp.Expr, sp.Expr]:
    """The slope at A = `place` and its form in section 3, whose numerator is 4h."""
    numerator = 2 * place
    return slope.subs(a, place), 4 * y / (numerator + sp.sqrt(numerator**2 + 16 * y**2))


@steps.shared
def laplace() -> Iterator[Step]:
    """Section 3: an independent Laplace variable more, and one of another scale."""
    f, w, x, rate = sp.symbols("f w x h", positive=True)
    more = sp.Symbol("m", nonnegative=True)
    wide = f + more  # f_i >= f_j = f
    share = f**2 / wide**2
    mixed = (share + (1 - share) / (1 + wide**2 * w**2)) / (1 + f**2 * w**2)
    mixture = "f_i L is f_j L, and with probability 1 - (f_j/f_i)^2 another f_i L more"
    yield steps.identity(mixture, sp.factor(sp.together(mixed)), 1 / (1 + wide**2 * w**2))
    yield steps.nonnegative("1 - (f_j/f_i)^2 >= 0", sp.factor(1 - share))
    one_more = "one f L more adds -f^2 p' to a tail"
    yield steps.identity(one_more, 1 / (1 + f**2 * w**2) - 1, -(f**2) * w**2 / (1 + f**2 * w**2))
    far = steps.integral(sp.exp(-x / f) / (2 * f), (x, 0, sp.oo))
    yield steps.identity("P(f L < 0) = 1/2", far, sp.Rational(1, 2))
    slope = 1 / f - rate  # t, with t f < 1
    near = steps.integral(sp.exp(-rate * x) / (2 * f), (x, 0, sp.oo))
    yield steps.identity("E[exp(t f L); L > 0] = 1/(2(1 - t f))", near, 1 / (2 * sp.expand(1 - slope * f)))
    ratio, beyond = 1 + more, sp.Symbol("c", nonnegative=True)  # f_i/f_j and C_q - 1
    whole = ratio * (1 / ratio**2 + (1 - 1 / ratio**2) * (1 + beyond))
    form = ratio + beyond * (ratio - 1 / ratio)
    yield steps.identity("rho_b in terms of f_i/f_j", sp.simplify(whole), sp.simplify(form))
    yield steps.positive("rises in f_i/f_j", sp.factor(sp.diff(form, more)))


@steps.shared
def truncated_moments() -> Iterator[Step]:
    """Sections 3 and 5: moments over kept pairs, and how many are kept."""
    q = sp.Symbol("q", integer=True, positive=True)
    double = "(2q)!/2^q = (2q-1)!! q!: the step from q to q+1"
    yield steps.identity(double, (2 * q + 2) * (2 * q + 1) / 2, sp.expand((2 * q + 1) * (q + 1)))
    odd = "(2q-3)!! <= (q!/2)^2: the step 2q - 1 <= (q+1)^2"
    yield steps.nonnegative(odd, sp.expand((q + 1) ** 2 - (2 * q - 1)))
    yield steps.identity("with equality at q = 2", sp.Integer(1), (sp.factorial(2) / 2) ** 2)
    a, b = sp.symbols("a b", positive=True)
    yield steps.identity("ab <= (a^2 + b^2)/2", (a**2 + b**2) / 2 - a * b, (a - b) ** 2 / 2)
    z = sp.Symbol("z", positive=True)
    chi = z ** (r - 1) * sp.exp(-(z**2) / 2)
    whole = steps.integral(chi, (z, 0, sp.oo))
    fourth = steps.integral(sp.powsimp(z**4 * chi), (z, 0, sp.oo))
    yield steps.identity("E chi_r^4 = r(r+2)", sp.gammasimp(fourth / whole), r * (r + 2))
    more = sp.Symbol("m", nonnegative=True)  # r = 2 + m
    least = (2 + more) / (4 * (4 + more))
    yield steps.nonnegative("r/(4(r+2)) >= 1/8 for r >= 2", sp.factor(least - sp.Rational(1, 8)))


@steps.shared
def clean_density() -> Iterator[Step]:
    """Section 4: the density of a clean pair's score along a direction, and how it moves with c and e."""
    c, e, big, x, level, z = sp.symbols("c e D x h z", positive=True)
    place = (c * x**2 - level) / (sp.sqrt(big) * e * x)
    inner = sp.sqrt(big) / x * sp.exp(-(place**2) / 2)
    damped = sp.exp(-(place**2) / 2)
    in_c = sp.simplify(sp.diff(inner, c) / damped)
    yield steps.identity("d/dc of D e j is -E[z phi(z)]/e", in_c, sp.simplify(-place / e))
    in_e = sp.simplify(sp.diff(inner, e) / damped)
    moved = sp.simplify(place * (c - level / x**2) / e**2)
    yield steps.identity("d/de of D e j is E[z phi(z) (c - theta/rho^2)]/e^2", in_e, moved)
    yield largest_slope()
    weight = z ** (r + 1) * sp.exp(-(z**2) / 2)
    whole = steps.integral(weight, (z, 0, sp.oo))
    inverse = steps.integral(sp.powsimp(weight / z**2), (z, 0, sp.oo))
    yield steps.identity("E[1/chi_(r+2)^2] = 1/r", sp.gammasimp(inverse / whole * r), 1)
    t = sp.Symbol("t", real=True)
    root = 1 + sp.Symbol("m", nonnegative=True)  # sqrt(1 + D)
    product = sp.expand((1 - (root + 1) * t) * (1 + (root - 1) * t))
    two_gammas = "1 - 2t - D t^2 = (1 - A t)(1 + B t), A and B being sqrt(1 + D) + 1 and - 1"
    yield steps.identity(two_gammas, product, sp.expand(1 - 2 * t - (root**2 - 1) * t**2))
    yield steps.nonnegative("A >= 2", root + 1, sp.Integer(2))
    peak = sp.diff(x * sp.exp(-x), x).subs(x, 1)
    yield steps.identity("the density x exp(-x) of two exponentials is largest at 1", peak, 0)


@steps.shared
def together() -> Iterator[Step]:
    """Section 6: the kept second moments over the squared gap, and the leak over it."""
    yield part_by_part()
    share, clean, signal, one, two = sp.symbols("k A q a b", positive=True)
    rest = sp.Symbol("m", nonnegative=True)  # by so much the other term of the maximum is smaller
    eta = share / (1 + share)  # the clean share, below 1
    gap = eta * clean + (1 - eta) * signal
    moments = eta * one + (1 - eta) * two * signal
    for name, worst, smaller in (
        ("k_1/A", one / clean, {two: 2 * one / clean - rest}),
        ("k_0/2", two / 2, {one: clean * two / 2 - rest}),
    ):
        room = (worst / (eta * clean) * gap**2 - moments).subs(smaller)
        statement = f"K <= max(k_1/A, k_0/2) gap^2/(eta A), the larger being {name}"
        yield steps.nonnegative(statement, sp.factor(sp.together(sp.expand(room))))
