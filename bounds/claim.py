"""A claim is data: what is stated, under which conditions, where, and what of it can fail.

A `Claim` holds exact mathematics only.  It carries its right-hand side as one
SymPy expression; what is printed, rendered in LaTeX, evaluated and tested all come from it.
Its `checks` (`bounds.checks`, whose names a claim of one's own may import from here) say which falsifiable
statements stand for the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import sympy as sp

from bounds import symbols
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
    Profile,
    Proof,
    Relation,
    Scaling,
    Search,
    Statement,
    Step,
    Tail,
    resolve,
)

__all__ = [
    "Certificate", "Certified", "Check", "Claim", "Compared", "Derivation", "Law", "Level", "Measured",
    "Number", "Path", "Profile", "Proof", "Relation", "Scaling", "Search", "Statement", "Step", "Tail",
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


@dataclass(frozen=True)
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
    conditions: tuple[sp.Basic, ...] = ()
    probability: sp.Expr | None = None
    depends_on: tuple[str, ...] = ()
    corrects: str | None = None
    remark: str = ""

    @property
    def stated(self) -> Statement:
        """What a proof of the claim may reason about."""
        return Statement(self.bound, self.relation, self.conditions, self.up_to_constant)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The free symbols of the bound, by name."""
        return () if self.bound is None else _parameters(self.bound)

    def lambdify(self, module: str = "numpy") -> Callable[..., Any]:
        """The bound as a function of its parameters by keyword, vectorised for "numpy".

        Raises ValueError for a claim without a bound.
        """
        return _compiled(self._require_bound(), module)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The bound at `values` (numbers or arrays by parameter name), in double precision.

        Names beyond the bound's parameters are ignored; infinite gamma is allowed.
        """
        return self.lambdify()(**{s.name: values[s.name] for s in self.parameters})

    def evaluate_mp(self, values: Mapping[str, Any], digits: int = 50) -> Any:
        """The bound at `values` as an mpmath number with `digits` significant digits."""
        import mpmath

        bound = self._require_bound()
        with mpmath.workdps(digits + 10):
            numbers = {s.name: mpmath.mpf(values[s.name]) for s in self.parameters}
            value = _compiled(bound, "mpmath")(**numbers)
        with mpmath.workdps(digits):
            return +value

    def latex(self) -> str:
        """Left-hand side, relation and bound in the paper's letters."""
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
        left = symbols.ERR if self.quantity is None else self.quantity
        return f"{to_latex(left)} {sign} {to_latex(self.bound)}"

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


@lru_cache(maxsize=1024)
def _parameters(expression: sp.Expr) -> tuple[sp.Symbol, ...]:
    return tuple(sorted(expression.free_symbols, key=lambda symbol: symbol.name))


@lru_cache(maxsize=1024)
def _compiled(expression: sp.Expr, module: str) -> Callable[..., Any]:
    # Cached here and not on the claim, so that claims can be sent to worker processes.
    parameters = _parameters(expression)
    if expression.has(sp.gamma):
        # The parameter gamma must not hide the function gamma.
        renamed = {s: sp.Dummy(f"{s.name}_") for s in parameters}
        modules = ["scipy", "numpy"] if module == "numpy" else module
        function = sp.lambdify(tuple(renamed.values()), expression.xreplace(renamed), modules=modules)
    else:
        function = sp.lambdify(parameters, expression, modules=module)

    def evaluate(**values: Any) -> Any:
        return function(*(values[s.name] for s in parameters))

    return evaluate


def to_latex(expression: sp.Basic) -> str:
    """LaTeX in the paper's letters."""
    return str(sp.latex(expression, symbol_names=symbols.LATEX_NAMES))
