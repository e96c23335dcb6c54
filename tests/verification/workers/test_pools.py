import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from verification.replication.batches import open_batch_workers
from verification.workers.executors import NICENESS
from verification.workers.pools import process_pool

SCRIPT = """
from bounds import claims
from verification import Setting, simulate, verify

drawn = simulate(Setting(1000, 4, 4, 2, 0.5, 1.0, 1.0), replicates=20, jobs=2)
print(len(drawn.errors))
print(verify([claims["proposition-1-explicit"]], jobs=2)[0].verdict)
"""


def test_a_script_without_a_main_guard_can_use_workers(tmp_path):
    """Workers do not run the caller's file again: each line of it is executed once."""
    script = tmp_path / "plain.py"
    script.write_text("print('started')\n" + SCRIPT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["started", "20", "SUPPORTED"]
    assert done.stderr == ""


def drawn(jobs):
    """Errors drawn by so many workers, in a worker of a pool."""
    from verification import Setting, simulate

    return simulate(Setting(1000, 4, 4, 2, 0.5, 1.0, 1.0), replicates=4, jobs=jobs).errors.tolist()


def test_a_worker_of_a_pool_does_the_work_itself():
    """Where no processes may be started from, the numbers are those of one process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        alone, asked = pool.map(drawn, [1, 2])
    assert alone == asked == drawn(1)


def test_a_pool_with_cancelled_tasks_can_be_killed(monkeypatch):
    """What waits is cancelled, then the workers are killed: the running task fails, no thread does."""
    failed = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    with process_pool(1) as pool:
        futures = [pool.submit(time.sleep, 60) for _ in range(8)]
        while not futures[1].running():  # handed to the workers: what follows waits in the pool
            time.sleep(0.01)
        cancelled = [future for future in futures if future.cancel()]
        assert cancelled
        for worker in multiprocessing.active_children():
            worker.kill()
        with pytest.raises(BrokenProcessPool):
            futures[0].result(timeout=30)
    assert failed == []
    assert all(future.cancelled() for future in cancelled)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="processes have no niceness here")
def test_workers_give_way_where_they_are_told_to():
    """Workers of a run leave a processor to the driver, which judges; those of a sweep do not."""
    for give_way in (False, True):
        with open_batch_workers("processes", 1, give_way=give_way) as workers:
            niceness = workers.executor.submit(os.nice, 0).result(timeout=60)
        assert niceness == min(19, os.nice(0) + give_way * NICENESS)


def _masked():
    """Signals that wait in a worker that has begun, and whether it ignores SIGINT."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []), (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    )


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_a_ctrl_c_before_a_worker_has_begun_leaves_no_traceback(capfd):
    """It waits until the worker ignores it; afterwards nothing is held back, neither there nor here."""
    with open_batch_workers("processes", 2) as workers:
        first = workers.executor.submit(_masked)
        started = [child for child in multiprocessing.active_children() if child.name.startswith("_Worker")]
        for child in started:
            os.kill(child.pid, signal.SIGINT)  # long before its imports are done
        assert len(started) == 2
        assert first.result(timeout=60) == (False, True)
        assert workers.executor.submit(_masked).result(timeout=60) == (False, True)
    assert capfd.readouterr().err == ""
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
