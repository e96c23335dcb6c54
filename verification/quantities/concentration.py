"""Random deviations that the concentration claims bound, each drawn from its exact law.

The truth is rotated to the leading coordinates, where every norm below is the same.  Cost is that of
a few small matrices, whatever n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from verification.engines.estimate import Array
from verification.engines.exact import all_pairs, smaller_modality_second, without_teacher
from verification.engines.short_sample import Normals, cross_covariance
from verification.quantities.batched import Batched
from verification.setting import Setting

Rngs = Sequence[np.random.Generator]


def gram_roots(rows: NDArray[np.int64], columns: int, rngs: Rngs) -> Array:
    """R (B, columns, columns) with R^T R as H^T H in law, H (rows[i], columns) standard normal.

    Bartlett's decomposition: chi variables on the diagonal, normals above it.  With fewer rows than
    columns the rows beyond them are zero.
    """
    normals = Normals(rngs)
    roots = np.zeros((len(rngs), columns, columns))
    above = np.triu_indices(columns, 1)
    roots[:, *above] = normals.standard(len(above[0]))
    diagonal = np.arange(columns)
    roots[:, diagonal, diagonal] = np.sqrt(normals.chi_square(rows[:, None] - diagonal))
    roots *= (diagonal < rows[:, None])[..., None]
    return roots


def spectral_norms(matrices: Array) -> Array:
    """||M||_2 of each of a stack of matrices, from the eigenvalues of the smaller Gram matrix."""
    if matrices.shape[-1] > matrices.shape[-2]:
        matrices = matrices.mT
    return np.asarray(np.sqrt(np.linalg.eigvalsh(matrices.mT @ matrices)[..., -1]))


def _scales(dimension: int, r: int, gamma: float) -> Array:
    """Standard deviations of the coordinates of x = U z + xi when U is the first r of them."""
    scales = np.full(dimension, gamma**-0.5)
    scales[:r] = math.sqrt(1.0 + 1.0 / gamma)
    return scales


def cross_covariance_deviation(setting: Setting, rngs: Rngs) -> Array:
    """||S_n - eta U U~^T||_2 of Eq. 24, without a filter."""
    setting, _ = smaller_modality_second(setting)
    deviation = cross_covariance(without_teacher(setting), *all_pairs(setting, setting.n, rngs), rngs)
    deviation[:, : setting.r, : setting.r] -= setting.eta * np.eye(setting.r)
    return spectral_norms(deviation)


def independent_product_norm(setting: Setting, rngs: Rngs) -> Array:
    """||(1/n) sum x_i y_i^T||_2 of Eq. 27 with x, y independent, distributed as the two modalities.

    Given y the product is Gaussian: a (d, d_tilde) standard normal matrix times a root of the Gram
    matrix of y.
    """
    roots = gram_roots(np.full(len(rngs), setting.n), setting.d_tilde, rngs)
    product = Normals(rngs).standard(setting.d, setting.d_tilde) @ roots
    product *= _scales(setting.d, setting.r, setting.gamma)[:, None]
    product *= _scales(setting.d_tilde, setting.r, setting.gamma_tilde)
    return spectral_norms(product) / setting.n


def _covariance_deviation(setting: Setting, rows: NDArray[np.int64], rngs: Rngs) -> Array:
    scales = _scales(setting.d, setting.r, setting.gamma)
    roots = gram_roots(rows, setting.d, rngs) * scales
    deviation = roots.mT @ roots / rows[:, None, None] - np.diag(scales**2)
    return np.asarray(np.abs(np.linalg.eigvalsh(deviation)[:, [0, -1]]).max(axis=1))


def sample_covariance_deviation(setting: Setting, rngs: Rngs) -> Array:
    """||(1/n) sum x_i x_i^T - Cov(x)||_2 of Eq. 28."""
    return _covariance_deviation(setting, np.full(len(rngs), setting.n), rngs)


def _clean(setting: Setting, rngs: Rngs) -> NDArray[np.int64]:
    """n_c for each generator."""
    return all_pairs(setting, setting.n, rngs)[0][:, 1]


def clean_fraction_deviation(setting: Setting, rngs: Rngs) -> Array:
    """|n_c/n - eta| of Eq. 29."""
    return np.abs(_clean(setting, rngs) / setting.n - setting.eta)


def thinned_covariance_deviation(setting: Setting, rngs: Rngs) -> Array:
    """||Sigma^_{n_c} - Cov(x)||_2 of Lemma 11 when each pair is kept with probability eta.

    Infinite when fewer than n eta/2 are kept, which the lemma rules out as well.
    """
    kept = _clean(setting, rngs)
    deviation = _covariance_deviation(setting, np.maximum(kept, 1), rngs)
    return np.where(kept < setting.n * setting.eta / 2, np.inf, deviation)


QUANTITIES = {
    "cross-covariance-deviation": Batched(cross_covariance_deviation),
    "independent-product-norm": Batched(independent_product_norm),
    "sample-covariance-deviation": Batched(sample_covariance_deviation),
    "clean-fraction-deviation": Batched(clean_fraction_deviation),
    "thinned-covariance-deviation": Batched(thinned_covariance_deviation),
}
"""Name -> function of a setting and generators; the names are those of `Measured.quantity`."""
