"""What must hold of the score's law at every setting."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounds.law import score
from bounds.law.score import Score

DIMENSIONS = st.one_of(st.integers(1, 12), st.integers(1, 10_000))
PRECISIONS = st.one_of(st.floats(-6, 9).map(lambda power: 10.0**power), st.just(math.inf))
SHARES = st.one_of(st.floats(-12, 0).map(lambda power: 10.0**power), st.just(1.0))
STANDARDISED = st.floats(-6, 30)
LAWS = st.builds(Score, DIMENSIONS, SHARES, PRECISIONS, PRECISIONS)


def spread(law):
    """The standard deviation of a clean score."""
    return math.sqrt(law.r * (1 + (1 + 1 / law.gamma) * (1 + 1 / law.gamma_tilde)))


def setting(law):
    """(r, gamma, gamma_tilde) of a mixture."""
    return law.r, law.gamma, law.gamma_tilde


@given(LAWS, STANDARDISED, st.floats(1e-3, 3))
def test_tails_fall_and_conditional_means_rise(law, z, gap):
    """P decreases and each E_c increases in theta; E_c is at least max(theta, k r)."""
    theta = z * spread(law)
    higher = theta + gap * spread(law)
    assert law.log_tail(higher) <= law.log_tail(theta)
    for clean in (True, False):
        low, high = score.conditional_mean([theta, higher], *setting(law), clean)
        assert high >= low * (1 - 1e-12)
        assert low >= max(theta, law.r * clean) * (1 - 1e-12)


@given(LAWS, STANDARDISED)
def test_the_leak_lies_between_zero_and_one_over_one_plus_gamma(law, z):
    """0 <= lambda <= 1/(1 + gamma) at every threshold, and corrupted pairs alone attain the upper end."""
    theta = z * spread(law)
    for side, gamma in (("left", law.gamma), ("right", law.gamma_tilde)):
        assert 0.0 <= law.leak(theta, side) <= (1 + 1e-12) / (1 + gamma)
        alone = Score(law.r, 0.0, law.gamma, law.gamma_tilde).leak(theta, side)
        assert alone == pytest.approx(1 / (1 + gamma), rel=1e-12)


@given(LAWS, STANDARDISED)
def test_exchanging_the_modalities_exchanges_the_sides(law, z):
    """The score's law is symmetric in the modalities; kappa and the leak change sides."""
    theta = z * spread(law)
    other = Score(law.r, law.eta, law.gamma_tilde, law.gamma)
    assert other.log_tail(theta) == pytest.approx(law.log_tail(theta), rel=1e-9, abs=1e-300)
    assert other.kappa(theta, "left") == pytest.approx(law.kappa(theta, "right"), rel=1e-9)
    assert other.leak(theta, "left") == pytest.approx(law.leak(theta, "right"), rel=1e-9, abs=1e-300)


@given(LAWS, STANDARDISED)
def test_the_mixture_lies_between_its_classes(law, z):
    """Tail and mean are between those of the classes, and the posterior is a probability."""
    theta = z * spread(law)
    tails = [score.log_tail(theta, *setting(law), clean) for clean in (True, False)]
    means = [score.conditional_mean(theta, *setting(law), clean) for clean in (True, False)]
    assert min(tails) * (1 + 1e-12) - 1e-12 <= law.log_tail(theta) <= max(tails) * (1 - 1e-12) + 1e-12
    assert min(means) * (1 - 1e-9) <= law.mean(theta) <= max(means) * (1 + 1e-9)
    assert 0.0 <= law.posterior(theta) <= 1.0 + 1e-12


@given(DIMENSIONS, PRECISIONS, PRECISIONS, STANDARDISED)
def test_a_corrupted_score_is_symmetric(r, gamma, gamma_tilde, z):
    """P_0(theta) + P_0(-theta) = 1, through different branches of the code."""
    theta = z * math.sqrt(r * (1 + 1 / gamma) * (1 + 1 / gamma_tilde))
    both = np.exp(score.log_tail([theta, -theta], r, gamma, gamma_tilde, False))
    assert both.sum() == pytest.approx(1.0, rel=1e-13)


@given(st.integers(2, 10_000), PRECISIONS, PRECISIONS, st.booleans(), STANDARDISED, st.floats(0.01, 3))
def test_mean_residual_life_falls_from_r_2_on(r, gamma, gamma_tilde, clean, z, gap):
    """For r >= 2 the law is log-concave, so E[S - theta | S > theta] does not increase."""
    width = math.sqrt(r * (1 + (1 + 1 / gamma) * (1 + 1 / gamma_tilde)))
    theta = np.array([z, z + gap]) * width
    low, high = score.conditional_mean(theta, r, gamma, gamma_tilde, clean) - theta
    assert high <= low + 1e-10 * width


def test_mean_residual_life_can_rise_at_r_1():
    """The same property fails at r = 1: the density is not log-concave."""
    theta = np.array([0.0, 1.0])
    low, high = score.conditional_mean(theta, 1, 1e9, 1e9, False) - theta
    assert high > low * 1.05


@given(LAWS, st.floats(-300, -1e-6).map(lambda power: 10.0**power))
def test_quantile_inverts_the_tail(law, retained):
    """P(S > quantile(q)) = q."""
    assert law.log_tail(law.quantile(retained)) == pytest.approx(math.log(retained), rel=1e-8, abs=1e-9)
