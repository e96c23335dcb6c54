"""The error of the oracle that knows the coins, and the deviation of an experiment's error."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bounds.claim import Measured
from verification.engines import seeds
from verification.engines.estimate import chordal_distance, cross_covariance, fit
from verification.errors import TooFewPairs
from verification.quantities import registry, score
from verification.quantities.registry import Cell
from verification.setting import Procedure, Setting
from verification.simulation import simulate

SETTING = Setting(n=300, d=5, d_tilde=7, r=2, eta=0.3, gamma=2.0, gamma_tilde=4.0)
DRAWS = 1500


def direct(rng, eta):
    """ERR on the clean ones of n pairs, drawn one by one with the truth in the leading coordinates."""
    size = int((rng.random(SETTING.n) < eta).sum())
    z = rng.standard_normal((size, SETTING.r))
    x = rng.standard_normal((size, SETTING.d)) / math.sqrt(SETTING.gamma)
    y = rng.standard_normal((size, SETTING.d_tilde)) / math.sqrt(SETTING.gamma_tilde)
    x[:, : SETTING.r] += z
    y[:, : SETTING.r] += z
    fitted = fit(cross_covariance(x, y), SETTING.r)
    left, right = np.eye(SETTING.d, SETTING.r), np.eye(SETTING.d_tilde, SETTING.r)
    return max(chordal_distance(fitted.left, left), chordal_distance(fitted.right, right))


def distance(first, second):
    """The two samples' largest difference of distribution functions."""
    places = np.concatenate([first, second])
    shares = [np.searchsorted(np.sort(s), places, side="right") / len(s) for s in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


def test_the_clean_pairs_error_is_that_of_clean_pairs_drawn_one_by_one():
    """Both ways have one distribution; with more clean pairs the same test sees the difference."""
    cell = Cell(tuple(sorted(vars(SETTING).items())), "clean-pairs-error")
    found = registry.draw(cell, 0, range(DRAWS))
    allowed = math.sqrt(math.log(2 / 1e-9) / DRAWS)
    rngs = seeds.generators(1, "direct", range(2 * DRAWS))
    assert distance(found, np.array([direct(rng, SETTING.eta) for rng in rngs[:DRAWS]])) < allowed
    assert distance(found, np.array([direct(rng, 2 * SETTING.eta) for rng in rngs[DRAWS:]])) > 2 * allowed


def test_too_few_clean_pairs_are_an_error():
    """One clean pair or none has no covariance."""
    scarce = Setting(n=4, d=2, d_tilde=2, r=1, eta=0.01, gamma=1.0, gamma_tilde=1.0)
    with pytest.raises(TooFewPairs):
        score.clean_pairs_error(scarce, seeds.generators(0, "scarce", range(20)))


def test_the_error_deviation_is_that_of_many_runs():
    """The root mean square over replicates is the standard deviation of single errors; its runs differ."""
    values = {**vars(SETTING), "eta": 0.7, "n": 400, "retain": 0.5}
    cell = Cell(tuple(sorted(values.items())), "error-deviation")
    found = registry.draw(cell, 0, range(300))
    procedure = Procedure("teacher-filtered", retain=0.5)
    single = simulate(
        Setting(**{k: v for k, v in values.items() if k != "retain"}),
        procedure.estimator,
        retain=procedure.retain,
        replicates=3000,
        seed=3,
        jobs=1,
    ).errors
    assert math.sqrt(np.mean(found**2)) == pytest.approx(single.std(), rel=0.1)
    assert math.sqrt(np.mean(found**2)) != pytest.approx(2 * single.std(), rel=0.1)
    assert found.min() > 0


def test_claims_that_differ_in_what_a_quantity_does_not_take_share_its_draws():
    """P and kappa name no other cell; theta, which the deviation takes, does."""
    place = {**vars(SETTING), "theta": 0.5}
    measured = Measured(quantity="kept-covariance-deviation")
    first = registry.cell(measured, {**place, "P": 0.3})
    assert first == registry.cell(measured, {**place, "P": 0.4, "kappa_right": 2.0})
    assert first != registry.cell(measured, {**place, "theta": 0.6, "P": 0.3})


def test_a_students_deviation_is_an_oracles_where_its_teacher_is_good():
    """With many pairs both have one distribution; at another threshold the same test sees the difference."""
    place = {**vars(SETTING), "n": 100_000, "eta": 0.9, "gamma": 20.0, "gamma_tilde": 20.0, "theta": 1.0}

    def sample(quantity, **changes):
        cell = registry.cell(Measured(quantity=quantity), {**place, **changes})
        return registry.draw(cell, 0, range(200))

    allowed = math.sqrt(math.log(2 / 1e-9) / 200)
    student = sample("student-covariance-deviation")
    half = {"n": 50_000}
    assert distance(student, sample("kept-covariance-deviation", **half)) < allowed
    assert distance(student, sample("kept-covariance-deviation", theta=6.0, **half)) > 2 * allowed
