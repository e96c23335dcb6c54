"""Verdicts as a Markdown summary for a pull request: what differs first, then every claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verification.judging import verdicts as shown

if TYPE_CHECKING:
    from verification.judging.verdict import ClaimVerdict
    from verification.judging.verdicts import Verdicts

MARKS = {
    "PROVED": "✅ PROVED",
    "CERTIFIED": "✅ CERTIFIED",
    "SUPPORTED": "✅ SUPPORTED",
    "REFUTED": "❌ REFUTED",
    "INCONCLUSIVE": "❔ INCONCLUSIVE",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")


def render(verdicts: Verdicts) -> str:
    """The summary: heading, words, the claims that differ with their messages, a folded shown."""
    differs = [v for v in verdicts if not v.as_expected or v.survivors]
    lines = ["## filtergain: " + ("every verdict as expected" if not differs else _count(len(differs))), ""]
    lines += [escape(line) + "  " for line in shown.summary(verdicts).splitlines()]
    for v in differs:
        lines += ["", f"### {escape(v.claim.id)}: expected {v.claim.expected}, found {v.verdict}", ""]
        lines.append(escape(v.words))
        if v.draw_again not in (None, v.repeat):
            lines += ["", f"Draw the witness again: {code(v.draw_again or '')}"]
        if v.survivors:
            names = ", ".join(m.id for m in v.survivors)
            lines += ["", f"Wrong versions that were not refuted, or by luck: {code(names)}"]
        lines += ["", f"Repeat: {code(v.repeat)}"]
    lines += ["", f"<details><summary>All claims ({len(verdicts)})</summary>", ""]
    lines += ["| claim | source | verdict | as expected | slack | mutants refuted |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [_row(v) for v in verdicts]
    lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _count(number: int) -> str:
    return f"{number} claim{'s' if number > 1 else ''} not as expected"


def _row(v: ClaimVerdict) -> str:
    cells = (
        code(v.claim.id),
        escape(v.claim.source),
        MARKS[str(v.verdict)],
        "yes" if v.as_expected else f"**no: {v.claim.expected}**",
        shown.slack(v),
        v.mutants_refuted,
    )
    return "| " + " | ".join(cells) + " |"


def escape(words: str) -> str:
    """Plain words as Markdown: nothing in them is markup, and they stay on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(words.split()))


def code(words: str) -> str:
    """Words in code type, fenced with more backticks than they hold; also inside a shown."""
    words = " ".join(words.split()).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", words)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not words else ""
    return f"{fence}{pad}{words}{pad}{fence}"
