"""The first-order law of the error as distribution functions of a setting: what a `Law` check compares.

Plain functions of (parameter values by name, numbers), so that they can be sent to worker processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bounds.law.error import ErrorLaw
from bounds.law.scales import error_law, selection, unfiltered_scales
from bounds.law.score import Score


def unfiltered(values: Mapping[str, float]) -> ErrorLaw:
    """The law of the unfiltered error on n pairs."""
    scales = unfiltered_scales(values["n"], values["eta"], values["gamma"], values["gamma_tilde"])
    return _law(values, scales)


def teacher_filtered(values: Mapping[str, float], theta: float, inherited: float = 1.0) -> ErrorLaw:
    """The law of Algorithm 1's error: the teacher on n//2 pairs, theta on the oracle's scale.

    `inherited` multiplies the leak; any value but 1 is a wrong law (0 is what Theorem 1 would need).
    """
    teacher = int(values["n"]) // 2
    score = Score(int(values["r"]), values["eta"], values["gamma"], values["gamma_tilde"])
    chosen = selection(score, theta)
    left, right = unfiltered_scales(teacher, values["eta"], values["gamma"], values["gamma_tilde"])
    teachers = (inherited**2 * left, inherited**2 * right)
    return _law(values, chosen.student_scales(teachers, int(values["n"]) - teacher))


def left_unfiltered_cdf(values: Mapping[str, float], numbers: Any) -> Any:
    """P(left error <= number) for the unfiltered estimator, vectorised over `numbers` (m,)."""
    return unfiltered(values).left.cdf(numbers)


def _law(values: Mapping[str, float], scales: tuple[Any, Any]) -> ErrorLaw:
    return error_law(scales, int(values["d"]), int(values["d_tilde"]), int(values["r"]))


def unfiltered_cdf(values: Mapping[str, float], numbers: Any) -> Any:
    """P(ERR <= number) for the unfiltered estimator, vectorised over `numbers` (m,)."""
    return unfiltered(values).cdf(numbers)


@dataclass(frozen=True)
class TeacherFilteredCdf:
    """P(ERR <= number) for Algorithm 1 at theta = `share` * r, vectorised over `numbers` (m,).

    `inherited` other than 1, or `extra` dimensions on either side, make it a wrong law.
    """

    share: float
    inherited: float = 1.0
    extra: int = 0

    def __call__(self, values: Mapping[str, float], numbers: Any) -> Any:
        """Probabilities (m,)."""
        place = {**values, "d": values["d"] + self.extra, "d_tilde": values["d_tilde"] + self.extra}
        return teacher_filtered(place, self.share * values["r"], self.inherited).cdf(numbers)


@dataclass(frozen=True)
class LeftTeacherFiltered:
    """The left error of Algorithm 1 at theta = `share` * r: its law, and the numbers that its scale needs."""

    share: float

    def __call__(self, values: Mapping[str, float], numbers: Any) -> Any:
        """P(left error <= number), vectorised over `numbers` (m,)."""
        return teacher_filtered(values, self.share * values["r"]).left.cdf(numbers)

    def numbers(self, values: Mapping[str, float]) -> Mapping[str, float]:
        """What V_L, or V_R in its place, needs beside the parameters: of the filter, and the two samples."""
        score = Score(int(values["r"]), values["eta"], values["gamma"], values["gamma_tilde"])
        chosen = selection(score, self.share * values["r"])
        teacher = int(values["n"]) // 2
        return {
            "P": float(chosen.retained),
            "c": float(chosen.multiple),
            "kappa_left": float(chosen.kappa_left),
            "kappa_right": float(chosen.kappa_right),
            "leak_left": float(chosen.leak_left),
            "leak_right": float(chosen.leak_right),
            "n_T": teacher,
            "N": int(values["n"]) - teacher,
        }


@dataclass(frozen=True)
class ThresholdRatioCdf:
    """P(the oracle's left error at r/2 over an independent one at 0 <= number), vectorised (m,).

    An F variable with (d - r) r and as many degrees of freedom, times the ratio of the scales.  With
    `moved` other than 1 the thresholds swap places at `moved` times the true eta: a wrong law.
    """

    moved: float = 1.0

    def __call__(self, values: Mapping[str, float], numbers: Any) -> Any:
        """Probabilities (m,)."""
        import numpy as np
        from scipy.special import fdtr

        score = Score(int(values["r"]), values["eta"] / self.moved, values["gamma"], values["gamma_tilde"])
        left, _ = selection(score, np.array([0.0, values["r"] / 2])).fresh_scales(1.0)
        dof = (values["d"] - values["r"]) * values["r"]
        return fdtr(dof, dof, np.asarray(numbers, dtype=float) ** 2 * left[0] / left[1])


def uncorrected_cdf(values: Mapping[str, float], numbers: Any) -> Any:
    """The unfiltered law with d in place of d - r degrees of freedom a direction: a wrong law."""
    return unfiltered(
        {**values, "d": values["d"] + values["r"], "d_tilde": values["d_tilde"] + values["r"]}
    ).cdf(numbers)
