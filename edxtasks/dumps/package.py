"""What lies in a weekly package of edX: which file is what, of which course and site, and where it goes.

The package is a flat folder `ORG-YYYY-MM-DD` of files for all courses of an organization on two sites,
edx.org (`prod`) and edge.edx.org (`edge`), named `ORG-NUMBER-RUN-TABLE-SITE-analytics.sql` and the like
(docs/sql-dumps.md, "The package").
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.errors import InputError, UserError
from edxtasks.printable import listed, printable, printable_path, quantity

SHORT_NAMES: Mapping[str, str] = {
    "auth_user": "users",
    "auth_userprofile": "profiles",
    "student_courseenrollment": "enrollment",
    "certificates_generatedcertificate": "certificates",
    "courseware_studentmodule": "studentmodule",
    "student_courseaccessrole": "rolecourse",
    "django_comment_client_role_users": "roleforum",
}
"""Names of the sorted files of tables whose own names are not kept."""

DUMP_FILES = (
    *(f"{name}.csv" for name in SHORT_NAMES.values()),
    "user_id_map.csv",
    "forum.mongo",
    "course.xml.tar.gz",
    "grades_persistentcoursegrade.csv",
    "grades_persistentsubsectiongrade.csv",
    "user_api_usercoursetag.csv",
    "course_structure.json",
)
"""The sorted files that a table is made from, without what compression adds; all others are sorted too."""

TABLE, COMPRESS, COPY = "table", "compress", "copy"
"""What is done to a file: made a CSV, compressed, or copied."""

EDGE, UNKNOWN = "EDGE", "UNKNOWN"
"""Folders of the courses of the edge site, and of those that nobody named."""

_DATED = re.compile(r".*-([0-9]{4}-[0-9]{2}-[0-9]{2})", re.DOTALL)
_TABLE_NAME = re.compile(r"[a-z0-9_]+")
_SITES = ("prod-edge", "prod", "edge")  # the longest spelling first: it ends like a shorter one
_ENCRYPTED = ".gpg"
_IGNORED = (".csv", ".xml")
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z")
_FAILED = ".failed"


@dataclass(frozen=True)
class PackageFile:
    """A file of the package: what it holds, and where it goes.

    `course_part` is what its name says of the course, `course` the known course whose directory it goes to;
    None for the edge site and for unknown courses.
    """

    source: Path
    content: str
    treatment: str
    course_part: str
    course: CourseKey | None
    target: Path


@dataclass(frozen=True)
class FailedExport:
    """A file whose export failed at edX: it holds a traceback instead of data."""

    name: str
    content: str
    course_part: str
    course: CourseKey | None


class PackageGoneError(InputError):
    """There is no such folder (any more)."""


@dataclass(frozen=True)
class Package:
    """A package, its files sorted by where they go: to a known course, or, under None, to the rest.

    `encrypted` are names of files that would have a place if they were decrypted. `withheld` are the sorted
    files that do not come of the package although it names them, by course, each with the reason.
    `leading_out` are links that lead to no file of the folder: they are not followed.
    """

    folder: Path
    base: Path
    files: Mapping[CourseKey | None, Sequence[PackageFile]] = field(default_factory=dict)
    failed: Mapping[CourseKey | None, Sequence[FailedExport]] = field(default_factory=dict)
    encrypted: Mapping[CourseKey | None, Sequence[str]] = field(default_factory=dict)
    withheld: Mapping[CourseKey | None, Mapping[str, str]] = field(default_factory=dict)
    leading_out: Sequence[str] = ()
    doubles: Sequence[str] = ()
    not_understood: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Name of the folder, `ORG-YYYY-MM-DD`."""
        return self.folder.name

    @property
    def date(self) -> str:
        """Date of the dump, `YYYY-MM-DD`: the end of its name."""
        return self.folder.name[-len("YYYY-MM-DD") :]


@dataclass(frozen=True)
class _Name:
    """What a file name says."""

    course_part: str
    content: str
    treatment: str
    target: str
    edge: bool
    spelt_site: bool


def plan_package(dump_dir: Path, known: Sequence[CourseKey], base: Path) -> Package:
    """The files of the package in `dump_dir`, each with its place under `base`.

    Only the folder itself is read, no subfolder; links are followed to files inside it alone. Raises
    `InputError` when `dump_dir` is not a folder whose name ends in a date (`PackageGoneError`: not there), or
    nothing in it can be sorted; `UserError` when a file could belong to two of the `known` courses.
    """
    folder = _package_folder(dump_dir)
    courses = _by_part(known)
    spellings: dict[Path, list[tuple[tuple[bool, bool, str], PackageFile]]] = {}
    failed: dict[CourseKey | None, list[FailedExport]] = {}
    encrypted: dict[CourseKey | None, list[str]] = {}
    withheld: dict[CourseKey | None, dict[str, str]] = {}
    not_understood: list[str] = []
    entries = sorted(folder.iterdir())
    leading_out = [path.name for path in entries if path.is_symlink() and not _leads_inside(path, folder)]
    for path in entries:
        if path.name in leading_out or not path.is_file() or path.name.endswith(_IGNORED):
            continue
        is_encrypted = path.name.endswith(_ENCRYPTED)
        name = _parse(path.name.removesuffix(_ENCRYPTED).removesuffix(_FAILED))
        if name is None:
            if not is_encrypted:  # the list of addresses of the organization, say, which nobody sorts
                not_understood.append(path.name)
            continue
        course = None if name.edge else _course_of(name.course_part, courses, path.name)
        if is_encrypted:
            encrypted.setdefault(course, []).append(path.name)
            withheld.setdefault(course, {})[name.target] = "is encrypted"
            continue
        if path.name.endswith(_FAILED):
            withheld.setdefault(course, {})[name.target] = "could not be exported by edX"
            export = FailedExport(path.name, name.content, name.course_part, course)
            failed.setdefault(course, []).append(export)
            continue
        target = _folder_of(name, course, base) / folder.name[-len("YYYY-MM-DD") :] / name.target
        file = PackageFile(path, name.content, name.treatment, name.course_part, course, target)
        rank = (not name.spelt_site, path.name.endswith(".gz"), path.name)
        spellings.setdefault(target, []).append((rank, file))
    files: dict[CourseKey | None, list[PackageFile]] = {}
    doubles: list[str] = []
    for rivals in spellings.values():
        # Two spellings of one source: the newer one, which names the site, counts; then the plain file.
        (_, file), *others = sorted(rivals, key=lambda pair: pair[0])
        files.setdefault(file.course, []).append(file)
        doubles += [other.source.name for _, other in others]
    if not files:
        raise InputError(_why_nothing(folder, sum(map(len, failed.values()))))
    return Package(
        folder,
        base,
        files,
        failed,
        encrypted,
        withheld,
        leading_out=tuple(leading_out),
        doubles=tuple(doubles),
        not_understood=tuple(not_understood),
    )


def _folder_of(name: _Name, course: CourseKey | None, base: Path) -> Path:
    """The folder that the dumps of a course go to."""
    if course is not None:
        return base / course.package_prefix
    return base / (EDGE if name.edge else UNKNOWN) / name.course_part


def _package_folder(dump_dir: Path) -> Path:
    """The folder of the package, links in its own path resolved. Raises `InputError` as `plan_package`."""
    folder = dump_dir.resolve()
    where = printable_path(dump_dir)
    if folder.is_file():
        raise InputError(
            f"{where} is a file: dump_dir is the folder that comes of the package when it is unpacked and "
            "decrypted"
        )
    if not _has_date(folder.name):
        inner = _inner_packages(folder)
        hint = f". Set dump_dir to a package in it: {listed(inner)}" if inner else ""
        raise InputError(
            f"{where} is not a package folder: expected a name that ends in a date, such as "
            f"mitx-2021-03-14{hint}"
        )
    if not folder.is_dir():
        raise PackageGoneError(f"{where} does not exist; set dump_dir to the decrypted package")
    return folder


def _has_date(name: str) -> bool:
    dated = _DATED.fullmatch(name)
    return dated is not None and _is_date(dated[1])


def _leads_inside(link: Path, folder: Path) -> bool:
    """Whether a link leads to a file inside `folder`."""
    end = Path(os.path.realpath(link))
    return end.is_relative_to(folder) and end.is_file()


def _inner_packages(folder: Path) -> list[str]:
    """Names of subfolders that look like packages."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if _has_date(entry.name) and entry.is_dir())


def _why_nothing(folder: Path, failed: int) -> str:
    """Why nothing of a package can be sorted, and what to do."""
    where = printable_path(folder)
    names = sorted(entry.name for entry in folder.iterdir())
    deeper = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and _holds_package_files(entry)]
    archives = [name for name in names if name.endswith(_ARCHIVES)]
    encrypted = sum(name.endswith(_ENCRYPTED) for name in names)
    if deeper:
        names = [one.name for one in deeper]
        cure = f"its files lie one folder deeper, in {listed(names)}: set dump_dir to it, or move them up"
    elif encrypted:
        cure = (
            f"{quantity(encrypted, 'file is', 'files are')} encrypted ({_ENCRYPTED}): decrypt "
            "them first, for example with gpg"
        )
    elif archives:
        cure = f"it holds an archive: unpack {listed(archives)} first"
    elif failed:
        cure = f"the export of all {quantity(failed, 'file')} failed at edX"
    else:
        cure = (
            f"none of its {quantity(len(names), 'entry', 'entries')} is named as the files of a package are, "
            "ORG-NUMBER-RUN-TABLE-prod-analytics.sql and the like"
        )
    return f"nothing of the package {where} can be sorted: {cure}"


def _holds_package_files(folder: Path) -> bool:
    return any(
        _parse(entry.name.removesuffix(_ENCRYPTED)) is not None
        for entry in folder.iterdir()
        if entry.is_file()
    )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parse(name: str) -> _Name | None:
    """What a file name says, read from its end; None when it is none of the package's forms."""
    if name.endswith((".sql", ".sql.gz")):
        stem, site = _split_site(name.removesuffix(".gz").removesuffix(".sql").removesuffix("-analytics"))
        course_part, dash, table = stem.rpartition("-")
        if not dash or not _TABLE_NAME.fullmatch(table):
            return None
        found = _Name(course_part, table, TABLE, f"{SHORT_NAMES.get(table, table)}.csv.gz", *_edge(site))
    elif name.endswith(".mongo"):
        course_part, site = _split_site(name.removesuffix(".mongo"))
        found = _Name(course_part, "forum", COMPRESS, "forum.mongo.gz", *_edge(site))
    else:
        for content, ending, treatment, made in (
            ("course_structure", "-analytics.json", COMPRESS, ".json.gz"),
            ("course", "-analytics.xml.tar.gz", COPY, ".xml.tar.gz"),
        ):
            stem, site = _split_site(name.removesuffix(ending))
            if name.endswith(ending) and site and stem.endswith(f"-{content}"):
                course_part = stem.removesuffix(f"-{content}")
                target = f"{content}-{site}-analytics{made}"
                found = _Name(course_part, content, treatment, target, *_edge(site))
                break
        else:
            return None
    return found if _is_folder_name(found.course_part) else None


def _split_site(stem: str) -> tuple[str, str]:
    """`stem` without the site at its end, and the site as it is spelt there, or nothing."""
    for site in _SITES:
        if stem.endswith(f"-{site}"):
            return stem.removesuffix(f"-{site}"), site
    return stem, ""


def _edge(site: str) -> tuple[bool, bool]:
    return "edge" in site, bool(site)


def _is_folder_name(part: str) -> bool:
    """Whether a course part can be the name of a folder, and of that folder alone."""
    return (
        bool(part) and not part.startswith(".") and part.isprintable() and not set(part) & set('/\\:*?"<>|')
    )


def _by_part(known: Iterable[CourseKey]) -> dict[str, list[CourseKey]]:
    """Courses by how files of the package name them."""
    found: dict[str, list[CourseKey]] = {}
    for course in dict.fromkeys(known):
        found.setdefault(_ascii(course.package_prefix), []).append(course)
    return found


def _ascii(part: str) -> str:
    """`part` as file names of the package have it: characters beyond ASCII are `_`."""
    return re.sub(r"[^\x00-\x7f]", "_", part)


def _course_of(part: str, courses: Mapping[str, Sequence[CourseKey]], name: str) -> CourseKey | None:
    """The known course whose name is exactly `part`."""
    found = courses.get(_ascii(part), ())
    if len(found) > 1:
        raise UserError(
            f"{printable(name)} may belong to {' or to '.join(map(str, found))}: files of the package name "
            "them alike. Sort them in separate runs, with one of them chosen."
        )
    return found[0] if found else None


def is_edge(target: Path, base: Path) -> bool:
    """Whether a sorted file is of the edge site, which has user numbers of its own."""
    return target.is_relative_to(base / EDGE)
