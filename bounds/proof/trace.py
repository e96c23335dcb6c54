"""What SymPy computed since the last step of a proof: kept until the next step takes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bounds.checks import Computed

_pending: ContextVar[tuple[Computed, ...]] = ContextVar("pending", default=())


def computed(kind: str, of: Any, over: tuple[Any, ...], result: Any) -> Any:
    """`result`, remembered for the next step."""
    _pending.set((*_pending.get(), Computed(kind, of, over, result)))
    return result


def taken() -> tuple[Computed, ...]:
    """What was computed since the last call, once each."""
    found = _pending.get()
    _pending.set(())
    return tuple(dict.fromkeys(found))


@contextmanager
def apart() -> Iterator[None]:
    """Inside nothing of what was computed outside is pending, nor afterwards what was left inside.

    A derivation that ends in a doubt leaves what it computed: the next one's first step must not take it.
    """
    token = _pending.set(())
    try:
        yield
    finally:
        _pending.reset(token)
