from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.errors import InvalidArgument
from verification.statistics.ledger import Ledger


@given(
    alpha=st.floats(1e-12, 0.5),
    weights=st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200),
)
def test_shares_sum_to_at_most_the_budget(alpha, weights):
    """The exact sum of the shares is at most alpha, and short of it only by rounding."""
    ledger = Ledger(alpha, {f"check {i}": w for i, w in enumerate(weights)}).seal()
    total = sum(Fraction(ledger.share(f"check {i}")) for i in range(len(weights)))
    assert Fraction(alpha) * (1 - Fraction(1, 2**50)) <= total <= Fraction(alpha)


def test_shares_follow_the_weights():
    """A check with twice the weight may err twice as often."""
    ledger = Ledger(1e-6)
    ledger.add("tail")
    ledger.add("slope", 2)
    ledger.seal()
    assert ledger.share("slope") == pytest.approx(2 * ledger.share("tail"))
    assert ledger.planned("tail") == pytest.approx(1e-6 / 3)


def test_a_share_is_taken_once():
    """Asking twice is an error, looking is not."""
    ledger = Ledger(0.01, {"a": 1, "b": 1}).seal()
    assert ledger.planned("a") == ledger.planned("a") == ledger.share("a")
    with pytest.raises(InvalidArgument, match="already taken"):
        ledger.share("a")
    assert [(name, taken) for name, _, _, taken in ledger.rows()] == [("a", True), ("b", False)]


def test_nothing_changes_after_sealing():
    """A sealed ledger accepts no check and no second seal; an open one gives no share."""
    ledger = Ledger(0.01, {"a": 1})
    assert not ledger.sealed
    with pytest.raises(InvalidArgument, match="must be sealed"):
        ledger.share("a")
    assert ledger.seal() is ledger
    assert ledger.sealed
    for call in (lambda: ledger.add("late"), ledger.seal, lambda: ledger.share("unknown")):
        with pytest.raises(InvalidArgument):
            call()
    assert "a" in ledger
    assert "late" not in ledger
    assert len(ledger) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Ledger(0.0),
        lambda: Ledger(1.0),
        lambda: Ledger(0.1).seal(),
        lambda: Ledger(0.1, {"a": 0.0}),
        lambda: Ledger(0.1, {"a": float("inf")}),
        lambda: Ledger(0.1, {"a": 1}).add("a"),
    ],
)
def test_wrong_entries_are_errors(make):
    """An impossible budget, weight or name is refused."""
    with pytest.raises(InvalidArgument):
        make()


def test_ledger_is_plain_in_json():
    """The ledger shows every check with its share."""
    ledger = Ledger(0.01, {"a": 1, "b": 3}).seal()
    ledger.share("b")
    shown = json.loads(json.dumps(ledger.as_dict()))
    assert shown["alpha"] == ledger.alpha == 0.01
    assert shown["checks"][1] == {"check": "b", "weight": 3.0, "share": 0.0075, "taken": True}
