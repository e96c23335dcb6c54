from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bounds.claim import Measured, Proof, Scaling, Tail, Verdict
from bounds.paper import concentration
from bounds.paper.concentration import (
    COROLLARY_1_CONDITION,
    COROLLARY_1_EXPLICIT,
    COROLLARY_1_GAP,
    COROLLARY_1_SAMPLES,
    PROPOSITION_1_EXPLICIT,
)
from bounds.symbols import SYMBOLS, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r
from verification import simulation
from verification.checks.conditions import within
from verification.engines import direct, estimate, seeds
from verification.quantities import concentration as quantities
from verification.setting import Procedure, Setting

CLAIMS = {claim.id: claim for claim in concentration.CLAIMS}
PLACE = (n, d, d_tilde, r, eta, gamma, gamma_tilde, delta)
BOUND, GAP, SAMPLES, LOWER = (
    sp.lambdify(PLACE, expression, "numpy")
    for expression in (COROLLARY_1_EXPLICIT, COROLLARY_1_GAP, COROLLARY_1_SAMPLES, PROPOSITION_1_EXPLICIT)
)

SETTINGS = st.builds(
    lambda small, extra, extra_tilde, share, noise, noise_tilde, failure: (
        small + extra, small + extra_tilde, small, share, 10.0**noise, 10.0**noise_tilde, 10.0**-failure,
    ),
    st.integers(1, 12), st.integers(0, 200), st.integers(0, 200), st.floats(0.001, 1.0),
    st.floats(-3, 6), st.floats(-3, 6), st.floats(0.01, 12),
)  # fmt: skip


@given(place=SETTINGS, factor=st.sampled_from([1.0, 1.7, 30.0, 1e6]))
def test_the_sample_condition_leaves_half_of_the_gap(place, factor):
    """With the stated number of pairs the gap is at least eta/2, and the bound is a positive number."""
    size = math.ceil(factor * SAMPLES(0, *place))
    assert GAP(size, *place) >= place[3] / 2
    assert 0 < BOUND(size, *place) < math.inf


def test_a_tenth_of_the_samples_would_not_do():
    """At a tenth of the stated number the gap falls below eta/2: the condition is no formality."""
    place = (20, 20, 20, 1.0, 0.1, 0.1, 0.01)
    assert GAP(math.ceil(SAMPLES(0, *place) / 10), *place) < 0.5


@given(place=SETTINGS)
def test_the_explicit_bound_tends_to_the_sharp_rate_plus_a_gaussian_tail(place):
    """As n grows the bound times sqrt(n) tends to what the note derives, within a fixed factor of sharp."""
    left, right, small, share, noise, noise_tilde, failure = place
    size = 1e9 * SAMPLES(0, *place)
    tail = math.sqrt(2 * math.log(11 / failure))
    limit = (
        max(
            math.sqrt((1 + 1 / noise_tilde) / noise) * (math.sqrt((left - small) * small) + tail),
            math.sqrt((1 + 1 / noise) / noise_tilde) * (math.sqrt((right - small) * small) + tail),
        )
        / share
    )
    assert BOUND(size, *place) * math.sqrt(size) == pytest.approx(limit, rel=1e-3)


def test_the_explicit_bound_is_within_four_of_the_sharp_rate():
    """At the sample condition, delta = 0.01 and mid-sized settings it is within 4 of the sharp rate."""
    for left, right, small, share, noise, noise_tilde in (
        (10, 8, 4, 0.3, 1e4, 1e4), (24, 16, 4, 0.05, 1.0, 2.0), (6, 6, 2, 1.0, 0.1, math.inf),
        (100, 80, 4, 0.05, 0.5, 0.5),
    ):  # fmt: skip
        place = (left, right, small, share, noise, noise_tilde, 0.01)
        size = math.ceil(SAMPLES(0, *place))
        sharp = math.sqrt(small * max(
            (left - small) * (1 + 1 / noise_tilde) / noise, (right - small) * (1 + 1 / noise) / noise_tilde
        ) / size) / share  # fmt: skip
        assert 1 < BOUND(size, *place) / sharp < 4


def errors(setting, count):
    """ERR of `count` unfiltered replicates, shape (count,)."""
    draws = simulation.replicates(setting, Procedure(), "exact", 20, range(count), ())
    return np.array([draw.error for draw in draws])


def allowed(count, probability, false_alarm=1e-7):
    """Most failures out of `count` that a claim with this failure probability may show."""
    return int(stats.binom.isf(false_alarm, count, probability))


@pytest.mark.parametrize("place", [
    (10, 8, 4, 1.0, 1e4, 1e4), (12, 3, 2, 0.5, 0.5, 2.0), (3, 3, 1, 0.1, 1.0, math.inf),
    (40, 40, 10, 0.3, 0.2, 0.2),
])  # fmt: skip
def test_the_corollary_holds_and_a_quarter_of_its_bound_does_not(place):
    """Failures are as rare as stated (error rate 1e-7 each), while a quarter of the bound is broken often."""
    failure = 0.2
    size = math.ceil(SAMPLES(0, *place, failure))
    found = errors(Setting(size, *place), 200)
    bound = BOUND(size, *place, failure)
    assert np.count_nonzero(found > bound) <= allowed(200, failure)
    assert np.count_nonzero(found > bound / 4) > allowed(200, failure)


@pytest.mark.parametrize("place", [
    (2000, 10, 3, 1, 0.5, 1.0, math.inf), (5000, 40, 1, 1, 0.2, 0.5, 2.0), (500, 2, 1, 1, 0.9, 1.0, 1.0),
    (10**7, 100, 7, 1, 0.05, 1.0, math.inf),
])  # fmt: skip
def test_the_proposition_holds_and_a_multiple_of_its_bound_does_not(place):
    """The lower bound fails as rarely as stated (error rate 1e-7), 100 times it fails often."""
    failure = 0.2
    found = errors(Setting(*place), 200)
    bound = float(LOWER(*place, failure))
    assert 0 < bound < 1
    assert np.count_nonzero(found < bound) <= allowed(200, failure)
    assert np.count_nonzero(found < 100 * bound) > allowed(200, failure)


def test_the_proposition_tends_to_the_printed_rate_in_high_dimension():
    """For large d and n the explicit lower bound tends to the printed one."""
    for dimension, least in ((10, 0.2), (1000, 0.8), (100_000, 0.97)):
        size = 1e6 * dimension
        printed = math.sqrt(dimension / size) / 0.3
        assert least < LOWER(size, dimension, 1, 1, 0.3, 1.0, math.inf, 0.05) / printed < 1


DRAWS = 400


def direct_samples(name, setting):
    """The quantity computed pair by pair, (DRAWS,): no shortcut shared with the module under test."""
    found = []
    for index in range(DRAWS):
        rng = seeds.generator(7, name, index)
        u, u_tilde = direct.bases(setting, rng, rotate=True)
        x, y, clean = direct.pairs(setting, setting.n, u, u_tilde, rng)
        if name == "cross-covariance-deviation":
            matrix = estimate.cross_covariance(x, y) - setting.eta * u @ u_tilde.T
        elif name == "independent-product-norm":
            other, _, _ = direct.pairs(setting, setting.n, u, u_tilde, rng)
            matrix = other.T @ y / setting.n
        elif name == "clean-fraction-deviation":
            matrix = np.array([[clean.mean() - setting.eta]])
        else:
            kept = rng.random(setting.n) < setting.eta if name.startswith("thinned") else slice(None)
            covariance = u @ u.T + np.eye(setting.d) / setting.gamma
            part = x[kept]
            if len(part) < setting.n * setting.eta / 2:
                found.append(math.inf)
                continue
            matrix = part.T @ part / len(part) - covariance
        found.append(float(np.linalg.norm(matrix, 2)))
    return np.array(found)


@pytest.mark.parametrize("name", quantities.QUANTITIES)
@pytest.mark.parametrize("setting", [
    Setting(30, 6, 4, 2, 0.6, 1.0, 3.0), Setting(5, 3, 8, 1, 0.7, 0.5, math.inf),
])  # fmt: skip
def test_quantities_have_the_law_of_the_pair_by_pair_computation(name, setting):
    """Each quantity agrees in law with the direct one (KS, error rate 1e-6); 1.3 times it does not."""
    function = quantities.QUANTITIES[name]
    exact = np.array([function(setting, seeds.generator(8, name, i)) for i in range(DRAWS)])
    slow = direct_samples(name, setting)
    assert stats.ks_2samp(exact, slow).pvalue > 1e-6
    if name != "clean-fraction-deviation":
        assert stats.ks_2samp(1.5 * exact, slow).pvalue < 1e-6


def test_a_gram_root_has_the_law_of_a_gram_matrix_whatever_the_number_of_rows():
    """The largest eigenvalue of the Bartlett root agrees in law with that of a sampled Gram matrix."""
    for rows, columns in ((3, 5), (5, 5), (40, 3)):
        rng = np.random.default_rng(3)
        roots = quantities.gram_roots(np.full(DRAWS, rows), columns, [rng] * DRAWS)
        exact = quantities.spectral_norms(roots)
        slow = [np.linalg.norm(rng.standard_normal((rows, columns)), 2) for _ in range(DRAWS)]
        assert stats.ks_2samp(exact, slow).pvalue > 1e-6
        np.testing.assert_allclose(exact[:9], np.linalg.norm(roots[:9], 2, axis=(1, 2)), rtol=1e-13)
        assert not roots[:, rows:].any()


def test_quantities_cost_nothing_at_a_huge_sample_size():
    """At n = 1e15 the deviations are drawn at once and have the expected size."""
    setting = Setting(10**15, 24, 16, 4, 0.3, 1.0, 2.0)
    for name, function in quantities.QUANTITIES.items():
        value = function(setting, seeds.generator(1, name))
        assert 0 < value < 1e-5


EXPLICIT = [claim for claim in concentration.CLAIMS if claim.variant == "explicit" or claim.id == "eq-29"]


@pytest.mark.parametrize("claim", EXPLICIT, ids=lambda c: c.id)
def test_explicit_bounds_hold_where_the_dimension_exceeds_the_sample(claim):
    """Explicit bounds hold at a small sample too (error rate 1e-7 each), and a twentieth of them does not."""
    setting = Setting(60, 12, 9, 2, 0.5, 0.7, 1.5)
    (check,) = (check for check in claim.checks if isinstance(check, Tail))
    function = quantities.QUANTITIES[check.measured.quantity]
    bound = claim.evaluate({**setting.as_dict(), "delta": 0.1})
    found = np.array([function(setting, seeds.generator(5, claim.id, i)) for i in range(300)])
    assert np.count_nonzero(found > bound) <= allowed(300, 0.1)
    assert np.count_nonzero(found > bound / 20) > allowed(300, 0.1)


def test_every_measured_quantity_is_registered_and_every_one_is_measured():
    """Every named quantity of these claims can be drawn, and each drawable one is used."""
    measured = {
        check.measured.quantity
        for claim in concentration.CLAIMS
        for check in claim.checks
        if isinstance(check, Tail | Scaling)
    }
    assert measured == set(quantities.QUANTITIES)
    assert Measured().quantity not in quantities.QUANTITIES


@pytest.mark.parametrize("claim", concentration.CLAIMS, ids=lambda c: c.id)
def test_claims_use_declared_symbols_only_and_every_path_makes_a_setting(claim):
    """Bounds use declared symbols only, and every point of every path is a valid setting."""
    assert {s.name for s in claim.bound.free_symbols} <= set(SYMBOLS)
    for check in within(claim).checks:
        paths = getattr(check, "paths", ()) or ((check.path,) if isinstance(check, Scaling) else ())
        for path in paths:
            for point in path.points():
                Setting(**{name: point[name] for name in Setting.__dataclass_fields__})
                assert 0 < claim.evaluate({"delta": 0.05, **point}) < math.inf


def test_one_dimension_is_refuted_by_its_proof():
    """Proposition 1 in one dimension is refuted, since the error is 0 there."""
    claim = CLAIMS["proposition-1-one-dimension"]
    (proof,) = [check for check in claim.checks if isinstance(check, Proof)]
    assert claim.expected is Verdict.REFUTED
    # The residual is 0, the dimensions are as the claim states, and the bound is not met.
    assert [step.truth for step in proof.derive(claim.stated)] == [True, True, False]
    assert max(errors(Setting(50, 1, 1, 1, 0.5, 1.0, 1.0), 20)) == 0.0


def test_the_condition_is_stated_in_the_sample_size():
    """The condition is a lower bound for n."""
    assert sp.Ge(n, COROLLARY_1_SAMPLES) == COROLLARY_1_CONDITION
