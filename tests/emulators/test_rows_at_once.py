"""Rows that are listed at once are each those of the table that was asked for."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from servers import running

from edxtasks.warehouse.bigquery import Service

NUMBERS = range(1, 7)


def test_listings_at_once() -> None:
    client = Service("at-once", endpoint=running().bigquery).client
    client.create_dataset("at-once.d", exists_ok=True)
    for number in NUMBERS:
        columns = ", ".join(f"{number} AS c{column}" for column in range(number))
        client.query(f"CREATE OR REPLACE TABLE `at-once.d.t{number}` AS SELECT {columns}").result()

    def rows(number: int) -> list[tuple[object, ...]]:
        table = client.get_table(f"at-once.d.t{number}")
        return [tuple(row.values()) for row in client.list_rows(table)]

    asked = [*NUMBERS] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(rows, asked)) == [[(number,) * number] for number in asked]
