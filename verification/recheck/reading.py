"""The text of a certificate as trees of plain tuples."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

Tree: TypeAlias = tuple[Any, ...]
"""("num", Fraction), ("name", word), ("+", parts...), ("*", parts...), ("^", base, exponent),
("call", function, arguments...), ("rel", sign, left, right) or ("list", parts...)."""

ONE: Tree = ("num", Fraction(1))
ZERO: Tree = ("num", Fraction(0))
HALF: Tree = ("num", Fraction(1, 2))
MINUS: Tree = ("num", Fraction(-1))

DEEPEST = 200
"""Nesting of a text that is read; a certificate's own texts are far below it."""

SIGNS: dict[type[ast.cmpop], str] = {
    ast.GtE: ">=",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.Lt: "<",
    ast.Eq: "=",
    ast.NotEq: "!=",
}


class Refused(Exception):
    """Why a certificate is not accepted."""


@lru_cache(maxsize=20000)
def read(text: str) -> Tree:
    """The tree of an expression; raises Refused on what is none."""
    try:
        return _tree(ast.parse(text, mode="eval").body, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Refused(f"cannot be read: {text[:80]!r}") from None


def _tree(node: ast.expr, depth: int) -> Tree:
    if depth > DEEPEST:
        raise Refused("an expression is nested too deeply")

    def inner(part: ast.expr) -> Tree:
        return _tree(part, depth + 1)

    match node:
        case ast.Constant(value=bool() as value):
            return ("name", str(value))
        case ast.Constant(value=int() as value):
            return ("num", Fraction(value))
        case ast.Name(id=word):
            return ("call", "exp", ONE) if word == "E" else ("name", word)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return times(MINUS, inner(operand))
        case ast.BinOp(left=left, op=op, right=right):
            return _operation(op, inner(left), inner(right))
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return _called(function, tuple(map(inner, arguments)))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in SIGNS:
            return ("rel", SIGNS[type(op)], inner(left), inner(right))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return ("list", *map(inner, parts))
        case ast.Subscript(value=ast.Name(id=word), slice=index):
            return ("call", f"{word}[]", inner(index))
        case ast.BoolOp(values=parts):
            return ("call", type(node.op).__name__, *map(inner, parts))
        case _:
            raise Refused(f"cannot be read: {ast.unparse(node)[:80]!r}")


def _operation(op: ast.operator, left: Tree, right: Tree) -> Tree:
    match op:
        case ast.Add():
            return plus(left, right)
        case ast.Sub():
            return plus(left, times(MINUS, right))
        case ast.Mult():
            return times(left, right)
        case ast.Div():
            return times(left, power(right, MINUS))
        case ast.Pow():
            return ("call", "exp", right) if left == ("call", "exp", ONE) else power(left, right)
        case _:
            raise Refused(f"cannot be read: the operation {type(op).__name__}")


def _called(function: str, arguments: tuple[Tree, ...]) -> Tree:
    if function == "sqrt" and len(arguments) == 1:
        return power(arguments[0], HALF)
    return ("call", function, *arguments)


def plus(*parts: Tree) -> Tree:
    """A sum, sums in it opened."""
    flat = [x for part in parts for x in (part[1:] if part[0] == "+" else (part,))]
    return flat[0] if len(flat) == 1 else ("+", *flat)


def times(*parts: Tree) -> Tree:
    """A product, products in it opened and its numbers multiplied, in their order."""
    number = Fraction(1)
    rest: list[Tree] = []
    for part in (x for p in parts for x in (p[1:] if p[0] == "*" else (p,))):
        if part[0] == "num":
            number *= part[1]
        else:
            rest.append(part)
    if number != 1 or not rest:
        rest.insert(0, ("num", number))
    return rest[0] if len(rest) == 1 else ("*", *rest)


def minus(left: Tree, right: Tree) -> Tree:
    """A difference."""
    return plus(left, times(MINUS, right))


def power(base: Tree, exponent: Tree) -> Tree:
    """A power, of a number at once where its exponent is a small whole one."""
    if base[0] == exponent[0] == "num" and exponent[1].denominator == 1 and abs(exponent[1]) <= 64:
        if base[1] == 0 and exponent[1] < 0:
            raise Refused("divides by 0")
        return ("num", base[1] ** int(exponent[1]))
    if exponent == ONE:
        return base
    if base[0] == "^" and base[2][0] == exponent[0] == "num" and exponent[1].denominator == 1:
        return power(base[1], ("num", base[2][1] * exponent[1]))
    if base == ("name", "oo") and exponent[0] == "num" and exponent[1] < 0:
        return ZERO
    return ("^", base, exponent)


def replaced(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """The tree with names replaced, all at once."""
    if tree[0] == "name":
        return values.get(tree[1], tree)
    if tree[0] == "num":
        return tree
    return rebuilt(tree, lambda part: replaced(part, values))


def rebuilt(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with its parts changed, put together again."""
    kind, parts = tree[0], tree[1:]
    if kind == "+":
        return plus(*map(change, parts))
    if kind == "*":
        return times(*map(change, parts))
    if kind == "^":
        return power(change(parts[0]), change(parts[1]))
    if kind in ("call", "rel"):
        return (kind, parts[0], *map(change, parts[1:]))
    return (kind, *map(change, parts))


def names(tree: Tree) -> frozenset[str]:
    """Every name in the tree, those of functions aside."""
    if tree[0] == "name":
        return frozenset({tree[1]})
    if tree[0] == "num":
        return frozenset()
    parts = tree[2:] if tree[0] in ("call", "rel") else tree[1:]
    return frozenset().union(*map(names, parts))
