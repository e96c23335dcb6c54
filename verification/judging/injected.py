"""Mistakes injected into exact claims at random, apart from their wrong versions, and what is made of them.

An injector sees a statement only: the tree of its bound, its relation and its conditions.  Each mistake is of
one kind, at one place of the tree.  Whether it makes the statement false is decided apart from the proofs
where that can be: an equality with another value somewhere is false, an inequality with a weaker bound is
true.  What is left is "unknown", and then a proof or a counterexample is all that there is.

    python -m verification.judging.injected --mistakes 8 --seed 0
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import sympy as sp

from bounds.checks import Certificate, Proof, Relation, Statement
from bounds.claim import Claim, Verdict
from bounds.proof.region import approximate_sign, points
from verification.checks.judge import judge
from verification.checks.plan import PROFILES, plan
from verification.judging.injected_kinds import INJECTORS, tried
from verification.judging.injected_places import named
from verification.judging.verdict import decide

Truth = Literal["false", "true", "unknown"]

ROOM = re.compile(r"within a factor|up to (a|the) factor|up to \d+%", re.IGNORECASE)
"""Words that leave a stated value room: another value within it is no mistake, and none is free beyond it."""

WIDE = 1e3
"""Numbers that two bounds are compared at lie between its inverse and it."""


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


def inject(claim: Claim, mistakes: int, seed: int) -> Iterator[Mistake]:
    """So many different mistakes in a claim, as far as it has places for them; the same for the same seed."""
    generator = np.random.default_rng([seed, *claim.id.encode()])
    kinds, seen = list(INJECTORS), {claim.stated}
    for _ in range(8 * mistakes):
        if len(seen) > mistakes:
            return
        kind = kinds[int(generator.integers(len(kinds)))]
        stated = tried(INJECTORS[kind], claim.stated, generator)
        if stated is None or stated in seen or stated.bound.has(sp.zoo, sp.nan, sp.oo):
            continue
        seen.add(stated)
        known = "unknown" if ROOM.search(claim.statement) else truth(claim.stated, stated)
        yield Mistake(claim.id, kind, stated, known)


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
    return "true" if signs | _signs(difference, true.conditions) <= weaker else "unknown"


def _signs(difference: sp.Expr, conditions: tuple[sp.Basic, ...]) -> set[int]:
    """Signs at numbers drawn between 1/WIDE and WIDE inside the conditions; none where it has no number."""
    generator, found = np.random.default_rng(0), set[int]()
    free = sorted(difference.free_symbols.union(*(c.free_symbols for c in conditions)), key=str)
    for _ in range(400 if free else 0):
        numbers = {s.name: np.float64(WIDE ** generator.uniform(-1, 1)) for s in free}
        numbers |= {s.name: np.float64(max(1, round(numbers[s.name]))) for s in free if s.is_integer}
        try:
            with np.errstate(all="ignore"):
                *inside, value = (
                    function(*(numbers[name] for name in names))
                    for names, function in map(named, (*conditions, difference))
                )
                if all(inside) and abs(value) > 1e-9 * max(numbers.values()) and np.isreal(value):
                    found.add(int(np.sign(value)))
        except (TypeError, ValueError, ArithmeticError, NameError, AttributeError):
            return set()
    return found


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
