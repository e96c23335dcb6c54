"""`filtergain predict` and `filtergain threshold`: the sharp law, without sampling."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli import options
from verification.cli.alternatives_text import alone_sentences, print_beside
from verification.cli.app import EXIT_AS_EXPECTED, EXIT_WRONG_USE, JsonOption, SeedOption, app, number
from verification.cli.options import Figure, Replicates, figure_for
from verification.cli.terminal import print_json, say, with_command
from verification.cli.written import all_written, picture
from verification.setting import Procedure, Setting, simulate_command

if TYPE_CHECKING:
    from verification.prediction.law import PredictedLaw, Prediction

PREDICT_EXAMPLE = (
    "Example: filtergain predict --n 1e4 --d 10 --d-tilde 8 --r 4 --eta 0.3 --gamma 1e4 --student-n 1e4 "
    "--retain 0.1 --retain 0.5"
)


Thetas = Annotated[
    list[float] | None,
    typer.Option(
        "--theta", parser=number, metavar="NUMBER", help="Threshold on the oracle's scale; may be repeated."
    ),
]
Retains = Annotated[
    list[float] | None,
    typer.Option(
        "--retain", parser=number, metavar="NUMBER", help="Share of the scored pairs kept; may be repeated."
    ),
]


@app.command(
    short_help="The error of every estimator, without sampling.",
    epilog=PREDICT_EXAMPLE,
)
def predict(
    n: options.N,
    d: options.D,
    r: options.R,
    eta: options.Eta,
    gamma: options.Gamma,
    d_tilde: options.DTilde = None,
    gamma_tilde: options.GammaTilde = None,
    theta: Thetas = None,
    retain: Retains = None,
    rounds: options.Rounds = 1,
    teacher_n: options.TeacherN = None,
    student_n: options.StudentN = None,
    figure: Figure = None,
    over_n: Annotated[
        str | None,
        typer.Option("--over-n", metavar="FILE", help="Picture of the error over n through the transition."),
    ] = None,
    replicates: Replicates = 0,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> int:
    """The error of every estimator, without sampling; with --figure, the error against eta.

    Beside them what else could be done with the n pairs. With several thresholds the picture has a curve for
    each, and the JSON is a list.
    """
    from verification.prediction import beside
    from verification.prediction import law as prediction

    place = options.setting(n, d, d_tilde, r, eta, gamma, gamma_tilde)
    figure_for(replicates, figure or over_n)
    picture("figure", figure)
    picture("over-n", over_n)
    sizes: dict[str, Any] = {"rounds": rounds, "teacher_n": teacher_n, "student_n": student_n}
    thresholds: list[dict[str, Any]] = [{"theta": t} for t in theta or []]
    thresholds += [{"retain": q} for q in retain or []]
    results = [prediction.predict(place, **at, **sizes) for at in thresholds or [{}]]
    options.note_pairs(place.n, results[0].teacher_n, results[0].student_n, results[0].rounds)
    others = beside.beside(place, seed=seed)
    if json:
        found = [{**result.as_dict(), **others.as_dict()} for result in results]
        print_json(found[0] if len(found) == 1 else found)
    else:
        _print_predictions(results)
        print_beside(f"Mean error on the same {place.n:,} pairs, in even parts:", others)
        for sentence in alone_sentences(others):
            say(sentence)
    drawn = _drawn(place, results, sizes, figure, over_n, replicates, seed)
    return EXIT_AS_EXPECTED if drawn else EXIT_WRONG_USE


def _drawn(
    place: Setting,
    results: list[Prediction],
    sizes: dict[str, Any],
    figure: str | None,
    over_n: str | None,
    replicates: int,
    seed: int,
) -> bool:
    """Whether the pictures asked for were written: the error against eta at the thresholds, and against n."""
    from verification.prediction import advice

    def against_eta(path: Path) -> None:
        from verification.figures import sharp_law

        given = [result.theta for result in results if result.theta is not None]
        chosen = given or [advice.best_threshold(place, **sizes).theta]
        sharp_law.error_against_eta(place, chosen, str(path), replicates=replicates, seed=seed, **sizes)

    def against_n(path: Path) -> None:
        from verification.figures import sharp_law

        sharp_law.error_against_n(place, str(path), replicates=replicates, seed=seed)

    return all_written([(figure, against_eta), (over_n, against_n)])


def _print_predictions(results: list[Prediction]) -> None:
    first = results[0]
    place = first.setting
    print("mean error ± standard deviation of one draw, and which part of the law decides")
    print("(first order: its limit for many pairs says the same; any n: it does not yet)")
    _print_law(f"unfiltered on {place.n:,} pairs", first.unfiltered, place, Procedure())
    teacher = replace(place, n=max(4, first.teacher_n))
    _print_law(f"teacher on {first.teacher_n:,} pairs", first.teacher, teacher, Procedure())
    for result in results:
        if result.theta is None or result.oracle_filtered is None or result.teacher_filtered is None:
            continue
        after = "" if result.rounds == 1 else f", {result.rounds} rounds"
        print(
            f"theta = {result.theta:.5g} keeps {share_kept(result.retained)} of {result.student_n:,} pairs"
            f"{after}; leak {result.leak_left:.3g} left, {result.leak_right:.3g} right"
        )
        if (own := _kept_by_the_teacher(result)) is not None:
            print(own)
        if advice := _enough(result):
            _print_law("  filtered by the oracle", result.oracle_filtered)
            _print_law("  filtered by the teacher", result.teacher_filtered)
            print(f"      {advice}")
            continue
        oracle = Procedure("oracle-filtered", result.theta, student_n=result.student_n)
        _print_law("  filtered by the oracle", result.oracle_filtered, place, oracle)
        _print_law("  filtered by the teacher", result.teacher_filtered, place, last_student(result))


FEWEST_DRAWN = 10
"""Pairs that a threshold must keep on average for a simulation to be worth while: no fit has fewer than 2."""


SAFELY = 1.1
"""Kept pairs over the fewest that the law is to be trusted with, at the threshold that is named."""


def _enough(result: Prediction) -> str:
    """What to do where a threshold keeps too few pairs even for a simulation; "" where it keeps more."""
    from bounds.law.proportional import FEWEST
    from verification.prediction.law import score_of

    if result.retained is None or result.retained * result.student_n >= FEWEST_DRAWN:
        return ""
    needed = math.ceil(SAFELY * FEWEST * result.setting.r)
    if needed >= result.student_n:
        return f"more pairs are needed: {needed:,} kept of {result.student_n:,} scored leave no filter"
    lower = score_of(result.setting).quantile(needed / result.student_n)
    return f"a lower threshold keeps enough pairs to learn from: --theta {lower:.4g} keeps {needed:,}"


def last_student(result: Prediction) -> Procedure:
    """The procedure of a prediction's last student; only sizes that are not the default are named."""
    plain = Procedure("teacher-filtered", result.theta, rounds=result.rounds)
    if plain.sizes(result.setting.n) == (result.teacher_n, result.student_n):
        return plain
    return replace(plain, teacher_n=result.teacher_n, student_n=result.student_n)


def _print_law(
    name: str, law: PredictedLaw, place: Setting | None = None, procedure: Procedure | None = None
) -> None:
    """A line with the law; below it why it is not to be trusted, where it is not, and what to simulate."""
    if law.trusted:
        print(f"{name:<36} {law.mean:.5g} ± {law.std:.3g}   {law.decides}")
    else:
        print(f"{name:<36} about {law.mean:.2g} ± {law.std:.1g}   {law.decides}")
        print(f"      not to be trusted: {law.reason}; {expected_error(law)}")
    if not law.trusted and place is not None and procedure is not None:
        print(with_command("      simulate it:", simulate_command(place, procedure, 0, 10)))


DIFFERENT = 0.01
"""The teacher's kept share is shown beside the oracle's where they differ by more than this of it."""


def _kept_by_the_teacher(result: Prediction) -> str | None:
    """A line with the share that the last teacher keeps; None where it is the oracle's."""
    kept, oracle = result.kept_share, result.retained
    if kept is None or oracle is None or abs(kept - oracle) <= DIFFERENT * oracle:
        return None
    about = share_kept(kept) if result.law("teacher-filtered").trusted else f"about {100 * kept:.2g}%"
    return f"      that is by the oracle's score; by the teacher's it keeps {about}"


def expected_error(law: PredictedLaw) -> str:
    """How far off the mean may be, in words."""
    if law.relative_error >= 1:
        return "nothing bounds its relative error"
    if law.relative_error < SMALLEST_SHOWN:
        return f"expected relative error below {SMALLEST_SHOWN:.1%}"
    return f"expected relative error {law.relative_error:.1%} or less"


SMALLEST_SHOWN = 1e-3
"""A smaller relative error is "below" this."""


def share_kept(share: float | None) -> str:
    """The share of the scored pairs that is kept, in words."""
    if share is None or share == 1:
        return "all"
    return f"{share:.3%}" if share >= 1e-4 else f"{100 * share:.2g}%"
