"""The embedded warehouse as a catalog for people: every dataset a schema, every table a view."""

from __future__ import annotations

import weakref
from pathlib import Path

import duckdb

from edxtasks.errors import from_machine
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.refusals import machine_fault
from edxtasks.warehouse.session import quoted, spill_folder

LOG_DAYS = "tracklog_"


def open_views(folder: Path, scratch: Scratch) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """A DuckDB connection in memory with a view for every table below `folder`; UTC.

    What cannot be read has no view; what there is to say of it, and of files that are no tables, comes along
    in lines for people. In a dataset with day tables the view `tracklog` is all of them together. What does
    not fit in memory goes to a folder of `scratch`, which is closed when the connection goes.
    """
    warehouse = ParquetWarehouse(folder, scratch=scratch)
    connection = duckdb.connect(config={"temp_directory": spill_folder(scratch)})
    weakref.finalize(connection, scratch.close)
    connection.execute("SET TimeZone = 'UTC'")
    remarks = []
    for dataset in warehouse.datasets():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(dataset)}")
        try:
            states = warehouse.states(dataset)
        except OSError as error:
            remarks.append(f"{dataset} has no views: {from_machine(error)}")
            continue
        views = {table: [table] for table in states}
        if days := [table for table in states if table.startswith(LOG_DAYS)]:
            views["tracklog"] = days
        for view, tables in views.items():
            sql = warehouse.relation(*(TableName(dataset, table) for table in tables))
            try:
                connection.execute(f"CREATE VIEW {quoted(f'{dataset}.{view}')} AS {sql}")
            except duckdb.Error as error:
                faults = [states[table].fault for table in tables if states[table].fault]
                why = faults[0] if faults else str(machine_fault(error) or type(error).__name__)
                remarks.append(f"{dataset}.{view} has no view, since it cannot be read: {why}")
    return connection, remarks + warehouse.remarks()
