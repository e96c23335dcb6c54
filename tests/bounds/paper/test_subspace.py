from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_checks import check_outcome, check_wrong_bound, number, sound, steps, symbolic
from scipy.linalg import subspace_angles

from bounds.claim import Search
from bounds.paper import subspace
from bounds.paper.matrices import U, V
from bounds.symbols import d, r
from verification.engines import estimate
from verification.quantities import matrix_lemmas


@pytest.mark.parametrize("claim", symbolic(subspace.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_subspaces_comes_out_as_registered(claim):
    """Each statement about subspaces comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(subspace.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_subspaces_accepts_a_wrong_bound(claim):
    """No statement about subspaces accepts a wrong bound."""
    check_wrong_bound(claim)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(0, 4))
def test_definition_1_is_the_sum_of_squared_sines_of_principal_angles(seed, rank, extra):
    """The symbolic distance agrees with SciPy's principal angles and with the estimator's metric."""
    rng = np.random.default_rng(seed)
    dimension = rank + extra
    learned = estimate.random_basis(dimension, rank, rng)
    truth = estimate.random_basis(dimension, rank, rng)
    stated = number(subspace.CHORDAL_SQUARED, {V: learned, U: truth, r: rank, d: dimension})
    assert stated == pytest.approx(np.sum(np.sin(subspace_angles(learned, truth)) ** 2), abs=1e-9)
    assert stated == pytest.approx(estimate.chordal_distance(learned, truth) ** 2, abs=1e-9)


def test_the_range_of_the_error_is_reached():
    """The range of the error is reached."""
    basis = np.eye(6, 3)
    assert estimate.chordal_distance(np.eye(6)[:, 3:], basis) == pytest.approx(np.sqrt(3))
    assert estimate.chordal_distance(basis, basis) == 0


def test_eq_36_is_the_angle_that_the_estimator_finds():
    """Eq. 36 is the angle that the estimator finds."""
    rng = np.random.default_rng(5)
    u = estimate.random_basis(6, 1, rng)
    u_tilde = estimate.random_basis(6, 1, rng)
    z = rng.standard_normal((40, 1))
    x = z @ u.T + rng.standard_normal((40, 6))
    y = z @ u_tilde.T  # no noise in the second modality
    s_n = estimate.cross_covariance(x, y)
    stated = number(
        subspace.EQ_36, {subspace._CROSS: s_n, subspace._unit: u, subspace._u_tilde: u_tilde, d: 6}
    )
    fitted = estimate.fit(s_n, 1)
    assert stated == pytest.approx(estimate.chordal_distance(fitted.left, u), rel=1e-12)
    by_vector = {subspace._unit_n: fitted.left, subspace._unit: u, d: 6}
    assert number(subspace.EQ_35, by_vector) == pytest.approx(stated, rel=1e-12)


def test_the_sharp_form_of_wedin_is_smaller_than_the_printed_one():
    """The sharp form of Wedin is smaller than the printed one."""
    ratio = (subspace.WEDIN_SHARP / subspace.WEDIN).subs({subspace.GAP: 2, subspace.CHANGE: 1})
    assert ratio == pytest.approx(0.5)


def test_every_searched_ratio_is_registered():
    """Every searched ratio is registered."""
    names = [c.measured.quantity for claim in subspace.CLAIMS for c in claim.checks if isinstance(c, Search)]
    assert names
    assert set(names) <= set(matrix_lemmas.QUANTITIES)


def test_weyls_proof_for_two_by_two_matrices_covers_both_singular_values():
    """Weyl's proof for two by two matrices covers both singular values."""
    (claim,) = (c for c in subspace.CLAIMS if c.id == "lemma-1")
    rng = np.random.default_rng(0)
    assert all(step.truth for step in steps(claim))
    for _ in range(50):
        (a, b), (c, e) = matrix = rng.standard_normal((2, 2))
        p, q = np.hypot(a + e, c - b) / 2, np.hypot(a - e, c + b) / 2
        np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), [p + q, abs(p - q)], atol=1e-12)
