"""The run over many seeds: what it judges, what it records, and that a bad seed cannot be missed."""

import json
import sys

import pytest
from helpers import script

from bounds import claims


@pytest.fixture
def seeds(monkeypatch):
    """The script as a module, which judges two small claims only."""
    return script("benchmarks", "seeds.py")


def run(seeds, monkeypatch, *arguments):
    """The exit status of the script with these arguments, on two small claims."""
    monkeypatch.setattr(seeds, "sampled", lambda: [claims["eq-29"], claims["eq-2-sharp"]])
    monkeypatch.setattr(sys, "argv", ["seeds.py", *map(str, arguments)])
    return seeds.main()


def test_every_claim_that_draws_is_judged(seeds):
    """Those with a tail, an exponent, a value, a law or a search; those with proofs alone are not."""
    names = {claim.id for claim in seeds.sampled()}
    assert {"corollary-1", "eq-29", "table-1", "eq-2-sharp", "theorem-1"} <= names
    assert "lemma-5" not in names


def test_a_run_goes_on_where_it_stopped(seeds, monkeypatch, tmp_path, capsys):
    """A seed that the record holds is not judged again, and counts."""
    record = tmp_path / "deep" / "seeds.jsonl"
    assert run(seeds, monkeypatch, "--seeds", 1, "--record", record) == 0
    assert run(seeds, monkeypatch, "--seeds", 2, "--record", record) == 0
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    assert [row["seed"] for row in rows] == [0, 1]
    assert all(row["survivors"] == row["differ"] == [] and row["mutants"] > 20 for row in rows)
    assert capsys.readouterr().out.endswith("2 of 2 seeds end with status 0\n")


def test_a_bad_seed_is_named_and_fails_the_run(seeds, monkeypatch, tmp_path, capsys):
    """A survivor in the record is an error for ever, whatever later seeds find."""
    record = tmp_path / "seeds.jsonl"
    bad = {"seed": 0, "profile": "quick", "status": 1, "differ": [], "survivors": ["eq-29~n-"]}
    record.write_text(json.dumps(bad) + "\n")
    assert run(seeds, monkeypatch, "--seeds", 1, "--record", record) == 1
    assert "0 of 1 seeds end with status 0; seed 0: ['eq-29~n-']" in capsys.readouterr().out
