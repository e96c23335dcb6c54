import gc
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.errors import StoreError, StoreLocked
from verification.replication import store_schema
from verification.replication.batches import Chunk, ChunkRows, Row
from verification.replication.cells import PLACEHOLDER, ErrorCell
from verification.replication.store import Store
from verification.setting import Procedure, Setting

FIXTURES = Path(__file__).parents[2] / "data"
SETTING = Setting(1000, 5, 4, 2, 0.2, 2.0, float("inf"))
CELL = ErrorCell(SETTING, Procedure("teacher-filtered", theta=0.5), seed=7)
OTHER = ErrorCell(SETTING, Procedure(), seed=7)
VERSIONS = "python 3.11, numpy 2.4"


def result(
    cell: ErrorCell, rows: list[Row], theta: float | None = 0.5, versions: str = VERSIONS
) -> ChunkRows:
    """Rows as a worker hands them back."""
    return ChunkRows(Chunk(cell, 0, len(rows)), rows, theta, versions, 1.0)


def row(replicate: int, error: float = 0.25, seconds: float = 0.01) -> Row:
    """A plain successful row."""
    return Row(replicate, error, error, 0.125, (2.0, 1.0), 300, 500, seconds=seconds)


def failure(replicate: int) -> Row:
    """A row of a filter that kept nothing."""
    return Row(replicate, None, failure="TooFewPairs", message="keeps 0 of 500", seconds=0.01)


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


reals = st.floats(0, 10, allow_nan=False)
rows = st.builds(
    Row,
    replicate=st.integers(0, 10**9),
    error=reals,
    left=reals,
    right=reals,
    singular_values=st.lists(reals, max_size=3).map(tuple),
    kept=st.none() | st.integers(0, 10**18),
    scored=st.none() | st.integers(0, 10**18),
    failure=st.none(),
    message=st.none(),
    seconds=reals,
)


@settings(max_examples=15, deadline=None)
@given(found=st.lists(rows, min_size=1, max_size=8, unique_by=lambda r: r.replicate), where=st.randoms())
def test_rows_come_back_with_all_their_bits(tmp_path_factory, found, where):
    """What is read is what was written, in index order, whatever the order of writing."""
    path = tmp_path_factory.mktemp("store") / "a.db"
    shuffled = where.sample(found, len(found))
    with Store(path) as store:
        assert store.write([result(CELL, shuffled)]) == len(found)
    with Store.read(path) as store:
        assert list(store.rows(CELL)) == sorted(found)
        assert [stored.cell for stored in store] == [CELL] * len(found)
        assert store.count() == len(found)


def test_content_hash_ignores_order_durations_and_versions_only(tmp_path):
    """The hash is of what was found; one changed bit, row, seed or message changes it."""

    def content(name: str, *results: ChunkRows) -> str:
        with Store(tmp_path / name) as store:
            for each in results:
                store.write([each])
            return store.content_hash()

    first, second = result(CELL, [row(0), row(1)]), result(OTHER, [row(0), failure(1)], None)
    base = content("base", first, second)
    slow = result(CELL, [row(1, seconds=9.0), row(0)], versions="python 3.13, numpy 2.9")
    assert content("order", second, slow) == base
    assert content("bit", result(CELL, [row(0), row(1, 0.25000000000000006)]), second) != base
    assert content("row", first, result(OTHER, [row(0)], None)) != base
    assert content("seed", result(replace(CELL, seed=8), [row(0), row(1)]), second) != base
    message = failure(1)._replace(message="keeps 1 of 500")
    assert content("message", first, result(OTHER, [row(0), message], None)) != base


def test_an_iteration_that_is_left_says_nothing(tmp_path, monkeypatch):
    """A reader that stopped at a bad row, its store closed since: no complaint is printed at the end."""
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    with Store(tmp_path / "a.db") as store:
        store.write([result(CELL, [row(0), row(1)]), result(OTHER, [row(0)], None)])
    with Store.read(tmp_path / "a.db") as store:
        left = [iter(store), store._all_cells(), store.rows(CELL)]
        for each in left:
            next(each)
    left.clear()
    del each
    gc.collect()
    assert said == []


def test_resume_is_the_set_difference(tmp_path):
    """Errors and failures both count as stored; a second writing of a row changes nothing."""
    with Store(tmp_path / "a.db") as store:
        store.write([result(CELL, [row(0), failure(2), row(5)])])
        assert store.stored(CELL, 10) == {0, 2, 5}
        assert store.stored(CELL, 5) == {0, 2}
        assert store.stored(OTHER, 10) == set()
        before = store.content_hash()
        store.write([result(CELL, [row(0, 0.75)])])
        assert store.content_hash() == before
        assert store.failures() == 1
        assert store.forget_failures() == 1
        assert store.stored(CELL, 10) == {0, 5}


def test_a_best_threshold_is_found_by_name_and_kept(tmp_path):
    """A cell that asks for the best threshold is the same cell whatever number was found for it."""
    asked = ErrorCell(SETTING, Procedure("teacher-filtered", theta=PLACEHOLDER), best=True)
    with Store(tmp_path / "a.db") as store:
        store.write([result(asked, [row(0)], theta=1.25)])
    with Store(tmp_path / "a.db") as store:
        assert store.stored(asked, 3) == {0}
        assert store.known(asked).procedure.theta == 1.25
        assert store.known(asked).best
        fixed = ErrorCell(SETTING, Procedure("teacher-filtered", theta=1.25))
        assert store.stored(fixed, 3) == set()


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0" + bytes(100), b"x" * 5000])
def test_a_foreign_file_is_refused_and_left_alone(tmp_path, content):
    """A file of another program is an error that changes nothing and leaves nothing beside it."""
    path = tmp_path / "a.db"
    path.write_bytes(content)
    before = files(tmp_path)
    for attempt in (Store, Store.read):
        with pytest.raises(StoreError, match="not a store of filtergain"):
            attempt(path)
        assert files(tmp_path) == before


def test_another_programs_database_and_a_newer_store_are_refused(tmp_path):
    """Neither an ordinary SQLite database nor a layout of the future is touched."""
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    Store(tmp_path / "new.db").close()
    with closing(sqlite3.connect(tmp_path / "new.db")) as new:
        new.execute(f"PRAGMA user_version = {store_schema.VERSION + 1}")
    before = files(tmp_path)
    for name, words in (("other.db", "not a store"), ("new.db", "newer filtergain")):
        for attempt in (Store, Store.read):
            with pytest.raises(StoreError, match=words):
                attempt(tmp_path / name)
    assert files(tmp_path) == before


def old_store(path: Path) -> None:
    """A store in layout 1, as its SQL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FIXTURES / "store-v1.sql").read_text())


@pytest.mark.parametrize("attempt", [Store, Store.read])
def test_layout_1_is_migrated_with_all_its_rows(tmp_path, attempt):
    """Opening a store of layout 1, to write or to read, gives the rows that it had."""
    path = tmp_path / "old.db"
    old_store(path)
    with closing(sqlite3.connect(path)) as connection:
        columns = "replicate, error, left, right, kept, scored, failure, message, seconds"
        query = f"SELECT {columns} FROM replicate ORDER BY setting, procedure, replicate"
        expected = connection.execute(query).fetchall()
    with attempt(path) as store:
        found = [s.row for s in store]
        assert [(*r[:4], *r[5:]) for r in found] == expected
        assert len(found) == 48
        assert {len(r.singular_values) for r in found if r.error is not None} == {2}
        assert store.content_hash() == "0c15b3642d8ca7331df96ccfba410039be861f19bb3a9ab439df43caa09bc011"
        assert store.versions() == ["python 3.11.2, numpy 2.4.6", "python 3.12.1, numpy 2.4.6"]
        assert store.integrity() == "ok"
    with Store(path) as store:
        assert store.write([result(store.cells()[0], [row(99)])]) == 1
    assert store_schema.check(path) == store_schema.VERSION


def test_a_migration_that_fails_leaves_layout_1(tmp_path, monkeypatch):
    """The migration is one transaction: an error in it leaves the old store, which migrates later."""
    path = tmp_path / "old.db"
    old_store(path)

    def broken(key: str) -> dict[str, object]:
        raise sqlite3.OperationalError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(store_schema, "parse_key", broken)
        with pytest.raises(StoreError, match="interrupted"):
            Store(path)
    assert store_schema.check(path) == 1
    with Store(path) as store:
        assert store.count() == 48


def test_one_writer_at_a_time_and_the_holder_is_named(tmp_path):
    """A second run on a store is refused with the first one's process and host, a reader is not."""
    path = tmp_path / "a.db"
    with Store(path) as store:
        store.write([result(CELL, [row(0)])])
        with pytest.raises(StoreLocked, match=f"process {os.getpid()} on .* since 20"):
            Store(path)
        with Store.read(path) as reader:
            assert reader.count() == 1
            store.write([result(CELL, [row(1)])])
            assert reader.count() == 1  # one snapshot
    with Store(path) as store:
        assert store.count() == 2
    assert sorted(files(tmp_path)) == ["a.db"]


@pytest.mark.parametrize("fork", ["", "os.fork()"], ids=["alone", "with-child"])
def test_the_lock_of_a_killed_process_is_free(tmp_path, fork):
    """A writer that was killed leaves its rows and no lock, also when a child that it forked lives on."""
    path = tmp_path / "a.db"
    code = (
        "import sys, time; sys.path[:0] = sys.argv[2:]; from test_store import *\n"
        "store = Store(sys.argv[1]); store.write([result(CELL, [row(0)])])\n"
        f"{fork}\n"
        "os.write(1, b'ready\\n'); time.sleep(60)"  # one write: lines of two processes stay whole
    )
    arguments = [sys.executable, "-c", code, str(path), str(Path(__file__).parent), os.getcwd()]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdout=pipe, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        for _ in range(2 if fork else 1):
            assert process.stdout.readline() == "ready\n"
        with pytest.raises(StoreLocked, match=f"process {process.pid} on"):
            Store(path)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with Store(path) as store:
            assert store.stored(CELL, 9) == {0}
        if fork:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_forked_child_leaves_its_parents_store_alone(tmp_path):
    """It cannot write beside its parent; its copy of the store unlocks nothing, and its own is its own."""
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]; from test_store import *\n"
        "folder = Path(sys.argv[1]); mine = Store(folder / 'parent.db')\n"
        "def refused(name):\n"
        "    with pytest.raises(StoreLocked): Store(folder / name)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    other = Store(folder / 'child.db')\n"  # with the number of the descriptor that was closed
        "    with pytest.raises(StoreError, match='not open for writing'):\n"
        "        mine.write([result(CELL, [row(0)])])\n"
        "    mine._unlock(); refused('child.db'); refused('parent.db'); other.close(); os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "refused('parent.db'); mine.close(); Store(folder / 'parent.db').close()\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent), os.getcwd()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert sorted(files(tmp_path)) == ["child.db", "parent.db"]


def test_left_overs_of_a_killed_creation_are_removed(tmp_path):
    """A store appears whole or not at all; half-made drafts go away with the next creation."""
    (tmp_path / "a.db.123.new").write_bytes(b"half")
    (tmp_path / "a.db.123.new-journal").write_bytes(b"half")
    (tmp_path / "a.db").touch()
    with Store(tmp_path / "a.db") as store:
        assert store.count() == 0
    assert sorted(files(tmp_path)) == ["a.db"]


def test_a_full_store_keeps_what_was_reported(tmp_path):
    """When there is no more room, the last transaction is refused as a whole and the others stay."""
    with Store(tmp_path / "a.db") as store:
        store.write([result(CELL, [row(i) for i in range(100)])])
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"disk is full; the rows reported as stored are safe"):
            store.write([result(OTHER, [row(i) for i in range(5000)], None)])
        assert store.stored(OTHER, 5000) == set()
        store._connection.execute("PRAGMA max_page_count = 1000000")
        assert store.write([result(OTHER, [row(i) for i in range(5000)], None)]) == 5000
    with Store(tmp_path / "a.db") as store:
        assert store.count() == 5100
        assert store.integrity() == "ok"


@contextmanager
def mounted(folder: Path, options: str):
    """A small file system of its own, where this process may mount one."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    command = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this machine does not allow mounting a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    """On a file system without room the error says so; with room again the same run goes on."""
    with mounted(tmp_path / "small", "size=400k") as folder:
        ballast = folder / "ballast"
        with Store(folder / "a.db") as store:
            store.write([result(CELL, [row(i) for i in range(50)])])
            ballast.write_bytes(bytes(shutil.disk_usage(folder).free))
            with pytest.raises(StoreError, match=r"full|disk I/O error"):
                store.write([result(OTHER, [row(i) for i in range(5000)], None)])
        with Store.read(folder / "a.db") as store:
            assert store.count() == 50
        ballast.unlink()
        with Store(folder / "a.db") as store:
            store.write([result(OTHER, [row(i) for i in range(500)], None)])
            assert (store.count(), store.integrity()) == (550, "ok")


def test_a_full_disk_at_creation_leaves_nothing(tmp_path):
    """No room for a new store: one line, and no half-made file."""
    with mounted(tmp_path / "small", "size=100k") as folder:
        (folder / "ballast").write_bytes(bytes(shutil.disk_usage(folder).free))
        with pytest.raises(StoreError, match="cannot write to"):
            Store(folder / "a.db")
        assert sorted(p.name for p in folder.iterdir()) == ["ballast"]


def test_a_read_only_folder_is_one_line_to_write_and_fine_to_read(tmp_path):
    """Writing to a read-only medium fails clearly; reading from it works."""
    with mounted(tmp_path / "medium", "size=1m") as folder:
        with Store(folder / "a.db") as store:
            store.write([result(CELL, [row(0)])])
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(StoreError, match=r"cannot write to .*Read-only file system"):
            Store(folder / "a.db")
        with Store.read(folder / "a.db") as store:
            assert store.count() == 1


@pytest.mark.parametrize("everything", [True, False])
def test_a_store_deleted_during_a_run_is_saved_beside(tmp_path, everything):
    """Rows reported as stored survive the deletion of the file: they are written to a new one."""
    store = Store(tmp_path / "a.db")
    store.write([result(CELL, [row(i) for i in range(20)])])
    content = store.content_hash()
    for path in list(tmp_path.glob("a.db*" if everything else "a.db")):
        path.unlink()
    with pytest.raises(StoreError, match="was deleted or replaced during the run; its 20 rows are saved in"):
        store.write([result(CELL, [row(20)])])
    store.close()
    (saved,) = tmp_path.glob("a.rescued-*.db")
    with Store(saved) as rescued:
        assert rescued.content_hash() == content
        assert rescued.stored(CELL, 99) == set(range(20))


def test_a_deleted_folder_is_reported(tmp_path):
    """With the folder gone there is no place to save to, and the message says that."""
    folder = tmp_path / "gone"
    folder.mkdir()
    store = Store(folder / "a.db")
    store.write([result(CELL, [row(0)])])
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match="its 1 rows could not be saved"):
        store.write([result(CELL, [row(1)])])
    store.close()


def test_a_missing_store_cannot_be_read(tmp_path):
    """Reading never creates a file."""
    with pytest.raises(StoreError, match="there is no store"):
        Store.read(tmp_path / "a.db")
    with pytest.raises(StoreError, match=r"cannot (read|write)"):
        Store(tmp_path)
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "key", [SETTING.key, CELL.procedure.key, Procedure("oracle-filtered", retain=0.3).key]
)
def test_keys_are_parsed_back(key):
    """A key holds every field: parsing it gives the object that made it."""
    kind = Setting if key.startswith("n=") else Procedure
    assert kind(**store_schema.parse_key(key)).key == key
