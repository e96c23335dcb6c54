"""The layout of a store, its version, and how an older one becomes the present one.

Version 1 had one table that repeated the setting's and the procedure's text in every row.
Version 2 keeps each cell once, which makes the file a third of the size, and adds columns for the
parameters, so that a query can select by them.  It also knows thresholds named "best", and cells of
other quantities than errors.
"""

from __future__ import annotations

import glob
import math
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from verification.errors import StoreError
from verification.replication.cells import AnyCell, ErrorCell
from verification.setting import Procedure, Setting

APPLICATION = 0x66674731
"""SQLite's application id of a store: "fgG1"."""

VERSION = 2

SETTING = ("n", "d", "d_tilde", "r", "eta", "gamma", "gamma_tilde")
PROCEDURE = ("estimator", "theta", "retain", "rounds", "teacher_n", "student_n")

TABLES = (
    "CREATE TABLE version (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    """CREATE TABLE cell (
        id INTEGER PRIMARY KEY,
        setting TEXT NOT NULL, procedure TEXT NOT NULL, engine TEXT NOT NULL, seed INTEGER NOT NULL,
        best INTEGER NOT NULL,
        n INTEGER, d INTEGER, d_tilde INTEGER, r INTEGER, eta REAL, gamma REAL, gamma_tilde REAL,
        estimator TEXT, theta REAL, retain REAL, rounds INTEGER,
        teacher_n INTEGER, student_n INTEGER,
        UNIQUE (setting, procedure, engine, seed, best))""",
    """CREATE TABLE draw (
        cell INTEGER NOT NULL REFERENCES cell (id), replicate INTEGER NOT NULL,
        error REAL NOT NULL, left REAL, right REAL, kept INTEGER, scored INTEGER, singular_values BLOB,
        seconds REAL NOT NULL, version INTEGER NOT NULL REFERENCES version (id), stored_at REAL NOT NULL,
        PRIMARY KEY (cell, replicate)) WITHOUT ROWID""",
    """CREATE TABLE failure (
        cell INTEGER NOT NULL REFERENCES cell (id), replicate INTEGER NOT NULL,
        type TEXT NOT NULL, message TEXT NOT NULL,
        seconds REAL NOT NULL, version INTEGER NOT NULL REFERENCES version (id), stored_at REAL NOT NULL,
        PRIMARY KEY (cell, replicate)) WITHOUT ROWID""",
)


IDENTITY = ("setting", "procedure", "engine", "seed", "best")


def cell_values(cell: AnyCell) -> dict[str, Any]:
    """Column name -> value of the row of table `cell`, without the id; the parameters of Cells only."""
    values: dict[str, Any] = dict(zip(IDENTITY, cell.identity, strict=True))
    if isinstance(cell, ErrorCell):
        values |= {name: getattr(cell.setting, name) for name in SETTING}
        values |= {name: getattr(cell.procedure, name) for name in PROCEDURE}
    return values


def check(path: Path) -> int:
    """The layout's version of the file; raises StoreError for a foreign, newer or unreadable one.

    Reads the file's header and nothing else, so that nothing is changed or left beside the file.
    """
    try:
        with open(path, "rb") as file:
            header = file.read(100)
    except OSError as problem:
        raise StoreError(f"cannot read {path}: {problem.strerror}") from problem
    application = int.from_bytes(header[68:72], "big")
    if len(header) < 100 or header[:16] != b"SQLite format 3\0" or application != APPLICATION:
        raise StoreError(f"{path} is not a store of filtergain; it was left as it is")
    version = int.from_bytes(header[60:64], "big")
    if version > VERSION:
        raise StoreError(
            f"{path} has layout {version}, and this filtergain knows layouts up to {VERSION}; "
            "it was left as it is: use a newer filtergain"
        )
    return version


def create(path: Path) -> None:
    """Make an empty store.  It appears under its name only when it is complete."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    for left_over in path.parent.glob(f"{glob.escape(path.name)}.*.new*"):
        left_over.unlink(missing_ok=True)  # the caller holds the lock: its maker was killed
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        os.replace(draft, path)
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the layout up to date in one transaction: afterwards it is new, or as it was."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version == 1:
            _from_1(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _from_1(connection: sqlite3.Connection) -> None:
    run = connection.execute
    run("ALTER TABLE replicate RENAME TO old")
    for table in TABLES:
        run(table)
    run("INSERT INTO version (text) SELECT DISTINCT versions FROM old ORDER BY versions")
    for setting, procedure, engine, seed in run(
        "SELECT DISTINCT setting, procedure, engine, seed FROM old"
    ).fetchall():
        cell = ErrorCell(Setting(**parse_key(setting)), Procedure(**parse_key(procedure)), engine, seed)
        values = cell_values(cell)
        cursor = run(
            f"INSERT INTO cell ({','.join(values)}) VALUES ({','.join('?' * len(values))})",
            tuple(values.values()),
        )
        old = (cursor.lastrowid, setting, procedure, engine, seed)
        chosen = (
            "FROM old JOIN version ON version.text = old.versions "
            "WHERE setting = ?2 AND procedure = ?3 AND engine = ?4 AND seed = ?5"
        )
        run(
            "INSERT INTO draw SELECT ?1, replicate, error, left, right, kept, scored, singular_values, "
            f"seconds, version.id, stored_at {chosen} AND error IS NOT NULL",
            old,
        )
        run(
            "INSERT INTO failure SELECT ?1, replicate, failure, message, seconds, version.id, stored_at "
            f"{chosen} AND error IS NULL",
            old,
        )
    run("DROP TABLE old")


def parse_key(key: str) -> dict[str, Any]:
    """The fields of a setting's or procedure's key: its inverse."""
    return {name: _parse(text) for name, _, text in (item.partition("=") for item in key.split(","))}


def _parse(text: str) -> Any:
    if text == "None":
        return None
    if text.startswith("'"):
        return text.strip("'")
    if text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    assert not math.isnan(value)
    return value
