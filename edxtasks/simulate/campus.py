"""The campus as a whole: its size, its courses, its people and when they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from edxtasks.errors import UserError, nearest
from edxtasks.simulate import behaviour, clock, learners
from edxtasks.simulate.chance import mix
from edxtasks.simulate.clock import DAY, HOUR
from edxtasks.simulate.courses import Course, build_course
from edxtasks.simulate.forum import Forum, plan_forum
from edxtasks.simulate.learners import Learner
from edxtasks.simulate.visit import Visit

FORM = 3
"""Raised when the same size and seed give other bytes than before."""


@dataclass(frozen=True)
class CampusSize:
    """How large a campus is.

    `courses`; `learners` enrolled in each, the first ones with fixed roles; `weeks` of content in each
    course; `days` of logs from `first_day` on; `servers` that write logs of edx.org side by side.
    """

    courses: int
    learners: int
    weeks: int
    days: int
    servers: int
    first_day: date = date(2014, 10, 1)

    def __post_init__(self) -> None:
        least = {"courses": 1, "learners": len(learners.FIXED_ROLES), "weeks": 2, "days": 4, "servers": 1}
        for name, number in least.items():
            if getattr(self, name) < number:
                raise UserError(f"a simulated campus needs {name} of at least {number}")

    @classmethod
    def parse(cls, text: str) -> CampusSize:
        """The size that `text` names: `demo`, or a name and changes to it, `large,courses=20,days=10`."""
        name, *changes = text.split(",")
        if name not in SIZES:
            raise UserError(
                f'"{name}" is not a size of a campus: expected one of '
                f"{', '.join(SIZES)}{nearest(name, SIZES)}"
            )
        size = SIZES[name]
        known = {field.name for field in fields(cls)}
        for change in changes:
            key, _, value = change.partition("=")
            if key not in known:
                raise UserError(f'"{key}" is not a measure of a campus{nearest(key, known)}')
            try:
                number: Any = date.fromisoformat(value) if key == "first_day" else int(value)
            except ValueError:
                expected = "a date YYYY-MM-DD" if key == "first_day" else "a whole number"
                raise UserError(f'size of the campus: expected {key}={expected}, found "{value}"') from None
            size = replace(size, **{key: number})
        return size


SIZES = {
    "tiny": CampusSize(courses=2, learners=13, weeks=2, days=6, servers=2, first_day=date(2014, 10, 11)),
    "demo": CampusSize(courses=4, learners=60, weeks=4, days=21, servers=2),
    "small": CampusSize(courses=10, learners=200, weeks=6, days=30, servers=3),
    "medium": CampusSize(courses=30, learners=500, weeks=8, days=60, servers=4),
    "large": CampusSize(courses=100, learners=1000, weeks=8, days=90, servers=6),
}
"""The named sizes; docs/simulated-campus.md tells how many events each has."""


@dataclass
class Attendance:
    """A course, the people in it and its forum; what is needed to let a day of it happen."""

    campus: Campus
    course: Course
    learners: list[Learner]
    strangers_seed: int = 81
    """Differs between sites: nobody is on two at the same moment."""

    @cached_property
    def forum(self) -> Forum:
        """All that is written in the forum."""
        return plan_forum(self.course, self.learners, self.campus.first)

    def visits(self, learner: Learner, day: int) -> list[Visit]:
        """The visits that a learner starts on a day."""
        campus = self.campus
        return behaviour.visits_of_day(
            campus.seed, self.course, self.forum, learner, day, campus.first, campus.size.days
        )

    def strangers(self, day: int) -> Iterator[Visit]:
        """Visits of people without an account."""
        for number in range(1 + len(self.learners) // 100):
            seed = mix(self.course.seed, self.strangers_seed, day, number)
            nobody = Learner(-1, 0, -1, "", 0, "registered", seed, 0, 0, 0, 0, 0, 0.0, 0)
            start = self.campus.first + day * DAY + seed % (21 * HOUR)
            yield Visit(start, behaviour.wander, nobody, self.course, self.forum, seed, day)


class Campus:
    """A campus of a size and a seed: everything in it is decided, nothing is written yet."""

    org = "MITx"

    def __init__(self, size: CampusSize, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.first = clock.midnight(size.first_day)

    @property
    def dump_date(self) -> date:
        """Date of the weekly package: the first Sunday at least two days after the last day of logs."""
        day = self.size.first_day + timedelta(days=self.size.days + 1)
        return day + timedelta(days=6 - day.weekday())

    @property
    def package_name(self) -> str:
        """Name of the folder of the weekly package."""
        return f"{self.org.lower()}-{self.dump_date.isoformat()}"

    @cached_property
    def courses(self) -> list[Course]:
        """The courses, with their content."""
        size = self.size
        return [
            build_course(self.seed, number, size.weeks, self.first, size.days)
            for number in range(size.courses)
        ]

    def attendance(self, course: Course) -> Attendance:
        """The people of a course."""
        size = self.size
        people = learners.roster(self.seed, course, size.learners, size.courses, self.first, size.days)
        return Attendance(self, course, people)

    @cached_property
    def _attendances(self) -> list[Attendance]:
        return [self.attendance(course) for course in self.courses]

    @cached_property
    def _edge_attendances(self) -> list[Attendance]:
        # edge.edx.org numbers its accounts by itself: the same names and numbers are other people there
        result = []
        for course in self.courses[:2]:
            people = self.attendance(course).learners[6:10]
            for learner in people:
                learner.kind = "browser"
                learner.user_id = 101 + learner.index
                learner.seed = mix(learner.seed, 82)
                learner.upgraded = learner.dropped = 0
                learner.study = learner.busy = 0b10110 & ((1 << self.size.days) - 1)
                learner.enrolled = course.start
                learner.coverage = 0.1
            result.append(Attendance(self, course, people, strangers_seed=83))
        return result

    def attendances(self, site: str) -> list[Attendance]:
        """The courses with their people on `edx` (edx.org) or `edge` (edge.edx.org)."""
        return self._attendances if site == "edx" else self._edge_attendances

    def describe(self) -> dict[str, Any]:
        """The campus in the form that the ledger keeps."""
        return {
            "form": FORM,
            "seed": self.seed,
            "size": {**asdict(self.size), "first_day": self.size.first_day.isoformat()},
            "last_day": (self.size.first_day + timedelta(days=self.size.days - 1)).isoformat(),
            "package": self.package_name,
            "courses": [
                {
                    "course_id": course.key.slash,
                    "id_in_logs": course.id,
                    "problems": len(course.problems),
                    "videos": len(course.videos),
                    "chapters": len(course.chapters),
                }
                for course in self.courses
            ],
        }
