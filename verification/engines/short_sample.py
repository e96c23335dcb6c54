"""A short sample with the same inner products in law as one of any number of pairs.

The fit depends on n pairs only through the inner products of the columns of [1, X, Y].  Rotating the
n rows changes none of them, and a rotated Gaussian matrix is Gaussian, so every class can be replaced
by a few rows: the first along the vector of ones, the rest a Bartlett factor.  What multiplies
nothing but those rows (the noise of x) needs no rows beyond them.  proofs_notes/engines.md has the
steps; everything is vectorised over a leading axis of replicates.

Coordinates.  U and U_tilde are the first r coordinates.  Relative to a teacher (V, V_tilde) of rank
k, p = V^T x and q = V_tilde^T y are what its score sees, p' and q' the rest of span(U, V) and
span(U_tilde, V_tilde), and the remaining coordinates are noise that knows of nothing.  k = 0 is the
case without a filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verification.engines.selection import Moments, QuadraticScore
from verification.estimate import Array
from verification.setting import Setting


@dataclass(frozen=True)
class Teacher:
    """A fitted rank-k matrix left diag(weights) right^T, in as few coordinates as hold it.

    `left` (r + m, k) and `right` (r + m_tilde, k) have orthonormal columns; the first r rows are
    the true directions, the others m <= min(d - r, k) (m_tilde <= min(d_tilde - r, k)) noise ones.
    """

    left: Array
    weights: Array
    right: Array


def oracle(r: int) -> Teacher:
    """The teacher that knows the truth: U U_tilde^T."""
    return Teacher(np.eye(r), np.ones(r), np.eye(r))


def no_teacher(r: int) -> Teacher:
    """Rank 0: nothing was scored."""
    return Teacher(np.eye(r, 0), np.empty(0), np.eye(r, 0))


@dataclass(frozen=True)
class Geometry:
    """The law of a pair in the coordinates of a teacher.

    `left` (r + m, r + m) holds V and its complement as columns, `right` likewise.  A row of standard
    normals (2k for the score, then those of q', then those of p') times `mixing[label]` is
    (q, p, q', p') of a pair of class `label` (0 corrupted, 1 clean).  `pure_left`, `pure_right` count
    the coordinates that are noise alone, of scale `noise_left`, `noise_right`.
    """

    rank: int
    left: Array
    right: Array
    mixing: Array
    scores: tuple[QuadraticScore, QuadraticScore]
    noise_left: float
    noise_right: float
    pure_left: int
    pure_right: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """What replicates that are completed together have in common."""
        return self.rank, len(self.left), len(self.right)

    @classmethod
    def relative_to(cls, teacher: Teacher, setting: Setting) -> Geometry:
        """The geometry of `setting` as the teacher sees it."""
        r, k = setting.r, len(teacher.weights)
        left, right = _completed(teacher.left), _completed(teacher.right)
        noise_left, noise_right = setting.gamma**-0.5, setting.gamma_tilde**-0.5
        mixing, scores = zip(
            *(
                _rotated_to_score(_mixing(left, right, r, k, label, noise_left, noise_right), teacher.weights)
                for label in (0, 1)
            ),
            strict=True,
        )
        return cls(
            rank=k,
            left=left,
            right=right,
            mixing=np.stack(mixing),
            scores=(scores[0], scores[1]),
            noise_left=noise_left,
            noise_right=noise_right,
            pure_left=setting.d - len(left),
            pure_right=setting.d_tilde - len(right),
        )


def _completed(basis: Array) -> Array:
    """A square orthonormal matrix whose first columns are those of `basis`."""
    k = basis.shape[1]
    square = np.linalg.qr(basis, mode="complete")[0]
    square[:, :k] = basis
    return np.asarray(square)


def _mixing(
    left: Array, right: Array, r: int, k: int, label: int, noise_left: float, noise_right: float
) -> Array:
    """Upper triangular R with R^T R = Cov(q, p, q', p'): the conditional laws, in order.

    By QR of a root of the covariance, never of the covariance itself: exact for singular ones.
    """
    parts = (right[:r, :k], left[:r, :k], right[:r, k:], left[:r, k:])
    signal = np.hstack(parts)
    if not label:
        # The two modalities carry independent latents.
        on_right = np.hstack([np.full(part.shape, i % 2 == 0) for i, part in enumerate(parts)])
        signal = np.vstack((np.where(on_right, signal, 0.0), np.where(on_right, 0.0, signal)))
    noise = np.repeat((noise_right, noise_left, noise_right, noise_left), [part.shape[1] for part in parts])
    return np.asarray(np.linalg.qr(np.vstack((signal, np.diag(noise))), mode="r"))


def _rotated_to_score(mixing: Array, weights: Array) -> tuple[Array, QuadraticScore]:
    """Turns the first 2k normals so that the score is <a, C a> + sum_j g_j a_j b_j."""
    k = len(weights)
    q_from_a, p_from_a, p_from_b = mixing[:k, :k], mixing[:k, k : 2 * k], mixing[k : 2 * k, k : 2 * k]
    weighted = q_from_a * weights
    turn_a, gains, turn_b_t = np.linalg.svd(weighted @ p_from_b.T)
    curvature = turn_a.T @ (weighted @ p_from_a.T) @ turn_a
    mixing = mixing.copy()
    mixing[:k] = turn_a.T @ mixing[:k]
    mixing[k : 2 * k] = turn_b_t @ mixing[k : 2 * k]
    return mixing, QuadraticScore((curvature + curvature.T) / 2, gains)


def heads(moments: Moments) -> Array:
    """The rows that stand for a class whose scored normals G have these moments: (1 + 2k, 1 + 2k).

    Columns [ones, G]: the first row lies along the vector of ones, the others are a root of the
    centred Gram matrix, of rank min(count - 1, 2k) with probability one.
    """
    width = len(moments.total)
    head = np.zeros((1 + width, 1 + width))
    if moments.count == 0:
        return head
    mean = moments.total / moments.count
    values, vectors = np.linalg.eigh(moments.gram - moments.count * np.outer(mean, mean))
    rank = min(moments.count - 1, width)
    head[0, 0] = 1.0
    head[0, 1:] = mean
    head[0] *= np.sqrt(moments.count)
    largest = slice(None, -rank - 1, -1)
    head[1 : 1 + rank, 1:] = np.sqrt(np.maximum(values[largest], 0.0))[:, None] * vectors[:, largest].T
    return head


def cross_covariance(
    geometries: Sequence[Geometry], counts: NDArray[np.int64], head: Array, rngs: list[np.random.Generator]
) -> Array:
    """Eq. 5 for each replicate, (B, left coordinates, right coordinates).

    `geometries` are one for each replicate or one for all, of one shape.  `counts` (B, 2) are the pairs
    of each class (corrupted, clean), at least 2 together; `head` (B, 2, 1 + 2k, 1 + 2k) stands for them
    as `heads` says, and each generator gives one replicate's normals.  Left coordinates are (p, p',
    noise), the noise ones turned so that few of them are not zero; right coordinates (q, q', noise).
    """
    geometry = geometries[0]
    mixing = np.stack([each.mixing for each in geometries])
    scored = 2 * geometry.rank
    rest_right, rest_left = len(geometry.right) - geometry.rank, len(geometry.left) - geometry.rank
    added = rest_right + geometry.pure_right
    rows = 1 + scored + added
    normals = _Normals(rngs)
    known = rows - added
    fresh = _added_columns(normals, counts, known, added)

    g = np.zeros((len(rngs), 2, rows, scored + rest_right + rest_left))
    g[:, :, :known, :scored] = head[..., 1:]
    g[:, :, :, scored : scored + rest_right] = fresh[..., :rest_right]
    g[:, :, :, scored + rest_right :] = normals.standard(2, rows, rest_left)
    pairs = (g @ mixing).reshape(len(rngs), 2 * rows, -1)
    k = geometry.rank
    y = np.concatenate(
        (
            pairs[:, :, :k],
            pairs[:, :, scored : scored + rest_right],
            geometry.noise_right * fresh[..., rest_right:].reshape(len(rngs), 2 * rows, -1),
        ),
        axis=-1,
    )
    x = np.concatenate(
        (
            pairs[:, :, k:scored],
            pairs[:, :, scored + rest_right :],
            geometry.noise_left * normals.up_to_rotation(2 * rows, geometry.pure_left),
        ),
        axis=-1,
    )
    ones = np.zeros((len(rngs), 2, rows))
    ones[:, :, 0] = head[:, :, 0, 0]
    return _cross_product(ones.reshape(len(rngs), 1, 2 * rows), x, y, counts.sum(axis=1)[:, None, None])


def _added_columns(normals: _Normals, counts: NDArray[np.int64], known: int, added: int) -> Array:
    """Independent standard normal columns beside a sample known by its first `known` rows.

    Shape (B, 2, known + added, added).  Among the known rows they are standard normal; what they
    have beyond is Bartlett's upper triangular factor with count - known degrees of freedom.
    """
    rows = known + added
    fresh = normals.standard(2, rows, added)
    beyond = fresh[:, :, known:]
    beyond *= np.tri(added, k=-1).T
    diagonal = np.arange(added)
    degrees = counts[:, :, None] - known - diagonal
    beyond[:, :, diagonal, diagonal] = np.sqrt(normals.chi_square(degrees))
    # A class of m pairs spans at most m rows.
    fresh *= (np.arange(rows) < counts[:, :, None])[..., None]
    return fresh


def _cross_product(ones: Array, x: Array, y: Array, pairs: NDArray[np.int64]) -> Array:
    """Sum of (x - mean)(y - mean)^T over n - 1, where `ones` (B, 1, rows) stands for n ones."""
    centred = x - ones.swapaxes(-1, -2) @ ((ones @ x) / pairs)
    return np.asarray(centred.swapaxes(-1, -2) @ y / (pairs - 1))


class _Normals:
    """Standard normals and chi-squares with a leading axis of replicates, each from its own stream.

    A replicate's numbers depend on its own generator alone, in the order of the calls.
    """

    def __init__(self, rngs: list[np.random.Generator]) -> None:
        self._rngs = rngs

    def standard(self, *shape: int) -> Array:
        """Independent standard normals, (B, *shape)."""
        out = np.empty((len(self._rngs), *shape))
        for row, rng in zip(out, self._rngs, strict=True):
            rng.standard_normal(out=row)
        return out

    def chi_square(self, degrees: NDArray[np.int64]) -> Array:
        """Chi-squares with `degrees` (B, ...) of freedom; 0 where these are not positive."""
        out = np.empty(degrees.shape)
        at_least_one = np.maximum(degrees, 1)
        for row, dof, rng in zip(out, at_least_one, self._rngs, strict=True):
            row[...] = rng.chisquare(dof)
        return np.where(degrees > 0, out, 0.0)

    def up_to_rotation(self, rows: int, columns: int) -> Array:
        """A standard normal (rows, columns) matrix times some orthogonal one, at most `rows` wide."""
        if columns <= rows:
            return self.standard(rows, columns)
        triangle = self.standard(rows, rows) * np.tri(rows, k=-1)
        diagonal = np.arange(rows)
        degrees = np.broadcast_to(columns - diagonal, (len(self._rngs), rows))
        triangle[:, diagonal, diagonal] = np.sqrt(self.chi_square(degrees))
        return triangle
