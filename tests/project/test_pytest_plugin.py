from __future__ import annotations

import dataclasses
import json
import re
import runpy
import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest
from _pytest import hookspec

import verification.judging.run
from bounds import claims
from verification.judging.own_claims import own_claims
from verification.judging.verdict import MutantResult
from verification.report import junit

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

INI = """
[pytest]
filterwarnings = error
addopts = -p no:cacheprovider
"""

OWN = '''
import warnings

import sympy as sp

from bounds.claim import Claim, Level, Measured, Path, Proof, Relation, Scaling, Step, Verdict
from bounds.symbols import n


def size(values, rng):
    """A number of the order 1/sqrt(n); it warns, as a user's code may."""
    warnings.warn("a simulator's own", RuntimeWarning)
    return abs(1 + 0.1 * rng.standard_normal()) / values["n"] ** 0.5


QUANTITIES = {"size": size}
ALONG = Path(n, (16, 256), ())


def claim(name, power, expected, spread=0.2, margin=0.2):
    return Claim(
        id=name, title="t", source="s", statement="w", relation=Relation.UPPER, bound=n ** sp.Rational(power),
        up_to_constant=True, expected=expected, note="a.md#b",
        checks=(Scaling(Measured(quantity="size", spread=spread), ALONG, two_sided=True, margin=margin),),
    )


CLAIMS = (
    claim("right", "-1/2", Verdict.SUPPORTED),
    claim("known-error", "-1", Verdict.REFUTED),
    claim("wrong", "-1", Verdict.SUPPORTED),
)
'''

COUNTED = """
import os
import verification.judging.run

judge = verification.judging.run.verify

def counted(claims, **options):
    with open(os.environ["JUDGED"], "a") as file:
        file.write("".join(claim.id + chr(10) for claim in claims))
    return judge(claims, **options)

verification.judging.run.verify = counted
"""
"""A conftest that writes down which claims are judged, in whichever process."""


@pytest.fixture
def project(pytester, monkeypatch):
    """An empty project with warnings as errors, away from this suite's own run."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini(INI)
    pytester.makepyfile(own=OWN)
    return pytester


@pytest.fixture
def runs(monkeypatch):
    """The runs that are made in this process: ids of the claims, and the options."""
    made = []
    judge = verification.judging.run.verify

    def noted(chosen, **options):
        made.append(([claim.id for claim in chosen], options))
        return judge(chosen, **options)

    monkeypatch.setattr(verification.judging.run, "verify", noted)
    return made


def test_claims_are_tests_that_share_one_run(project, runs):
    """Each claim has an item with a readable id; one run judges them, and a line says at what risk."""
    result = project.runpytest_inprocess("--claims", "--claims-only", "eq-4,eq-2-information, eq-10", "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([
        "*collected 3 items", "filtergain::eq-4 PASSED*", "filtergain::eq-2-information PASSED*",
        "filtergain::eq-10 PASSED*", "*= claims =*",
        "3 claims: 2 PROVED, 1 REFUTED. False alarms in the whole run: probability at most 1e-06; seed 0, "
        "profile quick.",
    ])  # fmt: skip
    (([*judged], options),) = runs
    assert judged == ["eq-4", "eq-2-information", "eq-10"]
    assert tuple(options["budget"]) == tuple(claims.values())
    assert options["with_mutants"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--claims", "--claims-only=eq-4,eq-5", "-k", "eq-5"),
        ("--claims", "--claims-only=eq-4,eq-5", "--deselect=filtergain::eq-4"),
        ("filtergain::eq-5",), ("../filtergain::eq-5",), ("--claims-only=eq-5", "--claims", "."),
    ],
)  # fmt: skip
def test_only_what_is_left_is_judged(project, runs, arguments):
    """Deselected claims are not judged, and the others keep their share of the budget."""
    result = project.runpytest_inprocess(*arguments)
    result.assert_outcomes(passed=1, deselected=int("eq-4" in str(arguments)))
    (([*judged], options),) = runs
    assert judged == ["eq-5"]
    assert len(options["budget"]) == len(claims)


def test_claims_and_tests_by_id_go_together(project, runs):
    """A test's id and a claim's on one command line run these two; the claim is not looked for as a file."""
    project.makepyfile(test_a="def test_a(): pass\ndef test_b(): pass")
    result = project.runpytest_inprocess("test_a.py::test_b", "filtergain::eq-5", "-v")
    result.stdout.fnmatch_lines(["test_a.py::test_b PASSED*", "filtergain::eq-5 PASSED*"])
    result.assert_outcomes(passed=2)


def test_collecting_judges_nothing(project, runs):
    """`--collect-only` lists every claim of the register."""
    result = project.runpytest_inprocess("--claims", "--collect-only", "-q")
    listed = [line.removeprefix("filtergain::") for line in result.outlines if "::" in line]
    assert listed == list(claims)
    assert not runs


def test_a_failure_says_which_by_how_much_and_how_to_repeat(project, command):
    """The message has the words of the other reports, no traceback, and a command with the same numbers."""
    result = project.runpytest_inprocess("--claims", "--claims-module=own.py", "-rf", "--claims-jobs=1")
    result.assert_outcomes(passed=2, failed=1)
    own = own_claims("own.py")
    with warnings.catch_warnings(action="ignore"):
        (verdict,) = verification.judging.run.verify(own[2:], module="own.py", jobs=1, budget=own)
    shown = result.stdout.str()
    assert f"wrong: expected SUPPORTED, found REFUTED\n{junit.details(verdict)}\n" in shown
    named = r"\(log-log slope of error/bound measured 0\.(49|50?)\d* in .*, allowed 0\.2"
    assert re.search(rf"n is off by more than 0\.2 {named}", shown)
    assert "FAILED filtergain::wrong - Failed: wrong: expected SUPPORTED, found REFUTED" in shown
    assert "Traceback" not in shown
    assert "pytest_plugin" not in shown
    # Under CI=true pytest prints the whole message once more, in its summary.
    (repeat,) = set(re.findall(r"^repeat: filtergain (.*)$", shown, re.M))
    with warnings.catch_warnings(action="ignore"):
        status, out, _ = command(*repeat.split(), "--json", "--jobs", "1")
    assert status == 1
    (again,) = json.loads(out)["claims"]
    assert again["evidence"] == json.loads(json.dumps([e.as_dict() for e in verdict.evidence]))


def test_a_surviving_mutant_fails(project, monkeypatch):
    """A claim whose verdict is right fails when a wrong version of it passed the same test."""
    judge = verification.judging.run.verify

    def survived(*arguments, **options):
        found = judge(*arguments, **options)
        changed = (dataclasses.replace(v, mutants=(MutantResult("eq-4~wrong", False),)) for v in found)
        return dataclasses.replace(found, items=tuple(changed))

    monkeypatch.setattr(verification.judging.run, "verify", survived)
    result = project.runpytest_inprocess("filtergain::eq-4")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["eq-4: wrong versions not refuted: eq-4~wrong"])
    result.stdout.fnmatch_lines(["repeat: filtergain verify eq-4 --profile quick --seed 0"])


def test_options_reach_the_run_from_both_places(project, runs, monkeypatch):
    """The command line goes before the ini file, whose module is relative to it."""
    (project.path / "below").mkdir()
    given = {"module": "own.py", "seed": "3", "only": "right eq-4", "alpha": "1e-3"}
    project.makeini(INI + "".join(f"claims_{name} = {value}\n" for name, value in given.items()))
    monkeypatch.chdir(project.path / "below")
    result = project.runpytest_inprocess("--claims", "--claims-seed=0x", "--rootdir=..")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    project.runpytest_inprocess(
        "--claims", "--claims-seed=4", "--claims-jobs=1", "--claims-profile=standard", "--claims-no-mutants"
    ).assert_outcomes(passed=2)
    (([*judged], options),) = runs
    assert judged == ["right", "eq-4"]
    budget = options.pop("budget")
    assert len(budget) == len(claims) + 3
    assert options == {
        "profile": "standard", "alpha": 1e-3, "seed": 4, "jobs": 1, "with_mutants": False,
        "module": str(project.path / "own.py"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("profile", "fast", "must be one of quick, standard, thorough, got 'fast'"),
        ("seed", "-1", "must be a whole number in [0, *], got -1"),
        ("seed", "one", "must be a whole number in [0, *], got 'one'"),
        ("seed", "1.5", "must be a whole number in [0, *], got 1.5"),
        ("alpha", "2", "must lie in (0, 1), got 2*"),
        ("jobs", "0", "must be a whole number in [1, 4096], got 0"),
        ("module", "none.py", "must be a file that is there, got 'none.py'"),
        ("only", "theorm-1", "must name claims: no claim is called 'theorm-1'; did you mean theorem-1, *"),
    ],
)
def test_a_wrong_value_is_one_line(project, option, value, said):
    """The option, its value and what is allowed, before anything is collected; wherever it was given."""
    escaped = said.replace("[", "[[]")
    result = project.runpytest_inprocess(f"--claims-{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --claims-{option} {escaped}"])
    assert len(result.stderr.str().strip().splitlines()) == 1
    project.makeini(f"{INI}claims_{option} = {value}\n")
    result = project.runpytest_inprocess("--claims")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    # A file named in the ini file is shown by its place.
    where = f"claims_{option} {escaped}"
    result.stderr.fnmatch_lines([f"ERROR: {where}"])


def test_the_fixture_needs_no_claims_as_tests(project, runs):
    """A verdict of the register and one of one's own, each judged once a session."""
    project.makepyfile(
        """
        import pytest

        def test_register(claim_verdict):
            assert claim_verdict("eq-4").verdict == "PROVED"
            assert claim_verdict("eq-4") is claim_verdict("eq-4")

        def test_own(claim_verdict):
            verdict = claim_verdict("wrong")
            assert not verdict.as_expected
            assert claim_verdict("eq-4").as_expected

        def test_unknown(claim_verdict):
            with pytest.raises(KeyError, match="no claim is called 'eq-'; did you mean"):
                claim_verdict("eq-")
        """
    )
    result = project.runpytest_inprocess("--claims-module=own.py", "--claims-seed=5", "--claims-jobs=1")
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*= claims =*")
    assert [(judged, len(options["budget"]), options["seed"]) for judged, options in runs] == [
        (["eq-4"], len(claims), 5), (["wrong"], 3, 5),
    ]  # fmt: skip


def test_the_fixture_takes_its_verdict_from_the_shared_run(project, runs):
    """A claim that is a test as well is judged with the others, once."""
    project.makepyfile("def test_it(claim_verdict):\n    assert claim_verdict('eq-5').as_expected")
    result = project.runpytest_inprocess("--claims", "--claims-only=eq-4,eq-5")
    result.assert_outcomes(passed=3)
    assert [judged for judged, _ in runs] == [["eq-4", "eq-5"]]


def test_the_fixture_with_a_wrong_setting(project):
    """A wrong setting of the ini file fails the tests that ask for a verdict, in one line, and no other."""
    project.makeini(INI + "claims_profile = fast\n")
    project.makepyfile("def test_it(claim_verdict): pass\ndef test_other(): pass")
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["claims_profile must be one of quick, standard, thorough, got 'fast'"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_claim_that_cannot_be_designed_fails_alone(project):
    """A check too dear for the profile is one line at its claim, and the others are judged."""
    dear = 'CLAIMS = (*CLAIMS[:2], claim("dear", "-1/2", Verdict.SUPPORTED, spread=9.0, margin=0.1))\n'
    project.makepyfile(own=OWN + dear)
    result = project.runpytest_inprocess("--claims", "--claims-module=own.py", "--claims-jobs=1")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["dear: dear/scaling-1: an exponent known to * the quick profile allows *"])
    result.stdout.no_fnmatch_line("*Error*")
    result.stdout.fnmatch_lines(["2 claims: 1 SUPPORTED, 1 REFUTED. *"])


def test_another_error_is_shown_as_in_any_test(project, monkeypatch):
    """What no user caused keeps its traceback."""
    monkeypatch.setattr(verification.judging.run, "verify", lambda *_, **__: 1 / 0)
    result = project.runpytest_inprocess("filtergain::eq-4")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * ZeroDivisionError: division by zero"])


def cases(file):
    """Each claim of a JUnit file of pytest: its properties, and the failure's text."""
    found = {}
    for case in ElementTree.parse(file).iter("testcase"):
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        found[case.get("name")] = (properties, [f.text for f in case.iter("failure")])
    return found


@pytest.mark.parametrize("distribution", ["load", pytest.param("loadgroup", marks=pytest.mark.slow)])
def test_beside_xdist_each_claim_is_judged_once_with_the_same_numbers(project, monkeypatch, distribution):
    """Two workers and none leave the same verdicts, mutants and messages, and judge each claim once."""
    project.makeconftest(COUNTED)
    files = []
    for name, more in (("one", []), ("two", ["-n2", f"--dist={distribution}"])):
        monkeypatch.setenv("JUDGED", str(project.path / f"{name}.txt"))
        result = project.runpytest_subprocess(
            "--claims", "--claims-module=own.py", "--claims-only=right,wrong,known-error,corollary-1,eq-4",
            f"--junitxml={name}.xml", "-ojunit_family=xunit1", *more,
        )  # fmt: skip
        result.assert_outcomes(passed=4, failed=1)
        result.stdout.fnmatch_lines(["5 claims: *; seed 0, profile quick."])
        judged = sorted((project.path / f"{name}.txt").read_text().split())
        assert judged == ["corollary-1", "eq-4", "known-error", "right", "wrong"]
        files.append(cases(f"{name}.xml"))
    assert files[0] == files[1]
    assert files[0]["corollary-1"][0]["verdict"] == "SUPPORTED"
    assert "measured" in files[0]["wrong"][1][0]


def test_worker_processes_start_from_inside_pytest(project):
    """A run large enough for worker processes draws in them, with warnings as errors, to the same end."""
    project.makeconftest("from verification.judging import samples\nsamples.WORTH_WORKERS = 0.0\n")
    project.makepyfile(
        """
        import multiprocessing
        from verification.workers import pools

        used = []
        start = pools._Worker.start

        def counted(self):
            used.append(self)
            start(self)

        def test_workers(claim_verdict, monkeypatch):
            monkeypatch.setattr(pools._Worker, "start", counted)
            assert claim_verdict("right").verdict == "SUPPORTED"
            assert used
            assert not multiprocessing.active_children()
        """
    )
    result = project.runpytest_subprocess("--claims-module=own.py", "--claims-jobs=2")
    result.assert_outcomes(passed=1)


def test_without_its_options_the_plugin_does_nothing_and_loads_nothing(project, monkeypatch):
    """A project that merely has filtergain installed gets no items and pays for no import."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.makepyfile(
        """
        import sys

        def test_a():
            assert "filtergain.pytest_plugin" in sys.modules
            packages = ("bounds", "filtergain", "verification")
            ours = {name for name in sys.modules if name.split(".")[0] in packages}
            assert ours == {"filtergain", "filtergain.own_packages", "filtergain.pytest_plugin"}
            assert not {"numpy", "scipy", "sympy", "flint", "rich", "typer"} & sys.modules.keys()
        """
    )
    result = project.runpytest_subprocess("-p", "filtergain.pytest_plugin")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*claims*")


def test_what_pytest_loads_at_its_start_has_no_misspelt_hook():
    """Run afresh, the plugin defines hooks that pytest has, and the package's lazy names have homes."""
    names = runpy.run_path(str(ROOT / "filtergain" / "pytest_plugin.py"))
    hooks = {name for name in names if name.startswith("pytest_")}
    assert hooks
    assert not {name for name in hooks if not hasattr(hookspec, name)}
    package = runpy.run_path(str(ROOT / "verification" / "__init__.py"))
    for name in package["__all__"]:
        assert package["__getattr__"](name) is getattr(verification, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        package["__getattr__"]("nothing")


def test_pytest_finds_the_plugin_where_filtergain_is_installed(project):
    """The entry point: help names the options without `-p`."""
    result = project.runpytest_subprocess("--help")
    wanted = ["claims judged by filtergain:", "*--claims *", "*--claims-profile=NAME*"]
    wanted.append("*claims_module (string):*")
    result.stdout.fnmatch_lines(wanted)


@pytest.mark.parametrize("name", ["bounds", "verification"])
def test_a_project_may_have_a_package_of_our_names(project, name):
    """Its tests run as without filtergain; asked for claims, one line names the file that is in the way."""
    project.makeini("[pytest]\npythonpath = .\n")
    (project.path / name).mkdir()
    (project.path / name / "__init__.py").write_text("LOWER = 0\n")
    project.makepyfile(f"from {name} import LOWER\n\ndef test_mine():\n    assert LOWER == 0\n")
    project.runpytest_subprocess().assert_outcomes(passed=1)
    asked = project.runpytest_subprocess("--claims", "--claims-only=eq-4")
    said = [line for line in asked.stderr.lines if "is in its way" in line]
    assert len(said) == 1
    assert f"{name}/__init__.py" in said[0]
    assert not [line for line in asked.stdout.lines + asked.stderr.lines if "INTERNALERROR" in line]


SHARING = """
from filtergain import testing

def test_one(false_alarms):
    assert false_alarms.rate == RATE / 2
    assert false_alarms.share() == RATE / 4

def test_two(false_alarms):
    half = lambda rng: rng.random(100)
    testing.assert_mean_close(half, 0.5, detectable=0.1, support=(0, 1), alpha=false_alarms)
    assert false_alarms.taken == 1

def test_without():
    pass
"""


def test_one_budget_of_false_alarms_is_shared_by_the_tests_that_ask(project, pytester):
    """Each test that asks has its share of the rate, deselected ones included, whatever workers there are."""
    project.makepyfile(SHARING.replace("RATE", "1e-6"))
    project.runpytest_subprocess().assert_outcomes(passed=3)
    project.runpytest_subprocess("-k", "two or without").assert_outcomes(passed=2, deselected=1)
    project.runpytest_subprocess("-n", "2").assert_outcomes(passed=3)
    project.makepyfile(SHARING.replace("RATE", "1e-3"))
    project.runpytest_subprocess("--false-alarms", "1e-3").assert_outcomes(passed=3)
    pytester.makeini(INI + "false_alarms = 1e-3\n")
    project.runpytest_subprocess().assert_outcomes(passed=3)


@pytest.mark.parametrize("value", ["2", "0", "often", "nan"])
def test_a_wrong_rate_of_false_alarms_is_one_line(project, value):
    """The option, its value and what is allowed, at the tests that ask; the others run."""
    project.makepyfile(SHARING)
    result = project.runpytest_subprocess("--false-alarms", value)
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*--false-alarms must be a number in (0, 1), got *"])
