"""How pairs are made: the model as stated, and with one part of it exchanged."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from verification.engines.estimate import Array
from verification.setting import Setting

Pairs = tuple[Array, Array]


Maker = Callable[[Setting, np.random.Generator], Pairs]


def gaussian_noise(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Assumption 2, at variance 1."""
    return rng.standard_normal(size)


def student_noise(dof: float) -> Callable[[tuple[int, int], np.random.Generator], Array]:
    """Independent Student-t coordinates with `dof` > 2 degrees of freedom, scaled to variance 1."""

    def draw(size: tuple[int, int], rng: np.random.Generator) -> Array:
        return np.asarray(rng.standard_t(dof, size) * math.sqrt((dof - 2) / dof))

    return draw


def spread_noise(ratio: float) -> Callable[[tuple[int, int], np.random.Generator], Array]:
    """Gaussian with variances from 1 to `ratio` over the coordinates, geometric, of mean 1."""

    def draw(size: tuple[int, int], rng: np.random.Generator) -> Array:
        variances = np.geomspace(1.0, ratio, size[1])
        return np.asarray(rng.standard_normal(size) * np.sqrt(variances / variances.mean()))

    return draw


def spiked_noise(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Gaussian with half of all its variance in the last coordinate, outside the signal."""
    variances = np.full(size[1], 0.5 * size[1] / (size[1] - 1))
    variances[-1] = 0.5 * size[1]
    return np.asarray(rng.standard_normal(size) * np.sqrt(variances))


def gaussian_latent(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Assumption 1."""
    return rng.standard_normal(size)


def rademacher_latent(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Independent signs."""
    return np.where(rng.random(size) < 0.5, -1.0, 1.0)


def uniform_latent(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Uniform of variance 1."""
    return rng.uniform(-math.sqrt(3), math.sqrt(3), size)


def laplace_latent(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Laplace of variance 1: heavier tails than the Gaussian's."""
    return rng.laplace(0.0, math.sqrt(0.5), size)


def _unrelated(z: Array, latent: Callable[..., Array], rng: np.random.Generator) -> Array:
    return latent(z.shape, rng)


def _negated(z: Array, latent: Callable[..., Array], rng: np.random.Generator) -> Array:
    return -z


def maker(
    noise: Callable[[tuple[int, int], np.random.Generator], Array] = gaussian_noise,
    latent: Callable[[tuple[int, int], np.random.Generator], Array] = gaussian_latent,
    corrupt: Callable[[Array, Callable[..., Array], np.random.Generator], Array] = _unrelated,
    wrong_direction: bool = False,
) -> Maker:
    """Pairs of Eq. 1 with U, U_tilde the first r coordinates, and parts of it exchanged.

    `corrupt` makes the second latent of the corrupted pairs from the first.  With `wrong_direction`
    their last coordinates, noise in both modalities, are one and the same number: every modality by
    itself keeps its law.
    """

    def make(setting: Setting, rng: np.random.Generator) -> Pairs:
        clean = rng.random(setting.n) < setting.eta
        z = latent((setting.n, setting.r), rng)
        other = np.where(clean[:, None], z, corrupt(z, latent, rng))
        x = noise((setting.n, setting.d), rng)
        y = noise((setting.n, setting.d_tilde), rng)
        if wrong_direction:
            y[~clean, -1] = x[~clean, -1]
        x *= setting.gamma**-0.5
        y *= setting.gamma_tilde**-0.5
        x[:, : setting.r] += z
        y[:, : setting.r] += other
        return x, y

    return make
