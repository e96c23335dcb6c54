"""Quantities that are drawn for many replicates at once."""

import math

import mpmath
import numpy as np
import pytest

from verification.engines import seeds
from verification.quantities import concentration, registry, score, unimodal
from verification.quantities.batched import Batched

KNOWN = {
    **concentration.QUANTITIES,
    **score.QUANTITIES,
    **unimodal.QUANTITIES,
}
PLACE = {"n": 40, "d": 7, "d_tilde": 5, "r": 2, "eta": 0.4, "gamma": 2.0, "gamma_tilde": 0.5}
FURTHER = {"theta": 0.5, "retain": 0.5}


@pytest.mark.parametrize("name", KNOWN)
def test_a_number_depends_on_its_own_generator_alone(name, monkeypatch):
    """Alone, in one batch or in several, a replicate has the same bits."""
    # One modality has no setting of two.
    place = {key: PLACE[key] for key in ("n", "d", "r", "gamma")} if name == "pca-error" else PLACE
    cell = registry.Cell(tuple({**place, **FURTHER}.items()), name)
    together = registry.draw(cell, 5, range(9))
    assert len(set(together.tolist())) > 2
    alone = [float(registry.draw(cell, 5, [i])[0]) for i in range(9)]
    assert together.tolist() == alone
    monkeypatch.setattr(registry, "BATCH", 4)
    assert registry.draw(cell, 5, range(9)).tolist() == alone
    monkeypatch.setattr(registry, "BATCH_NUMBERS", 1)
    assert registry.draw(cell, 5, range(9)).tolist() == alone


def test_a_batched_quantity_can_be_called_like_any_other():
    """With one generator it gives that one's number."""
    double = Batched(lambda place, rngs: np.array([place * rng.random() for rng in rngs]))
    assert double(2.0, seeds.generator(0, "x")) == 2 * seeds.generator(0, "x").random()


def test_no_replicate_at_all_is_an_empty_array():
    """A cell that needs no draws gets none."""
    cell = registry.Cell(tuple(PLACE.items()), "oracle-score")
    assert registry.draw(cell, 0, []).shape == (0,)


@pytest.mark.parametrize("gamma", [1.0, 1e8, 1e14])
def test_a_small_angle_of_principal_components_keeps_its_digits(gamma):
    """The error agrees with an eigendecomposition in 60 digits, down to angles of 1e-12."""
    values = {"n": 10**9, "d": 8, "r": 2, "gamma": gamma}
    found = unimodal.pca_error(values, seeds.generator(4, "angle"))
    scales = np.full(8, 1 / math.sqrt(gamma))
    scales[:2] = math.sqrt(1 + 1 / gamma)
    (root,) = concentration.gram_roots(np.array([10**9 - 1]), 8, [seeds.generator(4, "angle")])
    with mpmath.workdps(60):
        exact_root = mpmath.matrix((root * scales).tolist())
        values_, vectors = mpmath.eigsy(exact_root.T * exact_root)
        top = sorted(range(8), key=lambda i: -values_[i])[:2]
        expected = mpmath.sqrt(sum(vectors[i, j] ** 2 for i in range(2, 8) for j in top))
    assert found == pytest.approx(float(expected), rel=1e-12)
