"""SymPy's expressions as plain text: every name is a word, and what the word may be stands in a table."""

from __future__ import annotations

import keyword
import re
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.blockmatrix import BlockMatrix
from sympy.printing.str import StrPrinter

from bounds.symbols import SYMBOLS

RESERVED = frozenset(
    {"pi", "E", "I", "oo", "EulerGamma", "True", "False", "sqrt", "exp", "log", "gamma", "besselk"}
    | {"transpose", "trace", "identity", "zero", "blocks"}
)
"""Words that mean something else; the parameter gamma may share its name, as a function is always called."""


class Names:
    """A word for every symbol, matrix and unknown function of one certificate."""

    def __init__(self) -> None:
        self._words: dict[Any, str] = {}
        self.symbols: dict[str, str] = {}
        self.matrices: dict[str, list[str]] = {}

    def word(self, thing: Any, name: str) -> str:
        """The thing's own word, made from its name the first time it is met."""
        if thing not in self._words:
            plain = re.sub(r"\W+", "_", name.replace("'", "_prime")).strip("_") or "symbol"
            if plain[0].isdigit() or keyword.iskeyword(plain) or (plain in RESERVED - {"gamma"}):
                plain = f"_{plain}"
            taken = set(self._words.values())
            free = (plain, *(f"{plain}_{k}" for k in range(1, len(taken) + 2)))
            self._words[thing] = next(word for word in free if word not in taken)
            self._remember(thing, self._words[thing])
        return self._words[thing]

    def _remember(self, thing: Any, word: str) -> None:
        if isinstance(thing, sp.MatrixSymbol):
            self.matrices[word] = []  # no matrix of its size asks for it again
            self.matrices[word] = [self.text(size) for size in thing.shape]
        elif isinstance(thing, sp.Symbol):
            self.symbols[word] = domain(thing)

    def text(self, expression: Any) -> str:
        """The expression in the words of this table."""
        return str(_Printer(self).doprint(sp.sympify(expression)))


def domain(symbol: sp.Symbol) -> str:
    """Where a symbol lives: as declared, else as SymPy was told."""
    declared = SYMBOLS.get(symbol.name)
    if declared is not None and declared.symbol == symbol:
        return declared.domain
    kind = "integer " if symbol.is_integer else ""
    if symbol.is_positive:
        return f"{kind}positive"
    if symbol.is_nonnegative:
        return f"{kind}nonnegative"
    return f"{kind}real" if symbol.is_real else f"{kind}complex"


class _Printer(StrPrinter):  # type: ignore[misc]
    """SymPy's own text, but for names, matrices and conditions."""

    printmethod = "_certificate"  # not the words that a class has for readers

    def __init__(self, names: Names) -> None:
        super().__init__({"order": "none"})
        self._names = names

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self._names.word(expr, expr.name)

    def _print_Dummy(self, expr: sp.Dummy) -> str:
        return self._names.word(expr, expr.name)

    def _print_MatrixSymbol(self, expr: sp.MatrixSymbol) -> str:
        return self._names.word(expr, str(expr.name))

    def _print_Function(self, expr: Any) -> str:
        name = expr.func.__name__
        word = self._names.word(expr.func, name) if isinstance(expr, AppliedUndef) else name
        return f"{word}({', '.join(map(self._print, expr.args))})"

    def _called(self, name: str, parts: Any) -> str:
        return f"{name}({', '.join(map(self._print, parts))})"

    def _print_Transpose(self, expr: sp.Transpose) -> str:
        return self._called("transpose", expr.args)

    def _print_Trace(self, expr: sp.Trace) -> str:
        return self._called("trace", expr.args)

    def _print_Identity(self, expr: sp.Identity) -> str:
        return self._called("identity", expr.args)

    def _print_ZeroMatrix(self, expr: sp.ZeroMatrix) -> str:
        return self._called("zero", expr.args)

    def _print_BlockMatrix(self, expr: BlockMatrix) -> str:
        rows = [f"[{', '.join(map(self._print, row))}]" for row in expr.blocks.tolist()]
        return f"blocks({', '.join(rows)})"

    def _print_ImmutableDenseMatrix(self, expr: sp.Matrix) -> str:
        rows = [f"[{', '.join(map(self._print, row))}]" for row in expr.tolist()]
        return f"blocks({', '.join(rows)})"

    _print_MutableDenseMatrix = _print_ImmutableDenseMatrix

    def _print_MatMul(self, expr: sp.MatMul) -> str:
        return "*".join(f"({self._print(part)})" for part in expr.args)

    def _print_HadamardPower(self, expr: Any) -> str:
        return self._called(type(expr).__name__, expr.args)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = ", ".join(map(self._print, expr.indices))
        return f"{self._names.word(expr.base, str(expr.base.label))}[{indices}]"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        counts = [f"({self._print(symbol)}, {count})" for symbol, count in expr.variable_count]
        return f"Derivative({self._print(expr.expr)}, {', '.join(counts)})"

    def _print_Relational(self, expr: Any) -> str:
        sign = {"==": "==", "!=": "!="}.get(expr.rel_op, expr.rel_op)
        return f"({self._print(expr.lhs)}) {sign} ({self._print(expr.rhs)})"

    def _print_And(self, expr: sp.And) -> str:
        return " and ".join(f"({self._print(part)})" for part in expr.args)

    def _print_BooleanFunction(self, expr: Any) -> str:
        return self._called(type(expr).__name__, expr.args)

    def emptyPrinter(self, expr: Any) -> str:
        """Whatever has no rule: its class and its parts, or its own words."""
        parts = getattr(expr, "args", ())
        return self._called(type(expr).__name__, parts) if parts else str(expr)
