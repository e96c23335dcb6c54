"""Integrals of powers times exponentials over half a line or a whole one, decided by Euler's formula.

The integral of x^(s-1) exp(-b x^p) over x > 0 is Gamma(s/p)/(p b^(s/p)) for b, s > 0 and p = 1, 2; over the
whole line even powers have twice that for p = 2, and odd ones 0.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from verification.recheck import polynomials as poly
from verification.recheck import signs
from verification.recheck.reading import MINUS, Refused, Tree, times

if TYPE_CHECKING:
    from verification.recheck.field import Element, Field
    from verification.recheck.polynomials import Monomial

OO: Tree = ("name", "oo")


def decided(field: Field, of: Tree, over: tuple[Tree, ...], result: Tree) -> bool:
    """Whether the integral of a sum of such terms is the result; False where that is not seen.

    The field knows the variable to be positive, or real where it runs over the whole line.
    """
    (_, variable), low, high = over
    whole = low == times(MINUS, OO)
    if high != OO or not (whole or low == ("num", Fraction(0))):
        return False
    value = field.element(of)
    if any(variable in field.names_of(place) for monomial in value.bottom for place, _ in monomial):
        return False
    total = field.number(Fraction(0))
    for monomial, coefficient in value.top.items():
        found = _term(field, variable, monomial, whole)
        scaled = field.times(field.number(coefficient), found)
        total = field.plus(total, field.normal(scaled.top, poly.times(scaled.bottom, value.bottom)))
    return not field.plus(total, field.element(times(MINUS, result))).top


def _term(field: Field, variable: str, monomial: Monomial, whole: bool) -> Element:
    """The integral of a product of generators; raises Refused on one of another form."""
    rest = field.number(Fraction(1))
    size, rate = field.number(Fraction(1)), field.number(Fraction(0))  # s, and b x^p
    plain = True
    for place, exponent in monomial:
        generator = field.generators[place]
        single = field.normal(poly.single(place, exponent), poly.ONE)
        if variable not in field.names_of(place):
            rest = field.times(rest, single)
        elif generator.kind == "symbol":
            size = field.plus(size, field.number(Fraction(exponent)))
        elif generator.kind == "exponential":
            unit, fine = generator.parts
            rate = field.plus(rate, field.times(field.number(Fraction(-exponent, fine)), unit))
        elif generator.kind == "power" and field.polynomial(generator.parts[0]) == field.symbol(variable).top:
            _, unit, fine = generator.parts
            size, plain = field.plus(size, field.times(field.number(Fraction(exponent, fine)), unit)), False
        else:
            raise Refused("an integrand of another form")
    degree, factor = _rate(field, variable, rate)
    if {signs.of(field, size), signs.of(field, factor)} != {"+"} or (whole and (degree != 2 or not plain)):
        raise Refused("an integrand of another form")
    if whole and int(poly.value(size.top)) % 2 == 0:
        return field.number(Fraction(0))
    share = field.times(size, field.number(Fraction(1, degree)))
    made = field.element(("call", "gamma", field.tree(share)))
    below = field.power(factor, field.times(field.number(Fraction(-1)), share))
    times_two = Fraction(2 if whole else 1, degree)
    return field.product([rest, made, below, field.number(times_two)])


def _rate(field: Field, variable: str, rate: Element) -> tuple[int, Element]:
    """p and b of a rate b x^p."""
    place = field.symbol(variable).top
    ((monomial, _),) = place.items()
    at = monomial[0][0]
    parts = poly.degree_in(rate.top, at)
    if len(parts) != 1 or not set(parts) <= {1, 2}:
        raise Refused("a rate of another form")
    ((degree, factor),) = parts.items()
    found = field.normal(factor, rate.bottom)
    if any(variable in field.names_of(p) for side in found for m in side for p, _ in m):
        raise Refused("a rate of another form")
    return degree, found
