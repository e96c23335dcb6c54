from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from proof_checks import certify, having, proof_holds
from scipy import special

from bounds.claim import Certificate, Proof, Verdict
from bounds.law import score
from bounds.law.regimes import crossings
from bounds.law.score_balls import tail
from bounds.paper import thresholds, thresholds_proofs
from bounds.proof.enclose import endpoints, precision
from bounds.symbols import a_x, a_y, gamma, gamma_tilde, r

CLAIMS = {claim.id: claim for claim in thresholds.CLAIMS}


@pytest.mark.parametrize("claim", having(Proof, thresholds.CLAIMS), ids=lambda c: c.id)
def test_proofs_come_out_as_expected(claim):
    """Proofs hold for what is expected to hold and fail for what is expected to fail."""
    assert proof_holds(claim) is (claim.expected is not Verdict.REFUTED)


HEAVY = ("section-6-2-tail-1-half", "section-6-2-tail-1-half-corrected", "section-6-2-tail-1-sharp")
CERTIFIED = [
    pytest.param(claim, id=claim.id, marks=[pytest.mark.slow] if claim.id in HEAVY else [])
    for claim in having(Certificate, thresholds.CLAIMS)
]


@pytest.mark.parametrize("claim", CERTIFIED)
def test_certificates_give_the_expected_answer_at_both_precisions(claim):
    """Certificates give the expected answer, and the same one at doubled precision."""
    expected = claim.expected is not Verdict.REFUTED
    first, second = certify(claim, 64), certify(claim, 128)
    assert first.holds is expected
    assert second.holds is expected
    assert first.margin == pytest.approx(second.margin, abs=1e-9)
    assert bool(first.witness) is not expected


PLANTED = {
    "2/pi to 0.7": ("section-6-2-mean-0-zero", sp.Rational(7, 10)),
    "1/2 to 0.61 at 0, clean": ("section-6-2-tail-1-zero", sp.Rational(61, 100)),
    "1/2 to 0.61 at 0, corrupted": ("section-6-2-tail-0-zero", sp.Rational(61, 100)),
    "1/2 to 0.49 at 0, corrupted": ("section-6-2-tail-0-zero", sp.Rational(49, 100)),
    "1/2 to 0.61 at r/2": ("section-6-2-tail-1-half-corrected", sp.Rational(61, 100)),
    "1/2 to 0.501 at r/2": ("section-6-2-tail-1-half-corrected", sp.Rational(501, 1000)),
    "1/2 to 0.61 at r - 1": ("section-6-2-tail-1-sharp", sp.Rational(61, 100)),
    "asymptote from below": ("section-6-2-mean-0-zero-explicit", thresholds.MEAN_0_ASYMPTOTE),
    "lower bound from above": ("section-6-2-mean-0-zero-asymptote", thresholds.MEAN_0_LOWER),
    "closed form off by 1e-12": (
        "section-6-2-mean-0-zero-sharp",
        thresholds.MEAN_0_AT_ZERO * (1 + sp.Rational(1, 10**12)),
    ),
}


@pytest.mark.parametrize("case", PLANTED.values(), ids=PLANTED)
def test_a_planted_constant_fails_the_certificate_and_the_proof(case):
    """A planted constant is refuted by the certificate, with a witness, and by the proof where it enters."""
    name, planted = case
    claim = CLAIMS[name].with_bound(planted)
    found = certify(claim)
    assert found.holds is False
    assert found.witness
    if name != "section-6-2-mean-0-zero":  # its proof gives the least value; the certificate compares
        assert not proof_holds(claim)


LOWER = ("section-6-2-mean-1-zero", "section-6-2-mean-1-half", "section-6-2-mean-0-half", "step-4-3-zero")


@pytest.mark.parametrize("name", LOWER)
def test_doubled_lower_bounds_break_their_proofs(name):
    """Doubled lower bounds break their proofs."""
    claim = CLAIMS[name]
    assert not proof_holds(claim.with_bound(2 * claim.bound))


@pytest.mark.parametrize("claim", having(Certificate, thresholds.CLAIMS), ids=lambda c: c.id)
def test_a_bound_with_an_unknown_symbol_is_never_certified(claim):
    """A bound that the certificate does not understand is not certified."""
    strange = sp.Symbol("strange", positive=True)
    try:
        found = certify(claim.with_bound(claim.bound * strange))
    except ValueError as error:
        assert "no value for strange" in str(error)  # noqa: PT017
    else:
        assert found.holds is not True


def test_a_smaller_share_at_half_r_is_certified_or_left_open():
    """At r = 1 a share below the enclosed infimum is certified, one inside its width is left open."""
    claim = CLAIMS["section-6-2-tail-1-half"]
    assert certify(claim.with_bound(sp.Rational(44, 100))).holds is True
    assert certify(claim.with_bound(sp.Rational(4450, 10000))).holds is None


def test_a_smaller_least_mean_is_certified_with_a_margin():
    """A constant below 2/pi is certified with a positive margin."""
    found = certify(CLAIMS["section-6-2-mean-0-zero"].with_bound(sp.Rational(6, 10)))
    assert found.holds
    assert found.margin == pytest.approx(2 / np.pi - 0.6)


def test_the_share_at_half_r_is_least_at_one_dimension_near_the_witness():
    """The infimum at r = 1 is enclosed around what a fine grid of the double-precision law finds."""
    low, high = certify(CLAIMS["section-6-2-tail-1-half"]).best
    grid = []
    for k in np.linspace(0.02, 0.999, 200):
        noise = 1 / (1 / k - 1)
        grid.append(float(np.exp(score.log_tail(0.5, 1, noise, noise, True))))
    assert low <= min(grid) <= high + 1e-5
    noiseless = special.erfc(0.5)
    with precision(64):
        assert endpoints(tail(1, 1, Fraction(1, 2)))[0] == pytest.approx(noiseless, rel=1e-12)


@pytest.mark.parametrize("dimension", [2, 3, 9, 40])
def test_half_of_the_clean_pairs_pass_r_minus_one_but_not_more(dimension):
    """At low SNR the median of the clean score is just above r - 1: a threshold of r - 0.9 already fails."""
    with precision(64):
        faint = Fraction(1, 200)
        assert endpoints(tail(dimension, faint, faint * (dimension - 1)))[0] > 0.5
        assert endpoints(tail(dimension, faint, faint * (dimension - Fraction(9, 10))))[1] < 0.5


def test_the_median_argument_needs_two_dimensions_and_a_threshold_up_to_r_minus_one():
    """The single-crossing proof fails for a threshold above r - 1."""
    claim = CLAIMS["section-6-2-tail-1-sharp"]
    steps = list(thresholds_proofs.median(r - sp.Rational(1, 2))(claim))
    assert [s.truth for s in steps].count(True) < len(steps)


def test_the_closed_form_agrees_with_the_law_at_any_noise():
    """E_0(0) in closed form agrees with the double-precision law, noise included."""
    for dimension, g, g_tilde in ((1, np.inf, np.inf), (3, 0.5, 2.0), (50, 1.0, np.inf)):
        expected = score.conditional_mean(0.0, dimension, g, g_tilde, False)
        values = {gamma: sp.Float(g), gamma_tilde: sp.Float(g_tilde), r: dimension}
        assert float(thresholds.MEAN_0_AT_ZERO.subs(values)) == pytest.approx(float(expected), rel=1e-12)


def test_the_asymptote_is_approached():
    """The closed form divided by its asymptote tends to 1 from below, the lower bound from above."""
    noiseless = {gamma: sp.oo, gamma_tilde: sp.oo}
    for dimension in (1, 10, 1000):
        exact = thresholds.MEAN_0_AT_ZERO.subs(noiseless).subs(r, dimension).n()
        above = float(thresholds.MEAN_0_ASYMPTOTE.subs(noiseless).subs(r, dimension) / exact)
        below = float(exact / thresholds.MEAN_0_LOWER.subs(noiseless).subs(r, dimension))
        assert 1 < above < 1 + 0.3 / dimension
        assert 1 < below < 1 + 0.2 / dimension**2
    assert sp.simplify(thresholds.MEAN_0_AT_ZERO / sp.sqrt(a_x * a_y)).free_symbols == {r}


def test_the_errors_cross_where_the_corrected_claim_says():
    """The crossing of the two oracle errors times pi r tends to 1, and times r^2 it grows."""
    scaled = {}
    for dimension in (256, 1024, 4096):
        lowest = min(crossings(dimension, np.inf, np.inf))
        scaled[dimension] = lowest * np.pi * dimension
    assert 1 < scaled[4096] < scaled[1024] < scaled[256] < 1.3
    assert scaled[4096] * 4096 > 10 * scaled[256] * 256
