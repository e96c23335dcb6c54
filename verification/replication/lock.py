"""Who may write to a store: an advisory lock beside it."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from verification.errors import StoreError, StoreLocked

try:
    import fcntl
except ImportError:  # no POSIX system: everything but a store works there
    fcntl = None  # type: ignore[assignment]


class Lock:
    """An advisory lock beside the store, gone with the process that holds it, however it ends.

    A forked child does not share it: it would hold the lock for as long as it outlives this process.
    """

    _held: ClassVar[set[Lock]] = set()

    def __init__(self, store: Path) -> None:
        if fcntl is None:
            raise StoreError(f"{store} cannot be locked: stores need a POSIX system")
        self.path = store.with_name(store.name + ".lock")
        while True:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self._holder()
                os.close(self._file)
                raise StoreLocked(store, holder) from None
            except OSError:
                os.close(self._file)
                raise
            if self._is_current():
                break
            os.close(self._file)  # its last holder removed it between our two steps
        Lock._held.add(self)
        since = time.strftime("%Y-%m-%d %H:%M:%S %z")
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
        os.ftruncate(self._file, 0)
        with suppress(OSError):  # a full disk: the lock holds without its holder's name
            os.pwrite(self._file, text.encode(), 0)

    @classmethod
    def leave_to_parent(cls) -> None:
        """In a forked child: close the copies of the descriptors; the parent's keep the locks."""
        for lock in cls._held:
            with suppress(OSError):  # whatever is wrong with one, the others must not stay shared
                os.close(lock._file)
            lock._file = -1
        cls._held.clear()

    @property
    def is_ours(self) -> bool:
        """Whether this process holds it: not after a fork, and not after its release."""
        return self._file >= 0

    def _is_current(self) -> bool:
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        mine = os.fstat(self._file)
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def _holder(self) -> str:
        try:
            who = json.loads(os.pread(self._file, 4096, 0))
            return f"process {who['pid']} on {who['host']} since {who['since']}"
        except (ValueError, KeyError):
            return "another process"  # which has not yet written its name

    def release(self) -> None:
        """Give the lock back and remove its file; nothing where it is not ours."""
        if self._file < 0:  # the parent's
            return
        with suppress(OSError):
            if self._is_current():
                os.unlink(self.path)
        Lock._held.discard(self)
        os.close(self._file)
        self._file = -1
