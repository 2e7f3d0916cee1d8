"""The content of an original, without retired learners: byte for byte what it was but for what is theirs.

What an original holds is told by its name: lines of a tracking log, records of a table, documents of a forum.
Of anything else that is text mentions are blanked.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson

from edxtasks.retired import Retired, is_of_learner, of_document, record_cleaner

Clean = Callable[[Iterable[bytes]], Iterator[bytes]]

_LOG_NAME = re.compile(r"(?i)tracklog|tracking|events|\.log(?:\.|$)")
_SITE = re.compile(r"-(?:prod-edge|prod|edge)(?:-analytics)?$")
_TABLE_NAME = re.compile(r"-([a-z0-9_]+)$")
_WITH_BREAKS = frozenset({"courseware_studentmodule", "studentmodule"})
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")
_LONGEST_LINE = 1 << 26


@dataclass
class Taken:
    """What went: lines, records or documents, and mentions in others."""

    lines: int = 0
    mentions: int = 0

    def __bool__(self) -> bool:
        return bool(self.lines or self.mentions)


class UnreadableError(Exception):
    """What is in an original cannot be looked at; says why, naming nobody."""


def cleaner_of(name: str, retired: Retired, taken: Taken, is_log: bool) -> Clean:
    """What cleans the lines of a file called `name` (without what compression adds), counting in `taken`."""
    stem, _, ending = name.rpartition(".")
    if ending == "sql":
        content = _content_of(stem)
        return lambda lines: _table(lines, content, retired, taken)
    if ending == "csv":
        return lambda lines: _csv(lines, retired, taken)
    if ending == "tsv":
        return lambda lines: _table(lines, "", retired, taken)
    if ending == "mongo":
        return lambda lines: _documents(lines, retired, taken)
    if ending in ("json", "jsonl") and not is_log:
        account = "_id" if stem.endswith("users") else ""
        return lambda lines: _json(lines, account, retired, taken)
    if is_log or _LOG_NAME.search(name):
        return lambda lines: _log(lines, retired, taken)
    return lambda lines: _text(lines, retired, taken)


def _content_of(stem: str) -> str:
    """The table that a delivered file holds, by its name without ending."""
    found = _TABLE_NAME.search(_SITE.sub("", stem))
    return found[1] if found else stem


# Tracking logs


def _log(lines: Iterable[bytes], retired: Retired, taken: Taken) -> Iterator[bytes]:
    for line in lines:
        kept, mentions = of_raw_line(line, retired)
        taken.mentions += mentions
        taken.lines += kept is None
        if kept is not None:
            yield kept


def of_raw_line(line: bytes, retired: Retired) -> tuple[bytes | None, int]:
    """What is kept of a delivered line of a tracking log: None where it is a retired learner's, or names one
    and is no event, so that nobody knows whose it is; else the line with mentions blanked."""
    if not retired.hits(line):
        return line, 0
    form = _parsed(line[line.find(b"{") :])
    if not isinstance(form, dict) or _is_theirs(form, retired):
        return None, 0
    return retired.blanked(line)


def _is_theirs(event: dict[str, object], retired: Retired) -> bool:
    context = event.get("context")
    within: dict[str, object] = context if isinstance(context, dict) else {}
    names = (event.get("username"), within.get("username"))
    return any(retired.is_name(name.strip()) for name in names if isinstance(name, str)) or retired.is_number(
        within.get("user_id")
    )


# Tables and documents


def _table(lines: Iterable[bytes], content: str, retired: Retired, taken: Taken) -> Iterator[bytes]:
    records = _joined(lines) if content in _WITH_BREAKS else iter(lines)
    clean = None
    for record in records:
        body = record.rstrip(b"\r\n")
        fields = _fields(body, content in _WITH_BREAKS)
        if clean is None:
            if body:
                header = [name.decode("utf-8", "replace").removeprefix("\ufeff") for name in fields]
                clean = record_cleaner(content, header, retired)
                width = len(header)
            yield record
        elif len(fields) != width:  # whose it is, nobody knows
            yield from _text_or_nothing(record, retired, taken)
        else:
            kept, mentions = clean([field.decode("utf-8", "surrogateescape") for field in fields])
            taken.lines += kept is None
            taken.mentions += mentions
            if kept is not None:
                yield record if not mentions else _joined_fields(kept, b"\t") + record[len(body) :]


def _joined_fields(fields: list[str], sign: bytes) -> bytes:
    return sign.join(field.encode("utf-8", "surrogateescape") for field in fields)


def _fields(record: bytes, with_breaks: bool) -> list[bytes]:
    parts = record.split(b"\t")
    if not with_breaks or b"\\\t" not in record:
        return parts
    fields: list[bytes] = []
    begun: list[bytes] = []
    for part in parts:
        begun.append(part)
        if not _ends_escaped(part):
            fields.append(b"\t".join(begun))
            begun = []
    return [*fields, b"\t".join(begun)] if begun else fields


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, joined where a line break is escaped."""
    begun: list[bytes] = []
    for line in lines:
        begun.append(line)
        if not _ends_escaped(line.rstrip(b"\n").removesuffix(b"\r")):
            yield b"".join(begun)
            begun = []
    if begun:
        yield b"".join(begun)


def _ends_escaped(text: bytes) -> bool:
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1


def _csv(lines: Iterable[bytes], retired: Retired, taken: Taken) -> Iterator[bytes]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    read: list[bytes] = []

    def texts() -> Iterator[str]:
        for line in lines:
            read.append(line)
            # The csv module takes a lone CR for a line end and refuses what follows it.
            yield _LONE_RETURN.sub(b" ", line).decode("utf-8", "surrogateescape")

    clean = None
    records = csv.reader(texts())
    while True:
        try:
            fields = next(records, None)
        except csv.Error as error:
            raise UnreadableError(f"no CSV ({error})") from None
        raw = b"".join(read)
        read.clear()
        if fields is None:
            yield raw
            return
        if clean is None:
            yield raw
            if fields:
                header = [name.removeprefix("\ufeff") for name in fields]
                clean, width = record_cleaner("", header, retired), len(header)
        elif len(fields) != width:
            yield from _text_or_nothing(raw, retired, taken)
        else:
            kept, mentions = clean(fields)
            taken.lines += kept is None
            taken.mentions += mentions
            if kept is not None:
                yield raw if not mentions else _as_csv(kept, raw)


def _as_csv(fields: list[str], raw: bytes) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(fields)
    body = raw.rstrip(b"\r\n")
    return text.getvalue().encode("utf-8", "surrogateescape") + raw[len(body) :]


def _documents(lines: Iterable[bytes], retired: Retired, taken: Taken) -> Iterator[bytes]:
    for line in lines:
        kept, mentions = of_document(line, retired)
        taken.lines += kept is None
        taken.mentions += mentions
        if kept is not None:
            yield kept


def _json(lines: Iterable[bytes], account: str, retired: Retired, taken: Taken) -> Iterator[bytes]:
    """Lines of JSON, or of one JSON: a line that is a document of the learner goes."""
    for line in lines:
        if retired.hits(line) or account:
            form = _parsed(line)
            if isinstance(form, dict) and is_of_learner(form, retired, account):
                taken.lines += 1
                continue
        cleaned, mentions = retired.blanked(line)
        taken.mentions += mentions
        yield cleaned


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


# Anything else


def _text(lines: Iterable[bytes], retired: Retired, taken: Taken) -> Iterator[bytes]:
    for line in lines:
        cleaned, mentions = retired.blanked(line)
        if mentions and _CONTROL.search(line):
            raise UnreadableError("no text, but it names the learner")
        taken.mentions += mentions
        yield cleaned


def _text_or_nothing(record: bytes, retired: Retired, taken: Taken) -> Iterator[bytes]:
    """A record that cannot be told apart into fields, unless it names a retired learner."""
    if retired.hits(record):
        taken.lines += 1
    else:
        yield record


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends; all of them together are the content.

    Raises `UnreadableError` for a line that is longer than memory should hold.
    """
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        for line in _split(piece):
            held.append(line)
            length += len(line)
            if line.endswith(b"\n"):
                yield b"".join(held)
                held, length = [], 0
            elif length > _LONGEST_LINE:
                raise UnreadableError(f"a line of more than {_LONGEST_LINE} bytes")
    if held:
        yield b"".join(held)


def _split(piece: bytes) -> list[bytes]:
    *ended, rest = piece.split(b"\n")
    return [*(line + b"\n" for line in ended), *([rest] if rest else [])]
