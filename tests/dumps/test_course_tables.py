"""Tables that come straight from one delivered table: studentmodule, grades, partitions."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from build_inputs import built_by

from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.dumps import (
    grades_persistent,
    grades_persistent_subsection,
    studentmodule,
    user_partitions,
)
from edxtasks.warehouse.rows import JsonLines

COURSE = CourseKey("MITx", "6.00x", "1T2014")
OPAQUE = "course-v1:MITx+6.00x+1T2014"


def build(
    module: ModuleType, base: Path, name: str, content: str | bytes, messages: Messages | None = None
) -> list[dict[str, Any]]:
    folder = base / "MITx-6.00x-1T2014"
    folder.mkdir(exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    settings = Settings(root=base, paths=Paths(course_sql_base_dir=base))
    built = built_by(module, COURSE, settings, base, messages or Messages())
    assert isinstance(built, JsonLines)
    assert (folder / name).read_bytes() == data  # delivered files are never modified
    return [json.loads(line) for line in gzip.decompress(built.paths[0].read_bytes()).split(b"\n") if line]


def column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


STUDENTMODULE = (
    "id\tmodule_type\tmodule_id\tstudent_id\tstate\tgrade\tcreated\tmodified\tmax_grade\tdone\tcourse_id\n"
    "9007199254740993\tproblem\tblock-v1:MITx+6.00x+1T2014+type@problem+block@p1\t1\t"
    '{"a": "\\\\u00e9 \\\\"x\\\\""}\t2.5\t2014-01-01 17:28:27\t2014-01-01 17:28:27.123456\t3\tna\t'
    f"{OPAQUE}\n"
    f"2\tproblem\ti4x://MITx/6.00x/problem/p2\t2\tNULL\tNULL\t0000-00-00 00:00:00\tNULL\tNULL\tna\t{OPAQUE}\n"
    f"3\tcourse\t{OPAQUE}\t1\ta\\\nb\\\tc\tNULL\t2014-01-01 00:00:00\t2014-01-01 00:00:00\tNULL\tna\t"
    "MITx/6.00x/1T2014\n"
    f"4\tproblem\tx\t1\t{{}}\t\t\t\t\tna\tcourse-v1:MITx+6.00x+2T2014\n"
    f"x\tproblem\tx\tNULL\t{{}}\t\t\t\t\tna\t{OPAQUE}\n"
)


@pytest.mark.parametrize("name", ["studentmodule.sql", "studentmodule.csv.gz"])
def test_studentmodule(tmp_path: Path, name: str) -> None:
    content: str | bytes = STUDENTMODULE
    if name.endswith(".csv.gz"):
        # The same fields as CSV, as the sorted package has them.
        records = [
            ["id", "module_type", "module_id", "student_id", "state", "grade", "created", "modified"],
            *[record.split("\t")[:8] for record in STUDENTMODULE.split("\n")[1:3]],
            ["3", "course", OPAQUE, "1", "a\\\nb\\\tc", "NULL", "2014-01-01 00:00:00", "2014-01-01 00:00:00"],
        ]
        rest = [
            ["max_grade", "done", "course_id"],
            ["3", "na", OPAQUE],
            ["NULL", "na", OPAQUE],
            ["NULL", "na", "MITx/6.00x/1T2014"],
        ]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([a + b for a, b in zip(records, rest, strict=True)])
        content = gzip.compress(text.getvalue().encode())
    messages = Messages()
    rows = build(studentmodule, tmp_path, name, content, messages)
    assert rows == [
        {
            "id": 9007199254740993,
            "module_type": "problem",
            "module_id": "i4x://MITx/6.00x/problem/p1",
            "student_id": 1,
            "state": '{"a": "\\u00e9 \\"x\\""}',
            "grade": "2.5",
            "created": "2014-01-01T17:28:27Z",
            "modified": "2014-01-01T17:28:27.123456Z",
            "max_grade": "3",
            "done": "na",
            "course_id": "MITx/6.00x/1T2014",
        },
        {
            "id": 2,
            "module_type": "problem",
            "module_id": "i4x://MITx/6.00x/problem/p2",
            "student_id": 2,
            "state": None,
            "grade": None,
            "created": None,
            "modified": None,
            "max_grade": None,
            "done": "na",
            "course_id": "MITx/6.00x/1T2014",
        },
        {
            "id": 3,
            "module_type": "course",
            "module_id": OPAQUE,  # no block id: stays as it is
            "student_id": 1,
            "state": "a\nb\tc",
            "grade": None,
            "created": "2014-01-01T00:00:00Z",
            "modified": "2014-01-01T00:00:00Z",
            "max_grade": None,
            "done": "na",
            "course_id": "MITx/6.00x/1T2014",
        },
    ]
    assert json.loads(rows[0]["state"]) == {"a": 'é "x"'}
    assert tuple(rows[0]) == studentmodule.SCHEMA.names
    if name == "studentmodule.sql":
        # Record 4 is of another course; record 5 has no student.
        assert messages.counts == {"files": 1, "records": 5, "rejects": 1}


def test_studentmodule_keeps_order_and_every_row_over_many_records(tmp_path: Path) -> None:
    # 1000 records, some of them odd, through the batches of the reader.
    header = "id\tmodule_id\tstudent_id\tgrade\tcourse_id\n"
    lines = []
    for number in range(1000):
        student = "x" if number % 40 == 7 else str(number)
        course = "MITx/other/1T2014" if number % 10 == 3 else OPAQUE
        lines.append(f"{number}\tm\t{student}\tNULL\t{course}\n")
    messages = Messages()
    rows = build(studentmodule, tmp_path, "studentmodule.sql", header + "".join(lines), messages)
    wanted = [number for number in range(1000) if number % 10 != 3 and number % 40 != 7]
    assert column(rows, "id") == wanted
    assert column(rows, "student_id") == wanted
    # 25 of 1000 have no student: numbers 7, 47, … stand in records 8, 48, 88
    assert "bad (record 8: no integer in student_id; record 48: no" in messages.lines[0]
    assert messages.lines[1] == (
        "studentmodule.sql: no column module_type, state, created, modified, max_grade, done, which are NULL"
    )
    assert "100 of other courses" in messages.lines[0]


def test_studentmodule_without_its_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"studentmodule\.sql: the column module_id is missing"):
        build(studentmodule, tmp_path, "studentmodule.sql", "id\tstudent_id\n1\t1\n")
    with pytest.raises(SourceAbsentError, match="studentmodule was delivered empty"):
        build(studentmodule, tmp_path, "studentmodule.sql", "")
    with pytest.raises(SourceAbsentError, match="delivered empty"):
        build(studentmodule, tmp_path, "studentmodule.sql", "\n\n")
    assert build(studentmodule, tmp_path, "studentmodule.sql", "id\tmodule_id\tstudent_id\n") == []


OLD_TAGS = (
    "id\tuser_id\tkey\tcourse_id\tvalue\n"
    f"1\t10\tk1\t{OPAQUE}\t0\n2\t11\tk1\t{OPAQUE}\tTrue\n3\t12\tk2\t{OPAQUE}\tfalse\n"
    f"4\t13\tk2\t{OPAQUE}\tgroup a\n5\t14\tk2\t{OPAQUE}\tNULL\n"
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 2, 3, 4, 1)])
def test_user_partitions_by_name(tmp_path: Path, order: tuple[int, ...]) -> None:
    lines = [line.split("\t") for line in OLD_TAGS.splitlines()]
    content = "".join("\t".join(line[at] for at in order) + "\n" for line in lines)
    messages = Messages()
    rows = build(user_partitions, tmp_path, "user_api_usercoursetag.sql", content, messages)
    assert column(rows, "id") == [1, 2, 3, 4, 5]
    assert column(rows, "user_id") == [10, 11, 12, 13, 14]
    assert column(rows, "key") == ["k1", "k1", "k2", "k2", "k2"]
    assert set(column(rows, "course_id")) == {"MITx/6.00x/1T2014"}
    assert column(rows, "value") == [0, 1, 0, None, None]
    assert any("1 value that are neither an integer nor true or false" in line for line in messages.lines)
    text = gzip.decompress((tmp_path / "MITx-6.00x-1T2014" / "user_partitions.csv.gz").read_bytes()).decode()
    assert text.splitlines()[:2] == ["id,user_id,key,course_id,value", "1,10,k1,MITx/6.00x/1T2014,0"]
    assert text.splitlines()[4] == "4,13,k2,MITx/6.00x/1T2014,"


def test_a_table_without_course_column_is_of_this_course(tmp_path: Path) -> None:
    rows = build(user_partitions, tmp_path, "user_api_usercoursetag.csv", "user_id,key,value\n1,k,2\n")
    assert rows == [{"id": None, "user_id": 1, "key": "k", "course_id": "MITx/6.00x/1T2014", "value": 2}]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (grades_persistent, "grades_persistentcoursegrade"),
        (grades_persistent_subsection, "grades_persistentsubsectiongrade"),
        (user_partitions, "user_api_usercoursetag"),
        (studentmodule, "studentmodule"),
    ],
)
def test_what_was_not_delivered(tmp_path: Path, module: ModuleType, name: str) -> None:
    (tmp_path / "MITx-6.00x-1T2014").mkdir()
    settings = Settings(root=tmp_path, paths=Paths(course_sql_base_dir=tmp_path))
    with pytest.raises(SourceAbsentError, match=f"{name} was not delivered"):
        module.TABLE.builder.sources(Instance(settings, COURSE))
