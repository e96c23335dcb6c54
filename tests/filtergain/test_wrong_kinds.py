"""Every public function of `filtergain`: a value of a wrong kind is one line that names its argument."""

import math

import numpy as np
import pytest

import filtergain as fg
from bounds.register import UnknownClaim
from filtergain import testing
from verification.errors import InvalidArgument, UserError

SETTING = fg.Setting(n=1000, d=4, r=2, eta=0.5, gamma=1.0)
PLACE = SETTING.as_dict()
RNG = np.random.default_rng(0)
ROWS = np.hstack([RNG.standard_normal((400, 2)), np.zeros((400, 3))]) + 0.5 * RNG.standard_normal((400, 5))

NEITHER = ["a", b"x", [], {}, 1 + 2j, object(), math.nan, True, np.array([1.0, 2.0]), "0.5"]
"""What is no number, of any kind."""

WRONG = {
    "size": [*NEITHER, -1, 0, 2.5, math.inf, 10**400],
    "seed": [*NEITHER, None, -1, 2.5, math.inf, 10**400],
    "number": [*NEITHER, -math.inf],
    "positive": [*NEITHER, -1, 0, -math.inf],
    "share": [*NEITHER, -1, 0, 2.5, math.inf, 10**400],
    "name": ["a", b"x", [], {}, 1 + 2j, object(), math.nan, True, np.array([1.0, 2.0]), 3, None, 10**400],
    "function": ["a", b"x", [], {}, math.nan, True, np.array([1.0, 2.0]), 3],
    "flag": ["a", b"x", [], {}, math.nan, None, np.array([1.0, 2.0]), 3],
    "setting": ["a", [], {}, PLACE, math.nan, None, True, np.array([1.0, 2.0]), 3, fg.Setting],
    "table": ["a", b"x", [1, 2], math.nan, None, True, 3, {"eta": None}, {"eta": "a"}, {"eta": []},
              {"eta": [[0.1]]}, {"eta": ["a"]}, {"eta": [0.1, 2.0]},
              {"eta": [0.1], "d": [4, 5, 6], "n": [9, 9]}, {"eta": True}, {"zeta": [0.1]},
              {"eta": [0.1, [0.2]]}],
    "claims": [[], {}, math.nan, True, np.array([1.0, 2.0]), 3, b"x", [3], ["eq-10", None], fg.Claim],
    "path": [b"x", [], {}, math.nan, True, np.array([1.0, 2.0]), 3, ""],
    "rows": ["a", b"x", [], {}, 1 + 2j, object(), math.nan, True, np.array([1.0, 2.0]), 3, None,
             [[1.0], [1.0, 2.0]], np.full((400, 5), np.nan), ROWS.astype(complex), ROWS.astype(object),
             ROWS.astype(str), ROWS[0]],
    "labels": ["a", b"x", [], {}, 1 + 2j, object(), math.nan, True, np.array([1.0, 2.0]), 3,
               np.full(400, 0.5), np.full(400, np.nan), ["a"] * 400],
    "pair": ["ab", b"x", [], {}, 1 + 2j, math.nan, True, 3, (1, 0), (0, math.inf), ("0", "1"), (0, 1, 2),
             (0, 0)],
    "rising": ["a", b"x", [], {}, 1 + 2j, math.nan, True, 3, [1], [2, 1], [1, 1], [0, 1], ["1", "2"],
               [[1, 2]], [1, math.inf], [1, math.nan], [1, [2]], None],
}  # fmt: skip

SIZES = {"rounds": "size", "teacher_n": "size", "student_n": "size"}
RATES = {"alpha": "share", "beta": "share", "seed": "seed", "most": "size", "wrong": "function"}
MARGINS = {"detectable": "positive", "tolerance": "number"}


def one(rng):
    """Outcomes in [0, 1]."""
    return rng.random(64)


FUNCTIONS = {
    "Setting": (
        fg.Setting,
        {"n": 1000, "d": 4, "d_tilde": 4, "r": 2, "eta": 0.5, "gamma": 1.0, "gamma_tilde": 1.0},
        {"n": "size", "d": "size", "d_tilde": "size", "r": "size", "eta": "share", "gamma": "positive",
         "gamma_tilde": "positive"},
    ),
    "Setting.replace": (SETTING.replace, {}, {"n": "size", "r": "size", "eta": "share", "gamma": "positive"}),
    "Procedure": (
        fg.Procedure,
        {"estimator": "teacher-filtered", "theta": 0.0},
        {"estimator": "name", "theta": "number", **SIZES},
    ),
    "predict": (fg.predict, {"setting": SETTING, "theta": 0.0}, {"setting": "setting", **SIZES}),
    "predict (share)": (fg.predict, {"setting": SETTING}, {"retain": "share"}),
    "Prediction.law": (fg.predict(SETTING).law, {}, {"estimator": "name"}),
    "predict_over": (
        fg.predict_over,
        {"setting": SETTING, "over": {"eta": [0.1]}},
        {"setting": "setting", "over": "table", **SIZES},
    ),
    "threshold": (fg.threshold, {"setting": SETTING}, {"setting": "setting", **SIZES}),
    "threshold_over": (
        fg.threshold_over,
        {"setting": SETTING, "over": {"eta": [0.1]}},
        {"setting": "setting", "over": "table", **SIZES},
    ),
    "simulate": (
        fg.simulate,
        {"setting": SETTING, "estimator": "teacher-filtered", "theta": 0.0},
        {"setting": "setting", "estimator": "name", "theta": "number", "engine": "name",
         "replicates": "size", "seed": "seed", "jobs": "size", "rotate": "flag", "on_progress": "function",
         "executor": "name", "scheduler": "path", **SIZES},
    ),
    "verify": (
        fg.verify,
        {"claims": "eq-10", "jobs": 1, "with_mutants": False},
        {"claims": "claims", "profile": "name", "alpha": "share", "seed": "seed", "jobs": "size",
         "module": "path", "store": "path", "with_mutants": "flag", "budget": "claims",
         "on_progress": "function"},
    ),
    "fit": (
        fg.fit,
        {"X": ROWS, "Y": ROWS[:, :4] + 0.1},
        {"X": "rows", "Y": "rows", "rank": "size", "labels": "labels", "alpha": "share", "seed": "seed",
         "key": "path"},
    ),
    "sweep": (
        fg.sweep,
        {"cells": [], "replicates": 1, "store": None, "workers": None},
        {"cells": "setting", "replicates": "size", "store": "path", "workers": "path"},
    ),
    "Budget": (testing.Budget, {}, {"rate": "share"}),
    "assert_probability_at_most": (
        testing.assert_probability_at_most,
        {"draw": lambda rng: rng.random(100) < 0.01, "limit": 0.02},
        {"draw": "function", "limit": "positive", "detectable": "share", **RATES},
    ),
    "assert_mean_close": (
        testing.assert_mean_close,
        {"draw": one, "mean": 0.5, "detectable": 0.3, "support": (0, 1)},
        {"draw": "function", "mean": "number", "support": "pair", **MARGINS, **RATES},
    ),
    "assert_mean_close (std)": (
        testing.assert_mean_close, {"draw": one, "mean": 0.5, "detectable": 0.3}, {"std": "positive"},
    ),
    "assert_exponent": (
        testing.assert_exponent,
        {"draw": lambda x, rng: x * rng.random(64), "at": [1, 4], "exponent": 1.0, "detectable": 0.5},
        {"draw": "function", "at": "rising", "exponent": "number", **MARGINS, **RATES},
    ),
    "assert_same_law": (
        testing.assert_same_law,
        {"draw": one, "cdf": lambda x: x, "detectable": 0.3},
        {"draw": "function", "cdf": "function", **MARGINS, **RATES},
    ),
}  # fmt: skip
"""Function, arguments that are right (as few as it needs), the kind of each argument to be spoilt."""

CASES = [(name, argument) for name, (_, _, kinds) in FUNCTIONS.items() for argument in kinds]

ELSEWHERE = {
    "d": ("d", "r"), "d_tilde": ("d_tilde", "r"), "over": ("over", "eta"),
    "cells": ("cells", "store"), "workers": ("workers", "store"),
}  # fmt: skip
"""Arguments of which a fault may be told under another name: r beyond a dimension, a column of `over`."""


def accepted(name, argument, value):
    """Whether a value of the wrong kind is all the same allowed for this argument."""
    return (argument == "theta" and value == -math.inf) or (
        name.startswith("assert_mean") and argument == "std" and value == math.inf
    )


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_value_of_a_wrong_kind_is_one_line_that_names_its_argument(name, argument):
    """Text, lists, NaN, infinities, complex numbers, flags, negative ones: a UserError of one short line."""
    function, right, kinds = FUNCTIONS[name]
    for value in WRONG[kinds[argument]]:
        if accepted(name, argument, value if isinstance(value, float) else None):
            continue
        with pytest.raises((UserError, UnknownClaim)) as caught:
            function(**{**right, argument: value})
        said = str(caught.value)
        assert "\n" not in said
        assert len(said) < 300
        named = ELSEWHERE.get(argument, (argument,))
        assert any(word in said for word in named) or "no claim is called" in said, (argument, value, said)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("sweep", "Setting.replace", "Budget")])
def test_what_is_right_is_no_error(name):
    """The arguments that the test above spoils one at a time are right as they are."""
    function, right, kinds = FUNCTIONS[name]
    spoilt = {"estimator": "unfiltered"} if name == "Prediction.law" else {}
    spoilt |= {"retain": 0.5} if name == "predict (share)" else {"std": 1.0} if "std" in kinds else {}
    function(**right, **spoilt)


@pytest.mark.parametrize("key", [None, 3, math.nan, [], {}, np.array([1.0]), b"x", "eq-1O", "Theorem 1"])
def test_no_claim_has_such_a_name(key):
    """A key that is no id of a claim is a KeyError of one line, whatever it is."""
    with pytest.raises(UnknownClaim, match="no claim is called") as caught:
        fg.claims[key]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [None, 3, "a", [1, 2], math.nan, {}, *({**PLACE, "n": wrong} for wrong in (None, "a", 1j, True))],
)
def test_a_bound_needs_numbers_by_name(values):
    """Anything else is a ValueError of one line; numbers too large for a double count as infinite."""
    with pytest.raises(ValueError, match=r"by name|n must be a number|needs a value of") as caught:
        fg.claims["corollary-1"].evaluate(values)
    assert "\n" not in str(caught.value)
    assert fg.claims["corollary-1"].evaluate({**PLACE, "n": 10**400}) == 0


def test_a_fault_says_what_was_given_and_what_is_allowed():
    """A long value is cut, None is called nothing."""
    with pytest.raises(InvalidArgument, match=r"^claims must be claims or their ids, got 3$"):
        fg.verify(3)
    with pytest.raises(InvalidArgument, match=r"^n must be .*, got nothing$"):
        fg.Setting(n=None, d=4, r=2, eta=0.5, gamma=1.0)
    with pytest.raises(InvalidArgument, match=r"got array\(\[0\., 0\..*\.\.\.$"):
        fg.verify("eq-10", alpha=np.zeros(1000))
