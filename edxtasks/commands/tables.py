"""What the commands share that read, list or delete tables: which table is meant, and how JSON is printed."""

from __future__ import annotations

import json
import sys

from edxtasks.build.context import dataset_of
from edxtasks.commands.plain import Request
from edxtasks.config import Settings
from edxtasks.course import CourseKey, shorten
from edxtasks.errors import SettingsError, UserError
from edxtasks.printable import printable_message
from edxtasks.scratch import Scratch
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import NAME, TableName
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.missing import missing_dataset

NO_PROJECT = "local"
"""What stands for the project in ids of tables of the embedded engine, where none is configured."""

SKIPRUN = {
    "name": "skiprun",
    "long": "skiprun",
    "type": bool,
    "default": False,
    "help": "only name the tables",
}
"""The option of commands that delete, in doit's form."""


def warehouse_to_read(settings: Settings) -> Warehouse:
    """The warehouse, for a command that only looks: it makes no folder, not even one for scratch."""
    return open_warehouse(settings, scratch=Scratch(()))


def table_of_option(request: Request) -> str:
    """The table that `--table` names. Raises `SettingsError` where it names none of a dataset."""
    table = request.settings.options.table
    if table is None:
        raise SettingsError("which table? Name it: --table=TABLE")
    return _checked(table, "table")


def dataset_of_word(word: str, settings: Settings) -> str:
    """The dataset that a word names: by its own name, or by the key of its course in either form."""
    course = CourseKey.find(word)
    return _checked(word, "dataset or course") if course is None else dataset_of(course, settings)


def table_of_words(request: Request) -> TableName:
    """The table of the words `DATASET TABLE`, or of one word and `--table`."""
    named = request.settings.options.table
    words = (*request.words, *([named] if named else []))
    if len(words) != 2:
        raise SettingsError("expected a dataset or course, and a table: DATASET TABLE")
    return TableName(dataset_of_word(words[0], request.settings), _checked(words[1], "table"))


def _checked(name: str, kind: str) -> str:
    if not NAME.fullmatch(name):
        raise SettingsError(f'"{shorten(name)}" is not the name of a {kind}: expected letters, digits and _')
    return name


def require_dataset(warehouse: Warehouse, dataset: str) -> None:
    """Raise `UserError` where there is no such dataset."""
    if not warehouse.has_dataset(dataset):
        raise missing_dataset(warehouse, dataset)


def project_of(warehouse: Warehouse, dataset: str, settings: Settings) -> str:
    """The project in the ids of the tables of a dataset."""
    return warehouse.project(dataset) or settings.warehouse.project_id or NO_PROJECT


def table_id(warehouse: Warehouse, dataset: str, table: str, settings: Settings) -> str:
    """`project:dataset.table`."""
    return f"{project_of(warehouse, dataset, settings)}:{dataset}.{table}"


def print_json(value: object) -> None:
    """Write a JSON document to stdout, indented by four blanks."""
    print_text(json.dumps(value, indent=4, ensure_ascii=False) + "\n")


def print_text(text: str) -> None:
    """Write text to stdout as UTF-8, whatever the terminal's encoding: it is data."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())


def delete(warehouse: Warehouse, name: TableName, only_named: bool) -> None:
    """Name a table on stdout, then delete it, unless it is only to be named."""
    print(printable_message(f"{'would delete' if only_named else 'deleting'} {name}"), flush=True)
    if not only_named and not warehouse.drop(name):
        raise UserError(f"{name} was not there any more")
