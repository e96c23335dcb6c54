"""Wrong versions of proved and certified claims, and the controls over every one of them in the register."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from bounds import claims
from bounds.claim import Certificate, Proof, Relation, Verdict, exact
from bounds.proof.steps import attained, concluded, given, instance
from bounds.proof.undecided import Undecided
from bounds.symbols import a_x, d, gamma, gamma_tilde, n, r
from verification import verify
from verification.checks.proved import derived
from verification.mutants.claim import HALF, _exact_step
from verification.mutants.exact import exact_mutants, says_no_more

EXACT = [
    claim
    for claim in claims.values()
    if claim.expected in (Verdict.PROVED, Verdict.CERTIFIED)
    and all(isinstance(check, Proof | Certificate) for check in claim.checks)
]


def _prove(claimed):
    yield instance("the largest", d * r / n, claimed)
    yield instance("a smaller one", d * r / (2 * n), claimed)
    yield given(claimed, sp.Ge(r, 2))
    yield concluded("at most d r over n", d * r / n, claimed, shown=Relation.UPPER)


def _claim(bound=d * r / n, prove=_prove, **changes):
    fields = {"relation": Relation.UPPER, "conditions": (sp.Ge(r, 2),), **changes}
    return exact("made-up", "t", "s", "w", "q", bound, prove, note="n#n", **fields)


def _named(claim, **how):
    return {m.id.removeprefix("made-up~"): m for m in exact_mutants(claim, **how)}


def _shown(claim) -> bool:
    """Whether every proof and certificate of the claim goes through."""
    for check in claim.checks:
        if isinstance(check, Proof):
            found, doubt = derived(check, claim)
            if doubt or not found or any(step.truth is not True for step in found):
                return False
        else:
            try:
                if check.prove(claim.stated, check.bits).holds is not True:
                    return False
            except (Undecided, NotImplementedError):
                return False
    return True


def test_every_part_of_a_statement_is_changed():
    """Relation, condition, constant, sign, exponents, addends, modalities, small sizes."""
    found = _named(_claim())
    assert {"reversed", "equal", "condition", "constant-down", "negative", "swapped"} <= found.keys()
    assert {"d+", "d-", "n+", "n-", "r+", "r-", "instances-d", "instances-n", "instances-r"} <= found.keys()
    assert {name for name, m in found.items() if m.implied} == {"d+", "n+", "r+"}
    assert found["condition"].claim.conditions == ()
    assert found["reversed"].claim.relation is Relation.LOWER
    summed = _named(_claim(bound=d * r / n * a_x))
    assert {m.claim.bound for name, m in summed.items() if name.startswith("term")} == {
        d * r / n,
        d * r / (n * gamma),
    }
    mirrored = _named(_claim(bound=1 / gamma))["swapped"]
    assert mirrored.claim.bound == 1 / gamma_tilde


def test_an_equality_has_no_weaker_version():
    """Another value is wrong whichever side it lies on; both inequalities follow and are no versions."""
    found = _named(_claim(relation=Relation.EQUAL))
    assert not any(m.implied or m.may_hold for m in found.values())
    assert not {"reversed", "equal"} & found.keys()
    assert {"constant-up", "constant-down"} <= found.keys()


def test_a_bound_called_the_best_has_weaker_versions_that_must_not_be_proved():
    """They follow from the claim and count all the same; a proof that is silent on them lets them survive."""
    found = _named(_claim(best=True), all_kinds=False)
    assert {"best-2", "best-3/2"} <= found.keys()
    assert found["best-2"].claim.bound == 2 * d * r / n
    assert all(found[name].counted and not found[name].may_hold for name in ("best-2", "best-3/2"))
    lower = _named(_claim(best=True, relation=Relation.LOWER), all_kinds=False)
    assert lower["best-2"].claim.bound == d * r / (2 * n)
    assert {"made-up~best-2", "made-up~best-3/2"} == {m.id for m in _judged(_claim(best=True)).survivors}

    def prove(claimed):
        yield from _prove(claimed)
        yield attained("d r over n is reached", d * r / n, claimed)

    assert not _judged(_claim(best=True, prove=prove)).survivors


def test_a_quick_run_has_the_first_kinds_only():
    """Relation, conditions and one constant a side."""
    assert _named(_claim(), all_kinds=False).keys() == {"reversed", "condition", "constant-down"}


def test_what_says_no_more_is_seen_inside_the_conditions():
    """r^2 is at least 2 r where r >= 2 is stated, and not known to be where it is not."""
    assert says_no_more(_claim(bound=2 * r), r**2)
    assert not says_no_more(_claim(bound=2 * r, conditions=()), r**2)


def _judged(claim):
    (verdict,) = verify([claim], profile="standard")
    return verdict


def test_a_proof_that_reads_the_statement_has_no_survivor():
    """Refuted versions count, those that are only not proved are told, none survives."""
    verdict = _judged(_claim())
    assert verdict.verdict is Verdict.PROVED
    assert not verdict.survivors
    assert {m.id for m in verdict.mutants} >= {"made-up~reversed", "made-up~constant-down"}
    told = dict(verdict.untested)
    assert "not proved" in told["made-up~condition"]


@pytest.mark.parametrize(
    ("prove", "survivors"),
    [
        (lambda claimed: iter([concluded("no condition", d * r / n, claimed)]), {"condition"}),
        (
            lambda claimed: iter([given(claimed, sp.Ge(r, 2)), concluded("instance", *_at_two(claimed))]),
            {"instances-r"},
        ),
    ],
)
def test_a_proof_that_overlooks_a_part_is_found(prove, survivors):
    """Negative controls: one that needs no stated condition, one that looks at r = 2 only."""
    verdict = _judged(_claim(prove=prove))
    assert survivors <= {m.id.removeprefix("made-up~") for m in verdict.survivors}


def _at_two(claimed):
    return 2 * d / n, claimed.about(claimed.bound.subs(r, 2))


@pytest.mark.parametrize("claim", EXACT, ids=lambda c: c.id)
def test_no_exact_claim_is_shown_without_one_of_its_conditions(claim):
    """Each condition of each claim is needed by its proof or certificate."""
    for mutant in exact_mutants(claim, all_kinds=False):
        if "~condition" in mutant.id:
            assert not _shown(mutant.claim), f"{mutant.id}: {mutant.reason}"


@pytest.mark.parametrize("claim", EXACT, ids=lambda c: c.id)
def test_no_exact_claim_is_shown_with_its_relation_reversed(claim):
    """An upper bound is not proved to be a lower one; what is equal is shown to be both."""
    for relation in Relation:
        changed = claim.with_bound(claim.bound, relation=relation)
        assert _shown(changed) == (claim.relation in (relation, Relation.EQUAL)), relation


def test_the_controls_are_asked_of_most_of_the_register():
    """Neither list is empty, and inequalities, conditions and both kinds of check occur."""
    assert len(EXACT) > 80
    assert sum(bool(claim.conditions) for claim in EXACT) > 25
    assert sum(claim.relation is not Relation.EQUAL for claim in EXACT) > 30
    assert {type(check) for claim in EXACT for check in claim.checks} == {Proof, Certificate}


def test_no_wrong_version_divides_by_zero():
    """A term whose loss leaves 1/0 is passed over; the other terms of the bound are lost in turn."""
    versions = _named(_claim(bound=1 / (1 - (1 - d * r / n) ** 3)))
    assert not [m for m in versions.values() if m.claim.bound.has(sp.zoo)]
    assert len([name for name in versions if name.startswith("term-")]) == 3


def test_a_bound_that_is_a_multiple_of_its_quantity_is_halved_until_it_is_false():
    """Their quotient has fewer symbols than either: d/n is below 40 d/n divided by 2^5, not by 2^6."""
    claim = replace(claims["eq-46"], quantity=d / n, bound=40 * d / n, conditions=(), relation=Relation.UPPER)
    assert _exact_step(claim, HALF) == 6
