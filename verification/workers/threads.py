"""BLAS on one thread: the last bits of an SVD depend on the number of threads."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _controller(modules: int) -> ThreadpoolController:
    """The libraries that are loaded; another number of modules may mean another library.

    Looking for them takes two milliseconds, longer than many a replicate.
    """
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """BLAS on one thread: from the call on, and for good unless it is entered as a context."""
    limited: AbstractContextManager[object] = _controller(len(sys.modules)).limit(limits=1, user_api="blas")
    return limited
