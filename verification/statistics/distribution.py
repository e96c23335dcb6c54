"""Does a sample follow a stated law?  Exact, distribution-free bounds (Dvoretzky-Kiefer-Wolfowitz).

Distances are Kolmogorov's: the largest difference of two distribution functions.  With Massart's
constant P(sup |F_m - F| > e) <= 2 exp(-2 m e^2) for every law F and every m, so a test at level
1e-9 has that level.  Derivations: proofs_notes/evidence.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verification.errors import InvalidArgument
from verification.statistics.evidence import Interval, Outcome, Power, plain, probability

Cdf = Callable[[NDArray[np.float64]], ArrayLike]
"""A distribution function: numbers (k,) -> probabilities (k,)."""

ROUNDING = 1e-9
"""Fall of a distribution function that counts as an error of rounding."""

SLIVER = 1e-15
"""Mass of a law that counts as none."""

STRIDE = 32
"""Draws from one to the next at which a distribution function is evaluated at first."""


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


def kolmogorov_distance(sample: ArrayLike, cdf: Cdf) -> float:
    """The largest difference of the empirical law of `sample` (m,) and the stated one, atoms included.

    `cdf` maps numbers (k,) to probabilities (k,) and rises; it is asked for no more of the sample than
    decides where the largest difference is, which is a small part of it.  Raises InvalidArgument where
    it is seen to fall, or to leave [0, 1].
    """
    x = np.sort(np.asarray(sample, dtype=np.float64))
    m = len(x)
    known = np.unique(np.append(np.arange(0, m, STRIDE), m - 1))
    below, at = _probabilities(cdf, x[known])
    while True:
        if (np.diff(at) < -ROUNDING).any():
            raise InvalidArgument("cdf", float(np.diff(at).min()), "must rise, but falls somewhere by this")
        distance = max(np.max((known + 1) / m - at), np.max(below - known / m))
        # Between two known points both laws rise, so their difference cannot be larger than this.
        most = np.maximum(known[1:] / m - at[:-1], below[1:] - (known[:-1] + 1) / m)
        unsure = (np.diff(known) > 1) & (most > distance)
        if not unsure.any():
            return float(distance)
        between = (known[:-1] + known[1:])[unsure] // 2
        order = np.argsort(np.append(known, between))
        more_below, more_at = _probabilities(cdf, x[between])
        below, at = np.append(below, more_below)[order], np.append(at, more_at)[order]
        known = np.append(known, between)[order]


def root_mean_square(cdf: Cdf) -> float:
    """The root of E X^2 of a variable X >= 0 with a continuous law, from its distribution function.

    E X^2 is the integral of 2x P(X > x), taken on a logarithmic scale between the numbers that hold all but
    1e-15 of the law.  Raises InvalidArgument where no number up to 1e12 does.
    """
    coarse = np.logspace(-30, 12, 4201)
    known = np.asarray(cdf(coarse), dtype=np.float64)
    if known[0] >= 1 - SLIVER:
        return 0.0
    if not known[-1] >= 1 - SLIVER:
        raise InvalidArgument("cdf", float(known[-1]), "must reach 1 within the numbers")
    low = coarse[max(0, int(np.argmax(known > SLIVER)) - 1)]
    high = coarse[int(np.argmax(known >= 1 - SLIVER))]
    places, weights = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(math.log(low), math.log(high), 65)
    half = np.diff(edges)[:, None] / 2
    at = np.exp(edges[:-1, None] + half * (1 + places))
    above = 1 - np.asarray(cdf(at.ravel()), dtype=np.float64).reshape(at.shape)
    return math.sqrt(low**2 + float((half * weights * 2 * at**2 * above).sum()))


def _probabilities(cdf: Cdf, numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(X < number) and P(X <= number): they differ at an atom."""
    found = np.asarray(cdf(np.append(np.nextafter(numbers, -np.inf), numbers)), dtype=np.float64)
    if np.isnan(found).any() or found.min() < 0 or found.max() > 1:
        raise InvalidArgument("cdf", (float(found.min()), float(found.max())), "must lie in [0, 1]")
    return found[: len(numbers)], found[len(numbers) :]


def law_test(
    sample: ArrayLike, tolerance: float, alpha: float, beta: float, cdf: Cdf | None = None
) -> LawResult:
    """Is the law of the sample within `tolerance` of the stated one?

    `sample` (m,) holds the draws X_i, and `cdf` is the stated distribution function; without one the
    sample holds its values F0(X_i), and F0 must be continuous.
    Fails if the measured distance less `dkw_epsilon(m, alpha)` passes the tolerance: probability
    at most alpha if the law is within it.  Holds if the distance plus `dkw_epsilon(m, beta)` stays
    within it: probability at most beta if the law is not.
    """
    drawn = _sample("sample", sample)
    if cdf is None and (drawn.min() < 0 or drawn.max() > 1):
        raise InvalidArgument("sample", (float(drawn.min()), float(drawn.max())), "must lie in [0, 1]")
    distance = kolmogorov_distance(drawn, cdf or (lambda numbers: np.maximum(numbers, 0.0)))
    m = len(drawn)
    return _judge(distance, tolerance, dkw_epsilon(m, alpha), dkw_epsilon(m, beta), replicates=m, beta=beta)


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
