"""The benchmark page is what the stored results say, and these keep the promises of the exact engine."""

import copy
import json
from pathlib import Path

import pytest
from helpers import script

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def render():
    """benchmarks/render.py as a module."""
    return script("benchmarks", "render.py")


@pytest.fixture
def results():
    """The stored results."""
    return json.loads((ROOT / "benchmarks" / "results.json").read_text())


def rows(results, table):
    """The stored rows of one table."""
    return [row for row in results["rows"] if row["table"] == table]


def test_the_page_is_rendered_from_the_stored_results(render, results):
    """docs/benchmarks.md equals its rendering; changed results would change it."""
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    assert render.page(results) == page
    changed = copy.deepcopy(results)
    changed["rows"][0]["seconds"] *= 2
    assert render.page(changed) != page
    changed["rows"] = rows(results, "ten million")
    assert "Peak memory" in page
    assert "Peak memory" not in render.page(changed)


def test_a_run_is_stored_with_machine_versions_and_rows_only(render):
    """Of a pytest-benchmark run the host's name and the date are left out."""
    run = {
        "machine_info": {
            "node": "secret-host",
            "system": "Linux",
            "machine": "x86_64",
            "python_version": "3.11.0",
            "cpu": {"brand_raw": "A processor", "count": 4},
        },
        "datetime": "2025-01-01",
        "benchmarks": [
            {"extra_info": {"table": "unfiltered", "n": 10}, "stats": {"min": 1.0, "median": 2.0}},
            {"extra_info": {}, "stats": {"min": 1.0, "median": 2.0}},
        ],
    }
    stored = render.stored(run)
    assert stored["machine"] == {"cpu": "A processor", "cores": 4, "system": "Linux x86_64"}
    assert stored["rows"] == [{"table": "unfiltered", "n": 10, "seconds": 1.0, "median": 2.0}]
    assert "secret-host" not in json.dumps(stored)
    assert set(stored["versions"]) == {"python", "filtergain", "numpy", "scipy"}


def test_an_unfiltered_draw_is_cheap_at_any_number_of_pairs(results):
    """Under 1 ms alone at 10^15 pairs, and flat from 10^3 to 10^15 within a factor of 2."""
    single = {row["n"]: row["seconds"] for row in rows(results, "unfiltered") if row["draws"] == 1}
    assert {10**3, 10**15} <= set(single)
    assert single[10**15] < 1e-3
    assert max(single.values()) < 2 * min(single.values())


def test_a_filtered_draw_is_near_the_floor_at_ten_million_pairs(results):
    """At most 1.25 times the cost of drawing 2r normals a pair, in under 300 MB."""
    assert all(row["seconds"] <= 1.25 * row["floor"] for row in rows(results, "ten million"))
    peaks = [row["peak"] for row in rows(results, "memory") if row["engine"] == "exact"]
    assert peaks
    assert max(peaks) < 300e6


def test_the_dimension_does_not_matter_to_a_filtered_draw(results):
    """From d = 8 to d = 256 the cost of a scored pair is flat within a factor of 1.5."""
    costs = {row["d"]: row["seconds"] / row["pairs"] for row in rows(results, "dimension")}
    assert {8, 256} <= set(costs)
    assert max(costs.values()) < 1.5 * min(costs.values())


def test_drawing_the_score_first_pays_where_few_pairs_are_kept(results):
    """At r >= 8 a threshold that keeps few pairs costs under 0.8 of the floor where most are corrupted."""
    few = [
        row["seconds"] / row["floor"]
        for row in rows(results, "scored pair")
        if row["r"] >= 8 and row["eta"] == 0.01 and row["filter"] in ("theta = r/2", "keep 10 %")
    ]
    assert len(few) == 4
    assert max(few) < 0.8


def test_the_limit_engine_is_quick_and_flat_in_the_number_of_pairs(results):
    """A filtered draw takes under 20 ms at r = 4, under 1 s at r = 16; from 10^9 pairs on flat within 1.2."""
    cells = {}
    for row in rows(results, "limit"):
        assert row["seconds"] < {4: 0.02, 16: 1.0}[row["r"]]
        if row["n"] >= 10**9:
            cells.setdefault((row["filter"], row["r"]), {})[row["n"]] = row["seconds"]
    assert len(cells) == 6
    for times in cells.values():
        assert {10**9, 10**15} <= set(times)
        assert max(times.values()) < 1.2 * min(times.values())


def test_a_kept_share_costs_little_more_than_the_floor(results):
    """At most 1.3 times the cost of drawing 2r normals a pair, whatever is kept."""
    shares = [
        row["seconds"] / row["floor"] for row in rows(results, "scored pair") if "keep" in row["filter"]
    ]
    assert len(shares) == 24
    assert max(shares) < 1.3
