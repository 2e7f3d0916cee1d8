"""`doit weekly` on a simulated campus: the tables agree with what the simulator knows that it did."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from project import Project

from edxtasks.course import CourseKey
from edxtasks.simulate.ledger import Ledger

MICROSECOND = 1_000_000


def rows(project: Project, course: str, table: str) -> list[dict[str, Any]]:
    """The rows of a table, read as any reader of Parquet would."""
    path = project.warehouse / CourseKey.parse(course).dataset / table
    files = f"{path}/*.parquet" if path.is_dir() else f"{path}.parquet"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute("SELECT * FROM read_parquet(?)", [files])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def ledger(tiny_campus: Path) -> Ledger:
    return Ledger(tiny_campus / "ledger")


def test_every_course_has_its_tables(built_once: Project) -> None:
    for course in map(CourseKey.parse, built_once.courses):
        folder = built_once.warehouse / course.dataset
        for table in ("user_info_combo", "studentmodule", "person_course", "pc_day_totals"):
            assert (folder / f"{table}.parquet").is_file(), f"{course}: {table}"
        assert list((folder / "person_course_day").glob("month=*.parquet"))
        assert list((built_once.warehouse / course.logs_dataset).glob("tracklog_2014????.parquet"))


def test_person_course_day_is_what_happened(built_once: Project, ledger: Ledger) -> None:
    same = {
        "nevents": "nevents",
        "nvideo": "nplay_video",
        "nproblem_check": "nproblem_check",
        "nshow_answer": "nshow_answer",
        "nseek_video": "nseek_video",
        "npause_video": "npause_video",
        "nforum": "nforum",
        "nprogcheck": "nprogcheck",
        "ntranscript": "ntranscript",
        "nseq_goto": "nseq_goto",
        "n_dt": "n_dt",
    }
    for course in built_once.courses:
        expected = {
            (day["username"], day["date"]): day for day in ledger.person_days(course) if day["nevents"]
        }
        found = {
            (row["username"], row["date"].isoformat()): row
            for row in rows(built_once, course, "person_course_day")
        }
        assert set(found) == set(expected)
        for key, day in expected.items():
            row = found[key]
            assert {name: row[name] for name in same} == {name: day[other] for name, other in same.items()}
            assert row["course_id"] == course
            assert row["first_event"] == datetime.fromisoformat(day["first_event"])
            assert row["last_event"] == datetime.fromisoformat(day["last_event"])
            if day["n_dt"]:
                assert row["sum_dt"] == pytest.approx(day["sum_dt_us"] / MICROSECOND, abs=1e-6)
                assert row["max_dt"] == pytest.approx(day["max_dt_us"] / MICROSECOND, abs=1e-6)
                assert row["avg_dt"] == pytest.approx(day["sum_dt_us"] / MICROSECOND / day["n_dt"])
            else:
                assert (row["sum_dt"], row["max_dt"], row["avg_dt"]) == (None, None, None)


def test_addresses_are_those_used(built_once: Project, ledger: Ledger) -> None:
    for course in built_once.courses:
        expected = {
            (day["username"], day["date"], ip): number
            for day in ledger.person_days(course)
            for ip, number in day["ips"].items()
        }
        found = {
            (row["username"], row["date"].isoformat(), row["ip"]): row["ipcount"]
            for row in rows(built_once, course, "pcday_ip_counts")
        }
        assert found == expected


def test_enrollment_events_are_those_that_happened(built_once: Project, ledger: Ledger) -> None:
    for course in built_once.courses:
        expected = Counter(
            (datetime.fromisoformat(one["time"]), one["user_id"], one["event_type"], one["mode"])
            for one in ledger.enrollments(course)
        )
        found = Counter(
            (row["time"], row["user_id"], row["event_type"], row["mode"])
            for row in rows(built_once, course, "enrollment_events")
        )
        assert found == expected


def test_tracklog_holds_every_line_that_was_kept(built_once: Project, ledger: Ledger) -> None:
    for course in built_once.courses:
        expected = {
            f"tracklog_{day['date'].replace('-', '')}": day["lines"] for day in ledger.course_days(course)
        }
        logs = built_once.warehouse / CourseKey.parse(course).logs_dataset
        found = {
            path.stem: duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall()[0][0]
            for path in logs.glob("*.parquet")
        }
        assert found == expected


def test_person_course_has_every_registrant(built_once: Project, ledger: Ledger) -> None:
    for course in built_once.courses:
        expected = {one["user_id"]: one for one in ledger.learners(course) if one["in_dump"]}
        found = rows(built_once, course, "person_course")
        assert [row["user_id"] for row in found] == sorted(expected)
        totals: Counter[str] = Counter()
        for day in ledger.person_days(course):
            totals[day["username"]] += day["nevents"]
        for row in found:
            one = expected[row["user_id"]]
            if one["kind"] == "retired":
                # edX has blotted the account out: the dump has a username that no log has, and no profile.
                assert row["username"].startswith("retired__user_")
                assert row["nevents"] is None
                continue
            assert row["username"] == one["username"]
            assert row["course_id"] == course
            assert row["viewed"] is bool(one["chapters"])
            assert row["nchapters"] == (len(one["chapters"]) or None)
            assert row["nevents"] == (totals[one["username"]] or None)
            assert row["mode"] == one["enrollment"]["mode"]
            assert row["gender"] == one["profile"]["gender"]
            assert row["YoB"] == one["profile"]["year_of_birth"]


def test_lines_of_a_raw_log_are_blank_or_kept_or_rejected(built_once: Project, ledger: Ledger) -> None:
    meta = built_once.folder / "TRACKING_LOGS" / "META"
    records = {}
    for path in meta.glob("*.json"):
        record = json.loads(path.read_text())
        records[Path(record["path"]).name] = record
    for told in ledger.files():
        record = records[told["file"]]
        assert record["lines"] == told["lines"]
        assert record["blank"] == told["blank"]
        # The ledger calls everything that holds no object bad_json; the splitter tells valid JSON apart.
        rejects = record["rejects"]
        assert sum(rejects.values()) == sum(told["rejected"].values())
        assert rejects.get("no_event_source") == told["rejected"].get("no_event_source")
        assert record["lines"] == record["blank"] + record["rows"] + sum(record["rejects"].values())


def test_rejected_lines_can_be_read(built_once: Project, ledger: Ledger) -> None:
    told = next(one for one in ledger.files() if one["rejected"])
    number = sum(told["rejected"].values())
    path = built_once.folder / "TRACKING_LOGS" / "REJECTS" / f"{told['file'].removesuffix('.gz')}.jsonl.gz"
    found = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert len(found) == number
    assert all(one["reason"] in {"bad_json", "not_object", "bad_time", "no_event_source"} for one in found)
    assert all(one["line"] > 0 and one["text"] for one in found)
