"""Which change between two runs counts as worse, better, or just a change."""

import copy
import json

import pytest

from bounds import claims
from verification import verify
from verification.report.diff import compare

PROPOSITION = "proposition-1-explicit"


@pytest.fixture(scope="module")
def document():
    """A run of a proof and a simulated claim, as the JSON says it."""
    return json.loads(json.dumps(verify([claims["eq-5"], claims[PROPOSITION]], jobs=1).as_dict()))


def set_claim(**fields):
    """Changes of the simulated claim's own fields."""
    return lambda claim: claim.update(fields)


def set_check(**fields):
    """Changes of its last check, the simulated one."""
    return lambda claim: claim["evidence"][-1].update(fields)


def scaled(field, factor):
    """A number of that check times `factor`."""
    return lambda claim: claim["evidence"][-1].update({field: claim["evidence"][-1][field] * factor})


def power(factor):
    """A smallest violation that is larger or smaller."""

    def change(claim):
        found = claim["evidence"][-1]["power"]
        claim["evidence"][-1]["power"] = {**found, "smallest": found["smallest"] * factor}

    return change


def slack(factor):
    """A bound that is looser or tighter."""
    return lambda claim: claim.update(slack_factor=claim["slack_factor"] * factor)


def survives(claim):
    """A mutant that is no longer refuted."""
    claim["mutants"][0]["refuted"] = False


def without(field):
    """The first of a list is gone."""
    return lambda claim: claim[field].pop(0)


def doubled(claim):
    """One more check of the same kind."""
    claim["evidence"].append(copy.deepcopy(claim["evidence"][-1]))


CHANGES = {
    "weaker verdict": (set_claim(verdict="INCONCLUSIVE"), "worse", "better", "verdict"),
    "expects less": (set_claim(verdict="REFUTED", expected="REFUTED"), "worse", "better", "verdict"),
    "another bound": (set_claim(bound="2/sqrt(n)"), "changed", "changed", "bound"),
    "looser": (slack(1.5), "worse", "better", "slack factor"),
    "no slack": (set_claim(slack_factor=None), "changed", "changed", "slack"),
    "check undecided": (set_check(outcome="undecided"), "worse", "changed", "tail-1"),
    "wider threshold": (scaled("threshold", 1.5), "worse", "better", "tail-1 threshold"),
    "less power": (power(2.0), "worse", "better", "tail-1 smallest violation found"),
    "another constant": (scaled("estimate", 1.01), "changed", "changed", "tail-1 measured"),
    "one check more": (doubled, "changed", "worse", "new check tail-2"),
    "mutant survives": (survives, "worse", "better", "wrong version"),
    "mutant not tried": (without("mutants"), "changed", None, "wrong versions no longer tried"),
    "rests on a falsehood": (set_claim(conditional_on=["eq-10"]), "worse", "better", "now conditional on"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_and_its_reverse_have_a_direction(document, name):
    """What is worse one way is better the other, or a change both ways."""
    change, forth, back, words = CHANGES[name]
    new = copy.deepcopy(document)
    change(new["claims"][1])
    (found,) = compare(document, new)
    assert (found.claim, found.direction) == (PROPOSITION, forth)
    assert words in found.what
    assert [c.direction for c in compare(new, document)] == ([back] if back else [])


def test_claims_come_and_go(document):
    """A new claim is a change, a claim that is gone is worse."""
    fewer = {**document, "claims": document["claims"][:1]}
    assert [c.direction for c in compare(fewer, document)] == ["changed"]
    assert [(c.claim, c.direction) for c in compare(document, fewer)] == [(PROPOSITION, "worse")]


def test_many_new_claims_make_one_line(document, tmp_path, command):
    """Runs that differ in their claims or in how they were made say so shortly."""
    many = {**document, "claims": [{**document["claims"][0], "id": f"x-{i}"} for i in range(5)], "seed": 3}
    none = {**document, "claims": []}
    for name, run in (("many", many), ("none", none)):
        (tmp_path / f"{name}.json").write_text(json.dumps(run))
    files = str(tmp_path / "none.json"), str(tmp_path / "many.json")
    status, out, err = command("diff", *files)
    assert (status, out) == (
        0, "changed new claims (5): x-0, x-1, x-2, x-3, x-4\n5 changes, 0 for the worse.\n"
    )  # fmt: skip
    assert err == "note: the runs were made differently: seed 0 -> 3\n"
    status, out, _ = command("diff", *files[::-1])
    assert (status, out.splitlines()[0]) == (1, "worse   claims are gone (5): x-0, x-1, x-2, x-3, x-4")
    (tmp_path / "one.json").write_text(json.dumps({**many, "claims": many["claims"][:1]}))
    out = command("diff", tmp_path / "none.json", tmp_path / "one.json")[1]
    assert out.endswith("\n1 change, 0 for the worse.\n")


def test_another_seed_is_no_change_while_intervals_meet(document):
    """A constant counts as another one only where the two intervals are apart."""
    old, new = copy.deepcopy(document), copy.deepcopy(document)
    old["claims"][1]["evidence"][-1].update(interval=[0.9, 1.1], estimate=1.0)
    new["claims"][1]["evidence"][-1].update(interval=[1.05, 1.2], estimate=1.1, seed=5)
    assert compare(old, new) == []
    new["claims"][1]["evidence"][-1].update(interval=[1.15, 1.2])
    (found,) = compare(old, new)
    assert (found.direction, found.old, found.new) == ("changed", "1 in [0.9, 1.1]", "1.1 in [1.15, 1.2]")


def test_small_drifts_are_within_the_tolerance(document):
    """A slack that moves by less than the tolerance is no change, and infinite numbers compare."""
    new = copy.deepcopy(document)
    slack(1.01)(new["claims"][1])
    assert compare(document, new) == []
    assert len(compare(document, new, tolerance=0.001)) == 1
    for run in (document, new):
        run = copy.deepcopy(run)
        run["claims"][1]["slack_factor"] = "inf"
        assert compare(run, copy.deepcopy(run)) == []
