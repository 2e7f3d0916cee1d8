"""The course listings file: what the office knows of each course run, above all launch and wrap dates.

CSV with a header row, or newline-delimited JSON objects (`.json`, `.jsonl`); UTF-8, else Latin-1. Of the
columns only `course_id` must be there; dates are `M/D/YYYY` or ISO (docs/course-content.md).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from edxtasks.content.findings import LISTINGS, Findings
from edxtasks.content.markup import clean_text, decode
from edxtasks.content.policy import value_text
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.printable import printable_path, quantity

Listing = Mapping[str, str | None]
"""A row of the listings file: text by column, None where nothing is given."""

LAUNCH = "Course Launch"
WRAP = "Course Wrap"
_KEY = "course_id"


def read_listings(path: Path, findings: Findings) -> list[dict[str, str | None]]:
    """The rows of a listings file, in order.

    Raises `InputError` naming file and line when it cannot be read, or a row has no `course_id` column.
    """
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"listings file {printable_path(path)} cannot be read: {error.strerror or type(error).__name__}."
        ) from error
    if path.suffix in {".json", ".jsonl"}:
        return _json_rows(text, path)
    return _csv_rows(text, path, findings)


def find_listing(listings: Iterable[Listing], course: CourseKey, findings: Findings) -> Listing | None:
    """The first row of a course, in either form of its key; further ones are told. None without one."""
    found = [row for row in listings if CourseKey.find(row.get(_KEY) or "") == course]
    if len(found) > 1:
        findings.add(LISTINGS, f"{course} has {quantity(len(found), 'row')}: the first is used")
    return found[0] if found else None


def make_key(column: str) -> str:
    """A column heading as part of a key: blanks, `'`, `/`, `-` become `_`; `(`, `)`, `,` are left out."""
    return re.sub(r"[(),]", "", re.sub(r"[ '/-]", "_", column.strip()))


def _csv_rows(text: str, path: Path, findings: Findings) -> list[dict[str, str | None]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    rows: list[dict[str, str | None]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if _KEY not in header:
            raise InputError(
                f"listings file {printable_path(path)} has no column {_KEY}: expected a CSV file with a "
                f"header row, found a first row of {quantity(len(header), 'cell')} without it."
            )
        place = header.index(_KEY)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) <= place:
                raise InputError(
                    f"listings file {printable_path(path)} line {reader.line_num} has "
                    f"{quantity(len(cells), 'cell')}: "
                    f"none for {_KEY}, column {place + 1}."
                )
            if len(cells) > len(header):
                findings.add(
                    LISTINGS, f"line {reader.line_num} has more cells than the header: they are ignored"
                )
            row: dict[str, str | None] = dict.fromkeys(header)
            for name, cell in zip(reversed(header), reversed(_padded(cells, len(header))), strict=True):
                row[name] = cell or None  # of two columns with one heading the first counts
            rows.append(row)
    except csv.Error:
        raise InputError(
            f"listings file {printable_path(path)} line {reader.line_num}: expected standard CSV, found "
            "something else."
        ) from None
    return rows


def _padded(cells: list[str], length: int) -> list[str]:
    return (cells + [""] * length)[:length]


def _json_rows(text: str, path: Path) -> list[dict[str, str | None]]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            form = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"listings file {printable_path(path)} line {number} is not JSON.") from None
        if not isinstance(form, dict) or _KEY not in {name.strip() for name in form}:
            raise InputError(
                f"listings file {printable_path(path)} line {number} is not a JSON object with a {_KEY}."
            )
        rows.append(
            {
                clean_text(name.strip()): None if value in (None, "") else value_text(value)
                for name, value in form.items()
            }
        )
    return rows
