"""A check of fixed size is judged twice: after a share of its replicates, and after all of them."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from bounds.claim import Claim, Law, Level, Measured, Path, Relation, Scaling, Verdict
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
from verification.checks import plan as design
from verification.checks.plan import EARLY, PROFILES
from verification.judging import looks
from verification.statistics.distribution import dkw_epsilon, minimal_distance

HERE = ((d, 10), (d_tilde, 10), (r, 2), (gamma, 1), (gamma_tilde, 1), (eta, 0.5))
PATH = Path(n, (10**3, 10**5), HERE)
SCALING = Scaling(Measured(spread=0.3), PATH, two_sided=False, margin=0.25)
CHECKS = (
    SCALING,
    Level(Measured(spread=0.3), PATH, tolerance=0.2),
    Law(Measured(), lambda values, x: stats.norm.cdf(x), (PATH,), tolerance=0.2),
)


class Drawn:
    """Made-up samples: as many of each cell as were asked for."""

    seed = 0

    def __init__(self, plan, values, extra=0):
        self.failures = {}
        self._values = values
        self._drawn = dict.fromkeys(plan.cells, plan.looks[0] + extra)

    def __call__(self, cell):
        """What was drawn of a cell."""
        return self._values[cell][: self._drawn[cell]]


def plan(check, alpha=1e-6):
    """The design of a claim with this one check."""
    claim = Claim(
        id="x", title="t", source="s", statement="w", checks=(check,), expected=Verdict.SUPPORTED,
        note="x.md#x", bound=None if isinstance(check, Law) else 1 / sp.sqrt(n), relation=Relation.UPPER,
    )  # fmt: skip
    return design.plan("x/1", claim, check, alpha, PROFILES["standard"], None, 0)


def log_values(planned, slope, seed=0, spread=0.3):
    """Values with median n^(slope - 1/2), so that error/bound grows like n^slope."""
    rng = np.random.default_rng(seed)
    return {
        cell: cell.setting.n ** (slope - 0.5) * np.exp(spread * rng.standard_normal(planned.replicates))
        for cell in planned.cells
    }


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: type(check).__name__)
def test_the_early_look_has_a_share_of_the_replicates(check):
    """Two looks, the second at the full size, and half of alpha for each."""
    planned = plan(check)
    assert planned.looks == (math.ceil(EARLY * planned.replicates), planned.replicates)
    assert planned.look_alpha == planned.alpha / 2


def test_what_is_clear_is_decided_early_and_what_is_close_is_not():
    """An exponent far inside the margin passes, one far outside fails, one near it waits."""
    planned = plan(SCALING)
    outcomes = {}
    for slope in (0.0, 0.19, 0.6):
        found = looks.evidence(planned, Drawn(planned, log_values(planned, slope)))
        outcomes[slope] = found.outcome
        assert found.replicates == 2 * planned.looks[0]
        assert found.power.replicates == planned.replicates
    assert outcomes == {0.0: "holds", 0.19: "undecided", 0.6: "fails"}


def test_what_another_check_had_drawn_changes_nothing():
    """More replicates of a shared cell than a look needs are not seen by it."""
    planned = plan(SCALING)
    values = log_values(planned, 0.19)
    few = looks.evidence(planned, Drawn(planned, values))
    more = looks.evidence(planned, Drawn(planned, values, extra=planned.replicates - planned.looks[0] - 1))
    assert few == more
    full = looks.evidence(planned, Drawn(planned, values, extra=planned.replicates))
    assert full.replicates == 2 * planned.replicates > few.replicates
    broken = {cell: np.append(v[:-1], np.nan) for cell, v in values.items()}
    assert looks.evidence(planned, Drawn(planned, broken)) == few
    assert "failed" in looks.evidence(planned, Drawn(planned, broken, extra=planned.replicates)).statement


def test_a_law_states_the_power_of_its_full_size():
    """Decided early, a law's check still says what all of its replicates would have noticed."""
    planned = plan(CHECKS[2])
    rng = np.random.default_rng(0)
    values = {cell: rng.standard_normal(planned.replicates) for cell in planned.cells}
    found = looks.evidence(planned, Drawn(planned, values))
    assert found.outcome == "holds"
    alpha = planned.alpha / 2 / len(planned.cells)
    expected = 0.2 + minimal_distance(planned.replicates, alpha, design.BETA / 2)
    assert found.power.smallest == pytest.approx(expected)
    assert found.estimate + dkw_epsilon(planned.looks[0], design.BETA / 2) <= 0.2


@pytest.mark.parametrize(("slope", "least", "most"), [(0.25, 0.0, 0.05), (0.6, 0.999, 1.0)])
def test_two_looks_keep_the_level_of_one(slope, least, most):
    """At alpha = 5% a slope at the margin is refuted in at most 5% of 1000 runs, one beyond it always.

    The interval of a slope covers more often than it says (both medians have to be missed), so that
    none of the 1000 is expected to.
    """
    planned = plan(SCALING, alpha=0.05)
    failed = 0
    for seed in range(1000):
        values = log_values(planned, slope, seed)
        failed += looks.evidence(planned, Drawn(planned, values, extra=planned.replicates)).outcome == "fails"
    assert least <= failed / 1000 <= most
