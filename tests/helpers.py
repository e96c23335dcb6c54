"""What several test files need: a made-up claim, Eq. 3 by its definition, an engine with a fault."""

from dataclasses import replace

import numpy as np
import sympy as sp

from bounds.claim import Claim, Law, Relation, Verdict
from bounds.symbols import n
from verification.engines import short_sample


def made_up(*checks, **changes):
    """A claim with these checks: an upper bound 1/sqrt(n), to be supported; laws alone have no bound."""
    alone = all(isinstance(check, Law) for check in checks)
    fields = {
        "id": "x", "title": "t", "source": "s", "statement": "w", "checks": checks, "note": "x.md#x",
        "expected": Verdict.SUPPORTED, "bound": None if alone else 1 / sp.sqrt(n), "relation": Relation.UPPER,
    }  # fmt: skip
    return Claim(**{**fields, **changes})


def encoders(fitted, rho):
    """One minimiser (G, G_tilde) of Eq. 3, (k, d) and (k, d_tilde): G^T G_tilde = SVD_r(S_n) / rho."""
    root = np.sqrt(fitted.singular_values / rho)[:, None]
    return root * fitted.left.T, root * fitted.right.T


def loss(g, g_tilde, x, y, rho):
    """The contrastive loss of Eq. 3, by its definition: an O(n^2) check on the closed form."""
    s = (x @ g.T) @ (y @ g_tilde.T).T
    pairs = len(x)
    contrast = 2.0 * s.sum() - 2.0 * pairs * np.diag(s).sum()
    return float(contrast / (2.0 * pairs * (pairs - 1)) + 0.5 * rho * np.sum((g.T @ g_tilde) ** 2))


def forget_selection(monkeypatch):
    """A fault: the other coordinates are drawn as if they knew nothing of the score."""
    right = short_sample.Geometry.relative_to

    def wrong(teacher, setting):
        geometry = right(teacher, setting)
        mixing = geometry.mixing.copy()
        scored = 2 * geometry.rank
        mixing[..., :scored, scored:] = 0.0
        return replace(geometry, mixing=mixing)

    monkeypatch.setattr(short_sample.Geometry, "relative_to", staticmethod(wrong))
