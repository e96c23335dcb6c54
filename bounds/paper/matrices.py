"""The model's matrices, as SymPy symbols with symbolic shapes."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Statement, Step
from bounds.proof.matrix_words import Algebra
from bounds.proof.steps import concluded
from bounds.symbols import LATEX_NAMES, d, d_tilde, r

U = sp.MatrixSymbol("U", d, r)
"""Basis of the first modality's signal space, (d, r)."""

U_TILDE = sp.MatrixSymbol("U_tilde", d_tilde, r)
"""Basis of the second modality's signal space, (d_tilde, r)."""

U_PERP = sp.MatrixSymbol("U_perp", d, d - r)
"""Basis of the orthogonal complement of U, (d, d - r)."""

U_TILDE_PERP = sp.MatrixSymbol("U_tilde_perp", d_tilde, d_tilde - r)
"""Basis of the orthogonal complement of U_tilde, (d_tilde, d_tilde - r)."""

V = sp.MatrixSymbol("V", d, r)
"""Another basis of r dimensions of the first modality, a learned one say, (d, r)."""

V_PERP = sp.MatrixSymbol("V_perp", d, d - r)
"""Basis of the orthogonal complement of V, (d, d - r)."""

G = sp.MatrixSymbol("G", r, d)
"""Encoder of the first modality, (r, d)."""

G_TILDE = sp.MatrixSymbol("G_tilde", r, d_tilde)
"""Encoder of the second modality, (r, d_tilde)."""
X = sp.MatrixSymbol("x", d, 1)
"""A vector of the first modality, (d, 1)."""

X_TILDE = sp.MatrixSymbol("x_tilde", d_tilde, 1)
"""A vector of the second modality, (d_tilde, 1)."""

LATEX_NAMES |= {
    U_TILDE: r"\tilde{U}",
    U_PERP: r"U_{\perp}",
    U_TILDE_PERP: r"\tilde{U}_{\perp}",
    V_PERP: r"V_{\perp}",
    G_TILDE: r"\tilde{G}",
    X_TILDE: r"\tilde{x}",
}


def complement_relations(basis: sp.MatrixSymbol, rest: sp.MatrixSymbol) -> dict[sp.MatrixExpr, sp.MatrixExpr]:
    """[basis, rest] is an orthogonal matrix: relations for `Algebra`."""
    rows, columns = basis.shape
    return {
        basis.T * basis: sp.Identity(columns),
        rest.T * rest: sp.Identity(rest.shape[1]),
        basis.T * rest: sp.ZeroMatrix(columns, rest.shape[1]),
        rest * rest.T: sp.Identity(rows) - basis * basis.T,
    }


BASES = Algebra(
    relations={
        **complement_relations(U, U_PERP),
        **complement_relations(U_TILDE, U_TILDE_PERP),
        **complement_relations(V, V_PERP),
    }
)
"""U, U~, V and their complements."""


def isotropic(mean_score: sp.Expr, claimed: Statement) -> Iterator[Step]:
    """M = E[x y^T | x^T y > theta], of trace `mean_score`, is the claimed multiple of I_r for every r.

    For x and y whose law and score no common rotation Q changes, M = Q M Q^T; two rotations, with e and h
    any two of the coordinates, leave nothing but a multiple of the identity.
    """
    mean, e, h = sp.MatrixSymbol("M", r, r), sp.MatrixSymbol("e", r, 1), sp.MatrixSymbol("h", r, 1)
    x, y = sp.MatrixSymbol("x", r, 1), sp.MatrixSymbol("y", r, 1)
    one, unit, zero = sp.Identity(r), sp.Identity(1), sp.ZeroMatrix(1, 1)
    algebra = Algebra(relations={e.T * e: unit, h.T * h: unit, e.T * h: zero})
    reflected, swapped = one - 2 * e * e.T, one - (e - h) * (e - h).T
    for name, move in (("reflecting a coordinate", reflected), ("swapping two", swapped)):
        yield algebra.identity(f"{name} is a rotation", move * move.T, one)
        score = sp.Trace((move * x).T * (move * y))
        yield algebra.identity(f"{name} of both vectors leaves the score", score, sp.Trace(x.T * y))
    yield algebra.identity(
        "an entry beside the diagonal is its own negative, so 0",
        e.T * reflected * mean * reflected.T * h,
        -e.T * mean * h,
    )
    yield algebra.identity(
        "two entries of the diagonal are equal, so M = f I",
        e.T * swapped * mean * swapped.T * e,
        h.T * mean * h,
    )
    f = sp.Symbol("f")
    (solved,) = sp.solve(sp.Sum(f, (sp.Symbol("i"), 1, r)).doit() - mean_score, f)
    yield concluded("f from the trace, the mean score", solved, claimed)
