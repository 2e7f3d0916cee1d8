"""Pieces of DuckDB's SQL: names and texts in quotes, files to read, the columns of a schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edxtasks.errors import InputError
from edxtasks.printable import printable_path
from edxtasks.warehouse.schema import Column, Schema

LONGEST_LINES = (1 << 21, 1 << 28)
"""Bytes of the longest JSON line that a load takes: first a small limit, which keeps its buffers small, and
where a line is longer, a large one."""

_GLOB = re.compile(r"[*?\[]")


def read_json(paths: Sequence[Path], schema: Schema, longest: int) -> str:
    """DuckDB SQL: the JSON lines of `paths` with the columns of `schema`, no line over `longest` bytes."""
    columns = ", ".join(f"{literal(c.name)}: {literal(c.duckdb_type)}" for c in schema)
    # DuckDB takes what follows a ? anywhere in a path for parameters of a URL, and no longer sees the ending.
    compression = "gzip" if paths and all(path.suffix == ".gz" for path in paths) else "auto_detect"
    return (
        f"SELECT {listed(schema)} FROM read_json({paths_literal(paths)}, format = 'newline_delimited', "
        f"columns = {{{columns}}}, maximum_object_size = {longest}, compression = {literal(compression)})"
    )


def read_parquet(paths: Sequence[Path]) -> str:
    """DuckDB SQL: the rows of Parquet files, columns matched by name."""
    return f"SELECT * FROM {parquet_files(paths)}"


def parquet_files(paths: Sequence[Path]) -> str:
    """The same, as it stands in FROM without a query around it, which would have to be planned too."""
    matched = "union_by_name = true, " if len(paths) > 1 else ""  # which opens a file for a second time
    return f"read_parquet({paths_literal(paths)}, {matched}hive_partitioning = false)"


def version_of(schema: Schema) -> str:
    """Two aggregates that make a version: the number of rows, and the sum of their hashes."""
    return f"count(*), coalesce(sum(hash({names(schema)})::HUGEINT), 0)"


def day_of(column: Column) -> str:
    """DuckDB expression for the UTC date that a partition column stands for."""
    if column.type == "TIMESTAMP":
        return f"CAST({quoted(column.name)} AT TIME ZONE 'UTC' AS DATE)"
    return quoted(column.name)


def names(schema: Schema) -> str:
    """The column names of a schema for a SELECT."""
    return ", ".join(quoted_name(column.name) for column in schema)


def listed(schema: Schema) -> str:
    """The columns of a schema for a SELECT that brings rows in: lists are as a table holds them."""
    return ", ".join(_as_stored(column) if column.repeated else quoted_name(column.name) for column in schema)


def as_stored(schema: Schema) -> str:
    """All columns for a SELECT, those that the schema says are REPEATED as a table holds them."""
    lists = ", ".join(_as_stored(column) for column in schema if column.repeated)
    return f"* REPLACE ({lists})" if lists else "*"


def _as_stored(column: Column) -> str:
    """A list as BigQuery holds it: nothing is a list without values; a NULL among values is an error."""
    name = quoted_name(column.name)
    fault = literal(f"{column.name}: a NULL among the values of a REPEATED column")
    return (
        f"CASE WHEN {name} IS NULL THEN CAST([] AS {column.duckdb_type}) "
        f"WHEN list_count({name}) < len({name}) THEN error({fault}) ELSE {name} END AS {name}"
    )


def quoted_name(name: str) -> str:
    """One name in quotes, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def quoted(name: str) -> str:
    """A name, or dotted name, in quotes."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def paths_literal(paths: Sequence[Path]) -> str:
    """A SQL list of files to be read, whatever their names: DuckDB takes what it reads from for patterns."""
    return "[" + ", ".join(literal(_only(path)) for path in paths) + "]"


def _only(path: Path) -> str:
    """The pattern that fits this path alone. Raises `InputError` for the one kind of path that has none."""
    parts = str(path).split("/")
    if any("\\" in part and _GLOB.search(part) for part in parts):
        raise InputError(
            f"{printable_path(path)}: DuckDB cannot read from a folder whose name has a backslash together "
            "with *, ? or [: rename the folder"
        )
    return "/".join(_GLOB.sub(lambda found: f"[{found[0]}]", part) for part in parts)
