"""The weekly package: SQL dumps, forum, course content and grades, in the raw form that edX delivers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edxtasks.simulate import clock, people
from edxtasks.simulate.campus import Campus
from edxtasks.simulate.chance import fraction, hexadecimal
from edxtasks.simulate.clock import DAY, HOUR, SECOND, sql
from edxtasks.simulate.courses import Course, Problem
from edxtasks.simulate.dump_tables import DumpTable, Value, tables
from edxtasks.simulate.export import structure, write_export
from edxtasks.simulate.forum import Forum
from edxtasks.simulate.grades import Record, course_grade, cutoffs, letter, record, section_points
from edxtasks.simulate.learners import Learner, Outcome
from edxtasks.simulate.ledger import write_rows
from edxtasks.simulate.mongo import write_forum
from edxtasks.simulate.problems import seed_of, submit


def simulate_package(campus: Campus, directory: Path, number: int) -> int:
    """Write everything that the package holds about course `number`, and its people into the ledger.

    Returns the number of learners. Streams: memory holds the roster and the forum, not the rows.
    """
    course = campus.courses[number]
    attendance = campus.attendances("edx")[number]
    folder = directory / campus.package_name
    prefix = course.key.package_prefix
    with ExitStack() as stack:
        dump = {
            name: stack.enter_context(
                DumpTable(folder / f"{prefix}-{name}-prod-analytics.sql", columns, course.opaque)
            )
            for name, columns in tables(course).items()
        }
        writer = _CourseDump(campus, course, attendance.learners, attendance.forum, dump)
        write_rows(
            directory / "ledger" / "learners" / f"{course.key.directory}.jsonl.gz",
            map(writer.learner, attendance.learners),
        )
        dump["user_id_map"].add(
            hash_id=hexadecimal(32, campus.seed, 99), id=7, user_id=7, username="course_discovery_worker"
        )
    write_forum(folder / f"{prefix}-prod.mongo", course, attendance.forum, attendance.learners)
    write_export(course, folder / f"{prefix}-course-prod-analytics.xml.tar.gz")
    outline = json.dumps(structure(course), indent=2)
    (folder / f"{prefix}-course_structure-prod-analytics.json").write_text(outline, encoding="utf-8")
    return len(attendance.learners)


class _CourseDump:
    """Writes the rows of one learner after the other into all tables of a course."""

    def __init__(
        self,
        campus: Campus,
        course: Course,
        learners: Sequence[Learner],
        forum: Forum,
        dump: Mapping[str, DumpTable],
    ) -> None:
        self.campus = campus
        self.course = course
        self.learners = learners
        self.posts = Counter((post.author, post.kind) for post in forum.posts)
        self.dump = dump
        self.rows = 1_000_000 * (course.number + 1)
        self.certified_at = course.end + 6 * HOUR

    def learner(self, learner: Learner) -> dict[str, Any]:
        """Write all rows of `learner`; gives the row of the ledger."""
        campus, course, dump = self.campus, self.course, self.dump
        done = record(learner, course)
        grade = course_grade(course, done)
        joined = campus.first - 100 * DAY - int(400 * fraction(campus.seed, 91, learner.person)) * DAY
        present = learner.kind != "vanished"
        profile = people.profile(
            campus.seed,
            learner.person,
            learner.slot,
            learner.kind == "instructor" and course.number == 0,
            learner.kind == "retired",
            joined,
        )
        if present:
            self._account(learner, profile)
            for role in learner.forum_roles:
                dump["django_comment_client_role_users"].add(
                    course_id=course.id, user_id=learner.user_id, name=role
                )
            if learner.course_role:
                dump["student_courseaccessrole"].add(
                    org=course.key.org, course_id=course.id, user_id=learner.user_id, role=learner.course_role
                )
            if learner.index % 3 == 0:
                self.rows += 1
                dump["user_api_usercoursetag"].add(
                    id=self.rows,
                    user_id=learner.user_id,
                    key="xblock.partition_service.partition_1200" if learner.index % 2 else "sharing-consent",
                    course_id=course.id,
                    value=str(learner.index % 2) if learner.index % 2 else "true",
                )
        certificate = self._certificate(learner, profile, grade)
        self._modules(learner, done)
        self._grades(learner, done, grade)
        return self._account_row(learner, profile, done, grade, present, certificate)

    def _partner(self, learner: Learner) -> str | None:
        """Login name of the other account of a pair that shares answers."""
        if not learner.pair:
            return None
        return self.learners[learner.index + (1 if learner.kind == "master" else -1)].username

    def _account(self, learner: Learner, profile: people.Profile) -> None:
        campus, course, dump = self.campus, self.course, self.dump
        dump["auth_user"].add(
            id=profile.user_id,
            username=profile.username,
            first_name="",
            last_name="",
            email=profile.email,
            password="",
            is_staff=profile.is_staff,
            is_active=int(not profile.retired),
            is_superuser=0,
            last_login=None if profile.user_id % 7 == 0 else sql(campus.first + profile.user_id % 19 * HOUR),
            date_joined=sql(profile.joined + profile.user_id % 80_000 * SECOND),
            status="",
            consecutive_days_visit_count=0,
        )
        dump["auth_userprofile"].add(
            id=profile.user_id + 5,
            user_id=profile.user_id,
            name=profile.name,
            language=profile.language,
            location=profile.location,
            meta=profile.meta,
            courseware="course.xml",
            gender=profile.gender,
            mailing_address=profile.mailing_address,
            year_of_birth=profile.year_of_birth,
            level_of_education=profile.level_of_education,
            goals=profile.goals,
            allow_certificate=1,
            country=profile.country,
            city=profile.city,
        )
        self.rows += 1
        dump["student_courseenrollment"].add(
            id=self.rows,
            user_id=profile.user_id,
            course_id=course.id,
            created=sql(learner.enrolled),
            is_active=int(not learner.dropped),
            mode=learner.mode,
        )
        dump["user_id_map"].add(
            hash_id=profile.hash_id, id=profile.user_id, user_id=profile.user_id, username=profile.username
        )
        if profile.language:
            dump["student_languageproficiency"].add(
                id=self.rows, user_profile_id=profile.user_id + 5, code="en"
            )

    def _certificate(self, learner: Learner, profile: people.Profile, grade: float) -> dict[str, Any] | None:
        course = self.course
        if grade <= 0 or learner.dropped or learner.course_role:
            return None
        passed = bool(letter(course, grade))
        if learner.mode == "audit":
            status = "audit_passing" if passed else "audit_notpassing"
        else:
            status = "downloadable" if passed else "notpassing"
        digits = hexadecimal(32, learner.seed, 92)
        url = (
            f"https://verify.example.org/downloads/{digits}/Certificate.pdf"
            if status == "downloadable"
            else ""
        )
        self.rows += 1
        modified = self.certified_at + learner.index % 3 * HOUR
        self.dump["certificates_generatedcertificate"].add(
            id=self.rows,
            user_id=learner.user_id,
            download_url=url,
            grade=f"{grade:.2f}",
            course_id=course.id,
            key=digits if url else "",
            distinction=0,
            status=status,
            verify_uuid=digits,
            download_uuid=digits if url else "",
            name=profile.name,
            created_date=sql(self.certified_at) + (".125000" if learner.index % 4 == 0 else ""),
            modified_date=sql(modified),
            error_reason="",
            mode="verified" if learner.upgraded else "honor",
        )
        return {"status": status, "grade": grade, "created": clock.iso(self.certified_at)}

    def _modules(self, learner: Learner, done: Record) -> None:
        course = self.course
        if not done.chapters and not done.videos:
            return

        def add(
            category: str, url_name: str, day: int, state: object, grade: Value = None, maximum: Value = None
        ) -> None:
            self.rows += 1
            time = sql(self.campus.first + day * DAY + 12 * HOUR + self.rows % 3000 * SECOND)
            awkward = learner.slot == 2 and category == "problem" and grade is not None
            self.dump["courseware_studentmodule"].add(
                raw_breaks=awkward,
                id=self.rows,
                module_type=category,
                module_id=course.usage_key(category, url_name),
                student_id=learner.user_id,
                state=json.dumps(state, indent="\t" if awkward else None),
                grade=grade,
                created=time,
                modified=time,
                max_grade=maximum,
                done="na",
                course_id=course.id,
            )

        if done.chapters:
            first = min(done.chapters.values())
            add("course", course.key.run, first, {"position": len(done.chapters)})
        for url_name, day in done.chapters.items():
            add("chapter", url_name, day, {"position": 1})
        for url_name, (day, position) in done.sequentials.items():
            add("sequential", url_name, day, {"position": position})
        for url_name, day in done.videos.items():
            add("video", url_name, day, {"saved_video_position": "00:01:20", "speed": 1.5})
        for url_name, day in done.essays.items():
            add("openassessment", url_name, day, {"submission_uuid": None})
        for problem, (day, result) in done.problems.items():
            state = problem_state(course, learner, problem, result)
            if result is None:
                add("problem", problem.url_name, day, state)
            else:
                add("problem", problem.url_name, day, state, float(result.points), float(problem.points))

    def _grades(self, learner: Learner, done: Record, grade: float) -> None:
        course, dump = self.course, self.dump
        tried = [day for day, result in done.problems.values() if result is not None]
        if not tried or learner.kind == "vanished":
            return
        start = self.campus.first + 12 * HOUR
        mark = letter(course, grade)
        dump["grades_persistentcoursegrade"].add(
            course_id=course.id,
            user_id=learner.user_id,
            grading_policy_hash=hexadecimal(28, course.seed, 93),
            percent_grade=grade,
            letter_grade=mark,
            passed_timestamp=sql(start + max(tried) * DAY) if mark else None,
            created=sql(start + min(tried) * DAY),
            modified=sql(start + max(tried) * DAY),
        )
        for chapter in course.chapters:
            for section in chapter.sequentials:
                if section.hidden or not any(isinstance(b, Problem) for u in section.units for b in u.blocks):
                    continue
                earned, possible, any_tried = section_points(section, done)
                graded = section.grading is not None
                day = done.sequentials.get(section.url_name, (max(tried), 0))[0]
                dump["grades_persistentsubsectiongrade"].add(
                    course_id=course.id,
                    user_id=learner.user_id,
                    usage_key=course.usage_key("sequential", section.url_name),
                    earned_all=earned,
                    possible_all=possible,
                    earned_graded=earned if graded else 0.0,
                    possible_graded=possible if graded else 0.0,
                    first_attempted=sql(start + day * DAY) if any_tried else None,
                    created=sql(start + day * DAY),
                    modified=sql(start + max(tried) * DAY),
                )

    def _account_row(
        self,
        learner: Learner,
        profile: people.Profile,
        done: Record,
        grade: float,
        present: bool,
        certificate: dict[str, Any] | None,
    ) -> dict[str, Any]:
        return {
            "course_id": self.course.key.slash,
            "user_id": learner.user_id,
            "username": learner.username,
            "kind": learner.kind,
            "in_dump": present,
            "course_role": learner.course_role,
            "forum_roles": learner.forum_roles if present else [],
            "profile": {k: v for k, v in asdict(profile).items() if k not in {"joined", "retired"}}
            if present
            else None,
            "enrollment": {
                "created": clock.iso(learner.enrolled),
                "is_active": int(not learner.dropped),
                "mode": learner.mode,
            }
            if present
            else None,
            "verified": clock.full_iso(learner.upgraded) if learner.upgraded else None,
            "dropped": clock.full_iso(learner.dropped) if learner.dropped else None,
            "certificate": certificate,
            "grade": grade,
            "passing_grade": min(cutoffs(self.course).values()),
            "chapters": list(done.chapters),
            "problems": {
                problem.url_name: None
                if result is None
                else {
                    "attempts": result.attempts,
                    "correct": list(result.correct),
                    "points": result.points,
                    "shown": result.shows_answer,
                }
                for problem, (_, result) in done.problems.items()
            },
            "posts": {kind: self.posts[learner.index, kind] for kind in ("thread", "response", "comment")},
            "partner": self._partner(learner),
        }


def problem_state(
    course: Course, learner: Learner, problem: Problem, result: Outcome | None
) -> dict[str, Any]:
    """The state that edX keeps of a problem that a learner has opened."""
    seed = seed_of(learner, problem)
    if result is None:
        return {"seed": seed, "input_state": {}}
    made = submit(course, learner, problem, result, result.attempts)
    return {
        "seed": seed,
        "attempts": result.attempts,
        "done": True,
        "correct_map": made.correct_map,
        "student_answers": made.answers,
        "input_state": {name: {} for name in made.answers},
        "last_submission_time": clock.iso(course.start),
    }
