"""The wiring: claims -> designs -> draws -> evidence -> verdicts."""

from __future__ import annotations

import platform
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bounds.claim import Claim
from verification.checks import judge
from verification.checks import plan as design
from verification.checks.plan import PROFILES, Plan
from verification.errors import InvalidArgument, real, whole
from verification.judging.samples import Need, Progress, Samples
from verification.judging.verdict import ClaimVerdict, MutantResult, conditions, decide
from verification.judging.verdicts import Verdicts
from verification.mutants import claim as mutants
from verification.quantities import registry
from verification.statistics.ledger import Ledger
from verification.statistics.tail import Evidence
from verification.workers.executors import processors

DEFAULT_ALPHA = 1e-6
"""False-alarm probability of a whole run."""

POLL_SECONDS = 0.05
"""Longest wait for draws before looking again whether a claim can be judged."""


def verify(
    claims: Sequence[Claim] | None = None,
    *,
    profile: str = "quick",
    alpha: float = DEFAULT_ALPHA,
    seed: int = 0,
    jobs: int | None = None,
    module: str | None = None,
    store: str | Path | None = None,
    with_mutants: bool = True,
    budget: Sequence[Claim] | None = None,
    on_progress: Progress | None = None,
) -> Verdicts:
    """Judge claims (all of the register by default) and return their verdicts.

    `module` is a Python file that defines further `QUANTITIES` for claims of one's own; `store` is a
    file that draws are taken from and put into, so that a longer run continues a shorter one.
    `budget` are the claims that alpha is split over, these among them: a run of a part then has the
    numbers of the whole.  By default the register for claims of it, else the claims themselves.  The
    result depends on the claims, budget, profile, alpha and seed, never on `jobs`.  Raises
    InvalidArgument and UnderpoweredDesign before anything is drawn.
    """
    started = time.monotonic()
    if claims is None:
        from bounds import claims as register

        claims = list(register.values())
    chosen, alpha, seed, jobs = settled(profile, alpha, seed, jobs)

    if module is not None:
        registry.load_module(module)
    ids = [claim.id for claim in claims]
    if repeated := next((i for i in ids if ids.count(i) > 1), None):
        raise InvalidArgument("claims", repeated, "must have an id of its own each")
    named = design.checks(claims)
    split = budget or _budgeted(claims)
    missing = {claim.id for claim in claims} - {claim.id for claim in split}
    if missing:
        raise InvalidArgument("budget", sorted(missing)[0], "must name every claim that is judged")
    ledger = Ledger(alpha, {name: 1.0 for name, _, _ in design.checks(split)}).seal()
    plans = {
        name: design.plan(name, claim, check, ledger.share(name), chosen, module, seed)
        for name, claim, check in named
        if design.included(check, chosen)
    }
    with Samples(seed, jobs, None if store is None else Path(store), on_progress) as samples:
        judged = _judge_all(claims, plans, samples, with_mutants, chosen, module)
    verdicts = {c.id: decide([*judged[c.id].evidence.values()]) for c in claims}
    resting = conditions(claims, verdicts)
    items = tuple(
        ClaimVerdict(
            claim=c,
            verdict=verdicts[c.id],
            evidence=tuple(judged[c.id].evidence.values()),
            mutants=tuple(
                MutantResult(m.id, judged[c.id].refuted[m.id], m.reason)
                for m in judged[c.id].mutants
                if m.counted
            ),
            implied=tuple(m.id for m in judged[c.id].mutants if m.implied),
            untested=tuple((m.id, m.reason) for m in judged[c.id].mutants if m.untested),
            conditional_on=resting[c.id][0],
            given=resting[c.id][1],
            left_out=sum(not design.included(check, chosen) for check in c.checks),
            repeat=_repeat(c, split, profile, seed, alpha, module),
        )
        for c in claims
    )
    return Verdicts(
        items=items,
        profile=profile,
        alpha=alpha,
        seed=seed,
        ledger=ledger.as_dict(),
        versions=versions(),
        seconds=time.monotonic() - started,
        errors_survived=samples.errors_survived,
    )


def settled(
    profile: str, alpha: float, seed: int, jobs: int | None
) -> tuple[design.Profile, float, int, int]:
    """How a run is to be made, checked: profile, alpha, seed, workers; raises InvalidArgument."""
    chosen = _profile(profile)
    alpha = real("alpha", alpha, "must lie in (0, 1)")
    if not 0 < alpha < 1:
        raise InvalidArgument("alpha", alpha, "must lie in (0, 1)")
    seed = whole("seed", seed, 0, 2**63 - 2)  # the last one draws the pilots of mutants
    return chosen, alpha, seed, whole("jobs", processors() if jobs is None else jobs, 1, 4096)


def _repeat(
    claim: Claim,
    split: Sequence[Claim],
    profile: str,
    seed: int,
    alpha: float,
    module: str | None,
) -> str:
    """The command that judges the claim again with the same numbers.

    Where alpha was split over the register and own claims, one of the other kind is named beside it:
    then it is again.
    """
    from bounds import claims as register

    other = next((c.id for c in split if (c.id in register) != (claim.id in register)), None)
    ids = claim.id if other is None else f"{claim.id} {other}"
    command = f"filtergain verify {ids} --profile {profile} --seed {seed}"
    if alpha != DEFAULT_ALPHA:
        command += f" --alpha {alpha!r}"
    return command + (f" --module {shlex.quote(module)}" if module is not None else "")


def _budgeted(claims: Sequence[Claim]) -> Sequence[Claim]:
    """The claims that the budget is split over: the whole register for claims of it.

    So a claim judged alone has the share, and hence the numbers, that it has in a run of all.
    """
    from bounds import claims as register

    own = all(register.get(claim.id) is claim for claim in claims)
    return tuple(register.values()) if own else claims


def _profile(name: str) -> design.Profile:
    if name not in PROFILES:
        raise InvalidArgument("profile", name, f"must be one of {', '.join(PROFILES)}")
    return PROFILES[name]


def versions() -> dict[str, str]:
    """Versions that the numbers depend on."""
    packages = ("filtergain", "numpy", "scipy", "sympy", "mpmath", "python-flint")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


@dataclass
class _Judged:
    """What is known of a claim: its checks' evidence, its wrong versions, which of them were refuted."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    mutants: tuple[mutants.Mutant, ...] = ()
    refuted: dict[str, bool] = field(default_factory=dict)


def _judge_all(
    claims: Sequence[Claim],
    plans: Mapping[str, Plan],
    samples: Samples,
    with_mutants: bool,
    profile: design.Profile,
    module: str | None,
) -> dict[str, _Judged]:
    """Every claim judged, by id.

    Workers draw meanwhile: a claim goes on when what it needs has been drawn, and before those that need
    nothing.  What is asked for while the workers are busy is drawn together, when they are done.
    """
    judged = {claim.id: _Judged() for claim in claims}
    needs: dict[Iterator[list[Need]], list[Need]] = {}
    for claim in claims:
        own = [plan for plan in plans.values() if plan.claim.id == claim.id]
        needs[_judge(judged[claim.id], claim, own, samples, with_mutants, profile, module)] = []
    for judging in needs:
        needs[judging] = next(judging)
    asked = [need for wanted in needs.values() for need in wanted]
    while needs:
        samples.wait(0)  # to see whether the workers are done
        if asked and not samples.busy:
            samples.begin(asked)
            asked = []
        ready = [judging for judging, wanted in needs.items() if samples.has(wanted)]
        if not ready:
            assert samples.busy, "what was asked for has not been drawn"
            samples.wait(POLL_SECONDS)
            continue
        judging = next((judging for judging in ready if needs[judging]), ready[0])
        wanted = next(judging, None)
        if wanted is None:
            del needs[judging]
        else:
            needs[judging] = wanted
            asked += wanted
    return judged


def _judge(
    judged: _Judged,
    claim: Claim,
    plans: Sequence[Plan],
    samples: Samples,
    with_mutants: bool,
    profile: design.Profile,
    module: str | None,
) -> Iterator[list[Need]]:
    """Fill in `judged`; yields what must have been drawn before it goes on, which is often nothing.

    A check has two looks: its wrong versions are judged by the first, too, and only for what that leaves
    undecided more is drawn.
    """
    drawn = [plan for plan in plans if plan.cells]
    yield _first_looks(drawn)
    for plan in plans:
        judged.evidence[plan.name] = _evidence(plan, samples)
        yield []
    undecided = [plan for plan in drawn if judged.evidence[plan.name].outcome == "undecided"]
    if with_mutants:
        included = tuple(check for check in claim.checks if design.included(check, profile))
        judged.mutants = mutants.mutants(replace(claim, checks=included))
    counted = [mutant for mutant in judged.mutants if mutant.counted]
    planned = {m.id: _mutant_plans(m, plans, profile, module, samples.seed) for m in counted}
    outside = [plan for mutant in counted if mutant.outside for plan in planned[mutant.id]]
    # Checks that may refute a mutant yet; none at all once one did.
    left: dict[str, list[Plan] | None] = {}
    for mutant in counted:
        if not mutant.outside:
            left[mutant.id] = _open(planned[mutant.id], samples)
            yield []
    yield [*_first_looks(outside), *_all_replicates(undecided)]
    judged.evidence |= {plan.name: _evidence(plan, samples) for plan in undecided}
    left |= {mutant.id: _open(planned[mutant.id], samples) for mutant in counted if mutant.outside}
    survivors = {name: plans for name, plans in left.items() if plans}
    yield _all_replicates([plan for plans in survivors.values() for plan in plans])
    left |= {name: _open(plans, samples) for name, plans in survivors.items()}
    judged.refuted = {mutant.id: left[mutant.id] is None for mutant in counted}


def _first_looks(plans: Sequence[Plan]) -> list[Need]:
    return [(cell, plan.looks[0]) for plan in plans for cell in plan.cells]


def _all_replicates(plans: Sequence[Plan]) -> list[Need]:
    return [(cell, plan.replicates) for plan in plans for cell in plan.cells]


def _evidence(plan: Plan, samples: Samples) -> Evidence:
    """The judge's evidence at the first look that decides, else at the last one that was drawn for.

    Undecided where a replicate raised an error of its own.
    """
    if not plan.cells:
        return _found(plan, samples)
    drawn = min(len(samples(cell)) for cell in plan.cells)
    for look in (look for look in plan.looks if look <= drawn):
        # No more than the look's replicates are seen, however many another check had drawn.
        evidence = _failed(plan, look, samples) or _found(plan.at(look), samples)
        if evidence.outcome != "undecided":
            break
    return evidence


def _found(plan: Plan, samples: Samples) -> Evidence:
    """What the judge finds; undecided where a proof, certificate or law of one's own raises."""
    try:
        return judge.judge(plan, samples, samples.seed)
    except MemoryError:
        raise  # says something of the machine, not of the check
    except Exception as error:
        kind = judge.kind(plan.check)
        return Evidence(kind, f"the {kind} check raised {type(error).__name__}: {error}", "undecided")


def _failed(plan: Plan, look: int, samples: Samples) -> Evidence | None:
    """The evidence of a check that has a replicate with an error of its own."""
    for cell in plan.cells:
        failed = int(np.isnan(samples(cell)[:look]).sum())
        if failed:
            said = samples.failures.get(cell, "an error")
            told = f"{failed} replicates of {cell.quantity} failed: {said}"
            return Evidence(judge.kind(plan.check), told, "undecided")
    return None


def _mutant_plans(
    mutant: mutants.Mutant, own: Sequence[Plan], profile: design.Profile, module: str | None, seed: int
) -> list[Plan]:
    """The mutant's checks on the cells of its original.

    A mutant that looks outside the claim's conditions is designed and drawn for on its own, at the
    share that the original's first check has.
    """
    if mutant.outside:
        return [
            design.plan(f"{mutant.id}/{i}", mutant.claim, check, own[0].alpha, profile, module, seed)
            for i, check in enumerate(mutant.claim.checks)
        ]
    pairs = zip(own, mutant.claim.checks, strict=True)
    return [replace(plan, claim=mutant.claim, check=check) for plan, check in pairs]


def _open(plans: Sequence[Plan], samples: Samples) -> list[Plan] | None:
    """The checks of a mutant that what was drawn leaves undecided; None where one of them fails."""
    left = []
    for plan in plans:
        outcome = _evidence(plan, samples).outcome
        if outcome == "fails":
            return None
        if outcome == "undecided":
            left.append(plan)
    return left
