"""Kills sweeps at random moments and resumes them: python kill_sweeps.py FOLDER KILLS SEED.

Many short sweeps, each killed (driver or worker, SIGKILL) and resumed until it is complete.  After
every kill the store must hold what was reported as stored; a completed sweep must have the content
of an uninterrupted one.  Drivers are forked, so that a kill costs milliseconds, not an interpreter's
start.  Prints one JSON object.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import psutil

from verification.replication import batches
from verification.replication.batches import run_batch_in_worker
from verification.replication.store import Store
from verification.sweeps import grid, sweep
from verification.workers import executors

TABLES = {
    "replicates": 5,
    "setting": {"n": [500, 5000], "d": 6, "d_tilde": 5, "r": 2, "eta": [0.2, 0.5, 1], "gamma": [1.0, 30.0]},
    "procedure": [
        {"estimator": "unfiltered"},
        {"estimator": "teacher-filtered", "theta": [0.5, 60]},
        {"estimator": "oracle-filtered", "retain": 0.3},
    ],
}


def drive(design: grid.Design, path: Path, report: int) -> None:
    """One driver with two worker processes; writes how many rows it was told are stored."""

    def start() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(2, mp_context=get_context("fork"), initializer=executors._begin_worker)

    sweep.STORE_SECONDS = 0.005  # so that many kills come in the middle of a transaction
    with Store(path) as store:
        workers = executors.Workers(start(), 2, run_batch_in_worker, restart=start)

        def tell(progress: sweep.Progress) -> None:
            os.pwrite(report, b"%20d" % (progress.found + progress.stored), 0)

        sweep.sweep(design, design.replicates, store, workers, on_progress=tell)
        workers.executor.shutdown()


def wait_for_group(group: int) -> None:
    """Wait until every process of the group has ended; whether someone has buried them does not matter."""
    until = time.monotonic() + 30
    while any(lives_in(process, group) for process in psutil.process_iter()):
        assert time.monotonic() < until, "workers outlive their driver"
        time.sleep(0.005)


def lives_in(process: psutil.Process, group: int) -> bool:
    """Whether the process is of the group and has not ended."""
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def kill_once(design: grid.Design, path: Path, chance: random.Random, longest: float) -> str | None:
    """Start a driver and kill it or one of its workers; what was killed, None if it was complete before."""
    report = os.open(path.with_suffix(".reported"), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            drive(design, path, report)
            os._exit(0)
        except BaseException as error:
            print(f"driver: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    victim = "driver"
    driver = psutil.Process(pid)
    time.sleep(chance.uniform(0, longest))
    workers = driver.children()
    if workers and chance.random() < 0.5:
        with suppress(ProcessLookupError):  # the driver has just completed the sweep and buried it
            os.kill(chance.choice(workers).pid, signal.SIGKILL)
            victim = "worker"
        time.sleep(chance.uniform(0, longest))  # the driver mends itself, and is killed on the way
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    wait_for_group(pid)
    reported = int(os.pread(report, 20, 0) or 0)
    os.close(report)
    if path.exists():
        with Store.read(path) as store:
            assert store.count() >= reported, f"{reported} rows were reported, {store.count()} are there"
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the driver failed by itself"
    if os.WIFSIGNALED(status):
        return victim if victim == "driver" else "worker and driver"
    return "worker" if victim == "worker" else None


def main(folder: Path, kills: int, seed: int) -> None:
    """Kill until there were enough kills; compare every sweep with an uninterrupted one."""
    chance = random.Random(seed)
    killed: Counter[str] = Counter()
    sweeps = partial = 0
    while killed.total() < kills:
        design = grid.parse({**TABLES, "seed": sweeps})
        path, whole = folder / f"{sweeps}.db", folder / f"{sweeps}-whole.db"
        with Store(whole) as store, batches.open_batch_workers("serial") as workers:
            begin = time.monotonic()
            sweep.sweep(design, design.replicates, store, workers)
            longest = max(0.02, time.monotonic() - begin)
            content = store.content_hash()
        count = 0
        while count < design.rows and killed.total() < kills:
            what = kill_once(design, path, chance, longest)
            if what is not None:
                killed[what] += 1
            if path.exists():
                with Store.read(path) as store:
                    count = store.count()
                partial += 0 < count < design.rows
        with Store(path) as store, batches.open_batch_workers("serial") as workers:
            sweep.sweep(design, design.replicates, store, workers)
            assert store.integrity() == "ok"
            assert store.content_hash() == content, "the content differs from that of an uninterrupted run"
        sweeps += 1
    result = {"kills": dict(killed), "sweeps": sweeps, "partial": partial}
    print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
