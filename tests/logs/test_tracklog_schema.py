"""The schema of tracking-log rows is a contract: its columns, their order and types."""

from __future__ import annotations

from collections import Counter

from edxtasks.logs.tracklog_schema import EVENT_STRUCT_SCHEMA, TRACKLOG_SCHEMA
from edxtasks.warehouse.schema import Column

TOP = (
    "time username ip event_source event_type agent course_id module_id page host vname datafn event_js "
    "context mongoid event_struct event name session"
)
EVENT_STRUCT = (
    "POST:S GET:S course_id:S user_id:I mode:S data:S code:S id:S currentTime:F new:I old:I problem:S type:S "
    "new_time:F old_time:F problem_id:S state:R answers:S submission:S success:S grade:F correct_map:S "
    "attempts:I max_grade:F current_time:F old_speed:F new_speed:F speed:F failure:S course:S "
    "total_results:I query:S corrected_text:S page:I child_id:S group_id:I partition_name:S "
    "partition_id:I group_name:S old_state:S new_state:S status:S is_user_staff:S chapter:S "
    "direction:S name:S amount:F chapter_title:S "
    "caseSensitive:S findPrevious:S highlightAll:S item_id:S submission_returned_uuid:S "
    "requesting_student_id:S saved_response:S answer:R created_at:S attempt_number:I submission_uuid:S "
    "submitted_at:S corrections:S options_selected:S scorer_id:S feedback:S score_type:S parts:S rubric:R "
    "scored_at:S feedback_text:S options:S thumbnail_title:S location:S permutation:S url:S "
    "descriptionText:S description:S title:S aws_secret_key:S uploadedFileDir:S aws_access_key:S "
    "bucketName:S downvotes:I upvotes:I uploadedFileName:S error:S newVotes:I oldVotes:I "
    "old_description:S old_title:S old_url:S old_descriptionText:S toggle:S reason:S "
    "isProblematic:S oldReason:S category:I selection:S "
    "element:S"
)
LETTERS = {"STRING": "S", "INTEGER": "I", "FLOAT": "F", "RECORD": "R", "BOOLEAN": "B"}


def short(column: Column) -> str:
    return f"{column.name}:{LETTERS[column.type]}"


def members(column: Column) -> str:
    return " ".join(map(short, column.fields))


def test_columns() -> None:
    assert TRACKLOG_SCHEMA.names == tuple(TOP.split())
    assert Counter(column.type for column in TRACKLOG_SCHEMA) == {"STRING": 16, "TIMESTAMP": 1, "RECORD": 2}
    assert TRACKLOG_SCHEMA["time"].type == "TIMESTAMP"


def test_event_struct() -> None:
    assert members(TRACKLOG_SCHEMA["event_struct"]) == EVENT_STRUCT
    counts = Counter(column.type for column in EVENT_STRUCT_SCHEMA)
    assert counts == {"STRING": 71, "INTEGER": 14, "FLOAT": 10, "RECORD": 3}
    inside = {column.name: members(column) for column in EVENT_STRUCT_SCHEMA if column.type == "RECORD"}
    assert inside == {
        "state": "student_answers:S seed:I done:B correct_map:S input_state:S",
        "answer": "text:S",
        "rubric": "content_hash:S",
    }


def test_context() -> None:
    context = TRACKLOG_SCHEMA["context"]
    assert members(context) == (
        "course_id:S course_user_tags:S user_id:I org_id:S username:S ip:S agent:S host:S session:S path:S "
        "module:R"
    )
    assert members(context.fields[-1]) == "display_name:S"


def test_every_column_is_described() -> None:
    def undescribed(columns: tuple[Column, ...]) -> list[str]:
        return [
            name
            for column in columns
            for name in ([column.name] if not column.description else []) + undescribed(column.fields)
        ]

    assert undescribed(TRACKLOG_SCHEMA.columns) == []
