"""All pairs, PCA, one round, several, the best weights and the information limit, side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bounds.law.error import ErrorLaw
from bounds.law.scales import error_law
from verification.prediction import alternatives
from verification.prediction.advice import Spending, Threshold, best_threshold, even_plans
from verification.prediction.law import unfiltered_law
from verification.setting import Procedure, Setting

HIDDEN = "too few pairs for this much noise: the first-order law of PCA and of the limit does not hold"
"""Why neither PCA nor the limit has a number."""


ROUNDING = 1e-10
"""An error that cannot be above this is none."""


@dataclass(frozen=True)
class Alternative:
    """An estimator, its mean error, and the share of the information that it uses.

    `efficiency` is the squared ratio of the limit's mean error to `mean`; both are None where nothing
    supports a number, and `reason` says why.  `interval` is that of a mean that was measured; `trusted` says
    whether the law of a mean that was not holds here.
    """

    estimator: str
    mean: float | None
    efficiency: float | None
    reason: str = ""
    interval: tuple[float, float] | None = None
    trusted: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object; `interval` only where the mean was measured."""
        known = {} if self.interval is None else {"interval": list(self.interval)}
        numbers = {"mean": self.mean, "efficiency": self.efficiency}
        trusted = self.trusted and self.mean is not None
        return {"estimator": self.estimator, **numbers, "trusted": trusted, **known}

    @property
    def between(self) -> str:
        """The interval in words, empty where there is none."""
        if self.interval is None:
            return ""
        low, high = self.interval
        if high <= ROUNDING:
            return "nothing but rounding"
        return f"({low:.3g} to {high:.3g})" if low > 0 else f"at most {high:.3g}: 0 is not ruled out"


@dataclass(frozen=True)
class Beside:
    """What stands beside the filter on a setting's n pairs, each filter at its best threshold in even parts.

    `pca`, `weighted` and `limit` (the information limit's scales) are first-order laws; `weighted` is None
    where its law is not to be trusted: without noise, or where the teacher has too few pairs.  `split` is
    the best share for the teacher, where that was looked for and is worth while.
    """

    setting: Setting
    unfiltered: float
    pca: ErrorLaw
    rounds: tuple[Spending, ...]
    weighted: ErrorLaw | None
    limit: ErrorLaw
    split: Spending | None = None
    unfiltered_trusted: bool = True

    @property
    def table(self) -> tuple[Alternative, ...]:
        """A line an estimator; None for the mean where its law is not to be trusted."""
        trusted = alternatives.pca_trusted(self.setting)
        most = math.sqrt(self.setting.r)
        limit = self.limit.mean if trusted and self.limit.mean <= most else None
        means = [("unfiltered", self.unfiltered), ("pca", self.pca.mean if trusted else None)]
        means += [(plan_name(plan.rounds), plan.mean) for plan in self.rounds]
        if self.split is not None:
            means.append((f"{plan_name(self.split.rounds)}, best split", self.split.mean))
        means.append(("weighted", None if self.weighted is None else self.weighted.mean))
        means.append(("limit", limit))
        plans = {plan_name(plan.rounds): plan.in_range for plan in self.rounds}
        trust = {"unfiltered": self.unfiltered_trusted, **plans}
        why = {"pca": HIDDEN, "limit": HIDDEN, "weighted": self._no_weights()}
        return tuple(
            Alternative(
                name,
                mean,
                None if not mean or limit is None else min(1.0, (limit / mean) ** 2),
                why[name] if mean is None else "",
                trusted=trust.get(name, True),
            )
            for name, mean in means
        )

    def _no_weights(self) -> str:
        """Why the best weights have no law here."""
        if not self.weighable:
            return "without noise the score has no density to make weights of"
        teacher_n, _ = Procedure("weighted").sizes(self.setting.n)
        return f"a teacher on {teacher_n:,} pairs errs too much for the weights' first-order law"

    @property
    def weighable(self) -> bool:
        """Whether there are best weights at all: without noise there are none."""
        return alternatives.weighable(self.setting)

    @property
    def best_paired(self) -> Alternative:
        """The line with the least mean error of those that need pairs."""
        paired = (other for other in self.table if other.estimator not in ("pca", "limit"))
        return min(paired, key=lambda other: math.inf if other.mean is None else other.mean)

    @property
    def alone(self) -> float | None:
        """How many times less PCA of each modality errs than the best of what needs pairs; None if not."""
        pca = next(other.mean for other in self.table if other.estimator == "pca")
        least = self.best_paired.mean
        return least / pca if pca and least is not None and pca < least else None

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON parts."""
        return {
            "pca": self.pca.as_dict(),
            "weighted": None if self.weighted is None else self.weighted.as_dict(),
            "limit": {"left_scale": self.limit.left_scale, "right_scale": self.limit.right_scale},
            "alternatives": [other.as_dict() for other in self.table],
        }


def plan_name(rounds: int) -> str:
    """A number of rounds of filtering as the name of an estimator."""
    return "teacher-filtered" if rounds == 1 else f"teacher-filtered, {rounds} rounds"


def beside(
    setting: Setting,
    one_round: Threshold | None = None,
    plans: tuple[Spending, ...] | None = None,
    seed: int = 0,
    split: Spending | None = None,
) -> Beside:
    """What stands beside the filter in a setting; `seed` is that of the information limit's draws.

    `one_round` (at the default sizes) or `plans` (those of `even_plans`) save a search where they are known.
    Raises InvalidArgument when n is too small for one round.
    """
    dims = setting.d, setting.d_tilde, setting.r
    plans = plans or even_plans(setting, one_round or best_threshold(setting))
    filtered = [plan for plan in plans if plan.rounds > 0]
    repeated = min(filtered[1:], key=lambda plan: plan.mean, default=None)
    teacher_n, _ = Procedure("weighted").sizes(setting.n)
    weighted = None
    if alternatives.weighable(setting) and unfiltered_law(setting, teacher_n).accuracy.in_range:
        weighted = error_law(alternatives.weights(setting).scales, *dims)
    return Beside(
        setting,
        plans[0].mean,
        error_law(alternatives.pca_scales(setting), *dims),
        tuple(filtered[:1] + ([repeated] if repeated else [])),
        weighted,
        error_law(alternatives.limit_scales(setting, seed), *dims),
        split,
        plans[0].in_range,
    )
