"""`filtergain simulate`: errors of one estimator in one setting."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from verification.cli import options
from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_WRONG_USE,
    JobsOption,
    JsonOption,
    SeedOption,
    app,
    number,
)
from verification.cli.terminal import message, print_json

EXAMPLE = (
    "Example: filtergain simulate --n 1e6 --d 10 --d-tilde 8 --r 4 --eta 0.1 --gamma 1e4 "
    "--estimator teacher-filtered --theta 0 --replicates 20"
)


@app.command(
    short_help="Draw errors of an estimator.",
    epilog=EXAMPLE,
)
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
        str, typer.Option("--engine", help="exact (fast), direct (as printed) or limit (any n).")
    ] = "exact",
    replicates: Annotated[
        float, typer.Option("--replicates", parser=number, metavar="NUMBER", help="Draws.")
    ] = 10,
    rotate: Annotated[bool, typer.Option("--rotate", help="Random U, U~ (direct engine only).")] = False,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    json: JsonOption = False,
) -> int:
    """Draw errors of an estimator: how far the learned subspaces are from the truth.

    Exit status 2 where no replicate has an error.
    """
    from verification.simulation import simulate as run_simulation

    place = options.setting(n, d, d_tilde, r, eta, gamma, gamma_tilde)
    extras: dict[str, Any] = {
        "rounds": rounds,
        "teacher_n": teacher_n,
        "student_n": student_n,
        "replicates": replicates,
    }
    result = run_simulation(
        place,
        estimator,
        theta=theta,
        retain=retain,
        engine=engine,
        seed=seed,
        jobs=jobs,
        rotate=rotate,
        **extras,
    )
    for side, dimension in (("left", place.d), ("right", place.d_tilde)):
        if dimension == place.r:
            message(f"note: the {side} space has dimension r, so its error is identically 0")
    options.note_pairs(place.n, *result.procedure.sizes(place.n), result.procedure.rounds)
    total = len(result.draws)
    none = len(result.failures) == total
    if none:
        message(f"no replicate of {total} has an error: {result.failures[0][1]}")
    else:
        for replicate, text in result.failures:
            message(f"replicate {replicate}: {text}")
    values = result.as_dict()
    if json:
        print_json(values)
    if json or none:
        return EXIT_WRONG_USE if none else EXIT_AS_EXPECTED
    spread = "" if values["std"] is None else f" ± {values['std']:.3g}"
    print(f"{estimator}, {engine} engine, {total} replicate{'' if total == 1 else 's'}, seed {seed}")
    what = "   (mean ± standard deviation of one draw)" if spread else ""
    print(f"error     {values['mean']:.6g}{spread}{what}")
    shares = [draw.retained for draw in result.draws if draw is not None and draw.retained is not None]
    if shares:
        print(f"retained  {sum(shares) / len(shares):.4g} of the scored pairs")
    return EXIT_AS_EXPECTED
