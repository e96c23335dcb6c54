"""Does a sample follow a stated law?  Exact, distribution-free bounds (Dvoretzky-Kiefer-Wolfowitz).

Distances are Kolmogorov's: the largest difference of two distribution functions.  With Massart's
constant P(sup |F_m - F| > e) <= 2 exp(-2 m e^2) for every law F and every m, so a test at level
1e-9 has that level.  Derivations: proofs_notes/evidence.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from verification.errors import InvalidArgument
from verification.inference import Interval, Outcome, Power, plain, probability


def dkw_epsilon(n: int, alpha: float) -> float:
    """The distance from its law that the empirical law of n draws passes with probability <= alpha."""
    if n < 1:
        raise InvalidArgument("n", n, "must be at least 1")
    return math.sqrt(math.log(2 / probability("alpha", alpha)) / (2 * n))


def minimal_distance(n: int, alpha: float, beta: float) -> float:
    """How far beyond the tolerance a law must be to be refuted with probability >= 1 - beta.

    By symmetry, how far inside it must be to pass with probability >= 1 - alpha.
    """
    return dkw_epsilon(n, alpha) + dkw_epsilon(n, beta)


def minimal_samples(distance: float, alpha: float, beta: float) -> int:
    """The fewest draws whose `minimal_distance` is at most `distance` > 0."""
    if not distance > 0:
        raise InvalidArgument("distance", distance, "must be positive")
    roots = math.sqrt(math.log(2 / probability("alpha", alpha))) + math.sqrt(
        math.log(2 / probability("beta", beta))
    )
    n = max(1, math.ceil(0.5 * (roots / distance) ** 2))
    while minimal_distance(n, alpha, beta) > distance:  # the square may round to the wrong side
        n += 1
    return n


@dataclass(frozen=True)
class LawResult:
    """A distribution test: the distance measured, its interval, the outcome and the power.

    `interval` covers the true distance with probability >= 1 - alpha - beta.  Of several results at
    levels alpha/k and beta, that with the largest distance covers the largest true one with the same.
    """

    outcome: Outcome
    distance: float
    interval: Interval
    tolerance: float
    power: Power

    def as_dict(self) -> dict[str, object]:
        """The fields in plain types."""
        return {name: plain(value) for name, value in vars(self).items()}


def law_test(sample_pit: ArrayLike, tolerance: float, alpha: float, beta: float) -> LawResult:
    """Is the law of the sample within `tolerance` of the stated one?

    `sample_pit` (m,) holds F0(X_i), the stated continuous distribution function at the draws.
    Fails if the measured distance less `dkw_epsilon(m, alpha)` passes the tolerance: probability
    at most alpha if the law is within it.  Holds if the distance plus `dkw_epsilon(m, beta)` stays
    within it: probability at most beta if the law is not.
    """
    pit = _sample("sample_pit", sample_pit)
    if pit.min() < 0 or pit.max() > 1:
        raise InvalidArgument("sample_pit", (float(pit.min()), float(pit.max())), "must lie in [0, 1]")
    distance = float(stats.ks_1samp(pit, stats.uniform.cdf, method="asymp").statistic)
    m = len(pit)
    return _judge(
        distance, tolerance, dkw_epsilon(m, alpha), dkw_epsilon(m, beta), replicates=m, beta=beta
    )


def two_sample_test(
    first: ArrayLike, second: ArrayLike, tolerance: float, alpha: float, beta: float
) -> LawResult:
    """Are the laws of two samples within `tolerance` of each other?  Error rates as in `law_test`.

    Each sample gets half of alpha and of beta; any laws, with or without atoms.
    """
    x, y = _sample("first", first), _sample("second", second)
    epsilon_alpha, epsilon_beta = (
        sum(dkw_epsilon(len(s), probability("alpha/beta", rate) / 2) for s in (x, y))
        for rate in (alpha, beta)
    )
    # Only the distance is used; the method is that of a p-value and chosen for speed.
    method: Literal["exact", "asymp"] = "exact" if max(len(x), len(y)) < 100 else "asymp"
    distance = float(stats.ks_2samp(x, y, method=method).statistic)
    return _judge(distance, tolerance, epsilon_alpha, epsilon_beta, replicates=len(x) + len(y), beta=beta)


def two_sample_size(distance: float, alpha: float, beta: float) -> int:
    """Draws of each of two equal samples that tell laws `distance` beyond the tolerance apart."""
    return minimal_samples(distance / 2, alpha / 2, beta / 2)


def _judge(
    distance: float,
    tolerance: float,
    epsilon_alpha: float,
    epsilon_beta: float,
    *,
    replicates: int,
    beta: float,
) -> LawResult:
    if not 0 <= tolerance < 1:
        raise InvalidArgument("tolerance", tolerance, "must lie in [0, 1)")
    outcome: Outcome = "undecided"
    if distance - epsilon_alpha > tolerance:
        outcome = "fails"
    elif distance + epsilon_beta <= tolerance:
        outcome = "holds"
    return LawResult(
        outcome=outcome,
        distance=distance,
        interval=(max(0.0, distance - epsilon_alpha), min(1.0, distance + epsilon_beta)),
        tolerance=tolerance,
        power=Power(
            smallest=tolerance + epsilon_alpha + epsilon_beta,
            meaning="Kolmogorov distance between the true and the stated law",
            replicates=replicates,
            beta=beta,
        ),
    )


def _sample(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not len(array) or np.isnan(array).any():
        raise InvalidArgument(name, array.shape, "must be one-dimensional, not empty and free of NaN")
    return array
