"""What is counted about `fit`: intervals on random sets, decisions on real pairs."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from verification.studies import drawn_answers, fit_coverage, real_pairs

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "fits.py"


def test_a_set_says_what_its_intervals_held():
    """All promises of an isotropic set, those without a model of the others; the same again from the seed."""
    plain = fit_coverage.one_set("isotropic", 0, 1, 4000)
    assert {"lower bound", "eta, scores", "r"} <= set(plain["held"])
    assert fit_coverage.one_set("isotropic", 0, 1, 4000) == plain
    heavy = fit_coverage.one_set("t-noise", 0, 1, 4000)
    assert set(heavy["held"]) <= {"lower bound", "eta, scores"}


def test_ranks_at_the_edge_are_counted(tmp_path, monkeypatch, capsys):
    """Each setting in turn; the ends and the value against the truth, those without a direction apart."""
    shown = [fit_coverage.one_rank(0, index) for index in range(6)]
    assert [row["r"] for row in shown] == [setting.r for setting, _ in fit_coverage.AT_THE_EDGE]
    assert all(low <= value <= high for low, value, high in (row["shown"] for row in shown))
    assert any(row["shown"][0] < row["r"] == row["shown"][1] for row in shown)
    record = tmp_path / "ranks.jsonl"
    made = [(3, [3, 3, 3]), (3, [4, 4, 5]), (3, [1, 2, 2]), (3, [2, 3, 3]), (3, None)]
    rows = [{"seed": 0, "index": i, "r": r, "shown": seen} for i, (r, seen) in enumerate(made)]
    record.write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(sys, "argv", ["fits.py", "ranks", "--runs", "5", "--record", str(record)])
    with pytest.raises(SystemExit):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    counts = [line.split()[-3:] for line in capsys.readouterr().out.splitlines()]
    assert counts == [["1", "of", "4"], ["1", "of", "4"], ["3", "of", "4"], ["2", "of", "4"]]


def test_uneven_sets_are_answered_as_is_then_drawn():
    """Each kind in turn; the decision stands beside the gain of other draws, the same again from the seed."""
    row = drawn_answers.one_uneven(0, 1)
    assert row["kind"] == "two levels"
    assert row["right"] != fit_coverage.mistaken(row["decision"], row["gain"])
    assert row["told"]
    low, high = row["measured"][1:]
    assert low < row["gain"] < high


def test_a_forecast_stands_beside_what_is_drawn():
    """The error after filtering, and its mean with a standard error; neither where none is forecast."""
    none, made = (drawn_answers.one_forecast(0, index, 2e4) for index in (0, 6))
    assert (none["forecast"], none["drawn"], none["error"]) == (None, None, None)
    assert 0 < made["error"] < 0.1 * made["drawn"]
    assert made["forecast"] == pytest.approx(made["drawn"], rel=0.2)


def test_what_was_counted_is_stored_with_its_command(tmp_path, monkeypatch):
    """Under the record's name, beside what is there; `spectra` counts each end of each interval."""
    stored = tmp_path / "fits.json"
    stored.write_text(json.dumps({"other": {"command": "c", "counts": {}}}))
    record = tmp_path / "spectra.jsonl"
    options = ["spectra", "--runs", "2", "--seed", "3", "--record", str(record), "--into", str(stored)]
    monkeypatch.setattr(sys, "argv", ["fits.py", *options])
    with pytest.raises(SystemExit):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    found = json.loads(stored.read_text())
    assert set(found) == {"other", "spectra"}
    assert found["spectra"]["command"] == (
        "python benchmarks/fits.py spectra --runs 2 --seed 3 --record out/spectra.jsonl"
    )
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    assert len(rows) == 4
    above = sum(row["places"]["eta"] == "above" for row in rows if row["settings"] == "any")
    assert found["spectra"]["counts"]["any: eta above"] == [above, 2]
    assert len(found["spectra"]["counts"]) == 12
    assert found["spectra"]["first"] == rows[0]


def test_misses_and_wrong_decisions_are_counted():
    """Each row once; a decision is held against the mean errors of its own set and clean share."""
    rows = [{"kind": "signs", "held": {"r": held}} for held in (True, False, True)]
    assert fit_coverage.misses(rows) == {"signs: r": (1, 3)}
    made = [
        {"set": "s", "eta": eta, "n": 9, "decision": said, "all": 1.0, "filtered": filtered}
        for eta, filtered, said in (
            (1.0, 2.0, "pays"),
            (1.0, 2.0, "does-not-pay"),
            (0.1, 0.5, "pays"),
            (0.1, 0.5, "does-not-pay"),
            (0.1, 0.5, "undecided"),
        )
    ]
    assert fit_coverage.wrong(made) == (2, 4, 5)
    assert [gain for gain, _ in fit_coverage.by_place(made)] == [0.5, 2.0]


def test_a_rule_that_knows_every_mean_is_held_against_hindsight():
    """By groups of runs; the share is chosen from the other runs, which may favour another one."""
    rows = [
        {"set": "s", "eta": 1.0, "errors": errors}
        for errors in ([2.0, 1.0], [2.0, 1.0], [1.0, 3.0], [1.0, 3.0])
    ]
    assert fit_coverage.known_best(rows, 2) == [2.0, 3.0]
    assert fit_coverage.known_best(rows, 4) == []
    drawn = fit_coverage.one_hindsight("digits", 1.0, 0, 0)
    assert len(drawn["errors"]) == 10
    assert min(drawn["errors"]) == drawn["errors"][0]


def test_the_record_is_continued(tmp_path, monkeypatch, capsys):
    """A second call with more runs draws only those that are missing."""
    monkeypatch.setattr(real_pairs, "SETS", {"digits": real_pairs.digits})
    record = tmp_path / "made" / "decisions.jsonl"

    def script(runs):
        monkeypatch.setattr(sys, "argv", ["fits.py", "decisions", "--runs", runs, "--record", str(record)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        assert ended.value.code == 0
        return [json.loads(line) for line in record.read_text().splitlines()]

    first = script("1")
    assert [row["index"] for row in script("2")] == [0, 1]
    assert script("2")[0] == first[0]
    assert "of" in capsys.readouterr().out
