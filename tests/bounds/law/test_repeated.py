import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounds.law import repeated, scales

leaks = st.floats(0.01, 0.99)


@given(leaks, st.floats(0.01, 1), st.floats(1, 1e6), st.floats(0.001, 3))
def test_rounds_until_excess_is_the_smallest_that_suffices(leak, fresh, surplus, excess):
    """The closed form agrees with trying one round after the other."""
    teacher = fresh * surplus
    rounds = repeated.rounds_until_excess(fresh, leak, teacher, excess)

    def reached(k: int) -> bool:
        return scales.repeated_scale(fresh, leak, teacher, k) <= (1 + excess) ** 2 * fresh * (1 + 1e-9)

    if rounds is None:
        assert repeated.floor_ratio(leak) >= (1 + excess) * (1 - 1e-9)
    else:
        assert reached(rounds)
        assert rounds == 1 or not scales.repeated_scale(fresh, leak, teacher, rounds - 1) < (
            1 + excess
        ) ** 2 * fresh * (1 - 1e-9)


@given(leaks, st.floats(0.01, 10), st.floats(0.01, 1e4), st.integers(1, 6))
def test_splits_are_optimal(leak, fresh, teacher, rounds):
    """No share for the teacher beats the closed form, and unequal rounds are never worse than equal ones."""
    even = repeated.even_split(fresh, leak, teacher, rounds)
    best = repeated.best_split(fresh, leak, teacher, rounds)

    def scale(share):
        one = (1 - share) / rounds
        return scales.repeated_scale(fresh / one, leak, teacher / share, rounds)

    assert even.scale == pytest.approx(scale(even.teacher), rel=1e-9)
    assert even.scale <= np.min(scale(np.linspace(0.005, 0.995, 199))) * (1 + 1e-9)
    assert best.scale <= even.scale * (1 + 1e-9)
    v = teacher / best.teacher
    for share in best.rounds:
        v = scales.inherited_scale(fresh / share, leak, v)
    assert v == pytest.approx(best.scale, rel=1e-9)
    for split in (even, best):
        assert split.teacher + sum(split.rounds) == pytest.approx(1)


def test_a_split_of_nothing_is_harmless():
    """Without noise every split has error 0."""
    assert repeated.even_split(0.0, 0.0, 0.0, 2).scale == 0
    assert repeated.best_split(0.0, 0.0, 0.0, 2) == repeated.Split(0.0, (0.5, 0.5), 0.0)
