"""How often the model's intervals of gamma, gamma~ and eta miss: their moments drawn without any rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from verification.engines.estimate import Array
from verification.fitting.spectrum import (
    Estimate,
    Modality,
    RowMoments,
    eta_estimate,
    gamma_estimate,
    modality,
    null_correlation,
)
from verification.setting import Setting

ALPHA = 0.05
"""The error rate of each interval."""


def joint_covariances(setting: Setting) -> tuple[Array, Array]:
    """The covariances of (x, x~) of clean pairs and of corrupted ones, each (d + d~, d + d~)."""
    d, r = setting.d, setting.r
    noise = [1 / setting.gamma] * d + [1 / setting.gamma_tilde] * setting.d_tilde
    shared = np.arange(r)
    corrupted = np.diag(noise)
    for first in (0, d):
        corrupted[first + shared, first + shared] += 1
    clean = corrupted.copy()
    clean[shared, d + shared] = clean[d + shared, shared] = 1
    return clean, corrupted


def drawn_covariance(setting: Setting, rng: np.random.Generator) -> Array:
    """The sample covariance of n pairs, (d + d~, d + d~), in law as from rows; it costs the same at any n."""
    clean = int(rng.binomial(setting.n, setting.eta))
    size = setting.d + setting.d_tilde
    total, means = np.zeros((size, size)), []
    for count, cov in zip((clean, setting.n - clean), joint_covariances(setting), strict=True):
        root = np.asarray(np.linalg.cholesky(cov), dtype=np.float64)
        if count:
            total += _scatter(cov, root, count - 1, rng)
            means.append((count, root @ rng.standard_normal(size) / math.sqrt(count)))
    middle = sum(count * mean for count, mean in means) / setting.n
    between = sum(count * np.outer(mean - middle, mean - middle) for count, mean in means)
    return np.asarray((total + between) / setting.n)


def _scatter(cov: Array, root: Array, dof: int, rng: np.random.Generator) -> Array:
    """The scatter of `dof` normal rows of covariance `cov` = root root^T."""
    if dof < len(cov):  # singular: SciPy has no such law
        few = rng.standard_normal((dof, len(cov))) @ root.T
        return np.asarray(few.T @ few)
    return np.asarray(stats.wishart.rvs(dof, cov, random_state=rng))


def row_moments(setting: Setting, cov: Array, x: Modality, y: Modality, rotation: Array) -> RowMoments:
    """The five moments that the intervals need of the rows, for normal rows of sample covariance `cov`."""
    d, both = setting.d, setting.d + setting.d_tilde
    forms = np.zeros((5, both, both))
    inside = x.basis @ x.basis.T, y.basis @ y.basis.T
    forms[0, :d, d:] = x.basis @ rotation @ y.basis.T / 2
    forms[0] += forms[0].T
    for s, (at, own) in enumerate(zip((slice(None, d), slice(d, None)), inside, strict=True)):
        forms[1 + s, at, at], forms[3 + s, at, at] = own, np.eye(len(own)) - own
    means, products = np.zeros(5), np.zeros((5, 5))
    for share, law in zip((setting.eta, 1 - setting.eta), joint_covariances(setting), strict=True):
        law[:d, :d], law[d:, d:] = cov[:d, :d], cov[d:, d:]
        seen = forms @ law
        mean = np.trace(seen, axis1=1, axis2=2)
        means += share * mean
        products += share * (np.outer(mean, mean) + 2 * np.einsum("aij,bji->ab", seen, seen))
    lengths = [float(values.sum()) for values in (x.spikes, y.spikes, x.bulk, y.bulk)]
    return RowMoments(np.array([means[0], *lengths]), products - np.outer(means, means))


def intervals(setting: Setting, rng: np.random.Generator) -> dict[str, Estimate]:
    """The intervals of "gamma", "gamma~" and "eta" from one draw, at the true rank."""
    d, n, r = setting.d, setting.n, setting.r
    cov = drawn_covariance(setting, rng)
    x, y = modality(cov[:d, :d], n, r), modality(cov[d:, d:], n, r)
    left, values, right = np.linalg.svd(x.basis.T @ cov[:d, d:] @ y.basis)
    rows = row_moments(setting, cov, x, y, left @ right)
    found = {"eta": eta_estimate(x, y, float(np.sum(values**2)), rows, n, r, ALPHA)}
    for s, (name, side) in enumerate((("gamma", x), ("gamma~", y))):
        inside, off = (float(rows.cov[i, i] / rows.means[i] ** 2) for i in (1 + s, 3 + s))
        found[name] = gamma_estimate(side, n, inside, off, ALPHA)
    return found


def crowded_setting(rng: np.random.Generator) -> Setting:
    """A point with many columns for its pairs, where sample directions lean on their rows' noise.

    Its correlations are above what noise reaches, so that the pairs show their directions.
    """
    while True:
        n = int(rng.integers(400, 3000))
        r = int(rng.integers(1, 17))
        d, d_tilde = (int(rng.integers(r + n // 50, r + n // 10)) for _ in range(2))
        gamma, gamma_tilde = (float(np.exp(rng.uniform(math.log(0.7), math.log(10)))) for _ in range(2))
        edge = null_correlation(d, d_tilde, n, ALPHA / 2)
        least = 1.1 * edge * math.sqrt((1 + 1 / gamma) * (1 + 1 / gamma_tilde))
        if least < 1:
            return Setting(n, d, d_tilde, r, float(rng.uniform(least, 1.0)), gamma, gamma_tilde)


def one_draw(setting: Setting, rng: np.random.Generator) -> dict[str, Any]:
    """Of each interval: whether it lies "above" the truth, "below" it or "holds" it."""
    truths = {"gamma": setting.gamma, "gamma~": setting.gamma_tilde, "eta": setting.eta}

    def place(found: Estimate, truth: float) -> str:
        return "above" if found.low > truth else "below" if found.high < truth else "holds"

    return {name: place(found, truths[name]) for name, found in intervals(setting, rng).items()}
