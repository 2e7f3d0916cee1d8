"""Rows written to files: JSON lines for the warehouse, CSV for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import orjson

from edxtasks.dumps.files import ByteSink, replacing


def write_json_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write `rows` to `path` (gzip when it ends in `.gz`), a JSON object a line; gives their number.

    The file appears when all rows are written: an error on the way leaves the old one.
    """
    number = 0
    with replacing(path) as sink:
        lines = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        while batch := list(islice(lines, 128)):
            sink.write(b"".join(batch))
            number += len(batch)
    return number


_NEEDS_QUOTES = re.compile('[",\r\n]').search


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
        # A record of one empty value would be an empty line, which readers skip.
        self._pending.append(line or '""' if len(fields) == 1 else line)
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


@contextmanager
def csv_file(path: Path, header: Sequence[str]) -> Iterator[CsvWriter]:
    """A writer whose records become the file `path` (gzip when it ends in `.gz`) at the end of the block."""
    with replacing(path) as sink:
        writer = CsvWriter(sink)
        writer.record(header)
        yield writer
        writer.flush()
