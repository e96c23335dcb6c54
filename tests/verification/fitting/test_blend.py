"""The filter that does not lose: what it proposes on pairs of the model and of real sets."""

import numpy as np
import pytest

from verification.engines import estimate
from verification.fitting.fit import fit
from verification.setting import Setting
from verification.studies import pairs, real_pairs


def error(x, y, weight, left, right):
    """The worse modality's distance of a weighted fit from the truth."""
    cross = ((x - x.mean(axis=0)) * weight[:, None]).T @ (y - y.mean(axis=0))
    fitted = estimate.fit(cross, left.shape[1])
    found = estimate.chordal_distance(fitted.left, left), estimate.chordal_distance(fitted.right, right)
    return max(found)


def gains(draw, left, right, rank, runs=2):
    """Mean error on all pairs over mean error with the blend's weights."""
    errors = []
    for i in range(runs):
        x, y = draw(np.random.default_rng(i))
        found = fit(x, y, rank=rank, seed=i)
        assert found.weight.mean() == pytest.approx(1, abs=1e-6)
        errors.append([error(x, y, w, left, right) for w in (np.ones(len(x)), found.weight)])
    mean = np.mean(errors, axis=0)
    return mean[0] / mean[1]


@pytest.mark.parametrize(
    ("eta", "gamma", "runs", "least", "most"),
    [(1.0, 20.0, 1, 0.98, 1.02), (0.1, 20.0, 4, 1.5, 9.0), (0.5, 1.0, 2, 0.98, 1.4)],
)
def test_the_blend_gains_where_a_filter_does_and_never_loses(eta, gamma, runs, least, most):
    """More than Algorithm 1's half at a small clean share, all pairs alike where every pair is clean."""
    setting = Setting(16_000, 30, 30, 3, eta, gamma, gamma)
    make = pairs.maker()
    gain = gains(lambda rng: make(setting, rng), np.eye(30, 3), np.eye(30, 3), 3, runs)
    assert least <= gain <= most


@pytest.mark.parametrize(
    ("name", "eta", "least"), [("names", 1.0, 0.98), ("mono-stix", 0.36, 0.98), ("sans-serif", 0.1, 1.15)]
)
def test_the_blend_does_not_lose_on_real_pairs(name, eta, least):
    """Where Algorithm 1's filter has a bias floor all pairs are kept; where it gains, so does the blend."""
    chosen = real_pairs.SETS[name]()
    truth = chosen.truth
    gain = gains(lambda rng: chosen.draw(eta, chosen.n, rng)[:2], truth.left, truth.right, chosen.r)
    assert gain >= least
