"""What scripts of external commands do with the warehouse and the storage (docs/external.md)."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from edxtasks.build.downloads import Source, extract, is_newer, save
from edxtasks.build.row_writers import RowFile
from edxtasks.config import Settings
from edxtasks.digests import Digests
from edxtasks.errors import InputError, UserError, nearest
from edxtasks.printable import listed, printable, printable_path, quantity
from edxtasks.scratch import scratch_of, use
from edxtasks.storage import open_storage
from edxtasks.storage.base import checked_name
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, TableName, digest
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import Column, Schema

_BUCKET = "gs://"
_TYPES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "NUMERIC": "FLOAT"}
"""Other names of types."""
_ABSENT = frozenset({"", "NA", ".", "NaN", "NULL"})
"""How R, Stata and others write that there is no number, time or flag."""
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def get_data(settings: Settings, project: str, table: str, directory: str, file: str) -> str:
    """Write a table to a CSV file of a directory; gives what was done.

    A file that is newer than the table stays as it is. Raises `UserError` where there is no such table.
    """
    name, path = _table_name(table), Path(directory) / file
    with _warehouse(settings, project) as warehouse:
        one = extract(Source(warehouse, name))
        if one is None:
            raise UserError(f"{name} does not exist")
        if is_newer(path, [one]):
            return f"{printable_path(path)} is newer than {name}: left as it is"
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"{quantity(save(one, RowFile(path)), 'row')} of {name} in {printable_path(path)}"


def upload_data(
    settings: Settings,
    project: str,
    file: str,
    table: str,
    schema: str,
    directory: str,
    description: str,
) -> str:
    """Replace a table by the rows of a CSV file with a header; gives what was done.

    Raises `InputError` for a file that does not fit the schema: the old table stays.
    """
    name, path = _table_name(table), Path(directory) / file
    columns = read_schema(Path(directory) / schema)
    with _warehouse(settings, project) as warehouse, warehouse.lock(name):
        stamp = digest("uploaded", Digests()(path), columns.digest())
        info = BuildInfo(stamp, parts={"uploaded": stamp}, description=description)
        state = warehouse.load(name, columns, rows_of(path, columns), info)
        return f"{quantity(state.rows, 'row')} in {name}"


def upload_file(settings: Settings, project: str, file: str, place: str) -> str:
    """Store a file; gives where people find it. On the embedded engine the bucket is left out."""
    bucket, name = "", place
    if place.startswith(_BUCKET):
        bucket, _, name = place.removeprefix(_BUCKET).partition("/")
    try:
        checked_name(name)
    except ValueError:
        raise UserError(f'"{printable(place)}" is not a place: expected gs://BUCKET/NAME, or NAME') from None
    if not Path(file).is_file():
        raise InputError(f"{printable_path(file)} does not exist")
    settings = _of_project(settings, project)
    if bucket:
        storage = dataclasses.replace(settings.storage, gs_bucket=f"{_BUCKET}{bucket}")
        settings = dataclasses.replace(settings, storage=storage)
    target = open_storage(settings)
    scratch = use(scratch_of(settings))
    try:
        target.put(Path(file), name)
    finally:
        scratch.close()
    return target.url(name)


class _warehouse:
    """The warehouse of the settings, in a project; what it needs is removed at the end of the block."""

    def __init__(self, settings: Settings, project: str) -> None:
        self._settings = _of_project(settings, project)

    def __enter__(self) -> Warehouse:
        self._scratch = use(scratch_of(self._settings))
        return open_warehouse(self._settings, None, self._scratch)

    def __exit__(self, *error: object) -> None:
        self._scratch.close()


def _of_project(settings: Settings, project: str) -> Settings:
    if settings.warehouse.engine != "bigquery" or not project:
        return settings
    warehouse = dataclasses.replace(settings.warehouse, project_id=project)
    return dataclasses.replace(settings, warehouse=warehouse)


def _table_name(text: str) -> TableName:
    dataset, _, table = text.partition(".")
    try:
        return TableName(dataset, table)
    except ValueError:
        raise UserError(f'"{printable(text)}" is not a table: expected DATASET.TABLE') from None


# Files of a script


def read_schema(path: Path) -> Schema:
    """The columns of a JSON file in BigQuery's form: a list of objects with `name`, `type`, `description`.

    Raises `InputError` for a file of another form.
    """
    shown = printable_path(path)
    try:
        form = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError(f"{shown}: expected JSON: {error}") from None
    if isinstance(form, dict):
        form = form.get("fields", form)
    if not isinstance(form, list) or not form or not all(isinstance(one, dict) for one in form):
        raise InputError(f"{shown}: expected a list of columns, each with name and type")
    try:
        return Schema(tuple(_column(one) for one in form))
    except (KeyError, ValueError) as error:
        raise InputError(f"{shown}: {printable(error)}") from None


def _column(form: Mapping[str, Any]) -> Column:
    kind = str(form["type"]).upper()
    column = Column(str(form["name"]), _TYPES.get(kind, kind), str(form.get("description") or ""))
    if column.type == "RECORD" or form.get("mode") == "REPEATED":
        raise ValueError(f"column {column.name}: a CSV file cannot hold it")
    return column


def rows_of(path: Path, schema: Schema) -> Iterator[Row]:
    """The rows of a CSV file, by the names of its header; a column that it lacks is NULL.

    Raises `InputError` for a header with other names, a row of another length, or a value of another type;
    the text names line and column, and never a value.
    """
    shown = printable_path(path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        try:
            header = next(reader, [])
            strange = [name for name in header if name not in schema.names]
            if strange or not header or len(set(header)) < len(header):
                hint = nearest(strange[0], schema.names) if strange else ""
                raise InputError(
                    f"{shown}, line 1: expected a header with the columns {listed(schema.names, 20)}, each "
                    f"once; found {listed(header, 20) or 'nothing'}{hint}"
                )
            columns = [schema[name] for name in header]
            for row in reader:
                if len(row) != len(columns):
                    raise InputError(
                        f"{shown}, line {reader.line_num}: expected "
                        f"{quantity(len(columns), 'value')}, found {len(row)}"
                    )
                values = {}
                for column, text in zip(columns, row, strict=True):
                    try:
                        values[column.name] = _READERS[column.type](text)
                    except (ValueError, OverflowError):
                        raise InputError(
                            f"{shown}, line {reader.line_num}, column {column.name}: the value is not "
                            f"{column.type}"
                        ) from None
                yield values
        except (csv.Error, UnicodeDecodeError) as error:
            where = f"line {reader.line_num + 1}"
            what = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise InputError(f"{shown}, {where}: {what}") from None


def _text(text: str) -> str | None:
    return text or None


def _integer(text: str) -> int | None:
    if text in _ABSENT:
        return None
    try:
        return int(text)
    except ValueError:
        value = float(text)  # R writes 1e+05
        if not value.is_integer() or abs(value) >= 1 << 53:
            raise
        return int(value)


def _float(text: str) -> float | None:
    if text in _ABSENT:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("it is not finite")
    return value


def _flag(text: str) -> bool | None:
    if text in _ABSENT:
        return None
    if text.lower() not in _FLAGS:
        raise ValueError("it is not a flag")
    return _FLAGS[text.lower()]


def _time(text: str) -> datetime | None:
    if text in _ABSENT:
        return None
    value = datetime.fromisoformat(text.removesuffix(" UTC"))
    return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _day(text: str) -> date | None:
    return None if text in _ABSENT else date.fromisoformat(text)


_READERS: Mapping[str, Callable[[str], object]] = {
    "STRING": _text,
    "INTEGER": _integer,
    "FLOAT": _float,
    "BOOLEAN": _flag,
    "TIMESTAMP": _time,
    "DATE": _day,
}
