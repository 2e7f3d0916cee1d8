"""What lies beside the courses: lists, other sites' tables, and files of a package that are not for us."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from edxtasks.files import writing
from edxtasks.simulate import clock, people
from edxtasks.simulate.campus import Campus
from edxtasks.simulate.clock import DAY, sql
from edxtasks.simulate.dump_tables import USERS, DumpTable, Value, tables
from edxtasks.simulate.grades import cutoffs
from edxtasks.simulate.planted import OTHER_COURSE


def write_strays(campus: Campus, directory: Path) -> None:
    """Write what belongs to no single course: lists of courses and staff, and the odd files of a package.

    The odd ones: tables of edge.edx.org, of a CCX and of a course that nobody asked for, an export that
    failed, a list of the organisation, and a folder of open-response tables.
    """
    folder = directory / campus.package_name
    for course in campus.courses[:2]:
        site = ("edge", "prod-edge")[course.number % 2]
        edge = next(a for a in campus.attendances("edge") if a.course is course)
        names = tables(course)
        prefix = f"{course.key.package_prefix}-%s-{site}-analytics.sql"
        with DumpTable(folder / (prefix % "auth_user"), names["auth_user"], course.opaque) as users:
            for learner in edge.learners:
                users.add(
                    id=learner.user_id,
                    username=learner.username,
                    email=f"edge{learner.user_id}@example.com",
                    is_staff=0,
                    date_joined=sql(course.start),
                )
        with DumpTable(
            folder / (prefix % "student_courseenrollment"), names["student_courseenrollment"], course.opaque
        ) as enrollments:
            for learner in edge.learners:
                enrollments.add(
                    id=learner.user_id,
                    user_id=learner.user_id,
                    course_id=course.id,
                    created=sql(course.start),
                    is_active=1,
                    mode="honor",
                )
    last = campus.courses[-1]
    for prefix in (
        f"{last.key.package_prefix}-ccx-7",
        f"{last.key.package_prefix}_2",
        OTHER_COURSE.replace("/", "-"),
    ):
        with DumpTable(folder / f"{prefix}-auth_user-prod-analytics.sql", USERS, True) as users:
            users.add(id=11, username="somebody", email="somebody@example.com", is_staff=0)
    failed = folder / f"{last.key.package_prefix}-wiki_article-prod-analytics.sql.failed"
    failed.write_text("Traceback (most recent call last):\n  (2013, 'Lost connection')\n", encoding="utf-8")
    opted = folder / f"{campus.org.lower()}-email_opt_in-prod-analytics.csv"
    opted.write_text("user_id,username,email,full_name,course_id,is_opted_in_for_email\n", encoding="utf-8")
    (folder / "ora").mkdir()
    (folder / "ora" / f"{last.key.package_prefix}-submissions_score-prod-analytics.sql").write_text("id\n")
    _write_csv(directory / "listings.csv", _listings(campus))
    _write_csv(directory / "staff.csv", _staff(campus))


def _listings(campus: Campus) -> Iterator[tuple[Value, ...]]:
    yield (
        "Institution", "Semester", "New or Rerun", "Course Number", "Short Title", "Title", "Instructors",
        "Registration Open", "Course Launch", "Course Wrap", "course_id", "Empirical Course Wrap",
        "certifies", "MinPassGrade", "4-way Category by name",
    )  # fmt: skip
    for course in campus.courses:
        launch, wrap = _american(course.start), _american(course.end - 1)
        yield (
            course.key.org, course.key.run, ("New", "Rerun")[course.number % 2], course.key.number,
            course.key.number, course.name, "Ada Example", _american(course.start - 60 * DAY), launch, wrap,
            course.key.slash if course.number % 2 == 0 else course.key.opaque, wrap, 1,
            min(cutoffs(course).values()), ("STEM", "CS", "HumHistRel", "SocSciGov")[course.number % 4],
        )  # fmt: skip


def _staff(campus: Campus) -> Iterator[tuple[Value, ...]]:
    yield "course_id", "username", "name", "role"
    for course in campus.courses:
        person = course.number * 12
        yield (
            course.key.slash,
            people.username(campus.seed, person, 0),
            f'Team “{course.key.number}”, "A"',
            "instructor",
        )


def _american(time: int) -> str:
    year, month, day = clock.date_of(time).split("-")
    return f"{int(month)}/{int(day)}/{year}"


def _write_csv(path: Path, rows: Iterable[tuple[Value, ...]]) -> None:
    with io.TextIOWrapper(writing(path), encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
