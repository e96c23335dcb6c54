"""Moments above a threshold: against closed forms, the oracle score's law, quadrature and direct draws.

Independent of the contour integral: SciPy's chi-square, sums of exponentials in closed form, SciPy's
quadrature over incomplete gamma functions, `bounds.law.score` at equal singular values, and Monte Carlo.
"""

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from bounds.law import score
from verification.engines import truncated_moments
from verification.engines.truncated_moments import (
    Tails,
    Truncated,
    tails,
    threshold_at,
    tilt,
    truncated,
)

INF = math.inf
ALPHA = 1e-9
"""Probability that any one statistical test below fails although all is right."""

SCORES = [(1, 0.3, 2.0), (2, 1.0, 1.0), (4, 5.0, 0.7), (16, 100.0, 3.0), (32, 1.0, INF)]


def canonical(covariance, form):
    """(B, l) with t = B w ~ N(0, covariance) and t^T form t = sum l_i w_i^2, for w standard normal.

    Both (m, m) and symmetric; the covariance may be singular.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    coefficients, turn = np.linalg.eigh(root.T @ form @ root)
    return root @ turn, coefficients


def score_coefficients(r, gamma, gamma_tilde, clean):
    """Those of the oracle's score: r of each sign."""
    root = math.sqrt((1 + 1 / gamma) * (1 + 1 / gamma_tilde))
    up, down = (root + 1, root - 1) if clean else (root, root)
    return np.repeat([up / 2, -down / 2], r)


@pytest.mark.parametrize("m", [1, 2, 5, 32, 64])
@pytest.mark.parametrize("share", [1e-8, 0.01, 0.4, 1.0, 1.3, 4.0, 12.0])
def test_equal_coefficients_give_the_chi_square_law(m, share):
    """Both tails of the chi-square distribution, from 10^-120 on, to twelve digits."""
    theta = share * m
    law = tails(np.full(m, 0.7), 0.7 * theta)
    assert law.log_above == pytest.approx(stats.chi2.logsf(theta, m), rel=1e-12, abs=1e-15)
    assert law.log_below == pytest.approx(stats.chi2.logcdf(theta, m), rel=1e-12, abs=1e-15)


def exponentials(scales, theta):
    """P(sum of signed independent exponentials > theta) by partial fractions, in 400 digits."""
    with mpmath.workdps(400):
        scales, theta = [mpmath.mpf(s) for s in scales], mpmath.mpf(theta)
        total = mpmath.mpf(0)
        for i, one in enumerate(scales):
            others = mpmath.fprod(one / (one - other) for j, other in enumerate(scales) if j != i)
            if one > 0:
                total += others * (mpmath.exp(-theta / one) if theta > 0 else 1)
            if one < 0 and theta < 0:
                total += others * (1 - mpmath.exp(-theta / one))
        return float(mpmath.log(total)), float(mpmath.log(1 - total))


@pytest.mark.parametrize("theta", [-300.0, -20.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 5.0, 60.0, 900.0])
@pytest.mark.parametrize("halves", [(0.8, -0.3), (1.0, 0.5, -0.7, -0.1), (3.0, 2.0, 1.0, 0.01, -4.0, -1e-3)])
def test_pairs_of_unequal_coefficients_give_sums_of_exponentials(halves, theta):
    """Coefficients that come twice, of either sign and very unequal, in both tails."""
    law = tails(np.repeat(halves, 2), theta)
    above, below = exponentials([2 * h for h in halves], theta)
    assert law.log_above == pytest.approx(above, rel=1e-12, abs=1e-14)
    assert law.log_below == pytest.approx(below, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(("r", "gamma", "gamma_tilde"), SCORES)
@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("theta", [-3.0, -0.4, 0.0, 0.7, 2.0, 30.0])
def test_an_oracle_teacher_gives_the_score_of_the_paper(r, gamma, gamma_tilde, clean, theta):
    """P(S > theta r), the mean of S and the squared norm of U^T x above it, from `bounds.law.score`."""
    theta = theta * r
    a, a_tilde, k = 1 + 1 / gamma, 1 + 1 / gamma_tilde, float(clean)
    swap = np.kron([[0.0, 0.5], [0.5, 0.0]], np.eye(r))
    basis, coefficients = canonical(np.kron([[a, k], [k, a_tilde]], np.eye(r)), swap)
    assert np.sort(coefficients) == pytest.approx(
        np.sort(score_coefficients(r, gamma, gamma_tilde, clean)), abs=1e-13
    )
    law = truncated(coefficients, theta)
    assert law.tails.log_above == pytest.approx(
        score.log_tail(theta, r, gamma, gamma_tilde, clean), rel=1e-11, abs=1e-15
    )
    mean = score.conditional_mean(theta, r, gamma, gamma_tilde, clean)
    assert coefficients @ law.second == pytest.approx(mean, rel=1e-11)
    moments = basis @ np.diag(law.second) @ basis.T
    for side, block in (("left", moments[:r, :r]), ("right", moments[r:, r:])):
        norm = score.conditional_squared_norm(theta, r, gamma, gamma_tilde, clean, side)
        assert np.trace(block) == pytest.approx(norm, rel=1e-11)


def by_quadrature(up, down, theta, p, q):
    """E[w_1^p w_2^q; up w_1^2 - down w_2^2 > theta] for p, q even, by SciPy's quadrature over w_2."""

    def above(level, p):
        """E[w^p; w^2 > level]."""
        return special.gammaincc((p + 1) / 2, max(level, 0.0) / 2) * special.factorial2(max(p - 1, 1))

    def integrand(w):
        return 2 * stats.norm.pdf(w) * w**q * above((theta + down * w * w) / up, p)

    kink = math.sqrt(max(0.0, -theta / down))
    pieces = sorted({0.0, kink, 1.0, 3.0, 12.0, kink + 12.0})
    return sum(
        integrate.quad(integrand, low, high, epsabs=1e-17, epsrel=1e-12)[0]
        for low, high in itertools.pairwise(pieces)
    )


@pytest.mark.parametrize(("up", "down"), [(1.0, 0.4), (0.3, 0.9), (2.0, 2.0)])
@pytest.mark.parametrize("theta", [-4.0, -0.3, 0.0, 0.3, 4.0, 25.0])
def test_two_coefficients_against_quadrature(up, down, theta):
    """Probability, second and fourth moments of two coordinates, one of each sign."""
    law = truncated(np.array([up, -down]), theta)
    mass = by_quadrature(up, down, theta, 0, 0)
    assert math.exp(law.tails.log_above) == pytest.approx(mass, rel=1e-9)
    for i, (p, q) in enumerate([(2, 0), (0, 2)]):
        assert law.second[i] == pytest.approx(by_quadrature(up, down, theta, p, q) / mass, rel=1e-9)
    for i, j, p, q in [(0, 0, 4, 0), (0, 1, 2, 2), (1, 1, 0, 4)]:
        assert law.fourth[i, j] == pytest.approx(by_quadrature(up, down, theta, p, q) / mass, rel=1e-9)


COEFFICIENTS = st.lists(
    st.one_of(st.floats(1e-3, 1.0), st.floats(-1.0, -1e-3), st.just(0.0)), min_size=1, max_size=12
).map(np.array)


@given(COEFFICIENTS, st.floats(-20, 20))
def test_moments_are_tails_with_coefficients_repeated(coefficients, theta):
    """w^2 times the density of w^2 is a chi-square's with two degrees more: moments are probabilities.

    E[w_i^2; S > theta] = P(S + 2 more copies of coefficient i > theta), likewise for i and j, and
    E[w_i^4; S > theta] is 3 times that with 4 more copies.
    """
    law = truncated(coefficients, theta)
    if law.tails.log_above == -INF:
        assert np.isnan(law.second).all()
        return

    def repeated(*places):
        more = np.concatenate([coefficients, *(np.repeat(coefficients[i], 2) for i in places)])
        return math.exp(tails(more, theta).log_above - law.tails.log_above)

    for i in range(len(coefficients)):
        assert law.second[i] == pytest.approx(repeated(i), rel=1e-9)
        assert law.fourth[i, i] == pytest.approx(3 * repeated(i, i), rel=1e-9)
        assert law.fourth[i, 0] == pytest.approx(repeated(i, 0) * (3 if i == 0 else 1), rel=1e-9)


@given(COEFFICIENTS, st.floats(-20, 20), st.sampled_from([1e-150, 1e-3, 1e150]))
def test_scale_and_sign_are_symmetries(coefficients, theta, scale):
    """Scaling S and theta together changes nothing, and changing both signs exchanges the tails."""
    law = tails(coefficients, theta)
    assert np.logaddexp(law.log_above, law.log_below) == pytest.approx(0.0, abs=1e-13)
    for other in (
        tails(scale * coefficients, scale * theta),
        Tails(*reversed([getattr(tails(-coefficients, -theta), f) for f in ("log_above", "log_below")])),
    ):
        for one, two in ((law.log_above, other.log_above), (law.log_below, other.log_below)):
            # Continuous laws only: S = 0 has an atom.
            assert one == pytest.approx(two, rel=1e-9, abs=1e-13) or (theta == 0 and not coefficients.any())


@pytest.mark.parametrize("theta", [-1e308, -1e9, -1e3, 1e3, 1e9, 1e308])
def test_far_thresholds_keep_all_or_nothing(theta):
    """No overflow at the ends of the doubles; a chance below exp(-10^6) is 0."""
    law = truncated(np.array([1.7, -0.2, 1e-9, -0.4]), theta)
    low, high = sorted([law.tails.log_above, law.tails.log_below])
    assert high == pytest.approx(0.0, abs=1e-80)
    assert low < -200
    if theta < 0:
        assert law.second == pytest.approx(np.ones(4))


def test_without_noise_a_negative_threshold_keeps_all():
    """S = w^2 up to a coefficient that rounding left: nothing lies below a negative threshold."""
    law = truncated(np.array([1.0, -1e-17]), -1e-3)
    assert law.tails.log_below == -INF
    assert law.fourth == pytest.approx(np.array([[3.0, 1.0], [1.0, 3.0]]))
    assert tails(np.array([-1.0, -0.5]), 0.0).log_above == -INF


CLASSES = [
    [(1.0, np.array([0.5, -0.5]))],
    [(1.0, np.array([1.0, 0.0]))],
    [(0.99, np.repeat([0.7, 0.5, -0.5, -0.7], 2)), (0.01, np.array([1.7, 1.6, -0.2, -0.1]))],
    [(0.5, np.array([1e-3, -1e-3])), (0.5, np.array([40.0, -1.0, 2.0]))],
]


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("log_odds", [-41.0, -5.0, -0.1, 0.0, 0.1, 5.0, 30.0])
def test_the_threshold_of_a_share_keeps_that_share(classes, log_odds):
    """P(S > theta) of the mixture at the threshold found is what was asked for, in either tail."""
    theta = threshold_at(classes, log_odds)
    laws = [(weight, tails(coefficients, theta)) for weight, coefficients in classes]
    above = np.logaddexp.reduce([math.log(w) + law.log_above for w, law in laws])
    below = np.logaddexp.reduce([math.log(w) + law.log_below for w, law in laws])
    assert above - below == pytest.approx(log_odds, abs=1e-10)


@pytest.mark.parametrize("theta", [-2.0, 0.0, 0.5, 3.0, 40.0])
def test_the_tilt_bounds_the_tail_and_not_by_much(theta):
    """The bound lies above the probability and within a factor of 100 of it: rejection is cheap."""
    for coefficients in (np.array([1.0]), np.array([0.9, -0.5]), np.linspace(-1, 1, 32)):
        z, log_bound = tilt(coefficients, theta)
        law = tails(coefficients, theta)
        assert z >= 0
        assert law.log_above <= log_bound < law.log_above + math.log(100)


# Direct draws for a general covariance and a general form, and wrong laws that they refute.

RNG = np.random.default_rng(20260101)
ROOT = RNG.standard_normal((4, 4))
COVARIANCE = ROOT @ ROOT.T
FORM = np.kron([[0.0, 0.5], [0.5, 0.0]], np.diag([1.5, 0.4]))
DRAWS = 400_000


def deviation(law, basis, theta):
    """The largest standardised deviation of the draws' moments from those of the law, of 15 numbers."""
    rng = np.random.default_rng(7)
    t = rng.standard_normal((DRAWS, 4)) @ ROOT.T
    kept = t[np.einsum("ni,ij,nj->n", t, FORM, t) > theta]
    mass = math.exp(law.tails.log_above)
    found = [(len(kept) - DRAWS * mass) / math.sqrt(DRAWS * mass * (1 - mass))]
    w = np.linalg.solve(basis, kept.T) ** 2
    for i in range(4):
        found.append((w[i].mean() - law.second[i]) / stats.sem(w[i]))
        for j in range(i + 1):
            product = w[i] * w[j]
            found.append((product.mean() - law.fourth[i, j]) / stats.sem(product))
    return np.abs(found).max()


FAR = stats.norm.isf(ALPHA / (2 * 15))


@pytest.mark.parametrize("theta", [-1.0, 0.0, 0.7, 8.0])
def test_a_general_form_against_direct_draws(theta):
    """Probability and all moments of a general Gaussian vector, unequal singular values."""
    basis, coefficients = canonical(COVARIANCE, FORM)
    assert basis @ basis.T == pytest.approx(COVARIANCE)
    assert deviation(truncated(coefficients, theta), basis, theta) < FAR


def wrong_laws(theta):
    """What simple mistakes give in place of the law."""
    _, coefficients = canonical(COVARIANCE, FORM)
    right = truncated(coefficients, theta)
    yield "untruncated", Truncated(right.tails, np.ones(4), 1 + 2 * np.eye(4))
    yield "fourth powers once", Truncated(right.tails, right.second, right.fourth / (1 + 2 * np.eye(4)))
    yield (
        "squares independent",
        Truncated(right.tails, right.second, np.outer(right.second, right.second) * (1 + 2 * np.eye(4))),
    )
    yield "coefficients 10% too large", truncated(1.1 * coefficients, theta)
    yield "one coefficient forgotten", truncated(coefficients * (np.arange(4) > 0), theta)
    yield (
        "other side",
        Truncated(
            right.tails,
            1 - right.second,
            truncated(-coefficients, -theta).fourth,
        ),
    )


@pytest.mark.parametrize("theta", [-1.0, 0.7])
def test_wrong_laws_are_refuted_by_the_draws(theta):
    """The negative control of the test above."""
    basis, _ = canonical(COVARIANCE, FORM)
    for name, law in wrong_laws(theta):
        assert deviation(law, basis, theta) > FAR, name


MANY = 10**8


def many_draws(basis, theta):
    """How many of `MANY` draws exceed theta, and mean and standard error of the 14 products w_i^2 [w_j^2]."""
    rng = np.random.Generator(np.random.SFC64(11))
    pairs = [(i, j) for i in range(4) for j in range(i + 1)]
    # S = sum of coefficients times w^2: the form in the coordinates of the basis is diagonal.
    coefficients = np.diag(basis.T @ FORM @ basis)
    kept, sums, squares = 0, np.zeros(14), np.zeros(14)
    for _ in range(MANY // 10**6):
        w = rng.standard_normal((4, 10**6)) ** 2
        w = np.compress(coefficients @ w > theta, w, axis=1)
        values = np.concatenate([w, [w[i] * w[j] for i, j in pairs]])
        kept += w.shape[1]
        sums += values.sum(axis=1)
        squares += (values**2).sum(axis=1)
    means = sums / kept
    return kept, means, np.sqrt((squares / kept - means**2) / kept)


@pytest.mark.slow
def test_moments_against_a_hundred_million_draws():
    """Probability and moments to some ten-thousandths; coefficients 1% too large are seen."""
    theta = 0.7
    basis, coefficients = canonical(COVARIANCE, FORM)
    kept, means, errors = many_draws(basis, theta)

    def far(law):
        mass = math.exp(law.tails.log_above)
        fourth = [law.fourth[i, j] for i in range(4) for j in range(i + 1)]
        found = (means - np.concatenate([law.second, fourth])) / errors
        return max(abs(kept - MANY * mass) / math.sqrt(MANY * mass * (1 - mass)), np.abs(found).max())

    assert (errors / means).max() < 1e-3
    assert far(truncated(coefficients, theta)) < FAR
    assert far(truncated(1.01 * coefficients, theta)) > FAR


def test_the_branch_of_the_root_matters(monkeypatch):
    """One root of the determinant, in place of one of each factor, is seen by the chi-square test."""

    class OneRoot:
        """NumPy whose log of an (N, m) array is split so that its sum is the log of the product."""

        def __getattr__(self, name):
            return getattr(np, name)

        @staticmethod
        def log(values):
            if np.ndim(values) < 2:
                return np.log(values)
            return np.log(values.prod(axis=1))[:, None] * np.eye(1, values.shape[1])

    def probability():
        side = truncated_moments._SmallSide.of(np.ones(32), 40.0)
        return side.mass * math.exp(side.log_chernoff)

    assert probability() == pytest.approx(stats.chi2.sf(40.0, 32), rel=1e-12)
    monkeypatch.setattr(truncated_moments, "np", OneRoot())
    assert probability() != pytest.approx(stats.chi2.sf(40.0, 32), rel=1e-6)
