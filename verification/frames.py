"""Results as data frames.  pandas is an optional extra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from verification.errors import MissingExtra

if TYPE_CHECKING:
    from pandas import DataFrame


def data_frame(rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """The rows by column name; raises MissingExtra without pandas."""
    try:
        import pandas
    except ImportError:
        raise MissingExtra("pandas", "store") from None
    return pandas.DataFrame.from_records([dict(row) for row in rows])
