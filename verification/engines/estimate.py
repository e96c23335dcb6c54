"""From pairs to encoders to errors: Eq. 3, 5, 6, the filter's score and Definition 1.

Arrays are float64; `x` is (n, d), `y` is (n, d_tilde), a basis is (d, r) with orthonormal columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verification.errors import InvalidArgument

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """The rank-r truncated SVD of a cross-covariance: what the minimiser of Eq. 3 determines.

    `left` (d, k) and `right` (d_tilde, k) span the rows of G and G_tilde; `singular_values` (k,)
    are those of rho * G^T G_tilde, largest first.  k = r unless the matrix has a lower rank
    (fewer than r + 1 pairs), when the directions that the data do not determine are left out.
    """

    left: Array
    singular_values: Array
    right: Array


def cross_covariance(x: Array, y: Array) -> Array:
    """S_n of Eq. 5, (d, d_tilde): the sample cross-covariance with divisor n - 1, n >= 2."""
    pairs = len(x)
    if pairs != len(y) or pairs < 2:
        raise InvalidArgument("x, y", (len(x), len(y)), "must hold the same number >= 2 of rows")
    return from_sums(pairs, x.sum(axis=0), y.sum(axis=0), x.T @ y)


def from_sums(pairs: int, sum_x: Array, sum_y: Array, products: Array) -> Array:
    """Eq. 5 from the count, the sums and the sum of outer products x y^T.

    Accurate when the means are small against the spread, as they are here (every law is centred).
    """
    return np.asarray((products - np.outer(sum_x, sum_y) / pairs) / (pairs - 1))


def fit(covariance: Array, r: int) -> Trained:
    """The closed form of Eq. 6: the leading r singular triples of S_n."""
    left, values, right_t = np.linalg.svd(covariance, full_matrices=False)
    floor = max(covariance.shape) * np.finfo(float).eps * values[0]
    k = min(r, int(np.count_nonzero(values > floor)))
    return Trained(left[:, :k], values[:k], right_t[:k].T)


def scores(x: Array, y: Array, left: Array, weights: Array, right: Array) -> Array:
    """x_i^T A y_i for A = left diag(weights) right^T (Eq. 7, 8), shape (n,)."""
    return np.asarray(np.einsum("ij,ij->i", (x @ left) * weights, y @ right))


def chordal_distance(basis: Array, truth: Array) -> float:
    """||sin Theta||_F between the spans of `basis` (d, k) and `truth` (d, r), k <= r (Definition 1).

    From the residual of the projection, never from 1 - cos^2: angles down to 1e-16 survive.
    Each of the r - k directions that `basis` does not determine counts as orthogonal, so the
    result lies in [0, sqrt(r)] for every k.
    """
    residual = basis - truth @ (truth.T @ basis)
    missing = truth.shape[1] - basis.shape[1]
    return float(np.sqrt(np.sum(residual**2) + missing))


def random_basis(d: int, r: int, rng: np.random.Generator) -> Array:
    """A uniformly (Haar) distributed (d, r) matrix with orthonormal columns."""
    q, triangle = np.linalg.qr(rng.standard_normal((d, r)))
    return np.asarray(q * np.where(np.diag(triangle) < 0, -1.0, 1.0))
