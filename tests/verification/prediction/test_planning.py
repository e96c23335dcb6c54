import math

import numpy as np
import pytest

from verification.prediction.advice import (
    FAR_ROUNDS,
    Spending,
    advise,
    best_threshold,
    even_plans,
    far_rounds,
)
from verification.setting import Setting
from verification.simulation import simulate


def test_one_round_is_enough_at_high_snr_and_not_in_the_leak_regime():
    """Advice: one round at gamma = 5, eta = 0.3; several at gamma = 1, eta = 0.02; none at eta = 1."""
    high = advise(Setting(10**6, 512, 512, 32, 0.3, 5.0, 5.0))
    assert high.one_round_is_enough
    assert high.recommended.rounds == 1
    assert high.best_split.mean < high.recommended.mean
    low = advise(Setting(10**7, 8, 8, 2, 0.02, 1.0, 1.0))
    assert not low.one_round_is_enough
    assert low.recommended.rounds >= 4
    assert low.best_split.mean <= min(plan.mean for plan in low.even)
    assert advise(Setting(10**6, 8, 8, 2, 1.0, 1e4, 1e4)).recommended.rounds == 0


def test_advice_at_a_handful_of_pairs_stays_with_what_can_be_run():
    """With four pairs there is at most one round, and no split is better than the even one."""
    advice = advise(Setting(4, 3, 3, 1, 0.5, 1.0, 1.0))
    assert max(plan.rounds for plan in advice.even) == 1
    assert advice.best_split in advice.even
    assert set(advice.as_dict()) == {
        "one_round_is_enough",
        "recommended",
        "best_split",
        "floor",
        "even",
        "trusted",
    }


def test_a_good_split_is_good_in_simulation_too():
    """The plan's split beats the even halves in simulated mean error by more than its noise."""
    setting = Setting(60_000, 12, 12, 2, 0.5, 20.0, 20.0)
    advice = advise(setting)
    best, even = advice.best_split, advice.even[1]

    def simulated(plan: Spending) -> np.ndarray:
        return simulate(
            setting, "teacher-filtered", theta=plan.theta, rounds=plan.rounds, teacher_n=plan.teacher_n,
            student_n=plan.student_n, replicates=150, seed=2,
        ).errors  # fmt: skip

    good, plain = simulated(best), simulated(even)
    noise = math.hypot(good.std(), plain.std()) / math.sqrt(150)
    assert plain.mean() - good.mean() > 5 * noise
    assert good.mean() == pytest.approx(best.mean, abs=5 * good.std() / math.sqrt(150) + 0.05 * best.mean)


@pytest.mark.parametrize(
    ("setting", "rounds", "even"),
    [
        (Setting(10**9, 20, 20, 2, 0.05, 0.2, 0.2), 20, 0.0045),
        (Setting(10**10, 20, 20, 2, 0.02, 0.1, 0.1), 60, 0.0032),
        (Setting(10**18, 42, 42, 2, 1e-4, 0.02, 0.02), 400, 3.5e-5),
    ],
)
def test_many_rounds_are_found_where_a_few_do_not_help(setting, rounds, even):
    """In even parts the error rises with the first rounds and falls later; the plan draws what it says."""
    advice = advise(setting)
    assert advice.recommended.rounds == pytest.approx(rounds, rel=0.35)
    assert advice.recommended.mean < 1.01 * even
    assert advice.best_split.mean <= advice.recommended.mean
    plan = next(p for p in advice.even if p.rounds == advice.recommended.rounds)
    drawn = simulate(setting, "teacher-filtered", theta=0.0, rounds=plan.rounds, engine="limit", replicates=2)
    assert drawn.errors.mean() == pytest.approx(plan.mean, rel=0.25)


def test_rounds_beyond_those_that_are_tried_are_counted():
    """At gamma = 1/1000 thousands of rounds do best, and the advice does not say that none does."""
    setting = Setting(10**12, 20, 20, 2, 0.02, 1e-3, 1e-3)
    assert far_rounds(setting) > FAR_ROUNDS
    assert max(plan.rounds for plan in even_plans(setting, best_threshold(setting))) <= FAR_ROUNDS
