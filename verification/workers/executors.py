"""Where tasks run: a pool of local processes, dask, MPI, or this process.

Each is a `Workers`: a `concurrent.futures.Executor` with what a sweep must know about it.  The
function that a worker runs is the same everywhere, and so are the bits that it returns.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection
from typing import Any

from verification.errors import ExecutorLost, InvalidArgument, MissingExtra, extra, one_of, whole
from verification.workers.pools import process_pool
from verification.workers.threads import one_thread

NICENESS = 2
"""Of workers that give way: enough for the driver to go first, too little to starve beside other programs."""

AHEAD = 4
"""Calls that wait for each worker: enough that none is idle while another is slow."""

KINDS = ("processes", "dask", "mpi", "serial")


@dataclass
class Workers:
    """An executor, how many tasks it runs at once, the function that it runs, and how to replace or end it.

    `restart` makes a new executor after a worker died and took the pool with it; None where the
    executor mends itself.  `kill` ends the running tasks without waiting for them.
    """

    executor: Executor
    count: int
    task: Callable[..., Any]
    restart: Callable[[], Executor] | None = None
    kill: Callable[[], None] | None = None

    def in_order(self, task: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """What `task` returns for each call's arguments, in their order; few calls wait at a time.

        Raises ExecutorLost where a worker died.
        """
        ahead = 0 if isinstance(self.executor, SerialExecutor) else AHEAD * self.count
        waiting: deque[Future[Any]] = deque()
        try:
            for call in calls:
                waiting.append(self.executor.submit(task, *call))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenExecutor as error:
            raise ExecutorLost(f"a worker process died: {error}") from error
        finally:
            for future in waiting:
                future.cancel()


def filled(items: int, workers: int) -> float:
    """The share of the workers' time that so many equal items fill, one worker each, until all are done."""
    return items / (-(-items // workers) * workers)


class SerialExecutor(Executor):
    """Runs each task in this process, at the time when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A finished future."""
        future: Future[Any] = Future()
        try:
            with one_thread():
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_workers(kind: str, jobs: float | None = None, scheduler: str | None = None) -> int | None:
    """`jobs` as a whole number, if these arguments go together; raises InvalidArgument."""
    one_of("executor", kind, KINDS)
    if jobs is not None:
        jobs = whole("jobs", jobs, 1, 4096)
    if jobs is not None and kind in ("dask", "mpi"):
        raise InvalidArgument("jobs", jobs, f"must be left out with {kind}, which has its own workers")
    if (scheduler is None) == (kind == "dask"):
        allowed = "must be a dask scheduler's address (executor dask needs it, no other takes it)"
        raise InvalidArgument("scheduler", scheduler, allowed)
    return None if jobs is None else int(jobs)


@contextmanager
def open_workers(
    kind: str = "processes",
    jobs: int | None = None,
    scheduler: str | None = None,
    *,
    task: Callable[..., Any],
    give_way: bool = False,
) -> Iterator[Workers]:
    """Workers of a kind that run `task`, for the duration of a with-block.

    `jobs` is the number of local processes (default: as many as processors), `scheduler` the address
    of a dask scheduler.  With `give_way` local processes leave a processor to this one whenever it has
    work of its own.  Raises InvalidArgument, MissingExtra, or ExecutorLost when the scheduler does not
    answer.
    """
    jobs = check_workers(kind, jobs, scheduler)
    # A worker of someone's pool (daemonic, to Python) may start no processes: it does the work itself.
    if kind == "serial" or (kind == "processes" and multiprocessing.current_process().daemon):
        yield Workers(SerialExecutor(), 1, task)
    elif kind == "processes":
        with _processes(jobs or processors(), task, give_way) as workers:
            yield workers
    elif kind == "dask":
        assert scheduler is not None
        with _dask(scheduler, task) as workers:
            yield workers
    else:
        with _mpi(task) as workers:
            yield workers


@contextmanager
def _processes(jobs: int, task: Callable[..., Any], give_way: bool) -> Iterator[Workers]:
    def start() -> Executor:
        return process_pool(jobs, partial(_begin_worker, give_way))

    before = {child.pid for child in multiprocessing.active_children()}

    def kill() -> None:
        for child in multiprocessing.active_children():
            if child.pid not in before:
                child.kill()

    workers = Workers(start(), jobs, task, restart=start, kill=kill)
    try:
        yield workers
    except BaseException:
        kill()
        raise
    finally:
        workers.executor.shutdown(wait=True, cancel_futures=True)


def _begin_worker(give_way: bool = False) -> None:
    """In a new worker: leave Ctrl-C to the driver, and end when the driver does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if give_way and hasattr(os, "nice"):
        os.nice(NICENESS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


@contextmanager
def _dask(scheduler: str, task: Callable[..., Any]) -> Iterator[Workers]:
    with extra("dask.distributed", "dask"):
        from distributed import Client
    try:
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExecutorLost(f"no dask scheduler answers at {scheduler}: {error}") from error
    with client:
        count = sum(client.nthreads().values())
        if not count:
            raise ExecutorLost(f"the dask scheduler at {scheduler} has no workers")
        # A task that is run again gives the same rows, so losing a worker costs time only.
        executor = client.get_executor(pure=False, retries=3)
        try:
            yield Workers(executor, count, task, kill=lambda: executor.shutdown(wait=False))
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                executor.shutdown(wait=False)


@contextmanager
def _mpi(task: Callable[..., Any]) -> Iterator[Workers]:
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPIPoolExecutor
    except (ImportError, RuntimeError):  # RuntimeError: no MPI library
        raise MissingExtra("mpi4py and an MPI library", "mpi") from None
    if MPI.COMM_WORLD.Get_size() < 2 or not _under_mpi_futures():
        command = 'mpiexec -n 3 python -m mpi4py.futures "$(command -v filtergain)" sweep ... --executor mpi'
        raise ExecutorLost(f"an MPI sweep needs at least two processes, started as: {command}")
    executor = MPIPoolExecutor()
    try:
        yield Workers(executor, executor.num_workers, task, kill=lambda: MPI.COMM_WORLD.Abort(130))
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _under_mpi_futures() -> bool:
    """Whether the other ranks serve this one, which is so under `python -m mpi4py.futures`."""
    from mpi4py.futures import _core

    return bool(_core.SharedPoolCtx is not None and _core.SharedPool is not None)
