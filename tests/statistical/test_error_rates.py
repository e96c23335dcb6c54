"""Error rates of the decisions, simulated: what the guarantees promise is what happens."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from verification.statistics.distribution import law_test, minimal_samples
from verification.statistics.ledger import Ledger
from verification.statistics.slopes import (
    equivalence,
    growth,
    log_chi_sigma,
    slope_interval,
    slope_replicates,
)
from verification.statistics.tail import TailTest, clopper_pearson, run_tail, tail_operation

LEVEL = 0.01
DELTA = 0.05
WATCHED = 2000
RUNS = 20_000
DETECTION_RUNS = 10_000


def _paths(rng: np.random.Generator, p: float, runs: int) -> np.ndarray:
    """Running numbers of exceedances, (runs, WATCHED)."""
    return np.cumsum(rng.random((runs, WATCHED), dtype=np.float32) < p, axis=1, dtype=np.int32)


def _first_alarm(alarm) -> np.ndarray:
    """For every number of replicates the fewest exceedances that raise an alarm, (WATCHED,)."""
    limits = np.empty(WATCHED, dtype=np.int64)
    count = 0
    for used in range(1, WATCHED + 1):
        # The number cannot fall, so one pointer suffices; beyond `used` there is no alarm.
        while count <= used and not alarm(count, used):
            count += 1
        limits[used - 1] = count
    return limits


def _share_alarmed(limits: np.ndarray, p: float, seed: int) -> float:
    rng = np.random.default_rng(seed)
    alarmed = sum(int((_paths(rng, p, 1000) >= limits).any(axis=1).sum()) for _ in range(RUNS // 1000))
    return alarmed / RUNS


def test_watched_e_process_keeps_its_level_and_a_watched_interval_does_not():
    """Watched at each of 2000 replicates of a true claim, E of level 1% alarms in at most 1.3% of runs.

    A Clopper-Pearson interval of nominal level 1%, watched in the same way, alarms in over 8% of
    them.  If the true rates were 1% and 9%, this test would fail with probability below 1e-4.
    """
    test = TailTest(DELTA, 2.0, LEVEL, 1e-9)
    e_process = _first_alarm(lambda k, m: test.decide(test.log_e(k, m)) == "fails")
    naive = _first_alarm(lambda k, m: clopper_pearson(k, m, 2 * LEVEL)[0] > DELTA)
    e_share, naive_share = _share_alarmed(e_process, DELTA, 1), _share_alarmed(naive, DELTA, 1)
    print(f"false alarms at nominal 1%: e-process {e_share:.2%}, watched Clopper-Pearson {naive_share:.2%}")
    assert e_share <= 0.013
    assert naive_share > 0.08
    # Negative control: a claim broken three times as often as stated is refuted nearly always.
    assert _share_alarmed(e_process, 3 * DELTA, 2) > 0.999


def test_simulated_and_exact_operation_agree():
    """Sequential runs end as often in each outcome as the exact calculation says (4-sigma limits)."""
    test, cap, runs = TailTest(0.1, 2.0, 0.05, 0.05), 400, 3000
    rng = np.random.default_rng(3)
    for p in (0.05, 0.1, 0.2):
        outcomes = [run_tail((rng.random(cap) < p).tolist(), test, cap).outcome for _ in range(runs)]
        exact = tail_operation(test, cap, p)
        for outcome in ("fails", "holds", "undecided"):
            share, chance = outcomes.count(outcome) / runs, getattr(exact, outcome)
            assert abs(share - chance) <= 4 * math.sqrt(chance * (1 - chance) / runs) + 1 / runs


def test_violation_rarely_passes():
    """At the detectable probability at most beta of the runs pass (level 5%, 4-sigma limit)."""
    test, runs = TailTest(0.02, 3.0, 0.01, 0.05), 3000
    rng = np.random.default_rng(4)
    passed = sum(
        run_tail((rng.random(2000) < test.detectable).tolist(), test, 2000).outcome == "holds"
        for _ in range(runs)
    )
    assert passed / runs <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / runs)
    # Negative control: at the claimed probability itself most runs do pass.
    assert tail_operation(test, 2000, 0.02).holds > 0.9


def _misses(decide, seed: int) -> int:
    rng = np.random.default_rng(seed)
    return sum(decide(rng) for _ in range(DETECTION_RUNS))


# No miss in 10 000 runs shows a detection rate of 1 - 1e-3 with confidence 1 - 5e-5.
CONFIDENCE_OF_NO_MISS = 1 - (1 - 1e-3) ** DETECTION_RUNS


@pytest.mark.slow
def test_wrong_constant_of_the_law_is_detected():
    """A constant 10% off in the error's law is refuted with probability >= 1 - 1e-3; the right one passes."""
    assert CONFIDENCE_OF_NO_MISS > 1 - 5e-5
    dof, tolerance, alpha, beta = 24, 0.1, 1e-8, 1e-6
    count = minimal_samples(tolerance, alpha, beta)
    # The probability integral transform once, by interpolation far finer than the tolerance.
    grid = np.linspace(0, 150, 30_001)
    cdf = stats.chi2.cdf(grid, dof)

    def outcomes(rng: np.random.Generator) -> bool:
        sample = rng.chisquare(dof, count)
        right = law_test(np.interp(sample, grid, cdf), tolerance, alpha, beta)
        wide = law_test(np.interp(sample * 1.1**2, grid, cdf), tolerance, alpha, beta)
        return (right.outcome, wide.outcome) != ("holds", "fails")

    assert _misses(outcomes, 5) == 0


@pytest.mark.slow
def test_wrong_exponent_is_detected():
    """An exponent 0.05 off is refuted with probability >= 1 - 1e-3, and the right one passes."""
    dof, span, margin, half_width, alpha = 24, math.log(1000), 0.025, 0.0225, 1e-8
    count = slope_replicates(log_chi_sigma(dof), span, half_width, alpha, 1e-6)

    def outcomes(rng: np.random.Generator) -> bool:
        first, last = 0.5 * np.log(rng.chisquare(dof, (2, count)))
        _, interval = slope_interval([0.0, span], [first, last - 0.5 * span], alpha).end
        verdicts = [equivalence(interval, -0.5 + wrong, margin) for wrong in (0.0, 0.05, -0.05)]
        return verdicts != ["holds", "fails", "fails"]

    assert _misses(outcomes, 6) == 0


def test_growing_ratio_is_refuted_with_confidence_and_one_bad_point_is_not():
    """1/eta growth is refuted in each of 300 runs at level 1e-8; a single bad point at the start in none."""
    rng = np.random.default_rng(7)
    log_eta = np.log([0.2, 0.1, 0.05, 0.025, 0.0125])
    for _ in range(300):
        noise = 0.25 * rng.standard_normal((5, 200))
        assert growth(log_eta, noise - log_eta[:, None], 1e-8, 0.25)[0] == "fails"
        bump = np.array([0.0, 3.0, 0.0, 0.0, 0.0])[:, None]
        assert growth(log_eta, noise + bump, 1e-8, 0.25)[0] == "holds"


def test_a_run_of_many_checks_keeps_one_budget():
    """2 000 runs of 12 checks under true claims, all at the edge, alarm within the budget of 5%.

    Checks share their draws, which a union bound allows; 4-sigma limit.  At level 5% each, most
    runs would raise an alarm.
    """
    runs, budget, checks = 2000, 0.05, 12
    ledger = Ledger(budget, {f"check {i}": 1 + i % 3 for i in range(checks)}).seal()
    shares = [ledger.share(f"check {i}") for i in range(checks)]
    rng = np.random.default_rng(8)
    count = 400
    alarms = spendthrift = 0
    for _ in range(runs):
        # Each pair of checks looks at the same replicates of a claim that is exactly true.
        broken = rng.random((checks // 2, count)).repeat(2, axis=0) < DELTA
        alarms += any(
            run_tail(row.tolist(), TailTest(DELTA, 2.0, share, 1e-9), count).outcome == "fails"
            for row, share in zip(broken[:1], shares[:1], strict=True)
        ) or any(
            stats.binom.sf(k - 1, count, DELTA) <= share
            for k, share in zip(broken.sum(axis=1), shares, strict=True)
        )
        spendthrift += bool((stats.binom.sf(broken.sum(axis=1) - 1, count, DELTA) <= budget).any())
    assert alarms / runs <= budget + 4 * math.sqrt(budget * (1 - budget) / runs)
    assert spendthrift / runs > 2 * budget
