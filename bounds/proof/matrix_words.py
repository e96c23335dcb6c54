"""Matrix identities in every dimension at once: words in matrices, reduced by relations.

SymPy's matrix expressions are the surface.  Inside, an expression is a sum of words (products of
letters, each a matrix or its transpose) with scalar coefficients; a relation such as U^T U = I
rewrites two neighbouring letters.  A trace depends on its word only up to rotation and
transposition, which `Algebra.evaluate` turns into one canonical symbol.  Two expressions with the
same reduced form are equal for matrices of any size that obey the relations.  The reverse needs that
every order of rewriting ends in the same form, so with other relations a difference decides nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, reduce
from typing import Any, NamedTuple, TypeAlias

import sympy as sp

from bounds.checks import Compared, Decided, Relation, Statement, Step
from bounds.proof import trace
from bounds.proof.steps import concluded, vanishes
from bounds.proof.undecided import Undecided


class Letter(NamedTuple):
    """A matrix symbol or its transpose."""

    matrix: sp.MatrixSymbol
    transposed: bool

    @property
    def rows(self) -> sp.Expr:
        """Number of rows as it stands in a word."""
        return self.matrix.shape[1 if self.transposed else 0]

    def __str__(self) -> str:
        return f"{self.matrix.name}^T" if self.transposed else str(self.matrix.name)


Word: TypeAlias = tuple[Letter, ...]
Terms: TypeAlias = dict[Word, Any]


class Algebra:
    """Matrices of any size, with relations between products of two.

    `symmetric` matrices equal their transposes.  `relations` maps a product of two letters to what
    it equals, for instance {U.T * U: Identity(r)}; its transpose is added.  Both stay readable as given.
    """

    def __init__(
        self,
        *,
        symmetric: Iterable[sp.MatrixSymbol] = (),
        relations: Mapping[sp.MatrixExpr, sp.MatrixExpr] | None = None,
    ) -> None:
        self.symmetric = frozenset(symmetric)
        self.relations = dict(relations or {})
        self._relations: dict[Word, Terms] = {}
        for product, value in (relations or {}).items():
            for left, right in ((product, value), (product.T.doit(), sp.Transpose(value).doit())):
                (word,) = self._terms(left)
                if len(word) != 2:
                    raise ValueError(f"a relation rewrites a product of two matrices, got {product}")
                terms = self._terms(right)
                if self._relations.setdefault(word, terms) != terms:
                    raise ValueError(f"two relations rewrite {left}, to {value} and otherwise")

    def reduced(self, expression: sp.MatrixExpr) -> Terms:
        """The words of a matrix expression after all relations, with their coefficients."""
        return self._reduced(self._terms(sp.sympify(expression)))

    def _reduced(self, terms: Terms) -> Terms:
        while (step := self._rewrite_once(terms)) is not None:
            terms = step
        return terms

    def evaluate(self, expression: Any) -> sp.Expr:
        """A scalar expression with every trace in it replaced by its canonical form."""
        expression = sp.sympify(expression)
        if isinstance(expression, sp.Trace):
            return self._trace(expression.arg)
        if not expression.has(sp.Trace):
            return expression
        return expression.func(*(self.evaluate(part) for part in expression.args))

    def identity(self, statement: str, left: Any, right: Any) -> Step:
        """left = right in every dimension, for matrices or for scalars made of traces.

        Raises Undecided where the reduced forms differ and another order of rewriting might end elsewhere.
        """
        left, right = sp.sympify(left), sp.sympify(right)
        shown = Compared(left, "=", right)
        if getattr(left, "is_Matrix", False) or getattr(right, "is_Matrix", False):
            if left.shape != right.shape:
                return Step(statement, False, replace(shown, ending=": the shapes differ"))
            difference = self.reduced(left)
            _add(difference, self.reduced(right), -1)
            coefficients = tuple(difference.values())
        else:
            coefficients = (self.evaluate(left - right),)
        truth = all(_is_zero(statement, c) for c in coefficients)
        if not truth and not self._confluent:
            raise Undecided(f"{statement}: the relations leave a difference that depends on their order")
        told = Decided("identity", left, right, algebra=self, computed=trace.taken())
        return Step(statement, truth, shown, decided=told)

    def concluded(self, statement: str, derived: Any, claimed: Statement) -> Step:
        """The end of a proof: what the claim's quantity is against its bound, by its relation.

        Raises Undecided where an inequality cannot be seen, or the relations do not decide an equality.
        """
        if claimed.relation is None:
            raise Undecided(f"{statement}: the claim states no relation")
        step = self.identity(statement, derived, claimed.bound)
        if step.truth or claimed.relation is Relation.EQUAL:
            told = Decided("conclusion", derived, claimed=claimed, shown=Relation.EQUAL, algebra=self)
            return replace(step, refutes=True, decided=told)
        if getattr(sp.sympify(derived), "is_Matrix", False):
            raise Undecided(f"{statement}: matrices are not compared by {claimed.relation}")
        stated = replace(claimed, right_hand_side=self.evaluate(claimed.bound))
        # The canonical traces may be dependent: that a point breaks the inequality shows nothing.
        return replace(concluded(statement, self.evaluate(derived), stated), refutes=False)

    @cached_property
    def _confluent(self) -> bool:
        """Whether every order of rewriting ends in the same form.

        The diamond lemma: it is enough to look at three letters of which the first two and the last two
        are rewritten, and, as a trace is closed, at two letters that are rewritten in both orders.
        """
        one = sp.Integer(1)
        for (a, b), first in self._relations.items():
            for (b_too, c), last in self._relations.items():
                if b != b_too:
                    continue
                difference = self._reduced(_multiply(first, {(c,): one}))
                _add(difference, self._reduced(_multiply({(a,): one}, last)), -1)
                differences = list(difference.values())
                if a == c:
                    differences.append(self._trace_of(first, a.rows) - self._trace_of(last, b.rows))
                if any(vanishes(coefficient)[0] is not True for coefficient in differences):
                    return False
        return True

    def _terms(self, expression: sp.Expr) -> Terms:
        if isinstance(expression, sp.MatrixSymbol):
            return {(Letter(expression, False),): sp.Integer(1)}
        if isinstance(expression, sp.Identity):
            return {(): sp.Integer(1)}
        if isinstance(expression, sp.ZeroMatrix):
            return {}
        if isinstance(expression, sp.Transpose):
            return {self._transpose(w): c for w, c in self._terms(expression.arg).items()}
        if isinstance(expression, (sp.MatAdd, sp.Add)):
            total: Terms = {}
            for part in expression.args:
                _add(total, self._terms(part), 1)
            return total
        if isinstance(expression, sp.MatPow):
            base, power = expression.args
            if not (power.is_Integer and power >= 1):
                raise TypeError(f"cannot read the power {power} in {expression} as words in matrix symbols")
            return reduce(_multiply, [self._terms(base)] * int(power))
        if isinstance(expression, (sp.MatMul, sp.Mul)):
            return reduce(_multiply, (self._terms(part) for part in expression.args))
        if getattr(expression, "is_Matrix", False):
            raise TypeError(f"cannot read {expression} as words in matrix symbols")
        return {(): self.evaluate(expression)}

    def _transpose(self, word: Word) -> Word:
        return tuple(
            letter if letter.matrix in self.symmetric else Letter(letter.matrix, not letter.transposed)
            for letter in reversed(word)
        )

    def _rewrite_once(self, terms: Terms) -> Terms | None:
        for word in terms:
            for i in range(len(word) - 1):
                value = self._relations.get(word[i : i + 2])
                if value is not None:
                    rest = {w: c for w, c in terms.items() if w != word}
                    for middle, c in value.items():
                        _add(rest, {word[:i] + middle + word[i + 2 :]: c}, terms[word])
                    return rest
        return None

    def _trace(self, matrix: sp.MatrixExpr) -> sp.Expr:
        return self._trace_of(self._terms(matrix), matrix.shape[0])

    def _trace_of(self, terms: Terms, size: sp.Expr) -> sp.Expr:
        return sum((c * self._trace_of_word(w, size) for w, c in terms.items()), start=sp.Integer(0))

    def _trace_of_word(self, word: Word, size: sp.Expr) -> sp.Expr:
        if not word:
            return size
        for i in range(len(word)):
            turned = word[i:] + word[:i]
            value = self._relations.get(turned[:2])
            if value is not None:
                return self._trace_of(_multiply(value, {turned[2:]: sp.Integer(1)}), turned[0].rows)
        turns = [w[i:] + w[:i] for w in (word, self._transpose(word)) for i in range(len(word))]
        return sp.Symbol("tr(" + min(" ".join(map(str, turn)) for turn in turns) + ")", real=True)


def substitute(expression: sp.Basic, values: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    """`expression` with matrix symbols replaced, all at once, inside traces and transposes too."""
    if expression in values:
        return values[expression]
    if not expression.has(*values):
        return expression
    return expression.func(*(substitute(part, values) for part in expression.args))


def multiple_of_blocks(expression: sp.MatrixExpr) -> tuple[sp.Expr, sp.BlockMatrix]:
    """The number and the matrix in blocks whose product `expression` is; raises TypeError if it is none."""
    factor, matrix = expression.as_coeff_mmul()
    (stated,) = matrix.args if isinstance(matrix, sp.MatMul) and len(matrix.args) == 1 else (matrix,)
    if not isinstance(stated, sp.BlockMatrix):
        raise TypeError(f"must be a multiple of a block matrix, got {expression}")
    return factor, stated


def contract(factors: Iterable[tuple[sp.MatrixSymbol, Hashable, Hashable]]) -> sp.Expr:
    """The sum over all indices of a product of entries M[i, j], as a product of traces.

    `factors` are (M, i, j); every index occurs exactly twice.  Raises ValueError otherwise.
    """
    rest = list(factors)
    counts: dict[Hashable, int] = {}
    for _, i, j in rest:
        counts[i] = counts.get(i, 0) + 1
        counts[j] = counts.get(j, 0) + 1
    if any(count != 2 for count in counts.values()):
        raise ValueError(f"every index must occur twice, got {counts}")
    product = sp.Integer(1)
    while rest:
        matrix, start, index = rest.pop(0)
        word = matrix
        while index != start:
            place = next(k for k, (_, i, j) in enumerate(rest) if index in (i, j))
            matrix, i, j = rest.pop(place)
            word, index = (word * matrix, j) if i == index else (word * matrix.T, i)
        product *= sp.Trace(word)
    return product


def _is_zero(statement: str, coefficient: sp.Expr) -> bool:
    zero, _ = vanishes(coefficient)
    if zero is None:
        raise Undecided(f"{statement}: cannot decide {coefficient} = 0")
    return zero


def _add(total: Terms, terms: Terms, factor: Any) -> None:
    for word, coefficient in terms.items():
        total[word] = total.get(word, sp.Integer(0)) + factor * coefficient


def _multiply(left: Terms, right: Terms) -> Terms:
    product: Terms = {}
    for first, a in left.items():
        _add(product, {first + second: c for second, c in right.items()}, a)
    return product
