"""Which key of an event goes where in a row: the schema, and what the log's history adds to it."""

from __future__ import annotations

from edxtasks.logs.rows.conform import (
    ELSEWHERE,
    JSON,
    JSON_UNLESS_TEXT,
    REPLACED,
    RETIRED,
    level,
)
from edxtasks.logs.tracklog_schema import (
    ANSWER_SCHEMA,
    CONTEXT_SCHEMA,
    EVENT_STRUCT_SCHEMA,
    MODULE_SCHEMA,
    RUBRIC_SCHEMA,
    STATE_SCHEMA,
    TRACKLOG_SCHEMA,
)

LISTED_EVENT_TYPES = frozenset(
    {
        "play_video",
        "seek_video",
        "load_video",
        "speed_change_video",
        "seq_goto",
        "seq_next",
        "seq_prev",
        "problem_check",
        "problem_save",
        "problem_reset",
        "save_problem_success",
        "save_problem_fail",
        "reset_problem_success",
        "reset_problem_fail",
        "show_answer",
        "edx.course.enrollment.activated",
        "edx.course.enrollment.deactivated",
        "edx.course.enrollment.mode_changed",
        "edx.course.enrollment.upgrade.succeeded",
    }
)
LISTED_PART = "problem_"
UNLISTED_PARTS = ("video_embedded", "harvardx.")

UNLISTED_MEMBERS = ("POST", "GET", "query")
"""Members of `event_struct` for events of types that are not listed."""

AGENT_OF_CONTEXT = (
    "application",
    "client",
    "received_at",
    "component",
    "open_in_browser_url",
    "asides",
)
AGENT_OF_MODULE = ("usage_key", "original_usage_version", "original_usage_key")
"""Fields of the context, and of `context.module`, that have no column and are kept in `context.agent`,
those of the module as `module.usage_key` and so on."""

RETIRED_TOP = (
    "referer",
    "accept_language",
    "nonInteraction",
    "label",
    "labels",
    "roles",
    "environment",
    "minion_id",
    "log_file",
    "log_host",
    "source_type",
    "vector_timestamp",
)
RETIRED_CONTEXT = ("label", "enterprise_uuid", "enterprise_enrollment")
RETIRED_EVENT_STRUCT = (
    "requested_skip_interval",
    "submitted_answer",
    "num_attempts",
    "task_id",
    "content",
    "widget_placement",
    "tab_count",
    "current_tab",
    "target_tab",
    "duration",
    "play_medium",
    "username",
)
RETIRED_STATE = ("has_saved_answers",)

JSON_EVENT_STRUCT = (
    "GET",
    "POST",
    "correct_map",
    "answers",
    "submission",
    "old_state",
    "new_state",
    "permutation",
    "options_selected",
    "corrections",
)
JSON_STATE = ("input_state", "correct_map", "student_answers")


def is_listed(event_type: str) -> bool:
    """Whether events of this type have all members in `event_struct`; others have `GET`, `POST`, `query`."""
    if LISTED_PART not in event_type and event_type not in LISTED_EVENT_TYPES:
        return False
    return not any(part in event_type for part in UNLISTED_PARTS)


ORDER_TOP = (
    "time",
    "username",
    "ip",
    "event_source",
    "event_type",
    "agent",
    "page",
    "host",
    "name",
    "session",
    "vname",
    "datafn",
)
"""Columns in the order in which rows have them, before those that are made."""
ORDER_CONTEXT = (
    "course_id",
    "user_id",
    "org_id",
    "username",
    "ip",
    "host",
    "session",
    "path",
    "course_user_tags",
    "module",
)


TOP = level(
    TRACKLOG_SCHEMA,
    special={
        **dict.fromkeys(RETIRED_TOP, RETIRED),
        **dict.fromkeys(("context", "event", "event_struct", "event_js", "mongoid", "_id"), ELSEWHERE),
        "time": REPLACED,
    },
    marks=("course_id", "module_id", "mongoid", "_id", "event_js"),
    order=(*ORDER_TOP, *RETIRED_TOP),
)
CONTEXT = level(
    CONTEXT_SCHEMA,
    "context.",
    special={
        **dict.fromkeys(RETIRED_CONTEXT, RETIRED),
        **dict.fromkeys(("agent", *AGENT_OF_CONTEXT), ELSEWHERE),
        "course_user_tags": JSON_UNLESS_TEXT,
    },
    records={
        "module": level(
            MODULE_SCHEMA,
            "context.module.",
            special=dict.fromkeys(AGENT_OF_MODULE, ELSEWHERE),
        )
    },
    marks=("agent", *AGENT_OF_CONTEXT, "module"),
    order=(*ORDER_CONTEXT, *RETIRED_CONTEXT),
)
EVENT_STRUCT = level(
    EVENT_STRUCT_SCHEMA,
    "event_struct.",
    special={
        **dict.fromkeys(RETIRED_EVENT_STRUCT, RETIRED),
        **dict.fromkeys(JSON_EVENT_STRUCT, JSON),
    },
    records={
        "state": level(
            STATE_SCHEMA,
            "event_struct.state.",
            special={
                **dict.fromkeys(RETIRED_STATE, RETIRED),
                **dict.fromkeys(JSON_STATE, JSON),
            },
        ),
        "answer": level(ANSWER_SCHEMA, "event_struct.answer."),
        "rubric": level(RUBRIC_SCHEMA, "event_struct.rubric."),
    },
)
