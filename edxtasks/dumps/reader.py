"""The one reader of delivered tables: header, columns by name, typed values, and an account of it all.

Every task of this room that reads a `.sql` or `.csv` file reads it here (docs/sql-dumps.md, "Reading").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edxtasks.course import CourseKey, canonical
from edxtasks.dumps import values
from edxtasks.dumps.file_pieces import pieces
from edxtasks.dumps.sources import TABLE_ENDINGS, tell_of_doubles
from edxtasks.dumps.text_records import Repairs, csv_records, text_blocks, tsv_records
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.printable import are, printable, printable_path, quantity

FEW_RECORDS = 20
"""In a file of no more records than this a bad record never fails the task by its share."""

_BATCH_RECORDS = 128

STRING, INTEGER, FLOAT, TIMESTAMP, MODULE_ID, COURSE_ID = (
    "STRING",
    "INTEGER",
    "FLOAT",
    "TIMESTAMP",
    "MODULE_ID",
    "COURSE_ID",
)
"""Kinds of a field: how its text becomes a value. The last two are STRINGs with their ids converted."""

Values = tuple[Any, ...]
"""The values of one record in the order of the fields asked for; timestamps are ISO text ending in Z."""


@dataclass(frozen=True)
class Field:
    """A field asked for: the delivered column, its kind, and the name of the column made from it."""

    column: str
    kind: str = STRING
    name: str = ""

    @property
    def target(self) -> str:
        """Name of the column made from it."""
        return self.name or self.column


@dataclass
class Account:
    """What became of the records of one file: records = rows + bad + other_course.

    `skipped` counts what is not a record (empty lines, the header again). `lacking` are columns that were
    asked for and not delivered. `nulled` counts, by type, values that were there and could not be read.
    Nothing here ever holds a value of a record, nor a part of one: where columns are shifted, or the header
    is missing, any value may be the name or the address of a learner.
    """

    name: str
    records: int = 0
    rows: int = 0
    bad: int = 0
    other_course: int = 0
    skipped: int = 0
    lacking: tuple[str, ...] = ()
    nulled: Counter[str] = field(default_factory=Counter)
    reasons: list[tuple[int, str]] = field(default_factory=list)

    def reject(self, number: int, reason: str) -> None:
        """Count record `number` as bad; the reasons of the first three are kept for the note."""
        self.bad += 1
        self.reasons = sorted([*self.reasons, (number, reason)])[:3]

    @property
    def examples(self) -> list[str]:
        """The first three bad records and what is wrong with them."""
        return [f"record {number}: {reason}" for number, reason in self.reasons]

    def settle(self, messages: Messages, max_bad_fraction: float, repairs: Repairs | None = None) -> None:
        """Tell `messages` what became of the records.

        Raises `InputError` when more than `max_bad_fraction` of more than twenty records are bad, or when
        there are records and not one gave a row.
        """
        messages.count("files")
        messages.count("records", self.records)
        messages.count("rejects", self.bad)
        told = [f"{self.name}: {quantity(self.records, 'record')}, {quantity(self.rows, 'row')}"]
        told += [f"{self.bad} bad ({'; '.join(self.examples)})"] if self.bad else []
        told += [f"{self.other_course} of other courses"] if self.other_course else []
        told += [
            f"{quantity(number, f'{kind} value')} unreadable" for kind, number in sorted(self.nulled.items())
        ]
        told += [f"{self.skipped} empty lines or repeated headers"] if self.skipped else []
        if repairs is not None and repairs.undecodable_records:
            told.append(f"{repairs.undecodable_records} with bytes that are no UTF-8")
        if repairs is not None and repairs.nul_characters:
            told.append(f"{repairs.nul_characters} NUL characters dropped")
        damaged = repairs is not None and (repairs.undecodable_records or repairs.nul_characters)
        tell = messages.add if self.bad or self.nulled or damaged else messages.note
        tell(", ".join(told))
        if self.lacking:
            # Apart from the numbers: many courses of a dump have it in common, and it is told once.
            messages.add(
                f"{self.name}: no column {', '.join(self.lacking)}, which {are(len(self.lacking))} NULL"
            )
        if self.records > FEW_RECORDS and self.bad > max_bad_fraction * self.records:
            raise InputError(
                f"{self.name}: {self.bad} of {quantity(self.records, 'record')} are bad, more than "
                "max_bad_fraction = "
                f"{max_bad_fraction:g} allows ({'; '.join(self.examples)}). "
                "Fetch the file again, or raise the setting max_bad_fraction."
            )
        if self.records and not self.rows:
            raise InputError(
                f"{self.name}: not one of its {quantity(self.records, 'record')} can be used "
                f"({self.bad} bad, {self.other_course} of other courses"
                + (f"; {'; '.join(self.examples)}" if self.examples else "")
                + "). Is it the file of another course or table?"
            )


class DeliveredTable:
    """A delivered table, opened: `.sql` or `.csv`, plain or `.gz`.

    `header` holds its column names, and is empty when the file has no record at all. Raises `InputError` when
    the file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        messages: Messages,
        *,
        course: CourseKey | None = None,
        escaped_breaks: bool = False,
        escapes: bool = True,
        max_bad_fraction: float = 0.05,
    ) -> None:
        """`course`: rows of other courses are left out where there is a column `course_id`.
        `escaped_breaks`: LF and TAB after a backslash are data (student states). `escapes`: values carry the
        escapes and the `NULL` of the SQL export; False for files that people or edX's pages wrote as CSV.
        """
        self.path = path
        self.account = Account(printable(path.name))
        self.repairs = Repairs()
        self._notes = messages
        self._course = course
        self._max_bad_fraction = max_bad_fraction
        self._decode = None if not escapes else values.decode_with_breaks if escaped_breaks else values.decode
        self._records = self._mended(split(path, self.repairs, escaped_breaks=escaped_breaks))
        tell_of_doubles(path, TABLE_ENDINGS, messages)
        self.header: tuple[str, ...] = ()
        for fields in self._records:
            if fields and fields != [""]:
                self.header = tuple(fields)
                break
            self.account.skipped += 1
        if not self.header:
            messages.add(f"{self.account.name} is empty: taken as not delivered")

    def _mended(self, delivered: Iterator[list[str]]) -> Iterator[list[str]]:
        for fields in delivered:
            yield self.repairs.mend(fields) if self.repairs.suspect else fields

    def _check_header(self, fields: Sequence[Field], needed: Sequence[str]) -> None:
        """Raise `InputError` where a column of `needed` is missing; note those of `fields` that are missing
        or stand there twice. Of the header only names that are asked for are shown: it may be a record."""
        header = Counter(self.header)
        asked = tuple(dict.fromkeys([*needed, *(item.column for item in fields)]))
        for column in needed:
            if column not in header:
                found = ", ".join(name for name in asked if name in header) or "none"
                raise InputError(
                    f"{printable_path(self.path)}: the column {column} is missing. Expected a first record "
                    f"with the names of the columns; of its {quantity(len(self.header), 'field')} "
                    "these are names that "
                    f"are read: {found}. Fetch the file again, or put its header back."
                )
        doubled = [name for name in asked if header[name] > 1]
        if doubled:
            self._notes.add(
                f"{self.account.name}: column {', '.join(doubled)} stands there twice; the first is read"
            )
        lacking = [item.column for item in fields if item.column not in header]
        if "course_id" in lacking:
            lacking.remove("course_id")
            self._notes.add(f"{self.account.name}: no column course_id: all is taken for this course's")
        self.account.lacking = tuple(dict.fromkeys(lacking))

    def whole_records(self) -> Iterator[list[str]]:
        """The records after the header as delivered, escapes and all, those with the wrong number of fields
        left out. At its end the account is settled (`Account.settle`)."""
        yield from self._whole()
        self._settle()

    def _whole(self) -> Iterator[list[str]]:
        header = list(self.header)
        width = len(header)
        account = self.account
        for fields in self._records:
            if len(fields) != width or fields == header or not any(fields):
                if not fields or fields == [""] or fields == header:
                    account.skipped += 1
                    continue
                if len(fields) != width:
                    account.records += 1
                    account.reject(
                        account.records, f"{quantity(len(fields), 'field')} where the header has {width}"
                    )
                    continue
            account.records += 1
            account.rows += 1
            yield fields

    def _settle(self) -> None:
        self.account.settle(self._notes, self._max_bad_fraction, self.repairs)

    def rows(
        self,
        fields: Sequence[Field],
        key: str | None = None,
        other_course: Callable[[int], None] | None = None,
        needed: Sequence[str] = (),
    ) -> Iterator[Values]:
        """The records after the header as typed values, in the order of `fields`.

        A column that was not delivered gives None, and is told. `key` names the column that identifies the
        row: it must be there, as those of `needed` must (`InputError`), and a record without an integer in it
        is bad. `other_course` is told the key of each record of another course. At its end the account is
        settled (`Account.settle`).
        """
        self._check_header(fields, [*([] if key is None else [key]), *needed])
        at = {name: index for index, name in reversed(list(enumerate(self.header)))}
        # Column by column over a batch of records: several times faster than value by value.
        plan = [
            (at[item.column], self._column_reader(item.kind)) if item.column in at else (0, _nothing)
            for item in fields
        ]
        own: set[str] = set()
        for batch in self._batches():
            if self._course is not None and "course_id" in at:
                batch = self._of_course(batch, at["course_id"], own, at.get(key or ""), other_course)
            if key is not None:
                batch = self._with_key(batch, key, at[key])
            if batch:
                columns = list(zip(*(record for _, record in batch), strict=True))
                yield from zip(*(convert(columns[index]) for index, convert in plan), strict=True)
        self._settle()
        if not self.account.records:
            self._notes.add(
                f"{printable_path(self.path)} has a header and no record: look whether it is whole"
            )

    def _batches(self) -> Iterator[_Batch]:
        batch: _Batch = []
        for record in self._whole():
            batch.append((self.account.records, record))
            if len(batch) == _BATCH_RECORDS:
                yield batch
                batch = []
        if batch:
            yield batch

    def _of_course(
        self,
        batch: _Batch,
        course_at: int,
        own: set[str],
        key_at: int | None,
        other_course: Callable[[int], None] | None,
    ) -> _Batch:
        """The records of `batch` that are of the course; `own` remembers the spellings of its key."""
        if all(record[course_at] in own for _, record in batch):
            return batch
        kept: _Batch = []
        for number, record in batch:
            text = record[course_at]
            if text in own or self._is_own(text):
                own.add(text)
                kept.append((number, record))
                continue
            self.account.rows -= 1
            self.account.other_course += 1
            if other_course is not None and key_at is not None:
                person = self._integer(record[key_at])
                if person is not None:
                    other_course(person)
        return kept

    def _with_key(self, batch: _Batch, key: str, key_at: int) -> _Batch:
        """The records of `batch` with an integer in the column `key`."""
        if None not in _integers([record[key_at] for _, record in batch], self._integer):
            return batch
        kept: _Batch = []
        for number, record in batch:
            if self._integer(record[key_at]) is None:
                self.account.rows -= 1
                self.account.reject(number, f"no integer in {key}")
            else:
                kept.append((number, record))
        return kept

    def _is_own(self, text: str) -> bool:
        value = self._text(text)
        return value is not None and self._course is not None and canonical(value) == self._course.slash

    def _text(self, text: str) -> str | None:
        """The value of a delivered field as text."""
        if self._decode is None:
            return text
        return None if text in values.MISSING else self._decode(text)

    def _integer(self, text: str) -> int | None:
        value = self._text(text)
        return None if value is None else values.integer(value)

    def _column_reader(self, kind: str) -> _ColumnReader:
        """What makes values of the texts of a column."""
        decode = self._decode
        if kind == STRING:
            if decode is None:
                return list
            return lambda texts: [
                None
                if text == "NULL"
                else text
                if "\\" not in text
                else None
                if text == "\\N"
                else decode(text)
                for text in texts
            ]
        if kind in (MODULE_ID, COURSE_ID):
            convert = values.module_id if kind == MODULE_ID else canonical
            remembered = _Remembered(self._text, convert)
            return lambda texts: [remembered[text] for text in texts]
        read, nulled = _READERS[kind], self.account.nulled

        def typed(text: str) -> object:
            result = read(text)
            if result is None:
                value = self._text(text)
                result = None if value is None else read(value)
                if result is None and value is not None and (value or kind == INTEGER):
                    nulled[kind] += 1
            return result

        if kind == INTEGER:
            return lambda texts: _integers(texts, typed)
        return lambda texts: list(map(typed, texts))


_Batch = list[tuple[int, list[str]]]
_ColumnReader = Callable[[Sequence[str]], Iterable[object]]

_READERS: dict[str, Callable[[str], object]] = {
    INTEGER: values.integer,
    FLOAT: values.decimal,
    TIMESTAMP: values.timestamp,
}


def _integers(texts: Sequence[str], one: Callable[[str], object]) -> list[object]:
    """The integers of a column; `one` reads a text that is not plain digits."""
    together = "".join(texts)
    if together.isdecimal() and together.isascii() and "" not in texts and len(max(texts, key=len)) < 19:
        return list(map(int, texts))
    return list(map(one, texts))


class _Remembered(dict[str, str | None]):
    """Converts ids, of which a file holds few different ones, each once."""

    def __init__(self, text: Callable[[str], str | None], convert: Callable[[str], str]) -> None:
        super().__init__()
        self._text = text
        self._convert = convert

    def __missing__(self, delivered: str) -> str | None:
        text = self._text(delivered)
        result = None if text is None else self._convert(text)
        if len(self) < 100_000:
            self[delivered] = result
        return result


def _nothing(texts: Sequence[str]) -> Iterable[object]:
    return [None] * len(texts)


def split(path: Path, repairs: Repairs, *, escaped_breaks: bool = False) -> Iterator[list[str]]:
    """The records of the file `path`, header included: CSV when its name says so, else the export's form."""
    blocks = text_blocks(pieces(path), repairs)
    if path.name.removesuffix(".gz").endswith(".csv"):
        return csv_records(blocks, printable(path.name))
    return tsv_records(blocks, escaped_breaks=escaped_breaks)


def named(fields: Sequence[Field], rows: Iterable[Values]) -> Iterator[dict[str, object]]:
    """`rows` as dictionaries by the target names of `fields`."""
    names = [item.target for item in fields]
    return (dict(zip(names, row, strict=True)) for row in rows)
