"""What a verdict says of a proof: the numbers that break a claim, or that nothing breaks it yet."""

import dataclasses
import io

import pytest
import sympy as sp
from rich.console import Console

from bounds import Proof, Relation, claims
from bounds.claim import Verdict
from bounds.proof.steps import concluded, instance, of_order
from bounds.symbols import eta, r
from verification.judging import verdicts
from verification.judging.run import verify
from verification.report import junit
from verification.statistics.evidence import Evidence


def own(derive):
    """A claim that a number is at most 1, with this proof."""
    base = claims["eq-10-corrected"]
    return dataclasses.replace(
        base, id="own", bound=sp.S.One, relation=Relation.UPPER, conditions=(), depends_on=(),
        checks=(Proof(derive),), corrects=None,
    )  # fmt: skip


def judged(derive):
    """What a run finds about it."""
    (found,) = verify([own(derive)], jobs=1)
    return found


def test_an_instance_shows_its_numbers_where_its_formula_is_too_long():
    """A short comparison is shown as it stands, a long one in numbers, both with the point."""
    short = judged(lambda claimed: [instance("at 2", r, claimed, {r: 2})])
    assert short.verdict is Verdict.REFUTED
    assert "(2 <= 1 fails at r = 2)" in short.words
    long = sp.Add(*(sp.sqrt(eta + k) for k in range(12)))
    shown = judged(lambda claimed: [instance("at 1/4", long, claimed, {eta: sp.Rational(1, 4)})]).words
    number = sum((0.25 + k) ** 0.5 for k in range(12))
    assert f"({number:.6g} <= 1 fails at eta = 1/4)" in shown


def test_a_limit_that_refutes_says_what_was_needed():
    """The step of a proof up to a constant names its limit and what a true claim's would be."""
    claimed = claims["theorem-1-switch"].stated
    wrong = of_order("crossing", sp.oo, claimed)
    assert (wrong.truth, wrong.shown) == (False, "its limit is oo, which must be finite and above 0")
    assert of_order("crossing", 2, claimed).shown == "its limit is 2"


def test_a_step_that_fails_names_no_budget():
    """No budget ended; what would refute the claim is named, and only where a step is false."""
    from bounds.proof.steps import identity

    found = judged(lambda claimed: [identity("one", r, r + 1), concluded("end", r, claimed, Relation.UPPER)])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "budget" not in found.words
    assert "the proof does not give the claim" in found.words
    assert "`instance`" in found.words
    assert "`instance`" not in judged(lambda claimed: []).words


def test_a_proved_claim_without_wrong_versions_says_so():
    """Beside its verdict stands that none was tried; beside an undecided one nothing does."""
    proved = verify([own(lambda claimed: [concluded("end", sp.S.Half, claimed)])], jobs=1, with_mutants=False)
    assert proved[0].verdict is Verdict.PROVED
    assert "none tried" in str(proved)
    undecided = verify([own(lambda claimed: [])], jobs=1, with_mutants=False)
    assert "none tried" not in str(undecided)


def test_a_command_that_does_both_is_told_once():
    """What only judging again draws again has one line in a test report, another command has its own."""
    found = dataclasses.replace(judged(lambda claimed: [instance("at 2", r, claimed, {r: 2})]), repeat="x")
    witness = {"command": "no command of its own"}
    evidence = dataclasses.replace(found.evidence[0], witness=witness)
    same = dataclasses.replace(found, evidence=(evidence,))
    assert same.draw_again == "x"
    assert junit.details(same).count("x\n") + junit.details(same).endswith("repeat: x") == 1
    assert "draw the witness again" not in junit.details(same)
    drawn = {"command": "filtergain simulate --n 9"}
    other = dataclasses.replace(found, evidence=(dataclasses.replace(evidence, witness=drawn),))
    assert "draw the witness again: filtergain simulate --n 9\nrepeat: x" in junit.details(other)


@pytest.mark.parametrize("many", [False, True])
def test_a_run_of_many_says_how_a_refutation_is_seen(command, monkeypatch, many):
    """One line names the command, where the claims are too many for a line each."""
    monkeypatch.setattr(verdicts, "FEW", 0 if many else 12)
    _, out, _ = command("verify", "eq-10")
    assert ("How to see a refutation again: filtergain verify CLAIM" in out) is many


def test_no_entry_is_cut_at_80_columns():
    """The longest id with the longest entries beside it stands whole on a screen of the usual width."""
    found = judged(lambda claimed: [concluded("end", sp.S.Half, claimed)])
    name = max(claims, key=len)
    held = Evidence("tail", "x", "holds", slack=1.99)
    row = dataclasses.replace(found, claim=claims[name], evidence=(held,))
    row = dataclasses.replace(row, verdict=Verdict.INCONCLUSIVE)
    shown = io.StringIO()
    run = verify([own(lambda claimed: [])], jobs=1)
    screen = Console(file=shown, width=80)
    screen.print(verdicts.table(dataclasses.replace(run, items=(row,)), reasons=False))
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown.getvalue()
    assert {name, "INCONCLUSIVE", "tight", "(1.99x)"} <= set(shown.getvalue().split())


@pytest.mark.parametrize("beyond", [sp.sqrt(-r), sp.log(-r)])
def test_what_is_no_real_number_refutes_and_is_not_shown_as_one(beyond):
    """A quantity that is no real number breaks an equality, and showing it does not stop the proof."""
    claim = dataclasses.replace(
        own(lambda claimed: [concluded("the quantity", beyond, claimed)]), relation=Relation.EQUAL
    )
    (found,) = verify([claim], jobs=1)
    assert found.verdict is Verdict.REFUTED, found.words
