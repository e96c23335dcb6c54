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
    Raises MissingExtra.
    """
    require_matplotlib()
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


# Okabe and Ito's palette: told apart by every kind of colour vision; lines and markers differ as well.
BLUE, ORANGE, GREEN, PURPLE, GOLD = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"
GREY, INK = "#666666", "#333333"


Colour = str | tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """How one estimator is drawn in every picture; line and marker tell it apart in grey, too."""

    label: str
    colour: Colour
    line: str
    marker: str


LOOKS = {
    "unfiltered": Look("all pairs", BLUE, "-", "o"),
    "teacher-filtered": Look("filtered by a teacher", ORANGE, "--", "s"),
    "oracle-filtered": Look("filtered by an oracle", GREEN, "-.", "^"),
    "pca": Look("PCA of each modality", PURPLE, "-", "x"),
    "weighted": Look("best weights", INK, "--", "D"),
}

CLEAN, CORRUPTED = GOLD, GREY
"""The two classes of pairs: neither has the colour of an estimator."""

MARKERS = "os^Dv<>pXP*h"
"""One for each of several curves of one colour."""

COSTS = "#b2182b"
"""In a map of gains: filtering raises the error."""

UNSURE = "#9a9a9a"
"""In a map of gains: draws that cannot tell which."""


def shades(colour: Colour, count: int) -> list[tuple[float, float, float]]:
    """So many shades of one colour, dark to light: the curves of one estimator, told apart in grey, too."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    if count == 1:
        return [(red, green, blue)]
    found = []
    for step in range(count):
        share = 1.1 * step / (count - 1) - 0.55  # -0.55: that share black; 0.55: that share white
        ground, weight = (1.0 if share > 0 else 0.0), abs(share)
        mixed = [(1 - weight) * part + weight * ground for part in (red, green, blue)]
        found.append((mixed[0], mixed[1], mixed[2]))
    return found


def gain_colours(most: float) -> tuple[Any, Any]:
    """Colours and their scale for gains from 1 to `most`, with a break at 1: below it filtering costs."""
    import matplotlib
    from matplotlib.colors import LogNorm

    return matplotlib.colormaps["viridis"].with_extremes(under=COSTS), LogNorm(1.0, max(1.05, most))


def mark_costs(axes: Any, mesh: Any, gain: Any) -> bool:
    """White stripes over the cells of a mesh whose gain is below 1, seen in grey, too; whether there are."""
    import numpy as np

    return _cover(axes, mesh, np.asarray(gain) < 1, facecolor="none", edgecolor="white", hatch="--")


def mark_unsure(axes: Any, mesh: Any, unsure: Any) -> bool:
    """Grey in the place of a colour in the cells of a mesh that are unsure; whether there are any."""
    return _cover(axes, mesh, unsure, facecolor=UNSURE)


def _cover(axes: Any, mesh: Any, which: Any, **look: Any) -> bool:
    """Draw over the chosen cells of a mesh; whether there are any."""
    import numpy as np
    from matplotlib.collections import PolyCollection

    at = mesh.get_coordinates()
    cells = [[at[i, j], at[i, j + 1], at[i + 1, j + 1], at[i + 1, j]] for i, j in np.argwhere(which)]
    axes.add_collection(PolyCollection(cells, linewidth=0, **look), autolim=False)
    return bool(cells)


def plain_ticks(axis: Any) -> None:
    """Numbers such as 0.2 at the ticks of a short logarithmic axis, not 2 x 10^-1."""
    low, high = sorted(axis.get_view_interval())
    if low > 0 and high < 30 * low:
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("{x:g}" if high < 10 * low else "")


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
