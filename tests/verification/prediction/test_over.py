import math

import numpy as np
import pytest

from verification.errors import InvalidArgument
from verification.prediction.advice import best_threshold
from verification.prediction.law import predict
from verification.prediction.over import predict_over, threshold_over
from verification.setting import Setting

BASE = Setting(40_000, 60, 40, 3, 0.1, 2.0, 5.0)


@pytest.mark.parametrize(
    "over",
    [
        {"eta": [0.01, 0.1, 1.0]},
        {"gamma": [1e-3, 1.0, math.inf], "n": [100, 10**6, 10**15]},
        {"theta": [-math.inf, 0.0, 2.0], "d": [3, 10, 300]},
    ],
)
@pytest.mark.parametrize("rounds", [1, 2])
def test_arrays_are_their_entries_one_by_one(over, rounds):
    """Along any parameter, the four means are those of `predict`; a wrong order of the entries is seen."""
    given = {} if "theta" in over else {"theta": 1.0}
    found = predict_over(BASE, over, rounds=rounds, **given)
    assert len(found.settings) == 3
    for i, setting in enumerate(found.settings):
        one = predict(setting, theta=float(found.theta[i]), rounds=rounds)
        assert found.unfiltered[i] == pytest.approx(one.unfiltered.mean, rel=1e-9)
        assert found.teacher[i] == pytest.approx(one.teacher.mean, rel=1e-9)
        assert found.oracle_filtered[i] == pytest.approx(one.oracle_filtered.mean, rel=1e-9)
        assert found.teacher_filtered[i] == pytest.approx(one.teacher_filtered.mean, rel=1e-9)
    assert not np.allclose(found.teacher_filtered, found.teacher_filtered[::-1], rtol=1e-9)


def test_thresholds_along_a_parameter_are_the_best_ones():
    """The mean error at each is that of `best_threshold`, to the search's per mille; gains follow."""
    etas = np.array([0.03, 0.1, 0.3, 1.0])
    found = threshold_over(BASE, {"eta": etas})
    for i, setting in enumerate(found.settings):
        one = best_threshold(setting)
        assert found.teacher_filtered[i] == pytest.approx(one.mean, rel=2e-3)
        assert found.gain[i] == pytest.approx(one.gain["unfiltered"], rel=2e-3)


def test_the_law_is_trusted_where_its_numbers_are():
    """Few kept pairs or a faint signal are not to be trusted along an array either."""
    found = predict_over(BASE, {"n": [100, 10**8]}, theta=0.0)
    assert found.trusted.tolist() == [False, True]


@pytest.mark.parametrize(
    ("over", "named"),
    [
        ({"r": [1, 2]}, "over must name one of"),
        ({"eta": [0.1, 2.0]}, "eta must lie in"),
        ({"eta": [0.1, 0.2], "n": [10, 20, 30]}, "one length"),
        ({"theta": [math.inf]}, "theta must be below inf"),
    ],
)
def test_mistakes_are_named(over, named):
    """A name or a value that is not allowed is refused, as for a single setting."""
    with pytest.raises(InvalidArgument, match=named):
        predict_over(BASE, over)


def test_without_a_threshold_there_is_no_filter():
    """Only the unfiltered laws are there, and a gain is refused."""
    found = predict_over(BASE, {"eta": [0.1, 0.2]})
    assert found.theta is found.teacher_filtered is None
    with pytest.raises(InvalidArgument, match="theta"):
        _ = found.gain
    with pytest.raises(InvalidArgument, match="theta"):
        threshold_over(BASE, {"theta": [0.0]})
