"""Pictures of the sharp law: error against eta, error against the threshold, gain over (eta, gamma)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bounds.law import regimes
from bounds.law.proportional import transition
from bounds.law.scales import Side
from verification.errors import whole
from verification.figures import canvas
from verification.prediction.advice import Threshold
from verification.prediction.law import limits_at, model_of, predict, unfiltered_law
from verification.prediction.over import predict_over, threshold_over
from verification.setting import Procedure, Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST_ETA = 1e-4
SIZE = (6.4, 4.4)
COLOURS = {name: look.colour for name, look in canvas.LOOKS.items()}
SHADES = {"clean": "#ffffff", "flat": "#eef3e6", "leak": "#f6e6e6"}
ROOM = 3.0
"""Ratio of a band's ends below which its label would run into the next one."""

COSTS = "#b2182b"
"""In a map of gains: filtering raises the error."""

NAMES = {"clean": "clean pairs rule", "flat": "flat", "leak": "the leak rules"}


@canvas.from_defaults(canvas.PLAIN)
def error_against_eta(
    setting: Setting,
    theta: float,
    path: str,
    *,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
    replicates: int = 0,
    seed: int = 0,
) -> None:
    """Mean error of the three estimators against eta at a fixed theta, the regimes shaded.

    Dotted where the law is not to be trusted.  With `replicates`, that many draws of each estimator at
    nine values of eta are shown beside the law with one standard deviation.
    """
    sizes: dict[str, Any] = {"rounds": rounds, "teacher_n": teacher_n, "student_n": student_n}
    whole("replicates", replicates, 0, 10**6)
    canvas.require_ending("figure", path)
    figure, axes = canvas.begin(*SIZE)
    etas = np.geomspace(SMALLEST_ETA, 1.0, 81)
    results = [predict(replace(setting, eta=float(e)), theta=theta, **sizes) for e in etas]
    ratio = results[0].student_n / results[0].teacher_n
    if not math.isinf(theta):
        _shade(axes, setting, theta, ratio)
    for name, colour in COLOURS.items():
        laws = [result.law(name) for result in results]
        means = np.array([law.mean for law in laws])
        trusted = np.array([law.trusted for law in laws])
        axes.plot(etas, np.where(trusted, means, np.nan), color=colour, label=f"{name}, law")
        axes.plot(etas, means, color=colour, linestyle=":", linewidth=0.8)
    axes.plot([], [], color="#666666", linestyle=":", linewidth=0.8, label="not to be trusted")
    if replicates:
        _name_points(axes, replicates)
        for eta in np.geomspace(SMALLEST_ETA * 10, 1.0, 9):
            here = replace(setting, eta=float(eta))
            for name, colour in COLOURS.items():
                _simulated(axes, float(eta), here, name, theta, sizes, replicates, seed, colour)
    axes.set(xscale="log", yscale="log", xlabel="clean fraction η", ylabel="mean error")
    axes.set_ylim(top=math.sqrt(setting.r) * 1.1)
    axes.set_title(f"{_describe(setting, eta=False)}, θ = {theta:.3g}", fontsize=9)
    figure.legend(fontsize=7, loc="outside lower center", ncols=3, frameon=False)
    canvas.write(figure, path)


@canvas.from_defaults(canvas.PLAIN)
def error_against_threshold(found: Threshold, path: str, *, replicates: int = 0, seed: int = 0) -> None:
    """Mean error against the threshold around the best one, which is marked, as are 0 and r/2.

    With `replicates`, simulated means at eleven thresholds are shown beside the law.
    """
    whole("replicates", replicates, 0, 10**6)
    setting, used = found.setting, found.prediction
    canvas.require_ending("figure", path)
    figure, axes = canvas.begin(*SIZE)
    spread = math.sqrt(setting.r * (1 + 1 / setting.gamma) * (1 + 1 / setting.gamma_tilde))
    middle = found.theta if math.isfinite(found.theta) else 0.0
    low, high = min(middle - 2 * spread, -spread), max(middle + 2 * spread, setting.r + spread)
    thetas = np.linspace(low, high, 241)
    student = Procedure("teacher-filtered", 0.0, None, used.rounds, used.teacher_n, used.student_n)
    for procedure in (Procedure("oracle-filtered", 0.0, student_n=used.student_n), student):
        means = limits_at(setting, procedure, thetas).means()
        name = procedure.estimator
        axes.plot(thetas, means, color=COLOURS[name], label=f"{name}, law")
    axes.axhline(used.unfiltered.mean, color=COLOURS["unfiltered"], label="unfiltered on all pairs, law")
    if math.isfinite(found.theta):
        axes.plot([found.theta], [found.mean], "k*", markersize=12, label=f"θ* = {found.theta:.3g}")
    for mark, text in ((0.0, "0"), (setting.r / 2, "r/2")):
        axes.axvline(mark, color="#999999", linewidth=0.6, linestyle="--")
        axes.annotate(text, (mark, 0.01), xycoords=("data", "axes fraction"), fontsize=7)
    if replicates:
        sizes = {"rounds": used.rounds, "teacher_n": used.teacher_n, "student_n": used.student_n}
        _name_points(axes, replicates)
        for theta in np.linspace(low, high, 11):
            _simulated(
                axes, float(theta), setting, "teacher-filtered", float(theta), sizes, replicates, seed,
                COLOURS["teacher-filtered"],
            )  # fmt: skip
    axes.set(yscale="log", xlabel="threshold θ on the oracle's scale", ylabel="mean error")
    axes.set_title(_describe(setting), fontsize=9)
    figure.legend(fontsize=7, loc="outside lower center", ncols=3, frameon=False)
    canvas.write(figure, path)


@canvas.from_defaults(canvas.PLAIN)
def error_against_n(setting: Setting, path: str, *, replicates: int = 0, seed: int = 0) -> None:
    """The unfiltered error over n through the transition: the law, the first-order law, Corollary 1's rate.

    A line marks where the leading singular values leave the noise's spectrum, another print's sample
    condition.  With `replicates`, that many draws at eleven sizes.
    """
    from bounds import claims

    whole("replicates", replicates, 0, 10**6)
    canvas.require_ending("figure", path)
    figure, axes = canvas.begin(*SIZE)
    place = transition(model_of(setting))
    noise = (1 + 1 / setting.gamma) * (1 + 1 / setting.gamma_tilde)
    condition = max(setting.d, setting.d_tilde) * noise / setting.eta**2
    low = max(4.0, min(place.pairs, condition) / 10)
    sizes = np.unique(np.floor(np.geomspace(low, 30 * max(place.pairs, condition), 121)))
    found = predict_over(setting, {"n": sizes})
    colour = COLOURS["unfiltered"]
    axes.plot(sizes, np.where(found.trusted, found.unfiltered, np.nan), color=colour, label="law at any n")
    axes.plot(sizes, found.unfiltered, color=colour, linestyle=":", linewidth=0.8, label="not to be trusted")
    first = [unfiltered_law(here, here.n).first_order.mean for here in found.settings]
    axes.plot(sizes, first, color="#dd8452", linestyle="--", label="first-order law")
    rate = [claims["corollary-1"].evaluate(here.as_dict()) for here in found.settings]
    axes.plot(sizes, rate, color="#999999", linestyle="-.", label="Corollary 1, constant 1")
    if replicates:
        _name_points(axes, replicates)
        for n in np.geomspace(sizes[0], sizes[-1], 11):
            here = replace(setting, n=int(n))
            _simulated(axes, float(n), here, "unfiltered", 0.0, {}, replicates, seed, colour)
    for at, name in ((place.pairs, "transition"), (condition, "printed condition")):
        axes.axvline(at, color="#999999", linewidth=0.6, linestyle="--")
        axes.annotate(
            name, (at, 0.02), xycoords=("data", "axes fraction"), rotation=90, fontsize=7, ha="right"
        )
    axes.axhline(math.sqrt(setting.r), color="#bbbbbb", linewidth=0.6)
    axes.annotate("√r", (sizes[-1], math.sqrt(setting.r)), fontsize=7, va="bottom", ha="right")
    axes.set(xscale="log", yscale="log", xlabel="pairs n", ylabel="mean error, no filter")
    axes.set_ylim(0.5 * float(found.unfiltered.min()), 4 * math.sqrt(setting.r))
    axes.set_title(_describe(setting, n=False), fontsize=9)
    figure.legend(fontsize=7, loc="outside lower center", ncols=3, frameon=False)
    canvas.write(figure, path)


@canvas.from_defaults(canvas.PLAIN)
def gain_map(setting: Setting, path: str, *, points: int = 19) -> None:
    """Gain over the unfiltered estimator and best threshold, over (eta, gamma), the rest as in `setting`.

    gamma_tilde keeps its ratio to gamma.  Hatched where the law is not to be trusted.
    """
    canvas.require_ending("map", path)
    figure, (left, right) = canvas.begin(10.5, 4.4, panels=2)
    etas, gammas = np.geomspace(1e-3, 1.0, points), np.geomspace(1e-1, 1e4, points)
    ratio = 1.0 if math.isinf(setting.gamma) else setting.gamma_tilde / setting.gamma
    eta, gamma = (grid.ravel() for grid in np.meshgrid(etas, gammas))
    found = threshold_over(setting, {"eta": eta, "gamma": gamma, "gamma_tilde": gamma * ratio})
    assert found.theta is not None
    shown = found.trusted & np.isfinite(found.gain)
    gain, theta = (
        np.where(shown, values, np.nan).reshape(points, points)
        for values in (found.gain, found.theta / setting.r)
    )
    import matplotlib
    from matplotlib.colors import LogNorm, Normalize

    gains = matplotlib.colormaps["viridis"].with_extremes(under=COSTS)
    most = max(2.0, float(np.nanmax(gain, initial=1.0)))
    for axes, values, title, colours, norm in (
        (left, gain, "error without a filter / at the best threshold", gains, LogNorm(1.0, most)),
        # Below -1 nearly all pairs are kept; -inf, which keeps all, would be left blank.
        (right, np.maximum(theta, -2.0), "best threshold θ*/r", "coolwarm", Normalize(-1.0, 1.0)),
    ):
        mesh = axes.pcolormesh(etas, gammas, values, cmap=colours, norm=norm, rasterized=True)
        bar = figure.colorbar(mesh, ax=axes, extend="min" if axes is left else "both")
        if axes is left:
            bar.ax.yaxis.set_major_formatter("{x:g}×")
            bar.ax.yaxis.set_minor_formatter("{x:g}×" if most < 10 else "")
        axes.set(xscale="log", yscale="log", xlabel="clean fraction η", ylabel="inverse noise variance γ")
        if math.isfinite(setting.gamma):
            axes.plot([setting.eta], [setting.gamma], "w*", markersize=13, markeredgecolor="k")
        axes.set_title(title, fontsize=9)
        axes.patch.set(hatch="///", edgecolor="#bbbbbb")
    figure.suptitle(
        f"n = {setting.n:,}, half for the teacher; d = {setting.d}, d̃ = {setting.d_tilde}, r = {setting.r}\n"
        "hatched: the law is not to be trusted; red, left: filtering costs; star: the setting given",
        fontsize=9,
    )
    canvas.write(figure, path)


def _shade(axes: Axes, setting: Setting, theta: float, size_ratio: float) -> None:
    """Bands of eta by the part of the law that rules the left side (the right one if d = r)."""
    side: Side = "left" if setting.d > setting.r else "right"
    at = (setting.r, setting.gamma, setting.gamma_tilde, theta)
    flat = regimes.flat_boundary(*at)
    leak = regimes.leak_boundary(*at, size_ratio, side) or 0.0
    bands = (("leak", 0.0, leak), ("flat", leak, flat), ("clean", max(leak, flat), 1.0))
    for name, low, high in bands:
        low = max(low, SMALLEST_ETA)
        if high > low:
            axes.axvspan(low, high, color=SHADES[name], zorder=-1)
            if high < ROOM * low:
                continue  # a narrow band keeps its shade and loses its label
            axes.annotate(
                NAMES[name], (math.sqrt(low * high), 0.02), xycoords=("data", "axes fraction"),
                ha="center", fontsize=7, color="#666666",
            )  # fmt: skip


POINTS: dict[str, Any] = {"fmt": "o", "markersize": 3, "capsize": 2}


def _name_points(axes: Axes, replicates: int) -> None:
    """One entry of the legend for the points of all colours."""
    label = f"{replicates} draws: mean ± standard deviation"
    axes.errorbar([], [], [], color="#666666", label=label, **POINTS)


def _simulated(
    axes: Axes,
    x: float,
    setting: Setting,
    estimator: str,
    theta: float,
    sizes: dict[str, Any],
    replicates: int,
    seed: int,
    colour: str,
) -> None:
    """One simulated point with its standard deviation; nothing when a filter left too few pairs."""
    from verification.simulation import simulate

    options: dict[str, Any] = {}
    if estimator != "unfiltered":
        options = {"theta": theta, "student_n": sizes["student_n"]}
    if estimator == "teacher-filtered":
        options = {"theta": theta, **sizes}
    errors = simulate(setting, estimator, replicates=replicates, seed=seed, **options).errors
    if len(errors):
        axes.errorbar(x, errors.mean(), errors.std(), color=colour, **POINTS)


def _describe(setting: Setting, eta: bool = True, n: bool = True) -> str:
    share = f"η = {setting.eta:.3g}, " if eta else ""
    pairs = f"n = {setting.n:,}, " if n else ""
    return (
        f"{pairs}d = {setting.d}, d̃ = {setting.d_tilde}, r = {setting.r}, {share}"
        f"γ = {setting.gamma:.3g}, γ̃ = {setting.gamma_tilde:.3g}"
    )
