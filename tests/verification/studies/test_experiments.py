"""The paper's experiments: what is drawn, how it is compared with print, and its pictures."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from bounds.law import score
from verification.engines import parts
from verification.errors import InvalidArgument, TooFewPairs
from verification.setting import Procedure, Setting
from verification.studies import experiments
from verification.studies.experiments import CONVENTIONS, TABLE_1, Mean, Task


@pytest.fixture(scope="module")
def tables():
    """Table 1 with few replicates."""
    return experiments.table_1(replicates=60, seed=2)


def test_errors_have_the_same_bits_for_any_number_of_workers():
    """Tasks of one, some and all replicates a batch give the same numbers in one process and in two."""
    tasks = [
        Task(experiments.paper_setting(800_000, 0.1), Procedure("teacher-filtered", theta=0.0), 3),
        Task(experiments.paper_setting(10**4, 0.3), Procedure(), 2500),
    ]
    assert [len(experiments._batches(task)) for task in tasks] == [2, 3]
    progress = []
    alone = experiments.errors_of(tasks, 5, 1, lambda done, total: progress.append(done / total))
    spread = experiments.errors_of(tasks, 5, 2)
    for a, b in zip(alone, spread, strict=True):
        assert a.tobytes() == b.tobytes()
    assert progress == sorted(progress)
    assert progress[-1] == pytest.approx(1.0)


def test_long_draws_that_are_few_are_drawn_by_all_workers_together(monkeypatch):
    """One long draw among short ones: the same bits in one process, two, and as replicates."""
    long = Task(Setting(200_000, 6, 5, 2, 0.3, 2.0, 5.0), Procedure("oracle-filtered", theta=0.0), 1)
    tasks = [Task(long.setting, Procedure(), 5), long]
    monkeypatch.setattr(parts, "PART_BLOCKS", 1)
    assert experiments._worth_parts(tasks, 2, "exact") == [1]
    assert experiments._worth_parts(tasks, 1, "exact") == []
    assert experiments._worth_parts(tasks, 2, "limit") == []
    progress = []
    spread = experiments.errors_of(tasks, 5, 2, lambda done, total: progress.append(done / total))
    alone = experiments.errors_of(tasks, 5, 1)
    for a, b in zip(alone, spread, strict=True):
        assert a.tobytes() == b.tobytes()
    assert progress == sorted(progress)
    assert len(progress) >= 7
    assert progress[-1] == pytest.approx(1.0)


def test_a_filter_that_keeps_nothing_ends_the_experiment_with_its_message():
    """TooFewPairs of any replicate is raised."""
    task = Task(Setting(40, 5, 4, 2, 0.5, 2.0, 2.0), Procedure("oracle-filtered", theta=50.0), 3)
    with pytest.raises(TooFewPairs, match="keeps 0 of 20"):
        experiments.errors_of([task], 0, 1)


def test_table_1_agrees_with_print_where_ten_thousand_pairs_are_scored(tables):
    """Both conventions with 10 000 scored pairs agree with every printed row, and one of them leads."""
    agreeing = [t for t in tables if t.convention.student_n == 10_000]
    assert len(agreeing) == 2
    assert tables[0] in agreeing
    for table in agreeing:
        assert not table.excluded
        assert len(table.rows) == len(TABLE_1)
        for row in table.rows:
            assert abs(row.simulated.mean - row.printed.mean) < row.printed.std
            assert row.predicted == pytest.approx(row.simulated.mean, rel=0.12)


def test_table_1_contradicts_the_convention_with_half_the_pairs(tables):
    """Algorithm 1's own halves of 10 000 pairs miss every printed row: no number of runs explains it."""
    halves = next(t for t in tables if t.convention.student_n == 5_000)
    assert halves is tables[-1]
    assert halves.excluded
    for row in halves.rows:
        assert row.simulated.mean > row.printed.mean + row.printed.std
        assert row.z > 3


def test_the_most_runs_are_where_the_difference_becomes_significant(tables):
    """At `most_runs` runs the difference is exactly critical; noise alone allows any number."""
    critical = stats.norm.isf(experiments.FAMILY_LEVEL / (2 * len(TABLE_1)))
    for table in tables:
        for row in table.rows:
            difference = abs(row.simulated.mean - row.printed.mean)
            if math.isinf(row.most_runs):
                assert difference <= critical * row.simulated.standard_error
            else:
                noise = math.hypot(row.simulated.standard_error, row.printed.std / math.sqrt(row.most_runs))
                assert difference == pytest.approx(critical * noise)
        assert table.most_runs == min(row.most_runs for row in table.rows)


def test_every_convention_is_a_table_and_serialises(tables):
    """All conventions are there, best fit first, with plain JSON objects."""
    assert {t.convention for t in tables} == set(CONVENTIONS)
    assert [t.misfit for t in tables] == sorted(t.misfit for t in tables)
    first = tables[0].as_dict()
    assert [row["retain"] for row in first["rows"]] == [p.retain for p in TABLE_1]
    assert first["rows"][0]["simulated"]["replicates"] == 60


def test_figure_3a_has_the_slopes_of_the_paper():
    """Without a filter the error is as 1/eta; with one it flattens, down to the sample condition."""
    result = experiments.figure_3a(replicates=40, n=200_000, etas=(1.0, 0.1, 0.03, 0.005))
    plain, filtered = result.curve("unfiltered"), result.curve("teacher-filtered")
    assert [row.eta for row in plain] == [1.0, 0.1, 0.03, 0.005]
    assert [row.condition for row in plain] == [True, True, True, False]
    assert plain[0].slope == pytest.approx(-1, abs=0.1)
    assert plain[1].slope == pytest.approx(-1, abs=0.2)
    assert -0.55 < filtered[0].slope < -0.3
    assert -0.3 < filtered[1].slope < 0.1
    assert plain[-1].slope is filtered[-1].slope is None
    for row in (*plain[:3], *filtered[:3]):
        assert row.predicted == pytest.approx(row.simulated.mean, rel=0.15)
    assert filtered[2].simulated.mean < plain[2].simulated.mean / 3


def test_a_mean_needs_two_replicates():
    """Without two replicates there is no standard error, and the experiments say so."""
    for experiment in (experiments.table_1, experiments.figure_3a):
        with pytest.raises(InvalidArgument, match="replicates must be a whole number in"):
            experiment(1)
    mean = Mean.of(np.array([1.0, 2.0, 3.0]))
    assert (mean.mean, mean.std, mean.replicates) == (2.0, 1.0, 3)
    assert mean.standard_error == pytest.approx(1 / math.sqrt(3))


def test_figure_2b_draws_scores_with_their_exact_law():
    """Both classes follow their exact law (false alarm 1e-6); each is told from the other's."""
    result = experiments.figure_2b(seed=1, n=20_000)
    assert len(result.clean) + len(result.corrupted) == 20_000
    assert min(result.p_clean, result.p_corrupted) > 1e-6
    law = (16, 1e4, 1e4)
    for sample, clean in ((result.clean, False), (result.corrupted, True)):
        wrong = stats.kstest(sample, lambda s, c=clean: -np.expm1(score.log_tail(s, *law, c)))
        assert wrong.pvalue < 1e-6


def test_the_density_of_figure_2b_weighs_each_class_by_its_share():
    """The drawn densities integrate to eta and 1 - eta."""
    result = experiments.figure_2b(n=1000, eta=0.3)
    for clean, share in ((True, 0.3), (False, 0.7)):
        grid = np.linspace(-60, 120, 20_001)
        mass = integrate.simpson(result.density(grid, clean), x=grid)
        assert mass == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize("eta", [0.0, 1.0, 1.5])
def test_figure_2b_needs_both_classes(eta):
    """eta must leave room for both classes, by its range and by what was drawn."""
    with pytest.raises(InvalidArgument, match="eta must lie in"):
        experiments.figure_2b(eta=eta)


def test_figure_2b_says_when_a_class_got_no_pair():
    """A sample without a clean pair is an error that names eta."""
    with pytest.raises(InvalidArgument, match="eta must give both classes a pair"):
        experiments.figure_2b(n=4, eta=1e-9)


def test_the_sample_condition_is_sharp_at_its_edge():
    """n eta^2 is compared with the larger dimension times both noise factors."""
    assert experiments.sample_condition(Setting(1000, 10, 8, 2, 0.1, math.inf, math.inf))
    assert not experiments.sample_condition(Setting(999, 10, 8, 2, 0.1, math.inf, math.inf))
    assert not experiments.sample_condition(Setting(1000, 8, 10, 2, 0.1, 1.0, math.inf))
