"""Certificates on where the regimes of the filtered error end, each over a stated set of (r, gamma).

Every cell is decided by itself, and the certificate's words name what was found in each: the claims are
in `bounds.paper.regime_boundaries`, the enclosures in `bounds.law.crossings`.
Derivations: proofs_notes/regimes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from bounds.checks import Certified, Relation, Statement
from bounds.law import crossings
from bounds.proof.enclose import Ball, ball, enclose, endpoints, precision
from bounds.proof.region import flattened
from bounds.proof.steps import given
from bounds.proof.undecided import Undecided
from bounds.symbols import gamma, gamma_tilde, mass_0, r, theta

SNRS = (1, 10, 10**4)
LATENT = (2, 4, 16, 64, 256)

Place = tuple[int, int]
"""(r, gamma = gamma~)."""

UP_0 = sp.Symbol(r"{P_0^{(r+2)}}", positive=True)
UP_1 = sp.Symbol(r"{P_1^{(r+2)}}", positive=True)
"""Tails of the classes' scores at theta in r + 2 dimensions: E[|v|^2; S > theta] over r a~."""

EQUAL_NOISE = sp.Eq(gamma_tilde, gamma)
"""The condition of every certificate: both modalities are equally noisy."""


def one_of(symbol: sp.Symbol, values: Iterable[int]) -> sp.Basic:
    """The condition that the symbol has one of these values."""
    return sp.Or(*(sp.Eq(symbol, value) for value in values))


EVERY_PLACE = (EQUAL_NOISE, one_of(r, LATENT), one_of(gamma, SNRS))
"""The conditions that leave all settings at which the transitions are located."""


def places(claimed: Statement) -> tuple[Place, ...]:
    """The settings that the claim's conditions leave, by gamma and r; a certificate encloses each of them.

    Raises Undecided where the conditions leave any others: a claim says nothing beyond what is enclosed.
    """
    given(claimed, EQUAL_NOISE)
    stated = flattened(claimed.conditions)
    about = [c for c in stated if c.free_symbols <= {r, gamma}]
    return tuple(
        (int(rank), int(snr))
        for snr in _values(gamma, stated)
        for rank in _values(r, stated)
        if all(c.subs({r: rank, gamma: snr}) == sp.true for c in about)
    )


def _values(symbol: sp.Symbol, conditions: tuple[sp.Basic, ...]) -> list[sp.Expr]:
    """The values that a condition lists for the symbol; raises Undecided without one."""
    for condition in conditions:
        cases = condition.args if isinstance(condition, sp.Or) else (condition,)
        if all(isinstance(c, sp.Eq) and c.lhs == symbol and c.rhs.is_Integer for c in cases):
            return sorted(c.rhs for c in cases)
    raise Undecided(f"the claim does not say which {symbol} it is about: the certificate is no proof of all")


OVER = "[over the stated value]"

WIDTH = 1e-8
"""Room for the width of an enclosure where a limit is the value itself."""

Values = Mapping[sp.Symbol, object]


@dataclass(frozen=True)
class Enclosed:
    """One cell of a certificate: its words, its margin, and whether it holds (None: undecided)."""

    place: Place
    words: str
    margin: float
    holds: bool | None


def parameters(place: Place) -> dict[sp.Symbol, object]:
    """The cell as values of r, gamma and gamma~."""
    return {r: place[0], gamma: place[1], gamma_tilde: place[1]}


def with_moments(half: bool, bits: int, place: Place) -> Values:
    """The cell with M_0 and both tails in r + 2 dimensions at theta = 0 or r/2."""
    noise = Fraction(1, place[1])
    with precision(bits):
        (k0, m0), (k1, _) = (crossings.moments(place[0], noise, clean, half) for clean in (False, True))
        return {**parameters(place), mass_0: m0 * ball(1 + noise), UP_0: k0, UP_1: k1}


def certified(bits: int, what: str, found: Iterable[Enclosed]) -> Certified:
    """All cells together: one that fails makes it false, and the witness names every one that does."""
    try:
        cells = tuple(found)
    except Undecided as problem:
        return Certified(None, str(problem), bits, 0, 0.0)
    rows: dict[int, list[Enclosed]] = {}
    for cell in cells:
        rows.setdefault(cell.place[1], []).append(cell)
    words = "; ".join(
        f"gamma = gamma~ = {snr}: " + ", ".join(f"r = {c.place[0]}: {c.words}" for c in row)
        for snr, row in rows.items()
    )
    wrong = [c for c in cells if c.holds is False]
    witness = "; ".join(f"r = {c.place[0]}, gamma = {c.place[1]}: {c.words}" for c in wrong)
    holds = False if wrong else None if any(c.holds is None for c in cells) else True
    margin = min(c.margin for c in wrong or cells)
    return Certified(holds, f"{len(cells)} settings; {what}: {words}", bits, len(cells), margin, witness)


def asked(claimed: Statement, *only: Relation) -> Relation:
    """The relation that the claim states; raises Undecided if it is none, or none of `only`."""
    if claimed.relation is None or (only and claimed.relation not in only):
        raise Undecided(f"nothing is enclosed for the relation {claimed.relation}")
    return claimed.relation


def compared(
    claimed: Statement,
    bits: int,
    place: Place,
    value: Ball | None,
    limits: tuple[float, float],
    given: Values | None = None,
) -> Enclosed:
    """Whether value over the claim's bound lies within `limits`; without a value it does not."""
    if value is None:
        return Enclosed(place, "none", -1.0, False)
    with precision(bits):
        bound = enclose(claimed.bound, parameters(place) if given is None else given)
        if not bound > 0:
            # What is compared is positive.
            holds = None if bound > 0 or not bound <= 0 else asked(claimed) is Relation.LOWER
            return Enclosed(place, "against no positive number", -1.0, holds)
        low, high = endpoints(value / bound)
        words = f"{float(value.mid()):.4g}"
        if not claimed.bound.is_number:
            words += f" [{(low + high) / 2:.3g}]"
    margin = {
        Relation.UPPER: limits[1] - high,
        Relation.LOWER: low - limits[0],
        Relation.EQUAL: min(limits[1] - high, low - limits[0]),
    }[asked(claimed)]
    above = low > limits[1] and claimed.relation is not Relation.LOWER
    below = high < limits[0] and claimed.relation is not Relation.UPPER
    if above or below:
        return Enclosed(place, words, margin, False)
    return Enclosed(place, words, margin, True if margin >= 0 else None)


def first_crossing(place: Place, bits: int) -> Ball | None:
    """The smallest eta at which thresholds 0 and r/2 serve the oracle equally."""
    found = crossings.crossings(place[0], Fraction(1, place[1]), bits)
    return crossings.enclosure(found[0]) if found else None


def leak_boundary(place: Place, half: bool, bits: int) -> Ball | None:
    """The eta at which half of Algorithm 1's V is inherited; None unless there is exactly one."""
    found = crossings.leak_boundaries(place[0], Fraction(1, place[1]), half, bits)
    return crossings.enclosure(found[0]) if len(found) == 1 else None


def certify_switch(allowed: Callable[[int], float], claimed: Statement, bits: int) -> Certified:
    """The first crossing over the claim's bound lies within [1/x, x], x = allowed(r), at each place."""
    return certified(
        bits,
        f"first crossing {OVER}",
        (
            compared(
                claimed, bits, place, first_crossing(place, bits), (1 / allowed(place[0]), allowed(place[0]))
            )
            for place in places(claimed)
        ),
    )


def certify_places(
    table: Mapping[Place, tuple[float, ...]], relative: float, claimed: Statement, bits: int
) -> Certified:
    """At each place the crossings over those of `table` are the claim's bound, and there are no others."""

    def cell(place: Place) -> Enclosed:
        stated = table[place]
        found = crossings.crossings(place[0], Fraction(1, place[1]), bits)
        if len(found) != len(stated):
            return Enclosed(place, f"{len(found)} crossings", -1.0, False)
        if not stated:
            return Enclosed(place, "none", relative, True)
        each = [
            compared(claimed, bits, place, crossings.enclosure(x) / ball(at), (1 - relative, 1 + relative))
            for x, at in zip(found, stated, strict=True)
        ]
        words = " and ".join(f"{float(x[0]):.4g}" for x in found)
        truths = {c.holds for c in each}
        holds = False if False in truths else None if None in truths else True
        return Enclosed(place, words, min(c.margin for c in each), holds)

    with precision(bits):
        return certified(bits, "crossings", map(cell, places(claimed)))


def certify_count(claimed: Statement, bits: int) -> Certified:
    """As many crossings as the claim's bound says, at every place; which threshold is better at eta = 0."""
    stated = claimed.bound

    def cell(place: Place) -> Enclosed:
        noise = Fraction(1, place[1])
        count = len(crossings.crossings(place[0], noise, bits))
        better = "0" if crossings.cubic(place[0], noise, Fraction(1), bits)[0] > 0 else "r/2"
        said = stated.subs(parameters(place))
        holds = {
            Relation.EQUAL: said == count,
            Relation.UPPER: count <= said,
            Relation.LOWER: count >= said,
        }[asked(claimed)]
        return Enclosed(place, f"{count}, {better} first", 0.0, bool(holds))

    what = "number of crossings in [0, 1], and the better threshold at eta = 0"
    return certified(bits, what, map(cell, places(claimed)))


def certify_never(claimed: Statement, bits: int) -> Certified:
    """The ratio stays below the claim's bound at every eta, at each place."""
    upper = asked(claimed) is Relation.UPPER
    factor = Fraction(int(claimed.bound.p), int(claimed.bound.q))

    def cell(place: Place) -> Enclosed:
        below = factor > 0 and crossings.never_above(place[0], Fraction(1, place[1]), factor, bits)
        # What is below the number at every eta is neither equal to it nor above it.
        holds = below if upper else False if below else None
        return Enclosed(place, "below" if below else "not below", 0.0, holds)

    return certified(bits, f"below {factor} at every eta in [0, 1]", map(cell, places(claimed)))


def certify_leak_at_zero(stated: sp.Expr, claimed: Statement, bits: int) -> Certified:
    """At theta = 0 the boundary over the claim's bound lies within [1 - 3/2 stated, 1], at every place."""
    given(claimed, sp.Eq(theta, 0))

    def cell(place: Place) -> Enclosed:
        with precision(bits):
            remainder = 1.5 * endpoints(enclose(stated, parameters(place)))[0]
        limits = (1 - remainder - WIDTH, 1 + WIDTH)
        return compared(claimed, bits, place, leak_boundary(place, False, bits), limits)

    return certified(
        bits, f"the leak's only boundary at theta = 0, N = n_T {OVER}", map(cell, places(claimed))
    )


def certify_leak_at_half(factor: float, claimed: Statement, bits: int) -> Certified:
    """At theta = r/2 the boundary is the claim's bound up to `factor`, at every place."""
    given(claimed, sp.Eq(theta, r / 2))

    def cell(place: Place) -> Enclosed:
        value, given = leak_boundary(place, True, bits), with_moments(True, bits, place)
        return compared(claimed, bits, place, value, (1 / factor, factor), given)

    return certified(
        bits, f"the leak's only boundary at theta = r/2, N = n_T {OVER}", map(cell, places(claimed))
    )


def certify_flat(least: float, claimed: Statement, bits: int) -> Certified:
    """At theta = 0 M_0/(M_0 + M_1) over the claim's bound lies within [least, 1], at every place."""
    given(claimed, sp.Eq(theta, 0))

    def cell(place: Place) -> Enclosed:
        value = crossings.flat_boundary(place[0], Fraction(1, place[1]), False, bits)
        return compared(claimed, bits, place, value, (least, 1 + WIDTH))

    what = f"where corrupted pairs begin to supply most of M at theta = 0 {OVER}"
    return certified(bits, what, map(cell, places(claimed)))


def certify_order(claimed: Statement, bits: int) -> Certified:
    """At theta = 0 the leak's boundary over the flat one is at most the claim's bound, at every place."""
    given(claimed, sp.Eq(theta, 0))

    def cell(place: Place) -> Enclosed:
        leak = leak_boundary(place, False, bits)
        with precision(bits):
            flat = crossings.flat_boundary(place[0], Fraction(1, place[1]), False, bits)
            ratio = None if leak is None else leak / flat
        return compared(claimed, bits, place, ratio, (1.0, 1.0))

    what = "the leak's boundary over the flat regime's at theta = 0, N = n_T"
    return certified(bits, what, map(cell, places(claimed)))
