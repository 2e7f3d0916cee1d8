"""Whether a process lives, as tests ask that have ended one (Linux)."""

from __future__ import annotations

from pathlib import Path


def is_running(process: int) -> bool:
    """Whether a process lives. One that has ended and whose exit code nobody has asked for is still listed:
    it does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it has gone before, or while it was read
        return False
