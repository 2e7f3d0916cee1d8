"""What pages ask of the tables: a query for each set of numbers, in the form of a model."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, Verdict
from edxtasks.build.model import read_models
from edxtasks.build.table_queries import queries
from edxtasks.caches import cache_file
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import Need, Table
from edxtasks.warehouse.base import Query

Rows = list[dict[str, object]]


@functools.cache
def page_queries() -> Mapping[str, Table]:
    """All queries by name."""
    return read_models(Path(__file__).parent, cache_file("page_queries.json"), {})


def tables_read() -> dict[str, Need]:
    """The tables that the queries read, sorted; BORROWED those that are read only where they are already."""
    needs: dict[str, Need] = {}
    for query in page_queries().values():
        for name, need in query.inputs.items():
            if needs.get(name, Need.BORROWED) is Need.BORROWED:
                needs[name] = Need.BORROWED if need is Need.BORROWED else Need.OPTIONAL
    return dict(sorted(needs.items()))


def lacking(context: Context, name: str, course: CourseKey) -> list[str]:
    """The tables without which a query has nothing to tell and that a course has not.

    Of those that are not required it needs any.
    """
    inputs = page_queries()[name].inputs
    absent = [one for one in inputs if context.state(context.registry[one], course) is None]
    optional = [one for one, need in inputs.items() if need is not Need.REQUIRED]
    required = [one for one in absent if one not in optional]
    return required + (optional if optional and set(optional) <= set(absent) else [])


def rows_of(context: Context, wanted: Sequence[tuple[str, CourseKey]]) -> list[Rows]:
    """The rows of queries, each for a course, in the order that it says.

    Raises `QueryRefusedError` for what no engine takes.
    """
    asked = [page_queries()[name] for name, _ in wanted]
    work = [_query(context, query, course) for query, (_, course) in zip(asked, wanted, strict=True)]
    found = context.warehouse.select_all(work)
    return [
        [dict(zip(query.schema.names, row, strict=True)) for row in rows]
        for query, rows in zip(asked, found, strict=True)
    ]


def _query(context: Context, query: Table, course: CourseKey) -> Query:
    [part] = queries(context, query, course, Verdict(Status.STALE), Messages())
    return part.query
