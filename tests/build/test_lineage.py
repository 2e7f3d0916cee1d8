"""The columns of the product's models: where they come from, worked out by hand from their queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from product_registry import product_registry

from edxtasks.build.lineage import Lineage, column_lineage
from edxtasks.build.model import read_models
from edxtasks.build.registry import put_together
from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
from edxtasks.table import TRACKLOG, PythonModel, SqlModel, Table
from edxtasks.warehouse.schema import PARAMETERS, Column, schema

FROM_NOTHING = {
    "course_item.item_points_possible",  # 1.0
    "course_item.problem_points_possible",  # a number of items
    "language_multi_transcripts.resource",
    "pcday_trlang_counts.resource",
    "person_course_base.registered",
    "report.median_stats_by_course.learners",
    "report.time_on_task_hours_by_course.spent_on",  # UNNEST of a list of texts
    "stats_show_ans_before.percent_attempts_correct",  # of numbers of rows
    "video_axis.category",
    "video_durations_day.source",
}
"""Columns from no column that are not of type INTEGER: constants, and what is worked out from counts."""
BY_HAND = {
    # SELECT * of the union over courses
    "report.course_axis": {"name": "course_axis.name", "data": "course_axis.data"},
    # UNNEST and a join
    "person_item": {
        "user_id": "problem_analysis.user_id",
        "item_short_id": "course_item.item_short_id",
        "item_grade": "problem_analysis.item.correct_bool",
        "n_attempts": "problem_analysis.attempts",
        "date": "problem_analysis.created",
    },
    # a star in a step, QUALIFY, joins
    "person_course_base": {
        "course_id": "user_info_combo.certificate_course_id user_info_combo.enrollment_course_id",
        "registered": "",
        "viewed": "pc_nchapters.nchapters",
        "explored": "course_facts.n_chapters pc_nchapters.nchapters",
        "grade": "course_facts.dump_time user_info_combo.certificate_grade "
        "user_info_combo.edxinstructordash_Grade user_info_combo.edxinstructordash_Grade_timestamp",
        "nforum_posts": "pc_forum.nforum",
    },
    # a chain of steps with named windows over the log
    "time_on_task": {
        "course_id": "@course_id",
        "date": "tracklog.time",
        "username": "tracklog.username",
        "total_time_5": "@timeout_short tracklog.event_type tracklog.time",
        "serial_text_time_30": "@timeout_long tracklog.event_type tracklog.time",
    },
    # a union of two tables
    "forum_person": {
        "username": "forum_events.username forum_posts.username forum_votes_day.username",
        "course_id": "@course_id",
        "title": "forum_posts.title",
        "wrote": "forum_posts.slug_id",
        "read": "forum_events.forum_action forum_votes_day.is_undone forum_votes_day.n_votes",
        "last_time": "forum_events.time forum_posts.first_time forum_votes_day.last_time",
    },
    # percentiles over windows, and a list of constants
    "report.median_stats_by_course": {
        "learners": "",
        "nplay_video_median": "person_course.nplay_video",
        "age_in_2014_median": "person_course.YoB",
        "frac_nonzero_grade": "person_course.grade",
        "n_records": "",
    },
    # a subquery over the list of each row; the same table of other courses
    "idv_analysis": {
        "n_correct": "problem_analysis.item.correct_bool",
        "n_previous_certified": "person_course.start_time report.person_course_viewed.certified "
        "report.person_course_viewed.start_time",
        "n_problem_records": "",
        "hours_on_system": "person_course_day.sum_dt",
    },
    # members of records of the log and of the axis; elements of a list that is cut from a text
    "ora_events_day": {"event": "tracklog.event", "action": "tracklog.event_type"},
    "video_modules": {
        "youtube_id": "course_axis.data.ytid",
        "index_chapter": "course_axis.index",
        "video_id": "course_axis.module_id",
    },
}
"""By table and column: what it comes from, in order."""


@pytest.fixture(scope="module")
def registry() -> Mapping[str, Table]:
    """All tables of the product."""
    return product_registry()


@pytest.fixture(scope="module")
def lineage(registry: Mapping[str, Table]) -> Lineage:
    """The lineage of them all."""
    return column_lineage(registry, None)


def told(origins: object) -> str:
    """Origins as the tables above write them."""
    assert isinstance(origins, list)
    return " ".join(f"@{name}" if table == PARAMETERS else f"{table}.{name}" for table, name in origins)


@pytest.mark.parametrize("name", BY_HAND)
def test_columns_come_from_where_the_query_says(lineage: Lineage, name: str) -> None:
    assert {column: told(lineage[name][column]) for column in BY_HAND[name]} == BY_HAND[name]


def paths(columns: tuple[Column, ...], before: str = "") -> Iterator[str]:
    """The names of columns and of members of records."""
    for column in columns:
        yield before + column.name
        yield from paths(column.fields, f"{before}{column.name}.")


def test_each_column_of_each_model_comes_from_what_there_is(
    registry: Mapping[str, Table], lineage: Lineage
) -> None:
    models = {name: table for name, table in registry.items() if isinstance(table.builder, SqlModel)}
    assert set(lineage) == set(models)
    known = {name: set(paths(table.schema.columns)) for name, table in registry.items()}
    known[TRACKLOG] = set(paths(TRACKLOG_SCHEMA.columns))
    from_nothing = set()
    for name, table in models.items():
        assert tuple(lineage[name]) == table.schema.names
        assert isinstance(table.builder, SqlModel)
        for column, origins in lineage[name].items():
            for source, of in origins:
                if source == PARAMETERS:
                    assert of in table.builder.parameters
                else:
                    assert source in table.inputs and of in known[source], f"{name}.{column}"
            if not origins and table.schema[column].type != "INTEGER":  # a number of rows
                from_nothing.add(f"{name}.{column}")
    assert from_nothing == FROM_NOTHING


MODEL = """-- Sums.
-- command: sums
-- grain: one row
SELECT
  SUM(n) AS total -- INTEGER: all
FROM {source}
"""


def test_what_is_known_is_not_worked_out_again(tmp_path: Path) -> None:
    """A cache holds what is the case now; a model that is wrong has no lineage, and stops no other."""
    folder, cache = tmp_path / "area", tmp_path / "lineage.json"
    folder.mkdir()
    other = Table("steps", "steps", schema("n INTEGER -- a number"), PythonModel(1, lambda inputs: []))

    def found() -> Lineage:
        return column_lineage(put_together(read_models(tmp_path, None, {}), [other]), cache)

    (folder / "sums.sql").write_text(MODEL.format(source="steps"))
    (folder / "wrong.sql").write_text(MODEL.format(source="nowhere").replace("sums", "wrong"))
    first = {"sums": {"total": [("steps", "n")]}}
    assert found() == first
    written = cache.read_bytes()
    assert found() == first
    assert cache.read_bytes() == written
    (folder / "sums.sql").write_text(MODEL.format(source="steps").replace("SUM(n)", "COUNT(*)"))
    assert found() == {"sums": {"total": []}}
    assert cache.read_bytes() != written
