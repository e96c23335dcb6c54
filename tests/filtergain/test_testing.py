"""Statistical assertions: what is right passes, a fault fails, and both as often as stated."""

import contextlib
import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from filtergain import testing
from verification.errors import InvalidArgument
from verification.statistics.means import bounded_mean_draws, bounded_mean_interval, catoni_mean_interval
from verification.statistics.tail import clopper_pearson

EXAMPLES = Path(__file__).parents[2] / "examples"
CASES = runpy.run_path(str(EXAMPLES / "flaky_tests.py"))["CASES"]


def scaled(exponent, noise=0.3):
    """Outcomes whose median is x ** exponent."""
    return lambda x, rng: x**exponent * np.exp(noise * rng.standard_normal(200))


# name: (assertion of a version by its fault's size, 0 being right)
ASSERTIONS = {
    "probability": lambda off, **keys: testing.assert_probability_at_most(
        lambda rng: rng.random(50) < 0.1 + 0.1 * off, 0.1, detectable=0.2, **keys
    ),
    "bounded mean": lambda off, **keys: testing.assert_mean_close(
        lambda rng: rng.random(50) + 0.1 * off, 0.5, detectable=0.1, support=(0, 1.5), **keys
    ),
    "mean of a heavy tail": lambda off, **keys: testing.assert_mean_close(
        lambda rng: rng.standard_t(3, 50) + 0.5 * off, 0.0, detectable=0.5, std=math.sqrt(3), **keys
    ),
    "exponent": lambda off, **keys: testing.assert_exponent(
        scaled(-0.5 + 0.2 * off), [10, 100, 1000], -0.5, detectable=0.2, **keys
    ),
    "law": lambda off, **keys: testing.assert_same_law(
        lambda rng: rng.random(50) ** (1 - 0.4 * off), cdf=lambda x: np.clip(x, 0, 1), detectable=0.18, **keys
    ),
    "two laws": lambda off, **keys: testing.assert_same_law(
        lambda rng: rng.random(50) ** (1 - 0.4 * off), lambda rng: rng.random(50), detectable=0.18, **keys
    ),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_what_is_right_passes_and_a_fault_fails(name):
    """Each assertion passes on what it states and fails on a fault of the size that it promises to notice."""
    judge = ASSERTIONS[name]
    found = judge(0)
    assert found.interval[0] <= found.estimate <= found.interval[1]
    assert found.drawn >= 1
    assert found.alpha == testing.ALPHA
    assert found.beta == testing.BETA
    with pytest.raises(AssertionError, match="not so"):
        judge(1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSERTIONS)
def test_error_rates_are_at_most_as_stated(name):
    """In 10 000 runs each of a right version and of a fault, no more fail, or pass, than stated.

    Rates of 5% are asked for, so that a rate that is too high would show: the false-alarm rate of the six
    tests of this test is 6e-6 in all.
    """
    runs = 10_000 if name == "probability" else 1700
    failed = passed = 0
    for seed in range(runs):
        for off in (0, 1):
            try:
                ASSERTIONS[name](off, alpha=0.05, beta=0.05, seed=seed)
                passed += off
            except AssertionError:
                failed += 1 - off
    assert clopper_pearson(failed, runs, 1e-6)[0] <= 0.05
    assert clopper_pearson(passed, runs, 1e-6)[0] <= 0.05


def test_a_rate_that_is_too_high_would_show():
    """The count above refuses an assertion that fails twice as often as stated: 10% of 1700 runs."""
    assert clopper_pearson(170, 1700, 1e-6)[0] > 0.05


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_flaky_test_rebuilt_passes_and_fails_as_it_should(case):
    """The new form of each reported test passes on the right version and fails on the planted fault."""
    case.new(case.right, 1)
    with pytest.raises(AssertionError, match="not so"):
        case.new(case.faulty, 1)


@pytest.mark.parametrize("name", ASSERTIONS)
def test_a_planted_fault_must_be_noticed(name):
    """`wrong` that is no fault fails the assertion; a fault that is noticed lets it pass."""

    def drawn(off):
        """The version that an assertion would draw, caught on its way."""
        caught = []
        original = testing._Source.__init__

        def catching(self, draw, seed, *stream):
            caught.append(draw)
            original(self, draw, seed, *stream)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(testing._Source, "__init__", catching)
            with contextlib.suppress(AssertionError):
                ASSERTIONS[name](off)
        return caught

    if name == "exponent":
        right, fault = scaled(-0.5), scaled(-0.3)
    else:
        right, fault = drawn(0)[0], drawn(1)[0]
    ASSERTIONS[name](0, wrong=fault)
    with pytest.raises(AssertionError, match="planted fault was not noticed"):
        ASSERTIONS[name](0, wrong=right)


@pytest.mark.parametrize("name", ASSERTIONS)
def test_a_run_repeats_to_the_bit(name):
    """The same seed gives the same finding, another one other outcomes."""
    assert ASSERTIONS[name](0, seed=3) == ASSERTIONS[name](0, seed=3)
    assert ASSERTIONS[name](0, seed=3) != ASSERTIONS[name](0, seed=4)


def test_too_few_outcomes_are_no_pass():
    """What is neither shown right nor wrong within `most` outcomes fails, and says so."""
    with pytest.raises(testing.TooFewOutcomes, match="allow more outcomes"):
        testing.assert_probability_at_most(lambda rng: rng.random(50) < 0.14, 0.1, detectable=0.2, most=60)
    with pytest.raises(testing.TooFewOutcomes):
        testing.assert_mean_close(lambda rng: rng.standard_normal(9), 0.0, detectable=0.1, std=1.0, most=100)
    with pytest.raises(testing.TooFewOutcomes):
        testing.assert_exponent(scaled(-0.5), [1, 2], -0.5, detectable=0.01, most=200)


def test_one_event_refutes_never():
    """At a limit of 0 a single event fails, and its number is told."""
    with pytest.raises(AssertionError, match="not so"):
        testing.assert_probability_at_most(lambda rng: rng.random() < 0.3, 0.0, detectable=0.1)
    assert testing.assert_probability_at_most(lambda rng: False, 0.0, detectable=0.1).estimate == 0


def test_a_bend_is_no_power():
    """A median that rises and falls has the exponent 0 from end to end, and fails at its stretches."""

    def bent(x, rng):
        return (1 + 9 * (x == 10)) * np.exp(0.1 * rng.standard_normal(100))

    with pytest.raises(AssertionError, match="not so"):
        testing.assert_exponent(bent, [1, 10, 100], 0.0, detectable=0.5)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda rng: math.nan, "outcome 1 is not a number"),
        (lambda rng: np.array([0.5, math.nan]), "outcome 2 is not a number"),
        (lambda rng: 3.0, r"an outcome is 3, outside \[0, 1\]"),
        (lambda rng: math.inf, "an outcome is inf"),
    ],
)
def test_what_no_right_version_returns_fails(fault, said):
    """Not a number, and a value outside of the range that was said to hold all, are faults of the code."""
    with pytest.raises(AssertionError, match=said):
        testing.assert_mean_close(fault, 0.5, detectable=0.1, support=(0, 1))


def fair(rng):
    """A fair coin."""
    return rng.random() < 0.5


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: testing.assert_probability_at_most(fair, 1.0), "limit"),
        (lambda: testing.assert_probability_at_most(fair, 0.5, detectable=0.5), "detectable"),
        (lambda: testing.assert_probability_at_most(fair, 0.0), "detectable"),
        (lambda: testing.assert_probability_at_most(lambda rng: 0.5, 0.5, detectable=0.9), "draw"),
        (lambda: testing.assert_probability_at_most(lambda rng: [], 0.5, detectable=0.9), "draw"),
        (lambda: testing.assert_probability_at_most("fair", 0.5, detectable=0.9), "draw"),
        (lambda: testing.assert_probability_at_most(fair, 0.5, detectable=0.9, seed=-1), "seed"),
        (lambda: testing.assert_probability_at_most(fair, 0.5, detectable=0.9, alpha=0.0), "alpha"),
        (lambda: testing.assert_probability_at_most(fair, 0.5, detectable=0.9, beta=1.0), "beta"),
        (lambda: testing.assert_probability_at_most(fair, 0.5, detectable=0.9, most=0), "most"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=0.1), "support"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=0.1, support=(0, 1), std=1.0), "support"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=0.1, support=(1, 0)), "support"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=0.1, std=-1.0), "std"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=0.1, tolerance=0.1, std=1.0), "detectable"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=0.1, tolerance=-1, std=1.0), "tolerance"),
        (lambda: testing.assert_mean_close(fair, math.nan, detectable=0.1, std=1.0), "mean"),
        (lambda: testing.assert_mean_close(fair, 0.5, detectable=1e-5, support=(0, 1)), "detectable"),
        (lambda: testing.assert_exponent(scaled(1), [1], 1.0, detectable=0.1), "at"),
        (lambda: testing.assert_exponent(scaled(1), [2, 1], 1.0, detectable=0.1), "at"),
        (lambda: testing.assert_exponent(scaled(1), [0, 1], 1.0, detectable=0.1), "at"),
        (lambda: testing.assert_exponent(scaled(1), [1, 2], math.inf, detectable=0.1), "exponent"),
        (lambda: testing.assert_same_law(fair, detectable=0.1), "other"),
        (lambda: testing.assert_same_law(fair, fair, detectable=1.0), "detectable"),
        (lambda: testing.assert_same_law(fair, fair, detectable=1e-6), "detectable"),
        (lambda: testing.Budget(0.0), "rate"),
    ],
)
def test_a_wrong_argument_is_named(call, argument):
    """One line that names the argument, its value and what is allowed."""
    with pytest.raises(InvalidArgument) as raised:
        call()
    assert raised.value.argument == argument
    assert "\n" not in str(raised.value)


@given(st.floats(1e-12, 0.5), st.integers(1, 400))
def test_a_budget_is_never_passed(rate, assertions):
    """However many assertions take their share, the sum stays within the rate."""
    budget = testing.Budget(rate)
    assert sum(budget.share() for _ in range(assertions)) <= rate


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=50),
    st.sampled_from([1e-9, 1e-3, 0.1]),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_intervals_of_a_mean_move_with_their_unit(values, alpha, shift, scale):
    """An interval contains the sample's mean, and that of a + b x is a + b times that of x."""
    x = np.array(values)
    low, high = bounded_mean_interval(x, (0.0, 1.0), alpha)
    assert 0 <= low <= x.mean() + 1e-12
    assert x.mean() - 1e-12 <= high <= 1
    moved = bounded_mean_interval(shift + scale * x, (shift - 1e-9, shift + scale * (1 + 1e-9) + 1e-9), alpha)
    assert np.allclose(moved, (shift + scale * low, shift + scale * high), atol=1e-6 * scale + 1e-8)


def test_the_number_of_outcomes_planned_is_enough_for_any_law():
    """After the planned number even the law of the largest variance is known to the half-width asked for."""
    count = bounded_mean_draws((-1.0, 3.0), 0.25, 1e-6)
    low, high = bounded_mean_interval(np.resize([-1.0, 3.0], count), (-1.0, 3.0), 1e-6)
    assert (high - low) / 2 <= 0.25 * (1 + 1e-9)
    low, high = bounded_mean_interval(np.resize([-1.0, 3.0], count // 2), (-1.0, 3.0), 1e-6)
    assert (high - low) / 2 > 0.25


def test_a_heavy_tail_does_not_carry_the_mean_away():
    """One value of a million among 999 zeros moves the mean by 1000, and Catoni's interval not off 0."""
    sample = np.append(np.zeros(999), 1e6)
    low, high = catoni_mean_interval(sample, 1.0, 1e-6)
    assert low < 0 < high
    assert high < 1
    assert catoni_mean_interval(np.zeros(10), 1.0, 1e-6) == (-math.inf, math.inf)


@pytest.mark.slow
def test_mean_intervals_cover_as_often_as_stated():
    """Both intervals miss the mean in no more than alpha = 5% of 4000 samples (false alarms 1e-6 each)."""
    rng = np.random.default_rng(5)
    missed = np.zeros(2, dtype=int)
    for _ in range(4000):
        x = rng.beta(0.1, 0.9, 200)
        t = rng.standard_t(2.5, 200)
        for k, (low, high, mean) in enumerate(
            [(*bounded_mean_interval(x, (0, 1), 0.05), 0.1), (*catoni_mean_interval(t, 5**0.5, 0.05), 0.0)]
        ):
            missed[k] += not low <= mean <= high
    for count in missed:
        assert clopper_pearson(int(count), 4000, 1e-6)[0] <= 0.05
    # Negative control: the interval of a normal law's mean misses that of the skewed one more often.
    naive = 0
    for _ in range(4000):
        x = rng.beta(0.02, 0.98, 50)
        half = 1.96 * x.std(ddof=1) / math.sqrt(50)
        naive += not abs(x.mean() - 0.02) <= half
    assert clopper_pearson(naive, 4000, 1e-6)[0] > 0.05


def test_a_frozen_distribution_is_a_law():
    """What SciPy offers as a distribution function serves as it is."""
    assert testing.assert_same_law(
        lambda rng: rng.standard_normal(1000),
        cdf=stats.norm.cdf,
        detectable=0.05,
        wrong=lambda rng: rng.random(100),
    )
