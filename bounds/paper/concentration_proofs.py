"""The proofs of Eq. 2, Eq. 24, Corollary 1 and Proposition 1 with numbers: events, and what follows.

Each bound is put together from what its events are worth and is then held against the claim's, for all
values of the parameters; the inequalities between are decided on the way.  Derivations, with the same names:
proofs_notes/concentration.md and proofs_notes/unimodal.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from bounds.checks import Relation, Statement, Step
from bounds.paper.events import (
    ANDERSON,
    BINOMIAL_BERNSTEIN,
    BITS,
    CHERNOFF,
    CHI_SQUARE,
    CONCENTRATION,
    DAVIDSON_SZAREK,
    JENSEN,
    PLACES,
    WATSON,
    asked,
    at_most,
    chi_low,
    concluded,
    count_high,
    count_low,
    events,
    greatest,
    least,
    length,
    quoted,
    with_failures,
)
from bounds.proof import steps
from bounds.proof.enclose import Ball, ball, enclose, endpoints, precision
from bounds.proof.undecided import Undecided
from bounds.symbols import a_x, a_y, d, d_tilde, eta, gamma, gamma_tilde, n, r, t

REMARK = "Decided step by step, given the theorems that its steps quote; tested by draws besides."

LARGER = ("a larger covariance makes a norm larger", ANDERSON)
INTERLACING = ("an eigenvalue of a principal block is no larger", "Cauchy's interlacing theorem")

_m = n - 1
_noise_x, _noise_y = d - r, d_tilde - r
_rho, _q, _more = sp.symbols("rho q m", positive=True)  # sqrt n_c, sqrt r + s, what one exceeds another by

EQ_2_EVENTS = events(
    ("greatest singular value of H", DAVIDSON_SZAREK),
    ("least singular value of H", DAVIDSON_SZAREK),
    ("norm of K", DAVIDSON_SZAREK),
    ("Frobenius norm of K^T H given H", CONCENTRATION),
)

EQ_24_EVENTS = events(
    ("norm of the residual times the centred x~", DAVIDSON_SZAREK),
    ("norm of the centred x~", DAVIDSON_SZAREK),
    ("greatest singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("least singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("norm of the sum of v over clean pairs", CONCENTRATION),
    ("norm of the sum of v over all pairs", CONCENTRATION),
    ("few clean pairs at most", BINOMIAL_BERNSTEIN),
    ("many clean pairs at least", CHERNOFF),
    ("the clean pairs' v against the second noise", DAVIDSON_SZAREK),
)

COROLLARY_1_EVENTS = events(
    ("norm of the centred v", DAVIDSON_SZAREK),
    ("Frobenius norm of R", CONCENTRATION),
    ("norm of the centred u", DAVIDSON_SZAREK),
    ("Frobenius norm of Q", CONCENTRATION),
    ("norm of the centred second noise", DAVIDSON_SZAREK),
    ("norm of T", DAVIDSON_SZAREK),
    ("norm of the residual of u times the centred v", DAVIDSON_SZAREK),
    ("least singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("norm of the sum of v over clean pairs", CONCENTRATION),
    ("norm of the sum of v over all pairs", CONCENTRATION),
    ("at least n eta - sqrt(2 n eta t) clean pairs", CHERNOFF),
)

PROPOSITION_1_EVENTS = events(
    ("norm of the noise against the centred v, from below", f"{WATSON}; {CHI_SQUARE}"),
    ("residual of u against the centred v", CONCENTRATION),
    ("norm of v over clean pairs", CONCENTRATION),
    ("sum of v over clean pairs", CONCENTRATION),
    ("sum of v over all pairs", CONCENTRATION),
    ("few clean pairs at most", BINOMIAL_BERNSTEIN),
    ("norm of the centred v from below", f"{CONCENTRATION}; {WATSON}"),
)


EVERY_NOISE_EVENTS = events(
    *((event.what, event.theorem) for event in PROPOSITION_1_EVENTS),
    ("least singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("many clean pairs at least", CHERNOFF),
    ("norm of the centred v", DAVIDSON_SZAREK),
    ("norm of the centred u", DAVIDSON_SZAREK),
    ("the second noise against the centred u", CONCENTRATION),
    ("the second noise against the centred v", CONCENTRATION),
)


def eq_2(claimed: Statement) -> Iterator[Step]:
    """Eq. 2 with numbers: four events, and roots that the stated sample keeps apart."""
    yield from quoted(EQ_2_EVENTS, INTERLACING)
    low = sp.sqrt(a_x) * least(_m, r)
    high = greatest(_m, _noise_x) / sp.sqrt(gamma)
    across = sp.sqrt(a_x) / sp.sqrt(gamma) * greatest(_m, r) * length(_noise_x * r)
    root, across_q, across_k = sp.symbols("M q k", positive=True)  # sqrt m, sqrt r + s, sqrt(d - r) + s
    u, v = sp.sqrt(1 + 1 / gamma), 1 / sp.sqrt(gamma)
    yield steps.identity("sqrt a - 1/sqrt gamma = 1/(sqrt a + 1/sqrt gamma)", (u - v) * (u + v), 1)
    lost = u * across_q + v * across_k
    apart = u * (root - across_q) - v * (root + across_k)
    yield steps.identity("the roots differ by M (sqrt a - 1/sqrt gamma) - X", apart, root * (u - v) - lost)
    bigger = 2 * lost * (u + v) + _more
    yield steps.nonnegative(
        "sqrt m >= 2 X (sqrt a + 1/sqrt gamma) leaves half of it",
        sp.expand(sp.expand((bigger * (u - v) / 2 - lost) * (u + v))),
    )
    yield from concluded(claimed, Relation.UPPER, across / (low**2 - high**2), EQ_2_EVENTS)
    needed = 1 + 4 * ((u * length(r) + v * length(_noise_x)) * (u + v)) ** 2
    yield asked(claimed, needed, len(EQ_2_EVENTS))


def eq_24(claimed: Statement) -> Iterator[Step]:
    """Eq. 24 with numbers: nine events."""
    yield from quoted(EQ_24_EVENTS, LARGER)
    clean, q = count_high(n * eta), length(r)
    residual = sp.sqrt(a_x) * greatest(d, d_tilde) * sp.sqrt(a_y) * greatest(_m, d_tilde)
    above = (_rho + _q) ** 2 - _rho**2
    yield steps.identity("(rho + q)^2 - rho^2 = 2 q rho + q^2", above, 2 * _q * _rho + _q**2)
    below = _rho**2 - (_rho - _q) ** 2
    yield steps.nonnegative("and rho^2 - (rho - q)^2 is no larger", 2 * _q * _rho + _q**2, sp.expand(below))
    all_pairs = _rho + _more  # sqrt n, with n_c <= n
    means = _q * _rho * _q * all_pairs / all_pairs**2
    yield steps.nonnegative("n_c <= n: the means cost at most q^2", sp.factor(_q**2 - means))
    longer = clean + count_low(n * eta) - 2 * n * eta
    yield steps.nonnegative("Chernoff's deviation is at most Bernstein's", longer)
    block = 2 * q * sp.sqrt(clean) + 2 * q**2 + (clean - n * eta) + eta
    cross = greatest(r, _noise_y) * (sp.sqrt(clean) + q) / sp.sqrt(gamma_tilde * a_y)
    yield from concluded(claimed, Relation.UPPER, (residual + block + cross) / _m, EQ_24_EVENTS)


def corollary_1(claimed: Statement) -> Iterator[Step]:
    """Corollary 1 with numbers: eleven events, and a gap of eta/2 at the stated sample size."""
    yield from quoted(COROLLARY_1_EVENTS, LARGER)
    yield from perturbation()
    all_pairs = _rho + _more  # sqrt n, with n_c <= n
    kept = (_rho - _q) ** 2 - _q * _rho * _q * all_pairs / all_pairs**2
    room = sp.factor(kept - _rho**2 + 2 * _q * _rho)
    yield steps.nonnegative("(rho - q)^2 - means >= rho^2 - 2 q rho", room)
    slope = sp.diff(_rho**2 - 2 * _q * _rho, _rho).subs(_rho, _q + _more)
    yield steps.nonnegative("which rises where rho >= q", slope)
    yield steps.nonnegative("and is negative where rho < q", sp.expand(2 * (_rho + _more) * _rho - _rho**2))
    few, centred = count_low(n * eta), greatest(_m, r)
    residual = sp.sqrt(a_x) * greatest(r, r) * sp.sqrt(a_y) * centred
    noise = greatest(_noise_x, _noise_y) * greatest(_m, _noise_y) / sp.sqrt(gamma * gamma_tilde)
    gap = (few - 2 * length(r) * sp.sqrt(few) - residual - noise) / _m
    sides = sp.Max(
        sp.sqrt(a_y / gamma) * length(_noise_x * r),
        sp.sqrt(a_x / gamma_tilde) * length(_noise_y * r),
        evaluate=False,
    )
    yield from concluded(claimed, Relation.UPPER, sides * centred / _m / gap, COROLLARY_1_EVENTS)
    b, small = sp.symbols("b e", positive=True)
    falls = sp.diff((3 + (2 * b - 1) * (1 + small)) / b, b)
    yield steps.identity("(3 + (2b-1)(1+e))/b falls in b where e < 2", sp.simplify(falls * b**2), small - 2)
    u, v = sp.symbols("u v", positive=True)  # the roots of 1/gamma and 1/gamma~
    product = sp.factor((1 + u**2) * (1 + v**2) - (1 + u * v) ** 2)
    yield steps.nonnegative("a a~ >= (1 + (gamma gamma~)^(-1/2))^2", product)
    root, failing = sp.symbols("R s", positive=True)  # sqrt r = R, sqrt d + sqrt d~ = 2R + m
    wide = 3 * (2 * root + _more + failing) - (failing + 2 * (root + failing))
    yield steps.nonnegative("s + 2q <= 3 D", sp.expand(wide))
    lost = half_gap(sample_constant(claimed))
    with precision(BITS):
        yield at_most("the losses are at most half of eta", lost, ball(Fraction(1, 2)))


@steps.shared
def perturbation() -> Iterator[Step]:
    """ERR (sigma - |T|) <= max(|R|, |Q|), from s_L sigma <= |R| + |T| s_R and its mirror image."""
    other, noise, sigma = sp.symbols("s_R T sigma", positive=True)
    off = (other + _more) * sigma - noise * other  # the least |R| where s_L = s_R + m is the larger
    room = sp.expand(off - (other + _more) * (sigma - noise))
    yield steps.nonnegative("s_L >= s_R: s_L (sigma - |T|) <= |R|", room)


def sample_constant(claimed: Statement) -> Ball:
    """The claim's sample condition over a a~ (sqrt d + sqrt d~ + s)^2/eta^2, which the note has as 72."""
    (condition,) = claimed.conditions
    events_paid = len(COROLLARY_1_EVENTS)
    unit = with_failures(a_x * a_y * greatest(d, d_tilde) ** 2 / eta**2, events_paid)
    with precision(BITS):
        ratio = enclose(condition.rhs / unit, PLACES[0])
    constant = sp.Rational(Fraction(endpoints(ratio)[0]).limit_denominator(10**6))
    if sp.expand((condition.rhs - constant * unit).doit()) != 0:
        raise Undecided("the sample condition has another form")
    return ball(constant)


def half_gap(samples: Ball) -> Ball:
    """An upper bound of (eta - gap)/eta: the sum of the losses, largest at b = 1 and eta = 1."""
    with precision(BITS):
        fewest = (2 + (2 * ball(11).log()).sqrt()) ** 2  # D^2 for d, d~ >= 1 and t >= log 11
        pairs = samples * fewest
        wide = (pairs / (pairs - 1)).sqrt()
        e = wide / samples.sqrt()
        return wide * e * (3 + 1 + e)


def proposition_1(claimed: Statement) -> Iterator[Step]:
    """Proposition 1 with numbers: seven events."""
    yield from quoted(PROPOSITION_1_EVENTS, LARGER)
    k = sp.Symbol("k", positive=True)
    yield steps.identity(
        "P(chi_k^2 <= k x) <= (e x)^(k/2) is exp(-t) at x = exp(-1 - 2t/k)",
        sp.expand(sp.expand_log(sp.log((sp.E * sp.exp(-1 - 2 * t / k)) ** (k / 2)), force=True)),
        -t,
    )
    angle = sp.Symbol("c", positive=True)
    yield steps.nonnegative("the sine falls in the cotangent", -sp.diff(1 / sp.sqrt(1 + angle**2), angle))
    yield asked(claimed, 2 * t + 2, len(PROPOSITION_1_EVENTS))
    yield steps.positive("n >= 2t + 2 leaves m - 1/2 > s^2", 2 * t + 2 + _more - sp.Rational(3, 2), 2 * t)
    derived = 1 / sp.sqrt(1 + cotangent() ** 2)
    yield from concluded(claimed, Relation.LOWER, derived, PROPOSITION_1_EVENTS)


def cotangent() -> sp.Expr:
    """The cotangent of the left angle is at most this, in t, without noise in the second modality."""
    clean, s = count_high(n * eta), sp.sqrt(2 * t)
    centred = sp.sqrt(_m - sp.Rational(1, 2)) - s  # |C v_0| = chi_m at least
    signal = ((sp.sqrt(clean) + s) ** 2 + s**2 * sp.sqrt(clean / n)) / centred
    return (signal + sp.sqrt(a_x * a_y) * s) / (sp.sqrt(a_y / gamma) * chi_low(d - 1))


def every_noise(claimed: Statement) -> Iterator[Step]:
    """Proposition 1 with numbers for every second modality: thirteen events, and what its noise costs."""
    yield from quoted(EVERY_NOISE_EVENTS, LARGER, ("e^T (M)^-1 e >= 1/(e^T M e)", JENSEN))
    rho, tangent, first = sp.symbols("rho t P2", positive=True)  # |b p|/|p|^2, e^T T, |p|^2
    across = rho * first  # |b p|, and e^T b b^T e >= (|b p|/|p|)^2
    least_form = across * tangent**2 + (first - across**2 / first) * tangent - across
    factored = first * (tangent - rho) * (rho * tangent + 1)
    statement = "t (sigma^2 - |b^T e|^2) >= |b p| is (t - rho)(rho t + 1) >= 0"
    yield steps.identity(statement, least_form, factored)
    leak, noise = 1 / (1 + gamma_tilde), 1 / gamma_tilde
    yield steps.identity("1/gamma~ = a~ lambda~", noise, a_y * leak)
    yield steps.nonnegative("lambda~ <= 1", 1, leak)
    yield asked(claimed, 1 + 100 * a_x * a_y * greatest(d, d_tilde) ** 2 / eta**2, len(EVERY_NOISE_EVENTS))
    with precision(BITS):
        cost = noise_cost(ball(100))
        yield at_most("the second noise costs at most 17/16", cost, ball(Fraction(17, 16)))
    derived = 1 / sp.sqrt(1 + (sp.Rational(17, 16) * cotangent()) ** 2)
    yield from concluded(claimed, Relation.LOWER, derived, EVERY_NOISE_EVENTS)


def noise_cost(samples: Ball) -> Ball:
    """By how much noise in the second modality may raise the cotangent, at the sample constant."""
    with precision(BITS):
        e = 1 / samples.sqrt()  # sqrt(a a~) D/(eta sqrt m), as n >= 1 + samples a a~ D^2/eta^2
        share = 1 - half_gap(samples)  # of P in eta, at least
        across = (e * (1 + e) / share) ** 2  # |Q|^2/P^2
        return (1 + across) / (1 - e**2 * (1 + e) / ((1 - e) * share))
