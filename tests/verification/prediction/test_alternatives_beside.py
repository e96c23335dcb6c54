"""What stands beside the filter, as one object."""

import json
import math

import numpy as np
import pytest

from verification.prediction import alternatives
from verification.prediction.advice import advise, best_threshold
from verification.prediction.alternatives import information
from verification.prediction.beside import beside
from verification.setting import Setting

SETTING = Setting(10**6, 20, 16, 3, 0.1, 2.0, 5.0)


def test_the_parts_have_the_promised_keys():
    """Laws with scales and moments, the limit as two scales below every law's, a line an estimator."""
    found = beside(SETTING).as_dict()
    assert set(found) == {"pca", "weighted", "limit", "alternatives"}
    assert set(found["pca"]) == set(found["weighted"]) >= {"mean", "std", "left_scale", "right_scale"}
    for side in ("left_scale", "right_scale"):
        assert found["limit"][side] <= min(found["pca"][side], found["weighted"][side])
    assert {"estimator", "mean", "efficiency", "trusted"} == set(found["alternatives"][0])
    json.dumps(found)


def test_each_line_is_the_estimators_own_law():
    """All pairs, one round and several as the advice has them; efficiency is a squared ratio of errors."""
    advice = advise(SETTING)
    found = {other.estimator: other for other in beside(SETTING).table}
    plans = {plan.rounds: plan.mean for plan in advice.even}
    several = min((rounds for rounds in plans if rounds > 1), key=plans.__getitem__)
    assert found["unfiltered"].mean == plans[0]
    assert found["teacher-filtered"].mean == plans[1] == best_threshold(SETTING).mean
    assert found[f"teacher-filtered, {several} rounds"].mean == plans[several]
    for other in found.values():
        assert other.efficiency == pytest.approx((found["limit"].mean / other.mean) ** 2)
        assert 0 < other.efficiency <= 1


def test_known_plans_change_nothing():
    """What is handed over is not searched again, and is the same."""
    assert (
        beside(SETTING, plans=advise(SETTING).even)
        == beside(SETTING, best_threshold(SETTING))
        == beside(SETTING)
    )


def test_pca_alone_is_named_only_where_it_wins():
    """Better than all that needs pairs at ten clean pairs in a hundred; with a clean partner pairs win."""
    assert beside(SETTING).alone > 2
    assert beside(Setting(10**6, 200, 3, 3, 1.0, 0.5, 1e4)).alone is None


def test_without_noise_there_are_no_weights():
    """PCA is exact, the limit zero, and nothing is divided by zero."""
    found = beside(Setting(1000, 5, 5, 2, 0.5, math.inf, math.inf))
    assert found.weighted is None
    assert found.pca.mean == 0
    assert (found.limit.left_scale, found.limit.right_scale) == (0, 0)


@pytest.mark.parametrize("gamma", [1e-300, 1e-8, 0.05])
def test_no_number_where_a_law_is_not_to_be_trusted(gamma):
    """Noise that hides the signal: PCA, the weights and the limit are unknown, the filter's law is not."""
    table = beside(Setting(100, 9, 9, 3, 0.1, gamma, gamma)).table
    means = {other.estimator: other.mean for other in table}
    assert means["pca"] is means["weighted"] is means["limit"] is None
    for other in table:
        assert bool(other.reason) is (other.mean is None)
    assert 0 < means["teacher-filtered"] <= math.sqrt(3)


@pytest.mark.parametrize(("n", "trusted"), [(400, True), (60, False)])
def test_pcas_law_is_trusted_where_draws_agree(n, trusted):
    """Squared sine of drawn principal directions against first order: within a fifth only where trusted."""
    setting = Setting(n, 41, 41, 1, 0.5, 1.0, 1.0)
    rng = np.random.default_rng(5)
    squares = []
    for _ in range(200):
        x = rng.standard_normal((n, 41))
        x[:, 0] += rng.standard_normal(n)
        squares.append(1 - np.linalg.svd(x, full_matrices=False)[2][0, 0] ** 2)
    law = alternatives.pca_scales(setting)[0] * 40
    assert alternatives.pca_trusted(setting) is trusted
    assert (float(np.mean(squares)) / law == pytest.approx(1, abs=0.2)) is trusted


@pytest.mark.parametrize("gamma", [1e-300, 1e-6, 1.0, 1e9, math.inf])
@pytest.mark.parametrize("eta", [1e-300, 1e-6, 0.5, 1.0])
def test_the_information_lies_between_its_ends(gamma, eta):
    """1/a and 1/(1 + 1/(gamma + gamma~)) at any ends of the doubles."""
    for value, own in zip(information(2, eta, gamma, 3.0), (gamma, 3.0), strict=True):
        assert 1 / (1 + 1 / own) <= value * (1 + 1e-12)
        assert value <= 1 / (1 + 1 / (gamma + 3.0)) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("r", "eta", "gamma", "gamma_tilde"), [(1, 0.5, 1.0, 1.0), (4, 0.5, 2.0, 5.0), (2, 0.9, 0.3, 30.0)]
)
def test_the_information_is_the_mean_square_of_the_latents_conditional_mean(r, eta, gamma, gamma_tilde):
    """Drawn coordinate by coordinate with the two densities, and not that with the modalities swapped."""
    rng = np.random.default_rng(1)
    a, b = 1 + 1 / gamma, 1 + 1 / gamma_tilde
    z, other, e, f = rng.standard_normal((4, 200_000, r))
    clean = rng.random((200_000, 1)) < eta
    u, v = z + e / gamma**0.5, np.where(clean, z, other) + f / gamma_tilde**0.5
    det = a * b - 1
    quadratic = (b * u**2 - 2 * u * v + a * v**2) / det - u**2 / a - v**2 / b
    log_odds = math.log(eta / (1 - eta)) - r / 2 * math.log(det / (a * b)) - quadratic.sum(axis=1) / 2
    share = 1 / (1 + np.exp(-log_odds))[:, None]
    joint = share * (gamma * u + gamma_tilde * v) / (1 + gamma + gamma_tilde)
    left, right = information(r, eta, gamma, gamma_tilde)
    assert left == pytest.approx(np.mean((joint + (1 - share) * u / a) ** 2), rel=0.01)
    assert right == pytest.approx(np.mean((joint + (1 - share) * v / b) ** 2), rel=0.01)
    assert (left == pytest.approx(right, rel=0.01)) is (gamma == gamma_tilde)
