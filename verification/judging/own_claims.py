"""Claims of one's own, from a Python file: found, checked and chosen from before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

import sympy as sp

from bounds.checks import Measured, ProfileName
from bounds.claim import (
    Certificate,
    Check,
    Claim,
    Law,
    Level,
    Proof,
    Relation,
    Scaling,
    Search,
    Tail,
    Variant,
    Verdict,
)
from bounds.register import UnknownClaim, check_register
from bounds.register import claims as register
from bounds.symbols import SYMBOLS
from verification.errors import InvalidArgument, shown
from verification.quantities.registry import load_module
from verification.setting import Setting


def own_claims(path: str) -> tuple[Claim, ...]:
    """The `CLAIMS` of the module at `path`; raises InvalidArgument with the first thing that is wrong.

    They may rest on claims of the register, whose ids they may not take.
    """
    module = load_module(path)
    claims = getattr(module, "CLAIMS", None)
    if not isinstance(claims, tuple | list) or not claims or not all(isinstance(c, Claim) for c in claims):
        raise InvalidArgument("module", path, "must define CLAIMS, a tuple of Claim objects")
    problems = [f"{shown(claim.id)} {problem}" for claim in claims for problem in _of_wrong_kinds(claim)]
    if not problems:
        problems = [f"{claim.id!r} is a claim of the register" for claim in claims if claim.id in register]
        problems += check_register(tuple(claims), among=tuple(register))
        problems += [f"{claim.id!r} {problem}" for claim in claims for problem in _read(claim)]
    if problems:
        raise InvalidArgument("module", path, f"must define sound claims ({problems[0]})")
    return tuple(claims)


def known_claims(module: str | None) -> dict[str, Claim]:
    """The register's claims and, where there is a module, those of one's own, by id."""
    own = () if module is None else own_claims(module)
    return {**register, **{claim.id: claim for claim in own}}


def find_claim(claim_id: str, module: str | None) -> Claim:
    """The claim of this id, of the register or the module's.  Raises UnknownClaim."""
    known = known_claims(module)
    if claim_id not in known:
        raise UnknownClaim(claim_id, tuple(known))
    return known[claim_id]


def chosen_claims(ids: Sequence[str], module: str | None) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """The claims named, and all the claims that their budget is split over.

    Names may be those of the register and of the module; without names, all of the module's claims
    or, without a module, of the register's.  The budget is split over all the claims of whichever of
    the two is chosen from, so that a claim judged alone has the numbers that it has beside the others.
    Raises UnknownClaim, and InvalidArgument for a module that is not sound.
    """
    own = () if module is None else own_claims(module)
    known = {**register, **{claim.id: claim for claim in own}}
    for claim_id in ids:
        if claim_id not in known:
            raise UnknownClaim(claim_id, tuple(known))
    if not ids:
        chosen = tuple(register.values()) if module is None else own
    else:
        chosen = tuple(known[claim_id] for claim_id in dict.fromkeys(ids))
    ours = [claim.id in register for claim in chosen]
    return chosen, (*(register.values() if any(ours) else ()), *(own if not all(ours) else ()))


def require_sound(claims: Sequence[Claim], among: Sequence[Claim] = ()) -> None:
    """Raises InvalidArgument with the first thing that is wrong with a claim that is not the register's.

    Claims may rest on each other, on the register's, and on those `among` which they are judged.
    """
    known = {*register, *(claim.id for claim in (*claims, *among) if isinstance(claim.id, str))}
    for claim in claims:
        if isinstance(claim.id, str) and register.get(claim.id) is claim:
            continue
        problems = [*_of_wrong_kinds(claim)] or [*_unknown_names(claim, known), *_read(claim)]
        if problems:
            raise InvalidArgument("claims", claim.id, f"must be sound: it {problems[0]}")


def _of_wrong_kinds(claim: Claim) -> Iterator[str]:
    """The fields of a claim, other than its bound and checks, that hold what they cannot, in words."""
    for name, (right, words) in FIELDS.items():
        value = getattr(claim, name)
        if not right(value):
            yield f"has {name} = {shown(value)}, which must be {words}"


def _is_probability(value: Any) -> bool:
    """Whether a claim may state that it holds so often; a number must lie in (0, 1]."""
    if value is None or isinstance(value, bool):
        return value is None
    if isinstance(value, int | float):
        return 0 < value <= 1
    if not isinstance(value, sp.Expr):
        return False
    return not value.is_number or bool(value.is_extended_real and 0 < value <= 1)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (lambda value: _is_text(value) and value != "", "text"),
    **dict.fromkeys(("title", "source", "statement", "note", "remark"), (_is_text, "text")),
    "variant": (
        lambda value: _is_text(value) and value in get_args(Variant),
        f"one of {', '.join(get_args(Variant))}",
    ),
    "corrects": (lambda value: isinstance(value, str | None), "the id of a claim"),
    "depends_on": (
        lambda value: isinstance(value, tuple | list) and all(map(_is_text, value)),
        "a tuple of ids (is a comma missing?)",
    ),
    "probability": (_is_probability, "an expression in SymPy, at most 1"),
    "quantity": (lambda value: isinstance(value, sp.Expr | None), "a SymPy expression"),
    **dict.fromkeys(("up_to_constant", "best"), (_is_flag, "True or False")),
}  # fmt: skip
"""Fields of a claim: whether a value is of the right kind, and what it must be in words."""


def _unknown_names(claim: Claim, known: Collection[str]) -> Iterator[str]:
    for name in claim.depends_on:
        if name not in known:
            yield f"rests on unknown {name!r}"
    if claim.corrects is not None and claim.corrects not in known:
        yield f"corrects unknown {claim.corrects!r}"


def _read(claim: Claim) -> list[str]:
    """The problems of a claim; arguments in the wrong order, or of a wrong type, are one of them."""
    found: list[str] = []
    try:
        for problem in _problems(claim):
            found.append(problem)
    except (AttributeError, TypeError) as error:
        found.append(f"has a check with an argument of a wrong type ({error})")
    return found


def _problems(claim: Claim) -> Iterator[str]:
    """What keeps the checks of a claim from being designed, in words."""
    if not isinstance(claim.checks, tuple | list):
        yield f"has checks = {claim.checks!r}, which must be a tuple (is a comma missing?)"
        return
    if not isinstance(claim.expected, Verdict):
        yield f"has expected = {claim.expected!r}, which must be a Verdict, such as Verdict.SUPPORTED"
    if not isinstance(claim.relation, Relation | None):
        yield f"has relation = {claim.relation!r}, which must be a Relation, such as Relation.UPPER"
    if claim.bound is not None and not isinstance(claim.bound, sp.Expr):
        yield f"has bound = {claim.bound!r}, which must be a SymPy expression"
        return
    if not isinstance(claim.conditions, tuple | list) or not all(map(_is_condition, claim.conditions)):
        yield f"has conditions = {claim.conditions!r}, which must be a tuple of relations in SymPy"
        return
    if not claim.checks:
        yield "has nothing that can fail"
    for check in claim.checks:
        kind = type(check).__name__
        if not isinstance(check, get_args(Check)):
            yield f"has a check of kind {kind}, which nothing judges"
            continue
        yield from _argument_problems(check, kind)
        if not isinstance(check, Proof | Certificate | Search):
            yield from _placing_problems(claim, check, kind)


def _is_condition(condition: Any) -> bool:
    return isinstance(condition, sp.logic.boolalg.Boolean)


ERRORS = ("error", "error-ratio")
"""Quantities that are drawn in a whole setting of the model."""


def _is_number(value: Any) -> bool:
    """Whether a value is a number that can be compared, a SymPy one too."""
    return not isinstance(value, bool) and isinstance(value, int | float | sp.Number)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and bool(0 < value < math.inf)


ARGUMENTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "delta": (lambda value: _is_number(value) and bool(0 < value < 1), "lie in (0, 1)"),
    "margin": (_is_positive, "be a positive number"),
    "tolerance": (_is_positive, "be a positive number"),
    "precision": (lambda value: value is None or _is_positive(value), "be a positive number"),
    "random_settings": (lambda value: isinstance(value, int) and value >= 0, "be a whole number, 0 or more"),
    "least": (lambda value: value in get_args(ProfileName), f"be one of {', '.join(get_args(ProfileName))}"),
    "derive": (callable, "be a function"),
    "prove": (callable, "be a function"),
    "cdf": (callable, "be a function"),
}
"""What an argument of a check must be, under whichever check has it."""


def _argument_problems(check: Any, kind: str) -> Iterator[str]:
    """Arguments of a check that are not what they must be."""
    for field in fields(check):
        value = getattr(check, field.name)
        allowed, words = ARGUMENTS.get(field.name, (None, ""))
        if field.name == "measured":
            yield from _measured_problems(value, kind)
        elif allowed is not None and not allowed(value):
            yield f"has a {kind} with {field.name} = {value!r}, which must {words}"


def _measured_problems(measured: Any, kind: str) -> Iterator[str]:
    if not isinstance(measured, Measured):
        yield f"has a {kind} with measured = {measured!r}, which must be a Measured"
    elif not isinstance(measured.thetas, tuple) or not all(isinstance(t, sp.Expr) for t in measured.thetas):
        yield f"has a {kind} at thetas = {measured.thetas!r}, which must be a tuple of SymPy expressions"


def _left_open(measured: Measured, points: list[dict[str, float]]) -> str:
    """A parameter of the model that a path of an error does not settle; "" where all are settled."""
    names = Setting.__dataclass_fields__ if measured.quantity in ERRORS else ()
    return next((name for point in points for name in names if name not in point), "")


def _placing_problems(claim: Claim, check: Any, kind: str) -> Iterator[str]:
    paths = check.paths if isinstance(check, Tail | Law) else (check.path,)
    try:
        points = [point for path in paths for point in path.points()]
    except ValueError as error:
        yield f"has a path that is not settled: {error}"
        return
    if open_ := _left_open(check.measured, points):
        yield f"has a path that leaves {open_} open"
        return
    if isinstance(check, Law) or (isinstance(check, Level) and check.value is not None):
        return
    if claim.bound is None or (claim.relation is None and isinstance(check, Tail | Scaling)):
        yield f"has a {kind} but no {'bound' if claim.bound is None else 'relation'}"
        return
    yield from _point_problems(claim, points, {"delta"} if isinstance(check, Tail) else set())


def _point_problems(claim: Claim, points: list[dict[str, float]], given: set[str]) -> Iterator[str]:
    """What keeps the bound from having a number at the points of a path; `given` comes from elsewhere."""
    own = {symbol.name: symbol for symbol in claim.parameters}
    negative = {k: v for point in points for k, v in point.items() if v <= 0 and not _may_be(v, k, own)}
    if negative:
        name, value = next(iter(negative.items()))
        yield f"has a path with {name} = {value:g}, which must be positive"
        return
    for point in points:
        missing = {s.name for s in claim.parameters} - point.keys() - given
        if missing:
            yield f"has a bound in {', '.join(sorted(missing))}, which a path leaves open"
            return


def _may_be(value: float, name: str, own: Mapping[str, sp.Symbol]) -> bool:
    """Whether a parameter may have this value, which is not positive: as declared here or by the claim."""
    if name in SYMBOLS:
        return SYMBOLS[name].domain == "real"
    return name in own and not own[name].is_positive and (value == 0 or not own[name].is_nonnegative)
