"""How to spend a budget of n pairs: no filter, one round, or several, and how many for the teacher."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bounds.law import repeated
from bounds.law.outlier import Array
from bounds.law.proportional import teacher_limits
from bounds.law.scales import selection
from bounds.law.score import Score
from bounds.law.score_contour import parameters
from verification.prediction import law
from verification.prediction.law import PredictedLaw, Prediction, limits_at, predict, score_of
from verification.setting import Procedure, Setting, require_setting

ENOUGH = 0.05
"""One round is enough when more rounds lower the predicted mean error by less than this share."""

MOST_ROUNDS = 12
"""Most rounds that are tried one by one, each at its best threshold."""

FAR_ROUNDS = 500
"""Most rounds that are tried at all: beyond `MOST_ROUNDS` the best number to first order, at threshold 0."""

MANY = 10**5
"""Most rounds of which the best number to first order is looked for."""

SHARES = np.concatenate([np.geomspace(0.01, 0.9, 16), [0.95, 0.98, 0.99]])
"""Shares of the budget for the teacher that a plan tries first; then it looks around the best of them."""

SPLIT_THRESHOLDS = 24
"""Thresholds that are tried at each share; the best of all is looked for at the share that is found."""


@dataclass(frozen=True)
class Spending:
    """A way to spend n pairs: `rounds` rounds of `student_n` after a teacher on `teacher_n`.

    `mean` is the predicted E[ERR] at the best threshold `theta`.  `rounds` 0 is the unfiltered
    estimator on all n, without a threshold.
    """

    rounds: int
    teacher_n: int
    student_n: int
    theta: float | None
    retained: float | None
    mean: float
    in_range: bool

    def as_dict(self) -> dict[str, Any]:
        """Field name -> value."""
        return dict(vars(self))


@dataclass(frozen=True)
class Advice:
    """What to do with a budget: the plan with even parts for each number of rounds, and the best split.

    `even` holds rounds 0, 1, 2, ... and, where far more help, their number; `recommended` is the one with the
    fewest rounds within `ENOUGH` of the best of them; `best_split` also chooses the teacher's share.  `floor`
    is the ratio of the student's error after many rounds to the oracle's at the recommended threshold.
    """

    setting: Setting
    even: tuple[Spending, ...]
    recommended: Spending
    best_split: Spending
    floor: float

    @property
    def one_round_is_enough(self) -> bool:
        """Whether at most one round comes within `ENOUGH` of the best number of rounds."""
        return self.recommended.rounds <= 1

    def as_dict(self) -> dict[str, Any]:
        """The part of the command's JSON that answers "how many rounds?"."""
        return {
            "one_round_is_enough": self.one_round_is_enough,
            "recommended": self.recommended.as_dict(),
            "best_split": self.best_split.as_dict(),
            "floor": self.floor,
            "even": [plan.as_dict() for plan in self.even],
            "trusted": all(plan.in_range for plan in self.even),
        }


def advise(setting: Setting, one_round: Threshold | None = None) -> Advice:
    """How many rounds, and how many pairs for the teacher, make the most of the setting's n pairs.

    `one_round` saves a repeated search when its result is known.  Raises InvalidArgument when n is too
    small for one round.
    """
    first = one_round if one_round is not None else best_threshold(setting)
    plans = even_plans(setting, first)
    least = min(plan.mean for plan in plans)
    recommended = next(plan for plan in plans if plan.mean <= (1 + ENOUGH) * least)
    used = first.prediction if recommended.rounds <= 1 else predict(setting, theta=recommended.theta)
    leaks = (used.leak_left or 0.0, used.leak_right or 0.0)
    return Advice(
        setting,
        plans,
        recommended,
        _best_split(
            setting,
            max(plan.rounds for plan in plans if plan.rounds <= MOST_ROUNDS),
            min(plans, key=lambda plan: plan.mean),
        ),
        repeated.floor_ratio(max(leaks)),
    )


def even_plans(setting: Setting, first: Threshold) -> tuple[Spending, ...]:
    """No round, one (`first`), two, ... in even parts, up to `MOST_ROUNDS` or until one more is no help.

    Where the leak is large the error rises with the first rounds and falls with many: the number that is best
    to first order is tried, too.
    """
    unfiltered = first.prediction.unfiltered
    plans = [Spending(0, setting.n, 0, None, None, unfiltered.mean, unfiltered.trusted), _plan(first)]
    for rounds in range(2, MOST_ROUNDS + 1):
        if setting.n // (rounds + 1) < 2:
            break
        plans.append(_plan(best_threshold(setting, rounds=rounds)))
        if plans[-1].mean >= plans[-2].mean:
            break
    far = far_rounds(setting)
    if far > plans[-1].rounds:
        many = _at_zero(setting, min(far, FAR_ROUNDS))
        plans += [many] if many.mean < min(plan.mean for plan in plans) else []
    return tuple(plans)


def far_rounds(setting: Setting) -> int:
    """The number of rounds in even parts that is best to first order, at threshold 0; at least 1.

    About log(1/eta)/log(1 + gamma) of the noisier side: so many until the first teacher's error is forgotten.
    """
    rounds = np.unique(np.geomspace(1, max(1, min(setting.n // 2 - 1, MANY)), 1000).round())
    pairs = setting.n / (rounds + 1)
    chosen = selection(score_of(setting), 0.0)
    with np.errstate(all="ignore"):
        left, right = chosen.student_scales(law.teacher_scales(setting, pairs), pairs, rounds)
        larger = np.fmax((setting.d - setting.r) * left, (setting.d_tilde - setting.r) * right)
    return int(rounds[np.argmin(np.where(np.isnan(larger), np.inf, larger))])


def _at_zero(setting: Setting, rounds: int) -> Spending:
    """The plan of so many even rounds at threshold 0."""
    used = predict(setting, theta=0.0, rounds=rounds)
    student = used.law("teacher-filtered")
    kept = used.retained
    return Spending(rounds, used.teacher_n, used.student_n, 0.0, kept, student.mean, student.trusted)


def _plan(found: Threshold) -> Spending:
    used = found.prediction
    student = used.law("teacher-filtered")
    return Spending(
        used.rounds,
        used.teacher_n,
        used.student_n,
        found.theta,
        found.retained,
        found.mean,
        student.trusted,
    )


def _best_split(setting: Setting, most_rounds: int, best_even: Spending) -> Spending:
    """The plan with the best teacher's share; never worse than `best_even`."""
    thetas = retained_grid(law.score_of(setting), min(0.5, 2 / setting.n), SPLIT_THRESHOLDS)
    shares = SHARES
    rounds, share = 1, 0.5
    for numbers in (range(1, most_rounds + 1), None):
        tried = [(_split_means(setting, thetas, shares, k), k) for k in numbers or (rounds,)]
        means, rounds = min(tried, key=lambda found: float(found[0].min()))
        at = int(np.argmin(means))
        share = float(shares[at])
        # Once more between the neighbours of the best share.
        shares = np.geomspace(shares[max(at - 1, 0)], shares[min(at + 1, len(shares) - 1)], 9)
    pairs = max(2, int(share * setting.n))
    each = max(2, (setting.n - pairs) // rounds)
    found = _plan(best_threshold(setting, rounds=rounds, teacher_n=pairs, student_n=each))
    return found if found.mean < best_even.mean else best_even


def _split_means(setting: Setting, thetas: Array, shares: Array, rounds: int) -> Array:
    """About the mean error at the best of `thetas` for each teacher's share; inf where no pairs are left."""
    pairs = np.maximum(2, np.floor(shares * setting.n))
    scored = np.floor((setting.n - pairs) / rounds)
    model = law.model_of(setting)
    found = teacher_limits(model, pairs[:, None], np.maximum(scored, 2)[:, None], theta=thetas, rounds=rounds)
    return np.asarray(np.where(scored >= 2, found.rough_means().min(axis=1), np.inf))


def retained_grid(score: Score, smallest: float, count: int = 81) -> Array:
    """Thresholds from nearly no filtering down to a retained share of `smallest`, shape (count + 1,).

    The first one is -inf (no filter), the rest are evenly spaced.
    """
    tail = parameters(score.r, score.gamma, score.gamma_tilde, clean=False).root
    spread = tail * math.sqrt(2 * score.r)
    # Corrupted scores fall off like exp(-|theta| / tail): far enough for them to be as rare as eta.
    low = -4 * spread + 1.5 * tail * math.log(score.eta)
    high = max(float(score.quantile(smallest)), low + spread)
    return np.concatenate([[-math.inf], np.linspace(low, high, count)])


@dataclass(frozen=True)
class Threshold:
    """The best threshold of the (teacher-)filtered estimator and what it gains.

    `mean` is the predicted E[ERR] at `theta`, which keeps the share `retained` by the oracle's score.  `gain`
    is the mean error of "unfiltered" (on all n), "theta_0" and "theta_half_r" over `mean`; None where both
    are 0.  `doubted` says whether `mean` and the gain over "unfiltered" may be used.
    """

    setting: Setting
    theta: float
    retained: float
    mean: float
    gain: dict[str, float | None]
    prediction: Prediction

    def __repr__(self) -> str:
        gain = self.gain["unfiltered"]
        pays = "no error to lower" if gain is None else f"{gain:.3g} times less than unfiltered"
        kept = f"theta={self.theta:.5g} keeps {self.prediction.kept_share:.3%}"
        doubt = "" if self.doubted is None else "; not to be trusted"
        return f"<Threshold {kept}: mean error {self.mean:.4g}, {pays}{doubt}>"

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        student = self.prediction.teacher_filtered
        assert student is not None
        return {
            "setting": self.setting.as_dict(),
            "theta": self.theta,
            "retained": self.retained,
            "kept_share": self.prediction.kept_share,
            "mean": self.mean,
            "gain": self.gain,
            "rounds": self.prediction.rounds,
            "teacher_n": self.prediction.teacher_n,
            "student_n": self.prediction.student_n,
            "decides": student.decides,
            "relative_error": student.relative_error,
            "in_range": student.trusted,
            "trusted": self.doubted is None,
            "reason": student.reason if self.doubted is None else self.doubted.reason,
        }

    @property
    def doubted(self) -> PredictedLaw | None:
        """The first law behind `mean` and `gain` that is not to be trusted; None where both are."""
        laws = (self.prediction.law("teacher-filtered"), self.prediction.unfiltered)
        return next((each for each in laws if not each.trusted), None)


def best_threshold(
    setting: Setting, *, rounds: int = 1, teacher_n: int | None = None, student_n: int | None = None
) -> Threshold:
    """The threshold that minimises the predicted mean of ERR for the teacher-filtered estimator.

    A one-dimensional problem: a grid over every useful threshold, then a bracketed search.  -inf (keep
    everything) is a candidate.  Sizes default as in `Procedure`; raises InvalidArgument.
    """
    require_setting(setting)
    procedure = Procedure("teacher-filtered", 0.0, None, rounds, teacher_n, student_n)
    _, scored = procedure.sizes(setting.n)
    grid = retained_grid(score_of(setting), min(0.5, 2 / scored))
    found = float(minimise(lambda thetas: limits_at(setting, procedure, thetas).rough_means(), grid))
    # The search is a per mille off: of what is compared with, nothing may be better.
    candidates = np.array([found, 0.0, setting.r / 2])
    means = limits_at(setting, procedure, candidates).means()
    best = int(np.argmin(means))
    theta = float(candidates[best if means[best] < (1 - TIE) * means[0] else 0])
    prediction = predict(setting, theta=theta, rounds=rounds, teacher_n=teacher_n, student_n=student_n)
    student = prediction.law("teacher-filtered")
    compared = {
        "unfiltered": prediction.unfiltered.mean,
        "theta_0": float(means[1]),
        "theta_half_r": float(means[2]),
    }
    least = student.mean
    return Threshold(
        setting,
        theta,
        float(prediction.retained if prediction.retained is not None else 1.0),
        least,
        {name: value / least if least > 0 else None for name, value in compared.items()},
        prediction,
    )


TIE = 1e-9
"""A threshold is better than none, or than the one that the search found, only by more than this share."""

ZOOMS, ZOOM_POINTS = 4, 17
"""How often the best point's surroundings are looked at again, and at how many points."""


def minimise(function: Callable[[Array], Array], grid: Array) -> Any:
    """Where `function` (vectorised) is smallest: the best of `grid`, refined between its neighbours.

    `grid` (..., k) starts with -inf, which a constant function keeps; rows are searched side by side.
    """
    values = function(grid)
    keeps_all = values[..., 0] * (1 - TIE) <= values[..., 1:].min(axis=-1)
    points = grid[..., 1:]
    best = np.argmin(values[..., 1:], axis=-1)[..., None]
    for _ in range(ZOOMS):
        last = points.shape[-1] - 1
        low, high = (np.take_along_axis(points, np.clip(best + step, 0, last), axis=-1) for step in (-1, 1))
        kept = np.take_along_axis(points, best, axis=-1)
        between = low + (high - low) * np.linspace(0.0, 1.0, ZOOM_POINTS)
        points = np.sort(np.concatenate([between, kept], axis=-1), axis=-1)
        best = np.argmin(function(points), axis=-1)[..., None]
    found = np.take_along_axis(points, best, axis=-1)[..., 0]
    return np.where(keeps_all, -math.inf, found)[()]
