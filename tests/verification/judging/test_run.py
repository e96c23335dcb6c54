import dataclasses
import json

import numpy as np
import pytest
import sympy as sp
from helpers import made_up

from bounds import claims
from bounds.claim import (
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
from bounds.symbols import d, d_tilde, delta, eta, gamma, gamma_tilde, n, r
from verification import simulation, verify
from verification.checks import plan as design
from verification.checks.plan import PROFILES
from verification.checks.scaling import ScalingDetails
from verification.errors import InvalidArgument, UnderpoweredDesign
from verification.judging import looks
from verification.judging import verdicts as shown_as
from verification.judging.benchmark import Benchmark
from verification.judging.own_claims import chosen_claims, own_claims
from verification.judging.samples import Sampler
from verification.judging.verdict import ClaimVerdict, MutantResult, conditions, decide
from verification.judging.verdicts import Verdicts
from verification.quantities import registry
from verification.quantities.registry import Cell
from verification.setting import Procedure, Setting
from verification.statistics.evidence import Evidence

ALONG_N = Path(n, (10**4, 10**6), ((d, 6), (d_tilde, 6), (r, 2), (eta, 0.5), (gamma, 1), (gamma_tilde, 1)))

MODULE = """
import numpy as np
import sympy as sp
from bounds.claim import Claim, Measured, Path, Relation, Tail, Verdict
from bounds.symbols import delta, n

def sample_mean(values, rng):
    return abs(rng.standard_normal(int(values["n"])).mean())

QUANTITIES = {"sample-mean": sample_mean}
CLAIMS = (
    Claim(
        id="chebyshev", title="Mean of normals", source="folklore", statement="Chebyshev",
        relation=Relation.UPPER, bound=1 / sp.sqrt(n * delta), expected=Verdict.SUPPORTED, note="a.md#b",
        checks=(Tail(Measured(quantity="sample-mean"), (Path(n, (4, 64), ((delta, 0.05),)),)),),
    ),
)
"""


@pytest.fixture
def module(tmp_path):
    """A Python file with a claim and a quantity of its own."""
    file = tmp_path / "mine.py"
    file.write_text(MODULE)
    return file


def proof(claim_id, truth=True, expected=Verdict.PROVED, **changes):
    """A claim whose proof has one step."""
    check = Proof(lambda c: [Step("a step", truth, refutes=True)])
    fields = {"id": claim_id, "expected": expected, "bound": None, "relation": None, **changes}
    return made_up(check, **fields)


def test_a_run_judges_refutes_and_counts_mutants():
    """Proposition 1 is supported, and every wrong version of it is refuted by the same draws."""
    (verdict,) = verify([claims["proposition-1-explicit"]], jobs=1)
    assert verdict.verdict is Verdict.SUPPORTED
    assert verdict.as_expected
    assert verdict.mutants
    assert not verdict.survivors
    assert "filtergain verify proposition-1-explicit" in verdict.repeat


def test_neither_workers_nor_order_change_a_number():
    """The same seed gives the same JSON, timings aside, for one and two workers."""
    chosen = [claims["proposition-1-explicit"], claims["proposition-1-sharp"]]
    documents = []
    for jobs in (1, 2):
        document = verify(chosen, jobs=jobs, seed=3).as_dict()
        document["seconds"] = 0
        for row in document["claims"]:
            row["seconds"] = 0
        documents.append(json.dumps(document, sort_keys=True))
    assert documents[0] == documents[1]


def test_a_wrong_claim_is_refuted_with_a_witness_that_repeats():
    """The witness's command draws the very error that broke the bound."""
    base = claims["corollary-1-explicit"]
    wrong = dataclasses.replace(base, id="wrong", bound=base.bound / 10, expected=Verdict.REFUTED)
    (verdict,) = verify([wrong], jobs=1)
    assert verdict.verdict is Verdict.REFUTED
    (witness,) = (evidence.witness for evidence in verdict.evidence if evidence.witness)
    words = witness["command"].split()
    flags = dict(zip(words[2::2], words[3::2], strict=True))
    place = Setting(
        int(flags["--n"]), int(flags["--d"]), int(flags["--d-tilde"]), int(flags["--r"]),
        float(flags["--eta"]), float(flags["--gamma"]), float(flags["--gamma-tilde"]),
    )  # fmt: skip
    again = simulation.simulate(place, replicates=int(flags["--replicates"]), seed=int(flags["--seed"]))
    bound = float(wrong.evaluate(witness["setting"]))
    assert again.errors[witness["replicate"]] / bound == pytest.approx(witness["ratio"], rel=1e-12)
    assert "witness" in verdict.message


def drawn_again(command, line):
    """The last error of each command of a line that is joined by &&, and what each prints as text."""
    errors = []
    for part in line.split(" && "):
        words = [word for word in part.split()[1:] if word != "--json"]
        status, out, _ = command(*words, "--json")
        assert status == 0
        errors.append(json.loads(out)["errors"][-1])
        if "--json" not in part:
            # One draw: the text shows it without a list.
            assert f"error     {errors[-1]:.6g}" in command(*words)[1]
    return errors


def test_the_command_of_a_smallest_error_draws_all_of_its_thresholds(command):
    """The refutation of Theorem 1 names its thresholds and one replicate; its commands give that number."""
    base = claims["theorem-1"]
    grows = next(
        c
        for c in base.checks
        if isinstance(c, Scaling)
        and len(c.measured.thetas) > 1
        and not c.two_sided
        and c.path.points()[0]["gamma"] == 1
    )
    # In another order, so that the smallest error is not that of the first threshold.
    turned = dataclasses.replace(grows.measured, thetas=grows.measured.thetas[::-1])
    grows = dataclasses.replace(grows, measured=turned)
    claim = dataclasses.replace(base, id="own", checks=(grows,))
    (verdict,) = verify([claim], jobs=1, with_mutants=False)
    assert verdict.verdict is Verdict.REFUTED
    (evidence,) = verdict.evidence
    witness = evidence.witness
    assert "smallest error over theta = r/2, 0, -2r" in evidence.statement
    assert evidence.details.thresholds == ("r/2", "0", "-2r")
    assert witness["command"].count("filtergain simulate") == 3
    assert verdict.message.splitlines()[1] == f"draw the witness again: {witness['command']}"
    assert witness["command"] not in verdict.words
    errors = drawn_again(command, witness["command"])
    bound = float(claim.evaluate(witness["setting"]))
    assert min(errors) == pytest.approx(witness["value"], rel=1e-9)
    assert min(errors) / bound == pytest.approx(witness["ratio"], rel=1e-9)
    # The first threshold alone is not the number, nor is the median of all replicates.
    assert witness["ratio"] != pytest.approx(witness["median_ratio"], rel=1e-3)
    assert errors[0] != pytest.approx(min(errors), rel=1e-3)
    assert f"{witness['ratio']:.4g} times the bound" in verdict.words


def test_a_later_replicate_is_the_last_that_its_command_lists(command):
    """A bound that breaks now and then is refuted by a replicate other than the first."""
    base = claims["corollary-1-explicit"]
    (tail,) = (check for check in base.checks if isinstance(check, Tail))
    check = dataclasses.replace(tail, random_settings=0)
    wrong = dataclasses.replace(base, id="wrong", bound=base.bound * 0.83, checks=(check,))
    (verdict,) = verify([wrong], jobs=1, with_mutants=False, seed=2)
    witness = verdict.evidence[0].witness
    assert witness["replicate"] > 0
    assert witness["command"].endswith("--json")
    (error,) = drawn_again(command, witness["command"])
    assert error / float(wrong.evaluate(witness["setting"])) == pytest.approx(witness["ratio"], rel=1e-9)
    assert witness["ratio"] > 1


def test_claims_and_quantities_of_ones_own(module):
    """A module with CLAIMS and QUANTITIES is judged like the register."""
    own = registry.load_module(str(module)).CLAIMS
    (verdict,) = verify(own, jobs=1, module=str(module))
    assert verdict.verdict is Verdict.SUPPORTED
    assert verdict.mutants
    assert not verdict.survivors


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"profile": "fast"}, "profile"), ({"alpha": 0}, "alpha"), ({"alpha": 1.0}, "alpha"),
        ({"alpha": "x"}, "alpha"), ({"seed": -1}, "seed"), ({"jobs": 0}, "jobs"), ({"jobs": 1.5}, "jobs"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(arguments, named):
    """A run with impossible arguments stops before anything is drawn."""
    with pytest.raises(InvalidArgument, match=rf"^{named}"):
        verify([claims["proposition-1"]], **arguments)


def test_decisions_follow_the_weakest_evidence():
    """A failure refutes, a doubt leaves open, and the weakest kind of evidence names a success."""

    def outcome(*pairs):
        return decide([Evidence(kind, "s", result) for kind, result in pairs])

    assert outcome(("proof", "holds")) is Verdict.PROVED
    assert outcome(("proof", "holds"), ("certificate", "holds")) is Verdict.CERTIFIED
    assert outcome(("proof", "holds"), ("search", "holds")) is Verdict.SUPPORTED
    assert outcome(("tail", "holds"), ("law", "undecided")) is Verdict.INCONCLUSIVE
    assert outcome(("tail", "fails"), ("law", "undecided")) is Verdict.REFUTED
    assert outcome() is Verdict.INCONCLUSIVE


def scaled(outcome, slope, parameter="n", asked=None, **details):
    """Evidence of a two-sided family of an upper rate, with what its growth asks of others."""
    found = ScalingDetails(
        parameter, (), details.pop("two_sided", True), 1.0, (1.0, 10.0), (), (), (), (), asked=asked or {}
    )
    interval = (slope - 0.01, slope + 0.01)
    return Evidence(
        "scaling", "s", outcome, slope, interval, 0.1, details=dataclasses.replace(found, **details)
    )


def test_growth_proves_nothing_of_a_rate_that_is_loose_elsewhere():
    """Where the growth asks more of what the rate is loose in, and by enough; what is no growth refutes."""
    tied = scaled("fails", 0.4, "d", {"n": 1.0})
    assert decide([tied, scaled("holds", 0.0)]) is Verdict.REFUTED
    assert decide([tied, scaled("undecided", -0.4)]) is Verdict.INCONCLUSIVE
    assert decide([tied, scaled("undecided", -0.2)]) is Verdict.REFUTED
    assert decide([scaled("fails", 0.4, "d", {"n": 2.0}), scaled("undecided", -0.2)]) is Verdict.INCONCLUSIVE
    assert decide([scaled("fails", 0.4, "d"), scaled("undecided", -0.4)]) is Verdict.REFUTED
    assert decide([tied, scaled("undecided", -0.4, "eta")]) is Verdict.REFUTED
    broken = Evidence("tail", "s", "fails")
    assert decide([broken, scaled("undecided", -0.4)]) is Verdict.REFUTED


def test_room_lies_on_the_side_that_a_growth_asks_for():
    """What falls as n rises rises as n falls; a family of one side counts along its own way."""
    fewer = scaled("fails", 0.4, "d", {"n": -1.0})
    assert decide([fewer, scaled("undecided", 0.4)]) is Verdict.INCONCLUSIVE
    assert decide([fewer, scaled("undecided", -0.4)]) is Verdict.REFUTED
    tied = scaled("fails", 0.4, "d", {"n": 1.0})
    for values, verdict in (((1.0, 10.0), Verdict.INCONCLUSIVE), ((10.0, 1.0), Verdict.REFUTED)):
        room = scaled("holds", -0.4, two_sided=False, values=values)
        assert decide([tied, room]) is verdict
    below = scaled("undecided", 0.4, against=-1.0)
    assert decide([scaled("fails", 0.4, "d", {"n": 1.0}, against=-1.0), below]) is Verdict.INCONCLUSIVE


def test_what_is_made_of_injected_mistakes_counts():
    """A miss in twenty passes, and one true statement of a hundred refuted; more fails the run."""
    right = ClaimVerdict(proof("a"), Verdict.PROVED, ())
    good = Benchmark(200, 190, 100, ("a, sign: <= -1",), ())
    alarms = ("a, constant: <= 2", "a, constant: <= 3")
    for found, status in (
        (good, 0),
        (dataclasses.replace(good, refuted=189), 1),
        (dataclasses.replace(good, false=20, refuted=18), 0),
        (dataclasses.replace(good, false_alarms=alarms[:1]), 0),
        (dataclasses.replace(good, false_alarms=alarms), 1),
    ):
        run = dataclasses.replace(made(right), injected=found)
        assert run.exit_status == status
        assert f"{found.refuted} of {found.false} false ones refuted" in str(run)
        assert run.as_dict()["injected"]["missed"] == ["a, sign: <= -1"]
    assert "injected" not in made(right).as_dict()


def test_a_run_injects_mistakes_into_what_it_judges(monkeypatch):
    """As many of each kind as the profile says, exact ones and those that draws judge."""
    monkeypatch.setitem(PROFILES, "quick", dataclasses.replace(PROFILES["quick"], mistakes=1))
    found = verify(["corollary-1-sharp", "eq-3"], jobs=1, with_mutants=False).injected
    assert found.false >= 8
    assert found.passed


def test_what_rests_on_a_failed_claim_becomes_conditional():
    """Taking away a proof marks everything above it, at any depth, and nothing beside it."""
    graph = [proof("a"), proof("b", depends_on=("a",)), proof("c", depends_on=("b",)), proof("d")]
    good = verify(graph, jobs=1)
    assert all(v.conditional_on == () for v in good)
    broken = verify([proof("a", truth=False), *graph[1:]], jobs=1)
    assert [v.conditional_on for v in broken] == [(), ("a",), ("a",), ()]
    assert "conditional on a" in broken[1].message
    assert conditions(graph, {"b": Verdict.INCONCLUSIVE})["c"] == (("b",), ())


def test_a_verdict_on_a_rate_says_that_the_probability_is_left_open():
    """ "With probability 1 - exp(-d)" judged by medians is told as such; a tail that was judged is not."""
    verdicts = {
        verdict.claim.id: verdict
        for verdict in verify([claims["corollary-1"], claims["eq-2-explicit"]], jobs=1, with_mutants=False)
    }
    assert "does not cover the stated probability" in verdicts["corollary-1"].message
    assert "does not cover the stated probability" not in verdicts["eq-2-explicit"].message


def test_a_proof_is_given_what_is_only_supported():
    """Beside a proof stands, at any depth, what it takes from claims that were only sampled or searched."""
    graph = [proof("a"), proof("b", depends_on=("a",)), proof("c", depends_on=("b",))]
    found = {"a": Verdict.SUPPORTED, "b": Verdict.PROVED, "c": Verdict.CERTIFIED}
    assert {key: given for key, (_, given) in conditions(graph, found).items()} == {
        "a": (), "b": ("a",), "c": ("a",),
    }  # fmt: skip
    # What is no more than supported itself is not weakened by it, and a witness needs nothing.
    for own in (Verdict.SUPPORTED, Verdict.REFUTED):
        assert conditions(graph, {**found, "c": own})["c"] == ((), ())
    assert conditions(graph, {**found, "a": Verdict.REFUTED, "c": Verdict.REFUTED})["c"] == ((), ())


def made(*items):
    """A run's result from verdicts that are made up."""
    return Verdicts(tuple(items), "quick", 1e-6, 0, {}, {}, 1.0)


def test_the_exit_status_tells_success_difference_and_doubt():
    """0 as expected, 1 for a difference or a surviving mutant, 3 for doubts alone."""
    right = ClaimVerdict(proof("a"), Verdict.PROVED, ())
    wrong = ClaimVerdict(proof("b"), Verdict.REFUTED, ())
    doubt = ClaimVerdict(proof("c"), Verdict.INCONCLUSIVE, ())
    survivor = ClaimVerdict(proof("d"), Verdict.PROVED, (), mutants=(MutantResult("m", False),))
    assert made(right).exit_status == 0
    assert made(right, doubt).exit_status == 3
    assert made(right, doubt, wrong).exit_status == 1
    assert made(survivor).exit_status == 1
    assert made(right, wrong)[0] is right
    assert len(made(right, wrong)[0:2]) == 2


def test_the_table_names_what_differs_and_what_survived():
    """A stranger reads from the text which claim differs and which wrong version was not noticed."""
    shown = str(
        made(
            ClaimVerdict(proof("first"), Verdict.REFUTED, ()),
            ClaimVerdict(proof("second"), Verdict.PROVED, (), mutants=(MutantResult("second~n", False),)),
        )
    )
    assert "NO: PROVED" in shown
    assert "Different from what was expected: first" in shown
    assert "Survived: second~n" in shown
    assert "<th>verdict</th>" in made()._repr_html_()
    hostile = ClaimVerdict(proof("<b>"), Verdict.PROVED, ())
    assert "<b>" not in shown_as.render_html(made(hostile)).replace("<b></b>", "")


def test_an_unknown_quantity_or_module_is_named(tmp_path):
    """Misspelt quantities and broken modules are one line that names them."""
    with pytest.raises(InvalidArgument, match=r"^quantity"):
        registry.draw(Cell((), "no-such-thing"), 0, [0])
    with pytest.raises(InvalidArgument, match=r"^module"):
        registry.load_module(str(tmp_path / "none.py"))
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0")
    with pytest.raises(InvalidArgument, match="ZeroDivisionError"):
        registry.load_module(str(broken))


def test_a_filter_that_keeps_nothing_counts_as_no_estimate():
    """A replicate without an estimate has infinite error: an upper bound cannot hold by it."""
    setting = {"n": 100, "d": 3, "d_tilde": 3, "r": 1, "eta": 0.5, "gamma": 1.0, "gamma_tilde": 1.0}
    cell = Cell(tuple(setting.items()), "error", (Procedure("oracle-filtered", theta=1e6),))
    assert np.isinf(registry.draw(cell, 0, range(3))).all()
    both = dataclasses.replace(
        cell, procedures=(Procedure("oracle-filtered", theta=1e6), Procedure("oracle-filtered", theta=0.0))
    )
    assert np.isfinite(registry.draw(both, 0, range(3))).all()


def test_the_smallest_error_over_thresholds_is_measured():
    """With several thresholds a cell draws each and keeps the smallest error of a replicate."""
    from bounds.symbols import r

    point = {
        "n": 400,
        "d": 4,
        "d_tilde": 4,
        "r": 2,
        "eta": 0.5,
        "gamma": 5.0,
        "gamma_tilde": 5.0,
        "delta": 0.1,
    }
    several = registry.cell(Measured("oracle-filtered", thetas=(sp.Integer(0), r), retains=(0.3,)), point)
    single = [dataclasses.replace(several, procedures=(p,)) for p in several.procedures]
    assert [p.theta for p in several.procedures] == [0.0, 2.0, None]
    assert "delta" not in dict(several.values)
    expected = np.min([registry.draw(c, 0, range(5)) for c in single], axis=0)
    np.testing.assert_array_equal(registry.draw(several, 0, range(5)), expected)
    assert several.pairs == 3 * 200


def test_a_level_claim_of_ones_own(module):
    """Level checks work on quantities that are no errors."""
    own = dataclasses.replace(
        registry.load_module(str(module)).CLAIMS[0],
        id="median", relation=Relation.EQUAL, bound=sp.Float(0.6745) / sp.sqrt(n),
        checks=(
            Level(
                Measured(quantity="sample-mean", spread=1.2), Path(n, (4, 16), ((delta, 0.1),)), tolerance=0.3
            ),
        ),
    )  # fmt: skip
    (verdict,) = verify([own], jobs=1, module=str(module))
    assert verdict.verdict is Verdict.SUPPORTED
    assert not verdict.survivors
    assert abs(verdict.evidence[0].estimate) < 0.3


def test_a_tail_needs_settings_it_can_pay_for():
    """A tail check on a quantity of one's own is planned from its path alone."""
    check = Tail(Measured(quantity="sample-mean"), (Path(n, (4,), ((delta, 0.05),)),))
    assert registry.cell(check.measured, check.paths[0].points()[0]).pairs == 0


def test_a_command_repeats_the_numbers_also_of_a_mixed_run(module):
    """Alone where alpha is split over the same claims, with the others of the run where it is not."""
    own = own_claims(str(module))
    (alone,) = verify(own, module=str(module), jobs=1)
    assert alone.repeat.startswith("filtergain verify chebyshev --profile quick")
    (register,) = verify([claims["eq-1"]], jobs=1)
    assert register.repeat.startswith("filtergain verify eq-1 --profile quick")
    chosen, budget = chosen_claims(["chebyshev", "eq-1"], str(module))
    mixed = verify(chosen, module=str(module), budget=budget, jobs=1)
    assert mixed[0].repeat.startswith("filtergain verify chebyshev eq-1 --profile quick")
    assert mixed[1].repeat.startswith("filtergain verify eq-1 chebyshev --profile quick")
    assert mixed[0].evidence[0].false_alarm < alone.evidence[0].false_alarm


def test_a_budget_without_a_judged_claim_is_refused():
    """The error names the argument and the claim."""
    with pytest.raises(InvalidArgument, match=r"^budget .*eq-1"):
        verify([claims["eq-1"]], budget=[claims["eq-4"]], jobs=1)


def test_a_claim_whose_checks_all_wait_has_no_wrong_versions():
    """At quick it is undecided, with nothing that could survive."""
    claim = claims["figure-3a-filtered"]
    waits = dataclasses.replace(
        claim, id="waits", depends_on=(), checks=(dataclasses.replace(claim.checks[1], least="standard"),)
    )
    (verdict,) = verify([waits], jobs=1)
    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert (verdict.mutants, verdict.left_out) == ((), 1)


def test_thresholds_that_coincide_are_drawn_once():
    """At r = 2 the thresholds r/2 and 1 are one: no replicate counts twice, now or at the second look."""
    place = {"n": 400, "d": 4, "d_tilde": 4, "r": 2, "eta": 0.5, "gamma": 1.0, "gamma_tilde": 1.0}
    cell = registry.cell(Measured("teacher-filtered", thetas=(r / 2, sp.Integer(1))), place)
    with Sampler(seed=3, jobs=1) as samples:
        samples.need([(cell, 10)])
        assert len(samples(cell)) == 10
        samples.need([(cell, 25)])
        assert len(set(samples(cell))) == len(samples(cell)) == 25
        assert np.array_equal(samples(cell), registry.draw(cell, 3, range(25)))


@pytest.mark.parametrize(
    ("relation", "check", "said"),
    [
        (Relation.EQUAL, Tail(Measured(), (ALONG_N,)), "Tail"),
        (Relation.EQUAL, Scaling(Measured(), ALONG_N, two_sided=False, margin=0.2), "Scaling of one side"),
        (Relation.LOWER, Search(Measured(quantity="weyl-ratio")), "Search"),
    ],
)
def test_a_check_of_one_side_judges_no_other_relation(relation, check, said):
    """An equality is not judged as an upper bound, nor a lower bound by the largest instance."""
    claim = dataclasses.replace(claims["eq-24"], id="own", relation=relation, checks=(check,), depends_on=())
    with pytest.raises(InvalidArgument, match=f"{said} in own"):
        verify([claim], jobs=1)


def test_a_share_above_beta_is_not_used_up():
    """Holding wrongly is as rare as said also where the budget would allow more false alarms."""
    check = Level(Measured(spread=0.3), ALONG_N, tolerance=0.2)
    plan = design.plan("own/level-1", claims["eq-24"], check, 0.3, design.PROFILES["quick"], None, 0)
    assert plan.alpha == design.BETA


def test_a_design_that_takes_too_many_draws_says_so():
    """A tail probability of 1e-5 takes more replicates than the profile allows."""
    check = Tail(Measured(), (ALONG_N,), delta=1e-5)
    with pytest.raises(UnderpoweredDesign, match="quick profile allows"):
        design.plan("own/tail-1", claims["eq-24"], check, 1e-8, design.PROFILES["quick"], None, 0)


def test_a_level_that_is_not_positive_is_a_mistake():
    """Ratios to 0 have no logarithm."""
    claim = dataclasses.replace(
        claims["eq-24"], id="own", checks=(Level(Measured(), ALONG_N, 0.2, value=0.0),), depends_on=()
    )
    with pytest.raises(InvalidArgument, match="value"):
        verify([claim], jobs=1)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(1.94, "1.9"), (1.99, "1.99"), (2.0, "2"), (2.04, "2.04"), (3.04, "3"), (99.6, "100")],
)
def test_a_factor_is_told_from_the_edge_of_tight(number, shown):
    """Two digits suffice but beside 2, where they would hide on which side the factor lies."""
    assert shown_as.factor(number) == shown


class OneAtATime:
    """Draws a batch between one look and the next, and notes what happens when."""

    def __init__(self):
        self.events, self.busy, self._drawing, self._drawn = [], False, [], set()

    def begin(self, needs):
        """Start a batch."""
        assert not self.busy
        self.busy, self._drawing = True, list(needs)
        self.events += [f"begin {cell}" for cell, _ in needs]

    def wait(self, timeout=None):
        """The batch is done."""
        self.busy = False
        self._drawn |= set(self._drawing)

    def has(self, needs):
        """Whether they have been drawn."""
        return set(needs) <= self._drawn


def test_a_second_batch_starts_while_proofs_are_still_to_be_judged(monkeypatch):
    """Workers do not idle until everything that needs no draws has been judged."""
    samples = OneAtATime()

    def judging(judged, claim, *_):
        if claim.id == "drawn":
            yield [("first", 1)]
            yield [("second", 1)]
        else:
            for _ in range(10):
                yield []
        samples.events.append(f"judged {claim.id}")

    monkeypatch.setattr(looks, "_judge", judging)
    looks.judge_all([proof("drawn"), proof("proved")], {}, samples, True, design.PROFILES["quick"], None)
    assert samples.events == ["begin first", "begin second", "judged drawn", "judged proved"]


def test_two_claims_with_one_id_are_a_mistake():
    """Their evidence could not be told apart."""
    with pytest.raises(InvalidArgument, match="id of its own"):
        verify([proof("a"), proof("a")], jobs=1)
