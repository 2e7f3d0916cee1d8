"""`doit compare`, as a process: a table of the campus against what an old project would have exported."""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from doit.doit_cmd import DoitMain
from doit_process import Ended, doit
from product_registry import product_registry
from project import Project

from edxtasks.build.comparison_sides import SHOWN_TEXT, ours, shown_columns
from edxtasks.config import load_settings
from edxtasks.course import CourseKey

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, fake_google

REGISTRY = product_registry()
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def exported(built_once: Project) -> tuple[str, Rows]:
    """The course with most people, and its rows of `person_course.csv.gz`."""
    found = []
    for course in built_once.courses:
        folder = course.replace("/", "-")
        [path] = built_once.folder.glob(f"SQL/{folder}/**/person_course.csv.gz")
        with gzip.open(path, "rt", newline="") as file:
            found.append((course, list(csv.DictReader(file))))
    return max(found, key=lambda one: len(one[1]))


def old_form(rows: Rows) -> Rows:
    """As the predecessor wrote it: whole numbers by way of floats, times with their zone."""

    def value(name: str, text: str) -> str:
        if name.endswith(("_time", "_event")) and text:
            return f"{text} UTC"
        if name in {"YoB", "nevents", "is_active", "nchapters"} and text:
            return f"{text}.0"
        return text

    return [{name: value(name, text) for name, text in row.items()} for row in rows]


def write(path: Path, rows: Rows) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def lines(ended: Ended, beginning: str) -> list[str]:
    return [line for line in ended.lines if line.startswith(beginning)]


def test_the_old_form_of_person_course_is_equal(
    built_once: Project, exported: tuple[str, Rows], tmp_path: Path
) -> None:
    course, rows = exported
    assert len(rows) > 10
    names = list(rows[0])
    turned = [{name: row[name] for name in reversed(names)} for row in old_form(rows)]
    path = write(tmp_path / "person_course.csv.gz", turned[::-1])
    ended = doit(built_once.folder, "compare", f"person_course:{course}", str(path))
    assert f"equal      {len(rows)}" in ended.lines
    assert ended.lines[-1] == "equal"
    assert "key        user_id" in ended.lines
    born = sum(bool(row["YoB"]) for row in rows)
    assert lines(ended, "note: YoB") == [f"note: YoB: {born} equal values written otherwise there"]
    assert lines(ended, "note: registered") == [
        f"note: registered: {len(rows)} equal values written otherwise there"
    ]


def test_what_differs_is_told_by_column_and_key(
    built_once: Project, exported: tuple[str, Rows], tmp_path: Path
) -> None:
    """Three people changed, two left out, one added; no name, no address in what is said."""
    course, rows = exported
    changed = [dict(row) for row in old_form(rows)]
    first, second, third, *_ = changed
    first["mode"] = "no such mode"
    second["grade"] = "7.5"
    second["viewed"] = "perhaps"
    third["username"] = ""
    left_out, kept = changed[-2:], changed[:-2]
    added = {**dict.fromkeys(first, ""), "user_id": "987654321", "username": "zoe-of-nowhere"}
    path = write(tmp_path / "person_course.csv", [*kept, added])
    ended = doit(
        tmp_path,
        "compare",
        f"person_course:{course}",
        path.name,
        "config=" + config(built_once),
        f"root={built_once.folder}",
        status=1,
    )
    assert f"equal      {len(rows) - 5}" in ended.lines
    assert "changed    3" in ended.lines
    assert "only here  2" in ended.lines
    assert "only there 1" in ended.lines
    assert ended.lines[-1] == "different"
    assert sorted(lines(ended, "changed ")[1:]) == [
        "changed grade: 1",
        "changed mode: 1",
        "changed username: 1 (1 without a value there)",
        "changed viewed: 1 (1 that cannot be read there)",
    ]
    assert sorted(lines(ended, "changed: ")) == sorted(
        [
            f"changed: user_id={first['user_id']} (mode)",
            f"changed: user_id={second['user_id']} (viewed, grade)",
            f"changed: user_id={third['user_id']} (username)",
        ]
    )
    assert set(lines(ended, "only here: ")) == {f"only here: user_id={row['user_id']}" for row in left_out}
    assert lines(ended, "only there: ") == ["only there: user_id=987654321"]
    told = ended.out.decode() + ended.err
    assert "zoe" not in told
    assert not any(
        row[name] and row[name] in told for row in rows for name in ("username", "ip", "email_domain")
    )


def config(project: Project) -> str:
    return str(project.folder / "config" / "edxtasks.toml")


def test_a_table_whose_key_is_a_name_shows_none(
    built_once: Project, exported: tuple[str, Rows], tmp_path: Path
) -> None:
    """`pc_day_totals` is told apart by username: an example has nothing that may be shown."""
    course, _ = exported
    place = built_once.warehouse / CourseKey.parse(course).dataset / "pc_day_totals.parquet"
    path = tmp_path / "totals.parquet"
    duckdb.execute(
        f"COPY (SELECT * REPLACE (nevents + 1 AS nevents) FROM '{place}') TO '{path}' (FORMAT parquet)"
    )
    ended = doit(built_once.folder, "compare", f"pc_day_totals:{course}", str(path), status=1)
    assert "key        username" in ended.lines
    assert lines(ended, "changed:") == []
    assert lines(ended, "changed nevents:") != []
    same = doit(built_once.folder, "compare", f"pc_day_totals:{course}", str(place))
    assert same.lines[-1] == "equal"


def test_two_tables_of_the_warehouse_with_a_pattern_of_files(
    built_once: Project, exported: tuple[str, Rows]
) -> None:
    """A table by its place, by months; and events, which have no key."""
    course, _ = exported
    dataset = CourseKey.parse(course).dataset
    ended = doit(
        built_once.folder, "compare", f"{dataset}.show_answer", f"warehouse/{dataset}/show_answer/*.parquet"
    )
    assert lines(ended, "key ") == [
        "key        none (event): rows are compared whole, numbers with a point to nine digits"
    ]
    again = doit(built_once.folder, "compare", f"show_answer:{course}", f"{dataset}.show_answer")
    assert again.lines[-1] == ended.lines[-1] == "equal"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["persn_course:A/B/C", "x.csv"], 'did you mean "person_course"?'),
        (["person_course", "x.csv"], "person_course: of which course? Type person_course:ORG/NUMBER/RUN"),
        (["person_course:A/B/C", "x.csv"], "A__B__C.person_course does not exist"),
        (["person_course:{course}", "missing.csv"], "missing.csv: no such file, and no table"),
        (["person_course:{course}", "notes.txt"], "expected files of one kind"),
        (["person_course:{course}", "short.csv"], "short.csv has no column user_id, which tells rows apart"),
        (["person_course:{course}", "broken.csv.gz"], "broken.csv.gz is cut off"),
        (["person_course:{course}", "broken.parquet"], "cannot be read"),
        (
            ["person_course:{course}", "short.csv", "--key=usrname"],
            'no column "usrname"; did you mean "username"?',
        ),
        (["person_course:{course}", "short.csv", "--tolerance=much"], "--tolerance: expected a number"),
        (["person_course:{course}"], "compare takes a table and what it is compared with"),
    ],
)
def test_what_cannot_be_compared(
    built_once: Project,
    exported: tuple[str, Rows],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    (tmp_path / "short.csv").write_text("username\nann-of-short\n")
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(b"user_id\n" + b"1\n" * 1000)[:-20])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "notes.txt").write_text("ann-of-short")
    monkeypatch.chdir(tmp_path)
    named = [word.format(course=exported[0]) for word in words]
    settings = [f"config={config(built_once)}", f"root={built_once.folder}"]
    assert DoitMain().run(["compare", *named, *settings]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""
    assert "ann-of-short" not in err


def test_a_record_that_is_longer_than_usual(
    built_once: Project,
    exported: tuple[str, Rows],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    course, rows = exported
    changed = [dict(row) for row in rows]
    changed[1]["mode"] = "x" * ((1 << 24) + 1)
    path = write(tmp_path / "long.csv.gz", changed)
    monkeypatch.chdir(tmp_path)
    settings = [f"config={config(built_once)}", f"root={built_once.folder}"]
    assert DoitMain().run(["compare", f"person_course:{course}", path.name, *settings]) == 1
    out = capsys.readouterr().out
    assert f"changed: user_id={rows[1]['user_id']} (mode)" in out
    assert len(out) < 10_000


# What may be shown


def test_text_of_keys_is_shown_only_where_it_is_known_to_be_harmless() -> None:
    """Whatever text tells rows apart and is not in the list is hidden; these are hidden on purpose."""
    hidden = {
        name
        for table in REGISTRY.values()
        for name in table.key or ()
        if table.schema[name].type == "STRING" and name not in SHOWN_TEXT
    }
    assert {"username", "ip"} <= hidden
    assert {"course_id", "module_id"} & hidden == set()
    assert not {one for one in SHOWN_TEXT if re.search(r"user|mail|name$|_ip|^ip", one)} - {
        "url_name",
        "problem_url_name",
    }


def test_a_hidden_key_is_stood_for_by_the_number_of_the_account() -> None:
    table = REGISTRY["forum_person"]
    assert shown_columns(table.schema, table.key) == ("slug_id",)
    table = REGISTRY["person_course"]
    assert shown_columns(table.schema, ("username",)) == ("user_id",)


# A table of BigQuery


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with fake_google() as google:
        yield google


def test_a_table_of_another_project_on_bigquery(
    built_once: Project, exported: tuple[str, Rows], tmp_path: Path, google: FakeGoogle
) -> None:
    """Read through the client, whatever the engine of this project: a day that is text there, a flag as 1."""
    course, rows = exported
    names = ("user_id", "registered", "start_time", "mode")
    kinds = ("INTEGER", "INTEGER", "TIMESTAMP", "STRING")
    moments = {
        row["user_id"]: int(datetime.fromisoformat(f"{row['start_time']}+00:00").timestamp()) * 1_000_000
        for row in rows
        if row["start_time"]
    }
    assert not any("." in row["start_time"] for row in rows)
    content = []
    for row in rows:
        moment = moments.get(row["user_id"])
        content.append([row["user_id"], "1", str(moment) if moment else None, row["mode"] or None])
    content[0][3] = "no such mode"
    google.put_rows("old", "person_course", list(zip(names, kinds, strict=True)), content)
    place = tmp_path / "edxtasks.toml"
    place.write_text(f'root = "{built_once.folder}"\n[warehouse]\napi_endpoint = "{google.url}"\n')
    ended = doit(
        tmp_path,
        "compare",
        f"person_course:{course}",
        "old-project:old.person_course",
        f"config={place}",
        status=1,
    )
    assert "note: registered is BOOLEAN here and INTEGER there: compared as BOOLEAN" in ended.lines
    assert f"equal      {len(rows) - 1}" in ended.lines
    assert lines(ended, "changed: ") == [f"changed: user_id={rows[0]['user_id']} (mode)"]
    assert len(lines(ended, "columns only here:")) == 1  # all others


def test_two_tables_of_bigquery(
    tmp_path: Path, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ours with a DATE, theirs with the day as text; the key comes from the registry, names are not shown."""
    google.put_rows(
        "A__B__C",
        "pc_day_totals",
        [("username", "STRING"), ("date", "DATE"), ("nevents", "INTEGER"), ("avg_dt", "FLOAT")],
        [["ann", "2014-10-14", "5", "0.1"], ["bob", "2014-10-15", "7", "2.5"], ["cy", None, None, None]],
    )
    google.put_rows(
        "old",
        "pc_day_totals",
        [("username", "STRING"), ("date", "STRING"), ("nevents", "FLOAT"), ("avg_dt", "FLOAT")],
        [
            ["cy", None, None, None],
            ["ann", "2014-10-14", "5.0", "0.10000000001"],
            ["bob", "2014-10-15", "8.0", "2.5"],
        ],
    )
    (tmp_path / "edxtasks.toml").write_text(
        f'[warehouse]\nengine = "bigquery"\nproject_id = "p"\napi_endpoint = "{google.url}"\n'
    )
    monkeypatch.chdir(tmp_path)
    words = ["compare", "pc_day_totals:A/B/C", "old.pc_day_totals", "config=edxtasks.toml"]
    assert DoitMain().run(words) == 1
    out = capsys.readouterr().out.splitlines()
    assert "key        username" in out
    assert "equal      2" in out
    assert "changed nevents: 1" in out
    assert "note: date is DATE here and STRING there: compared as DATE" in out
    assert "note: nevents is INTEGER here and FLOAT there: compared as INTEGER" in out
    assert not any("bob" in line for line in out)
    assert DoitMain().run([*words[:2], "old.nothing", words[3]]) == 2
    assert "old.nothing does not exist in BigQuery project p" in capsys.readouterr().err


def test_names_of_our_tables(tmp_path: Path) -> None:
    """As a task is typed, or by its place."""

    def place(word: str, **variables: str) -> tuple[str, str | None]:
        found = ours(word, REGISTRY, load_settings(tmp_path, variables, {}))
        return str(found.name), found.declared.name if found.declared else None

    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text('course_id_list = ["MITx/2.03x/3T2013"]\n')
    latest = ("course_report_MITx.person_course_latest", "report.person_course_latest")
    assert place("report:person_course_latest") == latest
    assert place("course_report_MITx.person_course_latest") == latest
    assert place("report:person_course_latest", org="UnivX")[0] == "course_report_UnivX.person_course_latest"
    assert place("report:person_course_latest", dataset_latest="1")[0].startswith("course_report_latest.")
    assert place("courses.global_modal_ip") == ("courses.global_modal_ip", "courses.global_modal_ip")
    assert place("person_course:course-v1:A+B+C", dataset_latest="1") == (
        "A__B__C_latest.person_course",
        "person_course",
    )
    assert place("A__B__C.person_course") == ("A__B__C.person_course", "person_course")
    assert place("A__B__C.nobody_knows") == ("A__B__C.nobody_knows", None)
