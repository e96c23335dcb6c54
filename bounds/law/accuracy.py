"""How far the first-order law can be trusted: an estimate of its relative error at finite samples.

The law keeps the first term of an expansion in Delta / c, the noise of the cross-covariance over its
signal.  The next terms are of relative size E|Delta / c|^2 (the odd ones average out), computed here
block by block; the estimate x + 8 x^2 in their sum x is calibrated against simulation and tested.
Note: `sharp`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bounds.law.scales import TINIEST

IN_RANGE = 0.1
"""Estimated relative error up to which a prediction counts as in range."""

CURVATURE = 8.0
"""Weight of the square of the expansion parameter: calibrated so that the estimate covers the bias
of simulated means in all but the rarest of settings drawn at random, up to where the law breaks."""


@dataclass(frozen=True)
class Accuracy:
    """Estimated relative error of a predicted mean, in [0, 1], and whether it is small enough to use."""

    relative_error: float

    @property
    def in_range(self) -> bool:
        """Whether the estimate is at most `IN_RANGE`."""
        return self.relative_error <= IN_RANGE


def noise_ratio(
    pairs: float,
    multiple: float,
    kappa_left: float,
    kappa_right: float,
    gamma: float,
    gamma_tilde: float,
    d: int,
    d_tilde: int,
    r: int,
) -> float:
    """E of the squared noise over the squared signal, per singular direction, of a fit on `pairs` pairs.

    Four blocks of the cross-covariance: latent-latent, noise-latent, latent-noise, noise-noise.
    """
    if pairs <= 0:
        return math.inf
    gamma, gamma_tilde = max(gamma, TINIEST), max(gamma_tilde, TINIEST)
    own, other = (d - r) / gamma, (d_tilde - r) / gamma_tilde
    blocks = r * kappa_left * kappa_right + own * kappa_right + other * kappa_left
    blocks += max(own / gamma_tilde, other / gamma)
    ratio = blocks / pairs / multiple / multiple if multiple > 0 else math.inf
    return math.inf if math.isnan(ratio) else ratio


def accuracy(student: float, teacher: float = 0.0, kept: float = math.inf, r: int = 1) -> Accuracy:
    """The estimate from the noise ratios of the last fit and of its teacher, and the kept count.

    A teacher's noise blurs the score, and third moments of few kept pairs are not small: both are
    second-order effects of the same size as the fit's own.
    """
    x = student + teacher + (r / kept if kept > 0 else math.inf)
    return Accuracy(min(1.0, x + CURVATURE * x**2) if x < 1 else 1.0)
