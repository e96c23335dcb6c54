"""LaTeX as MathML, which browsers draw without any help; the LaTeX itself where that fails."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from markupsafe import Markup

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ELEMENTS = frozenset(
    {
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "mfrac",
        "msqrt",
        "mroot",
        "msup",
        "msub",
        "msubsup",
        "mover",
        "munder",
        "munderover",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
        "mphantom",
        "menclose",
    }
)
ATTRIBUTES = frozenset(
    {
        "display",
        "mathvariant",
        "stretchy",
        "fence",
        "form",
        "separator",
        "lspace",
        "rspace",
        "width",
        "minsize",
        "maxsize",
        "symmetric",
        "movablelimits",
        "linethickness",
        "accent",
        "accentunder",
        "displaystyle",
        "scriptlevel",
        "columnalign",
        "notation",
    }
)
"""Elements and attributes that cannot lead out of the page: `\\href` and the like can."""


@lru_cache(maxsize=4096)
def formula(latex: str, *, block: bool = False) -> Markup:
    """Markup of a formula; escaped LaTeX in `<code>` where it cannot be converted safely."""
    from markupsafe import Markup

    found = _converted(latex, "block" if block else "inline")
    return Markup(f"<code>{html.escape(latex)}</code>" if found is None else found)


def _known(latex: str) -> str:
    """LaTeX without what the converter leaves as it is: sizes of delimiters, and ceilings."""
    plain = re.sub(r"\\[bB]igg?[lr]?(?![a-zA-Z])\s*", "", latex)
    return plain.replace(r"\lceil", "⌈").replace(r"\rceil", "⌉")


def _converted(latex: str, display: str) -> str | None:
    try:
        from latex2mathml.converter import convert

        root = ET.fromstring(convert(_known(latex), display=display))
    except Exception:
        # Absent, or one of the many kinds of error that it raises on LaTeX unknown to it.
        return None
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        if element.tag not in ELEMENTS or not element.attrib.keys() <= ATTRIBUTES:
            return None
    return ET.tostring(root, encoding="unicode")
