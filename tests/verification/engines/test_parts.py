"""A long selection is drawn in parts: the same bits whoever draws them, the law of one stream."""

import bisect
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from verification.engines import exact, kept_pairs, parts, seeds
from verification.engines.kept_pairs import QuadraticScore
from verification.setting import Procedure, Setting

SETTING = Setting(24_000, 7, 6, 3, 0.3, 2.0, 5.0)
FILTERS = [
    Procedure("teacher-filtered", theta=0.0),
    Procedure("teacher-filtered", theta=-1.0),
    Procedure("oracle-filtered", theta=2.0),
    Procedure("teacher-filtered", retain=0.05),
    Procedure("teacher-filtered", retain=0.3),
    Procedure("teacher-filtered", retain=0.8),
    Procedure("teacher-filtered", theta=0.5, rounds=2),
]
BLOCK = 2**11


@pytest.fixture
def short_parts(monkeypatch):
    """Parts of a few hundred pairs, so that a small draw has many."""
    monkeypatch.setattr(kept_pairs, "BLOCK_NORMALS", BLOCK)
    monkeypatch.setattr(parts, "PART_BLOCKS", 3)


def generator(key, replicate=0):
    """A replicate's generator."""
    return seeds.generator(3, key, replicate)


def some_scores(k):
    """The scores of a fitted teacher, corrupted and clean, with unequal gains."""
    rng = np.random.default_rng(k)
    gains = np.sort(1 + rng.random((2, k)))[:, ::-1]
    curvature = rng.normal(0, 0.3, (k, k)) + np.eye(k)
    return QuadraticScore(np.zeros((k, k)), gains[0]), QuadraticScore((curvature + curvature.T) / 2, gains[1])


def backwards(task, given):
    """Draws the last part first."""
    found = [task(part) for part in reversed(given)]
    return reversed(found)


def as_drawn(task, given):
    """Draws the last part first and hands it over first."""
    return (task(part) for part in reversed(given))


@pytest.mark.parametrize("procedure", FILTERS, ids=lambda p: p.key)
def test_the_order_in_which_parts_are_drawn_changes_no_bit(procedure, short_parts):
    """First to last, last to first: one draw; parts that are *added* in another order are another draw."""
    assert exact.parts_of(SETTING, procedure) > 5
    drawn = [
        exact.draw_many(SETTING, procedure, [generator("order")], (0.3, 0.8), partial(exact.select, run=run))
        for run in (map, backwards, as_drawn)
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_a_draw_of_one_part_is_cut_nowhere():
    """Up to PART_BLOCKS blocks the bits are those of one stream: the parts' own selection is not asked."""
    setting = Setting(40_000, 6, 5, 2, 0.3, 2.0, 5.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "select", None)
        exact.draw(setting, Procedure("teacher-filtered", theta=0.0), generator("short"))
    size = parts.pairs_in_part(2)
    longest, longer = (Procedure("oracle-filtered", theta=0.0, student_n=n) for n in (size, size + 1))
    assert [exact.parts_of(setting, p) for p in (longest, longer)] == [1, 2]
    assert exact.parts_of(setting, Procedure("oracle-filtered", retain=1.0, student_n=10**9)) == 1
    assert exact.parts_of(setting, Procedure()) == 1


def numbers(draws):
    """What is reported of each draw, (draws, 4)."""
    return np.array([(d.left, d.right, d.kept, d.singular_values[0]) for d in draws])


def smallest_p(procedure, count):
    """The p-value, by Kolmogorov and Bonferroni, of one law in draws by parts and by one stream."""
    found = []
    for blocks in (3, 10**6):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parts, "PART_BLOCKS", blocks)
            setting = Setting(6_000, 7, 6, 3, 0.3, 2.0, 5.0)
            rngs = [generator(f"law {blocks}", i) for i in range(count)]
            found.append(numbers(exact.draw_many(setting, procedure, rngs, (0.3, 0.8))))
    tests = [stats.ks_2samp(*columns).pvalue for columns in zip(*(f.T for f in found), strict=True)]
    return min(1.0, 4 * min(tests))


LEVEL = 1e-6


@pytest.mark.parametrize("procedure", FILTERS, ids=lambda p: p.key)
def test_parts_have_the_law_of_one_stream(procedure, short_parts):
    """Errors, kept pairs and singular values, at a family level of 1e-6."""
    assert smallest_p(procedure, 150) > LEVEL / len(FILTERS)


def one_stream_for_all_parts(monkeypatch):
    """Every part has the streams of the first."""
    right = parts._cut

    def wrong(*arguments):
        first, *others = right(*arguments)
        return [first] + [replace(part, rng=first.rng) for part in others]

    monkeypatch.setattr(parts, "_cut", wrong)


def a_part_lost(monkeypatch):
    """The first part is never drawn."""
    right = parts._cut
    monkeypatch.setattr(parts, "_cut", lambda *arguments: right(*arguments)[1:])


def candidates_left_out(monkeypatch):
    """The best of the candidates are not added."""
    monkeypatch.setattr(parts, "_add_best", lambda *arguments: None)


def no_clean_pair_too_many(monkeypatch):
    """Each part has fewer clean pairs than the law says."""
    right = parts._cut
    monkeypatch.setattr(parts, "_cut", lambda scores, eta, *rest: right(scores, 0.9 * eta, *rest))


@pytest.mark.parametrize(
    ("break_it", "procedure", "count"),
    [
        (one_stream_for_all_parts, FILTERS[0], 400),
        (a_part_lost, FILTERS[2], 400),
        (candidates_left_out, FILTERS[4], 200),
        (no_clean_pair_too_many, FILTERS[2], 400),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_wrong_parts_are_caught(break_it, procedure, count, short_parts, monkeypatch):
    """The negative controls: each mistake in the parts fails the test of their law."""
    break_it(monkeypatch)
    assert smallest_p(procedure, count) < LEVEL / len(FILTERS)


@pytest.mark.parametrize("width", [7.0, 0.0], ids=["as used", "a bracket that misses"])
@pytest.mark.parametrize("rank", [1, 2, 5])
@pytest.mark.parametrize("keep", [2, 300, 5_000, 11_000, 19_000])
def test_a_bracket_never_changes_the_kept_pairs(keep, rank, width, short_parts):
    """The top is that of a bracket without bounds, however narrow the first one is."""
    scores, passes = some_scores(rank), []

    def run(task, given):
        passes.append(len(given))
        return map(task, given)

    found, wanted = (
        parts.select_top(scores, 0.3, 20_000, keep, generator("top"), run, w) for w in (width, math.inf)
    )
    assert sum(m.count for m in found) == keep
    for one, other in zip(found, wanted, strict=True):
        assert one.count == other.count
        np.testing.assert_allclose(one.gram[:rank, :rank], other.gram[:rank, :rank], rtol=1e-9, atol=1e-7)
        if rank < kept_pairs.SCORE_FIRST_MIN_RANK or keep >= 20_000 / 8:  # all normals drawn at once
            np.testing.assert_allclose(one.gram, other.gram, rtol=1e-9, atol=1e-7)
    assert len(passes) == 2 or not width  # a bracket as used does not miss


def test_a_bracket_that_misses_is_noticed(short_parts):
    """One of no width misses and all is drawn again, once."""
    passes = []

    def run(task, given):
        passes.append(len(given))
        return map(task, given)

    parts.select_top(some_scores(2), 0.3, 20_000, 5_000, generator("top"), run, 0.0)
    assert passes == 2 * [parts.parts_of(20_000, 2)]


def test_a_share_that_reaches_into_negative_scores_is_drawn_again_with_them(short_parts):
    """The same pairs, whether or not the bracket foresaw that corrupted pairs of negative scores are kept."""
    scores = QuadraticScore(np.zeros((2, 2)), np.ones(2)), QuadraticScore(np.eye(2), np.ones(2))
    signs = []

    def run(task, given):
        signs.append(given[0].signs)
        return map(task, given)

    keep = bisect.bisect_right(range(1, 20_000), 0, key=lambda k: -_low(scores, k, 0.0))
    found, again = (
        parts.select_top(scores, 0.6, 20_000, keep, generator("sign"), run, width) for width in (0.0, 7.0)
    )
    assert signs[0] == (1,)
    assert signs[-1] == (1, -1)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_allclose(one.gram, other.gram, rtol=1e-9)


def _low(scores, keep, width):
    """The lower end of a bracket for `keep` of 20 000 pairs, 60% of them clean."""
    return parts._bracket(scores, 0.6, 20_000, keep, width)[0]


def test_streams_of_parts_do_not_meet():
    """No two streams that parts or rounds ask for start at one place."""
    rng = generator("streams")
    part_streams = [seeds.block(rng, parts.PART_STREAMS * i) for i in range(3)]
    asked = [rng, seeds.block(rng, 2**39), *part_streams]
    asked += [seeds.block(stream, i) for stream in part_streams for i in range(1 + 7)]
    places = {tuple(stream.bit_generator.state["state"]["counter"].tolist()) for stream in asked}
    assert len(places) == len(asked)
