"""Files that the engine spells from a stored table are those that are written row by row, letter by letter.

The judge is the writer that takes rows one by one, whose own forms are written out in `test_exports.py`.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import duckdb
import pytest

from edxtasks.build.row_writers import PLAIN, REPORT_TABLE, StoredRows, write_files
from edxtasks.csv_text import CsvForm
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse, reading
from edxtasks.warehouse.rows import ParquetFiles
from edxtasks.warehouse.schema import Schema, schema

NAME = TableName("course", "things")
RANDOM = random.Random(20141014)
FLOATS = [
    *(0.0, -0.0, 1.0, 0.1, -2.5, 1e15, 1e16, 9999999999999998.0, 123456789012345680.0, 1e21, 1e22, 1e23),
    *(1e-3, 1e-4, 9.99e-5, 1e-5, -1.25e-5, 9.99e-6, -1.5e-7, 1e-9, 1e-10, 5e-324, 1.7976931348623157e308),
    *(float("nan"), struct.unpack("d", struct.pack("Q", 0xFFF8 << 48))[0], float("inf"), float("-inf")),
    *(struct.unpack("d", struct.pack("Q", RANDOM.getrandbits(64)))[0] for _ in range(3_000)),
    *(RANDOM.uniform(-1, 1) * 10 ** RANDOM.randint(-12, 20) for _ in range(3_000)),
]
TEXTS = [
    *(
        "",
        " ",
        "a",
        "a,b",
        'say "no"',
        '"',
        "\r",
        "\n",
        "a\r\nb",
        "\0",
        "a\0b",
        "é, ü",
        "\u2028",
        "😀",
        "\x7f",
    ),
    *("\\", "\\u00ab", "\\\\u001F", '{"a": "b\\n"}', "=1+1", "'", "null", "NULL", "\t", "/", "#a", "\x7f"),
    *map(chr, range(0x20)),
    *("".join(RANDOM.choice('a",\r\n\0\x0b\x1f\x08\\u0 é') for _ in range(6)) for _ in range(2_000)),
]
INTEGERS = [0, 1, -1, 2**63 - 1, -(2**63), 1 << 53]
MICROSECONDS = [
    *(0, 1, -1, 10, 999_999, 500_000, -1_500_000, 1_413_270_487_500_000, 1_413_270_487_000_000),
    *(-62_135_596_800_000_000, 253_402_300_799_999_999),  # from the year 1 to 9999
    *(RANDOM.randint(-62_135_596_800_000_000, 253_402_300_799_999_999) for _ in range(2_000)),
]
DAYS = [0, 1, -1, -719_162, 2_932_896, *(RANDOM.randint(-719_162, 2_932_896) for _ in range(1_000))]
COLUMNS = schema(
    "text STRING\ngrade FLOAT\nnumber INTEGER\npassed BOOLEAN\ntime TIMESTAMP\nday DATE\nother STRING"
)


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ParquetWarehouse:
    """A warehouse that spells the rows of small tables too."""
    monkeypatch.setattr(reading, "FEWEST_BYTES_OF_TEXTS", 0)
    return ParquetWarehouse(tmp_path / "warehouse")


def load(warehouse: ParquetWarehouse, columns: Schema, sql: str, *values: Any) -> None:
    """A table of the rows that DuckDB makes of a query: also of values that no JSON holds."""
    path = warehouse.folder.parent / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE rows AS {sql}", list(values))
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")
    warehouse.load(NAME, columns, ParquetFiles((path,)), BuildInfo("made"))


def same(warehouse: ParquetWarehouse, folder: Path, columns: Schema, form: CsvForm, ordered: bool) -> None:
    """Both ways write the same CSV and JSON files, and give the same number of rows."""
    stored = StoredRows(warehouse, NAME, columns, ordered)
    assert warehouse.texts(NAME, columns, [form], ordered) is not None
    files = {way: [folder / f"{way}.{kind}" for kind in ("csv", "json")] for way in ("engine", "rows")}
    number = write_files(files["engine"], columns, stored, form)
    assert write_files(files["rows"], columns, iter(stored), form) == number > 0
    for of_engine, of_rows in zip(files["engine"], files["rows"], strict=True):
        assert of_engine.read_bytes().split(b"\n") == of_rows.read_bytes().split(b"\n")


@pytest.mark.parametrize(
    ("form", "ordered"),
    [(CsvForm("True", "False"), False), (REPORT_TABLE, False), (CsvForm(bom=True), True)],
    ids=["person_course", "report", "ordered, with mark"],
)
def test_odd_values_letter_by_letter(
    warehouse: ParquetWarehouse, tmp_path: Path, form: CsvForm, ordered: bool
) -> None:
    """Floats of any bits, texts with quotes, line ends, NUL and all control characters, times and dates from
    the year 1 to 9999, with and without microseconds, and NULL in each column."""
    load(
        warehouse,
        COLUMNS,
        """SELECT texts[n] AS text, floats[n] AS grade, integers[n % 8] AS number,
             CASE n % 3 WHEN 0 THEN TRUE WHEN 1 THEN FALSE END AS passed,
             make_timestamptz(microseconds[n]) AS time, DATE '1970-01-01' + days[n]::INTEGER AS day,
             CASE n % 2 WHEN 1 THEN texts[len(texts) - n] END AS other
           FROM (SELECT ?::VARCHAR[] AS texts, ?::DOUBLE[] AS floats, ?::BIGINT[] AS integers,
                   ?::BIGINT[] AS microseconds, ?::BIGINT[] AS days),
             range(0, greatest(len(texts), len(floats))) AS numbers(n)""",
        *(TEXTS, FLOATS, INTEGERS, MICROSECONDS, DAYS),
    )
    same(warehouse, tmp_path, COLUMNS, form, ordered)


def test_times_without_end(warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    """They are what Python makes of them: the last and the first moment that it knows."""
    columns = schema("time TIMESTAMP\nday DATE")
    load(
        warehouse,
        columns,
        "SELECT x::TIMESTAMPTZ AS time, x::DATE AS day "
        "FROM (VALUES ('infinity'), ('-infinity'), (NULL)) AS moments(x)",
    )
    same(warehouse, tmp_path, columns, PLAIN, ordered=False)
    assert (tmp_path / "engine.csv").read_text().splitlines()[1:] == [
        "9999-12-31 23:59:59.999999,9999-12-31",
        "0001-01-01 00:00:00,0001-01-01",
        ",",
    ]


def test_one_empty_value_is_no_empty_line(warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    load(warehouse, schema("text STRING"), "SELECT unnest(['', NULL, 'a', '\"']) AS text")
    same(warehouse, tmp_path, schema("text STRING"), PLAIN, ordered=False)
    assert (tmp_path / "engine.csv").read_text() == 'text\n""\n""\na\n""""\n'


@pytest.mark.parametrize(
    ("declared", "sql", "line"),
    [
        ("tags REPEATED STRING", "SELECT ['x', 'y'] AS tags", '"[""x"",""y""]"'),
        ("item RECORD<a INTEGER>", "SELECT {'a': 1} AS item", '"{""a"":1}"'),
    ],
)
def test_nested_columns_are_spelt_row_by_row(
    warehouse: ParquetWarehouse, tmp_path: Path, declared: str, sql: str, line: str
) -> None:
    columns = schema(declared)
    load(warehouse, columns, sql)
    assert warehouse.texts(NAME, columns, [PLAIN]) is None
    path = tmp_path / "table.csv"
    assert write_files([path], columns, StoredRows(warehouse, NAME, columns), PLAIN) == 1
    assert path.read_text().splitlines()[1:] == [line]


def test_columns_of_other_types_are_spelt_row_by_row(warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    """A table of somebody else, whose columns have types that no table of ours has."""
    folder = tmp_path / "warehouse" / "course"
    folder.mkdir(parents=True)
    duckdb.execute(f"COPY (SELECT 1.50::DECIMAL(5, 2) AS price) TO '{folder / 'things.parquet'}'")
    info = warehouse.info(NAME)
    assert info is not None
    assert warehouse.texts(NAME, info.schema, [PLAIN]) is None


def test_a_small_table_is_spelt_row_by_row(tmp_path: Path) -> None:
    """To plan how DuckDB spells them takes longer than a few rows."""
    warehouse, columns = ParquetWarehouse(tmp_path / "warehouse"), schema("n INTEGER")
    load(warehouse, columns, "SELECT 1 AS n")
    assert warehouse.texts(NAME, columns, [PLAIN]) is None
    load(warehouse, columns, "SELECT (hash(n) >> 2)::BIGINT AS n FROM range(100000) AS numbers(n)")
    assert warehouse.texts(NAME, columns, [PLAIN]) is not None
