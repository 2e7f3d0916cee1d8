"""What a warehouse is told of tables and tells of them, in terms that both engines know: names, states,
queries."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from edxtasks.errors import UserError
from edxtasks.warehouse.rows import JsonLines, ParquetFiles, Row
from edxtasks.warehouse.schema import Schema

NAME = re.compile(r"[A-Za-z0-9_]+")
"""A name of a dataset or table."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT])i?B", re.IGNORECASE)

MEMORY_OF_LOADS = 400
"""Megabytes that loads side by side take unless a person gives a process more: with all else that it holds,
500."""

MOST_DATES = 2_000
"""Dates of a partitioned table that one query makes, at most: BigQuery changes 4,000 partitions in a job."""

Parameter = str | int | float | bool | date | None
"""Value of a named query parameter."""


@dataclass(frozen=True)
class ResourceLimits:
    """What one process may take of the machine: threads, memory (`4GB`, `512MiB`; "" = the engine's own).

    `memory_of_loads` are the megabytes that tables which are loaded side by side take together.
    """

    threads: int = 1
    memory_limit: str = ""
    memory_of_loads: int = MEMORY_OF_LOADS

    @property
    def megabytes(self) -> float | None:
        """The memory in megabytes; None where it is the engine's own."""
        size = _SIZE.fullmatch(self.memory_limit)
        return float(size[1]) * 1000.0 ** "KMGT".index(size[2].upper()) / 1000 if size else None

    def at_once(self, megabytes: int) -> int:
        """How many pieces of work of one thread and so much memory may run side by side; at least one."""
        memory = self.megabytes
        return self.threads if memory is None else max(1, min(self.threads, int(memory // megabytes)))


@dataclass(frozen=True, order=True)
class TableName:
    """A table in its dataset. Both names are letters, digits and `_`: they become paths and queries."""

    dataset: str
    table: str

    def __post_init__(self) -> None:
        for name in (self.dataset, self.table):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a name of a dataset or table: letters, digits and _ only")

    def __str__(self) -> str:
        return f"{self.dataset}.{self.table}"


@dataclass(frozen=True)
class DateState:
    """One date of a partitioned table: its stamp (None: not known), the version of its rows, their number."""

    stamp: str | None
    version: str
    rows: int


@dataclass(frozen=True)
class TableState:
    """What the warehouse knows of a table without reading its rows.

    `first_time` and `last_time` (microseconds since 1970, UTC) are known for days of the tracking log;
    `event_dates` notes on which dates their events are, where they are not on all between (see
    `build/event_dates.py`).
    `signature` is a note of the last check: the digest of everything that a partitioned table was found
    fresh against, which spares looking at each of its dates again. `fault` says why the table, or a part of
    it, cannot be read: it has no stamp then.
    """

    stamp: str | None
    version: str
    rows: int
    partitioned: bool = False
    first_time: int | None = None
    last_time: int | None = None
    signature: str | None = None
    fault: str = ""
    event_dates: str = ""


@dataclass(frozen=True)
class Integrity:
    """What is wrong with the bytes of a table ("" where nothing is) and with the note beside it; `verified`:
    whether there were checksums of all its files."""

    fault: str = ""
    note: str = ""
    verified: bool = True


@dataclass(frozen=True)
class TableInfo:
    """Metadata of a table for people: rows, bytes, times (seconds since 1970), schema, description."""

    rows: int
    bytes: int
    created: float
    modified: float
    schema: Schema
    description: str


@dataclass(frozen=True)
class BuildInfo:
    """What is written with the rows of a table: its stamp, and what is known of its content beforehand.

    `version`, `rows`, `first_time`, `last_time`, `event_dates` are given where the caller knows them (a shard
    of the tracking log has them in its list); else the engine finds version and rows itself. `parts` says
    what the stamp was made of, by name, so that a later check can tell what has changed. `signature` is
    what a partitioned table is fresh against once it is built (see `TableState`); an engine where it costs
    more to note it later keeps it.
    """

    stamp: str
    version: str | None = None
    rows: int | None = None
    first_time: int | None = None
    last_time: int | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    signature: str | None = None
    event_dates: str = ""


@dataclass(frozen=True)
class Tables:
    """An input that is the union of whole tables (one, or one a course), columns matched by name.

    `lacking` says which columns a table has not; they are NULL in its rows.
    """

    names: tuple[TableName, ...]
    schema: Schema
    lacking: Mapping[TableName, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class DatesOf:
    """An input that is a partitioned table between two dates, both included."""

    name: TableName
    schema: Schema
    column: str
    first: date
    last: date


@dataclass(frozen=True)
class LogDays:
    """The input `tracklog`: events of the named day tables with low ≤ time < high (microseconds)."""

    dataset: str
    tables: tuple[str, ...]
    schema: Schema
    low: int
    high: int


@dataclass(frozen=True)
class Absent:
    """An input that does not exist: an empty relation with its columns."""

    schema: Schema


@dataclass(frozen=True)
class Fresh:
    """The rows that are about to become those of a table: the engine that builds it knows where they are."""

    schema: Schema


Loadable = Iterable[Row] | JsonLines | ParquetFiles
"""What a table can be loaded from."""

Input = Tables | DatesOf | LogDays | Absent | Fresh


def tables_in(source: Input) -> int:
    """How many tables an input is."""
    match source:
        case Absent():
            return 0
        case Tables(names=names):
            return len(names)
        case LogDays(tables=days):
            return len(days)
        case _:
            return 1


class QueryRefusedError(UserError):
    """A query that the engine cannot run as it is written: the text says what is wrong with it, `column` in
    which output column, where it is one."""

    def __init__(self, told: str, column: str = "") -> None:
        super().__init__(told)
        self.column = column


@dataclass(frozen=True)
class Query:
    """A GoogleSQL query, the inputs behind the names in it, its parameters, and the columns it gives."""

    sql: str
    inputs: Mapping[str, Input]
    parameters: Mapping[str, Parameter]
    schema: Schema


@dataclass(frozen=True)
class Dates:
    """A part of a build by date: the query, and the stamp of each date that it makes.

    Rows of other dates are left out: the query may see more for context. `stamps` None: the query gives
    whatever dates there are, and each gets the stamp of the table.
    """

    query: Query
    stamps: Mapping[date, str] | None


def whole_version(dates: Mapping[date, DateState]) -> str:
    """The version of a partitioned table as a whole: from those of its dates that hold rows."""
    held = sorted((day.isoformat(), state.version) for day, state in dates.items() if state.rows)
    return digest(*(part for pair in held for part in pair))


def user_name() -> str:
    """Who runs this process, for people; a user without a name (in a container, say) by the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def digest(*parts: str) -> str:
    """Digest of texts in order: 40 hex digits, so that it fits a label of BigQuery (63 characters)."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    if not text.isascii():  # the lengths are those of bytes
        text = "".join([f"{len(part.encode())}:{part}" for part in parts])
    return hashlib.sha256(text.encode()).hexdigest()[:40]
