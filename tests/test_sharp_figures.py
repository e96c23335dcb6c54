import pytest

from bounds import regimes
from verification import sharp_figures
from verification.prediction import predict
from verification.setting import Setting


def test_the_same_picture_is_the_same_file(tmp_path):
    """No date goes into a picture."""
    setting = Setting(3000, 2, 5, 2, 0.3, 20.0, 20.0)
    for name in ("a.pdf", "b.pdf"):
        sharp_figures.error_against_eta(setting, 0.5, str(tmp_path / name))
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_the_shaded_bands_are_the_regimes(tmp_path, monkeypatch):
    """The picture's bands end at the boundaries that `regimes` computes."""
    bands = []
    from matplotlib.axes import Axes

    monkeypatch.setattr(Axes, "axvspan", lambda self, low, high, **_: bands.append((low, high)))
    setting = Setting(10**5, 10, 8, 4, 0.3, 30.0, 30.0)
    sharp_figures.error_against_eta(setting, 0.0, str(tmp_path / "x.png"))
    result = predict(setting, theta=0.0)
    leak = regimes.leak_boundary(4, 30.0, 30.0, 0.0, result.student_n / result.teacher_n)
    flat = regimes.flat_boundary(4, 30.0, 30.0, 0.0)
    assert [high for _, high in bands] == pytest.approx([leak, flat, 1.0])
