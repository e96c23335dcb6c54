"""No selection and no weighting repairs Theorem 1: a lower bound for every rule, at finite samples.

Derivation: proofs_notes/repair.md.  The steps that the machine decides: `bounds.paper.repair_proofs`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from bounds.checks import Measured, Path, Proof, Relation, Tail
from bounds.claim import Claim, Verdict
from bounds.paper import repair_proofs
from bounds.paper.repair_terms import bound, dimensions, samples
from bounds.symbols import ERR, Noisy, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r

CONSTANT = sp.Rational(1, 10)
C_SAMPLES = sp.Integer(400)
EVENTS = len(repair_proofs.EVENTS)

EVERY_RULE: sp.Expr = bound(CONSTANT, EVENTS)
"""Whatever the rule of selection or weighting, ERR is at least this with probability >= 1 - delta."""

EVERY_RULE_SAMPLES: sp.Expr = samples(C_SAMPLES, EVENTS)
EVERY_RULE_DIMENSION: sp.Expr = dimensions(EVENTS)

THRESHOLDS = Measured("teacher-filtered", thetas=(-2 * r, sp.Integer(0), r / 2, 2 * r))
"""The smallest error over thresholds on both sides of 0."""

SHARES = Measured("teacher-filtered", retains=(0.02, 0.3))
"""The smaller error of two retained shares: thresholds that depend on the pairs themselves."""

_WIDE = ((d, 84), (d_tilde, 2), (r, 2), (eta, 0.8), (gamma, 5.0), (gamma_tilde, 20.0))


def _edge(measured: Measured, *paths: Any, least: Any = "quick") -> Tail:
    """The bound at delta = 1/5 with the smallest sample that the condition allows."""
    edge = ((delta, 0.2), (n, EVERY_RULE_SAMPLES))
    families = tuple(
        Path(symbol, values, (*(item for item in _WIDE if item[0] != symbol), *edge))
        for symbol, values in paths
    )
    return Tail(measured, families, delta=0.2, least=least)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="theorem-1-every-rule",
        title="Error of learning on pairs that a teacher selects or weighs, whatever the rule",
        source="Section 5, Theorem 1, from below",
        statement=(
            "With noise on the left, let a rule select or weigh the student's pairs by what the teacher sees "
            "of x, by x~ and even by which pairs are clean. With probability at least 1 - delta either the "
            "student's matrix S^ is 0, and there is no error to speak of, or the error is at least the "
            "stated expression: no threshold, moving or not, and no weighting of scores gives 1/sqrt(n) free "
            "of eta."
        ),
        relation=Relation.LOWER,
        bound=EVERY_RULE,
        quantity=ERR,
        conditions=(
            sp.Ge(n, EVERY_RULE_SAMPLES, evaluate=False),
            sp.Ge(d, EVERY_RULE_DIMENSION, evaluate=False),
            Noisy(gamma),
            repair_proofs.SOME_MATRIX,
        ),
        probability=1 - delta,
        checks=(
            Proof(repair_proofs.every_rule),
            _edge(THRESHOLDS, (eta, (1.0, 0.7))),
            _edge(THRESHOLDS, (gamma, (1.0, 50.0)), least="standard"),
            _edge(SHARES, (eta, (1.0, 0.7)), least="standard"),
        ),
        variant="explicit",
        expected=Verdict.SUPPORTED,
        note="repair.md#theorem",
        depends_on=("eq-6",),
        remark="Decided step by step, given the theorems that its steps quote; tested by draws besides.",
    ),
)
