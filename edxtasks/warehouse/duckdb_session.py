"""A DuckDB of one process, set up so that GoogleSQL means in it what it means on BigQuery."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb

from edxtasks.caches import kept_result
from edxtasks.errors import UserError
from edxtasks.scratch import NoScratchError, Scratch
from edxtasks.warehouse import dialect
from edxtasks.warehouse.base import Parameter, Query, QueryRefusedError, ResourceLimits, digest
from edxtasks.warehouse.dialect_version import code_version
from edxtasks.warehouse.duckdb_sql import as_stored, literal, quoted, read_parquet, version_of
from edxtasks.warehouse.refusals import OF_THE_QUERY, machine_fault
from edxtasks.warehouse.schema import DUCKDB_TYPES, Column, Schema

FEW_BYTES = 1 << 18
"""Most bytes of the files of a query that one thread reads: to share so little costs more than it brings."""

_ROW_GROUP = 122_880
_CODECS = {"zstd": "zstd, COMPRESSION_LEVEL 1", "snappy": "snappy"}
"""DuckDB's usual level of zstd takes an eighth more time for a day of events, whose file is no smaller, and
two fifths more for a table of numbers, whose file is 4 % smaller."""
_KINDS = {other: kind for kind, other in DUCKDB_TYPES.items()}
_INPUT = re.compile("\0([^\0]*)\0")
"""How a translated query names an input. SQL text cannot hold a zero character (`dialect.types.text`)."""


class Session:
    """A DuckDB connection in memory, with the settings and macros of the dialect.

    What does not fit in memory goes to a folder of `scratch`; where there can be none, it is an error.
    """

    def __init__(self, share: ResourceLimits, scratch: Scratch) -> None:
        self.share = share
        self.connection = duckdb.connect(config={"temp_directory": spill_folder(scratch)})
        self._usual = self._threads_now = share.threads
        self.connection.execute(f"SET threads = {share.threads}")
        if share.memory_limit:
            self.connection.execute(f"SET memory_limit = {literal(share.memory_limit)}")
        for statement in (*dialect.CONNECTION_SETTINGS, *dialect.SHARED_MACROS):
            self.connection.execute(statement)
        self._of_thread: threading.local | None = None
        self._whole_limit: str | None = None

    def close(self) -> None:
        """End the connection; DuckDB removes what it has spilled."""
        self.connection.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same DuckDB: for a thread of its own, or a result that is read while
        other statements run."""
        cursor = self.connection.cursor()
        for statement in dialect.CONNECTION_SETTINGS:  # they do not come along
            cursor.execute(statement)
        return cursor

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        """A block in which several threads ask at once, each on a connection of its own and alone.

        What a query leaves to one thread keeps the others waiting: they gain more from a query of their own
        than from their part of this one. A compressed file, for one, is inflated by one thread.
        """
        self._set_threads(1)
        self._of_thread = threading.local()
        try:
            yield
        finally:
            self._of_thread = None
            self._set_threads(self._usual)

    def _connection_of_thread(self) -> duckdb.DuckDBPyConnection:
        if self._of_thread is None:
            return self.connection
        if not hasattr(self._of_thread, "cursor"):
            self._of_thread.cursor = self.cursor()
        cursor: duckdb.DuckDBPyConnection = self._of_thread.cursor
        return cursor

    @contextmanager
    def result(self, query: Query, relations: Mapping[str, str], condition: str = "TRUE") -> Iterator[str]:
        """The rows of a query for which `condition` holds, as a temporary table whose name is given.

        `relations` are its inputs by name, as they stand in FROM (a table, a function, a query in
        parentheses). Raises `QueryRefusedError` when it is not a query that can be run, or its columns are
        not those declared.
        """
        with ExitStack() as stack:
            try:
                sql, parameters = _resolved(query, relations)
                kept = f"SELECT {as_stored(query.schema)} FROM ({sql}) WHERE {condition}"
                rows = self.table(kept, parameters)
                table = stack.enter_context(rows)
            except (UserError, *OF_THE_QUERY) as error:
                raise _refused(error) from None
            self._check(table, query.schema)
            yield table

    def first_row(self, query: Query, relations: Mapping[str, str]) -> tuple[Any, ...]:
        """The first row of a query. `relations` and what is raised are those of `result`."""
        return self.all_rows(query, relations)[0]

    def all_rows(self, query: Query, relations: Mapping[str, str]) -> list[tuple[Any, ...]]:
        """The rows of a query, in its order. `relations` and what is raised are those of `result`."""
        try:
            sql, parameters = _resolved(query, relations)
            return self._connection_of_thread().execute(sql, parameters).fetchall()
        except (UserError, *OF_THE_QUERY) as error:
            raise _refused(error) from None

    def hold_to(self, megabytes: int, threads: int) -> bool:
        """Take no more memory than this until `let_go`, by no more threads, and spill what needs more;
        whether it is so now. What may be less already, or cannot spill, or works side by side, stays as it
        is."""
        if self._of_thread is not None or self._whole_limit is not None:
            return False
        row = self.connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        ).fetchone()
        assert row is not None
        if not row[1] or _bytes_of(row[0]) <= megabytes << 20:
            return False
        self.connection.execute(f"SET memory_limit = '{megabytes}MiB'")
        self._whole_limit = row[0]
        self._set_threads(min(threads, self._usual))
        return True

    def let_go(self) -> bool:
        """Take as much memory as before `hold_to`, and as many threads; whether it was less in the
        meantime."""
        held, self._whole_limit = self._whole_limit, None
        if held is not None:
            limit = self.share.memory_limit or held
            self.connection.execute(f"SET memory_limit = {literal(limit)}")
            self._set_threads(self._usual)
        return held is not None

    def read_next(self, size: int | None = None) -> None:
        """What is read from now on is so many bytes (None: not known): few are read by one thread."""
        if self._of_thread is not None:
            return
        self._usual = 1 if size is not None and size <= FEW_BYTES else self.share.threads
        self._set_threads(self._usual)

    def _set_threads(self, number: int) -> None:
        """Another number of threads, where it is another: DuckDB ends and starts them. Side by side it stays
        as it is, one for each query."""
        if number != self._threads_now and self._of_thread is None:
            self.connection.execute(f"SET threads = {number}")
            self._threads_now = number

    @contextmanager
    def table(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> Iterator[str]:
        """The rows of a DuckDB query as a temporary table for the block; its name is given."""
        connection = self._connection_of_thread()
        connection.execute(f"CREATE OR REPLACE TEMP TABLE result AS {sql}", dict(parameters or {}))
        try:
            yield "result"
        finally:
            connection.execute("DROP TABLE IF EXISTS result")

    def _check(self, table: str, schema: Schema) -> None:
        found = self.schema_of(f"SELECT * FROM {table}")
        pairs = zip_longest(map(_named, schema), map(_named, found), fillvalue="no column")
        wrong = [f"{told} is declared, the query gives {given}" for told, given in pairs if told != given]
        if wrong:
            raise QueryRefusedError(
                f"the columns differ from their declaration: {'; '.join(wrong)}", wrong[0].partition(" ")[0]
            )

    def version(self, relation: str, schema: Schema) -> tuple[str, int]:
        """Version and number of rows: independent of the order of rows and the number of threads."""
        sql = f"SELECT {version_of(schema)} FROM {relation}"
        row = self._connection_of_thread().execute(sql).fetchone()
        assert row is not None
        return f"{row[0]}:{row[1]}", row[0]

    def versions_by_date(self, relation: str, schema: Schema, day: str) -> dict[date, tuple[str, int]]:
        """Version and number of rows by date, for the dates that the expression `day` gives."""
        sql = f"SELECT {day}, {version_of(schema)} FROM {relation} WHERE {day} IS NOT NULL GROUP BY 1"
        rows = self._connection_of_thread().execute(sql).fetchall()
        return {row[0]: (f"{row[1]}:{row[2]}", row[1]) for row in rows}

    def copy(
        self,
        sql: str,
        path: Path,
        pair: str,
        row_group: int = _ROW_GROUP,
        codec: str = "zstd",
        distinct: int | None = None,
    ) -> int:
        """Write the rows of a DuckDB query to a Parquet file whose footer says `edxtasks` = `pair`.

        A column with more than `distinct` values in a row group is written without a dictionary of them;
        None: as DuckDB has it. Gives the number of rows.
        """
        limit = "" if distinct is None else f", DICTIONARY_SIZE_LIMIT {distinct}"
        found = (
            self._connection_of_thread()
            .execute(
                f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION {_CODECS[codec]}, "
                f"ROW_GROUP_SIZE {row_group}{limit}, "
                f"USE_TMP_FILE false, KV_METADATA {{edxtasks: {literal(pair)}}})"
            )
            .fetchone()
        )
        assert found is not None
        rows: int = found[0]
        return rows

    def damage(self, path: Path) -> str:
        """Why the rows of a Parquet file cannot be read, in a word or two; "" when they can."""
        try:
            self.cursor().execute(
                f"SELECT sum(hash(whole)::HUGEINT) FROM ({read_parquet([path])}) AS whole"
            ).fetchone()
        except duckdb.Error as error:
            if not path.exists():
                return "it was removed"
            return str(machine_fault(error) or f"DuckDB: {type(error).__name__}")
        return ""

    def with_schema(self, relation: str, schema: Schema) -> str:
        """DuckDB SQL: a relation with exactly these columns: others are left out, missing ones are NULL."""
        found = set(self.schema_of(relation).names)

        def item(column: Column) -> str:
            if column.name not in found:
                return column.duckdb_nothing
            given = f"CAST({quoted(column.name)} AS {column.duckdb_type})"
            return f"coalesce({given}, {column.duckdb_nothing})" if column.repeated else given

        items = ", ".join(f"{item(one)} AS {quoted(one.name)}" for one in schema)
        return f"SELECT {items} FROM ({relation})"

    def schema_of(self, relation: str) -> Schema:
        """The columns of a relation (DuckDB SQL)."""
        return schema_of(self._connection_of_thread().sql(relation))


def _bytes_of(shown: str) -> float:
    """A size as DuckDB shows it: `15.6 GiB`."""
    number, unit = shown.split()
    powers = {"bytes": 0, "byte": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}
    return float(number) * 2.0 ** powers.get(unit, 50)


def _named(column: Column) -> str:
    return f"{column.name} {column.written_type}"


def schema_of(relation: duckdb.DuckDBPyRelation) -> Schema:
    """The columns of a relation. One of a type that no table of ours has is told as STRING."""
    pairs = zip(relation.columns, relation.types, strict=True)
    return Schema(tuple(_column(name, kind) for name, kind in pairs))


def spill_folder(scratch: Scratch) -> str:
    """The folder that a DuckDB may spill to; "", with which it does not spill, where none can be made."""
    try:
        return str(scratch.path / f"spill-{secrets.token_hex(4)}")  # DuckDB makes and removes it
    except NoScratchError:
        return ""


def _refused(error: UserError | duckdb.Error) -> QueryRefusedError:
    """DuckDB's complaint about a query without the place in its own SQL, which nobody has written."""
    if isinstance(error, UserError):
        return QueryRefusedError(str(error))
    return QueryRefusedError(str(error).partition("\n")[0])


def _resolved(query: Query, relations: Mapping[str, str]) -> tuple[str, dict[str, Parameter]]:
    """A query in DuckDB's SQL that names no table, and its parameters.

    Each input is written out where it is read. A view for each would have to be made, which takes as long as
    to plan a small query: DuckDB opens the files then, and once more for the query.
    """
    schemas = tuple((name, source.schema) for name, source in query.inputs.items())
    sql, names_used = _translated(query.sql, schemas)
    parameters = {name: query.parameters[name] for name in names_used}
    return _INPUT.sub(lambda found: relations[found[1]], sql), parameters


@lru_cache(maxsize=512)
def _translated(sql: str, schemas: tuple[tuple[str, Schema], ...]) -> tuple[str, tuple[str, ...]]:
    """A model in DuckDB's SQL with a mark for each input that it reads (`_INPUT`), and the parameters in it.

    Kept, also for other processes, since the same model is built for one course after the other, and
    translating takes longer than building a small table.
    """
    key = digest(sql, *(part for name, schema in schemas for part in (name, schema.digest())))
    translation, names_used = kept_result(
        "translations", code_version(), key, lambda: _translate(sql, dict(schemas))
    )
    return translation, tuple(names_used)


def _translate(sql: str, schemas: Mapping[str, Schema]) -> tuple[str, list[str]]:
    tree = dialect.parse(sql)
    return dialect.to_duckdb(tree, schemas, "\0{}\0".format), dialect.parameters(tree)


def _column(name: str, kind: Any) -> Column:
    """A column of a DuckDB type; one of a type that no table has is told as STRING."""
    if kind.id == "list":
        (_, values), *_ = kind.children
        column = _column(name, values) if values.id != "list" else None
        if column is not None and not column.description:
            return Column(name, column.type, fields=column.fields, mode="REPEATED")
    elif kind.id == "struct":
        members = tuple(_column(*member) for member in kind.children)
        if not any(member.repeated for member in members):
            return Column(name, "RECORD", fields=members)
    elif str(kind) in _KINDS:
        return Column(name, _KINDS[str(kind)])
    return Column(name, "STRING", f"stored as {kind}")
