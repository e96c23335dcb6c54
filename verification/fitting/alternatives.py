"""What else could be done with the same pairs, by the model, each against the information limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bounds.law.scales import error_law
from verification.engines import seeds
from verification.prediction.advice import advise, best_threshold
from verification.prediction.law import Prediction, predict
from verification.setting import Setting

DRAWS = 20_000
"""Draws of latent pairs behind the information limit: its relative error is below 1%."""


@dataclass(frozen=True)
class Alternative:
    """An estimator, its mean error, and the share of the information that it uses.

    `efficiency` is the squared ratio of the limit's mean error to `mean`; both are None where nothing
    supports a number.
    """

    estimator: str
    mean: float | None
    efficiency: float | None

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        return dict(vars(self))


def pca_scales(setting: Setting) -> tuple[float, float]:
    """(V_L, V_R) of the r leading principal directions of each modality by itself: no pairing is used."""
    a, a_tilde = 1 + 1 / setting.gamma, 1 + 1 / setting.gamma_tilde
    return a / (setting.gamma * setting.n), a_tilde / (setting.gamma_tilde * setting.n)


def limit_scales(setting: Setting, seed: int = 0) -> tuple[float, float]:
    """(V_L, V_R) below which no regular estimator comes: 1 / (n gamma E[zhat^2]) and its mirror image.

    zhat = E[z | u, v] under the mixture, z the coordinate's own latent; the expectation over (u, v) is
    drawn.
    """
    z_left, z_right = information(setting.r, setting.eta, setting.gamma, setting.gamma_tilde, seed)
    return 1 / (setting.n * setting.gamma * z_left), 1 / (setting.n * setting.gamma_tilde * z_right)


def information(r: int, eta: float, gamma: float, gamma_tilde: float, seed: int = 0) -> tuple[float, float]:
    """E[zhat^2] of the left and of the right latent, each in [1/a, (g + g~)/(1 + g + g~)]."""
    rng = seeds.generator(seed, "fit: information limit")
    a, b = 1 + 1 / gamma, 1 + 1 / gamma_tilde
    shared, other, e, f = rng.standard_normal((4, DRAWS, r))
    clean = rng.random(DRAWS) < eta
    u = shared + e / math.sqrt(gamma)
    v = np.where(clean[:, None], shared, other) + f / math.sqrt(gamma_tilde)
    det = a * b - 1
    # log density of (u, v), clean less corrupted
    log = -0.5 * r * math.log(det / (a * b)) - 0.5 * np.sum(
        (b * u**2 - 2 * u * v + a * v**2) / det - u**2 / a - v**2 / b, axis=1
    )
    if eta < 1:
        log_odds = np.clip(log + math.log(eta) - math.log1p(-eta), -700, 700)
        posterior = 1 / (1 + np.exp(-log_odds))
    else:
        posterior = np.ones(DRAWS)
    joint = ((b - 1) * u + (a - 1) * v) / det  # E[z | u, v] of a clean pair
    posterior = posterior[:, None]
    left = np.mean((posterior * joint + (1 - posterior) * u / a) ** 2)
    right = np.mean((posterior * joint + (1 - posterior) * v / b) ** 2)
    return float(left), float(right)


def forecast(setting: Setting, keep: float) -> Prediction:
    """The law of every estimator with the share `keep` of the scored pairs kept."""
    return predict(setting, retain=keep)


def model_share(setting: Setting) -> float:
    """The share to keep that the model's law calls best; 1 keeps every pair."""
    return best_threshold(setting).retained


def by_law(setting: Setting, prediction: Prediction, seed: int) -> tuple[Alternative, ...]:
    """All pairs, PCA, one round, several rounds and the limit, where the model holds."""
    dims = setting.d, setting.d_tilde, setting.r
    limit = error_law(limit_scales(setting, seed), *dims).mean
    most = math.sqrt(setting.r)
    rounds = advise(setting)
    several = min((plan for plan in rounds.even if plan.rounds > 1), key=lambda p: p.mean, default=None)
    means = [
        ("unfiltered", prediction.unfiltered.mean),
        ("pca", error_law(pca_scales(setting), *dims).mean),
        ("teacher-filtered", prediction.law("teacher-filtered").mean),
    ]
    if several is not None:
        means.append((f"teacher-filtered, {several.rounds} rounds", several.mean))
    means.append(("limit", limit))
    return tuple(
        Alternative(name, mean, min(1.0, (limit / mean) ** 2) if mean > 0 else None)
        if mean <= most
        else Alternative(name, None, None)
        for name, mean in means
    )


def measured(unfiltered: float, filtered: float, pca: float) -> tuple[Alternative, ...]:
    """Mean errors as the rows show them, where the model's law does not hold; no limit is known there."""
    found = (("unfiltered", unfiltered), ("pca", pca), ("teacher-filtered", filtered))
    return tuple(Alternative(name, math.sqrt(max(square, 0.0)), None) for name, square in found)
