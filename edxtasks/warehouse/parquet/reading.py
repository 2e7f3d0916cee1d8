"""Reading tables of the embedded warehouse with DuckDB: relations over their files, the inputs of a query,
and what is done about a file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edxtasks.csv_text import TextForm
from edxtasks.errors import InputError, UserError
from edxtasks.printable import listed as listed_texts
from edxtasks.printable import printable_path
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import (
    DatesOf,
    Input,
    LogDays,
    Query,
    ResourceLimits,
    TableName,
    Tables,
)
from edxtasks.warehouse.duckdb_sql import (
    as_stored,
    day_of,
    literal,
    names,
    parquet_files,
    quoted_name,
    read_parquet,
)
from edxtasks.warehouse.parquet.folder import WarehouseFolder
from edxtasks.warehouse.parquet.seals import Seals
from edxtasks.warehouse.parquet.table_files import FileMark
from edxtasks.warehouse.parquet.texts import line
from edxtasks.warehouse.schema import Schema

if TYPE_CHECKING:
    from edxtasks.warehouse.duckdb_session import Session

_ROWS_AT_ONCE = 2_048
"""Rows that are taken from the engine at once: a chunk of its own; a row may have several MiB."""
FEWEST_BYTES_OF_TEXTS = 1 << 18
"""Bytes of the files of a table whose rows are spelt faster in Python: to plan it takes DuckDB 40 ms."""
_IN_ORDER = " ORDER BY ALL ASC NULLS FIRST"


class UnreadableError(InputError):
    """Files of the warehouse cannot be read."""


class Reader:
    """Reads the tables of a warehouse folder. `share` is what its DuckDB may take of the machine, `scratch`
    where that may spill to."""

    def __init__(self, folder: WarehouseFolder, share: ResourceLimits, scratch: Scratch) -> None:
        self._folder = folder
        self._share = share
        self._scratch = scratch
        self._session: Session | None = None
        self._seals = Seals()
        self._schemas: dict[TableName, tuple[Mapping[str, FileMark], Schema]] = {}
        self._same: dict[Schema, Schema] = {}  # a thousand courses have the same columns

    @property
    def session(self) -> Session:
        """The DuckDB of this process, made when it is first needed."""
        from edxtasks.warehouse.duckdb_session import Session

        if self._session is None:
            self._session = Session(self._share, self._scratch)
        return self._session

    @contextmanager
    def engine(self, files: Sequence[Path] = ()) -> Iterator[None]:
        """A block in which DuckDB reads `files`: what it refuses is raised as an error for people.

        A file that cannot be read is noted as damaged; its table is then stale.
        """
        import duckdb

        from edxtasks.warehouse.refusals import machine_fault

        try:
            yield
        except duckdb.Error as error:
            fault = machine_fault(error) or self._damages(files)
            if fault is None:
                raise
            raise fault from None

    @contextmanager
    def inputs_of(self, query: Query, files: Sequence[Path] = ()) -> Iterator[dict[str, str]]:
        """A block in which the inputs of a query are read; they are given by name, as they stand in FROM.
        `files` are those that DuckDB reads in it besides."""
        read = self._files_of(query)
        self.look_at_seals(read)
        if read:
            self.session.read_next(bytes_of(read))
        with self.engine([*read, *files]):
            yield self._relations(query)

    def at_once(self, queries: Sequence[Query], megabytes: int) -> int:
        """How many of several queries, of one thread and so much memory each, are best run side by side: of
        those that read little one after the other."""
        from edxtasks.warehouse.duckdb_session import FEW_BYTES

        most = min(len(queries), self._share.at_once(megabytes))
        if most < 2:
            return 1
        return most if sum(bytes_of(self._files_of(one)) for one in queries) > FEW_BYTES * len(queries) else 1

    def look_at_seals(self, files: Sequence[Path]) -> None:
        """Raise `UnreadableError` where bytes of files have changed since they were written; it is noted."""
        found = self._seals.broken(files)
        if found:
            raise self._note_damages(found)

    def changed(self, name: TableName) -> str:
        """Which files of a table have bytes that changed since they were written, and so are noted; "" where
        none has."""
        found = self._seals.broken(self._folder.files(name))
        if not found:
            return ""
        self._note_damages(found)
        return listed_texts([f"{printable_path(path)} ({fault})" for path, fault in found.items()], 3, None)

    def first_row(self, query: Query, relations: Mapping[str, str] | None = None) -> tuple[Any, ...]:
        """The first row of a query, in whose FROM `relations` stand for the inputs of their names."""
        with self.inputs_of(query) as inputs:
            return self.session.first_row(query, inputs | dict(relations or {}))

    def all_rows(self, query: Query) -> list[tuple[object, ...]]:
        """The rows of a query, in its order."""
        with self.inputs_of(query) as inputs:
            return self.session.all_rows(query, inputs)

    def relation(self, *names: TableName) -> str:
        """DuckDB SQL that reads a table, or several together with columns matched by name."""
        return read_parquet([path for name in names for path in self._folder.files(name)])

    def schema(self, name: TableName) -> Schema:
        """The columns of a table as its files declare them. They are asked for once, as long as the files
        stay as they are: every table over courses asks for those of each course."""
        relation, marks = self.relation(name), self._folder.listing(name.dataset).marks(name.table)
        known = self._schemas.get(name)
        if known is None or known[0] != marks:
            with self.engine(self._folder.files(name)):
                found = self.session.schema_of(relation)
            known = self._schemas[name] = marks, self._same.setdefault(found, found)
        return known[1]

    def rows(
        self, name: TableName, columns: Sequence[str] | None, ordered: bool
    ) -> Iterator[tuple[object, ...]]:
        """As `Warehouse.read` says."""
        selected = "*" if columns is None else ", ".join(map(quoted_name, columns))
        order = _IN_ORDER if ordered else ""
        for rows in self._fetched(name, f"SELECT {selected} FROM ({self.relation(name)}){order}"):
            yield from rows

    def texts(
        self, name: TableName, schema: Schema, forms: Sequence[TextForm], ordered: bool
    ) -> Iterator[tuple[int, tuple[bytes, ...]]] | None:
        """As `Warehouse.texts` says."""
        files = self._folder.files(name)
        if bytes_of(files) <= FEWEST_BYTES_OF_TEXTS:
            return None
        with self.engine(files):
            chosen = f"SELECT {names(schema)} FROM ({self.relation(name)})"
            found = self.session.schema_of(chosen)
        if any(column.repeated or column.fields for column in schema) or any(
            told.signature() != column.signature() or told.description
            for told, column in zip(found, schema, strict=True)
        ):
            return None
        lines = ", ".join(line(schema, form) for form in forms)
        order = _IN_ORDER if ordered else ""
        rows = self._fetched(name, f"SELECT {lines} FROM ({chosen}{order})")
        return (
            (len(some), tuple("\n".join([*column, ""]).encode() for column in zip(*some, strict=True)))
            for some in rows
        )

    def _fetched(self, name: TableName, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a DuckDB query that reads one table, some at a time."""
        from edxtasks.warehouse.duckdb_session import FEW_BYTES

        cursor = self.session.cursor()
        files = self._folder.files(name)
        self.look_at_seals(files)
        with self.engine(files):
            if bytes_of(files) > FEW_BYTES:
                self.session.read_next()
            cursor.execute(sql)
        while True:
            with self.engine(files):
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield rows

    def _files_of(self, query: Query) -> list[Path]:
        return [path for source in query.inputs.values() for path in self._source_files(source)]

    def _relations(self, query: Query) -> dict[str, str]:
        return {name: self._input(source) for name, source in query.inputs.items()}

    def _source_files(self, source: Input) -> list[Path]:
        from edxtasks.warehouse.parquet.months import months_between

        if isinstance(source, Tables):
            return [path for name in source.names for path in self._folder.present_files(name)]
        if isinstance(source, DatesOf):
            return months_between(self._folder.files(source.name), source.first, source.last)
        if isinstance(source, LogDays):
            days = [TableName(source.dataset, day) for day in source.tables]
            return [path for day in days for path in self._folder.present_files(day)]
        return []

    def _input(self, source: Input) -> str:
        from edxtasks.warehouse import dialect

        files = self._source_files(source)
        condition, as_declared = "", False
        if isinstance(source, Tables):
            as_declared = len(source.names) > 1 or bool(source.lacking)
        elif isinstance(source, DatesOf):
            day = day_of(source.schema[source.column])
            condition = f" WHERE {day} BETWEEN DATE '{source.first}' AND DATE '{source.last}'"
        elif isinstance(source, LogDays):
            states = self._folder.listing(source.dataset).states
            as_declared = any(day in states and states[day].stamp is None for day in source.tables)
            low, high = (literal(_timestamp(one)) for one in (source.low, source.high))
            condition = f" WHERE time >= {low}::TIMESTAMPTZ AND time < {high}::TIMESTAMPTZ"
        if not files:
            return f"({dialect.typed_empty(source.schema)})"
        if as_declared:
            return f"({self.session.with_schema(read_parquet(files), source.schema)}{condition})"
        columns = as_stored(source.schema)
        if columns == "*" and not condition:
            return parquet_files(files)
        return f"(SELECT {columns} FROM {parquet_files(files)}{condition})"

    def _damages(self, files: Sequence[Path]) -> UserError | None:
        """The files that cannot be read, as an error for people; they are noted."""
        found = {path: damage for path in files if (damage := self.session.damage(path))}
        return self._note_damages(found) if found else None

    def _note_damages(self, found: Mapping[Path, str]) -> UserError:
        for path, damage in found.items():
            if path.is_relative_to(self._folder.path):
                dataset = path.relative_to(self._folder.path).parts[0]
                self._folder.listing(dataset).note_damage(path, damage)
                self._folder.refresh(dataset)
        told = listed_texts([f"{printable_path(path)} ({damage})" for path, damage in found.items()], 3, None)
        return UnreadableError(f"damaged, so that it cannot be read: {told}. Run again: the table is rebuilt")


def bytes_of(files: Sequence[Path]) -> int:
    """How large files are that are there."""
    size = 0
    for path in files:
        with suppress(OSError):  # reading it says what is wrong
            size += path.stat().st_size
    return size


def _timestamp(microseconds: int) -> str:
    last = datetime.max.replace(tzinfo=UTC)  # a window without end goes beyond what a datetime can say
    start = datetime(1970, 1, 1, tzinfo=UTC)
    moment = start + timedelta(microseconds=min(microseconds, (last - start) // timedelta(microseconds=1)))
    return moment.isoformat(sep=" ")
