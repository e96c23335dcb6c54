"""Files that a command leaves besides what it prints: one that cannot be written leaves the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from verification import files
from verification.cli.terminal import message


def written(path: str | Path, write: Callable[[Path], Any]) -> bool:
    """Whether `write(path)` wrote the file: a line says that it did, or what was lost and why."""
    try:
        write(Path(path))
    except Exception as error:  # whatever it is, nothing else that was computed is lost for it
        message(f"filtergain: {files.lost(Path(path), error)}")
        return False
    message(f"wrote {path}")
    return True


def all_written(asked: Iterable[tuple[str | Path | None, Callable[[Path], Any]]]) -> bool:
    """Whether every file asked for was written; each is tried, and None is one that was not asked for."""
    done = [written(path, write) for path, write in asked if path is not None]
    return all(done)


def picture(argument: str, path: str | None) -> None:
    """Before the work: raises InvalidArgument where no picture can be put; None asks for none."""
    if path is None:
        return
    from verification.figures import canvas

    canvas.require_ending(argument, path)
    files.writable_file(argument, path)
