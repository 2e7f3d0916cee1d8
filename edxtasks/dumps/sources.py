"""Which file of a course directory holds a logical source.

A source of the SQL dump, `users` say, may lie there as `users.csv.gz`, `users.csv`, `users.sql.gz` or
`users.sql`; the first of these that has content counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edxtasks.dumps.file_pieces import pieces
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.printable import printable

TABLE_ENDINGS = (".csv.gz", ".csv", ".sql.gz", ".sql")
"""Endings of a delivered table, in the order in which they are looked for."""
FORUM_ENDINGS = (".mongo.gz", ".mongo")
"""Endings of the forum dump, likewise."""
JSON_ENDINGS = (".json.gz", ".json")
"""Endings of JSON-lines files, likewise."""

_SMALLEST_GZIP = 400
"""A gzip file of more bytes than this is not asked whether it is empty."""


def spellings(directory: Path, name: str, endings: Iterable[str] = TABLE_ENDINGS) -> list[Path]:
    """The files of `directory` that hold the source `name`, in the order in which they count."""
    return [path for ending in endings if (path := directory / f"{name}{ending}").is_file()]


def logical_file(directory: Path, name: str, endings: Iterable[str] = TABLE_ENDINGS) -> Path | None:
    """The file of `directory` that holds the source `name`, or None when there is none.

    A file with content goes before an empty one, otherwise the order of `endings` decides.
    """
    found = spellings(directory, name, endings)
    return next((path for path in found if not is_empty(path)), found[0] if found else None)


def required_file(directory: Path, name: str, endings: Iterable[str] = TABLE_ENDINGS) -> Path:
    """As `logical_file`; raises `SourceAbsentError` when the source is not there or has no byte of
    content."""
    path = logical_file(directory, name, endings)
    if path is None:
        raise SourceAbsentError(f"{name} was not delivered (looked in {directory})", spelt([name], endings))
    if is_empty(path):
        raise SourceAbsentError(f"{name} was delivered empty ({path})")
    return path


def spelt(names: Iterable[str], endings: Iterable[str] = TABLE_ENDINGS) -> list[str]:
    """The names that files of the sources `names` may have."""
    return [f"{name}{ending}" for name in names for ending in endings]


def is_empty(path: Path) -> bool:
    """Whether `path` has no byte of content; a broken gzip file is not empty."""
    size = path.stat().st_size
    if size == 0:
        return True
    if path.suffix != ".gz" or size > _SMALLEST_GZIP:
        return False
    try:
        return next(pieces(path), None) is None
    except InputError:
        return False


def tell_of_doubles(path: Path, endings: Iterable[str], messages: Messages) -> None:
    """Note the other files of the same folder that hold the same source as `path` and are not read."""
    ending = next((ending for ending in endings if path.name.endswith(ending)), None)
    if ending is None:
        return
    others = [
        printable(other.name)
        for other in spellings(path.parent, path.name.removesuffix(ending), endings)
        if other != path
    ]
    if others:
        messages.add(f"{printable(path.name)} was read, and not what lies beside it: {', '.join(others)}")
