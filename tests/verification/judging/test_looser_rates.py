"""A true rate, looser than a claim's in all of its symbols, is not refuted for growing in one of them."""

from dataclasses import replace

import pytest
import sympy as sp

from bounds import claims
from bounds.claim import Relation, Verdict
from bounds.symbols import eta, r
from verification.checks.judge import bounds
from verification.judging.injected_sampled import bench, sampled, with_mistake
from verification.judging.samples import Sampler
from verification.judging.verdict import decide

REGISTER = tuple(claims.values())
ERRORS = ("error", "clean-pairs-error", "pca-error")
DEAR = ("theorem-1-corrected", "figure-3a-filtered")
POWERS = tuple(map(sp.Rational, ("1/10", "1/2", "3/4")))
UPPER, LOWER = (
    [
        claim
        for claim in sampled(REGISTER)
        if claim.up_to_constant
        and claim.relation is relation
        and claim.checks[0].measured.quantity in ERRORS
        and claim.id not in DEAR
    ]
    for relation in (Relation.UPPER, Relation.LOWER)
)


@pytest.fixture(scope="module")
def judges():
    """What judges versions of a claim by its own quick design, and draws once for all of them."""
    with Sampler(0, 1) as samples:
        yield bench([*UPPER, *LOWER], REGISTER, samples)


def found(judges, claim, bound):
    """The quick evidence on the claim with another bound."""
    changed = with_mistake(claim, claim.stated.about(sp.powdenest(bound, force=True)))
    return list(judges._evidence(changed, judges.plans["quick"][claim.id]))


def growth(evidence):
    """The parameters in which the rate was found to be outgrown."""
    return {one.details.parameter for one in evidence if one.outcome == "fails"}


@pytest.mark.parametrize("claim", UPPER, ids=lambda claim: claim.id)
def test_an_upper_rate_nearer_to_the_largest_error_is_not_refuted(judges, claim):
    """rate^a sqrt(r)^(1-a) is at least the smaller of the two, and the error at most of its order."""
    for power in POWERS:
        evidence = found(judges, claim, claim.bound**power * sp.sqrt(r) ** (1 - power))
        assert decide(evidence) is not Verdict.REFUTED, (power, growth(evidence))


@pytest.mark.parametrize("claim", LOWER, ids=lambda claim: claim.id)
def test_a_power_of_a_small_lower_rate_is_not_refuted(judges, claim):
    """The conditions keep the rate below a constant: its square is smaller still."""
    for power in POWERS[1:]:
        evidence = found(judges, claim, claim.bound ** (1 / power))
        assert decide(evidence) is not Verdict.REFUTED, (power, growth(evidence))


@pytest.mark.parametrize("name", ["section-6-2-error-half", "corollary-1", "remark-4-1"])
def test_growth_that_no_room_makes_up_refutes(judges, name):
    """The negative control: a looser rate is outgrown in eta, and what it must be to stay false is refuted.

    At a tenth of its power in eta alone n has no room, and with a twentieth of it in n too little.
    """
    claim = claims[name]
    looser = claim.bound ** sp.Rational(1, 10) * sp.sqrt(r) ** sp.Rational(9, 10)
    assert "eta" in growth(found(judges, claim, looser))
    for wrong in (claim.bound.subs(eta, eta ** sp.Rational(1, 10)), looser * eta ** sp.Rational(1, 2)):
        assert decide(found(judges, claim, wrong)) is Verdict.REFUTED


def test_without_what_a_growth_asks_of_the_pairs_a_true_rate_would_be_refuted(judges):
    """The negative control: the same evidence, with nothing that must move along."""
    claim = claims["section-6-2-error-half"]
    evidence = found(judges, claim, claim.bound ** sp.Rational(1, 10) * sp.sqrt(r) ** sp.Rational(9, 10))
    blind = [replace(one, details=replace(one.details, asked={})) for one in evidence]
    assert decide(blind) is Verdict.REFUTED


def test_a_power_that_levels_off_is_refuted_though_it_is_true(judges):
    """docs/injected-mistakes.md names this alarm: two ends of a way do not tell a power from what ends."""
    claim = claims["proposition-1-samples-corrected"]
    evidence = found(judges, claim, claim.bound**10)
    assert decide(evidence) is Verdict.REFUTED
    assert growth(evidence) == {"gamma"}
    (way,) = (plan for plan in judges.plans["quick"][claim.id] if plan.points[-1]["gamma"] == 0.01)
    first, *_, last = bounds(way)
    assert (last / first) ** 10 == pytest.approx(30, rel=0.05)
