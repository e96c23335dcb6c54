"""What is behind a claim: all that it says that it rests on, at any depth."""

from __future__ import annotations

from collections.abc import Mapping

from bounds.claim import Claim


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
