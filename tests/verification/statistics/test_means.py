from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verification.errors import InvalidArgument
from verification.statistics.means import mean_interval, mean_interval_from_spread, mean_replicates


def _t_interval(sample: np.ndarray, alpha: float) -> tuple[float, float]:
    half = stats.t.isf(alpha / 2, len(sample) - 1) * sample.std(ddof=1) / math.sqrt(len(sample))
    return sample.mean() - half, sample.mean() + half


def _missed(intervals: list[tuple[float, float]], mean: float) -> float:
    return float(np.mean([not low <= mean <= high for low, high in intervals]))


def test_valid_intervals_cover_a_skewed_law_where_the_t_interval_does_not():
    """A rare large value: the t interval misses the mean at 20 times its level, the others keep theirs.

    1000 samples at alpha = 0.01: false failure below 1e-6 by the binomial tail at 0.03.
    """
    rng = np.random.default_rng(7)
    mean, sigma = 0.02, math.sqrt(0.02 * 0.98)
    samples = (rng.random((1000, 80)) < mean).astype(float)
    assert _missed([_t_interval(s, 0.01) for s in samples], mean) > 0.15
    assert _missed([mean_interval(s, 0.01, 0.0, 1.0) for s in samples], mean) <= 0.03
    assert _missed([mean_interval_from_spread(s, 0.01, sigma) for s in samples], mean) <= 0.03


def test_betting_interval_is_short_at_realistic_sizes():
    """At alpha = 1e-9 the interval is a third longer than the normal one at most, and covers."""
    rng = np.random.default_rng(8)
    sample = rng.beta(2, 3, 4000)
    low, high = mean_interval(sample, 1e-9, 0.0, 1.0)
    assert low <= 0.4 <= high
    normal = 2 * stats.norm.isf(0.5e-9) * sample.std() / math.sqrt(len(sample))
    assert high - low <= 1.33 * normal
    assert not low <= 0.44 <= high


def test_no_valid_interval_forgets_the_range():
    """Equal values far below the top of the range leave room for a rare large one, as they must."""
    alpha, count = 1e-6, 1000
    low, high = mean_interval(np.full(count, 0.1), alpha, 0.0, 1.0)
    # A law that is 1 with this probability, and else 0.1, gives such a sample with probability alpha/2.
    rare = 1 - (alpha / 2) ** (1 / count)
    assert high >= 0.1 + 0.9 * rare
    assert low <= 0.1 * (1 - rare)
    assert high - low < 6 * rare


def test_range_is_needed():
    """The interval from the spread is right for an unbounded law, and too narrow for a wrong spread.

    1000 samples at alpha = 1e-3: false failure below 1e-6 by the binomial tail at 0.01.
    """
    rng = np.random.default_rng(9)
    law = stats.lognorm(2.0)
    mean, sigma = float(law.mean()), float(law.std())
    samples = rng.lognormal(0, 2.0, (1000, 2000))
    assert _missed([mean_interval_from_spread(s, 1e-3, sigma) for s in samples], mean) <= 0.01
    assert _missed([mean_interval_from_spread(s, 1e-3, sigma / 50) for s in samples], mean) > 0.02


@given(
    values=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    alpha=st.sampled_from([1e-9, 0.01, 0.5]),
    low=st.floats(-5, 5),
    width=st.floats(0.1, 10),
)
def test_betting_interval_moves_with_its_range(values, alpha, low, width):
    """Shifting and stretching the values shifts and stretches the interval; it never leaves the range."""
    unit = mean_interval(values, alpha, 0.0, 1.0)
    moved_values = np.clip(low + width * np.array(values), low, low + width)
    moved = mean_interval(moved_values, alpha, low, low + width)
    assert moved == pytest.approx((low + width * unit[0], low + width * unit[1]), abs=1e-6)
    assert 0 <= unit[0] <= unit[1] <= 1


def test_planned_replicates_reach_the_half_width():
    """The planned number suffices for the betting interval; a quarter of it does not."""
    rng = np.random.default_rng(10)
    law = stats.beta(2, 18)
    count = mean_replicates(float(law.std()), 1.0, 0.01, 1e-6)
    sample = law.rvs(count, random_state=rng)
    low, high = mean_interval(sample, 1e-6, 0.0, 1.0)
    assert high - low <= 0.02
    low, high = mean_interval(sample[: count // 4], 1e-6, 0.0, 1.0)
    assert high - low > 0.02


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([], 0.1, 0, 1),
        lambda: mean_interval([math.inf], 0.1, 0, 1),
        lambda: mean_interval([0.5], 0.1, 1, 0),
        lambda: mean_interval([0.5], 0.1, 0, math.inf),
        lambda: mean_interval([1.5], 0.1, 0, 1),
        lambda: mean_interval([0.5], 1.5, 0, 1),
        lambda: mean_replicates(0.0, 1.0, 0.1, 0.1),
        lambda: mean_interval_from_spread([0.5], 0.1, 0.0),
    ],
)
def test_wrong_use_is_an_error(call):
    """Impossible samples, ranges and spreads are refused."""
    with pytest.raises(InvalidArgument):
        call()
