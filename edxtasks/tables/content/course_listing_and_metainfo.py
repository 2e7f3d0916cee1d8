"""The table `course_listing_and_metainfo`: `course_metainfo` as one row with fixed columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edxtasks.content.findings import Findings
from edxtasks.content.metainfo import COUNTED_TAGS, typed
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Column, Schema

_LISTED = (
    "Institution",
    "Semester",
    "New_or_Rerun",
    "Course_Number",
    "Short_Title",
    "Andrew_s_Short_Titles",
    "Title",
    "Instructors",
    "4_way_Category_by_name",
    "Registration_Open",
    "Course_Launch",
    "Course_Wrap",
    "course_id",
    "Empirical_Course_Wrap",
)
_SHOWANSWER = ("closed", "never", "attempted", "always", "answered", "finished", "past_due")


def _columns() -> Iterator[Column]:
    yield Column("course_id", "STRING", "course key, slash form")
    for name in _LISTED:
        yield Column(f"listings_{name}", "STRING", "from the listings file")
    for name in ("Andrew_s_Order", "certifies"):
        yield Column(f"listings_{name}", "INTEGER", "from the listings file")
    yield Column("listings_MinPassGrade", "STRING", "from the listings file")
    yield Column("filename_xbundle", "STRING", "bundle that was analysed")
    yield Column("filename_listings", "STRING", "listings file that was used")
    yield Column("course_length_days", "INTEGER", "days from launch to wrap")
    yield Column("nquant_per_week", "FLOAT", "quantitative assessments per week")
    yield Column("total_assessments_per_week", "FLOAT", "assessments per week")
    yield Column("nqual_per_week", "FLOAT", "qualitative assessments per week")
    yield Column("nweeks", "FLOAT", "weeks from launch to wrap")
    for name in ("chapter", "video", "problem", "sequential"):
        yield Column(
            f"nexcluded_sub_20_{name}", "INTEGER", f"{name} elements that fewer than 20 learners opened"
        )
    yield Column("problem_stat_n_capa_problems", "INTEGER", "problems")
    yield Column("problem_stat_n_capa_problems_graded", "INTEGER", "graded problems")
    yield Column("problem_stat_n_random_script", "INTEGER", "problems whose script uses random numbers")
    yield Column("problem_stat_n_graded_random_script", "INTEGER", "graded problems whose script does")
    for kind, text in (("", "problems"), ("graded_", "graded problems")):
        for name in _SHOWANSWER:
            yield Column(
                f"problem_stat_n_{kind}showanswer_{name}", "INTEGER", f"{text} with showanswer={name}"
            )
    for tag in COUNTED_TAGS:
        yield Column(f"count_{tag}", "INTEGER", f"{tag} elements")


SCHEMA = Schema(tuple(_columns()))

COUNTED_FROM_ZERO = (
    "problem_stat_n_capa_problems",
    "problem_stat_n_capa_problems_graded",
    "problem_stat_n_random_script",
    "problem_stat_n_graded_random_script",
)
"""Columns that are 0 where `course_metainfo` has no such key: averages over courses are taken of them."""


def build(inputs: BuildInputs) -> Content:
    """The one row of the table, from the rows of `course_metainfo`."""
    findings = Findings()
    row = pivot(inputs.rows("course_metainfo") or (), findings)
    findings.tell(inputs.messages)
    return [row]


def pivot(rows: Iterable[Row], findings: Findings) -> Row:
    """The values of `course_metainfo` by column; keys without a column are left out.

    Text that is not a number is NULL in a column of numbers, and told. A column of `COUNTED_FROM_ZERO` is 0
    without a key.
    """
    values: dict[str, object] = dict.fromkeys(COUNTED_FROM_ZERO, "0")
    values |= {str(row["key"]): row["value"] for row in rows}
    return {
        column.name: typed(column, value, findings)
        if (value := values.get(column.name)) is not None
        else None
        for column in SCHEMA
    }


TABLE = Table(
    command="analyze_content, analyze_course",
    grain="one row",
    schema=SCHEMA,
    inputs={"course_metainfo": Need.REQUIRED},
    builder=PythonModel(version=2, build=build),
)
