"""What is written into a map of regimes, and where there is no room for it."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.path import Path

from verification.figures import regime_map
from verification.prediction.advice import best_threshold
from verification.replication.cells import ErrorCell
from verification.setting import Procedure, Setting

SIDE = np.arange(20.0)


@pytest.fixture
def axes():
    """Axes over a grid of 20 x 20 places."""
    axes = Figure().subplots()
    axes.set(xlim=(0, 19), ylim=(0, 19))
    return axes


@pytest.mark.parametrize(("rows", "written"), [(0, 0), (1, 0), (2, 0), (6, 1), (20, 1)])
def test_a_region_has_its_name_where_there_is_room(axes, rows, written):
    """The name stands in the middle of its region; a stripe that is too narrow for it goes without."""
    mask = np.zeros((20, 20), dtype=bool)
    mask[4 : 4 + rows] = True
    regime_map._name(axes, SIDE, SIDE, mask, "flat", [])
    assert len(axes.texts) == written
    for text in axes.texts:
        assert mask[int(text.get_position()[1]), int(text.get_position()[0])]


def test_a_level_without_a_line_has_no_label(axes):
    """A level that the law only touches has a contour of no points."""
    line = np.column_stack([SIDE, SIDE])
    ((x, y),) = regime_map._label_places(axes, [[], [np.empty((0, 2))], [line]])
    assert (x, y) == pytest.approx((11.4, 11.4), abs=0.1)


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (np.array([[5.0, 0.0], [5.0, 19.0]]), 1),  # no point but at the edges: between them
        (np.array([[18.5, 5.0], [18.9, 12.0]]), 0),  # all of it beside the frame
        (np.array([[0.0, 18.0], [19.0, 18.6]]), 0),
    ],
)
def test_a_label_is_inside_the_frame(axes, line, labels):
    """A label at the edge would be cut off; a line that has only such places goes without."""
    places = regime_map._label_places(axes, [[line]])
    assert len(places) == labels
    assert all(1.5 < at < 17.5 for place in places for at in place)


@pytest.mark.parametrize(("cells", "left"), [((0.8, 1.9), 0), ((3.0, 0.0), 1), ((0.5, 2.4), 1)])
def test_a_short_piece_of_a_line_is_not_drawn(axes, cells, left):
    """A piece that spans two cells at most is not resolved; on a grid of two rows it is the whole map."""
    x, y = cells
    field = np.zeros((20, 20))
    contours = axes.contour(SIDE, SIDE, field + SIDE, levels=[2.5])
    path = Path([[2.0, 3.0], [2.0 + x, 3.0 + y]])
    contours.set_paths([Path.make_compound_path(path, *contours.get_paths())])
    regime_map._drop_specks(contours, SIDE, SIDE)
    assert len(contours.allsegs[0]) == 1 + left
    assert not regime_map._is_speck(np.array([[2.0, 0.0], [2.2, 1.0]]), SIDE, SIDE[:2])


def test_the_leak_ends_where_the_best_filter_keeps_nearly_all():
    """At much noise the inherited share falls below one half again as eta falls, with the filter itself."""
    shares = {}
    for eta in (0.1, 0.3):
        setting = Setting(500_000, 10, 8, 4, eta, 0.2, 0.2)
        best = best_threshold(setting)
        procedure = Procedure("teacher-filtered", theta=best.theta)
        shares[eta] = regime_map.shares(ErrorCell(setting, procedure))[0], best.retained
    assert shares[0.1][0] < 0.5 < shares[0.3][0]
    assert shares[0.3][1] < 0.98 < shares[0.1][1]
