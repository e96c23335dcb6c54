r"""The oracle score's law as SymPy expressions, and the symbolic steps of its derivation.

`clean` selects the class as in `bounds.law.score`; everything is in the symbols of `bounds.symbols`.  The
general expressions hold for finite gamma or gamma_tilde (for clean pairs at least one of the two), the
"noiseless" ones are their limit for clean pairs as both tend to infinity.  Note: proofs_notes/score.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Step
from bounds.proof.steps import identity, shared
from bounds.symbols import a_x, a_y, eta, gamma, gamma_tilde, r, theta

ROOT = sp.sqrt(a_x * a_y)
"""s: the standard deviation of a corrupted pair's score is s sqrt(r)."""

T = sp.Symbol("t_score", real=True)
"""Argument of the moment generating function."""


def covariance(clean: bool) -> sp.Integer:
    """k: the covariance of matching coordinates of U^T x and U~^T x~."""
    return sp.Integer(1 if clean else 0)


def determinant(clean: bool) -> sp.Expr:
    """D = a a~ - k^2, without cancellation for large gamma."""
    if clean:
        return 1 / gamma + 1 / gamma_tilde + 1 / (gamma * gamma_tilde)
    return a_x * a_y


def moment_generating_function(clean: bool) -> sp.Expr:
    """E exp(t S), finite for -1/(s - k) < t < 1/(s + k)."""
    return (1 - 2 * covariance(clean) * T - determinant(clean) * T**2) ** (-r / 2)


def cumulant(clean: bool, order: int) -> sp.Expr:
    """The score's cumulant of the given order >= 1: its mean is the first, its variance the second."""
    return sp.simplify(sp.diff(sp.log(moment_generating_function(clean)), T, order).subs(T, 0))


def density(clean: bool) -> sp.Expr:
    """p_c(theta) for theta != 0: variance-gamma with a Bessel function of order (r - 1)/2."""
    k, d, order = covariance(clean), determinant(clean), (r - 1) / 2
    size = sp.Abs(theta)
    norm = sp.sqrt(sp.pi * d) * sp.gamma(r / 2) * (2 * ROOT) ** order
    return size**order * sp.exp(k * theta / d) * sp.besselk(order, size * ROOT / d) / norm


def density_at_zero(clean: bool) -> sp.Expr:
    """p_c(0), for r >= 2 (it is infinite at r = 1)."""
    d = determinant(clean)
    return d ** (r / 2 - 1) * sp.gamma((r - 1) / 2) / (2 * sp.sqrt(sp.pi) * sp.gamma(r / 2) * ROOT ** (r - 1))


def laplace_density(clean: bool) -> sp.Expr:
    """p_c at r = 2: the asymmetric Laplace density with scales s + k and s - k."""
    k = covariance(clean)
    right, left = sp.exp(-theta / (ROOT + k)), sp.exp(theta * (ROOT + k) / determinant(clean))
    return sp.Piecewise((right, theta >= 0), (left, True)) / (2 * ROOT)


def laplace_tail(clean: bool) -> sp.Expr:
    """P_c at r = 2."""
    k, d = covariance(clean), determinant(clean)
    right = (ROOT + k) / (2 * ROOT) * sp.exp(-theta / (ROOT + k))
    left = 1 - d / (2 * ROOT * (ROOT + k)) * sp.exp(theta * (ROOT + k) / d)
    return sp.Piecewise((right, theta >= 0), (left, True))


def even_density(latent: int, clean: bool) -> sp.Expr:
    """p_c(theta) for theta >= 0 at an even latent dimension: exp(-theta/(s + k)) times a polynomial.

    The Bessel functions of half-integer order are elementary.  Raises ValueError for odd `latent`.
    """
    if latent < 2 or latent % 2:
        raise ValueError(f"latent must be a positive even number, got {latent!r}")
    n = latent // 2 - 1
    ratio = determinant(clean) / (2 * ROOT)
    polynomial = sum(
        sp.factorial(n + j) / (sp.factorial(j) * sp.factorial(n - j)) * theta ** (n - j) * ratio**j
        for j in range(n + 1)
    )
    norm = sp.factorial(n) * (2 * ROOT) ** (n + 1)
    return sp.exp(-theta / (ROOT + covariance(clean))) * polynomial / norm


def even_tail(latent: int, clean: bool) -> sp.Expr:
    """P_c(theta) for theta >= 0 at an even latent dimension: exp(-theta/(s + k)) times a polynomial.

    The recurrence in r, started at the Laplace law.  Raises ValueError for odd `latent`.
    """
    highest = even_density(latent, clean)
    k = covariance(clean)
    terms = [(ROOT + k) / (2 * ROOT) * sp.exp(-theta / (ROOT + k))]
    for j in range(2, latent, 2):
        upper = highest if j + 2 == latent else even_density(j + 2, clean)
        terms.append(k * upper + theta * even_density(j, clean) / j)
    return sp.Add(*terms)


def noiseless_density() -> sp.Expr:
    """p_1(theta) at theta > 0 without noise: chi-square with r degrees of freedom."""
    return theta ** (r / 2 - 1) * sp.exp(-theta / 2) / (2 ** (r / 2) * sp.gamma(r / 2))


def noiseless_tail() -> sp.Expr:
    """P_1(theta) at theta >= 0 without noise."""
    return sp.uppergamma(r / 2, theta / 2) / sp.gamma(r / 2)


CORRUPTED_MEAN_AT_ZERO = 2 / sp.sqrt(sp.pi) * ROOT * sp.gamma((r + 1) / 2) / sp.gamma(r / 2)
"""E_0(0), about sqrt(2 r a a~ / pi); the paper's bound 2 s / pi is its value at r = 1."""

CLEAN_TAIL_AT_ZERO = sp.betainc_regularized(r / 2, r / 2, 0, (1 + 1 / ROOT) / 2)
"""P_1(0): that a beta(r/2, r/2) variable is below (s + 1)/(2 s)."""

CLEAN_MEAN_AT_ZERO = r + r * a_x * a_y * density_at_zero(True).subs(r, r + 2) / CLEAN_TAIL_AT_ZERO
"""E_1(0)."""


@shared
def prove_law() -> Iterator[Step]:
    """Steps: S given v is normal, so S has the stated moment generating function; moments follow."""
    k = sp.Symbol("k", real=True)
    exponent = T * k / a_y + T**2 * (a_x - k**2 / a_y) / 2
    base = 1 - 2 * k * T - (a_x * a_y - k**2) * T**2
    yield identity(
        "E exp(tS) = (1 - 2 a~ (t k/a~ + t^2 (a - k^2/a~)/2))^(-r/2)", 1 - 2 * a_y * exponent, base
    )
    s = sp.Symbol("s", positive=True)
    yield identity(
        "the base factors: S is a difference of independent gammas of scales s + k and s - k",
        (1 - (s + k) * T) * (1 + (s - k) * T),
        1 - 2 * k * T - (s**2 - k**2) * T**2,
    )
    for clean in (True, False):
        word = "clean" if clean else "corrupted"
        yield identity(f"mean of a {word} score", cumulant(clean, 1), r * covariance(clean))
        variance = r * (a_x * a_y + covariance(clean))
        yield identity(f"variance of a {word} score", cumulant(clean, 2), variance)


@shared
def prove_recurrences() -> Iterator[Step]:
    """Steps: size-biasing, and the two identities that link the laws at r and r + 2.

    Densities stand in the transform: a factor theta becomes d/dt, a derivative in theta becomes -t.
    """
    k = sp.Symbol("k", real=True)
    d = sp.Symbol("D", positive=True)
    q = sp.Symbol("q", positive=True)
    chi_square = q ** (r / 2 - 1) * sp.exp(-q / (2 * a_y)) / ((2 * a_y) ** (r / 2) * sp.gamma(r / 2))
    yield identity(
        "q f_r(q) = r a~ f_{r+2}(q) for the density of |v|^2",
        sp.gammasimp(q * chi_square / chi_square.subs(r, r + 2)),
        r * a_y,
    )
    base = 1 - 2 * k * T - d * T**2
    transform = base ** (-r / 2)
    lifted = base ** (-(r + 2) / 2)
    yield identity(
        "theta p_r = r (k p_{r+2} - D p'_{r+2})",
        sp.powsimp(sp.diff(transform, T) / lifted),
        r * (k + d * T),
    )
    yield identity("p_r = p_{r+2} + 2 k p'_{r+2} - D p''_{r+2}", sp.powsimp(transform / lifted), base)


@shared
def prove_leak() -> Iterator[Step]:
    """Steps: E[|v|^2 delta(S - theta)] / (gamma M) equals (1 - eta (r P_1 + theta p_1)/M)/(1 + gamma)."""
    names = "P_0 P_1 p_0 p_1 q_0 q_1 dq_0 dq_1"
    tail_0, tail_1, p_0, p_1, q_0, q_1, slope_0, slope_1 = sp.symbols(names, real=True)
    d_0, d_1 = a_x * a_y, a_x * a_y - 1
    # q is the density at r + 2, slope its derivative, `lift` the tail at r + 2; the recurrences hold:
    lift_0 = tail_0 - d_0 * slope_0
    lift_1 = tail_1 + 2 * q_1 - d_1 * slope_1
    points = {slope_0: -theta * p_0 / (r * d_0), slope_1: (q_1 - theta * p_1 / r) / d_1}
    yield identity(
        "P_{r+2} = P_r + k p_{r+2} + theta p_r / r (clean)",
        lift_1.subs(points),
        tail_1 + q_1 + theta * p_1 / r,
    )
    yield identity("P_{r+2} = P_r + theta p_r / r (corrupted)", lift_0.subs(points), tail_0 + theta * p_0 / r)
    mass_0 = r * d_0 * q_0
    mass_1 = r * (lift_1.subs(points) + d_1 * q_1)
    yield identity(
        "E[S; S > theta] = r P_1 + theta p_1 + r a a~ p_{r+2} (clean)",
        mass_1,
        r * tail_1 + theta * p_1 + r * a_x * a_y * q_1,
    )
    mass = eta * mass_1 + (1 - eta) * mass_0
    leak = r * a_y * (eta * q_1 + (1 - eta) * q_0) / (gamma * mass)
    stein = (1 - eta * (r * tail_1 + theta * p_1) / mass) / (1 + gamma)
    yield identity("leak: E[|v|^2 delta(S - theta)] / (gamma M) in closed form", leak, stein)
    yield identity("leak of corrupted pairs alone", leak.subs(eta, 0), 1 / (1 + gamma))
