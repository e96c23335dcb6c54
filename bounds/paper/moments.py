"""Moments of quadratic and bilinear forms of Gaussians, and of block matrices: Lemmas 12-15.

Everything starts from the moment generating function exp(t^T Omega t / 2): its fourth derivative is
Isserlis' formula, and index contraction turns that into traces.  Derivations: proofs_notes/moments.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import sympy as sp

from bounds.checks import Relation, Statement, Step
from bounds.claim import Claim, exact
from bounds.proof.matrix_words import Algebra, contract, multiple_of_blocks
from bounds.proof.steps import concluded, identity, instance, integral, nonnegative, positive
from bounds.symbols import t

_m = sp.Symbol("m", integer=True, positive=True)
_m_tilde = sp.Symbol("m_tilde", integer=True, positive=True)

A = sp.MatrixSymbol("A", _m, _m)

A_CROSS = sp.MatrixSymbol("A", _m, _m_tilde)

OMEGA = sp.MatrixSymbol("Omega", _m, _m)

OMEGA_TILDE = sp.MatrixSymbol(r"\tilde{\Omega}", _m_tilde, _m_tilde)

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


def _prove_lemma_12_mean(claimed: Statement) -> Iterator[Step]:
    mean = contracted_moment([(A, 0, 1)], {0: OMEGA, 1: OMEGA})
    yield _SYMMETRIC.concluded("E[X^T A X], contracted from E[X_i X_j] = Omega_ij", mean, claimed)


def _prove_lemma_12_variance(claimed: Statement) -> Iterator[Step]:
    mean = contracted_moment([(A, 0, 1)], {0: OMEGA, 1: OMEGA})
    square = contracted_moment([(A, 0, 1), (A, 2, 3)], dict.fromkeys(range(4), OMEGA))
    yield _SYMMETRIC.concluded("E[(X^T A X)^2] - E[X^T A X]^2 from Isserlis", square - mean**2, claimed)


def _prove_lemma_13_mean(claimed: Statement) -> Iterator[Step]:
    mean = contracted_moment([(A_CROSS, 0, 1)], {0: OMEGA, 1: OMEGA_TILDE})
    yield _SYMMETRIC.concluded("E[X^T A X~] for independent factors", mean, claimed)


def _prove_lemma_13_variance(claimed: Statement) -> Iterator[Step]:
    blocks = {0: OMEGA, 1: OMEGA_TILDE, 2: OMEGA, 3: OMEGA_TILDE}
    square = contracted_moment([(A_CROSS, 0, 1), (A_CROSS, 2, 3)], blocks)
    yield _SYMMETRIC.concluded("E[(X^T A X~)^2], whose mean is 0", square, claimed)


def _prove_lemma_12_tail(claimed: Statement) -> Iterator[Step]:
    yield from _equal_eigenvalues(claimed)
    y, q, g = sp.Symbol("y", nonnegative=True), sp.Symbol("q", positive=True), sp.Symbol("g", real=True)
    exponent = (1 - q) / 2 * g**2 - g**2 / 2
    moment = integral(sp.exp(sp.expand(exponent)) / sp.sqrt(2 * sp.pi), (g, -sp.oo, sp.oo))
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
    # P(Z - EZ > u) <= exp(-s u + s^2 F^2/(1 - 2 s K)), which is exp(-t) at
    enough = sp.factor(sp.together(t / s + s * FROBENIUS**2 / (1 - 2 * OPERATOR * s)))
    yield concluded("Chernoff's bound at this s is exp(-t)", enough, claimed, shown=Relation.UPPER)


def _equal_eigenvalues(claimed: Statement) -> Iterator[Step]:
    """m eigenvalues 1: the excess of chi-square with m degrees of freedom, of which the tail is known."""
    for size in (2, 20):
        stated = claimed.bound.subs({FROBENIUS: sp.sqrt(size), OPERATOR: 1}, simultaneous=True)
        half = sp.Rational(size, 2)
        share = sp.uppergamma(half, half + sp.Max(stated, -size) / 2) / sp.gamma(half)
        yield instance(f"{size} eigenvalues 1 exceed the bound rarely", share, claimed.about(sp.exp(-t)))


_p, _q = (sp.Symbol(name, integer=True, positive=True) for name in ("p", "q"))
_BLOCKS = {
    name: sp.MatrixSymbol(name, *shape)
    for name, shape in {
        "A_11": (_p, _p),
        "A_12": (_p, _q),
        "A_21": (_q, _p),
        "A_22": (_q, _q),
        "B_11": (_p, _p),
        "B_12": (_p, _q),
        "B_21": (_q, _p),
        "B_22": (_q, _q),
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


def _prove_lemma_14(claimed: Statement) -> Iterator[Step]:
    product_ = _placed(_block("A")) * _placed(_block("B"))
    factor, stated = multiple_of_blocks(claimed.bound)
    for i, j in product((1, 2), repeat=2):
        block = claimed.about(factor * stated.blocks[i - 1, j - 1])
        yield _SELECT.concluded(f"block ({i}, {j})", _F[i].T * product_ * _F[j], block)


def _prove_lemma_15(claimed: Statement) -> Iterator[Step]:
    yield _SELECT.concluded("tr of the placed blocks", sp.Trace(_placed(_block("A"))), claimed)


_quadratic = sp.Symbol("{X^T A X}", real=True)
_bilinear = sp.Symbol(r"{X^T A \tilde{X}}", real=True)
_variance = sp.Function("Var")
_mean = sp.Function(r"\mathbb{E}")
_excess = r"X^T A X - \mathbb{E}[X^T A X]"

CLAIMS: tuple[Claim, ...] = (
    exact(
        "lemma-12-mean",
        "Mean of a Gaussian quadratic form",
        "Appendix F, Lemma 12",
        "X ~ N(0, Omega) has E[X^T A X] = tr(A Omega).",
        _mean(_quadratic),
        LEMMA_12_MEAN,
        _prove_lemma_12_mean,
        note="moments.md#lemma-12",
    ),
    exact(
        "lemma-12",
        "Variance of a Gaussian quadratic form",
        "Appendix F, Lemma 12",
        "X ~ N(0, Omega) has Var[X^T A X] = tr(A Omega A Omega) + tr(A Omega A^T Omega).",
        _variance(_quadratic),
        LEMMA_12_VARIANCE,
        _prove_lemma_12_variance,
        note="moments.md#lemma-12",
    ),
    exact(
        "lemma-12-tail",
        "Tail of a Gaussian quadratic form, with constants",
        "Appendix F, Lemma 12",
        (
            "X^T A X exceeds its mean by more than 2F sqrt(t) + 2Kt with probability at most exp(-t), F and "
            "K the Frobenius and operator norms of Omega^(1/2) (A + A^T)/2 Omega^(1/2); likewise below."
        ),
        _excess,
        LEMMA_12_DEVIATION,
        _prove_lemma_12_tail,
        note="moments.md#the-tail-of-lemma-12",
        relation=Relation.UPPER,
        variant="explicit",
        probability=1 - sp.exp(-t),
        remark=(
            "The Hanson-Wright tail with numbers: u >= 0 is exceeded with probability at most "
            "exp(-min(u^2/F^2, 4u/K)/16)."
        ),
    ),
    exact(
        "lemma-13-mean",
        "Mean of a bilinear form of independent Gaussians",
        "Appendix F, Lemma 13",
        "Independent centred Gaussians have E[X^T A X~] = 0.",
        _mean(_bilinear),
        sp.Integer(0),
        _prove_lemma_13_mean,
        note="moments.md#lemma-13",
    ),
    exact(
        "lemma-13",
        "Variance of a bilinear form of independent Gaussians",
        "Appendix F, Lemma 13",
        "Independent X ~ N(0, Omega), X~ ~ N(0, Omega~) have Var[X^T A X~] = tr(A Omega~ A^T Omega).",
        _variance(_bilinear),
        LEMMA_13_VARIANCE,
        _prove_lemma_13_variance,
        note="moments.md#lemma-13",
    ),
    exact(
        "lemma-14",
        "Product of block matrices",
        "Appendix F, Lemma 14",
        "Block matrices multiply block by block.",
        _block("A") * _block("B"),
        LEMMA_14,
        _prove_lemma_14,
        note="moments.md#lemmas-14-and-15",
    ),
    exact(
        "lemma-15",
        "Trace of a block matrix",
        "Appendix F, Lemma 15",
        "The trace of a block matrix is the sum of the diagonal blocks' traces.",
        sp.Trace(_block("A")),
        LEMMA_15,
        _prove_lemma_15,
        note="moments.md#lemmas-14-and-15",
    ),
)
