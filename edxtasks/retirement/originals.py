"""The office's own deliveries: looked into, and rewritten without retired learners where that is asked for.

A file is rewritten beside its place and renamed over it, compressed as it was. Members of archives that are
about nobody stay byte for byte.
"""

from __future__ import annotations

import bz2
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import zstandard
from isal import igzip

from edxtasks.compression import BROKEN, ByteSink, GzipWriter
from edxtasks.dumps.file_pieces import is_encrypted
from edxtasks.retired import Retired
from edxtasks.retirement.contents import Taken, UnreadableError, cleaner_of, lines_of
from edxtasks.scratch import Scratch, beside

_PIECE = 1 << 20
_MOST_LEVELS = 5
"""Archives within archives, at most."""

_GZIP_LEVEL = 6
_ZIP, _TAR = b"PK\x03\x04", b"ustar"
_TAR_BLOCK = 512
_MOST_WITHOUT_ZIP64 = 1 << 31
_MEDIA = (
    *(".jpg", ".jpeg", ".png", ".gif", ".ico", ".webp", ".pdf", ".swf"),
    *(".mp3", ".mp4", ".m4v", ".mov", ".webm", ".woff", ".woff2", ".ttf", ".otf", ".eot"),
)
"""Ends of names of files in which words cannot be looked for."""

_BROKEN = (*BROKEN, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, ValueError)
_FOREIGN = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar", b"\x04\x22\x4d\x18": "lz4"}


def clean_original(path: Path, retired: Retired, scratch: Scratch, *, is_log: bool, remove: bool) -> Taken:
    """What of a file is about retired learners; with `remove` the file is rewritten without it.

    Raises `UnreadableError` where it cannot be looked into, or only in part, or not be rewritten: it stays as
    it is then.
    """
    path = path.resolve()
    with scratch.folder() as folder:
        work = _Work(retired, folder, is_log)
        try:
            taken = Taken()
            work.clean(path, path.name, None, taken, 0)
            if taken and remove:
                links = path.stat().st_nlink
                with beside(path) as target:
                    work.clean(path, path.name, target, Taken(), 0)
                    shutil.copymode(path, target)  # who may read it
                    target.replace(path)
                if links > 1:
                    raise UnreadableError(
                        "rewritten, but another name of the file (a hard link) has the old one"
                    )
        except OSError as error:
            raise UnreadableError(error.strerror or type(error).__name__) from None
    return taken


@dataclass
class _Work:
    """The work at one file. `folder` is for what is unpacked. A target None: it only looks."""

    retired: Retired
    folder: Path
    is_log: bool
    number: int = 0

    def clean(self, source: Path, name: str, target: Path | None, taken: Taken, level: int) -> None:
        """Write into `target` what is kept of `source`, in the same form. Raises `UnreadableError`."""
        if level > _MOST_LEVELS:
            raise UnreadableError("archives within archives")
        with source.open("rb") as file:
            begin = file.read(512)
        for magic, kind in _FOREIGN.items():
            if begin.startswith(magic):
                raise UnreadableError(f"packed with {kind}")
        if is_encrypted(begin[:16]) or name.endswith((".gpg", ".pgp", ".asc")):
            raise UnreadableError("encrypted")
        try:
            if begin[:4] == _ZIP:
                self._zip(source, target, taken, level)
            elif begin[257:262] == _TAR:
                self._tar(source, target, taken, level)
            elif (form := _form_of(begin)) is not None:
                self._compressed(source, name, target, taken, level, form)
            else:
                with source.open("rb") as plain, _sink(target) as sink:
                    self._leaf(plain, name, sink, taken)
        except _BROKEN as error:
            raise UnreadableError(f"broken ({type(error).__name__})") from None

    def _leaf(self, source: IO[bytes], name: str, sink: ByteSink, taken: Taken) -> None:
        pieces = iter(lambda: source.read(_PIECE), b"")
        if name.lower().endswith(_MEDIA):
            for piece in pieces:
                sink.write(piece)
            return
        edge = "-edge-" in name
        clean = cleaner_of(name, self.retired.of_site(edge), taken, self.is_log)
        for kept in clean(lines_of(pieces)):
            sink.write(kept)

    def _compressed(
        self, source: Path, name: str, target: Path | None, taken: Taken, level: int, form: _Form
    ) -> None:
        inner = name.removesuffix(form.ending)
        with form.opened(source) as content:
            begin = content.read(512)
        if _form_of(begin) is None and begin[:4] != _ZIP and begin[257:262] != _TAR:
            with form.opened(source) as content, _sink(target, form) as sink:
                self._leaf(content, inner, sink, taken)
            return
        unpacked = self._scratch()
        with form.opened(source) as content, unpacked.open("wb") as file:
            shutil.copyfileobj(content, file, _PIECE)
        cleaned = self._scratch() if target is not None else None
        self.clean(unpacked, inner, cleaned, taken, level + 1)
        unpacked.unlink()
        if cleaned is not None:
            with cleaned.open("rb") as content, _sink(target, form) as sink:
                while piece := content.read(_PIECE):
                    sink.write(piece)
            cleaned.unlink()

    def _member(self, content: IO[bytes], name: str, taken: Taken, level: int, write: bool) -> Path | None:
        """What is kept of a member of an archive, as a file to be read; None where nothing of it changes."""
        unpacked = self._scratch()
        with unpacked.open("wb") as file:
            shutil.copyfileobj(content, file, _PIECE)
        changed = Taken()
        cleaned = self._scratch() if write else None
        self.clean(unpacked, Path(name).name, cleaned, changed, level + 1)
        unpacked.unlink()
        taken.lines += changed.lines
        taken.mentions += changed.mentions
        if cleaned is not None and not changed:
            cleaned.unlink()
        return cleaned if changed else None

    def _zip(self, source: Path, target: Path | None, taken: Taken, level: int) -> None:
        with ExitStack() as stack:
            old = stack.enter_context(zipfile.ZipFile(source))
            new = stack.enter_context(zipfile.ZipFile(target, "w")) if target is not None else None
            if new is not None:
                new.comment = old.comment
            for member in old.infolist():
                if member.flag_bits & 1:
                    raise UnreadableError("a zip with an encrypted member")
                with old.open(member) as content:
                    kept = self._member(content, member.filename, taken, level, new is not None)
                if new is None:
                    continue
                big = member.file_size > _MOST_WITHOUT_ZIP64
                with (
                    kept.open("rb") if kept is not None else old.open(member) as content,
                    new.open(_same(member), "w", force_zip64=big) as sink,
                ):
                    shutil.copyfileobj(content, sink, _PIECE)
                if kept is not None:
                    kept.unlink()

    def _tar(self, source: Path, target: Path | None, taken: Taken, level: int) -> None:
        with tarfile.open(source, "r:") as old, source.open("rb") as raw, _sink(target) as new:
            end = 0
            while (member := old.next()) is not None:
                kept = None
                if member.issparse():
                    raise UnreadableError("a tar with a sparse member")
                if member.isreg():
                    content = old.extractfile(member)
                    assert content is not None
                    kept = self._member(content, member.name, taken, level, target is not None)
                size = member.size if member.isreg() else 0
                begin, end = end, member.offset_data + -(-size // _TAR_BLOCK) * _TAR_BLOCK
                if kept is not None:
                    new.write(_header(member, kept.stat().st_size))
                    with kept.open("rb") as file:
                        _copy(file, new, member.size)
                    new.write(b"\0" * (-member.size % _TAR_BLOCK))
                    kept.unlink()
                elif target is not None:
                    raw.seek(begin)
                    _copy(raw, new, end - begin)
            if target is not None:
                raw.seek(end)
                _copy(raw, new, source.stat().st_size - end)  # the blocks that end it

    def _scratch(self) -> Path:
        self.number += 1
        return self.folder / str(self.number)


def _header(member: tarfile.TarInfo, size: int) -> bytes:
    """The header of a member of a tar that has another size now."""
    member.size = size
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key != "size"}
    return member.tobuf(tarfile.PAX_FORMAT if member.pax_headers else tarfile.GNU_FORMAT)


class _Nothing:
    """Takes bytes that nobody wants."""

    def write(self, data: bytes, /) -> object:
        """Drop `data`."""
        return None


@contextmanager
def _sink(target: Path | None, form: _Form | None = None) -> Iterator[ByteSink]:
    """What takes the content of a file, compressed in a form."""
    if target is None:
        yield _Nothing()
        return
    with target.open("wb") as file:
        if form is None:
            yield file
            return
        with form.writing(file) as sink:
            yield sink


def _copy(source: IO[bytes], sink: ByteSink, length: int) -> None:
    while length and (piece := source.read(min(_PIECE, length))):
        sink.write(piece)
        length -= len(piece)


def _same(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """What a zip tells of a member, for another zip."""
    copy = zipfile.ZipInfo(member.filename, member.date_time)
    copy.compress_type = member.compress_type
    copy.comment = member.comment
    copy.create_system = member.create_system
    copy.external_attr = member.external_attr
    copy.internal_attr = member.internal_attr
    return copy


# Compression


@dataclass(frozen=True)
class _Form:
    """A form of compression: how it is read and written, and the end of names that it gives."""

    ending: str
    reading: Callable[[IO[bytes]], IO[bytes]]
    writing: Callable[[IO[bytes]], IO[bytes] | GzipWriter]

    @contextmanager
    def opened(self, path: Path) -> Iterator[IO[bytes]]:
        """The content of a file."""
        with path.open("rb") as file, self.reading(file) as content:
            yield content


_FORMS = {
    b"\x1f\x8b": _Form(
        ".gz",
        lambda file: cast("IO[bytes]", igzip.open(file, "rb")),  # type: ignore[no-untyped-call]
        lambda file: GzipWriter(file, _GZIP_LEVEL),
    ),
    b"\x28\xb5\x2f\xfd": _Form(
        ".zst",
        lambda file: cast(
            "IO[bytes]", zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        ),
        lambda file: cast(
            "IO[bytes]", zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False)
        ),
    ),
    b"BZh": _Form(
        ".bz2",
        lambda file: cast("IO[bytes]", bz2.BZ2File(file, "rb")),
        lambda file: cast("IO[bytes]", bz2.BZ2File(file, "wb")),
    ),
    b"\xfd7zXZ\x00": _Form(
        ".xz",
        lambda file: cast("IO[bytes]", lzma.LZMAFile(file, "rb")),  # noqa: SIM115 -- the caller closes it
        lambda file: cast("IO[bytes]", lzma.LZMAFile(file, "wb")),  # noqa: SIM115
    ),
}


def _form_of(begin: bytes) -> _Form | None:
    return next((form for magic, form in _FORMS.items() if begin.startswith(magic)), None)
