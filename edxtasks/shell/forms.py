"""Results as text or files: table, csv, json, markdown, parquet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from edxtasks.build.downloads import plain_rows
from edxtasks.build.row_writers import PLAIN, RowWriter, csv_values, row_writer, written
from edxtasks.compression import ByteSink
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, nearest
from edxtasks.files import replacing
from edxtasks.printable import number, printable, printable_path, quantity
from edxtasks.scratch import beside, publish
from edxtasks.shell.cells import drawn
from edxtasks.shell.results import Result, Values

TABLE, CSV, JSON, MARKDOWN, PARQUET = "table", "csv", "json", "markdown", "parquet"
FORMS = (TABLE, CSV, JSON, MARKDOWN, PARQUET)
MOST_ROWS = 10_000
"""Rows that the form `table` shows: it is drawn when all are known."""

LONGEST = 200
"""Columns of the terminal that a value takes in the form `table` where there is no terminal to fit."""

_ENDINGS: Mapping[str, str] = {
    ".csv": CSV,
    ".json": JSON,
    ".jsonl": JSON,
    ".ndjson": JSON,
    ".md": MARKDOWN,
    ".parquet": PARQUET,
    ".txt": TABLE,
}
_NUMBERS = ("INTEGER", "FLOAT")
_MARKDOWN = re.compile(r"[\\|*`<>\[\]~&]|(?<![^\W_])_|_(?![^\W_])")


def checked_form(text: str) -> str:
    """The form of this name. Raises `SettingsError`."""
    if text not in FORMS:
        raise SettingsError(
            f"format {shorten(text)}: expected one of {', '.join(FORMS)}{nearest(text, FORMS)}"
        )
    return text


def form_of_file(path: Path) -> str:
    """The form that the ending of a file's name says. Raises `SettingsError`."""
    endings = [ending for ending in path.suffixes if ending != ".gz"]
    form = _ENDINGS.get(endings[-1].lower()) if endings else None
    if form is None:
        raise SettingsError(
            f"{printable_path(path)}: its name does not say in which form ({', '.join(_ENDINGS)}); "
            "add --format=NAME"
        )
    return form


def check_target(path: Path) -> None:
    """Raise `SettingsError` where a file is not one that a new one may take the place of."""
    if path.exists() and not path.is_file():
        raise SettingsError(f"{printable_path(path)}: expected the name of a file, found another thing there")


def write(result: Result, form: str, sink: ByteSink, room: int | None) -> list[str]:
    """Write the rows of a result; gives what is to be said of it, in lines for people.

    `room`: the columns of the terminal, None where nothing is cut.
    """
    if form == PARQUET:
        raise SettingsError("parquet is no text: name a file with --output=FILE")
    if result.is_plan and form == TABLE:
        for values in result.rows:
            sink.write(f"{values[-1]}\n".encode())
        return []
    if form == TABLE:
        return _write_table(result, sink, room)
    writer = _MarkdownRows(sink, result) if form == MARKDOWN else _row_writer(sink, result, form)
    for row in plain_rows(result.schema, result.rows):
        writer.row(row)
    writer.finish()
    return []


def save(result: Result, form: str, path: Path) -> list[str]:
    """Replace a file by the rows of a result, once they are all there; gives what is to be said of it."""
    check_target(path)
    counted = _Counted(result.rows)
    with written(printable_path(path)):
        if form == PARQUET:
            with beside(path) as part:
                counted.number = result.save_parquet(part)
                publish(part, path)
            said = []
        else:
            with replacing(path) as sink:
                said = write(replace(result, rows=counted), form, sink, None)
    return [f"written: {printable_path(path)}, {quantity(counted.number, 'row')}", *said]


class _Counted(Iterator[Values]):
    """Rows that are counted as they are read."""

    def __init__(self, rows: Iterator[Values]) -> None:
        self.number = 0
        self._rows = rows

    def __next__(self) -> Values:
        row = next(self._rows)
        self.number += 1
        return row


def _row_writer(sink: ByteSink, result: Result, form: str) -> RowWriter:
    return row_writer(sink, result.schema, PLAIN, json=form == JSON)


def _texts(result: Result, limit: int | None) -> Iterator[list[str]]:
    """The rows as text that a terminal can show; no value is longer than `limit`."""
    spell = csv_values(result.schema, PLAIN)
    for row in plain_rows(result.schema, result.rows):
        yield ["NULL" if value is None else printable(value, limit) for value in spell(row)]


def _write_table(result: Result, sink: ByteSink, room: int | None) -> list[str]:
    rows = _texts(result, LONGEST if room is None else room)
    shown = list(islice(rows, MOST_ROWS))
    more = next(rows, None) is not None
    names = [printable(name) for name in result.schema.names]
    right = [one.type in _NUMBERS and not one.repeated for one in result.schema]
    lines, columns = drawn(names, shown, right, room)
    sink.write("".join(f"{line}\n" for line in lines).encode())
    said = []
    if columns < len(names):
        said.append(
            f"{columns} of {quantity(len(names), 'column')} fit the terminal: name fewer, or see "
            "all with --format=csv"
        )
    if room is None and any(len(value) >= LONGEST and value[-1] == "…" for row in shown for value in row):
        said.append(f"values are cut at {LONGEST} characters: whole with --format=csv")
    if more:
        said.append(f"the first {number(MOST_ROWS)} rows are shown: all of them with --format=csv, or LIMIT")
    return said


class _MarkdownRows:
    """A pipe table of Markdown, row by row."""

    def __init__(self, sink: ByteSink, result: Result) -> None:
        self._sink = sink
        self._spell: Callable[..., list[object]] = csv_values(result.schema, PLAIN)
        numbers = [one.type in _NUMBERS and not one.repeated for one in result.schema]
        self._line([_in_markdown(name) for name in result.schema.names])
        self._line(["---:" if one else "---" for one in numbers])

    def row(self, values: tuple[object, ...]) -> None:
        """Write one row; NULL is empty."""
        self._line(["" if value is None else _in_markdown(str(value)) for value in self._spell(values)])

    def finish(self) -> None:
        """Nothing is kept back."""

    def _line(self, cells: list[str]) -> None:
        self._sink.write(f"| {' | '.join(cells)} |\n".encode())


def _in_markdown(text: str) -> str:
    """A text that Markdown shows as it is: escaped for a terminal, then for Markdown."""
    return _MARKDOWN.sub(lambda sign: "\\" + sign[0], printable(text, None))
