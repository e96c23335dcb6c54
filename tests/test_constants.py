import math

import pytest

from bounds import constants, sharp
from bounds.score import Score


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
