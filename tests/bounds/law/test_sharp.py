import math

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from bounds import symbols
from bounds.law import repeated, scales
from bounds.law.error import ErrorLaw
from bounds.law.score import Score, conditional_mean, log_density, log_tail

snrs = st.floats(0.05, 1e5)
etas = st.floats(1e-4, 1.0)


def class_quantities(theta, r, gamma, gamma_tilde):
    """The symbols that the closed forms are written in, as numbers, from the score's law."""
    values = {"theta": theta, "r": r, "gamma": gamma, "gamma_tilde": gamma_tilde}
    for index, clean in (("1", True), ("0", False)):
        at = (theta, r, gamma, gamma_tilde, clean)
        tail = math.exp(float(log_tail(*at)))
        values[f"tail_{index}"] = tail
        values[f"density_{index}"] = math.exp(float(log_density(*at)))
        values[f"mass_{index}"] = tail * float(conditional_mean(*at))
    return values


def number(expression: sp.Expr, values: dict[str, float]) -> float:
    """The expression at these values by symbol name."""
    return float(expression.evalf(20, subs={s: values[s.name] for s in expression.free_symbols}))


@given(st.integers(2, 40), etas, snrs, snrs, st.floats(-0.5, 1.5))
def test_the_closed_forms_are_the_score_s_own(r, eta, gamma, gamma_tilde, relative):
    """Stein's closed forms of leak and norm equal what the score's law integrates, on both sides."""
    theta = relative * r
    values = {"eta": eta, **class_quantities(theta, r, gamma, gamma_tilde)}
    chosen = scales.selection(Score(r, eta, gamma, gamma_tilde), theta)
    forms = scales.expressions()
    assert number(forms["retained"], values) == pytest.approx(float(chosen.retained), rel=1e-9)
    assert number(forms["multiple"], values) == pytest.approx(float(chosen.multiple), rel=1e-9)
    assert number(forms["leak_left"], values) == pytest.approx(float(chosen.leak_left), rel=1e-6)
    assert number(scales.exchange(forms["leak_left"]), values) == pytest.approx(
        float(chosen.leak_right), rel=1e-6
    )
    assert number(forms["kappa_right"], values) == pytest.approx(float(chosen.kappa_right), rel=1e-7)
    assert number(scales.exchange(forms["kappa_right"]), values) == pytest.approx(
        float(chosen.kappa_left), rel=1e-7
    )


@given(st.integers(1, 20), etas, snrs, snrs)
def test_keeping_every_pair_is_no_filter(r, eta, gamma, gamma_tilde):
    """At theta = -inf the filtered law is the unfiltered one on the scored pairs, and nothing leaks."""
    chosen = scales.selection(Score(r, eta, gamma, gamma_tilde), -math.inf)
    teacher = scales.unfiltered_scales(10, eta, gamma, gamma_tilde)
    plain = scales.unfiltered_scales(1000, eta, gamma, gamma_tilde)
    assert chosen.student_scales(teacher, 1000, 3) == pytest.approx(plain, rel=1e-12)


@given(st.integers(1, 30), etas, snrs, snrs, st.floats(-3, 3))
def test_the_leak_lies_between_zero_and_its_ceiling(r, eta, gamma, gamma_tilde, relative):
    """0 <= leak < 1/(1 + gamma) at every threshold, and both leaks are one number over their ceilings."""
    chosen = scales.selection(Score(r, eta, gamma, gamma_tilde), relative * r)
    left, right = float(chosen.leak_left) * (1 + gamma), float(chosen.leak_right) * (1 + gamma_tilde)
    assert 0 <= left < 1 + 1e-9
    assert left == pytest.approx(right, rel=1e-6, abs=1e-9)


@given(st.integers(1, 6), st.floats(0.1, 1e4), st.floats(-2, 6))
def test_corrupted_pairs_alone_leak_exactly_the_ceiling(r, gamma, theta):
    """As eta -> 0 the leak is 1/(1 + gamma) whatever the threshold and the rank."""
    leak = float(scales.selection(Score(r, 1e-13, gamma, 2 * gamma), theta).leak_left)
    assert leak == pytest.approx(1 / (1 + gamma), rel=1e-6)


def test_formulas_are_the_same_for_symbols_and_numbers():
    """The SymPy expression of every scale evaluates to what the numeric function returns."""
    score = Score(3, 0.2, 2.0, 5.0)
    chosen = scales.selection(score, 1.5)
    values = {
        "n": 900, "n_T": 500, "N": 400, "d": 9, "d_tilde": 7, "r": 3, "eta": 0.2, "gamma": 2.0,
        "gamma_tilde": 5.0, "K": 3, "P": float(chosen.retained), "c": float(chosen.multiple),
        "kappa_left": float(chosen.kappa_left), "kappa_right": float(chosen.kappa_right),
        "leak_left": float(chosen.leak_left), "leak_right": float(chosen.leak_right),
    }  # fmt: skip
    forms = scales.expressions()
    teacher = scales.unfiltered_scales(500, 0.2, 2.0, 5.0)
    for name, (left, right) in {
        "teacher": teacher,
        "unfiltered": scales.unfiltered_scales(900, 0.2, 2.0, 5.0),
        "oracle_filtered": chosen.fresh_scales(400),
        "teacher_filtered": chosen.student_scales(teacher, 400),
        "repeated": chosen.student_scales(teacher, 400, 3),
    }.items():
        assert number(forms[f"scale_{name}"], values) == pytest.approx(float(left))
        assert number(scales.exchange(forms[f"scale_{name}"]), values) == pytest.approx(float(right))
        assert number(forms[f"rms_{name}"], values) == pytest.approx(math.sqrt(18 * float(left)))


def test_repeating_the_recursion_is_the_closed_form():
    """K steps of V -> fresh + leak^2 V are the geometric series, symbolically."""
    fresh, leak, teacher = sp.symbols("A lambda B", positive=True)
    scale = teacher
    for rounds in range(1, 5):
        scale = scales.inherited_scale(fresh, leak, scale)
        assert sp.simplify(scale - scales.repeated_scale(fresh, leak, teacher, rounds)) == 0


def test_the_limit_of_many_rounds_is_not_the_oracle():
    """Many rounds tend to the oracle's scale over 1 - leak^2, the registered limit expression."""
    forms = scales.expressions()
    ratio = sp.simplify(forms["scale_repeated_limit"] / forms["scale_oracle_filtered"])
    assert sp.simplify(ratio - 1 / (1 - symbols.leak_left**2)) == 0
    assert repeated.floor_ratio(0.5) == pytest.approx(2 / math.sqrt(3))


@given(st.integers(2, 300), st.integers(1, 299), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), etas)
def test_corollary_1_holds_with_constant_one(d, r, gamma, gamma_tilde, eta):
    """The root-mean-square left error stays below Corollary 1's rate with constant 1."""
    r = min(r, d)
    left, _ = scales.unfiltered_scales(10**6, eta, gamma, gamma_tilde)
    rate = math.sqrt(r * d * (1 + 1 / gamma) * (1 + 1 / gamma_tilde) / 10**6) / eta
    ratio = math.sqrt((d - r) * r * left) / rate
    assert ratio == pytest.approx(float(scales.corollary_1_ratio(d, r, gamma)))
    assert ratio <= 1


def test_constant_one_is_attained_and_no_smaller_one_will_do():
    """The ratio tends to 1 as gamma -> 0 and r/d -> 0, and to 0 as gamma -> inf (Remark 4.1)."""
    ratio = scales.expressions()["corollary_1_ratio"]
    assert sp.limit(ratio.subs(symbols.r, 1), symbols.gamma, 0).subs(symbols.d, 10**8) > 0.99999
    assert sp.limit(ratio * sp.sqrt(symbols.gamma), symbols.gamma, sp.oo) == sp.sqrt(
        1 - symbols.r / symbols.d
    )


def test_the_mean_of_the_larger_side_can_exceed_the_rate_at_few_dimensions():
    """At d = d~ small, r = 1 and low SNR E[ERR] passes the rate by up to 5%; 1 is the limit for many."""
    worst = max((ErrorLaw(1, 1, d - 1, d - 1).mean / math.sqrt(d), d) for d in range(2, 400))
    assert worst[1] == 16
    assert 1.051 < worst[0] < 1.052
    assert ErrorLaw(1, 1, 10**6 - 1, 10**6 - 1).mean / 1000 == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("d", [1, 2, 10, 1000])
def test_proposition_1_constant(d):
    """At its instance the root-mean-square error over the printed rate is sqrt(1 - 1/d), 0 at d = 1."""
    left, right = scales.unfiltered_scales(10**6, 0.3, 2.0, math.inf)
    rate = math.sqrt(d / 2.0 / 10**6) / 0.3
    law = scales.error_law((left, right), d, 5, 1)
    assert max(law.root_mean_squares) / rate == pytest.approx(float(scales.proposition_1_ratio(d)))
