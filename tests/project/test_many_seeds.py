"""The run over many seeds: what it judges, what it records, and that a bad seed cannot be missed."""

import json
import sys
from dataclasses import replace

import pytest
from helpers import script

from bounds import claims
from verification.checks.forecast import PILOTS
from verification.checks.plan import PROFILES, plan
from verification.checks.survival import survival


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


def test_the_page_tells_a_bad_seed_and_where_it_was_mended():
    """A seed is counted once, however often it was judged; one that failed stays on the page."""
    build = script("docs", "build.py")
    row = {"seed": 3, "commit": "a", "status": 0, "mutants": 5, "survivors": [], "differ": []}
    bad = {**row, "status": 1, "survivors": ["eq-29~n-"]}
    told = build.seeds_line([{**row, "seed": 2}, bad, {**row, "commit": "b"}])
    assert "2 seeds in 3 runs" in told
    assert "seed 3 of `a` (mended: 0 at `b`)" in told
    assert "15 wrong versions were judged, and 1 were not refuted, or by luck only" in told
    assert "(mended" not in build.seeds_line([bad])
    assert "Every one ended with status 0." in build.seeds_line([row])


def test_what_is_planned_once_is_what_each_seed_plans(seeds):
    """The same numbers as without keeping them, for plans that differ in any part of their design."""
    claim = claims["eq-29"]
    plans = [plan("x", claim, check, 1e-9, PROFILES["quick"], None, 0) for check in claim.checks]
    wrong = [replace(p, claim=claim.with_bound(claim.bound / 2)) for p in plans]
    pairs = list(zip(wrong, plans, strict=True))
    once = seeds._planned_once()
    for _ in range(2):
        assert once(pairs, PILOTS[:1]) == survival(pairs, PILOTS[:1])
        assert once(pairs[:1], PILOTS[:1]) == survival(pairs[:1], PILOTS[:1])
        assert once(list(zip(plans, plans, strict=True)), PILOTS[:1]) > once(pairs, PILOTS[:1])
