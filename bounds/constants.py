"""The constants of a bound: as printed (unnamed), explicit (with numbers), sharp (the exact limit)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bounds.numeric import compiled, symbols_of

if TYPE_CHECKING:
    import sympy as sp

    from bounds.claim import Claim

FROM_THE_SCORE = ("P", "c", "kappa_left", "kappa_right", "leak_left", "leak_right")
"""Symbols that the score's law determines from `OF_THE_SCORE`."""

OF_THE_SCORE = ("r", "eta", "gamma", "gamma_tilde", "theta")
"""What the score's law depends on."""

LEFT_SIDE = ("corollary-1-sharp", "theorem-1-sharp")
"""Sharp claims whose bound is the left error's root mean square; the right one is it with the modalities
exchanged, and ERR is the larger error."""

SHORT = 150
"""Operations up to which an expression is simplified."""

LEAST_NAMED = 4
"""Operations from which a repeated part of a long expression gets a name."""


@dataclass(frozen=True)
class Form:
    """One way to state a bound: `variant` is printed, corrected, explicit or sharp; `id` its claim.

    `conditions` are the claim's; a sharp form has those of the printed one, too.
    """

    id: str
    variant: str
    expression: sp.Expr
    remark: str
    conditions: tuple[sp.Basic, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names that must be given a number, sorted; what the score's law supplies is left out."""
        names = {str(s) for s in self.expression.free_symbols}
        if names & set(FROM_THE_SCORE):
            names = (names - set(FROM_THE_SCORE)) | set(OF_THE_SCORE)
        return tuple(sorted(names))

    def evaluate(self, values: Mapping[str, float]) -> float:
        """The bound at these numbers (infinite gamma allowed).  Raises KeyError on a missing one."""
        import numpy as np

        known = {name: values[name] for name in self.parameters}
        if {str(s) for s in self.expression.free_symbols} & set(FROM_THE_SCORE):
            known |= score_values(known)
        with np.errstate(all="ignore"):
            return float(compiled(self.expression)(*(known[str(s)] for s in symbols_of(self.expression))))

    def unmet(self, values: Mapping[str, float]) -> tuple[str, ...]:
        """The conditions that these numbers break, in words.

        An unnamed constant C counts as 1 unless it has a number; a condition with any other symbol that has
        none is passed over.
        """
        import sympy as sp

        broken = []
        values = {"C": 1.0, **values}
        if "r" in values and values["r"] > min(values.get("d", math.inf), values.get("d_tilde", math.inf)):
            broken.append("r <= min(d, d_tilde)")
        for condition in self.conditions:
            numbers = {s: sp.Float(values[str(s)]) for s in condition.free_symbols if str(s) in values}
            if condition.subs(numbers) == sp.false:
                broken.append(_in_words(condition, numbers))
        return tuple(broken)


def _in_words(condition: sp.Basic, numbers: Mapping[sp.Basic, sp.Basic]) -> str:
    import sympy as sp

    if not isinstance(condition, sp.core.relational.Relational):
        return str(condition)
    sign = {"==": "=", "!=": "is not"}.get(condition.rel_op, condition.rel_op)
    text = f"{condition.lhs} {sign} {condition.rhs}"
    ends = [side.subs(numbers) for side in (condition.lhs, condition.rhs)]
    if any(end.free_symbols for end in ends):
        return text
    return f"{text} (here {float(ends[0]):.6g} against {float(ends[1]):.6g})"


def score_values(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers for `FROM_THE_SCORE` at a setting and a threshold on the oracle's scale."""
    from bounds.law.scales import selection
    from bounds.law.score import Score

    score = Score(int(values["r"]), values["eta"], values["gamma"], values["gamma_tilde"])
    chosen = selection(score, values["theta"])
    return {
        "P": float(chosen.retained),
        "c": float(chosen.multiple),
        "kappa_left": float(chosen.kappa_left),
        "kappa_right": float(chosen.kappa_right),
        "leak_left": float(chosen.leak_left),
        "leak_right": float(chosen.leak_right),
    }


def forms(claim_id: str, known: Mapping[str, Claim] | None = None) -> tuple[Form, ...]:
    """Every form of a claim's bound among the known ones, by default the register's: printed, corrected, ...

    Any member of the family may be named.  Raises the register's UnknownClaim for an unknown id; claims
    without a bound have no forms.
    """
    from bounds.register import UnknownClaim, claims

    known = claims if known is None else known
    if claim_id not in known:
        raise UnknownClaim(claim_id, tuple(known))
    root = _root(known[claim_id])
    family = [claim for claim in known.values() if _root(claim) == root]
    # A law to first order says nothing where not even the printed claim says anything.
    beside = known[root].conditions if root in known else ()
    return tuple(
        _form(claim, claim.bound, (*claim.conditions, *(beside if claim.variant == "sharp" else ())))
        for claim in family
        if claim.bound is not None
    )


def _form(claim: Claim, bound: sp.Expr, conditions: tuple[sp.Basic, ...]) -> Form:
    if claim.id not in LEFT_SIDE:
        return Form(claim.id, claim.variant, bound, _constant(claim), conditions)
    import sympy as sp

    from bounds.law import scales

    # ERR squared is at most the sum of both squares: hence the factor sqrt(2).
    remark = "the larger of both sides' root mean squares; that of ERR is at most sqrt(2) times as large"
    other = scales.exchange(bound)
    common = sp.Mul(*(set(sp.Mul.make_args(bound)) & set(sp.Mul.make_args(other))))
    both = common * sp.Max(bound / common, other / common)
    return Form(claim.id, claim.variant, both, f"{remark}. {_constant(claim)}", conditions)


def _root(claim: Claim) -> str:
    """The id that the variants of one statement share."""
    return claim.corrects or claim.id.removesuffix(f"-{claim.variant}")


def elasticity(form: Form, name: str) -> sp.Expr:
    """d log bound / d log parameter as an expression: the power with which the parameter moves the bound.

    Numbers that the score's law supplies count as constants.  Where two branches of a Max or Min are
    equal, each counts half.
    """
    import sympy as sp

    symbol = _symbol(form, name)
    power = symbol * sp.diff(form.expression, symbol) / form.expression
    # Simplifying a long one takes seconds and shortens nothing.
    return sp.simplify(power) if power.count_ops() < SHORT else power


def by_cases(power: sp.Expr) -> tuple[tuple[sp.Basic, sp.Expr], ...]:
    """An `elasticity` with a step of one sign in it as (where, value) on the two sides; empty for any other.

    The steps are SymPy's Heaviside, which are what a Max or Min leaves of a derivative.
    """
    import sympy as sp

    first, *others = power.atoms(sp.Heaviside) or (None,)
    if first is None or any(sp.expand(step.args[0] + first.args[0]) != 0 for step in others):
        return ()
    difference = first.args[0]
    lesser = [-term for term in sp.Add.make_args(difference) if term.could_extract_minus_sign()]
    sides = (difference + sp.Add(*lesser), sp.Add(*lesser))
    found = []
    for above in (True, False):
        side = {step: sp.Integer((step == first) == above) for step in (first, *others)}
        value = power.xreplace(side)
        for node in value.atoms(sp.Max, sp.Min):
            larger = isinstance(node, sp.Max) == above
            a, b = node.args if len(node.args) == 2 else (None, None)
            if a is None or sp.expand((a - b) ** 2 - difference**2) != 0:
                return ()
            same = sp.expand(a - b - difference) == 0
            value = value.xreplace({node: a if same == larger else b})
        found.append((sp.Gt(*sides) if above else sp.Lt(*sides), sp.simplify(value)))
    return tuple(found)


def sensitivities(form: Form, values: Mapping[str, float]) -> dict[str, float]:
    """The power with which each parameter moves the bound at these numbers, largest first.

    1 means that 1% more of the parameter makes the bound 1% larger.  For theta, which may be 0, it is the
    relative change for a unit of theta; for r in a form that rests on the score's law, which knows whole
    r only, the power between r and r + 1.  What reaches the bound through the score's law counts, by
    differences good to 1e-6.  Infinite parameters have no power and are left out.
    """
    through_score = {str(s) for s in form.expression.free_symbols} & set(FROM_THE_SCORE)
    found = {}
    for name in form.parameters:
        if not math.isfinite(values[name]):
            continue
        if through_score and name in OF_THE_SCORE:
            found[name] = _by_differences(form, values, name)
        else:
            found[name] = replace(form, expression=elasticity(form, name)).evaluate(values)
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def _by_differences(form: Form, values: Mapping[str, float], name: str) -> float:
    def log_bound(value: float) -> float:
        return math.log(form.evaluate({**values, name: value}))

    at = values[name]
    if name == "r":
        return (log_bound(at + 1) - log_bound(at)) / math.log1p(1 / at)

    def slope(step: float) -> float:
        if name == "theta":
            return (log_bound(at + step) - log_bound(at - step)) / (2 * step)
        if name == "eta" and at * math.exp(step) > 1:  # the last stretch before 1: from one side
            ends = 4 * log_bound(at * math.exp(-step)) - log_bound(at * math.exp(-2 * step))
            return (3 * log_bound(at) - ends) / (2 * step)
        return (log_bound(at * math.exp(step)) - log_bound(at * math.exp(-step))) / (2 * step)

    step = 1e-3 * (max(1.0, abs(at)) if name == "theta" else 1.0)
    return (4 * slope(step / 2) - slope(step)) / 3  # Richardson


def limit(form: Form, name: str, at: float, values: Mapping[str, float]) -> tuple[sp.Expr, sp.Expr]:
    """What the bound tends to as the parameter goes to `at`, and with what power it goes there.

    `at` is 0, inf, or a number in between; `values` of other parameters are put in first.  Raises
    ValueError where a branch of a Max or Min cannot be told without more of them, and for a parameter
    that acts through the score's law, which is no closed form.
    """
    import sympy as sp

    through_score = {str(s) for s in form.expression.free_symbols} & set(FROM_THE_SCORE)
    if through_score and name not in ("N", "n_T", "d", "d_tilde"):
        raise ValueError(f"{name} acts through the score's law, which has no closed form")
    symbol = _symbol(form, name)
    if through_score and set(OF_THE_SCORE) <= values.keys():
        values = {**values, **score_values(values)}
    known = {s: sp.nsimplify(values[str(s)]) for s in form.expression.free_symbols if str(s) in values}
    known.pop(symbol, None)
    place = sp.oo if math.isinf(at) else sp.nsimplify(at)
    expression = _one_branch(form.expression.subs(known), symbol, place)
    side = "-" if place is sp.oo else "+"
    power = sp.limit(symbol * sp.diff(expression, symbol) / expression, symbol, place, side)
    inside, back = _positive_parts(expression, symbol)
    value = sp.limit(inside, symbol, place, side).subs(back)
    return sp.simplify(value), sp.simplify(power)


def outside(form: Form, name: str, at: float, values: Mapping[str, float]) -> tuple[str, ...]:
    """The conditions, in words, that fail near the end of the way to a `limit`, the rest standing still."""
    import sympy as sp

    place = sp.oo if math.isinf(at) else sp.nsimplify(at)
    failing = []
    for condition in form.conditions:
        free = {str(s): s for s in condition.free_symbols}
        if name not in free or not isinstance(condition, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
            continue
        known = {s: sp.nsimplify(values[key]) for key, s in free.items() if key in values and key != name}
        room, _ = _positive_parts((condition.gts - condition.lts).subs(known), free[name])
        try:
            end = sp.limit(room, free[name], place, "-" if place is sp.oo else "+")
        except (ValueError, NotImplementedError):
            continue  # it may hold or not
        if end.is_extended_negative:
            failing.append(str(condition))
    return tuple(failing)


def _positive_parts(expression: sp.Expr, symbol: sp.Symbol) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]:
    """The expression with what its domains make positive told to SymPy; how to put the symbols back.

    d and d_tilde exceed r, n and its parts exceed 1 and delta is below 1, at all but the ends of the domains.
    `symbol`, whose limit is taken, stays as it is.
    """
    import sympy as sp

    free = {str(s): s for s in expression.free_symbols - {symbol}}
    into, back = {}, {}
    for name, old in free.items():
        extra = sp.Symbol(f"extra_{name}", positive=True)
        r = free.get("r")
        if name in ("d", "d_tilde") and r is not None:
            into[old], back[extra] = r + extra, old - r
        elif name in ("n", "n_T", "N"):
            into[old], back[extra] = 1 + extra, old - 1
        elif name == "delta":
            into[old], back[extra] = 1 / (1 + extra), 1 / old - 1
    return expression.subs(into, simultaneous=True), back


def _one_branch(expression: sp.Expr, symbol: sp.Symbol, place: sp.Expr) -> sp.Expr:
    """The expression near the place, with each Max and Min of the symbol replaced by its branch there."""
    import sympy as sp

    nodes = [n for n in expression.atoms(sp.Max, sp.Min) if symbol in n.free_symbols]
    for node in sorted(nodes, key=lambda n: n.count_ops()):
        best = _one_branch(node.args[0], symbol, place)
        for argument in node.args[1:]:
            other = _one_branch(argument, symbol, place)
            share = sp.limit(best / other, symbol, place, "-" if place is sp.oo else "+")
            first = (share > 1) if isinstance(node, sp.Max) else (share < 1)
            if first not in (sp.true, sp.false):
                free = {str(s) for s in share.free_symbols}
                if free & set(FROM_THE_SCORE):
                    free = (free - set(FROM_THE_SCORE)) | set(OF_THE_SCORE)
                names = ", ".join(sorted(free))
                raise ValueError(f"which branch of {node} counts depends on {names}: give it a number")
            best = best if first else other
        expression = expression.xreplace({node: best})
    return expression


def in_parts(expression: sp.Expr) -> tuple[sp.Expr, tuple[tuple[sp.Symbol, sp.Expr], ...]]:
    """A long expression with names x0, x1, ... for long parts that it repeats, and what they stand for."""
    import sympy as sp

    found, (short,) = sp.cse(expression)
    plain: dict[sp.Symbol, sp.Expr] = {}
    parts: list[tuple[sp.Symbol, sp.Expr]] = []
    for name, part in found:
        whole = part.xreplace(plain)
        if whole.count_ops() < LEAST_NAMED:
            plain[name] = whole
        else:
            plain[name] = sp.Symbol(f"x{len(parts)}")
            parts.append((plain[name], whole))
    return short.xreplace(plain), tuple(parts)


def _symbol(form: Form, name: str) -> sp.Symbol:
    for symbol in form.expression.free_symbols:
        if str(symbol) == name:
            return symbol
    raise ValueError(f"the bound of {form.id} is free of {name}")


def spaced(start: float, stop: float, count: int, geometric: bool = False) -> list[float]:
    """`count` numbers from `start` to `stop`, both included; geometric needs both positive."""
    if count < 2 or not (math.isfinite(start) and math.isfinite(stop)):
        raise ValueError("needs finite ends and at least 2 points")
    if geometric and not (start > 0 and stop > 0):
        raise ValueError("geometric spacing needs positive ends")
    steps = [i / (count - 1) for i in range(count)]
    if geometric:
        inner = [start * (stop / start) ** x for x in steps]
    else:
        inner = [start + (stop - start) * x for x in steps]
    return [start, *inner[1:-1], stop]


def _constant(claim: Claim) -> str:
    return "up to an absolute constant that is not named" if claim.up_to_constant else claim.remark
