"""The law of `engines.direct` at a cost free of n (unfiltered) and of d (filtered).

An unfiltered fit costs O(min(d, d_tilde)^3) for any n.  A filtered one draws at most 2r normals per
scored pair, in blocks, and completes all other coordinates at once.  Nothing is approximated:
proofs_notes/engines.md derives every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from verification import seeds
from verification.engines import Draw
from verification.engines.selection import Moments, select_above, select_top
from verification.engines.short_sample import (
    Geometry,
    Teacher,
    cross_covariance,
    heads,
    no_teacher,
    oracle,
)
from verification.errors import TooFewPairs
from verification.estimate import Array
from verification.setting import Procedure, Setting

BATCH_NUMBERS = 2**21
"""Numbers held at a time by a vectorised batch of unfiltered fits: 16 MB."""


@dataclass(frozen=True)
class _Fits:
    """Rank-r fits of B replicates in the coordinates where U and U_tilde come first.

    `left` (B, coordinates, r) and `right` hold the singular vectors, `values` (B, r) the singular
    values, `ranks` (B,) how many of them the data determine.
    """

    left: Array
    values: Array
    right: Array
    ranks: tuple[int, ...]

    def errors(self, basis: Array) -> Array:
        """Chordal distance (Definition 1) of each replicate's basis from the truth, (B,).

        The truth being the first r coordinates, the residual is what lies in the others.
        """
        r = self.values.shape[1]
        residual = basis[:, r:] * self._determined()[:, None]
        flat = residual.reshape(len(basis), -1)
        return np.asarray(np.sqrt(np.vecdot(flat, flat) + (r - np.array(self.ranks))))

    def _determined(self) -> Array:
        return (np.arange(self.values.shape[1]) < np.array(self.ranks)[:, None]).astype(float)

    def draws(self, swapped: bool, kept: int | None = None, scored: int | None = None) -> list[Draw]:
        """What an engine reports of each replicate."""
        left, right = self.errors(self.left), self.errors(self.right)
        if swapped:
            left, right = right, left
        return [
            Draw(float(a), float(b), tuple(values[:rank].tolist()), kept, scored)
            for a, b, values, rank in zip(left, right, self.values, self.ranks, strict=True)
        ]

    def teacher(self) -> Teacher:
        """The only replicate's fit as a teacher."""
        k = self.ranks[0]
        r = self.values.shape[1]
        left, right = (_fewest_coordinates(basis[0, :, :k], r) for basis in (self.left, self.right))
        return Teacher(left, self.values[0, :k], right)


def _fewest_coordinates(basis: Array, r: int) -> Array:
    """`basis` after a rotation of the coordinates beyond the first r that leaves at most k of them."""
    noise = np.linalg.qr(basis[r:], mode="r")
    return np.vstack((basis[:r], noise))


def _fit(geometry: Geometry, covariance: Array, r: int) -> _Fits:
    """Leading r singular triples (Eq. 6), turned from the teacher's coordinates to the truth's."""
    left, values, right_t = np.linalg.svd(covariance, full_matrices=False)
    floor = max(covariance.shape[1:]) * np.finfo(float).eps * values[:, :1]
    ranks = np.minimum(np.count_nonzero(values > floor, axis=1), r)
    left, right = left[:, :, :r].copy(), right_t[:, :r].swapaxes(-1, -2).copy()
    left[:, : len(geometry.left)] = geometry.left @ left[:, : len(geometry.left)]
    right[:, : len(geometry.right)] = geometry.right @ right[:, : len(geometry.right)]
    return _Fits(left, values[:, :r], right, tuple(ranks.tolist()))


def _train(setting: Setting, total: int, rngs: list[np.random.Generator]) -> _Fits:
    """Fits on `total` pairs without a filter, one for each generator."""
    geometry = Geometry.relative_to(no_teacher(setting.r), setting)
    clean = np.array([rng.binomial(total, setting.eta) for rng in rngs], dtype=np.int64)
    counts = np.stack((total - clean, clean), axis=1)
    head = np.sqrt(counts.astype(float))[:, :, None, None]
    return _fit(geometry, cross_covariance(geometry, counts, head, rngs), setting.r)


def _filter_and_train(
    setting: Setting,
    procedure: Procedure,
    total: int,
    teacher: Teacher,
    scale: float,
    selection: np.random.Generator,
    rest: np.random.Generator,
) -> tuple[_Fits, int]:
    """Score `total` fresh pairs with the teacher, keep some, train on them: (fit, kept)."""
    keep = None if procedure.retain is None else round(procedure.retain * total)
    if keep is not None and keep < 2:
        raise TooFewPairs(keep, total)
    if keep == total or procedure.theta == -np.inf:
        return _train(setting, total, [rest]), total
    geometry = Geometry.relative_to(teacher, setting)
    clean = int(rest.binomial(total, setting.eta))
    counts = total - clean, clean
    moments: tuple[Moments, Moments]
    if keep is not None:
        moments = select_top(geometry.scores, counts, keep, selection)
    else:
        assert procedure.theta is not None
        moments = select_above(geometry.scores, counts, procedure.theta * scale, selection)
    kept = moments[0].count, moments[1].count
    if sum(kept) < 2:
        raise TooFewPairs(sum(kept), total)
    head = np.stack([heads(m) for m in moments])[None]
    covariance = cross_covariance(geometry, np.array([kept], dtype=np.int64), head, [rest])
    return _fit(geometry, covariance, setting.r), sum(kept)


def _smaller_modality_second(setting: Setting) -> tuple[Setting, bool]:
    """The setting with its modalities swapped if that makes the second the smaller one."""
    if setting.d >= setting.d_tilde:
        return setting, False
    swapped = replace(
        setting, d=setting.d_tilde, d_tilde=setting.d, gamma=setting.gamma_tilde, gamma_tilde=setting.gamma
    )
    return swapped, True


def draw(
    setting: Setting,
    procedure: Procedure,
    rng: np.random.Generator,
    scales: tuple[float, ...] = (),
) -> Draw:
    """One replicate of `procedure` in `setting`, in law the same as `direct.draw`.

    `scales[k]` is what the matrix of round k's teacher tends to, as a multiple of U U_tilde^T (with
    rho = 1): eta for the first teacher, c(theta) later.  theta times it is the raw threshold.  Only
    `eta` is known here, so several rounds with a fixed theta need `scales`.
    Raises TooFewPairs when a filter keeps fewer than two pairs.
    """
    turned, swapped = _smaller_modality_second(setting)
    if procedure.estimator == "unfiltered":
        return _train(turned, setting.n, [rng]).draws(swapped)[0]
    # Two streams a round: one for the selection, one for all else.
    stream = [seeds.stage(rng, i) for i in range(2 * procedure.rounds + 1)]
    teacher_n, student_n = procedure.sizes(setting.n)
    if procedure.estimator == "oracle-filtered":
        teacher = oracle(setting.r)
        scales = (1.0,)
    else:
        teacher = _train(turned, teacher_n, [stream[0]]).teacher()
        scales = scales or (setting.eta,) * procedure.rounds
    for k in range(procedure.rounds):
        fits, kept = _filter_and_train(
            turned, procedure, student_n, teacher, scales[k], stream[1 + 2 * k], stream[2 + 2 * k]
        )
        teacher = fits.teacher()
    return fits.draws(swapped, kept, student_n)[0]


def draw_many(
    setting: Setting,
    procedure: Procedure,
    rngs: Sequence[np.random.Generator],
    scales: tuple[float, ...] = (),
) -> list[Draw | TooFewPairs]:
    """`draw` for each generator: the same bits, whatever the batch; a TooFewPairs is returned.

    Unfiltered fits are vectorised over the replicates.
    """
    if procedure.estimator != "unfiltered":
        return [_draw_or_error(setting, procedure, rng, scales) for rng in rngs]
    turned, swapped = _smaller_modality_second(setting)
    draws: list[Draw | TooFewPairs] = []
    for batch in _batches(list(rngs), turned):
        draws += _train(turned, setting.n, batch).draws(swapped)
    return draws


def _draw_or_error(
    setting: Setting, procedure: Procedure, rng: np.random.Generator, scales: tuple[float, ...]
) -> Draw | TooFewPairs:
    try:
        return draw(setting, procedure, rng, scales)
    except TooFewPairs as error:
        return error


def _batches(rngs: list[np.random.Generator], setting: Setting) -> Iterator[list[np.random.Generator]]:
    rows = 2 * (1 + setting.d_tilde)
    numbers = rows * (setting.d_tilde + min(setting.d, rows + setting.r))
    size = max(1, BATCH_NUMBERS // numbers)
    for start in range(0, len(rngs), size):
        yield rngs[start : start + size]
