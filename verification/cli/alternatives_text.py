"""The lines that put what else could be done with the same pairs beside a filter, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from verification.cli.terminal import say, with_command
from verification.setting import Procedure, simulate_command

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
        if other.mean is not None and not other.trusted:
            mean, share = f"~{other.mean:.2g}", "   not to be trusted here"
        elif other.efficiency is not None:
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
    best = others.best_paired
    times, doubt = f"{others.alone:.3g}", ""
    if not best.trusted:
        times, doubt = f"about {float(f'{others.alone:.1g}'):g}", ", by a law that is not to be trusted here"
    return [
        f"PCA of each modality alone, which needs no pairing, errs {times} times less than the best use of "
        f"pairs above ({best.estimator}{doubt}): if the subspaces are all you want, and the noise has no "
        "directions of its own, use it."
    ]


LEGEND = (
    "(limit: what no estimator beats; uses 10% of the information: at the limit 10% of the pairs would do; "
    "even parts: the teacher and each round get as many pairs, halves with one round)"
)


MOST_DRAWN = 10**9
"""Numbers in a draw of all pairs, one by one, up to which a command that draws them is shown."""


def print_beside(title: str, others: Beside) -> None:
    """The table, what its words mean, and how to get the number of the best weights where it is unknown."""
    print_alternatives(title, others.table)
    place = others.setting
    drawable = place.n * (place.d + place.d_tilde) <= MOST_DRAWN
    if others.weighted is None and others.weighable and drawable:
        draws = f"{simulate_command(place, Procedure('weighted'), 0, 10)} --engine direct"
        print(with_command("  weighted can be drawn:", draws))
    say(LEGEND)
