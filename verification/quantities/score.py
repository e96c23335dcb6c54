"""Random quantities of the filter: the oracle's score, and the kept pairs' cross-covariance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bounds.law.score import Score
from verification.engines import exact
from verification.engines.estimate import Array
from verification.engines.short_sample import Normals, oracle
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


QUANTITIES = {
    "kept-covariance-deviation": Batched(kept_covariance_deviation, takes=("theta",)),
    "oracle-score": Batched(oracle_score),
}
