"""Pictures of the paper's experiments are drawn, show what they should, and do not depend on the moment."""

import importlib
import sys

import pytest

from verification.errors import MissingExtra
from verification.figures import experiments as figures
from verification.studies import experiments
from verification.studies import leak as studies


@pytest.fixture(scope="module")
def results():
    """Each experiment, small."""
    return {
        "table_1": experiments.table_1(replicates=4),
        "figure_2b": experiments.figure_2b(n=2000),
        "figure_3a": experiments.figure_3a(replicates=3, n=20_000, etas=(1.0, 0.1, 0.01, 0.003)),
        "leak": studies.study(studies.family(1.0, (0.2, 0.1)), replicates=2, thresholds_over_r=()),
    }


TEXTS = {
    "table_1": ["agrees with the printed rows", "first-order law", "kept"],
    "figure_2b": ["oracle score", "exact density", "clean", "corrupted"],
    "leak": ["over the printed rate", "over the corrected rate", "sharp law", "share of clean pairs"],
    "figure_3a": ["slope", ": law", "no filter", "share of clean pairs"],
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_picture_says_what_it_shows(name, results, tmp_path, monkeypatch):
    """The SVG holds the axis titles and the legend as text, and is the same bytes every time."""
    monkeypatch.setitem(figures.STYLE, "svg.fonttype", "none")
    draw = getattr(figures, name)
    draw(results[name], tmp_path / "a.svg")
    draw(results[name], tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text()
    for words in TEXTS[name]:
        assert words in text
    assert (tmp_path / "b.svg").read_text() == text
    draw(results[name], tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_marks_where_the_sample_condition_fails_only_if_it_does(results, tmp_path, monkeypatch):
    """The shaded range and its words appear with an eta below the condition, and not without."""
    monkeypatch.setitem(figures.STYLE, "svg.fonttype", "none")
    large = experiments.figure_3a(replicates=2, n=10**5, etas=(1.0, 0.1, 0.05))
    for result, marked in ((results["figure_3a"], True), (large, False)):
        figures.figure_3a(result, tmp_path / "c.svg")
        assert ("below" in (tmp_path / "c.svg").read_text()) is marked


def test_pictures_leave_the_style_of_the_process_alone(results, tmp_path):
    """Drawing changes no global Matplotlib setting."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.figure_2b(results["figure_2b"], tmp_path / "d.png")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("picture", ["sharp_law.error_against_eta", "sharp_law.gain_map", "sweeps.plot"])
def test_no_matplotlib_at_all_is_a_missing_extra(monkeypatch, picture):
    """Before anything of it is asked for, its settings among them."""
    module, name = picture.split(".")
    for loaded in [m for m in sys.modules if m == "matplotlib" or m.startswith("matplotlib.")]:
        monkeypatch.setitem(sys.modules, loaded, None)
    draw = getattr(importlib.import_module(f"verification.figures.{module}"), name)
    with pytest.raises(MissingExtra, match=r"pip install '\.\[figures\]'"):
        draw()  # it is noticed before any argument is looked at


def test_without_matplotlib_the_message_says_how_to_install_it(monkeypatch, tmp_path, results):
    """A missing extra is a MissingExtra, not an ImportError from within."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install '\.\[figures\]'"):
        figures.figure_2b(results["figure_2b"], tmp_path / "e.png")


@pytest.mark.parametrize(("value", "text"), [(1e4, "10^{4}"), (250.0, "250"), (float("inf"), r"\infty")])
def test_numbers_in_titles_are_powers_of_ten_where_they_can_be(value, text):
    """A title writes 10000 as a power, 250 as itself and inf as the symbol."""
    assert figures._power(value) == text
