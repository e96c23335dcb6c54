"""Singular vectors of a noisy cross-covariance whose noise dimensions may be as many as its pairs.

In signal coordinates a fit on K pairs is a finite block bordered by a product of two Gaussian matrices.
As the noise dimensions and K grow together, its leading singular triple solves a 2 x 2-block equation;
where that has no root outside of the noise's own spectrum, nothing is learned.  Nothing here is small:
d / K may be any number.  Derivation: proofs_notes/proportional.md.

Each modality is divided by its signal coordinate's standard deviation: noise variances are shares
nu = 1 / (1 + gamma) in [0, 1), and singular values are in units of sqrt(a a_tilde).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]


FAR = 1e130
"""Up to this y a singular value is looked for where the noise has no spectrum of its own."""


@dataclass(frozen=True)
class Noise:
    """The noise coordinates of both modalities: shares of variance, and dimensions over effective pairs.

    `left` and `right` are nu, nu_tilde in [0, 1]; `left_ratio` is (d - r) / K, `right_ratio` likewise.
    """

    left: float
    right: float
    left_ratio: float
    right_ratio: float

    @property
    def left_load(self) -> float:
        """nu (d - r) / K: the noise that one right signal coordinate of unit variance picks up."""
        return self.left * self.left_ratio

    @property
    def right_load(self) -> float:
        """The same of the right noise."""
        return self.right * self.right_ratio

    def edge(self) -> float:
        """The largest y outside of the noise's own spectrum; inf where it has no spectrum.

        y = w / (load load_tilde), w the product law's psi-function: 2 w^3 + (1 + al + al~) w^2 = al al~ at
        the edge.
        """
        joint = self.left * self.right * math.sqrt(self.left_ratio) * math.sqrt(self.right_ratio)
        return self._edge_root() / joint if joint > 0 else math.inf

    def _edge_root(self) -> float:
        """w at the edge over sqrt(al al~), in (0, 1]."""
        cubic = 2 * math.sqrt(self.left_ratio) * math.sqrt(self.right_ratio)
        square = 1 + self.left_ratio + self.right_ratio
        # Both terms are at most 1 at the root; below 1/sqrt(square + cubic) both together are.
        low = 1 / math.sqrt(square + cubic)
        return float(
            brentq(
                lambda x: (cubic * x + square) * x * x - 1, low * (1 - 1e-15), 1.0, xtol=1e-300, rtol=1e-15
            )
        )

    def squared_value(self, y: float) -> float:
        """sigma^2 at y: decreasing up to the edge."""
        left, right = self.left_load, self.right_load
        return (1 + left * right * y) * (1 + self.left * right * y) * (1 + self.right * left * y) / y


@dataclass(frozen=True)
class Signal:
    """Second moments of the pairs in the coordinates (signal, teacher's wrong direction), per direction.

    `cross` (2, 2) is E[(u, w)(v, w_tilde)^T]; `left_excess` (2, 2) is E[(u, w)(u, w)^T] - nu I, and
    `right_excess` likewise.
    """

    cross: Array
    left_excess: Array
    right_excess: Array


@dataclass(frozen=True)
class Fit:
    """A rank-r fit in the limit: the mean square cosine and sine of each side's principal angles.

    Each to full relative accuracy, the root of a mean over the fit's r directions.  `value` is the leading
    singular values' limit in units of sqrt(a a_tilde); `separation` in [0, 1] is 1 - y / y_edge, 0 where
    none of them leaves the noise's spectrum; `gap` in [0, 1] is small where a second family of outliers is as
    strong as the leading one.  `unevenness` is the relative variance of the r x r signal block's entries,
    `left_variance` and `right_variance` the relative variance that it gives to the squared errors.
    """

    left_cosine: float
    left_sine: float
    right_cosine: float
    right_sine: float
    value: float
    separation: float
    gap: float
    unevenness: float = 0.0
    left_variance: float = 0.0
    right_variance: float = 0.0


def _matrix(signal: Signal, noise: Noise, y: float) -> Array:
    """The block matrix that is positive definite from y = 0 to the leading outlier, (4, 4)."""
    left, right = noise.left_load, noise.right_load
    found = np.eye(4)
    found[:2, :2] -= right * y * signal.left_excess
    found[2:, 2:] -= left * y * signal.right_excess
    found[:2, 2:] = -math.sqrt(y * (1 + left * right * y)) * signal.cross
    found[2:, :2] = found[:2, 2:].T
    return found


def shows(signal: Signal, noise: Noise) -> float:
    """Below 0 where a singular value leaves the noise's spectrum, above 0 where none does."""
    edge = noise.edge()
    return _smallest(signal, noise, edge) if edge < math.inf else -math.inf


def _smallest(signal: Signal, noise: Noise, y: float) -> float:
    return float(np.linalg.eigvalsh(_matrix(signal, noise, y))[0])


def leading(signal: Signal, noise: Noise) -> Fit:
    """The limit of the leading r singular triples of a fit on pairs with these moments."""
    edge = noise.edge()

    def smallest(y: float) -> float:
        return _smallest(signal, noise, y)

    high = _first_beyond(smallest, edge)
    if high is None and edge == math.inf:
        return _without_spectrum(signal, noise)
    if high is None:
        return Fit(0.0, 1.0, 0.0, 1.0, math.sqrt(noise.squared_value(edge)), 0.0, 1.0)
    root = float(brentq(smallest, 0.0, high, xtol=1e-300, rtol=1e-15, maxiter=500))
    at_root = _matrix(signal, noise, root)
    values, vectors = np.linalg.eigh(at_root)
    vector = _refined(at_root, vectors[:, 0])
    left, right = _off_signal(signal, noise, root, vector)
    separation = 1 - root / edge if edge < math.inf else 1.0
    value = math.sqrt(noise.squared_value(root))
    return Fit(*_angle(*left), *_angle(*right), value, separation, min(1.0, float(values[1])))


def _without_spectrum(signal: Signal, noise: Noise) -> Fit:
    """The limit where one modality has no noise and y, going by infinity, does not show it."""
    squared = float(signal.cross[0, 0]) ** 2
    off_left = noise.left_load * (float(signal.right_excess[0, 0]) + noise.right)
    off_right = noise.right_load * (float(signal.left_excess[0, 0]) + noise.left)
    main = math.sqrt(squared)
    value = math.sqrt(squared + off_left + off_right)
    return Fit(*_angle(main, off_left), *_angle(main, off_right), value, 1.0, 1.0)


def _first_beyond(smallest: Callable[[float], float], edge: float) -> float | None:
    """A y below the edge where the matrix is no longer positive definite; None if it always is."""
    if edge < math.inf:
        return edge if smallest(edge) < 0 else None
    high = 1.0
    while smallest(high) >= 0:
        high *= 4.0
        if high > FAR:
            return None
    return high


def _refined(matrix: Array, vector: Array) -> Array:
    """The null vector with its small components to full relative accuracy.

    Where the wrong directions' own block is well away from singular, it gives them from the others.
    """
    main, rest = [0, 2], [1, 3]
    block = matrix[np.ix_(rest, rest)]
    if np.linalg.eigvalsh(block)[0] < 0.05:
        return vector
    found = vector.copy()
    found[rest] = -np.linalg.solve(block, matrix[np.ix_(rest, main)] @ vector[main])
    return found


def _off_signal(
    signal: Signal, noise: Noise, y: float, vector: Array
) -> tuple[tuple[float, float], tuple[float, float]]:
    """(component along the truth, squared norm off it) of the left and of the right singular vector.

    The second is a sum of positive terms: how fast the block matrix moves with the singular value.
    """
    left, right = noise.left_load, noise.right_load
    w = left * right * y
    on_left, on_right = noise.left * right * y, noise.right * left * y
    first = vector[:2] * math.sqrt(1 + on_left)
    second = vector[2:] * math.sqrt(1 + on_right)
    squared = noise.squared_value(y)
    power_left = float(first @ signal.left_excess @ first + noise.left * (first @ first))
    power_right = float(second @ signal.right_excess @ second + noise.right * (second @ second))
    joint = float(first @ signal.cross @ second)
    slowness = 1 / (1 + w) - on_left / (1 + on_left) - on_right / (1 + on_right)
    shared = (
        (noise.right * (1 + 2 * w) + right) * power_left
        + (noise.left * (1 + 2 * w) + left) * power_right
        + 2 * math.sqrt(squared) * joint
    ) * (w / slowness if w > 0 else 0.0)
    beyond_left = ((1 + w) * left * (1 + on_left) * power_right + shared) / squared
    beyond_right = ((1 + w) * right * (1 + on_right) * power_left + shared) / squared
    return (
        (float(first[0]), float(first[1]) ** 2 + beyond_left),
        (float(second[0]), float(second[1]) ** 2 + beyond_right),
    )


def _angle(along: float, squared_off: float) -> tuple[float, float]:
    """Cosine and sine of a vector's angle to the truth; none at d = r, where nothing is off it."""
    if squared_off == 0:
        return 1.0, 0.0
    off = math.sqrt(squared_off)
    length = math.hypot(along, off)
    return abs(along) / length, off / length
