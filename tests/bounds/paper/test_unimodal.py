import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_checks import check_outcome, check_wrong_bound
from scipy import stats

from bounds import claims
from bounds.paper.unimodal import pca_cdf
from verification.engines.estimate import chordal_distance, random_basis
from verification.errors import InvalidArgument
from verification.quantities.unimodal import pca_error

PLACE = {"n": 60, "d": 6, "r": 2, "gamma": 1.5}
DRAWS = 1500


def generator(seed):
    """A reproducible generator."""
    return np.random.Generator(np.random.Philox(seed))


def direct(rng, gamma=PLACE["gamma"]):
    """PCA as it is written: points from the model, their covariance, its leading eigenvectors."""
    n, d, r = PLACE["n"], PLACE["d"], PLACE["r"]
    truth = random_basis(d, r, rng)
    points = rng.standard_normal((n, r)) @ truth.T + rng.standard_normal((n, d)) / math.sqrt(gamma)
    return chordal_distance(np.linalg.eigh(np.cov(points.T))[1][:, -r:], truth)


def test_the_quantity_has_the_law_of_principal_components():
    """Two-sample test against points drawn one by one (false alarms 1e-4); more noise is seen."""
    ours = [pca_error(PLACE, rng) for rng in [generator(1)] for _ in range(DRAWS)]
    theirs = [direct(rng) for rng in [generator(2)] for _ in range(DRAWS)]
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-4
    noisier = [direct(rng, PLACE["gamma"] / 1.3) for rng in [generator(3)] for _ in range(DRAWS)]
    assert stats.ks_2samp(ours, noisier).pvalue < 1e-4


def test_a_missing_direction_counts_as_orthogonal():
    """Two points determine one direction of three; a full space has no error; many points reach it."""
    two_points = pca_error({"n": 2, "d": 5, "r": 3, "gamma": 1e9}, generator(0))
    assert two_points == pytest.approx(math.sqrt(2), abs=1e-3)
    assert pca_error({"n": 50, "d": 3, "r": 3, "gamma": 1.0}, generator(0)) < 1e-12
    assert pca_error({"n": 10**15, "d": 5, "r": 3, "gamma": 1.0}, generator(0)) < 1e-6
    assert pca_error({"n": 50, "d": 5, "r": 2, "gamma": math.inf}, generator(0)) < 1e-12


@pytest.mark.parametrize("wrong", [{"n": 1}, {"d": 2.5}, {"r": 7}, {"r": 0}])
def test_impossible_values_are_named(wrong):
    """Values outside their range stop with the argument's name."""
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        pca_error({**PLACE, **wrong}, generator(0))


@given(st.integers(1, 40), st.integers(0, 200), st.floats(-3, 4), st.floats(1e-6, 0.5), st.floats(1, 1e6))
def test_the_explicit_bound_is_positive_under_its_condition(r, more, log_gamma, delta, multiple):
    """With the stated number of points the denominator is positive, and the bound at least its limit."""
    place = {"d": r + more, "r": r, "gamma": 10.0**log_gamma, "delta": delta}
    claim = claims["eq-2-explicit"]
    stated = claim.conditions[0].rhs
    samples = float(stated.subs({s: place[s.name] for s in stated.free_symbols}))
    at = {**place, "n": math.ceil(samples * multiple)}
    limit = math.sqrt((1 + 1 / at["gamma"]) / at["gamma"] / at["n"]) * math.sqrt((at["d"] - r) * r)
    assert claim.evaluate(at) >= limit


def test_the_law_is_a_scaled_chi_distribution():
    """Its median, squared and over V, is that of chi-square with (d - r) r degrees of freedom."""
    v = (1 / 1.5) * (1 + 1 / 1.5) / 60
    median = math.sqrt(v * stats.chi2.median(8))
    assert float(pca_cdf(PLACE, median)) == pytest.approx(0.5, rel=1e-9)


def test_the_information_claim_is_proved_and_a_changed_one_is_not():
    """The derivation decides the constant: one hundredth off fails."""
    check_outcome(claims["eq-2-information"])
    check_wrong_bound(claims["eq-2-information"])
