"""The lines that put what else could be done with the same pairs beside a filter, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from verification.cli.terminal import say

if TYPE_CHECKING:
    from verification.prediction.beside import Alternative, Beside


def print_alternatives(title: str, others: Iterable[Alternative]) -> None:
    """A line an estimator: its mean error and its efficiency against the information limit.

    Below them why a number is unknown, once for all that share the reason.
    """
    say(title)
    reasons: dict[str, list[str]] = {}
    for other in others:
        mean = "unknown" if other.mean is None else f"{other.mean:.4g}"
        share = f"   {other.between}"
        if other.efficiency is not None:
            share = f"   uses {other.efficiency:.1%} of the information"
        print(f"  {other.estimator:<30}{mean:>9}{share}".rstrip())
        if other.reason:
            reasons.setdefault(other.reason, []).append(other.estimator)
    for reason, names in reasons.items():
        say(f"  {' and '.join(names)} unknown: {reason}.", rest="    ")


def alone_sentences(others: Beside) -> list[str]:
    """A sentence where each modality alone does better than any pairing."""
    if others.alone is None:
        return []
    return [
        f"PCA of each modality alone, which needs no pairing, errs {others.alone:.3g} times less than the "
        "best of these: if the subspaces are all you want, and the noise has no directions of its own, "
        "use it."
    ]
