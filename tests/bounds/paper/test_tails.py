from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy import integrate, special

from bounds.claim import Certificate, Proof, Verdict
from bounds.law import score, score_balls
from bounds.law.score_balls import excess, tail, truncated_mean
from bounds.paper import tails, tails_proofs
from bounds.proof.enclose import endpoints, precision
from bounds.symbols import cov_uv, r, sigma, sigma_u, sigma_v, theta

CLAIMS = {claim.id: claim for claim in tails.CLAIMS}


def having(kind):
    """The claims that have a check of this kind."""
    return [claim for claim in tails.CLAIMS if any(isinstance(check, kind) for check in claim.checks)]


def certify(claim, bits=64):
    """What the claim's certificate finds."""
    (certificate,) = [check for check in claim.checks if isinstance(check, Certificate)]
    return certificate.prove(claim.stated, bits)


def proof_holds(claim):
    """Whether every step of the claim's proof is decided true."""
    (proof,) = [check for check in claim.checks if isinstance(check, Proof)]
    return all(step.truth is True for step in proof.derive(claim.stated))


@pytest.mark.parametrize("claim", having(Proof), ids=lambda c: c.id)
def test_every_step_of_every_proof_is_decided_true(claim):
    """Every step of every proof is decided true."""
    assert proof_holds(claim)


HEAVY = ("lemma-8", "lemma-8-sharp")
CERTIFIED = [
    pytest.param(claim, id=claim.id, marks=[pytest.mark.slow] if claim.id in HEAVY else [])
    for claim in having(Certificate)
]


@pytest.mark.parametrize("claim", CERTIFIED)
def test_certificates_give_the_expected_answer_at_both_precisions(claim):
    """Certificates give the expected answer, and the same one at doubled precision."""
    expected = claim.expected is not Verdict.REFUTED
    first, second = certify(claim, 53), certify(claim, 106)
    assert first.holds is expected
    assert second.holds is expected
    assert first.margin == pytest.approx(second.margin, abs=1e-9)
    assert second.bits == 106


PLANTED = {
    "e to 1 in lemma 8": ("lemma-8", sp.E, 1, False),
    "e to 1.41 in lemma 8": ("lemma-8", sp.E, sp.Rational(141, 100), None),
    "e to 1 in lemma 9": ("lemma-9-upper", sp.E, 1, False),
    "e to 1 in lemma 5": ("lemma-5", sp.E, 1, None),
    "e to 0.9 in lemma 5": ("lemma-5", sp.E, sp.Rational(9, 10), False),
    "2/pi to 0.7 in lemma 8": ("lemma-8-zero", 1 / sp.pi, sp.Rational(35, 100), False),
    "2/pi to 0.7 in lemma 9": ("lemma-9-zero", 1 / sp.pi, sp.Rational(35, 100), False),
    "sqrt 2 to 1.3 in lemma 8": ("lemma-8-sharp", sp.sqrt(2), sp.Rational(13, 10), False),
}


@pytest.mark.parametrize("case", PLANTED.values(), ids=PLANTED)
def test_a_planted_constant_is_not_certified(case):
    """A planted constant is not certified: refuted by an enclosed witness, or left undecided."""
    name, constant, planted, outcome = case
    claim = CLAIMS[name]
    wrong = claim.bound.subs(constant, planted)
    assert wrong != claim.bound
    found = certify(claim.with_bound(wrong))
    assert found.holds is outcome
    if outcome is False:
        assert found.witness


@pytest.mark.parametrize("name", ["lemma-5", "lemma-8", "lemma-8-zero", "lemma-8-sharp"])
def test_a_bound_of_another_form_is_not_certified(name):
    """A bound of another form is not certified by the argument for the stated form."""
    claim = CLAIMS[name]
    other = claim.bound * (r + 3) if name == "lemma-8-zero" else claim.bound / 2
    assert certify(claim.with_bound(other)).holds is not True


def test_a_smaller_constant_that_is_enough_is_certified():
    """Constants between the best one and the printed one are certified."""
    lemma_5, lemma_8 = CLAIMS["lemma-5"], CLAIMS["lemma-8"]
    assert certify(lemma_5.with_bound(theta + sp.Rational(132, 100) * sigma)).holds
    spread = tails_proofs.LEMMA_8_SPREAD
    assert certify(lemma_8.with_bound(tails_proofs.LEMMA_8_LOWER + sp.Rational(3, 2) * spread)).holds


def test_the_best_constants_enclose_their_exact_values():
    """The best constants reported enclose their exact values."""
    low, high = certify(CLAIMS["lemma-8"]).best
    assert low <= 2**0.5 <= high
    low, high = certify(CLAIMS["lemma-5"]).best
    assert low <= 1 < 1.3108 < high < 1.3109
    low, high = certify(CLAIMS["lemma-8-zero"]).best
    assert low <= 2 / np.pi <= high


def test_wrong_bounds_break_the_proofs_that_carry_them():
    """Wrong bounds break the proofs that carry them."""
    share = CLAIMS["lemma-5-mean"]
    assert not proof_holds(share.with_bound(sp.Rational(1, 2)))
    assert not proof_holds(CLAIMS["lemma-8-lower"].with_bound(2 * tails_proofs.LEMMA_8_LOWER))
    assert not proof_holds(CLAIMS["lemma-8-log-convexity"].with_bound(sp.Integer(1)))
    assert not proof_holds(CLAIMS["lemma-8-log-concavity-corrected"].with_bound(sp.Integer(1)))


def test_the_density_of_a_product_is_refuted_to_be_log_concave_for_every_stated_slack():
    """A second derivative of at most 0.3 is refuted as well; one of at most 1 is not."""
    claim = CLAIMS["lemma-8-log-concavity"]
    assert certify(claim.with_bound(sp.Rational(3, 10))).holds is False
    assert certify(claim.with_bound(sp.Integer(1))).holds is True


def test_a_claim_without_a_bound_cannot_be_certified():
    """A claim without a bound cannot be certified."""
    with pytest.raises(ValueError, match="states no bound"):
        certify(CLAIMS["lemma-5"].with_bound(None))


@pytest.mark.parametrize("dimension", [1, 2, 3, 5, 16])
@pytest.mark.parametrize("correlation", [Fraction(0), Fraction(1, 4), Fraction(9, 10), Fraction(1)])
def test_the_enclosed_law_agrees_with_the_double_precision_one(dimension, correlation):
    """The enclosed tail and truncated mean agree with the law computed another way."""
    gamma = float("inf") if correlation in (0, 1) else 1 / (1 / float(correlation) - 1)
    scale = 1.0 if correlation == 0 else 1 / float(correlation)
    threshold = Fraction(dimension, 3)
    with precision(80):
        share = tail(dimension, correlation, threshold)
        mean = truncated_mean(dimension, correlation, threshold) / share
        assert share.rel_accuracy_bits() > 60
    at = float(threshold) * scale
    clean = correlation != 0
    expected = np.exp(score.log_tail(at, dimension, gamma, gamma, clean))
    assert endpoints(share)[0] == pytest.approx(expected, rel=1e-11)
    expected = score.conditional_mean(at, dimension, gamma, gamma, clean) / scale
    assert endpoints(mean)[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("weighted", [False, True], ids=["tail", "truncated mean"])
@pytest.mark.parametrize("dimension", [2, 4, 6, 64, 258])
def test_the_finite_sums_are_the_integral(dimension, weighted):
    """For even r the sums and the integral over the angle are two enclosures of one number, both narrow."""
    for correlation in (Fraction(0), Fraction(1, 3), Fraction(1)):
        for threshold in (Fraction(0), Fraction(1, 7), Fraction(dimension, 2), Fraction(3 * dimension)):
            where = (dimension, correlation, threshold, weighted, 128)
            sums, integral = score_balls._sums(*where), score_balls._integral(*where)
            assert sums.overlaps(integral), where
            assert sums.rel_accuracy_bits() > 100, where
            # In a far tail the integral is known to so many digits after the point, not of its own.
            assert threshold > dimension or integral.rel_accuracy_bits() > 50, where


def test_the_enclosed_law_agrees_with_the_density_of_one_product():
    """The tail of one product is the integral of its Bessel density."""
    at_half = tails_proofs.density().subs(tails_proofs._k, sp.Rational(1, 2))
    density = sp.lambdify(tails_proofs._x, at_half, modules=[{"besselk": special.kv}, "numpy"])
    expected, _ = integrate.quad(density, 0.5, 60)
    with precision(64):
        low, high = endpoints(tail(1, Fraction(1, 2), Fraction(1, 2)))
    assert low == pytest.approx(expected, rel=1e-8)
    assert high - low < 1e-15


def test_the_excess_moves_as_the_certificates_assume():
    """The excess and the tail rise with the correlation and fall with the threshold."""
    with precision(64):
        for function in (excess, tail):
            for dimension in (1, 2, 5):
                values = [function(dimension, Fraction(k, 8), 1) for k in range(9)]
                assert all(a < b for a, b in itertools.pairwise(values))
                values = [function(dimension, Fraction(1, 2), Fraction(x, 2)) for x in range(7)]
                assert all(a > b for a, b in itertools.pairwise(values))


def test_the_far_tail_is_still_enclosed():
    """Where almost nothing is left the ball is wide relative to its centre, and still right."""
    with precision(64):
        far = tail(2, Fraction(1, 2), 60)
    exact = 0.75 * np.exp(-40.0)
    low, high = endpoints(far)
    assert low <= exact <= high


def test_lemma_8_holds_at_random_points_by_simulation_free_integration():
    """Lemma 8's two bounds hold at a grid of correlations and thresholds, r = 1 included."""
    evaluate = sp.lambdify((sigma_u, sigma_v, cov_uv, theta, r), tails_proofs.LEMMA_8_SHARP, "numpy")
    with precision(64):
        for dimension in (1, 2, 7):
            for k in (Fraction(0), Fraction(1, 2), Fraction(19, 20)):
                for threshold in (Fraction(1, 8), Fraction(1), Fraction(6)):
                    mean = truncated_mean(dimension, k, threshold) / tail(dimension, k, threshold) / dimension
                    upper = evaluate(1.0, 1.0, float(k), float(threshold), dimension)
                    assert endpoints(mean)[1] < upper
                    assert endpoints(mean)[0] >= max(float(k), float(threshold) / dimension)
