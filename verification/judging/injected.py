"""Mistakes injected into exact claims at random, apart from their wrong versions, and what is made of them.

An injector sees a statement only: the tree of its bound, its relation and its conditions.  Each mistake is of
one kind, at one place of the tree.  Whether it makes the statement false is decided apart from the proofs
where that can be: an equality with another value somewhere is false, an inequality with a weaker bound is
true.  What is left is "unknown", and then a proof or a counterexample is all that there is.

    python -m verification.judging.injected --mistakes 8 --seed 0
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import sympy as sp
from numpy.random import Generator

from bounds.checks import Certificate, Proof, Relation, Statement
from bounds.claim import Claim, Verdict
from bounds.proof.region import approximate_sign, flattened, points
from verification.checks.judge import judge
from verification.checks.plan import PROFILES, plan
from verification.judging.verdict import decide

Truth = Literal["false", "true", "unknown"]

Injector = Callable[[Statement, Generator], Statement | None]
"""A statement with one mistake, None where there is no place for one of this kind."""

FACTORS = tuple(map(sp.Rational, ("1/2", "2", "3/4", "4/3", "9/10", "10/9", "1/10", "10")))
POWERS = tuple(map(sp.Rational, ("1/2", "-1/2", "1", "-1", "2")))


@dataclass(frozen=True)
class Mistake:
    """A claim with one mistake in it, of a kind, and whether it is known to make the claim false."""

    claim: str
    kind: str
    stated: Statement
    truth: Truth


@dataclass(frozen=True)
class JudgedMistake:
    """A mistake and the verdict on the claim that has it."""

    mistake: Mistake
    verdict: Verdict

    @property
    def wrong(self) -> bool:
        """Whether the verdict is wrong: something false let through, or something true refuted."""
        exact = self.verdict in (Verdict.PROVED, Verdict.CERTIFIED)
        truth = self.mistake.truth
        return (truth == "false" and exact) or (truth == "true" and self.verdict is Verdict.REFUTED)


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


INJECTORS: dict[str, Injector] = {
    "sign": sign,
    "exponent": exponent,
    "constant": constant,
    "dropped part": dropped,
    "swapped symbols": swapped,
    "relation": relation,
    "condition dropped": condition_dropped,
    "condition weakened": condition_weakened,
}


def inject(claim: Claim, mistakes: int, seed: int) -> Iterator[Mistake]:
    """So many different mistakes in a claim, as far as it has places for them; the same for the same seed."""
    generator = np.random.default_rng([seed, *claim.id.encode()])
    kinds, seen = list(INJECTORS), {claim.stated}
    for _ in range(8 * mistakes):
        if len(seen) > mistakes:
            return
        kind = kinds[int(generator.integers(len(kinds)))]
        stated = INJECTORS[kind](claim.stated, generator)
        if stated is None or stated in seen or stated.bound.has(sp.zoo, sp.nan, sp.oo):
            continue
        seen.add(stated)
        yield Mistake(claim.id, kind, stated, truth(claim.stated, stated))


def truth(true: Statement, changed: Statement) -> Truth:
    """What follows of a changed statement from one that is true, by itself and without its proof."""
    if changed.conditions != true.conditions:
        return "unknown"  # nothing is known outside the conditions
    if changed.relation is not true.relation:
        implied = true.relation is Relation.EQUAL and changed.relation is not None
        return "true" if implied else "unknown"
    if true.bound.has(sp.MatrixExpr, sp.Trace, sp.Indexed):
        # Words in free matrices that SymPy does not see to be equal.
        same = changed.bound == true.bound
        return "true" if same else "false" if true.relation is Relation.EQUAL else "unknown"
    if true.up_to_constant:
        ratio = sp.simplify(changed.bound / true.bound) if true.bound != 0 else sp.nan
        return "true" if ratio.is_number and ratio.is_positive else "unknown"
    return _compared(changed.bound - true.bound, true)


def _compared(difference: sp.Expr, true: Statement) -> Truth:
    """What follows of a bound that is larger than the true one by this."""
    signs = {approximate_sign(difference, point) for point in points(difference, true.conditions)}
    if not signs or None in signs:
        return "unknown"
    if true.relation is Relation.EQUAL:
        # Points may miss where two expressions differ.
        return "false" if signs != {0} else "true" if sp.simplify(difference) == 0 else "unknown"
    weaker = {0, 1} if true.relation is Relation.UPPER else {0, -1}
    return "true" if signs <= weaker else "unknown"


def judged(claim: Claim, mistake: Mistake) -> JudgedMistake:
    """The verdict of the claim's own proofs and certificates on the claim with the mistake."""
    stated = mistake.stated
    wrong = replace(claim, bound=stated.bound, relation=stated.relation, conditions=stated.conditions)
    evidence = []
    for number, check in enumerate(wrong.checks):
        planned = plan(f"{claim.id}/{number}", wrong, check, 0.0, PROFILES["quick"], None, 0)
        try:
            evidence.append(judge(planned, lambda cell: np.empty(0), 0))
        except Exception:  # a proof of one's own may raise anything on what it was not made for
            return JudgedMistake(mistake, Verdict.INCONCLUSIVE)
        if evidence[-1].outcome == "fails":
            break
    return JudgedMistake(mistake, decide(evidence))


def exact(claims: Iterable[Claim]) -> list[Claim]:
    """The claims that are expected to be proved or certified, by proofs and certificates alone."""
    return [
        claim
        for claim in claims
        if claim.expected in (Verdict.PROVED, Verdict.CERTIFIED)
        and claim.relation is not None
        and all(isinstance(check, Proof | Certificate) for check in claim.checks)
    ]


def study(claims: Iterable[Claim], mistakes: int, seed: int) -> list[JudgedMistake]:
    """Every mistake injected into the exact ones of the claims, judged."""
    return [judged(claim, one) for claim in exact(claims) for one in inject(claim, mistakes, seed)]


def table(found: Sequence[JudgedMistake]) -> str:
    """Recall by kind as a Markdown table: of the false ones, of the true ones, of those not known apart."""
    names = "kind | false | refuted | not proved | proved | true | refuted | unknown | refuted | proved"
    lines = [f"| {names} |", "|---|" + "---:|" * 9]
    for kind in (*INJECTORS, "all"):
        rows = [j for j in found if kind in (j.mistake.kind, "all")]
        counts = Counter((j.mistake.truth, outcome(j.verdict)) for j in rows)
        totals = Counter(j.mistake.truth for j in rows)
        cells = [
            totals["false"],
            counts["false", "refuted"],
            counts["false", "open"],
            counts["false", "proved"],
            totals["true"],
            counts["true", "refuted"],
            totals["unknown"],
            counts["unknown", "refuted"],
            counts["unknown", "proved"],
        ]
        lines.append(f"| {kind} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def outcome(verdict: Verdict) -> str:
    """A verdict on a mistake in one word."""
    return {Verdict.REFUTED: "refuted", Verdict.INCONCLUSIVE: "open"}.get(verdict, "proved")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table and every wrong verdict; 1 if there is one."""
    from bounds import claims

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mistakes", type=int, default=8, help="so many in each claim (default 8)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    found = study(claims.values(), options.mistakes, options.seed)
    print(table(found))
    wrong = [one for one in found if one.wrong]
    for one in found:
        proved = outcome(one.verdict) == "proved" and one.mistake.truth == "unknown"
        if one.wrong or proved:
            what = "WRONG" if one.wrong else "look"
            said = one.mistake.stated
            print(f"{what}: {one.mistake.claim}, {one.mistake.kind}, {one.mistake.truth}: {one.verdict}, "
                  f"{said.relation} {said.bound} given {said.conditions}")  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
