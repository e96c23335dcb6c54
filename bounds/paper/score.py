"""The oracle score's mean, variance and moment generating function: Appendix F, Section 6.1, Remark 6.2.

Lemmas 12 and 13 at the model's covariances, evaluated as words in U and U~ in every dimension.
Derivations: proofs_notes/moments.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Origin, Relation, Statement, Step
from bounds.claim import Claim, Derivation, Verdict, exact
from bounds.paper.matrices import U_TILDE, U
from bounds.paper.model import COVARIANCE_X, COVARIANCE_Y
from bounds.paper.moments import (
    A_CROSS,
    LEMMA_12_MEAN,
    LEMMA_12_VARIANCE,
    LEMMA_13_VARIANCE,
    OMEGA,
    OMEGA_TILDE,
    A,
    contracted_moment,
)
from bounds.proof import steps
from bounds.proof.matrix_words import Algebra, substitute
from bounds.proof.steps import attained, concluded, decided, identity, instance, integral, nonnegative
from bounds.symbols import a_x, a_y, d, d_tilde, eta, gamma, gamma_tilde, r

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

_COV_CLEAN = (
    _E * COVARIANCE_X * _E.T
    + _E_TILDE * COVARIANCE_Y * _E_TILDE.T
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
        else {A_CROSS: U * U_TILDE.T, OMEGA: COVARIANCE_X, OMEGA_TILDE: COVARIANCE_Y}
    )
    return sp.expand(_MODEL.evaluate(substitute(expression, values)))


def _prove_mean_clean(claimed: Statement) -> Iterator[Step]:
    yield concluded("tr(A Sigma_1) with A = U U~^T", _at_model(LEMMA_12_MEAN), claimed)


def _prove_mean_corrupted(claimed: Statement) -> Iterator[Step]:
    mean = contracted_moment([(A_CROSS, 0, 1)], {0: OMEGA, 1: OMEGA_TILDE})
    yield concluded("E[x^T U U~^T x~] for independent x, x~", mean, claimed)


def _prove_variance_corrupted(claimed: Statement) -> Iterator[Step]:
    yield concluded("Lemma 13 at A = U U~^T and Sigma_0", _at_model(LEMMA_13_VARIANCE), claimed)


def _prove_variance_clean(claimed: Statement) -> Iterator[Step]:
    yield concluded("Lemma 12 at A = U U~^T and Sigma_1", _at_model(LEMMA_12_VARIANCE), claimed)


def _prove_variance_lower(claimed: Statement) -> Iterator[Step]:
    ratio = VARIANCE_CLEAN / VARIANCE_CORRUPTED
    noise_grows = (gamma, 0), (gamma_tilde, 0)
    yield attained("sigma_1^2/sigma_0^2 tends to the bound as the noise grows", ratio, claimed, *noise_grows)
    yield concluded("sigma_1^2/sigma_0^2", ratio, claimed)


def _prove_variance_upper(claimed: Statement) -> Iterator[Step]:
    ratio = VARIANCE_CLEAN / VARIANCE_CORRUPTED
    noise_fades = (gamma, sp.oo), (gamma_tilde, sp.oo)
    yield attained("sigma_1^2/sigma_0^2 tends to the bound as the noise fades", ratio, claimed, *noise_fades)
    yield concluded("sigma_1^2/sigma_0^2", ratio, claimed)


def _prove_mixture(claimed: Statement) -> Iterator[Step]:
    second = eta * (VARIANCE_CLEAN + r**2) + (1 - eta) * VARIANCE_CORRUPTED
    yield concluded("E[D^2] - E[D]^2 over the hidden coin", second - (eta * r) ** 2, claimed)


def _prove_remark_6_2(claimed: Statement) -> Iterator[Step]:
    yield concluded("sigma_1^2 against the stated value", VARIANCE_CLEAN, claimed)


def _prove_remark_6_2_corrected(claimed: Statement) -> Iterator[Step]:
    yield instance("r/sigma_1", r / sp.sqrt(VARIANCE_CLEAN), claimed)
    yield nonnegative("the bound is not negative, and may be squared", claimed.bound)
    yield concluded("(r/sigma_1)^2", r**2 / VARIANCE_CLEAN, claimed.about(claimed.bound**2))
    yield decided("it grows without bound in r at any noise", steps.limit(SEPARATION**2, r, sp.oo) == sp.oo)
    fixed = steps.limit(steps.limit(r**2 / VARIANCE_CLEAN, gamma, sp.oo), gamma_tilde, sp.oo)
    yield identity("at fixed r the modes never separate further than sqrt(r/2)", fixed, r / 2)


def _prove_mgf(correlated: int) -> Derivation:
    def prove(claimed: Statement) -> Iterator[Step]:
        v, q = sp.Symbol("v", real=True), sp.Symbol("q", positive=True)
        slope, spread = sp.Integer(correlated) / a_y, a_x - correlated / a_y
        u = sp.Symbol("u", real=True)
        a, b = sp.Symbol("a", positive=True), sp.Symbol("b", real=True)
        exponent = a * b**2 / 2 - (u - a * b) ** 2 / (2 * a)
        yield identity("b u - u^2/(2a) is a square and a b^2/2", b * u - u**2 / (2 * a), exponent)
        density = sp.exp(-(u**2) / (2 * a)) / sp.sqrt(2 * sp.pi * a)
        mass = integral(density, (u, -sp.oo, sp.oo))
        yield identity("so E exp(b u) = exp(a b^2/2) for u ~ N(0, a), whose density has mass", mass, 1)
        # Given v, s u v is Gaussian with mean s slope v^2 and variance s^2 spread v^2.
        base = 1 - a_y * (2 * S * slope + S**2 * spread)
        yield identity(
            "E exp((1 - q) v^2/(2a)) = q^(-1/2) for v ~ N(0, a): that of N(0, a/q) has mass 1 too",
            density.subs(u, v) * sp.exp((1 - q) * v**2 / (2 * a)),
            q ** sp.Rational(-1, 2) * density.subs({u: v, a: a / q}, simultaneous=True),
        )
        # Near s = 0, where base > 0, S = 0 among it: the points of s are taken from there.
        near = {S: sp.Symbol("t", real=True) / (1 + sp.Symbol("t", real=True) ** 2) / (4 * a_x * a_y)}
        power = sp.expand(base) ** (-r / 2)
        yield instance("r coordinates: the power -r/2 of q", power.subs(near), claimed, near)
        logarithm = -r / 2 * sp.log(base)
        stated = sp.expand_log(sp.log(claimed.bound), force=True)
        yield identity("the bound has the same logarithmic slope", sp.diff(logarithm, S), sp.diff(stated, S))
        start = claimed.about(claimed.bound.subs(S, 0), Origin(((S, 0),)))
        yield concluded("and its value 1 at s = 0", sp.Integer(1), start)
        mean = sp.diff(logarithm, S).subs(S, 0)
        variance = sp.diff(logarithm, S, 2).subs(S, 0)
        yield identity("first cumulant", mean, r * correlated)
        yield identity("second cumulant", variance, VARIANCE_CLEAN if correlated else VARIANCE_CORRUPTED)
        if not correlated:
            yield identity("even in s: the law is symmetric", base.subs(S, -S), base)

    return prove


_variance = sp.Function("Var")
_mean = sp.Function(r"\mathbb{E}")
_sigma_ratio = r"\sigma_1^2 / \sigma_0^2"
_D = {0: sp.Symbol("D_0", real=True), 1: sp.Symbol("D_1", real=True), 2: sp.Symbol("D", real=True)}

CLAIMS: tuple[Claim, ...] = (
    exact(
        "appendix-f-mean-corrupted",
        "Mean score of a corrupted pair",
        "Appendix F; Section 6.1",
        "The oracle score of a corrupted pair has mean 0.",
        _mean(_D[0]),
        sp.Integer(0),
        _prove_mean_corrupted,
        note="moments.md#appendix-f",
        depends_on=("lemma-13-mean", "remark-a-1"),
    ),
    exact(
        "appendix-f-mean-clean",
        "Mean score of a clean pair",
        "Appendix F; Section 6.1",
        "The oracle score of a clean pair has mean r.",
        _mean(_D[1]),
        r,
        _prove_mean_clean,
        note="moments.md#appendix-f",
        depends_on=("lemma-12-mean", "remark-a-1"),
    ),
    exact(
        "appendix-f-variance-corrupted",
        "Score variance of a corrupted pair, as printed",
        "Appendix F",
        "The oracle score of a corrupted pair has variance r(1 + 1/gamma)(1 + 1/gamma).",
        _variance(_D[0]),
        VARIANCE_CORRUPTED_PRINTED,
        _prove_variance_corrupted,
        note="moments.md#the-repeated-gamma",
        expected=Verdict.REFUTED,
        depends_on=("lemma-13",),
        remark="One factor repeats gamma; true only when both modalities are equally noisy.",
    ),
    exact(
        "appendix-f-variance-corrupted-corrected",
        "Score variance of a corrupted pair",
        "Appendix F, corrected",
        "The oracle score of a corrupted pair has variance r(1 + 1/gamma)(1 + 1/gamma~).",
        _variance(_D[0]),
        VARIANCE_CORRUPTED,
        _prove_variance_corrupted,
        note="moments.md#the-repeated-gamma",
        variant="corrected",
        corrects="appendix-f-variance-corrupted",
        depends_on=("lemma-13", "remark-a-1"),
    ),
    exact(
        "appendix-f-variance-clean",
        "Score variance of a clean pair",
        "Appendix F",
        "The oracle score of a clean pair has variance r + r(1 + 1/gamma)(1 + 1/gamma~).",
        _variance(_D[1]),
        VARIANCE_CLEAN,
        _prove_variance_clean,
        note="moments.md#appendix-f",
        depends_on=("lemma-12", "lemma-14", "lemma-15", "remark-a-1"),
    ),
    exact(
        "appendix-f-variance-lower",
        "Clean scores vary at least as much as corrupted ones",
        "Section 6.1",
        "The clean variance is at least the corrupted one, and no larger constant does.",
        _sigma_ratio,
        sp.Integer(1),
        _prove_variance_lower,
        note="moments.md#order-of-the-variances",
        relation=Relation.LOWER,
        best=True,
        depends_on=("appendix-f-variance-clean", "appendix-f-variance-corrupted-corrected"),
    ),
    exact(
        "appendix-f-variance-upper",
        "Clean scores vary at most twice as much",
        "Section 6.1",
        "The clean variance is at most twice the corrupted one, and no smaller constant does.",
        _sigma_ratio,
        sp.Integer(2),
        _prove_variance_upper,
        note="moments.md#order-of-the-variances",
        relation=Relation.UPPER,
        best=True,
        depends_on=("appendix-f-variance-clean", "appendix-f-variance-corrupted-corrected"),
    ),
    exact(
        "appendix-f-mgf-corrupted",
        "Exponential tails of the corrupted score",
        "Appendix F; Section 6.1",
        (
            "The corrupted score is symmetric with E exp(s D_0) = (1 - s^2 (1 + 1/gamma)(1 + "
            "1/gamma~))^(-r/2), finite around 0."
        ),
        _mean(sp.exp(S * _D[0])),
        MGF_CORRUPTED,
        _prove_mgf(0),
        note="moments.md#exponential-tails",
        depends_on=("remark-a-1",),
        variant="explicit",
    ),
    exact(
        "appendix-f-mgf-clean",
        "Exponential tails of the clean score",
        "Appendix F; Section 6.1",
        (
            "The clean score has E exp(s D_1) = ((1 - s)^2 - s^2 (1 + 1/gamma)(1 + 1/gamma~))^(-r/2), finite "
            "around 0."
        ),
        _mean(sp.exp(S * _D[1])),
        MGF_CLEAN,
        _prove_mgf(1),
        note="moments.md#exponential-tails",
        depends_on=("remark-a-1",),
        variant="explicit",
    ),
    exact(
        "section-6-1-mixture",
        "Score variance of a random pair",
        "Section 6.1",
        (
            "The score of a random pair has the classes' mean variance plus eta(1 - eta)r^2 between their "
            "means."
        ),
        _variance(_D[2]),
        MIXTURE_VARIANCE,
        _prove_mixture,
        note="moments.md#appendix-f",
        depends_on=(
            "appendix-f-mean-clean",
            "appendix-f-mean-corrupted",
            "appendix-f-variance-clean",
            "appendix-f-variance-corrupted-corrected",
        ),
    ),
    exact(
        "remark-6-2",
        "The clean variance, as printed in the remark",
        "Section 6.1, Remark 6.2",
        "The clean score's variance equals twice the corrupted one's.",
        _variance(_D[1]),
        2 * VARIANCE_CORRUPTED,
        _prove_remark_6_2,
        note="moments.md#remark-62",
        expected=Verdict.REFUTED,
        depends_on=("appendix-f-variance-clean",),
        remark="An equality only in the limit without noise.",
    ),
    exact(
        "remark-6-2-corrected",
        "How far the score's modes are apart",
        "Section 6.1, Remark 6.2, corrected",
        (
            "The clean mean is at least sqrt(r/(2(1 + 1/gamma)(1 + 1/gamma~))) clean standard deviations, "
            "which grows without bound in r, at fixed gamma and gamma~ already."
        ),
        r"r / \sigma_1",
        SEPARATION,
        _prove_remark_6_2_corrected,
        note="moments.md#remark-62",
        relation=Relation.LOWER,
        variant="corrected",
        corrects="remark-6-2",
        depends_on=("appendix-f-variance-upper", "appendix-f-mean-clean"),
    ),
)
