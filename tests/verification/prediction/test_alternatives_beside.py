"""What stands beside the filter, as one object."""

import json
import math

import pytest

from verification.prediction.alternatives import beside, information
from verification.setting import Setting

SETTING = Setting(10**6, 20, 16, 3, 0.1, 2.0, 5.0)


def test_the_parts_have_the_promised_keys():
    """Laws with scales and moments, the limit as two scales below every law's."""
    found = beside(SETTING).as_dict()
    assert set(found) == {"pca", "weighted", "limit"}
    assert set(found["pca"]) == set(found["weighted"]) >= {"mean", "std", "left_scale", "right_scale"}
    for side in ("left_scale", "right_scale"):
        assert found["limit"][side] <= min(found["pca"][side], found["weighted"][side])
    json.dumps(found)


def test_without_noise_there_are_no_weights():
    """PCA is exact, the limit zero, and nothing is divided by zero."""
    found = beside(Setting(1000, 5, 5, 2, 0.5, math.inf, math.inf))
    assert found.weighted is None
    assert found.pca.mean == 0
    assert found.limit == (0, 0)


@pytest.mark.parametrize("gamma", [1e-6, 1.0, 1e9, math.inf])
@pytest.mark.parametrize("eta", [1e-6, 0.5, 1.0])
def test_the_information_lies_between_its_ends(gamma, eta):
    """1/a and 1/(1 + 1/(gamma + gamma~)) at any ends of the doubles."""
    for value, own in zip(information(2, eta, gamma, 3.0), (gamma, 3.0), strict=True):
        assert 1 / (1 + 1 / own) <= value * (1 + 1e-12)
        assert value <= 1 / (1 + 1 / (gamma + 3.0)) * (1 + 1e-12)
