"""Rigorous enclosures: SymPy expressions, integrals and inequalities in ball arithmetic (Arb).

Every number returned by Arb is a ball that contains the exact value, so a comparison that comes out
true is a proof.  Precision is in bits; `precision(bits)` sets it for everything inside the block.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeAlias

import sympy as sp
from flint import acb, arb, fmpq

from bounds import precision as working
from bounds.checks import Relation

Ball: TypeAlias = Any
"""A real ball (`flint.arb`) or a complex one (`flint.acb`)."""

Rational: TypeAlias = int | Fraction


def precision(bits: int) -> AbstractContextManager[None]:
    """Ball arithmetic with `bits` bits inside the block."""
    return working.bits(bits)


def ball(value: Any) -> Ball:
    """The tightest ball around an exact number: int, Fraction or SymPy rational."""
    if isinstance(value, (Fraction, sp.Rational)):
        return arb(fmpq(int(value.numerator), int(value.denominator)))
    return arb(value)


def interval(low: Any, high: Any) -> Ball:
    """A ball that contains [low, high]."""
    return ball(low).union(ball(high))


def endpoints(value: Ball) -> tuple[float, float]:
    """Doubles around a real ball, rounded outwards; infinite ones around a ball that is not finite."""
    if not value.is_finite():
        return -math.inf, math.inf
    low, high = float(value.lower()), float(value.upper())
    return math.nextafter(low, -math.inf), math.nextafter(high, math.inf)


def stands(value: Ball, bound: Ball, relation: Relation | None) -> bool | None:
    """Whether a number stands in this relation to a bound; None where their balls do not decide."""
    if relation is None or not (value.overlaps(bound) or value < bound or value > bound):
        return None
    if relation is Relation.EQUAL:
        return None if value.overlaps(bound) else False
    good, bad = (
        (value <= bound, value > bound) if relation is Relation.UPPER else (value >= bound, value < bound)
    )
    return True if good else False if bad else None


_CONSTANTS: dict[Any, Callable[[], Ball]] = {
    sp.pi: arb.pi,
    sp.E: arb.const_e,
    sp.EulerGamma: arb.const_euler,
}


def _power(base: Ball, exponent: sp.Expr, values: Mapping[sp.Symbol, Ball], analytic: bool) -> Ball:
    if exponent.is_Integer:
        return base ** int(exponent)
    if exponent.is_Rational and exponent.q == 2:
        # x**(k/2) from the square root alone, defined at 0 where exp(log) is not.
        root = base.sqrt(analytic=analytic) if isinstance(base, acb) else base.sqrt()
        return root ** int(exponent.p)
    power = _walk(exponent, values, analytic)
    return base.pow(acb(power), analytic=analytic) if isinstance(base, acb) else base**power


def _extreme(larger: bool) -> Callable[..., Ball]:
    def pick(*arguments: Ball) -> Ball:
        best = arguments[0]
        for other in arguments[1:]:
            best = best.max(other) if larger else best.min(other)
        return best

    return pick


def _branching(name: str) -> Callable[..., Ball]:
    """A function with a branch cut: complex evaluation must know whether analyticity matters."""

    def call(x: Ball, analytic: bool) -> Ball:
        return getattr(x, name)(analytic=analytic) if isinstance(x, acb) else getattr(x, name)()

    return call


_BRANCHING = {sp.log: _branching("log")}

_FUNCTIONS: dict[Any, Callable[..., Ball]] = {
    sp.exp: lambda x: x.exp(),
    sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(),
    sp.cosh: lambda x: x.cosh(),
    sp.sinh: lambda x: x.sinh(),
    sp.acos: lambda x: x.acos(),
    sp.erf: lambda x: x.erf(),
    sp.erfc: lambda x: x.erfc(),
    sp.gamma: lambda x: x.gamma(),
    sp.loggamma: lambda x: x.lgamma(),
    sp.besselk: lambda order, x: x.bessel_k(order),
    sp.besseli: lambda order, x: x.bessel_i(order),
    sp.uppergamma: lambda shape, x: x.gamma_upper(shape),
    sp.Abs: lambda x: abs(x),
    sp.Max: _extreme(larger=True),
    sp.Min: _extreme(larger=False),
}


def enclose(expression: sp.Expr, values: Mapping[sp.Symbol, Any] | None = None) -> Ball:
    """A ball that contains `expression` wherever each symbol lies in its ball of `values`.

    Values are balls, exact numbers, or infinity (`sp.oo`), which is substituted first.  A definite
    `Integral` with finite limits is integrated rigorously.  Raises ValueError on a symbol
    without a value and NotImplementedError on a function that has no ball version.
    """
    given = dict(values or {})
    infinite = {s: v for s, v in given.items() if v is sp.oo}
    expression = sp.sympify(expression).subs(infinite)
    balls = {s: v if isinstance(v, (arb, acb)) else ball(v) for s, v in given.items() if s not in infinite}
    return _walk(expression, balls, analytic=False)


def _walk(expression: sp.Expr, values: Mapping[sp.Symbol, Ball], analytic: bool) -> Ball:
    if expression.is_Symbol:
        if expression not in values:
            raise ValueError(f"no value for {expression}")
        return values[expression]
    if expression.is_Rational:
        return ball(expression)
    if expression in _CONSTANTS:
        return _CONSTANTS[expression]()
    if isinstance(expression, sp.Integral):
        return _integral(expression, values)
    if expression.is_Pow and expression.base is not sp.E:
        return _power(_walk(expression.base, values, analytic), expression.exp, values, analytic)
    arguments = [_walk(a, values, analytic) for a in expression.args]
    if expression.is_Add:
        return _fold(arguments, lambda x, y: x + y)
    if expression.is_Mul:
        return _fold(arguments, lambda x, y: x * y)
    if expression.func in _BRANCHING:
        return _BRANCHING[expression.func](*arguments, analytic=analytic)
    if expression.func in _FUNCTIONS:
        return _FUNCTIONS[expression.func](*arguments)
    raise NotImplementedError(f"no ball version of {expression.func.__name__} in {expression}")


def _fold(arguments: list[Ball], combine: Callable[[Ball, Ball], Ball]) -> Ball:
    total = arguments[0]
    for other in arguments[1:]:
        total = combine(total, other)
    return total


def _integral(expression: sp.Integral, values: Mapping[sp.Symbol, Ball]) -> Ball:
    if len(expression.limits) != 1 or len(expression.limits[0]) != 3:
        raise NotImplementedError(f"only one-dimensional definite integrals are enclosed: {expression}")
    variable, low, high = expression.limits[0]
    if low.is_infinite or high.is_infinite:
        raise NotImplementedError(f"cut the infinite range and bound its tail: {expression}")
    complex_values = {s: acb(v) for s, v in values.items()}

    def integrand(x: Ball, analytic: bool) -> Ball:
        return _walk(expression.function, {**complex_values, variable: x}, analytic)

    return integrate(integrand, _walk(low, values, False), _walk(high, values, False))


def integrate(function: Callable[[Ball, bool], Ball], low: Ball, high: Ball) -> Ball:
    """The integral over the real segment [low, high] of a function that is real there, as a ball.

    `function(z, analytic)` must return a non-finite ball if `analytic` and it is not analytic on z
    (Arb's convention); a meromorphic function may ignore the flag.
    """
    raised: list[BaseException] = []

    def complex_value(z: Ball, analytic: bool) -> Ball:
        # Arb's integrator calls on with the exception set, and a Ctrl-C would end as a SystemError.
        if not raised:
            try:
                value = function(z, analytic)
                return value if isinstance(value, acb) else acb(value)
            except BaseException as error:
                raised.append(error)
        return acb(math.nan)

    try:
        result = acb.integral(complex_value, low, high).real
    except SystemError as error:
        # A signal between two calls is raised outside of the try above.
        raise _first(error) from None
    if raised:
        raise raised[0]
    return result


def _first(error: BaseException) -> BaseException:
    """The exception that a chain of exceptions began with."""
    seen = {id(error)}
    while (before := error.__cause__ or error.__context__) is not None and id(before) not in seen:
        seen.add(id(before))
        error = before
    return error


Edge: TypeAlias = tuple[Rational, Rational]
Region: TypeAlias = tuple[Edge, ...]
Margin: TypeAlias = Callable[[Region], Ball]
"""Region -> ball whose lower end bounds a quantity from below everywhere on the cell; at a cell that is one
point the ball contains the quantity there."""


@dataclass(frozen=True)
class Decision:
    """Whether a margin is >= 0 on a whole box.

    `holds` True: certified, `margin` is the smallest lower end over the cells.  False: certainly
    negative at the point `witness`, `margin` is its upper end there.  None: `boxes` cells did not decide.
    `cells` are those on which it was certified.
    """

    holds: bool | None
    boxes: int
    margin: float
    witness: Region | None = None
    cells: tuple[Region, ...] = ()


def decide(margin: Margin, box: Region, max_boxes: int = 4000) -> Decision:
    """Decide `margin >= 0` on `box` by splitting: the widest side relative to the box, in half.

    The widest cells come first: where the margin is 0 at a corner, going deep would never leave it.
    """
    todo = deque([box])
    worst = float("inf")
    certified: list[Region] = []
    visited = 0
    unseen: deque[Region] = deque()  # centres of cells that were not decided
    while todo:
        cell = todo.popleft()
        visited += 1
        value = margin(cell)
        if value >= 0:
            worst = min(worst, endpoints(value)[0])
            certified.append(cell)
            continue
        centre = _centre(cell)
        unseen.append(centre)
        last = visited + len(todo) >= max_boxes or cell == centre
        for point in _places_to_look(unseen, visited, last):
            there = margin(point)
            if there < 0:
                return Decision(False, visited, endpoints(there)[1], point)
        if last:
            return Decision(None, visited, endpoints(value)[0], cell)
        todo += _split(cell, box)
    return Decision(True, visited, worst, cells=tuple(certified))


def _places_to_look(unseen: deque[Region], visited: int, last: bool) -> Iterator[Region]:
    """Takes the newest of the centres, deep in the box, and the oldest, whose cell is the widest.

    A claim that holds has no witness: to look for one in every cell would double its time, so it is done
    in cells number 1, 2, 4, 8...; the rest of the centres waits for the `last` cell.
    """
    if last:
        yield from reversed(unseen)
    elif visited & (visited - 1) == 0:
        yield unseen.pop()
        if unseen:
            yield unseen.popleft()


def infimum(function: Margin, box: Region, tolerance: float, max_boxes: int = 4000) -> tuple[float, float]:
    """An enclosure of the infimum over `box`, no wider than `tolerance` if `max_boxes` suffice."""
    best = float("inf")
    number = count()  # the older of two cells with the same lower end comes first
    open_cells = [(endpoints(function(box))[0], next(number), box)]
    for _ in range(max_boxes):
        lowest, _, cell = open_cells[0]
        if best - lowest <= tolerance:
            break
        heappop(open_cells)
        for part in _split(cell, box):
            best = min(best, endpoints(function(_centre(part)))[1])
            heappush(open_cells, (endpoints(function(part))[0], next(number), part))
    return open_cells[0][0], best


def _centre(cell: Region) -> Region:
    return tuple((_middle(side), _middle(side)) for side in cell)


def _middle(side: Edge) -> Fraction:
    return Fraction(side[0] + side[1]) / 2


def _split(cell: Region, box: Region) -> list[Region]:
    def relative_width(i: int) -> Fraction:
        whole = Fraction(box[i][1]) - box[i][0]
        return (Fraction(cell[i][1]) - cell[i][0]) / whole if whole else Fraction(0)

    widest = max(range(len(cell)), key=relative_width)
    low, high = cell[widest]
    middle = _middle(cell[widest])
    return [(*cell[:widest], part, *cell[widest + 1 :]) for part in ((low, middle), (middle, high))]


def describe(names: tuple[str, ...], box: Region) -> str:
    """A box in words: "theta in [0, 3], r in [2, 2]"."""
    return ", ".join(f"{name} in [{low}, {high}]" for name, (low, high) in zip(names, box, strict=True))
