"""Clean against corrupted scores: order, limits, mode and the kept pairs' variance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from proof_checks import check_outcome, check_wrong_bound, sound, steps, symbolic

from bounds import claims
from bounds.law import score
from bounds.paper import classes
from bounds.proof.undecided import Undecided
from bounds.symbols import a_x, a_y, r, theta

NOISE = [(0.05, 0.05), (1.0, 1e4), (2.0, 0.5), (np.inf, np.inf)]


@pytest.mark.parametrize("claim", symbolic(classes.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_the_classes_comes_out_as_registered(claim):
    """Each statement about the two classes comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(classes.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_the_classes_accepts_a_wrong_value(claim):
    """A bound that is wrong by a hundredth is not proved."""
    check_wrong_bound(claim)


@pytest.mark.parametrize("name", ["section-6-2-mean-order", "section-6-2-kept-variance"])
def test_a_proof_needs_the_rank_that_its_claim_asks_for(name):
    """Without r >= 2 the gamma densities need not be log-concave, and nothing is proved."""
    claim = claims[name]
    rest = tuple(condition for condition in claim.conditions if r not in condition.free_symbols)
    assert rest != claim.conditions
    try:
        found = steps(replace(claim, conditions=rest))
    except Undecided:
        return
    assert not all(step.truth for step in found)


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("size", [1, 2, 3, 20])
def test_the_order_of_the_classes_is_that_of_the_exact_law(size, noise):
    """P_1 >= P_0 and E_1 >= E_0, at r = 1 too; the same numbers exchanged break both orders."""
    level = np.linspace(-3.0 * size, 6.0 * size, 61)
    share = [score.log_tail(level, size, *noise, clean) for clean in (False, True)]
    mean = [score.conditional_mean(level, size, *noise, clean) for clean in (False, True)]
    assert np.all(share[1] >= share[0])
    assert np.all(mean[1] >= mean[0])
    assert not np.all(share[0] >= share[1])
    assert not np.all(mean[0] >= mean[1])


@pytest.mark.parametrize("noise", NOISE)
def test_the_limits_without_a_threshold_are_those_of_the_exact_law(noise):
    """Far below every score P is 1 and the means are r and 0."""
    law = score.Score(3, 0.4, *noise)
    far = -1e4
    assert float(law.tail(far)) == pytest.approx(1, abs=1e-12)
    assert float(score.conditional_mean(far, 3, *noise, True)) == pytest.approx(3, rel=1e-12)
    assert float(score.conditional_mean(far, 3, *noise, False)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("size", [2, 3, 16])
@pytest.mark.parametrize("noise", NOISE)
def test_the_kept_variance_is_below_its_bound_and_not_far(size, noise):
    """The exact kappa never passes the bound, and at the threshold r it is more than a third of it."""
    own, other = (1 + 1 / g for g in noise)
    bound = sp.lambdify(
        (theta, r, sp.Symbol("a"), sp.Symbol("b")),
        classes.KEPT_VARIANCE.subs({a_x: sp.Symbol("a"), a_y: sp.Symbol("b")}),
    )
    for share in (0.01, 1.0):
        law = score.Score(size, share, *noise)
        level = np.linspace(0.0, 8.0 * size, 33)
        kappa = law.kappa(level, side="right")
        assert np.all(kappa <= bound(level, size, own, other))
        at_r = float(law.kappa(float(size), side="right"))
        assert at_r > bound(size, size, own, other) / 3


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_corrupted_density_falls_on_each_side_of_zero(size):
    """The exact density of a corrupted score falls away from 0; that of a clean one does not."""
    level = np.geomspace(1e-3, 40.0, 200)
    density = score.log_density(level, size, 2.0, 2.0, False)
    assert np.all(np.diff(density) < 0)
    assert np.all(density == score.log_density(-level, size, 2.0, 2.0, False))
    if size > 2:
        assert not np.all(np.diff(score.log_density(level, size, 2.0, 2.0, True)) < 0)
