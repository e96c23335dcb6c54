import dataclasses
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.errors import InvalidArgument
from verification.setting import Procedure, Setting

GOOD = {"n": 1000, "d": 10, "d_tilde": 8, "r": 4, "eta": 0.3, "gamma": 1e4, "gamma_tilde": 2.0}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("eta", 0.0), ("eta", 1.3), ("eta", -0.1), ("eta", math.nan), ("eta", "much"), ("eta", None),
        ("r", 0), ("r", 9), ("r", 1.5), ("r", True), ("r", "4"), ("d", 3), ("d", 0), ("d", math.inf),
        ("d_tilde", -1), ("n", 3), ("n", 10.5), ("n", math.nan), ("n", 10**19), ("gamma", 0), ("gamma", -1.0),
        ("gamma", math.nan), ("gamma_tilde", -math.inf), ("gamma_tilde", False),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_is_allowed(argument, value):
    """The message of a rejected setting names the argument, its value and the range, on one line."""
    with pytest.raises(InvalidArgument) as caught:
        Setting(**{**GOOD, argument: value})
    # A dimension below r is reported as r beyond the dimension.
    assert str(caught.value).startswith(("r", argument))
    said = "got nothing" if value is None else repr(value)
    assert said in str(caught.value) or "got 4" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_edges_of_the_domain_are_allowed():
    """d = r, eta = 1, no noise and r = 1 are settings."""
    Setting(4, 4, 4, 4, 1, math.inf, math.inf)
    Setting(4, 1, 1, 1, 1e-300, 1e-6, math.inf)


def test_whole_numbers_may_be_written_as_floats():
    """1e6 is a valid n and equals 1000000 in every way."""
    assert Setting(**{**GOOD, "n": 1e6}) == Setting(**{**GOOD, "n": 10**6})
    assert Setting(**{**GOOD, "n": 1e6}).key == Setting(**{**GOOD, "n": 10**6}).key


def test_different_settings_have_different_keys():
    """Changing any parameter changes the key, and with it the random streams."""
    base = Setting(**GOOD)
    changed = {
        dataclasses.replace(base, **{k: v}).key
        for k, v in {
            "n": 1001, "d": 11, "d_tilde": 9, "r": 3, "eta": 0.31, "gamma": 1e3, "gamma_tilde": 3.0,
        }.items()
    }  # fmt: skip
    assert len(changed | {base.key}) == 8


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"estimator": "best"}, "estimator"),
        ({"estimator": "oracle-filtered"}, "theta"),
        ({"estimator": "oracle-filtered", "theta": 1, "retain": 0.5}, "theta"),
        ({"estimator": "teacher-filtered", "theta": math.inf}, "theta"),
        ({"estimator": "teacher-filtered", "theta": math.nan}, "theta"),
        ({"estimator": "teacher-filtered", "retain": 0}, "retain"),
        ({"estimator": "teacher-filtered", "retain": 1.1}, "retain"),
        ({"estimator": "teacher-filtered", "theta": 0, "rounds": 0}, "rounds"),
        ({"estimator": "teacher-filtered", "theta": 0, "teacher_n": 1}, "teacher_n"),
        ({"estimator": "teacher-filtered", "theta": 0, "student_n": 2.5}, "student_n"),
        ({"theta": 0}, "theta"),
        ({"retain": 0.5}, "retain"),
        ({"teacher_n": 10}, "teacher_n"),
        ({"student_n": 10}, "student_n"),
        ({"rounds": 2}, "rounds"),
        ({"estimator": "oracle-filtered", "theta": 0, "rounds": 2}, "rounds"),
        ({"estimator": "oracle-filtered", "theta": 0, "teacher_n": 5}, "teacher_n"),
    ],
)
def test_a_wrong_procedure_names_its_argument(arguments, named):
    """A procedure that makes no sense is refused by the argument that is at fault."""
    with pytest.raises(InvalidArgument, match=rf"^{named}"):
        Procedure(**arguments)


@given(st.integers(4, 10**9), st.integers(1, 20))
def test_the_sizes_of_algorithm_1_never_use_more_than_n_pairs(n, rounds):
    """Teacher and rounds together take at most n pairs and leave at most as many as there are rounds."""
    procedure = Procedure("teacher-filtered", theta=0.0, rounds=rounds)
    if n // (rounds + 1) < 2:
        with pytest.raises(InvalidArgument):
            procedure.sizes(n)
        return
    teacher, student = procedure.sizes(n)
    assert 0 <= n - (teacher + rounds * student) < rounds + 1
    assert teacher >= 2
    assert student >= 2


def test_sizes_can_be_given():
    """--teacher-n and --student-n override the halves; the others take what they need."""
    assert Procedure("teacher-filtered", theta=0, student_n=10_000).sizes(10_000) == (5000, 10_000)
    assert Procedure("teacher-filtered", theta=0, teacher_n=100).sizes(1000) == (100, 900)
    assert Procedure("oracle-filtered", theta=0).sizes(1001) == (0, 501)
    assert Procedure().sizes(77) == (77, 0)


def test_the_second_modality_is_like_the_first_unless_it_is_said():
    """d_tilde and gamma_tilde left out are d and gamma; what has no default must be given."""
    assert Setting(n=1000, d=10, r=4, eta=0.3, gamma=5) == Setting(1000, 10, 10, 4, 0.3, 5.0, 5.0)
    assert Setting(1000, 10, None, 4, 0.3, 5, math.inf) == Setting(1000, 10, 10, 4, 0.3, 5.0, math.inf)
    for missing in ("r", "eta", "gamma"):
        given_ = {name: value for name, value in GOOD.items() if name not in (missing, "gamma_tilde")}
        with pytest.raises(InvalidArgument, match=f"^{missing} must .*, got nothing$"):
            Setting(**given_)


def test_some_parameters_are_replaced_and_the_rest_stay():
    """`replace` and `dataclasses.replace` agree; the second modality's noise stays where it was."""
    base = Setting(**GOOD)
    assert base.replace(eta=0.5, n=2e3) == dataclasses.replace(base, eta=0.5, n=2000)
    assert base.replace(gamma=1.0).gamma_tilde == base.gamma_tilde
    assert pickle.loads(pickle.dumps(base)) == base
    with pytest.raises(
        InvalidArgument, match="has only n, d, d_tilde, r, eta, gamma, gamma_tilde, got 'etta'"
    ):
        base.replace(etta=0.1)
    with pytest.raises(InvalidArgument, match="eta must lie in"):
        base.replace(eta=2)
