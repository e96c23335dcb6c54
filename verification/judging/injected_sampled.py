"""Mistakes injected into claims that draws judge, apart from their wrong versions, and what is made of them.

An injector sees a statement only, as in `verification.judging.injected`.  Whether the mistake makes it false
is decided from the sharp law over all that its conditions allow (`verification.judging.injected_truth`).
Each is then judged as a claim of its own, by its claim's checks and an attack; all mistakes in a claim share
one set of draws.  `verification.judging.injected_record` runs and keeps them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.random import Generator

from bounds import symbols
from bounds.checks import Law, Level, Relation, Scaling, Statement, Tail
from bounds.claim import Claim, Verdict
from verification.checks.conditions import looked
from verification.checks.plan import PROFILES, Plan, Profile, included, named_checks, plan, plan_run
from verification.checks.scaling import ScalingDetails
from verification.errors import InvalidArgument, UnderpoweredDesign
from verification.judging import gate
from verification.judging.injected_kinds import INJECTORS, Injector, tried
from verification.judging.injected_places import ModelRegion, numbers
from verification.judging.injected_truth import Known, delta_of, measured_of, truth, ways
from verification.judging.looks import evidence
from verification.judging.samples import Sampler
from verification.judging.verdict import decide
from verification.statistics.evidence import Evidence
from verification.workers.executors import processors

ALPHA = 1e-6
"""False alarms of a run of the whole register: a mistake is judged at its claim's own share."""

ATTACK = 30
"""Settings that a mistake is attacked with; a thorough run attacks the claims themselves with more."""

ENOUGH = 0.95
"""Share of the false ones that must be refuted."""

PARTNERS = (
    (symbols.d, symbols.d_tilde),
    (symbols.gamma, symbols.gamma_tilde),
    (symbols.n, symbols.n_T),
    (symbols.N, symbols.n_T),
    (symbols.kappa_left, symbols.kappa_right),
    (symbols.leak_left, symbols.leak_right),
    (symbols.mean_1, symbols.mean_0),
)
"""Symbols that an author takes for one another."""


@dataclass(frozen=True)
class SampledMistake:
    """A claim's statement with one mistake of a kind, and what is known of its truth."""

    claim: str
    kind: str
    stated: Statement
    known: Known


@dataclass(frozen=True)
class JudgedSample:
    """A mistake, the verdict on the claim that has it, by which profile, and in how many seconds."""

    mistake: SampledMistake
    verdict: Verdict
    profile: str
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether something false was refuted."""
        return self.mistake.known.truth == "false" and self.verdict is Verdict.REFUTED

    @property
    def missed(self) -> bool:
        """Whether something false was not."""
        return self.mistake.known.truth == "false" and self.verdict is not Verdict.REFUTED

    @property
    def false_alarm(self) -> bool:
        """Whether something true was refuted."""
        return self.mistake.known.truth == "true" and self.verdict is Verdict.REFUTED

    def as_dict(self) -> dict[str, Any]:
        """The mistake in words, and what became of it."""
        stated, known = self.mistake.stated, self.mistake.known
        return {
            "claim": self.mistake.claim,
            "kind": self.mistake.kind,
            "statement": f"{stated.relation} {stated.bound}",
            "conditions": [str(condition) for condition in stated.conditions],
            "truth": known.truth,
            "why": known.why,
            "verdict": str(self.verdict),
            "profile": self.profile,
            "seconds": round(self.seconds, 2),
        }


def sampled(claims: Iterable[Claim]) -> list[Claim]:
    """The claims with a formula that are expected to be supported by draws of a quantity of the model."""
    return [
        claim
        for claim in claims
        if claim.expected is Verdict.SUPPORTED
        and claim.relation is not None
        and isinstance(claim.bound, sp.Expr)
        and any(isinstance(check, Tail | Scaling | Law | Level) for check in claim.checks)
        and _of_the_model(claim)
    ]


def _of_the_model(claim: Claim) -> bool:
    """Whether what is drawn has the model's own parameters: of other data the truth is known nowhere else."""
    return {"d", "r", "gamma"} <= _known(claim)


def partner(known: Iterable[str]) -> Injector:
    """One symbol read as the other of its kind, wherever it stands, among those that have a number."""
    names = set(known)

    def injected(stated: Statement, generator: Generator) -> Statement | None:
        ways = [(a, b) for pair in PARTNERS for a, b in (pair, pair[::-1])]
        ways = [(a, b) for a, b in ways if a in stated.bound.free_symbols and b.name in names]
        if not ways:
            return None
        old, new = ways[int(generator.integers(len(ways)))]
        return stated.about(stated.bound.subs(old, new))

    return injected


def _reversed(stated: Statement, generator: Generator) -> Statement | None:
    """The other inequality, or the equality in place of one; of a bound that may be broken the other only."""
    others = [one for one in (Relation.UPPER, Relation.LOWER) if one is not stated.relation]
    if stated.up_to_constant and stated.relation is not Relation.EQUAL:
        others.append(Relation.EQUAL)
    return replace(stated, relation=others[int(generator.integers(len(others)))])


def injectors(claim: Claim) -> dict[str, Injector]:
    """The kinds of mistake, for a claim and the numbers that its settings have."""
    return {**INJECTORS, "symbol for another": partner(_known(claim)), "relation": _reversed}


def _known(claim: Claim) -> set[str]:
    assert claim.bound is not None
    names = {s.name for s in claim.bound.free_symbols}
    for check in claim.checks:
        paths = check.paths if isinstance(check, Tail | Law) else getattr(check, "path", None)
        for path in paths if isinstance(paths, tuple) else (paths,) if paths else ():
            names |= path.points()[0].keys()
    return names


def inject(claim: Claim, each: int, seed: int, leave: Collection[str] = ()) -> Iterator[SampledMistake]:
    """So many different mistakes of each kind, as far as there are places for them; fixed by the seed.

    Those of the kinds to `leave` are made, as no other may be like them, and not yielded.
    """
    seen = {claim.stated}
    for number, (kind, injector) in enumerate(injectors(claim).items()):
        generator = np.random.default_rng([seed, number, *claim.id.encode()])
        found = 0
        for _ in range(8 * each):
            stated = tried(injector, claim.stated, generator)
            if found == each:
                break
            if stated is None or stated in seen or not _has_value(claim, stated):
                continue
            seen.add(stated)
            found += 1
            if kind not in leave:
                yield SampledMistake(claim.id, kind, stated, truth(claim, stated, seed))


def _has_value(claim: Claim, stated: Statement) -> bool:
    """Whether the right-hand side is a real number wherever the claim's own is."""
    if stated.bound.has(sp.zoo, sp.nan, sp.oo, sp.I):
        return False
    if any(isinstance(check, Law) for check in claim.checks):
        return True
    region = ModelRegion(claim.stated, measured_of(claim), delta_of(claim) or 0.05)
    places = [place for way, _ in ways(region, 0) for place in way]
    own, found = numbers(claim.stated, places), numbers(stated, places)
    return bool(np.isfinite(found[np.isfinite(own)]).all())


def with_mistake(claim: Claim, stated: Statement) -> Claim:
    """The claim as its author would have written it: an equality up to a constant asks for both sides."""
    checks = claim.checks
    if stated.relation is Relation.EQUAL:
        checks = tuple(replace(c, two_sided=True) if isinstance(c, Scaling) else c for c in checks)
    elif claim.relation is Relation.EQUAL:
        checks = tuple(replace(c, two_sided=False) if isinstance(c, Scaling) else c for c in checks)
    return replace(
        claim, bound=stated.bound, relation=stated.relation, conditions=stated.conditions, checks=checks
    )


@dataclass
class Bench:
    """Plans of the claims by profile, and the draws that all mistakes share."""

    plans: Mapping[str, Mapping[str, Sequence[Plan]]]
    samples: Sampler

    def judged(self, claim: Claim, mistake: SampledMistake) -> JudgedSample:
        """The verdict by what is cheapest first: two looks, an attack unless that refutes, more draws."""
        started = time.monotonic()
        wrong = with_mistake(claim, mistake.stated)
        quick, standard = (self._plans(claim, wrong, PROFILES[name], own) for name, own in self.plans.items())
        found, by = list(self._evidence(wrong, quick)), "quick"
        attacked = []
        if decide(found) is not Verdict.REFUTED and gate.attackable([wrong]):
            attacked = [gate.attack(wrong, self.samples.seed, ATTACK, quick[0].alpha)]
            found, by = [*found, *attacked], "attack"
        more = decide(found) is Verdict.INCONCLUSIVE and any(map(_may_decide, found))
        # Checks that only a dearer profile makes may refute what the cheap ones support.
        more = more or (decide(found) is Verdict.SUPPORTED and len(standard) > len(quick))
        if more:
            found, by = [*self._evidence(wrong, standard), *attacked], "standard"
        return JudgedSample(mistake, decide(found), by, time.monotonic() - started)

    def _plans(
        self, claim: Claim, wrong: Claim, profile: Profile, own: Mapping[str, Sequence[Plan]]
    ) -> Sequence[Plan]:
        """The claim's plans of a profile; other conditions ask for other settings."""
        if wrong.conditions == claim.conditions:
            return own[claim.id]
        alpha, seed = own[claim.id][0].alpha, self.samples.seed
        checks = ((name, check) for name, _, check in named_checks([wrong]) if included(check, profile))
        return [_planned(name, wrong, check, alpha, profile, seed) for name, check in checks]

    def _evidence(self, wrong: Claim, plans: Sequence[Plan]) -> Iterator[Evidence]:
        """The evidence of each check, those that draw first, until one decides."""
        for own in sorted(plans, key=lambda one: not one.cells):
            number = int(own.name.rsplit("-", 1)[1]) - 1
            check = looked(wrong.checks[number], wrong.conditions).check
            planned = replace(own, claim=wrong, check=check)
            for look in planned.looks or (0,):
                self.samples.need([(cell, look) for cell in planned.cells])
                found = evidence(planned, self.samples)
                if found.outcome != "undecided":
                    break
            yield found
            if found.outcome == "fails" and not (wrong.up_to_constant and own.cells):
                return


def _planned(name: str, wrong: Claim, check: Any, alpha: float, profile: Profile, seed: int) -> Plan:
    """The check's plan under the mistaken conditions; one that says nothing where no design meets them."""
    try:
        return plan(name, wrong, check, alpha, profile, None, seed)
    except (InvalidArgument, UnderpoweredDesign):
        return Plan(name, wrong, check, alpha=alpha, nowhere=True)


def _may_decide(found: Evidence) -> bool:
    """Whether more draws may decide what is undecided: not a proof, nor a rate that is loose."""
    loose = isinstance(found.details, ScalingDetails) and found.details.loose
    return found.outcome == "undecided" and found.kind in ("tail", "scaling", "law", "mean") and not loose


def bench(claims: Sequence[Claim], budget: Sequence[Claim], samples: Sampler) -> Bench:
    """What the claims' mistakes are judged by: the plans that a run of the budget has."""
    found: dict[str, dict[str, list[Plan]]] = {}
    for name in ("quick", "standard"):
        _, plans = plan_run(claims, budget, ALPHA, PROFILES[name], None, samples.seed)
        found[name] = {claim.id: [p for p in plans.values() if p.claim.id == claim.id] for claim in claims}
    return Bench(found, samples)


def study(
    claims: Sequence[Claim],
    budget: Sequence[Claim],
    each: int,
    seed: int,
    jobs: int | None = None,
    leave: Mapping[str, Collection[str]] | None = None,
) -> Iterator[JudgedSample]:
    """Mistakes of each kind in the sampled ones of the claims, judged; without those of kinds to `leave`."""
    chosen = sampled(claims)
    with Sampler(seed, processors() if jobs is None else jobs) as samples:
        judge = bench(chosen, budget, samples)
        for claim in chosen:
            for mistake in inject(claim, each, seed, (leave or {}).get(claim.id, ())):
                yield judge.judged(claim, mistake)
