"""What is read of logs and dumps: names of raw logs, records of files, the history of dumps."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.health.dump_facts import KEPT, DumpHistory, delivered_sources, records_in
from edxtasks.health.log_facts import read_logs, read_other_keys
from edxtasks.health.log_rules import missing_logs
from edxtasks.logs.shards import shards
from edxtasks.logs.split import SplitOptions, split
from edxtasks.table import Table


def test_records_of_files(tmp_path: Path) -> None:
    for name, text, records in (
        ("a.csv", "id,name\n1,x\n2,y\n", 2),
        ("b.sql", "id\tname\n1\tx", 1),  # the last line without its end
        ("c.csv", "id\n", 0),
        ("d.csv", "", 0),
        ("e.mongo", "{}\n{}\n", 2),  # no header
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        assert records_in(tmp_path / name) == records_in(tmp_path / f"{name}.gz") == records, name


def test_a_file_that_was_cut_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id\n" * 1000)[:-9])
    with pytest.raises(InputError, match="cut off"):
        records_in(tmp_path / "a.csv.gz")


def test_the_sources_of_a_dump_are_those_that_tables_name(registry: Mapping[str, Table]) -> None:
    sources = delivered_sources(registry)
    assert {"users", "profiles", "studentmodule", "forum"} <= set(sources)
    assert sources["users"][0] == ".csv.gz" and sources["forum"][0] == ".mongo.gz"


def test_tables_say_themselves_whether_they_may_be_empty(registry: Mapping[str, Table]) -> None:
    names = ("forum_votes_day", "item_irt_grm", "problem_check", "studentmodule")
    assert [registry[name].may_be_empty for name in names] == [True, True, False, False]
    assert [registry[name].empty_up_to for name in names] == [0, 0, 1000, 0]


def test_the_history_of_dumps(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("id\n1\n2\n")
    history = DumpHistory.read(tmp_path / "state")
    for day in range(1, KEPT + 3):
        history.look("Uni/A/1", date(2031, 5, day), {"users": file})
    history.save()
    again = DumpHistory.read(tmp_path / "state")
    assert len(again.courses["Uni/A/1"]) == KEPT
    before = again.before("Uni/A/1", date(2031, 5, 10))
    assert before is not None and (before.date, before.records) == (date(2031, 5, 9), {"users": 2})
    assert again.before("Uni/A/1", date(2031, 5, 3)) is None
    # A file that is as it was is not read again, one that changed is.
    again.courses["Uni/A/1"]["2031-05-10"]["users"][0] = 77
    assert again.look("Uni/A/1", date(2031, 5, 10), {"users": file}).records == {"users": 77}
    # One that cannot be read does not hold up the others.
    cut = tmp_path / "forum.mongo.gz"
    cut.write_bytes(gzip.compress(b"{}\n" * 1000)[:-9])
    both = again.look("Uni/A/1", date(2031, 5, 10), {"users": file, "forum": cut})
    assert (both.records, set(both.faults)) == ({"users": 77}, {"forum"})
    file.write_text("id\n1\n2\n3\n")
    assert again.look("Uni/A/1", date(2031, 5, 10), {"users": file}).records == {"users": 3}


def line(day: str, course: str) -> str:
    return (
        f'{{"username":"u","host":"h","event_source":"server","event_type":"/x","time":"{day}T10:00:00+00:00",'
        f'"event":"{{}}","context":{{"course_id":"{course}","user_id":1}}}}\n'
    )


def test_what_a_log_directory_says(tmp_path: Path) -> None:
    raw, logs, state = tmp_path / "raw", tmp_path / "logs", tmp_path / "state"
    raw.mkdir()
    key = "ccx-v1:Uni+A+1+ccx@7"
    (raw / "srv1-events-20310501.log-1935662400").write_text(line("2031-05-01", "Uni/A/1") * 3 + "no json\n")
    (raw / "export.log").write_text(
        line("2031-05-02", "Uni/B/1") * 200 + line("1999-01-01", "Uni/B/1") + line("2031-05-03", key) * 4
    )
    split([*raw.iterdir()], SplitOptions(directory=logs, workers=1))
    facts = read_logs(logs)
    found = {log.server: log for log in facts.logs}
    assert found["srv1-events-*.log-*"].days == (date(2031, 5, 1),)
    assert (found["srv1-events-*.log-*"].lines, found["srv1-events-*.log-*"].rejects) == (4, 1)
    # Without a date in its name a log is of the days of its rows, but for strays.
    assert found["export.log"].days == (date(2031, 5, 2), date(2031, 5, 3))
    assert facts.newest == date(2031, 5, 3)
    assert facts.of_other_courses(set(), edge=False) == {"Uni/A/1": 3, "Uni/B/1": 201}
    assert facts.counts.logs == 2 and facts.counts.gone == 0
    for _ in range(2):  # read, then known
        assert read_other_keys(logs, date(2031, 5, 3), 8, state) == {key: 4}
    assert read_other_keys(logs, date(2031, 7, 3), 8, state) == {}
    (raw / "export.log").unlink()
    assert read_logs(logs).counts.gone == 1


def test_days_of_shards_of_the_predecessor_are_known_but_for_those_of_wrong_clocks(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "Uni__A__1").mkdir(parents=True)
    for day, rows in (("1999-01-01", 1), ("2031-05-01", 300), ("2031-05-02", 200), ("2031-05-04", 400)):
        path = logs / "Uni__A__1" / f"tracklog-{day}.json.gz"
        path.write_bytes(gzip.compress(line(day, "Uni/A/1").encode() * rows))
    assert len(shards(logs, CourseKey("Uni", "A", "1"))) == 4  # taken onto the list
    facts = read_logs(logs)
    # The median is 250 rows; one row is below 2.5.
    assert facts.other_days == {date(2031, 5, 1), date(2031, 5, 2), date(2031, 5, 4)}
    found = missing_logs(facts.logs, facts.other_days, date(2031, 5, 4), Settings())
    assert [one.date for one in found] == [date(2031, 5, 3)]


def test_no_log_directory_says_nothing(tmp_path: Path) -> None:
    assert read_logs(None) == read_logs(tmp_path / "none")
    assert read_logs(None).newest is None
