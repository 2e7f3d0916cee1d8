"""`doit health` on a campus that was built, and after things have gone wrong there."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "commands"))

from in_process import Run, runner
from project import Project


@pytest.fixture
def run(built: Project, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return runner(built.folder, monkeypatch, capfdbinary)


def findings(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_health_of_a_campus(built: Project, run: Run) -> None:
    before = built.tables()
    first, second = built.courses
    # As it was built: the only problem is the learner that the simulator leaves out of each dump on purpose.
    ended = run("health", "--format=json", status=1)
    found = findings(ended.out)
    assert {one["kind"] for one in found if one["level"] == "problem"} == {"learners_unknown"}
    assert run("health", "health_unknown_learners=1").status == 0

    # A day is gone, a course is in no list, a dump before had more users, and one raw log failed.
    log = sorted((built.folder / "TRACKING_LOGS" / "META").glob("mitx-edx*.json"))[2]
    lost = re.search(r"\d{4}-\d\d-\d\d", log.name)
    assert lost is not None
    for checkpoint in log.parent.glob(f"*{lost[0]}*.json"):
        checkpoint.unlink()
    [dump] = (built.folder / "SQL" / first.replace("/", "-")).glob("20*")
    earlier = dump.with_name("2014-01-01")
    earlier.mkdir()
    users = sum(1 for _ in _lines(dump / "users.csv.gz")) - 1
    (earlier / "users.csv").write_text("id\n" + "1\n" * (users + 10))
    configuration = built.folder / "config" / "edxtasks.toml"
    text = configuration.read_text()
    configuration.write_text(text.replace(f', "{second}"', "").replace(f'"{second}"', f'"{first}"'))

    found = findings(run("health", "--format=json", status=1).out)
    by_kind = {one["kind"]: one for one in found}
    assert by_kind["log_missing"] | {"text": ""} == {
        "kind": "log_missing",
        "level": "problem",
        "course": None,
        "date": lost[0],
        "file": None,
        "table": None,
        "number": 0,
        "expected": 1,
        "text": "",
    }
    assert by_kind["dump_users"]["number"] == users
    assert f"{users + 10} in the dump of 2014-01-01" in by_kind["dump_users"]["text"]
    assert by_kind["course_unlisted"]["course"] == second
    events = json.loads((log.parent / "SHARDS" / f"{second.replace('/', '__')}.json").read_text())["shards"]
    assert by_kind["course_unlisted"]["number"] == sum(shard["rows"] for shard in events)

    # The folder of the earlier dump goes; the history knows it.
    shutil.rmtree(earlier)
    ended = run("health", status=1)
    assert f"users: {users} records, {users + 10} in the dump of 2014-01-01" in ended.out
    assert re.search(r"^\d problems, \d+ notes? of 1 course, measured against 20", ended.err, re.MULTILINE)
    assert built.tables() == before, "it builds nothing"
    # What is named is looked at, and no more is said of others.
    assert not any(one["kind"] == "course_unlisted" for one in findings(_named(run, first)))


def _named(run: Run, course: str) -> str:
    return run("health", course, "--format=json", status=1).out


def _lines(path: Path) -> list[bytes]:
    import gzip

    return gzip.decompress(path.read_bytes()).splitlines()


def test_what_cannot_be_asked(built: Project, run: Run, tmp_path: Path) -> None:
    course = built.courses[0]
    assert f'did you mean "{course}"?' in run("health", f"{course}x", status=3).err
    assert "expected one of table, json" in run("health", "--format=xml", status=3).err
    assert "expected a date YYYY-MM-DD" in run("health", "today=yesterday", status=3).err
    nothing = tmp_path / "nothing.toml"
    nothing.write_text(f'root = "{os.fspath(tmp_path / "x")}"\n')
    assert "there is nothing to look at" in run("health", f"config={nothing}", status=1).err
