"""The contrastive loss, its cross-covariance and its closed form (Section 4, Appendix D).

Eq. 3, 5, 6, 23 and Steps 1, 2, 3 and 5.  The loss is a weighted sum of the scores s_kl; the weights
are sums of Kronecker deltas, summed by SymPy for symbolic n.  Notes: proofs_notes/contrastive.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import sympy as sp
from sympy.concrete.delta import deltasummation

from bounds.checks import Origin, Relation, Statement, Step
from bounds.claim import Claim, exact
from bounds.paper.matrices import BASES, G_TILDE, U_TILDE, G, U
from bounds.proof.matrix_words import Algebra, substitute
from bounds.proof.steps import attained, concluded, given, identity, instance, nonnegative, positive, shared
from bounds.symbols import d, d_tilde, eta, n, r, rho

K, L = (sp.Symbol(name, integer=True, positive=True) for name in ("k", "l"))
"""Indices of two pairs."""

_same = sp.KroneckerDelta(K, L)

LOSS_WEIGHT = (1 - n * _same) / (n * (n - 1))
"""Weight of s_kl in the unregularised loss of Eq. 3."""

S_N_WEIGHT = (_same - 1 / n) / (n - 1)
"""Weight of x_k x~_l^T in S_n: centring with divisor n - 1."""

S_N_WEIGHT_PAIRS = _same / n - (1 - _same) / (n * (n - 1))
"""The same weight as a mean over matched minus a mean over mismatched pairs (Eq. 5's first form)."""

S_N = sp.MatrixSymbol("S_n", d, d_tilde)
"""The cross-covariance of Eq. 5, (d, d_tilde)."""

REDUCED_LOSS = -sp.Trace(G * S_N * G_TILDE.T)
"""Step 1: the unregularised loss."""

SINGULAR_VALUE = sp.Symbol("s_k", nonnegative=True)
"""k-th singular value of S_n."""

MINIMISER = SINGULAR_VALUE / rho
"""k-th singular value of G^T G~ at the minimum, k <= r (Eq. 6)."""

_values = sp.IndexedBase("s", nonnegative=True)
MINIMUM = -sp.Sum(_values[K] ** 2, (K, 1, r)) / (2 * rho)
"""The regularised loss at its minimum."""

CHANGE = sp.Symbol("e", positive=True)
"""||S_n - eta U U~^T||_2."""

CLOSED_FORM_ERROR = 2 * CHANGE / rho
"""Eq. 23: distance of G^T G~ from (eta/rho) U U~^T at the minimum."""

ANGLE = sp.sqrt(2 * r) * 2 * CHANGE / (eta - 2 * CHANGE)
"""Step 5: Wedin's bound of the chordal distances, from ||S_n - eta U U~^T||_2 < eta/2."""

_LEFT, _RIGHT = sp.MatrixSymbol("P", d, r), sp.MatrixSymbol("R", d_tilde, r)
RANGE_PROJECTOR = _LEFT * _LEFT.T
"""Projector on the learned subspace, for SVD_r(S_n) = P D R^T."""


def _summed(summand: sp.Expr, *indices: sp.Symbol) -> sp.Expr:
    """The sum over 1..n of products of Kronecker deltas, for symbolic n."""
    for index in indices:
        summand = deltasummation(sp.expand(summand), (index, 1, n), no_piecewise=True)
    return summand


def loss_weight() -> sp.Expr:
    """Weight of s_kl in Eq. 3's double sum, by index algebra."""
    i, j = (sp.Symbol(name, integer=True, positive=True) for name in ("i", "j"))
    same = sp.KroneckerDelta

    def occurs(a: sp.Symbol, b: sp.Symbol) -> sp.Expr:  # coefficient of s_kl in s_ab
        return same(a, K) * same(b, L)

    contrast = occurs(i, j) + occurs(j, i) - 2 * occurs(i, i)
    return _summed((1 - same(i, j)) * contrast / (2 * n * (n - 1)), j, i)


def _prove_eq_3(claimed: Statement) -> Iterator[Step]:
    yield concluded("the weight of s_kl in the double sum", loss_weight(), claimed)
    total = _summed(loss_weight(), K)
    yield identity("the weights of a row sum to 0: a common shift of the x~ changes nothing", total, 0)


def _prove_eq_5(claimed: Statement) -> Iterator[Step]:
    i = sp.Symbol("i", integer=True, positive=True)
    yield concluded("minus the weight of s_kl in the loss", -loss_weight(), claimed)
    yield concluded("mean of matched minus mean of mismatched products", S_N_WEIGHT_PAIRS, claimed)
    # (1/(n-1)) sum_i (x_i - mean)(x~_i - mean~)^T
    left = sp.KroneckerDelta(i, K) - 1 / n
    right = sp.KroneckerDelta(i, L) - 1 / n
    yield concluded("product of the centred pairs", _summed(left * right, i) / (n - 1), claimed)
    yield identity("a row of weights sums to 0", _summed(S_N_WEIGHT, K), 0)


def _prove_step_1(claimed: Statement) -> Iterator[Step]:
    plain = Algebra()
    x, y = sp.MatrixSymbol("x_k", d, 1), sp.MatrixSymbol("xt_l", d_tilde, 1)
    score = sp.Trace(x.T * G.T * G_TILDE * y)
    yield plain.concluded(
        "any n: s_kl with its weight is the (k, l) part of the trace",
        loss_weight() * score,
        claimed.about(
            S_N_WEIGHT * substitute(claimed.bound, {S_N: x * y.T}),
            Origin(((S_N, x * y.T),), factor=S_N_WEIGHT),
        ),
    )
    for size in (2, 3, 4):
        xs = [sp.MatrixSymbol(f"x_{i}", d, 1) for i in range(size)]
        ys = [sp.MatrixSymbol(f"xt_{i}", d_tilde, 1) for i in range(size)]

        def s(i: int, j: int, xs: list[sp.MatrixSymbol] = xs, ys: list[sp.MatrixSymbol] = ys) -> sp.Expr:
            return sp.Trace(xs[i].T * G.T * G_TILDE * ys[j])

        indices = [(i, j) for i, j in product(range(size), repeat=2) if i != j]
        loss = sum((s(i, j) - s(i, i)) + (s(j, i) - s(i, i)) for i, j in indices) / (2 * size * (size - 1))
        mean_x, mean_y = sp.MatAdd(*xs) / size, sp.MatAdd(*ys) / size
        covariance = sp.MatAdd(*((xs[i] - mean_x) * (ys[i] - mean_y).T for i in range(size))) / (size - 1)
        stated = substitute(claimed.bound, {S_N: covariance})
        yield plain.concluded(
            f"n = {size}, written out from Eq. 3", loss, claimed.about(stated, Origin(((S_N, covariance),)))
        )


def _prove_unbiased(claimed: Statement) -> Iterator[Step]:
    # E[x_k x~_l^T] = eta U U~^T if k = l, else 0.
    matched = _summed(S_N_WEIGHT * _same, L)  # the weight of a matched pair
    total = sp.simplify(n * matched)
    yield identity("the weights of matched pairs sum to 1", total, 1)
    clean, corrupted = U * U_TILDE.T, sp.ZeroMatrix(d, d_tilde)
    mean = eta * clean + (1 - eta) * corrupted
    yield BASES.concluded("E[S_n] over the coin", total * mean, claimed)


def _prove_eckart_young(claimed: Statement) -> Iterator[Step]:
    product_ = sp.MatrixSymbol("M", d, d_tilde)
    gap = product_ - S_N / rho
    quadratic = -sp.Trace(product_.T * S_N) + rho / 2 * sp.Trace(product_.T * product_)
    square = rho / 2 * sp.Trace(gap.T * gap) - sp.Trace(S_N.T * S_N) / (2 * rho)
    yield Algebra().identity("completing the square in M = G^T G~", quadratic, square)
    yield from _trace_inequality()
    # The loss now splits over singular values sigma of M: -sigma s_k + rho sigma^2/2.
    sigma = sp.Symbol("sigma", nonnegative=True)
    one = -sigma * SINGULAR_VALUE + rho * sigma**2 / 2
    (place,) = sp.solve(sp.diff(one, sigma), sigma)
    least = one.subs(sigma, place)
    yield identity("each singular value has one minimum", one - least, rho * (sigma - place) ** 2 / 2)
    yield concluded("which lies at", place, claimed)
    lower = sp.Symbol("s_l", nonnegative=True)
    extra = sp.Symbol("h", nonnegative=True)
    gain = least.subs(SINGULAR_VALUE, lower) - least.subs(SINGULAR_VALUE, lower + extra)
    yield nonnegative("a larger s_k gains more: the r largest are kept", gain)


@shared
def _trace_inequality() -> Iterator[Step]:
    """von Neumann: tr(M^T S) <= sum sigma_k s_k, for matrices of any size.

    tr(M^T S) = sum sigma_k s_m w_km with overlaps w_km = p_km q_km of orthonormal vectors.
    """
    p, q = sp.symbols("p q", real=True)
    yield nonnegative("an overlap p q is at most the mean of squares", (p**2 + q**2) / 2, p * q)
    value, following, partial, term = sp.symbols("sigma_m sigma_{m+1} A_m a_{m+1}", real=True)
    before = value * partial  # sum_{k<m} (sigma_k - sigma_(k+1)) A_k is common to both
    after = (value - following) * partial + following * (partial + term)
    yield identity("summation by parts, from m terms to m + 1", after - before, following * term)
    # Applied to the rows and to the columns it turns tr(M^T S) into the sum over (i, j) of delta_i e_j C_ij:
    # delta and e >= 0 are differences of neighbouring singular values, C_ij the sum of the overlaps in the
    # corner of i rows and j columns, at most i and at most j as rows and columns of squares sum to at most 1.
    # For overlaps 1 on the diagonal it is the sum of the sigma_k s_k.
    i, j, index = sp.symbols("i j k", integer=True, positive=True)
    corner = sp.Sum(1, (index, 1, sp.Min(i, j))).doit()
    yield identity("the corner of i rows and j columns of the identity is min(i, j)", corner, sp.Min(i, j))
    delta, e, slack = sp.symbols("delta_i e_j z_ij", nonnegative=True)
    yield nonnegative(
        "each term of sum_k sigma_k s_k - tr(M^T S) with C_ij = min(i, j) - z_ij",
        delta * e * corner,
        sp.expand(delta * e * (corner - slack)),
    )


def _prove_minimum(claimed: Statement) -> Iterator[Step]:
    """By induction over the rank: the first value's loss, and what each further one adds."""
    common = sp.Symbol("s", positive=True)
    all_equal = claimed.bound.replace(lambda e: isinstance(e, sp.Indexed), lambda _: common).doit()
    equal = "all singular values equal: r times the loss of one"
    yield instance(equal, -r * common**2 / (2 * rho), claimed.about(all_equal))
    value, rest = sp.symbols("s_next R", positive=True)
    minimum = MINIMISER.subs(SINGULAR_VALUE, value)
    loss = -minimum * value + rho * minimum**2 / 2

    def at(rank: sp.Expr) -> sp.Expr:
        """The bound at a rank, with R for each sum up to r and s_next for the last value of a longer one."""

        def split(total: sp.Sum) -> sp.Expr:
            ((index, _, last),) = total.limits
            term = total.function.subs(index, last).subs(_values[last], value)
            return rest + term if last == r + 1 else rest if last == r else term

        return claimed.bound.subs(r, rank).replace(lambda e: isinstance(e, sp.Sum), split)

    first = claimed.about(at(sp.Integer(1)), Origin(((r, 1),), first=value))
    yield concluded("the loss at Eq. 6's minimiser, r = 1", loss, first)
    longer = claimed.about(at(r + 1) - at(r), Origin(rest=rest, following=value))
    added = concluded("what its next value adds, from r to r + 1", loss, longer)
    # R and s_next are not free of each other: the induction's step proves and does not refute.
    yield replace(added, refutes=False)


def _prove_rho_free(claimed: Statement) -> Iterator[Step]:
    values, inverse = sp.MatrixSymbol("D", r, r), sp.MatrixSymbol("Dinv", r, r)
    algebra = Algebra(
        symmetric=(values, inverse),
        relations={
            _LEFT.T * _LEFT: sp.Identity(r),
            _RIGHT.T * _RIGHT: sp.Identity(r),
            values * inverse: sp.Identity(r),
        },
    )
    learned = _LEFT * values * _RIGHT.T / rho
    pseudo_inverse = rho * _RIGHT * inverse * _LEFT.T
    yield algebra.identity("M M^+ M = M", learned * pseudo_inverse * learned, learned)
    yield algebra.concluded(
        "the projector on the range of M, whatever rho", learned * pseudo_inverse, claimed
    )


def _prove_eq_23(claimed: Statement) -> Iterator[Step]:
    far, near = sp.Symbol("v", positive=True), sp.Symbol("t", positive=True)
    far_off = 2 * CHANGE / rho / (1 + 1 / (1 + far))  # b/rho: see below
    yield instance("diag(b - e, e) in place of diag(b, 0), e <= b < 2e", far_off, claimed)
    yield instance("diag(b + e, 0) in place of diag(b, 0)", CHANGE / rho, claimed)
    # ||SVD_r(S) - S|| = sigma_(r+1)(S) <= sigma_(r+1)(eta U U~^T) + e = e, by Weyl and the rank of U U~^T.
    tail = CHANGE / (1 + near)  # sigma_(r+1)(S_n), at most e
    yield nonnegative("triangle inequality: (sigma_(r+1) + e)/rho", 2 * CHANGE / rho, (tail + CHANGE) / rho)
    yield concluded("with sigma_(r+1) <= e by Weyl", 2 * CHANGE / rho, claimed, shown=Relation.UPPER)
    # diag(b - e, e) is e away from diag(b, 0); for b < 2e its best rank-1 part is diag(0, e).
    w = sp.Symbol("w", positive=True)  # b = 2e/(1 + w)
    size = 2 * CHANGE / (1 + w)
    yield positive("diag(b - e, e) with b < 2e has its larger entry second", CHANGE - (size - CHANGE))
    v = sp.Symbol("v", positive=True)
    yield positive("that part is then max(b, e) = b away, for w < 1", (size - CHANGE).subs(w, 1 / (1 + v)))
    yield attained("over rho it tends to the bound: the 2 is best", size / rho, claimed, (w, 0))


def _prove_step_5(claimed: Statement) -> Iterator[Step]:
    yield instance("S_n = (eta + e) U U~^T turns nothing", 0, claimed)
    share = sp.Symbol("t", positive=True)
    small = eta / (2 * (1 + share))  # e, below eta/2
    # eta diag(1, 0) + e times the reflection that turns its axes furthest: sin(2 angle) = 2e/eta.
    turned = sp.sqrt(r) * sp.sin(sp.asin(2 * small / eta) / 2)
    yield instance("the plane's furthest turn, in r planes", turned, claimed, {CHANGE: small})
    yield given(claimed, sp.Lt(2 * CHANGE, eta))
    yield from _frobenius_steps()
    # Both matrices have rank r, so their difference has rank at most 2r.
    operator, gap = CLOSED_FORM_ERROR, eta / rho
    wedin = sp.sqrt(2 * r) * operator / (gap - operator)
    angle = sp.simplify(wedin)
    yield identity("rho cancels", wedin, wedin.subs(rho, 1))
    yield concluded("Lemma 2 at sigma_r = eta/rho and Eq. 23", angle, claimed, shown=Relation.UPPER)


@shared
def _frobenius_steps() -> Iterator[Step]:
    """||M||_F^2 <= rank ||M||_2^2, by induction: equal at rank 1, and what is missing grows with the rank."""
    next_value, step, missing_so_far = sp.symbols("s_{k+1} h m_k", nonnegative=True)
    missing = missing_so_far + (next_value + step) ** 2 - next_value**2
    yield nonnegative("||M||_F^2 <= k ||M||_2^2, from rank k to k + 1: one more s <= s_1", sp.expand(missing))


_loss = r"\mathcal{L}_0"


CLAIMS: tuple[Claim, ...] = (
    exact(
        "eq-3",
        "The contrastive loss is linear in the scores",
        "Section 3, Eq. 3",
        (
            "Without the regulariser the loss is the sum of w_kl s_kl with w_kl = (1 - n [k = l])/(n(n - "
            "1)), which sums to 0 over every row."
        ),
        "w_{kl}",
        LOSS_WEIGHT,
        _prove_eq_3,
        note="contrastive.md#the-loss",
    ),
    exact(
        "eq-5",
        "The cross-covariance",
        "Section 4, Step 1, Eq. 5",
        (
            "Matched minus mismatched mean products, the centred cross-covariance with divisor n - 1, and "
            "the matrix in the loss all weigh x_k x~_l^T alike."
        ),
        "w_{kl}(S_n)",
        S_N_WEIGHT,
        _prove_eq_5,
        note="contrastive.md#step-1",
        depends_on=("eq-3",),
    ),
    exact(
        "step-1",
        "The loss as a trace",
        "Section 4, Step 1; Appendix D",
        "The unregularised loss is -tr(G S_n G~^T).",
        _loss,
        REDUCED_LOSS,
        _prove_step_1,
        note="contrastive.md#step-1",
        depends_on=("eq-3", "eq-5"),
    ),
    exact(
        "eq-5-mean",
        "Mean of the cross-covariance",
        "Section 4, Step 4; Appendix D",
        "E[S_n] = eta U U~^T.",
        r"\mathbb{E} S_n",
        eta * U * U_TILDE.T,
        _prove_unbiased,
        note="contrastive.md#the-mean-of-s_n",
        depends_on=("eq-5", "remark-a-1", "remark-a-1-corrupted"),
    ),
    exact(
        "eq-6",
        "Closed form of the minimiser",
        "Section 4, Step 2, Eq. 6",
        (
            "At the minimum G^T G~ = SVD_r(S_n)/rho: the singular vectors of S_n with its r largest singular "
            "values divided by rho (Eckart, Young and Mirsky)."
        ),
        r"\sigma_k(G^T \tilde{G})",
        MINIMISER,
        _prove_eckart_young,
        note="contrastive.md#closed-form",
        depends_on=("step-1",),
        remark="That an orthonormal system has rows and columns of length at most 1 is quoted (Bessel).",
    ),
    exact(
        "step-2",
        "The loss at its minimum",
        "Section 4, Step 2; Appendix D",
        "The least loss is -(s_1^2 + ... + s_r^2)/(2 rho).",
        r"\min \mathcal{L}_\rho",
        MINIMUM,
        _prove_minimum,
        note="contrastive.md#closed-form",
        depends_on=("eq-6",),
    ),
    exact(
        "rho-independence",
        "What the regulariser's strength changes",
        "Section 4, Step 2",
        "The learned subspaces do not depend on rho.",
        r"M M^{+}",
        RANGE_PROJECTOR,
        _prove_rho_free,
        note="contrastive.md#the-role-of-rho",
        depends_on=("eq-6",),
    ),
    exact(
        "eq-23",
        "Distance of the minimiser from its limit",
        "Section 4, Step 3; Appendix D, Eq. 23",
        "||G^T G~ - (eta/rho) U U~^T||_2 <= (2/rho) ||S_n - eta U U~^T||_2, and the 2 is best.",
        r"\|G^T \tilde{G} - (\eta/\rho) U \tilde{U}^T\|_2",
        CLOSED_FORM_ERROR,
        _prove_eq_23,
        note="contrastive.md#step-3",
        relation=Relation.UPPER,
        best=True,
        depends_on=("eq-6", "lemma-1"),
    ),
    exact(
        "step-5",
        "From the operator norm to the angle",
        "Section 4, Step 5; Appendix D",
        ("If ||S_n - eta U U~^T||_2 = e < eta/2, both chordal distances are at most sqrt(2r) 2e/(eta - 2e)."),
        r"\|\sin\Theta\|_F",
        ANGLE,
        _prove_step_5,
        note="contrastive.md#step-5",
        relation=Relation.UPPER,
        conditions=(sp.Lt(2 * CHANGE, eta),),
        depends_on=("eq-23", "lemma-2"),
    ),
)
