"""`predict`: the error of every estimator in a setting from the first-order law, without sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bounds.law import accuracy as finite_sample
from bounds.law import scales as sharp
from bounds.law.accuracy import Accuracy
from bounds.law.error import ErrorLaw
from bounds.law.scales import Selection
from bounds.law.score import Score
from verification.errors import InvalidArgument
from verification.setting import Procedure, Setting


@dataclass(frozen=True)
class PredictedLaw:
    """The predicted law of ERR and how far to trust it."""

    law: ErrorLaw
    accuracy: Accuracy

    @property
    def mean(self) -> float:
        """E[ERR]."""
        return self.law.mean

    @property
    def std(self) -> float:
        """Standard deviation of ERR."""
        return self.law.std

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object, with the estimated relative error and the flag."""
        return {
            **self.law.as_dict(),
            "relative_error": self.accuracy.relative_error,
            "in_range": self.accuracy.in_range,
        }


@dataclass(frozen=True)
class Prediction:
    """All estimators of a setting at one threshold.

    `theta` (on the oracle's scale), `retained` and both leaks are None without a threshold, and so are
    the filtered laws.  `teacher_filtered` is the student after `procedure.rounds` rounds.
    """

    setting: Setting
    rounds: int
    teacher_n: int
    student_n: int
    theta: float | None
    retained: float | None
    leak_left: float | None
    leak_right: float | None
    unfiltered: PredictedLaw
    teacher: PredictedLaw
    oracle_filtered: PredictedLaw | None
    teacher_filtered: PredictedLaw | None

    def law(self, estimator: str) -> PredictedLaw:
        """The law of an estimator by its command-line name.  Raises InvalidArgument without a threshold."""
        found = {
            "unfiltered": self.unfiltered,
            "oracle-filtered": self.oracle_filtered,
            "teacher-filtered": self.teacher_filtered,
        }.get(estimator)
        if found is None:
            raise InvalidArgument("estimator", estimator, "must be unfiltered, or filtered with a threshold")
        return found

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        filtered = (self.oracle_filtered, self.teacher_filtered)
        return {
            "setting": self.setting.as_dict(),
            "rounds": self.rounds,
            "teacher_n": self.teacher_n,
            "student_n": self.student_n,
            "theta": self.theta,
            "retained": self.retained,
            "leak": {"left": self.leak_left, "right": self.leak_right},
            "unfiltered": self.unfiltered.as_dict(),
            "teacher": self.teacher.as_dict(),
            "oracle_filtered": None if filtered[0] is None else filtered[0].as_dict(),
            "teacher_filtered": None if filtered[1] is None else filtered[1].as_dict(),
        }


def predict(
    setting: Setting,
    *,
    theta: float | None = None,
    retain: float | None = None,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
) -> Prediction:
    """The laws of ERR in `setting`: unfiltered on n, teacher, and at a threshold both filtered ones.

    theta is on the oracle's scale (clean mean r), retain the share of the scored pairs that is kept;
    give at most one.  Sizes default as in `Procedure`.  The oracle is predicted on the pairs of one
    round.  Raises InvalidArgument.
    """
    threshold = theta is not None or retain is not None
    procedure = Procedure(
        "teacher-filtered", theta if threshold else 0.0, retain, rounds, teacher_n, student_n
    )
    pairs, scored = procedure.sizes(setting.n)
    unfiltered = PredictedLaw(
        _law(setting, teacher_scales(setting, setting.n)),
        teacher_accuracy(setting, setting.n),
    )
    teacher = PredictedLaw(_law(setting, teacher_scales(setting, pairs)), teacher_accuracy(setting, pairs))
    if not threshold:
        return Prediction(
            setting, procedure.rounds, pairs, scored, None, None, None, None, unfiltered, teacher, None, None
        )
    score = score_of(setting)
    chosen = sharp.selection(score, threshold_of(score, procedure))
    _check_kept(chosen, scored)
    student = chosen.student_scales(teacher_scales(setting, pairs), scored, procedure.rounds)
    trust = _accuracies(setting, chosen, pairs, scored, procedure.rounds)
    return Prediction(
        setting,
        procedure.rounds,
        pairs,
        scored,
        float(chosen.theta),
        float(chosen.retained),
        float(chosen.leak_left),
        float(chosen.leak_right),
        unfiltered,
        teacher,
        PredictedLaw(_law(setting, chosen.fresh_scales(scored)), trust[0]),
        PredictedLaw(_law(setting, student), trust[1]),
    )


def predict_procedure(setting: Setting, procedure: Procedure) -> PredictedLaw:
    """The law of ERR of one procedure, as the engines run it (the oracle's own default size included)."""
    if procedure.estimator == "unfiltered":
        return predict(setting).unfiltered
    _, scored = procedure.sizes(setting.n)
    if procedure.estimator == "oracle-filtered":
        chosen = sharp.selection(score_of(setting), threshold_of(score_of(setting), procedure))
        _check_kept(chosen, scored)
        trust, _ = _accuracies(setting, chosen, setting.n, scored, 1)
        return PredictedLaw(_law(setting, chosen.fresh_scales(scored)), trust)
    result = predict(
        setting,
        theta=procedure.theta,
        retain=procedure.retain,
        rounds=procedure.rounds,
        teacher_n=procedure.teacher_n,
        student_n=procedure.student_n,
    )
    return result.law("teacher-filtered")


def _check_kept(chosen: Selection, scored: int) -> None:
    """Raises InvalidArgument where the threshold keeps so little that no number can say it."""
    with np.errstate(all="ignore"):
        known = all(np.isfinite(scale) for scale in chosen.fresh_scales(scored))
    if not known:
        theta, share = float(chosen.theta), float(chosen.retained)
        kept = f"must keep some of {scored:,} scored pairs (keeps {share:.2g})"
        raise InvalidArgument("theta", theta, kept)


def limit_scales(setting: Setting, procedure: Procedure) -> tuple[float, ...]:
    """What each round's scoring matrix tends to, as a multiple of U U~^T (rho = 1), one per round.

    eta for the first teacher, c(theta) = E[S | S > theta] / r for every later one: the leak turns the
    subspaces, not the limit.  Empty for estimators without a teacher.
    """
    if procedure.estimator != "teacher-filtered":
        return ()
    if procedure.rounds == 1:
        return (setting.eta,)
    score = score_of(setting)
    multiple = float(score.multiple(threshold_of(score, procedure)))
    return (setting.eta, *([multiple] * (procedure.rounds - 1)))


@lru_cache(maxsize=512)
def _score(r: int, eta: float, gamma: float, gamma_tilde: float) -> Score:
    return Score(r, eta, gamma, gamma_tilde)


def score_of(setting: Setting) -> Score:
    """The oracle score's law in a setting."""
    return _score(setting.r, setting.eta, setting.gamma, setting.gamma_tilde)


def threshold_of(score: Score, procedure: Procedure) -> float:
    """The procedure's threshold on the oracle's scale; retain = 1 is -inf."""
    if procedure.theta is not None:
        return procedure.theta
    assert procedure.retain is not None
    return -math.inf if procedure.retain == 1 else float(score.quantile(procedure.retain))


def teacher_scales(setting: Setting, pairs: Any) -> tuple[Any, Any]:
    """(V_L, V_R) of the unfiltered fit on `pairs` pairs (number or array)."""
    return sharp.unfiltered_scales(pairs, setting.eta, setting.gamma, setting.gamma_tilde)


def teacher_accuracy(setting: Setting, pairs: int) -> Accuracy:
    """How far to trust the law of the unfiltered fit on `pairs` pairs."""
    return finite_sample.accuracy(_unfiltered_noise(setting, pairs))


def _law(setting: Setting, scales: tuple[Any, Any]) -> ErrorLaw:
    return sharp.error_law(scales, setting.d, setting.d_tilde, setting.r)


def _unfiltered_noise(setting: Setting, pairs: float) -> float:
    a_x, a_y = 1 + 1 / setting.gamma, 1 + 1 / setting.gamma_tilde
    return finite_sample.noise_ratio(
        pairs,
        setting.eta,
        a_x,
        a_y,
        setting.gamma,
        setting.gamma_tilde,
        setting.d,
        setting.d_tilde,
        setting.r,
    )


def _accuracies(
    setting: Setting, chosen: Selection, pairs: int, scored: int, rounds: int
) -> tuple[Accuracy, Accuracy]:
    """Accuracy of the oracle-filtered and of the teacher-filtered law."""
    kept = scored * float(chosen.retained)
    own = finite_sample.noise_ratio(
        kept,
        float(chosen.multiple),
        float(chosen.kappa_left),
        float(chosen.kappa_right),
        setting.gamma,
        setting.gamma_tilde,
        setting.d,
        setting.d_tilde,
        setting.r,
    )
    # Later teachers are better than the first; its own noise decides whether the rounds get going.
    first = _unfiltered_noise(setting, pairs)
    return (
        finite_sample.accuracy(own, 0.0, kept, setting.r),
        finite_sample.accuracy(own, first, kept, setting.r),
    )
