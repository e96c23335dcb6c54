"""A Sphinx extension: formulas as MathML, as in the report, without a script and without a network."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode

from verification.report.mathematics import formula


def inline(writer: Any, node: Any) -> None:
    """A formula inside a line."""
    writer.body.append(str(formula(node.astext())))
    raise SkipNode


def block(writer: Any, node: Any) -> None:
    """A formula of its own, which scrolls where it is wider than the page."""
    shown = formula(node.astext(), block=True)
    writer.body.append(f'<div class="math" style="overflow-x: auto">{shown}</div>')
    raise SkipNode


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
