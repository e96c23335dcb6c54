"""Keeps an executor busy with batches, and mends it when a worker process dies."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from verification.errors import ExecutorLost
from verification.replication.batches import Chunk, ChunkRows, failed, row_versions
from verification.replication.cells import ErrorCell
from verification.workers.executors import Workers

POLL_SECONDS = 0.1

Batch = list[Chunk]


class WorkerDied(Exception):
    """A replicate that ended its worker process twice, alone: out of memory, say, or a crash."""


class Runner:
    """Batches in, rows out, in whatever order they are finished.

    A process pool does not say which task killed its worker, so all that were in flight are suspects
    and run again one at a time, in halves if need be, until the guilty replicate is found.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._flying: dict[Future[list[ChunkRows]], Batch] = {}
        self._suspects: deque[Batch] = deque()
        self._strikes: dict[Chunk, int] = {}
        self._own_rows: list[ChunkRows] = []
        self._alone = False

    @property
    def has_room(self) -> bool:
        """Whether a new batch would be taken at once."""
        return not self._suspects and not self._alone and len(self._flying) < 2 * self._workers.count

    @property
    def busy(self) -> bool:
        """Whether anything is still to come."""
        return bool(self._flying or self._suspects or self._own_rows)

    def submit(self, batch: Batch) -> None:
        """Hand a batch to the executor.  Raises ExecutorLost where it takes none."""
        try:
            future = self._workers.executor.submit(self._workers.task, batch)
        except BrokenExecutor:
            self._mend([batch])
        except Exception as error:  # dask: the client lost its scheduler
            raise ExecutorLost(f"the executor takes no more tasks: {error}") from error
        else:
            self._flying[future] = batch

    def collect(self) -> list[ChunkRows]:
        """What has been finished, waiting a moment for it."""
        if self._suspects and not self._flying:
            self._alone = True
            self.submit(self._suspects.popleft())
        done = wait(self._flying, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done
        results = [result for future in done for result in self._result(future)]
        if not self._flying and not self._suspects:
            self._alone = False
        results += self._own_rows
        self._own_rows = []
        return results

    def cancel_waiting(self) -> None:
        """Take back what no worker has begun."""
        self._suspects.clear()
        for future in list(self._flying):
            if future.cancel():
                del self._flying[future]

    def _result(self, future: Future[list[ChunkRows]]) -> list[ChunkRows]:
        if future not in self._flying:  # a broken pool was mended meanwhile
            return []
        try:
            results = future.result()
        except BrokenExecutor:
            return self._salvage()
        except BaseException as error:
            if not isinstance(error, Exception) or type(error).__name__ != "KilledWorker":
                if isinstance(error, KeyboardInterrupt):
                    raise
                raise ExecutorLost(f"the executor failed: {type(error).__name__}: {error}") from error
            self._blame(self._flying.pop(future))  # dask gave up on this very task
            return []
        del self._flying[future]
        return results

    def _salvage(self) -> list[ChunkRows]:
        """After a pool broke: keep what was finished, suspect the rest."""
        wait(self._flying, timeout=30)
        results, lost = [], []
        for future, batch in self._flying.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                results += future.result()
            else:
                lost.append(batch)
        self._flying.clear()
        self._mend(lost)
        return results

    def _mend(self, lost: list[Batch]) -> None:
        if self._workers.restart is None:
            raise ExecutorLost("the executor broke: a worker died")
        self._workers.executor.shutdown(wait=True, cancel_futures=True)
        self._workers.executor = self._workers.restart()
        lost += self._flying.values()
        self._flying.clear()
        if self._alone and len(lost) == 1:
            self._blame(lost[0])
        else:
            self._suspects.extend(lost)

    def _blame(self, batch: Batch) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self._suspects += [batch[:middle], batch[middle:]]
            return
        (chunk,) = batch
        if chunk.size > 1:
            middle = (chunk.start + chunk.stop) // 2
            self._suspects += [[chunk._replace(stop=middle)], [chunk._replace(start=middle)]]
            return
        self._strikes[chunk] = self._strikes.get(chunk, 0) + 1
        if self._strikes[chunk] < 2:
            self._suspects.append(batch)
            return
        row = failed(chunk.start, WorkerDied("the worker process died while it ran this replicate, twice"))
        theta = chunk.cell.procedure.theta if isinstance(chunk.cell, ErrorCell) else None
        self._own_rows.append(ChunkRows(chunk, [row], theta, row_versions(), 0.0))
