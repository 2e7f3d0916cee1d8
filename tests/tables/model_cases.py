"""Cases of tables: small inputs and the rows that must be made of them.

A case is a folder `tests/tables/TABLE/CASE/` (docs/adding-a-table.md tells its form). That of a model is run
on DuckDB, through the embedded warehouse, and on Google's reference evaluator; that of a table in Python on
the road that a build takes.
"""

from __future__ import annotations

import functools
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
from product_registry import product_registry

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.parameters import OF_SETTINGS, value
from edxtasks.config import Settings, load_settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
from edxtasks.pages.queries import page_queries
from edxtasks.table import TRACKLOG, PythonModel, Scope, SqlModel, Table
from edxtasks.warehouse.base import (
    Absent,
    BuildInfo,
    Dates,
    Input,
    Parameter,
    Query,
    ResourceLimits,
    TableName,
    Tables,
)
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import Column, Schema

FOLDER = Path(__file__).parent
COURSE_PARAMETERS: Mapping[str, Parameter] = {
    "course_id": "MITx/6.00x/2013_Spring",
    "course_key": "course-v1:MITx+6.00x+2013_Spring",
    **{name: value(name, None, Settings()) for name in OF_SETTINGS},
}
"""Parameters of a case that names no others: a course, and the settings as they are unless they are set."""

SETTINGS = """
[paths]
course_sql_base_dir = "SQL"
[engine]
workers = 1
"""
"""Configuration of a case of a table in Python that has none of its own."""


OF_PYTHON = ("files", "dump", "edxtasks.toml")
"""What the case of a table in Python may have besides rows: a folder of files that are laid into the project,
one of files of the course's dump, the configuration."""


class CaseError(ValueError):
    """A case that breaks the form: names its file and what is wrong."""


@dataclass(frozen=True)
class Case:
    """One case: what it shows, the rows of each input that is there, and the rows that must come out.

    `columns` are the columns that the expected rows name; only these are compared. `folder` is where it lies,
    with the files that a table in Python is made from; `of_courses` are rows of inputs of single courses,
    which a table over courses reads.
    """

    table: Table
    name: str
    purpose: str
    inputs: Mapping[str, list[Row]]
    parameters: Mapping[str, Parameter]
    columns: tuple[str, ...]
    expected: Sequence[Row]
    folder: Path = FOLDER
    of_courses: Mapping[CourseKey, Mapping[str, list[Row]]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.table.name}/{self.name}"

    @property
    def sql(self) -> str:
        """The query of the model."""
        assert isinstance(self.table.builder, SqlModel)
        return self.table.builder.sql

    @property
    def values(self) -> dict[str, Parameter]:
        """The parameters that the model uses."""
        return parameters_of(self.table, self.parameters)


def parameters_of(table: Table, known: Mapping[str, Parameter] = COURSE_PARAMETERS) -> dict[str, Parameter]:
    """The parameters that a model uses; its constants as it says them, unless `known` has others."""
    assert isinstance(table.builder, SqlModel)
    values = {**table.constants, **known}
    return {name: values[name] for name in table.builder.parameters}


@functools.cache
def registry() -> Mapping[str, Table]:
    """All tables of the product."""
    return product_registry()


def models() -> list[Table]:
    """The tables that are made by a query, in order of the registry."""
    return [table for table in registry().values() if isinstance(table.builder, SqlModel)]


def python_tables() -> list[Table]:
    """The tables that are made by Python, in order of the registry."""
    return [table for table in registry().values() if isinstance(table.builder, PythonModel)]


def queries() -> list[Table]:
    """The queries of pages, which have the form of models."""
    return list(page_queries().values())


def input_schema(name: str) -> Schema:
    """The columns of an input of a model."""
    return TRACKLOG_SCHEMA if name == TRACKLOG else registry()[name].schema


def input_schemas(table: Table) -> dict[str, Schema]:
    """The columns of every input of a model."""
    return {name: input_schema(name) for name in table.inputs}


def folder_of(table: Table) -> Path:
    """Where the cases of a model lie."""
    return FOLDER / table.name.replace(":", ".")


@functools.cache
def cases() -> list[Case]:
    """The cases of all models. Raises `CaseError` for a folder that is none."""
    return [case for table in models() for case in cases_of(table)]


@functools.cache
def python_cases() -> list[Case]:
    """The cases of all tables in Python. Raises as `cases` does."""
    return [case for table in python_tables() for case in cases_of(table)]


def cases_of(table: Table) -> list[Case]:
    """The cases of one table; none where it has no folder."""
    folder = folder_of(table)
    if not folder.is_dir():
        return []
    return [read_case(table, place) for place in sorted(folder.iterdir()) if place.is_dir()]


def read_case(table: Table, folder: Path) -> Case:
    """The case in a folder. Raises `CaseError` where it breaks the form."""
    purpose = (folder / "README").read_text(encoding="utf-8").strip() if (folder / "README").exists() else ""
    if not purpose:
        raise CaseError(f"{folder}: no README that says what the case shows")
    of_python = isinstance(table.builder, PythonModel)
    parameters = dict(COURSE_PARAMETERS)
    inputs: dict[str, list[Row]] = {}
    of_courses: dict[CourseKey, dict[str, list[Row]]] = {}
    expected: list[Row] | None = None
    for path in sorted(folder.iterdir()):
        if path.name == "README" or (of_python and path.name in OF_PYTHON):
            continue
        if path.name == "parameters.json" and not of_python:
            parameters = _parameters(path)
        elif path.name == "expected.jsonl":
            lines = list(_lines(path))
            schema = _schema_of(table, [form for _, form in lines])
            expected = [_row(place, form, schema) for place, form in lines]
        elif path.is_dir() and of_python and table.scope is Scope.GROUP and path.name.count("__") == 2:
            course = CourseKey.parse(path.name.replace("__", "/"))
            of_courses[course] = dict(_input(table, one) for one in sorted(path.iterdir()))
        else:
            name, rows = _input(table, path)
            inputs[name] = rows
    if expected is None:
        raise CaseError(f"{folder}: no expected.jsonl")
    columns = tuple(expected[0]) if expected else ()
    if any(tuple(row) != columns for row in expected):
        raise CaseError(f"{folder}/expected.jsonl: every row must name the same columns, in the same order")
    return Case(table, folder.name, purpose, inputs, parameters, columns, expected, folder, of_courses)


def _input(table: Table, path: Path) -> tuple[str, list[Row]]:
    """The name of an input and its rows, as a file of a case has them."""
    if path.suffix != ".jsonl" or path.stem not in table.inputs:
        told = f"it reads {', '.join(table.inputs)}" if table.inputs else "it reads no table"
        raise CaseError(f"{path}: {table.name} has no input of this name; {told}")
    lines = list(_lines(path))
    schema = input_schema(path.stem)
    if path.stem != TRACKLOG:
        schema = _schema_of(registry()[path.stem], [form for _, form in lines])
    return path.stem, [_row(place, form, schema) for place, form in lines]


def _schema_of(table: Table, rows: Sequence[Mapping[str, object]]) -> Schema:
    """The columns of a table; of one that may have more than it declares also those that its rows name."""
    if not isinstance(table.builder, PythonModel) or not table.builder.own_columns:
        return table.schema
    kinds = {int: "INTEGER", float: "FLOAT", bool: "BOOLEAN"}
    more = {
        name: Column(name, kinds.get(type(value), "STRING"))
        for row in rows
        for name, value in row.items()
        if name not in table.schema.names and value is not None
    }
    return Schema((*table.schema, *more.values()))


def _lines(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The JSON objects of a file with where they stand; blank lines and those that start with # are none."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        place = f"{path}:{number}"
        try:
            form = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise CaseError(f"{place}: {error}") from None
        if not isinstance(form, dict):
            raise CaseError(f"{place}: expected an object")
        yield place, form


def _parameters(path: Path) -> dict[str, Parameter]:
    """The parameters in a file; a name that ends in `_date` holds a date."""
    form: dict[str, Parameter] = orjson.loads(path.read_bytes())
    return {
        name: date.fromisoformat(value) if name.endswith("_date") and isinstance(value, str) else value
        for name, value in form.items()
    }


def _row(place: str, form: Mapping[str, object], schema: Schema) -> Row:
    """A row with the Python values of its columns, in the order in which the line names them."""
    for name in form:
        if name not in schema.names:
            raise CaseError(f"{place}: there is no column {name}; columns are {', '.join(schema.names)}")
    return {name: _value(f"{place}, {name}", value, schema[name]) for name, value in form.items()}


def _value(place: str, value: object, column: Column) -> object:
    """A JSON value as a value of the column. An object in a text column stands for its JSON text."""
    if column.repeated:
        if not isinstance(value, list):
            raise CaseError(f"{place}: expected a list")
        return [_value(place, item, replace(column, mode="NULLABLE")) for item in value]
    if value is None:
        return None
    if column.type == "RECORD" and isinstance(value, dict):
        return _row(place, value, Schema(column.fields))
    if column.type == "STRING" and isinstance(value, dict):
        return orjson.dumps(value).decode()
    if column.type == "TIMESTAMP" and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if column.type == "DATE" and isinstance(value, str):
        return date.fromisoformat(value)
    if column.type == "FLOAT" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    kinds = {"STRING": str, "INTEGER": int, "BOOLEAN": bool}
    if type(value) is kinds.get(column.type):
        return value
    raise CaseError(f"{place}: {value!r} is not a valid {column.type}")


def on_duckdb(warehouse: ParquetWarehouse, case: Case) -> list[Row]:
    """The rows that the embedded warehouse makes of a case, on the road that a build takes."""
    dataset = f"{case.table.name}__{case.name}".replace(":", "_").replace(".", "_")
    inputs: dict[str, Input] = {}
    for name, schema in input_schemas(case.table).items():
        inputs[name] = Absent(schema)
        if name in case.inputs:
            stored = TableName(dataset, "input_" + name.replace(".", "_").replace(":", "_"))
            warehouse.load(stored, schema, case.inputs[name], BuildInfo("input"))
            inputs[name] = Tables((stored,), schema)
    query = Query(case.sql, inputs, case.values, case.table.schema)
    made = TableName(dataset, "made")
    if case.table.partition is None:
        warehouse.create(made, query, BuildInfo("stamp"))
    else:
        work = [Dates(query, None)]
        warehouse.create_dates(made, case.table.schema, case.table.partition, work, (), BuildInfo("stamp"))
    names = case.table.schema.names
    return [dict(zip(names, row, strict=True)) for row in warehouse.read(made, names)]


def by_build(folder: Path, case: Case) -> list[Row]:
    """The rows that a build makes of the case of a table in Python, in an empty folder."""
    own = case.folder / "edxtasks.toml"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "edxtasks.toml").write_text(own.read_text() if own.exists() else SETTINGS)
    if (case.folder / "files").is_dir():
        shutil.copytree(case.folder / "files", folder, dirs_exist_ok=True)
    course = CourseKey.parse(str(COURSE_PARAMETERS["course_id"]))
    if (case.folder / "dump").is_dir():
        shutil.copytree(case.folder / "dump", folder / "SQL" / course.package_prefix)
    warehouse = ParquetWarehouse(folder / "warehouse", ResourceLimits())
    tables = {**registry(), case.table.name: case.table}
    courses = tuple(case.of_courses) or (course,)
    context = Context(load_settings(folder, {}, {}), tables, warehouse, Digests(), courses)
    held = [(one, name, rows) for one, inputs in case.of_courses.items() for name, rows in inputs.items()]
    for one, name, rows in [*held, *((course, name, rows) for name, rows in case.inputs.items())]:
        schema = _schema_of(tables[name], rows)
        warehouse.load(context.name(tables[name], one), schema, rows, BuildInfo("input"))
    whose = course if case.table.scope is Scope.COURSE else None
    build(context, case.table, whose)
    made = context.name(case.table, whose)
    names = warehouse.schema(made).names
    rows = [dict(zip(names, row, strict=True)) for row in warehouse.read(made, names)]
    warehouse.session.close()
    return rows


def differences(case: Case, rows: Sequence[Row]) -> list[str]:
    """How rows differ from the expected ones as multisets: what is missing, what is too much."""
    columns = case.columns or case.table.schema.names
    found = [{name: row[name] for name in columns} for row in rows]
    missing = []
    for wanted in case.expected:
        same = next((place for place, row in enumerate(found) if _same_row(row, wanted)), None)
        if same is None:
            missing.append(f"missing  {wanted}")
        else:
            found.pop(same)
    return missing + [f"too much {row}" for row in found]


def _same_row(left: Row, right: Row) -> bool:
    return all(same_value(left[name], right[name]) for name in right)


def same_value(left: object, right: object) -> bool:
    """Equal, or two numbers that differ by less than 10⁻⁹ of their size."""
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=0.0)
    return type(left) is type(right) and left == right
