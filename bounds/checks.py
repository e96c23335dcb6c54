"""The kinds of check: what of a claim can fail, and what a proof of it may reason about.

Each kind says *what* is asserted of the measured quantity and the bound; how it is decided (how many
draws, which threshold, which budget) is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, TypeAlias

import sympy as sp


class Relation(StrEnum):
    """How the measured quantity stands to the bound: UPPER (at most), LOWER (at least) or EQUAL.

    Example:

        >>> from bounds import claims
        >>> claims["lemma-5"].relation
        <Relation.UPPER: '<='>
    """

    UPPER = "<="
    LOWER = ">="
    EQUAL = "="


ProfileName = Literal["quick", "standard", "thorough"]
"""How much a run may spend; a check's `least` names the cheapest profile that makes it."""

Number: TypeAlias = Any
"""int, float or a SymPy expression."""


@dataclass(frozen=True)
class Measured:
    """A random number that a simulator draws, one a replicate.

    - `estimator`: whose error is drawn: "unfiltered", "oracle-filtered", "teacher-filtered", "pca",
      "weighted"; or "teacher", the fit on the point's n_T pairs.
    - `quantity`: "error" for ERR of the estimator (Eq. 4), or the name of another registered quantity (an
      operator norm, a count).
    - `thetas`: thresholds on the oracle's score scale, as expressions in the setting's symbols; with several,
      the *smallest* error over them is measured, which stands for "there is a threshold".
    - `retains`: shares of the scored pairs that are kept, in place of thresholds.
    - `rounds`: how often the pairs are filtered, each time with fresh ones.
    - `spread`: standard deviation of the quantity's logarithm where it is known: designs plan with it, and no
      error rate rests on it.

    Example:

        >>> from bounds import Measured
        >>> from bounds.symbols import r
        >>> Measured("teacher-filtered", thetas=(r / 2,)).thetas
        (r/2,)
    """

    estimator: str = "unfiltered"
    quantity: str = "error"
    thetas: tuple[sp.Expr, ...] = ()
    retains: tuple[float, ...] = ()
    rounds: int = 1
    spread: float | None = None

    def __post_init__(self) -> None:
        as_tuples(self, "thetas", "retains")


def as_tuples(instance: Any, *names: str) -> None:
    """Lists that were given for these fields become tuples: what is found of a claim is kept by its hash."""

    def frozen(value: Any) -> Any:
        return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value

    for name in names:
        if isinstance(getattr(instance, name), list | tuple):
            object.__setattr__(instance, name, frozen(getattr(instance, name)))


@dataclass(frozen=True)
class Path:
    """A one-parameter family of settings: `parameter` runs over `values`, the rest is `at`.

    - `parameter`: the symbol of `bounds.symbols` that moves.
    - `values`: its values, in the order of the path.
    - `at`: a value for every other symbol; it may be an expression in other symbols (n as a multiple of the
      sample condition, say), and expressions are resolved after the plain numbers, counts rounded up.

    Example:

        >>> from bounds import Path
        >>> from bounds.symbols import d, n, r
        >>> Path(d, (10, 20), ((r, 2), (n, 50 * d))).points()
        ({'r': 2, 'd': 10, 'n': 500}, {'r': 2, 'd': 20, 'n': 1000})
    """

    parameter: sp.Symbol
    values: tuple[Number, ...]
    at: tuple[tuple[sp.Symbol, Number], ...]

    def __post_init__(self) -> None:
        as_tuples(self, "values", "at")

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
        ready = {s: put_in(v, plain) for s, v in rest.items() if v.free_symbols <= plain.keys()}
        if not ready:
            left = ", ".join(sorted(str(s) for s in rest))
            raise ValueError(f"cannot resolve {left} from {sorted(map(str, plain))}")
        plain.update(ready)
        rest = {s: v for s, v in rest.items() if s not in ready}
    numbers: dict[str, float] = {}
    for s, v in plain.items():
        numbers[s.name] = int(sp.ceiling(v)) if s.is_integer else float(v)
    return numbers


def put_in(expression: Any, numbers: Mapping[sp.Symbol, sp.Expr]) -> Any:
    """The expression with numbers for its free symbols; in one pass where none of its symbols is bound."""
    one_pass = expression.atoms(sp.Symbol) == expression.free_symbols
    return expression.xreplace(numbers) if one_pass else expression.subs(numbers)


@dataclass(frozen=True)
class Tail:
    """P(the measured quantity breaks the bound) <= delta, at every point of `paths`.

    - `measured`: what is drawn.
    - `paths`: where; all of their points are judged together, at one error rate.
    - `delta`: the probability claimed, in (0, 1); a path sets the bound's own symbol `delta`, if it has one.
    - `random_settings`: how many more settings are drawn at random inside the claim's conditions.
    - `least`: the cheapest profile that makes the check.

    Example:

        >>> from bounds import Measured, Path, Tail
        >>> from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
        >>> at = ((d, 20), (d_tilde, 20), (r, 2), (eta, 0.5), (gamma, 1), (gamma_tilde, 1))
        >>> Tail(Measured(), (Path(n, (1000, 4000), at),), delta=0.01).delta
        0.01
    """

    measured: Measured
    paths: tuple[Path, ...]
    delta: float = 0.05
    random_settings: int = 0
    least: ProfileName = "quick"

    def __post_init__(self) -> None:
        as_tuples(self, "paths")


@dataclass(frozen=True)
class Scaling:
    """How log(measured / bound) moves with log(parameter) along a path.

    - `measured`: what is drawn.
    - `path`: the family of settings.
    - `two_sided`: the slope is equivalent to 0 within `margin` (the bound has the right exponent).  Where a
      bound of one side is off only towards an end of the parameter (a count or a share of 1) it is loose and
      true: that leaves the claim undecided.  Otherwise
      only movement against the claim counts, in the direction of the path: an upper bound up to an absolute
      constant cannot have a ratio that keeps growing along a family inside its conditions, nor a lower bound
      one that keeps falling.
    - `margin`: largest slope that is let pass, a power of the parameter.
    - `precision`: half-width of the slope's interval that the design must reach; without it, the share of the
      margin that the profile leaves to sampling.
    - `least`: the cheapest profile that makes the check.
    - `beyond`: looks beyond the claim's conditions, to be made where these are too weak: the right ones leave
      fewer than two of its settings.

    Example:

        >>> from bounds import Measured, Path, Scaling
        >>> from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
        >>> at = ((d, 20), (d_tilde, 20), (r, 2), (eta, 0.5), (gamma, 1), (gamma_tilde, 1))
        >>> Scaling(Measured(), Path(n, (1000, 16000), at), two_sided=True, margin=0.1).margin
        0.1
    """

    measured: Measured
    path: Path
    two_sided: bool
    margin: float
    precision: float | None = None
    least: ProfileName = "quick"
    beyond: bool = False


@dataclass(frozen=True)
class Level:
    """The median of the measured quantity is within a relative `tolerance` of a stated number.

    - `measured`: what is drawn.
    - `path`: the settings, at each of which it must hold.
    - `tolerance`: relative, above 0.
    - `value`: the number, in the quantity's units; without it, the claim's bound at each point.
    - `precision`: relative half-width of the median's interval that the design must reach; without it, the
      share of the tolerance that the profile leaves to sampling.
    - `least`: the cheapest profile that makes the check.

    Example:

        >>> from bounds import Level, Measured, Path
        >>> from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
        >>> at = ((d, 20), (d_tilde, 20), (r, 2), (eta, 0.5), (gamma, 1), (gamma_tilde, 1))
        >>> Level(Measured(), Path(n, (4000,), at), tolerance=0.1).value is None
        True
    """

    measured: Measured
    path: Path
    tolerance: float
    value: float | None = None
    precision: float | None = None
    least: ProfileName = "quick"


@dataclass(frozen=True)
class Law:
    """The measured quantity follows the stated distribution, up to `tolerance` in Kolmogorov distance.

    - `measured`: what is drawn.
    - `cdf`: maps (parameter values by name, numbers (m,)) to probabilities (m,).
    - `paths`: the settings, at each of which it must hold.
    - `tolerance`: what a first-order law leaves open at the sizes of `paths`, in (0, 1).
    - `precision`: the distance that the design leaves to sampling; without it, the share of the tolerance
      that the profile leaves to it.
    - `least`: the cheapest profile that makes the check.
    - `wrong`: laws, by name, that the same design must refute: the claim's own negative controls.
    - `shown`: the distribution function of the variable whose root mean square the claim's bound is (`cdf`
      itself, or that of one of its parts); it must be the bound's at every setting.  A claim whose bound no
      other check looks at needs it.
    - `numbers`: what else the bound needs beside the parameter values, by name.

    Example:

        >>> from bounds import Law, claims
        >>> laws = [check for check in claims["corollary-1-sharp"].checks if isinstance(check, Law)]
        >>> point = laws[0].paths[0].points()[0]
        >>> float(laws[0].cdf(point, [1e9])[0])
        1.0
    """

    measured: Measured
    cdf: Callable[[Mapping[str, float], Any], Any]
    paths: tuple[Path, ...]
    tolerance: float
    precision: float | None = None
    least: ProfileName = "quick"
    wrong: tuple[tuple[str, Callable[[Mapping[str, float], Any], Any]], ...] = ()
    shown: Callable[[Mapping[str, float], Any], Any] | None = None
    numbers: Callable[[Mapping[str, float]], Mapping[str, float]] | None = None

    def __post_init__(self) -> None:
        as_tuples(self, "paths", "wrong")


@dataclass(frozen=True)
class Origin:
    """How a right-hand side comes from a claim's bound: `factor` times its power `power`, at `values`.

    - `values`: what is put in for symbols or matrices.
    - `first`: in the place of the only sum, at the upper end 1: this value of what is summed over.
    - `rest`, `following`: what a further term adds to the bound, where `rest` stands for the sum before it
      and `following` for the new value of what is summed over.
    - `ratio`: it is 1, the limit of this quantity over the bound.
    """

    values: tuple[tuple[Any, Any], ...] = ()
    factor: Any = 1
    power: int = 1
    first: sp.Symbol | None = None
    rest: sp.Symbol | None = None
    following: sp.Symbol | None = None
    ratio: sp.Expr | None = None


@dataclass(frozen=True)
class Statement:
    """What a proof reasons about: `relation` to `right_hand_side`, where all `conditions` hold.

    A claim's words, id and checks are left out, so that no proof can lean on them.  `right_hand_side` and
    `relation` are None where the claim states none; `up_to_constant` as in the claim.
    """

    right_hand_side: sp.Expr | None
    relation: Relation | None = None
    conditions: tuple[sp.Basic, ...] = ()
    up_to_constant: bool = False
    origin: Origin | None = field(default=None, compare=False)

    @property
    def bound(self) -> sp.Expr:
        """The right-hand side; raises ValueError if there is none."""
        if self.right_hand_side is None:
            raise ValueError("the claim states no bound")
        return self.right_hand_side

    def about(self, right_hand_side: Any, origin: Origin | None = None) -> Statement:
        """The same relation in the same conditions, to another right-hand side: a part of the bound, say.

        `origin` says how it comes from the bound, where that cannot be seen from the two.
        """
        return replace(self, right_hand_side=sp.sympify(right_hand_side), origin=origin)


@dataclass(frozen=True)
class Computed:
    """What SymPy computed on the way to a step: `result` is the `kind` ("integral", "limit") of `of`.

    `over` is the variable with its ends, or with the place that it tends to.
    """

    kind: str
    of: Any
    over: tuple[Any, ...]
    result: Any


@dataclass(frozen=True)
class Decided:
    """What a step decided, in full, so that another program can decide it again.

    - `kind`: "identity" (left = right), "nonnegative" (left >= right), "positive" (left > right), "given"
      (the claim's conditions imply `conditions`), "conclusion" (the claim's quantity stands to `left` by
      `shown`, and so to its bound by its relation), "instance" (a comparison that can refute and proves
      nothing), "order" (`left` is the quantity over the bound), "boolean" (SymPy's own yes).
    - `conditions`: where it holds, beside the domains of the symbols.
    - `claimed`: the statement that a conclusion is about.
    - `form`: how the difference was written when its sign was seen.
    - `algebra`: what rewrites matrices (`bounds.proof.matrix_words.Algebra`).
    - `computed`: what SymPy integrated or took the limit of since the step before.
    """

    kind: str
    left: Any = None
    right: Any = None
    conditions: tuple[sp.Basic, ...] = ()
    claimed: Statement | None = None
    shown: Relation | None = None
    form: Any = None
    algebra: Any = None
    computed: tuple[Computed, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of a symbolic proof: `statement` in words, `truth` decided by SymPy.

    `truth` is True only where SymPy reduced the step to an identity or a sign; `shown` is what was
    decided, whose `str` is for display.  A step that is not true leaves the claim undecided, unless it
    `refutes`: then an exact instance inside the claim's conditions breaks the claim itself.  `decided` is
    the same for a program that checks it again, None where nothing of the kind was decided.
    """

    statement: str
    truth: bool
    shown: object = ""
    refutes: bool = field(default=False, kw_only=True)
    decided: Decided | None = field(default=None, kw_only=True, compare=False, repr=False)


@dataclass(frozen=True)
class Quoted(Step):
    """A step that rests on a theorem of the literature, which is named and not decided; `truth` is True."""

    theorem: str = ""


@dataclass(frozen=True)
class Compared:
    """Two sides of a decided step; put into words only where they are read, as printing is slow."""

    left: Any
    sign: str
    right: Any
    ending: str = ""
    point: Mapping[sp.Symbol, Any] | None = None

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}{self.ending}"

    @property
    def in_numbers(self) -> str:
        """Both sides as numbers to six digits at the `point`; empty where there is none, or no number."""
        if self.point is None:
            return ""
        sides = [put_in(sp.sympify(side), self.point) for side in (self.left, self.right)]
        if any(isinstance(side, sp.MatrixBase) or not side.is_number for side in sides):
            return ""  # a matrix, or a symbol has no value
        if not all(side.is_extended_real for side in sides):
            return ""
        left, right = (f"{float(side):.6g}" for side in sides)
        return f"{left} {self.sign} {right}{self.ending}"


@dataclass(frozen=True)
class Proof:
    """A symbolic derivation: every step must be decided True by SymPy.

    - `derive`: receives the claim's `Statement` and yields a `Step` for each thing that it decides.  It must
      reason about what stands in the statement, its bound, relation and conditions, so that a changed one
      changes the outcome: `bounds.proof.steps.concluded` ends a proof, `given` asks for a condition.  It may
      raise `bounds.proof.undecided.Undecided`, as the steps of `bounds.proof.steps` do.

    Example:

        >>> from bounds import Proof
        >>> from bounds.checks import Statement
        >>> from bounds.proof.steps import concluded
        >>> from bounds.symbols import r
        >>> proof = Proof(lambda claimed: [concluded("r twice", r + r, claimed)])
        >>> stated = [Statement(2 * r, how) for how in Relation] + [Statement(3 * r, Relation.LOWER)]
        >>> [step.truth for statement in stated for step in proof.derive(statement)]
        [True, True, True, False]
    """

    derive: Callable[[Statement], Iterable[Step]]


BOUND = sp.Symbol("bound_here")
"""What stands for the claim's bound in an `Enclosure` and in `Roots`, at the values that are told there."""

CELL_LOW, CELL_HIGH, CELL = sp.symbols("cell_low cell_high cell")
"""The ends of a cell, and any number between them."""


@dataclass(frozen=True)
class Enclosure:
    """An inequality between numbers that was enclosed: `left` stands to `right` by `sign`.

    - `says`: what it is, in words.
    - `at`: the values of the claim's symbols at which `BOUND` is its bound.
    - `cells`: where `CELL_LOW`, `CELL_HIGH` and `CELL` run; together they are the whole of `over`.

    A root of the `Roots` that stand before it is a symbol of their `names`.
    """

    says: str
    left: Any
    sign: Literal["<=", ">=", "<", ">"]
    right: Any
    at: tuple[tuple[Any, Any], ...] = ()
    cells: tuple[tuple[Any, Any], ...] = ()
    over: tuple[Any, Any] | None = None


@dataclass(frozen=True)
class Roots:
    """All roots in [0, 1] of the cubic with these Bernstein coefficients: one in each bracket.

    With `counted`, their number stands to the claim's bound at `at` by the claim's relation.
    """

    says: str
    coefficients: tuple[Any, Any, Any, Any]
    brackets: tuple[tuple[Any, Any], ...]
    at: tuple[tuple[Any, Any], ...] = ()
    counted: bool = False

    @property
    def names(self) -> tuple[sp.Symbol, ...]:
        """A symbol for each root, in their order."""
        return tuple(sp.Symbol(f"root_{k}") for k in range(1, len(self.brackets) + 1))


@dataclass(frozen=True)
class Certified:
    """What a rigorous enclosure found.

    `holds` is True (certified on the whole box), False (violated at `witness`) or None (undecided
    at this precision and splitting depth).  `margin` is the smallest certified distance to
    violation; `best` encloses the best constant in place of the stated one, where that is asked.
    `evidence` is what was enclosed, for a program that encloses it again.
    """

    holds: bool | None
    box: str
    bits: int
    boxes: int
    margin: float
    witness: str = ""
    best: tuple[float, float] | None = None
    evidence: tuple[Enclosure | Roots, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """An inequality enclosed in ball arithmetic over a stated box.

    - `prove`: receives the claim's `Statement`, whose bound it must use, and the precision in bits; it
      returns what it found as `Certified`.
    - `bits`: the precision.

    Example:

        >>> from bounds import Certificate, claims
        >>> claim = claims["lemma-5"]
        >>> (check,) = [check for check in claim.checks if isinstance(check, Certificate)]
        >>> check.prove(claim.stated, check.bits).holds
        True
    """

    prove: Callable[[Statement, int], Certified]
    bits: int = 128


@dataclass(frozen=True)
class Search:
    """A deterministic inequality, searched for a counterexample on adversarial random instances.

    - `measured`: its `quantity` names a registered ratio left-hand side / right-hand side, which the claim
      says never passes its bound (1 where it states none); one violation refutes.
    - `instances`: how many are tried.

    Example:

        >>> from bounds import Measured, Search
        >>> Search(Measured(quantity="weyl-ratio"), instances=500).instances
        500
    """

    measured: Measured
    instances: int = 2000


Check: TypeAlias = Tail | Scaling | Level | Law | Proof | Certificate | Search
