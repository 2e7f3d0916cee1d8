"""Records brought into the form of their columns: known keys get the type of their column, all others are
set aside.

What becomes of each key is told by a `Level` per record level, made from the table's schema. Log lines have
few shapes (which keys, in which order, with values of which types), so a level works out once for each shape
what there is to do with its records; most often that is little or nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from orjson import dumps

from edxtasks.logs.rows.json_text import DEEPEST, TextForm, compact
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
_DIRECT: Mapping[str, Any] = {"STRING": str, "FLOAT": float, "BOOLEAN": bool, "INTEGER": INTEGER}
LEAST, GREATEST = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WRAPPED = ("$numberInt", "$numberLong")
_BOOLEANS = {"true": True, "false": False}
_KEEP_NULL = (JSON, JSON_UNLESS_TEXT, RETIRED, REPLACED)
_NOT_RESPELLED = (RETIRED, ELSEWHERE, REPLACED)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What is to be done with all records of a level that have the same keys, in the same order, with values
    of the same types.

    `dropped`: keys that are taken out. `steps`: (column, what to do, key), for those keys where anything is
    to be done, in the order in which they are set aside; `RETIRED` stands for all that is set aside.
    `quick_steps` are those left over when whole numbers are known to have 64 bits. `renamed`: columns by the
    keys that spell them another way. `kept`: keys that are not dropped, and `columns`, their names
    afterwards, in the order of the level. `unknown`: keys that have no column. `marks`: which of
    the level's marks are among its keys and columns. `idle`: whether there is nothing to do but `steps`
    beyond the quick. `aside`: the keys that are set aside, where nothing else is to be done.
    """

    level: Level
    dropped: tuple[str, ...]
    steps: tuple[tuple[str, Any, str], ...]
    quick_steps: tuple[tuple[str, Any, str], ...]
    renamed: Mapping[str, str]
    kept: tuple[str, ...]
    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    marks: tuple[str, ...]
    idle: bool
    aside: tuple[str, ...]


class Level:
    """What becomes of each key of a record.

    `kinds` holds by key a Python type (a value of exactly that type stays as it is), a `Kind`, or the
    `Level` of a record inside; `path` is what stands before the key in a full name: `event_struct.`.
    `marks` are keys that callers ask for. `order` names columns, and keys that are set aside, in the order in
    which a row has them, whatever the order in the record is; other keys that are set aside come after these,
    by name. Without it, a row has all in the order of the record.
    `shapes` are those known, by keys and types; nothing but these decides what a shape is.
    """

    def __init__(
        self,
        kinds: Mapping[str, Any],
        path: str = "",
        marks: Iterable[str] = (),
        order: Iterable[str] = (),
    ) -> None:
        self.kinds = kinds
        self.path = path
        self.marks = tuple(marks)
        self.order = tuple(order)
        self.shapes: dict[tuple[Any, ...], Shape] = {}

    def names_a_column(self, key: str) -> bool:
        """Whether an unknown key may stand for a column, spelled with `-` for `_` or `.` for `__`."""
        return _respell(key) in self.kinds

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
                    unknown.append(key)
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
        kept = [key for key in record if key not in dropped]
        if self.order:
            names = {key: renamed.get(key, key) for key in kept}
            kept.sort(key=lambda key: self.place(names[key]))
        is_settled = not (dropped or renamed)
        aside = [key for _, kind, key in quick_steps if kind is RETIRED]
        return Shape(
            level=self,
            dropped=tuple(dropped),
            steps=self._in_order(steps),
            quick_steps=self._in_order(quick_steps),
            renamed=renamed,
            kept=tuple(kept),
            columns=tuple(renamed.get(key, key) for key in kept),
            unknown=tuple(unknown),
            marks=tuple(name for name in self.marks if name in record or name in renamed.values()),
            idle=is_settled and not quick_steps,
            aside=tuple(aside) if is_settled and len(aside) == len(quick_steps) else (),
        )

    def _in_order(self, steps: list[tuple[str, Any, str]]) -> tuple[tuple[str, Any, str], ...]:
        if self.order:
            steps.sort(key=lambda step: self.place(step[2]))
        return tuple(steps)

    def place(self, key: str) -> tuple[int, str]:
        """Where in the order a column, or a key that is set aside, comes: less is earlier."""
        return (self.order.index(key) if key in self.order else len(self.order)), key

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
    order: Iterable[str] = (),
) -> Level:
    """The level of a record with these columns; `special` keys and `records` inside go before types."""
    kinds: dict[str, Any] = {column.name: _DIRECT.get(column.type) for column in columns}
    return Level({**kinds, **(special or {}), **(records or {})}, path, marks, order)


class Conformer:
    """Conforms records, and notes what it meets until the caller forgets it.

    What becomes of a record depends on nothing but the record and the arguments: notes are only written.
    `text` writes JSON text. `unknown` are unknown keys, by record, with their level, and `wrong` the full
    names of values not of their type; `exponent` tells that some JSON text holds a number with an exponent;
    `noticed` that there is any of these.
    """

    def __init__(self, text: TextForm) -> None:
        self.text = text
        self._is_compact = text is compact
        self.unknown: list[tuple[Level, tuple[str, ...]]] = []
        self.wrong: list[str] = []
        self.exponent = False
        self.noticed = False

    def forget(self) -> None:
        """Start anew."""
        self.unknown.clear()
        self.wrong.clear()
        self.exponent = self.noticed = False

    def note_exponent(self) -> None:
        """Note that a text holds an exponent."""
        self.exponent = self.noticed = True

    def note_unknown(self, level: Level, keys: tuple[str, ...]) -> None:
        """Note keys of one record that have no column."""
        self.unknown.append((level, keys))
        self.noticed = True

    def note_wrong(self, name: str) -> None:
        """Note a value not of its column's type."""
        self.wrong.append(name)
        self.noticed = True

    def noted_text(self, value: Any, deepest: int = DEEPEST) -> str:
        """JSON text of a value that is not part of the event; notes an exponent in it."""
        text = self.text(value, deepest)
        if EXPONENT in text:
            self.note_exponent()
        return text

    def conform(self, record: dict[str, Any], shape: Shape, exactly: bool) -> dict[str, Any] | None:
        """Leave in `record`, which has that shape, what fits its columns; return the rest by its original
        keys, or None.

        Set aside are retired keys (null too), unknown keys, and values that a column cannot hold. A key
        with `-` or `.` stands for the column with `_` or `__` in its place, if the record has none.
        Unless `exactly`, whole numbers in columns of numbers are not looked at: those beyond 53 bits are the
        caller's to find, and `orjson.JSONEncodeError` may tell of JSON that only `exactly` writes.
        """
        if shape.aside and not exactly:
            if shape.unknown:
                self.note_unknown(shape.level, shape.unknown)
            return {key: record.pop(key) for key in shape.aside}
        for key in shape.dropped:
            del record[key]
        if shape.renamed:
            _rename(record, shape.renamed)
        return self._take_steps(record, shape, exactly)

    def conform_in_order(
        self, record: dict[str, Any], shape: Shape, exactly: bool
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """As `conform`, but what fits comes as another record, in the order of the level."""
        kept = dict(zip(shape.columns, map(record.__getitem__, shape.kept), strict=True))
        return kept, self._take_steps(kept, shape, exactly)

    def _take_steps(self, record: dict[str, Any], shape: Shape, exactly: bool) -> dict[str, Any] | None:
        if shape.unknown:
            self.note_unknown(shape.level, shape.unknown)
        rest: dict[str, Any] | None = None
        direct = self._is_compact and not exactly
        for column, kind, key in shape.steps if exactly else shape.quick_steps:
            value = record[column]
            if kind is RETIRED:
                left = value
                del record[column]
            elif kind is JSON or kind is JSON_UNLESS_TEXT:
                if not value and value.__class__ is dict:
                    record[column] = "{}"
                elif kind is JSON:
                    record[column] = dumps(value).decode() if direct else self.text(value)
                else:
                    record[column] = self.noted_text(value)
                continue
            else:
                left = self._fit_in(record, column, kind, key, shape.level, exactly)
                if left is NOTHING:
                    continue
            if rest is None:
                rest = {key: left}
            else:
                rest[key] = left
        return rest

    def string(self, value: Any) -> str:
        """A value as a STRING column holds it: strings as they are, all else as JSON text."""
        value = _unwrapped(value)
        return value if isinstance(value, str) else self.noted_text(value)

    def _fit_in(
        self, record: dict[str, Any], column: str, kind: Any, key: str, level: Level, exactly: bool
    ) -> Any:
        """Fit a value that is not of the plain form; returns what is left to set aside, or `NOTHING`."""
        value = record[column]
        whole = value.__class__ is int and (kind is INTEGER or kind is float) and column == key
        if whole and LEAST <= value <= GREATEST:
            return NOTHING
        if isinstance(kind, Level) and isinstance(value, dict):
            rest = self.conform(value, kind.shape(value), exactly)
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
