"""Designs against what is drawn: planned spreads, and the violations that a check says it notices."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bounds import claims
from bounds.claim import Law, Level, Scaling, Tail
from verification.checks import plan as design
from verification.checks.plan import BETA, PROFILES
from verification.judging.samples import Sampler
from verification.mutants.claim import mutants
from verification.statistics import distribution, slopes

DRAWS = 200
SLACK = 1.4
"""Half of the range from 16% to 84% of 200 log-normal values is off by 8% (standard deviation), so that a
spread that is right passes all 250 cells with probability above 0.999."""

ALPHA = 1e-6 / 300


def plans():
    """Every design of the quick profile that rests on a planned spread, at a typical share of alpha."""
    quick = PROFILES["quick"]
    for name, claim, check in design.named_checks(list(claims.values())):
        if isinstance(check, Scaling | Level) and design.included(check, quick):
            yield design.plan(name, claim, check, ALPHA, quick, None, 0)


def planned(plan):
    """The standard deviation of log-values that the design was made with."""
    return plan.check.measured.spread or max(design.spread(cell) for cell in plan.cells)


@pytest.fixture(scope="module")
def measured():
    """Half the range of the middle 68% of the logs of 200 draws, of every cell: what a median feels."""
    cells = {cell for plan in plans() for cell in plan.cells}
    with Sampler(20_261, 1) as samples:
        samples.need((cell, DRAWS) for cell in cells)
        logs = {cell: np.log(samples(cell)) for cell in cells}
    ends = {cell: np.quantile(values, stats.norm.cdf([-1, 1])) for cell, values in logs.items()}
    return {cell: float(high - low) / 2 for cell, (low, high) in ends.items()}


@pytest.mark.slow
def test_no_quantity_spreads_more_than_its_design_says(measured):
    """So an exponent is known to the planned half-width with the stated probability."""
    wide = [
        (plan.name, cell.setting.key if "d_tilde" in dict(cell.values) else cell.values, measured[cell])
        for plan in plans()
        for cell in plan.cells
        if measured[cell] > SLACK * planned(plan)
    ]
    assert wide == []


@pytest.mark.slow
def test_a_spread_that_is_too_small_is_found(measured):
    """The negative control: with planned spreads of a half many designs would be named."""
    found = [any(measured[c] > SLACK * planned(p) / 2 for c in p.cells) for p in plans()]
    assert sum(found) > len(found) / 3


@pytest.mark.parametrize("share", [0.6, 0.75])
@pytest.mark.parametrize("side", [1, -1])
def test_a_level_notices_what_it_says(share, side):
    """A typical value off by the stated smallest violation is refuted, on both sides, 2000 times of 2000."""
    tolerance, sigma = 0.15, 0.18
    half = share * tolerance
    count = slopes.median_replicates(slopes.normal_mass(math.log1p(half), sigma), ALPHA, BETA)
    smallest = (1 + tolerance) * (1 + half) - 1
    rng = np.random.default_rng(1)
    off = 1 + smallest if side > 0 else 1 - tolerance - half
    draws = np.log(off) + sigma * rng.standard_normal((2000, count))
    outcomes = {
        slopes.equivalence(slopes.median_interval(np.exp(row), ALPHA), 1.0, tolerance) for row in draws
    }
    assert outcomes == {"fails"}


def test_a_slope_notices_what_it_says():
    """An exponent off by margin and half-width is refuted, one off by the rest of the margin passes."""
    margin, sigma, span = 0.25, 0.27, math.log(10)
    half = PROFILES["quick"].noise * margin
    count = slopes.slope_replicates(sigma, span, half, ALPHA, BETA)
    rng = np.random.default_rng(2)
    for slope, outcome in ((margin + half, "fails"), (margin - half, "holds")):
        for _ in range(500):
            ends = sigma * rng.standard_normal((2, count)) + np.array([[0.0], [slope * span]])
            interval = slopes.slope_interval([0.0, span], list(ends), ALPHA).end[1]
            assert slopes.at_most(interval, margin) == outcome


def test_a_tail_that_no_violation_could_fail_is_no_design():
    """A check that cannot say no is an error of the design, which tells what would help."""
    claim = claims["proposition-1-explicit"]
    (tail,) = (check for check in claim.checks if isinstance(check, Tail))
    check = replace(tail, delta=0.9)
    with pytest.raises(design.UnderpoweredDesign, match=r"at no violation.*smaller delta"):
        design.plan("x/tail-1", claim, check, ALPHA, PROFILES["quick"], None, 0)
    assert design.plan("x/tail-1", claim, tail, ALPHA, PROFILES["quick"], None, 0).cells


def test_planned_replicates_follow_the_normal_approximation():
    """Counts come from exact binomial conditions; the normal approximation gives nearly the same."""
    sigma, span, half = 0.2, math.log(100), 0.02
    count = slopes.slope_replicates(sigma, span, half, ALPHA, BETA)
    reach = stats.norm.isf(ALPHA / 4) + stats.norm.isf(BETA / 4)
    rough = (reach * sigma * math.sqrt(math.pi / 2) / (half * span / 2)) ** 2
    assert 0.85 < count / rough < 1.15


def wrong_laws():
    """Every counted wrong version of a stated law in the quick profile, and its design."""
    quick = PROFILES["quick"]
    for name, claim, check in design.named_checks(list(claims.values())):
        if isinstance(check, Law) and design.included(check, quick):
            plan = design.plan(name, claim, check, ALPHA, quick, None, 0)
            index = claim.checks.index(check)
            for mutant in mutants(claim):
                if mutant.counted and mutant.claim.checks[index] != check:
                    yield mutant.id, plan, mutant.claim.checks[index]


def clearance(plan, check, draws, sure=1e-6):
    """How far a law is from what is drawn, at the setting that shows it best, beyond what refutes it surely.

    The distance is measured on draws of its own, less a band that covers it but with probability `sure`;
    the design refutes a distance of its tolerance and of what sampling may add, at both of its error rates.
    """
    rates = plan.look_alpha / len(plan.cells), BETA / len(plan.looks)
    needed = check.tolerance + distribution.minimal_distance(plan.replicates, *rates)
    found = []
    for point, cell in zip(plan.points, plan.cells, strict=True):
        drawn = draws(cell)
        distance = distribution.kolmogorov_distance(drawn, lambda x, at=point: check.cdf(at, x))
        found.append(distance - math.sqrt(math.log(2 / sure) / (2 * len(drawn))))
    return max(found) - needed


@pytest.fixture(scope="module")
def pilots():
    """2000 draws of a cell, of a seed that no run has."""
    with Sampler(424242, 1, None, None) as samples:

        def draws(cell):
            samples.need([(cell, 2000)])
            return samples(cell)[:2000]

        yield draws


@pytest.mark.slow
def test_every_wrong_law_stands_clear_of_its_design(pilots):
    """A counted wrong law is so far from what is drawn that no run of any seed misses it but with 2e-6.

    One of a claim's laws suffices to refute it: the one that shows it best is asked.
    """
    near = {}
    for name, plan, check in wrong_laws():
        near[name] = max(near.get(name, -math.inf), clearance(plan, check, pilots))
    assert near
    assert not {name: gap for name, gap in near.items() if gap < 0}


@pytest.mark.slow
def test_a_wrong_law_too_near_for_its_design_is_found(pilots):
    """The design that let a law off by 10% survive one run in sixty is told from one that does not."""
    quick = PROFILES["quick"]
    claim = claims["regime-crossing-measured"]
    law = replace(claim.checks[0], precision=None)
    plan = design.plan("blunt", claim, law, ALPHA, quick, None, 0)
    off = next(m for m in mutants(claim) if m.id.endswith("~law-up")).claim.checks[0]
    assert clearance(plan, off, pilots) < 0
