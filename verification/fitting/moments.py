"""The first pass over the rows: counts, means, covariances, and a cross-covariance for each half."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.engines import seeds
from verification.engines.estimate import from_sums
from verification.errors import InvalidArgument
from verification.fitting.reading import Block, Rows, paired_blocks

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

FOLDS = 20
"""Folds in each of the two halves: the jackknife's degrees of freedom are 2 (FOLDS - 1)."""

SAMPLED = 8192
"""Rows of each pass-one sample, kept to place thresholds."""

HASHED = 2**22
"""Pairs looked at for exact repetitions."""

SMALLEST = 1e-30
"""Rows of this length, or of its inverse, are refused: single precision holds no projections of them."""

CONSTANT = 16
"""A column whose standard deviation is below this many roundings of its mean does not vary."""


@dataclass(frozen=True)
class PairMoments:
    """Everything that pass one keeps; nothing in it grows with the number of rows but `repeated`'s hashes.

    `mean_x` (d,), `cov_x` (d, d), likewise y; `half` holds the cross-covariance (d, d~) of each half and
    `half_pairs` its number of pairs; `sample_x`, `sample_y` are matched rows of both halves, `sample_half`
    says which; `repeated` is the share of pairs that are exact copies of earlier ones, `heaviest` the
    largest share of either modality's sum of squares that one row holds.
    """

    n: int
    mean_x: Array
    mean_y: Array
    cov_x: Array
    cov_y: Array
    cross: Array
    half: tuple[Array, Array]
    half_pairs: tuple[int, int]
    sample_x: Array
    sample_y: Array
    sample_half: Whole
    repeated: float
    heaviest: tuple[float, float]


def cells_of(start: int, size: int, seed: int) -> Whole:
    """The cell 0 .. 2 FOLDS - 1 of each of `size` rows from row `start` on: half = cell // FOLDS.

    A random permutation within the block, so cells are equally large but for one row a block, whatever
    the order of the rows.
    """
    order = seeds.generator(seed, "fit: cells", start).permutation(size)
    return np.asarray(order % (2 * FOLDS), dtype=np.int64)


def moments(x: Rows, y: Rows, seed: int) -> PairMoments:
    """Pass one.  Raises InvalidArgument for a constant column and for what `Rows.blocks` refuses."""
    sums = _MomentSums(x.d, y.d)
    most = max(1, SAMPLED * 8192 // max(x.n, 8192))
    samples: list[tuple[Array, Array, Whole]] = []
    hashes: list[NDArray[np.uint64]] = []
    for start, left, right in paired_blocks(x, y):
        halves = cells_of(start, len(left), seed) // FOLDS
        sums.add(left, right, halves)
        rng = seeds.generator(seed, "fit: sample", start)
        taken = rng.permutation(len(left))[: most if len(left) == 8192 else max(1, most * len(left) // 8192)]
        samples.append((left[taken].astype(float), right[taken].astype(float), halves[taken]))
        if start < HASHED:
            hashes.append(_hashes(left) * np.uint64(3) + _hashes(right))
    sample_x, sample_y, sample_half = (np.concatenate(part) for part in zip(*samples, strict=True))
    every = np.concatenate(hashes)
    repeated = 1 - len(np.unique(every)) / len(every)
    result = sums.result(sample_x, sample_y, sample_half, repeated)
    for s, rows, mean, cov in ((0, x, result.mean_x, result.cov_x), (1, y, result.mean_y, result.cov_y)):
        if not np.isfinite(cov).all() or not np.isfinite(result.cross).all():
            raise InvalidArgument(rows.name, "numbers whose squares overflow", "must be scaled down")
        size = math.sqrt(float(np.trace(cov)))
        if size and not SMALLEST < size < 1 / SMALLEST:
            raise InvalidArgument(rows.name, f"rows of length {size:.1g}", "must be scaled to a usual size")
        constant = np.flatnonzero(np.sqrt(np.diag(cov)) <= CONSTANT * sums.rounding[s] * np.abs(mean))
        if len(constant):
            raise InvalidArgument(rows.name, f"column {constant[0] + 1}", "must have no constant column")
    return result


class _MomentSums:
    """Running sums about the first block's means, so that a large mean costs no digits."""

    def __init__(self, d: int, d_tilde: int) -> None:
        self.shift: tuple[Array, Array] | None = None
        self.count = np.zeros(2, dtype=np.int64)
        self.sum_x, self.sum_y = np.zeros((2, d)), np.zeros((2, d_tilde))
        self.xx, self.yy = np.zeros((d, d)), np.zeros((d_tilde, d_tilde))
        self.xy = np.zeros((2, d, d_tilde))
        self.rounding = [0.0, 0.0]
        self.longest = np.zeros(2)

    def add(self, left: Block, right: Block, halves: Whole) -> None:
        if self.shift is None:
            self.rounding = [float(np.finfo(block.dtype).eps) for block in (left, right)]
            self.shift = left.mean(axis=0, dtype=float), right.mean(axis=0, dtype=float)
        # Products in the rows' own precision, summed over blocks in double.
        order = np.argsort(halves, kind="stable")
        x = left[order] - self.shift[0].astype(left.dtype)
        y = right[order] - self.shift[1].astype(right.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told after the pass
            self._products(x, y, halves)

    def _products(self, x: Block, y: Block, halves: Whole) -> None:
        self.xx += x.T @ x
        self.yy += y.T @ y
        lengths = [float(np.einsum("ij,ij->i", block, block).max()) for block in (x, y)]
        self.longest = np.maximum(self.longest, lengths)
        edge = int(np.count_nonzero(halves == 0))
        for h, part in ((0, slice(0, edge)), (1, slice(edge, None))):
            self.count[h] += len(x[part])
            self.sum_x[h] += x[part].sum(axis=0, dtype=float)
            self.sum_y[h] += y[part].sum(axis=0, dtype=float)
            self.xy[h] += x[part].T @ y[part]

    def result(self, sample_x: Array, sample_y: Array, sample_half: Whole, repeated: float) -> PairMoments:
        assert self.shift is not None
        n = int(self.count.sum())
        with np.errstate(over="ignore", invalid="ignore"):
            return self._result(n, sample_x, sample_y, sample_half, repeated)

    def _result(
        self, n: int, sample_x: Array, sample_y: Array, sample_half: Whole, repeated: float
    ) -> PairMoments:
        assert self.shift is not None
        sum_x, sum_y = self.sum_x.sum(axis=0), self.sum_y.sum(axis=0)
        half = tuple(from_sums(int(self.count[h]), self.sum_x[h], self.sum_y[h], self.xy[h]) for h in (0, 1))
        return PairMoments(
            n,
            self.shift[0] + sum_x / n,
            self.shift[1] + sum_y / n,
            from_sums(n, sum_x, sum_x, self.xx),
            from_sums(n, sum_y, sum_y, self.yy),
            from_sums(n, sum_x, sum_y, self.xy.sum(axis=0)),
            (half[0], half[1]),
            (int(self.count[0]), int(self.count[1])),
            sample_x,
            sample_y,
            sample_half,
            repeated,
            (
                float(self.longest[0] / max(np.trace(self.xx), np.finfo(float).tiny)),
                float(self.longest[1] / max(np.trace(self.yy), np.finfo(float).tiny)),
            ),
        )


def _hashes(block: Block) -> NDArray[np.uint64]:
    """A number for each row that equal rows share, from up to 16 columns spread over it."""
    columns = np.unique(np.linspace(0, block.shape[1] - 1, 16).astype(int))
    words = np.ascontiguousarray(block[:, columns], dtype=float).view(np.uint64)
    result = np.zeros(len(block), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for word in words.T:
            result = (result ^ (word ^ (word >> np.uint64(29)))) * np.uint64(0x9E3779B97F4A7C15)
            result ^= result >> np.uint64(32)
    return result


def iterate(x: Rows, y: Rows, found: PairMoments) -> Iterator[tuple[int, Any, Any]]:
    """(first row, centred block of x, centred block of y): the rows once more, about their means."""
    for start, left, right in paired_blocks(x, y):
        yield start, left - found.mean_x.astype(left.dtype), right - found.mean_y.astype(right.dtype)
