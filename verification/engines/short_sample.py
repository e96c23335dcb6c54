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
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from verification.engines.estimate import Array
from verification.engines.kept_pairs import Moments, QuadraticScore
from verification.setting import Setting


@dataclass(frozen=True)
class Teacher:
    """Fitted rank-k matrices left diag(weights) right^T, in as few coordinates as hold them.

    `left` (B, r + m, k) and `right` (B, r + m_tilde, k) have orthonormal columns; the first r rows are
    the true directions, the others m <= min(d - r, k) (m_tilde <= min(d_tilde - r, k)) noise ones.
    B is the number of replicates, or 1 for a teacher that all of them share.
    """

    left: Array
    weights: Array
    right: Array


def oracle(r: int) -> Teacher:
    """The teacher that knows the truth: U U_tilde^T."""
    return Teacher(np.eye(r)[None], np.ones((1, r)), np.eye(r)[None])


def no_teacher(r: int) -> Teacher:
    """Rank 0: nothing was scored."""
    return Teacher(np.eye(r, 0)[None], np.empty((1, 0)), np.eye(r, 0)[None])


@dataclass(frozen=True)
class Geometry:
    """The law of a pair in the coordinates of each replicate's teacher, or of one that all share (B = 1).

    `left` (B, r + m, r + m) holds V and its complement as columns, `right` likewise.  A row of standard
    normals (2k for the score, then those of q', then those of p') times `mixing[i, label]` is
    (q, p, q', p') of a pair of class `label` (0 corrupted, 1 clean); its score has the coefficients
    `curvature[i, label]` (k, k) and `gains[i, label]` (k,).  `pure_left`, `pure_right` count the
    coordinates that are noise alone, of scale `noise_left`, `noise_right`.
    """

    left: Array
    right: Array
    mixing: Array
    curvature: Array
    gains: Array
    noise_left: float
    noise_right: float
    pure_left: int
    pure_right: int

    @property
    def rank(self) -> int:
        """k, the rank of the teacher."""
        return int(self.gains.shape[-1])

    def scores(self, replicate: int) -> tuple[QuadraticScore, QuadraticScore]:
        """The scores of both classes (corrupted, clean) by a replicate's teacher."""
        i = 0 if len(self.gains) == 1 else replicate
        curvature, gains = self.curvature[i], self.gains[i]
        return QuadraticScore(curvature[0], gains[0]), QuadraticScore(curvature[1], gains[1])

    def only(self, places: NDArray[np.int64]) -> Geometry:
        """That of some of the replicates."""
        if len(self.gains) == 1:
            return self
        names = ("left", "right", "mixing", "curvature", "gains")
        return replace(self, **{name: getattr(self, name)[places] for name in names})

    @classmethod
    def relative_to(cls, teacher: Teacher, setting: Setting) -> Geometry:
        """The geometry of `setting` as the teacher sees it."""
        left, right = _completed(teacher.left), _completed(teacher.right)
        noise_left, noise_right = setting.gamma**-0.5, setting.gamma_tilde**-0.5
        mixing = _mixing(left, right, setting.r, teacher.weights.shape[-1], noise_left, noise_right)
        return cls(
            left,
            right,
            *_rotated_to_score(mixing, teacher.weights),
            noise_left=noise_left,
            noise_right=noise_right,
            pure_left=setting.d - left.shape[-1],
            pure_right=setting.d_tilde - right.shape[-1],
        )


def _completed(basis: Array) -> Array:
    """Square orthonormal matrices whose first columns are those of `basis`."""
    square = np.linalg.qr(basis, mode="complete")[0]
    square[..., : basis.shape[-1]] = basis
    return np.asarray(square)


def _mixing(left: Array, right: Array, r: int, k: int, noise_left: float, noise_right: float) -> Array:
    """Upper triangular R (B, 2, ...) with R^T R = Cov(q, p, q', p') in each class: the conditional laws.

    By QR of a root of the covariance, never of the covariance itself: exact for singular ones.
    """
    parts = (right[:, :r, :k], left[:, :r, :k], right[:, :r, k:], left[:, :r, k:])
    widths = [part.shape[-1] for part in parts]
    signal = np.concatenate(parts, axis=-1)
    on_right = np.repeat([True, False, True, False], widths)
    noise = np.diag(np.where(on_right, noise_right, noise_left))
    root = np.zeros((len(signal), 2, 2 * r + len(noise), len(noise)))
    # The two modalities of a clean pair share their latents, those of a corrupted one have their own.
    root[:, 1, :r], root[:, 1, r : r + len(noise)] = signal, noise
    root[:, 0, :r] = np.where(on_right, signal, 0.0)
    root[:, 0, r : 2 * r] = np.where(on_right, 0.0, signal)
    root[:, 0, 2 * r :] = noise
    return np.asarray(np.linalg.qr(root, mode="r"))


def _rotated_to_score(mixing: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Turns the first 2k normals so that the score is <a, C a> + sum_j g_j a_j b_j: (mixing, C, g)."""
    k = weights.shape[-1]
    of_a, of_b = mixing[..., :k, :], mixing[..., k : 2 * k, :]
    weighted = of_a[..., :k] * weights[:, None, None, :]
    turn_a, gains, turn_b_t = np.linalg.svd(weighted @ of_b[..., k : 2 * k].mT)
    curvature = turn_a.mT @ (weighted @ of_a[..., k : 2 * k].mT) @ turn_a
    turned = np.concatenate((turn_a.mT @ of_a, turn_b_t @ of_b, mixing[..., 2 * k :, :]), axis=-2)
    return turned, (curvature + curvature.mT) / 2, gains


def heads(moments: Sequence[tuple[Moments, Moments]]) -> Array:
    """The rows that stand for each class whose scored normals G have these moments: (B, 2, 1 + 2k, 1 + 2k).

    Columns [ones, G]: the first row lies along the vector of ones, the others are a root of the
    centred Gram matrix, of rank min(count - 1, 2k) with probability one.
    """
    counts = np.array([[m.count for m in pair] for pair in moments], dtype=float)[..., None]
    totals = np.array([[m.total for m in pair] for pair in moments])
    grams = np.array([[m.gram for m in pair] for pair in moments])
    width = totals.shape[-1]
    head = np.zeros((*totals.shape[:2], 1 + width, 1 + width))
    along = totals / np.sqrt(np.maximum(counts, 1.0))
    values, vectors = np.linalg.eigh(grams - along[..., :, None] * along[..., None, :])
    head[..., 0, :1] = np.sqrt(counts)
    head[..., 0, 1:] = along
    # Largest first; the rounding of the others must not add a rank.
    root = np.sqrt(np.maximum(values[..., ::-1], 0.0)) * (np.arange(width) < counts - 1)
    head[..., 1:, 1:] = root[..., None] * vectors[..., ::-1].mT
    return head


def cross_covariance(
    geometry: Geometry, counts: NDArray[np.int64], head: Array, rngs: Sequence[np.random.Generator]
) -> Array:
    """Eq. 5 for each replicate, (B, left coordinates, right coordinates).

    `counts` (B, 2) are the pairs of each class (corrupted, clean), at least 2 together; `head`
    (B, 2, 1 + 2k, 1 + 2k) stands for them as `heads` says, and each generator gives one replicate's
    normals.  Left coordinates are (p, p', noise), the noise ones turned so that few of them are not
    zero; right coordinates (q, q', noise).
    """
    k = geometry.rank
    scored = 2 * k
    rest_right, rest_left = geometry.right.shape[-1] - k, geometry.left.shape[-1] - k
    added = rest_right + geometry.pure_right
    rows = 1 + scored + added
    normals = Normals(rngs)
    known = rows - added
    fresh = _added_columns(normals, counts, known, added)

    g = np.zeros((len(rngs), 2, rows, scored + rest_right + rest_left))
    g[:, :, :known, :scored] = head[..., 1:]
    g[:, :, :, scored : scored + rest_right] = fresh[..., :rest_right]
    g[:, :, :, scored + rest_right :] = normals.standard(2, rows, rest_left)
    pairs = (g @ geometry.mixing).reshape(len(rngs), 2 * rows, -1)
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


def _added_columns(normals: Normals, counts: NDArray[np.int64], known: int, added: int) -> Array:
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


class Normals:
    """Standard normals and chi-squares with a leading axis of replicates, each from its own stream.

    A replicate's numbers depend on its own generator alone, in the order of the calls.
    """

    def __init__(self, rngs: Sequence[np.random.Generator]) -> None:
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
