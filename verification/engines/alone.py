"""PCA of each modality alone: the r leading principal directions of x and of x~, which need no pairing.

`draw` has the law of `direct_draw` at a cost free of n: the latent coordinates' sample by class from
Bartlett's factor, completed by noise as in `short_sample`; both errors depend on each other through clean
pairs.
"""

from __future__ import annotations

import math

import numpy as np

from verification.engines import Draw, estimate
from verification.engines.estimate import Array
from verification.setting import Setting


def draw(setting: Setting, rng: np.random.Generator) -> Draw:
    """One replicate of PCA on n pairs; `singular_values` are the left covariance's."""
    n, r = setting.n, setting.r
    clean = int(rng.binomial(n, setting.eta))
    parts, ones = [], []
    for count, covariance in ((n - clean, 0.0), (clean, 1.0)):
        root = _bartlett(count, 2 * r, rng)
        u, v = root[:, :r], root[:, r:]
        # v's own part, and what it shares with u.
        parts.append(_latents(u, v, covariance, setting))
        ones.append(np.where(np.arange(len(root)) == 0, math.sqrt(count), 0.0))
    along = np.concatenate(ones)
    known = sum(min(count, 1 + 2 * r) for count in (n - clean, clean))
    here = np.concatenate([np.arange(1 + 2 * r) < count for count in (n - clean, clean)])
    errors, values = [], np.zeros(0)
    for side, (d, gamma) in enumerate(((setting.d, setting.gamma), (setting.d_tilde, setting.gamma_tilde))):
        latent = np.concatenate([part[side] for part in parts])
        noise = rng.standard_normal((len(along), d - r)) * here[:, None]
        beyond = _bartlett(n - known + 1, d - r, rng)[1:]
        rows = np.concatenate((latent, noise / math.sqrt(gamma)), axis=1)
        rows -= np.outer(along, along @ rows) / n
        rest = np.concatenate((np.zeros((len(beyond), r)), beyond / math.sqrt(gamma)), axis=1)
        found, spread = _leading(np.concatenate((rows, rest)), r)
        errors.append(estimate.chordal_distance(found, np.eye(d, r)))
        values = spread**2 / (n - 1) if side == 0 else values
    return Draw(errors[0], errors[1], tuple(float(s) for s in values))


def direct_draw(x: tuple[int, Array, Array], y: tuple[int, Array, Array], u: Array, u_tilde: Array) -> Draw:
    """PCA from (count, sum, sum of outer products) of each modality, against the true bases."""
    r = u.shape[1]
    left, right = (estimate.fit(estimate.from_sums(count, s, s, p), r) for count, s, p in (x, y))
    return Draw(
        estimate.chordal_distance(left.left, u),
        estimate.chordal_distance(right.left, u_tilde),
        tuple(float(s) for s in left.singular_values),
    )


def _bartlett(count: int, columns: int, rng: np.random.Generator) -> Array:
    """Rows that stand for a standard normal (count, columns) sample: its sum's direction, then its scatter.

    Shape (1 + columns, columns): the first row is the sum over sqrt(count), the others are the upper
    triangular factor of the scatter about the mean, zero where the sample has no such row.
    """
    root = rng.standard_normal((1 + columns, columns))
    below = root[1:]
    below *= np.tri(columns, k=-1).T
    degrees = count - 1 - np.arange(columns)
    chi = np.sqrt(rng.chisquare(np.maximum(degrees, 1)))
    below[np.arange(columns), np.arange(columns)] = chi
    root *= (np.arange(1 + columns) < count)[:, None]
    return root


def _latents(first: Array, second: Array, covariance: float, setting: Setting) -> tuple[Array, Array]:
    """u and v of one class from standard normal columns: variances a and a~, covariance as given."""
    a, b = 1 + 1 / setting.gamma, 1 + 1 / setting.gamma_tilde
    u = math.sqrt(a) * first
    return u, covariance / a * u + math.sqrt(max(b - covariance**2 / a, 0.0)) * second


def _leading(rows: Array, r: int) -> tuple[Array, Array]:
    """The leading right singular vectors (d, k) and values (k,), k = r or the rows' rank."""
    _, values, right_t = np.linalg.svd(rows, full_matrices=False)
    floor = max(rows.shape) * np.finfo(float).eps * values[0]
    k = min(r, int(np.count_nonzero(values > floor)))
    return right_t[:k].T, values[:k]
