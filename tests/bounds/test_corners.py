"""Every rate of the register against the first-order law at the far corners of what its conditions allow.

A claim's own families lie where draws are cheap.  Here the settings are the extremes: no draws, only the law.
"""

import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from bounds import claims
from bounds.claim import Relation, Scaling, Verdict
from bounds.law.error import ErrorLaw
from bounds.law.scales import selection, unfiltered_scales
from bounds.law.score import Score
from bounds.symbols import ERR, C, Noiseless, d, d_tilde, eta, gamma, gamma_tilde, n, n_T, r, theta
from verification.checks.conditions import meets, within

VALUES = {
    "r": (1, 2, 4, 64, 10**6),
    "d": (0, 1, 30, 10**6),  # noise dimensions
    "d_tilde": (0, 1, 30, 10**6),
    "eta": (1.0, 0.5, 0.2, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6, 1e-9),
    "gamma": (1e-6, 0.05, 0.3, 1.0, 5.0, 1e3, 1e6, 1e12, math.inf),
    "gamma_tilde": (1e-6, 0.05, 0.3, 1.0, 5.0, 1e3, 1e6, 1e12, math.inf),
}
"""What corners are made of: ends of the domains, and a few values between."""

FACTOR = 12.0
"""What an unnamed constant may be: the law stays within it of every order, whose sample constant C is 1."""

COUNT = 60
"""Corners of each claim."""

MODEL = {n, n_T, d, d_tilde, r, eta, gamma, gamma_tilde, C, theta}

RATES = [
    claim
    for claim in claims.values()
    if claim.left == ERR
    and claim.up_to_constant
    and claim.expected is Verdict.SUPPORTED
    and claim.bound.free_symbols <= MODEL
    and all(isinstance(c, Scaling) and c.measured.quantity == "error" for c in claim.checks)
]
"""Those that hold for an error up to a constant."""


def equations(claim):
    """What the conditions set: values by symbol."""
    found = {c.lhs: c.rhs for c in claim.conditions if isinstance(c, sp.Eq)}
    return found | {c.args[0]: sp.oo for c in claim.conditions if isinstance(c, Noiseless)}


def corner(claim, rng):
    """Values by name at one corner, with the least n that the conditions allow; None if none is allowed."""
    values = {name: rng.choice(options) for name, options in VALUES.items()}
    values["d"] += values["r"]
    values["d_tilde"] += values["r"]
    for symbol, stated in equations(claim).items():
        by_name = {s: values[s.name] for s in stated.free_symbols}
        values[symbol.name] = (
            float(stated.subs(by_name))
            if symbol in (gamma, gamma_tilde, theta)
            else int(stated.subs(by_name))
        )
    if values["r"] > min(values["d"], values["d_tilde"]):
        return None
    low, high = 1, 400
    if not meets(claim, sized(values, high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(claim, sized(values, middle)) else (middle, high)
    return sized(values, high + rng.choice((0, 0, 30)))


def sized(values, power):
    """The values with 2^power pairs, and as many of the teacher's."""
    return {**values, "n": 2.0**power, "n_T": 2.0**power, "delta": 0.05}


def corners(claim, count=COUNT):
    """Different corners inside the conditions, always the same ones."""
    rng = random.Random(1)
    found = {}
    for _ in range(30 * count):
        point = corner(claim, rng)
        if point is not None:
            found[tuple(point.items())] = point
        if len(found) == count:
            break
    return list(found.values())


def scales(estimator, threshold, point):
    """(V_L, V_R) of an estimator with Algorithm 1's halves."""
    r_value, noise = point["r"], (point["eta"], point["gamma"], point["gamma_tilde"])
    if estimator in ("unfiltered", "teacher"):
        return unfiltered_scales(point["n"], *noise)
    chosen = selection(Score(r_value, *noise), threshold)
    if estimator == "oracle-filtered":
        return chosen.fresh_scales(point["n"])
    half = point["n"] / 2
    return chosen.student_scales(unfiltered_scales(half, *noise), half)


def laws(claim, point):
    """The first-order law of ERR at each threshold that the claim's checks measure; all of Algorithm 1's."""
    wanted = {
        (c.measured.estimator, t) for c in within(claim).checks for t in c.measured.thetas or (sp.Integer(0),)
    }
    if claim.id == "theorem-1-corrected":  # there is a threshold, and r/2 is the better one at huge r
        wanted |= {("teacher-filtered", r / 2)}
    found = []
    for estimator, threshold in wanted:
        left, right = (
            float(np.minimum(v, 1e300))
            for v in scales(estimator, float(threshold.subs(r, point["r"])), point)
        )
        dof = [int((point[name] - point["r"]) * point["r"]) for name in ("d", "d_tilde")]
        found.append(ErrorLaw(left, right, *dof))
    return found


def median(claim, point):
    """The least of the laws' medians, at most sqrt(r) as every error."""
    return min(math.sqrt(point["r"]), *(float(law.quantile(0.5)) for law in laws(claim, point)))


def broken(claim, point):
    """Whether the claim is off by more than a constant at the point."""
    bound, error = float(claim.bound_at(point)), median(claim, point)
    above, below = error > FACTOR * bound, bound > FACTOR * error
    return {Relation.UPPER: above, Relation.LOWER: below, Relation.EQUAL: above or below}[claim.relation]


def trivial(claim, point):
    """Whether an error at least of the stated order would pass sqrt(r) by more than a constant."""
    return claim.relation is not Relation.UPPER and float(claim.bound_at(point)) > FACTOR * math.sqrt(
        point["r"]
    )


@pytest.mark.parametrize("claim", RATES, ids=lambda claim: claim.id)
def test_a_rate_is_the_law_s_at_every_corner_of_its_conditions(claim):
    """Within a constant, from the side that is stated; and no order says more than any error can be."""
    points = corners(claim)
    assert len(points) > 30
    assert [point for point in points if broken(claim, point)] == []
    assert [point for point in points if trivial(claim, point)] == []


LOWER = [
    c for c in claims.values() if c.left == ERR and c.relation is Relation.LOWER and not c.up_to_constant
]


@pytest.mark.parametrize("claim", LOWER, ids=lambda claim: claim.id)
def test_a_lower_bound_with_numbers_is_below_what_an_error_can_be(claim):
    """sqrt(r), at every corner; print's reading of one dimension claims more, and is refuted."""
    beyond = [p for p in corners(claim) if float(claim.bound_at(p)) > math.sqrt(p["r"])]
    assert bool(beyond) == (claim.expected is Verdict.REFUTED)


MEAN_SQUARES = [c for c in claims.values() if str(c.left).startswith(r"{\sqrt{\mathbb{E}")]


@pytest.mark.parametrize("claim", MEAN_SQUARES, ids=lambda claim: claim.id)
def test_a_law_without_a_sample_condition_says_that_it_is_one_to_first_order(claim):
    """A root mean square of an error falls with n only where n is large."""
    assert "to first order" in claim.statement.lower()
    assert not any({n, n_T} & condition.free_symbols for condition in claim.conditions)


HIGH_SNR = (sp.Eq(d_tilde, r), sp.Ge(gamma, 1000), sp.Ge(gamma_tilde, 1000))
EARLIER = {
    # Algorithm 1 inherits its teacher's error as eta -> 0, and large ranks leave the flat regime.
    "regime-flat-student": (*HIGH_SNR, sp.Le(eta, sp.Rational(1, 20))),
    "regime-flat": (*HIGH_SNR, sp.Le(eta, sp.Rational(1, 20))),
    "abstract": (*HIGH_SNR, sp.Ge(r, 2), sp.Le(eta, sp.Rational(1, 20))),
    # No sample condition: more than any error can be.
    "regime-clean": (*HIGH_SNR, sp.Ge(r, 4), sp.Ge(eta, sp.Rational(1, 5))),
    "regime-leak": (sp.Eq(d_tilde, r), sp.Le(gamma, sp.Rational(3, 10))),
    "figure-3a-unfiltered": (sp.Eq(d, 10), sp.Eq(d_tilde, 8), sp.Eq(r, 4), sp.Eq(gamma_tilde, gamma)),
    # d = r = 4 has no error at all.
    "figure-3a-filtered-large": (
        sp.Eq(r, 4), sp.Le(d_tilde, d), sp.Ge(gamma, 1000), sp.Eq(gamma_tilde, gamma),
        sp.Ge(eta, sp.Rational(1, 4)),
    ),
}  # fmt: skip
"""Conditions that claims once had, in which they are false."""

SAMPLES = sp.Ge(n, C * (d + r) * (1 + 1 / gamma) * (1 + 1 / gamma_tilde) * r**2 / eta**2)
"""More pairs than any of these regimes needs."""


@pytest.mark.parametrize("claim_id", EARLIER)
def test_a_rate_with_too_few_conditions_is_found(claim_id):
    """The negative control: each claim with the conditions that it once had."""
    claim = replace(claims[claim_id], conditions=EARLIER[claim_id])
    assert any(broken(claim, point) for point in corners(claim))
    assert any(trivial(claim, point) for point in corners(claim)) or claim_id == "figure-3a-filtered-large"


@pytest.mark.parametrize(
    "claim_id", ["regime-flat-student", "regime-flat", "abstract", "figure-3a-unfiltered"]
)
def test_a_rate_with_samples_alone_is_found(claim_id):
    """With any number of pairs: the leak, large ranks and much noise are no matter of too few."""
    claim = replace(claims[claim_id], conditions=(*EARLIER[claim_id], SAMPLES))
    assert any(broken(claim, point) for point in corners(claim))


def exponent(claim):
    """E of a probability 1 - exp(-C E)."""
    return sp.expand_log(-sp.log(1 - claim.probability), force=True).subs(C, 1)


def too_sure(claim, point):
    """Whether a side's quantile at the stated probability passes the rate by more than a constant.

    chi of k > 0 degrees of freedom exceeds (sqrt(k) + sqrt(E))/2 with a probability above exp(-E).
    """
    by_name = {s: point[s.name] for s in exponent(claim).free_symbols}
    stated = float(exponent(claim).subs(by_name))
    bound, (law, *_) = float(claim.bound_at(point)), laws(claim, point)
    sides = ((law.left_scale, law.left_dof), (law.right_scale, law.right_dof))
    worst = max(math.sqrt(v) * (math.sqrt(k) + math.sqrt(stated)) / 2 if k else 0.0 for v, k in sides)
    return min(worst, math.sqrt(point["r"])) > FACTOR * bound


SURE = [claim for claim in RATES if claim.probability is not None and claim.relation is Relation.UPPER]


@pytest.mark.parametrize("claim", SURE, ids=lambda claim: claim.id)
def test_a_rate_is_no_surer_than_a_side_s_own_scatter(claim):
    """A rate that holds up to exp(-C E) covers each side's quantile there."""
    assert [point for point in corners(claim) if too_sure(claim, point)] == []


def test_a_probability_by_the_other_side_s_dimension_is_found():
    """The negative control: Remark 4.1's rate with Corollary 1's probability."""
    claim = replace(claims["remark-4-1"], probability=claims["corollary-1"].probability)
    assert any(too_sure(claim, point) for point in corners(claim, 300))


NAMES = {s.name.replace("_tilde", "~"): s for s in (r, d, d_tilde, n, eta, gamma, gamma_tilde)}
IN_WORDS = re.compile(
    r"(?<![\w~/.(^*-])(" + "|".join(sorted(NAMES, key=len, reverse=True)) + r") (?:>=|<=|<|>) "
)


def only_in_words(claim):
    """Symbols of the model that the words bound and no encoded condition mentions."""
    encoded = {s for condition in claim.conditions for s in condition.free_symbols}
    return {NAMES[name] for name in IN_WORDS.findall(claim.statement)} - encoded


@pytest.mark.parametrize("claim", [c for c in claims.values() if c.relation is not None], ids=lambda c: c.id)
def test_what_the_words_bound_is_bounded_by_the_conditions(claim):
    """Words such as r >= 2 or gamma <= 3/10 have an encoded condition on the same symbol."""
    assert only_in_words(claim) == set()


def test_a_condition_in_words_alone_is_seen():
    """The negative control: the flat regime's words without a condition; and that many claims have such."""
    assert only_in_words(replace(claims["regime-flat"], conditions=())) == {gamma_tilde, eta, n}
    assert sum(bool(IN_WORDS.findall(claim.statement)) for claim in claims.values()) > 15
