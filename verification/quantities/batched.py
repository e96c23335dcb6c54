"""Quantities that are drawn for many replicates at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from verification.engines.estimate import Array


@dataclass(frozen=True)
class Batched:
    """A function of a place and a sequence of generators, with a number for each of these.

    Each number depends on its own generator alone.  Called with one generator, as any quantity is,
    it gives that one's number.  `takes` names values of the point beside the setting's own that the
    function is handed, by keyword.
    """

    many: Callable[..., Array]
    takes: tuple[str, ...] = ()

    def __call__(self, place: Any, rng: np.random.Generator, **values: float) -> float:
        """The number of one generator."""
        return float(self.many(place, [rng], **values)[0])
