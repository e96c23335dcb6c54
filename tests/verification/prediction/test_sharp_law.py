"""The sharp law against the exact engine on random settings, and wrong laws that the same test rejects.

False alarms: at most 1e-6 for each of the two tests (all settings together), by design of the limits
below; the seed is fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bounds.law.accuracy import noise_ratio
from bounds.law.error import ErrorLaw
from bounds.law.scales import Selection, error_law, selection
from bounds.law.score import Score, conditional_mean
from verification.prediction.law import predict_procedure, score_of, teacher_scales
from verification.setting import Procedure, Setting
from verification.simulation import simulate

DRAWS = 40
ALPHA = 1e-6


@dataclass(frozen=True)
class Case:
    """A setting, what is run in it, and the errors that the exact engine drew."""

    setting: Setting
    procedure: Procedure
    errors: np.ndarray
    allowed: float  # relative error that the prediction itself admits


def random_case(rng: np.random.Generator) -> tuple[Setting, Procedure] | None:
    """A random setting and procedure inside the law's range; None if the choice fell outside.

    The teacher's noise is 2% of its signal: a good teacher, whose leak can still be seen.
    """
    r = int(rng.choice([1, 2, 3, 4, 6, 8]))
    d, d_tilde = (r + int(rng.integers(1, 9)) for _ in range(2))
    gamma, gamma_tilde = 10 ** rng.uniform(-0.5, 2.0, size=2)
    setting = Setting(10**5, d, d_tilde, r, float(10 ** rng.uniform(-1.7, 0)), gamma, gamma_tilde)
    kind = ("unfiltered", "oracle-filtered", "teacher-filtered", "teacher-filtered")[rng.integers(4)]
    theta = float(rng.uniform(-0.5, 1.5) * r)
    student_n = int(np.exp(rng.uniform(np.log(2000), np.log(20000))))
    if kind == "unfiltered":
        procedure = Procedure("unfiltered")
    elif kind == "oracle-filtered":
        procedure = Procedure(kind, theta, student_n=student_n)
    else:
        teacher_n = math.ceil(teacher_noise(setting) / 0.02)
        rounds = int(rng.integers(1, 3))
        procedure = Procedure(kind, theta, rounds=rounds, teacher_n=teacher_n, student_n=student_n)
    if predict_procedure(setting, procedure).accuracy.relative_error > 0.06:
        return None
    return setting, procedure


def teacher_noise(setting: Setting) -> float:
    """The teacher's noise ratio at one pair."""
    a_x, a_y = 1 + 1 / setting.gamma, 1 + 1 / setting.gamma_tilde
    snrs = setting.gamma, setting.gamma_tilde
    return noise_ratio(1, setting.eta, a_x, a_y, *snrs, setting.d, setting.d_tilde, setting.r)


def draw_cases(count: int, seed: int) -> list[Case]:
    """`count` random cases with `DRAWS` errors each."""
    rng = np.random.default_rng(seed)
    cases: list[Case] = []
    while len(cases) < count:
        chosen = random_case(rng)
        if chosen is None:
            continue
        setting, run = chosen
        drawn = simulate(
            setting, run.estimator, theta=run.theta, rounds=run.rounds, teacher_n=run.teacher_n,
            student_n=run.student_n, replicates=DRAWS, seed=seed,
        )  # fmt: skip
        allowed = predict_procedure(setting, run).accuracy.relative_error
        cases.append(Case(setting, run, drawn.errors, allowed))
    return cases


Law = Callable[[Setting, Procedure], ErrorLaw]


def true_law(setting: Setting, procedure: Procedure) -> ErrorLaw:
    """The law as predicted."""
    return predict_procedure(setting, procedure).first_order


def altered(change: Callable[[Setting, Selection, Score], Selection]) -> Law:
    """The law with its population quantities changed."""

    def law(setting: Setting, procedure: Procedure) -> ErrorLaw:
        if procedure.estimator == "unfiltered":
            return true_law(setting, procedure)
        score = score_of(setting)
        chosen = change(setting, selection(score, procedure.theta), score)
        teacher_n, scored = procedure.sizes(setting.n)
        if procedure.estimator == "oracle-filtered":
            scales = chosen.fresh_scales(scored)
        else:
            teacher = teacher_scales(setting, teacher_n)
            scales = chosen.student_scales(teacher, scored, procedure.rounds)
        return error_law(scales, setting.d, setting.d_tilde, setting.r)

    return law


def printed_weights(setting: Setting, chosen: Selection, score: Score) -> Selection:
    """Eq. 10 as printed: eta and 1 - eta as the classes' weights after filtering."""
    at = (chosen.theta, setting.r, setting.gamma, setting.gamma_tilde)
    mean = setting.eta * conditional_mean(*at, True) + (1 - setting.eta) * conditional_mean(*at, False)
    return replace(chosen, multiple=np.asarray(mean / setting.r))


def wrong_dimensions(setting: Setting, procedure: Procedure) -> ErrorLaw:
    """d and d_tilde where d - r and d_tilde - r belong."""
    law = true_law(setting, procedure)
    return replace(law, left_dof=setting.d * setting.r, right_dof=setting.d_tilde * setting.r)


zero = np.asarray(0.0)
one = np.asarray(1.0)
WRONG: dict[str, Law] = {
    "printed class weights": altered(printed_weights),
    "no leak": altered(lambda _, chosen, __: replace(chosen, leak_left=zero, leak_right=zero)),
    "kappa = 1": altered(lambda _, chosen, __: replace(chosen, kappa_left=one, kappa_right=one)),
    "d in place of d - r": wrong_dimensions,
}


def worst_mean(cases: list[Case], law: Law) -> float:
    """Largest deviation of a mean from the law's, beyond what the law admits, in standard errors."""

    def excess(case: Case) -> float:
        predicted = law(case.setting, case.procedure)
        gap = abs(case.errors.mean() - predicted.mean) - case.allowed * predicted.mean
        return gap / (predicted.std / math.sqrt(len(case.errors)))

    return max(excess(case) for case in cases)


def mean_limit(count: int) -> float:
    """Standard errors that `count` means of `DRAWS` stay within, but for probability `ALPHA`.

    A chi variable is sub-Gaussian about its mean with variance proxy V (a 1-Lipschitz function of a
    Gaussian vector; so is the maximum), and its variance is at least 0.36 V.
    """
    return math.sqrt(2 * math.log(2 * count / ALPHA) / 0.36)


def distribution_gap(cases: list[Case], law: Law) -> float:
    """How far the pooled probability transforms are from uniform beyond the admitted relative error."""
    low, high = [], []
    for case in cases:
        predicted = law(case.setting, case.procedure)
        low.append(predicted.cdf(case.errors / (1 + case.allowed)))
        high.append(predicted.cdf(case.errors / (1 - case.allowed)))
    u, v = np.sort(np.concatenate(low)), np.sort(np.concatenate(high))
    ranks = np.arange(1, len(u) + 1) / len(u)
    return float(max(np.max(ranks - v), np.max(u - (ranks - 1 / len(u)))))


def distribution_limit(count: int) -> float:
    """Massart's bound for `count` independent, not identically distributed uniforms (two one-sided)."""
    return math.sqrt(math.log(2 / ALPHA) / (2 * count))


@pytest.fixture(scope="module")
def few() -> list[Case]:
    """Thirty random cases, the first of those that `many` holds."""
    return draw_cases(30, 20)


def test_the_law_agrees_with_simulation_on_a_few_random_settings(few):
    """Means and pooled distribution of 30 random settings agree with the law within the stated limits."""
    assert worst_mean(few, true_law) <= mean_limit(len(few))
    assert distribution_gap(few, true_law) <= distribution_limit(len(few) * DRAWS)


@pytest.mark.parametrize("wrong", ["no leak", "kappa = 1", "d in place of d - r"])
def test_wrong_laws_fail_on_the_same_few_settings(few, wrong):
    """A law with one wrong factor is rejected by the means of the same draws."""
    assert worst_mean(few, WRONG[wrong]) > mean_limit(len(few))


@pytest.fixture(scope="module")
def many() -> list[Case]:
    """Two hundred random cases."""
    return draw_cases(200, 20)


@pytest.mark.slow
def test_the_law_agrees_with_simulation_on_two_hundred_random_settings(many):
    """Means and the pooled distribution of 200 random settings agree with the law."""
    assert worst_mean(many, true_law) <= mean_limit(len(many))
    assert distribution_gap(many, true_law) <= distribution_limit(len(many) * DRAWS)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_every_wrong_law_fails_on_the_same_two_hundred_settings(many, wrong):
    """Each wrong factor is rejected twice over, by the means and by the pooled distribution."""
    assert worst_mean(many, WRONG[wrong]) > mean_limit(len(many))
    assert distribution_gap(many, WRONG[wrong]) > distribution_limit(len(many) * DRAWS)
