"""A tar archive of unknown origin, read once, forward only, in bounded memory."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Self, cast

LARGEST_MEMBER = 64 << 20
LARGEST_HEADERS = 16 << 10
"""Most bytes of headers of one member: `tarfile` keeps them in memory, and searches them again and again."""

_MOST_GLOBAL_HEADERS = 100
PIECE = 1 << 20
_LONG_NUMBER = re.compile(rb"[0-9]{300}")


class TooLargeError(Exception):
    """An archive that is refused; the text says why."""


class ForwardStream:
    """The stream of an archive for `tarfile`: read once, forward only, and so much of headers only.

    `tarfile` reads all headers of a member in one go, however large they say that they are. Whatever is read
    counts against `LARGEST_HEADERS` until `expect_content` says that the content of a member comes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._place = 0
        self._in_headers = True
        self._left = LARGEST_HEADERS

    def expect_headers(self) -> None:
        """The headers of the next member follow."""
        self._in_headers, self._left = True, LARGEST_HEADERS

    def expect_content(self) -> None:
        """The content of a member follows, whose size was found to be acceptable."""
        self._in_headers, self._left = False, LARGEST_MEMBER

    def tell(self) -> int:
        """How many bytes were read or passed over."""
        return self._place

    def seek(self, place: int) -> int:
        """Pass over what comes before `place`."""
        while self._place < place:
            passed = len(self._stream.read(min(PIECE, place - self._place)))
            if not passed:
                break
            self._place += passed
        return self._place

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end. Raises `TooLargeError` beyond what is expected."""
        self._left -= size
        if self._left < 0:
            raise TooLargeError(
                f"a member of the archive has more than {LARGEST_HEADERS >> 10} KiB of headers: no course "
                "export has."
            )
        data = self._stream.read(size)
        self._place += len(data)
        if self._in_headers and _LONG_NUMBER.search(data):
            raise TooLargeError("a member of the archive has a header with an endless number.")
        return data


class _Member(tarfile.TarInfo):
    """A member whose broken header is an error: by itself `tarfile` takes it for the end of the archive."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            kind = type(error).__name__
            if kind not in {"EOFHeaderError", "EmptyHeaderError"}:
                raise tarfile.ReadError("a broken header") from error
            # A stream that ends without the mark of the end may be cut off.
            cast("Archive", tarfile_).has_end_mark = kind == "EOFHeaderError"
            raise


class Archive(tarfile.TarFile):
    """An archive whose broken headers are errors; `has_end_mark`: it was read to its mark of the end."""

    tarinfo = _Member
    has_end_mark = False
    members: list[tarfile.TarInfo]  # emptied on the way: with static/ it would grow large


def open_archive(forward: ForwardStream) -> Archive:
    """Begin to read. Raises `tarfile.TarError`, or `TooLargeError`."""
    with _as_tar_errors():
        return Archive(fileobj=cast("IO[bytes]", forward), mode="r", encoding="utf-8", errors="replace")


def next_member(archive: Archive, forward: ForwardStream) -> tarfile.TarInfo | None:
    """The next member, None at the end. Raises as `open_archive` does."""
    forward.expect_headers()
    with _as_tar_errors():
        member = archive.next()
    archive.members = []
    if (
        len(archive.pax_headers) > _MOST_GLOBAL_HEADERS
        or sum(map(len, archive.pax_headers.values())) > LARGEST_HEADERS
    ):
        raise TooLargeError("too many headers that hold for all members: no course export has them.")
    return member


@contextmanager
def _as_tar_errors() -> Iterator[None]:
    """Raise what `tarfile` stumbles over in a header as one of its own errors."""
    try:
        yield
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise tarfile.ReadError("a broken header") from error
