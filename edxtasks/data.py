"""The tables from Python: what there is, what it means, and its rows as DuckDB relations, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edxtasks.build.context import LOG_DAY, Context
from edxtasks.build.registry import read_registry
from edxtasks.config import Settings, known_courses, load_project
from edxtasks.config.kinds import day
from edxtasks.course import CourseKey, shorten
from edxtasks.digests import Digests
from edxtasks.errors import InputError, SettingsError, nearest
from edxtasks.printable import printable
from edxtasks.scratch import scratch_of
from edxtasks.table import Scope, Table
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.duckdb_session import spill_folder
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import Column

if TYPE_CHECKING:
    import duckdb

_COURSE_ID = "course_id"


@dataclass(frozen=True)
class Description:
    """What a table is: name, text, what makes a row unique, its columns with type and meaning."""

    name: str
    text: str
    scope: str
    grain: str
    columns: tuple[Column, ...]

    def __str__(self) -> str:
        width = max((len(column.name) for column in self.columns), default=0)
        rows = (f"  {c.name:{width}}  {c.type:9}  {c.description}".rstrip() for c in self.columns)
        return "\n".join([f"{self.name}: {self.text}", f"  one row for: {self.grain}", *rows])


class Data:
    """The tables of one configuration, for reading. Use it as a context manager, or `close` it.

    Rows come as DuckDB relations: `.df()`, `.pl()`, `.arrow()`, `.fetchall()`, `.filter(…)`. Relations live
    as long as the object. Times are UTC. From BigQuery a table is fetched when it is asked for, and kept on
    the disk (below `state`) until the object is closed.
    """

    def __init__(self, settings: Settings) -> None:
        import duckdb

        self._scratch = scratch_of(settings)
        self._warehouse = open_warehouse(settings, None, self._scratch)
        registry = read_registry(settings.engine.state)
        known = tuple(known_courses(settings))
        self._context = Context(settings, registry, self._warehouse, Digests(), known)
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
            config={"temp_directory": spill_folder(self._scratch)}
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        self._fetched: ParquetWarehouse | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and remove what was fetched."""
        self._connection.close()
        self._scratch.close()

    # What there is

    def courses(self) -> list[str]:
        """The courses of the configuration that have tables, ORG/NUMBER/RUN, in its order."""
        context = self._context
        return [str(one) for one in context.courses if self._warehouse.states(context.dataset(one))]

    def tables(self, course: str | None = None) -> list[str]:
        """The tables that exist, as `table` takes them, sorted: of a course, else of any course and over
        courses (`report:NAME`, `courses.NAME`, `geocode.NAME`)."""
        context = self._context
        chosen = (self._course(course),) if course is not None else context.courses
        found = {table for one in chosen for table in self._warehouse.states(context.dataset(one))}
        if course is None:
            over = (table for table in context.registry.values() if table.scope is not Scope.COURSE)
            found |= {table.task for table in over if self._exists(context.name(table, None))}
        return sorted(found)

    def describe(self, table: str) -> Description:
        """What a table of edxtasks is. Raises `InputError` for one that it does not make."""
        known = self._known(table)
        return Description(known.task, known.description, known.scope.value, known.grain, tuple(known.schema))

    # Rows

    def table(
        self, name: str, course: str | None = None, courses: Sequence[str] | None = None
    ) -> duckdb.DuckDBPyRelation:
        """The rows of a table.

        `course`: of that course. `courses`: of these together, with `course_id` as first column where the
        table has none; without either, of all courses that have the table. Columns are matched by name.
        Raises `InputError` where there is no such table.
        """
        if course is not None and courses is not None:
            raise SettingsError("name one course with course=, or several with courses=, not both")
        over = self._over_courses(name)
        if over is not None:
            return self._relation([over])
        context = self._context
        if course is not None:
            return self._relation([TableName(context.dataset(self._course(course)), name)])
        wanted = [self._course(one) for one in courses] if courses is not None else list(context.courses)
        names = {one: TableName(context.dataset(one), name) for one in wanted}
        having = {one: table for one, table in names.items() if self._exists(table)}
        lacking = [str(one) for one in wanted if one not in having]
        if not having or (courses is not None and lacking):
            raise self._absent(name, f" of {', '.join(lacking)}" if lacking else "")
        return self._together(having)

    def tracklog(
        self, course: str, start: date | str | None = None, end: date | str | None = None
    ) -> duckdb.DuckDBPyRelation:
        """The log lines of a course, as rows of its day tables; both dates are included. A date may be text,
        YYYY-MM-DD.

        Raises `SettingsError` for a date that is none, `InputError` where there is no day table between them.
        """
        dataset = self._course(course).logs_dataset
        first, last = (f"{LOG_DAY}{_day(one):%Y%m%d}" if one is not None else "" for one in (start, end))
        days = sorted(name for name in self._warehouse.states(dataset) if name.startswith(LOG_DAY))
        days = [name for name in days if name >= first and (not last or name <= last)]
        if not days:
            between = " between these dates" if start is not None or end is not None else ""
            raise InputError(f"{printable(course)} has no day tables{between}: see doit logs2bq")
        return self._relation([TableName(dataset, name) for name in days])

    # Inside

    def _course(self, text: str) -> CourseKey:
        course, known = CourseKey.parse(text), self._context.courses
        datasets = (self._context.dataset(course), course.logs_dataset)
        if course not in known and not any(map(self._warehouse.states, datasets)):
            hint = nearest(course.slash, [one.slash for one in known])
            raise InputError(f"{course} is in no course list, and has no tables{hint}")
        return course

    def _known(self, name: str) -> Table:
        registry = self._context.registry
        plain = name.replace(":", ".")
        found = registry.get(plain) or registry.get(f"report.{plain}")
        if found is None:
            raise InputError(f'"{printable(name)}" is not a table of edxtasks{nearest(plain, registry)}')
        return found

    def _over_courses(self, name: str) -> TableName | None:
        """The table behind `report:NAME`, `courses.NAME`; None for a table of a course."""
        if ":" not in name and "." not in name:
            return None
        table = self._known(name)
        return self._context.name(table, None)

    def _exists(self, name: TableName) -> bool:
        return name.table in self._warehouse.states(name.dataset)

    def _absent(self, name: str, where: str) -> InputError:
        known = name in self._context.registry
        then = f". Make it: doit {printable(name)}" if known else nearest(name, self.tables())
        return InputError(f"there is no table {printable(name)}{where}{then}")

    def _relation(self, names: Sequence[TableName]) -> duckdb.DuckDBPyRelation:
        """The rows of tables that are alike, together."""
        for name in names:
            if not self._exists(name):
                raise self._absent(name.table, f" in {name.dataset}")
        return self._connection.sql(self._sql(names))

    def _together(self, tables: dict[CourseKey, TableName]) -> duckdb.DuckDBPyRelation:
        pieces = []
        for course, name in tables.items():
            info = self._warehouse.info(name)
            bare = info is not None and _COURSE_ID not in info.schema.names
            first = f"'{course}' AS {_COURSE_ID}, " if bare else ""
            pieces.append(f"SELECT {first}* FROM ({self._sql([name])})")
        return self._connection.sql("\nUNION ALL BY NAME\n".join(pieces))

    def _sql(self, names: Sequence[TableName]) -> str:
        """DuckDB SQL that reads tables, from the warehouse itself or from what was fetched of it."""
        local = self._warehouse
        if not isinstance(local, ParquetWarehouse):
            local = self._fetch(names)
        return local.relation(*names)

    def _fetch(self, names: Sequence[TableName]) -> ParquetWarehouse:
        if self._fetched is None:
            self._fetched = ParquetWarehouse(self._scratch.path / "fetched", scratch=self._scratch)
        local = self._fetched
        for name in names:
            if name.table not in local.states(name.dataset):
                info = self._warehouse.info(name)
                assert info is not None
                local.load(name, info.schema, self._rows(name, info.schema.names), BuildInfo("fetched"))
                local.refresh(name.dataset)
        return local

    def _rows(self, name: TableName, columns: Sequence[str]) -> Iterator[Row]:
        return (dict(zip(columns, row, strict=True)) for row in self._warehouse.read(name, columns))


def _day(given: date | str) -> date:
    found = day(given) if isinstance(given, str) else given
    if found is None:
        raise SettingsError(f'expected a date YYYY-MM-DD, found "{shorten(str(given))}"')
    return found


def open_data(config: str | Path | None = None) -> Data:
    """The tables of a configuration: a file, else EDXTASKS_CONFIG, else config/edxtasks.toml in this folder.

    Raises `SettingsError` for a configuration that cannot be used, and where there is none.
    """
    return Data(load_project(config))
