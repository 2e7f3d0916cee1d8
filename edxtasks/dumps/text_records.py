"""Bytes of a delivered file to records of text fields: the splitting rules (docs/sql-dumps.md, "Reading").

Two forms are read. The export's own (`.sql`): fields end at TAB and records at LF only, no quoting. CSV:
comma, `"` quoting with `""`, records may hold quoted line breaks, and end at LF or CRLF.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edxtasks.errors import InputError

_BOM = b"\xef\xbb\xbf"
_LONE_RETURN = re.compile(r"\r(?!\n)(?!\Z)")
_END_OF_FILE = "\0."
_SURROGATE = re.compile("[\udc80-\udcff]")


@dataclass
class Repairs:
    """What was mended in the bytes of one file.

    `suspect` is set before the first block with bytes that are no UTF-8 is handed out: from then on those
    bytes stand in the text as lone surrogates, and `mend` makes U+FFFD of them.
    """

    nul_characters: int = 0
    suspect: bool = False
    undecodable_records: int = 0

    def mend(self, fields: list[str]) -> list[str]:
        """`fields` with U+FFFD for what was no UTF-8; counts the record when there was any."""
        if not any(_SURROGATE.search(field) for field in fields):
            return fields
        self.undecodable_records += 1
        return [field.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for field in fields]


def text_blocks(pieces: Iterable[bytes], repairs: Repairs) -> Iterator[str]:
    """The text of a file in blocks of whole lines (the last may lack its LF).

    A byte order mark at the start and NUL characters are dropped; bytes that are no UTF-8 come as lone
    surrogates (see `Repairs`).
    """
    at_start = True
    for block in _whole_lines(pieces, repairs):
        if at_start:
            at_start = False
            block = block.removeprefix(_BOM)
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            repairs.suspect = True
            text = block.decode("utf-8", "surrogateescape")
        yield text


def _whole_lines(pieces: Iterable[bytes], repairs: Repairs) -> Iterator[bytes]:
    pending: list[bytes] = []
    for piece in pieces:
        if b"\0" in piece:
            repairs.nul_characters += piece.count(b"\0")
            piece = piece.replace(b"\0", b"")
        cut = piece.rfind(b"\n") + 1
        if cut:
            pending.append(piece[:cut])
            yield b"".join(pending)
            pending = [piece[cut:]]
        else:
            pending.append(piece)
    rest = b"".join(pending)
    if rest:
        yield rest


def lines_of(blocks: Iterable[str]) -> Iterator[str]:
    """The lines of a file without their LF. Where the first line that is not empty ends in CR, every line
    loses one CR at its end: the file was converted to CRLF on its way."""
    returns: bool | None = None
    for block in blocks:
        lines = block.split("\n")
        if not lines[-1]:
            lines.pop()
        if returns is None:
            first = next(filter(None, lines), None)
            returns = None if first is None else first.endswith("\r")
        if returns:
            lines = [line.removesuffix("\r") for line in lines]
        yield from lines


def tsv_records(blocks: Iterable[str], *, escaped_breaks: bool = False) -> Iterator[list[str]]:
    """The records of the export's own form, header included; an empty line is a record of one empty field.

    With `escaped_breaks` an LF or TAB after an odd number of backslashes belongs to the value (the export
    of student states writes such); the backslash stays for the decoder.
    """
    if not escaped_breaks:
        for line in lines_of(blocks):
            yield line.split("\t")
        return
    for line in _joined_lines(blocks):
        yield line.split("\t") if "\\\t" not in line else _joined_fields(line)


def _joined_lines(blocks: Iterable[str]) -> Iterator[str]:
    begun: list[str] = []
    for line in lines_of(blocks):
        if _ends_escaped(line):
            begun.append(line)
        elif begun:
            yield "\n".join([*begun, line])
            begun.clear()
        else:
            yield line
    if begun:
        yield "\n".join([*begun, ""])


def _joined_fields(line: str) -> list[str]:
    fields: list[str] = []
    begun: list[str] = []
    for field in line.split("\t"):
        begun.append(field)
        if not _ends_escaped(field):
            fields.append("\t".join(begun))
            begun.clear()
    if begun:
        fields.append("\t".join(begun))
    return fields


def _ends_escaped(text: str) -> bool:
    """Whether `text` ends in an odd number of backslashes."""
    return text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2 == 1


def csv_records(blocks: Iterable[str], name: str) -> Iterator[list[str]]:
    """The records of a CSV file, header included; an empty line is a record without fields.

    A CR that is not part of a CRLF is a character of its value, quoted or not. A `"` inside an unquoted
    value is an ordinary character. Raises `InputError` naming the file `name` when a quoted value never ends.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    ended = held_returns = False

    def lines() -> Iterator[str]:
        nonlocal ended, held_returns
        last = ""
        for block in blocks:
            if "\r" in block:
                # The csv module takes a lone CR for a line end and refuses what follows it. NUL, which text
                # blocks never hold, keeps its place.
                block, number = _LONE_RETURN.subn("\0", block)
                held_returns = held_returns or number > 0
            last = block
            yield from io.StringIO(block, newline="\n")
        if last and not last.endswith("\n"):
            yield "\n"
        ended = True
        yield _END_OF_FILE

    for number, fields in enumerate(csv.reader(lines()), 1):
        if ended:
            if fields == [_END_OF_FILE]:
                return
            raise InputError(
                f"{name}: a quoted value that begins in record {number} (the header counted) never ends. "
                "The file is cut off or no standard CSV."
            )
        yield [field.replace("\0", "\r") for field in fields] if held_returns else fields
