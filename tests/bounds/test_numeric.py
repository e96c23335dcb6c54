"""Expressions as functions of numbers."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

from bounds import Claim, Relation, Verdict
from bounds.numeric import compiled, symbols_of

a, b, gamma = sp.symbols("a b gamma", positive=True)
j = sp.Symbol("j", integer=True, positive=True)
HARMONIC = sp.Sum(j ** (-b), (j, 1, a))


@pytest.mark.parametrize("end", [4, 4.0, np.int64(4), np.float64(4), sp.Integer(4)])
def test_the_end_of_a_sum_may_be_any_kind_of_number(end):
    """Parameters come as doubles, whatever they count."""
    assert compiled(HARMONIC)(end, 1) == pytest.approx(25 / 12, rel=1e-15)
    assert float(compiled(HARMONIC, "mpmath")(mpmath.mpf(int(end)), mpmath.mpf(1))) == pytest.approx(25 / 12)


def test_a_sum_over_arrays_is_taken_at_each_place():
    """As any other expression is."""
    ends, powers = np.array([1, 2, 4]), np.array([[1.0], [0.0]])
    assert compiled(HARMONIC)(ends, powers) == pytest.approx(np.array([[1, 1.5, 25 / 12], [1, 2, 4]]))
    assert compiled(sp.Ge(a, HARMONIC))(ends, 1).tolist() == [True, True, True]
    assert compiled(sp.Sum(j, (j, 1, 4)))() == 10


def test_integers_count_as_doubles():
    """NumPy's own wrap round at 2^63, and have no negative powers."""
    assert compiled(a**2)(np.array([2**32, 2**33])).tolist() == [2.0**64, 2.0**66]
    assert compiled(a**-2)(np.array([2])).tolist() == [0.25]
    assert compiled(sp.sqrt(a))(10**30) == 1e15
    with np.errstate(all="ignore"):
        assert compiled(1 / (a - 1))(1) == math.inf


def test_numbers_and_arrays_mix_in_a_condition_of_several_parts():
    """A part may say nothing of the array."""
    both = sp.And(sp.Ge(a, 2), sp.Ge(b, 3))
    assert compiled(both)(np.array([1, 2, 3]), 3).tolist() == [False, True, True]


def test_a_parameter_does_not_hide_the_function_of_its_name():
    """Both are called gamma."""
    assert symbols_of(sp.gamma(a) * gamma) == (a, gamma)
    assert compiled(sp.gamma(a) * gamma)(5, 2) == pytest.approx(48)


def test_a_claim_is_evaluated_at_arrays_whatever_its_bound_and_conditions():
    """NaN where its conditions are not met."""
    claim = Claim(
        id="mine",
        title="t",
        source="s",
        statement="s",
        relation=Relation.UPPER,
        quantity=a,
        bound=a**2 * HARMONIC,
        conditions=(sp.And(sp.Ge(a, 2), sp.Ge(b, 1)),),
        checks=(),
        note="",
        expected=Verdict.PROVED,
    )
    assert claim.evaluate({"a": np.array([1, 2, 4]), "b": 1.0})[1:] == pytest.approx([6, 100 / 3])
    assert np.isnan(claim.evaluate({"a": [1, 2], "b": 1})[0])
    assert claim.evaluate({"a": 2.0, "b": 1}) == pytest.approx(6)
