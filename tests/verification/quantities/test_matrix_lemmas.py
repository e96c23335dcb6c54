from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bounds import claims
from bounds.claim import Search
from verification.engines.seeds import generator
from verification.quantities import matrix_lemmas
from verification.quantities.matrix_lemmas import QUANTITIES, Filtered, kept_moments


def _worst(quantity, instances=400, **options):
    return max(quantity(generator(0, "test_matrix_lemmas", i), **options) for i in range(instances))


@pytest.mark.parametrize("name", QUANTITIES)
def test_no_instance_breaks_a_lemma_and_some_come_close(name):
    """The search never passes 1, and reaches nine tenths of it: half the bound would be refuted."""
    assert 0.9 < _worst(QUANTITIES[name]) <= 1


@pytest.mark.parametrize("name", QUANTITIES)
def test_an_instance_is_a_finite_number_of_its_generator_alone(name):
    """An instance is a finite number of its generator alone."""
    first, again = (QUANTITIES[name](generator(3, "one")) for _ in range(2))
    assert first == again
    assert np.isfinite(first)
    assert first >= 0


@pytest.mark.parametrize("name", ["filter-share-ratio", "filter-moment-ratio"])
def test_lemma_10_fails_at_rank_one(name):
    """Negative control: without the condition on the rank both explicit bounds of Lemma 10 are passed."""
    ratios = [QUANTITIES[name](generator(1, "rank one", i), rank_one=True) for i in range(50)]
    assert min(ratios) > 1.1
    assert max(ratios) > 2


def test_the_failure_at_rank_one_grows_like_a_logarithm():
    """P_O is 2/3 in closed form, and |P_T - P_O|/e grows by an equal step for each tenth of the change e."""
    law = Filtered(np.kron(np.array([[1.0, 0.5], [0.5, 1.0]]), np.eye(2)), 2)
    share_o, _ = law.kept(np.diag([1.0, 0.0]), 0.0)
    assert share_o == pytest.approx(0.5 + np.arcsin(0.5) / np.pi, abs=1e-7)
    slopes = [(law.kept(np.diag([1.0, e]), 0.0)[0] - 2 / 3) / e for e in (1e-2, 1e-3, 1e-4)]
    steps = np.diff(slopes)
    assert (steps > 0.3).all()
    assert steps[1] == pytest.approx(steps[0], rel=0.1)


def test_weyl_fails_for_unordered_values():
    """Negative control: singular values matched out of order move by more than the change."""
    a, b = np.diag([1.0, 0.9]), np.diag([0.9, 1.0])
    assert np.abs(np.diag(a) - np.diag(b)[::-1]).max() < np.linalg.norm(a - b, 2)
    shuffled = np.linalg.svd(b, compute_uv=False)[::-1]
    assert np.abs(np.linalg.svd(a, compute_uv=False) - shuffled).max() >= np.linalg.norm(a - b, 2) * (
        1 - 1e-12
    )
    assert np.abs(np.linalg.svd(a, compute_uv=False) - np.linalg.svd(b, compute_uv=False)).max() < 1e-12


def test_the_sharp_wedin_bound_needs_equal_ranks():
    """Negative control: a matrix of rank 2 with an orthogonal leading direction breaks the bound."""
    a, b = np.diag([1.0, 0.0]), np.diag([0.49, 0.51])
    sine = 1.0  # the leading left singular vectors are e_1 and e_2
    assert np.argmax(np.diag(b)) == 1
    assert sine > np.linalg.norm(b - a) / 1.0


def test_every_search_of_the_register_has_its_quantity():
    """Every search of the register has its quantity."""
    searched = {
        c.measured.quantity for claim in claims.values() for c in claim.checks if isinstance(c, Search)
    }
    assert searched <= set(QUANTITIES)
    # Lemmas 1 and 2 are proved.  Lemma 2's two searches serve the tests of that proof, Lemma 1's is the
    # documented example of a search and the one that the tests of searches draw.
    assert set(QUANTITIES) - searched == {"weyl-ratio", "wedin-ratio", "wedin-sharp-ratio"}


@pytest.mark.parametrize("kind", range(5))
def test_spectra_are_ordered_and_scaled_to_one(kind):
    """Spectra are ordered and scaled to one."""

    class Fixed(np.random.Generator):
        def integers(self, *args, **options):
            return kind if args == (5,) else super().integers(*args, **options)

    for size in range(1, 8):
        values = matrix_lemmas.spectrum(Fixed(np.random.Philox(size)), size)
        assert values[0] == 1
        assert np.all(np.diff(values) <= 0)
        assert np.all(values > 0)


@pytest.mark.parametrize("theta", [0.0, 0.3, 2.0, 15.0])
def test_kept_moments_of_the_laplace_law(theta):
    """x . x~ in the plane with identity covariance is a Laplace variable: P = exp(-theta)/2."""
    share, squares = kept_moments(np.array([-0.5, -0.5, 0.5, 0.5]), theta)
    assert share == pytest.approx(np.exp(-theta) / 2, rel=1e-9, abs=1e-13)
    # E[S; S > theta] = sum mu_j E[g_j^2; .] = (theta + 1) exp(-theta)/2.
    assert 0.5 * (squares[2:].sum() - squares[:2].sum()) == pytest.approx(
        (theta + 1) * np.exp(-theta) / 2, rel=1e-9, abs=1e-13
    )


@pytest.mark.parametrize("theta", [0.0, 1.0, 4.0])
def test_kept_moments_against_an_integral(theta):
    """A difference of chi-squares with unequal weights, integrated over one of them."""
    share, _ = kept_moments(np.array([1.5, 1.5, 1.5, 1.5, -0.4, -0.4]), theta)
    y = np.linspace(0, 60, 400_001)
    direct = np.trapezoid(stats.chi2(4).sf((theta + 0.4 * y) / 1.5) * stats.chi2(2).pdf(y), y)
    assert share == pytest.approx(direct, rel=1e-6)


def test_kept_moments_of_everything_are_the_covariance():
    """Both sides of a score's threshold together give the whole second moment."""
    rng = np.random.default_rng(4)
    root = rng.standard_normal((5, 5))
    law, a = Filtered(root @ root.T + np.eye(5), 3), rng.standard_normal((3, 2))
    above, below = law.kept(a, 0.0), law.kept(-a, 0.0)
    assert above[0] + below[0] == pytest.approx(1)
    np.testing.assert_allclose(above[1] + below[1], law.covariance[:3, 3:], atol=1e-9)
