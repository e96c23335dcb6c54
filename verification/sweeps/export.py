"""A store's rows as a table (Parquet, CSV) or as an array with named axes (xarray, NetCDF).

The table has one line a replicate and is written in pieces, so it may be larger than memory.  The
array has one dimension for each parameter that varies; a design that is no grid (random points) gets
one dimension `cell` instead, with the parameters as coordinates along it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from verification.errors import InvalidArgument, extra
from verification.replication.cells import ErrorCell
from verification.replication.store import Store, StoredRow

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

PIECE = 50_000
"""Rows in memory at a time."""

UNITS = {
    "n": "pairs",
    "d": "coordinates",
    "d_tilde": "coordinates",
    "r": "coordinates",
    "eta": "1",
    "gamma": "1 (inverse variance per coordinate)",
    "gamma_tilde": "1 (inverse variance per coordinate)",
    "theta": "1 (score of the oracle, clean mean r)",
    "retain": "1 (share of the scored pairs)",
    "rounds": "students",
    "teacher_n": "pairs",
    "student_n": "pairs",
    "replicate": "index",
    "error": "1 (chordal distance)",
    "left": "1 (chordal distance)",
    "right": "1 (chordal distance)",
    "kept": "pairs",
    "scored": "pairs",
    "retained": "1 (share of the scored pairs)",
    "seconds": "s",
}

PARAMETERS = ("n", "d", "d_tilde", "r", "eta", "gamma", "gamma_tilde")
LABELS = ("threshold", "estimator", "rounds", "teacher_n", "student_n", "engine", "seed")
VALUES = ("error", "left", "right", "retained", "seconds")


def threshold(cell: ErrorCell) -> str:
    """The cell's threshold in words: none, best, theta=T or retain=Q."""
    procedure = cell.procedure
    if cell.best:
        return "best"
    if procedure.theta is not None:
        return f"theta={procedure.theta:g}"
    return "none" if procedure.retain is None else f"retain={procedure.retain:g}"


def coordinates(cell: ErrorCell) -> dict[str, Any]:
    """What may vary between cells, by name."""
    procedure = cell.procedure
    return {
        **cell.setting.as_dict(),
        "threshold": threshold(cell),
        "estimator": procedure.estimator,
        "rounds": procedure.rounds,
        "teacher_n": procedure.teacher_n,
        "student_n": procedure.student_n,
        "engine": cell.engine,
        "seed": cell.seed,
    }


def write(store: str | Path, to: str | Path) -> int:
    """Write a store to a .parquet, .csv or .nc file; returns the number of rows.

    The file appears when it is complete.  Raises InvalidArgument for another ending, MissingExtra,
    StoreError or OSError.
    """
    to = Path(to)
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".nc": _write_netcdf}
    if to.suffix not in writers:
        raise InvalidArgument("to", str(to), f"must end in {', '.join(writers)}")
    draft = to.with_name(to.name + ".part")
    try:
        with Store.read(store) as opened:
            count = writers[to.suffix](opened, draft)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return count


COLUMNS = {
    **dict.fromkeys(("n", "d", "d_tilde", "r"), "whole"),
    **dict.fromkeys(("eta", "gamma", "gamma_tilde"), "real"),
    **dict.fromkeys(("estimator", "threshold"), "text"),
    **dict.fromkeys(("theta", "retain"), "real"),
    **dict.fromkeys(("rounds", "teacher_n", "student_n"), "whole"),
    "engine": "text",
    **dict.fromkeys(("seed", "replicate"), "whole"),
    **dict.fromkeys(("error", "left", "right"), "real"),
    **dict.fromkeys(("kept", "scored"), "whole"),
    "singular_values": "reals",
    **dict.fromkeys(("failure", "message"), "text"),
    "seconds": "real",
}
"""The table's columns in order, and what each holds."""


def schema() -> pa.Schema:
    """The table's columns, with the unit of each in its metadata."""
    pa = _pyarrow()
    kinds = {"whole": pa.int64(), "real": pa.float64(), "text": pa.string(), "reals": pa.list_(pa.float64())}
    fields = [
        pa.field(name, kinds[kind], metadata={"units": UNITS[name]} if name in UNITS else None)
        for name, kind in COLUMNS.items()
    ]
    return pa.schema(fields)


def batches(store: Store) -> Iterator[pa.RecordBatch]:
    """The table in pieces, in canonical order."""
    pa = _pyarrow()
    layout = schema()
    rows = iter(store)
    while piece := list(islice(rows, PIECE)):
        yield pa.RecordBatch.from_pylist([_line(stored) for stored in piece], schema=layout)


def _line(stored: StoredRow) -> dict[str, Any]:
    line = coordinates(stored.cell) | stored.row._asdict()
    line["theta"] = stored.cell.procedure.theta
    line["retain"] = stored.cell.procedure.retain
    line["singular_values"] = list(stored.row.singular_values)
    return line


def _pyarrow() -> Any:
    with extra("pyarrow", "store"):
        import pyarrow
    return pyarrow


def _xarray() -> Any:
    with extra("xarray", "store"):
        import xarray
    return xarray


def _write_parquet(store: Store, path: Path) -> int:
    _pyarrow()
    from pyarrow import parquet

    count = 0
    with parquet.ParquetWriter(path, schema()) as writer:
        for piece in batches(store):
            writer.write_batch(piece)
            count += piece.num_rows
    return count


def _write_csv(store: Store, path: Path) -> int:
    count = 0
    with open(path, "w", newline="", encoding="utf-8", errors="replace") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for stored in store:
            count += 1
            line = _line(stored)
            # CSV has no lists: singular values are one column, separated by spaces.
            line["singular_values"] = " ".join(map(repr, line["singular_values"]))
            table.writerow(line[name] for name in COLUMNS)
    return count


def _write_netcdf(store: Store, path: Path) -> int:
    data = dataset(store)
    # NetCDF 3 has no 64-bit integers; all of these are exact as doubles up to 2**53.
    for name in [*data.coords, *data.data_vars]:
        if data[name].dtype.kind in "iu":
            data[name] = data[name].astype(float).assign_attrs(data[name].attrs)
    data.to_netcdf(path, engine="scipy")
    return int(data.attrs["rows"])


def dataset(store: Store) -> xr.Dataset:
    """The store as an xarray Dataset: error, left, right, retained, seconds, theta over named dimensions.

    What does not vary is a scalar coordinate, a parameter that follows another one (gamma_tilde =
    gamma) a coordinate along it.  What is missing or failed is nan.  Units are in `attrs["units"]`.
    """
    xr = _xarray()
    cells = store.cells()
    if not cells:
        raise InvalidArgument("store", str(store.path), "must hold at least one row")
    table = [coordinates(cell) for cell in cells]
    axes = _axes(table)
    arrays, theta, count = _filled(store, cells, axes)
    dims = tuple(axes.names) or ("cell",)
    data = xr.Dataset({name: ((*dims, "replicate"), array) for name, array in arrays.items()})
    data["theta"] = (dims, theta)
    replicates = next(iter(arrays.values())).shape[-1]
    data = data.assign_coords(replicate=np.arange(replicates))
    for name in (*PARAMETERS, *LABELS):
        data = data.assign_coords({name: _coordinate(name, axes, table)})
    for name in [*data.coords, *data.data_vars]:
        if name in UNITS:
            data[name].attrs["units"] = UNITS[name]
    data.attrs = {"title": "filtergain sweep", "rows": count, "versions": "; ".join(store.versions())}
    return data  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Axes:
    """What varies on its own (empty: no grid, one line a cell), what follows it, and each cell's place."""

    names: list[str]
    along: dict[str, str]
    values: dict[str, list[Any]]
    shape: tuple[int, ...]
    index: list[tuple[int, ...]]


def _axes(table: Sequence[dict[str, Any]]) -> _Axes:
    names = (*PARAMETERS, *LABELS)
    values = {name: sorted({line[name] for line in table}, key=_order) for name in names}
    axes, along = independent(table, names)
    shape = tuple(len(values[name]) for name in axes)
    # An array over all axes of what is no grid would be mostly empty.
    if not axes or math.prod(shape) > 4 * len(table):
        return _Axes([], {}, values, (len(table),), [(i,) for i in range(len(table))])
    places = {name: {v: i for i, v in enumerate(values[name])} for name in axes}
    index = [tuple(places[name][line[name]] for name in axes) for line in table]
    return _Axes(axes, along, values, shape, index)


def _filled(store: Store, cells: Sequence[ErrorCell], axes: _Axes) -> tuple[dict[str, Any], Any, int]:
    """(value name -> array over the axes and replicates, theta over the axes, number of rows)."""
    replicates = 1 + max(row.replicate for cell in cells for row in store.rows(cell))
    arrays = {name: np.full((*axes.shape, replicates), np.nan) for name in VALUES}
    theta = np.full(axes.shape, np.nan)
    count = 0
    for cell, at in zip(cells, axes.index, strict=True):
        if cell.procedure.theta is not None:
            theta[at] = cell.procedure.theta
        for row in store.rows(cell):
            count += 1
            for name in VALUES:
                value = getattr(row, name)
                if value is not None:
                    arrays[name][(*at, row.replicate)] = value
    return arrays, theta, count


def _coordinate(name: str, axes: _Axes, table: Sequence[dict[str, Any]]) -> Any:
    """A name's values: its own axis, along the cells, along the axis that it follows, or one number."""
    if name in axes.names:
        return _column(axes.values[name])
    if not axes.names:
        return ("cell", _column([line[name] for line in table]))
    if name in axes.along:
        axis = axes.along[name]
        by = {line[axis]: line[name] for line in table}
        return (axis, _column([by[v] for v in axes.values[axis]]))
    return _column(axes.values[name])[0]


def independent(table: Sequence[dict[str, Any]], names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """(names that vary on their own, name -> the one that it follows), in order.

    A parameter of the setting follows one that it equals; a label (threshold, estimator ...) follows
    what it is a function of.
    """
    axes: list[str] = []
    along: dict[str, str] = {}
    for name in names:
        if len({line[name] for line in table}) < 2:
            continue
        for axis in axes:
            pairs = {(line[axis], line[name]) for line in table}
            is_function = len(pairs) == len({line[axis] for line in table})
            if all(a == b for a, b in pairs) if name in PARAMETERS else is_function:
                along[name] = axis
                break
        else:
            axes.append(name)
    return axes, along


def _order(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value)


def _column(values: list[Any]) -> Any:
    """Numbers with nan for None, or text."""
    if all(isinstance(v, int) for v in values):
        return np.array(values, dtype=np.int64)
    if all(v is None or isinstance(v, (int, float)) for v in values):
        return np.array([np.nan if v is None else v for v in values], dtype=float)
    return np.array(values, dtype=np.str_)
