"""One walk over a record: known keys get the type of their column, all others are set aside.

The walk is driven by a `Level` per record level, made from the table's schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from edxtasks.warehouse.schema import Column


class Kind(Enum):
    """How a key is treated, where that is more than a check of the value's Python type."""

    INTEGER = "whole number of 64 bits"
    JSON = "any value, written as JSON text"
    JSON_UNLESS_TEXT = "as JSON, but a string is such a text already"
    RETIRED = "set aside, no column"
    ELSEWHERE = "left to the caller"


# Looking a member up in its Enum costs more than all else that is done with a key.
INTEGER, JSON, JSON_UNLESS_TEXT, RETIRED, ELSEWHERE = Kind

EXPONENT = "e+"
"""What JSON text has where a number is too large to be written in digits alone."""

NOTHING = object()
"""What is left of a value that fits its column, or of a null."""

_DIRECT: Mapping[str, Any] = {"STRING": str, "FLOAT": float, "BOOLEAN": bool, "INTEGER": INTEGER}
LEAST, GREATEST = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WRAPPED = ("$numberInt", "$numberLong")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Level:
    """What becomes of each key of a record.

    `kinds` holds by key a Python type (a value of exactly that type goes in as it is), a `Kind`, or the
    `Level` of a record inside; `path` is what stands before the key in a full name: `event_struct.`.
    """

    kinds: Mapping[str, Any]
    path: str


def level(
    columns: Iterable[Column],
    path: str = "",
    special: Mapping[str, Kind] | None = None,
    records: Mapping[str, Level] | None = None,
) -> Level:
    """The level of a record with these columns; `special` keys and `records` inside go before types."""
    kinds: dict[str, Any] = {column.name: _DIRECT.get(column.type) for column in columns}
    return Level({**kinds, **(special or {}), **(records or {})}, path)


class Conformer:
    """Walks records, and notes what it meets until the caller forgets it.

    `text` writes JSON text. `unknown` and `wrong` are the full names of unknown keys and of values not of
    their type; `exponent` tells that some JSON text other than the event's holds a number with an
    exponent; `values_aside` that something other than a string was set aside.
    """

    def __init__(self, text: Callable[[Any], str]) -> None:
        self.text = text
        self.unknown: list[str] = []
        self.wrong: list[str] = []
        self.exponent = False
        self.values_aside = False

    def forget(self) -> None:
        """Start anew (`values_aside` is the caller's to reset)."""
        self.unknown.clear()
        self.wrong.clear()
        self.exponent = False

    def noted_text(self, value: Any) -> str:
        """JSON text of a value that is not part of the event; notes an exponent in it."""
        text = self.text(value)
        if EXPONENT in text:
            self.exponent = True
        return text

    def conform(self, record: Mapping[str, Any], level: Level, row: dict[str, Any]) -> dict[str, Any] | None:
        """Put into `row` what fits the columns of `level`; return the rest by its original keys, or None.

        Set aside are retired keys (null too), unknown keys, and values that a column cannot hold. A key
        with `-` or `.` stands for the column with `_` or `__` in its place, if the record has none.
        """
        kind_of = level.kinds.get
        rest: dict[str, Any] | None = None
        for key, value in record.items():
            kind = kind_of(key)
            if value.__class__ is kind:
                row[key] = value
                continue
            if kind is ELSEWHERE:
                continue
            if value.__class__ is int and (kind is INTEGER or kind is float) and LEAST <= value <= GREATEST:
                row[key] = value
                continue
            if kind is JSON:
                row[key] = self.text(value)
                continue
            if kind is JSON_UNLESS_TEXT:
                row[key] = value if value.__class__ is str else self.noted_text(value)
                continue
            if value is None and kind is str:
                continue
            if kind is RETIRED:
                left = value
            else:
                left = self._odd(record, level, key, kind, row)
                if left is NOTHING:
                    continue
            if left.__class__ is not str:
                self.values_aside = True
            if rest is None:
                rest = {key: left}
            else:
                rest[key] = left
        return rest

    def string(self, value: Any) -> str:
        """A value as a STRING column holds it: strings as they are, all else as JSON text."""
        if isinstance(value, dict):
            value = _unwrapped(value)
        return value if isinstance(value, str) else self.noted_text(value)

    def _odd(self, record: Mapping[str, Any], level: Level, key: str, kind: Any, row: dict[str, Any]) -> Any:
        """Fit what is not of the plain form; returns what is left to set aside, or `NOTHING`."""
        value = record[key]
        column = key
        if kind is None:
            respelled = respelled_column(record, level, key)
            if respelled is None:
                self.unknown.append(level.path + key)
                return value
            column, kind = respelled, level.kinds[respelled]
        if kind is JSON or kind is JSON_UNLESS_TEXT:
            is_text = kind is JSON_UNLESS_TEXT and isinstance(value, str)
            row[column] = value if is_text else self.noted_text(value)
            return NOTHING
        if isinstance(kind, Level):
            return self._record(value, kind, column, level, row)
        if isinstance(value, dict):
            value = _unwrapped(value)
        if value is None:
            return NOTHING
        fitted = self._fit(value, kind)
        if fitted is not None:
            row[column] = fitted
        elif value != "":
            self.wrong.append(level.path + column)
            return record[key]
        return NOTHING

    def _record(self, value: Any, inside: Level, column: str, level: Level, row: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            inner: dict[str, Any] = {}
            rest = self.conform(value, inside, inner)
            if inner:
                row[column] = inner
            return NOTHING if rest is None else rest
        if value is None or value == "":
            return NOTHING
        self.wrong.append(level.path + column)
        return value

    def _fit(self, value: Any, kind: Any) -> Any:
        if kind is str:
            return self.string(value)
        if kind is INTEGER:
            return _integer(value)
        if kind is float:
            return _float(value)
        return _boolean(value)


def respelled_column(record: Mapping[str, Any], level: Level, key: str) -> str | None:
    """The column that an unknown key of `record` names with `-` for `_` or `.` for `__`, or None.

    None too when the record has that column itself, or an earlier key that names it.
    """
    column = _respell(key)
    kind = level.kinds.get(column)
    if column in record or kind is None or kind is RETIRED or kind is ELSEWHERE:
        return None
    return column if next(other for other in record if _respell(other) == column) == key else None


def _respell(key: str) -> str:
    return key.replace("-", "_").replace(".", "__")


def _unwrapped(value: dict[str, Any]) -> Any:
    """The number inside MongoDB's `{"$numberLong": …}` or `{"$numberInt": …}`; else `value`."""
    if len(value) == 1:
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
