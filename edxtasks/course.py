"""Course keys in all their forms, and the names derived from them.

A course run has two spellings in edX's data: the old slash form `ORG/NUMBER/RUN` and the opaque form
`course-v1:ORG+NUMBER+RUN`. The slash form is the canonical one here: tables, settings and messages
use it (docs/names.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from edxtasks.errors import UserError
from edxtasks.printable import SHOWN_COURSES, listed, printable

OPAQUE_PREFIX = "course-v1:"
LONGEST_DIRECTORY = 240
"""Most bytes (UTF-8) of `ORG__NUMBER__RUN`. File systems take names of 255 bytes: this leaves room for all
that is put around it, the longest of which is `xbundle_….xml`."""

_PART = re.compile(r"[\w\-~.:]+", re.UNICODE)


class InvalidCourseKeyError(UserError):
    """A text that is not a course key."""


@dataclass(frozen=True, order=True)
class CourseKey:
    """One run of one course: organization, course number, run."""

    org: str
    number: str
    run: str

    def __str__(self) -> str:
        return self.slash

    @classmethod
    def parse(cls, text: str) -> CourseKey:
        """The key that `text` spells in either form.

        Raises `InvalidCourseKeyError` when it is none: not three parts, an empty part, a part `.` or `..`,
        a character other than letters, digits and `_ - ~ . :`, or a folder name of more than 240 bytes.
        """
        key = cls.find(text)
        if key is None:
            raise InvalidCourseKeyError(
                f'"{shorten(text)}" is not a course key: expected ORG/NUMBER/RUN or '
                "course-v1:ORG+NUMBER+RUN, "
                f"each part of letters, digits and _ - ~ . :, together at most {LONGEST_DIRECTORY - 4} bytes"
            )
        return key

    @classmethod
    def find(cls, text: str) -> CourseKey | None:
        """The key that `text` spells in either form, or None (the same rules as `parse`)."""
        parts = canonical(text).split("/")
        if len(parts) != 3 or sum(map(len, parts)) > LONGEST_DIRECTORY:
            return None
        if any(part in {".", ".."} or not _PART.fullmatch(part) for part in parts):
            return None
        key = cls(*parts)
        return key if len(key.directory.encode()) <= LONGEST_DIRECTORY else None

    @cached_property
    def slash(self) -> str:
        """`ORG/NUMBER/RUN`, the canonical form."""
        return f"{self.org}/{self.number}/{self.run}"

    @cached_property
    def opaque(self) -> str:
        """`course-v1:ORG+NUMBER+RUN`."""
        return f"{OPAQUE_PREFIX}{self.org}+{self.number}+{self.run}"

    @cached_property
    def directory(self) -> str:
        """`ORG__NUMBER__RUN`: folder of the course in log directory, storage and SQL base directory."""
        return f"{self.org}__{self.number}__{self.run}"

    @cached_property
    def package_prefix(self) -> str:
        """`ORG-NUMBER-RUN`: how file names of edX's weekly package start."""
        return f"{self.org}-{self.number}-{self.run}"

    @cached_property
    def dataset(self) -> str:
        """Name of the dataset with the tables of the course (letters, digits, `_`)."""
        return re.sub(r"[^A-Za-z0-9_]", "_", self.directory)

    @property
    def logs_dataset(self) -> str:
        """Name of the dataset with the day tables `tracklog_YYYYMMDD`; there is no "latest" form of it."""
        return f"{self.dataset}_logs"


def canonical(text: str) -> str:
    """`text` in slash form where it is `course-v1:` and three non-empty parts, else `text` as it is.

    Blanks around it are cut. Never an error: `ccx-v1:…` and `library-v1:…` come back unchanged.
    """
    text = text.strip()
    if not text.startswith(OPAQUE_PREFIX):
        return text
    parts = text[len(OPAQUE_PREFIX) :].split("+")
    if len(parts) != 3 or not all(parts) or any("/" in part for part in parts):
        return text
    return "/".join(parts)


def is_key(word: str) -> bool:
    """Whether a word of a command line is a course key by itself, and not a task with a course behind it."""
    return (":" not in word or word.startswith(OPAQUE_PREFIX)) and CourseKey.find(word) is not None


def base_and_course(name: str) -> tuple[str, str]:
    """The name of a task without its course, and the course, "" where it is of none.

    Both may hold colons: the shortest end that is a course key is the course.
    """
    place = name.rfind(":")
    while place > 0:
        if CourseKey.find(name[place + 1 :]) is not None:
            return name[:place], name[place + 1 :]
        place = name.rfind(":", 0, place)
    return name, ""


def parse_all(texts: Iterable[str]) -> list[CourseKey]:
    """The keys of `texts`, doubles removed, first place kept.

    Raises `InvalidCourseKeyError` naming the texts that are none, of many the first, and `UserError` naming
    two courses whose dataset names are the same, since their tables would be mixed.
    """
    keys: dict[CourseKey, None] = {}
    invalid: list[str] = []
    for text in texts:
        key = CourseKey.find(text)
        if key is None:
            invalid.append(text)
        else:
            keys.setdefault(key)
    if invalid:
        what = "not a course key" if len(invalid) == 1 else "not course keys"
        raise InvalidCourseKeyError(
            f"{listed(invalid, SHOWN_COURSES)}: {what} (expected ORG/NUMBER/RUN or course-v1:ORG+NUMBER+RUN)"
        )
    datasets: dict[str, CourseKey] = {}
    for key in keys:
        for name in (key.dataset, key.logs_dataset):
            other = datasets.setdefault(name.lower(), key)
            if other != key:
                raise UserError(
                    f"{other} and {key} have the same dataset name, {name}: their tables would be mixed. "
                    "Run them with different warehouses."
                )
    return list(keys)


def shorten(text: str, longest: int = 80) -> str:
    """`text` for a message: escaped, and cut to `longest` characters."""
    return printable(text, longest)
