"""What `fit` promises, counted: intervals on random synthetic sets, decisions on real pairs.

    python benchmarks/fits.py coverage --runs 300 --record out/coverage.jsonl
    python benchmarks/fits.py ranks --runs 1200 --record out/ranks.jsonl
    python benchmarks/fits.py decisions --runs 1000 --record out/decisions.jsonl
    python benchmarks/fits.py spectra --runs 20000 --record out/spectra.jsonl
    python benchmarks/fits.py uneven --runs 30 --record out/uneven.jsonl
    python benchmarks/fits.py forecasts --runs 100 --most-pairs 2e4 --record out/forecasts.jsonl
    python benchmarks/fits.py hindsight --runs 840 --record out/hindsight.jsonl

One line is written a run, so that an interrupted one goes on where it stopped.  `--into docs/fits.json`
stores what was counted under the record's name; `python docs/build.py fits` shows it on the page.
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

from verification.studies import drawn_answers, figure_3b, real_pairs, spectral_coverage
from verification.studies import fit_coverage as study

Counts = dict[str, tuple[int, int]]
"""What was counted: how many, of how many."""

ETAS = (1.0, 0.6, 0.36, 0.22)
"""Where learning on all of DECIDED real pairs errs little enough for a decision."""

DECIDED = 5_000

CLEAR = (
    ("pays, gain over 1.1", "pays", 1.1, np.inf),
    ("pays, gain 1 to 1.02", "pays", 1.0, 1.02),
    ("does-not-pay, gain below 0.95", "does-not-pay", 0.0, 0.95),
)
"""(label, decision, least gain, largest gain): how often it is said where it is right, or hardly."""


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


def spectra(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """The model's intervals at a random setting, and at one with many columns, from drawn moments."""
    found = []
    for name, make in (("any", study.random_setting), ("many columns", spectral_coverage.crowded_setting)):
        rng = np.random.default_rng([options.seed, index])
        places = spectral_coverage.one_draw(make(rng), rng)
        found.append({"seed": options.seed, "index": index, "settings": name, "places": places})
    return found


def uneven(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """The answer on one set with noise that is not alike in all directions."""
    return [drawn_answers.one_uneven(options.seed, index)]


def forecasts(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """The forecast on one random isotropic set, and what is then drawn."""
    return [drawn_answers.one_forecast(options.seed, index, options.most_pairs)]


def hindsight(options: argparse.Namespace, index: int) -> list[dict[str, Any]]:
    """Run `index`: the places of Figure 3b's counterpart in turn."""
    cells = [(name, eta) for name in real_pairs.SETS for eta in figure_3b.ETAS]
    return [study.one_hindsight(*cells[index % len(cells)], options.seed, index)]


def ranks_counts(rows: list[dict[str, Any]]) -> Counts:
    """How often each end of the interval missed, and how often lower end and value were another rank."""
    seen = [(row["r"], *row["shown"]) for row in rows if row["shown"]]
    counts = {
        "lower end above the truth": sum(low > r for r, low, _, _ in seen),
        "upper end below it": sum(high < r for r, _, _, high in seen),
        "lower end another number": sum(low != r for r, low, _, _ in seen),
        "value another number": sum(value != r for r, _, value, _ in seen),
    }
    return {name: (count, len(seen)) for name, count in counts.items()}


def coverage_counts(rows: list[dict[str, Any]]) -> Counts:
    """Misses by name, and how many forecasts are far off."""
    found = dict(study.misses(rows))
    found["no direction seen"] = sum(not row["held"] for row in rows), len(rows)
    off = np.abs([row["off"] for row in rows if row["off"] is not None])
    decided = Counter(row["decided"] for row in rows)
    if len(off):
        found["forecast off by over 10%"] = int((off > 0.1).sum()), len(off)
        found["decided"] = decided[True], decided[True] + decided[False]
    return found


def decisions_counts(rows: list[dict[str, Any]]) -> Counts:
    """Wrong decisions, and what was said."""
    bad, made, total = study.wrong(rows)
    places = study.by_place(rows)
    found = {"wrong": (bad, made)}
    for word in ("pays", "does-not-pay", "undecided"):
        found[word] = sum(said[word] for _, said in places), total
    for label, word, low, high in CLEAR:
        inside = [said for gain, said in places if low <= gain < high]
        found[label] = sum(said[word] for said in inside), sum(said.total() for said in inside)
    return found


def spectra_counts(rows: list[dict[str, Any]]) -> Counts:
    """How often each interval of the model lay above the truth, and how often below."""
    found = Counter((row["settings"], name, place) for row in rows for name, place in row["places"].items())
    tries = Counter((row["settings"], name) for row in rows for name in row["places"])
    return {
        f"{settings}: {name} {place}": (found[settings, name, place], count)
        for (settings, name), count in tries.items()
        for place in ("above", "below")
    }


def uneven_counts(rows: list[dict[str, Any]]) -> Counts:
    """Wrong decisions, those made, and how often the text says that the noise is not alike."""
    made = [row for row in rows if row["decision"] != "undecided"]
    return {
        "wrong": (sum(not row["right"] for row in made), len(made)),
        "pays": (sum(row["decision"] == "pays" for row in rows), len(rows)),
        "does not pay": (sum(row["decision"] == "does-not-pay" for row in rows), len(rows)),
        "said why": (sum(row["told"] for row in rows), len(rows)),
    }


def forecasts_counts(rows: list[dict[str, Any]]) -> Counts:
    """How many forecasts are further than 10% from what was drawn, by more than its three standard errors."""
    made = [row for row in rows if row["forecast"] is not None]
    off = [abs(row["forecast"] - row["drawn"]) for row in made]
    far = [d > 0.1 * row["drawn"] for d, row in zip(off, made, strict=True)]
    sure = [d > 0.1 * row["drawn"] + 3 * row["error"] for d, row in zip(off, made, strict=True)]
    return {
        "forecast made": (len(made), len(rows)),
        "off by over 10%": (sum(far), len(made)),
        "surely": (sum(sure), len(made)),
    }


def hindsight_counts(rows: list[dict[str, Any]]) -> Counts:
    """How often a rule that knows every mean error loses more than so much to hindsight, by runs a group."""
    found: Counts = {}
    for runs in (2, 4):
        lost = np.array(study.known_best(rows, runs))
        for bound in (1.05, 1.1, 1.2, 1.4):
            found[f"{runs} runs: over {bound:g}"] = int((lost > bound).sum()), len(lost)
    return found


STUDIES = {
    "coverage": (coverage, coverage_counts),
    "ranks": (ranks, ranks_counts),
    "decisions": (decisions, decisions_counts),
    "spectra": (spectra, spectra_counts),
    "uneven": (uneven, uneven_counts),
    "forecasts": (forecasts, forecasts_counts),
    "hindsight": (hindsight, hindsight_counts),
}


def store(options: argparse.Namespace, counts: Counts, first: dict[str, Any]) -> None:
    """What was counted, into the file that the pages are made from, with its command and its first row."""
    held = json.loads(options.into.read_text(encoding="utf-8")) if options.into.exists() else {}
    command = ["python", "benchmarks/fits.py", options.study, "--runs", str(options.runs)]
    defaults = {"seed": "0", "kinds": ",".join(study.MAKERS), "most_pairs": "200000.0"}
    for name, usual in defaults.items():
        if str(getattr(options, name)) != usual:
            command += [f"--{name.replace('_', '-')}", f"{getattr(options, name)}"]
    command += ["--record", f"out/{options.record.name}"]
    held[options.record.stem] = {"command": " ".join(command), "counts": counts, "first": first}
    options.into.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Run what the record does not hold, and say what it shows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(study.MAKERS))
    parser.add_argument("--most-pairs", type=float, default=2e5)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--into", type=Path, help="store the counts in this file too")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after so many")
    options = parser.parse_args()
    options.record.parent.mkdir(parents=True, exist_ok=True)
    run, count = STUDIES[options.study]
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
    counts = count(rows)
    for name, (some, tried) in counts.items():
        print(f"{name:28} {some:4d} of {tried}")
    if options.into is not None:
        store(options, counts, rows[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
