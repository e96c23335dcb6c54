"""What is measured of two halves that filter each other, held against drawn errors and the law."""

import numpy as np
import pytest

from verification.engines import estimate
from verification.fitting import alternatives, payoff, scoring
from verification.fitting.moments import moments
from verification.fitting.reading import open_rows
from verification.fitting.spectrum import modality, polar
from verification.setting import Setting
from verification.studies import pairs

SETTING = Setting(n=8000, d=24, d_tilde=24, r=2, eta=0.2, gamma=5.0, gamma_tilde=5.0)
BIN = 4
"""Keeps 70%: what leaks of the teacher's error is a large part of the student's there."""


def measured(seed, n=SETTING.n):
    """Squared errors as the rows show them, and the drawn ones of all pairs and of the kept ones."""
    r = SETTING.r
    x, y = pairs.maker()(SETTING, np.random.default_rng(seed))
    rows = open_rows(x, "X"), open_rows(y, "Y")
    found = moments(*rows, seed)
    fitted = estimate.fit(found.cross, r)
    sides = modality(found.cov_x, n, r), modality(found.cov_y, n, r)
    scored = scoring.score_rows(*rows, found, fitted, sides, polar(found, *sides)[0], None, seed)
    seen = payoff.squares(scored.kept)
    drawn = []
    for kept in (slice(None), scored.scores >= scored.thresholds[BIN - 1]):
        student = estimate.fit(estimate.cross_covariance(x[kept], y[kept]), r)
        drawn.append(estimate.chordal_distance(student.left, np.eye(SETTING.d, r)) ** 2)
    left = seen[BIN][0]
    return (left.all.value, left.filtered.value), drawn, scored.kept, seen


@pytest.fixture(scope="module")
def several():
    """A dozen draws."""
    return [measured(seed) for seed in range(12)]


def means(found):
    """Mean squared errors as measured and as drawn: (all pairs, filtered) each."""
    return np.mean([line[0] for line in found], axis=0), np.mean([line[1] for line in found], axis=0)


def test_both_squared_errors_are_measured_without_a_model(several):
    """Of all pairs and of the pooled kept ones, within the noise of a dozen draws."""
    seen, drawn = means(several)
    assert seen == pytest.approx(drawn, rel=0.12)
    assert drawn[1] < 0.5 * drawn[0]


def test_teachers_that_keep_their_folds_would_be_noticed(several, monkeypatch):
    """The negative control: with the teachers' part of the folds left out the filter is called too good."""
    monkeypatch.setattr(scoring, "_move", lambda *_: None)
    seen, drawn = means([measured(seed) for seed in range(6)])
    assert seen[0] == pytest.approx(means(several[:6])[0][0])
    assert seen[1] < 0.7 * drawn[1]


def test_the_law_of_crossed_halves_is_what_is_drawn(several):
    """Mean squares of one side; one round's law, which spends a half, is far off."""
    law = alternatives.forecast(SETTING, 0.7)
    drawn = np.mean([line[1][1] for line in several])
    dof = (SETTING.d - SETTING.r) * SETTING.r
    # of two like sides the larger one's mean: its square is near the mean square of either
    one = law.one_round.law("teacher-filtered").first_order
    share = (one.left_scale * dof) ** 0.5 / one.mean
    assert (law.crossed * share) ** 2 == pytest.approx(drawn, rel=0.15)
    assert (one.mean * share) ** 2 > 1.3 * drawn


def test_the_models_share_is_the_best_of_its_law():
    """No share beside it has a smaller error by the law of crossed halves."""
    best = alternatives.model_share(SETTING)
    errors = [alternatives.forecast(SETTING, share).crossed for share in (best, 0.7 * best, 1.4 * best)]
    assert errors[0] < min(errors[1:])


def test_an_interval_at_every_share_costs_little_where_they_tell_the_same(several):
    """One failure rate for one statistic or many copies of it; unrelated ones need a share each."""
    rng = np.random.default_rng(0)

    def statistic():
        return payoff.Statistic(1.0, rng.standard_normal(40))

    top, bottom = payoff.Statistic(2.0, np.zeros(40)), statistic()
    assert payoff._at_once([bottom] * 12, top, 0.025) == pytest.approx(0.025, abs=0.006)
    assert payoff._at_once([statistic() for _ in range(12)], top, 0.025) < 0.004
    _, _, _, seen = several[0]
    near = [sides[0].filtered for b, sides in seen.items() if b]
    assert 0.025 / len(near) < payoff._at_once(near, seen[0][0].all, 0.025) < 0.025


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.021, 1.5, "pays"),
        (0.9, 1.015, "does-not-pay"),
        (0.5, 0.9, "does-not-pay"),
        (0.9, 1.03, "undecided"),
        (1.01, 1.5, "undecided"),
    ],
)
def test_the_decision_is_where_the_interval_lies(low, high, said):
    """All of it above a gain that is worth having, or all below."""
    gain = payoff.Estimate(1.0, low, high)
    assert payoff.Payoff(0.5, 1, gain, 1.0, 1.0, ()).decision == said


def test_the_choice_of_a_share_widens_the_interval(several):
    """The same share, known beforehand, has the shorter one."""
    _, _, kept, seen = several[0]
    chosen = payoff.payoff(kept, seen, 0.05, None)
    known = payoff.payoff(kept, seen, 0.05, chosen.bin)
    assert known.gain.value == chosen.gain.value
    assert chosen.gain.low < known.gain.low
    assert known.gain.high <= chosen.gain.high
