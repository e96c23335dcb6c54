"""The exact engine: its bits, its edges and its large-n law.  test_engines_agree.py compares laws."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verification.engines import exact, kept_pairs, seeds
from verification.engines.kept_pairs import Moments, QuadraticScore, Stratum, select_above, select_top
from verification.engines.short_sample import Geometry, heads, oracle
from verification.errors import TooFewPairs
from verification.setting import Procedure, Setting

INF = math.inf
SETTING = Setting(3000, 6, 5, 2, 0.4, 2.0, 5.0)

FILTERS = [
    Procedure("oracle-filtered", theta=0.5),
    Procedure("teacher-filtered", theta=-0.5),
    Procedure("teacher-filtered", retain=0.2),
    Procedure("teacher-filtered", retain=0.8, rounds=2),
]


def generators(count, key="test", seed=3):
    """`count` replicates' streams."""
    return [seeds.generator(seed, key, i) for i in range(count)]


@st.composite
def settings_of_the_model(draw):
    """Settings over the whole range that the model allows, edges included."""
    d, d_tilde = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    gammas = st.one_of(st.floats(1e-6, 1e9), st.just(INF))
    return Setting(
        n=draw(st.one_of(st.integers(4, 200), st.integers(4, 10**18))),
        d=d,
        d_tilde=d_tilde,
        r=draw(st.integers(1, min(d, d_tilde))),
        eta=draw(st.one_of(st.floats(1e-6, 1.0), st.just(1.0))),
        gamma=draw(gammas),
        gamma_tilde=draw(gammas),
    )


@given(settings_of_the_model(), st.integers(1, 6))
def test_an_unfiltered_draw_has_the_same_bits_alone_and_in_any_batch(setting, cut):
    """Bits depend on the generator alone, not on what is drawn beside it."""
    alone = [exact.draw(setting, Procedure(), rng) for rng in generators(7)]
    assert exact.draw_many(setting, Procedure(), generators(7)) == alone
    rngs = generators(7)
    parts = [exact.draw_many(setting, Procedure(), part) for part in (rngs[:cut], rngs[cut:])]
    assert parts[0] + parts[1] == alone


def test_batches_are_split_by_size_without_a_trace(monkeypatch):
    """A batch too large for the memory meant for it is split, with the same result."""
    whole = exact.draw_many(SETTING, Procedure(), generators(20))
    monkeypatch.setattr(exact, "BATCH_NUMBERS", 1000)
    assert len(list(exact._batches(generators(20), SETTING))) > 2
    assert exact.draw_many(SETTING, Procedure(), generators(20)) == whole


@given(settings_of_the_model())
def test_a_draw_is_within_the_range_of_a_chordal_distance(setting):
    """Errors lie in [0, sqrt(r)], are 0 where there is nothing to miss, and values are sorted."""
    for drawn in exact.draw_many(setting, Procedure(), generators(3)):
        for error, d, gamma in (
            (drawn.left, setting.d, setting.gamma),
            (drawn.right, setting.d_tilde, setting.gamma_tilde),
        ):
            assert 0 <= error <= math.sqrt(setting.r) * (1 + 1e-12)
            if (d == setting.r or gamma == INF) and len(drawn.singular_values) == setting.r:
                rounding = 1e-13 * drawn.singular_values[0] / drawn.singular_values[-1]
                assert error <= (0 if d == setting.r else rounding)
        assert list(drawn.singular_values) == sorted(drawn.singular_values, reverse=True)
        assert 1 <= len(drawn.singular_values) <= setting.r


@pytest.mark.parametrize("procedure", [Procedure(), *FILTERS], ids=lambda p: p.key)
def test_swapping_the_modalities_swaps_the_errors(procedure):
    """The engine treats both modalities alike: mirrored settings give mirrored draws."""
    mirrored = Setting(3000, 5, 6, 2, 0.4, 5.0, 2.0)
    scales = (0.4, 0.8)
    a = exact.draw(SETTING, procedure, generators(1)[0], scales)
    b = exact.draw(mirrored, procedure, generators(1)[0], scales)
    assert (a.left, a.right, a.singular_values, a.kept) == (b.right, b.left, b.singular_values, b.kept)


@pytest.mark.parametrize("procedure", FILTERS, ids=lambda p: p.key)
def test_filtered_draws_have_the_same_bits_alone_and_together(procedure):
    """draw_many is draw, for each generator."""
    together = exact.draw_many(SETTING, procedure, generators(4))
    assert together == [exact.draw(SETTING, procedure, rng) for rng in generators(4)]
    assert len({drawn.error for drawn in together}) == 4
    assert all(drawn.scored == procedure.sizes(SETTING.n)[1] for drawn in together)


def law_p_values(setting, draws, factor=1.0):
    """Kolmogorov-Smirnov p-values of both squared errors against their limit as n grows.

    They tend to V chi^2 with (d - r) r degrees of freedom, V_L = a_y/(gamma n eta^2): given Y, the
    noise rows of X^T Y are Gaussian, and the signal block tends to n eta I.
    """
    outcomes = exact.draw_many(setting, Procedure(), generators(draws))
    sides = (
        ([o.left for o in outcomes], setting.d, setting.gamma, 1 + 1 / setting.gamma_tilde),
        ([o.right for o in outcomes], setting.d_tilde, setting.gamma_tilde, 1 + 1 / setting.gamma),
    )
    return [
        stats.kstest(
            np.square(errors) / (factor * other / (gamma * setting.n * setting.eta**2)),
            stats.chi2((d - setting.r) * setting.r).cdf,
        ).pvalue
        for errors, d, gamma, other in sides
    ]


@pytest.mark.parametrize("n", [10**9, 10**15])
def test_the_unfiltered_error_follows_its_limit_law_at_any_n(n):
    """At 10^9 and 10^15 pairs both errors have their limit law (false alarm 1e-6 each side)."""
    setting = Setting(n, 10, 8, 4, 0.3, 3.0, 0.5)
    assert min(law_p_values(setting, 4000)) > 1e-6
    # The negative control: 10 % in the squared scale is seen.
    assert max(law_p_values(setting, 4000, factor=1.1)) < 1e-6


def test_too_few_kept_pairs_is_an_error_of_one_draw_and_a_result_among_many():
    """draw raises TooFewPairs, draw_many returns it in its place."""
    setting = Setting(40, 5, 4, 2, 0.5, 2.0, 2.0)
    procedure = Procedure("oracle-filtered", theta=6.0)
    outcomes = exact.draw_many(setting, procedure, generators(60))
    failed = [i for i, o in enumerate(outcomes) if isinstance(o, TooFewPairs)]
    assert 0 < len(failed) < 60
    assert {outcomes[i].kept for i in failed} <= {0, 1}
    with pytest.raises(TooFewPairs, match="of 20 scored pairs"):
        exact.draw(setting, procedure, generators(60)[failed[0]])
    with pytest.raises(TooFewPairs, match="keeps 1 of 20"):
        exact.draw(setting, Procedure("oracle-filtered", retain=0.05), generators(1)[0])


@pytest.mark.parametrize("kept", [2, 3, 5])
def test_directions_that_few_kept_pairs_cannot_determine_count_as_orthogonal(kept):
    """m kept pairs give a rank m - 1 < r fit: r - rank is added to both squared errors."""
    setting = Setting(400, 9, 8, 4, 0.5, INF, INF)
    drawn = exact.draw(setting, Procedure("oracle-filtered", retain=kept / 200), generators(1)[0])
    rank = min(kept - 1, 4)
    assert drawn.kept == kept
    assert len(drawn.singular_values) == rank
    assert drawn.left == pytest.approx(math.sqrt(4 - rank))
    assert drawn.right == pytest.approx(math.sqrt(4 - rank))


def test_keeping_everything_needs_no_score_and_no_second_path():
    """theta = -inf and retain = 1 keep all pairs, at a cost free of their number."""
    setting = Setting(10**15, 6, 5, 2, 0.4, 2.0, 5.0)
    draws = [
        exact.draw(setting, Procedure("teacher-filtered", **how), generators(1)[0])
        for how in ({"theta": -INF}, {"retain": 1.0})
    ]
    assert draws[0] == draws[1]
    assert draws[0].kept == draws[0].scored == setting.n // 2


def test_a_repeated_filter_uses_the_scale_of_each_round():
    """With a theta, each round's raw threshold is theta times that round's scale."""
    procedure = Procedure("teacher-filtered", theta=1.0, rounds=2)
    kept = [exact.draw(SETTING, procedure, generators(1)[0], (0.4, scale)).kept for scale in (0.5, 0.9, 2.0)]
    assert kept[0] > kept[1] > kept[2]


def some_scores(rank):
    """The scores of both classes under an imperfect teacher's geometry."""
    setting = Setting(100, rank + 3, rank + 2, rank, 0.3, 2.0, 4.0)
    ((_, teacher),) = exact._train(setting, 60, generators(1)).teachers()
    return Geometry.relative_to(teacher, setting).scores(0)


def mean_score(scores, moments):
    """Sum of the kept pairs' scores, from the Gram matrices alone."""
    total = 0.0
    for score, part in zip(scores, moments, strict=True):
        k = score.rank
        total += np.sum(score.curvature * part.gram[:k, :k]) + score.gains @ np.diag(part.gram[:k, k:])
    return total


def top_by_sorting(scores, counts, keep, split):
    """The top pairs of the same population, by drawing all of them and sorting."""
    first = (keep < sum(counts) / 8,) * 2
    drawn = []

    class All:
        """Takes what `select_top` would be fed, in the same blocks."""

        low = -INF

        def add(self, place, values, normals):
            drawn.append((strata[place], values, normals.copy()))

        def narrow(self, done):
            pass

    (rng,) = generators(1)
    signs = (1, -1) if split else (0,)
    strata = kept_pairs.strata_of(scores, counts, first, signs, lambda i: seeds.fast(seeds.block(rng, i)))
    kept_pairs._stream(strata, sum(counts), kept_pairs.block_pairs(scores[0].rank), All())
    values = np.concatenate([v for _, v, _ in drawn])
    threshold = np.sort(values)[-keep]
    moments = Moments(2 * scores[0].rank), Moments(2 * scores[1].rank)
    for stratum, v, normals in drawn:
        moments[stratum.label].add(stratum.complete(normals[:, v >= threshold]))
    return moments, np.sort(values)[-keep:].sum()


@pytest.mark.parametrize("width", [7.0, 0.0], ids=["as-used", "a bracket that fails"])
@pytest.mark.parametrize("rank", [1, 2, 5])
@pytest.mark.parametrize("keep", [2, 300, 8_000, 29_000, 31_000, 55_000, 60_000])
def test_one_pass_with_a_moving_bracket_finds_the_top(keep, rank, width, monkeypatch):
    """select_top keeps the same pairs as sorting all scores, also when its bracket misses."""
    monkeypatch.setattr(kept_pairs, "BLOCK_NORMALS", 2**13)
    scores, counts = some_scores(rank), (42_000, 18_000)
    moments = select_top(scores, counts, keep, generators(1)[0], width)
    expected, total = top_by_sorting(scores, counts, keep, keep < 30_000)
    assert sum(m.count for m in moments) == keep
    for got, want in zip(moments, expected, strict=True):
        assert got.count == want.count
        np.testing.assert_allclose(got.gram[:rank, :rank], want.gram[:rank, :rank], rtol=1e-9, atol=1e-7)
        if rank < kept_pairs.SCORE_FIRST_MIN_RANK or keep >= 60_000 / 8:  # all normals drawn at once
            np.testing.assert_allclose(got.gram, want.gram, rtol=1e-9, atol=1e-7)
            np.testing.assert_allclose(got.total, want.total, rtol=1e-9, atol=1e-7)
    assert mean_score(scores, moments) == pytest.approx(total, rel=1e-9)


def test_a_bracket_without_slack_is_noticed():
    """A bracket that misses the threshold makes a second pass; one as used does not."""
    scores, passes = some_scores(2), []
    right = kept_pairs._stream

    def counted(strata, total, block, top):
        right(strata, total, block, top)
        passes.append(top.succeeded)

    for width, expected in ((0.0, [False, True]), (kept_pairs.BRACKET_WIDTH, [True])):
        passes.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kept_pairs, "_stream", counted)
            select_top(scores, (300_000, 100_000), 150_000, generators(1)[0], width)
        assert passes == expected


def test_more_to_keep_than_have_positive_scores_takes_a_second_pass():
    """When the top reaches into corrupted pairs with negative scores, these are drawn after all."""
    # A teacher that is turned the wrong way round gives clean pairs negative scores.
    reversed_scores = QuadraticScore(np.zeros((2, 2)), np.ones(2)), QuadraticScore(-np.eye(2), np.zeros(2))
    counts, keep = (4000, 6000), 3000
    moments = select_top(reversed_scores, counts, keep, generators(1)[0])
    expected, _ = top_by_sorting(reversed_scores, counts, keep, True)
    assert [m.count for m in moments] == [m.count for m in expected]
    assert sum(m.count for m in moments) == keep > 2000


def test_the_memory_of_a_kept_share_does_not_grow_with_the_pairs():
    """Half of a million pairs are selected in less memory than their scores alone would take."""
    scores = some_scores(2)
    tracemalloc.start()
    select_top(scores, (700_000, 300_000), 500_000, generators(1)[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000 < 8 * 1_000_000


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 1.5])
def test_both_ways_to_draw_a_stratum_have_the_same_law(threshold, monkeypatch):
    """Scores first or all at once: kept counts and scores agree (false alarm 1e-6), and a slip shows."""
    scores = some_scores(5)

    def kept(score_first, sign):
        stratum = Stratum(scores[0], 0, sign, 40_000, *generators(1 + score_first, f"{score_first}"))
        values, normals = stratum.above(40_000, threshold)
        return values, stratum.complete(normals)

    for sign in (0, 1, -1):
        (values, rows), (values_first, rows_first) = kept(False, sign), kept(True, sign)
        if len(values) == 0:
            assert len(values_first) == 0
            continue
        table = [[len(v), 40_000 - len(v)] for v in (values, values_first)]
        if 0 < len(values) < 40_000:
            assert stats.fisher_exact(table).pvalue > 1e-6
        assert stats.ks_2samp(values, values_first).pvalue > 1e-6
        for column in range(10):
            assert stats.ks_2samp(rows[column], rows_first[column]).pvalue > 1e-6
        # The negative control: another class's scores.
        other = Stratum(scores[1], 1, 0, 40_000, *generators(2)).above(40_000, threshold)[0]
        assert stats.ks_2samp(values, other).pvalue < 1e-6


def test_completed_rows_have_the_given_component_and_a_free_rest():
    """The completion is an orthogonal map of (component, fresh normals), also for a zero direction."""
    rng = np.random.default_rng(1)
    direction = rng.standard_normal((1000, 4))
    direction[0], direction[1] = 0.0, [-3.0, 0.0, 0.0, 0.0]
    length = np.linalg.norm(direction, axis=1)
    along = rng.standard_normal(1000)
    rows = kept_pairs._completed(direction.T, along, generators(1)[0]).T
    free = generators(1)[0].standard_normal((3, 1000)).T
    np.testing.assert_allclose(
        np.einsum("ij,ij->i", rows, direction)[1:], (along * length)[1:], rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose((rows**2).sum(axis=1), along**2 + (free**2).sum(axis=1), rtol=1e-9)


def test_heads_keep_every_inner_product():
    """The rows that stand for a sample have its Gram matrix, ones included, for any number of rows."""
    rng = np.random.default_rng(2)
    for pairs in (0, 1, 2, 4, 7, 100):
        rows = rng.standard_normal((pairs, 6)) + 0.3
        moments = Moments(6)
        moments.add(rows.T)
        head = heads([(Moments(6), moments)])[0, 1]
        assert not heads([(Moments(6), moments)])[0, 0].any()
        full = np.hstack((np.ones((pairs, 1)), rows))
        np.testing.assert_allclose(head.T @ head, full.T @ full, atol=1e-10)
        assert not head[min(pairs, 7) :].any()


@given(settings_of_the_model(), st.booleans())
def test_the_geometry_has_the_covariance_of_the_model(setting, clean):
    """mixing^T mixing is the covariance of (q, p, q', p') that the model gives in the teacher's basis."""
    ((_, teacher),) = exact._train(setting, min(setting.n, 50), generators(1)).teachers()
    geometry = Geometry.relative_to(teacher, setting)
    k, r = geometry.rank, setting.r
    left, right = geometry.left[0, :r], geometry.right[0, :r]
    cross = right.T @ left * clean
    covariance = np.block(
        [
            [right.T @ right + np.eye(len(right.T)) / setting.gamma_tilde, cross],
            [cross.T, left.T @ left + np.eye(len(left.T)) / setting.gamma],
        ]
    )
    order = [*range(k), *(len(right.T) + np.arange(k)), *range(k, len(right.T))]
    order += [*(len(right.T) + np.arange(k, len(left.T)))]
    expected = covariance[np.ix_(order, order)]
    mixing = geometry.mixing[0, int(clean)]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(mixing.T @ mixing, expected, atol=1e-12 * scale * len(expected))
    # The score in the rotated normals is the teacher's bilinear form.
    g = np.random.default_rng(0).standard_normal((5, len(mixing)))
    pairs = g @ mixing
    form = geometry.scores(0)[int(clean)]
    a, b = g[:, :k], g[:, k : 2 * k]
    score = np.einsum("ij,jk,ik->i", a, form.curvature, a) + (a * b) @ form.gains
    expected_score = (pairs[:, :k] * pairs[:, k : 2 * k]) @ teacher.weights[0]
    size = np.abs(pairs).max() ** 2 * teacher.weights.max() + 1e-300
    np.testing.assert_allclose(score / size, expected_score / size, atol=1e-10)


def test_the_oracle_sees_the_truth_and_nothing_else():
    """The oracle's geometry has no coordinates beyond the scored ones but noise."""
    geometry = Geometry.relative_to(oracle(2), SETTING)
    assert (geometry.rank, geometry.pure_left, geometry.pure_right) == (2, 4, 3)
    assert geometry.mixing.shape == (1, 2, 4, 4)
    corrupted, clean = geometry.scores(0)
    assert not corrupted.curvature.any()
    assert clean.mean == pytest.approx(2.0)


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 0.5), (-INF, 1.0)])
def test_corrupted_pairs_are_kept_in_the_share_that_symmetry_gives(threshold, share):
    """Half of the corrupted pairs score above 0, all of them above -inf (false alarm 1e-6)."""
    moments = select_above(some_scores(3), (50_000, 0), threshold, generators(1)[0])
    assert stats.binomtest(moments[0].count, 50_000, share).pvalue > 1e-6
    assert moments[1].count == 0
