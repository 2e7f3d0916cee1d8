"""The month files of a table partitioned by date in the embedded warehouse.

A file holds the dates of one month, in order; its footer holds stamp, version and number of rows of each of
these dates, also of dates without rows. The folder changes month by month, each by rename.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from edxtasks.errors import InputError
from edxtasks.printable import printable_path
from edxtasks.scratch import beside, publish
from edxtasks.warehouse import dialect
from edxtasks.warehouse.base import DateState
from edxtasks.warehouse.duckdb_session import Session
from edxtasks.warehouse.duckdb_sql import quoted, read_parquet
from edxtasks.warehouse.parquet.seals import copy_sealed
from edxtasks.warehouse.parquet.table_files import NO_DATES, SUFFIX, is_month_file
from edxtasks.warehouse.schema import Schema


class MonthWriter:
    """Writes month files into `folder`, each first in the folder `private`. `strays` are files of others:
    they stay (`refuse_strays`).

    `look` refuses files whose bytes have changed (`Reader.look_at_seals`), before rows of theirs are kept;
    `replacing` is called before a file is replaced or removed. `column` is the partition column, `day`
    DuckDB's expression for the date that it stands for; `before` are the dates that the table has had until
    now.
    """

    def __init__(
        self,
        session: Session,
        folder: Path,
        private: Path,
        schema: Schema,
        column: str,
        day: str,
        look: Callable[[Sequence[Path]], None],
        replacing: Callable[[], None],
        before: Collection[date],
        strays: Collection[Path] = (),
    ) -> None:
        self.schema = schema
        self.column = column
        self.day = day
        self._look = look
        self._replacing = replacing
        self._before = before
        self._session = session
        self._folder = folder
        self._private = private
        self._strays = strays

    def write(
        self,
        month: str,
        table: str | None,
        new: Mapping[date, DateState],
        states: Mapping[date, DateState],
        stamp: str,
        months: Iterable[str] | None,
    ) -> None:
        """Replace the file of a month by the dates `new` (rows from `table`) and those of `states` it holds.

        Dates in neither go. `months` are all months of the table, where it was made as a whole: a missing
        file can be told by it. Else `table` has rows of the dates `new` alone.

        Rows are picked by their dates only where some are to be left out: for a few rows it takes as long to
        plan as all else.
        """
        path = self._folder / month_file(month)
        refuse_strays([path], self._strays)
        made = {one: state for one, state in new.items() if month_of(one) == month}
        kept = {one: state for one, state in states.items() if month_of(one) == month and one not in made}
        all_states = dict(sorted((made | kept).items()))
        if not all_states:
            self._replacing()
            path.unlink(missing_ok=True)
            return
        sources = []
        if any(state.rows for state in kept.values()):
            self._look([path])
            all_stay = all(one in kept for one in self._before if month_of(one) == month)
            sources.append(read_parquet([path]) + ("" if all_stay else self._only(kept)))
        if table is not None:
            all_new = months is None and len(made) == len(new)
            sources.append(f"SELECT * FROM {table}" + ("" if all_new else self._only(made)))
        if not sources:
            sources.append(dialect.typed_empty(self.schema))
        pair: dict[str, object] = {
            "stamp": stamp,
            "dates": {one.isoformat(): [s.stamp, s.version, s.rows] for one, s in all_states.items()},
        }
        if months is not None:
            pair["months"] = [month_file(one) for one in months]
        self._copy(" UNION ALL BY NAME ".join(sources) + f" ORDER BY {quoted(self.column)}", path, pair)

    def finish(self, states: Mapping[date, DateState], stamp: str) -> None:
        """Leave the months of these dates and no others; without dates, the file that stands for none."""
        kept = month_files(states)
        if not states:
            refuse_strays([self._folder / NO_DATES], self._strays)
            self._copy(
                dialect.typed_empty(self.schema), self._folder / NO_DATES, {"stamp": stamp, "dates": {}}
            )
        for path in [*self._folder.glob(month_file("*")), self._folder / NO_DATES]:
            if path.name not in kept and is_month_file(path.name) and path not in self._strays:
                self._replacing()
                path.unlink(missing_ok=True)

    def _only(self, days: Iterable[date]) -> str:
        """DuckDB SQL that follows FROM: the rows of these dates."""
        return f" WHERE {self.day} IN ({date_list(days)})"

    def _copy(self, sql: str, path: Path, pair: Mapping[str, object]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path, self._private) as temporary:
            copy_sealed(self._session, sql, temporary, pair)
            self._replacing()
            publish(temporary, path)


def refuse_strays(paths: Iterable[Path], strays: Collection[Path]) -> None:
    """Raise `InputError` where a file of others stands in the place of one that is to be written."""
    for path in paths:
        if path in strays:
            raise InputError(
                f"{printable_path(path)}: edxtasks did not make this file, and its name is that of a file of "
                "the table. Move it out of the warehouse"
            )


def month_of(day: date) -> str:
    """`YYYY-MM` of a date."""
    return f"{day.year:04}-{day.month:02}"


def months_of(days: Iterable[date]) -> list[str]:
    """The months of dates, each once, in order."""
    return sorted({month_of(day) for day in days})


def months_between(files: Iterable[Path], first: date, last: date) -> list[Path]:
    """Those of the files of a table that hold months from one date to another, in order."""
    low, high = (month_file(month_of(day)) for day in (first, last))
    months = (path for path in files if is_month_file(path.name) and path.name != NO_DATES)
    return sorted(path for path in months if low <= path.name <= high)


def month_file(month: str) -> str:
    """Name of the file of a month."""
    return f"month={month}{SUFFIX}"


def month_files(days: Iterable[date]) -> set[str]:
    """Names of the files of a table with these dates."""
    return {month_file(month) for month in months_of(days)} or {NO_DATES}


def date_list(days: Iterable[date]) -> str:
    """DuckDB's list of dates for `IN (…)`; NULL, which nothing equals, for none."""
    return ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(days)) or "NULL"
