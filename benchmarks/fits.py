"""What `fit` promises, counted: intervals on random synthetic sets, decisions on real pairs.

    python benchmarks/fits.py coverage --runs 300 --record out/coverage.jsonl
    python benchmarks/fits.py ranks --runs 1200 --record out/ranks.jsonl
    python benchmarks/fits.py decisions --runs 1000 --record out/decisions.jsonl

One line is written a run, so that an interrupted one goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from verification.studies import fit_coverage as study
from verification.studies import real_pairs

ETAS = (1.0, 0.6, 0.36, 0.22)
"""Where learning on all of DECIDED real pairs errs little enough for a decision."""

DECIDED = 5_000


def coverage(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """One random setting, as each kind of set that is asked for."""
    kinds = options.kinds.split(",")
    return [study.one_set(kind, options.seed, index, options.most_pairs) for kind in kinds]


def decisions(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """Run `index`: sets and clean shares in turn."""
    cells = [(name, eta) for name in real_pairs.SETS for eta in ETAS]
    name, eta = cells[index % len(cells)]
    return [study.one_decision(name, eta, DECIDED, options.seed, index)]


def ranks(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """Set `index`: the settings at the edge in turn."""
    return [study.one_rank(options.seed, index)]


def ranks_text(rows: list[dict[str, Any]]) -> str:
    """How often each end of the interval missed, and how often lower end and value were another rank."""
    seen = [(row["r"], *row["shown"]) for row in rows if row["shown"]]
    counts = {
        "lower end above the truth": sum(low > r for r, low, _, _ in seen),
        "upper end below it": sum(high < r for r, _, _, high in seen),
        "lower end another number": sum(low != r for r, low, _, _ in seen),
        "value another number": sum(value != r for r, _, value, _ in seen),
    }
    return "\n".join(f"{name:28} {count:4d} of {len(seen)}" for name, count in counts.items())


def coverage_text(rows: list[dict[str, Any]]) -> str:
    """Misses by name, and how far forecasts are off."""
    lines = [f"{name:28} {bad:4d} of {tried}" for name, (bad, tried) in study.misses(rows).items()]
    lines.append(f"no direction seen: {sum(not row['held'] for row in rows)} of {len(rows)}")
    off = np.abs([row["off"] for row in rows if row["off"] is not None])
    if len(off):
        lines.append(f"forecast off by over 10%: {(off > 0.1).sum()} of {len(off)}, most {off.max():.3f}")
    decided = Counter(row["decided"] for row in rows)
    lines.append(f"decided: {decided[True]} of {decided[True] + decided[False]}")
    return "\n".join(lines)


def decisions_text(rows: list[dict[str, Any]]) -> str:
    """Wrong decisions, decisions and runs."""
    bad, made, total = study.wrong(rows)
    by_word = Counter(row["decision"] for row in rows)
    return f"{bad} wrong of {made} decisions in {total} runs ({dict(by_word)})"


STUDIES = {
    "coverage": (coverage, coverage_text),
    "ranks": (ranks, ranks_text),
    "decisions": (decisions, decisions_text),
}


def main() -> int:
    """Run what the record does not hold, and say what it shows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(study.MAKERS))
    parser.add_argument("--most-pairs", type=float, default=2e5)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after so many")
    options = parser.parse_args()
    options.record.parent.mkdir(parents=True, exist_ok=True)
    run, text = STUDIES[options.study]
    held = options.record.read_text(encoding="utf-8").splitlines() if options.record.exists() else []
    rows = [json.loads(line) for line in held]
    done = {row["index"] for row in rows if row["seed"] == options.seed}
    started = time.monotonic()
    for index in range(options.runs):
        if index in done or time.monotonic() - started > 60 * options.minutes:
            continue
        found = run(options, index)
        with options.record.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in found)
        rows += found
    print(text(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
