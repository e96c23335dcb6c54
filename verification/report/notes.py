"""The notes beside a report: each proofs_notes/*.md as a page of its own, with its formulas as MathML."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verification.errors import extra
from verification.report import mathematics
from verification.report.templating import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markupsafe import Markup

FOLDER = "notes"
"""Where the pages stand beside the report."""

OWN_FOLDER = "own-notes"
"""Where the notes of one's own claims stand."""


def require() -> None:
    """Raises MissingExtra where a package that the pages need is absent."""
    _markdown()


def source() -> Path:
    """The folder of the notes: in an installed package beside this file, else in the repository."""
    installed = Path(__file__).parent / "proofs_notes"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "proofs_notes"


def link(note: str) -> str | None:
    """Where a report leads to for `note` ("filtered.md#theorem-1"); None where there is no such note."""
    file, _, anchor = note.partition("#")
    if not file.endswith(".md") or not (source() / file).is_file():
        return None
    return f"{FOLDER}/{file.removesuffix('.md')}.html" + (f"#{anchor}" if anchor else "")


def render_all() -> Iterator[tuple[str, str]]:
    """(file name, page) of every note."""
    for path in sorted(source().glob("*.md")):
        yield f"{path.stem}.html", render(path.read_text(encoding="utf-8"))


def section(note: str) -> Markup:
    """One section of a note ("filtered.md#theorem-1") without its heading and its code, as markup."""
    from markupsafe import Markup

    file, _, anchor = note.partition("#")
    markdown = _markdown()
    tokens = markdown.parse((source() / file).read_text(encoding="utf-8"))
    headings = [k for k, token in enumerate(tokens) if token.type == "heading_open"]
    (start,) = (k for k in headings if _slug(tokens[k + 1].content) == anchor)
    end = next((k for k in headings if k > start and tokens[k].tag <= tokens[start].tag), len(tokens))
    kept = [token for token in tokens[start + 3 : end] if token.type != "fence"]
    for token in (child for parent in kept for child in parent.children or ()):
        _point_to_pages(token, f"{FOLDER}/")
    return Markup(markdown.renderer.render(kept, markdown.options, {}))


def render(text: str) -> str:
    """One note as a page: headings get the anchors that code hosts give them."""
    from markupsafe import Markup

    markdown = _markdown()
    tokens = markdown.parse(text)
    title = "Note"
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _slug(inline.content))
            title = inline.content if opening.tag == "h1" else title
        for token in inline.children or ():
            _point_to_pages(token)
    body = markdown.renderer.render(tokens, markdown.options, {})
    return environment().get_template("note.html").render(title=title, body=Markup(body))


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _point_to_pages(token: Token, folder: str = "") -> None:
    """A link to another note leads to its page, in `folder` as seen from where the text stands."""
    target = str(token.attrGet("href") or "")
    if token.type == "link_open" and re.fullmatch(r"[\w-]+\.md(#.*)?", target):
        token.attrSet("href", folder + target.replace(".md", ".html", 1))


@cache
def _markdown() -> MarkdownIt:
    with extra("mdit-py-plugins", "report"):
        from markdown_it import MarkdownIt
        from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(latex: str, options: dict[str, Any]) -> str:
        block = bool(options.get("display_mode"))
        found = str(mathematics.formula(latex.strip(), block=block))
        # A paragraph may hold it, so it is no <div>.
        return f'<span class="scroll" tabindex="0">{found}</span>' if block else found

    def displayed(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        """A displayed formula inside a paragraph; the plugin's <div> would end the paragraph there."""
        return f'<span class="math">{formula(tokens[index].content, {"display_mode": True})}</span>'

    # "html" off: markup in a note is text.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.use(dollarmath_plugin, renderer=formula, double_inline=True, allow_labels=False)
    markdown.add_render_rule("math_inline_double", displayed)
    return markdown
