"""Errors on real pairs (digits' halves, a share re-paired): no model's draws, the truth is the population's.

The estimators are those of `reproduce figure-3b`, on the set that needs nothing beside the project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from verification.engines import estimate
from verification.engines.estimate import Trained
from verification.errors import real, whole
from verification.studies import real_pairs
from verification.studies.real_pairs import RealPairs, Whole

KEPT = 0.3
"""The share that the filter with a fixed share keeps."""


@dataclass(frozen=True)
class _Drawn:
    """n pairs as rows of the population: pair i is (left[i], right[i])."""

    pairs: RealPairs
    truth: Trained
    left: Whole
    right: Whole
    clean: NDArray[np.bool_]

    def fit(self, chosen: slice | NDArray[np.bool_] = slice(None)) -> Trained:
        """The rank-r fit of the chosen pairs; those that match are summed by the row that they are."""
        left, right, clean = self.left[chosen], self.right[chosen], self.clean[chosen]
        x, y = self.pairs.x, self.pairs.y
        times = np.bincount(left[clean], minlength=len(x)).astype(float)
        other_x, other_y = x[left[~clean]], y[right[~clean]]
        sums = [times @ rows + others.sum(axis=0) for rows, others in ((x, other_x), (y, other_y))]
        products = (x * times[:, None]).T @ y + other_x.T @ other_y
        cross = estimate.from_sums(len(left), sums[0], sums[1], products)
        return estimate.fit(cross, self.pairs.r)

    def error(self, chosen: slice | NDArray[np.bool_] = slice(None)) -> float:
        """The larger chordal distance of that fit from the truth."""
        found = self.fit(chosen)
        sides = ((found.left, self.truth.left), (found.right, self.truth.right))
        return max(estimate.chordal_distance(one, other) for one, other in sides)


def _all_pairs(drawn: _Drawn) -> float:
    return drawn.error()


def _clean_pairs(drawn: _Drawn) -> float:
    return drawn.error(drawn.clean)


def _kept_share(drawn: _Drawn) -> float:
    """Algorithm 1: a teacher on one half, the KEPT share of the other half with the highest scores."""
    half = len(drawn.left) // 2
    teacher = drawn.fit(slice(half))
    x = (drawn.pairs.x @ (teacher.left * teacher.singular_values))[drawn.left]
    scores = np.einsum("ij,ij->i", x, (drawn.pairs.y @ teacher.right)[drawn.right])
    kept = scores >= np.quantile(scores[half:], 1 - KEPT)
    kept[:half] = False
    return drawn.error(kept)


def _kept_over_all(drawn: _Drawn) -> float:
    return _kept_share(drawn) / _all_pairs(drawn)


def _growth_over_all(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """How much `_kept_share` grows from eta = 1 to the given one, over how much `_all_pairs` does."""
    ratio = _on_digits(_kept_over_all)
    return ratio(values, rng) / ratio({**values, "eta": 1.0}, rng)


@lru_cache(maxsize=1)
def _digits() -> tuple[RealPairs, Trained]:
    pairs = real_pairs.digits()
    return pairs, pairs.truth


def _on_digits(
    measure: Callable[[_Drawn], float],
) -> Callable[[Mapping[str, float], np.random.Generator], float]:
    """`measure` of n pairs of digits' halves, each clean with probability eta; values n and eta."""

    def draw(values: Mapping[str, float], rng: np.random.Generator) -> float:
        n, eta = whole("n", values["n"], 4), real("eta", values["eta"], "must lie in (0, 1]")
        pairs, truth = _digits()
        return measure(_Drawn(pairs, truth, *pairs.draw_rows(eta, n, rng)))

    return draw


QUANTITIES = {
    "digits-all-pairs": _on_digits(_all_pairs),
    "digits-clean-pairs": _on_digits(_clean_pairs),
    "digits-kept-share": _on_digits(_kept_share),
    "digits-kept-over-all": _on_digits(_kept_over_all),
    "digits-growth-over-all": _growth_over_all,
}
"""Name -> function of the parameter values and a generator."""
