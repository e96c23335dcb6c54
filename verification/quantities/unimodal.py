"""The error of principal components of one modality (Eq. 2), drawn from its exact law."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from verification.engines.estimate import Array
from verification.errors import whole
from verification.quantities.batched import Batched
from verification.quantities.concentration import gram_roots


def pca_errors(values: Mapping[str, float], rngs: Sequence[np.random.Generator]) -> Array:
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
    roots = gram_roots(np.full(len(rngs), points - 1), size, rngs) * scales
    scatter = roots.mT @ roots
    eigenvalues, vectors = np.linalg.eigh(scatter)
    known = min(rank, points - 1)
    # One multiplication by the scatter shrinks the rounding in the noise coordinates as it does these
    # themselves: small angles keep their digits.
    noise = scatter[:, rank:] @ vectors[..., -known:] / eigenvalues[:, None, -known:]
    return np.asarray(np.sqrt(np.square(noise).sum(axis=(1, 2)) + (rank - known)))


pca_error = Batched(pca_errors)

QUANTITIES = {"pca-error": pca_error}
"""Name -> function of the parameter values and generators."""
