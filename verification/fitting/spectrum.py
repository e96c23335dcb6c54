"""r, scales, gamma, gamma~ and eta by the model: from singular values and spectra.

Derivations and what each interval assumes: proofs_notes/fitting.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from verification.engines import seeds
from verification.fitting.moments import Array, PairMoments

FLAT = 1e-9
"""Directions of a covariance below this share of its largest are empty: nothing is divided by them."""

NOISELESS = 1e-13
"""Noise of a variance below this share of the signal's is rounding."""

WIDEST = 10.0
"""An interval for log(1 + gamma) of this half-width says nothing: it is given as everything."""


@dataclass(frozen=True)
class Estimate:
    """A value with an interval of a stated error rate."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """The documented JSON object."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def at_least(self, bound: float) -> Estimate:
        """The same, with value and upper end raised to a bound that holds by itself."""
        return Estimate(max(self.value, bound), self.low, max(self.high, bound))

    def holds(self, number: float) -> bool:
        """Whether the interval covers `number`."""
        return self.low <= number <= self.high


@dataclass(frozen=True)
class Rank:
    """r with its interval, the canonical correlations (largest first) and what noise alone reaches."""

    value: int
    low: int
    high: int
    correlations: Array
    edge: float

    def as_dict(self) -> dict[str, int]:
        """The documented JSON object."""
        return {"value": self.value, "low": self.low, "high": self.high}


def tracy_widom_quantile(upper: float) -> float:
    """The value that the Tracy-Widom law (beta = 1) exceeds with probability `upper`.

    By the gamma law with the same three moments (Chiani 2014): off by less than 0.005 in probability.
    """
    return float(stats.gamma.isf(upper, 46.446, scale=0.186054) - 9.84801)


def null_correlation(p: int, q: int, n: int, upper: float) -> float:
    """What the largest of min(p, q) sample canonical correlations of unrelated Gaussians exceeds with
    probability `upper`: Johnstone's (2008) law of the largest root; exact at min(p, q) = 1."""
    few, many = min(p, q), max(p, q)
    if few == 1:
        return math.sqrt(float(stats.beta.isf(upper, many / 2, (n - 1 - many) / 2)))
    total = n - 2
    gamma = 2 * math.asin(math.sqrt((few - 0.5) / total))
    phi = 2 * math.asin(math.sqrt((many - 0.5) / total))
    center = 2 * math.log(math.tan((phi + gamma) / 2))
    spread = (16 / total**2 / (math.sin(phi + gamma) ** 2 * math.sin(phi) * math.sin(gamma))) ** (1 / 3)
    return math.sqrt(float(special.expit(center + spread * tracy_widom_quantile(upper))))


def whitener(cov: Array) -> Array:
    """W with W^T cov W = I on the directions that are not empty, shape (d, k)."""
    values, vectors = np.linalg.eigh(cov)
    kept = values > FLAT * values[-1]
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def rank_of(found: PairMoments, alpha: float, seed: int) -> Rank:
    """How many shared directions the rows show; 0 where the gap over the noise's edge is not there.

    `low`: each further direction is tested against what noise alone reaches, so it exceeds the number
    of shared directions with probability at most alpha/2.  `high`: the largest number whose directions
    could be equally strong, as the model has them; a weaker one than the rest is outside its promise.
    """
    left, right = whitener(found.cov_x), whitener(found.cov_y)
    p, q = left.shape[1], right.shape[1]
    correlations: Array = np.asarray(
        np.linalg.svd(left.T @ found.cross @ right, compute_uv=False), dtype=float
    )
    edge = null_correlation(p, q, found.n, alpha / 2)
    low = 0
    while low < len(correlations) and correlations[low] > null_correlation(p - low, q, found.n, alpha / 2):
        low += 1
    high = low
    top = float(min(correlations[0], 1.0))
    for k in range(low + 1, len(correlations) + 1):
        spread = equal_spread(k, top, alpha / 2, seed) * (1 - top**2) / math.sqrt(found.n)
        if top - correlations[k - 1] <= spread:
            high = k
        elif k > high + 3:
            break
    return Rank(low, low, high, correlations, edge)


def equal_spread(k: int, correlation: float, upper: float, seed: int) -> float:
    """How far apart the largest and smallest of k equal correlations fall, times sqrt(n): a quantile.

    At correlation 1 it is that of k equal variances, as a share of them.
    """
    rng = seeds.generator(seed, "fit: spread", k)
    draws = rng.standard_normal((max(50, 3200 // k), k, k)) * math.sqrt((1 + correlation) / 2)
    values = np.linalg.eigvalsh((draws + draws.transpose(0, 2, 1)) / math.sqrt(2))
    return float(np.quantile(values[:, -1] - values[:, 0], 1 - upper))


@dataclass(frozen=True)
class Modality:
    """One modality's covariance read as r equal spikes over a flat bulk.

    `noise` is the bulk's variance, `ratio` the spike's over it (gamma + 1), `scale` the signal's
    standard deviation, `cosine2` the mean squared cosine between the r leading directions and the
    signal's, `slope` the derivative of a spike's eigenvalue by its population value, `basis` (d, r),
    `spikes` the r leading eigenvalues and `bulk` the others, largest first.  Where r = d nothing is noise
    alone: `bulk` is empty, and gamma is given as 0, of which nothing is known.
    """

    noise: float
    ratio: float
    scale: float
    cosine2: float
    slope: float
    basis: Array
    spikes: Array
    bulk: Array

    @property
    def gamma(self) -> float:
        """Inverse noise variance at signal variance 1."""
        return self.ratio - 1

    @property
    def seen(self) -> float:
        """The standard deviation of the signal that another modality's rows share with a leading coordinate.

        More than scale times cosine: the leading directions lean on their own rows' noise.
        """
        return self.scale * self.slope / math.sqrt(self.cosine2) if self.cosine2 > 0 else 0.0

    def relative_change(self, r: int) -> tuple[float, float]:
        """The derivatives of log `seen` by the rows' mean squared length in the leading basis, and off it."""
        gamma, slope = self.gamma, max(self.slope, 1e-3)
        pull = max(self.slope / self.cosine2 - 1, 0.0)
        by_ratio = (1 / gamma + 2 * pull / (gamma**2 * slope) - pull / (gamma * (1 + pull))) / 2
        observed = float(self.spikes.mean()) / self.noise
        by_noise = 0.5 - by_ratio * observed / slope
        return by_ratio / (self.noise * slope * r), by_noise / (self.noise * len(self.bulk))


def modality(cov: Array, n: int, r: int) -> Modality:
    """One modality by the spiked model, corrected for d/n of any size below 1."""
    return spiked(*np.linalg.eigh(cov), n, r)


def spiked(values: Array, vectors: Array, n: int, r: int) -> Modality:
    """The same from the covariance's eigenvalues, smallest first, and eigenvectors (d, d)."""
    d = len(values)
    spikes, bulk = values[d - r :][::-1], values[: d - r][::-1]
    if d == r:
        return Modality(0.0, 1.0, 0.0, 0.0, 0.0, vectors, spikes, bulk)
    top = float(spikes.mean())
    total = float(values.sum())
    c = (d - r) / n
    edge = 1 + math.sqrt(c)
    least = NOISELESS * top
    noise = max((total - r * top) / (d - r), least)
    ratio = edge
    for _ in range(100):
        observed = top / noise
        # observed = ratio + c ratio / (ratio - 1), solved for the larger root
        middle = observed + 1 - c
        inside = middle**2 - 4 * observed
        ratio = max(edge, (middle + math.sqrt(inside)) / 2) if inside > 0 else edge
        pull = c * ratio / (ratio - 1)
        new = max((total - r * top) / max(d - r - r * pull, 1.0), least)
        if abs(new - noise) <= 1e-13 * noise:
            break
        noise = new
    gamma = ratio - 1
    slope = max(1 - c / gamma**2, 0.0)
    cosine2 = slope / (1 + c / gamma) if slope > 0 else 0.0
    scale = math.sqrt(gamma * noise)
    return Modality(noise, ratio, scale, cosine2, slope, vectors[:, d - r :], spikes, bulk)


def gamma_estimate(
    side: Modality, n: int, signal_spread: float, bulk_spread: float, alpha: float
) -> Estimate:
    """gamma with its interval, on the scale of log(1 + gamma).

    `signal_spread` and `bulk_spread` are the squared coefficients of variation, over the rows, of the
    squared lengths inside and outside the leading directions: no normal law is assumed for them.
    """
    gamma = side.gamma
    if side.slope <= 0:
        return Estimate(gamma, 0.0, math.inf)
    width = _z(alpha) * math.sqrt(signal_spread / (n * side.slope) + bulk_spread / n)
    if width > WIDEST:
        return Estimate(gamma, 0.0, math.inf)
    return Estimate(gamma, max(0.0, side.ratio * math.exp(-width) - 1), side.ratio * math.exp(width) - 1)


def _z(alpha: float) -> float:
    return float(stats.norm.isf(alpha / 2))


def polar(found: PairMoments, x: Modality, y: Modality) -> tuple[Array, float]:
    """The rotation between the two leading bases, (r, r), and the square of their cross-covariance's norm."""
    left, values, right = np.linalg.svd(x.basis.T @ found.cross @ y.basis)
    return left @ right, float(np.sum(values**2))


@dataclass(frozen=True)
class RowMoments:
    """Means (5,) and covariance (5, 5), over the rows, of five numbers.

    They are the score in the leading bases, turned to each other, the squared lengths of x and x~ there, and
    their squared lengths off them.
    """

    means: Array
    cov: Array

    @property
    def product(self) -> float:
        """The mean product of the squared lengths of x and x~ in the leading bases."""
        return float(self.cov[1, 2] + self.means[1] * self.means[2])


def eta_estimate(
    x: Modality, y: Modality, square: float, moments: RowMoments, n: int, r: int, alpha: float
) -> Estimate:
    """eta by the model: from `square`, the sum of squares of the leading bases' cross-covariance.

    Its square has a mean of eta^2 once the rows' own products are taken off, at any eta; the interval is
    that of the score's, the lengths' and the noise's variances over the rows, and of the products' noise.
    """
    unit = r * x.seen * y.seen
    if not unit > 0:
        return Estimate(1.0, 0.0, 1.0)
    squared = r * (n * square - moments.product) / (n - 1) / unit**2
    value = math.sqrt(max(squared, 0.0))
    lengths, noises = zip(*(s.relative_change(r) for s in (x, y)), strict=True)
    weights = np.array([1 / unit, *(-value * change for change in (*lengths, *noises))])
    # The square has the variance 4 eta^2 first + second, sqrt(eta^2 + second/(4 first)) the variance first
    # at every eta; `middle` and `width` are that interval's ends, squared again.
    first = max(float(weights @ moments.cov @ weights), 0.0) / n
    second = 2 * (moments.product / (n * unit**2)) ** 2
    z = _z(alpha)
    inside = max(4 * first * (squared + first) + second, 0.0)
    middle, width = squared + (1 + z**2) * first, z * math.sqrt(inside)
    low = 0.0 if inside < (2 * z * first) ** 2 else math.sqrt(max(middle - width, 0.0))
    high = math.sqrt(max(middle + width, 0.0))
    return Estimate(min(value, 1.0), min(low, value, 1.0), min(high, 1.0))
