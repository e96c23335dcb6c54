"""Turns a pytest-benchmark run into the stored results and the page docs/benchmarks.md.

python benchmarks/render.py RUN.json    stores benchmarks/results.json and writes the page
python benchmarks/render.py             writes the page from the stored results
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
PACKAGES = ("filtergain", "numpy", "scipy")

Row = dict[str, Any]


def stored(run: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a pytest-benchmark run: machine, versions, and one row for each benchmark."""
    machine = run["machine_info"]
    cpu = machine["cpu"]
    rows = [
        {**b["extra_info"], "seconds": b["stats"]["min"], "median": b["stats"]["median"]}
        for b in run["benchmarks"]
        if "table" in b["extra_info"]
    ]
    return {
        "machine": {
            "cpu": cpu.get("brand_raw", machine["machine"]),
            "cores": cpu.get("count"),
            "system": f"{machine['system']} {machine['machine']}",
        },
        "versions": {
            "python": machine["python_version"],
            **{package: version(package) for package in PACKAGES},
        },
        "rows": rows,
    }


def page(results: dict[str, Any]) -> str:
    """The Markdown page of the stored results."""
    machine, versions = results["machine"], results["versions"]
    table = {name: [row for row in results["rows"] if row["table"] == name] for name in TABLES}
    packages = ", ".join(f"{name} {number}" for name, number in versions.items())
    parts = [
        "# Benchmarks",
        "Made by `make bench` and rendered from "
        "[`benchmarks/results.json`](../benchmarks/results.json): do not edit. "
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['system']}; {packages}. "
        "One thread; each time is processor time, the best of several runs. "
        "[`proofs_notes/engines.md`](../proofs_notes/engines.md) says what the engines do.",
    ]
    # A machine may be unable to measure one (memory, outside Linux).
    parts += [render(table[name]) for name, render in TABLES.items() if table[name]]
    return "\n\n".join(parts) + "\n"


def _unfiltered(rows: Sequence[Row]) -> str:
    single = {row["n"]: row for row in rows if row["draws"] == 1}
    many = {row["n"]: row for row in rows if row["draws"] > 1}
    times = [row["seconds"] for row in single.values()]
    return "\n".join(
        [
            "## Unfiltered fits: a cost free of n",
            "",
            "d = 10, d_tilde = 8, r = 4. "
            f"Over all n the slowest single draw takes {max(times) / min(times):.2f} times the fastest.",
            "",
            *_table(
                ("n", "one draw alone", "one draw of 1000 at a time", "draws a second"),
                (
                    (
                        _power(n),
                        _time(single[n]["seconds"]),
                        _time(many[n]["seconds"] / many[n]["draws"]),
                        f"{many[n]['draws'] / many[n]['seconds']:,.0f}",
                    )
                    for n in sorted(single)
                ),
            ),
        ]
    )


def _side_by_side(rows: Sequence[Row]) -> str:
    cells: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in rows:
        key = row["estimator"], row["n"], row["d"], row["d_tilde"], row["r"]
        cells.setdefault(key, {})[row["engine"]] = row["seconds"]
    return "\n".join(
        [
            "## The two engines side by side",
            "",
            "One draw; the filtered ones are Algorithm 1 at θ = 0, η = 0.3.",
            "",
            *_table(
                ("estimator", "n", "d", "d_tilde", "r", "direct", "exact", "ratio"),
                (
                    (
                        estimator,
                        _power(n),
                        *map(str, shape),
                        _time(c["direct"]),
                        _time(c["exact"]),
                        f"{c['direct'] / c['exact']:,.0f}",
                    )
                    for (estimator, n, *shape), c in cells.items()
                ),
            ),
        ]
    )


def _scored_pair(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(row["filter"] for row in rows))
    cells = {(row["r"], row["eta"], row["filter"]): row for row in rows}
    return "\n".join(
        [
            "## The cost of a scored pair",
            "",
            "A filtered draw as a multiple of the floor: drawing 2r standard normals for each scored pair "
            "with NumPy's default generator in the same process, and nothing else. The engine's own is "
            "faster (`seeds.fast`). Below 1 also where corrupted pairs with negative scores are never "
            "drawn, or the score is drawn before the rest. 10⁶ pairs scored.",
            "",
            *_table(
                ("r", "η", *names),
                (
                    (str(r), f"{eta:g}", *(_of_floor(cells[r, eta, name]) for name in names))
                    for r, eta in dict.fromkeys((row["r"], row["eta"]) for row in rows)
                ),
            ),
        ]
    )


def _ten_million(rows: Sequence[Row]) -> str:
    return "\n".join(
        [
            "## Ten million scored pairs, r = 4, θ = 0",
            "",
            *_table(
                ("η", "one draw", "floor", "ratio"),
                (
                    (
                        f"{row['eta']:g}",
                        _time(row["seconds"]),
                        _time(row["floor"]),
                        _of_floor(row),
                    )
                    for row in rows
                ),
            ),
        ]
    )


def _dimension(rows: Sequence[Row]) -> str:
    costs = [row["seconds"] / row["floor"] for row in rows]
    return "\n".join(
        [
            "## The dimension costs nothing",
            "",
            "Filtered, r = 4, θ = 0, η = 0.3, d = d_tilde, 10⁷ pairs scored. "
            f"The largest cost is {max(costs) / min(costs):.2f} times the smallest.",
            "",
            *_table(
                ("d", "ns a scored pair", "multiple of the floor"),
                (
                    (str(row["d"]), f"{1e9 * row['seconds'] / row['pairs']:.1f}", f"{cost:.2f}")
                    for row, cost in zip(rows, costs, strict=True)
                ),
            ),
        ]
    )


def _limit(rows: Sequence[Row]) -> str:
    sizes = list(dict.fromkeys(row["n"] for row in rows))
    cells = {(row["filter"], row["r"], row["n"]): row["seconds"] for row in rows}
    kinds = list(dict.fromkeys((row["filter"], row["r"]) for row in rows))
    large = [[cells[*kind, n] for n in sizes if n >= 10**9] for kind in kinds]
    flat = max(max(times) / min(times) for times in large)
    return "\n".join(
        [
            "## The limit engine: a filtered draw at any n",
            "",
            "One draw, η = 0.3, d = 2r + 2, d_tilde = 2r. At 10⁶ pairs some classes keep so few that each "
            f"pair is drawn. From 10⁹ pairs on the slowest takes at most {flat:.2f} times the fastest.",
            "",
            *_table(
                ("filter", "r", *map(_power, sizes)),
                ((name, str(r), *(_time(cells[name, r, n]) for n in sizes)) for name, r in kinds),
            ),
        ]
    )


def _memory(rows: Sequence[Row]) -> str:
    return "\n".join(
        [
            "## Peak memory",
            "",
            f"One filtered draw at n = {_power(rows[0]['n'])}, d = 10, d_tilde = 8, r = 4, "
            "in a process of its own.",
            "",
            *_table(
                ("engine", "filter", "libraries alone", "peak"),
                (
                    (row["engine"], row["filter"], _megabytes(row["libraries"]), _megabytes(row["peak"]))
                    for row in rows
                ),
            ),
        ]
    )


def _start(rows: Sequence[Row]) -> str:
    return "\n".join(
        [
            "## Starting",
            "",
            "A fresh interpreter, user and system time, the best of several starts.",
            "",
            *_table(
                ("what", "processor seconds"),
                ((f"`{row['what']}`", f"{row['processor']:.2f}") for row in rows),
            ),
        ]
    )


TABLES = {
    "start": _start,
    "unfiltered": _unfiltered,
    "side by side": _side_by_side,
    "scored pair": _scored_pair,
    "ten million": _ten_million,
    "dimension": _dimension,
    "limit": _limit,
    "memory": _memory,
}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---" if i == 0 else "---:" for i in range(len(head))], *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _time(seconds: float) -> str:
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next(((unit, size) for unit, size in units if seconds >= size), ("ns", 1e-9))
    return f"{seconds / size:.3g} {unit}"


def _of_floor(row: Row) -> str:
    return f"{row['seconds'] / row['floor']:.2f}"


def _power(n: int) -> str:
    exponent = len(str(n)) - 1
    if n != 10**exponent:
        return f"{n:,}"
    return "10" + str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def main(arguments: Sequence[str]) -> None:
    """Command line; see the module's first lines."""
    if arguments:
        results = stored(json.loads(Path(arguments[0]).read_text()))
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main(sys.argv[1:])
