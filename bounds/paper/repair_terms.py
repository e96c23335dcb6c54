"""The terms of the lower bound for every rule, before its constant.  Derivation: proofs_notes/repair.md."""

from __future__ import annotations

import sympy as sp

from bounds.paper.events import greatest, least, length, with_failures
from bounds.symbols import a_x, a_y, d, d_tilde, eta, gamma, n, r

_part = (n + 1) / 2  # neither part of Algorithm 1 is larger
_narrow, _wide = least(d - r, r), greatest(d - r, r)


def lower(constant: sp.Expr) -> sp.Expr:
    """The right-hand side with this constant, in t."""
    clean = (1 + 1 / sp.sqrt(a_x * a_y - 1)) * sp.sqrt(eta)
    teacher = (1 + gamma) * eta
    size = sp.sqrt(a_y / gamma) * _narrow**2 / _wide
    return constant * size / (sp.sqrt(_part) * (clean + teacher))


def bound(constant: sp.Expr, failures: int) -> sp.Expr:
    """The right-hand side for a proof that spends this many events."""
    return with_failures(lower(constant), failures)


def samples(constant: sp.Expr, failures: int) -> sp.Expr:
    """So many pairs give both parts `constant` a a~ (sqrt d + sqrt d~ + s)^2/eta^2 pairs at least."""
    return with_failures(1 + 2 * constant * a_x * a_y * greatest(d, d_tilde) ** 2 / eta**2, failures)


def dimensions(failures: int) -> sp.Expr:
    """So many dimensions make sqrt(d - r) at least 2 (sqrt r + s)."""
    return with_failures(r + 4 * length(r) ** 2, failures)
