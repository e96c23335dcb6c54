"""How every picture is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 160

UNDATED: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def write(figure: Figure, path: str | Path) -> None:
    """Save a figure in the format of the path's ending, without a date: the same picture is the same file."""
    figure.savefig(path, dpi=DPI, metadata=UNDATED.get(Path(path).suffix))
