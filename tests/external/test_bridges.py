"""Tables for scripts and back: get_data, upload_data, upload_file."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, PROJECT, running

from edxtasks.config import Settings, load_settings
from edxtasks.errors import InputError, UserError
from edxtasks.external.__main__ import main
from edxtasks.external.bridges import get_data, read_schema, rows_of, upload_data, upload_file
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema

TABLE = TableName("course", "people")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path, {}, {})


@pytest.fixture
def warehouse(settings: Settings) -> ParquetWarehouse:
    """With a table of two people."""
    warehouse = ParquetWarehouse(settings.warehouse.path)
    columns = schema("name STRING -- who\nn INTEGER -- how many\nat TIMESTAMP -- when")
    rows: list[Row] = [{"name": "ada, b", "n": 1, "at": datetime(2014, 1, 2, tzinfo=UTC)}, {"name": "bob"}]
    warehouse.load(TABLE, columns, rows, BuildInfo("s"))
    return warehouse


def write(folder: Path, text: str, *columns: tuple[str, str]) -> tuple[Path, Path]:
    """A CSV file and its schema."""
    (folder / "a.csv").write_text(text)
    fields = [{"name": name, "type": kind} for name, kind in columns]
    (folder / "a.json").write_bytes(orjson.dumps(fields))
    return folder / "a.csv", folder / "a.json"


@pytest.mark.usefixtures("warehouse")
def test_a_table_as_csv(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "DATA" / "people.csv"
    assert get_data(settings, "p", "course.people", str(tmp_path), "DATA/people.csv") == (
        f"2 rows of course.people in {file}"
    )
    assert file.read_text() == 'name,n,at\n"ada, b",1,2014-01-02 00:00:00\nbob,,\n'
    file.write_text("mine")
    os.utime(file, (4e9, 4e9))
    assert "is newer than course.people: left as it is" in get_data(
        settings, "p", "course.people", str(tmp_path), "DATA/people.csv"
    )
    assert file.read_text() == "mine"
    os.utime(file, (1, 1))
    get_data(settings, "p", "course.people", str(tmp_path), "DATA/people.csv")
    assert file.read_text() != "mine"


def test_a_table_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"course.people does not exist"):
        get_data(settings, "p", "course.people", str(tmp_path), "people.csv")
    for name in ("people", "a.b.c", "a.b/c", ".x"):
        with pytest.raises(UserError, match=r"is not a table: expected DATASET.TABLE"):
            get_data(settings, "p", name, str(tmp_path), "people.csv")


def test_a_csv_file_as_a_table(settings: Settings, warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    write(tmp_path, 'n,"name"\n3,"x"\nNA,\n', ("name", "STRING"), ("n", "INT64"), ("late", "FLOAT"))
    said = upload_data(settings, "p", "a.csv", "course.people", "a.json", str(tmp_path), "New people")
    assert said == "2 rows in course.people"
    warehouse.refresh_all()
    assert sorted(warehouse.read(TABLE), key=str) == [("x", 3, None), (None, None, None)]
    info = warehouse.info(TABLE)
    assert info is not None
    assert (info.description, info.schema.names) == ("New people", ("name", "n", "late"))
    assert warehouse.schema(TABLE)["n"].type == "INTEGER"


def test_a_file_that_does_not_fit_leaves_the_old_table(
    settings: Settings, warehouse: ParquetWarehouse, tmp_path: Path
) -> None:
    write(tmp_path, "n\n1\nsecret\n", ("n", "INTEGER"))
    with pytest.raises(InputError, match=r"a.csv, line 3, column n: the value is not INTEGER") as raised:
        upload_data(settings, "p", "a.csv", "course.people", "a.json", str(tmp_path), "")
    assert "secret" not in str(raised.value)
    warehouse.refresh_all()
    assert len(list(warehouse.read(TABLE))) == 2


@pytest.mark.parametrize("engine", ["duckdb", "bigquery"])
def test_there_and_back_on_both_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    lines = []
    if engine == "bigquery":
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
        lines = ["[warehouse]", 'engine = "bigquery"', 'project_id = "another"']
        lines += [f'api_endpoint = "{running().bigquery}"', "[storage]", f'gs_bucket = "gs://{BUCKET}/x"']
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text("\n".join(lines))
    settings = load_settings(tmp_path, {}, {})
    dataset = f"bridges_{engine}"
    text = "name,n,f,b,t,d\nzoë,3,0.5,true,2014-01-02 03:04:05,2014-01-02\n,,,,,\n"
    write(tmp_path, text, *((name, kind) for name, kind in COLUMN_TYPES.items()))
    table = f"{dataset}.people"
    said = upload_data(settings, PROJECT, "a.csv", table, "a.json", str(tmp_path), "People")
    assert said == f"2 rows in {table}"
    get_data(settings, PROJECT, table, str(tmp_path), "back.csv")
    back = (tmp_path / "back.csv").read_text().splitlines()
    assert sorted(back) == sorted(text.splitlines())
    place = Path(upload_file(settings, PROJECT, str(tmp_path / "back.csv"), f"gs://{BUCKET}/a/b.csv"))
    assert place.name == "b.csv"


COLUMN_TYPES = {
    "name": "STRING",
    "n": "INTEGER",
    "f": "FLOAT",
    "b": "BOOLEAN",
    "t": "TIMESTAMP",
    "d": "DATE",
}
COLUMNS = schema("s STRING\ni INTEGER\nf FLOAT\nb BOOLEAN\nt TIMESTAMP\nd DATE")


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("s", "NA", "NA"),
        ("s", "", None),
        ("i", "1e+05", 100_000),
        ("i", "-7", -7),
        ("i", "3.0", 3),
        ("i", ".", None),
        ("f", "NaN", None),
        ("f", "0.5", 0.5),
        ("b", "TRUE", True),
        ("b", "0", False),
        ("b", "NA", None),
        ("t", "2014-01-02 03:04:05.5", datetime(2014, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)),
        ("t", "2014-01-02T03:04:05+02:00", datetime(2014, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("t", "2014-01-02 03:04:05 UTC", datetime(2014, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("d", "2014-01-02", date(2014, 1, 2)),
    ],
)
def test_values_of_a_csv_file(tmp_path: Path, column: str, text: str, value: object) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{column}\n{text or chr(34) * 2}\n")
    [row] = rows_of(path, COLUMNS)
    assert row == {column: value}


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("i", "0.5"),
        ("i", "1e300"),
        ("i", "x"),
        ("f", "Inf"),
        ("b", "maybe"),
        ("t", "noon"),
        ("d", "2014-01-02 00:00:00"),
    ],
)
def test_values_that_do_not_fit(tmp_path: Path, column: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{column}\n{text}\n")
    with pytest.raises(InputError, match=rf"line 2, column {column}: the value is not"):
        list(rows_of(path, COLUMNS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected a header with the columns s, i, f, b, t, d, each once; found nothing"),
        ("s,x\n", "found s, x"),
        ("s,s\n", "found s, s"),
        ("s,i\n1\n", "line 2: expected 2 values, found 1"),
        ("s\n\udcff\n", "it is not text in UTF-8"),
    ],
)
def test_files_of_another_form(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=said):
        list(rows_of(path, COLUMNS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "expected JSON"),
        ("{}", "expected a list of columns"),
        ("[]", "expected a list of columns"),
        ('[{"type": "STRING"}]', "name"),
        ('[{"name": "a", "type": "TEXT"}]', "column a: unknown type TEXT"),
        ('[{"name": "a", "type": "STRING", "mode": "REPEATED"}]', "column a: a CSV file cannot hold it"),
    ],
)
def test_schemas_of_another_form(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_schema(path)


def test_a_file_in_the_storage(settings: Settings, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"png")
    for place in ("gs://any-bucket/plots/a.png", "plots/b.png"):
        assert Path(upload_file(settings, "p", str(picture), place)).read_bytes() == b"png"
    for place in ("../a.png", "gs://bucket", "/a.png", ""):
        with pytest.raises(UserError, match="is not a place: expected gs://BUCKET/NAME"):
            upload_file(settings, "p", str(picture), place)
    with pytest.raises(InputError, match=r"none.png does not exist"):
        upload_file(settings, "p", str(tmp_path / "none.png"), "a.png")


def test_lines_that_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["get"], {}) == 2
    assert (
        "python -m edxtasks.external get_data PROJECT DATASET.TABLE DIRECTORY CSV" in capsys.readouterr().err
    )
    assert main(["get_data", "p"], {}) == 2
    assert (
        "expected get_data PROJECT DATASET.TABLE DIRECTORY CSV, found 1 argument" in capsys.readouterr().err
    )
    assert main(["get_data", "p", "a.b", str(tmp_path), "x.csv"], {}) == 1
    assert "ERROR: get_data: a.b does not exist\n" in capsys.readouterr().err
    assert main(["upload_data", "p", "no.csv", "a.b", "no.json", str(tmp_path), ""], {}) == 1
    assert "no.json: cannot be read or written: No such file or directory" in capsys.readouterr().err
