"""The persons of a course: accounts, profiles, enrolments and certificates, merged by user id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from edxtasks.course import CourseKey, canonical
from edxtasks.dumps import documents, from_mongodb, grade_reports
from edxtasks.dumps.reader import COURSE_ID, FLOAT, INTEGER, STRING, TIMESTAMP, DeliveredTable, Field
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.printable import printable, printable_path, quantity

USERS = (
    Field("username"),
    Field("email"),
    Field("is_staff", INTEGER),
    Field("last_login", TIMESTAMP),
    Field("date_joined", TIMESTAMP),
)
PROFILES = tuple(
    Field(name, INTEGER if name in ("year_of_birth", "allow_certificate") else STRING, f"profile_{name}")
    for name in (
        "name",
        "language",
        "location",
        "meta",
        "courseware",
        "gender",
        "mailing_address",
        "year_of_birth",
        "level_of_education",
        "goals",
        "allow_certificate",
        "country",
        "city",
    )
)
ENROLLMENT = (
    Field("course_id", COURSE_ID, "enrollment_course_id"),
    Field("created", TIMESTAMP, "enrollment_created"),
    Field("is_active", INTEGER, "enrollment_is_active"),
    Field("mode", STRING, "enrollment_mode"),
)
CERTIFICATES = (
    Field("download_url", STRING, "certificate_download_url"),
    Field("grade", FLOAT, "certificate_grade"),
    Field("course_id", COURSE_ID, "certificate_course_id"),
    Field("key", STRING, "certificate_key"),
    Field("distinction", INTEGER, "certificate_distinction"),
    Field("status", STRING, "certificate_status"),
    Field("verify_uuid", STRING, "certificate_verify_uuid"),
    Field("download_uuid", STRING, "certificate_download_uuid"),
    Field("name", STRING, "certificate_name"),
    Field("created_date", TIMESTAMP, "certificate_created_date"),
    Field("modified_date", TIMESTAMP, "certificate_modified_date"),
    Field("error_reason", STRING, "certificate_error_reason"),
    Field("mode", STRING, "certificate_mode"),
)
GRADE_REPORT = f"{grade_reports.FOLDER}/grade_report"
"""Key of the grade report among the files of a course."""


@dataclass
class People:
    """The persons of a course, merged by user id.

    Each source keeps one fragment of JSON text a person, `"username":"x","email":…`, NULLs left out: a few
    million persons fit into memory that way, which they would not as Python values.
    """

    course: CourseKey
    accounts: dict[int, bytes] = field(default_factory=dict)
    profiles: dict[int, bytes] = field(default_factory=dict)
    enrollments: dict[int, bytes] = field(default_factory=dict)
    certificates: dict[int, bytes] = field(default_factory=dict)
    hashes: dict[int, bytes] = field(default_factory=dict)
    grades: dict[int, bytes] = field(default_factory=dict)
    anomalous: set[int] = field(default_factory=set)
    elsewhere: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)

    def __contains__(self, user: int) -> bool:
        return any(
            user in part for part in (self.accounts, self.profiles, self.enrollments, self.certificates)
        )

    def ids(self) -> list[int]:
        """The user ids of the rows, ascending."""
        left_out = (self.elsewhere - self.enrollments.keys()) | self.removed
        every = self.accounts.keys() | self.profiles.keys() | self.enrollments.keys()
        every |= self.certificates.keys()
        return sorted(every - left_out)

    def rows(self) -> Iterator[bytes]:
        """The rows as JSON objects, by user id."""
        parts = (
            self.accounts,
            self.profiles,
            self.enrollments,
            self.certificates,
            self.hashes,
            self.grades,
        )
        not_enrolled = fragment({"enrollment_course_id": self.course.slash})
        for user in self.ids():
            found = [part.get(user, b"") for part in parts]
            found[2] = found[2] or not_enrolled
            if user in self.anomalous:
                found.append(b'"y1_anomalous":1')
            yield b",".join([b'{"user_id":%d' % user, *filter(None, found)]) + b"}"


def fragment(row: Mapping[str, object]) -> bytes:
    """The members of `row` that are not None as JSON text, without the braces."""
    return orjson.dumps({name: value for name, value in row.items() if value is not None})[1:-1]


def gather(
    course: CourseKey,
    sources: Mapping[str, Path | None],
    dumped: date | None,
    max_bad_fraction: float,
    messages: Messages,
) -> People:
    """The persons of `course` from the files of `sources`; `dumped` is the date of the dump, None = unknown.

    Persons are merged in the order accounts, profiles, enrolments, recovered records, grades, certificates,
    anonymous ids. Raises as `build`.
    """
    people = People(course)
    reader = _Reader(course, sources, max_bad_fraction, messages)
    reader.last_of_each(people.accounts, "users", "id", USERS)
    if not people.accounts:
        # Without this the old table would be replaced by the few whom other files know, or by no row.
        raise InputError(
            f"{printable_path(sources.get('users') or 'users')}: expected accounts, found no record. "
            "The table stays as it was; fetch the file again."
        )
    reader.last_of_each(people.profiles, "profiles", "user_id", PROFILES)
    reader.newest_of_each(people.enrollments, "enrollment", ENROLLMENT, people.elsewhere)
    _recover(people, reader, None if dumped is None else f"{dumped.isoformat()} 00:00:00")
    _add_grades(people, reader)
    reader.newest_of_each(people.certificates, "certificates", CERTIFICATES, None)
    reader.hashes(people.hashes)
    _tell(people, messages)
    return people


class _Reader:
    """Reads the delivered tables of one course into fragments by user id."""

    def __init__(
        self,
        course: CourseKey,
        sources: Mapping[str, Path | None],
        max_bad_fraction: float,
        messages: Messages,
    ) -> None:
        self.course = course
        self.max_bad_fraction = max_bad_fraction
        self.messages = messages
        self._sources = sources

    def file(self, name: str) -> Path | None:
        """The file of the source `name`."""
        return self._sources.get(name)

    def open(self, name: str) -> DeliveredTable | None:
        """The delivered table `name`, or None, with a note, when it was not delivered or holds nothing."""
        path = self.file(name)
        if path is None:
            self.messages.note(f"{name} was not delivered: its columns are NULL")
            return None
        table = DeliveredTable(
            path, self.messages, course=self.course, max_bad_fraction=self.max_bad_fraction
        )
        return table if table.header else None

    def last_of_each(self, into: dict[int, bytes], name: str, key: str, fields: Sequence[Field]) -> None:
        """The last record of each person, taken whole."""
        table = self.open(name)
        if table is None:
            return
        names = [item.target for item in fields]
        doubles = 0
        for user, *found in table.rows((Field(key, INTEGER), *fields), key):
            doubles += user in into
            into[user] = fragment(dict(zip(names, found, strict=True)))
        if doubles:
            self.messages.note(f"{name}: {quantity(doubles, 'record')} not used: the person has a later one")

    def newest_of_each(
        self, into: dict[int, bytes], name: str, fields: Sequence[Field], elsewhere: set[int] | None
    ) -> None:
        """The record with the greatest `id` of each person, the last among equals; without ids the last.

        Records of other courses are left out; `elsewhere` collects the persons who have such.
        """
        table = self.open(name)
        if table is None:
            return
        names = [item.target for item in fields]
        no_course = "course_id" not in table.header
        ids: dict[int, int] = {}
        several: set[int] = set()
        wanted = (Field("user_id", INTEGER), Field("id", INTEGER), *fields)
        least = -(2**63)
        tell = None if elsewhere is None else elsewhere.add
        for user, number, *found in table.rows(wanted, "user_id", tell):
            if user in into:
                several.add(user)
                if (least if number is None else number) < ids[user]:
                    continue
            ids[user] = least if number is None else number
            row = dict(zip(names, found, strict=True))
            if no_course:
                row[next(target for target in names if target.endswith("course_id"))] = self.course.slash
            into[user] = fragment(row)
        if several:
            self.messages.note(
                f"{name}: {quantity(len(several), 'person has', 'persons have')} several records; "
                "the newest was used"
            )

    def hashes(self, into: dict[int, bytes]) -> None:
        """The anonymous ids; the key column is `id` in older dumps, `user_id` in newer ones."""
        table = self.open("user_id_map")
        if table is None:
            return
        key = "user_id" if "user_id" in table.header else "id"
        if key not in table.header:
            raise InputError(
                f"{printable_path(table.path)}: expected a column user_id or id; the header has neither"
            )
        fields = (Field(key, INTEGER), Field("hash_id", STRING))
        for user, hash_id in table.rows(fields, key, needed=["hash_id"]):
            into[user] = fragment({"id_map_hash_id": hash_id})


def _recover(people: People, reader: _Reader, cut_off: str | None) -> None:
    """Add what `from_mongodb` holds of persons, profiles and enrolments that are missing so far."""

    def read(name: str, key: str, fields: Sequence[Field]) -> Iterator[tuple[int, dict[str, Any], Any]]:
        path = reader.file(f"{from_mongodb.FOLDER}/{name}")
        if path is not None:
            yield from from_mongodb.people(path, key, fields, reader.messages, reader.max_bad_fraction)

    for user, row, _ in read("users", "_id", USERS):
        if user not in people:
            people.accounts[user] = fragment(row)
    for user, row, _ in read("profiles", "user_id", PROFILES):
        known = orjson.loads(b"{" + people.profiles.get(user, b"") + b"}")
        if not known.get("profile_name"):
            people.profiles[user] = fragment(row)
            people.anomalous.add(user)
    unknown = foreign = 0
    for user, row, document in read("enrollment", "user_id", ENROLLMENT):
        if canonical(documents.text(document.get("course_id")) or "") != people.course.slash:
            foreign += 1
        elif user not in people:
            unknown += 1
        elif user not in people.enrollments:
            if cut_off and user in people.anomalous and _created_text(document, row) > cut_off:
                people.removed.add(user)
            elif user not in people.removed:
                row["enrollment_course_id"] = people.course.slash
                people.enrollments[user] = fragment(row)
    if unknown or foreign:
        reader.messages.add(
            f"{from_mongodb.FOLDER}: {unknown} enrolments of unknown persons and {foreign} of other courses "
            "were not used"
        )
    if people.removed:
        reader.messages.add(
            f"{from_mongodb.FOLDER}: left out {quantity(len(people.removed), 'person')} enrolled "
            "after the dump"
        )


def _created_text(document: Mapping[str, object], row: Mapping[str, object]) -> str:
    """When an enrolment was made, as `YYYY-MM-DD HH:MM:SS…`, or as delivered where that is not a date."""
    created = row["enrollment_created"]
    if isinstance(created, str):
        return created.replace("T", " ").removesuffix("Z")
    return documents.text(document.get("created")) or ""


def _add_grades(people: People, reader: _Reader) -> None:
    """Grades of the instructor dashboard, for persons who are there already."""
    path = reader.file(GRADE_REPORT)
    if path is None:
        return
    found = grade_reports.read_report(path, people.course, reader.messages, reader.max_bad_fraction)
    unknown = 0
    for user, (grade, time) in found.items():
        if user in people:
            people.grades[user] = fragment(
                {"edxinstructordash_Grade": grade, "edxinstructordash_Grade_timestamp": time}
            )
        else:
            unknown += 1
    if unknown:
        reader.messages.add(
            f"{printable(path.name)}: {unknown} grades of persons unknown to the dump were not used"
        )


def _tell(people: People, messages: Messages) -> None:
    ids = people.ids()
    nameless = sum(b'"username"' not in people.accounts.get(user, b"") for user in ids)
    left_out = len(people.elsewhere - people.enrollments.keys())
    messages.note(f"{quantity(len(ids), 'person')}, {nameless} of them without an account in the dump")
    if left_out:
        messages.note(f"{quantity(left_out, 'person')} enrolled in other courses only were left out")
