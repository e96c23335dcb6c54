"""Where the unfiltered fit starts to learn, and how far it has got beyond, for many dimensions.

Derivation: proofs_notes/proportional.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Proof, Quoted, Relation, Statement, Step
from bounds.claim import Claim, Verdict
from bounds.proof import steps
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r

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

FAINT_SIGNAL = n * gamma * gamma_tilde * eta**2
"""What grows with the pairs where gamma and gamma~ are small: sqrt(p q) at the transition."""

BEYOND = (sp.Gt(d, r), sp.Gt(d_tilde, r), sp.Gt(n, GEOMETRIC_MEAN))
"""Noise on both sides, and more pairs than the transition takes."""

LEFT_SINE = (d - r) * (d_tilde - r + FAINT_SIGNAL) / (FAINT_SIGNAL * (d - r + FAINT_SIGNAL))
"""The squared sine of each left angle in the limit of faint signals."""

STRENGTH = sp.Symbol("X", positive=True)
"""`FAINT_SIGNAL` as a number."""


def _limiting_tangent() -> sp.Expr:
    """The note's squared tangent of a left angle as n grows with p, q and n gamma gamma~ eta^2 held.

    The noise's shares are 1, the signal's block is that of all pairs, and l' = k' in its null vector.
    """
    little = sp.Symbol("epsilon", positive=True)  # 1/n
    outlier = P_ROOT**2 * Q_ROOT**2 / STRENGTH
    w, alpha, alpha_tilde = little * outlier, little * P_ROOT**2, little * Q_ROOT**2
    above, above_tilde = little * (P_ROOT**2 + outlier), little * (Q_ROOT**2 + outlier)  # alpha + w
    left, right = 1 + outlier / P_ROOT**2, 1 + outlier / Q_ROOT**2  # |l_1|^2, |k_1|^2 over those of l', k'
    value = (1 + w) * above * above_tilde / w
    steepness = 1 / (1 - w / (1 + w) - w / above - w / above_tilde)
    paired = 2 * sp.sqrt(value * STRENGTH * little * left * right)
    own = (1 + alpha_tilde + 2 * w) * left + (1 + alpha + 2 * w) * right + paired
    tangent = (1 + w) * above * right / (value * left) + w / value * steepness * own / left
    return tangent.subs(little, 0)


def derive_left_sine(claimed: Statement) -> Iterator[Step]:
    """The outlier and its vector as gamma, gamma~ and eta -> 0 and X = n gamma gamma~ eta^2 stands."""
    yield Quoted("the noise's edge and the outlier's equation", True, f"quoted: {FREENESS}", FREENESS)
    yield steps.given(claimed, *BEYOND)
    pairs = STRENGTH / (gamma * gamma_tilde * eta**2)
    kappa, kappa_tilde = gamma * pairs / P_ROOT**2, gamma_tilde * pairs / Q_ROOT**2
    w = P_ROOT**2 * Q_ROOT**2 / (pairs * STRENGTH)
    pull = eta**2 * kappa * kappa_tilde * w * (1 + w)
    yield steps.identity("the outlier is at w = p q/(n X): the pull tends to 1", sp.limit(pull, eta, 0), 1)
    for side, own, small in (("left", kappa, gamma), ("right", kappa_tilde, gamma_tilde)):
        words = f"and a modality's own covariance is no matter, {side}"
        yield steps.identity(words, sp.limit(own * w, small, 0), 0)
    tangent = _limiting_tangent()
    sine = sp.cancel(tangent / (1 + tangent))
    stated = {P_ROOT: NOISE, Q_ROOT: NOISE_TILDE, STRENGTH: FAINT_SIGNAL}
    yield steps.concluded("the squared sine of its vector's angle", sine.subs(stated), claimed)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="transition-place",
        title="Where the unfiltered fit begins to learn",
        source="Corollary 1, its sample condition, sharpened",
        statement=(
            "As d and d~ grow and eta -> 0, the unfiltered fit learns nothing below n_c = (sqrt p - gamma "
            "sqrt q)(sqrt q - gamma~ sqrt p)/(gamma gamma~ eta^2) pairs, p = d - r and q = d~ - r, and has "
            "something of both subspaces above it."
        ),
        quantity=PLACE,
        relation=Relation.EQUAL,
        bound=TRANSITION,
        variant="sharp",
        conditions=APART,
        checks=(Proof(derive_place),),
        expected=Verdict.PROVED,
        note="proportional.md#the-transition",
        remark=(
            "Not where the error is small: `transition-error`.  The place at any eta and any d/n is a root "
            "of the same equations: `bounds.law.proportional`."
        ),
    ),
    Claim(
        id="transition-geometric-mean",
        title="The fit begins to learn below the geometric mean of the dimensions",
        source="Corollary 1, its sample condition, sharpened",
        statement=(
            "n_c is below sqrt((d - r)(d~ - r))/(gamma gamma~ eta^2): the place where the fit begins to "
            "learn has no maximum of the dimensions, and no 1 + 1/gamma beside both noise variances."
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
    Claim(
        id="transition-error",
        title="Beyond the transition the error falls by its own side's dimension",
        source="Corollary 1, its sample condition, sharpened",
        statement=(
            "As d, d~ and n grow and gamma, gamma~, eta -> 0 with X = n gamma gamma~ eta^2 > sqrt(p q), "
            "p = d - r and q = d~ - r, the squared sine of each left angle is p (q + X)/(X (p + X)): at "
            "least p/(p + X), so that both sides' being below 1/2 takes max(p, q)/(gamma gamma~ eta^2) pairs."
        ),
        quantity=sp.Symbol(r"{\lim\,\sin^2\theta_L}", positive=True),
        relation=Relation.EQUAL,
        bound=LEFT_SINE,
        variant="sharp",
        conditions=BEYOND,
        checks=(Proof(derive_left_sine),),
        expected=Verdict.PROVED,
        note="proportional.md#beyond-the-transition",
        depends_on=("transition-place",),
        remark="n_c/n at d = d~; as d~/d -> 0 it tends to 1 at every multiple of n_c: the maximum is back.",
    ),
)
