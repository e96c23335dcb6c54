"""`predict` and `threshold` along a parameter: many settings at once, by the law at any sample size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np

from bounds.law import proportional
from bounds.law.kept_pairs import Model
from bounds.law.outlier import Array
from bounds.law.proportional import Limits
from verification.errors import InvalidArgument
from verification.prediction.advice import minimise, retained_grid
from verification.prediction.law import score_of
from verification.setting import Procedure, Setting, require_setting

ALONG = (*(field.name for field in fields(Setting) if field.name != "r"), "theta")
"""What may be an array: every parameter of a setting but r, and the threshold."""


@dataclass(frozen=True)
class Along:
    """Mean errors and thresholds along a parameter, arrays of one shape (m,).

    `theta` is None without a threshold, and so are the filtered means; `trusted` says where all that is
    there is to be trusted.
    """

    settings: tuple[Setting, ...]
    theta: Array | None
    unfiltered: Array
    teacher: Array
    oracle_filtered: Array | None
    teacher_filtered: Array | None
    trusted: Any

    def __repr__(self) -> str:
        known = ("theta", "unfiltered", "teacher", "oracle_filtered", "teacher_filtered")
        there = [name for name in known if getattr(self, name) is not None]
        return f"<Along {len(self.settings)} settings: {', '.join(there)}>"

    @property
    def gain(self) -> Array:
        """The unfiltered mean error over the teacher-filtered one; NaN where both are 0."""
        if self.teacher_filtered is None:
            raise InvalidArgument("theta", None, "must be given for a gain")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.unfiltered / self.teacher_filtered)


def predict_over(
    setting: Setting,
    over: Mapping[str, Any],
    *,
    theta: float | None = None,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
) -> Along:
    """The mean errors of `predict` along arrays of parameters, computed together.

    `over` has arrays of one shape (m,), or numbers, by the names in `ALONG`; the rest is as in
    `setting`.  Raises InvalidArgument, also for a value that the parameter does not allow.

    >>> predict_over(setting, {"eta": np.geomspace(0.01, 1, 50)}, theta=0.0).teacher_filtered
    """
    settings, thetas = _spread(setting, over, theta)
    return _along(settings, thetas, Procedure("teacher-filtered", 0.0, None, rounds, teacher_n, student_n))


def threshold_over(
    setting: Setting,
    over: Mapping[str, Any],
    *,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
) -> Along:
    """The best thresholds along arrays of parameters, to a per mille of the error; arguments as above."""
    settings, thetas = _spread(setting, over, None)
    if thetas is not None:
        raise InvalidArgument("over", "theta", "must leave theta out: it is what is looked for")
    procedure = Procedure("teacher-filtered", 0.0, None, rounds, teacher_n, student_n)
    model, pairs, scored = _numbers(settings, procedure)
    grid = np.array(
        [retained_grid(score_of(s), min(0.5, 2 / k)) for s, k in zip(settings, scored, strict=True)]
    )
    columns = [np.asarray(x)[:, None] for x in (model.d, model.d_tilde, model.eta, model.gamma)]
    d, d_tilde, eta, gamma = columns
    tall = Model(d, d_tilde, model.r, eta, gamma, np.asarray(model.gamma_tilde)[:, None])

    def means(thetas: Array) -> Array:
        found = proportional.teacher_limits(
            tall, pairs[:, None], scored[:, None], theta=thetas, rounds=rounds
        )
        return found.rough_means()

    return _along(settings, np.asarray(minimise(means, grid)), procedure)


def _spread(
    setting: Setting, over: Mapping[str, Any], theta: float | None
) -> tuple[tuple[Setting, ...], Array | None]:
    """The settings along the arrays, and the threshold at each if there is one."""
    require_setting(setting)
    if not isinstance(over, Mapping):
        raise InvalidArgument("over", over, 'must map names to arrays, such as {"eta": [0.1, 0.2]}')
    for name in over:
        if name not in ALONG:
            raise InvalidArgument("over", name, f"must name one of {', '.join(ALONG)}")
    given = dict(over)
    if theta is not None:
        given.setdefault("theta", theta)
    columns_given = [_numbers_along(name, values) for name, values in given.items()]
    try:
        arrays = np.broadcast_arrays(*columns_given)
    except ValueError:
        raise InvalidArgument("over", tuple(over), "must have arrays of one length") from None
    columns = dict(zip(given, arrays, strict=True))
    thetas = columns.pop("theta", None)
    for value in () if thetas is None else thetas:
        Procedure("oracle-filtered", float(value))  # refuses what is no threshold
    length = len(arrays[0]) if arrays else 1
    settings = tuple(
        replace(setting, **cast(Any, {name: float(column[i]) for name, column in columns.items()}))
        for i in range(length)
    )
    return settings, thetas


def _numbers_along(name: str, values: Any) -> Array:
    """The values of a parameter, shape (m,); raises InvalidArgument for what is no row of numbers."""
    allowed = "must be a number, or numbers in one dimension"
    try:
        array = np.atleast_1d(np.asarray(values))
    except ValueError:
        raise InvalidArgument(name, values, allowed) from None
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not len(array):
        raise InvalidArgument(name, values, allowed)
    return array.astype(float)


def _numbers(settings: tuple[Setting, ...], procedure: Procedure) -> tuple[Model, Array, Array]:
    """(the settings' numbers as arrays, pairs for the teacher, pairs scored in each round)."""
    table = {
        name: np.array([getattr(s, name) for s in settings], dtype=float)
        for name in ("d", "d_tilde", "eta", "gamma", "gamma_tilde")
    }
    sizes = np.array([procedure.sizes(s.n) for s in settings], dtype=float)
    return Model(r=settings[0].r, **table), sizes[:, 0], sizes[:, 1]


def _along(settings: tuple[Setting, ...], thetas: Array | None, procedure: Procedure) -> Along:
    model, pairs, scored = _numbers(settings, procedure)
    everything = np.array([s.n for s in settings], dtype=float)
    laws: list[Limits] = [proportional.unfiltered_limits(model, size) for size in (everything, pairs)]
    if thetas is not None:
        laws.append(proportional.oracle_limits(model, scored, theta=thetas))
        laws.append(proportional.teacher_limits(model, pairs, scored, theta=thetas, rounds=procedure.rounds))
    means = [law.means() for law in laws]
    trusted = np.all([law.trusted() for law in laws], axis=0)
    filtered = means[2:] if thetas is not None else [None, None]
    return Along(settings, thetas, means[0], means[1], filtered[0], filtered[1], trusted)
