"""Which of many scored pairs a filter keeps, drawn at the cost of the score coordinates alone.

A teacher of rank k sees a pair only through 2k standard normals (a, b), and its score is

    S = <a, C a> + sum_j g_j a_j b_j,

with C = 0 for a corrupted pair.  The functions here draw those normals block by block and return,
for each class, the count, the sum and the Gram matrix of the kept ones: all that the student needs
(`short_sample`).  Memory is one block, whatever the number of pairs.

Two exact savings, proved in proofs_notes/engines.md:

* (a, b) and (a, -b) are equally likely for a corrupted pair, so the corrupted pairs split into a
  binomial number with S > 0 and the rest.  A threshold >= 0 never draws the rest.
* Given a, the score needs only the component of b along (g_j a_j).  Where few pairs are kept, the
  other k - 1 components are drawn for those alone: k + 1 normals for a pair that is dropped.  The
  first k + 1 are called a draft below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verification.engines import seeds
from verification.engines.estimate import Array

BLOCK_NORMALS = 2**16
"""Normals in a block: half a megabyte, which stays in a core's cache.  A constant, because the order
of summation and hence the last bits depend on it."""

WEIGHTED_ROWS = 8
"""Up to so many normals of a pair, adding kept pairs by weights is faster than copying them."""

SCORE_FIRST_MIN_RANK = 3
"""Below this rank a draft saves no time: it has one normal less than the whole pair at most."""

BRACKET_WIDTH = 7.0
"""Standard deviations between the bracket of `select_top` and its centre (see there)."""


@dataclass(frozen=True)
class QuadraticScore:
    """S = <a, C a> + sum_j g_j a_j b_j of one class: `curvature` C (k, k), `gains` g (k,)."""

    curvature: Array
    gains: Array

    @property
    def rank(self) -> int:
        """k, the rank of the teacher."""
        return len(self.gains)

    @property
    def mean(self) -> float:
        """E[S] in this class."""
        return float(np.trace(self.curvature))

    @property
    def matrix(self) -> Array:
        """The symmetric M (2k, 2k) with S = <w, M w>, w = (a, b)."""
        half = np.diag(self.gains / 2)
        return np.block([[self.curvature, half], [half, np.zeros_like(half)]])


class Room:
    """Memory for one array at a time: a new one for each block would be taken from the system again."""

    def __init__(self) -> None:
        self._flat = np.empty(0)

    def array(self, rows: int, columns: int) -> Array:
        """An array (rows, columns) of any content, which the next call takes back."""
        size = rows * columns
        if len(self._flat) < size:
            self._flat = np.empty(size)
        return self._flat[:size].reshape(rows, columns)


class Moments:
    """Count, sum (2k,) and Gram matrix (2k, 2k) of the kept pairs' normals in one class."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.total = np.zeros(width)
        self.gram = np.zeros((width, width))
        self._room = Room()

    def add(self, normals: Array) -> None:
        """Adds the columns of a (2k, m) array."""
        self.count += normals.shape[1]
        self.total += normals.sum(axis=1)
        self.gram += normals @ normals.T

    def add_where(self, normals: Array, chosen: NDArray[np.bool_]) -> None:
        """Adds the columns of a (2k, m) array where `chosen` (m,) says so, at the lower of two costs.

        Few rows are weighted by 0 and 1 sooner than their columns are copied.
        """
        count = int(np.count_nonzero(chosen))
        if len(normals) > WEIGHTED_ROWS or 4 * count < len(chosen):
            self.add(normals.take(np.flatnonzero(chosen), axis=1))
            return
        weights = chosen.astype(float)
        self.count += count
        self.total += normals @ weights
        weighted = np.multiply(normals, weights, out=self._room.array(*normals.shape))
        self.gram += weighted @ normals.T

    def include(self, others: Moments) -> None:
        """Adds what was kept elsewhere."""
        self.count += others.count
        self.total += others.total
        self.gram += others.gram


class Stratum:
    """A stream of pairs of one class, all with scores of the given sign (0: any sign).

    `pairs` is how many the population has.  With a `completion` stream the pairs are drawn as drafts,
    and `complete` draws the rest; where that is a stream of its own, which pairs a stratum holds, and
    their scores, do not depend on the thresholds that were asked for.
    """

    def __init__(
        self,
        score: QuadraticScore,
        label: int,
        sign: int,
        pairs: int,
        rng: np.random.Generator,
        completion: np.random.Generator | None = None,
    ) -> None:
        self.score = score
        self.label = label
        self.sign = sign
        self.pairs = pairs
        self._rng = rng
        self._completion = completion
        self._normals, self._product = Room(), Room()

    @property
    def width(self) -> int:
        """Normals that are drawn of a pair to score it."""
        k = self.score.rank
        return 2 * k if self._completion is None else k + 1

    def above(self, pairs: int, threshold: float) -> tuple[Array, Array]:
        """Draws the next `pairs` pairs: scores (m,) and normals (width, m) of those above `threshold`."""
        values, normals = self.draw(pairs)
        kept = values > threshold
        if kept.all():
            return values, normals
        return np.compress(kept, values), np.compress(kept, normals, axis=1)

    def draw(self, pairs: int) -> tuple[Array, Array]:
        """Draws the next `pairs` pairs: scores (m,) and normals (width, m), which the next call writes over.

        A pair is a column, so that every step runs along contiguous memory.
        """
        k = self.score.rank
        normals = self._rng.standard_normal(out=self._normals.array(self.width, pairs))
        a, b = normals[:k], normals[k:]
        product = self._product.array(k, pairs)
        if self._completion is None:
            values = self.score.gains @ np.multiply(a, b, out=product)
        else:
            values = np.sqrt(self.score.gains**2 @ np.multiply(a, a, out=product)) * b[0]
        if self.label:  # a corrupted pair has no curvature
            np.matmul(self.score.curvature, a, out=product)
            product *= a
            values += product.sum(axis=0)
        if self.sign:
            # (a, b) -> (a, -b) negates the score of a corrupted pair and keeps its law.
            b *= self.sign * np.copysign(1.0, values)
            values = self.sign * np.abs(values)
        return values, normals

    def add_to(self, moments: Moments, normals: Array, chosen: NDArray[np.bool_]) -> None:
        """Adds the pairs among `normals` (width, m) that are `chosen`, completed."""
        if self._completion is None:
            moments.add_where(normals, chosen)
        else:
            moments.add(self.complete(np.compress(chosen, normals, axis=1)))

    def complete(self, normals: Array) -> Array:
        """All normals (2k, m) of pairs that were drawn as (width, m)."""
        if self._completion is None:
            return normals
        return completed_draft(self.score, normals, self._completion)


def completed_draft(score: QuadraticScore, draft: Array, rng: np.random.Generator) -> Array:
    """All normals (2k, m) of pairs that were drawn as (k + 1, m), the rest from `rng`."""
    a, along = draft[:-1], draft[-1]
    return np.concatenate((a, _completed(score.gains[:, None] * a, along, rng)))


def _completed(direction: Array, along: Array, rng: np.random.Generator) -> Array:
    """Standard normal columns b (k, m) whose component along `direction` (k, m) is `along`.

    The reflection I - u u^T/(1 + |e_1|), u = e + sign(e_1) 1_1, takes the unit vector e of the
    direction to -sign(e_1) 1_1; b is the reflection of a normal vector whose first entry is set.
    """
    length = np.sqrt((direction * direction).sum(axis=0))
    unit = np.divide(direction, length, out=np.zeros(direction.shape), where=length > 0)
    unit[0, length == 0] = 1.0
    sign = np.copysign(1.0, unit[0])
    normals = np.empty(unit.shape)
    normals[0] = -sign * along
    rng.standard_normal(out=normals[1:])
    unit[0] += sign
    normals -= unit * ((unit * normals).sum(axis=0) / np.abs(unit[0]))
    return normals


def strata_of(
    scores: tuple[QuadraticScore, QuadraticScore],
    counts: tuple[int, int],
    score_first: tuple[bool, bool],
    signs: tuple[int, ...],
    streams: Callable[[int], np.random.Generator],
) -> list[Stratum]:
    """Clean pairs, then corrupted ones: those with scores of each of the `signs`, or (0,) for all.

    `streams` gives the generators by number.
    """
    corrupted, clean = counts
    members = [(1, 0, clean), (0, 0, corrupted)]
    if signs != (0,):
        positive = int(streams(0).binomial(corrupted, 0.5))
        by_sign = {1: positive, -1: corrupted - positive}
        members[1:] = [(0, sign, by_sign[sign]) for sign in signs]
    worth_it = scores[0].rank >= SCORE_FIRST_MIN_RANK
    return [
        Stratum(
            scores[label],
            label,
            sign,
            pairs,
            streams(1 + 2 * i),
            streams(2 + 2 * i) if worth_it and score_first[label] else None,
        )
        for i, (label, sign, pairs) in enumerate(members)
    ]


def block_pairs(rank: int) -> int:
    """Pairs in a block of a teacher of this rank."""
    return max(1, BLOCK_NORMALS // (2 * rank))


def select_above(
    scores: tuple[QuadraticScore, QuadraticScore],
    counts: tuple[int, int],
    threshold: float,
    rng: np.random.Generator,
) -> tuple[Moments, Moments]:
    """Moments of the pairs that score above `threshold`, by class (corrupted, clean)."""
    moments = Moments(2 * scores[0].rank), Moments(2 * scores[1].rank)
    # Above its mean score a class keeps about half of its pairs or fewer.
    first = threshold > 0, threshold > scores[1].mean
    # No pair is drawn twice, so one stream will do.
    stream = seeds.fast(rng)
    strata = strata_of(scores, counts, first, (0,) if threshold < 0 else (1,), lambda _: stream)
    block = block_pairs(scores[0].rank)
    for stratum in strata:
        for start in range(0, stratum.pairs, block):
            _, normals = stratum.above(min(block, stratum.pairs - start), threshold)
            moments[stratum.label].add(stratum.complete(normals))
    return moments


def select_top(
    scores: tuple[QuadraticScore, QuadraticScore],
    counts: tuple[int, int],
    keep: int,
    rng: np.random.Generator,
    width: float = BRACKET_WIDTH,
) -> tuple[Moments, Moments]:
    """Moments of the `keep` highest-scoring pairs, by class (corrupted, clean); 1 <= keep <= pairs.

    One pass, O(sqrt(keep)) memory beside one block.  A bracket (low, high] for the final threshold
    only ever narrows: what scores above it is added at once, what scores below it is dropped, the
    candidates inside it are stored.  At the end every added pair beats every candidate and every
    candidate beats every dropped pair, so if

        added <= keep <= added + candidates,

    the added pairs and the best of the candidates are the top, whatever led to the bracket.
    Otherwise (less than once in 10^9 runs, or when too few pairs have positive scores) the same pairs
    are drawn again, all of them and without a bracket.  `width` changes the cost, never the kept
    pairs.
    """
    total = sum(counts)
    # With fewer than half to keep, corrupted pairs with negative scores are out as a rule.
    split = keep < total / 2
    # Then completing the kept ones takes less than drafts save.
    first = (keep < total / 8,) * 2
    for attempt in (0, 1):
        positive_only = split and attempt == 0
        signs = ((1,) if positive_only else (1, -1)) if split else (0,)
        strata = strata_of(scores, counts, first, signs, lambda i: seeds.fast(seeds.block(rng, i)))
        top = _Bracket(
            strata,
            keep,
            total,
            # The pairs that are not drawn have scores below 0: they are the first to be dropped.
            low=0.0 if positive_only else -np.inf,
            width=width if attempt == 0 else np.inf,
        )
        _stream(strata, total, block_pairs(scores[0].rank), top)
        if top.succeeded:
            break
    return top.finish()


def _stream(strata: Sequence[Stratum], total: int, block: int, top: _Bracket) -> None:
    """Feeds all pairs to `top`, in steps that take the same share of every stratum."""
    steps = -(-total // block)
    for step in range(steps):
        for place, stratum in enumerate(strata):
            share = stratum.pairs * (step + 1) // steps - stratum.pairs * step // steps
            top.add(place, *stratum.draw(share))
        top.narrow((step + 1) / steps)


class _Bracket:
    """The moving bracket of `select_top`, what was added, and the candidates inside."""

    def __init__(self, strata: Sequence[Stratum], keep: int, total: int, low: float, width: float) -> None:
        self.low, self.high = low, np.inf
        self._strata = strata
        rank = strata[0].score.rank
        self._moments = Moments(2 * rank), Moments(2 * rank)
        self._keep, self._total, self._width = keep, total, width
        self._values = np.empty(0)
        self._normals = np.empty((strata[0].width, 0))
        self._places = np.empty(0, dtype=np.int64)
        self._pending: list[tuple[Array, Array, int]] = []
        self._size = 0
        self._size_when_narrowed = 0

    @property
    def _added(self) -> int:
        return self._moments[0].count + self._moments[1].count

    def add(self, place: int, values: Array, normals: Array) -> None:
        """Takes pairs of the stratum at `place`; those that score `low` or less are dropped."""
        sure = values > self.high
        if sure.any():
            self._keep_for_good(place, normals, sure)
        inside = sure ^ (values > self.low)
        self._pending.append((np.compress(inside, values), np.compress(inside, normals, axis=1), place))
        self._size += len(self._pending[-1][0])

    def narrow(self, done: float) -> None:
        """Narrows the bracket when a share `done` of the pairs was drawn and candidates piled up.

        The number of the final top among the pairs drawn so far is hypergeometric with mean
        keep * done and variance at most keep (1 - keep/total) done (1 - done); the bracket spans
        `width` standard deviations to each side of that rank.
        """
        if self._size < 2 * self._size_when_narrowed + 1024 or self._width == np.inf:
            return
        self._merge()
        spread = np.sqrt(self._keep * (1 - self._keep / self._total) * done * (1 - done))
        slack = self._width * (spread + 1)
        above = int(np.floor(self._keep * done - slack)) - self._added
        below = int(np.ceil(self._keep * done + slack)) - self._added
        if 0 <= below < self._size - 1:
            self.low = self._score_at(below)
        if 0 < above < self._size:
            self.high = self._score_at(above)
            self._take(self._values > self.high)
        self._cut(self._values > self.low)
        self._size_when_narrowed = self._size

    def _score_at(self, rank: int) -> float:
        """The score of a candidate, by rank from 0 for the highest."""
        place = self._size - 1 - rank
        return float(np.partition(self._values, place)[place])

    @property
    def succeeded(self) -> bool:
        """Whether the bracket holds the threshold."""
        return self._added <= self._keep <= self._added + self._size

    def finish(self) -> tuple[Moments, Moments]:
        """Adds the best candidates; call it when `succeeded`."""
        self._merge()
        best = np.zeros(self._size, dtype=bool)
        best[np.argsort(-self._values, kind="stable")[: self._keep - self._added]] = True
        self._take(best)
        return self._moments

    def _merge(self) -> None:
        """Puts the pending candidates beside the others."""
        self._values = np.concatenate([self._values, *(p[0] for p in self._pending)])
        self._normals = np.concatenate([self._normals, *(p[1] for p in self._pending)], axis=1)
        places = [np.full(len(p[0]), p[2]) for p in self._pending]
        self._places = np.concatenate([self._places, *places])
        self._pending = []

    def _take(self, chosen: NDArray[np.bool_]) -> None:
        """Adds some candidates for good."""
        for place in range(len(self._strata)):
            self._keep_for_good(place, self._normals, chosen & (self._places == place))
        self._cut(~chosen)

    def _keep_for_good(self, place: int, normals: Array, chosen: NDArray[np.bool_]) -> None:
        stratum = self._strata[place]
        stratum.add_to(self._moments[stratum.label], normals, chosen)

    def _cut(self, chosen: NDArray[np.bool_]) -> None:
        """Forgets all other candidates."""
        index = np.flatnonzero(chosen)
        self._values, self._places = self._values[index], self._places[index]
        self._normals = self._normals.take(index, axis=1)
        self._size = len(self._values)
