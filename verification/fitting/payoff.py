"""Does filtering pay, without a model of clean pairs?

E[x x~^T] = eta C for any law of clean pairs, so the fit on all pairs is right about the clean subspaces in
the limit, and everything a filtered fit adds to it can be measured: its own variance from disjoint folds,
its squared bias from its distance to an unfiltered fit on pairs that its teacher has not seen.  All of
it is a U-statistic over folds, whose jackknife gives an interval.  Proofs: proofs_notes/fitting.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from verification.errors import InvalidArgument
from verification.fitting.moments import FOLDS, Array, Whole
from verification.fitting.reading import Block
from verification.fitting.spectrum import Estimate

SHARES = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05)
"""Shares to keep that are tried, besides keeping everything."""

SINGULAR = 1e-10
"""Parts whose r singular values fall below this share of the first do not determine r directions."""

FEWEST_KEPT = 4
"""A share is tried where it leaves a fold at least this many pairs for each of the r dimensions."""


@dataclass
class FoldSums:
    """Sums over each (half, fold, bin) of scored pairs, bin 0 the lowest scores.

    With p = U^T x and q = U~^T x~ for the bases of the fit on all pairs: `count`, the sums of x, x~, p, q
    and of x q^T (d, r) and x~ p^T (d~, r).
    """

    count: Array
    x: Array
    y: Array
    p: Array
    q: Array
    xq: Array
    yp: Array

    @classmethod
    def empty(cls, bins: int, d: int, d_tilde: int, r: int) -> FoldSums:
        """All sums zero."""
        at = (2, FOLDS, bins)
        return cls(
            *(np.zeros((*at, *shape)) for shape in ((), (d,), (d_tilde,), (r,), (r,), (d, r), (d_tilde, r)))
        )

    def add(self, cells: Whole, bins: Whole, x: Block, y: Block, p: Block, q: Block) -> None:
        """Add rows whose cell (half FOLDS + fold) and bin are known."""
        width = self.count.shape[2]
        key = cells * width + bins
        order = np.argsort(key, kind="stable")
        x, y, p, q = x[order], y[order], p[order], q[order]
        keys, starts = np.unique(key[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        for k, start, end in zip(keys, starts, ends, strict=True):
            cell, b = divmod(int(k), width)
            at = (*divmod(cell, FOLDS), b)
            rows = slice(start, end)
            self.count[at] += end - start
            self.x[at] += x[rows].sum(axis=0)
            self.y[at] += y[rows].sum(axis=0)
            self.p[at] += p[rows].sum(axis=0)
            self.q[at] += q[rows].sum(axis=0)
            self.xq[at] += x[rows].T @ q[rows]
            self.yp[at] += y[rows].T @ p[rows]

    def above(self) -> FoldSums:
        """Sums over each bin and all higher ones: what a threshold at the bin's lower edge keeps."""
        return FoldSums(*(np.flip(np.cumsum(np.flip(part, 2), axis=2), 2) for part in vars(self).values()))


@dataclass(frozen=True)
class Tangents:
    """One fit's left (or right) deviation from the base: the fit itself and each fold's influence on it.

    `value` (d, r) and `folds` (FOLDS, d, r), whose mean over folds is zero and whose empirical
    covariance over FOLDS is the fit's.  `scale` (FOLDS,) is by how much every deviation grows with one fold
    left out, through the singular values that divide it.
    """

    value: Array
    folds: Array
    scale: Array


@dataclass(frozen=True)
class Payoff:
    """The model-free answer at the share to keep: both mean squared errors, the gain and what was tried.

    `keep` is the share of scored pairs kept, `bin` the index of its threshold, `gain` the root of the ratio
    of the mean squared errors, `unfiltered` and `filtered` those errors (of the worse modality), and
    `curve` (share kept, gain) for each share tried.
    """

    keep: float
    bin: int
    gain: Estimate
    unfiltered: float
    filtered: float
    curve: tuple[tuple[float, float], ...]

    @property
    def decision(self) -> str:
        """Pays or not where the interval leaves no doubt."""
        if self.gain.low > 1:
            return "pays"
        return "does-not-pay" if self.gain.high < 1 else "undecided"


def payoff(sums: FoldSums, left: Array, right: Array, alpha: float, fixed: int | None) -> Payoff:
    """The gain of Algorithm 1's filter over the fit on all pairs, with an interval at rate alpha.

    `left` (d, r) and `right` (d~, r) are the bases of the fit on all pairs.  Each half's pairs are scored
    by the other half's teacher.  `fixed` is the bin from which pairs are kept; None chooses it, for the
    interval in each half by the other half, so that the choice does not flatter the gain.
    """
    kept = sums.above()
    r = left.shape[1]
    shares = kept.count.sum(axis=(0, 1)) / kept.count[:, :, 0].sum()
    bins = [b for b in range(len(shares)) if b == 0 or usable(kept, b, left, right)]
    if not usable(kept, 0, left, right):
        raise InvalidArgument("rank", r, "must be at most what each part of the rows shows")
    # of each half, at each bin: squared error on all pairs and of the filter
    halves = [_errors(kept, h, bins, left, right) for h in (0, 1)]
    pooled = [_pooled([halves[0][k], halves[1][k]]) for k in range(len(bins))]
    if fixed in bins:
        best = bins.index(fixed)
        evaluated = pooled[best]
    else:
        tried = range(min(1, len(bins) - 1), len(bins))
        best = max(tried, key=lambda k: pooled[k].ratio)
        chosen = [max(tried, key=lambda k: halves[1 - h][k].ratio) for h in (0, 1)]
        evaluated = _pooled([halves[h][chosen[h]] for h in (0, 1)])
    curve = tuple((float(shares[b]), math.sqrt(max(pooled[k].ratio, 0.0))) for k, b in enumerate(bins))
    return Payoff(
        float(shares[bins[best]]),
        bins[best],
        _interval(evaluated, alpha),
        evaluated.unfiltered.value,
        evaluated.filtered.value,
        curve,
    )


def usable(kept: FoldSums, b: int, left: Array, right: Array) -> bool:
    """Whether the pairs above bin b's lower edge determine r directions in each half, any fold left out."""
    r = left.shape[1]
    if kept.count[:, :, b].min() < (FEWEST_KEPT * r if b else 1):
        return False
    for half in (0, 1):
        for leave in (None, *range(FOLDS)):
            core = left.T @ _cross(kept, half, b, leave)[0]
            values = np.linalg.svd(core, compute_uv=False)
            if not values[-1] > SINGULAR * values[0]:
                return False
    return True


@dataclass(frozen=True)
class _Quadratic:
    """A U-statistic over folds: its value and, for each half, its values with one fold left out.

    `surplus` is what the jackknife's variance exceeds the statistic's own by in expectation (Efron and
    Stein 1981): the part that products of two different folds contribute counts twice there.
    """

    value: float
    left_out: tuple[Array, ...]
    surplus: float = 0.0


@dataclass(frozen=True)
class _Errors:
    """Squared errors of the worse modality: on all pairs, after the filter, and its variance alone."""

    unfiltered: _Quadratic
    filtered: _Quadratic
    variance: _Quadratic

    @property
    def ratio(self) -> float:
        """Squared gain; a filter's error is at least its variance."""
        return self.unfiltered.value / max(self.filtered.value, self.variance.value)


def _errors(kept: FoldSums, half: int, bins: list[int], left: Array, right: Array) -> list[_Errors]:
    """The errors at each bin."""
    base = both_sides(kept, half, 0, left, right)
    result = []
    for b in bins:
        student = base if b == 0 else both_sides(kept, half, b, left, right)
        sides = [_side(a, s) for a, s in zip(base, student, strict=True)]
        worse = [max((side[part] for side in sides), key=lambda found: found.value) for part in range(3)]
        result.append(_Errors(*worse))
    return result


def _side(base: Tangents, student: Tangents) -> tuple[_Quadratic, _Quadratic, _Quadratic]:
    """Squared errors of one modality: on all n pairs, of the student that half the pairs scored, and the
    part of the latter that is variance.

    The bias is estimated without bias of its own: its square is what products of different folds average.
    """
    unfiltered, filtered = gram(base.folds), gram(student.folds)
    difference = gram((student.value - base.value) + (student.folds - base.folds))
    bias = _over_folds(difference, _square, np.ones(FOLDS))
    own = _over_folds(filtered, _variance, student.scale)
    total = _Quadratic(bias.value + own.value, (bias.left_out[0] + own.left_out[0],), _surplus(difference))
    whole = _over_folds(unfiltered, _variance, base.scale)
    # All pairs are two halves.
    return _Quadratic(whole.value / 2, (whole.left_out[0] / 2,)), total, own


def gram(vectors: Array) -> Array:
    """Inner products of the folds' influences (FOLDS, d, r), shape (FOLDS, FOLDS)."""
    flat = vectors.reshape(len(vectors), -1)
    return np.asarray(flat @ flat.T)


def _variance(gram: Array, kept: NDArray[np.bool_]) -> float:
    """The total variance of the mean of all folds, from the folds that are kept."""
    k, inside = int(kept.sum()), gram[np.ix_(kept, kept)]
    return float((np.trace(inside) - inside.sum() / k) / (k - 1) / len(gram))


def _square(gram: Array, kept: NDArray[np.bool_]) -> float:
    """The squared length of the folds' expectation, without bias."""
    k, inside = int(kept.sum()), gram[np.ix_(kept, kept)]
    return float((inside.sum() - np.trace(inside)) / (k * (k - 1)))


def _over_folds(
    gram: Array, statistic: Callable[[Array, NDArray[np.bool_]], float], scale: Array
) -> _Quadratic:
    """The statistic on all folds and on all but each, where every vector is `scale` times as long."""
    left_out = np.array([statistic(gram, kept) for kept in ~np.eye(FOLDS, dtype=bool)])
    return _Quadratic(statistic(gram, np.ones(FOLDS, dtype=bool)), (left_out * scale**2,))


def _surplus(gram: Array) -> float:
    """The variance that the products of two different folds add to `_square`."""
    k = len(gram)
    apart = ~np.eye(k, dtype=bool)
    lines = (gram.sum(axis=0) - np.diag(gram)) / (k - 1)
    overall = lines.mean()
    own = (k - 1) / (k - 2) * (lines - overall)
    rest = (gram - overall - own[:, None] - own[None, :])[apart]
    return float(2 * np.sum(rest**2) / (k * (k - 3)) / (k * (k - 1)))


def both_sides(kept: FoldSums, half: int, b: int, left: Array, right: Array) -> tuple[Tangents, Tangents]:
    """The fit on the pairs above bin b's lower edge, left and right, with the folds' influences."""

    def fit(leave: int | None) -> tuple[Array, Array, Array]:
        cross_left, cross_right = _cross(kept, half, b, leave)
        core = left.T @ cross_left
        return (
            np.asarray(np.linalg.solve(core.T, (cross_left - left @ core).T).T),
            np.asarray(np.linalg.solve(core, (cross_right - right @ (right.T @ cross_right)).T).T),
            core,
        )

    whole = fit(None)
    rest = [fit(f) for f in range(FOLDS)]
    scale = np.array([np.trace(np.linalg.solve(each[2], whole[2])) / len(whole[2]) for each in rest])
    sides = []
    for s in (0, 1):
        without = np.array([each[s] for each in rest])
        folds = (FOLDS - 1) * (without.mean(axis=0) - without)
        sides.append(Tangents(whole[s], folds, scale))
    return sides[0], sides[1]


def _cross(kept: FoldSums, half: int, b: int, leave: int | None) -> tuple[Array, Array]:
    """The cross-covariance times each basis, (d, r) and (d~, r), of the kept pairs but one fold's."""

    def total(part: Array) -> Array:
        whole = part[half, :, b].sum(axis=0)
        return np.asarray(whole if leave is None else whole - part[half, leave, b])

    k = max(float(total(kept.count)), 1.0)
    return (
        total(kept.xq) / k - np.outer(total(kept.x), total(kept.q)) / k**2,
        total(kept.yp) / k - np.outer(total(kept.y), total(kept.p)) / k**2,
    )


def _pooled(halves: list[_Errors]) -> _Errors:
    """The mean over the halves; each half's folds are its own jackknife."""
    parts = []
    for name in ("unfiltered", "filtered", "variance"):
        each = [getattr(errors, name) for errors in halves]
        parts.append(
            _Quadratic(
                sum(part.value for part in each) / len(each),
                tuple(out / len(each) for part in each for out in part.left_out),
                sum(part.surplus for part in each) / len(each) ** 2,
            )
        )
    return _Errors(*parts)


def _interval(errors: _Errors, alpha: float) -> Estimate:
    """The gain with its interval: Fieller's, and from above also the ratio to the variance alone.

    A squared bias is never negative, so both upper ends hold; each gets a quarter of alpha.
    """
    low, _ = fieller(errors.unfiltered, errors.filtered, alpha / 2)
    _, high = fieller(errors.unfiltered, errors.filtered, alpha / 4)
    _, most = fieller(errors.unfiltered, errors.variance, alpha / 4)
    high = min(high, most)
    return Estimate(*(math.sqrt(max(part, 0.0)) for part in (errors.ratio, min(low, high), high)))


def fieller(top: _Quadratic, bottom: _Quadratic, failure: float) -> tuple[float, float]:
    """Ends for top/bottom, each wrong with probability `failure`: where their difference is no surprise.

    The upper end is infinite where the bottom may be nothing.
    """
    freedom = sum(len(out) - 1 for out in top.left_out)
    quantile = float(stats.t.isf(failure, freedom)) ** 2
    cov = np.zeros((2, 2))
    for a, b in zip(top.left_out, bottom.left_out, strict=True):
        deviations = np.stack([a - a.mean(), b - b.mean()])
        cov += (len(a) - 1) / len(a) * (deviations @ deviations.T)
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
