"""What conditioning on a score does: Lemmas 6, 7 and 10, Eq. 7-10, 46, 56, Section 6.2, Appendix G.

A class c pair is kept with probability P_c and has mean score E_c when kept.  All statements about
the two classes together follow from Bayes' rule; those about directions from independence and
symmetry.  Derivations: proofs_notes/conditioning.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import sympy as sp

from bounds.claim import Check, Claim, Measured, Proof, Relation, Search, Step, Verdict
from bounds.contrastive import S_N_WEIGHT, K, L
from bounds.matrices import BASES, G_TILDE, U_PERP, U_TILDE, U_TILDE_PERP, G, U
from bounds.model import COVARIANCE_X, COVARIANCE_Y
from bounds.moments import VARIANCE_CORRUPTED, contracted_moment
from bounds.steps import decided, identity, nonnegative, positive
from bounds.symbols import (
    C, N, P, a_x, a_y, d, d_tilde, eta, gamma, gamma_tilde, mean_0, mean_1, n, n_T, r, rho, tail_0, tail_1, theta,
)
from bounds.words import Algebra

KEPT_SHARE = eta * tail_1 + (1 - eta) * tail_0
"""P(theta), the share of all pairs that is kept."""

MULTIPLE_PRINTED = (eta * mean_1 + (1 - eta) * mean_0) / r
"""Eq. 10 as printed: the classes weighted as before filtering."""

MULTIPLE = (eta * tail_1 * mean_1 + (1 - eta) * tail_0 * mean_0) / (r * KEPT_SHARE)
"""Eq. 10 with the weights that the classes have among the kept pairs."""

F_0, F_1 = (sp.Symbol(f"f_{c}", real=True) for c in (0, 1))
"""f_c = E_c/r, the multiple of U U~^T within a class."""

GAP = sp.Symbol("g", positive=True)
"""sigma_r(M_O)."""

CHANGE = sp.Symbol("e", positive=True)
"""||M_T - M_O||_2, below the gap."""

CHANGE_NUCLEAR = sp.Symbol("e_1", positive=True)
"""The sum of the singular values of M_T - M_O."""

SCALE = sp.Symbol("s", positive=True)
"""sqrt(||Cov x|| ||Cov x~||)."""

SMALLEST = sp.Symbol("l", positive=True)
"""The smallest eigenvalue of the joint covariance of (x, x~)."""

LEMMA_10_PROBABILITY = SCALE * CHANGE_NUCLEAR / (2 * SMALLEST * (GAP - CHANGE))
"""|P_T - P_O| is at most this, at every threshold."""

LEMMA_10_MOMENT = 3 * SCALE**2 * CHANGE_NUCLEAR / (2 * SMALLEST * (GAP - CHANGE))
"""||E_T - E_O||_2 is at most this, at every threshold."""

ANGLE = sp.Symbol("phi", positive=True)
"""Angle by which the teacher's left space is turned away from U."""

TEACHER_ERROR = sp.Symbol("e_T", positive=True)
"""||rho_T M_T - eta U U~^T||_2: the teacher's error without its scale."""

_x, _y = sp.MatrixSymbol("x", d, 1), sp.MatrixSymbol("x_tilde", d_tilde, 1)
TEACHER_SCORE = sp.Trace(_x.T * G.T * G_TILDE * _y)
ORACLE_SCORE = sp.Trace(_x.T * U * U_TILDE.T * _y)

_density = sp.Symbol("p", positive=True)
_mean_kept = sp.Symbol("E", real=True)
MEAN_SLOPE = _density * (_mean_kept - theta) / P
"""dE/dtheta, with p the score's density at theta, P the share above it and E the mean above it."""

_s = sp.Symbol("s", real=True)
_pdf = sp.Function("p", positive=True)
_ABOVE = sp.Integral(_pdf(_s), (_s, theta, sp.oo))
_MASS = sp.Integral(_s * _pdf(_s), (_s, theta, sp.oo))


def _prove_eq_7(claim: Claim) -> Iterator[Step]:
    left, right = G * _x, G_TILDE * _y
    yield Algebra().identity("<G x, G~ x~> = x^T A x~ with A = G^T G~", sp.Trace(left.T * right), claim.bound)
    factor, excess = sp.symbols("c h", positive=True)
    yield positive("score > theta gives c score > c theta", factor * (theta + excess) - factor * theta)
    yield nonnegative("and score <= theta does not", factor * theta - factor * (theta - excess))


def _prove_eq_8(claim: Claim) -> Iterator[Step]:
    left, right = U.T * _x, U_TILDE.T * _y
    yield BASES.identity("<U^T x, U~^T x~> = x^T U U~^T x~", sp.Trace(left.T * right), claim.bound)
    limit = eta / rho * ORACLE_SCORE
    yield BASES.identity("the teacher's limit is eta/rho of it", limit, eta / rho * claim.bound)


def _prove_eq_9(claim: Claim) -> Iterator[Step]:
    matched = S_N_WEIGHT.subs(L, K)
    apart = S_N_WEIGHT.subs(sp.KroneckerDelta(K, L), 0)
    yield identity("the weights of matched pairs sum to 1", n * matched, 1)
    yield identity("the others to -1", n * (n - 1) * apart, -1)
    mean_x, mean_y = sp.ZeroMatrix(d, 1), sp.ZeroMatrix(d_tilde, 1)  # Lemma 7
    yield Algebra().identity(
        "so E[S_n(theta)] = E[x x~^T] - E[x] E[x~]^T among kept pairs",
        _KEPT_MOMENT - mean_x * mean_y.T, claim.bound,
    )


_KEPT_MOMENT = sp.MatrixSymbol("S", d, d_tilde)


def _prove_lemma_6(claim: Claim) -> Iterator[Step]:
    # Finite laws: weights p_i, q_j, values x_i, y_j, indicators (here any numbers) of the two events.
    for rows, columns in product((2, 3), repeat=2):
        weight_x, value_x, kept_x = (sp.symbols(f"{name}0:{rows}", positive=True) for name in "pxa")
        weight_y, value_y, kept_y = (sp.symbols(f"{name}0:{columns}", positive=True) for name in "qyb")
        joint = [(i, j) for i in range(rows) for j in range(columns)]
        events = {(i, j): weight_x[i] * weight_y[j] * kept_x[i] * kept_y[j] for i, j in joint}
        together = sum(events[i, j] * value_x[i] * value_y[j] for i, j in joint) / sum(events.values())
        apart_x = sp.Add(*(p * a * x for p, a, x in zip(weight_x, kept_x, value_x, strict=True)))
        apart_y = sp.Add(*(q * b * y for q, b, y in zip(weight_y, kept_y, value_y, strict=True)))
        total_x = sp.Add(*(p * a for p, a in zip(weight_x, kept_x, strict=True)))
        total_y = sp.Add(*(q * b for q, b in zip(weight_y, kept_y, strict=True)))
        separate = apart_x / total_x * apart_y / total_y
        ratio = sp.cancel(together / separate)
        yield nonnegative(f"E[x y | both kept] over the product of means, {rows} x {columns} values", claim.bound - ratio)
        yield nonnegative("and back", claim.bound - 1 / ratio)


def _prove_lemma_7(claim: Claim) -> Iterator[Step]:
    shape = sp.MatrixSymbol("A", d, d_tilde)
    precision = {name: sp.MatrixSymbol(f"K_{name}", *size) for name, size in
                 {"xx": (d, d), "xy": (d, d_tilde), "yy": (d_tilde, d_tilde)}.items()}

    def score(x: sp.MatrixExpr, y: sp.MatrixExpr) -> sp.Expr:
        return sp.Trace(x.T * shape * y)

    def exponent(x: sp.MatrixExpr, y: sp.MatrixExpr) -> sp.Expr:
        return (
            sp.Trace(x.T * precision["xx"] * x) + 2 * sp.Trace(x.T * precision["xy"] * y)
            + sp.Trace(y.T * precision["yy"] * y)
        )

    plain = Algebra()
    yield plain.identity("the score is even in (x, x~)", score(-_x, -_y), score(_x, _y))
    yield plain.identity("so is the centred Gaussian density", exponent(-_x, -_y), exponent(_x, _y))
    # The substitution (x, x~) -> (-x, -x~) therefore turns E[x | kept] into minus itself.
    mean = sp.Symbol("m", real=True)
    (solution,) = sp.solve(sp.Eq(mean, -mean), mean)
    yield identity("the only m with m = -m", solution, claim.bound)


def _lemma_10_pieces() -> Iterator[Step]:
    """Facts about g^T D g against the density of sum mu_j g_j^2 at a level; see the note."""
    q, mu = sp.symbols("q mu", positive=True)
    g, s = sp.symbols("g s", real=True)
    normal = sp.exp(-q * g**2 / 2) / sp.sqrt(2 * sp.pi)
    yield identity("E exp(i s mu g^2) = q^(-1/2), q = 1 - 2 i s mu", sp.integrate(normal, (g, -sp.oo, sp.oo)),
                   1 / sp.sqrt(q))
    second = sp.integrate(g**2 * normal, (g, -sp.oo, sp.oo))
    yield identity("and E g^2 exp(i s mu g^2) = 1/q of that", second, 1 / sp.sqrt(q) / q)
    size = (1 - 2 * sp.I * s * mu) * (1 + 2 * sp.I * s * mu)
    yield identity("|q|^2 = 1 + 4 s^2 mu^2", sp.expand(size), 1 + 4 * s**2 * mu**2)
    extra = sp.Symbol("h", nonnegative=True)
    yield nonnegative("which grows with |mu|", 4 * s**2 * ((mu + extra) ** 2 - mu**2))
    density = sp.integrate(1 / (1 + 4 * s**2 * mu**2), (s, -sp.oo, sp.oo)) / (2 * sp.pi)
    yield identity("four eigenvalues of size >= mu: the density is at most 1/(4 mu)", density, 1 / (4 * mu))
    # (p q^T + q p^T)/2 with |p| = a, |q| = b at angle w: trace norm a b.
    a, b, w = sp.symbols("a b w", positive=True)
    p_vec, q_vec = sp.Matrix([a, 0]), sp.Matrix([b * sp.cos(w), b * sp.sin(w)])
    form = (p_vec * q_vec.T + q_vec * p_vec.T) / 2
    largest = (a * b * sp.cos(w) + a * b) / 2
    least = (a * b * sp.cos(w) - a * b) / 2
    yield identity("(p q^T + q p^T)/2 has trace", form.trace(), largest + least)
    yield identity("and determinant", form.det(), sp.expand(largest * least))
    yield identity("of eigenvalues whose sizes add up to |p| |q|", largest - least, a * b)


def _lowest_eigenvalue() -> sp.Expr:
    # A_t = (1-t)M_O + tM_T has two singular values of at least g - e (Weyl, rank >= 2); its symmetric form has
    # them halved with both signs; the covariance's square roots shrink them by at most l (Ostrowski).
    return SMALLEST * (GAP - CHANGE) / 2


def _prove_lemma_10_probability(claim: Claim) -> Iterator[Step]:
    yield from _lemma_10_pieces()
    derived = SCALE * CHANGE_NUCLEAR / (4 * _lowest_eigenvalue())
    slack = sp.Symbol("h", positive=True)
    yield nonnegative("trace norm of the change times 1/(4 mu)", (claim.bound - derived).subs(GAP, CHANGE + slack))
    yield from _scale_free(claim)


def _prove_lemma_10_moment(claim: Claim) -> Iterator[Step]:
    yield from _lemma_10_pieces()
    size = sp.Symbol("m", integer=True, positive=True)
    form, change, law = (sp.MatrixSymbol(name, size, size) for name in ("F", "D", "V"))
    moment = contracted_moment([(form, 0, 1), (change, 2, 3)], dict.fromkeys(range(4), law))
    stated = sp.Trace(form * law) * sp.Trace(change * law) + 2 * sp.Trace(form * law * change * law)
    yield Algebra(symmetric=(form, change, law)).identity("Isserlis for two quadratic forms", moment, stated)
    x, y = sp.symbols("x y", nonnegative=True)
    yield nonnegative("the trace norm is at least the Frobenius norm", sp.expand((x + y) ** 2 - x**2 - y**2))
    # |tr(FV) tr(DV)| + 2 |tr(FVDV)| <= 3 ||F||_* ||D||_* for |V_jj| <= 1.
    derived = 3 * SCALE * (SCALE * CHANGE_NUCLEAR) / (4 * _lowest_eigenvalue())
    slack = sp.Symbol("h", positive=True)
    yield nonnegative("three trace norms times 1/(4 mu)", (claim.bound - derived).subs(GAP, CHANGE + slack))
    yield from _scale_free(claim)


def _scale_free(claim: Claim) -> Iterator[Step]:
    scaled = {GAP: GAP / rho, CHANGE: CHANGE / rho, CHANGE_NUCLEAR: CHANGE_NUCLEAR / rho}
    yield identity("dividing both matrices by rho changes nothing", claim.bound.subs(scaled), claim.bound)


def _prove_step_3_prime(claim: Claim) -> Iterator[Step]:
    across = {"x": U_PERP, "x~": U_TILDE_PERP}
    own = {"x": (COVARIANCE_X, U), "x~": (COVARIANCE_Y, U_TILDE)}
    for name, rest in across.items():
        covariance, basis = own[name]
        zero = sp.ZeroMatrix(rest.shape[1], r)
        yield BASES.identity(f"Cov(U_perp^T {name}, U^T {name}) = 0", rest.T * covariance * basis, zero)
    for clean in (1, 0):
        cross = clean * U * U_TILDE.T
        word = "clean" if clean else "corrupted"
        for left, right in ((U_PERP, U_TILDE), (U, U_TILDE_PERP), (U_PERP, U_TILDE_PERP)):
            yield BASES.identity(
                f"{left.name} and {right.name} parts of a {word} pair are uncorrelated",
                left.T * (cross if clean else sp.ZeroMatrix(d, d_tilde)) * right,
                sp.ZeroMatrix(left.shape[1], right.shape[1]),
            )
    # Uncorrelated Gaussians are independent, so such a part is independent of the score and of the other.
    kept_mean = sp.Symbol("k", real=True)
    yield identity("the expectation is a factor E[U_perp^T xi] = 0 times another", 0 * kept_mean, claim.bound)


def _prove_multiple(claim: Claim) -> Iterator[Step]:
    turn = sp.MatrixSymbol("Q", r, r)
    one = sp.Identity(r)
    algebra = Algebra(relations={turn * turn.T: one, turn.T * turn: one})
    u, v = sp.MatrixSymbol("u", r, 1), sp.MatrixSymbol("v", r, 1)
    turned = sp.Trace((turn * u).T * (turn * v))
    yield algebra.identity("u^T v does not change when both are rotated", turned, sp.Trace(u.T * v))
    for value in (a_x, a_y, sp.Integer(1)):
        yield algebra.identity(f"nor does a covariance block {value} I", turn * (value * one) * turn.T, value * one)
    for size in (2, 3, 4):
        entries = sp.symbols(f"m0:{size * size}")
        matrix = sp.Matrix(size, size, entries)
        moves = [sp.eye(size).elementary_row_op("n<->m", row1=0, row2=k) for k in range(1, size)]
        moves += [sp.diag(*(-1 if i == k else 1 for i in range(size))) for k in range(size)]
        equations = [e for q in moves for e in q * matrix * q.T - matrix]
        (solution,) = sp.solve([*equations, matrix.trace() - mean_1], entries, dict=True)
        stated = claim.bound.subs(r, size) * sp.eye(size)
        yield identity(f"the only matrix that no rotation changes, r = {size}, of trace E_1", matrix.subs(solution), stated)


def noise_free_values() -> dict[sp.Symbol, sp.Expr]:
    """r = 2, no noise, theta = 0: P_0, E_0, P_1 and E_1 exactly."""
    v, s = sp.symbols("v s", positive=True)
    length = sp.integrate(v * v * sp.exp(-(v**2) / 2), (v, 0, sp.oo))  # E|v| in the plane
    half_mean = sp.integrate(s * sp.exp(-(s**2) / 2) / sp.sqrt(2 * sp.pi), (s, 0, sp.oo))
    share = sp.Rational(1, 2)  # a corrupted score is symmetric
    # Given v a corrupted score is N(0, |v|^2); a clean one is |z|^2, of mean 2 and never negative.
    return {r: sp.Integer(2), tail_0: share, mean_0: half_mean * length / share, tail_1: sp.Integer(1),
            mean_1: sp.Integer(2)}


def _prove_eq_10(claim: Claim) -> Iterator[Step]:
    kept = eta * tail_1 * mean_1 / r + (1 - eta) * tail_0 * mean_0 / r
    exact = kept / KEPT_SHARE
    here = noise_free_values()
    yield identity("r = 2, no noise, theta = 0", sp.simplify(exact.subs(here)), claim.bound.subs(here))
    yield identity("Bayes' rule: sum of eta_c P_c E_c/r over P", exact, claim.bound)


def _prove_eq_56(claim: Claim) -> Iterator[Step]:
    exact = (eta * tail_1 * F_1 + (1 - eta) * tail_0 * F_0) / KEPT_SHARE
    here = noise_free_values()
    here |= {F_1: here[mean_1] / 2, F_0: here[mean_0] / 2}
    yield identity("r = 2, no noise, theta = 0", sp.simplify(exact.subs(here)), claim.bound.subs(here))
    yield identity("Bayes' rule: sum of eta_c P_c f_c over P", exact, claim.bound)


def _prove_survival(claim: Claim) -> Iterator[Step]:
    w, more_kept, more_mean = sp.symbols("w h k", nonnegative=True)
    base, mean = sp.symbols("P_0 E_0", positive=True)
    family = {tail_1: base + more_kept, tail_0: base, mean_1: mean + more_mean, mean_0: mean, eta: 1 / (1 + w)}
    gap = (MULTIPLE - claim.bound).subs(family, simultaneous=True)
    yield nonnegative("true minus printed, with P_1 >= P_0 and E_1 >= E_0", sp.factor(sp.together(gap)))
    exact = eta * (1 - eta) * (tail_1 - tail_0) * (mean_1 - mean_0) / (r * KEPT_SHARE)
    yield identity("the difference in full", MULTIPLE - claim.bound, exact)


def _prove_mean_slope(claim: Claim) -> Iterator[Step]:
    slope = sp.diff(_MASS / _ABOVE, theta)
    names = {_MASS: _mean_kept * P, _ABOVE: P, _pdf(theta): _density}
    yield identity("quotient rule on E = M/P", sp.simplify(slope.subs(names)), claim.bound)
    above = sp.Symbol("h", positive=True)
    yield nonnegative("E >= theta, as every kept score passes theta", (_s - theta).subs(_s, theta + above) * _density)
    yield nonnegative("so the slope is not negative", claim.bound.subs(_mean_kept, theta + above))


def _prove_share_slope(claim: Claim) -> Iterator[Step]:
    slope = sp.diff(_ABOVE, theta).subs(_pdf(theta), _density)
    yield identity("dP/dtheta", slope, claim.bound)
    yield nonnegative("P falls", -claim.bound)


_TAIL_INTEGRAL = sp.Symbol("T", positive=True)
MEAN_BY_RESIDUAL_LIFE = theta + _TAIL_INTEGRAL / P
"""E = theta + (integral of P above theta)/P."""


def _prove_residual(claim: Claim) -> Iterator[Step]:
    share = sp.Function("P")
    tail = sp.Integral(share(_s), (_s, theta, sp.oo))
    difference = _MASS - theta * _ABOVE - tail
    slope = sp.diff(difference, theta).subs({_ABOVE: share(theta)})
    yield identity("M - theta P and the integral of P have the same slope, both vanishing at infinity", slope, 0)
    mean = sp.solve(sp.Eq(_mean_kept * P - theta * P, _TAIL_INTEGRAL), _mean_kept)[0]
    yield identity("so E = M/P is", mean, claim.bound)


def _prove_step_4_3(claim: Claim) -> Iterator[Step]:
    level = r / 2
    chebyshev = VARIANCE_CORRUPTED / (2 * level**2)
    yield identity("P_0(r/2) <= sigma_0^2/(2 (r/2)^2) by symmetry and Chebyshev", chebyshev, 2 * a_x * a_y / r)
    share = (eta + chebyshev).subs({gamma: 1, gamma_tilde: 1, eta: 1 / r})
    limit = sp.limit(share, r, sp.oo)
    yield nonnegative("along eta = 1/r, gamma = gamma~ = 1, P_O(r/2) stays above the constant", limit - claim.bound)


def _prove_step_4_3_corrected(claim: Claim) -> Iterator[Step]:
    w, h = sp.symbols("w h", nonnegative=True)
    at_half_r = {tail_1: sp.Rational(1, 2) + h, eta: 1 / (1 + w)}
    yield nonnegative("P_O = eta P_1 + (1 - eta) P_0 with P_1(r/2) >= 1/2", (KEPT_SHARE - claim.bound).subs(at_half_r))
    symmetric = {tail_0: sp.Rational(1, 2), tail_1: sp.Rational(1, 2) + h, eta: 1 / (1 + w)}
    yield nonnegative("at theta = 0 even P_O >= 1/2", (KEPT_SHARE - sp.Rational(1, 2)).subs(symmetric))


def _prove_step_5_rho(claim: Claim) -> Iterator[Step]:
    # The teacher's matrix is (1/rho) (cos U + sin W) (.) U~^T with W orthogonal to U; pairs corrupted.
    side = sp.MatrixSymbol("W", d, r)
    algebra = Algebra(
        relations={
            U.T * U: sp.Identity(r), side.T * side: sp.Identity(r), U.T * side: sp.ZeroMatrix(r, r),
        }
    )
    teacher = (sp.cos(ANGLE) * U + sp.sin(ANGLE) * side) / rho
    level, spread, y = sp.Symbol("t", real=True), sp.Symbol("b", positive=True), sp.Symbol("y", real=True)
    normal = sp.exp(-(y**2) / (2 * spread**2)) / (sp.sqrt(2 * sp.pi) * spread)
    kept = sp.integrate(y * normal, (y, level, sp.oo))
    edge = spread**2 * normal.subs(y, level)
    yield identity("E[y; y > t] = b^2 times the density at t, y ~ N(0, b^2)", kept, edge)
    # x regresses on y = x^T w as Cov(x) w y/b^2, so E[x; x^T w > t] is a positive multiple of Cov(x) w, and
    # E[x x~^T U~; kept] one of Cov(x) V_T, as E[v v^T h(|v|)] is a multiple of the identity.
    image = COVARIANCE_X * teacher
    yield algebra.identity("U part of Cov(x) V_T", U.T * image, a_x * sp.cos(ANGLE) / rho * sp.Identity(r))
    yield algebra.identity("W part", side.T * image, sp.sin(ANGLE) / (gamma * rho) * sp.Identity(r))
    tangent = sp.simplify((sp.sin(ANGLE) / (gamma * rho)) / (a_x * sp.cos(ANGLE) / rho))
    yield decided("rho has cancelled in the student's tangent", not tangent.has(rho), tangent)
    limit = sp.limit(tangent, rho, sp.oo)
    point = sp.pi / 4  # a teacher 45 degrees off
    yield identity("its limit as rho grows, at 45 degrees", limit.subs(ANGLE, point), claim.bound.subs(ANGLE, point))
    small = sp.Symbol("tau", positive=True)  # tan(phi)
    yield identity("and at any angle", limit.subs(ANGLE, sp.atan(small)), claim.bound.subs(ANGLE, sp.atan(small)))


def _prove_eq_46(claim: Claim) -> Iterator[Step]:
    fitted = sp.MatrixSymbol("X", d, d_tilde)  # SVD_r of the teacher's cross-covariance
    change = fitted / rho - eta / rho * U * U_TILDE.T
    error = fitted - eta * U * U_TILDE.T
    yield BASES.identity(
        "M_T - M_O is 1/rho of the error", sp.Trace(change.T * change), sp.Trace(error.T * error) / rho**2
    )
    oracle = eta / rho * U * U_TILDE.T
    yield BASES.identity("M_O^T M_O has eigenvalue (eta/rho)^2 on U~", oracle.T * oracle, (eta / rho) ** 2 * U_TILDE * U_TILDE.T)
    yield identity("||M_T - M_O||/||M_O||", (TEACHER_ERROR / rho) / (eta / rho), claim.bound)


def _prove_split(claim: Claim) -> Iterator[Step]:
    (student,) = sp.solve(sp.Eq(n_T + N, n), N)
    yield identity("the pairs that do not train the teacher", student, claim.bound)


def _claim(
    claim_id: str,
    title: str,
    source: str,
    statement: str,
    quantity: sp.Expr | str,
    bound: sp.Expr,
    checks: tuple[Search | Callable[[Claim], Iterator[Step]], ...],
    note: str,
    **rest: object,
) -> Claim:
    wrapped: tuple[Check, ...] = tuple(c if isinstance(c, Search) else Proof(c) for c in checks)
    proved = all(isinstance(c, Proof) for c in wrapped)
    fields: dict[str, object] = {
        "relation": Relation.EQUAL, "expected": Verdict.PROVED if proved else Verdict.SUPPORTED, **rest,
    }
    left = sp.Symbol(quantity) if isinstance(quantity, str) else quantity
    return Claim(
        id=claim_id, title=title, source=source, statement=statement, quantity=left, bound=bound, checks=wrapped,
        note=f"conditioning.md#{note}", **fields,  # type: ignore[arg-type]
    )


_multiple = sp.Symbol("c", positive=True)

SECTION_6: tuple[Claim, ...] = (
    _claim(
        "eq-7", "The score of a pair", "Section 5, Eq. 7",
        "<G x, G~ x~> = x^T A x~ with A = G^T G~; a positive factor on A scales the threshold and nothing else.",
        r"\langle G x, \tilde{G} \tilde{x} \rangle", TEACHER_SCORE, (_prove_eq_7,), "the-score",
    ),
    _claim(
        "eq-8", "The oracle's score", "Section 6, Eq. 8",
        "<U^T x, U~^T x~> = x^T U U~^T x~, of which the teacher's score tends to the multiple eta/rho.",
        r"\langle U^T x, \tilde{U}^T \tilde{x} \rangle", ORACLE_SCORE, (_prove_eq_8,), "the-score",
        depends_on=("eq-7", "eq-5-mean"),
    ),
    _claim(
        "section-6-2-share-falls", "The kept share falls with the threshold", "Section 6.2",
        "P_c has slope -p_c, minus the score's density: it falls.",
        r"dP/d\theta", -_density, (_prove_share_slope,), "monotonicity",
    ),
    _claim(
        "section-6-2-mean-rises", "The mean kept score rises with the threshold", "Section 6.2",
        "E_c has slope p_c (E_c - theta)/P_c >= 0, for every law of the score.",
        r"dE/d\theta", MEAN_SLOPE, (_prove_mean_slope,), "monotonicity",
        remark="Log-concavity is not needed: it gives that E_c - theta falls.",
    ),
    _claim(
        "section-6-2-residual-life", "The mean kept score by residual life", "Section 6.2; proof of Lemma 5",
        "E_c = theta + (integral of P_c above theta)/P_c: threshold plus mean residual life.",
        "E", MEAN_BY_RESIDUAL_LIFE, (_prove_residual,), "monotonicity",
    ),
    _claim(
        "eq-9", "Mean of the kept pairs' cross-covariance", "Section 6.2, Eq. 9",
        "Given which pairs are kept, S_n(theta) has mean E[x x~^T | score > theta].",
        r"\mathbb{E} S_n(\theta)", _KEPT_MOMENT, (_prove_eq_9,), "eq-9", depends_on=("eq-5", "lemma-7"),
    ),
    _claim(
        "eq-10", "What the kept pairs' cross-covariance tends to, as printed", "Section 6.2, Eq. 10",
        "S(theta) = (1/r)(eta E_1 + (1 - eta) E_0) U U~^T.",
        _multiple, MULTIPLE_PRINTED, (_prove_eq_10,), "eq-10-and-56", expected=Verdict.REFUTED,
        depends_on=("step-3-prime", "step-3-prime-multiple"),
        remark="Filtering changes the share of clean pairs; the printed weights are those before it.",
    ),
    _claim(
        "eq-10-corrected", "What the kept pairs' cross-covariance tends to", "Section 6.2, Eq. 10, corrected",
        "S(theta) = (eta P_1 E_1 + (1 - eta) P_0 E_0)/(r P) U U~^T.",
        _multiple, MULTIPLE, (_prove_eq_10,), "eq-10-and-56", variant="corrected", corrects="eq-10",
        depends_on=("step-3-prime", "step-3-prime-multiple"),
    ),
    _claim(
        "eq-10-from-below", "What survives of the printed Eq. 10", "Section 6.2, Eq. 10",
        "The true multiple is at least the printed one whenever P_1 >= P_0 and E_1 >= E_0, so upper bounds "
        "of the error that use the printed one survive.",
        _multiple, MULTIPLE_PRINTED, (_prove_survival,), "eq-10-and-56", relation=Relation.LOWER,
        variant="explicit", conditions=(sp.Ge(tail_1, tail_0), sp.Ge(mean_1, mean_0)),
        depends_on=("eq-10-corrected",),
    ),
)

APPENDIX_G: tuple[Claim, ...] = (
    _claim(
        "sample-split", "How many pairs the student scores, as printed", "Appendix G",
        "N = n_T - n.", N, n_T - n, (_prove_split,), "the-split", expected=Verdict.REFUTED,
        remark="A slip of the pen: the printed number is never positive.",
    ),
    _claim(
        "sample-split-corrected", "How many pairs the student scores", "Appendix G, corrected",
        "N = n - n_T.", N, n - n_T, (_prove_split,), "the-split", variant="corrected", corrects="sample-split",
    ),
    _claim(
        "eq-46", "The teacher's relative error", "Appendix G, Eq. 46",
        "M_T = SVD_r(S_T)/rho_T and M_O = (eta/rho_T) U U~^T differ by ||SVD_r(S_T) - eta U U~^T||/eta relative to "
        "||M_O||, whatever rho_T.",
        r"\|M_T - M_O\| / \|M_O\|", TEACHER_ERROR / eta, (_prove_eq_46,), "eq-46", depends_on=("eq-6",),
    ),
    _claim(
        "step-3-prime", "The blocks that filtering leaves empty", "Appendix G, Step 3'",
        "The three blocks of S_O(theta) that involve U_perp or U~_perp vanish.",
        r"\|U_\perp^T S_O \tilde{U}\| + \|U^T S_O \tilde{U}_\perp\| + \|U_\perp^T S_O \tilde{U}_\perp\|",
        sp.Integer(0), (_prove_step_3_prime,), "step-3",
        depends_on=("remark-a-1", "remark-a-1-corrupted", "lemma-6", "lemma-7"),
    ),
    _claim(
        "step-3-prime-multiple", "The block that filtering leaves", "Appendix G, Step 3'; Lemma 9",
        "Within a class E[u v^T | u^T v > theta] is E_c/r times the identity.",
        "f_1", mean_1 / r, (_prove_multiple,), "step-3", depends_on=("remark-a-1",),
    ),
    _claim(
        "eq-56", "The multiple among kept pairs, as printed", "Appendix G, Eq. 56",
        "The multiple is eta f_1 + (1 - eta) f_0.",
        _multiple, eta * F_1 + (1 - eta) * F_0, (_prove_eq_56,), "eq-10-and-56", expected=Verdict.REFUTED,
        depends_on=("step-3-prime-multiple",),
        remark="The class weights are those before filtering.",
    ),
    _claim(
        "eq-56-corrected", "The multiple among kept pairs", "Appendix G, Eq. 56, corrected",
        "The multiple is (eta P_1 f_1 + (1 - eta) P_0 f_0)/P.",
        _multiple, (eta * tail_1 * F_1 + (1 - eta) * tail_0 * F_0) / KEPT_SHARE, (_prove_eq_56,), "eq-10-and-56",
        variant="corrected", corrects="eq-56", depends_on=("step-3-prime-multiple",),
    ),
    _claim(
        "step-4-3", "The kept share at threshold r/2, as printed", "Appendix G, Step 4.3",
        "P_O(r/2) is bounded below by an absolute constant.",
        r"P_O(r/2)", C, (_prove_step_4_3,), "step-43", relation=Relation.LOWER, expected=Verdict.REFUTED,
        depends_on=("appendix-f-variance-corrupted-corrected",),
        remark="The proof itself ends with order eta.",
    ),
    _claim(
        "step-4-3-corrected", "The kept share at threshold r/2", "Appendix G, Step 4.3, corrected",
        "P_O(r/2) >= eta/2 for r >= 2, and P_O(0) >= 1/2.",
        r"P_O(r/2)", eta / 2, (_prove_step_4_3_corrected,), "step-43", relation=Relation.LOWER, variant="corrected",
        corrects="step-4-3", conditions=(sp.Ge(r, 2),),
    ),
    _claim(
        "step-5-rho", "The teacher's regulariser and the student's error, as printed", "Appendix G, Step 5",
        "With rho_T large enough the student inherits nothing of the teacher's angle.",
        r"\lim_{\rho_T \to \infty} \tan\varphi_{\text{student}}", sp.Integer(0), (_prove_step_5_rho,), "step-5",
        expected=Verdict.REFUTED, depends_on=("eq-7", "eq-46"),
        remark="Scores and thresholds scale together, so rho_T cancels.",
    ),
    _claim(
        "step-5-rho-corrected", "What the student inherits of the teacher's angle", "Appendix G, Step 5, corrected",
        "Whatever rho_T and theta, a teacher whose left space is turned by phi leaves corrupted pairs with "
        "tan(phi)/(1 + gamma).",
        r"\lim_{\rho_T \to \infty} \tan\varphi_{\text{student}}", sp.tan(ANGLE) / (1 + gamma), (_prove_step_5_rho,),
        "step-5", variant="corrected", corrects="step-5-rho", depends_on=("eq-7", "eq-46"),
    ),
)

LEMMAS: tuple[Claim, ...] = (
    _claim(
        "lemma-6", "Independent pairs, each kept or not", "Appendix C, Lemma 6",
        "For independent (x, x~) and (y, y~), E[x y~^T | both kept] is the product of the conditional means.",
        r"\max(R, 1/R), R = E[x \tilde{y}^T | \cdot] / (E[x | \cdot] E[\tilde{y} | \cdot]^T)", sp.Integer(1),
        (Search(Measured(quantity="independence-ratio")), _prove_lemma_6), "lemma-6", relation=Relation.UPPER,
        remark="The symbolic steps are for laws on finitely many points.",
    ),
    _claim(
        "lemma-7", "Conditional means vanish", "Appendix C, Lemma 7",
        "For centred jointly Gaussian (x, x~) every coordinate of E[x | x^T A x~ > theta] and of "
        "E[x~ | x^T A x~ > theta] is 0.",
        r"E[x_i | x^T A \tilde{x} > \theta]", sp.Integer(0), (_prove_lemma_7,), "lemma-7",
    ),
    _claim(
        "lemma-10", "How conditioning depends on the score's matrix", "Appendix C, Lemma 10",
        "|P_T - P_O| <= C_P ||M_T - M_O|| and ||E_T - E_O|| <= C_E ||M_T - M_O|| with finite constants: those of "
        "the note are never passed.",
        r"\max(|P_T - P_O|/C_P, \|E_T - E_O\|/C_E) / \|M_T - M_O\|", sp.Integer(1),
        (
            Search(Measured(quantity="filter-share-ratio"), instances=1000),
            Search(Measured(quantity="filter-moment-ratio"), instances=1000),
        ),
        "lemma-10", relation=Relation.UPPER, depends_on=("lemma-1", "lemma-4"),
    ),
    _claim(
        "lemma-10-probability", "How the kept share depends on the score's matrix", "Appendix C, Lemma 10",
        "|P_T - P_O| <= s e_1/(2 l (g - e)): s^2 the product of the covariances' norms, e and e_1 operator and "
        "trace norm of M_T - M_O, g the least singular value of M_O, l the least eigenvalue of the joint covariance.",
        r"|P_T - P_O|", LEMMA_10_PROBABILITY, (_prove_lemma_10_probability,), "lemma-10", relation=Relation.UPPER,
        variant="explicit", conditions=(sp.Lt(CHANGE, GAP),), depends_on=("lemma-1", "lemma-4"),
        remark="Holds for every threshold, and does not change when M_T and M_O are scaled together.",
    ),
    _claim(
        "lemma-10-moment", "How the kept moment depends on the score's matrix", "Appendix C, Lemma 10",
        "||E_T - E_O|| <= 3 s^2 e_1/(2 l (g - e)), in the letters of the bound for the kept share.",
        r"\|E_T - E_O\|", LEMMA_10_MOMENT, (_prove_lemma_10_moment,), "lemma-10", relation=Relation.UPPER,
        variant="explicit", conditions=(sp.Lt(CHANGE, GAP),), depends_on=("lemma-1", "lemma-4"),
        remark="Holds for every threshold, and does not change when M_T and M_O are scaled together.",
    ),
)

CLAIMS: tuple[Claim, ...] = (*SECTION_6, *APPENDIX_G, *LEMMAS)
