"""Claim + evidence -> verdict, with the words that explain it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

from bounds.claim import Claim, Verdict
from verification.statistics.tail import Evidence, plain

TIGHT = 2.0
"""A bound that no more than this factor improves is called tight."""

Slack = Literal["tight", "loose"]


@dataclass(frozen=True)
class MutantResult:
    """A wrong version of a claim and whether the claim's own design refuted it."""

    id: str
    refuted: bool
    description: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The fields in plain types."""
        return dict(vars(self))


@dataclass(frozen=True)
class ClaimVerdict:
    """What a run found about one claim.

    `implied` are wrong-looking versions that follow from the claim and therefore cannot be refuted;
    `untested` are (id, why): versions that are not known to be false where the claim is judged.
    `conditional_on` are claims that this one rests on and that did not come out true themselves;
    `left_out` checks are made by a more thorough profile only.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    mutants: tuple[MutantResult, ...] = ()
    implied: tuple[str, ...] = ()
    untested: tuple[tuple[str, str], ...] = ()
    conditional_on: tuple[str, ...] = ()
    left_out: int = 0
    repeat: str = ""
    seconds: float = 0.0

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the register expects."""
        return self.verdict is self.claim.expected

    @property
    def slack_factor(self) -> float | None:
        """How far the bound is from the truth, where that was measured: as observed, without an error rate.

        For a bound with numbers: the factor by which it could be improved at every setting judged.  For
        a bound up to a constant: its best constant serves one end of the range of error/bound over all
        families; this is how far off it is at the other end.
        """
        factors = [e.slack for e in self.evidence if e.slack is not None]
        ratios = [
            ratio
            for e in self.evidence
            if e.kind == "scaling" and e.outcome == "holds"
            for ratio in e.details["median_ratio"]
        ]
        if ratios and min(ratios) > 0 and self.claim.up_to_constant:
            factors.append(max(ratios) / min(ratios))
        return max(factors) if factors else None

    @property
    def slack(self) -> Slack | None:
        """ "tight" or "loose", where a factor was measured."""
        factor = self.slack_factor
        if factor is None or self.verdict is Verdict.REFUTED:
            return None
        return "tight" if factor <= TIGHT else "loose"

    @property
    def survivors(self) -> tuple[MutantResult, ...]:
        """Wrong versions that the design failed to refute; none where it did not decide the claim itself."""
        if self.verdict is Verdict.INCONCLUSIVE:
            return ()
        return tuple(m for m in self.mutants if not m.refuted)

    @property
    def message(self) -> str:
        """The verdict in words, and on a line of its own the command that draws a witness again."""
        return explain(self)

    @property
    def words(self) -> str:
        """The message without the command."""
        return _words(self)

    @property
    def draw_again(self) -> str | None:
        """The command that draws the witness of a refutation again; None without a random witness.

        A quantity that no command draws alone is drawn by judging the claim again.
        """
        decisive = _decisive(self)
        if decisive is None or decisive.outcome != "fails" or "command" not in (decisive.witness or {}):
            return None
        command = str((decisive.witness or {})["command"])
        return command if command.startswith("filtergain ") else self.repeat or None

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object of one claim."""
        return {
            "id": self.claim.id,
            "title": self.claim.title,
            "source": self.claim.source,
            "bound": None if self.claim.bound is None else str(self.claim.bound),
            "variant": self.claim.variant,
            "verdict": str(self.verdict),
            "expected": str(self.claim.expected),
            "slack": self.slack,
            "slack_factor": plain(self.slack_factor),
            "message": self.message,
            "evidence": [e.as_dict() for e in self.evidence],
            "mutants": [m.as_dict() for m in self.mutants],
            "implied": list(self.implied),
            "untested": [{"id": name, "reason": reason} for name, reason in self.untested],
            "conditional_on": list(self.conditional_on),
            "left_out": self.left_out,
            "repeat": self.repeat,
            "seconds": self.seconds,
        }


def decide(evidence: Sequence[Evidence]) -> Verdict:
    """One failed check refutes, one undecided leaves inconclusive, else the weakest kind names it."""
    outcomes = {e.outcome for e in evidence}
    if "fails" in outcomes:
        return Verdict.REFUTED
    if "undecided" in outcomes or not evidence:
        return Verdict.INCONCLUSIVE
    kinds = {e.kind for e in evidence}
    if kinds == {"proof"}:
        return Verdict.PROVED
    return Verdict.CERTIFIED if kinds <= {"proof", "certificate"} else Verdict.SUPPORTED


def explain(verdict: ClaimVerdict) -> str:
    """Two or three sentences: the outcome, the deciding check with its numbers, the witness.

    For a statistical refutation a second line has the command that draws the witness again.
    """
    again = verdict.draw_again
    return verdict.words + (f"\ndraw the witness again: {again}" if again else "")


def _words(verdict: ClaimVerdict) -> str:
    decisive = _decisive(verdict)
    if decisive is None:
        return "Nothing was checked."
    opening = {
        Verdict.PROVED: "Proved",
        Verdict.CERTIFIED: "Certified",
        Verdict.SUPPORTED: "Every check holds",
        Verdict.REFUTED: "Refuted",
        Verdict.INCONCLUSIVE: "Not decided within the budget",
    }[verdict.verdict]
    parts = [f"{opening}: {decisive.statement}"]
    if decisive.estimate is not None:
        parts[0] += f" ({measured_as(decisive)} {decisive.estimate:.3g}{_interval(decisive)}"
        parts[0] += f", allowed {decisive.threshold:g})" if decisive.threshold is not None else ")"
    if decisive.replicates:
        parts.append(
            f"{decisive.replicates} replicates, seed {decisive.seed}, false alarm at most "
            f"{decisive.false_alarm:.1g}"
        )
    if verdict.slack == "loose":
        where = "at some settings" if verdict.claim.up_to_constant else "at every setting judged"
        parts.append(
            f"as observed, the bound could be improved by a factor {verdict.slack_factor:.3g} {where}"
        )
    if decisive.witness and "setting" in decisive.witness:
        place = ", ".join(f"{k} = {v:g}" for k, v in decisive.witness["setting"].items())
        parts.append(f"witness: {place}{_drawn(decisive.witness)}")
    if verdict.left_out:
        more = "check" if verdict.left_out == 1 else "checks"
        parts.append(f"{verdict.left_out} more {more} in a more thorough profile")
    if verdict.conditional_on:
        parts.append(f"conditional on {', '.join(verdict.conditional_on)}")
    return "; ".join(parts) + "."


MEASURED_AS: Mapping[str, str] = {
    "scaling": "log-log slope of error/bound measured",
    "mean": "relative difference measured",
    "law": "Kolmogorov distance measured",
    "search": "largest ratio observed",
    "certificate": "smallest margin enclosed",
}
"""What an estimate is, by the kind of its evidence; a check that knows better says so in its details."""


def measured_as(evidence: Evidence) -> str:
    """What the estimate is: with an interval it is measured, a mere extreme of what was drawn is observed."""
    return str(evidence.details.get("measured_as", MEASURED_AS.get(evidence.kind, "measured")))


def interval_of(evidence: Evidence) -> str:
    """What the interval of the evidence is about: the estimate, except for a certificate."""
    return "best constant" if evidence.kind == "certificate" else "interval"


def _drawn(witness: Mapping[str, Any]) -> str:
    """The replicate of a witness and its own number."""
    if "replicate" not in witness:
        return ""
    ratio = f", {witness['ratio']:.4g} times the bound" if "ratio" in witness else ""
    return f", where replicate {witness['replicate']} is {witness['value']:.6g}{ratio}"


def _interval(evidence: Evidence) -> str:
    if evidence.interval is None:
        return ""
    about = f", {interval_of(evidence)}" if evidence.kind == "certificate" else ""
    return f"{about} in [{evidence.interval[0]:.3g}, {evidence.interval[1]:.3g}]"


def _decisive(verdict: ClaimVerdict) -> Evidence | None:
    """The check that decided: a failure, else a doubt, else of the weakest kind the nearest to its limit."""
    order = {"fails": 0, "undecided": 1, "holds": 2}
    exactness = {"certificate": 1, "proof": 2}

    def closeness(evidence: Evidence) -> float:
        if evidence.estimate is None or not evidence.threshold or not math.isfinite(evidence.estimate):
            return 0.0
        ratio = evidence.estimate / evidence.threshold
        # Movement in the harmless direction is far from a one-sided limit.
        return -(abs(ratio) if evidence.details.get("two_sided", True) else ratio)

    def rank(evidence: Evidence) -> tuple[int, int, float]:
        return order[evidence.outcome], exactness.get(evidence.kind, 0), closeness(evidence)

    return min(verdict.evidence, key=rank, default=None)


TRUE = (Verdict.PROVED, Verdict.CERTIFIED, Verdict.SUPPORTED)


def conditions(claims: Iterable[Claim], verdicts: Mapping[str, Verdict]) -> dict[str, tuple[str, ...]]:
    """For each claim, the claims it rests on, at any depth, that did not come out true.

    A claim that was not judged in the run is not held against those that rest on it.  A refuted
    claim whose correction came out true is named all the same: what rests on it must be re-read.
    """
    by_id = {claim.id: claim for claim in claims}
    found: dict[str, tuple[str, ...]] = {}

    def visit(claim_id: str) -> tuple[str, ...]:
        if claim_id not in found:
            found[claim_id] = ()  # the register has no cycles; this only guards a broken one
            doubts: dict[str, None] = {}
            for rest in by_id[claim_id].depends_on if claim_id in by_id else ():
                if rest in verdicts and verdicts[rest] not in TRUE:
                    doubts[rest] = None
                doubts |= dict.fromkeys(visit(rest))
            found[claim_id] = tuple(doubts)
        return found[claim_id]

    return {claim_id: visit(claim_id) for claim_id in by_id}


@dataclass(frozen=True)
class Verdicts(Sequence[ClaimVerdict]):
    """The verdicts of a run, in the register's order; displays as a table."""

    items: tuple[ClaimVerdict, ...]
    profile: str
    alpha: float
    seed: int
    ledger: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: float
    errors_survived: int = 0

    @overload
    def __getitem__(self, index: int) -> ClaimVerdict: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ClaimVerdict, ...]: ...
    def __getitem__(self, index: int | slice) -> ClaimVerdict | tuple[ClaimVerdict, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[ClaimVerdict]:
        return iter(self.items)

    @property
    def exit_status(self) -> int:
        """0 all as expected; 1 a verdict differs or a mutant survived; 3 only doubts remain."""
        bad = [v for v in self if not v.as_expected or v.survivors]
        if any(v.verdict is not Verdict.INCONCLUSIVE for v in bad):
            return 1
        return 3 if bad else 0

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object of a run."""
        return {
            "schema": 1,
            "alpha": self.alpha,
            "seed": self.seed,
            "profile": self.profile,
            "versions": dict(self.versions),
            "claims": [v.as_dict() for v in self],
            "ledger": dict(self.ledger),
            "errors_survived": self.errors_survived,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        from verification.judging.table import render

        return render(self)

    def _repr_html_(self) -> str:
        from verification.judging.table import render_html

        return render_html(self)
