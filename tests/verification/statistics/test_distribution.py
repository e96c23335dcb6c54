from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verification.errors import InvalidArgument
from verification.statistics.distribution import (
    dkw_epsilon,
    kolmogorov_distance,
    law_test,
    minimal_distance,
    minimal_samples,
)

rates = st.floats(1e-12, 0.5)


@given(alpha=rates, n=st.integers(1, 10**9))
def test_band_has_massarts_probability(alpha, n):
    """At the band's width Massart's bound equals alpha."""
    assert 2 * math.exp(-2 * n * dkw_epsilon(n, alpha) ** 2) == pytest.approx(alpha)


@given(distance=st.floats(1e-4, 1), alpha=rates, beta=rates)
def test_number_of_samples_is_the_smallest(distance, alpha, beta):
    """`minimal_samples` reaches the distance and one fewer does not."""
    n = minimal_samples(distance, alpha, beta)
    assert minimal_distance(n, alpha, beta) <= distance
    assert n == 1 or minimal_distance(n - 1, alpha, beta) > distance


def test_distance_is_kolmogorovs():
    """One sample against a law, by hand."""
    assert law_test([0.5], 0.1, 0.1, 0.1).distance == pytest.approx(0.5)
    assert law_test([0.1, 0.2, 0.9], 0.1, 0.1, 0.1).distance == pytest.approx(2 / 3 - 0.2)


@given(
    sample=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=300),
    power=st.floats(0.3, 3),
    copies=st.integers(1, 4),
)
def test_distance_is_that_of_all_points(sample, power, copies):
    """The distance that is searched for is SciPy's, which looks at every draw; ties included."""
    drawn = np.array(sample * copies)
    expected = stats.ks_1samp(drawn**power, stats.uniform.cdf, method="asymp").statistic
    found = kolmogorov_distance(drawn, lambda x: np.maximum(x, 0) ** power)
    assert found == pytest.approx(expected, abs=1e-14)


def test_distance_asks_for_few_points():
    """A distribution function that is dear is evaluated at a small part of a large sample."""
    rng = np.random.default_rng(2)
    asked = []

    def cdf(x):
        asked.append(len(x))
        return stats.norm.cdf(x)

    for shift in (0.0, 0.3):
        asked.clear()
        drawn = rng.standard_normal(5000) + shift
        expected = stats.ks_1samp(drawn, stats.norm.cdf, method="asymp").statistic
        assert kolmogorov_distance(drawn, cdf) == pytest.approx(expected, abs=1e-14)
        assert sum(asked) < 1500


@pytest.mark.parametrize("wrong", [2.0, -0.1, math.nan])
def test_a_law_that_is_none_is_a_mistake(wrong):
    """Probabilities outside [0, 1] name the argument."""
    with pytest.raises(InvalidArgument, match="cdf"):
        law_test([0.5, 1.0], 0.1, 0.1, 0.1, lambda x: np.full(x.shape, wrong))


def test_right_law_passes_and_wrong_law_fails():
    """At the designed size both laws are decided (each error <= 1e-6; fixed seed)."""
    alpha = beta = 1e-6
    tolerance = 0.05
    rng = np.random.default_rng(1)
    sample = rng.chisquare(24, minimal_samples(tolerance, alpha, beta))
    right = law_test(stats.chi2.cdf(sample, 24), tolerance, alpha, beta)
    wrong = law_test(stats.chi2.cdf(sample * 1.21, 24), tolerance, alpha, beta)
    assert (right.outcome, wrong.outcome) == ("holds", "fails")
    assert right.power.smallest <= 2 * tolerance
    truth = float(
        np.max(
            np.abs(
                stats.chi2.cdf(np.linspace(0, 90, 9000) / 1.21, 24)
                - stats.chi2.cdf(np.linspace(0, 90, 9000), 24)
            )
        )
    )
    assert truth > right.power.smallest
    assert wrong.interval[0] <= truth <= wrong.interval[1]


def test_small_sample_is_undecided():
    """A sample too small for the tolerance decides nothing, however good it looks."""
    result = law_test((np.arange(20) + 0.5) / 20, 0.05, 1e-6, 1e-6)
    assert result.outcome == "undecided"
    assert result.as_dict()["power"]["replicates"] == 20


@pytest.mark.parametrize(
    "call",
    [
        lambda: dkw_epsilon(0, 0.1),
        lambda: dkw_epsilon(5, 0.0),
        lambda: minimal_samples(0.0, 0.1, 0.1),
        lambda: law_test([], 0.1, 0.1, 0.1),
        lambda: law_test([0.5, 1.5], 0.1, 0.1, 0.1),
        lambda: law_test([0.5, math.nan], 0.1, 0.1, 0.1),
        lambda: law_test([[0.5]], 0.1, 0.1, 0.1),
        lambda: law_test([0.5], 1.0, 0.1, 0.1),
    ],
)
def test_wrong_use_is_an_error(call):
    """Impossible samples, rates and tolerances are refused."""
    with pytest.raises(InvalidArgument):
        call()


def test_a_law_with_atoms_is_compared_on_both_sides_of_them():
    """A fair coin follows its own step function; the distance is that from the empirical one."""
    coin = np.random.default_rng(4).integers(0, 2, 2000).astype(float)

    def cdf(x):
        return np.where(x < 0, 0.0, np.where(x < 1, 0.5, 1.0))

    assert kolmogorov_distance(coin, cdf) == pytest.approx(abs(coin.mean() - 0.5), abs=1e-12)
    assert law_test(coin, 0.1, 1e-6, 1e-6, cdf).outcome == "holds"


def test_a_law_that_falls_is_a_mistake():
    """A function that falls between the draws at which it is asked is no distribution function."""
    with pytest.raises(InvalidArgument, match="must rise"):
        law_test(np.linspace(0, 1, 100), 0.2, 0.1, 0.1, lambda x: np.where(x > 0.5, 0.1, np.maximum(x, 0)))
