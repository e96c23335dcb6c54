"""Crossings of the two thresholds, enclosed and in double precision, and the claims on the regimes."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from bounds import crossing_balls, regimes, transitions
from bounds.claim import Level, Measured, Path
from bounds.enclose import ball, endpoints
from bounds.register import claims
from bounds.score import Score
from bounds.sharp import selection
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
from verification import design, judges, quantities
from verification.drawing import Samples
from verification.forecast import forecast

IDS = [claim.id for claim in transitions.CLAIMS]


def law_ratio(r_value, snr, clean):
    """The ratio of the oracle's left errors at r/2 and 0 by the double-precision law."""
    left, _ = selection(Score(r_value, clean, snr, snr), np.array([0.0, r_value / 2])).fresh_scales(1.0)
    return math.sqrt(left[1] / left[0])


@given(st.sampled_from((2, 3, 4, 7, 16)), st.sampled_from((1, 3, 10, 10**4)), st.integers(1, 100))
def test_the_enclosed_ratio_contains_the_law(r_value, snr, percent):
    """The ball around the squared ratio agrees with the independent double-precision law."""
    clean = ball(Fraction(percent, 100))
    low, high = endpoints(crossing_balls.squared_ratio(r_value, Fraction(1, snr), clean, 128))
    found = law_ratio(r_value, snr, percent / 100) ** 2
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


@pytest.mark.parametrize("snr", [1, 10, 10**4])
@pytest.mark.parametrize("r_value", [1, 2, 4, 16, 64])
def test_crossings_are_those_of_the_double_precision_search(r_value, snr):
    """As many crossings, each inside its enclosure; a grid search is the other method."""
    enclosed = crossing_balls.crossings(r_value, Fraction(1, snr))
    searched = regimes.crossings(r_value, snr, snr)
    assert len(enclosed) == len(searched)
    for (low, high), value in zip(enclosed, searched, strict=True):
        assert float(low) * (1 - 1e-9) <= value <= float(high) * (1 + 1e-9)


def test_too_little_precision_is_said():
    """At a few bits no sign is known: an exception, and a certificate that is undecided."""
    with pytest.raises(crossing_balls.Undecided, match="no sign at 8 bits"):
        crossing_balls.crossings(256, Fraction(1, 10**4), 8)
    assert transitions.certify_two_crossings(claims["regime-crossings"], 8).holds is None


@pytest.mark.parametrize(
    ("claim_id", "bound"),
    [
        ("regime-switch-sharp", 1 / r**2),
        ("regime-switch-sharp", transitions.CROSSING_EXPANSION / 2),
        ("regime-crossings", sp.Integer(1)),
        ("regime-no-crossing", sp.Rational(9, 10)),
    ],
)
def test_certificates_refute_wrong_bounds(claim_id, bound):
    """Negative control: each certificate uses the bound that it is given."""
    claim = claims[claim_id]
    (check,) = claim.checks
    assert check.prove(claim, 128).holds is True
    found = check.prove(claim.with_bound(bound), 128)
    assert found.holds is False
    assert found.witness


def test_the_printed_switch_is_refuted_with_a_witness_and_the_true_order_is_not():
    """1/r^2 is more than a factor 4 off; 1/(pi r) passes the same check."""
    claim = claims["regime-switch"]
    (check,) = claim.checks
    found = check.prove(claim, 128)
    assert found.holds is False
    assert "r = 16" in found.witness
    assert check.prove(claim.with_bound(1 / (sp.pi * r)), 128).holds is True


def test_no_crossing_at_all_refutes_a_place_for_it():
    """Where the errors are never equal, any stated crossing is wrong."""
    found = transitions._locate(claims["regime-switch"], 128, (2,), (1,), lambda _: 1e6)
    assert found.holds is False
    assert "no crossing" in found.witness


def test_a_margin_inside_the_enclosure_is_undecided():
    """A limit that cuts the enclosure of the ratio is neither met nor broken."""
    claim = claims["regime-switch"]
    low, high = crossing_balls.crossings(16, Fraction(1, 10**4))[0]
    limit = float((low + high) / 2) * 16**2
    assert transitions._locate(claim, 128, (16,), (10**4,), lambda _: limit - 1).holds is None


def test_stated_ratios_are_the_law():
    """Every number of the simulated claim is the law's, to the digits given."""
    for check in claims["regime-crossing-measured"].checks:
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
    claim = dataclasses.replace(claims["regime-crossing-measured"], checks=(check,))
    plan = design.plan("x/level-1", claim, check, 1e-4, design.PROFILES["quick"], None, 0)
    (cell,) = plan.cells
    assert cell.pairs == 4000
    with Samples(seed=3, jobs=1) as samples:
        samples.need([(cell, plan.replicates)])
        evidence = judges.judge(plan, samples, 3)
        assert np.array_equal(samples(cell), quantities.draw(cell, 3, range(plan.replicates)))
    assert evidence.outcome == outcome
    if outcome == "fails":
        assert evidence.witness["command"].count("filtergain simulate") == 2
        assert "--theta 0.0" in evidence.witness["command"]
        assert "--theta 2.0" in evidence.witness["command"]


def test_the_forecast_of_a_ratio_is_the_law():
    """What the design expects is what the law says; its scatter is that of two errors."""
    claim = claims["regime-crossing-measured"]
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
