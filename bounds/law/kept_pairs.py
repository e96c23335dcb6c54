"""Second moments of the pairs that a filter keeps, for a teacher of any quality.

A teacher whose singular vectors have cosines c, c_tilde to the truth scores like the oracle at
signal-to-noise ratios gamma c^2 and gamma_tilde c_tilde^2; Stein's identity gives every second moment of
the kept pairs from two numbers of that score's law in each class.  Derivation: proofs_notes/proportional.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bounds.law.outlier import Array, Fit, Signal
from bounds.law.score import Score
from bounds.law.score_contour import evaluate, parameters

FAINTEST = 1e-8
"""Smallest signal-to-noise ratio at which a score's law is evaluated: below, both classes are one to 1e-8."""

CLEAREST = 1e9
"""Largest finite one: above, the Bessel function of `score_contour`'s density (r <= 2) is not a number."""

ORACLE = Fit(1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0)
"""A teacher that is the truth itself."""


@dataclass(frozen=True)
class Model:
    """The numbers of a setting: dimensions, latent dimension, clean share, inverse noise variances.

    gamma, gamma_tilde in (0, inf], eta in [0, 1].
    """

    d: int
    d_tilde: int
    r: int
    eta: float
    gamma: float
    gamma_tilde: float

    @cached_property
    def noise_shares(self) -> tuple[float, float]:
        """1 / (1 + gamma) and 1 / (1 + gamma_tilde): the noise in one signal coordinate's variance."""
        return 1 / (1 + self.gamma), 1 / (1 + self.gamma_tilde)

    @cached_property
    def signal_shares(self) -> tuple[float, float]:
        """1 / a and 1 / a_tilde, what is left."""
        return 1 / (1 + 1 / self.gamma), 1 / (1 + 1 / self.gamma_tilde)

    @cached_property
    def correlation(self) -> float:
        """Of u_j and v_j in a clean pair, 1 / sqrt(a a_tilde)."""
        return math.sqrt(self.signal_shares[0]) * math.sqrt(self.signal_shares[1])

    @cached_property
    def all_pairs(self) -> Signal:
        """Second moments of the pairs before any filter."""
        left, right = self.signal_shares
        return Signal(
            np.diag([self.eta * self.correlation, 0.0]), np.diag([left, 0.0]), np.diag([right, 0.0])
        )


@dataclass(frozen=True)
class Side:
    """One modality's part of a teacher's score: y = alignment * u + the rest, of variance 1.

    `along` is Cov(u, y) for u of variance 1, `rest` = 1 - along^2, `noise` = 1 - along^2 / a the part of y
    that no other modality's signal can predict, `wrong` = Cov(w, y) for the noise w along the teacher's
    wrong direction; `length` is the standard deviation of the teacher's coordinate.
    """

    along: float
    rest: float
    noise: float
    wrong: float
    length: float

    @staticmethod
    def of(cosine: float, sine: float, noise: float, signal: float, alignment: float, lost: float) -> Side:
        """From the teacher's cosine and sine, the modality's shares and the signal block's alignment."""
        variance = cosine**2 * signal + noise
        other = cosine**2 * lost
        return Side(
            along=cosine * math.sqrt(alignment / variance),
            rest=(sine**2 * noise + other) / variance,
            noise=(noise + signal * other) / variance,
            wrong=sine * noise / math.sqrt(variance),
            length=math.sqrt(variance),
        )

    @property
    def ratio(self) -> float:
        """The signal-to-noise ratio at which the oracle would score alike."""
        if self.noise == 0:
            return math.inf
        return min(max((1 - self.noise) / self.noise, FAINTEST), CLEAREST)


@dataclass(frozen=True)
class View:
    """A setting through a teacher's score."""

    model: Model
    teacher: Fit

    @cached_property
    def alignment(self) -> float:
        """tr M / (sqrt(r) |M|_F) of the teacher's r x r signal block M: 1 where it is a multiple of I."""
        return 1 / math.sqrt(1 + self._spread)

    @property
    def _spread(self) -> float:
        return (self.model.r - 1) * self.teacher.unevenness

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """The left and the right part of the score."""
        lost = self._spread * self.alignment**2 / (1 + self.alignment)
        angles = self.teacher.left_cosine, self.teacher.left_sine
        angles_right = self.teacher.right_cosine, self.teacher.right_sine
        noise, signal = self.model.noise_shares, self.model.signal_shares
        return (
            Side.of(*angles, noise[0], signal[0], self.alignment, lost),
            Side.of(*angles_right, noise[1], signal[1], self.alignment, lost),
        )

    @cached_property
    def oracle(self) -> Score:
        """The oracle's score that has the same law up to a factor."""
        left, right = self.sides
        return Score(self.model.r, self.model.eta, left.ratio, right.ratio)

    @cached_property
    def _deviation(self) -> float:
        """What `oracle` divides its score by to have unit variance in each coordinate."""
        return math.sqrt(1 + 1 / self.oracle.gamma) * math.sqrt(1 + 1 / self.oracle.gamma_tilde)

    def threshold(self, theta: float, scale: float) -> float:
        """Where `oracle` is cut when the teacher's raw score is cut at theta * scale."""
        if math.isinf(theta):
            return theta
        left, right = self.sides
        signal = self.model.signal_shares
        raw = theta * scale * signal[0] * signal[1] / (self.teacher.value * left.length * right.length)
        cut = raw * self.alignment
        return cut * self._deviation if abs(cut) > 1e-150 else 0.0  # at r = 1 the density is infinite at 0

    def kept(self, cut: float) -> tuple[float, Signal, float]:
        """(share kept, second moments of what is kept, inner leak) when `oracle` is cut at `cut`.

        The inner leak is the share of an unequal signal block that the student inherits.
        """
        model, oracle = self.model, self.oracle
        logs, parts = [], []
        for clean, weight in ((True, model.eta), (False, 1 - model.eta)):
            if weight == 0:
                continue
            found = evaluate(cut, parameters(model.r, oracle.gamma, oracle.gamma_tilde, clean))
            at_cut = cut * float(found.hazard) / model.r if math.isfinite(cut) and cut != 0 else 0.0
            logs.append(math.log(weight) + float(found.log_tail))
            correlation = model.correlation if clean else 0.0
            parts.append(self._moments(correlation, at_cut, float(found.lifted_hazard) * self._deviation))
        total = float(np.logaddexp.reduce(logs))
        if total < -700:
            return 0.0, model.all_pairs, 0.0
        weights = [math.exp(log - total) for log in logs]
        cross, left, right = (
            np.asarray(sum(w * part[i] for w, part in zip(weights, parts, strict=True))) for i in range(3)
        )
        inner = sum(w * part[3] for w, part in zip(weights, parts, strict=True))
        return math.exp(total), Signal(cross, left, right), inner / float(cross[0, 0])

    def _moments(self, k: float, at_cut: float, lifted: float) -> tuple[Array, Array, Array, float]:
        """`cross`, both excesses and E of the score's density of one class; k is its correlation of u, v.

        Stein: E[g g' | kept] = Cov(g, g') + the second derivatives' means times the covariances with y, y~.
        """
        left, right = self.sides
        joint = k * left.along * right.along
        free = left.noise + right.noise - left.noise * right.noise if k > 0 else 1.0
        same = (at_cut - joint * lifted) / free if free > 0 else 0.0
        mixed = (lifted - joint * at_cut) / free if free > 0 else 0.0
        grown = at_cut + joint * lifted
        inner = left.along * right.along * lifted
        excesses = []
        for own, other, signal in ((left, right, 0), (right, left, 1)):
            seen = k * other.along  # Cov(u, y~)
            across = own.wrong * (own.along * at_cut + own.rest * seen * mixed)
            main = self.model.signal_shares[signal] + grown - own.rest * (1 - seen**2) * same
            excesses.append(np.array([[main, across], [across, own.wrong**2 * same]]))
        signal_wrong = right.wrong * (left.along * lifted + left.rest * k * right.along * same)
        wrong_signal = left.wrong * (right.along * lifted + right.rest * k * left.along * same)
        main = k * (1 + at_cut) + inner - k * left.rest * right.rest * same
        cross = np.array([[main, signal_wrong], [wrong_signal, left.wrong * right.wrong * mixed]])
        return cross, excesses[0], excesses[1], inner
