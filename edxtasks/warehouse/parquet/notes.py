"""What is noted beside a table, in `_edxtasks/TABLE.json` of its dataset: when, by whom and from what it was
built, its description, and what its checks found. It explains, and decides nothing: a note that is lost or
damaged explains nothing, and of a damaged one people are told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from edxtasks.files import write_atomically
from edxtasks.printable import printable_path
from edxtasks.scratch import PRIVATE, beside, publish
from edxtasks.warehouse.base import BuildInfo, TableName, user_name
from edxtasks.warehouse.parquet.folder import WarehouseFolder

_ROOM = 64
"""Bytes that a note may get longer by in a build: it says when that ended, and how long it took."""

_DAMAGED = (
    "is damaged: when and from what its table was built is not known any more. The table itself is not "
    "touched by it; its next build writes the note anew"
)


class TableNotes:
    """The notes of all tables of a warehouse folder."""

    def __init__(self, folder: WarehouseFolder) -> None:
        self._folder = folder
        self._damaged: dict[Path, None] = {}
        self._waiting: dict[TableName, Callable[[], None]] = {}
        """By table that is being built, what gives its note the name."""

    def damage(self, name: TableName) -> str:
        """What is wrong with the note of a table, "" where nothing is, or there is none."""
        self._read(name)
        place = self._place(name)
        return f"{printable_path(place)} {_DAMAGED}" if place in self._damaged else ""

    def remarks(self) -> list[str]:
        """The damaged notes that were come upon, in lines for people."""
        return [f"{printable_path(place)} {_DAMAGED}" for place in self._damaged]

    def parts(self, name: TableName) -> Mapping[str, str]:
        """What the stamp of a table was made of, by name."""
        parts: Mapping[str, str] = self._read(name).get("parts", {})
        return parts

    def description(self, name: TableName) -> str:
        """The description of a table, "" where none is noted."""
        text: str = self._read(name).get("description", "")
        return text

    def created(self, name: TableName) -> float | None:
        """When a table was first built, in seconds since 1970; None where it is not noted. Older notes only
        say when it was built last."""
        note = self._read(name)
        for key in ("created", "built"):
            with suppress(KeyError, TypeError, ValueError):
                return datetime.fromisoformat(note[key]).timestamp()
        return None

    def describe(self, name: TableName, description: str) -> None:
        """Note another description."""
        self._write(name, self._read(name) | {"description": description})

    @contextmanager
    def of_a_build(self, name: TableName, label: BuildInfo) -> Iterator[None]:
        """A block that builds a table and replaces it: the build is noted; what the checks of earlier rows
        found goes.

        The note is written before, so that a full disk is found before the table is another, and gets its
        name when the builder calls `replacing`: of a build that fails there is no note. A run that is killed
        between the two leaves the table stale, and the next one writes both; the other way round the table
        would be fresh, and without its note for good.
        """
        began = time.monotonic()
        self._folder.private(name.dataset)
        place = self._place(name)
        with beside(place) as part:
            created = self.created(name)
            part.write_bytes(_note(label, created, 0.0) + b" " * _ROOM)

            def published() -> None:
                with part.open("r+b") as file:
                    file.write(_note(label, created, time.monotonic() - began))
                    file.truncate()
                publish(part, place)
                self._damaged.pop(place, None)

            self._waiting[name] = published
            try:
                yield
                self.replacing(name)
            finally:
                self._waiting.pop(name, None)

    def replacing(self, name: TableName) -> None:
        """Called just before the first file of a table is replaced or removed by a build, and then as often
        as one likes."""
        published = self._waiting.pop(name, None)
        if published is not None:
            published()

    def note_checks(self, name: TableName, digest: str, results: Sequence[Mapping[str, Any]]) -> None:
        """Note which checks the rows of a table went through, and what these found."""
        note = {"digest": digest, "results": list(results)}
        self._write(name, self._read(name) | {"checks": note})

    def checked(self, name: TableName) -> str | None:
        """The digest of the checks that the rows went through, None where none is noted."""
        found = self._checks(name).get("digest")
        return found if isinstance(found, str) else None

    def check_results(self, name: TableName) -> Sequence[Mapping[str, Any]]:
        """What these checks found."""
        results: Sequence[Mapping[str, Any]] = self._checks(name).get("results", [])
        return results

    def remove(self, name: TableName) -> None:
        """Remove the note of a table."""
        self._place(name).unlink(missing_ok=True)

    def _checks(self, name: TableName) -> Mapping[str, Any]:
        note = self._read(name).get("checks")
        return note if isinstance(note, dict) else {}

    def _place(self, name: TableName) -> Path:
        return self._folder.path / name.dataset / PRIVATE / f"{name.table}.json"

    def _read(self, name: TableName) -> dict[str, Any]:
        place = self._place(name)
        try:
            form = orjson.loads(place.read_bytes())
        except FileNotFoundError:
            return {}
        except orjson.JSONDecodeError:
            form = None
        if isinstance(form, dict):
            self._damaged.pop(place, None)
            return form
        self._damaged[place] = None
        return {}

    def _write(self, name: TableName, form: Mapping[str, Any]) -> None:
        write_atomically(self._folder.private(name.dataset) / f"{name.table}.json", orjson.dumps(form))


def _note(label: BuildInfo, created: float | None, seconds: float) -> bytes:
    """What is noted of a build that took so long; `created` is when the table was first built, None where it
    was not."""
    now = datetime.now(UTC)
    first = datetime.fromtimestamp(created, UTC) if created else now - timedelta(seconds=seconds)
    note = {
        "parts": label.parts,
        "description": label.description,
        "created": first.isoformat(),
        "built": now.isoformat(timespec="seconds"),
        "by": user_name(),
        "seconds": round(seconds, 3),
    }
    return orjson.dumps(note)
