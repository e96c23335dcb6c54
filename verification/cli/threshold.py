"""`filtergain threshold`: the best threshold, and whether filtering pays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli import options
from verification.cli.alternatives_text import alone_sentences, print_beside
from verification.cli.app import EXIT_AS_EXPECTED, EXIT_WRONG_USE, JsonOption, SeedOption, app
from verification.cli.options import Figure, Replicates, figure_for
from verification.cli.predict import expected_error, last_student, share_kept
from verification.cli.terminal import print_json, say, with_command
from verification.cli.written import all_written, picture
from verification.setting import Procedure, simulate_command

if TYPE_CHECKING:
    from verification.prediction.advice import Advice, Spending, Threshold
    from verification.prediction.law import PredictedLaw


THRESHOLD_EXAMPLE = "Example: filtergain threshold --n 1e6 --d 512 --r 32 --gamma 5 --eta 0.3"


WORTH_SPLITTING = 1.01
"""The best split is shown where it lowers the error at least so many times."""


@app.command(
    short_help="The best threshold, and whether filtering pays.",
    epilog=THRESHOLD_EXAMPLE,
)
def threshold(
    n: options.N,
    d: options.D,
    r: options.R,
    eta: options.Eta,
    gamma: options.Gamma,
    d_tilde: options.DTilde = None,
    gamma_tilde: options.GammaTilde = None,
    rounds: options.Rounds = 1,
    teacher_n: options.TeacherN = None,
    student_n: options.StudentN = None,
    figure: Figure = None,
    map_: Annotated[
        str | None,
        typer.Option("--map", metavar="FILE", help="Picture of gain and threshold over (eta, gamma)."),
    ] = None,
    replicates: Replicates = 0,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> int:
    """The best threshold, what filtering gains there, and whether one round is enough.

    With --figure, the error against the threshold.
    """
    from verification.prediction.advice import advise, best_threshold
    from verification.prediction.beside import beside

    place = options.setting(n, d, d_tilde, r, eta, gamma, gamma_tilde)
    figure_for(replicates, figure)
    picture("figure", figure)
    picture("map", map_)
    sizes: dict[str, Any] = {"rounds": rounds, "teacher_n": teacher_n, "student_n": student_n}
    found = best_threshold(place, **sizes)
    used = found.prediction
    options.note_pairs(place.n, used.teacher_n, used.student_n, used.rounds)
    standard = rounds == 1 and teacher_n is None and student_n is None
    advice = advise(place, found if standard else None)
    split = advice.best_split if _worth_splitting(advice) else None
    others = beside(place, plans=advice.even, seed=seed, split=split)
    if json:
        print_json({**found.as_dict(), **others.as_dict(), "advice": advice.as_dict()})
    else:
        if found.gain["unfiltered"] is not None:
            parts = "in even parts" if split is None else "in even parts but for the best split"
            print_beside(f"Mean error on the same {place.n:,} pairs, {parts}:", others)
            for sentence in alone_sentences(others):
                say(sentence)
        _print_threshold(found, advice, split)
    drawn = _drawn(found, figure, map_, replicates, seed)
    return EXIT_AS_EXPECTED if drawn else EXIT_WRONG_USE


def _drawn(found: Threshold, figure: str | None, map_: str | None, replicates: int, seed: int) -> bool:
    """Whether the pictures asked for were written: the error against the threshold, and the map of gains."""

    def curve(path: Path) -> None:
        from verification.figures import sharp_law

        sharp_law.error_against_threshold(found, str(path), replicates=replicates, seed=seed)

    def gains(path: Path) -> None:
        from verification.figures import sharp_law

        sharp_law.gain_map(found.setting, str(path))

    return all_written([(figure, curve), (map_, gains)])


def _print_threshold(found: Threshold, advice: Advice, split: Spending | None) -> None:
    """The answer, and below it the command that draws it."""
    used, doubted = found.prediction, found.doubted
    draws = simulate_command(found.setting, last_student(used), 0, 10)
    if found.gain["unfiltered"] is None:
        zero = "the law puts it at 0 with or without a filter"
        if doubted is None:
            say(f"There is no error to lower: {zero}.")
        else:
            say(f"What filtering does to the error is not known here: {zero}, but is not to be trusted.")
            print(with_command("Draw it:", draws))
        return
    if doubted is None:
        sentences = [*_gain_sentences(found, split), _rounds_sentence(advice, split)]
    else:
        sentences = _doubtful_sentences(found, doubted)
    if split is not None and used.unfiltered.trusted:
        sentences.append(_split_sentence(found, advice, split))
    if doubted is None:
        student = used.law("teacher-filtered")
        part = "first-order law" if student.decides == "first order" else "law at any n"
        said = expected_error(student)
        sentences.append(f"{said[0].upper()}{said[1:]} (the {part} decides).")
    for sentence in sentences:
        say(sentence)
    if doubted is not None:
        without = simulate_command(found.setting, Procedure(), 0, 10)
        print(with_command("Draw it without a filter:", without))
    print(with_command("Draw it with the filter:", draws))


def _doubtful_sentences(found: Threshold, doubted: PredictedLaw) -> list[str]:
    """What a law that is not to be trusted says: said to be that, in round numbers, and no advice."""
    used = found.prediction
    share = used.kept_share
    kept = "" if share is None else f", which would keep about {100 * share:.2g}% of the scored pairs"
    return [
        f"By a law that is not to be trusted here ({doubted.reason}; {expected_error(doubted)}), the mean "
        f"error would be about {found.mean:.2g} at a threshold theta near {found.theta:.2g}{kept}, and about "
        f"{used.unfiltered.mean:.2g} without a filter on all {found.setting.n:,} pairs ({_parts(found)}).",
        "Whether filtering pays here, at which threshold and in how many rounds, is not known: draw it, "
        "at other thresholds too.",
    ]


def _parts(found: Threshold) -> str:
    """How many pairs the teacher and each round get."""
    used = found.prediction
    rounds = f" in each of {used.rounds} rounds" if used.rounds > 1 else ""
    return f"teacher on {used.teacher_n:,}, {used.student_n:,} pairs scored{rounds}"


def _gain_sentences(found: Threshold, split: Spending | None) -> list[str]:
    """What filtering gains, at which threshold, and what the paper's two thresholds would cost."""
    used, gain = found.prediction, found.gain["unfiltered"]
    assert gain is not None
    pays = gain > 1 or (split is not None and split.mean < used.unfiltered.mean)
    if gain > 1:
        opening = (
            f"Filtering lowers the mean error {gain:.3g} times: {found.mean:.4g} instead of "
            f"{used.unfiltered.mean:.4g} on all {found.setting.n:,} pairs ({_parts(found)})."
        )
    else:
        opening = (
            f"Filtering does not pay{' at these sizes' if pays else ''}: {found.mean:.4g} against "
            f"{used.unfiltered.mean:.4g} without it, on all {found.setting.n:,} pairs ({_parts(found)})."
        )
    best = "Best threshold" if pays else "The best threshold, should one filter all the same"
    return [
        opening,
        f"{best}: theta = {found.theta:.5g} on the oracle's scale, which keeps "
        f"{share_kept(used.kept_share)} of the scored pairs (clean pairs score {found.setting.r} on "
        "average).",
        f"At theta = 0 the error would be {_times(found.gain['theta_0'])}, at theta = r/2 "
        f"{_times(found.gain['theta_half_r'])}.",
    ]


def _split_sentence(found: Threshold, advice: Advice, split: Spending) -> str:
    """How many pairs the teacher should get, and what that gains."""
    less = [f"{found.prediction.unfiltered.mean / split.mean:.3g} times less than unfiltered"]
    if advice.recommended.rounds > 0 and advice.recommended.in_range:
        parts = "halves" if advice.recommended.rounds == 1 else "even parts"
        less.append(f"{advice.recommended.mean / split.mean:.3g} times less than {parts}")
    return (
        f"Best split of the {found.setting.n:,} pairs: {_plan(split)}, mean error {split.mean:.4g}, "
        f"{' and '.join(less)}."
    )


def _worth_splitting(advice: Advice) -> bool:
    """Whether choosing the teacher's share gains 1% over the best even parts, by a law to be trusted."""
    best = advice.best_split
    return best.rounds > 0 and best.in_range and advice.recommended.mean >= WORTH_SPLITTING * best.mean


def _rounds_sentence(advice: Advice, split: Spending | None) -> str:
    plan = advice.recommended
    doubted = [other.rounds for other in advice.even if other.rounds > 1 and not other.in_range]
    if doubted:
        to_last = f" to {doubted[-1]}" if len(doubted) > 1 else ""
        return (
            f"Whether more than one round pays is not known: of {doubted[0]}{to_last} rounds the law is not "
            "to be trusted here."
        )
    if plan.rounds == 0 and split is None:
        return f"No round is worth its pairs: train on all of them{_not_tried(advice)}."
    if plan.rounds == 0:
        return f"In even parts no round is worth its pairs{_not_tried(advice)}."
    if plan.rounds == 1:
        opening = "In even parts one round" if split is not None and split.rounds > 1 else "One round"
        return (
            f"{opening} is enough: more rounds of fresh pairs out of the same budget gain less than 5%"
            f"{_not_tried(advice)}."
        )
    one = next(other for other in advice.even if other.rounds == 1)
    return (
        f"One round is not enough: {plan.rounds} rounds in even parts ({plan.student_n:,} pairs each, "
        f"theta = {plan.theta:.4g}) reach {plan.mean:.4g}, {one.mean / plan.mean:.3g} times less than one"
        f"{_not_tried(advice)}."
    )


def _not_tried(advice: Advice) -> str:
    """What is said where to first order so many rounds would be best that they were not tried."""
    from verification.prediction.advice import FAR_ROUNDS, far_rounds

    best = far_rounds(advice.setting)
    if best <= FAR_ROUNDS:
        return ""
    return f" (more than {FAR_ROUNDS} were not tried; to first order {best:,} do best)"


def _plan(plan: Spending) -> str:
    rounds = "one round" if plan.rounds == 1 else f"{plan.rounds} rounds"
    each = "" if plan.rounds == 1 else " each"
    pairs = f"{plan.teacher_n:,} for the teacher, {rounds} of {plan.student_n:,}{each}"
    return f"{pairs} at theta = {plan.theta:.4g}"


def _times(ratio: float | None) -> str:
    return "the same" if ratio is None or ratio < 1.0005 else f"{ratio:.4g} times as large"
