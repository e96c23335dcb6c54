"""What is asked of every kind of check, of a new one from its first day."""

import dataclasses
import inspect
import json
import math
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import sympy as sp
from helpers import made_up
from scipy import stats

from bounds import claims
from bounds.checks import (
    Certificate,
    Certified,
    Check,
    Law,
    Level,
    Measured,
    Path,
    Proof,
    Scaling,
    Search,
    Step,
    Tail,
)
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
from verification import simulation
from verification.checks import forecast, judge, law, level, proved, scaling, search, tail
from verification.checks.plan import PROFILES, plan, plan_check, plan_run
from verification.errors import InvalidArgument
from verification.judging import looks
from verification.quantities import registry
from verification.statistics import distribution, slopes
from verification.statistics import tail as tail_statistics

ALPHA = 1e-6
AT = ((d, 10), (d_tilde, 10), (r, 2), (gamma, 1), (gamma_tilde, 1), (eta, 0.5))
PATH = Path(n, (10**3, 10**5), AT)
NOWHERE = Path(n, (), AT)


@dataclasses.dataclass(frozen=True)
class Case:
    """One kind of check: what is right and what is wrong for it, and where its error rate goes.

    `right` and `wrong` are (check, values): values (replicates,) of a cell, from its point and the number of
    replicates, None where nothing is drawn.  `empty` is a check that looks nowhere.  `spends` is the test
    that spends the rate, and the rate of one call from its arguments.
    """

    right: tuple[Any, Callable | None]
    wrong: tuple[Any, Callable | None]
    details: type
    empty: Any = None
    spends: tuple[Any, str, Callable] | None = None

    @property
    def drawn(self):
        """Whether the kind needs draws."""
        return self.right[1] is not None


def normal(factor, exponent=-0.5):
    """Log-normal values with median factor * n^exponent; the claim's bound is n^(-1/2)."""

    def values(point, count):
        rng = np.random.default_rng(int(point["n"]))
        return factor * point["n"] ** exponent * np.exp(0.1 * rng.standard_normal(count))

    return values


def exponential(factor):
    """Exponential values with mean factor * n^(-1/2)."""
    return lambda point, count: np.random.default_rng(1).exponential(factor * point["n"] ** -0.5, count)


def ratios(worst):
    """Ratios of instances, all 0.5 but for one."""
    return lambda point, count: np.append(np.full(count - 1, 0.5), worst)


def proof(truth):
    """A proof of one step, which refutes where it is false."""
    return Proof(lambda stated: [Step("a step", truth, refutes=True)])


def certificate(holds):
    """A certificate that found this."""
    return Certificate(lambda stated, bits: Certified(holds, "r = 2..9", bits, 17, 0.25))


TAIL = Tail(Measured(), (PATH,), delta=0.05)
SCALING = Scaling(Measured(), PATH, two_sided=False, margin=0.25)
LEVEL = Level(Measured(), PATH, tolerance=0.2)
LAW = Law(
    Measured(),
    # No number is so large that it overflows in units of the scale.
    lambda v, x: stats.expon.cdf(np.minimum(x, 1e6), scale=v["n"] ** -0.5),
    (PATH,),
    tolerance=0.15,
    # The bound is an upper one of any law that stays below it.
    shown=lambda v, x: stats.uniform.cdf(x, scale=v["n"] ** -0.5),
)
SEARCH = Search(Measured(quantity="weyl-ratio"), instances=50)

CASES = {
    Tail: Case(
        (TAIL, normal(0.5)), (TAIL, normal(2.0)), tail.TailDetails,
        empty=dataclasses.replace(TAIL, paths=(NOWHERE,), random_settings=3),
        spends=(tail_statistics, "run_tail", lambda exceeded, test, cap: test.alpha),
    ),
    Scaling: Case(
        (SCALING, normal(1.0)), (SCALING, normal(1.0, exponent=0.1)), scaling.ScalingDetails,
        empty=dataclasses.replace(SCALING, path=NOWHERE),
        spends=(slopes, "slope_interval", lambda x, values, alpha: alpha),
    ),
    Level: Case(
        (LEVEL, normal(1.0)), (LEVEL, normal(1.5)), level.LevelDetails,
        empty=dataclasses.replace(LEVEL, path=NOWHERE),
        spends=(slopes, "median_interval", lambda values, alpha: alpha),
    ),
    Law: Case(
        (LAW, exponential(1.0)), (LAW, exponential(2.0)), law.LawDetails,
        empty=dataclasses.replace(LAW, paths=()),
        spends=(distribution, "law_test", lambda sample, tolerance, alpha, beta, cdf: alpha),
    ),
    Search: Case(
        (SEARCH, ratios(0.9)), (SEARCH, ratios(1.01)), search.SearchDetails,
        empty=dataclasses.replace(SEARCH, instances=0),
    ),
    Proof: Case((proof(True), None), (proof(False), None), proved.ProofDetails),
    Certificate: Case((certificate(True), None), (certificate(False), None), proved.CertificateDetails),
}  # fmt: skip
DRAWN = [kind for kind, case in CASES.items() if case.drawn]
TESTS = [kind for kind, case in CASES.items() if case.spends]


def claim(check):
    """A claim with one check: an upper bound n^(-1/2), or 1 for a search."""
    bound = sp.S.One if isinstance(check, Search) else 1 / sp.sqrt(n)
    return made_up(check, bound=bound)


def planned(check, profile="quick"):
    """The plan of a claim with this one check."""
    return plan("x/1", claim(check), check, ALPHA, PROFILES[profile], None, 0)


class Drawn:
    """Made-up samples of a plan's cells: what a run hands to the judges."""

    seed = 0

    def __init__(self, check_plan, values, changed=lambda drawn: drawn):
        count = check_plan.replicates
        pairs = zip(check_plan.points, check_plan.cells, strict=True)
        self.failures = {}
        self._values = {cell: changed(values(point, count)) for point, cell in pairs}

    def __call__(self, cell):
        """The values of a cell."""
        return self._values[cell]


def found(statement, changed=lambda drawn: drawn):
    """The evidence of a run whose draws were changed."""
    check, values = statement
    check_plan = planned(check)
    return looks.evidence(check_plan, Drawn(check_plan, values, changed))


def unheld(kinds):
    """The kinds of check that no case here holds to the demands, or that cannot be planned or judged."""
    known = CASES.keys() & plan_check.registry.keys() & judge.judge_check.registry.keys()
    return set(kinds) - known


def test_every_kind_of_check_is_held_to_the_demands():
    """A kind that a claim may have is planned, judged and tested; one without a case is seen."""
    assert not unheld(get_args(Check))
    assert unheld([*get_args(Check), int]) == {int}
    assert set(get_args(Check)) == CASES.keys()


@pytest.mark.parametrize("kind", CASES)
def test_what_is_right_holds_and_what_is_wrong_fails(kind):
    """The two statements differ in one thing; the evidence is of the kind and has its own record."""
    case = CASES[kind]
    for statement, outcome in ((case.right, "holds"), (case.wrong, "fails")):
        evidence = found(statement)
        assert evidence.outcome == outcome
        assert evidence.kind == judge.kind(statement[0])
        assert type(evidence.details) is case.details
        assert json.loads(json.dumps(evidence.as_dict(), allow_nan=False))["outcome"] == outcome


@pytest.mark.parametrize("kind", DRAWN)
def test_a_draw_that_failed_is_a_doubt_of_its_kind(kind):
    """One NaN among the draws decides nothing, neither for a right statement nor for a wrong one."""
    case = CASES[kind]
    for statement in (case.right, case.wrong):
        evidence = found(statement, lambda drawn: np.append(np.nan, drawn[1:]))
        assert evidence.outcome == "undecided"
        assert evidence.kind == judge.kind(statement[0])
        assert "1 replicates of" in evidence.statement
        assert "failed: an error" in evidence.statement


@pytest.mark.parametrize("kind", DRAWN)
def test_infinite_draws_are_large_ones(kind):
    """Draws that are all infinite never pass; a single one decides nothing but a search, which it refutes."""
    case = CASES[kind]
    assert found(case.right, lambda drawn: np.full(len(drawn), math.inf)).outcome != "holds"
    one = found(case.right, lambda drawn: np.append(math.inf, drawn[1:]))
    assert one.outcome == ("fails" if kind is Search else "holds")


@pytest.mark.parametrize("kind", DRAWN)
def test_a_check_that_looks_nowhere_is_refused_in_one_line(kind):
    """Without a setting or an instance nothing would be checked, and nothing found."""
    with pytest.raises(InvalidArgument) as caught:
        planned(CASES[kind].empty)
    assert str(caught.value).count("\n") == 0
    assert "must have" in str(caught.value)


def test_a_proof_without_steps_shows_nothing():
    """What a check that looks nowhere is to the kinds with settings, it is to a proof."""
    assert found((Proof(lambda stated: []), None)).outcome == "undecided"


@pytest.mark.parametrize("kind", [Proof, Certificate])
def test_an_exact_check_that_raises_is_a_doubt_of_its_kind(kind):
    """An error of a proof's own ends no run and decides nothing."""
    evidence = found((kind(lambda *_: 1 / 0), None))
    assert (evidence.outcome, evidence.kind) == ("undecided", kind.__name__.lower())
    assert "ZeroDivisionError" in evidence.statement


@pytest.mark.parametrize("kind", TESTS)
@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_the_error_rate_is_split_over_looks_and_cells(kind, profile, monkeypatch):
    """The tests that a check makes spend its share in all: a sequential one once, others at each look."""
    case = CASES[kind]
    check_plan = planned(case.right[0], profile)
    module, name, rate = case.spends
    test, spent = getattr(module, name), []

    def spending(*arguments, **named):
        spent.append(rate(*arguments, **named))
        return test(*arguments, **named)

    monkeypatch.setattr(module, name, spending)
    samples = Drawn(check_plan, case.right[1])
    for look in check_plan.looks[-1:] if check_plan.test is not None else check_plan.looks:
        judge.judge(check_plan.at(look), samples, 0)
    assert len(check_plan.cells) == 2
    assert sum(spent) == pytest.approx(check_plan.alpha, rel=1e-12)
    assert check_plan.alpha <= ALPHA
    assert len(spent) > 1


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind not in TESTS])
def test_what_raises_no_false_alarm_spends_nothing(kind):
    """Proofs, certificates and searches refute by what they show."""
    assert found(CASES[kind].wrong).false_alarm == 0


def test_planning_sees_no_samples(monkeypatch):
    """Every check of the register is planned without a draw, and no planner is handed any."""
    drawn = []
    for module, name in ((registry, "draw"), (simulation, "simulate")):
        monkeypatch.setattr(module, name, lambda *a, **k: drawn.append(a) or np.ones(forecast.PILOTS[0]))
    ledger, plans = plan_run(list(claims.values()), list(claims.values()), ALPHA, PROFILES["quick"], None, 0)
    assert len(plans) > 100
    assert len(ledger) >= len(plans)
    assert not drawn
    for planner in plan_check.registry.values():
        assert list(inspect.signature(planner).parameters)[1:] == ["base", "profile", "module", "seed"]
    # The negative control: the forecast that wrong versions are chosen by draws a pilot sample, and is seen.
    cell = registry.Cell((("n", 3.0),), "weyl-ratio")
    forecast.forecast(cell)
    assert drawn
