"""What a thorough run makes of mistakes injected into its claims: exact ones and those that draws judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bounds.claim import Claim, Verdict
from verification.judging import injected, injected_kinds, injected_sampled
from verification.judging.injected_sampled import ENOUGH

MANY = 100
"""So many false ones tell a share; of a few claims' mistakes one may be beyond what their checks can see."""


@dataclass(frozen=True)
class Benchmark:
    """Mistakes known to be false and how many of them were refuted; true ones, and those refuted wrongly.

    `missed` and `false_alarms` say which: "claim, kind: statement".
    """

    false: int
    refuted: int
    true: int
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether, of MANY or more, enough of what is false was refuted, and next to nothing that is true."""
        enough = self.false < MANY or self.refuted >= ENOUGH * self.false
        return enough and (self.true < MANY or len(self.false_alarms) <= (1 - ENOUGH) / 5 * self.true)

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        return {**asdict(self), "missed": list(self.missed), "false_alarms": list(self.false_alarms)}

    def __str__(self) -> str:
        alarms = len(self.false_alarms)
        return (
            f"Mistakes injected into the claims: {self.refuted} of {self.false} false ones refuted, "
            f"{alarms} of {self.true} true ones."
        )


def benchmark(claims: Sequence[Claim], budget: Sequence[Claim], each: int, seed: int, jobs: int) -> Benchmark:
    """So many mistakes of each kind in each of the claims, judged; the result does not depend on `jobs`."""
    kinds = len(injected_kinds.INJECTORS)
    found = [
        (one.mistake.truth, one.verdict, said(one.mistake))
        for one in injected.study(claims, kinds * each, seed)
    ]
    found += [
        (one.mistake.known.truth, one.verdict, said(one.mistake))
        for one in injected_sampled.study(claims, budget, each, seed, jobs)
    ]
    false = [(verdict, words) for truth, verdict, words in found if truth == "false"]
    true = [(verdict, words) for truth, verdict, words in found if truth == "true"]
    return Benchmark(
        false=len(false),
        refuted=sum(verdict is Verdict.REFUTED for verdict, _ in false),
        true=len(true),
        missed=tuple(words for verdict, words in false if verdict is not Verdict.REFUTED),
        false_alarms=tuple(words for verdict, words in true if verdict is Verdict.REFUTED),
    )


def said(mistake: injected.Mistake | injected_sampled.SampledMistake) -> str:
    """A mistake in words."""
    stated = mistake.stated
    given = f" given {', '.join(map(str, stated.conditions))}" if stated.conditions else ""
    return f"{mistake.claim}, {mistake.kind}: {stated.relation} {stated.bound}{given}"
