"""The learners of a release with their rows of `person_course`, and who is left out of it.

Staff are known to everybody in their course, and left out of all courses. So are learners who asked to be
forgotten: their rows of `person_course` are gone by the time that a release is made, and whoever edX has
retired itself bears a username that says so. `stays_out` is the one place that decides.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edxtasks.deidentification.encoded import Column

STAFF_COLUMNS = (
    "roles_isBetaTester",
    "roles_isInstructor",
    "roles_isStaff",
    "roles_isCCX",
    "roles_isFinance",
    "roles_isLibrary",
    "roles_isSales",
    "forumRoles_isAdmin",
    "forumRoles_isCommunityTA",
    "forumRoles_isModerator",
)
"""Columns of `person_course` that are 1 for staff of the course."""

_NAME = "username"
_ROLES = "roles"
WHO = ("user_id", _NAME, _ROLES, *STAFF_COLUMNS)
PERSONAL = ("gender", "LoE", "YoB", "cc_by_ip", "profile_country")
POSTS = "nforum_posts"
READ = (*WHO, *PERSONAL, POSTS)
"""Columns of `person_course` that are read beside those of behaviour."""

RETIRED = "retired__user_"
"""How the usernames begin that edX gives to accounts that it has retired."""


def stays_out(username: object, roles: object, flags: Iterable[object], office: frozenset[str]) -> bool:
    """Whether the person of a row is none of the learners of a release: staff by the dump, or by the file of
    the office (`office`: usernames in lower case), or retired."""
    name = username.lower() if isinstance(username, str) else ""
    return roles == "Staff" or any(flags) or name in office or name.startswith(RETIRED)


@dataclass
class Registrations:
    """Rows of `person_course` of several courses, by column; `people` are the accounts that stay out.

    Row n is account `accounts[n]` in course `courses[n]`, by its number in `names`.
    """

    names: tuple[str, ...]
    behaviour: tuple[str, ...]
    accounts: array[int] = field(default_factory=lambda: array("q"))
    courses: array[int] = field(default_factory=lambda: array("I"))
    columns: dict[str, Column] = field(default_factory=dict)
    outsiders: set[int] = field(default_factory=set)
    nameless: int = 0
    """Rows without user id, which are left out."""

    def __post_init__(self) -> None:
        for name in (*PERSONAL, POSTS, *self.behaviour):
            self.columns.setdefault(name, Column())

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that a row is added with."""
        return (*READ, *self.behaviour)

    def add(
        self,
        course: int,
        rows: Iterable[Sequence[object]],
        kept: Mapping[str, Callable[[object], Hashable]],
        office: frozenset[str],
    ) -> None:
        """Add rows of a course, with the `wanted` columns. `kept`: what is kept of a value of behaviour."""
        first = len(WHO)
        last = first + len(PERSONAL)
        personal = [self.columns[name].add for name in PERSONAL]
        behaviour = [(self.columns[name].add, kept[name]) for name in self.behaviour]
        posts = self.columns[POSTS].add
        for row in rows:
            account = row[0]
            if not isinstance(account, int):
                self.nameless += 1
                continue
            if stays_out(row[1], row[2], row[3:first], office):
                self.outsiders.add(account)
            self.accounts.append(account)
            self.courses.append(course)
            for add, value in zip(personal, row[first:last], strict=True):
                add(value)
            number = row[last]
            posts(number if isinstance(number, int) else 0)
            for (add, coarse), value in zip(behaviour, row[last + 1 :], strict=True):
                add(coarse(value))

    def rows_of_learners(self) -> list[int]:
        """The numbers of the rows of all who do not stay out."""
        return [row for row, account in enumerate(self.accounts) if account not in self.outsiders]


def usual(values: Iterable[Hashable]) -> Hashable:
    """The value that most rows of a learner have; of several the least. None where no row has any."""
    found = Counter(value for value in values if value is not None and value != "")
    return min(found, key=lambda value: (-found[value], value), default=None)
