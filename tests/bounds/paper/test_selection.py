from __future__ import annotations

import numpy as np
import pytest
from proof_checks import check_outcome, check_wrong_bound, sound, symbolic

from bounds.law import score
from bounds.paper import selection
from bounds.symbols import P, eta, mean_0, mean_1, r, tail_0, tail_1, theta


@pytest.mark.parametrize("claim", symbolic(selection.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_kept_pairs_comes_out_as_registered(claim):
    """Each statement about kept pairs comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(selection.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_kept_pairs_accepts_a_wrong_value(claim):
    """No statement about kept pairs accepts a wrong value."""
    check_wrong_bound(claim)


def _class_values(level, dimension, g, g_tilde):
    def of(clean):
        return (
            np.exp(score.log_tail(level, dimension, g, g_tilde, clean)),
            score.conditional_mean(level, dimension, g, g_tilde, clean),
        )

    (share_1, kept_1), (share_0, kept_0) = of(True), of(False)
    return {tail_1: share_1, mean_1: kept_1, tail_0: share_0, mean_0: kept_0, r: dimension}


@pytest.mark.parametrize("level", [-3.0, 0.0, 2.0, 6.0])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_the_corrected_eq_10_is_the_multiple_of_the_exact_law(level, share):
    """The corrected Eq. 10 is the multiple of the exact law."""
    at = _class_values(level, 3, 2.0, 0.5) | {eta: share}
    exact = score.Score(3, share, 2.0, 0.5).multiple(level)
    assert float(selection.MULTIPLE.subs(at)) == pytest.approx(exact, rel=1e-9)
    printed = float(selection.MULTIPLE_PRINTED.subs(at))
    # The printed weights are too small wherever the filter changes the class shares.
    posterior = score.Score(3, share, 2.0, 0.5).posterior(level)
    if posterior > 1.1 * share:
        assert printed < (1 - 1e-3) * exact


def test_the_noise_free_values_are_those_of_the_exact_law():
    """The noise free values are those of the exact law."""
    exact = selection.noise_free_values()
    numeric = _class_values(0.0, 2, np.inf, np.inf)
    for symbol, value in exact.items():
        assert float(value) == pytest.approx(numeric[symbol], rel=1e-9)


def test_the_slopes_of_section_6_2_are_those_of_the_exact_law():
    """The slopes of Section 6.2 are those of the exact law."""
    law, level, step = score.Score(3, 0.3, 2.0, 0.5), 1.3, 1e-5
    at = {
        P: law.tail(level),
        selection._mean_kept: law.mean(level),
        theta: level,
        selection._density: law.density(level),
    }
    slope = (law.mean(level + step) - law.mean(level - step)) / (2 * step)
    assert float(selection.MEAN_SLOPE.subs(at)) == pytest.approx(slope, rel=1e-6)
    fall = (law.tail(level + step) - law.tail(level - step)) / (2 * step)
    assert -law.density(level) == pytest.approx(fall, rel=1e-6)


def test_the_mean_is_threshold_plus_residual_life_of_the_exact_law():
    """The mean is threshold plus residual life of the exact law."""
    from scipy import integrate

    law, level = score.Score(2, 0.4, 3.0, 1.0), 0.8
    above = integrate.quad(lambda s: law.tail(s), level, level + 80, limit=300)[0]
    at = {selection._TAIL_INTEGRAL: above, P: law.tail(level), theta: level}
    assert float(selection.MEAN_BY_RESIDUAL_LIFE.subs(at)) == pytest.approx(law.mean(level), rel=1e-7)


def test_without_a_filter_both_forms_of_eq_10_give_the_clean_fraction():
    """Without a filter both forms of Eq. 10 give the clean fraction."""
    at = {tail_1: 1, tail_0: 1, mean_1: r, mean_0: 0}
    assert selection.MULTIPLE.subs(at).simplify() == eta
    assert selection.MULTIPLE_PRINTED.subs(at).simplify() == eta
