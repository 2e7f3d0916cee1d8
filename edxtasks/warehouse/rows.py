"""What a builder hands to the warehouse: rows, or files of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edxtasks.warehouse.schema import Schema

Row = Mapping[str, object]
"""A row by column name. Values: str, int, float, bool, datetime (aware, UTC), date, dict (RECORD), a list of
these (REPEATED), None. A column that is missing is NULL, a REPEATED one empty; a name that is not a column is
a defect and refused."""


@dataclass(frozen=True)
class JsonLines:
    """Files of one JSON object a line, plain, `.gz` or `.zst`, UTF-8; timestamps are text with zone."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files whose columns have the names and types of the table's schema."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class OwnColumns:
    """Rows of a table whose columns depend on the data (a grading policy's cut-offs): they come along."""

    schema: Schema
    rows: Iterable[Row]


Content = Iterable[Row] | JsonLines | ParquetFiles | OwnColumns
