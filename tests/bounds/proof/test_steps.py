from __future__ import annotations

import contextlib
import pickle

import pytest
import sympy as sp

from bounds.claim import Relation, Search, Verdict, exact
from bounds.proof.steps import decided, identity, nonnegative, points, positive
from bounds.proof.undecided import Undecided
from bounds.symbols import ERR, N, d, d_tilde, eta, n, n_T, r

X = sp.Symbol("x", real=True)
Y = sp.Symbol("y", positive=True)


def test_an_identity_is_true_when_the_difference_simplifies_to_zero():
    """An identity is true when the difference simplifies to zero."""
    assert identity("square", (X + 1) ** 2, X**2 + 2 * X + 1).truth is True
    assert identity("circle", sp.sin(X) ** 2 + sp.cos(X) ** 2, 1).truth is True


def test_a_false_identity_names_an_exact_point_that_breaks_it():
    """A false identity names an exact point that breaks it."""
    step = identity("not so", X**2, X)
    assert step.truth is False
    assert " fails at x = " in str(step.shown)
    point = sp.Rational(str(step.shown).rsplit("= ", 1)[1])
    assert point**2 != point


def test_matrices_are_compared_entry_by_entry_and_by_shape():
    """Matrices are compared entry by entry and by shape."""
    matrix = sp.Matrix([[X, 1], [0, X]])
    assert identity("square", matrix**2, sp.Matrix([[X**2, 2 * X], [0, X**2]])).truth is True
    assert identity("entry", matrix, sp.Matrix([[X, 1], [1, X]])).truth is False
    assert identity("shape", matrix, sp.Matrix([[X, 1]])).truth is False


def test_an_identity_that_no_point_breaks_and_sympy_cannot_reduce_is_undecided():
    """An identity that no point breaks and SymPy cannot reduce is undecided."""
    unknown = sp.Function("f")
    with pytest.raises(Undecided, match="cannot decide"):
        identity("symmetric", unknown(X) - unknown(-X), 0)


def test_a_sign_is_decided_from_the_domains_of_the_symbols():
    """A sign is decided from the domains of the symbols."""
    assert nonnegative("square", X**2).truth is True
    assert nonnegative("completed square", X**2 + 1, 2 * X).truth is True
    assert positive("sum", Y + 1, 1).truth is True
    assert positive("square of a real", X**2).truth is False  # 0 at x = 0 is found or not decided


def test_a_wrong_sign_names_an_exact_point():
    """A wrong sign names an exact point."""
    step = nonnegative("not so", Y, 1)
    assert step.truth is False
    assert "fails at y = " in str(step.shown)
    assert positive("zero", sp.Integer(0)).truth is False


def test_a_sign_that_no_point_contradicts_and_sympy_cannot_see_is_undecided():
    """A sign that no point contradicts and SymPy cannot see is undecided."""
    with pytest.raises(Undecided):
        nonnegative("hidden", Y - sp.log(1 + Y) + sp.Function("f", real=True)(X))


def test_only_booleans_are_decided():
    """Only booleans are decided."""
    assert decided("yes", sp.true).truth is True
    assert decided("no", False).truth is False
    with pytest.raises(Undecided):
        decided("maybe", sp.Gt(X, 0))


def test_points_stay_inside_the_declared_domains():
    """Points stay inside the declared domains."""
    found = list(points(eta * n * r + Y + X))
    assert all(0 < p[eta] <= 1 for p in found)
    assert all(p[n].is_integer and p[n] > 0 for p in found)
    assert all(p[Y] > 0 for p in found)
    assert any(p[X] < 0 for p in found)
    assert any(p[X] > 0 for p in found)


def _halved(claimed):
    yield nonnegative("at least one half", claimed.bound, sp.Rational(1, 2))


def _claim(*checks, **fields):
    return exact("c", "t", "s", "w", "q", sp.Integer(1), *checks, note="n.md#s", **fields)


def test_an_exact_claim_expects_what_its_checks_can_give():
    """An exact claim expects what its checks can give."""
    from bounds.claim import Measured

    search = Search(Measured(quantity="weyl-ratio"))
    assert _claim(_halved).expected is Verdict.PROVED
    assert _claim(_halved, search).expected is Verdict.SUPPORTED
    assert _claim(_halved, expected=Verdict.REFUTED).expected is Verdict.REFUTED
    assert _claim(_halved).relation is Relation.EQUAL


def test_a_derivation_sees_the_bound_of_the_claim_that_it_is_given():
    """A derivation sees the bound of the claim that it is given."""
    claim = _claim(_halved, relation=Relation.LOWER)
    (check,) = claim.checks
    assert all(step.truth for step in check.derive(claim.stated))
    assert not all(step.truth for step in check.derive(claim.with_bound(sp.Rational(1, 3)).stated))
    with pytest.raises(ValueError, match="states no bound"):
        list(check.derive(claim.with_bound(None).stated))


def test_an_exact_claim_travels_to_another_process():
    """An exact claim travels to another process."""
    claim = _claim(_halved)
    assert pickle.loads(pickle.dumps(claim)).bound == claim.bound


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.exp(X) * sp.cbrt(2 + sp.sqrt(5)), sp.exp(X) * (1 + sp.sqrt(5)) / 2),
        (X**60 * sp.cbrt(2 + sp.sqrt(5)), X**60 * (1 + sp.sqrt(5)) / 2),
        (
            sp.exp(X) * (sp.cos(sp.pi / 7) - sp.cos(2 * sp.pi / 7) + sp.cos(3 * sp.pi / 7)),
            sp.exp(X) / 2,
        ),
    ],
)
def test_a_zero_among_large_numbers_is_no_difference(left, right):
    """What evaluation cannot tell from zero never breaks a true identity, however large its terms."""
    with contextlib.suppress(Undecided):
        assert identity("true", left, right).truth is True


def test_points_lie_in_the_declared_domains():
    """r is no larger than the dimensions, a teacher has fewer than n pairs, an error at most sqrt(r)."""
    found = list(points(ERR * r + d + d_tilde + n + n_T + N))
    assert len(found) > 10
    for point in found:
        assert point[r] <= min(point[d], point[d_tilde])
        assert point[n_T] < point[n]
        assert point[n] >= 4
        assert 0 <= point[ERR] <= sp.sqrt(point[r])
    with pytest.raises(Undecided):  # true there, but not for all positive integers
        nonnegative("inside the model", d, r)
