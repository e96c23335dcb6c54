from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_checks import check_outcome, check_wrong_bound, number, sound, steps, symbolic
from scipy.linalg import subspace_angles

from bounds.checks import Quoted
from bounds.claim import Proof
from bounds.paper import subspace
from bounds.paper.matrices import U, V
from bounds.symbols import d, r
from verification.engines import estimate


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


def test_weyls_inequality_holds_for_random_matrices_of_any_shape_and_is_attained():
    """No singular value moves by more than the norm of the change; along a pair one moves by all of it."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        rows, columns = rng.integers(1, 7, 2)
        first, change = rng.standard_normal((2, rows, columns))
        moved = np.linalg.svd(first + change, compute_uv=False) - np.linalg.svd(first, compute_uv=False)
        assert np.abs(moved).max() <= np.linalg.norm(change, 2) * (1 + 1e-12)
    left, values, right = np.linalg.svd(first)
    along = np.outer(left[:, 0], right[0])
    np.testing.assert_allclose(np.linalg.svd(first + along, compute_uv=False)[0], values[0] + 1, rtol=1e-12)


@pytest.mark.parametrize("claim_id", ["lemma-1", "lemma-4"])
def test_the_classical_lemmas_name_what_they_quote_and_rest_on_no_draw(claim_id):
    """Weyl's inequality and Lemma 4 are proved for every size: no search is left in their checks."""
    (claim,) = (c for c in subspace.CLAIMS if c.id == claim_id)
    assert all(isinstance(check, Proof) for check in claim.checks)
    assert all(step.truth for step in steps(claim))
    if claim_id == "lemma-1":
        assert sum(isinstance(step, Quoted) for step in steps(claim)) == 2
