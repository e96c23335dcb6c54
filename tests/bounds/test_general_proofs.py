"""No proof by instances: a bound that is right at every small size and wrong beyond is not proved."""

from __future__ import annotations

import pytest
import sympy as sp
from proof_checks import steps

from bounds import claims
from bounds.claim import Proof, Relation, Verdict
from bounds.proof.undecided import Undecided

LARGEST = 12
"""Sizes up to this one at which a changed bound agrees with the true one."""


def sizes(claim):
    """The whole-number parameters of a claim's bound."""
    return [s for s in claim.parameters if s.is_integer]


def right_at_small_sizes(claim, size):
    """The bound changed by a polynomial that is 1 at sizes 1 to 12; stronger than the bound beyond them."""
    beyond = 1 + sp.prod([size - k for k in range(1, LARGEST + 1)])
    return claim.bound / beyond if claim.relation is Relation.UPPER else claim.bound * beyond


PROVED = [
    (claim, size)
    for claim in claims.values()
    if claim.expected is Verdict.PROVED and isinstance(claim.bound, sp.Expr) and claim.bound != 0
    for size in sizes(claim)
    if any(isinstance(check, Proof) for check in claim.checks)
]


@pytest.mark.parametrize(("claim", "size"), PROVED, ids=lambda v: getattr(v, "id", str(v)))
def test_no_proof_accepts_a_bound_that_is_right_at_small_sizes_only(claim, size):
    """1 at sizes 1 to 12, something else from 13 on: some step fails or cannot be decided."""
    changed = claim.with_bound(right_at_small_sizes(claim, size))
    try:
        found = [step.truth for step in steps(changed)]
    except Undecided:
        return
    assert not all(found), f"{claim.id} also proves {changed.bound}"


def test_the_control_is_asked_of_every_kind_of_size():
    """The rank, the dimensions and the numbers of pairs all occur: the list is no empty one."""
    names = {str(size) for _, size in PROVED}
    assert {"r", "n"} <= names
    assert len(PROVED) >= 20


def test_a_proof_by_instances_is_found():
    """The negative control: a derivation that looks at r = 1, 2, 3 only accepts such a bound."""
    claim = claims["step-2"]
    size = next(s for s in claim.bound.free_symbols if s.name == "r")
    changed = right_at_small_sizes(claim, size)
    assert all(sp.simplify((changed - claim.bound).subs(size, k).doit()) == 0 for k in (1, 2, 3))
    assert sp.simplify((changed - claim.bound).subs(size, LARGEST + 1).doit()) != 0
