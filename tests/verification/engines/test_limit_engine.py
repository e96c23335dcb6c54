"""The limit engine has the exact engine's law: exactly where few pairs are kept, nearly where many are.

Two-sample Kolmogorov-Smirnov tests on every number that an engine reports, at sizes where the exact engine
can still draw every pair; beyond them, invariance in n.  LEVEL is the false-alarm probability of each
family of tests, split evenly over its members.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from helpers import forget_selection, numbers, small_setting, smallest_p
from scipy import stats

from verification.engines import exact, kept_pairs, limit, seeds, short_sample
from verification.engines.kept_pairs import QuadraticScore
from verification.engines.truncated_moments import Tails, Truncated, tails, threshold_at, truncated
from verification.errors import TooFewPairs
from verification.setting import Procedure, Setting

LEVEL = 1e-6
INF = math.inf


def oracle(**how):
    """The oracle-filtered estimator."""
    return Procedure("oracle-filtered", **how)


def teacher(**how):
    """The teacher-filtered estimator."""
    return Procedure("teacher-filtered", **how)


S = Setting(100_000, 12, 10, 2, 0.2, 2.0, 3.0)
POOR = teacher(theta=0.5, teacher_n=300)
CASES = [
    (S, teacher(theta=0.5)),
    (S, teacher(theta=-0.5)),
    (S, teacher(theta=0.0)),
    (S, teacher(retain=0.1)),
    (S, teacher(retain=0.7)),
    (S, oracle(theta=0.5)),
    (S, oracle(retain=0.2)),
    # A poor teacher, whose error leaks; one of rank 1 < r.
    (replace(S, gamma=0.3, gamma_tilde=0.4), POOR),
    (replace(S, gamma=0.3, gamma_tilde=0.4), replace(POOR, theta=None, retain=0.2)),
    (S, teacher(theta=0.5, teacher_n=2)),
    # Few kept pairs of one class or of both.
    (S, teacher(theta=4.0)),
    (S, teacher(theta=14.0)),
    (S, teacher(retain=0.0005)),
    (replace(S, gamma=1e4, gamma_tilde=1e4, eta=0.01), teacher(theta=1.0)),
    # Edges: no noise on one side or both, only clean pairs, one direction, d = r.
    (replace(S, gamma=INF), teacher(theta=0.5)),
    (replace(S, gamma=INF, gamma_tilde=INF), teacher(retain=0.1)),
    (replace(S, eta=1.0), teacher(theta=0.5)),
    (replace(S, eta=1.0, gamma=INF, gamma_tilde=INF), teacher(retain=0.4)),
    (replace(S, r=1, d=5), teacher(theta=0.2)),
    (replace(S, r=1, d=5), teacher(retain=0.3)),
    (replace(S, r=5), teacher(theta=0.5)),
    (replace(S, r=5, eta=0.02), teacher(retain=0.05)),
    (replace(S, d=2), teacher(theta=0.5)),
    # Rounds.
    (replace(S, r=3, eta=0.05), teacher(theta=0.5, rounds=3)),
    (replace(S, r=3, eta=0.05), teacher(retain=0.1, rounds=2)),
]


def drawn(engine, setting, procedure, draws):
    """What an engine reports, over `draws` replicates with streams of its own."""
    scales = (setting.eta, 0.8, 0.8) if procedure.rounds == 3 else ()
    rngs = seeds.generators(11, f"{setting.key}|{procedure.key}|{engine.__name__}", range(draws))
    return numbers(engine.draw_many(setting, procedure, rngs, scales), setting.r)


def names(cases):
    """Readable ids of cases."""
    return [f"{s.key}|{p.key}" for s, p in cases]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_both_engines_agree_in_law(case):
    """Errors, kept pairs and singular values at n = 10^5 (family level 1e-6)."""
    assert smallest_p(drawn(exact, *case, 200), drawn(limit, *case, 200)) > LEVEL / len(CASES)


def small_cases(count):
    """Settings of few pairs and procedures drawn at random, the same ones in every run."""
    rng = np.random.default_rng(20260102)
    for _ in range(count):
        setting = small_setting(rng)
        how = {"theta": float(rng.normal(0, setting.r))} if rng.random() < 0.6 else {"retain": rng.random()}
        yield setting, [oracle(**how), teacher(**how)][rng.integers(2)]


SMALL = list(small_cases(25))


@pytest.mark.parametrize("case", SMALL, ids=names(SMALL))
def test_few_kept_pairs_are_drawn_exactly(case):
    """Where every kept pair is drawn the law is the exact one down to a handful of pairs."""
    assert smallest_p(drawn(exact, *case, 400), drawn(limit, *case, 400)) > LEVEL / len(SMALL)


LARGE = [
    (replace(S, n=10**6), teacher(theta=0.5), 250),
    (replace(S, n=10**6, gamma=0.3, gamma_tilde=0.4), POOR, 250),
    (replace(S, n=10**6), teacher(retain=0.1), 250),
    (replace(S, n=10**7, r=1), teacher(theta=0.5), 100),
    (replace(S, n=10**7, r=1), teacher(retain=0.1), 80),
]


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "procedure", "draws"), LARGE)
def test_both_engines_agree_in_law_at_a_million_pairs_and_more(setting, procedure, draws):
    """As far as the exact engine's time allows."""
    first, second = drawn_exactly(setting, procedure, draws), drawn(limit, setting, procedure, draws)
    assert smallest_p(first, second) > LEVEL / len(LARGE)


@lru_cache(maxsize=len(LARGE))
def drawn_exactly(setting, procedure, draws):
    """What the exact engine reports: dear, and the same for every wrong limit engine."""
    return drawn(exact, setting, procedure, draws)


# Wrong limit engines: the same tests must see them.


def a_class_dropped(monkeypatch):
    """Corrupted pairs are never kept."""
    right = limit._above
    monkeypatch.setattr(limit, "_above", lambda *arguments: (0, right(*arguments)[1]))


def a_class_dropped_from_the_share(monkeypatch):
    """All kept pairs are clean."""
    monkeypatch.setattr(limit, "_share_by_class", lambda found, eta, keep, rng: (0, keep))


def mean_not_subtracted(monkeypatch):
    """The Gram matrix varies with the second moments of squares in place of their covariance."""
    right = limit.gaussian_sums

    def wrong(law, count, rng):
        more = law.fourth + np.outer(law.second, law.second)
        return right(Truncated(law.tails, law.second, more), count, rng)

    monkeypatch.setattr(limit, "gaussian_sums", wrong)


def no_variance(monkeypatch):
    """The Gram matrix is its mean."""
    right = limit.gaussian_sums

    def wrong(law, count, rng):
        return right(law, count, rng)[0], count * np.diag(law.second)

    monkeypatch.setattr(limit, "gaussian_sums", wrong)


def untruncated_moments(monkeypatch):
    """The kept pairs are those that no filter has seen, in their right number."""
    right = limit.truncated

    def wrong(coefficients, threshold):
        m = len(coefficients)
        return Truncated(right(coefficients, threshold).tails, np.ones(m), 1 + 2 * np.eye(m))

    monkeypatch.setattr(limit, "truncated", wrong)


def no_binomial(monkeypatch):
    """The numbers of kept pairs are their means."""

    def wrong(trials, law, rng):
        return round(trials * math.exp(law.log_above))

    monkeypatch.setattr(limit, "binomial", wrong)


def nothing_rejected(monkeypatch):
    """Pairs above the threshold keep their tilted law."""
    right = limit.tilt

    def wrong(coefficients, threshold):
        z, log_bound = right(coefficients, threshold)

        class Tilted(float):
            """A tilt that proposes but does not reject."""

            __gt__ = lambda self, other: False  # noqa: E731

        return Tilted(z), log_bound

    monkeypatch.setattr(limit, "tilt", wrong)


def raw_threshold_not_scaled(monkeypatch):
    """The threshold is not brought to the scale of the matrix."""
    right = limit._Filter.at
    monkeypatch.setattr(
        limit._Filter, "at", staticmethod(lambda scores, threshold: right(scores, threshold / S.eta))
    )


# What is broken, where it shows, and the draws that this takes.
WRONG = [
    (a_class_dropped, (S, teacher(theta=0.5)), 100),
    (a_class_dropped_from_the_share, (S, teacher(retain=0.1)), 100),
    (forget_selection, (replace(S, gamma=0.3, gamma_tilde=0.4), POOR), 100),
    (untruncated_moments, (S, oracle(theta=0.5)), 100),
    (mean_not_subtracted, (replace(S, eta=1.0), oracle(theta=0.5)), 1200),
    (no_variance, (S, oracle(theta=0.5)), 400),
    (no_binomial, (S, oracle(theta=0.5)), 400),
    (nothing_rejected, (S, teacher(theta=14.0)), 200),
    (raw_threshold_not_scaled, (S, teacher(theta=0.5)), 100),
]


@pytest.mark.parametrize(("break_it", "case", "draws"), WRONG, ids=[w.__name__ for w, _, _ in WRONG])
def test_a_wrong_engine_is_caught(break_it, case, draws, monkeypatch):
    """The negative controls: the right engine passes with these draws, the wrong one does not."""
    first = drawn(exact, *case, draws)
    assert smallest_p(first, drawn(limit, *case, draws)) > LEVEL / len(WRONG)
    break_it(monkeypatch)
    assert smallest_p(first, drawn(limit, *case, draws)) < LEVEL / len(WRONG)


WRONG_LARGE = [
    (no_variance, LARGE[0]),
    (untruncated_moments, LARGE[0]),
    (raw_threshold_not_scaled, LARGE[0]),
    (forget_selection, LARGE[1]),
    (a_class_dropped_from_the_share, LARGE[2]),
    (raw_threshold_not_scaled, LARGE[3]),
    (untruncated_moments, LARGE[3]),
    (a_class_dropped, LARGE[3]),
    (a_class_dropped_from_the_share, LARGE[4]),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("break_it", "case"), WRONG_LARGE, ids=[f"{w.__name__}-{c[0].n}" for w, c in WRONG_LARGE]
)
def test_a_wrong_engine_is_caught_at_a_million_pairs_and_more(break_it, case, monkeypatch):
    """The negative controls of the large sizes, at the level of their family."""
    setting, procedure, draws = case
    first = drawn_exactly(setting, procedure, draws)
    break_it(monkeypatch)
    assert smallest_p(first, drawn(limit, setting, procedure, draws)) < LEVEL / len(LARGE)


# The parts.

SCORE = limit.ClassScore.of(
    QuadraticScore(np.array([[0.6, 0.1], [0.1, 0.3]]), np.array([0.9, 0.4]))  # of a clean class
)


def test_a_class_score_is_the_form_in_other_coordinates():
    """<a, C a> + sum g_j a_j b_j = sum l_i w_i^2 with (a, b) = turn w."""
    a, b = np.random.default_rng(0).standard_normal((2, 2, 50))
    w = SCORE.turn.T @ np.concatenate((a, b))
    form = np.einsum("in,ij,jn->n", a, [[0.6, 0.1], [0.1, 0.3]], a) + [0.9, 0.4] @ (a * b)
    assert SCORE.coefficients @ w**2 == pytest.approx(form)


@pytest.mark.parametrize("threshold", [-1.5, 0.0, 0.5, 4.0, 60.0])
def test_pairs_above_a_threshold_have_the_law_above_it(threshold):
    """Scores by a Kolmogorov-Smirnov test, second and fourth moments by their standard errors."""
    law, count = truncated(SCORE.coefficients, threshold), 20_000
    w = limit.pairs_above(SCORE.coefficients, threshold, law.tails, count, np.random.default_rng(3))
    assert w.shape == (4, count)
    scores = SCORE.coefficients @ w**2
    assert scores.min() > threshold
    grid = np.quantile(scores, np.linspace(0, 1, 200)[1:-1])
    survival = [math.exp(tails(SCORE.coefficients, s).log_above - law.tails.log_above) for s in grid]
    found = np.array([(scores > s).mean() for s in grid])
    assert np.abs(found - survival).max() < stats.kstwobign.isf(1e-7) / math.sqrt(count)
    squares = w**2
    products = (squares[:, None] * squares[None]).reshape(16, count)
    for sample, mean in ((squares, law.second), (products, law.fourth.ravel()), (w, np.zeros(4))):
        z = (sample.mean(axis=1) - mean) / stats.sem(sample, axis=1)
        assert np.abs(z).max() < stats.norm.isf(1e-7 / 40)


def gram_deviation(law, draw, count, draws):
    """Largest standardised deviation of means and covariances of sums and Gram matrices from the law's."""
    m, rows = len(law.second), []
    upper = np.triu_indices(m, 1)
    for _ in range(draws):
        total, gram = draw()
        rows.append(np.concatenate((total, gram[upper], np.diag(gram))) / math.sqrt(count))
    mean = np.concatenate((np.zeros(m + len(upper[0])), math.sqrt(count) * law.second))
    covariance = np.zeros((len(mean), len(mean)))
    covariance[:m, :m] = np.diag(law.second)
    covariance[m:-m, m:-m] = np.diag(law.fourth[upper])
    covariance[-m:, -m:] = law.covariance
    centred = np.array(rows) - mean
    variances = np.diag(covariance)
    spread = np.sqrt((np.outer(variances, variances) + covariance**2) / draws)
    return max(
        np.abs(centred.mean(axis=0) / np.sqrt(variances / draws)).max(),
        np.abs((centred.T @ centred / draws - covariance) / spread).max(),
    )


def test_gaussian_sums_have_the_moments_of_sums_of_pairs():
    """Both ways to draw sums and Gram matrix have the exact mean and covariance; a wrong law has not."""
    threshold, count, draws, far = 0.7, 400, 3000, stats.norm.isf(1e-7 / 400)
    law, rng = truncated(SCORE.coefficients, threshold), np.random.default_rng(5)

    def singly():
        w = limit.pairs_above(SCORE.coefficients, threshold, law.tails, count, rng)
        return w.sum(axis=1), w @ w.T

    wrong = Truncated(law.tails, law.second, law.fourth + 0.5 * np.eye(4))
    for draw in (singly, lambda: limit.gaussian_sums(law, count, rng)):
        assert gram_deviation(law, draw, count, draws) < far
        assert gram_deviation(wrong, draw, count, draws) > far


def test_a_kept_share_varies_as_the_theory_of_order_statistics_says(monkeypatch):
    """The sum of the scores of the top share s: variance V + (1 - s)(mean - theta)^2 a kept pair.

    V is the variance above the threshold theta.  A fixed threshold gives V, and is refuted.
    """
    r, share, total, draws = 2, 0.2, 10**9, 1000
    setting = Setting(total, 6, 6, r, 1.0, 2.0, 2.0)
    keep = round(share * total)
    geometry = short_sample.Geometry.relative_to(short_sample.oracle(r), setting)
    score = limit.ClassScore.of(geometry.scores(0)[1])
    theta = threshold_at([(1.0, score.coefficients)], math.log(share / (1 - share)))
    law = truncated(score.coefficients, theta)
    mean = score.coefficients @ law.second
    variance = score.coefficients @ law.covariance @ score.coefficients + (1 - share) * (mean - theta) ** 2

    def deviation():
        rngs = seeds.generators(5, "share", range(draws))
        kept = limit.select(setting, oracle(retain=share), total, short_sample.oracle(r), 1.0, rngs)
        assert set(kept.sizes) == {keep}
        roots = kept.head[:, 1, :, 1:] @ score.turn
        sums = np.einsum("bij,bij->bj", roots, roots) @ score.coefficients
        return abs(sums.var() / keep - variance) / (variance * math.sqrt(2 / draws))

    far = stats.norm.isf(1e-7)
    assert deviation() < far
    monkeypatch.setattr(limit, "_share_threshold", lambda *arguments: theta)
    assert deviation() > far


@pytest.mark.parametrize("log_chance", [-45.0, -25.0, -20.0, -3.0, -0.5, -1e-3, -1e-8, -1e-12])
def test_numbers_of_kept_pairs_are_binomial_at_every_chance(log_chance):
    """Mean and variance for chances near 0 and near 1, and n up to 10^18."""
    law = Tails(log_chance, math.log(-math.expm1(log_chance)))
    chance, rest = math.exp(law.log_above), math.exp(law.log_below)
    rng = np.random.default_rng(8)
    for trials in (10, 10**9, 10**18):
        found = [limit.binomial(trials, law, rng) for _ in range(4000)]
        assert all(0 <= n <= trials for n in found)
        rare = chance if chance < rest else rest
        few = np.array([n if chance < rest else trials - n for n in found], dtype=float)
        mean, variance = trials * rare, trials * chance * rest
        assert abs(few.mean() - mean) <= 6 * math.sqrt(variance / 4000) + 6 * (variance < 0.01)
        if variance > 10:
            assert abs(few.var() / variance - 1) < 6 * math.sqrt(2.1 / 4000)


# Beyond all pairs that could be drawn.


@pytest.mark.parametrize(
    "procedure", [teacher(theta=0.5), teacher(retain=0.1), oracle(theta=0.5), teacher(retain=0.1, rounds=2)]
)
def test_errors_fall_like_the_root_of_n_at_any_n(procedure):
    """At n = 10^10, 10^15 and 10^18 the error times sqrt(n) has one law; sqrt(n) off by 10% is seen."""
    tables = [drawn(limit, replace(S, n=n), procedure, 500)[:, :2] * math.sqrt(n) for n in (10**10, 10**15)]
    # Errors below 1e-7 lose digits to the rounding of `numbers`, so the largest n is not among them.
    assert smallest_p(*tables) > LEVEL
    assert smallest_p(tables[0], 1.1 * tables[1]) < LEVEL


def test_no_pair_is_drawn_beyond_the_bound(monkeypatch):
    """Whatever n is: the exact selection is never called, and large classes call no rejection either."""

    def never(*arguments, **more):
        raise AssertionError("a pair was drawn")

    for name in ("select_above", "select_top"):
        monkeypatch.setattr(kept_pairs, name, never)
        monkeypatch.setattr(exact, name, never)
    drawn(limit, S, teacher(theta=4.0), 3)  # few are kept: these are drawn
    monkeypatch.setattr(limit, "pairs_above", never)
    for n in (10**6, 10**18):
        drawn(limit, replace(S, n=n), teacher(theta=0.5), 3)
        drawn(limit, replace(S, n=n), teacher(retain=0.3), 3)
    with pytest.raises(AssertionError, match="a pair was drawn"):
        drawn(limit, S, teacher(theta=4.0), 3)


def test_batches_change_no_bit():
    """One draw at a time gives the bits of many together."""
    for procedure in (teacher(theta=0.5), teacher(retain=0.1), oracle(theta=0.5), teacher(theta=4.0)):
        together = limit.draw_many(S, procedure, seeds.generators(1, "bits", range(4)))
        assert together == [limit.draw(S, procedure, seeds.generator(1, "bits", i)) for i in range(4)]


def test_too_few_kept_pairs_are_named():
    """A threshold that keeps nothing at any n is the same error as in the exact engine."""
    with pytest.raises(TooFewPairs, match=r"keeps 0 of 500000000000000 scored pairs"):
        limit.draw(replace(S, n=10**15), teacher(theta=300.0), seeds.generator(1, "few", 0))
    with pytest.raises(TooFewPairs, match="keeps 1 of 50000"):
        limit.draw(S, teacher(retain=2e-5), seeds.generator(1, "few", 0))


def test_nothing_is_filtered_where_all_is_kept():
    """theta = -inf, a share of 1 and the unfiltered estimator are the exact engine's draws, bit by bit."""
    for procedure in (Procedure(), teacher(theta=-INF), teacher(retain=1.0), oracle(retain=1.0)):
        rngs = [seeds.generators(1, "all", range(3)) for _ in range(2)]
        assert limit.draw_many(S, procedure, rngs[0]) == exact.draw_many(S, procedure, rngs[1])
