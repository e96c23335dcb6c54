"""Fits on the pairs that a threshold keeps, and the same fits made without one fold of the rows.

Both halves are kept from, each scored by the other half's teacher.  A fold that is left out leaves three
things: the student's pairs, the pairs of all, and the teacher of the other half, whose scores change.  What
it takes away is summed while the rows are read, so that each fit without it is a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verification.fitting.moments import FOLDS, Array, Whole
from verification.fitting.reading import Block

CELLS = 2 * FOLDS
"""Folds of both halves: cell = half FOLDS + fold."""

SINGULAR = 1e-10
"""Parts whose r singular values fall below this share of the first do not determine r directions."""

FEWEST_KEPT = 4
"""A share is tried where it leaves a fold on average this many pairs for each of the r dimensions."""


@dataclass
class FoldSums:
    """Sums over each (cell, bin) of scored pairs, bin 0 the lowest scores.

    With p and q the projections of x and x~ on r directions each: `count`, the sums of x, x~, p, q and of
    x q^T (d, r) and x~ p^T (d~, r).
    """

    count: Array
    x: Array
    y: Array
    p: Array
    q: Array
    xq: Array
    yp: Array

    @classmethod
    def empty(cls, cells: int, bins: int, d: int, d_tilde: int, r: int) -> FoldSums:
        """All sums zero."""
        shapes: tuple[tuple[int, ...], ...] = ((), (d,), (d_tilde,), (r,), (r,), (d, r), (d_tilde, r))
        return cls(*(np.zeros((cells, bins, *shape)) for shape in shapes))

    def add(
        self,
        cells: Whole,
        bins: Whole,
        block: tuple[Block, Block, Block, Block],
        chosen: Whole | None = None,
        weight: Block | None = None,
    ) -> None:
        """Add the rows of x, x~, p, q (`chosen` ones, by index) in these cells and bins, times `weight`."""
        width = self.count.shape[1]
        key = cells * width + bins
        order = np.argsort(key, kind="stable")
        x, y, p, q = (part[order if chosen is None else chosen[order]] for part in block)
        weights = np.ones(len(order), x.dtype) if weight is None else weight[order].astype(x.dtype)
        keys, starts = np.unique(key[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        for k, start, end in zip(keys, starts, ends, strict=True):
            at = divmod(int(k), width)
            rows = slice(start, end)
            w = weights[rows]
            self.count[at] += w.sum(dtype=float)
            self.x[at] += w @ x[rows]
            self.y[at] += w @ y[rows]
            self.p[at] += w @ p[rows]
            self.q[at] += w @ q[rows]
            self.xq[at] += x[rows].T @ (w[:, None] * q[rows])
            self.yp[at] += y[rows].T @ (w[:, None] * p[rows])

    def above(self) -> FoldSums:
        """Sums over each bin and all higher ones: what a threshold at the bin's lower edge keeps."""
        return FoldSums(*(np.flip(np.cumsum(np.flip(part, 1), axis=1), 1) for part in vars(self).values()))

    def total(self) -> FoldSums:
        """Sums over all cells, as one."""
        return FoldSums(*(part.sum(axis=0, keepdims=True) for part in vars(self).values()))

    def less(self, other: FoldSums) -> FoldSums:
        """These sums less others."""
        parts = zip(vars(self).values(), vars(other).values(), strict=True)
        return FoldSums(*(one - two for one, two in parts))

    def times(self, factors: Array) -> FoldSums:
        """The sums of each cell times its factor."""
        parts = vars(self).values()
        return FoldSums(*(part * factors.reshape(-1, *[1] * (part.ndim - 1)) for part in parts))

    def at(self, b: int) -> FoldSums:
        """The sums of one bin, which stays as an axis."""
        return FoldSums(*(part[:, b : b + 1] for part in vars(self).values()))

    def crosses(self) -> tuple[Array, Array]:
        """The cross-covariance at bin 0 times the other side's directions, (cells, d, r), (cells, d~, r)."""
        k = np.maximum(self.count[:, 0], 1.0)[:, None, None]
        means = [part[:, 0, :, None] / k for part in (self.x, self.y)]
        shared = [part[:, 0, None, :] / k for part in (self.q, self.p)]
        return self.xq[:, 0] / k - means[0] * shared[0], self.yp[:, 0] / k - means[1] * shared[1]


@dataclass(frozen=True)
class Tangents:
    """One side of a fit as its deviation from the base: `value` (d, r), `without` each cell (CELLS, d, r).

    `scale` (CELLS,) is by how much every deviation grows without a cell, through the singular values that
    divide it.
    """

    value: Array
    without: Array
    scale: Array

    @cached_property
    def influences(self) -> Array:
        """Each cell's influence (CELLS, d, r): of mean 0, their covariance over CELLS the fit's."""
        return np.asarray((len(self.without) - 1) * (self.without.mean(axis=0) - self.without))


@dataclass(frozen=True)
class KeptFolds:
    """What a threshold at each bin's lower edge keeps of both halves, and what each cell takes from it.

    `left` (d, r) and `right` (d~, r) are the bases of the fit on all pairs, on which p and q project and from
    which deviations are taken.
    """

    whole: FoldSums
    lost: FoldSums
    left: Array
    right: Array

    @classmethod
    def of(cls, whole: FoldSums, lost: FoldSums, left: Array, right: Array) -> KeptFolds:
        """From sums over each bin by itself."""
        return cls(whole.above(), lost.above(), left, right)

    @property
    def r(self) -> int:
        """Shared directions."""
        return int(self.left.shape[1])

    @property
    def shares(self) -> Array:
        """Share of all pairs that is kept from each bin on."""
        return np.asarray(self.whole.count[0] / self.whole.count[0, 0])

    def fit(self, b: int) -> tuple[Tangents, Tangents] | None:
        """The fit on the pairs from bin b on, left and right; None where they determine fewer directions."""
        if b and self.whole.count[0, b] < FEWEST_KEPT * self.r * CELLS:
            return None
        whole = self.whole.at(b)
        crosses = whole.crosses(), whole.less(self.lost.at(b)).crosses()
        cores = [self.left.T @ cross_left for cross_left, _ in crosses]
        values = np.linalg.svd(np.concatenate(cores), compute_uv=False)
        if not np.all(values[:, -1] > SINGULAR * values[:, 0]):
            return None
        scale = np.trace(np.linalg.solve(cores[1], cores[0]), axis1=1, axis2=2) / self.r
        left, right = zip(
            *(
                (
                    solve_right(cross_left - self.left @ core, core),
                    solve_right(cross_right - self.right @ core.transpose(0, 2, 1), core.transpose(0, 2, 1)),
                )
                for (cross_left, cross_right), core in zip(crosses, cores, strict=True)
            ),
            strict=True,
        )
        return Tangents(left[0][0], left[1], scale), Tangents(right[0][0], right[1], scale)


def solve_right(rows: Array, core: Array) -> Array:
    """X with X core = rows, for each of (cells, d, r) rows and (cells, r, r) cores."""
    return np.asarray(np.linalg.solve(core.transpose(0, 2, 1), rows.transpose(0, 2, 1)).transpose(0, 2, 1))
