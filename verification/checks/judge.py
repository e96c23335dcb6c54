"""From what was drawn to `Evidence`: what the judges of all kinds of check share.

A judge sees a plan and the samples of its cells; it draws nothing.  The same samples judge the
wrong versions of the claim, whose bound differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, singledispatch
from typing import Any, cast

import numpy as np
import sympy as sp

from bounds.checks import resolve
from bounds.claim import Claim, Level, Measured, Path, Relation
from bounds.proof.region import flattened
from bounds.symbols import SYMBOLS, d, d_tilde, r
from verification.checks.plan import Plan
from verification.engines.estimate import Array
from verification.errors import InvalidArgument
from verification.quantities.registry import COMBINED, Cell
from verification.setting import simulate_command
from verification.statistics.evidence import Evidence, Kind, Outcome

Samples = Callable[[Cell], Array]
"""The drawn values of a cell, in replicate order, shape (replicates,)."""


def judge(plan: Plan, samples: Samples, seed: int) -> Evidence:
    """The evidence of one check at the look that `plan` is at, else at its last one."""
    return judge_check(plan.check, plan if plan.judged else plan.at(plan.replicates), samples, seed)


@singledispatch
def judge_check(check: Any, plan: Plan, samples: Samples, seed: int) -> Evidence:
    """The evidence of one kind of check, which enters itself here."""
    raise InvalidArgument("check", type(check).__name__, "must be a kind of check that can be judged")


def kind(check: Any) -> Kind:
    """What the evidence of a check is called in documents."""
    return cast("Kind", "mean" if isinstance(check, Level) else type(check).__name__.lower())


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """One failure fails, one doubt leaves undecided."""
    if "fails" in outcomes:
        return "fails"
    return "undecided" if "undecided" in outcomes else "holds"


def repeat_draw(cell: Cell, seed: int, replicate: int, bound: float | None = None) -> str:
    """The command that draws one replicate of the cell again, an error beside its bound."""
    if cell.quantity not in COMBINED:
        return f"{cell.key}, seed {seed}, replicate {replicate}"
    # The smallest error needs every procedure, a ratio its two ends.
    chosen = cell.procedures if cell.quantity == "error" else (cell.procedures[0], cell.procedures[-1])
    # The text shows a mean: that of one draw is the draw, but a later replicate is the last of a list.
    listed = " --json" if replicate else ""
    shown = cell.quantity == "error" and bound is not None and 0 < bound < math.inf
    compared = f" --bound {bound!r}" if shown else ""
    return " && ".join(
        simulate_command(cell.setting, p, seed, replicate + 1) + compared + listed for p in chosen
    )


def witness_of(
    cell: Cell, drawn: Array, seed: int, replicate: int, bound: float | None = None, **found: Any
) -> dict[str, Any]:
    """One replicate that was seen: where, which, its own value (over `bound`), and how to draw it again."""
    value = float(drawn[replicate])
    ratio: dict[str, float] = {}
    if bound is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = {"bound": bound, "ratio": float(np.float64(value) / bound)}
    return {
        "setting": dict(cell.values),
        "replicate": replicate,
        "value": value,
        **ratio,
        **found,
        "command": repeat_draw(cell, seed, replicate, None if bound is None else float(bound)),
    }


def thresholds(measured: Measured) -> tuple[str, ...]:
    """The thresholds over which the smallest error is taken, in words; empty for a single one."""
    several = measured.quantity == "error" and len(measured.thetas) > 1
    return tuple(str(theta).replace("*", "") for theta in measured.thetas) if several else ()


def at_thresholds(measured: Measured) -> str:
    """What to say of several thresholds, whose smallest error counts, or of the shares kept."""
    if named := thresholds(measured):
        return f", smallest error over theta = {', '.join(named)}"
    if measured.retains:
        return f", keeping {', '.join(f'{share:.3g}' for share in measured.retains)} of the scored pairs"
    return ""


def bounds(plan: Plan) -> Array:
    """The claim's bound at each point; NaN where it has no value there."""
    with np.errstate(all="ignore"):
        return np.array([float(plan.claim.bound_at(point)) for point in plan.points])


def ratios_to_bound(plan: Plan, samples: Samples) -> list[Array]:
    """Drawn quantity over the claim's bound, for each cell of the plan.

    Infinite where the bound is 0 (nothing is claimed from below, everything from above).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            samples(cell)[: plan.judged] / bound for cell, bound in zip(plan.cells, bounds(plan), strict=True)
        ]


def counted(count: int, noun: str) -> str:
    """The number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def negation(outcome: Outcome) -> str:
    """What makes a statement its contrary where that was found."""
    return "not " if outcome == "fails" else ""


def against(claim: Claim) -> float:
    """+1 where large ratios break the claim, -1 where small ones do."""
    return -1.0 if claim.relation is Relation.LOWER else 1.0


FAR = 1000
"""How far beyond its last value a parameter goes on that has no end."""


def harmless(claim: Claim, path: Path, slope: float) -> bool:
    """Whether log(measured/bound) may move by this power of the path's parameter and the claim still be true.

    A bound of one side up to a constant that has another exponent than the truth is broken where the
    parameter goes the way on which the ratio moves against it.  Where that way ends the bound is loose,
    not false.
    """
    if claim.relation not in (Relation.UPPER, Relation.LOWER):
        return False
    return comes_to_an_end(claim, path, upwards=against(claim) * slope > 0)


def comes_to_an_end(claim: Claim, path: Path, *, upwards: bool) -> bool:
    """Whether a parameter cannot go on that way as the path moves it.

    Counts do not fall below 1, shares do not pass 1, r does not pass a dimension that stands still, and
    nothing passes a number that a condition gives as its only end.  A window, of two ends, is none: an order
    stated for it is read as powers over the window, or it would say nothing.
    """
    return _ended(claim.conditions, path.parameter, upwards) or _domain_ends(path, upwards=upwards)


@lru_cache(maxsize=4096)
def _ended(conditions: tuple[sp.Basic, ...], parameter: sp.Symbol, upwards: bool) -> bool:
    """Whether a number among the conditions ends a parameter that has no other end than 0 and infinity."""
    declared = SYMBOLS.get(parameter.name)
    if parameter.is_integer or (declared is not None and not declared.domain.startswith("(0, inf")):
        return False
    low, high = numbers_around(conditions, parameter)
    return (math.isfinite(high) and low == 0) if upwards else (low > 0 and math.isinf(high))


def numbers_around(conditions: tuple[sp.Basic, ...], parameter: sp.Symbol) -> tuple[float, float]:
    """The largest number that conditions put below a positive parameter, 0 if none, and the least above."""
    low, high = 0.0, math.inf
    for one in flattened(conditions):
        if isinstance(one, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
            if one.gts == parameter and one.lts.is_number:
                low = max(low, float(one.lts))
            if one.lts == parameter and one.gts.is_number:
                high = min(high, float(one.gts))
    return low, high


@lru_cache(maxsize=4096)
def _domain_ends(path: Path, *, upwards: bool) -> bool:
    """Whether the parameter's own domain ends that way, or a dimension that stands still."""
    parameter = path.parameter
    if not upwards:
        return bool(parameter.is_integer)
    declared = SYMBOLS.get(parameter.name)
    if declared is not None and declared.domain.startswith("(0, 1"):
        return True
    values = {**dict(path.at), parameter: FAR * sp.sympify(path.values[-1])}
    sizes = {symbol: values[symbol] for symbol in (parameter, r, d, d_tilde) if symbol in values}
    try:
        numbers = resolve(sizes)
    except ValueError:  # a dimension that depends on more than these
        return False
    return numbers.get("r", 0) > min(numbers.get(name, math.inf) for name in ("d", "d_tilde"))
