"""Files written from the rows of a table: their form, letter by letter, and when they are written again."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from product_registry import product_registry

from edxtasks.build.context import Context
from edxtasks.build.exports import export, form_of, outdated
from edxtasks.build.row_writers import FILE_FORMS, PLAIN, REPORT_TABLE, write_files
from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.csv_text import CsvForm
from edxtasks.digests import Digests
from edxtasks.messages import Messages
from edxtasks.storage import LocalStorage
from edxtasks.table import External, Scope, Table
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import Column, Schema, schema

CAPITALIZED = FILE_FORMS["True/False"]
COURSE = CourseKey("MITx", "2.03x", "3T2013")
COLUMNS = schema("""
username STRING -- who
passed BOOLEAN -- whether
grade FLOAT -- how well
nevents INTEGER -- how much
time TIMESTAMP -- when
date DATE -- day
""")
ROWS: list[tuple[object, ...]] = [
    (
        'Ann "A", B.',
        True,
        0.1,
        3,
        datetime(2014, 10, 14, 9, 8, 7, 500_000, tzinfo=UTC),
        date(2014, 10, 14),
    ),
    ("zoë\r\n", False, 1.0, -1, datetime(2014, 1, 1, tzinfo=UTC), date(2014, 1, 1)),
    (None, None, None, None, None, None),
]


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (
            CAPITALIZED,
            [
                '"Ann ""A"", B.",True,0.1,3,2014-10-14 09:08:07.500000,2014-10-14',
                '"zoë\r\n",False,1.0,-1,2014-01-01 00:00:00,2014-01-01',
            ],
        ),
        (
            REPORT_TABLE,
            [
                '"Ann ""A"", B.",true,0.1,3,2014-10-14 09:08:07.500000 UTC,2014-10-14',
                '"zoë\r\n",false,1.0,-1,2014-01-01 00:00:00 UTC,2014-01-01',
            ],
        ),
        (
            PLAIN,
            [
                '"Ann ""A"", B.",true,0.1,3,2014-10-14 09:08:07.500000,2014-10-14',
                '"zoë\r\n",false,1.0,-1,2014-01-01 00:00:00,2014-01-01',
            ],
        ),
    ],
    ids=["person_course", "report", "plain"],
)
def test_csv_letter_by_letter(tmp_path: Path, form: CsvForm, lines: list[str]) -> None:
    path = tmp_path / "table.csv"
    assert write_files([path], COLUMNS, iter(ROWS), form) == 3
    expected = "\n".join(["username,passed,grade,nevents,time,date", *lines, ",,,,,", ""])
    assert path.read_bytes() == expected.encode()


def test_json_has_an_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "table.json.gz"
    write_files([path], COLUMNS, iter(ROWS), CAPITALIZED)
    first, second, third = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert first == (
        '{"username":"Ann \\"A\\", B.","passed":true,"grade":0.1,"nevents":3,'
        '"time":"2014-10-14 09:08:07.500000","date":"2014-10-14"}'
    )
    assert json.loads(second)["username"] == "zoë\r\n"
    assert json.loads(third) == dict.fromkeys(COLUMNS.names)


def test_a_nested_value_is_json_in_csv(tmp_path: Path) -> None:
    nested = Schema((Column("data", "RECORD", "", (Column("itype", "STRING"), Column("weight", "FLOAT"))),))
    path = tmp_path / "table.csv"
    write_files([path], nested, iter([({"itype": "mixed", "weight": 1.5},), (None,)]), PLAIN)
    assert path.read_text() == 'data\n"{""itype"":""mixed"",""weight"":1.5}"\n""\n'


def test_lists_are_json_in_csv_and_lists_in_json(tmp_path: Path) -> None:
    """Times within are written as elsewhere, in UTC; a list of nothing is a list."""
    columns = schema("n INTEGER\ntags REPEATED STRING\nitem REPEATED RECORD<a STRING, t TIMESTAMP>")
    moment = datetime(2014, 10, 14, 9, 8, 7, tzinfo=UTC)
    rows: list[tuple[object, ...]] = [
        (1, ["x", 'y"'], [{"a": "é", "t": moment}, {"a": None, "t": None}]),
        (2, [], []),
    ]
    in_csv, in_json = tmp_path / "table.csv", tmp_path / "table.json"
    write_files([in_csv, in_json], columns, iter(rows), PLAIN)
    assert in_csv.read_text(encoding="utf-8").splitlines()[1:] == [
        '1,"[""x"",""y\\""""]","[{""a"":""é"",""t"":""2014-10-14 09:08:07""},{""a"":null,""t"":null}]"',
        "2,[],[]",
    ]
    assert [json.loads(line) for line in in_json.read_text(encoding="utf-8").splitlines()] == [
        {
            "n": 1,
            "tags": ["x", 'y"'],
            "item": [{"a": "é", "t": "2014-10-14 09:08:07"}, {"a": None, "t": None}],
        },
        {"n": 2, "tags": [], "item": []},
    ]


def test_rows_are_streamed_and_files_appear_at_the_end(tmp_path: Path) -> None:
    paths = [tmp_path / "table.json.gz", tmp_path / "table.csv.gz"]

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(50_000):
            yield (f"learner {number}",)
        assert not any(path.exists() for path in paths)

    assert write_files(paths, schema("username STRING"), rows(), PLAIN) == 50_000
    assert len(gzip.decompress(paths[0].read_bytes()).splitlines()) == 50_000
    assert len(gzip.decompress(paths[1].read_bytes()).splitlines()) == 50_001


def test_an_interrupted_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def rows() -> Iterator[tuple[object, ...]]:
        yield ("a",)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_files([path], schema("username STRING"), rows(), PLAIN)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# When they are written


TABLE = Table(
    "people",
    "person_course",
    schema("username STRING -- who\npassed BOOLEAN -- whether"),
    External(),
    files=("people.json.gz", "people.csv.gz"),
    file_form="True/False",
)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A course with a dump directory, and a table `people` of two rows without files."""
    (tmp_path / "SQL" / COURSE.directory / "2014-10-19").mkdir(parents=True)
    paths = Paths(course_sql_base_dir=Path("SQL"), course_sql_date_dir="2014-10-19")
    settings = Settings(root=tmp_path, paths=paths)
    context = Context(
        settings, {TABLE.name: TABLE}, ParquetWarehouse(settings.warehouse.path), Digests(), (COURSE,)
    )
    load(context, "ann", "bob")
    return context


def load(context: Context, *names: str) -> None:
    rows = [{"username": name, "passed": True} for name in names]
    context.warehouse.load(context.name(TABLE, COURSE), TABLE.schema, rows, BuildInfo("stamp"))


def beside(context: Context) -> Path:
    return context.settings.paths.course_sql_base_dir / COURSE.directory / "2014-10-19"


def test_files_go_beside_the_dump_and_to_the_storage(context: Context) -> None:
    assert outdated(context, TABLE, COURSE).startswith("people.json.gz is gone from")
    messages = Messages()
    places = export(context, TABLE, COURSE, messages)
    assert messages.lines == []
    stored = context.settings.storage.path / COURSE.directory
    assert places == [str(stored / name) for name in TABLE.files]
    for name in TABLE.files:
        assert (beside(context) / name).read_bytes() == (stored / name).read_bytes()
    csv = gzip.decompress((beside(context) / "people.csv.gz").read_bytes())
    assert csv == b"username,passed\nann,True\nbob,True\n"
    assert outdated(context, TABLE, COURSE) == ""


def test_equal_rows_give_equal_bytes(context: Context, tmp_path: Path) -> None:
    export(context, TABLE, COURSE, Messages())
    before = {name: (beside(context) / name).read_bytes() for name in TABLE.files}
    for name in TABLE.files:
        (beside(context) / name).unlink()
    load(context, "ann", "bob")
    export(context, TABLE, COURSE, Messages())
    assert {name: (beside(context) / name).read_bytes() for name in TABLE.files} == before


def test_files_of_other_rows_are_out_of_date(context: Context) -> None:
    export(context, TABLE, COURSE, Messages())
    load(context, "ann")
    assert outdated(context, TABLE, COURSE) == "its files are of other rows"
    export(context, TABLE, COURSE, Messages())
    assert outdated(context, TABLE, COURSE) == ""


def test_a_file_gone_from_the_storage_is_noticed(context: Context) -> None:
    export(context, TABLE, COURSE, Messages())
    (context.settings.storage.path / COURSE.directory / "people.csv.gz").unlink()
    assert outdated(context, TABLE, COURSE).startswith("people.csv.gz is gone from")


def test_files_beside_another_dump_are_written_there(context: Context) -> None:
    export(context, TABLE, COURSE, Messages())
    (beside(context).parent / "2014-10-26").mkdir()
    paths = dataclasses.replace(context.settings.paths, course_sql_date_dir="2014-10-26")
    context.settings = dataclasses.replace(context.settings, paths=paths)
    export(context, TABLE, COURSE, Messages())
    assert (beside(context).parent / "2014-10-26" / "people.csv.gz").is_file()
    # Back at the first dump its files are there, but what was written last is not of this directory.
    paths = dataclasses.replace(context.settings.paths, course_sql_date_dir="2014-10-19")
    context.settings = dataclasses.replace(context.settings, paths=paths)
    assert outdated(context, TABLE, COURSE) == "its files are of other rows"


def test_a_directory_that_cannot_be_written_to_is_told(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = beside(context)
    monkeypatch.setattr(os, "access", lambda path, mode: path != directory)
    messages = Messages()
    export(context, TABLE, COURSE, messages)
    assert messages.lines == [f"{directory} is not writable: people.json.gz, people.csv.gz not kept there"]
    assert list(directory.iterdir()) == []
    assert (context.settings.storage.path / COURSE.directory / "people.csv.gz").is_file()
    assert outdated(context, TABLE, COURSE) == ""


def test_a_course_without_dump_has_its_files_in_the_storage_alone(context: Context) -> None:
    beside(context).rmdir()
    beside(context).parent.rmdir()
    messages = Messages()
    export(context, TABLE, COURSE, messages)
    assert messages.lines == []
    assert outdated(context, TABLE, COURSE) == ""


def test_a_lost_record_only_writes_the_files_again(context: Context) -> None:
    export(context, TABLE, COURSE, Messages())
    folder = context.settings.storage.path / COURSE.directory / "_edxtasks"
    [record] = folder.iterdir()
    # A record of other rows beside it: a run was killed before it removed the older one.
    other = folder / "people.0123.json"
    other.write_bytes(record.read_bytes())
    assert outdated(context, TABLE, COURSE) == "its files are of other rows"
    export(context, TABLE, COURSE, Messages())
    assert list(folder.iterdir()) == [record]
    assert outdated(context, TABLE, COURSE) == ""
    record.unlink()
    assert outdated(context, TABLE, COURSE) == "its files are of other rows"


def test_what_a_killed_run_had_written_is_not_taken_for_the_files_before(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is again as it was before that run: the record of its files would hold."""
    export(context, TABLE, COURSE, Messages())
    stored = context.settings.storage.path / COURSE.directory
    load(context, "ann", "bob", "cyd")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(LocalStorage, "checksum", end)  # both files are in their places
        export(context, TABLE, COURSE, Messages())
    assert gzip.decompress((stored / "people.csv.gz").read_bytes()).count(b"\n") == 4
    load(context, "ann", "bob")
    assert outdated(context, TABLE, COURSE) == "its files are of other rows"
    export(context, TABLE, COURSE, Messages())
    assert (
        gzip.decompress((stored / "people.csv.gz").read_bytes()) == b"username,passed\nann,True\nbob,True\n"
    )
    assert outdated(context, TABLE, COURSE) == ""
    assert len(list((stored / "_edxtasks").iterdir())) == 1


def end(*given: object) -> None:
    raise KeyboardInterrupt


def test_files_of_the_latest_form_have_a_folder_of_their_own(context: Context) -> None:
    options = dataclasses.replace(context.settings.options, dataset_latest=True)
    context.settings = dataclasses.replace(context.settings, options=options)
    load(context, "ann")
    export(context, TABLE, COURSE, Messages())
    assert (context.settings.storage.path / COURSE.directory / "latest" / "people.csv.gz").is_file()
    assert isinstance(context.storage, LocalStorage)


def test_which_table_has_which_form() -> None:
    registry = product_registry()
    combined, report = registry["report.person_course_latest"], registry["courses.global_modal_ip"]
    settings = Settings()
    found = [form_of(table, settings) for table in (registry["person_course"], combined, report)]
    assert found == [CAPITALIZED, CAPITALIZED, REPORT_TABLE]
    assert form_of(dataclasses.replace(TABLE, file_form=""), settings) == PLAIN


def test_a_byte_order_mark_for_spreadsheets(context: Context) -> None:
    table = dataclasses.replace(TABLE, files=("people.csv", "people.json"))
    load(context, "ann")
    export(context, table, COURSE, Messages())
    folder = context.settings.storage.path / COURSE.directory
    plain = [(folder / name).read_bytes() for name in table.files]
    context.settings = dataclasses.replace(context.settings, csv_bom=True)
    # The files that stand have none, and are written anew; JSON never has one.
    assert outdated(context, table, COURSE) == "its files are of other rows"
    export(context, table, COURSE, Messages())
    assert [(folder / name).read_bytes() for name in table.files] == [b"\xef\xbb\xbf" + plain[0], plain[1]]
    assert outdated(context, table, COURSE) == ""


def test_a_file_of_a_report_may_be_named_after_its_dataset(context: Context) -> None:
    options = dataclasses.replace(context.settings.options, output_dataset_id="mine")
    context.settings = dataclasses.replace(context.settings, options=options)
    context.courses = (COURSE,)
    table = dataclasses.replace(
        TABLE, name="report.people", scope=Scope.GROUP, files=("{dataset}__people.csv",)
    )
    context.warehouse.load(TableName("mine", "people"), table.schema, [{"username": "ann"}], BuildInfo("s"))
    [place] = export(context, table, None, Messages())
    assert place.endswith("/course_report_MITx/mine__people.csv")
    assert outdated(context, table, None) == ""
