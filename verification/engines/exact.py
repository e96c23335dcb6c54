"""The law of `engines.direct` at a cost free of n (unfiltered) and of d (filtered).

An unfiltered fit costs O(min(d, d_tilde)^3) for any n.  A filtered one draws at most 2r normals per
scored pair, in blocks, and completes all other coordinates at once.  Nothing is approximated:
proofs_notes/engines.md derives every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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

    def draws(
        self, swapped: bool, kept: Sequence[int] | None = None, scored: int | None = None
    ) -> list[Draw]:
        """What an engine reports of each replicate."""
        left, right = self.errors(self.left), self.errors(self.right)
        if swapped:
            left, right = right, left
        counts: Sequence[int | None] = [None] * len(left) if kept is None else kept
        return [
            Draw(float(a), float(b), tuple(values[:rank].tolist()), count, scored)
            for a, b, values, rank, count in zip(left, right, self.values, self.ranks, counts, strict=True)
        ]

    def teacher(self, replicate: int = 0) -> Teacher:
        """A replicate's fit as a teacher."""
        k = self.ranks[replicate]
        r = self.values.shape[1]
        left, right = (_fewest_coordinates(basis[replicate, :, :k], r) for basis in (self.left, self.right))
        return Teacher(left, self.values[replicate, :k], right)


def _fewest_coordinates(basis: Array, r: int) -> Array:
    """`basis` after a rotation of the coordinates beyond the first r that leaves at most k of them."""
    noise = np.linalg.qr(basis[r:], mode="r")
    return np.vstack((basis[:r], noise))


def _fit(geometries: Sequence[Geometry], covariance: Array, r: int) -> _Fits:
    """Leading r singular triples (Eq. 6), turned from the teacher's coordinates to the truth's."""
    left, values, right_t = np.linalg.svd(covariance, full_matrices=False)
    floor = max(covariance.shape[1:]) * np.finfo(float).eps * values[:, :1]
    ranks = np.minimum(np.count_nonzero(values > floor, axis=1), r)
    left, right = left[:, :, :r].copy(), right_t[:, :r].swapaxes(-1, -2).copy()
    for basis, turns in (
        (left, np.stack([geometry.left for geometry in geometries])),
        (right, np.stack([geometry.right for geometry in geometries])),
    ):
        basis[:, : turns.shape[1]] = turns @ basis[:, : turns.shape[1]]
    return _Fits(left, values[:, :r], right, tuple(ranks.tolist()))


@lru_cache(maxsize=64)
def without_teacher(setting: Setting) -> Geometry:
    """The geometry of a sample that nothing has scored."""
    return Geometry.relative_to(no_teacher(setting.r), setting)


def _train(setting: Setting, total: int, rngs: list[np.random.Generator]) -> _Fits:
    """Fits on `total` pairs without a filter, one for each generator."""
    geometry = without_teacher(setting)
    counts, head = all_pairs(setting, total, rngs)
    return _fit([geometry], cross_covariance([geometry], counts, head, rngs), setting.r)


def all_pairs(
    setting: Setting, total: int, rngs: Sequence[np.random.Generator]
) -> tuple[NDArray[np.int64], Array]:
    """Pairs by class (B, 2) and the heads (B, 2, 1, 1) that stand for them when none was scored."""
    clean = np.array([rng.binomial(total, setting.eta) for rng in rngs], dtype=np.int64)
    counts = np.stack((total - clean, clean), axis=1)
    return counts, np.sqrt(counts.astype(float))[:, :, None, None]


@dataclass(frozen=True)
class Kept:
    """The pairs that a student learns from: what the filter saw of them, and where the rest comes from.

    `counts` are by class (corrupted, clean), `head` (2, 1 + 2k, 1 + 2k) as `heads` says.
    """

    geometry: Geometry
    counts: tuple[int, int]
    head: Array
    rest: np.random.Generator


def select(
    setting: Setting,
    procedure: Procedure,
    total: int,
    teacher: Teacher,
    scale: float,
    selection: np.random.Generator,
    rest: np.random.Generator,
) -> Kept:
    """Score `total` fresh pairs with the teacher and keep some; raises TooFewPairs."""
    keep = None if procedure.retain is None else round(procedure.retain * total)
    if keep is not None and keep < 2:
        raise TooFewPairs(keep, total)
    if keep == total or procedure.theta == -np.inf:
        (everything,), (head,) = all_pairs(setting, total, [rest])
        return Kept(without_teacher(setting), tuple(everything.tolist()), head, rest)
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
    return Kept(geometry, kept, np.stack([heads(m) for m in moments]), rest)


def covariances(kept: Sequence[Kept]) -> Array:
    """Eq. 5 for each replicate's kept pairs, in its geometry's coordinates; one shape for all."""
    return cross_covariance(
        _geometries(kept),
        np.array([one.counts for one in kept], dtype=np.int64),
        np.stack([one.head for one in kept]),
        [one.rest for one in kept],
    )


def _geometries(kept: Sequence[Kept]) -> list[Geometry]:
    """One for each replicate, or one for all where they share it."""
    first = kept[0].geometry
    return [first] if all(one.geometry is first for one in kept) else [one.geometry for one in kept]


def _student(kept: Sequence[Kept], r: int) -> _Fits:
    return _fit(_geometries(kept), covariances(kept), r)


def smaller_modality_second(setting: Setting) -> tuple[Setting, bool]:
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
    drawn = draw_many(setting, procedure, [rng], scales)[0]
    if isinstance(drawn, TooFewPairs):
        raise drawn
    return drawn


def draw_many(
    setting: Setting,
    procedure: Procedure,
    rngs: Sequence[np.random.Generator],
    scales: tuple[float, ...] = (),
) -> list[Draw | TooFewPairs]:
    """`draw` for each generator: the same bits, whatever the batch; a TooFewPairs is returned.

    Everything but the selection is vectorised over the replicates.
    """
    turned, swapped = smaller_modality_second(setting)
    draws: list[Draw | TooFewPairs] = []
    for batch in _batches(list(rngs), turned):
        if procedure.estimator == "unfiltered":
            draws += _train(turned, setting.n, batch).draws(swapped)
        else:
            draws += _filtered(turned, swapped, procedure, batch, scales)
    return draws


def _filtered(
    turned: Setting,
    swapped: bool,
    procedure: Procedure,
    rngs: list[np.random.Generator],
    scales: tuple[float, ...],
) -> list[Draw | TooFewPairs]:
    """Filter and train, each round with the fit of the one before as the teacher."""
    # Two streams a round, one for the selection and one for all else, after the teachers'.
    streams = [[seeds.stage(rng, i) for i in range(2 * procedure.rounds + 1)] for rng in rngs]
    teacher_n, student_n = procedure.sizes(turned.n)
    if procedure.estimator == "oracle-filtered":
        teachers = dict.fromkeys(range(len(rngs)), oracle(turned.r))
        scales = (1.0,)
    else:
        fitted = _train(turned, teacher_n, [stream[0] for stream in streams])
        teachers = {i: fitted.teacher(i) for i in range(len(rngs))}
        scales = scales or (turned.eta,) * procedure.rounds
    outcomes: dict[int, Draw | TooFewPairs] = {}
    for k in range(procedure.rounds):
        kept: dict[int, Kept] = {}
        for i, teacher in teachers.items():
            selection, rest = streams[i][1 + 2 * k], streams[i][2 + 2 * k]
            try:
                kept[i] = select(turned, procedure, student_n, teacher, scales[k], selection, rest)
            except TooFewPairs as error:
                outcomes[i] = error
        teachers = {}
        for shape in {one.geometry.shape: None for one in kept.values()}:
            members = [i for i, one in kept.items() if one.geometry.shape == shape]
            fits = _student([kept[i] for i in members], turned.r)
            if k + 1 < procedure.rounds:
                teachers |= {i: fits.teacher(place) for place, i in enumerate(members)}
            else:
                sizes = [sum(kept[i].counts) for i in members]
                outcomes |= zip(members, fits.draws(swapped, sizes, student_n), strict=True)
    return [outcomes[i] for i in range(len(rngs))]


def _batches(rngs: list[np.random.Generator], setting: Setting) -> Iterator[list[np.random.Generator]]:
    rows = 2 * (1 + 2 * setting.r + setting.d_tilde)
    numbers = rows * (setting.d_tilde + min(setting.d, rows + setting.r))
    size = max(1, BATCH_NUMBERS // numbers)
    for start in range(0, len(rngs), size):
        yield rngs[start : start + size]
