"""Rows in index order for a reader who may stop early, on any workers, with or without a store."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from verification.replication.batches import Chunk, Row, run_batch
from verification.replication.cells import AnyCell
from verification.replication.pace import BATCH_SECONDS, Pace, batches, gaps
from verification.replication.runner import Batch, Runner
from verification.replication.store import Store
from verification.workers.executors import SerialExecutor, Workers


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
    ahead = _Ahead(workers, store)
    todo = batches(_parts(work, store), ahead.pace, batch_seconds)
    queue: deque[Batch] = deque()
    try:
        while True:
            while len(queue) < 2 * workers.count and (batch := next(todo, None)) is not None:
                ahead.ask(batch)
                queue.append(batch)
            if not queue:
                return
            for chunk in queue.popleft():
                for row in ahead.rows(chunk):
                    yield chunk.cell, row
    finally:
        ahead.runner.cancel_waiting()


class _Ahead:
    """Batches run ahead of their reader: rows by cell, as they come from the store or a worker."""

    def __init__(self, workers: Workers, store: Store | None) -> None:
        self.runner = Runner(workers)
        self.pace = Pace()
        self._store = store
        self._ready: dict[AnyCell, dict[int, Row]] = defaultdict(dict)

    def ask(self, batch: Batch) -> None:
        """Read what is stored of a batch and have the rest run."""
        if self._store is not None:
            for chunk in batch:
                stored = self._store.rows(chunk.cell, chunk.start, chunk.stop)
                self._ready[chunk.cell] |= {row.replicate: row for row in stored}
        # `_parts` gives chunks stored or missing as a whole.
        wanted = [chunk for chunk in batch if chunk.start not in self._ready[chunk.cell]]
        if wanted:
            self.runner.submit(wanted)

    def rows(self, chunk: Chunk) -> list[Row]:
        """The rows of a chunk that was asked for, once they are all there; handed out once."""
        ready, indices = self._ready[chunk.cell], range(chunk.start, chunk.stop)
        while any(i not in ready for i in indices):
            if not self.runner.busy:  # asked for twice, and handed out once
                self.runner.submit([chunk])
            self._collect()
        return [ready.pop(i) for i in indices]

    def _collect(self) -> None:
        results = self.runner.collect()
        for result in results:
            self.pace.learn(result)
            self._ready[result.chunk.cell] |= {row.replicate: row for row in result.rows}
        if results and self._store is not None:
            self._store.write(results)


def _parts(work: Iterable[tuple[AnyCell, range]], store: Store | None) -> Iterator[Chunk]:
    """The work as chunks, each stored as a whole or missing as a whole."""
    for given, indices in work:
        if store is None:
            yield Chunk(given, indices.start, indices.stop)
            continue
        cell = store.known(given)
        at = indices.start
        for gap in gaps(store.stored(cell, indices.stop), indices):
            if at < gap.start:
                yield Chunk(cell, at, gap.start)
            yield Chunk(cell, gap.start, gap.stop)
            at = gap.stop
        if at < indices.stop:
            yield Chunk(cell, at, indices.stop)
