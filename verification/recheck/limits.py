"""Limits of fractions, decided by their leading powers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from verification.recheck import polynomials as poly
from verification.recheck import signs
from verification.recheck.reading import MINUS, Tree, names, plus, power, replaced, times

if TYPE_CHECKING:
    from verification.recheck.field import Element, Field

NEAR = "_near"
"""The variable that tends to 0 from above, or to infinity; the field knows it to be positive."""

OO: Tree = ("name", "oo")


def decided(field: Field, of: Tree, over: tuple[Tree, ...], result: Tree) -> bool:
    """Whether the limit from above is the result; False where that is not seen.

    The variable is the place plus a power of `NEAR`, or such a power on the way to infinity, so that its
    square root is a power too.
    """
    (_, variable), place = over
    for root in (1, 2):
        step = power(("name", NEAR), ("num", Fraction(root)))
        moved = replaced(of, {variable: step if place == OO else plus(place, step)})
        found = _leading(field, field.element(moved), place == OO)
        if found is not None:
            order, ratio = found
            return _is(field, order if place == OO else -order, ratio, result)
    return False


def _leading(field: Field, value: Element, far: bool) -> tuple[int, Element] | None:
    """The power of `NEAR` that a fraction goes with, and its factor; None where that is not seen."""
    if not value.top:
        return -1 if far else 1, value
    (at,) = field.symbol(NEAR).top
    near = at[0][0]
    places = {place for side in value for monomial in side for place, _ in monomial} - {near}
    if any(NEAR in field.names_of(place) for place in places):
        return None
    sides = []
    for side in value:
        parts = poly.degree_in(side, near)
        degree = max(parts) if far else min(parts)
        sides.append((degree, parts[degree]))
    (up, above), (down, below) = sides
    if signs.of_polynomial(field, below) not in ("+", "-"):
        return None
    return up - down, field.normal(above, below)


def _is(field: Field, order: int, ratio: Element, result: Tree) -> bool:
    """Whether ratio times z^order tends to the result as z grows beyond all bounds."""
    if order > 0:
        return result == OO and signs.of(field, ratio) == "+"
    if "oo" in names(result):
        return False
    told = field.element(times(MINUS, result))
    return not (told.top if order < 0 else field.plus(ratio, told).top)
