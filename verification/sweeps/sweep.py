"""Cells and replicates on any executor, with or without a store.

`sweep` fills a store with the replicates that it lacks, dearest cells first; `run_replicates` yields
rows in index order for a reader who may stop early.  Both submit about a second of work at a time
and never more than a few batches ahead, so the size of a sweep does not show in memory.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from verification.errors import ExecutorLost, InvalidArgument, whole
from verification.replication import cost
from verification.replication.batches import Chunk, ChunkRows
from verification.replication.cells import ErrorCell, QuantityCell
from verification.replication.pace import Pace, batches, gaps
from verification.replication.runner import Batch, Runner
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
    def missing(self) -> int:
        """Rows that are not on the disk."""
        return self.total - self.found - self.stored

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
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Progress:
    """Store replicates 0 .. replicates - 1 of every cell, except those that are stored.

    When `stop` is set, what runs is finished and stored and the sweep returns with `stopped`.  Raises
    InvalidArgument, StoreError or ExecutorLost; rows that `on_progress` was told of as stored are on
    the disk whatever happens.
    """
    replicates = whole("replicates", replicates, 1)
    _require_kinds(cells, store, workers)
    stop = stop or threading.Event()
    progress = Progress(total=len(cells) * replicates)
    begin = time.monotonic()
    pace, work, unsaved = Pace(), _Work(cells, replicates), _Unsaved(store, progress)
    todo = batches(work.missing(store, progress), pace)
    runner = Runner(workers)
    exhausted = False
    try:
        while True:
            exhausted = exhausted or _filled(runner, todo, stop)
            if stop.is_set() and not progress.stopped:
                progress.stopped = True
                runner.cancel_waiting()
            for result in runner.collect():
                pace.learn(result)
                work.ended(result)
                unsaved.results.append(result)
            ended = not runner.busy and (exhausted or progress.stopped)
            if ended or unsaved.due:
                unsaved.save()
            progress.elapsed = time.monotonic() - begin
            progress.remaining_seconds = pace.ahead(work.left, workers.count)
            on_progress(progress)
            if ended:
                progress.stopped = progress.missing > 0  # a stop that came after the last row stopped nothing
                return progress
    except ExecutorLost:
        unsaved.save()
        raise
    except BaseException:
        if workers.kill is not None:
            workers.kill()
        raise


def _require_kinds(cells: object, store: object, workers: object) -> None:
    """Raises InvalidArgument for what cannot be swept, stored in or worked with."""
    for cell in cells if isinstance(cells, Sequence) else (cells,):
        if not isinstance(cell, ErrorCell | QuantityCell):
            raise InvalidArgument("cells", cell, "must be a sequence of ErrorCell or QuantityCell")
    for name, given, kind in (("store", store, Store), ("workers", workers, Workers)):
        if not isinstance(given, kind):
            raise InvalidArgument(name, given, f"must be a {kind.__name__}")


def _filled(runner: Runner, todo: Iterator[Batch], stop: threading.Event) -> bool:
    """Hands out batches while there is room for them; True once there is none left."""
    while runner.has_room and not stop.is_set():
        batch = next(todo, None)
        if batch is None:
            return True
        runner.submit(batch)
    return False


class _Work:
    """The cells of a sweep, and the predicted seconds that are `left` by kind of cell."""

    def __init__(self, cells: Sequence[ErrorCell], replicates: int) -> None:
        self._cells = cells
        self._replicates = replicates
        self._costs = np.empty(len(cells))
        self.left: dict[tuple[str, str], float] = defaultdict(float)
        for index, cell in enumerate(cells):
            self._costs[index] = cost.seconds(cell)
            self.left[Pace.kind(cell)] += float(self._costs[index]) * replicates

    def missing(self, store: Store, progress: Progress) -> Iterator[Chunk]:
        """The replicates that are not stored, dearest cells first; those that are stored are counted."""
        for index in np.argsort(-self._costs, kind="stable"):
            cell = store.known(self._cells[int(index)])
            missing = gaps(store.stored(cell, self._replicates), range(self._replicates))
            found = self._replicates - sum(len(gap) for gap in missing)
            progress.found += found
            self.left[Pace.kind(cell)] -= found * float(self._costs[index])
            for gap in missing:
                yield Chunk(cell, gap.start, gap.stop)

    def ended(self, result: ChunkRows) -> None:
        """A chunk came back: its work is no longer left."""
        cell = result.chunk.cell
        self.left[Pace.kind(cell)] -= cost.seconds(cell) * len(result.rows)


class _Unsaved:
    """What came back and is not on the disk yet: saved, and then counted, some at a time."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self.results: list[ChunkRows] = []
        self._store = store
        self._progress = progress
        self._since = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether there is something that has waited long enough, or is enough."""
        waited = time.monotonic() - self._since
        rows = sum(len(result.rows) for result in self.results)
        return bool(self.results) and (waited > STORE_SECONDS or rows > STORE_ROWS)

    def save(self) -> None:
        """Put it on the disk."""
        if self.results:
            self._store.write(self.results)
            _count(self._progress, self.results)
            self.results, self._since = [], time.monotonic()


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
