"""Small plots of the evidence as SVG elements of a page, in the page's own text colour."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from verification.checks.law import LawDetails
from verification.checks.scaling import ScalingDetails
from verification.checks.tail import TailDetails
from verification.errors import MissingExtra
from verification.figures.canvas import BLUE, ORANGE, from_defaults, require_matplotlib
from verification.report.mathematics import symbol

if TYPE_CHECKING:
    from markupsafe import Markup

    from verification.statistics.evidence import Evidence

INK = "#010203"
"""Stands for the colour of the text around the plot."""

STYLE = {
    "font.size": 9.0,
    "font.family": "sans-serif",
    "svg.fonttype": "none",  # text stays text: smaller, and it can be read aloud and searched
    "svg.hashsalt": "filtergain",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": True,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


MARGINS = {"left": 0.2, "right": 0.95, "bottom": 0.22, "top": 0.87}
"""Room for the labels, as shares of the figure: to find it for each plot would double its time."""


def available() -> bool:
    """Whether Matplotlib is there."""
    try:
        require_matplotlib()
    except MissingExtra:
        return False
    return True


def plot(evidence: Evidence, name: str) -> Markup | None:
    """The plot of one check; None for kinds without one and where there is nothing finite to draw.

    `name` must be unique within the page: ids inside the element begin with it.
    """
    if not isinstance(evidence.details, ScalingDetails | TailDetails | LawDetails):
        return None
    from markupsafe import Markup
    from matplotlib.figure import Figure

    with from_defaults(STYLE):
        figure = Figure(figsize=(4.2, 2.2), facecolor="none")
        axes = figure.subplots(gridspec_kw=MARGINS)
        axes.set_facecolor("none")
        words = _drawn(evidence.details, axes, evidence.threshold)
        if words is None:
            return None
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return Markup(_embedded(buffer.getvalue(), name, words))


def main_finding() -> tuple[Markup, ...]:
    """The project's main finding from the laws alone: two panels on one scale and their legend.

    Three pictures rather than one, so that they stand below each other in a narrow window.
    """
    from matplotlib.figure import Figure

    from verification.figures import leak

    with from_defaults({**STYLE, "legend.frameon": False}):
        panels = []
        for gamma, title in leak.PANELS:
            figure = Figure(figsize=(4.6, 3.6), facecolor="none", layout="constrained")
            axes = figure.subplots()
            leak.panel(axes, gamma, title, points=24, ink=INK)
            axes.set(ylabel="error (chordal distance)", facecolor="none")
            panels.append((figure, axes, f"Error against the clean fraction η; {title}: {FOUND[gamma]}"))
        lows, highs = zip(*(axes.get_ylim() for _, axes, _ in panels), strict=True)
        for _, axes, _ in panels:
            axes.set_ylim(min(lows), max(highs))
        legend = Figure(figsize=(4.6, 0.8), facecolor="none")
        legend.legend(*panels[0][1].get_legend_handles_labels(), loc="center")
        pictures = [(figure, words) for figure, _, words in panels] + [(legend, "The lines of both panels")]
        return tuple(_picture(figure, f"finding-{k}", words) for k, (figure, words) in enumerate(pictures))


FOUND = {
    1e4: "filtering takes away the growth that learning on all pairs has, as Theorem 1 says",
    1.0: "filtering does not, and Theorem 1's rate stays below",
}
"""What the panels of the main finding show, by their inverse noise variance."""


def _picture(figure: Any, name: str, words: str) -> Markup:
    from markupsafe import Markup

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return Markup(_embedded(buffer.getvalue(), name, words).replace('class="plot"', 'class="picture"'))


@singledispatch
def _drawn(details: Any, axes: Any, allowed: float | None) -> str | None:
    """Draws what a kind of check found and says in words what is shown; None where nothing is finite."""
    raise TypeError(f"no plot of {type(details).__name__}")


@_drawn.register
def _scaling(details: ScalingDetails, axes: Any, allowed: float | None) -> str | None:
    """Typical error over bound against the parameter, both logarithmic."""
    points = _finite(details.values, details.median_ratio, positive=True)
    if len(points) < 2:
        return None
    x, y = zip(*points, strict=True)
    axes.loglog(x, y, "o-", color=BLUE, markersize=4, linewidth=1.2, label="measured")
    limits = _limits(x, y[0], details, allowed)
    for number, limit in enumerate(limits):
        label = "_" * number + "limit of what is allowed"  # one entry in the legend for both
        axes.loglog(x, limit, color=INK, linewidth=1, linestyle="--", label=label)
    axes.minorticks_off()
    axes.set_xticks(x if len(x) <= 5 else x[:: math.ceil(len(x) / 5)])
    axes.xaxis.set_major_formatter("{x:g}")
    drawn = [*y, *(value for limit in limits for value in limit)]
    pad = max(max(drawn) / min(drawn), 1.5) ** 0.1
    axes.set_ylim(min(drawn) / pad, max(drawn) * pad)
    axes.set_yticks(_apart([y[0], y[-1], max(drawn), min(drawn)], math.log(max(drawn) / min(drawn))))
    axes.yaxis.set_major_formatter("{x:.3g}")
    axes.set_xlabel(_plain(symbol(details.parameter)))
    axes.set_ylabel("error / bound (median)")
    words = f"Median of error over bound, from {y[0]:.3g} to {y[-1]:.3g} along the family"
    if not limits:
        return words
    axes.legend(fontsize=8, frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 0.98))
    ends = " and ".join(f"{limit[-1]:.3g}" for limit in limits)
    return f"{words}; limit there: {ends}"


def _apart(values: Sequence[float], extent: float) -> list[float]:
    """The values whose labels do not meet on a logarithmic axis of this extent; earlier ones go first."""
    chosen: list[float] = []
    for value in values:
        if all(abs(math.log(value / other)) > 0.15 * extent for other in chosen):
            chosen.append(value)
    return chosen


def _limits(
    x: Sequence[float], start: float, details: ScalingDetails, allowed: float | None
) -> list[list[float]]:
    """What error over bound may become along the family: one limit, or one to either side."""
    if allowed is None:
        return []
    signs = (1.0, -1.0) if details.two_sided else (details.against,)
    return [[start * max(v / x[0], x[0] / v) ** (sign * allowed) for v in x] for sign in signs]


@_drawn.register
def _tail(details: TailDetails, axes: Any, allowed: float | None) -> str | None:
    """Median and edge of error over bound at each setting, with the line that must hold."""
    rows = details.cells
    edges = _finite(range(1, len(rows) + 1), [row.edge_ratio for row in rows], positive=True)
    medians = _finite(range(1, len(rows) + 1), [row.median_ratio for row in rows], positive=True)
    if not edges:
        return None
    if medians:
        axes.plot(*zip(*medians, strict=True), "o", color=BLUE, markersize=4, label="median")
    axes.plot(*zip(*edges, strict=True), "D", color=ORANGE, markersize=4, label="edge")
    axes.axhline(1.0, color=INK, linewidth=1, linestyle="--")
    axes.set_yscale("log")
    drawn = [y for _, y in (*edges, *medians)] + [1.0]
    if max(drawn) < 30 * min(drawn):  # less than two decades: plain numbers at round places
        axes.minorticks_off()
        axes.set_ylim(min(drawn) / 1.15, max(drawn) * 1.15)
        axes.set_yticks(sorted({min(drawn), math.sqrt(min(drawn) * max(drawn)), max(drawn)}))
        axes.yaxis.set_major_formatter("{x:.2g}")
    _counted(axes, len(rows))
    axes.set_ylabel("error / bound")
    axes.legend(fontsize=8, frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 0.98))
    return f"Error over bound at {len(rows)} settings; the edge is nearest to 1 where the bound is tightest"


@_drawn.register
def _law(details: LawDetails, axes: Any, allowed: float | None) -> str | None:
    """Distance from the stated law at each setting, with the tolerance."""
    rows = details.cells
    points = _finite(range(1, len(rows) + 1), [row.distance for row in rows], positive=False)
    if not points or allowed is None:
        return None
    x, y = zip(*points, strict=True)
    axes.vlines(x, 0, y, color=BLUE, linewidth=1.2)
    axes.plot(x, y, "o", color=BLUE, markersize=4)
    axes.axhline(allowed, color=INK, linewidth=1, linestyle="--")
    axes.set_ylim(0, 1.15 * max(*y, allowed))
    _counted(axes, len(rows))
    axes.set_ylabel("distance from the law")
    return f"Kolmogorov distance at {len(rows)} settings, at most {max(y):.3g}; allowed {allowed:g}"


def _counted(axes: Any, settings: int) -> None:
    axes.set_xlim(0.5, settings + 0.5)
    axes.set_xticks(range(1, settings + 1, max(1, settings // 8)))
    axes.set_xlabel("setting")


def _finite(x: Any, y: Any, *, positive: bool) -> list[tuple[float, float]]:
    pairs = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    return [(a, b) for a, b in pairs if math.isfinite(b) and math.isfinite(a) and (b > 0 or not positive)]


def _plain(words: str) -> str:
    return words.replace("$", r"\$")  # Matplotlib reads dollars as mathematics


def _embedded(svg: str, name: str, words: str) -> str:
    """The `<svg>` element alone, fit to stand in a page beside others."""
    import html

    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    # A style sheet inside would hold for the whole page.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", svg)
    svg = svg.replace(INK, "currentColor").replace("xlink:href", "href")
    # Coordinates need two decimals; what is written on the axes stays.
    svg = re.sub(r">[^<>]+<|(\d\.\d{2})\d+", lambda m: m[1] or m[0], svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    size = re.search(r'viewBox="([^"]+)"', svg)
    assert size is not None
    opening = (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="{size[1]}" role="img" '
        f'aria-label="{html.escape(words)}">'
    )
    return opening + svg[svg.index(">") + 1 :].strip()
