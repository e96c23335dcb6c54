"""From what was drawn to `Evidence`: one judge for each kind of check.

A judge sees a plan and the samples of its cells; it draws nothing.  The same samples judge the
wrong versions of the claim, whose bound differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, singledispatch
from typing import Any, cast

import numpy as np

from bounds.checks import Quoted
from bounds.claim import (
    Certificate,
    Claim,
    Law,
    Level,
    Measured,
    Proof,
    Relation,
    Scaling,
    Search,
    Step,
    Tail,
)
from bounds.proof.undecided import Undecided
from verification.checks.plan import BETA, Plan
from verification.engines.estimate import Array
from verification.errors import InvalidArgument
from verification.quantities.registry import COMBINED, Cell
from verification.setting import simulate_command
from verification.statistics import distribution, slopes, tail
from verification.statistics.tail import Evidence, Kind, Outcome

LONGEST_SHOWN = 100
"""Characters of a failing step's two sides that a verdict's words have room for."""

Samples = Callable[[Cell], Array]
"""The drawn values of a cell, in replicate order, shape (replicates,)."""


def judge(plan: Plan, samples: Samples, seed: int) -> Evidence:
    """The evidence of one check at the look that `plan` is at, else at its last one."""
    return _judge(plan.check, plan if plan.judged else plan.at(plan.replicates), samples, seed)


@singledispatch
def _judge(check: Any, plan: Plan, samples: Samples, seed: int) -> Evidence:
    raise InvalidArgument("check", type(check).__name__, "must be a kind of check that can be judged")


def kind(check: Any) -> Kind:
    """What the evidence of a check is called."""
    return cast("Kind", "mean" if isinstance(check, Level) else type(check).__name__.lower())


def _log(ratio: float) -> float:
    """The logarithm, of what is not positive minus infinity."""
    return math.log(ratio) if ratio > 0 else -math.inf


def combine(outcomes: list[Outcome]) -> Outcome:
    """One failure fails, one doubt leaves undecided."""
    if "fails" in outcomes:
        return "fails"
    return "undecided" if "undecided" in outcomes else "holds"


def repeat_draw(cell: Cell, seed: int, replicate: int) -> str:
    """The command that draws one replicate of the cell again."""
    if cell.quantity not in COMBINED:
        return f"{cell.key}, seed {seed}, replicate {replicate}"
    # The smallest error needs every procedure, a ratio its two ends.
    chosen = cell.procedures if cell.quantity == "error" else (cell.procedures[0], cell.procedures[-1])
    # The text shows a mean: that of one draw is the draw, but a later replicate is the last of a list.
    listed = " --json" if replicate else ""
    return " && ".join(simulate_command(cell.setting, p, seed, replicate + 1) + listed for p in chosen)


def _witness(
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
        "command": repeat_draw(cell, seed, replicate),
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


def _bounds(plan: Plan) -> Array:
    """The claim's bound at each point; NaN where it has no value there."""
    with np.errstate(all="ignore"):
        return np.array([float(plan.claim.evaluate(point)) for point in plan.points])


def _ratios(plan: Plan, samples: Samples) -> list[Array]:
    """Drawn quantity over the claim's bound, for each cell of the plan.

    Infinite where the bound is 0 (nothing is claimed from below, everything from above).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            samples(cell)[: plan.judged] / bound
            for cell, bound in zip(plan.cells, _bounds(plan), strict=True)
        ]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _not(outcomes: list[Outcome]) -> str:
    return "not " if combine(outcomes) == "fails" else ""


def _against(claim: Claim) -> float:
    """+1 where large ratios break the claim, -1 where small ones do."""
    return -1.0 if claim.relation is Relation.LOWER else 1.0


def _failing(step: Step) -> str:
    """A step that fails, with what it compares where that is short."""
    shown = str(step.shown)
    return f"step fails: {step.statement}" + (f" ({shown})" if 0 < len(shown) <= LONGEST_SHOWN else "")


def _told(steps: Sequence[Step]) -> str:
    """How many steps were decided, and how many rest on a theorem that they quote."""
    quoted = sum(isinstance(step, Quoted) for step in steps)
    told = _counted(len(steps) - quoted, "symbolic step")
    return told + (f", given {_counted(quoted, 'quoted theorem')}" if quoted else "")


@_judge.register
def _proof(check: Proof, plan: Plan, samples: Samples, seed: int) -> Evidence:
    try:
        steps = list(check.derive(plan.claim.stated))
    except Undecided as doubt:
        return Evidence("proof", f"SymPy could not decide a step: {doubt}", "undecided")
    wrong = [step for step in steps if step.truth is not True]
    return Evidence(
        kind="proof",
        statement=_failing(wrong[0]) if wrong else _told(steps),
        outcome="holds" if steps and not wrong else "fails",
        details={"steps": [{"statement": s.statement, "truth": s.truth, "shown": s.shown} for s in steps]},
    )


@_judge.register
def _certificate(check: Certificate, plan: Plan, samples: Samples, seed: int) -> Evidence:
    found = check.prove(plan.claim.stated, check.bits)
    outcome: Outcome = "undecided" if found.holds is None else "holds" if found.holds else "fails"
    return Evidence(
        kind="certificate",
        statement=f"ball arithmetic finds it false in {found.box}"
        if outcome == "fails"
        else f"enclosed in ball arithmetic over {found.box}",
        outcome=outcome,
        estimate=found.margin,
        interval=found.best,
        witness={"point": found.witness} if found.witness else None,
        details={
            "box": found.box,
            "bits": found.bits,
            "boxes": found.boxes,
            "worst_margin": found.margin,
        },
    )


@_judge.register
def _search(check: Search, plan: Plan, samples: Samples, seed: int) -> Evidence:
    (cell,) = plan.cells
    ratios = samples(cell)[: plan.judged]
    limit = float(plan.claim.evaluate({})) if plan.claim.bound is not None else 1.0
    worst = int(np.argmax(ratios))
    broken = bool(ratios[worst] > limit * (1 + 1e-9))
    return Evidence(
        kind="search",
        statement=f"{cell.quantity} {'passes' if broken else 'never passes'} {limit:g}",
        outcome="fails" if broken else "holds",
        estimate=float(ratios[worst]),
        threshold=limit,
        replicates=len(ratios),
        seed=seed,
        witness={"instance": worst, "ratio": float(ratios[worst])} if broken else None,
        power=tail.Power(
            smallest=min(1.0, -math.log(BETA) / len(ratios)),
            meaning="probability that an adversarial instance breaks the statement",
            replicates=len(ratios),
            beta=BETA,
        ),
        slack=limit / float(ratios[worst]) if 0 < ratios[worst] < math.inf else None,
    )


@_judge.register
def _tail(check: Tail, plan: Plan, samples: Samples, seed: int) -> Evidence:
    assert plan.test is not None
    sign = _against(plan.claim)
    rows: list[dict[str, Any]] = []
    witness = None
    bounds = _bounds(plan)
    if not np.isfinite(bounds).all():
        return Evidence("tail", "the bound has no value at some setting", "undecided")
    drawn = zip(plan.points, plan.cells, bounds, _ratios(plan, samples), strict=True)
    for point, cell, bound, ratios in drawn:
        # The values themselves are compared: a bound <= 0 would turn a ratio's inequality around.
        broken = sign * (samples(cell)[: plan.judged] - bound) > 0
        result = tail.run_tail((bool(b) for b in broken), plan.test, plan.judged)
        used = ratios[: result.used]
        # An order statistic: ratios may be infinite.
        edge = np.quantile(used, 1 - check.delta if sign > 0 else check.delta, method="inverted_cdf")
        rows.append(
            {
                "setting": dict(point),
                "outcome": result.outcome,
                "log_e": result.log_e,
                "replicates": result.used,
                "exceedances": result.exceedances,
                "median_ratio": float(np.median(used)),
                "edge_ratio": float(edge),
            }
        )
        if result.outcome == "fails" and witness is None and result.first is not None:
            witness = _witness(cell, samples(cell), seed, result.first, float(bound), setting=dict(point))
    outcome = combine([row["outcome"] for row in rows])
    # The setting where the bound is nearest to breaking: how far it could move there.
    nearest = float(
        max(row["edge_ratio"] for row in rows) if sign > 0 else min(row["edge_ratio"] for row in rows)
    )
    slack = 1 / nearest if sign > 0 and nearest > 0 else nearest if sign < 0 and nearest > 0 else None
    word = "above" if sign > 0 else "below"
    share = 1 - check.delta if sign > 0 else check.delta
    return Evidence(
        kind="tail",
        statement=f"P(error {word} the bound) {_limit(rows, check.delta, plan.test.detectable)}",
        outcome=outcome,
        estimate=nearest,
        threshold=1.0,
        false_alarm=plan.alpha,
        power=tail.tail_evidence_power(plan.test, plan.replicates),
        replicates=sum(row["replicates"] for row in rows),
        seed=seed,
        witness=witness,
        slack=slack if outcome == "holds" else None,
        details={
            # At a stop that the draws chose, and at the worst of several settings: no interval.  One that
            # holds at every stop would have no end here: at the share of alpha that a setting has, so few
            # replicates say nothing of the quantile beyond the largest of them.
            "measured_as": f"observed {share:.3g} quantile of error/bound",
            "claimed": check.delta,
            "excluded": plan.test.detectable,
            "cells": rows,
            "left_out": plan.left_out,
        },
    )


def _limit(rows: list[dict[str, Any]], claimed: float, excluded: float) -> str:
    """What was found of the probability that a bound is broken: a pass excludes more than is claimed."""
    where = _counted(len(rows), "setting")
    failing, open_ = (sum(row["outcome"] == word for row in rows) for word in ("fails", "undecided"))
    if failing:
        return f"> {claimed:g} at {failing} of {where}"
    if open_:
        return f"is not shown to be < {excluded:g} (claimed: at most {claimed:g}) at {open_} of {where}"
    return f"< {excluded:g} (claimed: at most {claimed:g}) at {where}"


@_judge.register
def _scaling(check: Scaling, plan: Plan, samples: Samples, seed: int) -> Evidence:
    sign = _against(plan.claim)
    parameter = check.path.parameter.name
    log_x = np.log([point[parameter] for point in plan.points])
    log_ratios = [np.log(ratios) for ratios in _ratios(plan, samples)]
    along = np.abs(log_x - log_x[0])
    if check.two_sided:
        result = slopes.slope_interval(log_x, log_ratios, plan.look_alpha)
        outcome = slopes.equivalence(result.end[1], 0.0, check.margin)
        right = "off by more than " if outcome == "fails" else "right to ±"
        statement = f"the exponent of {parameter} is {right}{check.margin:g}"
    else:
        result = slopes.slope_interval(along, [sign * v for v in log_ratios], plan.look_alpha)
        outcome = slopes.at_most(result.end[1], check.margin)
        verb = "grow" if sign > 0 else "fall"
        verb = f"{verb}s" if outcome == "fails" else f"does not {verb}"
        statement = (
            f"error/bound {verb} faster than the power {check.margin:g} between the ends "
            f"{parameter} = {math.exp(log_x[0]):g} and {parameter} = {math.exp(log_x[-1]):g}"
        )
    statement += at_thresholds(check.measured)
    ratios = [math.exp(float(np.median(v))) for v in log_ratios]
    witness = None
    if outcome == "fails":
        # One draw where the ratio is furthest from its start; the median of all stands beside its own ratio.
        last = plan.cells[-1]
        bound = float(_bounds(plan)[-1])
        witness = _witness(last, samples(last), seed, 0, bound, median_ratio=ratios[-1])
    assert plan.half_width is not None
    return Evidence(
        kind="scaling",
        statement=statement,
        outcome=outcome,
        estimate=result.end[0],
        interval=result.end[1],
        threshold=check.margin,
        false_alarm=plan.alpha,
        power=slopes.slope_power(plan.half_width, check.margin, plan.replicates, BETA),
        replicates=result.replicates,
        seed=seed,
        witness=witness,
        details={
            "parameter": parameter,
            "thresholds": list(thresholds(check.measured)),
            "two_sided": check.two_sided,
            "against": sign,
            "values": [float(point[parameter]) for point in plan.points],
            "median_ratio": ratios,
            "local_slopes": [estimate for estimate, _ in result.local],
            "settings": [dict(point) for point in plan.points],
            "left_out": plan.left_out,
        },
    )


@_judge.register
def _level(check: Level, plan: Plan, samples: Samples, seed: int) -> Evidence:
    outcomes: list[Outcome] = []
    rows: list[dict[str, Any]] = []
    for values, cell in zip(plan.points, plan.cells, strict=True):
        target = check.value if check.value is not None else float(plan.claim.evaluate(values))
        drawn = samples(cell)[: plan.judged] / target
        interval = slopes.median_interval(drawn, plan.look_alpha / len(plan.cells))
        outcomes.append(slopes.equivalence(interval, 1.0, check.tolerance))
        rows.append(
            {
                "setting": values,
                "target": target,
                "median": float(np.median(drawn)) * target,
                "ratio_interval": interval,
            }
        )
    estimates = [row["median"] / row["target"] for row in rows]
    worst = max(range(len(rows)), key=lambda i: abs(_log(estimates[i])))
    return Evidence(
        kind="mean",
        statement=f"the typical value is {_not(outcomes)}within {check.tolerance:.0%} of the stated one"
        + at_thresholds(check.measured),
        outcome=combine(outcomes),
        estimate=estimates[worst] - 1,
        interval=(rows[worst]["ratio_interval"][0] - 1, rows[worst]["ratio_interval"][1] - 1),
        threshold=check.tolerance,
        false_alarm=plan.alpha,
        power=slopes.slope_power(
            # Ratios multiply: the upper end is off by the tolerance and by the half-width of it.
            (1 + check.tolerance) * (plan.half_width or 0.0),
            check.tolerance,
            plan.replicates,
            BETA,
            meaning="relative difference of the typical value from the stated one",
        ),
        replicates=plan.judged * len(rows),
        seed=seed,
        witness=_witness(
            plan.cells[worst],
            samples(plan.cells[worst]),
            seed,
            0,
            rows[worst]["target"],
            setting=rows[worst]["setting"],
            median_ratio=estimates[worst],
        )
        if combine(outcomes) == "fails"
        else None,
        details={"cells": rows},
    )


@_judge.register
def _law(check: Law, plan: Plan, samples: Samples, seed: int) -> Evidence:
    outcomes: list[Outcome] = []
    rows: list[dict[str, Any]] = []
    results = []
    rates = plan.look_alpha / len(plan.cells), BETA / len(plan.looks)
    for values, cell in zip(plan.points, plan.cells, strict=True):
        drawn = samples(cell)[: plan.judged]
        result = distribution.law_test(drawn, check.tolerance, *rates, partial(check.cdf, values))
        outcomes.append(result.outcome)
        results.append(result)
        rows.append({"setting": values, "distance": result.distance, "outcome": result.outcome})
    # A band about the largest distance measured covers the largest true one, at these rates whatever the
    # number of settings: its upper end is too low only if the band of that one setting is.
    worst = max(range(len(rows)), key=lambda i: results[i].distance)
    where = _counted(len(rows), "setting")
    return Evidence(
        kind="law",
        statement=f"the whole distribution is {_not(outcomes)}within {check.tolerance:g} of the stated one "
        f"at {where}",
        outcome=combine(outcomes),
        estimate=results[worst].distance,
        interval=results[worst].interval,
        threshold=check.tolerance,
        false_alarm=plan.alpha,
        power=replace(
            results[worst].power,
            smallest=check.tolerance + distribution.minimal_distance(plan.replicates, *rates),
            replicates=plan.replicates,
            beta=BETA,
        ),
        replicates=plan.judged * len(rows),
        seed=seed,
        witness=_witness(
            plan.cells[worst],
            samples(plan.cells[worst]),
            seed,
            0,
            setting=rows[worst]["setting"],
            distance=results[worst].distance,
        )
        if combine(outcomes) == "fails"
        else None,
        details={
            "measured_as": f"{'largest ' * (len(rows) > 1)}Kolmogorov distance measured",
            "cells": rows,
            "left_out": plan.left_out,
        },
    )
