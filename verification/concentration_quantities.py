"""Random deviations that the concentration claims bound, each drawn from its exact law.

The truth is rotated to the leading coordinates, where every norm below is the same.  Cost is that of
a few small matrices, whatever n.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from verification.engines.exact import all_pairs, smaller_modality_second, without_teacher
from verification.engines.short_sample import cross_covariance
from verification.estimate import Array
from verification.setting import Setting


def gram_root(rows: int, columns: int, rng: np.random.Generator) -> Array:
    """R with R^T R distributed as H^T H for H (rows, columns) standard normal; min(rows, columns) rows.

    Bartlett's decomposition: chi variables on the diagonal, normals above it.  With fewer rows
    than columns H itself is returned.
    """
    if rows < columns:
        return rng.standard_normal((rows, columns))
    root = np.triu(rng.standard_normal((columns, columns)), 1)
    np.fill_diagonal(root, np.sqrt(rng.chisquare(rows - np.arange(columns))))
    return root


def _scales(dimension: int, r: int, gamma: float) -> Array:
    """Standard deviations of the coordinates of x = U z + xi when U is the first r of them."""
    scales = np.full(dimension, gamma**-0.5)
    scales[:r] = math.sqrt(1.0 + 1.0 / gamma)
    return scales


def cross_covariance_deviation(setting: Setting, rng: np.random.Generator) -> float:
    """||S_n - eta U U~^T||_2 of Eq. 24, without a filter."""
    setting, _ = smaller_modality_second(setting)
    counts, head = all_pairs(setting, setting.n, [rng])
    (matrix,) = cross_covariance(without_teacher(setting), counts, head, [rng])
    mean = np.zeros_like(matrix)
    mean[: setting.r, : setting.r] = setting.eta * np.eye(setting.r)
    return float(np.linalg.norm(matrix - mean, 2))


def independent_product_norm(setting: Setting, rng: np.random.Generator) -> float:
    """||(1/n) sum x_i y_i^T||_2 of Eq. 27 with x, y independent, distributed as the two modalities.

    Given y the product is Gaussian: a (d, k) standard normal matrix times a root of the Gram
    matrix of y.
    """
    root = gram_root(setting.n, setting.d_tilde, rng)
    normals = rng.standard_normal((setting.d, len(root)))
    product = _scales(setting.d, setting.r, setting.gamma)[:, None] * (normals @ root)
    product *= _scales(setting.d_tilde, setting.r, setting.gamma_tilde)
    return float(np.linalg.norm(product, 2)) / setting.n


def _covariance_deviation(setting: Setting, rows: int, rng: np.random.Generator) -> float:
    scales = _scales(setting.d, setting.r, setting.gamma)
    root = gram_root(rows, setting.d, rng) * scales
    return float(np.linalg.norm(root.T @ root / rows - np.diag(scales**2), 2))


def sample_covariance_deviation(setting: Setting, rng: np.random.Generator) -> float:
    """||(1/n) sum x_i x_i^T - Cov(x)||_2 of Eq. 28."""
    return _covariance_deviation(setting, setting.n, rng)


def clean_fraction_deviation(setting: Setting, rng: np.random.Generator) -> float:
    """|n_c/n - eta| of Eq. 29."""
    return abs(int(rng.binomial(setting.n, setting.eta)) / setting.n - setting.eta)


def thinned_covariance_deviation(setting: Setting, rng: np.random.Generator) -> float:
    """||Sigma^_{n_c} - Cov(x)||_2 of Lemma 11 when each pair is kept with probability eta.

    Infinite when fewer than n eta/2 are kept, which the lemma rules out as well.
    """
    kept = int(rng.binomial(setting.n, setting.eta))
    if kept < setting.n * setting.eta / 2:
        return math.inf
    return _covariance_deviation(setting, kept, rng)


QUANTITIES: dict[str, Callable[[Setting, np.random.Generator], float]] = {
    "cross-covariance-deviation": cross_covariance_deviation,
    "independent-product-norm": independent_product_norm,
    "sample-covariance-deviation": sample_covariance_deviation,
    "clean-fraction-deviation": clean_fraction_deviation,
    "thinned-covariance-deviation": thinned_covariance_deviation,
}
"""Name -> function of a setting and a generator; the names are those of `Measured.quantity`."""
