"""Cases kept in files, each the worst one seen for its claim."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bounds.claim import Claim
from verification.errors import InvalidArgument
from verification.search.case import Case, load
from verification.search.climb import _stream, judge
from verification.search.space import space
from verification.setting import Procedure

REGRESSIONS = Path("tests/regressions")
"""Where cases are kept in a checkout of this project."""


def save(case: Case, path: Path, claims: Mapping[str, Claim] | None = None) -> Case:
    """Store the worse of a case and the one of the same claim that the file holds; returns what is kept.

    Where two meet, each has lucky draws behind it: the kept one is the larger of two noisy ratios, and
    over many searches the largest of many.  So the stored setting is measured afresh to be compared,
    and what is kept is judged by draws of a stream of its own, numbered by the searches seen: its
    interval covers as if nothing had been chosen.
    """
    from bounds.register import claims as register

    kept = case
    stored = load(path) if path.exists() else None
    if stored is not None and stored.claim == case.claim:
        where = space((claims or register)[case.claim])
        searches = stored.searches + 1
        known = where.with_pairs(stored.setting, int(stored.setting["n"]))
        winner, point = case, case.setting
        if known is not None:
            met = judge(where, known, seed=_stream(case.seed, f"met|{searches}"), alpha=case.alpha)
            if met.ratio >= case.ratio:
                winner, point = stored, known
        again = judge(
            where,
            point,
            seed=_stream(case.seed, f"kept|{searches}"),
            alpha=case.alpha,
            evaluations=winner.evaluations,
            command=winner.command,
        )
        kept = replace(again, searches=searches)
    path.write_text(json.dumps(kept.as_dict(), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return kept


def replay(path: Path, claims: Mapping[str, Claim] | None = None) -> tuple[Case, Case]:
    """(stored case, the same setting judged again with the same draws), for a regression test.

    Raises InvalidArgument where the setting no longer meets the claim's conditions.
    """
    from bounds.register import claims as register

    stored = load(path)
    where = space((claims or register)[stored.claim])
    point = where.with_pairs(stored.setting, int(stored.setting["n"]))
    if point is None:
        raise InvalidArgument("case", str(path), "must lie inside the conditions of its claim")
    again = judge(
        where,
        point,
        seed=stored.seed,
        alpha=stored.alpha,
        evaluations=stored.evaluations,
        command=stored.command,
        procedures=tuple(Procedure(**values) for values in stored.procedures),
    )
    return stored, again
