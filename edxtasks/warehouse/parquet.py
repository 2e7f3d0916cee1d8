"""The embedded warehouse: a folder of Parquet files, computed by DuckDB.

A dataset is a folder, a table a file `TABLE.parquet`; a table partitioned by date is a folder with a file
a month, `month=2013-09.parquet`. Files are written beside and renamed over, so a reader sees the old
content or the new. Nothing here needs DuckDB until rows are touched: listings and stamps are plain file
reads (docs/architecture.md).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from filelock import FileLock

from edxtasks.errors import InputError, UserError
from edxtasks.files import write_atomically, writing
from edxtasks.printable import listed as listed_texts
from edxtasks.printable import printable_path
from edxtasks.scratch import PLACE, PRIVATE, Scratch, beside, publish
from edxtasks.warehouse.aside import Aside
from edxtasks.warehouse.base import (
    NAME,
    BuildInfo,
    Dates,
    DatesOf,
    DateState,
    Fresh,
    Input,
    Loadable,
    LogDays,
    Query,
    ResourceLimits,
    TableInfo,
    TableName,
    Tables,
    TableState,
    Warehouse,
    user_name,
    whole_version,
)
from edxtasks.warehouse.footer import DamagedFileError, read_footer
from edxtasks.warehouse.listing import Listing
from edxtasks.warehouse.rows import JsonLines, ParquetFiles, Row
from edxtasks.warehouse.schema import Schema
from edxtasks.warehouse.table_files import SUFFIX

if TYPE_CHECKING:
    from edxtasks.warehouse.checks import Counts, TableChecks
    from edxtasks.warehouse.session import Session

OWNER = "owner.json"
"""Note of a dataset about whose tables it holds."""

NO_ROWS = "0:0"
"""Version of a date, or table, without rows."""

ROWS_IN_GROUP = 20_480
"""Rows in a row group of a whole table: small, so that a load of wide rows needs little memory."""

FEW_ROWS = 500
"""Most rows of a whole table that is compressed with Snappy. zstd begins anew for each column, which in a day
table is a third of the time that so few rows take, and makes the file less than a fifth smaller."""

MEMORY_OF_LOAD = 200
"""Megabytes that loading a day table of any size takes; with less it takes longer."""


_ROWS_AT_ONCE = 2_048
"""Rows that are taken from the engine at once: a chunk of its own; a row may have several MiB."""


class _Unreadable(InputError):
    """Files of the warehouse cannot be read."""


class ParquetWarehouse(Warehouse):
    """Tables as Parquet files below one folder.

    `share` is what this process may take of the machine, `scratch` where it may keep files while it works;
    without one, below the folder.
    """

    days_in_query = None

    def __init__(
        self, folder: Path, share: ResourceLimits | None = None, scratch: Scratch | None = None
    ) -> None:
        self.folder = folder
        self.where = str(folder)
        self._share = share or ResourceLimits()
        self._scratch = scratch or Scratch((folder / PRIVATE / PLACE,))
        self.loads_at_once = self._share.at_once(MEMORY_OF_LOAD)
        self._listings: dict[str, Listing] = {}
        self._identities: dict[str, tuple[int, int]] = {}
        self._owners: dict[str, str] = {}
        self._aside: dict[str, Mapping[str, TableState]] = {}
        self._session: Session | None = None
        self._long_lines = threading.Lock()

    # Listing

    def states(self, dataset: str) -> Mapping[str, TableState]:
        return self._listing(dataset).states

    def refresh(self, dataset: str) -> None:
        self._listings.pop(dataset, None)
        self._aside.pop(dataset, None)

    def refresh_all(self) -> None:
        self._listings.clear()
        self._aside.clear()

    def dates(self, name: TableName) -> Mapping[date, DateState]:
        return self._listing(name.dataset).dates(name.table)

    def note_signature(self, name: TableName, signature: str) -> None:
        listing = self._listing(name.dataset)
        listing.note_signature(name.table, signature)
        listing.save()

    def parts(self, name: TableName) -> Mapping[str, str]:
        parts: Mapping[str, str] = self._sidecar(name).get("parts", {})
        return parts

    def datasets(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if NAME.fullmatch(path.name) and path.name != PRIVATE and path.is_dir()
        )

    def has_dataset(self, dataset: str) -> bool:
        return dataset in self.datasets()

    def remarks(self) -> list[str]:
        return [remark for listing in self._listings.values() for remark in listing.remarks()]

    def other_owner(self, dataset: str, owner: str) -> str | None:
        noted = self._owner(dataset)
        return None if noted == owner else noted

    def _owner(self, dataset: str) -> str | None:
        if dataset not in self._owners:
            try:
                form = orjson.loads((self.folder / dataset / PRIVATE / OWNER).read_bytes())
                self._owners[dataset] = str(form["owner"])
            except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError, TypeError, KeyError):
                return None  # nobody's yet
        return self._owners[dataset]

    def note_owner(self, dataset: str, owner: str) -> None:
        if self._owner(dataset) is not None:
            return
        write_atomically(self._private(dataset) / OWNER, orjson.dumps({"owner": owner}))
        self._owners[dataset] = owner

    def info(self, name: TableName) -> TableInfo | None:
        state = self.states(name.dataset).get(name.table)
        if state is None:
            return None
        status = [path.stat() for path in self._files(name)]
        sidecar = self._sidecar(name)
        return TableInfo(
            rows=state.rows,
            bytes=sum(one.st_size for one in status),
            created=_created(sidecar) or min(one.st_mtime for one in status),
            modified=max(one.st_mtime for one in status),
            schema=self.schema(name),
            description=sidecar.get("description", ""),
        )

    def location(self, name: TableName, partitioned: bool) -> Path:
        return self.folder / name.dataset / (name.table if partitioned else f"{name.table}{SUFFIX}")

    # Building

    def lock(self, name: TableName) -> AbstractContextManager[object]:
        return FileLock(self._private(name.dataset) / f"{name.table}.lock")

    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        from edxtasks.warehouse.session import listed, read_parquet

        began = time.monotonic()
        if isinstance(content, ParquetFiles):
            with self._engine(content.paths):
                sql = f"SELECT {listed(schema)} FROM ({read_parquet(content.paths)})"
                state = self._load(name, schema, sql, label, checks, costly=False)
        else:
            with self._engine(), self._json_files(schema, content) as paths:
                state = self._load_json(name, schema, paths, label, checks)
        self._finish(name, label, began)
        return state

    def side_by_side(self) -> AbstractContextManager[object]:
        return self.session.side_by_side()

    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None = None
    ) -> TableState:
        began = time.monotonic()
        with (
            self._engine(self._files_of(query)),
            self.session.views(self._relations(query)),
            self.session.result(query) as table,
        ):
            version, rows = self.session.version(table, query.schema)
            state = self._write(name, query.schema, f"SELECT * FROM {table}", version, rows, label, checks)
        self._finish(name, label, began)
        return state

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
        from edxtasks.warehouse.months import (
            MonthWriter,
            date_list,
            month_files,
            month_of,
            months_of,
            refuse_strays,
        )
        from edxtasks.warehouse.session import day_of

        began = time.monotonic()
        day = day_of(schema[column])
        place, single = (self.location(name, partitioned=form) for form in (True, False))
        strays = self._listing(name.dataset).strays(name.table)
        writer = MonthWriter(
            self.session,
            place,
            self._private(name.dataset),
            schema,
            column,
            day,
            strays,
        )
        before = dict(self.dates(name))
        states = {one: before[one] for one in keep if one in before}
        known = {*states, *(one for part in work for one in part.stamps or ())}
        if known or all(part.stamps is not None for part in work):
            refuse_strays((place / file for file in month_files(known)), strays)
        written: set[str] = set()
        for part in work:
            condition = "TRUE" if part.stamps is None else f"{day} IN ({date_list(part.stamps)})"
            with (
                self._engine([*self._files_of(part.query), *self._files(name)]),
                self.session.views(self._relations(part.query)),
                self.session.result(part.query, condition) as table,
            ):
                kept = self._kept_beside(
                    checks, name, schema, column, set(states) - set(part.stamps or states)
                )
                self._look_over(checks, schema, f"SELECT * FROM {table}", kept)
                found = self.session.versions_by_date(table, schema, day)
                stamps = dict.fromkeys(found, label.stamp) if part.stamps is None else part.stamps
                new = {one: DateState(stamp, *found.get(one, (NO_ROWS, 0))) for one, stamp in stamps.items()}
                whole = months_of(new) if part.stamps is None else None
                for month in months_of(new):
                    writer.write(month, table, new, states, label.stamp, whole)
                    written.add(month)
                states.update(new)
        for month in months_of(before):
            if month not in written and any(one not in states for one in before if month_of(one) == month):
                with self._engine(self._files(name)):
                    writer.write(month, None, {}, states, label.stamp, None)
        with self._engine():
            writer.finish(states, label.stamp)
        if single not in strays:
            single.unlink(missing_ok=True)  # the form of somebody else's, or before
        self._finish(name, label, began)
        rows = sum(state.rows for state in states.values())
        return TableState(label.stamp, whole_version(states), rows, partitioned=True)

    def describe(self, name: TableName, description: str) -> None:
        self._write_sidecar(name, self._sidecar(name) | {"description": description})

    def drop(self, name: TableName) -> bool:
        files = self._files(name)
        for path in files:
            path.unlink(missing_ok=True)
        folder = self.folder / name.dataset / name.table
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        (self.folder / name.dataset / PRIVATE / f"{name.table}.json").unlink(missing_ok=True)
        self.drop_aside(name)
        self.refresh(name.dataset)
        return bool(files)

    def built_here(self, name: TableName) -> bool:
        return self._listing(name.dataset).ours(name.table)

    def set_aside(self, name: TableName) -> bool:
        done = Aside(self.folder / name.dataset).keep(name.table)
        self.refresh(name.dataset)
        return done

    def aside(self, dataset: str) -> Mapping[str, TableState]:
        if dataset not in self._aside:
            self._aside[dataset] = Aside(self.folder / dataset).states()
        return self._aside[dataset]

    def take_back(self, name: TableName) -> bool:
        done = Aside(self.folder / name.dataset).take_back(name.table)
        self.refresh(name.dataset)
        return done

    def drop_aside(self, name: TableName) -> bool:
        done = Aside(self.folder / name.dataset).drop(name.table)
        self.refresh(name.dataset)
        return done

    def forget(self, name: TableName) -> bool:
        files = self._files(name)
        for path in files:
            try:
                self._take_stamp(name, path)
            except _Unreadable:
                continue  # it is noted: without its stamp, the table is rebuilt
        self.refresh(name.dataset)
        return bool(files)

    # Reading

    def schema(self, name: TableName) -> Schema:
        """The columns of a table as its file declares them."""
        with self._engine(self._files(name)):
            return self.session.schema_of(self.relation(name))

    def read(
        self, name: TableName, columns: Sequence[str] | None = None, ordered: bool = False
    ) -> Iterator[tuple[object, ...]]:
        from edxtasks.warehouse.session import quoted_name

        selected = "*" if columns is None else ", ".join(map(quoted_name, columns))
        order = " ORDER BY ALL ASC NULLS FIRST" if ordered else ""
        cursor = self.session.cursor()
        with self._engine(self._files(name)):
            cursor.execute(f"SELECT {selected} FROM ({self.relation(name)}){order}")
        while True:
            with self._engine(self._files(name)):
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from rows

    @property
    def session(self) -> Session:
        """The DuckDB of this process, made when it is first needed."""
        from edxtasks.warehouse.session import Session

        if self._session is None:
            self._session = Session(self._share, self._scratch)
        return self._session

    def relation(self, *names: TableName) -> str:
        """DuckDB SQL that reads a table, or several together with columns matched by name."""
        return self._read_files([path for name in names for path in self._files(name)])

    # Inside

    def _listing(self, dataset: str) -> Listing:
        if dataset not in self._listings:
            self._listings[dataset] = listing = Listing(self.folder / dataset)
            self._check_identity(dataset, listing)
        return self._listings[dataset]

    def _check_identity(self, dataset: str, listing: Listing) -> None:
        """Raises `UserError` where the folder of a dataset is another than the one seen before: what a run
        found fresh in it, or has built, is gone."""
        known = self._identities.get(dataset)
        if known is None:
            if listing.identity is not None:
                self._identities[dataset] = listing.identity
        elif listing.identity != known:
            del self._listings[dataset]
            raise UserError(
                f"{printable_path(self.folder / dataset)} was removed or replaced while the run was under "
                "way: what it held is not there any more. Run again"
            )

    def _private(self, dataset: str) -> Path:
        folder = self.folder / dataset / PRIVATE
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _sidecar(self, name: TableName) -> dict[str, Any]:
        try:
            form = orjson.loads((self.folder / name.dataset / PRIVATE / f"{name.table}.json").read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}  # it only explains; a damaged one explains nothing
        return form if isinstance(form, dict) else {}

    def _write_sidecar(self, name: TableName, form: Mapping[str, Any]) -> None:
        write_atomically(self._private(name.dataset) / f"{name.table}.json", orjson.dumps(form))

    def _files(self, name: TableName) -> list[Path]:
        files = self._listing(name.dataset).files(name.table)
        if not files:  # somebody else may have made it since
            self.refresh(name.dataset)
            files = self._listing(name.dataset).files(name.table)
        return files

    def _present(self, name: TableName) -> list[Path]:
        """The files of a table that is there. Raises `UserError` when it is not any more."""
        files = self._files(name)
        if not files:
            raise UserError(f"{name} of {self.where} was removed while the run was under way: run again")
        return files

    def _files_of(self, query: Query) -> list[Path]:
        return [path for source in query.inputs.values() for path in self._source_files(source)]

    def _source_files(self, source: Input) -> list[Path]:
        from edxtasks.warehouse.months import month_file, months_between

        if isinstance(source, Tables):
            return [path for name in source.names for path in self._present(name)]
        if isinstance(source, DatesOf):
            files = {path.name: path for path in self._files(source.name)}
            months = map(month_file, months_between(source.first, source.last))
            return [files[month] for month in months if month in files]
        if isinstance(source, LogDays):
            days = [TableName(source.dataset, day) for day in source.tables]
            return [path for day in days for path in self._present(day)]
        return []

    @contextmanager
    def _engine(self, files: Sequence[Path] = ()) -> Iterator[None]:
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

    def _damages(self, files: Sequence[Path]) -> UserError | None:
        """The files that cannot be read, as an error for people; they are noted."""
        found = {path: damage for path in files if (damage := self.session.damage(path))}
        if not found:
            return None
        for path, damage in found.items():
            if path.is_relative_to(self.folder):
                dataset = path.relative_to(self.folder).parts[0]
                self._listing(dataset).note_damage(path, damage)
                self.refresh(dataset)
        told = listed_texts([f"{printable_path(path)} ({damage})" for path, damage in found.items()], 3, None)
        return _Unreadable(f"damaged, so that it cannot be read: {told}. Run again: the table is rebuilt")

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
        with beside(path, self._private(name.dataset)) as temporary, self._engine([path]):
            self.session.copy(self._read_files([path]), temporary, orjson.dumps(pair).decode())
            publish(temporary, path)

    def _read_files(self, files: Sequence[Path]) -> str:
        from edxtasks.warehouse.session import read_parquet

        return read_parquet(files)

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
        from edxtasks.warehouse.session import LONGEST_LINES, read_json

        for longest in LONGEST_LINES:
            # Buffers for long lines are large: of the loads side by side, one at a time has them.
            alone = nullcontext() if longest == LONGEST_LINES[0] else self._long_lines
            try:
                with alone:
                    sql = read_json(paths, schema, longest)
                    return self._load(name, schema, sql, label, checks, costly=True)
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
        costly: bool,
    ) -> TableState:
        """Write rows that a DuckDB query gives. `costly`: to be run once only, through a temporary table."""
        if label.version is not None and label.rows is not None:
            return self._write(name, schema, sql, label.version, label.rows, label, checks)
        if costly:
            with self.session.table(sql) as table:
                version, rows = self.session.version(table, schema)
                return self._write(name, schema, f"SELECT * FROM {table}", version, rows, label, checks)
        return self._write(name, schema, sql, *self.session.version(f"({sql})", schema), label, checks)

    def _write(
        self,
        name: TableName,
        schema: Schema,
        sql: str,
        version: str,
        rows: int,
        label: BuildInfo,
        checks: TableChecks | None,
    ) -> TableState:
        from edxtasks.warehouse.months import refuse_strays

        pair = {"stamp": label.stamp, "version": version, "rows": rows}
        if label.first_time is not None:
            pair |= {"first_time": label.first_time, "last_time": label.last_time}
        place = self.location(name, partitioned=False)
        with beside(place, self._private(name.dataset)) as temporary:
            codec = "snappy" if rows <= FEW_ROWS else "zstd"
            written = self.session.copy(sql, temporary, orjson.dumps(pair).decode(), ROWS_IN_GROUP, codec)
            if written != rows:
                raise InputError(
                    f"{name}: the files have {written} rows, expected {rows}: they changed or were cut. "
                    "Run again; if that does not help, rebuild them"
                )
            self._look_over(checks, schema, self._read_files([temporary]))
            refuse_strays([place], self._listing(name.dataset).strays(name.table))
            publish(temporary, place)
        self._leave_folder_form(name)
        return TableState(label.stamp, version, rows, first_time=label.first_time, last_time=label.last_time)

    def _kept_beside(
        self, checks: TableChecks | None, name: TableName, schema: Schema, column: str, dates: set[date]
    ) -> str:
        """DuckDB SQL: the rows of dates that stay, where rows of two dates may have one grain; else ""."""
        from edxtasks.warehouse.months import date_list
        from edxtasks.warehouse.session import day_of

        if not checks or not checks.grain or column in checks.grain or not dates:
            return ""
        files = self._files(name)
        with self._engine(files):
            rows = self.session.with_schema(self._read_files(files), schema)
        return f"SELECT * FROM ({rows}) WHERE {day_of(schema[column])} IN ({date_list(dates)})"

    def _look_over(self, checks: TableChecks | None, schema: Schema, sql: str, kept: str = "") -> None:
        """Look over the rows of a DuckDB query, which are to become those of a table; for the grain together
        with those of another query, which are there already."""
        if not checks:
            return

        def look(checks: TableChecks, rows: str) -> None:
            def count(query: Query) -> Counts:
                views = {**self._relations(query), checks.name: rows}
                with self._engine(self._files_of(query)), self.session.views(views):
                    return self.session.first_row(query)

            checks.look(count, Fresh(schema))

        if kept:
            look(checks.grain_alone(), f"{sql} UNION ALL {kept}")
        look(checks.without_grain() if kept else checks, sql)

    def count(self, query: Query) -> Counts:
        with self._engine(self._files_of(query)), self.session.views(self._relations(query)):
            return self.session.first_row(query)

    def select(self, query: Query) -> list[tuple[object, ...]]:
        with self._engine(self._files_of(query)), self.session.views(self._relations(query)):
            return self.session.all_rows(query)

    def note_checks(self, name: TableName, digest: str, results: Sequence[Mapping[str, Any]]) -> None:
        note = {"digest": digest, "results": list(results)}
        self._write_sidecar(name, self._sidecar(name) | {"checks": note})

    def checked(self, name: TableName) -> str | None:
        found = self._checks_of(name).get("digest")
        return found if isinstance(found, str) else None

    def check_results(self, name: TableName) -> Sequence[Mapping[str, Any]]:
        results: Sequence[Mapping[str, Any]] = self._checks_of(name).get("results", [])
        return results

    def _checks_of(self, name: TableName) -> Mapping[str, Any]:
        note = self._sidecar(name).get("checks")
        return note if isinstance(note, dict) else {}

    def _leave_folder_form(self, name: TableName) -> None:
        """Remove what the table was when it was a folder, ours or somebody else's; strays stay."""
        folder = self.location(name, partitioned=True)
        for path in self._files(name):
            if path.parent == folder:
                path.unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _finish(self, name: TableName, label: BuildInfo, began: float) -> None:
        now, seconds = datetime.now(UTC), time.monotonic() - began
        before = _created(self._sidecar(name))
        created = datetime.fromtimestamp(before, UTC) if before else now - timedelta(seconds=seconds)
        sidecar = {
            "parts": label.parts,
            "description": label.description,
            "created": created.isoformat(),
            "built": now.isoformat(timespec="seconds"),
            "by": user_name(),
            "seconds": round(seconds, 3),
        }
        self._write_sidecar(name, sidecar)
        self.refresh(name.dataset)

    def _relations(self, query: Query) -> dict[str, str]:
        return {name: self._input(source) for name, source in query.inputs.items()}

    def _input(self, source: Input) -> str:
        from edxtasks.warehouse import dialect
        from edxtasks.warehouse.session import as_stored, day_of, literal

        files = self._source_files(source)
        condition, as_declared = "", False
        if isinstance(source, Tables):
            as_declared = len(source.names) > 1 or bool(source.lacking)
        elif isinstance(source, DatesOf):
            day = day_of(source.schema[source.column])
            condition = f" WHERE {day} BETWEEN DATE '{source.first}' AND DATE '{source.last}'"
        elif isinstance(source, LogDays):
            states = self.states(source.dataset)
            as_declared = any(day in states and states[day].stamp is None for day in source.tables)
            low, high = (literal(_timestamp(one)) for one in (source.low, source.high))
            condition = f" WHERE time >= {low}::TIMESTAMPTZ AND time < {high}::TIMESTAMPTZ"
        if not files:
            return dialect.typed_empty(source.schema)
        rows = self._read_files(files)
        if as_declared:
            return self.session.with_schema(rows, source.schema) + condition
        return f"SELECT {as_stored(source.schema)} FROM ({rows}{condition})"


def _created(sidecar: Mapping[str, Any]) -> float | None:
    """When a table was first built, in seconds since 1970, as the note beside it says; None where it does
    not. Older messages only say when it was built last."""
    for name in ("created", "built"):
        with suppress(KeyError, TypeError, ValueError):  # it only explains; a damaged one explains nothing
            return datetime.fromisoformat(sidecar[name]).timestamp()
    return None


def _write_rows(path: Path, schema: Schema, rows: Iterable[Row]) -> None:
    known = set(schema.names)
    with writing(path) as file:
        for row in rows:
            if not row.keys() <= known:
                raise ValueError(f"columns that the table does not have: {sorted(row.keys() - known)}")
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _timestamp(microseconds: int) -> str:
    last = datetime.max.replace(tzinfo=UTC)  # a window without end goes beyond what a datetime can say
    start = datetime(1970, 1, 1, tzinfo=UTC)
    moment = start + timedelta(microseconds=min(microseconds, (last - start) // timedelta(microseconds=1)))
    return moment.isoformat(sep=" ")
