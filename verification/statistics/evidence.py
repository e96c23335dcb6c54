"""What a check found: one record for every kind of check, in types that JSON has.

A kind of check adds what only it knows as `Details` of its own (`verification.checks`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from verification.errors import InvalidArgument, real

Kind = Literal["tail", "scaling", "mean", "law", "proof", "certificate", "search"]
Outcome = Literal["holds", "fails", "undecided"]
Interval = tuple[float, float]


def plain(value: Any) -> Any:
    """`value` in types that JSON has: NumPy scalars and arrays unpacked, tuples as lists.

    JSON has no infinities: a float that is not finite becomes "inf", "-inf" or "nan".
    """
    if type(value).__module__ == "numpy":  # asked without importing it
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


@dataclass(frozen=True)
class Record:
    """Named fields that a document shows under their names."""

    def as_dict(self) -> dict[str, Any]:
        """The fields in plain types, ready for `json.dumps`."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True)
class Power(Record):
    """What a check would have noticed: the smallest violation found with probability >= 1 - beta.

    `smallest` is on the scale that `meaning` names; `replicates` is how many that takes.
    """

    smallest: float
    meaning: str
    replicates: int
    beta: float


@dataclass(frozen=True)
class Details(Record):
    """What a check found beyond its one number; of a check that found nothing, nothing.

    Each kind of check has a record of its own.
    """

    @property
    def estimated(self) -> str:
        """What the estimate is: with an interval it is measured, an extreme of what was drawn is observed."""
        return "measured"

    def at_settings(self) -> Sequence[tuple[Mapping[str, float], Mapping[str, Any]]]:
        """(setting, what was found there by name), for every setting judged."""
        return ()


class CellDetails(Details):
    """Details of a kind that has a record for each setting judged, under `cells`."""

    cells: tuple[Any, ...]

    def at_settings(self) -> Sequence[tuple[Mapping[str, float], Mapping[str, Any]]]:
        """(setting, what was found there by name), for every setting judged."""
        return [(cell.setting, vars(cell)) for cell in self.cells]


@dataclass(frozen=True)
class Raised(Details):
    """The error of a claim's own code: nothing was decided, and no budget was spent on it."""

    error: str


@dataclass(frozen=True)
class Evidence(Record):
    """The outcome of one check, with everything needed to judge and to repeat it.

    "holds" and "fails" are decisions with error rates `power.beta` and `false_alarm` (the share
    of the run's budget that this check spent); "undecided" is neither.  `interval` covers the
    quantity that `estimate` estimates, None where that is only observed; `threshold` is what it was
    held against.  `witness` names a setting, a replicate with its own value and a command that draws
    it again.  `slack` is the factor by which the bound could be improved at the setting judged, as
    observed, None where that was not measured.  `details` are those of its kind of check.
    """

    kind: Kind
    statement: str
    outcome: Outcome
    estimate: float | None = None
    interval: Interval | None = None
    threshold: float | None = None
    false_alarm: float = 0.0
    power: Power | None = None
    replicates: int = 0
    seed: int | None = None
    witness: Mapping[str, Any] | None = None
    slack: float | None = None
    details: Details = Details()


def probability(argument: str, value: float, *, zero: bool = False) -> float:
    """`value` if it lies in (0, 1) (in [0, 1) with `zero`); raises InvalidArgument otherwise."""
    allowed = f"must lie in {'[' if zero else '('}0, 1)"
    number = real(argument, value, allowed)
    if not (0 < number < 1 or (zero and number == 0)):
        raise InvalidArgument(argument, value, allowed)
    return number
