from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verification.errors import InvalidArgument
from verification.statistics.evidence import Details, Evidence, Power, plain
from verification.statistics.tail import (
    TailTest,
    clopper_pearson,
    run_tail,
    stopped_interval,
    tail_detectable,
    tail_evidence_power,
    tail_operation,
    tail_power,
    tail_replicates,
)

TEST = TailTest(delta=0.05, kappa=2.0, alpha=1e-3, beta=1e-2)

tests = st.builds(
    TailTest,
    delta=st.floats(1e-4, 0.9),
    kappa=st.floats(1.01, 50),
    alpha=st.floats(1e-12, 0.3),
    beta=st.floats(1e-12, 0.3),
    resolution=st.sampled_from([0.0, 0.01]),
)


@given(test=tests)
def test_likelihood_ratio_is_fair_under_both_hypotheses(test):
    """E has mean one at delta, and 1/E has mean one at the detectable probability."""
    kept, broken = (math.exp(x) for x in test.increments)
    assert (1 - test.delta) * kept + test.delta * broken == pytest.approx(1)
    assert (1 - test.detectable) / kept + test.detectable / broken == pytest.approx(1)
    assert test.delta < test.detectable < 1


def test_alternative_beyond_one_is_brought_back_inside():
    """kappa * delta >= 1 tests against a probability halfway from delta to one."""
    assert TailTest(0.6, 2.0, 0.01, 0.01).detectable == pytest.approx(0.8)


def test_tiny_delta_is_refuted_by_one_exceedance_and_passes_at_the_resolution():
    """At delta = 1e-30 the null stays there, and a pass shows no more than p < resolution."""
    test = TailTest(1e-30, 2.0, 1e-9, 1e-6, resolution=0.01)
    assert test.detectable == 0.01
    assert run_tail([False] * 50 + [True], test, 1000).outcome == "fails"
    passed = run_tail([False] * 5000, test, 5000)
    assert (passed.outcome, passed.used) == ("holds", tail_replicates(test))
    assert passed.used == math.ceil(math.log(1e-6) / math.log1p(-0.01))


def test_a_sure_bound_is_refuted_by_one_exceedance():
    """With delta = 0 an exceedance has infinite weight, and its absence none."""
    test = TailTest(0.0, 1.0, 1e-9, 1e-6, resolution=0.02)
    result = run_tail([False, False, True], test, 10)
    assert (result.outcome, result.log_e, result.first) == ("fails", math.inf, 2)
    assert tail_operation(test, 2000, 0.0).holds == 1
    assert tail_operation(test, 5, 0.3).fails == pytest.approx(1 - 0.7**5)


def test_replicates_are_judged_in_order_and_not_drawn_beyond_the_decision():
    """A lazy stream is read up to the decision and no further."""
    drawn = []

    def stream() -> Iterator[bool]:
        for index in range(10_000):
            drawn.append(index)
            yield index % 3 == 0

    result = run_tail(stream(), TEST, 10_000)
    assert result.outcome == "fails"
    assert len(drawn) == result.used < 100
    assert (result.first, result.last) == (0, result.used - 1)
    assert result.log_e >= math.log(1000) > TEST.log_e(result.exceedances - 1, result.used - 1)


def test_order_decides_and_not_only_the_counts():
    """The same replicates in another order may stop elsewhere, so the order must be that of the index."""
    early = run_tail([True] * 12 + [False] * 400, TEST, 412)
    late = run_tail([False] * 400 + [True] * 12, TEST, 412)
    assert (early.outcome, late.outcome) == ("fails", "holds")


def test_budget_spent_without_decision_is_undecided():
    """At the cap the outcome is neither a pass nor a failure."""
    result = run_tail([False] * 10, TEST, 5)
    assert (result.outcome, result.used, result.first) == ("undecided", 5, None)
    low, high = result.interval(0.01)
    assert low == 0 < 0.1 < high < 1


@given(test=tests)
def test_fewest_replicates_of_a_pass(test):
    """`tail_replicates` passes when nothing breaks the bound, and one fewer does not."""
    count = tail_replicates(test)
    assert test.decide(test.log_e(0, count)) == "holds"
    assert count == 1 or test.decide(test.log_e(0, count - 1)) == "undecided"


def _exact_operation(test: TailTest, cap: int, p: Fraction) -> tuple[Fraction, Fraction]:
    """Rejection and acceptance probabilities by walking the tree of counts in exact arithmetic."""
    states, fails, holds = {0: Fraction(1)}, Fraction(0), Fraction(0)
    for used in range(1, cap + 1):
        following: dict[int, Fraction] = {}
        for count, mass in states.items():
            for broken, chance in ((0, 1 - p), (1, p)):
                outcome = test.decide(test.log_e(count + broken, used))
                if outcome == "fails":
                    fails += mass * chance
                elif outcome == "holds":
                    holds += mass * chance
                else:
                    following[count + broken] = following.get(count + broken, Fraction(0)) + mass * chance
        states = following
    return fails, holds


@pytest.mark.parametrize("p", [Fraction(0), Fraction(1, 20), Fraction(1, 7), Fraction(1)])
@pytest.mark.parametrize("test", [TEST, TailTest(0.3, 2.0, 0.05, 0.05), TailTest(0.0, 1.0, 0.01, 0.1, 0.1)])
def test_operating_characteristic_is_exact(test, p):
    """The propagated probabilities equal those of rational arithmetic."""
    fails, holds = _exact_operation(test, 60, p)
    found = tail_operation(test, 60, float(p))
    assert found.fails == pytest.approx(float(fails), abs=1e-14)
    assert found.holds == pytest.approx(float(holds), abs=1e-14)
    assert found.undecided == pytest.approx(float(1 - fails - holds), abs=1e-14)
    assert found.expected_replicates <= 60


@pytest.mark.parametrize("test", [TEST, TailTest(0.01, 3.0, 1e-4, 1e-3), TailTest(0.5, 5.0, 0.01, 0.01)])
def test_both_error_rates_are_guaranteed(test):
    """Refuting a true claim has probability <= alpha, passing a violation <= beta, and neither is idle."""
    cap = 40 * tail_replicates(test)
    at_null, at_violation = tail_operation(test, cap, test.delta), tail_operation(test, cap, test.detectable)
    assert 0.1 * test.alpha < at_null.fails <= test.alpha
    assert 0.1 * test.beta < at_violation.holds <= test.beta
    assert at_violation.fails > 0.9
    # One doubling of the true probability past delta would not be caught by the level itself:
    assert tail_operation(test, cap, test.delta / 2).fails < at_null.fails


def test_smallest_detected_violation():
    """`tail_detectable` is where the power reaches 1 - beta, and tends to kappa * delta."""
    cap = 40 * tail_replicates(TEST)
    smallest = tail_detectable(TEST, cap)
    assert tail_power(TEST, cap, smallest) >= 1 - TEST.beta
    assert tail_power(TEST, cap, 0.99 * smallest) < 1 - TEST.beta
    assert smallest == pytest.approx(TEST.detectable, rel=0.02)
    assert tail_detectable(TEST, 2) == math.inf
    assert tail_evidence_power(TEST, cap) == Power(
        smallest, "probability that a replicate breaks the bound", cap, TEST.beta
    )


@given(
    exceedances=st.integers(0, 50), misses=st.integers(0, 500), alpha=st.sampled_from([1e-9, 1e-3, 0.05, 0.9])
)
def test_stopped_interval_holds_the_share_seen_and_is_wider_than_the_fixed_one(exceedances, misses, alpha):
    """The interval that may be watched contains the estimate and is no narrower where alpha is small."""
    replicates = exceedances + misses
    if not replicates:
        return
    low, high = stopped_interval(exceedances, replicates, alpha)
    assert 0 <= low <= exceedances / replicates <= high <= 1
    if alpha < 0.1:
        fixed = clopper_pearson(exceedances, replicates, alpha)
        assert low <= fixed[0] + 1e-9
        assert high >= fixed[1] - 1e-9


def test_fixed_interval_inverts_the_binomial_tails():
    """At the Clopper-Pearson limits each tail has probability alpha/2."""
    low, high = clopper_pearson(7, 90, 0.02)
    assert stats.binom.sf(6, 90, low) == pytest.approx(0.01)
    assert stats.binom.cdf(7, 90, high) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-0.1, 2, 0.1, 0.1), "delta"),
        ((1.0, 2, 0.1, 0.1), "delta"),
        ((0.1, 0.5, 0.1, 0.1), "kappa"),
        ((0.1, 1.0, 0.1, 0.1), "kappa"),
        ((0.0, 2.0, 0.1, 0.1), "kappa"),
        ((0.1, 2, 0.0, 0.1), "alpha"),
        ((0.1, 2, 0.1, 1.0), "beta"),
        ((0.1, 2, 0.1, 0.1, 1.0), "resolution"),
    ],
)
def test_wrong_test_parameters_are_named(arguments, name):
    """A parameter outside its range is an error that names it."""
    with pytest.raises(InvalidArgument) as caught:
        TailTest(*arguments)
    assert caught.value.argument == name


def test_wrong_counts_are_named():
    """Counts that no sample can have are errors."""
    for call in (
        lambda: run_tail([], TEST, 5),
        lambda: run_tail([True], TEST, 0),
        lambda: tail_operation(TEST, 0, 0.5),
        lambda: tail_operation(TEST, 5, 1.5),
        lambda: stopped_interval(3, 2, 0.1),
        lambda: clopper_pearson(0, 0, 0.1),
        lambda: TEST.log_e(-1, 2),
    ):
        with pytest.raises(InvalidArgument):
            call()


@dataclass(frozen=True)
class Found(Details):
    """What a kind of check of the test's own found."""

    local: np.ndarray
    names: tuple
    other: Fraction


def test_evidence_is_plain_in_json():
    """Every value of a piece of evidence becomes a JSON type, infinities included."""
    evidence = Evidence(
        kind="scaling",
        statement="the slope in log n is -1/2",
        outcome="holds",
        estimate=np.float64(-0.5),
        interval=(np.float64(-0.51), math.inf),
        power=Power(0.05, "exponent", np.int64(10), 1e-6),
        witness={"setting": {"n": np.int64(5), "gamma": math.inf}, "flag": np.bool_(True)},
        details=Found(np.array([1.0, math.nan]), ("a", 1), Fraction(1, 3)),
    )
    dumped = json.loads(json.dumps(evidence.as_dict(), allow_nan=False))
    assert dumped["interval"] == [-0.51, "inf"]
    assert dumped["power"]["replicates"] == 10
    assert dumped["witness"] == {"setting": {"n": 5, "gamma": "inf"}, "flag": True}
    assert dumped["details"] == {"local": [1.0, "nan"], "names": ["a", 1], "other": "1/3"}
    assert dumped["slack"] is None
    assert plain(run_tail([True], TEST, 1))
