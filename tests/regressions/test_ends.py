"""Settings at which a claim was once false inside its own conditions, each with its right value."""

import math

import numpy as np
import pytest

from bounds import claims
from bounds.law import regimes
from bounds.law.kept_pairs import Model, View
from bounds.law.proportional import unfiltered_fit
from bounds.law.scales import selection, unfiltered_scales
from bounds.law.score import Score
from bounds.symbols import C
from verification import Setting, simulate
from verification.checks.conditions import meets

HIGH = {"C": 1, "gamma": 1000.0, "gamma_tilde": 1000.0}


def silent(claim_id, values):
    """Whether the claim says nothing at these values."""
    return not meets(claims[claim_id], values) and math.isnan(claims[claim_id].evaluate({**values, "C": 1}))


@pytest.mark.parametrize(
    ("clean", "ratio"), [(0.05, 2.5), (1e-3, 3.0), (1e-4, 10.5), (1e-5, 100.6), (1e-6, 998.0)]
)
def test_the_flat_regime_of_algorithm_1_ends_where_the_leak_begins(clean, ratio):
    """Drawn with n eta^2 = 4000: the claims on it speak down to 1/((1 + gamma) sqrt(r)) = 7e-4, not below."""
    setting = Setting(round(4000 / clean**2), 130, 2, 2, clean, 1000.0, 1000.0)
    drawn = simulate(setting, "teacher-filtered", theta=0.0, engine="limit", replicates=60, seed=1)
    found = float(np.median(drawn.errors)) / claims["regime-flat-student"].bound_at(setting.as_dict())
    assert found == pytest.approx(ratio, rel=0.06)
    for claim_id in ("regime-flat-student", "abstract"):
        assert silent(claim_id, setting.as_dict()) == (clean < 5e-4)
    # The oracle has no leak, and its claim goes on.
    assert not silent("regime-flat", setting.as_dict())


@pytest.mark.parametrize(("rank", "squared"), [(2, 3.17), (256, 0.378), (10**4, 0.018), (10**6, 2e-4)])
def test_the_flat_regime_of_the_oracle_ends_where_the_rank_is_large(rank, squared):
    """At eta = 1/20: the squared law over the squared order falls like 1/r, and the claim says nothing."""
    values = {**HIGH, "r": rank, "d": 2 * rank, "d_tilde": rank, "eta": 0.05, "n": 10**16}
    chosen = selection(Score(rank, 0.05, 1000.0, 1000.0), 0.0)
    law = float(chosen.fresh_scales(1.0)[0]) * 1000.0 / rank
    assert law == pytest.approx(squared, rel=0.1)
    assert silent("regime-flat", values) == (rank > 2)


@pytest.mark.parametrize(
    ("rank", "clean", "early"), [(2, 0.05, 6.3), (10**4, 0.01, 52.0), (10**6, 1e-3, 512.0)]
)
def test_the_abstract_s_threshold_0_is_not_used_above_its_switch(rank, clean, early):
    """Threshold 0 there is off by an unbounded factor; by 1/(3 r) it is within one of 10, as r/2 is above."""
    noise = (1000.0, 1000.0)
    own = clean >= 1 / (3 * rank)  # the threshold is r/2

    def over(threshold):
        chosen = selection(Score(rank, clean, *noise), threshold)
        scale = chosen.student_scales(unfiltered_scales(0.5, clean, *noise), 0.5)[0]
        return float(scale) * noise[0] / min(1 / clean, rank)

    assert over(0.0) == pytest.approx(early, rel=0.05)
    assert 1 < over(rank / 2 if own else 0.0) < 10


def test_remark_4_1_is_as_sure_as_the_smaller_side_allows():
    """r = 1, d = 2, one normal variable on the left: above the bound in 15% of all draws whatever d~."""
    claim = claims["remark-4-1"]
    setting = Setting(10**7, 2, 400, 1, 1.0, 1.0, 1e9)
    errors = simulate(setting, "unfiltered", replicates=2000, seed=1).errors
    bound = float(claim.bound_at(setting.as_dict()))
    assert np.mean(errors > bound) == pytest.approx(0.152, abs=0.035)
    by_dimension = {s: setting.as_dict()[s.name] for s in claim.probability.free_symbols if s != C}
    stated = float(claim.probability.subs({**by_dimension, C: 1}))
    assert stated == pytest.approx(1 - math.exp(-2))
    # The same at three times as many dimensions on the right, where exp(-C d~) is cubed.
    wider = simulate(Setting(10**7, 2, 1200, 1, 1.0, 1.0, 1e9), "unfiltered", replicates=2000, seed=2).errors
    assert np.mean(wider > bound) == pytest.approx(0.152, abs=0.035)


RANK_4 = {"r": 4, "d_tilde": 4}
FIGURE = {"d": 10, "d_tilde": 8, "r": 4, "gamma": 1e4, "gamma_tilde": 1e4}
NO_SAMPLES = [
    ("regime-leak", {**RANK_4, "n": 100, "d": 36, "eta": 1e-3, "gamma": 0.3, "gamma_tilde": 0.3}, 3308),
    ("regime-clean", {**HIGH, **RANK_4, "n": 100, "d": 10**9, "eta": 0.2}, 447),
    ("regime-flat", {**HIGH, **RANK_4, "n": 4, "d": 10**9, "eta": 0.01}, 2000),
    ("regime-flat-student", {**HIGH, **RANK_4, "n": 4, "d": 10**9, "eta": 0.01}, 2000),
    ("figure-3a-unfiltered", {**FIGURE, "n": 10**7, "eta": 1e-9}, 3162),
]


@pytest.mark.parametrize(("claim_id", "values", "order"), NO_SAMPLES, ids=[case[0] for case in NO_SAMPLES])
def test_an_order_beyond_every_error_is_not_claimed(claim_id, values, order):
    """So few pairs that the order passes sqrt(r) = 2, which no error does, by far."""
    assert claims[claim_id].bound_at(values) == pytest.approx(order, rel=0.01)
    assert silent(claim_id, values)


def test_the_unfiltered_curve_of_figure_3a_is_claimed_at_little_noise_only():
    """At gamma = 1e-3 the law is 155 times the order."""
    values = {"n": 10**7, "d": 10, "d_tilde": 8, "r": 4, "eta": 1.0, "gamma": 1e-3, "gamma_tilde": 1e-3}
    law = math.sqrt(24 * float(unfiltered_scales(10**7, 1.0, 1e-3, 1e-3)[0]))
    assert law == pytest.approx(1.55, rel=0.01)
    assert claims["figure-3a-unfiltered"].bound_at(values) == pytest.approx(0.01)
    assert silent("figure-3a-unfiltered", values)


def test_the_filtered_curve_of_figure_3a_has_an_error_where_it_is_claimed():
    """With d = d~ = r both subspaces are everything: the error is 0 and no order is claimed."""
    setting = Setting(10**4, 4, 4, 4, 0.5, 1e4, 1e4)
    assert not np.any(simulate(setting, "teacher-filtered", theta=0.0, replicates=3, seed=1).errors > 1e-6)
    assert silent("figure-3a-filtered-large", setting.as_dict())


@pytest.mark.parametrize(
    ("claim_id", "rank", "snr", "crossings"),
    [
        ("regime-crossings", 1, 10**4, ()),
        ("regime-crossings", 4, 5, (0.725,)),
        ("regime-switch-small-rank", 4, 5, (0.725,)),
        ("regime-switch-small-rank", 4, 7, (0.00140,)),
        ("regime-switch-sharp", 16, 1, ()),
    ],
)
def test_the_switch_is_claimed_where_it_was_enclosed(claim_id, rank, snr, crossings):
    """The true first crossings at other settings, and that the claim is about none of them."""
    found = regimes.crossings(rank, snr, snr)[: len(crossings) or None]
    assert found == pytest.approx(crossings, rel=5e-3)
    assert not meets(claims[claim_id], {"r": rank, "gamma": snr, "gamma_tilde": snr})


@pytest.mark.parametrize(("multiple", "square"), [(1, 0.967), (3, 0.857)])
def test_the_geometric_mean_of_the_dimensions_is_not_enough_for_a_small_error(multiple, square):
    """12 800 dimensions against 50: something is learned from n_c on, and the error is the larger side's."""
    values = {"d": 12801, "d_tilde": 51, "r": 1, "eta": 0.002, "gamma": 0.5, "gamma_tilde": 0.031}
    pairs = multiple * claims["transition-geometric-mean"].evaluate(values)
    fit = unfiltered_fit(Model(**values), pairs)
    assert float(fit.left_sine**2) == pytest.approx(square, abs=0.01)
    assert claims["transition-error"].evaluate({**values, "n": 3 * pairs / multiple}) > 0.85
    assert "begins to learn" in claims["transition-geometric-mean"].title


@pytest.mark.parametrize(("rank", "ratio"), [(2**10, 0.91), (2**14, 0.66), (2**18, 0.076)])
def test_a_teacher_keeps_a_vanishing_part_of_what_the_oracle_keeps(rank, ratio):
    """At threshold r, four times the samples of Step 4.1 and eta = 1; its share is the teacher's own."""
    model = Model(2 * rank, 2 * rank, rank, 1.0, 1.0, 1.0)
    view = View(model, unfiltered_fit(model, 4 * 4 * 2 * rank))
    kept, _, _ = view.kept(view.threshold(float(rank), 1.0))
    oracle = math.exp(float(Score(rank, 1.0, 1.0, 1.0).log_tail(float(rank))))
    assert float(kept) / oracle == pytest.approx(ratio, rel=0.02)
    assert "the share that this teacher keeps" in claims["step-4-1"].statement


@pytest.mark.parametrize(("pairs", "power", "speaks"), [(10_000, 0.62, False), (200_000, 0.19, True)])
def test_the_filtered_curve_of_figure_3a_is_flat_once_its_teacher_has_found_the_signal(pairs, power, speaks):
    """With n eta^2 = 4 at eta = 0.02 it has not, and the power of 1/eta is above the 0.43 that is claimed."""
    ends = []
    for clean in (0.1, 0.02):
        setting = Setting(pairs, 10, 8, 4, clean, 1e4, 1e4)
        ends.append(
            np.median(simulate(setting, "teacher-filtered", theta=0.0, replicates=200, seed=3).errors)
        )
    assert math.log(ends[1] / ends[0]) / math.log(5) == pytest.approx(power, abs=0.12)
    values = {**Setting(pairs, 10, 8, 4, 0.02, 1e4, 1e4).as_dict(), "C": 60}
    assert meets(claims["figure-3a-filtered"], values) == speaks


def left_sine(setting, replicates):
    """The mean squared sine of the left angle of an unfiltered fit, drawn."""
    return np.mean([draw.left**2 for draw in simulate(setting, replicates=replicates, seed=2).draws])


@pytest.mark.parametrize(("size", "snr", "drawn"), [(300, 2.0, 0.3), (300, 3.0, 0.36)])
def test_a_modality_that_shows_by_itself_has_no_least_clean_fraction(size, snr, drawn):
    """Drawn at eta = 1e-12 the fit has overlap: the outlier's equation is claimed where kappa w < 1 only."""
    setting = Setting(50 * size, size + 1, size + 1, 1, 1e-12, snr, snr)
    assert 1 - left_sine(setting, 30) == pytest.approx(drawn, rel=0.25)
    edge = {
        "n": setting.n,
        "d": setting.d,
        "d_tilde": setting.d_tilde,
        "r": 1,
        "gamma": snr,
        "gamma_tilde": snr,
    }
    assert not meets(claims["transition-outlier"], {**edge, "w": size / setting.n})
    assert meets(
        claims["transition-outlier"], {**edge, "gamma": 0.5, "gamma_tilde": 0.5, "w": size / setting.n}
    )


@pytest.mark.parametrize(
    ("left", "right", "snr", "clean", "drawn"), [(11, 9001, 0.1, 0.1, 0.05), (31, 3001, 0.3, 0.03, 0.06)]
)
def test_an_error_beyond_the_transition_is_claimed_where_the_covariance_is_hidden(
    left, right, snr, clean, drawn
):
    """gamma sqrt(q/p) = 3: the left subspace shows by itself and errs less than a faint signal's limit."""
    other = 0.1 if snr == 0.1 else 0.03
    strength = 2 * math.sqrt((left - 1) * (right - 1))
    setting = Setting(round(strength / (snr * other * clean**2)), left, right, 1, clean, snr, other)
    said = claims["transition-error"].bound_at(setting.as_dict())
    assert said == pytest.approx(0.27, abs=0.02)
    assert left_sine(setting, 20) == pytest.approx(drawn, rel=0.4)
    assert not meets(claims["transition-error"], setting.as_dict())
