"""Cells and replicates on any executor, with or without a store.

`sweep` fills a store with the replicates that it lacks, dearest cells first; `run_replicates` yields
rows in index order for a reader who may stop early.  Both submit about a second of work at a time
and never more than a few batches ahead, so the size of a sweep does not show in memory.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from verification.errors import ExecutorLost
from verification.replication import cost
from verification.replication.batches import Chunk, ChunkRows
from verification.replication.cells import ErrorCell
from verification.replication.replicates import _batches, _gaps, _Pace
from verification.replication.runner import Runner
from verification.replication.store import Store
from verification.workers.executors import Workers

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


def sweep(
    cells: Sequence[ErrorCell],
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


def _rows(results: Iterable[ChunkRows]) -> int:
    return sum(len(result.rows) for result in results)


def _count(progress: Progress, results: Iterable[ChunkRows]) -> None:
    for result in results:
        cell = result.chunk.cell
        name = cell.procedure.estimator if isinstance(cell, ErrorCell) else cell.quantity.quantity
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
