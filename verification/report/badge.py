"""A small picture of a run's outcome, to stand in a README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verification.report.templating import environment

if TYPE_CHECKING:
    from verification.judging.verdicts import Verdicts

CHARACTER, PAD = 6.8, 12.0
GOOD, BAD, DOUBT = "#1a6e3c", "#b3261e", "#7a5b00"
"""White words are read on each of them."""


def render(verdicts: Verdicts) -> str:
    """The SVG: how many verdicts are as expected, or how many are not."""
    count = len(verdicts)
    differs = sum(v.failure is not None for v in verdicts)
    said = f"{count - differs} of {count} as expected" if differs else f"{count} as expected"
    colour = {0: GOOD, 3: DOUBT}.get(verdicts.exit_status, BAD)
    left, right = (CHARACTER * len(words) + PAD for words in ("claims", said))
    return environment().get_template("badge.svg").render(left=left, right=right, said=said, colour=colour)
