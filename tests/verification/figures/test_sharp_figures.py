import dataclasses
import math
import re

import numpy as np
import pytest

from bounds.law import regimes
from verification.errors import InvalidArgument
from verification.figures import canvas, sharp_law
from verification.figures.regime_map import REGIMES
from verification.prediction.advice import best_threshold
from verification.prediction.law import predict
from verification.setting import Setting


def test_the_same_picture_is_the_same_file(tmp_path):
    """No date goes into a picture."""
    setting = Setting(3000, 2, 5, 2, 0.3, 20.0, 20.0)
    for name in ("a.pdf", "b.pdf"):
        sharp_law.error_against_eta(setting, [0.5], str(tmp_path / name))
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_the_shaded_bands_are_the_regimes(tmp_path, monkeypatch):
    """The picture's bands end at the boundaries that `regimes` computes."""
    bands = []
    from matplotlib.axes import Axes

    monkeypatch.setattr(Axes, "axvspan", lambda self, low, high, **_: bands.append((low, high)))
    setting = Setting(10**5, 10, 8, 4, 0.3, 30.0, 30.0)
    sharp_law.error_against_eta(setting, [0.0], str(tmp_path / "x.png"))
    result = predict(setting, theta=0.0)
    leak = regimes.leak_boundary(4, 30.0, 30.0, 0.0, result.student_n / result.teacher_n)
    flat = regimes.flat_boundary(4, 30.0, 30.0, 0.0)
    assert [high for _, high in bands] == pytest.approx([leak, flat, 1.0])


def test_a_map_of_gains_says_where_the_law_is_silent_and_where_filtering_costs(tmp_path, monkeypatch):
    """Hatched where the law is not to be trusted, and the title explains it."""
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    path = tmp_path / "map.svg"
    sharp_law.gain_map(Setting(10**5, 10, 8, 4, 0.3, 5.0, 5.0), str(path), points=4)
    text = path.read_text()
    assert "n = 100,000, half for the teacher; d = 10" in text
    assert "hatched: the law is not to be trusted; red stripes: filtering costs" in text
    assert 'fill="url(#' in text or "fill: url(#" in text  # a pattern


def test_a_threshold_that_keeps_all_is_no_gap_in_the_map(tmp_path, monkeypatch):
    """Where every pair is best kept the threshold is -inf: both panels have colours at the same places."""
    drawn = []
    from matplotlib.axes import Axes

    mesh = Axes.pcolormesh
    monkeypatch.setattr(Axes, "pcolormesh", lambda self, *a, **k: drawn.append(a[2]) or mesh(self, *a, **k))
    setting = Setting(10**5, 10, 10, 4, 0.3, 100.0, 100.0)
    corner = dataclasses.replace(setting, eta=1.0, gamma=1e4, gamma_tilde=1e4)
    assert best_threshold(corner).theta == -math.inf
    sharp_law.gain_map(setting, str(tmp_path / "map.png"), points=5)
    gain, theta = (np.isfinite(values) for values in drawn if values.shape == (5, 5))  # bars have meshes, too
    assert gain.any()
    assert (gain == theta).all()


@pytest.mark.parametrize("replicates", [0, 2])
def test_the_legend_names_lines_and_points(tmp_path, monkeypatch, replicates):
    """Dotted lines are explained, and points where there are any."""
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    setting = Setting(3000, 5, 4, 2, 0.3, 5.0, 5.0)
    sharp_law.error_against_eta(setting, [0.0], str(tmp_path / "eta.svg"), replicates=replicates)
    found = best_threshold(setting)
    sharp_law.error_against_threshold(found, str(tmp_path / "theta.svg"), replicates=replicates)
    assert "not to be trusted" in (tmp_path / "eta.svg").read_text()
    for name in ("eta.svg", "theta.svg"):
        words = (tmp_path / name).read_text().count("2 draws: mean ± standard deviation")
        assert words == (1 if replicates else 0)


def test_a_narrow_band_has_no_name(tmp_path, monkeypatch):
    """Where the leak begins right below the flat band, the flat band's name would run into others."""
    names = []
    from matplotlib.axes import Axes

    monkeypatch.setattr(Axes, "annotate", lambda self, text, *_, **__: names.append(text))
    setting = Setting(10**5, 10, 8, 4, 0.3, 30.0, 30.0)
    result = predict(setting, theta=0.0)
    ratio = result.student_n / result.teacher_n
    width = regimes.flat_boundary(4, 30.0, 30.0, 0.0) / regimes.leak_boundary(4, 30.0, 30.0, 0.0, ratio)
    for room, named in ((0.99 * width, True), (1.01 * width, False)):
        names.clear()
        monkeypatch.setattr(sharp_law, "ROOM", room)
        sharp_law.error_against_eta(setting, [0.0], str(tmp_path / "x.png"))
        assert (REGIMES["flat"] in names) is named


def test_a_picture_over_n_shows_the_transition_and_three_laws(tmp_path, monkeypatch):
    """Both places, the three curves and the points are named; the law's curve never leaves [0, sqrt(r)]."""
    import matplotlib
    from matplotlib.axes import Axes

    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    curves, plot = {}, Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, *a, **k: curves.update({k.get("label"): a}) or plot(self, *a, **k)
    )
    path = tmp_path / "n.svg"
    sharp_law.error_against_n(Setting(1000, 40, 30, 2, 0.2, 0.5, 0.5), str(path), replicates=2)
    text = path.read_text()
    for words in (
        "law at any n",
        "first-order law",
        "Corollary 1",
        "transition",
        "printed condition",
        "2 draws",
    ):
        assert words in text
    sizes, means = curves["law at any n"]
    assert np.nanmax(means) <= math.sqrt(2)
    assert max(curves["first-order law"][1]) > 2 * math.sqrt(2)
    assert sizes[0] < sizes[-1] / 100


def test_every_threshold_given_has_its_curves(tmp_path, monkeypatch):
    """Each with its gain at the setting's eta, which is marked; with one the title names it."""
    monkeypatch.setitem(canvas.PLAIN, "svg.fonttype", "none")
    setting, path = Setting(3000, 5, 4, 2, 0.3, 5.0, 5.0), tmp_path / "eta.svg"
    sharp_law.error_against_eta(setting, [1.0, 0.0, 1.0], str(path))
    text = path.read_text()
    found = re.findall(r">filtered by a teacher, θ = ([\d.]+), law; gain ([\d.]+)× at η = 0.3<", text)
    assert [theta for theta, _ in found] == ["0", "1"]
    for theta, gain in found:
        law = predict(setting, theta=float(theta))
        assert float(gain) == pytest.approx(law.unfiltered.mean / law.law("teacher-filtered").mean, rel=5e-3)
    assert text.count(">filtered by an oracle, θ = ") == 2
    assert ">η = 0.3 <" in text
    assert text.count(">all pairs, law<") == 1
    sharp_law.error_against_eta(setting, [0.0], str(path))
    assert "θ = 0<" in path.read_text()  # in the title
    assert "filtered by a teacher, θ" not in path.read_text()
    with pytest.raises(InvalidArgument, match="at most 8 thresholds"):
        sharp_law.error_against_eta(setting, [float(k) for k in range(9)], str(path))


def test_shades_of_a_colour_differ_in_grey():
    """From dark to light by steps that are seen, around the colour itself; one curve has the colour."""
    from matplotlib.colors import to_rgb

    assert canvas.shades(canvas.ORANGE, 1) == [to_rgb(canvas.ORANGE)]
    for look in canvas.LOOKS.values():
        grey = np.array(canvas.shades(look.colour, 8)) @ (0.299, 0.587, 0.114)
        assert (np.diff(grey) > 0.03).all()
        assert grey[-1] < 0.9  # seen on white


def test_estimators_differ_without_colour():
    """No two have both line and marker alike."""
    looks = canvas.LOOKS.values()
    assert len({(look.line, look.marker) for look in looks}) == len(looks)
    assert len({look.colour for look in looks} | {canvas.CLEAN, canvas.CORRUPTED}) == len(looks) + 2


def test_a_cell_that_costs_has_stripes():
    """Where the gain is below 1, and nowhere else; where there is none, nothing is drawn."""
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    gain = [[0.5, 1.0, np.nan], [2.0, 0.9, 3.0]]
    mesh = axes.pcolormesh([1.0, 2.0, 3.0], [5.0, 6.0], gain, shading="nearest")
    assert canvas.mark_costs(axes, mesh, gain)
    stripes = axes.collections[-1]
    middles = [tuple(path.vertices[:4].mean(axis=0)) for path in stripes.get_paths()]
    assert middles == [(1.0, 5.0), (2.0, 6.0)]
    assert stripes.get_hatch() == "--"
    assert not canvas.mark_costs(axes, mesh, np.ones((2, 3)))
    colours, scale = canvas.gain_colours(3.0)
    assert colours(scale(0.99)) == pytest.approx(to_rgba(canvas.COSTS))
    assert colours(scale(1.0)) == colours(0)
