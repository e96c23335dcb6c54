"""The law of `engines.direct` at a cost free of n (unfiltered) and of d (filtered).

An unfiltered fit costs O(min(d, d_tilde)^3) for any n.  A filtered one draws at most 2r normals per
scored pair, in blocks, and completes all other coordinates at once.  Nothing is approximated:
proofs_notes/engines.md derives every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from verification.engines import Draw, alone, parts, seeds
from verification.engines.estimate import Array
from verification.engines.kept_pairs import select_above, select_top
from verification.engines.short_sample import (
    Geometry,
    Teacher,
    cross_covariance,
    heads,
    no_teacher,
    oracle,
)
from verification.errors import TooFewPairs
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

    def teachers(self) -> list[tuple[list[int], Teacher]]:
        """The fits as teachers: replicates of one rank together, with their places."""
        r = self.values.shape[1]
        found = []
        for k in sorted(set(self.ranks)):
            places = [place for place, rank in enumerate(self.ranks) if rank == k]
            left, right = (_fewest_coordinates(basis[places, :, :k], r) for basis in (self.left, self.right))
            found.append((places, Teacher(left, self.values[places, :k], right)))
        return found


def _fewest_coordinates(basis: Array, r: int) -> Array:
    """`basis` after a rotation of the coordinates beyond the first r that leaves at most k of them."""
    return np.concatenate((basis[:, :r], np.linalg.qr(basis[:, r:], mode="r")), axis=1)


def _fit(geometry: Geometry, covariance: Array, r: int) -> _Fits:
    """Leading r singular triples (Eq. 6), turned from the teacher's coordinates to the truth's."""
    left, values, right_t = np.linalg.svd(covariance, full_matrices=False)
    floor = max(covariance.shape[1:]) * np.finfo(float).eps * values[:, :1]
    ranks = np.minimum(np.count_nonzero(values > floor, axis=1), r)
    left, right = left[:, :, :r].copy(), right_t[:, :r].mT.copy()
    for basis, turns in ((left, geometry.left), (right, geometry.right)):
        size = turns.shape[-1]
        basis[:, :size] = turns @ basis[:, :size]
    return _Fits(left, values[:, :r], right, tuple(ranks.tolist()))


@lru_cache(maxsize=64)
def without_teacher(setting: Setting) -> Geometry:
    """The geometry of a sample that nothing has scored."""
    return Geometry.relative_to(no_teacher(setting.r), setting)


def _train(setting: Setting, total: int, rngs: list[np.random.Generator]) -> _Fits:
    """Fits on `total` pairs without a filter, one for each generator."""
    geometry = without_teacher(setting)
    counts, head = all_pairs(setting, total, rngs)
    return _fit(geometry, cross_covariance(geometry, counts, head, rngs), setting.r)


def all_pairs(
    setting: Setting, total: int, rngs: Sequence[np.random.Generator]
) -> tuple[NDArray[np.int64], Array]:
    """Pairs by class (B, 2) and the heads (B, 2, 1, 1) that stand for them when none was scored."""
    clean = np.array([rng.binomial(total, setting.eta) for rng in rngs], dtype=np.int64)
    counts = np.stack((total - clean, clean), axis=1)
    return counts, np.sqrt(counts.astype(float))[:, :, None, None]


def kept_share(procedure: Procedure, total: int) -> int | None:
    """How many of `total` scored pairs a share keeps; None where a threshold decides."""
    return None if procedure.retain is None else round(procedure.retain * total)


def keeps_all(procedure: Procedure, total: int) -> bool:
    """Whether a filter of `total` pairs drops none, so that nothing has to be scored."""
    return kept_share(procedure, total) == total or procedure.theta == -np.inf


def parts_of(setting: Setting, procedure: Procedure) -> int:
    """Parts of a draw that may be drawn at once, over all its rounds; 1 for a draw that is not long."""
    scored = procedure.sizes(setting.n)[1]
    if not scored or keeps_all(procedure, scored):
        return 1
    each = parts.parts_of(scored, setting.r)
    return 1 if each == 1 else procedure.rounds * each


@dataclass(frozen=True)
class Kept:
    """The pairs that students learn from: what the filter saw of them, and where the rest comes from.

    `counts` (B, 2) are by class (corrupted, clean), `head` (B, 2, 1 + 2k, 1 + 2k) as `heads` says; the
    `rngs` are those of the B replicates.
    """

    geometry: Geometry
    counts: NDArray[np.int64]
    head: Array
    rngs: list[np.random.Generator]

    @property
    def sizes(self) -> list[int]:
        """How many pairs each replicate kept."""
        return [int(size) for size in self.counts.sum(axis=1)]

    def only(self, places: list[int]) -> Kept:
        """Some of the replicates."""
        if len(places) == len(self.rngs):
            return self
        index = np.array(places, dtype=np.int64)
        rngs = [self.rngs[place] for place in places]
        return Kept(self.geometry.only(index), self.counts[index], self.head[index], rngs)

    def covariances(self) -> Array:
        """Eq. 5 for each replicate, which must have kept two pairs, in the geometry's coordinates."""
        return cross_covariance(self.geometry, self.counts, self.head, self.rngs)


def select(
    setting: Setting,
    procedure: Procedure,
    total: int,
    teacher: Teacher,
    scale: float,
    rngs: list[np.random.Generator],
    run: parts.PartRunner = map,
) -> Kept:
    """Score `total` fresh pairs with the teacher and keep some, for each replicate.

    More pairs than are in one part are drawn part by part, by `run`.
    """
    keep = kept_share(procedure, total)
    if keeps_all(procedure, total):
        return Kept(without_teacher(setting), *all_pairs(setting, total, rngs), rngs)
    geometry = Geometry.relative_to(teacher, setting)
    moments = []
    threshold = None if procedure.theta is None else procedure.theta * scale
    for i, rng in enumerate(rngs):
        scores = geometry.scores(i)
        if total > parts.pairs_in_part(geometry.rank):
            moments.append(parts.select(scores, setting.eta, total, threshold, keep, rng, run))
            continue
        clean = int(rng.binomial(total, setting.eta))
        counts = total - clean, clean
        if keep is not None:
            moments.append(select_top(scores, counts, keep, rng))
        else:
            assert threshold is not None
            moments.append(select_above(scores, counts, threshold, rng))
    kept = np.array([[part.count for part in pair] for pair in moments], dtype=np.int64)
    return Kept(geometry, kept, heads(moments), rngs)


Selector = Callable[[Setting, Procedure, int, Teacher, float, list[np.random.Generator]], Kept]
"""`select`, or another way to find what it returns."""


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
    selector: Selector = select,
) -> list[Draw | TooFewPairs]:
    """`draw` for each generator: the same bits, whatever the batch; a TooFewPairs is returned.

    Everything but the selection is vectorised over the replicates.  `selector` is who selects.
    """
    turned, swapped = smaller_modality_second(setting)
    draws: list[Draw | TooFewPairs] = []
    for batch in _batches(list(rngs), turned):
        if procedure.estimator == "pca":
            draws += [alone.draw(setting, rng) for rng in batch]
        elif procedure.estimator == "unfiltered":
            draws += _train(turned, setting.n, batch).draws(swapped)
        else:
            draws += _filtered(turned, swapped, procedure, batch, scales, selector)
    return draws


def _filtered(
    turned: Setting,
    swapped: bool,
    procedure: Procedure,
    rngs: list[np.random.Generator],
    scales: tuple[float, ...],
    selector: Selector,
) -> list[Draw | TooFewPairs]:
    """Filter and train, each round with the fit of the one before as the teacher."""
    teacher_n, student_n = procedure.sizes(turned.n)
    keep = kept_share(procedure, student_n)
    if keep is not None and keep < 2:
        return [TooFewPairs(keep, student_n) for _ in rngs]
    # A stream for each round, asked for before the teachers draw from the replicate's own.
    streams = [[seeds.stage(rng, k) for k in range(procedure.rounds)] for rng in rngs]
    groups, scales = _first_teachers(turned, teacher_n, procedure, rngs, scales)
    outcomes: dict[int, Draw | TooFewPairs] = {}
    for k in range(procedure.rounds):
        # Replicates whose teachers differ in rank differ in shape, and are completed apart.
        following: list[tuple[list[int], Teacher]] = []
        for scored, teacher in groups:
            kept = selector(turned, procedure, student_n, teacher, scales[k], [streams[i][k] for i in scored])
            kept, members, lost = _with_enough(kept, scored, student_n)
            outcomes |= lost
            if not members:
                continue
            fits = _fit(kept.geometry, kept.covariances(), turned.r)
            if k + 1 < procedure.rounds:
                following += [([members[place] for place in places], t) for places, t in fits.teachers()]
            else:
                outcomes |= zip(members, fits.draws(swapped, kept.sizes, student_n), strict=True)
        groups = following
    return [outcomes[i] for i in range(len(rngs))]


def _first_teachers(
    turned: Setting,
    teacher_n: int,
    procedure: Procedure,
    rngs: list[np.random.Generator],
    scales: tuple[float, ...],
) -> tuple[list[tuple[list[int], Teacher]], tuple[float, ...]]:
    """Who scores in the first round, by members, and the scale of every round's threshold."""
    if procedure.estimator == "oracle-filtered":
        return [(list(range(len(rngs))), oracle(turned.r))], (1.0,)
    return _train(turned, teacher_n, rngs).teachers(), scales or (turned.eta,) * procedure.rounds


def _with_enough(
    kept: Kept, members: list[int], scored: int
) -> tuple[Kept, list[int], dict[int, TooFewPairs]]:
    """The part of the replicates that kept two pairs or more, its members, and the outcome of the others."""
    sizes = dict(enumerate(kept.sizes))
    enough = [place for place, size in sizes.items() if size >= 2]
    lost = {members[place]: TooFewPairs(size, scored) for place, size in sizes.items() if size < 2}
    return kept.only(enough), [members[place] for place in enough], lost


def _batches(rngs: list[np.random.Generator], setting: Setting) -> Iterator[list[np.random.Generator]]:
    rows = 2 * (1 + 2 * setting.r + setting.d_tilde)
    numbers = rows * (setting.d_tilde + min(setting.d, rows + setting.r))
    size = max(1, BATCH_NUMBERS // numbers)
    for start in range(0, len(rngs), size):
        yield rngs[start : start + size]
