"""Mistakes injected at random into claims that draws judge: what is known and what is made of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from bounds import claims
from bounds.checks import Relation
from bounds.claim import Verdict
from bounds.paper.regimes import NO_LEAK
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, n_T, r
from verification.judging import injected_record, injected_sampled
from verification.judging.injected_places import BOX, ModelRegion
from verification.judging.injected_sampled import inject, sampled, study
from verification.judging.injected_truth import broken, measured_of, median, truth

RATE, TAIL, LOWER = claims["corollary-1"], claims["corollary-1-explicit"], claims["proposition-1"]
LAW, BOTH = claims["corollary-1-sharp"], claims["figure-3a-filtered-large"]
KNOWN = [
    (RATE, RATE.bound / sp.sqrt(r), "false"),
    (RATE, RATE.bound / sp.sqrt(1 + 1 / gamma_tilde), "false"),
    (RATE, RATE.bound * sp.sqrt(eta), "false"),
    (RATE, RATE.bound.subs(d_tilde, d), "false"),
    (RATE, 7 * RATE.bound, "true"),
    (RATE, RATE.bound / 7, "true"),
    (RATE, RATE.bound * sp.sqrt(n), "true"),
    (LOWER, LOWER.bound / eta, "false"),
    (LOWER, LOWER.bound * eta, "true"),
    (LOWER, LOWER.bound * sp.sqrt(gamma), "false"),
    (RATE, RATE.bound / (1 - eta), "true"),
    (RATE, RATE.bound * (1 - eta), "false"),
    (RATE, RATE.bound * (1 + 1 / gamma) ** sp.Rational(-1, 6), "unknown"),
    (TAIL, TAIL.bound / 1000, "false"),
    (TAIL, TAIL.bound.subs(eta, eta * (1 - eta)), "false"),
    (TAIL, TAIL.bound * 2, "true"),
    (LAW, LAW.bound * 1000, "false"),
    (LAW, sp.expand(LAW.bound), "true"),
    (BOTH, BOTH.bound * sp.sqrt(gamma), "false"),
    (BOTH, 3 * BOTH.bound, "true"),
    (claims["eq-45"], claims["eq-45"].bound.subs(n_T, n), "false"),
    # Off by sqrt(r) at eta = 1 only, where the minimum is 1.
    (claims["abstract"], claims["abstract"].bound.subs(eta, eta * (1 - eta)), "false"),
    (claims["abstract"], claims["abstract"].bound.subs(eta, eta * (2 - eta)), "true"),
]


@pytest.mark.parametrize(("claim", "bound", "known"), KNOWN)
def test_what_a_changed_bound_is_worth_is_known_from_the_law(claim, bound, known):
    """A missing or moved factor is false, a weaker or equal one true, whatever the claim's checks see."""
    assert truth(claim, claim.stated.about(bound)).truth == known


def test_an_order_from_both_sides_is_false_where_no_error_is_left():
    """With d = r = 4 in its conditions, whatever its sizes; of a claim that leaves it out nothing is said."""
    shifted = tuple(sp.Ge(d, 4) if one == sp.Ge(d, 5) else one for one in BOTH.conditions)
    assert shifted != BOTH.conditions
    assert truth(BOTH, replace(BOTH.stated, conditions=shifted)).truth == "false"
    wider = tuple(sp.Ge(d, 6) if one == sp.Ge(d, 5) else one for one in BOTH.conditions)
    assert truth(BOTH, replace(BOTH.stated, conditions=wider)).truth != "false"


def test_a_power_over_a_window_is_neither_true_nor_false():
    """eta between 1/50 and 1/10: a constant covers every power; one of gamma, which has no end, is false."""
    claim = claims["figure-3a-filtered"]
    assert truth(claim, claim.stated.about(claim.bound * sp.sqrt(eta))).truth == "unknown"
    assert truth(claim, claim.stated.about(claim.bound * sp.sqrt(gamma))).truth == "true"


def test_claims_about_other_data_are_left_out():
    """Real pairs have no gamma, and nothing is known of them elsewhere."""
    assert not {c.id for c in sampled(claims.values())} & {"figure-3b-all-pairs", "figure-3b-flatter"}
    assert BOTH in sampled(claims.values())


def test_the_printed_theorem_is_not_called_true():
    """Nothing follows of it from the corrected one, whose bound is larger."""
    claim = claims["theorem-1-corrected"]
    assert truth(claim, claim.stated.about(claims["theorem-1"].bound)).truth != "true"


@pytest.mark.parametrize(
    ("name", "dropped"),
    [("figure-3a-filtered-large", sp.Ge(eta, sp.Rational(1, 4))), ("regime-flat-student", NO_LEAK)],
)
def test_what_is_false_only_where_three_parameters_move_is_not_called_true(name, dropped):
    """Without its least eta each order fails, at high SNR and many pairs: on no way of two parameters."""
    claim = claims[name]
    rest = tuple(c for c in claim.conditions if c != dropped)
    assert len(rest) == len(claim.conditions) - 1
    assert truth(claim, replace(claim.stated, conditions=rest)).truth != "true"


@pytest.mark.parametrize("name", ["corollary-1", "proposition-1", "eq-27-explicit", "theorem-1-corrected"])
def test_the_law_itself_finds_the_claims_true(name):
    """Without leaning on the claim nothing in its region breaks it, and much of the region is known."""
    found = truth(claims[name], claims[name].stated, rests=False)
    assert found.truth == "true"


def test_a_relation_read_the_other_way_is_false_and_equality_up_to_a_constant_too():
    """No error is as large as Corollary 1 where one modality has no noise and the other no room."""
    for relation in (Relation.LOWER, Relation.EQUAL):
        assert truth(RATE, replace(RATE.stated, relation=relation)).truth == "false"


def test_places_lie_inside_the_conditions_and_reach_the_ends_of_the_box():
    """Every setting meets the conditions, sizes are least ones times a factor, and ways end at the box."""
    region = ModelRegion(LOWER.stated, measured_of(LOWER))
    reached = set()
    for base in region.bases(3, 0):
        for places, lengths in region.ways(base):
            assert len(places) == len(lengths)
            assert lengths == sorted(lengths)
            for place in places:
                assert region.allows(place)
                assert place["r"] == 1
                assert place["gamma_tilde"] == np.inf
            reached |= {name for name in ("gamma", "eta", "d") if places[-1][name] in BOX[name]}
    assert reached == {"gamma", "eta", "d"}


def test_the_truth_of_an_error_is_its_law_and_of_another_quantity_its_draws():
    """A median is half of the probability to pass it, either way."""
    for claim in (RATE, claims["eq-27-explicit"]):
        region = ModelRegion(claim.stated, measured_of(claim))
        (base,) = region.bases(1, 0)
        place = region.place(base)
        low, likely, high = broken(region.measured, place, median(region.measured, place), upper=True)
        assert low <= likely <= high
        assert likely == pytest.approx(0.5, abs=0.05)
        assert broken(region.measured, place, np.nan, upper=True) == (0, 1, 1)


def test_a_mistake_depends_on_the_seed_and_the_statement_only():
    """The same for the same seed, none twice, and each with a value wherever the claim has one."""
    first, again, other = (list(inject(LAW, 2, seed)) for seed in (0, 0, 1))
    assert first == again
    assert [one.stated for one in first] != [one.stated for one in other]
    assert len({one.stated for one in first}) == len(first)


def test_only_claims_with_a_formula_that_draws_support_are_changed():
    """No proof alone, no table of numbers, nothing that is expected to be refuted."""
    names = {claim.id for claim in sampled(claims.values())}
    assert {"corollary-1", "corollary-1-explicit", "corollary-1-sharp"} <= names
    assert not {"theorem-1", "table-1", "lemma-5", "regime-crossing-measured"} & names


def test_mistakes_in_a_claim_are_judged_on_its_own_draws_and_nothing_true_is_refuted():
    """What is false of a sharp law is refuted, with the draws of the claim alone."""
    found = list(study([LAW, TAIL], list(claims.values()), 1, 0, 1))
    assert {one.mistake.claim for one in found} == {LAW.id, TAIL.id}
    assert not any(one.false_alarm for one in found)
    false = [one for one in found if one.mistake.known.truth == "false" and one.mistake.claim == LAW.id]
    assert len(false) >= 4
    assert all(one.caught for one in false)


def test_a_design_that_sees_nothing_is_told(monkeypatch, capsys):
    """The negative control: with checks that always hold nothing is refuted, and the command fails."""

    def blind(self, claim, mistake):
        return injected_sampled.JudgedSample(mistake, claims[claim.id].expected, "quick", 0.0)

    monkeypatch.setattr(injected_sampled.Bench, "judged", blind)
    assert injected_record.main(["corollary-1-sharp", "--jobs", "1", "--each", "1"]) == 1
    assert "let through: corollary-1-sharp" in capsys.readouterr().out


def test_an_interrupted_run_goes_on_where_it_stopped(monkeypatch, tmp_path, capsys):
    """What the record holds is not judged again, and the whole is what one run would have found."""
    asked = []

    def counted(self, claim, mistake):
        asked.append(mistake.kind)
        return injected_sampled.JudgedSample(mistake, Verdict.REFUTED, "quick", 0.0)

    monkeypatch.setattr(injected_sampled.Bench, "judged", counted)
    whole, parts, out = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl", tmp_path / "out.json"
    arguments = ["eq-2-sharp", "--jobs", "1", "--out", str(out), "--record"]
    injected_record.main([*arguments, str(whole)])
    once, at_once = list(asked), json.loads(out.read_text())
    parts.write_text("".join(whole.read_text().splitlines(keepends=True)[:2]))
    asked.clear()
    injected_record.main([*arguments, str(parts)])
    assert asked == once[2:]
    assert json.loads(out.read_text()) == at_once
    capsys.readouterr()
