import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.report.mathematics import symbol, typeset


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("gamma = gamma~ = 1", "γ = γ\u0303 = 1"),
        ("n >= C max(d, d_tilde)/eta^2", "n ≥ C max(d, d\u0303)/η<sup>2</sup>"),
        ("U_tilde_perp^T x~", "U\u0303<sub>⊥</sub><sup>T</sup> x\u0303"),
        ("(3*eta + 1)/eta**2", "(3·η + 1)/η<sup>2</sup>"),
        ("sqrt(n_T) -> oo", "√(n<sub>T</sub>) → ∞"),
        ("e^(-0.5 theta)", "e<sup>-0.5 θ</sup>"),
        ("1 - e^(-C max(d, d~))", "1 - e<sup>-C max(d, d\u0303)</sup>"),
        ("order r^1.5. Then", "order r<sup>1.5</sup>. Then"),
        ("||A^ - A||_F / sigma_(r+1)", "||A\u0302 - A||<sub>F</sub> / σ<sub>r+1</sub>"),
        ("(AG~)^+ M^+ Q~x~", "(AG~)<sup>+</sup> M<sup>+</sup> Q\u0303x\u0303"),
        ("see `eq-1` for Max(r, 1)", "see <code>eq-1</code> for max(r, 1)"),
        ("min(T_0.5, T_0). T_0.", "min(T<sub>0.5</sub>, T<sub>0</sub>). T<sub>0</sub>."),
        ("Uhat_perp", "U\u0302<sub>⊥</sub>"),
    ],
)
def test_mathematics_is_set_in_its_own_signs(typed, shown):
    """Greek letters, accents, indices, powers and signs."""
    assert typeset(typed) == shown


@pytest.mark.parametrize(
    "words",
    ["a theta-filter", "--eta 0.2", "eq-1-eta", "median_ratio", "5 * 3", "betatron", "x <=> y", "What that"],
)
def test_other_words_stay(words):
    """Words, options and ids that only look alike."""
    assert html.unescape(typeset(words)) == words.replace("theta-", "θ-")


def test_a_name_where_no_markup_can_stand():
    """Names of the axes of a plot."""
    assert symbol("gamma_tilde") == "γ\u0303"
    assert symbol("my_name & yours") == "my_name & yours"


@given(st.text(alphabet="`|F+<>&\"'^_~*() aeT2-=", max_size=30))
def test_no_markup_comes_out_of_words(words):
    """Whatever stands in the words, the only tags are those of indices, powers and code."""
    shown = str(typeset(words))
    rest = re.sub("</?(su[bp]|code)>", "", shown)
    assert not re.search("[<>]", rest)
    assert shown.count("<sup>") == shown.count("</sup>")
