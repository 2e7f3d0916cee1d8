"""Records brought into the form of their columns: known keys get the type of their column, all others are
set aside.

What becomes of each key is told by a `Level` per record level, made from the table's schema. Log lines have
few shapes (which keys, in which order, with values of which types), so a level works out once for each shape
what there is to do with its records; most often that is little or nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

from edxtasks.warehouse.schema import Column


class Kind(Enum):
    """How a key is treated, where that is more than a check of the value's Python type."""

    INTEGER = "whole number of 64 bits"
    JSON = "any value, written as JSON text"
    JSON_UNLESS_TEXT = "as JSON, but a string is such a text already"
    RETIRED = "set aside, no column"
    ELSEWHERE = "taken out; the caller has read it"
    REPLACED = "left in its place, for which the caller has another value"


# Looking a member up in its Enum costs more than all else that is done with a key.
INTEGER, JSON, JSON_UNLESS_TEXT, RETIRED, ELSEWHERE, REPLACED = Kind

EXPONENT = "e+"
"""What JSON text has where a number is too large to be written in digits alone."""

NOTHING = object()
"""What is left of a value that fits its column, or of a null."""

REMEMBERED = 4096
"""Most shapes that a level remembers: log lines have some dozens."""
LARGEST = 200
"""Most keys of a record whose shape is remembered."""
EVENT_PATH = "event_struct."
"""What stands before the names of all that is part of the event."""

_DIRECT: Mapping[str, Any] = {"STRING": str, "FLOAT": float, "BOOLEAN": bool, "INTEGER": INTEGER}
LEAST, GREATEST = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WRAPPED = ("$numberInt", "$numberLong")
_BOOLEANS = {"true": True, "false": False}
_KEEP_NULL = (JSON, JSON_UNLESS_TEXT, RETIRED, REPLACED)
_NOT_RESPELLED = (RETIRED, ELSEWHERE, REPLACED)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be done with all records of a level that have the same keys, in the same order, with values
    of the same types.

    `dropped`: keys that are taken out. `steps`: (column, what to do, key) in the order of the keys, for
    those where anything is to be done; `RETIRED` stands for all that is set aside. `quick_steps` are those
    left over when whole numbers are known to have 64 bits. `renamed`: columns by the keys that spell them
    another way. `unknown`: full names of keys that have no column. `marks`: which of the level's marks are
    among its keys and columns. `idle`: whether there is nothing to do but `steps` beyond the quick.
    """

    level: Level
    dropped: tuple[str, ...]
    steps: tuple[tuple[str, Any, str], ...]
    quick_steps: tuple[tuple[str, Any, str], ...]
    renamed: Mapping[str, str]
    unknown: tuple[str, ...]
    marks: tuple[str, ...]
    idle: bool


class Level:
    """What becomes of each key of a record.

    `kinds` holds by key a Python type (a value of exactly that type stays as it is), a `Kind`, or the
    `Level` of a record inside; `path` is what stands before the key in a full name: `event_struct.`.
    `marks` are keys that callers ask for.
    `in_event`: what is set aside is part of the event. `shapes` are those known, by keys and types.
    """

    def __init__(
        self,
        kinds: Mapping[str, Any],
        path: str = "",
        marks: Iterable[str] = (),
    ) -> None:
        self.kinds = kinds
        self.path = path
        self.marks = tuple(marks)
        self.in_event = path.startswith(EVENT_PATH)
        self.shapes: dict[tuple[Any, ...], Shape] = {}

    def shape(self, record: Mapping[str, Any]) -> Shape:
        """The shape of a record."""
        try:
            return self.shapes[(*record, *map(type, record.values()))]
        except KeyError:
            return self.learn(record)

    def learn(self, record: Mapping[str, Any]) -> Shape:
        """Work out the shape of a record, and remember it unless there are too many."""
        shape = self._work_out(record)
        if len(self.shapes) < REMEMBERED and len(record) <= LARGEST:
            self.shapes[(*record, *map(type, record.values()))] = shape
        return shape

    def _work_out(self, record: Mapping[str, Any]) -> Shape:
        dropped: list[str] = []
        steps: list[tuple[str, Any, str]] = []
        quick_steps: list[tuple[str, Any, str]] = []
        renamed: dict[str, str] = {}
        unknown: list[str] = []
        for key, value in record.items():
            column, kind = key, self.kinds.get(key)
            if kind is None:
                respelled = self._respelled(record, key)
                if respelled is None:
                    unknown.append(self.path + key)
                    kind = RETIRED
                else:
                    column, kind = respelled, self.kinds[respelled]
            if kind is ELSEWHERE or (value is None and kind not in _KEEP_NULL):
                dropped.append(key)
                continue
            if column != key:
                renamed[key] = column
            is_text = kind is JSON_UNLESS_TEXT and isinstance(value, str)
            if value.__class__ is kind or kind is REPLACED or is_text:
                continue
            steps.append((column, kind, key))
            if not (value.__class__ is int and (kind is INTEGER or kind is float) and column == key):
                quick_steps.append((column, kind, key))
        return Shape(
            level=self,
            dropped=tuple(dropped),
            steps=tuple(steps),
            quick_steps=tuple(quick_steps),
            renamed=renamed,
            unknown=tuple(unknown),
            marks=tuple(name for name in self.marks if name in record or name in renamed.values()),
            idle=not (dropped or quick_steps or renamed),
        )

    def _respelled(self, record: Mapping[str, Any], key: str) -> str | None:
        """The column that an unknown key of `record` names with `-` for `_` or `.` for `__`, or None.

        None too when the record has that column itself, or an earlier key that names it.
        """
        column = _respell(key)
        kind = self.kinds.get(column)
        if column in record or kind is None or kind in _NOT_RESPELLED:
            return None
        return column if next(other for other in record if _respell(other) == column) == key else None


def level(
    columns: Iterable[Column],
    path: str = "",
    special: Mapping[str, Kind] | None = None,
    records: Mapping[str, Level] | None = None,
    marks: Iterable[str] = (),
) -> Level:
    """The level of a record with these columns; `special` keys and `records` inside go before types."""
    kinds: dict[str, Any] = {column.name: _DIRECT.get(column.type) for column in columns}
    return Level({**kinds, **(special or {}), **(records or {})}, path, marks)


class Conformer:
    """Conforms records, and notes what it meets until the caller forgets it.

    `text` writes JSON text. `unknown` are the full names of unknown keys, by record, and `wrong` those of
    values not of their type; `exponent` tells that some JSON text other than the event's holds a number with
    an exponent; `noticed` that there is any of these. `values_aside` tells that something other than a string
    was set aside that is not part of the event.

    As long as `quick`, whole numbers are not looked at, and JSON text is written with orjson: a number beyond
    64 bits is the caller's to find, and `orjson.JSONEncodeError` tells what orjson cannot write.
    """

    def __init__(self, text: Callable[[Any], str]) -> None:
        self.text = text
        self.quick = True
        self.unknown: list[tuple[str, ...]] = []
        self.wrong: list[str] = []
        self.exponent = False
        self.noticed = False
        self.values_aside = False

    def forget(self) -> None:
        """Start anew (`quick` and `values_aside` are the caller's)."""
        self.unknown.clear()
        self.wrong.clear()
        self.exponent = self.noticed = False

    def note_exponent(self) -> None:
        """Note that a text holds an exponent."""
        self.exponent = self.noticed = True

    def note_wrong(self, name: str) -> None:
        """Note a value not of its column's type."""
        self.wrong.append(name)
        self.noticed = True

    def noted_text(self, value: Any) -> str:
        """JSON text of a value that is not part of the event; notes an exponent in it."""
        text = self.text(value)
        if EXPONENT in text:
            self.note_exponent()
        return text

    def conform(self, record: dict[str, Any], shape: Shape) -> dict[str, Any] | None:
        """Leave in `record`, which has that shape, what fits its columns; return the rest by its original
        keys, or None.

        Set aside are retired keys (null too), unknown keys, and values that a column cannot hold. A key
        with `-` or `.` stands for the column with `_` or `__` in its place, if the record has none.
        """
        for key in shape.dropped:
            del record[key]
        if shape.renamed:
            _rename(record, shape.renamed)
        if shape.unknown:
            self.unknown.append(shape.unknown)
            self.noticed = True
        rest: dict[str, Any] | None = None
        quick = self.quick
        for column, kind, key in shape.quick_steps if quick else shape.steps:
            value = record[column]
            if kind is RETIRED:
                left = value
                del record[column]
            elif kind is JSON or kind is JSON_UNLESS_TEXT:
                if not value and value.__class__ is dict:
                    record[column] = "{}"
                elif kind is JSON:
                    record[column] = orjson.dumps(value).decode() if quick else self.text(value)
                else:
                    record[column] = self.noted_text(value)
                continue
            else:
                left = self._fit_in(record, column, kind, key, shape.level)
                if left is NOTHING:
                    continue
            if left.__class__ is not str and not shape.level.in_event:
                self.values_aside = True
            if rest is None:
                rest = {key: left}
            else:
                rest[key] = left
        return rest

    def string(self, value: Any) -> str:
        """A value as a STRING column holds it: strings as they are, all else as JSON text."""
        value = _unwrapped(value)
        return value if isinstance(value, str) else self.noted_text(value)

    def _fit_in(self, record: dict[str, Any], column: str, kind: Any, key: str, level: Level) -> Any:
        """Fit a value that is not of the plain form; returns what is left to set aside, or `NOTHING`."""
        value = record[column]
        whole = value.__class__ is int and (kind is INTEGER or kind is float) and column == key
        if whole and LEAST <= value <= GREATEST:
            return NOTHING
        if isinstance(kind, Level) and isinstance(value, dict):
            rest = self.conform(value, kind.shape(value))
            if not value:
                del record[column]
            return NOTHING if rest is None else rest
        bare = _unwrapped(value)
        fitted = None if bare is None or isinstance(kind, Level) else self._fit(bare, kind)
        if fitted is not None:
            record[column] = fitted
            return NOTHING
        del record[column]
        if bare is None or bare == "":
            return NOTHING
        self.note_wrong(level.path + column)
        return value

    def _fit(self, value: Any, kind: Any) -> Any:
        if kind is str:
            return self.string(value)
        if kind is INTEGER:
            return _integer(value)
        if kind is float:
            return _float(value)
        return _boolean(value)


def _rename(record: dict[str, Any], renamed: Mapping[str, str]) -> None:
    """Give keys another name, each in its place."""
    items = [(renamed.get(key, key), value) for key, value in record.items()]
    record.clear()
    record.update(items)


def _respell(key: str) -> str:
    return key.replace("-", "_").replace(".", "__")


def _unwrapped(value: Any) -> Any:
    """The number inside MongoDB's `{"$numberLong": …}` or `{"$numberInt": …}`; else `value`."""
    if isinstance(value, dict) and len(value) == 1:
        for name in _WRAPPED:
            if name in value:
                return value[name]
    return value


def _integer(value: Any) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return None
        number = Decimal(text)
        if number.adjusted() > 18 or number != number.to_integral_value():
            return None
        value = int(number)
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if isinstance(value, int) and LEAST <= value <= GREATEST:
        return int(value)
    return None


def _float(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return None
        value = text
    elif not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        return _BOOLEANS.get(value.lower())
    if isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    return None
