import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from verification.errors import InvalidArgument, MissingExtra, StoreError
from verification.figures import canvas, regime_map, sweeps
from verification.replication.batches import open_batch_workers
from verification.replication.cells import ErrorCell
from verification.replication.store import Store
from verification.setting import Procedure, Setting
from verification.sweeps import export, grid, sweep

pa = pytest.importorskip("pyarrow")
xr = pytest.importorskip("xarray")
pytest.importorskip("matplotlib")

TABLES = {
    "seed": 2,
    "replicates": 3,
    "setting": {
        "n": 20_000,
        "d": 5,
        "d_tilde": 4,
        "r": 2,
        "eta": {"log": [0.05, 1.0], "count": 5},
        "gamma": {"log": [0.3, 300], "count": 4},
    },
    "procedure": [
        {"estimator": "unfiltered"},
        {"estimator": "teacher-filtered", "theta": [0, 9000]},
        {"estimator": "oracle-filtered", "retain": 0.4},
    ],
}
DESIGN = grid.parse(TABLES)


def filled(path, design=DESIGN):
    """A store with all rows of a design."""
    with Store(path) as store, open_batch_workers("serial") as workers:
        sweep.sweep(design, design.replicates, store, workers)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A store of 80 cells, a quarter of which keep nothing."""
    return filled(tmp_path_factory.mktemp("export") / "a.db")


def test_parquet_holds_every_row_with_its_units(path, tmp_path):
    """One line a replicate, failures included, numbers bit for bit, units in the metadata."""
    from pyarrow import parquet

    assert export.write(path, tmp_path / "a.parquet") == 240
    table = parquet.read_table(tmp_path / "a.parquet")
    lines = table.to_pylist()
    with Store.read(path) as store:
        for line, stored in zip(lines, store, strict=True):
            assert line["error"] == stored.row.error
            assert line["singular_values"] == list(stored.row.singular_values)
            assert line["failure"] == stored.row.failure
            assert line["threshold"] == export.threshold(stored.cell)
            assert {k: line[k] for k in export.PARAMETERS} == stored.cell.setting.as_dict()
    assert sum(line["failure"] == "TooFewPairs" for line in lines) == 60
    assert table.schema.field("error").metadata == {b"units": b"1 (chordal distance)"}
    assert table.schema.field("n").metadata == {b"units": b"pairs"}


def test_csv_holds_the_same(path, tmp_path):
    """The CSV file has the same lines; singular values share a column."""
    assert export.write(path, tmp_path / "a.csv") == 240
    with open(tmp_path / "a.csv", newline="") as file, Store.read(path) as store:
        for line, stored in zip(csv.DictReader(file), store, strict=True):
            assert (
                line["error"] == "" if stored.row.error is None else float(line["error"]) == stored.row.error
            )
            values = tuple(map(float, line["singular_values"].split()))
            assert values == stored.row.singular_values
            assert line["message"] == (stored.row.message or "")


def test_the_table_is_written_in_pieces(path, tmp_path, monkeypatch):
    """A store larger than a piece comes out whole."""
    from pyarrow import parquet

    monkeypatch.setattr(export, "PIECE", 50)
    assert export.write(path, tmp_path / "a.parquet") == 240
    assert parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == 5


def test_the_dataset_has_named_axes_with_units(path):
    """What varies is a dimension, what follows another axis lies along it, what is fixed is a scalar."""
    with Store.read(path) as store:
        data = export.dataset(store)
        assert dict(data.sizes) == {"eta": 5, "gamma": 4, "threshold": 4, "replicate": 3}
        assert data.gamma_tilde.dims == ("gamma",)
        assert data.estimator.dims == ("threshold",)
        assert int(data.n) == 20_000
        assert data.error.attrs["units"] == "1 (chordal distance)"
        assert data.n.attrs["units"] == "pairs"
        for stored in store:
            place = {
                "eta": stored.cell.setting.eta,
                "gamma": stored.cell.setting.gamma,
                "threshold": export.threshold(stored.cell),
                "replicate": stored.row.replicate,
            }
            found = float(data.error.sel(place))
            assert math.isnan(found) if stored.row.error is None else found == stored.row.error
            if stored.row.retained is not None:
                assert float(data.retained.sel(place)) == stored.row.retained
    assert float(data.theta.sel(threshold="theta=9000").max()) == 9000.0


def test_random_points_lie_along_one_dimension(tmp_path):
    """A design that is no grid is an array over its cells, not an almost empty box."""
    tables = TABLES | {
        "setting": TABLES["setting"] | {"eta": {"log": [0.05, 1]}, "gamma": {"log": [0.3, 300]}},
        "random": {"points": 9},
        "procedure": {"estimator": "unfiltered"},
    }
    with Store.read(filled(tmp_path / "a.db", grid.parse(tables))) as store:
        data = export.dataset(store)
        assert dict(data.sizes) == {"cell": 9, "replicate": 3}
        assert data.eta.dims == ("cell",)
        for i, cell in enumerate(store.cells()):
            assert float(data.eta[i]) == cell.setting.eta
            assert [float(v) for v in data.error[i]] == [row.error for row in store.rows(cell)]


def test_netcdf_comes_back(path, tmp_path):
    """The NetCDF file holds the dataset's numbers, axes and units."""
    assert export.write(path, tmp_path / "a.nc") == 240
    with Store.read(path) as store:
        expected = export.dataset(store)
    with xr.open_dataset(tmp_path / "a.nc", engine="scipy") as data:
        np.testing.assert_array_equal(data.error, expected.error)
        assert data.error.attrs["units"] == expected.error.attrs["units"]
        assert list(data.threshold.values) == list(expected.threshold.values)
        assert float(data.n) == 20_000


def test_what_cannot_be_exported_is_refused(path, tmp_path, monkeypatch):
    """Unknown endings, missing stores, empty stores and missing packages: one line and no file."""
    with pytest.raises(InvalidArgument, match=r"must end in \.parquet, \.csv, \.nc"):
        export.write(path, tmp_path / "a.xls")
    with pytest.raises(StoreError, match="there is no store"):
        export.write(tmp_path / "none.db", tmp_path / "a.csv")
    Store(tmp_path / "empty.db").close()
    with pytest.raises(InvalidArgument, match="at least one row"):
        export.write(tmp_path / "empty.db", tmp_path / "a.nc")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    for name in ("a.parquet", "a.nc"):
        with pytest.raises(MissingExtra, match=r"'\.\[store\]'"):
            export.write(path, tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty.db"]


def test_points_are_means_and_gains(path):
    """A point is the mean over replicates; a gain divides the unfiltered mean of the same setting by it."""
    with Store.read(path) as store:
        points = sweeps.measured(store, "error", ["estimator=oracle-filtered"])
        gains = sweeps.measured(store, "gain", ["estimator=oracle-filtered"])
        assert len(points) == len(gains) == 20
        for point, gain in zip(points, gains, strict=True):
            errors = [row.error for row in store.rows(point.cell)]
            plain = ErrorCell(point.cell.setting, Procedure(), "exact", 2)
            reference = [row.error for row in store.rows(plain)]
            assert point.value == pytest.approx(np.mean(errors))
            assert point.spread == pytest.approx(np.std(errors, ddof=1) / math.sqrt(3))
            assert gain.value == pytest.approx(np.mean(reference) / np.mean(errors))
        # A threshold that keeps nothing has no error and no point; the unfiltered cell no gain.
        assert sweeps.measured(store, "error", ["theta=9000"]) == []
        assert sweeps.measured(store, "gain", ["estimator=unfiltered"]) == []


@pytest.mark.parametrize(
    ("arguments", "points"),
    [
        ({"x": "eta", "where": ["gamma=300", "theta=0"]}, 5),
        ({"x": "eta", "where": ["gamma=300"]}, 15),
        ({"x": "gamma", "where": ["eta=1"], "quantity": "gain"}, 8),
        ({"x": "theta", "where": ["eta=1", "gamma=300"], "law": False}, 1),
        ({"x": "eta", "y": "gamma", "where": ["threshold=theta=0"], "quantity": "gain"}, 20),
        ({"x": "gamma", "y": "eta", "where": ["estimator=unfiltered"]}, 20),
        ({"x": "eta", "y": "gamma", "where": ["estimator=oracle-filtered"], "law": False}, 20),
    ],
)
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_pictures_are_drawn(path, tmp_path, arguments, points, ending):
    """Curves and maps of error and gain are written, with as many points as there are cells."""
    to = tmp_path / f"a.{ending}"
    assert sweeps.plot(path, to, **arguments) == points
    assert to.stat().st_size > 5000


def test_the_law_is_drawn_where_it_belongs(path, tmp_path):
    """The drawn law is the predicted one, and close to the points where it is trusted."""
    with Store.read(path) as store:
        points = sweeps.measured(store, "error", ["threshold=none"])
    found = [(p.value, *sweeps._predicted(p.cell, "error")) for p in points]
    trusted = [(value, law) for value, law, good in found if good]
    assert len(trusted) > 5
    # The mean of three draws with at least four degrees of freedom: a factor of two is far out.
    assert all(0.5 < value / law < 2 for value, law in trusted)
    figure = sweeps._curves(points[::4], "eta", "error", True)
    (axes,) = figure.axes
    drawn = {round(float(y), 12) for line in axes.lines for y in line.get_ydata() if np.isfinite(y)}
    assert {round(law, 12) for _, law, _ in found[::4]} <= drawn


def drawn_gains(log_gain, shape, rng, spread=0.1):
    """Points of a map whose gain is exp(log_gain) everywhere, three draws for each of both means."""
    points = []
    for i, j in np.ndindex(shape):
        setting = Setting(1000, 5, 4, 2, (j + 1) / (shape[1] + 1), float(i + 1), 1.0)
        both = [scale * (1 + spread * rng.standard_normal(3)) for scale in (math.exp(log_gain), 1.0)]
        cells = [ErrorCell(setting, Procedure()), ErrorCell(setting, Procedure("oracle-filtered", theta=0.0))]
        means = {
            cell: sweeps.PlottedPoint(cell, draws.mean(), draws.std(ddof=1) / math.sqrt(3), 3)
            for cell, draws in zip(cells, both, strict=True)
        }
        points.append(sweeps._gain(means, cells[1]))
    return points


def unsure(points):
    """Which places of the map are unsure."""
    return sweeps._placed(points, "eta", "gamma")[3]


def test_draws_that_cannot_tell_gain_from_loss_are_said_to():
    """Of cells without a gain 1 in 100 looks as if there were one; a large gain or loss is seen."""
    rng = np.random.default_rng(0)
    sure = 1 - unsure(drawn_gains(0.0, (40, 40), rng)).mean()
    assert 0.002 < sure < 0.025
    for log_gain in (0.6, -0.6):
        assert unsure(drawn_gains(log_gain, (10, 10), rng)).mean() < 0.02


def test_one_draw_a_cell_tells_no_gain_and_exact_ones_do():
    """Without a second draw anywhere nothing is known of the variance; draws that never differ have none."""
    (point,) = drawn_gains(0.6, (1, 1), np.random.default_rng(0))
    single = replace(point, parts=((0.0, 1), (0.0, 1)))
    assert sweeps._unsure(single, [single])
    assert not sweeps._unsure(single, [single, *drawn_gains(0.6, (2, 2), np.random.default_rng(1))])
    exact = replace(point, parts=((0.0, 3), (0.0, 3)))
    assert not sweeps._unsure(exact, [exact])
    assert sweeps._unsure(replace(exact, value=1.0), [exact])


@pytest.mark.parametrize(("log_gain", "grey"), [(0.0, True), (0.8, False)])
def test_a_map_has_grey_cells_and_a_word_on_them_where_it_is_unsure(log_gain, grey):
    """The colour of such a cell is not drawn, and the title says what grey is; a map of errors has none."""
    points = drawn_gains(log_gain, (6, 6), np.random.default_rng(2), 0.05)
    axes = sweeps._map(points, "eta", "gamma", "gain", law=False).axes[0]
    assert ("grey: the draws cannot tell gain from loss" in axes.get_title(loc="center")) is grey
    mesh = axes.collections[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(mesh)).any() == grey
    errors = [replace(point, parts=()) for point in points]
    assert not unsure(errors).any()


def test_an_estimator_has_its_colour_in_every_picture(path):
    """Curves of one estimator have shades of its colour, dark to light, in the order of their numbers."""
    with Store.read(path) as store:
        points = sweeps.measured(store, "error", ["eta=1"])
        alone = sweeps.measured(store, "error", ["threshold=none", "eta=1"])
    looks = sweeps._looks(sweeps._grouped(points, "gamma"))
    assert {label.split(",")[0] for label in looks} == {
        "all pairs",
        "filtered by a teacher",
        "filtered by an oracle",
    }
    for look in canvas.LOOKS.values():
        mine = [found for label, found in looks.items() if label.split(",")[0] == look.label]
        assert [found.colour for found in mine] == (canvas.shades(look.colour, len(mine)) if mine else [])
    (only,) = sweeps._looks(sweeps._grouped(alone, "gamma")).values()
    assert (only.label, only.marker) == ("all pairs", canvas.LOOKS["unfiltered"].marker)
    assert sorted(["γ = 10", "γ = 2"], key=sweeps._in_order) == ["γ = 2", "γ = 10"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"x": "colour"}, "x must be one of"),
        ({"x": "eta", "y": "colour"}, "y must be one of"),
        ({"x": "eta", "y": "eta"}, "y must differ from x"),
        ({"x": "eta", "quantity": "speed"}, "quantity must be one of"),
        ({"x": "eta", "where": ["gamma"]}, "where must be NAME=VALUE"),
        ({"x": "eta", "where": ["colour=1"]}, "where must name one of"),
        ({"x": "eta", "where": ["gamma=high"]}, "where must compare with a number"),
        ({"x": "eta", "where": ["gamma=7"]}, "must leave cells"),
        ({"x": "rounds"}, "must leave at most 12 curves, not 60: fix some of eta, gamma, threshold"),
        ({"x": "eta", "y": "gamma"}, "must leave one cell a place: fix"),
        ({"x": "eta", "y": "n", "where": ["gamma=300", "theta=0"]}, "must each have at least two values"),
    ],
)
def test_what_cannot_be_drawn_is_refused(path, tmp_path, arguments, words):
    """A wrong axis, quantity or condition is one line that says what is allowed."""
    with pytest.raises(InvalidArgument, match=words):
        sweeps.plot(path, tmp_path / "a.png", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_other_picture_formats_and_a_missing_matplotlib_are_refused(path, tmp_path, monkeypatch):
    """The ending decides the format; without Matplotlib the message names the extra."""
    with pytest.raises(InvalidArgument, match=r"must end in one of \.png"):
        sweeps.plot(path, tmp_path / "a.gif", x="eta")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"'\.\[figures\]'"):
        sweeps.plot(path, tmp_path / "a.png", x="eta", where=["theta=0", "gamma=300"])


def test_regimes_are_where_the_law_says():
    """Many clean pairs: clean; few at high SNR: corrupted pairs; few at low SNR: the leak."""

    def regime(eta: float, gamma: float) -> str:
        cell = ErrorCell(
            Setting(10**9, 10, 8, 4, eta, gamma, gamma), Procedure("teacher-filtered", theta=0.0)
        )
        found = regime_map.overlay((1, 1), {(0, 0): cell}, lambda cell: (1.0, True)).regime()
        (name,) = [name for name, mask in found.items() if mask[0, 0]]
        return name

    assert regime(0.9, 1e3) == "clean"
    assert regime(0.01, 1e3) == "flat"
    assert regime(0.01, 0.3) == "leak"


def test_shares_add_up_from_the_score_itself():
    """The corrupted pairs' part of the kept score, against the score's own conditional means."""
    from bounds.law.score import conditional_mean, log_tail

    setting = Setting(10**6, 10, 8, 4, 0.2, 3.0, 5.0)
    _, corrupted = regime_map.shares(ErrorCell(setting, Procedure("teacher-filtered", theta=1.5)))
    mass = [
        weight
        * math.exp(log_tail(1.5, 4, 3.0, 5.0, clean))
        * float(conditional_mean(1.5, 4, 3.0, 5.0, clean))
        for weight, clean in ((0.2, True), (0.8, False))
    ]
    assert corrupted == pytest.approx(mass[1] / sum(mass), rel=1e-9)


def test_units_are_json():
    """The units table is plain text for every exported number."""
    assert set(export.VALUES) <= export.UNITS.keys()
    assert json.loads(json.dumps(export.UNITS)) == export.UNITS
