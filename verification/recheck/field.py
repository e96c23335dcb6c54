"""Fractions of polynomials in symbols, roots, powers, exponentials, logarithms and unknown functions.

An expression becomes a numerator over a denominator, each a sum of rational numbers times products of
generators.  Two expressions whose difference has the numerator 0 are equal; the reverse need not hold, so
that a numerator other than 0 decides nothing.  Roots are principal ones: a product under a root is only taken
apart where the factors are known not to be negative.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from verification.recheck import polynomials as poly
from verification.recheck import signs
from verification.recheck.polynomials import Atom, Polynomial
from verification.recheck.reading import HALF, MINUS, ONE, Refused, Tree, names, plus, power, times

FINE = 12
"""A symbolic power p^(c m) is the (12 c)-th power of the generator p^(m/12), where that is a whole power."""

HIGHEST = 128
"""The largest whole power that is multiplied out."""

Sign: TypeAlias = str | None
"""What is known of a real number: "+", "0+" (not negative), "-", "0-", "0", "real", or None."""


class Element(NamedTuple):
    """A numerator over a denominator."""

    top: Polynomial
    bottom: Polynomial


class Generator(NamedTuple):
    """What a generator stands for: its kind, the parts that define it, and what is known of its sign."""

    kind: str
    parts: tuple[Any, ...]
    sign: Sign


Term: TypeAlias = tuple[Fraction, Element]


class Field:
    """The generators of one certificate; `signs` says what is known of each symbol."""

    def __init__(self, signs: Mapping[str, Sign]) -> None:
        self.signs = dict(signs)
        self.generators: list[Generator] = []
        self._places: dict[Hashable, int] = {}
        self._rules: dict[int, tuple[int, Polynomial]] = {}
        self._elements: dict[Tree, Element] = {}

    # generators

    def _generator(self, kind: str, parts: tuple[Any, ...], key: Hashable, sign: Sign) -> int:
        place = self._places.get((kind, key))
        if place is None:
            place = self._places[kind, key] = len(self.generators)
            self.generators.append(Generator(kind, parts, sign))
        return place

    def symbol(self, name: str) -> Element:
        """A symbol, or pi."""
        sign = "+" if name == "pi" else self.signs.get(name)
        return self._alone(self._generator("symbol", (name,), name, sign))

    def imaginary(self) -> Element:
        """The imaginary unit."""
        place = self._generator("I", (), (), None)
        self._rules[place] = (2, poly.number(Fraction(-1)))
        return self._alone(place)

    @staticmethod
    def _alone(place: int, exponent: int = 1) -> Element:
        return Element(poly.single(place, exponent), poly.ONE)

    def number(self, value: Fraction) -> Element:
        """A rational number."""
        return Element(poly.number(value), poly.ONE)

    # arithmetic

    def normal(self, top: Polynomial, bottom: Polynomial) -> Element:
        """The fraction with powers of roots reduced and common factors gone."""
        for place, (degree, _) in self._rules.items():
            least = min(poly.lowest(top, place), poly.lowest(bottom, place))
            if least < 0:
                up = poly.single(place, degree * -(least // degree))
                top, bottom = poly.times(top, up), poly.times(bottom, up)
        top, bottom = self._reduced(top), self._reduced(bottom)
        if not bottom:
            raise Refused("divides by 0")
        if not top:
            return Element(poly.ZERO, poly.ONE)
        top, bottom = poly.cancelled(top, bottom)
        if len(bottom) == 1:
            ((monomial, value),) = bottom.items()
            if not any(place in self._rules for place, _ in monomial):
                return Element(poly.scaled(top, 1 / value, poly.inverse(monomial)), poly.ONE)
        return Element(top, bottom)

    def _reduced(self, value: Polynomial) -> Polynomial:
        while True:
            found = next(
                (
                    (monomial, place, exponent)
                    for monomial in value
                    for place, exponent in monomial
                    if place in self._rules and exponent >= self._rules[place][0]
                ),
                None,
            )
            if found is None:
                return value
            monomial, place, exponent = found
            degree, result = self._rules[place]
            rest = dict(value)
            coefficient = rest.pop(monomial)
            left = poly.product_of([(p, e) for p, e in monomial if p != place] + [(place, exponent % degree)])
            moved = poly.scaled(poly.raised(result, exponent // degree), coefficient, left)
            value = poly.plus(rest, moved)

    def plus(self, left: Element, right: Element) -> Element:
        """A sum."""
        if left.bottom == right.bottom:
            return self.normal(poly.plus(left.top, right.top), left.bottom)
        top = poly.plus(poly.times(left.top, right.bottom), poly.times(right.top, left.bottom))
        return self.normal(top, poly.times(left.bottom, right.bottom))

    def times(self, left: Element, right: Element) -> Element:
        """A product."""
        return self.normal(poly.times(left.top, right.top), poly.times(left.bottom, right.bottom))

    def inverse(self, value: Element) -> Element:
        """One over an element; raises Refused for 0."""
        if not value.top:
            raise Refused("divides by 0")
        return self.normal(value.bottom, value.top)

    def whole_power(self, value: Element, exponent: int) -> Element:
        """An element to a whole power."""
        if abs(exponent) > HIGHEST:
            raise Refused(f"a power of {exponent} is too high to be multiplied out")
        base = value if exponent >= 0 else self.inverse(value)
        count = abs(exponent)
        return self.normal(poly.raised(base.top, count), poly.raised(base.bottom, count))

    def product(self, parts: Iterable[Element]) -> Element:
        """The product of all."""
        total = self.number(Fraction(1))
        for part in parts:
            total = self.times(total, part)
        return total

    # from trees

    def element(self, tree: Tree) -> Element:
        """The element that a tree stands for; raises Refused on what is no number."""
        found = self._elements.get(tree)
        if found is None:
            found = self._elements[tree] = self._made(tree)
        return found

    def _made(self, tree: Tree) -> Element:
        match tree:
            case ("num", value):
                return self.number(value)
            case ("name", "I"):
                return self.imaginary()
            case ("name", ("oo" | "True" | "False") as word):
                raise Refused(f"{word} is no number")
            case ("name", word):
                return self.symbol(word)
            case ("+", *parts):
                total = self.number(Fraction(0))
                for part in parts:
                    total = self.plus(total, self.element(part))
                return total
            case ("*", *parts):
                return self.product(map(self.element, parts))
            case ("^", base, exponent):
                return self._power(base, exponent)
            case ("call", function, *arguments):
                return self._called(function, tuple(arguments), tree)
            case _:
                raise Refused(f"no number: {tree[0]}")

    def _power(self, base: Tree, exponent: Tree) -> Element:
        raised = self.element(exponent)
        if raised.bottom == poly.ONE and poly.is_number(raised.top):
            value = poly.value(raised.top)
            if value.denominator == 1:
                return self.whole_power(self.element(base), int(value))
        return self.power(self.element(base), raised)

    def _called(self, function: str, arguments: tuple[Tree, ...], tree: Tree) -> Element:
        if len(arguments) != 1:
            return self._unknown(function, arguments, tree)
        (x,) = arguments
        match function:
            case "exp":
                return self.exponential(self.element(x))
            case "log":
                return self.logarithm(self.element(x))
            case "gamma":
                return self._gamma(self.element(x))
            case "factorial":
                return self._gamma(self.element(plus(x, ONE)))
            case "Abs":
                return self._absolute(self.element(x))
            case "tan" if x[:2] == ("call", "atan"):
                return self.element(x[2])
            case "cosh" | "sinh" | "cos" | "sin" | "tan":
                return self.element(_in_exponentials(function, x))
            case _:
                return self._unknown(function, arguments, tree)

    def _absolute(self, value: Element) -> Element:
        sign = signs.of(self, value)
        if sign in ("+", "0+", "0"):
            return value
        if sign in ("-", "0-"):
            return self.times(self.number(Fraction(-1)), value)
        key = self.key(value)
        return self._alone(self._generator("function", ("Abs", value), ("Abs", key), "0+"))

    def _unknown(self, function: str, arguments: tuple[Tree, ...], tree: Tree) -> Element:
        """A function that only its name and its arguments are known of."""
        if function == "KroneckerDelta" and len(arguments) == 2:
            apart = self.plus(
                self.element(arguments[0]), self.times(self.number(Fraction(-1)), self.element(arguments[1]))
            )
            if not apart.top or (apart.bottom == poly.ONE and poly.is_number(apart.top)):
                return self.number(Fraction(0 if apart.top else 1))
        if function in ("Sum", "Integral", "Product", "Piecewise", "Subs"):
            keys: Any = tree  # they bind names of their own
        else:
            keys = tuple(self._part_key(argument) for argument in arguments)
        if function in ("Max", "Min"):
            keys = frozenset(keys)
            if len(keys) == 1:
                return self.element(arguments[0])
        sign = self._sign_of_call(function, arguments)
        return self._alone(self._generator("function", (function, *arguments), (function, keys), sign))

    def _sign_of_call(self, function: str, arguments: tuple[Tree, ...]) -> Sign:
        if function in ("Max", "Min"):
            known = [signs.of(self, self.element(argument)) for argument in arguments]
            if all(sign == "+" for sign in known):
                return "+"
            if all(sign in ("+", "0+", "0") for sign in known):
                return "0+"
            return "real" if all(sign is not None for sign in known) else None
        if function == "besselk" and len(arguments) == 2:
            return "+" if signs.of(self, self.element(arguments[1])) == "+" else None
        if function == "erfc":
            return "+" if signs.of(self, self.element(arguments[0])) is not None else None
        return None

    def _part_key(self, tree: Tree) -> Hashable:
        if tree[0] in ("list", "rel"):
            return (
                tree[0],
                *(self._part_key(part) if isinstance(part, tuple) else part for part in tree[1:]),
            )
        return self.key(self.element(tree))

    @staticmethod
    def key(value: Element) -> Hashable:
        """The same for elements that are written alike."""
        return frozenset(value.top.items()), frozenset(value.bottom.items())

    # powers, exponentials, logarithms

    def terms(self, value: Element) -> list[Term]:
        """The element as rational numbers times elements with coefficient 1."""
        return [
            (coefficient, self.normal({monomial: Fraction(1)}, value.bottom))
            for monomial, coefficient in poly.made_monic(value.top, value.bottom)
        ]

    def power(self, base: Element, exponent: Element) -> Element:
        """base^exponent for an exponent that is no whole number."""
        if not base.top:
            return base
        return self.product(self._part_power(part, count, exponent) for part, count in self._parts(base))

    def _parts(self, value: Element) -> list[tuple[Any, Fraction]]:
        """Factors with their exponents: generators by place, primes, and polynomials; signs are seen to."""
        known: list[tuple[Any, Fraction]] = []
        unknown = poly.ONE
        negative = False
        for side, direction in ((value.top, 1), (value.bottom, -1)):
            number, places, factors = poly.factors(side)
            negative ^= number < 0
            known += [(prime, Fraction(direction * count)) for prime, count in poly.primes(abs(number))]
            parts = [(poly.single(place.at, 1), place, count) for place, count in places]
            parts += [(factor, None, count) for factor, count in factors]
            for factor, place, count in parts:
                sign = signs.of_polynomial(self, factor)
                if sign in ("+", "0+"):
                    known.append((place or poly.frozen(factor), Fraction(direction * count)))
                elif sign in ("-", "0-"):
                    negative ^= bool(count % 2)
                    turned = poly.scaled(factor, Fraction(-1))
                    known.append((poly.frozen(turned), Fraction(direction * count)))
                elif direction * count > 0:
                    unknown = poly.times(unknown, poly.raised(factor, count))
                else:
                    raise Refused("a root of a fraction of unknown sign")
        if negative:
            unknown = poly.scaled(unknown, Fraction(-1))
        if unknown != poly.ONE:
            known.append((poly.frozen(unknown), Fraction(1)))
        return known

    def _part_power(self, part: Any, count: Fraction, exponent: Element) -> Element:
        scaled = self.times(self.number(count), exponent)
        if isinstance(part, Atom):
            generator = self.generators[part.at]
            if generator.kind == "root":
                inside, degree = generator.parts
                return self._part_power(inside, Fraction(1, degree), scaled)
            if generator.kind == "power":
                inside, unit, fine = generator.parts
                return self._part_power(inside, Fraction(1, fine), self.times(scaled, unit))
            if generator.kind == "exponential":
                unit, fine = generator.parts
                return self.exponential(self.times(self.times(scaled, unit), self.number(Fraction(1, fine))))
        return self.product(self._unit_power(part, c, unit) for c, unit in self.terms(scaled))

    def _unit_power(self, part: Any, c: Fraction, unit: Element) -> Element:
        inside = self.polynomial(part)
        if unit == Element(poly.ONE, poly.ONE):
            whole, rest = divmod(c, 1)
            value = self.whole_power(Element(inside, poly.ONE), int(whole))
            if rest == 0:
                return value
            root = self._generator(
                "root",
                (part, rest.denominator),
                (poly.frozen(inside), rest.denominator),
                self._root_sign(inside),
            )
            self._rules[root] = (rest.denominator, inside)
            return self.times(value, self._alone(root, rest.numerator))
        fine = FINE if (c * FINE).denominator == 1 else c.denominator
        place = self._generator(
            "power", (part, unit, fine), (poly.frozen(inside), self.key(unit), fine), self._root_sign(inside)
        )
        return self._alone(place, int(c * fine))

    def _root_sign(self, inside: Polynomial) -> Sign:
        sign = signs.of_polynomial(self, inside)
        return sign if sign in ("+", "0+") else None

    @staticmethod
    def polynomial(part: Any) -> Polynomial:
        """The polynomial of a factor: a generator, a prime, or a polynomial as pairs."""
        if isinstance(part, Atom):
            return poly.single(part.at, 1)
        if isinstance(part, int):
            return poly.number(Fraction(part))
        return dict(part)

    def exponential(self, value: Element) -> Element:
        """exp of an element."""
        return self.product(self._unit_exponential(c, unit) for c, unit in self.terms(value))

    def _unit_exponential(self, c: Fraction, unit: Element) -> Element:
        if unit.bottom == poly.ONE and len(unit.top) == 1:
            ((monomial, _),) = unit.top.items()
            logs = [i for i, (p, e) in enumerate(monomial) if self.generators[p].kind == "log" and e == 1]
            if len(logs) == 1:
                rest = Element({monomial[: logs[0]] + monomial[logs[0] + 1 :]: Fraction(1)}, poly.ONE)
                (part,) = self.generators[monomial[logs[0]][0]].parts
                return self._part_power(part, c, rest)
        fine = FINE if (c * FINE).denominator == 1 else c.denominator
        sign: Sign = "+" if signs.of(self, unit) is not None else None
        place = self._generator("exponential", (unit, fine), (self.key(unit), fine), sign)
        return self._alone(place, int(c * fine))

    def logarithm(self, value: Element) -> Element:
        """log of an element, of a product as a sum where its factors are known to be positive."""
        total = self.number(Fraction(0))
        try:
            parts = self._parts(value)
        except Refused:
            key = self.key(value)
            return self._alone(self._generator("function", ("log", value), ("log", key), None))
        for part, count in parts:
            total = self.plus(total, self.times(self.number(count), self._log(part)))
        return total

    def _log(self, part: Any) -> Element:
        if isinstance(part, Atom):
            generator = self.generators[part.at]
            if generator.kind == "root":
                inside, degree = generator.parts
                return self.times(self.number(Fraction(1, degree)), self._log(inside))
            if generator.kind == "power":
                inside, unit, fine = generator.parts
                return self.times(self.times(self.number(Fraction(1, fine)), unit), self._log(inside))
            if generator.kind == "exponential" and generator.sign == "+":
                unit, fine = generator.parts
                return self.times(self.number(Fraction(1, fine)), unit)
        sign: Sign = "real" if self._root_sign(self.polynomial(part)) == "+" else None
        return self._alone(self._generator("log", (part,), poly.frozen(self.polynomial(part)), sign))

    def _gamma(self, value: Element) -> Element:
        """Gamma, shifted by whole numbers until the constant in its argument lies in (0, 1]."""
        constant = value.top.get((), Fraction(0)) if value.bottom == poly.ONE else Fraction(0)
        shift = math.ceil(constant) - 1
        start = self.plus(value, self.number(Fraction(-shift)))
        if abs(shift) > HIGHEST:
            raise Refused("a gamma function's argument is too large")
        steps = [self.plus(start, self.number(Fraction(i))) for i in range(min(shift, 0), max(shift, 0))]
        factor = self.product(steps)
        if shift < 0:
            factor = self.inverse(factor)
        return self.times(factor, self._gamma_start(start))

    def _gamma_start(self, value: Element) -> Element:
        if value == self.number(Fraction(1)):
            return value
        if value == self.number(Fraction(1, 2)):
            return self.power(self.symbol("pi"), value)
        sign: Sign = "+" if signs.of(self, value) == "+" else None
        return self._alone(self._generator("function", ("gamma", value), ("gamma", self.key(value)), sign))

    # back to trees

    def tree(self, value: Element) -> Tree:
        """A tree of the element."""
        top = self._tree_of_polynomial(value.top)
        if value.bottom == poly.ONE:
            return top
        return times(top, power(self._tree_of_polynomial(value.bottom), MINUS))

    def _tree_of_polynomial(self, value: Polynomial) -> Tree:
        terms = [
            times(("num", c), *(power(self._tree_of(place), ("num", Fraction(e))) for place, e in monomial))
            for monomial, c in value.items()
        ]
        return plus(*terms) if terms else ("num", Fraction(0))

    def _tree_of(self, place: int) -> Tree:
        kind, parts, _ = self.generators[place]
        match kind:
            case "symbol":
                return ("name", parts[0])
            case "I":
                return ("name", "I")
            case "root":
                inside = self._tree_of_polynomial(self.polynomial(parts[0]))
                return power(inside, ("num", Fraction(1, parts[1])))
            case "power":
                inside = self._tree_of_polynomial(self.polynomial(parts[0]))
                return power(inside, times(("num", Fraction(1, parts[2])), self.tree(parts[1])))
            case "exponential":
                return ("call", "exp", times(("num", Fraction(1, parts[1])), self.tree(parts[0])))
            case "log":
                return ("call", "log", self._tree_of_polynomial(self.polynomial(parts[0])))
            case _:
                function, *arguments = parts
                trees = [self.tree(a) if isinstance(a, Element) else a for a in arguments]
                return ("call", function, *trees)

    def names_of(self, place: int) -> frozenset[str]:
        """The symbols that a generator depends on."""
        return names(self._tree_of(place))


def _in_exponentials(function: str, x: Tree) -> Tree:
    """A hyperbolic or trigonometric function by the exponentials of its argument."""
    if function == "tan":
        return times(_in_exponentials("sin", x), power(_in_exponentials("cos", x), MINUS))
    unit: Tree = ("name", "I")
    turned = x if function in ("cosh", "sinh") else times(unit, x)
    up, down = ("call", "exp", turned), ("call", "exp", times(MINUS, turned))
    if function in ("cosh", "cos"):
        return times(HALF, plus(up, down))
    half = times(HALF, plus(up, times(MINUS, down)))
    return half if function == "sinh" else times(half, power(unit, MINUS))
