"""Files that are written beside a table: all of them whole, or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from edxtasks.files import replacing
from edxtasks.messages import Messages
from edxtasks.printable import printable_path


def write_beside(directory: Path, scratch: Path, contents: Mapping[str, bytes], messages: Messages) -> None:
    """Write files into `directory`, each under a temporary name in the same folder and renamed over,
    gzip where its name ends in `.gz`.

    Where the directory cannot be written to they go to `scratch`, with a note that says so: the table does
    not depend on them.
    """
    if not os.access(directory, os.W_OK | os.X_OK):
        messages.add(f"{printable_path(directory)} is not writable; not kept: {', '.join(contents)}")
        directory = scratch
    for name, content in contents.items():
        with replacing(directory / name) as sink:
            sink.write(content)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]], *, quote_all: bool = False) -> bytes:
    """A CSV file, UTF-8, lines ending LF: None is empty, booleans are `true` and `false`."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
