"""The sign of an element wherever its symbols lie in their domains, as far as it can be seen.

Seen are: sums of terms of one sign, products, even powers, quadratics of negative discriminant, and numbers,
in mpmath's intervals.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mpmath import iv

from verification.recheck import polynomials as poly
from verification.recheck.polynomials import Polynomial
from verification.recheck.reading import Refused

if TYPE_CHECKING:
    from verification.recheck.field import Element, Field, Sign

DIGITS = 60
"""Of the intervals in which numbers are looked at."""

_TIMES = {"+": 1, "0+": 1, "-": -1, "0-": -1}


def together(signs: Iterable[Sign]) -> Sign:
    """The sign of a sum."""
    found = set(signs) - {"0"}
    if not found:
        return "0"
    if None in found:
        return None
    if found <= {"+", "0+"}:
        return "+" if "+" in found else "0+"
    if found <= {"-", "0-"}:
        return "-" if "-" in found else "0-"
    return "real"


def product(signs: Iterable[Sign]) -> Sign:
    """The sign of a product."""
    total: Sign = "+"
    for sign in signs:
        if sign is None or total is None:
            return None
        if sign == "0" or total == "0":
            total = "0"
        elif sign == "real" or total == "real":
            total = "real"
        else:
            strict = "0" not in sign + total
            positive = _TIMES[sign] * _TIMES[total] > 0
            total = ("" if strict else "0") + ("+" if positive else "-")
    return total


def to_power(sign: Sign, exponent: int) -> Sign:
    """The sign of a whole power; of a negative one only where the base is not 0."""
    if exponent == 0:
        return "+"
    if sign is None or (exponent < 0 and sign == "0"):
        return None
    if exponent % 2 == 0:
        return "+" if sign in ("+", "-") else "0" if sign == "0" else "0+"
    return sign


def of(field: Field, value: Element) -> Sign:
    """The sign of an element."""
    if not value.top:
        return "0"
    return product((of_polynomial(field, value.top), to_power(of_polynomial(field, value.bottom), -1)))


def of_polynomial(field: Field, value: Polynomial) -> Sign:
    """The sign of a polynomial, looked at term by term, then factor by factor, then as a quadratic."""
    sign = _of_terms(field, value)
    if sign in ("real", None) and len(value) > 1:
        number, generators, factors = poly.factors(value)
        if len(factors) > 1 or generators or (factors and factors[0][1] > 1):
            parts: list[Sign] = [_of_number(field, poly.number(number))]
            parts += [to_power(field.generators[place.at].sign, count) for place, count in generators]
            parts += [to_power(_of_irreducible(field, factor), count) for factor, count in factors]
            found = product(parts)
        else:
            found = _of_irreducible(field, value)
        return sign if found is None else found
    return sign


def _of_irreducible(field: Field, value: Polynomial) -> Sign:
    sign = _of_terms(field, value)
    return sign if sign not in ("real", None) else _of_quadratic(field, value) or sign


def _of_quadratic(field: Field, value: Polynomial) -> Sign:
    """a x^2 + b x + c with a > 0 and 4 a c >= b^2 in one of its generators."""
    for place in {place for monomial in value for place, _ in monomial}:
        parts = poly.degree_in(value, place)
        if set(parts) <= {0, 1, 2} and 2 in parts and 0 in parts and field.generators[place].sign is not None:
            square = poly.raised(parts.get(1, {}), 2)
            room = poly.plus(
                poly.scaled(poly.times(parts[2], parts[0]), Fraction(4)), poly.scaled(square, Fraction(-1))
            )
            leading, left = _of_terms(field, parts[2]), _of_terms(field, room) if room else "0"
            if leading in ("+", "-") and left in ("+", "0+", "0"):
                return leading if left == "+" else f"0{leading}"
    return None


def _of_terms(field: Field, value: Polynomial) -> Sign:
    """Terms with the same symbols together: their numbers in intervals, their symbols by what is known."""
    groups: dict[poly.Monomial, Polynomial] = {}
    for monomial, c in value.items():
        constant = tuple(pair for pair in monomial if is_constant(field, pair[0]))
        rest = tuple(pair for pair in monomial if pair not in constant)
        group = groups.setdefault(rest, {})
        group[constant] = group.get(constant, Fraction(0)) + c
    return together(
        product((_of_number(field, number), *(_of_power(field, pair) for pair in rest)))
        for rest, number in groups.items()
    )


def _of_power(field: Field, pair: tuple[int, int]) -> Sign:
    return to_power(field.generators[pair[0]].sign, pair[1])


def _of_number(field: Field, value: Polynomial) -> Sign:
    if poly.is_number(value):
        number = poly.value(value)
        return "+" if number > 0 else "-" if number < 0 else "0"
    try:
        found = interval(field, value)
    except (Refused, ValueError, ZeroDivisionError):
        return None
    return "+" if found.a > 0 else "-" if found.b < 0 else "real"


def is_constant(field: Field, place: int) -> bool:
    """Whether a generator is a real number that intervals can enclose."""
    generator = field.generators[place]
    if generator.sign is None:
        return False
    match generator.kind:
        case "symbol":
            return generator.parts == ("pi",)
        case "root":
            return _constant_part(field, generator.parts[0])
        case "power":
            return _constant_part(field, generator.parts[0]) and _constant_element(field, generator.parts[1])
        case "exponential":
            return _constant_element(field, generator.parts[0])
        case "log":
            return _constant_part(field, generator.parts[0])
        case _:
            return False


def _constant_part(field: Field, part: Any) -> bool:
    return all(is_constant(field, place) for monomial in field.polynomial(part) for place, _ in monomial)


def _constant_element(field: Field, value: Element) -> bool:
    return all(is_constant(field, place) for side in value for monomial in side for place, _ in monomial)


def interval(field: Field, value: Polynomial) -> Any:
    """An interval around a polynomial in constants."""
    iv.dps = DIGITS
    total = iv.mpf(0)
    for monomial, c in value.items():
        term = iv.mpf(c.numerator) / c.denominator
        for place, exponent in monomial:
            term *= _constant(field, place) ** exponent
        total += term
    return total


def _constant(field: Field, place: int) -> Any:
    generator = field.generators[place]
    match generator.kind:
        case "symbol":
            return iv.pi
        case "root":
            inside, degree = generator.parts
            return iv.exp(iv.log(interval(field, field.polynomial(inside))) / degree)
        case "power":
            inside, unit, fine = generator.parts
            return iv.exp(iv.log(interval(field, field.polynomial(inside))) * _ratio(field, unit) / fine)
        case "exponential":
            unit, fine = generator.parts
            return iv.exp(_ratio(field, unit) / fine)
        case "log":
            return iv.log(interval(field, field.polynomial(generator.parts[0])))
        case _:
            raise Refused("no number")


def _ratio(field: Field, value: Element) -> Any:
    return interval(field, value.top) / interval(field, value.bottom)
