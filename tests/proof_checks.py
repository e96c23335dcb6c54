"""What every test of symbolic claims asks: the outcome as registered, and a changed bound that fails."""

from __future__ import annotations

import time

import sympy as sp

from bounds.claim import Claim, Proof, Relation, Step, Verdict

SECONDS = 3.0
"""Longest time that one derivation may take."""


def steps(claim: Claim) -> list[Step]:
    """All symbolic steps of a claim, in order."""
    return [step for check in claim.checks if isinstance(check, Proof) for step in check.derive(claim)]


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
            start = time.perf_counter()
            found = list(check.derive(claim))
            assert time.perf_counter() - start < SECONDS
            assert found
            wrong = [step.statement for step in found if not step.truth]
            assert bool(wrong) == (claim.expected is Verdict.REFUTED), wrong


def check_wrong_bound(claim: Claim) -> None:
    """A wrong right-hand side breaks a step of some derivation, by more than a failure to decide."""
    changed = claim.with_bound(wrong_bound(claim))
    assert not all(step.truth for step in steps(changed)), f"{claim.id} also accepts {changed.bound}"


def symbolic(claims: tuple[Claim, ...]) -> list[Claim]:
    """The claims that some derivation decides."""
    return [c for c in claims if any(isinstance(check, Proof) for check in c.checks)]


def sound(claims: tuple[Claim, ...]) -> list[Claim]:
    """Those of them that are expected to hold."""
    return [c for c in symbolic(claims) if c.expected is not Verdict.REFUTED]
