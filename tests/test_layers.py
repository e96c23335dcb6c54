"""Data flows one way: claim -> design -> simulate -> estimate -> evidence -> verdict -> report."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BEFORE = {
    # module prefix: prefixes of our own packages that it may import (itself is always allowed)
    "bounds": ("bounds",),
    "verification.errors": (),
    "verification.setting": ("verification.errors",),
    "verification.engines.seeds": ("verification.setting",),
    "verification.engines.estimate": ("verification.errors",),
    "verification.engines": (
        "verification.errors", "verification.setting", "verification.engines.seeds", "verification.engines.estimate",
    ),
    "verification.statistics.tail": ("verification.errors",),
    "verification.statistics.slopes": ("verification.errors", "verification.statistics.tail"),
    "verification.statistics.distribution": ("verification.errors", "verification.statistics.tail"),
    "verification.statistics.means": ("verification.errors", "verification.statistics.tail", "verification.statistics.slopes"),
    "verification.statistics.ledger": ("verification.errors",),
}  # fmt: skip
NEVER = {
    # nothing here may be imported by what comes before it in the flow
    "verification.report": (
        "verification.judging.run", "verification.judging.verdict", "verification.checks.judge", "verification.checks.plan",
    ),
    "verification.cli": (
        "verification.judging.run", "verification.report", "verification.checks.judge", "verification.engines",
    ),
    "verification.judging.run": ("verification.checks.judge", "verification.checks.plan", "verification.judging.verdict"),
    "verification.judging.verdict": ("verification.checks.judge", "verification.checks.plan", "verification.quantities.registry"),
    "verification.checks.judge": ("verification.checks.plan", "verification.quantities.registry"),
}  # fmt: skip


def modules():
    """Every module of both packages with its file."""
    for package in ("bounds", "verification"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), file


def imports(source, module):
    """Names of the modules that a source file imports, at any depth, type checking aside."""
    tree = ast.parse(source)
    found = set()

    def visit(node):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module} imports relatively"
            found.add(node.module)
            if node.module.split(".")[0] in ("bounds", "verification"):
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


def inside(name, prefixes):
    """Whether `name` is one of the modules `prefixes` or below it."""
    return any(name == p or name.startswith(p + ".") for p in prefixes)


def violations(module, found):
    """The imports of a module that run against the flow."""
    ours = {name for name in found if name.split(".")[0] in ("bounds", "verification")}
    allowed = next((rule for prefix, rule in BEFORE.items() if inside(module, [prefix])), None)
    wrong = set()
    if allowed is not None:
        own = next(prefix for prefix in BEFORE if inside(module, [prefix]))
        wrong |= {name for name in ours if not inside(name, (*allowed, own)) and name != "verification"}
    for later, earlier in NEVER.items():
        if inside(module, earlier):
            wrong |= {name for name in ours if inside(name, [later])}
    return wrong


# The verdict's table for people is rendered on request; nothing is computed there.
EXCEPTIONS = {("verification.judging.verdict", "verification.judging.table")}


@pytest.mark.parametrize(("module", "file"), list(modules()), ids=lambda v: v if isinstance(v, str) else "")
def test_no_module_imports_against_the_flow(module, file):
    """A file knows what stands before it, never what comes after."""
    wrong = violations(module, imports(file.read_text(), module))
    wrong = {
        w for w in wrong if not any(module == m and inside(w, [t]) for m, t in EXCEPTIONS)
    }  # fmt: skip
    assert not wrong, f"{module} imports {sorted(wrong)}"


def test_an_arrow_against_the_flow_is_seen():
    """The negative control: engines that import bounds, and bounds that import verification."""
    assert violations("verification.engines.exact", imports("from bounds import score", "m"))
    assert violations("bounds.law.score", imports("def f():\n    from verification import setting", "m"))
    assert violations("verification.checks.judge", imports("import verification.report.html", "m"))
    assert not violations("verification.report.html", imports("import verification.judging.verdict", "m"))


def test_bounds_draws_no_samples():
    """Exact mathematics has no randomness: no file of bounds touches numpy.random or random."""
    for module, file in modules():
        if module.startswith("bounds"):
            text = file.read_text()
            found = imports(text, module)
            assert not inside("random", found), module
            assert "np.random" not in text, module
            assert "numpy.random" not in text, module


def test_engines_know_no_bound():
    """A simulator that knew the answer could lean on it."""
    for module, file in modules():
        if module.startswith("verification.engines"):
            assert not {n for n in imports(file.read_text(), module) if n.startswith("bounds")}, module
