"""Proofs and certificates: decided without a draw, by SymPy or in ball arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bounds import precision
from bounds.checks import Compared, Quoted
from bounds.claim import Certificate, Claim, Proof, Step
from bounds.proof import trace
from bounds.proof.undecided import Undecided
from verification.checks.judge import Samples, counted, judge_check
from verification.checks.plan import Plan, Profile, plan_check
from verification.statistics.evidence import Details, Evidence, Outcome, plain

PROOF_BITS, PROOF_DIGITS = 53, 15
"""What ball arithmetic and mpmath start with: proofs that set no precision of their own get it from here."""

LONGEST_SHOWN = 100
"""Characters of a failing step's two sides that a verdict's words have room for."""


@dataclass(frozen=True)
class ProofDetails(Details):
    """The steps of a derivation, as SymPy decided them."""

    steps: tuple[Step, ...]

    def as_dict(self) -> dict[str, Any]:
        """Every step with what it says, whether it is true, and what was decided."""
        return {
            "steps": [
                plain({"statement": s.statement, "truth": s.truth, "shown": s.shown}) for s in self.steps
            ]
        }


@dataclass(frozen=True)
class CertificateDetails(Details):
    """What was enclosed: over which box, at which precision, in how many parts, by which margin."""

    box: str
    bits: int
    boxes: int
    worst_margin: float

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return "smallest margin enclosed"


@plan_check.register(Proof)
@plan_check.register(Certificate)
def _plan(check: Proof | Certificate, base: Plan, profile: Profile, module: str | None, seed: int) -> Plan:
    return base


@judge_check.register
def _proof(check: Proof, plan: Plan, samples: Samples, seed: int) -> Evidence:
    steps, doubt = derived(check, plan.claim)
    wrong = [step for step in steps if step.truth is not True]
    refuting = [step for step in wrong if step.refutes]
    if refuting:
        return Evidence("proof", _failing(refuting[0]), "fails", details=ProofDetails(steps))
    if wrong or doubt or not steps:
        open_step = _failing(wrong[0], "a step does not go through") if wrong else doubt or "no step was made"
        return Evidence("proof", open_step, "undecided", details=ProofDetails(steps))
    return Evidence("proof", _told(steps), "holds", details=ProofDetails(steps))


def derived(check: Proof, claim: Claim) -> tuple[tuple[Step, ...], str]:
    """The steps of a proof as far as it goes, and what ended it before its end, in words."""
    steps: list[Step] = []
    try:
        # One by one: what was refuted before a doubt is refuted, and needs no more steps.
        with precision.bits(PROOF_BITS), precision.digits(PROOF_DIGITS), trace.apart():
            for found in check.derive(claim.stated):
                step = _step(found)
                steps.append(step)
                if step.refutes and step.truth is not True:
                    break
    except Undecided as doubt:
        return tuple(steps), f"SymPy could not decide a step: {doubt}"
    return tuple(steps), ""


def _step(found: Any) -> Step:
    """A derivation's result, if it is a step; raises TypeError with what to return in its place."""
    if not isinstance(found, Step):
        raise TypeError(f"a derivation gives steps (bounds.proof.steps.identity and the like), not {found!r}")
    return found


def _told(steps: Sequence[Step]) -> str:
    """How many steps were decided, and how many rest on a theorem that they quote."""
    quoted = sum(isinstance(step, Quoted) for step in steps)
    told = counted(len(steps) - quoted, "symbolic step")
    return told + (f", given {counted(quoted, 'quoted theorem')}" if quoted else "")


def _failing(step: Step, what: str = "step fails") -> str:
    """A step that fails, with what it compares where that is short, else with the numbers compared."""
    shown = str(step.shown)
    if len(shown) > LONGEST_SHOWN:
        shown = step.shown.in_numbers if isinstance(step.shown, Compared) else ""
    return f"{what}: {step.statement}" + (f" ({shown})" if shown else "")


@judge_check.register
def _certificate(check: Certificate, plan: Plan, samples: Samples, seed: int) -> Evidence:
    try:
        with precision.bits(check.bits):  # whatever the caller computes with
            found = check.prove(plan.claim.stated, check.bits)
    except Undecided as doubt:
        return Evidence("certificate", f"balls of {check.bits} bits could not decide: {doubt}", "undecided")
    outcome: Outcome = "undecided" if found.holds is None else "holds" if found.holds else "fails"
    return Evidence(
        kind="certificate",
        statement=f"ball arithmetic finds it false in {found.box}"
        if outcome == "fails"
        else f"enclosed in ball arithmetic over {found.box}",
        outcome=outcome,
        estimate=found.margin,
        interval=found.best,
        witness={"point": found.witness} if found.witness else None,
        details=CertificateDetails(found.box, found.bits, found.boxes, found.margin),
    )
