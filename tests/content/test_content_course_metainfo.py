"""The tables course_metainfo and course_listing_and_metainfo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from build_inputs import inputs
from course_exports import COURSE, bundle, studio, write_tarball

from edxtasks.config import Options, Paths, Settings
from edxtasks.content.findings import LISTINGS, NUMBERS, OVERRIDES, Findings
from edxtasks.content.listings_file import Listing
from edxtasks.content.statistics import statistics
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.content import course_listing_and_metainfo, course_metainfo
from edxtasks.tables.content.course_metainfo import OVERRIDES_FILE, override, read_overrides
from edxtasks.warehouse.rows import Row

FILES = studio(
    '<course><chapter url_name="a"><video url_name="v"/><lti/><problem url_name="p" graded="true">'
    "<coderesponse/></problem></chapter></course>"
)
LISTINGS_FILE = (
    "Title,Course Launch,Course Wrap,course_id,Andrew's Order,certifies\n"
    '"Physics, I",9/4/2013,9/18/2013,MITx/8.01x/3T2013,,1\n'
)
USAGE: tuple[Row, ...] = ({"module_type": "video", "module_id": "i4x://MITx/8.01x/video/v", "ncount": 7},)
BUNDLE = "xbundle_MITx__8.01x__3T2013.xml"


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    write_tarball(tmp_path / COURSE.directory / "2013-09-08" / "course.xml.tar.gz", FILES)
    (tmp_path / "l.csv").write_text(LISTINGS_FILE)
    return Settings(root=tmp_path, paths=Paths(course_sql_date_dir="2013-09-08", listings=Path("l.csv")))


def built(settings: Settings, usage: Iterable[Row] | None = USAGE) -> tuple[dict[object, object], Messages]:
    messages = Messages()
    sources = course_metainfo.sources(Instance(settings, COURSE))
    tables: dict[str, Iterator[Row] | None] = {"stats_module_usage": None if usage is None else iter(usage)}
    rows = course_metainfo.build(inputs(COURSE, settings, sources, settings.root, messages, tables))
    found = list(cast("Iterable[Row]", rows))
    assert {row["course_id"] for row in found} == {str(COURSE)}
    values = {row["key"]: row["value"] for row in found}
    assert len(values) == len(found)  # keys are unique
    return values, messages


def test_rows_in_their_order(site: Settings, tmp_path: Path) -> None:
    values, messages = built(site)
    # Two weeks; the video is excluded; one lti (qualitative) and one coderesponse (quantitative).
    expected = [
        ("course_id", "MITx/8.01x/3T2013"),
        ("course_length_days", "14"),
        ("listings_Title", "Physics, I"),
        ("listings_Course_Launch", "9/4/2013"),
        ("listings_Course_Wrap", "9/18/2013"),
        ("listings_course_id", "MITx/8.01x/3T2013"),
        ("listings_Andrew_s_Order", None),
        ("listings_certifies", "1"),
        ("nweeks", "2.0"),
        ("nqual_per_week", "0.5"),
        ("nquant_per_week", "0.5"),
        ("total_assessments_per_week", "1.0"),
        ("filename_xbundle", BUNDLE),
        ("filename_listings", "l.csv"),
        ("count_chapter", "1"),
        ("count_coderesponse", "1"),
        ("count_lti", "1"),
        ("count_problem", "1"),
        ("problem_stat_n_capa_problems", "1"),
        ("problem_stat_n_capa_problems_graded", "1"),
        ("problem_stat_n_graded_showanswer_finished", "1"),
        ("problem_stat_n_graded_shownanswer_finished", "1"),
        ("problem_stat_n_showanswer_finished", "1"),
        ("problem_stat_n_shownanswer_finished", "1"),
        ("nexcluded_sub_20_video", "1"),
    ]
    assert list(values.items()) == expected
    assert messages.lines == []
    lines = (tmp_path / COURSE.directory / "2013-09-08" / "course_metainfo.csv").read_text().splitlines()
    assert lines[:4] == [
        "course_id,key,value",
        "MITx/8.01x/3T2013,course_id,MITx/8.01x/3T2013",
        "MITx/8.01x/3T2013,course_length_days,14",
        'MITx/8.01x/3T2013,listings_Title,"Physics, I"',
    ]
    assert lines[7] == "MITx/8.01x/3T2013,listings_Andrew_s_Order,"
    assert len(lines) == len(expected) + 1
    assert course_metainfo.OUTPUT_FILES == ("course_metainfo.csv",)


def test_what_does_not_occur_has_no_row(site: Settings) -> None:
    folder = site.root / COURSE.directory / "2013-09-08"
    write_tarball(folder / "course.xml.tar.gz", studio("<course><problem/></course>"))
    values, _ = built(site)
    assert [key for key in map(str, values) if key.startswith("problem_stat_")] == [
        "problem_stat_n_capa_problems",
        "problem_stat_n_showanswer_finished",
        "problem_stat_n_shownanswer_finished",
    ]


@pytest.mark.parametrize("usage", [None, ()])
def test_without_use_of_modules_nothing_is_excluded(site: Settings, usage: tuple[Row, ...] | None) -> None:
    values, messages = built(site, usage)
    assert values["count_video"] == "1"
    assert "nexcluded_sub_20_video" not in values
    assert messages.lines == [
        "use of modules (1): stats_module_usage is empty or absent: no content is excluded"
    ]


@pytest.mark.parametrize(
    ("launch", "wrap", "days", "weeks", "told"),
    [
        ("9/4/2013", "N/A", None, None, '"Course Wrap" of the listings file is not a date'),
        ("", "9/18/2013", None, None, '"Course Launch" of the listings file is not a date'),
        ("9/18/2013", "9/4/2013", "-14", "-2.0", '"Course Wrap" is not after "Course Launch"'),
        ("9/4/2013", "2013-09-04", "0", "0.0", '"Course Wrap" is not after "Course Launch"'),
    ],
)
def test_dates_that_do_not_do(
    site: Settings, launch: str, wrap: str, days: str | None, weeks: str | None, told: str
) -> None:
    (site.root / "l.csv").write_text(
        f"course_id,Course Launch,Course Wrap\nMITx/8.01x/3T2013,{launch},{wrap}\n"
    )
    values, messages = built(site)
    assert (values["course_length_days"], values["nweeks"]) == (days, weeks)
    assert (
        values["nqual_per_week"] is values["nquant_per_week"] is values["total_assessments_per_week"] is None
    )
    assert told in messages.lines[0]


def test_dates_with_two_digits_or_iso(site: Settings) -> None:
    (site.root / "l.csv").write_text(
        "course_id,Course Launch,Course Wrap\nMITx/8.01x/3T2013,9/4/13,2013-09-18\n"
    )
    assert built(site)[0]["course_length_days"] == "14"


def test_columns_that_give_one_key() -> None:
    listing: Listing = {"A-B": "1", "A B": "2"}
    findings = Findings()
    counted = statistics(bundle(FILES)[0], {})
    values = course_metainfo.metainfo(COURSE, listing, counted, "b", "l", findings)
    assert values["listings_A_B"] == "1"
    assert findings.of(LISTINGS) == ['column "A B" is left out: another one gives listings_A_B']


def test_no_listing_is_skipped(site: Settings) -> None:
    (site.root / "l.csv").write_text("course_id\nMITx/8.02x/3T2013\n")
    with pytest.raises(SourceAbsentError, match=r"no listing: .*l\.csv has no row of MITx/8\.01x/3T2013"):
        built(site)
    (site.root / "l.csv").unlink()
    with pytest.raises(SourceAbsentError, match=r"no listing: .*l\.csv does not exist"):
        built(site)
    with pytest.raises(SourceAbsentError, match="no listing: the setting listings is not set"):
        built(replace(site, paths=replace(site.paths, listings=None)))


def test_a_mended_bundle_comes_first(site: Settings) -> None:
    folder = site.root / COURSE.directory / "2013-09-08"
    (folder / BUNDLE).write_text("<course><chapter/><chapter/></course>")
    assert built(site)[0]["count_chapter"] == "1"  # of the export: the bundle may be an old one
    (folder / f"{BUNDLE}.fixed").write_text("<course><chapter/><chapter/><chapter/></course>")
    values, _ = built(site)
    assert (values["count_chapter"], values["filename_xbundle"]) == ("3", f"{BUNDLE}.fixed")


def test_without_the_export_its_bundle_does(site: Settings) -> None:
    folder = site.root / COURSE.directory / "2013-09-08"
    (folder / "course.xml.tar.gz").unlink()
    with pytest.raises(SourceAbsentError, match="no course content"):
        built(site)
    (folder / BUNDLE).write_bytes(bundle(FILES)[0].to_bytes())
    assert built(site)[0]["count_chapter"] == "1"


def test_in_latest_mode_an_earlier_bundle_is_taken(site: Settings) -> None:
    home = site.root / COURSE.directory
    (home / "2014-02-01").mkdir()
    for name, chapters in (("2013-12-01", 2), ("2013-12-08", 3)):
        (home / name).mkdir()
        (home / name / BUNDLE).write_text(f"<course>{'<chapter/>' * chapters}</course>")
    for options in (Options(dataset_latest=True), Options(latest_sql_dir=True)):
        latest = replace(site, options=options)
        assert built(latest)[0]["count_chapter"] == "3"  # the newest by name
        assert (home / "2014-02-01" / "course_metainfo.csv").exists()
        pinned = replace(latest, course_axis_pin_dates={str(COURSE): "2014-02-01"})
        with pytest.raises(SourceAbsentError, match="no course content"):
            built(pinned)


def test_overrides(site: Settings) -> None:
    path = site.root / COURSE.directory / "2013-09-08" / OVERRIDES_FILE
    path.write_text(
        "\ufeffcourse_id,key,value\nMITx/8.01x/3T2013,nweeks,3\ncourse-v1:MITx+8.01x+3T2013,new,x\n"
        "MITx/8.02x/3T2013,nweeks,4\nMITx/8.01x/3T2013,count_lti,\n",
        encoding="utf-8",
    )
    assert course_metainfo.sources(Instance(site, COURSE))["overrides"] == path
    values, messages = built(site)
    assert values["nweeks"] == "3"
    assert list(values)[8] == "nweeks"  # in its place
    assert list(values.items())[-1] == ("new", "x")
    assert values["count_lti"] is None
    assert messages.lines == [
        "overrides (1): ERROR: a row for the course MITx/8.02x/3T2013 in the file of "
        "MITx/8.01x/3T2013: ignored"
    ]


def test_the_last_override_of_a_key_counts() -> None:
    values: dict[str, str | None] = {"a": "1"}
    rows = [(str(COURSE), "a", "2"), (str(COURSE), "a", "3"), ("nonsense", "a", "4")]
    findings = Findings()
    override(values, rows, COURSE, findings)
    assert values == {"a": "3"}
    assert len(findings.of(OVERRIDES)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("course_id,key\na/b/c,x\n", "has no column value"),
        ("", "has no column course_id, key, value"),
        ("course_id,key,value\na/b/c,x,1\na/b/c\n", "line 3: expected"),
    ],
)
def test_overrides_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "o.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_overrides(tmp_path / "o.csv")


# One row.


def pivoted(values: dict[str, str | None]) -> tuple[Row, list[str]]:
    findings = Findings()
    rows: list[Row] = [
        {"course_id": str(COURSE), "key": key, "value": value} for key, value in values.items()
    ]
    return course_listing_and_metainfo.pivot(rows, findings), findings.of(NUMBERS)


def test_columns() -> None:
    names = course_listing_and_metainfo.SCHEMA.names
    # 1 + 14 + 2 + 3 text and listing columns, 1 + 4 of length, 4 excluded, 4 + 14 of problems, 103 counts.
    assert len(names) == len(set(names)) == 150
    assert names[:2] == ("course_id", "listings_Institution")
    assert names[15:20] == (
        *("listings_Andrew_s_Order", "listings_certifies", "listings_MinPassGrade"),
        *("filename_xbundle", "filename_listings"),
    )
    assert names[20:25] == (
        *("course_length_days", "nquant_per_week", "total_assessments_per_week", "nqual_per_week", "nweeks"),
    )
    assert names[25:29] == tuple(
        f"nexcluded_sub_20_{tag}" for tag in ("chapter", "video", "problem", "sequential")
    )
    assert names[33:35] == ("problem_stat_n_showanswer_closed", "problem_stat_n_showanswer_never")
    assert names[40] == "problem_stat_n_graded_showanswer_closed"
    assert (names[47], names[-1]) == ("count_chapter", "count_fieldset")
    types = [column.type for column in course_listing_and_metainfo.SCHEMA]
    assert (
        types
        == ["STRING"] * 15
        + ["INTEGER"] * 2
        + ["STRING"] * 3
        + ["INTEGER"]
        + ["FLOAT"] * 4
        + ["INTEGER"] * 125
    )


def test_values_of_the_row() -> None:
    row, told = pivoted(
        {
            "course_id": "MITx/8.01x/3T2013",
            "course_length_days": "14",
            "nweeks": "2.0",
            "listings_certifies": " 1 ",
            "listings_Andrew_s_Order": "",
            "listings_Title": None,
            "count_chapter": "3.0",
            "count_unheard_of": "5",
        }
    )
    assert {name: value for name, value in row.items() if value is not None} == {
        "course_id": "MITx/8.01x/3T2013",
        "course_length_days": 14,
        "nweeks": 2.0,
        "listings_certifies": 1,
        "count_chapter": 3,
        # Averages over courses are taken of these: none is 0, not unknown.
        "problem_stat_n_capa_problems": 0,
        "problem_stat_n_capa_problems_graded": 0,
        "problem_stat_n_random_script": 0,
        "problem_stat_n_graded_random_script": 0,
    }
    assert tuple(row) == course_listing_and_metainfo.SCHEMA.names
    assert told == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("listings_certifies", "yes"),
        ("count_chapter", "1.5"),
        ("nweeks", "nan"),
        ("count_lti", "inf"),
        ("nweeks", "x"),
    ],
)
def test_text_in_a_column_of_numbers_is_null_and_told(key: str, value: str) -> None:
    row, told = pivoted({key: value})
    assert row[key] is None
    assert told == [key]  # not the value: where columns are shifted it may be anybody's


def test_the_row_of_a_course(site: Settings) -> None:
    sources = course_metainfo.sources(Instance(site, COURSE))
    rows = course_metainfo.build(inputs(COURSE, site, sources, site.root, Messages()))
    messages = Messages()
    tables: dict[str, Iterator[Row] | None] = {"course_metainfo": iter(cast("list[Row]", rows))}
    (row,) = cast(
        "list[Row]", course_listing_and_metainfo.build(inputs(COURSE, site, {}, site.root, messages, tables))
    )
    assert (row["count_chapter"], row["nweeks"], row["listings_Title"]) == (1, 2.0, "Physics, I")
    assert messages.lines == []
