import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from helpers import made_up

from bounds import claims
from bounds.claim import Path, Relation, Verdict, resolve
from bounds.register import CLAIMS, Register, UnknownClaim, check_register
from bounds.symbols import C, d, eta, gamma, n, r

VALUES = {"n": 1e6, "d": 10, "d_tilde": 8, "r": 4, "eta": 0.1, "gamma": 2.0, "gamma_tilde": 5.0}


def make(**changes):
    """A small claim."""
    fields = {"expected": Verdict.PROVED, "bound": None, "relation": None, **changes}
    return made_up(*fields.pop("checks", (object(),)), **fields)


def test_every_reading_of_a_bound_agrees():
    """SymPy's value, the vectorised double and the 40-digit number are the same expression's."""
    for claim in CLAIMS:
        names = {s.name for s in claim.parameters}
        if claim.bound is None or not names <= VALUES.keys():
            continue
        exact = claim.bound.subs({s: sp.Float(VALUES[s.name], 50) for s in claim.parameters}).evalf(50)
        assert claim.bound_at(VALUES) == pytest.approx(float(exact), rel=1e-12)
        digits = str(mpmath.nstr(claim.evaluate_mp(VALUES, 40), 30))
        assert abs(sp.Float(digits, 40) - exact) <= abs(exact) * sp.Float("1e-25")


def test_a_bound_is_evaluated_over_arrays():
    """Arrays go in, arrays come out; infinite gamma is a value like others."""
    claim = claims["corollary-1"]
    etas = np.array([0.1, 0.2, 0.4])
    values = claim.evaluate({**VALUES, "eta": etas, "gamma": math.inf})
    assert values.shape == (3,)
    np.testing.assert_allclose(values[0] / values, [1, 2, 4])


def test_the_printed_rates_have_the_printed_exponents():
    """The exponents of the main results, read off the expressions by differentiation."""

    def exponent(expression, symbol):
        return sp.simplify(symbol * sp.diff(sp.log(expression), symbol))

    assert exponent(claims["corollary-1"].bound, eta) == -1
    assert exponent(claims["corollary-1"].bound, n) == -sp.Rational(1, 2)
    assert exponent(claims["proposition-1"].bound, eta) == -1
    large, small = (
        claims["theorem-1"].bound.subs({r: 4, eta: v}) for v in (sp.Rational(1, 2), sp.Rational(1, 100))
    )
    assert sp.simplify(large / small) == sp.sqrt(4 * 2) / 8


def test_the_printed_branches_of_theorem_1_meet_at_the_printed_switch():
    """T_0.5 = T_0 exactly at eta = 1/r^2."""
    from bounds.paper.filtered import T_HALF, T_ZERO

    assert sp.simplify(T_HALF.subs(eta, 1 / r**2) / T_ZERO) == 1


def test_latex_uses_the_papers_letters():
    """A claim displays in a notebook in the notation of the paper."""
    text = claims["corollary-1"]._repr_latex_()
    assert r"\lesssim" in text
    assert r"\tilde{d}" in text
    assert r"\mathrm{ERR}" in text
    assert "=" in make(quantity=r, relation=Relation.EQUAL, bound=d).latex()


def test_a_path_resolves_expressions_in_its_own_symbols():
    """n may be given as a multiple of the sample condition; counts are rounded up."""
    path = Path(eta, (0.5, 0.25), ((d, 3), (gamma, sp.oo), (n, d / eta**2 + sp.Rational(1, 3))))
    assert [p["n"] for p in path.points()] == [13, 49]
    assert path.points()[0]["gamma"] == math.inf
    with pytest.raises(ValueError, match="cannot resolve n"):
        resolve({n: d * r, d: 2})


def test_a_claim_without_a_bound_says_so():
    """Asking a statement in words for a number is an error that names the claim."""
    with pytest.raises(ValueError, match="'x' states no bound"):
        make().evaluate({})
    assert make().latex() == r"\text{w}"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ((make(), make()), "used twice"),
        ((make(depends_on=("nothing",)),), "rests on unknown 'nothing'"),
        ((make(corrects="nothing"),), "corrects unknown"),
        ((make(checks=()),), "nothing that can fail"),
        ((make(note="x.md"),), "no section of a note"),
        ((make(depends_on=("y",)), make(id="y", depends_on=("x",))), "rest on each other"),
    ],
)
def test_the_register_notices_its_own_contradictions(wrong, problem):
    """Duplicate ids, unknown or circular dependencies, untested claims and missing notes are found."""
    assert problem in "; ".join(check_register(wrong))
    with pytest.raises(ValueError, match="contradicts itself"):
        Register(wrong)


def test_the_register_is_sound():
    """The register that is shipped has none of these problems."""
    assert check_register(CLAIMS) == []
    assert list(claims) == [c.id for c in CLAIMS]
    assert len(claims) == len(CLAIMS)


def test_an_unknown_claim_gets_suggestions():
    """A misspelt id is answered with the nearest known ones."""
    with pytest.raises(UnknownClaim, match=r"did you mean .*theorem-1"):
        claims["theorm-1"]
    with pytest.raises(UnknownClaim, match=r"no claim is called 'nope'$"):
        claims["nope"]


def test_conditions_name_their_constant():
    """An unnamed constant of a condition is the declared symbol C."""
    assert C in claims["corollary-1"].conditions[0].free_symbols
