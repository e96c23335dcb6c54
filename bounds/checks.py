"""The kinds of check: what of a claim can fail, and what a proof of it may reason about.

Each kind says *what* is asserted of the measured quantity and the bound; how it is decided (how many
draws, which threshold, which budget) is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, TypeAlias

import sympy as sp


class Relation(StrEnum):
    """How the measured quantity stands to the bound."""

    UPPER = "<="
    LOWER = ">="
    EQUAL = "="


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
class Statement:
    """What a proof reasons about: `relation` to `right_hand_side`, where all `conditions` hold.

    A claim's words, id and checks are left out, so that no proof can lean on them.  `right_hand_side` and
    `relation` are None where the claim states none.
    """

    right_hand_side: sp.Expr | None
    relation: Relation | None = None
    conditions: tuple[sp.Basic, ...] = ()

    @property
    def bound(self) -> sp.Expr:
        """The right-hand side; raises ValueError if there is none."""
        if self.right_hand_side is None:
            raise ValueError("the claim states no bound")
        return self.right_hand_side


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

    `derive` receives the claim's `Statement` and must reason about what stands in it, so that a changed
    bound changes the outcome.
    """

    derive: Callable[[Statement], Iterable[Step]]


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

    `prove` receives the claim's `Statement`, whose bound it must use, and the precision in bits.
    """

    prove: Callable[[Statement, int], Certified]
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
