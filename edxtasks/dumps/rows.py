"""Rows written to files: JSON lines for the warehouse, CSV for people."""

from __future__ import annotations

import csv
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


class CsvWriter:
    """Writes records as CSV: comma, LF, values with `"`, comma, CR or LF quoted; None is an empty value."""

    def __init__(self, sink: ByteSink, encoding: str = "utf-8") -> None:
        self._sink = sink
        self._encoding = encoding
        self._pending: list[str] = []
        self._size = 0
        # With CRLF as line end the csv module quotes values that hold a CR alone; the CR of the line end
        # is cut off again.
        self._writer = csv.writer(self, lineterminator="\r\n")

    def write(self, line: str) -> None:
        """Called by the csv module with each finished line."""
        self._pending.append(line[:-2])
        self._size += len(line)
        if self._size > 1 << 18:
            self.flush()

    def record(self, fields: Iterable[object]) -> None:
        """Write one record."""
        self._writer.writerow(fields)

    def records(self, records: Iterable[Iterable[object]]) -> None:
        """Write many records."""
        self._writer.writerows(records)

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
