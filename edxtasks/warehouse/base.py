"""The interface of a warehouse.

A warehouse holds tables in datasets, and with each table what decides whether it is fresh: its *stamp*
(digest of recipe and inputs) and its *version* (digest of its rows). A table partitioned by date has both
by date. Two engines stand behind this interface: Parquet files with DuckDB (`parquet/`) and BigQuery.
Queries come as GoogleSQL; an engine resolves the names of their inputs, which are described here in terms
that both engines know.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edxtasks.csv_text import TextForm
from edxtasks.errors import UserError
from edxtasks.warehouse.rows import JsonLines, ParquetFiles, Row
from edxtasks.warehouse.schema import Schema

if TYPE_CHECKING:
    from edxtasks.warehouse.checks import Counts, TableChecks

NAME = re.compile(r"[A-Za-z0-9_]+")
"""A name of a dataset or table."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT])i?B", re.IGNORECASE)

MOST_DATES = 2_000
"""Dates of a partitioned table that one query makes, at most: BigQuery changes 4,000 partitions in a job."""

Parameter = str | int | float | bool | date | None
"""Value of a named query parameter."""


@dataclass(frozen=True)
class ResourceLimits:
    """What one process may take of the machine: threads, memory (`4GB`, `512MiB`; "" = the engine's own)."""

    threads: int = 1
    memory_limit: str = ""

    def at_once(self, megabytes: int) -> int:
        """How many pieces of work of one thread and so much memory may run side by side; at least one."""
        size = _SIZE.fullmatch(self.memory_limit)
        if size is None:
            return self.threads
        memory = float(size[1]) * 1000.0 ** "KMGT".index(size[2].upper()) / 1000
        return max(1, min(self.threads, int(memory // megabytes)))


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

    `first_time` and `last_time` (microseconds since 1970, UTC) are known for days of the tracking log.
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

    `version`, `rows`, `first_time`, `last_time` are given where the caller knows them (a shard of the
    tracking log has them in its list); else the engine finds version and rows itself. `parts` says what
    the stamp was made of, by name, so that a later check can tell what has changed. `signature` is what a
    partitioned table is fresh against once it is built (see `TableState`); an engine where it costs more to
    note it later keeps it.
    """

    stamp: str
    version: str | None = None
    rows: int | None = None
    first_time: int | None = None
    last_time: int | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    signature: str | None = None


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
    """A query that the engine cannot run as it is written: the text says what is wrong with it."""


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


class Warehouse(ABC):
    """Tables, their stamps, and the ways to build them."""

    days_in_query: int | None
    """Most log days that one query may read; None: no limit, but work is cut by month."""

    loads_at_once: int = 1
    """In how many threads tables are loaded side by side (see `side_by_side`)."""

    where: str
    """Where the tables are, for people."""

    progress: Callable[[int, int, str], None] | None = None
    """Called with what is done of a build that takes long, of how much (0: not known), in which unit; None
    where nobody wants to know."""

    def tell_waiting(self, told: str) -> None:
        """Tell, as progress, whom a build waits for."""
        if self.progress is not None:
            self.progress(0, 0, told)

    def notices(self, dataset: str) -> tuple[str, ...]:
        """What people should know of a dataset in which something was built; each is told once."""
        return ()

    @abstractmethod
    def states(self, dataset: str) -> Mapping[str, TableState]:
        """The state of every table of a dataset (one listing; kept until `refresh`). {} for no dataset."""

    @abstractmethod
    def refresh(self, dataset: str) -> None:
        """Forget what was listed of a dataset: somebody else has built in it."""

    @abstractmethod
    def refresh_all(self) -> None:
        """Forget everything that was listed."""

    @abstractmethod
    def dates(self, name: TableName) -> Mapping[date, DateState]:
        """The dates of a partitioned table. {} when it does not exist."""

    @abstractmethod
    def parts(self, name: TableName) -> Mapping[str, str]:
        """What the stamp of a table was made of, by name, as far as it is still known."""

    @abstractmethod
    def note_signature(self, name: TableName, signature: str) -> None:
        """Keep the digest of what a partitioned table was found fresh against (see `TableState`)."""

    def save_listings(self) -> None:  # noqa: B027 - a warehouse need not keep any
        """Keep what was listed and noted in this run for the next one, where that spares it work."""

    @abstractmethod
    def lock(self, name: TableName) -> AbstractContextManager[object]:
        """Hold a table while it is built: another run, also of another person, waits."""

    @abstractmethod
    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        """Replace a table by rows or files of rows; atomic. Raises `InputError` for a refused row.

        `checks` look the rows over before they replace the table: `CheckFailedError` leaves it as it was.
        """

    def side_by_side(self) -> AbstractContextManager[object]:
        """A block in which `load` (of labels with version and rows) and `drop` are called from several
        threads, and nothing else."""
        return nullcontext()

    @abstractmethod
    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None = None
    ) -> TableState:
        """Replace a table by the result of a query; atomic. `checks` as for `load`."""

    @abstractmethod
    def create_dates(
        self,
        name: TableName,
        schema: Schema,
        column: str,
        work: Sequence[Dates],
        keep: Iterable[date],
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        """Replace dates of a partitioned table.

        `column` is the partition column (DATE, or TIMESTAMP whose UTC date counts). Dates of `work` are
        replaced, dates in `keep` stay as they are, all others go. `checks` look the rows of each part of
        `work` over before they replace its dates: after `CheckFailedError` those of earlier parts are
        replaced.
        """

    @abstractmethod
    def count(self, query: Query) -> Counts:
        """The one row that a query gives, of INTEGERs."""

    @abstractmethod
    def select(self, query: Query) -> list[tuple[object, ...]]:
        """The rows of a query that only looks and gives few, in the order that it says; timestamps as aware
        datetimes in UTC. Raises `QueryRefusedError`."""

    def select_all(self, queries: Sequence[Query]) -> list[list[tuple[object, ...]]]:
        """As `select`, for several queries."""
        return [self.select(query) for query in queries]

    @abstractmethod
    def note_checks(self, name: TableName, digest: str, results: Sequence[Mapping[str, Any]]) -> None:
        """Keep beside a table which checks its rows went through, and what they found."""

    @abstractmethod
    def checked(self, name: TableName) -> str | None:
        """The digest that `note_checks` was given for the rows that a table has, None where there is none."""

    @abstractmethod
    def check_results(self, name: TableName) -> Sequence[Mapping[str, Any]]:
        """The results that `note_checks` was given."""

    @abstractmethod
    def drop(self, name: TableName) -> bool:
        """Remove a table. False when there was none."""

    @abstractmethod
    def forget(self, name: TableName) -> bool:
        """Take the stamp away, so that the table is stale; rows stay. False when there is no table."""

    @abstractmethod
    def built_here(self, name: TableName) -> bool:
        """Whether the product has built a table that is there, or begun to: it is not somebody else's."""

    @abstractmethod
    def set_aside(self, name: TableName) -> bool:
        """Take a table away without losing it: it is not a table of the dataset any more, for nobody.

        One that was set aside under this name before goes. False when there is no table.
        """

    @abstractmethod
    def aside(self, dataset: str) -> Mapping[str, TableState]:
        """The state of every table of a dataset that was set aside (kept until `refresh`)."""

    @abstractmethod
    def take_back(self, name: TableName) -> bool:
        """Put a table that was set aside in its place, as it was. False when there is none, or there is a
        table in its place."""

    @abstractmethod
    def drop_aside(self, name: TableName) -> bool:
        """Remove a table that was set aside. False when there is none. `drop` does it too."""

    def bytes_of(self, name: TableName) -> int | None:
        """Bytes of a table as it is stored; None where there is no table, or a service would have to be
        asked."""
        return None

    @abstractmethod
    def info(self, name: TableName) -> TableInfo | None:
        """Metadata of a table, None when it does not exist."""

    @abstractmethod
    def datasets(self) -> list[str]:
        """Names of all datasets, sorted."""

    @abstractmethod
    def has_dataset(self, dataset: str) -> bool:
        """Whether there is such a dataset."""

    def project(self, dataset: str) -> str | None:
        """The Google Cloud project that a dataset is in; None where the engine has no projects."""
        return None

    def table_types(self, dataset: str) -> Mapping[str, str]:
        """What the tables of a dataset are (`TABLE`, `VIEW` and what else BigQuery has), by name, sorted."""
        return dict.fromkeys(sorted(self.states(dataset)), "TABLE")

    @abstractmethod
    def other_owner(self, dataset: str, owner: str) -> str | None:
        """Whose tables a dataset holds, for people, where it is noted and they are not those of `owner`."""

    @abstractmethod
    def note_owner(self, dataset: str, owner: str) -> None:
        """Note whose tables a dataset holds, or will hold, unless it is noted already."""

    def verify(self, name: TableName) -> Integrity:
        """Whether the bytes of a table are still those that were written: its files are read. What has
        changed is noted, so that the next run rebuilds the table. BigQuery looks after its bytes itself."""
        return Integrity()

    def remarks(self) -> list[str]:
        """What lies among the tables and is not read, of what was listed: lines for people."""
        return []

    @abstractmethod
    def describe(self, name: TableName, description: str) -> None:
        """Replace what the label said in the description of a table; all else of the table stays."""

    @abstractmethod
    def read(
        self, name: TableName, columns: Sequence[str] | None = None, ordered: bool = False
    ) -> Iterator[tuple[object, ...]]:
        """Rows of a table, streamed; timestamps as aware datetimes in UTC.

        `ordered`: by the columns that are read, from the first on, NULL first; else as they are stored.
        """

    def texts(
        self, name: TableName, schema: Schema, forms: Sequence[TextForm], ordered: bool = False
    ) -> Iterator[tuple[int, tuple[bytes, ...]]] | None:
        """Rows of a table as lines of text, streamed: some rows at a time, their number and their lines in
        each form. None where the engine does not spell rows: of a small table, one with columns of other
        types than `schema` says, or nested ones, and on BigQuery. `ordered` as in `read`."""
        return None

    @abstractmethod
    def location(self, name: TableName, partitioned: bool) -> Path | None:
        """The file or folder of a table where the engine keeps it in one, else None."""


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
    total = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        total.update(f"{len(encoded)}:".encode())
        total.update(encoded)
    return total.hexdigest()[:40]
