import math

import numpy as np
import pytest
from scipy import stats

from verification.errors import InvalidArgument
from verification.fitting.fit import fit
from verification.fitting.moments import moments
from verification.fitting.reading import open_rows
from verification.fitting.spectrum import RowMoments, eta_estimate, modality, null_correlation, rank_of
from verification.setting import Setting
from verification.studies import pairs

SETTING = Setting(n=12_000, d=24, d_tilde=18, r=3, eta=0.4, gamma=3.0, gamma_tilde=8.0)


def drawn(setting=SETTING, seed=0, **parts):
    """Pairs of a setting, with parts of the model exchanged."""
    return pairs.maker(**parts)(setting, np.random.default_rng(seed))


def moments_of(x, y):
    """What the first pass keeps of pairs."""
    return moments(open_rows(x, "X", None), open_rows(y, "Y", None), 0)


def test_parameters_are_found_whatever_the_units():
    """r, both gammas and eta, for rows that were shifted, scaled and turned."""
    x, y = drawn()
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((24, 24)))[0]
    found = fit(40 * (x @ turn) - 7, 0.01 * y + 3)
    assert (found.r.low, found.r.value, found.r.high) == (3, 3, 3)
    assert found.gamma.holds(SETTING.gamma)
    assert found.gamma_tilde.holds(SETTING.gamma_tilde)
    assert found.eta_model.holds(SETTING.eta)
    assert max(found.gamma.high / 3, found.eta_model.high / 0.4) < 1.2


def test_noise_alone_shows_a_direction_at_the_stated_rate_only():
    """The edge's level, from 300 draws of unrelated rows; a lower edge would be passed too often."""
    rng = np.random.default_rng(0)
    p, q, n = 6, 9, 300
    tops = []
    for _ in range(300):
        x, y = (np.linalg.qr(a - a.mean(axis=0))[0] for a in rng.standard_normal((2, n, q)))
        tops.append(np.linalg.svd(x[:, :p].T @ y, compute_uv=False)[0])
    tops = np.array(tops)
    above = int((tops > null_correlation(p, q, n, 0.1)).sum())
    assert stats.binomtest(above, 300, 0.1).pvalue > 1e-4
    wrong = int((tops > null_correlation(p, q, n, 0.4)).sum())
    assert stats.binomtest(wrong, 300, 0.1).pvalue < 1e-4


@pytest.mark.parametrize(
    ("n", "d", "d_tilde", "r"), [(1500, 20, 20, 16), (2000, 10, 30, 10), (2000, 8, 8, 7)]
)
def test_the_interval_of_the_rank_holds_it_where_its_directions_hardly_show(n, d, d_tilde, r):
    """At 1.2 times the noise's edge, each end in 60 draws; one less than its upper end misses."""
    edge = null_correlation(d, d_tilde, n, 0.025)
    setting = Setting(n, d, d_tilde, r, 1.2 * edge * 1.2, 5.0, 5.0)
    shown = [rank_of(moments_of(*drawn(setting, seed)), 0.05, seed) for seed in range(60)]
    for missed in (sum(rank.low > r for rank in shown), sum(rank.high < r for rank in shown)):
        assert stats.binomtest(missed, 60, 0.025, "greater").pvalue > 1e-4
    shorter = sum(rank.high - 1 < r for rank in shown)
    assert stats.binomtest(shorter, 60, 0.025, "greater").pvalue < 1e-4


def test_one_against_many_is_the_beta_law():
    """With one column the largest correlation is the multiple one: exact."""
    edge = null_correlation(1, 5, 100, 0.05)
    assert stats.beta.sf(edge**2, 2.5, 47) == pytest.approx(0.05, rel=1e-9)


def test_the_spike_is_read_through_its_noise():
    """At d/n = 0.2 the eigenvalues are far off; the corrected ones are not, the raw ones would be."""
    rng = np.random.default_rng(2)
    n, d, r = 2000, 400, 4
    x = rng.standard_normal((n, d))
    x[:, :r] *= math.sqrt(1 + 3.0)
    side = modality(np.cov(x.T), n, r)
    assert abs(side.gamma / 3.0 - 1) < 0.05
    assert abs(side.noise - 1) < 0.01
    raw = np.linalg.eigvalsh(np.cov(x.T))
    assert raw[-r:].mean() / raw[:-r].mean() - 1 > 3.2


def test_too_few_pairs_show_nothing_and_say_so():
    """No parameters are made up where no direction is seen; --rank goes on at the user's word."""
    few = Setting(300, 24, 18, 3, 0.05, 1.0, 1.0)
    with pytest.raises(InvalidArgument, match="show no shared direction"):
        fit(*drawn(few))
    found = fit(*drawn(few), rank=3)
    assert found.r.value == 3
    assert found.r.low == 0
    assert found.decision == "undecided"


@pytest.mark.parametrize("rank", [0, 19, 2.5])
def test_a_rank_that_cannot_be_is_refused(rank):
    """r lies between 1 and the columns of the narrower modality."""
    with pytest.raises(InvalidArgument, match="rank must be a whole number"):
        fit(*drawn(), rank=rank)


@pytest.mark.parametrize("alpha", [0.5, 0.05, 1e-6])
@pytest.mark.parametrize("share", [0.0, 0.9, 1.0, 1.1, 2.0, 30.0])
@pytest.mark.parametrize("score", [0.5, 1e3])
def test_the_interval_of_eta_holds_its_value(alpha, share, score):
    """At any level, strength of the signal and spread of the score, below the noise's products as above."""
    found = moments_of(*drawn())
    sides = modality(found.cov_x, found.n, 3), modality(found.cov_y, found.n, 3)
    lengths = [3 * float(side.spikes.mean()) for side in sides]
    means = np.array([0.0, *lengths, 1.0, 1.0])
    rows = RowMoments(means, np.diag([score, *means[1:]]))
    square = share * rows.product / found.n
    eta = eta_estimate(*sides, square, rows, found.n, 3, alpha)
    assert 0 <= eta.low <= eta.value <= eta.high <= 1
    assert (eta.value == 0) == (share <= 1)
