"""Certificates on where the regimes of the filtered error end, each over a stated set of (r, gamma).

Every cell is decided by itself, and the certificate's words name what was found in each: the claims are
in `bounds.paper.regime_boundaries`, the enclosures in `bounds.law.crossings`.
Derivations: proofs_notes/regimes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp

from bounds.checks import BOUND, Certified, Enclosure, Relation, Roots, Statement
from bounds.law import crossings
from bounds.proof.enclose import Ball, ball, enclose, endpoints, precision
from bounds.proof.region import flattened, listed
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


def _values(symbol: sp.Symbol, conditions: tuple[sp.Basic, ...]) -> tuple[sp.Expr, ...]:
    """The values that a condition lists for the symbol; raises Undecided without any, all whole."""
    found = listed(symbol, conditions)
    if not found or not all(value.is_Integer for value in found):
        raise Undecided(
            f"the claim does not say which {symbol} it is about: the certificate is no proof of all"
        )
    return found


OVER = "[over the stated value]"

WIDTH = 1e-8
"""Room for the width of an enclosure where a limit is the value itself."""

Values = Mapping[sp.Symbol, object]

Enclosures = tuple[Enclosure | Roots, ...]
"""What was enclosed at one cell, for a program that encloses it again."""


@dataclass(frozen=True)
class Enclosed:
    """One cell of a certificate: its words, its margin, and whether it holds (None: undecided)."""

    place: Place
    words: str
    margin: float
    holds: bool | None
    evidence: Enclosures = ()


def parameters(place: Place) -> dict[sp.Symbol, object]:
    """The cell as values of r, gamma and gamma~."""
    return {r: place[0], gamma: place[1], gamma_tilde: place[1]}


def with_moments(half: bool, bits: int, place: Place) -> Values:
    """The cell with M_0 and both tails in r + 2 dimensions at theta = 0 or r/2."""
    noise = Fraction(1, place[1])
    with precision(bits):
        (k0, m0), (k1, _) = (crossings.moments(place[0], noise, clean, half) for clean in (False, True))
        return {**parameters(place), mass_0: m0 * ball(1 + noise), UP_0: k0, UP_1: k1}


def _named_values(place: Place) -> Values:
    """`with_moments` at theta = r/2 by name."""
    noise = Fraction(1, place[1])
    (k0, m0), (k1, _) = (crossings.named_moments(place[0], noise, clean, True) for clean in (False, True))
    variance = 1 + sp.Rational(noise.numerator, noise.denominator)
    return {**parameters(place), mass_0: m0 * variance, UP_0: k0, UP_1: k1}


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
    box = f"{len(cells)} settings; {what}: {words}"
    evidence = tuple(one for cell in cells for one in cell.evidence)
    return Certified(holds, box, bits, len(cells), margin, witness, evidence=evidence)


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
    named: tuple[sp.Expr, Values | None] | None = None,
) -> Enclosed:
    """Whether value over the claim's bound lies within `limits`; without a value it does not.

    `named` is the value as an expression, with the values of the bound's symbols by name.
    """
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
    evidence = () if named is None else _compared(claimed, place, limits, *named)
    return Enclosed(place, words, margin, True if margin >= 0 else None, evidence)


def _compared(
    claimed: Statement, place: Place, limits: tuple[float, float], value: sp.Expr, at: Values | None
) -> Enclosures:
    """The value between its limits, or on one side of one of them, by the claim's relation."""
    values = tuple((parameters(place) if at is None else at).items())
    low, high = (sp.Rational(*limit.as_integer_ratio()) for limit in limits)
    says = f"r = {place[0]}, gamma = gamma~ = {place[1]}"
    above = Enclosure(says, value, ">=", low * BOUND, values)
    below = Enclosure(says, value, "<=", high * BOUND, values)
    return {Relation.UPPER: (below,), Relation.LOWER: (above,), Relation.EQUAL: (above, below)}[
        asked(claimed)
    ]


def _crossings(place: Place, bits: int) -> Roots:
    """Every crossing at a place, by the names of the moments."""
    noise = Fraction(1, place[1])
    found = crossings.crossings(place[0], noise, bits)
    says = f"the crossings at r = {place[0]}, gamma = gamma~ = {place[1]}"
    return Roots(says, crossings.named_cubic(place[0], noise, sp.Integer(1)), found)


def _leak_roots(place: Place, half: bool, bits: int) -> Roots:
    noise = Fraction(1, place[1])
    found = crossings.leak_boundaries(place[0], noise, half, bits)
    says = f"where the leak is half of V at r = {place[0]}, gamma = gamma~ = {place[1]}"
    return Roots(says, crossings.named_leak_cubic(place[0], noise, half), found)


def _with_roots(cell: Enclosed, roots: Roots) -> Enclosed:
    """The cell with the roots that its evidence names before it."""
    return replace(cell, evidence=(roots, *cell.evidence))


def _flat(place: Place) -> sp.Expr:
    """`crossings.flat_boundary` at theta = 0 by name."""
    (_, m0), (_, m1) = (
        crossings.named_moments(place[0], Fraction(1, place[1]), clean, False) for clean in (False, True)
    )
    return m0 / (m0 + m1)


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

    def cells() -> Iterable[Enclosed]:
        for place in places(claimed):
            limit, roots = allowed(place[0]), _crossings(place, bits)
            named = (roots.names[0], None) if roots.names else None
            value = first_crossing(place, bits)
            yield _with_roots(compared(claimed, bits, place, value, (1 / limit, limit), named=named), roots)

    return certified(bits, f"first crossing {OVER}", cells())


def certify_places(
    table: Mapping[Place, tuple[float, ...]], relative: float, claimed: Statement, bits: int
) -> Certified:
    """At each place the crossings over those of `table` are the claim's bound, and there are no others."""

    def cell(place: Place) -> Enclosed:
        stated = table[place]
        found = crossings.crossings(place[0], Fraction(1, place[1]), bits)
        if len(found) != len(stated):
            return Enclosed(place, f"{len(found)} crossings", -1.0, False)
        roots = _crossings(place, bits)
        if not stated:
            return Enclosed(place, "none", relative, True, (roots,))
        limits = (1 - relative, 1 + relative)
        each = [
            compared(
                claimed, bits, place, crossings.enclosure(x) / ball(at), limits, named=(root / exact, None)
            )
            for x, at, root in zip(found, stated, roots.names, strict=True)
            for exact in (sp.Rational(*float(at).as_integer_ratio()),)
        ]
        words = " and ".join(f"{float(x[0]):.4g}" for x in found)
        truths = {c.holds for c in each}
        holds = False if False in truths else None if None in truths else True
        evidence = (roots, *(one for c in each for one in c.evidence))
        return Enclosed(place, words, min(c.margin for c in each), holds, evidence)

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
        roots = replace(_crossings(place, bits), at=tuple(parameters(place).items()), counted=True)
        return Enclosed(place, f"{count}, {better} first", 0.0, bool(holds), (roots,))

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
        cubic = crossings.named_cubic(place[0], Fraction(1, place[1]), BOUND)
        says = f"no crossing, r/2 the better one at eta = 0: r = {place[0]}, gamma = gamma~ = {place[1]}"
        at_half = crossings.named_cubic(place[0], Fraction(1, place[1]), sp.Integer(0))[0]
        evidence = (Roots(says, cubic, ()), Enclosure(says, at_half, "<", at_half - cubic[0]))
        return Enclosed(place, "below" if below else "not below", 0.0, holds, evidence)

    return certified(bits, f"below {factor} at every eta in [0, 1]", map(cell, places(claimed)))


def certify_leak_at_zero(stated: sp.Expr, claimed: Statement, bits: int) -> Certified:
    """At theta = 0 the boundary over the claim's bound lies within [1 - 3/2 stated, 1], at every place."""
    given(claimed, sp.Eq(theta, 0))

    def cell(place: Place) -> Enclosed:
        with precision(bits):
            remainder = 1.5 * endpoints(enclose(stated, parameters(place)))[0]
        limits, roots = (1 - remainder - WIDTH, 1 + WIDTH), _leak_roots(place, False, bits)
        named = (roots.names[0], None) if roots.names else None
        value = leak_boundary(place, False, bits)
        return _with_roots(compared(claimed, bits, place, value, limits, named=named), roots)

    return certified(
        bits, f"the leak's only boundary at theta = 0, N = n_T {OVER}", map(cell, places(claimed))
    )


def certify_leak_at_half(factor: float, claimed: Statement, bits: int) -> Certified:
    """At theta = r/2 the boundary is the claim's bound up to `factor`, at every place."""
    given(claimed, sp.Eq(theta, r / 2))

    def cell(place: Place) -> Enclosed:
        value, given = leak_boundary(place, True, bits), with_moments(True, bits, place)
        roots = _leak_roots(place, True, bits)
        named = (roots.names[0], _named_values(place)) if roots.names else None
        return _with_roots(compared(claimed, bits, place, value, (1 / factor, factor), given, named), roots)

    return certified(
        bits, f"the leak's only boundary at theta = r/2, N = n_T {OVER}", map(cell, places(claimed))
    )


def certify_flat(least: float, claimed: Statement, bits: int) -> Certified:
    """At theta = 0 M_0/(M_0 + M_1) over the claim's bound lies within [least, 1], at every place."""
    given(claimed, sp.Eq(theta, 0))

    def cell(place: Place) -> Enclosed:
        value = crossings.flat_boundary(place[0], Fraction(1, place[1]), False, bits)
        return compared(claimed, bits, place, value, (least, 1 + WIDTH), named=(_flat(place), None))

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
        roots = _leak_roots(place, False, bits)
        named = (roots.names[0] / _flat(place), None) if roots.names else None
        return _with_roots(compared(claimed, bits, place, ratio, (1.0, 1.0), named=named), roots)

    what = "the leak's boundary over the flat regime's at theta = 0, N = n_T"
    return certified(bits, what, map(cell, places(claimed)))
