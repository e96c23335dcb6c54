"""How the part of a bound that a conclusion is about comes from the bound."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.sorting import default_sort_key

from bounds.checks import Origin, Statement
from bounds.claim import Claim
from verification.certificates.text import Names


def link(claim: Claim, stated: Statement, names: Names) -> dict[str, Any]:
    """What turns the claim's bound into what is stated.

    As the proof says, or the first of these that does it: the bound itself, its square, a block of it, an
    entry of its only minimum.  "told": none of them.
    """
    bound, part = claim.bound, stated.right_hand_side
    if stated.origin is not None:
        return _as_told(stated.origin, names)
    if bound is None:
        return {"by": "told"}
    if part == bound:
        return {"by": "same"}
    if getattr(bound, "is_Matrix", False):
        return _of_blocks(bound, part)
    if part == bound**2:
        return {"by": "put in", "values": {}, "factor": "1", "power": 2}
    return _chosen(bound, part) or {"by": "told"}


def _as_told(origin: Origin, names: Names) -> dict[str, Any]:
    values = {names.text(symbol): names.text(value) for symbol, value in origin.values}
    if origin.first is not None:
        return {"by": "first term", "values": values, "value": names.text(origin.first)}
    if origin.rest is not None:
        return {"by": "next term", "rest": names.text(origin.rest), "value": names.text(origin.following)}
    if origin.ratio is not None:
        return {"by": "limit of a ratio", "quantity": names.text(origin.ratio)}
    return {"by": "put in", "values": values, "factor": names.text(origin.factor), "power": origin.power}


def _of_blocks(bound: Any, part: Any) -> dict[str, Any]:
    factor, matrix = bound.as_coeff_mmul()
    matrix = matrix.args[0] if isinstance(matrix, sp.MatMul) and len(matrix.args) == 1 else matrix
    if isinstance(matrix, sp.BlockMatrix):
        for i, row in enumerate(matrix.blocks.tolist()):
            for j, block in enumerate(row):
                if factor * block == part:
                    return {"by": "block", "place": [i, j]}
    return {"by": "told"}


def _chosen(bound: sp.Expr, part: sp.Expr) -> dict[str, Any] | None:
    """An entry of the bound's only Min, counted as they are written, if the bound with it is the part."""
    nodes = bound.atoms(sp.Min)
    for node in nodes if len(nodes) == 1 else ():
        for k, entry in enumerate(sorted(node.args, key=default_sort_key)):
            if bound.xreplace({node: entry}) == part:
                return {"by": "entry", "of": "Min", "place": k}
    return None
