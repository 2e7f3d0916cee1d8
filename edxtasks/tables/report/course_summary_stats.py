"""The table `report.course_summary_stats`: everything that the reports say of a course, a wide row each.

The rows are those of `broad_stats_by_course`, with the columns of the other tables of the course beside,
under prefixes. Times are seconds since 1970, and some names are misspelt: spreadsheets read them so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edxtasks.content.findings import Findings
from edxtasks.content.listings_file import Listing, find_listing, make_key, read_listings
from edxtasks.content.metainfo import COUNTED_TAGS, typed
from edxtasks.course import CourseKey
from edxtasks.directories import office_file
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Column, Schema

BROAD = "report.broad_stats_by_course"
BY_WRAP = "report.nregistered_by_wrap"
RATES = "report.stats_cert_rates_by_registration"
METAINFO = "report.course_metainfo"
TIME = "report.time_on_task_stats_by_course"
SERIAL_TIME = "report.time_on_task_serial_stats_by_course"
ANSWERS = "report.show_answer_stats_by_course"
LEARNERS = ("viewed", "explored", "certified", "verified")
MEDIANS = {one: f"report.{one}_median_stats_by_course" for one in LEARNERS}

_BROAD = (
    ("STRING", "course_id"),
    (
        "INTEGER",
        """
        registered_sum viewed_sum explored_sum certified_sum certified_and_explored_sum
        certified_or_explored_sum n_male n_female n_usa_and_viewed n_bachplus_in_reg
        n_bachplus_in_viewed n_not_bachplus_in_reg n_not_bachplus_in_viewed n_male_viewed
        n_female_viewed n_verified_id verified_viewed verified_explored verified_certified
        """,
    ),
    ("FLOAT", "verified_avg_grade"),
    (
        "INTEGER",
        """
        verified_n_male verified_n_female n_reg_nonzero_grade n_viewed_nonzero_grade
        n_explored_nonzero_grade nplay_video_sum
        """,
    ),
    ("FLOAT", "nchapters_avg"),
    ("INTEGER", "ndays_act_sum nevents_sum nforum_posts_sum"),
    ("FLOAT", "min_gade_certified min_start_time max_last_event"),
    (
        "INTEGER",
        """
        max_nchapters nforum_votes_sum nforum_endorsed_sum nforum_threads_sum nforum_commments_sum
        nforum_pinned_sum
        """,
    ),
    ("FLOAT", "nprogcheck_avg certified_nprogcheck verified_nprogcheck"),
    ("INTEGER", "nshow_answer_sum nseq_goto_sum npause_video_sum"),
    ("FLOAT", "avg_of_avg_dt avg_of_sum_dt certified_avg_dt certified_sum_dt"),
    ("INTEGER", "n_have_ip n_missing_cc"),
)
_BY_WRAP = (
    ("FLOAT", "wrap_date"),
    ("INTEGER", "nregistered_by_wrap"),
    ("FLOAT", "nregistered_by_wrap_pct"),
)
_RATES = (
    ("STRING", "course_id"),
    ("FLOAT", "wrap_date"),
    ("INTEGER", "nregistered ncertified ncertified_by_ewrap nviewed nregistered_by_wrap"),
    ("FLOAT", "nregistered_by_wrap_pct"),
    (
        "INTEGER",
        """
        nviewed_by_wrap nviewed_by_ewrap nregistered_before_launch
        ncertified_and_registered_before_launch nregistered_during_course
        ncertified_and_registered_during_course
        """,
    ),
    (
        "FLOAT",
        """
        pct_certified_of_reg pct_certified_reg_before_launch pct_certified_reg_during_course
        pct_certified_of_reg_by_wrap pct_certified_of_viewed pct_certified_of_viewed_by_wrap
        pct_certified_of_viewed_by_ewrap
        """,
    ),
)
_MEDIANS = (
    ("STRING", "course_id"),
    (
        "INTEGER",
        """
        nplay_video_median ndays_act_median nchapters_median nevents_median nforum_posts_median
        """,
    ),
    ("FLOAT", "grade_median"),
    (
        "INTEGER",
        """
        nforum_votes_median nforum_endorsed_median nforum_threads_median nforum_comments_median
        nprogcheck_median nshow_answer_median npause_video_median
        """,
    ),
    ("FLOAT", "avg_dt_median sum_dt_median"),
)
_FRACTIONS = (("FLOAT", "frac_nonzero_play_video frac_nonzero_grade frac_nonzero_forum_posts"),)
_LISTED = (
    (
        "STRING",
        """
        Institution Semester New_or_Rerun Andrew_Recodes_New_Rerun Course_Number Short_Title
        Andrew_s_Short_Titles Title Instructors 4_way_Category_by_name 4_way_CS_STEM_HSocSciGov_HumHistRel
        Registration_Open Course_Launch Course_Wrap course_id Empirical_Course_Wrap MinPassGrade
        """,
    ),
    ("INTEGER", "Andrew_s_Order certifies"),
)
_LENGTH = (
    ("INTEGER", "course_length_days"),
    ("FLOAT", "nquant_per_week total_assessments_per_week nqual_per_week nweeks"),
)
_EXCLUDED = ("chapter", "video", "problem", "sequential")
_OTHER_TAGS = """
    impl track choice choicegroup plot_payload emph button vsepr_input sqrt designprotein2dinput
    editamoleculeinput canvas meta label select nobr object big max_score form caption h5 blockquotes block
    del param var col colgroup wrapper map area wbr
"""
_PARTS = ("total", "problem", "video", "forum")
_ANSWERED = ("problem_seen", "not_attempted", "attempted", "perfect", "partial")


@dataclass(frozen=True)
class Taken:
    """A column that is taken from another table: `source`, and its name there."""

    column: Column
    source: str
    name: str


def _typed_names(runs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Names of columns with their types, from runs of names with one type."""
    for kind, names in runs:
        for name in names.split():
            yield name, kind


def _taken(source: str, columns: Iterable[tuple[str, str]], prefix: str = "") -> Iterator[Taken]:
    table = source.removeprefix("report.")
    for name, kind in columns:
        seconds = ", in seconds since 1970" if name in _TIMES else ""
        yield Taken(Column(prefix + name, kind, f"{name} of {table}{seconds}"), source, name)


_TIMES = {"min_start_time", "max_last_event", "wrap_date"}


def _from_tables() -> Iterator[Taken]:
    yield from _taken(BROAD, _typed_names(_BROAD))
    for one in _taken(BY_WRAP, _typed_names(_BY_WRAP)):
        named = Column("nbw_wrap_date", one.column.type, one.column.description)
        yield Taken(named, one.source, one.name) if one.name == "wrap_date" else one
    yield from _taken(RATES, _typed_names(_RATES), "cbr_")
    for learners, source in MEDIANS.items():
        age = "INTEGER" if learners == "explored" else "FLOAT"
        columns = _typed_names((*_MEDIANS, (age, "age_in_2014_median"), *_FRACTIONS))
        yield from _taken(source, columns, f"msbc_{learners}_")
    groups = ("", "_viewed", "_certified", "_verified")
    for source, prefix, hours in ((TIME, "ToT_", "hours"), (SERIAL_TIME, "SToT_", "serial_hours")):
        names = (f"{s}_{part}_{hours}{of}" for s in ("sum", "median") for of in groups for part in _PARTS)
        yield from _taken(source, ((name, "FLOAT") for name in names), prefix)
    groups = ("", "_explored", "_certified", "_verified")
    names = (
        f"{s}_pct_show_answer_{which}{of}" for s in ("avg", "median") for of in groups for which in _ANSWERED
    )
    yield from _taken(ANSWERS, ((name, "FLOAT") for name in names), "SAS_")


def _from_metainfo() -> Iterator[Column]:
    for name, kind in _typed_names(_LISTED):
        yield Column(f"listings_{name}", kind, "from the listings file")
    for name, kind in _typed_names(_LENGTH):
        yield Column(name, kind, f"{name} of course_metainfo")
    for name in _EXCLUDED:
        text = f"{name} elements that fewer than 20 learners opened"
        yield Column(f"nexcluded_sub_20_{name}", "INTEGER", text)
    for tag in (*COUNTED_TAGS, *_OTHER_TAGS.split()):
        yield Column(f"count_{tag}", "INTEGER", f"{tag} elements")


FROM_TABLES = tuple(_from_tables())
FROM_METAINFO = tuple(_from_metainfo())
COMPUTED = (
    Column("frac_female", "FLOAT", "women among the men and women who viewed; NULL without any"),
    Column(
        "certified_of_nregistered_by_wrap_pct",
        "FLOAT",
        "certified_sum, percent of nregistered_by_wrap; NULL without any",
    ),
    Column("nforum_posts_per_week", "FLOAT", "posts in the forum a week; NULL without posts or known length"),
)


def _in_order() -> Iterator[Column]:
    """The columns, in the order of the tables that they come from."""
    for source in (BROAD, BY_WRAP):
        yield from (one.column for one in FROM_TABLES if one.source == source)
    yield from COMPUTED[:2]
    yield from (one.column for one in FROM_TABLES if one.source not in {BROAD, BY_WRAP})
    yield from FROM_METAINFO
    yield COMPUTED[2]


def sources(of: Instance) -> dict[str, Path | None]:
    """`listings`, where the setting names a file. Raises `InputError` when that is not there."""
    listings = of.settings.paths.listings
    return {"listings": office_file("listings", listings) if listings is not None else None}


def build(inputs: BuildInputs) -> Content:
    """A row for each course of `broad_stats_by_course`, in its order."""
    findings = Findings()
    tables = {
        source: {str(row["course_id"]): row for row in inputs.rows(source) or ()}
        for source in dict.fromkeys(one.source for one in FROM_TABLES)
    }
    metainfo: dict[str, dict[str, object]] = {}
    for row in inputs.rows(METAINFO) or ():
        metainfo.setdefault(str(row["course_id"]), {})[make_key(str(row["key"]))] = row["value"]
    path = inputs.files["listings"]
    listings = read_listings(path, findings) if path is not None else []
    rows = [
        summary(
            {source: of_course.get(course, {}) for source, of_course in tables.items()},
            metainfo.get(course, {}),
            _listing(course, listings, findings),
            findings,
        )
        for course in tables[BROAD]
    ]
    findings.tell(inputs.messages)
    return rows


def summary(
    tables: Mapping[str, Row], metainfo: Mapping[str, object], listing: Listing, findings: Findings
) -> Row:
    """The row of a course: of its row in each table ({} where it has none), its `course_metainfo` by key, and
    its row in the listings file, which fills what is missing."""
    row: dict[str, object] = {
        one.column.name: _plain(one.column, tables[one.source].get(one.name)) for one in FROM_TABLES
    }
    listed = {f"listings_{make_key(heading)}": text for heading, text in listing.items()}
    for column in FROM_METAINFO:
        value = metainfo.get(column.name)
        if value is None or not str(value).strip():
            value = listed.get(column.name)
        row[column.name] = None if value is None else typed(column, value, findings)
    broad = tables[BROAD]
    women, men = _number(broad.get("n_female_viewed")), _number(broad.get("n_male_viewed"))
    by_wrap = _number(tables[BY_WRAP].get("nregistered_by_wrap"))
    row["frac_female"] = _ratio(women, (women or 0) + (men or 0))
    certified = _ratio(_number(broad.get("certified_sum")), by_wrap)
    row["certified_of_nregistered_by_wrap_pct"] = None if certified is None else 100 * certified
    posts = _number(broad.get("nforum_posts_sum")) or None
    row["nforum_posts_per_week"] = _ratio(posts, _number(row["nweeks"]))
    return row


def _listing(course: str, listings: list[dict[str, str | None]], findings: Findings) -> Listing:
    key = CourseKey.find(course)
    return (find_listing(listings, key, findings) if key is not None else None) or {}


def _plain(column: Column, value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value) if column.type == "FLOAT" and isinstance(value, int) else value


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


TABLE = Table(
    command="analyze_content when force_recompute, analyze_course when force_recompute",
    scope=Scope.GROUP,
    grain="course_id",
    files=("{dataset}__course_summary_stats.csv", "{dataset}__course_summary_stats.json"),
    schema=Schema(tuple(_in_order())),
    inputs={
        **dict.fromkeys((BROAD, BY_WRAP, RATES, METAINFO), Need.REQUIRED),
        **dict.fromkeys((*MEDIANS.values(), TIME, SERIAL_TIME, ANSWERS), Need.OPTIONAL),
    },
    builder=PythonModel(version=1, build=build, sources=sources, reads={"setting:listings": Need.OPTIONAL}),
)
