"""What a run leaves behind: HTML, JUnit, JSON and Markdown from one small run, and the difference of two."""

import copy
import dataclasses
import io
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
from rich.console import Console

from bounds import claims
from verification import verify
from verification.checks.law import LawAt, LawDetails
from verification.checks.scaling import ScalingDetails
from verification.checks.tail import TailAt, TailDetails
from verification.judging.verdict import MutantResult
from verification.judging.verdicts import show
from verification.report import (
    badge,
    claim_page,
    json_schema,
    junit,
    markdown,
    mathematics,
    notes,
    plots,
    site,
)
from verification.report.outputs import Outputs
from verification.statistics.evidence import Evidence

HOSTILE = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture(scope="module")
def verdicts():
    """A run of a proof, a simulated claim, a refuted claim and one whose words are hostile."""
    hostile = dataclasses.replace(claims["eq-5"], id="hostile", title=HOSTILE, statement=HOSTILE)
    chosen = [claims[i] for i in ("eq-5", "proposition-1-explicit", "eq-10")]
    return verify([*chosen, hostile], jobs=1)


def test_the_page_is_self_contained_and_escapes_what_a_claim_says(verdicts):
    """Each page with no address to load from and no markup out of a claim's words; every claim has a page."""
    pages = {name: made() for name, made in site.pages(verdicts)}
    assert {f"claims/{v.claim.id}.html" for v in verdicts} < pages.keys()
    for page in (page for name, page in pages.items() if not name.startswith("notes/")):
        assert HOSTILE not in page
        assert "<script>alert" not in page
        assert "src=" not in page
        assert "@import" not in page
    assert all(f'id="{v.claim.id}"' in pages["index.html"] for v in verdicts)
    assert "<math" in pages["index.html"]
    assert pages["claims/proposition-1-explicit.html"].count("<svg") >= 1


def test_junit_has_a_case_for_each_claim(verdicts):
    """CI systems see one test case a claim; those as expected pass."""
    root = ElementTree.fromstring(junit.render(verdicts))
    cases = list(root.iter("testcase"))
    assert len(cases) == len(verdicts)
    assert not list(root.iter("failure"))
    other = dataclasses.replace(verdicts[0].claim, expected=verdicts[2].verdict)
    wrong = dataclasses.replace(verdicts, items=(dataclasses.replace(verdicts[0], claim=other),))
    assert len(list(ElementTree.fromstring(junit.render(wrong)).iter("failure"))) == 1


def test_the_json_follows_its_published_schema(verdicts):
    """The document of a run passes the schema, a document without claims does not."""
    document = json.loads(json.dumps(verdicts.as_dict()))
    assert json_schema.first_problem(document) is None
    del document["claims"]
    assert json_schema.first_problem(document) is not None


def test_markdown_keeps_a_claims_words_on_one_line(verdicts):
    """The summary for a pull request has a row for each claim."""
    shown = markdown.render(verdicts)
    assert sum(line.startswith("| `") for line in shown.splitlines()) == len(verdicts)


def test_a_run_leaves_its_files_and_checks_their_places_first(command, tmp_path, monkeypatch):
    """--report, --junit and the step summary are written; an impossible place stops before the run."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    out = tmp_path / "out"
    status, printed, _ = command(
        "verify", "eq-5", "--report", out, "--junit", tmp_path / "junit.xml", "--json"
    )
    assert status == 0
    assert json.loads(printed)["claims"][0]["verdict"] == "PROVED"
    assert (out / "index.html").stat().st_size > 1000
    assert (tmp_path / "junit.xml").exists()
    assert "eq-5" in (tmp_path / "summary.md").read_text()
    status, printed, err = command("verify", "eq-5", "--junit", "/nowhere/junit.xml")
    assert (status, printed) == (2, "")
    assert err.count("\n") == 1


def test_the_difference_of_two_runs(command, tmp_path, verdicts):
    """Equal runs differ in nothing; a verdict that got worse is named and ends with status 1."""
    old = json.loads(json.dumps(verdicts.as_dict()))
    new = copy.deepcopy(old)
    new["claims"][1]["verdict"] = "INCONCLUSIVE"
    for name, document in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    assert command("diff", tmp_path / "old.json", tmp_path / "old.json")[:2] == (0, "nothing changed.\n")
    status, out, _ = command("diff", tmp_path / "old.json", tmp_path / "new.json")
    assert status == 1
    assert "proposition-1-explicit" in out
    status, out, _ = command("diff", tmp_path / "old.json", tmp_path / "new.json", "--json")
    assert (status, json.loads(out)["worse"]) == (1, 1)
    assert command("diff", tmp_path / "new.json", tmp_path / "old.json")[0] == 0
    (tmp_path / "bad.json").write_text("[]")
    status, out, err = command("diff", tmp_path / "old.json", tmp_path / "bad.json")
    assert (status, out, err.count("\n")) == (2, "", 1)


def evidence(kind, **fields):
    """Evidence of one kind, with just what a plot needs."""
    return Evidence(kind, "s", "holds", **fields)


def slope(two_sided=True, against=1.0, threshold=None, **changes):
    """Evidence of an exponent along a family of three settings."""
    values = (0.1, 0.01, 0.001)
    fields = {
        "parameter": "eta", "thresholds": (), "two_sided": two_sided, "against": against, "values": values,
        "median_ratio": (0.5, 0.6, 0.7), "local_slopes": (), "left_out": (),
        "settings": tuple({"eta": value} for value in values),
    }  # fmt: skip
    return evidence("scaling", threshold=threshold, details=ScalingDetails(**{**fields, **changes}))


def tails(*ratios):
    """Evidence of a tail at settings with these (edge, median) ratios."""
    cells = tuple(TailAt({"n": 9}, "holds", -1.0, 9, 0, median, edge) for edge, median in ratios)
    return evidence("tail", details=TailDetails("observed", 0.05, 0.1, cells, ()))


def laws(*distances, threshold=None):
    """Evidence of a law at settings with these distances."""
    cells = tuple(LawAt({"n": 9}, distance, "holds") for distance in distances)
    return evidence("law", threshold=threshold, details=LawDetails("measured", cells, ()))


PLOTTED = {
    "scaling": slope(),
    "scaling with a limit": slope(two_sided=False, threshold=0.5),
    "scaling with two": slope(threshold=0.1),
    "tail": tails((0.9, 0.5), (0.8, 0.1)),
    "tail over decades": tails((1e-4, 0.0), (0.8, 0.1)),
    "law": laws(0.05, 0.25, threshold=0.2),
}


@pytest.mark.parametrize("name", PLOTTED)
def test_a_plot_has_a_name_in_words_and_ids_of_its_own(name):
    """Plots of checks are SVG that says what it shows, and whose ids do not meet those of other plots."""
    svg = str(plots.plot(PLOTTED[name], "here"))
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert re.search(r'aria-label="[^"]{20,}"|<title[^>]*>[^<]{20,}', svg)
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert ids
    assert all(i.startswith("here") for i in ids)


def test_a_slope_has_its_limits_beside_it():
    """What error over bound may become along the family: to both sides, or against the claim alone."""
    assert "limit there: 5" in str(plots.plot(PLOTTED["scaling with a limit"], "here"))
    assert "limit there: 0.792 and 0.315" in str(plots.plot(PLOTTED["scaling with two"], "here"))
    below = slope(two_sided=False, against=-1.0, threshold=0.5)
    assert "limit there: 0.05" in str(plots.plot(below, "here"))


def test_numbers_on_the_axes_are_not_cut():
    """The parameter's values stand at the ticks as they are; coordinates are short."""
    svg = str(plots.plot(slope(values=(0.2, 0.05, 0.0125)), "here"))
    assert re.findall(r">\s*(0\.0125)\s*<", svg)
    assert not re.search(r'="[^"]*\d\.\d{3}', svg)


@pytest.mark.parametrize(
    "nothing",
    [
        evidence("proof"),
        slope(median_ratio=(math.inf, 0.0, 1.0)),
        tails((math.inf, 1.0)),
        laws(0.1),
    ],
    ids=["proof", "scaling", "tail", "law"],
)
def test_there_is_no_plot_of_nothing(nothing):
    """Kinds without a plot, and evidence without finite numbers, have none."""
    assert plots.plot(nothing, "here") is None


def test_the_summary_of_a_pull_request_leads_with_what_differs(verdicts):
    """A wrong verdict and a surviving mutant are named with the command that repeats them."""
    other = dataclasses.replace(verdicts[0].claim, expected=verdicts[2].verdict)
    survived = MutantResult("proposition-1-explicit~constant-up", False, "bound times 2")
    wrong = dataclasses.replace(
        verdicts,
        items=(
            dataclasses.replace(verdicts[0], claim=other),
            dataclasses.replace(verdicts[1], mutants=(survived,)),
        ),
    )
    shown = markdown.render(wrong)
    assert shown.startswith("## filtergain: 2 claims not as expected\n")
    assert "### eq-5: expected REFUTED, found PROVED" in shown
    assert "Wrong versions that were not refuted, or by luck: `proposition-1-explicit~constant-up`" in shown
    assert shown.count("Repeat: `filtergain verify") == 2


@pytest.mark.parametrize("width", [80, 200])
def test_reasons_stand_beside_the_verdicts_or_below(verdicts, width):
    """Every reason of a short run is shown once, whatever the width."""
    console = Console(width=width, file=io.StringIO(), color_system=None)
    show(verdicts, console)
    shown = " ".join(console.file.getvalue().split())
    assert shown.count("step fails") == 1
    assert ("why" in shown) == (width == 200)


def test_a_long_run_explains_what_is_not_true(verdicts):
    """With many claims the reasons of proved ones are left to the report."""
    many = dataclasses.replace(verdicts, items=verdicts.items * 5)
    console = Console(width=100, file=io.StringIO(), color_system=None)
    show(many, console)
    shown = console.file.getvalue()
    assert shown.count("eq-10: Refuted") == 5
    assert "eq-5: Proved" not in shown


def test_a_certificate_tells_its_margin_from_the_best_constant():
    """The interval of a certificate is not about its margin, and neither the words nor the page say so."""
    found = verify([claims["lemma-8"]], with_mutants=False)
    assert "smallest margin enclosed" in found.items[0].message
    assert ", best constant in [1.41, 1.41]" in found.items[0].message
    assert "<dt>best constant</dt>" in dict(site.pages(found))["claims/lemma-8.html"]()


def test_a_claim_gets_a_file_name_that_every_system_holds():
    """Ids become names of files, each its own, also where they differ in capitals only."""
    names = site.file_names(["eq-1", "a/b", "A", "a", "..", "x" * 300])
    assert names["eq-1"] == "eq-1"
    assert len({name.lower() for name in names.values()}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name) for name in names.values())


def test_the_table_goes_by_section():
    """Sections by number, then appendices, then other sources in their order."""
    places = ("Appendix C, Lemma 4", "Section 10", "my paper, Lemma 1", "Section 6.2, Eq. 10", "Section 6")
    items = tuple(
        SimpleNamespace(claim=dataclasses.replace(claims["eq-5"], source=place)) for place in places
    )
    assert [group.name for group in site.groups(items)] == [
        "Section 6", "Section 10", "Appendix C", "my paper",
    ]  # fmt: skip


def test_the_first_page_leads_with_the_results(verdicts):
    """What is found of a main result stands before the table, with its formula and a link to its page."""
    page = dict(site.pages(verdicts))["index.html"]()
    assert (
        page.index('id="main-proposition-1-explicit"') < page.index('id="errata"') < page.index('id="claims"')
    )
    assert 'href="claims/proposition-1-explicit.html"' in page


def test_the_refuted_theorem_has_its_proof_beside_it():
    """The report says why no threshold helps, in the note's own words."""
    text = str(notes.section("filtered.md#no-threshold-repairs-it"))
    assert "<strong>Proposition.</strong>" in text
    assert "<math" in text
    assert "import" not in text
    assert "The best that one round can do" not in text


def test_one_output_that_cannot_be_made_leaves_the_others(verdicts, tmp_path, monkeypatch):
    """Each failure is one line that names the file; all other files are whole."""

    def broken(*_):
        raise RuntimeError("latex could\nnot be found")

    monkeypatch.setattr(site.Site, "front", broken)
    (tmp_path / "taken").mkdir()
    lost = Outputs(tmp_path / "out", tmp_path / "taken", tmp_path / "summary.md").write(verdicts)
    assert len(lost) == 2
    assert lost[0].startswith(f"cannot write {tmp_path / 'taken'}: ")
    assert (
        lost[1] == f"cannot write {tmp_path / 'out' / 'index.html'}: RuntimeError: latex could not be found"
    )
    assert (tmp_path / "out" / "claims" / "eq-5.html").exists()
    assert (tmp_path / "out" / "verdicts.json").exists()
    assert (tmp_path / "summary.md").exists()
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_lost_output_shows_in_the_exit_status(command, tmp_path, monkeypatch):
    """The table is printed, a line names what is lost, and the status is not that of a run as expected."""
    monkeypatch.setattr(site.Site, "front", lambda self: 1 / 0)
    status, out, err = command("verify", "eq-5", "--report", tmp_path / "out")
    assert status == 2
    assert "PROVED" in out
    assert err.count("cannot write") == 1
    assert command("verify", "eq-5", "--report", tmp_path / "out", "--json")[0] == 2


OWN = """import sympy as sp
from bounds import Claim, Proof, Verdict
from bounds.proof.steps import identity

TITLE, AUTHOR, PAPER = "Sums & <products>", "A. Nyone", "On sums"
CLAIMS = tuple(
    Claim(
        id=name, title="t", source="Lemma 1", statement="w", note=f"{name}.md#lemma", expected=Verdict.PROVED,
        checks=(Proof(lambda claim: [identity("1 = 1", 1, 1)]),),
    )
    for name in ("own", "gone")
)
"""


def test_a_report_on_ones_own_claims_is_ones_own(command, tmp_path):
    """Title, author, paper and notes are the module's; nothing is of the other paper."""
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "own.md").write_text("# Notes\n\n## Lemma\n\n$1=1$\n")
    assert command("verify", "--module", tmp_path / "mine.py", "--report", tmp_path / "out")[0] == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<h1>Sums &amp; &lt;products&gt;</h1>" in page
    assert "A. Nyone" in page
    assert "On sums" in page
    assert "Pareek" not in page
    assert not (tmp_path / "out" / "notes").exists()
    assert [file.name for file in (tmp_path / "out" / "own-notes").iterdir()] == ["own.html"]
    own, gone = (tmp_path / "out" / "claims" / f"{name}.html" for name in ("own", "gone"))
    assert 'href="../own-notes/own.html#lemma"' in own.read_text()
    assert "no such file beside the claims" in gone.read_text()


def test_the_badge_says_in_words_what_its_colour_says(verdicts):
    """How many claims are as expected, or how many of them."""
    assert "4 as expected" in badge.render(verdicts)
    other = dataclasses.replace(verdicts[0].claim, expected=verdicts[2].verdict)
    wrong = dataclasses.replace(
        verdicts, items=(dataclasses.replace(verdicts[0], claim=other), *verdicts[1:])
    )
    assert "3 of 4 as expected" in badge.render(wrong)
    assert badge.BAD in badge.render(wrong)
    assert ElementTree.fromstring(badge.render(wrong)).tag.endswith("svg")


def test_a_long_formula_has_places_where_a_line_may_end():
    """After the relation, before a sign and between factors; never inside brackets."""
    cut = mathematics.pieces(claims["theorem-1"].latex(broken=True))
    assert cut[0].endswith(r"\lesssim")
    assert len(cut) >= 4
    assert all(piece.count("{") == piece.count("}") for piece in cut)
    assert all(piece.count(r"\left") == piece.count(r"\right") for piece in cut)
    assert mathematics.pieces(r"a = b + c") == ("a =", "b", "+ c")
    assert mathematics.pieces(r"\left[0, \infty\right) \frac{1}{2 + 3}") == (
        r"\left[0, \infty\right)", r"\frac{1}{2 + 3}",
    )  # fmt: skip


def test_a_witness_is_told_in_words():
    """A key that is no symbol has spaces for its underscores."""
    assert claim_page.in_words("median_ratio") == "median ratio"
    assert claim_page.in_words("gamma_tilde") == "gamma_tilde"


def test_a_wide_piece_is_opened():
    """A fraction, a bracket or a root that no line holds is cut inside; what a line holds stays whole."""
    fits = r"\frac{a + b}{c + d}"
    assert mathematics.width(fits) == 3
    assert mathematics.pieces(fits, 3) == (fits,)
    assert mathematics.pieces(fits, 2) == ("( a", "+ b ) /", "( c", "+ d )")
    assert mathematics.pieces(r"\frac{a}{c + d}", 2) == ("a /", "( c", "+ d )")
    assert mathematics.pieces(r"- \max\left(aaa, \frac{b}{c}\right)^{2}", 4) == (
        r"- \max( aaa, \frac{b}{c} )^{2}",
    )
    assert mathematics.pieces(r"\sqrt{aaaa + bbbb}", 5) == (r"\surd ( aaaa", "+ bbbb )")


def test_every_formula_of_the_register_breaks_into_formulas():
    """Each piece is drawn, and fits its place, but for matrices, cases and norms in words."""
    for claim in claims.values():
        latex = claim.latex(broken=True)
        for room in (mathematics.NARROW, mathematics.LINE):
            for piece in mathematics.pieces(latex, room):
                assert not mathematics.formula(piece, block=True).startswith("<code>"), (claim.id, piece)
                if claim.bound is not None and not any(w in piece for w in ("matrix", "cases", "|")):
                    # A bracket and a sign go with the piece that they stand beside.
                    assert mathematics.width(piece) <= room + 6, (claim.id, piece)
