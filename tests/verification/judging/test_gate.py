"""A claim about every setting is attacked before a thorough run supports it."""

from dataclasses import replace

import pytest
import sympy as sp

from bounds import claims
from bounds.claim import Relation, Tail, Verdict
from bounds.symbols import d, gamma, r
from verification.checks.plan import PROFILES
from verification.judging import gate, run
from verification.search.space import RANGES, space

EXPLICIT = claims["corollary-1-explicit"]
SMALL = 40


def only_here(claim):
    """The claim with its own first path alone, and no random settings."""
    tail = next(check for check in claim.checks if isinstance(check, Tail))
    return replace(claim, checks=(replace(tail, paths=tail.paths[:1], random_settings=0),))


@pytest.fixture
def short(monkeypatch):
    """A thorough profile that attacks, and samples as little as the quick one."""
    profile = replace(PROFILES["quick"], name="thorough", attack=SMALL)
    monkeypatch.setitem(PROFILES, "thorough", profile)


def test_a_bound_that_breaks_elsewhere_is_refuted_by_its_attack(short):
    """Its own settings support it; the attack finds another, with the command that draws it again."""
    high = sp.Symbol("gamma_tilde", positive=True)
    (symbol,) = (s for s in EXPLICIT.bound.free_symbols if s.name == high.name)
    wrong = only_here(replace(EXPLICIT, id="wrong", bound=EXPLICIT.bound * sp.Min(1, symbol**2)))
    quick = run.verify([wrong], jobs=1, with_mutants=False)
    assert quick[0].verdict is Verdict.SUPPORTED
    thorough = run.verify([wrong], profile="thorough", jobs=1, with_mutants=False)
    assert thorough[0].verdict is Verdict.REFUTED
    assert thorough[0].draw_again.startswith("filtergain simulate ")
    row = next(row for row in thorough.ledger["checks"] if row["check"] == "wrong/attack")
    assert row["taken"]
    assert thorough[0].evidence[-1].false_alarm == row["share"] > 0
    assert sum(row["share"] for row in thorough.ledger["checks"]) <= 1e-6


def test_a_true_bound_stands_its_attack(short):
    """And says how many settings were tried, and how near the worst of them came."""
    found = run.verify(
        [replace(only_here(EXPLICIT), id="right")], profile="thorough", jobs=1, with_mutants=False
    )
    assert found[0].verdict is Verdict.SUPPORTED
    attack = found[0].evidence[-1]
    assert attack.kind == "search"
    assert 0.8 < attack.estimate < 1
    assert "inside the conditions keeps the bound" in attack.statement
    assert attack.details.evaluations >= SMALL / 2


def test_a_rate_names_the_constant_that_it_needs():
    """About 1 for Corollary 1, at its worst; a hundredth of the rate needs a hundred and stays undecided."""
    claim = claims["corollary-1"]
    found = gate.attack(claim, 0, SMALL, 1e-6)
    assert found.outcome == "holds"
    assert 0.8 < found.interval[0] < 1.1
    assert "needs a constant of" in found.statement
    small = gate.attack(claim.with_bound(claim.bound / 100), 0, SMALL, 1e-6)
    assert small.outcome == "undecided"
    assert small.witness is None


def test_the_printed_condition_of_proposition_1_does_not_pass():
    """Where no pair is clean the lower bound's constant is beyond all limits."""
    samples = claims["proposition-1-samples"].conditions
    printed = replace(claims["proposition-1"], conditions=samples)
    assert gate.attack(printed, 1, SMALL, 1e-6).outcome == "undecided"
    assert gate.attack(claims["proposition-1"], 1, SMALL, 1e-6).outcome == "holds"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("eq-2", {"relation": Relation.LOWER}),
        ("proposition-1", {"conditions": claims["proposition-1"].conditions[:3]}),
        ("corollary-1", {"bound": claims["corollary-1"].bound * sp.sqrt(gamma)}),
    ],
)
def test_a_rate_that_no_constant_saves_is_refuted(name, change):
    """Nothing is as small as no error at r = d; a missing condition or factor costs more on all of a way."""
    found = gate.attack(replace(claims[name], **change), 0, SMALL, 1e-6)
    assert found.outcome == "fails"
    assert found.interval[0] > gate.NO_CONSTANT
    assert found.witness is not None


def test_a_constant_that_is_large_and_does_not_grow_is_no_refutation():
    """The negative control: a rate divided by 10^5 needs 10^5 everywhere, and that is a constant."""
    claim = claims["corollary-1"]
    found = gate.attack(claim.with_bound(claim.bound / 10**5), 0, SMALL, 1e-6)
    assert found.interval[0] > gate.NO_CONSTANT
    assert found.outcome == "undecided"


def test_a_claim_about_one_modality_is_attacked_without_the_other():
    """PCA's claims hold under attack, and what is drawn has no second modality."""
    where = space(claims["eq-2"])
    point = where.point((0.5, 0.5, 0.2, 0.5, 0.5, 0.5, 0.1))
    assert {"d_tilde", "eta", "gamma_tilde"}.isdisjoint(dict(where.cell(point).values))
    assert gate.attack(claims["eq-2"], 0, SMALL, 1e-6).outcome == "holds"


def test_the_space_reaches_the_ends():
    """Noise from 1e-8 to 1e8 and none, one side apart from the other, d far from d~, r = d, small eta."""
    where = space(claims["theorem-1-corrected"])
    assert RANGES["gamma"] == RANGES["gamma_tilde"] == (1e-8, 1e8)
    least = where.point((1, 0.3, 1, 0, 0.475, 1, 0))
    assert least["eta"] == pytest.approx(1e-4)
    assert least["gamma"] == pytest.approx(1)
    assert least["gamma_tilde"] == float("inf")
    assert least["d"] > 20 * least["d_tilde"]
    assert least["r"] == least["d_tilde"]
    assert least["n"] > 10**9


def test_a_threshold_that_a_condition_fixes_is_that_of_the_attack():
    """Whether it is a number or follows from the setting: each meets its condition, and is drawn at."""
    for name, share in (("section-6-2-error-zero", 0), ("section-6-2-error-half", 1 / 2)):
        claim = claims[name]
        where = space(claim)
        point = where.point((0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.1))
        assert point["theta"] == pytest.approx(share * point["r"])
        (procedure,) = where.cell(point).procedures
        assert procedure.theta == point["theta"]
        assert gate.attack(claim, 0, SMALL, 1e-6).outcome == "holds"
    low = claims["section-6-2-error-zero"]
    low = low.with_bound(low.bound / d / r ** sp.Rational(3, 2))
    assert gate.attack(low, 0, SMALL, 1e-6).outcome != "holds"


def test_what_cannot_be_attacked_is_left_out():
    """Laws, proofs and other sample sizes have no attack; bounds of one side and orders have.

    Nor has an order of what is drawn at one threshold here and at another there.
    """
    named = {claim.id for claim in gate.attackable(list(claims.values()))}
    assert {"corollary-1", "theorem-1-corrected", "theorem-1-explicit", "eq-28", "lemma-11", "eq-11"} <= named
    assert {"regime-clean", "figure-3a-filtered-large"} <= named
    assert not named & {"corollary-1-sharp", "lemma-5", "abstract", "eq-45", "table-1"}
    assert all(claims[name].up_to_constant for name in named if claims[name].relation is Relation.EQUAL)


def test_an_order_is_attacked_from_both_sides():
    """It holds; without its condition on d~, or with d + r for d - r, one side of it breaks."""
    claim = claims["regime-flat"]
    assert [side.relation for side in gate.sides(claim)] == [Relation.UPPER, Relation.LOWER]
    assert gate.attack(claim, 0, SMALL, 1e-6).outcome == "holds"
    more = claim.with_bound(claim.bound.subs(d, d + 2 * r))
    assert gate.attack(more, 0, SMALL, 1e-6).outcome == "fails"
    free = replace(claim, conditions=claim.conditions[1:])
    assert gate.attack(free, 0, SMALL, 1e-6).outcome == "fails"


def test_what_breaks_at_the_edge_of_a_condition_alone_is_not_refuted():
    """The first regime from above needs more pairs than its condition has at the constant 1."""
    claim = replace(claims["regime-clean"], relation=Relation.UPPER)
    assert gate.attack(claim, 0, SMALL, 1e-6).outcome != "fails"
    assert gate.attack(claim.with_bound(claim.bound / d), 0, SMALL, 1e-6).outcome != "holds"


def test_too_few_kept_pairs_refute_no_rate():
    """At n = 4 and d = 1 half of the pairs are not kept and nothing is learned: no space errs more than 1."""
    claim = claims["section-6-2-error"]
    found = gate.attack(claim, 0, 150, 1e-9)
    assert found.outcome == "holds"
    small = claim.with_bound(claim.bound / r ** sp.Rational(3, 2) / d)
    assert gate.attack(small, 0, 150, 1e-9).outcome != "holds"
