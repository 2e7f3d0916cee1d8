"""The tables of summaries that Python makes: dates of courses, and the wide row of each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from build_inputs import inputs
from model_cases import registry

from edxtasks.config import Paths, Settings
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.table import Instance, Need
from edxtasks.tables.report import course_dates, course_summary_stats

A, B = "MITx/6.00x/2013_Spring", "HarvardX/CS50x/2012"
SCHEMA = course_summary_stats.TABLE.schema


def metainfo(course: str, **values: str | None) -> list[dict[str, object]]:
    return [{"course_id": course, "key": key, "value": value} for key, value in values.items()]


def dates_of(rows: list[dict[str, object]], messages: Messages) -> dict[str, dict[str, Any]]:
    given = inputs(None, Settings(), {}, Path(), messages, {"report.course_metainfo": rows})
    return {row["course_id"]: row for row in course_dates.build(given)}  # type: ignore[union-attr, misc]


def test_dates_begin_with_a_day_and_end_with_it() -> None:
    messages = Messages()
    found = dates_of(
        metainfo(
            A,
            listings_Course_Launch="2/4/2013",
            listings_Course_Wrap="2013-06-01",
            listings_Empirical_Course_Wrap="06/08/2013",
        ),
        messages,
    )
    assert found[A] == {
        "course_id": A,
        "launch": datetime(2013, 2, 4, tzinfo=UTC),
        "wrap": datetime(2013, 6, 1, 23, 59, 59, tzinfo=UTC),
        "empirical_wrap": datetime(2013, 6, 8, 23, 59, 59, tzinfo=UTC),
    }
    assert messages.lines == []


def test_what_is_not_a_date_is_not_known_and_told_without_it() -> None:
    messages = Messages()
    found = dates_of(
        [
            *metainfo(A, listings_Course_Wrap="Prof. Jane Doe", listings_Course_Launch=None),
            *metainfo(B, listings_Course_Launch=" ", count_video="3"),
        ],
        messages,
    )
    assert found[A] == {"course_id": A}
    assert found[B] == {"course_id": B, "launch": None}
    assert messages.lines == [f"listings_Course_Wrap is not a date, and counts as not known: {A}"]


def test_the_columns_are_those_of_the_tables_that_they_come_from() -> None:
    assert len(SCHEMA.names) == 427
    other_type = {
        one.column.name
        for one in course_summary_stats.FROM_TABLES
        if registry()[one.source].schema[one.name].type != one.column.type
    }
    ages = {f"msbc_{who}_age_in_2014_median" for who in ("viewed", "certified", "verified")}
    assert other_type == {"min_start_time", "max_last_event", "nbw_wrap_date", "cbr_wrap_date"} | ages
    assert SCHEMA.names[:3] == ("course_id", "registered_sum", "viewed_sum")
    for name, kind in {
        "listings_4_way_CS_STEM_HSocSciGov_HumHistRel": "STRING",
        "listings_certifies": "INTEGER",
        "msbc_explored_age_in_2014_median": "INTEGER",
        "msbc_verified_nforum_votes_median": "INTEGER",
        "ToT_median_video_hours_certified": "FLOAT",
        "SToT_sum_forum_serial_hours_verified": "FLOAT",
        "SAS_avg_pct_show_answer_perfect_explored": "FLOAT",
        "count_video": "INTEGER",
        "count_vsepr_input": "INTEGER",
        "nexcluded_sub_20_sequential": "INTEGER",
        "nforum_posts_per_week": "FLOAT",
    }.items():
        assert SCHEMA[name].type == kind
    needs = course_summary_stats.TABLE.inputs
    assert needs["report.time_on_task_stats_by_course"] is Need.OPTIONAL
    assert needs["report.nregistered_by_wrap"] is Need.REQUIRED


@pytest.fixture
def listings(tmp_path: Path) -> Path:
    path = tmp_path / "listings.csv"
    path.write_text(
        "course_id,Title,Semester,Andrew's Order,certifies\n"
        f"{A},Another title,2013 Spring,7,\n"
        f"course-v1:HarvardX+CS50x+2012,Computers,2012,x,1\n"
    )
    return path


def rows_of(listings: Path | None, messages: Messages, **tables: Any) -> list[dict[str, Any]]:
    given = {f"report.{name}": rows for name, rows in tables.items()}
    files = {"listings": listings}
    return course_summary_stats.build(inputs(None, Settings(), files, Path(), messages, given))  # type: ignore[return-value]


TABLES: dict[str, Any] = {
    "broad_stats_by_course": [
        {
            "course_id": A,
            "certified_sum": 3,
            "n_male_viewed": 6,
            "n_female_viewed": 2,
            "nforum_posts_sum": 30,
            "min_start_time": datetime(2013, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC),
        },
        {
            "course_id": B,
            "certified_sum": 1,
            "n_male_viewed": 0,
            "n_female_viewed": 0,
            "nforum_posts_sum": None,
            "min_start_time": None,
        },
    ],
    "nregistered_by_wrap": [
        {
            "course_id": A,
            "wrap_date": datetime(2013, 6, 1, 23, 59, 59, tzinfo=UTC),
            "nregistered_by_wrap": 12,
            "nregistered_by_wrap_pct": 80.0,
        },
        {"course_id": B, "wrap_date": None, "nregistered_by_wrap": 0, "nregistered_by_wrap_pct": 0.0},
    ],
    "stats_cert_rates_by_registration": [{"course_id": A, "nregistered": 15}],
    "viewed_median_stats_by_course": [{"course_id": A, "age_in_2014_median": 30, "nevents_median": 9}],
    "course_metainfo": [
        *metainfo(A, nweeks="7.5", listings_Title="A title", listings_Semester=None, count_video="31"),
        # Overrides: a key that is a column of another table, and a value that is no number.
        *metainfo(A, certified_sum="99", count_wbr="many"),
        *metainfo("ETHx/AMRx/1T2014", nweeks="3"),
    ],
}


def test_a_row_of_a_course(listings: Path) -> None:
    messages = Messages()
    rows = rows_of(listings, messages, **TABLES)
    assert [row["course_id"] for row in rows] == [A, B]
    assert all(set(row) == set(SCHEMA.names) for row in rows)
    expected = {
        "certified_sum": 3,
        # 1 January 2013 is day 15 706 since 1970
        "min_start_time": 15_706 * 86_400 + 0.25,
        # 1 June 2013 is day 15 857
        "nbw_wrap_date": 15_858 * 86_400 - 1.0,
        "nregistered_by_wrap": 12,
        "frac_female": 0.25,
        "certified_of_nregistered_by_wrap_pct": 25.0,
        "cbr_course_id": A,
        "cbr_nregistered": 15,
        "msbc_viewed_course_id": A,
        "msbc_viewed_age_in_2014_median": 30.0,
        "msbc_viewed_nevents_median": 9,
        "msbc_explored_course_id": None,
        "ToT_sum_total_hours": None,
        "listings_Title": "A title",
        # What the metainfo lacks, the listings file has.
        "listings_Semester": "2013 Spring",
        "listings_Andrew_s_Order": 7,
        "listings_certifies": None,
        "count_video": 31,
        "count_wbr": None,
        "nweeks": 7.5,
        # 30 posts in 7.5 weeks
        "nforum_posts_per_week": 4.0,
    }
    assert {name: rows[0][name] for name in expected} == expected
    assert type(rows[0]["msbc_viewed_age_in_2014_median"]) is float
    assert any("count_wbr" in line for line in messages.lines)


def test_nothing_is_divided_by_zero(listings: Path) -> None:
    messages = Messages()
    row = rows_of(listings, messages, **TABLES)[1]
    names = ("frac_female", "certified_of_nregistered_by_wrap_pct", "nforum_posts_per_week", "min_start_time")
    assert [row[name] for name in names] == [None] * 4
    # The listings file has the course by the other form of its key, and a number that is none.
    assert (row["listings_Title"], row["listings_certifies"]) == ("Computers", 1)
    assert row["listings_Andrew_s_Order"] is None
    assert any("listings_Andrew_s_Order" in line for line in messages.lines)


def test_without_posts_or_weeks_there_is_no_rate() -> None:
    broad = [{**TABLES["broad_stats_by_course"][0], "nforum_posts_sum": 0}]
    rows = rows_of(None, Messages(), **{**TABLES, "broad_stats_by_course": broad})
    assert rows[0]["nforum_posts_per_week"] is None
    assert rows[0]["listings_Semester"] is None
    rows = rows_of(None, Messages(), **{**TABLES, "course_metainfo": metainfo(A, nweeks="0.0")})
    assert rows[0]["nforum_posts_per_week"] is None


def test_a_listings_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    named = Settings(paths=Paths(listings=tmp_path / "gone.csv"))
    with pytest.raises(InputError, match=r"gone\.csv does not exist"):
        course_summary_stats.sources(Instance(named))
    assert course_summary_stats.sources(Instance(Settings())) == {"listings": None}
