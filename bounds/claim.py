"""A claim is data: what is stated, under which conditions, where, and what of it can fail.

The classes below hold exact mathematics only.  A `Claim` carries its right-hand side as one
SymPy expression; what is printed, rendered in LaTeX, evaluated and tested all come from it.
Its `checks` say which falsifiable statements stand for the claim; *how* each is decided
(how many draws, which threshold, which budget) is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import sympy as sp

from bounds import symbols


class Relation(StrEnum):
    """How the measured quantity stands to the bound."""

    UPPER = "<="
    LOWER = ">="
    EQUAL = "="


class Verdict(StrEnum):
    """What became of a claim, strongest first."""

    PROVED = "PROVED"
    CERTIFIED = "CERTIFIED"
    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"


Variant = Literal["printed", "corrected", "explicit", "sharp"]
Profile = Literal["quick", "standard", "thorough"]
"""How much a run may spend; a check's `least` names the cheapest profile that makes it."""

Number: TypeAlias = Any
"""int, float or a SymPy expression."""


@dataclass(frozen=True)
class Measured:
    """A random number that a simulator draws.

    `quantity` is "error" for ERR of the named `estimator`, or the name of another registered
    quantity (an operator norm, a count).  `thetas` are thresholds on the oracle's score scale,
    as expressions in the setting's symbols; with several, the *smallest* error over them is
    measured, which stands for "there is a threshold".  `spread` is the standard deviation of the
    quantity's logarithm where it is known: designs plan with it, and no error rate rests on it.
    """

    estimator: str = "unfiltered"
    quantity: str = "error"
    thetas: tuple[sp.Expr, ...] = ()
    retains: tuple[float, ...] = ()
    rounds: int = 1
    spread: float | None = None


@dataclass(frozen=True)
class Path:
    """A one-parameter family of settings: `parameter` runs over `values`, the rest is `at`.

    An entry of `at` may be an expression in other symbols (n as a multiple of the sample
    condition, say); expressions are resolved after the plain numbers.
    """

    parameter: sp.Symbol
    values: tuple[Number, ...]
    at: tuple[tuple[sp.Symbol, Number], ...]

    def points(self) -> tuple[dict[str, float], ...]:
        """The settings along the path, as parameter name -> number."""
        return tuple(dict(point) for point in self._points)

    @cached_property
    def _points(self) -> tuple[dict[str, float], ...]:
        # Every wrong version of a claim is judged on the claim's own paths.
        return tuple(resolve({**dict(self.at), self.parameter: v}) for v in self.values)


def resolve(values: Mapping[sp.Symbol, Number]) -> dict[str, float]:
    """Numbers for every symbol of `values`, resolving expressions in one another.

    Counts are rounded up to whole numbers.  Raises ValueError on a symbol left free.
    """
    exact = {s: sp.sympify(v) for s, v in values.items()}
    plain = {s: v for s, v in exact.items() if not v.free_symbols}
    rest = {s: v for s, v in exact.items() if v.free_symbols}
    while rest:
        ready = {s: v.subs(plain) for s, v in rest.items() if v.free_symbols <= plain.keys()}
        if not ready:
            left = ", ".join(sorted(str(s) for s in rest))
            raise ValueError(f"cannot resolve {left} from {sorted(map(str, plain))}")
        plain.update(ready)
        rest = {s: v for s, v in rest.items() if s not in ready}
    numbers: dict[str, float] = {}
    for s, v in plain.items():
        numbers[s.name] = int(sp.ceiling(v)) if s.is_integer else float(v)
    return numbers


@dataclass(frozen=True)
class Tail:
    """P(the measured quantity breaks the bound) <= delta, at every point of `paths`.

    delta is the number put for the symbol `delta` of the bound.  `random_settings` asks for that
    many more settings, drawn at random inside the claim's conditions.
    """

    measured: Measured
    paths: tuple[Path, ...]
    delta: float = 0.05
    random_settings: int = 0
    least: Profile = "quick"


@dataclass(frozen=True)
class Scaling:
    """How log(measured / bound) moves with log(parameter) along a path.

    `two_sided`: the slope is equivalent to 0 within `margin` (the bound has the right exponent).
    Otherwise only movement against the claim counts, in the direction of the path: an upper bound
    up to an absolute constant cannot have a ratio that keeps growing along a family inside its
    conditions, nor a lower bound one that keeps falling.  `precision` is the half-width of the
    slope's interval that the design must reach; without it, the share of the margin that the
    profile leaves to sampling.
    """

    measured: Measured
    path: Path
    two_sided: bool
    margin: float
    precision: float | None = None
    least: Profile = "quick"


@dataclass(frozen=True)
class Level:
    """The median of the measured quantity is within a relative `tolerance` of a stated number.

    At each point of `path`; the number is `value` if given, else the claim's bound there.
    """

    measured: Measured
    path: Path
    tolerance: float
    value: float | None = None
    least: Profile = "quick"


@dataclass(frozen=True)
class Law:
    """The measured quantity follows the stated distribution, up to `tolerance` in Kolmogorov distance.

    `cdf` maps (parameter values by name, numbers (m,)) to probabilities (m,); `tolerance` is what a
    first-order law leaves open at the sizes of `paths`.  `wrong` are laws, by name, that the same design
    must refute: the claim's own negative controls.
    """

    measured: Measured
    cdf: Callable[[Mapping[str, float], Any], Any]
    paths: tuple[Path, ...]
    tolerance: float
    least: Profile = "quick"
    wrong: tuple[tuple[str, Callable[[Mapping[str, float], Any], Any]], ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of a symbolic proof: `statement` in words, `truth` decided by SymPy.

    `truth` is True only where SymPy reduced the step to an identity or a sign; `shown` is what was
    decided, whose `str` is for display.
    """

    statement: str
    truth: bool
    shown: object = ""


@dataclass(frozen=True)
class Compared:
    """Two sides of a decided step; put into words only where they are read, as printing is slow."""

    left: Any
    sign: str
    right: Any
    ending: str = ""

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}{self.ending}"


@dataclass(frozen=True)
class Proof:
    """A symbolic derivation: every step must be decided True by SymPy.

    `derive` receives the claim and must reason about the expressions that it carries, so that a
    changed bound changes the outcome.
    """

    derive: Callable[[Claim], Iterable[Step]]


@dataclass(frozen=True)
class Certified:
    """What a rigorous enclosure found.

    `holds` is True (certified on the whole box), False (violated at `witness`) or None (undecided
    at this precision and splitting depth).  `margin` is the smallest certified distance to
    violation; `best` encloses the best constant in place of the stated one, where that is asked.
    """

    holds: bool | None
    box: str
    bits: int
    boxes: int
    margin: float
    witness: str = ""
    best: tuple[float, float] | None = None


@dataclass(frozen=True)
class Certificate:
    """An inequality enclosed in ball arithmetic over a stated box.

    `prove` receives the claim (and must use the bound that it carries) and the precision in bits.
    """

    prove: Callable[[Claim, int], Certified]
    bits: int = 128


@dataclass(frozen=True)
class Search:
    """A deterministic inequality, searched for a counterexample on adversarial random instances.

    `measured.quantity` names a registered ratio left-hand side / right-hand side, which the claim
    says never passes its bound; one violation refutes.
    """

    measured: Measured
    instances: int = 2000


Check: TypeAlias = Tail | Scaling | Level | Law | Proof | Certificate | Search


@dataclass(frozen=True)
class Claim:
    """One statement of the paper (or of its correction), ready to be rendered and tested.

    `up_to_constant` marks a bound printed with an unnamed absolute constant.  `probability` is
    that with which the statement holds; None means surely.  `conditions` are SymPy relations in
    the declared symbols.  `corrects` names the printed claim that this one replaces.
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
