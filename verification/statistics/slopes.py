"""Medians, and how they move along a path of settings, with distribution-free exact intervals.

Exponents are slopes of the median of log(error) against log(parameter).  Every interval below
holds for any law of the sample, at any sample size, at levels such as 1e-9 where a normal
approximation says nothing.  Derivations: proofs_notes/evidence.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from verification.errors import InvalidArgument
from verification.statistics.evidence import Interval, Outcome, Power, plain, probability


def order_ranks(count: int, quantile: float, alpha: float) -> tuple[int, int]:
    """Ranks (from 1) of the order statistics that bracket the quantile; 0 and count + 1 are none.

    Fewer than `low` of the sample lie at or below the quantile with probability <= alpha/2, and
    `high` or more lie below it with probability <= alpha/2.
    """
    # The upper rank is the lower one of the sample in reverse.
    return _low_rank(count, quantile, alpha / 2), count + 1 - _low_rank(count, 1 - quantile, alpha / 2)


ROUNDING = 1e-9
"""What a value may pass a margin by, and a measured quantity its bound: an error of rounding.

Only of a quantity that is no random one does a verdict hang on it.
"""

MOST_REPLICATES = 2**30
"""Where planning stops: beyond it the binomial tail is not to be had, and no profile draws so many."""


def _low_rank(count: int, quantile: float, half: float) -> int:
    """The largest rank with P(fewer of the sample lie at or below the quantile) <= half; 0 if none."""
    # SciPy inverts in floating point: start one step inside and settle by the tail itself.
    low = min(int(special.bdtrik(half, count, quantile)) + 2, count)
    while low > 0 and special.bdtr(low - 1, count, quantile) > half:
        low -= 1
    return low


def quantile_interval(sample: ArrayLike, quantile: float, alpha: float) -> Interval:
    """Order statistics of `sample` (m,) that cover its law's `quantile` with probability >= 1 - alpha.

    Exact for every law, atoms included.  An end that the sample is too small for is infinite.
    """
    probability("quantile", quantile)
    probability("alpha", alpha)
    ordered = np.sort(np.asarray(sample, dtype=float))
    if ordered.ndim != 1 or not len(ordered) or np.isnan(ordered).any():
        raise InvalidArgument("sample", ordered.shape, "must be one-dimensional, not empty and free of NaN")
    low, high = order_ranks(len(ordered), quantile, alpha)
    return (
        float(ordered[low - 1]) if low >= 1 else -math.inf,
        float(ordered[high - 1]) if high <= len(ordered) else math.inf,
    )


def median_interval(sample: ArrayLike, alpha: float) -> Interval:
    """Order statistics that cover the median of the law of `sample` with probability >= 1 - alpha."""
    return quantile_interval(sample, 0.5, alpha)


@lru_cache(maxsize=1024)  # many checks share their spread, margin and share of alpha
def median_replicates(mass: float, alpha: float, beta: float) -> int:
    """Replicates for which the interval is short: both ends within probability `mass` of the median.

    That is, with probability >= 1 - beta the interval lies between the quantiles 1/2 - mass and
    1/2 + mass of the (continuous) law.  `mass` in (0, 1/2); `normal_mass` gives it from a length.
    """
    if not 0 < mass < 0.5:
        raise InvalidArgument("mass", mass, "must lie in (0, 1/2)")

    def short(count: int) -> bool:
        high = count + 1 - _low_rank(count, 0.5, alpha / 2)
        # The upper end stays below the quantile iff `high` or more of the sample do; each side
        # errs with probability beta/2.
        return high <= count and bool(special.bdtr(high - 1, count, 0.5 + mass) <= beta / 2)

    high = 1
    while not short(high):
        high *= 2
        if high >= MOST_REPLICATES:
            return high
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if short(middle) else (middle, high)
    # Ranks are whole numbers, so `short` flickers near its edge: the rank it allows grows by
    # about `mass` a replicate, hence for no more than a few 1/mass replicates.
    window = range(high, high + math.ceil(4 / mass) + 4)
    return max((count + 1 for count in window if not short(count)), default=high)


def normal_mass(length: float, sigma: float) -> float:
    """P(median < X < median + length) for a normal X with standard deviation `sigma`.

    The logarithm of a chi variable with k degrees of freedom is close to normal with
    sigma^2 = trigamma(k/2)/4; see `log_chi_sigma`.
    """
    return float(special.ndtr(length / sigma) - 0.5)


def log_chi_sigma(dof: float) -> float:
    """Standard deviation of the logarithm of a chi variable: of log(error) in the first-order law."""
    return 0.5 * math.sqrt(float(special.polygamma(1, dof / 2)))


@dataclass(frozen=True)
class SlopeResult:
    """Slopes of the medians of log-values along a path; all intervals hold at once.

    `medians` (k,) are the sample medians and `median_intervals` their intervals.  `end` is the
    slope between the first and the last point, `local` those between neighbours (k - 1),
    `least_squares` that of the straight line fitted to the true medians; each (estimate, interval).
    """

    log_x: tuple[float, ...]
    medians: tuple[float, ...]
    median_intervals: tuple[Interval, ...]
    end: tuple[float, Interval]
    local: tuple[tuple[float, Interval], ...]
    least_squares: tuple[float, Interval]
    replicates: int

    def as_dict(self) -> dict[str, object]:
        """The fields in plain types."""
        return {name: plain(value) for name, value in vars(self).items()}


def slope_interval(log_x: ArrayLike, samples: Sequence[ArrayLike], alpha: float) -> SlopeResult:
    """Slopes of the median of `samples[i]` (log-values, any number) against `log_x[i]`.

    With probability >= 1 - alpha every median interval covers (union bound over the points), and
    then so does every slope interval.  `log_x` is strictly monotone with at least two points.
    """
    x = np.asarray(log_x, dtype=float)
    probability("alpha", alpha)
    if x.ndim != 1 or len(x) < 2 or len(x) != len(samples):
        raise InvalidArgument("log_x", x.shape, f"must match the {len(samples)} samples, two or more")
    steps = np.diff(x)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise InvalidArgument("log_x", x.tolist(), "must be strictly monotone")
    arrays = [np.asarray(s, dtype=float) for s in samples]
    intervals = [median_interval(s, alpha / len(x)) for s in arrays]
    medians = np.array([np.median(s) for s in arrays])
    lows, highs = np.array(intervals).T

    def combination(weights: NDArray[np.float64]) -> tuple[float, Interval]:
        used = weights != 0  # a point without weight does not matter, even if its interval is infinite
        w, lo, hi = weights[used], lows[used], highs[used]
        ends = np.where(w > 0, w * lo, w * hi).sum(), np.where(w > 0, w * hi, w * lo).sum()
        return float(w @ medians[used]), (float(ends[0]), float(ends[1]))

    def difference(i: int, j: int) -> tuple[float, Interval]:
        weights = np.zeros(len(x))
        weights[j], weights[i] = 1 / (x[j] - x[i]), -1 / (x[j] - x[i])
        return combination(weights)

    centred = x - x.mean()
    return SlopeResult(
        log_x=tuple(x.tolist()),
        medians=tuple(medians.tolist()),
        median_intervals=tuple(intervals),
        end=difference(0, len(x) - 1),
        local=tuple(difference(i, i + 1) for i in range(len(x) - 1)),
        least_squares=combination(centred / (centred @ centred)),
        replicates=int(sum(len(s) for s in arrays)),
    )


def equivalence(interval: Interval, target: float, margin: float) -> Outcome:
    """Whether `interval` shows a value within `margin` of `target`.

    Holds if it lies inside [target - margin, target + margin], fails if it lies wholly outside.
    Never by failing to reject: an uninformative interval is undecided.
    """
    if not margin > 0:
        raise InvalidArgument("margin", margin, "must be positive")
    low, high = interval
    room = margin + ROUNDING
    if target - room <= low and high <= target + room:
        return "holds"
    return "fails" if high < target - room or low > target + room else "undecided"


def at_most(interval: Interval, margin: float) -> Outcome:
    """Whether `interval` shows a value <= `margin`: "does not grow" for the exponent of a ratio."""
    low, high = interval
    if high <= margin + ROUNDING:
        return "holds"
    return "fails" if low > margin + ROUNDING else "undecided"


def growth(
    log_x: ArrayLike, log_ratios: Sequence[ArrayLike], alpha: float, margin: float
) -> tuple[Outcome, SlopeResult]:
    """Whether error/rate stays bounded along a family of settings: (outcome, slopes).

    The family runs from the first point to the last, with log x rising or falling; slopes are
    per unit of log x travelled.  "fails" means that the median of the ratio grows at least like
    the power `margin` of the factor travelled, with confidence 1 - alpha: what no absolute
    constant allows if the family goes on.  "holds" is about the stretch travelled only.
    """
    x = np.asarray(log_x, dtype=float)
    slopes = slope_interval(x if x[-1] > x[0] else -x, log_ratios, alpha)
    return at_most(slopes.end[1], margin), slopes


def slope_replicates(
    sigma: float, span: float, half_width: float, alpha: float, beta: float, points: int = 2
) -> int:
    """Replicates at each point for which the end-to-end slope is known to +- `half_width`.

    With probability >= 1 - beta the interval lies within `half_width` of the true slope, for
    log-values that are normal with standard deviation at most `sigma`, over `span` = |log x_end -
    log x_start| and a union bound over `points`.  No pilot sample is needed.
    """
    for name, value in (("sigma", sigma), ("span", span), ("half_width", half_width)):
        if not value > 0:
            raise InvalidArgument(name, value, "must be positive")
    # Both ends may err by half of half_width * span.
    mass = normal_mass(half_width * span / 2, sigma)
    return median_replicates(min(mass, 0.4999), alpha / points, beta / 2)


def slope_power(
    half_width: float,
    margin: float,
    replicates: int,
    beta: float,
    meaning: str = "difference between the true and the claimed exponent",
) -> Power:
    """The `Power` of an equivalence verdict: the smallest difference that it refutes."""
    return Power(
        smallest=margin + half_width,
        meaning=meaning,
        replicates=replicates,
        beta=beta,
    )
