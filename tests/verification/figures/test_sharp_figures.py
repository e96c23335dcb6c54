import dataclasses
import math

import numpy as np
import pytest

from bounds.law import regimes
from verification.figures import sharp_law
from verification.prediction.advice import best_threshold
from verification.prediction.law import predict
from verification.setting import Setting


def test_the_same_picture_is_the_same_file(tmp_path):
    """No date goes into a picture."""
    setting = Setting(3000, 2, 5, 2, 0.3, 20.0, 20.0)
    for name in ("a.pdf", "b.pdf"):
        sharp_law.error_against_eta(setting, 0.5, str(tmp_path / name))
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_the_shaded_bands_are_the_regimes(tmp_path, monkeypatch):
    """The picture's bands end at the boundaries that `regimes` computes."""
    bands = []
    from matplotlib.axes import Axes

    monkeypatch.setattr(Axes, "axvspan", lambda self, low, high, **_: bands.append((low, high)))
    setting = Setting(10**5, 10, 8, 4, 0.3, 30.0, 30.0)
    sharp_law.error_against_eta(setting, 0.0, str(tmp_path / "x.png"))
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
    assert "hatched: the law is not to be trusted; red, left: filtering costs" in text
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
    sharp_law.error_against_eta(setting, 0.0, str(tmp_path / "eta.svg"), replicates=replicates)
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
        sharp_law.error_against_eta(setting, 0.0, str(tmp_path / "x.png"))
        assert ("flat" in names) is named


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
