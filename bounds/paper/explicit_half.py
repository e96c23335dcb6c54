"""Theorem 1 with numbers for its constants at threshold r/2, at finite sample sizes.

Derivation: proofs_notes/explicit_half.md.  The steps that the machine decides: `explicit_half_proofs`.
"""

from __future__ import annotations

import sympy as sp

from bounds.checks import Measured, Proof, Relation
from bounds.claim import Claim, Verdict
from bounds.paper import explicit_half_proofs
from bounds.paper.explicit_terms import at_edge, bound_half, samples
from bounds.symbols import ERR, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r

K_OWN = sp.Rational(8, 3)
"""Constant of the student's own noise."""

K_LEAK = sp.Rational(3, 2)
"""Constant of what the student inherits from the teacher."""

C_SAMPLES = sp.Integer(4000)
"""Constant of the sample condition."""

EVENTS = len(explicit_half_proofs.EVENTS)

THEOREM_1_HALF: sp.Expr = bound_half(K_OWN, K_LEAK, EVENTS)
"""ERR of Algorithm 1 at threshold r/2 is at most this with probability >= 1 - delta."""

_LEAST = samples(C_SAMPLES, EVENTS)

THEOREM_1_HALF_CONDITION: sp.Basic = sp.Ge(n, _LEAST, evaluate=False)

_AT_HALF = Measured("teacher-filtered", thetas=(r / 2,))


_SMALL = ((d, 10), (d_tilde, 5), (r, 2), (eta, 0.9), (gamma, 10.0), (gamma_tilde, 10.0))
_APART = ((d, 8), (d_tilde, 4), (r, 3), (eta, 1.0), (gamma, 10.0), (gamma_tilde, 10.0))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="theorem-1-explicit-half",
        title="Error of learning on pairs filtered at r/2, with numbers for the constants",
        source="Section 5, Theorem 1, corrected, with explicit constants",
        statement=(
            "With probability at least 1 - delta the error of Algorithm 1 at threshold r/2 is at most the "
            "stated expression: 8/3 of the noise of the clean pairs alone, and 3/2 of the teacher's over "
            "1 + gamma."
        ),
        relation=Relation.UPPER,
        bound=THEOREM_1_HALF,
        quantity=ERR,
        conditions=(sp.Ge(r, 2), THEOREM_1_HALF_CONDITION),
        probability=1 - delta,
        checks=(
            Proof(explicit_half_proofs.theorem_1_half),
            at_edge(_AT_HALF, _LEAST, 0.2, _SMALL, (eta, (1.0, 0.9))),
            at_edge(_AT_HALF, _LEAST, 0.05, _SMALL, (eta, (1.0, 0.6)), (gamma, (2.0, 100.0)), (r, (2, 4))),
            at_edge(
                _AT_HALF, _LEAST, 0.05, _APART, (gamma_tilde, (1.0, 100.0)), (d, (4, 16)), (d_tilde, (4, 16))
            ),
        ),
        variant="explicit",
        corrects="theorem-1",
        expected=Verdict.SUPPORTED,
        note="explicit_half.md#theorem",
        depends_on=("eq-6",),
        remark="Decided step by step, given the theorems that its steps quote; tested by draws besides.",
    ),
)
