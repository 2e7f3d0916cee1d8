"""How raw logs are named in what is kept of them: keys of sources, and places seen from the log directory."""

from __future__ import annotations

import os
import re
from pathlib import Path

from edxtasks.logs.layout import fitting, short_hash
from edxtasks.logs.raw_files import COMPRESSION_SUFFIXES

LEGACY = "legacy"
"""What a shard list calls the rows of a shard that the predecessor made."""
LOST = "lost"
"""What a shard list calls the rows of a shard of ours whose checkpoints are gone: of which raw logs they are
is not known."""
ANY_SOURCE = f"{LOST}:any"
"""Under what shards are noted that are to be rebuilt whatever raw logs feed them: no raw log has this key."""

_LONGEST_KEY = 180


def path_text(path: Path) -> str:
    """`path` as text, also where it is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def resolved(path: Path) -> Path:
    """`path` with its folder resolved; the name stays, also that of a symbolic link."""
    return path.parent.resolve() / path.name


def place_of(path: Path, root: Path) -> str:
    """`path` as text, seen from the log directory `root`: the same wherever the two are moved together."""
    return path_text(Path(os.path.relpath(resolved(path), root.resolve())))


def base_name(path: Path) -> str:
    """The name of a raw log without `.gz`, `.zst`, `.bz2`."""
    return _without_compression(path).name


def _without_compression(path: Path) -> Path:
    if path.name.lower().endswith(COMPRESSION_SUFFIXES) and path.stem:
        return path.with_suffix("")
    return path


def location_of_text(path: str) -> str:
    """What makes a raw log the same source again: its folder, and its name without `.gz` etc."""
    return str(_without_compression(Path(path)))


def base_key(path: Path, keep_directory: bool) -> str:
    """The key that a raw log has unless another source has it: its name without the compression suffix.

    With `keep_directory` its whole path, `/` as `__`. Characters that do not belong into a file name are
    replaced; a long key is cut. Either way a hash keeps different names apart.
    """
    location = Path(path_text(_without_compression(resolved(path))))
    name = str(location).lstrip("/").replace("/", "__") if keep_directory else location.name
    printable = "".join(c if c.isprintable() else "_" for c in name)
    key = re.sub(r"^\.", "_", printable.replace("/", "_"))
    for word in (LEGACY, LOST):
        key = key.replace(f"{word}:", f"{word}_")
    if key != name:
        key = f"{key}~{short_hash(name)}"
    return fitting(key, _LONGEST_KEY)
