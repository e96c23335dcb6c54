"""pytest plugin: claims as tests (`pytest --claims`), verdicts in tests (fixture `claim_verdict`), and one
budget of false alarms for a session's statistical assertions (fixture `false_alarms`).

pytest loads it wherever filtergain is installed, so importing it imports nothing heavy.  Without xdist
the claims left after deselection are judged in one run, at the first of their items.  A worker of xdist
does not know which items it will be handed: there each claim is judged alone, by the worker that has its
item.  Both give the same numbers, since draws follow from seed and key, and alpha is split over the
same claims.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from filtergain.own_packages import in_the_way

if TYPE_CHECKING:
    from bounds.claim import Claim
    from filtergain.testing import Budget
    from verification.judging.verdict import ClaimVerdict

NODE = "filtergain"
"""What the ids of claims begin with, where those of other tests have their file."""

_ID = re.compile(rf"(?:.*[/\\])?{NODE}::(.+)")
"""An id as pytest shows it: from another folder than the root, it begins with the way there."""

OPTIONS = {
    "profile": ("NAME", "quick, standard or thorough (default: quick)"),
    "only": ("ID[,ID...]", "claims to judge (default: all)"),
    "module": ("FILE", "Python file with CLAIMS of your own, or paper:NAME for an installed paper"),
    "seed": ("NUMBER", "root seed of every random stream (default: 0)"),
    "alpha": ("NUMBER", "probability of false alarms in all (default: 1e-6)"),
    "jobs": ("NUMBER", "worker processes (default: all cores, shared among the workers of xdist)"),
}
"""Each is an option --claims-NAME and a setting claims_NAME of the ini file: its value and its help."""


RATE_HELP = "probability that any statistical assertion of the session fails on correct code"
DEFAULT_RATE = "1e-6"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `filtergain verify`, and their defaults in the ini file."""
    group = parser.getgroup("filtergain", "claims judged by filtergain")
    group.addoption("--claims", action="store_true", help="make every claim a test")
    group.addoption("--claims-no-mutants", action="store_true", help="judge no wrong versions of the claims")
    group.addoption("--false-alarms", metavar="RATE", help=f"{RATE_HELP} (default: {DEFAULT_RATE})")
    parser.addini("false_alarms", "default of --false-alarms", default="")
    for name, (metavar, text) in OPTIONS.items():
        group.addoption(f"--claims-{name}", metavar=metavar, help=text)
        parser.addini(f"claims_{name}", f"default of --claims-{name}", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Take ids of claims out of the arguments; a wrong option ends the run before it begins."""
    named = [found[1] for text in config.args if (found := _ID.fullmatch(text))]
    if named:
        config.args[:] = [text for text in config.args if not _ID.fullmatch(text)]
        config.option.claims = True
        config.option.claims_only = ",".join(filter(None, [config.option.claims_only, *named]))
    if config.option.claims or any(config.getoption(f"claims_{name}") is not None for name in OPTIONS):
        _judge(config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The claims stand beside the files of a session, after them."""
    report = yield
    if isinstance(collector, pytest.Session) and collector.config.option.claims and report.passed:
        report.result.append(Claims.from_parent(collector, name=NODE, nodeid=NODE))
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is left is judged in one run, except by a worker of xdist, which has a part of it only."""
    if session.config.option.claims and not hasattr(session.config, "workerinput"):
        _judge(session.config).together = [i.name for i in session.items if isinstance(i, ClaimItem)]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line: how many verdicts of each kind, the budget, the seed."""
    if not config.option.claims:
        return
    from verification.judging.verdicts import budget, counted

    reports = [
        report
        for found in terminalreporter.stats.values()
        for report in found
        if isinstance(report, pytest.TestReport) and report.nodeid.startswith(f"{NODE}::")
    ]
    # Each report has the properties that the item has by then: those after the call have all.
    told = [dict(report.user_properties) for report in reports if report.when == "call"]
    verdicts = [str(properties["verdict"]) for properties in told if "verdict" in properties]
    if verdicts:
        judge = _judge(config)
        said = budget(judge.alpha, judge.seed, judge.profile)
        terminalreporter.section("claims")
        terminalreporter.write_line(f"{counted(verdicts)} {said}.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Count the tests that share the budget of false alarms, before any is deselected."""
    config.stash[SHARING] = sum("false_alarms" in getattr(item, "fixturenames", ()) for item in items)


@pytest.fixture
def false_alarms(pytestconfig: pytest.Config) -> Budget:
    """This test's share of the session's false alarms, for `alpha=` of `filtergain.testing`'s assertions.

    The rate of `--false-alarms` (or of `false_alarms` in the ini file) is split evenly over the tests that
    ask for it, and within a test over its assertions, however many: with correct code the session fails
    through any of them with probability at most that rate.
    """
    from filtergain.testing import Budget
    from verification.errors import InvalidArgument

    given = pytestconfig.getoption("false_alarms")
    value = _number(str(given or pytestconfig.getini("false_alarms") or DEFAULT_RATE), 0.0)
    option = "false_alarms" if given is None else "--false-alarms"
    try:
        Budget(value)
        return Budget(value / pytestconfig.stash[SHARING])
    except (InvalidArgument, TypeError):
        said = f"{option} must be a number in (0, 1), got {value!r}"
    pytest.fail(said, pytrace=False)


@pytest.fixture(scope="session")
def claim_verdict(pytestconfig: pytest.Config) -> Callable[[str], ClaimVerdict]:
    """The verdict of a claim by its id, judged at the options' profile and seed once a session.

    A `ClaimVerdict`: `.verdict`, `.as_expected`, `.slack_factor`, `.evidence`, `.message` ...  Claims
    are those of the register and of `--claims-module`; `--claims` is not needed.
    """
    try:
        return _judge(pytestconfig).verdict
    except pytest.UsageError as error:
        said = str(error)
    pytest.fail(said, pytrace=False)


class Claims(pytest.Collector):
    """The claims of a session, which belong to no file."""

    def collect(self) -> Iterable[ClaimItem]:
        """An item for each claim asked for."""
        for claim in _judge(self.config).claims:
            yield ClaimItem.from_parent(self, name=claim.id)


class ClaimItem(pytest.Item):
    """A claim: fails where its verdict is not the expected one, or a wrong version of it survives."""

    def runtest(self) -> None:
        """Judge; the failure says which claim, by how much, and how to repeat it."""
        from verification.report.junit import details, facts

        verdict = _judge(self.config).verdict(self.name)
        self.user_properties.extend(facts(verdict).items())
        if verdict.failure is not None:
            pytest.fail(f"{self.name}: {verdict.failure}\n{details(verdict)}", pytrace=False)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """One line for what a user can cause (a check that could not decide); else as for any test."""
        from verification.errors import InvalidArgument, UnderpoweredDesign

        if isinstance(excinfo.value, InvalidArgument | UnderpoweredDesign):
            return f"{self.name}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """No file and no line: the id alone."""
        return self.config.rootpath / NODE, None, self.nodeid


class Judge:
    """The claims asked for, and the verdicts of a session, each found once.

    Raises pytest.UsageError, one line that names the option, its value and what is allowed.
    """

    def __init__(self, config: pytest.Config) -> None:
        _require_own_packages()
        from bounds.register import UnknownClaim
        from verification.errors import InvalidArgument
        from verification.judging.own_claims import chosen_claims
        from verification.judging.run import DEFAULT_ALPHA, settled
        from verification.workers.executors import processors

        self.module = _module(config)
        self.with_mutants: bool = not config.option.claims_no_mutants
        self.together: Sequence[str] = ()
        self._verdicts: dict[str, ClaimVerdict] = {}
        ids = [name for name in re.split(r"[,\s]+", _given(config, "only")) if name]
        # Each worker of xdist may have a pool of its own.
        workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
        try:
            profile, self.alpha, self.seed, self.jobs = settled(
                _given(config, "profile") or "quick",
                _number(_given(config, "alpha"), DEFAULT_ALPHA),
                _number(_given(config, "seed"), 0),
                _number(_given(config, "jobs"), max(1, processors() // workers)),
            )
            self.claims, self.budget = chosen_claims(ids, self.module)
        except InvalidArgument as error:
            option = _name(config, error.argument)
            raise pytest.UsageError(f"{option} {error.allowed}, got {error.value!r}") from None
        except UnknownClaim as error:
            raise pytest.UsageError(f"{_name(config, 'only')} must name claims: {error}") from None
        self.profile = profile.name
        self._asked = {claim.id for claim in self.claims} if config.option.claims else set()

    def verdict(self, claim_id: str) -> ClaimVerdict:
        """The verdict of a claim; raises UnknownClaim, InvalidArgument, UnderpoweredDesign."""
        if claim_id not in self._verdicts and claim_id in self.together:
            named, self.together = set(self.together), ()
            # What is wrong with one claim is no other's failure: each alone shows it.
            with contextlib.suppress(Exception):
                self._run([claim for claim in self.claims if claim.id in named], self.budget)
        if claim_id not in self._verdicts:
            if claim_id in self._asked:
                alone, budget = tuple(c for c in self.claims if c.id == claim_id), self.budget
            else:
                from verification.judging.own_claims import chosen_claims

                alone, budget = chosen_claims([claim_id], self.module)
            self._run(alone, budget)
        return self._verdicts[claim_id]

    def _run(self, claims: Sequence[Claim], budget: Sequence[Claim]) -> None:
        from verification.judging.run import verify

        # A project's "warnings are errors" must not turn a replicate into a failed one.
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            found = verify(
                claims,
                profile=self.profile,
                alpha=self.alpha,
                seed=self.seed,
                jobs=self.jobs,
                module=self.module,
                with_mutants=self.with_mutants,
                budget=budget,
            )
        self._verdicts |= {verdict.claim.id: verdict for verdict in found}


JUDGE = pytest.StashKey[Judge]()
SHARING = pytest.StashKey[int]()
"""How many tests share the budget of false alarms."""


def _judge(config: pytest.Config) -> Judge:
    """The judge of a session, made when it is first needed."""
    if JUDGE not in config.stash:
        config.stash[JUDGE] = Judge(config)
    return config.stash[JUDGE]


def _require_own_packages() -> None:
    """Raises pytest.UsageError where a file of the project's own bears the name of one of our packages."""
    if said := in_the_way():
        raise pytest.UsageError(f"--claims {said}")


def _given(config: pytest.Config, name: str) -> str:
    """An option as text: of the command line, else of the ini file; empty without both."""
    text = config.getoption(f"claims_{name}")
    return str(config.getini(f"claims_{name}") if text is None else text)


def _name(config: pytest.Config, name: str) -> str:
    """What the user wrote to give an option its value."""
    return f"--claims-{name}" if config.getoption(f"claims_{name}") is not None else f"claims_{name}"


def _module(config: pytest.Config) -> str | None:
    """The file of one's own claims; in the ini file it is relative to that file."""
    text = _given(config, "module")
    if not text or text.startswith("paper:") or config.option.claims_module is not None:
        return text or None
    here = config.invocation_params.dir
    place = (here if config.inipath is None else config.inipath.parent) / text
    return str(place.relative_to(here) if place.is_relative_to(here) else place)


def _number(text: str, default: float) -> Any:
    """A whole number, else a number, else the text, which whoever wants a number will refuse."""
    if not text:
        return default
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
