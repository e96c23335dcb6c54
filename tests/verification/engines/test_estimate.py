import math

import numpy as np
import pytest
from helpers import encoders
from helpers import loss as contrast
from hypothesis import given
from hypothesis import strategies as st

from verification.engines import direct, estimate
from verification.errors import InvalidArgument
from verification.setting import Setting


@st.composite
def samples(draw):
    """Small paired samples with a latent dimension, from a seeded generator."""
    d, d_tilde = draw(st.integers(2, 7)), draw(st.integers(2, 7))
    r = draw(st.integers(1, min(d, d_tilde)))
    pairs = draw(st.integers(d + d_tilde + 2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    setting = Setting(pairs, d, d_tilde, r, draw(st.floats(0.1, 1)), draw(st.floats(0.1, 100)), 1.0)
    u, u_tilde = direct.bases(setting, rng, rotate=True)
    x, y, _ = direct.pairs(setting, pairs, u, u_tilde, rng)
    return x, y, r, u, u_tilde, rng


@given(samples(), st.floats(0.01, 100))
def test_the_closed_form_beats_every_perturbation(sample, rho):
    """No nearby pair of encoders has a smaller contrastive loss than the closed form of Eq. 6."""
    x, y, r, _, _, rng = sample
    g, g_tilde = encoders(estimate.fit(estimate.cross_covariance(x, y), r), rho)
    best = contrast(g, g_tilde, x, y, rho)
    for scale in (1e-3, 0.1, 10.0):
        other = contrast(
            g + scale * rng.standard_normal(g.shape),
            g_tilde + scale * rng.standard_normal(g_tilde.shape),
            x, y, rho,
        )  # fmt: skip
        assert other >= best - 1e-9 * (1 + abs(best))


@given(samples(), st.floats(0.01, 100))
def test_the_loss_is_a_trace_plus_the_regulariser(sample, rho):
    """Eq. 5: the contrast of all pairs equals minus the trace against the sample cross-covariance."""
    x, y, r, _, _, rng = sample
    g = rng.standard_normal((r, x.shape[1]))
    g_tilde = rng.standard_normal((r, y.shape[1]))
    expected = -np.trace(g @ estimate.cross_covariance(x, y) @ g_tilde.T)
    expected += rho / 2 * np.sum((g.T @ g_tilde) ** 2)
    assert contrast(g, g_tilde, x, y, rho) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(samples(), st.floats(0.01, 100))
def test_the_error_does_not_depend_on_rho(sample, rho):
    """The regulariser scales the encoders and turns no subspace."""
    x, y, r, u, _, _ = sample
    fitted = estimate.fit(estimate.cross_covariance(x, y), r)
    g, _ = encoders(fitted, rho)
    rows = np.linalg.qr(g.T)[0]
    assert estimate.chordal_distance(rows, u) == pytest.approx(
        estimate.chordal_distance(fitted.left, u), abs=1e-7
    )


@given(samples())
def test_rotating_the_data_rotates_the_answer(sample):
    """Orthogonal changes of basis of either modality leave the errors alone."""
    x, y, r, u, u_tilde, rng = sample
    p = estimate.random_basis(x.shape[1], x.shape[1], rng)
    q = estimate.random_basis(y.shape[1], y.shape[1], rng)
    before = estimate.fit(estimate.cross_covariance(x, y), r)
    after = estimate.fit(estimate.cross_covariance(x @ p.T, y @ q.T), r)
    for was, now, truth, turn in ((before.left, after.left, u, p), (before.right, after.right, u_tilde, q)):
        assert estimate.chordal_distance(now, turn @ truth) == pytest.approx(
            estimate.chordal_distance(was, truth), abs=1e-6
        )
    np.testing.assert_allclose(after.singular_values, before.singular_values, rtol=1e-9, atol=1e-12)


@given(samples(), st.floats(1e-6, 1e6))
def test_scaling_a_score_scales_its_threshold_and_nothing_else(sample, factor):
    """A positive multiple of the score keeps the same pairs at the same multiple of the threshold."""
    x, y, r, u, u_tilde, _ = sample
    weights = np.ones(r)
    plain = estimate.scores(x, y, u, weights, u_tilde)
    scaled = estimate.scores(x, y, u, factor * weights, u_tilde)
    np.testing.assert_allclose(scaled, factor * plain, rtol=1e-9, atol=1e-9 * factor)


@given(st.integers(1, 30), st.data())
def test_the_distance_runs_from_0_for_the_truth_to_sqrt_r_for_an_orthogonal_space(d, data):
    """Definition 1 at its two ends, for every dimension that has room for them."""
    r = data.draw(st.integers(1, max(1, d // 2)))
    basis = estimate.random_basis(d, d, np.random.default_rng(d * 31 + r))
    truth = basis[:, :r]
    assert estimate.chordal_distance(truth, truth) < 1e-14 * d
    if 2 * r <= d:
        assert estimate.chordal_distance(basis[:, r : 2 * r], truth) == pytest.approx(math.sqrt(r))


@pytest.mark.parametrize("angle", [1e-3, 1e-8, 1e-12, 1e-15])
def test_tiny_angles_do_not_drown(angle):
    """An angle of 1e-12 comes back as 1e-12, where sqrt(1 - cos^2) would give 0."""
    truth = np.eye(3, 1)
    turned = np.array([[math.cos(angle)], [math.sin(angle)], [0.0]])
    assert estimate.chordal_distance(turned, truth) == pytest.approx(math.sin(angle), rel=1e-9)


def test_the_naive_distance_would_drown():
    """The negative control: 1 - cos^2 loses an angle of 1e-9 altogether."""
    assert math.sqrt(1 - math.cos(1e-9) ** 2) == 0.0


def test_undetermined_directions_count_as_orthogonal():
    """Two pairs determine one direction; each of the other r - 1 adds 1 to the squared error."""
    rng = np.random.default_rng(0)
    fitted = estimate.fit(
        estimate.cross_covariance(rng.standard_normal((2, 5)), rng.standard_normal((2, 4))), 3
    )
    assert fitted.left.shape == (5, 1)
    assert fitted.singular_values.shape == (1,)
    found = estimate.chordal_distance(fitted.left, np.eye(5, 3))
    assert math.sqrt(2) <= found <= math.sqrt(3)


def test_the_distance_of_full_spaces_is_zero():
    """At d = r the space is everything."""
    basis = estimate.random_basis(4, 4, np.random.default_rng(1))
    assert estimate.chordal_distance(basis, np.eye(4)) < 1e-15 * 100


def test_a_random_basis_is_orthonormal_and_uniform():
    """Columns are orthonormal, and the sign convention keeps the law rotation invariant (mean 0)."""
    rng = np.random.default_rng(2)
    bases = np.array([estimate.random_basis(3, 2, rng) for _ in range(4000)])
    np.testing.assert_allclose(bases[0].T @ bases[0], np.eye(2), atol=1e-12)
    # Entries have mean 0 and variance 1/3: 5 standard errors, false alarm 6 * 6e-7 < 4e-6.
    assert np.abs(bases.mean(axis=0)).max() < 5 * math.sqrt(1 / 3 / 4000)
    # The negative control: LAPACK's own signs are not uniform.
    raw = np.array([np.linalg.qr(rng.standard_normal((3, 2)))[0] for _ in range(4000)])
    assert np.abs(raw.mean(axis=0)).max() > 5 * math.sqrt(1 / 3 / 4000)


@pytest.mark.parametrize("rows", [(1, 1), (3, 4), (0, 0)])
def test_a_covariance_needs_two_matching_rows(rows):
    """Fewer than two pairs, or unmatched ones, have no cross-covariance."""
    with pytest.raises(InvalidArgument, match=r"^x, y"):
        estimate.cross_covariance(np.zeros((rows[0], 2)), np.zeros((rows[1], 3)))
