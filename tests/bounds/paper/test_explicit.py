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
from bounds.checks import Proof, Quoted, Relation, Statement, Step
from bounds.claim import Claim
from bounds.paper import concentration_proofs, explicit, explicit_proofs, explicit_terms
from bounds.paper.concentration import COROLLARY_1_SAMPLES
from bounds.paper.events import PLACES
from bounds.proof.enclose import ball, endpoints
from bounds.proof.undecided import Undecided
from bounds.symbols import d, delta, n, r
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
    named = [step.theorem for step in found if isinstance(step, Quoted)]
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
        replace(CLAIM, relation=Relation.LOWER),
        replace(CLAIM, bound=explicit.THEOREM_1_EXPLICIT * (10**9 / n) ** sp.Rational(1, 10)),
        replace(CLAIM, bound=explicit.THEOREM_1_EXPLICIT * (n / 10**3) ** sp.Rational(1, 10)),
    ],
)
def test_a_wrong_version_of_theorem_1_breaks_a_step(wrong: Claim) -> None:
    """Constants below what the proof reaches, fewer events or a weaker condition are found."""
    assert failing(wrong)


def test_a_bound_that_is_the_theorems_only_where_it_is_looked_at_is_not_decided() -> None:
    """A bound that agrees at the three places where its constants are read off does not pass for it."""
    wiggle = sp.prod(d - place[d] for place in PLACES[:3])
    wrong = explicit.THEOREM_1_EXPLICIT - wiggle / 10**3 * explicit_terms.own_noise(explicit.EVENTS)
    with pytest.raises(Undecided, match="for all values"):
        failing(replace(CLAIM, bound=wrong))


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


OTHERS = {
    "eq-2-explicit": (concentration_proofs.eq_2, concentration_proofs.EQ_2_EVENTS),
    "eq-24-explicit": (concentration_proofs.eq_24, concentration_proofs.EQ_24_EVENTS),
    "corollary-1-explicit": (concentration_proofs.corollary_1, concentration_proofs.COROLLARY_1_EVENTS),
    "proposition-1-explicit": (concentration_proofs.proposition_1, concentration_proofs.PROPOSITION_1_EVENTS),
    "proposition-1-every-noise": (concentration_proofs.every_noise, concentration_proofs.EVERY_NOISE_EVENTS),
}


def broken(claim: Claim, **changes: Any) -> list[str]:
    """Statements of the false steps of the claim's own proof, for a changed version of it."""
    (proof,) = (check for check in claim.checks if isinstance(check, Proof))
    return [step.statement for step in proof.derive(replace(claim, **changes).stated) if not step.truth]


@pytest.mark.parametrize("claim_id", OTHERS)
def test_an_explicit_claim_rests_on_decided_steps_and_named_theorems(claim_id: str) -> None:
    """All steps of the claim's own proof hold, and the theorems that it quotes are named."""
    claim, (derivation, _) = register[claim_id], OTHERS[claim_id]
    found = list(derivation(claim.stated))
    assert broken(claim) == []
    assert {step.theorem for step in found if isinstance(step, Quoted)}
    assert sum(not isinstance(step, Quoted) for step in found) > 5


@pytest.mark.parametrize("claim_id", OTHERS)
def test_an_explicit_bound_a_hundredth_too_strong_is_not_what_was_derived(claim_id: str) -> None:
    """A bound times 0.99 (1.01 from below) or in the other direction breaks a step."""
    claim = register[claim_id]
    assert claim.bound is not None
    upper = claim.relation is Relation.UPPER
    factor = sp.Rational(99, 100) if upper else sp.Rational(101, 100)
    assert broken(claim, bound=factor * claim.bound)
    assert broken(claim, relation=Relation.LOWER if upper else Relation.UPPER)


@pytest.mark.parametrize("claim_id", OTHERS)
def test_no_event_can_be_left_out_of_an_explicit_claims_union_bound(claim_id: str) -> None:
    """A bound that pays for one event fewer breaks a step."""
    claim, (_, spent) = register[claim_id], OTHERS[claim_id]
    assert claim.bound is not None
    count = len(spent)
    fewer = claim.bound.xreplace({sp.log(count / delta): sp.log((count - 1) / delta)})
    assert fewer != claim.bound
    assert broken(claim, bound=fewer)


@pytest.mark.parametrize(
    ("claim_id", "part"), [("eq-24-explicit", sp.sqrt(d)), ("corollary-1-explicit", sp.sqrt(d - r))]
)
def test_a_bound_without_the_noises_dimension_is_stronger_than_the_derived_one(
    claim_id: str, part: sp.Expr
) -> None:
    """Leaving out a square root of a dimension breaks a step, at an exact setting."""
    claim = register[claim_id]
    assert claim.bound is not None
    assert broken(claim, bound=claim.bound.xreplace({part: sp.Integer(0)}))


def test_a_smaller_sample_leaves_no_proof_of_half_the_gap() -> None:
    """Corollary 1's 72 may not become 60: the losses then pass eta/2."""
    weaker = sp.Ge(n, sp.Rational(60, 72) * COROLLARY_1_SAMPLES, evaluate=False)
    wrong = broken(register["corollary-1-explicit"], conditions=(weaker,))
    assert wrong == ["the losses are at most half of eta"]


def test_a_condition_that_is_corollary_1s_only_where_it_is_looked_at_is_not_decided() -> None:
    """A sample size that agrees at every place where expressions are looked at does not pass for it."""
    wiggle = sp.prod(d - place[d] for place in PLACES)
    other = sp.Ge(n, COROLLARY_1_SAMPLES * (1 - wiggle / 10**9), evaluate=False)
    with pytest.raises(Undecided, match="another form"):
        broken(register["corollary-1-explicit"], conditions=(other,))


@pytest.mark.parametrize("claim_id", ["eq-2-explicit", "proposition-1-explicit", "proposition-1-every-noise"])
def test_a_claim_that_asks_for_no_sample_has_no_proof(claim_id: str) -> None:
    """Without its condition the proof's own sample is not asked for."""
    wrong = broken(register[claim_id], conditions=())
    assert wrong == ["the claim asks for the samples that the proof needs"]


def test_the_second_noise_would_cost_more_than_stated_at_a_smaller_sample() -> None:
    """Negative control: 17/16 is not enough at four fifths of the stated pairs."""
    assert endpoints(concentration_proofs.noise_cost(ball(100)))[1] < 17 / 16
    assert endpoints(concentration_proofs.noise_cost(ball(80)))[0] > 17 / 16


def test_the_tangent_of_any_rank_one_fit_is_at_least_what_the_note_says() -> None:
    """|T| >= |b p|/|p|^2 for every matrix with first row p and rest b; equality where b is a column."""
    rng = np.random.default_rng(2)
    for rows, columns in ((2, 1), (3, 4), (9, 2), (5, 30)):
        for scale in (0.01, 0.3, 1.0, 5.0):
            matrix = scale * rng.standard_normal((rows, columns))
            matrix[0, 0] += 1
            left = np.linalg.svd(matrix)[0][:, 0]
            first, rest = matrix[0], matrix[1:]
            least = np.linalg.norm(rest @ first) / (first @ first)
            tangent = np.linalg.norm(left[1:]) / abs(left[0])
            assert tangent >= least * (1 - 1e-9)
            if columns == 1:
                assert tangent == pytest.approx(least)


def test_draws_at_the_edge_of_the_condition_obey_the_bound_and_not_an_eighth_of_it() -> None:
    """At the smallest sample the drawn errors stay below the bound; an eighth of it they do not."""
    pairs = least_pairs(PLACE)
    bound = CLAIM.evaluate({**PLACE, "n": pairs})
    setting = Setting(n=pairs, **{name: value for name, value in PLACE.items() if name != "delta"})
    draws = np.array(simulate(setting, "teacher-filtered", theta=0.0, replicates=20, seed=5).errors)
    assert np.all(draws < bound)
    assert np.any(draws > bound / 8)
