"""`log_json=FILE`: a run for programs, a JSON object a line.

A line is written when its task is done with, so that a program can follow the run; the last line is about the
run as a whole. Lines are added to the file: it may hold those of earlier runs.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from edxtasks.errors import SettingsError, from_machine
from edxtasks.graph.record import Outcome, RunRecord, TaskRecord
from edxtasks.printable import printable


class JsonLines:
    """The file of `log_json`. Raises `SettingsError` where it cannot be written to.

    What goes wrong later is kept in `fault`: the run goes on, and nothing more is written.
    """

    def __init__(self, path: Path, wall: datetime) -> None:
        self.fault = ""
        self._run = wall.isoformat(timespec="microseconds").replace("+00:00", "Z")
        try:
            # Each line is one write at the end of the file: runs side by side do not cut each other's.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise SettingsError(f"log_json: {from_machine(error)}") from None

    def task(self, record: TaskRecord) -> None:
        """Write the line of a task."""
        self._write(
            {
                "task": _text(record.name),
                "status": record.outcome.value,
                "reason": _text(record.reason),
                "seconds": round(record.seconds, 3),
                "rows": record.rows,
                "unit": record.unit,
                "dates": record.dates,
                "bytes": record.bytes,
                "rejects": record.rejects,
                "warnings": [_text(one) for one in record.warnings],
            }
        )

    def end(self, record: RunRecord, status: str, places: Collection[str]) -> None:
        """Write the line of the run, and close the file. `places` are where the tables are."""
        counts = {one.value: record.counts[one] for one in Outcome}
        self._write(
            {
                "status": status,
                "seconds": round(record.seconds, 3),
                **counts,
                "warned": record.warned,
                "tables": sorted(places),
            }
        )
        os.close(self._file)

    def _write(self, values: dict[str, Any]) -> None:
        if self.fault:
            return
        line = orjson.dumps({"run": self._run, **values}, option=orjson.OPT_APPEND_NEWLINE)
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            self.fault = str(from_machine(error))


def _text(text: str) -> str:
    """Text as JSON can have it: what no terminal should see is escaped, line ends stay."""
    return "\n".join(printable(line, None) for line in text.splitlines())
