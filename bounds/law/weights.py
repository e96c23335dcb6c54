r"""The best weights of the oracle's score, and the law of the error with pairs weighted instead of filtered.

With pairs weighted by w(S) in place of 1{S > theta}, N scored pairs and a teacher of n_T pairs,

    V_L = (1/gamma) [ r E[w^2 q] / (N E[w S]^2) + lambda_w^2 a~ / (n_T eta^2) ],
    lambda_w = (1/gamma) E[w'(S) q(S)] / E[w S],        q(s) = E[|v|^2 | S = s],

and V_R likewise with |u|^2, gamma~ and a.  (u / sqrt a, v / sqrt a~) is exchangeable in each class, so both q
are one function but for the factor a / a~.  With h = q p the minimisers are w_k = s/q - k h'/h, and with

    F = E[S^2/q],   H = E[S h'/h],   J = E[(h'/h)^2 q]:
    E[w^2 q] = F - 2kH + k^2 J,   E[w S] = F - kH,   E[w' q] = kJ - H,

so V_L is least at k = beta H / (alpha + beta J), alpha = r/N, beta = a~ / (gamma^2 n_T eta^2).
Per class h_c = r a~ p_{r+2} and h_c' = r a~ (k_c p_{r+2} - s p_r / r) / (a a~ - k_c^2), k_c the class's
covariance, 1 or 0: both from the identities of `bounds.law.score`.  Proofs: proofs_notes/fitting.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bounds.law import score as law
from bounds.law.scales import error_law
from bounds.law.score import Score

Array = NDArray[np.float64]

STEP = 0.12
"""Step of log |s| in the integrals' nodes, divided by the root of r."""

LEAST_NOISE = 1e-12
"""Below this a a~ - 1 a clean score is |z|^2 to all digits, and a double cannot part its law from that."""

NEGLIGIBLE = 1e-200
"""Nodes where the score's density is below this share of its largest are left out."""


@dataclass(frozen=True)
class BestWeights:
    """What the best weights are made of, at nodes s (m,): f = s/q, g = h'/h, and F, H, J above.

    q is the right one, E[|v|^2 | S = s].
    """

    s: Array
    f: Array
    g: Array
    big_f: float
    big_h: float
    big_j: float

    def weights(self, k: float) -> Array:
        """w_k at the nodes, (m,), scaled to have E[w S] = 1."""
        return np.asarray((self.f - k * self.g) / (self.big_f - k * self.big_h))


def noise(gamma: float, gamma_tilde: float) -> float:
    """a a~ - 1, with nothing subtracted."""
    return 1 / gamma + 1 / gamma_tilde + 1 / gamma / gamma_tilde


@lru_cache(maxsize=64)
def profile(score: Score) -> BestWeights:
    """The score's profile.  Raises ValueError where neither modality has noise: the law is degenerate."""
    a, b, apart = 1 + 1 / score.gamma, 1 + 1 / score.gamma_tilde, noise(score.gamma, score.gamma_tilde)
    if not apart > LEAST_NOISE:
        raise ValueError(f"gamma and gamma_tilde must not both be above {1 / LEAST_NOISE:g}")
    reach = 750 * (math.sqrt(a * b) + 1) + 4 * score.r
    step = STEP / math.sqrt(score.r)
    t = np.arange(math.log(1e-10 * math.sqrt(a * b)), math.log(reach), step)
    half = np.exp(t)
    s = np.concatenate([-half[::-1], half])
    width = step * np.abs(s)
    p, h, slope = np.zeros_like(s), np.zeros_like(s), np.zeros_like(s)
    for clean, share in ((True, score.eta), (False, 1 - score.eta)):
        if not share:
            continue
        k = float(clean)
        place = score.r, score.gamma, score.gamma_tilde, clean
        own = np.exp(law.log_density(s, *place))
        lifted = np.asarray(law.squared_norm_density(s, *place))
        p += share * own
        h += share * lifted
        slope += share * (k * lifted - b * s * own) / (apart if clean else a * b)
    kept = p > NEGLIGIBLE * p.max()
    s, width, p, h, slope = (part[kept] for part in (s, width, p, h, slope))
    f, g = s * p / h, slope / h
    return BestWeights(
        s,
        f,
        g,
        float(np.sum(width * s * f * p)),
        float(np.sum(width * s * g * p)),
        float(np.sum(width * g * g * h)),
    )


@dataclass(frozen=True)
class Weighted:
    """The best weights of a setting's score and the law that they give.

    `k` is the parameter of w_k, `scales` (V_L, V_R), `leaks` (left, right).
    """

    profile: BestWeights
    k: float
    scales: tuple[float, float]
    leaks: tuple[float, float]

    @property
    def table(self) -> tuple[Array, Array]:
        """Scores on the oracle's scale and the weight at each, scaled to E[w S] = 1."""
        return self.profile.s, self.profile.weights(self.k)

    def at(self, scores: ArrayLike) -> Array:
        """w at scores on the oracle's scale, any shape: linear between the nodes, constant beyond."""
        return np.asarray(np.interp(np.asarray(scores, dtype=float), *self.table))


def scales_at(score: Score, k: float, scored: float, teacher_n: float) -> tuple[float, float]:
    """(V_L, V_R) with the weights w_k."""
    a, b = 1 + 1 / score.gamma, 1 + 1 / score.gamma_tilde
    own = profile(score)
    reached = own.big_f - k * own.big_h
    spread = score.r * (own.big_f - 2 * k * own.big_h + k * k * own.big_j) / (scored * reached**2)
    left, right = leaks_at(score, k)
    return (
        (spread + left**2 * b / (teacher_n * score.eta**2)) / score.gamma,
        (spread * a / b + right**2 * a / (teacher_n * score.eta**2)) / score.gamma_tilde,
    )


def leaks_at(score: Score, k: float) -> tuple[float, float]:
    """(lambda_L, lambda_R): the share of the teacher's error that the student takes over with w_k."""
    a, b = 1 + 1 / score.gamma, 1 + 1 / score.gamma_tilde
    own = profile(score)
    share = (k * own.big_j - own.big_h) / (own.big_f - k * own.big_h)
    return share / score.gamma, share * (a / b) / score.gamma_tilde


def best(score: Score, scored: float, teacher_n: float, d: int, d_tilde: int) -> Weighted:
    """The weights with the least mean error: each side's own k, and the best between where they differ."""
    a, b = 1 + 1 / score.gamma, 1 + 1 / score.gamma_tilde
    own = profile(score)
    alpha = score.r / scored
    beta_left = b / (score.gamma**2 * teacher_n * score.eta**2)
    beta_right = (a / b) * a / (score.gamma_tilde**2 * teacher_n * score.eta**2)
    ends = sorted(beta * own.big_h / (alpha + beta * own.big_j) for beta in (beta_left, beta_right))

    def mean(k: float) -> float:
        return float(error_law(scales_at(score, k, scored, teacher_n), d, d_tilde, score.r).mean)

    k = ends[0]
    if ends[1] - ends[0] > 1e-9 * abs(ends[0]):
        from scipy.optimize import minimize_scalar

        k = float(minimize_scalar(mean, bounds=(ends[0], ends[1]), method="bounded").x)
    return Weighted(own, k, scales_at(score, k, scored, teacher_n), leaks_at(score, k))
