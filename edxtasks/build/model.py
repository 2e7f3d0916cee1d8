"""A model: a derived table that is one file of GoogleSQL with a short header.

    -- What the table is, in a line or more.
    -- command: person_course
    -- grain: username
    -- optional: studentmodule, forum
    -- partition: date
    -- lookback: 300 seconds
    SELECT
      username, -- STRING: the learner
      COUNT(*) AS nevents, -- INTEGER: number of events
    FROM …

The header is told in `model_header.py`. Conditions that the rows keep are lines of their own,
`-- check NAME (error): grade <= 1` (`check_lines.py`), and so is what is said of the table after a build
(`fact_lines.py`). Each output column says its BigQuery type and its meaning in its comment, or the header
names a table that has the same columns (`model_columns.py`). Inputs and parameters are read from the parsed
query (docs/adding-a-table.md tells all of them).

A model that breaks this form, or is not SQL, is told with file and line when its own table is built: all
other tables go on.

With `scope: group` a plain table name means the union of that table over the chosen courses, those that
lack it left out, columns matched by name. A table of the report dataset is `report.NAME`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edxtasks.build import parameters
from edxtasks.build.check_lines import take_checks
from edxtasks.build.declaration_checks import fault_in
from edxtasks.build.fact_lines import numbers_and_inputs, take_facts
from edxtasks.build.model_columns import column_from, columns_of_table, with_columns
from edxtasks.build.model_errors import HeaderLineError, ModelError, line_with, with_fault, with_line
from edxtasks.build.model_header import (
    Header,
    constants_of,
    empty_up_to,
    files_of,
    from_files,
    header_of,
    is_on_request,
    lenient_header,
    lookback_of,
    needs_of,
    partition_of,
    replaceable,
    said_by_name,
    scope_of,
    steps_of,
)
from edxtasks.build.sets import SETS
from edxtasks.caches import Memo
from edxtasks.errors import UserError, from_machine
from edxtasks.table import (
    ALL_EARLIER,
    TRACKLOG,
    Scope,
    SqlModel,
    Table,
    commands_in,
    name_at,
    split_list,
)
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.dialect_version import code_version
from edxtasks.warehouse.schema import Schema

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class _Analysis:
    """What parsing the SQL of a model tells: kept in a cache, since parsing all models takes a second."""

    inputs: list[str]
    parameters: list[str]
    columns: list[list[str]]
    recipe: str


def read_models(folder: Path, cache: Path | None, declared: Mapping[str, Schema]) -> dict[str, Table]:
    """The tables of all `.sql` files below `folder`, by name; one whose model is wrong has a `fault`.

    `declared` are the columns of tables that are no models. `cache` is a file that spares parsing models
    which did not change; it may vanish at any time.
    """
    memo = Memo(cache)
    tables: dict[str, Table] = {}
    texts = {path: _text(path) for path in sorted(folder.rglob("*.sql"))}
    version = code_version()

    def analysis_of(path: Path, text: str) -> _Analysis:
        key = f"{hashlib.sha256(text.encode()).hexdigest()}:{version}"
        return _Analysis(**memo.get(key, lambda: _analyse(path, text).__dict__))

    for path in sorted(texts, key=lambda one: "columns" in lenient_header(texts[one])):
        table = _table_or_fault(path, texts[path], tables, declared, analysis_of)
        if fault := _name_fault(table.name, tables):
            table = _broken(path, texts[path], f"{path}: {fault}")
        tables[table.name] = table
    memo.save()
    return tables


def _name_fault(name: str, others: Iterable[str]) -> str:
    """What is wrong with the name of a table beside those of `others`; "" where nothing is."""
    if not _NAME.fullmatch(name.rpartition(".")[2]):
        return "the name of the file is that of the table: expected letters, digits and _, no digit first"
    twin = next((one for one in others if one.lower() == name.lower()), None)
    if twin == name:
        return f"there are two models with the name {name}"
    return f"there is a model with the name {twin}, and engines do not tell capitals apart" if twin else ""


def _text(path: Path) -> str | ModelError:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        return ModelError(path, str(from_machine(error)))
    except UnicodeDecodeError as error:
        return ModelError(path, f"expected text in UTF-8, byte {error.start} is none")


def _table_or_fault(
    path: Path,
    text: str | ModelError,
    tables: Mapping[str, Table],
    declared: Mapping[str, Schema],
    analysis_of: Callable[[Path, str], _Analysis],
) -> Table:
    if isinstance(text, ModelError):
        return _broken(path, text, str(text))
    try:
        checks, described = take_checks(text)
        facts, described = take_facts(described)
        header, description = header_of(path, described)
        schema = None
        if "columns" in header:
            with header.said_by("columns"):
                schema = columns_of_table(path, header["columns"], tables, declared)
                text = with_columns(path, text, schema)
        table = _table(path, text, header, description, analysis_of(path, text), schema)
        if facts is not None and table.scope is not Scope.COURSE:
            raise ModelError(path, "facts are told of a table of a course, and this is none")
        return dataclasses.replace(table, checks=checks, facts=facts)
    except HeaderLineError as error:
        return _broken(path, text, str(ModelError(path, str(error), error.line)))
    except ModelError as error:
        return _broken(path, text, str(error))


def _broken(path: Path, text: str | ModelError, fault: str) -> Table:
    """What can still be said of a table whose model is wrong: name, command, scope, and the sets and steps
    that it is part of, so that a run of these fails too."""
    header = lenient_header(text)
    command, scope = header.get("command", ""), header.get("scope", "")
    return with_fault(
        Table(
            name=name_at(path),
            command=command if _are_commands(command) else path.stem,
            schema=Schema(()),
            builder=SqlModel("", "", file=path),
            scope=Scope(scope) if scope in {one.value for one in Scope} else Scope.COURSE,
            sets=tuple(name for name in split_list(header.get("sets", "")) if name in SETS),
            steps=steps_of(header),
            on_request=is_on_request(header),
        ),
        fault,
    )


def _are_commands(text: str) -> bool:
    try:
        return bool(commands_in(text))
    except ValueError:
        return False


def _analyse(path: Path, text: str) -> _Analysis:
    from edxtasks.warehouse import dialect

    try:
        tree = dialect.parse(text)
        columns = [list(column) for column in dialect.columns(tree)]
        facts, _ = take_facts(text)
        if facts is not None:
            numbers_and_inputs(facts)
    except (ValueError, UserError) as error:
        raise with_line(path, str(error)) from error
    rewrites = sorted(dialect.rewrite_versions(tree).items())
    recipe = digest(dialect.token_digest(text), *(f"{name}={version}" for name, version in rewrites))
    return _Analysis(dialect.inputs(tree), dialect.parameters(tree), columns, recipe)


def _table(
    path: Path,
    text: str,
    header: Header,
    description: str,
    analysis: _Analysis,
    schema: Schema | None,
) -> Table:
    if "command" not in header:
        raise ModelError(path, 'the header does not say "-- command: NAME"')
    if schema is None:
        schema = Schema(tuple(column_from(path, text, name, comment) for name, comment in analysis.columns))
    with header.said_by("partition"):
        partition = partition_of(path, header, schema)
    with header.said_by("constants"):
        constants = constants_of(path, header.get("constants", ""))
    with header.said_by("lookback"):
        lookback, lookback_by = lookback_of(path, header.get("lookback", "0 seconds"), constants)
        if lookback == ALL_EARLIER and TRACKLOG in analysis.inputs:
            raise ModelError(
                path,
                "a query that looks back over all dates would read every log day for each date that changes. "
                "Keep the events that it needs in an internal table by date, and read that",
            )
    with header.said_by("files"):
        files, files_when = files_of(path, header)
    with header.said_by("scope"):
        scope = scope_of(path, header.get("scope", "course"))
    with header.said_by("may be empty"):
        empty = empty_up_to(path, header)
    with header.said_by("from files"):
        made_from_files = from_files(path, header)
    for name in analysis.parameters:
        if name not in constants and (fault := parameters.complaint(name, scope)):
            raise ModelError(path, fault, line_with(text, f"@{name}"))
    table = Table(
        name=name_at(path),
        command=header["command"],
        schema=schema,
        builder=SqlModel(
            text,
            digest(analysis.recipe, schema.digest()),
            tuple(analysis.parameters),
            split_list(header.get("settings", "")),
            path,
        ),
        description=description,
        scope=scope,
        inputs=needs_of(path, analysis.inputs, header),
        partition=partition,
        lookback=lookback,
        lookback_by=lookback_by,
        constants=constants,
        files=files,
        files_when=files_when,
        steps=steps_of(header),
        on_request=is_on_request(header),
        empty_up_to=empty,
        replaceable=dict(replaceable(path, header)),
        from_files=made_from_files,
        **said_by_name(header),
    )
    if wrong := fault_in(table):
        raise ModelError(path, wrong.told, header.line_with(wrong.word))
    return table
