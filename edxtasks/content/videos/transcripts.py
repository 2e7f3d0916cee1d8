"""Where the last cue of a transcript ends: at least so long is its video."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from pathlib import Path

from edxtasks.content.archive import policy_member, read_archive
from edxtasks.content.findings import Findings
from edxtasks.content.markup import decode

KIND = "transcripts that cannot be read"
_CUE = re.compile(r"-->\s*(\d{1,9}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})", re.ASCII)


def last_cues(export: Path, names: Collection[str], findings: Findings) -> dict[str, float]:
    """Seconds at which the last cue ends, by file name, of those of `names` that `static/` of the export has.

    What cannot be read is told to `findings`.
    """
    wanted = frozenset(names)

    def is_wanted(parts: tuple[str, ...]) -> bool:
        return (parts[-1] in wanted and "static" in parts[:-1]) or policy_member(parts)

    ends: dict[str, float] = {}
    # What is wrong with the archive was told when the course was read from it.
    for path, data in read_archive(export, Findings(), is_wanted, skipped=frozenset()).items():
        parts = path.split("/")
        if parts[-1] not in wanted or "static" not in parts[:-1]:
            continue
        end = last_cue(parts[-1], data)
        if end is None:
            findings.add(KIND, f"{path} in {export}: expected cues with times")
        elif end > 0:
            ends[parts[-1]] = max(end, ends.get(parts[-1], 0.0))
    return ends


def last_cue(name: str, data: bytes) -> float | None:
    """Seconds at which the last cue ends; None where the file has none that can be read.

    `.sjson` is JSON with an array `end` of milliseconds, all else SubRip.
    """
    return _last_of_json(data) if name.endswith(".sjson") else _last_of_subrip(decode(data))


def _last_of_json(data: bytes) -> float | None:
    try:
        form = json.loads(data)
    except (ValueError, RecursionError):
        return None
    ends = form.get("end") if isinstance(form, dict) else None
    if not isinstance(ends, list):
        return None
    numbers = [one for one in ends if isinstance(one, int | float) and not isinstance(one, bool)]
    try:
        return max((end / 1000 for end in map(float, numbers) if math.isfinite(end)), default=None)
    except OverflowError:  # a whole number beyond all floats
        return None


def _last_of_subrip(text: str) -> float | None:
    ends = (
        int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
        for hours, minutes, seconds, fraction in _CUE.findall(text)
    )
    return max(ends, default=None)
