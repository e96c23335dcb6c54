"""The theorems at random settings inside their conditions, simulated by the exact engine.

Every test spends its own share of one budget: the i-th example of a test may raise a false alarm with
probability at most BUDGET / TESTS * 6 / (pi^2 i^2), so all examples together stay inside the budget
however many there are (the nightly profile runs thousands).  `target` climbs towards the worst ratio.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import points
from hypothesis import HealthCheck, Phase, assume, given, settings, target
from hypothesis import strategies as st
from scipy import stats

from bounds import claims
from bounds.claim import Relation
from verification.prediction.law import predict_procedure
from verification.quantities import registry
from verification.quantities.registry import Cell
from verification.search import climb
from verification.search.space import space
from verification.setting import Procedure, Setting
from verification.statistics import slopes

BUDGET = 1e-6
TESTS = 4
REPLICATES = 60
SEED = 20_240_229


def profile(planted=False, part=1.0):
    """The profile in force, with `part` of its examples; a planted error need not be shrunk."""
    phases = [Phase.generate, Phase.target] if planted else settings.default.phases
    return settings(
        max_examples=max(10, round(part * settings.default.max_examples)),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        phases=phases,
        report_multiple_bugs=not planted,
    )


class Shares:
    """The false-alarm shares of one test's examples, one for each call."""

    def __init__(self):
        self.count = itertools.count(1)
        self.spent = 0.0

    def take(self):
        """The next example's share."""
        share = BUDGET / TESTS * 6 / (math.pi * next(self.count)) ** 2
        self.spent += share
        return share


def holds_with_probability(claim, shares, planted=False):
    """A property: at a point of the claim's space its bound is broken no more often than delta."""
    where = space(claim)

    @profile(planted)
    @given(points(where))
    def check(point):
        drawn = registry.draw(where.cell(point), SEED, range(REPLICATES))
        bound = float(claim.evaluate(point))
        broken = drawn > bound if claim.relation is Relation.UPPER else drawn < bound
        target(math.log(max(where.ratio(point, float(np.median(drawn))), 1e-300)))
        # P(so many or more) if the bound is broken with probability delta exactly.
        p_value = stats.binom.sf(np.count_nonzero(broken) - 1, REPLICATES, point["delta"])
        assert p_value > shares.take(), f"{claim.id} broken by {np.count_nonzero(broken)} at {point}"

    return check


@pytest.mark.parametrize("claim_id", ["corollary-1-explicit", "proposition-1-explicit"])
def test_explicit_bounds_hold_at_random_settings(claim_id):
    """No setting inside the conditions breaks the bound more often than delta."""
    shares = Shares()
    holds_with_probability(claims[claim_id], shares)()
    assert 0 < shares.spent < BUDGET / TESTS


@pytest.mark.parametrize(
    ("claim_id", "factor"), [("corollary-1-explicit", 0.3), ("proposition-1-explicit", 3)]
)
def test_a_wrong_constant_of_an_explicit_bound_is_caught(claim_id, factor):
    """Negative control: the same property with another constant finds a setting that breaks it."""
    claim = claims[claim_id]
    wrong = replace(claim, bound=factor * claim.bound)
    with pytest.raises(AssertionError, match="broken by"):
        holds_with_probability(wrong, Shares(), planted=True)()


def log_floats(low, high):
    """Floats in [low, high], log-uniform in spirit."""
    return st.floats(math.log(low), math.log(high)).map(lambda x: min(max(math.exp(x), low), high))


@st.composite
def filtered_settings(draw):
    """(setting, procedure) where the law of the filtered error says that it is in range."""
    d, d_tilde = draw(st.integers(1, 16)), draw(st.integers(1, 16))
    r = draw(st.integers(1, min(d, d_tilde)))
    n = round(draw(log_floats(4, 40_000)))
    eta = draw(st.one_of(log_floats(1e-3, 1.0), st.just(1.0)))
    setting = Setting(n, d, d_tilde, r, eta, draw(log_floats(1e-2, 1e6)), draw(log_floats(1e-2, 1e6)))
    estimator = draw(st.sampled_from(("oracle-filtered", "teacher-filtered")))
    theta = draw(st.floats(-1.0, 1.0)) * setting.r
    # Many pairs and few dimensions, so that most draws are in range.
    place = replace(setting, n=max(setting.n, 20_000), eta=max(setting.eta, 0.05))
    return place, Procedure(estimator, theta=theta)


def median_is_the_law(shares, factor=1.0):
    """A property: the median error is `factor` times the law's, up to the error that the law admits."""

    @profile(planted=factor != 1)
    @given(filtered_settings())
    def check(case):
        place, procedure = case
        law = predict_procedure(place, procedure)
        assume(law.accuracy.in_range and law.law.mean > 0)
        cell = Cell(tuple(place.as_dict().items()), "error", (procedure,))
        drawn = registry.draw(cell, SEED, range(REPLICATES)) / (factor * law.law.quantile(0.5))
        low, high = slopes.median_interval(drawn, shares.take())
        target(abs(math.log(float(np.median(drawn)))))
        slack = 1 + 2 * law.accuracy.relative_error + 0.02
        assert low <= slack, f"above the law at {place}, {procedure}: {low}"
        assert high >= 1 / slack, f"below the law at {place}, {procedure}: {high}"

    return check


def test_filtered_medians_are_the_laws_wherever_it_says_that_it_is_in_range():
    """Teacher- and oracle-filtered errors, random thresholds: the median is the first-order law's."""
    shares = Shares()
    median_is_the_law(shares)()
    assert 0 < shares.spent < BUDGET / TESTS


@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_a_wrong_constant_of_the_law_is_caught(factor):
    """Negative control: the same property with a scale off by 2 fails."""
    with pytest.raises(AssertionError, match="the law at"):
        median_is_the_law(Shares(), factor)()


def corrected_rate_holds(shares, constant, planted=False):
    """A property: Theorem 1's corrected rate times `constant` bounds the median error."""
    claim = claims["theorem-1-corrected"]
    where = space(claim)

    @profile(planted, part=0.4)
    @given(points(where))
    def check(point):
        drawn = climb.draws(where.cell(point), SEED, 40)
        low, _ = slopes.median_interval(drawn, shares.take())
        ratio = where.ratio(point, float(np.median(drawn)))
        target(math.log(max(ratio, 1e-300)))
        assert low <= constant * float(claim.evaluate(point)), f"constant {constant} passed at {point}"

    return check


@pytest.mark.slow
def test_the_corrected_theorem_holds_with_constant_three_halves():
    """Inside the sample condition (its constant read as 1) the median stays below 1.5 times the rate."""
    shares = Shares()
    corrected_rate_holds(shares, 1.5)()
    assert 0 < shares.spent < BUDGET / TESTS


@pytest.mark.slow
def test_a_wrong_constant_of_the_corrected_theorem_is_caught():
    """Negative control: constant 0.1 is passed somewhere."""
    with pytest.raises(AssertionError, match="passed at"):
        corrected_rate_holds(Shares(), 0.1, planted=True)()


def test_shares_never_pass_the_budget():
    """However many examples: the sum of a million shares stays below one test's part."""
    shares = Shares()
    for _ in range(10**5):
        shares.take()
    assert 0.99 * BUDGET / TESTS < shares.spent < BUDGET / TESTS
