"""The filter that does not lose: all pairs and the kept ones, in the proportion that the rows call best.

Both halves are used: each half's pairs are scored by the other half's teacher, and the student is trained on
the kept pairs of both.  Of the fit that gives the kept pairs the part tau every term of the mean squared
error is measured (`payoff.Squares`).  Derivation: proofs_notes/fitting.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verification.fitting.folds import KeptFolds
from verification.fitting.payoff import NOTHING, Squares

STEPS = 20
"""Proportions tau that are tried: 0, 1/STEPS, ..., 1."""

WORTH = 0.75
"""A blend is proposed where its mean square is called below this share of that of all pairs.

The least over many proportions and thresholds flatters itself.
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


def blend(kept: KeptFolds, found: dict[int, tuple[Squares, Squares]], pays: bool) -> Blend:
    """The best proportion and bin; all pairs alike where nothing is called clearly better.

    Where filtering pays (`pays`), surely so, what is called best needs no further margin.
    """
    tau = np.linspace(0, 1, STEPS + 1)
    whole = max(side.all.value for side in found[0])
    result = Blend(0, 0.0, 1.0, 1.0, 1.0)
    if whole <= NOTHING * kept.r:
        return result
    least = 1.0 if pays else WORTH
    for b, sides in found.items():
        ratio = np.max([side.mixed(tau) for side in sides], axis=0) / whole
        at = int(ratio.argmin())
        if b and ratio[at] < least:
            least = float(ratio[at])
            result = _weights(kept, b, float(tau[at]), least**-0.5)
    return result


def _weights(kept: KeptFolds, b: int, tau: float, gain: float) -> Blend:
    """The weights that give the kept pairs' cross-covariance, scaled to that of all pairs, the part tau."""
    crosses = [kept.left.T @ kept.whole.at(at).crosses()[0][0] for at in (0, b)]
    traces = [float(np.trace(cross)) for cross in crosses]
    share = float(kept.shares[b])
    extra = tau * traces[0] / traces[1] / share
    mean = 1 - tau + extra * share
    return Blend(b, tau, (1 - tau + extra) / mean, (1 - tau) / mean, gain)
