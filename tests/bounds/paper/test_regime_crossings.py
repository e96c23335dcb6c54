"""Crossings of the two thresholds, enclosed and in double precision, and the claims on the regimes."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from bounds.claim import Certificate, Level, Measured, Path
from bounds.law import crossings, regimes
from bounds.law.distributions import ThresholdRatioCdf
from bounds.law.scales import selection, unfiltered_scales
from bounds.law.score import Score
from bounds.paper import regime_boundaries
from bounds.paper import regime_boundaries_proofs as proofs
from bounds.paper import regimes as exponents
from bounds.paper.regime_boundaries import (
    CROSSING_EXPANSION,
    FLAT_AT_ZERO,
    LEAK_AT_HALF,
    LEAK_AT_ZERO,
    PLACES,
    _printed,
)
from bounds.proof.enclose import ball, endpoints, precision
from bounds.proof.undecided import Undecided
from bounds.register import claims
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r, theta
from verification.checks import judge
from verification.checks import plan as design
from verification.checks.conditions import meets, within
from verification.checks.forecast import forecast
from verification.judging.samples import Sampler
from verification.mutants.claim import mutants
from verification.quantities import registry
from verification.report import notes

NOTE = notes.source() / "regimes.md"
CLAIMS = (*exponents.CLAIMS, *regime_boundaries.CLAIMS)
IDS = [claim.id for claim in CLAIMS]


def squared_ratio(r, noise, eta, bits):
    """The squared error at r/2 over that at 0, K_h M_0^2 / (K_0 M_h^2), at eta."""
    with precision(bits):

        def mixed(half):
            (k0, m0), (k1, m1) = (crossings.moments(r, noise, clean, half) for clean in (False, True))
            return k0 + (k1 - k0) * eta, m0 + (m1 - m0) * eta

        (k_zero, m_zero), (k_half, m_half) = mixed(False), mixed(True)
        return k_half * m_zero**2 / (k_zero * m_half**2)


def law_ratio(r_value, snr, clean):
    """The ratio of the oracle's left errors at r/2 and 0 by the double-precision law."""
    left, _ = selection(Score(r_value, clean, snr, snr), np.array([0.0, r_value / 2])).fresh_scales(1.0)
    return math.sqrt(left[1] / left[0])


@given(st.sampled_from((2, 3, 4, 7, 16)), st.sampled_from((1, 3, 10, 10**4)), st.integers(1, 100))
def test_the_enclosed_ratio_contains_the_law(r_value, snr, percent):
    """The ball around the squared ratio agrees with the independent double-precision law."""
    clean = ball(Fraction(percent, 100))
    low, high = endpoints(squared_ratio(r_value, Fraction(1, snr), clean, 128))
    found = law_ratio(r_value, snr, percent / 100) ** 2
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


@pytest.mark.parametrize("snr", [1, 10, 10**4])
@pytest.mark.parametrize("r_value", [1, 2, 4, 16, 64])
def test_crossings_are_those_of_the_double_precision_search(r_value, snr):
    """As many crossings, each inside its enclosure; a grid search is the other method."""
    enclosed = crossings.crossings(r_value, Fraction(1, snr))
    searched = regimes.crossings(r_value, snr, snr)
    assert len(enclosed) == len(searched)
    for (low, high), value in zip(enclosed, searched, strict=True):
        assert float(low) * (1 - 1e-9) <= value <= float(high) * (1 + 1e-9)


def law_leak_share(r_value, snr, clean, half):
    """The teacher's share of V by the double-precision law."""
    return regimes.leak_share(clean, r_value, snr, snr, half * r_value / 2, 1.0)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("snr", [1, 10, 10**4])
@pytest.mark.parametrize("r_value", [2, 4, 16, 64])
def test_the_leak_boundary_is_that_of_the_double_precision_search(r_value, snr, half):
    """One boundary; the law's share is a half there and on the right sides of it beyond and below."""
    ((low, high),) = crossings.leak_boundaries(r_value, Fraction(1, snr), half)
    assert float(low) == pytest.approx(regimes.leak_boundary(r_value, snr, snr, half * r_value / 2), rel=1e-6)
    assert law_leak_share(r_value, snr, float(low) * 0.99, half) > 0.5
    assert law_leak_share(r_value, snr, float(high) * 1.01, half) < 0.5


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(("r_value", "snr"), [(2, 1), (16, 10), (64, 10**4)])
def test_the_enclosed_flat_boundary_is_the_law_s(r_value, snr, half):
    """M_0/(M_0 + M_1) in balls and in double precision."""
    enclosed = crossings.flat_boundary(r_value, Fraction(1, snr), half)
    found = regimes.flat_boundary(r_value, snr, snr, half * r_value / 2)
    assert float(enclosed.mid()) == pytest.approx(found, rel=1e-9)


def at(claim, *where):
    """What a claim states, about these places only: (r, gamma), one r or one gamma among them."""
    ranks, snrs = ({place[k] for place in where} for k in (0, 1))
    assert min(len(ranks), len(snrs)) == 1
    conditions = (proofs.EQUAL_NOISE, proofs.one_of(r, ranks), proofs.one_of(gamma, snrs))
    return dataclasses.replace(claim.stated, conditions=conditions)


def certificate(claim_id):
    """The claim and its only check's function."""
    (check,) = claims[claim_id].checks
    return claims[claim_id], check.prove


CERTIFIED = [
    claim.id for claim in CLAIMS if isinstance(claim.checks[0], Certificate)
    and claim.id != "regime-switch"
]  # fmt: skip


def test_too_little_precision_is_said():
    """At a few bits no sign is known: an exception, and a certificate that is undecided."""
    with pytest.raises(Undecided, match="no sign at 8 bits"):
        crossings.crossings(256, Fraction(1, 10**4), 8)
    claim, prove = certificate("regime-crossings")
    found = prove(claim.stated, 8)
    assert found.holds is None
    assert "no sign at 8 bits" in found.box


NAMED = {
    "regime-switch": set(PLACES),
    "regime-switch-small-rank": {(2, 10), (4, 10), (2, 10**4), (4, 10**4)},
    "regime-switch-sharp": {place for place in PLACES if place[0] >= 16} - {(16, 1)},
    "regime-no-crossing": {(2, 1), (4, 1), (16, 1)},
}
"""The places that a claim's words name, where they are not all of the note's."""


@pytest.mark.parametrize("claim", regime_boundaries.CLAIMS, ids=lambda claim: claim.id)
def test_the_conditions_leave_the_places_of_the_words_and_no_others(claim):
    """At each of a grid of settings the encoded conditions are met where the statement names them only."""
    named = {(16, 10**4)} if claim.id == "regime-crossing-measured" else NAMED.get(claim.id, set(PLACES))
    ranks, snrs = (1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512), (0.5, 1, 2, 5, 7, 10, 100, 10**4, 10**5)
    found = {
        (rank, snr)
        for rank in ranks
        for snr in snrs
        if meets(claim, {"r": rank, "gamma": snr, "gamma_tilde": snr, "theta": _stated_theta(claim, rank)})
    }
    assert found == named
    assert not any(meets(claim, {"r": rank, "gamma": snr, "gamma_tilde": 3.0}) for rank, snr in named)


def _stated_theta(claim, rank):
    """The threshold of the claim's condition."""
    return next((float(c.rhs.subs(r, rank)) for c in claim.conditions if c.has(theta)), 0.0)


def test_a_certificate_needs_its_places_named():
    """The negative control: conditions that leave other ranks or noise are undecided, not certified."""
    claim, prove = certificate("regime-crossings")
    for number, wider in enumerate((sp.true, sp.Le(r, 256), sp.Ge(gamma, 1))):
        conditions = [*claim.conditions]
        conditions[number] = wider
        with pytest.raises(Undecided, match="does not"):
            prove(dataclasses.replace(claim.stated, conditions=tuple(conditions)), 128)


@pytest.mark.parametrize("claim_id", CERTIFIED)
def test_certificates_hold(claim_id):
    """Each as stated, at every place that it names."""
    claim, prove = certificate(claim_id)
    found = prove(claim.stated, 128)
    assert found.holds is True
    assert found.margin >= 0
    assert not found.witness


@pytest.mark.parametrize(
    ("claim_id", "bound"),
    [
        ("regime-switch-small-rank", 2 / r**2),
        ("regime-switch-small-rank", 1 / r**4),
        ("regime-switch-sharp", 1 / r**2),
        ("regime-switch-sharp", CROSSING_EXPANSION / 2),
        ("regime-crossings", sp.Integer(1)),
        ("regime-crossings", sp.Integer(2)),
        ("regime-places", sp.Rational(1001, 1000)),
        ("regime-no-crossing", sp.Rational(9, 10)),
        ("regime-flat-boundary", 1 / sp.sqrt(2 * sp.pi * r)),
        ("regime-flat-boundary", FLAT_AT_ZERO / 2),
        ("regime-leak-boundary", sp.Rational(11, 10) * LEAK_AT_ZERO),
        ("regime-leak-boundary", LEAK_AT_ZERO / sp.sqrt(2)),
        ("regime-leak-boundary", sp.sqrt(r) * LEAK_AT_ZERO),
        ("regime-leak-boundary-half", LEAK_AT_ZERO),
        ("regime-leak-boundary-half", LEAK_AT_HALF.args[0]),
        ("regime-leak-boundary-half", LEAK_AT_HALF.args[1]),
        ("regime-order", sp.Rational(1, 2)),
    ],
)
def test_certificates_refute_wrong_bounds(claim_id, bound):
    """Negative control: each certificate uses the bound that it is given, and names where it fails."""
    claim, prove = certificate(claim_id)
    found = prove(claim.with_bound(bound).stated, 128)
    assert found.holds is False
    assert "r = " in found.witness


def test_the_printed_switch_has_a_verdict_in_every_setting():
    """1/r^2 is within a factor 6 of the crossing at r = 2, 4 with little noise and nowhere else."""
    claim, prove = certificate("regime-switch")
    found = prove(claim.stated, 128)
    assert found.holds is False
    failing = {part.partition(":")[0] for part in found.witness.split("; ")}
    every, small = (proofs.places(claims[i].stated) for i in ("regime-switch", "regime-switch-small-rank"))
    kept = {f"r = {r_value}, gamma = {snr}" for r_value, snr in small}
    assert failing | kept == {f"r = {r_value}, gamma = {snr}" for r_value, snr in every}
    assert not failing & kept
    assert found.boxes == len(every) == 15
    assert math.isfinite(found.margin)
    for row in found.box.partition(": ")[2].split("; gamma"):
        assert all(f"r = {r_value}: " in row for r_value in proofs.LATENT)


def test_the_true_order_passes_where_there_is_a_crossing():
    """Negative control of the refutation: 1/(pi r) passes the printed switch's own test at large r."""
    claim = claims["regime-switch-sharp"].with_bound(1 / (sp.pi * r))
    assert proofs.certify_switch(_printed, claim.stated, 128).holds is True


def test_no_crossing_at_all_refutes_a_place_for_it():
    """Where the errors are never equal, any stated crossing is wrong, and a table that names one, too."""
    found = proofs.certify_switch(lambda _: 1e6, at(claims["regime-switch"], (2, 1)), 128)
    assert found.holds is False
    assert "none" in found.witness
    table = {**PLACES, (2, 1): (0.3,)}
    found = proofs.certify_places(table, 1e-4, claims["regime-places"].stated, 128)
    assert found.holds is False
    assert found.witness == "r = 2, gamma = 1: 0 crossings"


def test_a_margin_inside_the_enclosure_is_undecided():
    """A limit that cuts the enclosure of the ratio is neither met nor broken."""
    claim = claims["regime-switch"]
    low, high = crossings.crossings(16, Fraction(1, 10**4))[0]
    limit = float((low + high) / 2) * 16**2
    assert proofs.certify_switch(lambda _: limit, at(claim, (16, 10**4)), 128).holds is None


def test_the_note_s_table_is_what_is_certified():
    """Each row of the note: crossings, 1/r^2 off by, boundaries at 0 and r/2, from the enclosures."""
    rows = {row_of(place) for place in proofs.places(claims["regime-places"].stated)}
    text = NOTE.read_text(encoding="utf-8")
    assert not [row for row in rows if row not in text]
    wrong = row_of((4, 10)).replace("0.637", "0.638")
    assert wrong not in text


def row_of(place):
    """A row of the note's table."""
    r_value, snr = place
    noise = Fraction(1, snr)
    found = [float(low) for low, _ in crossings.crossings(r_value, noise)]
    ratio = found[0] * r_value**2 if found else None
    held = "no switch" if ratio is None else f"{ratio:.3g}" + (" (holds)" if 1 / 6 <= ratio <= 6 else "")
    crossing = " and ".join(">0.9999" if x > 0.9999 else f"{x:.4g}" for x in found) or "none"
    cells = [str(r_value), str(snr), crossing, held]
    for half in (False, True):
        flat = float(crossings.flat_boundary(r_value, noise, half).mid())
        leak = float(crossings.leak_boundaries(r_value, noise, half)[0][0])
        cells += [f"{flat:.3g}", f"{leak:.3g}"]
    return "| " + " | ".join(cells) + " |"


def paths_of(claim_id):
    """(check, end points) of the claim's exponents."""
    return [(check, check.path.points()) for check in within(claims[claim_id]).checks]


@pytest.mark.parametrize("claim", ["clean", "flat", "flat-student", "leak"])
def test_every_path_of_an_exponent_lies_inside_its_regime(claim):
    """All points, by the project's own boundaries, and each violation promised stays short of the next."""
    name = claim.partition("-")[0]
    for check, points in paths_of(f"regime-{claim}"):
        # Along the clean regime's end corrupted pairs supply about as much as clean ones at small r.
        along_the_end = (eta, exponents.SWITCH) in check.path.at
        for p in () if along_the_end else points:
            (threshold,) = check.measured.thetas
            theta = float(threshold.subs(r, p["r"]))
            ratio = 1.0 if check.measured.estimator == "teacher-filtered" else 0.0
            found = regimes.regime(p["eta"], int(p["r"]), p["gamma"], p["gamma_tilde"], theta, ratio)
            assert found == name, p
        for profile in design.PROFILES.values():
            # From one direction of noise on the error gains the power 1.41 of d, where a rate of d has 0.5.
            next_to_r = check.path.parameter == d and points[0]["d"] == points[0]["r"] + 1
            reach = check.margin + (check.precision or profile.noise * check.margin)
            assert reach < (0.91 if next_to_r else 0.5)


def test_the_former_path_of_the_leak_left_its_regime():
    """Negative control: at eta = 1 clean pairs rule, and a margin of 0.3 reaches the next regime."""
    assert regimes.regime(1.0, 2, 0.3, 0.3, 0.0) == "clean"
    assert 0.3 * (1 + design.PROFILES["quick"].noise) > 0.5


@pytest.mark.parametrize("name", ["clean", "flat", "flat-student", "leak", "crossing-measured"])
def test_probabilistic_claims_have_at_least_five_mutants(name):
    """Wrong exponents of everything that a path varies, wrong places of the crossing."""
    found = {m.id.partition("~")[2] for m in mutants(claims[f"regime-{name}"]) if not m.implied}
    if name == "crossing-measured":
        assert {"crossing-doubled", "crossing-halved", "crossing-printed", "crossing-one-over-r"} <= found
    else:
        assert {f"{s}{sign}" for s in ("n", "d", "r", "eta") for sign in "+-"} <= found
    assert len(found) >= 5


@pytest.mark.parametrize("moved", [1.0, 0.5, 2.0])
def test_the_law_of_the_ratio_has_the_law_s_median(moved):
    """At the median of an F variable, which is 1, half is below; a moved crossing has another ratio."""
    values = {"r": 16, "d": 80, "eta": 0.05, "gamma": 1e4, "gamma_tilde": 1e4}
    cdf = ThresholdRatioCdf(moved)
    assert float(cdf(values, law_ratio(16, 1e4, 0.05 / moved))) == pytest.approx(0.5)
    assert float(cdf(values, law_ratio(16, 1e4, 0.05))) == pytest.approx(0.5) or moved != 1.0
    if moved != 1.0:
        assert abs(float(cdf(values, law_ratio(16, 1e4, 0.05))) - 0.5) > 0.4


def test_stated_ratios_are_the_law():
    """Every number of the simulated claim is the law's, to the digits given."""
    _, *levels = claims["regime-crossing-measured"].checks
    for check in levels:
        (point,) = check.path.points()
        assert check.value == pytest.approx(law_ratio(point["r"], 1e4, point["eta"]), rel=1e-2)


def ratio_check(value):
    """A small ratio of errors with a stated median."""
    measured = Measured("oracle-filtered", "error-ratio", thetas=(sp.Integer(0), r / 2))
    at = ((d, 68), (d_tilde, 4), (r, 4), (gamma, 1e4), (gamma_tilde, 1e4), (n, 4000))
    return Level(measured, Path(eta, (0.2,), at), tolerance=0.25, value=value)


@pytest.mark.parametrize(("value", "outcome"), [(0.96, "holds"), (0.5, "fails")])
def test_an_error_ratio_is_drawn_judged_and_repeated(value, outcome):
    """The ratio of two independent errors, from shared draws; a wrong value fails with both commands."""
    check = ratio_check(value)
    claim = dataclasses.replace(claims["regime-crossing-measured"], checks=(check,), conditions=())
    plan = design.plan("x/level-1", claim, check, 1e-4, design.PROFILES["quick"], None, 0)
    (cell,) = plan.cells
    assert cell.pairs == 4000
    with Sampler(seed=3, jobs=1) as samples:
        samples.need([(cell, plan.replicates)])
        evidence = judge.judge(plan, samples, 3)
        assert np.array_equal(samples(cell), registry.draw(cell, 3, range(plan.replicates)))
    assert evidence.outcome == outcome
    if outcome == "fails":
        assert evidence.witness["command"].count("filtergain simulate") == 2
        assert "--theta 0.0" in evidence.witness["command"]
        assert "--theta 2.0" in evidence.witness["command"]


def test_the_forecast_of_a_ratio_is_the_law():
    """What the design expects is what the law says; its scatter is that of two errors."""
    claim = dataclasses.replace(claims["regime-crossing-measured"], conditions=())
    plan = design.plan("x", claim, ratio_check(1.0), 1e-4, design.PROFILES["quick"], None, 0)
    (cell,) = plan.cells
    assert forecast(cell) == pytest.approx(law_ratio(4, 1e4, 0.2), rel=1e-6)
    error = dataclasses.replace(cell, quantity="error")
    assert design.spread(cell) == pytest.approx(math.sqrt(2) * design.spread(error))


@pytest.mark.slow
def test_every_transition_has_its_expected_verdict_and_no_mutant_survives():
    """At the quick profile, with all wrong versions refuted."""
    from verification import verify

    verdicts = verify([claims[i] for i in IDS], profile="quick", jobs=1)
    assert verdicts.exit_status == 0
    for item in verdicts.items:
        assert item.verdict == item.claim.expected, item.claim.id
        assert all(mutant.refuted for mutant in item.mutants)


def test_the_stated_share_of_the_ratio_is_the_tolerance():
    """A Kolmogorov distance of 0.5 from the law at the crossing is a ratio that is off by 4%."""
    check = claims["regime-crossing-measured"].checks[0]
    (point,) = check.paths[0].points()
    numbers = np.linspace(0.7, 1.4, 4000)
    stated = check.cdf(point, numbers)
    distances = [np.max(np.abs(stated - check.cdf(point, numbers * factor))) for factor in (1.035, 1.045)]
    assert distances[0] < check.tolerance < distances[1]
    assert "(4% of the ratio)" in claims["regime-crossing-measured"].statement


@pytest.mark.parametrize("snr", [0.3, 0.1, 0.01, 1e-4])
@pytest.mark.parametrize("other", [0.3, 0.01, 1e3])
def test_the_leak_regime_has_its_order_at_every_low_snr(snr, other):
    """Over the law's left error the bound stays within a factor 1.8, together and apart in gamma, gamma~."""
    values = {"n": 10**9, "d": 36, "d_tilde": 4, "r": 4, "eta": 0.05, "gamma": snr, "gamma_tilde": other}
    chosen = selection(Score(4, 0.05, snr, other), 0.0)
    teacher = unfiltered_scales(5 * 10**8, 0.05, snr, other)
    left, _ = chosen.student_scales(teacher, 5 * 10**8)
    ratio = math.sqrt(float(left) * 32 * 4) / float(claims["regime-leak"].evaluate(values))
    assert 1 < ratio < 1.8
    # The order without gamma is off by more than that at all but one SNR.
    without = math.sqrt(32 * 4 / 10**9) / 0.05
    assert snr == 0.3 or math.sqrt(float(left) * 32 * 4) / without > 1.8


def test_statements_about_a_regime_say_where_it_is():
    """What was drawn on one family only is stated there only: each order carries its conditions."""
    for claim_id in (
        "regime-clean",
        "regime-flat",
        "regime-flat-student",
        "regime-leak",
        "figure-3a-filtered",
    ):
        assert claims[claim_id].conditions, claim_id
