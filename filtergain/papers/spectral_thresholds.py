"""Spectral thresholds of partial least squares (Mergny and Zdeborova, arXiv:2510.17561).

    filtergain verify --paper spectral-thresholds

X = sqrt(lambda_x) u a^T + noise and Y = sqrt(lambda_y) v b^T + noise have n rows of alpha_x n and alpha_y n
entries; u and v, of norm sqrt(n), have the correlation rho; PLS is the leading singular triple of X^T Y / n.
kappa = lambda / alpha, and s = lambda^2 / alpha, 1 where PCA begins to see.  Note: spectral_thresholds.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import sympy as sp
from scipy.linalg import eigh

from bounds import Level, Measured, Path, Relation, Scaling, Verdict
from bounds.checks import Step
from bounds.proof.steps import identity, positive
from bounds.symbols import n
from filtergain.papers.shared import claims_of, ends, families, levels, quoted

p, q, w, rho = sp.symbols("p q w rho", positive=True)
alpha, alpha_x, alpha_y, lambda_x, lambda_y = sp.symbols(
    "alpha alpha_x alpha_y lambda_x lambda_y", positive=True
)
kappa, kappa_x, kappa_y, s_x, s_y = sp.symbols("kappa kappa_x kappa_y s_x s_y", positive=True)
value, left, right, pca, edge, ratio = sp.symbols("sigma_1 left right pca edge ratio", positive=True)
LOADS = {kappa_x: lambda_x / alpha_x, kappa_y: lambda_y / alpha_y}
SWAPPED = {alpha_x: alpha_y, alpha_y: alpha_x, kappa_x: kappa_y, kappa_y: kappa_x}

SQUARED = (1 + w) * (alpha_x + w) * (alpha_y + w) / w  # of a singular value; decreasing up to the edge
CUBIC = 2 * w**3 + (1 + alpha_x + alpha_y) * w**2 - alpha_x * alpha_y  # 0 at the edge
CORRELATION = (1 - kappa_x * w) * (1 - kappa_y * w) / (kappa_x * kappa_y * w * (1 + w))  # rho^2 at w
PRODUCT = kappa_x * kappa_y
SUM = kappa_x + kappa_y + PRODUCT * rho**2
SPREAD_OF_ROOTS = SUM**2 - 4 * PRODUCT * (1 - rho**2)
OUTLIER = 2 / (SUM + sp.sqrt(SPREAD_OF_ROOTS))  # the smallest positive w at which CORRELATION is rho^2
SIZES = 1 + alpha_x + alpha_y
EDGE = SIZES / 6 * (2 * sp.cos(sp.acos(54 * alpha_x * alpha_y / SIZES**3 - 1) / 3) - 1)
BOTH = 1 + 2 * w - (PRODUCT + kappa_x + kappa_y) * w**2
LEFT = (kappa_y * w - 1) * CUBIC / (alpha_x * (alpha_y + w) * BOTH)  # squared overlap with a at the outlier
RIGHT = LEFT.subs(SWAPPED, simultaneous=True)
PCA = (1 - alpha_x / lambda_x**2) / (1 + alpha_x / lambda_x)
ALPHA = w * (1 + 2 * w)  # two sides of this size have their edge at w


def at_outlier(expression: sp.Expr) -> sp.Expr:
    """The expression where the leading singular value is, in the parameters of the model."""
    return expression.subs(w, OUTLIER).subs(LOADS)


def leading(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The leading singular value and the squares of its left and right vectors' first entries."""
    tall = matrix.shape[0] > matrix.shape[1]
    flat = matrix.T if tall else matrix
    squares, vectors = eigh(flat @ flat.T, subset_by_index=(len(flat) - 1, len(flat) - 1))
    size = float(np.sqrt(squares[0]))
    overlaps = np.array([vectors[0, 0], flat[:, 0] @ vectors[:, 0] / size]) ** 2
    return size, overlaps[::-1] if tall else overlaps


def samples(values: Mapping[str, float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """X and Y, rotated so that u, a and b are first coordinates and v is in the first two."""
    count, strength = int(values["n"]), values["rho"]
    x, y = (rng.standard_normal((count, round(values[f"alpha_{side}"] * count))) for side in "xy")
    x[0, 0] += np.sqrt(values["lambda_x"] * count)
    y[:2, 0] += np.sqrt(values["lambda_y"] * count) * np.array([strength, np.sqrt(1 - strength**2)])
    return x, y


def fitted(values: Mapping[str, float], rng: np.random.Generator) -> tuple[float, float, float]:
    """PLS's leading singular value and its two squared overlaps."""
    x, y = samples(values, rng)
    size, overlaps = leading(x.T @ y / len(x))
    return size, float(overlaps[0]), float(overlaps[1])


QUANTITIES = {
    "pls-value": lambda values, rng: fitted(values, rng)[0],
    "pls-left": lambda values, rng: fitted(values, rng)[1],
    "pls-blind": lambda values, rng: float(np.mean([fitted(values, rng)[1] for _ in range(20)])),
    "pls-right": lambda values, rng: fitted(values, rng)[2],
    "pls-pca": lambda values, rng: float(leading(samples(values, rng)[0].T)[1][0]),
}
SPREAD = {"value": 0.05, "left": 0.11, "right": 0.1, "pca": 0.06}  # of the quantities' logarithms, below

FREE = "S-transforms of free products (Voiculescu, 1987), isotropic local law of sample covariances"
LOW_DEGREE = "detection of correlated spiked Wishart matrices (arXiv:2511.06040), as in its abstract"


def stationary() -> sp.Expr:
    """alpha_y at which sigma^2 is stationary in w."""
    return sp.solve(sp.numer(sp.together(sp.diff(sp.log(SQUARED), w))), alpha_y)[0]


def equal_edge() -> sp.Expr:
    """The positive root of the cubic for sides of equal size, which has the root -alpha."""
    roots = sp.roots(CUBIC.subs({alpha_x: alpha, alpha_y: alpha}), w)
    (root,) = (r for r in roots if r.subs(alpha, 1) > 0)
    return root


def determinant() -> sp.Expr:
    """rho^2 at which the 2 x 2 determinant of the two sides' signal coordinates vanishes."""
    h_x, h_y = ((1 + w) * (a + w) for a in (alpha_x, alpha_y))  # times sigma
    own = (SQUARED - h_y * (1 + kappa_x * alpha_x)) * (SQUARED - h_x * (1 + kappa_y * alpha_y))
    return sp.factor(own / (SQUARED * (1 + w) ** 2 * kappa_x * alpha_x * kappa_y * alpha_y))


def overlap() -> sp.Expr:
    """1 over 1 + tan^2 of the left angle, from the derivative of that determinant's matrix."""
    across = (alpha_y + w) * alpha_x * (1 - kappa_x * w) / ((alpha_x + w) * alpha_y * (1 - kappa_y * w))
    slow = 1 / (1 + w) + 1 / (alpha_x + w) + 1 / (alpha_y + w)
    on_left, on_right = 1 + kappa_x * alpha_x, (1 + kappa_y * alpha_y) * across
    shared = (1 + alpha_y + 2 * w) * on_left + (1 + alpha_x + 2 * w) * on_right
    shared += 2 * alpha_x * (alpha_y + w) * (1 - kappa_x * w) / w
    beyond = ((1 + w) * (alpha_x + w) * on_right + w * shared / (1 - w * slow)) / SQUARED
    return sp.factor(1 / (1 + beyond))


def common() -> sp.Expr:
    """s of the left side at which a common spike (rho = 1) shows, sides of equal size with edge w."""
    (least,) = sp.solve(CORRELATION - 1, kappa_x)
    return ALPHA * least**2


def alike() -> sp.Expr:
    """The same for two sides of equal strength kappa too, in terms of kappa."""
    (at,) = sp.solve(sp.numer(sp.together(CORRELATION.subs({kappa_x: kappa, kappa_y: kappa}) - 1)), w)
    return sp.factor((ALPHA * kappa**2).subs(w, at))


def gap(to: sp.Expr) -> sp.Expr:
    """The threshold of a common spike on sides alike over the possible one, s = 1/2, as kappa goes `to`."""
    return sp.limit(sp.sqrt(2 * alike()), kappa, to)


def possible() -> sp.Expr:
    """rho^4 at which the sum that decides what can be detected is 1."""
    parts = [s * rho**2 / (1 - s + s * rho**2) for s in (s_x, s_y)]
    numerator = sp.expand(sp.numer(sp.together(sum(parts) - 1)))
    return sp.solve(numerator.subs(rho**4, ratio), ratio)[0]


def first_order() -> sp.Expr:
    """lim n tan^2 of the left angle as n grows, p and q fixed; w is of the order of 1/n^2."""
    small, v = sp.symbols("small v", positive=True)
    sizes = {alpha_x: p * small, alpha_y: q * small}
    root = sp.limit(sp.simplify(at_outlier(w).subs(sizes) / small**2), small, 0)
    tangent = sp.factor((1 / LEFT - 1).subs(LOADS).subs(sizes).subs(w, v * small**2) / small)
    return sp.limit(tangent, small, 0).subs(v, root)


def at_pca() -> sp.Expr:
    """The critical correlation of sides alike at PCA's own threshold, kappa = 1/sqrt(alpha)."""
    return sp.sqrt(CORRELATION.subs({kappa_x: 1 / sp.sqrt(ALPHA), kappa_y: 1 / sp.sqrt(ALPHA)}))


def is_quadratic() -> Step:
    """The outlier's equation; its discriminant is a square and what is positive."""
    quadratic = PRODUCT * (1 - rho**2) * w**2 - SUM * w + 1
    equation = PRODUCT * w * (1 + w) * (CORRELATION - rho**2)
    extra = PRODUCT * rho**2 * (2 * kappa_x + 2 * kappa_y + 4 + PRODUCT * rho**2)
    both = [[quadratic, SPREAD_OF_ROOTS]], [[equation, (kappa_x - kappa_y) ** 2 + extra]]
    return identity("a quadratic with real roots", *map(sp.Matrix, both))


AT = {n: 500, alpha_x: 0.4, alpha_y: 0.2, lambda_x: 1.5, lambda_y: 1.0, rho: 0.8}
BELOW = {**AT, lambda_x: 0.1, lambda_y: 0.1, rho: 0.3}
ALONE = {**AT, lambda_x: 6.0, lambda_y: 0.3, rho: 1e-9}
ABOVE = families(
    AT, (rho, (0.6, 1)), (lambda_x, (1, 3)), (lambda_y, (2,)), (alpha_x, (0.2, 0.6)), (alpha_y, (0.1, 0.4))
)
UNPAIRED = families(ALONE, (lambda_x, (5, 8)), (lambda_y, (0.1, 0.6)), (alpha_x, (0.2,)), (alpha_y, (0.4,)))
QUOTED = "Mergny and Zdeborova (2025), as quoted in summaries of it; formula derived in the note"
SECOND = {"source": "Leger and Chatelain (2025), its abstract, for one spike", "relation": Relation.UPPER}
REFUTED = {"expected": Verdict.REFUTED}


def drawn(quantity: str, tolerance: float, paths: tuple[Path, ...]) -> tuple[Level, ...]:
    """The median of a quantity of this module is the bound at each setting of the paths."""
    return levels(f"pls-{quantity}", SPREAD[quantity], tolerance, paths)


claim = claims_of("pls", "spectral_thresholds.md", QUOTED)
CLAIMS = (
    claim(
        "edge-equation", "The noise's edge; alpha_y = w^2 (1 + alpha_x + 2w) / (alpha_x - w^2) there.",
        alpha_y, w**2 * (1 + alpha_x + 2 * w) / (alpha_x - w**2), "the-spectrum-of-noise",
        ends("sigma^2 is stationary", stationary, quoted("sigma^2 of the noise alone at w", FREE)),
    ),
    claim(
        "edge-equal", "Sides of equal size; Then w = (sqrt(1 + 8 alpha) - 1) / 4 at the edge.",
        edge, (sp.sqrt(1 + 8 * alpha) - 1) / 4, "the-spectrum-of-noise", ends("positive root", equal_edge),
    ),
    claim(
        "edge-product", "A guess: norms multiply; Below the threshold sigma_1 is (1 + sqrt(alpha_x)) (1 + "
        "sqrt(alpha_y)).",
        value, (1 + sp.sqrt(alpha_x)) * (1 + sp.sqrt(alpha_y)), "the-spectrum-of-noise",
        drawn("value", 0.08, families(BELOW, (alpha_x, (0.4,)))), source="a guess, of no paper", **REFUTED,
    ),
    claim(
        "edge", "Below the threshold; The leading singular value is the edge, at the cubic's positive root.",
        value, sp.sqrt(SQUARED).subs(w, EDGE), "the-spectrum-of-noise",
        drawn("value", 0.08, families(BELOW, (alpha_x, (0.1, 0.4, 1)), (alpha_y, (0.1, 0.5)))),
        corrects="pls-edge-product",
    ),
    claim(
        "blind", "Below the threshold nothing is learned; The overlap falls like 1/n, a random direction's.",
        left, 1 / n, "the-spectrum-of-noise",
        (Scaling(Measured(quantity="pls-blind", spread=0.4), families(BELOW, (n, (50, 200)))[0], True, 0.3),),
        up_to_constant=True,
    ),
    claim(
        "outlier", "The outlier's equation; rho^2 = (1 - kappa_x w)(1 - kappa_y w)/(kappa_x kappa_y w(1+w)).",
        rho**2, CORRELATION, "the-outlier",
        ends("the determinant is 0", determinant, quoted("resolvents act as their traces", FREE)),
    ),
    claim(
        "root", "The outlier's root; w is the smaller root of that quadratic.",
        w, OUTLIER, "the-outlier",
        ends(
            "the smaller root", lambda: (SUM - sp.sqrt(SPREAD_OF_ROOTS)) / (2 * PRODUCT * (1 - rho**2)),
            is_quadratic, lambda: positive("of positive sum", SUM), needs=(sp.Lt(rho, 1),),
        ),
        conditions=(sp.Lt(rho, 1),),
    ),
    claim(
        "value", "Above the threshold; The leading singular value is sigma at the outlier's w.",
        value, at_outlier(sp.sqrt(SQUARED)), "the-outlier", drawn("value", 0.08, ABOVE),
    ),
    claim(
        "overlap", "The overlap's formula; cos^2 of the left angle is a rational function of w.",
        left, LEFT, "overlaps",
        ends("1/(1 + tan^2)", overlap, quoted("a vector's norm is a derivative of the matrix", FREE)),
    ),
    *(
        claim(
            name, f"The {name} overlap; It is that formula at the outlier's w.", symbol, at_outlier(law),
            "overlaps", drawn(name, 0.15, ABOVE),
        )
        for name, symbol, law in (("left", left, LEFT), ("right", right, RIGHT))
    ),
    claim(
        "unpaired-left", "Unpaired data; At rho = 0 the stronger side is learned all the same.",
        left, sp.cancel(LEFT.subs(w, 1 / kappa_x)).subs(LOADS), "unpaired-data",
        drawn("left", 0.15, UNPAIRED),
    ),
    claim(
        "unpaired", "Unpaired data need more than PCA; s of the stronger side is above 1 where it shows.",
        s_x, 1, "unpaired-data",
        ends("kappa w = 1", lambda: alpha_x / w**2, needs=(sp.Gt(alpha_x, w**2),)),
        relation=Relation.LOWER, conditions=(sp.Gt(alpha_x, w**2),),
    ),
    claim(
        "common-anywhere", "A common spike shows wherever PCA sees it; At rho = 1, sides of equal size, its "
        "least s is at most 1, whatever the other side's strength below its own threshold.",
        s_x, 1, "against-pca", ends("s at the threshold", common, needs=(sp.Lt(kappa_y, 1 / w),)),
        conditions=(sp.Lt(kappa_y, 1 / w),), **SECOND, **REFUTED,
    ),
    claim(
        "common", "A common spike on sides alike; There it shows before PCA sees it, at s below 1.",
        s_x, 1, "against-pca", ends("s at the threshold", alike), corrects="pls-common-anywhere", **SECOND,
    ),
    claim(
        "at-pca", "The correlation that makes up for PLS; At PCA's threshold PLS sees sides alike from rho = "
        "sqrt(2) - 1 on, as alpha grows.",
        rho, sp.sqrt(2) - 1, "against-pca", ends("the limit", lambda: sp.limit(at_pca(), w, sp.oo)),
    ),
    claim(
        "pca", "PCA of one side; Its squared overlap is (1 - alpha/lambda^2)/(1 + alpha/lambda).",
        pca, PCA, "against-pca", drawn("pca", 0.12, families(AT, (alpha_x, (0.2,)), (lambda_x, (1.5, 3)))),
        source="Paul (2007)",
    ),
    claim(
        "first-order", "Many samples; n tan^2 of the left angle tends to p (1 + lambda_y)/(lambda_x lambda_y "
        "rho^2), p and q fixed.",
        n * (1 / left - 1), p * (1 + lambda_y) / (lambda_x * lambda_y * rho**2), "many-samples",
        ends("the limit", first_order),
    ),
    claim(
        "against-pca", "Many samples, and PCA; tan^2 over PCA's is (1 + 1/lambda_y)/(1 + 1/lambda_x)/rho^2.",
        ratio, (1 + 1 / lambda_y) / (1 + 1 / lambda_x) / rho**2, "many-samples",
        ends("the ratio", lambda: first_order() / sp.limit(n * (1 / PCA - 1).subs(alpha_x, p / n), n, sp.oo)),
    ),
    claim(
        "possible", "What is possible; With s < 1 on both sides, rho^4 = (1 - s_x)(1 - s_y)/(s_x s_y) there.",
        rho**4, (1 - s_x) * (1 - s_y) / (s_x * s_y), "what-is-possible",
        ends("the sum is 1", possible, quoted("detection is possible where a sum passes 1", LOW_DEGREE)),
        source="arXiv:2511.06040, as quoted in its abstract",
    ),
    claim(
        "gap", "PLS needs more; Its critical rho^2 is above the possible one, sides alike with edge w.",
        rho**2, 1 / (ALPHA * kappa**2) - 1, "what-is-possible",
        ends("above", lambda: CORRELATION.subs({kappa_x: kappa, kappa_y: kappa})),
        relation=Relation.LOWER,
    ),
    *(
        claim(
            f"gap-{name}", f"The gap with {name} samples; A common spike's threshold over the possible one "
            f"tends to {limit} as alpha tends to {end}.",
            ratio, limit, "what-is-possible", ends("the limit", partial(gap, to)),
        )
        for name, limit, end, to in (("few", 1, "infinity", sp.S.Zero), ("many", sp.sqrt(2), "0", sp.oo))
    ),
)  # fmt: skip
