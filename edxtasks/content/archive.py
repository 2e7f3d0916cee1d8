"""The course export: which file it is, and its text files read into memory.

edX delivers the content of a course run as a tar archive in OLX ("Open Learning XML"), nearly all of which
is `static/` (images, subtitles, PDFs). Only descriptors, HTML and policies are needed: they are taken out
of the stream in one pass, and nothing is ever written to disk.
"""

from __future__ import annotations

import gzip
import posixpath
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Self, cast

from isal import igzip, isal_zlib

from edxtasks.content.findings import ARCHIVE, Findings
from edxtasks.errors import InputError

TARBALL_NAMES = (
    "course.xml.tar.gz",
    "course-prod-analytics.xml.tar.gz",
    "course-prod-edge-analytics.xml.tar.gz",
    "course-prod-edx-replica.xml.tar.gz",
    "course.tar.gz",
)
"""Names of the course export, best first: what is left of `ORG-NUMBER-RUN-course-….xml.tar.gz` of the weekly
package, and the name under which Studio hands out an export."""

LARGEST_MEMBER = 64 << 20
LARGEST_TOTAL = 1 << 30
MOST_MEMBERS = 2_000_000

CourseFiles = Mapping[str, bytes]
"""The text files of a course export: content by path below the course root, links replaced by what they
point to."""

_SKIPPED = frozenset({"static", "drafts"})
_SUFFIXES = (".xml", ".html", ".json")
_OLX_FOLDERS = frozenset({"chapter", "html", "problem", "problems", "sequential", "vertical", "video"})
_MOST_HOPS = 40
_PIECE = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_ERRORS = (gzip.BadGzipFile, cast("type[Exception]", isal_zlib.error))


def find_tarball(directory: Path) -> Path | None:
    """The course export in a dated directory, or None when there is none.

    The first that exists of `TARBALL_NAMES`; else the only file whose name matches `*course*.tar.gz`.
    Raises `InputError` when several match.
    """
    for name in TARBALL_NAMES:
        if (directory / name).is_file():
            return directory / name
    others = sorted(
        path
        for path in directory.glob("*course*.tar.gz")
        if path.is_file() and not path.name.startswith("._")
    )
    if len(others) > 1:
        names = ", ".join(path.name for path in others)
        raise InputError(
            f"{directory}: which of {names} is the course export? Name it {TARBALL_NAMES[0]}, or remove "
            "the others."
        )
    return others[0] if others else None


def content_member(parts: tuple[str, ...]) -> bool:
    """Whether an archive member (its path in parts) can belong to the course content.

    Policies and the grading policy, descriptors and HTML do; `static/` and `drafts/` (units that are not
    published) of the course root do not, nor the `._` files that macOS adds.
    """
    name = parts[-1]
    if not name.endswith(_SUFFIXES) or name.startswith("._"):
        return False
    if parts[0] in _SKIPPED or (len(parts) > 1 and parts[1] in _SKIPPED and parts[0] not in _OLX_FOLDERS):
        return False
    return not name.endswith(".json") or "policies" in parts[:-1] or name == "grading_policy.json"


def policy_member(parts: tuple[str, ...]) -> bool:
    """Whether an archive member tells the runs of a course and their policies."""
    return content_member(parts) and (
        "policies" in parts[:-1]
        or "roots" in parts[:-1]
        or parts[-1] in {"course.xml", "grading_policy.json"}
    )


def read_archive(
    path: Path, findings: Findings, wanted: Callable[[tuple[str, ...]], bool] = content_member
) -> CourseFiles:
    """The files of a course export that are `wanted`, by path below the course root.

    The archive is a tar file, compressed with gzip or plain. The course root is the shallowest directory that
    holds `course.xml` or `roots/*.xml`, of several the first by name. Members with an absolute path or
    `..`, and links that leave the archive, are left out and told to `findings`; links that stay inside are
    followed. Raises `InputError` naming the archive when it is cut off, corrupt, too large, or holds no
    course.
    """
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            stream = igzip.open(raw, "rb") if compressed else raw  # type: ignore[no-untyped-call]
            _read_members(path, stream, compressed, wanted, files, links, findings)
    except EOFError as error:
        raise InputError(f"{path} is cut off: its gzip stream has no end. Fetch it again.") from error
    except (*_GZIP_ERRORS, tarfile.TarError) as error:
        raise InputError(
            f"{path} is no whole tar archive, with gzip or plain ({error}). Fetch it again."
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    _follow(path, files, links, findings)
    root = _course_root(files)
    if root is None:
        raise InputError(
            f"{path} holds no course: there is no course.xml in it, and no roots/ with an XML file."
        )
    below = {name[len(root) :]: content for name, content in files.items() if name.startswith(root)}
    return {
        name: content for name, content in sorted(below.items()) if name.partition("/")[0] not in _SKIPPED
    }


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
            cast("_Archive", tarfile_).has_end_mark = kind == "EOFHeaderError"
            raise


class _Archive(tarfile.TarFile):
    tarinfo = _Member
    has_end_mark = False
    members: list[tarfile.TarInfo]  # emptied on the way: with static/ it would grow large


def _read_members(
    path: Path,
    stream: IO[bytes],
    compressed: bool,
    wanted: Callable[[tuple[str, ...]], bool],
    files: dict[str, bytes],
    links: dict[str, str],
    findings: Findings,
) -> None:
    total = 0
    count = 0
    with _Archive.open(
        fileobj=stream, mode="r|", bufsize=_PIECE, encoding="utf-8", errors="replace"
    ) as archive:
        while (member := archive.next()) is not None:
            count += 1
            if count > MOST_MEMBERS:
                raise InputError(f"{path} has more than {MOST_MEMBERS} members: too many for a course.")
            archive.members = []
            parts = _parts(member.name)
            if parts is None:
                findings.add(ARCHIVE, f'"{member.name}" points outside')
            elif not parts:
                continue
            elif member.issym() or member.islnk():
                _note_link(member, parts, links, findings)
            elif member.isreg() and wanted(parts):
                total += member.size
                if member.size > LARGEST_MEMBER or total > LARGEST_TOTAL:
                    raise InputError(
                        f"{path}: {'/'.join(parts)} makes it too large: at most {LARGEST_MEMBER >> 20} MiB a "
                        f"descriptor and {LARGEST_TOTAL >> 20} MiB in all are read."
                    )
                source = archive.extractfile(member)
                content = source.read() if source else b""
                if len(content) != member.size:
                    raise InputError(f"{path} is cut off inside {'/'.join(parts)}. Fetch it again.")
                files["/".join(parts)] = content
        if not compressed and not archive.has_end_mark:
            # Gzip tells by its checksum whether all came; a plain archive only by its end mark.
            raise InputError(f"{path} is cut off: the tar archive has no end mark. Fetch it again.")
    while stream.read(_PIECE):
        pass  # the checksum of gzip stands behind the end of the archive


def _parts(name: str) -> tuple[str, ...] | None:
    """The parts of a member's path, `.` left out; None when it points outside."""
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    return None if name.startswith("/") or ".." in parts else parts


def _note_link(
    member: tarfile.TarInfo, parts: tuple[str, ...], links: dict[str, str], findings: Findings
) -> None:
    base = "" if member.islnk() else "/".join(parts[:-1])
    target = posixpath.normpath(posixpath.join(base, member.linkname))
    if target.startswith(("/", "../")) or target == "..":
        findings.add(ARCHIVE, f'"{"/".join(parts)}", a link that leaves the archive')
    else:
        links["/".join(parts)] = target


def _follow(path: Path, files: dict[str, bytes], links: dict[str, str], findings: Findings) -> None:
    """Put the content that links point to in their place."""
    found: dict[str, bytes] = {}
    for link in links:
        target = _resolve(link, links)
        if target is None:
            findings.add(ARCHIVE, f'"{link}", a link that leads in circles')
        elif target in files:
            found[link] = files[target]
        else:
            below = target + "/" if target else ""
            found |= {
                f"{link}/{name[len(below) :]}": content
                for name, content in files.items()
                if name.startswith(below)
            }
        if len(found) > MOST_MEMBERS:
            raise InputError(f"{path} has links to more than {MOST_MEMBERS} files: too many for a course.")
    for name, content in found.items():
        files.setdefault(name, content)


def _resolve(link: str, links: Mapping[str, str]) -> str | None:
    """The path that `link` leads to when every link on the way is followed; None when that has no end."""
    done: list[str] = []
    waiting = link.split("/")[::-1]
    hops = 0
    while waiting:
        done.append(waiting.pop())
        target = links.get("/".join(done))
        if target is not None:
            hops += 1
            if hops > _MOST_HOPS:
                return None
            done = []
            waiting += [part for part in target.split("/") if part != "."][::-1]
    return "/".join(done)


def _course_root(names: Iterable[str]) -> str | None:
    """The course root as a prefix of names: "" or a path that ends in "/". None when there is no course."""
    roots = set()
    for name in names:
        parts = name.split("/")
        if parts[-1] == "course.xml":
            roots.add(tuple(parts[:-1]))
        elif len(parts) > 1 and parts[-2] == "roots" and parts[-1].endswith(".xml"):
            roots.add(tuple(parts[:-2]))
    if not roots:
        return None
    root = min(roots, key=lambda parts: (len(parts), parts))
    return "".join(part + "/" for part in root)
