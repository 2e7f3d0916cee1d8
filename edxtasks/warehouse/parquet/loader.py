"""Loading tables of the embedded warehouse from rows, JSON lines or Parquet files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from edxtasks.errors import InputError
from edxtasks.files import writing
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import BuildInfo, Loadable, TableName, TableState
from edxtasks.warehouse.duckdb_sql import LONGEST_LINES, listed, read_json, read_parquet
from edxtasks.warehouse.parquet.building import ROWS_IN_GROUP, Builder
from edxtasks.warehouse.parquet.memory_budget import MemoryBudget
from edxtasks.warehouse.parquet.reading import Reader, bytes_of
from edxtasks.warehouse.rows import JsonLines, ParquetFiles, Row
from edxtasks.warehouse.schema import Schema

if TYPE_CHECKING:
    from edxtasks.warehouse.checks import TableChecks

MEMORY_OF_LOAD = 200
"""Megabytes that one thread takes to load a day table of any size; with less it takes longer."""

LEAST_MEMORY_OF_LOAD = 20
"""Megabytes that loading a table of a few rows takes."""

ROWS_IN_VECTOR = 2_048
"""Rows that DuckDB works on at once."""

MEMORY_OF_LARGE_DAY = 400
"""Megabytes that DuckDB takes for a day that several threads load. Left alone it takes what there is: one
thread inflates, and the rows of the others wait for their turn."""

MEMORY_OF_THREAD = 100
"""Megabytes of these for each thread: where more threads share them, they run out."""

MEMORY_HELD = 256
"""Megabytes that DuckDB takes for the rows of a table that come once, and whose number is not known."""


LARGE = 4 << 20
"""Bytes of files that are loaded in less memory than there is: to tell DuckDB so takes a millisecond."""


class Loader:
    """Loads tables of a warehouse folder. Rows lie in `scratch` on their way. What is loaded side by side
    takes `memory` megabytes together."""

    def __init__(self, reader: Reader, builder: Builder, scratch: Scratch, memory: int) -> None:
        self._reader = reader
        self._builder = builder
        self._scratch = scratch
        self._memory = MemoryBudget(memory)
        self._long_lines = threading.Lock()

    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None,
    ) -> TableState:
        """As `Warehouse.load` says."""
        self._reader.session.read_next()
        if isinstance(content, ParquetFiles):
            with self._reader.engine(content.paths):
                sql = f"SELECT {listed(schema)} FROM ({read_parquet(content.paths)})"
                return self._load(name, schema, sql, label, checks, content.paths, once=False)
        with self._reader.engine(), self._json_files(schema, content) as paths:
            return self._load_json(name, schema, paths, label, checks)

    @contextmanager
    def _json_files(self, schema: Schema, content: JsonLines | Iterable[Row]) -> Iterator[Sequence[Path]]:
        if isinstance(content, JsonLines):
            yield content.paths
            return
        with self._scratch.folder() as folder:
            path = folder / "rows.json"
            _write_rows(path, schema, content)
            yield [path]

    def _load_json(
        self,
        name: TableName,
        schema: Schema,
        paths: Sequence[Path],
        label: BuildInfo,
        checks: TableChecks | None,
    ) -> TableState:
        import duckdb

        from edxtasks.warehouse.refusals import is_too_long, refusal

        for longest in LONGEST_LINES:
            # Buffers for long lines are large: of the loads side by side, one at a time has them.
            alone = nullcontext() if longest == LONGEST_LINES[0] else self._long_lines
            try:
                with alone:
                    sql = read_json(paths, schema, longest)
                    return self._load(name, schema, sql, label, checks, paths, once=True)
            except duckdb.Error as error:
                if not is_too_long(error):
                    raise refusal(error, paths) from None
        raise InputError(
            f"{paths[0]}: a line is longer than {LONGEST_LINES[-1] >> 20} MiB, the longest that a table takes"
        )

    def _load(
        self,
        name: TableName,
        schema: Schema,
        sql: str,
        label: BuildInfo,
        checks: TableChecks | None,
        files: Sequence[Path],
        once: bool,
    ) -> TableState:
        """Write rows that a DuckDB query gives that reads `files`. It is run `once` only where they take long
        to read, if need be through a temporary table."""
        session, write = self._reader.session, self._builder.write
        if label.version is not None and label.rows is not None:
            known = partial(write, name, schema, sql, label.version, label.rows, label, checks)
            with self._memory.taken(memory_of_load(label.rows)):
                return self._in_little_memory(known, MEMORY_OF_LARGE_DAY, files)
        if once:
            through_table = partial(self._through_table, name, schema, sql, label, checks)
            return self._in_little_memory(through_table, MEMORY_HELD, files)

        def read_twice() -> TableState:
            return write(name, schema, sql, *session.version(f"({sql})", schema), label, checks)

        return self._in_little_memory(read_twice, MEMORY_HELD, files)

    def _in_little_memory(
        self, work: Callable[[], TableState], megabytes: int, files: Sequence[Path]
    ) -> TableState:
        """Write the rows of large files in so much memory where that is enough, by as many threads as have
        room in it, else by one, else in all that this process may take."""
        import duckdb

        session = self._reader.session
        most = max(1, megabytes // MEMORY_OF_THREAD)
        for threads in sorted({most, 1}, reverse=True) if bytes_of(files) > LARGE else ():
            if not session.hold_to(megabytes, threads):
                break
            try:
                return work()
            except duckdb.OutOfMemoryException:  # rows of which a few thousand are as much
                if not session.let_go():
                    raise
            finally:
                session.let_go()
        return work()

    def _through_table(
        self, name: TableName, schema: Schema, sql: str, label: BuildInfo, checks: TableChecks | None
    ) -> TableState:
        session = self._reader.session
        with session.table(sql) as table:
            return self._builder.write_table(name, schema, table, label, checks)


def memory_of_load(rows: int) -> int:
    """Megabytes that one thread takes to load a day table of so many rows, about. Half of it is for the lines
    that are read at once, as many as DuckDB puts into a vector, half for the rows of a row group."""
    full_vector, full_group = min(1.0, rows / ROWS_IN_VECTOR), min(1.0, rows / ROWS_IN_GROUP)
    return LEAST_MEMORY_OF_LOAD + int(
        (MEMORY_OF_LOAD - LEAST_MEMORY_OF_LOAD) * (full_vector + full_group) / 2
    )


def _write_rows(path: Path, schema: Schema, rows: Iterable[Row]) -> None:
    known = set(schema.names)
    with writing(path) as file:
        for row in rows:
            if not row.keys() <= known:
                raise ValueError(f"columns that the table does not have: {sorted(row.keys() - known)}")
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
