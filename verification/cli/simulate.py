"""`filtergain simulate`: errors of one estimator in one setting."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from verification.cli import options
from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_WRONG_USE,
    JsonOption,
    SeedOption,
    app,
    number_option,
)
from verification.cli.terminal import message, print_json, work_bar
from verification.errors import InvalidArgument

if TYPE_CHECKING:
    from verification.setting import EstimatorName
    from verification.simulation import Simulation

EXAMPLE = (
    "Example: filtergain simulate --n 1e6 --d 10 --d-tilde 8 --r 4 --eta 0.1 --gamma 1e4 "
    "--estimator teacher-filtered --theta 0 --replicates 20"
)


@app.command(short_help="Draw errors of an estimator.", epilog=EXAMPLE)
def simulate(
    n: options.N,
    d: options.D,
    r: options.R,
    eta: options.Eta,
    gamma: options.Gamma,
    d_tilde: options.DTilde = None,
    gamma_tilde: options.GammaTilde = None,
    estimator: options.Estimator = "unfiltered",
    theta: options.Theta = None,
    retain: options.Retain = None,
    rounds: options.Rounds = 1,
    teacher_n: options.TeacherN = None,
    student_n: options.StudentN = None,
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="NAME", help="exact (fast), direct (as printed) or limit (any n)."),
    ] = "exact",
    replicates: Annotated[float, number_option("--replicates", "Draws.")] = 10,
    rotate: Annotated[bool, typer.Option("--rotate", help="Random U, U~ (direct engine only).")] = False,
    bound: Annotated[
        float | None, number_option("--bound", "A number to set the errors against, such as a claim's bound.")
    ] = None,
    seed: SeedOption = 0,
    jobs: Annotated[int | None, number_option("--jobs", "Worker processes.  [default: 1]")] = None,
    executor: options.ExecutorName = "processes",
    scheduler: options.Scheduler = None,
    json: JsonOption = False,
) -> int:
    """Draw errors of an estimator: how far the learned subspaces are from the truth.

    Workers share the replicates, or the pairs of each where these are many and replicates are few.
    Exit status 2 where no replicate has an error.
    """
    from verification.simulation import simulate as run_simulation

    place = options.setting(n, d, d_tilde, r, eta, gamma, gamma_tilde)
    if bound is not None and not 0 < bound < math.inf:
        raise InvalidArgument("bound", bound, "must be a positive number")
    counts: dict[str, Any] = {"rounds": rounds, "teacher_n": teacher_n, "student_n": student_n}
    counts |= {"replicates": replicates, "seed": seed}
    where: dict[str, Any] = {"jobs": jobs, "executor": executor, "scheduler": scheduler}
    with _progress(replicates) as tell:
        how: dict[str, Any] = {"theta": theta, "retain": retain, "engine": engine, "rotate": rotate}
        result = run_simulation(
            place, cast("EstimatorName", estimator), **how, **counts, **where, on_progress=tell
        )
    for side, dimension in (("left", place.d), ("right", place.d_tilde)):
        if dimension == place.r:
            message(f"note: the {side} space has dimension r, so its error is identically 0")
    options.note_pairs(place.n, *result.procedure.sizes(place.n), result.procedure.rounds)
    _note_failures(result)
    if json:
        against = {} if bound is None else {"bound": bound, "ratios": _ratios(result, bound)}
        print_json({**result.as_dict(), **against})
    elif len(result.failures) < len(result.draws):
        _print_errors(result, bound)
    return EXIT_WRONG_USE if len(result.failures) == len(result.draws) else EXIT_AS_EXPECTED


@contextmanager
def _progress(total: float) -> Iterator[Callable[[float], None]]:
    """A bar that is told of replicates, and of shares of one, as they are drawn."""
    done = 0.0
    with work_bar("simulate") as update:

        def tell(share: float) -> None:
            nonlocal done
            done += share
            update(done, total, "drawing")

        yield tell


def _note_failures(result: Simulation) -> None:
    if len(result.failures) == len(result.draws):
        message(f"no replicate of {len(result.draws)} has an error: {result.failures[0][1]}")
        return
    for replicate, text in result.failures:
        message(f"replicate {replicate}: {text}")


def _ratios(result: Simulation, bound: float) -> list[float | None]:
    """Each error over the bound."""
    return [None if draw is None else draw.error / bound for draw in result.draws]


def _print_errors(result: Simulation, bound: float | None) -> None:
    values, total = result.as_dict(), len(result.draws)
    spread = "" if values["std"] is None else f" ± {values['std']:.3g}"
    head = f"{result.procedure.estimator}, {result.engine} engine"
    print(f"{head}, {total} replicate{'' if total == 1 else 's'}, seed {result.seed}")
    what = "   (mean ± standard deviation of one draw)" if spread else ""
    print(f"error     {values['mean']:.6g}{spread}{what}")
    if bound is not None:
        print(f"bound     {bound:.6g}   (error/bound {values['mean'] / bound:.4g})")
    shares = [draw.retained for draw in result.draws if draw is not None and draw.retained is not None]
    if shares:
        print(f"retained  {sum(shares) / len(shares):.4g} of the scored pairs")
