"""Wrong versions of a claim, made from its expression, that the claim's own design must refute.

A design that cannot tell a claim from a wrong version of it has shown nothing: a mutant that
survives fails the run.  Two kinds of change make no wrong version and are marked as implied, with
the reason: those that follow from the claim itself (a weaker bound; a constant where the claim
leaves the constant open), and those that are true because the bound is loose.  The latter are
made stronger step by step until a forecast (the first-order law of the error, or a small pilot
sample of another quantity) contradicts them at the settings judged, so that the mutant that counts
is wrong by no more than a step.  If no step is contradicted, the first one counts, and its survival
says that the design does not vary what was changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from bounds import symbols
from bounds.claim import Claim, Law, Level, Path, Relation, Scaling, Tail, Verdict
from verification.forecast import PILOT_SEED, contradicted

HALF = sp.Rational(1, 2)
MOST_STEPS = 12
"""Strongest change tried: the 12th power of one step (a constant times 2^-12)."""

WRONG_CONSTANT = 1.1
"""Factor by which the mutants of a law or of a stated value are wrong."""

GROWTH = 0.25
"""Margin for a power of n that a lower bound gains below its condition (it gains one half)."""

MIRROR = {
    symbols.d: symbols.d_tilde,
    symbols.d_tilde: symbols.d,
    symbols.gamma: symbols.gamma_tilde,
    symbols.gamma_tilde: symbols.gamma,
}
"""The model with its modalities exchanged."""

AT_LEAST_ONE = (symbols.n, symbols.n_T, symbols.N, symbols.d, symbols.d_tilde, symbols.r, symbols.t)
AT_MOST_ONE = (symbols.eta,)
UNBOUNDED = (symbols.gamma, symbols.gamma_tilde)
"""Parameters whose exponent is changed, by the side of 1 on which their domain lies.

The deviation parameter t is at least of the order of the dimensions wherever it is stated.
"""


@dataclass(frozen=True)
class Mutant:
    """A changed claim.  `original` is the id of the unchanged one.

    `implied` mutants are true whenever the original is (or are true because it is loose) and are
    not counted; `reason` says what was changed and why.  A mutant has as many checks as its
    original, in the same order and on the same cells, unless `outside` is set: then its checks look
    where the original makes no statement and need draws of their own.
    """

    id: str
    original: str
    claim: Claim
    implied: bool
    reason: str
    outside: bool = False


def mutants(claim: Claim) -> tuple[Mutant, ...]:
    """Every mutant of `claim`, in a fixed order; none for a claim without bound, law or value.

    Nor for a claim that is expected to be refuted: a stronger version of what is false says nothing
    about the design, and the correction has mutants of its own.
    """
    found: list[Mutant] = []
    if claim.expected is Verdict.REFUTED:
        return ()
    if isinstance(claim.bound, sp.Expr) and claim.relation is not None:
        if any(isinstance(check, Tail | Scaling | Level) for check in claim.checks):
            found += _constants(claim)
            found += _exponents(claim)
            found += _regimes(claim)
            found += _terms(claim)
            found += _confidence(claim)
            found += _reversed(claim)
            found += _condition_dropped(claim)
        elif not any(isinstance(check, Law) for check in claim.checks):
            # A law is tested through its distribution function; see `_laws`.
            found += _exact(claim)
    found += _laws(claim)
    found += _values(claim)
    return tuple(found)


# What a change does to the claim


def _strengthening(claim: Claim, smaller: bool) -> bool:
    """Whether making the bound smaller (or larger) says more than the claim."""
    return claim.relation is Relation.EQUAL or smaller == (claim.relation is Relation.UPPER)


def _mutant(claim: Claim, name: str, reason: str, implied: bool = False, **changes: Any) -> Mutant:
    mutant_id = f"{claim.id}~{name}"
    return Mutant(mutant_id, claim.id, replace(claim, id=mutant_id, **changes), implied, reason)


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
                words += f"; the claim is loose by more than {step - 1} such step{'s' * (step > 2)}"
            return _mutant(claim, name, words, bound=change.expression(step))
    return _mutant(claim, name, change.words(1), bound=change.expression(1))


def _times(claim: Claim, factor: sp.Expr) -> _Change:
    """The bound times powers of `factor`, a number or a power of one parameter."""
    symbol = next(iter(factor.free_symbols), None)
    number = sp.lambdify([symbol] if symbol is not None else [], factor, modules="math")

    def value(step: int, values: Mapping[str, float]) -> float:
        one = float(number(values[symbol.name]) if symbol is not None else number())
        return float(claim.evaluate(values)) * one**step

    return _Change(lambda k: factor**k * claim.bound, lambda k: f"bound times {factor**k}", value)


def _constants(claim: Claim) -> Iterator[Mutant]:
    for factor in (HALF, sp.Integer(2)):
        stronger = _strengthening(claim, smaller=factor == HALF)
        name = "constant-down" if factor == HALF else "constant-up"
        if claim.up_to_constant:
            reason = f"bound times {factor}: the claim leaves its constant open, hence implied"
            yield _mutant(claim, name, reason, implied=True, bound=factor * claim.bound)
        elif stronger:
            yield _ladder(claim, name, _times(claim, factor))
        else:
            reason = f"bound times {factor}: weaker, hence implied"
            yield _mutant(claim, name, reason, implied=True, bound=factor * claim.bound)


def _exponents(claim: Claim) -> Iterator[Mutant]:
    assert claim.bound is not None
    symmetric = claim.bound.xreplace(MIRROR) == claim.bound
    fixed = {c.lhs for c in claim.conditions if isinstance(c, sp.Eq)}
    # A bound that is free of a parameter states the exponent 0, if the design varies the parameter.
    varied = {path.parameter for path in _paths(claim) if len(path.values) > 1}
    for parameter in (*AT_LEAST_ONE, *AT_MOST_ONE, *UNBOUNDED):
        if parameter not in claim.bound.free_symbols | varied or parameter in fixed:
            continue
        if symmetric and parameter in (symbols.d_tilde, symbols.gamma_tilde):
            continue  # the mirror image of a mutant already made
        if parameter in UNBOUNDED and any(_infinite(parameter, p) for p in _points(claim)):
            continue  # an infinite parameter has no power
        for power in (HALF, -HALF):
            name = f"{parameter}{'+' if power > 0 else '-'}"
            factor = parameter**power
            side = _side(parameter) * (1 if power > 0 else -1)
            if side and not _strengthening(claim, smaller=side < 0):
                reason = f"bound times {factor}: weaker for every {parameter}, hence implied"
                yield _mutant(claim, name, reason, implied=True, bound=factor * claim.bound)
            else:
                yield _ladder(claim, name, _times(claim, factor))


def _side(parameter: sp.Symbol) -> int:
    """1 where the parameter is >= 1 on its domain, -1 where <= 1, 0 where neither."""
    return 1 if parameter in AT_LEAST_ONE else -1 if parameter in AT_MOST_ONE else 0


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
            yield _mutant(claim, name, f"{words}: weaker, hence implied", implied=True, bound=bound)
        else:
            yield _mutant(claim, name, words, bound=bound)
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
    def expression(step: int) -> sp.Expr:
        assert claim.bound is not None
        moved = branch * parameter ** (-step * HALF)
        return claim.bound.xreplace({node: sp.Min(moved, *(arg for arg in node.args if arg is not branch))})

    def words(step: int) -> str:
        return f"boundary moved: branch {branch} times {parameter ** (-step * HALF)}"

    def value(step: int, values: Mapping[str, float]) -> float:
        return float(claim.with_bound(expression(step)).evaluate(values))

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
        factor for factor in sp.Mul.make_args(claim.bound)
        # 1 + 1/gamma is a variance, not a sum of rates.
        if isinstance(factor, sp.Add) and not factor.free_symbols <= set(UNBOUNDED)
    ]
    for factor in sums[:1]:
        for number, term in enumerate(factor.args, start=1):
            if not term.is_positive:
                continue
            reason = f"term {term} left out"
            bound = claim.bound.xreplace({factor: factor - term})
            mutant = _mutant(claim, f"term-{number}", reason, bound=bound)
            if not contradicted(mutant.claim):
                reason += ": nothing shows that it is needed where it is judged"
                mutant = replace(mutant, implied=True, reason=reason)
            yield mutant


def _confidence(claim: Claim) -> Iterator[Mutant]:
    """The same bound for a smaller failure probability, as a bound in delta: delta -> delta^(1/2^k)."""
    assert claim.bound is not None
    if symbols.delta not in claim.bound.free_symbols:
        return

    mutant = _ladder(claim, "delta", _surer(claim))
    if not contradicted(mutant.claim):
        reason = f"{mutant.reason}: true where it is judged, as the bound holds without its confidence term"
        mutant = replace(mutant, implied=True, reason=reason)
    yield mutant


def _surer(claim: Claim) -> _Change:
    def expression(step: int) -> sp.Expr:
        assert claim.bound is not None
        return claim.bound.subs(symbols.delta, symbols.delta ** sp.Rational(1, 2**step))

    def value(step: int, values: Mapping[str, float]) -> float:
        return float(claim.evaluate({**values, "delta": values["delta"] ** 0.5**step}))

    return _Change(expression, lambda step: f"stated for delta^{2**step} in place of delta", value)


def _reversed(claim: Claim) -> Iterator[Mutant]:
    if claim.relation is Relation.EQUAL:
        return
    other = Relation.LOWER if claim.relation is Relation.UPPER else Relation.UPPER
    mutant = _mutant(claim, "reversed", f"{claim.relation} read as {other}", relation=other)
    if claim.up_to_constant and not contradicted(mutant.claim):
        reason = f"{mutant.reason}: true where it is judged, the bound is tight up to its constant"
        mutant = replace(mutant, implied=True, reason=reason)
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
        if claim.relation is Relation.UPPER and claim.quantity in (None, symbols.ERR):
            # No error exceeds sqrt(r): a bound that is at least of that order at the edge, and larger
            # below it, says nothing new there.
            at_edge = sp.simplify(claim.bound.subs(symbols.n, edge) / sp.sqrt(symbols.r))
            if _rises(claim.bound, symbols.n) is False and (at_edge.is_number or _side_of(at_edge) == 1):
                reason += ": below it the bound is at least of order sqrt(r), which no error exceeds"
                yield _mutant(claim, "condition", reason, implied=True, conditions=rest)
                continue
        checks = _below(claim, edge) if claim.relation is Relation.LOWER else _families_below(claim, edge)
        if checks:
            mutant = _mutant(claim, "condition", reason, conditions=rest, checks=checks)
            if contradicted(mutant.claim):
                yield replace(mutant, outside=True)
            else:
                reason += ": nothing shows that the claim needs it on its families moved below it"
                yield replace(mutant, implied=True, outside=True, reason=reason)


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
    """A lower bound where n falls from a quarter of the condition to a 4096th: no error exceeds sqrt(r)."""
    room = [
        (_number(edge, point), check.measured, point)
        for check in claim.checks if isinstance(check, Scaling)
        for point in check.path.points()
        if _number(edge, point) / 4096 >= 4
    ]
    if not room:
        return ()
    limit, measured, point = max(room, key=lambda item: item[0])
    at = tuple((symbols.SYMBOLS[name].symbol, v) for name, v in point.items() if name != "n")
    values = tuple(math.ceil(limit / 4**k) for k in (1, 2, 4, 6))
    return (Scaling(measured, Path(symbols.n, values, at), two_sided=False, margin=GROWTH),)


def _exact(claim: Claim) -> Iterator[Mutant]:
    """The constant of a proved, certified or searched statement."""
    assert claim.bound is not None
    if claim.bound == 0:
        yield _mutant(claim, "constant", "1 in place of 0", bound=sp.Integer(1))
        return
    if claim.relation is Relation.EQUAL:
        yield _mutant(claim, "constant", "stated value times 2", bound=2 * claim.bound)
        return
    base = HALF if claim.relation is Relation.UPPER else sp.Integer(2)
    step = _exact_step(claim, base)
    yield _mutant(claim, "constant", f"bound times {base**step}", bound=base**step * claim.bound)


def _exact_step(claim: Claim, base: sp.Expr) -> int:
    """The first power of `base` that a grid of points contradicts, 1 where nothing can be evaluated."""
    if not isinstance(claim.quantity, sp.Expr) or claim.bound is None:
        return 1
    free = sorted(claim.quantity.free_symbols | claim.bound.free_symbols, key=str)
    if not free or any(s.name not in symbols.SYMBOLS for s in free):
        return 1
    rng = np.random.Generator(np.random.Philox(PILOT_SEED))
    ratio = sp.lambdify(free, claim.quantity / claim.bound, modules=["scipy", "numpy"])
    columns = []
    for s in free:
        values = 10.0 ** rng.uniform(-2, 2, 2000)
        columns.append(np.ceil(values) if s.is_integer else values / 100 if s in AT_MOST_ONE else values)
    inside = np.ones(2000, dtype=bool)
    for condition in claim.conditions:
        if condition.free_symbols <= set(free):
            inside &= np.asarray(sp.lambdify(free, condition, modules="numpy")(*columns), dtype=bool)
    with np.errstate(all="ignore"):
        try:
            found = np.broadcast_to(np.asarray(ratio(*columns), dtype=float), inside.shape)
        except (TypeError, NameError, AttributeError):  # a function that NumPy and SciPy do not have
            return 1
    usable = found[inside & np.isfinite(found) & (found > 0)]
    if not len(usable):
        return 1
    worst = usable.max() if claim.relation is Relation.UPPER else 1 / usable.min()
    # 2^step > 1/worst contradicts somewhere.
    return max(1, min(MOST_STEPS, math.floor(-math.log2(worst) + 1e-9) + 1))


@dataclass(frozen=True)
class WrongLaw:
    """A stated distribution function with a wrong scale: constant, or power of one parameter.

    The law of factor (value/reference)^power times the stated variable; where the parameter is
    infinite it has no power, and the factor alone.
    """

    cdf: Callable[[Mapping[str, float], Any], Any]
    factor: float = 1.0
    parameter: str = ""
    reference: float = 1.0
    power: float = 0.0

    def __call__(self, values: Mapping[str, float], numbers: Any) -> Any:
        """Probabilities (m,) at numbers (m,)."""
        scale = self.factor
        if self.parameter and math.isfinite(values[self.parameter]):
            scale *= (values[self.parameter] / self.reference) ** self.power
        return self.cdf(values, np.asarray(numbers, dtype=float) / scale)


def _laws(claim: Claim) -> Iterator[Mutant]:
    """Each stated distribution with a scale that is 10% off, or a wrong power of what its paths vary."""
    laws = [check for check in claim.checks if isinstance(check, Law)]
    if not laws:
        return

    def wrong(name: str, reason: str, **changes: Any) -> Mutant:
        checks = tuple(
            replace(check, cdf=WrongLaw(check.cdf, **changes)) if isinstance(check, Law) else check
            for check in claim.checks
        )
        return _mutant(claim, name, reason, checks=checks)

    for factor in (WRONG_CONSTANT, 1 / WRONG_CONSTANT):
        direction = "up" if factor > 1 else "down"
        yield wrong(f"law-{direction}", f"law with a scale wrong by {factor:.3g}", factor=factor)
    varied: dict[str, float] = {}
    for path in (path for check in laws for path in check.paths):
        finite = [float(v) for v in path.values if math.isfinite(v)]
        if len(finite) > 1:
            varied.setdefault(path.parameter.name, finite[0])
    for name, reference in varied.items():
        for power in (0.5, -0.5):
            yield wrong(
                f"law-{name}{'+' if power > 0 else '-'}", f"law with a scale times {name}^({power:g})",
                parameter=name, reference=reference, power=power,
            )


def _values(claim: Claim) -> Iterator[Mutant]:
    """Each stated number off by three times its tolerance, to either side."""
    if not any(isinstance(check, Level) and check.value is not None for check in claim.checks):
        return
    for sign, name in ((1, "value-up"), (-1, "value-down")):
        checks = tuple(
            replace(check, value=check.value * (1 + 3 * check.tolerance) ** sign)
            if isinstance(check, Level) and check.value is not None else check
            for check in claim.checks
        )
        yield _mutant(claim, name, "stated value off by three times its tolerance", checks=checks)


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
