"""The model and Algorithm 1 as printed, pair by pair.

Pairs are drawn in blocks, each from a stream of its own (`seeds.block`), so memory is that of one
block and a second pass over the same pairs costs no storage.  The number of pairs in a block
depends on the dimensions alone: results do not depend on any tuning.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from verification.engines import Draw, alone, estimate, seeds
from verification.engines.estimate import Array, Trained
from verification.errors import TooFewPairs
from verification.setting import Procedure, Setting

WeightTable = tuple[Array, Array]
"""Scores, increasing, and the weight at each: linear between them, constant beyond."""


def block_size(setting: Setting) -> int:
    """Pairs in a block: about 8 MB of coordinates, at most 16384 pairs."""
    return max(64, min(16384, 2**20 // (setting.d + setting.d_tilde)))


def bases(setting: Setting, rng: np.random.Generator, rotate: bool) -> tuple[Array, Array]:
    """(U, U_tilde): the leading coordinates, or Haar-distributed if `rotate`."""
    if rotate:
        return (
            estimate.random_basis(setting.d, setting.r, rng),
            estimate.random_basis(setting.d_tilde, setting.r, rng),
        )
    return np.eye(setting.d, setting.r), np.eye(setting.d_tilde, setting.r)


def pairs(
    setting: Setting, count: int, u: Array, u_tilde: Array, rng: np.random.Generator
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """`count` pairs of Eq. 1 under Assumptions 1 and 2: x (count, d), y (count, d_tilde), clean."""
    clean = rng.random(count) < setting.eta
    z = rng.standard_normal((count, setting.r))
    z_tilde = rng.standard_normal((count, setting.r))
    z_tilde[clean] = z[clean]
    x = z @ u.T
    y = z_tilde @ u_tilde.T
    # gamma = inf means no noise: the draws are made all the same, so that streams stay aligned.
    x += rng.standard_normal(x.shape) / np.sqrt(setting.gamma)
    y += rng.standard_normal(y.shape) / np.sqrt(setting.gamma_tilde)
    return x, y, clean


def _blocks(
    setting: Setting, total: int, u: Array, u_tilde: Array, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    size = block_size(setting)
    for index, start in enumerate(range(0, total, size)):
        x, y, _ = pairs(setting, min(size, total - start), u, u_tilde, seeds.fast(seeds.block(rng, index)))
        yield x, y


class _Sums:
    """Running count, sums and products of the kept pairs: all that Eq. 5 needs."""

    def __init__(self, setting: Setting) -> None:
        self.count = 0
        self.x = np.zeros(setting.d)
        self.y = np.zeros(setting.d_tilde)
        self.products = np.zeros((setting.d, setting.d_tilde))

    def add(self, x: Array, y: Array) -> None:
        self.count += len(x)
        self.x += x.sum(axis=0)
        self.y += y.sum(axis=0)
        self.products += x.T @ y

    def fit(self, r: int, scored: int) -> Trained:
        if self.count < 2:
            raise TooFewPairs(self.count, scored)
        return estimate.fit(estimate.from_sums(self.count, self.x, self.y, self.products), r)


def _train(setting: Setting, total: int, u: Array, u_tilde: Array, rng: np.random.Generator) -> Trained:
    sums = _Sums(setting)
    for x, y in _blocks(setting, total, u, u_tilde, rng):
        sums.add(x, y)
    return sums.fit(setting.r, total)


def _filter_and_train(
    setting: Setting,
    procedure: Procedure,
    total: int,
    teacher: Trained,
    scale: float,
    u: Array,
    u_tilde: Array,
    rng: np.random.Generator,
) -> tuple[Trained, int]:
    """Score `total` fresh pairs with the teacher, keep some, train on them: (fit, kept)."""

    def scored() -> Iterator[tuple[Array, Array, Array]]:
        for x, y in _blocks(setting, total, u, u_tilde, rng):
            yield x, y, estimate.scores(x, y, teacher.left, teacher.singular_values, teacher.right)

    if procedure.retain is not None:
        keep = round(procedure.retain * total)
        if keep < 2:
            raise TooFewPairs(keep, total)
        values = np.concatenate([s for _, _, s in scored()])
        # The keep-th largest score itself is kept, so the comparison below is with the next one.
        threshold = -np.inf if keep == total else np.partition(values, total - keep - 1)[total - keep - 1]
    else:
        assert procedure.theta is not None
        threshold = procedure.theta * scale
    sums = _Sums(setting)
    for x, y, s in scored():
        kept = s > threshold
        sums.add(x[kept], y[kept])
    return sums.fit(setting.r, total), sums.count


def _principal(setting: Setting, total: int, u: Array, u_tilde: Array, rng: np.random.Generator) -> Draw:
    """PCA of each modality alone on `total` pairs."""
    sums = [np.zeros(setting.d), np.zeros(setting.d_tilde)]
    products = [np.zeros((setting.d, setting.d)), np.zeros((setting.d_tilde, setting.d_tilde))]
    for blocks in _blocks(setting, total, u, u_tilde, rng):
        for s, block in enumerate(blocks):
            sums[s] += block.sum(axis=0)
            products[s] += block.T @ block
    x, y = ((total, sums[s], products[s]) for s in (0, 1))
    return alone.direct_draw(x, y, u, u_tilde)


def _weigh_and_train(
    setting: Setting,
    total: int,
    teacher: Trained,
    weights: WeightTable,
    u: Array,
    u_tilde: Array,
    rng: np.random.Generator,
) -> Trained:
    """Score `total` fresh pairs with the teacher and train on them weighted, about their plain means."""
    at, heights = weights
    weighed, sums = _Sums(setting), _Sums(setting)
    mass = 0.0
    for x, y in _blocks(setting, total, u, u_tilde, rng):
        s = estimate.scores(x, y, teacher.left, teacher.singular_values, teacher.right) / setting.eta
        w = np.interp(s, at, heights)
        mass += float(w.sum())
        sums.add(x, y)
        weighed.add(w[:, None] * x, y)
        weighed.y += (w - 1) @ y  # `add` summed y unweighted
    mean_x, mean_y = sums.x / total, sums.y / total
    products = weighed.products - np.outer(weighed.x, mean_y) - np.outer(mean_x, weighed.y)
    return estimate.fit((products + mass * np.outer(mean_x, mean_y)) / (total - 1), setting.r)


def draw(
    setting: Setting,
    procedure: Procedure,
    rng: np.random.Generator,
    scales: tuple[float, ...] = (),
    *,
    rotate: bool = False,
    weights: WeightTable | None = None,
) -> Draw:
    """One replicate of `procedure` in `setting`.

    `scales[k]` is what the matrix of round k's teacher tends to, as a multiple of U U_tilde^T (with
    rho = 1): eta for the first teacher, c(theta) later.  theta times it is the raw threshold.  Only
    `eta` is known here, so several rounds with a fixed theta need `scales`.  `weights` are those of the
    weighted estimator, on the oracle's scale.
    Raises TooFewPairs when a filter keeps fewer than two pairs.
    """
    stage = [seeds.stage(rng, k) for k in range(procedure.rounds + 2)]
    u, u_tilde = bases(setting, stage[0], rotate)
    teacher_n, student_n = procedure.sizes(setting.n)
    kept = None
    if procedure.estimator == "pca":
        return _principal(setting, teacher_n, u, u_tilde, stage[1])
    if procedure.estimator == "oracle-filtered":
        current = Trained(u, np.ones(setting.r), u_tilde)
        current, kept = _filter_and_train(setting, procedure, student_n, current, 1.0, u, u_tilde, stage[2])
    else:
        current = _train(setting, teacher_n, u, u_tilde, stage[1])
        if procedure.estimator == "weighted":
            assert weights is not None
            current = _weigh_and_train(setting, student_n, current, weights, u, u_tilde, stage[2])
        elif procedure.estimator == "teacher-filtered":
            for k in range(procedure.rounds):
                scale = scales[k] if scales else setting.eta
                current, kept = _filter_and_train(
                    setting, procedure, student_n, current, scale, u, u_tilde, stage[2 + k]
                )
    return Draw(
        left=estimate.chordal_distance(current.left, u),
        right=estimate.chordal_distance(current.right, u_tilde),
        singular_values=tuple(float(s) for s in current.singular_values),
        kept=kept,
        scored=student_n if kept is not None else None,
    )
