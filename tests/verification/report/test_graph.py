"""What rests on what: as declared against what proofs name, what falls with a claim, what is behind one."""

import re
from dataclasses import replace

import pytest

from bounds.checks import Proof
from bounds.claim import Verdict
from bounds.register import claims
from verification.certificates.uses import behind
from verification.checks.proved import derived
from verification.judging.verdict import falling
from verification.report.graph import render

RESULT = re.compile(
    r"\b(Lemma|Theorem|Corollary|Proposition|Remark|Definition|Assumption|Eq\.|Step) ([A-Z]?\.?\d+(?:\.\d+)?)"
)
"""How a step names a result of the paper."""


def named(claim):
    """The results that the steps of the claim's proofs name, each once."""
    proofs = [check for check in claim.checks if isinstance(check, Proof)]
    words = [step.statement for proof in proofs for step in derived(proof, claim)[0]]
    return tuple(dict.fromkeys(f"{kind} {number}" for text in words for kind, number in RESULT.findall(text)))


def undeclared(claim, claims):
    """The results that a proof names though the claim rests on no claim of them, nor is one itself."""
    sources = [other.source for other in (claim, *behind(claim, claims))]
    return tuple(
        result
        for result in named(claim)
        if not any(re.search(rf"{re.escape(result)}(?![\d.]*\d)", source) for source in sources)
    )


PROVED = [claim for claim in claims.values() if any(isinstance(check, Proof) for check in claim.checks)]


def test_a_proof_names_only_what_its_claim_rests_on():
    """Every numbered result in the words of a step is behind the claim in the graph."""
    found = {claim.id: undeclared(claim, claims) for claim in PROVED}
    assert {name: results for name, results in found.items() if results} == {}
    assert sum(len(named(claim)) for claim in PROVED) >= 10


@pytest.mark.parametrize(
    ("name", "missing"), [("lemma-8", "Lemma 5"), ("step-5", "Eq. 23"), ("step-4-2", "Lemma 10")]
)
def test_a_dependency_that_is_not_declared_is_seen(name, missing):
    """The negative control: the same proof, with nothing declared."""
    assert missing in undeclared(replace(claims[name], depends_on=()), claims)


def test_what_rests_on_a_refuted_claim_falls():
    """At any depth, but not what is refuted itself, nor what has nothing to do with it."""
    found = falling("lemma-1", claims.values())
    assert {"eq-23", "step-5", "lemma-4"} <= set(found)
    assert all(claims[name].expected is not Verdict.REFUTED for name in found)
    assert not {"lemma-1", "lemma-5", "theorem-1"} & set(found)
    assert "theorem-1-sharp" not in falling("eq-2-explicit", claims.values())


def test_the_command_says_what_falls(command):
    """In words and as JSON; it needs a claim."""
    status, out, _ = command("claims", "lemma-1", "--falls")
    assert status == 0
    assert "eq-23" in out
    assert re.search(r"\(\d+ of \d+\s+claims\)", out)
    assert '"step-5"' in command("claims", "lemma-1", "--falls", "--json")[1]
    status, _, error = command("claims", "--falls")
    assert status == 2
    assert "--falls must go with a claim" in error


def test_the_graph_of_a_claim_has_what_is_behind_it_and_nothing_else(command, tmp_path):
    """All of its ancestors, none of what rests on it."""
    found = {"step-5", *(claim.id for claim in behind(claims["step-5"], claims))}
    assert found >= {"eq-23", "lemma-2", "lemma-1"}
    assert "theorem-1" not in found
    target = tmp_path / "behind.svg"
    assert command("claims", "step-5", "--graph", target)[0] == 0
    text = target.read_text()
    assert all(f">{name}<" in text for name in found)
    assert ">theorem-1<" not in text


def test_a_box_is_filled_only_where_all_that_it_rests_on_is():
    """A proof on a claim that is only supported, or refuted, has a band and no fill."""
    chosen = [claims["lemma-1"], claims["lemma-4"]]
    verdicts = {"lemma-1": "SUPPORTED", "lemma-4": "PROVED"}
    whole = render(chosen, verdicts)
    partly = render(chosen, verdicts, {"lemma-4": ("lemma-1",)})
    assert 'class="box printed proved"' in whole.split("</g>", 1)[1]
    assert 'class="box printed proved"' not in partly.split("</g>", 1)[1]
