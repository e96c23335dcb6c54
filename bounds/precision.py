"""The working precision of ball arithmetic and of mpmath: set for a block, put back after it.

Both libraries have one precision for the whole process.  Blocks of several threads therefore wait for each
other, so that none computes at another's precision and the caller's own is left as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ALONE = threading.RLock()


@contextmanager
def bits(count: int) -> Iterator[None]:
    """Ball arithmetic with `count` bits inside the block."""
    from flint import ctx

    with _ALONE, ctx.workprec(count):
        yield


@contextmanager
def digits(count: int) -> Iterator[None]:
    """mpmath with `count` significant digits inside the block."""
    import mpmath

    with _ALONE, mpmath.workdps(count):
        yield
