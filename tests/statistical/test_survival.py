"""How often a wrong version survives is planned: against what happens, and summed over the register."""

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from bounds import claims
from bounds.claim import Claim, Law, Level, Measured, Path, Relation, Scaling, Search, Tail, Verdict
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
from verification.checks import forecast, survival
from verification.checks.judge import against, bounds, judge
from verification.checks.plan import PROFILES, made, plan, plan_run
from verification.judging import looks
from verification.judging.run import verify
from verification.judging.verdict import MOST_SURVIVAL, ClaimVerdict, MutantResult
from verification.mutants.claim import mutants
from verification.statistics import slopes

AT = ((d, 10), (d_tilde, 10), (r, 2), (gamma, 1), (gamma_tilde, 1), (eta, 0.5))
PATH = Path(n, (10**3, 10**5), AT)
ERROR = Measured(spread=0.3)
RUNS = 400
ALPHA = 1e-6 / 300
SCALES = (1.5, 1.55)


def designed(check, relation=Relation.UPPER):
    """The plan of a claim n^(-1/2) with this check, and the claim's own."""
    bound = None if isinstance(check, Law) else 1 / sp.sqrt(n)
    claim = Claim(
        id="x", title="t", source="s", statement="w", checks=(check,), expected=Verdict.SUPPORTED,
        note="x.md#x", bound=bound, relation=relation,
    )  # fmt: skip
    return plan("x/1", claim, check, 1e-6, PROFILES["quick"], None, 0)


def missed(planned, draw):
    """The share of RUNS runs that do not refute at either look; `draw` (cell, count, generator) draws."""
    rng = np.random.default_rng(5)
    survived = 0
    for _ in range(RUNS):
        drawn = {cell: draw(cell, planned.replicates, rng) for cell in planned.cells}
        outcomes = (judge(planned.at(look), drawn.__getitem__, 0).outcome for look in planned.looks)
        survived += next((outcome for outcome in outcomes if outcome != "undecided"), "undecided") != "fails"
    return survived / RUNS


def log_normal(median, sigma=0.3):
    """Draws about the median that a setting has."""
    return lambda cell, count, rng: median(cell.setting) * np.exp(sigma * rng.standard_normal(count))


def agrees(share, probability):
    """Whether a share of RUNS is one that a probability of so much gives in 9999 of 10 000 cases."""
    low, high = stats.binom.ppf([5e-5, 1 - 5e-5], RUNS, probability)
    return low <= share * RUNS <= high


@pytest.mark.parametrize("growth", [0.3, 0.32, 0.34])
@pytest.mark.parametrize("two_sided", [False, True])
def test_an_exponent_that_is_off_survives_as_often_as_planned(monkeypatch, growth, two_sided):
    """Between always and never, where the two can be told apart."""
    check = Scaling(ERROR, PATH, two_sided=two_sided, margin=0.25)
    planned = designed(check)

    def median(setting):
        return setting.n ** (growth - 0.5)

    monkeypatch.setattr(forecast, "forecast", lambda cell, share=0.5: median(cell.setting))
    stated = survival.survival([(planned, planned)])
    assert agrees(missed(planned, log_normal(median)), stated)


@pytest.mark.parametrize("off", [1.24, 1.28, 0.76])
def test_a_value_that_is_off_survives_as_often_as_planned(monkeypatch, off):
    """On both sides of the tolerance."""
    planned = designed(Level(ERROR, Path(n, (10**4,), AT), tolerance=0.2))

    def median(setting):
        return off * setting.n**-0.5

    monkeypatch.setattr(forecast, "forecast", lambda cell, share=0.5: median(cell.setting))
    stated = survival.survival([(planned, planned)])
    assert agrees(missed(planned, log_normal(median)), stated)


@pytest.mark.parametrize("often", [0.12, 0.15, 0.19])
def test_a_bound_that_is_broken_survives_as_often_as_planned(monkeypatch, often):
    """The exact law of the sequential test, at one setting and at two."""
    for values in ((10**4,), (10**4, 10**5)):
        planned = designed(Tail(ERROR, (Path(n, values, AT),), delta=0.05))
        laws = type("Broken", (), {"sf": staticmethod(lambda limit: often)})
        monkeypatch.setattr(survival, "_error_law", lambda setting, procedure, laws=laws: laws)

        def draw(cell, count, rng):
            return np.where(rng.random(count) < often, 2.0, 0.5) * cell.setting.n**-0.5

        assert agrees(missed(planned, draw), survival.survival([(planned, planned)]))


def test_a_law_that_is_wrong_survives_no_more_often_than_planned(monkeypatch):
    """One number decides in the plan and any number in the run: the plan is an upper bound."""
    pilot = np.random.default_rng(1).exponential(0.01, 10**5)
    monkeypatch.setattr(forecast, "pilot", lambda cell, count: pilot)

    def law(scale):
        return lambda values, x: stats.expon.cdf(np.minimum(x, 1e6), scale=scale * values["n"] ** -0.5)

    own = designed(Law(Measured(), law(1.0), (Path(n, (10**4,), AT),), tolerance=0.1))
    stated = {}
    for scale in SCALES:
        wrong = replace(own, check=replace(own.check, cdf=law(scale)))
        stated[scale] = survival.survival([(wrong, own)])
        found = missed(wrong, lambda cell, count, rng: rng.exponential(cell.setting.n**-0.5, count))
        assert found <= stats.binom.ppf(1 - 5e-5, RUNS, stated[scale]) / RUNS
    assert 1e-3 < stated[SCALES[1]] < stated[SCALES[0]] < 1


def test_a_search_survives_where_no_instance_breaks():
    """Planned from the share of a pilot's instances, with the doubt that the pilot leaves."""
    claim = replace(
        claims["lemma-1"],
        checks=(Search(Measured(quantity="weyl-ratio"), instances=200),),
        bound=sp.Float(0.5),
    )
    planned = plan("x/1", claim, claim.checks[0], 1e-6, PROFILES["quick"], None, 0)
    assert survival.survival([(planned, planned)]) < 1e-9
    never = replace(planned, claim=replace(claim, bound=sp.Float(2.0)))
    assert survival.survival([(never, never)]) > 0.05


def planned_survival(profile):
    """The planned survival of each counted wrong version of the register, proofs' and certificates' aside."""
    chosen = PROFILES[profile]
    register = list(claims.values())
    _, plans = plan_run(register, register, 1e-6, chosen, None, 0)
    found = {}
    for claim in register:
        own = [p for p in plans.values() if p.claim.id == claim.id]
        if not own or not all(p.cells for p in own):
            continue
        for mutant in mutants(replace(claim, checks=made(claim, chosen))):
            if mutant.counted:
                its = looks._mutant_plans(mutant, own, chosen, None, 0)
                found[mutant.id] = looks._planned(looks._Version(mutant, its), own)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_no_run_of_the_register_lets_a_wrong_version_through(profile):
    """Three hundred runs have a survivor with probability below a half of a percent."""
    found = planned_survival(profile)
    assert len(found) > 300
    assert sum(found.values()) < 1.5e-5


@pytest.mark.parametrize(
    ("claim", "blunt", "name"),
    [
        ("regime-crossing-measured", {"precision": None}, "law-up"),
        ("figure-3a-filtered", {"precision": 0.29}, "n-"),
        # A quick run judges one column, so that its wrong versions' names have no number.
        ("table-1", {"precision": 0.14}, "value-down"),
    ],
)
def test_a_blunt_design_is_planned_to_let_its_wrong_versions_through(claim, blunt, name):
    """The negative control: designs that were in use, or blunter ones, are told from those that are sure."""
    quick = PROFILES["quick"]
    checks = made(claims[claim], quick)
    for changes, sure in ((blunt, False), ({}, True)):
        judged = replace(claims[claim], checks=tuple(replace(c, **changes) for c in checks))
        own = [plan(f"x/{i}", judged, c, 1e-6 / 300, quick, None, 0) for i, c in enumerate(judged.checks)]
        mutant = next(m for m in mutants(judged) if m.id == f"{claim}~{name}")
        its = looks._mutant_plans(mutant, own, quick, None, 0)
        found = looks._planned(looks._Version(mutant, its), own)
        assert (found < 1e-6) == sure
        assert sure or found > 1e-5


def test_what_was_refuted_by_luck_fails_the_run():
    """A refutation that the design was not sure of counts as none, at any seed, and says its probability."""
    claim = claims["corollary-1"]
    sure = MutantResult("a~b", True, survival=MOST_SURVIVAL / 2)
    lucky = MutantResult("a~c", True, survival=0.25)
    held = ClaimVerdict(claim, Verdict.SUPPORTED, (), mutants=(sure, lucky))
    assert held.survivors == (lucky,)
    assert "by luck (probability to survive): a~c (0.2)" in held.failure
    assert held.survival == 0.25 + MOST_SURVIVAL / 2
    assert ClaimVerdict(claim, Verdict.SUPPORTED, (), mutants=(sure,)).failure is None


def test_what_no_proof_shows_does_not_count_where_draws_refute_it_by_luck():
    """At seed 29 a random setting tells a wrong regime apart, but only just: told, and no failure of the run.

    At another seed no setting does, and nothing is proved either; which it is must not decide how a run ends.
    """
    wrong = "proposition-1-every-noise~regime"
    (held,) = verify([claims["proposition-1-every-noise"]], profile="quick", seed=29, jobs=1)
    assert wrong not in [m.id for m in held.mutants]
    assert "would often not refute it" in dict(held.untested)[wrong]
    assert held.failure is None
    assert held.survival < 1e-6


def test_what_a_proof_leaves_open_counts_where_draws_are_sure_to_refute_it():
    """The same, from the other side: only luck is not counted, and only where a proof might have shown it."""
    version = looks._Version(mutants(claims["corollary-1-explicit"])[0], None, unproved=True)
    assert version.found(MOST_SURVIVAL / 2) == "refuted"
    assert version.found(2 * MOST_SURVIVAL) == "by luck"
    assert replace(version, unproved=False).found(2 * MOST_SURVIVAL) == "refuted"


def test_the_sum_stands_beside_alpha():
    """In the run's object, its document and its words; proofs and formulas add nothing to it."""
    found = verify([claims["lemma-5"], claims["eq-2-sharp"], claims["eq-29"]], jobs=1)
    each = [m.survival for v in found for m in v.mutants]
    assert found.survival == pytest.approx(math.fsum(each))
    assert 0 < found.survival < 1e-6
    assert found.as_dict()["survival"] == found.survival
    assert "planned probability that one survives" in str(found)
    assert all(m.survival == 0 for m in found[0].mutants)
    assert all(m.survival == 0 for m in found[1].mutants if "~bound-" in m.id)


def left_open(planned):
    """The planned probability that a scaling does not pass at its full size."""
    check, limits = planned.check, bounds(planned)
    ends = (planned.cells[0], planned.cells[-1])
    logs = [
        math.log(survival._median(cell, forecast.PILOTS[-1]) / limit)
        for cell, limit in zip(ends, (limits[0], limits[-1]), strict=True)
    ]
    name = check.path.parameter.name
    span = abs(math.log(planned.points[-1][name] / planned.points[0][name]))
    moved = logs[1] - logs[0]
    moved = abs(moved) if check.two_sided else against(planned.claim) * moved
    room = check.margin * span - moved
    if room <= 0:
        return 1.0
    sigma = survival._sigma(check.measured.spread, ends)
    count = planned.replicates
    low, high = slopes.order_ranks(count, 0.5, planned.look_alpha / len(planned.points))
    doubt = math.sqrt(sum(survival._doubt(cell, forecast.PILOTS[-1]) ** 2 for cell in ends))
    return survival._averaged(
        lambda at: survival._differences(at / sigma, count, count + 1 - high, count + 1 - low), room, doubt
    )


def scalings(claim):
    """The plans of a claim's scalings in a quick run."""
    quick = PROFILES["quick"]
    checks = [c for c in made(claim, quick) if isinstance(c, Scaling)]
    return [plan("x", claim, c, ALPHA, quick, None, 0) for c in checks]


@pytest.mark.slow
def test_no_run_of_the_register_leaves_a_true_rate_open():
    """Every family's own slope is so far inside its margin that all of them pass but once in 50 000 runs."""
    held = [
        claim for claim in claims.values() if claim.expected is Verdict.SUPPORTED and claim.up_to_constant
    ]
    open_ = {p.check.path: left_open(p) for claim in held for p in scalings(claim)}
    assert sum(open_.values()) < 2e-5


def test_a_family_near_its_margin_is_found():
    """The negative control: the kept pairs' deviation grows with r while the noise is small."""
    claim = claims["eq-24"]
    path = next(c.path for c in claim.checks if c.path.parameter == r)
    small = {gamma: 1, gamma_tilde: 2, d: 24, d_tilde: 16}
    wide = replace(path, values=(1, 4, 16), at=tuple((s, small.get(s, v)) for s, v in path.at))
    checks = tuple(replace(c, path=wide) for c in claim.checks if c.path is path)
    assert max(left_open(p) for p in scalings(replace(claim, checks=checks))) > 1e-3
