"""Corollary 1 and Proposition 1: their conditions, their families, and the samples that print asks for."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import sympy as sp

from bounds import claims
from bounds.claim import Verdict
from bounds.paper.unfiltered import (
    LEFT_ROOT_MEAN_SQUARE,
    PROPOSITION_1_SAMPLES,
    PROPOSITION_1_SAMPLES_PRINTED,
    ROOT_MEAN_SQUARE,
    SHRINKING_ETA,
)
from bounds.symbols import C, Noiseless, Noisy, d, eta, gamma, gamma_tilde, n
from verification import simulation
from verification.checks.conditions import meets
from verification.judging.run import verify
from verification.setting import Procedure, Setting

LOWER_BOUNDS = (
    "proposition-1", "proposition-1-explicit", "proposition-1-samples", "proposition-1-samples-corrected",
)  # fmt: skip


def median_ratio(point, claim_id, count=400):
    """Median of ERR over the bound, drawn."""
    setting = Setting(**{name: point[name] for name in Setting.__dataclass_fields__})
    draws = simulation.replicates(setting, Procedure(), "exact", 3, range(count), ())
    return float(np.median([draw.error for draw in draws])) / float(claims[claim_id].evaluate(point))


def test_the_printed_samples_of_proposition_1_are_too_few():
    """At gamma = 1e8, eta = 1e-4 and the printed n = 384 the typical error is below a 100th of the bound."""
    last = SHRINKING_ETA.points()[-1]
    assert (last["gamma"], last["n"]) == (1e8, 384)
    assert meets(claims["proposition-1-samples"], last)
    assert not meets(claims["proposition-1"], last)
    assert median_ratio(last, "proposition-1") < 0.01


def test_four_times_the_right_condition_is_enough_there():
    """With n = 4 d (1 + 1/gamma)/eta^2 at that gamma and eta the typical error is of the bound's order."""
    point = dict(SHRINKING_ETA.points()[-1])
    numbers = {d: point["d"], eta: point["eta"], gamma: point["gamma"], C: 4}
    point["n"] = math.ceil(float(PROPOSITION_1_SAMPLES.subs(numbers)))
    assert meets(claims["proposition-1"], point)
    assert 0.5 < median_ratio(point, "proposition-1") < 2


def test_both_conditions_agree_at_gamma_of_order_one_only():
    """The right condition over the printed one is (1 + gamma)/4 times the constant: unbounded in gamma."""
    assert sp.simplify(PROPOSITION_1_SAMPLES / PROPOSITION_1_SAMPLES_PRINTED - C * (1 + gamma) / 4) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_printed_condition_is_refuted_and_its_correction_supported(seed):
    """The lower bound comes out refuted under the printed condition and supported under the right one."""
    chosen = [claims["proposition-1-samples"], claims["proposition-1-samples-corrected"]]
    printed, right = verify(chosen, jobs=1, seed=seed)
    assert (printed.verdict, right.verdict) == (Verdict.REFUTED, Verdict.SUPPORTED)
    assert all(mutant.refuted for mutant in right.mutants)


@pytest.mark.parametrize("claim_id", LOWER_BOUNDS)
def test_the_instance_stands_in_the_conditions(claim_id):
    """A lower bound of Proposition 1 asks for r = 1, two dimensions and no noise in the second modality."""
    claim = claims[claim_id]
    point = {"n": 10**9, "d": 4, "d_tilde": 4, "r": 1, "eta": 0.5, "gamma": 1.0, "delta": 0.05}
    assert meets(claim, {**point, "gamma_tilde": math.inf})
    assert not meets(claim, {**point, "gamma_tilde": 10.0})
    assert not meets(claim, {**point, "gamma_tilde": math.inf, "d": 1})
    assert not meets(claim, {**point, "gamma_tilde": math.inf, "r": 2})


def test_the_mirror_is_the_lower_bound_with_the_modalities_exchanged():
    """Its bound, conditions and families are those of Proposition 1 with the letters exchanged."""
    left, right = claims["proposition-1"], claims["proposition-1-mirror"]
    exchanged = {"d": "d_tilde", "d_tilde": "d", "gamma": "gamma_tilde", "gamma_tilde": "gamma"}
    for one, other in zip(left.checks, right.checks, strict=True):
        points = [{exchanged.get(k, k): v for k, v in p.items()} for p in one.path.points()]
        assert points == list(other.path.points())
        assert all(meets(right, point) for point in points)
        assert [left.evaluate(p) for p in one.path.points()] == [right.evaluate(p) for p in points]


def test_no_noise_is_a_condition_that_numbers_decide_and_that_survives_a_worker():
    """True at infinity, false at a number, open for a symbol; the same after a trip to another process."""
    condition = Noiseless(gamma_tilde)
    assert condition.subs(gamma_tilde, sp.oo) == sp.true
    assert condition.subs(gamma_tilde, sp.Float(7)) == sp.false
    assert condition.subs(gamma, 3) == condition == pickle.loads(pickle.dumps(condition))
    assert str(condition) == "gamma_tilde = oo"
    assert sp.latex(condition) == r"\gamma_{tilde} = \infty"


def test_some_noise_is_the_opposite_condition():
    """False at infinity, true at a number, open for a symbol, true where either of two is finite."""
    condition = Noisy(gamma_tilde)
    assert condition.subs(gamma_tilde, sp.oo) == sp.false
    assert condition.subs(gamma_tilde, sp.Float(7)) == sp.true
    assert condition.subs(gamma, 3) == condition == pickle.loads(pickle.dumps(condition))
    assert str(condition) == "gamma_tilde < oo"
    assert sp.latex(condition) == r"\gamma_{tilde} < \infty"
    either = Noisy(sp.Min(gamma, gamma_tilde))
    assert either.subs({gamma: sp.oo, gamma_tilde: 2}) == sp.true
    assert either.subs({gamma: sp.oo, gamma_tilde: sp.oo}) == sp.false
    claim = claims["theorem-1-every-rule"]
    place = {"d": 10**4, "d_tilde": 9, "r": 1, "eta": 1.0, "gamma_tilde": 1.0, "delta": 0.5, "n": 10**12}
    assert claim.evaluate({**place, "gamma": 2.0}) > 0
    assert math.isnan(claim.evaluate({**place, "gamma": math.inf}))


def test_a_law_is_not_shown_as_a_value_of_the_random_error():
    """What the sharp laws show on the left is a root mean square and no random variable."""
    assert claims["corollary-1-sharp"].quantity == LEFT_ROOT_MEAN_SQUARE
    assert claims["proposition-1-sharp"].quantity == ROOT_MEAN_SQUARE
    assert r"\mathbb{E}" in claims["corollary-1-sharp"].latex()


@pytest.mark.parametrize("claim_id", ["corollary-1", "remark-4-1"])
def test_the_path_in_r_moves_the_true_dependence(claim_id):
    """Along the path in r the factor sqrt(r(d - r)) of the law grows like sqrt(r), not out and back."""
    paths = [check.path for check in claims[claim_id].checks if check.path.parameter.name == "r"]
    assert paths
    for path in paths:
        first, last = path.points()[0], path.points()[-1]
        moved = math.sqrt(last["r"] * (last["d"] - last["r"]) / (first["r"] * (first["d"] - first["r"])))
        assert moved > 0.8 * math.sqrt(last["r"] / first["r"]) > 1.5


def test_n_is_held_against_the_condition_at_the_edge():
    """The families of the corrected condition start at four times it, whatever gamma and eta."""
    claim = claims["proposition-1-samples-corrected"]
    edge = PROPOSITION_1_SAMPLES.subs(C, 4)
    starts = []
    for check in claim.checks:
        for point in check.path.points():
            limit = float(edge.subs({d: point["d"], eta: point["eta"], gamma: point["gamma"]}))
            assert point[n.name] >= 0.999 * limit
            starts.append(point["n"] <= 1.01 * limit)
    assert sum(starts) > 0.8 * len(starts)
