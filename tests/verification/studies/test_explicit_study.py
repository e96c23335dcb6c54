"""The study of the explicit theorems: random settings inside its condition, and a bound that is too small."""

from __future__ import annotations

import math

import pytest

from bounds import claims
from bounds.symbols import n
from verification.studies import explicit

THEOREMS = [explicit.CLAIM, explicit.HALF]


@pytest.mark.parametrize("theorem", THEOREMS)
def test_random_settings_lie_inside_the_condition_and_all_over_it(theorem: str) -> None:
    """Every setting has the pairs that the theorem asks for; noise of many sizes and none is among them."""
    found = list(explicit.random_settings(200, seed=3, claim=theorem))
    (condition,) = (c for c in claims[theorem].conditions if c.lhs == n)
    for setting, delta in found:
        values = {**setting.as_dict(), "delta": delta}
        least = condition.rhs.subs({s: values[s.name] for s in condition.rhs.free_symbols}).evalf()
        assert setting.n >= least * (1 - 1e-12)
        assert setting.d >= setting.r <= setting.d_tilde
    noises = [setting.gamma for setting, _ in found]
    assert math.inf in noises
    assert min(noises) < 0.1 < 1e3 < max(x for x in noises if x < math.inf)
    assert any(setting.d == setting.r for setting, _ in found)
    assert min(setting.r for setting, _ in found) == (2 if theorem == explicit.HALF else 1)


@pytest.mark.parametrize("theorem", THEOREMS)
def test_no_drawn_error_passes_the_bound_and_half_of_it_is_passed(theorem: str) -> None:
    """Of 40 settings none is broken in 10 draws; the largest draw is above half of the bound."""
    rows = explicit.study(40, 10, seed=5, claim=theorem)
    assert sum(row.broken for row in rows) == 0
    assert 0.5 < max(row.largest for row in rows) < 1
    assert "40 settings, broken at 0" in explicit.summary(rows)


@pytest.mark.parametrize("theorem", THEOREMS)
def test_a_bound_at_half_its_size_is_broken(monkeypatch: pytest.MonkeyPatch, theorem: str) -> None:
    """Negative control: half of the bound is passed somewhere, and the study says where."""
    whole = explicit.bound
    monkeypatch.setattr(explicit, "bound", lambda *where: whole(*where) / 2)
    rows = explicit.study(40, 10, seed=5, claim=theorem)
    assert any(row.broken for row in rows)
    assert "broken at 0" not in explicit.summary(rows)


def test_the_search_ends_where_the_error_is_nearer_to_the_bound_than_at_random() -> None:
    """A short climb already reaches six tenths of the bound, with the same result twice."""
    setting, delta = explicit.hardest(seed=1, rounds=6)
    assert (setting, delta) == explicit.hardest(seed=1, rounds=6)
    assert explicit.judge(setting, delta, 20, seed=2).largest > 0.6
