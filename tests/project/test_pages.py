"""The table of verdicts that the pages show is the stored run's, and the run is of this register."""

import json
from collections import Counter
from pathlib import Path

import pytest
from helpers import script

from bounds import claims, symbols
from verification.judging.injected_sampled import sampled

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build():
    """docs/build.py as a module."""
    return script("docs", "build.py")


@pytest.fixture(scope="module")
def stored(build):
    """The stored run."""
    return json.loads(build.STORED.read_text())


def test_the_pages_are_rendered_from_the_stored_run(build, stored):
    """README and docs/verdicts.md hold what `make docs` would write."""
    readme = (ROOT / "README.md").read_text()
    assert build.inserted(readme, build.readme_block(stored)) == readme
    assert (ROOT / "docs" / "verdicts.md").read_text() == build.page(
        stored, build.recorded_seeds(), build.recorded_attacks()
    )


def test_every_attack_was_made_and_stood(build):
    """Each claim that a thorough run attacks, at each seed; one attack is made again and finds the same."""
    rows = build.recorded_attacks()
    asked = {(claim.id, seed) for claim in build.to_attack() for seed in build.ATTACKED_AT}
    assert {(row["claim"], row["seed"]) for row in rows} == asked
    assert len(rows) == len(asked) >= 100
    open_ones = [row for row in rows if row["outcome"] != "holds"]
    # The page's own words for them; at the seed of a plain thorough run there is none.
    assert all(row["outcome"] == "undecided" and row["least"] < 30 for row in open_ones)
    for row in open_ones:
        assert symbols.C in set().union(*(c.free_symbols for c in claims[row["claim"]].conditions))
    assert len(open_ones) <= 2
    assert not any(row["seed"] == 0 for row in open_ones)
    shares = build.attack_shares()
    (again,) = [row for row in rows if row["claim"] == "corollary-1-explicit" and row["seed"] == 2]
    claim = claims["corollary-1-explicit"]
    assert build.attacked(claim, 2, shares[claim]) == again
    wrong = claim.with_bound(claim.bound / 2)
    assert build.attacked(wrong, 2, shares[claim])["outcome"] == "fails"


def unmended(rows):
    """The seeds whose last run in the record did not end with 0, or judged something differently."""
    last = {row["seed"]: row for row in rows}
    return [seed for seed, row in last.items() if row["status"] or row["differ"] or row["survivors"]]


def test_every_recorded_seed_ends_well(build):
    """300 seeds, no verdict that differs, and a run that failed was mended: its seed was judged again."""
    rows = build.recorded_seeds()
    assert len({(row["commit"], row["seed"]) for row in rows}) == len(rows)
    assert {row["seed"] for row in rows} == set(range(300))
    assert not any(row["differ"] for row in rows)
    assert unmended(rows) == []
    told = build.seeds_line(rows)
    for row in rows:
        if row["status"] != 0:
            assert f"seed {row['seed']} of `{row['commit']}` (mended: 0 at" in told
    wrong = {**rows[-1], "status": 1, "survivors": ["eq-2~C-down"]}
    assert unmended([*rows[:-1], wrong]) == [wrong["seed"]]


def test_every_false_mistake_in_conditions_is_refuted(build):
    """As the page says, and there are enough of them for that to mean something."""
    rows = json.loads(build.MISTAKES.read_text())["mistakes"]
    false = [row for row in rows if row["kind"].startswith("condition") and row["truth"] == "false"]
    assert len(false) >= 20
    assert {row["verdict"] for row in false} == {"REFUTED"}


def test_the_stored_run_is_of_this_register(stored):
    """Every claim of the register has a row with the verdict that it expects, and no other has one."""
    assert {row["id"]: row["expected"] for row in stored["claims"]} == {
        claim.id: str(claim.expected) for claim in claims.values()
    }
    assert all(row["verdict"] == row["expected"] for row in stored["claims"])
    assert all(row["refuted"] == row["mutants"] for row in stored["claims"])


def test_the_table_would_show_a_difference(build, stored):
    """The negative control: a verdict that is not the expected one is named in the README's block."""
    wrong = json.loads(json.dumps(stored))
    wrong["claims"][0]["verdict"] = "INCONCLUSIVE"
    assert f"Not as expected: {wrong['claims'][0]['id']}" in build.readme_block(wrong)


def test_the_page_of_injected_mistakes_shows_the_recorded_run(build):
    """Its table is the record's; 95% of what is false was refuted, and nothing that is true."""
    record = json.loads(build.MISTAKES.read_text())
    assert build.injected_block(record) in (ROOT / "docs" / "injected-mistakes.md").read_text()
    verdicts = Counter((row["truth"], row["verdict"]) for row in record["mistakes"])
    assert verdicts["true", "REFUTED"] == 0
    false = sum(count for (truth, _), count in verdicts.items() if truth == "false")
    assert false >= 100
    assert verdicts["false", "REFUTED"] >= 0.95 * false


WORDS = dict(
    enumerate(("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))
)


def exact_prose(table):
    """What the words below the table of mistakes in exact claims must say, from its last row."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    *kinds, last = [[int(cell) for cell in row[1:]] for row in rows[2:]]
    assert [sum(column) for column in zip(*kinds, strict=True)] == last
    false, refuted, undecided, proved, true, wrongly, unknown, unknown_refuted, unknown_proved = last
    assert false == refuted + undecided + proved
    assert unknown_refuted + unknown_proved <= unknown
    assert wrongly <= true
    return (
        f"Of the mistakes known to be false {WORDS[proved]} was proved and all but {WORDS[undecided]} were "
        "refuted by an exact counterexample",
        f"Of the true ones {WORDS[wrongly]} was refuted.",
        f"Of the unknown ones {WORDS[unknown_proved]} were proved or certified, and are true",
    )


def test_the_words_on_exact_claims_are_those_of_their_table():
    """The sums of the table are right, and each number in the prose below it is one of them."""
    page = (ROOT / "docs" / "injected-mistakes.md").read_text()
    table = "| kind" + page.partition("| kind")[2].partition("\n\n")[0]
    for said in exact_prose(table):
        assert said in page
    changed = table.replace("| swapped symbols | 14 | 13 | 1 |", "| swapped symbols | 15 | 13 | 2 |")
    changed = changed.replace("| all | 427 | 426 | 1 |", "| all | 428 | 426 | 2 |")
    assert changed != table
    assert not all(said in page for said in exact_prose(changed))


def test_the_record_is_of_this_register(build):
    """The claims that draws of the model support have mistakes in it, and no others."""
    record = json.loads(build.MISTAKES.read_text())
    changed = {row["claim"] for row in record["mistakes"]}
    assert changed == {claim.id for claim in sampled(claims.values())}


def test_the_page_would_show_a_miss(build):
    """The negative control: a false statement that is supported is listed, and its share is told."""
    record = json.loads(build.MISTAKES.read_text())
    for row in record["mistakes"]:
        if row["truth"] == "false":
            row["verdict"] = "SUPPORTED"
    block = build.injected_block(record)
    assert "of which 0.0% were refuted" in block
    assert "| SUPPORTED |" in block
