"""The terms of Theorem 1 with numbers, before its constants: own noise, inherited error, samples.

Derivation: proofs_notes/explicit.md.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from bounds.checks import Measured, Path, Tail
from bounds.paper.events import with_failures
from bounds.symbols import a_x, a_y, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r, t

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


def clean_noise(events: int) -> sp.Expr:
    """The first term at threshold r/2, at constant 1: as if the clean pairs alone were kept."""
    return with_failures(sp.Max(_left, _right, evaluate=False) / sp.sqrt(eta * _half), events)


def bound_half(own: sp.Expr, leak: sp.Expr, events: int) -> sp.Expr:
    """The right-hand side at threshold r/2 with these constants."""
    return own * clean_noise(events) + leak * inherited(events)


def at_edge(
    measured: Measured, least: sp.Expr, share: float, corner: tuple[tuple[sp.Symbol, float], ...], *paths: Any
) -> Tail:
    """A bound at delta = `share` with the smallest sample that its condition allows, dear as it is to draw.

    `least` is that sample size, `paths` are pairs (parameter, values) around the setting `corner`.
    """
    edge = ((delta, share), (n, least))
    families = tuple(
        Path(symbol, values, (*(item for item in corner if item[0] != symbol), *edge))
        for symbol, values in paths
    )
    return Tail(measured, families, delta=share, least="quick" if share > 0.1 else "thorough")
