"""What `fit` answers where the noise is not alike in all directions, against the gain that is then drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from verification.engines import estimate
from verification.engines.estimate import Array
from verification.fitting.fit import fit
from verification.setting import Setting
from verification.studies import figure_3b, pairs
from verification.studies.fit_coverage import mistaken
from verification.workers.threads import one_thread


def two_levels(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Gaussian of mean variance 1, the last half of the coordinates ten times as noisy as the others."""
    variances = np.where(np.arange(size[1]) < size[1] // 2, 1.0, 10.0)
    return np.asarray(rng.standard_normal(size) * np.sqrt(variances / variances.mean()))


KINDS = {
    "spike": pairs.maker(pairs.spiked_noise),
    "two levels": pairs.maker(two_levels),
    "ramp": pairs.maker(pairs.spread_noise(16)),
    "steep ramp": pairs.maker(pairs.spread_noise(100)),
}

DRAWS = 24
"""Draws of a set behind the gain that the answer is held against."""


def uneven_setting(rng: np.random.Generator) -> Setting:
    """As many pairs as a decision needs, at clean shares and noise where it falls either way."""
    n, r = int(rng.integers(20_000, 40_000)), int(rng.integers(1, 5))
    d, d_tilde = (int(rng.integers(40, 80)) for _ in range(2))
    eta = math.exp(rng.uniform(math.log(0.1), 0.0))
    gamma, gamma_tilde = np.exp(rng.uniform(math.log(0.5), math.log(20), 2))
    return Setting(n, d, d_tilde, r, eta, float(gamma), float(gamma_tilde))


def one_uneven(seed: int, index: int) -> dict[str, Any]:
    """The decision on set `index` and the gain of what it speaks of, in the mean of DRAWS other draws.

    "told" is whether the text says that the noise is uneven, "right" whether the decision is no mistake.
    """
    kind = list(KINDS)[index % len(KINDS)]
    rng = np.random.default_rng([seed, index])
    setting = uneven_setting(rng)
    shared = np.eye(setting.d, setting.r) @ np.eye(setting.r, setting.d_tilde)
    truth = estimate.fit(shared, setting.r)
    with one_thread():
        found = fit(*KINDS[kind](setting, rng), seed=index)
        unfiltered = filtered = 0.0
        for _ in range(DRAWS):
            x, y = KINDS[kind](setting, rng)
            unfiltered += figure_3b.error(estimate.cross_covariance(x, y), truth)
            filtered += figure_3b.crossed(setting.r, truth, x, y, [found.keep])[0]
    gain = unfiltered / filtered
    return {
        "seed": seed,
        "index": index,
        "kind": kind,
        "decision": found.decision,
        "gain": gain,
        "measured": [found.gain_free.value, found.gain_free.low, found.gain_free.high],
        "told": any("not alike" in sentence for sentence in found.sentences()),
        "right": not mistaken(found.decision, gain),
    }
