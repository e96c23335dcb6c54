"""Whole files or none: checked before the work starts, written beside their place and moved into it."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from verification.errors import InvalidArgument, UserError


def writable_file(argument: str, path: str | Path) -> Path:
    """The real path of a regular file, there or not, in a folder that can be written.

    `argument` is what the user called it.  Raises InvalidArgument with the system's reason.
    """
    target = _real(argument, path)
    if target.is_dir() or (target.exists() and not target.is_file()):
        raise InvalidArgument(argument, str(path), "must name a regular file")
    if not target.parent.is_dir():
        raise InvalidArgument(argument, str(path), "must name a file in a folder that exists")
    _probe(argument, path, target.parent)
    return target


def writable_folder(argument: str, path: str | Path) -> Path:
    """The real path of a folder, there or to be made in one that is there, that can be written.

    Makes nothing yet.  Raises InvalidArgument with the system's reason.
    """
    target = _real(argument, path)
    nearest = target if target.exists() else target.parent
    if nearest.exists() and not nearest.is_dir():
        raise InvalidArgument(argument, str(path), f"must name a folder ({nearest} is a file)")
    if not nearest.is_dir():
        raise InvalidArgument(argument, str(path), "must name a folder in one that exists")
    _probe(argument, path, nearest)
    return target


def _real(argument: str, path: str | Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError as error:  # the folder that a relative path starts from is gone
        raise InvalidArgument(argument, str(path), f"must be reachable ({error.strerror})") from None


def _probe(argument: str, path: str | Path, folder: Path) -> None:
    # Writing is the only sure test: permissions, full disks and read-only mounts all show here.
    draft = _draft(folder / "probe")
    try:
        draft.write_bytes(b"\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidArgument(argument, str(path), f"must be writable ({reason})") from None
    finally:
        draft.unlink(missing_ok=True)


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def shown(text: str) -> str:
    """The text with a sign in the place of each control character: no page, log or terminal obeys one."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def write(path: Path, content: str | bytes) -> None:
    """Write text (as UTF-8) or bytes so that `path` holds the old file or the new one, never a part.

    Text is written as `shown` has it.
    """
    # A name from the file system or a claim's words may hold what UTF-8 cannot: "?" stands for it.
    data = shown(content).encode("utf-8", errors="replace") if isinstance(content, str) else content
    draft = _draft(path)
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def lost(path: Path, error: Exception) -> str:
    """One line on a file that could not be written or made."""
    reason = error.strerror if isinstance(error, OSError) else None
    said = reason or (str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}")
    return f"cannot write {path}: {' '.join(said.split())}"


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
