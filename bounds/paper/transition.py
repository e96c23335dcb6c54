"""Where a fit starts to learn, and how far it has got beyond, for many dimensions.

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

STUDENT = sp.Symbol(r"n_{\mathrm{s}}", positive=True)
"""The sample size from which Algorithm 1's student, on the half that its teacher did not see, learns."""

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
    "Schur complement's equation (Benaych-Georges, Nadakuditi 2012)"
)

P_ROOT, Q_ROOT = sp.symbols("sqrt_p sqrt_q", positive=True)


def _by_roots(expression: sp.Expr) -> sp.Expr:
    """The expression in the roots of the noise dimensions."""
    return sp.sympify(expression).subs({d: r + P_ROOT**2, d_tilde: r + Q_ROOT**2}, simultaneous=True)


def block(
    cross: sp.Expr, left: sp.Expr, right: sp.Expr, noise: tuple[sp.Expr, sp.Expr], w: sp.Expr
) -> sp.Expr:
    """The determinant that vanishes where a pair of directions has an outlier: N(y) of the note.

    `cross`, `left`, `right` are the kept pairs' second moments in the two directions, `left` and `right` less
    the noise's share of a variance of 1; `noise` are the loads of both sides, y = w / their product.
    """
    load, load_tilde = noise
    y = w / (load * load_tilde)
    return (1 - left * load_tilde * y) * (1 - right * load * y) - cross**2 * y * (1 + w)


def unfiltered_block(
    share: sp.Expr, snr: sp.Expr, snr_tilde: sp.Expr, sizes: tuple[sp.Expr, sp.Expr], w: sp.Expr
) -> sp.Expr:
    """`block` of all pairs: a share of them clean, two noises, dimensions over pairs."""
    nu, nu_tilde = 1 / (1 + snr), 1 / (1 + snr_tilde)
    cross = share * sp.sqrt((1 - nu) * (1 - nu_tilde))
    return block(cross, 1 - nu, 1 - nu_tilde, (nu * sizes[0], nu_tilde * sizes[1]), w)


SCALED = sp.Symbol("x", positive=True)
"""n eta^2."""


def _sizes(pairs: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Noise dimensions over pairs."""
    return P_ROOT**2 / pairs, Q_ROOT**2 / pairs


def place_of_outlier(snr: sp.Expr, snr_tilde: sp.Expr) -> sp.Expr:
    """n eta^2 at which the leading outlier is at the edge w = sqrt(alpha alpha~), as eta -> 0."""
    pairs = SCALED / eta**2
    at_edge = unfiltered_block(eta, snr, snr_tilde, _sizes(pairs), P_ROOT * Q_ROOT / pairs)
    (found,) = sp.solve(steps.limit(sp.simplify(at_edge), eta, 0), SCALED)
    return found


def derive_place(claimed: Statement) -> Iterator[Step]:
    """The outlier's equation at the edge of the noise's spectrum, as eta -> 0 and n eta^2 = x stands."""
    yield Quoted("the noise's edge and the outlier's equation", True, f"quoted: {FREENESS}", FREENESS)
    yield steps.given(claimed, *APART)
    pairs = SCALED / eta**2
    alpha, alpha_tilde = _sizes(pairs)
    edge = P_ROOT * Q_ROOT / pairs
    cubic = (2 * edge**3 + (1 + alpha + alpha_tilde) * edge**2) / (alpha * alpha_tilde)
    yield steps.identity("the edge is at w = sqrt(alpha alpha~)", steps.limit(cubic, eta, 0), 1)
    place = (place_of_outlier(gamma, gamma_tilde) / eta**2).subs({P_ROOT: NOISE, Q_ROOT: NOISE_TILDE})
    yield steps.concluded("where the outlier is at the edge", place, claimed)


W = sp.Symbol("w", positive=True)
"""Where a singular value lies outside of the noise's spectrum: 0 at infinity, largest at the edge."""

SHARE = sp.Symbol(r"\eta_{\mathrm{c}}", positive=True)
"""The clean fraction at which the leading outlier is at w."""

LOADED = gamma * n * W / (d - r), gamma_tilde * n * W / (d_tilde - r)

OUTSIDE = (*APART[:2], sp.Lt(LOADED[0], 1), sp.Lt(LOADED[1], 1))
"""Noise on both sides, and at w neither modality's own covariance shows through: the pairing must."""

OUTLIER = (1 - LOADED[0]) * (1 - LOADED[1]) * W / (LOADED[0] * LOADED[1] * (1 + W))


def derive_outlier(claimed: Statement) -> Iterator[Step]:
    """The determinant of one pair of directions, solved for the clean fraction."""
    yield Quoted("the outlier's equation", True, f"quoted: {FREENESS}", FREENESS)
    yield steps.given(claimed, *OUTSIDE)
    squared = sp.Symbol("eta^2", positive=True)
    at = unfiltered_block(sp.sqrt(squared), gamma, gamma_tilde, ((d - r) / n, (d_tilde - r) / n), W)
    (found,) = sp.solve(at, squared)
    yield steps.concluded("the clean fraction at which it vanishes", found, claimed)


PERRON = "a nonnegative irreducible matrix has a positive leading eigenvector (Perron, Frobenius)"
STEIN = "Stein's identity for the pairs above a threshold"

K, CHI, CHI_TILDE, TAU, TAU_TILDE, H = sp.symbols("k chi chi_tilde tau tau_tilde h_2", positive=True)
"""Correlation of a clean pair; covariances of the teacher's coordinates with signal and noise; p_{r+2}/P."""

COVARIANCES = {"u": (CHI, K * CHI_TILDE), "v": (K * CHI, CHI_TILDE), "w": (TAU, 0), "w~": (0, TAU_TILDE)}
"""With the teacher's two coordinates, of signals u, v and of the noise w, w~ along its mistakes."""


def excess(first: str, second: str) -> sp.Expr:
    """What selection at threshold 0 adds to the covariance of two coordinates of a clean pair.

    For a corrupted one k = 0.  D_11 and D_12 are the note's, with T = 0.
    """
    (a, a_tilde), (b, b_tilde) = COVARIANCES[first], COVARIANCES[second]
    rho = K * CHI * CHI_TILDE
    return H / (1 - rho**2) * ((a * b_tilde + a_tilde * b) - rho * (a * b + a_tilde * b_tilde))


def derive_student(claimed: Statement) -> Iterator[Step]:
    """Without its teacher's help a student is an unfiltered fit on fewer pairs; with it, never blind."""
    yield Quoted("moments of what is kept", True, f"quoted: {STEIN}", STEIN)
    yield Quoted("the noise's edge and the outlier's equation", True, f"quoted: {FREENESS}", FREENESS)
    yield steps.given(claimed, *APART)
    blind = {CHI: 0, CHI_TILDE: 0}
    for pair in (("u", "v"), ("u", "u"), ("v", "v"), ("u", "w"), ("u", "w~"), ("w", "v"), ("v", "w~")):
        words = f"a teacher without overlap selects whatever {' '.join(pair)} is"
        yield steps.identity(words, excess(*pair).subs(blind), 0)
    below, beyond, correlation = sp.symbols("z z_tilde z_k", positive=True)
    # Correlations are any numbers in (0, 1).
    inside = {s: z / (1 + z) for s, z in ((CHI, below), (CHI_TILDE, beyond), (K, correlation))}
    for pair in (("u", "v"), ("w", "v"), ("u", "w~"), ("w", "w~"), ("u", "w"), ("v", "w~")):
        kept = sp.factor(excess(*pair).subs(inside, simultaneous=True))
        yield steps.positive(f"one with overlap makes {' '.join(pair)} correlate, clean pairs", kept)
        if pair not in (("u", "w"), ("v", "w~")):
            yield steps.positive("and corrupted ones", excess(*pair).subs(K, 0))
    yield Quoted("so a student's leading outlier has overlap", True, f"quoted: {PERRON}", PERRON)
    nu, nu_tilde, left, right, kept_share = sp.symbols("nu nu_tilde sigma sigma_tilde P", positive=True)
    pairs = kept_share * SCALED / eta**2
    alpha, alpha_tilde = _sizes(pairs)
    spurious = excess("w", "w~").subs(K, 0)
    at_edge = block(spurious, left, right, (nu * alpha, nu_tilde * alpha_tilde), P_ROOT * Q_ROOT / pairs)
    (order,) = (steps.limit(sp.expand(at_edge * eta**2), eta, 0),)
    yield steps.positive("and it has one: its teacher's mistakes alone pass the edge", -order)
    half = 2 * place_of_outlier(gamma, gamma_tilde) / eta**2
    place = half.subs({P_ROOT: NOISE, Q_ROOT: NOISE_TILDE})
    yield steps.concluded("so it learns where its teacher, on half of the pairs, does", place, claimed)


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

BEYOND = (*APART, sp.Gt(n, GEOMETRIC_MEAN))
"""Noise on both sides that hides either covariance, and more pairs than the transition takes."""

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
    """The outlier and its vector as gamma sqrt(q/p), gamma~ sqrt(p/q) and eta -> 0 and X stands."""
    yield Quoted("the noise's edge and the outlier's equation", True, f"quoted: {FREENESS}", FREENESS)
    yield steps.given(claimed, *BEYOND)
    pairs = STRENGTH / (gamma * gamma_tilde * eta**2)
    kappa, kappa_tilde = gamma * pairs / P_ROOT**2, gamma_tilde * pairs / Q_ROOT**2
    w = P_ROOT**2 * Q_ROOT**2 / (pairs * STRENGTH)
    pull = eta**2 * kappa * kappa_tilde * w * (1 + w)
    yield steps.identity("the outlier is at w = p q/(n X): the pull tends to 1", sp.limit(pull, eta, 0), 1)
    beyond = P_ROOT * Q_ROOT * (1 + sp.Symbol("z", positive=True))  # X, above the transition
    for side, own, hidden in (
        ("left", kappa, gamma * Q_ROOT / P_ROOT),
        ("right", kappa_tilde, gamma_tilde * P_ROOT / Q_ROOT),
    ):
        words = f"a modality's own covariance is no matter, {side}: kappa w <= gamma sqrt(q/p) -> 0"
        yield steps.positive(words, hidden, (own * w).subs(STRENGTH, beyond))
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
        id="transition-student",
        title="A student learns where its teacher does",
        source="Theorem 1, its sample condition, sharpened",
        statement=(
            "As d and d~ grow and eta -> 0, Algorithm 1 with halves and threshold 0 learns nothing below "
            "2 n_c pairs and both subspaces above: the student's transition is its teacher's."
        ),
        quantity=STUDENT,
        relation=Relation.EQUAL,
        bound=2 * TRANSITION,
        variant="sharp",
        conditions=APART,
        checks=(Proof(derive_student),),
        expected=Verdict.PROVED,
        note="proportional.md#the-transition",
        depends_on=("transition-place",),
    ),
    Claim(
        id="transition-outlier",
        title="The outlier at any number of dimensions",
        source="Mergny and Zdeborova (2025), the same estimator",
        statement=(
            "With kappa = gamma n/(d - r), the unfiltered fit's leading singular value is at w, kappa w < 1 "
            "and kappa~ w < 1, where eta^2 = (1 - kappa w)(1 - kappa~ w)/(kappa kappa~ w (1 + w)): the "
            "equation of partial least squares whose spikes of strength gamma and gamma~ have the "
            "correlation eta.  At the edge's w it is the smallest clean fraction at which anything is "
            "learned."
        ),
        quantity=SHARE**2,
        relation=Relation.EQUAL,
        bound=OUTLIER,
        variant="sharp",
        conditions=OUTSIDE,
        checks=(Proof(derive_outlier),),
        expected=Verdict.PROVED,
        note="proportional.md#the-transition",
        remark=(
            "Where kappa w >= 1 at the edge, a modality's own covariance is seen before the pairing is: "
            "something of its subspace is learned at any clean fraction, none included."
        ),
    ),
    Claim(
        id="transition-error",
        title="Beyond the transition the error falls by its own side's dimension",
        source="Corollary 1, its sample condition, sharpened",
        statement=(
            "As d, d~ and n grow and gamma, gamma~, gamma sqrt(q/p), gamma~ sqrt(p/q) and eta -> 0 with X = "
            "n gamma gamma~ eta^2 > sqrt(p q), p = d - r and q = d~ - r, the squared sine of each left angle "
            "is p (q + X)/(X (p + X)): at least p/(p + X), so that both sides' being below 1/2 takes max(p, "
            "q)/(gamma gamma~ eta^2) pairs."
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
