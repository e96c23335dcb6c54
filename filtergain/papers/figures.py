"""A picture of each paper: its laws as lines, draws of its own simulator as dots.  Needs Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from bounds.numeric import compiled, symbols_of
from filtergain.papers import data_selection, pruned_data, spectral_thresholds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PointLaw = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class Curve:
    """A law at settings of one parameter, and the quantity that is drawn beside it ("" for none).

    Line and marker tell it from the panel's others in grey, too.
    """

    label: str
    law: PointLaw
    quantity: str
    colour: str
    line: str = "-"
    marker: str = "o"
    changes: Mapping[str, float] | None = None
    """What differs from the panel's setting."""


@dataclass(frozen=True)
class Panel:
    """Curves of one paper over `parameter`, everything else being `at`."""

    title: str
    axes: tuple[str, str]
    quantities: Mapping[str, Callable[..., float]]
    parameter: tuple[str, ...]
    span: tuple[float, float]
    at: Mapping[str, float]
    curves: tuple[Curve, ...]
    scaled: bool = False
    """Whether numbers are shown times the parameter."""


def number(expression: sp.Expr) -> PointLaw:
    """An expression as a function of numbers by name."""
    compute, names = compiled(expression), [s.name for s in symbols_of(expression)]
    return lambda values: float(compute(*(values[name] for name in names)))


def named(at: Mapping[sp.Symbol, float]) -> dict[str, float]:
    """A module's setting by name."""
    return {symbol.name: value for symbol, value in at.items()}


def overlap() -> PointLaw:
    """The left overlap of PLS: 0 up to the threshold."""
    paper = spectral_thresholds
    above = number(paper.at_outlier(paper.LEFT))
    outlier, edge = number(paper.OUTLIER.subs(paper.LOADS)), number(paper.EDGE)
    return lambda values: above(values) if outlier(values) < edge(values) else 0.0


def alone() -> PointLaw:
    """The overlap of PCA of one side: 0 up to the threshold."""
    law = number(spectral_thresholds.PCA)
    return lambda values: max(0.0, law(values))


def panels() -> tuple[Panel, ...]:
    """One a paper."""
    pruned, pls, selection = pruned_data, spectral_thresholds, data_selection
    schemes = (
        ("random", 3 / selection.phi, "#888888", ":", "o"),
        ("weighted", selection.WEIGHTED, "#b2182b", "--", "s"),
        ("influence", 2 / selection.phi, "#2166ac", "-.", "^"),
        ("hard", selection.HARD, "#1b7837", "-", "D"),
    )
    return (
        Panel(
            "Synthetic data that a verifier pruned", ("share φ of right labels kept", "accuracy"),
            pruned.QUANTITIES, ("phi",), (0.15, 1.0), named(pruned.HALF),
            (
                Curve("the right law", number(pruned.accurate(*pruned.RIGHT)), "pruned-accuracy", "#1b7837"),
                Curve("the released code's", number(pruned.accurate(*pruned.CODE)), "", "#b2182b", "--"),
            ),
        ),
        Panel(
            "PLS, sides alike, α = 0.4", ("signal λ of both sides", "squared overlap"),
            pls.QUANTITIES, ("lambda_x", "lambda_y"), (0.2, 2.5),
            named({**pls.AT, pls.alpha_x: 0.4, pls.alpha_y: 0.4}),
            (
                Curve("PLS, ρ = 1", overlap(), "pls-left", "#1b7837", changes={"rho": 1.0}),
                Curve("PLS, ρ = 0.5", overlap(), "pls-left", "#2166ac", "-.", "^", changes={"rho": 0.5}),
                Curve("PCA of one side", alone(), "pls-pca", "#b2182b", "--", "s"),
            ),
        ),
        Panel(
            "Selecting samples, |x| uniform", ("fraction φ selected", "φ times the coefficient"),
            selection.QUANTITIES, ("phi",), (0.08, 0.5), named(selection.PLAIN),
            tuple(
                Curve(name, number(law), f"selection-{name}", colour, line, marker)
                for name, law, colour, line, marker in schemes
            ),
            scaled=True,
        ),
    )  # fmt: skip


def draw(figure: Figure, *, dots: int = 6, replicates: int = 10, seed: int = 0) -> None:
    """All panels side by side; each dot is the median of `replicates` draws."""
    every = panels()
    for axes, panel in zip(np.atleast_1d(figure.subplots(1, len(every))), every, strict=True):
        for curve in panel.curves:
            _draw(axes, panel, curve, dots, replicates, np.random.default_rng(seed))
        axes.set(title=panel.title, xlabel=panel.axes[0], ylabel=panel.axes[1])
        axes.margins(y=0.2)
        axes.legend(frameon=False, loc="upper left", ncols=1 + len(panel.curves) // 4)


def _draw(
    axes: Any, panel: Panel, curve: Curve, dots: int, replicates: int, rng: np.random.Generator
) -> None:
    def at(place: float) -> dict[str, float]:
        return {**panel.at, **(curve.changes or {}), **dict.fromkeys(panel.parameter, place)}

    def shown(places: np.ndarray, values: list[float]) -> np.ndarray:
        return np.array(values) * (places if panel.scaled else 1.0)

    fine, coarse = np.linspace(*panel.span, 120), np.linspace(*panel.span, dots)
    lines = [curve.law(at(place)) for place in fine]
    axes.plot(fine, shown(fine, lines), curve.line, color=curve.colour, label=curve.label)
    if curve.quantity:
        quantity = panel.quantities[curve.quantity]
        drawn = [float(np.median([quantity(at(x), rng) for _ in range(replicates)])) for x in coarse]
        axes.plot(coarse, shown(coarse, drawn), curve.marker, color=curve.colour, markersize=4)
