"""The campus as a whole: its size, its courses and people, and the run that writes what edX would deliver."""

from __future__ import annotations

import multiprocessing
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from edxtasks.errors import UserError, nearest
from edxtasks.simulate import behaviour, clock, learners, logs, package, strays
from edxtasks.simulate.behaviour import Visit
from edxtasks.simulate.chance import mix
from edxtasks.simulate.clock import DAY, HOUR
from edxtasks.simulate.courses import Course, build_course
from edxtasks.simulate.forum import Forum, plan_forum
from edxtasks.simulate.learners import Learner
from edxtasks.simulate.ledger import Ledger

FORM = 1
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
                f'"{name}" is no size of a campus: expected one of {", ".join(SIZES)}{nearest(name, SIZES)}'
            )
        size = SIZES[name]
        known = {field.name for field in fields(cls)}
        for change in changes:
            key, _, value = change.partition("=")
            if key not in known:
                raise UserError(f'"{key}" is no measure of a campus{nearest(key, known)}')
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
            seed = mix(self.course.seed, 81, day, number)
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
            result.append(Attendance(self, course, people))
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


def simulate(directory: Path, size: str | CampusSize, seed: int = 1, workers: int = 1) -> Ledger:
    """Write below `directory` what edX would deliver about a campus, and the ledger of what happened.

    `size` is a `CampusSize` or what `CampusSize.parse` reads; `workers` is the number of processes. The
    same size and seed give the same bytes, whatever the number of workers. Memory grows with the number
    of people, not with days or events. Written are `DAILY/` (raw logs), `<org>-<date>/` (the weekly
    package), `listings.csv`, `staff.csv` and `ledger/`; what an earlier simulation left of these is
    removed first.

    Raises `UserError` for a size that does not exist, and where `directory` holds data of these names
    that no simulation wrote.
    """
    if isinstance(size, str):
        size = CampusSize.parse(size)
    campus = Campus(size, seed)
    _clear(directory, campus)
    mark = directory / "ledger" / "campus.json"
    mark.parent.mkdir(parents=True)
    mark.write_bytes(orjson.dumps({"complete": False}))
    for folder in ("DAILY", campus.package_name):
        (directory / folder).mkdir()
    strays.write_strays(campus, directory)
    jobs: list[tuple[Callable[[Campus, Path, int], int], int]]
    jobs = [(logs.simulate_day, day) for day in range(size.days)]
    jobs += [(package.simulate_package, course) for course in range(size.courses)]
    with _executor(workers, size, seed) as executor:
        events = 0
        for job, number in _run(executor, jobs, campus, directory):
            events += number if job is logs.simulate_day else 0
    description = campus.describe() | {"complete": True, "lines": events}
    mark.write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return Ledger(directory / "ledger")


_campus: Campus | None = None
"""The campus of a worker process."""


class _Here:
    """Stands for an executor where there is one worker: this process."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _executor(workers: int, size: CampusSize, seed: int) -> Executor | _Here:
    if workers <= 1:
        return _Here()
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, _start_worker, (size, seed))


def _start_worker(size: CampusSize, seed: int) -> None:
    global _campus
    _campus = Campus(size, seed)


def _work(job: Callable[[Campus, Path, int], int], directory: Path, number: int) -> int:
    if _campus is None:
        raise RuntimeError("a worker of the simulation has no campus")
    return job(_campus, directory, number)


def _run(
    executor: Executor | None,
    jobs: Iterable[tuple[Callable[[Campus, Path, int], int], int]],
    campus: Campus,
    directory: Path,
) -> Iterator[tuple[Callable[[Campus, Path, int], int], int]]:
    if executor is None:
        for job, number in jobs:
            yield job, job(campus, directory, number)
        return
    futures = [(job, executor.submit(_work, job, directory, number)) for job, number in jobs]
    for job, future in futures:
        yield job, future.result()


def _clear(directory: Path, campus: Campus) -> None:
    """Remove what an earlier simulation wrote; refuse to remove anything else."""
    ours = re.compile(rf"DAILY|ledger|listings\.csv|staff\.csv|{campus.org.lower()}-\d{{4}}-\d\d-\d\d")
    found = [path for path in directory.glob("*") if ours.fullmatch(path.name)]
    if found and not (directory / "ledger" / "campus.json").is_file():
        raise UserError(
            f"{directory} holds {found[0].name}, which no simulation wrote (there is no ledger/campus.json); "
            "simulate into another folder"
        )
    # the ledger last: without it an interrupted clearing could not be told from foreign data
    for path in sorted(found, key=lambda path: path.name == "ledger"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
