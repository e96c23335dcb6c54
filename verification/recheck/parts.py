"""The part of a claim's bound that a conclusion is about, made again from the bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from verification.recheck.reading import (
    ONE,
    Refused,
    Tree,
    minus,
    plus,
    power,
    read,
    rebuilt,
    replaced,
    times,
)


def part(bound: Tree, link: Mapping[str, Any]) -> Tree:
    """What the link makes of the bound; raises Refused for a link that leads nowhere."""
    match link["by"]:
        case "same":
            return bound
        case "put in":
            inside = replaced(bound, _values(link))
            return times(read(link["factor"]), power(inside, ("num", Fraction(link["power"]))))
        case "block":
            return _block(bound, *link["place"])
        case "entry":
            return _everywhere(bound, "Min", lambda call: call[2 + link["place"]])
        case "first term":
            value = read(link["value"])
            return _everywhere(replaced(bound, _values(link)), "Sum", lambda call: _first(call, value))
        case "next term":
            rest, value = read(link["rest"]), read(link["value"])
            before = _everywhere(bound, "Sum", lambda call: rest)
            return minus(_everywhere(bound, "Sum", lambda call: plus(rest, _term(call, value))), before)
    raise Refused("is linked to the bound in an unknown way")


def named(link: Mapping[str, Any]) -> set[str]:
    """A name of the part, where the whole needs others beside it."""
    match link["by"]:
        case "block":
            return {f"block {tuple(link['place'])}"}
        case "entry":
            return {f"entry {link['place']}"}
        case "first term" | "next term":
            return {link["by"]}
    return set()


def wanted(bound: Tree, found: set[str]) -> set[str]:
    """The names of all parts, of the kind of those that were found."""
    first = min(found)
    if first.startswith("block"):
        rows = _call(bound, "blocks")[2:]
        return {f"block {(i, j)}" for i, row in enumerate(rows) for j in range(len(row) - 1)}
    if first.startswith("entry"):
        return {f"entry {k}" for k in range(len(_call(bound, "Min")) - 2)}
    return {"first term", "next term"}


def _call(tree: Tree, function: str) -> Tree:
    """The first call of a function in a tree."""
    found: list[Tree] = []

    def seen(call: Tree) -> Tree:
        found.append(call)
        return call

    _everywhere(tree, function, seen)
    if not found:
        raise Refused(f"a part of a {function} that is not there")
    return found[0]


def _values(link: Mapping[str, Any]) -> dict[str, Tree]:
    return {name: read(text) for name, text in link["values"].items()}


def _everywhere(tree: Tree, function: str, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with the calls of one function changed."""
    if tree[:2] == ("call", function):
        return change(tree)
    if tree[0] in ("num", "name"):
        return tree
    return rebuilt(tree, lambda inner: _everywhere(inner, function, change))


def _first(call: Tree, value: Tree) -> Tree:
    _, low, high = call[3][1:]
    if (low, high) != (ONE, ONE):
        raise Refused("a sum of more than its first term")
    return _term(call, value)


def _term(call: Tree, value: Tree) -> Tree:
    """A term of a sum over one index, with a value for what is summed over."""
    _, _, inside, (_, index, _, _) = call

    def put(tree: Tree) -> Tree:
        if tree[0] == "call" and tree[1].endswith("[]") and tree[2:] == (index,):
            return value
        return tree if tree[0] in ("num", "name") else rebuilt(tree, put)

    return put(inside)


def _block(bound: Tree, row: int, column: int) -> Tree:
    """A block of the bound, times what stands before it."""
    if bound[:2] == ("call", "blocks"):
        block: Tree = bound[2 + row][1 + column]
        return block
    if bound[0] == "*":
        places = [k for k, factor in enumerate(bound) if k and factor[:2] == ("call", "blocks")]
        if len(places) == 1:
            rest = [factor for k, factor in enumerate(bound) if k and k != places[0]]
            return times(*rest, _block(bound[places[0]], row, column))
    raise Refused("a block of a bound that has none")
