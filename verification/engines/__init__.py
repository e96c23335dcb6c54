"""Engines draw the errors of a procedure in a setting.

`direct` does what the paper prints; `exact` has the same law at a fraction of the cost.  No engine
imports a bound: a simulator that knew the answer could lean on it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Draw:
    """One replicate: both chordal distances, what was kept, and the fit's singular values.

    `kept` of `scored` pairs passed the (last) filter; both are None without a filter.
    `singular_values` are the leading r of the (last) cross-covariance.
    """

    left: float
    right: float
    singular_values: tuple[float, ...]
    kept: int | None = None
    scored: int | None = None

    @property
    def error(self) -> float:
        """ERR of Eq. 4: the larger of the two."""
        return max(self.left, self.right)

    @property
    def retained(self) -> float | None:
        """The share of the scored pairs that was kept."""
        if self.kept is None or self.scored is None:
            return None
        return self.kept / self.scored
