import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from bounds import constants, regimes, repeated, sharp, symbols
from bounds.error_law import ErrorLaw
from bounds.score import Score, conditional_mean, log_density, log_tail

snrs = st.floats(0.05, 1e5)
etas = st.floats(1e-4, 1.0)
leaks = st.floats(0.01, 0.99)


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
    chosen = sharp.selection(Score(r, eta, gamma, gamma_tilde), theta)
    forms = sharp.expressions()
    assert number(forms["retained"], values) == pytest.approx(float(chosen.retained), rel=1e-9)
    assert number(forms["multiple"], values) == pytest.approx(float(chosen.multiple), rel=1e-9)
    assert number(forms["leak_left"], values) == pytest.approx(float(chosen.leak_left), rel=1e-6)
    assert number(sharp.exchange(forms["leak_left"]), values) == pytest.approx(
        float(chosen.leak_right), rel=1e-6
    )
    assert number(forms["kappa_right"], values) == pytest.approx(float(chosen.kappa_right), rel=1e-7)
    assert number(sharp.exchange(forms["kappa_right"]), values) == pytest.approx(
        float(chosen.kappa_left), rel=1e-7
    )


@given(st.integers(1, 20), etas, snrs, snrs)
def test_keeping_every_pair_is_no_filter(r, eta, gamma, gamma_tilde):
    """At theta = -inf the filtered law is the unfiltered one on the scored pairs, and nothing leaks."""
    chosen = sharp.selection(Score(r, eta, gamma, gamma_tilde), -math.inf)
    teacher = sharp.unfiltered_scales(10, eta, gamma, gamma_tilde)
    plain = sharp.unfiltered_scales(1000, eta, gamma, gamma_tilde)
    assert chosen.student_scales(teacher, 1000, 3) == pytest.approx(plain, rel=1e-12)


@given(st.integers(1, 30), etas, snrs, snrs, st.floats(-3, 3))
def test_the_leak_lies_between_zero_and_its_ceiling(r, eta, gamma, gamma_tilde, relative):
    """0 <= leak < 1/(1 + gamma) at every threshold, and both leaks are one number over their ceilings."""
    chosen = sharp.selection(Score(r, eta, gamma, gamma_tilde), relative * r)
    left, right = float(chosen.leak_left) * (1 + gamma), float(chosen.leak_right) * (1 + gamma_tilde)
    assert 0 <= left < 1 + 1e-9
    assert left == pytest.approx(right, rel=1e-6, abs=1e-9)


@given(st.integers(1, 6), st.floats(0.1, 1e4), st.floats(-2, 6))
def test_corrupted_pairs_alone_leak_exactly_the_ceiling(r, gamma, theta):
    """As eta -> 0 the leak is 1/(1 + gamma) whatever the threshold and the rank."""
    leak = float(sharp.selection(Score(r, 1e-13, gamma, 2 * gamma), theta).leak_left)
    assert leak == pytest.approx(1 / (1 + gamma), rel=1e-6)


def test_formulas_are_the_same_for_symbols_and_numbers():
    """The SymPy expression of every scale evaluates to what the numeric function returns."""
    score = Score(3, 0.2, 2.0, 5.0)
    chosen = sharp.selection(score, 1.5)
    values = {
        "n": 900, "n_T": 500, "N": 400, "d": 9, "d_tilde": 7, "r": 3, "eta": 0.2, "gamma": 2.0,
        "gamma_tilde": 5.0, "K": 3, "P": float(chosen.retained), "c": float(chosen.multiple),
        "kappa_left": float(chosen.kappa_left), "kappa_right": float(chosen.kappa_right),
        "leak_left": float(chosen.leak_left), "leak_right": float(chosen.leak_right),
    }  # fmt: skip
    forms = sharp.expressions()
    teacher = sharp.unfiltered_scales(500, 0.2, 2.0, 5.0)
    for name, (left, right) in {
        "teacher": teacher,
        "unfiltered": sharp.unfiltered_scales(900, 0.2, 2.0, 5.0),
        "oracle_filtered": chosen.fresh_scales(400),
        "teacher_filtered": chosen.student_scales(teacher, 400),
        "repeated": chosen.student_scales(teacher, 400, 3),
    }.items():
        assert number(forms[f"scale_{name}"], values) == pytest.approx(float(left))
        assert number(sharp.exchange(forms[f"scale_{name}"]), values) == pytest.approx(float(right))
        assert number(forms[f"rms_{name}"], values) == pytest.approx(math.sqrt(18 * float(left)))


def test_repeating_the_recursion_is_the_closed_form():
    """K steps of V -> fresh + leak^2 V are the geometric series, symbolically."""
    fresh, leak, teacher = sp.symbols("A lambda B", positive=True)
    scale = teacher
    for rounds in range(1, 5):
        scale = sharp.inherited_scale(fresh, leak, scale)
        assert sp.simplify(scale - sharp.repeated_scale(fresh, leak, teacher, rounds)) == 0


def test_the_limit_of_many_rounds_is_not_the_oracle():
    """Many rounds tend to the oracle's scale over 1 - leak^2, the registered limit expression."""
    forms = sharp.expressions()
    ratio = sp.simplify(forms["scale_repeated_limit"] / forms["scale_oracle_filtered"])
    assert sp.simplify(ratio - 1 / (1 - symbols.leak_left**2)) == 0
    assert repeated.floor_ratio(0.5) == pytest.approx(2 / math.sqrt(3))


@given(st.integers(2, 300), st.integers(1, 299), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), etas)
def test_corollary_1_holds_with_constant_one(d, r, gamma, gamma_tilde, eta):
    """The root-mean-square left error stays below Corollary 1's rate with constant 1."""
    r = min(r, d)
    left, _ = sharp.unfiltered_scales(10**6, eta, gamma, gamma_tilde)
    rate = math.sqrt(r * d * (1 + 1 / gamma) * (1 + 1 / gamma_tilde) / 10**6) / eta
    ratio = math.sqrt((d - r) * r * left) / rate
    assert ratio == pytest.approx(float(sharp.corollary_1_ratio(d, r, gamma)))
    assert ratio <= 1


def test_constant_one_is_attained_and_no_smaller_one_will_do():
    """The ratio tends to 1 as gamma -> 0 and r/d -> 0, and to 0 as gamma -> inf (Remark 4.1)."""
    ratio = sharp.expressions()["corollary_1_ratio"]
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
    left, right = sharp.unfiltered_scales(10**6, 0.3, 2.0, math.inf)
    rate = math.sqrt(d / 2.0 / 10**6) / 0.3
    law = sharp.error_law((left, right), d, 5, 1)
    assert max(law.root_mean_squares) / rate == pytest.approx(float(sharp.proposition_1_ratio(d)))


@pytest.mark.parametrize("r", [64, 128, 256, 2048])
def test_the_two_fixed_thresholds_cross_near_one_over_pi_r(r):
    """theta = 0 and r/2 cross once at small eta, at 1/(pi r) up to a relative gap of order r^(-1/2)."""
    first = regimes.crossings(r, 1e4, 1e4)[0]
    assert 0 < first * math.pi * r - 1 < 2 / math.sqrt(r)
    assert first > 10 / r**2


def test_thresholds_also_cross_at_small_ranks_and_near_eta_one():
    """For every r >= 2 at high SNR there are two crossings; at r = 1 none."""
    assert regimes.crossings(1, 1e4, 1e4) == ()
    for r in (2, 8, 32):
        assert len(regimes.crossings(r, 1e4, 1e4)) == 2
    assert regimes.crossings(32, math.inf, math.inf, side="right")[0] == pytest.approx(0.01362, rel=1e-3)


@pytest.mark.parametrize(("r", "gamma"), [(4, 1e4), (16, 300.0), (2, 1e3)])
def test_the_leak_boundary_at_zero_has_a_closed_form(r, gamma):
    """Far below the flat boundary, half of V is inherited exactly at the closed-form eta."""
    exact = regimes.leak_boundary(r, gamma, 2 * gamma, 0.0, size_ratio=3.0)
    closed = float(regimes.leak_boundary_at_zero(r, gamma, 2 * gamma, 3))
    assert exact == pytest.approx(closed, rel=0.02)
    assert regimes.leak_share(exact, r, gamma, 2 * gamma, 0.0, 3.0) == pytest.approx(0.5, rel=1e-6)


def test_regimes_follow_one_another_as_eta_falls():
    """At the paper's SNR: clean, then flat, then the leak, with the boundaries as switches."""
    at = (4, 1e4, 1e4, 0.0)
    assert [regimes.regime(eta, *at) for eta in (0.5, 1e-2, 1e-6)] == ["clean", "flat", "leak"]
    assert regimes.flat_boundary(*at) == pytest.approx(0.158, abs=1e-3)
    assert regimes.flat_boundary(1024, 1e6, 1e6, 0.0) * math.sqrt(2 * math.pi * 1024) == pytest.approx(
        1, rel=0.03
    )


def test_without_noise_there_is_no_leak():
    """gamma = inf has no leak regime on that side; at low SNR the leak can rule at every eta below 1."""
    assert regimes.leak_boundary(4, math.inf, 10.0, 0.0) is None
    assert regimes.leak_share(0.1, 4, math.inf, math.inf, 0.0, 1.0, "right") == 0
    assert regimes.leak_boundary(4, 0.01, 0.01, 0.0, size_ratio=1e3) == 1.0


def test_one_round_gains_at_most_the_closed_form():
    """At the best threshold the gain as eta -> 0 is that of (1 + gamma)^2 times the teacher's pairs."""
    from verification.prediction import best_threshold
    from verification.setting import Setting

    for gamma in (0.5, 1.0, 3.0):
        found = best_threshold(Setting(10**14, 6, 6, 2, 1e-4, gamma, gamma))
        assert found.theta < -9
        assert found.gain["unfiltered"] == pytest.approx(float(regimes.one_round_gain_limit(gamma)), rel=0.01)


@given(leaks, st.floats(0.01, 1), st.floats(1, 1e6), st.floats(0.001, 3))
def test_rounds_until_excess_is_the_smallest_that_suffices(leak, fresh, surplus, excess):
    """The closed form agrees with trying one round after the other."""
    teacher = fresh * surplus
    rounds = repeated.rounds_until_excess(fresh, leak, teacher, excess)

    def reached(k: int) -> bool:
        return sharp.repeated_scale(fresh, leak, teacher, k) <= (1 + excess) ** 2 * fresh * (1 + 1e-9)

    if rounds is None:
        assert repeated.floor_ratio(leak) >= (1 + excess) * (1 - 1e-9)
    else:
        assert reached(rounds)
        assert rounds == 1 or not sharp.repeated_scale(fresh, leak, teacher, rounds - 1) < (
            1 + excess
        ) ** 2 * fresh * (1 - 1e-9)


def test_rounds_until_handles_every_end():
    """One round, several, too many, and a limit above the target."""
    assert repeated.rounds_until(lambda k: 0.0, 1.0, 0.0) == 1
    assert repeated.rounds_until(lambda k: 2.0**-k, 0.01, 0.0) == 7
    assert repeated.rounds_until(lambda k: 1.0 + 2.0**-k, 1.0, 1.0) is None
    assert repeated.rounds_until(lambda k: 1 / k, 1e-6, 0.0, most=100) is None


@given(leaks, st.floats(0.01, 10), st.floats(0.01, 1e4), st.integers(1, 6))
def test_splits_are_optimal(leak, fresh, teacher, rounds):
    """No share for the teacher beats the closed form, and unequal rounds are never worse than equal ones."""
    even = repeated.even_split(fresh, leak, teacher, rounds)
    best = repeated.best_split(fresh, leak, teacher, rounds)

    def scale(share):
        one = (1 - share) / rounds
        return sharp.repeated_scale(fresh / one, leak, teacher / share, rounds)

    assert even.scale == pytest.approx(scale(even.teacher), rel=1e-9)
    assert even.scale <= np.min(scale(np.linspace(0.005, 0.995, 199))) * (1 + 1e-9)
    assert best.scale <= even.scale * (1 + 1e-9)
    v = teacher / best.teacher
    for share in best.rounds:
        v = sharp.inherited_scale(fresh / share, leak, v)
    assert v == pytest.approx(best.scale, rel=1e-9)
    for split in (even, best):
        assert split.teacher + sum(split.rounds) == pytest.approx(1)


def test_a_split_of_nothing_is_harmless():
    """Without noise every split has error 0."""
    assert repeated.even_split(0.0, 0.0, 0.0, 2).scale == 0
    assert repeated.best_split(0.0, 0.0, 0.0, 2) == repeated.Split(0.0, (0.5, 0.5), 0.0)


def test_constants_of_a_claim_have_three_forms():
    """corollary-1 has a printed, an explicit and a sharp form, the last the printed times the known ratio."""
    found = {form.variant: form for form in constants.forms("corollary-1")}
    values = {"n": 1e6, "d": 40, "d_tilde": 30, "r": 3, "eta": 0.2, "gamma": 2.0, "gamma_tilde": 2.0}
    ratio = found["sharp"].evaluate(values) / found["printed"].evaluate(values)
    assert ratio == pytest.approx(float(sharp.corollary_1_ratio(40, 3, 2.0)))
    assert {"printed", "explicit", "sharp"} <= set(found)
    assert constants.forms("corollary-1-sharp") == constants.forms("corollary-1")
    assert found["sharp"].evaluate({**values, "gamma_tilde": math.inf}) > 0
    with pytest.raises(KeyError):
        found["sharp"].evaluate({"n": 1e6})


def test_the_sharp_form_of_theorem_1_takes_what_it_needs_from_the_score():
    """Given theta, the sharp value is the root mean square of the left side of the predicted law."""
    form = next(f for f in constants.forms("theorem-1-corrected") if f.variant == "sharp")
    assert "theta" in form.parameters
    assert "P" not in form.parameters
    values = {
        "N": 500.0, "n_T": 700.0, "d": 9, "r": 3, "eta": 0.2, "gamma": 2.0, "gamma_tilde": 4.0,
        "theta": 1.0,
    }  # fmt: skip
    chosen = sharp.selection(Score(3, 0.2, 2.0, 4.0), 1.0)
    scales = chosen.student_scales(sharp.unfiltered_scales(700, 0.2, 2.0, 4.0), 500)
    assert form.evaluate(values) == pytest.approx(sharp.error_law(scales, 9, 8, 3).root_mean_squares[0])
    assert constants.curve(form, values, "theta", [0.0, 1.0])[1] == pytest.approx(form.evaluate(values))


def test_spaced_points():
    """Both ends are included exactly, in equal or geometric steps; nonsense is refused."""
    assert constants.spaced(1, 4, 4) == [1, 2, 3, 4]
    assert constants.spaced(1, 100, 3, geometric=True) == pytest.approx([1, 10, 100])
    for arguments in ((1, 2, 1), (0, math.inf, 3), (0, 1, 3, True)):
        with pytest.raises(ValueError, match=r"points|positive"):
            constants.spaced(*arguments)
