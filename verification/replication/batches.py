"""Batches of chunks of replicates, and how a worker makes rows of them.

`run_batch` is the only function that a worker is asked to run; it is idempotent, because a row depends
on its cell and its replicate index alone.  A row is one replicate of a cell: an error, or the reason
why there is none.
"""

from __future__ import annotations

import math
import platform
import time
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from verification import simulation
from verification.engines import Draw
from verification.engines.seeds import STREAMS
from verification.replication.cells import AnyCell, ErrorCell, QuantityCell, with_best_threshold
from verification.workers.executors import Workers, open_workers
from verification.workers.threads import one_thread


class Row(NamedTuple):
    """One replicate.  Without an error it failed: `failure` is the type's name, `message` says why.

    `left`, `right`, `singular_values`, `kept` and `scored` are those of a Draw (None for a
    quantity that is a plain number).  `seconds` is the time it took.
    """

    replicate: int
    error: float | None
    left: float | None = None
    right: float | None = None
    singular_values: tuple[float, ...] = ()
    kept: int | None = None
    scored: int | None = None
    failure: str | None = None
    message: str | None = None
    seconds: float = 0.0

    @property
    def retained(self) -> float | None:
        """The share of the scored pairs that was kept."""
        if self.kept is None or self.scored is None:
            return None
        return self.kept / self.scored


class Chunk(NamedTuple):
    """Replicates start <= i < stop of a cell."""

    cell: AnyCell
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many replicates it has."""
        return self.stop - self.start


class ChunkRows(NamedTuple):
    """The rows of a chunk, in index order, and what they took in all.

    `theta` is the threshold that they were drawn with, which the chunk's cell may have left open.
    """

    chunk: Chunk
    rows: list[Row]
    theta: float | None
    versions: str
    seconds: float

    @property
    def cell(self) -> AnyCell:
        """The chunk's cell with its best threshold filled in."""
        cell = self.chunk.cell
        if isinstance(cell, QuantityCell) or not cell.best or self.theta is None:
            return cell
        return replace(cell, procedure=replace(cell.procedure, theta=self.theta))


@cache
def row_versions() -> str:
    """The versions that a row's bits may depend on, as `name version` pairs."""
    from importlib.metadata import PackageNotFoundError, version

    parts = [f"python {platform.python_version()}"]
    for name in ("filtergain", "numpy", "scipy"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # a source tree that was never installed
            parts.append(f"{name} unknown")
    return ", ".join([*parts, f"streams {STREAMS}"])


def failed(replicate: int, error: BaseException, seconds: float = 0.0) -> Row:
    """The row of a replicate that raised."""
    return Row(replicate, None, failure=type(error).__name__, message=_said(error), seconds=seconds)


def _said(error: BaseException) -> str:
    """The error's words, and where it came from in a file of one's own."""
    from verification.quantities import registry

    files = registry.own_files()
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{error} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else str(error)


def run_batch(batch: Sequence[Chunk]) -> list[ChunkRows]:
    """The rows of every chunk.  What a replicate raises becomes its row; nothing else is caught."""
    return [_run_chunk(chunk) for chunk in batch]


def open_batch_workers(
    kind: str = "processes", jobs: int | None = None, scheduler: str | None = None, *, give_way: bool = False
) -> AbstractContextManager[Workers]:
    """Workers that run batches; the arguments are those of `open_workers`."""
    task = run_batch if kind == "serial" else run_batch_in_worker
    return open_workers(kind, jobs, scheduler, task=task, give_way=give_way)


def run_batch_in_worker(batch: Sequence[Chunk]) -> list[ChunkRows]:
    """`run_batch` in a process whose only purpose is to run it.

    BLAS is set to one thread there for good (the last bits of an SVD depend on the number): undoing
    it would reach other threads of the same worker in the middle of a task.
    """
    for engine in {chunk.cell.engine for chunk in batch if isinstance(chunk.cell, ErrorCell)}:
        simulation.load_engine(engine)  # its libraries must be there when their threads are set
    one_thread()
    return run_batch(batch)


def _run_chunk(chunk: Chunk) -> ChunkRows:
    start = time.perf_counter()
    cell = chunk.cell
    theta = None
    try:
        if isinstance(cell, ErrorCell):
            cell = with_best_threshold(cell)
            theta = cell.procedure.theta
        rows = _draw(cell, range(chunk.start, chunk.stop))
    except Exception as error:  # no best threshold, say: the same for every replicate
        rows = [failed(i, error) for i in range(chunk.start, chunk.stop)]
    return ChunkRows(chunk, rows, theta, row_versions(), time.perf_counter() - start)


def _draw(cell: AnyCell, indices: range) -> list[Row]:
    start = time.perf_counter()
    try:
        values = cell.draw(indices)
    except (Exception, SystemExit) as error:  # a quantity of one's own may raise anything
        seconds = time.perf_counter() - start
        if len(indices) == 1:
            return [failed(indices[0], error, seconds)]
        # One of them raised something that is not an outcome: ask one by one which.
        return [row for i in indices for row in _draw(cell, range(i, i + 1))]
    seconds = (time.perf_counter() - start) / len(indices)
    return [_row(i, value, seconds) for i, value in zip(indices, values, strict=True)]


def _row(index: int, value: Any, seconds: float) -> Row:
    if isinstance(value, Exception):
        return failed(index, value, seconds)
    if isinstance(value, Draw):
        numbers = (value.error, value.left, value.right, *value.singular_values)
        if not all(map(math.isfinite, numbers)):
            return failed(index, FloatingPointError(f"the draw is not finite: {value}"), seconds)
        return Row(
            index,
            value.error,
            value.left,
            value.right,
            value.singular_values,
            value.kept,
            value.scored,
            seconds=seconds,
        )
    number = float(value)
    if math.isnan(number):
        return failed(index, FloatingPointError("the quantity is not a number"), seconds)
    return Row(index, number, seconds=seconds)
