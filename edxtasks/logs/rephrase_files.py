"""Rephrasing of whole files in place."""

from __future__ import annotations

import bz2
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import zstandard

from edxtasks.compression import GzipWriter
from edxtasks.errors import InputError
from edxtasks.files import writing
from edxtasks.logs.raw_files import LONGEST_LINE, RawLog
from edxtasks.logs.rows.line import Reject
from edxtasks.logs.rows.rephrase import TOO_LONG, RephraseRules, StreamCounts, rephrase_stream

GZIP_LEVEL = 6


@dataclass(frozen=True)
class RephrasedFile:
    """What became of a file: the counts of its lines, and where the original is kept.

    `original` is None when the file held rows already, just as they would be written: then it is
    untouched.
    """

    counts: StreamCounts
    original: Path | None


def rephrase_file(
    path: Path, rules: RephraseRules, reject: Callable[[int, Reject, bytes], object]
) -> RephrasedFile:
    """Replace the lines of a log file by their rows; the original stays beside it.

    The rows are written to `tmp-<name>` in the same folder, compressed as the name says (`.gz`, `.zst`,
    `.bz2`, else not at all); how the original is compressed is seen from its content. Then the original
    gets the name `old-<name>` (`old-2-<name>` and so on, if an earlier original has that name) and the
    rows the name of the file. A run that is killed leaves the one or the other under the name, complete
    (without hard links in the file system there is a moment with neither). `reject` gets each line that
    makes no row, with its number from 1 and why; it is not in the new file.

    Raises `InputError`, with the file as it was, when there is no such file or it is truncated, corrupt
    or no log.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    temporary = path.with_name(f"tmp-{path.name}")
    try:
        counts, same = _write_rows(path, temporary, rules, reject)
        if same:
            return RephrasedFile(counts, None)
        shutil.copymode(path, temporary)
        original = _keep(path)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return RephrasedFile(counts, original)


def lines_of(stream: IO[bytes]) -> Iterator[bytes | Reject]:
    """The lines of a stream as they come, in bounded memory: of a line that is too long its reject."""
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE)
        yield TOO_LONG


def _write_rows(
    path: Path, temporary: Path, rules: RephraseRules, reject: Callable[[int, Reject, bytes], object]
) -> tuple[StreamCounts, bool]:
    """Write the rows; also tell whether they are the very text that the file holds."""
    before, after = hashlib.sha256(), hashlib.sha256()
    with RawLog(path) as log, writing(temporary, path) as file:

        def lines() -> Iterator[bytes | Reject]:
            for block in log.blocks(tee=before.update):
                if block.too_long:
                    yield TOO_LONG
                    continue
                yield from block.data.removesuffix(b"\n").split(b"\n")

        with _compressed(file, path.name) as rows:

            def write(row: bytes) -> None:
                after.update(row)
                rows.write(row)

            counts = rephrase_stream(lines(), rules, write, reject)
        file.flush()
        os.fsync(file.fileno())
    return counts, before.digest() == after.digest()


def _compressed(file: BinaryIO, name: str) -> AbstractContextManager[Any]:
    """A writer into `file` that compresses as `name` says; its end leaves `file` open."""
    if name.endswith(".gz"):
        return GzipWriter(file, GZIP_LEVEL)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor().stream_writer(file, closefd=False)
    if name.endswith(".bz2"):
        return bz2.BZ2File(file, "wb")
    return nullcontext(file)


def _keep(path: Path) -> Path:
    """Give the file the name of an original too, the first that is free."""
    number = 1
    while True:
        original = path.with_name(f"old-{path.name}" if number == 1 else f"old-{number}-{path.name}")
        try:
            os.link(path, original)
        except FileExistsError:
            if original.samefile(path):  # left by a run that was killed between its last two steps
                return original
            number += 1
        except OSError:  # a file system without hard links: for a moment there is no file of the name
            if original.exists():
                number += 1
                continue
            path.rename(original)
            return original
        else:
            return original
