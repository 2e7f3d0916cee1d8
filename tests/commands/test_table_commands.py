"""The commands that read, list and delete tables, on both engines: what they print and write."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from in_process import Run, runner

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, PROJECT, running

import edxtasks
from edxtasks import scratch
from edxtasks.config import Settings, load_settings
from edxtasks.data import Data
from edxtasks.errors import InputError, SettingsError
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import Column, Schema, schema

A, B, C = "OrgX/Ab.1/2T2020", "OrgY/Cd-2/R1", "OrgZ/None/R9"
IN_A, IN_B, LOGS = "OrgX__Ab_1__2T2020", "OrgY__Cd_2__R1", "OrgX__Ab_1__2T2020_logs"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?"

THINGS = Schema(
    (
        Column("name", "STRING", "who"),
        Column("n", "INTEGER"),
        Column("share", "FLOAT"),
        Column("ok", "BOOLEAN"),
        Column("at", "TIMESTAMP"),
        Column("day", "DATE"),
        Column("tags", "STRING", mode="REPEATED"),
        Column("home", "RECORD", "", (Column("city", "STRING", "its name"), Column("since", "TIMESTAMP"))),
    )
)
MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
ANN: Row = {
    "name": 'Ann "A", B.\n2',
    "n": 9_007_199_254_740_993,  # not a double
    "share": 0.1,
    "ok": True,
    "at": MOMENT.replace(microsecond=600),
    "day": date(2020, 2, 29),
    "tags": ["x", "y"],
    "home": {"city": "Zürich", "since": MOMENT},
}
ZOE: Row = {"name": "zoë", "ok": False, "at": MOMENT, "tags": [], "home": {"city": None, "since": None}}
HEADER = "name,n,share,ok,at,day,tags,home"
ANN_CSV = (
    '"Ann ""A"", B.\n2",9007199254740993,0.1,true,2020-01-02 03:04:05.000600,2020-02-29,"[""x"",""y""]",'
    '"{""city"":""Zürich"",""since"":""2020-01-02 03:04:05""}"'
)
ZOE_CSV = 'zoë,,,false,2020-01-02 03:04:05,,[],"{""city"":null,""since"":null}"'
ANN_JSON: dict[str, object] = {
    "name": 'Ann "A", B.\n2',
    "n": 9007199254740993,
    "share": 0.1,
    "ok": True,
    "at": "2020-01-02 03:04:05.000600",
    "day": "2020-02-29",
    "tags": ["x", "y"],
    "home": {"city": "Zürich", "since": "2020-01-02 03:04:05"},
}
ZOE_JSON: dict[str, object] = {
    "name": "zoë",
    "n": None,
    "share": None,
    "ok": False,
    "at": "2020-01-02 03:04:05",
    "day": None,
    "tags": [],
    "home": {"city": None, "since": None},
}
FIELDS = [
    {"name": "name", "type": "STRING", "mode": "NULLABLE"},
    {"name": "n", "type": "INTEGER", "mode": "NULLABLE"},
    {"name": "share", "type": "FLOAT", "mode": "NULLABLE"},
    {"name": "ok", "type": "BOOLEAN", "mode": "NULLABLE"},
    {"name": "at", "type": "TIMESTAMP", "mode": "NULLABLE"},
    {"name": "day", "type": "DATE", "mode": "NULLABLE"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    {
        "name": "home",
        "type": "RECORD",
        "mode": "NULLABLE",
        "fields": [
            {"name": "city", "type": "STRING", "mode": "NULLABLE"},
            {"name": "since", "type": "TIMESTAMP", "mode": "NULLABLE"},
        ],
    },
]
TABLES: Mapping[tuple[str, str], tuple[Schema, list[Row]]] = {
    (IN_A, "things"): (THINGS, [ANN, ZOE]),
    (IN_B, "things"): (THINGS, [ZOE]),
    (IN_A, "nothing"): (THINGS, []),
    (IN_A, "counts"): (schema("course_id STRING\nn INTEGER"), [{"course_id": "a", "n": 1}]),
    (IN_B, "counts"): (schema("course_id STRING\nm INTEGER"), [{"course_id": "b", "m": 2}]),
    (IN_B, "person_course"): (schema("username STRING"), [{"username": "zoë"}]),
    (LOGS, "tracklog_20200102"): (schema("n INTEGER"), [{"n": 1}]),
    (LOGS, "tracklog_20200101"): (schema("n INTEGER"), []),
}


@dataclass(frozen=True)
class Site:
    """A folder with a configuration, and the tables of `TABLES` in the warehouse that it names."""

    folder: Path
    engine: str
    project: str

    @property
    def settings(self) -> Settings:
        """The settings."""
        return load_settings(self.folder, {}, {})

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse, opened anew."""
        return open_warehouse(self.settings)

    def load(self, dataset: str, table: str, columns: Schema, rows: list[Row]) -> None:
        """Make a table."""
        label = BuildInfo("stamp", description=f"About {table}")
        self.warehouse.load(TableName(dataset, table), columns, iter(rows), label)


@pytest.fixture(scope="session", params=["duckdb", "bigquery"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, made once for each engine."""
    folder = tmp_path_factory.mktemp(f"site-{request.param}")
    (folder / "config").mkdir()
    lines = [f'course_id_list = ["{A}"]', "[courses]", f'mixed = ["{A}", "{C}"]']
    lines += [f'twice = ["{A}", "{B}", "course-v1:OrgX+Ab.1+2T2020", "{A}"]', "none = []"]
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "bigquery":
            patch.setenv("STORAGE_EMULATOR_HOST", running().storage)
            lines += ["[warehouse]", 'engine = "bigquery"', f'project_id = "{PROJECT}"']
            lines += [f'api_endpoint = "{running().bigquery}"', "[storage]", f'gs_bucket = "gs://{BUCKET}/x"']
        (folder / "config" / "edxtasks.toml").write_text("\n".join(lines))
        site = Site(folder, request.param, PROJECT if request.param == "bigquery" else "local")
        for (dataset, table), (columns, rows) in TABLES.items():
            site.load(dataset, table, columns, rows)
        yield site


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """doit in the folder of the site."""
    return runner(site.folder, monkeypatch, capfdbinary)


def files(folder: Path) -> set[str]:
    """The files of a folder, without those that belong to the site."""
    return {path.name for path in folder.iterdir()} - {"config", "warehouse", "state"}


# Listing


def test_the_datasets_are_listed(site: Site, run: Run) -> None:
    found = json.loads(run("testbq").out)
    assert [one for one in found if one.startswith("Org")] == sorted({IN_A, IN_B, LOGS})


@pytest.mark.parametrize("word", [IN_A, A, "course-v1:OrgX+Ab.1+2T2020"])
def test_the_tables_of_a_dataset(site: Site, run: Run, word: str) -> None:
    names = ("counts", "nothing", "things")
    reference = {"projectId": site.project, "datasetId": IN_A}
    assert json.loads(run("get_tables", word).out) == {
        "totalItems": 3,
        "tables": [
            {
                "id": f"{site.project}:{IN_A}.{name}",
                "tableReference": reference | {"tableId": name},
                "type": "TABLE",
            }
            for name in names
        ],
    }


def test_a_dataset_that_is_not_there(site: Site, run: Run) -> None:
    ended = run("get_tables", C, status=1)
    assert ended.out == ""
    assert ended.err.startswith("ERROR: there is no dataset OrgZ__None__R9 in ")
    assert run("get_tables", status=3).err == "ERROR: which dataset? doit get_tables DATASET\n"
    assert '"a b" is not the name of a dataset or course' in run("get_tables", "a b", status=3).err
    # The dataset of the newest dump is another one.
    assert f"no dataset {IN_A}_latest" in run("get_tables", A, "dataset_latest=1", status=1).err


def test_the_tables_of_courses(site: Site, run: Run) -> None:
    ended = run("get_course_tables", A, C, B, status=1)
    assert ended.out == (
        f'Course {A}, tables=\n[\n    "counts",\n    "nothing",\n    "things"\n]\n'
        f'Course {B}, tables=\n[\n    "counts",\n    "person_course",\n    "things"\n]\n'
    )
    assert ended.err.startswith(f"ERROR: {C}: there is no dataset OrgZ__None__R9")


def test_the_log_days_of_a_course(site: Site, run: Run) -> None:
    days = '2\n[\n    "tracklog_20200101",\n    "tracklog_20200102"\n]\n'
    assert run("list_course_logs", A).out == days
    assert run("list_course_logs", A, B, status=1).out == f"Course {A}, logs=\n{days}"


def test_what_is_known_of_a_table(site: Site, run: Run) -> None:
    told = json.loads(run("get_table_info", A, "things").out)
    names = ["id", "schema", "numRows", "numBytes", "creationTime", "lastModifiedTime", "description"]
    assert list(told) == names
    assert told["id"] == f"{site.project}:{IN_A}.things"
    assert [{k: v for k, v in one.items() if k != "description"} for one in told["schema"]["fields"]][:7] == (
        FIELDS[:7]
    )
    assert told["numRows"] == 2
    assert isinstance(told["numBytes"], int)
    assert re.fullmatch(TIME, told["creationTime"]) and re.fullmatch(TIME, told["lastModifiedTime"])
    assert told["description"].startswith("About things")


def test_a_table_that_is_not_there_is_null(site: Site, run: Run) -> None:
    assert run("get_table_info", IN_A, "no_such", status=1).out == "null\n"
    assert 'did you mean "things"?' in run("get_table_info", IN_A, "thingz", status=1).err
    ended = run("get_table_info", C, "--table=things", status=1)
    assert (ended.out, ended.err[:39]) == ("null\n", "ERROR: there is no dataset OrgZ__None__")
    assert "DATASET TABLE" in run("get_table_info", IN_A, status=3).err


def test_the_rows_of_a_table_as_one_document(site: Site, run: Run) -> None:
    ended = run("get_table_data", A, "things")
    told = json.loads(ended.out)
    assert ended.out == json.dumps(told, indent=4, ensure_ascii=False) + "\n"
    names = ["fields", "field_names", "numRows", "creationTime", "lastModifiedTime", "data", "data_by_key"]
    assert list(told) == names
    assert told["fields"] == FIELDS
    assert told["field_names"] == HEADER.split(",")
    assert (told["numRows"], told["data"], told["data_by_key"]) == (2, [ANN_JSON, ZOE_JSON], {})
    assert re.fullmatch(TIME, told["creationTime"]) and re.fullmatch(TIME, told["lastModifiedTime"])
    empty = run("get_table_data", IN_A, "table=nothing").out
    assert '"data": [],\n    "data_by_key": {}\n}\n' in empty
    assert "there is no table" in run("get_table_data", IN_A, "no_such", status=1).err
    misspelt = run("get_table_data", IN_A, "thingz", status=1).err
    assert misspelt.endswith('; did you mean "things"?\n')


def test_the_status_of_a_table_of_courses(site: Site, run: Run) -> None:
    ended = run("get_course_table_status", "--table=things", A, C)
    header, first, second = ended.lines
    assert header == "modified,course_id,created,n_rows,size_bytes,dataset,tablename"
    assert re.fullmatch(rf"{TIME},{re.escape(A)},{TIME},2,\d+,{IN_A},things", first)
    assert second == f"None,{C},None,0,0,OrgZ__None__R9,things"
    assert ended.err == "1 table found\n1 table missing\n"
    in_json = run("get_course_table_status", "table=things", "output_format_json=1", "clist=mixed")
    one, two = map(json.loads, in_json.lines)
    assert list(one) == header.split(",")
    assert (one["course_id"], one["n_rows"], one["dataset"]) == (A, 2, IN_A)
    assert two == {
        "modified": None,
        "course_id": C,
        "created": None,
        "n_rows": 0,
        "size_bytes": 0,
        "dataset": "OrgZ__None__R9",
        "tablename": "things",
    }
    assert run("get_course_table_status", A, status=3).err == "ERROR: which table? Name it: --table=TABLE\n"
    assert "not the name of a table" in run("get_course_table_status", A, "--table=x.y", status=3).err


def test_when_persons_were_made(site: Site, run: Run) -> None:
    first, second = run("check_pc_dates", A, B).lines
    assert first == f"{A}: None"
    assert re.fullmatch(rf"{re.escape(B)}: {TIME}", second)


def test_repeated_courses_of_a_list(site: Site, run: Run) -> None:
    assert run("check_for_duplicates", "--clist=twice").lines == [A, "4 ids, 2 repeats"]
    assert run("check_for_duplicates", "--year2").lines == ["1 id, 0 repeats"]
    assert run("check_for_duplicates", "--clist=none").lines == ["0 ids, 0 repeats"]
    assert run("check_for_duplicates", "courses=A/B", status=3).out == ""
    lacking = run("check_for_duplicates", "--clist=twice", "--clist-from-missing-table=person_course")
    assert lacking.lines == [A, "3 ids, 2 repeats"]


# Files


def test_a_table_of_courses_as_csv(site: Site, run: Run) -> None:
    ended = run("get_course_data", A, B, "--table=things")
    assert ended.out == ""
    assert f"{IN_A}.things: 2 rows in {IN_A}__things.csv\n" in ended.err
    assert (site.folder / f"{IN_A}__things.csv").read_text() == f"{HEADER}\n{ANN_CSV}\n{ZOE_CSV}\n"
    assert (site.folder / f"{IN_B}__things.csv").read_text() == f"{HEADER}\n{ZOE_CSV}\n"
    run("get_course_data", "courses=" + A, "table=nothing")
    assert (site.folder / f"{IN_A}__nothing.csv").read_text() == f"{HEADER}\n"


def test_json_lines_compressed(site: Site, run: Run) -> None:
    run("get_course_data", A, "table=things", "--gzip", "output-format-json=1", "--add-courseid")
    lines = gzip.decompress((site.folder / f"{IN_A}__things.json.gz").read_bytes()).decode()
    assert lines.endswith("\n")
    assert [json.loads(line) for line in lines.splitlines()] == [
        {"course_id": A} | ANN_JSON,
        {"course_id": A} | ZOE_JSON,
    ]


def test_a_table_that_is_missing(site: Site, run: Run) -> None:
    ended = run("get_course_data", B, A, "--table=person_course", status=1)
    assert f"ERROR: there is no table {IN_A}.person_course in " in ended.err
    assert (site.folder / f"{IN_B}__person_course.csv").read_text() == "username\nzoë\n"
    assert not (site.folder / f"{IN_A}__person_course.csv").exists()
    assert "skipped" in run("get_course_data", B, A, "--table=person_course", "--skip-missing").err
    combined = run("get_course_data", B, A, "--table=person_course", "--combine-into=all.csv", status=1)
    assert "all.csv is not written" in combined.err
    assert not (site.folder / "all.csv").exists()
    run("get_course_data", B, A, "--table=person_course", "--combine-into=all.csv", "--skip-missing")
    assert (site.folder / "all.csv").read_text() == "username\nzoë\n"


def test_several_tables_in_one_file(site: Site, run: Run) -> None:
    run("get_course_data", B, A, "--table=things", "--combine-into=both.csv", "--add-courseid")
    text = (site.folder / "both.csv").read_text()
    assert text == f"course_id,{HEADER}\n{B},{ZOE_CSV}\n{A},{ANN_CSV}\n{A},{ZOE_CSV}\n"
    run("get_course_data", B, "--table=things", "--combine-into=one.gz")
    assert gzip.decompress((site.folder / "one.gz").read_bytes()).decode() == f"{HEADER}\n{ZOE_CSV}\n"
    run("get_course_data", B, "--table=things", "--combine-into=one", "--gzip")
    assert gzip.decompress((site.folder / "one").read_bytes()).decode() == f"{HEADER}\n{ZOE_CSV}\n"


def test_other_columns_are_not_combined(site: Site, run: Run) -> None:
    """A table that has `course_id` gets none; a file of before stays."""
    (site.folder / "counts.csv").write_text("old\n")
    ended = run(
        "get_course_data", A, B, "--table=counts", "--combine-into=counts.csv", "--add-courseid", status=1
    )
    assert ended.err == (
        f"ERROR: {IN_A}.counts and {IN_B}.counts cannot be combined: only {IN_A}.counts has n; "
        f"only {IN_B}.counts has m\n"
    )
    assert (site.folder / "counts.csv").read_text() == "old\n"
    run("get_course_data", A, "--table=counts", "--add-courseid")
    assert (site.folder / f"{IN_A}__counts.csv").read_text() == "course_id,n\na,1\n"


def test_a_combined_table(site: Site, run: Run) -> None:
    words = ("get_course_data", B, A, "--table=things", "--add-courseid", "--combine-into=c.json")
    bucket = (f"--output-bucket=gs://{BUCKET}/combined",) if site.engine == "bigquery" else ()
    run(*words, "--combine-into-table=combined.things", *bucket, "--output-format-json")
    read = list(
        site.warehouse.read(TableName("combined", "things"), ["course_id", "name", "n", "at", "home"])
    )
    nowhere = {"city": None, "since": None}
    assert sorted(read, key=lambda row: row[:2]) == [
        (A, ANN["name"], ANN["n"], ANN["at"], ANN["home"]),
        (A, "zoë", None, MOMENT, nowhere),
        (B, "zoë", None, MOMENT, nowhere),
    ]
    info = site.warehouse.info(TableName("combined", "things"))
    assert info is not None
    assert [(one.name, one.written_type) for one in info.schema][:3] == [
        ("course_id", "STRING"),
        ("name", "STRING"),
        ("n", "INTEGER"),
    ]
    assert len((site.folder / "c.json").read_text().splitlines()) == 3
    assert "needs --combine-into" in run(*words[:4], "--combine-into-table=a.b", status=3).err
    assert "is not a table" in run(*words, "--combine-into-table=ab", status=3).err
    if site.engine == "bigquery":
        assert "--output-bucket" in run(*words, "--combine-into-table=a.b", status=3).err


def test_only_the_columns(site: Site, run: Run) -> None:
    run("get_course_data", A, "--table=things", "--just-get-schema")
    text = (site.folder / f"{IN_A}__things__schema.json").read_text()
    assert text == json.dumps(FIELDS, indent=4) + "\n"
    assert (
        "means nothing"
        in run("get_course_data", A, "--table=things", "--just-get-schema", "--combine-into=x", status=3).err
    )


def test_a_file_that_is_newer_is_kept(site: Site, run: Run) -> None:
    path = site.folder / f"{IN_A}__counts.csv"
    path.write_text("mine")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    words = ("get_course_data", A, "--table=counts", "--only-if-newer")
    assert f"{path.name} is newer than its table: kept" in run(*words).err
    assert path.read_text() == "mine"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    run(*words)
    assert path.read_text() == "course_id,n\na,1\n"


def test_any_tables_and_their_projects(site: Site, run: Run) -> None:
    """A project holds for its table alone."""
    project = "campus" if site.engine == "bigquery" else "elsewhere"
    run("get_data", f"{project}:{IN_A}.counts", f"{IN_B}.counts")
    assert (site.folder / f"{project}__{IN_A}__counts.csv").read_text() == "course_id,n\na,1\n"
    assert (site.folder / f"{IN_B}__counts.csv").read_text() == "course_id,m\nb,2\n"
    run("get_data", f"--project-id={project}", f"{IN_B}.counts")
    assert (site.folder / f"{project}__{IN_B}__counts.csv").exists()
    assert "is not a table: expected [PROJECT:]DATASET.TABLE" in run("get_data", "counts", status=3).err
    assert "which tables?" in run("get_data", status=3).err
    assert "gs://" not in (site.folder / f"{IN_B}__counts.csv").read_text()


def test_what_a_command_does_not_heed_is_refused(site: Site, run: Run) -> None:
    """It would do nothing, and say nothing."""
    told = run("get_course_tables", A, "end_date=2020-01-01", status=3).err
    assert told == "ERROR: end_date is not an option of get_course_tables: it would do nothing\n"
    told = run("get_course_tables", A, "minimum_cell=20", status=3).err
    assert told == "ERROR: minimum_cell is not an option of get_course_tables: it would do nothing\n"
    assert not run("get_course_data", A, "--table=things", "csv_bom=1").err.startswith("ERROR")
    twice = run("get_course_data", A, "--table=things", "--gzip", "gzip=1", status=3).err
    assert twice == "ERROR: gzip is given twice, as gzip=… and as --gzip\n"
    assert "expected true or false" in run("get_course_data", A, "table=things", "gzip=maybe", status=3).err


def test_options_of_every_run_are_accepted(site: Site, run: Run) -> None:
    ended = run("check_pc_dates", "-v", "--parallel", "max_parallel=3", A)
    assert ended.lines == [f"{A}: None"]
    assert ended.err == "verbose, parallel, max_parallel: without effect on check_pc_dates\n"


def test_nothing_is_left_behind(site: Site, run: Run) -> None:
    """Neither a file that was begun nor a folder of a command that only looks."""
    before = files(site.folder)
    run("get_table_data", A, "things")
    run("get_course_table_status", A, "--table=things")
    assert files(site.folder) == before
    assert not [path for path in site.folder.rglob("*") if path.name.startswith(scratch.BESIDE)]
    assert not list((site.folder / "state").glob("scratch/run-*/*.json*"))


# Deleting


def test_tables_are_named_and_deleted(site: Site, run: Run) -> None:
    site.load(IN_A, "to_go", schema("n INTEGER"), [])
    site.load(IN_B, "to_go", schema("n INTEGER"), [])
    named = run("delete_tables", A, "--table=to_go", "skiprun=1")
    assert named.lines == [f"would delete {IN_A}.to_go"]
    assert "to_go" in site.warehouse.states(IN_A)
    ended = run("delete_tables", A, C, "--table=to_go")
    assert ended.lines == [f"deleting {IN_A}.to_go"]
    assert ended.err == f"{C}: there is no table OrgZ__None__R9.to_go\n"
    assert "to_go" not in site.warehouse.states(IN_A)
    assert "to_go" in site.warehouse.states(IN_B)
    assert run("delete_tables", A, "--table=to_go").lines == []
    assert "which table?" in run("delete_tables", A, status=3).err
    site.warehouse.drop(TableName(IN_B, "to_go"))


def test_the_table_of_activities_is_deleted(site: Site, run: Run) -> None:
    site.load(IN_A, "stats_activity_by_day", schema("n INTEGER"), [])
    assert run("delete_stats_tables", A, B).lines == [f"deleting {IN_A}.stats_activity_by_day"]
    assert "stats_activity_by_day" not in site.warehouse.states(IN_A)


def test_empty_log_days_are_deleted(site: Site, run: Run) -> None:
    site.load(LOGS, "tracklog_20200103", schema("n INTEGER"), [])
    named = run("delete_empty_tables", A, "skiprun=1").lines
    assert named == [f"would delete {LOGS}.tracklog_20200101", f"would delete {LOGS}.tracklog_20200103"]
    assert run("delete_empty_tables", A).lines == [
        f"deleting {LOGS}.tracklog_20200101",
        f"deleting {LOGS}.tracklog_20200103",
    ]
    site.load(LOGS, "tracklog_20200101", *TABLES[LOGS, "tracklog_20200101"])


# From Python


@pytest.fixture
def data(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Data]:
    monkeypatch.chdir(site.folder)
    with edxtasks.open() as opened:
        yield opened


def test_what_there_is_from_python(data: Data) -> None:
    assert data.courses() == [A, B]
    assert data.tables(A) == ["counts", "nothing", "things"]
    assert data.tables() == ["counts", "nothing", "person_course", "things"]
    told = data.describe("person_course")
    assert (told.scope, told.grain) == ("course", "user_id")
    [grade] = [column for column in told.columns if column.name == "grade"]
    assert grade.type == "FLOAT"
    assert grade.description
    assert "grade" in str(told)


def test_rows_from_python(data: Data) -> None:
    things = data.table("things", course="course-v1:OrgX+Ab.1+2T2020").order("name").fetchall()
    home = {"city": "Zürich", "since": MOMENT}
    ann = ('Ann "A", B.\n2', 9_007_199_254_740_993, 0.1, True, MOMENT.replace(microsecond=600))
    assert things[0] == (*ann, date(2020, 2, 29), ["x", "y"], home)
    assert things[1][:5] == ("zoë", None, None, False, MOMENT)
    both = data.table("things", courses=[B, A]).order("course_id, name")
    assert both.columns[:2] == ["course_id", "name"]
    assert [row[:2] for row in both.fetchall()] == [(A, 'Ann "A", B.\n2'), (A, "zoë"), (B, "zoë")]
    # Of all courses that have it; columns by name, and no second course_id.
    counts = data.table("counts").order("course_id")
    assert (counts.columns, counts.fetchall()) == (["course_id", "n", "m"], [("a", 1, None), ("b", None, 2)])
    assert data.table("nothing").fetchall() == []


def test_log_lines_from_python(data: Data) -> None:
    assert data.tracklog(A).fetchall() == [(1,)]
    assert data.tracklog(A, end=date(2020, 1, 1)).fetchall() == []
    assert data.tracklog(A, date(2020, 1, 2), date(2020, 1, 2)).fetchall() == [(1,)]
    with pytest.raises(InputError, match="has no day tables between these dates"):
        data.tracklog(A, start=date(2020, 1, 3))


def test_what_is_not_there_from_python(data: Data) -> None:
    with pytest.raises(InputError, match='"persn_course" is not a table of edxtasks; did you mean "person_c'):
        data.describe("persn_course")
    with pytest.raises(InputError, match="there is no table thing in OrgX__Ab_1__2T2020; did you mean"):
        data.table("thing", course=A)
    with pytest.raises(InputError, match=f"there is no table things of {C}"):
        data.table("things", courses=[A, C])
    with pytest.raises(InputError, match="there is no table person_course_latest"):
        data.table("report:person_course_latest")
    with pytest.raises(SettingsError, match="not both"):
        data.table("things", course=A, courses=[B])
