"""Polynomials with rational coefficients: numbers by monomials, which are sorted pairs (generator, exponent).

Exponents may be negative.  Factorisation and greatest common divisors are FLINT's, and every factorisation is
multiplied out again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from flint import Ordering, fmpq, fmpq_mpoly_ctx, fmpz

from verification.recheck.reading import Refused

Monomial: TypeAlias = tuple[tuple[int, int], ...]
Polynomial: TypeAlias = dict[Monomial, Fraction]


class Atom(NamedTuple):
    """A generator as a factor."""

    at: int


ZERO: Polynomial = {}
ONE: Polynomial = {(): Fraction(1)}

MOST_TERMS = 20000
"""A polynomial that is larger is not multiplied out."""


def number(value: Fraction) -> Polynomial:
    """A constant."""
    return {(): value} if value else {}


def single(place: int, exponent: int) -> Polynomial:
    """A power of one generator."""
    return {((place, exponent),): Fraction(1)} if exponent else dict(ONE)


def is_number(value: Polynomial) -> bool:
    """Whether it is a constant."""
    return not value or (len(value) == 1 and () in value)


def value(constant: Polynomial) -> Fraction:
    """The number that a constant is."""
    return constant.get((), Fraction(0))


def frozen(value: Polynomial) -> frozenset[tuple[Monomial, Fraction]]:
    """The same for equal polynomials."""
    return frozenset(value.items())


def product_of(pairs: Iterable[tuple[int, int]]) -> Monomial:
    """A monomial from pairs in any order."""
    total: dict[int, int] = {}
    for place, exponent in pairs:
        total[place] = total.get(place, 0) + exponent
    return tuple(sorted((place, exponent) for place, exponent in total.items() if exponent))


def inverse(monomial: Monomial) -> Monomial:
    """One over a monomial."""
    return tuple((place, -exponent) for place, exponent in monomial)


def plus(left: Polynomial, right: Polynomial) -> Polynomial:
    """A sum."""
    total = dict(left)
    for monomial, coefficient in right.items():
        found = total.get(monomial, Fraction(0)) + coefficient
        if found:
            total[monomial] = found
        else:
            total.pop(monomial, None)
    return total


def times(left: Polynomial, right: Polynomial) -> Polynomial:
    """A product."""
    if len(left) * len(right) > MOST_TERMS * 10:
        raise Refused("an expression is too large to be multiplied out")
    total: Polynomial = {}
    for first, a in left.items():
        for second, b in right.items():
            monomial = product_of((*first, *second)) if first and second else first or second
            found = total.get(monomial, Fraction(0)) + a * b
            if found:
                total[monomial] = found
            else:
                total.pop(monomial, None)
    return total


def scaled(value: Polynomial, factor: Fraction, monomial: Monomial = ()) -> Polynomial:
    """The polynomial times a number and a monomial."""
    return {product_of((*old, *monomial)): factor * c for old, c in value.items()} if factor else {}


def raised(value: Polynomial, exponent: int) -> Polynomial:
    """A whole power that is not negative."""
    total = dict(ONE)
    for _ in range(exponent):
        total = times(total, value)
    return total


def lowest(value: Polynomial, place: int) -> int:
    """The least exponent of a generator, 0 at most."""
    return min((dict(monomial).get(place, 0) for monomial in value), default=0)


def cleared(value: Polynomial) -> tuple[Monomial, Polynomial]:
    """The monomial that all terms share, negative exponents included, and the rest."""
    places = {place for monomial in value for place, _ in monomial}
    shared = product_of((place, min(dict(monomial).get(place, 0) for monomial in value)) for place in places)
    return shared, scaled(value, Fraction(1), inverse(shared)) if shared else value


def _context(values: Iterable[Polynomial]) -> tuple[list[int], Any]:
    places = sorted({place for v in values for monomial in v for place, _ in monomial})
    return places, fmpq_mpoly_ctx.get([f"x{place}" for place in places], Ordering.lex)


def _to_flint(value: Polynomial, places: list[int], context: Any) -> Any:
    rows = {
        tuple(dict(monomial).get(place, 0) for place in places): fmpq(c.numerator, c.denominator)
        for monomial, c in value.items()
    }
    return context.from_dict(rows)


def _from_flint(value: Any, places: list[int]) -> Polynomial:
    return {
        product_of((place, int(e)) for place, e in zip(places, row, strict=True)): Fraction(
            int(c.p), int(c.q)
        )
        for row, c in value.to_dict().items()
    }


def cancelled(top: Polynomial, bottom: Polynomial) -> tuple[Polynomial, Polynomial]:
    """The fraction without common factors, the denominator's leading coefficient 1."""
    if len(bottom) > 1 and len(top) >= 1:
        (up, above), (down, below) = cleared(top), cleared(bottom)
        places, context = _context((above, below))
        first, second = _to_flint(above, places, context), _to_flint(below, places, context)
        common = first.gcd(second)
        first, rest = divmod(first, common)
        second, other = divmod(second, common)
        if rest != 0 or other != 0:
            raise Refused("a common factor that is none")
        top = scaled(_from_flint(first, places), Fraction(1), product_of((*up, *inverse(down))))
        bottom = _from_flint(second, places)
    leading = bottom[max(bottom)]
    return scaled(top, 1 / leading), scaled(bottom, 1 / leading)


def made_monic(top: Polynomial, bottom: Polynomial) -> list[tuple[Monomial, Fraction]]:
    """The terms of a numerator, the leading coefficient of its denominator divided out."""
    leading = bottom[max(bottom)]
    return sorted((monomial, c / leading) for monomial, c in top.items())


def factors(value: Polynomial) -> tuple[Fraction, list[tuple[Any, int]], list[tuple[Polynomial, int]]]:
    """A number, generators with exponents, and irreducible polynomials with theirs: multiplied out again."""
    shared, rest = cleared(value)
    generators = [(Atom(place), exponent) for place, exponent in shared]
    if is_number(rest):
        return rest[()], generators, []
    places, context = _context((rest,))
    number_, found = _to_flint(rest, places, context).factor()
    parts = [(_from_flint(part, places), int(count)) for part, count in found]
    constant = Fraction(int(fmpq(number_).p), int(fmpq(number_).q))
    product = number(constant)
    for part, count in parts:
        product = times(product, raised(part, count))
    if product != rest:
        raise Refused("a factorisation that does not multiply out")
    return constant, generators, parts


def primes(value: Fraction) -> list[tuple[int, int]]:
    """The primes of a positive rational number with their exponents."""
    found = []
    for side, direction in ((value.numerator, 1), (value.denominator, -1)):
        found += [(int(prime), direction * int(count)) for prime, count in fmpz(side).factor()]
    return found


def degree_in(value: Polynomial, place: int) -> Mapping[int, Polynomial]:
    """The coefficients of the powers of one generator."""
    total: dict[int, Polynomial] = {}
    for monomial, c in value.items():
        exponent = dict(monomial).get(place, 0)
        rest = tuple(pair for pair in monomial if pair[0] != place)
        total.setdefault(exponent, {})[rest] = c
    return total
