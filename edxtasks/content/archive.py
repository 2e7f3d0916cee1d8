"""The course export: which file it is, and its text files read into memory.

edX delivers the content of a course run as a tar archive in OLX ("Open Learning XML"), nearly all of which
is `static/` (images, subtitles, PDFs). Only descriptors, HTML and policies are needed: they are taken out
of the stream in one pass, and nothing is ever written to disk.
"""

from __future__ import annotations

import posixpath
import tarfile
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from edxtasks.compression import BROKEN, opened
from edxtasks.content.bounded_tar import (
    LARGEST_MEMBER,
    PIECE,
    Archive,
    ForwardStream,
    TooLargeError,
    next_member,
    open_archive,
)
from edxtasks.content.findings import ARCHIVE, Findings
from edxtasks.errors import InputError
from edxtasks.printable import listed, number, printable, printable_path

TARBALL_NAMES = (
    "course.xml.tar.gz",
    "course-prod-analytics.xml.tar.gz",
    "course-prod-edge-analytics.xml.tar.gz",
    "course-prod-edx-replica.xml.tar.gz",
    "course.tar.gz",
)
"""Names of the course export, best first: what is left of `ORG-NUMBER-RUN-course-….xml.tar.gz` of the weekly
package, and the name under which Studio hands out an export."""

LARGEST_JSON = 8 << 20
"""Most bytes of a policy: what is read of it takes many times as much memory."""

LARGEST_TOTAL = 1 << 30
LARGEST_JSON_TOTAL = 32 << 20
MOST_MEMBERS = 2_000_000
MOST_LINKS = 10_000
LONGEST_PATH = 4096
DEEPEST_PATH = 100

CourseFiles = Mapping[str, bytes]
"""The text files of a course export: content by path below the course root, links replaced by what they
point to."""

_SKIPPED = frozenset({"static", "drafts"})
_SUFFIXES = (".xml", ".html", ".json")
_OLX_FOLDERS = frozenset({"chapter", "html", "problem", "problems", "sequential", "vertical", "video"})
_MOST_HOPS = 40
_GZIP_MAGIC = b"\x1f\x8b"


def find_tarball(directory: Path) -> Path | None:
    """The course export in a dated directory, or None when there is none.

    The first that exists of `TARBALL_NAMES`; else the only file whose name matches `*course*.tar.gz`.
    Raises `InputError` when several match, `OSError` when the directory cannot be read.
    """
    for name in TARBALL_NAMES:
        if (directory / name).is_file():
            return directory / name
    others = sorted(
        path
        for path in directory.iterdir()  # unlike glob, it does not take an unreadable folder for an empty one
        if fnmatchcase(path.name, "*course*.tar.gz") and path.is_file() and not path.name.startswith("._")
    )
    if len(others) > 1:
        raise InputError(
            f"{printable_path(directory)}: which of {listed([path.name for path in others])} is the course "
            f"export? Name it {TARBALL_NAMES[0]}, or remove the others."
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
    path: Path,
    findings: Findings,
    wanted: Callable[[tuple[str, ...]], bool] = content_member,
    skipped: frozenset[str] = _SKIPPED,
) -> CourseFiles:
    """The files of a course export that are `wanted`, by path below the course root; nothing of the folders
    `skipped` of the root.

    The archive is a tar file, compressed with gzip or plain. The course root is the shallowest directory that
    holds `course.xml` or `roots/*.xml`, of several the first by name. Members with an absolute path or
    `..`, and links that leave the archive, are left out and told to `findings`; links that stay inside are
    followed. Raises `InputError` naming the archive when it is cut off, corrupt, too large, or holds no
    course.
    """
    found = _Found()
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == _GZIP_MAGIC
        with opened(path, ".gz" if compressed else "") as stream:
            _read_members(stream, compressed, wanted, found, findings)
    except TooLargeError as error:
        raise InputError(f"{printable_path(path)}: {error}") from error
    except EOFError as error:
        raise InputError(
            f"{printable_path(path)} is cut off: its gzip stream has no end. Fetch it again."
        ) from error
    except (*BROKEN, tarfile.TarError) as error:
        raise InputError(
            f"{printable_path(path)} is not a complete tar archive, with gzip or plain ({printable(error)}). "
            "Fetch it again."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{printable_path(path)} cannot be read: {reason}.") from error
    _follow(path, found, findings)
    files = found.files
    root = _course_root(files)
    if root is None:
        raise InputError(
            f"{printable_path(path)} holds no course: there is no course.xml in it, and no roots/ with an "
            "XML file."
        )
    below = {name[len(root) :]: content for name, content in files.items() if name.startswith(root)}
    return {name: content for name, content in sorted(below.items()) if name.partition("/")[0] not in skipped}


@dataclass
class _Found:
    """What was read of an archive: files and links by path, and how much that is."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    volume: int = 0
    json: int = 0

    def reserve(self, name: str, size: int) -> None:
        """Count a file in before it is read. Raises `TooLargeError` where it would be too much."""
        is_json = name.endswith(".json")
        self.volume += size + len(name)
        self.json += size if is_json else 0
        largest, total = (LARGEST_JSON, LARGEST_JSON_TOTAL) if is_json else (LARGEST_MEMBER, LARGEST_TOTAL)
        if size > largest or self.volume > LARGEST_TOTAL or self.json > LARGEST_JSON_TOTAL:
            kind = "policy" if is_json else "descriptor"
            raise TooLargeError(
                f"{printable(name)} makes it too large: at most {largest >> 20} MiB a {kind} and "
                f"{total >> 20} MiB in all are read."
            )

    def link(self, name: str, target: str) -> None:
        """Keep a link. Raises `TooLargeError` where there are too many."""
        self.links[name] = target
        if len(self.links) > MOST_LINKS:
            raise TooLargeError(f"more than {number(MOST_LINKS)} links: too many for a course.")


def _read_members(
    stream: IO[bytes],
    compressed: bool,
    wanted: Callable[[tuple[str, ...]], bool],
    found: _Found,
    findings: Findings,
) -> None:
    forward = ForwardStream(stream)
    count = 0
    with open_archive(forward) as archive:
        while (member := next_member(archive, forward)) is not None:
            count += 1
            if count > MOST_MEMBERS:
                raise TooLargeError(f"more than {number(MOST_MEMBERS)} members: too many for a course.")
            _take(archive, member, forward, wanted, found, findings)
        if not compressed and not archive.has_end_mark:
            # Gzip tells by its checksum whether all came; a plain archive only by its end mark.
            raise tarfile.ReadError("cut off: no end mark")
    while stream.read(PIECE):
        pass  # the checksum of gzip stands behind the end of the archive


def _take(
    archive: Archive,
    member: tarfile.TarInfo,
    forward: ForwardStream,
    wanted: Callable[[tuple[str, ...]], bool],
    found: _Found,
    findings: Findings,
) -> None:
    """Keep a member: a file that is wanted, or a link."""
    parts = _parts(member.name)
    if parts is None:
        findings.add(ARCHIVE, f'"{printable(member.name)}" points outside')
    elif len(member.name) > LONGEST_PATH or len(parts) > DEEPEST_PATH:
        findings.add(ARCHIVE, f'"{printable(member.name)}", a path too long')
    elif parts and (member.issym() or member.islnk()):
        _note_link(member, parts, found, findings)
    elif parts and member.isreg() and wanted(parts):
        name = "/".join(parts)
        found.reserve(name, member.size)
        forward.expect_content()
        source = archive.extractfile(member)
        content = source.read() if source else b""
        if len(content) != member.size:
            raise tarfile.ReadError(f"cut off inside {printable(name)}")
        found.files[name] = content


def _parts(name: str) -> tuple[str, ...] | None:
    """The parts of a member's path, `.` left out; None when it points outside."""
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    return None if name.startswith("/") or ".." in parts else parts


def _note_link(member: tarfile.TarInfo, parts: tuple[str, ...], found: _Found, findings: Findings) -> None:
    name = "/".join(parts)
    base = "" if member.islnk() else "/".join(parts[:-1])
    target = posixpath.normpath(posixpath.join(base, member.linkname[: LONGEST_PATH + 1]))
    if target.startswith(("/", "../")) or target == "..":
        findings.add(ARCHIVE, f'"{printable(name)}", a link that leaves the archive')
    elif len(target) > LONGEST_PATH or target.count("/") >= DEEPEST_PATH:
        findings.add(ARCHIVE, f'"{printable(name)}", a link to a path too long')
    else:
        found.link(name, "" if target == "." else target)


def _follow(path: Path, found: _Found, findings: Findings) -> None:
    """Put the content that links point to in their place."""
    files = found.files
    names = sorted(files)
    links = _LinkTree(found.links)
    made: dict[str, bytes] = {}
    for link in found.links:
        target = links.resolve(link)
        if target is None:
            findings.add(ARCHIVE, f'"{printable(link)}", a link that leads in circles')
        elif target in files:
            made[link] = files[target]
            found.volume += len(link)
        else:
            for name in _below(names, target):
                made[f"{link}{name[len(target) :]}" if target else f"{link}/{name}"] = files[name]
                found.volume += len(link) + len(name)
                if len(made) > MOST_MEMBERS or found.volume > LARGEST_TOTAL:
                    break
        if len(made) > MOST_MEMBERS or found.volume > LARGEST_TOTAL:
            raise InputError(
                f"{printable_path(path)} has links to more than {number(MOST_MEMBERS)} files, or to paths of "
                f"more than {LARGEST_TOTAL >> 20} MiB: too many for a course."
            )
    for name, content in made.items():
        files.setdefault(name, content)


def _below(names: Sequence[str], folder: str) -> Iterator[str]:
    """The names, which are sorted, of what lies below a folder; "" is the whole archive."""
    beginning = folder + "/" if folder else ""
    for place in range(bisect_left(names, beginning), len(names)):
        if not names[place].startswith(beginning):
            return
        yield names[place]


class _LinkTree:
    """Links by the parts of their paths: a path is followed in steps, one for each of its parts."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._root = _Node()
        for link, target in links.items():
            node = self._root
            for part in link.split("/"):
                node = node.below.setdefault(part, _Node())
            node.target = target

    def resolve(self, path: str) -> str | None:
        """Where `path` leads to when every link on the way is followed; None when that has no end."""
        done: list[str] = []
        waiting = path.split("/")[::-1]
        node: _Node | None = self._root
        hops = 0
        while waiting:
            done.append(waiting.pop())
            node = node.below.get(done[-1]) if node is not None else None
            if node is not None and node.target is not None:
                hops += 1
                if hops > _MOST_HOPS:
                    return None
                waiting += node.target.split("/")[::-1] if node.target else []
                done, node = [], self._root
        return "/".join(done)


@dataclass(slots=True)
class _Node:
    target: str | None = None
    below: dict[str, _Node] = field(default_factory=dict)


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
