"""What the sharp law draws over a map: its own contours, and where one regime ends and the next begins.

Three things may rule the filtered error (see `bounds.law.regimes`): the signal of clean pairs, the signal
that the filter itself makes of corrupted pairs, or the teacher's error that leaks through the filter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.engines.estimate import Array
from verification.replication.cells import ErrorCell

REGIMES = {
    "clean": "clean pairs\nsupply the signal",
    "flat": "corrupted pairs\nsupply the signal",
    "leak": "the teacher's error\nleaks through",
}

SHADES = {"clean": "#ffffff", "flat": "#eef3e6", "leak": "#f6e6e6"}
"""Grounds of the regimes where they are bands of a picture over eta."""


@dataclass(frozen=True)
class Overlay:
    """The law on the map's grid, each array (lines, columns), nan where there is no filtered cell.

    `value` is the drawn quantity, `trusted` 1 where the law may be used; `leak` the share of the
    squared error that is inherited from the teacher; `corrupted` the corrupted pairs' part of the
    kept score, on which the signal depends.
    """

    value: Array
    trusted: Array
    leak: Array
    corrupted: Array

    def regime(self) -> dict[str, NDArray[np.bool_]]:
        """Regime -> mask of where it rules."""
        leaks = self.leak > 0.5
        flat = ~leaks & (self.corrupted > 0.5)
        known = np.isfinite(self.leak)
        return {"leak": leaks & known, "flat": flat & known, "clean": ~leaks & ~flat & known}


def overlay(
    shape: tuple[int, int],
    cells: Mapping[tuple[int, int], ErrorCell],
    predicted: Callable[[ErrorCell], tuple[float, bool]],
) -> Overlay:
    """The law at every cell of the map."""
    value, trusted, leak, corrupted = (np.full(shape, np.nan) for _ in range(4))
    for place, cell in cells.items():
        value[place], trusted[place] = predicted(cell)
        if cell.procedure.estimator == "teacher-filtered" and cell.procedure.rounds == 1:
            leak[place], corrupted[place] = shares(cell)
    return Overlay(value, trusted, leak, corrupted)


def shares(cell: ErrorCell) -> tuple[float, float]:
    """(inherited part of the squared error, corrupted pairs' part of the kept score) of one filter.

    The first is of the side whose error is the larger by the law.
    """
    from bounds.law import regimes
    from verification.prediction import law

    s, procedure = cell.setting, cell.procedure
    teacher, student = procedure.sizes(s.n)
    theta = law.threshold_of(law.score_of(s), procedure)
    left = (s.d - s.r) / s.gamma * (1 + 1 / s.gamma_tilde)
    right = (s.d_tilde - s.r) / s.gamma_tilde * (1 + 1 / s.gamma)
    leak = regimes.leak_share(
        s.eta, s.r, s.gamma, s.gamma_tilde, theta, student / teacher, "left" if left >= right else "right"
    )
    # flat_boundary = M_0 / (M_0 + M_1); the mixture's part of M_0 follows from it.
    boundary = regimes.flat_boundary(s.r, s.gamma, s.gamma_tilde, theta)
    from_corrupted, from_clean = (1 - s.eta) * boundary, s.eta * (1 - boundary)
    return leak, from_corrupted / (from_corrupted + from_clean)


def paint(axes: Any, columns: Sequence[float], lines: Sequence[float], found: Overlay) -> None:
    """Draw the law's contours (thin, dashed), the regimes' boundaries (thick) and their names."""
    from matplotlib import patheffects

    halo = [patheffects.withStroke(linewidth=3, foreground="black", alpha=0.55)]
    usable = found.trusted == 1
    if np.any(usable):
        value = np.where(usable, found.value, np.nan)
        contours = axes.contour(
            columns, lines, value, levels=_levels(value), colors="white", linewidths=0.9, linestyles="dashed"
        )
        _drop_specks(contours, columns, lines)
        axes.clabel(
            contours, fmt=lambda level: f"{level:g}", fontsize=8, manual=_label_places(axes, contours.allsegs)
        )
    if np.any(found.trusted == 0):
        trusted = np.nan_to_num(found.trusted, nan=1.0)  # a place without a cell is no doubt of the law's
        axes.contourf(columns, lines, trusted, levels=[-1, 0.5], colors="none", hatches=["////"])
        axes.contour(columns, lines, trusted, levels=[0.5], colors="0.15", linewidths=0.8)
    thick = {"levels": [0.5], "colors": "white", "linewidths": 2.4}
    leak = np.where(usable, found.leak, np.nan)
    corrupted = np.where(usable, found.corrupted, np.nan)
    if _crosses(leak):
        boundary = axes.contour(columns, lines, leak, **thick)
        boundary.set_path_effects(halo)
        _drop_specks(boundary, columns, lines)
    if _crosses(corrupted):
        boundary = axes.contour(columns, lines, corrupted, **thick)
        boundary.set_path_effects(halo)
        _drop_specks(boundary, columns, lines)
        if _crosses(leak):  # where the leak rules, who supplies the signal does not matter
            rest = axes.contourf(columns, lines, leak, levels=[-1, 0.5], colors="none")
            boundary.set_clip_path(rest.get_paths()[0], axes.transData)
    for name, mask in found.regime().items():
        _name(axes, columns, lines, mask & usable, REGIMES[name], halo)
    if np.any(np.isfinite(found.leak)):
        _name(axes, columns, lines, found.trusted == 0, "the law is not\nto be trusted", halo)


ROOM = 1.5
"""Rows from a region's inmost cell to its border below which its name would lie on other things."""


def _crosses(field: Array) -> bool:
    finite = field[np.isfinite(field)]
    return bool(len(finite)) and float(finite.min()) < 0.5 < float(finite.max())


SPECK = 2.0
"""Cells that a piece of a line must span one way to be drawn."""


def _drop_specks(contours: Any, columns: Sequence[float], lines: Sequence[float]) -> None:
    """Take away short pieces of a line: the grid does not resolve them."""
    from matplotlib.path import Path

    kept = [
        [piece for piece in pieces if not _is_speck(piece, columns, lines)] for pieces in contours.allsegs
    ]
    contours.set_paths(
        [
            Path.make_compound_path(*(Path(piece) for piece in pieces)) if pieces else Path(np.empty((0, 2)))
            for pieces in kept
        ]
    )


def _is_speck(piece: Array, columns: Sequence[float], lines: Sequence[float]) -> bool:
    """Whether a line spans at most two cells each way, and less than half of the map."""
    spans = [
        float(np.ptp(np.interp(along, at, np.arange(len(at)))))
        for along, at in zip(piece.T, (columns, lines), strict=True)
    ]
    return all(
        span <= SPECK and span < (len(at) - 1) / 2 for span, at in zip(spans, (columns, lines), strict=True)
    )


INSIDE = 0.08
"""The margin of the frame in which a label would be cut off."""


def _label_places(axes: Any, segments: Sequence[Sequence[Array]]) -> list[tuple[float, float]]:
    """A point of each contour line that is well inside the frame; none for a line that has no such point."""
    places = []
    for pieces in segments:
        line = max(pieces, key=len, default=())
        if not len(line):
            continue
        shown = axes.transAxes.inverted().transform(axes.transData.transform(line))
        steps = np.arange(len(line))
        finely = np.linspace(0, len(line) - 1, 20 * len(line))
        x, y = (np.interp(finely, steps, along) for along in shown.T)
        inside = (np.minimum(x, 1 - x) > INSIDE) & (np.minimum(y, 1 - y) > INSIDE)
        if np.any(inside):
            best = int(np.argmin(np.where(inside, np.abs(y - 0.6), np.inf)))
            back = axes.transData.inverted().transform(axes.transAxes.transform((x[best], y[best])))
            places.append((float(back[0]), float(back[1])))
    return places


def _levels(values: Array) -> list[float]:
    """1, 2, 5, 10, 20 ... inside the range of the values."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low <= 0:
        return list(np.linspace(low, high, 8)[1:-1])
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    levels = [step * 10.0**k for k in decades for step in (1, 2, 5)]
    inside = [level for level in levels if low < level < high]
    return inside or [math.sqrt(low * high)]


def _name(
    axes: Any,
    columns: Sequence[float],
    lines: Sequence[float],
    mask: NDArray[np.bool_],
    text: str,
    halo: list[Any],
) -> None:
    """Write `text` where `mask` is widest, if that is wide enough to hold it."""
    if mask.mean() < 0.02:
        return
    from scipy.ndimage import distance_transform_edt

    # The place that is farthest from every other region and from the frame.
    # Text is wide, so a step sideways is worth less room than a step up.
    depth = distance_transform_edt(np.pad(mask, 1), sampling=(1.0, 0.4))[1:-1, 1:-1]
    if depth.max() < ROOM:
        return
    i, j = np.unravel_index(int(np.argmax(depth)), depth.shape)
    axes.text(
        columns[int(j)],
        lines[int(i)],
        text,
        ha="center",
        va="center",
        fontsize=9,
        weight="bold",
        color="white",
    ).set_path_effects(halo)
