"""One claim judged: two looks at each of its checks, and at those of its wrong versions.

A check is judged by a share of its replicates first, and only what that leaves undecided is drawn in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from bounds.claim import Certificate, Claim, Proof, Verdict
from verification.checks import judge
from verification.checks.forecast import PILOTS
from verification.checks.plan import Plan, Profile, made, plan
from verification.checks.survival import survival
from verification.judging.samples import Need, Sampler
from verification.judging.verdict import MOST_SURVIVAL, ClaimVerdict, MutantResult, decide
from verification.mutants.claim import Mutant, mutants
from verification.statistics.evidence import Evidence, Raised

POLL_SECONDS = 0.05
"""Longest wait for draws before looking again whether a claim can be judged."""

Found = Literal["refuted", "survived", "not proved", "by luck", "true"]
"""What a design found of a wrong version; all but "survived" are caught."""

TOLD: dict[Found, str] = {
    "not proved": "not proved, and no counterexample was found",
    "by luck": "not proved, and draws like these would often not refute it",
    "true": "true as well, by the claim's own derivation",
}
"""What is said of a version that was neither refuted nor let through."""

Judging = Iterator[list[Need]]
"""A claim being judged: yields what must have been drawn before it goes on, which is often nothing."""


@dataclass
class Judged:
    """What is known of a claim: its checks' evidence, its wrong versions, what was found of each."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    mutants: tuple[Mutant, ...] = ()
    found: dict[str, Found] = field(default_factory=dict)
    survival: dict[str, float] = field(default_factory=dict)
    unstrengthened: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """What the evidence amounts to."""
        return decide([*self.evidence.values()])

    def as_verdict(
        self,
        claim: Claim,
        conditional_on: tuple[str, ...],
        given: tuple[str, ...],
        left_out: int,
        repeat: str,
    ) -> ClaimVerdict:
        """What is reported of the claim; see `ClaimVerdict` for the arguments."""
        return ClaimVerdict(
            claim=claim,
            verdict=self.verdict,
            evidence=tuple(self.evidence.values()),
            mutants=tuple(
                MutantResult(
                    mutant.id,
                    self.found[mutant.id] == "refuted",
                    mutant.reason,
                    self.survival.get(mutant.id, 0.0),
                    self.unstrengthened.get(mutant.id),
                )
                for mutant in self.mutants
                if mutant.counted and self.found[mutant.id] in ("refuted", "survived")
            ),
            implied=tuple(mutant.id for mutant in self.mutants if mutant.implied),
            untested=tuple(self._untested()),
            conditional_on=conditional_on,
            given=given,
            left_out=left_out,
            repeat=repeat,
        )

    def _untested(self) -> Iterator[tuple[str, str]]:
        """The versions that do not count, and those that a proof left open or showed to be true, with why."""
        for mutant in self.mutants:
            if mutant.untested:
                yield mutant.id, mutant.reason
            elif mutant.counted and self.found[mutant.id] in TOLD:
                yield mutant.id, f"{mutant.reason}: {TOLD[self.found[mutant.id]]}"


def judge_all(
    claims: Sequence[Claim],
    plans: Mapping[str, Plan],
    samples: Sampler,
    with_mutants: bool,
    profile: Profile,
    module: str | None,
) -> dict[str, Judged]:
    """Every claim judged, by id.

    Workers draw meanwhile: a claim goes on when what it needs has been drawn, and before those that need
    nothing.  What is asked for while the workers are busy is drawn together, when they are done.
    """
    judged = {claim.id: Judged() for claim in claims}
    needs: dict[Judging, list[Need]] = {}
    for claim in claims:
        own = [plan for plan in plans.values() if plan.claim.id == claim.id]
        judging = _judge(judged[claim.id], claim, own, samples, with_mutants, profile, module)
        needs[judging] = next(judging)
    asked = [need for wanted in needs.values() for need in wanted]
    while needs:
        samples.wait(0)  # to see whether the workers are done
        if asked and not samples.busy:
            samples.begin(asked)
            asked = []
        ready = _ready(needs, samples)
        if ready is None:
            assert samples.busy, "what was asked for has not been drawn"
            samples.wait(POLL_SECONDS)
            continue
        wanted = next(ready, None)
        if wanted is None:
            del needs[ready]
        else:
            needs[ready] = wanted
            asked += wanted
    return judged


def _ready(needs: Mapping[Judging, list[Need]], samples: Sampler) -> Judging | None:
    """A claim that can go on, one that needed draws before others; None where all must wait."""
    ready = [judging for judging, wanted in needs.items() if samples.has(wanted)]
    return next((judging for judging in ready if needs[judging]), ready[0] if ready else None)


@dataclass
class _Version:
    """A wrong version of a claim and its checks that may refute it yet; None once one did.

    `exact` where one did that draws nothing, `unproved` where a proof or certificate left it open.
    """

    mutant: Mutant
    left: list[Plan] | None
    exact: bool = False
    unproved: bool = False

    def look(self, samples: Sampler) -> None:
        """Leaves the checks that what was drawn does not decide, and that more draws may."""
        undecided = []
        # What draws nothing first: whether it is proved does not depend on the draws.
        for planned in sorted(self.left or (), key=lambda planned: bool(planned.cells)):
            outcome = evidence(planned, samples).outcome
            if outcome == "fails":
                self.left, self.exact = None, not planned.cells
                return
            if outcome == "undecided" and isinstance(planned.check, Proof | Certificate):
                self.unproved = True
            elif outcome == "undecided":
                undecided.append(planned)
        self.left = undecided

    def found(self, survival: float) -> Found:
        """What the looks add up to, where draws let it through with a probability that was planned.

        A version that a proof or certificate leaves open is not proved, whatever the draws let through.
        """
        if self.left is None:
            return "by luck" if self.unproved and survival > MOST_SURVIVAL else "refuted"
        if self.unproved:
            return "not proved"
        return "true" if not self.left and self.mutant.may_hold else "survived"


def _judge(
    judged: Judged,
    claim: Claim,
    plans: Sequence[Plan],
    samples: Sampler,
    with_mutants: bool,
    profile: Profile,
    module: str | None,
) -> Judging:
    """Fill in `judged`.

    A check has two looks: its wrong versions are judged by the first, too, and only for what that leaves
    undecided more is drawn.
    """
    drawn = [plan for plan in plans if plan.cells]
    yield _first_looks(drawn)
    for planned in plans:
        judged.evidence[planned.name] = evidence(planned, samples)
        yield []
    undecided = [plan for plan in drawn if judged.evidence[plan.name].outcome == "undecided"]
    if with_mutants:
        judged.mutants = mutants(replace(claim, checks=made(claim, profile)), profile.name)
    versions = [
        _Version(mutant, _mutant_plans(mutant, plans, profile, module, samples.seed))
        for mutant in judged.mutants
        if mutant.counted
    ]
    for version in versions:
        judged.survival[version.mutant.id] = _planned(version, plans)
        if version.mutant.weakest is not None:
            weakest = version.mutant.claim.with_bound(version.mutant.weakest)
            before = [replace(planned, claim=weakest) for planned in version.left or ()]
            judged.unstrengthened[version.mutant.id] = _planned(
                replace(version, left=before), plans, PILOTS[:1]
            )
        yield []
    yield from _judge_versions(judged, versions, undecided, samples)


def _judge_versions(
    judged: Judged, versions: Sequence[_Version], undecided: Sequence[Plan], samples: Sampler
) -> Judging:
    """The wrong versions by both looks, and the claim's own undecided checks by the second."""
    outside = [version for version in versions if version.mutant.outside]
    for version in versions:
        if not version.mutant.outside:
            version.look(samples)
            yield []
    yield [*_first_looks(_left(outside)), *_all_replicates(undecided)]
    judged.evidence |= {plan.name: evidence(plan, samples) for plan in undecided}
    for version in outside:
        version.look(samples)
    survivors = [version for version in versions if version.left]
    yield _all_replicates(_left(survivors))
    for version in survivors:
        version.look(samples)
    judged.survival |= {version.mutant.id: 0.0 for version in versions if version.exact}
    judged.found = {v.mutant.id: v.found(judged.survival[v.mutant.id]) for v in versions}


def _planned(version: _Version, own: Sequence[Plan], pilots: Sequence[int] = PILOTS) -> float:
    """The probability, planned before drawing, that none of the version's checks refutes it.

    For what a version was before it was made stronger, which need not be small, the first pilot will do.
    """
    own = version.left or () if version.mutant.outside else own
    pairs = zip(version.left or (), own, strict=True)
    return survival([pair for pair in pairs if pair[0].cells], pilots)


def _left(versions: Sequence[_Version]) -> list[Plan]:
    return [plan for version in versions for plan in version.left or ()]


def _first_looks(plans: Sequence[Plan]) -> list[Need]:
    return [(cell, plan.looks[0]) for plan in plans for cell in plan.cells]


def _all_replicates(plans: Sequence[Plan]) -> list[Need]:
    return [(cell, plan.replicates) for plan in plans for cell in plan.cells]


def evidence(plan: Plan, samples: Sampler) -> Evidence:
    """The judge's evidence at the first look that decides, else at the last one that was drawn for.

    Undecided where a replicate raised an error of its own, and where no setting meets the conditions.
    """
    if plan.nowhere:
        words = "too few of its settings meet the claim's conditions: it says nothing of the claim"
        return Evidence(judge.kind(plan.check), words, "undecided")
    if not plan.cells:
        return _found(plan, samples)
    drawn = min(len(samples(cell)) for cell in plan.cells)
    for look in (look for look in plan.looks if look <= drawn):
        # No more than the look's replicates are seen, however many another check had drawn.
        found = _failed(plan, look, samples) or _found(plan.at(look), samples)
        if found.outcome != "undecided":
            break
    return found


def _found(plan: Plan, samples: Sampler) -> Evidence:
    """What the judge finds; undecided where a proof, certificate or law of one's own raises."""
    try:
        return judge.judge(plan, samples, samples.seed)
    except MemoryError:
        raise  # says something of the machine, not of the check
    except Exception as error:
        kind, said = judge.kind(plan.check), f"{type(error).__name__}: {error}"
        return Evidence(kind, f"the {kind} check raised {said}", "undecided", details=Raised(said))


def _failed(plan: Plan, look: int, samples: Sampler) -> Evidence | None:
    """The evidence of a check that has a replicate with an error of its own."""
    for cell in plan.cells:
        failed = int(np.isnan(samples(cell)[:look]).sum())
        if failed:
            said = samples.failures.get(cell, "an error")
            words = f"{failed} replicates of {cell.quantity} failed: {said}"
            return Evidence(judge.kind(plan.check), words, "undecided", details=Raised(said))
    return None


def _mutant_plans(
    mutant: Mutant, own: Sequence[Plan], profile: Profile, module: str | None, seed: int
) -> list[Plan]:
    """The mutant's checks on the cells of its original.

    A mutant that looks outside the claim's conditions is designed and drawn for on its own, at the
    share that the original's first check has.
    """
    if mutant.outside:
        return [
            plan(f"{mutant.id}/{i}", mutant.claim, check, own[0].alpha, profile, module, seed)
            for i, check in enumerate(mutant.claim.checks)
        ]
    pairs = zip(own, mutant.claim.checks, strict=True)
    return [replace(planned, claim=mutant.claim, check=check) for planned, check in pairs]
