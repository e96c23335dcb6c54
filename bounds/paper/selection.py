"""The pairs that a filter keeps: scores (Eq. 7, 8), Section 6.2, Eq. 9, 10 and 56.

A pair of class c is kept with probability P_c and has mean score E_c when kept; statements about
both classes together follow by Bayes' rule.  Derivations: proofs_notes/selection.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Origin, Relation, Statement, Step
from bounds.claim import Claim, Verdict, exact
from bounds.paper.contrastive import S_N_WEIGHT, K, L
from bounds.paper.matrices import BASES, G_TILDE, U_TILDE, X_TILDE, G, U, X
from bounds.proof.matrix_words import Algebra
from bounds.proof.steps import concluded, given, identity, instance, integral, nonnegative, positive
from bounds.symbols import (
    P,
    d,
    d_tilde,
    eta,
    mean_0,
    mean_1,
    n,
    r,
    rho,
    tail_0,
    tail_1,
    theta,
)

KEPT_SHARE = eta * tail_1 + (1 - eta) * tail_0
"""P(theta), the share of all pairs that is kept."""

MULTIPLE_PRINTED = (eta * mean_1 + (1 - eta) * mean_0) / r
"""Eq. 10 as printed: the classes weighted as before filtering."""

MULTIPLE = (eta * tail_1 * mean_1 + (1 - eta) * tail_0 * mean_0) / (r * KEPT_SHARE)
"""Eq. 10 with the weights that the classes have among the kept pairs."""

F_0, F_1 = (sp.Symbol(f"f_{c}", real=True) for c in (0, 1))
"""f_c = E_c/r, the multiple of U U~^T within a class."""

TEACHER_SCORE = sp.Trace(X.T * G.T * G_TILDE * X_TILDE)

ORACLE_SCORE = sp.Trace(X.T * U * U_TILDE.T * X_TILDE)

_density = sp.Symbol("p", positive=True)
_mean_kept = sp.Symbol("E", real=True)

MEAN_SLOPE = _density * (_mean_kept - theta) / P
"""dE/dtheta, with p the score's density at theta, P the share above it and E the mean above it."""

_KEPT_MOMENT = sp.MatrixSymbol(r"{S(\theta)}", d, d_tilde)
_s = sp.Symbol("s", real=True)
_pdf = sp.Function("p", positive=True)
_ABOVE = sp.Integral(_pdf(_s), (_s, theta, sp.oo))
_MASS = sp.Integral(_s * _pdf(_s), (_s, theta, sp.oo))


def _prove_eq_7(claimed: Statement) -> Iterator[Step]:
    left, right = G * X, G_TILDE * X_TILDE
    yield Algebra().concluded("<G x, G~ x~> = x^T A x~ with A = G^T G~", sp.Trace(left.T * right), claimed)
    factor, excess = sp.symbols("c h", positive=True)
    yield positive("score > theta gives c score > c theta", factor * (theta + excess) - factor * theta)
    yield nonnegative("and score <= theta does not", factor * theta - factor * (theta - excess))


def _prove_eq_8(claimed: Statement) -> Iterator[Step]:
    left, right = U.T * X, U_TILDE.T * X_TILDE
    yield BASES.concluded("<U^T x, U~^T x~> = x^T U U~^T x~", sp.Trace(left.T * right), claimed)
    limit = sp.Trace(X.T * (eta / rho * U * U_TILDE.T) * X_TILDE)
    yield BASES.identity("the teacher's limit is eta/rho of it", limit, eta / rho * sp.Trace(left.T * right))


def _prove_eq_9(claimed: Statement) -> Iterator[Step]:
    matched = S_N_WEIGHT.subs(L, K)
    apart = S_N_WEIGHT.subs(sp.KroneckerDelta(K, L), 0)
    yield identity("the weights of matched pairs sum to 1", n * matched, 1)
    yield identity("the others to -1", n * (n - 1) * apart, -1)
    mean_x, mean_y = sp.ZeroMatrix(d, 1), sp.ZeroMatrix(d_tilde, 1)  # Lemma 7
    weights = sp.simplify(n * matched), sp.simplify(n * (n - 1) * apart)
    yield Algebra().concluded(
        "so E[S_n(theta)] = E[x x~^T] - E[x] E[x~]^T among kept pairs",
        weights[0] * _KEPT_MOMENT + weights[1] * mean_x * mean_y.T,
        claimed,
    )


def noise_free_values() -> dict[sp.Symbol, sp.Expr]:
    """r = 2, no noise, theta = 0: P_0, E_0, P_1 and E_1 exactly."""
    v, s = sp.symbols("v s", positive=True)
    length = integral(v * v * sp.exp(-(v**2) / 2), (v, 0, sp.oo))  # E|v| in the plane
    half_mean = integral(s * sp.exp(-(s**2) / 2) / sp.sqrt(2 * sp.pi), (s, 0, sp.oo))
    share = sp.Rational(1, 2)  # a corrupted score is symmetric
    # Given v a corrupted score is N(0, |v|^2); a clean one is |z|^2, of mean 2 and never negative.
    return {
        r: sp.Integer(2),
        tail_0: share,
        mean_0: half_mean * length / share,
        tail_1: sp.Integer(1),
        mean_1: sp.Integer(2),
    }


def _prove_eq_10(claimed: Statement) -> Iterator[Step]:
    kept = eta * tail_1 * mean_1 / r + (1 - eta) * tail_0 * mean_0 / r
    truth = kept / KEPT_SHARE
    here = noise_free_values()
    yield instance("r = 2, no noise, theta = 0", sp.simplify(truth.subs(here)), claimed, here)
    yield concluded("Bayes' rule: sum of eta_c P_c E_c/r over P", truth, claimed, attained=False)


def _prove_eq_56(claimed: Statement) -> Iterator[Step]:
    truth = (eta * tail_1 * F_1 + (1 - eta) * tail_0 * F_0) / KEPT_SHARE
    here = noise_free_values()
    here |= {F_1: here[mean_1] / 2, F_0: here[mean_0] / 2}
    yield instance("r = 2, no noise, theta = 0", sp.simplify(truth.subs(here)), claimed, here)
    yield concluded("Bayes' rule: sum of eta_c P_c f_c over P", truth, claimed, attained=False)


def _prove_survival(claimed: Statement) -> Iterator[Step]:
    here = noise_free_values()
    yield instance("r = 2, no noise, theta = 0", sp.simplify(MULTIPLE.subs(here)), claimed, here)
    ordered = (sp.Ge(tail_1, tail_0), sp.Ge(mean_1, mean_0))
    yield given(claimed, *ordered)
    gap = eta * (1 - eta) * (tail_1 - tail_0) * (mean_1 - mean_0) / (r * KEPT_SHARE)
    yield identity("true minus printed, in full", MULTIPLE - MULTIPLE_PRINTED, gap)
    yield nonnegative("which is not negative, with P_1 >= P_0 and E_1 >= E_0", gap, conditions=ordered)
    yield concluded("so the printed one is no larger", MULTIPLE_PRINTED, claimed, shown=Relation.LOWER)


def _prove_mean_slope(claimed: Statement) -> Iterator[Step]:
    slope = sp.diff(_MASS / _ABOVE, theta)
    names = {_MASS: _mean_kept * P, _ABOVE: P, _pdf(theta): _density}
    above = sp.Symbol("h", positive=True)
    value = Origin(((_mean_kept, theta + above),))
    stated = claimed.about(claimed.bound.subs(_mean_kept, theta + above), value)
    derived = sp.simplify(slope.subs(names))
    yield concluded("quotient rule on E = M/P", derived.subs(_mean_kept, theta + above), stated)
    yield nonnegative(
        "E >= theta, as every kept score passes theta", (_s - theta).subs(_s, theta + above) * _density
    )
    yield nonnegative("so the slope is not negative", derived.subs(_mean_kept, theta + above))


def _prove_share_slope(claimed: Statement) -> Iterator[Step]:
    slope = sp.diff(_ABOVE, theta).subs(_pdf(theta), _density)
    yield concluded("dP/dtheta", slope, claimed)
    yield nonnegative("P falls", -slope)


_TAIL_INTEGRAL = sp.Symbol("T", positive=True)

MEAN_BY_RESIDUAL_LIFE = theta + _TAIL_INTEGRAL / P
"""E = theta + (integral of P above theta)/P."""


def _prove_residual(claimed: Statement) -> Iterator[Step]:
    share = sp.Function("P")
    tail = sp.Integral(share(_s), (_s, theta, sp.oo))
    difference = _MASS - theta * _ABOVE - tail
    slope = sp.diff(difference, theta).subs({_ABOVE: share(theta)})
    yield identity(
        "M - theta P and the integral of P have the same slope, both vanishing at infinity", slope, 0
    )
    mean = sp.solve(sp.Eq(_mean_kept * P - theta * P, _TAIL_INTEGRAL), _mean_kept)[0]
    yield concluded("so E = M/P is", mean, claimed)


_multiple = sp.Symbol("c", positive=True)

CLAIMS: tuple[Claim, ...] = (
    exact(
        "eq-7",
        "The score of a pair",
        "Section 5, Eq. 7",
        (
            "<G x, G~ x~> = x^T A x~ with A = G^T G~; a positive factor on A scales the threshold and "
            "nothing else."
        ),
        r"\langle G x, \tilde{G} \tilde{x} \rangle",
        TEACHER_SCORE,
        _prove_eq_7,
        note="selection.md#the-score",
    ),
    exact(
        "eq-8",
        "The oracle's score",
        "Section 6, Eq. 8",
        "<U^T x, U~^T x~> = x^T U U~^T x~, of which the teacher's score tends to the multiple eta/rho.",
        r"\langle U^T x, \tilde{U}^T \tilde{x} \rangle",
        ORACLE_SCORE,
        _prove_eq_8,
        note="selection.md#the-score",
        depends_on=("eq-7", "eq-5-mean"),
    ),
    exact(
        "section-6-2-share-falls",
        "The kept share falls with the threshold",
        "Section 6.2",
        "P_c has slope -p_c, minus the score's density: it falls.",
        r"dP/d\theta",
        -_density,
        _prove_share_slope,
        note="selection.md#monotonicity",
    ),
    exact(
        "section-6-2-mean-rises",
        "The mean kept score rises with the threshold",
        "Section 6.2",
        "E_c has slope p_c (E_c - theta)/P_c >= 0, for every law of the score.",
        r"dE/d\theta",
        MEAN_SLOPE,
        _prove_mean_slope,
        note="selection.md#monotonicity",
        remark="Log-concavity is not needed: it gives that E_c - theta falls.",
    ),
    exact(
        "section-6-2-residual-life",
        "The mean kept score by residual life",
        "Section 6.2; proof of Lemma 5",
        "E_c = theta + (integral of P_c above theta)/P_c: threshold plus mean residual life.",
        "E",
        MEAN_BY_RESIDUAL_LIFE,
        _prove_residual,
        note="selection.md#monotonicity",
    ),
    exact(
        "eq-9",
        "Mean of the kept pairs' cross-covariance",
        "Section 6.2, Eq. 9",
        "Given which pairs are kept, S_n(theta) has mean E[x x~^T | score > theta].",
        r"\mathbb{E} S_n(\theta)",
        _KEPT_MOMENT,
        _prove_eq_9,
        note="selection.md#eq-9",
        depends_on=("eq-5", "lemma-7"),
    ),
    exact(
        "eq-10",
        "What the kept pairs' cross-covariance tends to, as printed",
        "Section 6.2, Eq. 10",
        "S(theta) = (1/r)(eta E_1 + (1 - eta) E_0) U U~^T.",
        _multiple,
        MULTIPLE_PRINTED,
        _prove_eq_10,
        note="selection.md#eq-10-and-56",
        expected=Verdict.REFUTED,
        depends_on=("step-3-prime", "step-3-prime-multiple"),
        remark="Filtering changes the share of clean pairs; the printed weights are those before it.",
    ),
    exact(
        "eq-10-corrected",
        "What the kept pairs' cross-covariance tends to",
        "Section 6.2, Eq. 10, corrected",
        "S(theta) = (eta P_1 E_1 + (1 - eta) P_0 E_0)/(r P) U U~^T.",
        _multiple,
        MULTIPLE,
        _prove_eq_10,
        note="selection.md#eq-10-and-56",
        variant="corrected",
        corrects="eq-10",
        depends_on=("step-3-prime", "step-3-prime-multiple"),
    ),
    exact(
        "eq-10-from-below",
        "What survives of the printed Eq. 10",
        "Section 6.2, Eq. 10",
        (
            "The true multiple is at least the printed one whenever P_1 >= P_0 and E_1 >= E_0, so upper "
            "bounds of the error that use the printed one survive."
        ),
        _multiple,
        MULTIPLE_PRINTED,
        _prove_survival,
        note="selection.md#eq-10-and-56",
        relation=Relation.LOWER,
        variant="explicit",
        conditions=(sp.Ge(tail_1, tail_0), sp.Ge(mean_1, mean_0)),
        depends_on=("eq-10-corrected",),
        remark="Both conditions hold: section-6-2-tail-order, and section-6-2-mean-order for r >= 2.",
    ),
    exact(
        "eq-56",
        "The multiple among kept pairs, as printed",
        "Appendix G, Eq. 56",
        "The multiple is eta f_1 + (1 - eta) f_0.",
        _multiple,
        eta * F_1 + (1 - eta) * F_0,
        _prove_eq_56,
        note="selection.md#eq-10-and-56",
        expected=Verdict.REFUTED,
        depends_on=("step-3-prime-multiple",),
        remark="The class weights are those before filtering.",
    ),
    exact(
        "eq-56-corrected",
        "The multiple among kept pairs",
        "Appendix G, Eq. 56, corrected",
        "The multiple is (eta P_1 f_1 + (1 - eta) P_0 f_0)/P.",
        _multiple,
        (eta * tail_1 * F_1 + (1 - eta) * tail_0 * F_0) / KEPT_SHARE,
        _prove_eq_56,
        note="selection.md#eq-10-and-56",
        variant="corrected",
        corrects="eq-56",
        depends_on=("step-3-prime-multiple",),
    ),
)
