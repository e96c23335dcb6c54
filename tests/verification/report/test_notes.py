"""The notes as pages beside a report."""

import re

import pytest

from bounds import claims
from verification.errors import MissingExtra
from verification.report import mathematics, notes

NAMES = sorted(path.name for path in notes.source().glob("*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_of_a_note_is_drawn(name):
    """No dollar and no backslash of LaTeX is left in a page outside its code."""
    page = notes.render((notes.source() / name).read_text())
    prose = re.sub(r"<(pre|code|style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert page.count("<math") > 3
    assert not re.search(r"[$\\]", prose)


def test_a_formula_that_cannot_be_drawn_stays_latex():
    """The negative control: unknown LaTeX is left as code, which the test above would see."""
    page = notes.render(r"# Title" + "\n\n" + r"Let $\href{x}{y}$ be.")
    assert r"<code>\href{x}{y}</code>" in page
    assert "<title>Title</title>" in page


def test_sizes_of_delimiters_are_left_to_the_browser():
    r"""\big and its relatives go, longer names that begin like them stay."""
    assert mathematics._known(r"\Big\{ a \bigr) \bigcup \lceil b \rceil") == r"\{ a ) \bigcup ⌈ b ⌉"


def test_every_claims_note_has_a_page_and_its_heading():
    """A link from a claim leads to a heading of that page."""
    pages = dict(notes.render_all())
    for claim in claims.values():
        found = notes.link(claim.note)
        assert found is not None
        file, _, anchor = found.removeprefix("notes/").partition("#")
        assert f'id="{anchor}"' in pages[file], claim.id


def test_a_note_of_ones_own_is_no_link():
    """A note that is not among the project's is named and leads nowhere."""
    assert notes.link("mine.md#lemma") is None
    assert notes.link("") is None


def test_a_displayed_formula_stays_in_its_paragraph():
    """`<p>` ends where a block begins, and what follows would stand outside of every paragraph."""
    page = notes.render("# T\n\nSo\n$$x=1$$\nand on.\n\n$$y=2$$\n")
    paragraph = page[page.index("<p>") : page.index("and on.</p>")]
    assert "<math" in paragraph
    assert "<div" not in paragraph
    assert page.count('<span class="scroll"') == 2


def test_links_between_notes_lead_to_pages_and_markup_is_text():
    """[x](sharp.md#leak) becomes a link to the page; HTML in a note is shown as it is written."""
    page = notes.render("# T\n\n[x](sharp.md#leak) [y](https://example.org/a.md) <script>alert(1)</script>")
    assert 'href="sharp.html#leak"' in page
    assert 'href="https://example.org/a.md"' in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_without_the_plugin_the_extra_is_named(monkeypatch):
    """The message tells what to install."""
    monkeypatch.setitem(__import__("sys").modules, "mdit_py_plugins.dollarmath", None)
    notes._markdown.cache_clear()
    with pytest.raises(MissingExtra, match=r"report"):
        notes.require()
