"""The interface of a warehouse.

A warehouse holds tables in datasets, and with each table what decides whether it is fresh: its *stamp*
(digest of recipe and inputs) and its *version* (digest of its rows). A table partitioned by date has both
by date. Two engines stand behind this interface: Parquet files with DuckDB (`parquet/`) and BigQuery.
Queries come as GoogleSQL; an engine resolves the names of their inputs, which `base.py` describes in terms
that both engines know.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from edxtasks.csv_text import TextForm
from edxtasks.warehouse.base import (
    BuildInfo,
    Dates,
    DateState,
    Integrity,
    Loadable,
    Query,
    TableInfo,
    TableName,
    TableState,
)
from edxtasks.warehouse.checks import Counts, TableChecks
from edxtasks.warehouse.schema import Schema


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

    def columns(self, name: TableName) -> Schema | None:
        """The columns of a table, None when it does not exist."""
        info = self.info(name)
        return None if info is None else info.schema

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
