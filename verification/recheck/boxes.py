"""Enclosures made again: moments of the score in intervals, cells that fill a range, roots of cubics.

Intervals are mpmath's.  The score is (1 + k) G - (1 - k) H with independent G and H of law Gamma(r/2).  For
an even r its tail and its mean above a threshold are finite sums, by conditioning on H; for an odd one they
are an integral over an angle, in closed form at threshold 0 and between sums over many panels elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import factorial
from typing import Any

import mpmath
import numpy as np
from mpmath import iv

from verification.recheck.reading import Refused, Tree

PRECISION = 200
"""Bits of the intervals."""

PANELS = 2**15
"""Panels of the sums for an odd r at a threshold above 0."""

ROUNDING = 2.0**-36
"""Relative room for the rounding of sums in doubles, far above what they can lose."""

DEEPEST = 200
"""Halvings after which the sign of a cubic is given up."""


def exact(tree: Tree, known: Mapping[str, Fraction]) -> Fraction:
    """The rational number that a tree is; raises Refused if it is none."""
    match tree:
        case ("num", value):
            return Fraction(value)
        case ("name", word) if word in known:
            return Fraction(known[word])
        case ("+", *parts):
            return sum((exact(part, known) for part in parts), Fraction(0))
        case ("*", *parts):
            product = Fraction(1)
            for part in parts:
                product *= exact(part, known)
            return product
        case ("^", base, ("num", exponent)) if exponent.denominator == 1 and abs(exponent) <= 64:
            value = exact(base, known)
            if value or exponent > 0:
                return Fraction(value ** int(exponent))
        case ("call", "Piecewise", *cases):
            for _, result, condition in cases:
                if _holds(condition, known):
                    return exact(result, known)
    raise Refused("no rational number")


def _holds(condition: Tree, known: Mapping[str, Fraction]) -> bool:
    match condition:
        case ("name", "True"):
            return True
        case ("call", "And", *parts):
            return all(_holds(part, known) for part in parts)
        case ("rel", sign, left, right):
            a, b = exact(left, known), exact(right, known)
            return {"<=": a <= b, "<": a < b, ">=": a >= b, ">": a > b, "=": a == b, "!=": a != b}[sign]
    raise Refused("a condition of another kind")


def filled(cells: Sequence[tuple[Tree, ...]], over: tuple[Tree, ...]) -> list[dict[str, Any]]:
    """The cells by the names of their ends; raises Refused where they leave a gap in the range."""
    known: dict[str, Fraction] = {}
    ends = sorted((exact(low, known), exact(high, known)) for low, high in cells)
    low, high = (exact(end, known) for end in over)
    if not ends or ends[0][0] > low or max(end for _, end in ends) < high:
        raise Refused("its cells do not reach to the ends of the range")
    reached = ends[0][1]
    for start, end in ends[1:]:
        if start > reached:
            raise Refused(f"its cells leave a gap at {reached}")
        reached = max(reached, end)
    return [{"cell_low": start, "cell_high": end, "cell": (start, end)} for start, end in ends]


def number(value: Fraction) -> Any:
    """An interval around a rational number."""
    return iv.mpf(value.numerator) / value.denominator


class Boxes:
    """Expressions in intervals; what is known of a name is a number or a pair of ends."""

    def __init__(self) -> None:
        self._moments: dict[tuple[str, Fraction, Fraction, Fraction], Any] = {}

    def interval(self, tree: Tree, known: Mapping[str, Any]) -> Any:
        """An interval around what a tree is, wherever its names lie in what is known of them."""
        iv.prec = PRECISION
        match tree:
            case ("num", value):
                return number(value)
            case ("name", "pi"):
                return +iv.pi
            case ("name", word) if word in known:
                found = known[word]
                return _between(*found) if isinstance(found, tuple) else number(found)
            case ("+", *parts):
                return _folded(lambda x, y: x + y, [self.interval(part, known) for part in parts])
            case ("*", *parts):
                return _folded(lambda x, y: x * y, [self.interval(part, known) for part in parts])
            case ("^", base, ("num", exponent)):
                return _power(self.interval(base, known), exponent)
            case ("call", function, *arguments):
                return self._called(function, arguments, known)
        raise Refused("what cannot be enclosed")

    def _called(self, function: str, arguments: Sequence[Tree], known: Mapping[str, Any]) -> Any:
        if function in ("Tail", "Mass"):
            places = {name: value for name, value in known.items() if isinstance(value, Fraction)}
            r, k, theta = (exact(argument, places) for argument in arguments)
            return self.moment(function, r, k, theta)
        if function == "gamma":
            return _gamma(exact(arguments[0], {}))
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](*(self.interval(argument, known) for argument in arguments))
        raise Refused(f"the function {function} cannot be enclosed")

    def moment(self, which: str, r: Fraction, k: Fraction, theta: Fraction) -> Any:
        """P(S > theta) or E[S; S > theta] at unit variances, for a whole r, k in [0, 1] and theta >= 0."""
        key = (which, r, k, theta)
        if key not in self._moments:
            if r.denominator != 1 or not 1 <= r <= 1000 or not 0 <= k <= 1 or theta < 0:
                raise Refused("a moment of the score outside of where it is known")
            made = _even if r % 2 == 0 else _odd_at_zero if theta == 0 else _odd
            for name, value in zip(("Tail", "Mass"), made(int(r), k, theta), strict=True):
                self._moments[name, r, k, theta] = value
        return self._moments[key]


def _between(low: Fraction, high: Fraction) -> Any:
    return iv.mpf([number(low).a, number(high).b])


def _folded(combine: Callable[[Any, Any], Any], parts: Sequence[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = combine(total, part)
    return total


def _power(base: Any, exponent: Fraction) -> Any:
    if exponent.denominator == 1:
        return base ** int(exponent)
    if not base.a >= 0:
        raise Refused("a root of what may be negative")
    if exponent.denominator == 2:
        return iv.sqrt(base) ** int(exponent.numerator)
    if not base.a > 0:
        raise Refused("a root of what may be 0")
    return iv.exp(iv.log(base) * number(exponent))


def _gamma(argument: Fraction) -> Any:
    """Gamma at a positive multiple of 1/2."""
    if argument <= 0 or argument.denominator > 2 or argument > 1000:
        raise Refused("a gamma function that is not known here")
    if argument.denominator == 1:
        return iv.mpf(factorial(int(argument) - 1))
    value, place = iv.sqrt(iv.pi), Fraction(1, 2)
    while place < argument:
        value *= number(place)
        place += 1
    return value


def _largest(*arguments: Any) -> Any:
    return iv.mpf([max(x.a for x in arguments), max(x.b for x in arguments)])


def _least(*arguments: Any) -> Any:
    return iv.mpf([min(x.a for x in arguments), min(x.b for x in arguments)])


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": iv.exp,
    "log": iv.log,
    "Max": _largest,
    "Min": _least,
}


def _even(r: int, k: Fraction, theta: Fraction) -> tuple[Any, Any]:
    """With m = r/2 and c = (1-k)/(1+k): sums over w_i = c^i (m)_i/i!/(1+c)^(m+i), i < m.

    P(G > y + c h) = exp(-y - c h) sum over j < m of (y + c h)^j/j!, whose mean over h ~ Gamma(m) is
    exp(-y) sum over i of w_i e_(m-1-i)(y), e_l the exponential series up to l, y = theta/(1+k).
    """
    m, c, y = r // 2, number((1 - k) / (1 + k)), number(theta / (1 + k))
    weight, weights = 1 / (1 + c) ** m, []
    for i in range(m):
        weights.append(weight)
        weight = weight * c * (m + i) / (i + 1) / (1 + c)
    term, head, summed = iv.mpf(1), iv.mpf(0), iv.mpf(0)
    heads, sums = [], []
    for j in range(m):
        head, term = head + term, term * y / (j + 1)
        summed = summed + head
        heads.append(head)
        sums.append(summed)
    small = iv.exp(-y)
    tail = small * _folded(lambda a, b: a + b, [w * h for w, h in zip(weights, reversed(heads), strict=True)])
    beyond = small * _folded(
        lambda a, b: a + b, [w * s for w, s in zip(weights, reversed(sums), strict=True)]
    )
    return tail, number(1 + k) * beyond + number(theta) * tail


def _angle_constant(r: int) -> Any:
    """Gamma((r+1)/2)/(sqrt(pi) Gamma(r/2)): one over the integral of sin^(r-1) over [0, pi]."""
    return _gamma(Fraction(r + 1, 2)) / (iv.sqrt(iv.pi) * _gamma(Fraction(r, 2)))


def _arccosine(x: Fraction) -> Any:
    """The angle whose cosine is x, found in numbers and held against it."""
    if abs(x) == 1:
        return iv.mpf(0) if x == 1 else +iv.pi
    with mpmath.workprec(PRECISION):
        near = mpmath.acos(mpmath.mpf(x.numerator) / x.denominator)
        apart = mpmath.mpf(2) ** -(PRECISION - 20)
        low, high = iv.mpf(near - apart), iv.mpf(near + apart)
    if not (iv.cos(low).a > number(x).b and iv.cos(high).b < number(x).a):
        raise Refused("an angle that was not found")
    return iv.mpf([low.a, high.b])


def _odd_at_zero(r: int, k: Fraction, theta: Fraction) -> tuple[Any, Any]:
    """The integrals of sin^(r-1) and of sin^(r-1) (k + cos) over angles up to arccos(-k)."""
    end = _arccosine(-k)
    sine = iv.sqrt(number(1 - k * k))
    whole = end
    for n in range(2, r, 2):
        whole = (whole * (n - 1) + sine ** (n - 1) * number(k)) / n
    constant = _angle_constant(r)
    return constant * whole, r * constant * (number(k) * whole + sine**r / r)


def _odd(r: int, k: Fraction, theta: Fraction) -> tuple[Any, Any]:
    """Between sums over panels: the sine's power rises up to a right angle and the rest falls throughout.

    Q(r, .), the tail of Gamma(r), falls in its argument, and k + cos falls in the angle.
    """
    end = float(mpmath.acos(-float(k))) if k < 1 else float(mpmath.pi)
    angles = np.linspace(0.0, end, PANELS + 1)
    step = end / PANELS
    power = np.abs(np.sin(angles)) ** (r - 1)
    high = np.maximum(power[1:], power[:-1])
    low = np.minimum(power[1:], power[:-1])
    middle = (angles[:-1] <= np.pi / 2) & (angles[1:] >= np.pi / 2)
    high[middle] = 1.0
    width = np.maximum(float(k) + np.cos(angles), 0.0)
    constant = float(_angle_constant(r).mid)
    found = []
    for shape, weight in ((r, np.ones_like(width)), (r + 1, r * width)):
        falls = _gamma_tail(shape, float(theta), width) * weight
        least, most = constant * step * (low @ falls[1:]), constant * step * (high @ falls[:-1])
        room = ROUNDING * (1 + float(most))
        found.append(iv.mpf([float(least) - room, float(most) + room]))
    return found[0], found[1]


def _gamma_tail(shape: int, theta: float, width: Any) -> Any:
    """Q(shape, theta/width) at every width, 0 at width 0."""
    with np.errstate(divide="ignore"):
        x = np.where(width > 0, theta / np.where(width > 0, width, 1.0), np.inf)
    x = np.minimum(x, 700.0)  # beyond, it is below any double's room
    total, term = np.zeros_like(x), np.ones_like(x)
    for j in range(shape):
        total, term = total + term, term * x / (j + 1)
    return total * np.exp(-x)


def isolated(coefficients: Sequence[Any], brackets: Sequence[tuple[Fraction, ...]]) -> None:
    """Whether a cubic on [0, 1] has one root in each bracket and none elsewhere; raises Refused if not.

    In a bracket its signs at the ends differ and its slope has one sign; between brackets its Bernstein
    coefficients have one sign on every part.
    """
    if len(coefficients) != 4:
        raise Refused("no cubic")
    ends = [Fraction(0), *(end for bracket in brackets for end in bracket), Fraction(1)]
    if any(low > high for low, high in pairwise(ends)):
        raise Refused("its brackets are not in order")
    for low, high in brackets:
        part = _on(coefficients, low, high)
        if _sign(part[0]) * _sign(part[3]) != -1:
            raise Refused(f"no root between {low} and {high}")
        slopes = {_sign(part[i + 1] - part[i]) for i in range(3)}
        if len(slopes) != 1 or 0 in slopes:
            raise Refused(f"perhaps more than one root between {low} and {high}")
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        _no_root(coefficients, low, high)


def _no_root(coefficients: Sequence[Any], low: Fraction, high: Fraction) -> None:
    todo = [(low, high, 0)]
    while todo:
        start, end, depth = todo.pop()
        found = {_sign(c) for c in _on(coefficients, start, end)}
        if found in ({1}, {-1}):
            continue
        if depth == DEEPEST:
            raise Refused(f"perhaps another root near {float(start)}")
        middle = (start + end) / 2
        todo += [(start, middle, depth + 1), (middle, end, depth + 1)]


def _on(coefficients: Sequence[Any], low: Fraction, high: Fraction) -> list[Any]:
    """The Bernstein coefficients on a part of [0, 1]: the polar form at its ends."""

    def polar(points: Sequence[Fraction]) -> Any:
        rest = list(coefficients)
        for t in points:
            here = number(t)
            rest = [a * (1 - here) + b * here for a, b in pairwise(rest)]
        return rest[0]

    return [polar([low] * (3 - i) + [high] * i) for i in range(4)]


def _sign(value: Any) -> int:
    return 1 if value.a > 0 else -1 if value.b < 0 else 0
