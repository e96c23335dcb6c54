"""Section 6.2 at the thresholds 0 and r/2, and Step 4.3: what a filter keeps and how it is biased.

Proofs in code: `bounds.paper.thresholds_proofs`; in words: proofs_notes/thresholds.md.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from bounds.checks import Certificate, Proof, Relation
from bounds.claim import Claim, Verdict
from bounds.paper import thresholds_proofs as proofs
from bounds.paper.tails_proofs import MEAN_AT_ZERO
from bounds.symbols import (
    Noiseless,
    P,
    a_x,
    a_y,
    gamma,
    gamma_tilde,
    mean_0,
    mean_1,
    r,
    tail_0,
    tail_1,
    theta,
)

HALF = proofs.HALF

MEAN_0_AT_ZERO = sp.sqrt(a_x * a_y) * MEAN_AT_ZERO
"""E_0(0) in closed form."""

MEAN_0_ASYMPTOTE = sp.sqrt(2 * r * a_x * a_y / sp.pi)
"""What E_0(0) tends to as r grows, and never passes."""

MEAN_0_LOWER = sp.sqrt((2 * r - 1) * a_x * a_y / sp.pi)

HALF_R_CERTIFICATE = proofs.certify_median(r / 2, Fraction(1, 8), 8)
MEDIAN_CERTIFICATE = proofs.certify_median(r - 1, Fraction(1, 2), 5)

CROSSING = sp.Symbol(r"\eta_\times", positive=True)
"""The clean fraction at which the oracle's errors at thresholds r/2 and 0 are equal."""

BRANCHES_MEET = sp.Symbol(r"\eta_{=}", positive=True)
"""The clean fraction at which the two branches of Theorem 1's bound are equal."""

AT_ZERO = (sp.Eq(theta, 0),)
AT_HALF_R = (sp.Eq(theta, r / 2),)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="section-6-2-mean-1-zero",
        title="Mean clean score above 0",
        source="Section 6.2, theta = 0",
        statement="E_1(0) >= r, as E_1 >= r at every threshold.",
        quantity=mean_1,
        relation=Relation.LOWER,
        bound=r,
        checks=(Proof(proofs.mean_above(r, clean=True)),),
        expected=Verdict.PROVED,
        note="thresholds.md#threshold-0",
    ),
    Claim(
        id="section-6-2-mean-0-zero",
        title="Mean corrupted score above 0, as printed",
        source="Section 6.2, theta = 0",
        statement="E_0(0) >= 2/pi.",
        quantity=mean_0,
        relation=Relation.LOWER,
        bound=2 / sp.pi,
        best=True,
        conditions=AT_ZERO,
        checks=(Proof(proofs.rising_mean), Certificate(proofs.certify_mean_at_zero)),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-0",
        depends_on=("lemma-9-zero",),
        remark="Equality only at r = 1 without noise; the truth grows like sqrt(r).",
    ),
    Claim(
        id="section-6-2-mean-0-zero-sharp",
        title="Mean corrupted score above 0, exactly",
        source="Section 6.2, theta = 0",
        statement="E_0(0) = (2/sqrt(pi)) sqrt(a a~) Gamma((r+1)/2)/Gamma(r/2).",
        variant="sharp",
        quantity=mean_0,
        relation=Relation.EQUAL,
        bound=MEAN_0_AT_ZERO,
        conditions=AT_ZERO,
        checks=(Proof(proofs.mean_at_zero), Certificate(proofs.certify_closed_form)),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-0",
    ),
    Claim(
        id="section-6-2-mean-0-zero-asymptote",
        title="Mean corrupted score above 0, from above by its asymptote",
        source="Section 6.2, theta = 0",
        statement="E_0(0) <= sqrt(2 r a a~/pi), with ratio tending to 1.",
        variant="explicit",
        quantity=mean_0,
        relation=Relation.UPPER,
        bound=MEAN_0_ASYMPTOTE,
        conditions=AT_ZERO,
        checks=(Proof(proofs.asymptote(upper=True)), Certificate(proofs.certify_asymptote)),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-0",
        depends_on=("section-6-2-mean-0-zero-sharp",),
    ),
    Claim(
        id="section-6-2-mean-0-zero-explicit",
        title="Mean corrupted score above 0, from below with the right growth in r",
        source="Section 6.2, theta = 0",
        statement="E_0(0) >= sqrt((2r-1) a a~/pi).",
        variant="explicit",
        quantity=mean_0,
        relation=Relation.LOWER,
        bound=MEAN_0_LOWER,
        conditions=AT_ZERO,
        checks=(Proof(proofs.asymptote(upper=False)), Certificate(proofs.certify_asymptote)),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-0",
        depends_on=("section-6-2-mean-0-zero-sharp",),
    ),
    Claim(
        id="section-6-2-tail-1-zero",
        title="Share of clean pairs with a positive score",
        source="Section 6.2, theta = 0",
        statement="P_1(0) >= 1/2.",
        quantity=tail_1,
        relation=Relation.LOWER,
        bound=HALF,
        conditions=AT_ZERO,
        checks=(Proof(proofs.symmetric), Certificate(proofs.certify_at_zero(clean=True))),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-0",
    ),
    Claim(
        id="section-6-2-tail-0-zero",
        title="Share of corrupted pairs with a positive score",
        source="Section 6.2, theta = 0",
        statement="P_0(0) = 1/2.",
        quantity=tail_0,
        relation=Relation.EQUAL,
        bound=HALF,
        conditions=AT_ZERO,
        checks=(Proof(proofs.exactly_half), Certificate(proofs.certify_at_zero(clean=False))),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-0",
    ),
    Claim(
        id="section-6-2-mean-1-half",
        title="Mean clean score above r/2",
        source="Section 6.2, theta = r/2",
        statement="E_1(r/2) >= r, as E_1 >= r at every threshold.",
        quantity=mean_1,
        relation=Relation.LOWER,
        bound=r,
        checks=(Proof(proofs.mean_above(r, clean=True)),),
        expected=Verdict.PROVED,
        note="thresholds.md#threshold-r2",
    ),
    Claim(
        id="section-6-2-mean-0-half",
        title="Mean corrupted score above r/2",
        source="Section 6.2, theta = r/2",
        statement="E_0(r/2) >= r/2.",
        quantity=mean_0,
        relation=Relation.LOWER,
        bound=r / 2,
        conditions=AT_HALF_R,
        checks=(Proof(proofs.mean_above(theta, clean=False)),),
        expected=Verdict.PROVED,
        note="thresholds.md#threshold-r2",
    ),
    Claim(
        id="section-6-2-tail-1-half",
        title="Share of clean pairs with a score above r/2, as printed for every r",
        source="Section 6.2, theta = r/2",
        statement="P_1(r/2) >= 1/2.",
        quantity=tail_1,
        relation=Relation.LOWER,
        bound=HALF,
        conditions=AT_HALF_R,
        checks=(Certificate(proofs.certify_half_r, bits=40),),
        expected=Verdict.REFUTED,
        note="thresholds.md#threshold-r2",
    ),
    Claim(
        id="section-6-2-tail-1-half-corrected",
        title="Share of clean pairs with a score above r/2",
        source="Section 6.2, theta = r/2",
        statement="P_1(r/2) >= 1/2 for every r >= 2.",
        variant="corrected",
        corrects="section-6-2-tail-1-half",
        quantity=tail_1,
        relation=Relation.LOWER,
        bound=HALF,
        conditions=(*AT_HALF_R, sp.Ge(r, 2)),
        checks=(Proof(proofs.median(r / 2)), Certificate(HALF_R_CERTIFICATE, bits=40)),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-r2",
    ),
    Claim(
        id="section-6-2-tail-1-sharp",
        title="The median of the clean score is at least r - 1",
        source="Section 6.2",
        statement=(
            "P_1(r - 1) >= 1/2 for every r >= 2 and every SNR, and 1/2 is approached as the noise grows; no "
            "larger threshold has that."
        ),
        variant="sharp",
        quantity=tail_1,
        relation=Relation.LOWER,
        bound=HALF,
        best=True,
        conditions=(sp.Eq(theta, r - 1), sp.Ge(r, 2)),
        checks=(Proof(proofs.largest_median), Certificate(MEDIAN_CERTIFICATE, bits=40)),
        expected=Verdict.CERTIFIED,
        note="thresholds.md#threshold-r2",
    ),
    Claim(
        id="step-4-3-zero",
        title="Share that the oracle keeps at threshold 0",
        source="Appendix G, Step 4.3",
        statement="P_O(0) >= 1/2.",
        quantity=P,
        relation=Relation.LOWER,
        bound=HALF,
        conditions=AT_ZERO,
        checks=(Proof(proofs.kept_share_at_zero),),
        expected=Verdict.PROVED,
        note="thresholds.md#step-43",
        depends_on=("section-6-2-tail-1-zero", "section-6-2-tail-0-zero"),
    ),
    Claim(
        id="theorem-1-switch",
        title="Where the errors at thresholds r/2 and 0 cross, as printed",
        source="Section 6.2; Theorem 1",
        statement="Read as about the errors: threshold 0 overtakes r/2 at a clean fraction of order 1/r^2.",
        quantity=CROSSING,
        relation=Relation.EQUAL,
        bound=1 / r**2,
        up_to_constant=True,
        checks=(Proof(proofs.crossing_order),),
        expected=Verdict.REFUTED,
        note="thresholds.md#the-switch",
        remark="The printed order is where the printed upper bounds cross, of which one is loose by sqrt(r).",
    ),
    Claim(
        id="theorem-1-branches",
        title="Where the two branches of Theorem 1's bound cross",
        source="Section 5, Theorem 1",
        statement="T_0.5 = sqrt(r/eta) and T_0 = r^1.5, the two upper bounds, are equal at eta = 1/r^2.",
        quantity=BRANCHES_MEET,
        relation=Relation.EQUAL,
        bound=1 / r**2,
        checks=(Proof(proofs.branches),),
        expected=Verdict.PROVED,
        note="thresholds.md#the-switch",
        remark="So print's switch is right about its bounds; about the errors it is not (theorem-1-switch).",
    ),
    Claim(
        id="theorem-1-switch-corrected",
        title="Where the errors at thresholds r/2 and 0 cross",
        source="Section 6.2; Theorem 1",
        statement=(
            "In the limit of no noise, gamma = gamma~ -> oo, the ratio of the two oracle errors passes 1 at "
            "eta = 1/(pi r), to first order as r grows."
        ),
        variant="corrected",
        corrects="theorem-1-switch",
        quantity=CROSSING,
        relation=Relation.EQUAL,
        bound=1 / (sp.pi * r),
        conditions=(Noiseless(gamma), Noiseless(gamma_tilde)),
        checks=(Proof(proofs.crossing_limit),),
        expected=Verdict.PROVED,
        note="thresholds.md#the-switch",
        depends_on=("section-6-2-mean-0-zero-sharp",),
    ),
)
