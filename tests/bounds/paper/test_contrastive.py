from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from helpers import encoders
from helpers import loss as contrast
from hypothesis import given, settings
from hypothesis import strategies as st
from proof_checks import check_outcome, check_wrong_bound, number, sound, symbolic
from scipy.optimize import minimize

from bounds.paper import contrastive
from bounds.paper.matrices import G_TILDE, G
from bounds.symbols import eta, n, r, rho
from verification.engines import estimate


@pytest.mark.parametrize("claim", symbolic(contrastive.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_the_loss_comes_out_as_registered(claim):
    """Each statement about the loss comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(contrastive.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_the_loss_accepts_a_wrong_value(claim):
    """No statement about the loss accepts a wrong value."""
    check_wrong_bound(claim)


def _data(seed: int, size: int = 7):
    rng = np.random.default_rng(seed)
    return rng, rng.standard_normal((size, 4)), rng.standard_normal((size, 3))


@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_step_1_is_the_loss_of_the_estimator(seed, size):
    """The trace of Step 1 equals the double sum of Eq. 3 on any data."""
    rng, x, y = _data(seed, size)
    g, g_tilde = rng.standard_normal((2, 4)), rng.standard_normal((2, 3))
    values = {G: g, G_TILDE: g_tilde, contrastive.S_N: estimate.cross_covariance(x, y)}
    assert number(contrastive.REDUCED_LOSS, values) == pytest.approx(
        contrast(g, g_tilde, x, y, rho=1e-300), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("form", [contrastive.S_N_WEIGHT, contrastive.S_N_WEIGHT_PAIRS])
def test_both_forms_of_eq_5_are_the_estimators_cross_covariance(form):
    """Both forms of Eq. 5 are the estimator's cross covariance."""
    _, x, y = _data(1)
    weight = sp.lambdify((contrastive.K, contrastive.L, n), form)
    total = sum(weight(k, m, 7) * np.outer(x[k], y[m]) for k in range(7) for m in range(7))
    np.testing.assert_allclose(total, estimate.cross_covariance(x, y), atol=1e-14)


def test_no_descent_ends_below_the_stated_minimum_and_some_reaches_it():
    """No descent ends below the stated minimum and some reaches it."""
    rng, x, y = _data(2)
    strength = 0.7
    s = np.linalg.svd(estimate.cross_covariance(x, y), compute_uv=False)
    stated = float(
        contrastive.MINIMUM.subs({r: 2, rho: strength})
        .doit()
        .subs({contrastive._values[k]: s[k - 1] for k in (1, 2)})
    )

    def loss(flat):
        return contrast(flat[:8].reshape(2, 4), flat[8:].reshape(2, 3), x, y, strength)

    found = [minimize(loss, rng.standard_normal(14), method="BFGS").fun for _ in range(4)]
    assert min(found) == pytest.approx(stated, rel=1e-6)
    assert min(found) > stated - 1e-9
    # Negative control: one more singular value would give a lower value than any rank-2 product has.
    assert stated - s[2] ** 2 / (2 * strength) < min(found) - 1e-6


def test_the_fit_has_the_singular_values_of_eq_6_over_rho():
    """The fit has the singular values of Eq. 6 over rho."""
    _, x, y = _data(3)
    fitted = estimate.fit(estimate.cross_covariance(x, y), 2)
    g, g_tilde = encoders(fitted, rho=0.3)
    values = np.linalg.svd(g.T @ g_tilde, compute_uv=False)[:2]
    stated = [
        float(contrastive.MINIMISER.subs({contrastive.SINGULAR_VALUE: s, rho: 0.3}))
        for s in fitted.singular_values
    ]
    np.testing.assert_allclose(values, stated, rtol=1e-12)


def _change_of_closed_form(matrix, truth, rank):
    left, values, right = np.linalg.svd(matrix)
    truncated = (left[:, :rank] * values[:rank]) @ right[:rank]
    return np.linalg.norm(truncated - truth, 2), np.linalg.norm(matrix - truth, 2)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 1))
@settings(max_examples=60)
def test_eq_23_holds_for_any_change(seed, size):
    """Eq. 23 holds for any change."""
    rng = np.random.default_rng(seed)
    truth = estimate.random_basis(5, 2, rng) @ estimate.random_basis(4, 2, rng).T
    left, change = _change_of_closed_form(truth + 10**size * rng.standard_normal((5, 4)), truth, 2)
    bound = contrastive.CLOSED_FORM_ERROR.subs({contrastive.CHANGE: change, rho: 1})
    assert left <= float(bound) * (1 + 1e-12)


def test_the_2_of_eq_23_is_nearly_reached():
    """The 2 of Eq. 23 is nearly reached."""
    e = 1.0
    b = 2 * e * (1 - 1e-9)
    left, change = _change_of_closed_form(np.diag([b - e, e]), np.diag([b, 0.0]), 1)
    assert left / change == pytest.approx(2, rel=1e-8)


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.98))
@settings(max_examples=60)
def test_step_5_bounds_both_angles(seed, share):
    """For every change of size e < eta/2, both chordal distances stay below Step 5's bound."""
    rng = np.random.default_rng(seed)
    u, u_tilde = estimate.random_basis(6, 2, rng), estimate.random_basis(5, 2, rng)
    change = rng.standard_normal((6, 5))
    change *= share * 0.25 / np.linalg.norm(change, 2)  # e below eta/2 at eta = 1/2
    fitted = estimate.fit(0.5 * u @ u_tilde.T + change, 2)
    stated = contrastive.ANGLE.subs({contrastive.CHANGE: share * 0.25, eta: sp.Rational(1, 2), r: 2})
    found = max(estimate.chordal_distance(fitted.left, u), estimate.chordal_distance(fitted.right, u_tilde))
    assert found <= float(stated)
