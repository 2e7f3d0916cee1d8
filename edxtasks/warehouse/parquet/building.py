"""Building tables of the embedded warehouse: rows are written beside, looked over, and renamed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edxtasks.errors import InputError, MemoryRanOutError
from edxtasks.printable import quantity
from edxtasks.scratch import beside, publish
from edxtasks.warehouse.base import (
    BuildInfo,
    Dates,
    DateState,
    Fresh,
    Query,
    TableName,
    TableState,
    whole_version,
)
from edxtasks.warehouse.duckdb_sql import day_of, parquet_files, read_parquet
from edxtasks.warehouse.parquet.folder import WarehouseFolder
from edxtasks.warehouse.parquet.footer import DamagedFileError, read_footer
from edxtasks.warehouse.parquet.notes import TableNotes
from edxtasks.warehouse.parquet.reading import Reader, UnreadableError
from edxtasks.warehouse.parquet.seals import copy_sealed
from edxtasks.warehouse.schema import Schema

if TYPE_CHECKING:
    from edxtasks.warehouse.checks import Counts, TableChecks
    from edxtasks.warehouse.parquet.months import MonthWriter

NO_ROWS = "0:0"
"""Version of a date, or table, without rows."""

ROWS_IN_GROUP = 20_480
"""Rows in a row group of a whole table: small, so that a load of wide rows needs little memory."""

DISTINCT_IN_GROUP = 2_048
"""Most distinct values of a column in a full row group that are written as a dictionary. DuckDB holds room
for so many of each column, and by itself for more: for a day of events 60 MB, with which the file is no
smaller. For few rows it holds less by itself."""

MEMORY_OF_PART = 300
"""Megabytes that the query of one part of a table's dates may take where several run side by side."""

FEW_ROWS = 500
"""Most rows of a whole table that is compressed with Snappy. zstd begins anew for each column, which in a day
table is a third of the time that so few rows take, and makes the file less than a fifth smaller."""


class Builder:
    """Builds the tables of a warehouse folder."""

    def __init__(self, folder: WarehouseFolder, reader: Reader, notes: TableNotes) -> None:
        self._folder = folder
        self._reader = reader
        self._notes = notes

    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None
    ) -> TableState:
        """As `Warehouse.create` says."""
        with self._reader.inputs_of(query) as inputs, self._reader.session.result(query, inputs) as table:
            return self.write_table(name, query.schema, table, label, checks)

    def create_dates(
        self,
        name: TableName,
        schema: Schema,
        column: str,
        work: Sequence[Dates],
        keep: Iterable[date],
        label: BuildInfo,
        checks: TableChecks | None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> TableState:
        """As `Warehouse.create_dates` says; `progress` as `Warehouse.progress`."""
        from edxtasks.warehouse.parquet.months import MonthWriter, month_files, months_of, refuse_strays

        place, single = (self._folder.place(name, partitioned=form) for form in (True, False))
        listing = self._folder.listing(name.dataset)
        strays = listing.strays(name.table)
        before = listing.dates(name.table)
        writer = MonthWriter(
            self._reader.session,
            place,
            self._folder.private(name.dataset),
            schema,
            column,
            day_of(schema[column]),
            self._reader.look_at_seals,
            partial(self._notes.replacing, name),
            before,
            strays,
        )
        states = {one: before[one] for one in keep if one in before}
        known = {*states, *(one for part in work for one in part.stamps or ())}
        if known or all(part.stamps is not None for part in work):
            refuse_strays((place / file for file in month_files(known)), strays)
        written: set[str] = set()

        def write_part(part: Dates, turn: Callable[[], object]) -> None:
            made = self._write_part(writer, name, part, states, label.stamp, checks, turn)
            states.update(made)
            written.update(months_of(made))

        for number, _ in enumerate(self._each_in_turn(work, write_part), 1):
            if progress is not None and len(work) > 1:
                progress(number, len(work), "months")
        state = listing.state(name.table)
        mixed = not work and state is not None and state.stamp is None  # files of several builds
        for month in months_of(before if mixed else before.keys() - states.keys()):
            if month not in written:
                with self._reader.engine(self._folder.files(name)):
                    writer.write(month, None, {}, states, label.stamp, None)
        with self._reader.engine():
            writer.finish(states, label.stamp)
        if single not in strays:
            single.unlink(missing_ok=True)  # the form of somebody else's, or before
        rows = sum(state.rows for state in states.values())
        return TableState(label.stamp, whole_version(states), rows, partitioned=True)

    def _each_in_turn(
        self, work: Sequence[Dates], write: Callable[[Dates, Callable[[], object]], None]
    ) -> Iterator[None]:
        """Write parts of the work, and tell of each when it is done. Their queries run side by side where
        threads and memory allow it; `write` waits with what it is given until the parts before are written.

        Where memory runs out, the part that it failed goes on alone, and so do those after it; a part for
        which there is too little even then is done by one thread, which needs the least.
        """
        from edxtasks.warehouse.parquet.turns import in_turn

        session, done = self._reader.session, 0
        at_once = self._reader.at_once([part.query for part in work], MEMORY_OF_PART)
        if at_once > 1:
            with suppress(MemoryRanOutError), session.side_by_side():
                for _ in in_turn(work, write, at_once):
                    done += 1
                    yield
        for part in work[done:]:
            try:
                write(part, lambda: None)
            except MemoryRanOutError:
                with session.side_by_side():
                    write(part, lambda: None)
            yield

    def _write_part(
        self,
        writer: MonthWriter,
        name: TableName,
        part: Dates,
        states: Mapping[date, DateState],
        stamp: str,
        checks: TableChecks | None,
        turn: Callable[[], object],
    ) -> dict[date, DateState]:
        """Write the months of a part of the work, with the dates of `states` that they hold beside its own,
        after `turn` has returned; the new dates."""
        from edxtasks.warehouse.parquet.months import date_list, months_of

        session, schema, day = self._reader.session, writer.schema, writer.day
        condition = "TRUE" if part.stamps is None else f"{day} IN ({date_list(part.stamps)})"
        with (
            self._reader.inputs_of(part.query, self._folder.files(name)) as inputs,
            session.result(part.query, inputs, condition) as table,
        ):
            turn()
            stay = set(states) - set(part.stamps or states)
            kept = self._kept_beside(checks, name, schema, writer.column, stay)
            self._look_over(checks, schema, table, kept)
            found = session.versions_by_date(table, schema, day)
            stamps = dict.fromkeys(found, stamp) if part.stamps is None else part.stamps
            new = {one: DateState(said, *found.get(one, (NO_ROWS, 0))) for one, said in stamps.items()}
            whole = months_of(new) if part.stamps is None else None
            for month in months_of(new):
                writer.write(month, table, new, states, stamp, whole)
        return new

    def write_table(
        self, name: TableName, schema: Schema, table: str, label: BuildInfo, checks: TableChecks | None
    ) -> TableState:
        """Replace a whole table by the rows of a temporary table of DuckDB. They are looked over there: a
        query over the file that they are written to takes twice as long to plan."""
        version, rows = self._reader.session.version(table, schema)
        return self.write(name, schema, f"SELECT * FROM {table}", version, rows, label, checks, table)

    def write(
        self,
        name: TableName,
        schema: Schema,
        sql: str,
        version: str,
        rows: int,
        label: BuildInfo,
        checks: TableChecks | None,
        table: str | None = None,
    ) -> TableState:
        """Replace a whole table by the rows of a DuckDB query, whose version and number are known. They are
        looked over in `table`, which has the same, or in the file. Raises `InputError` where there are more
        or fewer, `CheckFailedError` as `Warehouse.load` says."""
        from edxtasks.warehouse.parquet.months import refuse_strays

        pair = {"stamp": label.stamp, "version": version, "rows": rows}
        if label.first_time is not None:
            pair |= {"first_time": label.first_time, "last_time": label.last_time}
        if label.event_dates:
            pair["event_dates"] = label.event_dates
        place = self._folder.place(name, partitioned=False)
        with beside(place, self._folder.private(name.dataset)) as temporary:
            codec = "snappy" if rows <= FEW_ROWS else "zstd"
            session = self._reader.session
            distinct = DISTINCT_IN_GROUP if rows > ROWS_IN_GROUP // 2 else None
            written = copy_sealed(session, sql, temporary, pair, ROWS_IN_GROUP, codec, distinct)
            session.let_go()  # checks may need more, and count once
            if written != rows:
                raise InputError(
                    f"{name}: the files have {quantity(written, 'row')}, expected {rows}: they "
                    "changed or were cut. "
                    "Run again; if that does not help, rebuild them"
                )
            self._look_over(checks, schema, table or parquet_files([temporary]))
            refuse_strays([place], self._folder.listing(name.dataset).strays(name.table))
            self._notes.replacing(name)
            publish(temporary, place)
        self._leave_folder_form(name)
        return TableState(
            label.stamp,
            version,
            rows,
            first_time=label.first_time,
            last_time=label.last_time,
            event_dates=label.event_dates,
        )

    def forget(self, name: TableName) -> bool:
        """As `Warehouse.forget` says."""
        files = self._folder.files(name)
        for path in files:
            try:
                self._take_stamp(name, path)
            except UnreadableError:
                continue  # it is noted: without its stamp, the table is rebuilt
        self._folder.refresh(name.dataset)
        return bool(files)

    def _take_stamp(self, name: TableName, path: Path) -> None:
        try:
            pair = read_footer(path).pair
        except DamagedFileError:
            return  # it has none
        if pair is None:
            return  # somebody else's
        pair.pop("stamp", None)
        for state in pair.get("dates", {}).values():
            state[0] = None
        with beside(path, self._folder.private(name.dataset)) as temporary, self._reader.engine([path]):
            rows = read_parquet([path])
            copy_sealed(self._reader.session, rows, temporary, pair)
            publish(temporary, path)

    def _kept_beside(
        self, checks: TableChecks | None, name: TableName, schema: Schema, column: str, dates: set[date]
    ) -> str:
        """DuckDB SQL: the rows of dates that stay, where rows of two dates may have one grain; else ""."""
        from edxtasks.warehouse.parquet.months import date_list, month_files

        if not checks or not checks.grain or column in checks.grain or not dates:
            return ""
        # Months of other dates are not read: one may be damaged, and is about to be replaced.
        files = [path for path in self._folder.files(name) if path.name in month_files(dates)]
        if not files:
            return ""
        with self._reader.engine(files):
            rows = self._reader.session.with_schema(read_parquet(files), schema)
        return f"SELECT * FROM ({rows}) WHERE {day_of(schema[column])} IN ({date_list(dates)})"

    def _look_over(self, checks: TableChecks | None, schema: Schema, rows: str, kept: str = "") -> None:
        """Look over rows, given as they stand in FROM, that are to become those of a table; for the grain
        together with those of a query, which are there already."""
        if not checks:
            return

        def look(checks: TableChecks, rows: str) -> None:
            def count(query: Query) -> Counts:
                return self._reader.first_row(query, {checks.name: rows})

            checks.look(count, Fresh(schema))

        if kept:
            look(checks.grain_alone(), f"(SELECT * FROM {rows} UNION ALL {kept})")
        look(checks.without_grain() if kept else checks, rows)

    def _leave_folder_form(self, name: TableName) -> None:
        """Remove what the table was when it was a folder, ours or somebody else's; strays stay."""
        folder = self._folder.place(name, partitioned=True)
        for path in self._folder.files(name):
            if path.parent == folder:
                path.unlink(missing_ok=True)
        self._folder.remove_if_empty(name)
