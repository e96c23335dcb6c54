"""Shows what was counted about `fit` on its pages, from docs/fits.json and docs/figure-3b.json.

`python docs/fits.py` renders; `python docs/fits.py RUN` takes the output of `filtergain reproduce figure-3b
--json` first, without its rows.  docs/fits.json is filled by `benchmarks/fits.py --into`.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COUNTED = ROOT / "docs" / "fits.json"
REAL = ROOT / "docs" / "figure-3b.json"
NOTE = ROOT / "proofs_notes" / "fitting.md"
PAGE = ROOT / "docs" / "your-own-embeddings.md"

SLOPES = ("all pairs", "clean pairs only", "filter, theta = 0", "keep 30%")
GAINS = ("keep 30%", "blend", "rule: fit")
RULES = {
    "fit": "`fit`'s decision",
    "blend": "`fit`'s weights",
    "keep 30%": "keep 30%",
    "two Gaussians": "two Gaussians",
    "Otsu": "Otsu",
}


def record(run: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of a run's JSON: everything but its rows, and the gains that they hold."""
    sets = []
    for found in run["sets"]:
        rows = {(row["estimator"], row["eta"]): row for row in found["rows"]}
        etas = [line["true"] for line in found["eta"]]
        kept = {key: found[key] for key in ("set", "r", "n", "regret", "eta", "wrong_decisions", "decisions")}
        kept["slopes"] = {name: found["slopes"][name] for name in SLOPES}
        kept["floor"] = found["floor"]["0.6"]
        kept["gain"] = {name: [rows[name, eta]["gain"] for eta in etas] for name in GAINS}
        kept["gain"]["best"] = [
            rows["all pairs", eta]["mean"] / rows["all pairs", eta]["best_in_hindsight"] for eta in etas
        ]
        kept["runs"] = rows["all pairs", etas[0]]["runs"]
        sets.append(kept)
    return {"seed": run["seed"], "sets": sets}


def real_pairs(stored: dict[str, Any]) -> str:
    """Slopes, gains and floors of the real sets, and what choices lose to hindsight there."""
    head = (
        "| pairs (n, r) | slope in η: all pairs | clean pairs only | filter, θ = 0 | keep 30% | gain of keep "
        "30%, η from 1 to 0.05 | best share in hindsight | floor, keep 60% |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    lines = []
    for one in stored["sets"]:
        slopes = [_slope(one["slopes"][name]) for name in SLOPES]
        gains, best = one["gain"]["keep 30%"], one["gain"]["best"]
        at = one["eta"][best.index(max(best))]["true"]
        cells = (
            f"{one['set']} ({one['n']:,}, {one['r']})", *slopes, f"{gains[0]:.2f} to {gains[-1]:.2f}",
            f"{max(best):.2f} at η = {at:g}", f"{one['floor']:.2f}",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    runs, seed = stored["sets"][0]["runs"], stored["seed"]
    said = (
        f"Slopes with 95% intervals, where the error is small; {runs} runs of each η (`filtergain reproduce "
        f"figure-3b --replicates {runs} --seed {seed}`); gain is the error of all pairs over the filter's."
    )
    return "\n".join([head, *lines]) + f"\n\n{said}"


def _slope(found: dict[str, float]) -> str:
    value, low, high = (f"{found[key]:.2f}".replace("-", "−") for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def regrets(stored: dict[str, Any]) -> str:
    """Each rule's error over the best in hindsight, and how the two of `fit` do over all places."""
    head = f"| pairs | {' | '.join(RULES.values())} |\n|---|{'---|' * len(RULES)}"
    lines = []
    for one in stored["sets"]:
        worst = [f"{max(one['regret'][rule]):.2f}" for rule in RULES]
        lines.append(f"| {one['set']} | {' | '.join(worst)} |")
    told = []
    for rule, name, title in (("fit", "rule: fit", "decision"), ("blend", "blend", "weights")):
        lost = [value for one in stored["sets"] for value in one["regret"][rule]]
        gain = [value for one in stored["sets"] for value in one["gain"][name]]
        told.append(
            f"- `fit`'s {title}: mean gain over all pairs {statistics.fmean(gain):.2f}, from {min(gain):.2f} "
            f"to {max(gain):.2f}, below 0.98 in {sum(value < 0.98 for value in gain)} of {len(gain)} places; "
            f"at most 1.05 times the best in hindsight in {sum(value <= 1.05 for value in lost)}, at worst "
            f"{max(lost):.2f}."
        )
    return "\n".join([head, *lines, "", *told, *_clean_shares(stored)])


def _clean_shares(stored: dict[str, Any]) -> list[str]:
    """How often the clean share's intervals held, their width, and the decisions."""
    held = above = total = wrong = made = 0
    widths: dict[str, list[float]] = {}
    for one in stored["sets"]:
        wrong, made = wrong + one["wrong_decisions"], made + one["decisions"]
        for line in one["eta"]:
            above += sum(bound > line["true"] for bound in line["lower_bounds"])
            for _, low, high in line["estimates"]:
                held += low <= line["true"] <= high
                total += 1
                widths.setdefault(one["set"], []).append((high - low) / 2)
    by_set = ", ".join(f"{statistics.median(found):.3f}" for found in widths.values())
    every = statistics.median(width for found in widths.values() for width in found)
    return [
        f"- The clean share: lower bound above the truth in {above} of {total} runs; the interval from "
        f"scores held it in {held}; its median half-width is {every:.3f}, by set in the table's order "
        f"{by_set}.",
        f"- Decisions in the same runs: {wrong} wrong of {made}.",
    ]


def counted(stored: dict[str, Any]) -> str:
    """Every study's command and its counts."""
    parts = []
    for found in stored.values():
        rows = [f"| {name} | {some} | {of} |" for name, (some, of) in found["counts"].items()]
        parts.append("\n".join([f"`{found['command']}`", "", "| | count | of |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def decided(stored: dict[str, Any]) -> str:
    """Decisions on real pairs by themselves, and what a rule that knows the truth loses."""
    counts = stored["decisions"]["counts"]
    (wrong, made), (pays, runs) = counts["wrong"], counts["pays"]
    said = [f"{counts[name][0]} of {counts[name][1]}" for name in counts if "gain" in name]
    known = stored["hindsight"]["counts"]
    over = [known[f"{groups} runs: over {bound}"] for groups, bound in ((2, 1.05), (2, 1.2), (4, 1.05))]
    words = (
        f"- `{stored['decisions']['command']}`: {runs} runs of 5000 pairs of the same sets at η from 1 to "
        f"0.22, rate 0.05. {pays} said *pays*, {counts['does-not-pay'][0]} *does not pay*, "
        f"{counts['undecided'][0]} *undecided*. Wrong, held against the mean errors of the runs in their "
        f"place: {wrong} of {made}. Where the gain is over 1.1, {said[0]} runs said *pays*; where it is "
        f"between 1 and 1.02, {said[1]}; where it is below 0.95, {said[2]} said *does not pay*. Undecided "
        "are mostly places between.",
        f"- `{stored['hindsight']['command']}`: what hindsight owes to the luck of a few runs. A rule that "
        "*knows* each share's mean error (from the other runs of its place) errs more than 1.05 times the "
        f"best in hindsight of two runs in {over[0][0]} of {over[0][1]} groups, more than 1.2 times in "
        f"{over[1][0]}; of four runs more than 1.05 times in {over[2][0]} of {over[2][1]}.",
    )
    return "\n".join(words)


BLOCKS: dict[str, tuple[Path, Path, Callable[[dict[str, Any]], str]]] = {
    "counted": (NOTE, COUNTED, counted),
    "real pairs": (PAGE, REAL, real_pairs),
    "regrets": (PAGE, REAL, regrets),
    "decided": (PAGE, COUNTED, decided),
}
"""Block -> (page, record, what renders it)."""


def rendered(name: str, stored: dict[str, Any] | None = None) -> str:
    """A block between its marks, from its record or from `stored`."""
    _, source, render = BLOCKS[name]
    begin, end = _marks(name)
    return f"{begin}\n\n{render(json.loads(source.read_text()) if stored is None else stored)}\n\n{end}"


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: made by `python docs/fits.py` -->", f"<!-- /{name} -->"


def main() -> None:
    """Store a run where one is named, and render every block into its page."""
    for run in sys.argv[1:]:
        REAL.write_text(json.dumps(record(json.loads(Path(run).read_text())), indent=1) + "\n")
    for name, (page, _, _) in BLOCKS.items():
        begin, end = _marks(name)
        before, rest = page.read_text().split(begin)
        page.write_text(before + rendered(name) + rest.split(end)[1])


if __name__ == "__main__":
    main()
