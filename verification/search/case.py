"""The worst setting that a search found for a claim."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bounds.claim import Claim, Verdict
from verification.errors import InvalidArgument
from verification.statistics.evidence import Interval, plain

SCHEMA = 1


@dataclass(frozen=True)
class Case:
    """The worst setting found for a claim, judged by `replicates` draws of `seed` that chose nothing.

    `ratio` is the quantile `share` of the quantity over the bound (bound over quantile for a lower
    bound), `interval` covers it with probability 1 - alpha.  `exceedances` of the replicates broke
    the bound; `breaks` says that more do than the claim allows, with the same confidence.  A bound up
    to a constant cannot break at one setting: its ratio is a lower bound for that constant.  But a claim
    that some threshold exists is measured by the smallest error over the thresholds tried, which is an
    upper bound for that of the best one: its ratio bounds the constant at these `thresholds` only.
    `procedures` are the estimators drawn, so that a claim that comes to measure others still replays.
    `guide` is what the first-order law expects; `repeat` repeats the draws, `command` the search.
    `searches` counts those that the file of the case has seen.
    """

    claim: str
    setting: dict[str, float]
    quantity: str
    procedures: tuple[dict[str, Any], ...]
    share: float
    ratio: float
    interval: Interval
    exceedances: int
    breaks: bool
    replicates: int
    alpha: float
    seed: int
    evaluations: int
    guide: float | None
    command: str
    repeat: str
    schema: int = SCHEMA
    searches: int = 1

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds over which the smallest error was taken; empty where it is of one procedure."""
        several = self.quantity == "error" and len(self.procedures) > 1
        return tuple(p["theta"] for p in self.procedures if p["theta"] is not None) if several else ()

    def as_dict(self) -> dict[str, Any]:
        """The fields in plain types."""
        return {name: plain(value) for name, value in asdict(self).items()}


def expected(case: Case, claim: Claim) -> bool:
    """Whether the case is in keeping with the verdict that the register expects."""
    return not case.breaks or claim.expected is Verdict.REFUTED


def load(path: Path) -> Case:
    """A stored case; raises InvalidArgument where the file is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values["interval"] = tuple(float(x) for x in values["interval"])
        # JSON has no infinities: -inf, the threshold that keeps every pair, is text there.
        values["procedures"] = tuple(
            {k: float(v) if k == "theta" and v is not None else v for k, v in procedure.items()}
            for procedure in values["procedures"]
        )
        values["setting"] = {k: float(v) if isinstance(v, str) else v for k, v in values["setting"].items()}
        case = Case(**values)
    except (ValueError, TypeError, KeyError) as problem:
        raise InvalidArgument("case", str(path), f"must hold a stored case ({problem})") from None
    if case.schema != SCHEMA:
        raise InvalidArgument("case", str(path), f"must have schema {SCHEMA}")
    return case
