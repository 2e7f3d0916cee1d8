"""Rows written to files: JSON lines for the warehouse, CSV for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import orjson

from edxtasks.csv_text import CsvWriter
from edxtasks.files import replacing


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


@contextmanager
def csv_file(path: Path, header: Sequence[str]) -> Iterator[CsvWriter]:
    """A writer whose records become the file `path` (gzip when it ends in `.gz`) at the end of the block."""
    with replacing(path) as sink:
        writer = CsvWriter(sink)
        writer.record(header)
        yield writer
        writer.flush()
