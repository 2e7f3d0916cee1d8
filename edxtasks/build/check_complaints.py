"""Checks of tables looked at when the registry is read: columns, types, tables, the proven list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from edxtasks.build import parameters
from edxtasks.build.model_errors import ModelError
from edxtasks.errors import UserError, nearest
from edxtasks.table import TRACKLOG, Scope, SqlModel, Table
from edxtasks.warehouse.checks import Check, conditions_sql, digest_of
from edxtasks.warehouse.schema import Schema

if TYPE_CHECKING:
    from sqlglot import exp

_LINE = re.compile(r"^(SQL that cannot be read: )?line \d+: ")
_NAME = re.compile(r"\w+(?:\.\w+)?")


def parts_of_checks(table: Table, tables: Mapping[str, Table]) -> list[str]:
    """What complaints about the checks of a table hang on: their text, and the columns of what they name."""
    words = {word for check in table.checks for word in _NAME.findall(check.condition)}
    read = [table, *(tables[word] for word in sorted(words) if word in tables)]
    lines = [str(check.line) for check in table.checks]
    columns = [text for one in read for text in (one.name, one.schema.digest(), one.fault)]
    return [table.scope.value, digest_of(table.checks), *lines, *columns]


def complaints_of_checks(table: Table, tables: Mapping[str, Table]) -> list[str]:
    """What is wrong with the checks of a table, each with file and line where it has them."""
    return [
        _placed(table, check, complaint)
        for check in table.checks
        for complaint in dict.fromkeys(_complaints(table, check, tables))
    ]


def _placed(table: Table, check: Check, complaint: str) -> str:
    told = f"check {check.name}: {_LINE.sub('', complaint)}"
    if isinstance(table.builder, SqlModel) and table.builder.file is not None:
        return str(ModelError(table.builder.file, told, check.line))
    return f"{table.name}: {told}"


def _complaints(table: Table, check: Check, tables: Mapping[str, Table]) -> Iterator[str]:
    from edxtasks.warehouse import dialect

    try:
        tree = dialect.parse(conditions_sql(table.name, [check]))
    except UserError as error:
        yield from str(error).splitlines()
        return
    for name in dialect.parameters(tree):
        if name not in table.constants and (fault := parameters.complaint(name, table.scope)):
            yield fault
    schemas: dict[str, Schema] = {}
    for name in dialect.inputs(tree):
        if name == TRACKLOG:
            yield f"it reads {TRACKLOG}, which no check may: it would read every log day"
        elif name not in tables:
            yield f"it reads {name}, which is not a table{nearest(name, tables)}"
        elif tables[name].fault:
            return  # its columns are not known
        elif table.scope is Scope.WAREHOUSE and tables[name].scope is not Scope.WAREHOUSE:
            yield f"it reads {name}, which is of a course or of chosen ones; the table itself is not"
        else:
            schemas[name] = tables[name].schema
    if len(schemas) == len(dialect.inputs(tree)):
        yield from dialect.check(tree, schemas)
    yield from _nulls_in_lists(tree)


def _nulls_in_lists(tree: exp.Expression) -> Iterator[str]:
    """`x IN (SELECT y …)` is never false where a y is NULL: such a check would hold whatever the rows are."""
    from sqlglot import exp

    for node in tree.find_all(exp.In):
        query = node.args.get("query")
        select = query.find(exp.Select) if isinstance(query, exp.Expression) else None
        if select is None or not select.expressions:
            continue
        name = select.expressions[0].alias_or_name
        where = select.args.get("where")
        known = where is not None and any(
            isinstance(one.this, exp.Is)
            and isinstance(one.this.expression, exp.Null)
            and one.this.this.alias_or_name == name
            for one in where.find_all(exp.Not)
        )
        if not known:
            yield (
                f"IN (SELECT {name} …) is never false where a {name} is NULL: leave these out with "
                f"WHERE {name} IS NOT NULL"
            )
