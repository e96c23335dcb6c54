from __future__ import annotations

import re
from pathlib import Path

import pytest

from bounds import claims
from bounds.claim import Claim, Verdict
from bounds.errata import ERRATA, Erratum, resting_on

NOTES = Path(__file__).parents[2] / "proofs_notes"
TEXT = (NOTES / "errata.md").read_text()
HEADINGS = re.findall(r"^## (.+)$", TEXT, re.M)
SECTIONS = dict(zip(HEADINGS, re.split(r"^## .+$", TEXT, flags=re.M)[1:], strict=True))


def slug(heading):
    """The anchor that a code host gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def anchors(note):
    """Anchors of every heading of a note."""
    return {slug(h) for h in re.findall(r"^#+ (.+)$", (NOTES / note).read_text(), re.M)}


def test_every_refuted_claim_is_an_erratum_and_no_other():
    """Every claim that is expected to be refuted is an erratum, and every erratum is such a claim."""
    refuted = {claim.id for claim in claims.values() if claim.expected is Verdict.REFUTED}
    assert {erratum.claim for erratum in ERRATA} == refuted


def test_the_note_treats_the_errata_in_order():
    """The note's headings are the errata's titles in order, then what was found right."""
    assert [*(erratum.title for erratum in ERRATA), "Looked at and found right"] == HEADINGS


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: e.claim)
def test_each_section_has_its_parts_its_command_and_its_corrections(erratum):
    """Each section says what is printed, why, what is true and what survives, and how to repeat it."""
    section = SECTIONS[erratum.title]
    for part in ("**Printed.**", "**Why it fails.**", "**True.**", "**Survives.**", "**Repeat.**"):
        assert part in section
    assert f"`{erratum.repeat}`" in section
    assert erratum.anchor.removeprefix("errata.md#") in anchors("errata.md")
    named = set(re.findall(r"`([a-z0-9-]+)`", section))
    assert named <= set(claims), "the note names claims that do not exist"
    assert named & set(erratum.corrected) or any(c in TEXT for c in erratum.corrected)


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: e.claim)
def test_corrections_exist_and_are_expected_to_be_true(erratum):
    """What replaces a false statement is in the register and expected to come out true."""
    assert erratum.corrected
    for claim_id in erratum.corrected:
        assert claims[claim_id].variant != "printed"
        assert claims[claim_id].expected not in (Verdict.REFUTED, Verdict.INCONCLUSIVE)
    replaced = {claim.id for claim in claims.values() if claim.corrects == erratum.claim}
    assert replaced <= set(erratum.corrected)


def test_the_note_says_what_was_found_right_and_names_true_claims():
    """Claims named as right are expected to come out true."""
    section = SECTIONS["Looked at and found right"]
    named = re.findall(r"`([a-z0-9-]+)`", section)
    assert len(named) > 5
    assert all(claims[name].expected is not Verdict.REFUTED for name in named)


def test_nothing_true_rests_on_an_erratum():
    """No claim that is expected to be true rests on a false one without naming its correction."""
    for erratum in ERRATA:
        for claim_id in resting_on(erratum.claim, claims.values()):
            claim = claims[claim_id]
            assert claim.expected is Verdict.REFUTED or set(erratum.corrected) & set(claim.depends_on)


def make(claim_id, *depends_on):
    """A claim with nothing but an id and what it rests on."""
    return Claim(claim_id, "", "", "", (), Verdict.PROVED, "note.md#x", depends_on=depends_on)


def test_what_rests_on_a_claim_is_found_at_any_depth():
    """What rests on a claim is found at any depth and in the order given."""
    chain = (make("c", "b"), make("b", "a"), make("a"), make("d"), make("e", "c", "d"))
    assert resting_on("a", chain) == ("c", "b", "e")
    assert resting_on("d", chain) == ("e",)
    assert resting_on("e", chain) == ()


def test_an_anchor_is_what_a_code_host_makes_of_the_title():
    """Anchors follow the rule of code hosts: lower case, no punctuation, hyphens for spaces."""
    erratum = Erratum("x", "Step 4.3: a large rho_T (Eq. 5)", "", "", "", "")
    assert erratum.anchor == "errata.md#" + slug(erratum.title) == "errata.md#step-43-a-large-rho_t-eq-5"
    assert erratum.repeat == "filtergain verify x"


OWN_NOTES = ("tails.md", "thresholds.md", "concentration.md", "errata.md")


@pytest.mark.parametrize("note", OWN_NOTES)
def test_links_within_the_notes_lead_somewhere(note):
    """Links from these notes to notes that exist lead to a heading there."""
    text = (NOTES / note).read_text()
    for target, anchor in re.findall(r"\]\(([a-z_-]+\.md)(?:#([\w-]+))?\)", text):
        if (NOTES / target).exists() and anchor:
            assert anchor in anchors(target), f"{note} links to {target}#{anchor}"


@pytest.mark.parametrize(
    "claim", [c for c in claims.values() if c.note.split("#")[0] in OWN_NOTES], ids=lambda c: c.id
)
def test_the_section_that_a_claim_names_exists(claim):
    """The section of a note that a claim names exists."""
    note, anchor = claim.note.split("#")
    assert anchor in anchors(note)
