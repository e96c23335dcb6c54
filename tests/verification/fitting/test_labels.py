import math

import numpy as np
import pytest

from verification.fitting import labels
from verification.fitting.fit import fit
from verification.fitting.spectrum import Estimate

ETA = 0.3
SIZE = 6000


def scored(seed, size=SIZE, ahead=2.0):
    """True labels, scores of normal laws `ahead` apart, and re-paired ones."""
    rng = np.random.default_rng(seed)
    truth = rng.random(size) < ETA
    scores = rng.standard_normal(size) + ahead * truth
    return truth, scores, rng.standard_normal(size)


TRUTH, SCORES, REPAIRED = scored(0)
FREE = Estimate(ETA, ETA - 0.03, ETA + 0.03)


def said(known):
    """The check of labels on the drawn scores, the third of the pairs with the highest kept."""
    kept = np.quantile(SCORES, 2 / 3) <= SCORES
    return labels.labelled(np.asarray(known), SCORES, REPAIRED, FREE, kept, 0.05)


def test_right_labels_agree_and_tell_how_many_kept_pairs_are_corrupted():
    """The share in percent, and the true number of corrupted pairs among those that are kept."""
    found = said(TRUTH)
    kept = np.quantile(SCORES, 2 / 3) <= SCORES
    assert found.holds
    assert f"The labels call {TRUTH.mean():.1%} of the pairs clean; their scores" in found.message
    assert f"by them {1 - TRUTH[kept].mean():.1%} of the pairs that the filter keeps" in found.message


@pytest.mark.parametrize("moved", [np.random.default_rng(5).permutation, lambda known: np.roll(known, 1)])
def test_labels_of_other_rows_are_called_that(moved):
    """Permuted and shifted labels call as many clean; the scores of those say that they are not."""
    found = said(moved(TRUTH))
    assert found.holds is False
    assert "score no higher than the others (Mann-Whitney test, p = " in found.message
    assert found.message.endswith("are the labels those of these rows?")
    assert "that the filter keeps" not in found.message


def test_swapped_labels_are_called_that():
    """Labels with 0 and 1 exchanged, whatever their share."""
    for known in (~TRUTH, SCORES < 1.0):
        found = said(known)
        assert found.holds is False
        assert "are 0 and 1 swapped? (1 is a clean pair)" in found.message


def test_labels_that_are_partly_wrong_are_told_with_how_many_are_right():
    """A third of the labels belong to other rows: as many clean ones, of which 0.7 (2/3 + ETA/3) are."""
    known = TRUTH.copy()
    known[: SIZE // 3] = np.random.default_rng(6).permutation(known[: SIZE // 3])
    found = said(known)
    assert found.holds is False
    share = int(found.message.split("only about ")[1].split("%")[0]) / 100
    assert share == pytest.approx(TRUTH[known].mean(), abs=0.06)


def test_another_share_is_told():
    """Labels of half of the clean pairs say less than the scores; all-clean ones more."""
    half = TRUTH & (np.arange(SIZE) % 2 == 0)
    assert "does not agree: trust the labels if they name every clean pair" in said(half).message
    every = said(np.ones(SIZE, bool))
    assert every.holds is False
    assert every.message.startswith("The labels call 100.0% of the pairs clean; the estimate")


def test_too_few_pairs_to_tell_are_no_verdict():
    """Right labels that the scores cannot see are not called wrong."""
    truth, scores, repaired = scored(3, 40, 0.2)
    found = labels.labelled(truth, scores, repaired, Estimate(ETA, 0.0, 1.0), truth, 0.001)
    assert found.holds is None
    assert "too few to tell" in found.message


def test_the_test_has_its_error_rate_and_the_interval_its_coverage():
    """Permuted labels are called higher at the rate alpha, and the interval holds 0 for them and 1 for right
    ones; an interval of a third of the width does not."""
    rng = np.random.default_rng(7)
    higher = nothing = right = short = 0
    runs = 200
    for _ in range(runs):
        truth = rng.random(2000) < ETA
        scores = rng.standard_normal(2000) + 2 * truth
        repaired = rng.standard_normal(2000)
        other = labels.separation(rng.permutation(truth), scores, repaired, 0.1)
        own = labels.separation(truth, scores, repaired, 0.1)
        higher += other.higher_p < 0.1
        nothing += other.told.holds(0.0)
        right += own.told.holds(1.0)
        short += abs(other.told.value) < (other.told.high - other.told.low) / 6
        assert own.higher_p < 1e-9
    reach = 3.5 * math.sqrt(0.09 * runs)
    assert abs(higher - 0.1 * runs) < reach
    assert abs(nothing - 0.9 * runs) < reach
    assert right > 0.9 * runs - reach
    assert short < 0.7 * runs


def test_fit_holds_labels_against_the_scores_that_have_not_seen_them():
    """True labels of drawn pairs pass, those of the next rows do not."""
    rng = np.random.default_rng(0)
    truth = rng.random(6000) < 0.3
    z = rng.standard_normal((6000, 3))
    other = np.where(truth[:, None], z, rng.standard_normal((6000, 3)))
    x, y = (
        np.hstack([4 * part, np.zeros((6000, 9))]) + rng.standard_normal((6000, 12)) for part in (z, other)
    )
    for known, right in ((truth, True), (np.roll(truth, 1), False)):
        found = fit(x, y, labels=known)
        check = next(check for check in found.checks if check.id == "labels")
        assert check.holds is right
        assert check.message in found.sentences()
        assert ("score no higher" in check.message) is not right
