"""The raw logs: kinds of events and keys, lines in the files of other days, and bounded memory."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edxtasks.simulate import CampusSize, logs
from edxtasks.simulate.campus import Campus
from edxtasks.simulate.clock import DAY


def events(path: Path) -> list[dict[str, Any]]:
    """The lines of a file that are plain JSON objects."""
    found = []
    with gzip.open(path, "rb") as file:
        for line in file.read().decode("utf-8", "replace").split("\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                found.append(event)
    return found


@pytest.fixture(scope="session")
def by_file(campus: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.name: events(path) for path in sorted((campus / "DAILY").iterdir())}


def test_names_of_files(campus: Path) -> None:
    names = {path.name for path in (campus / "DAILY").iterdir()}
    assert "mitx-edx-events-2014-10-14.log.gz" in names
    assert "mitx-edge-events-2014-10-14.log.gz" in names
    assert "prod-edx-002-mitx-edx-events-2014-10-14.log.gz" in names
    assert len(names) == 6 * 3


def test_all_families_of_events_occur(by_file: dict[str, list[dict[str, Any]]]) -> None:
    types = Counter[str]()
    sources = Counter[str]()
    for found in by_file.values():
        for event in found:
            types[str(event.get("event_type"))] += 1
            sources[str(event.get("event_source"))] += 1
    assert {"server", "browser", "mobile"} <= set(sources)
    assert {
        "play_video", "pause_video", "stop_video", "seek_video", "load_video", "speed_change_video",
        "show_transcript", "problem_check", "problem_graded", "problem_show", "showanswer", "show_answer",
        "seq_next", "seq_goto", "page_close", "edx.ui.lms.sequence.next_selected", "edx.ui.lms.link_clicked",
        "edx.forum.thread.created", "edx.forum.response.created", "edx.grades.problem.submitted",
        "edx.course.enrollment.activated", "edx.course.enrollment.mode_changed",
        "edx.course.enrollment.deactivated", "edx.course.enrollment.upgrade.succeeded",
        "openassessmentblock.create_submission", "openassessmentblock.peer_assess", "/dashboard",
    } <= set(types)  # fmt: skip
    paths = "\n".join(types)
    for part in (
        "/courses/MITx/2.03x/3T2013/courseware/",
        "/courses/course-v1:MITx+6.00.1x+3T2014/progress",
        "/xblock/i4x:;_;_MITx;_2.03x;_problem;_",
        "+type@problem+block@",
        "/transcript/translation/",
        "/discussion/forum/",
        "/threads/create",
    ):
        assert part in paths, part


def test_forms_of_event(by_file: dict[str, list[dict[str, Any]]]) -> None:
    """`event` is an object, a text of JSON, a text of a JSON text, a plain text or a cut text."""
    forms = Counter[str]()
    for found in by_file.values():
        for event in found:
            value, kind = event.get("event"), str(event.get("event_type"))
            if isinstance(value, dict):
                forms["object"] += 1
            elif kind == "problem_check" and isinstance(value, str):
                forms["quoted" if value.startswith('"') else "plain"] += 1
            elif kind.startswith("/") and isinstance(value, str) and len(value) == 512:
                forms["cut"] += 1
            elif kind == "problem_graded" and isinstance(value, str):
                assert isinstance(json.loads(value), list)
                forms["list"] += 1
    assert {"object", "quoted", "plain", "cut", "list"} <= set(forms)


def test_the_second_server_writes_in_another_style(campus: Path) -> None:
    with gzip.open(campus / "DAILY" / "prod-edx-002-mitx-edx-events-2014-10-14.log.gz", "rb") as file:
        second = [line for line in file.read().split(b"\n") if line.startswith(b"{")]
    assert all(b'": ' in line and line.isascii() for line in second)
    with gzip.open(campus / "DAILY" / "mitx-edx-events-2014-10-14.log.gz", "rb") as file:
        first = [line for line in file.read().split(b"\n") if line.startswith(b"{")]
    assert sum(b'{"username":"' in line for line in first) > len(first) / 2


def test_lines_stand_in_files_of_other_days(by_file: dict[str, list[dict[str, Any]]]) -> None:
    """The probe's night: a line of 23:59:59.999999 comes a day late, those of midnight a day early."""
    seen: dict[str, Counter[str]] = {"2014-10-12": Counter(), "2014-10-13": Counter()}
    for name, found in by_file.items():
        for day, times in seen.items():
            if name.endswith(f"edx-events-{day}.log.gz"):
                times.update(str(event.get("time")) for event in found)
    midnight, before = "2014-10-13T00:00:00+00:00", "2014-10-12T23:59:59.999999+00:00"
    # one probe in each of the two courses
    assert (seen["2014-10-12"][midnight], seen["2014-10-13"][before]) == (2, 2)
    assert (seen["2014-10-13"][midnight], seen["2014-10-12"][before]) == (0, 0)


def test_phones_deliver_after_three_days(tmp_path: Path) -> None:
    """Events that a phone kept stand, with their own times, in the file of three days later."""
    campus = Campus(CampusSize.parse("tiny,days=12,learners=60,courses=1"), 3)
    (tmp_path / "DAILY").mkdir()
    late = 0
    for number in range(12):
        logs.simulate_day(campus, tmp_path, number)
        day = campus.size.first_day.toordinal() + number
        for path in (tmp_path / "DAILY").glob(
            f"*edx-events-{campus.size.first_day.replace(day=11 + number)}*"
        ):
            for event in events(path):
                if event.get("event_source") == "mobile" and isinstance(event["time"], str):
                    late += event["time"][:10] == type(campus.size.first_day).fromordinal(day - 3).isoformat()
    assert late > 10


def test_lines_held_are_few(tmp_path: Path) -> None:
    """What a day holds in memory is what is going on at one time, not the whole day."""
    campus = Campus(CampusSize.parse("demo,learners=300,servers=1"), 1)
    most = 0

    class Watched(logs.Day):
        def flush(self, before: int) -> None:
            nonlocal most
            super().flush(before)
            most = max(most, sum(map(len, self.minutes.values())))

    log = logs.RawLog(tmp_path / "a.log.gz", 10)
    day = Watched(10, campus.first + 10 * DAY, [log])
    logs._live(campus, day, campus.attendances("edx"), 10)
    total = log.close()["lines"]
    assert total > 5_000
    assert most < total / 8
