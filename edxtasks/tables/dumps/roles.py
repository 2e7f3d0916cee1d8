"""The table `roles`: who is staff of a course, with course roles and forum roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.dumps.file_pieces import writable_directory
from edxtasks.dumps.reader import INTEGER, STRING, DeliveredTable, Field
from edxtasks.dumps.row_files import csv_file, write_json_lines
from edxtasks.dumps.sources import is_empty, logical_file, spelt
from edxtasks.errors import SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, JsonLines
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
user_id INTEGER -- account id; one row each for all who have a role
course_id STRING -- course key, slash form
roles_isBetaTester INTEGER -- 1 with the course role beta_testers, else NULL
roles_isInstructor INTEGER -- 1 with the course role instructor, else NULL
roles_isStaff INTEGER -- 1 with the course role staff, else NULL
roles_isCCX INTEGER -- 1 with the course role ccx_coach, else NULL
roles_isFinance INTEGER -- 1 with the course role finance_admin, else NULL
roles_isLibrary INTEGER -- 1 with the course role library_user, else NULL
roles_isSales INTEGER -- 1 with the course role sales_admin, else NULL
forumRoles_isAdmin INTEGER -- 1 with the forum role Administrator, else NULL
forumRoles_isCommunityTA INTEGER -- 1 with the forum role Community TA, else NULL
forumRoles_isModerator INTEGER -- 1 with the forum role Moderator, else NULL
forumRoles_isStudent INTEGER -- 1 with the forum role Student, which everybody enrolled has, else NULL
roles STRING -- Staff with any course role or any forum role but Student, else Student
""")
OUTPUT_FILES = ("roles.csv", "roles.json.gz")

COURSE_ROLES: Mapping[str, str] = {
    "beta_testers": "roles_isBetaTester",
    "instructor": "roles_isInstructor",
    "staff": "roles_isStaff",
    "ccx_coach": "roles_isCCX",
    "finance_admin": "roles_isFinance",
    "library_user": "roles_isLibrary",
    "sales_admin": "roles_isSales",
}
FORUM_ROLES: Mapping[str, str] = {
    "Administrator": "forumRoles_isAdmin",
    "Community TA": "forumRoles_isCommunityTA",
    "CommunityTA": "forumRoles_isCommunityTA",
    "Community": "forumRoles_isCommunityTA",
    "Moderator": "forumRoles_isModerator",
    "Student": "forumRoles_isStudent",
}
OTHER_ROLES = frozenset(
    {
        "Group Moderator",
        "course_creator_group",
        "data_researcher",
        "eshe_instructor",
        "limited_staff",
        "org_course_creator_group",
        "support",
        "teaching_assistant",
    }
)
"""Roles of edX that have no column of their own. Only these are named in messages: what else stands in the
column of the role may be anything, where columns are shifted."""
_UNKNOWN_ROLE = "others that edxtasks does not know"
_SOURCES = {"rolecourse": "role", "roleforum": "name"}


def sources(of: Instance) -> dict[str, Path | None]:
    """`rolecourse` and `roleforum` of the course's SQL directory.

    Raises `SourceAbsentError` when neither was delivered.
    """
    directory = sql_directory(of.course, of.settings)
    found = {name: logical_file(directory, name) for name in _SOURCES}
    if all(path is None or is_empty(path) for path in found.values()):
        raise SourceAbsentError(
            f"neither rolecourse nor roleforum was delivered (looked in {directory})", spelt(_SOURCES)
        )
    return found


def build(inputs: BuildInputs) -> Content:
    """The rows by `user_id`; written as `OUTPUT_FILES` into the SQL directory, of which the second is loaded.

    Raises `InputError` when a file is broken or lacks the person or the role.
    """
    course, settings, messages = inputs.course, inputs.settings, inputs.messages
    people = gather(course, inputs.files, settings.max_bad_fraction, messages)
    target = writable_directory(sql_directory(course, settings), inputs.scratch, messages)
    csv_path, json_path = (target / name for name in OUTPUT_FILES)
    with csv_file(csv_path, SCHEMA.names) as table:
        for row in rows(course, people):
            table.record(row.get(name) for name in SCHEMA.names)
        write_json_lines(json_path, rows(course, people))
    return JsonLines((json_path,))


People = dict[int, frozenset[str]]
"""By user id: `Staff` and the names of the flags that are set. Few different sets, each kept once."""


def gather(
    course: CourseKey, sources: Mapping[str, Path | None], max_bad_fraction: float, messages: Messages
) -> People:
    """What each person of `course` is, from the two delivered tables. Raises as `build`."""
    people: People = {}
    known: dict[frozenset[str], frozenset[str]] = {}
    unlisted: Counter[str] = Counter()
    opened = False
    nameless = 0
    for name, column in _SOURCES.items():
        path = sources.get(name)
        table = None
        if path is not None:
            table = DeliveredTable(path, messages, course=course, max_bad_fraction=max_bad_fraction)
        if table is None or not table.header:
            messages.note(f"{name} was not delivered: its columns are NULL")
            continue
        opened = True
        listed = COURSE_ROLES if name == "rolecourse" else FORUM_ROLES
        fields = (Field("user_id", INTEGER), Field(column, STRING))
        for user, role in table.rows(fields, "user_id", needed=[column]):
            role = (role or "").strip()
            if not role:
                nameless += 1
                continue
            flags = {listed[role]} if role in listed else set()
            if not flags:
                unlisted[role if role in OTHER_ROLES else _UNKNOWN_ROLE] += 1
            if name == "rolecourse" or role != "Student":
                flags.add("Staff")
            merged = people.get(user, frozenset()) | flags
            people[user] = known.setdefault(merged, merged)
    if not opened:
        raise SourceAbsentError("neither rolecourse nor roleforum was delivered")
    if nameless:
        messages.add(f"left out {quantity(nameless, 'record')} without a role")
    if unlisted:
        told = ", ".join(f"{role} ({number})" for role, number in sorted(unlisted.items()))
        messages.note(f"roles without a column of their own, taken as staff: {told}")
    return people


def rows(course: CourseKey, people: People) -> Iterator[dict[str, object]]:
    """The rows of the table, by `user_id`; flags that are not set are left out."""
    for user in sorted(people):
        flags = people[user]
        yield {
            "user_id": user,
            "course_id": course.slash,
            **{name: 1 for name in SCHEMA.names if name in flags},
            "roles": "Staff" if "Staff" in flags else "Student",
        }


TABLE = Table(
    command="make_roles",
    sets=("doall", "setup_sql"),
    grain="user_id",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"file:rolecourse.csv": Need.OPTIONAL, "file:roleforum.csv": Need.OPTIONAL},
        outputs=OUTPUT_FILES,
    ),
)
