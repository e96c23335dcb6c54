"""The two theorems on one round: proved as stated, false when changed, and true of the exact law."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from proof_checks import check_outcome, check_wrong_bound, steps, symbolic

from bounds import claims
from bounds.law import score
from bounds.law.scales import selection, unfiltered_scales
from bounds.paper import one_round
from bounds.symbols import N, eta, gamma, gamma_tilde, n_T


@pytest.mark.parametrize("claim", symbolic(one_round.CLAIMS), ids=lambda c: c.id)
def test_each_theorem_on_one_round_is_proved(claim):
    """Each comes out as registered, in time."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", symbolic(one_round.CLAIMS), ids=lambda c: c.id)
def test_no_theorem_on_one_round_accepts_a_wrong_value(claim):
    """A bound that is wrong by a hundredth is not proved."""
    check_wrong_bound(claim)


@pytest.mark.parametrize("entry", [0, 1])
def test_each_entry_of_the_floor_is_needed(entry):
    """Twice one entry of the min, the other left alone, is not proved."""
    claim = claims["theorem-1-no-threshold"]
    (node,) = claim.bound.atoms(sp.Min)
    entries = list(node.args)
    entries[entry] *= 2
    changed = claim.with_bound(claim.bound.xreplace({node: sp.Min(*entries)}))
    assert not all(step.truth for step in steps(changed))


def numbers(size, noise, thresholds):
    """J for one rank and noise, over many thresholds."""
    tail = np.exp(score.log_tail(thresholds, size, noise, noise, False))
    edge = size * np.exp(score.log_tail(thresholds, size, noise, noise, True))
    edge += thresholds * np.exp(score.log_density(thresholds, size, noise, noise, True))
    return float(np.min((1 + 1 / noise) / 2 * size**2 * tail / edge**2))


@pytest.mark.parametrize(("size", "noise"), [(2, 1.0), (3, 0.2), (4, 5.0)])
@pytest.mark.parametrize("share", [0.5, 0.05, 0.002])
def test_the_floor_lies_below_the_exact_scale_at_every_threshold(size, noise, share):
    """The stated V_L is never above the exact one; without its factors 1/4 it is, somewhere."""
    width = 1 + 1 / noise
    thresholds = np.linspace(-30 * width, 20 * width * (width + 1), 3001)
    floor = numbers(size, noise, thresholds)
    at = {gamma: noise, gamma_tilde: noise, eta: share, N: 1, n_T: 1, one_round.FLOOR: floor}
    teacher = unfiltered_scales(1.0, share, noise, noise)
    found, _ = selection(score.Score(size, share, noise, noise), thresholds).student_scales(teacher, 1.0)
    stated = float(one_round.NO_THRESHOLD.subs(at))
    assert np.all(found >= stated)
    if share < 0.01:
        assert found.min() < 16 * stated


def test_the_gain_needs_the_other_samples_to_be_named():
    """The gain with the two samples exchanged is another number, and is not proved."""
    claim = claims["theorem-1-one-round"]
    swapped = claim.bound.subs({N: n_T, n_T: N}, simultaneous=True)
    assert not all(step.truth for step in steps(replace(claim, bound=swapped)))
