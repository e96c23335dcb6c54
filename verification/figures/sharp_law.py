"""Pictures of the sharp law: error against eta, error against the threshold, gain over (eta, gamma)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bounds.law import regimes
from bounds.law.proportional import transition
from bounds.law.scales import Side
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, whole
from verification.figures import canvas
from verification.figures.canvas import Look
from verification.figures.regime_map import REGIMES, SHADES
from verification.prediction.advice import Threshold
from verification.prediction.law import PredictedLaw, limits_at, model_of, predict, unfiltered_law
from verification.prediction.over import predict_over, threshold_over
from verification.setting import EstimatorName, Procedure, Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST_ETA = 1e-4
SIZE = (6.4, 4.6)
ROOM = 4.0
"""Ratio of a band's ends below which its label would run into the next one."""

MOST_THRESHOLDS = 8
"""So many can be told apart in one picture."""

FILTERS = ("oracle-filtered", "teacher-filtered")


@canvas.from_defaults(canvas.PLAIN)
def error_against_eta(
    setting: Setting,
    thetas: Sequence[float],
    path: str,
    *,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
    replicates: int = 0,
    seed: int = 0,
) -> None:
    """Mean error against eta: all pairs, and filtered at each of the thresholds; the setting's eta marked.

    Dotted where the law is not to be trusted; with one threshold the regimes are shaded.  With
    `replicates`, that many draws of each estimator at nine values of eta are shown beside the law with
    one standard deviation.  Raises InvalidArgument for more than MOST_THRESHOLDS thresholds.
    """
    sizes: dict[str, Any] = {"rounds": rounds, "teacher_n": teacher_n, "student_n": student_n}
    whole("replicates", replicates, 0, 10**6)
    canvas.require_ending("figure", path)
    thetas = list(dict.fromkeys(thetas))
    if len(thetas) > MOST_THRESHOLDS:
        raise InvalidArgument("figure", path, f"must show at most {MOST_THRESHOLDS} thresholds")
    figure, axes = canvas.begin(*SIZE)
    if len(thetas) == 1 and not math.isinf(thetas[0]):
        here = predict(setting, theta=thetas[0], **sizes)
        _shade(axes, setting, thetas[0], here.student_n / here.teacher_n)
    etas = np.geomspace(SMALLEST_ETA, 1.0, 81)
    laws = {
        theta: [predict(replace(setting, eta=float(eta)), theta=theta, **sizes) for eta in etas]
        for theta in thetas
    }
    for name, theta, look in _looks(thetas):
        label = f"{look.label}, law"
        if name == "teacher-filtered":
            label += _gain_here(setting, theta, sizes)
        # Markers are the draws' where lines alone are told apart.
        line = replace(look, label=label, marker=look.marker if len(thetas) > 1 else "")
        _along_eta(axes, etas, [law.law(name) for law in laws[theta]], line)
        if replicates:
            for eta in np.geomspace(SMALLEST_ETA * 10, 1.0, 9):
                at = replace(setting, eta=float(eta))
                _simulated(axes, float(eta), at, name, theta, sizes, replicates, seed, look)
    axes.plot([], [], color=canvas.GREY, linestyle=":", linewidth=0.8, label="not to be trusted")
    if replicates:
        _name_points(axes, replicates)
    axes.axvline(setting.eta, 0.12, color=canvas.INK, linewidth=0.8)  # the bands' names are below
    axes.annotate(
        f"η = {setting.eta:.3g} ", (setting.eta, 0.99), xycoords=("data", "axes fraction"),
        ha="right", va="top", fontsize=8,
    )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="clean fraction η", ylabel="mean error")
    axes.set_ylim(top=math.sqrt(setting.r) * 1.1)
    canvas.plain_ticks(axes.yaxis)
    one = f", θ = {thetas[0]:.3g}" if len(thetas) == 1 else ""
    axes.set_title(f"{_describe(setting, eta=False)}{one}", fontsize=9)
    figure.legend(fontsize=7, loc="outside lower center", ncols=2, frameon=False)
    canvas.write(figure, path)


def _looks(thetas: Sequence[float]) -> Iterator[tuple[str, float, Look]]:
    """Each curve of a picture over eta: estimator, threshold and look, whose label names both."""
    yield "unfiltered", thetas[0], canvas.LOOKS["unfiltered"]
    for name in FILTERS:
        look = canvas.LOOKS[name]
        if len(thetas) == 1:
            yield name, thetas[0], look
            continue
        for theta, shade, marker in zip(
            sorted(thetas), canvas.shades(look.colour, len(thetas)), canvas.MARKERS, strict=False
        ):
            yield (
                name,
                theta,
                replace(look, label=f"{look.label}, θ = {theta:.3g}", colour=shade, marker=marker),
            )


def _along_eta(axes: Axes, etas: Array, laws: Sequence[PredictedLaw], look: Look) -> None:
    """The law of one estimator: thin dots, and in its own line where it is to be trusted."""
    means = np.array([law.mean for law in laws])
    trusted = np.array([law.trusted for law in laws])
    axes.plot(
        etas, np.where(trusted, means, np.nan), look.line, color=look.colour, label=look.label,
        marker=look.marker, markersize=4, markevery=10,
    )  # fmt: skip
    axes.plot(etas, means, color=look.colour, linestyle=":", linewidth=0.8)


def _gain_here(setting: Setting, theta: float, sizes: dict[str, Any]) -> str:
    """What the filter gains at the setting itself, for the legend; nothing where it makes no error."""
    found = predict(setting, theta=theta, **sizes)
    filtered = found.law("teacher-filtered").mean
    return f"; gain {found.unfiltered.mean / filtered:.3g}× at η = {setting.eta:.3g}" if filtered else ""


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
        look = canvas.LOOKS[procedure.estimator]
        axes.plot(thetas, means, look.line, color=look.colour, label=f"{look.label}, law")
    everything = canvas.LOOKS["unfiltered"]
    axes.axhline(
        used.unfiltered.mean, color=everything.colour, ls=everything.line, label=f"{everything.label}, law"
    )
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
                canvas.LOOKS["teacher-filtered"],
            )  # fmt: skip
    axes.set(yscale="log", xlabel="threshold θ on the oracle's scale", ylabel="mean error")
    canvas.plain_ticks(axes.yaxis)
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
    look = canvas.LOOKS["unfiltered"]
    shown = np.where(found.trusted, found.unfiltered, np.nan)
    axes.plot(sizes, shown, color=look.colour, label="law at any n")
    axes.plot(
        sizes, found.unfiltered, color=look.colour, linestyle=":", linewidth=0.8, label="not to be trusted"
    )
    first = [unfiltered_law(here, here.n).first_order.mean for here in found.settings]
    axes.plot(sizes, first, color=canvas.INK, linestyle="--", label="first-order law")
    rate = [claims["corollary-1"].evaluate(here.as_dict()) for here in found.settings]
    axes.plot(sizes, rate, color="#999999", linestyle="-.", label="Corollary 1, constant 1")
    if replicates:
        _name_points(axes, replicates)
        for n in np.geomspace(sizes[0], sizes[-1], 11):
            here = replace(setting, n=int(n))
            _simulated(axes, float(n), here, "unfiltered", 0.0, {}, replicates, seed, look)
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
    most = max(2.0, float(np.nanmax(gain, initial=1.0)))
    for axes, values, title, colours, norm in (
        (left, gain, "error without a filter / at the best threshold", *canvas.gain_colours(most)),
        # Below -1 nearly all pairs are kept; -inf, which keeps all, would be left blank.
        (right, np.maximum(theta, -2.0), "best threshold θ*/r", "cividis", _middle(theta)),
    ):
        mesh = axes.pcolormesh(etas, gammas, values, cmap=colours, norm=norm, rasterized=True)
        bar = figure.colorbar(mesh, ax=axes, extend="min" if axes is left else "both")
        if axes is left:
            bar.ax.yaxis.set_major_formatter("{x:g}×")
            bar.ax.yaxis.set_minor_formatter("{x:g}×" if most < 10 else "")
            canvas.mark_costs(axes, mesh, values)
        axes.set(xscale="log", yscale="log", xlabel="clean fraction η", ylabel="inverse noise variance γ")
        if math.isfinite(setting.gamma):
            axes.plot([setting.eta], [setting.gamma], "w*", markersize=13, markeredgecolor="k")
        axes.set_title(title, fontsize=9)
        axes.patch.set(hatch="///", edgecolor="#bbbbbb")
    figure.suptitle(
        f"n = {setting.n:,}, half for the teacher; d = {setting.d}, d̃ = {setting.d_tilde}, r = {setting.r}\n"
        "hatched: the law is not to be trusted; red stripes: filtering costs; star: the setting given",
        fontsize=9,
    )
    canvas.write(figure, path)


def _middle(theta: Array) -> Any:
    """A scale for thresholds over r: where most of them lie, those that keep nearly all left out."""
    from matplotlib.colors import Normalize

    usual = theta[np.isfinite(theta) & (theta > -1)]
    low, high = np.quantile(usual, [0.02, 0.98]) if usual.size else (0.0, 1.0)
    return Normalize(min(low, high - 0.1), high)


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
                REGIMES[name], (math.sqrt(low * high), 0.02), xycoords=("data", "axes fraction"),
                ha="center", fontsize=7, color=canvas.GREY, zorder=1,
            )  # fmt: skip


POINTS: dict[str, Any] = {"markersize": 4, "capsize": 2, "linestyle": "none"}


def _name_points(axes: Axes, replicates: int) -> None:
    """One entry of the legend for the points of all colours."""
    label = f"{replicates} draws: mean ± standard deviation"
    axes.errorbar([], [], [], marker="o", color=canvas.GREY, label=label, **POINTS)


def _simulated(
    axes: Axes,
    x: float,
    setting: Setting,
    estimator: str,
    theta: float,
    sizes: dict[str, Any],
    replicates: int,
    seed: int,
    look: Look,
) -> None:
    """One simulated point with its standard deviation; nothing when a filter left too few pairs."""
    from verification.simulation import simulate

    options: dict[str, Any] = {}
    if estimator != "unfiltered":
        options = {"theta": theta, "student_n": sizes["student_n"]}
    if estimator == "teacher-filtered":
        options = {"theta": theta, **sizes}
    errors = simulate(
        setting, cast(EstimatorName, estimator), replicates=replicates, seed=seed, **options
    ).errors
    if len(errors):
        axes.errorbar(x, errors.mean(), errors.std(), marker=look.marker, color=look.colour, **POINTS)


def _describe(setting: Setting, eta: bool = True, n: bool = True) -> str:
    share = f"η = {setting.eta:.3g}, " if eta else ""
    pairs = f"n = {setting.n:,}, " if n else ""
    return (
        f"{pairs}d = {setting.d}, d̃ = {setting.d_tilde}, r = {setting.r}, {share}"
        f"γ = {setting.gamma:.3g}, γ̃ = {setting.gamma_tilde:.3g}"
    )
