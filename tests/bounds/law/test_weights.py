import math

import numpy as np
import pytest

from bounds.law import score as law
from bounds.law import weights
from bounds.law.scales import selection
from bounds.law.score import Score

SCORES = [
    Score(1, 0.3, 3.0, 2.0),
    Score(2, 0.05, 100.0, 100.0),
    Score(16, 0.2, 1.0, 1e4),
    Score(3, 1.0, 5.0, 0.5),
]
STEP = 1e-4


def moments(score, w, slope):
    """E[w S], E[w^2 q], E[w' q] from a fine grid of the density, by another rule than the profile's."""
    s = np.concatenate([-np.geomspace(1e-9, 400, 15_000)[::-1], np.geomspace(1e-9, 400, 15_000)])
    p, h = np.zeros_like(s), np.zeros_like(s)
    for clean, share in ((True, score.eta), (False, 1 - score.eta)):
        place = (score.r, score.gamma, score.gamma_tilde, clean)
        p += share * np.exp(law.log_density(s, *place))
        h += share * law.squared_norm_density(s, *place)
    return tuple(float(np.trapezoid(part, s)) for part in (w(s) * s * p, w(s) ** 2 * h, slope(s) * h))


@pytest.mark.parametrize("score", SCORES[:2], ids=str)
def test_the_three_integrals_give_the_moments_of_the_weights(score):
    """F - kH, F - 2kH + k^2 J and kJ - H against the definitions, with the weights as interpolated."""
    own = weights.profile(score)
    for k in (0.0, -0.5):
        best = weights.Weighted(own, k, (0.0, 0.0), (0.0, 0.0))
        found = moments(score, best.at, lambda s, w=best: (w.at(s + STEP) - w.at(s - STEP)) / (2 * STEP))
        reached = own.big_f - k * own.big_h
        wanted = (
            1.0,
            (own.big_f - 2 * k * own.big_h + k * k * own.big_j) / reached**2,
            (k * own.big_j - own.big_h) / reached,
        )
        assert found == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize("score", SCORES, ids=str)
def test_no_other_weights_are_better(score):
    """The law is least at its k, and below the law of any threshold."""
    found = weights.best(score, 5e5, 5e5, 30, 30)
    if score.gamma == score.gamma_tilde:
        for factor in (0.9, 1.1):
            assert weights.scales_at(score, factor * found.k, 5e5, 5e5)[0] > found.scales[0]
    teacher = (score.gamma**-1 * (1 + 1 / score.gamma_tilde), score.gamma_tilde**-1 * (1 + 1 / score.gamma))
    of_teacher = tuple(scale / (5e5 * score.eta**2) for scale in teacher)
    for retained in (0.1, 0.3, 0.6, 0.9):
        chosen = selection(score, score.quantile(retained))
        scales = chosen.student_scales(of_teacher, 5e5, 1)
        assert max(float(scale) for scale in scales) > max(found.scales)


def test_no_weights_take_the_leak_from_corrupted_pairs():
    """At eta = 0 the leak is 1/(1 + gamma) for every k: no weighting of a score removes 1/eta."""
    score = Score(3, 0.0, 2.0, 5.0)
    for k in (0.0, -0.3, -4.0):
        assert weights.leaks_at(score, k) == pytest.approx((1 / 3, 1 / 6), rel=1e-6)
    assert weights.leaks_at(Score(3, 0.2, 2.0, 5.0), 0.0)[0] < 0.32


def test_the_rule_is_converged():
    """Half the step changes the integrals by less than a billionth."""
    for score in SCORES:
        coarse = weights.profile(score)
        step, weights.STEP = weights.STEP, weights.STEP / 2
        try:
            fine = weights.profile.__wrapped__(score)
        finally:
            weights.STEP = step
        for name in ("big_f", "big_h", "big_j"):
            assert getattr(coarse, name) == pytest.approx(getattr(fine, name), rel=1e-9), (score, name)


def test_scores_without_noise_are_refused():
    """A clean score has no density where neither modality has noise."""
    with pytest.raises(ValueError, match="must not both be above 1e\\+12"):
        weights.profile(Score(2, 0.5, math.inf, math.inf))
    assert weights.profile(Score(2, 0.5, math.inf, 3.0)).big_f > 0
