"""Kinds of values: what a setting or option may hold, from a configuration file or from a command line."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from edxtasks.course import CourseKey, shorten
from edxtasks.errors import nearest


class InvalidValueError(ValueError):
    """A value that is not of its kind; the text adds to what the kind expects, or is empty."""


@dataclass(frozen=True)
class ValueType:
    """How a value is read.

    `expected` completes the sentence "expected …". `read` takes a value of a configuration file, `parse`
    the text behind `name=` of a command line; both give the typed value or raise `InvalidValueError`. `parse`
    is None where one line of text cannot say the value. With `blank_is_absent`, empty text means "not set"
    for a setting whose default is None.
    """

    expected: str
    read: Callable[[Any], Any]
    parse: Callable[[str], Any] | None = None
    blank_is_absent: bool = True


def setting(kind: ValueType, default: Any, what: str, *, secret: bool = False) -> Any:
    """A dataclass field with its kind and its meaning; a secret never shows in `repr`."""
    metadata = {"kind": kind, "what": what, "secret": secret}
    if isinstance(default, Mapping):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, repr=not secret, metadata=metadata)


_LARGEST = 10**18 - 1
"""The largest whole number: one of 18 digits is an integer in every query."""


def describe(value: object, secret: bool = False) -> str:
    """`value` in words for a message; of a secret only the type."""
    words: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (str, "text"),
        (bool, "true or false"),
        ((int, float), "a number"),
        (date, "a date"),
        (Mapping, "a table"),
        (Collection, "a list"),
    )
    name = next((word for kind, word in words if isinstance(value, kind)), type(value).__name__)
    if secret or isinstance(value, Mapping) or not isinstance(value, str | int | float | date):
        return name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "a number of more than 18 digits"
    return f'the text "{shorten(value)}"' if isinstance(value, str) else shorten(str(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidValueError
    return value


def matching(pattern: str, expected: str) -> ValueType:
    """Text that matches the regular expression as a whole."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        text = _text(value)
        if not compiled.fullmatch(text):
            raise InvalidValueError
        return text

    return ValueType(expected, read, read)


def choice(*words: str) -> ValueType:
    """One of `words`."""

    def read(value: object) -> str:
        text = _text(value)
        if text not in words:
            raise InvalidValueError(nearest(text, words).lstrip("; "))
        return text

    return ValueType("one of " + ", ".join(f'"{word}"' for word in words), read, read)


def whole(least: int = 0, most: int | None = None) -> ValueType:
    """A whole number within limits, both inclusive; without the second up to one of 18 digits."""
    expected = f"a whole number from {least} {'up' if most is None else f'to {most}'}"

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidValueError
        if value < least or value > (_LARGEST if most is None else most):
            raise InvalidValueError
        return value

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise InvalidValueError
        return read(int(text))

    return ValueType(expected, read, parse)


def number(least: float, most: float) -> ValueType:
    """A number within limits, both inclusive."""

    def read(value: object) -> float:
        if not _is_number(value):
            raise InvalidValueError
        try:
            result = float(value)  # type: ignore[arg-type]
        except OverflowError:
            raise InvalidValueError from None
        if math.isnan(result) or not least <= result <= most:
            raise InvalidValueError
        return result

    def parse(text: str) -> float:
        try:
            return read(float(text))
        except ValueError:
            raise InvalidValueError from None

    return ValueType(f"a number from {least:g} to {most:g}", read, parse)


_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError
    return value


def parse_flag(text: str) -> bool:
    """Whether a flag is on that is written `name=text`. Raises `InvalidValueError`."""
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise InvalidValueError("on the command line 1, true, yes or 0, false, no")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day(text: str) -> date | None:
    """The date that `text` spells as YYYY-MM-DD in digits, or None when it spells none."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _read_day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    found = day(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidValueError
    return found


def _read_path(value: object) -> Path:
    text = _text(os.fspath(value) if isinstance(value, os.PathLike) else value)
    if not text.strip():
        raise InvalidValueError
    return Path(os.path.expanduser(text))  # noqa: PTH111 -- Path.expanduser raises without a home


def _read_folder_name(value: object) -> str:
    # A shell completes the name of a directory with a slash.
    text = _text(value).rstrip("/")
    if text in {"", ".", ".."} or "/" in text or "\\" in text:
        raise InvalidValueError
    return text


def _read_pattern(value: object) -> str:
    return str(_read_path(value))


def _read_texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Collection):
        raise InvalidValueError
    for place, item in enumerate(value, 1):
        if not isinstance(item, str):
            raise InvalidValueError(f"item {place} is {describe(item)}")
    # A set has no order of its own, and the order of courses must not change from run to run.
    return tuple(sorted(value) if isinstance(value, Set) else value)


def _parse_texts(text: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in text.split(",")) if part)


def _read_lists(value: object) -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    for name, items in _table(value).items():
        try:
            lists[name] = _read_texts(items)
        except InvalidValueError as unfit:
            raise InvalidValueError(
                f'"{shorten(name)}": ' + (str(unfit) or f"{describe(items)} is not a list")
            ) from None
    return lists


def _table(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidValueError
    for name in value:
        if not isinstance(name, str):
            raise InvalidValueError(f"the name {describe(name)} is not text")
    return value


def _read_pins(value: object) -> dict[str, str]:
    pins: dict[str, str] = {}
    for name, pinned in _table(value).items():
        course = CourseKey.find(name)
        if course is None:
            raise InvalidValueError(f'"{shorten(name)}" is not a course key')
        if str(course) in pins:
            raise InvalidValueError(f"{course} stands in it twice")
        try:
            pins[str(course)] = _read_day(pinned).isoformat()
        except InvalidValueError:
            raise InvalidValueError(f"{course}: {describe(pinned)} is not a date YYYY-MM-DD") from None
    return pins


def _read_commands(value: object) -> dict[str, dict[str, Any]]:
    commands: dict[str, dict[str, Any]] = {}
    for name, command in _table(value).items():
        try:
            commands[name] = dict(_table(command))
        except InvalidValueError as unfit:
            raise InvalidValueError(f'"{shorten(name)}": ' + (str(unfit) or "no table")) from None
    return commands


def _read_zone(value: object) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    text = _text(value)
    if text == "UTC":
        return text
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValueError(nearest(text, sorted(available_timezones())).lstrip("; ")) from None
    return text


def _read_bucket(value: object) -> str:
    text = _text(value).rstrip("/")
    if not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^/\s*?#\[\]]+)*", text):
        raise InvalidValueError
    if any(part in {".", ".."} for part in text.split("/")):
        raise InvalidValueError
    return text


def _read_key_file(value: object) -> Path | None:
    # The predecessor's word for "the account that gcloud knows": Application Default Credentials.
    return None if value == "USE_GCLOUD_AUTH" else _read_path(value)


_TABLE_PATH = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,2}")


def is_file_name(text: str) -> bool:
    """Whether what may be the name of a table or of a file is that of a file: a path, or it ends in .csv."""
    return "/" in text or "\\" in text or text.lower().endswith((".csv", ".csv.gz"))


def _read_table_or_file(value: object) -> str:
    text = _text(value)
    if not is_file_name(text) and not _TABLE_PATH.fullmatch(text):
        raise InvalidValueError
    return text


def _read_cutoff(value: object) -> date | str | None:
    if value in ("auto", "none"):
        return None if value == "none" else "auto"
    return _read_day(value)


_ADDRESS = r"https?://[^\s\0/?#][^\s\0]*"

TEXT = ValueType("text", _text, _text)
ADDRESS = matching(_ADDRESS, "http:// or https:// and an address")
ADDRESS_IF_ANY = matching(f"(?:{_ADDRESS})?", "http:// or https:// and an address, or empty")
WORD = matching(r"[^\s\0]+", "text without blanks")
FLAG = ValueType("true or false", _read_flag, parse_flag)
FRACTION = number(0, 1)
DAY = ValueType("a date YYYY-MM-DD", _read_day, _read_day)
PATH = ValueType("a path", _read_path, _read_path)
PATTERN = ValueType("a path, which may contain *", _read_pattern, _read_pattern)
FOLDER_NAME = ValueType("the name of one directory, without /", _read_folder_name, _read_folder_name)
TEXTS = ValueType("a list of texts", _read_texts, _parse_texts, blank_is_absent=False)
LISTS = ValueType("a table of lists: NAME = [course keys]", _read_lists)
PINS = ValueType("a table of dates: COURSE = YYYY-MM-DD", _read_pins)
COMMANDS = ValueType("a table of tables: one a command", _read_commands)
ZONE = ValueType('a time zone of the IANA list, such as "America/New_York"', _read_zone, _read_zone)
BUCKET = ValueType("gs:// and the name of a bucket", _read_bucket, _read_bucket)
KEY_FILE = ValueType("a path, or USE_GCLOUD_AUTH", _read_key_file, _read_key_file)
CUTOFF = ValueType('"auto", a date YYYY-MM-DD or "none"', _read_cutoff, _read_cutoff)
MEMORY = matching(r"(?:[0-9]{1,6}(?:\.[0-9]{1,6})? ?[KMGT]i?B)?", 'a size such as "4GB", or empty')
ORGANIZATION = matching(r"[\w\-~.:]+", "the organization of a course key")
DATASET = matching(r"[A-Za-z0-9_]+", "the name of a dataset: letters, digits, _")
TABLE_OR_FILE = ValueType(
    "the name of a table, with or without dataset, or of a CSV file", _read_table_or_file, _read_table_or_file
)
TABLE = matching(r"[A-Za-z0-9_]+", "the name of a table: letters, digits, _")
