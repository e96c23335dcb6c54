"""Every claim in the paper's order, and the graph of what rests on what."""

from __future__ import annotations

import difflib
import html
import reprlib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from bounds.claim import Claim
from bounds.paper import (
    alternatives,
    classes,
    concentration,
    conditioning,
    contrastive,
    experiments,
    explicit,
    explicit_half,
    filtered,
    first_order,
    model,
    moments,
    one_round,
    oracle_filter,
    real_pairs,
    regime_boundaries,
    regimes,
    repair,
    score,
    selection,
    subspace,
    tails,
    thresholds,
    transfer,
    transition,
    unfiltered,
    unimodal,
)

TOPICS = (
    model,
    unimodal,
    contrastive,
    concentration,
    unfiltered,
    filtered,
    first_order,
    explicit,
    explicit_half,
    one_round,
    repair,
    alternatives,
    regimes,
    regime_boundaries,
    transition,
    selection,
    classes,
    thresholds,
    oracle_filter,
    subspace,
    tails,
    conditioning,
    score,
    moments,
    transfer,
    experiments,
    real_pairs,
)
"""The modules of `bounds.paper` that state claims, in the paper's order."""

CLAIMS: tuple[Claim, ...] = tuple(claim for topic in TOPICS for claim in topic.CLAIMS)


def code(claim_id: str) -> str:
    """The file that states one of our claims, from the top of the tree; "" for a claim of another module.

    Example:

        >>> from bounds.register import code
        >>> code("theorem-1-corrected")
        'bounds/paper/filtered.py'
    """
    topic = next((topic for topic in TOPICS if any(c.id == claim_id for c in topic.CLAIMS)), None)
    return "" if topic is None else topic.__name__.replace(".", "/") + ".py"


class UnknownClaim(KeyError):
    """No claim has this id; the message suggests the nearest ones."""

    def __init__(self, claim_id: object, known: tuple[str, ...]) -> None:
        self.claim_id = claim_id
        named = isinstance(claim_id, str)
        near = difflib.get_close_matches(str(claim_id), known, n=3, cutoff=0.6) if named else []
        called = repr(claim_id) if named else " ".join(reprlib.repr(claim_id).split())
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"no claim is called {called}{hint}")

    def __str__(self) -> str:
        return str(self.args[0])


class Register(Mapping[str, Claim]):
    """Claims by id, in order.

    Looking up an unknown id raises `UnknownClaim` with suggestions.  Making one raises ValueError where the
    claims contradict each other: see `check_register`.

    Example:

        >>> from bounds import claims
        >>> claims["lemma-5"].source
        'Appendix C, Lemma 5'
        >>> claims["lema-5"]
        Traceback (most recent call last):
        bounds.register.UnknownClaim: no claim is called 'lema-5'; did you mean lemma-5, lemma-15, lemma-9?
    """

    def __init__(self, claims: tuple[Claim, ...], among: tuple[str, ...] = ()) -> None:
        self._by_id = {claim.id: claim for claim in claims}
        problems = check_register(claims, among)
        if problems:
            raise ValueError("the register contradicts itself: " + "; ".join(problems))

    def __getitem__(self, claim_id: str) -> Claim:
        try:
            return self._by_id[claim_id]
        except (KeyError, TypeError):
            raise UnknownClaim(claim_id, tuple(self._by_id)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        first = ", ".join(list(self)[:3])
        return f"<Register of {len(self)} claims: {first}{', ...' if len(self) > 3 else ''}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(text)}</td>"
                for text in (claim.id, claim.source, str(claim.expected), claim.title)
            )
            + "</tr>"
            for claim in self.values()
        )
        head = "".join(f"<th>{name}</th>" for name in ("claim", "source", "expected", "what it says"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def check_register(claims: tuple[Claim, ...], among: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with the register, in words: empty when it is sound.

    Ids are unique, dependencies and corrected claims exist, there is no cycle, every claim has a
    check and names a note.  Claims may also rest on those that `among` names.
    """
    problems = []
    own = [claim.id for claim in claims]
    problems += [f"{i!r} is used twice" for i in sorted({i for i in own if own.count(i) > 1})]
    ids = {*own, *among}
    for claim in claims:
        problems += [f"{claim.id!r} rests on unknown {x!r}" for x in claim.depends_on if x not in ids]
        if claim.corrects is not None and claim.corrects not in ids:
            problems.append(f"{claim.id!r} corrects unknown {claim.corrects!r}")
        if not claim.checks:
            problems.append(f"{claim.id!r} has nothing that can fail")
        if "#" not in claim.note:
            problems.append(f"{claim.id!r} names no section of a note")
    try:
        tuple(TopologicalSorter({claim.id: claim.depends_on for claim in claims}).static_order())
    except CycleError as error:
        problems.append(f"claims rest on each other: {' -> '.join(error.args[1])}")
    return problems


claims = Register(CLAIMS)
"""Claim id -> Claim, in the paper's order."""
