"""`filtergain reproduce figure-3b`: what it prints and writes, and what can go wrong."""

import csv
import json

import pytest

from verification.studies import figure_3b


@pytest.fixture
def short(monkeypatch):
    """Two clean shares in place of seven."""
    monkeypatch.setattr(figure_3b, "ETAS", (1.0, 0.3))
    monkeypatch.setattr(figure_3b.figure_3b, "__defaults__", (8, 0, 1, None, (), (1.0, 0.3)))


@pytest.mark.usefixtures("short")
def test_errors_rules_and_the_picture_are_there(command, tmp_path):
    """The table in 80 columns, one line of CSV an eta and estimator, and a picture."""
    given = ("--set", "digits", "--replicates", 2, "--jobs", 1)
    status, out, err = command("reproduce", "figure-3b", *given, "--out", tmp_path)
    assert status == 0
    for said in ("digits, left and right half: n = 20,000, r = 4, 2 runs", "floor by share kept", "Otsu"):
        assert said in out
    assert max(map(len, out.splitlines())) <= 80
    assert "wrote" in err
    with (tmp_path / "figure-3b.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["eta"] for row in rows} == {"1.0", "0.3"}
    assert {"all pairs", "blend", "rule: fit"} <= {row["estimator"] for row in rows}
    assert (tmp_path / "figure-3b.png").stat().st_size > 20_000
    status, out, _ = command("reproduce", "figure-3b", *given, "--json")
    document = json.loads(out)
    assert [found["set"] for found in document["sets"]] == ["digits, left and right half"]
    assert document["sets"][0]["regret"]["keep 30%"][0] > 2


def test_an_unknown_set_is_told_with_those_that_there_are(command):
    """One line, status 2."""
    status, out, err = command("reproduce", "figure-3b", "--set", "cats", "--replicates", 2)
    assert (status, out) == (2, "")
    assert "--set must be one of digits, white-digits, sans-serif, mono-stix, names, got 'cats'" in err
    status, _, err = command("reproduce", "figure-3b", "--replicates", 1)
    assert status == 2
    assert "--replicates must be a whole number" in err
