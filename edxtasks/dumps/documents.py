"""JSON-lines files of MongoDB: documents, and the values of their extended JSON in all its dialects.

Over the years the same value was exported in different spellings: an object id as `{"$oid": …}`, a date as
`{"$date": milliseconds}` or `{"$date": ISO text}`, an integer plain, as `{"$numberLong": "4"}` or as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from edxtasks.dumps import values
from edxtasks.dumps.file_pieces import pieces
from edxtasks.dumps.reader import Account
from edxtasks.dumps.text_records import Repairs, lines_of, text_blocks
from edxtasks.messages import Messages
from edxtasks.printable import printable

Document = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST = 100
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def documents(
    path: Path, messages: Messages, max_bad_fraction: float, key: str | None = None
) -> Iterator[Document]:
    """The documents of the JSON-lines file `path` (plain or `.gz`), in order.

    Lines end at LF only; empty ones are ignored. A line that is not a JSON object is a bad record, and so
    is an object without an integer in `key`, where that is given; the account is settled at the end, with
    the limits of `reader.Account.settle`. Raises `InputError` when the file is broken.
    """
    repairs = Repairs()
    account = Account(printable(path.name))
    for line in lines_of(text_blocks(pieces(path), repairs)):
        if not line.strip():
            account.skipped += 1
            continue
        account.records += 1
        if repairs.suspect:
            (line,) = repairs.mend([line])
        document = _object(line)
        if document is None:
            account.reject(account.records, "no JSON object")
            continue
        if key is not None and integer(document.get(key)) is None:
            account.reject(account.records, f"no integer in {key}")
            continue
        account.rows += 1
        yield document
    account.settle(messages, max_bad_fraction, repairs)


def _object(line: str) -> Document | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        # The standard library also reads NaN, and halves of surrogate pairs, which some browsers sent.
        try:
            found = _mended(json.loads(line))
        except (ValueError, RecursionError):
            return None
    if line.count("[") + line.count("{") > _DEEPEST and _is_deep(found):
        return None
    return found if isinstance(found, dict) else None


def _is_deep(value: Any) -> bool:
    """Whether `value` is nested deeper than a forum document ever is."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def _mended(value: Any) -> Any:
    """`value` with U+FFFD for halves of surrogate pairs, which no UTF-8 file can hold."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def plain(value: Any) -> Any:
    """`value` with the wrappers of object ids and numbers taken off, at any depth."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((name, inner),) = value.items()
        if name == "$oid":
            return inner
        if name in ("$numberInt", "$numberLong"):
            return integer(inner)
        if name == "$numberDouble":
            return values.decimal(str(inner))
    return {name: plain(item) for name, item in value.items()}


def integer(value: Any) -> int | None:
    """The integer of `value`: a number, a text of digits, or a wrapped one; True is 1. Else None."""
    if isinstance(value, Mapping):
        value = value.get("$numberInt", value.get("$numberLong"))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return (
        values.integer(str(int(value) if isinstance(value, bool) else value)) if value is not None else None
    )


def boolean(value: Any) -> bool | None:
    """The truth value of `value`: true, false, 0, 1, also as text. Else None."""
    return None if isinstance(value, (Mapping, list)) or value is None else values.boolean(str(value))


def text(value: Any) -> str | None:
    """The text of `value`: text as it is, an object id, a number as written; a list or object as JSON."""
    value = plain(value)
    if value is None or isinstance(value, str):
        return value
    return json_text(value)


def json_text(value: Any) -> str:
    """`value` as JSON text, wrappers taken off: a list is written `["48", "50"]`."""
    return json.dumps(plain(value), ensure_ascii=False)


def moment(value: Any) -> datetime | None:
    """The moment of a date in any of its spellings, UTC; None for 0, null and what cannot be read.

    A number inside `{"$date": …}` counts milliseconds since 1970; bare, its size tells its unit
    (`values.timestamp`).
    """
    wrapped = isinstance(value, Mapping)
    if isinstance(value, Mapping):
        value = value.get("$date")
    number = None if isinstance(value, bool) else integer(value)
    if number is None:
        return values.moment_of(value) if isinstance(value, str) else None
    if number == 0:
        return None
    if not wrapped:
        return values.moment_of_number(number)
    try:
        return _EPOCH + timedelta(milliseconds=number)
    except OverflowError:
        return None
