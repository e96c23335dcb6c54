"""Work cut into batches of about a second: how long replicates take, as measured so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from verification.replication import cost
from verification.replication.batches import Chunk, ChunkRows
from verification.replication.cells import AnyCell, ErrorCell
from verification.replication.runner import Batch

BATCH_SECONDS = 1.0

PROBE_SECONDS = 0.1
"""Work in a batch of a kind that has not been measured yet."""

BATCH_ROWS = 4096


class Pace:
    """How long replicates take, from the predicted cost and what was measured so far."""

    def __init__(self) -> None:
        self._factors: dict[tuple[str, str], float] = {}

    def seconds(self, cell: AnyCell) -> tuple[float, bool]:
        """(seconds of one replicate, whether that is more than a guess)."""
        factor = self._factors.get(self.kind(cell))
        return cost.seconds(cell) * (factor or 1.0), factor is not None

    def learn(self, result: ChunkRows) -> None:
        """Take in what a chunk took."""
        cell = result.chunk.cell
        measured = result.seconds / (cost.seconds(cell) * result.chunk.size)
        kind = self.kind(cell)
        before = self._factors.get(kind, measured)
        self._factors[kind] = 0.7 * before + 0.3 * measured

    def ahead(self, predicted: Mapping[tuple[str, str], float], workers: int) -> float | None:
        """Seconds that work of these predicted costs by kind will take; None before any measurement."""
        if not self._factors:
            return None
        usual = float(np.mean(list(self._factors.values())))
        work = sum(max(0.0, s) * self._factors.get(kind, usual) for kind, s in predicted.items())
        return work / workers

    @staticmethod
    def kind(cell: AnyCell) -> tuple[str, str]:
        """What is measured together: cells of one engine and estimator, or of one quantity."""
        if isinstance(cell, ErrorCell):
            return cell.engine, cell.procedure.estimator
        return "quantity", cell.quantity.quantity


def batches(chunks: Iterator[Chunk], pace: Pace, batch_seconds: float = BATCH_SECONDS) -> Iterator[Batch]:
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


def gaps(found: set[int], wanted: range) -> list[range]:
    """What of `wanted` is not in `found`, as ranges."""
    if not found:
        return [wanted] if wanted else []
    missing: list[range] = []
    start = None
    for i in wanted:
        if i in found:
            if start is not None:
                missing.append(range(start, i))
                start = None
        elif start is None:
            start = i
    if start is not None:
        missing.append(range(start, wanted.stop))
    return missing
