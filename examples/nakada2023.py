"""Claims of another paper: linear contrastive learning with general noise covariances (Nakada et al., 2023).

    filtergain verify --module examples/nakada2023.py

x = U z + xi, x~ = U~ z~ + xi~ with xi, xi~ ~ N(0, Sigma): every covariance is allowed; here the eigenvalues
of Sigma are j^(-decay)/gamma, j = 1..d, in a basis that has nothing to do with U.  A share eta is matched.
What is claimed is our own derivation, in the manner of their Theorem 3.1: examples/nakada2023.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy as sp

from bounds import Claim, Measured, Path, Relation, Scaling, Tail, Verdict
from bounds.symbols import ERR, C, d, delta, eta, gamma, n, r
from verification.engines.estimate import Array, chordal_distance, fit, random_basis


def contrastive_error(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """Larger chordal distance of the fit on all pairs; U, U~ uniform, Sigma diagonal: O(d^3), free of n."""
    size, dimension, rank = (int(values[name]) for name in ("n", "d", "r"))
    noise = np.arange(1, dimension + 1.0) ** -values["decay"] / values["gamma"]
    bases = [random_basis(dimension, rank, rng) for _ in range(2)]
    clean = int(rng.binomial(size, values["eta"]))
    roots = [np.linalg.cholesky(_covariance(bases, noise, matched)) for matched in (False, True)]
    means, scatter = [], np.zeros((2 * dimension, 2 * dimension))
    for root, count in zip(roots, (size - clean, clean), strict=True):
        means.append(root @ rng.standard_normal(2 * dimension) / np.sqrt(max(count, 1)))
        scatter += _scatter(root, count - 1, rng)
    between = means[1] - means[0]
    scatter += clean * (size - clean) / size * np.outer(between, between)
    fitted = fit(scatter[:dimension, dimension:] / (size - 1), rank)
    return max(chordal_distance(fitted.left, bases[0]), chordal_distance(fitted.right, bases[1]))


def _covariance(bases: list[Array], noise: Array, matched: bool) -> Array:
    """Covariance of (x, x~), shape (2d, 2d)."""
    blocks = [basis @ basis.T + np.diag(noise) for basis in bases]
    cross = bases[0] @ bases[1].T * matched
    return np.block([[blocks[0], cross], [cross.T, blocks[1]]])


def _scatter(root: Array, degrees: int, rng: np.random.Generator) -> Array:
    """A Wishart matrix by Bartlett's decomposition; from its normals where degrees are few."""
    size = len(root)
    if degrees < size:
        normals = rng.standard_normal((max(degrees, 0), size)) @ root.T
        return np.asarray(normals.T @ normals)
    lower = np.tril(rng.standard_normal((size, size)), -1)
    np.fill_diagonal(lower, np.sqrt(rng.chisquare(degrees - np.arange(size))))
    return np.asarray((root @ lower) @ (root @ lower).T)


QUANTITIES = {"contrastive-error": contrastive_error}
ERROR = Measured(quantity="contrastive-error")
decay = sp.Symbol("decay", nonnegative=True)
_j = sp.Symbol("j", integer=True, positive=True)
TRACE = sp.Sum(_j ** (-decay), (_j, 1, d)) / gamma  # of Sigma: its norm 1/gamma times its effective rank
RATE = sp.sqrt(r * (1 + 1 / gamma) * TRACE / n) / eta
FIXED = {n: 10**6, d: 16, r: 2, gamma: sp.Rational(1, 2), eta: sp.Rational(1, 2), decay: 1}
CONDITION = sp.Ge(n, C * (1 + 1 / gamma) * (r * (1 + 1 / gamma) + TRACE) / eta**2)
SOURCE = "Nakada et al. (2023), Theorem 3.1"


def along(parameter: sp.Symbol, values: tuple[float, ...], **at: float | sp.Expr) -> Path:
    """A family of settings, the rest as in FIXED."""
    place = {**FIXED, **{s: at[s.name] for s in FIXED if s.name in at}}
    del place[parameter]
    return Path(parameter, values, tuple(place.items()))


MANY = (along(eta, (1.0, 0.1), n=10**7), along(decay, (0, 0.5, 2)), along(gamma, (5, 50)))
CLAIMS = (
    Claim(
        id="nakada-rate",
        title="Error of contrastive learning with noise of any covariance, from above",
        source=SOURCE + ", in our own form",
        statement=(
            "The error on all pairs is at most of order (1/eta) sqrt(r (1 + |Sigma|) tr(Sigma)/n): the noise "
            "counts by its trace, |Sigma| times its effective rank, and not by its dimension."
        ),
        relation=Relation.UPPER,
        bound=RATE,
        quantity=ERR,
        up_to_constant=True,
        conditions=(CONDITION,),
        checks=(
            Scaling(ERROR, along(eta, (1.0, 0.25, 0.0625)), two_sided=True, margin=0.06),
            Scaling(ERROR, along(n, (10**5, 10**7, 10**10)), two_sided=True, margin=0.06),
            Scaling(ERROR, along(d, (8, 32), decay=1.5), two_sided=True, margin=0.15),
            Scaling(ERROR, along(gamma, (0.5, 0.05), n=10**8), two_sided=False, margin=0.25),
            Scaling(ERROR, along(gamma, (0.5, 5, 50)), two_sided=False, margin=0.25),
            # With the dimension, as r can go on only with it.
            Scaling(ERROR, along(r, (1, 2, 4, 8), d=4 * r, decay=0.1), two_sided=False, margin=0.25),
        ),
        expected=Verdict.SUPPORTED,
        note="nakada2023.md#rate",
    ),
    Claim(
        id="nakada-explicit",
        title="The same with a number for its constant, where n is large",
        source=SOURCE + ", with a constant",
        statement="With probability 1 - delta the error is at most twice the rate and its confidence term.",
        relation=Relation.UPPER,
        bound=2 * RATE * (1 + sp.sqrt(2 * sp.log(4 / delta) / r)),
        quantity=ERR,
        conditions=(CONDITION.subs(C, 1000),),
        probability=1 - delta,
        checks=(Tail(ERROR, MANY),),
        variant="explicit",
        expected=Verdict.SUPPORTED,
        note="nakada2023.md#constant",
    ),
)
