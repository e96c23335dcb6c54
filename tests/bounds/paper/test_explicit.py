"""Theorem 1 with numbers: what the machine decides of its proof, and that draws obey it with room."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from bounds import claims as register
from bounds.checks import Statement, Step
from bounds.claim import Claim
from bounds.paper import explicit, explicit_proofs, explicit_terms
from bounds.paper.concentration import COROLLARY_1_SAMPLES
from bounds.proof.enclose import endpoints
from bounds.symbols import n
from verification import Setting, simulate

Derivation = Callable[[Statement], Iterable[Step]]
(CLAIM,) = explicit.CLAIMS
PLACE: dict[str, Any] = {"d": 5, "d_tilde": 4, "r": 2, "eta": 0.8, "gamma": 1.0, "gamma_tilde": 3.0}
PLACE["delta"] = 0.05


def failing(claim: Claim) -> list[str]:
    """Statements of the steps that do not hold for this version of the theorem."""
    return [step.statement for step in explicit_proofs.theorem_1(claim.stated) if step.truth is not True]


def version(
    own: sp.Expr = explicit.K_OWN,
    leak: sp.Expr = explicit.K_LEAK,
    constant: sp.Expr = explicit.C_SAMPLES,
    events: int = explicit.EVENTS,
) -> Claim:
    """The theorem with other constants, or with fewer events paid for."""
    condition = sp.Ge(n, explicit_terms.samples(constant, events), evaluate=False)
    return replace(CLAIM, bound=explicit_terms.bound(own, leak, events), conditions=(condition,))


def least_pairs(place: dict[str, Any]) -> int:
    """The smallest n inside the theorem's condition."""
    values = {s: place[s.name] for s in explicit.THEOREM_1_CONDITION.rhs.free_symbols}
    return math.ceil(float(explicit.THEOREM_1_CONDITION.rhs.subs(values)))


def test_every_step_of_theorem_1_with_numbers_is_decided_true() -> None:
    """All steps hold, and those that rest on a theorem from the literature name it."""
    found = list(explicit_proofs.theorem_1(CLAIM.stated))
    assert all(step.truth is True for step in found)
    named = [step.theorem for step in found if isinstance(step, explicit_proofs.Quoted)]
    assert named
    assert all(named)
    assert len(found) - len(named) > 30


@pytest.mark.parametrize(
    "wrong",
    [
        version(own=sp.Rational(39, 20)),
        version(leak=sp.Rational(27, 20)),
        version(leak=explicit.K_LEAK / 2),
        version(leak=sp.Integer(0)),
        version(constant=explicit.C_SAMPLES / 10),
        version(constant=sp.Integer(1500)),
        *(version(events=explicit.EVENTS - dropped) for dropped in (1, 2, 10)),
        replace(CLAIM, bound=sp.Rational(99, 100) * explicit.THEOREM_1_EXPLICIT),
    ],
)
def test_a_wrong_version_of_theorem_1_breaks_a_step(wrong: Claim) -> None:
    """Constants below what the proof reaches, fewer events or a weaker condition are found."""
    assert failing(wrong)


@pytest.mark.parametrize("events", [explicit.EVENTS - 1, explicit.EVENTS + 1])
def test_the_bound_pays_for_exactly_the_events_of_the_proof(events: int) -> None:
    """Read with one event fewer or more, the stated bound is not of the theorem's form."""
    names = [event.what for part in (explicit_proofs.TEACHER, explicit_proofs.STUDENT) for event in part]
    assert len(names) == explicit.EVENTS
    assert explicit_proofs.constants(CLAIM.stated, explicit.EVENTS) is not None
    assert explicit_proofs.constants(CLAIM.stated, events) is None


def test_the_constants_improve_with_the_sample() -> None:
    """K1 falls to sqrt 2 and K2 to 1 as C grows, and no finite C reaches them."""
    reached = [explicit_proofs.chain(c) for c in (1600, 10**4, 10**6, 10**10)]
    for name, limit in (("K1", math.sqrt(2)), ("K2", 1.0)):
        values = [endpoints(found[name])[0] for found in reached]
        assert values == sorted(values, reverse=True)
        assert limit < values[-1] < limit + 1e-3


@pytest.mark.parametrize(
    ("derivation", "claim_id"),
    [
        (explicit_proofs.corollary_1, "corollary-1-explicit"),
        (explicit_proofs.eq_24, "eq-24-explicit"),
        (explicit_proofs.proposition_1, "proposition-1-explicit"),
    ],
)
def test_the_other_explicit_claims_have_decided_steps(derivation: Derivation, claim_id: str) -> None:
    """Their steps hold; a bound one hundredth too strong, or with an event dropped, breaks one."""
    claim = register[claim_id]
    assert all(step.truth is True for step in derivation(claim.stated))
    upper = claim.relation is not None and claim.relation.value == "<="
    factor = sp.Rational(99, 100) if upper else sp.Rational(101, 100)
    assert not all(step.truth for step in derivation(claim.with_bound(factor * claim.bound).stated))
    assert claim.bound is not None
    fewer = claim.bound.replace(sp.log, lambda argument: sp.log(argument * sp.Rational(6, 7)))
    assert not all(step.truth for step in derivation(claim.with_bound(fewer).stated))


def test_a_smaller_sample_leaves_no_proof_of_half_the_gap() -> None:
    """Corollary 1's 72 may not become 60: the losses then pass eta/2."""
    claim = register["corollary-1-explicit"]
    weaker = sp.Ge(n, sp.Rational(60, 72) * COROLLARY_1_SAMPLES, evaluate=False)
    wrong = [
        s for s in explicit_proofs.corollary_1(replace(claim, conditions=(weaker,)).stated) if not s.truth
    ]
    assert [step.statement for step in wrong] == ["the losses are at most half of eta"]


def test_draws_at_the_edge_of_the_condition_obey_the_bound_and_not_an_eighth_of_it() -> None:
    """At the smallest sample the drawn errors stay below the bound; an eighth of it they do not."""
    pairs = least_pairs(PLACE)
    bound = CLAIM.evaluate({**PLACE, "n": pairs})
    setting = Setting(n=pairs, **{name: value for name, value in PLACE.items() if name != "delta"})
    draws = np.array(simulate(setting, "teacher-filtered", theta=0.0, replicates=20, seed=5).errors)
    assert np.all(draws < bound)
    assert np.any(draws > bound / 8)
