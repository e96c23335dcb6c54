import dataclasses
import math

import numpy as np
import pytest
import sympy as sp
from helpers import made_up
from scipy import stats

from bounds import claims
from bounds.claim import (
    Certificate,
    Certified,
    Law,
    Level,
    Measured,
    Path,
    Proof,
    Relation,
    Scaling,
    Search,
    Step,
    Tail,
    Verdict,
)
from bounds.proof.undecided import Undecided
from bounds.symbols import d, d_tilde, delta, eta, gamma, gamma_tilde, n, r
from verification.checks import judge
from verification.checks import plan as design
from verification.checks.law import LawDetails
from verification.checks.level import LevelDetails
from verification.checks.plan import PROFILES
from verification.checks.proved import CertificateDetails
from verification.checks.scaling import ScalingDetails
from verification.checks.search import SearchDetails
from verification.checks.tail import KAPPA
from verification.errors import InvalidArgument, UnderpoweredDesign
from verification.judging.verdict import ClaimVerdict
from verification.setting import Setting
from verification.statistics import distribution, tail
from verification.statistics.evidence import Evidence

HERE = ((d, 10), (d_tilde, 10), (r, 2), (gamma, 1), (gamma_tilde, 1))
N_PATH = Path(n, (10**3, 10**4, 10**5), (*HERE, (eta, 0.5)))
ALPHA = 1e-6


RATE = 1 / sp.sqrt(n)


def plan(check, profile="quick", **changes):
    """The design of a claim with this one check."""
    return design.plan("x/1", made_up(check, **changes), check, ALPHA, PROFILES[profile], None, 0)


def judged(check, law, seed=0, **changes):
    """Evidence from samples that `law(setting, count, rng)` makes up."""
    planned = plan(check, **changes)
    rng = np.random.default_rng(seed)
    drawn = {cell: law(cell.setting, planned.replicates, rng) for cell in planned.cells}
    return judge.judge(planned, drawn.__getitem__, seed)


def log_normal(exponent, spread=0.1, level=1.0):
    """A law with median level * n^exponent."""
    return lambda s, count, rng: level * s.n**exponent * np.exp(spread * rng.standard_normal(count))


@pytest.mark.parametrize(("exponent", "outcome"), [(-0.5, "holds"), (-0.45, "fails"), (-0.55, "fails")])
def test_a_two_sided_scaling_needs_the_claimed_exponent(exponent, outcome):
    """An exponent that is off by 0.05 is refuted at a margin of 0.02, the right one holds."""
    check = Scaling(Measured(), N_PATH, two_sided=True, margin=0.02)
    found = judged(check, log_normal(exponent), relation=Relation.EQUAL)
    assert found.outcome == outcome
    assert found.estimate == pytest.approx(exponent + 0.5, abs=0.02)
    assert found.interval[0] <= found.estimate <= found.interval[1]
    assert (found.witness is not None) == (outcome == "fails")


@pytest.mark.parametrize(
    ("relation", "parameter", "exponent", "outcome"),
    [
        (Relation.UPPER, n, -0.8, "undecided"), (Relation.UPPER, n, -0.2, "fails"),
        (Relation.LOWER, n, -0.2, "undecided"), (Relation.LOWER, n, -0.8, "fails"),
        (Relation.UPPER, eta, 0.3, "undecided"), (Relation.UPPER, eta, -0.3, "fails"),
        (Relation.LOWER, eta, -0.3, "undecided"), (Relation.LOWER, eta, 0.3, "fails"),
        (Relation.UPPER, gamma, 0.3, "fails"), (Relation.UPPER, gamma, -0.3, "fails"),
    ],
)  # fmt: skip
def test_an_exponent_that_only_makes_a_bound_loose_refutes_nothing(relation, parameter, exponent, outcome):
    """Off to the side on which a count or a share comes to its end: the bound is true, and not right."""
    values = {n: (10**3, 10**5), eta: (0.01, 1.0), gamma: (0.1, 10.0)}[parameter]
    at = {**dict(HERE), n: 10**4, eta: 0.5, gamma: 1}
    path = Path(parameter, values, tuple((s, v) for s, v in at.items() if s != parameter))
    check = Scaling(Measured(), path, two_sided=True, margin=0.1)

    def law(s, count, rng):
        return getattr(s, parameter.name) ** exponent * np.exp(0.1 * rng.standard_normal(count))

    bound = RATE if parameter == n else sp.Integer(1)
    found = judged(check, law, relation=relation, bound=bound)
    assert found.outcome == outcome
    assert ("the bound holds, but" in found.statement) == (outcome == "undecided")


@pytest.mark.parametrize(("relation", "outcome"), [(Relation.UPPER, "fails"), (Relation.EQUAL, "fails")])
def test_a_rate_that_is_negative_somewhere_is_refuted(relation, outcome):
    """No constant makes 1 - n/10^4 an upper bound of what is positive; the counterexample is one draw."""
    check = Scaling(Measured(), N_PATH, two_sided=True, margin=0.1)
    found = judged(check, log_normal(-0.5), relation=relation, bound=1 - n / sp.Integer(10**4))
    assert found.outcome == outcome
    assert found.witness["bound"] <= 0 < found.witness["value"]
    assert judged(check, log_normal(-0.5), relation=relation).outcome == "holds"


def test_a_rate_that_is_infinite_somewhere_says_nothing_there():
    """1/(1 - eta) times the right rate is larger and true; from eta = 1 on its ratio would seem to grow."""
    at = tuple((s, v) for s, v in HERE)
    path = Path(eta, (1.0, 0.1), (*at, (n, 10**4)))
    check = Scaling(Measured(), path, two_sided=True, margin=0.1)
    assert judged(check, log_normal(-0.5), bound=RATE / (1 - eta)).outcome == "undecided"
    assert judged(check, log_normal(-0.5), bound=RATE / (1 - eta), relation=Relation.EQUAL).outcome == "fails"
    assert judged(check, log_normal(-0.5), bound=RATE).outcome == "holds"


@pytest.mark.parametrize(
    ("relation", "exponent", "outcome"),
    [
        (Relation.UPPER, -0.9, "holds"), (Relation.UPPER, -0.5, "holds"), (Relation.UPPER, 0.0, "fails"),
        (Relation.LOWER, 0.0, "holds"), (Relation.LOWER, -0.5, "holds"), (Relation.LOWER, -1.0, "fails"),
    ],
)  # fmt: skip
def test_a_one_sided_scaling_minds_only_movement_against_the_claim(relation, exponent, outcome):
    """An upper bound may become loose along a path and must not be outgrown; a lower one the reverse."""
    check = Scaling(Measured(), N_PATH, two_sided=False, margin=0.25)
    assert judged(check, log_normal(exponent), relation=relation).outcome == outcome


def test_the_direction_of_a_path_counts():
    """Growth is measured along the path, also where the parameter falls."""
    at = tuple((s, v) for s, v in HERE if s != gamma)
    falling = Path(gamma, (1000, 10), (*at, (eta, 0.5), (n, 100 * gamma)))
    check = Scaling(Measured(), falling, two_sided=False, margin=0.25)
    assert judged(check, log_normal(-0.5)).outcome == "holds"
    assert judged(check, log_normal(-1.2)).outcome == "fails"
    assert judged(check, log_normal(0.2)).outcome == "holds"


@pytest.mark.parametrize(
    ("path", "relation"),
    [
        (Path(n, (10**5, 10**3), (*HERE, (eta, 0.5))), Relation.UPPER),
        (Path(eta, (0.01, 1.0), (*HERE, (n, 10**5 * eta))), Relation.LOWER),
        (Path(r, (1, 8), (*(i for i in HERE if i[0] != r), (eta, 0.5), (n, 100 * r))), Relation.LOWER),
    ],
)
def test_growth_on_a_way_that_ends_refutes_nothing(path, relation):
    """A count falls to 1, a share rises to 1, r rises to a dimension: a larger constant covers all of it."""
    check = Scaling(Measured(), path, two_sided=False, margin=0.25)
    found = judged(check, log_normal(-1.2), relation=relation)
    assert found.outcome == "undecided"
    assert found.interval[0] > 0.25


@pytest.mark.parametrize(("level", "outcome"), [(0.5, "holds"), (2.0, "fails")])
def test_a_tail_bound_is_judged_by_how_often_it_is_broken(level, outcome):
    """A bound that is rarely broken passes, one that is mostly broken is refuted with a witness."""
    check = Tail(Measured(), (N_PATH,), delta=0.05)
    found = judged(check, log_normal(-0.5, level=level))
    assert found.outcome == outcome
    if outcome == "fails":
        assert found.witness["command"].startswith("filtergain simulate --n 1000 ")
        assert found.slack is None
    else:
        assert found.slack == pytest.approx(2 * math.exp(-0.1 * stats.norm.ppf(0.95)), rel=0.2)


def test_a_lower_tail_bound_is_the_mirror_image():
    """Errors below a lower bound break it."""
    check = Tail(Measured(), (N_PATH,), delta=0.05)
    assert judged(check, log_normal(-0.5, level=2.0), relation=Relation.LOWER).outcome == "holds"
    assert judged(check, log_normal(-0.5, level=0.5), relation=Relation.LOWER).outcome == "fails"


@pytest.mark.parametrize(("level", "outcome"), [(1.0, "holds"), (1.15, "fails")])
def test_a_level_is_an_equivalence(level, outcome):
    """The typical value is the stated one within the tolerance, or clearly outside."""
    check = Level(Measured(), N_PATH, tolerance=0.05)
    assert judged(check, log_normal(-0.5, level=level)).outcome == outcome
    stated = Level(Measured(), Path(n, (10**4,), (*HERE, (eta, 0.5))), tolerance=0.05, value=0.01)
    assert judged(stated, log_normal(-0.5, level=level)).outcome == outcome


@pytest.mark.parametrize(("scale", "outcome"), [(1.0, "holds"), (2.0, "fails")])
def test_a_law_is_compared_as_a_whole(scale, outcome):
    """The stated distribution passes, one with a wrong scale does not."""
    check = Law(
        Measured(), lambda values, x: stats.expon.cdf(x, scale=values["n"] ** -0.5), (N_PATH,), tolerance=0.15
    )
    found = judged(check, lambda s, count, rng: rng.exponential(scale * s.n**-0.5, count))
    assert found.outcome == outcome


def outcome_of(derive):
    """What the judge makes of a derivation."""
    return judge.judge(plan(Proof(derive)), {}.__getitem__, 0).outcome


def test_a_proof_needs_every_step():
    """One step that is not decided True leaves the claim undecided; so does a proof without steps."""
    assert outcome_of(lambda c: [Step("a", True), Step("b", True)]) == "holds"
    for steps in ([Step("a", True), Step("b", False)], [], [Step("a", sp.Symbol("x") > 0)]):
        assert outcome_of(lambda c, s=steps: s) == "undecided"


def test_only_an_exact_counterexample_refutes():
    """A false step refutes where it says so, before a doubt or after a step that does not go through."""

    def doubtful(claimed):
        yield Step("a counterexample", False, refutes=True)
        raise Undecided("what follows")

    assert outcome_of(doubtful) == "fails"
    assert outcome_of(lambda c: [Step("short", False), Step("broken", False, refutes=True)]) == "fails"
    assert outcome_of(lambda c: [Step("tried", True, refutes=True), Step("short", False)]) == "undecided"


@pytest.mark.parametrize(("holds", "outcome"), [(True, "holds"), (False, "fails"), (None, "undecided")])
def test_a_certificate_reports_its_box(holds, outcome):
    """The enclosure's answer becomes the outcome, with its box and margin."""
    check = Certificate(lambda c, bits: Certified(holds, "r = 2..9", bits, 17, 0.25), bits=96)
    found = judge.judge(plan(check), {}.__getitem__, 0)
    assert found.outcome == outcome
    assert found.details.bits == 96
    assert "r = 2..9" in found.statement


@pytest.mark.parametrize(("worst", "outcome"), [(0.97, "holds"), (1.0 + 1e-12, "holds"), (1.01, "fails")])
def test_a_search_is_refuted_by_one_instance(worst, outcome):
    """The largest ratio found decides, up to rounding."""
    check = Search(Measured(quantity="weyl-ratio"), instances=50)
    planned = plan(check, bound=None)
    ratios = np.full(50, 0.5)
    ratios[17] = worst
    found = judge.judge(planned, lambda cell: ratios, 0)
    assert found.outcome == outcome
    assert found.witness is None if outcome == "holds" else found.witness["instance"] == 17


def test_a_check_of_an_unknown_kind_is_refused():
    """Only kinds of check that have a judge can be designed or judged."""
    with pytest.raises(InvalidArgument, match=r"^check"):
        plan(object())
    with pytest.raises(InvalidArgument, match=r"^check"):
        judge.judge(dataclasses.replace(plan(Proof(lambda c: [])), check=object()), {}.__getitem__, 0)


@pytest.mark.parametrize("margin", [1e-4, 3e-5, 1e-6, 1e-9, 1e-14])
def test_a_margin_that_no_run_can_tell_is_an_error_at_every_size(margin):
    """However many replicates it would take: no overflow where the number passes what integers hold."""
    for check in (
        Scaling(Measured(), N_PATH, two_sided=True, margin=margin),
        Level(Measured(), N_PATH, tolerance=margin),
        Law(Measured(), None, (N_PATH,), tolerance=margin),
    ):
        with pytest.raises(UnderpoweredDesign, match="replicates"):
            plan(check)


def test_a_constant_that_is_its_bound_keeps_it():
    """One ulp beside the bound is an error of rounding, a millionth is not."""
    check = Tail(Measured(), (N_PATH,), delta=0.05)
    for relation, off in ((Relation.UPPER, 1 + 4e-16), (Relation.LOWER, 1 - 4e-16)):
        kept = judged(
            check, lambda s, count, rng, off=off: np.full(count, off / math.sqrt(s.n)), relation=relation
        )
        assert kept.outcome == "holds"
        far = 1 + 1e-6 * (1 if relation is Relation.UPPER else -1)
        found = judged(
            check, lambda s, count, rng, far=far: np.full(count, far / math.sqrt(s.n)), relation=relation
        )
        assert found.outcome == "fails"


def test_a_design_that_cannot_decide_is_an_error():
    """A margin beyond the profile's means is refused before sampling, with what it would take."""
    with pytest.raises(UnderpoweredDesign, match="replicates"):
        plan(Scaling(Measured(), N_PATH, two_sided=True, margin=0.003))
    with pytest.raises(UnderpoweredDesign, match="replicates"):
        plan(Level(Measured(), N_PATH, tolerance=0.01))
    with pytest.raises(UnderpoweredDesign, match="replicates"):
        plan(Law(Measured(), None, (N_PATH,), tolerance=0.05))
    costly = Path(n, (10**9,), (*HERE, (eta, 0.5)))
    filtered = Measured("teacher-filtered", thetas=(sp.Integer(0),))
    with pytest.raises(UnderpoweredDesign, match="pairs"):
        plan(Law(filtered, None, (costly,), tolerance=0.2))


def test_a_path_is_cut_where_the_profile_cannot_pay():
    """Dear points at the end of a path are left out, and named."""
    filtered = Measured("teacher-filtered", thetas=(r / 2,))
    path = Path(n, (10**3, 10**4, 10**9), (*HERE, (eta, 0.5)))
    planned = plan(Scaling(filtered, path, two_sided=False, margin=0.25))
    assert [p["n"] for p in planned.points] == [1000, 10_000]
    assert planned.left_out == ("n = 1e+09",)
    assert planned.cells[0].procedures[0].theta == 1.0


def test_random_settings_meet_the_conditions():
    """Settings drawn for a claim satisfy its conditions, and repeat with the seed."""
    conditions = (sp.Eq(r, 1), sp.Ge(n, d / eta**2))
    check = Tail(
        Measured(),
        (Path(eta, (1.0,), (*HERE[:2], (r, 1), (gamma, 1), (gamma_tilde, sp.oo), (n, 100))),),
        random_settings=20,
    )
    planned = plan(check, conditions=conditions)
    drawn = planned.points[1:]
    assert len(drawn) == 10
    for point in drawn:
        assert point["r"] == 1
        assert math.isinf(point["gamma_tilde"])
        assert point["n"] >= point["d"] / point["eta"] ** 2
        Setting(**{k: v for k, v in point.items() if k != "delta"})
    assert planned.points == plan(check, conditions=conditions).points
    with pytest.raises(UnderpoweredDesign, match="no random settings"):
        plan(check, conditions=(sp.Eq(eta, 1),))


def test_the_bound_is_evaluated_at_the_checks_delta():
    """The number put for delta reaches the bound."""
    check = Tail(Measured(), (N_PATH,), delta=0.25)
    found = judged(check, log_normal(-0.5, level=0.1), bound=delta / sp.sqrt(n))
    assert found.details.cells[0].median_ratio == pytest.approx(0.4, rel=0.1)


@pytest.mark.parametrize(
    ("bound", "relation", "outcome"),
    [
        (-1 / n, Relation.UPPER, "fails"),
        (-1 / n, Relation.LOWER, "holds"),
        (sp.S.Zero * n, Relation.UPPER, "fails"),
        (sp.sqrt(eta - 2), Relation.UPPER, "undecided"),
    ],
)
def test_a_bound_that_is_no_positive_number_is_no_free_pass(bound, relation, outcome):
    """An upper bound <= 0 is broken by every error, and one without a value decides nothing."""
    check = Tail(Measured(), (N_PATH,), delta=0.05)
    assert judged(check, log_normal(-0.5), bound=bound, relation=relation).outcome == outcome


def test_a_step_that_sympy_cannot_decide_is_a_doubt():
    """An undecided step leaves the claim open and ends no run."""
    from bounds.proof.undecided import Undecided

    def derive(claim):
        raise Undecided("the sign of f")

    found = judge.judge(plan(Proof(derive)), {}.__getitem__, 0)
    assert found.outcome == "undecided"
    assert "the sign of f" in found.statement


def test_a_passing_tail_says_what_it_excludes_and_what_is_claimed():
    """A pass excludes twice the claimed probability, not more; the quantile shown is an observed one."""
    check = Tail(Measured(), (N_PATH,), delta=0.05)
    found = judged(check, log_normal(-0.5, level=0.5))
    assert found.statement == "P(error above the bound) < 0.1 (claimed: at most 0.05) at 2 settings"
    assert found.details.excluded == 2 * found.details.claimed == 0.1
    assert found.details.measured_as == "observed 0.95 quantile of error/bound"
    assert found.interval is None
    assert found.power.smallest > found.details.excluded
    below = judged(check, log_normal(-0.5, level=2.0), relation=Relation.LOWER)
    assert below.details.measured_as == "observed 0.05 quantile of error/bound"
    refuted = judged(check, log_normal(-0.5, level=2.0))
    assert refuted.statement == "P(error above the bound) > 0.05 at 2 of 2 settings"


def test_an_open_tail_names_neither_as_shown():
    """Between what is claimed and what a pass excludes a check may end open, and says so."""
    check = Tail(Measured(), (N_PATH,), delta=0.05)
    edge = math.exp(-0.1 * stats.norm.ppf(1 - 0.075))
    seeds = (judged(check, log_normal(-0.5, level=edge), seed=seed) for seed in range(40))
    found = next(e for e in seeds if e.outcome == "undecided")
    assert "is not shown to be < 0.1 (claimed: at most 0.05)" in found.statement


@pytest.mark.parametrize("profile", PROFILES)
def test_a_tail_is_not_sure_to_find_what_a_pass_excludes(profile):
    """The smallest violation found surely is larger than KAPPA times delta, at every profile's cap."""
    planned = plan(Tail(Measured(), (N_PATH,), delta=0.05), profile)
    smallest = tail.tail_detectable(planned.test, planned.replicates)
    assert KAPPA * 0.05 < smallest < 0.25
    assert tail.tail_power(planned.test, planned.replicates, KAPPA * 0.05) < 0.99


def test_a_one_sided_family_speaks_of_its_ends():
    """The verdict is about two settings, also where those between were drawn."""
    check = Scaling(Measured(), N_PATH, two_sided=False, margin=0.25)
    found = judged(check, log_normal(-0.5), profile="standard")
    words = "error/bound does not grow faster than the power 0.25 between the ends n = 1000 and n = 100000"
    assert found.statement == words
    assert found.details.thresholds == ()


def test_the_interval_of_several_laws_is_of_the_largest_distance():
    """It covers the largest true distance at alpha + beta, whatever the number of settings."""
    rng = np.random.default_rng(5)
    cells, m, rate = 6, 400, 0.1
    missed = 0
    for _ in range(300):
        laws = [rng.random(m) ** (1 if i else 2.0) for i in range(cells)]
        results = [distribution.law_test(x, 0.3, rate / cells, rate) for x in laws]
        low, high = max(results, key=lambda r: r.distance).interval
        # sup |sqrt(t) - t| = 1/4 at t = 1/4: the first law's distance, the others have none.
        missed += not low <= 0.25 <= high
    assert missed / 300 < 2 * rate


HERE_SLOPE = ScalingDetails(
    parameter="n", thresholds=(), two_sided=True, against=1.0, values=(1.0, 2.0), median_ratio=(1.0, 1.0),
    local_slopes=(0.0,), settings=({"n": 1.0}, {"n": 2.0}), left_out=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "details", "named"),
    [
        ("scaling", HERE_SLOPE, "(log-log slope of error/bound measured 0.5 in [0.4, 0.6], allowed 0.7)"),
        ("mean", LevelDetails(()), "(relative difference measured 0.5 in [0.4, 0.6], allowed 0.7)"),
        (
            "law",
            LawDetails("Kolmogorov distance measured", (), ()),
            "(Kolmogorov distance measured 0.5 in [0.4, 0.6], allowed 0.7)",
        ),
        ("search", SearchDetails(), "(largest ratio observed 0.5 in [0.4, 0.6], allowed 0.7)"),
        (
            "certificate",
            CertificateDetails("r = 2..9", 96, 17, 0.5),
            "(smallest margin enclosed 0.5, best constant in [0.4, 0.6], allowed 0.7)",
        ),
    ],
)
def test_a_verdict_says_what_its_number_is(kind, details, named):
    """Every kind of evidence names its estimate; the interval of a certificate is that of a constant."""
    evidence = Evidence(kind, "it is so", "holds", 0.5, (0.4, 0.6), threshold=0.7, details=details)
    claim = dataclasses.replace(claims["corollary-1"], probability=None)
    found = ClaimVerdict(claim, Verdict.SUPPORTED, (evidence,))
    assert found.words == f"Every check holds: it is so {named}."
