"""Theorem 1 with numbers: the steps that a machine decides, and the theorems that they quote.

Every constant of the proof of Theorem 1 with numbers is a function of epsilon = 1/sqrt(C) alone, and the
claim holds where its K1 and K2 are no smaller than those: `chain` encloses them in balls.  What holds for all
values of the parameters is decided by SymPy.  Derivation: proofs_notes/explicit.md, with the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from bounds.checks import Relation, Statement, Step
from bounds.paper import concentration_proofs, explicit_terms
from bounds.paper.events import (
    ANDERSON,
    BERNSTEIN,
    BINOMIAL_BERNSTEIN,
    BITS,
    CHERNOFF,
    CONCENTRATION,
    DAVIDSON_SZAREK,
    NET,
    PLACES,
    STEIN,
    SUB_GAUSSIAN,
    WATSON,
    at_most,
    events,
    quoted,
    union_bound,
)
from bounds.proof import steps
from bounds.proof.enclose import Ball, ball, enclose, endpoints, precision
from bounds.proof.matrix_words import Algebra
from bounds.proof.undecided import Undecided
from bounds.symbols import d, d_tilde, gamma, gamma_tilde, n, r

TEACHER = events(
    ("the teacher has at least n_T eta - sqrt(2 n_T eta t) clean pairs", CHERNOFF),
    ("greatest singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("least singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("norm of the sum of v over clean pairs", CONCENTRATION),
    ("norm of the sum of v over all pairs", CONCENTRATION),
    ("norm of the centred v", DAVIDSON_SZAREK),
    ("norm of the residual of u times the centred v", DAVIDSON_SZAREK),
    ("operator norm of R", DAVIDSON_SZAREK),
    ("Frobenius norm of R + N Q^T P^-T", CONCENTRATION),
    ("operator norm of Q", DAVIDSON_SZAREK),
    ("Frobenius norm of Q^T + N^T R P^-1", CONCENTRATION),
    ("norm of the centred u", DAVIDSON_SZAREK),
    ("norm of the centred second noise", DAVIDSON_SZAREK),
    ("norm of N", DAVIDSON_SZAREK),
    ("norm of the centred first noise", DAVIDSON_SZAREK),
)

STUDENT = events(
    ("at least N/2 - sqrt(N t) pairs are kept", CHERNOFF),
    ("at most N eta + sqrt(2 N eta t) + 2t/3 are clean", BINOMIAL_BERNSTEIN),
    ("norm of v", DAVIDSON_SZAREK),
    ("norm of u", DAVIDSON_SZAREK),
    ("own noise of R in Frobenius norm", CONCENTRATION),
    ("own noise of Q in Frobenius norm", CONCENTRATION),
    ("own noise of Q in operator norm", DAVIDSON_SZAREK),
    ("deviation of Z on the left", BERNSTEIN),
    ("deviation of Z on the right", BERNSTEIN),
    ("sum of v over kept pairs", SUB_GAUSSIAN),
    ("sum of the residual of u' over kept pairs", SUB_GAUSSIAN),
    ("sum of u over kept pairs", SUB_GAUSSIAN),
    ("sum of the residual of v' over kept pairs", SUB_GAUSSIAN),
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

EVENTS = TEACHER + STUDENT
"""All events of the proof of Theorem 1 with numbers."""


def teacher_chain(e: Ball) -> dict[str, Ball]:
    """Section 1: the teacher's error and the matrix of its score, as balls; `e` is epsilon."""
    one = ball(1)
    e_1 = e * (one + e) / (one - e)
    rho = e / (one - e).sqrt()
    block = 2 * rho + 2 * rho**2 + e_1
    sine = e_1 / (one - block - e_1)
    tau = sine / (one - sine**2).sqrt()
    gap = one - block - e_1 * tau - e_1**2 * (one + tau) / (one - block)
    tangent = (one + e) * (one + e_1 / (one - block)) / ((one - e) * gap)
    score = block + sine**2 * (e_1 + e_1**2 / (one - block))
    beta = (one + tau**2 / 2) ** 2 * (one + score) - one
    room = {"1 - beta_P - e_1": one - block - e_1, "G": gap, "1 - sine": one - sine, "1 - beta": one - beta}
    return {"tau": tau, "k_T": tangent, "beta": beta, "e_1": e_1, "beta_P": block, **room}


def _moment_chain(tau: Ball, beta: Ball) -> dict[str, Ball]:
    """Section 5: l_0, l_1, u_0 and u_1."""
    one = ball(1)
    kappa = one + tau**2
    chi = (one + beta) / (one - beta)
    cosine = (one - beta**2).sqrt()
    turn = (2 - 2 * cosine).sqrt()
    zeta = (cosine - tau**2) / kappa.sqrt()
    beta_h = kappa * (one + beta) - one
    left_over = one - 1 / kappa.sqrt()
    root = (2 * arb.pi()).sqrt()
    j_0 = 1 / (8 * arb.pi()).sqrt()
    j_1 = (one - zeta**2) / zeta * (-ball(Fraction(3, 8))).exp() / (2 * root)
    j_2 = (one - zeta**2) / zeta**3 * (ball(3) / 4).sqrt() ** 3 / root
    c_3 = 1 / (2 * arb.pi() * arb.const_e()).sqrt()
    l_f = (cosine - tau**2) / 2 - (turn + tau**2) ** 2 / 8
    return {
        "kappa": kappa,
        "chi": chi,
        "zeta": zeta,
        "l_0": l_f - beta_h**2 * j_1 / (4 * (one - beta)),
        "l_1": (one - tau**2 * chi) / kappa.sqrt() - beta_h**2 * left_over * chi / (4 * (one - beta)),
        "u_0": chi * j_0 + chi * (j_1 + j_2 + left_over * j_0) + c_3 * tau**2,
        "u_1": chi * (one + chi * left_over),
    }


NET_WIDTH = Fraction(1, 16)
"""e_0: how close to every unit vector the nets have a point."""


def _logarithm() -> tuple[Ball, Ball, Ball]:
    """e_0, the net's points a dimension as their logarithm l, and sqrt(l/2)."""
    ell = ball(33).log()
    return ball(NET_WIDTH), ell, (ell / 2).sqrt()


def centring(kept: Ball) -> Ball:
    """c_2: what two sums over the kept pairs cost, at least a share `kept` of N eta of them (of N at 0)."""
    net, ell, _ = _logarithm()
    return ell / 2 / ((1 - net) ** 2 * kept)


def losses(e: Ball, tau: Ball, kappa: Ball, kept: Ball, off: Ball, deviation: Ball) -> Ball:
    """Sections 4 and 6: all losses over eta; `off` of own noise off the diagonal, `deviation` that of Z."""
    one = ball(1)
    net, ell, root = _logarithm()
    # Convex in g: the larger of its values at g = 0 and g = 1.
    ends = (ball(3).sqrt() * root).max(root + kappa.sqrt() * (one + e))
    signal = (ends + ball(3).sqrt() / 7 * root) * e + (ell / 4 + ell / 14 + centring(kept)) * e**2
    clean = ((one + e + e**2 / 3).sqrt() + e) ** 2
    leak = tau * clean * (one + (2 * ell).sqrt() * e / ((one - net) * kept))
    return signal + leak + tau * (e * off + tau * deviation * e)


def chain(samples: Any) -> dict[str, Ball]:
    """Every constant of the proof at the sample constant C: balls; "K1" and "K2" are what it can reach."""
    with precision(BITS):
        e = 1 / (samples if isinstance(samples, arb) else ball(samples)).sqrt()
        found = {"epsilon": e, **teacher_chain(e)}
        tau = found["tau"]
        found |= _moment_chain(tau, found["beta"])
        kappa, chi = found["kappa"], found["chi"]
        net, ell, _ = _logarithm()
        kept = (1 - ball(2).sqrt() * e) / 2
        spread = ell.sqrt() / (1 - 2 * net) * (1 + ell.sqrt() * e / 2) + centring(kept) * e
        found |= {"c_Z": spread, "d": losses(e, tau, kappa, kept, 1 + e, spread)}
        own = 1 + e + found["k_T"] * found["c_Z"] * e
        clean = found["l_0"] / kappa - found["d"] - tau**2 * found["u_0"]
        slope = found["l_1"] / kappa - tau**2 * found["u_1"]
        corrupted = 1 / kappa - tau**2 * chi
        theta = clean.min(corrupted / (2 * chi))
        ratio = (found["u_0"] / clean).max(found["u_1"] / slope).max(chi / corrupted)
        found |= {"clean": clean, "slope": slope, "corrupted": corrupted}
        found |= {"K1": own / (ball(2).sqrt() * theta), "K2": found["k_T"] * ratio}
    return found


POSITIVE = ("1 - beta_P - e_1", "G", "1 - sine", "1 - beta", "zeta", "l_1", "clean", "slope", "corrupted")
"""What must be positive for the chain to mean anything."""


def constants(
    claimed: Statement, events: int, first: Callable[[int], sp.Expr] = explicit_terms.own_noise
) -> tuple[Ball, Ball, Ball] | None:
    """K1, K2 and C that the claim states, if it has the theorem's form with this many events; else None.

    The form is looked at in three places; `for_all_values` decides it.  `first` is the bound's first term
    at K1 = 1; the second is what is inherited.
    """
    own, leak = first(events), explicit_terms.inherited(events)
    unit = explicit_terms.samples(sp.Integer(1), events)
    with precision(BITS):
        rows = []
        for digits, place in enumerate(PLACES[:3], start=9):
            at = {**place, n: 10**digits}  # another n each: the powers of n show as well
            rows.append([enclose(e, at) for e in (own, leak, claimed.bound)])
        (a, b, f), (a_2, b_2, f_2), (a_3, b_3, f_3) = rows
        determinant = a * b_2 - a_2 * b
        k_1, k_2 = (f * b_2 - f_2 * b) / determinant, (a * f_2 - a_2 * f) / determinant
        if not (k_1 * a_3 + k_2 * b_3).overlaps(f_3):
            return None
        asked = [
            [(enclose(condition.rhs, place) - 1) / (enclose(unit, place) - 1) for place in PLACES[:3]]
            for condition in claimed.conditions
            if isinstance(condition, sp.Ge) and condition.lhs == n
        ]
    if len(asked) != 1 or not all(x.overlaps(asked[0][0]) for x in asked[0]):
        return None
    return k_1, k_2, asked[0][0]


def for_all_values(
    claimed: Statement,
    found: tuple[Ball, Ball, Ball],
    events: int,
    first: Callable[[int], sp.Expr] = explicit_terms.own_noise,
) -> Step:
    """That the claim is the theorem with the constants `found`, term by term and not only where looked at.

    Raises Undecided where its bound or its condition is another expression.
    """
    own, leak, samples = (sp.Rational(Fraction(endpoints(x)[0]).limit_denominator(10**6)) for x in found)
    form = own * first(events) + leak * explicit_terms.inherited(events)
    condition = sp.Ge(n, explicit_terms.samples(samples, events), evaluate=False)
    statement = "the bound and the condition are the theorem's, for all values of the parameters"
    if claimed.bound != form or condition not in claimed.conditions:
        raise Undecided(statement)
    return Step(statement, True, f"K1 = {own}, K2 = {leak}, C = {samples}")


def theorem_1(claimed: Statement) -> Iterator[Step]:
    """Theorem 1 with numbers: its events, its inequalities in the parameters, and its chain of constants."""
    yield from quoted(
        EVENTS,
        ("nets of the unit sphere, e = 1/16", NET),
        ("a larger covariance makes a norm larger", ANDERSON),
        ("the mean of chi_r", WATSON),
        ("means above a threshold, given the other modality", STEIN),
    )
    yield union_bound(EVENTS)
    yield from tangent()
    yield from noise_shares()
    yield from moment_conditions()
    yield from whole_range()
    yield from together()
    yield from stated_constants(claimed, len(EVENTS), chain, POSITIVE)


def stated_constants(
    claimed: Statement,
    events: int,
    chain: Callable[[Any], dict[str, Ball]],
    needed: Sequence[str],
    first: Callable[[int], sp.Expr] = explicit_terms.own_noise,
) -> Iterator[Step]:
    """The claim has the theorem's form, and none of its constants is below what the chain reaches at its C.

    `needed` names what must be positive on the way; `first` is the bound's first term at K1 = 1.
    """
    found = constants(claimed, events, first)
    yield steps.decided("what is derived is an upper bound", claimed.relation is Relation.UPPER)
    form = f"the bound and the condition have the theorem's form, with {events} events"
    yield Step(form, found is not None, "K1 own + K2 inherited, n >= 1 + 2 C a a~ D^2/eta^2")
    if found is None:
        return
    own, leak, samples = found
    numbers = chain(samples)
    with precision(BITS):
        for name in needed:
            lower = endpoints(numbers[name])[0]
            yield Step(f"{name} > 0 at this C", bool(numbers[name] > 0), f"{lower:.5f} > 0")
        yield at_most("the proof's K1 is at most the stated one", numbers["K1"], own)
        yield at_most("the proof's K2 is at most the stated one", numbers["K2"], leak)
    yield for_all_values(claimed, found, events, first)


@steps.shared
def tangent() -> Iterator[Step]:
    """Section 1: the perturbation argument, the tangent's own side, and the matrix beyond rank r."""
    yield from concentration_proofs.perturbation()
    left, right = sp.MatrixSymbol("T", d - r, r), sp.MatrixSymbol("T_tilde", d_tilde - r, r)
    signal, inverse = sp.MatrixSymbol("P", r, r), sp.MatrixSymbol("P_inv", r, r)
    up, low = sp.MatrixSymbol("Q", r, d_tilde - r), sp.MatrixSymbol("R", d - r, r)
    noise = sp.MatrixSymbol("N", d - r, d_tilde - r)
    algebra = Algebra(relations={signal * inverse: sp.Identity(r), inverse * signal: sp.Identity(r)})
    # From T~ (P^T + R^T T) = Q^T + N^T T:
    other = (up.T + noise.T * left - right * low.T * left) * inverse.T
    moved = low + noise * other - noise * (noise.T - right * low.T) * left * inverse.T
    yield algebra.identity(
        "T (P + Q T~) = R + N T~ less N (N^T - T~ R^T) T P^-T is R + N Q^T P^-T",
        moved,
        low + noise * up.T * inverse.T,
    )
    yield algebra.identity(
        "taking R P^-1 Q for N, the lower rows are R P^-1 times the upper ones: rank r",
        low * inverse * signal,
        low,
    )


@steps.shared
def together() -> Iterator[Step]:
    """Section 7: the gap from its two parts, and the leak over it, coefficient by coefficient."""
    share, theta, over, under, q = sp.symbols("k theta m_1 m_0 q", positive=True)
    eta = share / (1 + share)  # the clean share, below 1
    clean, corrupted = theta + over, theta + under
    for name, factor, least in (("Q >= 1", 1 + q, sp.Integer(1)), ("Q < 1", 1 / (1 + q), 1 / (1 + q))):
        room = eta * clean + (1 - eta) * corrupted * factor - theta * least
        statement = f"eta A + (1 - eta) B Q >= min(A, B) min(1, Q), {name}"
        yield steps.nonnegative(statement, sp.factor(sp.together(room)))
    yield part_by_part()
    size = sp.Symbol("x", positive=True)
    watson = 2 * sp.sqrt(size) * sp.sqrt(r - sp.Rational(1, 2)) / (r * sp.sqrt(2 * sp.pi))
    yield steps.identity(
        "2 sqrt(x) e_0 >= sqrt((2r - 1) x/pi)/r, squared", watson**2, (2 * r - 1) * size / (sp.pi * r**2)
    )


def part_by_part() -> Step:
    """Section 7: a ratio of sums is at most the largest ratio of their parts."""
    ratio, part_1, part_2, part_3 = sp.symbols("rho y_1 y_2 y_3", positive=True)
    less_1, less_2, less_3 = sp.symbols("s_1 s_2 s_3", nonnegative=True)
    whole = ratio * (part_1 + part_2 + part_3)
    top = (ratio * part_1 - less_1) + (ratio * part_2 - less_2) + (ratio * part_3 - less_3)
    return steps.nonnegative("x_i <= rho y_i each: the sums too", sp.expand(whole - top))


@steps.shared
def noise_shares() -> Iterator[Step]:
    """Sections 1, 3, 4 and 5: shares of noise, for every gamma and gamma~."""
    g, h = gamma, gamma_tilde
    a, b = 1 + 1 / g, 1 + 1 / h
    excess = a * b - 1
    left, right = 1 / (1 + g), 1 / (1 + h)
    yield steps.identity("1/gamma = a lambda", a * left, 1 / g)
    yield steps.identity("a~/(gamma a a~) = lambda", b / (g * a * b), left)
    yield steps.identity("1/(gamma gamma~ a a~) = lambda lambda~", 1 / (g * h * a * b), left * right)
    yield steps.nonnegative("lambda <= 1", 1, left)
    yield steps.nonnegative("Gamma_1: a - 1/a~ >= 1/gamma", a - 1 / b, 1 / g)
    yield steps.nonnegative("D >= a/gamma~", excess, a / h)
    yield steps.nonnegative("Theta_1: lambda + lambda~ <= D", sp.factor(excess - left - right))
    product = sp.factor((left + right) ** 2 - left * right)
    yield steps.nonnegative("lambda lambda~ <= (lambda + lambda~)^2", product)
    share = sp.factor(sp.together(a * b * right / excess))
    yield steps.nonnegative("a a~ lambda~/D <= 1", sp.factor(1 - share))
    u, v = sp.symbols("u v", positive=True)  # square roots of gamma and gamma~
    room = (1 + u**2) * (1 + v**2) - (1 + u * v) ** 2
    yield steps.identity("f <= 1: (1 + gamma)(1 + gamma~) - (1 + sqrt(gamma gamma~))^2", room, (u - v) ** 2)
    p, w = sp.symbols("p w", positive=True)  # sqrt(lambda), sqrt(1 - lambda) as tangents
    cosines = (1 + p**2) * (1 + w**2) - (1 + p * w) ** 2
    yield steps.identity("1/x <= (1 - g)^2 is Cauchy-Schwarz", cosines, (p - w) ** 2)
    x = sp.Symbol("x", positive=True)
    curve = sp.diff(sp.sqrt(1 + 2 * x**2), x, 2)
    yield steps.positive("sqrt(1 + 2(1 - g)^2) is convex in g", sp.simplify(curve))


@steps.shared
def moment_conditions() -> Iterator[Step]:
    """Sections 2, 3 and 6: Bernstein's conditions, and the logarithms of the nets."""
    q = sp.Symbol("q", integer=True, positive=True)
    moment = 2**q * sp.gamma((q + 1) / 2) ** 2 / sp.pi / sp.factorial(q)  # (E|g|^q)^2/q!
    ratio = sp.simplify(sp.gammasimp(sp.expand_func(moment.subs(q, q + 2) / moment)))
    gains = "(E|g|^q)^2/q! gains the factor (q+1)/(q+2) from q to q+2"
    yield steps.identity(gains, ratio, (q + 1) / (q + 2))
    yield steps.identity("and is 1/2 at q = 2", moment.subs(q, 2), sp.Rational(1, 2))
    yield steps.nonnegative("and below 1/2 at q = 3", sp.Rational(1, 2) - sp.simplify(moment.subs(q, 3)))
    double = "(2q-1)!! <= (q!/2) 3 2^(q-2): the step 2q + 1 <= 2(q + 1)"
    yield steps.nonnegative(double, 2 * (q + 1), 2 * q + 1)
    yield steps.identity("with equality at q = 2", sp.Integer(3), sp.factorial(2) / sp.Integer(2) * 3)
    root, s, half = sp.symbols("rho s h", positive=True)  # sqrt(r), s, and l/2 = 1 + h
    inside = (1 + half) * (2 * root + s) ** 2 - (4 * (1 + half) * root**2 + s**2)
    yield steps.nonnegative("2(r l + t) <= (l/2)(2 sqrt r + s)^2 for l >= 2", sp.expand(inside))
    yield steps.positive("l = log 33 > 2", sp.log(33) - 2)
    twice = sp.Rational(2, 16)
    yield steps.identity("2 e_0/(1 - 2 e_0) = 1/7", twice / (1 - twice), sp.Rational(1, 7))


@steps.shared
def whole_range() -> Iterator[Step]:
    """Section 5: what holds for every r and D."""
    big, y = sp.symbols("D y", positive=True)
    m = sp.Symbol("m", nonnegative=True)
    k = 1 + m  # (r + 1)/2 >= 1
    half = sp.Rational(1, 2)
    for name, power, shift, rest in (
        ("D^(k+1/2)/(D+y)^(k+1) rises up to D = (2k+1) y", k + half, y, (k + half) * y - big / 2),
        ("D^(k-1/2)/(D+y)^(k+1) rises up to D = (2k-1) y/3", k - half, y, (k - half) * y - 3 * big / 2),
    ):
        slope = sp.diff(sp.log(big) * power - sp.log(big + shift) * (k + 1), big) * big * (big + shift)
        yield steps.identity(f"{name}, then falls", slope, rest)
    least = (k + half) / (2 * k + 2) - sp.Rational(3, 8)
    yield steps.nonnegative("(k+1/2)/(2k+2) >= 3/8", sp.factor(least))
    yield steps.nonnegative("4 k^2 <= (2k-1)(2k+2)", sp.expand((2 * k - 1) * (2 * k + 2) - 4 * k**2))
    falling = sp.Rational(3, 2) / (k + 1) - 1 / k + 1 / (2 * k - 1)
    yield steps.nonnegative("k (2k-1)^(-1/2) (k+1)^(-3/2) falls", sp.factor(sp.together(falling)))
    level = sp.log(big) * (k - sp.Rational(1, 2)) - sp.log(big + 1) * k
    slope = sp.diff(level, big) * big * (big + 1)
    rest = (2 * k - 1 - big) / 2
    yield steps.identity("D^(r/2) (D+1)^(-k) rises up to D = r = 2k - 1, then falls", slope, rest)
    g, tail = sp.symbols("g c", positive=True)
    chi = g ** (r - 1) * sp.exp(-(g**2) / 2)
    whole = steps.integral(g * chi, (g, 0, sp.oo))
    damped = steps.integral(sp.powsimp(g * g ** (r - 1)) * sp.exp(-(g**2) * (1 + tail) / 2), (g, 0, sp.oo))
    mean = "E[chi exp(-c chi^2/2)]/E chi = (1 + c)^(-(r+1)/2)"
    yield steps.identity(mean, sp.simplify(damped / whole), (1 + tail) ** (-(r + 1) / 2))
    yield largest_slope()
    yield from exchange()


def largest_slope() -> Step:
    """z phi(z) is at most phi(1): where the bound c_3 comes from."""
    z = sp.Symbol("z", positive=True)
    return steps.identity("z phi(z) is largest at z = 1", sp.diff(z * sp.exp(-(z**2) / 2), z).subs(z, 1), 0)


@steps.shared
def exchange() -> Iterator[Step]:
    """Section 5, the tool: exchanging two coordinates of g."""
    f_j, c = sp.symbols("f_j c", positive=True)
    more = sp.Symbol("m", nonnegative=True)  # f_i^2 = f_j^2 + m
    p, q = sp.symbols("p q", nonnegative=True)  # squares of the coordinates
    here, there = (f_j**2 + more) * p + f_j**2 * q + c, (f_j**2 + more) * q + f_j**2 * p + c
    yield steps.nonnegative("(g_i^2 - g_j^2)(|Hg|^2 - |Hg'|^2) >= 0", sp.factor((p - q) * (here - there)))
    room = sp.expand((f_j**2 + more) * here - f_j**2 * there)
    yield steps.nonnegative("|Hg'| <= (f_i/f_j) |Hg|", room)
    yield completed_square()


def completed_square() -> Step:
    """A form's loss to a small vector beside it, for every size of the form."""
    energy, shift = sp.symbols("e b", positive=True)
    square = energy**2 - shift * energy + shift**2 / 4
    return steps.identity("p - b sqrt(p) >= -b^2/4", square, (energy - shift / 2) ** 2)
