"""Cells and replicates on any executor, with or without a store.

`sweep` fills a store with the replicates that it lacks, dearest cells first; `run_replicates` yields
rows in index order for a reader who may stop early.  Both submit about a second of work at a time
and never more than a few batches ahead, so the size of a sweep does not show in memory.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from verification.replication import cost
from verification.replication.cells import AnyCell, Cell, Chunk, ChunkRows, Row, run_batch
from verification.replication.runner import Batch, Runner
from verification.replication.store import Store
from verification.workers.executors import ExecutorLost, SerialExecutor, Workers

if TYPE_CHECKING:
    pass

BATCH_SECONDS = 1.0
PROBE_SECONDS = 0.1
"""Work in a batch of a kind that has not been measured yet."""
BATCH_ROWS = 4096
STORE_SECONDS = 0.5
STORE_ROWS = 20_000


@dataclass
class Tally:
    """What was found so far for one estimator, in this run."""

    rows: int = 0
    failures: int = 0
    error_sum: float = 0.0
    seconds: float = 0.0

    @property
    def mean(self) -> float | None:
        """The mean error over all its rows."""
        good = self.rows - self.failures
        return self.error_sum / good if good else None


@dataclass
class Progress:
    """Where a sweep is.  `stored` rows of this run are on the disk; `found` were there before."""

    total: int
    found: int = 0
    stored: int = 0
    elapsed: float = 0.0
    core_seconds: float = 0.0
    remaining_seconds: float | None = None
    stopped: bool = False
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Rows stored a second."""
        return self.stored / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def failures(self) -> int:
        """Rows of this run without an error."""
        return sum(t.failures for t in self.tallies.values())


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
        if isinstance(cell, Cell):
            return cell.engine, cell.procedure.estimator
        return "quantity", cell.quantity.quantity


def sweep(
    cells: Sequence[Cell],
    replicates: int,
    store: Store,
    workers: Workers,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Progress:
    """Store replicates 0 .. replicates - 1 of every cell, except those that are stored.

    When `stop` is set, what runs is finished and stored and the sweep returns with `stopped`.  Raises
    StoreError or ExecutorLost; rows that `on_progress` was told of as stored are on the disk whatever
    happens.
    """
    stop = stop or threading.Event()
    costs = np.empty(len(cells))
    pace = _Pace()
    left: dict[tuple[str, str], float] = {}
    for index, cell in enumerate(cells):
        costs[index] = cost.seconds(cell)
        left[pace.kind(cell)] = left.get(pace.kind(cell), 0.0) + float(costs[index]) * replicates
    order = np.argsort(-costs, kind="stable")
    progress = Progress(total=len(cells) * replicates)
    begin = time.monotonic()

    def missing() -> Iterator[Chunk]:
        for index in order:
            cell = store.known(cells[int(index)])
            gaps = _gaps(store.stored(cell, replicates), range(replicates))
            found = replicates - sum(len(gap) for gap in gaps)
            progress.found += found
            left[pace.kind(cell)] -= found * float(costs[index])
            for gap in gaps:
                yield Chunk(cell, gap.start, gap.stop)

    batches = _batches(missing(), pace)
    runner = Runner(workers)
    waiting: list[ChunkRows] = []
    since = time.monotonic()
    exhausted = False
    try:
        while True:
            while not exhausted and not stop.is_set() and runner.has_room:
                batch = next(batches, None)
                if batch is None:
                    exhausted = True
                else:
                    runner.submit(batch)
            if stop.is_set() and not progress.stopped:
                progress.stopped = True
                runner.cancel_waiting()
            results = runner.collect() if runner.busy else []
            for result in results:
                pace.learn(result)
                left[pace.kind(result.chunk.cell)] -= cost.seconds(result.chunk.cell) * len(result.rows)
            waiting += results
            ended = not runner.busy and (exhausted or progress.stopped)
            now = time.monotonic()
            if waiting and (ended or now - since > STORE_SECONDS or _rows(waiting) > STORE_ROWS):
                store.write(waiting)
                _count(progress, waiting)
                waiting, since = [], now
            progress.elapsed = now - begin
            ahead = pace.ahead(left)
            progress.remaining_seconds = None if ahead is None else ahead / workers.count
            if on_progress is not None:
                on_progress(progress)
            if ended:
                return progress
    except ExecutorLost:
        store.write(waiting)
        raise
    except BaseException:
        if workers.kill is not None:
            workers.kill()
        raise


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


def _rows(results: Iterable[ChunkRows]) -> int:
    return sum(len(result.rows) for result in results)


def _count(progress: Progress, results: Iterable[ChunkRows]) -> None:
    for result in results:
        cell = result.chunk.cell
        name = cell.procedure.estimator if isinstance(cell, Cell) else cell.quantity.quantity
        tally = progress.tallies.setdefault(name, Tally())
        good = [row.error for row in result.rows if row.error is not None]
        tally.rows += len(result.rows)
        tally.failures += len(result.rows) - len(good)
        tally.error_sum += sum(good)
        tally.seconds += result.seconds
        progress.stored += len(result.rows)
        progress.core_seconds += result.seconds


@contextmanager
def stop_on_interrupt(
    on_first: Callable[[], None] = lambda: None,
) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or SIGTERM) sets; the next one raises KeyboardInterrupt.

    `on_first` is called at the first one.  Works in the main thread, where signals arrive.
    """
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        on_first()

    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
