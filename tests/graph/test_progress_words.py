"""How far a run is, in words, and how wide the live place makes them."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from terminal import Screen

from edxtasks.graph.causes import Causes
from edxtasks.graph.closing import SHORT_TABLE, table, totals
from edxtasks.graph.live import LivePlace, shortened
from edxtasks.graph.progress_words import amount, clock, line
from edxtasks.graph.record import Outcome, Running, RunRecord, Snapshot, TaskRecord

LONG = "person_course_day:OrgZ/Chem-1x.Advanced_Laboratory_Methods_and_Safety/2031_Spring_Second_Half"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.9, "0:00"), (61, "1:01"), (3599.9, "59:59"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_time_that_passes(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("running", "seconds", "shown"),
    [
        (Running("a", 0.0), 9.0, ""),
        # 30 MB of 90 in 10 seconds: 3 MB a second, 60 MB left.
        (Running("a", 5.0, 0, 30_000_000, 90_000_000, "bytes"), 15.0, "30 of 90 MB, 3.0 MB/s, 0:20 left"),
        (Running("a", 0.0, 0, 5_000, 9_000, "bytes"), 0.5, "5 000 of 9 000 bytes"),
        (Running("a", 0.0, 0, 2_500_000_000, 0, "bytes"), 100.0, "2 500 MB, 25 MB/s"),
        (Running("a", 0.0, 0, 12_000, 0, "rows"), 4.0, "12 000 rows, 3 000 rows/s"),
        (Running("a", 0.0, 0, 7, 7, "days"), 2.0, "7 of 7 days, 3.5 days/s"),
        (Running("a", 0.0, 0, 0, 7, "days"), 2.0, "0 of 7 days"),
    ],
)
def test_how_far_a_task_is(running: Running, seconds: float, shown: str) -> None:
    assert amount(running, seconds) == shown


def moment(*running: Running, looking_at: str = "") -> Snapshot:
    return Snapshot(12.0, 34, 120, 2, 0, running, looking_at)


def test_the_line_of_a_log() -> None:
    split = Running("split", 2.0, 0, 20_000_000, 40_000_000, "bytes")
    assert line(moment(split, Running("roles:A/\x1b[31mB/C", 8.0))) == (
        "0:12  34 of 120 tasks, 2 failed; split (20 of 40 MB, 2.0 MB/s, 0:10 left), "
        "roles:A/\\x1b[31mB/C (0:04)"
    )
    assert line(moment(looking_at="roles")) == "0:12  34 of 120 tasks, 2 failed; looking at roles"
    many = [Running(f"t{number}", 12.0) for number in range(9)]
    assert line(moment(*many)).endswith("t3 (0:00) and 5 more")


@pytest.mark.parametrize("width", [1, 2, 20, 79])
def test_names_keep_their_beginning_and_their_end(width: int) -> None:
    assert shortened("split", 5) == "split"
    short = shortened(LONG, width)
    assert len(short) == width
    if width > 19:
        assert LONG.startswith(short.partition("…")[0])
        assert LONG.endswith(short.partition("…")[2])


def test_wide_characters_count_twice() -> None:
    assert shortened("语言学语言学", 8) == "语…言学"


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_the_place_fits_into_any_window(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    place = LivePlace(stream)
    running = [Running(LONG, 1.0, 0, 20_000, 80_000, "rows"), *(Running(f"t{at}", 2.0) for at in range(20))]
    place.draw("reading settings and tables, making the tasks")
    place.draw(moment(*running))
    # A message that is longer than the window is not cut.
    place.say("FAILED  split: " + "#" * 250)
    place.draw(moment(*running))
    screen = Screen(columns).feed(stream.getvalue().replace("\n", "\r\n"))
    below = screen.text[screen.text.rindex("#") + 1 :].strip("\n").splitlines()
    assert len(below) == 9
    assert all(len(line) < columns for line in below)
    assert below[0].endswith("2 failed  0:12") or columns < 40
    assert below[1].rstrip().endswith("0:11") or columns < 20
    assert below[-1] == "  and 14 more"
    assert screen.text.replace("\n", "").count("#" * 250) == 1
    place.close()
    screen = Screen(columns).feed(stream.getvalue().replace("\n", "\r\n"))
    assert screen.text.endswith("#")
    assert (screen.unknown, screen.cursor_hidden) == ([], False)


def test_one_cause_of_many_is_told_once() -> None:
    causes = Causes()
    assert causes.add("disk is full", "a") == ""
    assert causes.add("disk is full", "b") == "a"
    assert causes.add("other", "c") == ""
    assert causes.add("disk is full", "d") == "a"
    assert list(causes.repeated()) == [("a", ["b", "d"])]
    # Two texts of the same tasks are one group.
    for task in "ef":
        causes.add("one", task)
        causes.add("two", task)
    assert list(causes.repeated()) == [("a", ["b", "d"]), ("e", ["f"])]


def built(name: str, seconds: float, rows: int = 5, rejects: int = 0) -> TaskRecord:
    return TaskRecord(name, Outcome.BUILT, "", 0.0, seconds, rows=rows, rejects=rejects, ran=True)


def test_totals_and_a_short_table() -> None:
    record = RunRecord()
    record.add(built("split", 2.0, 1234, rejects=3))
    record.add(TaskRecord("a", Outcome.FAILED, "why", warnings=("odd",), ran=True))
    record.add(TaskRecord("b", Outcome.BLOCKED, "a"))
    assert totals(record).startswith("1 built, 1 failed, 1 blocked, 1 warned in ")
    assert table(record.ran) == ["built   split  1 234 rows      2.0 s  3 rejects"]


def test_the_dates_of_a_table_are_told() -> None:
    records = [replace(built("hours", 0.5), dates=dates) for dates in (None, 0, 1, 2)]
    told = [" ".join(line.split()[2:-2]) for line in table(records)]
    assert told == ["5 rows", "5 rows, no new dates", "5 rows, 1 date", "5 rows, 2 dates"]


def test_a_long_run_is_added_up_by_kind_and_names_what_took_long() -> None:
    records = [built(f"roles:A/B/{at}", 0.5) for at in range(SHORT_TABLE)]
    records += [built(f"t{at:02}", 1.0 + at) for at in range(SHORT_TABLE)]
    lines = table(records)
    assert len(lines) == SHORT_TABLE + 1
    # roles took 6 seconds in all; t00 is the shortest of the thirteen kinds.
    assert lines[0].split() == ["built", "roles", "60", "rows,", "12", "courses", "6.0", "s"]
    assert [line.split()[1] for line in lines[1:-1]] == [f"t{at:02}" for at in range(1, SHORT_TABLE)]
    assert lines[-1] == "and 1 more kind of tasks in 1.0 s (verbose=1 names them)"
    assert len(table(records, verbose=True)) == 2 * SHORT_TABLE
