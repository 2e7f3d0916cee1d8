"""The file of rejected lines of one raw log: what could not be used, where, and why."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import orjson

from edxtasks.compression import MemberWriter
from edxtasks.files import writing

KEPT_OF_LINE = 64 * 1024
"""Most bytes of a rejected line that are kept."""


def too_old(folder: Path, days: int) -> list[Path]:
    """The files of rejected lines in `folder` (REJECTS of a log directory) and its subfolder FAILED that were
    written more than `days` days ago, by the clock of this machine."""
    before = time.time() - days * 86_400
    found: list[Path] = []
    for place in (folder, folder / "FAILED"):
        if place.is_dir():
            with os.scandir(place) as entries:
                old = (e for e in entries if e.is_file(follow_symlinks=False))
                found += [Path(e.path) for e in old if e.stat().st_mtime < before]
    return sorted(found)


class RejectsWriter:
    """Writes `{"line": number, "reason": …, "text": …}` lines, gzip; no file when there is nothing to write.

    `counts` holds the number of rejects by reason. A `detail` is written where there is one.
    """

    def __init__(self, path: Path, level: int) -> None:
        self.counts: Counter[str] = Counter()
        self._path = path
        self._level = level
        self._file: BinaryIO | None = None
        self._writer: MemberWriter | None = None

    def add(self, line: int, reason: str, detail: str, text: bytes) -> None:
        """Add one rejected line: its number (the first line is 1), and what it holds."""
        self.counts[reason] += 1
        form: dict[str, object] = {"line": line, "reason": reason}
        if detail:
            form["detail"] = detail.encode("utf-8", "replace").decode()
        form["text"] = text[:KEPT_OF_LINE].decode("utf-8", "replace")
        if self._writer is None:
            self._file = writing(self._path)
            self._writer = MemberWriter(self._file, self._level)
        self._writer.write(orjson.dumps(form, option=orjson.OPT_APPEND_NEWLINE))

    def finish(self) -> bool:
        """Complete the file. Whether there is one."""
        if self._writer is None:
            return False
        self._writer.finish()
        self.close()
        return True

    def close(self) -> None:
        """Close the file as it is."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()
