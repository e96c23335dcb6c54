"""Second and fourth moments of a Gaussian vector where a quadratic form of it exceeds a threshold.

In the right coordinates the form is S = sum_i l_i w_i^2 with w standard normal.  Signs of
the w_i do not matter to S, so among the moments up to the fourth order only those of the w_i^2 and
w_i^2 w_j^2 are not zero, and with v_i(z) = 1/(1 - 2 z l_i)

    E[f(w); S > theta] = (1/2 pi i) int exp(-z theta) prod_i v_i^(1/2) E[f(v^(1/2) w)] dz/z

along a path that crosses the real axis between 0 and the first pole.  Any l of either sign, equal or
not, and any theta; derivation and error analysis: proofs_notes/limit.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verification.engines.estimate import Array

TILT = 0.5
"""How far the path bends, a share of its rise: below 1 it stays in the saddle's valley, however large m."""

STEP = 1 / 16
"""Trapezoidal step: analytic atan(TILT) to each side, the integrand leaves exp(-2 pi atan(TILT)/STEP)."""

BLOCK = 96
"""Nodes evaluated together: six units of u, which reach the end of most integrals."""

LAST = 16 * BLOCK
"""Nodes at most, 96 units of u: |z|^(-1/2) is the slowest decay, and exp(-96/2) < 1e-20."""

NEGLIGIBLE = 1e-20
"""The integrand is cut where it has fallen to this share of its greatest value."""

LEAST_LOG = -1e6
"""A probability whose Chernoff bound lies below exp(LEAST_LOG) is 0: nothing can be kept."""

NEWTON_STEPS = 200
"""Steps at most of a root; a dozen do."""

_LOGIT_GRID = np.linspace(-46.0, 34.0, 81)
"""Where the saddle point is looked for: the logit of its place, coarsely."""


@dataclass(frozen=True)
class Tails:
    """log P(S > theta) and log P(S <= theta), each to full relative accuracy however small."""

    log_above: float
    log_below: float


@dataclass(frozen=True)
class Truncated:
    """The law of w above a threshold, to the fourth order.

    `tails` are the probabilities, `second` (m,) is E[w_i^2 | S > theta], `fourth` (m, m) is
    E[w_i^2 w_j^2 | S > theta], the fourth powers on its diagonal.  NaN where P(S > theta) = 0.
    """

    tails: Tails
    second: Array
    fourth: Array

    @property
    def covariance(self) -> Array:
        """Cov(w_i^2, w_j^2 | S > theta), (m, m)."""
        return self.fourth - np.outer(self.second, self.second)


def tails(coefficients: Array, threshold: float) -> Tails:
    """P(S > threshold) and its complement for S = sum_i coefficients_i w_i^2, w standard normal."""
    return _SmallSide.of(coefficients, threshold).tails()


def truncated(coefficients: Array, threshold: float) -> Truncated:
    """`tails` and the moments of w above the threshold; coefficients (m,), threshold finite."""
    side = _SmallSide.of(coefficients, threshold)
    law, (second, fourth) = side.tails(), side.moments()
    share = math.exp(law.log_below)
    if side.mirrored:
        whole_second, whole_fourth = np.ones(len(second)), 1 + 2 * np.eye(len(second))
        if share > 0:
            second = (whole_second - share * second) / (1 - share)
            fourth = (whole_fourth - share * fourth) / (1 - share)
        else:
            second, fourth = whole_second, whole_fourth
    return Truncated(law, second, fourth)


def tilt(coefficients: Array, threshold: float) -> tuple[float, float]:
    """(z, log bound) with P(S > threshold) <= exp(-z threshold) E[exp(z S)] = bound, z >= 0.

    z = 0, bound 1, where that is the better of the two that are at hand.
    """
    side = _SmallSide.of(coefficients, threshold)
    if side.mirrored or side.log_chernoff >= 0:
        return 0.0, 0.0
    return side.saddle / side.size, side.log_chernoff


def threshold_at(classes: Sequence[tuple[float, Array]], log_odds: float) -> float:
    """theta at which log[P(S > theta) / P(S <= theta)] is `log_odds`, under a mixture of classes.

    A class is (weight, coefficients); the weights are positive and sum to 1.  By Newton's steps inside a
    bracket that only narrows, to about 1e-13 of the odds.
    """
    theta = sum(weight * float(values.sum()) for weight, values in classes)
    spread = math.sqrt(sum(weight * 2 * float(values @ values) for weight, values in classes))
    low, high, stride = -math.inf, math.inf, spread
    for _ in range(NEWTON_STEPS):
        above, below, density = _mixture(classes, theta)
        excess = above - below - log_odds
        low, high = (theta, high) if excess > 0 else (low, theta)
        if abs(excess) <= 1e-13 * max(1.0, abs(log_odds)) or high - low <= 4 * math.ulp(theta):
            break
        slope = math.exp(density - above - below) if density - above - below < 700 else math.inf
        following = theta + excess / slope if 0 < slope < math.inf else math.nan
        if not low < following < high:  # NaN included
            following = (low + high) / 2 if high - low < math.inf else theta + math.copysign(stride, excess)
            stride *= 2
        theta = following
    return theta


def _mixture(classes: Sequence[tuple[float, Array]], theta: float) -> tuple[float, float, float]:
    """log P(S > theta), log P(S <= theta) and the log density of S at theta."""
    rows = []
    for weight, values in classes:
        side = _SmallSide.of(values, theta)
        law = side.tails()
        rows.append(np.array([law.log_above, law.log_below, side.log_density()]) + math.log(weight))
    above, below, density = np.logaddexp.reduce(rows, axis=0).tolist()
    return above, below, density


@dataclass(frozen=True)
class _SmallSide:
    """The side of the mean on which the threshold lies: P(S > level), level >= E[S], after a mirror image.

    `ratios` are the coefficients over `size`, the greatest of them, and `level` the threshold over it;
    where `mirrored`, both have changed sign, and the probability is P(S < theta).
    """

    ratios: Array
    level: float
    size: float
    mirrored: bool

    @staticmethod
    def of(coefficients: Array, threshold: float) -> _SmallSide:
        size = float(np.max(np.abs(coefficients), initial=0.0)) or 1.0
        ratios = coefficients / size
        # What rounding leaves of a zero is none: the pole it would add lies out of all range.
        ratios = np.where(np.abs(ratios) > 8 * len(ratios) * np.finfo(float).eps, ratios, 0.0)
        level = float(np.clip(threshold / size, -1e300, 1e300))
        mirrored = bool(level < ratios.sum())
        return _SmallSide(-ratios if mirrored else ratios, -level if mirrored else level, size, mirrored)

    @cached_property
    def saddle(self) -> float:
        """About where exp(-z level) E[exp(z S)] / z is least on the positive axis, left of the first pole."""
        greatest = self.ratios.max(initial=0.0)
        grid = _LOGIT_GRID
        for _ in range(2):
            z = 0.5 / greatest / (1 + np.exp(-grid)) if greatest > 0 else np.exp(grid)
            slope = (self.ratios / (1 - 2 * z[:, None] * self.ratios)).sum(axis=1) - self.level - 1 / z
            place = max(1, min(int(np.searchsorted(slope, 0.0)), len(z) - 1))
            grid = np.linspace(grid[place - 1], grid[place], 33)
        return float(z[place])

    @cached_property
    def log_chernoff(self) -> float:
        """log of the bound exp(-z level) E[exp(z S)] on P(S > level), z at the saddle."""
        return -0.5 * float(np.log1p(-2 * self.saddle * self.ratios).sum()) - self.saddle * self.level

    @property
    def empty(self) -> bool:
        """Whether S never exceeds the level, or too rarely for any sample."""
        return (self.level >= 0 and bool(np.all(self.ratios <= 0))) or self.log_chernoff < LEAST_LOG

    @cached_property
    def nodes(self) -> tuple[Array, Array, Array]:
        """z (N,), weights (N,) and v (N, m): E[f(w); S > level] = bound * sum Im(weights * f(z, v)).

        The bound is that of `log_chernoff`.
        """
        real = self.ratios / (1 - 2 * self.saddle * self.ratios)
        width = (2 * float(real @ real) + self.saddle**-2) ** -0.5
        # From the saddle into the half plane where exp(-z level) falls, round the poles that lie there.
        bend = math.copysign(TILT, self.level)
        parts, greatest = [], 0.0
        for start in range(0, LAST, BLOCK):
            u = STEP * np.arange(start, start + BLOCK)
            sinh, cosh = np.sinh(u), np.cosh(u)
            z = self.saddle + width * (bend * (cosh - 1) + 1j * sinh)
            v = 1 / (1 - 2 * z[:, None] * self.ratios)
            log = 0.5 * np.log(v).sum(axis=1) - z * self.level - self.log_chernoff
            weights = np.exp(log) / z * width * (bend * sinh + 1j * cosh) * (STEP / np.pi)
            parts.append((z, weights, v))
            greatest = max(greatest, float(np.abs(weights).max()))
            if abs(weights[-1]) < NEGLIGIBLE * greatest:
                break
        z, weights, v = (np.concatenate(part) for part in zip(*parts, strict=True))
        weights[0] /= 2
        return z, weights, v

    @cached_property
    def mass(self) -> float:
        """P(S > level) over the bound."""
        return float(self.nodes[1].imag.sum())

    def tails(self) -> Tails:
        """The probabilities of both sides of the threshold."""
        # A mass that rounding made negative is next to nothing of a bound that is next to nothing.
        lost = self.empty or self.mass <= 0
        small = -math.inf if lost else self.log_chernoff + math.log(self.mass)
        large = math.log1p(-math.exp(small))
        return Tails(large, small) if self.mirrored else Tails(small, large)

    def log_density(self) -> float:
        """log of the density of S at the threshold; -inf where it is lost."""
        if self.empty:
            return -math.inf
        z, weights, _ = self.nodes
        value = float((z * weights).imag.sum()) / self.size
        return self.log_chernoff + math.log(value) if value > 0 else -math.inf

    def moments(self) -> tuple[Array, Array]:
        """E[w_i^2 | S > level] and E[w_i^2 w_j^2 | S > level]; NaN where it is never exceeded."""
        m = len(self.ratios)
        if self.empty:
            return np.full(m, math.nan), np.full((m, m), math.nan)
        _, weights, v = self.nodes
        second = (weights @ v).imag / self.mass
        fourth = ((weights[:, None] * v).T @ v).imag / self.mass
        return second, (fourth + fourth.T) / 2 * (1 + 2 * np.eye(m))
