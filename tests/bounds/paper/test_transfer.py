from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from proof_checks import check_outcome, check_wrong_bound, sound, symbolic

from bounds.law import score
from bounds.paper import transfer
from bounds.symbols import n, n_T
from verification.engines import estimate
from verification.quantities.matrix_lemmas import Filtered
from verification.setting import Procedure


@pytest.mark.parametrize("claim", symbolic(transfer.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_the_teacher_comes_out_as_registered(claim):
    """Each statement about the teacher comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(transfer.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_the_teacher_accepts_a_wrong_value(claim):
    """No statement about the teacher accepts a wrong value."""
    check_wrong_bound(claim)


def _student(angle, rho, level, g, clean=0.0, rank=2):
    """The exact limit of the student's matrix when the teacher's left space is turned by `angle`."""
    d, d_tilde = 2 * rank, rank
    u, side, u_tilde = np.eye(d, rank), np.eye(d)[:, rank:], np.eye(d_tilde)
    teacher = (np.cos(angle) * u + np.sin(angle) * side) @ u_tilde.T / rho
    x, y = u @ u.T + np.eye(d) / g, u_tilde @ u_tilde.T + np.eye(d_tilde) / 0.8
    cross = clean * u @ u_tilde.T
    law = Filtered(np.block([[x, cross], [cross.T, y]]), d)
    share, moment = law.kept(teacher, level / rho)
    return moment / share, u, side, u_tilde


@pytest.mark.parametrize("rho", [1.0, 1e3])
@pytest.mark.parametrize("level", [0.0, 1.7])
@pytest.mark.parametrize(("angle", "g"), [(0.02, 1.0), (0.7, 3.0), (1.3, 0.2)])
def test_the_leak_of_a_turned_teacher_is_exact_and_free_of_rho(rho, level, angle, g):
    """Corrupted pairs kept by a turned teacher span a space turned by arctan(tan(phi)/(1 + gamma))."""
    moment, u, side, u_tilde = _student(angle, rho, level, g)
    along, across = u.T @ moment @ u_tilde, side.T @ moment @ u_tilde
    stated = float(
        (sp.tan(transfer.ANGLE) / (1 + sp.Symbol("gamma", positive=True))).subs(
            {transfer.ANGLE: angle, sp.Symbol("gamma", positive=True): g}
        )
    )
    np.testing.assert_allclose(across, stated * along, atol=1e-9)


def test_clean_pairs_too_leave_something_of_the_teachers_angle():
    """Negative control of the printed step: no mixture of the classes has an exactly vanishing block."""
    for clean in (0.0, 1.0):
        moment, _, side, u_tilde = _student(0.3, 1.0, 0.5, 2.0, clean)
        assert np.linalg.svd(side.T @ moment @ u_tilde, compute_uv=False).min() > 1e-3


def test_the_share_kept_at_half_r_falls_with_eta_and_one_over_r():
    """The witness of Step 4.3: along eta = 1/r the share at r/2 goes to 0, above eta/2 all the way."""
    shares = []
    for dimension in (4, 16, 64, 256, 1024):
        share = score.Score(dimension, 1 / dimension, 1.0, 1.0).tail(dimension / 2)
        assert share <= 1 / dimension + 8 / dimension  # eta + Chebyshev
        assert share >= 0.5 / dimension
        shares.append(share)
    assert all(a > b for a, b in pairwise(shares))
    assert shares[-1] < 0.01


def test_the_corrected_split_is_what_the_procedure_does():
    """The corrected split is what the procedure does."""
    (claim,) = (c for c in transfer.CLAIMS if c.id == "sample-split-corrected")
    teacher, student = Procedure("teacher-filtered", theta=0.0).sizes(1001)
    assert claim.bound.subs({n: 1001, n_T: teacher}) == student


def test_the_relative_error_of_the_teacher_does_not_see_rho():
    """The relative error of the teacher does not see rho."""
    rng = np.random.default_rng(0)
    u, u_tilde = estimate.random_basis(5, 2, rng), estimate.random_basis(4, 2, rng)
    fitted = 0.4 * u @ u_tilde.T + 0.05 * rng.standard_normal((5, 4))
    relative = [
        np.linalg.norm(fitted / rho - 0.4 / rho * u @ u_tilde.T, 2)
        / np.linalg.norm(0.4 / rho * u @ u_tilde.T, 2)
        for rho in (1.0, 1e6)
    ]
    error = np.linalg.norm(fitted - 0.4 * u @ u_tilde.T, 2)
    assert relative == pytest.approx([error / 0.4] * 2)
