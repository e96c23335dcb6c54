"""Where the unfiltered fit starts to learn: the sample condition's true constant, for many dimensions.

Derivation: proofs_notes/proportional.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Proof, Quoted, Relation, Statement, Step
from bounds.claim import Claim, Verdict
from bounds.proof import steps
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, r

PLACE = sp.Symbol(r"n_{\mathrm{c}}", positive=True)
"""The sample size at which the leading singular values leave the noise's spectrum."""

NOISE, NOISE_TILDE = sp.sqrt(d - r), sp.sqrt(d_tilde - r)
"""Roots of the numbers of noise dimensions."""

TRANSITION = (
    (NOISE - gamma * NOISE_TILDE) * (NOISE_TILDE - gamma_tilde * NOISE) / (gamma * gamma_tilde * eta**2)
)

APART = (
    sp.Gt(d, r),
    sp.Gt(d_tilde, r),
    sp.Gt(NOISE, gamma * NOISE_TILDE),
    sp.Gt(NOISE_TILDE, gamma_tilde * NOISE),
)
"""Noise on both sides, and neither modality's own covariance shows through before the pairing does."""

FREENESS = (
    "resolvents of independent Wishart matrices are free (Voiculescu 1991), and an outlier solves the "
    "Schur complement's equation (Benaych-Georges, Nadakuditi 2012; Mergny, Zdeborova 2025)"
)

P_ROOT, Q_ROOT = sp.symbols("sqrt_p sqrt_q", positive=True)


def _by_roots(expression: sp.Expr) -> sp.Expr:
    """The expression in the roots of the noise dimensions."""
    return sp.sympify(expression).subs({d: r + P_ROOT**2, d_tilde: r + Q_ROOT**2}, simultaneous=True)


def derive_place(claimed: Statement) -> Iterator[Step]:
    """The outlier's equation at the edge of the noise's spectrum, as eta -> 0 and n eta^2 = x stands."""
    yield Quoted("the noise's edge and the outlier's equation", True, f"quoted: {FREENESS}", FREENESS)
    yield steps.given(claimed, *APART)
    x = sp.Symbol("x", positive=True)
    pairs = x / eta**2
    alpha, alpha_tilde = P_ROOT**2 / pairs, Q_ROOT**2 / pairs
    edge = P_ROOT * Q_ROOT / pairs
    cubic = (2 * edge**3 + (1 + alpha + alpha_tilde) * edge**2) / (alpha * alpha_tilde)
    yield steps.identity("the edge is at w = sqrt(alpha alpha~)", steps.limit(cubic, eta, 0), 1)
    kappa, kappa_tilde = gamma / alpha, gamma_tilde / alpha_tilde
    pull = eta**2 * kappa * kappa_tilde * edge * (1 + edge)
    free = (1 - kappa * edge) * (1 - kappa_tilde * edge)
    (found,) = sp.solve(steps.limit(sp.simplify(pull), eta, 0) - sp.simplify(free), x)
    place = (found / eta**2).subs({P_ROOT: NOISE, Q_ROOT: NOISE_TILDE})
    yield steps.concluded("where the outlier is at the edge", place, claimed)


def derive_geometric_mean(claimed: Statement) -> Iterator[Step]:
    """The geometric mean less the place is positive for every gamma that the conditions allow."""
    yield steps.given(claimed, *APART)
    above, above_tilde = sp.symbols("z z_tilde", positive=True)
    # gamma sqrt(q/p) = z/(1 + z) is any number in (0, 1), and likewise on the right.
    apart = {
        gamma: P_ROOT / Q_ROOT * above / (1 + above),
        gamma_tilde: Q_ROOT / P_ROOT * above_tilde / (1 + above_tilde),
    }
    place, mean = (
        sp.factor(sp.simplify(_by_roots(e).subs(apart, simultaneous=True)))
        for e in (TRANSITION, GEOMETRIC_MEAN)
    )
    yield steps.positive("the geometric mean of the dimensions is enough", mean, place)
    for rank, dimension in ((1, 5), (14, 30)):
        little = sp.Rational(1, 1000)
        faint = {
            r: rank,
            d: dimension,
            d_tilde: dimension,
            gamma: little,
            gamma_tilde: little,
            eta: 100 * little,
        }
        words = f"and hardly too much where gamma is small, in {dimension} dimensions"
        yield steps.instance(words, TRANSITION.subs(faint), claimed, faint)
    yield steps.concluded("which is the bound", GEOMETRIC_MEAN, claimed, shown=Relation.UPPER)


GEOMETRIC_MEAN = NOISE * NOISE_TILDE / (gamma * gamma_tilde * eta**2)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="transition-place",
        title="The exact constant of the sample condition",
        source="Corollary 1, its sample condition, sharpened",
        statement=(
            "As d and d~ grow and eta -> 0, the unfiltered fit learns nothing below n_c = (sqrt p - gamma "
            "sqrt q)(sqrt q - gamma~ sqrt p)/(gamma gamma~ eta^2) pairs, p = d - r and q = d~ - r, and both "
            "subspaces above it."
        ),
        quantity=PLACE,
        relation=Relation.EQUAL,
        bound=TRANSITION,
        variant="sharp",
        conditions=APART,
        checks=(Proof(derive_place),),
        expected=Verdict.PROVED,
        note="proportional.md#the-transition",
        remark="The place at any eta and any d/n is a root of the same equations: `bounds.law.proportional`.",
    ),
    Claim(
        id="transition-geometric-mean",
        title="The geometric mean of the dimensions is enough",
        source="Corollary 1, its sample condition, sharpened",
        statement=(
            "n_c is below sqrt((d - r)(d~ - r))/(gamma gamma~ eta^2): no maximum of the dimensions, and no "
            "1 + 1/gamma beside the product of both noise variances."
        ),
        quantity=PLACE,
        relation=Relation.UPPER,
        bound=GEOMETRIC_MEAN,
        variant="sharp",
        conditions=APART,
        checks=(Proof(derive_geometric_mean),),
        expected=Verdict.PROVED,
        note="proportional.md#the-transition",
        depends_on=("transition-place",),
    ),
)
