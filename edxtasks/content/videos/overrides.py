"""Lengths of videos that a person wrote down: the file `video_lengths.csv`.

CSV with the header `video_id,youtube_id,video_length`; a length is in seconds.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path

from edxtasks.content.findings import Findings
from edxtasks.content.markup import decode
from edxtasks.content.videos.ids import video_name
from edxtasks.content.videos.numbers import rounded
from edxtasks.printable import printable_path

FILE = "video_lengths.csv"
KIND = "lengths of videos, written down"
_COLUMNS = ("video_id", "youtube_id", "video_length")


@dataclass(frozen=True)
class Overrides:
    """Lengths in whole seconds, by id of the video and by id at YouTube."""

    by_video: dict[str, int] = field(default_factory=dict)
    by_youtube: dict[str, int] = field(default_factory=dict)

    def length(self, video_id: str, youtube_id: str | None) -> int | None:
        """The length of a video: a row with its id goes before one with its id at YouTube."""
        if video_id in self.by_video:
            return self.by_video[video_id]
        return self.by_youtube.get(youtube_id) if youtube_id else None


def read_overrides(path: Path, findings: Findings) -> Overrides:
    """The rows of the file; of several for one video the last counts.

    What cannot be used is told with its line.
    """
    reader = csv.reader(io.StringIO(decode(path.read_bytes()), newline=""))
    overrides = Overrides()
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in _COLUMNS if name not in header]
        if missing:
            expected = f"expected the columns {', '.join(_COLUMNS)}, found no {', '.join(missing)}"
            findings.add(KIND, f"{printable_path(path)}, line 1: {expected}")
            return overrides
        for cells in reader:
            if any(cell.strip() for cell in cells):
                fault = _add(overrides, dict(zip(header, cells, strict=False)))
                if fault:
                    findings.add(KIND, f"{printable_path(path)}, line {reader.line_num}: {fault}")
    except csv.Error:
        findings.add(
            KIND,
            f"{printable_path(path)}, line {reader.line_num}: expected standard CSV, found something else; "
            "the rows after it are left out",
        )
    return overrides


def _add(overrides: Overrides, row: dict[str, str]) -> str:
    """Take over a row; what is wrong with it, or an empty text."""
    try:
        length = rounded(float(row.get("video_length", "")))
    except (ValueError, OverflowError):
        return "expected a number of seconds in video_length"
    if not math.isfinite(length) or length <= 0:
        return "expected more than 0 seconds in video_length"
    name, youtube_id = video_name(row.get("video_id", "")), row.get("youtube_id", "").strip()
    if name is not None:
        overrides.by_video[name] = length
    elif youtube_id:
        overrides.by_youtube[youtube_id] = length
    else:
        return "expected a video_id or a youtube_id"
    return ""
