"""What a build would read, asked of BigQuery before anything runs.

BigQuery bills a query by the bytes of the columns that it reads, and at least 10 MB for each table that it
names (documented under "On-demand compute pricing"). A dry run tells the bytes; it is free, and an upper
bound: where rows are clustered a query may read less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edxtasks.build.build_table import forced
from edxtasks.build.context import Context
from edxtasks.build.freshness import check
from edxtasks.build.table_queries import queries
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import Table
from edxtasks.warehouse.base import Query, tables_in

LEAST_BILLED = 10 * 2**20
"""Bytes that are billed for a table that a query reads, at least."""

TEBIBYTE = 2**40


class Estimating(Protocol):
    """A warehouse that tells what a query would read."""

    def estimate(self, query: Query) -> int:
        """The bytes that a query would read."""


@dataclass(frozen=True)
class Estimate:
    """What the queries of a build read: bytes in all, bytes of the largest, and bytes billed at most."""

    bytes: int
    largest: int
    billed: int

    def dollars(self, price: float) -> float:
        """What is billed at most, at a price for 2^40 bytes."""
        return self.billed / TEBIBYTE * price


def estimate(
    context: Context, warehouse: Estimating, table: Table, course: CourseKey | None, every_date: bool
) -> Estimate:
    """What building a table that is made by a query reads, from its inputs as they stand.

    `every_date`: all dates of a table by date, not only the pending ones.
    """
    verdict = check(context, table, course, quick=False)
    if every_date:
        verdict = forced(context, verdict, table, course)
    work = [part.query for part in queries(context, table, course, verdict, Messages())]
    sizes = [warehouse.estimate(query) for query in work]
    tables = sum(tables_in(one) for query in work for one in query.inputs.values())
    return Estimate(sum(sizes), max(sizes, default=0), sum(sizes) + tables * LEAST_BILLED)
