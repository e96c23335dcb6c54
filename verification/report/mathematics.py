"""Mathematics as the page shows it: the ASCII of running text, and LaTeX as MathML.

`typeset("n >= C d~ / eta^2")` is n ≥ C d̃ / η² with a true superscript.  Commands, ids and code are not
meant for it: there the ASCII is what one types.  `formula` draws LaTeX without any help of the browser's.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from markupsafe import Markup

GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ"},
    **{"kappa": "κ", "lambda": "λ", "mu": "μ", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ"},
    **{"phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω"},
    **{"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Sigma": "Σ", "Phi": "Φ", "Omega": "Ω"},
}
SIGNS = {
    ">=": "≥",
    "<=": "≤",
    "->": "→",
    "!=": "≠",
    "sqrt(": "√(",
    "Max(": "max(",
    "Min(": "min(",
    "*": "·",
    "oo": "∞",
}
TILDE, HAT = "\N{COMBINING TILDE}", "\N{COMBINING CIRCUMFLEX ACCENT}"

_TOKEN = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?<!\w)(?<!\w-)(?<!--)"  # no part of a word, of an id or of an option
    rf"(?P<base>{'|'.join(GREEK)}|SVD|[A-Za-z])(?P<hat>(?<=[UV])hat|(?<=[A-Z])\^(?![\w(+-]))?"
    r"(?P<tilde>_tilde|~)?(?:_(?P<below>perp|\d\.\d+|\w{1,3}|\([^()]+\)))?(?:(?<=~)|(?![\w~]))"
    r"|\|\|_(?P<norm>[F2])(?!\w)"
    r"|(?:\^|\*\*)(?P<above>\((?:[^()]|\([^()]*\))+\)|-?\d+(?:\.\d+)?|\+|[A-Za-z](?!\w))"
    r"|(?P<sign>>=|<=(?!>)|->|!=|(?<!\w)(?:sqrt|Max|Min)\(|(?<=[\w)])\*(?=[\w(])|(?<!\w)oo(?!\w))"
)


def typeset(words: str) -> Markup:
    """The words as markup: Greek letters, accents, indices, powers and signs instead of their ASCII."""
    from markupsafe import Markup, escape

    shown = Markup()
    end = 0
    for token in _TOKEN.finditer(words):
        shown += escape(words[end : token.start()]) + _typeset(token)
        end = token.end()
    return shown + escape(words[end:])


def symbol(name: str) -> str:
    """A name where markup cannot stand: `gamma_tilde` as γ̃."""
    return str(typeset(name).striptags())


def _typeset(token: re.Match[str]) -> Markup:
    from markupsafe import Markup, escape

    if token["code"]:
        return Markup("<code>{}</code>").format(token["code"])
    if token["sign"]:
        return escape(SIGNS[token["sign"]])
    if token["norm"]:
        return Markup("||<sub>{}</sub>").format(token["norm"])
    if token["above"]:
        return Markup("<sup>{}</sup>").format(typeset(_bare(token["above"])))
    base = GREEK.get(token["base"], token["base"])
    shown = escape(base + HAT * bool(token["hat"]) + TILDE * bool(token["tilde"]))
    if token["below"]:
        shown += Markup("<sub>{}</sub>").format("⊥" if token["below"] == "perp" else _bare(token["below"]))
    return shown


def _bare(part: str) -> str:
    """An index or a power without the parentheses around all of it."""
    return part[1:-1] if part.startswith("(") else part


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


_LATEX = re.compile(r"\\(?:left|right)(?![a-z])\s*(?:\\[A-Za-z{}|]+|.)|\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_RELATIONS = frozenset({"=", r"\le", r"\ge", r"\leq", r"\geq", r"\lesssim", r"\gtrsim", r"\asymp", "<", ">"})
SHORT = 16
"""Characters of LaTeX up to which a factor stays beside the one before."""


def _words(latex: str) -> list[str]:
    """LaTeX cut at the spaces that stand in no bracket."""
    words, depth = [""], 0
    for token in _LATEX.findall(latex):
        if token.isspace() and depth == 0:
            words.append("")
            continue
        words[-1] += token
        if token in "{([" or token.startswith((r"\left", r"\begin")):
            depth += 1
        elif token in "})]" or token.startswith((r"\right", r"\end")):
            depth = max(0, depth - 1)
    return words


NARROW, LINE = 20, 55
"""Letters of a formula that fit a phone, and a line of a page; a piece that is wider is opened."""


def width(latex: str) -> int:
    """About how many letters wide a formula is drawn: a fraction is as wide as the wider of its parts."""
    found, at = 0, 0
    while at < len(latex):
        if latex.startswith(r"\frac{", at):
            above, below, at = _fraction(latex, at)
            found += max(width(above), width(below))
            continue
        token = _LATEX.match(latex, at)
        assert token is not None  # the last alternative is any character
        name = token[0]
        if name in (r"\max", r"\min", r"\log"):
            found += 3
        elif not (name.isspace() or name in "{}^_" or name in (r"\tilde", r"\hat", r"\mathrm", r"\text")):
            found += 1
        at = token.end()
    return found


def _closing(latex: str, at: int) -> int:
    """The place after the brace that closes the one at `at`."""
    depth = 0
    for token in _LATEX.finditer(latex, at):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(latex)


def _fraction(latex: str, at: int) -> tuple[str, str, int]:
    """Both parts of the `\\frac` at `at`, and the place after it."""
    middle = _closing(latex, at + len(r"\frac"))
    end = _closing(latex, middle)
    return latex[at + len(r"\frac{") : middle - 1], latex[middle + 1 : end - 1], end


def pieces(latex: str, room: int = LINE) -> tuple[str, ...]:
    """LaTeX cut where a line may end: after a relation, before a sign, between factors.

    What stands in brackets, in a fraction or under a root stays in one piece, unless it is wider than `room`.
    """
    parts: list[str] = []
    for word in filter(None, _words(latex)):
        last = parts[-1].split(" ")[-1] if parts else ""
        stays = (
            word in _RELATIONS or last in ("+", "-") or (len(word) + len(last) <= SHORT and word not in "+-")
        )
        if parts and ((stays and last not in _RELATIONS) or last in ("+", "-")):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return tuple(end for part in parts for end in (_opened(part, room) if width(part) > room else (part,)))


def _opened(piece: str, room: int) -> tuple[str, ...]:
    """A wide piece cut inside its first bracket, fraction or root; one without any stays as it is."""
    sign = piece[:2] if piece[:2] in ("+ ", "- ") else ""
    bare = piece.removeprefix(sign)
    if bare.startswith(r"\frac{"):
        above, below, end = _fraction(bare, 0)
        if end == len(bare):
            over = _between(sign + "(", above, ") /", room) if width(above) > room else (f"{sign}{above} /",)
            return over + _between("(", below, ")", room)
    if bare.startswith(r"\sqrt{") and _closing(bare, 5) == len(bare):
        return _between(sign + r"\surd (", bare[6:-1], ")", room)
    start = bare.find(r"\left(")
    end = _bracketed(bare, start)
    before, after = bare[:start], bare[end:]
    if start < 0 or any(part.count("{") != part.count("}") for part in (before, after)):
        return (piece,)
    inner = bare[start + len(r"\left(") : end - len(r"\right)")]
    return _between(f"{sign}{before}(", inner, f"){after}", room)


def _bracketed(latex: str, start: int) -> int:
    """The place after the bracket that closes the `\\left` at `start`."""
    depth = 0
    for token in _LATEX.finditer(latex, max(0, start)):
        depth += token[0].startswith(r"\left") - token[0].startswith(r"\right")
        if depth == 0:
            return token.end()
    return len(latex)


def _between(opening: str, inner: str, closing: str, room: int) -> tuple[str, ...]:
    """The pieces of what stands between brackets, which go with the first and the last of them."""
    found = list(pieces(inner, room))
    found[0] = f"{opening} {found[0]}"
    found[-1] += f" {closing}"
    return tuple(found)


def broken(latex: str, room: int = NARROW) -> Markup:
    """The formula as pieces that follow each other like words."""
    from markupsafe import Markup

    return Markup('<span class="pieces">{}</span>').format(
        Markup("").join(formula(piece, block=True) for piece in pieces(latex, room))
    )


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
