"""Where conditions hold: the points at which a statement is looked at."""

import sympy as sp

from bounds.proof.region import listed, points
from bounds.symbols import gamma, gamma_tilde, r


def one_of(symbol, values):
    """The condition that the symbol has one of these values."""
    return sp.Or(*(sp.Eq(symbol, value) for value in values))


def test_points_are_at_the_values_that_a_condition_lists():
    """Also where another condition ties the symbol to a second one, and values outside are never taken."""
    conditions = (sp.Eq(gamma_tilde, gamma), one_of(r, (16, 64)), one_of(gamma, (10, 10**4)))
    found = points(r * gamma, conditions)
    assert {(p[r], p[gamma]) for p in found} == {(16, 10), (16, 10**4), (64, 10), (64, 10**4)}
    assert all(p[gamma_tilde] == p[gamma] for p in found)
    # Without the list none of the usual values is among those that the other conditions allow.
    assert {p[r] for p in points(r * gamma, (sp.Eq(gamma_tilde, gamma),))}.isdisjoint({16, 64})


def test_only_a_list_of_numbers_is_a_list():
    """In rising order; an inequality, another symbol or a symbol in the list make it none."""
    assert listed(r, (one_of(r, (4, 2)),)) == (2, 4)
    assert listed(r, (sp.Or(sp.Eq(r, 2), sp.Gt(r, 4)),)) == ()
    assert listed(gamma, (one_of(r, (4, 2)), sp.Eq(gamma, gamma_tilde))) == ()
