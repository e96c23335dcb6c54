"""Theorem 1 with numbers for its constants: Algorithm 1 at threshold 0, at finite sample sizes.

Derivation: proofs_notes/explicit.md.  The steps that the machine decides: `bounds.paper.explicit_proofs`.
"""

from __future__ import annotations

import sympy as sp

from bounds.checks import Measured, Proof, Relation
from bounds.claim import Claim, Verdict
from bounds.paper import explicit_proofs
from bounds.paper.explicit_terms import at_edge, bound, samples
from bounds.symbols import ERR, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r

K_OWN = sp.Integer(2)
"""Constant of the student's own noise."""

K_LEAK = sp.Rational(7, 5)
"""Constant of what the student inherits from the teacher."""

C_SAMPLES = sp.Integer(1600)
"""Constant of the sample condition."""

EVENTS = len(explicit_proofs.EVENTS)

THEOREM_1_EXPLICIT: sp.Expr = bound(K_OWN, K_LEAK, EVENTS)
"""ERR of Algorithm 1 at threshold 0 is at most this with probability >= 1 - delta."""

_LEAST = samples(C_SAMPLES, EVENTS)

THEOREM_1_CONDITION: sp.Basic = sp.Ge(n, _LEAST, evaluate=False)

_AT_ZERO = Measured("teacher-filtered", thetas=(sp.Integer(0),))


_SMALL = ((d, 4), (d_tilde, 4), (r, 2), (eta, 1.0), (gamma, 10.0), (gamma_tilde, 10.0))
_APART = ((d, 6), (d_tilde, 3), (r, 1), (eta, 0.9), (gamma, 1.0), (gamma_tilde, 10.0))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="theorem-1-explicit",
        title="Error of learning on teacher-filtered pairs, with numbers for the constants",
        source="Section 5, Theorem 1, corrected, with explicit constants",
        statement=(
            "With probability at least 1 - delta the error of Algorithm 1 at threshold 0 is at most the "
            "stated expression: twice the kept pairs' own noise, and 7/5 of the teacher's over 1 + gamma."
        ),
        relation=Relation.UPPER,
        bound=THEOREM_1_EXPLICIT,
        quantity=ERR,
        conditions=(THEOREM_1_CONDITION,),
        probability=1 - delta,
        checks=(
            Proof(explicit_proofs.theorem_1),
            at_edge(_AT_ZERO, _LEAST, 0.2, _SMALL, (eta, (1.0, 0.9))),
            at_edge(_AT_ZERO, _LEAST, 0.05, _SMALL, (eta, (1.0, 0.5)), (gamma, (2.0, 100.0))),
            at_edge(_AT_ZERO, _LEAST, 0.05, _APART, (gamma, (1.0, 100.0))),
        ),
        variant="explicit",
        corrects="theorem-1",
        expected=Verdict.SUPPORTED,
        note="explicit.md#theorem",
        depends_on=("eq-6",),
        remark="Decided step by step, given the theorems that its steps quote; tested by draws besides.",
    ),
)
