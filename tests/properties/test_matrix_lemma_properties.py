"""Hypothesis climbs towards the worst ratio of each matrix lemma, on matrices of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings, target
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from verification.engines.estimate import chordal_distance
from verification.quantities.matrix_lemmas import QUANTITIES

EPS = np.finfo(float).eps
ENTRIES = st.one_of(
    st.floats(-1, 1, allow_subnormal=False, width=32),
    st.sampled_from([0.0, 1.0, -1.0, 1e-6, 1 - 1e-7]),
)
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5))
SEEDS = st.integers(0, 2**63 - 1)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices of one shape: any, often rank-deficient, the second often near the first."""
    shape = draw(SHAPES)
    a = draw(arrays(float, shape, elements=ENTRIES))
    b = draw(arrays(float, shape, elements=ENTRIES))
    near = draw(st.sampled_from([1.0, 1e-3, 1e-6]))
    return a, a + near * b


@given(pairs())
def test_weyl_on_any_matrices(matrices):
    """No singular value moves by more than the operator norm of the change."""
    a, b = matrices
    change = np.linalg.norm(a - b, 2)
    assume(change > 1e-9)
    moved = np.abs(np.linalg.svd(a, compute_uv=False) - np.linalg.svd(b, compute_uv=False)).max()
    ratio = (moved - 40 * EPS) / change
    target(float(ratio), label="Weyl")
    assert ratio <= 1


@given(pairs(), st.integers(1, 4))
def test_wedin_and_its_sharp_form_on_truncated_matrices(matrices, rank):
    """For the rank-r parts of any two matrices both subspaces turn by at most ||A^ - A||_F / sigma_r(A)."""
    (left_a, s_a, right_a), (left_b, s_b, right_b) = (np.linalg.svd(m) for m in matrices)
    assume(rank <= len(s_a))
    assume(min(s_a[rank - 1], s_b[rank - 1]) > 1e-3)
    a = (left_a[:, :rank] * s_a[:rank]) @ right_a[:rank]
    b = (left_b[:, :rank] * s_b[:rank]) @ right_b[:rank]
    change = np.linalg.norm(b - a)
    assume(change > 1e-7)
    turned = max(
        chordal_distance(left_b[:, :rank], left_a[:, :rank]),
        chordal_distance(right_b[:rank].T, right_a[:rank].T),
    )
    ratio = (turned - 1e-12) * s_a[rank - 1] / change
    target(float(ratio), label="Wedin, sharp")
    assert ratio <= 1
    operator = np.linalg.norm(b - a, 2)
    if operator < s_a[rank - 1]:
        assert (turned - 1e-12) * (s_a[rank - 1] - operator) / change <= 1


@given(pairs(), st.floats(0, 1), st.integers(1, 4))
def test_rank_along_a_segment(matrices, time, rank):
    """Lemma 4: within ||A - B|| < sigma_r(A) the r-th singular value of the segment stays positive."""
    a, b = matrices
    values = np.linalg.svd(a, compute_uv=False)
    assume(rank <= len(values))
    room = values[rank - 1] - np.linalg.norm(a - b, 2)
    assume(room > 1e-9)
    least = np.linalg.svd((1 - time) * a + time * b, compute_uv=False)[rank - 1]
    target(float(room / least), label="segment")
    assert least >= room - 40 * EPS


@pytest.mark.parametrize("name", QUANTITIES)
@settings(max_examples=40)
@given(seed=SEEDS)
def test_no_seed_breaks_a_registered_quantity(name, seed):
    """The registered searches hold for every seed that Hypothesis finds."""
    ratio = QUANTITIES[name](np.random.Generator(np.random.Philox(seed)))
    target(ratio, label=name)
    assert 0 <= ratio <= 1


@given(pairs())
def test_a_wrong_weyl_constant_is_found(matrices):
    """Negative control: with 0.9 in place of 1 the equal shift of all singular values is a counterexample."""
    a, _ = matrices
    square = a @ a.T  # symmetric positive semi-definite: adding the identity shifts every value by 1
    moved = np.linalg.svd(square + np.eye(len(a)), compute_uv=False) - np.linalg.svd(square, compute_uv=False)
    assert np.abs(moved).max() > 0.9 * np.linalg.norm(np.eye(len(a)), 2)
