"""Every value that is allowed, from the smallest double to the largest, gives a number or one line."""

import math
import struct
import warnings
from contextlib import contextmanager

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bounds.constants import forms
from bounds.law.score_contour import evaluate, parameters
from verification.errors import UserError
from verification.prediction.advice import best_threshold
from verification.prediction.alternatives import LARGEST_SCALE, limit_scales, pca_scales
from verification.prediction.law import predict
from verification.setting import Procedure, Setting
from verification.simulation import DARKEST, brightened, replicates, simulate

SMALLEST = math.ulp(0.0)


def bits_of(value: float) -> int:
    """The bits of a positive double as a whole number: neighbours differ by one."""
    return struct.unpack("<q", struct.pack("<d", value))[0]


def doubles(low: float, high: float):
    """Positive doubles by their bits, every exponent as likely as any other."""
    return st.integers(bits_of(low), bits_of(high)).map(
        lambda bits: struct.unpack("<d", struct.pack("<q", bits))[0]
    )


GAMMAS = st.one_of(doubles(SMALLEST, math.inf), st.floats(-20, 20).map(lambda x: 10**x), st.just(math.inf))
ETAS = st.one_of(doubles(SMALLEST, 1.0), st.floats(-20, 0).map(lambda x: 10**x), st.just(1.0))
THETAS = st.one_of(
    st.just(-math.inf),
    st.just(0.0),
    doubles(SMALLEST, 1.7e308),
    doubles(SMALLEST, 1.7e308).map(lambda x: -x),
    st.floats(-5, 5),
)
RETAINS = st.one_of(doubles(SMALLEST, 1.0), st.floats(0.01, 1))
CUTS = st.one_of(THETAS.map(lambda t: {"theta": t}), RETAINS.map(lambda q: {"retain": q}))


@st.composite
def places(draw, most_pairs=10**15):
    """Settings with any gammas and eta; dimensions with and without noise of their own."""
    r = draw(st.sampled_from([1, 2, 3, 5]))
    d, d_tilde = (r + draw(st.sampled_from([0, 1, 20])) for _ in range(2))
    n = draw(st.one_of(st.integers(4, 100), st.integers(4, most_pairs)))
    return Setting(n, d, d_tilde, r, draw(ETAS), draw(GAMMAS), draw(GAMMAS))


@contextmanager
def a_number_or_one_line():
    """What is refused is refused in one line; nothing warns and nothing crashes."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            yield
        except UserError as error:
            refused = str(error)
        else:
            return
    assert "\n" not in refused
    assume(False)


@given(places(), CUTS, st.sampled_from([1, 2]))
def test_predict_has_a_number_everywhere(setting, cut, rounds):
    """All laws are finite and at most sqrt(r)."""
    with a_number_or_one_line():
        found = predict(setting, **cut, rounds=rounds)
    for law in (found.unfiltered, found.teacher, found.oracle_filtered, found.teacher_filtered):
        assert 0 <= law.mean <= math.sqrt(setting.r)
        assert all(math.isfinite(x) for x in (law.std, law.first_order.mean, law.any_size.kept))
        assert 0 <= law.relative_error <= 1
        assert law.trusted or law.reason


@settings(max_examples=25)
@given(places())
def test_threshold_has_a_number_everywhere(setting):
    """The best threshold and its error are numbers, and no worse than the paper's thresholds."""
    with a_number_or_one_line():
        found = best_threshold(setting)
    assert not math.isnan(found.theta)
    assert 0 <= found.mean <= math.sqrt(setting.r)


@settings(max_examples=40)
@pytest.mark.parametrize(
    ("engine", "most"),
    [("exact", 2000), ("limit", 10**15), ("direct", 500)],
    ids=["exact", "limit", "direct"],
)
@given(data=st.data())
def test_engines_draw_numbers_everywhere(engine, most, data):
    """Errors lie in [0, sqrt(r)] and singular values are finite, whatever the estimator."""
    setting, cut = data.draw(places(most)), data.draw(CUTS)
    estimator = data.draw(st.sampled_from(["unfiltered", "oracle-filtered", "teacher-filtered"]))
    options = {} if estimator == "unfiltered" else dict(cut)
    if estimator == "teacher-filtered":
        options["rounds"] = data.draw(st.sampled_from([1, 2]))
    with a_number_or_one_line():
        found = simulate(setting, estimator, engine=engine, replicates=2, seed=1, **options)
    for draw in found.draws:
        if draw is not None:
            assert 0 <= draw.error <= math.sqrt(setting.r) * (1 + 1e-9)
            assert all(math.isfinite(value) for value in draw.singular_values)


@given(
    st.sampled_from([1, 2, 3, 10]),
    GAMMAS,
    GAMMAS,
    st.booleans(),
    st.one_of(THETAS, st.just(math.inf)),
)
def test_the_score_s_law_is_a_number_everywhere(r, gamma, gamma_tilde, clean, theta):
    """Tail and density are numbers (infinite logarithms included), the two tails' shares sum to one."""
    with a_number_or_one_line():
        law = evaluate(theta, parameters(r, gamma, gamma_tilde, clean))
    assert not any(math.isnan(float(value)) for value in vars(law).values())
    assert math.exp(float(law.log_tail)) + math.exp(float(law.log_cdf)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("engine", ["exact", "direct", "limit"])
def test_a_faint_modality_is_drawn_as_it_is(engine):
    """At gammas just above the border the engine itself and the brighter setting draw the same errors.

    A setting that is brightened without its threshold's unit keeps other pairs.
    """
    gamma = DARKEST * 1.0001
    plain = Setting(3000, 4, 3, 2, 0.5, gamma, 2.0)
    faint = Setting(3000, 4, 3, 2, 0.5, gamma / 100, 2.0)
    lit, moved, unit = brightened(faint, Procedure("oracle-filtered", 1e31))
    assert unit == pytest.approx(0.1, rel=1e-3)
    assert lit.gamma == DARKEST
    runs = [
        (plain, Procedure("oracle-filtered", 1e30)),
        (faint, Procedure("oracle-filtered", 1e31)),  # the same share, in its own units
        (lit, Procedure("oracle-filtered", 1e31)),
    ]
    kept = [sum(draw.kept for draw in replicates(*run, engine, 3, range(20), ())) for run in runs]
    # 20 times 1500 pairs are scored: six standard errors of a share are 0.02.
    assert moved.theta == pytest.approx(1e30, rel=1e-3)
    assert abs(kept[0] - kept[1]) / 30_000 < 0.02
    assert abs(kept[0] - kept[2]) / 30_000 > 0.02


FORMS = [form for name in ("corollary-1", "theorem-1", "proposition-1") for form in forms(name)]


@given(st.sampled_from(FORMS), places(), THETAS.filter(math.isfinite), doubles(SMALLEST, 1.0))
def test_constants_have_a_value_or_none_everywhere(form, setting, theta, delta):
    """A bound at any numbers is evaluated without a warning, to 0, infinity or NaN at the ends."""
    values = setting.as_dict() | {"theta": theta, "delta": delta, "rounds": 2.0}
    values |= {"n_T": setting.n, "N": setting.n}
    assert set(form.parameters) <= set(values)
    with a_number_or_one_line():
        unmet = form.unmet(values)
        value = form.evaluate(values)
    assert all("\n" not in line for line in unmet)
    assert math.isnan(value) or value >= 0


@settings(max_examples=40, deadline=None)
@given(places())
def test_what_stands_beside_the_filter_has_a_scale_everywhere(place):
    """PCA's and the information limit's, neither nan nor a division by zero, whatever the noise."""
    with a_number_or_one_line():
        for scale in (*pca_scales(place), *limit_scales(place)):
            assert 0 <= scale <= LARGEST_SCALE


@pytest.mark.parametrize("gamma", [SMALLEST, 1e-308, 1.7e308])
def test_predict_has_an_answer_at_the_ends_of_the_doubles(command, gamma):
    """A table, and nothing on standard error."""
    line = ("predict", "--n", "1e4", "--d", 6, "--r", 2, "--eta", 0.3, "--gamma", repr(gamma))
    status, out, err = command(*line)
    assert (status, err) == (0, "")
    assert "unfiltered on 10,000 pairs" in out
