"""Wrong versions of a bound that is shown beside a law: any other formula is another root mean square."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy as sp

from bounds.claim import Claim, Law
from verification.mutants.bound import HALF, MIRROR, Mutant, changed

WRONG_FACTOR = sp.Rational(11, 10)


def shown_mutants(claim: Claim) -> Iterator[Mutant]:
    """The shown bound with a constant, a power, an addend or the modality wrong; all of them must be seen."""
    bound = claim.bound
    laws = [check for check in claim.checks if isinstance(check, Law) and check.shown]
    if bound is None or not laws:
        return
    yield _wrong(claim, "bound-up", WRONG_FACTOR * bound, f"bound times {WRONG_FACTOR}")
    yield _wrong(claim, "bound-down", bound / WRONG_FACTOR, f"bound over {WRONG_FACTOR}")
    for symbol in sorted(bound.free_symbols, key=str):
        for sign, power in (("+", HALF), ("-", -HALF)):
            words = f"bound times {symbol**power}"
            yield _wrong(claim, f"bound-{symbol}{sign}", bound * symbol**power, words)
    yield from _without_an_addend(claim, bound)
    yield from _mirrored(claim, bound, laws)


def _mirrored(claim: Claim, bound: sp.Expr, laws: Sequence[Law]) -> Iterator[Mutant]:
    mirrored = bound.subs(MIRROR, simultaneous=True)
    points = [(law, point) for law in laws for path in law.paths for point in path.points()]
    named = {name for law, point in points for name in (*point, *(law.numbers(point) if law.numbers else ()))}
    if mirrored != bound and all(s in bound.free_symbols or s.name in named for s in mirrored.free_symbols):
        yield _wrong(claim, "bound-mirrored", mirrored, "the bound of the other modality")


def _without_an_addend(claim: Claim, bound: sp.Expr) -> Iterator[Mutant]:
    sums = sorted(bound.atoms(sp.Add), key=sp.default_sort_key)
    addends = [(total, term) for total in sums for term in total.args]
    for number, (total, term) in enumerate(addends, start=1):
        without = bound.xreplace({total: total - term})
        yield _wrong(claim, f"bound-term-{number}", without, f"{term} left out of {total}")


def _wrong(claim: Claim, name: str, bound: sp.Expr, reason: str) -> Mutant:
    return changed(claim, name, reason, bound=bound)
