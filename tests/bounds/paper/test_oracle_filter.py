"""Section 6.2's rates: what their families state is what the law has."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bounds.checks import Scaling
from bounds.law.score import Score, conditional_mean
from bounds.paper import oracle_filter
from verification.engines import seeds
from verification.quantities import registry
from verification.quantities.registry import Cell

POINTS = [
    (claim.id, number, point)
    for claim in oracle_filter.CLAIMS
    for number, check in enumerate(claim.checks)
    if isinstance(check, Scaling)
    for point in check.path.points()
    if "P" in point
]


@pytest.mark.parametrize("case", POINTS, ids=lambda c: f"{c[0]}-{c[1]}")
def test_what_a_family_states_of_the_kept_pairs_is_the_laws(case):
    """P, E_1, E_0 and both kappas at every point of every family are those of the score's law."""
    _, _, point = case
    size = int(point["r"])
    noise = point["gamma"], point["gamma_tilde"]
    law = Score(size, point["eta"], *noise)
    assert point["P"] == pytest.approx(float(law.tail(point["theta"])), rel=1e-10)
    for name, clean in (("mean_1", True), ("mean_0", False)):
        if name in point:
            mean = float(conditional_mean(point["theta"], size, *noise, clean))
            assert point[name] == pytest.approx(mean, rel=1e-9)
    for name in ("left", "right"):
        if f"kappa_{name}" in point:
            kappa = float(law.kappa(point["theta"], side=name))
            assert point[f"kappa_{name}"] == pytest.approx(kappa, rel=1e-10)


def direct(values, rng):
    """||S_n(theta) - S(theta)|| from pairs drawn one by one, the truth in the leading coordinates."""
    n, size = values["n"], values["r"]
    z = rng.standard_normal((n, size))
    other = np.where(rng.random((n, 1)) < values["eta"], z, rng.standard_normal((n, size)))
    x = rng.standard_normal((n, values["d"])) / math.sqrt(values["gamma"])
    y = rng.standard_normal((n, values["d_tilde"])) / math.sqrt(values["gamma_tilde"])
    x[:, :size] += z
    y[:, :size] += other
    kept = np.vecdot(x[:, :size], y[:, :size]) > values["theta"]
    x, y = x[kept] - x[kept].mean(axis=0), y[kept] - y[kept].mean(axis=0)
    found = x.T @ y / (kept.sum() - 1)
    law = Score(size, values["eta"], values["gamma"], values["gamma_tilde"])
    found[:size, :size] -= float(law.multiple(values["theta"])) * np.eye(size)
    return float(np.linalg.norm(found, 2))


VALUES = {"n": 600, "d": 5, "d_tilde": 4, "r": 2, "eta": 0.4, "gamma": 2.0, "gamma_tilde": 5.0, "theta": 1.5}


def drawn(**changes):
    """2000 deviations by the registered quantity."""
    cell = Cell(tuple(sorted({**VALUES, **changes}.items())), "kept-covariance-deviation")
    return registry.draw(cell, 0, range(2000))


def direct_sample():
    """2000 deviations by the direct way."""
    return np.array([direct(VALUES, rng) for rng in seeds.generators(1, "direct", range(2000))])


def distance(first, second):
    """The two samples' largest difference of distribution functions."""
    places = np.concatenate([first, second])
    shares = [np.searchsorted(np.sort(s), places, side="right") / len(s) for s in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


def test_the_deviation_at_a_threshold_is_that_of_pairs_drawn_one_by_one():
    """Both ways have one distribution; at another threshold the same test sees the difference."""
    allowed = math.sqrt(math.log(2 / 1e-9) / 2000)  # two samples of 2000, false alarm below 1e-8
    sample = direct_sample()
    assert distance(drawn(), sample) < allowed
    assert distance(drawn(theta=0.0), sample) > 2 * allowed
