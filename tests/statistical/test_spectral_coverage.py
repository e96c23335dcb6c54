"""The model's intervals of gamma, gamma~ and eta against their rate, at any number of columns and pairs.

Declared error rate: each assertion of a rate fails with probability below 1e-4 where the rate is as stated.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from verification.fitting.moments import moments
from verification.fitting.reading import open_rows
from verification.fitting.scoring import _row_moments
from verification.fitting.spectrum import Modality, RowMoments, modality, polar
from verification.setting import Setting
from verification.studies import pairs, spectral_coverage
from verification.studies.fit_coverage import random_setting

WEAK = Setting(2000, 20, 20, 16, 0.2, 1.0, 1.0)
"""As much noise in each entry of the leading bases' cross-covariance as a tenth of eta, and many entries."""


def weak(rng):
    """WEAK, every time."""
    return WEAK


def places(make, draws, seed=0):
    """(name, place) -> how often, over settings from `make`."""
    found = Counter()
    for i in range(draws):
        rng = np.random.default_rng([seed, i])
        found.update(spectral_coverage.one_draw(make(rng), rng).items())
    return found


def rate_p(found, name, draws):
    """p-value of the stated rate."""
    return stats.binomtest(draws - found[name, "holds"], draws, spectral_coverage.ALPHA).pvalue


@pytest.mark.parametrize(
    ("make", "draws"),
    [(random_setting, 2000), (spectral_coverage.crowded_setting, 150), (weak, 400)],
)
def test_intervals_of_the_model_miss_at_their_rate(make, draws):
    """Neither more nor less often than stated, at both ends: over all settings, and at two hard corners."""
    found = places(make, draws)
    for name in ("gamma", "gamma~", "eta"):
        assert rate_p(found, name, draws) > 1e-4, (name, found)
        for end in ("above", "below"):
            assert stats.binomtest(found[name, end], draws, 0.025).pvalue > 1e-4, (name, found)


def test_leading_directions_that_are_taken_for_independent_of_their_rows_are_noticed(monkeypatch):
    """The negative control: eta read through the cosines alone is too large where columns are many."""
    monkeypatch.setattr(Modality, "seen", property(lambda side: side.scale * math.sqrt(side.cosine2)))
    found = places(spectral_coverage.crowded_setting, 60)
    assert stats.binomtest(found["eta", "above"], 60, 0.025, "greater").pvalue < 1e-4


def test_the_rows_own_products_left_in_are_noticed(monkeypatch):
    """The negative control at many weak directions: noise squared is taken for signal."""
    monkeypatch.setattr(RowMoments, "product", property(lambda rows: 0.0))
    found = places(weak, 60)
    assert stats.binomtest(found["eta", "above"], 60, 0.025, "greater").pvalue < 1e-4


def test_raw_eigenvalues_are_noticed():
    """The negative control for gamma: intervals miss the ratio to which raw eigenvalues tend."""
    missed = 0
    for i in range(60):
        rng = np.random.default_rng([1, i])
        setting = spectral_coverage.crowded_setting(rng)
        raw = (1 + setting.gamma) * (1 + (setting.d - setting.r) / setting.n / setting.gamma) - 1
        missed += not spectral_coverage.intervals(setting, rng)["gamma"].holds(raw)
    assert stats.binomtest(missed, 60, spectral_coverage.ALPHA, "greater").pvalue < 1e-4


def test_moments_drawn_without_rows_are_those_of_rows():
    """The five moments from the law, against the rows' own in the same bases."""
    setting = Setting(20_000, 12, 9, 3, 0.4, 2.0, 5.0)
    x, y = pairs.maker()(setting, np.random.default_rng(4))
    found = moments(open_rows(x, "X", None), open_rows(y, "Y", None), 0)
    sides = modality(found.cov_x, setting.n, 3), modality(found.cov_y, setting.n, 3)
    rotation = polar(found, *sides)[0]
    cov = np.block([[found.cov_x, found.cross], [found.cross.T, found.cov_y]])
    drawn = spectral_coverage.row_moments(setting, cov, *sides, rotation)
    left, right = x - found.mean_x, y - found.mean_y
    rows = _row_moments((left, right), left @ sides[0].basis @ rotation, right @ sides[1].basis)
    assert drawn.means == pytest.approx(rows.mean(axis=1), rel=0.05)
    spread = np.sqrt(np.diag(drawn.cov))
    assert np.abs((np.cov(rows) - drawn.cov) / np.outer(spread, spread)).max() < 0.05


def test_a_covariance_drawn_without_rows_has_the_mean_and_spread_of_one_from_rows():
    """Every entry's mean over 4000 draws, and an entry's variance; few clean pairs included."""
    setting = Setting(60, 3, 3, 2, 0.06, 2.0, 5.0)
    drawn = [spectral_coverage.drawn_covariance(setting, np.random.default_rng([2, i])) for i in range(4000)]
    made = []
    for i in range(4000):
        rows = np.concatenate(pairs.maker()(setting, np.random.default_rng([3, i])), axis=1)
        made.append(np.cov(rows.T, bias=True))
    one, other = np.array(drawn), np.array(made)
    error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / 4000)
    assert np.abs((one.mean(axis=0) - other.mean(axis=0)) / error).max() < 4.5
    assert one.var(axis=0) == pytest.approx(other.var(axis=0), rel=0.2)
