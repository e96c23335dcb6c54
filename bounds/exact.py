"""Exact statements as claims: an equality or inequality decided by proofs and searches alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import sympy as sp

from bounds.claim import Check, Claim, Proof, Relation, Search, Step, Verdict

Derivation: TypeAlias = Callable[[sp.Expr], Iterable[Step]]
"""Steps that decide a claim's bound, so that a changed bound changes the outcome."""


def derived(derivation: Derivation, claim: Claim) -> Iterable[Step]:
    """The steps of `derivation` at the bound that `claim` carries; raises ValueError if it has none."""
    if claim.bound is None:
        raise ValueError(f"claim {claim.id!r} states no bound")
    return derivation(claim.bound)


def exact(
    claim_id: str,
    title: str,
    source: str,
    statement: str,
    quantity: sp.Expr | str,
    bound: sp.Expr,
    *checks: Search | Derivation,
    note: str,
    **fields: Any,
) -> Claim:
    """A claim whose checks are symbolic derivations and searches; `fields` are further ones of `Claim`.

    The relation is equality unless given.  Expected: PROVED by derivations alone, SUPPORTED with a
    search among them, REFUTED where `expected` says so.  A `quantity` in words is LaTeX.
    """
    wrapped: tuple[Check, ...] = tuple(
        check if isinstance(check, Search) else Proof(partial(derived, check)) for check in checks
    )
    proved = all(isinstance(check, Proof) for check in wrapped)
    options: dict[str, Any] = {
        "relation": Relation.EQUAL,
        "expected": Verdict.PROVED if proved else Verdict.SUPPORTED,
        **fields,
    }
    return Claim(
        id=claim_id,
        title=title,
        source=source,
        statement=statement,
        # SymPy prints a name with a brace as it stands; others it takes apart at _ and ^.
        quantity=sp.Symbol(f"{{{quantity}}}") if isinstance(quantity, str) else quantity,
        bound=bound,
        checks=wrapped,
        note=note,
        **options,
    )
