"""Pictures of a store: error or gain over one axis as curves, over two as a map, with the sharp law.

Simulated means are points or colours, the law is lines: neither is fitted to the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.engines.estimate import Array
from verification.errors import InvalidArgument
from verification.figures import canvas, regime_map
from verification.figures.canvas import Colour, Look
from verification.figures.regime_map import Overlay
from verification.replication.cells import ErrorCell
from verification.replication.store import Store
from verification.setting import Procedure
from verification.sweeps.export import coordinates, independent, threshold

QUANTITIES = ("error", "gain")
NUMERIC = ("n", "d", "d_tilde", "r", "eta", "gamma", "gamma_tilde", "theta", "retain", "rounds")
MAX_CURVES = 12

SYMBOLS = {
    "n": "n",
    "d": "d",
    "d_tilde": r"\tilde{d}",
    "r": "r",
    "eta": r"\eta",
    "gamma": r"\gamma",
    "gamma_tilde": r"\tilde{\gamma}",
}

NAMES = {
    "n": "pairs $n$",
    "d": "dimension $d$",
    "d_tilde": r"dimension $\tilde d$",
    "r": "latent dimension $r$",
    "eta": r"clean fraction $\eta$",
    "gamma": r"inverse noise variance $\gamma$",
    "gamma_tilde": r"inverse noise variance $\tilde\gamma$",
    "theta": r"threshold $\theta$",
    "retain": "share of the scored pairs that is kept",
    "rounds": "rounds",
    "error": "error (chordal distance)",
    "gain": "gain: unfiltered error / filtered error",
}


@dataclass(frozen=True)
class PlottedPoint:
    """A cell's mean of the drawn quantity over its replicates, and the standard error of that mean.

    `parts` of a gain are the two means' relative variances of one draw, with the draws behind each.
    """

    cell: ErrorCell
    value: float
    spread: float
    replicates: int
    parts: tuple[tuple[float, int], ...] = ()


SURE = 0.01
"""A gain is called one, or a loss, where draws without any would look so in less than this share of cells."""


@canvas.from_defaults(canvas.PLAIN)
def plot(
    store: str | Path,
    to: str | Path,
    *,
    x: str,
    y: str | None = None,
    quantity: str = "error",
    where: Sequence[str] = (),
    law: bool = True,
) -> int:
    """Draw a store's `quantity` over `x` (curves) or over `x` and `y` (a map); returns the points drawn.

    `where` holds NAME=VALUE conditions on the cells.  Raises InvalidArgument, MissingExtra, StoreError.
    """
    to = Path(to)
    canvas.require_ending("to", to)
    if quantity not in QUANTITIES:
        raise InvalidArgument("quantity", quantity, f"must be one of {', '.join(QUANTITIES)}")
    for name, axis in (("x", x), ("y", y)):
        if axis is not None and axis not in NUMERIC:
            raise InvalidArgument(name, axis, f"must be one of {', '.join(NUMERIC)}")
    if x == y:
        raise InvalidArgument("y", y, "must differ from x")
    with Store.read(store) as opened:
        points = measured(opened, quantity, where)
    points = [p for p in points if _at(p.cell, x) is not None and (y is None or _at(p.cell, y) is not None)]
    if not points:
        raise InvalidArgument(
            "where", " ".join(where), f"must leave cells that have {x}, a {quantity} and rows"
        )
    figure = _curves(points, x, quantity, law) if y is None else _map(points, x, y, quantity, law)
    canvas.write(figure, to)
    return len(points)


def measured(store: Store, quantity: str, where: Sequence[str] = ()) -> list[PlottedPoint]:
    """The points of all cells that meet `where` and have at least one error.

    The gain of a cell needs the unfiltered cell of the same setting, engine and seed.
    """
    means = _means(store)
    conditions = [_condition(text) for text in where]
    chosen = [cell for cell in means if all(meets(cell) for meets in conditions)]
    if quantity == "error":
        return [means[cell] for cell in chosen]
    return [point for cell in chosen if (point := _gain(means, cell)) is not None]


def _means(store: Store) -> dict[ErrorCell, PlottedPoint]:
    """The mean error of every cell that has one."""
    means = {}
    for cell in store.cells():
        errors = np.array([row.error for row in store.rows(cell) if row.error is not None])
        if len(errors):
            spread = errors.std(ddof=1) / math.sqrt(len(errors)) if len(errors) > 1 else 0.0
            means[cell] = PlottedPoint(cell, float(errors.mean()), float(spread), len(errors))
    return means


def _gain(means: Mapping[ErrorCell, PlottedPoint], cell: ErrorCell) -> PlottedPoint | None:
    reference = means.get(replace(cell, procedure=Procedure(), best=False))
    found = means[cell]
    if reference is None or cell.procedure.estimator == "unfiltered" or found.value == 0:
        return None
    gain = reference.value / found.value
    parts = tuple(
        ((mean.spread / mean.value) ** 2 * mean.replicates if mean.value else 0.0, mean.replicates)
        for mean in (found, reference)
    )
    relative = math.sqrt(sum(variance / draws for variance, draws in parts))
    return PlottedPoint(cell, gain, gain * relative, found.replicates, parts)


def _unsure(point: PlottedPoint, near: Sequence[PlottedPoint]) -> bool:
    """Whether a gain's interval on the logarithm's scale holds 1 (Welch 1947), at the rate SURE.

    The relative variance of a draw hardly changes from one cell of a map to the next, and a cell has few
    draws: it is taken from those `near`, the point itself among them.
    """
    from scipy import stats

    total = spread = 0.0
    for k, (_, draws) in enumerate(point.parts):
        freedom = sum(other.parts[k][1] - 1 for other in near)
        if freedom == 0:
            return True
        pooled = sum(other.parts[k][0] * (other.parts[k][1] - 1) for other in near) / freedom
        total += pooled / draws
        spread += (pooled / draws) ** 2 / freedom
    if total == 0 or point.value <= 0:
        return point.value == 1
    return abs(math.log(point.value)) <= float(stats.t.isf(SURE / 2, total**2 / spread)) * math.sqrt(total)


def _condition(text: str) -> Callable[[ErrorCell], bool]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidArgument("where", text, "must be NAME=VALUE")

    def meets(cell: ErrorCell) -> bool:
        there = {**coordinates(cell), "theta": cell.procedure.theta, "retain": cell.procedure.retain}
        if name not in there:
            raise InvalidArgument("where", text, f"must name one of {', '.join(there)}")
        found = there[name]
        if isinstance(found, str) or found is None:
            return str(found).lower() == value.lower()
        try:
            return math.isclose(found, float(value), rel_tol=1e-9)
        except ValueError:
            raise InvalidArgument("where", text, "must compare with a number") from None

    return meets


def _at(cell: ErrorCell, axis: str) -> float | None:
    value = getattr(cell.procedure if axis in ("theta", "retain", "rounds") else cell.setting, axis)
    return None if value is None else float(value)


def _place(point: PlottedPoint, axis: str) -> float:
    """Where a point lies on an axis that all the points of a picture have."""
    place = _at(point.cell, axis)
    assert place is not None
    return place


def _others(cells: Sequence[ErrorCell], axes: Sequence[str]) -> list[str]:
    """The coordinates that vary beside the axes and on their own."""
    table = [{**{a: _at(cell, a) for a in axes}, **coordinates(cell)} for cell in cells]
    if {"theta", "retain"} & set(axes):
        for line in table:
            line["threshold"] = None  # the axis itself
    names, _ = independent(table, [*axes, *(name for name in table[0] if name not in axes)])
    return [name for name in names if name not in axes]


def _predicted(cell: ErrorCell, quantity: str) -> tuple[float, bool]:
    """(the law's value for the cell, whether the law is trusted there)."""
    from verification.prediction.law import predict_procedure

    found = predict_procedure(cell.setting, cell.procedure)
    if quantity == "error":
        return found.mean, found.trusted
    other = predict_procedure(cell.setting, Procedure())
    value = other.mean / found.mean if found.mean else math.nan
    return value, found.trusted and other.trusted


def _is_log(values: Sequence[float]) -> bool:
    finite = [v for v in values if math.isfinite(v)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) >= 8


def _curves(points: list[PlottedPoint], x: str, quantity: str, law: bool) -> Any:
    groups = _grouped(points, x)
    figure, axes = canvas.begin(9.0, 4.6)
    for label, look in _looks(groups).items():
        groups[label].sort(key=lambda p: _place(p, x))
        _draw_curve(axes, groups[label], x, look)
        if law:
            _draw_law(axes, groups[label], x, quantity, look.colour)
    if law:
        axes.plot([], [], color=canvas.INK, lw=1.3, label="sharp law")
        axes.plot([], [], color=canvas.INK, lw=0.8, ls=":", label="sharp law, not to be trusted there")
    if _is_log([_place(p, x) for p in points]):
        axes.set_xscale("log")
    if min(p.value for p in points) > 0:
        axes.set_yscale("log")
        canvas.plain_ticks(axes.yaxis)
    if quantity == "gain":
        axes.axhline(1.0, color=canvas.INK, lw=0.8, ls="--", label="below: filtering costs")
    axes.set_xlabel(NAMES[x])
    axes.set_ylabel(NAMES[quantity])
    axes.set_title(_caption([p.cell for p in points], [x]), fontsize=9)
    axes.grid(alpha=0.25, which="both", lw=0.5)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return figure


def _grouped(points: list[PlottedPoint], x: str) -> dict[str, list[PlottedPoint]]:
    """The points of every curve by its name; raises InvalidArgument where there are too many curves."""
    names = _others([p.cell for p in points], [x])
    # It may follow from the threshold, which alone says little.
    if len({p.cell.procedure.estimator for p in points}) > 1 and "estimator" not in names:
        names.append("estimator")
    groups: dict[str, list[PlottedPoint]] = {}
    for point in points:
        label = _label(coordinates(point.cell), names) or canvas.LOOKS[point.cell.procedure.estimator].label
        groups.setdefault(label, []).append(point)
    if len(groups) > MAX_CURVES:
        allowed = f"must leave at most {MAX_CURVES} curves, not {len(groups)}: fix some of {', '.join(names)}"
        raise InvalidArgument("where", "", allowed)
    return groups


def _looks(groups: Mapping[str, list[PlottedPoint]]) -> dict[str, Look]:
    """Label -> look, in the order of the legend: the colour of the estimator, shades of it for several."""
    by_estimator: dict[str, list[str]] = {}
    for label, group in groups.items():
        by_estimator.setdefault(group[0].cell.procedure.estimator, []).append(label)
    found = {}
    for estimator, look in canvas.LOOKS.items():
        labels = sorted(by_estimator.get(estimator, []), key=_in_order)
        for i, (label, shade) in enumerate(
            zip(labels, canvas.shades(look.colour, max(1, len(labels))), strict=False)
        ):
            marker = look.marker if len(labels) == 1 else canvas.MARKERS[i]
            found[label] = Look(label, shade, look.line, marker)
    return found


def _in_order(label: str) -> list[tuple[float, str]]:
    """Labels by their words and the size of their numbers: gamma = 2 before gamma = 10."""
    return [(float(part), "") if _is_number(part) else (math.inf, part) for part in re.split(r"[ ,]+", label)]


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _draw_curve(axes: Any, group: list[PlottedPoint], x: str, look: Look) -> None:
    at, values = [_place(p, x) for p in group], [p.value for p in group]
    spreads = [p.spread for p in group]
    axes.errorbar(
        at, values, yerr=spreads, ls="none", marker=look.marker, ms=4.5, color=look.colour, label=look.label,
        capsize=2,
    )  # fmt: skip


def _draw_law(axes: Any, group: list[PlottedPoint], x: str, quantity: str, colour: Colour) -> None:
    """The law along a curve: dotted, and solid where it is trusted."""
    at, predicted = [_place(p, x) for p in group], [_predicted(p.cell, quantity) for p in group]
    axes.plot(at, [value for value, _ in predicted], color=colour, lw=0.8, ls=":")
    trusted = [value if good else math.nan for value, good in predicted]
    axes.plot(at, trusted, color=colour, lw=1.3)


def _caption(cells: Sequence[ErrorCell], axes: Sequence[str]) -> str:
    """What all the cells share."""
    cell = cells[0]
    setting = cell.setting.as_dict()
    shared = [
        f"${SYMBOLS[name]}$ = {setting[name]:g}"
        for name in setting
        if name not in axes and len({c.setting.as_dict()[name] for c in cells}) == 1
    ]
    words: list[str] = []
    if len({c.procedure.estimator for c in cells}) == 1:
        words.append(canvas.LOOKS[cell.procedure.estimator].label)
    if not {"theta", "retain"} & set(axes) and len({threshold(c) for c in cells}) == 1:
        words.append(_threshold(threshold(cell)))
    return ", ".join([*shared, *filter(None, words)])


def _label(there: Mapping[str, Any], names: Sequence[str]) -> str:
    """A curve's name: the coordinates that tell it from the others."""
    words = [canvas.LOOKS[str(there["estimator"])].label] if "estimator" in names else []
    if "threshold" in names:
        words.append(_threshold(str(there["threshold"])))
    rest = [name for name in names if name not in ("estimator", "threshold")]
    return ", ".join(
        [*filter(None, words), *(f"{LETTERS.get(name, name)} = {_short(there[name])}" for name in rest)]
    )


def _threshold(text: str) -> str:
    """A coordinate such as theta=0 in words; none for the unfiltered estimator."""
    named = {"best": "best threshold", "none": ""}
    return named.get(text, text.replace("theta=", "θ = ").replace("retain=", "kept share = "))


LETTERS = {"eta": "η", "gamma": "γ", "gamma_tilde": "γ̃", "d_tilde": "d̃"}
"""In a curve's name, which is plain text."""


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _map_colours(quantity: str, low: float, high: float) -> tuple[Any, Any]:
    """The colours of a map and their scale; a gain's break at 1."""
    from matplotlib.colors import LogNorm, Normalize

    if quantity == "gain":
        return canvas.gain_colours(high)
    return "viridis", LogNorm(low, high) if low > 0 else Normalize(low, high)


def _map(points: list[PlottedPoint], x: str, y: str, quantity: str, law: bool) -> Any:
    columns, lines, grid, unsure, cells = _placed(points, x, y)
    overlay = None
    if law:
        overlay = regime_map.overlay(grid.shape, cells, lambda cell: _predicted(cell, quantity))
    figure, axes = canvas.begin(7.6, 5.8)
    cmap, norm = _map_colours(quantity, *_colour_range(grid, overlay))
    shown = np.where(unsure, np.nan, grid)
    colours = axes.pcolormesh(columns, lines, shown, norm=norm, cmap=cmap, shading="nearest", rasterized=True)
    for values, which in ((columns, "x"), (lines, "y")):
        if _is_log(values):
            getattr(axes, f"set_{which}scale")("log")
        getattr(axes, f"set_{which}lim")(values[0], values[-1])
    axes.set_xlabel(NAMES[x])
    axes.set_ylabel(NAMES[y])
    marks = []
    if canvas.mark_unsure(axes, colours, unsure):
        marks.append("grey: the draws cannot tell gain from loss")
    if quantity == "gain" and canvas.mark_costs(axes, colours, shown):
        marks.append("red stripes: filtering costs")
    caption = _caption([p.cell for p in points], (x, y)) + _told(overlay)
    axes.set_title("\n".join([caption, *(["; ".join(marks)] if marks else [])]), fontsize=9)
    _draw_bar(figure, axes, colours, shown, (norm.vmin, norm.vmax), quantity)
    if overlay is not None:
        regime_map.paint(axes, columns, lines, overlay)
    return figure


def _placed(
    points: list[PlottedPoint], x: str, y: str
) -> tuple[list[float], list[float], Array, NDArray[np.bool_], dict[tuple[int, int], ErrorCell]]:
    """The values along x and y, of each place (lines, columns) what was found and whether that is unsure, and
    the cells."""
    names = _others([p.cell for p in points], [x, y])
    if names:
        raise InvalidArgument("where", "", f"must leave one cell a place: fix {', '.join(names)}")
    columns, lines = sorted({_place(p, x) for p in points}), sorted({_place(p, y) for p in points})
    if len(columns) < 2 or len(lines) < 2:
        raise InvalidArgument("x, y", (x, y), "must each have at least two values in the store")
    placed = {(lines.index(_place(p, y)), columns.index(_place(p, x))): p for p in points}
    grid = np.full((len(lines), len(columns)), np.nan)
    unsure = np.zeros(grid.shape, bool)
    for (i, j), point in placed.items():
        around = [placed.get((i + a, j + b)) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        grid[i, j] = point.value
        unsure[i, j] = bool(point.parts) and _unsure(point, [other for other in around if other])
    return columns, lines, grid, unsure, {place: point.cell for place, point in placed.items()}


def _draw_bar(
    figure: Any, axes: Any, colours: Any, grid: Array, ends: tuple[float, float], quantity: str
) -> None:
    """The scale of a map's colours; pointed where values lie beyond its ends."""
    low, high = ends
    outside = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    extend = outside[bool(np.any(grid < low)), bool(np.any(grid > high))]
    bar = figure.colorbar(colours, ax=axes, label=NAMES[quantity], pad=0.02, extend=extend)
    if quantity == "gain" and low > 0:
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.ax.yaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")


def _told(overlay: Overlay | None) -> str:
    """What lies over the colours of a map, in words."""
    if overlay is None:
        return ""
    words = "\ncolours: simulated; dashed: the sharp law; thick: its regimes' boundaries"
    return words + ("; hatched: it is not to be trusted" if np.any(overlay.trusted == 0) else "")


def _colour_range(grid: Array, overlay: Overlay | None) -> tuple[float, float]:
    """The range of the values, those where the law is not trusted left out if others are enough.

    There the error may be that of a random subspace, and a few lucky draws would stretch the colours.
    """
    values = grid[np.isfinite(grid)]
    if overlay is not None:
        trusted = grid[np.isfinite(grid) & (overlay.trusted == 1)]
        if len(trusted) >= 4:
            values = trusted
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low * 0.9, high * 1.1)
