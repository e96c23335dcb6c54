"""Verdicts and numbers depend on claims, profile, alpha and seed: never on who draws what when."""

import random

import pytest

from bounds import claims
from verification import verify
from verification.judging import samples
from verification.statistics.evidence import plain

CHOSEN = ("proposition-1-explicit", "corollary-1-sharp", "regime-flat")
"""A sequential tail test, a law, and an exponent of a filtered error."""


class Stop(Exception):
    """What a user's Ctrl-C is in these tests."""


def run(seed=5, **arguments):
    """Everything that a run reports, but for how long it took."""
    report = verify([claims[i] for i in CHOSEN], profile="quick", seed=seed, **arguments).as_dict()
    del report["seconds"]
    return plain(report)


@pytest.fixture(scope="module")
def reference():
    """One process, nothing stored, nothing interrupted."""
    return run(jobs=1)


def numbers(report):
    """Estimates, intervals and replicate counts of all evidence."""
    evidence = [e for claim in report["claims"] for e in claim["evidence"]]
    return [(e["estimate"], e["interval"], e["replicates"]) for e in evidence]


def test_another_seed_changes_numbers_and_no_verdict(reference):
    """Negative control: the comparison sees a changed draw."""
    other = run(seed=6, jobs=1)
    assert numbers(other) != numbers(reference)
    assert [c["verdict"] for c in other["claims"]] == [c["verdict"] for c in reference["claims"]]


def test_workers_change_nothing(reference, monkeypatch):
    """Two worker processes, also where one would do, report the same to the last digit."""
    monkeypatch.setattr(samples, "WORTH_WORKERS", 0.0)
    assert run(jobs=2) == reference


@pytest.mark.parametrize("order", [1])
def test_the_order_of_completion_changes_nothing(reference, monkeypatch, order):
    """Rows that arrive in a random order are judged in the order of their index."""
    plain_order = samples.run_replicates

    def shuffled(*arguments, **options):
        rows = list(plain_order(*arguments, **options))
        before = [(part, row.replicate) for part, row in rows]
        random.Random(order).shuffle(rows)
        assert [(part, row.replicate) for part, row in rows] != before
        yield from rows

    monkeypatch.setattr(samples, "run_replicates", shuffled)
    assert run(jobs=1) == reference


@pytest.mark.parametrize("moments", [(0.1, 0.4, 0.9)])
def test_interrupting_and_resuming_changes_nothing(reference, tmp_path, monkeypatch, moments):
    """A run stopped again and again, with other numbers of workers, ends as if it never was."""
    store = tmp_path / "draws.db"
    stopped = 0
    for turn, moment in enumerate(moments):

        def interrupt(done, total, what, moment=moment):
            if done >= moment * total:
                raise Stop

        monkeypatch.setattr(samples, "WORTH_WORKERS", 0.0 if turn % 2 else 1e9)
        try:
            run(jobs=1 + turn % 2, store=store, on_progress=interrupt)
        except Stop:
            stopped += 1
    assert stopped
    assert run(jobs=2, store=store) == reference
    assert run(jobs=1, store=store) == reference


def test_claims_in_another_order_are_judged_alike(reference):
    """The order in which claims are named moves rows of the report and nothing in them."""
    backwards = verify([claims[i] for i in reversed(CHOSEN)], profile="quick", seed=5, jobs=1).as_dict()
    assert numbers({"claims": backwards["claims"][::-1]}) == numbers(reference)


def test_a_wrong_row_is_seen(reference, monkeypatch):
    """Negative control: one changed draw in thousands changes the report."""
    true = samples.run_replicates

    def tampered(*arguments, **options):
        for part, row in true(*arguments, **options):
            changed = row.replicate == 3 and row.error is not None
            yield part, row._replace(error=2 * row.error) if changed else row

    monkeypatch.setattr(samples, "run_replicates", tampered)
    assert run(jobs=1) != reference


def test_the_reference_has_something_to_compare(reference):
    """Every claim has its expected verdict and its mutants were judged."""
    for claim in reference["claims"]:
        assert claim["verdict"] == claim["expected"]
        assert claim["mutants"]
        assert all(mutant["refuted"] for mutant in claim["mutants"])
