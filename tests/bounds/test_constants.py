import json
import math

import pytest
import sympy as sp

from bounds import claims, constants, symbols
from bounds.law.scales import corollary_1_ratio, error_law, selection, unfiltered_scales
from bounds.law.score import Score


def test_constants_of_a_claim_have_three_forms():
    """corollary-1 has a printed, an explicit and a sharp form, the last the printed times the known ratio."""
    found = {form.variant: form for form in constants.forms("corollary-1")}
    values = {"n": 1e6, "d": 40, "d_tilde": 30, "r": 3, "eta": 0.2, "gamma": 2.0, "gamma_tilde": 2.0}
    ratio = found["sharp"].evaluate(values) / found["printed"].evaluate(values)
    assert ratio == pytest.approx(float(corollary_1_ratio(40, 3, 2.0)))
    assert {"printed", "explicit", "sharp"} <= set(found)
    assert constants.forms("corollary-1-sharp") == constants.forms("corollary-1")
    assert found["sharp"].evaluate({**values, "gamma_tilde": math.inf}) > 0
    with pytest.raises(KeyError):
        found["sharp"].evaluate({"n": 1e6})


def test_the_sharp_form_of_theorem_1_takes_what_it_needs_from_the_score():
    """Given theta, the sharp value is the larger root mean square of the predicted law's two sides."""
    form = next(f for f in constants.forms("theorem-1-corrected") if f.variant == "sharp")
    assert "theta" in form.parameters
    assert "P" not in form.parameters
    values = {
        "N": 500.0, "n_T": 700.0, "d": 9, "d_tilde": 8, "r": 3, "eta": 0.2, "gamma": 2.0, "gamma_tilde": 4.0,
        "theta": 1.0,
    }  # fmt: skip
    chosen = selection(Score(3, 0.2, 2.0, 4.0), 1.0)
    scales = chosen.student_scales(unfiltered_scales(700, 0.2, 2.0, 4.0), 500)
    assert form.evaluate(values) == pytest.approx(max(error_law(scales, 9, 8, 3).root_mean_squares))
    swapped = {**values, "d": 8, "d_tilde": 9, "gamma": 4.0, "gamma_tilde": 2.0}
    assert form.evaluate(swapped) == pytest.approx(form.evaluate(values))


def test_sharp_forms_of_an_error_are_the_larger_side():
    """A claim that shows the left side says so; its form is the larger of both sides."""
    says_left = {c.id for c in claims.values() if c.bound is not None and "left error's" in c.statement}
    assert says_left == set(constants.LEFT_SIDE)
    form = next(f for f in constants.forms("corollary-1") if f.variant == "sharp")
    values = {"n": 1e6, "d": 5, "d_tilde": 400, "r": 3, "eta": 0.2, "gamma": 2.0, "gamma_tilde": 2.0}
    law = error_law(unfiltered_scales(1e6, 0.2, 2.0, 2.0), 5, 400, 3)
    assert form.evaluate(values) == pytest.approx(max(law.root_mean_squares))
    assert (
        form.evaluate(values) <= math.sqrt(law.mean**2 + law.std**2) <= math.sqrt(2) * form.evaluate(values)
    )
    assert "both sides" in form.remark


def test_conditions_that_numbers_break_are_said_in_place_of_a_value(command):
    """An explicit bound outside its conditions has no value, neither alone, on a curve nor in JSON."""
    place = [
        f"--set={text}" for text in ("d=512", "d_tilde=512", "r=32", "gamma=5", "gamma_tilde=5", "delta=0.01")
    ]
    status, out, _ = command(
        "constants", "corollary-1", *place, "--set=eta=0.3", "--set=n=1e6", "--sensitivities"
    )
    assert status == 0
    assert "conditions not met: n >= " in out
    assert "(here 1e+06 against 2.76565e+06)" in out
    _, out, _ = command("constants", "corollary-1", *place, "--set=eta=0.3", "--set=n=1e6", "--json")
    printed, explicit, _ = json.loads(out)["forms"]
    assert explicit["value"] is None
    assert explicit["unmet"]
    assert printed["value"]
    assert not printed["unmet"]
    _, out, _ = command("constants", "corollary-1", *place, "--set=n=1e6", "--over=eta=0.3:1:2")
    *_, first, second, _ = out.splitlines()
    assert [len(line.split()) for line in (first, second)] == [4, 4]
    assert first.split()[2] == "outside"
    assert "conditions are not met there" in out
    _, out, _ = command(
        "constants", "proposition-1", "--set=d=4", "--set=n=1e5", "--set=eta=1", "--set=gamma=1"
    )
    assert "conditions not met" not in out


def test_a_power_that_is_not_defined_is_no_nan(command):
    """A bound of 0 (d = r, no noise) has no power in d or r: said so, and null in JSON."""
    sizes = [f"--set={name}=2" for name in ("d", "d_tilde", "r")]
    place = [*sizes, "--set=n=100", "--set=eta=1", "--set=gamma=inf", "--set=gamma_tilde=inf"]
    status, out, _ = command("constants", "corollary-1", *place, "--sensitivities")
    assert (status, "nan" in out) == (0, False)
    assert "eta -1, n -0.5; not defined here: d, d_tilde, r" in out
    status, out, _ = command("constants", "corollary-1", *place, "--sensitivities", "--json")
    powers = json.loads(out)["forms"][-1]["sensitivities"]
    assert (status, powers["r"], powers["eta"]) == (0, None, -1)


def test_numbers_outside_a_domain_are_refused(command):
    """Every symbol's domain, r against the dimensions, a name twice, and flags that go together."""
    for wrong in (
        "--set=n=2", "--set=n=10.5", "--set=n=inf", "--set=eta=1.5", "--set=delta=1", "--set=gamma=0",
        "--set=d=5 --set=r=6", "--set=n=9 --set=n=9", "--log", "--set=eta=0.5 --over=eta=0.1:1:3",
        "--over=eta=0.1:2:3", "--over=n=10:11.5:3", "--over=eta=0.1:1:inf", "--limit=eta=3",
    ):  # fmt: skip
        status, out, err = command("constants", "corollary-1", *wrong.split())
        assert (status, out, err.count("\n")) == (2, "", 1), wrong
    assert "None" not in err
    _, _, err = command("constants", "corollary-1", "--log")
    assert err == "filtergain: --log must go with --over\n"


def test_points_of_a_count_are_whole(command):
    """A curve in n goes through whole numbers, each once; powers along a curve are expressions."""
    _, out, _ = command("constants", "eq-2", "--over=n=4:8:9", "--json")
    assert json.loads(out)["over"]["points"] == [4, 5, 6, 7, 8]
    status, out, _ = command("constants", "corollary-1", "--over=n=4:8:3", "--sensitivities")
    assert status == 0
    assert "long expressions: " in out


def test_spaced_points():
    """Both ends are included exactly, in equal or geometric steps; nonsense is refused."""
    assert constants.spaced(1, 4, 4) == [1, 2, 3, 4]
    assert constants.spaced(1, 100, 3, geometric=True) == pytest.approx([1, 10, 100])
    for arguments in ((1, 2, 1), (0, math.inf, 3), (0, 1, 3, True)):
        with pytest.raises(ValueError, match=r"points|positive"):
            constants.spaced(*arguments)


PLACE = {
    "n": 1e7, "n_T": 4e6, "N": 6e6, "d": 40.0, "d_tilde": 31.0, "r": 3.0, "eta": 0.2, "gamma": 2.0,
    "gamma_tilde": 5.0, "theta": 1.0, "delta": 0.05, "t": 3.0, "rho": 1.0,
}  # fmt: skip
FORMS = {
    form.id: form
    for root in ("corollary-1", "theorem-1", "proposition-1", "remark-4-1", "eq-24", "eq-28", "eq-2")
    for form in constants.forms(root)
    if set(form.parameters) <= PLACE.keys()
}

BY_ID = {form.id: form for root in ("corollary-1", "theorem-1") for form in constants.forms(root)}


@pytest.mark.parametrize("name", FORMS)
def test_sensitivities_are_the_slopes_of_the_bound(name):
    """Each is the central difference of log bound in log parameter, theta and the score's r apart."""
    form = FORMS[name]
    found = constants.sensitivities(form, PLACE)
    assert set(found) == set(form.parameters)
    assert [abs(x) for x in found.values()] == sorted((abs(x) for x in found.values()), reverse=True)
    whole = "theta" in form.parameters
    for parameter, power in found.items():
        at = PLACE[parameter]
        if parameter == "theta":
            ends, width = (at - 1e-4, at + 1e-4), 2e-4
        elif parameter == "r" and whole:
            ends, width = (at, at + 1), math.log1p(1 / at)
        else:
            ends, width = (at * math.exp(-1e-5), at * math.exp(1e-5)), 2e-5
        low, high = (math.log(form.evaluate({**PLACE, parameter: end})) for end in ends)
        assert power == pytest.approx((high - low) / width, abs=1e-5)


def test_powers_of_simple_bounds_are_their_exponents():
    """Corollary 1's rate has the powers that it prints; an infinite parameter has none."""
    printed = next(f for f in constants.forms("corollary-1") if f.variant == "printed")
    assert [constants.elasticity(printed, name) for name in ("eta", "n", "r")] == [-1, -sp.S.Half, sp.S.Half]
    equal = {**PLACE, "d_tilde": 40.0, "gamma_tilde": math.inf}
    found = constants.sensitivities(printed, equal)
    assert found["d"] == found["d_tilde"] == 0.25
    assert "gamma_tilde" not in found


def test_a_step_of_a_power_is_told_by_its_cases(command):
    """The larger dimension alone moves Corollary 1's bound; the values are the slopes on both sides."""
    form = BY_ID["corollary-1"]
    cases = constants.by_cases(constants.elasticity(form, "d"))
    assert [value for _, value in cases] == [sp.S.Half, 0] or [value for _, value in cases] == [0, sp.S.Half]
    for where, value in cases:
        for d, d_tilde in ((7.0, 5.0), (5.0, 7.0)):
            if where.subs({symbols.d: d, symbols.d_tilde: d_tilde}) == sp.true:
                at = {**PLACE, "d": d, "d_tilde": d_tilde}
                assert constants.sensitivities(form, at)["d"] == pytest.approx(float(value))
    assert constants.by_cases(constants.elasticity(form, "n")) == ()
    out = command("constants", "corollary-1", "--sensitivities")[1]
    first = out[: out.index("corollary-1-explicit")]
    assert "d: 1/2 where d > d_tilde, 0 where d < d_tilde; " in first
    assert "Heaviside" not in first


def test_a_long_bound_is_shown_in_parts(command):
    """What it repeats has a name; put together again the parts are the bound."""
    form = BY_ID["corollary-1-explicit"]
    short, parts = constants.in_parts(form.expression)
    for name, part in reversed(parts):
        short = short.xreplace({name: part})
    assert sp.expand(short - form.expression) == 0 or short == form.expression
    out = command("constants", "corollary-1-explicit", "--over=n=4:8:3")[1]
    assert "  where      x0 = " in out
    assert str(form.expression) not in out


def test_a_curve_stands_last(command):
    """Its table is where a terminal stops, below the formulas."""
    place = [f"--set={name}={PLACE[name]:g}" for name in ("n", "d", "d_tilde", "r", "gamma", "gamma_tilde")]
    lines = command("constants", "corollary-1", *place, "--over=eta=0.5:1:2")[1].splitlines()
    assert lines.index(next(x for x in lines if "printed" in x and "eta" in x)) > max(
        i for i, x in enumerate(lines) if x.startswith("  bound")
    )


def test_an_eta_of_one_has_a_slope_from_below():
    """eta cannot pass 1: the score's form takes the last stretch before it."""
    form = next(f for f in constants.forms("theorem-1") if f.variant == "sharp")
    at_one, near = ({**PLACE, "eta": eta} for eta in (1.0, 1 - 1e-4))
    assert constants.sensitivities(form, at_one)["eta"] == pytest.approx(
        constants.sensitivities(form, near)["eta"], abs=1e-3
    )


def test_limits_tell_the_printed_theorem_from_its_correction():
    """As eta goes to 0 the printed bound stays and the corrected one grows like 1/eta."""
    printed, corrected = constants.forms("theorem-1")[:2]
    value, power = constants.limit(printed, "eta", 0, {"r": 4, "gamma": 1, "gamma_tilde": 1})
    assert (sp.simplify(value**2 - 256 * sp.Max(symbols.d, symbols.d_tilde) / symbols.n), power) == (0, 0)
    assert constants.limit(corrected, "eta", 0, {}) == (sp.oo, -1)


@pytest.mark.parametrize("claim", ["corollary-1-sharp", "theorem-1-explicit", "theorem-1-explicit-half"])
def test_signs_that_follow_from_the_domains_are_known(claim):
    """As eta goes to 0 bounds with sqrt(d - r) or log(38/delta) in front grow beyond all bounds, no cases."""
    assert constants.limit(BY_ID[claim], "eta", 0, {"gamma": 1, "gamma_tilde": 1, "d_tilde": 6})[0] == sp.oo
    assert constants.limit(BY_ID[claim], "n", math.inf, {})[0] == 0


def test_a_limit_outside_the_conditions_says_so(command):
    """At a fixed n no eta near 0 has pairs enough; with more and more pairs the conditions hold."""
    form = BY_ID["corollary-1-explicit"]
    assert constants.outside(form, "eta", 0, {}) == tuple(map(str, form.conditions))
    assert constants.outside(form, "eta", 0, {"n": 1e9, "d": 6, "d_tilde": 6, "gamma": 1, "gamma_tilde": 1})
    assert constants.outside(form, "n", math.inf, {}) == ()
    assert constants.outside(form, "n", 10, {"d": 6, "d_tilde": 6, "eta": 1, "gamma": 1, "gamma_tilde": 1,
                                             "delta": 0.1})  # fmt: skip
    set_ = [f"--set={pair}" for pair in ("n=1e6", "d=6", "d_tilde=6", "r=2", "gamma=1", "gamma_tilde=1")]
    out = command("constants", "corollary-1-explicit", "--limit", "eta=0", "--set=delta=0.05", *set_)[1]
    assert " ".join(out.split()).count("limit outside the claim's conditions on the way (") == 3
    assert "outside" not in command("constants", "corollary-1-explicit", "--limit", "n=inf")[1]


def test_limits_choose_the_branch_that_counts():
    """A Max with the parameter in it is its larger branch near the limit; the rest stays symbolic."""
    printed = next(f for f in constants.forms("corollary-1") if f.variant == "printed")
    assert constants.limit(printed, "d", math.inf, {}) == (sp.oo, sp.S.Half)
    assert constants.limit(printed, "gamma", math.inf, {})[1] == 0
    sharp_form = next(f for f in constants.forms("corollary-1") if f.variant == "sharp")
    right = sp.sqrt(symbols.r * (symbols.d_tilde - symbols.r) / symbols.gamma_tilde / symbols.n) / symbols.eta
    value, power = constants.limit(sharp_form, "gamma", math.inf, {})  # what is left is the right error
    assert (sp.simplify(value**2 - right**2), power) == (0, 0)
    assert constants.limit(sharp_form, "gamma", math.inf, {"d_tilde": 3, "r": 3}) == (0, -sp.S.Half)
    lower = next(f for f in constants.forms("proposition-1") if f.variant == "printed")
    assert constants.limit(lower, "gamma", 0, {})[1] == -sp.S.Half


def test_limits_that_are_not_known_say_why():
    """A branch that depends on other parameters, the score's law, and a bound that is free of a parameter."""
    printed, _, sharp_form, *_ = constants.forms("theorem-1")
    with pytest.raises(ValueError, match=r"score's law"):
        constants.limit(sharp_form, "eta", 0, {})
    with pytest.raises(ValueError, match=r"free of theta"):
        constants.limit(printed, "theta", 0, {})
    with pytest.raises(ValueError, match=r"depends on r: give it a number"):
        constants.limit(printed, "eta", 0.1, {})


def test_the_command_shows_powers_and_limits(command):
    """Numbers with --set, expressions without, a limit or the reason why there is none; in JSON too."""
    given = ("n", "d", "d_tilde", "r", "eta", "gamma", "gamma_tilde")
    place = [f"--set={name}={PLACE[name]:g}" for name in given]
    status, out, _ = command("constants", "corollary-1", "--sensitivities", *place)
    assert status == 0
    assert "powers     eta -1, " in out
    assert "eta moves it most" in out
    status, out, _ = command("constants", "corollary-1", "--sensitivities", "--limit", "eta=0")
    assert "eta: -1; " in out
    assert "the formula alone: oo as eta goes to 0, like eta^(-1)" in out
    status, out, _ = command("constants", "theorem-1", "--limit", "eta=0", "--json")
    assert [form["limit"].get("power") for form in json.loads(out)["forms"]] == ["0", "-1", None, "-1", "-1"]
    for wrong in ("eta", "nothing=0", "eta=-1", "eta=x"):
        status, out, err = command("constants", "theorem-1", "--limit", wrong)
        assert (status, out, err.count("\n")) == (2, "", 1)
