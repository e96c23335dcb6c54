"""Mathematics in running text: the ASCII of statements as the page shows it.

`typeset("n >= C d~ / eta^2")` is n ≥ C d̃ / η² with a true superscript.  Commands, ids and code are not
meant for it: there the ASCII is what one types.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    r"(?P<tilde>_tilde|~)?(?:_(?P<below>perp|\w{1,3}|\([^()]+\)))?(?:(?<=~)|(?![\w~]))"
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
