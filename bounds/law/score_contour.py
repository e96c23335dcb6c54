r"""The oracle score's law in double precision: one contour integral, vectorised over the threshold.

S = <U^T x, U~^T x~> has the moment generating function [(1 - A t)(1 + B t)]^(-r/2) with A = s + k,
B = s - k, s = sqrt((1 + 1/gamma)(1 + 1/gamma_tilde)) and k = 1 for clean pairs, 0 for corrupted
ones.  Its tail is the inverse Laplace transform

    P(S > theta) = (1 / 2 pi i) int exp(phi(t)) dt / t,   phi(t) = -(r/2) log[(1-At)(1+Bt)] - theta t,

over a path that crosses the real axis at c in (0, 1/A); crossing at c in (-1/B, 0) gives P - 1.
Both densities that every other quantity needs, at r and at r + 2, are the same integral without
the 1/t and with the factor 1/[(1-At)(1+Bt)].  For theta >= 0 (a negative threshold is the mirror
image, with A and B exchanged) the path is the parabola t = 1/A - (1/A - c)(1 + iu)^2 through the
saddle point of phi: along it |exp(phi)| falls at least like (1 + u^2)^(-r/2) exp(-theta delta u^2),
and the phase vanishes to second order.  With u = sinh(x) the integrand is analytic in a strip and
decays at both ends, so the trapezoidal rule converges exponentially in 1/step; where the pole
t = 0 comes too near to the saddle, c is moved off by about one standard deviation, which costs one
digit.  Nothing in this depends on B being positive: B = 0 (no noise at all) is the chi-square law.

Derivation and error analysis: proofs_notes/score.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

NEGLIGIBLE = 39.0
"""The integrand is cut where it has fallen by exp(-NEGLIGIBLE), about 1e-17."""

POLE_DISTANCE = 1.3
"""Least distance of the pole t = 0 from the path, in standard deviations of the integrand."""

STEP = 0.21
"""Trapezoidal step in the same unit: the pole contributes exp(-2 pi POLE_DISTANCE / STEP) < 2e-17."""

LONGEST_STEP = 0.068
"""Cap on the step for small r: the nearest branch point lies at least asin(sqrt(2) - 1) off the path."""

TINIEST = 1e-300
"""The reciprocal of a smaller gamma may overflow; 1 + 1/gamma is 1/gamma there."""

LARGEST_ROOT = 1e290
"""A larger s is cut to this: only where the gammas' product is below 1e-580."""

LARGEST_THETA = 1e300
"""Larger finite thresholds are cut to this."""

FARTHEST = 1e200
"""Thresholds beyond so many scales are infinite: log P would be about minus that."""

SMALLEST = 1e-300
"""Without noise, a smaller positive theta / r is raised to this (its reciprocal would overflow)."""

BLOCK = 2048
"""Thresholds evaluated together: bounds the memory at a few tens of MB."""


@dataclass(frozen=True)
class Parameters:
    """The law's parameters: S = Gamma(r/2, scale A) - Gamma(r/2, scale B), independent.

    `right_scale` is A, `left_scale` is B; `root` is s = (A + B)/2, `reduced` is A B / s, both without
    cancellation as gamma tends to infinity and without overflow as it tends to 0; `covariance` is k, 0 or 1.
    All but r and k may be arrays, one entry a threshold.
    """

    r: int
    right_scale: Any
    left_scale: Any
    root: Any
    reduced: Any
    covariance: float

    def over(self, shape: tuple[int, ...]) -> Parameters:
        """Its arrays at every threshold of this shape, flat."""
        return self._each(lambda field: np.broadcast_to(field, shape).ravel())

    def at(self, chosen: Any) -> Parameters:
        """The entries that a mask or a slice chooses."""
        return self._each(lambda field: field[chosen])

    def _each(self, change: Callable[[Any], Any]) -> Parameters:
        return Parameters(
            self.r,
            change(self.right_scale),
            change(self.left_scale),
            change(self.root),
            change(self.reduced),
            self.covariance,
        )


@dataclass(frozen=True)
class Evaluation:
    """What every quantity of the law is made of, arrays over theta.

    `log_tail` is log P(S > theta), `log_cdf` is log P(S <= theta), `log_density` is log p_r(theta) and
    `log_lifted_density` is log p_{r+2}(theta), the density at r + 2; `hazard` is p_r / P_r and
    `lifted_hazard` is p_{r+2} / P_r at theta: ratios, so that they survive where P_r underflows.
    """

    log_tail: Array
    log_cdf: Array
    log_density: Array
    log_lifted_density: Array
    hazard: Array
    lifted_hazard: Array


def parameters(r: int, gamma: Any, gamma_tilde: Any, clean: bool) -> Parameters:
    """The class's law at a setting, or at arrays of gammas.

    Raises ValueError for r < 1 or a gamma not in (0, inf].
    """
    if r < 1 or r != int(r):
        raise ValueError(f"r must be a whole number >= 1, got {r!r}")
    for name, value in (("gamma", gamma), ("gamma_tilde", gamma_tilde)):
        if not np.all(np.asarray(value) > 0):
            raise ValueError(f"{name} must lie in (0, inf], got {value!r}")
    with np.errstate(over="ignore", divide="ignore"):
        root = np.minimum(deviation(gamma) * deviation(gamma_tilde), LARGEST_ROOT)
        if not clean:
            return Parameters(int(r), root, root, root, root, 0.0)
        # A B / s = s - 1/s, of which 1/gamma + 1/gamma~ + 1/(gamma gamma~) = A B keeps the digits near s = 1.
        noise, noise_tilde = (np.divide(1.0, np.maximum(g, TINIEST)) for g in (gamma, gamma_tilde))
        near = np.minimum(noise + noise_tilde + noise * noise_tilde, 1e300)
        reduced = np.where(root > 1e9, root, near / root)[()]
    return Parameters(int(r), root + 1.0, reduced * (root / (root + 1.0)), root, reduced, 1.0)


def deviation(gamma: Any) -> Any:
    """sqrt(1 + 1/gamma), finite at the smallest double too."""
    plain = np.sqrt(1.0 + 1.0 / np.maximum(gamma, TINIEST))
    return np.where(np.less(gamma, TINIEST), 1.0 / np.sqrt(np.minimum(gamma, 1.0)), plain)[()]


def evaluate(theta: ArrayLike, law: Parameters) -> Evaluation:
    """Tail, cdf and both densities of `law` at every threshold (any shape, infinities allowed)."""
    points = np.asarray(theta, dtype=np.float64)
    if np.isnan(points).any():
        raise ValueError("theta must not be NaN")
    shape = np.broadcast_shapes(points.shape, np.shape(law.root))
    flat, flat_law = np.broadcast_to(points, shape).ravel(), law.over(shape)
    out = np.empty((6, flat.size))
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, BLOCK):
            block = slice(start, start + BLOCK)
            _fill(out[:, block], flat[block], flat_law.at(block))
    return Evaluation(*(row.reshape(shape) for row in out))


def _fill(out: Array, theta: Array, law: Parameters) -> None:
    noiseless = law.reduced == 0.0  # S = |z|^2 > 0
    theta = np.where(np.isfinite(theta), np.clip(theta, -LARGEST_THETA, LARGEST_THETA), theta)
    # So far off that its logarithm is out of range: as good as infinite.
    theta = np.where(theta / law.right_scale > FARTHEST, np.inf, theta)
    theta = np.where(~noiseless & (-theta / law.left_scale > FARTHEST), -np.inf, theta)
    inside = np.isfinite(theta) & ~(noiseless & (theta <= 0.0))
    theta = np.where(inside & noiseless, np.maximum(theta, law.r * SMALLEST), theta)
    out[:, ~inside] = _limits(theta[~inside], law.at(~inside))
    for mirrored in (False, True):
        chosen = inside & ((theta < 0.0) == mirrored)
        if chosen.any():
            out[:, chosen] = _half_line(np.abs(theta[chosen]), law.at(chosen), mirrored)


def _limits(theta: Array, law: Parameters) -> Array:
    """Rows of Evaluation at infinite thresholds, and left of the support when there is no noise."""
    above = theta == np.inf
    value: Any = {1: math.inf, 2: 0.5 / law.root}.get(law.r, 0.0)
    at_zero = np.where(theta == 0.0, value, 0.0)
    return np.stack(
        [
            np.where(above, -np.inf, 0.0),
            np.where(above, 0.0, -np.inf),
            np.log(at_zero),
            np.full(theta.shape, -np.inf),
            np.where(above, 1.0 / law.right_scale, at_zero),
            np.where(above, np.inf, 0.0),
        ]
    )


def _half_line(theta: Array, law: Parameters, mirrored: bool) -> Array:
    """Rows of Evaluation for theta >= 0 of the law, or of its mirror image (-S at theta >= 0)."""
    scale, other = law.right_scale, law.left_scale
    covariance = law.covariance
    if mirrored:
        scale, other, covariance = other, scale, -covariance
    m = 0.5 * law.r
    # Saddle point, and its distance `delta` from the branch point 1/A; no term cancels or overflows.
    each = theta / law.r
    gap = 0.5 * law.reduced  # 1 / (1/A + 1/B)
    radius = np.hypot(gap, each)
    below = gap + scale / law.root * each + gap * (gap / (radius + each))
    at_saddle = (each - covariance) / law.root / below
    delta = 1.0 / (gap + each + radius)
    share = delta * gap
    spread = 1.0 / np.sqrt(2.0 * (m * (1.0 + share * (1.0 + share) / (1.0 - share) ** 2) + theta * delta))
    pole = 1.0 / np.sqrt(scale * delta) - 1.0
    # Near the mean the path is moved to the right of the pole.
    least = POLE_DISTANCE * spread
    moved = np.abs(pole) < least
    crossing = np.where(moved, least * (2.0 + least) / (1.0 + least) ** 2 / scale, at_saddle)
    delta = np.where(moved, 1.0 / (scale * (1.0 + least) ** 2), delta)
    share = delta * gap
    log_right = np.where(np.abs(scale * crossing) < 0.5, np.log1p(-scale * crossing), np.log(scale * delta))
    log_left = np.log1p(other * crossing)
    log_peak = -m * (log_right + log_left) - theta * crossing
    slow = law.r <= 2
    tilt = theta * delta
    g = share / (1.0 - share)
    tail, density, lifted = _integrate(m, tilt, g, delta / crossing, spread, slow)
    lifted = lifted * delta * np.exp(-log_right - log_left)
    density = density * delta
    if slow:
        # Without the factor 1/t the integrand falls too slowly near theta = 0: the Bessel function.
        near = tilt < SMALL_TILT
        exact = _log_density_bessel(theta[near], law.at(near), scale[near])
        density[near] = np.exp(exact - log_peak[near])
    upper = crossing > 0.0
    log_part = log_peak + np.log(np.where(upper, tail, -tail))
    log_rest = log1mexp(log_part)
    part_is_tail = upper != mirrored
    log_tail = np.where(part_is_tail, log_part, log_rest)
    log_cdf = np.where(part_is_tail, log_rest, log_part)
    weight = np.where(part_is_tail, 1.0 / np.abs(tail), np.exp(log_peak - log_tail))
    logs = [log_tail, log_cdf, log_peak + np.log(density), log_peak + np.log(lifted)]
    return np.stack([*logs, density * weight, lifted * weight])


SMALL_TILT = 0.05


def _integrate(
    m: float, tilt: Array, g: Array, inverse: Array, spread: Array, slow: bool
) -> tuple[Array, Array, Array]:
    """The three integrals over u, divided by the integrand's value exp(phi(c)) at u = 0.

    In the order: tail, density / delta, and lifted density * (1-Ac)(1+Bc) / delta.  `tilt` is theta delta,
    `g` is share / (1 - share) and `inverse` is delta / c, small when the pole is far.
    """
    power = m if slow else m - 0.5
    by_left = np.expm1(0.5 * NEGLIGIBLE / power) / np.sqrt(g)
    by_tilt = NEGLIGIBLE / tilt
    reach = np.minimum(np.minimum(by_left, math.expm1(min(NEGLIGIBLE / power, 600.0))), by_tilt)
    if slow:
        reach = np.where(tilt < SMALL_TILT, reach, by_tilt)
    step = np.minimum(STEP * spread, LONGEST_STEP)
    end = np.arcsinh(np.sqrt(reach))
    nodes = int(np.max(np.ceil(end / step))) + 1
    x = step[:, None] * np.arange(nodes)
    u, weight = np.sinh(x), np.cosh(x) * step[:, None]
    weight[:, 0] *= 0.5
    g, tilt, inverse = g[:, None], tilt[:, None], inverse[:, None]
    v = u * u
    gv = g * v
    log_modulus = -m * (np.log1p(v) + 0.5 * np.log1p(gv * (2.0 + gv + 4.0 * g))) - tilt * v
    phase = -m * (2.0 * np.arctan(u) - np.arctan2(2.0 * g * u, 1.0 + gv)) + 2.0 * tilt * u
    modulus = np.exp(log_modulus) * weight
    cosine, sine = modulus * np.cos(phase), modulus * np.sin(phase)
    real, imaginary = 1.0 + inverse * v, 2.0 * inverse * u
    weighted = (2.0 - real) * cosine - (u * real + imaginary) * sine
    tail = np.sum(inverse * weighted / (real**2 + imaginary**2), axis=1)
    density = np.sum(cosine - u * sine, axis=1)
    real, imaginary = 1.0 + 3.0 * gv, u * (1.0 + gv - 2.0 * g)
    lifted = np.sum((real * cosine + imaginary * sine) / (real**2 + imaginary**2), axis=1)
    factor = 2.0 / math.pi
    return factor * tail, factor * density, factor * lifted


FAR_ALONG = 1e8
"""From this argument on the Bessel function is its asymptotic series' first two terms, to rounding."""


def _log_density_bessel(theta: Array, law: Parameters, scale: Array) -> Array:
    """Log of the variance-gamma density at |S| = theta on the side with exponential scale `scale`."""
    from scipy.special import kve

    m = 0.5 * law.r
    order = m - 0.5
    chi_square = (m - 1.0) * np.log(theta) - theta / scale - math.lgamma(m) - m * np.log(scale)
    log_argument = np.log(theta) - np.log(law.reduced)
    argument = np.exp(log_argument)
    far = 0.5 * (math.log(0.5 * math.pi) - log_argument) + np.log1p((4 * order**2 - 1) / (8 * argument))
    log_bessel = np.where(argument < FAR_ALONG, np.log(kve(order, np.minimum(argument, FAR_ALONG))), far)
    power = order * np.log(theta) if order else 0.0
    if order:  # |x|^(1/2) K_(1/2) tends to a constant
        log_bessel = np.where(theta == 0.0, 0.0, log_bessel)
        power = np.where(theta == 0.0, 0.5 * np.log(0.5 * math.pi * law.reduced), power)
    with_noise = (
        power
        + log_bessel
        - theta / scale
        - 0.5 * (math.log(math.pi) + np.log(law.reduced) + np.log(law.root))
        - math.lgamma(m)
        - order * np.log(2.0 * law.root)
    )
    return np.asarray(np.where(law.reduced == 0.0, chi_square, with_noise))


def log1mexp(x: Array) -> Array:
    """log(1 - exp(x)) for x <= 0 without cancellation."""
    return np.where(x > -math.log(2.0), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))
