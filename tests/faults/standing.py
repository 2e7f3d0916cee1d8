"""What stands after a run: each file by its bytes, each table by its rows; and what should not stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

Standing = Mapping[str, str]
"""What is there, by name: a path, or `dataset.table`; with a digest of bytes or rows."""

_OUR_NOTES = re.compile(r"(^|/)_edxtasks/|(^|/)META/|\.lock$|\.workers$")
"""Notes hold the times of their runs: that they are there is all that can be asked."""

_OF_A_TRY = re.compile(r"(/PARTS/[^/]+)\.[0-9a-f]{8}/")
"""The rows of a raw log lie in a folder whose name is drawn anew each time that it is split."""

_SECOND_SCRATCH = re.compile(r"/_edxtasks/scratch-\d+/\.lock$")
"""Where runs keep scratch when they may not in `state`, and say so; its lock stays, as that in `state`."""

_UNFINISHED = ("run-*", ".edxtasks-*", "*.part", "*.new", ".tracklog-*")


def standing(folder: Path) -> Standing:
    """The files of a project, but for its configuration, `state`, and what Python compiles."""
    found: dict[str, str] = {}
    for path in _files(folder):
        name = _OF_A_TRY.sub(r"\1/", str(path.relative_to(folder)))
        while name in found:
            name += " again"  # what an older try has left
        found[name] = _digest(folder, path)
    return found


def names_of(folder: Path, path: Path) -> set[str]:
    """The names under which a file of a project stands: a shard of one raw log is a hard link to its part."""
    same = [other for other in _files(folder) if other.samefile(path)]
    return {_OF_A_TRY.sub(r"\1/", str(other.relative_to(folder))) for other in same}


def unfinished(folder: Path) -> list[str]:
    """What runs have left in a project: folders for scratch, files on their way."""
    return sorted({str(path) for name in _UNFINISHED for path in folder.rglob(name)})


def differences(expected: Standing, found: Standing, varying: frozenset[str] = frozenset()) -> list[str]:
    """Lines that say what is missing, more, or other than expected. Of what is `varying`, two undisturbed
    runs have different bytes: only that it is there is asked."""
    return [
        *(f"missing: {name}" for name in sorted(expected.keys() - found.keys())),
        *(f"left over: {name}" for name in sorted(found.keys() - expected.keys())),
        *(
            f"different: {name}"
            for name in sorted(expected.keys() & found.keys() - varying)
            if expected[name] != found[name]
        ),
    ]


def rows_of(path: Path) -> str:
    """Number of rows of a Parquet file and the sum of their hashes, read from its pages, not the footer."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT count(*), sum(hash(entry)) FROM read_parquet($path, hive_partitioning = false) entry",
            {"path": str(path)},
        ).fetchone()
    assert rows is not None
    return f"{rows[0]} rows, {rows[1]}"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        counts = path.relative_to(folder).parts[0] not in {"state", "config", "ledger", "__pycache__"}
        if path.is_file() and counts and not _SECOND_SCRATCH.search(str(path)):
            yield path


_known: dict[str, str] = {}
"""Of Parquet files, by the digest of their bytes: most files of a point are those of the one before."""


def _digest(folder: Path, path: Path) -> str:
    if _OUR_NOTES.search(str(path.relative_to(folder))):
        return "there"
    of_bytes = hashlib.sha256(path.read_bytes()).hexdigest()
    if path.suffix != ".parquet":
        return of_bytes
    if of_bytes not in _known:
        try:
            _known[of_bytes] = rows_of(path)
        except duckdb.Error as error:
            return f"unreadable: {error}"
    return _known[of_bytes]
