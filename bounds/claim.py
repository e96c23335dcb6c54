"""A claim is data: what is stated, under which conditions, where, and what of it can fail.

A `Claim` holds exact mathematics only.  It carries its right-hand side as one
SymPy expression; what is printed, rendered in LaTeX, evaluated and tested all come from it.
Its `checks` (`bounds.checks`, whose names a claim of one's own may import from here) say which falsifiable
statements stand for the claim.
"""

from __future__ import annotations

import html
import math
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

import sympy as sp

from bounds import precision, symbols
from bounds.checks import (
    Certificate,
    Certified,
    Check,
    Compared,
    Law,
    Level,
    Measured,
    Number,
    Path,
    ProfileName,
    Proof,
    Relation,
    Scaling,
    Search,
    Statement,
    Step,
    Tail,
    as_tuples,
    resolve,
)
from bounds.numeric import compiled, symbols_of

__all__ = [
    "Certificate", "Certified", "Check", "Claim", "Compared", "Derivation", "Law", "Level", "Measured",
    "Number", "Path", "ProfileName", "Proof", "Relation", "Scaling", "Search", "Statement", "Step", "Tail",
    "Variant", "Verdict", "exact", "resolve", "to_latex",
]  # fmt: skip


class Verdict(StrEnum):
    """What became of a claim, strongest first.

    PROVED: every step is decided in symbols.  CERTIFIED: enclosed in ball arithmetic.  SUPPORTED: draws that
    would have shown a violation did not.  REFUTED: a step, a box or draws contradict it.  INCONCLUSIVE:
    none of these.

    Example:

        >>> from bounds import claims
        >>> claims["lemma-5"].expected
        <Verdict.CERTIFIED: 'CERTIFIED'>
    """

    PROVED = "PROVED"
    CERTIFIED = "CERTIFIED"
    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"


Variant = Literal["printed", "corrected", "explicit", "sharp"]


@dataclass(frozen=True, repr=False)
class Claim:
    """One statement of the paper (or of its correction), ready to be rendered and tested.

    - `id`, `title`, `source`, `statement`: its name, and what is stated where, in words.
    - `checks`: what of it can fail; at least one.
    - `expected`: the verdict that the project stands for.
    - `note`: the note's file and section, "file.md#section".
    - `variant`: "printed", "corrected", "explicit" (with numbers for constants) or "sharp".
    - `quantity`, `relation`, `bound`: left-hand side (ERR if None), sign and right-hand side, in the symbols
      of `bounds.symbols`; errors are chordal distances in [0, sqrt(r)].
    - `up_to_constant`: the bound is printed with an unnamed absolute constant.
    - `best`: no stronger bound of this form holds, which the proof shows too (`bounds.proof.steps.attained`).
    - `conditions`: SymPy relations in the declared symbols.
    - `probability`: that with which the statement holds; None means surely.
    - `depends_on`: ids of claims that this one rests on.
    - `corrects`: id of the printed claim that this one replaces.
    - `remark`: what a reader must know beside the verdict.

    Example:

        >>> import sympy as sp
        >>> from bounds import Claim, Measured, Path, Relation, Tail, Verdict
        >>> from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
        >>> at = ((d, 20), (d_tilde, 20), (r, 2), (eta, 1), (gamma, 1), (gamma_tilde, 1))
        >>> claim = Claim(
        ...     id="mine",
        ...     title="The error falls like 1/sqrt(n)",
        ...     source="my paper, Theorem 1",
        ...     statement="ERR <= 4 sqrt(d r/n), with probability at least 95%.",
        ...     relation=Relation.UPPER,
        ...     bound=4 * sp.sqrt(d * r / n),
        ...     checks=(Tail(Measured(), (Path(n, (1000, 4000), at),)),),
        ...     expected=Verdict.SUPPORTED,
        ...     note="mine.md#theorem-1",
        ... )
        >>> float(claim.evaluate({"d": 20, "r": 2, "n": 1000}))
        0.8
        >>> claim.parameters
        (d, n, r)
    """

    id: str
    title: str
    source: str
    statement: str
    checks: tuple[Check, ...]
    expected: Verdict
    note: str
    variant: Variant = "printed"
    quantity: sp.Expr | None = None
    relation: Relation | None = None
    bound: sp.Expr | None = None
    up_to_constant: bool = False
    best: bool = False
    conditions: tuple[sp.Basic, ...] = ()
    probability: sp.Expr | None = None
    depends_on: tuple[str, ...] = ()
    corrects: str | None = None
    remark: str = ""

    def __post_init__(self) -> None:
        as_tuples(self, "conditions", "checks", "depends_on")

    @property
    def stated(self) -> Statement:
        """What a proof of the claim may reason about."""
        return Statement(self.bound, self.relation, self.conditions, self.up_to_constant)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The free symbols of the bound, by name."""
        return () if self.bound is None else symbols_of(self.bound)

    @property
    def left(self) -> sp.Expr:
        """Left-hand side: the quantity, else the name of what is drawn, else ERR."""
        if self.quantity is not None:
            return self.quantity
        named = {check.measured.quantity for check in self.checks if hasattr(check, "measured")}
        own = named - {"error", "error-ratio"}
        # SymPy prints a name with a brace as it stands.
        return sp.Symbol(rf"\text{{{min(own)}}}") if len(own) == len(named) == 1 else symbols.ERR

    def lambdify(self, module: str = "numpy") -> Callable[..., Any]:
        """The bound as a function of its parameters by keyword, vectorised for "numpy".

        Raises ValueError for a claim without a bound.
        """
        return _by_name(self._require_bound(), module)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The bound at `values` (numbers or arrays by parameter name), in double precision.

        NaN where the numbers break a condition of the claim: it says nothing there.  A condition with a
        symbol that has no number, such as an unnamed constant, is passed over.  Names beyond the bound's
        parameters are ignored; infinite gamma is allowed.  Raises ValueError where a parameter has no
        number, and for a claim that states no bound or one that is no number.
        """
        import numpy as np

        bound, values = self.bound_at(values), _in_doubles(values)
        inside: Any = True
        for condition in self.conditions:
            names = sorted(s.name for s in condition.free_symbols)
            if all(name in values for name in names):
                inside = np.logical_and(inside, _by_name(condition)(**{k: values[k] for k in names}))
        return bound if np.all(inside) else np.where(inside, bound, np.nan)[()]

    def bound_at(self, values: Mapping[str, Any]) -> Any:
        """The right-hand side at `values` whatever the conditions say, as `evaluate` otherwise."""
        import numpy as np  # not before a number is asked for: listing the claims needs none

        bound = self._require_bound()
        if bound.has(sp.MatrixExpr) or not bound.is_scalar:
            raise ValueError(f"claim {self.id!r} compares expressions that are no numbers")
        numbers = _in_doubles(values)
        missing = [s.name for s in self.parameters if s.name not in numbers]
        if missing:
            raise ValueError(f"claim {self.id!r} needs a value of {', '.join(missing)}")
        with np.errstate(all="ignore"):
            return _by_name(bound)(**{s.name: numbers[s.name] for s in self.parameters})

    def evaluate_mp(self, values: Mapping[str, Any], digits: int = 50) -> Any:
        """The bound at `values` as an mpmath number with `digits` significant digits."""
        import mpmath

        bound = self._require_bound()
        with precision.digits(digits + 10):
            numbers = {s.name: mpmath.mpf(values[s.name]) for s in self.parameters}
            value = _by_name(bound, "mpmath")(**numbers)
        with precision.digits(digits):
            return +value

    def latex(self, *, broken: bool = False) -> str:
        """Left-hand side, relation and bound in the paper's letters.

        `broken` writes a long fraction as a factor and a product, which has places where a line may end.
        """
        if self.bound is None or self.relation is None:
            return r"\text{" + self.statement + "}"
        sign = {
            (Relation.UPPER, True): r"\lesssim",
            (Relation.UPPER, False): r"\le",
            (Relation.LOWER, True): r"\gtrsim",
            (Relation.LOWER, False): r"\ge",
            (Relation.EQUAL, True): r"\asymp",
            (Relation.EQUAL, False): "=",
        }[self.relation, self.up_to_constant]
        options = {"long_frac_ratio": 1} if broken else {}
        return f"{to_latex(self.left)} {sign} {to_latex(self.bound, **options)}"

    def __repr__(self) -> str:
        return f"<Claim {self.id}: {self.title} ({self.source}; expected {self.expected})>"

    def _repr_html_(self) -> str:
        rows = [("source", self.source), ("expected", str(self.expected)), ("states", self.statement)]
        rows += [("condition", f"${to_latex(condition)}$") for condition in self.conditions]
        cells = "".join(
            f"<tr><th style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'>{html.escape(said, quote=False)}</td></tr>"
            for name, said in rows
        )
        heading = f"<strong>{html.escape(self.id)}</strong>: {html.escape(self.title)}"
        formula = "" if self.bound is None else f"<p>{html.escape(self._repr_latex_(), quote=False)}</p>"
        return f"<p>{heading}</p>{formula}<table>{cells}</table>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def with_bound(self, bound: sp.Expr, **changes: Any) -> Claim:
        """The same claim with another right-hand side (used to make wrong versions of it)."""
        return replace(self, bound=bound, **changes)

    def _require_bound(self) -> sp.Expr:
        if self.bound is None:
            raise ValueError(f"claim {self.id!r} states no bound")
        return self.bound


Derivation: TypeAlias = Callable[[Statement], Iterable[Step]]
"""Steps that decide a claim, from its `Statement`."""


def exact(
    claim_id: str,
    title: str,
    source: str,
    statement: str,
    quantity: sp.Expr | str,
    bound: sp.Expr,
    *checks: Search | Derivation,
    note: str,
    **fields: Any,
) -> Claim:
    """A claim whose checks are symbolic derivations and searches; `fields` are further ones of `Claim`.

    The relation is equality unless given.  Expected: PROVED by derivations alone, SUPPORTED with a
    search among them, REFUTED where `expected` says so.  A `quantity` in words is LaTeX.
    """
    wrapped: tuple[Check, ...] = tuple(
        check if isinstance(check, Search) else Proof(check) for check in checks
    )
    proved = all(isinstance(check, Proof) for check in wrapped)
    options: dict[str, Any] = {
        "relation": Relation.EQUAL,
        "expected": Verdict.PROVED if proved else Verdict.SUPPORTED,
        **fields,
    }
    return Claim(
        id=claim_id,
        title=title,
        source=source,
        statement=statement,
        # SymPy prints a name with a brace as it stands; others it takes apart at _ and ^.
        quantity=sp.Symbol(f"{{{quantity}}}") if isinstance(quantity, str) else quantity,
        bound=bound,
        checks=wrapped,
        note=note,
        **options,
    )


LARGEST = int(sys.float_info.max)
"""A larger integer counts as infinite."""


def _in_doubles(values: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers as NumPy computes with them: floats its own, and integers that it cannot hold as floats."""
    import numpy as np

    def number(name: str, value: Any) -> Any:
        if isinstance(value, int) and abs(value) > LARGEST:
            value = math.inf if value > 0 else -math.inf
        if isinstance(value, float | sp.Number) or (isinstance(value, int) and abs(value) > 2**53):
            return np.float64(value)
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            raise ValueError(f"{name} must be a number or an array of numbers, got {reprlib.repr(value)}")
        return array if isinstance(value, list | tuple) else value

    if not isinstance(values, Mapping):
        raise ValueError(f"numbers must be given by name, as in {{'n': 1000}}, got {reprlib.repr(values)}")
    return {name: number(name, value) for name, value in values.items()}


def _by_name(expression: sp.Basic, module: str = "numpy") -> Callable[..., Any]:
    function, names = compiled(expression, module), [s.name for s in symbols_of(expression)]
    return lambda **values: function(*(values[name] for name in names))


def to_latex(expression: sp.Basic, **options: Any) -> str:
    """LaTeX in the paper's letters; `options` are SymPy's."""
    return str(sp.latex(expression, symbol_names=symbols.LATEX_NAMES, **options))
