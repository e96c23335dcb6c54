"""Steps of a symbolic proof: identities and signs, each decided by SymPy or said to be undecided.

A step is True where SymPy reduces it to an identity or a sign, False where an exact point breaks
it.  Anything in between raises `Undecided`: a proof never passes, and never fails, by weakness of
the simplifier.

What is said of the claim itself goes through `given`, which asks for one of its conditions, and
`concluded`, which holds what was derived against its bound by its relation; only such a comparison of what
the claim's quantity exactly is, or of an exact instance of it (`instance`), can refute the claim.
That a bound is the best one is shown by `attained` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import sympy as sp
from sympy.core.evalf import PrecisionExhausted

from bounds.checks import Compared, Decided, Relation, Statement, Step, put_in
from bounds.proof import trace
from bounds.proof.region import Point, approximate_sign, domains, flattened, points, substitutions
from bounds.proof.undecided import Undecided

__all__ = [
    "attained", "concluded", "decided", "given", "identity", "instance", "integral", "limit", "nonnegative",
    "of_order", "positive", "shared", "vanishes",
]  # fmt: skip

FIRST_POINTS = 2
"""Points that an identity is tried at before it is simplified."""

TINY = sp.Float("1e-20")
"""What a number of 30 digits must pass to be told from 0."""

Conditions = tuple[sp.Basic, ...]


def identity(statement: str, left: Any, right: Any, conditions: Conditions = ()) -> Step:
    """left = right for all values of the symbols; both may be matrices.  Raises Undecided."""
    left, right = sp.sympify(left), sp.sympify(right)
    shown = Compared(left, "=", right)
    if isinstance(left, sp.MatrixBase) or isinstance(right, sp.MatrixBase):
        if sp.Matrix(left).shape != sp.Matrix(right).shape:
            return Step(statement, False, shown)
        entries = list(sp.Matrix(left) - sp.Matrix(right))
    else:
        entries = [left - right]
    for entry in entries:
        zero, point = vanishes(entry, conditions)
        if zero is None:
            raise Undecided(f"{statement}: cannot decide {entry} = 0")
        if not zero:
            return Step(statement, False, replace(shown, ending=f" fails{_at(point or {})}", point=point))
    told = Decided("identity", left, right, conditions, computed=trace.taken())
    return Step(statement, True, shown, decided=told)


def nonnegative(statement: str, larger: Any, smaller: Any = 0, conditions: Conditions = ()) -> Step:
    """larger >= smaller inside the symbols' domains and the conditions.  Raises Undecided."""
    return _sign(statement, sp.sympify(larger), sp.sympify(smaller), conditions, strict=False)


def positive(statement: str, larger: Any, smaller: Any = 0, conditions: Conditions = ()) -> Step:
    """larger > smaller inside the symbols' domains and the conditions.  Raises Undecided."""
    return _sign(statement, sp.sympify(larger), sp.sympify(smaller), conditions, strict=True)


def decided(statement: str, truth: Any, shown: Any = "") -> Step:
    """A step whose truth SymPy has given as a Boolean.  Raises Undecided on anything else."""
    if truth in (True, sp.true):
        return Step(statement, True, str(shown), decided=Decided("boolean", computed=trace.taken()))
    if truth in (False, sp.false):
        return Step(statement, False, str(shown))
    raise Undecided(f"{statement}: {truth}")


def given(claimed: Statement, *conditions: sp.Basic) -> Step:
    """What a proof assumes: stated by the claim, or implied by its conditions and the symbols' domains.

    Raises Undecided where it is neither: the claim says more than the proof shows.
    """
    for condition in flattened(conditions):
        if condition not in flattened(claimed.conditions) and not _implied(condition, claimed.conditions):
            raise Undecided(f"the proof needs {condition}, which the claim does not state")
    told = Decided("given", conditions=conditions, claimed=claimed)
    return Step(f"given {', '.join(map(str, conditions))}", True, decided=told)


def concluded(
    statement: str,
    derived: Any,
    claimed: Statement,
    shown: Relation = Relation.EQUAL,
    attained: bool = True,
) -> Step:
    """The end of a proof: what was derived against the claim's bound, by its relation, in its conditions.

    `shown` is how the claim's quantity stands to `derived`.  Where it is EQUAL, a point that breaks the
    relation breaks the claim, if the symbols attain all values that they may have (`attained`).  Where it is
    UPPER (at most) or LOWER (at least), only a claim of that relation follows, and a bound that is stronger
    than `derived` is left undecided.  Raises Undecided.
    """
    derived, bound = sp.sympify(derived), claimed.bound
    if claimed.relation is None:
        raise Undecided(f"{statement}: the claim states no relation")
    if shown is not Relation.EQUAL and claimed.relation is not shown:
        return Step(statement, False, f"shows that the quantity is {shown} {derived}, no more")
    if claimed.relation is Relation.EQUAL:
        step = identity(statement, derived, bound, claimed.conditions)
    elif claimed.relation is Relation.UPPER:
        step = nonnegative(statement, bound, derived, claimed.conditions)
    else:
        step = nonnegative(statement, derived, bound, claimed.conditions)
    if step.decided is not None:
        told = replace(
            step.decided, kind="conclusion", left=derived, right=None, claimed=claimed, shown=shown
        )
        step = replace(step, decided=told)
    return replace(step, refutes=shown is Relation.EQUAL and attained)


def of_order(statement: str, ratio: Any, claimed: Statement, shown: Relation = Relation.EQUAL) -> Step:
    """The end of a proof up to a constant: what was derived over the bound, a number or a limit.

    It must be finite for "at most", above 0 for "at least", and both for an order; `shown` as for
    `concluded`.  Raises Undecided where no relation up to a constant is claimed.
    """
    ratio = sp.sympify(ratio)
    if claimed.relation is None or not claimed.up_to_constant:
        raise Undecided(f"{statement}: no order is stated")
    if ratio.free_symbols or (shown is not Relation.EQUAL and claimed.relation is not shown):
        return Step(statement, False, f"the ratio {ratio} shows no more than {shown}")
    finite, present = bool(0 <= ratio < sp.oo), bool(ratio > 0)
    needed = {Relation.UPPER: finite, Relation.LOWER: present, Relation.EQUAL: finite and present}
    told = Decided("order", ratio, claimed=claimed, shown=shown, computed=trace.taken())
    truth = needed[claimed.relation]
    wanted = {Relation.UPPER: "finite", Relation.LOWER: "above 0", Relation.EQUAL: "finite and above 0"}
    words = f"its limit is {ratio}" + ("" if truth else f", which must be {wanted[claimed.relation]}")
    return Step(statement, truth, words, refutes=shown is Relation.EQUAL, decided=told)


def instance(
    statement: str,
    quantity: Any,
    claimed: Statement,
    at: Mapping[sp.Symbol, Any] | None = None,
    shown: Relation = Relation.EQUAL,
) -> Step:
    """The claim at exact instances: what `quantity` is there, the symbols of the bound being `at`.

    False where a point inside the claim's conditions breaks it, which refutes the claim.  True where none is
    found: an instance proves nothing.  `shown` is how the claim's quantity stands to `quantity`: one that is
    at least that breaks no claim but "at most", and the other way round.
    """
    opposite = {Relation.LOWER: Relation.UPPER, Relation.UPPER: Relation.LOWER}
    if shown is not Relation.EQUAL and claimed.relation is not opposite[shown]:
        return Step(statement, True, f"{shown} {quantity}", decided=Decided("instance"))
    place = {symbol: sp.sympify(value) for symbol, value in (at or {}).items()}
    quantity, bound = sp.sympify(quantity).subs(place), claimed.bound.subs(place)
    conditions = tuple(c.subs(place) for c in claimed.conditions)
    sign = {Relation.UPPER: "<=", Relation.LOWER: ">="}.get(claimed.relation, "=")  # type: ignore[arg-type]
    compared = Compared(quantity, sign, bound)
    point = _breaking(quantity - bound, claimed.relation, conditions)
    if point is None:
        return Step(statement, True, compared, decided=Decided("instance"))
    where = {**{s: v.subs(point) for s, v in place.items()}, **point}
    return Step(statement, False, replace(compared, ending=f" fails{_at(where)}", point=where), refutes=True)


def attained(
    statement: str,
    quantity: Any,
    claimed: Statement,
    *limits: tuple[sp.Symbol, Any],
    at: Mapping[sp.Symbol, Any] | None = None,
) -> Step:
    """That the *stated* bound is the best: along a path inside its conditions the quantity comes up to it.

    `quantity` is what the claim's quantity is on the path, or does not fall short of, the bound's symbols
    being `at`; its ratio to the claim's bound must tend to 1 as the `limits` are taken, one after the other.
    So a weaker bound is not said to be the best.  Raises Undecided.
    """
    ratio = sp.sympify(quantity) / claimed.bound.subs(dict(at or {}))
    for symbol, end in limits:
        try:
            ratio = limit(ratio, symbol, end)
        except (NotImplementedError, ValueError) as error:
            raise Undecided(f"{statement}: no limit of {ratio} as {symbol} -> {end}") from error
    return identity(statement, ratio, 1)


@lru_cache(maxsize=4096)
def _breaking(excess: sp.Expr, relation: Relation | None, conditions: Conditions) -> Point | None:
    """An exact point inside the conditions at which the excess over the bound breaks the relation."""
    if relation is None or any(c == sp.false for c in conditions):
        return None
    signs = {Relation.UPPER: (1,), Relation.LOWER: (-1,), Relation.EQUAL: (1, -1)}[relation]
    found = points(excess, tuple(c for c in conditions if c != sp.true))
    return next((p for p in found if _has_sign(excess, p, signs)), None)


def _implied(condition: sp.Basic, conditions: Conditions) -> bool:
    """Whether SymPy sees that the condition holds wherever the others do."""
    if isinstance(condition, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
        strict = isinstance(condition, (sp.Gt, sp.Lt))
        return _signed(condition.gts, condition.lts, strict, conditions)[0] is True
    if isinstance(condition, sp.Eq):
        return _zero_inside(condition.lhs - condition.rhs, conditions)
    return bool(condition.subs(substitutions(conditions)) == sp.true)


def shared(derive: Callable[[], Iterator[Step]]) -> Callable[[], tuple[Step, ...]]:
    """Steps that know nothing of the claim, made once for it and its wrong versions."""

    @cache
    def made() -> tuple[Step, ...]:
        with trace.apart():
            return tuple(derive())

    return made


def integral(integrand: sp.Expr, limits: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Expr:
    """SymPy's definite integral over `limits` = (variable, low, high), remembered for the next step."""
    return trace.computed("integral", integrand, limits, _integral(integrand, limits))


@lru_cache(maxsize=256)  # wrong versions of a claim need the integrals of its own proof
def _integral(integrand: sp.Expr, limits: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Expr:
    return sp.integrate(integrand, limits)


def limit(expression: sp.Expr, variable: sp.Symbol, place: Any, side: str = "+") -> sp.Expr:
    """SymPy's limit of the expression as the variable tends to a place, remembered for the next step."""
    found = sp.limit(expression, variable, place, side)
    return trace.computed("limit", expression, (variable, sp.sympify(place)), found)


def _sign(statement: str, larger: sp.Expr, smaller: sp.Expr, conditions: Conditions, *, strict: bool) -> Step:
    truth, shown, form = _signed(larger, smaller, strict, conditions)
    if truth is None:
        raise Undecided(f"{statement}: cannot decide the sign of {larger - smaller}")
    kind = "positive" if strict else "nonnegative"
    told = Decided(kind, larger, smaller, conditions, form=form, computed=trace.taken())
    return Step(statement, truth, shown, decided=told)


@lru_cache(maxsize=4096)
def _signed(
    larger: sp.Expr, smaller: sp.Expr, strict: bool, conditions: Conditions
) -> tuple[bool | None, Compared, sp.Expr | None]:
    """Whether larger > smaller (>= without `strict`), None where undecided; how to show it; the form used."""
    expression = larger - smaller
    shown = Compared(larger, ">" if strict else ">=", smaller)
    if _has_form(expression, strict):
        return True, shown, expression
    # An exact point against it is found sooner than a simplification gives up.
    for point in points(expression, conditions):
        if _has_sign(expression, point, (-1,)) or (strict and put_in(expression, point).is_zero):
            return False, replace(shown, ending=f" fails{_at(point)}", point=point), None
    form = next((form for form in _forms(expression, conditions) if _has_form(form, strict)), None)
    return (None if form is None else True), shown, form


def _has_form(form: sp.Expr, strict: bool) -> bool:
    """Whether SymPy sees the sign of this form."""
    return bool(form.is_positive or (not strict and form.is_nonnegative))


def _forms(expression: sp.Expr, conditions: Conditions) -> Iterator[sp.Expr]:
    """The expression in several forms, as it is and with the conditions and domains put in."""
    yield from _rewritten(expression)
    inside = expression.subs(substitutions(conditions))
    if inside != expression:
        yield from _rewritten(inside)
    spanned = inside.subs(domains(inside))
    if spanned != inside:
        yield from _rewritten(spanned)


def _rewritten(expression: sp.Expr) -> Iterator[sp.Expr]:
    yield expression
    yield sp.factor(expression)
    yield sp.expand(expression)
    yield sp.factor(sp.together(sp.expand(expression)))
    yield sp.simplify(expression)


@lru_cache(maxsize=4096)  # a claim and its wrong versions share most of their steps
def vanishes(entry: sp.Expr, conditions: Conditions = ()) -> tuple[bool | None, Point | None]:
    """Whether the entry is 0 in the conditions, None where undecided, and a point against it."""
    # An exact point against it is found sooner than a simplification gives up.
    first = points(entry, conditions, FIRST_POINTS)
    point = next((p for p in first if _certain_sign(put_in(entry, p)) != 0), None)
    if point is None and _zero_inside(entry, conditions):
        return True, None
    if point is None:
        point = next((p for p in points(entry, conditions) if _has_sign(entry, p, (1, -1))), None)
    return (None, None) if point is None else (False, point)


def _zero_inside(entry: sp.Expr, conditions: Conditions) -> bool:
    if _is_zero(entry):
        return True
    inside = entry.subs(substitutions(conditions))
    return inside != entry and _is_zero(inside)


def _is_zero(entry: sp.Expr) -> bool:
    if entry == 0 or sp.expand(entry) == 0:
        return True
    return bool(sp.simplify(entry) == 0)


def _has_sign(expression: sp.Expr, point: Point, signs: tuple[int, ...]) -> bool:
    """Whether the expression certainly has one of the signs at an exact point."""
    about = approximate_sign(expression, point)
    # What floating point shows is looked at exactly; a number that is not real has the sign 1.
    return (about is None or about in signs) and _certain_sign(put_in(expression, point)) in signs


def _certain_sign(value: sp.Expr) -> int:
    # Evaluation to 30 digits is decisive for all but tiny numbers, and far cheaper than `is_zero`.
    if value.is_Rational:
        return int(sp.sign(value))
    if not value.is_number:
        return 0
    try:
        # Strict: a number that is known to fewer digits than this, as a zero is, is not told from zero.
        number = value.evalf(30, strict=True)
    except PrecisionExhausted:
        return 0
    if not number.is_finite or abs(number) <= TINY:
        return 0
    return -1 if number.is_negative else 1


def _at(point: Mapping[sp.Symbol, sp.Expr]) -> str:
    inside = ", ".join(f"{s} = {v}" for s, v in point.items())
    return f" at {inside}" if inside else ""
