"""`doit shell`: queries, their forms, dot commands, the prompt; on both engines where they share it."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from in_process import Run, runner
from keyboard import Terminal
from project import REPOSITORY

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, PROJECT, running

from edxtasks.config import load_settings
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema

DATASET = "KursX__Deutsch_1__2031"
PEOPLE = schema("name STRING -- who\nn INTEGER -- how many\nok BOOLEAN\ntags REPEATED STRING")
ROWS: list[Row] = [
    {"name": "Ann, \x1b[31m|", "n": 1, "ok": True, "tags": ["a", "b"]},
    {"name": "学生", "n": None, "ok": None, "tags": []},
]
DAY = schema("event STRING")


def make_site(folder: Path, lines: list[str]) -> Path:
    """A folder with a configuration, and a few tables in the warehouse that it names."""
    (folder / "config").mkdir()
    (folder / "config" / "edxtasks.toml").write_text("\n".join(["course_id_list = []", *lines]))
    warehouse = open_warehouse(load_settings(folder, {}, {}))
    for name, rows in (("people", ROWS), ("nobody", [])):
        warehouse.load(TableName(DATASET, name), PEOPLE, iter(rows), BuildInfo("stamp"))
    for day in ("20310102", "20310103"):
        table = TableName(f"{DATASET}_logs", f"tracklog_{day}")
        warehouse.load(table, DAY, iter([{"event": day}]), BuildInfo("stamp"))
    return folder


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site on the embedded engine."""
    return make_site(tmp_path_factory.mktemp("shell"), [])


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site on BigQuery."""
    lines = ["[warehouse]", 'engine = "bigquery"', f'project_id = "{PROJECT}"']
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", running().storage)
        lines += [f'api_endpoint = "{running().bigquery}"', "[storage]", f'gs_bucket = "gs://{BUCKET}/x"']
        yield make_site(tmp_path_factory.mktemp("shell-cloud"), lines)


@pytest.fixture(params=["embedded", "cloud"])
def site(request: pytest.FixtureRequest) -> Path:
    """The site, on each engine."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def run(embedded: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """doit on the embedded site."""
    return runner(embedded, monkeypatch, capfdbinary)


@pytest.fixture
def on_both(site: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """doit on the site of each engine."""
    return runner(site, monkeypatch, capfdbinary)


QUERY = f"SELECT name, n, ok, tags FROM {DATASET}.people ORDER BY name"

# Forms, on both engines


@pytest.mark.parametrize(
    ("form", "out"),
    [
        (
            "table",
            "┌─────────────────┬──────┬──────┬───────────┐\n"
            "│ name            │    n │ ok   │ tags      │\n"
            "├─────────────────┼──────┼──────┼───────────┤\n"
            '│ Ann, \\x1b[31m|  │    1 │ true │ ["a","b"] │\n'
            "│ 学生            │ NULL │ NULL │ []        │\n"
            "└─────────────────┴──────┴──────┴───────────┘\n",
        ),
        ("csv", 'name,n,ok,tags\n"Ann, \x1b[31m|",1,true,"[""a"",""b""]"\n学生,,,[]\n'),
        (
            "json",
            '{"name":"Ann, \\u001b[31m|","n":1,"ok":true,"tags":["a","b"]}\n'
            '{"name":"学生","n":null,"ok":null,"tags":[]}\n',
        ),
        (
            "markdown",
            "| name | n | ok | tags |\n| --- | ---: | --- | --- |\n"
            '| Ann, \\\\x1b\\[31m\\| | 1 | true | \\["a","b"\\] |\n| 学生 |  |  | \\[\\] |\n',
        ),
    ],
)
def test_the_forms_of_a_result(on_both: Run, form: str, out: str) -> None:
    shown = out.replace("31m|  │", "31m| │").replace("┌──", "┌─").replace("├──", "├─").replace("└──", "└─")
    expected = shown.replace("name            │", "name           │").replace(
        "学生            ", "学生           "
    )
    assert on_both("shell", QUERY, f"--format={form}").out == (expected if form == "table" else out)


def test_a_result_becomes_a_file(on_both: Run, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    for name in ("old.csv", "rows.parquet", "rows.jsonl"):
        ended = on_both("shell", QUERY, f"--output={tmp_path / name}")
        assert (ended.out, ended.err) == ("", f"written: {tmp_path / name}, 2 rows\n")
    assert (tmp_path / "old.csv").read_text().splitlines()[2] == "学生,,,[]"
    rows = duckdb.connect().from_query(f"SELECT * FROM '{tmp_path}/rows.parquet'")
    assert (rows.columns, list(map(str, rows.types))) == (
        ["name", "n", "ok", "tags"],
        ["VARCHAR", "BIGINT", "BOOLEAN", "VARCHAR[]"],
    )
    assert rows.fetchall()[1] == ("学生", None, None, [])
    assert json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0])["n"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"old.csv", "rows.parquet", "rows.jsonl"}


def test_a_query_that_fails_leaves_the_old_file(on_both: Run, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("old")
    ended = on_both("shell", f"SELECT no_such FROM {DATASET}.people", f"--output={old}", status=1)
    assert ended.err.startswith("ERROR: ")  # the emulator does not say more than that it failed
    assert len(ended.err.splitlines()) < 6
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x AS SELECT 1 AS n",
        f"-- harmless\nINSERT INTO {DATASET}.people (n) VALUES (1)",
        f"DROP TABLE {DATASET}.people",
        f"DELETE FROM {DATASET}.people WHERE true",
    ],
)
def test_what_would_write_is_refused(on_both: Run, statement: str) -> None:
    ended = on_both("shell", statement, status=1)
    assert "is not run: the shell only reads" in ended.err
    assert "--output=FILE" in ended.err
    assert on_both("shell", f"SELECT count(*) AS n FROM {DATASET}.people", "--format=csv").out == "n\n2\n"


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO 'written'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'written'",
        "EXPLAIN (FORMAT json) COPY (SELECT 1) TO 'written'",
        "EXPORT DATABASE 'written'",
        "ATTACH 'written'",
        "WITH x AS (SELECT 1) INSERT INTO y SELECT * FROM x",
    ],
)
def test_statements_of_duckdb_that_would_write(run: Run, embedded: Path, statement: str) -> None:
    assert "is not run" in run("shell", statement, status=1).err
    assert not (embedded / "written").exists()


# Tables and columns


def test_the_tables_are_listed(on_both: Run, site: Path) -> None:
    on_disk = (site / "warehouse").is_dir()
    names = [line.split()[0] for line in on_both("shell", ".tables").lines]
    ours = [name for name in names if DATASET in name]
    days = f"{DATASET}_logs.tracklog" if on_disk else f"`{DATASET}_logs.tracklog_*`"
    assert ours == [f"{DATASET}.nobody", f"{DATASET}.people", days]
    fitting = on_both("shell", ".tables *x__*.PEO*").lines
    assert [line.split() for line in fitting] == [[f"{DATASET}.people", *(["2"] if on_disk else [])]]
    assert on_both("shell", ".tables no_such", status=1).err == "ERROR: no table fits no_such\n"


def test_the_columns_of_a_table(on_both: Run) -> None:
    lines = on_both("shell", f".schema {DATASET}.people").lines
    assert lines[0] == f"{DATASET}.people:"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["name", "STRING"],
        ["n", "INTEGER"],
        ["ok", "BOOLEAN"],
    ]
    assert "there is no table" in on_both("shell", f".schema {DATASET}.pepole", status=1).err


def test_dot_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ".schema TABLE" in run("shell", ".help").out
    assert "expected one of .tables" in run("shell", ".no", status=1).err
    assert "expected .schema TABLE" in run("shell", ".schema", status=1).err
    text = ".format csv\nSELECT 1 AS a;\n.format\n.format json\nSELECT 2 AS a;\n.quit\nSELECT 3;"
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert run("shell").out == 'a\n1\ncsv\n{"a":2}\n'


# Several statements, errors, the command line


def test_statements_from_a_pipe(on_both: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = "SELECT 'a;' AS a; -- one\nSELECT no_such;\n\nSELECT 'b'\nAS b"
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    ended = on_both("shell", "--format=csv", status=1)
    assert ended.out == "a\na;\nb\nb\n"
    assert ended.err.count("ERROR: ") == 1
    monkeypatch.setattr(
        sys, "stdin", io.StringIO(f".output {tmp_path}/b.csv\nSELECT 5 AS b;\nSELECT 6 AS c;")
    )
    assert on_both("shell", "--format=csv").out == "c\n6\n"
    assert (tmp_path / "b.csv").read_text() == "b\n5\n"


def test_an_error_names_the_line_of_the_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 1 AS a;\n\nSELECT\n  1 FRO 2 3;"))
    ended = run("shell", "--format=csv", status=1)
    assert (ended.out, "LINE 4:" in ended.err) == ("a\n1\n", True)


def test_values_are_not_part_of_an_error(run: Run) -> None:
    ended = run("shell", f"SELECT CAST(name AS INT) FROM {DATASET}.people", status=1)
    assert "Ann" not in ended.err
    assert "Conversion Error" in ended.err
    assert "LINE 1: SELECT CAST(name" in ended.err


def test_a_name_that_is_nearly_right(run: Run) -> None:
    for query, told in (
        (f"SELECT * FROM {DATASET}.poeple", f'no table {DATASET}.poeple; did you mean "{DATASET}.people"?'),
        (
            'SELECT * FROM "KursX_2031".people',
            f'no table KursX_2031.people; did you mean "{DATASET}.people"?',
        ),
        ("SELECT * FROM People", f"table People: expected DATASET.TABLE, such as {DATASET}.people"),
        (f"USE {DATASET}; SELECT * FROM poeple", 'there is no table poeple; did you mean "people"?'),
        ("SELECT * FROM nothing_like_it", "there is no table nothing_like_it (.tables lists them)"),
    ):
        assert told in run("shell", query, status=1).err, query


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["SELECT 1", "--format=cvs"],
            'expected one of table, csv, json, markdown, parquet; did you mean "csv"?',
        ),
        (["SELECT 1", "--format=parquet"], "name a file with --output=FILE"),
        (["SELECT 1", "--output=rows"], "rows: its name does not say in which form"),
        (["SELECT 1", "--output=."], "expected the name of a file"),
        (["SELECT 1", "--output=/dev/null", "--format=csv"], "expected the name of a file"),
        (["SELECT 1; SELECT 2", "--output=a.csv"], "--output takes one query"),
        (["SELECT 1", "--dialect=mysql"], "expected one of duckdb, googlesql"),
        (["SELECT 1", "--explain", "--output=a.csv"], "take one off the line"),
    ],
)
def test_wrong_command_lines(run: Run, embedded: Path, words: list[str], said: str) -> None:
    assert said in run("shell", *words, status=3).err
    assert not (embedded / "a.csv").exists()


def test_a_file_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    ended = run("shell", "SELECT 1", f"--output={tmp_path}/no/a.csv", status=1)
    assert ended.err == f"ERROR: {tmp_path}/no/a.csv cannot be written: No such file or directory\n"


# GoogleSQL


def test_googlesql_on_the_embedded_engine(run: Run) -> None:
    query = f"SELECT COUNTIF(n IS NULL) AS unknown, SAFE_DIVIDE(1, 0) AS nothing FROM `{DATASET}.people`"
    assert run("shell", "--dialect=googlesql", query, "--format=csv").out == "unknown,nothing\n1,\n"
    days = f"SELECT COUNT(*) AS n FROM {DATASET}_logs.tracklog"
    assert run("shell", "--dialect=googlesql", days, "--format=csv").out == "n\n2\n"
    text = run("shell", "--dialect=googlesql", "--explain", query).out
    assert f'FROM "{DATASET}"."people"' in text
    assert "bq_safe_divide" in text
    for wrong, said in [
        ("SELECT NO_SUCH(1) AS x", "line 1: NO_SUCH is not on the proven list"),
        ("SELECT 1 AS x FROM p.d.people", "expected DATASET.TABLE"),
        (f"SELECT 1 AS x FROM {DATASET}.poeple", f'did you mean "{DATASET}.people"?'),
        (f"SELECT name FROM {DATASET}.people WHERE n = @n", "@n has no value here"),
        ("SELECT (", "SQL that cannot be read"),
    ]:
        assert said in run("shell", "--dialect=googlesql", wrong, status=1).err


def test_googlesql_reads_narrow_numbers_of_other_people(embedded: Path, run: Run) -> None:
    duckdb.sql(
        f"COPY (SELECT 7::INTEGER AS n, 0.5::FLOAT AS x) TO '{embedded}/warehouse/{DATASET}/own.parquet'"
    )
    query = f"SELECT SUM(n) AS n, SUM(x) AS x FROM {DATASET}.own"
    try:
        assert run("shell", "--dialect=googlesql", query, "--format=csv").out == "n,x\n7,0.5\n"
    finally:
        (embedded / "warehouse" / DATASET / "own.parquet").unlink()


def test_explain_is_for_googlesql_on_the_embedded_engine(on_both: Run) -> None:
    ended = on_both("shell", "--explain", "SELECT 1", status=1)
    assert "runs" in ended.err and "as it is written: there is nothing to explain" in ended.err
    assert ended.out == ""


def test_bigquery_speaks_googlesql_alone(
    cloud: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    doit = runner(cloud, monkeypatch, capfdbinary)
    ended = doit("shell", "--dialect=googlesql", "SELECT 1 AS a", "--format=csv")
    assert (ended.out, ended.err) == (
        "a\n1\n",
        "--dialect=googlesql: without effect, it is what BigQuery speaks\n",
    )
    assert "speaks GoogleSQL and nothing else" in doit("shell", "--dialect=duckdb", "SELECT 1", status=3).err


def test_a_misspelt_table_or_dataset_names_the_nearest(on_both: Run) -> None:
    ended = on_both("shell", f"SELECT * FROM {DATASET}.peopel", status=1)
    assert 'id you mean "' in ended.err and 'people"' in ended.err
    assert "nobody" not in ended.err


def test_bigquery_names_the_nearest_dataset(
    cloud: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    doit = runner(cloud, monkeypatch, capfdbinary)
    ended = doit("shell", f"SELECT 1 FROM `{DATASET}x`.people JOIN {DATASET}.people USING (a)", status=1)
    assert f'did you mean "{DATASET}"?' in ended.err


def test_bigquery_says_how_all_log_days_are_written(
    cloud: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is the view `tracklog` on the embedded engine is a wildcard there."""
    doit = runner(cloud, monkeypatch, capfdbinary)
    ended = doit("shell", f"SELECT count(*) AS n FROM {DATASET}_logs.tracklog", status=1)
    assert f"are `{DATASET}_logs.tracklog_*`, with the backquotes" in ended.err
    every = f"SELECT count(*) AS n FROM `{DATASET}_logs.tracklog_*`"
    assert doit("shell", every, "--format=csv").out == "n\n2\n"


@pytest.mark.parametrize("statement", ["SHOW ALL TABLES", f"DESCRIBE {DATASET}.people", "EXPLAIN SELECT 1"])
def test_googlesql_has_no_statements_that_show(on_both: Run, statement: str) -> None:
    """They would not write: what does the same is named."""
    ended = on_both("shell", "--dialect=googlesql", statement, status=1)
    word = statement.split()[0]
    assert f"ERROR: {word} is no statement of GoogleSQL. .tables lists the tables" in ended.err


# What cannot be read


def test_what_is_broken_is_told_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = make_site(tmp_path, [])
    doit = runner(folder, monkeypatch, capfdbinary)
    warehouse = folder / "warehouse"
    (warehouse / "foreign").mkdir()
    (warehouse / "foreign" / "broken.parquet").write_bytes(b"no parquet")
    (warehouse / "foreign" / "a b.parquet").write_bytes(b"x")
    (warehouse / "foreign" / "loop.parquet").symlink_to("loop.parquet")
    (warehouse / "information_schema").mkdir()
    (warehouse / "information_schema" / "tables.parquet").write_bytes(b"x")
    (warehouse / "not a dataset").mkdir()
    for words in (
        ["shell", f"SELECT count(*) AS n FROM {DATASET}.people", "--format=csv"],
        ["shell", ".tables"],
    ):
        ended = doit(*words)
        assert "2" in ended.out
        assert "note: foreign.broken has no view, since it cannot be read" in ended.err
        assert "note: foreign.loop has no view" in ended.err
        assert "a b.parquet is not read" in ended.err


# Endings


def start(folder: Path, *words: str, **streams: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "doit", "shell", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        start_new_session=True,
        stdin=streams.get("stdin", subprocess.DEVNULL),
        stdout=streams.get("stdout"),
        stderr=streams.get("stderr"),
    )


def test_a_closed_pipe_is_silent(embedded: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = start(
        embedded, "SELECT * FROM range(1000000)", "--format=csv", stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert process.communicate(timeout=300)[1] == b""
    assert process.returncode == 141


def test_ctrl_c_is_silent(embedded: Path) -> None:
    # The first row is there at once, the last one after days.
    query = "SELECT 1; SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    process = start(embedded, query, "--format=csv", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=300)[1] == b""
    assert process.returncode == 130


def at_terminal(folder: Path, *words: str) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "doit", "shell", *words], folder, os.environ | {"PYTHONPATH": str(REPOSITORY)}
    )


def test_the_prompt(embedded: Path) -> None:
    history = embedded / "state" / "shell_history"
    terminal = at_terminal(embedded)
    terminal.until("edxtasks>")
    terminal.type("SELECT 20 +\r")
    terminal.until("...>")  # not complete yet
    terminal.type("22 AS answer;\r")
    terminal.until("42")
    terminal.until("edxtasks>")
    terminal.type("SELECT no_such;\r")
    terminal.until("ERROR: ")
    terminal.until("edxtasks>")
    terminal.type(" SELECT 'secret' AS x;\r")  # begins with a blank: not kept
    terminal.until("─┘")
    terminal.until("edxtasks>")
    terminal.type("SELECT 7; SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b;\r")
    terminal.until("─┘")  # of the first: the second is under way
    terminal.process.send_signal(signal.SIGINT)  # as Ctrl-C does
    terminal.until("interrupted")
    terminal.until("edxtasks>")
    terminal.type("\x04")
    assert terminal.end() == 0
    kept = history.read_text()
    assert "+SELECT 20 +\n+22 AS answer;" in kept
    assert "secret" not in kept
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    before = history.read_bytes()
    terminal = at_terminal(embedded, "--no-history")
    terminal.until("edxtasks>")
    terminal.type(".quit\r")
    assert terminal.end() == 0
    assert history.read_bytes() == before


@pytest.mark.parametrize(
    "typed", ["", "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b;\r"]
)
def test_sigterm_ends_the_prompt_also_in_a_query(typed: str, embedded: Path) -> None:
    terminal = at_terminal(embedded, "--no-history")
    terminal.until("edxtasks>")
    terminal.type(f"SELECT 7;{typed or chr(13)}")
    terminal.until("─┘")
    if not typed:
        terminal.until("edxtasks>")
    terminal.process.terminate()
    terminal.until("interrupted")
    assert terminal.end() == 130


def test_output_at_the_prompt_is_a_dot_command(embedded: Path) -> None:
    terminal = at_terminal(embedded, "--output=a.csv")
    terminal.until("at the prompt: .output FILE")
    assert terminal.end() == 3
