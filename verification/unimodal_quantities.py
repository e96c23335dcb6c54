"""The error of principal components of one modality (Eq. 2), drawn from its exact law."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from verification.concentration_quantities import gram_root
from verification.estimate import chordal_distance
from verification.setting import whole


def pca_error(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """Chordal distance of the leading r sample principal components from U; n points with d coordinates.

    `values` holds n, d, r and gamma.  The sample covariance has n - 1 degrees of freedom and is drawn by
    its Bartlett root, so the cost is free of n.  Truth at the first r coordinates.  Fewer than r + 1
    points determine fewer directions; each missing one counts as orthogonal.
    """
    size = whole("d", values["d"], 1)
    rank = whole("r", values["r"], 1, size)
    points = whole("n", values["n"], 2)
    scales = np.full(size, 1 / math.sqrt(values["gamma"]))
    scales[:rank] = math.sqrt(1 + 1 / values["gamma"])
    root = gram_root(points - 1, size, rng) * scales
    # Singular vectors of the root, not eigenvectors of its square, so that small angles keep their digits.
    components = np.linalg.svd(root, full_matrices=False)[2][:rank].T
    return chordal_distance(components, np.eye(size)[:, :rank])


QUANTITIES: dict[str, Callable[[Mapping[str, float], np.random.Generator], float]] = {"pca-error": pca_error}
"""Name -> function of the parameter values and a generator."""
