"""Singular vectors of a noisy cross-covariance whose noise dimensions may be as many as its pairs.

In signal coordinates a fit on K pairs is a finite block bordered by a product of two Gaussian matrices.
As the noise dimensions and K grow together, its leading singular triple solves a 2 x 2-block equation;
where that has no root outside of the noise's own spectrum, nothing is learned.  Nothing here is small:
d / K may be any number.  Derivation: proofs_notes/proportional.md.

Each modality is divided by its signal coordinate's standard deviation: noise variances are shares
nu = 1 / (1 + gamma) in [0, 1), and singular values are in units of sqrt(a a_tilde).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FAR = 1e280
"""Up to this y a singular value is looked for where the noise has no spectrum of its own."""

NEAR = 1e-8
"""A Newton step that is relatively smaller is the last one."""

MOST_STEPS = 200
"""Newton steps at most; five are the rule."""

ROUNDING = 1e-13
"""An eigenvalue is zero to rounding below this: the block matrix is the identity at y = 0."""


@dataclass(frozen=True)
class Noise:
    """The noise coordinates of both modalities: shares of variance, and dimensions over effective pairs.

    `left` and `right` are nu, nu_tilde in [0, 1]; `left_ratio` is (d - r) / K, `right_ratio` likewise.
    """

    left: Any
    right: Any
    left_ratio: Any
    right_ratio: Any

    @property
    def left_load(self) -> Any:
        """nu (d - r) / K: the noise that one right signal coordinate of unit variance picks up."""
        return self.left * self.left_ratio

    @property
    def right_load(self) -> Any:
        """The same of the right noise."""
        return self.right * self.right_ratio

    def edge(self) -> Array:
        """The largest y outside of the noise's own spectrum; inf where it has no spectrum.

        y = w / (load load_tilde), w the product law's psi-function: 2 w^3 + (1 + al + al~) w^2 = al al~ at
        the edge.
        """
        joint = self.left * self.right * np.sqrt(self.left_ratio) * np.sqrt(self.right_ratio)
        with np.errstate(divide="ignore"):
            return np.asarray(self._edge_root() / joint)

    def _edge_root(self) -> Array:
        """w at the edge over sqrt(al al~), in (0, 1]: Newton's method from above on a convex cubic."""
        cubic = 2 * np.sqrt(self.left_ratio) * np.sqrt(self.right_ratio)
        square = 1 + self.left_ratio + self.right_ratio
        x = 1 / np.sqrt(square)
        for _ in range(8):
            x = x - ((cubic * x + square) * x * x - 1) / ((3 * cubic * x + 2 * square) * x)
        return np.asarray(x)

    def squared_value(self, y: Any) -> Any:
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
    Every field is a number or an array, one entry a fit.
    """

    left_cosine: Any
    left_sine: Any
    right_cosine: Any
    right_sine: Any
    value: Any
    separation: Any
    gap: Any
    unevenness: Any = 0.0
    left_variance: Any = 0.0
    right_variance: Any = 0.0


def _outer(values: Any) -> Array:
    """An array over fits as one that scales their matrices."""
    return np.asarray(values)[..., None, None]


def _matrix(signal: Signal, noise: Noise, y: Array) -> Array:
    """The block matrix that is positive definite from y = 0 to the leading outlier, (..., 4, 4)."""
    left, right = noise.left_load, noise.right_load
    found = np.zeros((*np.shape(y), 4, 4))
    found[...] = np.eye(4)
    found[..., :2, :2] -= _outer(right * y) * signal.left_excess
    found[..., 2:, 2:] -= _outer(left * y) * signal.right_excess
    found[..., :2, 2:] = -_outer(np.sqrt(y) * np.sqrt(1 + left * right * y)) * signal.cross
    found[..., 2:, :2] = np.swapaxes(found[..., :2, 2:], -1, -2)
    return found


def _slope(signal: Signal, noise: Noise, y: Array, vector: Array) -> Array:
    """Derivative of the smallest eigenvalue by sqrt(y) with its eigenvector (..., 4)."""
    left, right = noise.left_load, noise.right_load
    first, second = vector[..., :2], vector[..., 2:]
    own = right * _form(first, signal.left_excess, first) + left * _form(second, signal.right_excess, second)
    bent = (1 + 2 * left * right * y) / np.sqrt(1 + left * right * y)
    return np.asarray(-2 * np.sqrt(y) * own - 2 * bent * _form(first, signal.cross, second))


def _form(left: Array, matrix: Array, right: Array) -> Array:
    """left^T matrix right for every fit."""
    return np.asarray(np.einsum("...i,...ij,...j->...", left, matrix, right))


def shows(signal: Signal, noise: Noise) -> Any:
    """Below 0 where a singular value leaves the noise's spectrum, above 0 where none does."""
    edge = noise.edge()
    smallest = np.linalg.eigvalsh(_matrix(signal, noise, np.minimum(edge, FAR)))[..., 0]
    return np.where(np.isinf(edge), -np.inf, smallest)[()]


def leading(signal: Signal, noise: Noise) -> Fit:
    """The limit of the leading r singular triples of a fit on pairs with these moments.

    Fits of any common shape at once: `signal` has matrices (..., 2, 2), `noise` numbers of shape (...).
    """
    with np.errstate(all="ignore"):
        edge = noise.edge()
        root, shown = _outlier(signal, noise, edge)
        at_root = _matrix(signal, noise, root)
        values, vectors = np.linalg.eigh(at_root)
        angles = _off_signal(signal, noise, root, _refined(at_root, vectors[..., 0]))
        separation = np.where(np.isinf(edge), 1.0, 1 - root / edge)
        found = [*angles, np.sqrt(noise.squared_value(root)), separation, np.minimum(values[..., 1], 1.0)]
        lost = (0.0, 1.0, 0.0, 1.0, np.sqrt(noise.squared_value(edge)), 0.0, 1.0)
        plain = _without_spectrum(signal, noise)
        out = np.isinf(edge)
        return Fit(
            *(
                np.where(shown, value, np.where(out, other, none))
                for value, other, none in zip(found, plain, lost, strict=True)
            )
        )


def _outlier(signal: Signal, noise: Noise, edge: Array) -> tuple[Array, Array]:
    """(where the smallest eigenvalue of the block matrix is first 0, whether that is below the edge).

    The signal's own 2 x 2 block is singular at or beyond that y.  From there Newton's method in sqrt(y), in
    which the eigenvalue is concave, falls to the root; a step that leaves the bracket is halved.
    """
    start = np.minimum(np.minimum(_beyond(signal, noise), edge), FAR)
    smallest = np.linalg.eigvalsh(_matrix(signal, noise, start))[..., 0]
    start = np.where((smallest > ROUNDING) & (start < edge), np.minimum(edge, FAR), start)
    high = np.sqrt(start)
    low, t = np.zeros_like(high), high
    shown = np.ones(np.shape(high), dtype=bool)
    for step in range(MOST_STEPS):
        values, vectors = np.linalg.eigh(_matrix(signal, noise, t * t))
        smallest = values[..., 0]
        if step == 0:
            shown = (smallest < 0) | ((smallest < ROUNDING) & (start < edge))
        high, low = np.where(smallest < 0, t, high), np.where(smallest < 0, low, t)
        moved = t - smallest / _slope(signal, noise, t * t, vectors[..., 0])
        near = np.abs(moved - t) <= NEAR * t  # the next step would be of the order of its square
        inside = (moved >= low) & (moved <= high)
        t = np.where(shown, np.where(inside | near, moved, 0.5 * (low + high)), t)
        if np.all(near | ~shown):
            break
    return t * t, shown


def _beyond(signal: Signal, noise: Noise) -> Array:
    """Where the signal's own block is singular: no outlier is later.  Infinite where it never is."""
    left = noise.right_load * signal.left_excess[..., 0, 0]
    right = noise.left_load * signal.right_excess[..., 0, 0]
    cross = signal.cross[..., 0, 0] ** 2
    loads = noise.left_load * noise.right_load
    spread = np.sqrt(np.maximum((left - right) ** 2 + cross * (cross + 2 * (left + right) + 4 * loads), 0.0))
    return np.asarray(2 / np.maximum(left + right + cross + spread, 1e-320))


def _without_spectrum(signal: Signal, noise: Noise) -> tuple[Any, ...]:
    """The limit where one modality has no noise and y, going by infinity, does not show it."""
    squared = signal.cross[..., 0, 0] ** 2
    off_left = noise.left_load * (signal.right_excess[..., 0, 0] + noise.right)
    off_right = noise.right_load * (signal.left_excess[..., 0, 0] + noise.left)
    main = np.sqrt(squared)
    value = np.sqrt(squared + off_left + off_right)
    return (*_angle(main, off_left), *_angle(main, off_right), value, 1.0, 1.0)


def _refined(matrix: Array, vector: Array) -> Array:
    """The null vector with its small components to full relative accuracy.

    Where the wrong directions' own block is well away from singular, it gives them from the others.
    """
    main, rest = np.array([0, 2]), np.array([1, 3])
    a, b, c = matrix[..., 1, 1], matrix[..., 1, 3], matrix[..., 3, 3]
    smallest = 0.5 * (a + c - np.hypot(a - c, 2 * b))
    pull = np.einsum("...ij,...j->...i", matrix[..., rest[:, None], main], vector[..., main])
    determinant = a * c - b * b
    found = vector.copy()
    found[..., 1] = -(c * pull[..., 0] - b * pull[..., 1]) / determinant
    found[..., 3] = -(a * pull[..., 1] - b * pull[..., 0]) / determinant
    return np.where(smallest[..., None] < 0.05, vector, found)


def _off_signal(signal: Signal, noise: Noise, y: Array, vector: Array) -> tuple[Any, Any, Any, Any]:
    """(cosine, sine) of the left and of the right singular vector to the truth.

    A squared norm off it is a sum of positive terms: how fast the block matrix moves with the singular
    value.
    """
    left, right = noise.left_load, noise.right_load
    w = left * right * y
    on_left, on_right = noise.left * right * y, noise.right * left * y
    first = vector[..., :2] * np.sqrt(1 + on_left)[..., None]
    second = vector[..., 2:] * np.sqrt(1 + on_right)[..., None]
    squared = noise.squared_value(y)
    power_left = _form(first, signal.left_excess, first) + noise.left * np.sum(first**2, axis=-1)
    power_right = _form(second, signal.right_excess, second) + noise.right * np.sum(second**2, axis=-1)
    joint = _form(first, signal.cross, second)
    slowness = 1 / (1 + w) - on_left / (1 + on_left) - on_right / (1 + on_right)
    shared = (
        (noise.right * (1 + 2 * w) + right) * power_left
        + (noise.left * (1 + 2 * w) + left) * power_right
        + 2 * np.sqrt(squared) * joint
    ) * np.where(w > 0, w / slowness, 0.0)
    beyond_left = ((1 + w) * left * (1 + on_left) * power_right + shared) / squared
    beyond_right = ((1 + w) * right * (1 + on_right) * power_left + shared) / squared
    return (
        *_angle(first[..., 0], first[..., 1] ** 2 + beyond_left),
        *_angle(second[..., 0], second[..., 1] ** 2 + beyond_right),
    )


def _angle(along: Any, squared_off: Any) -> tuple[Any, Any]:
    """Cosine and sine of a vector's angle to the truth; none at d = r, where nothing is off it."""
    off = np.sqrt(squared_off)
    length = np.hypot(along, off)
    none = off == 0
    return np.where(none, 1.0, np.abs(along) / length), np.where(none, 0.0, off / length)
