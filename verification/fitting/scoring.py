"""The second pass: every pair scored by a teacher that has not seen it, and what the answers need of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verification.engines import estimate, seeds
from verification.fitting.clean_share import LEVELS, HeldOut, repaired_scores
from verification.fitting.moments import FOLDS, Array, PairMoments, Whole, cells_of, iterate
from verification.fitting.payoff import SHARES, FoldSums
from verification.fitting.reading import Rows
from verification.fitting.spectrum import Modality

HELD = 2**20
"""Pairs of the two halves together whose projections are kept for re-pairing."""

HELD_WIDE = 2**17
"""The same for the wider score."""

WIDER, WIDEST = 4, 32
"""The wider score has so many times r directions, at most WIDEST."""


LARGEST_CORRELATION = 0.99
"""A larger one is cut to this in a score's weights."""

_Rows = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class HalfTeacher:
    """A half's rank-r fit: the score of centred rows is the sum of the products of their projections."""

    left: Array
    right: Array

    @classmethod
    def of(cls, cross: Array, r: int, cov_x: Array, cov_y: Array) -> HalfTeacher:
        """The teacher of a cross-covariance, in units of its re-paired scores' standard deviation."""
        fitted = estimate.fit(cross, r)
        root = np.sqrt(fitted.singular_values)
        return cls._in_units(fitted.left * root, fitted.right * root, cov_x, cov_y)

    @classmethod
    def _in_units(cls, left: Array, right: Array, cov_x: Array, cov_y: Array) -> HalfTeacher:
        # A re-paired score has variance tr(A cov_y A^T cov_x).
        variance = float(np.sum((left.T @ cov_x @ left) * (right.T @ cov_y @ right)))
        unit = variance**-0.25
        return cls(left * unit, right * unit)

    @classmethod
    def wider(cls, cross: Array, r: int, x: Array, y: Array) -> HalfTeacher:
        """A teacher with more directions, of the whitened cross-covariance: canonical ones, r of them.

        `x`, `y` are centred rows of the teacher's own half, whose covariances whiten, drawn towards a
        multiple of the identity by the sampling noise's share.  Directions of correlation rho weigh
        rho/(1 - rho^2), as in the likelihood ratio of Gaussian pairs.
        """
        covs = [_shrunk(rows) for rows in (x, y)]
        roots = [_inverse_root(cov) for cov in covs]
        inside = estimate.fit(roots[0].T @ cross @ roots[1], r)
        rho = np.minimum(inside.singular_values, LARGEST_CORRELATION)
        weight = np.sqrt(rho / (1 - rho**2))
        return cls._in_units(roots[0] @ inside.left * weight, roots[1] @ inside.right * weight, *covs)

    def scores(self, x: Array, y: Array) -> Array:
        """Scores of matched centred rows."""
        return np.asarray(np.einsum("ij,ij->i", x @ self.left, y @ self.right))


@dataclass(frozen=True)
class Scored:
    """What pass two leaves: the scores (n,), halves for the clean share, fold sums, and row moments.

    `wider` are the halves as scored by canonical directions, more than r of them: another look at the
    clean share.  `thresholds` are the lower edges of the bins but the first; `row_means` and `row_cov`
    belong to (score in the leading bases, squared lengths of x and x~ there, squared lengths of x and x~ off
    them), and `fourth` holds the mean of the squared Mahalanobis length squared of x and x~ in the shared
    space.
    """

    scores: Array
    halves: tuple[HeldOut, HeldOut]
    wider: tuple[HeldOut, HeldOut]
    sums: FoldSums
    thresholds: Array
    row_means: Array
    row_cov: Array
    fourth: tuple[float, float]


def score_rows(
    x: Rows,
    y: Rows,
    found: PairMoments,
    fitted: estimate.Trained,
    sides: tuple[Modality, Modality],
    rotation: Array,
    share: float | None,
    seed: int,
) -> Scored:
    """Pass two.  `share`, where given, is one more share to keep, put in order with the others."""
    r = fitted.left.shape[1]
    teachers = tuple(HalfTeacher.of(cross, r, found.cov_x, found.cov_y) for cross in found.half)
    thresholds = _thresholds(found, teachers, shares_tried(share))
    sums = FoldSums.empty(len(thresholds) + 1, x.d, y.d, r)
    whiten = [
        _inverse_root(b.T @ c @ b) for b, c in ((fitted.left, found.cov_x), (fitted.right, found.cov_y))
    ]
    scores = np.empty(found.n)
    wide = _wider_teachers(found, r)
    held: tuple[list[_Rows], list[_Rows]] = ([], [])
    held_wide: tuple[list[_Rows], list[_Rows]] = ([], [])
    total, products, fourth = np.zeros(5), np.zeros((5, 5)), np.zeros(2)
    for start, left, right in iterate(x, y, found):
        rows = len(left)
        cells = cells_of(start, rows, seed)
        half = cells // FOLDS
        all_left = _project(left, fitted.left, teachers[0].left, teachers[1].left, sides[0].basis @ rotation)
        all_right = _project(right, fitted.right, teachers[0].right, teachers[1].right, sides[1].basis)
        at = scores[start : start + rows]
        place = seeds.generator(seed, "fit: held", start).random(rows) * found.n
        for h in (0, 1):
            mine = half == h  # scored by the other half's teacher
            one, two = all_left[2 - h][mine], all_right[2 - h][mine]
            at[mine] = np.einsum("ij,ij->i", one, two)
            taken = place[mine] < HELD
            held[h].append((one[taken].astype(np.float32), two[taken].astype(np.float32)))
        _hold_wide(held_wide, wide, half, place < HELD_WIDE, left, right)
        bins = np.searchsorted(thresholds, at, side="right").astype(np.int64)
        sums.add(cells, bins, left, right, all_left[0], all_right[0])
        rowwise = _row_moments((left, right), all_left[3], all_right[3])
        total += rowwise.sum(axis=1)
        products += rowwise @ rowwise.T
        for s, part in enumerate((all_left[0], all_right[0])):
            fourth[s] += np.sum(np.sum((part @ whiten[s]) ** 2, axis=1, dtype=float) ** 2)
    means = total / found.n
    halves, wider = (
        [_held_out(rows[h], found, by[1 - h], 1 - h, seed) for h in (0, 1)]
        for rows, by in ((held, teachers), (held_wide, wide))
    )
    return Scored(
        scores,
        (halves[0], halves[1]),
        (wider[0], wider[1]),
        sums,
        thresholds,
        means,
        products / found.n - np.outer(means, means),
        (float(fourth[0] / found.n), float(fourth[1] / found.n)),
    )


def _hold_wide(
    held: tuple[list[_Rows], list[_Rows]],
    wide: tuple[HalfTeacher, ...],
    half: Whole,
    chosen: NDArray[np.bool_],
    left: Array,
    right: Array,
) -> None:
    """Keep the chosen rows of each half as the other half's wider teacher sees them."""
    for h in (0, 1):
        rows, by = chosen & (half == h), wide[1 - h]
        seen = (left[rows] @ by.left).astype(np.float32), (right[rows] @ by.right).astype(np.float32)
        held[h].append(seen)


def _wider_teachers(found: PairMoments, r: int) -> tuple[HalfTeacher, ...]:
    """The wider teacher of each half, from what pass one kept of that half alone."""
    directions = min(max(r, min(WIDER * r, WIDEST)), *found.cross.shape)
    x, y = found.sample_x - found.mean_x, found.sample_y - found.mean_y
    own = [found.sample_half == h for h in (0, 1)]
    return tuple(HalfTeacher.wider(found.half[h], directions, x[own[h]], y[own[h]]) for h in (0, 1))


def _row_moments(blocks: tuple[Array, Array], p: Array, q: Array) -> Array:
    """Of each row, (5, rows): its score in the leading bases, squared lengths there and off them."""
    inside = [np.einsum("ij,ij->i", part, part) for part in (p, q)]
    whole = [np.einsum("ij,ij->i", block, block) for block in blocks]
    outside = [length - part for length, part in zip(whole, inside, strict=True)]
    return np.stack([np.einsum("ij,ij->i", p, q), *inside, *outside]).astype(float)


def shares_tried(share: float | None) -> tuple[float, ...]:
    """Shares to keep, largest first, with `share` among them."""
    return tuple(sorted({*SHARES, *(() if share is None else (share,))}, reverse=True))


def _thresholds(found: PairMoments, teachers: tuple[HalfTeacher, ...], shares: tuple[float, ...]) -> Array:
    """Scores that keep these shares of held-out pairs, from the sampled rows; increasing."""
    x, y = found.sample_x - found.mean_x, found.sample_y - found.mean_y
    own = [found.sample_half == h for h in (0, 1)]
    scores = np.concatenate([teachers[1 - h].scores(x[own[h]], y[own[h]]) for h in (0, 1)])
    return np.asarray(np.quantile(scores, [1 - share for share in shares]), dtype=float)


def _project(block: Array, *bases: Array) -> list[Array]:
    """The block times each basis, by one product."""
    together = np.concatenate(bases, axis=1).astype(block.dtype)
    edges = np.cumsum([basis.shape[1] for basis in bases])[:-1]
    return list(np.split(block @ together, edges, axis=1))


def _held_out(
    parts: list[_Rows],
    found: PairMoments,
    teacher: HalfTeacher,
    trained_on: int,
    seed: int,
) -> HeldOut:
    """The half's scores, re-paired ones, and levels placed on the other half's sampled rows."""
    left = np.concatenate([one for one, _ in parts])
    right = np.concatenate([two for _, two in parts])
    parts.clear()  # they are many, and not needed any more
    rng = seeds.generator(seed, "fit: re-pairings", trained_on)
    seen = found.sample_half == trained_on
    x, y = found.sample_x[seen] - found.mean_x, found.sample_y[seen] - found.mean_y
    placed = repaired_scores(x @ teacher.left, y @ teacher.right, rng)
    return HeldOut(
        np.einsum("ij,ij->i", left, right).astype(float),
        repaired_scores(left, right, rng),
        np.quantile(placed, LEVELS),
    )


def _shrunk(rows: Array) -> Array:
    """The rows' covariance, with its mean variance times columns over rows added to every direction."""
    cov = rows.T @ rows / len(rows)
    return np.asarray(cov + np.eye(len(cov)) * (np.trace(cov) / len(rows)))


def _inverse_root(cov: Array) -> Array:
    values, vectors = np.linalg.eigh(cov)
    return np.asarray(vectors / np.sqrt(values))
