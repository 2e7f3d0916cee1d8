"""The delivered tables of the simulated package: their columns, and how rows are spelt in them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from edxtasks.files import writing
from edxtasks.simulate.courses import Course

Value = str | int | float | None

_OBSOLETE = (
    "status", "email_key", "avatar_type", "country", "show_country", "date_of_birth", "interesting_tags",
    "ignored_tags", "email_tag_filter_strategy", "display_tag_filter_strategy",
    "consecutive_days_visit_count",
)  # fmt: skip

USERS = (
    "id", "username", "first_name", "last_name", "email", "password", "is_staff", "is_active",
    "is_superuser", "last_login", "date_joined",
)  # fmt: skip
_PROFILES_OLD = (
    "id", "user_id", "name", "language", "location", "meta", "courseware", "gender", "mailing_address",
    "year_of_birth", "level_of_education", "goals", "allow_certificate", "country", "city",
)  # fmt: skip
_PROFILES_NEW = (
    "id", "name", "meta", "courseware", "language", "location", "year_of_birth", "gender",
    "level_of_education", "mailing_address", "city", "country", "goals", "bio",
    "profile_image_uploaded_at", "user_id", "state",
)  # fmt: skip
_CERTIFICATES = (
    "id", "user_id", "download_url", "grade", "course_id", "key", "distinction", "status", "verify_uuid",
    "download_uuid", "name", "created_date", "modified_date", "error_reason", "mode",
)  # fmt: skip
_STUDENTMODULE = (
    "id", "module_type", "module_id", "student_id", "state", "grade", "created", "modified", "max_grade",
    "done", "course_id",
)  # fmt: skip


def tables(course: Course) -> dict[str, tuple[str, ...]]:
    """Tables of a course's dump with their columns; courses with slash keys have the older generation."""
    old = not course.opaque
    return {
        "auth_user": USERS + (_OBSOLETE if old else ()),
        "auth_userprofile": _PROFILES_OLD if old else _PROFILES_NEW,
        "student_courseenrollment": ("id", "user_id", "course_id", "created", "is_active", "mode")
        if old
        else ("id", "course_id", "created", "is_active", "mode", "user_id"),
        "certificates_generatedcertificate": _CERTIFICATES,
        "user_id_map": ("hash_id", "id" if old else "user_id", "username"),
        "courseware_studentmodule": _STUDENTMODULE,
        "student_courseaccessrole": ("org", "course_id", "user_id", "role"),
        "django_comment_client_role_users": ("course_id", "user_id", "name"),
        "user_api_usercoursetag": ("id", "user_id", "key", "course_id", "value")
        if old
        else ("id", "key", "course_id", "value", "user_id"),
        "grades_persistentcoursegrade": (
            "course_id", "user_id", "grading_policy_hash", "percent_grade", "letter_grade",
            "passed_timestamp", "created", "modified",
        ),
        "grades_persistentsubsectiongrade": (
            "course_id", "user_id", "usage_key", "earned_all", "possible_all", "earned_graded",
            "possible_graded", "first_attempted", "created", "modified",
        ),
        "student_languageproficiency": ("id", "user_profile_id", "code"),
    }  # fmt: skip


class DumpTable:
    """A table of the dump: tab-separated, columns by name, escapes of the time of the export."""

    def __init__(self, path: Path, columns: Sequence[str], escape_returns: bool) -> None:
        self.columns = columns
        self.escape_returns = escape_returns
        self.file = io.TextIOWrapper(writing(path), encoding="utf-8", newline="\n")
        self.file.write("\t".join(columns) + "\n")

    def __enter__(self) -> DumpTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, *, raw_breaks: bool = False, **values: Value) -> None:
        """Add a record; columns that are not named are NULL, names that are no columns are left out.

        `raw_breaks`: line feeds and tabs stay as they are, behind a backslash, as one export process does.
        """
        fields = (self._text(values.get(column), raw_breaks) for column in self.columns)
        self.file.write("\t".join(fields) + "\n")

    def _text(self, value: Value, raw_breaks: bool) -> str:
        if value is None:
            return "NULL"
        if not isinstance(value, str):
            return str(value)
        text = value.replace("\\", "\\\\")
        if raw_breaks:
            return text.replace("\n", "\\\n").replace("\t", "\\\t")
        text = text.replace("\n", "\\n").replace("\t", "\\t")
        return text.replace("\r", "\\r") if self.escape_returns else text
