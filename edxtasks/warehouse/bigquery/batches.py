"""Queries that would read too many tables, or be too long: their inputs are put together first, in scratch
tables, a batch of tables in each.

BigQuery refuses a query that names over 1,000 tables or has over 1 MiB of text. A union over many courses
has both: a table, and the list of its columns, for each of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from edxtasks.warehouse.base import Input, LogDays, Query, TableName, Tables, tables_in
from edxtasks.warehouse.bigquery import sql, stamps
from edxtasks.warehouse.bigquery.service import Service

MOST_TABLES = 900
"""Tables in one query, at most: BigQuery takes 1,000, of which the target and the stamps are two."""

LONGEST_QUERY = 900_000
"""Characters of a query, at most: BigQuery takes 1,048,576, and a statement surrounds the query."""

_BATCH = 250
"""Tables that are put together in one query, at most: planning very many takes BigQuery long."""

_BATCH_LENGTH = 400_000
_SCRATCH = f"{stamps.PRIVATE}batch_"


def batches(query: Query, project: sql.Project) -> dict[str, list[Input]]:
    """Which inputs of a query go through scratch tables, and what each of these holds; {} when it fits."""
    found: dict[str, list[Input]] = {}
    while not _fits(query, project):
        sizes = {name: _size(one, project) for name, one in query.inputs.items() if name not in found}
        name = max(
            (one for one in sizes if tables_in(query.inputs[one]) > 1), key=sizes.__getitem__, default=None
        )
        if name is None:
            break  # BigQuery says what it has against it
        found[name] = list(_cut(query.inputs[name], project))
        query = _with(
            query, {name: [TableName("scratch", f"{number}") for number in range(len(found[name]))]}
        )
    return found


@contextmanager
def fitted(service: Service, target: TableName, query: Query) -> Iterator[Query]:
    """For the block, a query that BigQuery takes and that gives the same rows.

    Scratch tables stand beside the target and are dropped at the end; those of a run that was killed expire
    after a day.
    """
    made: dict[str, list[TableName]] = {}
    mark = secrets.token_hex(8)
    try:
        for name, parts in batches(query, service.projects).items():
            made[name] = []
            for part in parts:
                number = sum(map(len, made.values()))
                made[name].append(TableName(target.dataset, f"{_SCRATCH}{mark}_{number}"))
                _fill(service, target, made[name][-1], part)
        yield _with(query, made)
    finally:
        for one in (one for names in made.values() for one in names):
            service.drop(one)


def estimated(service: Service, query: Query) -> int:
    """The bytes that building from a query reads, at most: inputs that go through scratch tables twice."""
    through = batches(query, service.projects)
    if not through:
        return service.estimate(*sql.resolved(query, service.projects))
    parts = [part for one in through.values() for part in one]
    return 2 * sum(service.estimate(_select(part, service.projects), {}) for part in parts) + sum(
        service.estimate(_select(one, service.projects), {})
        for name, one in query.inputs.items()
        if name not in through
    )


def _fits(query: Query, project: sql.Project) -> bool:
    tables = sum(map(tables_in, query.inputs.values()))
    return tables <= MOST_TABLES and len(sql.resolved(query, project)[0]) <= LONGEST_QUERY


def _size(source: Input, project: sql.Project) -> tuple[int, int]:
    return tables_in(source) // MOST_TABLES, len(sql.relation(source, project))


def _cut(source: Input, project: sql.Project) -> Iterator[Input]:
    """An input as inputs of at most `_BATCH` tables whose text is not too long."""
    if isinstance(source, LogDays):
        for start in range(0, len(source.tables), _BATCH):
            yield replace(source, tables=source.tables[start : start + _BATCH])
        return
    assert isinstance(source, Tables)
    size = max(1, min(_BATCH, _BATCH_LENGTH * len(source.names) // len(sql.relation(source, project))))
    for start in range(0, len(source.names), size):
        yield replace(source, names=source.names[start : start + size])


def _with(query: Query, made: Mapping[str, Sequence[TableName]]) -> Query:
    """The query that reads scratch tables in place of inputs."""
    inputs = dict(query.inputs)
    for name, tables in made.items():
        inputs[name] = Tables(tuple(tables), query.inputs[name].schema)
    return replace(query, inputs=inputs)


def _fill(service: Service, target: TableName, scratch: TableName, part: Input) -> None:
    statement = (
        f"CREATE OR REPLACE TABLE {sql.path(service.projects, scratch)}\n"
        "OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) AS\n"
        f"{_select(part, service.projects)}"
    )
    service.script(f"building {target}", scratch.table, stamps.Script(statement))


def _select(part: Input, project: sql.Project) -> str:
    return f"SELECT {sql.listed_columns(part.schema)} FROM {sql.relation(part, project)}"
