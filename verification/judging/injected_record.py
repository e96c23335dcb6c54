"""The record of a run of mistakes in claims that draws judge: kept line by line, shown as a table.

python -m verification.judging.injected_record --record out/mistakes.jsonl --out injected-sampled.json
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from verification.judging.injected_sampled import ENOUGH, JudgedSample, sampled, study

Told = dict[str, Any]
"""A mistake in words and what became of it."""


def record(rows: Iterable[Told], each: int, seed: int) -> dict[str, Any]:
    """What a page shows of a run, in plain types."""
    rows = list(rows)
    minutes = round(sum(row["seconds"] for row in rows) / 60, 1)
    return {"each": each, "seed": seed, "minutes": minutes, "mistakes": rows}


def recorded(path: Path | None, each: int, seed: int) -> list[Told]:
    """The rows of a file that are of such a run."""
    lines = path.read_text(encoding="utf-8").splitlines() if path is not None and path.exists() else []
    rows = [json.loads(line) for line in lines]
    return [row["mistake"] for row in rows if (row["each"], row["seed"]) == (each, seed)]


def kept(found: Iterable[Told], path: Path | None, each: int, seed: int) -> Iterable[Told]:
    """What is found, each written to the end of a file at once: an interrupted run goes on from there."""
    for row in found:
        if path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"each": each, "seed": seed, "mistake": row}) + "\n")
        yield row


def timed(rows: Iterable[Told], minutes: float) -> Iterator[Told]:
    """The rows that are made in so many minutes, the last one begun in them."""
    started = time.monotonic()
    for row in rows:
        yield row
        if time.monotonic() - started > 60 * minutes:
            return


def wrong(row: Told) -> bool:
    """Whether something false was let through, or something true refuted."""
    refuted = row["verdict"] == "REFUTED"
    return (row["truth"] == "false" and not refuted) or (row["truth"] == "true" and refuted)


def said(row: Told) -> str:
    """A wrong verdict in words."""
    words = "refuted, and true" if row["truth"] == "true" else "let through"
    stated = f"{row['statement']} given {', '.join(row['conditions'])}"
    return f"{words}: {row['claim']}, {row['kind']}: {stated}: {row['verdict']}; {row['why']}"


def table(stored: Mapping[str, Any]) -> str:
    """Recall by kind, as a Markdown table."""
    names = "kind | false | refuted | undecided | supported | true | refuted | unknown"
    lines = [f"| {names} |", "|---|" + "---:|" * 7]
    rows = stored["mistakes"]
    for kind in (*dict.fromkeys(row["kind"] for row in rows), "all"):
        counts = Counter((row["truth"], row["verdict"]) for row in rows if kind in (row["kind"], "all"))
        totals = Counter(row["truth"] for row in rows if kind in (row["kind"], "all"))
        cells = [
            totals["false"],
            *(counts["false", name] for name in ("REFUTED", "INCONCLUSIVE", "SUPPORTED")),
            totals["true"],
            counts["true", "REFUTED"],
            totals["unknown"],
        ]
        lines.append(f"| {kind} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def recall(stored: Mapping[str, Any]) -> float:
    """Share of the false ones that were refuted; 1 where there is none."""
    false = [row for row in stored["mistakes"] if row["truth"] == "false"]
    return sum(row["verdict"] == "REFUTED" for row in false) / len(false) if false else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, what was let through and what was wrongly refuted; 1 if too much was."""
    from bounds import claims

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("claims", nargs="*", help="their ids; all without")
    parser.add_argument("--each", type=int, default=1, help="so many of each kind in each claim (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf, help="judge no further one after so many")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument(
        "--record", type=Path, help="a file of a line a mistake; those it holds are not judged again"
    )
    parser.add_argument("--out", type=Path, help="a JSON file for what was found")
    options = parser.parse_args(arguments)
    register, run = tuple(claims.values()), (options.each, options.seed)
    chosen = [claim for claim in sampled(register) if not options.claims or claim.id in options.claims]
    order = [claim.id for claim in chosen]
    rows = [row for row in recorded(options.record, *run) if row["claim"] in order]
    known = {name: {row["kind"] for row in rows if row["claim"] == name} for name in order}
    found = map(JudgedSample.as_dict, study(chosen, register, *run, options.jobs, known))
    rows += timed(kept(found, options.record, *run), options.minutes)
    stored = record(sorted(rows, key=lambda row: order.index(row["claim"])), *run)
    if options.out:
        options.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(table(stored))
    bad = [row for row in rows if wrong(row)]
    print(*map(said, bad), sep="\n")
    return int(recall(stored) < ENOUGH or any(row["truth"] == "true" for row in bad))


if __name__ == "__main__":
    raise SystemExit(main())
