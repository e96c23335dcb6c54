"""The teacher's own error: the unfiltered fit on its n_T pairs, whatever else there is."""

import pytest

from bounds.claim import Measured
from verification.quantities import registry

POINT = {"n": 10**9, "n_T": 500, "d": 6, "d_tilde": 5, "r": 2, "eta": 0.5, "gamma": 1.0, "gamma_tilde": 2.0}


def test_a_teacher_learns_from_its_own_pairs():
    """The same cell, and so the same draws, as the unfiltered estimator on as many pairs."""
    teacher = registry.cell(Measured("teacher"), POINT)
    assert teacher.setting.n == 500
    assert teacher == registry.cell(Measured("unfiltered"), {**POINT, "n": 500})
    assert teacher != registry.cell(Measured("unfiltered"), POINT)
    assert teacher.pairs == 0


def test_a_teacher_needs_its_number_of_pairs():
    """A point without n_T makes no teacher."""
    with pytest.raises(KeyError, match="n_T"):
        registry.cell(Measured("teacher"), {k: v for k, v in POINT.items() if k != "n_T"})
