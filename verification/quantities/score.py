"""Random quantities of the filter: scores, kept pairs' cross-covariance, and the other oracle's error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bounds.law.score import Score
from verification.engines import exact, limit, seeds
from verification.engines.estimate import Array
from verification.engines.short_sample import Normals, Teacher, oracle
from verification.errors import TooFewPairs
from verification.quantities.batched import Batched
from verification.quantities.concentration import spectral_norms
from verification.setting import Procedure, Setting


def oracle_score(setting: Setting, rngs: Sequence[np.random.Generator]) -> Array:
    """S = <U^T x, U~^T x~> of one pair (Eq. 8), from its r coordinates U^T x = z + U^T xi."""
    clean = np.array([rng.random() for rng in rngs]) < setting.eta
    z, z_tilde, xi, xi_tilde = Normals(rngs).standard(4, setting.r).swapaxes(0, 1)
    z_tilde[clean] = z[clean]
    p, q = z + xi / np.sqrt(setting.gamma), z_tilde + xi_tilde / np.sqrt(setting.gamma_tilde)
    return np.asarray(np.vecdot(p, q))


def kept_covariance_deviation(setting: Setting, rngs: Sequence[np.random.Generator], theta: float) -> Array:
    """||S_n(theta) - S(theta)||_2 of Eq. 11: n pairs, those with an oracle score above theta kept.

    S(theta) = c(theta) U U~^T with the corrected multiple of Eq. 10.  Raises TooFewPairs.
    """
    procedure = Procedure("oracle-filtered", theta=theta)
    kept = exact.select(setting, procedure, setting.n, oracle(setting.r), 1.0, list(rngs))
    if min(kept.sizes) < 2:
        raise TooFewPairs(min(kept.sizes), setting.n)
    # The oracle's coordinates are the truth's: U and U~ come first.
    deviation = kept.covariances()
    multiple = float(Score(setting.r, setting.eta, setting.gamma, setting.gamma_tilde).multiple(theta))
    deviation[:, : setting.r, : setting.r] -= multiple * np.eye(setting.r)
    return spectral_norms(deviation)


FURTHER = 10_000
"""How many times as many pairs stand for all: the reference is known to a hundredth of the deviation."""


def student_covariance_deviation(
    setting: Setting, rngs: Sequence[np.random.Generator], theta: float
) -> Array:
    """||S_N(theta) - S_T(theta)||_2 of Step 4.1: Algorithm 1's kept pairs against all that its teacher keeps.

    The teacher learns from n//2 pairs; S_T is the cross-covariance of `FURTHER` times as many pairs, by the
    engine whose cost is free of their number.  Raises TooFewPairs.
    """
    found: list[Array] = []

    def measured(
        turned: Setting,
        procedure: Procedure,
        total: int,
        teacher: Teacher,
        scale: float,
        own: list[np.random.Generator],
    ) -> exact.Kept:
        apart = [seeds.stage(rng, 1) for rng in own]
        kept = exact.select(turned, procedure, total, teacher, scale, own)
        if min(kept.sizes) < 2 or teacher.weights.shape[-1] < turned.r:
            raise TooFewPairs(min(kept.sizes), total)
        all_kept = limit.select(turned, procedure, FURTHER * total, teacher, scale, apart)
        found.append(spectral_norms(kept.covariances() - all_kept.covariances()))
        return kept

    exact.draw_many(
        setting, Procedure("teacher-filtered", theta=theta), rngs, (setting.eta,), selector=measured
    )
    return np.concatenate(found)


def clean_pairs_error(setting: Setting, rngs: Sequence[np.random.Generator]) -> Array:
    """ERR of the fit on the clean ones of n pairs (Remark 6.1): the oracle that knows the coins.

    Raises TooFewPairs.
    """
    setting, _ = exact.smaller_modality_second(setting)
    clean = np.array([rng.binomial(setting.n, setting.eta) for rng in rngs])
    if min(clean) < 2:
        raise TooFewPairs(int(min(clean)), setting.n)
    counts = np.stack((np.zeros_like(clean), clean), axis=1)
    head = np.sqrt(counts.astype(float))[:, :, None, None]
    covariances = exact.Kept(exact.without_teacher(setting), counts, head, list(rngs)).covariances()
    left, _, right_t = np.linalg.svd(covariances, full_matrices=False)
    # The truth is the first r coordinates: what lies outside is the sine of the angles.
    size = setting.r
    sides = (np.linalg.norm(basis[:, size:, :size], axis=(1, 2)) for basis in (left, right_t.mT))
    return np.asarray(np.maximum(*sides))


RUNS = 12
"""Runs of an experiment whose standard deviation is taken."""


def error_deviation(setting: Setting, rngs: Sequence[np.random.Generator], retain: float) -> Array:
    """The standard deviation of Algorithm 1's error over `RUNS` runs, the share `retain` of pairs kept.

    The runs' streams lie further apart than the stages of one.
    """
    procedure = Procedure("teacher-filtered", retain=retain)
    streams = [seeds.stage(rng, 1000 * run) for rng in rngs for run in range(RUNS)]
    errors = []
    for draw in exact.draw_many(setting, procedure, streams):
        if isinstance(draw, TooFewPairs):
            raise draw
        errors.append(draw.error)
    return np.asarray(np.reshape(errors, (len(rngs), RUNS)).std(axis=1, ddof=1))


QUANTITIES = {
    "kept-covariance-deviation": Batched(kept_covariance_deviation, takes=("theta",)),
    "student-covariance-deviation": Batched(student_covariance_deviation, takes=("theta",)),
    "oracle-score": Batched(oracle_score),
    "clean-pairs-error": Batched(clean_pairs_error),
    "error-deviation": Batched(error_deviation, takes=("retain",)),
}
