"""Many seeds of one profile on the claims that are sampled: no verdict may differ, no wrong version survive.

    python benchmarks/seeds.py --seeds 300 --record out/seeds.jsonl

One line is written a seed, so that an interrupted run goes on where it stopped.  Ends with status 1 if a seed
did not end with 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

from bounds import Claim, Law, Level, Scaling, Search, Tail, claims
from verification.checks import proved
from verification.checks.forecast import PILOTS
from verification.checks.plan import Plan
from verification.checks.survival import survival
from verification.judging import looks
from verification.judging.run import verify

SAMPLED = (Tail, Scaling, Level, Law, Search)


def _planned_once() -> Callable[[Sequence[tuple[Plan, Plan]], Sequence[int]], float]:
    """`survival`, computed once for plans that draw the same."""
    found: dict[Hashable, float] = {}

    def planned(plans: Sequence[tuple[Plan, Plan]], pilots: Sequence[int] = PILOTS) -> float:
        designs = [(p.claim, p.check, p.cells, p.looks, p.alpha) for pair in plans for p in pair]
        key = (tuple(designs), tuple(pilots))
        if key not in found:
            found[key] = survival(plans, pilots)
        return found[key]

    return planned


@contextmanager
def once() -> Iterator[None]:
    """Derivations, wrong versions and plans are the same at every seed: inside they are made once."""
    made = {"mutants": cache(looks.mutants), "survival": _planned_once()}
    with patch.object(proved, "derived", cache(proved.derived)), patch.multiple(looks, **made):
        yield


@cache
def commit() -> str:
    """The commit that is judged, as a record may be made of several; empty outside a repository."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def sampled() -> list[Claim]:
    """The claims with a check that draws."""
    return [claim for claim in claims.values() if any(isinstance(c, SAMPLED) for c in claim.checks)]


def judged(seed: int, profile: str, jobs: int) -> dict[str, object]:
    """What one seed found: status, what differs, which wrong versions survive and what was planned."""
    found = verify(sampled(), profile=profile, seed=seed, jobs=jobs)
    return {
        "seed": seed,
        "profile": profile,
        "commit": commit(),
        "status": found.exit_status,
        "claims": len(found),
        "mutants": sum(len(v.mutants) for v in found),
        "differ": [v.claim.id for v in found if not v.as_expected],
        "survivors": [m.id for v in found for m in v.survivors],
        "survival": found.survival,
        "seconds": round(found.seconds, 2),
    }


def recorded(record: Path, profile: str) -> dict[int, dict[str, object]]:
    """The seeds of the profile that a file holds."""
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    rows = [json.loads(line) for line in lines]
    return {row["seed"]: row for row in rows if row["profile"] == profile}


def summary(rows: dict[int, dict[str, object]]) -> str:
    """One line: how many seeds ended with 0, and those that did not."""
    bad = {seed: row for seed, row in sorted(rows.items()) if row["status"] != 0}
    told = [f"seed {s}: {row['differ'] or row['survivors']}" for s, row in bad.items()]
    return "; ".join([f"{len(rows) - len(bad)} of {len(rows)} seeds end with status 0", *told])


def main() -> int:
    """Judge seeds 0, 1, ... that the record does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--record", type=Path, default=Path("out/seeds.jsonl"))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no seed after so many")
    options = parser.parse_args()
    options.record.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    commit()  # now: what is checked out may change before the first seed ends
    rows = recorded(options.record, options.profile)
    with once():
        for seed in range(options.seeds):
            if seed in rows or time.monotonic() - started > 60 * options.minutes:
                continue
            rows[seed] = judged(seed, options.profile, options.jobs)
            with options.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[seed]) + "\n")
            print(f"{summary({seed: rows[seed]})}  ({rows[seed]['seconds']} s)", flush=True)
    print(summary(rows))
    return int(any(row["status"] != 0 for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
