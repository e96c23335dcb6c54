import numpy as np
import pytest
from scipy import stats

from verification.fitting.clean_share import (
    HeldOut,
    both,
    chernoff_lower,
    clean_share,
    lower_bound,
    repaired_scores,
)


def halves(eta, clean, m=8000, seed=0):
    """Two halves with this share of clean pairs, whose scores `clean` draws; re-paired ones are normal."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(2):
        paired = np.where(rng.random(m) < eta, clean(m, rng), rng.standard_normal(m))
        levels = stats.norm.ppf([0.01, 0.03, 0.1, 0.25, 0.5])
        made.append(HeldOut(paired, rng.standard_normal((8, m)), levels))
    return tuple(made)


CLEAN = {
    "shifted": lambda m, rng: 2 + rng.standard_normal(m),
    "wide": lambda m, rng: 1 + 3 * rng.standard_t(3, m),
    "two kinds": lambda m, rng: np.where(rng.random(m) < 0.5, 4.0, -0.5) + 0.1 * rng.standard_normal(m),
    "no signal": lambda m, rng: rng.standard_normal(m),
}


@pytest.mark.parametrize("name", CLEAN)
def test_the_lower_bound_is_never_above_the_truth(name):
    """Whatever the law of clean pairs, 60 data sets at rate 0.05 without a miss beyond the binomial's."""
    misses = sum(lower_bound(halves(0.3, CLEAN[name], 1500, seed), 0.05) > 0.3 for seed in range(60))
    assert stats.binomtest(misses, 60, 0.05, "greater").pvalue > 1e-3


def test_the_lower_bound_is_not_empty():
    """The negative control: where clean scores are apart, the bound finds most of their share."""
    assert lower_bound(halves(0.3, CLEAN["shifted"]), 0.05) > 0.2
    assert lower_bound(halves(0.3, lambda m, rng: np.full(m, 9.0), 40_000), 0.05) > 0.26


def test_a_null_that_is_too_low_would_break_the_bound():
    """The negative control of the proof's premise: re-paired scores of another law make it lie."""
    shifted = tuple(HeldOut(h.paired, h.repaired - 1, h.levels) for h in halves(0.1, CLEAN["shifted"]))
    assert lower_bound(shifted, 0.05) > 0.1


def test_hoeffdings_bound_of_a_mean():
    """It lies below the mean, closes in with more terms, and covers at its rate."""
    assert chernoff_lower(0.0, 100, 0.05) == 0
    assert 0 < chernoff_lower(0.1, 100, 0.05) < chernoff_lower(0.1, 10_000, 0.05) < 0.1
    counts = np.random.default_rng(0).binomial(400, 0.2, 2000)
    misses = sum(chernoff_lower(c / 400, 400, 0.05) > 0.2 for c in counts)
    assert misses / 2000 < 0.05
    assert sum(chernoff_lower(c / 400, 400, 0.5) > 0.2 for c in counts) / 2000 > 0.05


@pytest.mark.parametrize("eta", [0.1, 0.5, 0.9])
def test_the_clean_share_is_found(eta):
    """Value within three of its interval's half-widths, the truth inside, the posterior calibrated."""
    made = halves(eta, CLEAN["shifted"])
    found = clean_share(made, 0.01)
    assert found.eta.holds(eta)
    assert found.eta.high - found.eta.low < 0.2
    rng = np.random.default_rng(9)
    clean = rng.random(20_000) < eta
    scores = np.where(clean, 2 + rng.standard_normal(20_000), rng.standard_normal(20_000))
    said = found.posterior(scores)
    assert abs(said.mean() - clean.mean()) < 0.05
    likely = said > 0.8
    assert abs(said[likely].mean() - clean[likely].mean()) < 0.05


def test_scores_that_are_no_such_mixture_are_noticed():
    """Pairs with opposite latents put scores below the re-paired ones: no clean share explains that."""
    assert clean_share(halves(0.4, CLEAN["shifted"]), 0.05).misfit < 0.1
    assert clean_share(halves(0.4, lambda m, rng: -2 + rng.standard_normal(m)), 0.05).misfit > 0.1


def test_two_scores_are_held_against_each_other():
    """The interval holds both; where neither fits it is the lower bound up to 1, whatever they say."""
    fitting, other = (clean_share(halves(0.4, CLEAN["shifted"], seed=seed), 0.05) for seed in (0, 1))
    found = both(fitting, other, 0.1, 0.05)
    assert (found.low, found.high) == (
        min(fitting.eta.low, other.eta.low),
        max(fitting.eta.high, other.eta.high),
    )
    assert found.value in (fitting.eta.value, other.eta.value)
    wrong = clean_share(halves(0.4, lambda m, rng: -2 + rng.standard_normal(m)), 0.05)
    assert not wrong.fits(0.05)
    assert both(fitting, wrong, 0.1, 0.05).value == fitting.eta.value
    none = both(wrong, wrong, 0.25, 0.05)
    assert (none.low, none.high) == (0.25, 1.0)
    assert 0.25 <= none.value <= 1


def test_pairs_that_score_like_corrupted_ones_show_in_no_score():
    """A tenth of the clean pairs at random: the share is too low by as much, and the fit sees nothing."""

    def some_at_random(m, rng):
        return np.where(rng.random(m) < 0.1, 0.0, 2.0) + rng.standard_normal(m)

    found = clean_share(halves(0.6, some_at_random), 0.05)
    assert found.fits(0.05)
    assert found.eta.value == pytest.approx(0.54, abs=0.02)
    assert not found.eta.holds(0.6)


def test_no_row_meets_itself():
    """Re-pairing uses every row once a line and never its own partner."""
    one_hot = np.eye(50)
    assert (repaired_scores(one_hot, one_hot, np.random.default_rng(0)) == 0).all()
