"""Second moments of the pairs that a filter keeps, for a teacher of any quality.

A teacher whose singular vectors have cosines c, c_tilde to the truth scores like the oracle at
signal-to-noise ratios gamma c^2 and gamma_tilde c_tilde^2; Stein's identity gives every second moment of
the kept pairs from two numbers of that score's law in each class.  Derivation: proofs_notes/proportional.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bounds.law.outlier import Array, Fit, Signal
from bounds.law.score import Score
from bounds.law.score_contour import deviation, evaluate, parameters

FAINTEST = 1e-8
"""Smallest signal-to-noise ratio at which a score's law is evaluated: below, both classes are one to 1e-8."""

LARGEST_CUT = 1e100
"""A threshold that is farther off, in standard deviations of the score, is cut to this: nothing is there."""

ORACLE = Fit(1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0)
"""A teacher that is the truth itself."""


@dataclass(frozen=True)
class Model:
    """The numbers of a setting: dimensions, latent dimension, clean share, inverse noise variances.

    gamma, gamma_tilde in (0, inf], eta in [0, 1].  All but r may be arrays of one shape, an entry a setting.
    """

    d: Any
    d_tilde: Any
    r: int
    eta: Any
    gamma: Any
    gamma_tilde: Any

    @cached_property
    def noise_shares(self) -> tuple[Any, Any]:
        """1 / (1 + gamma) and 1 / (1 + gamma_tilde): the noise in one signal coordinate's variance."""
        return 1 / (1 + self.gamma), 1 / (1 + self.gamma_tilde)

    @cached_property
    def signal_shares(self) -> tuple[Any, Any]:
        """1 / a and 1 / a_tilde, what is left."""
        return _signal_share(self.gamma), _signal_share(self.gamma_tilde)

    @cached_property
    def correlation(self) -> Any:
        """Of u_j and v_j in a clean pair, 1 / sqrt(a a_tilde)."""
        return np.sqrt(self.signal_shares[0]) * np.sqrt(self.signal_shares[1])

    @cached_property
    def all_pairs(self) -> Signal:
        """Second moments of the pairs before any filter."""
        left, right = self.signal_shares
        return Signal(
            matrix(self.eta * self.correlation, 0.0, 0.0, 0.0),
            matrix(left, 0.0, 0.0, 0.0),
            matrix(right, 0.0, 0.0, 0.0),
        )


def _signal_share(gamma: Any) -> Any:
    """1 / (1 + 1/gamma), from both ends of the doubles."""
    small = np.minimum(gamma, 1.0)
    return np.where(np.less(gamma, 1.0), small / (1 + small), 1 / (1 + 1 / np.maximum(gamma, 1.0)))[()]


def matrix(*entries: Any) -> Array:
    """The 2 x 2 matrices (..., 2, 2) of these entries, row by row."""
    flat = np.stack(np.broadcast_arrays(*(np.asarray(entry, dtype=float) for entry in entries)), axis=-1)
    return flat.reshape(*flat.shape[:-1], 2, 2)


@dataclass(frozen=True)
class OneSide:
    """One modality's part of a teacher's score: y = alignment * u + the rest, of variance 1.

    `along` is Cov(u, y) for u of variance 1, `rest` = 1 - along^2, `noise` = 1 - along^2 / a the part of y
    that no other modality's signal can predict, `wrong` = Cov(w, y) for the noise w along the teacher's
    wrong direction; `length` is the standard deviation of the teacher's coordinate.
    """

    along: Any
    rest: Any
    noise: Any
    wrong: Any
    length: Any

    @staticmethod
    def of(cosine: Any, sine: Any, noise: Any, signal: Any, alignment: Any, lost: Any) -> OneSide:
        """From the teacher's cosine and sine, the modality's shares and the signal block's alignment."""
        variance = cosine**2 * signal + noise
        other = cosine**2 * lost
        return OneSide(
            along=cosine * np.sqrt(alignment / variance),
            rest=(sine**2 * noise + other) / variance,
            noise=(noise + signal * other) / variance,
            wrong=sine * noise / np.sqrt(variance),
            length=np.sqrt(variance),
        )

    @property
    def ratio(self) -> Any:
        """The signal-to-noise ratio at which the oracle would score alike."""
        with np.errstate(divide="ignore"):
            return np.maximum((1 - self.noise) / self.noise, FAINTEST)


@dataclass(frozen=True)
class View:
    """A setting through a teacher's score."""

    model: Model
    teacher: Fit

    @cached_property
    def alignment(self) -> Any:
        """tr M / (sqrt(r) |M|_F) of the teacher's r x r signal block M: 1 where it is a multiple of I."""
        return 1 / np.sqrt(1 + self._spread)

    @property
    def _spread(self) -> Any:
        return (self.model.r - 1) * self.teacher.unevenness

    @cached_property
    def sides(self) -> tuple[OneSide, OneSide]:
        """The left and the right part of the score."""
        lost = self._spread * self.alignment**2 / (1 + self.alignment)
        angles = self.teacher.left_cosine, self.teacher.left_sine
        angles_right = self.teacher.right_cosine, self.teacher.right_sine
        noise, signal = self.model.noise_shares, self.model.signal_shares
        return (
            OneSide.of(*angles, noise[0], signal[0], self.alignment, lost),
            OneSide.of(*angles_right, noise[1], signal[1], self.alignment, lost),
        )

    @cached_property
    def ratios(self) -> tuple[Any, Any]:
        """The signal-to-noise ratios at which the oracle's score has the same law up to a factor."""
        return self.sides[0].ratio, self.sides[1].ratio

    @cached_property
    def _deviation(self) -> Any:
        """What the oracle's score is divided by to have unit variance in each coordinate."""
        return deviation(self.ratios[0]) * deviation(self.ratios[1])

    def quantile(self, retain: float) -> Any:
        """Where the oracle's score at `ratios` is cut to keep the share `retain`, one setting at a time."""
        each = np.broadcast(self.model.eta, *self.ratios)
        cuts = [Score(self.model.r, float(e), float(g), float(h)).quantile(retain) for e, g, h in each]
        return np.array(cuts).reshape(each.shape)[()]

    def threshold(self, theta: Any, scale: Any) -> Any:
        """Where the oracle's score at `ratios` is cut when the teacher's is cut at theta * scale."""
        left, right = self.sides
        lengths = self.teacher.value * left.length * right.length
        unit = scale * self.model.correlation * self.model.correlation / lengths * self.alignment
        with np.errstate(invalid="ignore", over="ignore"):
            cut = np.clip(theta * unit * self._deviation, -LARGEST_CUT, LARGEST_CUT)
        # At r = 1 the density is infinite at 0.
        near = np.where(np.abs(cut) > 1e-150, cut, 0.0)
        return np.where(np.isinf(theta), theta, near)[()]

    def kept(self, cut: Any) -> tuple[Any, Signal, Any]:
        """(share kept, second moments of what is kept, inner leak) when the score is cut at `cut`.

        The inner leak is the share of an unequal signal block that the student inherits.
        """
        model = self.model
        shape = np.broadcast_shapes(np.shape(cut), np.shape(model.eta), np.shape(self.ratios[0]))
        logs, parts = [], []
        for clean, weight in ((True, model.eta), (False, 1 - model.eta)):
            found = evaluate(cut, parameters(model.r, *self.ratios, clean))
            with np.errstate(divide="ignore", invalid="ignore"):
                at_cut = np.where(np.isfinite(cut) & (cut != 0), cut * found.hazard / model.r, 0.0)
                logs.append(np.broadcast_to(np.log(weight) + found.log_tail, shape))
            correlation = model.correlation if clean else 0.0 * model.correlation
            parts.append(self._moments(correlation, at_cut, found.lifted_hazard * self._deviation))
        total = np.logaddexp(*logs)
        nothing = ~(total > -700)
        weights = [np.exp(log - np.where(nothing, 0.0, total)) for log in logs]
        mixed = [
            sum(np.where(w > 0, w * part[i], 0.0) for w, part in zip(_outer(weights, i), parts, strict=True))
            for i in range(4)
        ]
        everything = model.all_pairs
        plain = (everything.cross, everything.left_excess, everything.right_excess)
        lost = nothing[..., None, None]
        cross, left, right = (np.where(lost, all_, m) for all_, m in zip(plain, mixed[:3], strict=True))
        main = cross[..., 0, 0]
        inner = np.where(nothing | (main == 0), 0.0, mixed[3] / np.where(main == 0, 1.0, main))
        return np.where(nothing, 0.0, np.exp(total))[()], Signal(cross, left, right), inner[()]

    def _moments(self, k: Any, at_cut: Array, lifted: Array) -> tuple[Array, Array, Array, Array]:
        """`cross`, both excesses and E of the score's density of one class; k is its correlation of u, v.

        Stein: E[g g' | kept] = Cov(g, g') + the second derivatives' means times the covariances with y, y~.
        """
        left, right = self.sides
        joint = k * left.along * right.along
        free = np.where(k > 0, left.noise + right.noise - left.noise * right.noise, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            same = np.where(free > 0, (at_cut - joint * lifted) / free, 0.0)
            mixed = np.where(free > 0, (lifted - joint * at_cut) / free, 0.0)
        grown = at_cut + joint * lifted
        inner = left.along * right.along * lifted
        excesses = []
        for own, other, signal in ((left, right, 0), (right, left, 1)):
            seen = k * other.along  # Cov(u, y~)
            across = own.wrong * (own.along * at_cut + own.rest * seen * mixed)
            main = self.model.signal_shares[signal] + grown - own.rest * (1 - seen**2) * same
            excesses.append(matrix(main, across, across, own.wrong**2 * same))
        signal_wrong = right.wrong * (left.along * lifted + left.rest * k * right.along * same)
        wrong_signal = left.wrong * (right.along * lifted + right.rest * k * left.along * same)
        main = k * (1 + at_cut) + inner - k * left.rest * right.rest * same
        cross = matrix(main, signal_wrong, wrong_signal, left.wrong * right.wrong * mixed)
        return cross, excesses[0], excesses[1], np.asarray(inner)


def _outer(weights: list[Array], part: int) -> list[Array]:
    """The classes' weights as factors of their matrices (the first three parts) or numbers."""
    return [w[..., None, None] for w in weights] if part < 3 else weights
