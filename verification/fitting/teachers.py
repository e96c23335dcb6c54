"""Teachers: a half's fit that scores the other half's pairs, and the same without each of its folds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from verification.engines import estimate
from verification.errors import InvalidArgument
from verification.fitting.folds import FoldSums, solve_right
from verification.fitting.moments import FOLDS, Array, PairMoments, cells_of, iterate
from verification.fitting.reading import Rows

LARGEST_CORRELATION = 0.99
"""A larger one is cut to this in a score's weights."""


STEPS: Array = math.sqrt(FOLDS) * np.where(np.arange(FOLDS) % 2, -1.0, 1.0)
"""So many times each fold is taken from its teacher (added, where negative): as long as the teacher's error.

A threshold keeps or drops whole pairs, so a short step shows more of which pairs lie near it than of what the
teacher does; signs that alternate take the curvature of a long one out of the mean.
"""


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
        return cls.in_units(fitted.left * root, fitted.right * root, cov_x, cov_y)

    @classmethod
    def in_units(cls, left: Array, right: Array, cov_x: Array, cov_y: Array) -> HalfTeacher:
        """In units of the re-paired scores' standard deviation."""
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
        roots = [inverse_root(cov) for cov in covs]
        inside = estimate.fit(roots[0].T @ cross @ roots[1], r)
        rho = np.minimum(inside.singular_values, LARGEST_CORRELATION)
        weight = np.sqrt(rho / (1 - rho**2))
        return cls.in_units(roots[0] @ inside.left * weight, roots[1] @ inside.right * weight, *covs)

    def scores(self, x: Array, y: Array) -> Array:
        """Scores of matched centred rows."""
        return np.asarray(np.einsum("ij,ij->i", x @ self.left, y @ self.right))


@dataclass(frozen=True)
class Deprived:
    """A half's teacher less STEPS times each of its folds: `left` (d, FOLDS r), `right` (d~, FOLDS r)."""

    left: Array
    right: Array

    def scores(self, x: Array, y: Array) -> Array:
        """Scores of matched centred rows by each of them, (rows, FOLDS)."""
        one, two = (
            (rows @ side.astype(rows.dtype)).reshape(len(rows), FOLDS, -1)
            for rows, side in ((x, self.left), (y, self.right))
        )
        return np.asarray(np.einsum("nkr,nkr->nk", one, two))


def deprived_teachers(x: Rows, y: Rows, found: PairMoments, r: int, seed: int) -> tuple[Deprived, Deprived]:
    """Both halves' teachers less STEPS times each fold: one iteration from the half's own directions.

    With M the cross-covariance without the fold and A, B the half's bases: M B (A^T M B)^{-1} A^T M, of
    rank r and first-order right.  Raises InvalidArgument where a half does not show r directions.
    """
    bases = [estimate.fit(cross, r) for cross in found.half]
    if any(base.left.shape[1] < r for base in bases):
        raise InvalidArgument("rank", r, "must be at most what each part of the rows shows")
    sums = [FoldSums.empty(FOLDS, 1, x.d, y.d, r) for _ in bases]
    for start, left, right in iterate(x, y, found):
        half, fold = np.divmod(cells_of(start, len(left), seed), FOLDS)
        for h, base in enumerate(bases):
            one, two = left[half == h], right[half == h]
            p, q = one @ base.left.astype(one.dtype), two @ base.right.astype(two.dtype)
            sums[h].add(fold[half == h], np.zeros(len(one), np.int64), (one, two, p, q))
    made = []
    for base, part in zip(bases, sums, strict=True):
        cross_left, cross_right = part.total().less(part.times(STEPS)).crosses()
        lefts = solve_right(cross_left, base.left.T @ cross_left)
        each = [
            HalfTeacher.in_units(one, two, found.cov_x, found.cov_y)
            for one, two in zip(lefts, cross_right, strict=True)
        ]
        made.append(
            Deprived(
                np.concatenate([teacher.left for teacher in each], axis=1),
                np.concatenate([teacher.right for teacher in each], axis=1),
            )
        )
    return made[0], made[1]


def _shrunk(rows: Array) -> Array:
    """The rows' covariance, with its mean variance times columns over rows added to every direction."""
    cov = rows.T @ rows / len(rows)
    return np.asarray(cov + np.eye(len(cov)) * (np.trace(cov) / len(rows)))


def inverse_root(cov: Array) -> Array:
    """W with W^T cov W = I, for a covariance without empty directions."""
    values, vectors = np.linalg.eigh(cov)
    return np.asarray(vectors / np.sqrt(values))
