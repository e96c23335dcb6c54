"""What a statement says beside its formula is what is judged: sharpness, noise, steps that could fail."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import pytest
import sympy as sp
from proof_checks import steps

import bounds.paper
from bounds import claims
from bounds.claim import Claim, Relation, Verdict
from bounds.proof.undecided import Undecided
from bounds.symbols import d, d_tilde, gamma, gamma_tilde, r
from verification.mutants.exact import WEAKER, exact_mutants

SHARP = re.compile(
    r"\b(is|are) (the )?best\b|\bbest (possible|constant|universal)|\bcan be (smaller|larger)\b"
    r"|\bno (smaller|larger|less)\b(?! than)|\bcannot be (improved|smaller|larger)|\bapproached\b"
    r"|\bequality (only )?at\b",
    re.IGNORECASE,
)
"""Words that say that no stronger bound holds."""

NEEDS_NOISE = re.compile(
    r"\b[A-Z] > 0|< oo free|order 1/eta|grows at least like|times that of|grows without bound as eta"
)
"""Words that are false where nothing errs."""

NEEDS_A_COORDINATE = re.compile(r"\berrors? (is|are|grows?) (at least )?(of order|like)\b")
"""Words that are false where the error has no coordinate, as d = r."""

JUDGED_EXACTLY = [c for c in claims.values() if c.expected in (Verdict.PROVED, Verdict.CERTIFIED)]


def words(claim: Claim) -> str:
    """All that is said in words."""
    return f"{claim.title} {claim.statement} {claim.remark}"


def shown(claim: Claim) -> bool:
    """Whether every step of the claim's proofs is decided true."""
    try:
        return all(step.truth is True for step in steps(claim))
    except Undecided:
        return False


def unshown_sharpness(register: list[Claim]) -> list[str]:
    """Claims that say to be sharp and are not typed so, whose proof need not show it."""
    return [claim.id for claim in register if SHARP.search(words(claim)) and not claim.best]


def test_what_says_to_be_the_best_is_typed_as_the_best() -> None:
    """No statement, title or remark has the words without the flag; one without the flag is found."""
    assert unshown_sharpness(list(claims.values())) == []
    eq_23 = claims["eq-23"]
    assert unshown_sharpness([eq_23, eq_23.with_bound(eq_23.bound, best=False)]) == ["eq-23"]


BEST = [claim for claim in claims.values() if claim.best]


@pytest.mark.parametrize("claim", BEST, ids=lambda c: c.id)
def test_a_weaker_bound_is_not_proved_to_be_the_best(claim: Claim) -> None:
    """The stated bound is; with a weaker constant the proof does not go through, though the bound holds."""
    assert claim.relation is not Relation.EQUAL
    assert shown(claim)
    weaker = [m for m in exact_mutants(claim, all_kinds=False) if "~best" in m.id]
    assert len(weaker) == len(WEAKER)
    assert all(m.counted and not m.may_hold for m in weaker)
    assert not any(shown(m.claim) for m in weaker)


def test_the_best_bounds_are_several() -> None:
    """Upper and lower ones, with and without limits."""
    assert len(BEST) >= 10
    assert {claim.relation for claim in BEST} == {Relation.UPPER, Relation.LOWER}


def excludes(claim: Claim) -> bool:
    """Whether a condition of the claim is false where both modalities have no noise."""
    nowhere = {gamma: sp.oo, gamma_tilde: sp.oo}
    return any(condition.subs(nowhere) == sp.false for condition in claim.conditions)


def test_a_statement_that_needs_noise_asks_for_it() -> None:
    """Every exact claim about an order, a ratio to PCA or a positive number names gamma < oo."""
    found = [c for c in JUDGED_EXACTLY if NEEDS_NOISE.search(c.statement) and gamma in c.bound.free_symbols]
    assert {"theorem-1-no-threshold", "weights-no-removal", "repeated-rounds"} <= {c.id for c in found}
    assert [claim.id for claim in found if not excludes(claim)] == []
    bare = claims["theorem-1-no-threshold"].with_bound(sp.Integer(1), conditions=())
    assert not excludes(bare)


def lacking_a_coordinate(register: list[Claim]) -> list[str]:
    """Claims about the size of an error itself that allow d = r, where it is 0."""
    same = {d: r, d_tilde: r}
    said = [claim for claim in register if NEEDS_A_COORDINATE.search(claim.statement)]
    return [c.id for c in said if not any(sp.simplify(k.subs(same)) == sp.false for k in c.conditions)]


def test_a_statement_about_the_size_of_an_error_has_a_coordinate_of_it() -> None:
    """V, the scale of a coordinate, is what is said to be of an order; the error itself only where d > r."""
    assert lacking_a_coordinate(JUDGED_EXACTLY) == []
    once = replace(claims["theorem-1-no-threshold"], statement="With J > 0 the error is of order 1/eta.")
    assert lacking_a_coordinate([once]) == ["theorem-1-no-threshold"]
    assert lacking_a_coordinate([replace(once, conditions=(sp.Gt(d, r),))]) == []


def test_no_quantity_is_said_to_equal_two_things() -> None:
    """Two unconditional equalities of one named quantity agree, where one names no more than the other."""
    values: dict[str, list[sp.Expr]] = {}
    for claim in JUDGED_EXACTLY:
        named = isinstance(claim.quantity, sp.Symbol) and claim.relation is Relation.EQUAL
        if named and not claim.conditions and claim.bound.is_scalar and not claim.bound.has(sp.MatrixExpr):
            before = values.setdefault(str(claim.quantity).strip("{}"), [])
            for value in before:
                names = value.free_symbols, claim.bound.free_symbols
                if names[0] <= names[1] or names[1] <= names[0]:
                    assert sp.simplify(value - claim.bound) == 0, claim.id
            before.append(claim.bound)
    assert len(values) > 20


def empty_steps(source: str) -> Iterator[int]:
    """Lines of steps "this is 0" about what is 0 whatever its names stand for."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        local = {
            node.targets[0].id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", getattr(call.func, "attr", "")) == "identity" and len(call.args) > 2:
                left, right = (local.get(getattr(side, "id", ""), side) for side in call.args[1:3])
                if ast.dump(right) == ast.dump(ast.Constant(0)) and _vanishes(left):
                    yield call.lineno


def _vanishes(side: ast.expr) -> bool:
    """Whether an expression without calls is 0 with any numbers for its names."""
    if any(isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)) for node in ast.walk(side)):
        return False
    names = sorted({node.id for node in ast.walk(side) if isinstance(node, ast.Name)})
    numbers = {name: sp.Rational(7 * k + 3, 5) for k, name in enumerate(names)}
    return bool(eval(compile(ast.Expression(side), "step", "eval"), {}, numbers) == 0)


MODULES = [module.name for module in pkgutil.iter_modules(bounds.paper.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_no_step_is_true_whatever_it_is_about(name: str) -> None:
    """No file of proofs has a step that could not fail."""
    assert list(empty_steps(inspect.getsource(import_module(f"bounds.paper.{name}")))) == []


@pytest.mark.parametrize(
    "step",
    [
        "identity('none shared', g**2 * (0 * 0) * one, 0)",
        "flipped = (one * other + (-one) * other) / 2\n    yield identity('none shared', flipped, 0)",
    ],
)
def test_a_step_that_cannot_fail_is_found(step: str) -> None:
    """The negative control: what is 0 by itself; a product that need not vanish is passed."""
    assert list(empty_steps(f"def prove():\n    {step}\n"))
    assert not list(empty_steps("def prove():\n    identity('none shared', one * other, 0)\n"))
