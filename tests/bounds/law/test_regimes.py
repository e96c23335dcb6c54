import math

import pytest

from bounds.law import regimes
from verification.prediction.advice import best_threshold
from verification.setting import Setting


@pytest.mark.parametrize("r", [64, 128, 256, 2048])
def test_the_two_fixed_thresholds_cross_near_one_over_pi_r(r):
    """theta = 0 and r/2 cross once at small eta, at 1/(pi r) up to a relative gap of order r^(-1/2)."""
    first = regimes.crossings(r, 1e4, 1e4)[0]
    assert 0 < first * math.pi * r - 1 < 2 / math.sqrt(r)
    assert first > 10 / r**2


def test_thresholds_also_cross_at_small_ranks_and_near_eta_one():
    """For every r >= 2 at high SNR there are two crossings; at r = 1 none."""
    assert regimes.crossings(1, 1e4, 1e4) == ()
    for r in (2, 8, 32):
        assert len(regimes.crossings(r, 1e4, 1e4)) == 2
    assert regimes.crossings(32, math.inf, math.inf, side="right")[0] == pytest.approx(0.01362, rel=1e-3)


@pytest.mark.parametrize(("r", "gamma"), [(4, 1e4), (16, 300.0), (2, 1e3)])
def test_the_leak_boundary_at_zero_has_a_closed_form(r, gamma):
    """Far below the flat boundary, half of V is inherited exactly at the closed-form eta."""
    exact = regimes.leak_boundary(r, gamma, 2 * gamma, 0.0, size_ratio=3.0)
    closed = float(regimes.leak_boundary_at_zero(r, gamma, 2 * gamma, 3))
    assert exact == pytest.approx(closed, rel=0.02)
    assert regimes.leak_share(exact, r, gamma, 2 * gamma, 0.0, 3.0) == pytest.approx(0.5, rel=1e-6)


def test_regimes_follow_one_another_as_eta_falls():
    """At the paper's SNR: clean, then flat, then the leak, with the boundaries as switches."""
    at = (4, 1e4, 1e4, 0.0)
    assert [regimes.regime(eta, *at) for eta in (0.5, 1e-2, 1e-6)] == ["clean", "flat", "leak"]
    assert regimes.flat_boundary(*at) == pytest.approx(0.158, abs=1e-3)
    assert regimes.flat_boundary(1024, 1e6, 1e6, 0.0) * math.sqrt(2 * math.pi * 1024) == pytest.approx(
        1, rel=0.03
    )


def test_without_noise_there_is_no_leak():
    """gamma = inf has no leak regime on that side; at low SNR the leak can rule at every eta below 1."""
    assert regimes.leak_boundary(4, math.inf, 10.0, 0.0) is None
    assert regimes.leak_share(0.1, 4, math.inf, math.inf, 0.0, 1.0, "right") == 0
    assert regimes.leak_boundary(4, 0.01, 0.01, 0.0, size_ratio=1e3) == 1.0


@pytest.mark.parametrize(("r", "gamma"), [(256, 1e4), (256, 10.0), (512, 1e4)])
def test_a_tiny_leak_boundary_is_found(r, gamma):
    """At r/2 and large r hardly a corrupted pair passes: the boundary is there, far below 1e-8."""
    found = regimes.leak_boundary(r, gamma, gamma, r / 2)
    assert found is not None
    assert found < 1e-8
    assert regimes.leak_share(0.5 * found, r, gamma, gamma, r / 2, 1.0) > 0.5
    assert regimes.leak_share(2 * found, r, gamma, gamma, r / 2, 1.0) < 0.5
    assert regimes.leak_boundary(r, math.inf, gamma, r / 2) is None


def test_one_round_gains_at_most_the_closed_form():
    """At the best threshold the gain as eta -> 0 is that of (1 + gamma)^2 times the teacher's pairs."""
    for gamma in (0.5, 1.0, 3.0):
        found = best_threshold(Setting(10**14, 6, 6, 2, 1e-4, gamma, gamma))
        assert found.theta < -9
        assert found.gain["unfiltered"] == pytest.approx(float(regimes.one_round_gain_limit(gamma)), rel=0.01)
