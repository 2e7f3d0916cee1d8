"""Accounts, profiles, enrolments and certificates of a course from an office's MongoDB.

Before 2014 edX deleted the enrolment row of a learner who un-enrolled, and learners with certificates were
missing from the dumps. Offices keep such records in a database of their own, whose collections are named
after edX's tables; what is fetched here goes to `from_mongodb/`, where `user_info_combo` reads it. The
database is only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from edxtasks.compression import ByteSink
from edxtasks.config import Mongo, Settings
from edxtasks.course import CourseKey, canonical
from edxtasks.directories import course_directory
from edxtasks.dumps import documents as mongo_documents
from edxtasks.dumps.from_mongodb import FOLDER
from edxtasks.dumps.people import CERTIFICATES, ENROLLMENT, PROFILES, USERS
from edxtasks.files import replacing_together
from edxtasks.messages import Messages
from edxtasks.mongodb import Document, extended_json, opened
from edxtasks.retired import Retired, is_of_learner, of_document, read_retired

if TYPE_CHECKING:
    from pymongo.database import Database

VERSION = 1
OUTPUT_FILES = ("users.json.gz", "profiles.json.gz", "enrollment.json.gz", "certificates.json.gz")
"""Names of the files in `from_mongodb/`."""

_ENROLLMENT, _CERTIFICATES = "student_courseenrollment", "certificates_generatedcertificate"
_USERS, _PROFILES = "auth_user", "auth_userprofile"

FIELDS: Mapping[str, Sequence[str]] = {
    _ENROLLMENT: ("id", "user_id", *(field.column for field in ENROLLMENT)),
    _CERTIFICATES: ("id", "user_id", *(field.column for field in CERTIFICATES)),
    _USERS: tuple(field.column for field in USERS),
    _PROFILES: ("user_id", "courses", *(field.column for field in PROFILES)),
}
"""The fields that are asked for, by collection, besides `_id`. Never a password, nor anything else that
`user_info_combo` does not read: an office's collections hold whatever edX once delivered."""
COLLECTIONS = tuple(FIELDS)
_USERS_AT_A_TIME = 1000


def mongo2user_info(course: CourseKey, settings: Settings, messages: Messages) -> tuple[Path, ...]:
    """Fetch the records of `course` from the database of `[mongo]` into its folder `from_mongodb/`.

    Gives the four files of `OUTPUT_FILES`, gzip JSON lines in MongoDB's relaxed extended JSON. They replace
    the old ones together, when all are complete. Raises `InputError` naming the host, never a password, when
    the server is not there, refuses, breaks off, or lacks a collection; the old files stay then.
    """
    folder = course_directory(course, settings) / FOLDER
    return fetch(course, settings.mongo, folder, messages, read_retired(settings))


def fetch(
    course: CourseKey, mongo: Mongo, folder: Path, messages: Messages, retired: Retired | None = None
) -> tuple[Path, ...]:
    """As `mongo2user_info`, from the database of `mongo` into `folder`, which is made for the files, without
    those of `retired` learners."""
    paths = tuple(folder / name for name in OUTPUT_FILES)
    with opened(mongo, COLLECTIONS) as database:
        folder.mkdir(exist_ok=True)
        try:
            with replacing_together(paths) as sinks:
                fetch = _Fetch(course, database, retired or Retired())
                counts = fetch.write(dict(zip(OUTPUT_FILES, sinks, strict=True)))
        finally:
            with suppress(OSError):  # there are files in it
                folder.rmdir()
    messages.note(", ".join(f"{name}: {number} documents" for name, number in counts.items()))
    return paths


class _Fetch:
    """One course's documents of the four collections."""

    def __init__(self, course: CourseKey, database: Database[Document], retired: Retired) -> None:
        self._course = course
        self._retired = retired
        self._database = database
        # Either form of the key: curated databases have the slash form, copies of newer tables the other.
        self._either = {"$in": [course.slash, course.opaque]}

    def write(self, sinks: dict[str, ByteSink]) -> dict[str, int]:
        """Write all four files; the number of documents of each."""
        counts: dict[str, int] = {}

        def write(name: str, documents: Iterable[Document], users: dict[int, None] | None = None) -> None:
            number = 0
            for document in documents:
                line = self._kept(document, "_id" if name == "users.json.gz" else "")
                if line is None:
                    continue
                sinks[name].write(line)
                number += 1
                user = None if users is None else mongo_documents.integer(document.get("user_id"))
                if users is not None and user is not None:
                    users.setdefault(user)
            counts[name] = number

        enrolled: dict[int, None] = {}
        certified: dict[int, None] = {}
        write("enrollment.json.gz", self._find(_ENROLLMENT, course_id=self._either), enrolled)
        write("certificates.json.gz", self._find(_CERTIFICATES, course_id=self._either), certified)
        only_certified = [user for user in certified if user not in enrolled]
        write("users.json.gz", self._users([*enrolled, *only_certified]))
        write("profiles.json.gz", self._profiles(only_certified))
        return counts

    def _kept(self, document: Document, account: str) -> bytes | None:
        """A document as a line; None where it is a retired learner's, in others mentions are blanked."""
        line = extended_json(document)
        if not self._retired:
            return line
        form = orjson.loads(line)
        return None if is_of_learner(form, self._retired, account) else of_document(line, self._retired)[0]

    def _find(self, collection: str, **where: object) -> Iterator[Document]:
        """The documents of a collection, with the fields of `FIELDS` alone."""
        return self._database[collection].find(where, dict.fromkeys(FIELDS[collection], 1))

    def _users(self, users: Iterable[int]) -> Iterator[Document]:
        """The accounts of `users`, in their order."""
        return self._in_order(_USERS, "_id", users)

    def _profiles(self, only_certified: Iterable[int]) -> Iterator[Document]:
        """Profiles that name the course, then those of persons of whom there is only a certificate."""
        yield from self._find(_PROFILES, courses=self._either)
        for document in self._in_order(_PROFILES, "user_id", only_certified):
            courses = document.get("courses")
            named = courses if isinstance(courses, list) else [courses]
            if not any(isinstance(name, str) and canonical(name) == self._course.slash for name in named):
                yield document

    def _in_order(self, collection: str, field: str, users: Iterable[int]) -> Iterator[Document]:
        remaining = iter(users)
        while batch := list(islice(remaining, _USERS_AT_A_TIME)):
            place = {user: index for index, user in enumerate(batch)}
            found = list(self._find(collection, **{field: {"$in": batch}}))
            yield from sorted(found, key=lambda document: place.get(_number(document.get(field)), len(place)))


def _number(value: object) -> int:
    number = mongo_documents.integer(value)
    return -1 if number is None else number
