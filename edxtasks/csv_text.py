"""CSV as this product writes it: UTF-8, comma, LF, values quoted only where a reader needs it.

Rows of a table are spelt as a `CsvForm` says, or as JSON lines (`JsonForm`): row by row in
`build/exports.py`, or by the engine, letter by letter the same, in `warehouse/parquet/texts.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edxtasks.compression import ByteSink

NEEDS_QUOTES = '[",\r\n]'
"""What a value holds that is written in quotes, as a regular expression."""
EMPTY_RECORD = '""'
"""A record of one empty value: an empty line is one that readers skip."""
_NEEDS_QUOTES = re.compile(NEEDS_QUOTES).search


@dataclass(frozen=True)
class CsvForm:
    """How CSV spells booleans, what follows a time `YYYY-MM-DD HH:MM:SS[.ffffff]` (always UTC), and whether
    the file begins with a byte-order mark (`bom`).

    NULL is empty, numbers are plain, floats the shortest text that reads back the same.
    """

    true: str = "true"
    false: str = "false"
    zone: str = ""
    bom: bool = False


@dataclass(frozen=True)
class JsonForm:
    """An object a line, in which NULL is null and a time is text as in CSV, without zone."""


TextForm = CsvForm | JsonForm


class CsvWriter:
    """Writes records as CSV: comma, LF, values with `"`, comma, CR or LF quoted; None is an empty value.

    Several times faster than the csv module on long values full of quotes, such as student states, and it
    quotes a CR also where the line ends with LF alone.
    """

    def __init__(self, sink: ByteSink, encoding: str = "utf-8") -> None:
        self._sink = sink
        self._encoding = encoding
        self._pending: list[str] = []
        self._size = 0

    def record(self, values: Iterable[object]) -> None:
        """Write one record."""
        self.text_record(["" if value is None else str(value) for value in values])

    def text_record(self, fields: Sequence[str]) -> None:
        """Write one record of text."""
        line = ",".join(
            ['"' + field.replace('"', '""') + '"' if _NEEDS_QUOTES(field) else field for field in fields]
        )
        self._pending.append(line or EMPTY_RECORD if len(fields) == 1 else line)
        self._size += len(line)
        if self._size > 1 << 18:
            self.flush()

    def flush(self) -> None:
        """Hand what was kept back to the sink."""
        if self._pending:
            self._pending.append("")
            self._sink.write("\n".join(self._pending).encode(self._encoding))
            self._pending.clear()
            self._size = 0
