"""How a picture is begun and written, whatever it shows.  Matplotlib is an optional extra."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verification import files
from verification.errors import InvalidArgument, extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")

DPI = 160

_ALONE = threading.RLock()

UNDATED: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def require_matplotlib() -> None:
    """Raises MissingExtra where Matplotlib is not installed."""
    with extra("Matplotlib", "figures"):
        import matplotlib.figure  # noqa: F401


def require_ending(argument: str, path: str | Path) -> None:
    """Raises InvalidArgument, in the name of `argument`, for a format that no picture has."""
    if Path(path).suffix not in ENDINGS:
        raise InvalidArgument(argument, str(path), f"must end in one of {', '.join(ENDINGS)}")


PLAIN = {"svg.hashsalt": "filtergain"}
"""Nothing but Matplotlib's defaults, and ids that do not change from run to run."""


@contextmanager
def from_defaults(style: Mapping[str, Any]) -> Iterator[None]:
    """A picture's settings: Matplotlib's own defaults and `style`, whatever the user's; put back after.

    The settings are the process's: pictures of several threads are drawn one after the other.
    """
    import matplotlib.style

    with _ALONE, matplotlib.style.context(["default", dict(style)]):
        yield


def begin(width: float, height: float, panels: int = 1) -> tuple[Figure, Any]:
    """A figure (inches) and its axes, one or an array of `panels`, without a display.

    Raises MissingExtra.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, panels)


def write(figure: Figure, path: str | Path) -> None:
    """Save a figure in the format of the path's ending: the whole file or none.

    It has no date: the same picture is the same file.
    """
    ending = Path(path).suffix
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, format=ending.removeprefix("."), metadata=UNDATED.get(ending))
    files.write(Path(os.path.realpath(path)), buffer.getvalue())


# Okabe and Ito's palette: told apart by every kind of colour vision; markers differ as well.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"


@dataclass(frozen=True)
class Look:
    """How one estimator is drawn in every picture; line and marker tell it apart in grey, too."""

    label: str
    colour: str
    line: str
    marker: str


LOOKS = {
    "unfiltered": Look("all pairs", BLUE, "-", "o"),
    "teacher-filtered": Look("filtered by a teacher", ORANGE, "--", "s"),
    "oracle-filtered": Look("filtered by an oracle", GREEN, "-.", "^"),
}


STYLE = {
    "font.size": 12.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "svg.hashsalt": "filtergain",  # ids that do not change from run to run
}
