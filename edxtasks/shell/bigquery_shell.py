"""BigQuery, asked in GoogleSQL. Imported only where that engine is chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edxtasks.build.downloads import plain_rows
from edxtasks.errors import UserError, nearest
from edxtasks.printable import printable
from edxtasks.scratch import Scratch
from edxtasks.shell.embedded import save_parquet
from edxtasks.shell.results import Asked, Listed, Result, StatementRefusedError, Values, not_a_query
from edxtasks.shell.statements import GOOGLESQL, first_word
from edxtasks.table import TRACKLOG
from edxtasks.warehouse.base import NAME, BuildInfo, TableName
from edxtasks.warehouse.bigquery import BigQueryWarehouse
from edxtasks.warehouse.catalog import LOG_DAYS
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import Schema

_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+`?(\w+)`?\.`?(\w+)", re.IGNORECASE)
"""A table that a query names, DATASET.TABLE."""


class CloudShell(Asked):
    """Tables of BigQuery. What one query may read at most is the setting `maximum_bytes_billed`."""

    dialect = GOOGLESQL

    def __init__(self, warehouse: BigQueryWarehouse, scratch: Scratch) -> None:
        self._warehouse = warehouse
        self._scratch = scratch

    def tables(self) -> list[Listed]:
        names = []
        for dataset in self._warehouse.datasets():
            tables = self._warehouse.table_types(dataset)
            names += [f"{dataset}.{table}" for table in tables if not table.startswith(LOG_DAYS)]
            if any(table.startswith(LOG_DAYS) for table in tables):
                names.append(f"`{dataset}.{LOG_DAYS}*`")
        return [Listed(name, None) for name in names]

    def columns(self, name: str) -> Schema:
        dataset, _, table = name.partition(".")
        found = None
        if NAME.fullmatch(dataset) and NAME.fullmatch(table):
            found = self._warehouse.info(TableName(dataset, table))
        if found is None:
            raise UserError(f"there is no table {printable(name)} (.tables lists them)")
        return found.schema

    def translated(self, statement: str) -> str:
        raise StatementRefusedError(
            "BigQuery runs GoogleSQL as it is written: there is nothing to explain. What a task would read: "
            "doit estimate"
        )

    def run(self, statement: str) -> Result | None:
        word = first_word(statement, GOOGLESQL)
        if word not in ("SELECT", "WITH", "FROM"):
            raise StatementRefusedError(not_a_query(word))
        try:
            schema, rows = self._warehouse.ask(statement)
        except UserError as error:
            if "not found" in str(error).lower() and (hint := self._hint(statement)):
                raise UserError(f"{error}{hint}") from None
            raise
        return Result(schema, rows, lambda path: self._save(schema, rows, path))

    def close(self) -> None:
        self._scratch.close()

    def _hint(self, statement: str) -> str:
        """What may be meant by the first dataset or table of a query that is not there."""
        for dataset, table in _TABLE.findall(statement):
            if dataset not in (datasets := self._warehouse.datasets()):
                return nearest(dataset, datasets)
            if table not in (tables := self._warehouse.table_types(dataset)):
                if table == TRACKLOG and any(one.startswith(LOG_DAYS) for one in tables):
                    return f"; all log days are `{dataset}.{LOG_DAYS}*`, with the backquotes"
                return nearest(table, tables)
        return ""

    def _save(self, schema: Schema, rows: Iterator[Values], path: Path) -> int:
        """Write rows as Parquet, by way of a table in the scratch folder."""
        name = TableName("fetched", "rows")
        with self._scratch.folder() as folder:
            local = ParquetWarehouse(folder, scratch=self._scratch)
            records = (dict(zip(schema.names, row, strict=True)) for row in plain_rows(schema, rows))
            local.load(name, schema, records, BuildInfo("fetched"))
            local.refresh(name.dataset)
            number = save_parquet(local.session.connection, local.relation(name), path)
            local.session.close()
            return number
