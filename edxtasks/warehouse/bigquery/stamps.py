"""Stamps by date: rows of one small table in each dataset.

Rows are only ever added, in the same transaction as the rows of the dates themselves: two transactions
that change or delete rows of one table at the same time cancel each other, two that add rows do not, and
the tables of a dataset are built side by side. (Rows that hold no longer are removed from time to time by
one statement of its own, `compacted`: it queues behind others of its kind and waits for no insertion.) The
newest row of a table and date holds; a date that
vanished has a newest row without version, one whose stamp was taken away a row without stamp. `series` ties
the rows to a table: a table that was rebuilt has another one, so that stamps of a table that somebody
deleted never hold for its successor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from edxtasks.warehouse.base import MOST_DATES, DateState, TableName
from edxtasks.warehouse.bigquery.sql import Project, day_of, listed_columns, literal, path, quoted, within
from edxtasks.warehouse.schema import Column, Schema, schema

TABLE = "_edxtasks_stamps"
PRIVATE = "_edxtasks_"
"""How the names of tables begin that are none of the product's results."""

SCHEMA = schema(
    """
    table_name STRING -- the table of this dataset that is partitioned by date
    series STRING -- the label edxtasks_series of the table that the row is for
    day DATE -- the date
    stamp STRING -- digest of what the date was made from; NULL: not known
    version STRING -- digest of the rows of the date; NULL: the date has gone
    row_count INTEGER -- rows of the date
    written TIMESTAMP -- when; the newest row of a table and date holds
    """
)

COMPACTED_FROM = 100_000
"""Rows of the table from which on it is compacted: below, reading it is billed as the least that there is."""

Dates = Mapping[tuple[str, str], Mapping[date, DateState]]
"""Dates by table name and series."""


_PERIODS = (2010, 2020, 2030, 2040)
"""Years in which pieces of a table begin: each has fewer days than a statement may change partitions. Before
and after them lie single dates only, of clocks that are wrong."""


class Days(tuple[date, ...]):
    """Dates as one parameter of a query."""


@dataclass(frozen=True)
class Script:
    """Statements with their parameters: single values, `Days`, tuples of texts."""

    sql: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def newest(project: Project, dataset: str) -> str:
    """The query that gives the newest row of each table, series and date, of those that did not vanish."""
    latest = "ROW_NUMBER() OVER (PARTITION BY table_name, series, day ORDER BY written DESC) = 1"
    columns = "table_name, series, day, stamp, version, row_count"
    table = path(project, TableName(dataset, TABLE))
    return (
        f"SELECT {columns} FROM (\n"
        f"SELECT {columns} FROM {table} WHERE TRUE QUALIFY {latest}\n"
        ") WHERE version IS NOT NULL"
    )


def compacted(project: Project, dataset: str, series: Iterable[str]) -> Script:
    """Remove the rows that say nothing any more: all but the newest of a table and date, dates that vanished,
    and series other than those that the tables have.

    It is one statement: done or not, and what `newest` gives stays the same throughout. A row of the last
    week stays where only its age tells that it is not wanted: no build lasts so long.
    """
    table = path(project, TableName(dataset, TABLE))
    row = (
        "CONCAT(table_name, '|', series, '|', CAST(day AS STRING), '|', CAST(UNIX_MICROS(written) AS STRING))"
    )
    sql = (
        f"DELETE FROM {table}\n"
        f"WHERE {row} NOT IN (\n"
        f"SELECT {row} FROM (\n"
        f"SELECT table_name, series, day, MAX(written) AS written FROM {table}\n"
        "GROUP BY table_name, series, day\n"
        "))\nOR (\n"
        "written < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)\n"
        "AND (version IS NULL OR series NOT IN UNNEST(@edxtasks_series))\n)"
    )
    return Script(sql, {"edxtasks_series": tuple(sorted(series))})


def collected(rows: Iterable[Sequence[object]]) -> dict[tuple[str, str], dict[date, DateState]]:
    """The dates that the rows of `newest` tell."""
    found: dict[tuple[str, str], dict[date, DateState]] = {}
    for name, series, day, stamp, version, count in rows:
        assert isinstance(name, str) and isinstance(series, str) and isinstance(version, str)
        assert isinstance(day, date) and isinstance(count, int) and (stamp is None or isinstance(stamp, str))
        found.setdefault((name, series), {})[day] = DateState(stamp, version, count)
    return {key: dict(sorted(days.items())) for key, days in found.items()}


@dataclass(frozen=True)
class Place:
    """A partitioned table and its series, as the target of scripts."""

    project: Project
    name: TableName
    column: Column
    series: str
    told: str
    """The name under which the table is known when it is ready: it may be made under another one."""

    @property
    def day(self) -> str:
        """The expression for the date of a row."""
        return day_of(self.column)

    @property
    def path(self) -> str:
        """The table by its whole name."""
        return path(self.project, self.name)

    def replace(
        self, select: str, columns: Schema, stamps: Mapping[date, str], guards: Sequence[str] = ()
    ) -> Script:
        """Replace dates by the rows that a query gives for them. The query runs before the transaction, and
        after it the statements `guards`, which fail where the rows are not to be taken."""
        deleted = (
            f"DELETE FROM {self.path}\nWHERE {self.day} IN UNNEST(@edxtasks_days) "
            f"AND {within(self.column, min(stamps), max(stamps))};"
        )
        condition = f"{self.day} IN UNNEST(@edxtasks_days)"
        sql = self._transaction(select, condition, columns, deleted, self._counted("edxtasks_fresh"), guards)
        return Script(sql, _pairs(stamps))

    def replace_all(
        self,
        select: str,
        columns: Schema,
        stamp: str,
        known: Collection[date],
        strange: bool = False,
        guards: Sequence[str] = (),
    ) -> Script:
        """Replace all rows by those that a query gives; each date gets `stamp`. `guards` as for `replace`.

        `known` are the dates that the table has; `strange` says that it may have any others too.
        """
        added = (
            f"{self._stamps()}\n"
            f"SELECT {self._key()}, counted, {literal(stamp)}, {literal(stamp)}, row_count, "
            "CURRENT_TIMESTAMP()\n"
            f"FROM (SELECT {self.day} AS counted, COUNT(*) AS row_count FROM edxtasks_fresh GROUP BY 1);\n"
            f"{self._gone()} WHERE one NOT IN (SELECT {self.day} FROM edxtasks_fresh);"
        )
        # How many dates the query gives is not known before; a table mostly has those that it had.
        pieces = self._pieces(0 if strange or not known else len(known))
        deleted = "\n".join(f"DELETE FROM {self.path} WHERE {piece};" for piece in pieces)
        sql = self._transaction(select, f"{self.day} IS NOT NULL", columns, deleted, added, guards, pieces)
        return Script(sql, {"edxtasks_days": Days(sorted(known))})

    def remove(self, kept: Iterable[date], gone: Collection[date], strange: bool = False) -> Script:
        """Remove all dates but `kept`; `gone` are those of them that have stamps."""
        others = f"({self.day} IS NULL OR {self.day} NOT IN UNNEST(@edxtasks_kept))"
        pieces = self._pieces(0 if strange else len(gone))
        deleted = "\n".join(f"DELETE FROM {self.path}\nWHERE {piece} AND {others};" for piece in pieces)
        sql = f"BEGIN TRANSACTION;\n{deleted}\n{self._gone()};\nCOMMIT TRANSACTION;"
        return Script(sql, {"edxtasks_kept": Days(sorted(kept)), "edxtasks_days": Days(sorted(gone))})

    def count(self, stamps: Mapping[date, str]) -> Script:
        """Give dates that are there their stamps, without touching their rows."""
        return Script(self._counted(self.path), _pairs(stamps))

    def forget(self, dates: Mapping[date, DateState]) -> Script:
        """Take the stamps of dates away; their rows and versions stay."""
        rows = [f"(DATE '{day}', {literal(one.version)}, {one.rows})" for day, one in sorted(dates.items())]
        sql = (
            f"{self._stamps()}\n"
            f"SELECT {self._key()}, one.day, CAST(NULL AS STRING), one.version, one.row_count, "
            "CURRENT_TIMESTAMP()\n"
            "FROM UNNEST(ARRAY<STRUCT<day DATE, version STRING, row_count INT64>>[\n"
            + ",\n".join(rows)
            + "\n]) AS one;"
        )
        return Script(sql)

    def _pieces(self, dates: int) -> list[str]:
        """Conditions that take all rows, piece by piece: none of them more dates than a statement changes.

        `dates` is how many dates there are, 0 where nobody knows.
        """
        if 0 < dates <= MOST_DATES:
            return ["TRUE"]
        begins = [date.min, *(date(year, 1, 1) for year in _PERIODS)]
        ends = [*(date(year - 1, 12, 31) for year in _PERIODS), date.max]
        inside = [within(self.column, begin, end) for begin, end in zip(begins, ends, strict=True)]
        return [f"({quoted(self.column.name)} IS NULL OR {inside[0]})", *(f"({one})" for one in inside[1:])]

    def _transaction(
        self,
        select: str,
        condition: str,
        columns: Schema,
        deleted: str,
        added: str,
        guards: Sequence[str],
        pieces: Sequence[str] = ("TRUE",),
    ) -> str:
        names = listed_columns(columns)
        insert = f"INSERT INTO {self.path} ({names})\nSELECT {names} FROM edxtasks_fresh"
        inserted = "\n".join(insert + ("" if one == "TRUE" else f" WHERE {one}") + ";" for one in pieces)
        return (
            f"CREATE OR REPLACE TEMP TABLE edxtasks_fresh AS SELECT {names} FROM (\n"
            f"{select}\n) WHERE {condition};\n"
            + "".join(f"{guard};\n" for guard in guards)
            + "BEGIN TRANSACTION;\n"
            f"{deleted}\n"
            f"{inserted}\n"
            f"{added}\n"
            "COMMIT TRANSACTION;"
        )

    def _counted(self, source: str) -> str:
        """The statement that gives dates their stamps, with the number of their rows in `source`."""
        return (
            f"{self._stamps()}\n"
            f"SELECT {self._key()}, one, stamp, stamp, IFNULL(row_count, 0), CURRENT_TIMESTAMP()\n"
            "FROM UNNEST(@edxtasks_days) AS one WITH OFFSET AS place\n"
            "JOIN UNNEST(@edxtasks_stamps) AS stamp WITH OFFSET AS stamp_place ON place = stamp_place\n"
            f"LEFT JOIN (SELECT {self.day} AS counted, COUNT(*) AS row_count FROM {source} GROUP BY 1)"
            " ON counted = one;"
        )

    def _gone(self) -> str:
        nothing = "CAST(NULL AS STRING), CAST(NULL AS STRING), 0, CURRENT_TIMESTAMP()"
        return f"{self._stamps()}\nSELECT {self._key()}, one, {nothing} FROM UNNEST(@edxtasks_days) AS one"

    def _stamps(self) -> str:
        names = ", ".join(map(quoted, SCHEMA.names))
        return f"INSERT INTO {path(self.project, TableName(self.name.dataset, TABLE))} ({names})"

    def _key(self) -> str:
        return f"{literal(self.told)}, {literal(self.series)}"


def _pairs(stamps: Mapping[date, str]) -> dict[str, object]:
    days = sorted(stamps)
    return {"edxtasks_days": Days(days), "edxtasks_stamps": tuple(stamps[day] for day in days)}
