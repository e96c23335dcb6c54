"""Matched rows from files or arrays, in blocks: more rows than memory, and bad input told in one line.

A source is read from front to back as often as asked; only one block is held.  Object arrays are refused,
never unpickled.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.errors import InvalidArgument, MissingExtra

Block = NDArray[Any]

BLOCK_ROWS = 8192
"""Rows in a block; a whole number of them fits any file, and two blocks of 512 columns take 32 MiB."""

NPY_MAGIC = b"\x93NUMPY"

SEPARATORS = {",": "a comma", "\t": "a tab"}

SUFFIXES = ".npy, .npz, .parquet, .arrow, .feather, .csv or .tsv"


@dataclass(frozen=True)
class Rows:
    """A source of `n` rows with `d` columns; `read` starts again from the first row at each call."""

    name: str
    n: int
    d: int
    read: Callable[[], Iterator[Block]]

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Block]:
        """The rows in order as float arrays of shape (size, d), the last one shorter.

        float32 stays float32, anything else becomes float64.  Raises InvalidArgument for NaN and infinities.
        """
        start = 0
        for block in _regrouped(self.read(), size):
            numbers = _as_floats(block, self.name)
            if not np.isfinite(numbers).all():
                row, column = np.argwhere(~np.isfinite(numbers))[0]
                value = float(numbers[row, column])
                where = f"row {start + row + 1}, column {column + 1}"
                raise InvalidArgument(self.name, value, f"must hold finite numbers only ({where})")
            yield numbers
            start += len(numbers)
        if start != self.n:
            raise InvalidArgument(self.name, start, f"must hold the {self.n} rows that it announces")


def watched(rows: Rows, passes: int, report: Callable[[float, float, str], None]) -> Rows:
    """The same rows, whose readings tell `report` (rows read, rows of all passes, which pass it is)."""
    read = 0

    def told() -> Iterator[Block]:
        nonlocal read
        for block in rows.read():
            report(read, passes * rows.n, f"reading the rows, {read // rows.n + 1} of {passes}")
            yield block
            read += len(block)

    return replace(rows, read=told)


def keys_of(key: str | None) -> tuple[str | None, str | None, str | None]:
    """The keys of X, Y and the labels: one name is that of X and of Y, "a,b" and "a,b,c" name one for each.

    None, and nothing between commas, is a file that holds one table.
    """
    if key is None or "," not in key:
        return key, key, None
    names = [part.strip() or None for part in key.split(",")]
    if len(names) > 3:
        raise InvalidArgument("key", key, "must be at most three names: of X, Y and the labels")
    return names[0], names[1], names[2] if len(names) == 3 else None


def open_rows(source: Any, name: str, key: str | None = None) -> Rows:
    """The rows of an array of shape (n, d) or of a file named by its ending.

    `name` is what messages call it; `key` names the array in an .npz, or the column with vectors in a
    Parquet or Arrow file.  Raises InvalidArgument, OSError, and MissingExtra without PyArrow.
    """
    if isinstance(source, np.ma.MaskedArray):
        raise InvalidArgument(name, "a masked array", "must have its masked rows taken out of both files")
    if not isinstance(source, (str, Path)):
        try:
            values = np.asarray(source)
        except ValueError:
            raise InvalidArgument(name, "rows of unequal length", "must be a table of numbers") from None
        return _from_array(values, name)
    path = Path(source)
    if path.is_dir():
        raise InvalidArgument(name, str(path), "must be a file, and is a folder")
    readers = {
        ".npy": lambda: _npy(path, name),
        ".npz": lambda: _npz(path, name, key),
        ".parquet": lambda: _arrow(path, name, key),
        ".arrow": lambda: _arrow(path, name, key),
        ".feather": lambda: _arrow(path, name, key),
        ".csv": lambda: _text(path, name, ","),
        ".tsv": lambda: _text(path, name, "\t"),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidArgument(name, path.name, f"must end in {SUFFIXES}")
    if key is not None and path.suffix.lower() in (".npy", ".csv", ".tsv"):
        allowed = f"must be left out for {name}, a file that holds one table (--key ,NAME is that of Y alone)"
        raise InvalidArgument("key", key, allowed)
    with path.open("rb"):  # a missing or unreadable file is told by the system's own words
        pass
    return reader()


def check_matched(x: Rows, y: Rows) -> None:
    """Raises InvalidArgument unless both sources have as many rows, and enough of them for their columns."""
    if x.n != y.n:
        raise InvalidArgument(f"{x.name} and {y.name}", (x.n, y.n), "must have the same number of rows")
    for rows in (x, y):
        if rows.d < 2:
            raise InvalidArgument(rows.name, rows.d, "must have at least 2 columns")
    most = max(x.d, y.d)
    if x.n <= 2 * most:
        allowed = f"must have more than twice as many rows as columns ({most})"
        raise InvalidArgument(f"{x.name} and {y.name}", x.n, allowed)


def paired_blocks(x: Rows, y: Rows, size: int = BLOCK_ROWS) -> Iterator[tuple[int, Block, Block]]:
    """(first row, block of x, block of y) in order, both blocks of the same length."""
    start = 0
    for left, right in zip(x.blocks(size), y.blocks(size), strict=True):
        yield start, left, right
        start += len(left)


def read_labels(source: Any, n: int, key: str | None = None) -> NDArray[np.bool_]:
    """Known labels, shape (n,): True or 1 for a clean pair, False or 0 for a corrupted one.

    Raises InvalidArgument for another length or other values.
    """
    if isinstance(source, (str, Path)):
        rows = open_rows(source, "labels", key)
        values = np.concatenate(list(rows.blocks()))
    else:
        values = np.asarray(source)
        if values.dtype == object:
            raise InvalidArgument("labels", "objects", "must be numbers")
    values = values.reshape(-1)
    if len(values) != n:
        raise InvalidArgument("labels", len(values), f"must be as many as the pairs ({n})")
    if not np.isin(values, (0, 1)).all():
        raise InvalidArgument("labels", values[~np.isin(values, (0, 1))][0].item(), "must be 0 or 1")
    return values.astype(bool)


def _from_array(values: Block, name: str) -> Rows:
    if values.dtype.hasobject:
        raise InvalidArgument(name, str(values.dtype), "must hold numbers (objects are never unpickled)")
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise InvalidArgument(name, values.shape, "must have two dimensions (rows, columns)")

    def read() -> Iterator[Block]:
        for start in range(0, len(values), BLOCK_ROWS):
            yield values[start : start + BLOCK_ROWS]

    return Rows(name, values.shape[0], values.shape[1], read)


def _npy(path: Path, name: str) -> Rows:
    with path.open("rb") as file:
        if file.read(len(NPY_MAGIC)) != NPY_MAGIC:
            raise InvalidArgument(name, path.name, "must be a file that NumPy saved")
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _refused(name, path, error) from None
    return _from_array(values, name)


def _refused(name: str, path: Path, error: Exception) -> InvalidArgument:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if any(word in said for word in ("Object arrays", "Python objects", "pickle")):
        return InvalidArgument(name, path.name, "must hold numbers (objects are never unpickled)")
    return InvalidArgument(name, path.name, f"cannot be read ({said})")


def _npz(path: Path, name: str, key: str | None) -> Rows:
    try:
        with zipfile.ZipFile(path) as archive:
            held = [member.removesuffix(".npy") for member in archive.namelist() if member.endswith(".npy")]
    except zipfile.BadZipFile as error:
        raise _refused(name, path, error) from None
    chosen = _chosen(held, key, name, "arrays")
    shape, _ = _member_header(path, name, chosen)
    if len(shape) not in (1, 2):
        raise InvalidArgument(name, shape, "must have two dimensions (rows, columns)")
    columns = shape[1] if len(shape) == 2 else 1

    def read() -> Iterator[Block]:
        _, dtype = _member_header(path, name, chosen)
        with zipfile.ZipFile(path) as archive, archive.open(f"{chosen}.npy") as stream:
            _skip_header(stream)
            row_bytes = dtype.itemsize * columns
            while raw := stream.read(row_bytes * BLOCK_ROWS):
                yield np.frombuffer(raw, dtype=dtype).reshape(-1, columns)

    return Rows(name, shape[0], columns, read)


def _skip_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"version {version} of the format is not known")
    return readers[version](stream)


def _member_header(path: Path, name: str, member: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{member}.npy") as stream:
            shape, by_columns, dtype = _skip_header(stream)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _refused(name, path, error) from None
    if dtype.hasobject:
        raise InvalidArgument(name, path.name, "must hold numbers (objects are never unpickled)")
    if by_columns and len(shape) > 1:
        raise InvalidArgument(name, member, "must be stored by rows (C order) to be read in blocks")
    return shape, dtype


def _chosen(held: list[str], key: str | None, name: str, what: str) -> str:
    if not held:
        raise InvalidArgument(name, f"a file without {what}", "must hold a table of numbers")
    if key in held:
        return key
    if key is None and len(held) == 1:
        return held[0]
    each = f" (--key {held[0]},{held[1]}: one for X, one for Y)" if len(held) > 1 else ""
    raise InvalidArgument("key", key, f"must name one of the {what} in {name}: {', '.join(held)}{each}")


def _arrow(path: Path, name: str, key: str | None) -> Rows:
    try:
        import pyarrow as pa
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("pyarrow", "store") from None

    def batches() -> Iterator[Any]:
        if path.suffix.lower() == ".parquet":
            with pa.parquet.ParquetFile(path, memory_map=True) as file:
                yield from file.iter_batches(BLOCK_ROWS, columns=None if key is None else [key])
            return
        with pa.memory_map(str(path)) as raw, pa.ipc.open_file(raw) as file:
            for i in range(file.num_record_batches):
                batch = file.get_batch(i)
                yield batch if key is None else batch.select([key])

    try:
        names, n = _arrow_shape(path)
    except pa.ArrowInvalid as error:
        raise _refused(name, path, error) from None
    if key is not None:
        _chosen(names, key, name, "columns")
    first = next((_batch_values(batch, name) for batch in batches() if batch.num_rows), None)
    if first is None:
        raise InvalidArgument(name, 0, "must have rows")

    def read() -> Iterator[Block]:
        for batch in batches():
            yield _batch_values(batch, name)

    return Rows(name, n, first.shape[1], read)


def _arrow_shape(path: Path) -> tuple[list[str], int]:
    """Column names and the number of rows, from the file's own description."""
    import pyarrow as pa
    import pyarrow.ipc
    import pyarrow.parquet

    if path.suffix.lower() == ".parquet":
        described = pa.parquet.read_metadata(path)
        return list(pa.parquet.read_schema(path).names), int(described.num_rows)
    with pa.memory_map(str(path)) as raw, pa.ipc.open_file(raw) as file:
        rows = sum(file.get_batch(i).num_rows for i in range(file.num_record_batches))
        return list(file.schema.names), rows


def _batch_values(batch: Any, name: str) -> Block:
    """A record batch as (rows, columns): one column of equally long lists, or columns of numbers."""
    import pyarrow as pa

    columns = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if column.null_count:
            raise InvalidArgument(name, f"a null in column {field.name!r}", "must hold finite numbers only")
        kind = field.type
        if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
            flat = column.flatten()
            width, rest = divmod(len(flat), max(1, len(column)))
            lengths = np.asarray(column.value_lengths())
            if rest or (lengths != width).any():
                raise InvalidArgument(name, field.name, "must hold vectors of one length")
            columns.append(_numbers(flat, field.name, name).reshape(len(column), width))
        else:
            columns.append(_numbers(column, field.name, name)[:, None])
    return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)


def _numbers(column: Any, label: str, name: str) -> Block:
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise InvalidArgument(
            name, f"{label}: {kind}", "must hold columns of numbers (choose one with --key)"
        )
    if column.null_count:
        raise InvalidArgument(name, f"a null in column {label!r}", "must hold finite numbers only")
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _are_numbers(words: list[bytes]) -> bool:
    """Whether the words of a line are numbers, apart from what separates them."""
    try:
        return bool([float(word.strip(b",;")) for word in words])
    except ValueError:
        return False


def _text(path: Path, name: str, delimiter: str) -> Rows:
    with path.open("rb") as lines:
        first = lines.readline()
    try:
        columns = len(_text_line(first.decode("utf-8-sig"), delimiter))
    except ValueError:
        shown = first.decode("utf-8", "replace").strip()[:40]
        if _are_numbers(first.split()):
            wanted = f"must have {SEPARATORS[delimiter]} between numbers"
            raise InvalidArgument(name, shown, wanted) from None
        raise InvalidArgument(name, shown, "must hold numbers only: remove the header in line 1") from None
    with path.open("rb") as lines:
        n = sum(1 for line in lines if line.strip())

    def read() -> Iterator[Block]:
        with path.open(encoding="utf-8-sig") as lines:
            done = 0
            while done < n:
                try:
                    block = np.loadtxt(
                        lines, delimiter=delimiter, max_rows=min(BLOCK_ROWS, n - done), ndmin=2, comments=None
                    )
                except ValueError as error:
                    where = f"between lines {done + 1} and {min(n, done + BLOCK_ROWS)}"
                    said = str(error).split(";")[0]
                    raise InvalidArgument(name, said, f"must hold numbers only, {where}") from None
                if block.shape[1] != columns:
                    raise InvalidArgument(name, block.shape[1], f"must have {columns} columns in each line")
                yield block
                done += len(block)

    return Rows(name, n, columns, read)


def _text_line(line: str, delimiter: str) -> list[float]:
    if not line.strip():
        raise ValueError("an empty first line")
    return [float(cell) for cell in line.strip().split(delimiter)]


def _regrouped(parts: Iterator[Block], size: int) -> Iterator[Block]:
    """The same rows in blocks of `size`, whatever the parts' lengths."""
    held: list[Block] = []
    count = 0
    for whole in parts:
        part = whole
        while count + len(part) >= size:
            cut = size - count
            pieces = [*held, part[:cut]]
            yield pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            part, held, count = part[cut:], [], 0
        if len(part):
            held.append(part)
            count += len(part)
    if held:
        yield held[0] if len(held) == 1 else np.concatenate(held)


def _as_floats(block: Block, name: str) -> Block:
    if block.dtype.kind not in "fiub":
        raise InvalidArgument(name, str(block.dtype), "must hold real numbers")
    return np.asarray(block, dtype=np.float32 if block.dtype in (np.float32, np.float16) else np.float64)
