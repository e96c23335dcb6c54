"""A claim's certificate: its statement, and every step of its proof with what was decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from bounds import precision
from bounds.checks import (
    Certificate,
    Check,
    Decided,
    Enclosure,
    Proof,
    Quoted,
    Relation,
    Roots,
    Statement,
    Step,
)
from bounds.claim import Claim, Verdict
from bounds.proof.region import flattened
from verification.certificates import links
from verification.certificates.text import Names
from verification.checks.proved import derived
from verification.errors import UserError

FORMAT = "filtergain certificate 1"
"""What the first line of a certificate says; a reader of another format refuses it."""

DECIDED = (Verdict.PROVED, Verdict.CERTIFIED)
"""Verdicts that have a certificate."""


class NoCertificate(UserError):
    """The claim's proof did not go through as it is, so that there is nothing to write down."""


def provable(claims: Iterable[Claim]) -> list[Claim]:
    """The claims that have a certificate, in their order."""
    return [claim for claim in claims if claim.expected in DECIDED]


def statement(claim: Claim) -> dict[str, Any]:
    """What a claim says, as its certificate must say it too; free of what proves it."""
    return _statement(claim, Names())


def _statement(claim: Claim, names: Names) -> dict[str, Any]:
    words = {
        "claim": claim.id,
        "title": claim.title,
        "source": claim.source,
        "statement": claim.statement,
        "quantity": names.text(claim.left),
        "relation": _sign(claim.relation),
        "bound": None if claim.bound is None else names.text(claim.bound),
        "up_to_constant": claim.up_to_constant,
        "conditions": [names.text(condition) for condition in flattened(claim.conditions)],
    }
    return {**words, "symbols": dict(names.symbols), "matrices": dict(names.matrices)}


def certificate(claim: Claim) -> dict[str, Any]:
    """The claim's certificate, ready for JSON.

    Raises NoCertificate where a step does not go through.
    """
    names = Names()
    stated = _statement(claim, names)
    steps = [step for check in claim.checks for step in _steps(check, claim, names)]
    return {
        "format": FORMAT,
        "stated": stated,
        "symbols": dict(names.symbols),
        "matrices": dict(names.matrices),
        "steps": steps,
    }


def _steps(check: Check, claim: Claim, names: Names) -> list[dict[str, Any]]:
    """What a proof decided, or what a certificate enclosed; no other check is in a certificate."""
    if isinstance(check, Proof):
        steps, doubt = derived(check, claim)
        wrong = [step.statement for step in steps if step.truth is not True]
        if doubt or wrong or not steps:
            raise NoCertificate(f"{claim.id} has no certificate: {doubt or wrong or 'its proof has no step'}")
        return [_step(step, claim, names) for step in steps if not _is_instance(step)]
    if isinstance(check, Certificate):
        with precision.bits(check.bits):
            found = check.prove(claim.stated, check.bits)
        if found.holds is not True:
            raise NoCertificate(f"{claim.id} has no certificate: its enclosure does not show it")
        if not found.evidence:
            raise NoCertificate(
                f"{claim.id} has no certificate: its enclosure gives no evidence of what it saw"
            )
        return [_enclosed(one, names) for one in found.evidence]
    return []


def _is_instance(step: Step) -> bool:
    """Whether a step compares the claim with an exact instance: it can refute, and nothing rests on it."""
    return step.decided is not None and step.decided.kind == "instance"


def _enclosed(one: Enclosure | Roots, names: Names) -> dict[str, Any]:
    """An inequality or the roots of a cubic, as a step."""
    at = {names.text(symbol): names.text(value) for symbol, value in one.at}
    if isinstance(one, Roots):
        return {
            "kind": "roots",
            "says": one.says,
            "coefficients": [names.text(coefficient) for coefficient in one.coefficients],
            "brackets": [[names.text(end) for end in bracket] for bracket in one.brackets],
            "counted": one.counted,
            "at": at,
        }
    found: dict[str, Any] = {"kind": "enclosed", "says": one.says, "left": names.text(one.left)}
    found |= {"sign": one.sign, "right": names.text(one.right), "at": at}
    if one.over is not None:
        found["cells"] = [[names.text(end) for end in cell] for cell in one.cells]
        found["over"] = [names.text(end) for end in one.over]
    return found


def _step(step: Step, claim: Claim, names: Names) -> dict[str, Any]:
    if isinstance(step, Quoted):
        return {"kind": "quoted", "says": step.statement, "theorem": step.theorem}
    told = step.decided
    if told is None:
        return {"kind": "boolean", "says": step.statement, "shown": str(step.shown)}
    return {"kind": told.kind, "says": step.statement, **_decided(told, claim, names)}


def _decided(told: Decided, claim: Claim, names: Names) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in (("left", told.left), ("right", told.right), ("form", told.form)):
        if value is not None:
            found[key] = names.text(value)
    if told.shown is not None:
        found["shown"] = _sign(told.shown)
    if told.conditions:
        found["conditions"] = [names.text(condition) for condition in flattened(told.conditions)]
    if told.claimed is not None and told.kind != "given":
        found |= _about(told.claimed, claim, names)
    if told.algebra is not None:
        found["algebra"] = _algebra(told.algebra, names)
    if told.computed:
        found["computed"] = [
            {
                "kind": one.kind,
                "of": names.text(one.of),
                "over": [names.text(part) for part in one.over],
                "result": names.text(one.result),
            }
            for one in told.computed
        ]
    return found


def _about(stated: Statement, claim: Claim, names: Names) -> dict[str, Any]:
    """What part of the claim's bound a conclusion is about, and how it comes from the bound."""
    part = names.text(stated.bound)
    return {"stated": part, "link": links.link(claim, stated, names)}


def _algebra(algebra: Any, names: Names) -> dict[str, Any]:
    return {
        "symmetric": sorted(names.text(matrix) for matrix in algebra.symmetric),
        "relations": [
            [names.text(product), names.text(value)] for product, value in algebra.relations.items()
        ],
    }


def _sign(relation: Relation | None) -> str | None:
    return None if relation is None else str(relation.value)


def written(content: Mapping[str, Any]) -> str:
    """A certificate as the text of its file: the same content gives the same bytes."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def digest(text: str) -> str:
    """The SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
