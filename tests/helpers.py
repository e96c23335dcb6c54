"""What several test files need: claims made up, Eq. 3 by its definition, engines held together, scripts."""

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import sympy as sp
from hypothesis import strategies as st
from scipy import stats

from bounds.claim import Claim, Law, Relation, Verdict
from bounds.symbols import n
from verification.engines import short_sample
from verification.errors import TooFewPairs
from verification.search.space import COORDINATES
from verification.setting import Setting

ROOT = Path(__file__).parents[1]


def script(*parts):
    """A script of the repository as a module, run afresh; `parts` lead to it from the root."""
    path = ROOT.joinpath(*parts)
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def made_up(*checks, **changes):
    """A claim with these checks: an upper bound 1/sqrt(n), to be supported; laws alone have no bound."""
    alone = all(isinstance(check, Law) for check in checks)
    fields = {
        "id": "x", "title": "t", "source": "s", "statement": "w", "checks": checks, "note": "x.md#x",
        "expected": Verdict.SUPPORTED, "bound": None if alone else 1 / sp.sqrt(n), "relation": Relation.UPPER,
    }  # fmt: skip
    return Claim(**{**fields, **changes})


def points(where):
    """A strategy: parameter values by name inside a claim's conditions, from its search's space."""
    cubes = st.tuples(*[st.floats(0, 1)] * len(COORDINATES))
    return cubes.map(where.point).filter(lambda point: point is not None)


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


def small_setting(rng):
    """A setting of few pairs and dimensions, drawn at random."""
    d, d_tilde = (int(v) for v in rng.integers(1, 12, 2))
    return Setting(
        n=int(rng.integers(4, 400)),
        d=d,
        d_tilde=d_tilde,
        r=int(rng.integers(1, min(d, d_tilde) + 1)),
        eta=float(rng.choice([0.05, 0.3, 0.7, 1.0])),
        gamma=float(rng.choice([0.1, 1.0, 10.0, 1e4, math.inf])),
        gamma_tilde=float(rng.choice([0.1, 1.0, 10.0, 1e4, math.inf])),
    )


def numbers(outcomes, r):
    """Every reported number of each outcome, (draws, 4 + r); a failed filter is beyond every error."""
    table = np.full((len(outcomes), 4 + r), 99.0)
    for row, outcome in zip(table, outcomes, strict=True):
        if isinstance(outcome, TooFewPairs):
            row[3] = outcome.kept
            continue
        row[:4] = outcome.left, outcome.right, outcome.error, outcome.kept or 0
        row[4:] = 0.0
        row[4 : 4 + len(outcome.singular_values)] = outcome.singular_values
    # Rounding errors of an error that is 0 are not part of its law.
    table[:, :3] = np.round(table[:, :3], 10)
    return table


def smallest_p(first, second):
    """Bonferroni over the reported numbers."""
    pairs = list(zip(first.T, second.T, strict=True))
    return min(stats.ks_2samp(a, b, method="asymp").pvalue for a, b in pairs) * len(pairs)
