"""Theorem 1 with numbers for its constants: Algorithm 1 at threshold 0, at finite sample sizes.

Derivation: proofs_notes/explicit.md.  The steps that the machine decides: `bounds.paper.explicit_proofs`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from bounds.checks import Measured, Path, Proof, Relation, Tail
from bounds.claim import Claim, Verdict
from bounds.paper import explicit_proofs
from bounds.paper.concentration import with_failures
from bounds.symbols import ERR, a_x, a_y, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r, t

K_OWN = sp.Integer(2)
"""Constant of the student's own noise."""

K_LEAK = sp.Rational(7, 5)
"""Constant of what the student inherits from the teacher."""

C_SAMPLES = sp.Integer(1600)
"""Constant of the sample condition."""

_half = (n - 1) / 2  # neither part of Algorithm 1 is smaller
_s = sp.sqrt(2 * t)
_left = sp.sqrt(a_y / gamma) * (sp.sqrt((d - r) * r) + _s)
_right = sp.sqrt(a_x / gamma_tilde) * (sp.sqrt((d_tilde - r) * r) + _s)


def own_noise(events: int) -> sp.Expr:
    """The first term at constant 1: the kept pairs' noise over the signal that the filter leaves."""
    sides = sp.Max(_left, _right, evaluate=False)
    weak = sp.Max(1, r * sp.sqrt(sp.pi / ((2 * r - 1) * a_x * a_y)), evaluate=False)
    return with_failures(sp.sqrt(2 / _half) * sides * weak, events)


def inherited(events: int) -> sp.Expr:
    """The second term at constant 1: the leak 1/(1 + gamma) of the teacher's error."""
    sides = sp.Max(_left / (1 + gamma), _right / (1 + gamma_tilde), evaluate=False)
    return with_failures(sides / (eta * sp.sqrt(_half)), events)


def samples(constant: sp.Expr, events: int) -> sp.Expr:
    """So many pairs give both parts `constant` a a~ (sqrt d + sqrt d~ + s)^2 / eta^2 pairs at least."""
    return with_failures(
        1 + 2 * constant * a_x * a_y * (sp.sqrt(d) + sp.sqrt(d_tilde) + _s) ** 2 / eta**2, events
    )


def bound(own: sp.Expr, leak: sp.Expr, events: int) -> sp.Expr:
    """The right-hand side with these constants, for a proof that spends this many events."""
    return own * own_noise(events) + leak * inherited(events)


EVENTS = len(explicit_proofs.EVENTS)

THEOREM_1_EXPLICIT: sp.Expr = bound(K_OWN, K_LEAK, EVENTS)
"""ERR of Algorithm 1 at threshold 0 is at most this with probability >= 1 - delta."""

THEOREM_1_CONDITION: sp.Basic = sp.Ge(n, samples(C_SAMPLES, EVENTS), evaluate=False)

_AT_ZERO = Measured("teacher-filtered", thetas=(sp.Integer(0),))


def _at_edge(share: float, corner: tuple[tuple[sp.Symbol, float], ...], *paths: Any) -> Tail:
    """The bound at delta = `share` with the smallest sample that the condition allows, dear as it is to draw.

    `paths` are pairs (parameter, values) around the setting `corner`.
    """
    edge = ((delta, share), (n, samples(C_SAMPLES, EVENTS)))
    families = tuple(
        Path(symbol, values, (*(item for item in corner if item[0] != symbol), *edge))
        for symbol, values in paths
    )
    return Tail(_AT_ZERO, families, delta=share, least="quick" if share > 0.1 else "thorough")


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
            _at_edge(0.2, _SMALL, (eta, (1.0, 0.9))),
            _at_edge(0.05, _SMALL, (eta, (1.0, 0.5)), (gamma, (2.0, 100.0))),
            _at_edge(0.05, _APART, (gamma, (1.0, 100.0))),
        ),
        variant="explicit",
        corrects="theorem-1",
        expected=Verdict.SUPPORTED,
        note="explicit.md#theorem",
        depends_on=("eq-6",),
        remark="Decided step by step, given the theorems that its steps quote; tested by draws besides.",
    ),
)
