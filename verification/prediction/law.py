"""`predict`: the error of every estimator in a setting from its law at any sample size, without sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bounds.law import accuracy as finite_sample
from bounds.law import proportional
from bounds.law import scales as sharp
from bounds.law.accuracy import Accuracy
from bounds.law.error import ErrorLaw
from bounds.law.kept_pairs import Model
from bounds.law.proportional import AnySizeLaw, Limits
from bounds.law.scales import Selection
from bounds.law.score import Score
from verification.errors import InvalidArgument, one_of
from verification.setting import Procedure, Setting, require_setting

SAME = 0.01
"""The first-order law decides where the law at any size is within this of it: what it adds is small."""

LEAST_SHARE = 1e-280
"""A threshold that keeps less is refused: what it keeps has no law in doubles."""

LARGEST_SCALE = 1e300
"""A larger first-order scale is cut to this: both say that nothing is learned."""


@dataclass(frozen=True)
class PredictedLaw:
    """The predicted law of ERR, which part of it decides, and how far to trust it.

    `any_size` holds from the transition to any n and is what `mean`, `std` and `law` are; for n -> inf it
    becomes `first_order`, whose `accuracy` is estimated from its own next terms.
    """

    any_size: AnySizeLaw
    first_order: ErrorLaw
    accuracy: Accuracy

    def __repr__(self) -> str:
        doubt = "" if self.trusted else ", not to be trusted"
        return f"<PredictedLaw of the error: {self.mean:.5g} ± {self.std:.3g}, {self.decides}{doubt}>"

    @property
    def law(self) -> ErrorLaw:
        """The law of ERR as the larger of two scaled chi variables."""
        return self.any_size.law

    @property
    def mean(self) -> float:
        """E[ERR], at most sqrt(r)."""
        return self.any_size.mean

    @property
    def std(self) -> float:
        """Standard deviation of ERR."""
        return self.any_size.std

    @property
    def decides(self) -> str:
        """ "first order" where that law says the same within `SAME`, else "any n"."""
        same = abs(self.first_order.mean - self.mean) <= SAME * self.mean
        return "first order" if same else "any n"

    @property
    def relative_error(self) -> float:
        """Estimated relative error of `mean`, in [0, 1]; 1 where nothing bounds it."""
        own = proportional.MEASURED if self.any_size.trusted else 1.0
        return min(own, self.accuracy.relative_error)

    @property
    def trusted(self) -> bool:
        """Whether the law may be used: `reason` is why not."""
        return self.any_size.trusted or self.accuracy.in_range

    @property
    def reason(self) -> str:
        """Why the law is not to be trusted; "" where it is."""
        return "" if self.trusted else self.any_size.reason

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        return {
            **self.law.as_dict(),
            "mean": self.mean,
            "std": self.std,
            "kept": self.any_size.kept,
            "decides": self.decides,
            "first_order_mean": self.first_order.mean,
            "relative_error": self.relative_error,
            "in_range": self.trusted,
            "reason": self.reason,
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

    @property
    def kept_share(self) -> float | None:
        """Share of the scored pairs that the last round's teacher keeps: its scores are not the oracle's."""
        student = self.teacher_filtered
        return None if student is None else student.any_size.kept / self.student_n

    def law(self, estimator: str) -> PredictedLaw:
        """The law of an estimator by its command-line name, or the teacher's.

        Raises InvalidArgument for another name, and for a filtered one without a threshold.
        """
        laws = {
            "unfiltered": self.unfiltered,
            "teacher": self.teacher,
            "oracle-filtered": self.oracle_filtered,
            "teacher-filtered": self.teacher_filtered,
        }
        found = laws[one_of("estimator", estimator, laws)]
        if found is None:
            raise InvalidArgument("estimator", estimator, "needs a threshold: predict(setting, theta=0.0)")
        return found

    def __repr__(self) -> str:
        laws = ("unfiltered", "teacher", "oracle_filtered", "teacher_filtered")
        means = [f"{name}={law.mean:.5g}" for name in laws if (law := getattr(self, name)) is not None]
        at = "" if self.theta is None else f"theta={self.theta:.5g}, "
        return f"<Prediction of mean errors: {at}{', '.join(means)}>"

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        filtered = (self.oracle_filtered, self.teacher_filtered)
        laws = [law for law in (self.unfiltered, self.teacher, *filtered) if law is not None]
        return {
            "setting": self.setting.as_dict(),
            "rounds": self.rounds,
            "teacher_n": self.teacher_n,
            "student_n": self.student_n,
            "theta": self.theta,
            "retained": self.retained,
            "kept_share": self.kept_share,
            "leak": {"left": self.leak_left, "right": self.leak_right},
            "unfiltered": self.unfiltered.as_dict(),
            "teacher": self.teacher.as_dict(),
            "oracle_filtered": None if filtered[0] is None else filtered[0].as_dict(),
            "teacher_filtered": None if filtered[1] is None else filtered[1].as_dict(),
            "law": "first-order" if all(law.decides == "first order" for law in laws) else "proportional",
            "transition_n": transition_n(self.setting),
            "trusted": all(law.trusted for law in laws),
            "reason": next((law.reason for law in laws if not law.trusted), ""),
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
    require_setting(setting)
    threshold = theta is not None or retain is not None
    procedure = Procedure(
        "teacher-filtered", theta if threshold else 0.0, retain, rounds, teacher_n, student_n
    )
    pairs, scored = procedure.sizes(setting.n)
    unfiltered, teacher = unfiltered_law(setting, setting.n), unfiltered_law(setting, pairs)
    if not threshold:
        return Prediction(
            setting, procedure.rounds, pairs, scored, None, None, None, None, unfiltered, teacher, None, None
        )
    score = score_of(setting)
    chosen = sharp.selection(score, threshold_of(score, procedure))
    oracle = Procedure("oracle-filtered", procedure.theta, procedure.retain, student_n=scored)
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
        _filtered_law(setting, oracle, chosen),
        _filtered_law(setting, procedure, chosen),
    )


def transition_n(setting: Setting) -> float | None:
    """The number of pairs from which the unfiltered fit sees the signal; None where any number will do."""
    pairs = proportional.transition(model_of(setting)).pairs
    return pairs if pairs > 1 else None


def predict_procedure(setting: Setting, procedure: Procedure) -> PredictedLaw:
    """The law of ERR of one procedure, as the engines run it (the oracle's own default size included)."""
    if procedure.estimator == "unfiltered":
        return unfiltered_law(setting, setting.n)
    score = score_of(setting)
    return _filtered_law(setting, procedure, sharp.selection(score, threshold_of(score, procedure)))


def unfiltered_law(setting: Setting, pairs: int) -> PredictedLaw:
    """The law of ERR of the unfiltered fit, or of a teacher, on `pairs` pairs."""
    return PredictedLaw(
        proportional.unfiltered_law(model_of(setting), pairs),
        _first_order(setting, teacher_scales(setting, pairs)),
        finite_sample.accuracy(_unfiltered_noise(setting, pairs)),
    )


def _filtered_law(setting: Setting, procedure: Procedure, chosen: Selection) -> PredictedLaw:
    """The law of the oracle-filtered fit or of the last student, `chosen` what the oracle's score keeps."""
    pairs, scored = procedure.sizes(setting.n)
    _check_kept(chosen, scored)
    first = _accuracies(setting, chosen, max(pairs, 2), scored)
    cut = {"theta": procedure.theta, "retain": procedure.retain}
    model = model_of(setting)
    if procedure.estimator == "oracle-filtered":
        scales = chosen.fresh_scales(scored)
        found = proportional.oracle_law(model, scored, **cut)
        return PredictedLaw(found, _first_order(setting, scales), first[0])
    scales = chosen.student_scales(teacher_scales(setting, pairs), scored, procedure.rounds)
    found = proportional.teacher_law(model, pairs, scored, **cut, rounds=procedure.rounds)
    return PredictedLaw(found, _first_order(setting, scales), first[1])


def limits_at(setting: Setting, procedure: Procedure, thetas: Any) -> Limits:
    """The law of a filtered procedure at many thresholds (any shape) in place of its own."""
    pairs, scored = procedure.sizes(setting.n)
    model = model_of(setting)
    if procedure.estimator == "oracle-filtered":
        return proportional.oracle_limits(model, scored, theta=thetas)
    return proportional.teacher_limits(model, pairs, scored, theta=thetas, rounds=procedure.rounds)


def model_of(setting: Setting) -> Model:
    """The numbers of a setting that the law at any size is a function of."""
    return Model(setting.d, setting.d_tilde, setting.r, setting.eta, setting.gamma, setting.gamma_tilde)


def _check_kept(chosen: Selection, scored: int) -> None:
    """Raises InvalidArgument where the threshold keeps so little that no number can say it."""
    if not float(chosen.retained) > LEAST_SHARE:
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


def _first_order(setting: Setting, scales: tuple[Any, Any]) -> ErrorLaw:
    # Two infinities that cancel make a NaN where both gammas are next to 0: as little is learned.
    left, right = (min(float(np.nan_to_num(scale, nan=LARGEST_SCALE)), LARGEST_SCALE) for scale in scales)
    return sharp.error_law((left, right), setting.d, setting.d_tilde, setting.r)


def _unfiltered_noise(setting: Setting, pairs: float) -> float:
    a_x, a_y = (1 + 1 / max(gamma, sharp.TINIEST) for gamma in (setting.gamma, setting.gamma_tilde))
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


def _accuracies(setting: Setting, chosen: Selection, pairs: int, scored: int) -> tuple[Accuracy, Accuracy]:
    """Accuracy of the oracle-filtered and of the teacher-filtered first-order law."""
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
