"""Cells: what has replicates.

A cell is everything that fixes a law and its random streams: setting, procedure, engine and seed, or
a registered quantity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verification import simulation
from verification.errors import InvalidArgument, one_of, whole
from verification.setting import Procedure, Setting

if TYPE_CHECKING:
    from verification.quantities import registry

PLACEHOLDER = -1e300
"""Theta of a procedure whose threshold is still to be found: no score is as low."""


@dataclass(frozen=True, order=True)
class ErrorCell:
    """The error of a procedure in a setting.

    With `best`, theta is the sharp law's best one; it is PLACEHOLDER until `with_best_threshold` finds it.
    Raises InvalidArgument.
    """

    setting: Setting
    procedure: Procedure
    engine: str = "exact"
    seed: int = 0
    best: bool = False

    def __post_init__(self) -> None:
        one_of("engine", self.engine, simulation.ENGINES)
        if self.engine not in simulation.engines_of(self.procedure):
            raise InvalidArgument("engine", self.engine, "must be direct for the weighted estimator")
        whole("seed", self.seed, 0, 2**63 - 1)
        self.procedure.sizes(self.setting.n)
        if self.best and self.procedure.estimator != "teacher-filtered":
            raise InvalidArgument("theta", "best", "is known for the teacher-filtered estimator only")

    @property
    def identity(self) -> tuple[str, str, str, int, int]:
        """What tells cells apart, as text and numbers.

        A best threshold is named there, not valued: its last bits may change with the library that
        finds it, and the cell is still the same.
        """
        procedure = self.procedure.key
        if self.best:
            procedure = procedure.replace(f"theta={self.procedure.theta!r},", "theta='best',", 1)
        return self.setting.key, procedure, self.engine, self.seed, int(self.best)

    def draw(self, indices: Sequence[int]) -> Sequence[Any]:
        """A Draw or an exception for each replicate."""
        scales = simulation.engine_scales(self.setting, self.procedure)
        return simulation.replicates(self.setting, self.procedure, self.engine, self.seed, indices, scales)


@dataclass(frozen=True)
class QuantityCell:
    """Another random number than an error, by its registered name, at one point."""

    quantity: registry.Cell
    seed: int = 0

    @property
    def identity(self) -> tuple[str, str, str, int, int]:
        """What tells cells apart; the text of a module of one's own is part of it."""
        engine = "quantity"
        if self.quantity.module is not None:
            text = Path(self.quantity.module).read_bytes()
            engine += ":" + hashlib.sha256(text).hexdigest()[:16]
        procedures = "|".join(procedure.key for procedure in self.quantity.procedures)
        return self.quantity.key, procedures, engine, self.seed, 0

    def draw(self, indices: Sequence[int]) -> Sequence[Any]:
        """A number for each replicate."""
        from verification.quantities import registry

        return list(registry.draw(self.quantity, self.seed, indices))


AnyCell = ErrorCell | QuantityCell


def with_best_threshold(cell: ErrorCell) -> ErrorCell:
    """The cell with its best threshold (of the sharp law) in place of the placeholder, if it has one."""
    if not cell.best or cell.procedure.theta != PLACEHOLDER:
        return cell
    from verification.prediction import advice

    p = cell.procedure
    found = advice.best_threshold(cell.setting, rounds=p.rounds, teacher_n=p.teacher_n, student_n=p.student_n)
    return replace(cell, procedure=replace(p, theta=float(found.theta)))
