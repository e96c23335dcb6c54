"""Wrong versions of a bound: its constant, exponents, regimes, terms, confidence, direction, condition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import sympy as sp

from bounds import symbols
from bounds.claim import Claim, Level, Path, Relation, Scaling, Tail
from bounds.numeric import compiled
from verification.checks.forecast import contradicted
from verification.checks.judge import numbers_around

HALF = sp.Rational(1, 2)
MOST_STEPS = 12
"""Strongest change tried: the 12th power of one step (a constant times 2^-12)."""

GROWTH = 0.25
"""Margin for a power of eta that a lower bound gains below its condition (it gains a whole one)."""

MIRROR = {
    symbols.d: symbols.d_tilde,
    symbols.d_tilde: symbols.d,
    symbols.gamma: symbols.gamma_tilde,
    symbols.gamma_tilde: symbols.gamma,
    symbols.kappa_left: symbols.kappa_right,
    symbols.kappa_right: symbols.kappa_left,
    symbols.leak_left: symbols.leak_right,
    symbols.leak_right: symbols.leak_left,
}
"""The model with its modalities exchanged."""

AT_LEAST_ONE = (symbols.n, symbols.n_T, symbols.N, symbols.d, symbols.d_tilde, symbols.r, symbols.t)
AT_MOST_ONE = (symbols.eta, symbols.P)
UNBOUNDED = (symbols.gamma, symbols.gamma_tilde)
"""Parameters whose exponent is changed, by the side of 1 on which their domain lies.

The deviation parameter t is at least of the order of the dimensions wherever it is stated.
"""


@dataclass(frozen=True)
class Mutant:
    """A changed claim.  `original` is the id of the unchanged one.

    `implied` mutants are true whenever the original is; `untested` ones are not known to be false
    where the original is judged, because its bound is loose or nothing there depends on what was
    changed.  Neither is counted, and both are told; `reason` says what was changed and why.  A mutant has
    as many checks as its original, in the same order and on the same cells, unless `outside` is set:
    then its checks look where the original makes no statement and need draws of their own.  A version that
    `may_hold` says more than the claim and is no survivor if the claim's own proof or certificate shows it.
    `weakest` is the bound that it was before it was made stronger, where it was.
    """

    id: str
    original: str
    claim: Claim
    implied: bool
    reason: str
    outside: bool = False
    untested: bool = False
    may_hold: bool = False
    weakest: sp.Expr | None = None

    @property
    def counted(self) -> bool:
        """Whether the design must refute it."""
        return not (self.implied or self.untested)


def changed(claim: Claim, name: str, reason: str, implied: bool = False, **changes: Any) -> Mutant:
    """The mutant of `claim` with other fields; its id is the claim's and `name`."""
    mutant_id = f"{claim.id}~{name}"
    return Mutant(mutant_id, claim.id, replace(claim, id=mutant_id, **changes), implied, reason)


def bound_mutants(claim: Claim) -> Iterator[Mutant]:
    """Every changed bound of a claim that is judged by sampling."""
    yield from _constants(claim)
    yield from _exponents(claim)
    yield from _regimes(claim)
    yield from _terms(claim)
    yield from _confidence(claim)
    yield from _reversed(claim)
    yield from _condition_dropped(claim)


def _strengthening(claim: Claim, smaller: bool) -> bool:
    """Whether making the bound smaller (or larger) says more than the claim."""
    return claim.relation is Relation.EQUAL or smaller == (claim.relation is Relation.UPPER)


@dataclass(frozen=True)
class _Change:
    """A change of a bound whose strength grows with `step`: as an expression, in words, in numbers."""

    expression: Callable[[int], sp.Expr]
    words: Callable[[int], str]
    value: Callable[[int, Mapping[str, float]], float]


def _ladder(claim: Claim, name: str, change: _Change) -> Mutant:
    """The weakest of the changes of growing strength that the forecast contradicts, else the first."""
    for step in range(1, MOST_STEPS + 1):
        if contradicted(claim, partial(change.value, step)):
            words = change.words(step)
            if step > 1:
                words += "; the weaker ones are not known to be false where it is judged"
            found = changed(claim, name, words, bound=change.expression(step))
            return replace(found, weakest=change.expression(1)) if step > 1 else found
    return changed(claim, name, change.words(1), bound=change.expression(1))


def _times(claim: Claim, factor: sp.Expr) -> _Change:
    """The bound times powers of `factor`, a number or a power of one parameter."""
    symbol = next(iter(factor.free_symbols), None)
    number = compiled(factor)

    def value(step: int, values: Mapping[str, float]) -> float:
        one = float(number(values[symbol.name]) if symbol is not None else number())
        return float(claim.bound_at(values)) * one**step

    return _Change(lambda k: factor**k * claim.bound, lambda k: f"bound times {factor**k}", value)


def _constants(claim: Claim) -> Iterator[Mutant]:
    for factor in (HALF, sp.Integer(2)):
        stronger = _strengthening(claim, smaller=factor == HALF)
        name = "constant-down" if factor == HALF else "constant-up"
        if claim.up_to_constant:
            reason = f"bound times {factor}: the claim leaves its constant open, hence implied"
            yield changed(claim, name, reason, implied=True, bound=factor * claim.bound)
        elif stronger:
            yield _ladder(claim, name, _times(claim, factor))
        else:
            reason = f"bound times {factor}: weaker, hence implied"
            yield changed(claim, name, reason, implied=True, bound=factor * claim.bound)


def _exponents(claim: Claim) -> Iterator[Mutant]:
    for parameter in (*AT_LEAST_ONE, *AT_MOST_ONE, *UNBOUNDED):
        if _has_exponent(claim, parameter):
            yield from (_exponent(claim, parameter, power) for power in (HALF, -HALF))


def _has_exponent(claim: Claim, parameter: sp.Symbol) -> bool:
    """Whether the claim states a power of the parameter that no other mutant changes."""
    assert claim.bound is not None
    # A bound that is free of a parameter states the exponent 0, if the design varies the parameter.
    varied = {path.parameter for path in _paths(claim) if len(path.values) > 1}
    fixed = {c.lhs for c in claim.conditions if isinstance(c, sp.Eq)}
    if parameter not in claim.bound.free_symbols | varied or parameter in fixed:
        return False
    if parameter in (symbols.d_tilde, symbols.gamma_tilde) and claim.bound.xreplace(MIRROR) == claim.bound:
        return False  # the mirror image of another parameter
    # An infinite parameter has no power.
    return parameter not in UNBOUNDED or not any(_infinite(parameter, p) for p in _points(claim))


def _exponent(claim: Claim, parameter: sp.Symbol, power: sp.Expr) -> Mutant:
    """The bound times a power of the parameter."""
    assert claim.bound is not None
    name = f"{parameter}{'+' if power > 0 else '-'}"
    factor = parameter**power
    side = _side(claim, parameter) * (1 if power > 0 else -1)
    if side and not _strengthening(claim, smaller=side < 0):
        reason = f"bound times {factor}: weaker for every {parameter}, hence implied"
        return changed(claim, name, reason, implied=True, bound=factor * claim.bound)
    mutant = _ladder(claim, name, _times(claim, factor))
    # A family goes one way only; a parameter that the bound names must be seen both ways.
    if parameter not in claim.bound.free_symbols and not contradicted(mutant.claim):
        reason = f"{mutant.reason}: no family moves {parameter} that way"
        return replace(mutant, untested=True, reason=reason)
    return mutant


def _side(claim: Claim, parameter: sp.Symbol) -> int:
    """1 where the parameter is >= 1 on its domain and in the conditions, -1 where <= 1, 0 where neither."""
    low, high = numbers_around(claim.conditions, parameter)
    if parameter in AT_LEAST_ONE or low >= 1:
        return 1
    return -1 if parameter in AT_MOST_ONE or high <= 1 else 0


def _regimes(claim: Claim) -> Iterator[Mutant]:
    """Each Max as Min and each Min as Max: the other regime everywhere."""
    assert claim.bound is not None
    nodes = sorted(claim.bound.atoms(sp.Max, sp.Min), key=sp.default_sort_key)
    for number, node in enumerate(nodes, start=1):
        other = sp.Min if isinstance(node, sp.Max) else sp.Max
        name = f"regime-{number}" if len(nodes) > 1 else "regime"
        words = f"{type(node).__name__} read as {other.__name__} in {node}"
        bound = claim.bound.xreplace({node: other(*node.args)})
        rises = _rises(claim.bound, node)
        if rises is not None and not _strengthening(claim, (other is sp.Min) == rises):
            yield changed(claim, name, f"{words}: weaker, hence implied", implied=True, bound=bound)
        else:
            yield changed(claim, name, words, bound=bound)
        if isinstance(node, sp.Min) and rises and claim.relation is Relation.UPPER:
            yield from _boundary(claim, node, name)


def _boundary(claim: Claim, node: sp.Min, name: str) -> Iterator[Mutant]:
    """The boundary between the branches of a Min moved, by lowering one branch at a time."""
    shared = frozenset.intersection(*(frozenset(branch.free_symbols) for branch in node.args))
    parameter = symbols.r if symbols.r in shared else symbols.n if symbols.n in shared else None
    if parameter is None:
        return
    for number, branch in enumerate(node.args, start=1):
        yield _ladder(claim, f"{name}-boundary-{number}", _lowered(claim, node, branch, parameter))


def _lowered(claim: Claim, node: sp.Min, branch: sp.Expr, parameter: sp.Symbol) -> _Change:
    @cache  # asked for at every point
    def expression(step: int) -> sp.Expr:
        assert claim.bound is not None
        moved = branch * parameter ** (-step * HALF)
        return claim.bound.xreplace({node: sp.Min(moved, *(arg for arg in node.args if arg is not branch))})

    def words(step: int) -> str:
        return f"boundary moved: branch {branch} times {parameter ** (-step * HALF)}"

    def value(step: int, values: Mapping[str, float]) -> float:
        return float(claim.with_bound(expression(step)).bound_at(values))

    return _Change(expression, words, value)


def _rises(bound: sp.Expr, node: sp.Expr) -> bool | None:
    """Whether the bound rises (True) or falls (False) with `node`; None where SymPy cannot tell."""
    level = sp.Dummy("level", positive=True)
    slope = sp.diff(bound.xreplace({node: level}), level)
    return True if slope.is_positive else False if slope.is_negative else None


def _terms(claim: Claim) -> Iterator[Mutant]:
    """A sum of rates without one of its terms, for an upper bound."""
    assert claim.bound is not None
    if claim.relation is not Relation.UPPER:
        return
    sums = [
        factor
        for factor in sp.Mul.make_args(claim.bound)
        # 1 + 1/gamma is a variance, not a sum of rates.
        if isinstance(factor, sp.Add) and not factor.free_symbols <= set(UNBOUNDED)
    ]
    for factor in sums[:1]:
        for number, term in enumerate(factor.args, start=1):
            if not term.is_positive:
                continue
            reason = f"term {term} left out"
            bound = claim.bound.xreplace({factor: factor - term})
            mutant = changed(claim, f"term-{number}", reason, bound=bound)
            if not contradicted(mutant.claim):
                reason += ": nothing shows that it is needed where it is judged"
                mutant = replace(mutant, untested=True, reason=reason)
            yield mutant


def _confidence(claim: Claim) -> Iterator[Mutant]:
    """The same bound for a smaller failure probability, as a bound in delta: delta -> delta^(1/2^k)."""
    assert claim.bound is not None
    if symbols.delta not in claim.bound.free_symbols:
        return

    mutant = _ladder(claim, "delta", _surer(claim))
    if not contradicted(mutant.claim):
        reason = f"{mutant.reason}: its confidence term is not shown to be needed where it is judged"
        mutant = replace(mutant, untested=True, reason=reason)
    yield mutant


def _surer(claim: Claim) -> _Change:
    def expression(step: int) -> sp.Expr:
        assert claim.bound is not None
        return claim.bound.subs(symbols.delta, symbols.delta ** sp.Rational(1, 2**step))

    def value(step: int, values: Mapping[str, float]) -> float:
        return float(claim.bound_at({**values, "delta": values["delta"] ** 0.5**step}))

    return _Change(expression, lambda step: f"stated for delta^{2**step} in place of delta", value)


def _reversed(claim: Claim) -> Iterator[Mutant]:
    if claim.relation is Relation.EQUAL:
        return
    other = Relation.LOWER if claim.relation is Relation.UPPER else Relation.UPPER
    mutant = changed(claim, "reversed", f"{claim.relation} read as {other}", relation=other)
    if claim.up_to_constant and not contradicted(mutant.claim):
        reason = f"{mutant.reason}: true where it is judged, the bound is tight up to its constant"
        mutant = replace(mutant, untested=True, reason=reason)
    yield mutant


def _condition_dropped(claim: Claim) -> Iterator[Mutant]:
    """A rate without its sample-size condition, judged on a path of its own below the condition."""
    assert claim.bound is not None
    for condition in claim.conditions:
        if not (claim.up_to_constant and isinstance(condition, sp.Ge) and condition.lhs == symbols.n):
            continue
        edge = condition.rhs.subs(symbols.C, 1)
        reason = f"condition {condition} dropped"
        rest = tuple(c for c in claim.conditions if c is not condition)
        if _says_nothing_below(claim, edge):
            reason += ": below it the bound is at least of order sqrt(r), which no error exceeds"
            yield changed(claim, "condition", reason, implied=True, conditions=rest)
            continue
        checks = _below(claim, edge) if claim.relation is Relation.LOWER else _families_below(claim, edge)
        if checks:
            mutant = changed(claim, "condition", reason, conditions=rest, checks=checks)
            if contradicted(mutant.claim):
                yield replace(mutant, outside=True)
            else:
                reason += ": nothing shows that the claim needs it on its families moved below it"
                yield replace(mutant, untested=True, outside=True, reason=reason)


def _says_nothing_below(claim: Claim, edge: sp.Expr) -> bool:
    """Whether an upper bound of an error is of order sqrt(r) at n = `edge`, and larger below it."""
    assert claim.bound is not None
    if claim.relation is not Relation.UPPER or claim.quantity not in (None, symbols.ERR):
        return False
    ratio = claim.bound.subs(symbols.n, edge) / sp.sqrt(symbols.r)
    at_edge = sp.powsimp(sp.powdenest(ratio))  # what simplify() does beyond takes long
    return _rises(claim.bound, symbols.n) is False and bool(at_edge.is_number or _side_of(at_edge) == 1)


def _families_below(claim: Claim, edge: sp.Expr) -> tuple[Scaling, ...]:
    """The families of an upper bound with n at a 16th of the condition: errors near 1, rates that vanish."""
    moved = []
    for check in claim.checks:
        if not isinstance(check, Scaling) or check.two_sided:
            continue
        at = tuple((s, v) for s, v in check.path.at if s != symbols.n)
        if check.path.parameter != symbols.n:
            path = replace(check.path, at=(*at, (symbols.n, edge / 16)))
            if min(point["n"] for point in path.points()) >= 8:
                moved.append(replace(check, path=path))
    return tuple(moved)


def _below(claim: Claim, edge: sp.Expr) -> tuple[Scaling, ...]:
    """A lower bound where eta falls and n stands still: from a quarter of the condition to a 4096th.

    The condition asks for pairs like 1/eta^2 there, and no error exceeds sqrt(r), however few clean ones.
    """
    if not (edge * symbols.eta**2).subs(symbols.eta, 1).equals(edge * symbols.eta**2):
        return ()
    room = [
        (_number(edge, point), check.measured, point)
        for check in claim.checks
        if isinstance(check, Scaling)
        for point in check.path.points()
        if _number(edge, point) / 4096 >= 4 and 32 * point["eta"] <= 1
    ]
    if not room:
        return ()
    limit, measured, point = max(room, key=lambda item: item[0])
    still = {**point, "n": math.ceil(limit / 4096)}
    at = tuple((symbols.SYMBOLS[name].symbol, v) for name, v in still.items() if name != "eta")
    values = tuple(point["eta"] * 2 ** (6 - k) for k in (1, 2, 4, 6))
    return (Scaling(measured, Path(symbols.eta, values, at), two_sided=False, margin=GROWTH),)


def _paths(claim: Claim) -> Iterator[Path]:
    for check in claim.checks:
        if isinstance(check, Tail):
            yield from check.paths
        elif isinstance(check, Scaling | Level):
            yield check.path


def _points(claim: Claim) -> Iterator[Mapping[str, float]]:
    for path in _paths(claim):
        yield from path.points()


def _infinite(parameter: sp.Symbol, point: Mapping[str, float]) -> bool:
    return math.isinf(point.get(parameter.name, 1.0))


def _number(expression: sp.Expr, point: Mapping[str, float]) -> float:
    return float(expression.subs({s: point[s.name] for s in expression.free_symbols}))


def _side_of(expression: sp.Expr) -> int:
    """1 where SymPy sees that a product of powers is >= a constant on the parameters' domains, else 0."""
    powers = expression.as_powers_dict()
    ok = all(
        base.is_number
        or (base in AT_LEAST_ONE and exponent.is_nonnegative)
        or (base in AT_MOST_ONE and exponent.is_nonpositive)
        for base, exponent in powers.items()
    )
    return 1 if ok else 0
