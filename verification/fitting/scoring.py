"""The second pass: every pair scored by a teacher that has not seen it, and what the answers need of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verification.engines import estimate, seeds
from verification.fitting.clean_share import LEVELS, HeldOut, repaired_scores
from verification.fitting.folds import CELLS, FoldSums, KeptFolds
from verification.fitting.moments import FOLDS, Array, PairMoments, Whole, cells_of, iterate
from verification.fitting.payoff import SHARES
from verification.fitting.reading import Block, Rows
from verification.fitting.spectrum import Modality, RowMoments
from verification.fitting.teachers import STEPS, Deprived, HalfTeacher, deprived_teachers, inverse_root

HELD = 2**20
"""Pairs of the two halves together whose projections are kept for re-pairing."""

HELD_WIDE = 2**17
"""The same for the wider score."""

WIDER, WIDEST = 4, 32
"""The wider score has so many times r directions, at most WIDEST."""

_Rows = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Scored:
    """What the last pass leaves: the scores (n,), halves for the clean share, what is kept, and row moments.

    `wider` are the halves as scored by canonical directions, more than r of them: another look at the
    clean share.  `thresholds` are the lower edges of the bins but the first, and `fourth` holds the mean of
    the squared Mahalanobis length squared of x and x~ in the shared space.
    """

    scores: Array
    halves: tuple[HeldOut, HeldOut]
    wider: tuple[HeldOut, HeldOut]
    kept: KeptFolds
    thresholds: Array
    row_moments: RowMoments
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
    """The last two passes.  `share`, where given, is one more share to keep, put in order with the others."""
    r = fitted.left.shape[1]
    teachers = tuple(HalfTeacher.of(cross, r, found.cov_x, found.cov_y) for cross in found.half)
    thresholds = _thresholds(found, teachers, shares_tried(share))
    without = deprived_teachers(x, y, found, r, seed)
    whole, lost = (FoldSums.empty(cells, len(thresholds) + 1, x.d, y.d, r) for cells in (1, CELLS))
    whiten = [inverse_root(b.T @ c @ b) for b, c in ((fitted.left, found.cov_x), (fitted.right, found.cov_y))]
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
        block = left, right, all_left[0], all_right[0]
        whole.add(np.zeros(rows, np.int64), bins, block)
        lost.add(cells, bins, block)
        _move(lost, half, bins, thresholds, without, block)
        rowwise = _row_moments((left, right), all_left[3], all_right[3])
        total += rowwise.sum(axis=1)
        products += rowwise @ rowwise.T
        fourth += [_fourth(part, root) for part, root in zip(block[2:], whiten, strict=True)]
    means = total / found.n
    return Scored(
        scores,
        _held_out(held, found, teachers, seed),
        _held_out(held_wide, found, wide, seed),
        KeptFolds.of(whole, lost, fitted.left, fitted.right),
        thresholds,
        RowMoments(means, products / found.n - np.outer(means, means)),
        (float(fourth[0] / found.n), float(fourth[1] / found.n)),
    )


def _move(
    lost: FoldSums,
    half: Whole,
    bins: Whole,
    thresholds: Array,
    without: tuple[Deprived, Deprived],
    block: tuple[Block, Block, Block, Block],
) -> None:
    """What each teacher's folds take from the other half's pairs: those that change their bin without it."""
    for h in (0, 1):
        rows = np.flatnonzero(half == h)
        scores = without[1 - h].scores(block[0][rows], block[1][rows])
        new = np.searchsorted(thresholds, scores.ravel(), side="right").reshape(scores.shape)
        which, fold = np.nonzero(new != bins[rows, None])
        at, cell = rows[which], (1 - h) * FOLDS + fold
        weight = 1 / STEPS[fold]
        lost.add(cell, bins[at], block, at, weight)
        lost.add(cell, new[which, fold], block, at, -weight)


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


def _fourth(rows: Block, root: Array) -> float:
    """The rows' Mahalanobis lengths to the fourth power, summed."""
    return float(np.sum(np.sum((rows @ root) ** 2, axis=1, dtype=float) ** 2))


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
    held: tuple[list[_Rows], list[_Rows]], found: PairMoments, teachers: tuple[HalfTeacher, ...], seed: int
) -> tuple[HeldOut, HeldOut]:
    """Both halves as the other half's teacher scores them."""
    first, second = (_half_held_out(held[h], found, teachers[1 - h], 1 - h, seed) for h in (0, 1))
    return first, second


def _half_held_out(
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
