"""Matrix identities in every dimension: words in letters, rewritten by the relations of a certificate.

A matrix is a sum of words with elements of the field before them; a trace is one of its words up to rotation
and transposition, which becomes a symbol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from verification.recheck.field import Element, Field
from verification.recheck.reading import Refused, Tree, names, read, rebuilt

Marked: TypeAlias = tuple[str, bool]
"""A matrix's name, and whether it is transposed."""

Marks: TypeAlias = tuple[Marked, ...]
Sum: TypeAlias = dict[Marks, Element]

MOST_REWRITINGS = 20000
"""After so many the relations are taken to run in a circle."""


class Words:
    """Words over the matrices of a certificate, their shapes and the relations of one step."""

    def __init__(
        self, field: Field, matrices: Mapping[str, Sequence[str]], algebra: Mapping[str, Any]
    ) -> None:
        self._field = field
        self._matrices = matrices
        self._symmetric = frozenset(algebra["symmetric"])
        self._rules: dict[tuple[Marked, Marked], Sum] = {}
        self._left = MOST_REWRITINGS
        for product, value in algebra["relations"]:
            found = self._sum(read(product))
            if len(found) != 1:
                raise Refused(f"no product of two matrices: {product}")
            ((word, coefficient),) = found.items()
            if len(word) != 2 or coefficient != field.number(Fraction(1)):
                raise Refused(f"no product of two matrices: {product}")
            result = self._sum(read(value))
            self._add_rule(word, result)
            self._add_rule(self._turned(word), {self._turned(w): c for w, c in result.items()})

    def _add_rule(self, word: Marks, result: Sum) -> None:
        known = self._rules.setdefault((word[0], word[1]), result)
        if known is not result and not self._zero(self._plus(known, result, Fraction(-1))):
            raise Refused("two relations rewrite one product")

    def equal(self, left: Tree, right: Tree) -> bool:
        """Whether both sides reduce to the same."""
        if self.is_matrix(left) or self.is_matrix(right):
            sides = [self._reduced(self._sum(side)) for side in (left, right)]
            return self._zero(self._plus(sides[0], sides[1], Fraction(-1)))
        field = self._field
        first, second = (field.element(self._without_traces(side)) for side in (left, right))
        return not field.plus(first, field.times(field.number(Fraction(-1)), second)).top

    def is_matrix(self, tree: Tree) -> bool:
        """Whether a tree is a matrix, a trace being a number."""
        if tree[0] == "name":
            return tree[1] in self._matrices
        if tree[0] == "call":
            return tree[1] in ("identity", "zero") or (tree[1] == "transpose" and self.is_matrix(tree[2]))
        return tree[0] in ("+", "*", "^") and any(map(self.is_matrix, tree[1:]))

    def _sum(self, tree: Tree) -> Sum:
        one = self._field.number(Fraction(1))
        match tree:
            case ("name", word) if word in self._matrices:
                return {((word, False),): one}
            case ("call", "transpose", inside):
                return {self._turned(w): c for w, c in self._sum(inside).items()}
            case ("call", "identity", _):
                return {(): one}
            case ("call", "zero", *_):
                return {}
            case ("+", *parts):
                total: Sum = {}
                for part in parts:
                    total = self._plus(total, self._sum(part))
                return total
            case ("*", *parts):
                product: Sum = {(): one}
                for part in parts:
                    product = self._times(product, self._sum(part))
                return product
            case ("^", base, ("num", exponent)) if self.is_matrix(base):
                if exponent.denominator != 1 or not 1 <= exponent <= 20:
                    raise Refused("a matrix's power that is not whole")
                return self._sum(("*", *[base] * int(exponent)))
            case _ if self.is_matrix(tree):
                raise Refused("no sum of words in matrices")
        return {(): self._field.element(self._without_traces(tree))}

    def _turned(self, word: Marks) -> Marks:
        return tuple((name, not turned and name not in self._symmetric) for name, turned in reversed(word))

    def _plus(self, left: Sum, right: Sum, factor: Fraction = Fraction(1)) -> Sum:
        field = self._field
        total = dict(left)
        for word, c in right.items():
            scaled = field.times(field.number(factor), c)
            total[word] = field.plus(total[word], scaled) if word in total else scaled
        return total

    def _times(self, left: Sum, right: Sum) -> Sum:
        total: Sum = {}
        for first, a in left.items():
            total = self._plus(
                total, {first + second: self._field.times(a, b) for second, b in right.items()}
            )
        return total

    @staticmethod
    def _zero(value: Sum) -> bool:
        return not any(c.top for c in value.values())

    def _reduced(self, value: Sum) -> Sum:
        """Every word rewritten until no relation meets it."""
        done: Sum = {}
        todo = list(value.items())
        while todo:
            word, c = todo.pop()
            place = next((i for i in range(len(word) - 1) if word[i : i + 2] in self._rules), None)
            if place is None:
                done = self._plus(done, {word: c})
                continue
            self._spend()
            for middle, factor in self._rules[word[place], word[place + 1]].items():
                todo.append((word[:place] + middle + word[place + 2 :], self._field.times(c, factor)))
        return done

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused("the relations rewrite without an end")

    def _without_traces(self, tree: Tree) -> Tree:
        if tree[0] in ("num", "name"):
            return tree
        if tree[:2] == ("call", "trace"):
            return self._field.tree(self._trace(tree[2]))
        return rebuilt(tree, self._without_traces)

    def _trace(self, inside: Tree) -> Element:
        field = self._field
        total = field.number(Fraction(0))
        size = self._size(inside)
        todo = [(word, c, size) for word, c in self._reduced(self._sum(inside)).items()]
        while todo:
            word, c, size = todo.pop()
            rule = self._rules.get((word[-1], word[0])) if len(word) > 1 else None
            if rule is None:
                part = field.symbol(self._canonical(word)) if word else field.element(size)
                total = field.plus(total, field.times(c, part))
                continue
            self._spend()
            # The last letter goes before the first: what is left is a square matrix of another size.
            for middle, factor in rule.items():
                turned = self._reduced({middle + word[1:-1]: field.times(c, factor)})
                todo += [(w, value, self._rows(word[-1])) for w, value in turned.items()]
        return total

    def _canonical(self, word: Marks) -> str:
        turns = [w[i:] + w[:i] for w in (word, self._turned(word)) for i in range(len(word))]
        least = min(turns)
        return "trace of " + " ".join(f"{name}{chr(39) if turned else ''}" for name, turned in least)

    def _rows(self, letter: Marked) -> Tree:
        name, turned = letter
        return read(self._matrices[name][1 if turned else 0])

    def _size(self, tree: Tree) -> Tree:
        """The number of rows of a square matrix."""
        match tree:
            case ("name", word):
                return self._rows((word, False))
            case ("call", "identity", tuple() as size):
                return size
            case ("call", "zero", tuple() as rows, _):
                return rows
            case ("call", "transpose", ("name", word)):
                return self._rows((word, True))
            case ("call", "transpose", inside):
                return self._size(inside)
            case ("+" | "*" | "^", *parts):
                return next(self._size(part) for part in parts if self.is_matrix(part))
        raise Refused("a trace of no matrix")


def has_matrices(tree: Tree, matrices: Mapping[str, Any]) -> bool:
    """Whether a tree names a matrix."""
    return not names(tree).isdisjoint(matrices)
