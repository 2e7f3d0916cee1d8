"""What YouTube said of lengths, kept in the folder of the state so that nothing is asked twice.

`youtube_durations.json`: by id `seconds` (`missing`: not known there) and the `time` of the answer. It is a
cache: nothing hangs on it but what has to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from edxtasks.caches import keeps_caches
from edxtasks.files import write_atomically

FILE = "youtube_durations.json"
MISSING = "missing"
_LONGEST_WAIT = 30


def read_durations(path: Path) -> dict[str, int | None]:
    """Seconds by id; None for one that is not known at YouTube."""
    return {
        name: seconds if isinstance(seconds, int) else None
        for name, entry in _entries(path).items()
        if isinstance(entry, dict)
        and (isinstance(seconds := entry.get("seconds"), int) or seconds == MISSING)
    }


def add_durations(path: Path, found: Mapping[str, int | None]) -> None:
    """Put answers beside those that are there, or in their place; other runs may do so at the same time."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entries = {
        name: {"seconds": MISSING if seconds is None else seconds, "time": now}
        for name, seconds in found.items()
    }
    if not keeps_caches():
        return
    from filelock import FileLock, Timeout  # every run reads this file, and few ask for durations

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=_LONGEST_WAIT):
            write_atomically(path, orjson.dumps(_entries(path) | entries, option=orjson.OPT_INDENT_2))
    except (OSError, Timeout):
        return  # only a cache: they are asked again


def _entries(path: Path) -> dict[str, Any]:
    try:
        form = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return form if isinstance(form, dict) else {}
