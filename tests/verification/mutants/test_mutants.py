from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from helpers import made_up
from scipy import stats

from bounds import claims
from bounds.claim import (
    Claim,
    Law,
    Level,
    Measured,
    Path,
    Proof,
    Relation,
    Scaling,
    Search,
    Tail,
    Verdict,
)
from bounds.symbols import ERR, SYMBOLS, C, a_x, a_y, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r, theta
from verification.checks.forecast import contradicted, forecast
from verification.checks.judge import numbers_around
from verification.checks.proved import derived
from verification.mutants.claim import Mutant, WrongLaw, mutants
from verification.quantities.registry import Cell
from verification.setting import Procedure

AT = ((d, 24), (d_tilde, 16), (r, 4), (gamma, 1), (gamma_tilde, 1))
UNFILTERED = Measured("unfiltered")
RATE = sp.sqrt(r * sp.Max(d, d_tilde) * a_x * a_y / n) / eta
N_PATH = Path(n, (10**5, 10**7), (*AT, (eta, 0.3)))
ETA_PATH = Path(eta, (1.0, 0.1), (*AT, (n, 10**7)))


def _claim(checks: tuple[Any, ...], bound: sp.Expr | None = RATE, **changes: Any) -> Claim:
    return made_up(*checks, **{"id": "made-up", "bound": bound, "quantity": ERR, **changes})


def _named(claim: Claim) -> dict[str, Mutant]:
    found = mutants(claim)
    names = [m.id.removeprefix(f"{claim.id}~") for m in found]
    assert len(set(names)) == len(names)
    assert all(m.original == claim.id and m.claim.id == m.id for m in found)
    return dict(zip(names, found, strict=True))


def test_rate_has_its_exponents_changed_in_the_direction_that_says_more():
    """A larger upper bound is implied, a smaller one is not; of two mirrored parameters one is changed."""
    found = _named(_claim((Scaling(UNFILTERED, N_PATH, True, 0.05),), up_to_constant=True))
    implied = {name for name, m in found.items() if m.implied}
    assert implied == {"constant-down", "constant-up", "n+", "d+", "r+", "eta-"}
    assert {name for name, m in found.items() if m.untested} == {"reversed"}
    assert found.keys() - implied == {"n-", "d-", "r-", "eta+", "gamma+", "gamma-", "regime", "reversed"}
    assert found["n-"].claim.bound == RATE / sp.sqrt(n)
    assert found["regime"].claim.bound == RATE.xreplace({sp.Max(d, d_tilde): sp.Min(d, d_tilde)})
    assert found["reversed"].claim.relation is Relation.LOWER


def test_lower_bound_is_changed_the_other_way():
    """A smaller lower bound is implied, a larger one is not."""
    claim = _claim((Scaling(UNFILTERED, N_PATH, True, 0.05),), relation=Relation.LOWER, up_to_constant=True)
    found = _named(claim)
    assert {name for name, m in found.items() if m.implied} == {
        "constant-down",
        "constant-up",
        "n-",
        "d-",
        "r-",
        "eta+",
        "regime",
    }
    assert found["reversed"].untested
    assert found["reversed"].claim.relation is Relation.UPPER


def test_reversed_rate_counts_where_the_rate_is_loose():
    """Where the rate is the error's own the reversed claim is true as well; where r nears d it is wrong."""
    tight = _claim((Scaling(UNFILTERED, N_PATH, True, 0.05),), up_to_constant=True)
    assert "tight" in _named(tight)["reversed"].reason
    at = ((d, r + 1), (d_tilde, r + 1), (gamma, 1), (gamma_tilde, 1), (eta, 0.3), (n, 10**7))
    family = Scaling(UNFILTERED, Path(r, (4, 64), at), False, 0.25)
    loose = _claim((*tight.checks, family), up_to_constant=True)
    assert _named(loose)["reversed"].counted
    explicit = _claim((Tail(UNFILTERED, (N_PATH,), 0.05),), bound=10 * RATE)
    assert _named(explicit)["reversed"].counted


def test_claim_expected_to_be_refuted_has_no_mutants():
    """A stronger version of what is false says nothing about the design."""
    claim = _claim((Scaling(UNFILTERED, N_PATH, True, 0.05),), up_to_constant=True, expected=Verdict.REFUTED)
    assert mutants(claim) == ()


JUDGED = [
    c
    for c in claims.values()
    if c.bound is not None
    and c.relation is not None
    and c.expected is Verdict.SUPPORTED
    and any(isinstance(k, Scaling | Tail) for k in c.checks)
]


@cache
def _registered(claim_id: str) -> tuple[Mutant, ...]:
    return mutants(claims[claim_id])


@pytest.mark.parametrize("claim", JUDGED, ids=lambda c: c.id)
def test_implied_mutants_are_implied_everywhere(claim):
    """Numerically, over the domain and the conditions' numbers, an implied change never says more.

    Up to constants: the ratio to the claim's bound is bounded on the right side.
    """
    rng = np.random.default_rng(11)
    size = 2000
    values = {"d": np.ceil(10 ** rng.uniform(0, 3, size)), "d_tilde": np.ceil(10 ** rng.uniform(0, 3, size))}
    values["r"] = np.ceil(np.minimum(values["d"], values["d_tilde"]) * rng.random(size))
    values["eta"] = 10 ** rng.uniform(-3, 0, size)
    values |= {name: 10 ** rng.uniform(-3, 6, size) for name in ("gamma", "gamma_tilde")}
    values |= {name: np.ceil(10 ** rng.uniform(1, 9, size)) for name in ("n", "N", "n_T")}
    values["t"] = 10 ** rng.uniform(0, 3, size)
    values |= {"delta": rng.uniform(1e-6, 0.5, size), "theta": rng.uniform(0, 20, size)}
    values |= {"P": 10 ** rng.uniform(-6, 0, size)}
    values |= {name: 10 ** rng.uniform(-2, 3, size) for name in ("kappa_left", "kappa_right")}
    values |= {name: 10 ** rng.uniform(-2, 3, size) for name in ("mean_1", "mean_0")}
    for name in values:
        low, high = numbers_around(claim.conditions, SYMBOLS[name].symbol)
        values[name] = np.clip(values[name], low, high) if low > 0 or high < np.inf else values[name]
    for mutant in _registered(claim.id):
        changed_bound = mutant.claim.bound != claim.bound
        if not (mutant.implied and changed_bound) or mutant.id.endswith("~delta") or "~term" in mutant.id:
            continue
        with np.errstate(all="ignore"):
            ratio = np.asarray(mutant.claim.bound_at(values) / claim.bound_at(values), dtype=float)
        ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
        constant = 2 if mutant.id.endswith(("constant-up", "constant-down")) else 1
        if claim.relation is Relation.UPPER:
            assert ratio.min() >= (1 - 1e-9) / constant, mutant.id
        else:
            assert ratio.max() <= (1 + 1e-9) * constant, mutant.id


def test_at_least_five_mutants_count_for_every_judged_rate():
    """Every claim about a random error in the register has five wrong versions or more that count."""
    for claim in JUDGED:
        counted = [m for m in _registered(claim.id) if not m.implied]
        # A rate in one parameter has two wrong neighbours: its exponent up and down.
        assert len(counted) >= (5 if len(claim.bound.free_symbols) > 1 else 2), claim.id


@pytest.mark.parametrize("claim_id", ["corollary-1", "proposition-1", "theorem-1", "theorem-1-corrected"])
def test_forecast_agrees_with_the_expected_verdict(claim_id):
    """The first-order law contradicts the claims that are expected to be refuted, and no other."""
    claim = claims[claim_id]
    assert contradicted(claim) == (claim.expected is Verdict.REFUTED)


def test_loose_explicit_bound_is_tightened_until_it_is_wrong():
    """The mutant that counts is the first halving that the sharp law contradicts."""
    tail = Tail(UNFILTERED, (N_PATH,), 0.05)
    loose = _claim((tail,), bound=40 * RATE)
    mutant = _named(loose)["constant-down"]
    assert not mutant.implied
    factor = float(mutant.claim.bound / loose.bound)
    assert contradicted(mutant.claim)
    assert not contradicted(loose.with_bound(2 * factor * loose.bound))
    assert "weaker ones are not known to be false" in mutant.reason
    assert factor < 1 / 16
    assert _named(loose)["constant-up"].implied


def test_constant_of_an_equality_is_wrong_on_both_sides():
    """Neither half nor twice an exact value is implied."""
    point = Path(n, (10**6,), (*AT, (eta, 0.3)))
    claim = _claim((Level(UNFILTERED, point, 0.05),), relation=Relation.EQUAL)
    found = _named(claim)
    assert not any(m.implied for m in found.values())
    assert {"constant-down", "constant-up", "n+", "n-"} <= found.keys()
    assert "reversed" not in found


def test_what_the_design_does_not_vary_survives():
    """A parameter that no path varies keeps the first change, which the forecast cannot contradict."""
    claim = _claim((Scaling(UNFILTERED, N_PATH, False, 0.25),), up_to_constant=True)
    mutant = _named(claim)["eta+"]
    assert not mutant.implied
    assert mutant.claim.bound == RATE * sp.sqrt(eta)
    assert not contradicted(mutant.claim)


def test_a_bound_free_of_a_parameter_states_exponent_zero():
    """Where a family varies what the bound is free of, the exponent is changed the way the family goes."""
    at = ((d, 24), (d_tilde, 16), (r, 4), (gamma_tilde, 1), (n, 10**7), (eta, 0.3))
    falling = Scaling(UNFILTERED, Path(gamma, (1.0, 0.01), at), False, 0.25)
    free = RATE.subs(gamma, 1) / sp.sqrt(gamma)
    named = _claim((falling,), bound=free, up_to_constant=True)
    assert {"gamma+", "gamma-"} <= _named(named).keys()
    constant = _claim((falling,), bound=sp.sqrt(d / n) / eta, relation=Relation.LOWER, up_to_constant=True)
    found = _named(constant)
    assert found["gamma-"].counted
    assert found["gamma+"].untested
    assert "no family moves gamma that way" in found["gamma+"].reason


def test_fixed_and_infinite_parameters_keep_their_exponent():
    """A parameter that a condition fixes, or that is infinite where judged, has no exponent to change."""
    at = ((d, 24), (d_tilde, 16), (r, 1), (gamma, sp.oo), (gamma_tilde, 1), (eta, 0.3))
    claim = _claim(
        (Scaling(UNFILTERED, Path(n, (10**5, 10**7), at), True, 0.05),),
        up_to_constant=True,
        conditions=(sp.Eq(r, 1),),
    )
    assert not {"r+", "r-", "gamma+", "gamma-"} & _named(claim).keys()


def test_failure_probability_counts_only_where_it_matters():
    """A bound whose confidence term decides gets a wrong delta; one that ignores it is marked as true."""
    tail = Tail(UNFILTERED, (Path(n, (10**6,), (*AT, (eta, 0.3))),), 0.05)
    typical = forecast(
        Cell(
            tuple(
                sorted(
                    {
                        "n": 10**6,
                        "d": 24,
                        "d_tilde": 16,
                        "r": 4,
                        "gamma": 1.0,
                        "gamma_tilde": 1.0,
                        "eta": 0.3,
                    }.items()
                )
            ),
            "error",
            (Procedure(),),
        )
    )
    needed = _claim((tail,), bound=sp.Float(typical) * sp.log(1 / delta))
    counted = _named(needed)["delta"]
    assert counted.counted
    assert contradicted(counted.claim)
    idle = _named(_claim((tail,), bound=sp.Float(10 * typical) + sp.log(1 / delta)))["delta"]
    assert idle.untested
    assert "confidence" in idle.reason


def test_regime_boundaries_are_moved():
    """Each branch of a Min is lowered in turn; Min read as Max is implied for an upper bound."""
    bound = RATE * sp.Min(sp.sqrt(r / eta), r * sp.sqrt(r))
    at = ((d, 24), (d_tilde, 24), (gamma, 100), (gamma_tilde, 100), (eta, 0.3), (n, 10**7))
    check = Scaling(UNFILTERED, Path(r, (2, 8), at), False, 0.25)
    found = _named(_claim((check,), bound=bound, up_to_constant=True))
    assert found["regime-2"].implied
    assert {"regime-2-boundary-1", "regime-2-boundary-2"} <= found.keys()
    assert not found["regime-2-boundary-1"].implied
    no_common = _claim((check,), bound=sp.Min(eta, gamma), up_to_constant=True)
    assert not any("boundary" in name for name in _named(no_common))


def test_terms_of_a_sum_are_left_out():
    """The term that carries the error is missed where it is judged; one that is negligible there is not."""
    check = Scaling(UNFILTERED, N_PATH, False, 0.25)
    found = _named(_claim((check,), bound=RATE + 1 / n, up_to_constant=True))
    terms = {m.claim.bound: m.untested for name, m in found.items() if name.startswith("term")}
    assert terms == {1 / n: False, RATE: True}
    lower = _claim((check,), bound=RATE + 1 / n, relation=Relation.LOWER, up_to_constant=True)
    assert not any(name.startswith("term") for name in _named(lower))


@pytest.mark.parametrize("margin", [0.05, 1.0])
def test_a_blunt_design_has_no_easier_mutants(margin):
    """The size of a wrong exponent is half a power, whatever the check's margin can tell apart."""
    check = Scaling(UNFILTERED, N_PATH, True, margin)
    found = _named(_claim((check,), relation=Relation.EQUAL, up_to_constant=True))
    assert found["n-"].claim.bound == RATE / sp.sqrt(n)
    assert found["n+"].claim.bound == RATE * sp.sqrt(n)
    assert found["n-"].counted


def test_a_mutant_that_the_design_cannot_see_survives():
    """With a margin of one power, half a power of n too much passes, and the run says so."""
    from verification import verify

    path = Path(n, (10**5, 10**7), (*AT, (eta, 0.3)))
    for margin, survivors in ((0.1, []), (1.0, ["n+", "n-"])):
        check = Scaling(UNFILTERED, path, True, margin)
        claim = _claim((check,), bound=1 / sp.sqrt(n), relation=Relation.EQUAL, up_to_constant=True)
        (found,) = verify([claim])
        assert sorted(m.id.removeprefix("made-up~") for m in found.survivors) == survivors


def test_dropped_condition_is_judged_below_it():
    """A lower bound without its sample condition gets a path of its own, where errors cannot follow it."""
    at = ((d, 32), (d_tilde, 8), (r, 1), (gamma, 1), (gamma_tilde, 1), (n, 10**7))
    claim = _claim(
        (Scaling(UNFILTERED, Path(eta, (1.0, 0.03), at), False, 0.25),),
        bound=sp.sqrt(d / gamma / n) / eta,
        relation=Relation.LOWER,
        up_to_constant=True,
        conditions=(sp.Ge(n, 4 * d / gamma / eta**2),),
    )
    mutant = _named(claim)["condition"]
    assert mutant.outside
    assert mutant.claim.conditions == ()
    (check,) = mutant.claim.checks
    assert check.path.parameter == eta
    for point, k in zip(check.path.points(), (1, 2, 4, 6), strict=True):
        assert point["n"] == math.ceil(4 * 32 / 0.03**2 / 4096)
        assert point["n"] * 4**k == pytest.approx(4 * 32 / point["eta"] ** 2, rel=0.02)
    assert contradicted(mutant.claim)
    nearer = _claim(
        (Scaling(UNFILTERED, Path(eta, (1.0, 0.5), at), False, 0.25),),
        bound=claim.bound,
        relation=Relation.LOWER,
        up_to_constant=True,
        conditions=claim.conditions,
    )
    assert "condition" not in _named(nearer)


def test_dropped_condition_of_an_upper_bound_is_implied_where_the_bound_is_trivial():
    """Below Corollary 1's condition its rate exceeds sqrt(r); a smaller rate is judged on moved families."""
    condition = sp.Ge(n, C * sp.Max(d, d_tilde) * a_x * a_y / eta**2)
    family = Path(eta, (0.3, 0.03), (*AT, (n, 10**8)))
    check = Scaling(UNFILTERED, family, False, 0.25)
    trivial = _claim((check,), up_to_constant=True, conditions=(condition,))
    assert _named(trivial)["condition"].implied
    smaller = _claim((check,), bound=RATE * eta, up_to_constant=True, conditions=(condition,))
    mutant = _named(smaller)["condition"]
    assert mutant.outside
    assert mutant.counted
    for point in mutant.claim.checks[0].path.points():
        assert point["n"] == math.ceil(24 * 4 / point["eta"] ** 2 / 16)
    idle = _claim((check,), bound=RATE / sp.sqrt(r) + eta, up_to_constant=True, conditions=(condition,))
    mutant = _named(idle)["condition"]
    assert mutant.untested
    assert "nothing shows" in mutant.reason


def _normal_cdf(values: Any, numbers: Any) -> Any:
    return stats.norm.cdf(numbers, scale=1 / np.sqrt(values["n"]))


def test_laws_get_a_wrong_scale_and_a_wrong_exponent():
    """A law 10% too wide, 10% too narrow, and with powers of what its paths vary."""
    claim = _claim(
        (Law(UNFILTERED, _normal_cdf, (Path(n, (100, 400), (*AT, (eta, 0.3))),), 0.02),),
        bound=None,
        relation=None,
    )
    found = _named(claim)
    assert found.keys() == {"law-up", "law-down", "law-n+", "law-n-"}
    wide = found["law-up"].claim.checks[0].cdf
    assert wide({"n": 100}, [0.11]) == pytest.approx(_normal_cdf({"n": 100}, 0.1))
    steep = found["law-n-"].claim.checks[0].cdf
    assert steep({"n": 100}, 0.1) == pytest.approx(_normal_cdf({"n": 100}, 0.1))
    assert steep({"n": 400}, 0.1) == pytest.approx(_normal_cdf({"n": 400}, 0.2))
    assert isinstance(steep, WrongLaw)


def test_infinite_value_has_no_power_in_a_law():
    """A path with one finite value has no exponent; an infinite value on a longer one keeps the law."""

    def of(*values: Any) -> dict[str, Mutant]:
        path = Path(gamma, values, ((n, 100),))
        return _named(_claim((Law(UNFILTERED, _normal_cdf, (path,), 0.02),), bound=None, relation=None))

    assert of(sp.oo, 1.0).keys() == {"law-up", "law-down"}
    steep = of(sp.oo, 1.0, 4.0)["law-gamma+"].claim.checks[0].cdf
    assert steep({"n": 100, "gamma": math.inf}, 0.1) == pytest.approx(_normal_cdf({"n": 100}, 0.1))
    assert steep({"n": 100, "gamma": 4.0}, 0.2) == pytest.approx(_normal_cdf({"n": 100}, 0.1))


def test_stated_values_are_moved_past_their_tolerance():
    """A stated number is wrong by its tolerance twice over, up and down."""
    claim = _claim((Level(UNFILTERED, N_PATH, 0.05, value=2.0), Proof(_no_steps)), bound=None, relation=None)
    found = _named(claim)
    assert [found[name].claim.checks[0].value for name in ("value-up", "value-down")] == pytest.approx(
        [2 / 0.95**2, 2 / 1.05**2]
    )


def _no_steps(claim: Claim) -> tuple[()]:
    return ()


@pytest.mark.parametrize(
    ("relation", "quantity", "bound", "wrong"),
    [
        (Relation.EQUAL, theta, r, 2 * r),
        (Relation.EQUAL, theta, sp.Integer(0), sp.Integer(1)),
        (Relation.UPPER, None, sp.Integer(1), sp.Rational(1, 2)),
        (Relation.UPPER, gamma / (1 + gamma), sp.Integer(3), sp.Rational(3, 4)),
        (Relation.UPPER, sp.Function("unknown")(gamma), sp.Integer(1), sp.Rational(1, 2)),
        (Relation.LOWER, 1 + gamma, sp.Rational(1, 5), sp.Rational(8, 5)),
        (Relation.UPPER, sp.Symbol("foreign"), sp.Integer(1), sp.Rational(1, 2)),
    ],
)
def test_searched_statement_gets_a_wrong_constant(relation, quantity, bound, wrong):
    """A searched statement gets one mutant, strong enough to be wrong somewhere."""
    checks = (Search(Measured(quantity="weyl-ratio")), Proof(_no_steps))
    claim = _claim(checks, bound=bound, quantity=quantity, relation=relation)
    (mutant,) = mutants(claim)
    assert mutant.claim.bound == wrong
    assert not mutant.implied


def test_statement_without_anything_to_change_has_no_mutants():
    """A claim with neither bound, law nor stated value has no wrong version."""
    assert mutants(_claim((Proof(_no_steps),), bound=None, relation=None)) == ()


def test_forecast_is_the_sharp_law_capped_by_what_errors_can_be():
    """The median error of the first-order law where that is small, sqrt(r) where it is not."""

    def cell(pairs: int) -> Cell:
        values = {"n": pairs, "d": 10, "d_tilde": 8, "r": 4, "eta": 0.3, "gamma": 1e4, "gamma_tilde": 1e4}
        return Cell(tuple(sorted(values.items())), "error", (Procedure(),))

    assert forecast(cell(10**4)) == pytest.approx(16.5e-4, rel=0.02)
    assert forecast(cell(10**8)) == pytest.approx(forecast(cell(10**4)) / 100, rel=1e-3)
    noisy = {**dict(cell(4).values), "gamma": 1e-6, "gamma_tilde": 1e-6}
    assert forecast(Cell(tuple(sorted(noisy.items())), "error", (Procedure(),))) == 2.0


def test_other_quantities_are_forecast_by_a_pilot(tmp_path):
    """A quantity of one's own is forecast by the median of a few draws, the same on every call."""
    module = tmp_path / "mine.py"
    module.write_text("QUANTITIES = {'spread': lambda setting, rng: 3 + 0.1 * rng.standard_normal()}\n")
    cell = Cell((("n", 10),), "spread", (), str(module))
    assert forecast(cell) == pytest.approx(3, abs=0.1)
    assert forecast(cell) == forecast.__wrapped__(cell)


PROVED = [i for i, claim in claims.items() if any(isinstance(check, Proof) for check in claim.checks)]


@pytest.mark.parametrize("claim_id", PROVED)
def test_every_proof_looks_at_the_stated_bound(claim_id):
    """Beside whatever else judges a claim, each of its proofs fails for one of its wrong versions."""
    claim = claims[claim_id]
    wrong = [mutant.claim for mutant in mutants(claim) if mutant.counted]
    for place, check in enumerate(claim.checks):
        if isinstance(check, Proof) and wrong:
            assert any(not _goes_through(other.checks[place], other) for other in wrong), (
                f"proof {place + 1} holds for every wrong version"
            )


def _goes_through(check: Proof, claim: Claim) -> bool:
    found, doubt = derived(check, claim)
    return bool(found) and not doubt and all(step.truth is True for step in found)


def test_a_parameter_that_laws_together_vary_has_mutants():
    """Each law of the claim is drawn at one value; together they tell a wrong power of it."""
    names = {mutant.id.partition("~law-")[2] for mutant in mutants(claims["theorem-1-sharp"])}
    assert {"r+", "r-", "d+", "d-", "eta+", "eta-", "n+", "n-"} <= names
