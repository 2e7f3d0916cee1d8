"""The embedded warehouse, asked in DuckDB's SQL or in GoogleSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from edxtasks.errors import nearest
from edxtasks.printable import printable
from edxtasks.scratch import Scratch
from edxtasks.shell.results import (
    ONLY_READS,
    Asked,
    Listed,
    Result,
    StatementRefusedError,
    Values,
    not_a_query,
)
from edxtasks.shell.statements import DUCKDB, GOOGLESQL, first_word
from edxtasks.warehouse import dialect as googlesql
from edxtasks.warehouse.catalog import ALL_DAYS, LOG_DAYS, Views
from edxtasks.warehouse.duckdb_session import schema_of
from edxtasks.warehouse.duckdb_sql import literal, quoted, quoted_name
from edxtasks.warehouse.refusals import of_a_query
from edxtasks.warehouse.schema import Schema

_ROWS = 2_048
_READS = frozenset({"SELECT", "EXPLAIN", "VARIABLE_SET", "SET", "PRAGMA", "RELATION"})
"""The kinds of DuckDB's statements that change nothing outside of this connection."""
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+|\([^)]*\)\s*)?", re.IGNORECASE)
_ABSENT = re.compile(r'Table with name "?([^"\n]+?)"? does not exist')
_WIDENED = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"), "BIGINT"),
    "FLOAT": "DOUBLE",
}
"""Types of tables of other people that are read as those that GoogleSQL has."""


class EmbeddedShell(Asked):
    """Parquet files, asked through DuckDB."""

    def __init__(self, folder: Path, scratch: Scratch, dialect: str) -> None:
        self.dialect = dialect
        self._views = Views(folder, scratch)
        self._connection = self._views.connection
        self._connection.execute("SET enable_progress_bar = false")
        self._schemas: dict[str, Schema] = {}
        if dialect == GOOGLESQL:
            for statement in (*googlesql.CONNECTION_SETTINGS, *googlesql.MACROS):
                self._connection.execute(statement)
        self._note()

    def tables(self) -> list[Listed]:
        self._views.refresh()
        return [
            Listed(f"{dataset}.{view}", self._views.rows(dataset, view))
            for dataset, views in self._views.tables.items()
            for view in sorted(views)
            if not (view.startswith(LOG_DAYS) and ALL_DAYS in views)
        ]

    def columns(self, name: str) -> Schema:
        self._views.make_for(name.replace(".", " "))
        self._note()
        with _of_a_query():
            return schema_of(self._connection.sql(f"SELECT * FROM {quoted(self._known(name))}"))

    def translated(self, statement: str) -> str:
        self._schemas.clear()  # a run beside this may have changed them
        if self.dialect != GOOGLESQL:
            raise StatementRefusedError(
                "DuckDB's SQL runs as it is written: there is nothing to explain. A GoogleSQL query: "
                "--dialect=googlesql; the plan of this one: EXPLAIN SELECT …"
            )
        tree = googlesql.parse(statement)
        if found := googlesql.parameters(tree):
            raise StatementRefusedError(f"@{printable(found[0])} has no value here: write it into the query")
        schemas = {name: self._schema(name) for name in googlesql.inputs(tree)}
        return googlesql.to_duckdb(tree, schemas)

    def run(self, statement: str) -> Result | None:
        if self.dialect == GOOGLESQL:
            word = first_word(statement, GOOGLESQL)
            if word not in ("SELECT", "WITH", "FROM"):
                raise StatementRefusedError(not_a_query(word))
            return self._result(self.translated(statement), "SELECT")
        with _of_a_query():
            found = self._connection.extract_statements(statement)
        if not found:
            return None
        kind = _kind(found[0])
        inner = _EXPLAIN.sub("", statement, count=1) if kind == "EXPLAIN" else statement
        with _of_a_query():
            kinds = {kind, *map(_kind, self._connection.extract_statements(inner))}
        if kinds - _READS:
            self._refuse(first_word(inner, DUCKDB))
        self._views.make_for(statement)
        self._note()
        try:
            return self._result(statement, kind)
        except StatementRefusedError as refused:
            # DuckDB names what is nearest of the tables that it knows, and it knows those of the query alone.
            absent = _ABSENT.search(str(refused))
            if absent is not None:
                self._known(_as_written(absent[1], statement))
            raise

    def interrupt(self) -> None:
        with suppress(duckdb.ConnectionException):  # it is closed already
            self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()

    # Inside

    def _refuse(self, word: str) -> None:
        raise StatementRefusedError(f"{word or 'this statement'} is not run: {ONLY_READS}")

    def _note(self) -> None:
        self.remarks += tuple(self._views.remarks)
        self._views.remarks.clear()

    def _known(self, name: str) -> str:
        """A name as the warehouse spells it. Raises `UserError` where there is no such table."""
        dataset, _, table = name.partition(".")
        for spelt, views in self._views.tables.items():
            for view in views if spelt.lower() == dataset.lower() else ():
                if view.lower() == table.lower():
                    return f"{spelt}.{view}"
        names = [f"{spelt}.{view}" for spelt, views in self._views.tables.items() for view in views]
        alike = [one for one in names if one.partition(".")[2].lower() == (table or name).lower()]
        if alike and not table:
            raise StatementRefusedError(
                f"table {printable(name)}: expected DATASET.TABLE, such as {alike[0]} (.tables lists them)"
            )
        tables = [one.partition(".")[2] for one in names]
        near = nearest(name, alike or names) or nearest(table or name, tables)
        raise StatementRefusedError(f"there is no table {printable(name)}{near} (.tables lists them)")

    def _schema(self, name: str) -> Schema:
        """The columns of a table that a GoogleSQL query names; its view has just these types."""
        if name not in self._schemas:
            if name.count(".") > 1:
                raise StatementRefusedError(f"table {printable(name)}: expected DATASET.TABLE")
            self._views.make_for(name.replace(".", " "))
            self._note()
            spelt = self._known(name)
            with _of_a_query():
                found = self._connection.sql(f"SELECT * FROM {quoted(spelt)}")
                columns = [
                    (column, _WIDENED.get(str(kind)))
                    for column, kind in zip(found.columns, found.types, strict=True)
                ]
                if any(wide for _, wide in columns):
                    items = (
                        f"{quoted_name(column)}::{wide} AS {quoted_name(column)}"
                        for column, wide in columns
                        if wide
                    )
                    self._connection.execute(
                        f"CREATE OR REPLACE VIEW {quoted(spelt)} AS "
                        f"SELECT * REPLACE ({', '.join(items)}) FROM ({self._views.sql(*spelt.split('.'))})"
                    )
                self._schemas[name] = schema_of(self._connection.sql(f"SELECT * FROM {quoted(spelt)}"))
        return self._schemas[name]

    def _result(self, sql: str, kind: str) -> Result | None:
        with _of_a_query():
            relation = self._connection.sql(sql)
            if relation is None:
                return None
            schema = schema_of(relation)

        def save(path: Path) -> int:
            with _of_a_query():
                return save_parquet(self._connection, sql, path)

        rows = self._rows(sql) if kind == "SELECT" else iter(relation.fetchall())
        return Result(schema, rows, save, is_plan=kind == "EXPLAIN")

    def _rows(self, sql: str) -> Iterator[Values]:
        with _of_a_query():
            self._connection.execute(sql)
        while True:
            with _of_a_query():
                rows = self._connection.fetchmany(_ROWS)
            if not rows:
                return
            yield from rows


def save_parquet(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> int:
    """Write the rows of a query to a file; gives their number."""
    found = connection.execute(
        f"COPY (\n{sql}\n) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
    ).fetchone()
    assert found is not None
    return int(found[0])


def _as_written(table: str, statement: str) -> str:
    """A table that DuckDB misses, with the dataset that the statement has before it."""
    dataset = re.search(rf'(\w+)"?\s*\.\s*"?{re.escape(table)}\b', statement, re.IGNORECASE)
    return f"{dataset[1]}.{table}" if dataset else table


def _kind(statement: Any) -> str:
    return str(statement.type).rpartition(".")[2].upper()


@contextmanager
def _of_a_query() -> Iterator[None]:
    """What DuckDB has against a query becomes a message without values; Ctrl-C stays what it is."""
    try:
        yield
    except duckdb.Error as error:
        if isinstance(error, duckdb.InterruptException):
            raise KeyboardInterrupt from None
        raise StatementRefusedError(of_a_query(error)) from error
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise
