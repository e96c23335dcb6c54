"""What every test of symbolic claims asks: the outcome as registered, and a changed bound that fails."""

from __future__ import annotations

import time
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp

from bounds.claim import Certificate, Certified, Claim, Proof, Relation, Step, Verdict
from bounds.proof.undecided import Undecided

SECONDS = 3.0
"""Longest processor time that one derivation may take."""


def steps(claim: Claim) -> list[Step]:
    """All symbolic steps of a claim, in order."""
    return [step for check in claim.checks if isinstance(check, Proof) for step in check.derive(claim.stated)]


def having(kind: type, claims: tuple[Claim, ...]) -> list[Claim]:
    """The claims that have a check of this kind."""
    return [claim for claim in claims if any(isinstance(check, kind) for check in claim.checks)]


def proof_holds(claim: Claim) -> bool:
    """Whether every step of the claim's one proof is decided true."""
    (proof,) = [check for check in claim.checks if isinstance(check, Proof)]
    return all(step.truth is True for step in proof.derive(claim.stated))


def certify(claim: Claim, bits: int = 64) -> Certified:
    """What the claim's one certificate finds."""
    (certificate,) = [check for check in claim.checks if isinstance(check, Certificate)]
    return certificate.prove(claim.stated, bits)


def wrong_bound(claim: Claim) -> sp.Expr:
    """A false right-hand side: one hundredth too strong, or another value where the claim is an equality."""
    assert claim.bound is not None
    if claim.bound == 0:
        return sp.Rational(1, 1000)
    if claim.relation is Relation.UPPER:
        return sp.Rational(99, 100) * claim.bound
    if claim.relation is Relation.LOWER:
        return sp.Rational(101, 100) * claim.bound
    return sp.Rational(99, 100) * claim.bound


def check_outcome(claim: Claim) -> None:
    """Every derivation has steps and ends as the register expects, in time."""
    for check in claim.checks:
        if isinstance(check, Proof):
            start = time.process_time()
            found = list(check.derive(claim.stated))
            assert time.process_time() - start < SECONDS
            assert found
            wrong = [step.statement for step in found if not step.truth]
            assert bool(wrong) == (claim.expected is Verdict.REFUTED), wrong


def check_wrong_bound(claim: Claim) -> None:
    """A wrong right-hand side breaks a step of some derivation, by more than a failure to decide.

    An inequality that is near equality only at the edge of its domain may stay undecided a hundredth off:
    that accepts nothing.  Such a one must still fail by a false step at half its bound, or twice it.
    """
    changed = claim.with_bound(wrong_bound(claim))
    try:
        found = steps(changed)
    except Undecided:
        if claim.relation is Relation.EQUAL:
            raise
        factor = 2 if claim.relation is Relation.LOWER else sp.Rational(1, 2)
        changed = claim.with_bound(factor * claim.bound)
        found = steps(changed)
    assert not all(step.truth for step in found), f"{claim.id} also accepts {changed.bound}"


def symbolic(claims: tuple[Claim, ...]) -> list[Claim]:
    """The claims that some derivation decides."""
    return having(Proof, claims)


def sound(claims: tuple[Claim, ...]) -> list[Claim]:
    """Those of them that are expected to hold."""
    return [c for c in symbolic(claims) if c.expected is not Verdict.REFUTED]


def number(expression: sp.Expr, values: dict[sp.Basic, Any]) -> Any:
    """A matrix expression or a scalar with traces in it, at arrays and numbers: an array or a float.

    An evaluator of its own, so that a symbolic result can be compared with plain NumPy.
    """
    if expression in values:
        return values[expression]
    if isinstance(expression, sp.BlockMatrix):
        rows, columns = expression.blockshape
        return np.block(
            [[number(expression.blocks[i, j], values) for j in range(columns)] for i in range(rows)]
        )
    parts = [number(part, values) for part in expression.args] if expression.has(sp.MatrixExpr) else []
    if isinstance(expression, sp.Identity):
        return np.eye(int(expression.shape[0].subs(_scalars(values))))
    if isinstance(expression, sp.ZeroMatrix):
        return np.zeros([int(size.subs(_scalars(values))) for size in expression.shape])
    if isinstance(expression, sp.Transpose):
        return parts[0].T
    if isinstance(expression, sp.Trace):
        return float(np.trace(parts[0]))
    if isinstance(expression, sp.MatPow):
        return np.linalg.matrix_power(parts[0], int(expression.args[1]))
    if isinstance(expression, (sp.MatMul, sp.Mul)) and parts:
        return reduce(lambda a, b: a * b if np.ndim(a) == 0 or np.ndim(b) == 0 else a @ b, parts)
    if isinstance(expression, (sp.MatAdd, sp.Add)) and parts:
        return sum(parts[1:], start=parts[0])
    if parts:
        return float(expression.func(*(sp.Float(part) for part in parts)))
    return float(expression.subs(_scalars(values)))


def _scalars(values: dict[sp.Basic, Any]) -> dict[sp.Basic, Any]:
    return {symbol: value for symbol, value in values.items() if np.ndim(value) == 0}
