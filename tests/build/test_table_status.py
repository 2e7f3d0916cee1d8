"""Which courses of a list lack a table: for tasks and for commands."""

from __future__ import annotations

import re
from pathlib import Path

from doit_process import doit
from project import REPOSITORY, Project

from edxtasks.build.table_status import HEADER, courses_without_table
from edxtasks.config import Options, Settings
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

HAS = CourseKey.parse("OrgX/Ab.1/2T2020")
LACKS = CourseKey.parse("course-v1:OrgY+Cd-2+R1")


def test_courses_that_lack_a_table_in_the_order_of_the_list(tmp_path: Path) -> None:
    warehouse = ParquetWarehouse(tmp_path)
    rows = [{"name": "a"}, {"name": "b"}]
    warehouse.load(
        TableName("OrgX__Ab_1__2T2020", "things"), schema("name STRING -- n"), rows, BuildInfo("1")
    )
    warehouse.load(
        TableName("OrgY__Cd_2__R1_latest", "things"), schema("name STRING -- n"), [], BuildInfo("1")
    )
    messages = Messages()
    found = courses_without_table(warehouse, Settings(root=tmp_path), messages, [LACKS, HAS], "things")
    assert found == [LACKS]
    assert messages.lines[0] == HEADER
    assert messages.lines[1] == "None,OrgY/Cd-2/R1,None,0,0,OrgY__Cd_2__R1,things"
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?"
    pattern = rf"{time},OrgX/Ab\.1/2T2020,{time},2,[1-9]\d*,OrgX__Ab_1__2T2020,things"
    assert re.fullmatch(pattern, messages.lines[2])
    assert messages.lines[3] == "1 of 2 courses have no table things, and are chosen: OrgY/Cd-2/R1"
    # With dataset_latest other datasets are meant; a table without rows is a table.
    latest = Settings(root=tmp_path, options=Options(dataset_latest=True))
    assert courses_without_table(warehouse, latest, Messages(), [LACKS, HAS], "things") == [HAS]


def test_a_task_and_a_command_for_the_courses_that_lack_a_table(built: Project) -> None:
    first, second = built.courses
    text = (built.folder / "config" / "edxtasks.toml").read_text()
    both = f'all = ["{first}", "{second}"]\nfirst'
    (built.folder / "config" / "edxtasks.toml").write_text(text.replace("first", both, 1))
    words = ("clist=all", "clist_from_missing_table=pc_forum")
    built.doit("clean", f"pc_forum:{second}")
    built.doit("forget", "pc_day_totals")
    outcome = built.doit("pc_day_totals", *words)
    assert outcome.built == {f"pc_day_totals:{second}"}
    assert f"1 of 2 courses have no table pc_forum, and are chosen: {second}" in outcome.err
    assert HEADER not in outcome.out
    options = ["--clist=all", "--clist-from-missing-table=pc_forum"]
    ended = doit(built.folder, "delete_empty_tables", "--skiprun", *options)
    assert ended.err.count(HEADER) == 1
    assert HEADER.encode() not in ended.out
    # Nobody lacks it: a notice, and nothing is done.
    assert built.doit("pc_day_totals", "clist=all", "clist_from_missing_table=pc_modal_ip").built == set()


def test_the_option_is_documented() -> None:
    assert "clist_from_missing_table=TABLE" in (REPOSITORY / "docs" / "commands.md").read_text()
