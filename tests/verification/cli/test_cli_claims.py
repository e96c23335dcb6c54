import json

import pytest

from bounds import claims
from bounds.errata import ERRATA
from verification.cli.claims import describe
from verification.report.graph import render


def test_the_register_is_listed(command):
    """Every id is in the table, none is cut."""
    status, out, _ = command("claims")
    assert status == 0
    words = set(out.split())
    assert set(claims) <= words
    assert f"{len(claims)} claims" in out


@pytest.mark.parametrize("columns", [60, 80, 109])
def test_a_narrow_terminal_cuts_no_title(command, monkeypatch, columns):
    """Below the table's width a claim has a line of its own and its whole title below it."""
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = command("claims")
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= columns
    shown = " ".join(out.split())
    for claim in claims.values():
        assert f"{claim.id} (expected {claim.expected}) {' '.join(claim.title.split())}" in shown


@pytest.mark.parametrize("columns", [80, 140])
def test_a_listed_verdict_is_called_expected(command, monkeypatch, tmp_path, columns):
    """Claims that nobody judged are listed with what they expect, those of a file of one's own too."""
    monkeypatch.setenv("COLUMNS", str(columns))
    own = tmp_path / "own.py"
    assert command("new", own)[0] == 0
    for arguments, judged in (
        ([], "verify CLAIM\n"),
        (["--module", own], f"verify CLAIM --module {own}\n"),
    ):
        _, out, _ = command("claims", *arguments)
        assert out.count("expected") >= (1 if columns == 140 else out.count("SUPPORTED"))
        assert "with the verdicts expected; none is judged here." in out
        assert out.endswith(judged)


def test_every_claim_is_explained(command):
    """The explanation of a claim names its source, its checks, its note and the command that judges it."""
    for claim in claims.values():
        status, out, _ = command("claims", claim.id)
        assert status == 0
        assert claim.note.split("#")[0] in out
        assert f"filtergain verify {claim.id}" in " ".join(out.split())
        assert all(describe(check) for check in claim.checks)


def test_a_correction_is_found_from_both_sides(command):
    """The printed claim names its correction and the correction what it replaces."""
    assert "theorem-1-corrected" in command("claims", "theorem-1")[1]
    assert "corrects      theorem-1" in command("claims", "theorem-1-corrected")[1]


def test_machine_readable_claims(command):
    """--json gives one object for a claim and a list for all, --latex the formula alone."""
    one = json.loads(command("claims", "theorem-1", "--json")[1])
    assert one["depends_on"] == list(claims["theorem-1"].depends_on)
    assert [row["id"] for row in json.loads(command("claims", "--json")[1])] == list(claims)
    assert command("claims", "theorem-1", "--latex")[1].strip() == claims["theorem-1"].latex()
    assert command("claims", "--latex")[1].count("\n") == len(claims)


def test_errata_are_told_with_the_command_that_repeats_them(command):
    """Each erratum says what is printed, why it fails, what is true and how to see it."""
    out = " ".join(command("claims", "--errata")[1].split())
    for entry in ERRATA:
        assert entry.repeat in out
        assert " ".join(entry.truth.split()) in out
    assert len(json.loads(command("claims", "--errata", "--json")[1])) == len(ERRATA)
    assert "has no erratum" in command("claims", "eq-1", "--errata")[1]


def test_the_graph_draws_every_claim_and_its_verdict(command, tmp_path):
    """Every claim is a node; a lost proof makes what rests on it conditional."""
    target = tmp_path / "graph.svg"
    status, out, _ = command("claims", "--graph", target)
    assert (status, out.strip()) == (0, f"wrote {target}")
    drawn = target.read_text()
    assert all(claim_id in drawn for claim_id in claims)
    assert "not judged" in drawn
    chosen = [claims[i] for i in ("eq-35", "proposition-1")]
    sound = render(chosen, {"eq-35": "PROVED", "proposition-1": "SUPPORTED"}, {})
    broken = render(
        chosen, {"eq-35": "INCONCLUSIVE", "proposition-1": "SUPPORTED"}, {"proposition-1": ("eq-35",)}
    )
    assert "supported, conditional" in broken
    assert "supported, conditional" not in sound


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["theorm-1"], "did you mean"),
        (["--graph", "/nowhere/x.svg"], "--graph must name a file in a folder that exists"),
        (["--verdicts", "x.json"], "--verdicts must go with --graph"),
        (["--graph", "x.svg", "--verdicts", "/nowhere.json"], "nowhere.json"),
    ],
)
def test_mistakes_are_one_line(command, tmp_path, monkeypatch, arguments, said):
    """A wrong id or file ends in one line and leaves no file behind."""
    monkeypatch.chdir(tmp_path)
    status, out, err = command("claims", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", [60, 80, 97])
def test_an_id_is_not_broken(command, monkeypatch, columns):
    """At any width each id that is listed stands on one line, to be copied."""
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = command("claims", "eq-5", "--falls")
    words = out.replace(",", " ").split()
    falls = json.loads(command("claims", "eq-5", "--falls", "--json")[1])["falls"]
    assert set(falls) <= set(words)
    assert max(map(len, out.splitlines())) <= columns
