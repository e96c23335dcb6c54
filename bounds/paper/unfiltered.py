"""Learning on all pairs: Corollary 1 (Section 4), Proposition 1 (Appendix E), Remark 4.1.

Derivations: proofs_notes/unfiltered.md.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from bounds.checks import Law, Measured, Number, Path, Proof, Relation, Scaling, Tail
from bounds.claim import Claim, Verdict
from bounds.law import distributions, scales
from bounds.paper import concentration_proofs
from bounds.paper.concentration import (
    COROLLARY_1_CONDITION,
    COROLLARY_1_EXPLICIT,
    COROLLARY_1_SAMPLES,
    EVERY_NOISE_SAMPLES,
    PROPOSITION_1_CONDITION,
    PROPOSITION_1_EVERY_NOISE,
    PROPOSITION_1_EXPLICIT,
)
from bounds.symbols import ERR, C, Noiseless, a_x, a_y, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r

UNFILTERED = Measured("unfiltered")

EXPONENT_MARGIN = 0.03
"""Margin within which a measured exponent counts as the claimed one: 0.05 is found wrong."""

GROWTH_MARGIN = 0.25
"""Margin for "up to a constant": half of the smallest wrong exponent that a rate could have."""

COROLLARY_1 = sp.sqrt(r * sp.Max(d, d_tilde) * a_x * a_y / n) / eta
"""The rate of Corollary 1 as printed."""

SAMPLE_CONDITION = sp.Ge(n, C * sp.Max(d, d_tilde) * a_x * a_y / eta**2)
"""The sample-size condition of Corollary 1 and Theorem 1, its constant named C."""

PROPOSITION_1 = sp.sqrt(d / (gamma * n)) / eta
"""The lower bound of Proposition 1, the part that its proof's instance shows."""

PROPOSITION_1_SAMPLES = C * d * a_x / eta**2
"""The number of pairs that the lower bound needs: Corollary 1's, where the other modality has no noise."""

PROPOSITION_1_SAMPLES_PRINTED = 4 * d / (gamma * eta**2)
"""The number of pairs in print: without 1 + 1/gamma it lets n eta tend to 0."""

HIGH_PROBABILITY = 1 - sp.exp(-C * sp.Max(d, d_tilde))
"""The paper's 1 - exp(-Omega(max{d, d_tilde}))."""

ROOT_MEAN_SQUARE = sp.Symbol(r"{\sqrt{\mathbb{E}\,\mathrm{ERR}^2}}", positive=True)
LEFT_ROOT_MEAN_SQUARE = sp.Symbol(r"{\sqrt{\mathbb{E}\,\|\sin\Theta_L\|_F^2}}", positive=True)
"""Root mean square of the left error, the random variable's own scale."""


def condition_multiple(multiple: float) -> sp.Expr:
    """n as a multiple of the sample condition's right-hand side (at C = 1)."""
    return multiple * sp.Max(d, d_tilde) * a_x * a_y / eta**2


CORE = ((d, 24), (d_tilde, 16), (r, 4), (gamma, 1), (gamma_tilde, 1))
"""A mid-sized setting at moderate signal-to-noise ratio."""

_EVERY_NOISE = ((d, 40), (d_tilde, 12), (r, 1), (gamma, 1), (eta, 0.5), (delta, 0.05))
"""Noise on both sides, for the lower bound that needs none to be absent."""

INSTANCE = ((d, 96), (d_tilde, 8), (r, 1), (gamma, 1), (gamma_tilde, sp.oo))
"""The proof's instance of Proposition 1: r = 1 and no noise in the second modality."""

IN_THE_INSTANCE = (sp.Eq(r, 1), Noiseless(gamma_tilde))
"""The conditions that make the instance, without those on its sizes."""


def _at_the_edge(
    parameter: sp.Symbol, values: tuple[Number, ...], margin: float = GROWTH_MARGIN, **at: Number
) -> Scaling:
    """The instance with n four times the condition of the lower bound: the ratio must not fall."""
    edge = PROPOSITION_1_SAMPLES.subs(C, 4)
    fixed = {d: 96, d_tilde: 8, r: 1, gamma: 1, gamma_tilde: sp.oo, eta: sp.Rational(1, 10), n: edge}
    fixed |= {symbol: at[symbol.name] for symbol in fixed if symbol.name in at}
    del fixed[parameter]
    return Scaling(UNFILTERED, Path(parameter, values, tuple(fixed.items())), two_sided=False, margin=margin)


SHRINKING_ETA = Path(
    gamma,
    (10**4, 10**6, 10**8),
    (
        *((symbol, value) for symbol, value in INSTANCE if symbol != gamma),
        (eta, 1 / sp.sqrt(gamma)),
        (n, PROPOSITION_1_SAMPLES_PRINTED),
    ),
)
"""n = 4 d throughout, the printed condition: n eta^2 = 4 d/gamma tends to 0, and so does n eta."""


def mirrored(check: Scaling) -> Scaling:
    """The same family with the modalities exchanged."""
    path = check.path
    at = tuple((MIRROR.get(s, s), sp.sympify(v).subs(MIRROR, simultaneous=True)) for s, v in path.at)
    return replace(check, path=Path(MIRROR.get(path.parameter, path.parameter), path.values, at))


MIRROR = {d: d_tilde, d_tilde: d, gamma: gamma_tilde, gamma_tilde: gamma}
"""The model with its modalities exchanged."""


OPEN_INSTANCE = ((d_tilde, 8), (r, 1), (gamma, 1), (gamma_tilde, sp.oo), (eta, 0.3))
"""The instance with d left open."""

GAMMA_INSTANCE = ((d, 32), (d_tilde, 8), (r, 1), (gamma_tilde, sp.oo), (eta, 0.3))
"""The instance with gamma left open."""

SQUARE = ((d_tilde, d), (r, 2), (gamma, 1), (gamma_tilde, 1), (eta, 0.3))
OPEN = ((d, 24), (d_tilde, 16), (r, 4), (gamma_tilde, 2), (eta, 0.3))


def _family(parameter: sp.Symbol, values: tuple[float, ...], multiple: float = 100, **at: Number) -> Path:
    fixed: dict[sp.Symbol, Number] = {
        d: 24, d_tilde: 16, r: 4, gamma: 1, gamma_tilde: 1, eta: 0.3, n: condition_multiple(multiple)
    }  # fmt: skip
    fixed |= {symbol: at[symbol.name] for symbol in fixed if symbol.name in at}
    del fixed[parameter]
    if parameter != n:
        # The condition at the end that needs most: n itself stands still.
        fixed[n] = max(point["n"] for point in Path(parameter, values, tuple(fixed.items())).points())
    return Path(parameter, values, tuple(fixed.items()))


COROLLARY_1_FAMILIES = (
    _family(d, (8, 32, 128), d_tilde=8),
    _family(d_tilde, (8, 32, 128), d=8),
    # With both dimensions, as r can go on only with them.
    _family(r, (1, 3, 8), d=8 * r, d_tilde=8 * r),
    _family(gamma, (1.0, 0.1, 0.01)),
    _family(gamma, (1.0, 100.0, 1e4)),
    _family(gamma_tilde, (1.0, 0.1, 0.01)),
    _family(gamma_tilde, (1.0, 100.0, 1e4)),
    Path(
        gamma,
        (1.0, 100.0, 1e4),
        ((d, 24), (d_tilde, 16), (r, 4), (gamma_tilde, gamma), (eta, 0.3), (n, condition_multiple(100))),
    ),
    _family(n, (10**5, 10**7, 10**9, 10**12)),
    # One dimension for the other: their geometric mean does not move.
    _family(d, (16, 128), d_tilde=sp.Max(r, 128 / d), r=1),
)
"""Families inside the sample condition along which the constant of Corollary 1 must not grow."""

PROPOSITION_1_RATES = (
    Scaling(
        UNFILTERED,
        Path(eta, (1.0, 0.3, 0.1, 0.03), (*INSTANCE, (n, 10**7))),
        two_sided=True,
        margin=EXPONENT_MARGIN,
    ),
    Scaling(
        UNFILTERED,
        Path(n, (10**5, 10**6, 10**7, 10**8), (*INSTANCE, (eta, 0.3))),
        two_sided=True,
        margin=EXPONENT_MARGIN,
    ),
    Scaling(
        UNFILTERED, Path(d, (8, 32, 128), (*OPEN_INSTANCE, (n, 10**7))), two_sided=False, margin=GROWTH_MARGIN
    ),
    # Directions of the other modality, without noise, are of no account.
    Scaling(
        UNFILTERED,
        Path(d_tilde, (2, 64), (*(p for p in INSTANCE if p[0] != d_tilde), (eta, 0.3), (n, 10**7))),
        two_sided=True,
        margin=5 * EXPONENT_MARGIN,
    ),
    Scaling(
        UNFILTERED,
        Path(gamma, (0.1, 10.0, 1000.0), (*GAMMA_INSTANCE, (n, 10**7))),
        two_sided=True,
        margin=5 * EXPONENT_MARGIN,
    ),
)
"""The exponents of Proposition 1 where n is far above its condition."""

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="corollary-1",
        title="Error of learning on all pairs, from above",
        source="Section 4, Corollary 1",
        statement=(
            "With enough samples the error of learning on all pairs is at most of order "
            "(1/eta) sqrt(r max(d, d~)(1 + 1/gamma)(1 + 1/gamma~)/n), with high probability."
        ),
        relation=Relation.UPPER,
        bound=COROLLARY_1,
        quantity=ERR,
        up_to_constant=True,
        conditions=(SAMPLE_CONDITION,),
        probability=HIGH_PROBABILITY,
        remark="`corollary-1-explicit` has the probability, with numbers for the constants.",
        checks=(
            Scaling(
                UNFILTERED,
                Path(eta, (1.0, 0.3, 0.1, 0.03), (*CORE, (n, 10**8))),
                two_sided=True,
                margin=EXPONENT_MARGIN,
            ),
            Scaling(
                UNFILTERED,
                Path(n, (10**5, 10**6, 10**7, 10**8), (*CORE, (eta, 0.3))),
                two_sided=True,
                margin=EXPONENT_MARGIN,
            ),
            *(
                Scaling(UNFILTERED, family, two_sided=False, margin=GROWTH_MARGIN)
                for family in COROLLARY_1_FAMILIES
            ),
        ),
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#corollary-1",
        depends_on=("eq-6", "eq-24", "lemma-2", "step-5"),
    ),
    Claim(
        id="proposition-1",
        title="Error of learning on all pairs, from below",
        source="Section 4, Proposition 1; Appendix E",
        statement=(
            "There are instances, those with r = 1, d >= 2 and no noise in the second modality, where with "
            "enough samples the error is at least of order (1/eta) sqrt(d/(gamma n))."
        ),
        relation=Relation.LOWER,
        bound=PROPOSITION_1,
        quantity=ERR,
        up_to_constant=True,
        conditions=(*IN_THE_INSTANCE, sp.Ge(d, 2), sp.Ge(n, PROPOSITION_1_SAMPLES)),
        probability=1 - sp.exp(-C * d),
        checks=PROPOSITION_1_RATES,
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#proposition-1",
        depends_on=("eq-35", "eq-36"),
        remark="`proposition-1-explicit` has the probability, with numbers for the constants.",
    ),
    Claim(
        id="proposition-1-mirror",
        title="Error of learning on all pairs, from below, by the other modality's noise",
        source="Section 4, Proposition 1; Appendix E",
        statement=(
            "There are instances, those with r = 1, d~ >= 2 and no noise in the first modality, where with "
            "enough samples the error is at least of order (1/eta) sqrt(d~/(gamma~ n)): the second part of "
            "the printed max."
        ),
        relation=Relation.LOWER,
        bound=PROPOSITION_1.subs(MIRROR, simultaneous=True),
        quantity=ERR,
        up_to_constant=True,
        conditions=(
            sp.Eq(r, 1),
            Noiseless(gamma),
            sp.Ge(d_tilde, 2),
            sp.Ge(n, PROPOSITION_1_SAMPLES.subs(MIRROR, simultaneous=True)),
        ),
        probability=1 - sp.exp(-C * d_tilde),
        checks=tuple(mirrored(check) for check in PROPOSITION_1_RATES),
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#proposition-1",
        depends_on=("eq-35", "eq-36"),
    ),
    Claim(
        id="proposition-1-samples",
        title="The samples that the lower bound needs, as printed",
        source="Appendix E, proof of Proposition 1",
        statement=(
            "In the instance (r = 1, no noise in the second modality) n >= 4 d/(gamma eta^2) pairs are "
            "enough for an error of at least the order (1/eta) sqrt(d/(gamma n)), at every gamma."
        ),
        relation=Relation.LOWER,
        bound=PROPOSITION_1,
        quantity=ERR,
        up_to_constant=True,
        conditions=(*IN_THE_INSTANCE, sp.Ge(d, 2), sp.Ge(n, PROPOSITION_1_SAMPLES_PRINTED)),
        probability=1 - sp.exp(-C * d),
        # The error is that of a ratio to a normal variable, whose logarithm spreads by pi/sqrt(8) = 1.11.
        checks=(
            Scaling(replace(UNFILTERED, spread=1.15), SHRINKING_ETA, two_sided=False, margin=GROWTH_MARGIN),
        ),
        expected=Verdict.REFUTED,
        note="unfiltered.md#proposition-1",
        depends_on=("eq-35", "eq-36"),
        remark=(
            "At gamma = 1e8, eta = 1e-4, d = 96, n = 384 no pair is clean in 96% of all samples, and the "
            "median error is 0.003 of the bound."
        ),
    ),
    Claim(
        id="proposition-1-samples-corrected",
        title="The samples that the lower bound needs",
        source="Appendix E, proof of Proposition 1, corrected",
        statement=(
            "In the instance (r = 1, no noise in the second modality, d >= 2) n >= C d (1 + 1/gamma)/eta^2 "
            "pairs are enough for an error of at least the order (1/eta) sqrt(d/(gamma n)), at every gamma "
            "and eta."
        ),
        relation=Relation.LOWER,
        bound=PROPOSITION_1,
        quantity=ERR,
        up_to_constant=True,
        conditions=(*IN_THE_INSTANCE, sp.Ge(d, 2), sp.Ge(n, PROPOSITION_1_SAMPLES)),
        probability=1 - sp.exp(-C * d),
        checks=(
            # So long a way shows a quarter of a power.
            _at_the_edge(gamma, (1, 10**4, 10**8), margin=0.4 * GROWTH_MARGIN),
            _at_the_edge(gamma, (1, sp.Rational(1, 100))),
            _at_the_edge(eta, (1, sp.Rational(1, 100), sp.Rational(1, 10**4)), gamma=10**4),
            _at_the_edge(gamma, (1, 10**4, 10**8), eta=1 / sp.sqrt(gamma)),
            _at_the_edge(d, (8, 32, 256), gamma=10**4),
            _at_the_edge(d_tilde, (2, 64)),
            _at_the_edge(n, (4 * 10**8, 10**10, 10**12), gamma=10**4, eta=sp.Rational(1, 1000)),
        ),
        variant="corrected",
        corrects="proposition-1-samples",
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#proposition-1",
        depends_on=("eq-35", "eq-36"),
        remark="Judged where n is four times the condition at C = 1.",
    ),
    Claim(
        id="corollary-1-explicit",
        title="Error of learning on all pairs, from above, with numbers for the constants",
        source="Section 4, Corollary 1, with explicit constants",
        statement=(
            "With probability at least 1 - delta the error of learning on all pairs is at most the stated "
            "expression, which has no unnamed constant."
        ),
        relation=Relation.UPPER,
        bound=COROLLARY_1_EXPLICIT,
        quantity=ERR,
        conditions=(COROLLARY_1_CONDITION,),
        probability=1 - delta,
        checks=(
            Proof(concentration_proofs.corollary_1),
            Tail(
                UNFILTERED,
                (
                    Path(eta, (1.0, 0.3, 0.05), (*CORE, (delta, 0.05), (n, COROLLARY_1_SAMPLES))),
                    Path(d, (4, 64), (*SQUARE, (delta, 0.05), (n, 100 * COROLLARY_1_SAMPLES))),
                    Path(gamma, (0.1, 1e4), (*OPEN, (delta, 0.05), (n, 10 * COROLLARY_1_SAMPLES))),
                    Path(
                        gamma_tilde,
                        (0.1, 1e4),
                        (*CORE[:3], (gamma, 2), (eta, 0.3), (delta, 0.05), (n, 10 * COROLLARY_1_SAMPLES)),
                    ),
                ),
                random_settings=8,
            ),
        ),
        variant="explicit",
        expected=Verdict.SUPPORTED,
        note="concentration.md#corollary-1",
        depends_on=("eq-6",),
        remark=concentration_proofs.REMARK,
    ),
    Claim(
        id="corollary-1-sharp",
        title="The law of the error of learning on all pairs",
        source="Section 4, Corollary 1, sharpened",
        statement=(
            "To first order the squared left error is V_L times a chi-square variable with (d - r) r degrees "
            "of freedom, V_L = (1 + 1/gamma~)/(gamma n eta^2), likewise on the right, independently; the "
            "bound shown is the left error's root mean square."
        ),
        relation=Relation.EQUAL,
        bound=scales.rms(scales.unfiltered_scale(n, eta, gamma, a_y), d, r),
        quantity=LEFT_ROOT_MEAN_SQUARE,
        checks=(
            Law(
                UNFILTERED,
                distributions.unfiltered_cdf,
                (
                    Path(eta, (1.0, 0.3), (*CORE, (n, 10**7))),
                    Path(n, (10**6, 10**9), (*CORE, (eta, 0.3))),
                    Path(gamma, (0.1, 1e4, sp.oo), (*OPEN, (n, 10**7))),
                    Path(gamma_tilde, (0.1, 1e4, sp.oo), (*CORE[:3], (gamma, 2), (eta, 0.3), (n, 10**7))),
                    Path(
                        r,
                        (1, 7, 8),
                        ((d, 12), (d_tilde, 8), (gamma, 2), (gamma_tilde, 5), (eta, 0.5), (n, 10**7)),
                    ),
                ),
                tolerance=0.2,
                wrong=(("d-in-place-of-d-minus-r", distributions.uncorrected_cdf),),
                shown=distributions.left_unfiltered_cdf,
            ),
        ),
        variant="sharp",
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#sharp-law",
        depends_on=("eq-6",),
        remark=(
            "Each side's root mean square obeys Corollary 1 with constant 1, to which its ratio tends as "
            "gamma -> 0 and r/d -> 0; ERR, the larger of two, may need up to sqrt(1 + 2/pi) "
            "(error-of-two-sides). Remark 4.1's vanishing factor is 1/gamma in place of 1 + 1/gamma."
        ),
    ),
    Claim(
        id="proposition-1-explicit",
        title="Error of learning on all pairs, from below, with numbers for the constants",
        source="Appendix E, Proposition 1, with explicit constants",
        statement=(
            "In the instance r = 1 without noise in the second modality the error is at least the stated "
            "expression with probability at least 1 - delta."
        ),
        relation=Relation.LOWER,
        bound=PROPOSITION_1_EXPLICIT,
        quantity=ERR,
        conditions=(*IN_THE_INSTANCE, PROPOSITION_1_CONDITION),
        probability=1 - delta,
        checks=(
            Proof(concentration_proofs.proposition_1),
            Tail(
                UNFILTERED,
                (
                    Path(eta, (1.0, 0.3, 0.05), (*INSTANCE, (delta, 0.05), (n, 10**5))),
                    Path(d, (2, 8, 128), (*OPEN_INSTANCE, (delta, 0.05), (n, 10**5))),
                    Path(gamma, (0.1, 10.0, 1000.0), (*GAMMA_INSTANCE, (delta, 0.05), (n, 10**6))),
                ),
                random_settings=4,
            ),
        ),
        variant="explicit",
        expected=Verdict.SUPPORTED,
        note="concentration.md#proposition-1",
        depends_on=("eq-35", "eq-36"),
        remark=concentration_proofs.REMARK,
    ),
    Claim(
        id="proposition-1-every-noise",
        title="Error of learning on all pairs, from below, for every second modality",
        source="Appendix E, Proposition 1, with explicit constants and noise on both sides",
        statement=(
            "For r = 1, whatever the second modality's noise and dimension, the error is at least the stated "
            "expression with probability at least 1 - delta: Proposition 1 is no matter of one instance."
        ),
        relation=Relation.LOWER,
        bound=PROPOSITION_1_EVERY_NOISE,
        quantity=ERR,
        conditions=(sp.Eq(r, 1), sp.Ge(d, 2), sp.Ge(n, EVERY_NOISE_SAMPLES, evaluate=False)),
        probability=1 - delta,
        checks=(
            Proof(concentration_proofs.every_noise),
            Tail(
                UNFILTERED,
                (
                    Path(gamma_tilde, (0.3, 3.0), (*_EVERY_NOISE, (n, EVERY_NOISE_SAMPLES))),
                    Path(gamma_tilde, (0.3, 3.0), (*_EVERY_NOISE, (n, 1000 * EVERY_NOISE_SAMPLES))),
                ),
                random_settings=4,
            ),
        ),
        variant="explicit",
        expected=Verdict.SUPPORTED,
        note="concentration.md#every-second-modality",
        depends_on=("eq-35", "eq-36"),
        remark=concentration_proofs.REMARK,
    ),
    Claim(
        id="proposition-1-sharp",
        title="The constant of the lower bound",
        source="Appendix E, Proposition 1, sharpened",
        statement=(
            "To first order, in the instance the root mean square of the error is the printed bound times "
            "sqrt(1 - 1/d), so its constant is at most sqrt(1 - 1/d): nothing at d = 1."
        ),
        relation=Relation.EQUAL,
        bound=sp.sqrt(1 - 1 / d) * sp.sqrt(d / gamma / n) / eta,
        quantity=ROOT_MEAN_SQUARE,
        conditions=IN_THE_INSTANCE,
        checks=(
            Law(
                UNFILTERED,
                distributions.unfiltered_cdf,
                (
                    Path(d, (2, 32), (*OPEN_INSTANCE, (n, 10**7))),
                    Path(gamma, (0.1, 1000.0), (*GAMMA_INSTANCE, (n, 10**7))),
                    Path(n, (10**6, 10**9), (*INSTANCE, (eta, 0.3))),
                    Path(eta, (1.0, 0.1), (*INSTANCE, (n, 10**7))),
                ),
                tolerance=0.1,
                wrong=(("constant-one", distributions.uncorrected_cdf),),
                shown=distributions.unfiltered_cdf,
            ),
        ),
        variant="sharp",
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#proposition-1-sharp",
        depends_on=("corollary-1-sharp",),
    ),
)
