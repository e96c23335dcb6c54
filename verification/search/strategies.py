"""Hypothesis strategies for settings, procedures, points inside a claim's conditions, and matrices.

For property-based tests of the theorems, and for the search that climbs towards the worst ratio.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from verification.engines.estimate import Array
from verification.errors import extra
from verification.search.space import COORDINATES, Space
from verification.setting import Procedure, Setting

with extra("hypothesis", "search"):
    from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def log_floats(low: float, high: float) -> SearchStrategy[float]:
    """Floats in [low, high], log-uniform in spirit."""
    return st.floats(math.log(low), math.log(high)).map(lambda x: min(max(math.exp(x), low), high))


@st.composite
def settings(
    draw: Callable[[Any], Any],
    *,
    max_n: int = 10**6,
    max_dimension: int = 32,
    min_r: int = 1,
    noiseless: bool = True,
) -> Setting:
    """Settings of the model; with `noiseless` gamma may be infinite."""
    d = draw(st.integers(min_r, max_dimension))
    d_tilde = draw(st.integers(min_r, max_dimension))
    r = draw(st.integers(min_r, min(d, d_tilde)))
    snr = log_floats(1e-2, 1e6)
    if noiseless:
        snr = st.one_of(snr, st.just(math.inf))
    n = round(draw(log_floats(4, max_n)))
    eta = draw(st.one_of(log_floats(1e-3, 1.0), st.just(1.0)))
    return Setting(n, d, d_tilde, r, eta, draw(snr), draw(snr))


def procedures(*, r: int = 4, rounds: int = 2) -> SearchStrategy[Procedure]:
    """Estimators with a threshold between -2r and 2r or a share kept, up to `rounds` rounds."""
    theta = st.floats(-2.0 * r, 2.0 * r)
    share = st.floats(0.05, 1.0)
    count = st.integers(1, rounds)
    return st.one_of(
        st.just(Procedure()),
        st.builds(lambda t: Procedure("oracle-filtered", theta=t), theta),
        st.builds(lambda q: Procedure("oracle-filtered", retain=q), share),
        st.builds(lambda t, k: Procedure("teacher-filtered", theta=t, rounds=k), theta, count),
        st.builds(lambda q, k: Procedure("teacher-filtered", retain=q, rounds=k), share, count),
    )


def cubes() -> SearchStrategy[tuple[float, ...]]:
    """Points of the unit cube that `Space.point` takes."""
    return st.tuples(*[st.floats(0, 1)] * len(COORDINATES))


def points(space: Space) -> SearchStrategy[dict[str, float]]:
    """Parameter values by name inside a claim's conditions."""
    return cubes().map(space.point).filter(lambda point: point is not None)  # type: ignore[return-value]


@st.composite
def matrices(draw: Callable[[Any], Any], *, max_rows: int = 8, max_columns: int = 8) -> Array:
    """Real matrices (m, k) with singular values over many orders, of any rank."""
    rows, columns = draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns))
    rng = np.random.Generator(np.random.Philox(draw(st.integers(0, 2**32 - 1))))
    least = min(rows, columns)
    values = draw(st.lists(st.one_of(st.just(0.0), log_floats(1e-6, 1e6)), min_size=least, max_size=least))
    left, _ = np.linalg.qr(rng.standard_normal((rows, least)))
    right, _ = np.linalg.qr(rng.standard_normal((columns, least)))
    return np.asarray((left * np.array(values)) @ right.T)


@st.composite
def covariances(draw: Callable[[Any], Any], *, max_dimension: int = 8, definite: bool = True) -> Array:
    """Symmetric positive (semi-)definite matrices (m, m) with eigenvalues over six orders."""
    size = draw(st.integers(1, max_dimension))
    rng = np.random.Generator(np.random.Philox(draw(st.integers(0, 2**32 - 1))))
    eigenvalue = log_floats(1e-3, 1e3)
    if not definite:
        eigenvalue = st.one_of(st.just(0.0), eigenvalue)
    values = draw(st.lists(eigenvalue, min_size=size, max_size=size))
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    product = (basis * np.array(values)) @ basis.T
    return np.asarray((product + product.T) / 2)
