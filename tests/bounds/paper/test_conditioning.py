from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from proof_checks import check_outcome, check_wrong_bound, sound, symbolic
from scipy import integrate, stats

from bounds import claims
from bounds.claim import Search
from bounds.paper import conditioning, transfer
from bounds.symbols import eta, mean_1, r, rho
from verification.engines import estimate
from verification.quantities import matrix_lemmas
from verification.quantities.matrix_lemmas import Filtered


@pytest.mark.parametrize("claim", symbolic(conditioning.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_conditioning_comes_out_as_registered(claim):
    """Each statement about conditioning comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(conditioning.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_conditioning_accepts_a_wrong_value(claim):
    """No statement about conditioning accepts a wrong value."""
    check_wrong_bound(claim)


def test_every_searched_ratio_is_registered():
    """Every searched ratio is registered."""
    names = [c.measured.quantity for k in conditioning.CLAIMS for c in k.checks if isinstance(c, Search)]
    assert set(names) == {"filter-share-ratio", "filter-moment-ratio"}
    assert set(names) <= set(matrix_lemmas.QUANTITIES)


def _kept_first_moment(correlation, factor, theta, mean=0.0):
    """E[x; factor x y > theta] over x > 0 and over x < 0, each by adaptive quadrature to 1e-12.

    x ~ N(mean, 1) and y | x ~ N(correlation x, 1 - correlation^2).
    """
    spread = np.sqrt(1 - correlation**2)

    def integrand(x):
        level = theta / (factor * x)  # y beyond it on the side of factor * x
        sign = np.sign(factor * x)
        return x * stats.norm.pdf(x, loc=mean) * stats.norm.sf(sign * (level - correlation * x) / spread)

    return tuple(
        integrate.quad(integrand, *side, epsabs=1e-12, limit=300)[0]
        for side in ((1e-300, 14), (-14, -1e-300))
    )


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.9, 0.999])
@pytest.mark.parametrize("factor", [1.0, -2.5])
@pytest.mark.parametrize("theta", [0.0, 0.7, -0.4])
def test_lemma_7_by_quadrature_of_both_halves(correlation, factor, theta):
    """The halves x > 0 and x < 0 are integrated apart and cancel to 1e-9."""
    right, left = _kept_first_moment(correlation, factor, theta)
    assert right + left == pytest.approx(0, abs=1e-9)
    if correlation * factor * theta == 0:
        assert right > 1e-6  # the halves themselves are not 0


def test_lemma_7_needs_a_centred_law():
    """Negative control: the same quadrature sees the mean of a law that is not centred."""
    right, left = _kept_first_moment(0.5, 1.0, 0.7, mean=0.2)
    assert abs(right + left) > 0.01


def _joint(u, u_tilde, g, g_tilde, clean):
    cross = clean * u @ u_tilde.T
    x = u @ u.T + np.eye(len(u)) / g
    y = u_tilde @ u_tilde.T + np.eye(len(u_tilde)) / g_tilde
    return np.block([[x, cross], [cross.T, y]])


@given(st.integers(0, 2**32 - 1), st.booleans(), st.floats(0, 3), st.integers(2, 3))
def test_step_3_prime_on_exact_filtered_moments(seed, clean, theta, rank):
    """E[x x~^T; oracle score > theta] is a multiple of U U~^T, the multiple being E_c P_c / r."""
    rng = np.random.default_rng(seed)
    u, u_tilde = estimate.random_basis(5, rank, rng), estimate.random_basis(4, rank, rng)
    law = Filtered(_joint(u, u_tilde, 2.0, 0.7, clean), 5)
    share, moment = law.kept(u @ u_tilde.T, theta)
    mean = np.trace(u.T @ moment @ u_tilde) / share
    stated = (mean_1 / r).subs({mean_1: mean, r: rank})
    np.testing.assert_allclose(moment / share, float(stated) * u @ u_tilde.T, atol=1e-9)


def test_the_invariant_matrix_of_step_3_prime_needs_a_rotation_invariant_law():
    """Negative control: coordinates of unequal variance leave no multiple of the identity."""
    law = Filtered(np.diag([3.0, 1.0, 3.0, 1.0]), 2)
    share, moment = law.kept(np.eye(2), 0.5)
    assert abs(moment[0, 0] - moment[1, 1]) / share > 0.1


def _constants(law, m_o, change):
    """The explicit bounds of Lemma 10 at numbers."""
    d = law.d
    scale = np.sqrt(np.linalg.norm(law.covariance[:d, :d], 2) * np.linalg.norm(law.covariance[d:, d:], 2))
    values = np.linalg.svd(change, compute_uv=False)
    sizes = np.linalg.svd(m_o, compute_uv=False)
    at = {
        conditioning.SCALE: scale,
        conditioning.CHANGE: values[0],
        conditioning.CHANGE_NUCLEAR: values.sum(),
        conditioning.GAP: sizes[sizes > 1e-9][-1],
        conditioning.SMALLEST: np.linalg.eigvalsh(law.covariance)[0],
    }
    return [float(b.subs(at)) for b in (conditioning.LEMMA_10_PROBABILITY, conditioning.LEMMA_10_MOMENT)]


@given(st.integers(0, 2**32 - 1))
def test_the_explicit_lemma_10_holds_on_exact_filtered_moments(seed):
    """Kept share and kept moment move by no more than the stated constants, on adversarial laws."""
    rng = np.random.default_rng(seed)
    law, m_o, m_t, theta = matrix_lemmas._filter_instance(rng)
    gap = np.linalg.svd(m_o, compute_uv=False)
    gap = gap[gap > 1e-9][-1]
    change = m_t - m_o
    change *= min(1.0, 0.5 * gap / np.linalg.norm(change, 2))
    share_bound, moment_bound = _constants(law, m_o, change)
    share_o, moment_o = law.kept(m_o, theta)
    share_t, moment_t = law.kept(m_o + change, theta)
    assert abs(share_t - share_o) <= share_bound + 1e-11
    assert np.linalg.norm(moment_t - moment_o, 2) <= moment_bound + 1e-11


def test_the_constants_of_lemma_10_do_not_see_a_common_scale():
    """The constants of Lemma 10 do not see a common scale."""
    scaled = {s: s / 7 for s in (conditioning.GAP, conditioning.CHANGE, conditioning.CHANGE_NUCLEAR)}
    for bound in (conditioning.LEMMA_10_PROBABILITY, conditioning.LEMMA_10_MOMENT):
        assert sp.simplify(bound.subs(scaled, simultaneous=True) - bound) == 0


@pytest.mark.parametrize("claim_id", ["lemma-10", "lemma-10-probability", "lemma-10-moment"])
def test_lemma_10_asks_for_rank_two(claim_id):
    """Each form of Lemma 10 carries its condition on the rank and says so, with the non-zero value meant."""
    claim = claims[claim_id]
    assert sp.Ge(conditioning.RANK, 2) in claim.conditions
    assert sp.Lt(conditioning.CHANGE, conditioning.GAP) in claim.conditions
    assert "rank" in claim.statement
    if claim_id != "lemma-10-moment":  # which refers to the letters of the other
        assert "least non-zero singular value" in claim.statement


def test_step_4_2_asks_for_what_lemma_10_needs():
    """M_O has rank r and least non-zero singular value eta/rho_T: both stand in the step's conditions."""
    assert claims["step-4-2"].conditions == (sp.Ge(r, 2), sp.Lt(transfer.CHANGE, eta / rho))
