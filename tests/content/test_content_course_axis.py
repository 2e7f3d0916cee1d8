"""The table course_axis with its files."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from build_inputs import inputs
from course_exports import COURSE, studio, write_tarball
from lxml import etree

from edxtasks.config import Options, Paths, Settings
from edxtasks.content import axis
from edxtasks.content.findings import LONGEST_DESCRIPTION, description
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import Instance, PythonModel
from edxtasks.tables.content import course_axis
from edxtasks.warehouse.rows import Row

FILES = studio(
    '<course display_name="C &quot;1&quot;, é"><chapter url_name="c" start="2013-09-05T00:00:00.5Z">'
    '<sequential url_name="s" graded="true" format="Lab" due="2013-09-10"><problem url_name="p" weight="2.5">'
    "<stringresponse/></problem></sequential></chapter></course>"
)


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    write_tarball(tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz", FILES)
    return Settings(
        root=tmp_path, paths=Paths(course_sql_base_dir=Path("SQL"), course_sql_date_dir="2013-09-08")
    )


def built(settings: Settings, tmp_path: Path) -> tuple[list[Row], Messages, Path]:
    messages = Messages()
    sources = course_axis.sources(Instance(settings, COURSE))
    rows = course_axis.build(inputs(COURSE, settings, sources, tmp_path, messages))
    assert sources["tarball"] is not None
    return list(cast("Iterable[Row]", rows)), messages, sources["tarball"].parent


def test_rows_have_the_columns_of_the_schema(site: Settings, tmp_path: Path) -> None:
    rows, messages, _ = built(site, tmp_path)
    assert [row["url_name"] for row in rows] == ['C_"1",_é', "c", "s", "p"]
    assert [column.name for column in course_axis.SCHEMA["data"].fields] == list(cast("Row", rows[0]["data"]))
    for row in rows:
        assert tuple(row) == course_axis.SCHEMA.names
    assert messages.lines == []
    assert messages.counts["files"] == 3


def test_json_file(site: Settings, tmp_path: Path) -> None:
    _, _, folder = built(site, tmp_path)
    text = (folder / "course_axis.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    first, chapter, sequential, problem = map(json.loads, text.splitlines())
    assert first["name"] == 'C "1", é'
    assert first["start"] is None
    assert chapter["start"] == "2013-09-05 00:00:00.500000"
    assert sequential["due"] == "2013-09-10 00:00:00"
    assert problem["data"] == {
        "ytid": None,
        "weight": 2.5,
        "group_id_to_child": None,
        "user_partition_id": None,
        "itype": "stringresponse",
        "num_items": 1,
        "has_solution": None,
        "has_image": None,
    }


def test_csv_files(site: Settings, tmp_path: Path) -> None:
    _, _, folder = built(site, tmp_path)
    content = (folder / "axis_MITx__8.01x__3T2013.csv").read_bytes()
    assert gzip.decompress((folder / "course_axis.csv.gz").read_bytes()) == content
    lines = content.decode().splitlines()
    assert lines[0].replace('"', "") == (
        "index,url_name,category,gformat,start,due,name,path,module_id,data,chapter_mid,graded,parent,is_split,"
        "split_url_name"
    )
    assert lines[1].startswith(
        '"1","C_""1"",_é","course","","","","C ""1"", é","/1",'
    )  # all quoted, NULL empty
    rows = list(csv.DictReader(lines))
    assert rows[3]["due"] == "2013-09-10 00:00:00"
    assert json.loads(rows[3]["data"])["weight"] == 2.5
    assert {row["is_split"] for row in rows} == {"false"}


def test_bundle_file(site: Settings, tmp_path: Path) -> None:
    _, _, folder = built(site, tmp_path)
    tree = etree.fromstring((folder / "xbundle_MITx__8.01x__3T2013.xml").read_bytes())
    assert tree.find(".//problem") is not None
    assert tree[-1].tag == "metadata"


def test_the_files_are_those_that_are_documented(site: Settings, tmp_path: Path) -> None:
    _, _, folder = built(site, tmp_path)
    documented = {name.format(course=COURSE.directory) for name in course_axis.OUTPUT_FILES}
    assert {path.name for path in folder.iterdir()} == documented | {"course.xml.tar.gz"}
    assert set(course_axis.PUBLISHED_FILES) <= set(course_axis.OUTPUT_FILES)


def test_the_files_are_the_same_bytes_every_time(site: Settings, tmp_path: Path) -> None:
    folder = built(site, tmp_path)[2]
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    built(site, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_a_broken_export_writes_nothing(site: Settings, tmp_path: Path) -> None:
    built(site, tmp_path)
    folder = tmp_path / "SQL" / COURSE.directory / "2013-09-08"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".gz"}
    tarball = folder / "course.xml.tar.gz"
    tarball.write_bytes(tarball.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"course\.xml\.tar\.gz"):
        built(site, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".gz"} == before


MOODLE = """<?xml version="1.0" encoding="UTF-8"?>
<course id="7" contextid="91"><shortname>PHY1</shortname><fullname>Physics</fullname><tags/></course>
"""


@pytest.mark.parametrize(
    ("files", "why"),
    [
        # A backup of Moodle has a course.xml too.
        (
            {"course.xml": MOODLE},
            r"none of its 3 elements \(shortname, fullname, tags\) has a url_name or display_name",
        ),
        (studio("<course/>"), "its course element is empty"),
        (
            studio(
                '<course url_name="a"><chapter url_name="c"/></course>',
                policy='{"course/3T2013": {}, "course/a": {"hide_from_toc": true}}',
            ),
            "its policy hides all of it",
        ),
        ({"course.xml": "<html>Not found</html>"}, "there is no course element"),
        ({"course.xml": b"\x00\x01\x02"}, "there is no course element"),
    ],
)
def test_an_axis_without_rows_is_no_result(
    site: Settings, tmp_path: Path, files: dict[str, str | bytes], why: str
) -> None:
    built(site, tmp_path)
    folder = tmp_path / "SQL" / COURSE.directory / "2013-09-08"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".gz"}
    write_tarball(folder / "course.xml.tar.gz", files)
    with pytest.raises(InputError, match=why) as error:
        built(site, tmp_path)
    assert str(folder / "course.xml.tar.gz") in str(error.value)
    assert "xport" in str(error.value), "it says what to do"
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".gz"} == before


def test_a_wrong_declaration_costs_no_row(site: Settings, tmp_path: Path) -> None:
    """Seen: `encoding="ascii"` over UTF-8."""
    declared = '<?xml version="1.0" encoding="ascii"?>'
    files = studio(
        f'{declared}<course display_name="Physique, été"><chapter url_name="é"/></course>',
        {
            "chapter/é.xml": f'{declared}<chapter display_name="Énergie"/>',
        },
    )
    write_tarball(tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz", files)
    rows, messages, _ = built(site, tmp_path)
    assert [row["name"] for row in rows] == ["Physique, été", "Énergie"]
    assert messages.lines == [
        "encoding is not the one declared (2): course/3T2013.xml: ascii expected, utf-8 found; "
        "chapter/é.xml: ascii expected, utf-8 found"
    ]
    assert messages.counts["warnings"] == 2


def test_halves_of_characters_are_no_defect(site: Settings, tmp_path: Path) -> None:
    files = studio('<course display_name="a&#xD83D;&#xDE00;b"><chapter url_name="c&#xD800;"/></course>')
    write_tarball(tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz", files)
    rows, messages, folder = built(site, tmp_path)
    assert [row["name"] for row in rows] == ["a\ufffd\ufffdb", "c\ufffd"]
    assert messages.lines[0] == "characters that XML has not, replaced by U+FFFD (1): course/3T2013.xml: 3"
    assert etree.fromstring((folder / "xbundle_MITx__8.01x__3T2013.xml").read_bytes()).get(
        "display_name"
    ) == ("a\ufffd\ufffdb")


def test_names_that_stand_in_each_row_below_are_bounded(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(axis, "MOST_CHARACTERS", 1 << 20)
    inner = '<video display_name="v"/>' * 300
    files = studio(f'<course><chapter url_name="{"c" * 2000}">{inner}</chapter></course>')
    write_tarball(tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz", files)
    with pytest.raises(InputError, match="more than 1 MiB of text at video/v: url_names"):
        built(site, tmp_path)


def test_without_an_export_it_is_skipped(site: Settings, tmp_path: Path) -> None:
    (tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz").unlink()
    with pytest.raises(SourceAbsentError, match="no course content"):
        course_axis.sources(Instance(site, COURSE))


def test_a_pin_holds_also_in_latest_mode(site: Settings, tmp_path: Path) -> None:
    home = tmp_path / "SQL" / COURSE.directory
    later = write_tarball(home / "2014-01-05" / "course.xml.tar.gz", FILES)
    pinned = home / "2013-09-08" / "course.xml.tar.gz"
    latest = replace(site, options=Options(dataset_latest=True))
    assert course_axis.sources(Instance(latest, COURSE)) == {"tarball": later}
    pins = {"MITx/8.01x/3T2013": "2013-09-08"}
    assert course_axis.sources(Instance(replace(latest, course_axis_pin_dates=pins), COURSE)) == {
        "tarball": pinned
    }


def test_the_setting_that_ignores_hiding_changes_the_axis_not_the_bundle(
    site: Settings, tmp_path: Path
) -> None:
    course = '<course><chapter url_name="c" hide_from_toc="true"/></course>'
    tarball = tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz"
    write_tarball(tarball, studio(course, {"chapter/c.xml": '<chapter><video url_name="v"/></chapter>'}))
    rows, _, folder = built(site, tmp_path)
    bundle = (folder / "xbundle_MITx__8.01x__3T2013.xml").read_bytes()
    assert [row["url_name"] for row in rows] == ["c"]
    rows, _, _ = built(replace(site, axis_include_hidden=True), tmp_path)
    assert [row["url_name"] for row in rows] == ["c", "v"]
    assert (folder / "xbundle_MITx__8.01x__3T2013.xml").read_bytes() == bundle
    assert isinstance(course_axis.TABLE.builder, PythonModel)
    assert course_axis.TABLE.builder.settings == ("axis_include_hidden",)


def test_what_is_amiss_is_told(site: Settings, tmp_path: Path) -> None:
    inner = "".join(f'<problem url_name="p{number}"/>' for number in range(30))
    tarball = tmp_path / "SQL" / COURSE.directory / "2013-09-08" / "course.xml.tar.gz"
    write_tarball(tarball, studio(f'<course due="soon">{inner}</course>'))
    _, messages, _ = built(site, tmp_path)
    assert messages.counts["warnings"] == 31
    missing, time = messages.lines
    assert missing.startswith("files missing (30): problem/p0.xml; problem/p1.xml; ")
    assert missing.endswith("; problem/p19.xml; and 10 more")
    assert time == 'dates that cannot be read (1): due of course: "soon" is not a date'
    assert description("The axis.", messages) == "\n".join(["The axis.", missing, time])


def test_a_description_fits_bigquery() -> None:
    messages = Messages()
    messages.add("x" * 20_000)
    assert len(description("The axis.", messages)) == LONGEST_DESCRIPTION == 16_000
