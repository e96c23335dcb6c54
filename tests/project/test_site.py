"""The documentation as a site: every page is on it, links lead somewhere, formulas need no script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers import script

ROOT = Path(__file__).parents[2]


@pytest.fixture
def maker(monkeypatch):
    """docs/make_site.py as a module, with its folder where Sphinx looks for extensions."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return script("docs", "make_site.py")


def test_every_page_is_on_the_site(maker, tmp_path):
    """What the repository's documentation has is staged, and the index names every page of docs/."""
    maker.stage(tmp_path / "source")
    for folder in ("docs", "proofs_notes", "examples"):
        pages = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.md")}
        assert {
            path.relative_to(tmp_path / "source") for path in (tmp_path / "source" / folder).rglob("*.md")
        } == pages
    named = set(re.findall(r"^docs/([\w-]+)$", maker.INDEX, re.M))
    assert named == {path.stem for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(maker, tmp_path):
    """Sphinx finds every link's target; a page has its formulas as MathML; a broken link fails the build."""
    pytest.importorskip("sphinx", reason='Sphinx is not installed: see the extra "site"')
    pytest.importorskip("myst_parser", reason='MyST is not installed: see the extra "site"')
    maker.stage(tmp_path / "source")
    (tmp_path / "source" / "report").mkdir()
    assert maker.build(tmp_path / "source", tmp_path / "html") == 0
    assert "<math" in (tmp_path / "html" / "proofs_notes" / "filtered.html").read_text()
    assert (tmp_path / "html" / "searchindex.js").exists()
    page = tmp_path / "source" / "docs" / "tutorial.md"
    page.write_text(page.read_text() + "\n[nowhere](none.md)\n")
    assert maker.build(tmp_path / "source", tmp_path / "html") != 0
