"""Events that fail with probability at most exp(-t) each: what they say and the theorem behind them.

The facts about Gaussians and counts that every explicit claim is built from, as expressions in t.
Derivation: proofs_notes/concentration.md, facts 1 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from bounds.checks import Decided, Quoted, Relation, Statement, Step
from bounds.proof import steps
from bounds.proof.enclose import Ball, enclose, endpoints, precision
from bounds.proof.undecided import Undecided
from bounds.symbols import d, d_tilde, delta, eta, gamma, gamma_tilde, n, r, t

BITS = 128

PLACES: tuple[dict[sp.Symbol, Any], ...] = tuple(
    dict(zip((d, d_tilde, r, eta, gamma, gamma_tilde, delta, t, n), values, strict=True))
    for values in (
        (7, 5, 2, Fraction(1, 3), 3, Fraction(1, 2), Fraction(1, 20), 6, 10**9),
        (9, 30, 4, Fraction(1, 90), 40, 60, Fraction(1, 7), 5, 10**9),
        (3, 3, 3, 1, Fraction(1, 9), 5, Fraction(1, 1000), 9, 10**9),
        (40, 2, 1, Fraction(1, 2), Fraction(1, 50), 9, Fraction(1, 2), 3, 10**9),
    )
)
"""Exact settings at which a bound that is not the derived one is looked at."""

DAVIDSON_SZAREK = "Davidson and Szarek 2001, Theorem II.13"
CONCENTRATION = "Gaussian concentration of a 1-Lipschitz function (Tsirelson, Ibragimov, Sudakov 1976)"
ANDERSON = "Anderson 1955"
CHERNOFF = "Chernoff's bound for a binomial count from below: n p - sqrt(2 n p t)"
BINOMIAL_BERNSTEIN = "Bernstein's inequality for a binomial count: n p + sqrt(2 n p t) + 2t/3"
BERNSTEIN = "Bernstein's inequality (Boucheron, Lugosi, Massart 2013, Theorem 2.10)"
SUB_GAUSSIAN = "Chernoff's method for symmetric variables: E cosh(w g) = exp(w^2/2)"
NET = "an e-net of a k-sphere has at most (1 + 2/e)^k points"
WATSON = "Watson 1959: E chi_k >= sqrt(k - 1/2)"
STEIN = "Stein's identity: E[(X - mean) 1{b^T X > 0}] is Cov(X) b times the density of b^T X at 0"
BY_PARTS = "Gaussian integration by parts (Stein 1981): E[(X - mean) f(X)] = Cov(X) E grad f(X)"
JENSEN = "Jensen's inequality"
CAUCHY_SCHWARZ = "the Cauchy-Schwarz inequality"
CHI_SQUARE = "Chernoff's bound for chi-square from below: P(chi_k^2 <= k x) <= (e x)^(k/2)"


@dataclass(frozen=True)
class Event:
    """Something that fails with probability at most exp(-t), and the theorem that says so."""

    what: str
    theorem: str


def events(*named: tuple[str, str]) -> tuple[Event, ...]:
    """Events from pairs (what, theorem)."""
    return tuple(Event(what, theorem) for what, theorem in named)


def with_failures(expression: sp.Expr, failures: int) -> sp.Expr:
    """`expression` in t, with t such that `failures` failures of probability exp(-t) make up delta.

    Nothing cancels, so nothing is evaluated, here and where it says so below: SymPy would ask each part for
    its sign, which is most of the time that it takes to import this module.
    """
    value = sp.log(failures / delta)

    def put(part: sp.Basic) -> sp.Basic:
        if part == t:
            return value
        return part.func(*map(put, part.args), evaluate=False) if part.has(t) else part

    return put(expression)


def greatest(rows: sp.Expr, columns: sp.Expr) -> sp.Expr:
    """The norm of a standard normal matrix is at most this."""
    return sp.sqrt(rows) + sp.sqrt(columns) + sp.sqrt(2 * t)


def least(rows: sp.Expr, columns: sp.Expr) -> sp.Expr:
    """The least singular value of a standard normal matrix is at least this."""
    return sp.sqrt(rows) - sp.sqrt(columns) - sp.sqrt(2 * t)


def length(entries: sp.Expr) -> sp.Expr:
    """The Euclidean norm of so many standard normals is at most this."""
    return sp.sqrt(entries) + sp.sqrt(2 * t)


def chi_low(entries: sp.Expr) -> sp.Expr:
    """The Euclidean norm of so many standard normals is at least this: by Watson or by Chernoff."""
    return sp.Max(
        sp.sqrt(entries - sp.Rational(1, 2)) - sp.sqrt(2 * t),
        sp.sqrt(entries) * sp.exp(-sp.Rational(1, 2) - t / entries),
        evaluate=False,
    )


def count_low(mean: sp.Expr) -> sp.Expr:
    """A binomial count of this mean is at least this."""
    return mean - sp.sqrt(2 * mean * t)


def count_high(mean: sp.Expr) -> sp.Expr:
    """A binomial count of this mean is at most this."""
    return mean + sp.sqrt(2 * mean * t) + 2 * t / 3


def quoted(found: tuple[Event, ...], *more: tuple[str, str]) -> Iterator[Quoted]:
    """The theorems behind the events, each once, with what rests on it; `more` are pairs (what, theorem)."""
    for theorem in dict.fromkeys(event.theorem for event in found):
        what = "; ".join(event.what for event in found if event.theorem == theorem)
        yield Quoted(what, True, f"quoted: {theorem}", theorem)
    for what, theorem in more:
        yield Quoted(what, True, f"quoted: {theorem}", theorem)


def union_bound(found: tuple[Event, ...]) -> Step:
    """As many failures of probability exp(-t) as there are events make up delta."""
    each = with_failures(sp.exp(-t), len(found)).doit()
    return steps.identity(f"{len(found)} events of exp(-t) make delta", sum(each for _ in found), delta)


def concluded(
    claimed: Statement, relation: Relation, derived: sp.Expr, found: tuple[Event, ...]
) -> Iterator[Step]:
    """The union bound over the events, and that the claim says what was derived from them, for all values.

    `derived` is in t.  Raises Undecided on a bound that is neither the derived one nor a multiple of it.
    """
    yield union_bound(found)
    logarithms = {part for part in claimed.bound.atoms(sp.log) if part.has(delta)}
    paid = logarithms == {sp.log(len(found) / delta)}
    yield steps.decided(f"the bound's t is log({len(found)}/delta)", paid, str(logarithms))
    if not paid:
        return
    in_t = replace(claimed, right_hand_side=claimed.bound.xreplace({sp.log(len(found) / delta): t}))
    yield no_stronger("the stated bound is no stronger than the derived one", in_t, derived, relation)


def no_stronger(statement: str, claimed: Statement, derived: sp.Expr, relation: Relation) -> Step:
    """Whether the claim's bound is the derived one, or a weaker constant multiple of it, in its direction.

    `relation` is how the claim's quantity was shown to stand to `derived`.  False where the stated bound is
    stronger at one of `PLACES`.  Raises Undecided on another bound that is weaker there.
    """
    if claimed.relation is not relation:
        return Step(statement, False, f"shows that the quantity is {relation} what was derived, no more")
    stated = claimed.bound
    # In numbers first: most wrong versions are stronger somewhere, and no algebra is needed to see it.
    for place in PLACES:
        at = {s: place[s] for s in (stated.free_symbols | derived.free_symbols)}
        with precision(BITS):
            here, there = enclose(stated, at), enclose(derived, at)
            if here < there if relation is Relation.UPPER else here > there:
                return Step(statement, False, f"stronger at {at}")
    factor = sp.Integer(1) if sp.expand((stated - derived).doit()) == 0 else (stated / derived).doit()
    if factor.is_number:
        weaker = factor >= 1 if relation is Relation.UPPER else factor <= 1
        step = steps.decided(statement, weaker, f"{factor} times the derived one, for all values")
        return replace(step, decided=Decided("conclusion", derived, claimed=claimed, shown=relation))
    raise Undecided(statement)


def at_most(statement: str, value: Ball, limit: Ball) -> Step:
    """Whether one ball is at most another.  Raises Undecided where they overlap."""
    shown = f"{endpoints(value)[1]:.5f} <= {endpoints(limit)[0]:.5f}"
    if value <= limit:
        return Step(statement, True, shown)
    if value > limit:
        return Step(statement, False, f"fails: {endpoints(value)[0]:.5f} > {endpoints(limit)[1]:.5f}")
    raise Undecided(statement)


def stated_at_least(claimed: Statement, symbol: sp.Symbol) -> sp.Expr | None:
    """The right-hand side of the claim's condition symbol >= ..., None if it has none or several."""
    stated = [c for condition in claimed.conditions for c in sp.And.make_args(condition)]
    found = [c.rhs for c in stated if isinstance(c, sp.Ge) and c.lhs == symbol]
    return found[0] if len(found) == 1 else None


def asked(claimed: Statement, needed: sp.Expr, failures: int) -> Step:
    """Whether the claim asks for as many samples as the proof needs, an expression in t."""
    statement = "the claim asks for the samples that the proof needs"
    least_n, wanted = stated_at_least(claimed, n), with_failures(needed, failures)
    if least_n is None:
        return Step(statement, False, "no condition on n")
    for place in PLACES:
        at = {s: v for s, v in place.items() if s != t}
        with precision(BITS):
            if enclose(least_n, at) < enclose(wanted, at):
                return Step(statement, False, f"fewer at {at}")
    if sp.expand((least_n - wanted).doit()) != 0:
        raise Undecided(statement)
    return Step(statement, True, str(needed))
