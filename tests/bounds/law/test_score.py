"""The oracle score's law: double precision against independent engines, closed forms and simulation.

Independent of `bounds.law.score`'s contour integral: SciPy's quadrature over the chi-square mixture, Arb's
Bessel and incomplete gamma functions (`bounds.law.score_reference`), SciPy's chi-square, closed forms,
Monte Carlo.
"""

import itertools
import math
import subprocess
import sys

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats

from bounds import symbols as names
from bounds.law import score, score_contour, score_reference
from bounds.law.score import Score
from bounds.paper import score_proofs

INF = math.inf
ALPHA = 1e-9
"""Probability that any one statistical test below fails although all is right."""


def by_mixture(quantity, r, gamma, gamma_tilde, clean):
    """E quantity(|v|^2, mean, standard deviation of S given v) by SciPy's quadrature over chi-square."""
    a, a_tilde, k = 1 + 1 / gamma, 1 + 1 / gamma_tilde, float(clean)
    chi_square = stats.chi2(r)

    def integrand(root):
        q = a_tilde * root**2
        spread = math.sqrt((a - k**2 / a_tilde) * q)
        return quantity(q, k * q / a_tilde, spread) * chi_square.pdf(root**2) * 2 * root

    middle = math.sqrt(r)
    points = [1e-12, *(max(0.02, middle + step) for step in (-4, -2, 0, 2, 4)), middle + 10]
    pieces = itertools.pairwise(points)
    return sum(integrate.quad(integrand, low, high, epsabs=1e-15, epsrel=1e-12)[0] for low, high in pieces)


MODERATE = [
    (1, 2.0, 5.0, True, 1.7),
    (1, 2.0, 5.0, False, -0.4),
    (2, 0.3, INF, True, -1.5),
    (5, INF, 0.5, False, 3.0),
    (16, 4.0, 1.0, True, 20.0),
    (40, 0.7, 0.2, True, 12.0),
]


@pytest.mark.parametrize(("r", "gamma", "gamma_tilde", "clean", "theta"), MODERATE)
def test_matches_quadrature_over_the_chi_square_mixture(r, gamma, gamma_tilde, clean, theta):
    """Tail, density, conditional mean and both squared-norm quantities are the mixture's integrals."""
    setting = (r, gamma, gamma_tilde, clean)

    def mixture(quantity):
        return by_mixture(quantity, *setting)

    tail = mixture(lambda q, mean, spread: stats.norm.sf(theta, mean, spread))
    density = mixture(lambda q, mean, spread: stats.norm.pdf(theta, mean, spread))
    mass = mixture(
        lambda q, mean, spread: (
            mean * stats.norm.sf(theta, mean, spread) + spread**2 * stats.norm.pdf(theta, mean, spread)
        )
    )
    norm = mixture(lambda q, mean, spread: q * stats.norm.sf(theta, mean, spread))
    norm_density = mixture(lambda q, mean, spread: q * stats.norm.pdf(theta, mean, spread))
    assert np.exp(score.log_tail(theta, *setting)) == pytest.approx(tail, rel=1e-9)
    assert np.exp(score.log_density(theta, *setting)) == pytest.approx(density, rel=1e-8)
    assert score.conditional_mean(theta, *setting) == pytest.approx(mass / tail, rel=1e-8)
    assert score.conditional_squared_norm(theta, *setting) == pytest.approx(norm / tail, rel=1e-9)
    assert score.squared_norm_density(theta, *setting) == pytest.approx(norm_density, rel=1e-8)


@pytest.mark.parametrize(("r", "gamma", "gamma_tilde", "clean", "theta"), MODERATE)
def test_left_side_is_the_right_side_with_the_modalities_exchanged(r, gamma, gamma_tilde, clean, theta):
    """u plays for gamma what v plays for gamma_tilde."""
    for function in (score.conditional_squared_norm, score.squared_norm_density):
        left = function(theta, r, gamma, gamma_tilde, clean, side="left")
        assert left == pytest.approx(function(theta, r, gamma_tilde, gamma, clean, side="right"), rel=1e-13)


def relative_errors(theta, r, gamma, gamma_tilde, clean, digits=22):
    """Relative error of P, 1 - P, p, E and E|v|^2 against the law at any precision."""
    setting = (r, gamma, gamma_tilde, clean)
    law = score_contour.evaluate(theta, score_contour.parameters(*setting))
    exact = score_reference.ClassMp(*setting, digits=digits)
    pairs = {
        "tail": (exact.log_tail(theta), law.log_tail),
        "cdf": (exact.log_cdf(theta), law.log_cdf),
        "density": (exact.log_density(theta), law.log_density),
        "mean": (
            mpmath.log(exact.mean(theta)),
            np.log(score.conditional_mean(theta, *setting)),
        ),
        "norm": (
            mpmath.log(exact.squared_norm(theta)),
            np.log(score.conditional_squared_norm(theta, *setting)),
        ),
    }
    return {name: abs(float(mpmath.expm1(true - float(ours)))) for name, (true, ours) in pairs.items()}


EDGES = [
    (1.2, 1, 3.0, 2.0, True),
    (1e-12, 1, 3.0, 2.0, True),
    (-1e-12, 1, 3.0, 2.0, False),
    (1900.0, 1, 3.0, 2.0, True),  # P about 1e-300
    (-300.0, 1, 3.0, 2.0, True),  # 1 - P about 1e-300
    (-0.02, 2, 1e4, 1e4, True),
    (3e-5, 3, 1e9, INF, True),
    (1e8, 3, 1e-6, 1e-6, True),
    (1.0, 4, 1e-6, INF, False),
    (950.0, 16, 1e4, 1e4, False),
    (16.0, 16, 1e4, 1e4, True),
    (0.5, 100, INF, INF, True),  # chi-square, 1 - P about 1e-100
    (1e-300, 1, INF, INF, True),
]
FAR_EDGES = [
    (10_050.0, 10_000, 5.0, 3.0, True),
    (15_500.0, 10_000, 1e4, 1e4, True),  # P about 1e-300
    (5_600.0, 10_000, 1e4, 5.0, True),  # 1 - P about 1e-220
    (3.7e9, 10_000, 1e-6, 1e-6, False),
    (13_000.0, 9_999, INF, INF, True),
]


@pytest.mark.parametrize("case", EDGES)
def test_double_precision_is_accurate_at_the_edges_of_its_range(case):
    """Every quantity has a relative error below 1e-11 from 1 - P = 1e-300 to P = 1e-300."""
    assert max(relative_errors(*case).values()) < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize("case", FAR_EDGES)
def test_double_precision_is_accurate_at_the_largest_latent_dimension(case):
    """Every quantity has a relative error below 1e-11 at r = 10 000."""
    assert max(relative_errors(*case).values()) < 1e-11


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("r", [1, 2, 3, 8, 101, 1000, 10_000])
def test_densities_match_the_bessel_function_on_a_grid(r, clean):
    """The contour's densities at r and r + 2 are Arb's variance-gamma densities, from 1e-300 up."""
    for gamma, gamma_tilde in ((1e-6, 2.0), (1.0, 1.0), (1e4, INF), (1e9, 1e9)):
        law = score_contour.parameters(r, gamma, gamma_tilde, clean)
        spread = math.sqrt(r * (law.root**2 + law.covariance))
        theta = law.covariance * r + spread * np.array([-1.3, -0.4, -1e-3, 1e-6, 0.3, 1.0, 4.0, 12.0])
        theta = theta[theta > -300 * law.left_scale]
        values = score_contour.evaluate(theta, law)
        for index, point in enumerate(theta):
            for shift, ours in ((0, values.log_density), (2, values.log_lifted_density)):
                law_mp = score_reference.ClassMp(r + shift, gamma, gamma_tilde, clean, digits=20)
                exact = law_mp.log_density(float(point))
                assert abs(float(exact - float(ours[index]))) < 1e-11


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("r", [1, 2, 3, 9, 100, 10_000])
def test_tails_at_r_and_r_plus_2_satisfy_the_recurrence(r, clean):
    """P_{r+2} = P_r + k p_{r+2} + theta p_r / r joins two separate integrals."""
    for gamma, gamma_tilde in ((1e-6, 1e-6), (0.5, 7.0), (1e6, INF)):
        law = score_contour.parameters(r, gamma, gamma_tilde, clean)
        theta = law.covariance * r + math.sqrt(r) * law.root * np.linspace(-5, 20, 50)
        here = score_contour.evaluate(theta, law)
        above = score_contour.evaluate(theta, score_contour.parameters(r + 2, gamma, gamma_tilde, clean))
        ratio = np.exp(above.log_tail - here.log_tail)
        expected = 1.0 + law.covariance * here.lifted_hazard + theta * here.hazard / r
        np.testing.assert_allclose(ratio, expected, rtol=1e-12)


@pytest.mark.parametrize("r", [1, 2, 5, 100, 10_000])
def test_without_noise_a_clean_score_is_chi_square(r):
    """gamma = gamma_tilde = inf gives SciPy's chi-square law, left tail included."""
    theta = r * np.array([1e-3, 0.2, 0.9, 1.0, 1.1, 2.0])
    law = score_contour.evaluate(theta, score_contour.parameters(r, INF, INF, True))
    for ours, theirs in (
        (law.log_tail, stats.chi2.logsf(theta, r)),
        (law.log_cdf, stats.chi2.logcdf(theta, r)),
        (law.log_density, stats.chi2.logpdf(theta, r)),
    ):
        usable = np.isfinite(theirs) & (theirs > -600) & (theirs < 0)
        assert usable.sum() >= 2
        np.testing.assert_allclose(np.exp(ours - theirs)[usable], 1.0, rtol=2e-10)
    norms = score.conditional_squared_norm(theta, r, INF, INF, True)
    np.testing.assert_allclose(norms, score.conditional_mean(theta, r, INF, INF, True), rtol=1e-12)


def test_noiseless_scores_have_no_mass_below_zero():
    """Left of the support the tail is 1, the density 0 and the conditional mean r."""
    for r in (1, 2, 3):
        assert score.log_tail(-1.0, r, INF, INF, True) == 0.0
        assert score.log_density(-1.0, r, INF, INF, True) == -INF
        assert score.conditional_mean(-1.0, r, INF, INF, True) == r
    at_zero = [score.log_density(0.0, r, INF, INF, True) for r in (1, 2, 3)]
    assert at_zero == [INF, pytest.approx(math.log(0.5)), -INF]


def test_vanishing_noise_converges_to_the_noiseless_law():
    """gamma = 1e15 and gamma = inf agree to nine digits away from zero."""
    theta = np.array([0.5, 4.0, 50.0])
    near = score.log_tail(theta, 4, 1e15, 1e15, True)
    np.testing.assert_allclose(near, score.log_tail(theta, 4, INF, INF, True), rtol=1e-9)


@pytest.mark.parametrize("clean", [True, False])
def test_even_latent_dimensions_match_their_elementary_forms(clean):
    """At r = 2 the law is asymmetric Laplace; at r = 4 and 10 an exponential times a polynomial."""
    at = {names.gamma: sp.Rational(3, 2), names.gamma_tilde: 4}
    for point in (sp.Rational(-7, 3), sp.Rational(7, 3), sp.Integer(40)):
        here = {**at, names.theta: point}
        tail = float(sp.log(score_proofs.laplace_tail(clean).subs(here)).evalf(30))
        density = float(sp.log(score_proofs.laplace_density(clean).subs(here)).evalf(30))
        assert score.log_tail(float(point), 2, 1.5, 4.0, clean) == pytest.approx(tail, rel=1e-13)
        assert score.log_density(float(point), 2, 1.5, 4.0, clean) == pytest.approx(density, rel=1e-13)
        if point > 0:
            for latent in (2, 4, 10):
                tail = float(sp.log(score_proofs.even_tail(latent, clean).subs(here)).evalf(30))
                density = float(sp.log(score_proofs.even_density(latent, clean).subs(here)).evalf(30))
                assert score.log_tail(float(point), latent, 1.5, 4.0, clean) == pytest.approx(tail, rel=1e-13)
                ours = score.log_density(float(point), latent, 1.5, 4.0, clean)
                assert ours == pytest.approx(density, rel=1e-13)


@pytest.mark.parametrize("latent", [0, 3, -2])
def test_elementary_forms_refuse_other_dimensions(latent):
    """Odd r has no elementary tail."""
    with pytest.raises(ValueError, match="even"):
        score_proofs.even_tail(latent, True)


def test_symbolic_density_matches_numbers():
    """The Bessel expression, its value at zero and the noiseless law agree with double precision."""
    at = {names.gamma: sp.Rational(1, 3), names.gamma_tilde: 7, names.theta: sp.Rational(-5, 4), names.r: 5}
    for clean in (True, False):
        expected = float(sp.log(score_proofs.density(clean).subs(at)).evalf(30))
        assert score.log_density(-1.25, 5, 1 / 3, 7.0, clean) == pytest.approx(expected, rel=1e-12)
        for r in (2, 3, 8):
            expected = float(sp.log(score_proofs.density_at_zero(clean).subs({**at, names.r: r})).evalf(30))
            assert score.log_density(0.0, r, 1 / 3, 7.0, clean) == pytest.approx(expected, rel=1e-12)
            mp_value = float(score_reference.ClassMp(r, 1 / 3, 7, clean).log_density(0))
            assert mp_value == pytest.approx(expected, rel=1e-12)
    here = {names.theta: sp.Rational(9, 2), names.r: 3}
    tail = float(sp.log(score_proofs.noiseless_tail().subs(here)).evalf(30))
    density = float(sp.log(score_proofs.noiseless_density().subs(here)).evalf(30))
    assert score.log_tail(4.5, 3, INF, INF, True) == pytest.approx(tail, rel=1e-13)
    assert score.log_density(4.5, 3, INF, INF, True) == pytest.approx(density, rel=1e-13)


@pytest.mark.parametrize("r", [1, 2, 3, 10, 101])
def test_closed_forms_at_zero(r):
    """P_0(0) = 1/2, E_0(0) by gamma functions, P_1(0) by the incomplete beta function, E_1(0) by both."""
    at = {names.gamma: sp.Rational(1, 2), names.gamma_tilde: 3, names.r: r}
    setting = (r, 0.5, 3.0)
    assert score.log_tail(0.0, *setting, False) == pytest.approx(math.log(0.5), rel=1e-13)
    exact = {
        "E_0": float(score_proofs.CORRUPTED_MEAN_AT_ZERO.subs(at).evalf(25)),
        "P_1": float(score_proofs.CLEAN_TAIL_AT_ZERO.subs(at).evalf(25)),
        "E_1": float(score_proofs.CLEAN_MEAN_AT_ZERO.subs(at).evalf(25)),
    }
    assert score.conditional_mean(0.0, *setting, False) == pytest.approx(exact["E_0"], rel=1e-13)
    assert np.exp(score.log_tail(0.0, *setting, True)) == pytest.approx(exact["P_1"], rel=1e-13)
    assert score.conditional_mean(0.0, *setting, True) == pytest.approx(exact["E_1"], rel=1e-13)


def test_the_papers_constants_at_zero_and_half_r():
    """E_0(0) = 2 s / pi only at r = 1, and P_1(r/2) >= 1/2 fails at r = 1 and nowhere else seen."""
    s = math.sqrt(1.5 * 3.0)
    paper = 2 * s / math.pi
    assert score.conditional_mean(0.0, 1, 2.0, 0.5, False) == pytest.approx(paper, rel=1e-13)
    assert score.conditional_mean(0.0, 2, 2.0, 0.5, False) > 1.5 * paper
    half = [float(np.exp(score.log_tail(r / 2, r, INF, INF, True))) for r in (1, 2, 3, 50)]
    assert half[0] == pytest.approx(math.erfc(0.5), rel=1e-13)
    assert half[0] < 0.5 < min(half[1:])


@pytest.mark.parametrize(
    "prove", [score_proofs.prove_law, score_proofs.prove_recurrences, score_proofs.prove_leak]
)
def test_every_symbolic_step_is_true(prove):
    """SymPy reduces each step of the derivation to an identity."""
    steps = list(prove())
    assert steps
    assert all(step.truth for step in steps), [step for step in steps if not step.truth]


def test_a_wrong_recurrence_is_refuted_symbolically():
    """The same decision procedure rejects the recurrence with the wrong sign of k."""
    from bounds.proof.steps import identity

    transform = score_proofs.moment_generating_function(True)
    lifted = transform.subs(names.r, names.r + 2)
    left = sp.powsimp(sp.diff(transform, score_proofs.T) / lifted)
    drift = score_proofs.determinant(True) * score_proofs.T
    assert identity("k = 1", left, names.r * (1 + drift)).truth
    assert not identity("k = -1", left, names.r * (-1 + drift)).truth


@pytest.mark.parametrize("clean", [True, False])
def test_cumulants_are_the_papers_moments(clean):
    """Mean k r, variance r (a a~ + k)."""
    at = {names.gamma: 2, names.gamma_tilde: 4, names.r: 7}
    assert score_proofs.cumulant(clean, 1).subs(at) == 7 * clean
    assert score_proofs.cumulant(clean, 2).subs(at) == 7 * (sp.Rational(15, 8) + int(clean))


# --- Monte Carlo ---


def draw(r, eta, gamma, gamma_tilde, pairs, rng):
    """(clean, u, v): the signal coordinates of `pairs` random pairs, straight from the model."""
    clean = rng.random(pairs) < eta
    z = rng.standard_normal((pairs, r))
    z_tilde = np.where(clean[:, None], z, rng.standard_normal((pairs, r)))
    u = z + rng.standard_normal((pairs, r)) / math.sqrt(gamma)
    v = z_tilde + rng.standard_normal((pairs, r)) / math.sqrt(gamma_tilde)
    return clean, u, v


SAMPLED = [(1, 0.4, 2.0, 5.0), (3, 0.2, 0.5, INF), (6, 1.0, INF, INF)]


def dkw_rejects(sample, cdf):
    """Whether the Dvoretzky-Kiefer-Wolfowitz band of level ALPHA around the sample's cdf excludes `cdf`.

    Looked at only at every 20th order statistic, which can but lower the distance.
    """
    ranks = np.arange(1, len(sample) + 1, 20)
    distance = np.max(np.abs(ranks / len(sample) - cdf(np.sort(sample)[ranks - 1])))
    return distance > math.sqrt(math.log(2 / ALPHA) / (2 * len(sample)))


@pytest.mark.parametrize(("r", "eta", "gamma", "gamma_tilde"), SAMPLED)
def test_simulated_scores_follow_the_law(r, eta, gamma, gamma_tilde):
    """40 000 scores pass a DKW test at 1e-9; the laws with eta or gamma a tenth off are rejected."""
    _, u, v = draw(r, eta, gamma, gamma_tilde, 40_000, np.random.default_rng(20251214))
    sample = np.einsum("ij,ij->i", u, v)
    assert not dkw_rejects(sample, lambda theta: np.exp(Score(r, eta, gamma, gamma_tilde).log_cdf(theta)))
    for wrong in (Score(r, 0.7 * eta, gamma, gamma_tilde), Score(r, eta, min(gamma, 5.0) / 2, gamma_tilde)):
        assert dkw_rejects(sample, lambda theta, wrong=wrong: np.exp(wrong.log_cdf(theta)))


def disagree(sample, expected):
    """Whether a normal-theory test of level ALPHA rejects that the sample's mean is `expected`."""
    error = np.std(sample) / math.sqrt(len(sample))
    return abs(np.mean(sample) - expected) > stats.norm.isf(ALPHA / 2) * error


@pytest.mark.parametrize(("r", "eta", "gamma", "gamma_tilde"), SAMPLED)
@pytest.mark.parametrize("theta", [0.0, 1.5])
def test_simulated_kept_pairs_have_the_stated_moments(r, eta, gamma, gamma_tilde, theta):
    """Kept share, posterior, mean and both kappas; weights eta and 1 - eta and kappa = a are rejected."""
    clean, u, v = draw(r, eta, gamma, gamma_tilde, 400_000, np.random.default_rng(3))
    sample = np.einsum("ij,ij->i", u, v)
    kept = sample > theta
    law = Score(r, eta, gamma, gamma_tilde)
    assert not disagree(kept, law.tail(theta))
    assert not disagree(sample[kept], law.mean(theta))
    assert law.multiple(theta) == law.mean(theta) / r
    assert not disagree(np.sum(v[kept] ** 2, axis=1) / r, law.kappa(theta, side="right"))
    assert not disagree(np.sum(u[kept] ** 2, axis=1) / r, law.kappa(theta, side="left"))
    if eta < 1:
        assert not disagree(clean[kept], law.posterior(theta))
        prior_weights = sum(
            weight * score.conditional_mean(theta, r, gamma, gamma_tilde, is_clean)
            for weight, is_clean in ((eta, True), (1 - eta, False))
        )
        assert disagree(sample[kept], prior_weights)
        assert disagree(clean[kept], eta)
    if theta > 0:
        assert disagree(np.sum(v[kept] ** 2, axis=1) / r, 1 + 1 / gamma_tilde)


@pytest.mark.parametrize(("r", "eta", "gamma", "gamma_tilde"), [(1, 0.4, 2.0, 5.0), (3, 0.05, 0.5, 8.0)])
def test_simulated_leak_matches_the_closed_form(r, eta, gamma, gamma_tilde):
    """The first-order response of the off-signal block to a turned teacher, averaged over simulated v.

    The teacher's score is S + e xi v_1, xi ~ N(0, 1/gamma) an off-signal coordinate of x.  Given v and the
    coin it is normal, so d/de E[xi v_1; score > theta] = E[v_1^2 n(theta; v)] / gamma, and the student turns
    by that over E[u_1 v_1; S > theta].  Ignoring the clean pairs, lambda = 1/(1 + gamma), is rejected.
    """
    theta = 1.0
    rng = np.random.default_rng(11)
    clean = (rng.random(400_000) < eta)[:, None].ravel()
    a, a_tilde = 1 + 1 / gamma, 1 + 1 / gamma_tilde
    v = math.sqrt(a_tilde) * rng.standard_normal((400_000, r))
    q = np.sum(v**2, axis=1)
    spread = np.sqrt(np.where(clean, a - 1 / a_tilde, a) * q)
    response = v[:, 0] ** 2 * stats.norm.pdf(theta, np.where(clean, q / a_tilde, 0.0), spread) / gamma
    law = Score(r, eta, gamma, gamma_tilde)
    signal = law.multiple(theta) * law.tail(theta)
    assert not disagree(response / signal, law.leak(theta, side="left"))
    assert disagree(response / signal, 1 / (1 + gamma))


# --- the mixture at any precision ---


@pytest.mark.parametrize(
    ("r", "eta", "gamma", "gamma_tilde", "theta"),
    [
        (1, 0.3, 2.0, 5.0, 0.7),
        (4, 1e-12, 0.1, 3.0, 2.0),
        (8, 0.5, 50.0, INF, 60.0),
        (3, 0.9, 1e6, 1e6, -1e-4),
        (2, 1.0, 1e3, 1e3, 30.0),
    ],
)
def test_the_mixture_matches_any_precision(r, eta, gamma, gamma_tilde, theta):
    """All methods agree with mpmath; the leak's positive form with the form that has a difference."""
    law, exact = (
        Score(r, eta, gamma, gamma_tilde),
        score_reference.ScoreMp(r, eta, gamma, gamma_tilde, digits=22),
    )
    assert law.log_tail(theta) == pytest.approx(float(exact.log_tail(theta)), rel=1e-11)
    assert np.log(law.density(theta)) == pytest.approx(float(exact.log_density(theta)), abs=1e-11)
    assert law.mean(theta) == pytest.approx(float(exact.mean(theta)), rel=1e-11)
    assert law.multiple(theta) == pytest.approx(float(exact.multiple(theta)), rel=1e-11)
    assert law.posterior(theta) == pytest.approx(float(exact.posterior(theta)), rel=1e-11)
    for side in ("left", "right"):
        assert law.kappa(theta, side) == pytest.approx(float(exact.kappa(theta, side)), rel=1e-11)
        assert law.leak(theta, side) == pytest.approx(float(exact.leak(theta, side)), rel=1e-10)


def test_digits_are_what_they_say():
    """Forty digits and sixty digits of a tail agree to forty."""
    setting = (0.3, 5, 0.7, 2, True)
    coarse = score_reference.ClassMp(*setting[1:], digits=40).log_tail(setting[0])
    fine = score_reference.ClassMp(*setting[1:], digits=60).log_tail(setting[0])
    with mpmath.workdps(70):
        assert abs(coarse / fine - 1) < mpmath.mpf(10) ** -39
        exact = sp.log(score_proofs.even_tail(6, True)).subs(
            {names.gamma: sp.Rational(1, 2), names.gamma_tilde: 2, names.theta: 3}
        )
        ours = score_reference.ClassMp(6, mpmath.mpf(1) / 2, 2, True, digits=60).log_tail(3)
        assert abs(ours - mpmath.mpf(str(exact.evalf(65)))) < mpmath.mpf(10) ** -58


@pytest.mark.parametrize("clean", [True, False])
def test_infinite_and_supportless_thresholds_at_any_precision(clean):
    """The mpmath versions accept infinite thresholds and noiseless pairs left of the support."""
    assert score_reference.ClassMp(2, 1, 1, clean).log_tail(-INF) == 0
    assert score_reference.ClassMp(2, 1, 1, clean).log_tail(INF) == -mpmath.inf
    assert score_reference.ClassMp(2, 1, 1, clean).mean(-INF) == 2 * clean
    assert score_reference.ClassMp(2, 1, 1, clean).log_density(INF) == -mpmath.inf
    assert score_reference.ClassMp(2, INF, 3, clean).squared_norm_density(0.5) == pytest.approx(
        score.squared_norm_density(0.5, 2, INF, 3.0, clean), rel=1e-12
    )
    if clean:
        assert score_reference.ClassMp(2, INF, INF, clean).log_tail(-1) == 0
        assert score_reference.ClassMp(3, INF, INF, clean).log_tail(0) == 0
        found = [score_reference.ClassMp(r, INF, INF, clean).log_density(0) for r in (1, 2, 3)]
        assert found == [mpmath.inf, pytest.approx(-math.log(2)), -mpmath.inf]
        assert score_reference.ClassMp(1, INF, INF, clean).log_density(-1) == -mpmath.inf
    assert score_reference.ClassMp(1, 1, 1, clean).log_density(0) == mpmath.inf
    leak = Score(2, 0.5, 1, 1).leak(0, "left")
    assert score_reference.ScoreMp(2, 0.5, 1, 1).leak(0, "left") == pytest.approx(leak, rel=1e-12)


def test_an_unreachable_precision_is_an_error(monkeypatch):
    """Raising the working precision stops with an ArithmeticError, not in an endless loop."""
    monkeypatch.setattr(score_reference, "MAX_BITS", 100)
    with pytest.raises(ArithmeticError, match="no enclosure"):
        score_reference.ClassMp(3, 1, 1, True).log_density(1.0)


# --- interface ---


def test_quantile_inverts_the_tail():
    """From 1 - 1e-12 to 1e-300 of the pairs kept, within the accuracy of the tail itself."""
    law = Score(16, 0.3, 5.0, 3.0)
    for retained in (1 - 1e-12, 0.9, 0.5, 0.01, 1e-20, 1e-300):
        theta = law.quantile(retained)
        assert law.log_tail(theta) == pytest.approx(math.log(retained), rel=1e-9)
        if retained > 0.5:
            assert law.log_cdf(theta) == pytest.approx(math.log1p(-retained), rel=1e-9)
    assert law.quantile(1.0) == -INF
    assert Score(1, 1.0, INF, INF).quantile(1 - 1e-10) == pytest.approx(0.5 * math.pi * 1e-20, rel=1e-5)


def test_limits_of_the_mixture():
    """Without a threshold: everything kept, mean eta r, variance a, no leak; beyond everything: an error."""
    law = Score(3, 0.25, 2.0, 4.0)
    assert (law.tail(-INF), law.mean(-INF), law.posterior(-INF)) == (1.0, 0.75, 0.25)
    assert (law.kappa(-INF, "left"), law.kappa(-INF, "right")) == (1.5, 1.25)
    assert law.leak(-INF, "left") == 0.0
    assert (law.tail(INF), law.density(INF), law.log_cdf(INF)) == (0.0, 0.0, 0.0)
    assert Score(3, 0.0, 2.0, 4.0).leak(0.7, "right") == pytest.approx(1 / 5, rel=1e-14)
    assert Score(3, 0.25, INF, 4.0).leak(0.7, "left") == 0.0
    for method in (law.mean, law.multiple, law.posterior, lambda at: law.kappa(at, "left")):
        with pytest.raises(ValueError, match="theta must be less than inf"):
            method(INF)
    with pytest.raises(ValueError, match="theta must be less than inf"):
        score.conditional_mean([0.0, INF], 1, 1.0, 1.0, True)


@pytest.mark.parametrize("r", [1, 2, 3, 100])
@pytest.mark.parametrize("gamma", [1e-12, 1.0, 1e300, INF])
def test_extreme_arguments_reach_their_limits(r, gamma):
    """Thresholds down to the smallest double and noise down to 1e-300 give the limits, without a warning."""
    law = Score(r, 0.3, gamma, gamma)
    at_zero = law.mean(0.0)
    for theta in (5e-324, 1e-311, 1e-303, 1e-200):
        assert law.mean(theta) == pytest.approx(at_zero, rel=1e-12)
        assert law.tail(theta) == pytest.approx(law.tail(0.0), rel=1e-12)
    assert law.tail(-1e4 * r / min(gamma, 1.0)) == pytest.approx(1.0, rel=1e-12)
    assert law.log_tail(1e300) < -1e200


def test_results_have_the_shape_of_theta_and_are_the_callers_own():
    """Scalars stay scalars, arrays keep their shape, and writing into a result changes no later one."""
    law = Score(2, 0.5, 1.0, 3.0)
    assert isinstance(law.mean(0.3), float)
    grid = np.linspace(-3, 3, 12).reshape(3, 4)
    first = law.log_tail(grid)
    assert first.shape == (3, 4)
    kept = first.copy()
    first[:] = 7.0
    np.testing.assert_array_equal(law.log_tail(grid), kept)
    assert law.tail([]).shape == (0,)


def test_blocks_do_not_change_results():
    """Thousands of thresholds at once equal the same thresholds one at a time, within rounding."""
    law = Score(5, 0.5, 1.0, 3.0)
    theta = np.linspace(-20, 60, 2 * score_contour.BLOCK + 17)
    together = law.log_tail(theta)
    for index in (0, 17, score_contour.BLOCK, len(theta) - 1):
        assert together[index] == pytest.approx(law.log_tail(float(theta[index])), rel=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Score(0, 0.5, 1, 1), "r must be a whole number >= 1, got 0"),
        (lambda: Score(1, 1.5, 1, 1), r"eta must lie in \[0, 1\], got 1.5"),
        (lambda: Score(1, 0.5, 0.0, 1), r"gamma must lie in \(0, inf\], got 0.0"),
        (lambda: Score(1, 0.5, 1, math.nan), r"gamma_tilde must lie in \(0, inf\], got nan"),
        (lambda: Score(1, 0.5, 1, 1).log_tail(math.nan), "theta must not be NaN"),
        (lambda: Score(1, 0.5, 1, 1).kappa(0.0, "top"), "side must be"),
        (lambda: Score(1, 0.5, 1, 1).quantile(0.0), r"retained must lie in \(0, 1\], got 0.0"),
        (
            lambda: score_reference.ClassMp(2.5, 1, 1, True).log_tail(0),
            "r must be a whole number >= 1, got 2.5",
        ),
    ],
)
def test_errors_name_the_argument_and_its_value(call, message):
    """Wrong values raise ValueError with the argument, the allowed range and what was given."""
    with pytest.raises(ValueError, match=message):
        call()


def test_import_is_light():
    """`import bounds.law.score` loads neither NumPy nor SciPy nor SymPy."""
    heavy = "{'numpy', 'scipy', 'sympy', 'mpmath'}"
    program = f"import sys, bounds.law.score; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
