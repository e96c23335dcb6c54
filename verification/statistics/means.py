"""Intervals for an expectation that hold at levels such as 1e-9.

No interval covers the mean of every law: a rare huge value may carry it unseen (Bahadur and
Savage).  A t interval is right only in the limit, and at these levels the limit is out of reach.
Each interval below therefore uses one known fact: the range, or a bound on the standard
deviation.  Where the whole law is known, test the law instead (`verification.statistics.distribution`).
Derivations: proofs_notes/evidence.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from verification.errors import InvalidArgument
from verification.statistics.slopes import median_interval
from verification.statistics.tail import Interval, probability


def mean_interval(sample: ArrayLike, alpha: float, low: float, high: float) -> Interval:
    """Interval for the mean of i.i.d. values in [low, high] by betting against it.

    A gambler who bets against "the mean is m" multiplies a fair capital when m is right, so
    capital >= 2/alpha has probability <= alpha/2 on either side; the interval holds the m against
    which neither side got that rich.  It adapts to the spread sigma: its half-width is about
    sigma sqrt(2 L/m) plus a multiple of (high - low) L/m, with L = log(2/alpha) plus 3 for not
    knowing the best stake.  It does not depend on the order of the values.
    """
    values = _values(sample)
    probability("alpha", alpha)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidArgument("low, high", (low, high), "must be finite and increasing")
    if values.min() < low or values.max() > high:
        raise InvalidArgument(
            "sample", (float(values.min()), float(values.max())), f"must lie in [{low}, {high}]"
        )
    unit = (values - low) / (high - low)
    lower = _poorest(unit, alpha)
    upper = 1 - _poorest(1 - unit, alpha)
    return low + (high - low) * lower, low + (high - low) * max(lower, upper)


STAKES = 0.99 * 0.5 ** np.arange(20)[:, None]
"""Shares of the capital at risk, (20, 1); a gambler starts with an equal part on each."""


def _poorest(unit: NDArray[np.float64], alpha: float) -> float:
    """The smallest mean m against which betting on larger values does not reach 2/alpha."""

    def excess(m: float) -> float:
        # A stake c multiplies its part by 1 + c (X/m - 1) > 0, with mean 1 if E X = m.
        parts = np.log1p(STAKES * (unit / m - 1)).sum(axis=1)
        return float(special.logsumexp(parts)) - math.log(len(STAKES)) - math.log(2 / alpha)

    # Every factor falls in m, so the capital does, and the interval is what lies above the root.
    smallest = 1e-12
    if excess(smallest) < 0:
        return 0.0
    return float(optimize.brentq(excess, smallest, 1.0, xtol=1e-14))


def mean_replicates(sigma: float, width: float, half_width: float, alpha: float) -> int:
    """Replicates for which the empirical Bernstein bound at spread `sigma` is within `half_width`.

    `width` is high - low.  A planning value for `mean_interval`, which is at least about as short.
    """
    for name, value in (("sigma", sigma), ("width", width), ("half_width", half_width)):
        if not value > 0:
            raise InvalidArgument(name, value, "must be positive")
    log_term = math.log(4 / probability("alpha", alpha))
    # a/sqrt(m) + b/m <= half_width, a quadratic in 1/sqrt(m).
    a, b = sigma * math.sqrt(2 * log_term), 7 * width * log_term / 3
    root = (a + math.sqrt(a * a + 4 * b * half_width)) / (2 * half_width)
    return math.ceil(root**2) + 1


def mean_interval_from_spread(sample: ArrayLike, alpha: float, sigma: float) -> Interval:
    """Interval for the mean of i.i.d. values, of any range, with standard deviation <= `sigma`.

    The median of block means is covered exactly (`median_interval`), and lies within one standard
    deviation of a block mean of the mean.  Blocks are consecutive; a remainder is left out.
    """
    values = _values(sample)
    if not (sigma > 0 and math.isfinite(sigma)):
        raise InvalidArgument("sigma", sigma, "must be positive and finite")
    # About six times the fewest blocks for which the median has an interval at this level: the
    # exact part and the shift are then of the same size.
    blocks = min(len(values), 6 * math.ceil(1 + math.log2(1 / probability("alpha", alpha))))
    size = len(values) // blocks
    means = values[: blocks * size].reshape(blocks, size).mean(axis=1)
    low, high = median_interval(means, alpha)
    shift = sigma / math.sqrt(size)
    return low - shift, high + shift


def _values(sample: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(sample, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InvalidArgument("sample", values.shape, "must be one-dimensional, not empty and finite")
    return values
