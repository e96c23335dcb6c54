"""The model's matrices, as SymPy symbols with symbolic shapes."""

from __future__ import annotations

import sympy as sp

from bounds.proof.matrix_words import Algebra
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
