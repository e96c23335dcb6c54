"""Rows in one SQLite file: crash-safe, resumable, one writer at a time.

A row is stored when the transaction that holds it is on the disk (write-ahead log, full
synchronisation); before that nothing is reported.  Which rows are missing is a set difference, so a
run that ended anyhow is resumed by running it again.  Readers need no lock and see the last complete
transaction.  Keep the file on a local disk: SQLite's write-ahead log does not work over a network.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from verification.errors import StoreError
from verification.replication import store_schema
from verification.replication.batches import ChunkRows, Row
from verification.replication.cells import AnyCell, ErrorCell
from verification.replication.lock import Lock
from verification.setting import Procedure, Setting

BUSY_MILLISECONDS = 10_000


@dataclass(frozen=True)
class StoredRow:
    """A row with the cell that it belongs to, its best threshold filled in."""

    cell: ErrorCell
    row: Row


os.register_at_fork(after_in_child=Lock.leave_to_parent)


class Store:
    """An open store.  `Store(path)` makes it if need be and locks it; `Store.read(path)` only reads.

    Both migrate an older layout first, in one transaction.  Raises StoreError for a file of another
    program or of a newer version, which stays as it is, and StoreLocked when another run writes.
    """

    def __init__(self, path: str | Path, *, _readonly: bool = False) -> None:
        self.path = Path(path)
        self._lock: Lock | None = None
        self._cells: dict[tuple[Any, ...], tuple[int, AnyCell]] = {}
        self._versions: dict[str, int] = {}
        if _readonly:
            self._connection = _open_readonly(self.path)
            return
        try:
            if self.path.exists() and self.path.stat().st_size:
                store_schema.check(self.path)
            self._lock = Lock(self.path)
            if not self.path.exists() or not self.path.stat().st_size:
                store_schema.create(self.path)
            self._identity = _identity(self.path)
            self._connection = _open_writable(self.path)
            store_schema.migrate(self._connection)
        except (OSError, sqlite3.Error) as error:
            self._unlock()
            raise StoreError(f"cannot write to {self.path}: {_reason(error)}") from error
        except BaseException:
            self._unlock()
            raise

    @classmethod
    def read(cls, path: str | Path) -> Store:
        """The store for reading, beside any writer.  Raises StoreError also when there is none."""
        path = Path(path)
        if not path.exists():
            raise StoreError(f"there is no store {path}")
        if store_schema.check(path) < store_schema.VERSION:
            cls(path).close()
        return cls(path, _readonly=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release the lock; all that was stored is safe before and after."""
        with suppress(sqlite3.Error):  # a checkpoint that fails leaves the rows in the log
            self._connection.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # Writing

    def write(self, results: Iterable[ChunkRows]) -> int:
        """Store rows in one transaction; when this returns they are on the disk.  Returns how many.

        A row that is there already stays (it has the same bits).  Raises StoreError: then none of
        these rows is stored and all earlier ones are.
        """
        try:
            self._check_present()
            with self._transaction():
                return sum(self._insert(result) for result in results)
        except (OSError, sqlite3.Error) as error:
            self._cells.clear()
            self._versions.clear()
            raise StoreError(
                f"cannot write to {self.path}: {_reason(error)}; the rows reported as stored are safe: "
                "run the same command again once this is mended"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._lock is None or not self._lock.is_ours:
            raise StoreError(
                f"{self.path} is not open for writing in this process: it was closed, opened for reading, or "
                "opened by another process of which this one is a fork"
            )
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk has already rolled back by itself
                self._connection.execute("ROLLBACK")
            self._cells.clear()
            self._versions.clear()
            raise
        self._connection.execute("COMMIT")

    def _insert(self, result: ChunkRows) -> int:
        cell = self._cell_id(result.cell)
        version = self._version_id(result.versions)
        now = time.time()
        draws = [
            (
                *(cell, r.replicate, r.error, r.left, r.right, r.kept, r.scored, _pack(r.singular_values)),
                *(r.seconds, version, now),
            )
            for r in result.rows
            if r.error is not None
        ]
        failures = [
            (cell, r.replicate, r.failure, r.message, r.seconds, version, now)
            for r in result.rows
            if r.error is None
        ]
        run = self._connection.executemany
        if draws:
            run("INSERT OR IGNORE INTO draw VALUES (?,?,?,?,?,?,?,?,?,?,?)", draws)
        if failures:
            run("INSERT OR IGNORE INTO failure VALUES (?,?,?,?,?,?,?)", failures)
        return len(result.rows)

    def _cell_id(self, cell: AnyCell) -> int:
        found = self._find(cell)
        if found is not None:
            return found[0]
        values = store_schema.cell_values(cell)
        marks = ",".join("?" * len(values))
        cursor = self._connection.execute(
            f"INSERT INTO cell ({','.join(values)}) VALUES ({marks})", tuple(values.values())
        )
        assert cursor.lastrowid is not None
        self._cells[cell.identity] = (cursor.lastrowid, cell)
        return cursor.lastrowid

    def _version_id(self, text: str) -> int:
        if text not in self._versions:
            self._connection.execute("INSERT OR IGNORE INTO version (text) VALUES (?)", (text,))
            (number,) = self._connection.execute("SELECT id FROM version WHERE text = ?", (text,)).fetchone()
            self._versions[text] = number
        return self._versions[text]

    def _check_present(self) -> None:
        """A deleted file would swallow rows silently: save what it held and say so."""
        log = self.path.with_name(self.path.name + "-wal")
        with suppress(FileNotFoundError):
            if _identity(self.path) == self._identity and log.exists():
                return
        rescue = self.path.with_name(f"{self.path.stem}.rescued-{os.getpid()}{self.path.suffix}")
        count = self.count()
        try:
            with closing(sqlite3.connect(rescue)) as copy:
                self._connection.backup(copy)
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path} was deleted or replaced during the run, and its {count} rows could not be "
                f"saved to {rescue}: {_reason(error)}"
            ) from error
        raise StoreError(
            f"{self.path} was deleted or replaced during the run; its {count} rows are saved in {rescue}: "
            "move it back and run the same command again"
        )

    def forget_failures(self) -> int:
        """Delete the rows without an error, so that a resumed run tries them again; how many."""
        with self._transaction():
            return self._connection.execute("DELETE FROM failure").rowcount

    # Reading

    def stored(self, cell: AnyCell, stop: int) -> set[int]:
        """The replicates < stop of a cell that are stored, with an error or as a failure."""
        found = self._find(cell)
        if found is None:
            return set()
        query = (
            "SELECT replicate FROM draw WHERE cell = ?1 AND replicate < ?2 "
            "UNION ALL SELECT replicate FROM failure WHERE cell = ?1 AND replicate < ?2"
        )
        return {i for (i,) in self._connection.execute(query, (found[0], stop))}

    def known(self, cell: AnyCell) -> AnyCell:
        """The cell as stored: with the best threshold that its earlier rows were drawn with."""
        found = self._find(cell)
        return cell if found is None else found[1]

    def rows(self, cell: AnyCell, start: int = 0, stop: int = 2**63 - 1) -> Iterator[Row]:
        """The stored rows of a cell, in index order."""
        found = self._find(cell)
        if found is not None:
            yield from self._rows_of(found[0], start, stop)

    def count(self) -> int:
        """All stored rows, failures included."""
        (draws,) = self._connection.execute("SELECT count(*) FROM draw").fetchone()
        return int(draws) + self.failures()

    def failures(self) -> int:
        """The stored rows without an error."""
        (failures,) = self._connection.execute("SELECT count(*) FROM failure").fetchone()
        return int(failures)

    def cells(self) -> list[ErrorCell]:
        """The cells of settings that have rows, in canonical order."""
        return [_cell(found) for found in self._all_cells() if found["estimator"] is not None]

    def versions(self) -> list[str]:
        """The versions that the rows were made with."""
        return [text for (text,) in self._connection.execute("SELECT text FROM version ORDER BY id")]

    def __iter__(self) -> Iterator[StoredRow]:
        """The rows of the cells of settings, in canonical order."""
        for found in self._all_cells():
            if found["estimator"] is not None:
                cell = _cell(found)
                yield from (StoredRow(cell, row) for row in self._rows_of(found["id"]))

    def content_hash(self) -> str:
        """SHA-256 of what was found: equal for equal rows, in whatever order and time they came.

        Durations, times of storing and versions are left out.  Numbers enter with all their bits.
        """
        digest = hashlib.sha256()
        for found in self._all_cells():
            theta = None if found["theta"] is None else found["theta"].hex()
            digest.update(repr((*(found[name] for name in store_schema.IDENTITY), theta)).encode())
            for row in self._rows_of(found["id"]):
                reals = [None if x is None else float(x).hex() for x in (row.error, row.left, row.right)]
                rest = (row.kept, row.scored, row.failure, row.message)
                digest.update(repr((row.replicate, reals, _pack(row.singular_values), rest)).encode())
        return digest.hexdigest()

    def integrity(self) -> str:
        """SQLite's own check of the file: "ok", or what is wrong."""
        return "; ".join(text for (text,) in self._connection.execute("PRAGMA integrity_check"))

    def _find(self, cell: AnyCell) -> tuple[int, AnyCell] | None:
        identity = cell.identity
        if identity in self._cells:
            return self._cells[identity]
        query = (
            "SELECT * FROM cell WHERE setting = ? AND procedure = ? AND engine = ? AND seed = ? AND best = ?"
        )
        found = self._connection.execute(query, identity).fetchone()
        if found is None:
            return None
        if len(self._cells) > 4096:  # a cache, not the table: sweeps may have millions of cells
            self._cells.clear()
        self._cells[identity] = (found["id"], _cell(found) if isinstance(cell, ErrorCell) else cell)
        return self._cells[identity]

    def _all_cells(self) -> Iterator[sqlite3.Row]:
        # No "yield from": it would close the cursor with the iterator, an error once the store is closed.
        query = f"SELECT * FROM cell ORDER BY {', '.join(store_schema.IDENTITY)}"
        return (found for found in self._connection.execute(query))

    def _rows_of(self, cell: int, start: int = 0, stop: int = 2**63 - 1) -> Iterator[Row]:
        query = (
            "SELECT replicate, error, left, right, singular_values, kept, scored, NULL, NULL, seconds "
            "FROM draw WHERE cell = ?1 AND replicate >= ?2 AND replicate < ?3 "
            "UNION ALL SELECT replicate, NULL, NULL, NULL, NULL, NULL, NULL, type, message, seconds "
            "FROM failure WHERE cell = ?1 AND replicate >= ?2 AND replicate < ?3 ORDER BY replicate"
        )
        for values in self._connection.execute(query, (cell, start, stop)):
            replicate, error, left, right, packed, kept, scored, failure, message, seconds = values
            yield Row(replicate, error, left, right, _unpack(packed), kept, scored, failure, message, seconds)


def _cell(found: sqlite3.Row) -> ErrorCell:
    setting = Setting(*(found[name] for name in store_schema.SETTING))
    procedure = Procedure(*(found[name] for name in store_schema.PROCEDURE))
    return ErrorCell(setting, procedure, found["engine"], found["seed"], bool(found["best"]))


def _pack(values: Sequence[float]) -> bytes | None:
    return struct.pack(f"<{len(values)}d", *values) if values else None


def _unpack(packed: bytes | None) -> tuple[float, ...]:
    return struct.unpack(f"<{len(packed) // 8}d", packed) if packed else ()


def _identity(path: Path) -> tuple[int, int]:
    there = os.stat(path)
    return there.st_dev, there.st_ino


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


def _open_writable(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000)
    connection.row_factory = sqlite3.Row
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        connection.close()
        raise StoreError(
            f"the file system of {path} does not allow SQLite's write-ahead log; use a local disk"
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")  # a folder or file that cannot be written shows here
    connection.execute("COMMIT")
    return connection


def _open_readonly(path: Path) -> sqlite3.Connection:
    log = path.with_name(path.name + "-wal")
    for options in ("mode=rw", "mode=ro&immutable=1"):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{options}",
            uri=True,
            isolation_level=None,
            timeout=BUSY_MILLISECONDS / 1000,
        )
        connection.row_factory = sqlite3.Row
        try:
            # Opened to write, so that the last reader tidies up the log; it writes no rows.
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM version").fetchone()
        except sqlite3.Error as error:
            connection.close()
            # On a read-only medium SQLite cannot make its shared-memory file; nobody can write there
            # either, so without a log the file may be read as it is.
            if "immutable" in options or (log.exists() and log.stat().st_size):
                raise StoreError(f"cannot read {path}: {_reason(error)}") from error
        else:
            connection.execute("BEGIN")  # one snapshot, whatever a writer adds meanwhile
            return connection
    raise AssertionError("unreachable")
