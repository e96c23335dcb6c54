"""Where a step holds: the domains of its symbols and its conditions, as values put in for symbols.

A condition that is linear in a symbol gives it a value with a slack that is not negative; one that is not is
left out, so that the step is decided where more points are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from verification.recheck import polynomials as poly
from verification.recheck import signs
from verification.recheck.field import Element, Field, Sign
from verification.recheck.reading import (
    MINUS,
    ONE,
    Refused,
    Tree,
    minus,
    names,
    plus,
    power,
    read,
    replaced,
    times,
)

OO: Tree = ("name", "oo")


def sign_of_domain(domain: str) -> Sign:
    """What a domain's words say of the sign."""
    words = domain.split()
    if "complex" in words:
        return None
    if "positive" in words or domain.startswith(("(0,", "integer >= ", "integer in [1,")):
        return "+"
    if "nonnegative" in words or domain.startswith("[0,"):
        return "0+"
    return "real"


@dataclass
class Where:
    """Values of symbols, each in the names that are left.

    `slacks` are the names that stand for the room in a condition or a domain, `whole` those of them that run
    over whole numbers, and `counts` the symbols that do.
    """

    values: dict[str, Tree] = field(default_factory=dict)
    signs: dict[str, Sign] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    slacks: set[str] = field(default_factory=set)
    counts: set[str] = field(default_factory=set)

    def put(self, name: str, value: Tree) -> None:
        """Give a symbol its value, in the values of others too."""
        self.values = {other: replaced(tree, {name: value}) for other, tree in self.values.items()}
        self.values[name] = value

    def slack(self, name: str, sign: Sign, whole: bool = False) -> Tree:
        """A new symbol for the room that is left."""
        self.signs[name] = sign
        self.slacks.add(name)
        if whole:
            self.whole.add(name)
        return ("name", name)


def setting(symbols: Mapping[str, str], conditions: Sequence[Tree], used: frozenset[str]) -> Where:
    """The conditions and then the domains of the symbols that are used."""
    found = Where(
        signs={name: sign_of_domain(domain) for name, domain in symbols.items()},
        counts={name for name, domain in symbols.items() if "integer" in domain},
    )
    for number, condition in enumerate(conditions, start=1):
        _condition(found, condition, number)
    wanted = used.union(*(names(tree) for tree in found.values.values()))
    for name in sorted(wanted - found.values.keys() - {"r"}):
        _domain(found, name, symbols.get(name, ""))
    wanted = wanted.union(*(names(tree) for tree in found.values.values()))
    if "r" in wanted and "r" not in found.values:
        _domain(found, "r", symbols.get("r", ""))
    return found


def _domain(found: Where, name: str, domain: str) -> None:
    if domain in ("(0, 1]", "(0, 1)"):
        w = found.slack(f"w_{name}", "0+" if domain.endswith("]") else "+")
        found.put(name, power(plus(ONE, w), MINUS))
    elif domain.startswith(("integer >= ", "integer in [1,")):
        low = domain.removeprefix("integer >= ") if domain.startswith("integer >= ") else "1"
        found.put(name, plus(read(low), found.slack(f"m_{name}", "0+", whole=True)))


def _condition(found: Where, condition: Tree, number: int) -> None:
    if condition[:2] == ("call", "Noiseless") and condition[2][0] == "name":
        found.put(condition[2][1], OO)
        return
    if condition[0] != "rel" or condition[1] == "!=":
        return
    _, sign, left, right = condition
    room = minus(right, left) if sign in ("<=", "<") else minus(left, right)
    scale = Field(found.signs)
    try:
        element = scale.element(replaced(room, found.values))
        ways = list(_ways(found, element, scale, sign, number))
    except Refused:
        return
    if ways:
        best = max(ways, key=lambda way: way.good)
        if best.slack is not None:
            found.slack(*best.slack)
        found.put(best.name, best.value)


@dataclass(frozen=True)
class _Way:
    """A condition solved for one symbol: how good that is, the symbol, its value, and the slack in it."""

    good: int
    name: str
    value: Tree
    slack: tuple[str, Sign, bool] | None


def _ways(found: Where, room: Element, scale: Field, sign: str, number: int) -> Iterator[_Way]:
    """The condition room >= 0 (> 0, = 0) solved for each symbol that it is linear in."""
    if signs.of_polynomial(scale, room.bottom) != "+":
        return
    places = {place for monomial in room.top for place, _ in monomial}
    for place in sorted(places):
        parts = poly.degree_in(room.top, place)
        name = scale.generators[place].parts[0]
        if scale.generators[place].kind != "symbol" or not {1} <= set(parts) <= {0, 1}:
            continue
        if name in found.slacks or any(name in scale.names_of(other) for other in places - {place}):
            continue
        leading = signs.of_polynomial(scale, parts[1])
        if leading in ("+", "-"):
            factor = scale.normal(parts[1], room.bottom)
            start = scale.normal(poly.scaled(parts.get(0, {}), Fraction(-1)), parts[1])
            yield _way(found, scale, (name, factor, start), sign, number)


def _way(found: Where, scale: Field, solved: tuple[str, Element, Element], sign: str, number: int) -> _Way:
    """symbol = start + h/factor; start/(1 + h) where the symbol is positive and below a positive start."""
    name, factor, start = solved
    begins, at_start = scale.tree(start), signs.of(scale, start)
    if sign == "=":
        return _Way(int(at_start == "+"), name, begins, None)
    kind: Sign = "+" if sign in ("<", ">") else "0+"
    h: Tree = ("name", f"slack_{number}")
    if signs.of(scale, factor) == "+":
        whole = name in found.counts and _is_whole(start)
        step = h if whole else times(h, power(scale.tree(factor), MINUS))
        good = 2 + int(at_start in ("+", "0+", "0"))
        return _Way(good, name, plus(begins, step), (h[1], kind, whole))
    if found.signs.get(name) == "+" and at_start == "+":
        return _Way(1, name, times(begins, power(plus(ONE, h), MINUS)), (h[1], kind, False))
    below = plus(begins, times(h, power(scale.tree(factor), MINUS)))
    return _Way(0, name, below, (h[1], kind, False))


def _is_whole(value: Element) -> bool:
    return value.bottom == poly.ONE and poly.is_number(value.top) and poly.value(value.top).denominator == 1
