"""The exact engine has the law of the engine that follows the paper's text, pair by pair.

Two-sample Kolmogorov-Smirnov tests on every number that an engine reports, over settings that include
the edges.  LEVEL is the false-alarm probability of the whole family, split evenly over its tests.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import forget_selection, numbers, small_setting, smallest_p

from verification.engines import direct, exact, kept_pairs, seeds, short_sample
from verification.errors import TooFewPairs
from verification.setting import Procedure, Setting

LEVEL = 1e-6
INF = math.inf
UNFILTERED = Procedure()


def oracle(**how):
    """The oracle-filtered estimator."""
    return Procedure("oracle-filtered", **how)


def teacher(**how):
    """The teacher-filtered estimator."""
    return Procedure("teacher-filtered", **how)


EDGES = [
    # Few pairs: fewer than the dimensions, ranks below r, often no clean pair.
    (Setting(4, 6, 5, 3, 0.3, 2.0, 5.0), UNFILTERED),
    (Setting(5, 3, 7, 2, 0.1, 1.0, INF), UNFILTERED),
    (Setting(9, 4, 4, 4, 0.5, 0.2, 3.0), UNFILTERED),
    (Setting(6, 40, 3, 2, 0.5, 2.0, 2.0), UNFILTERED),
    (Setting(40, 25, 2, 1, 0.2, 5.0, 1.0), UNFILTERED),
    (Setting(4, 1, 1, 1, 0.5, 1.0, 1.0), UNFILTERED),
    # Only clean pairs; d = r; no noise in one or both modalities; much noise.
    (Setting(30, 5, 4, 2, 1.0, 3.0, 4.0), UNFILTERED),
    (Setting(50, 3, 6, 3, 0.4, 2.0, 2.0), UNFILTERED),
    (Setting(50, 6, 5, 2, 0.4, INF, 1.0), UNFILTERED),
    (Setting(50, 6, 5, 2, 0.4, INF, INF), UNFILTERED),
    (Setting(300, 5, 6, 2, 0.6, 1e-3, 0.05), UNFILTERED),
    (Setting(200, 12, 9, 4, 0.3, 1e4, 1e4), UNFILTERED),
    # Fixed thresholds: zero, positive, negative, none, and one that keeps almost nothing.
    (Setting(300, 6, 5, 2, 0.3, 2.0, 5.0), oracle(theta=0.0)),
    (Setting(300, 5, 6, 2, 0.3, 2.0, 5.0), oracle(theta=1.0)),
    (Setting(300, 6, 5, 2, 0.3, 2.0, 5.0), oracle(theta=-1.0)),
    (Setting(300, 6, 5, 2, 0.3, 2.0, 5.0), oracle(theta=-INF)),
    (Setting(300, 6, 5, 1, 0.2, 1.0, 1.0), oracle(theta=4.0)),
    (Setting(200, 5, 4, 2, 1.0, INF, INF), oracle(theta=2.0)),
    (Setting(200, 5, 4, 2, 0.3, INF, 2.0), oracle(theta=1.0)),
    (Setting(200, 4, 4, 4, 0.3, 2.0, 3.0), oracle(theta=2.0)),
    (Setting(300, 9, 9, 5, 0.3, 5.0, 5.0), oracle(theta=3.0)),
    (Setting(300, 6, 5, 2, 0.3, 2.0, 5.0), teacher(theta=0.0)),
    (Setting(300, 5, 6, 2, 0.3, 5.0, 2.0), teacher(theta=1.0)),
    (Setting(200, 6, 5, 2, 0.5, 0.5, 0.3), teacher(theta=-0.5)),
    (Setting(200, 6, 5, 2, 0.5, INF, INF), teacher(theta=0.5)),
    (Setting(200, 2, 6, 2, 0.5, 2.0, INF), teacher(theta=0.5)),
    (Setting(200, 7, 6, 4, 1.0, 1e3, 1e3), teacher(theta=2.0)),
    # A teacher of rank 1 < r, and one that is nearly orthogonal to the truth.
    (Setting(200, 6, 5, 3, 0.5, 2.0, 2.0), teacher(theta=0.5, teacher_n=2)),
    (Setting(200, 30, 20, 2, 0.05, 0.1, 0.1), teacher(theta=0.5, teacher_n=20)),
    # Kept shares: fewer kept pairs than 2r + 1, than r, nearly all, all; the score-first path.
    (Setting(200, 6, 5, 3, 0.4, 2.0, 2.0), teacher(retain=0.05, student_n=100)),
    (Setting(200, 6, 5, 3, 0.4, 2.0, 2.0), teacher(retain=0.03, student_n=100)),
    (Setting(200, 6, 5, 2, 0.4, 2.0, 2.0), teacher(retain=0.7)),
    (Setting(200, 6, 5, 2, 0.4, 2.0, 2.0), teacher(retain=1.0)),
    (Setting(300, 7, 8, 5, 0.3, 4.0, 2.0), teacher(retain=0.1)),
    (Setting(300, 6, 6, 4, 0.1, INF, 2.0), oracle(retain=0.1)),
    # A poor teacher gives many clean pairs negative scores, and the threshold may be negative.
    (Setting(120, 9, 12, 1, 0.9, 0.3, 0.3), teacher(retain=0.49, teacher_n=3)),
    (Setting(120, 9, 12, 4, 0.9, 0.3, 0.3), teacher(retain=0.49, teacher_n=5)),
    # Several rounds on fresh pairs.
    (Setting(400, 5, 6, 2, 0.4, 1.0, 2.0), teacher(theta=0.5, rounds=3)),
    (Setting(400, 6, 5, 2, 0.4, 1.0, 2.0), teacher(retain=0.3, rounds=2)),
]


def random_cases(count):
    """Settings and procedures drawn at random, the same ones in every run."""
    rng = np.random.default_rng(20251214)
    cases = []
    for _ in range(count):
        setting = small_setting(rng)
        theta, share = float(rng.normal(0, setting.r)), float(rng.random())
        how = {"theta": theta} if rng.random() < 0.6 else {"retain": share}
        cases.append((setting, [UNFILTERED, oracle(**how), teacher(**how)][rng.integers(3)]))
    return cases


CASES = EDGES + random_cases(15)


def direct_numbers(setting, procedure, draws, scales=()):
    """What the engine of the printed text reports, over `draws` replicates."""
    outcomes = []
    for i in range(draws):
        try:
            rng = generator(setting, procedure, "direct", i)
            outcomes.append(direct.draw(setting, procedure, rng, scales))
        except TooFewPairs as error:
            outcomes.append(error)
    return numbers(outcomes, setting.r)


def exact_numbers(setting, procedure, draws, scales=()):
    """What the exact engine reports, over `draws` replicates."""
    rngs = [generator(setting, procedure, "exact", i) for i in range(draws)]
    return numbers(exact.draw_many(setting, procedure, rngs, scales), setting.r)


def generator(setting, procedure, engine, replicate):
    """The stream of one replicate, different for each engine."""
    return seeds.generator(7, f"{setting.key}|{procedure.key}|{engine}", replicate)


def agreement(case, draws):
    """The p-value of the hypothesis that both engines have the same law."""
    setting, procedure = case
    scales = (setting.eta, 0.8, 0.8) if procedure.rounds == 3 else ()
    return smallest_p(
        direct_numbers(setting, procedure, draws, scales), exact_numbers(setting, procedure, draws, scales)
    )


@pytest.mark.parametrize("case", CASES, ids=[f"{s.key}|{p.key}" for s, p in CASES])
def test_the_engines_agree_in_law(case):
    """Errors, kept pairs and singular values have the same law in both engines (family level 1e-6)."""
    assert agreement(case, 200) > LEVEL / len(CASES)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES[::3], ids=[f"{s.key}|{p.key}" for s, p in CASES[::3]])
def test_the_engines_agree_in_law_with_more_draws(case):
    """A third of the family again with 7.5 times the draws, hence 2.7 times the sensitivity."""
    assert agreement(case, 1500) > LEVEL / len(CASES)


# Each wrong engine changes one step of proofs_notes/engines.md.  The same test must see it.


def one_degree_too_many(monkeypatch):
    """Every chi-square has one degree of freedom too many."""
    right = short_sample.Normals.chi_square

    def wrong(self, degrees):
        return right(self, degrees + 1)

    monkeypatch.setattr(short_sample.Normals, "chi_square", wrong)


def degrees_of_the_scored_rows_forgotten(monkeypatch):
    """The residual scatter has the degrees of all kept pairs."""
    right = short_sample.Normals.chi_square

    def wrong(self, degrees):
        # With a teacher of rank 2 the mean and the four score coordinates take five degrees.
        return right(self, degrees + 5)

    monkeypatch.setattr(short_sample.Normals, "chi_square", wrong)


def no_mean_correction(monkeypatch):
    """The means are not subtracted."""
    right = short_sample._cross_product

    def wrong(ones, x, y, pairs):
        return right(0 * ones, x, y, pairs)

    monkeypatch.setattr(short_sample, "_cross_product", wrong)


def no_residual(monkeypatch):
    """The coordinates that no score sees have no scatter of their own."""
    right = short_sample._added_columns

    def wrong(normals, counts, known, added):
        fresh = right(normals, counts, known, added)
        fresh[:, :, known:] = 0.0
        return fresh

    monkeypatch.setattr(short_sample, "_added_columns", wrong)


def no_means_of_the_kept(monkeypatch):
    """The means of the kept score coordinates are taken for 0."""
    right = short_sample.heads

    def wrong(moments):
        head = right(moments)
        head[..., 0, 1:] = 0.0
        return head

    monkeypatch.setattr(short_sample, "heads", wrong)
    monkeypatch.setattr(exact, "heads", wrong)


def score_ignores_the_class(monkeypatch):
    """Corrupted pairs are scored like clean ones."""
    right = short_sample.Geometry.relative_to

    def wrong(teacher, setting):
        geometry = right(teacher, setting)
        clean = [1, 1]
        return replace(geometry, curvature=geometry.curvature[:, clean], gains=geometry.gains[:, clean])

    monkeypatch.setattr(short_sample.Geometry, "relative_to", staticmethod(wrong))


def half_the_corrupted_pairs_lost(monkeypatch):
    """Half of the corrupted pairs are never scored."""
    right = kept_pairs.strata_of

    def wrong(scores, counts, *rest):
        return right(scores, (counts[0] // 2, counts[1]), *rest)

    monkeypatch.setattr(kept_pairs, "strata_of", wrong)


def completion_of_the_kept_dropped(monkeypatch):
    """Only the component along the score is drawn."""

    def wrong(direction, along, rng):
        return direction / np.linalg.norm(direction, axis=0) * along

    monkeypatch.setattr(kept_pairs, "_completed", wrong)


def raw_threshold_not_scaled(monkeypatch):
    """The threshold is not brought to the scale of the matrix."""
    right = exact.select_above

    def wrong(scores, counts, threshold, rng):
        return right(scores, counts, threshold / 0.5, rng)

    monkeypatch.setattr(exact, "select_above", wrong)


# What is broken, where it shows, and the draws that this takes.
WRONG = [
    (one_degree_too_many, (Setting(4, 6, 5, 3, 0.5, 2.0, 5.0), UNFILTERED), 2500),
    (degrees_of_the_scored_rows_forgotten, (Setting(64, 9, 8, 2, 0.5, 0.1, 0.1), oracle(theta=-9.0)), 600),
    (no_mean_correction, (Setting(4, 6, 5, 3, 0.5, 2.0, 5.0), UNFILTERED), 800),
    (no_mean_correction, (Setting(30, 6, 5, 2, 0.5, 2.0, 5.0), teacher(theta=1.0)), 800),
    (no_residual, (Setting(30, 6, 5, 2, 0.5, 1.0, 1.0), UNFILTERED), 400),
    (no_residual, (Setting(300, 12, 9, 2, 0.5, 1.0, 1.0), teacher(theta=0.5)), 300),
    (no_means_of_the_kept, (Setting(30, 6, 5, 2, 0.5, 2.0, 2.0), oracle(theta=1.0)), 1400),
    (forget_selection, (Setting(300, 6, 5, 2, 0.5, 2.0, 2.0), teacher(theta=1.0)), 300),
    (score_ignores_the_class, (Setting(300, 6, 5, 2, 0.3, 2.0, 2.0), oracle(theta=1.0)), 300),
    (half_the_corrupted_pairs_lost, (Setting(300, 6, 5, 2, 0.3, 2.0, 2.0), oracle(theta=1.0)), 300),
    (completion_of_the_kept_dropped, (Setting(400, 7, 8, 5, 0.3, 4.0, 2.0), teacher(retain=0.1)), 800),
    (raw_threshold_not_scaled, (Setting(300, 6, 5, 2, 0.5, 2.0, 2.0), teacher(theta=1.0)), 300),
]


@pytest.mark.parametrize(
    ("break_it", "case", "draws"), WRONG, ids=[f"{w.__name__}-{c[1].estimator}" for w, c, _ in WRONG]
)
def test_a_wrong_engine_is_caught(break_it, case, draws, monkeypatch):
    """The negative controls: each wrong version of the exact engine fails the test that it should."""
    setting, procedure = case
    printed = direct_numbers(setting, procedure, draws)
    assert smallest_p(printed, exact_numbers(setting, procedure, draws)) > LEVEL / len(CASES)
    break_it(monkeypatch)
    assert smallest_p(printed, exact_numbers(setting, procedure, draws)) < LEVEL / len(CASES)
