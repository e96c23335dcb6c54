"""Confidence intervals for a mean that hold at every sample size, at any level.

No interval for a mean holds for all laws (Bahadur and Savage, 1956): something must be known of the law, the
range of its values or a bound on its standard deviation.  Derivations: proofs_notes/evidence.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verification.errors import InvalidArgument
from verification.statistics.evidence import Interval, probability


def bounded_mean_interval(sample: ArrayLike, support: Interval, alpha: float) -> Interval:
    """Limits for the mean of values in `support` = [a, b], from independent draws `sample` (m,).

    The shorter of Hoeffding's interval and the empirical Bernstein interval (Maurer and Pontil, 2009,
    Theorem 4), each at level alpha/2, cut to the support: covers with probability >= 1 - alpha.  The second
    is shorter where the values spread much less than their range.  Raises InvalidArgument, also for a value
    outside.

    >>> low, high = bounded_mean_interval([0.25, 0.75] * 500, (0.0, 1.0), 1e-6)
    >>> low < 0.5 < high and high - low < 0.2
    True
    """
    low, high = support
    if not -math.inf < low < high < math.inf:
        raise InvalidArgument("support", support, "must be two finite numbers, the smaller first")
    values = _values(sample)
    if values.min() < low or values.max() > high:
        outside = values[(values < low) | (values > high)][0]
        raise InvalidArgument("sample", float(outside), f"must lie in the support [{low!r}, {high!r}]")
    m, width = len(values), high - low
    each = probability("alpha", alpha) / 2
    half = width * math.sqrt(math.log(2 / each) / (2 * m))
    if m > 1:
        log = math.log(4 / each)  # two sides, each of them at each/2
        spread = float(np.var(values, ddof=1))
        half = min(half, math.sqrt(2 * spread * log / m) + 7 * width * log / (3 * (m - 1)))
    mean = float(np.mean(values))
    return max(low, mean - half), min(high, mean + half)


def bounded_mean_draws(support: Interval, half_width: float, alpha: float) -> int:
    """Draws after which `bounded_mean_interval` reaches no further than `half_width`, whatever the law."""
    ratio = (support[1] - support[0]) / half_width
    return math.ceil(ratio * ratio * math.log(4 / alpha) / 2)


def catoni_mean_interval(sample: ArrayLike, std: float, alpha: float) -> Interval:
    """Limits for the mean of a law with standard deviation at most `std`, from independent draws (m,).

    Catoni's estimate (2012, Proposition 2.4), the root t of sum psi(s (x_i - t)) with psi growing like a
    logarithm so that a heavy tail cannot carry it away, is within std sqrt((2 L/m)/(1 - 2 L/m)) of the mean,
    L = log(2/alpha), where m > 2 L; with fewer draws both limits are infinite.  Raises InvalidArgument.

    >>> low, high = catoni_mean_interval([-1.0, 1.0] * 200, 1.0, 1e-6)
    >>> low < 0 < high and high - low < 0.6
    True
    """
    from scipy import optimize

    if not 0 < std < math.inf:
        raise InvalidArgument("std", std, "must be positive and finite")
    values = _values(sample)
    m, log = len(values), math.log(2 / probability("alpha", alpha))
    if m <= 2 * log:
        return -math.inf, math.inf
    half = std * math.sqrt(2 * log / (m - 2 * log))
    scale = math.sqrt(2 * log / (m * (std * std + half * half)))

    def pull(t: float) -> float:
        z = scale * (values - t)
        return float(np.sum(np.sign(z) * np.log1p(np.abs(z) + z * z / 2)))

    least, most = float(values.min()), float(values.max())
    middle = least if least == most else float(optimize.brentq(pull, least, most, xtol=1e-3 * half))
    slack = 1e-3 * half  # what the root may be off by
    return middle - half - slack, middle + half + slack


def _values(sample: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(sample, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InvalidArgument("sample", values.shape, "must be one-dimensional, not empty and finite")
    return values
