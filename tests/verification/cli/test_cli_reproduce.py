"""`filtergain reproduce`: output, files and what can go wrong."""

import csv
import json
import math
import sys
from pathlib import Path

import pytest

from verification.errors import ExecutorLost
from verification.studies import experiments


def rows_of(path):
    """The lines of a CSV file as dictionaries."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_table_1_prints_every_printed_row_beside_ours(command, tmp_path):
    """The text names the conventions and how a z is formed; picture and numbers are written."""
    status, out, err = command(
        "reproduce", "table-1", "--replicates", 8, "--jobs", 1, "--out", tmp_path / "new"
    )
    assert status == 0
    for printed in ("28.76 ± 4.00", "16.51 ± 2.03", "10 000 scored", "Algorithm 1 as printed", "fewest runs"):
        assert printed in out
    assert "wrote" in err
    rows = rows_of(tmp_path / "new" / "table-1.csv")
    assert len(rows) == 21
    assert float(rows[0]["printed_mean"]) == pytest.approx(28.76e-4)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["table-1.csv", "table-1.png"]


def test_table_1_says_which_numbers_of_runs_it_excludes(command):
    """With enough replicates the convention with 5 000 scored pairs is contradicted in words."""
    status, out, _ = command("reproduce", "table-1", "--replicates", 40, "--jobs", 1)
    assert status == 0
    assert "contradicts the printed rows, however many runs they had" in out
    assert "agrees with the printed rows" in out
    assert "none" in out


def test_table_1_as_json_is_one_document(command):
    """--json puts the tables, and nothing else, on standard output."""
    status, out, _ = command("reproduce", "table-1", "--replicates", 4, "--jobs", 1, "--seed", 5, "--json")
    document = json.loads(out)
    assert status == 0
    assert (document["experiment"], document["seed"]) == ("table-1", 5)
    assert [len(t["rows"]) for t in document["tables"]] == [7, 7, 7]


def test_figure_2b_writes_counts_beside_what_the_exact_law_expects(command, tmp_path):
    """Every bin has both classes' counts and their expectation, which add up to the pairs."""
    status, out, _ = command("reproduce", "figure-2b", "--n", "2e4", "--out", tmp_path)
    assert status == 0
    assert "exact law: 16" in out
    rows = rows_of(tmp_path / "figure-2b.csv")
    assert sum(int(r["clean"]) + int(r["corrupted"]) for r in rows) == 20_000
    assert sum(float(r["clean_expected"]) + float(r["corrupted_expected"]) for r in rows) == pytest.approx(
        20_000, rel=0.01
    )
    assert (tmp_path / "figure-2b.png").stat().st_size > 10_000


def test_figure_2b_as_json_has_the_histogram(command):
    """--json holds the setting, both p-values and the histogram."""
    status, out, _ = command("reproduce", "figure-2b", "--n", 3000, "--eta", 0.25, "--json")
    document = json.loads(out)
    assert status == 0
    assert document["setting"]["eta"] == 0.25
    assert 0 <= document["clean"]["p_value"] <= 1
    assert len(document["histogram"]) == 120


def test_figure_3a_prints_and_writes_both_curves(command, tmp_path):
    """Ten eta for each estimator, with slopes and the sample condition."""
    status, out, _ = command(
        "reproduce", "figure-3a", "--n", 20_000, "--replicates", 2, "--jobs", 1, "--out", tmp_path
    )
    assert status == 0
    assert "no filter" in out
    rows = rows_of(tmp_path / "figure-3a.csv")
    assert len(rows) == 20
    assert {r["sample_condition_holds"] for r in rows} == {"True", "False"}
    assert (tmp_path / "figure-3a.png").exists()


def test_figure_3a_as_json_repeats_its_bits(command):
    """The same seed gives the same document, another one does not."""
    arguments = ("reproduce", "figure-3a", "--n", 5000, "--replicates", 2, "--jobs", 1, "--json")
    first, again, other = (command(*arguments, "--seed", seed)[1] for seed in (1, 1, 2))
    assert first == again != other
    assert len(json.loads(first)["rows"]) == 20


def test_web_scale_shows_the_filter_s_three_regimes(command, tmp_path):
    """At 1.28e10 pairs the filtered slope goes from -1/2 over 0 to -1, the unfiltered one stays at -1."""
    arguments = ("--replicates", 60, "--jobs", 1, "--out", tmp_path)
    status, out, _ = command("reproduce", "web-scale", *arguments)
    assert status == 0
    assert "n = 12800000000" in out
    assert "limit engine" in out
    rows = rows_of(tmp_path / "web-scale.csv")
    assert (tmp_path / "web-scale.png").exists()

    def slope(estimator, first, last):
        means = {float(r["eta"]): float(r["mean"]) for r in rows if r["estimator"] == estimator}
        etas = sorted(means, reverse=True)
        low, high = etas[last], etas[first]
        return math.log(means[low] / means[high]) / math.log(low / high)

    # Each mean of 60 has a standard error of about 2%: six of a slope over a factor of ten are 0.08.
    assert slope("unfiltered", 0, 9) == pytest.approx(-1, abs=0.08)
    assert slope("teacher-filtered", 0, 2) == pytest.approx(-0.5, abs=0.15)
    assert slope("teacher-filtered", 6, 10) == pytest.approx(0, abs=0.08)
    assert slope("teacher-filtered", 13, 15) < -0.6


def test_figure_3a_takes_an_engine(command):
    """The limit engine draws other bits of the same curves; an unknown one is refused in one line."""
    arguments = ("reproduce", "figure-3a", "--n", 10**6, "--replicates", 30, "--jobs", 1, "--json")
    limit = json.loads(command(*arguments, "--engine", "limit")[1])
    exact = json.loads(command(*arguments)[1])
    assert (limit["engine"], exact["engine"]) == ("limit", "exact")
    for one, other in zip(limit["rows"][:4], exact["rows"][:4], strict=True):
        assert one["mean"] != other["mean"]
        assert one["mean"] == pytest.approx(other["mean"], rel=0.25)
    status, out, err = command(*arguments, "--engine", "steam")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "engine must be one of exact, direct, limit" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("table-2",), "No such command 'table-2'"),
        (("table-1", "--replicates", 1), "replicates must be a whole number in [2"),
        (("table-1", "--replicates", 2.5), "replicates must be a whole number"),
        (("table-1", "--replicates", "many"), "must be a number such as"),
        (("figure-3a", "--n", "1e30"), "n must be a whole number"),
        (("figure-3a", "--n", "inf"), "n must be a whole number"),
        (("figure-3a", "--n", "nan"), "n must be a whole number"),
        (("figure-3a", "--jobs", 0), "jobs must be a whole number"),
        (("figure-3a", "--jobs", 1.5), "jobs must be a whole number"),
        (("figure-2b", "--eta", 1), "eta must lie in (0, 1)"),
        (("figure-2b", "--n", 0), "n must be a whole number"),
        (("figure-2b", "--seed", -1), "seed must be a whole number"),
    ],
)
def test_a_mistake_is_one_line(command, arguments, words):
    """Wrong use ends with status 2 and one line that names the argument."""
    status, out, err = command("reproduce", *arguments)
    assert status == 2
    assert words in err
    assert "Traceback" not in err
    assert out == ""


def test_a_folder_that_cannot_be_made_is_noticed_before_the_work(command, tmp_path, monkeypatch):
    """--out below a file is one line, and nothing was drawn."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(experiments, "table_1", lambda *_: pytest.fail("worked in vain"))
    status, _, err = command("reproduce", "table-1", "--out", tmp_path / "file" / "folder")
    assert status == 2
    assert "must name a folder (" in err


def test_a_missing_extra_is_noticed_before_the_work(command, tmp_path, monkeypatch):
    """Without Matplotlib --out says what to install, before the rest, and writes the numbers."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, out, err = command("reproduce", "figure-2b", "--n", 1000, "--out", tmp_path)
    assert status == 2
    assert err.startswith("filtergain: no picture will be written, the numbers will: ")
    assert ".[figures]" in err
    assert out
    assert [path.name for path in tmp_path.iterdir()] == ["figure-2b.csv"]
    assert command("reproduce", "figure-2b", "--n", 1000)[0] == 0


def test_no_half_written_file_is_left(command, tmp_path, monkeypatch):
    """When drawing fails, neither a picture nor a part of one is left behind."""
    from matplotlib.figure import Figure

    def fails(figure, file, **_):
        (file.write if hasattr(file, "write") else Path(file).write_bytes)(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fails)
    status, _, err = command("reproduce", "figure-2b", "--n", 1000, "--out", tmp_path)
    assert status == 2
    assert "No space left" in err
    assert [p.name for p in tmp_path.iterdir()] == ["figure-2b.csv"]


@pytest.mark.parametrize("name", ["table_1", "figure_3a"])
def test_a_worker_that_dies_is_one_line(command, monkeypatch, name):
    """A lost executor ends with status 2 and its message."""

    def dies(*_, **__):
        raise ExecutorLost("a worker process died; nothing was written")

    monkeypatch.setattr(experiments, name, dies)
    status, _, err = command("reproduce", name.replace("_", "-"))
    assert status == 2
    assert "a worker process died" in err


def test_the_leak_shows_the_printed_rate_failing_and_the_corrected_one_holding(command, tmp_path):
    """At gamma = 1 the printed ratio grows like 1/eta, at 1e4 it does not; both files are written."""
    status, out, _ = command("reproduce", "leak", "--replicates", 3, "--out", tmp_path)
    assert status == 0
    assert "corrected" in out
    rows = rows_of(tmp_path / "leak.csv")
    assert float(rows[-1]["printed_ratio"]) > 8 * float(rows[0]["printed_ratio"])
    assert max(float(row["corrected_ratio"]) for row in rows) < 1
    assert (tmp_path / "leak.png").read_bytes().startswith(b"\x89PNG")
    status, out, _ = command("reproduce", "leak", "--gamma", "1e4", "--replicates", 3, "--json")
    assert abs(json.loads(out)["exponents"]["printed"]) < 0.3
