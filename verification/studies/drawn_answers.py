"""What `fit` answers, against what is then drawn: forecasts in the model, decisions off it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from verification.engines import estimate
from verification.engines.estimate import Array
from verification.errors import InvalidArgument
from verification.fitting import alternatives
from verification.fitting.fit import fit
from verification.setting import Setting
from verification.studies import figure_3b, pairs
from verification.studies.fit_coverage import mistaken, random_setting
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


def drawn_errors(make: pairs.Maker, setting: Setting, keep: float, rng: np.random.Generator) -> Array:
    """(DRAWS, 2) errors: of all pairs, and of the share `keep` of halves that filter each other."""
    shared = np.eye(setting.d, setting.r) @ np.eye(setting.r, setting.d_tilde)
    truth = estimate.fit(shared, setting.r)
    errors = []
    for _ in range(DRAWS):
        x, y = make(setting, rng)
        filtered = figure_3b.crossed(setting.r, truth, x, y, [keep])[0]
        errors.append((figure_3b.error(estimate.cross_covariance(x, y), truth), filtered))
    return np.array(errors)


def one_forecast(seed: int, index: int, most_pairs: float) -> dict[str, Any]:
    """The error after filtering that `fit` forecasts on a random isotropic set, and its mean in other draws.

    "forecast" is None where none is made or the first-order law is out of range; "error" is the standard
    error of what was drawn.
    """
    rng = np.random.default_rng([seed, index])
    setting = random_setting(rng, most_pairs)
    row: dict[str, Any] = {"seed": seed, "index": index, "forecast": None, "drawn": None, "error": None}
    make = pairs.maker()
    with one_thread():
        try:
            found = fit(*make(setting, rng), seed=index)
        except InvalidArgument:
            return row
        forecast = next(a.mean for a in found.alternatives if a.estimator == alternatives.CROSSED)
        trusted = alternatives.forecast(setting, found.keep).trusted
        if not (found.by_the_model and forecast and trusted and found.r.value == setting.r):
            return row
        drawn = drawn_errors(make, setting, found.keep, rng)[:, 1]
    mean, error = float(drawn.mean()), float(drawn.std(ddof=1) / math.sqrt(DRAWS))
    return {**row, "forecast": forecast, "drawn": mean, "error": error}


def one_uneven(seed: int, index: int) -> dict[str, Any]:
    """The decision on set `index` and the gain of what it speaks of, in the mean of DRAWS other draws.

    "told" is whether the text says that the noise is uneven, "right" whether the decision is no mistake.
    """
    kind = list(KINDS)[index % len(KINDS)]
    rng = np.random.default_rng([seed, index])
    setting = uneven_setting(rng)
    with one_thread():
        found = fit(*KINDS[kind](setting, rng), seed=index)
        unfiltered, filtered = drawn_errors(KINDS[kind], setting, found.keep, rng).mean(axis=0)
    gain = float(unfiltered / filtered)
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
