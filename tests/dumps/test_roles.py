"""The table roles."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from build_inputs import built_by

from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.tables.dumps import roles
from edxtasks.warehouse.rows import JsonLines

COURSE = CourseKey("MITx", "6.00x", "1T2014")
OPAQUE = "course-v1:MITx+6.00x+1T2014"

COURSE_HEADER = "org\tcourse_id\tuser_id\trole\n"
FORUM_HEADER = "course_id\tuser_id\tname\n"


def course_role(user: object, role: str, course: str = OPAQUE) -> str:
    return f"MITx\t{course}\t{user}\t{role}\n"


def forum_role(user: object, name: str, course: str = OPAQUE) -> str:
    return f"{course}\t{user}\t{name}\n"


def build(
    base: Path, course: str | None, forum: str | None, messages: Messages | None = None
) -> dict[int, dict[str, Any]]:
    """Rows by user id without user and course."""
    folder = base / "MITx-6.00x-1T2014"
    folder.mkdir(exist_ok=True)
    for name, content in (("rolecourse", course), ("roleforum", forum)):
        if content is not None:
            (folder / f"{name}.sql").write_text(content)
    settings = Settings(root=base, paths=Paths(course_sql_base_dir=base))
    built = built_by(roles, COURSE, settings, base, messages or Messages())
    assert isinstance(built, JsonLines)
    rows = [json.loads(line) for line in gzip.decompress(built.paths[0].read_bytes()).splitlines()]
    assert {row.pop("course_id") for row in rows} <= {"MITx/6.00x/1T2014"}
    assert [row["user_id"] for row in rows] == sorted(row["user_id"] for row in rows)
    return {row.pop("user_id"): row for row in rows}


@pytest.mark.parametrize("name", ["Community TA", "CommunityTA", "Community"])
def test_spellings_of_community_ta(tmp_path: Path, name: str) -> None:
    assert build(tmp_path, None, FORUM_HEADER + forum_role(1, name)) == {
        1: {"forumRoles_isCommunityTA": 1, "roles": "Staff"}
    }


def test_roles_without_a_column_make_staff(tmp_path: Path) -> None:
    messages = Messages()
    rows = build(
        tmp_path,
        COURSE_HEADER + course_role(1, "data_researcher") + course_role(2, "limited_staff"),
        FORUM_HEADER + forum_role(3, "Group Moderator") + forum_role(3, "Student"),
        messages,
    )
    assert rows == {
        1: {"roles": "Staff"},
        2: {"roles": "Staff"},
        3: {"forumRoles_isStudent": 1, "roles": "Staff"},
    }
    assert any(
        "Group Moderator (1), data_researcher (1), limited_staff (1)" in line for line in messages.lines
    )


def test_other_courses_and_records_without_person_are_skipped(tmp_path: Path) -> None:
    rows = build(
        tmp_path,
        COURSE_HEADER
        + course_role(1, "staff")
        + course_role("NULL", "staff")
        + course_role(2, "staff", "MITx/6/2"),
        None,
    )
    assert list(rows) == [1]


@pytest.mark.parametrize("empty", [None, "", COURSE_HEADER])
def test_one_file_is_enough(tmp_path: Path, empty: str | None) -> None:
    assert build(tmp_path, empty, FORUM_HEADER + forum_role(1, "Student")) == {
        1: {"forumRoles_isStudent": 1, "roles": "Student"}
    }


def test_a_header_only_forum_file(tmp_path: Path) -> None:
    assert build(tmp_path, COURSE_HEADER + course_role(1, "staff"), FORUM_HEADER) == {
        1: {"roles_isStaff": 1, "roles": "Staff"}
    }


def test_both_absent(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsentError, match="neither rolecourse nor roleforum was delivered"):
        build(tmp_path, None, None)
    with pytest.raises(SourceAbsentError, match="neither rolecourse nor roleforum was delivered"):
        build(tmp_path, "", "")


def test_a_file_without_its_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"roleforum\.sql: the column name is missing"):
        build(tmp_path, None, "course_id\tuser_id\trole\nx\t1\tStudent\n")


def test_the_files(tmp_path: Path) -> None:
    course = COURSE_HEADER + course_role(2, "staff")
    build(tmp_path, course, FORUM_HEADER + forum_role(1, "Student") + forum_role(2, "Student"))
    folder = tmp_path / "MITx-6.00x-1T2014"
    assert (folder / "roles.csv").read_text().splitlines() == [
        "user_id,course_id,roles_isBetaTester,roles_isInstructor,roles_isStaff,roles_isCCX,roles_isFinance,"
        "roles_isLibrary,roles_isSales,forumRoles_isAdmin,forumRoles_isCommunityTA,forumRoles_isModerator,"
        "forumRoles_isStudent,roles",
        "1,MITx/6.00x/1T2014,,,,,,,,,,,1,Student",
        "2,MITx/6.00x/1T2014,,,1,,,,,,,,1,Staff",
    ]
    before = (folder / "roles.json.gz").read_bytes()
    build(tmp_path, course, None)
    assert (folder / "roles.json.gz").read_bytes() == before
