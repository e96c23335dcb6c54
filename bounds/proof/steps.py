"""Steps of a symbolic proof: identities and signs, each decided by SymPy or said to be undecided.

A step is True where SymPy reduces it to an identity or a sign, False where an exact point breaks
it.  Anything in between raises `Undecided`: a proof never passes, and never fails, by weakness of
the simplifier.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

import sympy as sp
from sympy.core.evalf import PrecisionExhausted

from bounds.checks import Compared, Step
from bounds.proof.undecided import Undecided
from bounds.symbols import SYMBOLS, in_domain

MOST_TURNS = 10
"""How often the choices are turned on to find points where parameters go together."""

FIRST_POINTS = 2
"""Points that an identity is tried at before it is simplified."""

_POSITIVE = tuple(map(sp.Rational, ("1", "1/3", "5/2", "7", "2/9", "11/3", "1000", "1/1000", "40")))
_NOT_NEGATIVE = (sp.Integer(0), *_POSITIVE[:-1])
_UNIT = tuple(map(sp.Rational, ("1/2", "1/3", "2/9", "6/7", "1/1000", "3/5", "1/30", "3/4", "999/1000")))
_COUNTS = tuple(map(sp.Integer, (2, 3, 5, 1, 7, 4, 30, 11, 1000)))


def identity(statement: str, left: Any, right: Any) -> Step:
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
        zero, point = vanishes(entry)
        if zero is None:
            raise Undecided(f"{statement}: cannot decide {entry} = 0")
        if not zero:
            return Step(statement, False, replace(shown, ending=f" fails{point}"))
    return Step(statement, True, shown)


def nonnegative(statement: str, larger: Any, smaller: Any = 0) -> Step:
    """larger >= smaller for all values of the symbols inside their domains.  Raises Undecided."""
    return _sign(statement, sp.sympify(larger), sp.sympify(smaller), strict=False)


def positive(statement: str, larger: Any, smaller: Any = 0) -> Step:
    """larger > smaller for all values of the symbols inside their domains.  Raises Undecided."""
    return _sign(statement, sp.sympify(larger), sp.sympify(smaller), strict=True)


def decided(statement: str, truth: Any, shown: Any = "") -> Step:
    """A step whose truth SymPy has given as a Boolean.  Raises Undecided on anything else."""
    if truth in (True, sp.true):
        return Step(statement, True, str(shown))
    if truth in (False, sp.false):
        return Step(statement, False, str(shown))
    raise Undecided(f"{statement}: {truth}")


@lru_cache(maxsize=256)  # wrong versions of a claim need the integrals of its own proof
def integral(integrand: sp.Expr, limits: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Expr:
    """SymPy's definite integral over `limits` = (variable, low, high)."""
    return sp.integrate(integrand, limits)


def points(expression: sp.Expr) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Exact points inside the domains of the expression's symbols, dozens of them in a fixed order."""
    free = sorted(expression.free_symbols, key=lambda symbol: symbol.name)
    yield from islice(filter(_possible, _grid(free)), len(_POSITIVE) ** 2)


def _grid(free: Sequence[sp.Symbol]) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    for shift in range(MOST_TURNS * len(_POSITIVE) ** 2 if free else 1):
        point = {}
        for place, symbol in enumerate(free):
            turn = shift * (place + 1) + place + shift // len(_POSITIVE)
            value = _choices(symbol)[turn % len(_POSITIVE)]
            if not symbol.is_nonnegative and turn % 2:
                value = -value
            point[symbol] = value
        yield point


def _possible(point: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether the declared symbols among the point's have values that they can have together."""
    values = {s.name: float(v) for s, v in point.items() if s.name in SYMBOLS and SYMBOLS[s.name].symbol == s}
    limits = {
        "r": min(values.get("d", math.inf), values.get("d_tilde", math.inf)),
        "n_T": values.get("n", math.inf) - 1,
        "ERR": math.sqrt(values.get("r", math.inf)),
    }
    return all(in_domain(name, v) and v <= limits.get(name, math.inf) for name, v in values.items())


def _choices(symbol: sp.Symbol) -> tuple[sp.Rational, ...]:
    if symbol.is_integer:
        return _COUNTS
    declared = SYMBOLS.get(symbol.name)
    inside_unit = declared is not None and declared.symbol == symbol and declared.domain.startswith("(0, 1")
    if inside_unit:
        return _UNIT
    return _POSITIVE if symbol.is_positive else _NOT_NEGATIVE


def _sign(statement: str, larger: sp.Expr, smaller: sp.Expr, *, strict: bool) -> Step:
    truth, shown = _signed(larger, smaller, strict)
    if truth is None:
        raise Undecided(f"{statement}: cannot decide the sign of {larger - smaller}")
    return Step(statement, truth, shown)


@lru_cache(maxsize=4096)
def _signed(larger: sp.Expr, smaller: sp.Expr, strict: bool) -> tuple[bool | None, Compared]:
    """Whether larger > smaller (>= without `strict`), None where undecided, and how to show it."""
    expression = larger - smaller
    shown = Compared(larger, ">" if strict else ">=", smaller)
    for form in _forms(expression):
        if form.is_positive or (not strict and form.is_nonnegative):
            return True, shown
    for point in points(expression):
        value = expression.subs(point)
        if value.is_negative or (strict and value.is_zero):
            return False, replace(shown, ending=f" fails{_at(point)}")
    return None, shown


def _forms(expression: sp.Expr) -> Iterator[sp.Expr]:
    yield expression
    yield sp.factor(expression)
    yield sp.expand(expression)
    yield sp.factor(sp.together(sp.expand(expression)))
    yield sp.simplify(expression)


def _against(entry: sp.Expr, most: int | None = None) -> dict[sp.Symbol, sp.Expr] | None:
    """The first exact point (of the first `most`) where the entry is not 0."""
    return next((p for p in islice(points(entry), most) if _is_nonzero(entry.subs(p))), None)


@lru_cache(maxsize=4096)  # a claim and its wrong versions share most of their steps
def vanishes(entry: sp.Expr) -> tuple[bool | None, str]:
    """Whether the entry is 0, None where undecided, and an exact point against it in words."""
    # An exact point against it is found sooner than a simplification gives up.
    point = _against(entry, FIRST_POINTS)
    if point is None and _is_zero(entry):
        return True, ""
    point = point or _against(entry)
    return (None, "") if point is None else (False, _at(point))


def _is_zero(entry: sp.Expr) -> bool:
    if entry == 0 or sp.expand(entry) == 0:
        return True
    return bool(sp.simplify(entry) == 0)


def _is_nonzero(value: sp.Expr) -> bool:
    # Evaluation to 30 digits is decisive for all but tiny numbers, and far cheaper than `is_zero`.
    if value.is_Rational:
        return bool(value != 0)
    if not value.is_number:
        return False
    try:
        # Strict: a number that is known to fewer digits than this, as a zero is, is not told from zero.
        size = abs(value.evalf(30, strict=True))
    except PrecisionExhausted:
        return False
    return bool(size.is_finite and size > 1e-20)


def _at(point: dict[sp.Symbol, sp.Expr]) -> str:
    inside = ", ".join(f"{s} = {v}" for s, v in point.items())
    return f" at {inside}" if inside else ""
