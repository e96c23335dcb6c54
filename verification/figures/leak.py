"""The main finding as a picture: error against the clean fraction with little noise and with much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from verification.figures.canvas import LOOKS
from verification.prediction.law import predict
from verification.setting import Setting
from verification.simulation import simulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N, D, R = 4_000_000, 6, 2
PANELS = ((1e4, "little noise: γ = 10⁴, as in the paper"), (1.0, "moderate noise: γ = 1"))
ETAS = (0.004, 1.0)


def place(eta: float, gamma: float) -> Setting:
    """The setting of the picture at a clean fraction and a signal-to-noise ratio."""
    return Setting(n=N, d=D, d_tilde=D, r=R, eta=eta, gamma=gamma, gamma_tilde=gamma)


def draw(figure: Figure, *, points: int = 60, replicates: int = 0, ink: str = "#333333") -> None:
    """Both panels on one scale, and a legend below."""
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, (gamma, title) in zip(panels, PANELS, strict=True):
        panel(axes, gamma, title, points=points, replicates=replicates, ink=ink)
    panels[0].set_ylabel("error (chordal distance)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)


def panel(
    axes: Any, gamma: float, title: str, *, points: int = 60, replicates: int = 0, ink: str = "#333333"
) -> None:
    """Laws and printed rate at one signal-to-noise ratio, and simulated means with `replicates`."""
    from bounds import claims

    etas = np.geomspace(*ETAS, points)
    laws = [predict(place(eta, gamma), theta=0.0) for eta in etas]
    for name in ("unfiltered", "teacher-filtered"):
        look = LOOKS[name]
        axes.plot(etas, [law.law(name).mean for law in laws], look.line, color=look.colour, label=look.label)
        if replicates:
            _simulated(axes, name, gamma, replicates)
    printed = np.array([claims["theorem-1"].evaluate(place(eta, gamma).as_dict()) for eta in etas])
    # The printed rate has no constant: drawn through the law at eta = 1.
    rate = printed * (laws[-1].law("teacher-filtered").mean / printed[-1])
    axes.plot(etas, rate, ":", color=ink, label="Theorem 1 as printed (constant fitted at η = 1)")
    axes.set(xscale="log", yscale="log", xlabel="clean fraction η", title=title)
    _guide(axes, laws[0].unfiltered.mean, ink)


def _simulated(axes: Any, name: str, gamma: float, replicates: int) -> None:
    look, threshold = LOOKS[name], {} if name == "unfiltered" else {"theta": 0.0}
    etas = np.geomspace(2 * ETAS[0], 1.0, 8)
    drawn = [simulate(place(eta, gamma), name, replicates=replicates, **threshold).errors for eta in etas]  # type: ignore[arg-type]
    axes.errorbar(
        etas, [errors.mean() for errors in drawn], [errors.std(ddof=1) for errors in drawn],
        fmt=look.marker, color=look.colour, capsize=3, markersize=5, label=f"{look.label}, simulated ± one σ",
    )  # fmt: skip


def _guide(axes: Any, height: float, ink: str) -> None:
    """A short line that falls like 1/eta, beside the curves."""
    ends = np.array([ETAS[0], 4 * ETAS[0]])
    line = 1.7 * height * ends[0] / ends
    axes.plot(ends, line, color=ink, linewidth=1)
    axes.annotate("like 1/η", (ends[1], line[1]), textcoords="offset points", xytext=(4, 2), color=ink)
