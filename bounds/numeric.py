"""Expressions as functions of numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy as sp

_whole = sp.Function("whole")


@lru_cache(maxsize=4096)
def symbols_of(expression: sp.Basic) -> tuple[sp.Symbol, ...]:
    """The free symbols of an expression by name: the order in which `compiled` takes their numbers."""
    return tuple(sorted(expression.free_symbols, key=str))


@lru_cache(maxsize=4096)
def compiled(expression: sp.Basic, module: str = "numpy") -> Callable[..., Any]:
    """The expression as a function of its symbols' numbers, in the order of `symbols_of`.

    With "numpy" numbers and arrays count as doubles, so that nothing is cut to an integer's width and a
    division by zero is infinite; special functions are SciPy's.  Other modules are those of SymPy's
    `lambdify`.  The ends of a sum may be given as any kind of number.

    >>> n, j = sp.symbols("n j")
    >>> float(compiled(sp.Sum(1 / j, (j, 1, n)))(2.0))
    1.5
    """
    # Under names of its own: the parameter gamma must not hide the function gamma.
    hidden = {symbol: sp.Dummy(f"x{i}") for i, symbol in enumerate(symbols_of(expression))}
    shown = expression.xreplace(hidden)
    summed = shown.has(sp.Sum)
    if summed:
        shown = shown.replace(lambda e: isinstance(e, sp.Sum), _with_whole_ends)
    modules: list[Any] = [{"whole": int}, *(_for_doubles(shown) if module == "numpy" else [module])]
    function: Callable[..., Any] = sp.lambdify(list(hidden.values()), shown, modules=modules)
    return _of_doubles(function, one_by_one=summed) if module == "numpy" else function


def _with_whole_ends(summed: sp.Sum) -> sp.Sum:
    ends = [(index, _whole(first), _whole(last)) for index, first, last in summed.limits]
    return sp.Sum(summed.function, *ends)


def _for_doubles(expression: sp.Basic) -> list[str]:
    """SciPy is loaded only where an expression needs it."""
    special = any("special" in str(type(f).__module__) for f in expression.atoms(sp.Function))
    return ["scipy", "numpy"] if special else ["numpy"]


def _of_doubles(function: Callable[..., Any], *, one_by_one: bool) -> Callable[..., Any]:
    import numpy as np

    def of_doubles(*numbers: Any) -> Any:
        doubles = np.broadcast_arrays(*(np.asarray(number, dtype=np.float64) for number in numbers))
        return function(*(double[()] for double in doubles))

    def of_each(*numbers: Any) -> Any:
        """Where arrays cannot be put in, as for the ends of a sum."""
        if not numbers:
            return function()
        rows = np.broadcast(*numbers)
        return np.array([of_doubles(*row) for row in rows]).reshape(rows.shape)[()]

    return of_each if one_by_one else of_doubles
