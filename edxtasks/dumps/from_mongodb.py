"""Recovered records of learners who had vanished from the dumps, as JSON lines in `from_mongodb/`.

Before August 2013 un-enrolling deleted the enrolment row, and the person was missing from the dump of the
course. For those courses offices keep accounts, profiles and enrolments as MongoDB exported them
(`mongo2user_info` writes these files). Their text is real text, without the escapes of the SQL export.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edxtasks.dumps import documents as mongo
from edxtasks.dumps import values
from edxtasks.dumps.reader import FLOAT, INTEGER, TIMESTAMP, Field
from edxtasks.dumps.sources import JSON_ENDINGS, logical_file
from edxtasks.messages import Messages

FOLDER = "from_mongodb"
NAMES = ("users", "profiles", "enrollment")


def recovered_files(course_directory: Path) -> dict[str, Path | None]:
    """The recovered files of a course by logical name, `from_mongodb/users` and so on; None = not there."""
    folder = course_directory / FOLDER
    return {f"{FOLDER}/{name}": logical_file(folder, name, JSON_ENDINGS) for name in NAMES}


def people(
    path: Path, key: str, fields: Sequence[Field], messages: Messages, max_bad_fraction: float
) -> Iterator[tuple[int, dict[str, object], mongo.Document]]:
    """User id, values by target name, and the document, for each document with an integer in `key`."""
    for document in mongo.documents(path, messages, max_bad_fraction, key):
        user = mongo.integer(document[key])
        assert user is not None
        yield user, {item.target: _value(document.get(item.column), item.kind) for item in fields}, document


def _value(value: object, kind: str) -> object:
    if kind == INTEGER:
        return mongo.integer(value)
    if kind == TIMESTAMP:
        moment = mongo.moment(value)
        return None if moment is None else values.timestamp_text(moment)
    if kind == FLOAT:
        text = mongo.text(value)
        return None if text is None else values.decimal(text)
    return mongo.text(value)
