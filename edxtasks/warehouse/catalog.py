"""The embedded warehouse as a catalog for people: every dataset a schema, every table a view."""

from __future__ import annotations

import weakref
from pathlib import Path

import duckdb

from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.session import quoted, spill_folder

LOG_DAYS = "tracklog_"


def open_views(folder: Path, scratch: Scratch) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory with a view for every table below `folder`; UTC.

    In a dataset with day tables the view `tracklog` is all of them together. What does not fit in memory
    goes to a folder of `scratch`, which is closed when the connection goes.
    """
    warehouse = ParquetWarehouse(folder)
    connection = duckdb.connect(config={"temp_directory": spill_folder(scratch)})
    weakref.finalize(connection, scratch.close)
    connection.execute("SET TimeZone = 'UTC'")
    for dataset in warehouse.datasets():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(dataset)}")
        tables = list(warehouse.states(dataset))
        for table in tables:
            sql = warehouse.relation(TableName(dataset, table))
            connection.execute(f"CREATE VIEW {quoted(f'{dataset}.{table}')} AS {sql}")
        days = [table for table in tables if table.startswith(LOG_DAYS)]
        if days:
            sql = warehouse.relation(*(TableName(dataset, day) for day in days))
            connection.execute(f"CREATE VIEW {quoted(f'{dataset}.tracklog')} AS {sql}")
    return connection
