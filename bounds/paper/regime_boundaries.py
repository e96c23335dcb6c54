"""Where one regime of the filtered error ends and the next begins (Section 6.2, Theorem 1).

Where the curves of the thresholds 0 and r/2 cross, and where the flat regime and the leak begin, is enclosed
exactly from the first-order law (`bounds.paper.regime_boundaries_proofs`) for five latent dimensions at three
SNRs, and the crossing is measured at moderate r.  Derivations: proofs_notes/regimes.md.
"""

from __future__ import annotations

from functools import partial

import sympy as sp

from bounds.checks import Certificate, Law, Level, Measured, ProfileName, Relation
from bounds.claim import Claim, Verdict
from bounds.law.distributions import ThresholdRatioCdf
from bounds.law.regimes import leak_boundary_at_zero
from bounds.paper import regime_boundaries_proofs as proofs
from bounds.paper.regimes import eta_path
from bounds.paper.thresholds import CROSSING
from bounds.symbols import a_x, a_y, gamma, gamma_tilde, mass_0, r, theta

THRESHOLD_RATIO = sp.Symbol(r"\mathrm{ERR}_{r/2} / \mathrm{ERR}_{0}", positive=True)
"""The oracle's error at threshold r/2 over its error at 0."""

CROSSING_EXPANSION = a_x * a_y / (sp.pi * r) * (1 + 2 * sp.sqrt(2 * a_x * a_y / (sp.pi * r)))
"""Two terms of the crossing as r grows."""

REMAINDER = 14
"""The crossing is within the relative distance REMAINDER/r of its expansion where r >= 16 at high SNR, and
where r >= 64 at gamma = 1.

No theory gives this number: it was chosen after the crossings had been computed, and the certificate then
holds for it at the stated r and SNR only.
"""

PRINTED_FACTOR = 6.0
"""1/r^2 is judged up to this factor: the largest by which it is off at r = 2 and 4 is 5.6."""

PLACES: dict[proofs.Place, tuple[float, ...]] = {
    (2, 1): (),
    (4, 1): (),
    (16, 1): (),
    (64, 1): (0.023048, 0.99739),
    (256, 1): (0.0061612, 0.99998),
    (2, 10): (0.43293,),
    (4, 10): (0.012195, 0.63721),
    (16, 10): (0.028236, 0.92480),
    (64, 10): (0.0076143, 0.99934),
    (256, 10): (0.0016836, 1.0),
    (2, 10**4): (0.044518, 0.28033),
    (4, 10**4): (0.033560, 0.58005),
    (16, 10**4): (0.026066, 0.93166),
    (64, 10**4): (0.0061349, 0.99967),
    (256, 10**4): (0.0013767, 1.0),
}
"""Every crossing of the thresholds 0 and r/2 by (r, gamma = gamma~), to five digits."""

PLACES_DIGITS = 1e-4
"""Relative accuracy of `PLACES` that is certified."""

COUNT = sp.Piecewise(
    (0, sp.And(gamma <= 1, r <= 16)), (1, sp.And(gamma <= 10, sp.Ge(gamma, 10), r <= 2)), (2, True)
)
"""Number of crossings at the places of `PLACES`."""

LEAK_AT_ZERO = leak_boundary_at_zero(r, gamma, gamma_tilde)
"""Small-eta limit of the leak's boundary at theta = 0 for N = n_T."""

LEAK_AT_HALF = sp.Min(
    mass_0 / ((1 + gamma) * r * sp.sqrt(proofs.UP_0)),
    (mass_0 / ((1 + gamma) * r * sp.sqrt(proofs.UP_1))) ** sp.Rational(2, 3),
    evaluate=False,  # SymPy takes long to find that neither is always the smaller one
)
"""The leak's boundary at any threshold where clean pairs leak little: corrupted or clean pairs supply K."""

LEAK_FACTOR = 1.25
"""Factor up to which `LEAK_AT_HALF` is certified at theta = r/2; see the note for sqrt(2)."""

MASS_AT_ZERO = sp.sqrt(a_x * a_y / sp.pi) * sp.gamma((r + 1) / 2) / sp.gamma(r / 2)
FLAT_AT_ZERO = MASS_AT_ZERO / (MASS_AT_ZERO + r)
"""The flat regime's boundary at theta = 0 with M_1 = r, which is nearly so."""

LEAST_FLAT = 0.92
"""M_1 - r is at most 8% of M_0 + M_1: at r = 2, gamma = 1; elsewhere less than 4%."""

SETTINGS = "for r = 2, 4, 16, 64, 256 and gamma = gamma~ = 1, 10, 10^4"
"""`proofs.EVERY_PLACE` in words."""

MEASURED_CROSSING = 0.02607
"""First crossing at r = 16, gamma = 10^4."""

LEAK_ETA = sp.Symbol(r"\eta_{\mathrm{leak}}", positive=True)
"""The clean fraction at which half of the variance of Algorithm 1's error is the teacher's share."""


def _printed(_: int) -> float:
    return PRINTED_FACTOR


def _expanded(r_value: int) -> float:
    return 1 + REMAINDER / r_value


def _ratio_level(
    r_value: int, clean: float, value: float, noisy: int, pairs: int, least: ProfileName = "quick"
) -> Level:
    """The median ratio of the errors at r/2 and 0 is `value` at gamma = 10^4."""
    measured = Measured("oracle-filtered", "error-ratio", thetas=(sp.Integer(0), r / 2), spread=0.04)
    path = eta_path((clean,), r_value, noisy, pairs, 1e4)
    return Level(measured, path, tolerance=0.08, value=value, least=least)


def _moved(location: float) -> ThresholdRatioCdf:
    """The law of the ratio if the thresholds swapped places at `location` for r = 16."""
    return ThresholdRatioCdf(location / MEASURED_CROSSING)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="regime-switch",
        title="Where the thresholds swap places, as printed, at finite r",
        source="Section 6.2; Theorem 1",
        statement=(
            "Read as about the errors: within a factor 6, thresholds 0 and r/2 first swap places at "
            f"eta = 1/r^2, {SETTINGS}."
        ),
        quantity=CROSSING,
        relation=Relation.EQUAL,
        bound=1 / r**2,
        up_to_constant=True,
        conditions=proofs.EVERY_PLACE,
        checks=(Certificate(partial(proofs.certify_switch, _printed)),),
        expected=Verdict.REFUTED,
        note="regimes.md#where-they-lie",
        depends_on=("theorem-1-switch",),
        remark=(
            "True at r = 2, 4 and gamma = 10, 10^4 (`regime-switch-small-rank`).  No switch at r = 2, 4, 16 "
            "and gamma = 1.  Elsewhere the crossing over 1/r^2 grows like r: 7 at r = 16, 90 or more at 256."
        ),
    ),
    Claim(
        id="regime-switch-small-rank",
        title="Where the thresholds swap places, as printed, at r = 2 and 4",
        source="Section 6.2; Theorem 1",
        statement=(
            "Within a factor 6, thresholds 0 and r/2 first swap places at eta = 1/r^2, for r = 2, 4 and "
            "gamma = gamma~ = 10, 10^4."
        ),
        quantity=CROSSING,
        relation=Relation.EQUAL,
        bound=1 / r**2,
        up_to_constant=True,
        conditions=(proofs.EQUAL_NOISE, proofs.one_of(r, (2, 4)), proofs.one_of(gamma, (10, 10**4))),
        checks=(Certificate(partial(proofs.certify_switch, _printed)),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-they-lie",
        remark="So few points show no order in r: 1/(pi r) is off by less than a factor 7 there, too.",
    ),
    Claim(
        id="regime-switch-sharp",
        title="Where the thresholds swap places, two terms in r",
        source="Section 6.2; Theorem 1, sharpened",
        statement=(
            "The oracle's errors at 0 and r/2 are first equal at (a a~/(pi r))(1 + 2 sqrt(2 a a~/(pi r))), "
            "up to the factor 1 + 14/r, for r = 16 and gamma = gamma~ = 10, 10^4 and for r = 64, 256 and "
            "gamma = gamma~ = 1, 10, 10^4."
        ),
        quantity=CROSSING,
        relation=Relation.EQUAL,
        bound=CROSSING_EXPANSION,
        variant="sharp",
        corrects="regime-switch",
        conditions=(
            proofs.EQUAL_NOISE,
            proofs.one_of(r, (16, 64, 256)),
            proofs.one_of(gamma, proofs.SNRS),
            sp.Or(sp.Gt(r, 16), sp.Gt(gamma, 1)),
        ),
        checks=(Certificate(partial(proofs.certify_switch, _expanded)),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-they-lie",
        depends_on=("theorem-1-switch-corrected",),
    ),
    Claim(
        id="regime-crossings",
        title="How often the thresholds swap places",
        source="Section 6.2; Theorem 1, sharpened",
        statement=(
            f"The oracle's errors at 0 and r/2 are equal at exactly two eta, {SETTINGS}, but at none for "
            "gamma = 1, r <= 16 and at one for gamma = 10, r = 2."
        ),
        quantity=sp.Symbol(r"\#\{\eta_\times\}", positive=True),
        relation=Relation.EQUAL,
        bound=COUNT,
        variant="sharp",
        conditions=proofs.EVERY_PLACE,
        checks=(Certificate(proofs.certify_count),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-they-lie",
        remark="Where there are two, r/2 is better between them; where there is one, below it.",
    ),
    Claim(
        id="regime-places",
        title="Where the thresholds swap places, setting by setting",
        source="Section 6.2; Theorem 1, sharpened",
        statement=(
            "Every crossing of the oracle's errors at 0 and r/2 is the one of the note's table, to a "
            f"relative 10^-4, {SETTINGS}."
        ),
        quantity=CROSSING / sp.Symbol(r"\eta_{\mathrm{table}}", positive=True),
        relation=Relation.EQUAL,
        bound=sp.Integer(1),
        variant="sharp",
        conditions=proofs.EVERY_PLACE,
        checks=(Certificate(partial(proofs.certify_places, PLACES, PLACES_DIGITS)),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-they-lie",
    ),
    Claim(
        id="regime-no-crossing",
        title="At moderate SNR and small r threshold r/2 is better throughout",
        source="Section 6.2; Theorem 1, sharpened",
        statement="At gamma = gamma~ = 1, r = 2, 4, 16 the oracle's error at r/2 is smaller at every eta.",
        quantity=THRESHOLD_RATIO,
        relation=Relation.UPPER,
        bound=sp.Integer(1),
        variant="sharp",
        conditions=(proofs.EQUAL_NOISE, proofs.one_of(r, (2, 4, 16)), sp.Eq(gamma, 1)),
        checks=(Certificate(proofs.certify_never),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-they-lie",
        remark="There is no switch to threshold 0, at 1/r^2 or anywhere else.",
    ),
    Claim(
        id="regime-crossing-measured",
        title="The oracle's two thresholds, simulated at the crossing and beside it",
        source="Section 6.2; Theorem 1, sharpened",
        statement=(
            "At r = 16, gamma = 10^4 the ratio of the errors at r/2 and 0 follows its law at the crossing, "
            "eta = 0.02607, to a Kolmogorov distance of 0.5 (4% of the ratio), and is 1.234 at eta = 0.01 "
            "and 0.809 at eta = 0.1, each to 8%."
        ),
        quantity=THRESHOLD_RATIO,
        variant="sharp",
        conditions=(proofs.EQUAL_NOISE, sp.Eq(r, 16), sp.Eq(gamma, 10**4)),
        checks=(
            Law(
                Measured("oracle-filtered", "error-ratio", thetas=(sp.Integer(0), r / 2)),
                ThresholdRatioCdf(),
                (eta_path((MEASURED_CROSSING,), 16, 64, 20_000, 1e4),),
                # Room for the law's second order, 0.16 at this n; the nearest wrong law is at 0.94.
                tolerance=0.5,
                # A scale that is 10% off is 0.74 away (the errors spread by half more than their law), which
                # must stand clear of the tolerance and of what sampling adds at either error rate.
                precision=0.16,
                wrong=(
                    ("crossing-doubled", _moved(2 * MEASURED_CROSSING)),
                    ("crossing-halved", _moved(MEASURED_CROSSING / 2)),
                    ("crossing-printed", _moved(1 / 16**2)),
                    ("crossing-one-over-r", _moved(1 / 16)),
                ),
            ),
            _ratio_level(16, 0.1, 0.809, 128, 20_000),
            _ratio_level(16, 0.01, 1.234, 128, 60_000, least="standard"),
        ),
        expected=Verdict.SUPPORTED,
        note="regimes.md#where-they-lie",
        depends_on=("regime-crossings", "regime-places"),
    ),
    Claim(
        id="regime-flat-boundary",
        title="Where the flat regime begins at threshold 0",
        source="Section 6.2; Theorem 1, sharpened",
        statement=(
            "At theta = 0 corrupted pairs supply most of the kept score below M_0/(M_0 + r), M_0 in closed "
            f"form, up to 8%, {SETTINGS}."
        ),
        quantity=sp.Symbol(r"\eta_{\mathrm{flat}}", positive=True),
        relation=Relation.EQUAL,
        bound=FLAT_AT_ZERO,
        variant="sharp",
        conditions=(sp.Eq(theta, 0), *proofs.EVERY_PLACE),
        checks=(Certificate(partial(proofs.certify_flat, LEAST_FLAT)),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-the-flat-regime-and-the-leak-begin",
        remark="About 1/sqrt(2 pi r) for large r at high SNR.",
    ),
    Claim(
        id="regime-leak-boundary",
        title="Where the leak takes over at threshold 0",
        source="Section 5, Theorem 1, corrected",
        statement=(
            "At theta = 0 and N = n_T the teacher's share is most of the variance of Algorithm 1's error "
            f"below one eta, the stated eta_0 up to a factor in [1 - 3 eta_0/2, 1], {SETTINGS}."
        ),
        quantity=LEAK_ETA,
        relation=Relation.EQUAL,
        bound=LEAK_AT_ZERO,
        variant="sharp",
        conditions=(sp.Eq(theta, 0), *proofs.EVERY_PLACE),
        checks=(Certificate(partial(proofs.certify_leak_at_zero, LEAK_AT_ZERO)),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-the-flat-regime-and-the-leak-begin",
        depends_on=("theorem-1-sharp",),
    ),
    Claim(
        id="regime-leak-boundary-half",
        title="Where the leak takes over at threshold r/2",
        source="Section 5, Theorem 1, corrected",
        statement=(
            "At theta = r/2 and N = n_T the teacher's share is most of the variance of Algorithm 1's error "
            f"below one eta, the smaller of two closed forms up to a factor 1.25, {SETTINGS}."
        ),
        quantity=LEAK_ETA,
        relation=Relation.EQUAL,
        bound=LEAK_AT_HALF,
        variant="sharp",
        conditions=(sp.Eq(theta, r / 2), *proofs.EVERY_PLACE),
        checks=(Certificate(partial(proofs.certify_leak_at_half, LEAK_FACTOR)),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-the-flat-regime-and-the-leak-begin",
        depends_on=("theorem-1-sharp",),
        remark="It falls exponentially in r: 7e-13 at r = 256, gamma = 10^4.",
    ),
    Claim(
        id="regime-order",
        title="At threshold 0 the leak begins below the flat regime",
        source="Section 5, Theorem 1, corrected",
        statement=f"At theta = 0 and N = n_T the leak's boundary lies below the flat regime's, {SETTINGS}.",
        quantity=LEAK_ETA / sp.Symbol(r"\eta_{\mathrm{flat}}", positive=True),
        relation=Relation.UPPER,
        bound=sp.Integer(1),
        variant="sharp",
        conditions=(sp.Eq(theta, 0), *proofs.EVERY_PLACE),
        checks=(Certificate(proofs.certify_order),),
        expected=Verdict.CERTIFIED,
        note="regimes.md#where-the-flat-regime-and-the-leak-begin",
        depends_on=("regime-flat-boundary", "regime-leak-boundary"),
        remark="At gamma = 1 by 3% to 30% only: there is next to no flat regime.",
    ),
)
