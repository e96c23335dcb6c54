from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from flint import acb, arb
from hypothesis import given
from hypothesis import strategies as st

from bounds.proof.enclose import (
    ball,
    decide,
    enclose,
    endpoints,
    infimum,
    integrate,
    interval,
    precision,
)

X, Y = sp.symbols("x y", positive=True)

EXPRESSIONS = (
    sp.besselk(0, X),
    sp.besseli(1, X) * sp.exp(-X),
    sp.gamma(X) / sp.gamma(X + sp.Rational(1, 2)),
    sp.loggamma(X + 1),
    sp.uppergamma(3, X),
    sp.erfc(X) - sp.erf(X / 2),
    sp.sqrt(X) + X ** sp.Rational(3, 2) - X ** sp.Rational(1, 3),
    sp.exp(-X) * sp.sin(X) + sp.cos(X) + sp.cosh(X) - sp.sinh(X),
    sp.log(1 + X) / sp.pi + sp.EulerGamma + sp.E,
    sp.acos(1 / (1 + X)),
    sp.Max(X, 1, 1 / X) - sp.Min(X, 2) + sp.Abs(X - 3),
    X**-2,
)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@given(numerator=st.integers(1, 400))
def test_an_enclosure_contains_the_value_at_a_point(expression, numerator):
    """An enclosure contains the value at a point, and is tight there."""
    point = Fraction(numerator, 64)
    with precision(128):
        found = enclose(expression, {X: point})
        width = endpoints(found)[1] - endpoints(found)[0]
    with mpmath.workdps(60):
        exact = sp.lambdify(X, expression, modules="mpmath")(mpmath.mpf(point.numerator) / point.denominator)
        low, high = endpoints(found)
        assert low <= exact <= high
        assert width <= 1e-14 * max(1.0, abs(high))


@given(low=st.integers(1, 60), width=st.integers(0, 40), place=st.integers(0, 8))
def test_an_enclosure_over_a_box_contains_the_value_at_every_point_of_it(low, width, place):
    """An enclosure over a box contains the value at every point of it."""
    side = Fraction(low, 16), Fraction(low + width, 16)
    point = side[0] + (side[1] - side[0]) * Fraction(place, 8)
    expression = sp.exp(-X) * sp.sqrt(X) + sp.Max(X, 2)
    with precision(64):
        over_box, at_point = enclose(expression, {X: interval(*side)}), enclose(expression, {X: point})
        assert over_box.contains(at_point) or over_box.overlaps(at_point)
        assert endpoints(over_box)[0] <= endpoints(at_point)[1]
        assert endpoints(over_box)[1] >= endpoints(at_point)[0]


def test_infinite_values_are_substituted_before_evaluation():
    """Infinite values are substituted before evaluation."""
    with precision(64):
        assert enclose(1 + 1 / X + Y, {X: sp.oo, Y: 2}) == 3


def test_more_bits_give_a_narrower_ball_inside_the_wider_one():
    """More bits give a narrower ball that overlaps the wider one."""
    with precision(64):
        wide = enclose(sp.besselk(1, X), {X: 2})
    with precision(256):
        narrow = enclose(sp.besselk(1, X), {X: 2})
        assert narrow.rad() < wide.rad()
        assert narrow.overlaps(wide)


def test_integrals_with_finite_limits_are_enclosed():
    """Integrals with finite limits are enclosed, with parameters and branch cuts."""
    with precision(96):
        found = enclose(sp.Integral(sp.sqrt(X) * sp.exp(-Y * X), (X, 1, 3)), {Y: 2})
        exact = mpmath.quad(lambda x: mpmath.sqrt(x) * mpmath.exp(-2 * x), [1, 3])
        low, high = endpoints(found)
        assert low <= exact <= high
        assert high - low < 1e-14
        logarithm = enclose(sp.Integral(sp.log(X) * X ** sp.Rational(1, 3), (X, 1, 2)))
        low, high = endpoints(logarithm)
        exact = mpmath.quad(lambda x: mpmath.log(x) * mpmath.cbrt(x), [1, 2])
        assert low - 1e-15 <= exact <= high + 1e-15


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError("here")])
def test_what_an_integrand_raises_is_raised(error, monkeypatch):
    """Also what is raised outside of the guard about it, as by a signal at the call's beginning."""

    def integrand(x, analytic):
        raise error

    kind = error if isinstance(error, type) else type(error)
    with pytest.raises(kind):
        integrate(integrand, 0, 1)

    class Unguarded:
        @staticmethod
        def integral(function, low, high):
            return acb.integral(integrand, low, high)

    monkeypatch.setattr("bounds.proof.enclose.acb", Unguarded)
    with pytest.raises(kind):
        integrate(lambda x, analytic: x.exp(), 0, 1)


def test_integrating_across_a_branch_cut_needs_the_analytic_flag():
    """Integrating a square root from its branch point is right when the flag is passed on."""
    with precision(64):
        found = integrate(lambda z, analytic: z.sqrt(analytic=analytic), acb(0), acb(1))
        assert found.overlaps(ball(Fraction(2, 3)))


@pytest.mark.parametrize(
    ("expression", "error", "words"),
    [
        (X + Y, ValueError, "no value for y"),
        (sp.airyai(X), NotImplementedError, "no ball version of airyai"),
        (sp.Integral(sp.exp(-Y), (Y, 0, sp.oo)), NotImplementedError, "cut the infinite range"),
        (sp.Integral(Y, Y), NotImplementedError, "one-dimensional definite"),
    ],
)
def test_what_cannot_be_enclosed_is_refused(expression, error, words):
    """What cannot be enclosed is refused with a reason."""
    with pytest.raises(error, match=words):
        enclose(expression, {X: 1})


def test_a_ball_that_is_not_finite_has_infinite_endpoints():
    """A ball that is not finite has infinite endpoints."""
    assert endpoints(arb("nan")) == (-math.inf, math.inf)
    assert endpoints(enclose(1 / X, {X: interval(-1, 1)})) == (-math.inf, math.inf)


def margin(expression):
    """The enclosure of an expression in x over a cell."""
    return lambda cell: enclose(expression, {X: interval(*cell[0])})


def test_a_true_inequality_is_certified_with_its_margin():
    """A true inequality is certified with a positive margin below the true minimum."""
    with precision(64):
        found = decide(margin(X**2 - X + sp.Rational(3, 10)), ((Fraction(0), Fraction(1)),))
    assert found.holds is True
    assert 0 <= found.margin <= 0.05
    assert found.boxes > 1
    assert found.witness is None


def test_a_false_inequality_is_refuted_with_a_witness():
    """A false inequality is refuted at a point where it certainly fails."""
    with precision(64):
        found = decide(margin(X**2 - X + sp.Rational(24, 100)), ((Fraction(0), Fraction(1)),))
    assert found.holds is False
    ((low, high),) = found.witness
    assert low == high
    assert low**2 - low + Fraction(24, 100) < 0
    assert found.margin < 0


@pytest.mark.parametrize("middle", [sp.Rational(3, 20), sp.Rational(2, 5), sp.Rational(13, 20)])
@pytest.mark.parametrize("reach", [sp.Rational(1, 10), sp.Rational(1, 100), sp.Rational(1, 1000)])
def test_a_stretch_where_it_fails_is_found(middle, reach):
    """A witness is found wherever the stretch lies; where it is wide, soon."""
    with precision(128):
        found = decide(margin((X - middle) ** 2 - reach**2), ((Fraction(0), Fraction(1)),))
    assert found.holds is False
    ((low, high),) = found.witness
    assert low == high
    assert abs(low - middle) < reach
    assert reach < sp.Rational(1, 10) or found.boxes <= 16


def test_what_holds_is_certified_with_few_looks_for_a_witness():
    """A claim that holds costs little more than its boxes: no centre of each."""
    calls = []
    function = margin((X - sp.Rational(1, 3)) ** 2 + sp.Rational(1, 10**6))

    def counted(cell):
        calls.append(cell)
        return function(cell)

    with precision(128):
        found = decide(counted, ((Fraction(0), Fraction(1)),))
    assert found.holds is True
    assert found.boxes > 40
    assert len(calls) - found.boxes <= 2 * (found.boxes.bit_length() + 1)


def test_an_inequality_with_equality_inside_is_left_undecided():
    """An inequality with equality inside the box is left undecided, never passed."""
    with precision(64):
        touching = (X - sp.Rational(1, 3)) ** 2 - sp.Rational(1, 10**40)
        found = decide(margin(touching), ((Fraction(0), Fraction(1)),), max_boxes=200)
    assert found.holds is None


def test_a_point_that_the_precision_cannot_decide_is_undecided():
    """A single point whose ball touches zero is undecided rather than split for ever."""
    with precision(64):
        zero = sp.sqrt(X + 1) * sp.sqrt(X) - sp.sqrt(X**2 + X)
        found = decide(margin(zero), ((Fraction(1, 3), Fraction(1, 3)),))
    assert found.holds is None
    assert found.boxes == 1


def test_boxes_are_split_along_their_relatively_widest_side():
    """Boxes of two sides are certified, whichever side matters."""
    with precision(64):
        found = decide(
            lambda cell: enclose(1 + X - X * Y, {X: interval(*cell[0]), Y: interval(*cell[1])}),
            ((Fraction(0), Fraction(8)), (Fraction(0), Fraction(1))),
        )
    assert found.holds is True


def test_the_infimum_is_enclosed_within_the_tolerance():
    """The infimum of a function over a box is enclosed within the tolerance."""
    with precision(64):
        low, high = infimum(margin(X**2 - X), ((Fraction(0), Fraction(1)),), 1e-3)
    assert low <= -0.25 <= high
    assert high - low <= 1e-3


def test_the_infimum_stays_an_enclosure_when_the_boxes_run_out():
    """With too few boxes the infimum's enclosure is wide and still right."""
    with precision(64):
        low, high = infimum(margin(X**2 - X), ((Fraction(0), Fraction(1)),), 1e-9, max_boxes=3)
    assert low <= -0.25 <= high
    assert high - low > 1e-9
