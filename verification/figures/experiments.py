"""Pictures of the paper's experiments.  Draws rows of `experiments`; computes nothing of its own.

Matplotlib is an optional extra; every function writes one file, whose ending names the format.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bounds.law import regimes as law_regimes
from verification.figures import canvas
from verification.figures.canvas import (
    CLEAN,
    CORRUPTED,
    GREY,
    INK,
    LOOKS,
    STYLE,
    from_defaults,
)
from verification.figures.regime_map import REGIMES, SHADES

if TYPE_CHECKING:
    from verification.studies.experiments import Figure2b, Figure3a, Table1
    from verification.studies.leak import Study

FILTERED = LOOKS["teacher-filtered"]


def _styled(draw: Any) -> Any:
    """Runs a drawing function under STYLE without touching the process's own."""

    def drawing(*args: Any, **kwargs: Any) -> None:
        canvas.require_matplotlib()
        with from_defaults(STYLE):
            draw(*args, **kwargs)

    drawing.__doc__ = draw.__doc__
    drawing.__name__ = draw.__name__
    return drawing


@_styled
def table_1(tables: Sequence[Table1], path: str | Path) -> None:
    """Printed and simulated means of Table 1 beside each other, one panel for each convention."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * len(tables), 5.6), layout="constrained")
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, table in zip(panels, tables, strict=True):
        places = np.arange(len(table.rows))
        printed = [row.printed for row in table.rows]
        axes.errorbar(
            places - 0.15,
            [1e4 * p.mean for p in printed],
            [1e4 * p.std for p in printed],
            fmt="D",
            color=GREY,
            capsize=4,
            label="paper, mean ± σ of one run",
        )
        simulated = [row.simulated for row in table.rows]
        axes.errorbar(
            places + 0.15,
            [1e4 * s.mean for s in simulated],
            [1e4 * s.std for s in simulated],
            fmt=FILTERED.marker,
            color=FILTERED.colour,
            capsize=4,
            label=f"here, the same over {simulated[0].replicates} runs",
        )
        axes.plot(
            places,
            [1e4 * row.predicted for row in table.rows],
            "_",
            ms=26,
            mew=2,
            color=INK,
            label="first-order law (no sampling)",
        )
        axes.set_xticks(places, [f"{100 * p.retain:g}%" for p in printed])
        axes.set_xlabel("kept")
        axes.grid(axis="x", visible=False)
        teacher, student = table.convention.teacher_n, table.convention.student_n
        axes.set_title(
            f"{_thousands(student)} pairs scored,\nteacher on {_thousands(teacher)} others\n"
            + ("contradicts the printed rows" if table.excluded else "agrees with the printed rows"),
            fontsize=12,
        )
    panels[0].set_ylabel(r"error $\times\,10^{4}$")
    panels[0].set_ylim(bottom=0)
    panels[0].legend(loc="upper center", fontsize=10)
    canvas.write(figure, path)


@_styled
def figure_2b(result: Figure2b, path: str | Path) -> None:
    """Histogram of the oracle score by class, with the exact densities over it."""
    figure, axes = canvas.begin(8.0, 5.4)
    edges = histogram_edges(result)
    total = len(result.clean) + len(result.corrupted)
    width = edges[1] - edges[0]
    grid = np.linspace(edges[0], edges[-1], 1200)
    for values, clean, color, line, name in (
        (result.corrupted, False, CORRUPTED, "--", r"corrupted, $D_0$"),
        (result.clean, True, CLEAN, "-", r"clean, $D_1$"),
    ):
        counts = np.histogram(values, edges)[0]
        axes.stairs(
            counts / (total * width), edges, fill=True, color=color, alpha=0.35, label=f"{name}: drawn"
        )
        axes.plot(grid, result.density(grid, clean), line, color=color, lw=2, label=f"{name}: exact density")
    s = result.setting
    for place, text in ((0.0, r"$\theta=0$"), (s.r / 2, r"$\theta=r/2$")):
        axes.axvline(place, color=GREY, lw=1, ls=":")
        axes.annotate(
            text,
            (place, 1.0),
            xycoords=("data", "axes fraction"),
            ha="right",
            va="top",
            rotation=90,
            color=GREY,
            fontsize=11,
        )
    axes.set_ylim(0, 1.12 * axes.get_ylim()[1])  # room for the thresholds' names
    axes.set_xlabel(r"oracle score $\langle U^\top x,\ \tilde U^\top\tilde x\rangle$")
    axes.set_ylabel("density × share of the class")
    axes.set_title(
        f"Oracle score of {_thousands(s.n)} pairs: $r={s.r}$, $\\eta={s.eta:g}$, "
        f"$\\gamma=\\tilde\\gamma={_power(s.gamma)}$"
    )
    axes.legend(loc="upper right")
    canvas.write(figure, path)


def histogram_edges(result: Figure2b, bins: int = 120) -> Any:
    """Bin edges of Figure 2b: all scores of both classes, evenly spaced."""
    low = min(result.clean.min(), result.corrupted.min())
    high = max(result.clean.max(), result.corrupted.max())
    return np.linspace(low, high, bins + 1)


@_styled
def figure_3a(result: Figure3a, path: str | Path, *, regimes: bool = False) -> None:
    """Error against eta, both estimators with error bars, reference slopes and the sample condition.

    With `regimes`, bands in place of slopes say what rules the filtered error.
    """
    figure, axes = canvas.begin(8.6, 5.8)
    for estimator, name in (
        ("unfiltered", "no filter"),
        ("teacher-filtered", "teacher-based filter, $\\theta=0$"),
    ):
        look = LOOKS[estimator]
        rows = result.curve(estimator)
        etas = np.array([row.eta for row in rows])
        means = np.array([row.simulated.mean for row in rows])
        spread = np.array([row.simulated.std for row in rows])
        # An error bar that reaches below zero has no place on a logarithmic axis.
        axes.errorbar(
            etas,
            means,
            [np.minimum(spread, 0.999 * means), spread],
            fmt=look.marker,
            color=look.colour,
            ms=7,
            capsize=4,
            label=f"{name}: mean ± σ of {rows[0].simulated.replicates} runs",
        )
        law = [row.predicted if row.trusted else math.nan for row in rows]
        axes.plot(etas, law, look.line, color=look.colour, lw=1.5, label=f"{name}: law")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_xaxis()
    middle = [row.simulated.mean for row in result.rows]
    middle += [row.predicted for row in result.rows if row.trusted]
    axes.set_ylim((0.04 if regimes else 0.25) * min(middle), 12 * max(middle))
    if regimes:
        _regimes(axes, result)
    else:
        _reference_slopes(axes, result)
    _sample_condition(axes, result, 0.14 if regimes else 0.02)
    s = result.setting
    axes.set_xlabel(r"share of clean pairs $\eta$, falling to the right")
    axes.set_ylabel("error (chordal distance)")
    axes.set_title(
        f"$n={_power(s.n)}$, $d={s.d}$, $\\tilde d={s.d_tilde}$, $r={s.r}$, "
        f"$\\gamma=\\tilde\\gamma={_power(s.gamma)}$"
    )
    axes.legend(loc="upper left", fontsize=10.5)
    canvas.write(figure, path)


def _regimes(axes: Any, result: Figure3a) -> None:
    """Bands of eta by what rules the filtered error, each with the slope that it has there."""
    s = result.setting
    at = (s.r, s.gamma, s.gamma_tilde, result.theta)
    flat, leak = law_regimes.flat_boundary(*at), law_regimes.leak_boundary(*at, 1.0, "left") or 0.0
    low = min(row.eta for row in result.rows)
    for first, last, shade, text in (
        (flat, 1.0, SHADES["clean"], f"{REGIMES['clean']}\nslope $-1/2$"),
        (leak, flat, SHADES["flat"], f"{REGIMES['flat']}\nslope $0$"),
        (low, leak, SHADES["leak"], f"{REGIMES['leak']}\nslope $-1$"),
    ):
        start = max(first, low)
        if last > start:
            axes.axvspan(start, last, color=shade, zorder=-1)
            axes.annotate(
                text,
                # The last band may be narrower than its words, which then end with it.
                (start if start == low else math.sqrt(start * last), 0.03),
                xycoords=("data", "axes fraction"),
                ha="right" if start == low else "center",
                fontsize=10,
                color=GREY,
            )


def _reference_slopes(axes: Any, result: Figure3a) -> None:
    """Dashed lines of slope -1, -1/2 and 0, each beside the curve that it is compared with."""
    unfiltered, filtered = result.curve("unfiltered"), result.curve("teacher-filtered")
    etas = np.array([row.eta for row in unfiltered])
    third = max(2, len(etas) // 3 + 1)
    for slope, anchor, part, factor in (
        (-1.0, unfiltered, slice(None), 2.2),
        (-0.5, filtered, slice(None, third), 0.55),
        (0.0, filtered, slice(-third, None), 0.55),
    ):
        span = etas[part]
        at = anchor[part][0]
        line = factor * at.predicted * (span / at.eta) ** slope
        axes.plot(span, line, "--", color=GREY, lw=1.2)
        middle = len(span) // 2
        text = {-1.0: r"slope $-1$", -0.5: r"slope $-1/2$", 0.0: r"slope $0$"}[slope]
        axes.annotate(
            text,
            (span[middle], line[middle]),
            textcoords="offset points",
            xytext=(-6, 6) if slope == -1.0 else (-6, -16),
            color=GREY,
            fontsize=11,
            ha="right" if slope == -1.0 else "left",
        )


def _sample_condition(axes: Any, result: Figure3a, height: float) -> None:
    """Shades the etas at which the sample condition of the paper's theorems fails; its name at a height."""
    failing = [row.eta for row in result.curve("unfiltered") if not row.condition]
    if not failing:
        return
    s = result.setting
    noise = (1 + 1 / s.gamma) * (1 + 1 / s.gamma_tilde)
    edge = math.sqrt(max(s.d, s.d_tilde) * noise / s.n)
    axes.axvspan(edge, min(failing) / 1.25, color=GREY, alpha=0.15, lw=0)
    axes.annotate(
        r"$n\eta^2$ below $\max\{d,\tilde d\}(1+\gamma^{-1})(1+\tilde\gamma^{-1})\;\to$",
        (edge, height),
        xycoords=("data", "axes fraction"),
        ha="right",
        va="bottom",
        color=GREY,
        fontsize=10.5,
    )
    axes.set_xlim(right=min(failing) / 1.25)


@_styled
def leak(result: Study, path: Path) -> None:
    """The smallest error over thresholds, over Theorem 1's printed and its corrected rate, against eta."""
    figure, axes = canvas.begin(6.4, 4.4)
    rows = result.rows
    etas = [row.setting.eta for row in rows]
    for name, colour, look in (("printed", INK, "o:"), ("corrected", FILTERED.colour, "s--")):
        ratios = np.array([getattr(row, f"{name}_ratio") for row in rows])
        spreads = ratios * [row.standard_error / row.error for row in rows]
        axes.errorbar(
            etas, ratios, yerr=spreads, fmt=look[0], ms=5, color=colour, label=f"over the {name} rate"
        )
        axes.plot(etas, ratios * [row.predicted / row.error for row in rows], look[1:], color=colour, lw=1.2)
    axes.plot([], [], color=GREY, lw=1.2, label="lines: sharp law")
    axes.set_xscale("log")
    axes.set_yscale("log")
    canvas.plain_ticks(axes.yaxis)
    axes.set_xticks(etas, [f"{eta:g}" for eta in etas])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(r"share of clean pairs $\eta$")
    axes.set_ylabel("error / rate of Theorem 1")
    axes.set_title(rf"$\gamma=\tilde\gamma={rows[0].setting.gamma:g}$, best threshold", fontsize=11)
    axes.legend(frameon=False)
    canvas.write(figure, path)


def _power(value: float) -> str:
    """LaTeX of a number, as a power of ten where it is one."""
    if math.isinf(value):
        return r"\infty"
    exponent = round(math.log10(value))
    if value == 10.0**exponent:
        return f"10^{{{exponent}}}"
    digits, _, power = f"{value:g}".partition("e")
    return f"{digits}\\times10^{{{int(power)}}}" if power else digits


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\u2009")
