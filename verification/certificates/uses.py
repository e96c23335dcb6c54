"""Which results the steps of a proof name, to be held against what its claim says that it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bounds.checks import Proof
from bounds.claim import Claim
from verification.checks.proved import derived

RESULT = re.compile(
    r"\b(Lemma|Theorem|Corollary|Proposition|Remark|Definition|Assumption|Eq\.|Step) ([A-Z]?\.?\d+(?:\.\d+)?)"
)
"""How a step names a result of the paper."""


def named(claim: Claim) -> tuple[str, ...]:
    """The results that the steps of the claim's proofs name, each once."""
    proofs = [check for check in claim.checks if isinstance(check, Proof)]
    words = [step.statement for proof in proofs for step in derived(proof, claim)[0]]
    return tuple(dict.fromkeys(f"{kind} {number}" for text in words for kind, number in RESULT.findall(text)))


def behind(claim: Claim, claims: Mapping[str, Claim]) -> tuple[Claim, ...]:
    """All claims that this one says that it rests on, at any depth."""
    found: dict[str, Claim] = {}
    todo = list(claim.depends_on)
    while todo:
        name = todo.pop()
        if name not in found and name in claims:
            found[name] = claims[name]
            todo += claims[name].depends_on
    return tuple(found.values())


def undeclared(claim: Claim, claims: Mapping[str, Claim]) -> tuple[str, ...]:
    """The results that a proof names though the claim rests on no claim of them, nor is one itself."""
    sources = [other.source for other in (claim, *behind(claim, claims))]
    return tuple(
        result
        for result in named(claim)
        if not any(re.search(rf"{re.escape(result)}(?![\d.]*\d)", source) for source in sources)
    )
