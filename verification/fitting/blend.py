"""The filter that does not lose: all pairs and the kept ones, in the proportion that the rows call best.

Both halves are used: each half's pairs are scored by the other half's teacher, and the student is trained on
the kept pairs of both.  With e the error of all pairs, b the filter's bias, lambda its leak and f its own
noise, the fit that gives the kept pairs the weight tau errs by (1 - tau) e + tau (b + lambda e + f); every
term of its mean square is estimated from folds and halves.  Derivation: proofs_notes/fitting.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verification.fitting.moments import Array
from verification.fitting.payoff import FoldSums, Tangents, both_sides, usable

STEPS = 20
"""Proportions tau that are tried: 0, 1/STEPS, ..., 1."""

WORTH = 0.65
"""A blend is proposed where its mean square is called below this share of that of all pairs.

The least over many proportions and thresholds flatters itself: on real pairs called gains below 1.2 were as
often losses.
"""


@dataclass(frozen=True)
class Blend:
    """Pairs above `bin`'s lower edge get the weight `kept`, the others `other`; the mean weight is 1.

    `tau` is the kept pairs' part of the fit, `gain` what the root mean square is called to be better by.
    """

    bin: int
    tau: float
    kept: float
    other: float
    gain: float


@dataclass(frozen=True)
class _Terms:
    """Mean squares of one side: `all` of e over all pairs, and of tau's other terms."""

    all: float
    cross: float
    filtered: float

    def at(self, tau: Array) -> Array:
        return (1 - tau) ** 2 * self.all + 2 * tau * (1 - tau) * self.cross + tau**2 * self.filtered


def blend(sums: FoldSums, left: Array, right: Array) -> Blend:
    """The best proportion and bin; all pairs alike where nothing is called clearly better."""
    kept = sums.above()
    base = [both_sides(kept, half, 0, left, right) for half in (0, 1)]
    tau = np.linspace(0, 1, STEPS + 1)
    found = Blend(0, 0.0, 1.0, 1.0, 1.0)
    least = WORTH
    for b in range(1, kept.count.shape[2]):
        if not usable(kept, b, left, right):
            continue
        student = [both_sides(kept, half, b, left, right) for half in (0, 1)]
        terms = [_terms([part[s] for part in base], [part[s] for part in student]) for s in (0, 1)]
        whole = max(term.all for term in terms)
        ratio = np.max([term.at(tau) for term in terms], axis=0) / whole
        at = int(ratio.argmin())
        if ratio[at] < least:
            least = float(ratio[at])
            found = _weights(kept, b, float(tau[at]), left, least**-0.5)
    return found


def _weights(kept: FoldSums, b: int, tau: float, left: Array, gain: float) -> Blend:
    """The weights that give the kept pairs' cross-covariance, scaled to that of all pairs, the part tau."""
    traces = []
    for at in (0, b):
        count = float(kept.count[:, :, at].sum())
        xq, x, q = (part[:, :, at].sum(axis=(0, 1)) for part in (kept.xq, kept.x, kept.q))
        traces.append(float(np.trace(left.T @ (xq / count - np.outer(x, q) / count**2))))
    share = float(kept.count[:, :, b].sum() / kept.count[:, :, 0].sum())
    extra = tau * traces[0] / traces[1] / share
    mean = 1 - tau + extra * share
    return Blend(b, tau, (1 - tau + extra) / mean, (1 - tau) / mean, gain)


def _terms(base: list[Tangents], student: list[Tangents]) -> _Terms:
    """The mean squares of one side from the tangents of both halves (`base`: all pairs of a half)."""
    spread = [_spread(base[h].folds, base[h].folds) for h in (0, 1)]
    own = [_spread(student[h].folds, student[h].folds) for h in (0, 1)]
    shared = [_spread(student[h].folds, base[h].folds) for h in (0, 1)]
    a, f, c = (float(np.mean(part)) for part in (spread, own, shared))
    # Of each half: beta = b + lambda e_other + noise of (filtered - all) in the half itself.
    beta = [(student[h].value - base[h].value).ravel() for h in (0, 1)]
    apart = (base[1].value - base[0].value).ravel()
    leak = float(beta[0] @ apart - beta[1] @ apart) / 2 + c - a  # lambda times a
    leak = min(max(leak, 0.0), a)
    # <beta_0, beta_1> is |b|^2 + 2 lambda (c - a) in the mean.
    bias = max(float(beta[0] @ beta[1]) - 2 * leak * (c - a) / a, 0.0)
    filtered = bias + leak**2 / a / 2 + f / 2 + leak * c / a
    return _Terms(a / 2, (leak + c) / 2, filtered)


def _spread(one: Array, other: Array) -> float:
    """The covariance's trace of two fits, from their folds' influences."""
    k = len(one)
    return float(np.sum(one.reshape(k, -1) * other.reshape(k, -1)) / (k * (k - 1)))
