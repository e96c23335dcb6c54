"""A claim states nothing outside its conditions: what is judged there says nothing of it."""

from dataclasses import replace

import pytest
import sympy as sp
from helpers import made_up
from hypothesis import given
from hypothesis import strategies as st

from bounds import Measured, Path, Scaling, Tail, Verdict, claims
from bounds.proof.region import flattened
from bounds.symbols import d, d_tilde, delta, eta, gamma, gamma_tilde, n, r
from verification.checks.conditions import idle, looked, meets, within
from verification.checks.plan import PROFILES, made, named_checks, plan
from verification.judging.run import verify
from verification.judging.verdict import explain

AT = ((d, 12), (d_tilde, 8), (r, 2), (gamma, 1), (gamma_tilde, 1), (eta, 0.5))
UNFILTERED = Measured()

REACHING = [
    (claim.id, number)
    for claim in claims.values()
    for number, check in enumerate(claim.checks)
    if isinstance(check, Scaling) and check.beyond
]


def own(conditions, *checks, **changes):
    """A claim that the error is of order 1/sqrt(n) at most, under conditions of its own."""
    return made_up(*checks, conditions=conditions, **{"up_to_constant": True, **changes})


def judged(claim):
    """Its verdict, without its wrong versions."""
    return verify([claim], profile="quick", jobs=1, with_mutants=False)[0]


def falls(*values, at=AT, **how):
    """A family of n."""
    return Scaling(UNFILTERED, Path(n, values, at), two_sided=True, margin=0.1, **how)


@pytest.mark.parametrize("claim", claims.values(), ids=lambda claim: claim.id)
def test_no_check_of_the_register_is_cut(claim):
    """Every setting of its checks meets the conditions; the checks that reach beyond are not made at all."""
    reaching = [check for check in claim.checks if idle(check, claim.conditions)]
    assert list(within(claim).checks) == [check for check in claim.checks if check not in reaching]
    assert all(isinstance(check, Scaling) and check.beyond for check in reaching)
    assert len(reaching) == sum(isinstance(check, Scaling) and check.beyond for check in claim.checks)


def test_what_is_false_outside_the_conditions_only_is_not_refuted():
    """1/n is false, but not at the settings that the conditions leave: no counterexample is there."""
    allowed = own((sp.Ge(n, 10**6),), falls(10**3, 10**5), bound=1 / n)
    found = judged(allowed)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "says nothing of the claim" in found.evidence[0].statement
    assert "outside the conditions: n = 1000, n = 100000" in explain(found)
    assert judged(own((), falls(10**3, 10**5), bound=1 / n)).verdict is Verdict.REFUTED


def test_what_is_true_outside_the_conditions_only_is_not_supported():
    """Families of many pairs say nothing of few."""
    assert judged(own((sp.Le(n, 100),), falls(10**4, 10**6))).verdict is Verdict.INCONCLUSIVE
    assert judged(own((sp.Ge(n, 100),), falls(10**4, 10**6))).verdict is Verdict.SUPPORTED


def test_a_family_is_judged_where_it_meets_the_conditions():
    """Its other settings are told; that the rate fails there costs the claim nothing."""
    claim = own((sp.Ge(n, 10**4),), falls(4, 10**4, 10**6))
    found = judged(claim)
    assert found.verdict is Verdict.SUPPORTED
    assert found.evidence[0].details.values == (1e4, 1e6)
    assert "n = 4 (outside the conditions)" in found.evidence[0].details.left_out
    assert "not judged, being outside the conditions: n = 4." in explain(found)
    assert "outside the conditions" not in explain(judged(own((), falls(10**4, 10**6))))
    assert judged(own((), falls(4, 10**4, 10**6))).verdict is not Verdict.SUPPORTED


def test_a_tail_is_judged_where_it_meets_the_conditions():
    """The bound is broken at n = 8 alone, which a condition leaves out."""
    tail = Tail(UNFILTERED, (Path(n, (8, 10**5, 10**6), (*AT, (delta, 0.05))),), delta=0.05)
    numbers = {"up_to_constant": False, "bound": 30 / sp.sqrt(n) * sp.Min(1, n / 10**4)}
    assert judged(own((sp.Ge(n, 10**5),), tail, **numbers)).verdict is Verdict.SUPPORTED
    assert judged(own((), tail, **numbers)).verdict is Verdict.REFUTED


def test_a_claim_may_be_written_with_lists():
    """What a check finds is kept by its hash, which lists have none of."""
    at = [[symbol, value] for symbol, value in AT]
    listed = [Scaling(UNFILTERED, Path(n, [10**4, 10**6], at), two_sided=True, margin=0.1)]
    claim = replace(own((), falls(10**4, 10**6)), conditions=[sp.Ge(n, 100)], checks=listed)
    assert claim == own((sp.Ge(n, 100),), falls(10**4, 10**6))
    assert hash(claim) == hash(own((sp.Ge(n, 100),), falls(10**4, 10**6)))
    assert judged(claim).verdict is Verdict.SUPPORTED


@given(st.lists(st.integers(2, 10**6), min_size=1, max_size=6, unique=True), st.integers(2, 10**6))
def test_the_settings_kept_are_those_that_meet_the_conditions(values, least):
    """In their order, and none is lost without a name."""
    check = falls(*values)
    found = looked(check, (sp.Ge(n, least),))
    inside = [point for point in check.path.points() if meets(own((sp.Ge(n, least),), check), point)]
    if len(inside) == len(values) or len(inside) < 2:
        assert found.check is check
    else:
        assert list(found.check.path.points()) == inside
    assert found.nowhere == (len(inside) < 2 and len(inside) < len(values))
    assert len(found.outside) == len(values) - len(inside)


def test_a_tail_s_own_delta_is_held_against_the_conditions():
    """A condition on n and delta knows delta from the check, whose settings need not name it."""
    condition = sp.Ge(n, 10**4 * sp.log(2 / delta))
    check = Tail(UNFILTERED, (Path(n, (10**4, 10**5), AT),), delta=0.05)
    assert looked(check, (condition,)).outside == ("n = 10000",)
    assert not looked(replace(check, delta=0.9), (condition,)).outside


def test_a_condition_that_is_met_at_its_edge_is_met():
    """1/(4 sqrt(32)) in doubles is one unit in the last place above itself."""
    edge = 1 / (4 * sp.sqrt(r))
    family = Path(r, (2, 32), (*(pair for pair in AT if pair[0] not in (r, d, eta)), (d, 64), (eta, edge)))
    check = Scaling(UNFILTERED, replace(family, at=(*family.at, (n, 10**4))), two_sided=True, margin=0.1)
    assert not looked(check, (sp.Le(eta, edge),)).outside
    assert looked(check, (sp.Le(eta, edge / 2),)).nowhere


@pytest.mark.parametrize(
    ("condition", "outside"),
    [
        (sp.Ge(n, 1 / (gamma - 1)), 2),  # no value at gamma = 1
        (sp.Ge(sp.sqrt(n), 10**6), 1),  # 10^30 is no integer of NumPy's
        (sp.Ge(n, sp.gamma(r + 9)), 1),  # a function that only SciPy has
        (sp.And(sp.Ge(n, 10**6), sp.Ge(d, 2)), 1),
    ],
)
def test_a_condition_may_be_anything_that_has_numbers(condition, outside):
    """Where it has none it is not met; no setting makes it raise."""
    assert len(looked(falls(10**3, 10**30), (condition,)).outside) == outside


def test_a_threshold_that_is_drawn_at_is_held_against_the_conditions():
    """A setting that names no threshold has that of what is measured there."""
    at_half = Measured("oracle-filtered", thetas=(r / 2,))
    check = replace(falls(10**3, 10**5), measured=at_half)
    theta = next(s for s in claims["eq-11"].conditions[0].free_symbols if s.name == "theta")
    assert not looked(check, (sp.Eq(theta, r / 2),)).outside
    assert looked(check, (sp.Gt(theta, r),)).nowhere


@pytest.mark.parametrize(("claim_id", "number"), REACHING)
def test_a_family_beyond_the_conditions_is_made_where_one_is_missing(claim_id, number):
    """Not for the claim as it stands; without the one condition that it breaks, it refutes by draws."""
    claim = claims[claim_id]
    check = claim.checks[number]
    assert check not in made(claim, PROFILES["thorough"])
    assert f"{claim_id}/scaling-{number + 1}" not in [name for name, _, _ in named_checks([claim])]
    kept = tuple(c for c in flattened(claim.conditions) if not looked(check, (c,)).nowhere)
    assert len(kept) == len(flattened(claim.conditions)) - 1
    weaker = replace(claim, id="weaker", conditions=kept, depends_on=(), variant="printed", corrects=None)
    for profile in PROFILES.values():
        assert plan("own", weaker, check, 1e-9, profile, None, 0).cells  # what it takes is allowed
    assert judged(replace(weaker, checks=(check,))).verdict is Verdict.REFUTED


def test_a_family_beyond_the_conditions_shows_itself_in_the_whole_claim():
    """Eq. 11 without the upper end of its thresholds was supported, and is refuted by its own checks."""
    claim = claims["eq-11"]
    weaker = replace(claim, id="weaker", conditions=(claim.conditions[0], claim.conditions[2]), depends_on=())
    assert judged(weaker).verdict is Verdict.REFUTED
