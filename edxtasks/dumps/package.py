"""What lies in a weekly package of edX: which file is what, of which course and site, and where it goes.

The package is a flat folder `ORG-YYYY-MM-DD` of files for all courses of an organization on two sites,
edx.org (`prod`) and edge.edx.org (`edge`), named `ORG-NUMBER-RUN-TABLE-SITE-analytics.sql` and the like
(docs/sql-dumps.md, "The package").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.errors import InputError, UserError

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

TABLE, COMPRESS, COPY = "table", "compress", "copy"
"""What is done to a file: made a CSV, compressed, or copied."""

EDGE, UNKNOWN = "EDGE", "UNKNOWN"
"""Folders of the courses of the edge site, and of those that nobody named."""

_DATED = re.compile(r".*-([0-9]{4}-[0-9]{2}-[0-9]{2})", re.DOTALL)
_TABLE_NAME = re.compile(r"[a-z0-9_]+")
_SITES = ("prod-edge", "prod", "edge")  # the longest spelling first: it ends like a shorter one
_IGNORED = (".gpg", ".csv", ".xml")
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


@dataclass(frozen=True)
class Package:
    """A package, its files sorted by where they go: to a known course, or, under None, to the rest."""

    folder: Path
    base: Path
    files: Mapping[CourseKey | None, Sequence[PackageFile]] = field(default_factory=dict)
    failed: Mapping[CourseKey | None, Sequence[FailedExport]] = field(default_factory=dict)
    doubles: Sequence[str] = ()
    not_understood: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Name of the folder, `ORG-YYYY-MM-DD`."""
        return self.folder.name


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

    Only the folder itself is read, no subfolder. Raises `InputError` when `dump_dir` is no folder whose name
    ends in a date, `UserError` when a file could belong to two of the `known` courses.
    """
    folder = dump_dir.resolve()
    dated = _DATED.fullmatch(folder.name)
    if dated is None or not _is_date(dated[1]):
        raise InputError(
            f"{dump_dir} is no package folder: expected a name that ends in a date, such as mitx-2021-03-14"
        )
    if not folder.is_dir():
        raise InputError(f"{dump_dir} does not exist or is no folder; set dump_dir to the decrypted package")
    courses = _by_part(known)
    found: dict[Path, tuple[tuple[bool, bool, str], PackageFile]] = {}
    failed: dict[CourseKey | None, list[FailedExport]] = {}
    doubles: list[str] = []
    not_understood: list[str] = []
    for path in sorted(entry for entry in folder.iterdir() if entry.is_file()):
        if path.name.endswith(_IGNORED):
            continue
        name = _parse(path.name.removesuffix(_FAILED))
        if name is None:
            not_understood.append(path.name)
            continue
        course = None if name.edge else _course_of(name.course_part, courses, path.name)
        if path.name.endswith(_FAILED):
            export = FailedExport(path.name, name.content, name.course_part, course)
            failed.setdefault(course, []).append(export)
            continue
        place = (
            base / course.package_prefix
            if course
            else base / (EDGE if name.edge else UNKNOWN) / name.course_part
        )
        target = place / dated[1] / name.target
        file = PackageFile(path, name.content, name.treatment, name.course_part, course, target)
        # Two spellings of one source: the newer one, which names the site, counts; then the plain file.
        rank = (not name.spelt_site, path.name.endswith(".gz"), path.name)
        other = found.get(target)
        if other is None or rank < other[0]:
            found[target] = (rank, file)
        if other is not None:
            doubles.append(max((rank, file), other, key=lambda pair: pair[0])[1].source.name)
    files: dict[CourseKey | None, list[PackageFile]] = {}
    for _, file in found.values():
        files.setdefault(file.course, []).append(file)
    return Package(folder, base, files, failed, tuple(doubles), tuple(not_understood))


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
            f"{name} may belong to {' or to '.join(map(str, found))}: files of the package name them alike. "
            "Sort them in separate runs, with one of them chosen."
        )
    return found[0] if found else None
