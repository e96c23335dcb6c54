"""Cases kept in files, each the worst one seen for its claim."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bounds.claim import Claim
from verification.search.case import Case, load
from verification.search.climb import judge, stream
from verification.search.space import space

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
            met = judge(where, known, seed=stream(case.seed, f"met|{searches}"), alpha=case.alpha)
            if met.ratio >= case.ratio:
                winner, point = stored, known
        again = judge(
            where,
            point,
            seed=stream(case.seed, f"kept|{searches}"),
            alpha=case.alpha,
            evaluations=winner.evaluations,
            command=winner.command,
        )
        kept = replace(again, searches=searches)
    path.write_text(json.dumps(kept.as_dict(), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return kept
