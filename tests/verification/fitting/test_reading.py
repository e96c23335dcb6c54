import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from verification.errors import InvalidArgument
from verification.fitting.fit import fit
from verification.fitting.reading import open_rows, read_labels

ROWS = np.random.default_rng(0).standard_normal((20_000, 3)).astype(np.float32)


def write(path, values):
    """Rows in the format of the path's ending."""
    kind = path.suffix
    if kind == ".npy":
        np.save(path, values)
    elif kind == ".npz":
        np.savez(path, rows=values)
    elif kind == ".csv":
        np.savetxt(path, values, delimiter=",", fmt="%.9g")
    elif kind == ".parquet":
        pa.parquet.write_table(pa.table({f"c{j}": values[:, j] for j in range(values.shape[1])}), path)
    else:
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        with pa.ipc.new_file(path, pa.schema([("vector", vectors.type)])) as file:
            file.write_table(pa.table({"vector": vectors}))


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv", ".parquet", ".arrow"])
def test_every_format_gives_the_same_rows_in_blocks(tmp_path, ending):
    """Blocks of any size hold the rows in order, and a second reading starts again."""
    write(tmp_path / f"x{ending}", ROWS)
    rows = open_rows(tmp_path / f"x{ending}", "X")
    assert (rows.n, rows.d) == ROWS.shape
    for size in (777, 8192):
        blocks = list(rows.blocks(size))
        assert {len(block) for block in blocks[:-1]} == {size}
        np.testing.assert_allclose(np.concatenate(blocks), ROWS, rtol=1e-7)


def test_a_compressed_archive_is_read_without_holding_it(tmp_path):
    """A deflated .npz streams as well, and its array is chosen by name."""
    np.savez_compressed(tmp_path / "x.npz", a=ROWS, b=ROWS[:5])
    rows = open_rows(tmp_path / "x.npz", "X", "a")
    np.testing.assert_array_equal(np.concatenate(list(rows.blocks())), ROWS)
    with pytest.raises(InvalidArgument, match="must name one of the arrays in X: a, b"):
        open_rows(tmp_path / "x.npz", "X")


class Trap:
    """Would say so if it were unpickled."""

    def __reduce__(self):
        return pytest.fail, ("an object was unpickled",)


@pytest.mark.parametrize("ending", [".npy", ".npz"])
def test_objects_are_refused_and_never_unpickled(tmp_path, ending):
    """A pickle in an array file is not opened, only named."""
    path = tmp_path / f"x{ending}"
    save = np.save if ending == ".npy" else np.savez
    save(path, np.array([[Trap()]], dtype=object))
    with pytest.raises(InvalidArgument, match="objects are never unpickled"):
        open_rows(path, "X")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "remove the header in line 1"),
        ("1,2\n3,x\n", "must hold numbers only, between lines 1 and 2"),
        ("1,2\n3,nan\n", r"finite numbers only \(row 2, column 2\)"),
        ("1,2\n3\n", "must hold numbers only"),
        ("", "remove the header in line 1"),
    ],
)
def test_bad_text_is_told_in_one_line(tmp_path, text, said):
    """Each fault of a CSV file names what to change."""
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InvalidArgument, match=said) as caught:
        list(open_rows(tmp_path / "x.csv", "X").blocks())
    assert "\n" not in str(caught.value)


def test_columns_of_text_and_nulls_are_refused(tmp_path):
    """Parquet columns that hold no numbers are named."""
    pa.parquet.write_table(pa.table({"name": ["a", "b"], "v": [1.0, None]}), tmp_path / "x.parquet")
    with pytest.raises(InvalidArgument, match="columns of numbers"):
        open_rows(tmp_path / "x.parquet", "X")
    with pytest.raises(InvalidArgument, match="a null in column 'v'"):
        open_rows(tmp_path / "x.parquet", "X", "v")


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv", ".parquet", ".arrow"])
def test_an_empty_file_is_told_in_one_line(tmp_path, ending):
    """A file of no bytes at all is bad input, no interruption."""
    path = tmp_path / f"x{ending}"
    path.touch()
    with pytest.raises(InvalidArgument) as caught:
        open_rows(path, "X")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", [".npy", ".npz", ".parquet", ".arrow"])
def test_a_broken_file_is_told_in_one_line(tmp_path, ending):
    """Bytes that are not the format that the name says."""
    path = tmp_path / f"x{ending}"
    path.write_bytes(b"not what the name says, by far" * 4)
    with pytest.raises(InvalidArgument) as caught:
        open_rows(path, "X")
    assert "\n" not in str(caught.value)


def test_a_truncated_member_is_noticed(tmp_path):
    """An .npz whose array is shorter than its header says."""
    np.save(tmp_path / "x.npy", ROWS)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("rows.npy", (tmp_path / "x.npy").read_bytes()[:-1200])
    with pytest.raises(InvalidArgument, match="20000 rows that it announces"):
        list(open_rows(tmp_path / "x.npz", "X").blocks())


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (ROWS[:100], ROWS[:99], "same number of rows"),
        (ROWS[:100, :1], ROWS[:100], "at least 2 columns"),
        (ROWS[:5], ROWS[:5], "twice as many rows as columns"),
        (np.where(ROWS > 4, np.nan, ROWS), ROWS, "finite numbers only"),
        (ROWS * [1, 1, 0], ROWS, "no constant column, got 'column 3'"),
        (ROWS, ROWS.astype(complex), "real numbers"),
        (ROWS, ROWS[::-1], "show no shared direction"),
        (ROWS[None], ROWS, "two dimensions"),
        (ROWS.astype(float) * 1e200, ROWS, "must be scaled down"),
        ((ROWS * 1e25), ROWS, "must be scaled down"),
        (np.ma.masked_array(ROWS), ROWS, "masked rows taken out"),
        ([[1, 2], [3]], ROWS, "rows of unequal length"),
        (
            np.where(np.arange(20_000)[:, None] == 7, 1e6, ROWS),
            ROWS[::-1],
            "One row holds 100% of all variance in X",
        ),
    ],
)
def test_rows_that_cannot_be_used_are_told_in_one_line(x, y, said):
    """Nothing is computed from rows that do not match, do not vary, or share nothing."""
    if said.startswith("finite"):
        x = x.copy()
        x[7, 1] = np.nan
    with pytest.raises(InvalidArgument, match=said) as caught:
        fit(x, y)
    assert "\n" not in str(caught.value)


def test_labels_are_zero_or_one_for_each_row(tmp_path):
    """Another length or value is refused; a file is read."""
    np.save(tmp_path / "l.npy", np.array([0, 1, 1]))
    assert read_labels(tmp_path / "l.npy", 3).tolist() == [False, True, True]
    with pytest.raises(InvalidArgument, match="as many as the pairs"):
        read_labels([0, 1], 3)
    with pytest.raises(InvalidArgument, match="must be 0 or 1, got 2"):
        read_labels([0, 1, 2], 3)


def test_an_unknown_ending_lists_the_known_ones(tmp_path):
    """The message says what can be read."""
    (tmp_path / "x.txt").write_text("1")
    with pytest.raises(InvalidArgument, match=r"must end in \.npy"):
        open_rows(tmp_path / "x.txt", "X")
