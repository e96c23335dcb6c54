from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from proof_checks import check_outcome, check_wrong_bound, number, sound, symbolic

from bounds.paper import model
from bounds.paper.matrices import U_TILDE, U
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, r
from verification.engines import direct, seeds
from verification.setting import Setting

SETTING = Setting(n=200_000, d=5, d_tilde=4, r=2, eta=0.4, gamma=2.0, gamma_tilde=0.5)


@pytest.mark.parametrize("claim", symbolic(model.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_the_model_comes_out_as_registered(claim):
    """Each statement about the model comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(model.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_the_model_accepts_a_wrong_value(claim):
    """No statement about the model accepts a wrong value."""
    check_wrong_bound(claim)


@pytest.fixture(scope="module")
def sample():
    """Pairs from the engine that follows the paper's text, with the bases that they were drawn from."""
    rng = seeds.generator(0, "test_model")
    u, u_tilde = direct.bases(SETTING, rng, rotate=True)
    x, y, clean = direct.pairs(SETTING, SETTING.n, u, u_tilde, rng)
    return u, u_tilde, np.hstack([x, y]), clean


def _covariance(expression, u, u_tilde):
    values = {U: u, U_TILDE: u_tilde, d: 5, d_tilde: 4, r: 2, gamma: 2.0, gamma_tilde: 0.5}
    return number(expression, values)


def _largest_deviation(pairs, covariance):
    """Largest entry of (sample - stated second moment), in standard errors of that entry."""
    scatter = pairs.T @ pairs / len(pairs)
    diagonal = np.diag(covariance)
    error = np.sqrt((np.outer(diagonal, diagonal) + covariance**2) / len(pairs))
    return np.abs((scatter - covariance) / error).max()


def test_remark_a_1_gives_the_covariances_that_the_engine_draws_from(sample):
    """Six standard errors over 90 entries: a false alarm has probability below 2e-7."""
    u, u_tilde, pairs, clean = sample
    of_clean = _covariance(model.SIGMA_CLEAN, u, u_tilde)
    of_corrupted = _covariance(model.SIGMA_CORRUPTED, u, u_tilde)
    assert _largest_deviation(pairs[clean], of_clean) < 6
    assert _largest_deviation(pairs[~clean], of_corrupted) < 6
    # Negative control: the classes exchanged.
    assert _largest_deviation(pairs[clean], of_corrupted) > 6
    assert _largest_deviation(pairs[~clean], of_clean) > 6


def test_the_signal_to_noise_ratio_is_power_over_power(sample):
    """The signal to noise ratio is power over power."""
    u, _, _, _ = sample
    values = {gamma: 2.0, r: 2, d: 5}
    power = np.trace(u @ u.T) / np.trace(np.eye(5) / 2.0)
    assert number(model.SNR, values) == pytest.approx(power)


def test_the_hidden_coin_makes_heavier_tails_than_a_gaussian_pair(sample):
    """z^2 z~^2 has mean 1 + 2 eta over the coin, against 1 + 2 eta^2 for a Gaussian pair."""
    rng = seeds.generator(0, "coin")
    clean = rng.random(10**6) < 0.4
    z, other = rng.standard_normal((2, 10**6))
    products = (z * np.where(clean, z, other)) ** 2
    error = 6 * products.std() / 1e3
    assert abs(products.mean() - (1 + 2 * 0.4)) < error
    assert abs(products.mean() - (1 + 2 * 0.4**2)) > error


def test_assumption_1_states_the_clean_fraction():
    """Assumption 1 states the clean fraction."""
    (claim,) = (c for c in model.CLAIMS if c.id == "assumption-1")
    assert claim.bound == eta
    assert sp.latex(claim.bound, symbol_names={eta: r"\eta"}) in claim.latex()
