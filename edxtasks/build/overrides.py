"""The registry as the settings of a run change it: the same tables, made from something else.

- An input that an option or setting may name (header `input NAME: from OPTION`): the table that is named is
  read in its place, as it stands; of a CSV file that is named, a table is made first. A table whose own name
  begins with that of the input is then named after what it reads.
- A table that an option makes once more with other constants (`variants.py`).
- A table that there is for each organization: those of the organizations of the chosen courses.
- A table whose files are written only with a setting: without files.
- A table over courses that may be made from files of the courses (header `from files: FILE when OPTION`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edxtasks.build.context import organization_of, usual_report_dataset
from edxtasks.build.from_files import from_files, from_named_file
from edxtasks.build.model_errors import with_fault
from edxtasks.build.variants import with_variants
from edxtasks.config import Options, Settings
from edxtasks.config.kinds import is_file_name
from edxtasks.course import CourseKey
from edxtasks.printable import printable
from edxtasks.table import REPORT, External, Need, Scope, SqlModel, Table
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.schema import Schema

_ORGANIZATION = "org"
"""The setting that names no table, but an organization: its report table is meant."""

FROM_FILE = "_from_file"
"""How the name of a table ends that is made from a CSV file to be read in place of an input."""


@dataclass(frozen=True)
class _Named:
    """What a person named to be read in place of an input: `words` as they were given, and what they mean."""

    words: str
    place: TableName | Path


class _MeansNothingError(ValueError):
    """What was named cannot be read in place of the input; the text says what is expected."""


def with_overrides(
    registry: Mapping[str, Table], settings: Settings, courses: tuple[CourseKey, ...]
) -> Mapping[str, Table]:
    """The registry for a run with these settings over these courses.

    A table for which something is named that is neither a table nor a file has a `fault`.
    """
    for table in list(registry.values()):
        for source, named_by in table.replaceable.items():
            current = registry.get(table.name, table)
            if current.fault:
                continue
            try:
                named = _named(current, source, named_by, settings, courses)
                if named is not None and (str(named.place) != source or _only_named(registry[source])):
                    registry = _reading(registry, current, source, named)
            except _MeansNothingError as error:
                registry = {**registry, table.name: with_fault(current, str(error))}
    for table in registry.values():
        if table.from_files is not None and getattr(settings.options, table.from_files[1]):
            registry = {**registry, table.name: from_files(table, table.from_files[0])}
    registry = with_variants(registry, settings)
    organizations = tuple(dict.fromkeys(organization_of(course) for course in courses))
    return {
        one.name: one
        for table in registry.values()
        for one in _of_organizations(_with_files(table, settings), organizations)
    }


def _with_files(table: Table, settings: Settings) -> Table:
    """The table, without files where the setting does not hold that they need."""
    if not table.files_when or getattr(settings, table.files_when):
        return table
    return replace(table, files=())


def _of_organizations(table: Table, organizations: tuple[str, ...]) -> list[Table]:
    if not table.for_each:
        return [table]
    return [table.of_organization(one) for one in organizations]


def _value(settings: Settings, name: str) -> Any:
    """The value of an option or setting, None where it is not given."""
    holder = settings.options if hasattr(Options(), name) and name != _ORGANIZATION else settings
    return getattr(holder, name) or None


def _named(
    table: Table,
    source: str,
    named_by: tuple[str, ...],
    settings: Settings,
    courses: tuple[CourseKey, ...],
) -> _Named | None:
    """What a run names for an input, None where it names nothing: then the input itself is meant."""
    for name in named_by:
        if (value := _value(settings, name)) is None:
            continue
        words = f"{name}={printable(value)}"
        if name == _ORGANIZATION:
            report = _of_organization(source, value, settings, courses)
            return _Named(words, report) if report is not None else None
        try:
            return _Named(words, _place(value, source, settings.root))
        except _MeansNothingError as error:
            command = next((one.name for one in table.commands), table.task)
            raise _MeansNothingError(f"{words}: {command} takes {error}, in place of {source}") from None
    return None


def _only_named(table: Table) -> bool:
    return isinstance(table.builder, External) and table.builder.only_named


def _of_organization(
    source: str, organization: str, settings: Settings, courses: tuple[CourseKey, ...]
) -> TableName | None:
    """The report table of an organization that is not that of the chosen courses; None where the line names
    the report dataset of this run."""
    options = settings.options
    named = options.org or options.output_dataset_id or options.dataset_latest
    if named or not courses or courses[0].org == organization:
        return None
    return TableName(usual_report_dataset(organization), source.partition(".")[2])


def _place(text: str, source: str, root: Path) -> TableName | Path:
    """A file, `DATASET.TABLE`, or `TABLE` of the dataset of the input.

    In place of a table of a report only a table with its dataset is taken. Raises `_MeansNothingError` with
    what is expected.
    """
    usual = source.partition(".")[0] if "." in source else ""
    of_report = usual == REPORT
    if is_file_name(text) and not of_report:
        return root / Path(text).expanduser()
    dataset, dot, table = text.rpartition(".")
    try:
        return TableName(dataset if dot or of_report else usual, table)
    except ValueError:
        if of_report or not usual:
            raise _MeansNothingError("a table with its dataset, DATASET.TABLE") from None
        raise _MeansNothingError(
            f"a table, DATASET.TABLE or TABLE of the dataset {usual}, or a CSV file (a path, or a name that "
            "ends in .csv)"
        ) from None


def _reading(registry: Mapping[str, Table], table: Table, source: str, named: _Named) -> Mapping[str, Table]:
    """A registry in which a table reads something else in place of an input."""
    given = _given(registry, table, source, named)
    if given.name != source and given.name in table.inputs:
        raise _MeansNothingError(
            f"{named.words}: {table.task} reads {given.task} already, and expects another table in place of "
            f"{source}"
        )
    suffix = table.name.removeprefix(source)
    renamed = suffix != table.name
    changed = replace(
        table,
        name=f"{given.name}{suffix}" if renamed else table.name,
        declared=table.name if renamed else table.declared,
        scope=Scope.WAREHOUSE if renamed else table.scope,
        inputs={
            given.name if name == source else name: Need.REQUIRED if name == source else need
            for name, need in table.inputs.items()
        },
        written={**table.written, given.name: source},
        named={**table.named, given.name: named.words},
    )
    tables: dict[str, Table] = {}
    for one in registry.values():
        if one.name == table.name:
            tables[given.name] = given
            tables[changed.name] = changed
        elif one.name != given.name:
            tables[one.name] = _renamed_input(one, table.name, changed.name) if renamed else one
        elif given.name not in tables:
            tables[given.name] = given
    return tables


def _given(registry: Mapping[str, Table], table: Table, source: str, named: _Named) -> Table:
    """The table that is read in place of an input."""
    declared = registry[source]
    if isinstance(named.place, Path):
        name = f"{source}{FROM_FILE}"
        made = from_named_file(name, declared.schema, named.place, named.words, declared.grain)
        return replace(made, declared=source)
    known = registry.get(str(named.place))
    if known is not None and not known.external:
        return known
    columns = _columns_read(table, declared.schema)
    if known is not None and known is not declared:
        columns = Schema((*known.schema, *(one for one in columns if one.name not in known.schema.names)))
    return Table(str(named.place), schema=columns, builder=External(), scope=Scope.WAREHOUSE)


def _renamed_input(reader: Table, name: str, now: str) -> Table:
    """A table that reads under another name what it reads."""
    if name not in reader.inputs:
        return reader
    inputs = {now if one == name else one: need for one, need in reader.inputs.items()}
    return replace(reader, inputs=inputs, written={**reader.written, now: reader.written.get(name, name)})


def _columns_read(table: Table, schema: Schema) -> Schema:
    """Of the columns of an input those that a query names: more need not be in what is read in its place."""
    if not isinstance(table.builder, SqlModel):
        return schema
    from edxtasks.warehouse import dialect

    named = {name.lower() for name in dialect.identifiers(dialect.parse(table.builder.sql))}
    return Schema(tuple(column for column in schema if column.name.lower() in named))
