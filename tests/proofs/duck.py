"""DuckDB over given rows, set up as the embedded warehouse sets it up: what a query gives there."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import duckdb

from edxtasks.warehouse import dialect
from edxtasks.warehouse.schema import Column, Schema

Inputs = Mapping[str, tuple[Schema, Sequence[Mapping[str, object]]]]
"""Schema and rows of each source table, by the name that the query uses."""


def connect(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A connection with the settings and macros of the dialect."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    for statement in (*dialect.CONNECTION_SETTINGS, *dialect.MACROS):
        connection.execute(statement)
    return connection


_shared = functools.cache(connect)


@contextmanager
def _empty_database(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose database is empty, for the block; making the macros anew each time is slow."""
    connection = _shared(threads)
    connection.execute("ATTACH ':memory:' AS inputs")
    connection.execute("USE inputs")
    try:
        yield connection
    finally:
        connection.execute("USE memory")
        connection.execute("DETACH inputs")


def load(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Make each input a table under its name (`courses.listings` is in the schema `courses`)."""
    for name, (table, rows) in inputs.items():
        parts = name.split(".")
        if len(parts) > 1:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{parts[0]}"')
        target = ".".join(f'"{part}"' for part in parts)
        connection.execute(f"CREATE TABLE {target} AS {dialect.typed_empty(table)}")
        if rows:
            # One statement: a statement for each row takes ten times as long.
            places = ", ".join([f"({', '.join('?' for _ in table)})"] * len(rows))
            values = [_value(row.get(column.name), column) for row in rows for column in table]
            connection.execute(f"INSERT INTO {target} VALUES {places}", values)


def _value(value: object, column: Column) -> object:
    """A value with every member of a struct that the row leaves out, and a list where there is none."""
    if column.repeated:
        values = value if isinstance(value, list) else []
        return [_value(item, replace(column, mode="NULLABLE")) for item in values]
    if column.type == "RECORD" and isinstance(value, Mapping):
        return {field.name: _value(value.get(field.name), field) for field in column.fields}
    return value


def run(
    sql: str, inputs: Inputs, parameters: Mapping[str, object] | None = None, threads: int = 2
) -> list[tuple[object, ...]]:
    """The rows that the GoogleSQL query gives in DuckDB, through the dialect.

    Inputs, values and parameters as in `googlesql.evaluate`.
    """
    with _empty_database(threads) as connection:
        load(connection, inputs)
        return execute(connection, sql, {name: table for name, (table, _) in inputs.items()}, parameters)


def execute(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    schemas: Mapping[str, Schema],
    parameters: Mapping[str, object] | None = None,
) -> list[tuple[object, ...]]:
    """The rows of a GoogleSQL query over tables that are there."""
    return _executed(connection, sql, schemas, parameters).fetchall()


def types(
    sql: str, schemas: Mapping[str, Schema], parameters: Mapping[str, object] | None = None
) -> list[tuple[str, str]]:
    """Names and DuckDB types of the output columns of a GoogleSQL query."""
    with _empty_database(1) as connection:
        load(connection, {name: (table, []) for name, table in schemas.items()})
        result = _executed(connection, sql, schemas, parameters)
        return [(item[0], str(item[1])) for item in result.description or ()]


def _executed(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    schemas: Mapping[str, Schema],
    parameters: Mapping[str, object] | None,
) -> duckdb.DuckDBPyConnection:
    tree = dialect.parse(sql)
    given = {name: (parameters or {})[name] for name in dialect.parameters(tree)}
    return connection.execute(dialect.to_duckdb(tree, schemas), given)
