"""PCA and weighted pairs as the engines draw them, against each other and against their laws."""

import math

import numpy as np
import pytest
from scipy import stats

from bounds import Measured
from bounds.law.scales import error_law
from verification.errors import InvalidArgument
from verification.prediction import alternatives
from verification.quantities import registry
from verification.replication.cells import ErrorCell
from verification.setting import Procedure, Setting
from verification.simulation import simulate

SMALL = [
    Setting(400, 7, 5, 2, 0.3, 2.0, 0.8),
    Setting(6, 7, 5, 2, 0.5, 2.0, 0.8),
    Setting(30, 40, 20, 2, 0.9, 5.0, 5.0),
    Setting(5, 4, 6, 3, 0.7, 2.0, math.inf),
]
LARGE = Setting(60_000, 16, 24, 3, 0.2, 3.0, 6.0)


def columns(drawn):
    """What a draw says, one array each; the last one depends on both errors together."""
    left, right = (np.array([getattr(draw, side) for draw in drawn.draws]) for side in ("left", "right"))
    return left, right, left - right, np.array([draw.singular_values[0] for draw in drawn.draws])


def agreement(one, other):
    """The smallest p-value of the two-sample tests, times their number."""
    pairs = list(zip(columns(one), columns(other), strict=True))
    return min(stats.ks_2samp(a, b, method="asymp").pvalue for a, b in pairs) * len(pairs)


@pytest.mark.parametrize("setting", SMALL, ids=lambda s: s.key)
def test_both_engines_draw_the_same_pca(setting):
    """Two-sample tests pass, and fail against twice the noise in one modality."""
    exact = simulate(setting, "pca", replicates=1200, seed=1)
    assert agreement(exact, simulate(setting, "pca", engine="direct", replicates=1200, seed=2)) > 1e-4
    noisier = Setting(*list(vars(setting).values())[:5], setting.gamma / 2, setting.gamma_tilde)
    assert agreement(exact, simulate(noisier, "pca", engine="direct", replicates=1200, seed=2)) < 1e-4


def test_the_two_errors_of_pca_depend_on_each_other():
    """Clean pairs share their latents: drawn apart, the errors' difference has another law."""
    setting = Setting(12, 6, 6, 4, 1.0, 50.0, 50.0)
    one, other = (simulate(setting, "pca", replicates=3000, seed=s) for s in (1, 2))
    spread = np.std(columns(one)[2])
    apart = np.std(columns(one)[0] - columns(other)[1])
    assert spread < 0.97 * apart


def within(drawn, law, factor=1.0):
    """Whether the mean of the drawn errors is `factor` times the law's, within four standard errors."""
    errors = drawn.errors
    return (
        abs(errors.mean() - factor * law.mean) < 4 * errors.std() / math.sqrt(len(errors)) + 0.02 * law.mean
    )


def test_pca_follows_its_law_which_is_free_of_the_clean_share():
    """Against its own law at two clean shares, and not against the law with the modalities swapped."""
    swapped = Setting(60_000, 24, 16, 3, 0.2, 6.0, 3.0)
    for eta in (0.05, 1.0):
        setting = Setting(60_000, 16, 24, 3, eta, 3.0, 6.0)
        drawn = simulate(setting, "pca", replicates=300, seed=3)
        law = error_law(alternatives.pca_scales(setting), setting.d, setting.d_tilde, setting.r)
        assert within(drawn, law)
        assert not within(drawn, law, 1.15)
    wrong = error_law(alternatives.pca_scales(swapped), 16, 24, 3)
    assert not within(drawn, wrong)


def test_weighted_pairs_follow_their_law():
    """The first-order law with the leak; without the teacher's part it would be refused."""
    weights = alternatives.weights(LARGE)
    law = error_law(weights.scales, LARGE.d, LARGE.d_tilde, LARGE.r)
    drawn = simulate(LARGE, "weighted", engine="direct", replicates=40, seed=4)
    assert within(drawn, law)
    assert not within(drawn, law, 1.2)
    filtered = simulate(LARGE, "teacher-filtered", theta=0.0, replicates=40, seed=4)
    assert drawn.errors.mean() < filtered.errors.mean()


def test_what_weighted_pairs_need_is_told():
    """Only the direct engine weighs pairs; no threshold goes with weights or with PCA."""
    with pytest.raises(InvalidArgument, match="engine must be direct for the weighted estimator"):
        simulate(LARGE, "weighted")
    with pytest.raises(InvalidArgument, match="gamma must be below 1e\\+12 on one side"):
        simulate(Setting(100, 5, 5, 2, 0.5, math.inf, math.inf), "weighted", engine="direct")
    for estimator, flags in (
        ("pca", {"theta": 0.0}),
        ("pca", {"teacher_n": 9}),
        ("weighted", {"retain": 0.5}),
    ):
        with pytest.raises(InvalidArgument, match=f"left out for the {estimator} estimator"):
            Procedure(estimator, **flags)


def test_claims_and_sweeps_draw_what_simulate_draws():
    """The same errors by the same engine, whatever asks; weighted pairs by no other engine."""
    setting = Setting(400, 6, 5, 2, 0.5, 5.0, 5.0)
    values = tuple(vars(setting).items())
    for estimator, engine in (("weighted", "direct"), ("pca", "exact")):
        procedure = Procedure(estimator)
        drawn = simulate(setting, estimator, engine=engine, replicates=3, seed=1).errors
        measured = registry.cell(Measured(estimator), dict(values))
        assert registry.draw(measured, 1, range(3)).tolist() == drawn.tolist()
        swept = ErrorCell(setting, procedure, engine, 1).draw(range(3))
        assert [draw.error for draw in swept] == drawn.tolist()
    assert registry.cell(Measured("pca"), dict(values)) != registry.cell(Measured(), dict(values))
    with pytest.raises(InvalidArgument, match="engine must be direct for the weighted estimator"):
        ErrorCell(setting, Procedure("weighted"))


def test_the_limit_lies_below_every_estimator():
    """The information limit against PCA, weights and all pairs, and within a factor 2 of PCA in V."""
    for eta in (0.02, 0.3, 1.0):
        setting = Setting(10**6, 20, 20, 3, eta, 2.0, 2.0)
        limit = alternatives.limit_scales(setting)[0]
        pca, weighted = alternatives.pca_scales(setting)[0], alternatives.weights(setting).scales[0]
        assert limit < weighted
        assert pca / 2.02 < limit < 1.01 * pca


def test_no_estimator_draws_an_error_below_the_limit():
    """Mean squares of the left error, drawn; a limit at 1.3 times as many pairs' noise would be passed."""
    setting = Setting(20_000, 24, 24, 3, 0.3, 5.0, 5.0)
    limit = alternatives.limit_scales(setting)[0] * (setting.d - setting.r) * setting.r
    procedures = {
        "unfiltered": {},
        "pca": {},
        "oracle-filtered": {"theta": 0.0},
        "teacher-filtered": {"retain": 0.3},
        "weighted": {"engine": "direct"},
    }
    squares = {}
    for estimator, how in procedures.items():
        drawn = simulate(setting, estimator, replicates=40, seed=6, **how)
        squares[estimator] = float(np.mean([draw.left**2 for draw in drawn.draws]))
    # 40 draws of 63 degrees of freedom know a mean square to 3%.
    assert min(squares.values()) > 0.9 * limit
    assert min(squares, key=squares.__getitem__) == "pca"
    assert squares["pca"] < 1.3 * limit
