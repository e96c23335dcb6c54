"""Where a statement's conditions hold: as substitutions, which decide signs, and as exact points.

A condition is used in no other way, so that a proof of a claim without it has nothing to lean on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import mpmath
import sympy as sp
from mpmath.libmp import NoConvergence
from sympy.core.relational import Relational

from bounds.checks import put_in
from bounds.numeric import compiled, symbols_of
from bounds.symbols import SYMBOLS, Noiseless, in_domain

Point = dict[sp.Symbol, sp.Expr]

DIGITS = 30
"""Digits in which points are looked at before one of them is evaluated exactly."""

MOST_POINTS = 45
"""Points that are looked at: five times as many as there are choices for a symbol."""

MOST_TURNS = 10
"""How often the choices are turned on to find points where parameters go together."""

SLACK = "slack_"
"""What names a symbol for the room that a condition leaves."""

_POSITIVE = tuple(map(sp.Rational, ("1", "1/3", "5/2", "7", "2/9", "11/3", "1000", "1/1000", "40")))
_NOT_NEGATIVE = (sp.Integer(0), *_POSITIVE[:-1])
_UNIT = tuple(map(sp.Rational, ("1/2", "1/3", "2/9", "6/7", "1/1000", "3/5", "1/30", "3/4", "999/1000")))
_COUNTS = tuple(map(sp.Integer, (2, 3, 5, 1, 7, 4, 30, 11, 1000)))


def flattened(conditions: Iterable[sp.Basic]) -> tuple[sp.Basic, ...]:
    """The conditions one by one, those joined by "and" taken apart."""
    return tuple(
        part
        for condition in conditions
        for part in (flattened(condition.args) if isinstance(condition, sp.And) else (condition,))
    )


def substitutions(conditions: tuple[sp.Basic, ...]) -> Mapping[sp.Symbol, sp.Expr]:
    """What symbols are wherever the conditions hold: 2 + h with h >= 0 for r >= 2, 0 for theta = 0.

    A condition that is linear in no symbol is left out, which leaves more room than the conditions do.
    """
    return _placed(conditions)[0]


@lru_cache(maxsize=1024)
def _placed(conditions: tuple[sp.Basic, ...]) -> tuple[Mapping[sp.Symbol, sp.Expr], tuple[sp.Basic, ...]]:
    """The substitutions, and the conditions that a point from them has still to be held against."""
    found: Point = {}
    left = []
    for number, condition in enumerate(flattened(conditions), start=1):
        if isinstance(condition, Noiseless) and condition.args[0].is_Symbol:
            found[condition.args[0]] = sp.oo
            continue
        if not isinstance(condition, Relational) or isinstance(condition, sp.Ne):
            left.append(condition)
            continue
        equal = isinstance(condition, sp.Eq)
        room = condition.lhs - condition.rhs if equal else condition.gts - condition.lts
        strict = isinstance(condition, (sp.Lt, sp.Gt))
        solved = _solved(sp.expand(room.subs(found)), None if equal else (f"{SLACK}{number}", strict))
        if solved is None:
            left.append(condition)
            continue
        symbol, value = solved
        found = {s: v.subs(symbol, value) for s, v in found.items()} | {symbol: value}
    # A count is rounded up, and what stood in the conditions with it may no longer hold.
    rounded = any(s.is_integer and not v.is_integer for s, v in found.items())
    return found, flattened(conditions) if rounded else tuple(left)


def _solved(room: sp.Expr, slack: tuple[str, bool] | None) -> tuple[sp.Symbol, sp.Expr] | None:
    """room = 0 (>= 0 with `slack`, its name and whether > 0) solved for the symbol that is best isolated."""
    ways = []
    for symbol in sorted(room.free_symbols, key=str):
        factor, rest = room.coeff(symbol, 1), room.coeff(symbol, 0)
        linear = sp.expand(room - factor * symbol - rest) == 0 and not factor.has(symbol)
        if not linear or not factor.is_nonzero or symbol.name.startswith(SLACK):
            continue
        start = -rest / factor
        if slack is None:
            ways.append((int(bool(start.is_positive)), symbol, start))
        elif factor.is_positive:
            ways.append(
                (2 + int(bool(start.is_nonnegative)), symbol, start + _slack(symbol, start, factor, slack))
            )
        elif symbol.is_positive and start.is_positive:
            ways.append((1, symbol, start / (1 + _slack(symbol, start, factor, slack))))
        else:
            ways.append((0, symbol, start + _slack(symbol, start, factor, slack) / factor))
    best = max(ways, key=lambda way: way[0], default=None)
    return None if best is None else best[1:]


def _slack(symbol: sp.Symbol, start: sp.Expr, factor: sp.Expr, slack: tuple[str, bool]) -> sp.Expr:
    """h/factor in symbol = start + h/factor, or w in symbol = start/(1 + w): from 0 on."""
    name, strict = slack
    if factor.is_positive and symbol.is_integer and start.is_integer:
        return sp.Symbol(name, integer=True, **{"positive" if strict else "nonnegative": True})
    h = sp.Symbol(name, **{"positive" if strict else "nonnegative": True})
    return h / factor if factor.is_positive else h


def domains(expression: sp.Expr) -> Point:
    """The declared domains of the expression's symbols as substitutions: eta = 1/(1 + w), r = 1 + m."""
    found: Point = {}
    for symbol in sorted(expression.free_symbols, key=str):
        declared = SYMBOLS.get(symbol.name)
        if declared is None or declared.symbol != symbol:
            continue
        if declared.domain.startswith("(0, 1"):
            open_end = declared.domain.endswith(")")
            w = sp.Symbol(f"w_{symbol.name}", **{"positive" if open_end else "nonnegative": True})
            found[symbol] = 1 / (1 + w)
        elif declared.domain.startswith("integer"):
            low = declared.domain.removeprefix("integer >= ")
            start = sp.Integer(low) if low.isdigit() else SYMBOLS["r"].symbol if low == "r" else sp.Integer(1)
            found[symbol] = start + sp.Symbol(f"m_{symbol.name}", integer=True, nonnegative=True)
    return {s: v.subs(found) for s, v in found.items()}


def points(
    expression: sp.Basic, conditions: tuple[sp.Basic, ...] = (), most: int = MOST_POINTS
) -> tuple[Point, ...]:
    """Exact points inside the symbols' domains and the conditions, dozens of them in a fixed order."""
    wanted = expression.free_symbols.union(*(c.free_symbols for c in conditions))
    return _points(tuple(sorted(wanted, key=lambda symbol: symbol.name)), conditions, most)


@lru_cache(maxsize=1024)  # versions of a claim are looked at where the claim is
def _points(wanted: tuple[sp.Symbol, ...], conditions: tuple[sp.Basic, ...], most: int) -> tuple[Point, ...]:
    known, left = _placed(conditions)
    free = {*(s for s in wanted if s not in known), *(s for v in known.values() for s in v.free_symbols)}
    basis = sorted(free, key=lambda symbol: symbol.name)
    found = (_extended(point, known) for point in _grid(_values(basis, known, left)))
    inside = (p for p in found if _possible(p) and all(_holds(c, p) for c in left))
    return tuple(islice(({s: p[s] for s in wanted} for p in inside), most))


def _values(
    basis: Sequence[sp.Symbol], known: Mapping[sp.Symbol, sp.Expr], conditions: Sequence[sp.Basic]
) -> dict[sp.Symbol, tuple[sp.Expr, ...]]:
    """Where each symbol is looked at: what a condition lists, with the others put in; else the usual."""
    lists = [condition.subs(known) for condition in conditions if isinstance(condition, sp.Or)]
    return {symbol: listed(symbol, lists) or _choices(symbol) for symbol in basis}


def _holds(condition: sp.Basic, point: Point) -> bool:
    """Whether a condition holds at a point; one that fails by far is not put in exactly."""
    ordered = isinstance(condition, (sp.Ge, sp.Gt, sp.Le, sp.Lt))
    if ordered and approximate_sign(condition.gts - condition.lts, point) == -1:
        return False
    try:
        return bool(put_in(condition, point) == sp.true)
    except TypeError:  # a side that has no number there, as 1/0
        return False


def approximate_sign(expression: sp.Expr, point: Point) -> int | None:
    """The sign at a point in 30 digits, 0 where too small to tell; None if unknown or not real."""
    function = _compiled(expression)
    if function is None:
        return None
    with mpmath.workdps(DIGITS):
        try:
            value = mpmath.mpmathify(function(*(_number(point[s]) for s in symbols_of(expression))))
        except (ArithmeticError, ValueError, TypeError, NameError, KeyError, NoConvergence):
            return None
        if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
            return None
        return 0 if abs(value) < mpmath.mpf(10) ** (-DIGITS // 2) else int(mpmath.sign(value))


def _number(value: sp.Expr) -> Any:
    if value.is_Rational:
        return mpmath.mpf(int(value.p)) / int(value.q)
    return mpmath.inf if value is sp.oo else mpmath.mpmathify(value.evalf(DIGITS))


@lru_cache(maxsize=4096)
def _compiled(expression: sp.Expr) -> Callable[..., Any] | None:
    try:
        return compiled(expression, "mpmath")
    except (TypeError, NameError, NotImplementedError, SyntaxError, AttributeError, ValueError, KeyError):
        return None


def _extended(point: Point, known: Mapping[sp.Symbol, sp.Expr]) -> Point:
    """The point with what is known of the other symbols, a count rounded up to a whole number."""
    found = {s: put_in(v, point) for s, v in known.items()}
    return {**point, **{s: sp.ceiling(v) if s.is_integer and v.is_number else v for s, v in found.items()}}


def listed(symbol: sp.Symbol, conditions: Iterable[sp.Basic]) -> tuple[sp.Expr, ...]:
    """The numbers that a condition lists for the symbol, in rising order: r = 2 or r = 4; () without one."""
    for condition in flattened(conditions):
        cases = condition.args if isinstance(condition, sp.Or) else (condition,)
        if all(isinstance(c, sp.Eq) and c.lhs == symbol and c.rhs.is_number for c in cases):
            return tuple(sorted(c.rhs for c in cases))
    return ()


def _grid(values: Mapping[sp.Symbol, Sequence[sp.Expr]]) -> Iterator[Point]:
    for shift in range(MOST_TURNS * len(_POSITIVE) ** 2 if values else 1):
        point = {}
        for place, (symbol, choices) in enumerate(values.items()):
            turn = shift * (place + 1) + place + shift // len(_POSITIVE)
            value = choices[turn % len(choices)]
            if not symbol.is_nonnegative and turn % 2:
                value = -value
            point[symbol] = value
        yield point


def _possible(point: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether the symbols can have these values, each by itself and the declared ones together."""
    if not all(_assumed(symbol, value) for symbol, value in point.items()):
        return False
    values = {s.name: float(v) for s, v in point.items() if s.name in SYMBOLS and SYMBOLS[s.name].symbol == s}
    limits = {
        "r": min(values.get("d", math.inf), values.get("d_tilde", math.inf)),
        "n_T": values.get("n", math.inf) - 1,
        "ERR": math.sqrt(values.get("r", math.inf)),
    }
    return all(in_domain(name, v) and v <= limits.get(name, math.inf) for name, v in values.items())


def _assumed(symbol: sp.Symbol, value: sp.Expr) -> bool:
    if symbol.is_integer and not value.is_integer:
        return False
    if symbol.is_positive:
        return value is sp.oo or bool(value.is_positive)
    return not symbol.is_nonnegative or bool(value.is_nonnegative)


def _choices(symbol: sp.Symbol) -> tuple[sp.Rational, ...]:
    if symbol.is_integer:
        return _COUNTS
    declared = SYMBOLS.get(symbol.name)
    inside_unit = declared is not None and declared.symbol == symbol and declared.domain.startswith("(0, 1")
    if inside_unit:
        return _UNIT
    return _POSITIVE if symbol.is_positive else _NOT_NEGATIVE
