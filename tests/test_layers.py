"""Data flows one way: claim -> design -> simulate -> estimate -> evidence -> verdict -> report."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bounds", "verification", "filtergain")
ORDER = [
    # Bottom first.  A module may import from its own place and from the lines above it, nothing else of ours;
    # places of one line do not know each other.
    {"bounds.symbols", "bounds.precision", "bounds.numeric"},
    {"bounds.checks"},
    {"bounds.claim"},
    {"bounds.proof"},
    {"bounds.law"},
    {"bounds.paper"},
    {"bounds.register"},
    {"bounds.errata", "bounds.constants"},
    {"bounds"},  # the face, and only that
    {"verification.errors"},
    {"verification.setting", "verification.frames", "verification.files", "verification.shell"},
    {"verification.engines", "verification.workers", "verification.statistics"},
    {"verification.prediction"},
    {"verification.simulation"},
    {"verification.fitting"},
    {"verification.studies"},
    {"verification.quantities"},
    {"verification.checks", "verification.replication"},
    {"verification.recheck"},
    {"verification.certificates"},
    {"verification.mutants", "verification.search", "verification.sweeps"},
    {"verification.judging", "verification.figures"},
    {"verification.report"},
    {"verification.cli"},
    {"verification"},  # the face
    {"filtergain"},  # the name that users import
]
ONLY = {
    # stricter than the order
    "verification.recheck": set(),
    "verification.engines": {"verification.errors", "verification.setting"},
    "verification.statistics": {"verification.errors"},
    "verification.workers": {"verification.errors"},
}
"""A simulator that knew a bound could lean on it; tests and workers know neither claims nor cells.

The checker of certificates knows nothing of ours: what it shared with the prover would be believed twice.
"""

PLACES = {place: rank for rank, places in enumerate(ORDER) for place in places}


def modules():
    """Every module of our packages with its file."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), file


MODULES = dict(modules())


def place(module):
    """The folder or file of the contract that a module lies in; None where the contract has none."""
    parts = module.split(".")
    if parts[0] == "filtergain":
        return "filtergain"
    name = ".".join(parts[:2])
    return name if name in PLACES else None


def imports(source, module):
    """Modules of ours that a source file imports, at any depth, type checking aside."""
    found = set()

    def visit(node):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module} imports relatively"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(name for name in inner if name in MODULES)
            if any(name not in MODULES for name in inner):
                found.add(node.module)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(source))
    return {name for name in found if name.split(".")[0] in PACKAGES}


def wrong_arrows(module, source):
    """The imports of a module that run against the order."""
    here = place(module)
    found = {name for name in imports(source, module) if place(name) != here}
    allowed = ONLY.get(here)
    if allowed is not None:
        return {name for name in found if place(name) not in allowed}
    return {name for name in found if place(name) is None or PLACES[place(name)] >= PLACES[here]}


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_against_the_order(module):
    """Every module lies in a place of the contract and knows only what stands below it."""
    assert place(module) is not None, f"{module} is under no rule: give it a folder of the order"
    assert not wrong_arrows(module, MODULES[module].read_text(encoding="utf-8"))


def test_the_order_names_what_there_is():
    """A place that no module has would be a rule about nothing."""
    assert set(PLACES) == {place(module) for module in MODULES}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("verification.engines.exact", "from bounds.law import score"),
        ("verification.recheck.check", "from bounds.proof import steps"),
        ("verification.engines.exact", "from verification.workers import pools"),
        ("bounds.law.score", "def f():\n    from verification import setting"),
        ("bounds.proof.steps", "from bounds.law import score"),
        ("verification.checks.tail", "import verification.report.site"),
        ("verification.workers.executors", "from verification.replication.cells import ErrorCell"),
        ("verification.judging.run", "from verification import verify"),
        ("verification.figures.canvas", "from verification.judging import run"),
    ],
)
def test_an_arrow_against_the_order_is_seen(module, source):
    """The negative control: one wrong import for each kind of rule."""
    assert wrong_arrows(module, source)


def test_arrows_along_the_order_pass():
    """What the flow needs is allowed, inside type checking even the rest."""
    assert not wrong_arrows("verification.report.site", "import verification.judging.verdict")
    assert not wrong_arrows("bounds.paper.tails", "from bounds.law import score")
    assert not wrong_arrows(
        "bounds.symbols",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import verification.cli.app",
    )


def circles(graph):
    """Modules that lie on a circle of imports: those that reach themselves."""
    reached = {name: set(targets) for name, targets in graph.items()}
    while any(not reached[t] <= reached[name] for name in reached for t in reached[name] if t in reached):
        for name in reached:
            for target in tuple(reached[name]):
                reached[name] |= reached.get(target, set())
    return {name for name in reached if name in reached[name]}


def test_there_is_no_circle():
    """No module needs itself, inside a folder neither; a package's face counts as a module."""
    graph = {name: imports(file.read_text(encoding="utf-8"), name) for name, file in MODULES.items()}
    assert not circles(graph)
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {"a", "b", "c"}


def test_bounds_draws_no_samples():
    """Exact mathematics has no randomness: no file of bounds touches numpy.random or random."""
    for module, file in MODULES.items():
        if module.split(".")[0] == "bounds":
            text = file.read_text(encoding="utf-8")
            assert "np.random" not in text, module
            assert "numpy.random" not in text, module
            assert "import random" not in text, module


def test_numbers_stand_in_the_law():
    """NumPy is imported in bounds/law alone: what is stated elsewhere stays symbolic."""
    for module, file in MODULES.items():
        if module.split(".")[0] == "bounds" and place(module) != "bounds.law":
            top = ast.parse(file.read_text(encoding="utf-8")).body
            names = [a.name for node in top if isinstance(node, ast.Import) for a in node.names]
            assert "numpy" not in names, module


def named_twice(sources):
    """Names of classes and types that stand for two things, with the modules that say so.

    A type that two modules spell alike is one thing.
    """
    found = {}
    for module, source in sources.items():
        for node in ast.parse(source).body:
            match node:
                case ast.ClassDef(name=name):
                    meaning = module
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    meaning = ast.unparse(value)
                case _:
                    continue
            if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name):
                found.setdefault(name, {}).setdefault(meaning, []).append(module)
    return {name: list(meanings.values()) for name, meanings in found.items() if len(meanings) > 1}


def test_a_class_name_stands_for_one_thing():
    """No two modules give one name to two classes or types: a reader need not ask which is meant."""
    sources = {module: file.read_text(encoding="utf-8") for module, file in MODULES.items()}
    assert named_twice(sources) == {}


@pytest.mark.parametrize(
    ("one", "other", "wrong"),
    [
        ("class Cell: ...", "class Cell: ...", True),
        ("class Cell: ...", "Cell: TypeAlias = tuple[int, ...]", True),
        ("Side = Literal['left', 'right']", "Side = tuple[int, int]", True),
        ("Side = Literal['left', 'right']", "Side = Literal['left', 'right']", False),
        ("LIMIT = 3", "LIMIT = 4", False),
    ],
)
def test_a_name_for_two_things_is_seen(one, other, wrong):
    """The negative control: two classes, a class beside a type, two types; one type twice is allowed."""
    assert bool(named_twice({"a": one, "b": other})) is wrong
