"""Small tables that an office keeps itself: the staff list and the course listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.course import canonical
from edxtasks.directories import office_file
from edxtasks.dumps import documents as mongo
from edxtasks.dumps.file_pieces import pieces
from edxtasks.dumps.reader import Account
from edxtasks.dumps.text_records import csv_records
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.printable import printable, printable_path, quantity
from edxtasks.table import BuildInputs, Instance, Need, PythonModel

Rows = list[dict[str, object]]


@dataclass(frozen=True)
class OfficeFile:
    """The file of the setting `[paths] NAME` that an office keeps; it becomes the table `courses.NAME`.

    `headings` are the columns of the table, each with the headings of the file that mean it beside its name.
    """

    name: str
    headings: Mapping[str, Sequence[str]]

    def model(self, version: int) -> PythonModel:
        """The builder of the table; the file is published with it, as it is."""
        reads, published = {f"setting:{self.name}": Need.REQUIRED}, {self.name: f"courses/{self.name}"}
        return PythonModel(version, self.build, self.sources, reads, published=published)

    def sources(self, of: Instance) -> dict[str, Path | None]:
        """The file; `SourceAbsentError` when the setting is not set, `InputError` when it is not there."""
        return {self.name: office_file(self.name, getattr(of.settings.paths, self.name))}

    def build(self, inputs: BuildInputs) -> Rows:
        """The rows in file order. Raises `InputError` when a column is missing or the file is broken."""
        path = inputs.file(self.name)
        return read_table(path, self.headings, inputs.settings.max_bad_fraction, inputs.messages)


def read_table(
    path: Path, headings: Mapping[str, Sequence[str]], max_bad_fraction: float, messages: Messages
) -> Rows:
    """The rows of the file `path`, a column for each key of `headings`, all text, in the order of the file.

    `path` is CSV with a header row, or JSON lines when its name says `.json`; plain or `.gz`; UTF-8, or
    Latin-1 where it is not UTF-8. A column is found by its own name or one of its `headings`; case, blanks
    and underscores do not matter, and further columns are ignored. A CSV file in which no name is known is
    read by position, where the number of its columns is right. Empty text stays empty; `course_id` is given
    in slash form. Rows without any text are left out.

    Raises `InputError` naming the columns that are missing, or when the file is broken.
    """
    if path.name.removesuffix(".gz").endswith(".json"):
        rows = _from_json(path, headings, max_bad_fraction, messages)
    else:
        rows = _from_csv(path, headings, max_bad_fraction, messages)
    for row in rows:
        course = row.get("course_id")
        if isinstance(course, str):
            row["course_id"] = canonical(course)
    return rows


def _from_csv(
    path: Path, headings: Mapping[str, Sequence[str]], max_bad_fraction: float, messages: Messages
) -> Rows:
    records = csv_records([_text(path, messages)], printable(path.name))
    header = next((record for record in records if any(record)), None)
    if header is None:
        raise InputError(f"{printable_path(path)} is empty: expected a header row with {', '.join(headings)}")
    places = _places(path, header, headings, messages)
    account = Account(printable(path.name))
    rows: Rows = []
    for record in records:
        if not any(map(str.strip, record)):
            account.skipped += 1
            continue
        account.records += 1
        if len(record) != len(header):
            account.reject(
                account.records, f"{quantity(len(record), 'field')} where the header has {len(header)}"
            )
            continue
        account.rows += 1
        rows.append({column: record[at] for column, at in places.items()})
    account.settle(messages, max_bad_fraction)
    return rows


def _from_json(
    path: Path, headings: Mapping[str, Sequence[str]], max_bad_fraction: float, messages: Messages
) -> Rows:
    documents = list(mongo.documents(path, messages, max_bad_fraction))
    names = list(dict.fromkeys(name for document in documents for name in document))
    if not names:
        raise InputError(f"{printable_path(path)} is empty: expected JSON objects with {', '.join(headings)}")
    places = _places(path, names, headings, None)
    return [
        {column: mongo.text(document.get(names[at])) for column, at in places.items()}
        for document in documents
    ]


def _text(path: Path, messages: Messages) -> str:
    data = b"".join(pieces(path)).replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        messages.add(f"{printable(path.name)} is not UTF-8: read as Latin-1")
        return data.decode("latin-1")


def _places(
    path: Path, header: Sequence[str], headings: Mapping[str, Sequence[str]], messages: Messages | None
) -> dict[str, int]:
    """Where each column stands in `header`. `messages`: reading by position is allowed, and told there."""
    at = {_key(name): index for index, name in reversed(list(enumerate(header)))}
    places: dict[str, int] = {}
    for column, others in headings.items():
        found = next((at[key] for key in map(_key, (column, *others)) if key in at), None)
        if found is not None:
            places[column] = found
    if not places and messages is not None and len(header) == len(headings):
        messages.add(
            f"{printable(path.name)}: no column name is known; its "
            f"{quantity(len(header), 'column was', 'columns were')} read by "
            "position"
        )
        return {column: index for index, column in enumerate(headings)}
    missing = [column for column in headings if column not in places]
    if missing:
        told = ", ".join(
            f'{column} ("{headings[column][0]}")' if headings[column] else column for column in missing
        )
        # What else the header has is not shown: where it is missing, its place is taken by a person's record.
        raise InputError(
            f"{printable_path(path)}: missing columns: {told}. Expected a header row with these names, "
            f"found {quantity(len(header), 'column')}, {len(places)} of them known"
        )
    return places


def _key(name: str) -> str:
    return "".join(name.split()).replace("_", "").casefold()
