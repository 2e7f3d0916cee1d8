"""The rows of a model hang neither on the number of threads nor on chance.

A small input is computed by one thread whatever is allowed: DuckDB shares out row groups. The inputs here
have six of them. With as many rows, sums of floats, FIRST, STRING_AGG and ROW_NUMBER with ties differ between
one and two threads as often as with twice as many, or with a million (measured). Built are the models in
which order could show: those with windows, or with aggregates that are taken in an order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from made_up_rows import LOOSE_THRESHOLDS, Sizes, columns_read, made_up
from model_cases import COURSE_PARAMETERS, input_schemas, models, parameters_of

from edxtasks.table import TRACKLOG, SqlModel, Table
from edxtasks.warehouse import dialect
from edxtasks.warehouse.base import BuildInfo, Dates, Input, LogDays, Query, ResourceLimits, TableName, Tables
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import ParquetFiles

SIZES = Sizes(rows=120_000, learners=5_003)
LOG_DAYS = 3
MEMORY_LIMIT = "2GB"
FEW_LEARNERS = Sizes(rows=120_000, learners=20)
SIZES_OF = {
    "stats_show_ans_before_high_score": FEW_LEARNERS,
}
"""Models of pairs: of so many learners as elsewhere there are pairs by the thousand million."""
_OF_A_COURSE = "it finds pairs only in a made-up course; benchmarks/answer_sharing.py compares threads"
LEFT_OUT = {
    "show_ans_before_checks": _OF_A_COURSE,
    "show_ans_before_pairs": _OF_A_COURSE,
    "show_ans_before_shows": _OF_A_COURSE,
    "show_ans_before_sifted": _OF_A_COURSE,
    "stats_ip_pair_sybils": _OF_A_COURSE,
    "stats_ip_pair_sybils2": _OF_A_COURSE,
    "stats_ip_pair_sybils3": _OF_A_COURSE,
    "stats_ip_pair_sybils3_unfiltered": _OF_A_COURSE,
    "stats_show_ans_before": _OF_A_COURSE,
    "sybil_pairs": _OF_A_COURSE,
    "stats_temporal_fingerprint_correlations": "its pairs are of learners who meet in several made-up rows",
}
"""Models that are not built of made-up rows, and why."""
_AFTER_ALL_EVENTS = 1 << 51
"""In microseconds since 1970; the year 2041."""
DATES = [date(2013, 2, 25) + timedelta(days=number) for number in range(70)]


def order_could_show(table: Table) -> bool:
    """Whether the query, the order of its rows set aside, has a window or an ordered aggregate in DuckDB."""
    assert isinstance(table.builder, SqlModel)
    tree = dialect.parse(table.builder.sql)
    tree.set("order", None)
    sql = dialect.to_duckdb(tree, input_schemas(table))
    return "OVER (" in sql or "ORDER BY" in sql


class Builder:
    """Two warehouses on one folder, with one and with two threads; inputs are made when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouses = [
            ParquetWarehouse(folder / "warehouse", ResourceLimits(threads, MEMORY_LIMIT))
            for threads in (1, 2)
        ]
        self._inputs: dict[tuple[str, Sizes, str], Input] = {}

    def versions(self, table: Table) -> list[dict[date | None, str]]:
        """For each warehouse the versions of what it builds: of each date, or of the whole table (None)."""
        assert isinstance(table.builder, SqlModel)
        known = {**COURSE_PARAMETERS, **LOOSE_THRESHOLDS}
        parameters = parameters_of(table, known)
        few = table.name in SIZES_OF
        sizes, reader = (SIZES_OF[table.name], table.name) if few else (SIZES, "")
        inputs = {name: self._input(name, sizes, reader) for name in table.inputs}
        query = Query(table.builder.sql, inputs, parameters, table.schema)
        return [
            self._build(warehouse, table, query, TableName(f"made_{number}", table.name.replace(".", "_")))
            for number, warehouse in enumerate(self.warehouses)
        ]

    def _build(
        self, warehouse: ParquetWarehouse, table: Table, query: Query, name: TableName
    ) -> dict[date | None, str]:
        if table.partition is None:
            return {None: warehouse.create(name, query, BuildInfo("stamp")).version}
        work = [Dates(query, {day: f"stamp of {day}" for day in DATES})]
        warehouse.create_dates(name, table.schema, table.partition, work, (), BuildInfo("stamp"))
        return {day: state.version for day, state in warehouse.dates(name).items()}

    def _input(self, name: str, sizes: Sizes, reader: str) -> Input:
        known = (name, sizes, reader)
        if known not in self._inputs:
            self._inputs[known] = self._log_days() if name == TRACKLOG else self._table(name, sizes, reader)
        return self._inputs[known]

    def _table(self, name: str, sizes: Sizes, reader: str) -> Input:
        stored = TableName(f"inputs_{reader}", name.replace(".", "_"))
        self._load(stored, name, made_up(name, sizes, reader))
        return Tables((stored,), columns_read(name))

    def _log_days(self) -> Input:
        days = tuple(f"tracklog_2013030{number}" for number in range(LOG_DAYS))
        rows = made_up(TRACKLOG, SIZES)
        for number, day in enumerate(days):
            self._load(TableName("logs", day), TRACKLOG, f"{rows} WHERE i % {LOG_DAYS} = {number}")
        return LogDays("logs", days, columns_read(TRACKLOG), 0, _AFTER_ALL_EVENTS)

    def _load(self, stored: TableName, name: str, rows: str) -> None:
        path = self.folder / f"{stored}.parquet"
        self.warehouses[1].session.connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
        self.warehouses[1].load(stored, columns_read(name), ParquetFiles((path,)), BuildInfo("stamp"))
        path.unlink()


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    builder = Builder(tmp_path_factory.mktemp("threads"))
    yield builder
    for warehouse in builder.warehouses:
        warehouse.session.close()


@pytest.mark.parametrize(
    "table",
    [table for table in models() if order_could_show(table) and table.name not in LEFT_OUT],
    ids=lambda table: table.name,
)
def test_one_and_two_threads_give_the_same_version(builder: Builder, table: Table) -> None:
    one, two = builder.versions(table)
    assert one == two
    assert len(set(one.values()) - {"0:0"}) >= (1 if table.partition is None else 4), "rows of too few dates"
