"""Real pairs and the experiment on them."""

import json

import numpy as np
import pytest

from verification.engines import estimate
from verification.errors import InvalidArgument
from verification.studies import figure_3b, real_pairs


@pytest.mark.parametrize("name", real_pairs.SETS)
def test_a_set_is_centred_matched_and_of_more_than_its_rank(name):
    """Every population shows r directions, and shows none when its rows are paired anew."""
    pairs = real_pairs.SETS[name]()
    assert len(pairs.x) == len(pairs.y) > 1000
    assert max(abs(pairs.x.mean(axis=0)).max(), abs(pairs.y.mean(axis=0)).max()) < 1e-9
    values = estimate.fit(pairs.x.T @ pairs.y / len(pairs.x), pairs.r + 1).singular_values
    assert values[pairs.r - 1] > 1.02 * values[pairs.r]
    order = np.random.default_rng(0).permutation(len(pairs.x))
    shuffled = estimate.fit(pairs.x.T @ pairs.y[order] / len(pairs.x), pairs.r).singular_values
    assert shuffled[0] < 0.5 * values[0]


def test_a_draw_keeps_partners_of_clean_pairs_only():
    """Clean rows are partners in the population; of the others about one in its size is by chance."""
    pairs = real_pairs.digits()
    x, y, clean = pairs.draw(0.3, 4000, np.random.default_rng(0))
    assert abs(clean.mean() - 0.3) < 0.04
    for rows, matched in ((clean, True), (~clean, False)):
        nearest = [int(np.argmin(((pairs.x - row) ** 2).sum(axis=1))) for row in x[rows][:40]]
        partners = np.mean(
            [np.allclose(pairs.y[i], other) for i, other in zip(nearest, y[rows], strict=False)]
        )
        assert bool(partners > 0.9) is matched


def test_the_truth_is_where_all_clean_pairs_lead():
    """The error of clean pairs falls like the root of their number; a filter's has a floor."""
    pairs = real_pairs.digits()
    truth, rng = pairs.truth, np.random.default_rng(1)
    errors = []
    for n in (2_000, 200_000):
        x, y, _ = pairs.draw(1.0, n, rng)
        fitted = estimate.fit(estimate.cross_covariance(x, y), pairs.r)
        errors.append(estimate.chordal_distance(fitted.left, truth.left))
    assert 5 < errors[0] / errors[1] < 20
    floor = figure_3b.floor(pairs)
    assert floor[0.6] > 5 * errors[1]
    assert floor[0.3] > floor[0.9]


def test_otsu_and_two_gaussians_find_two_far_classes():
    """Both rules put the threshold between classes that are apart, wherever these lie."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.standard_normal(7000), 9 + rng.standard_normal(3000)])
    for rule in (figure_3b.otsu, figure_3b.two_gaussians):
        assert 2 < rule(scores) < 7
        assert 102 < rule(scores + 100) < 107


@pytest.fixture(scope="module")
def small():
    """One set at three clean shares, two runs each."""
    return figure_3b.figure_3b(2, names=("digits",), etas=(1.0, 0.6, 0.3))[0]


def test_slopes_gains_and_regrets_are_those_of_the_errors(small):
    """All pairs go like 1/eta, clean ones like its root; no rule beats hindsight by much, and all is JSON."""
    whole, clean = small.slope("all pairs"), small.slope("clean pairs only")
    assert -1.25 < whole.value < -0.7
    assert whole.value + 0.2 < clean.value < -0.1
    assert whole.low <= whole.value <= whole.high
    assert (small.regret("rule: fit") >= 1 - 1e-9).all()
    assert small.regret("rule: keep 30%").max() > 2
    assert small.gain("keep 30%").max() < 1
    json.dumps(small.as_dict())
    assert small.covered()[1] == 6
    assert len(small.rows()) == 3 * (len(figure_3b.CURVES) + 1 + len(figure_3b.RULES))
    assert figure_3b.figure_3b(2, names=("digits",), etas=(0.3,))[0].slope("all pairs") is None


def test_runs_do_not_depend_on_the_number_of_processes(small):
    """The same draws in two workers."""
    assert figure_3b.figure_3b(2, jobs=2, names=("digits",), etas=(0.6,))[0].runs[0] == small.runs[1]


def test_bad_arguments_are_told():
    """An unknown set and too few runs."""
    with pytest.raises(InvalidArgument, match="set must be one of digits"):
        figure_3b.figure_3b(2, names=("cats",))
    with pytest.raises(InvalidArgument, match="replicates must be"):
        figure_3b.figure_3b(1)
