"""Pools of local worker processes that a plain script or notebook can use as it is.

Workers are spawned, not forked: a fork would copy locks and BLAS threads in whatever state they are.
A spawned worker normally runs the caller's main file again, which without an
`if __name__ == "__main__"` guard would start the same run again in every worker.  Tasks here are
functions of this package, so workers need nothing of the main file and do not see it.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError, ProcessPoolExecutor
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

_starting = threading.Lock()


class _Worker(SpawnProcess):
    def start(self) -> None:
        """Start with the caller's main module out of sight."""
        main = sys.modules["__main__"]
        with _starting:
            hidden: dict[str, Any] = {
                name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)
            }
            main.__spec__ = None
            try:
                with _ctrl_c_held_back():
                    super().start()
            finally:
                vars(main).update(hidden)


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """What is started here inherits a SIGINT that waits: one that comes early would end in a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would let the signal through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(initializer: Callable[[], None] | None) -> None:
    """In a new worker: the initializer may ignore SIGINT before it is let through."""
    if initializer is not None:
        initializer()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class _Context(SpawnContext):
    Process = _Worker  # how a context names its process class


class _Cancellable(Future[Any]):
    def set_exception(self, exception: BaseException | None) -> None:
        """Nothing for a future that was cancelled meanwhile."""
        with contextlib.suppress(InvalidStateError):
            super().set_exception(exception)


class _Pool(ProcessPoolExecutor):
    """A pool that may be killed while cancelled tasks wait in it, and whose workers may be at any time.

    Before Python 3.12.1 the pool's own thread fails at the first of them, with a traceback on the terminal.
    """

    def __init__(self, jobs: int, **options: Any) -> None:
        super().__init__(jobs, **options)
        # All workers at the first task: one that starts with a later task is not watched until the pool's
        # thread looks around again, and if it is killed before, its task is waited for without end.
        self._safe_to_dynamically_spawn_children = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As for any executor."""
        future = super().submit(fn, *args, **kwargs)
        future.__class__ = _Cancellable  # the executor makes the future itself
        return future


def process_pool(jobs: int, initializer: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """A pool of up to `jobs` workers; `initializer` runs first in each."""
    return _Pool(jobs, mp_context=_Context(), initializer=partial(_begin, initializer))
