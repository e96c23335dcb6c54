"""Wrong versions of proved and certified claims: every part of the statement changed, one at a time.

No forecast says which of them are false: a version must not be proved, and counts as refuted only where an
exact counterexample was found.  One that says no more than the claim, as far as SymPy or exact points show,
is implied; the claim's design may prove it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import sympy as sp

from bounds import symbols
from bounds.checks import Proof, Relation
from bounds.claim import Claim
from bounds.proof.region import approximate_sign, flattened, listed, points
from verification.mutants.bound import HALF, MIRROR, Mutant, changed

LARGEST_INSTANCE = 12
"""Sizes up to this one at which the version that is right at instances agrees with the claim."""

WEAKER = (sp.Integer(2), sp.Rational(3, 2))
"""Factors by which a bound that is said to be the best is made weaker: true, and not the best."""

REVERSED = {Relation.UPPER: Relation.LOWER, Relation.LOWER: Relation.UPPER}


def exact_mutants(claim: Claim, *, all_kinds: bool = True) -> Iterator[Mutant]:
    """Versions of an exact claim: another relation, a condition less, another constant; and `all_kinds`.

    One that is said to be the best has weaker ones, of which that is wrong.
    The other kinds are equality for an inequality, sign, exponents, addends, modalities and bounds that are
    right at small sizes only.
    """
    bound = claim.bound
    if bound is None or claim.relation is None:
        return
    yield from _relations(claim, all_kinds)
    yield from _conditions(claim)
    kinds = [_constants(claim)]
    if all_kinds and bound != 0:
        kinds += [_signs(bound), _exponents(claim), _addends(bound), _swapped(bound)]
    for name, reason, wrong in _distinct(bound, (version for kind in kinds for version in kind)):
        # An inequality's derivation may show more than it says; a certificate alone holds up to a factor.
        loose = claim.relation is not Relation.EQUAL or not any(isinstance(c, Proof) for c in claim.checks)
        may_hold = loose and name != "negative"
        yield replace(_version(claim, name, reason, wrong), may_hold=may_hold)
    if claim.best:
        yield from _weaker(claim)
    for name, reason, wrong in _instances(claim) if all_kinds and bound != 0 else ():
        yield _version(claim, name, reason, wrong)


def _weaker(claim: Claim) -> Iterator[Mutant]:
    """Bounds that hold and are not the best, of a claim that says so."""
    assert claim.bound is not None
    for factor in WEAKER:
        wrong = claim.bound * factor if claim.relation is Relation.UPPER else claim.bound / factor
        yield changed(claim, f"best-{factor}", f"{factor} times weaker, called the best", bound=wrong)


def _version(claim: Claim, name: str, reason: str, wrong: sp.Expr) -> Mutant:
    implied = not name.startswith("constant") and says_no_more(claim, wrong)
    if implied:
        reason += ": says no more than the claim does, at dozens of points"
    return changed(claim, name, reason, implied=implied, bound=wrong)


_Version = tuple[str, str, sp.Expr]


def _distinct(bound: sp.Expr, versions: Iterable[_Version]) -> Iterator[_Version]:
    """The versions with another bound than the claim's and than one another's, and none that divides by 0."""
    seen = {bound}
    for version in versions:
        if version[2] not in seen and not version[2].has(sp.zoo, sp.nan):
            seen.add(version[2])
            yield version


def _relations(claim: Claim, all_kinds: bool) -> Iterator[Mutant]:
    assert claim.relation is not None
    if claim.relation is Relation.EQUAL:
        return  # an equality implies both inequalities
    other = REVERSED[claim.relation]
    yield changed(claim, "reversed", f"{claim.relation} read as {other}", relation=other)
    if all_kinds and not claim.up_to_constant:
        yield changed(claim, "equal", f"{claim.relation} read as =", relation=Relation.EQUAL)


def _conditions(claim: Claim) -> Iterator[Mutant]:
    stated = flattened(claim.conditions)
    for number, condition in enumerate(stated, start=1):
        rest = tuple(c for c in stated if c is not condition)
        name = "condition" if len(stated) == 1 else f"condition-{number}"
        yield changed(claim, name, f"condition {condition} dropped", conditions=rest)


def _constants(claim: Claim) -> Iterator[_Version]:
    bound = claim.bound
    assert bound is not None
    if bound == 0:
        if claim.relation is not Relation.UPPER:
            yield "constant-up", "1 in place of 0", sp.Integer(1)
        if claim.relation is not Relation.LOWER:
            yield "constant-down", "-1 in place of 0", sp.Integer(-1)
    elif not claim.up_to_constant:
        if claim.relation is not Relation.LOWER:
            yield "constant-down", "bound times 1/2", HALF * bound
        if claim.relation is not Relation.UPPER:
            yield "constant-up", "bound times 2", 2 * bound


def _signs(bound: sp.Expr) -> Iterator[_Version]:
    yield "negative", "the sign changed", -bound


def _exponents(claim: Claim) -> Iterator[_Version]:
    bound = claim.bound
    assert bound is not None
    for symbol in sorted(bound.free_symbols, key=str):
        if not isinstance(symbol, sp.Symbol) or not symbol.is_positive:
            continue
        if claim.up_to_constant and _bounded(symbol, claim.conditions):
            continue  # a power of what is bounded is a constant
        # Shares and other letters of a claim's own may lie near 1.
        size = HALF if symbol.name in symbols.SYMBOLS else sp.Integer(1)
        for sign, power in (("+", size), ("-", -size)):
            yield f"{symbol}{sign}", f"bound times {symbol}^({power})", bound * symbol**power


def _bounded(symbol: sp.Symbol, conditions: tuple[sp.Basic, ...]) -> bool:
    """Whether a condition bounds the symbol by a number from above, or lists its values."""
    return bool(listed(symbol, conditions)) or any(
        isinstance(c, (sp.Le, sp.Lt, sp.Ge, sp.Gt)) and c.lts == symbol and c.gts.is_number
        for c in flattened(conditions)
    )


def _addends(bound: sp.Expr) -> Iterator[_Version]:
    sums = sorted(bound.atoms(sp.Add, sp.MatAdd, sp.Max, sp.Min), key=sp.default_sort_key)
    number = 0
    for whole in sums:
        for term in whole.args:
            number += 1
            rest = whole.func(*(other for other in whole.args if other is not term))
            yield f"term-{number}", f"{term} left out of {whole}", bound.xreplace({whole: rest})


def _swapped(bound: sp.Expr) -> Iterator[_Version]:
    if not bound.has(sp.MatrixExpr):
        yield "swapped", "the modalities exchanged", bound.subs(MIRROR, simultaneous=True)


def _instances(claim: Claim) -> Iterator[_Version]:
    """1 at sizes 1 to 12, and stronger than the bound beyond them."""
    assert claim.bound is not None
    for size in sorted(claim.bound.free_symbols, key=str):
        if isinstance(size, sp.Symbol) and size.is_integer:
            beyond = 1 + sp.prod([size - k for k in range(1, LARGEST_INSTANCE + 1)])
            wrong = claim.bound / beyond if claim.relation is Relation.UPPER else claim.bound * beyond
            yield f"instances-{size}", f"right at {size} = 1 to {LARGEST_INSTANCE} only", wrong


def says_no_more(claim: Claim, bound: sp.Expr) -> bool:
    """Whether the claim with another bound follows from the claim, at every one of dozens of points."""
    assert claim.bound is not None
    if bound.has(sp.MatrixExpr, sp.Trace):
        return False
    difference = bound - claim.bound
    tried = points(difference, claim.conditions)
    signs = [approximate_sign(difference, point) for point in tried]
    allowed = {Relation.UPPER: (0, 1), Relation.LOWER: (0, -1)}.get(claim.relation, (0,))  # type: ignore[arg-type]
    return bool(signs) and all(sign in allowed for sign in signs)
