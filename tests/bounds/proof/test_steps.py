from __future__ import annotations

import contextlib
import pickle

import pytest
import sympy as sp

from bounds.checks import Compared, Statement
from bounds.claim import Proof, Relation, Search, Verdict, exact
from bounds.proof.region import approximate_sign, points, substitutions
from bounds.proof.steps import (
    attained,
    concluded,
    decided,
    given,
    identity,
    instance,
    limit,
    nonnegative,
    positive,
    shared,
)  # fmt: skip
from bounds.proof.undecided import Undecided
from bounds.symbols import ERR, N, d, d_tilde, eta, n, n_T, r
from verification.checks.proved import derived

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


def test_the_best_bound_is_the_stated_one_and_no_weaker_one():
    """The ratio to the stated bound must tend to 1; what has no limit is left open."""
    stated = Statement(2 * Y / d, Relation.UPPER)
    near = 2 * Y / (d + Y)
    assert attained("as y -> 0", near, stated, (Y, 0)).truth is True
    assert attained("at d = 4", Y / 2, stated, at={d: 4}).truth is True
    for weaker in (sp.Rational(3, 2), 2):
        assert attained("weaker", near, stated.about(weaker * stated.bound), (Y, 0)).truth is False
    assert attained("short of it", near / 2, stated, (Y, 0)).truth is False
    with pytest.raises(Undecided):
        attained("no limit", sp.Function("f")(Y), stated, (Y, 0))


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


def test_a_sign_is_decided_inside_the_declared_domains():
    """d >= r and eta <= 1 are the model's, r >= 2 is not: that is a condition to be stated."""
    assert nonnegative("inside the model", d, r).truth is True
    assert nonnegative("a share", 1, eta).truth is True
    assert nonnegative("more than the model", r, 2).truth is False
    assert nonnegative("stated", r, 2, conditions=(sp.Ge(r, 2),)).truth is True


def _stated(bound, relation, *conditions):
    return Statement(bound, relation, conditions)


def test_a_proof_ends_by_the_relation_that_the_claim_states():
    """An equality shows both inequalities and no other value; a chain of inequalities shows its own only."""
    for relation in Relation:
        assert concluded("equal", X + Y, _stated(Y + X, relation)).truth is True
    for relation, bound in ((Relation.UPPER, Y), (Relation.LOWER, Y + 2), (Relation.EQUAL, Y + 2)):
        step = concluded("broken", Y + 1, _stated(bound, relation))
        assert step.truth is False
        assert step.refutes
    for relation in Relation:
        step = concluded("at most", Y + 1, _stated(Y + 2, relation), shown=Relation.UPPER)
        assert step.truth is (relation is Relation.UPPER)
        assert not step.refutes
    with pytest.raises(Undecided, match="no relation"):
        concluded("nothing", Y, _stated(Y, None))


def test_a_proof_that_falls_short_refutes_nothing():
    """What is at most y + 1 may be at most y: a chain that does not reach the bound leaves it open."""
    step = concluded("short", Y + 1, _stated(Y, Relation.UPPER), shown=Relation.UPPER)
    assert (step.truth, step.refutes) == (False, False)


def test_a_condition_is_used_only_where_it_is_stated_or_implied():
    """Stated, as a part of another, implied by one, by a domain; nothing else."""
    assumed = sp.Lt(Y, X)
    for conditions in ((assumed,), (sp.And(assumed, X > 7),), (sp.Eq(X, Y + 1),), (sp.Ge(X, 2 * Y),)):
        assert given(_stated(Y, Relation.UPPER, *conditions), assumed).truth is True
    assert given(_stated(r, Relation.UPPER), sp.Ge(d, r)).truth is True
    for conditions in ((), (sp.Le(Y, X),), (sp.Ge(X, Y / 2),), (sp.Ge(X, 2),)):
        with pytest.raises(Undecided, match="does not state"):
            given(_stated(Y, Relation.UPPER, *conditions), assumed)


def test_a_condition_that_is_dropped_leaves_a_conclusion_open_or_broken():
    """x >= 2 y holds where it is stated; without it a point breaks it."""
    stated = _stated(2 * Y, Relation.LOWER, sp.Ge(X, 2 * Y))
    assert concluded("stated", X, stated).truth is True
    step = concluded("dropped", X, _stated(2 * Y, Relation.LOWER))
    assert step.truth is False
    assert " fails at " in str(step.shown)


def test_a_counterexample_lies_inside_the_conditions():
    """x^2 <= y is broken by points, which keep to what is stated; where all is inside, there is none."""
    stated = _stated(Y, Relation.UPPER, sp.Ge(X, 3), sp.Le(Y, 4))
    step = instance("squares", X**2, stated)
    assert step.truth is False
    assert step.refutes
    inside = _stated(Y, Relation.UPPER, sp.Eq(X, 0))
    assert instance("squares", X**2, inside).truth is True
    assert not instance("squares", X**2, inside).refutes
    for point in points(X * Y, (sp.Ge(X, 3), sp.Le(Y, 4))):
        assert point[X] >= 3
        assert 0 < point[Y] <= 4


def test_an_instance_of_what_the_quantity_is_at_least_breaks_only_at_most():
    """At least 2 for r = 2 contradicts "at most 1"; of "at least 3" and "= 1" it decides nothing."""
    at_least = Relation.LOWER
    for relation, bound, refuted in (
        (Relation.UPPER, 1, True),
        (Relation.UPPER, 3, False),
        (Relation.LOWER, 3, False),
        (Relation.EQUAL, 1, False),
    ):
        step = instance("two", sp.Integer(2), Statement(sp.Integer(bound), relation), shown=at_least)
        assert (not step.truth, step.refutes) == (refuted, refuted)


def test_an_instance_outside_the_conditions_says_nothing():
    """At y = 5 the claim for y <= 4 says nothing, whatever the quantity is."""
    stated = _stated(Y, Relation.UPPER, sp.Le(Y, 4))
    assert instance("outside", sp.Integer(100), stated, {Y: 5}).truth is True
    assert instance("inside", sp.Integer(100), stated, {Y: 3}).refutes


@pytest.mark.parametrize(
    ("conditions", "inside"),
    [
        ((sp.Ge(n, 4 * d), sp.Eq(r, 2)), {n: 40, d: 10, r: 2}),
        ((sp.Lt(2 * Y, X), sp.Le(X, 7)), {X: 6, Y: 2}),
        ((sp.And(sp.Ge(X, 0), sp.Lt(X, Y)),), {X: 0, Y: 1}),
    ],
)
def test_substitutions_leave_no_point_of_the_conditions_out(conditions, inside):
    """Every point that meets the conditions is reached: what is proved with them put in is proved there."""
    assert all(c.subs(inside) for c in conditions)
    known = substitutions(conditions)
    assert known
    equations = [sp.Eq(value.subs(inside), inside[symbol]) for symbol, value in known.items()]
    slacks = sorted({s for e in equations for s in e.free_symbols}, key=str)
    rooms = sp.solve(equations, slacks, dict=True)
    assert all(room.is_nonnegative for room in rooms[0].values()) if slacks else all(equations)


def test_what_is_no_number_has_no_sign():
    """1/0 is not looked at in floating point; a number beside it is."""
    assert approximate_sign(sp.zoo + r, {r: sp.Integer(2)}) is None
    assert approximate_sign(r - 3, {r: sp.Integer(2)}) == -1


def test_what_a_doubt_left_behind_is_no_part_of_the_next_derivation():
    """Integrals and limits belong to the steps of their own derivation, made once or each time."""
    x = sp.Symbol("x", positive=True)

    def doubtful(claimed):
        limit(1 / x, x, sp.oo)
        raise Undecided("after a limit")
        yield

    @shared
    def known():
        yield identity("x - x", x - x, 0)

    def sure(claimed):
        yield from known()
        yield identity("2x", x + x, 2 * x)

    def claim(derive):
        return exact("own", "t", "s", "s", x, x, derive, note="n.md#n")

    assert derived(Proof(doubtful), claim(doubtful)) == ((), "SymPy could not decide a step: after a limit")
    found, doubt = derived(Proof(sure), claim(sure))
    assert doubt == ""
    assert [step.decided.computed for step in found] == [(), ()]
    limit(1 / x, x, sp.oo)  # negative control: what is pending is taken by a step made outside
    assert len(identity("x - x", x - x, 0).decided.computed) == 1


def test_what_is_no_real_number_is_not_shown_as_one():
    """A failing step shows both sides in numbers where they are real, and never raises where they are not."""
    assert identity("squares", Y**2, Y).shown.in_numbers != ""
    for left in (sp.sqrt(-Y), sp.log(-Y), 1 / (Y - Y), sp.Matrix([[Y]])):
        right = sp.Matrix([[2 * Y]]) if isinstance(left, sp.MatrixBase) else Y
        assert Compared(left, "=", right, point={Y: sp.Integer(2)}).in_numbers == ""
    assert Compared(X * Y, "=", Y, point={Y: sp.Integer(2)}).in_numbers == ""
