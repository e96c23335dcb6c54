import json
import os
import re
import subprocess
import sys

import pytest

from verification.cli import sweep as commands
from verification.cli.main import run
from verification.replication.store import Store
from verification.sweeps.sweep import Progress, Tally

GRID = """
seed = 1
replicates = 3
[setting]
n = 4000
d = 5
r = 2
eta = { log = [0.1, 1.0], count = 4 }
gamma = [1.0, 100.0]
[[procedure]]
estimator = "unfiltered"
[[procedure]]
estimator = "teacher-filtered"
theta = [0.5, 9000]
"""


@pytest.fixture
def grid(tmp_path):
    """A grid of 24 cells, a third of which fail."""
    path = tmp_path / "grid.toml"
    path.write_text(GRID)
    return path


def test_a_sweep_is_stored_resumed_exported_and_plotted(grid, tmp_path, capsys):
    """The four steps of a sweep, each with its summary; the second run finds everything."""
    assert run(["sweep", str(grid), "--executor", "serial"]) == 0
    out = capsys.readouterr().out
    assert "72 rows stored, 0 found, 0 missing of 72; 24 of the new ones failed" in out
    content = re.search(r"content ([0-9a-f]{64})", out)
    assert content
    assert run(["sweep", str(grid), "--executor", "serial", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["stored"], summary["found"], summary["rows"]) == (0, 72, 72)
    assert summary["content"] == content[1]
    store = str(tmp_path / "grid.db")
    with Store.read(store) as opened:
        assert opened.content_hash() == content[1]

    assert run(["export", store, "--to", str(tmp_path / "a.csv")]) == 0
    assert "a.csv: 72 rows" in capsys.readouterr().out
    assert run(["export", store, "--to", str(tmp_path / "a.parquet"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 72

    plot = ["plot", store, "--x", "eta", "--where", "theta=0.5"]
    assert run([*plot, "--y", "gamma", "--quantity", "gain", "--to", str(tmp_path / "a.png")]) == 0
    assert "a.png: 8 points" in capsys.readouterr().out
    assert run([*plot, "--to", str(tmp_path / "a.pdf"), "--no-law", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["points"] == 8


def test_curves_are_named_in_words(grid, tmp_path, monkeypatch, capsys):
    """Estimator, threshold and what else tells a curve from the others, beside the axes."""
    from verification.figures import canvas

    monkeypatch.setitem(canvas.PLAIN, "svg.fonttype", "none")
    assert run(["sweep", str(grid), "--executor", "serial"]) == 0
    assert run(["plot", str(tmp_path / "grid.db"), "--x", "eta", "--to", str(tmp_path / "a.svg")]) == 0
    text = (tmp_path / "a.svg").read_text()
    for name in ("filtered by a teacher, θ = 0.5, γ = 100", "all pairs, γ = 1"):
        assert f">{name}<" in text


def test_a_dry_run_predicts_and_writes_nothing(grid, tmp_path, capsys):
    """Core-seconds and bytes are predicted for what is missing; no store is made."""
    assert run(["sweep", str(grid), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "24 cells x 3 replicates = 72 rows" in out
    assert "core-seconds" in out
    assert "MB in the store" in out
    assert [p.name for p in tmp_path.iterdir()] == ["grid.toml"]
    assert run(["sweep", str(grid), "--dry-run", "--json", "--jobs", "4"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["seconds"] == pytest.approx(whole["core_seconds"] / 4)
    run(["sweep", str(grid), "--executor", "serial"])
    capsys.readouterr()
    run(["sweep", str(grid), "--dry-run", "--json"])
    nothing = json.loads(capsys.readouterr().out)
    assert (nothing["found"], nothing["core_seconds"]) == (72, 0.0)
    # Within a factor of two (small stores are mostly empty pages).
    size = (tmp_path / "grid.db").stat().st_size
    assert whole["store_bytes"] / 2 < size < whole["store_bytes"] * 3


def test_failures_are_tried_again_on_request_only(grid, capsys):
    """A resumed sweep leaves failures alone, unless it is asked to retry them."""
    arguments = ["sweep", str(grid), "--executor", "serial", "--json"]
    run(arguments)
    run(arguments)
    run([*arguments, "--retry-failures"])
    decoder = json.JSONDecoder()
    text = capsys.readouterr().out
    found = []
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    assert [(f["stored"], f["failures"]) for f in found] == [(72, 24), (0, 0), (24, 24)]
    assert len({f["content"] for f in found}) == 1


def test_the_seed_is_a_flag(grid, tmp_path, capsys):
    """--seed draws other numbers, beside those that are there."""
    run(["sweep", str(grid), "--executor", "serial", "--json"])
    first = json.loads(capsys.readouterr().out)
    run(["sweep", str(grid), "--executor", "serial", "--json", "--seed", "2"])
    second = json.loads(capsys.readouterr().out)
    assert (second["found"], second["stored"]) == (0, 72)
    assert first["content"] != second["content"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--executor", "threads"], "executor must be one of processes, dask, mpi, serial"),
        (["--executor", "dask"], "scheduler must be a dask scheduler's address"),
        (["--jobs", "0"], "jobs must be a whole number"),
        (["--jobs", "two"], "must be a number"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--executor", "mpi"], "an MPI sweep needs|mpi4py"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(grid, capsys, arguments, words):
    """A user's mistake gives one line on standard error, nothing on standard output, exit 2."""
    assert run(["sweep", str(grid), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(words, captured.err)
    assert len(captured.err.strip().splitlines()) == 1


def test_wrong_files_are_one_line_and_status_2(grid, tmp_path, capsys):
    """A grid that is wrong or absent, a store that is foreign, locked or absent: one line each."""
    bad = tmp_path / "bad.toml"
    bad.write_text(GRID.replace("0.1, 1.0", "0.1, 1.2"))
    foreign = tmp_path / "foreign.db"
    foreign.write_text("not a store")
    locked = tmp_path / "locked.db"
    cases = [
        (["sweep", str(bad)], r"bad.toml: setting.eta must lie in \(0, 1\], got 1.2"),
        (["sweep", str(tmp_path / "none.toml")], "none.toml.*No such file"),
        (["sweep", str(grid), "--store", str(foreign)], "is not a store of filtergain"),
        (["sweep", str(grid), "--store", str(tmp_path / "none" / "a.db")], "cannot write to .*No such file"),
        (["sweep", str(grid), "--store", str(locked)], f"is being written by process {os.getpid()} on"),
        (["export", str(tmp_path / "none.db"), "--to", "a.csv"], "there is no store"),
        (["export", str(foreign), "--to", "a.csv"], "is not a store"),
        (["export", str(locked), "--to", "a.xls"], "must end in"),
        (["plot", str(foreign), "--x", "eta", "--to", "a.png"], "is not a store"),
        (["plot", str(locked), "--x", "eta", "--to", "a.png"], "must leave cells"),
    ]
    with Store(locked):
        for arguments, words in cases:
            assert run(arguments) == 2, arguments
            captured = capsys.readouterr()
            assert captured.out == ""
            assert re.search(words, captured.err), captured.err
            assert len(captured.err.strip().splitlines()) == 1


def test_progress_lines_say_the_time_so_far_and_the_time_left(monkeypatch, capsys):
    """Away from a terminal progress is a line now and then, on standard error."""
    monkeypatch.setattr(commands, "LINE_SECONDS", 0.0)
    progress = Progress(total=200, found=20, stored=30, elapsed=2.0, remaining_seconds=3661.2)
    progress.tallies["unfiltered"] = Tally(rows=30, failures=2, error_sum=14.0, seconds=3.0)
    with commands._display() as show:
        show(progress)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "50/200 rows (25%), 0:00:02 so far, 1:01:01 left, 2 failed\n"


def test_a_terminal_shows_a_live_table(monkeypatch, capsys):
    """At a terminal there is a bar and a table of what each estimator gave so far."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    progress = Progress(total=200, stored=30, elapsed=2.0)
    progress.tallies["unfiltered"] = Tally(rows=30, failures=2, error_sum=14.0, seconds=3.0)
    progress.tallies["oracle-filtered"] = Tally(rows=1, failures=1)
    from rich.console import Console

    console = Console(width=100)
    console.print(commands._table(progress))
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    for words in ("estimator", "unfiltered", "0.5", "oracle-filtered", "30/200 rows"):
        assert words in out
    shown = [line.strip() for line in out.splitlines()]
    assert [line for line in shown if "━" in line] == [line for line in shown if set(line) <= set("━╸╺")]
    assert "estimator        rows  failed  mean error  seconds a row" in shown
    monkeypatch.setattr(commands.time, "monotonic", iter(range(100)).__next__)
    with commands._display() as show:
        show(progress)
    assert "unfiltered" in capsys.readouterr().err


def test_each_command_has_an_example(capsys):
    """Help is there for the three commands, with an example."""
    for command in ("sweep", "export", "plot"):
        assert run([command, "--help"]) == 0
        assert f"filtergain {command}" in capsys.readouterr().out


def test_processes_run_from_the_command_line(grid, tmp_path):
    """The installed command runs worker processes and gives the content of a serial run."""
    command = [
        sys.executable,
        "-c",
        "from verification.cli import main; main()",
        "sweep",
        str(grid),
        "--json",
    ]
    contents = set()
    for extra in (["--jobs", "2"], ["--executor", "serial"]):
        store = ["--store", str(tmp_path / f"{extra[1]}.db")]
        done = subprocess.run([*command, *extra, *store], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        contents.add(json.loads(done.stdout)["content"])
    assert len(contents) == 1
