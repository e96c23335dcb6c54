"""Does filtering pay, without a model of clean pairs?

E[x x~^T] = eta C for any law of clean pairs, so the fit on all pairs is right about the clean subspaces in
the limit, and the error of any other fit on the same pairs is its distance from that one, less that one's
variance, plus twice the covariance of the two: all measured, with an interval, by leaving folds out of
the whole procedure, teachers included.  Proofs: proofs_notes/fitting.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from verification.errors import InvalidArgument
from verification.fitting.folds import CELLS, KeptFolds, Tangents
from verification.fitting.moments import Array
from verification.fitting.spectrum import Estimate

SHARES = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05)
"""Shares to keep that are tried, besides keeping everything."""


WORTH_IT = 1.02
"""A smaller gain is none: filtering pays where the interval lies above, and does not where it lies below.

As a margin it also covers what is of second order in the measured gain.
"""

NOTHING = 1e-20
"""A mean squared error of all pairs below this many units a direction is rounding: nothing can be gained."""


ALIKE = Estimate(1.0, 1.0, 1.0)
"""The gain where nothing can be gained."""

UNKNOWN = Estimate(1.0, 0.0, math.inf)
"""The gain where no filter can be tried."""


@dataclass(frozen=True)
class Payoff:
    """The model-free answer at the share to keep: both mean squared errors, the gain and what was tried.

    `keep` is the share of pairs kept, `bin` the index of its threshold, `gain` the root of the ratio of the
    mean squared errors, `unfiltered` that of all pairs (of the worse modality), `error` its root with an
    interval, and `curve` (share kept, gain) for each share tried.
    """

    keep: float
    bin: int
    gain: Estimate
    unfiltered: float
    error: Estimate
    curve: tuple[tuple[float, float], ...]

    @property
    def filtered(self) -> Estimate:
        """The root mean squared error after the filter: that of all pairs over the gain, ends exchanged."""
        ends = (self.gain.value, self.gain.high, self.gain.low)
        return Estimate(*(self.error.value / end if end > 0 else math.inf for end in ends))

    @property
    def decision(self) -> str:
        """Pays or not where the interval leaves no doubt, by more or less than WORTH_IT."""
        if self.gain.low > WORTH_IT:
            return "pays"
        return "does-not-pay" if self.gain.high < WORTH_IT else "undecided"


@dataclass(frozen=True)
class Statistic:
    """A number, the same with each cell left out (CELLS,), and `surplus`: by how much the jackknife's
    variance exceeds its own in expectation, as products of two cells count twice there (Efron and Stein
    1981)."""

    value: float
    left_out: Array
    surplus: float = 0.0


@dataclass(frozen=True)
class Squares:
    """One side's squared error of all pairs, their covariance with the filtered fit, and that fit's."""

    all: Statistic
    cross: Statistic
    filtered: Statistic

    @classmethod
    def of(cls, base: Tangents, student: Tangents) -> Squares:
        """E|s - t|^2 = E|s - e|^2 - tr Cov(e) + 2 tr Cov(s, e) for e with mean t."""
        whole = _covariance(base.influences, base.influences, base.scale**2)
        cross = _covariance(student.influences, base.influences, student.scale * base.scale)
        apart, apart_without = student.value - base.value, student.without - base.without
        square = float(np.sum(apart**2)) - whole.value + 2 * cross.value
        left_out = np.sum(apart_without**2, axis=(1, 2)) - whole.left_out + 2 * cross.left_out
        return cls(whole, cross, Statistic(square, left_out, _surplus(student.influences - base.influences)))

    @property
    def least(self) -> float:
        """What the filtered fit's squared error cannot be below, given its covariance with all pairs."""
        return self.cross.value**2 / self.all.value if self.all.value > 0 else 0.0

    @property
    def error(self) -> float:
        """The filtered fit's squared error, no less than that."""
        return max(self.filtered.value, self.least)

    def mixed(self, tau: Array) -> Array:
        """The squared error of the fit of which the filtered pairs make the part tau."""
        return (1 - tau) ** 2 * self.all.value + 2 * tau * (1 - tau) * self.cross.value + tau**2 * self.error


def squares(kept: KeptFolds) -> dict[int, tuple[Squares, Squares]]:
    """Both sides' squared errors by bin, for the bins that can be used.

    Raises InvalidArgument where all pairs do not determine r directions.
    """
    base = kept.fit(0)
    if base is None:
        raise InvalidArgument("rank", kept.r, "must be at most what each part of the rows shows")
    found = {}
    for b in range(len(kept.shares)):
        student = kept.fit(b) if b else base
        if student is not None:
            left, right = (Squares.of(*sides) for sides in zip(base, student, strict=True))
            found[b] = left, right
    return found


def payoff(
    kept: KeptFolds, found: dict[int, tuple[Squares, Squares]], alpha: float, fixed: int | None
) -> Payoff:
    """The gain of halves that filter each other over the fit on all pairs, with an interval at rate alpha.

    `fixed` is the bin from which pairs are kept; None takes the one with the largest gain, and the
    interval then holds at every bin at once, so that the choice does not flatter it.
    """
    whole = max((side.all for side in found[0]), key=lambda statistic: statistic.value)
    if whole.value <= NOTHING * kept.r:
        return Payoff(1.0, 0, ALIKE, whole.value, Estimate(0.0, 0.0, 0.0), ((1.0, 1.0),))
    if set(found) == {0}:  # no share leaves enough pairs to be tried
        return Payoff(1.0, 0, UNKNOWN, whole.value, root(whole, alpha), ((1.0, 1.0),))
    worse = {b: max(sides, key=lambda side: side.error) for b, sides in found.items()}
    ratio = {b: whole.value / side.error for b, side in worse.items()}
    tried = [b for b in worse if b]
    chosen = fixed if fixed in worse else max(tried, key=ratio.__getitem__)
    failure = alpha / 2
    if chosen != fixed:
        failure = _at_once([worse[b].filtered for b in tried], whole, failure)
    low, high = fieller(whole, worse[chosen].filtered, failure)
    gain = Estimate(*(math.sqrt(max(part, 0.0)) for part in (ratio[chosen], min(low, ratio[chosen]), high)))
    return Payoff(
        float(kept.shares[chosen]),
        chosen,
        gain,
        whole.value,
        root(whole, alpha),
        tuple((float(kept.shares[b]), math.sqrt(max(ratio[b], 0.0))) for b in worse),
    )


def _covariance(one: Array, other: Array, scale: Array) -> Statistic:
    """The trace of two fits' covariance from their cells' influences (CELLS, d, r), and without each cell."""
    gram = one.reshape(len(one), -1) @ other.reshape(len(other), -1).T
    k, own = len(gram), np.diag(gram)
    value = (own.sum() - gram.sum() / k) / (k - 1) / k
    rest = gram.sum() - gram.sum(axis=0) - gram.sum(axis=1) + own
    left_out = (own.sum() - own - rest / (k - 1)) / (k - 2) / k
    return Statistic(float(value), np.asarray(left_out * scale))


def _surplus(influences: Array) -> float:
    """The variance that the products of two different cells add to the squared length of their mean."""
    flat = influences.reshape(len(influences), -1)
    gram, k = flat @ flat.T, len(flat)
    apart = ~np.eye(k, dtype=bool)
    lines = (gram.sum(axis=0) - np.diag(gram)) / (k - 1)
    overall = lines.mean()
    own = (k - 1) / (k - 2) * (lines - overall)
    rest = (gram - overall - own[:, None] - own[None, :])[apart]
    return float(2 * np.sum(rest**2) / (k * (k - 3)) / (k * (k - 1)))


def _deviations(statistic: Statistic) -> Array:
    """What each cell adds to the jackknife's standard deviation."""
    out, k = statistic.left_out, len(statistic.left_out)
    return np.asarray(math.sqrt((k - 1) / k) * (out - out.mean()))


def root(square: Statistic, alpha: float) -> Estimate:
    """The root of a squared error, with its interval on the logarithm's scale."""
    if square.value <= 0:
        return Estimate(0.0, 0.0, 0.0)
    deviation = float(np.linalg.norm(_deviations(square))) / square.value
    factor = math.exp(float(stats.t.isf(alpha / 2, CELLS - 1)) * deviation / 2)
    middle = math.sqrt(square.value)
    return Estimate(middle, middle / factor, middle * factor)


DRAWS = 4000
"""Normal draws behind a quantile of the largest of several correlated statistics."""


def _at_once(bottoms: list[Statistic], top: Statistic, failure: float) -> float:
    """The rate for each of several bounds under which any of them fails with probability `failure`.

    The correlation of top - bottom over the cells is theirs; the largest of such normals is drawn.
    """
    deviations = np.array([_deviations(top) - _deviations(bottom) for bottom in bottoms])
    spread = np.linalg.norm(deviations, axis=1, keepdims=True)
    unit = deviations / np.maximum(spread, np.finfo(float).tiny)
    draws = np.random.default_rng(0).standard_normal((unit.shape[1], DRAWS))
    largest = np.quantile((unit @ draws).max(axis=0), 1 - failure)
    return min(failure, float(stats.norm.sf(largest)))


def fieller(top: Statistic, bottom: Statistic, failure: float) -> tuple[float, float]:
    """Ends for top/bottom, each wrong with probability `failure`: where their difference is no surprise.

    The upper end is infinite where the bottom may be nothing.
    """
    quantile = float(stats.t.isf(failure, CELLS - 1)) ** 2
    deviations = np.stack([_deviations(top), _deviations(bottom)])
    cov = deviations @ deviations.T
    cov[1, 1] = max(cov[1, 1] - bottom.surplus, bottom.surplus)
    # g such that (top - g bottom)^2 <= quantile (V_tt - 2 g V_tb + g^2 V_bb)
    second = bottom.value**2 - quantile * cov[1, 1]
    first = top.value * bottom.value - quantile * cov[0, 1]
    constant = top.value**2 - quantile * cov[0, 0]
    inside = first**2 - second * constant
    if inside < 0:
        return 0.0, math.inf
    root = math.sqrt(inside)
    if second > 0:
        return (first - root) / second, (first + root) / second
    # Between the roots of a downward parabola the ratio is refused: what is left reaches to infinity.
    ends = [end for end in ((first - root) / second, (first + root) / second) if end > 0] if second else []
    return (max(ends) if constant > 0 and ends else 0.0), math.inf
