"""Training on synthetic data that a verifier pruned (Firdoussi et al., ICLR 2025; Feng et al., 2024).

    filtergain verify --paper pruned-data

`real` real and m synthetic samples, label times features ~ N(mu e_1, I_p); a synthetic label is flipped
with probability epsilon; a verifier keeps right ones with probability phi and flipped ones with rho; ridge
regression of the labels, penalty gamma, on what is left.  Note: pruned_data.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import sympy as sp
from scipy import stats

from bounds import Claim, Level, Measured, Path, Proof, Relation, Verdict
from bounds.checks import Quoted, Statement, Step
from bounds.proof.steps import concluded, identity
from filtergain.papers.shared import families

real, m, p, mu, gamma, epsilon, rho, phi = sp.symbols("real m p mu gamma epsilon rho phi", positive=True)
accuracy, second_moment, mean, share, flips, stretch, kept, h = sp.symbols(
    "accuracy second_moment mean share flips D kept h", positive=True
)
ALPHA = phi * (1 - epsilon) + rho * epsilon  # share of the synthetic samples that is kept
LAMBDA = phi * (1 - epsilon) - rho * epsilon  # kept right ones less kept flipped ones, over all
KEPT, SIGNED = (real + ALPHA * m) / (real + m), (real + LAMBDA * m) / (real + m)
RATIO = p / (real + m)
SYNTHETIC = {real: 0}


def stretched(numerator: sp.Expr) -> sp.Expr:
    """The positive root D of D = 1 + numerator / (gamma + kept / D)."""
    b = (kept - numerator - gamma) / gamma
    return (-b + sp.sqrt(b**2 + 4 * kept / gamma)) / 2


RIGHT_D, CODE_D = stretched(h), stretched(kept * h)


def moments(d: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(E w.x, E (w.x)^2) of a new sample, from D as a function of kept and h."""
    d = d.subs({kept: KEPT, h: RATIO})
    level = gamma + KEPT / d
    lost = KEPT * RATIO / (level * d) ** 2
    q = mu**2 / (level + KEPT * mu**2 / d)
    spread = lost * (1 - 2 * SIGNED**2 * q / (KEPT * d))
    return SIGNED * q / d, ((SIGNED / d) ** 2 * q**2 * (1 + mu**-2) + spread) / (1 - lost)


def accurate(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """Phi(E g / sd g): the share of new samples whose label is predicted."""
    return (1 + sp.erf(first / sp.sqrt(2 * (second - first**2)))) / 2


MIXTURE = moments(RIGHT_D)
RIGHT = tuple(e.subs(SYNTHETIC) for e in MIXTURE)
CODE = tuple(e.subs(SYNTHETIC) for e in moments(CODE_D))
AVERAGE = (LAMBDA * mu**2, LAMBDA**2 * mu**2 * (1 + mu**2) + ALPHA * p / m)  # w is the mean of y x


def fitted(values: Mapping[str, float], rng: np.random.Generator) -> tuple[float, float]:
    """(mu w_1, |w|) of the classifier that ridge regression fits; sizes are per sample drawn."""
    count, synthetic, size = (int(values.get(name, 0)) for name in ("real", "m", "p"))
    flipped = rng.random(synthetic) < values["epsilon"]
    left = rng.random(synthetic) < np.where(flipped, values["rho"], values["phi"])
    signs = np.concatenate([np.ones(count), np.where(flipped, -1.0, 1.0)[left]])
    features = rng.standard_normal((len(signs), size))
    features[:, 0] += values["mu"]
    scatter = features.T @ features / (count + synthetic) + values["gamma"] * np.eye(size)
    weights = np.linalg.solve(scatter, features.T @ signs / (count + synthetic))
    return float(values["mu"] * weights[0]), float(np.linalg.norm(weights))


def of_fit(read: Callable[[float, float], float]) -> Callable[..., float]:
    """A quantity that a fitted classifier has, over new samples exactly."""
    return lambda values, rng: read(*fitted(values, rng))


def of_labels(read: Callable[[int, int, int], float]) -> Callable[..., float]:
    """A quantity of how many samples are (drawn, kept, kept with a flipped label)."""

    def drawn(values: Mapping[str, float], rng: np.random.Generator) -> float:
        count = int(values["m"])
        flipped = rng.binomial(count, values["epsilon"])
        wrong = rng.binomial(flipped, values["rho"])
        return read(count, int(wrong + rng.binomial(count - flipped, values["phi"])), int(wrong))

    return drawn


def hit_rate(along: float, length: float) -> float:
    """P(w.x > 0) where w.x ~ N(along, length^2)."""
    return float(stats.norm.cdf(along / length))


def code_accuracy(values: Mapping[str, float]) -> float:
    """The released code's law for real and synthetic data together, isotropic and of the same mean."""
    numbers = (float(values[s.name]) for s in (real, m, p, mu, gamma, epsilon, rho, phi))
    count, synthetic, size, mu_, gamma_, epsilon_, rho_, phi_ = numbers
    alpha, pi, ratio = phi_ * (1 - epsilon_) + rho_ * epsilon_, *np.array([count, size]) / (count + synthetic)
    lam, delta, before = alpha - 2 * rho_ * epsilon_, ratio, -1.0
    while abs(delta - before) > 1e-13:
        level = gamma_ + pi / (1 + delta) + alpha * (1 - pi) / (1 + alpha * delta)
        delta, before = ratio / level, delta
    d, d_s = 1 + delta, 1 + alpha * delta
    a, b = pi * ratio / (level * d) ** 2, alpha * (1 - pi) * ratio / (level * d_s) ** 2
    q = mu_**2 / (level + (pi / d + alpha * (1 - pi) / d_s) * mu_**2)
    first = (pi / d + lam * (1 - pi) / d_s) * q
    spread = a * (1 - 2 * first) + b * (1 - 2 * lam * first / alpha)
    second = (first**2 * (1 + mu_**-2) + spread) / (1 - a - b)
    return hit_rate(first, math.sqrt(second - first**2))


QUANTITIES = {
    "pruned-accuracy": of_fit(hit_rate),
    "pruned-mean": of_fit(lambda along, length: along),
    "pruned-moment": of_fit(lambda along, length: along**2 + length**2),
    "pruned-share": of_labels(lambda drawn, left, wrong: left / drawn),
    "pruned-flips": of_labels(lambda drawn, left, wrong: wrong / max(left, 1)),
    "pruned-over-code": lambda values, rng: hit_rate(*fitted(values, rng)) / code_accuracy(values),
}
SPREAD = {"pruned-mean": 0.15, "pruned-moment": 0.1, "pruned-share": 0.02, "pruned-flips": 0.03}
"""Standard deviations of the quantities' logarithms at the settings below; 0.045 of an accuracy."""


def is_root(claimed: Statement) -> Iterable[Step]:
    """The root of the trace's equation, and what is kept has the law of what was never pruned."""
    yield Quoted("D = 1 + tr(Q)/N, where each kept sample has its own 1/D", True, theorem=EQUIVALENT)
    yield identity("the positive root solves it", (RIGHT_D - 1) * (gamma * RIGHT_D + kept), h * RIGHT_D)
    alone = RIGHT_D.subs({kept: 1, h: h / kept, gamma: gamma / kept}, simultaneous=True)
    yield identity("pruned data are fewer data", RIGHT_D, alone)
    yield concluded("the claimed D is that root", RIGHT_D, claimed)


def is_unpruned(claimed: Statement) -> Iterable[Step]:
    """The claimed moment of m samples that were pruned is that of the alpha m samples that are left."""
    fewer = {m: ALPHA * m, epsilon: rho * epsilon / ALPHA, rho: 1, phi: 1, gamma: gamma / ALPHA}
    left = claimed.bound.subs(fewer, simultaneous=True)
    yield concluded("the law of what is kept", left, claimed)


def is_threshold(claimed: Statement) -> Iterable[Step]:
    """The signed share of the kept labels vanishes at the bound."""
    (root,) = sp.solve(LAMBDA, epsilon)
    yield concluded("as many are kept right as flipped", root, claimed)


EQUIVALENT = "deterministic equivalent of a sample covariance's resolvent (Marchenko and Pastur, 1967)"
CORE = {m: 500, p: 100, mu: 1, epsilon: 0.2, rho: 0.1, phi: 0.4, gamma: 0.1}
HALF = {**CORE, p: 250}
MIXED = {**CORE, real: 150, m: 450, p: 150, mu: 1.5, epsilon: 0.3, rho: 0.2, phi: 0.5, gamma: 0.05}
WEAK = {**CORE, gamma: 1000}
MANY = {**CORE, m: 20000, p: 5}
LABELS = {**CORE, m: 100000}


def levels(
    quantity: str, tolerance: float, paths: tuple[Path, ...], value: float | None = None
) -> tuple[Level, ...]:
    """The median of a quantity is the bound, or `value`, at each setting of the paths."""
    measured = Measured(quantity=f"pruned-{quantity}", spread=SPREAD.get(f"pruned-{quantity}", 0.045))
    return tuple(Level(measured, path, tolerance, value) for path in paths)


CODE_SOURCE = "Firdoussi et al. (2025), as in the released code"
QUOTED = "Feng et al. (2024), as quoted in Firdoussi et al. (2025)"
THRESHOLD = phi / (phi + rho)
PHI_MU = (1 + sp.erf(mu / sp.sqrt(2))) / 2


def claim(
    name: str, words: str, bound: sp.Expr | None, section: str, *checks: Level | Proof, **more: object
) -> Claim:
    """A claim of this module; `words` are its title and its statement, one a line."""
    title, statement = words.split("; ", 1)
    given = {"quantity": accuracy, "source": CODE_SOURCE, "expected": Verdict.SUPPORTED} | more
    if "corrects" in given:
        given |= {"variant": "corrected", "source": CODE_SOURCE + ", corrected"}
    return Claim(
        id=f"pruned-{name}", title=title, statement=statement, bound=bound, checks=checks,
        relation=Relation.EQUAL, note=f"pruned_data.md#{section}", **given,
    )  # fmt: skip


THREE = (
    ("mean", "The mean E w.x", mean, 0.06, ((m, (300, 1000)), (gamma, (0.03, 3)))),
    ("moment", "The second moment E (w.x)^2", second_moment, 0.06, ((m, (300, 1000)), (gamma, (0.03, 3)))),
    (
        "accuracy", "The accuracy", accuracy, 0.03,
        ((m, (300, 1000)), (p, (50, 250)), (mu, (0.7, 1.5)), (epsilon, (0.05, 0.35)), (rho, (0.02, 0.3)),
         (phi, (0.3, 0.9)), (gamma, (0.03, 3))),
    ),
)  # fmt: skip
CODES = {"mean": CODE[0], "moment": CODE[1], "accuracy": accurate(*CODE)}
RIGHTS = {"mean": RIGHT[0], "moment": RIGHT[1], "accuracy": accurate(*RIGHT)}
REFUTED, PROVED = {"expected": Verdict.REFUTED}, {"expected": Verdict.PROVED}

CLAIMS = (
    claim(
        "share",
        "What a verifier keeps; It keeps alpha = phi (1 - epsilon) + rho epsilon of the synthetic samples.",
        ALPHA, "model", *levels("share", 0.02, families(LABELS, (epsilon, (0.1, 0.5)), (rho, (0.1, 0.9)))),
        quantity=share,
    ),
    claim(
        "flips", "Wrong labels among those kept; A share rho epsilon / alpha of those kept is flipped.",
        rho * epsilon / ALPHA, "model",
        *levels("flips", 0.04, families(LABELS, (epsilon, (0.1, 0.5)), (phi, (0.2, 0.9)))),
        quantity=flips,
    ),
    claim(
        "stretch-code",
        "The equation of delta, as in the code; D = 1 + kept h / (gamma + kept / D), all data synthetic.",
        CODE_D, "the-error", Proof(is_root), quantity=stretch, **REFUTED,
    ),
    claim(
        "stretch", "The equation of delta; D = 1 + h / (gamma + kept / D): pruned data are fewer data.",
        RIGHT_D, "the-error", Proof(is_root), quantity=stretch, corrects="pruned-stretch-code", **PROVED,
    ),
    claim(
        "identity-code",
        "Pruned data are fewer data, in the code's law; The mean at (m, epsilon, rho, phi, gamma) is "
        "that of alpha m samples with the flips that are left, none pruned.",
        CODE[0], "the-error", Proof(is_unpruned), quantity=mean, **REFUTED,
    ),
    *(
        claim(
            f"{name}-code",
            f"{title}, as in the code; {title} of a new sample, all data synthetic, is the code's.",
            CODES[name], "the-error",
            *levels(name, tolerance, families(HALF, (phi, (0.3, 0.4)), (gamma, (0.05, 0.1)))),
            quantity=symbol, **REFUTED,
        )
        for name, title, symbol, tolerance, _ in THREE
    ),
    *(
        claim(
            name,
            f"{title}; {title} of a new sample, all data synthetic, is that of the law with the right D.",
            RIGHTS[name], "the-law", *levels(name, tolerance, families(CORE, *moving)),
            quantity=symbol, corrects=f"pruned-{name}-code",
        )
        for name, title, symbol, tolerance, moving in THREE
    ),
    claim(
        "mixed-code", "Real and synthetic data, as in the code; The accuracy over the code's is 1.", None,
        "real-and-synthetic",
        *levels("over-code", 0.02, families(MIXED, (rho, (0.02,)), (phi, (0.3,))), value=1.0),
        **REFUTED,
    ),
    claim(
        "mixed", "Real and synthetic data; The accuracy is that of the law with the right D.",
        accurate(*MIXTURE),
        "real-and-synthetic",
        *levels("accuracy", 0.03,
        families(MIXED, (real, (50, 400)), (m, (200, 800)), (phi, (0.2, 0.9)), (epsilon, (0.1, 0.45)))),
        corrects="pruned-mixed-code",
    ),
    claim(
        "unpruned", "Nothing is pruned; At rho = phi = 1 the code's law is right.", accurate(*CODE),
        "where-it-hides",
        *levels("accuracy", 0.03,
        families({**CORE, rho: 1, phi: 1}, (epsilon, (0.1, 0.4)), (gamma, (0.1, 10)))),
    ),
    claim(
        "hidden", "A large penalty hides the error; At gamma = 1000 the code's accuracy is right.",
        accurate(*CODE),
        "where-it-hides", *levels("accuracy", 0.03, families(WEAK, (m, (300, 1000)), (phi, (0.3, 0.9)))),
    ),
    claim(
        "average", "The averaging classifier; As gamma grows, w becomes the mean of label times features.",
        accurate(*AVERAGE), "where-it-hides",
        *levels("accuracy", 0.03,
        families(WEAK, (m, (300, 1000)), (p, (50, 250)), (epsilon, (0.1, 0.6)), (rho, (0.05, 0.5)))),
    ),
    claim(
        "threshold", "The label noise at which a verifier fails; It is phi / (phi + rho).", THRESHOLD,
        "many-samples",
        Proof(is_threshold), quantity=epsilon, source=QUOTED, **PROVED,
    ),
    claim(
        "many-below", "Many samples, less label noise; The accuracy tends to Phi(mu), the best possible.",
        PHI_MU,
        "many-samples", *levels("accuracy", 0.02, families(MANY, (epsilon, (0.2, 0.6)), (mu, (0.5, 2)))),
        conditions=(sp.Lt(epsilon, THRESHOLD),), source=QUOTED,
    ),
    claim(
        "many-above",
        "Many samples, more label noise; The accuracy tends to 1 - Phi(mu), the worst possible.",
        1 - PHI_MU, "many-samples", *levels("accuracy", 0.05, families(MANY, (epsilon, (0.93, 0.98)))),
        conditions=(sp.Gt(epsilon, THRESHOLD),), source=QUOTED,
    ),
    claim(
        "chance", "At the threshold; At epsilon = phi / (phi + rho) the accuracy is 1/2, at any size.",
        sp.Rational(1, 2),
        "many-samples", *levels("accuracy", 0.05, families({**CORE, epsilon: 0.8}, (m, (300, 1000)))),
        source=QUOTED,
    ),
)  # fmt: skip
