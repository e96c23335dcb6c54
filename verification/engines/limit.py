"""The law of `engines.exact` at a cost free of the number of pairs, filtered draws included.

Which pairs a filter keeps is not drawn pair by pair: the number of kept pairs of a class is binomial, and
given it they are independent draws from the class's law above the threshold.  Where a class keeps at most
DRAWN_SINGLY pairs these are drawn, by rejection; all that is exact.  Where it keeps more, their sums and
Gram matrix are drawn as Gaussian with their exact mean and covariance: an error of the order of
(kept pairs)^(-1/2), the only one.  proofs_notes/limit.md derives every step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verification.engines import Draw, exact, seeds
from verification.engines.estimate import Array
from verification.engines.exact import Kept
from verification.engines.kept_pairs import Moments, QuadraticScore
from verification.engines.short_sample import Geometry, Teacher, heads
from verification.engines.truncated_moments import Tails, Truncated, threshold_at, tilt, truncated
from verification.errors import TooFewPairs
from verification.setting import Procedure, Setting

DRAWN_SINGLY = 2**13
"""Kept pairs of a class up to which each of them is drawn."""

RARE = 1e-9
"""Below this chance a binomial number is drawn as a Poisson one: nearer than RARE in total variation."""


@dataclass(frozen=True)
class ClassScore:
    """A class's score as sum_i coefficients_i w_i^2 of standard normals w, with (a, b) = turn w."""

    coefficients: Array
    turn: Array

    @staticmethod
    def of(score: QuadraticScore) -> ClassScore:
        """The eigenvectors of the score's matrix in the normals (a, b)."""
        coefficients, turn = np.linalg.eigh(score.matrix)
        return ClassScore(coefficients, turn)


@dataclass(frozen=True)
class _Filter:
    """Both classes' scores (corrupted, clean) and their laws above a raw threshold."""

    threshold: float
    scores: Sequence[ClassScore]
    laws: tuple[Truncated, ...]

    @staticmethod
    def at(scores: Sequence[ClassScore], threshold: float) -> _Filter:
        """The filter with this raw threshold."""
        return _Filter(threshold, scores, tuple(truncated(s.coefficients, threshold) for s in scores))

    def moments(self, label: int, count: int, rng: np.random.Generator) -> Moments:
        """Count, sum and Gram matrix of (a, b) over `count` independent kept pairs of a class.

        Gaussian, with the exact mean and covariance, for more than DRAWN_SINGLY pairs.
        """
        score, law = self.scores[label], self.laws[label]
        moments = Moments(len(score.coefficients))
        if count > DRAWN_SINGLY:
            total, gram = gaussian_sums(law, count, rng)
            moments.count = count
            moments.total += score.turn @ total
            moments.gram += score.turn @ gram @ score.turn.T
        elif count:
            pairs = pairs_above(score.coefficients, self.threshold, law.tails, count, rng)
            moments.add(score.turn @ pairs)
        return moments


def gaussian_sums(law: Truncated, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Sum (m,) and Gram matrix (m, m) of w over `count` pairs, in their Gaussian limit.

    The sums, the entries off the diagonal and the diagonal are independent of each other, because w may
    change the sign of any of its entries.
    """
    m, spread = len(law.second), math.sqrt(count)
    total = spread * np.sqrt(law.second) * rng.standard_normal(m)
    off = np.triu(np.sqrt(law.fourth) * rng.standard_normal((m, m)), k=1)
    values, vectors = np.linalg.eigh(law.covariance)
    diagonal = vectors @ (np.sqrt(np.maximum(values, 0.0)) * rng.standard_normal(m))
    return total, np.diag(count * law.second + spread * diagonal) + spread * (off + off.T)


def pairs_above(
    coefficients: Array, threshold: float, law: Tails, count: int, rng: np.random.Generator
) -> Array:
    """`count` independent draws of w given sum_i coefficients_i w_i^2 > threshold, (m, count), by rejection.

    Proposed from the Gaussian law tilted by exp(z S), accepted with probability exp(-z (S - threshold)).
    """
    z, log_bound = tilt(coefficients, threshold)
    scale = (1 - 2 * z * coefficients) ** -0.5
    accepted = math.exp(law.log_above - log_bound)
    parts, missing = [], count
    while missing > 0:
        proposals = int((missing + 3 * math.sqrt(missing) + 3) / accepted)
        w = scale[:, None] * rng.standard_normal((len(scale), proposals))
        excess = coefficients @ (w * w) - threshold
        keep = excess > 0
        if z > 0:
            keep &= z * excess < rng.standard_exponential(proposals)
        parts.append(np.compress(keep, w, axis=1)[:, :missing])
        missing -= parts[-1].shape[1]
    return np.concatenate(parts, axis=1)


def binomial(trials: int, law: Tails, rng: np.random.Generator) -> int:
    """How many of `trials` pairs score above the threshold; sound for chances near 0 and near 1."""
    if law.log_above > law.log_below:
        return trials - binomial(trials, Tails(law.log_below, law.log_above), rng)
    chance = math.exp(law.log_above)
    if chance < RARE:
        return min(trials, int(rng.poisson(trials * chance)))
    return int(rng.binomial(trials, chance))


def select(
    setting: Setting,
    procedure: Procedure,
    total: int,
    teacher: Teacher,
    scale: float,
    rngs: list[np.random.Generator],
) -> Kept:
    """What `exact.select` finds, without drawing the pairs that are not kept."""
    keep = exact.kept_share(procedure, total)
    if keep == total or procedure.theta == -np.inf:
        return exact.select(setting, procedure, total, teacher, scale, rngs)
    geometry = Geometry.relative_to(teacher, setting)
    # One teacher for all replicates is looked at once.
    teachers = [[ClassScore.of(score) for score in geometry.scores(i)] for i in range(len(geometry.gains))]
    if keep is None:
        assert procedure.theta is not None
        fixed = [_Filter.at(scores, procedure.theta * scale) for scores in teachers]
    moments = []
    for i, rng in enumerate(rngs):
        place, stream = i % len(teachers), seeds.fast(rng)
        if keep is None:
            found, counts = fixed[place], _above(fixed[place], setting.eta, total, stream)
        else:
            found = _Filter.at(
                teachers[place], _share_threshold(teachers[place], setting.eta, keep, total, stream)
            )
            counts = _share_by_class(found, setting.eta, keep, stream)
        moments.append((found.moments(0, counts[0], stream), found.moments(1, counts[1], stream)))
    kept = np.array([[part.count for part in pair] for pair in moments], dtype=np.int64)
    return Kept(geometry, kept, heads(moments), rngs)


def _above(found: _Filter, eta: float, total: int, rng: np.random.Generator) -> tuple[int, int]:
    """How many of `total` pairs score above the threshold, by class (corrupted, clean)."""
    clean = int(rng.binomial(total, eta))
    corrupted_law, clean_law = (law.tails for law in found.laws)
    return binomial(total - clean, corrupted_law, rng), binomial(clean, clean_law, rng)


def _share_threshold(
    scores: Sequence[ClassScore], eta: float, keep: int, total: int, rng: np.random.Generator
) -> float:
    """The highest score that is not kept when `keep` of `total` pairs are.

    The chance to exceed it is the (keep + 1)-th smallest of `total` uniforms, a beta variable: its odds
    are a ratio of two gamma variables.
    """
    log_odds = math.log(rng.standard_gamma(keep + 1)) - math.log(rng.standard_gamma(total - keep))
    weighted = zip((1 - eta, eta), scores, strict=True)
    return threshold_at([(w, score.coefficients) for w, score in weighted if w > 0], log_odds)


def _share_by_class(found: _Filter, eta: float, keep: int, rng: np.random.Generator) -> tuple[int, int]:
    """How many of the kept pairs are corrupted and how many clean, given the threshold."""
    corrupted = math.log1p(-eta) + found.laws[0].tails.log_above if eta < 1 else -math.inf
    clean = math.log(eta) + found.laws[1].tails.log_above
    either = np.logaddexp(corrupted, clean)
    number = binomial(keep, Tails(float(clean - either), float(corrupted - either)), rng)
    return keep - number, number


def draw(
    setting: Setting,
    procedure: Procedure,
    rng: np.random.Generator,
    scales: tuple[float, ...] = (),
) -> Draw:
    """One replicate of `procedure` in `setting`; arguments and errors as in `exact.draw`."""
    drawn = draw_many(setting, procedure, [rng], scales)[0]
    if isinstance(drawn, TooFewPairs):
        raise drawn
    return drawn


def draw_many(
    setting: Setting,
    procedure: Procedure,
    rngs: Sequence[np.random.Generator],
    scales: tuple[float, ...] = (),
) -> list[Draw | TooFewPairs]:
    """`draw` for each generator: the same bits, whatever the batch; a TooFewPairs is returned."""
    return exact.draw_many(setting, procedure, rngs, scales, selector=select)
