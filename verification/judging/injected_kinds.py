"""Kinds of mistake that are injected: each sees the tree of a statement, and nothing of what judges it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sympy as sp
from numpy.random import Generator

from bounds import symbols
from bounds.checks import Relation, Statement
from bounds.proof.region import flattened

Injector = Callable[[Statement, Generator], Statement | None]
"""A statement with one mistake, None where there is no place for one of this kind."""

FACTORS = tuple(map(sp.Rational, ("1/2", "2", "3/4", "4/3", "9/10", "10/9", "1/10", "10")))
POWERS = tuple(map(sp.Rational, ("1/2", "-1/2", "1", "-1", "2")))

MIRROR = {
    a: b
    for pair in (
        (symbols.d, symbols.d_tilde),
        (symbols.gamma, symbols.gamma_tilde),
        (symbols.kappa_left, symbols.kappa_right),
        (symbols.leak_left, symbols.leak_right),
    )
    for a, b in (pair, pair[::-1])
}
"""The model with its modalities exchanged."""


def tried(injector: Injector, stated: Statement, generator: Generator) -> Statement | None:
    """The statement with a mistake; None where there is no place, or what comes out has no value."""
    try:
        return injector(stated, generator)
    except (TypeError, ValueError):  # a maximum of what is no real number
        return None


def _scalars(expression: sp.Basic) -> list[sp.Symbol]:
    return sorted((s for s in expression.free_symbols if isinstance(s, sp.Symbol)), key=str)


def _nodes(expression: sp.Basic, *kinds: type) -> list[sp.Basic]:
    return sorted(expression.atoms(*kinds), key=sp.default_sort_key)


def _pick(generator: Generator, among: Sequence[sp.Basic]) -> sp.Basic | None:
    return among[int(generator.integers(len(among)))] if len(among) else None


def sign(stated: Statement, generator: Generator) -> Statement | None:
    """A term of a sum, or the whole, with the other sign."""
    whole = _pick(generator, _nodes(stated.bound, sp.Add, sp.MatAdd))
    if whole is None:
        return None if stated.bound == 0 else stated.about(-stated.bound)
    term = _pick(generator, whole.args)
    assert term is not None
    changed = whole.func(*(-other if other is term else other for other in whole.args))
    return stated.about(stated.bound.xreplace({whole: changed}))


def exponent(stated: Statement, generator: Generator) -> Statement | None:
    """One symbol with another power, wherever it stands."""
    symbol = _pick(generator, [s for s in _scalars(stated.bound) if s.is_positive])
    if symbol is None:
        return None
    power = POWERS[int(generator.integers(len(POWERS)))]
    if generator.random() < 0.5:
        return stated.about(stated.bound * symbol**power)
    return stated.about(stated.bound.subs(symbol, symbol ** (1 + power)))


def constant(stated: Statement, generator: Generator) -> Statement | None:
    """The bound, or a number in it, times a factor."""
    factor = FACTORS[int(generator.integers(len(FACTORS)))]
    if stated.bound == 0:
        return stated.about(factor)
    number = _pick(generator, [x for x in _nodes(stated.bound, sp.Integer, sp.Rational) if x not in (0, -1)])
    if number is not None and generator.random() < 0.5 and not stated.bound.has(sp.MatrixExpr):
        return stated.about(stated.bound.xreplace({number: factor * number}))
    return stated.about(factor * stated.bound)


def dropped(stated: Statement, generator: Generator) -> Statement | None:
    """An addend, a factor or a member of a maximum left out."""
    kinds = (sp.Add, sp.Mul, sp.Max, sp.Min, sp.MatAdd)
    whole = _pick(generator, [x for x in _nodes(stated.bound, *kinds) if len(x.args) > 1])
    if whole is None:
        return None
    term = _pick(generator, whole.args)
    rest = [other for other in whole.args if other is not term]
    if getattr(whole, "is_Matrix", False) and not all(getattr(other, "is_Matrix", False) for other in rest):
        return None
    return stated.about(stated.bound.xreplace({whole: whole.func(*rest)}))


def swapped(stated: Statement, generator: Generator) -> Statement | None:
    """Two symbols of a kind in each other's place."""
    symbols = _scalars(stated.bound)
    pairs = [(a, b) for a in symbols for b in symbols if str(a) < str(b) and a.is_integer == b.is_integer]
    if not pairs:
        return None
    first, second = pairs[int(generator.integers(len(pairs)))]
    return stated.about(stated.bound.subs({first: second, second: first}, simultaneous=True))


def relation(stated: Statement, generator: Generator) -> Statement | None:
    """Another relation."""
    others = [other for other in Relation if other is not stated.relation]
    return replace(stated, relation=others[int(generator.integers(len(others)))])


def condition_dropped(stated: Statement, generator: Generator) -> Statement | None:
    """One condition less."""
    conditions = flattened(stated.conditions)
    gone = _pick(generator, conditions)
    return None if gone is None else replace(stated, conditions=tuple(c for c in conditions if c is not gone))


def condition_weakened(stated: Statement, generator: Generator) -> Statement | None:
    """One inequality, or an equality, with more room: 9/10 of its larger side is enough."""
    conditions = flattened(stated.conditions)
    kinds = (sp.Ge, sp.Gt, sp.Le, sp.Lt)
    wide = _pick(generator, [c for c in conditions if isinstance(c, kinds)])
    if wide is None:
        return None
    room = FACTORS[int(generator.integers(len(FACTORS)))]
    weaker = sp.Ge(max(room, 1 / room) * wide.gts, wide.lts)
    return replace(stated, conditions=tuple(weaker if c is wide else c for c in conditions))


def exchanged(stated: Statement, generator: Generator) -> Statement | None:
    """The modalities in each other's place."""
    known = stated.bound.free_symbols.union(*(c.free_symbols for c in stated.conditions))
    moved = {a: b for a, b in MIRROR.items() if a in stated.bound.free_symbols}
    if not moved or not known >= set(moved.values()):
        return None
    return stated.about(stated.bound.subs(moved, simultaneous=True))


def extreme(stated: Statement, generator: Generator) -> Statement | None:
    """The smaller of some in place of the larger, or their sum, or the other way round."""
    node = _pick(generator, _nodes(stated.bound, sp.Max, sp.Min))
    if node is None:
        return None
    other = sp.Min if isinstance(node, sp.Max) else sp.Max
    changed = sp.Add(*node.args) if generator.random() < 0.3 else other(*node.args)
    return stated.about(stated.bound.xreplace({node: changed}))


def root(stated: Statement, generator: Generator) -> Statement | None:
    """A square root forgotten, or a third one in its place."""
    roots = [x for x in _nodes(stated.bound, sp.Pow) if abs(x.exp) == sp.Rational(1, 2)]
    node = _pick(generator, roots)
    if node is None:
        return None
    sign_of = sp.sign(node.exp)
    power = sign_of if generator.random() < 0.5 else sign_of / 3
    return stated.about(stated.bound.xreplace({node: node.base**power}))


def logarithm(stated: Statement, generator: Generator) -> Statement | None:
    """A logarithm read as 1."""
    node = _pick(generator, _nodes(stated.bound, sp.log))
    return None if node is None else stated.about(stated.bound.xreplace({node: sp.S.One}))


def corrupted(stated: Statement, generator: Generator) -> Statement | None:
    """A share of pairs times the share of the rest."""
    if symbols.eta not in stated.bound.free_symbols:
        return None
    return stated.about(stated.bound.subs(symbols.eta, symbols.eta * (1 - symbols.eta)))


def condition_reversed(stated: Statement, generator: Generator) -> Statement | None:
    """One inequality among the conditions the other way round."""
    conditions = flattened(stated.conditions)
    one = _pick(generator, [c for c in conditions if isinstance(c, (sp.Ge, sp.Gt, sp.Le, sp.Lt))])
    if one is None:
        return None
    turned = one.func(one.rhs, one.lhs, evaluate=False)
    return replace(stated, conditions=tuple(turned if c is one else c for c in conditions))


def condition_shifted(stated: Statement, generator: Generator) -> Statement | None:
    """A whole number among the conditions one less: from r = 1 on in place of 2."""
    conditions = flattened(stated.conditions)
    wide = [c for c in conditions if isinstance(c, (sp.Ge, sp.Gt)) and c.rhs.is_Integer and c.rhs > 0]
    one = _pick(generator, wide)
    if one is None:
        return None
    shifted = one.func(one.lhs, one.rhs - 1)
    return replace(stated, conditions=tuple(shifted if c is one else c for c in conditions))


def two(stated: Statement, generator: Generator) -> Statement | None:
    """A wrong constant, and a wrong exponent or a part left out."""
    first = constant(stated, generator)
    return None if first is None else (exponent, dropped)[int(generator.integers(2))](first, generator)


INJECTORS: dict[str, Injector] = {
    "sign": sign,
    "exponent": exponent,
    "constant": constant,
    "dropped part": dropped,
    "swapped symbols": swapped,
    "relation": relation,
    "condition dropped": condition_dropped,
    "condition weakened": condition_weakened,
    "modalities exchanged": exchanged,
    "another extreme": extreme,
    "root": root,
    "logarithm": logarithm,
    "share of the rest": corrupted,
    "condition reversed": condition_reversed,
    "condition shifted": condition_shifted,
    "two mistakes": two,
}
