from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from verification.errors import InvalidArgument
from verification.statistics import slopes

SPAN = math.log(100.0)


def _below(count: int, rank: int) -> Fraction:
    """P(Bin(count, 1/2) < rank), exactly."""
    return Fraction(sum(math.comb(count, k) for k in range(rank)), 2**count)


@given(count=st.integers(1, 400), alpha=st.sampled_from([1e-12, 1e-9, 1e-3, 0.01, 0.5]))
def test_median_interval_has_exact_ranks(count, alpha):
    """The order statistics err with probability <= alpha in exact arithmetic, and the next do not."""
    low, high = slopes.median_interval(np.arange(1, count + 1), alpha)
    rank = 0 if low == -math.inf else int(low)
    assert high == (count + 1 - rank if rank else math.inf)
    assert 2 * _below(count, rank) <= Fraction(alpha)
    assert 2 * _below(count, rank + 1) > Fraction(alpha)


@given(
    count=st.integers(1, 200),
    quantile=st.floats(0.01, 0.99),
    alpha=st.sampled_from([1e-9, 0.01, 0.3]),
)
def test_quantile_interval_covers_by_the_binomial_tails(count, quantile, alpha):
    """Both ends of the interval of any quantile err with probability <= alpha/2."""
    low, high = slopes.quantile_interval(np.arange(1, count + 1), quantile, alpha)
    if low > -math.inf:
        assert stats.binom.cdf(low - 1, count, quantile) <= alpha / 2
    if high < math.inf:
        assert stats.binom.sf(high - 1, count, quantile) <= alpha / 2
    assert low <= high


def test_median_interval_covers_and_the_mean_is_not_the_median():
    """Coverage of a skewed law with an atom is >= 1 - alpha; of its mean it is not.

    4000 samples at alpha = 0.05: false failure below 1e-9 by the binomial tail at 0.075.
    """
    rng = np.random.default_rng(3)
    samples = np.maximum(rng.lognormal(0, 1, (4000, 41)), 0.5)
    intervals = np.array([slopes.median_interval(s, 0.05) for s in samples])
    missed = np.mean((intervals[:, 0] > 1) | (intervals[:, 1] < 1))
    # E max(X, 1/2) from the truncated lognormal mean.
    mean = 0.5 * special.ndtr(math.log(0.5)) + math.exp(0.5) * special.ndtr(1 - math.log(0.5))
    missed_mean = np.mean((intervals[:, 0] > mean) | (intervals[:, 1] < mean))
    assert missed <= 0.075
    assert missed_mean > 0.5


def test_slopes_of_exact_powers():
    """Without noise every slope is the exponent, for rising and falling log x."""
    x = np.log([1.0, 3.0, 10.0, 40.0])
    samples = [np.full(40, -0.5 * v + 2) for v in x]
    for order in (slice(None), slice(None, None, -1)):
        result = slopes.slope_interval(x[order], samples[order], 1e-9)
        for estimate, (low, high) in (result.end, result.least_squares, *result.local):
            assert estimate == pytest.approx(-0.5)
            assert low == pytest.approx(-0.5)
            assert high == pytest.approx(-0.5)
    assert result.replicates == 160
    assert json.loads(json.dumps(result.as_dict()))["end"][0] == pytest.approx(-0.5)


@given(
    medians=st.lists(st.floats(-5, 5), min_size=2, max_size=6),
    steps=st.lists(st.floats(0.1, 3), min_size=6, max_size=6),
    seed=st.integers(0, 2**32 - 1),
)
def test_slope_intervals_hold_whenever_the_medians_are_covered(medians, steps, seed):
    """Any values inside the median intervals have slopes inside the slope intervals."""
    rng = np.random.default_rng(seed)
    x = np.cumsum(steps)[: len(medians)]
    result = slopes.slope_interval(x, [m + rng.standard_normal(30) for m in medians], 0.1)
    lows, highs = np.array(result.median_intervals).T
    values = lows + rng.random(len(x)) * (highs - lows)
    tolerance = 1e-9
    end = (values[-1] - values[0]) / (x[-1] - x[0])
    assert result.end[1][0] - tolerance <= end <= result.end[1][1] + tolerance
    fitted = np.polyfit(x, values, 1)[0]
    assert result.least_squares[1][0] - tolerance <= fitted <= result.least_squares[1][1] + tolerance
    for (_, (low, high)), slope in zip(result.local, np.diff(values) / np.diff(x), strict=True):
        assert low - tolerance <= slope <= high + tolerance


def test_designed_slope_accepts_the_right_exponent_and_refutes_a_wrong_one():
    """The planned replicates decide exponents -0.5 (right) and -0.55 (wrong); each error <= 1e-6."""
    dof, margin, half_width = 24, 0.02, 0.02
    sigma = slopes.log_chi_sigma(dof)
    count = slopes.slope_replicates(sigma, SPAN, half_width, 1e-6, 1e-6)
    rng = np.random.default_rng(4)
    samples = [0.5 * np.log(rng.chisquare(dof, count)), 0.5 * np.log(rng.chisquare(dof, count)) - 0.5 * SPAN]
    _, interval = slopes.slope_interval([0.0, SPAN], samples, 1e-6).end
    assert slopes.equivalence(interval, -0.5, margin) == "holds"
    assert slopes.equivalence(interval, -0.55, margin) == "fails"
    assert slopes.equivalence(interval, -0.52, margin) == "undecided"
    assert interval[1] - interval[0] <= 2 * half_width
    power = slopes.slope_power(half_width, margin, 2 * count, 1e-6)
    assert power.smallest == pytest.approx(0.04)


def half_width(sigma, span, replicates, alpha, beta, points=2):
    """The half-width of a slope that `replicates` at each point reach; inf if they are too few for any."""
    low, high = slopes.order_ranks(replicates, 0.5, alpha / points)
    if low < 1 or high > replicates:
        return math.inf
    # Smallest mass with P(Bin(replicates, 1/2 + mass) < high) <= beta/4: a beta quantile.
    quantile = float(special.betaincinv(high, replicates - high + 1, 1 - beta / 4))
    return 2 * sigma * special.ndtri(quantile) / span


@pytest.mark.parametrize("alpha", [1e-9, 1e-2])
def test_replicates_and_half_width_are_inverse(alpha):
    """The planned number reaches the half-width, and a tenth fewer does not."""
    count = slopes.slope_replicates(0.2, SPAN, 0.03, alpha, 1e-6, points=4)
    assert half_width(0.2, SPAN, count, alpha, 1e-6, points=4) <= 0.03
    assert half_width(0.2, SPAN, count * 9 // 10, alpha, 1e-6, points=4) > 0.03
    assert half_width(0.2, SPAN, 5, alpha, 1e-6) == math.inf


@given(
    mass=st.floats(0.02, 0.49),
    alpha=st.sampled_from([1e-9, 1e-3, 0.2]),
    beta=st.sampled_from([1e-6, 0.1]),
)
def test_median_replicates_reach_the_mass(mass, alpha, beta):
    """At the planned number both ends stay within the mass with probability >= 1 - beta."""
    count = slopes.median_replicates(mass, alpha, beta)
    low, high = slopes.median_interval(np.arange(1, count + 1), alpha)
    assert stats.binom.cdf(high - 1, count, 0.5 + mass) <= beta / 2
    assert stats.binom.sf(low - 1, count, 0.5 - mass) <= beta / 2


def test_log_chi_spread():
    """The spread of log chi agrees with its law, and the normal mass with the normal law."""
    draws = stats.chi(df=10).rvs(200_000, random_state=np.random.default_rng(5))
    assert slopes.log_chi_sigma(10) == pytest.approx(np.log(draws).std(), rel=0.01)
    assert slopes.normal_mass(1.0, 0.5) == pytest.approx(stats.norm.cdf(2) - 0.5)


@pytest.mark.parametrize(
    ("interval", "equivalent", "bounded"),
    [
        ((-0.02, 0.03), "holds", "holds"),
        ((-0.02, 0.06), "undecided", "undecided"),
        ((0.06, 0.09), "fails", "fails"),
        ((-0.09, -0.06), "fails", "holds"),
        ((-math.inf, math.inf), "undecided", "undecided"),
    ],
)
def test_equivalence_is_never_a_failure_to_reject(interval, equivalent, bounded):
    """Only an interval inside the margin holds, only one outside fails."""
    assert slopes.equivalence(interval, 0.0, 0.05) == equivalent
    assert slopes.at_most(interval, 0.05) == bounded


def test_growth_of_a_ratio_is_refuted_and_a_constant_ratio_is_not():
    """A ratio that grows like 1/eta refutes an absolute constant; a flat one passes (errors <= 1e-6)."""
    rng = np.random.default_rng(6)
    eta = np.array([0.2, 0.1, 0.05, 0.025, 0.0125])
    noise = [0.2 * rng.standard_normal(400) for _ in eta]
    growing = [n - np.log(e) for n, e in zip(noise, eta, strict=True)]
    outcome, found = slopes.growth(np.log(eta), growing, 1e-6, 0.1)
    assert outcome == "fails"
    assert found.end[1][0] < 1 < found.end[1][1]
    assert slopes.growth(np.log(eta), noise, 1e-6, 0.1)[0] == "holds"
    falling = [n + np.log(e) for n, e in zip(noise, eta, strict=True)]
    assert slopes.growth(np.log(eta), falling, 1e-6, 0.1)[0] == "holds"
    assert slopes.growth(-np.log(eta), growing, 1e-6, 0.1)[0] == "fails"


@pytest.mark.parametrize(
    "call",
    [
        lambda: slopes.median_interval([], 0.1),
        lambda: slopes.median_interval([math.nan], 0.1),
        lambda: slopes.quantile_interval([1.0], 1.0, 0.1),
        lambda: slopes.median_interval([1.0], 0.0),
        lambda: slopes.median_replicates(0.5, 0.1, 0.1),
        lambda: slopes.slope_interval([0.0], [[1.0]], 0.1),
        lambda: slopes.slope_interval([0.0, 1.0], [[1.0]], 0.1),
        lambda: slopes.slope_interval([0.0, 2.0, 1.0], [[1.0]] * 3, 0.1),
        lambda: slopes.equivalence((0.0, 1.0), 0.0, 0.0),
        lambda: slopes.slope_replicates(0.0, 1.0, 0.1, 0.1, 0.1),
    ],
)
def test_wrong_use_is_an_error(call):
    """Impossible samples, grids and margins are refused."""
    with pytest.raises(InvalidArgument):
        call()


def test_a_margin_too_small_for_any_sample_is_planned_as_too_dear():
    """Beyond 2^30 replicates the binomial tail is not to be had: planning stops there, without overflow."""
    assert slopes.median_replicates(1e-9, 1e-9, 1e-6) >= slopes.MOST_REPLICATES
    assert slopes.median_replicates(0.1, 1e-9, 1e-6) < 10_000


@pytest.mark.parametrize("power", [0.25, 0.2, 0.1, 0.07, 0.03, 0.011])
def test_a_constant_exactly_at_its_margin_holds(power):
    """What is no random quantity moves by its margin, to the last bit or beside it: a matter of rounding."""
    n = np.array([1e3, 1e5])
    draws = [np.log(np.full(200, value)) for value in (n / 1000) ** power]
    interval = slopes.slope_interval(np.log(n), draws, 1e-6).end[1]
    assert slopes.at_most(interval, power) == "holds"
    assert slopes.equivalence(interval, 0.0, power) == "holds"
    assert slopes.at_most(interval, power - 1e-6) == "fails"
    assert slopes.equivalence(interval, 0.0, power - 1e-6) == "fails"
