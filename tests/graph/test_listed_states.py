"""States of tasks: what `list`, `info` and `why` tell of them, also after a failure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "commands"))

from in_process import Run, runner
from project import Project

from edxtasks.build.last_failures import LastFailures
from edxtasks.graph.states import State, summary


@pytest.fixture
def doit(built: Project, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return runner(built.folder, monkeypatch, capfdbinary)


def state_of(lines: list[str], name: str) -> str:
    [line] = [line for line in lines if line.split()[0] == name]
    return line.removeprefix(name).strip().partition("  ")[0]


def test_states_in_the_list_of_a_course(built: Project, doit: Run) -> None:
    first, second = built.courses
    doit("forget", f"pc_day_totals:{first}")
    lines = doit("list", "-s", first).lines
    assert {line.split()[0].rpartition(":")[2] for line in lines} == {first}
    assert state_of(lines, f"pc_day_totals:{first}") == "stale"
    assert state_of(lines, f"roles:{first}") == "fresh"
    assert state_of(lines, f"person_hours:{first}") == "never built"
    # Several tasks in one line are counted, the worst first.
    lines = doit("list", "pc_day_totals", "roles", "-s").lines
    assert state_of(lines, "pc_day_totals") == "1 stale, 1 fresh"
    assert state_of(lines, "roles") == "fresh"
    assert second not in "".join(lines)


def test_a_failure_is_told_until_a_success_follows(built: Project, doit: Run) -> None:
    course = built.courses[0]
    name = f"roles:{course}"
    [file] = built.folder.glob(f"mitx-20*/{course.replace('/', '-')}-student_courseaccessrole-*.sql")
    kept = file.read_bytes()
    file.write_text("a\tb\n1\t2\n")
    outcome = built.doit(name, status=1)
    assert outcome.failed == {name}

    assert state_of(doit("list", "-s", course).lines, name) == "failed"
    told = doit("info", name, status=1).lines
    assert told[2].startswith("  state          failed: ")
    assert told[3].startswith("  last failure   20")
    assert "is missing" in told[3]
    assert "failed when it was last tried" in doit("why", name).out
    [finding] = [line for line in doit("health", course, status=1).lines if f"{name} failed when" in line]
    assert finding.startswith(f"problem  {course}")

    file.write_bytes(kept)
    built.doit(name)
    assert LastFailures.read(built.folder / "state").found == {}
    assert "failed when" not in doit("health", course, status=1).out


def test_info_shows_nothing_internal(built: Project, doit: Run) -> None:
    course = built.courses[0]
    out = doit("info", f"person_course:{course}").out
    assert "object at 0x" not in out
    assert "TableStep" not in out
    told = dict(line.strip().split("  ", 1) for line in out.splitlines()[2:])
    assert told["state"].strip() == "fresh"
    assert told["declared in"].strip() == "edxtasks/tables/person/person_course.sql"
    assert "person_course_base" in told["made from"]
    assert f"person_course:{course}: One row per registrant" in out
    assert "person_course_latest" in told["read by"]
    group = doit("info", "weekly").out
    assert "  tasks          " in group
    assert "0x" not in group


def test_states_in_words() -> None:
    assert summary([State.FRESH, State.FRESH]) == "fresh"
    assert summary([State.FRESH, State.FAILED, State.FRESH]) == "1 failed, 2 fresh"
    assert summary([]) == "-"


def test_two_runs_keep_the_failures_of_each_other(tmp_path: Path) -> None:
    mine, yours = LastFailures.read(tmp_path), LastFailures.read(tmp_path)
    mine.failed("a.x", "x:A/B/C", "no space\nand more")
    yours.failed("b.x", "x:A/B/D", "cut off")
    assert set(LastFailures.read(tmp_path).found) == {"a.x", "b.x"}
    again = LastFailures.read(tmp_path)
    again.succeeded("a.x")
    again.succeeded("never.failed")
    [kept] = LastFailures.read(tmp_path).found.values()
    assert (kept.task, kept.reason) == ("x:A/B/D", "cut off")
    assert kept.told.endswith(" UTC: cut off")
    (tmp_path / "failures.json").write_text("{}")  # not written by us: it says nothing
    assert LastFailures.read(tmp_path).found == {}
