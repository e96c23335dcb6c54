"""Moments of quadratic and bilinear forms of Gaussians: Lemmas 12-15, Appendix F, Remark 6.2.

Everything starts from the moment generating function exp(t^T Omega t / 2): its fourth derivative is
Isserlis' formula, index contraction turns that into traces, and words in matrices evaluate the
traces at the model's covariances.  Derivations: proofs_notes/moments.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import sympy as sp

from bounds.claim import Claim, Proof, Relation, Step, Verdict
from bounds.matrices import U_TILDE, U
from bounds.steps import decided, identity, nonnegative, positive
from bounds.symbols import a_x, a_y, d, d_tilde, eta, gamma, gamma_tilde, r, t
from bounds.words import Algebra, contract, substitute

_m = sp.Symbol("m", integer=True, positive=True)
_m_tilde = sp.Symbol("m_tilde", integer=True, positive=True)
A = sp.MatrixSymbol("A", _m, _m)
A_CROSS = sp.MatrixSymbol("A", _m, _m_tilde)
OMEGA = sp.MatrixSymbol("Omega", _m, _m)
OMEGA_TILDE = sp.MatrixSymbol("Omega_tilde", _m_tilde, _m_tilde)

LEMMA_12_MEAN = sp.Trace(A * OMEGA)
"""E[X^T A X] for X ~ N(0, Omega)."""

LEMMA_12_VARIANCE = sp.Trace(A * OMEGA * A * OMEGA) + sp.Trace(A * OMEGA * A.T * OMEGA)
"""Var[X^T A X] for X ~ N(0, Omega); A need not be symmetric."""

LEMMA_13_VARIANCE = sp.Trace(A_CROSS * OMEGA_TILDE * A_CROSS.T * OMEGA)
"""Var[X^T A X~] for independent X ~ N(0, Omega), X~ ~ N(0, Omega~)."""

FROBENIUS = sp.Symbol("F", positive=True)
OPERATOR = sp.Symbol("K", positive=True)
"""Norms of Omega^(1/2) (A + A^T)/2 Omega^(1/2)."""

LEMMA_12_DEVIATION = 2 * FROBENIUS * sp.sqrt(t) + 2 * OPERATOR * t
"""X^T A X exceeds its mean by more than this with probability at most exp(-t)."""

VARIANCE_CORRUPTED = r * a_x * a_y
"""sigma_0^2: the variance of a corrupted pair's oracle score."""

VARIANCE_CORRUPTED_PRINTED = r * (1 + 1 / gamma) * (1 + 1 / gamma)
"""sigma_0^2 as Appendix F prints it: the second factor repeats gamma."""

VARIANCE_CLEAN = r + r * a_x * a_y
"""sigma_1^2: the variance of a clean pair's oracle score."""

MIXTURE_VARIANCE = eta * VARIANCE_CLEAN + (1 - eta) * VARIANCE_CORRUPTED + eta * (1 - eta) * r**2
"""The variance of the score of a random pair: within classes plus between their means r and 0."""

SEPARATION = sp.sqrt(r / (2 * a_x * a_y))
"""A lower bound of r/sigma_1, the distance of the modes in clean standard deviations."""

S = sp.Symbol("s", real=True)
MGF_CORRUPTED = (1 - S**2 * a_x * a_y) ** (-r / 2)
"""E exp(s D_0), finite for s^2 < 1/(a_x a_y)."""

MGF_CLEAN = ((1 - S) ** 2 - S**2 * a_x * a_y) ** (-r / 2)
"""E exp(s D_1), finite while the base is positive around s = 0."""


def gaussian_moment(covariance: Callable[[int, int], sp.Expr], order: int) -> sp.Expr:
    """E[X_0 X_1 ... X_(order-1)] for centred Gaussians: the mixed derivative of exp(t^T C t / 2) at 0.

    The variables may coincide, so this is every moment of this order.
    """
    t_ = sp.symbols(f"t:{order}")
    exponent = sum(covariance(i, j) * t_[i] * t_[j] for i, j in product(range(order), repeat=2)) / 2
    # Only the homogeneous part of degree `order` survives the mixed derivative at 0.
    half = order // 2
    mixed = sp.diff(exponent**half / sp.factorial(half), *t_)
    return sp.expand(mixed)


def contracted_moment(
    forms: list[tuple[sp.MatrixSymbol, int, int]], blocks: dict[int, sp.MatrixSymbol]
) -> sp.Expr:
    """The sum over indices of forms[...] E[X_0 X_1 ...], as traces.

    X_i belongs to the Gaussian vector whose covariance is blocks[i]; vectors with different
    covariances are independent.
    """
    entries: dict[sp.Symbol, tuple[sp.MatrixSymbol, int, int]] = {}

    def covariance(i: int, j: int) -> sp.Expr:
        if blocks[i] != blocks[j]:
            return sp.Integer(0)
        low, high = min(i, j), max(i, j)
        entry = sp.Symbol(f"{blocks[i].name}[{low},{high}]")
        entries[entry] = (blocks[i], low, high)
        return entry

    total = sp.Integer(0)
    for term in sp.Add.make_args(gaussian_moment(covariance, len(blocks))):
        number, factors = term.as_coeff_mul()
        if number != 0:
            total += number * contract(forms + [entries[factor] for factor in factors])
    return total


_SYMMETRIC = Algebra(symmetric=(OMEGA, OMEGA_TILDE))


def _prove_lemma_12_mean(claim: Claim) -> Iterator[Step]:
    mean = contracted_moment([(A, 0, 1)], {0: OMEGA, 1: OMEGA})
    yield _SYMMETRIC.identity("E[X^T A X], contracted from E[X_i X_j] = Omega_ij", mean, claim.bound)


def _prove_lemma_12_variance(claim: Claim) -> Iterator[Step]:
    mean = contracted_moment([(A, 0, 1)], {0: OMEGA, 1: OMEGA})
    square = contracted_moment([(A, 0, 1), (A, 2, 3)], dict.fromkeys(range(4), OMEGA))
    yield _SYMMETRIC.identity("E[(X^T A X)^2] - E[X^T A X]^2 from Isserlis", square - mean**2, claim.bound)


def _prove_lemma_13_mean(claim: Claim) -> Iterator[Step]:
    mean = contracted_moment([(A_CROSS, 0, 1)], {0: OMEGA, 1: OMEGA_TILDE})
    yield _SYMMETRIC.identity("E[X^T A X~] for independent factors", mean, claim.bound)


def _prove_lemma_13_variance(claim: Claim) -> Iterator[Step]:
    blocks = {0: OMEGA, 1: OMEGA_TILDE, 2: OMEGA, 3: OMEGA_TILDE}
    square = contracted_moment([(A_CROSS, 0, 1), (A_CROSS, 2, 3)], blocks)
    yield _SYMMETRIC.identity("E[(X^T A X~)^2], whose mean is 0", square, claim.bound)


def _prove_lemma_12_tail(claim: Claim) -> Iterator[Step]:
    y, q, g = sp.Symbol("y", nonnegative=True), sp.Symbol("q", positive=True), sp.Symbol("g", real=True)
    exponent = (1 - q) / 2 * g**2 - g**2 / 2
    moment = sp.integrate(sp.exp(sp.expand(exponent)) / sp.sqrt(2 * sp.pi), (g, -sp.oo, sp.oo))
    yield identity("E exp(x g^2) = (1 - 2x)^(-1/2), with q = 1 - 2x", moment, q ** sp.Rational(-1, 2))
    # Positive x = y/(2(1 + y)), so that 1 - 2x = 1/(1 + y).
    x = y / (2 * (1 + y))
    gap = x**2 * (1 + y) - sp.log(1 + y) / 2 + x
    yield identity("x^2/(1-2x) + log(1-2x)/2 + x vanishes at x = 0", gap.subs(y, 0), 0)
    yield nonnegative("and increases for 0 < x < 1/2", sp.factor(sp.diff(gap, y)))
    gap = y**2 / 4 - y / 2 + sp.log(1 + y) / 2
    yield identity("x^2 + log(1-2x)/2 + x vanishes at x = 0", gap.subs(y, 0), 0)
    yield nonnegative("and increases as x = -y/2 falls", sp.factor(sp.diff(gap, y)))
    # Summed over eigenvalues: log E exp(s(Z - EZ)) <= s^2 F^2/(1 - 2 s K) for 0 <= s < 1/(2K).
    s = sp.sqrt(t) / (FROBENIUS + 2 * OPERATOR * sp.sqrt(t))
    yield positive("s = sqrt(t)/(F + 2K sqrt(t)) is below 1/(2K)", 1 - 2 * OPERATOR * s)
    exponent = s * claim.bound - s**2 * FROBENIUS**2 / (1 - 2 * OPERATOR * s)
    root = sp.Symbol("w", positive=True)  # sqrt(t): keeps the expression rational
    yield nonnegative("Chernoff's exponent at this s is at least t", (exponent - t).subs(t, root**2))


_E, _E_TILDE = sp.MatrixSymbol("E_1", d + d_tilde, d), sp.MatrixSymbol("E_2", d + d_tilde, d_tilde)
_MODEL = Algebra(
    relations={
        U.T * U: sp.Identity(r),
        U_TILDE.T * U_TILDE: sp.Identity(r),
        _E.T * _E: sp.Identity(d),
        _E_TILDE.T * _E_TILDE: sp.Identity(d_tilde),
        _E.T * _E_TILDE: sp.ZeroMatrix(d, d_tilde),
    }
)
_COV_X = U * U.T + sp.Identity(d) / gamma
_COV_Y = U_TILDE * U_TILDE.T + sp.Identity(d_tilde) / gamma_tilde
_COV_CLEAN = (
    _E * _COV_X * _E.T
    + _E_TILDE * _COV_Y * _E_TILDE.T
    + _E * U * U_TILDE.T * _E_TILDE.T
    + _E_TILDE * U_TILDE * U.T * _E.T
)
_SCORE_CLEAN = _E * U * U_TILDE.T * _E_TILDE.T


def _at_model(expression: sp.Expr) -> sp.Expr:
    """A trace formula of Lemma 12 or 13 at the oracle's score: Sigma_1 for the joint vector, else Sigma_0."""
    joint = A in expression.free_symbols
    values = (
        {A: _SCORE_CLEAN, OMEGA: _COV_CLEAN}
        if joint
        else {A_CROSS: U * U_TILDE.T, OMEGA: _COV_X, OMEGA_TILDE: _COV_Y}
    )
    return sp.expand(_MODEL.evaluate(substitute(expression, values)))


def _prove_mean_clean(claim: Claim) -> Iterator[Step]:
    yield identity("tr(A Sigma_1) with A = U U~^T", _at_model(LEMMA_12_MEAN), claim.bound)


def _prove_mean_corrupted(claim: Claim) -> Iterator[Step]:
    mean = contracted_moment([(A_CROSS, 0, 1)], {0: OMEGA, 1: OMEGA_TILDE})
    yield identity("E[x^T U U~^T x~] for independent x, x~", mean, claim.bound)


def _prove_variance_corrupted(claim: Claim) -> Iterator[Step]:
    yield identity("Lemma 13 at A = U U~^T and Sigma_0", _at_model(LEMMA_13_VARIANCE), claim.bound)


def _prove_variance_clean(claim: Claim) -> Iterator[Step]:
    yield identity("Lemma 12 at A = U U~^T and Sigma_1", _at_model(LEMMA_12_VARIANCE), claim.bound)


def _prove_variance_lower(claim: Claim) -> Iterator[Step]:
    ratio = VARIANCE_CLEAN / VARIANCE_CORRUPTED
    yield nonnegative("sigma_1^2/sigma_0^2 is at least the bound", ratio - claim.bound)
    noisy = sp.limit(sp.limit(ratio, gamma, 0), gamma_tilde, 0)
    yield identity("and tends to it as the noise grows: the constant is best", noisy, claim.bound)


def _prove_variance_upper(claim: Claim) -> Iterator[Step]:
    ratio = VARIANCE_CLEAN / VARIANCE_CORRUPTED
    yield nonnegative("sigma_1^2/sigma_0^2 is at most the bound", claim.bound - ratio)
    noiseless = sp.limit(sp.limit(ratio, gamma, sp.oo), gamma_tilde, sp.oo)
    yield identity("and tends to it without noise: the constant is best", noiseless, claim.bound)


def _prove_mixture(claim: Claim) -> Iterator[Step]:
    second = eta * (VARIANCE_CLEAN + r**2) + (1 - eta) * VARIANCE_CORRUPTED
    yield identity("E[D^2] - E[D]^2 over the hidden coin", second - (eta * r) ** 2, claim.bound)


def _prove_remark_6_2(claim: Claim) -> Iterator[Step]:
    yield identity("sigma_1^2 equals the stated value", VARIANCE_CLEAN, claim.bound)


def _prove_remark_6_2_corrected(claim: Claim) -> Iterator[Step]:
    squares = r**2 / VARIANCE_CLEAN - claim.bound**2
    yield nonnegative("(r/sigma_1)^2 is at least the bound squared", squares)
    w = sp.Symbol("w", positive=True)
    along = (claim.bound**2).subs({gamma: w * sp.sqrt(r), gamma_tilde: w * sp.sqrt(r)})
    yield decided(
        "with gamma = gamma~ = w sqrt(r) it grows without bound in r",
        sp.limit(along.subs(w, 1), r, sp.oo) == sp.oo,
    )
    fixed = sp.limit(sp.limit(r**2 / VARIANCE_CLEAN, gamma, sp.oo), gamma_tilde, sp.oo)
    yield identity("at fixed r the modes never separate further than sqrt(r/2)", fixed, r / 2)


def _prove_mgf(correlated: int) -> Callable[[Claim], Iterator[Step]]:
    def prove(claim: Claim) -> Iterator[Step]:
        v, q = sp.Symbol("v", real=True), sp.Symbol("q", positive=True)
        slope, spread = sp.Integer(correlated) / a_y, a_x - correlated / a_y
        u = sp.Symbol("u", real=True)
        a, b = sp.Symbol("a", positive=True), sp.Symbol("b", real=True)
        inner = sp.integrate(sp.exp(b * u - u**2 / (2 * a)) / sp.sqrt(2 * sp.pi * a), (u, -sp.oo, sp.oo))
        yield identity("E exp(b u) = exp(a b^2/2) for u ~ N(0, a)", inner, sp.exp(a * b**2 / 2))
        # Given v, s u v is Gaussian with mean s slope v^2 and variance s^2 spread v^2.
        base = 1 - a_y * (2 * S * slope + S**2 * spread)
        outer = sp.integrate(sp.exp(-q * v**2 / (2 * a)) / sp.sqrt(2 * sp.pi * a), (v, -sp.oo, sp.oo))
        yield identity("E exp((1 - q) v^2/(2a)) = q^(-1/2) for v ~ N(0, a)", outer, q ** sp.Rational(-1, 2))
        stated = sp.expand_log(sp.log(claim.bound), force=True)
        yield identity("r coordinates: the power -r/2 of q", sp.diff(-r / 2 * sp.log(base), S), sp.diff(stated, S))
        yield identity("and 1 at s = 0", claim.bound.subs(S, 0), 1)
        mean = sp.diff(stated, S).subs(S, 0)
        variance = sp.diff(stated, S, 2).subs(S, 0)
        yield identity("first cumulant", mean, r * correlated)
        yield identity("second cumulant", variance, VARIANCE_CLEAN if correlated else VARIANCE_CORRUPTED)
        if not correlated:
            yield identity("even in s: the law is symmetric", claim.bound.subs(S, -S), claim.bound)

    return prove


_p, _q = (sp.Symbol(name, integer=True, positive=True) for name in ("p", "q"))
_BLOCKS = {
    name: sp.MatrixSymbol(name, *shape)
    for name, shape in {
        "A_11": (_p, _p), "A_12": (_p, _q), "A_21": (_q, _p), "A_22": (_q, _q),
        "B_11": (_p, _p), "B_12": (_p, _q), "B_21": (_q, _p), "B_22": (_q, _q),
    }.items()
}
_F = {1: sp.MatrixSymbol("F_1", _p + _q, _p), 2: sp.MatrixSymbol("F_2", _p + _q, _q)}
_SELECT = Algebra(
    relations={
        _F[1].T * _F[1]: sp.Identity(_p),
        _F[2].T * _F[2]: sp.Identity(_q),
        _F[1].T * _F[2]: sp.ZeroMatrix(_p, _q),
    }
)


def _block(name: str) -> sp.BlockMatrix:
    return sp.BlockMatrix([[_BLOCKS[f"{name}_{i}{j}"] for j in (1, 2)] for i in (1, 2)])


def _placed(block: sp.BlockMatrix) -> sp.MatrixExpr:
    """The block matrix as F_i B_ij F_j^T summed, where F_i places block row i."""
    return sp.MatAdd(*(_F[i] * block.blocks[i - 1, j - 1] * _F[j].T for i, j in product((1, 2), repeat=2)))


LEMMA_14 = sp.BlockMatrix(
    [
        [sp.MatAdd(*(_BLOCKS[f"A_{i}{k}"] * _BLOCKS[f"B_{k}{j}"] for k in (1, 2))) for j in (1, 2)]
        for i in (1, 2)
    ]
)
"""The product of two block matrices."""

LEMMA_15 = sp.Trace(_BLOCKS["A_11"]) + sp.Trace(_BLOCKS["A_22"])
"""The trace of a block matrix."""


def _prove_lemma_14(claim: Claim) -> Iterator[Step]:
    product_ = _placed(_block("A")) * _placed(_block("B"))
    (stated,) = claim.bound.atoms(sp.BlockMatrix)
    factor, _ = claim.bound.as_coeff_mmul()
    for i, j in product((1, 2), repeat=2):
        yield _SELECT.identity(
            f"block ({i}, {j})", _F[i].T * product_ * _F[j], factor * stated.blocks[i - 1, j - 1]
        )


def _prove_lemma_15(claim: Claim) -> Iterator[Step]:
    yield _SELECT.identity("tr of the placed blocks", sp.Trace(_placed(_block("A"))), claim.bound)


_quadratic = sp.Symbol("X^T A X", real=True)
_bilinear = sp.Symbol(r"X^T A \tilde{X}", real=True)
_variance = sp.Function("Var")
_mean = sp.Function("E")
_sigma_ratio = sp.Symbol(r"\sigma_1^2 / \sigma_0^2", positive=True)
_excess = sp.Symbol(r"X^T A X - E[X^T A X]", real=True)
_D = {0: sp.Symbol("D_0", real=True), 1: sp.Symbol("D_1", real=True), 2: sp.Symbol("D", real=True)}


def _exact(
    claim_id: str,
    title: str,
    source: str,
    statement: str,
    quantity: sp.Expr,
    bound: sp.Expr,
    derive: Callable[[Claim], Iterator[Step]],
    note: str,
    **rest: object,
) -> Claim:
    """An equality with one symbolic proof; `rest` overrides any field of the claim."""
    fields: dict[str, object] = {
        "relation": Relation.EQUAL,
        "expected": Verdict.PROVED,
        **rest,
    }
    return Claim(
        id=claim_id, title=title, source=source, statement=statement, quantity=quantity, bound=bound,
        checks=(Proof(derive),), note=f"moments.md#{note}", **fields,  # type: ignore[arg-type]
    )


APPENDIX_F = (
    _exact(
        "appendix-f-mean-corrupted", "Mean score of a corrupted pair", "Appendix F; Section 6.1",
        "The oracle score of a corrupted pair has mean 0.",
        _mean(_D[0]), sp.Integer(0), _prove_mean_corrupted, "appendix-f", depends_on=("lemma-13-mean", "remark-a-1"),
    ),
    _exact(
        "appendix-f-mean-clean", "Mean score of a clean pair", "Appendix F; Section 6.1",
        "The oracle score of a clean pair has mean r.",
        _mean(_D[1]), r, _prove_mean_clean, "appendix-f", depends_on=("lemma-12-mean", "remark-a-1"),
    ),
    _exact(
        "appendix-f-variance-corrupted", "Score variance of a corrupted pair, as printed", "Appendix F",
        "The oracle score of a corrupted pair has variance r(1 + 1/gamma)(1 + 1/gamma).",
        _variance(_D[0]), VARIANCE_CORRUPTED_PRINTED, _prove_variance_corrupted, "the-repeated-gamma",
        expected=Verdict.REFUTED, depends_on=("lemma-13",),
        remark="One factor repeats gamma; true only when both modalities are equally noisy.",
    ),
    _exact(
        "appendix-f-variance-corrupted-corrected", "Score variance of a corrupted pair", "Appendix F, corrected",
        "The oracle score of a corrupted pair has variance r(1 + 1/gamma)(1 + 1/gamma~).",
        _variance(_D[0]), VARIANCE_CORRUPTED, _prove_variance_corrupted, "the-repeated-gamma",
        variant="corrected", corrects="appendix-f-variance-corrupted",
        depends_on=("lemma-13", "remark-a-1"),
    ),
    _exact(
        "appendix-f-variance-clean", "Score variance of a clean pair", "Appendix F",
        "The oracle score of a clean pair has variance r + r(1 + 1/gamma)(1 + 1/gamma~).",
        _variance(_D[1]), VARIANCE_CLEAN, _prove_variance_clean, "appendix-f",
        depends_on=("lemma-12", "lemma-14", "lemma-15", "remark-a-1"),
    ),
    _exact(
        "appendix-f-variance-lower", "Clean scores vary at least as much as corrupted ones", "Section 6.1",
        "The clean variance is at least the corrupted one, and no larger constant does.",
        _sigma_ratio, sp.Integer(1), _prove_variance_lower, "order-of-the-variances", relation=Relation.LOWER,
        depends_on=("appendix-f-variance-clean", "appendix-f-variance-corrupted-corrected"),
    ),
    _exact(
        "appendix-f-variance-upper", "Clean scores vary at most twice as much", "Section 6.1",
        "The clean variance is at most twice the corrupted one, and no smaller constant does.",
        _sigma_ratio, sp.Integer(2), _prove_variance_upper, "order-of-the-variances", relation=Relation.UPPER,
        depends_on=("appendix-f-variance-clean", "appendix-f-variance-corrupted-corrected"),
    ),
    _exact(
        "appendix-f-mgf-corrupted", "Exponential tails of the corrupted score", "Appendix F; Section 6.1",
        "The corrupted score is symmetric with E exp(s D_0) = (1 - s^2 (1 + 1/gamma)(1 + 1/gamma~))^(-r/2), "
        "finite around 0.",
        _mean(sp.exp(S * _D[0])), MGF_CORRUPTED, _prove_mgf(0), "exponential-tails",
        depends_on=("remark-a-1",), variant="explicit",
    ),
    _exact(
        "appendix-f-mgf-clean", "Exponential tails of the clean score", "Appendix F; Section 6.1",
        "The clean score has E exp(s D_1) = ((1 - s)^2 - s^2 (1 + 1/gamma)(1 + 1/gamma~))^(-r/2), finite around 0.",
        _mean(sp.exp(S * _D[1])), MGF_CLEAN, _prove_mgf(1), "exponential-tails",
        depends_on=("remark-a-1",), variant="explicit",
    ),
    _exact(
        "section-6-1-mixture", "Score variance of a random pair", "Section 6.1",
        "The score of a random pair has the classes' mean variance plus eta(1 - eta)r^2 between their means.",
        _variance(_D[2]), MIXTURE_VARIANCE, _prove_mixture, "appendix-f",
        depends_on=(
            "appendix-f-mean-clean", "appendix-f-mean-corrupted",
            "appendix-f-variance-clean", "appendix-f-variance-corrupted-corrected",
        ),
    ),
)

REMARK_6_2 = (
    _exact(
        "remark-6-2", "The clean variance, as printed in the remark", "Section 6.1, Remark 6.2",
        "The clean score's variance equals twice the corrupted one's.",
        _variance(_D[1]), 2 * VARIANCE_CORRUPTED, _prove_remark_6_2, "remark-62",
        expected=Verdict.REFUTED, depends_on=("appendix-f-variance-clean",),
        remark="An equality only in the limit without noise.",
    ),
    _exact(
        "remark-6-2-corrected", "How far the score's modes are apart", "Section 6.1, Remark 6.2, corrected",
        "The clean mean is at least sqrt(r/(2(1 + 1/gamma)(1 + 1/gamma~))) clean standard deviations, which "
        "grows without bound in r when gamma and gamma~ grow at least like sqrt(r).",
        sp.Symbol(r"r / \sigma_1", positive=True), SEPARATION, _prove_remark_6_2_corrected, "remark-62",
        relation=Relation.LOWER, variant="corrected", corrects="remark-6-2",
        depends_on=("appendix-f-variance-upper", "appendix-f-mean-clean"),
    ),
)

LEMMAS = (
    _exact(
        "lemma-12-mean", "Mean of a Gaussian quadratic form", "Appendix F, Lemma 12",
        "X ~ N(0, Omega) has E[X^T A X] = tr(A Omega).",
        _mean(_quadratic), LEMMA_12_MEAN, _prove_lemma_12_mean, "lemma-12",
    ),
    _exact(
        "lemma-12", "Variance of a Gaussian quadratic form", "Appendix F, Lemma 12",
        "X ~ N(0, Omega) has Var[X^T A X] = tr(A Omega A Omega) + tr(A Omega A^T Omega).",
        _variance(_quadratic), LEMMA_12_VARIANCE, _prove_lemma_12_variance, "lemma-12",
    ),
    _exact(
        "lemma-12-tail", "Tail of a Gaussian quadratic form, with constants", "Appendix F, Lemma 12",
        "X^T A X exceeds its mean by more than 2F sqrt(t) + 2Kt with probability at most exp(-t), F and K the "
        "Frobenius and operator norms of Omega^(1/2) (A + A^T)/2 Omega^(1/2); likewise below.",
        _excess, LEMMA_12_DEVIATION, _prove_lemma_12_tail, "the-tail-of-lemma-12",
        relation=Relation.UPPER, variant="explicit", probability=1 - sp.exp(-t),
        remark="The Hanson-Wright tail with numbers: u >= 0 is exceeded with probability at most "
        "exp(-min(u^2/F^2, 4u/K)/16).",
    ),
    _exact(
        "lemma-13-mean", "Mean of a bilinear form of independent Gaussians", "Appendix F, Lemma 13",
        "Independent centred Gaussians have E[X^T A X~] = 0.",
        _mean(_bilinear), sp.Integer(0), _prove_lemma_13_mean, "lemma-13",
    ),
    _exact(
        "lemma-13", "Variance of a bilinear form of independent Gaussians", "Appendix F, Lemma 13",
        "Independent X ~ N(0, Omega), X~ ~ N(0, Omega~) have Var[X^T A X~] = tr(A Omega~ A^T Omega).",
        _variance(_bilinear), LEMMA_13_VARIANCE, _prove_lemma_13_variance, "lemma-13",
    ),
    _exact(
        "lemma-14", "Product of block matrices", "Appendix F, Lemma 14",
        "Block matrices multiply block by block.",
        _block("A") * _block("B"), LEMMA_14, _prove_lemma_14, "lemmas-14-and-15",
    ),
    _exact(
        "lemma-15", "Trace of a block matrix", "Appendix F, Lemma 15",
        "The trace of a block matrix is the sum of the diagonal blocks' traces.",
        sp.Trace(_block("A")), LEMMA_15, _prove_lemma_15, "lemmas-14-and-15",
    ),
)

CLAIMS: tuple[Claim, ...] = (*APPENDIX_F, *REMARK_6_2, *LEMMAS)
