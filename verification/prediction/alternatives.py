"""What stands beside the filter: PCA of each modality alone, the best weights, the information limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bounds.law import weights as weighted_law
from bounds.law.error import ErrorLaw
from bounds.law.scales import error_law
from bounds.law.weights import Weighted
from verification.engines import seeds
from verification.errors import InvalidArgument
from verification.prediction.law import score_of
from verification.setting import Procedure, Setting

DRAWS = 20_000
"""Draws of latent pairs behind the information limit: its relative error is below 1%."""


def pca_scales(setting: Setting) -> tuple[float, float]:
    """(V_L, V_R) of the r leading principal directions of each modality by itself: no pairing is used."""
    a, a_tilde = 1 + 1 / setting.gamma, 1 + 1 / setting.gamma_tilde
    return a / (setting.gamma * setting.n), a_tilde / (setting.gamma_tilde * setting.n)


def weighable(setting: Setting) -> bool:
    """Whether the score's law has the density that the best weights are made of."""
    return weighted_law.noise(setting.gamma, setting.gamma_tilde) > weighted_law.LEAST_NOISE


def weights(setting: Setting, procedure: Procedure | None = None) -> Weighted:
    """The best weights of the student's pairs and their law; sizes default to Algorithm 1's halves.

    Raises InvalidArgument where neither modality has noise to speak of.
    """
    if not weighable(setting):
        most = 1 / weighted_law.LEAST_NOISE
        raise InvalidArgument(
            "gamma", setting.gamma, f"must be below {most:g} on one side for the best weights"
        )
    teacher_n, scored = (procedure or Procedure("weighted")).sizes(setting.n)
    return weighted_law.best(score_of(setting), scored, teacher_n, setting.d, setting.d_tilde)


@dataclass(frozen=True)
class Beside:
    """What stands beside the filter in a setting: laws of PCA and the best weights, the limit's scales.

    `weighted` is None where neither modality has noise, `limit` is (V_L, V_R).
    """

    pca: ErrorLaw
    weighted: ErrorLaw | None
    limit: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON parts."""
        return {
            "pca": self.pca.as_dict(),
            "weighted": None if self.weighted is None else self.weighted.as_dict(),
            "limit": {"left_scale": self.limit[0], "right_scale": self.limit[1]},
        }


def beside(setting: Setting, procedure: Procedure | None = None) -> Beside:
    """The alternatives to filtering in a setting; `procedure` gives the weighted estimator its sizes."""
    dims = setting.d, setting.d_tilde, setting.r
    return Beside(
        error_law(pca_scales(setting), *dims),
        error_law(weights(setting, procedure).scales, *dims) if weighable(setting) else None,
        limit_scales(setting),
    )


def limit_scales(setting: Setting, seed: int = 0) -> tuple[float, float]:
    """(V_L, V_R) below which no regular estimator comes: 1 / (n gamma E[zhat^2]) and its mirror image.

    zhat = E[z | u, v] under the mixture, z the coordinate's own latent; the expectation over (u, v) is
    drawn.
    """
    z_left, z_right = information(setting.r, setting.eta, setting.gamma, setting.gamma_tilde, seed)
    return 1 / (setting.n * setting.gamma * z_left), 1 / (setting.n * setting.gamma_tilde * z_right)


def information(r: int, eta: float, gamma: float, gamma_tilde: float, seed: int = 0) -> tuple[float, float]:
    """E[zhat^2] of the left and of the right latent, each in [1/a, (g + g~)/(1 + g + g~)]."""
    rng = seeds.generator(seed, "information limit")
    a, b = 1 + 1 / gamma, 1 + 1 / gamma_tilde
    shared, other, e, f = rng.standard_normal((4, DRAWS, r))
    clean = rng.random(DRAWS) < eta
    u = shared + e / math.sqrt(gamma)
    v = np.where(clean[:, None], shared, other) + f / math.sqrt(gamma_tilde)
    det = weighted_law.noise(gamma, gamma_tilde)
    if det == 0:
        return 1.0, 1.0
    # log density of (u, v), clean less corrupted
    log = -0.5 * r * math.log(det / (a * b)) - 0.5 * np.sum(
        ((u - v) ** 2 + u**2 / gamma_tilde + v**2 / gamma) / det - u**2 / a - v**2 / b, axis=1
    )
    if eta < 1:
        log_odds = np.clip(log + math.log(eta) - math.log1p(-eta), -700, 700)
        posterior = 1 / (1 + np.exp(-log_odds))
    else:
        posterior = np.ones(DRAWS)
    joint = (u / gamma_tilde + v / gamma) / det  # E[z | u, v] of a clean pair
    posterior = posterior[:, None]
    left = np.mean((posterior * joint + (1 - posterior) * u / a) ** 2)
    right = np.mean((posterior * joint + (1 - posterior) * v / b) ** 2)
    # What is known exactly at both ends bounds the drawn values.
    most = 1 / (1 + 1 / (gamma + gamma_tilde))
    return float(np.clip(left, 1 / a, most)), float(np.clip(right, 1 / b, most))
