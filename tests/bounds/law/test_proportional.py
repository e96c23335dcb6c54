"""The law at any sample size: its limits, its ends, the transition, and draws that refute wrong laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from scipy import stats

from bounds.law import proportional, scales
from bounds.law.kept_pairs import ORACLE, Model, View
from bounds.law.outlier import Noise, leading
from bounds.law.proportional import (
    AnySizeLaw,
    noise_of,
    oracle_law,
    teacher_law,
    transition,
    unfiltered_fit,
    unfiltered_law,
)
from bounds.law.score import Score
from verification.prediction.law import predict_procedure
from verification.setting import Procedure, Setting
from verification.simulation import simulate

MODEL = Model(100, 80, 3, 0.1, 2.0, 5.0)

models = st.builds(
    lambda r, more, more_tilde, eta, gamma, gamma_tilde: Model(
        r + more, r + more_tilde, r, eta, gamma, gamma_tilde
    ),
    st.integers(1, 8),
    st.sampled_from([0, 1, 5, 300]),
    st.sampled_from([0, 1, 7, 200]),
    st.sampled_from([1e-300, 1e-12, 1e-3, 0.1, 0.5, 1.0]),
    st.sampled_from([1e-12, 0.1, 1.0, 1e4, 1e12, math.inf]),
    st.sampled_from([1e-9, 0.3, 30.0, math.inf]),
)


def close(law: AnySizeLaw, first: scales.ErrorLaw, tolerance: float) -> bool:
    """Whether mean and standard deviation agree to a relative tolerance."""
    return law.mean == pytest.approx(first.mean, rel=tolerance) and law.std == pytest.approx(
        first.std, rel=tolerance
    )


@pytest.mark.parametrize("n", [1e9, 1e12, 1e15, 1e20])
@pytest.mark.parametrize("theta", [-math.inf, -2.0, 0.0, 1.5])
def test_huge_samples_have_the_first_order_law(n, theta):
    """Every estimator agrees with the first-order law to 10^4 / n, and to 1e-11 at 10^20: no digit lost."""
    score = Score(MODEL.r, MODEL.eta, MODEL.gamma, MODEL.gamma_tilde)
    chosen = scales.selection(score, theta)
    teacher = scales.unfiltered_scales(n, MODEL.eta, MODEL.gamma, MODEL.gamma_tilde)
    ends = MODEL.d, MODEL.d_tilde, MODEL.r
    tolerance = max(1e-11, 1e4 / n)
    assert close(unfiltered_law(MODEL, n), scales.error_law(teacher, *ends), tolerance)
    fresh = scales.error_law(chosen.fresh_scales(n), *ends)
    assert close(oracle_law(MODEL, n, theta=theta), fresh, tolerance)
    for rounds in (1, 3):
        student = scales.error_law(chosen.student_scales(teacher, n, rounds), *ends)
        assert close(teacher_law(MODEL, n, n, theta=theta, rounds=rounds), student, tolerance)
    if math.isfinite(theta):
        assert not close(teacher_law(MODEL, n, n, theta=theta), fresh, 1e-3)  # the leak is in it


@pytest.mark.parametrize("retain", [0.02, 0.5, 1.0])
def test_a_share_kept_is_the_threshold_that_keeps_it(retain):
    """At a huge sample both ways of asking are one; at any size the expected number kept is the share."""
    score = Score(MODEL.r, MODEL.eta, MODEL.gamma, MODEL.gamma_tilde)
    theta = score.quantile(retain)
    by_share = teacher_law(MODEL, 1e16, 1e16, retain=retain)
    assert by_share.mean == pytest.approx(teacher_law(MODEL, 1e16, 1e16, theta=theta).mean, rel=1e-9)
    assert teacher_law(MODEL, 900, 1000, retain=retain).kept == pytest.approx(1000 * retain)


def test_one_of_the_thresholds_is_asked_for():
    """Neither and both are refused."""
    with pytest.raises(ValueError, match="one of theta and retain"):
        oracle_law(MODEL, 1000)
    with pytest.raises(ValueError, match="one of theta and retain"):
        teacher_law(MODEL, 1000, 1000, theta=0.0, retain=0.5)


@settings_of_hypothesis(max_examples=150)
@given(models, st.sampled_from([1.001, 2, 5, 100, 1e5, 1e12]), st.sampled_from([-1e9, -3.0, 0.0, 1.0, 1e3]))
def test_every_setting_has_a_finite_law_below_the_largest_error(model, n, theta):
    """At the ends of every parameter mean and spread are numbers, and the mean is at most sqrt(r)."""
    for law in (
        unfiltered_law(model, n),
        oracle_law(model, n, theta=theta),
        teacher_law(model, n, n, theta=theta),
        teacher_law(model, n, n, retain=0.3, rounds=2),
    ):
        assert 0 <= law.mean <= math.sqrt(model.r) * (1 + 1e-9)
        assert 0 <= law.std < math.inf
        assert law.trusted == (law.reason == "")
        assert law.fits[-1].value > 0


def test_without_noise_or_noise_dimensions_there_is_no_error():
    """gamma = inf on both sides, or d = d_tilde = r, and the error is 0 at any size."""
    for model in (Model(50, 40, 3, 0.2, math.inf, math.inf), Model(3, 3, 3, 0.2, 1.0, 2.0)):
        assert unfiltered_law(model, 500).mean == 0
        assert teacher_law(model, 500, 500, theta=0.0).mean == 0


def test_more_pairs_and_more_clean_ones_are_better():
    """The unfiltered and the oracle-filtered mean fall in n, through the transition, and in eta."""
    sizes = np.geomspace(10, 1e8, 60)
    model = Model(150, 90, 2, 0.1, 0.6, 0.8)
    for run in (unfiltered_law, lambda m, n: oracle_law(m, n, theta=0.0)):
        means = [run(model, n).mean for n in sizes]
        assert all(b <= a * (1 + 1e-12) for a, b in pairwise(means))
        shares = [run(replace(model, eta=eta), 1e5).mean for eta in np.linspace(0.01, 1, 40)]
        assert shares[-1] < shares[0]
    assert all(b <= a for a, b in pairwise(means))


BRIGHT = [(10, 4, 1e4, 0.1), (6, 1, 1e4, 0.05), (40, 2, 1e3, 0.05), (100, 2, 5.0, 0.05)]


def falls(at):
    """Whether the law's mean falls by small steps as n grows, from far below the transition on.

    Whole degrees of freedom may lift it by 2%.
    """
    d, r, gamma, eta = at
    limits = proportional.unfiltered_limits(Model(d, d, r, eta, gamma, gamma), np.geomspace(3, 1e5, 4000))
    means = limits.means()
    return bool(np.all(means < 1.02 * np.minimum.accumulate(means)) and np.all(means[1:] > 0.98 * means[:-1]))


@pytest.mark.parametrize("at", BRIGHT)
def test_the_law_falls_steadily_through_the_transition(at):
    """With a strong signal in few dimensions, too: no rise, no jump."""
    assert falls(at)


def test_nodes_that_pass_zero_make_the_law_jump(monkeypatch):
    """The negative control: Gauss-Hermite's nodes of the signal itself, not of its size."""
    monkeypatch.setattr(proportional, "FOLDED", 0.0)
    right = proportional._folded
    monkeypatch.setattr(proportional, "_folded", lambda main, width: np.abs(right(main, width)))
    assert [falls(at) for at in BRIGHT[:3]] == [False, False, False]


def test_folded_nodes_are_those_of_a_normal_variable_where_its_sign_is_sure():
    """From 8 standard deviations on they are Gauss-Hermite's; before, the quantiles of |c + s g|."""
    places = np.array([node for node, _ in proportional.NODES])
    np.testing.assert_allclose(proportional._folded(9.0, 1.0), 9 + places, rtol=1e-15)
    np.testing.assert_allclose(proportional._folded(7.99, 1.0), 7.99 + places, rtol=1e-7)
    found = proportional._folded(0.7, 2.0)
    np.testing.assert_allclose(stats.foldnorm.cdf(found / 2, 0.35), stats.norm.cdf(places), rtol=1e-6)


def test_nothing_is_learned_far_below_the_transition():
    """There the error is that of an unrelated subspace of the larger modality, r (1 - r/d)."""
    model = Model(150, 90, 3, 0.05, 0.3, 0.2)
    unrelated = math.sqrt(3 * (1 - 3 / 150))
    n = transition(model).pairs / 100
    assert unfiltered_law(model, n).fits[0].separation == 0
    assert unfiltered_law(model, n).mean == pytest.approx(unrelated, rel=2e-3)


def test_no_teacher_at_all_is_a_filter_that_keeps_at_random():
    """What a teacher that knows nothing keeps has all pairs' signal block, and noise of its own making."""
    model = Model(2000, 2000, 1, 0.2, 0.3, 0.3)
    share, signal, _ = View(model, unfiltered_fit(model, 100)).kept(0.0)
    assert share == pytest.approx(0.5, rel=1e-6)
    assert signal.cross[0, 0] == pytest.approx(model.eta * model.correlation, rel=1e-6)
    assert signal.cross[1, 1] > 0.1  # and its own wrong directions correlate in what it keeps


def test_moments_of_kept_pairs_agree_with_drawn_ones():
    """For a poor teacher the 2 x 2 blocks are those of 4e6 drawn pairs (6 standard errors, about 0.004)."""
    rng = np.random.default_rng(4)
    model = Model(60, 60, 2, 0.3, 1.5, 0.7)
    teacher = replace(ORACLE, left_cosine=0.8, left_sine=0.6, right_cosine=0.6, right_sine=0.8)
    view = View(model, teacher)
    count, r = 1_000_000, 2
    noise, signal = model.noise_shares, model.signal_shares
    latent = rng.standard_normal((count, r))
    clean = rng.random(count) < model.eta
    other = np.where(clean[:, None], latent, rng.standard_normal((count, r)))
    u = math.sqrt(signal[0]) * latent + math.sqrt(noise[0]) * rng.standard_normal((count, r))
    v = math.sqrt(signal[1]) * other + math.sqrt(noise[1]) * rng.standard_normal((count, r))
    w, w_tilde = (math.sqrt(x) * rng.standard_normal((count, r)) for x in noise)
    raw = np.sum((0.8 * u + 0.6 * w) * (0.6 * v + 0.8 * w_tilde), axis=1)
    cut = 0.9
    kept = raw > cut
    share, found, _ = view.kept(view.threshold(cut / (signal[0] * signal[1]), 1.0))
    assert kept.mean() == pytest.approx(share, abs=0.003)

    def drawn(first, second):
        return np.array([[np.mean(np.sum(a[kept] * b[kept], axis=1)) / r for b in second] for a in first])

    assert np.allclose(drawn((u, w), (v, w_tilde)), found.cross, atol=0.015)
    assert np.allclose(drawn((u, w), (u, w)), found.left_excess + noise[0] * np.eye(2), atol=0.015)
    assert np.allclose(
        drawn((v, w_tilde), (v, w_tilde)), found.right_excess + noise[1] * np.eye(2), atol=0.015
    )
    assert not np.allclose(drawn((u, w), (v, w_tilde)), np.diag(np.diag(found.cross)), atol=0.015)


def test_the_transition_is_a_root_of_the_printed_equation():
    """At the computed n the outlier's quadratic meets the edge's cubic, and a little more shows it."""
    model = Model(400, 300, 2, 0.2, 0.4, 0.6)
    found = transition(model)
    assert found.unpaired is None  # gamma sqrt(q/p) < 1 on both sides: nothing shows without pairing
    ratio, ratio_tilde = 398 / (found.pairs - 1), 298 / (found.pairs - 1)
    cubic = [2, 1 + ratio + ratio_tilde, 0, -ratio * ratio_tilde]
    w = max(z.real for z in np.roots(cubic) if abs(z.imag) < 1e-12)
    kappa, kappa_tilde = model.gamma / ratio, model.gamma_tilde / ratio_tilde
    eta_squared = (1 - kappa * w) * (1 - kappa_tilde * w) / (kappa * kappa_tilde * w * (1 + w))
    assert math.sqrt(eta_squared) == pytest.approx(model.eta, rel=1e-6)
    below, above = (leading(model.all_pairs, noise_of(model, found.pairs * x)) for x in (0.99, 1.01))
    assert below.separation == 0 < above.separation


def test_a_modality_s_own_spike_shows_without_pairing_at_high_signal_to_noise():
    """From gamma sqrt(q/p) > 1 on the spectrum has outliers whatever eta, and one side is learned."""
    found = transition(Model(200, 200, 2, 1e-3, 5.0, 5.0))
    assert found.unpaired is not None
    assert found.pairs <= found.unpaired
    fit = leading(Model(200, 300, 2, 1e-9, 5.0, 0.2).all_pairs, Noise(1 / 6, 1 / 1.2, 0.01, 0.015))
    assert min(fit.left_sine, fit.right_sine) < 0.6
    assert max(fit.left_sine, fit.right_sine) > 0.999


def test_the_oracle_s_transition_comes_far_earlier_where_few_pairs_are_clean():
    """At eta = 0.02 the oracle needs a fiftieth of the pairs and less."""
    model = Model(300, 300, 2, 0.02, 0.5, 0.5)
    assert transition(model, theta=1.0).pairs < transition(model).pairs / 50


Predicted = Callable[[Setting, Procedure], float]

CASES = [
    (Setting(4000, 100, 100, 2, 0.3, 1.0, 1.0), Procedure()),
    (Setting(24_000, 150, 90, 2, 0.1, 0.5, 2.0), Procedure("teacher-filtered", 0.0)),
    (Setting(100_000, 100, 100, 2, 0.05, 1.0, 1.0), Procedure("teacher-filtered", 1.0)),
    (Setting(4000, 800, 800, 4, 0.5, 1.0, 1.0), Procedure()),
    (Setting(6000, 300, 200, 1, 0.4, 1.0, 1.0), Procedure("teacher-filtered", 0.0, rounds=2)),
    (Setting(4000, 200, 200, 3, 0.3, 1.0, 1.0), Procedure("oracle-filtered", 0.0)),
    (Setting(20_000, 60, 60, 6, 0.5, 0.5, 0.5), Procedure()),
]  # fmt: skip


def model_of(s: Setting) -> Model:
    """The law's own record of a setting's numbers."""
    return Model(s.d, s.d_tilde, s.r, s.eta, s.gamma, s.gamma_tilde)


def law_of(setting: Setting, run: Procedure) -> AnySizeLaw:
    """The law of a procedure as the engines run it."""
    model, (pairs, scored) = model_of(setting), run.sizes(setting.n)
    if run.estimator == "unfiltered":
        return unfiltered_law(model, pairs)
    if run.estimator == "oracle-filtered":
        return oracle_law(model, scored, theta=run.theta)
    return teacher_law(model, pairs, scored, theta=run.theta, rounds=run.rounds)


def mean_at_any_size(setting: Setting, run: Procedure) -> float:
    """The mean as predicted."""
    return law_of(setting, run).mean


def without_leak(setting: Setting, run: Procedure) -> float:
    """The student taken for the oracle's."""
    if run.estimator != "teacher-filtered":
        return mean_at_any_size(setting, run)
    return oracle_law(model_of(setting), run.sizes(setting.n)[1], theta=run.theta).mean


def first_order(setting: Setting, run: Procedure) -> float:
    """The first-order law, its leak included."""
    return predict_procedure(setting, run).first_order.mean


def all_dimensions(setting: Setting, run: Procedure) -> float:
    """d where d - r belongs: a setting with r more dimensions has that many noise dimensions."""
    return mean_at_any_size(
        replace(setting, d=setting.d + setting.r, d_tilde=setting.d_tilde + setting.r), run
    )


def moved(setting: Setting, run: Procedure) -> float:
    """The transition at 1.2 times the pairs."""
    return mean_at_any_size(replace(setting, n=round(setting.n / 1.2)), run)


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Errors of every case, 40 draws each."""
    return [
        simulate(
            setting, run.estimator, theta=run.theta, rounds=run.rounds, replicates=40, seed=9
        ).errors
        for setting, run in CASES
    ]  # fmt: skip


def worst(drawn: list[np.ndarray], predicted: Predicted) -> float:
    """The largest relative deviation of a drawn mean beyond 5 of its standard errors."""
    gaps = []
    for (setting, run), errors in zip(CASES, drawn, strict=True):
        noise = 5 * errors.std(ddof=1) / math.sqrt(len(errors)) / errors.mean()
        gaps.append(abs(predicted(setting, run) / errors.mean() - 1) - noise)
    return max(gaps)


TOLERANCE = 0.025


def test_drawn_errors_have_the_law_s_mean_near_and_above_the_transition(drawn):
    """Seven cases with d/n up to 0.2 and first order off by up to a factor: 2.5% and 5 standard errors."""
    assert worst(drawn, mean_at_any_size) < TOLERANCE
    assert all(law_of(*case).trusted for case in CASES)


@pytest.mark.parametrize("wrong", [without_leak, first_order, all_dimensions, moved])
def test_wrong_laws_fail_on_the_same_draws(drawn, wrong):
    """No leak, the first-order leak and law, d for d - r, and a transition 20% off are all seen."""
    assert worst(drawn, wrong) > TOLERANCE


def test_few_pairs_and_a_faint_signal_are_not_trusted():
    """The law says why it is not to be trusted; a plain setting far from every bound is."""
    assert "pairs are kept" in teacher_law(MODEL, 1e4, 300, retain=0.1).reason
    assert "sampling noise" in unfiltered_law(Model(60, 60, 4, 0.01, 100.0, 100.0), 40_000).reason
    assert unfiltered_law(Model(9, 9, 4, 0.5, 1.0, 1.0), 1e6).trusted
