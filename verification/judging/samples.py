"""Draws for a run's checks: every cell once, on the sweep's machinery, with or without a store."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np

from verification.engines.estimate import Array
from verification.quantities.registry import COMBINED, Cell
from verification.replication import cost
from verification.replication.batches import Row, open_batch_workers
from verification.replication.cells import AnyCell, ErrorCell, QuantityCell
from verification.replication.replicates import run_replicates
from verification.replication.store import Store
from verification.simulation import engines_of
from verification.workers.executors import Workers

Need = tuple[Cell, int]
"""A cell and how many replicates of it."""

OnProgress = Callable[[float, float, str], None]
"""Called with (seconds of work done, seconds in all, what is going on); both are predictions."""

WORTH_WORKERS = 2.0
"""Seconds of work below which starting worker processes takes longer than it saves."""

BATCH_SECONDS = 0.25
"""Work in a batch: more than handing it out costs, little enough for the workers to end together."""


class Interrupted(Exception):
    """The run was told to stop while it was drawing."""


@dataclass
class Sampler:
    """Values drawn so far, by cell; called with a cell as the judges do.

    Draw with `need`; or ask with `begin`, do something else, and see with `has` what has come, cheap
    cells first.  A replicate whose filter keeps fewer than two pairs has infinite error; one that
    fails in another way is NaN, and its message is in `failures`.  A context manager: leaving it stops
    what is being drawn.
    """

    seed: int
    jobs: int
    store: Path | None = None
    on_progress: OnProgress | None = None
    drawn: dict[Cell, Array] = field(default_factory=dict)
    failures: dict[Cell, str] = field(default_factory=dict)
    errors_survived: int = 0
    _asked: dict[Cell, int] = field(default_factory=dict)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _running: Future[None] | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _workers: Workers | None = None

    def __enter__(self) -> Sampler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.shutdown(wait=True)
        self._open.__exit__(kind, error, trace)

    def __call__(self, cell: Cell) -> Array:
        """The values of a cell in replicate order, shape (replicates drawn,)."""
        return self.drawn[cell]

    def has(self, needs: Iterable[Need]) -> bool:
        """Whether every cell has at least so many replicates."""
        return all(len(self.drawn.get(cell, ())) >= count for cell, count in needs)

    def need(self, needs: Iterable[Need]) -> None:
        """Draw until every cell has at least so many replicates, by index."""
        self.begin(needs)
        while self.busy:
            self.wait()

    @property
    def busy(self) -> bool:
        """Whether something that `begin` started has not been seen to end."""
        return self._running is not None

    def begin(self, needs: Iterable[Need]) -> None:
        """Start drawing what was not asked for before; not while it is busy."""
        wanted: dict[Cell, int] = {}
        for cell, count in needs:
            wanted[cell] = max(wanted.get(cell, 0), count)
        missing = {
            cell: range(self._asked.get(cell, 0), count)
            for cell, count in wanted.items()
            if count > self._asked.get(cell, 0)
        }
        self._asked |= {cell: indices.stop for cell, indices in missing.items()}
        if missing:
            self._running = self._thread.submit(self._draw, missing)

    def wait(self, timeout: float | None = None) -> None:
        """Wait for what `begin` started, so many seconds at most; raises what drawing raised."""
        if self._running is not None and self._running in wait([self._running], timeout).done:
            self._running.result()
            self._running = None

    def _draw(self, missing: Mapping[Cell, range]) -> None:
        parts = {cell: tuple(_parts(cell, self.seed)) for cell in missing}
        ranges, users = _shared(missing, parts)
        # Cheap ones first, so that there is soon something to judge.
        work = sorted(ranges.items(), key=lambda item: cost.seconds(item[0]) * len(item[1]))
        total = sum(cost.seconds(part) * len(indices) for part, indices in work)
        rows: dict[AnyCell, dict[int, float]] = {part: {} for part in ranges}
        done, current = 0.0, None
        for part, row in self._rows(work, total):
            if part is not current:  # to look a cell up takes longer than all else here
                current, found, seconds, size = part, rows[part], cost.seconds(part), len(ranges[part])
            found[row.replicate] = self._value(row, users[part])
            done += seconds
            if self.on_progress is not None:
                self.on_progress(done, total, "drawing")
            if self._stop.is_set():
                raise Interrupted
            if len(found) < size:
                continue
            for cell in users[part]:
                if all(len(rows[p]) == len(ranges[p]) for p in parts[cell]):
                    self._keep(cell, missing[cell], [rows[p] for p in parts[cell]])

    def _keep(self, cell: Cell, indices: range, parts: list[dict[int, float]]) -> None:
        """A cell's values from those of its parts."""
        values = np.array([[part[i] for i in indices] for part in parts])
        new = COMBINED[cell.quantity](values) if cell.quantity in COMBINED else values[0]
        self.drawn[cell] = np.concatenate([self.drawn.get(cell, np.empty(0)), new])

    def _rows(self, work: list[tuple[AnyCell, range]], total: float) -> Iterator[tuple[AnyCell, Row]]:
        if self._workers is None and self.jobs > 1 and total > WORTH_WORKERS:
            # This process judges meanwhile, and there is always something to draw.
            opened = open_batch_workers("processes", self.jobs, give_way=True)
            self._workers = self._open.enter_context(opened)
        with contextlib.ExitStack() as alone:
            # Once there are worker processes they take any work.
            workers = self._workers or alone.enter_context(open_batch_workers("serial"))
            if self.store is None:
                yield from run_replicates(work, workers, batch_seconds=BATCH_SECONDS)
            else:
                with Store(self.store) as store:
                    yield from run_replicates(work, workers, store, batch_seconds=BATCH_SECONDS)

    def _value(self, row: Row, users: Iterable[Cell]) -> float:
        if row.error is not None:
            return row.error
        if row.failure == "TooFewPairs":
            return math.inf
        self.errors_survived += 1
        said = f"{row.failure}: {row.message}" if row.message else str(row.failure)
        self.failures |= dict.fromkeys(users, said)
        return math.nan


def _parts(cell: Cell, seed: int) -> Iterator[AnyCell]:
    """The cells of a sweep whose values make the cell's: one for each threshold."""
    if cell.quantity not in COMBINED:
        yield QuantityCell(cell, seed)
        return
    for procedure in cell.procedures:
        yield ErrorCell(cell.setting, procedure, engines_of(procedure)[0], seed)


def _shared(
    missing: Mapping[Cell, range], parts: Mapping[Cell, tuple[AnyCell, ...]]
) -> tuple[dict[AnyCell, range], dict[AnyCell, list[Cell]]]:
    """What to draw of every part, and for which cells: a part that cells share is drawn once."""
    ranges: dict[AnyCell, range] = {}
    users: dict[AnyCell, list[Cell]] = {}
    for cell, indices in missing.items():
        for part in dict.fromkeys(parts[cell]):  # two thresholds may be one
            other = ranges.get(part, indices)
            ranges[part] = range(min(other.start, indices.start), max(other.stop, indices.stop))
            users.setdefault(part, []).append(cell)
    return ranges, users
