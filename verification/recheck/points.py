"""Numbers at random points, for what can be looked at and not decided."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import mpmath

from verification.recheck.reading import Refused, Tree, names
from verification.recheck.setting import Where

POINTS = 3
"""Points at which an integral or a limit is looked at."""

WORKING = 50
"""Digits that they are computed with."""

CLOSE = mpmath.mpf(10) ** -6
"""How near a limit must be come to, relative to it, at a place this near."""

_CONSTANTS: dict[str, Callable[[], Any]] = {
    "pi": lambda: +mpmath.pi,
    "I": lambda: mpmath.mpc(0, 1),
    "oo": lambda: mpmath.inf,
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "gamma": mpmath.gamma,
    "loggamma": mpmath.loggamma,
    "factorial": mpmath.factorial,
    "uppergamma": lambda shape, x: mpmath.gammainc(shape, x),
    "besselk": mpmath.besselk,
    "besseli": mpmath.besseli,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "Abs": abs,
    "Max": max,
    "Min": min,
}


def value(tree: Tree, at: Mapping[str, Any]) -> Any:
    """The number that a tree is at a point; raises Refused on what has none."""
    match tree:
        case ("num", number):
            return mpmath.mpf(number.numerator) / number.denominator
        case ("name", word) if word in at:
            return at[word]
        case ("name", word) if word in _CONSTANTS:
            return _CONSTANTS[word]()
        case ("+", *parts):
            return mpmath.fsum(value(part, at) for part in parts)
        case ("*", *parts):
            return mpmath.fprod(value(part, at) for part in parts)
        case ("^", base, exponent):
            return value(base, at) ** value(exponent, at)
        case ("call", "KroneckerDelta", left, right):
            return mpmath.mpf(1 if value(left, at) == value(right, at) else 0)
        case ("call", "Piecewise", *cases):
            return _first(cases, at)
        case ("call", function, *arguments) if function in _FUNCTIONS:
            return _FUNCTIONS[function](*(value(argument, at) for argument in arguments))
    raise Refused("what has no number at a point")


def _first(cases: list[Tree], at: Mapping[str, Any]) -> Any:
    for case in cases:
        _, result, condition = case
        if holds(condition, at):
            return value(result, at)
    raise Refused("no case holds")


def holds(condition: Tree, at: Mapping[str, Any]) -> bool:
    """Whether a condition holds at a point."""
    match condition:
        case ("name", "True"):
            return True
        case ("rel", sign, left, right):
            apart = value(left, at) - value(right, at)
            near = mpmath.mpf(10) ** (-WORKING // 2)
            return {  # type: ignore[no-any-return]
                "<=": apart <= 0, "<": apart < 0, ">=": apart >= 0, ">": apart > 0,
                "=": abs(apart) < near, "!=": abs(apart) >= near,
            }[sign]  # fmt: skip
        case ("call", "And", *parts):
            return all(holds(part, at) for part in parts)
    raise Refused("a condition that has no truth at a point")


def points(where: Where, wanted: frozenset[str], many: int, seed: str) -> Iterator[dict[str, Any]]:
    """Random rational points: slacks and free symbols by their signs, the other symbols from them."""
    generator = random.Random(seed)
    trees = {name: where.values[name] for name in sorted(wanted & where.values.keys())}
    free = sorted((wanted - where.values.keys()).union(*(names(tree) for tree in trees.values())))
    for _ in range(many):
        at = {name: _drawn(generator, where, name) for name in free if name not in ("pi", "I", "oo")}
        yield {**at, **{name: value(tree, at) for name, tree in trees.items() if tree != ("name", "oo")}}


def _drawn(generator: random.Random, where: Where, name: str) -> Any:
    if name in where.whole:
        return mpmath.mpf(generator.randint(0, 6))
    number = Fraction(generator.randint(1, 997), generator.choice((101, 211, 307, 499)))
    negative = where.signs.get(name) not in ("+", "0+") and generator.random() < 0.5
    return mpmath.mpf(-number.numerator if negative else number.numerator) / number.denominator


def looked_at(
    test: Callable[[dict[str, Any]], bool],
    where: Where,
    wanted: frozenset[str],
    seed: str,
    many: int = POINTS,
) -> int:
    """At how many points the test was made and held; raises Refused where it did not."""
    made = 0
    with mpmath.workdps(WORKING):
        for at in points(where, wanted, POINTS, seed):
            try:
                found = test(at)
            except (ZeroDivisionError, ValueError, OverflowError, mpmath.libmp.NoConvergence):
                continue
            made += 1
            if not found:
                shown = ", ".join(f"{name} = {mpmath.nstr(number, 8)}" for name, number in sorted(at.items()))
                raise Refused(f"it fails at {shown}")
    return made


def computed(kind: str, of: Tree, over: tuple[Tree, ...], result: Tree) -> Callable[[dict[str, Any]], bool]:
    """The test of an integral or a limit at a point."""
    (_, variable), *ends = over
    if kind == "integral":
        low, high = ends

        def integral(at: dict[str, Any]) -> bool:
            with mpmath.workdps(15):
                found = mpmath.quad(
                    lambda x: value(of, {**at, variable: x}), _stations(value(low, at), value(high, at))
                )
                told = value(result, at)
                return bool(abs(found - told) <= 1e-8 * max(1, abs(told)))

        return integral
    (place,) = ends

    def limit(at: dict[str, Any]) -> bool:
        end = value(place, at)
        told = value(result, at)
        near = [
            value(of, {**at, variable: _towards(end, step)})
            for step in (mpmath.mpf(10) ** 8, mpmath.mpf(10) ** 24)
        ]
        if mpmath.isinf(told):
            return bool(near[1] > near[0] > 1)
        return bool(abs(near[1] - told) <= CLOSE * max(1, abs(told)))

    return limit


def _towards(end: Any, step: Any) -> Any:
    return step if mpmath.isinf(end) else end + 1 / step


def _stations(low: Any, high: Any) -> list[Any]:
    if mpmath.isinf(high):
        return [low, low + 1, low + 4, low + 16, high]
    return [low, (low + high) / 2, high]
