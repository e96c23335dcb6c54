"""No function is so long or so branched that a reader has to take it apart first."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    file for package in ("bounds", "verification", "filtergain") for file in (ROOT / package).rglob("*.py")
]

MOST_LINES = 60
"""Of a function from `def` to its last line, the docstring included."""

MOST_PATHS = 15
"""Of a function: the cyclomatic complexity, one more than the places where its way parts."""

BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.Assert, ast.match_case)


def functions(source):
    """Every function of a source, methods and inner ones among them."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]


def lines(function):
    """How long it is, its decorators aside."""
    return function.end_lineno - function.lineno + 1


def paths(function):
    """Its cyclomatic complexity, that of its inner functions included."""
    ways = 1
    for node in ast.walk(function):
        if isinstance(node, ast.BoolOp):
            ways += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            ways += 1 + len(node.ifs)
        elif isinstance(node, BRANCHES):
            ways += 1
    return ways


def too_much(source):
    """The functions of a source that are too long or too branched, with both measures."""
    measured = {function.name: (lines(function), paths(function)) for function in functions(source)}
    return {name: found for name, found in measured.items() if found[0] > MOST_LINES or found[1] > MOST_PATHS}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_function_can_be_read_at_once(file):
    """At most 60 lines and 15 paths, in every function of the product."""
    assert too_much(file.read_text(encoding="utf-8")) == {}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("pass\n" * 59, False),
        ("pass\n" * 60, True),
        ("if x: pass\n" * 14, False),
        ("if x: pass\n" * 15, True),
        ("y = [a for a in x if a and b]\n" * 5, True),
        ("y = x and (a or b)\n" * 8, True),
        ("try: pass\nexcept ValueError: pass\n" * 15, True),
        ("match x:\n" + "    case 1: pass\n" * 15, True),
        ("def g():\n" + "    while x: pass\n" * 15, True),
    ],
)
def test_a_long_or_branched_function_is_seen(body, wrong):
    """The negative control: one line or one path too many, by every kind of branch."""
    source = "def f(x):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    assert bool(too_much(source)) is wrong
