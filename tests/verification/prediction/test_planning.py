import math

import numpy as np
import pytest

from verification.prediction.advice import Spending, advise
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
    assert set(advice.as_dict()) == {"one_round_is_enough", "recommended", "best_split", "floor", "even"}


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
