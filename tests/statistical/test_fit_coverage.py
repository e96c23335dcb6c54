"""Intervals of `fit` on random synthetic sets: how often they miss, against the rate that they state."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from verification.fitting.fit import fit
from verification.setting import Setting
from verification.studies import fit_coverage, pairs


@pytest.mark.slow
@pytest.mark.parametrize("kind", fit_coverage.MAKERS)
def test_intervals_cover_at_their_rate(kind):
    """No interval misses more often than its rate allows, and the lower bound holds for any clean pairs."""
    rows = [fit_coverage.one_set(kind, 1, i) for i in range(40)]
    for name, (missed, tries) in fit_coverage.misses(rows).items():
        if name.endswith("scores") and kind != "isotropic":
            continue
        assert stats.binomtest(missed, tries, fit_coverage.ALPHA, "greater").pvalue > 1e-4, name


@pytest.mark.slow
def test_half_the_claimed_share_would_be_noticed():
    """The negative control: intervals at the same places with a wrong truth miss far too often."""
    rng = np.random.default_rng(3)
    misses = 0
    for i in range(12):
        setting = Setting(20_000, 20, 20, 2, 0.5, 5.0, 5.0)
        found = fit(*pairs.maker()(setting, rng), seed=i)
        misses += not found.eta_free.holds(0.4)
    assert stats.binomtest(misses, 12, fit_coverage.ALPHA, "greater").pvalue < 1e-4
