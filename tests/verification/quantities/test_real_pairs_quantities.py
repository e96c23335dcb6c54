"""The errors on digits' halves that claims measure, against the estimators that work on rows."""

import numpy as np
import pytest

from verification.engines import estimate
from verification.quantities import real_pairs, registry
from verification.studies import real_pairs as sets
from verification.studies.figure_3b import algorithm_1

PLACE = {"n": 4000, "eta": 0.4}


@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        ("digits-all-pairs", "all pairs"),
        ("digits-clean-pairs", "clean pairs only"),
        ("digits-kept-share", "keep 30%"),
    ],
)
def test_a_quantity_is_the_studys_error_of_the_same_rows(name, estimator):
    """Summed by row of the population or pair by pair, and not the error at another clean share."""
    pairs = sets.digits()
    x, y, clean = pairs.draw(PLACE["eta"], PLACE["n"], np.random.default_rng(3))
    expected = algorithm_1(pairs, pairs.truth, x, y, clean)[estimator]
    drawn = real_pairs.QUANTITIES[name]
    assert drawn(PLACE, np.random.default_rng(3)) == pytest.approx(expected, rel=1e-9)
    other = drawn({**PLACE, "eta": 0.8}, np.random.default_rng(3))
    assert other != pytest.approx(expected, rel=0.01)


def test_the_ratio_is_of_errors_on_the_same_pairs():
    """Keep 30% over all pairs, replicate by replicate."""
    kept, every, ratio = (
        real_pairs.QUANTITIES[f"digits-{name}"](PLACE, np.random.default_rng(4))
        for name in ("kept-share", "all-pairs", "kept-over-all")
    )
    assert ratio == pytest.approx(kept / every)


def test_growth_is_held_against_that_of_all_pairs():
    """Ratios at the given clean share and at 1, one after the other from one generator."""
    found = real_pairs.QUANTITIES["digits-growth-over-all"](PLACE, np.random.default_rng(6))
    rng = np.random.default_rng(6)
    ratio = real_pairs.QUANTITIES["digits-kept-over-all"]
    low, high = ratio(PLACE, rng), ratio({**PLACE, "eta": 1.0}, rng)
    assert found == low / high
    assert found < 1


def test_claims_find_them_by_name():
    """Through the register of quantities, from the values of a path that make no setting of the model."""
    place = registry.Cell((("eta", 0.4), ("n", 4000)), "digits-all-pairs")
    first, second = registry.draw(place, 0, [0, 1])
    assert 0 < first != second > 0
    assert registry.draw(place, 0, [1])[0] == second


def test_without_clean_pairs_the_chosen_fit_is_that_of_the_rest():
    """A choice without matching rows is summed pair by pair alone."""
    pairs = sets.digits()
    rows = pairs.draw_rows(1e-9, 500, np.random.default_rng(5))
    found = real_pairs._Drawn(pairs, pairs.truth, *rows).fit()
    direct = estimate.fit(estimate.cross_covariance(pairs.x[rows[0]], pairs.y[rows[1]]), pairs.r)
    assert found.singular_values == pytest.approx(direct.singular_values)
