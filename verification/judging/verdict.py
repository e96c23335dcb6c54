"""Claim + evidence -> verdict, with the words that explain it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bounds.claim import Claim, Verdict
from verification.checks.conditions import settings_outside
from verification.checks.proved import ProofDetails
from verification.checks.scaling import ScalingDetails
from verification.statistics.evidence import Evidence, Raised, plain

TIGHT = 2.0
"""A bound that no more than this factor improves is called tight."""

MOST_SURVIVAL = 1e-3
"""A design that lets a wrong version survive more often is refused, whatever it found."""

Slack = Literal["tight", "loose"]

SLACK = (
    "how many times better the bound could be, as observed: with numbers, at every setting judged; up to a "
    "constant, at one of them, even with its best constant"
)
"""What the factor says, wherever it is explained; it has no error rate."""


@dataclass(frozen=True)
class MutantResult:
    """A wrong version of a claim and whether the claim's own design refuted it.

    `survival` is the probability, planned before drawing, that it does not; 0 where a proof, a certificate or
    a bound's formula decides.  `unstrengthened` is that of the weaker change that it was made from, where the
    forecast did not show that one to be false: near 1, as what may be true must survive.
    """

    id: str
    refuted: bool
    description: str = ""
    survival: float = 0.0
    unstrengthened: float | None = None

    @property
    def by_luck(self) -> bool:
        """Whether the design was not sure to refute it: then that it did says nothing."""
        return self.survival > MOST_SURVIVAL

    def as_dict(self) -> dict[str, Any]:
        """The fields in plain types."""
        return dict(vars(self))


@dataclass(frozen=True, repr=False)
class ClaimVerdict:
    """What a run found about one claim.

    `implied` are wrong-looking versions that follow from the claim and therefore cannot be refuted;
    `untested` are (id, why): versions that are not known to be false where the claim is judged.
    `conditional_on` are claims that this one rests on and that did not come out true themselves, `given`
    those that came out true by a weaker kind of evidence: a proof that rests on a claim that is only
    SUPPORTED is a proof given that claim.  A refutation by a witness rests on nothing.
    `left_out` checks are made by a more thorough profile only.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    mutants: tuple[MutantResult, ...] = ()
    implied: tuple[str, ...] = ()
    untested: tuple[tuple[str, str], ...] = ()
    conditional_on: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    left_out: int = 0
    repeat: str = ""
    seconds: float = 0.0

    def __repr__(self) -> str:
        expected = "as expected" if self.as_expected else f"expected {self.claim.expected}"
        return f"<ClaimVerdict {self.claim.id}: {self.verdict}, {expected}>"

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the register expects."""
        return self.verdict is self.claim.expected

    @property
    def slack_factor(self) -> float | None:
        """`SLACK`, where that was measured.

        For a bound up to a constant: its best constant serves one end of the range of error/bound over all
        families; this is how far off it is at the other end.
        """
        factors = [e.slack for e in self.evidence if e.slack is not None]
        ratios = [
            ratio
            for e in self.evidence
            if isinstance(e.details, ScalingDetails) and e.outcome == "holds"
            for ratio in e.details.median_ratio
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
    def judges_mutants(self) -> bool:
        """Whether its wrong versions say anything: not those of a claim that is undecided or false."""
        return self.verdict not in (Verdict.INCONCLUSIVE, Verdict.REFUTED)

    @property
    def survivors(self) -> tuple[MutantResult, ...]:
        """Wrong versions that the design failed to refute, or would fail to often enough.

        None where it did not find the claim itself to hold.
        """
        if not self.judges_mutants:
            return ()
        return tuple(m for m in self.mutants if not m.refuted or m.by_luck)

    @property
    def survival(self) -> float:
        """The planned probability that one of the wrong versions survives, at most."""
        return min(1.0, sum(m.survival for m in self.mutants))

    @property
    def mutants_refuted(self) -> str:
        """Wrong versions refuted, "3/4"; empty without any, "not judged" of a claim that does not hold."""
        if self.mutants and not self.judges_mutants:
            return "not judged"
        return f"{len(self.mutants) - len(self.survivors)}/{len(self.mutants)}" if self.mutants else ""

    @property
    def leaves_probability_open(self) -> bool:
        """Whether the claim holds with a stated probability and nothing that was checked looked at it."""
        stated = self.claim.probability is not None and self.verdict is Verdict.SUPPORTED
        return stated and not any(e.kind in ("tail", "law") for e in self.evidence)

    @property
    def failure(self) -> str | None:
        """Why this claim fails the run, in one line; None if it does not."""
        reasons = []
        if not self.as_expected:
            reasons.append(f"expected {self.claim.expected}, found {self.verdict}")
        if left := [m.id for m in self.survivors if not m.refuted]:
            reasons.append(f"wrong versions not refuted: {', '.join(left)}")
        if lucky := [f"{m.id} ({m.survival:.1g})" for m in self.survivors if m.refuted]:
            reasons.append(f"wrong versions refuted by luck (probability to survive): {', '.join(lucky)}")
        return "; ".join(reasons) or None

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
        failing = [e for e in sorted(self.evidence, key=_rank) if e.outcome == "fails"]
        commands = [str(e.witness["command"]) for e in failing if e.witness and "command" in e.witness]
        if not commands:
            return None
        command = commands[0]
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
            "given": list(self.given),
            "left_out": self.left_out,
            "repeat": self.repeat,
            "seconds": self.seconds,
        }


def decide(evidence: Sequence[Evidence]) -> Verdict:
    """One failed check refutes, one undecided leaves inconclusive, else the weakest kind names it.

    Where a rate is loose in one parameter (in n, say), growth along another may prove nothing: a condition
    ties the two, or the growth ends where the error is as large as any, unless there are more pairs.
    """
    outcomes = {
        "undecided" if e.outcome == "fails" and _made_up(e, evidence) else e.outcome for e in evidence
    }
    if "fails" in outcomes:
        return Verdict.REFUTED
    if "undecided" in outcomes or not evidence:
        return Verdict.INCONCLUSIVE
    kinds = {e.kind for e in evidence}
    if kinds == {"proof"}:
        return Verdict.PROVED
    return Verdict.CERTIFIED if kinds <= {"proof", "certificate"} else Verdict.SUPPORTED


def _made_up(growth: Evidence, evidence: Sequence[Evidence]) -> bool:
    """Whether the room that a rate leaves in other parameters may make up for its growth in one.

    Where those must move with it for the growth to go on, and the rate is shown to be loose in them.
    """
    if not isinstance(growth.details, ScalingDetails) or growth.interval is None:
        return False
    least = min(map(abs, growth.interval))
    room = sum(
        abs(power) * max((_room(e, power) for e in evidence if _about(e) == name), default=0.0)
        for name, power in growth.details.asked.items()
    )
    return room > 0 and growth.threshold is not None and least - room <= growth.threshold


def _about(evidence: Evidence) -> str | None:
    return evidence.details.parameter if isinstance(evidence.details, ScalingDetails) else None


def _room(evidence: Evidence, way: float) -> float:
    """The power by which the ratio may move from breaking as the parameter goes a way; 0 if not surely."""
    details = evidence.details
    assert isinstance(details, ScalingDetails)
    if evidence.interval is None or not details.values:
        return 0.0
    # An interval of one side is that of the movement against the claim along the family.
    forwards = math.copysign(1.0, details.values[-1] - details.values[0])
    sign = math.copysign(1.0, way) * (details.against if details.two_sided else forwards)
    low, high = sorted(sign * end for end in evidence.interval)
    return -low if high < 0 else 0.0


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
    if isinstance(decisive.details, Raised):
        opening = "Not decided, as the claim's own code raised an error"
    elif verdict.verdict is Verdict.INCONCLUSIVE and decisive.kind == "proof":
        opening = "Not decided: the proof does not give the claim"
    elif verdict.verdict is Verdict.INCONCLUSIVE and decisive.kind == "certificate":
        opening = "Not decided"
    return "; ".join([*_measured(decisive, opening), *_notes(verdict, decisive)]) + "."


def _measured(decisive: Evidence, opening: str) -> list[str]:
    """What the check that decides found, and how sure it is."""
    parts = [f"{opening}: {decisive.statement}"]
    if decisive.estimate is not None:
        parts[0] += f" ({decisive.details.estimated} {decisive.estimate:.3g}{_interval(decisive)}"
        parts[0] += f", allowed {decisive.threshold:g})" if decisive.threshold is not None else ")"
    if decisive.replicates:
        parts.append(
            f"{decisive.replicates} replicates, seed {decisive.seed}, false alarm at most "
            f"{decisive.false_alarm:.1g}"
        )
    return parts


def _notes(verdict: ClaimVerdict, decisive: Evidence) -> list[str]:
    """What else a reader must know of a verdict."""
    parts = []
    if verdict.verdict is Verdict.INCONCLUSIVE and _goes_astray(decisive):
        parts.append("that refutes no claim: to refute it, let the proof yield an `instance` that breaks it")
    if verdict.slack == "loose":
        open_constant = "at a setting judged, even with its best constant"
        where = open_constant if verdict.claim.up_to_constant else "at every setting judged"
        parts.append(f"as observed, the bound could be {verdict.slack_factor:.3g} times better {where}")
    if decisive.witness and "setting" in decisive.witness:
        place = ", ".join(f"{k} = {v:g}" for k, v in decisive.witness["setting"].items())
        parts.append(f"witness: {place}{_drawn(decisive.witness)}")
    if verdict.leaves_probability_open:
        parts.append("judged by medians: the verdict does not cover the stated probability")
    if outside := settings_outside(verdict.claim):
        more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
        parts.append(f"not judged, being outside the conditions: {', '.join(outside[:3])}{more}")
    if verdict.left_out:
        more = "check" if verdict.left_out == 1 else "checks"
        parts.append(f"{verdict.left_out} more {more} in a more thorough profile")
    if verdict.given:
        parts.append(f"given {', '.join(verdict.given)} (only SUPPORTED)")
    if verdict.conditional_on:
        parts.append(f"conditional on {', '.join(verdict.conditional_on)}")
    return parts


def _goes_astray(evidence: Evidence) -> bool:
    """Whether a step of a proof is false, which is no counterexample to the claim."""
    return isinstance(evidence.details, ProofDetails) and any(
        step.truth is False for step in evidence.details.steps
    )


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
    return min(verdict.evidence, key=_rank, default=None)


def _rank(evidence: Evidence) -> tuple[int, int, float]:
    """Sorts a claim's checks by how much they decide; an exact failure comes before a drawn one."""
    order = {"fails": 0, "undecided": 1, "holds": 2}[evidence.outcome]
    exactness = {"certificate": 1, "proof": 2}.get(evidence.kind, 0)
    return order, -exactness if evidence.outcome == "fails" else exactness, _closeness(evidence)


def _closeness(evidence: Evidence) -> float:
    if evidence.estimate is None or not evidence.threshold or not math.isfinite(evidence.estimate):
        return 0.0
    ratio = evidence.estimate / evidence.threshold
    # Movement in the harmless direction is far from a one-sided limit.
    one_sided = isinstance(evidence.details, ScalingDetails) and not evidence.details.two_sided
    return -(ratio if one_sided else abs(ratio))


EXACT = (Verdict.PROVED, Verdict.CERTIFIED)
TRUE = (*EXACT, Verdict.SUPPORTED)


def conditions(
    claims: Iterable[Claim], verdicts: Mapping[str, Verdict]
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each claim what it rests on, at any depth: what did not come out true, what is only SUPPORTED.

    The second is empty for a claim that is no more than SUPPORTED itself, and both are for one that is
    REFUTED: its witness needs no other claim.  A claim that was not judged in the run is not held
    against those that rest on it.  A refuted claim whose correction came out true is named all the same:
    what rests on it must be re-read.
    """
    by_id = {claim.id: claim for claim in claims}
    found: dict[str, tuple[str, ...]] = {}

    def below(claim_id: str) -> tuple[str, ...]:
        if claim_id not in found:
            found[claim_id] = ()  # the register has no cycles; this only guards a broken one
            reached: dict[str, None] = {}
            for rest in by_id[claim_id].depends_on if claim_id in by_id else ():
                reached |= {rest: None, **dict.fromkeys(below(rest))}
            found[claim_id] = tuple(reached)
        return found[claim_id]

    def told(claim_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        own = verdicts.get(claim_id)
        judged = [rest for rest in below(claim_id) if rest in verdicts and own is not Verdict.REFUTED]
        weaker = [r for r in judged if verdicts[r] is Verdict.SUPPORTED and own in EXACT]
        return tuple(r for r in judged if verdicts[r] not in TRUE), tuple(weaker)

    return {claim_id: told(claim_id) for claim_id in by_id}


def falling(claim_id: str, claims: Iterable[Claim]) -> tuple[str, ...]:
    """The claims that would rest on a refuted one if this one were refuted.

    By the verdicts that the project stands for, at any depth.  A refuted claim stands by its own witness.
    """
    claims = tuple(claims)
    today = {claim.id: claim.expected for claim in claims}
    after = conditions(claims, {**today, claim_id: Verdict.REFUTED})
    return tuple(i for i, (doubts, _) in after.items() if claim_id in doubts and i != claim_id)
