"""Rows in index order for a reader who may stop early, on any workers, with or without a store."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from verification.replication import cost
from verification.replication.batches import Chunk, ChunkRows, Row, run_batch
from verification.replication.cells import AnyCell, ErrorCell
from verification.replication.runner import Batch, Runner
from verification.replication.store import Store
from verification.workers.executors import SerialExecutor, Workers

BATCH_SECONDS = 1.0


PROBE_SECONDS = 0.1
"""Work in a batch of a kind that has not been measured yet."""


BATCH_ROWS = 4096


class _Pace:
    """How long replicates take, from the predicted cost and what was measured so far."""

    def __init__(self) -> None:
        self._factors: dict[tuple[str, str], float] = {}

    def seconds(self, cell: AnyCell) -> tuple[float, bool]:
        """(seconds of one replicate, whether that is more than a guess)."""
        factor = self._factors.get(self.kind(cell))
        return cost.seconds(cell) * (factor or 1.0), factor is not None

    def learn(self, result: ChunkRows) -> None:
        cell = result.chunk.cell
        measured = result.seconds / (cost.seconds(cell) * result.chunk.size)
        kind = self.kind(cell)
        before = self._factors.get(kind, measured)
        self._factors[kind] = 0.7 * before + 0.3 * measured

    def ahead(self, predicted: Mapping[tuple[str, str], float]) -> float | None:
        """Seconds that work of these predicted costs by kind will take; None before any measurement."""
        if not self._factors:
            return None
        usual = float(np.mean(list(self._factors.values())))
        return sum(max(0.0, s) * self._factors.get(kind, usual) for kind, s in predicted.items())

    @staticmethod
    def kind(cell: AnyCell) -> tuple[str, str]:
        if isinstance(cell, ErrorCell):
            return cell.engine, cell.procedure.estimator
        return "quantity", cell.quantity.quantity


def run_replicates(
    work: Iterable[tuple[AnyCell, range]],
    workers: Workers | None = None,
    store: Store | None = None,
    *,
    batch_seconds: float = BATCH_SECONDS,
) -> Iterator[tuple[AnyCell, Row]]:
    """The rows of each (cell, range of replicates), in the order given, however they are run.

    Stored rows are taken from `store` and new ones are put there.  Only a few batches of about
    `batch_seconds` are run ahead of the reader, who may stop at any row (close the generator, or leave
    the loop).  Without `workers` all runs in this process.
    """
    workers = workers or Workers(SerialExecutor(), 1, run_batch)
    pace = _Pace()
    runner = Runner(workers)
    queue: deque[Batch] = deque()
    ready: dict[AnyCell, dict[int, Row]] = defaultdict(dict)
    batches = _batches(_parts(work, store), pace, batch_seconds)
    window = 2 * workers.count
    try:
        while True:
            while len(queue) < window and (batch := next(batches, None)) is not None:
                queue.append(batch)
                for chunk in batch:
                    stored = iter(()) if store is None else store.rows(chunk.cell, chunk.start, chunk.stop)
                    ready[chunk.cell] |= {row.replicate: row for row in stored}
                # `_parts` gives chunks stored or missing as a whole.
                wanted = [chunk for chunk in batch if chunk.start not in ready[chunk.cell]]
                if wanted:
                    runner.submit(wanted)
            if not queue:
                return
            for chunk in queue[0]:
                rows = ready[chunk.cell]
                while any(i not in rows for i in range(chunk.start, chunk.stop)):
                    if not runner.busy:  # asked for twice, and handed out once
                        runner.submit([chunk])
                    results = runner.collect()
                    for result in results:
                        pace.learn(result)
                        ready[result.chunk.cell] |= {row.replicate: row for row in result.rows}
                    if results and store is not None:
                        store.write(results)
                for i in range(chunk.start, chunk.stop):
                    yield chunk.cell, rows.pop(i)
            queue.popleft()
    finally:
        runner.cancel_waiting()


def _parts(work: Iterable[tuple[AnyCell, range]], store: Store | None) -> Iterator[Chunk]:
    """The work as chunks, each stored as a whole or missing as a whole."""
    for given, indices in work:
        if store is None:
            yield Chunk(given, indices.start, indices.stop)
            continue
        cell = store.known(given)
        at = indices.start
        for gap in _gaps(store.stored(cell, indices.stop), indices):
            if at < gap.start:
                yield Chunk(cell, at, gap.start)
            yield Chunk(cell, gap.start, gap.stop)
            at = gap.stop
        if at < indices.stop:
            yield Chunk(cell, at, indices.stop)


def _batches(chunks: Iterator[Chunk], pace: _Pace, batch_seconds: float = BATCH_SECONDS) -> Iterator[Batch]:
    """The chunks packed and cut to about so many seconds of work, in order; less of what was not measured."""
    batch: Batch = []
    room, rows = 1.0, 0  # room: the share of a batch that is left
    for chunk in chunks:
        at = chunk.start
        while at < chunk.stop:
            seconds, measured = pace.seconds(chunk.cell)
            share = seconds / (batch_seconds if measured else min(batch_seconds, PROBE_SECONDS))
            take = min(chunk.stop - at, BATCH_ROWS - rows, max(1, int(room / share)))
            batch.append(Chunk(chunk.cell, at, at + take))
            at += take
            rows += take
            room -= take * share
            if room < share or rows >= BATCH_ROWS:
                yield batch
                batch, room, rows = [], 1.0, 0
    if batch:
        yield batch


def _gaps(found: set[int], wanted: range) -> list[range]:
    """What of `wanted` is not in `found`, as ranges."""
    if not found:
        return [wanted] if wanted else []
    gaps: list[range] = []
    start = None
    for i in wanted:
        if i in found:
            if start is not None:
                gaps.append(range(start, i))
                start = None
        elif start is None:
            start = i
    if start is not None:
        gaps.append(range(start, wanted.stop))
    return gaps
