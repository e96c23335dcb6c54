"""Labels that a user has, held against scores that have not seen them.

With F1 and F0 the laws of clean and corrupted scores, pairs of which the share p is clean score as
p F1 + (1 - p) F0.  The chance that one of them scores higher than one of others with a share q is then
1/2 + (p - q)(A - 1/2), with A that chance for F1 against F0.  All pairs against re-paired ones are the case
p = eta, q = 0, so that both chances tell (p - q)/eta, whatever F1 and F0 are.  With eta the share that the
labels call clean, right labels make p - q one, labels of other rows 0 and swapped ones less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from verification.fitting.checks import Assumption
from verification.fitting.moments import Array
from verification.fitting.spectrum import Estimate

SWAPPED = 6
"""Standard errors by which pairs labelled clean must score lower than the others to be called swapped."""

MOSTLY = 0.9
"""Labels with p - q surely below this are partly wrong, surely below half of it those of other rows."""


@dataclass(frozen=True)
class Separation:
    """How pairs labelled clean score against the others.

    `higher_p` is the p-value of the Mann-Whitney test against their scoring no higher, which holds for
    labels that have nothing to do with the rows; `told` is p - q with its interval, (0, -inf, inf) where
    pairs score no higher than re-paired ones.
    """

    higher_p: float
    told: Estimate

    @property
    def swapped(self) -> bool:
        """Whether those labelled clean score surely lower."""
        return bool(stats.norm.isf(self.higher_p) < -SWAPPED)


def separation(known: Any, scores: Array, repaired: Array, alpha: float) -> Separation:
    """Scores (n,) of the pairs labelled clean, `known` (n,), against the others', both groups not empty.

    `repaired` (m,) are scores of re-paired rows.
    """
    mine, others = scores[known], scores[~known]
    above, error = _above(mine, others)
    paired_above, paired_error = _above(scores, repaired)
    higher_p = float(stats.mannwhitneyu(mine, others, alternative="greater", method="asymptotic").pvalue)
    quantile = float(stats.norm.isf(alpha / 2))
    told = Estimate(0.0, -math.inf, math.inf)
    if paired_above > quantile * paired_error:
        unit = len(mine) / len(scores) / paired_above
        middle = above * unit
        reach = quantile * math.hypot(error * unit, middle * paired_error / paired_above)
        told = Estimate(middle, middle - reach, middle + reach)
    return Separation(higher_p, told)


def _above(one: Array, other: Array) -> tuple[float, float]:
    """The chance that one of `one` is above one of `other`, less 1/2, and its standard error.

    The error is for laws that differ (DeLong et al. 1988), at least that of one pair.
    """
    m, n = len(one), len(other)
    ranks = stats.rankdata(np.concatenate([one, other]))
    beyond = (ranks[:m] - stats.rankdata(one)) / n
    below = (ranks[m:] - stats.rankdata(other)) / m
    return float(beyond.mean()) - 0.5, max(math.sqrt(beyond.var() / m + below.var() / n), 1 / (m * n))


def labelled(
    known: Any, scores: Array, repaired: Array, free: Estimate, kept: Any, alpha: float
) -> Assumption:
    """Whether labels (n,) are those of these rows, by their share and by the scores (n,) of the pairs.

    `free` is the clean share from scores, `kept` (n,) what the filter keeps.
    """
    clean = float(known.mean())
    said = f"The labels call {clean:.1%} of the pairs clean"
    wrong = (
        f"; by them {1 - float(known[kept].mean()):.1%} of the pairs that the filter keeps are corrupted."
        if np.any(kept)
        else "."
    )
    trust = "the estimate from scores does not agree: trust the labels if they name every clean pair"
    agrees = free.holds(clean)
    if min(np.count_nonzero(known), np.count_nonzero(~known)) < 2:
        ending = "the estimate from scores agrees" if agrees else trust
        return Assumption("labels", agrees, f"{said}; {ending}{wrong}")
    found = separation(known, scores, repaired, alpha)
    told = found.told
    if found.swapped:
        ending = "those pairs score lower than the others: are 0 and 1 swapped? (1 is a clean pair)"
        return Assumption("labels", False, f"{said}; {ending}.")
    if found.higher_p >= alpha:
        seen = f"(Mann-Whitney test, p = {found.higher_p:.2g})"
        if told.high * max(1.0, free.high / clean) >= MOSTLY / 2:
            ending = f"these pairs are too few to tell whether they are the labels of these rows {seen}"
            return Assumption("labels", None, f"{said}; {ending}.")
        ending = f"the pairs labelled clean score no higher than the others {seen}: are the labels those of"
        return Assumption("labels", False, f"{said}; {ending} these rows?")
    if not agrees:
        return Assumption("labels", False, f"{said}; {trust}{wrong}")
    if told.high < MOSTLY:
        right = min(max(clean + (1 - clean) * told.value, 0.0), 1.0)
        ending = f"by the scores only about {right:.0%} of those are: some labels are wrong, or of other rows"
        return Assumption("labels", False, f"{said}; {ending}{wrong}")
    return Assumption("labels", True, f"{said}; their scores and the estimate from scores agree{wrong}")
