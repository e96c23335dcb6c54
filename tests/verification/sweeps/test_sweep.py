import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from verification import simulation
from verification.engines import seeds
from verification.errors import ExecutorLost, InvalidArgument, MissingExtra
from verification.quantities import registry
from verification.replication import pace
from verification.replication.batches import Row, open_batch_workers, run_batch
from verification.replication.cells import ErrorCell, QuantityCell, with_best_threshold
from verification.replication.replicates import run_replicates
from verification.replication.store import Store
from verification.setting import Procedure, Setting
from verification.sweeps import grid, sweep
from verification.sweeps.sweep import Progress
from verification.workers import executors
from verification.workers.executors import SerialExecutor, Workers

MISBEHAVING = str(Path(__file__).parents[2] / "sweep_quantities.py")

DESIGN = grid.parse(
    {
        "seed": 5,
        "replicates": 5,
        "setting": {"n": [300, 3000], "d": 6, "d_tilde": 5, "r": 2, "eta": [0.1, 0.5], "gamma": [1.0, 20.0]},
        "procedure": [
            {"estimator": "unfiltered"},
            {"estimator": "teacher-filtered", "theta": [0.5, "best", 60]},
            {"estimator": "oracle-filtered", "retain": 0.3},
            {"estimator": "teacher-filtered", "theta": 0.5, "rounds": 2},
        ],
    }
)


@pytest.fixture(scope="module")
def pool():
    """Two worker processes for the tests of this file."""
    with open_batch_workers("processes", 2) as workers:
        yield workers


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> str:
    """The content hash of DESIGN, run in this process."""
    with (
        Store(tmp_path_factory.mktemp("reference") / "a.db") as store,
        open_batch_workers("serial") as workers,
    ):
        progress = sweep.sweep(DESIGN, DESIGN.replicates, store, workers)
        assert (progress.stored, progress.found, progress.total) == (DESIGN.rows, 0, DESIGN.rows)
        assert store.count() == DESIGN.rows
        return store.content_hash()


def quantity(name: str, **values: float) -> QuantityCell:
    """A cell of a misbehaving quantity."""
    return QuantityCell(registry.Cell(tuple(values.items()), name, module=MISBEHAVING))


def test_rows_are_what_the_simulator_gives_alone(tmp_path):
    """A sweep stores the numbers that `simulate` returns, failures with their message."""
    with Store(tmp_path / "a.db") as store, open_batch_workers("serial") as workers:
        sweep.sweep(DESIGN, 3, store, workers)
        for cell in DESIGN[:12]:
            p = with_best_threshold(cell).procedure
            alone = simulation.simulate(
                cell.setting,
                p.estimator,
                theta=p.theta,
                retain=p.retain,
                rounds=p.rounds,
                replicates=3,
                seed=5,
            )
            found = list(store.rows(cell))
            assert [r.error for r in found if r.failure is None] == list(alone.errors)
            assert [(r.replicate, r.message) for r in found if r.failure] == list(alone.failures)
            assert {r.failure for r in found} <= {None, "TooFewPairs"}
            assert [r.retained for r in found if r.error] == [d.retained for d in alone.draws if d]
        assert store.failures() > 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_content_does_not_depend_on_the_workers(tmp_path, content, jobs):
    """One process pool or another, the stored content has the same hash as in this process."""
    with Store(tmp_path / "a.db") as store, open_batch_workers("processes", jobs) as workers:
        sweep.sweep(DESIGN, DESIGN.replicates, store, workers)
        assert store.content_hash() == content


def test_content_depends_on_the_seed(tmp_path, content):
    """The comparison above can fail: another seed has another content."""
    other = grid.Design(DESIGN.axes, DESIGN.variants, replicates=5, engine="exact", seed=6)
    with Store(tmp_path / "a.db") as store, open_batch_workers("serial") as workers:
        sweep.sweep(other, 5, store, workers)
        assert store.content_hash() != content


def test_a_resumed_sweep_runs_what_is_missing_only(tmp_path, pool, content):
    """Replicates that are there are found, not run, and the content is that of one whole run."""
    with Store(tmp_path / "a.db") as store:
        sweep.sweep(DESIGN[::2], 2, store, pool)
        sweep.sweep(DESIGN[:5], 4, store, pool)
        there = store.count()
        progress = sweep.sweep(DESIGN, DESIGN.replicates, store, pool)
        assert (progress.found, progress.stored) == (there, DESIGN.rows - there)
        assert store.content_hash() == content
        again = sweep.sweep(DESIGN, DESIGN.replicates, store, pool)
        assert (again.found, again.stored) == (DESIGN.rows, 0)


def test_dear_cells_come_first_and_batches_hold_about_a_second(tmp_path):
    """The order of submission is that of the predicted cost; batches stay small until measured."""
    cells = [ErrorCell(Setting(n, 6, 5, 2, 0.5, 1, 1), Procedure(), "direct") for n in (2000, 50_000, 10_000)]
    seen: list[list[int]] = []

    def record(batch):
        seen.append([chunk.cell.setting.n for chunk in batch for _ in range(chunk.size)])
        return run_batch(batch)

    with Store(tmp_path / "a.db") as store:
        sweep.sweep(cells, 40, store, Workers(SerialExecutor(), 1, record))
    order = list(itertools.chain.from_iterable(seen))
    assert order == sorted(order, reverse=True)
    assert len(order) == 120
    assert 1 < len(seen) < 60
    assert len(seen[0]) < 40


def test_only_a_few_batches_wait(tmp_path):
    """A sweep does not submit more than two batches a worker ahead of what is finished."""
    flying: list[Future[object]] = []
    most = 0

    class Slow(Executor):
        def submit(self, fn, /, *args, **kwargs):
            nonlocal most
            future: Future[object] = Future()
            flying.append(future)
            most = max(most, len(flying))
            threading.Timer(0.002, finish, (future, fn, args)).start()
            return future

    def finish(future, fn, args):
        flying.remove(future)
        future.set_result(fn(*args))

    cells = [ErrorCell(Setting(100 + i, 3, 3, 1, 0.5, 1, 1), Procedure()) for i in range(100)]
    with Store(tmp_path / "a.db") as store:
        progress = sweep.sweep(cells, 40, store, Workers(Slow(), 3, run_batch))
        assert progress.stored == store.count() == 4000
    assert most <= 6


def test_progress_counts_what_is_on_the_disk(tmp_path, pool):
    """At every report the store holds at least what is reported as stored; the last one is complete."""
    reports: list[tuple[int, int]] = []
    with Store(tmp_path / "a.db") as store:

        def look(progress: Progress) -> None:
            with Store.read(tmp_path / "a.db") as reader:
                reports.append((progress.stored, reader.count()))

        progress = sweep.sweep(DESIGN, DESIGN.replicates, store, pool, on_progress=look)
    assert all(reported <= there for reported, there in reports)
    assert reports[-1] == (DESIGN.rows, DESIGN.rows)
    assert progress.remaining_seconds == pytest.approx(0, abs=1e-6)
    assert progress.elapsed > 0
    assert progress.failures == progress.tallies["teacher-filtered"].failures > 0
    assert progress.tallies["unfiltered"].mean is not None
    assert sum(t.rows for t in progress.tallies.values()) == DESIGN.rows


def test_stop_finishes_what_runs_and_stores_it(tmp_path, pool):
    """After `stop` nothing new begins, and all that was done is stored."""
    stop = threading.Event()
    cells = [ErrorCell(Setting(200_000, 6, 5, 2, 0.5, 1, g), Procedure(), "direct") for g in range(1, 40)]
    with Store(tmp_path / "a.db") as store:

        def after_a_while(progress: Progress) -> None:
            if progress.stored:
                stop.set()

        progress = sweep.sweep(cells, 10, store, pool, on_progress=after_a_while, stop=stop)
        assert progress.stopped
        assert 0 < progress.stored == store.count() < 390


def test_a_stop_after_the_last_row_stops_nothing(tmp_path):
    """Where every row is stored the sweep is complete, whenever it was told to stop."""
    stop = threading.Event()
    with Store(tmp_path / "a.db") as store, open_batch_workers("serial") as workers:
        progress = sweep.sweep(DESIGN[:1], 2, store, workers, on_progress=lambda _: stop.set(), stop=stop)
    assert stop.is_set()
    assert (progress.stopped, progress.missing) == (False, 0)


def test_rows_come_in_index_order_whoever_draws_them(pool):
    """`run_replicates` yields the given work in the given order, equal to the same run in this process."""
    work = [(DESIGN[0], range(7)), (DESIGN[1], range(3, 9)), (DESIGN[0], range(5, 12)), (DESIGN[4], range(0))]
    found = list(run_replicates(work, pool))
    assert [(cell, row.replicate) for cell, row in found] == [(cell, i) for cell, r in work for i in r]

    def bits(rows: list[tuple[object, Row]]) -> list[Row]:
        return [row._replace(seconds=0.0) for _, row in rows]

    assert bits(found) == bits(list(run_replicates(work)))


def test_a_reader_may_stop_early_and_reuse_a_store(tmp_path, pool):
    """Only a little is run ahead of a reader who stops; what was run is reused afterwards."""
    cell = quantity("slow", seconds=0.002)
    with Store(tmp_path / "a.db") as store:
        rows = run_replicates([(cell, range(100_000))], pool, store)
        first = [row for _, row in itertools.islice(rows, 20)]
        rows.close()
        there = len(store.stored(cell, 100_000))
        assert 20 <= there < 5000
        again = [row for _, row in run_replicates([(cell, range(20))], None, store)]
        assert again == first
        before = store.count()
        more = [row for _, row in run_replicates([(cell, range(5, there + 3))], pool, store)]
        assert more[:15] == first[5:]
        assert [row.replicate for row in more] == list(range(5, there + 3))
        assert before <= store.count() <= there + 3


def test_what_a_replicate_raises_is_its_row(tmp_path, pool):
    """A failing replicate, or one that is nan, is a row with type and message; the others are not touched."""
    for name, kind, words in (
        ("sometimes_raises", "RuntimeError", "bad luck"),
        ("sometimes_nan", "FloatingPointError", "not a number"),
    ):
        cell = quantity(name, x=1.0)
        rows = [row for _, row in run_replicates([(cell, range(60))], pool)]
        key = cell.quantity.key
        expected = [seeds.generator(0, key, i).random() for i in range(60)]
        assert [row.error for row in rows] == [None if v < 0.3 else v for v in expected]
        bad = [row for row in rows if row.error is None]
        assert {row.failure for row in bad} == {kind}
        assert all(words in row.message for row in bad)


def test_a_cell_without_a_best_threshold_fails_alone(tmp_path, monkeypatch):
    """An error before any replicate is drawn becomes the row of each of them."""
    from verification.prediction import advice

    def broken(*args: object, **kwargs: object) -> object:
        raise ArithmeticError("no minimum")

    monkeypatch.setattr(advice, "best_threshold", broken)
    with Store(tmp_path / "a.db") as store, open_batch_workers("serial") as workers:
        progress = sweep.sweep(DESIGN, 2, store, workers)
        (best,) = {v.best for v in DESIGN.variants} - {False}
        rows = [s.row for s in store if s.cell.best is best]
        assert {(row.failure, row.message) for row in rows} == {("ArithmeticError", "no minimum")}
        assert progress.stored == 2 * len(DESIGN)


def test_a_replicate_that_kills_its_worker_ends_as_a_row(tmp_path):
    """A deadly replicate is found among those in flight and stored as a failure; all others succeed."""
    count = 6

    def values(cell: QuantityCell) -> list[float]:
        return [seeds.generator(0, cell.quantity.key, i).random() for i in range(count)]

    # The first cell that has exactly one deadly replicate, in the middle.
    cell = next(
        cell
        for cell in (quantity("deadly", x=float(x)) for x in range(1000))
        if [v < 0.05 for v in values(cell)] == [False, False, True, False, False, False]
    )
    innocent = quantity("plain", x=1.0)
    with Store(tmp_path / "a.db") as store, open_batch_workers("processes", 2) as workers:
        sweep.sweep([cell, innocent], count, store, workers)
        rows = list(store.rows(cell))
        assert [row.failure for row in rows] == [None, None, "WorkerDied", None, None, None]
        assert [row.error for row in rows if row.failure is None] == [v for v in values(cell) if v >= 0.05]
        assert all(row.failure is None for row in store.rows(innocent))
        assert store.count() == 2 * count


def test_a_killed_worker_costs_time_only(tmp_path, content):
    """After a SIGKILL of a worker process the same run goes on to the same content."""
    with Store(tmp_path / "a.db") as store, open_batch_workers("processes", 2) as workers:
        killed: list[int] = []

        def kill_one(progress: Progress) -> None:
            import multiprocessing

            children = multiprocessing.active_children()
            if len(killed) < 2 and children and progress.elapsed > 0.05 + len(killed):
                killed.append(children[0].pid)
                os.kill(children[0].pid, signal.SIGKILL)

        sweep.sweep(DESIGN, DESIGN.replicates, store, workers, on_progress=kill_one)
        assert killed
        assert store.content_hash() == content


def test_an_executor_that_breaks_for_good_is_one_line(tmp_path):
    """Without a way to make a new pool the sweep ends with what it has, and says so."""
    cell = quantity("deadly", x=2.0)
    executor = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with Store(tmp_path / "a.db") as store, executor, pytest.raises(ExecutorLost, match="a worker died"):
        sweep.sweep([cell], 200, store, Workers(executor, 1, run_batch))

    class Refuses(SerialExecutor):
        def submit(self, fn, /, *args, **kwargs):
            raise RuntimeError("closed")

    class Fails(SerialExecutor):
        def submit(self, fn, /, *args, **kwargs):
            future: Future[object] = Future()
            future.set_exception(OSError("connection lost"))
            return future

    for kind, words in ((Refuses, "takes no more tasks: closed"), (Fails, "OSError: connection lost")):
        with Store(tmp_path / "b.db") as store, pytest.raises(ExecutorLost, match=words):
            sweep.sweep(DESIGN, 1, store, Workers(kind(), 1, run_batch))


def test_a_task_that_dask_gives_up_on_is_narrowed_down(tmp_path):
    """A KilledWorker error blames its batch, which is halved until one replicate is left to blame."""

    class KilledWorker(Exception):
        pass

    def fragile(batch):
        for chunk in batch:
            if chunk.start <= 3 < chunk.stop:
                raise KilledWorker
        return run_batch(batch)

    with Store(tmp_path / "a.db") as store:
        sweep.sweep(DESIGN[:2], 8, store, Workers(SerialExecutor(), 1, fragile))
        for cell in DESIGN[:2]:
            assert [r.failure for r in store.rows(cell)] == [None] * 3 + ["WorkerDied"] + [None] * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("threads",), "executor must be one of"),
        (("processes", 0), "jobs must be a whole number"),
        (("processes", 2, "tcp://a:1"), "scheduler must be"),
        (("dask",), "scheduler must be"),
        (("dask", 2, "tcp://a:1"), "jobs must be left out"),
    ],
)
def test_wrong_workers_are_refused(arguments, words):
    """Executor, jobs and scheduler must fit together."""
    with pytest.raises(InvalidArgument, match=words), open_batch_workers(*arguments):
        pass


def test_missing_extras_say_how_to_get_them(monkeypatch):
    """Without the optional package the message names the extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(MissingExtra, match=r"'\.\[dask\]'"), open_batch_workers("dask", None, "tcp://a:1"):
        pass
    with pytest.raises(MissingExtra, match=r"'\.\[mpi\]'"), open_batch_workers("mpi"):
        pass


def test_processors_are_those_that_this_process_may_use(monkeypatch):
    """The default number of workers respects the affinity mask where there is one."""
    assert 1 <= executors.processors() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert executors.processors() == 1


def test_workers_end_with_their_driver(tmp_path):
    """When the driver is killed no worker process stays behind."""
    import psutil

    code = (
        "import time\nfrom verification.replication.batches import open_batch_workers\n"
        "if __name__ == '__main__':\n"
        "    with open_batch_workers('processes', 2) as w:\n"
        "        [w.executor.submit(time.sleep, 0.2) for _ in range(2)]\n"
        "        print(w.executor.submit(time.time).result(), flush=True)\n"
        "        time.sleep(60)\n"
    )
    script = tmp_path / "driver.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive


@pytest.mark.slow
def test_dask_gives_the_same_content_with_a_worker_killed(tmp_path, content):
    """Two dask clusters of real processes, one of which loses a worker, store the same content."""
    pytest.importorskip("distributed")
    for number, kill in enumerate((False, True)):
        script = Path(__file__).parents[2] / "dask_cluster.py"
        command = [sys.executable, "-W", "ignore", str(script)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with process as cluster:
            assert cluster.stdout is not None
            address, *pids = cluster.stdout.readline().split()
            killed: list[int] = []

            def kill_one(progress: Progress, kill=kill, pids=pids, killed=killed) -> None:
                if kill and not killed and progress.elapsed > 0.1:
                    killed.append(int(pids[0]))
                    os.kill(killed[0], signal.SIGKILL)

            path = tmp_path / f"{number}.db"
            with Store(path) as store, open_batch_workers("dask", None, address) as workers:
                assert workers.count == 2
                sweep.sweep(DESIGN, DESIGN.replicates, store, workers, on_progress=kill_one)
                assert len(killed) == kill
                assert store.content_hash() == content
            cluster.communicate("end\n", timeout=60)


@pytest.mark.slow
def test_mpi_gives_the_same_content(tmp_path, content):
    """Three MPI ranks store the same content; without mpi4py.futures the message says how to start."""
    pytest.importorskip("mpi4py")
    launcher = shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec on this machine")
    script = tmp_path / "driver.py"
    script.write_text(
        "import sys\nfrom test_sweep import DESIGN, Store, open_batch_workers, sweep\n"
        "if __name__ == '__main__':\n"
        "    with Store(sys.argv[1]) as store, open_batch_workers('mpi') as workers:\n"
        "        sweep.sweep(DESIGN, DESIGN.replicates, store, workers)\n"
        "        print(workers.count, store.content_hash())\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{os.getcwd()}:{Path(__file__).parent}"}
    environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    environment |= {"OMPI_MCA_rmaps_base_oversubscribe": "1"}
    command = [
        launcher,
        "-n",
        "3",
        sys.executable,
        "-m",
        "mpi4py.futures",
        str(script),
        str(tmp_path / "a.db"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout.split() == ["2", content], done.stderr
    alone = subprocess.run(
        command[3:4] + command[6:], capture_output=True, text=True, env=environment, timeout=60
    )
    assert "mpiexec -n 3 python -m mpi4py.futures" in alone.stderr


def test_signals_stop_once_and_interrupt_twice():
    """The first Ctrl-C or SIGTERM sets the event, the second raises; handlers are put back."""
    before = signal.getsignal(signal.SIGINT)
    heard: list[int] = []
    with sweep.stop_on_interrupt(lambda: heard.append(1)) as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (the signal arrives between bytecodes)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
    assert heard == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_gaps_are_the_set_difference():
    """Ranges that hold exactly the wanted indices that were not found."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        wanted = range(int(rng.integers(0, 5)), int(rng.integers(5, 30)))
        found = {int(i) for i in rng.integers(0, 30, rng.integers(0, 30))}
        missing = pace.gaps(found, wanted)
        assert [i for gap in missing for i in gap] == [i for i in wanted if i not in found]
        assert all(a.stop < b.start for a, b in itertools.pairwise(missing))
