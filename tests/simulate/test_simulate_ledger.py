"""The ledger against the raw files: counted a second time, with plain gzip and json and the stated rules."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from edxtasks.simulate import Ledger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FLOOR = datetime(2010, 10, 1, 1, 2, 3, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
COUNTED = {
    "play_video": "nplay_video",
    "problem_check": "nproblem_check",
    "show_answer": "nshow_answer",
    "showanswer": "nshow_answer",
    "seek_video": "nseek_video",
    "pause_video": "npause_video",
    "show_transcript": "ntranscript",
    "seq_goto": "nseq_goto",
}


def read_time(value: Any) -> datetime | None:
    """The moment that `value` spells, or None: ISO 8601, or an epoch value in s, ms, us or ns by its size."""
    if isinstance(value, dict):
        value = value.get("$date", value.get("$numberLong"))
    if isinstance(value, str) and re.fullmatch(r"\d+", value):
        value = int(value)
    if isinstance(value, (int, float)):
        for least, divisor in ((1e17, 10**9), (1e14, 10**6), (1e11, 10**3)):
            if value >= least:
                return EPOCH + timedelta(microseconds=value * 10**6 // divisor)
        return EPOCH + timedelta(microseconds=round(value * 10**6))
    if not isinstance(value, str):
        return None
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.replace(" UTC", "Z"))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def course_of(line: dict[str, Any]) -> str:
    """The course of a line in slash form, or UNKNOWN."""
    context = line["context"] if isinstance(line.get("context"), dict) else {}
    payload = line.get("event")
    event = payload if isinstance(payload, dict) else {}
    for value in (line.get("course_id"), context.get("course_id")):
        if isinstance(value, str) and value.strip():
            key = value
            break
    else:
        addresses = [line.get("event_type"), line.get("page")]
        if line.get("event_source") == "browser":
            addresses.reverse()
        for address in (*addresses, context.get("path")):
            found = re.search(
                r"/courses/(course-v1:[^/+]+\+[^/+]+\+[^/?#]+|[^/]+/[^/]+/[^/]+)/", address or ""
            )
            if found:
                key = found[1]
                break
        else:
            key = event.get("course_id") or ""
    if key.startswith("course-v1"):
        key = unquote(key).removeprefix("course-v1:").replace("+", "/").replace(" ", "/")
    parts = key.split("/")
    good = len(parts) == 3 and all(re.fullmatch(r"[\w.~:-]+", part) and part not in "..." for part in parts)
    return key if good else "UNKNOWN"


@dataclass
class Count:
    """What a second count of the raw files gives."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    course_days: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: defaultdict[tuple[str, str], list[tuple[datetime, dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    enrollments: Counter[tuple[str, str, int, str, str]] = field(default_factory=Counter)


def lines_of(path: Path) -> Iterator[str]:
    with gzip.open(path, "rb") as file:
        for raw in file.read().split(b"\n")[:-1]:
            yield raw.decode("utf-8", "replace").lstrip("\ufeff").strip()


def count(directory: Path) -> Count:
    result = Count()
    for path in sorted((directory / "DAILY").iterdir()):
        rejected: Counter[str] = Counter()
        courses: Counter[str] = Counter()
        total = blank = 0
        for text in lines_of(path):
            total += 1
            if not text:
                blank += 1
                continue
            try:
                line = json.loads(text[text.index("{") :])
            except ValueError:
                rejected["bad_json"] += 1
                continue
            course = course_of(line)
            moment = read_time(line.get("time"))
            if line.get("event_source") is None and course == "UNKNOWN":
                rejected["no_event_source"] += 1
                continue
            if moment is None:
                rejected["bad_time"] += 1
                continue
            courses[course] += 1
            if "-edge-" not in path.name:
                result.course_days[course, moment.date().isoformat()] += 1
                if course != "UNKNOWN":
                    take(result, course, moment, line)
        result.files[path.name] = {
            "lines": total,
            "blank": blank,
            "rejected": dict(rejected),
            "courses": dict(courses),
        }
    return result


def take(result: Count, course: str, moment: datetime, line: dict[str, Any]) -> None:
    if line.get("username"):
        result.events[course, line["username"]].append((moment, line))
    if "edx.course.enrollment" in (line.get("event_type") or ""):
        payload = line["event"]
        user = payload.get("user_id") or line["context"]["user_id"]
        result.enrollments[
            course, moment.isoformat(timespec="microseconds"), user, line["event_type"], payload["mode"]
        ] += 1


def person_days(result: Count) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for (course, username), events in result.events.items():
        events.sort(key=lambda pair: pair[0])
        previous: datetime | None = None
        for moment, line in events:
            row = rows.setdefault(
                (course, username, moment.date().isoformat()),
                Counter({"sum_dt_us": 0})
                | {"ips": Counter(), "max_dt_us": None, "first_event": None, "last_event": None},
            )
            row["ips"][line.get("ip")] += 1
            kind = line.get("event_type")
            if kind is None or moment <= FLOOR:
                continue
            if "/handler" in kind.partition("/xblock/")[2]:
                row["nhandler"] = row.get("nhandler", 0) + 1
                continue
            row["nevents"] = row.get("nevents", 0) + 1
            text = moment.isoformat(timespec="microseconds")
            row["first_event"] = row["first_event"] or text
            row["last_event"] = text
            name = COUNTED.get(kind)
            tail = re.sub(r"^/courses/(course-v1:[^/]+|[^/]+/[^/]+/[^/]+)/", "", kind)
            if tail != kind and tail.startswith("discussion/"):
                name = "nforum"
            if tail != kind and tail.startswith("progress"):
                name = "nprogcheck"
            if name:
                row[name] = row.get(name, 0) + 1
            if previous is not None:
                gap = (moment - previous) // MICROSECOND
                if gap <= 300_000_000:
                    row["n_dt"] = row.get("n_dt", 0) + 1
                    row["sum_dt_us"] += gap
                    row["max_dt_us"] = max(row["max_dt_us"] or 0, gap)
            previous = moment
    return rows


@pytest.fixture(scope="session")
def counted(campus: Path) -> Count:
    return count(campus)


def test_files_hold_the_lines_that_the_ledger_says(campus: Path, counted: Count) -> None:
    book = {row.pop("file"): row for row in Ledger(campus / "ledger").files()}
    assert book == counted.files
    assert sum(row["lines"] for row in book.values()) == Ledger(campus / "ledger").campus()["lines"]


def test_every_kind_of_damage_occurs(campus: Path) -> None:
    total: Counter[str] = Counter()
    for row in Ledger(campus / "ledger").files():
        total.update(row["rejected"])
        total["blank"] += row["blank"]
        total["unknown"] += row["courses"].get("UNKNOWN", 0)
    assert all(total[name] for name in ("bad_json", "bad_time", "no_event_source", "blank", "unknown"))


def test_lines_by_course_and_date_agree(campus: Path, counted: Count) -> None:
    book: Counter[tuple[str, str]] = Counter()
    for row in Ledger(campus / "ledger").course_days():
        book[row["course_id"], row["date"]] += row["lines"]
    assert book == counted.course_days
    # the probe's clock was wrong once: one line of each course bears a date before edX was
    assert book["MITx/2.03x/3T2013", "2010-01-01"] == 1


def test_person_days_agree(campus: Path, counted: Count) -> None:
    book = {}
    for row in Ledger(campus / "ledger").person_days():
        key = (row.pop("course_id"), row.pop("username"), row.pop("date"))
        assert key not in book
        book[key] = row
    rows = person_days(counted)
    assert book.keys() == rows.keys()
    assert len(book) > 60
    for key, row in book.items():
        for name, value in row.items():
            other = rows[key].get(name, 0)
            assert value == (dict(other) if name == "ips" else other), (key, name)


def test_enrollment_events_agree(campus: Path, counted: Count) -> None:
    book = Counter(
        (row["course_id"], row["time"], row["user_id"], row["event_type"], row["mode"])
        for row in Ledger(campus / "ledger").enrollments()
    )
    assert book == counted.enrollments
    assert {"edx.course.enrollment.activated", "edx.course.enrollment.upgrade.succeeded"} <= {
        event_type for _, _, _, event_type, _ in book
    }


def test_gaps_of_the_probe(campus: Path) -> None:
    """Worked out by hand from the probe's plan.

    First day (2014-10-12): the two pages 300 s apart give one gap of 300 s, the third, 300.000001 s
    later, none; the doubled line gives one of 0; the evening's pair 119.999999 s apart gives a third.
    The next day begins with the events at midnight (1 us after the last), 45.000001 s and 100 s later.
    """
    book = Ledger(campus / "ledger")
    for course in ("MITx/2.03x/3T2013", "MITx/6.00.1x/3T2014"):
        (probe,) = (row["username"] for row in book.learners(course) if row["kind"] == "probe")
        days = {row["date"]: row for row in book.person_days(course) if row["username"] == probe}
        first, second = days["2014-10-12"], days["2014-10-13"]
        assert (first["n_dt"], first["sum_dt_us"], first["max_dt_us"]) == (3, 419_999_999, 300_000_000)
        assert (second["n_dt"], second["sum_dt_us"]) == (3, 100_000_001)
        assert (second["first_event"], second["nevents"]) == ("2014-10-13T00:00:00.000000+00:00", 3)
        assert days["2010-01-01"]["nevents"] == 0
        assert sum(days["2010-01-01"]["ips"].values()) == 1
