"""What stands beside the filter: PCA of each modality alone, the best weights, the information limit."""

from __future__ import annotations

import math

import numpy as np

from bounds.law import weights as weighted_law
from bounds.law.weights import Weighted
from verification.engines import seeds
from verification.errors import InvalidArgument
from verification.prediction.law import LARGEST_SCALE, score_of
from verification.setting import Procedure, Setting

DRAWS = 20_000
"""Draws of latent pairs behind the information limit: its relative error is below 1%."""

LEAST_GAMMA = 1e-70
"""Below this gamma a pair's information is what one modality alone has, to all digits."""

LARGEST_NOISE, LARGEST_SQUARE = 0.2, 0.5
"""PCA's first-order law counts as trusted up to these values of c/gamma and of its squared tangent."""


def pca_scales(setting: Setting) -> tuple[float, float]:
    """(V_L, V_R) of the r leading principal directions of each modality by itself: no pairing is used."""
    sides = setting.gamma, setting.gamma_tilde
    left, right = (_at_most((1 + 1 / gamma) / gamma / setting.n) for gamma in sides)
    return left, right


def pca_trusted(setting: Setting) -> bool:
    """Whether PCA's first-order law is within about 10%.

    With c = (d - r)/n the squared sine tends to t/(1 + c/gamma), t = c (1 + 1/gamma)/gamma, as d and n grow
    (Paul 2007); t is first order's squared tangent.
    """
    return all(
        share / gamma <= LARGEST_NOISE and share * (1 + 1 / gamma) / gamma <= LARGEST_SQUARE
        for share, gamma in (
            ((setting.d - setting.r) / setting.n, setting.gamma),
            ((setting.d_tilde - setting.r) / setting.n, setting.gamma_tilde),
        )
    )


def _at_most(scale: float) -> float:
    return float(min(scale, LARGEST_SCALE))


def _inverse(precision: float) -> float:
    """The scale of a precision; the largest one for a precision that is 0 among the doubles."""
    return _at_most(1 / precision) if precision else LARGEST_SCALE


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


def limit_scales(setting: Setting, seed: int = 0) -> tuple[float, float]:
    """(V_L, V_R) below which no regular estimator comes: 1 / (n gamma E[zhat^2]) and its mirror image.

    zhat = E[z | u, v] under the mixture, z the coordinate's own latent; the expectation over (u, v) is
    drawn.
    """
    z_left, z_right = information(setting.r, setting.eta, setting.gamma, setting.gamma_tilde, seed)
    return (
        _inverse(setting.gamma * z_left * setting.n),
        _inverse(setting.gamma_tilde * z_right * setting.n),
    )


def information(r: int, eta: float, gamma: float, gamma_tilde: float, seed: int = 0) -> tuple[float, float]:
    """E[zhat^2] of the left and of the right latent, each in [1/a, (g + g~)/(1 + g + g~)].

    zhat is a projection, u/a + P(clean | u, v) (v - u/a)/k with k = gamma (a a~ - 1), so E[zhat^2] =
    1/a + E[P(clean | u, v)^2 |v - u/a|^2] / (r k^2), which needs |u|, the part of v along u and the length of
    its rest: three numbers whatever r.
    """
    alone = tuple(1 / (1 + 1 / g) for g in (gamma, gamma_tilde))
    most = 1 / (1 + 1 / (gamma + gamma_tilde))
    gamma, gamma_tilde = max(gamma, LEAST_GAMMA), max(gamma_tilde, LEAST_GAMMA)
    a, b, det = 1 + 1 / gamma, 1 + 1 / gamma_tilde, weighted_law.noise(gamma, gamma_tilde)
    if det == 0:
        return 1.0, 1.0
    rng = seeds.generator(seed, "information limit")
    u = np.sqrt(2 * a * rng.standard_gamma(r / 2, DRAWS))
    along, rest = rng.standard_normal(DRAWS), np.sqrt(2 * rng.standard_gamma((r - 1) / 2, DRAWS))
    gains = np.zeros(2)
    for clean, weight in ((1.0, eta), (0.0, 1 - eta)):
        spread = math.sqrt(det / a if clean else b)
        v, off = clean * u / a + spread * along, spread * rest
        # v - u/a and u - v/b, squared; of clean pairs each as it is built, with nothing subtracted
        left = (spread * along + (clean - 1) * u / a) ** 2 + off**2
        right = (u * (det / (a * b) if clean else 1.0) - spread * along / b) ** 2 + (off / b) ** 2
        # log density of (u, v), clean less corrupted; with next to no noise a corrupted pair's is -inf
        with np.errstate(over="ignore"):
            log = -0.5 * r * math.log(det / (a * b)) - 0.5 * (a / det * left - (v**2 + off**2) / b)
        log_odds = log + math.log(eta) - math.log1p(-eta) if eta < 1 else np.full(DRAWS, math.inf)
        posterior = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
        gains += weight * np.array([np.mean(posterior**2 * square) for square in (left, right)])
    k = 1 + (1 + gamma) / gamma_tilde, 1 + (1 + gamma_tilde) / gamma
    # What is known exactly at both ends bounds the drawn values.
    left_, right_ = (
        min(low + float(gain) / r / slope**2, most) for low, gain, slope in zip(alone, gains, k, strict=True)
    )
    return left_, right_
