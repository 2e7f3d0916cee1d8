"""Models checked against the tables that they read: types, the proven list, orders with ties.

A model is checked when the registry is read, so that `doit list` and `doit plan` tell of it, on both engines
alike. What was found is kept in a cache, since checking all models takes a third of a second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import orjson

from edxtasks.build.check_complaints import complaints_of_checks, parts_of_checks
from edxtasks.build.model_errors import with_fault
from edxtasks.caches import Memo
from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
from edxtasks.table import TRACKLOG, Scope, SqlModel, Table
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.dialect_version import code_version
from edxtasks.warehouse.schema import Schema

Keys = tuple[frozenset[str], ...]

_LINE = re.compile(r"line \d+: ")


def with_checks(tables: Mapping[str, Table], cache: Path | None) -> dict[str, Table]:
    """The tables, those whose model is wrong beside the tables that it reads with a `fault`.

    `tables` come inputs first. What reads a table whose model is wrong is not checked: its columns are not
    known.
    """
    memo = Memo(cache)
    checked: dict[str, Table] = {}
    version = code_version()
    for name, table in tables.items():
        checked[name] = table
        if table.fault:
            continue
        if table.checks:
            mark = digest("checks", version, *parts_of_checks(table, tables))
            if complaints := memo.get(mark, partial(complaints_of_checks, table, tables)):
                checked[name] = with_fault(table, "\n".join(complaints))
                continue
        if not isinstance(table.builder, SqlModel):
            continue
        if any(source != TRACKLOG and checked[source].fault for source in table.inputs):
            continue
        schemas, keys = schemas_read(table, tables), keys_read(table, tables)
        mark = digest(version, table.builder.sql, *_parts(schemas, keys))
        if complaints := memo.get(mark, partial(_complaints, table.builder.sql, schemas, keys)):
            checked[name] = with_fault(table, _told(table.builder, complaints))
    memo.save()
    return checked


def schemas_read(table: Table, tables: Mapping[str, Table]) -> dict[str, Schema]:
    """The columns of each input of a table."""
    return {
        source: TRACKLOG_SCHEMA if source == TRACKLOG else tables[source].schema for source in table.inputs
    }


def keys_read(table: Table, tables: Mapping[str, Table]) -> dict[str, Keys]:
    """The unique keys of each input of a table, by the grain that it declares."""
    return {source: _keys(tables[source], table.scope) for source in table.inputs if source != TRACKLOG}


def _keys(source: Table, reader: Scope) -> Keys:
    """The grain as a key: its columns, none where it is one row; no key where it is told in words.

    Over courses a table of a course is a union, whose rows are told apart by the course too.
    """
    if source.key is None:
        return ()
    names = frozenset(name.lower() for name in source.key)
    columns = {name.lower() for name in source.schema.names}
    if reader is not Scope.COURSE and source.scope is Scope.COURSE:
        names |= {"course_id"}
    return (names,) if names <= columns else ()


def _parts(schemas: Mapping[str, Schema], keys: Mapping[str, Keys]) -> list[str]:
    parts = []
    for source in sorted(schemas):
        told = [sorted(key) for key in keys.get(source, ())]
        parts += [source, schemas[source].digest(), orjson.dumps(told).decode()]
    return parts


def _complaints(sql: str, schemas: Mapping[str, Schema], keys: Mapping[str, Keys]) -> list[str]:
    from edxtasks.warehouse import dialect

    tree = dialect.parse(sql)
    return dialect.check(tree, schemas, keys) or dialect.unread(tree)


def _told(builder: SqlModel, complaints: list[str]) -> str:
    """Complaints as one text: each with the file and, where lines are those of the file, its line."""
    if "-- columns:" in builder.sql:
        complaints = [_LINE.sub("", complaint) for complaint in complaints]
    told = []
    for complaint in complaints:
        line = _LINE.match(complaint)
        told.append(f"{builder.file}, {complaint}" if line else f"{builder.file}: {complaint}")
    return "\n".join(told if builder.file is not None else complaints)
