"""The columns of a model: type and meaning from the comment of each, or those of another table.

A model that gives the columns of another table as they are says `columns: TABLE`, or `columns: TABLE without
NAME, NAME`, and, as a line of its own, `SELECT *`: the columns and their comments are put in its place when
the model is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from edxtasks.build.model_errors import ModelError
from edxtasks.errors import nearest
from edxtasks.table import Table, split_list
from edxtasks.warehouse.schema import GOOGLESQL_TYPES, Column, Schema, column_of

_COLUMNS = re.compile(r"(\S+)(?: without (.+))?")

_STAR = re.compile(r"^SELECT \*$", re.MULTILINE)


def column_from(path: Path, text: str, name: str, comment: str) -> Column:
    kind, _, description = comment.partition(":")
    try:
        if not description.strip():
            raise ValueError("it has no meaning")
        return column_of(name, kind.strip(), description.strip())
    except ValueError as error:
        known = f"{', '.join(GOOGLESQL_TYPES)}, RECORD<name TYPE, …>, or REPEATED and one of these"
        raise ModelError(
            path,
            f'the comment of column {name} is "{comment}"; expected "TYPE: meaning" with TYPE one of {known} '
            f"({error})",
            _line_of_comment(text, comment),
        ) from None


def _line_of_comment(text: str, comment: str) -> int | None:
    first = comment.partition("\n")[0].strip()
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if first and line.rstrip().endswith(f"-- {first}")), None)


def columns_of_table(
    path: Path, text: str, tables: Mapping[str, Table], declared: Mapping[str, Schema]
) -> Schema:
    """The columns that a header names: `TABLE`, or `TABLE without NAME, NAME`."""
    match = _COLUMNS.fullmatch(text)
    if match is None:
        raise ModelError(
            path, f'"columns: {text}": expected "columns: TABLE" or "columns: TABLE without NAME"'
        )
    source, without = match[1], split_list(match[2] or "")
    if source in tables and tables[source].fault:
        raise ModelError(
            path, f"its columns are those of {source}, whose model is wrong: {tables[source].fault}"
        )
    schema = tables[source].schema if source in tables else declared.get(source)
    if schema is None:
        raise ModelError(path, f"columns: {source} is not a table whose columns are known")
    for name in without:
        if name not in schema.names:
            raise ModelError(path, f"columns: {source} has no column {name}{nearest(name, schema.names)}")
    return Schema(tuple(column for column in schema if column.name not in without))


def with_columns(path: Path, text: str, schema: Schema) -> str:
    """The text of a model with these columns in place of its `SELECT *`."""
    if len(_STAR.findall(text)) != 1:
        raise ModelError(path, 'a model with "columns:" has one line "SELECT *", at the left margin')
    last = schema.columns[-1]
    lines = [
        f"  {one.name}{',' if one is not last else ''} -- {one.written_type}: {one.description}"
        for one in schema
    ]
    return _STAR.sub(lambda match: "\n".join(["SELECT", *lines]), text)
