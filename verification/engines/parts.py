"""A long selection in parts that may be drawn anywhere, at once and in any order.

A selection of up to PART_BLOCKS blocks of pairs is one stream (`kept_pairs`).  A longer one is cut into
parts of as many.  A part has streams of its own and a binomial number of clean pairs, so it depends on
nothing but itself; what the parts kept is added in their order.  So the bits are the same whoever draws
the parts.  Memory is one block a worker, and O(sqrt(kept pairs)) where a share is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from verification.engines import kept_pairs, seeds
from verification.engines.estimate import Array
from verification.engines.kept_pairs import Moments, QuadraticScore, completed_draft, strata_of
from verification.engines.truncated_moments import threshold_at

PART_BLOCKS = 2**11
"""Blocks in a part: 2**27 normals, about a second of a core; 2**24 pairs at rank 4."""

PART_STREAMS = 2**4
"""Streams that are set aside for a part: one for the number of clean pairs, up to seven for its strata."""

WIDER = 8.0
"""How much wider a bracket is that is tried after one that missed."""


@dataclass(frozen=True)
class Part:
    """`pairs` scored pairs: those above `high` are kept, those in (`low`, `high`] are candidates.

    Corrupted pairs are drawn by `signs` of their scores, those of the other sign never ((0,): all
    together); drafts come first in the classes where `score_first` says so.
    """

    scores: tuple[QuadraticScore, QuadraticScore]
    eta: float
    pairs: int
    low: float
    high: float
    signs: tuple[int, ...]
    score_first: tuple[bool, bool]
    rng: np.random.Generator


@dataclass(frozen=True)
class PartResult:
    """What a part gave: moments by class (corrupted, clean), and candidates by class.

    Candidates are scores (m,) and normals (width, m), as they were drawn.
    """

    moments: tuple[Moments, Moments]
    candidates: tuple[tuple[Array, Array], tuple[Array, Array]]


PartRunner = Callable[[Callable[[Part], PartResult], Sequence[Part]], Iterable[PartResult]]
"""Draws parts somewhere and gives what was found, in their order; `map` does it here."""


def pairs_in_part(rank: int) -> int:
    """Pairs of a part; a selection of no more is not cut."""
    return PART_BLOCKS * kept_pairs.block_pairs(rank)


def parts_of(pairs: int, rank: int) -> int:
    """Into how many parts so many scored pairs are cut."""
    return -(-pairs // pairs_in_part(rank))


def draw_part(part: Part) -> PartResult:
    """Scores the pairs of a part."""
    clean = int(seeds.block(part.rng, 0).binomial(part.pairs, part.eta))
    strata = strata_of(
        part.scores,
        (part.pairs - clean, clean),
        part.score_first,
        part.signs,
        lambda i: seeds.fast(seeds.block(part.rng, 1 + i)),
    )
    rank = part.scores[0].rank
    moments = Moments(2 * rank), Moments(2 * rank)
    waiting: tuple[list[tuple[Array, Array]], ...] = ([], [])
    block = kept_pairs.block_pairs(rank)
    for stratum in strata:
        found = waiting[stratum.label]
        found.append((np.empty(0), np.empty((stratum.width, 0))))
        for start in range(0, stratum.pairs, block):
            values, normals = stratum.draw(min(block, stratum.pairs - start))
            sure = values > part.high
            stratum.add_to(moments[stratum.label], normals, sure)
            if part.low < part.high:
                inside = sure ^ (values > part.low)
                found.append((np.compress(inside, values), np.compress(inside, normals, axis=1)))
    corrupted, clean_ones = (_joined(found) for found in waiting)
    return PartResult(moments, (corrupted, clean_ones))


def _joined(found: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    values, normals = zip(*found, strict=True)
    return np.concatenate(values), np.concatenate(normals, axis=1)


def select(
    scores: tuple[QuadraticScore, QuadraticScore],
    eta: float,
    total: int,
    threshold: float | None,
    keep: int | None,
    rng: np.random.Generator,
    run: PartRunner = map,
) -> tuple[Moments, Moments]:
    """Moments of the pairs that a threshold, or else a number to keep, chooses of `total`, by class."""
    if threshold is not None:
        return select_above(scores, eta, total, threshold, rng, run)
    assert keep is not None
    return select_top(scores, eta, total, keep, rng, run)


def select_above(
    scores: tuple[QuadraticScore, QuadraticScore],
    eta: float,
    total: int,
    threshold: float,
    rng: np.random.Generator,
    run: PartRunner = map,
) -> tuple[Moments, Moments]:
    """Moments of the pairs among `total` that score above `threshold`, by class (corrupted, clean)."""
    first = threshold > 0, threshold > scores[1].mean
    signs = (0,) if threshold < 0 else (1,)
    moments, _ = _gathered(run, _cut(scores, eta, total, (threshold, threshold), signs, first, rng))
    return moments


def select_top(
    scores: tuple[QuadraticScore, QuadraticScore],
    eta: float,
    total: int,
    keep: int,
    rng: np.random.Generator,
    run: PartRunner = map,
    width: float = kept_pairs.BRACKET_WIDTH,
) -> tuple[Moments, Moments]:
    """Moments of the `keep` highest-scoring of `total` pairs, by class; 1 <= keep < total.

    One bracket (low, high] for the final threshold, from the law of the scores, serves all parts.  It
    misses less than once in 10^9 draws; then the same pairs are drawn again with a wider one.  `width`
    changes the cost, never the kept pairs.
    """
    first = (keep < total / 8,) * 2
    # Where the threshold should be decides which streams hold the pairs, whatever the bracket.
    split = _bracket(scores, eta, total, keep, 0.0)[0] >= 0
    while True:
        low, high = _bracket(scores, eta, total, keep, width)
        signs = ((1,) if low >= 0 else (1, -1)) if split else (0,)
        parts = _cut(scores, eta, total, (low, high), signs, first, rng)
        moments, candidates = _gathered(run, parts)
        missing = keep - moments[0].count - moments[1].count
        if 0 <= missing <= sum(len(values) for values, _ in candidates):
            _add_best(scores, moments, candidates, missing, rng)
            return moments
        width = WIDER * max(width, 1.0)


def _cut(
    scores: tuple[QuadraticScore, QuadraticScore],
    eta: float,
    total: int,
    bracket: tuple[float, float],
    signs: tuple[int, ...],
    first: tuple[bool, bool],
    rng: np.random.Generator,
) -> list[Part]:
    size = pairs_in_part(scores[0].rank)
    return [
        Part(
            scores,
            eta,
            min(size, total - start),
            *bracket,
            signs,
            first,
            seeds.block(rng, PART_STREAMS * index),
        )
        for index, start in enumerate(range(0, total, size))
    ]


def _gathered(
    run: PartRunner, parts: Sequence[Part]
) -> tuple[tuple[Moments, Moments], list[tuple[Array, Array]]]:
    """The sum of what the parts kept, and all candidates, by class."""
    width = 2 * parts[0].scores[0].rank
    moments = Moments(width), Moments(width)
    candidates: tuple[list[tuple[Array, Array]], ...] = ([], [])
    for found in run(draw_part, parts):
        for label in (0, 1):
            moments[label].include(found.moments[label])
            candidates[label].append(found.candidates[label])
    return moments, [_joined(of_class) for of_class in candidates]


def _bracket(
    scores: tuple[QuadraticScore, QuadraticScore], eta: float, total: int, keep: int, width: float
) -> tuple[float, float]:
    """Thresholds that more, and fewer, than `keep` of `total` pairs exceed.

    Each but for a chance exp(-width^2/2), by Chernoff's bound.
    """
    slack = width * np.sqrt(keep * (1 - keep / total))
    weighted = zip((1 - eta, eta), scores, strict=True)
    classes = [(w, np.linalg.eigh(score.matrix)[0]) for w, score in weighted if w > 0]

    def threshold(number: float) -> float:
        if not 0 < number < total:
            return np.inf if number <= 0 else -np.inf
        return threshold_at(classes, float(np.log(number) - np.log(total - number)))

    return threshold(keep + slack + width**2), threshold(keep - slack)


def _add_best(
    scores: tuple[QuadraticScore, QuadraticScore],
    moments: tuple[Moments, Moments],
    candidates: Sequence[tuple[Array, Array]],
    missing: int,
    rng: np.random.Generator,
) -> None:
    """Adds the `missing` best of the candidates; their drafts are completed from a stream of their own."""
    values = np.concatenate([of_class[0] for of_class in candidates])
    best = np.zeros(len(values), dtype=bool)
    best[np.argsort(-values, kind="stable")[:missing]] = True
    stream = seeds.fast(seeds.block(rng, 2**39))
    chosen = np.split(best, [len(candidates[0][0])])
    for score, kept, (_, drawn), of_class in zip(scores, moments, candidates, chosen, strict=True):
        normals = np.compress(of_class, drawn, axis=1)
        if len(normals) < 2 * score.rank:
            normals = completed_draft(score, normals, stream)
        kept.add(normals)
