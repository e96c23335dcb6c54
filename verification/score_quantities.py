"""Random quantities of the filter: the oracle's score, and the kept pairs' cross-covariance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bounds.score import Score
from verification import estimate
from verification.engines import direct, exact
from verification.engines.short_sample import oracle
from verification.setting import Procedure, Setting

ORACLE_AT_ZERO = Procedure("oracle-filtered", theta=0.0)


def oracle_score(setting: Setting, rng: np.random.Generator) -> float:
    """S = <U^T x, U~^T x~> of one pair (Eq. 8)."""
    u, u_tilde = direct.bases(setting, rng, rotate=False)
    x, y, _ = direct.pairs(setting, 1, u, u_tilde, rng)
    return float(estimate.scores(x, y, u, np.ones(setting.r), u_tilde)[0])


def kept_covariance_deviation(setting: Setting, rng: np.random.Generator) -> float:
    """||S_n(0) - S(0)||_2 of Eq. 11: n pairs, those with a positive oracle score kept.

    S(0) = c(0) U U~^T with the corrected multiple of Eq. 10.  Raises TooFewPairs.
    """
    kept = exact.select(setting, ORACLE_AT_ZERO, setting.n, oracle(setting.r), 1.0, [rng])
    # The oracle's coordinates are the truth's: U and U~ come first.
    deviation = kept.covariances()[0]
    multiple = float(Score(setting.r, setting.eta, setting.gamma, setting.gamma_tilde).multiple(0.0))
    deviation[: setting.r, : setting.r] -= multiple * np.eye(setting.r)
    return float(np.linalg.norm(deviation, 2))


QUANTITIES: dict[str, Callable[[Setting, np.random.Generator], float]] = {
    "kept-covariance-deviation": kept_covariance_deviation,
    "oracle-score": oracle_score,
}
