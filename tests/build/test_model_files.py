"""Reading model files: columns taken over from another table, and what breaks the form."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.build.model import read_models
from edxtasks.build.registry import put_together
from edxtasks.table import FactLine, Facts, Need, PythonModel, Scope, SqlModel, Table
from edxtasks.warehouse.schema import schema

BY_DATE = """-- By date.
-- command: x
-- partition: date
-- files: a.csv
SELECT
  DATE '2014-01-01' AS date -- DATE: day
"""
ALL_LOGS = """-- By date.
-- command: x
-- partition: date
-- lookback: all
SELECT
  DATE(time) AS date -- DATE: day
FROM tracklog
"""
DECLARED = {"axis": schema("url_name STRING -- name in links\nindex INTEGER -- place")}
UNION = """-- All axes.
-- command: report
-- scope: group
-- columns: axis
-- files: axes.csv, axes.json.gz
-- settings: org
SELECT *
FROM axis
"""


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_columns_of_another_table_are_put_in_place_of_the_star(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    table = read_models(tmp_path, None, DECLARED)["report.axes"]
    assert isinstance(table.builder, SqlModel)
    assert table.builder.sql.endswith(
        "SELECT\n  url_name, -- STRING: name in links\n  index -- INTEGER: place\nFROM axis\n"
    )
    assert table.schema == DECLARED["axis"]
    assert (table.scope, table.task) == (Scope.GROUP, "report:axes")
    assert table.inputs == {"axis": Need.REQUIRED}
    assert table.files == ("axes.csv", "axes.json.gz")
    assert table.builder.settings == ("org",)


def test_columns_of_another_table_but_some(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION.replace("columns: axis", "columns: axis without index"))
    table = read_models(tmp_path, None, DECLARED)["report.axes"]
    assert table.schema.names == ("url_name",)
    assert isinstance(table.builder, SqlModel)
    assert "index" not in table.builder.sql.partition("SELECT")[2]


def test_columns_without_one_that_is_not_there_are_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION.replace("columns: axis", "columns: axis without indx"))
    assert 'axis has no column indx; did you mean "index"' in (
        read_models(tmp_path, None, DECLARED)["report.axes"].fault
    )


def test_columns_may_be_those_of_a_model_whatever_the_order_of_files(tmp_path: Path) -> None:
    write(tmp_path, "report/a_copy.sql", "-- A copy.\n-- command: x\n-- columns: zed\nSELECT *\nFROM zed\n")
    write(tmp_path, "person/zed.sql", "-- Zed.\n-- command: x\nSELECT\n  1 AS one -- INTEGER: one\n")
    assert read_models(tmp_path, None, {})["report.a_copy"].schema.names == ("one",)


def test_another_column_of_the_source_is_another_recipe(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    before = read_models(tmp_path, None, DECLARED)["report.axes"].builder
    wider = {"axis": schema("url_name STRING -- name in links\nindex INTEGER -- place\ndue TIMESTAMP -- due")}
    after = read_models(tmp_path, None, wider)["report.axes"].builder
    assert isinstance(before, SqlModel) and isinstance(after, SqlModel)
    assert before.recipe != after.recipe


def test_the_cache_gives_the_same(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    cache = tmp_path / "state" / "models.json"
    first = read_models(tmp_path, cache, DECLARED)
    assert cache.is_file()
    assert read_models(tmp_path, cache, DECLARED) == first == read_models(tmp_path, None, DECLARED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (UNION.replace("columns: axis", "columns: axle"), "axle is not a table whose columns are known"),
        (UNION.replace("SELECT *", "SELECT url_name"), 'has one line "SELECT *"'),
        (UNION.replace("SELECT *", "  SELECT *"), 'has one line "SELECT *"'),
        (UNION.replace("-- columns: axis\n", ""), "list the columns"),
        (UNION.replace("FROM axis", "FROM axis WHERE"), "SQL that cannot be read"),
        (UNION.replace("-- settings", "-- partition: index\n-- settings"), "neither DATE nor TIMESTAMP"),
        (BY_DATE, "a table by date has no files"),
        (ALL_LOGS, "would read every log day for each date that changes"),
    ],
)
def test_what_breaks_the_form_is_told_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "report/axes.sql", text)
    table = read_models(tmp_path, None, DECLARED)["report.axes"]
    assert table.fault.startswith(str(tmp_path / "report" / "axes.sql"))
    assert message in table.fault
    assert not table.inputs


LINES = """-- Lines.
-- command: lines
-- grain: url_name
SELECT
  url_name, -- STRING: name in links
  COUNT(*) AS uses -- INTEGER: how often
FROM axis
WHERE url_name <> @course_id
GROUP BY url_name
"""


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            LINES.replace("STRING: name", "TEXT: name"),
            ", line 5",
            'the comment of column url_name is "TEXT: na',
        ),
        (
            LINES.replace("-- grain", "-- grian"),
            ", line 3",
            'header key "grian" is not known; did you mean "grai',
        ),
        (
            LINES.replace("@course_id", "@course_ids"),
            ", line 8",
            "there is no parameter @course_ids; did you mean",
        ),
        (LINES.replace("lines\n", "a: b\n"), ", line 2", "the command in the header is expected to be one"),
        (
            LINES.replace("grain: url_name", "partition: day"),
            ", line 3",
            "the partition column day is none of",
        ),
        (LINES.replace("grain: url_name", "settings: orga"), ", line 3", "orga, which is not a setting"),
        (LINES.replace("grain: url_name", "scope: curse"), ", line 3", 'scope "curse" is none of'),
        (LINES.replace("grain: url_name", "lookback: 5 ells"), ", line 3", 'lookback "5 ells" is none of'),
        (LINES.replace("grain: url_name", "optional: axle"), ", line 3", "the query does not read it"),
        (
            LINES.replace("grain: url_name", "grain: url_nam"),
            ", line 3",
            'grain: url_nam is none of its columns; did you mean "url_name"?',
        ),
        (LINES.replace("url_name\nSELECT", "url_name, no\nSELECT"), ", line 3", "grain: no is none of its"),
        (LINES.replace(" -- INTEGER: how often", ""), ", line 6", "output column uses has no comment"),
        (LINES.replace("COUNT(*) AS uses", "COUNT(*)"), ", line 6", "output column 2 (COUNT(*)) has no name"),
        (LINES.replace("GROUP", "GRUOP"), ", line 9", "SQL that cannot be read"),
        (LINES + "; SELECT 1", "", "expected one SELECT, found 2 statements"),
        (LINES[: LINES.index("SELECT")] + "DELETE FROM axis WHERE TRUE", ", line 4", "found DELETE"),
        ("", "", "expected one SELECT, found 0 statements"),
        ("\ud800", "", "expected text in UTF-8, byte 0 is none"),
    ],
)
def test_a_wrong_model_fails_alone(tmp_path: Path, text: str, place: str, message: str) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    path = tmp_path / "area" / "lines.sql"
    path.parent.mkdir()
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    tables = read_models(tmp_path, None, DECLARED)
    assert tables["lines"].fault.startswith(f"{path}{place}: ")
    assert message in tables["lines"].fault
    assert (tables["lines"].task, tables["lines"].command) == ("lines", "lines")
    assert tables["report.axes"].fault == ""


def test_of_two_models_with_one_name_neither_hides_the_other(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path, f"{folder}/lines.sql", LINES)
    [table] = read_models(tmp_path, None, DECLARED).values()
    assert table.fault == f"{tmp_path}/b/lines.sql: there are two models with the name lines"


def test_names_that_no_table_can_have_are_told(tmp_path: Path) -> None:
    for name in ("lines", "more lines", "9_lines", "Lines"):
        write(tmp_path, f"{name}/{name}.sql", LINES)
    tables = read_models(tmp_path, None, DECLARED)
    faults = {name: table.fault.partition(": ")[2] for name, table in tables.items() if table.fault}
    letters = "the name of the file is that of the table: expected letters, digits and _, no digit first"
    twin = "there is a model with the name Lines, and engines do not tell capitals apart"
    assert faults == {"more lines": letters, "9_lines": letters, "lines": twin}


def models(tmp_path: Path, **inputs: str) -> dict[str, Table]:
    """The registry of models that read one table each."""
    for name, source in inputs.items():
        write(
            tmp_path,
            f"area/{name}.sql",
            f"-- {name}.\n-- command: x\nSELECT\n  1 AS i -- INTEGER: one\nFROM {source}\n",
        )
    return put_together(read_models(tmp_path, None, {}), [])


def test_an_input_that_no_table_is_fails_its_reader_alone(tmp_path: Path) -> None:
    tables = models(tmp_path, good="better", better="best", best="goood", events="tracklog")
    assert {name for name, table in tables.items() if table.fault} == {"best", "events"}
    assert tables["best"].fault == (
        f'{tmp_path}/area/best.sql, line 5: it reads goood, which is not a table; did you mean "good"?'
    )
    assert tables["events"].fault.startswith(
        f"{tmp_path}/area/events.sql, line 5: it reads tracklog and is not"
    )
    assert list(tables) == ["best", "better", "events", "good"]  # inputs first


def test_a_cycle_fails_its_members_alone(tmp_path: Path) -> None:
    tables = models(tmp_path, a="b", b="c", c="b", d="d", e="c")
    assert {name: table.fault.partition(": ")[2] for name, table in tables.items() if table.fault} == {
        "b": "a cycle of inputs: b <- c <- b",
        "c": "a cycle of inputs: b <- c <- b",
        "d": "a cycle of inputs: d <- d",
    }
    assert list(tables) == ["b", "a", "c", "d", "e"]
    assert tables["a"].inputs == {"b": Need.REQUIRED}


def test_a_model_with_the_name_of_a_loaded_table_fails(tmp_path: Path) -> None:
    write(tmp_path, "area/axis.sql", LINES.replace("FROM axis", "FROM x"))
    tables = put_together(
        read_models(tmp_path, None, {}),
        [Table("axis", "y", DECLARED["axis"], PythonModel(1, lambda inputs: []))],
    )
    assert (
        tables["axis"].fault == f"{tmp_path}/area/axis.sql: a table that is not a model has this name already"
    )


FACTS = """-- Rows.
-- command: x
-- facts: SELECT COUNT(*) AS people -- INTEGER: rows
--     FROM rows_made
-- fact: {people} rows
-- warning when people: some
SELECT
  1 AS n -- INTEGER: one
"""


@pytest.mark.parametrize("key", ["facts", "Facts"])
def test_facts_are_read_from_the_header(key: str, tmp_path: Path) -> None:
    write(tmp_path, "area/rows_made.sql", FACTS.replace("-- facts:", f"-- {key}:"))
    table = read_models(tmp_path, None, {})["rows_made"]
    assert table.fault == ""
    assert table.description == "Rows."
    assert table.facts == Facts(
        "SELECT COUNT(*) AS people -- INTEGER: rows\nFROM rows_made",
        (FactLine("{people} rows"), FactLine("some", "people", warning=True)),
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("when people", "when persons", 'the facts have "persons", which their query does not give'),
        ("{people}", "{peple}", 'the facts have "peple", which their query does not give; did you mean'),
        ("{people}", "{people", "the query of the facts: "),
        ("warning when people:", "warning if people:", "line 6: expected -- facts: QUERY, -- fact: TEXT"),
        ("-- INTEGER: rows", "", "the query of the facts: "),
        ("-- facts: SELECT COUNT(*) AS people -- INTEGER: rows\n--     FROM rows_made\n", "", "line 3: "),
        ("-- command: x", "-- command: x\n-- scope: group", "facts are told of a table of a course"),
    ],
)
def test_wrong_facts_are_a_fault(tmp_path: Path, old: str, new: str, fault: str) -> None:
    write(tmp_path, "area/rows_made.sql", FACTS.replace(old, new))
    assert fault in read_models(tmp_path, None, {})["rows_made"].fault


@pytest.mark.parametrize(
    ("value", "empty", "up_to", "fault"),
    [
        ("yes", True, 0, ""),
        ("up to 100 rows", False, 100, ""),
        ("sometimes", False, 0, '"may be empty: sometimes": expected yes, or up to N rows'),
    ],
)
def test_a_table_says_when_it_may_be_empty(
    tmp_path: Path, value: str, empty: bool, up_to: int, fault: str
) -> None:
    write(
        tmp_path, "area/rows_made.sql", FACTS.replace("command: x", f"command: x\n-- may be empty: {value}")
    )
    table = read_models(tmp_path, None, {})["rows_made"]
    assert fault in table.fault
    assert (table.may_be_empty, table.empty_up_to) == (empty, up_to)
