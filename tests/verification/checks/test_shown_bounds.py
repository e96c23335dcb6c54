"""A bound that is shown beside a law is its root mean square: any other formula is refuted."""

import math
from dataclasses import replace

import pytest
import sympy as sp
from scipy import stats

from bounds import claims
from bounds.claim import Law, Relation
from bounds.symbols import d, gamma, n, r
from verification.checks import law
from verification.checks.plan import PROFILES, plan
from verification.errors import InvalidArgument
from verification.judging.run import verify
from verification.mutants.claim import mutants
from verification.statistics.distribution import root_mean_square

BY_LAW = [
    claim
    for claim in claims.values()
    if claim.bound is not None and any(isinstance(check, Law) for check in claim.checks)
]


def shown(claim):
    """The plans of the laws that a quick run holds a claim's bound against."""
    quick = PROFILES["quick"]
    laws = [check for check in claim.checks if isinstance(check, Law) and check.least == "quick"]
    return [plan("x", claim, check, 1e-9, quick, None, 0) for check in laws]


def refuted(claim, bound, relation=Relation.EQUAL):
    """Whether a law of the claim contradicts this bound in place of its own."""
    wrong = claim.with_bound(bound, relation=relation)
    return any(law.bound_differs(p.check, replace(p, claim=wrong)) is not None for p in shown(claim))


@pytest.mark.parametrize("claim", BY_LAW, ids=lambda claim: claim.id)
def test_a_shown_bound_is_the_root_mean_square_of_its_law_and_nothing_else(claim):
    """As stated it stands; a thousand times as large, a thousandth off, or another formula it does not."""
    assert claim.id in {"eq-2-sharp", "corollary-1-sharp", "proposition-1-sharp", "theorem-1-sharp"}
    assert not refuted(claim, claim.bound)
    for wrong in (1000 * claim.bound, 1.001 * claim.bound, claim.bound / 1.001, sp.Integer(1), 1 / n):
        assert refuted(claim, wrong)
    for symbol in {d, r, n, gamma} & claim.bound.free_symbols:
        assert refuted(claim, claim.bound * symbol ** sp.Rational(1, 10))


def test_a_bound_stands_to_its_law_as_the_relation_says():
    """An upper bound may be larger than the root mean square, and a lower one smaller."""
    claim = claims["corollary-1-sharp"]
    assert not refuted(claim, 2 * claim.bound, Relation.UPPER)
    assert refuted(claim, claim.bound / 2, Relation.UPPER)
    assert not refuted(claim, claim.bound / 2, Relation.LOWER)
    assert refuted(claim, 2 * claim.bound, Relation.LOWER)


def test_a_bound_without_a_value_is_none_of_a_law():
    """The root of a negative number, and infinity, equal no root mean square."""
    claim = claims["corollary-1-sharp"]
    assert refuted(claim, sp.sqrt(r - d))
    assert refuted(claim, sp.oo)


def test_every_wrong_formula_is_refuted_in_a_run():
    """Constants, powers, addends and the other modality: none of the run's wrong versions is left."""
    verdict = verify([claims["proposition-1-sharp"]], jobs=1)[0]
    formulas = [m for m in verdict.mutants if "~bound-" in m.id]
    assert len(formulas) >= 12
    assert all(m.refuted for m in formulas)
    assert any("mirrored" in m.id for m in mutants(claims["theorem-1-sharp"]))


def test_a_law_beside_which_a_bound_stands_says_what_it_is():
    """A bound that nothing looks at is an error of the claim."""
    claim = claims["eq-2-sharp"]
    blind = replace(claim.checks[0], shown=None)
    with pytest.raises(InvalidArgument, match="of which law its bound is the root mean square"):
        plan("x", replace(claim, checks=(blind,)), blind, 1e-9, PROFILES["quick"], None, 0)


@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("dof", [1, 2, 40, 10**6])
def test_a_root_mean_square_comes_from_the_distribution_function(scale, dof):
    """To 1e-8, from one degree of freedom to a million, at every scale."""
    found = root_mean_square(lambda x: stats.chi.cdf(x / scale, dof))
    assert found == pytest.approx(scale * math.sqrt(dof), rel=1e-8)


def test_what_is_always_zero_has_no_root_mean_square_but_zero():
    """And a law that never reaches 1 has none."""
    assert root_mean_square(lambda x: 0 * x + 1) == 0
    with pytest.raises(InvalidArgument, match="must reach 1"):
        root_mean_square(lambda x: 0 * x + 0.5)
