"""What the pages say was counted about `fit` is what was recorded, and the record keeps its promises."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from helpers import script
from scipy import stats

from verification.studies import fit_coverage

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fits():
    """docs/fits.py as a module."""
    return script("docs", "fits.py")


@pytest.fixture(scope="module")
def counts(fits):
    """Record -> label -> (how many, of how many)."""
    return {name: found["counts"] for name, found in json.loads(fits.COUNTED.read_text()).items()}


@pytest.mark.parametrize("name", ["counted", "real pairs", "regrets", "decided"])
def test_the_pages_show_the_records(fits, name):
    """Each block is what its record is rendered to."""
    page = fits.BLOCKS[name][0].read_text()
    assert page.count(fits.rendered(name)) == 1


@pytest.mark.parametrize("name", ["counted", "real pairs", "regrets", "decided"])
def test_a_number_that_was_not_recorded_is_noticed(fits, name):
    """The negative control: with another number in the record the page has no such block."""
    page, source, _ = fits.BLOCKS[name]
    stored = json.loads(source.read_text())
    if "sets" in stored:
        stored["sets"][0]["floor"] += 1
        stored["sets"][0]["regret"]["Otsu"] = [99.0]
    else:
        stored["decisions"]["counts"]["wrong"] = [123, 1000]
    assert fits.rendered(name, stored) not in page.read_text()


def broken(counts):
    """The recorded rates that are further above 5% than chance takes them."""
    found = []
    every = (
        *((name, label) for name in ("isotropic", "wide", "kinds") for label in counts[name]),
        *(("spectra", label) for label in counts["spectra"]),
        *(("ranks", label) for label in counts["ranks"] if "end" in label and "another" not in label),
        ("decisions", "wrong"),
        ("uneven", "wrong"),
        ("forecasts", "surely"),
    )
    for study, label in every:
        if label in ("no direction seen", "decided") or (study == "kinds" and label.endswith("scores")):
            continue  # no promise: what is seen, and the interval from scores off the model
        some, of = counts[study][label]
        rate = 0.025 if study in ("spectra", "ranks") else fit_coverage.ALPHA
        if stats.binomtest(some, of, rate, "greater").pvalue < 1e-3:
            found.append((study, label))
    return found


def test_the_recorded_rates_are_those_promised(counts):
    """Intervals, bounds, forecasts and decisions: none missed more often than stated."""
    assert broken(counts) == []
    bounds = [v for study in counts.values() for label, v in study.items() if label.endswith("lower bound")]
    assert len(bounds) == 6
    assert sum(some for some, _ in bounds) <= fit_coverage.ALPHA * sum(of for _, of in bounds)


def test_a_rate_twice_the_promised_one_is_noticed(counts):
    """The negative control: 100 of 1000 decisions wrong, and a lower end of the rank that is too high."""
    wrong = json.loads(json.dumps(counts))
    wrong["decisions"]["wrong"] = [100, 1000]
    wrong["ranks"]["lower end above the truth"] = [70, 1200]
    assert broken(wrong) == [("ranks", "lower end above the truth"), ("decisions", "wrong")]


def test_real_pairs_keep_their_promises(fits):
    """Weights lose at most 2% to all pairs; the clean share's intervals hold, and decisions are right."""
    sets = json.loads(fits.REAL.read_text())["sets"]
    assert len(sets) == 5
    gains = [gain for one in sets for gain in one["gain"]["blend"]]
    assert len(gains) == 35
    assert min(gains) > 0.98
    runs = [(line, i) for one in sets for line in one["eta"] for i in range(one["runs"])]
    missed = sum(not line["estimates"][i][1] <= line["true"] <= line["estimates"][i][2] for line, i in runs)
    above = sum(line["lower_bounds"][i] > line["true"] for line, i in runs)
    for count in (missed, above):
        assert stats.binomtest(count, len(runs), fit_coverage.ALPHA, "greater").pvalue > 1e-3
    wrong, made = (sum(one[key] for one in sets) for key in ("wrong_decisions", "decisions"))
    assert stats.binomtest(wrong, made, fit_coverage.ALPHA, "greater").pvalue > 1e-3


def test_the_page_begins_with_what_keeping_a_share_cost_most(fits):
    """The words on keeping the top 30% are the record's largest loss."""
    sets = json.loads(fits.REAL.read_text())["sets"]
    most = max(1 / gain for one in sets for gain in one["gain"]["keep 30%"])
    page = fits.PAGE.read_text()
    assert f"keeping the top 30% multiplied the error by up to {most:.0f}" in page
    assert most > 5


def test_a_run_is_recorded_without_its_rows(fits):
    """Gains by eta from the rows of the run's JSON; the best in hindsight as the ratio to all pairs."""
    rows = [
        {
            "estimator": name,
            "eta": eta,
            "mean": 2.0,
            "gain": 1.0 + k + eta,
            "best_in_hindsight": 1.6,
            "runs": 3,
        }
        for k, name in enumerate(("all pairs", *fits.GAINS))
        for eta in (1.0, 0.5)
    ]
    slopes = {name: {"value": -1.0, "low": -1.1, "high": -0.9} for name in fits.SLOPES}
    regret = {rule: [1.0, 1.2] for rule in fits.RULES}
    eta = [
        {"true": e, "estimates": [[e, 0.4, 1.0]], "lower_bounds": [0.3], "decisions": ["undecided"]}
        for e in (1.0, 0.5)
    ]
    one = {"set": "s", "r": 2, "n": 5, "slopes": slopes, "floor": {"0.6": 0.25}, "regret": regret, "eta": eta}
    one |= {"wrong_decisions": 0, "decisions": 0, "rows": rows}
    stored = fits.record({"seed": 4, "sets": [one]})
    assert stored["sets"][0]["gain"] == {
        "keep 30%": [3.0, 2.5], "blend": [4.0, 3.5], "rule: fit": [5.0, 4.5], "best": [1.25, 1.25]
    }  # fmt: skip
    assert "| s (5, 2) | −1.00 (−1.10 to −0.90) |" in fits.real_pairs(stored)
    assert "3 runs of each η" in fits.real_pairs(stored)
    assert "half-width is 0.300" in fits.regrets(stored)


@pytest.mark.parametrize("name", ["spectra", "ranks", "decisions", "hindsight"])
def test_a_recorded_run_is_the_same_again(fits, name, tmp_path, monkeypatch):
    """The stored first row of a study, from its seed, by the script."""
    stored = json.loads(fits.COUNTED.read_text())[name]
    record = tmp_path / f"{name}.jsonl"
    arguments = ["fits.py", stored["command"].split()[2], "--runs", "1", "--record", str(record)]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "benchmarks" / "fits.py"), run_name="__main__")
    row = json.loads(record.read_text().splitlines()[0])
    assert row.keys() == stored["first"].keys()
    for key, value in stored["first"].items():
        assert row[key] == (pytest.approx(value, rel=1e-3) if _numbers(value) else value), key


def _numbers(value):
    """Whether these are computed numbers, which another machine rounds in another way."""
    return isinstance(value, float | list)
