"""eta without a model of clean pairs: paired scores against re-paired ones.

A re-paired score (x of one row, x~ of another, by a teacher that has seen neither) has exactly the law F0
of a corrupted pair's, so F = eta F1 + (1 - eta) F0 with F0 known and F1 free.  Hence 1 - eta <= F(t)/F0(t)
at every t: `lower_bound`, which holds whatever F1 is.  `clean_share` adds a value and an interval by a
shape for F1/F0, whose fit is tested.  Clean pairs that score like corrupted ones make it too low by as much,
and no score shows how many those are; `both` holds two different scores against each other.
Proofs: proofs_notes/fitting.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from verification.fitting.moments import Array
from verification.fitting.spectrum import Estimate

LEVELS = (0.01, 0.03, 0.1, 0.25, 0.5)
"""Where the lower bound looks: levels of the corrupted scores' law."""

REPAIRINGS = 8
"""How often the held-out rows are paired anew."""

BINS = 60
"""Bins of the scores in the fit, equally full over paired and re-paired scores together."""


@dataclass(frozen=True)
class HeldOut:
    """One half's scores by a teacher trained on the other, in units of that teacher's own re-paired scores.

    `paired` (m,) is in the rows' order, `repaired` (REPAIRINGS, m) uses each row once per line, and
    `levels` are thresholds that were placed without looking at these rows.
    """

    paired: Array
    repaired: Array
    levels: Array


def repaired_scores(left: Array, right: Array, rng: np.random.Generator) -> Array:
    """Scores of row i of `left` (m, r) with another row's `right` (m, r), shape (REPAIRINGS, m).

    A cyclic shift of a random order, so no row meets itself and each is used once a line.
    """
    result = np.empty((REPAIRINGS, len(left)), np.result_type(left, right))
    for line in result:
        order = rng.permutation(len(left))
        line[order] = np.einsum("ij,ij->i", left[order], right[np.roll(order, 1)])
    return result


def lower_bound(halves: tuple[HeldOut, ...], alpha: float) -> float:
    """A number that exceeds eta with probability at most alpha, whatever the law of clean pairs.

    At each level of each half: an exact binomial upper bound of F and Hoeffding's lower bound of F0,
    whose re-pairings are an average of sums of m // 2 independent terms.
    """
    share = alpha / (2 * len(LEVELS) * len(halves))
    corrupted = 1.0
    for half in halves:
        m = len(half.paired)
        for level in half.levels:
            hits = int(np.count_nonzero(half.paired <= level))
            above = float(stats.beta.isf(share, hits + 1, m - hits)) if hits < m else 1.0
            below = chernoff_lower(float(np.mean(half.repaired <= level)), m // 2, share)
            if below > 0:
                corrupted = min(corrupted, above / below)
    return 1 - corrupted


def chernoff_lower(mean: float, terms: int, failure: float) -> float:
    """The smallest p with terms * KL(mean | p) <= log(1/failure): a lower bound for a mean in [0, 1]."""
    if mean <= 0:
        return 0.0
    budget = math.log(1 / failure) / terms

    def excess(p: float) -> float:
        rest = (1 - mean) * math.log((1 - mean) / (1 - p)) if mean < 1 else 0.0
        return mean * math.log(mean / p) + rest - budget

    low = mean * math.exp(-budget / mean - 1)
    return float(optimize.brentq(excess, max(low, 1e-300), mean)) if excess(mean) < 0 else mean


MISFIT = 0.1
"""A fitted mixture fails where its distance a pair (root of chi-square) is above this, and surely so."""


@dataclass(frozen=True)
class CleanShare:
    """eta from the scores, the fitted ratio of clean to corrupted densities, and how well it fits.

    `edges` (k - 1,) cut the scores into k bins; `ratio` (k,) is F1's share of each bin over F0's.
    `misfit_p` is the p-value of the observed bins under the fit, `misfit` their chi-square distance a pair
    (root), sampling taken out.
    """

    eta: Estimate
    edges: Array
    ratio: Array
    misfit_p: float
    misfit: float

    def fits(self, alpha: float) -> bool:
        """Whether the scores look like clean pairs on top of re-paired ones."""
        return self.misfit <= MISFIT or self.misfit_p >= alpha / 10

    def posterior(self, scores: Any) -> Array:
        """P(clean | score) of each score, the local true discovery rate, shape as `scores`."""
        eta = self.eta.value
        ratio = np.maximum.accumulate(self.ratio)[np.searchsorted(self.edges, scores)]
        return np.asarray(eta * ratio / (eta * ratio + 1 - eta + np.finfo(float).tiny))


def clean_share(halves: tuple[HeldOut, ...], alpha: float) -> CleanShare:
    """eta by maximum likelihood over bins, f1/f0 = exp(b s - c sqrt(h^2 + s^2)) up to a constant.

    The family contains the model's law but for its rounded top; the interval is the profile likelihood's,
    widened by the re-paired scores' own noise and by the misfit.
    """
    paired = np.concatenate([half.paired for half in halves])
    repaired = np.concatenate([half.repaired.ravel() for half in halves])
    edges = _edges(paired, repaired)
    observed = _counts(paired, edges)
    null = _counts(repaired, edges)
    middle = np.bincount(
        np.searchsorted(edges, repaired), weights=np.clip(repaired, -40, 40), minlength=len(null)
    ) / np.maximum(null, 1)
    weights = null / null.sum()
    problem = _Likelihood(observed, weights, middle)
    best, value = problem.maximum(None)
    eta = problem.eta(best)
    expected = problem.expected(best)
    # Both counts are noisy: the null's share of the variance is that of one more sample of its size.
    noise = 1 + weights * len(paired) / null.sum() * REPAIRINGS / 2
    misfit = float(np.sum((observed - expected) ** 2 / (np.maximum(expected, 1e-9) * noise)))
    freedom = max(len(observed) - 5, 1)
    widen = 1.25 * max(1.0, misfit / freedom)
    drop = widen * float(stats.chi2.isf(alpha, 1)) / 2
    low = _end(problem, best, value, drop, 0.0, eta)
    high = _end(problem, best, value, drop, 1.0, eta)
    return CleanShare(
        Estimate(eta, low, high),
        edges,
        problem.ratio(best),
        float(stats.chi2.sf(misfit, freedom)),
        math.sqrt(max(misfit - freedom, 0.0) / len(paired)),
    )


def both(one: CleanShare, other: CleanShare, least: float, alpha: float) -> Estimate:
    """eta by two scores of the same pairs: the sharper one's value, an interval that holds both of theirs.

    Where neither fits, nothing but `least` (`lower_bound`) is known: up to 1.
    """
    fitting = [share.eta for share in (one, other) if share.fits(alpha)]
    sharper = min(fitting or [one.eta, other.eta], key=lambda eta: eta.high - eta.low)
    value = max(sharper.value, least)
    if not fitting:
        return Estimate(value, least, 1.0)
    return Estimate(value, min(one.eta.low, other.eta.low), max(one.eta.high, other.eta.high, least))


def _edges(paired: Array, repaired: Array) -> Array:
    """Cuts that leave each bin at least 25 re-paired scores of one line."""
    least = 25 * REPAIRINGS
    ordered = np.sort(repaired)
    both = np.sort(np.concatenate([paired, repaired[::REPAIRINGS]]))
    wanted = both[np.linspace(0, len(both) - 1, BINS + 1).astype(int)[1:-1]]
    tails = ordered[[len(ordered) * k // 1000 for k in (2, 5, 10, 990, 995)]]
    kept: list[float] = []
    before = 0
    for cut in np.unique(np.concatenate([wanted, tails])):
        below = int(np.searchsorted(ordered, cut))
        if below - before >= least and len(ordered) - below >= least:
            kept.append(float(cut))
            before = below
    return np.array(kept)


def _counts(values: Array, edges: Array) -> Array:
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1).astype(float)


class _Likelihood:
    """The log likelihood of bin counts under (1 - eta) w + eta w g / sum(w g)."""

    def __init__(self, observed: Array, weights: Array, middle: Array) -> None:
        self.observed, self.weights = observed, np.maximum(weights, 1e-300)
        self.middle = middle

    def eta(self, at: Array) -> float:
        return float(1 / (1 + math.exp(-at[0])))

    def ratio(self, at: Array) -> Array:
        slope, bend = math.exp(at[1]), math.exp(at[1]) / (1 + math.exp(-at[2]))
        log = slope * self.middle - bend * np.hypot(math.exp(at[3]), self.middle)
        tilted = np.exp(log - log.max())
        return np.asarray(tilted / (self.weights @ tilted))

    def expected(self, at: Array) -> Array:
        eta = self.eta(at)
        return np.asarray(self.observed.sum() * self.weights * (1 - eta + eta * self.ratio(at)))

    def minus_log(self, at: Array) -> float:
        eta = self.eta(at)
        mixed = 1 - eta + eta * self.ratio(at)
        return -float(self.observed @ np.log(np.maximum(mixed, 1e-300)))

    def maximum(self, eta: float | None, start: Array | None = None) -> tuple[Array, float]:
        """The best parameters, at a given eta or over all of them, with the log likelihood."""
        starts = (
            [start]
            if start is not None
            else [np.array([logit, slope, 0.0, -0.7]) for logit in (-2.0, 0.0, 2.0) for slope in (-1.0, 0.7)]
        )
        fixed = None if eta is None else math.log(eta / (1 - eta))
        box = [(-12.0, 12.0), (-6.0, 4.0), (-6.0, 8.0), (-4.0, 2.0)]
        best: tuple[float, Array] = (math.inf, starts[0])
        for first in starts:
            if fixed is None:
                found = optimize.minimize(self.minus_log, first, method="L-BFGS-B", bounds=box)
                at, value = found.x, float(found.fun)
            else:
                found = optimize.minimize(
                    lambda rest: self.minus_log(np.array([fixed, *rest])),
                    first[1:],
                    method="L-BFGS-B",
                    bounds=box[1:],
                )
                at, value = np.array([fixed, *found.x]), float(found.fun)
            if value < best[0]:
                best = value, at
        return best[1], -best[0]


def _end(problem: _Likelihood, best: Array, value: float, drop: float, to: float, eta: float) -> float:
    """The end of the profile interval towards 0 or 1, by bisection on the logit."""
    inside, outside = float(best[0]), -11.9 if to == 0 else 11.9

    def covered(logit: float) -> bool:
        return problem.maximum(1 / (1 + math.exp(-logit)), best)[1] >= value - drop

    if covered(outside):
        return to
    for _ in range(22):
        middle = (inside + outside) / 2
        if covered(middle):
            inside = middle
        else:
            outside = middle
    return 1 / (1 + math.exp(-outside))
