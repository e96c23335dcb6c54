from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from proof_checks import check_outcome, check_wrong_bound, number, sound, symbolic
from scipy import integrate, stats

from bounds.paper import moments, score
from bounds.symbols import eta, gamma, gamma_tilde, r, t

CLAIMS = (*moments.CLAIMS, *score.CLAIMS)


@pytest.mark.parametrize("claim", symbolic(CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_moments_comes_out_as_registered(claim):
    """Each statement about moments comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_moments_accepts_a_wrong_value(claim):
    """No statement about moments accepts a wrong value."""
    check_wrong_bound(claim)


def test_isserlis_formula_has_the_double_factorial_of_pairings():
    """Isserlis' formula has the double factorial of pairings."""
    for order, pairings in ((2, 1), (4, 3), (6, 15)):
        assert moments.gaussian_moment(lambda i, j: sp.Integer(1), order) == pairings


def _hermite(function, covariance, degree=6):
    """E[function(X)] for X ~ N(0, covariance): exact for polynomials of degree < 2 * degree."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(degree)
    size = len(covariance)
    grid = np.stack(np.meshgrid(*[nodes] * size, indexing="ij"), axis=-1).reshape(-1, size)
    mass = np.prod(np.stack(np.meshgrid(*[weights] * size, indexing="ij"), axis=-1).reshape(-1, size), axis=1)
    points = grid @ np.linalg.cholesky(covariance).T
    return float(mass / mass.sum() @ function(points))


def _covariance(rng, size):
    root = rng.standard_normal((size, size))
    return root @ root.T + 0.1 * np.eye(size)


@given(st.integers(0, 2**32 - 1))
def test_lemma_12_agrees_with_exact_quadrature(seed):
    """Mean and variance of X^T A X for any A, by Gauss-Hermite rules that integrate quartics exactly."""
    rng = np.random.default_rng(seed)
    a, omega = rng.standard_normal((3, 3)), _covariance(rng, 3)
    values = {moments.A: a, moments.OMEGA: omega}

    def form(points):
        return np.einsum("ki,ij,kj->k", points, a, points)

    mean = _hermite(form, omega)
    assert number(moments.LEMMA_12_MEAN, values) == pytest.approx(mean, rel=1e-9, abs=1e-9)
    variance = _hermite(lambda points: (form(points) - mean) ** 2, omega)
    assert number(moments.LEMMA_12_VARIANCE, values) == pytest.approx(variance, rel=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_lemma_13_agrees_with_exact_quadrature(seed):
    """Variance of X^T A X~ for independent X, X~, by Gauss-Hermite rules that integrate quartics exactly."""
    rng = np.random.default_rng(seed)
    a, omega, omega_tilde = rng.standard_normal((2, 2)), _covariance(rng, 2), _covariance(rng, 2)
    joint = np.block([[omega, np.zeros((2, 2))], [np.zeros((2, 2)), omega_tilde]])
    square = _hermite(lambda p: np.einsum("ki,ij,kj->k", p[:, :2], a, p[:, 2:]) ** 2, joint, degree=4)
    values = {moments.A_CROSS: a, moments.OMEGA: omega, moments.OMEGA_TILDE: omega_tilde}
    assert number(moments.LEMMA_13_VARIANCE, values) == pytest.approx(square, rel=1e-8)


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 1.0, 1.0), (1.0, -0.6), (-1.0, -0.2, -0.2)])
@pytest.mark.parametrize("level", [0.1, 1.0, 6.0])
def test_the_tail_of_lemma_12_holds_on_exact_laws(weights, level):
    """P(sum w_j (g_j^2 - 1) > deviation) <= exp(-t), integrated to 1e-9."""
    w = np.array(weights)
    norms = {moments.FROBENIUS: np.linalg.norm(w), moments.OPERATOR: np.abs(w).max(), t: level}
    deviation = float(moments.LEMMA_12_DEVIATION.subs(norms))
    target = w.sum() + deviation
    if len(set(weights)) == 1:
        share = stats.chi2(len(w)).sf(target)
    else:  # integrate over the first coordinate, the rest being one multiple of a chi-square
        rest, dof = w[1], len(w) - 1

        def inner(x):
            left = target - w[0] * x * x
            tail = stats.chi2(dof).sf(left / rest) if rest > 0 else stats.chi2(dof).cdf(left / rest)
            return tail * stats.norm.pdf(x)

        share = 2 * integrate.quad(inner, 0, 12, limit=400)[0]
    assert share <= np.exp(-level)
    # Negative control: a fifth of the deviation is exceeded more often than exp(-t), for positive sums.
    if weights == (1.0, 1.0, 1.0) and level == 6.0:
        assert stats.chi2(3).sf(w.sum() + deviation / 5) > np.exp(-level)


def _score_moments(clean: bool, dimension: int, a: float, a_tilde: float):
    """Mean and variance of u^T v by quadrature over one coordinate pair, times the dimension."""
    covariance = np.array([[a, 1.0 * clean], [1.0 * clean, a_tilde]])
    mean = _hermite(lambda p: p[:, 0] * p[:, 1], covariance)
    square = _hermite(lambda p: (p[:, 0] * p[:, 1]) ** 2, covariance)
    return dimension * mean, dimension * (square - mean**2)


@pytest.mark.parametrize(("g", "g_tilde"), [(2.0, 0.5), (0.1, 10.0), (1e4, 1e4)])
def test_appendix_f_agrees_with_quadrature_and_the_printed_variance_does_not(g, g_tilde):
    """Appendix F agrees with quadrature and the printed variance does not."""
    at = {gamma: g, gamma_tilde: g_tilde, r: 3}
    a, a_tilde = 1 + 1 / g, 1 + 1 / g_tilde
    mean, variance = _score_moments(True, 3, a, a_tilde)
    assert mean == pytest.approx(3)
    assert float(score.VARIANCE_CLEAN.subs(at)) == pytest.approx(variance)
    mean, variance = _score_moments(False, 3, a, a_tilde)
    assert mean == pytest.approx(0, abs=1e-12)
    assert float(score.VARIANCE_CORRUPTED.subs(at)) == pytest.approx(variance)
    if g != g_tilde:
        assert float(score.VARIANCE_CORRUPTED_PRINTED.subs(at)) != pytest.approx(variance, rel=0.01)


def test_the_moment_generating_functions_agree_with_integration():
    """The moment generating functions agree with integration."""
    g, g_tilde, s = 2.0, 3.0, 0.21
    a, a_tilde = 1 + 1 / g, 1 + 1 / g_tilde
    for clean, stated in ((1, score.MGF_CLEAN), (0, score.MGF_CORRUPTED)):
        slope, spread = clean / a_tilde, a - clean / a_tilde

        def inner(v, slope=slope, spread=spread):
            return np.exp(s * slope * v**2 + s**2 * spread * v**2 / 2) * stats.norm.pdf(v, scale=a_tilde**0.5)

        one = integrate.quad(inner, -40, 40)[0]
        at = {gamma: g, gamma_tilde: g_tilde, r: 2, score.S: s}
        assert float(stated.subs(at)) == pytest.approx(one**2)


def test_the_mixtures_variance_has_the_spread_between_the_classes():
    """The mixture's variance has the spread between the classes."""
    at = {gamma: 1, gamma_tilde: 1, r: 4}
    ends = [score.MIXTURE_VARIANCE.subs(at | {eta: e}) for e in (0, 1)]
    assert ends == [score.VARIANCE_CORRUPTED.subs(at), score.VARIANCE_CLEAN.subs(at)]
    between = score.MIXTURE_VARIANCE.subs(at | {eta: sp.Rational(1, 2)}) - sum(ends) / 2
    assert between == 4  # r^2/4
