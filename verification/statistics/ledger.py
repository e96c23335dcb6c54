"""One false-alarm budget for a run, split over all its checks before any sampling.

The chance that any check fails whose judged statement is true is at most the sum of the shares (union
bound), whatever the dependence between checks.  A share that was not needed stays unspent; those of
proofs, certificates and searches, which raise no false alarm, always do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from verification.errors import InvalidArgument


class Ledger:
    """Shares of `alpha` in proportion to the weights of the named checks.

    Add every check, `seal`, then let each check take its share, once.  After sealing nothing can
    be added; a share never depends on what any check found.  Raises InvalidArgument on wrong use.
    """

    def __init__(self, alpha: float, weights: Mapping[str, float] | None = None) -> None:
        if not 0 < alpha < 1:
            raise InvalidArgument("alpha", alpha, "must lie in (0, 1)")
        self._alpha = float(alpha)
        self._weights: dict[str, float] = {}
        self._shares: dict[str, float] | None = None
        self._taken: set[str] = set()
        for name, weight in (weights or {}).items():
            self.add(name, weight)

    @property
    def alpha(self) -> float:
        """The run's total false-alarm probability."""
        return self._alpha

    @property
    def sealed(self) -> bool:
        """Whether the split is final."""
        return self._shares is not None

    def add(self, name: str, weight: float = 1.0) -> None:
        """Enter a check; its share is alpha * weight / (sum of all weights)."""
        if self._shares is not None:
            raise InvalidArgument("name", name, "cannot enter a sealed ledger")
        if name in self._weights:
            raise InvalidArgument("name", name, "must be entered once")
        if not (weight > 0 and math.isfinite(weight)):
            raise InvalidArgument("weight", weight, "must be positive and finite")
        self._weights[name] = float(weight)

    def seal(self) -> Ledger:
        """Make the split final; returns the ledger."""
        if self._shares is not None:
            raise InvalidArgument("ledger", "sealed", "can be sealed once")
        if not self._weights:
            raise InvalidArgument("ledger", "empty", "needs at least one check")
        total = sum(map(Fraction, self._weights.values()))
        self._shares = {
            name: _rounded_down(Fraction(self._alpha) * Fraction(weight) / total)
            for name, weight in self._weights.items()
        }
        return self

    def share(self, name: str) -> float:
        """Take the share of `name`; it is spent and cannot be taken again."""
        share = self.planned(name)
        if name in self._taken:
            raise InvalidArgument("name", name, "has already taken its share")
        self._taken.add(name)
        return share

    def planned(self, name: str) -> float:
        """The share of `name` without taking it, for planning and display."""
        if self._shares is None:
            raise InvalidArgument("ledger", "open", "must be sealed before a share is known")
        if name not in self._shares:
            raise InvalidArgument("name", name, "must be a check in the ledger")
        return self._shares[name]

    def rows(self) -> list[tuple[str, float, float, bool]]:
        """(check, weight, share, taken) in the order of entry: the ledger as a table."""
        return [
            (name, weight, self.planned(name), name in self._taken) for name, weight in self._weights.items()
        ]

    def as_dict(self) -> dict[str, Any]:
        """The ledger in plain types."""
        checks = [
            {"check": name, "weight": weight, "share": share, "taken": taken}
            for name, weight, share, taken in self.rows()
        ]
        return {"alpha": self._alpha, "checks": checks}

    def __len__(self) -> int:
        return len(self._weights)

    def __contains__(self, name: object) -> bool:
        return name in self._weights


def _rounded_down(exact: Fraction) -> float:
    """The largest float that is at most `exact` > 0: sums of shares never pass the budget."""
    near = float(exact)
    return near if Fraction(near) <= exact else math.nextafter(near, 0.0)
