import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bounds.law.error import ErrorLaw, chi_mean, moments

scales = st.floats(1e-12, 1e3)
dofs = st.integers(1, 3000)


def by_mpmath(law: ErrorLaw) -> tuple[float, float]:
    """Mean and standard deviation of the maximum by adaptive quadrature with 30 digits."""
    sides = [(mpmath.mpf(law.left_scale), law.left_dof), (mpmath.mpf(law.right_scale), law.right_dof)]

    def above(t):
        product = mpmath.mpf(1)
        for scale, dof in sides:
            if scale > 0 and dof > 0:
                product *= mpmath.gammainc(mpmath.mpf(dof) / 2, 0, t * t / (2 * scale), regularized=True)
        return 1 - product

    with mpmath.workdps(24):
        points = {mpmath.mpf(0)}
        for scale, dof in sides:
            points |= {mpmath.sqrt(scale) * max(mpmath.sqrt(dof) + s, 0) for s in (-6, -2, 0, 2, 6, 12)}
        ordered = sorted(points)
        mean = mpmath.quad(above, ordered)
        square = mpmath.quad(lambda t: 2 * t * above(t), ordered)
        return float(mean), float(mpmath.sqrt(square - mean**2))


@pytest.mark.parametrize(
    "law",
    [
        ErrorLaw(1, 1, 24, 16),
        ErrorLaw(1, 0.9, 1, 1),
        ErrorLaw(1, 1e-2, 1, 200),
        ErrorLaw(1e-6, 2e-6, 60, 30),
        ErrorLaw(2, 0, 7, 5),
        ErrorLaw(1, 1, 0, 3),
        ErrorLaw(1e-9, 1e-9, 3000, 3000),
    ],
)
def test_moments_agree_with_high_precision_quadrature(law):
    """Mean and standard deviation match mpmath to 11 digits, for unequal and degenerate sides too."""
    mean, std = by_mpmath(law)
    assert law.mean == pytest.approx(mean, rel=1e-11)
    assert law.std == pytest.approx(std, rel=1e-9)


@pytest.mark.parametrize("dof", [1, 2, 17, 999, 1000, 10**5, 10**8])
def test_one_side_alone_is_a_chi_variable(dof):
    """Without the other side, mean and variance are those of a scaled chi variable in closed form."""
    law = ErrorLaw(4.0, 1.0, dof, 0)
    assert law.mean == pytest.approx(2 * chi_mean(dof), rel=1e-10)
    exact = 4 * (dof - float(mpmath.mpf(chi_mean(dof)) ** 2)) if dof < 10**4 else 2.0
    assert law.std**2 == pytest.approx(exact, rel=1e-4)
    assert law.root_mean_squares == pytest.approx((2 * math.sqrt(dof), 0))


def test_chi_mean_has_no_seam_where_the_series_takes_over():
    """The series for large degrees of freedom continues the closed form to 13 digits."""
    for dof in (999, 1000, 5000):
        with mpmath.workdps(40):
            exact = mpmath.sqrt(2) * mpmath.gamma(mpmath.mpf(dof + 1) / 2) / mpmath.gamma(mpmath.mpf(dof) / 2)
        assert chi_mean(dof) == pytest.approx(float(exact), rel=1e-12)
    assert chi_mean(0) == 0


def test_two_equal_sides_of_many_degrees_are_the_larger_of_two_normals():
    """At 10^8 degrees of freedom the mean exceeds sqrt(k) by 1/sqrt(2 pi), the normal value."""
    law = ErrorLaw(1, 1, 10**8, 10**8)
    assert law.mean - 10**4 == pytest.approx(math.sqrt(0.5 / math.pi), rel=1e-3)
    assert law.std == pytest.approx(math.sqrt(0.5 * (1 - 1 / math.pi)), rel=1e-3)


def test_an_error_free_law_is_zero():
    """No scale or no degrees of freedom on either side: every statistic is 0."""
    for law in (ErrorLaw(0, 0, 5, 5), ErrorLaw(1, 1, 0, 0)):
        assert (law.mean, law.std, law.quantile(0.9)) == (0, 0, 0)
        assert law.cdf([-1.0, 0.0, 1.0]) == pytest.approx([0, 1, 1])


@given(scales, scales, dofs, dofs, st.floats(1e-6, 0.999999))
def test_quantile_inverts_the_distribution(left, right, left_dof, right_dof, probability):
    """cdf(quantile(p)) = p whatever the two scales."""
    law = ErrorLaw(left, right, left_dof, right_dof)
    t = law.quantile(probability)
    assert float(law.cdf(t)) == pytest.approx(probability, rel=1e-7)


@given(scales, scales, dofs, dofs)
def test_the_maximum_exceeds_each_side_and_not_their_sum(left, right, left_dof, right_dof):
    """E of each side <= E[ERR] <= root of the sum of the mean squares."""
    law = ErrorLaw(left, right, left_dof, right_dof)
    a, b = law.root_mean_squares
    alone = max(math.sqrt(left) * chi_mean(left_dof), math.sqrt(right) * chi_mean(right_dof))
    assert alone * (1 - 1e-12) <= law.mean <= math.hypot(a, b) * (1 + 1e-12)


def test_the_law_is_that_of_simulated_chi_variables():
    """A Kolmogorov-Smirnov test at level 1e-6 accepts the law and rejects one degree of freedom more."""
    rng = np.random.default_rng(5)
    left, right = rng.chisquare(12, 4000) * 0.5, rng.chisquare(5, 4000) * 1.3
    sample = np.sqrt(np.maximum(left, right))
    assert stats.kstest(sample, ErrorLaw(0.5, 1.3, 12, 5).cdf).pvalue > 1e-6
    assert stats.kstest(sample, ErrorLaw(0.5, 1.3, 12, 6).cdf).pvalue < 1e-6


def test_moments_are_vectorised_over_scales():
    """Arrays of scales give what single laws give."""
    left, right = np.geomspace(1e-6, 1, 5), np.geomspace(1, 1e-6, 5)
    mean, std = moments(left, right, 8, 3)
    for i in range(5):
        law = ErrorLaw(left[i], right[i], 8, 3)
        assert (mean[i], std[i]) == pytest.approx((law.mean, law.std))


@pytest.mark.parametrize("field", ["left_scale", "right_dof"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_bad_values_are_named(field, value):
    """A scale or dof that is negative or not finite is refused by name."""
    good = {"left_scale": 1, "right_scale": 1, "left_dof": 1, "right_dof": 1}
    with pytest.raises(ValueError, match=field):
        ErrorLaw(**{**good, field: value})


@pytest.mark.parametrize("probability", [-0.1, 1.0, math.nan])
def test_quantiles_need_a_probability_below_one(probability):
    """The maximum is unbounded, so probability 1 has no quantile."""
    with pytest.raises(ValueError, match="probability"):
        ErrorLaw(1, 1, 1, 1).quantile(probability)


def test_the_documented_names():
    """as_dict has the names that the JSON documents."""
    assert list(ErrorLaw(1, 2, 3, 4).as_dict()) == [
        "mean", "std", "left_scale", "right_scale", "left_dof", "right_dof",
    ]  # fmt: skip
