"""Data selection under weak supervision, few dimensions (Kolossov, Montanari and Tandon, arXiv:2309.14563).

    filtergain verify --paper data-selection

Each of N samples is kept with probability pi(x), a fraction phi of them; an M-estimator is fitted to those
kept, as they are or with weights 1/pi; N E|error|^2 tends to its coefficient tr(H^-1 G H^-1).  Here the error
is of one slope, in models where coefficients are closed forms.  Note: data_selection.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import sympy as sp

from bounds import Level, Path, Relation, Verdict
from bounds.checks import Step
from bounds.proof.steps import identity, nonnegative
from filtergain.papers.shared import claims_of, ends, families, levels, quoted

N, phi, omega, s, odds, pi_1, pi_2 = sp.symbols("N phi omega s odds pi_1 pi_2", positive=True)
x, c, t, v = sp.symbols("x c t v", positive=True)
coefficient, ratio, least, rate = sp.symbols("coefficient ratio least rate", positive=True)

# One slope, |x| uniform on (0, 1), noise of variance 1.
HARD = 3 / (1 - (1 - phi) ** 3)  # the largest |x| are kept
WEIGHTED = 9 / (4 * phi)  # kept in proportion to |x|, with weights
# The same, |x| exponential.
TAIL = 1 / (phi * (1 + (1 + sp.log(1 / phi)) ** 2))
# x = 1, noise of variance s in a share omega of the samples and 1 in the others.
ALL, CLEAN = 1 - omega + omega * s, 1 / (1 - omega)
NOISY, ALIKE = (1 - omega, omega * sp.sqrt(s)), (sp.S.One, sp.S.One)  # roots of two terms of a coefficient
WEIGHTED_NOISE = (1 - omega + omega * sp.sqrt(s)) ** 2 / phi


def information(length: int, at: sp.Expr = odds) -> sp.Expr:
    """x^2 p (1 - p) of logistic regression at |x| = length, `at` the odds at 1: a sample's score."""
    return length**2 * at**length / (1 + at**length) ** 2


LOGISTIC = 2 / (pi_1 * information(1) + pi_2 * information(2))  # |x| = 1 or 2, equally often

REPEATS = 200
"""Fits that are averaged in one draw of a coefficient."""

Scheme = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray | float]]
SCHEMES: dict[str, Scheme] = {
    "random": lambda size, share: (np.full_like(size, share), 1.0),
    "hard": lambda size, share: ((size > 1 - share).astype(float), 1.0),
    "influence": lambda size, share: (2 * share * size, 1.0),
    "weighted": lambda size, share: (2 * share * size, 1 / (2 * share * size)),
    "tail": lambda size, share: ((size > -np.log(share)).astype(float), 1.0),
    "tail-weighted": lambda size, share: (share * size, 1 / np.minimum(share * size, 1)),
}
"""|x| and phi to the probabilities of being kept, which are at most 1, and the weights of those kept."""


def slope(name: str, values: Mapping[str, float], rng: np.random.Generator) -> float:
    """N times the mean squared error of a slope fitted to what a scheme keeps."""
    shape = REPEATS, int(values["N"])
    size = rng.exponential(size=shape) if name.startswith("tail") else rng.random(shape)
    probability, weights = SCHEMES[name](size, values["phi"])
    weights = np.where(rng.random(shape) < probability, weights, 0.0) * size
    errors = (weights * rng.standard_normal(shape)).sum(axis=1) / (weights * size).sum(axis=1)
    return float(values["N"] * np.mean(errors**2))


def kept(shares: tuple[float, float], count: float, rng: np.random.Generator) -> np.ndarray:
    """How many samples of each of two groups are kept, (2, REPEATS); `shares` are of all samples."""
    rest = max(0.0, 1 - sum(shares))
    return rng.multinomial(int(count), [*shares, rest], REPEATS).T[:2]


def mean(name: str, values: Mapping[str, float], rng: np.random.Generator) -> float:
    """N times the mean squared error of a mean: all samples, those of little noise, or with weights."""
    noisy, deviations = values["omega"], np.sqrt([1.0, values["s"]])
    base = values.get("phi", 1.0) / (1 - noisy + noisy * deviations[1])
    keep = {"all": np.ones(2), "clean": np.array([1.0, 0.0]), "noise-weighted": base * deviations}[name]
    weights = 1 / keep if name == "noise-weighted" else np.ones(2)
    counts = kept((float((1 - noisy) * keep[0]), float(noisy * keep[1])), values["N"], rng)
    sums = (weights * deviations) @ (np.sqrt(counts) * rng.standard_normal(counts.shape))
    return float(values["N"] * np.mean((sums / (weights @ counts)) ** 2))


def logistic(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """N times the mean squared error of logistic regression's slope, by Newton's method from the truth."""
    lengths = np.array([[1.0], [2.0]])
    counts = kept((values["pi_1"] / 2, values["pi_2"] / 2), values["N"], rng)
    truth = float(np.log(values["odds"]))
    right = rng.binomial(counts, 1 / (1 + np.exp(-truth * lengths)))
    found = np.full(REPEATS, truth)
    for _ in range(12):
        chance = 1 / (1 + np.exp(-found * lengths))
        curvature = (counts * lengths**2 * chance * (1 - chance)).sum(axis=0)
        found += (lengths * (right - counts * chance)).sum(axis=0) / curvature
    return float(values["N"] * np.mean((found - truth) ** 2))


QUANTITIES: dict[str, Callable[..., float]] = {
    **{f"selection-{name}": partial(slope, name) for name in SCHEMES},
    **{f"selection-{name}": partial(mean, name) for name in ("all", "clean", "noise-weighted")},
    "selection-logistic": logistic,
}

SANDWICH = quoted("coefficient tr(H^-1 G H^-1)", "asymptotic normality of M-estimators (Huber, 1967)")
CAUCHY = quoted("E[g/pi] E[pi] >= (E sqrt(g))^2", "inequality of Cauchy and Schwarz")


def moment(power: int, *, tail: bool = False, above: sp.Expr = sp.S.Zero) -> sp.Expr:
    """E[|x|^power; |x| > above]."""
    if tail:
        return sp.simplify(sp.integrate((above + t) ** power * sp.exp(-above - t), (t, 0, sp.oo)))
    return sp.integrate(x**power, (x, above, 1))


def weighted_least(*, tail: bool = False) -> sp.Expr:
    """E[x^2/pi] / (E x^2)^2 where E[x^2/pi] E[pi] = (E|x|)^2."""
    return moment(1, tail=tail) ** 2 / (phi * moment(2, tail=tail) ** 2)


def is_proportional() -> Step:
    """Probabilities in proportion to |x| attain it."""
    attained = sp.integrate(x**2 / (2 * phi * x), (x, 0, 1)) / moment(2) ** 2
    return identity("attained by pi = 2 phi |x|", attained, weighted_least())


def keeps_large() -> Step:
    """No pi in [0, 1] with the same E pi has a larger E[pi x^2] than a threshold c: both sides of it."""
    inside, outside = sp.symbols("inside outside", nonnegative=True)
    gain = ((c + t) ** 2 - c**2) * (inside / (1 + inside)) + (c**2 - (c / (1 + t)) ** 2) * outside
    return nonnegative("(x^2 - c^2)(1[|x| > c] - pi) >= 0", gain)


def tail_ratio() -> sp.Expr:
    """What no weighted selection is below, over the threshold's coefficient, |x| exponential."""
    information_kept = moment(2, tail=True, above=c).subs(c, sp.log(1 / phi))
    return sp.simplify(weighted_least(tail=True) * information_kept)


def influence() -> sp.Expr:
    """The derivative of G/H^2 by pi of a sample, which adds v x^2 to G and x^2 to H = 1; rate is G/H."""
    return sp.diff((rate + t * v * x**2) / (1 + t * x**2) ** 2, t).subs(t, 0)


def split(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """The a in (0, phi) at which first^2/a + second^2/(phi - a) is least."""
    return phi * first / (first + second)


def is_stationary(first: sp.Expr, second: sp.Expr) -> Step:
    """The derivative vanishes there; both terms are convex."""
    slope_ = sp.diff(first**2 / t + second**2 / (phi - t), t).subs(t, split(first, second))
    return identity("stationary, of a convex function", slope_, 0)


def at_split(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """The least value."""
    a = split(first, second)
    return sp.factor(first**2 / a + second**2 / (phi - a))


def crossing() -> sp.Expr:
    """The odds above 1 at which samples with |x| = 1 and |x| = 2 have the same score."""
    (root,) = (r for r in sp.solve(sp.numer(sp.together(information(1) - information(2))), odds) if r > 1)
    return root


def chosen(surrogate: sp.Expr) -> sp.Expr:
    """The coefficient of keeping the half of larger score in the surrogate's view."""
    better = max((1, 2), key=lambda length: information(length, surrogate))
    return 2 / information(better)


QUOTED = "Kolossov, Montanari and Tandon (2024), as quoted in its abstract; instance derived in the note"
PLAIN = {N: 1000, phi: 0.2}
NOISES = {N: 2000, omega: 0.3, s: 4.0, phi: 0.2}
BINARY = {N: 20000, odds: 4.0, pi_1: 0.3, pi_2: 0.3}
HALF, PART, SOME = (sp.Lt(phi, sp.Rational(1, 2)),), (sp.Lt(phi, 1),), (sp.Lt(omega, 1),)
ROOM = (*SOME, sp.Gt(s, 1), sp.Lt(phi * sp.sqrt(s), 1 - omega + omega * sp.sqrt(s)))  # pi at most 1
ROOMS = (sp.Lt(phi, 2 * omega), sp.Lt(phi, 2 - 2 * omega))  # the same in two directions
SHARES = families(PLAIN, (phi, (0.05, 0.2, 0.45)))
TAILS = families({**PLAIN, N: 2000}, (phi, (0.05, 0.2)))
REFUTED = {"expected": Verdict.REFUTED}
claim = claims_of("selection", "data_selection.md", QUOTED)


def drawn(name: str, paths: tuple[Path, ...]) -> tuple[Level, ...]:
    """The coefficient is the bound at each setting of the paths."""
    return levels(f"selection-{name}", 0.1, 0.2, paths)


CLAIMS = (
    *(
        claim(
            name, f"{title}; The coefficient is {formula}, |x| uniform on (0, 1).", coefficient, bound,
            "one-slope", drawn(name, SHARES), conditions=HALF,
        )
        for name, title, formula, bound in (
            ("random", "A random fraction", "3/phi", 3 / phi),
            ("hard", "The largest |x|", "3/(1 - (1 - phi)^3)", HARD),
            ("influence", "In proportion to |x|, as they are", "2/phi", 2 / phi),
            ("weighted", "In proportion to |x|, with weights", "9/(4 phi)", WEIGHTED),
        )
    ),
    claim(
        "weighted-least", "The best with weights; pi in proportion to sqrt(E|H^(-1/2) grad|^2), here |x|.",
        least, WEIGHTED, "one-slope",
        ends("the least", weighted_least, SANDWICH, CAUCHY, is_proportional, needs=HALF), conditions=HALF,
    ),
    claim(
        "hard-least", "The best without weights; A hard threshold of the score, here x^2.", least, HARD,
        "one-slope",
        ends("the least", lambda: 1 / moment(2, above=1 - phi), SANDWICH, keeps_large, needs=PART),
        conditions=PART,
    ),
    claim(
        "influence-ratio", "In proportion to influence; The cost is 2 - 2 phi + 2 phi^2/3 times the "
        "threshold's, up to twice.",
        ratio, 2 - 2 * phi + 2 * phi**2 / 3, "one-slope",
        ends("the ratio", lambda: moment(2, above=1 - phi) / (2 * phi * moment(3)), SANDWICH, needs=HALF),
        conditions=HALF,
    ),
    claim(
        "tail", "Exponential |x|, the largest; The coefficient is 1/(phi (1 + (1 + log(1/phi))^2)).",
        coefficient, TAIL, "heavy-tails", drawn("tail", TAILS),
    ),
    claim(
        "tail-weighted", "Exponential |x|, with weights; In proportion to |x| the coefficient is 1/(4 phi).",
        coefficient, 1 / (4 * phi), "heavy-tails", drawn("tail-weighted", TAILS),
    ),
    claim(
        "weights-bounded", "Weights cost a bounded factor; At most 9/4, as where |x| is uniform.", ratio,
        sp.Rational(9, 4), "heavy-tails", ends("where |x| is exponential", tail_ratio, SANDWICH, CAUCHY),
        relation=Relation.UPPER, source="a guess, of no paper", conditions=PART, **REFUTED,
    ),
    claim(
        "weights-unbounded", "Weights cost an unbounded factor; (1 + (1 + log(1/phi))^2)/4, |x| exponential.",
        ratio, (1 + (1 + sp.log(1 / phi)) ** 2) / 4, "heavy-tails",
        ends("the ratio", tail_ratio, SANDWICH, CAUCHY, needs=PART),
        corrects="selection-weights-bounded", conditions=PART,
    ),
    claim(
        "all", "All samples, unequal noise; The coefficient is 1 - omega + omega s.", coefficient, ALL,
        "unequal-noise", drawn("all", families(NOISES, (omega, (0.1, 0.5)), (s, (2, 9)))),
    ),
    claim(
        "clean", "Only those of little noise; The coefficient is 1/(1 - omega).", coefficient, CLEAN,
        "unequal-noise", drawn("clean", families(NOISES, (omega, (0.1, 0.5)))), conditions=SOME,
    ),
    claim(
        "all-best", "More data are better; All samples have a coefficient of at most 1/(1 - omega).",
        coefficient, CLEAN, "unequal-noise", ends("all samples", lambda: ALL, SANDWICH),
        relation=Relation.UPPER, source="what the abstract says is not so", conditions=SOME, **REFUTED,
    ),
    claim(
        "fewer", "Fewer are better than all; From the noise s = (2 - omega)/(1 - omega) on.", s,
        (2 - omega) / (1 - omega), "unequal-noise",
        ends("where both are alike", lambda: sp.solve(ALL - CLEAN, s)[0], SANDWICH, needs=SOME),
        corrects="selection-all-best", conditions=SOME,
    ),
    claim(
        "score", "The score; The coefficient moves by -x^2 (2 G/H - v) a sample of noise v, at H = 1.",
        sp.Symbol("derivative"), -(x**2) * (2 * rate - v), "unequal-noise",
        ends("the derivative", influence, SANDWICH),
    ),
    claim(
        "noise-weighted", "With weights, the noisy more often; In proportion to the noise's deviation the "
        "coefficient is (1 - omega + omega sqrt(s))^2/phi.",
        coefficient, WEIGHTED_NOISE, "unequal-noise",
        drawn("noise-weighted", families(NOISES, (omega, (0.1, 0.5)), (s, (2, 9)), (phi, (0.1,)))),
    ),
    claim(
        "noise-least", "No weighted selection is better; That is the least.", least, WEIGHTED_NOISE,
        "unequal-noise",
        ends("the least", partial(at_split, *NOISY), SANDWICH, partial(is_stationary, *NOISY), needs=ROOM),
        conditions=ROOM,
    ),
    claim(
        "logistic", "Logistic regression; The coefficient is 1/E[pi x^2 p (1 - p)].", coefficient, LOGISTIC,
        "logistic-regression",
        drawn("logistic", families(BINARY, (odds, (2, 8)), (pi_1, (0.1, 0.9)), (pi_2, (0.1, 0.9)))),
    ),
    claim(
        "crossing", "Which samples are worth more; |x| = 2 up to odds 1 + sqrt(3) + sqrt(3 + 2 sqrt(3)).",
        odds, 1 + sp.sqrt(3) + sp.sqrt(3 + 2 * sp.sqrt(3)), "logistic-regression",
        ends("equal scores", crossing, SANDWICH),
    ),
    claim(
        "closer-better", "A better surrogate selects no worse; With odds 5, nearer to the truth's 6 to 20, "
        "the coefficient is at most that with odds 100.",
        ratio, 1, "logistic-regression",
        ends("the ratio", lambda: sp.factor(chosen(sp.Integer(5)) / chosen(sp.Integer(100))), SANDWICH),
        relation=Relation.UPPER, conditions=(sp.Gt(odds, 6), sp.Lt(odds, 20)),
        source="what the abstract says is not so", **REFUTED,
    ),
    claim(
        "two-slopes", "Two directions; Half of those kept in each is best: neither all nor none of one.",
        least, 4 / phi, "two-directions", ends("the least", partial(at_split, *ALIKE), SANDWICH,
        partial(is_stationary, *ALIKE), needs=ROOMS), conditions=ROOMS,
    ),
)  # fmt: skip
