"""A course of a few events in real runs: late days and days delivered again, videos that move, a server that
is wrong. All values are worked out by hand."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path

import duckdb
import pytest
from project import REPOSITORY, Project

sys.path.insert(0, str(Path(__file__).parents[1] / "content"))

from course_exports import COURSE, studio, write_tarball
from test_youtube import KEY, running

from edxtasks.course import CourseKey

COMMANDS = ("analyze_videos", "analyze_forum", "analyze_ora", "time_task")
FORUM = f"/courses/{COURSE.slash}/discussion/forum/i4x-topic/threads/t1"
ORA = f"block-v1:{COURSE.org}+{COURSE.number}+{COURSE.run}+type@openassessment+block@essay"


def event(time: str, kind: str, **payload: object) -> str:
    context = {"course_id": COURSE.slash, "org_id": COURSE.org, "user_id": 7}
    form = {"username": "ann", "time": f"{time}+00:00", "event_type": kind, "event": payload}
    return json.dumps({**form, "event_source": "browser", "ip": "192.0.2.7", "context": context})


BEFORE_MIDNIGHT = (
    event("2013-09-30T23:50:00", "play_video", id="v1", currentTime=10),
    event("2013-09-30T23:59:00", "pause_video", id="v1", currentTime=20.5),
    event(
        "2013-09-30T23:59:00",
        "openassessmentblock.create_submission",
        submission_uuid="s1",
        answer={"text": "an essay", "file_key": f"x/{ORA}/1"},
    ),
    event("2013-09-30T23:59:00", FORUM, GET={}),
)
AFTER_MIDNIGHT = (
    event("2013-10-01T00:04:00", "stop_video", id="v1", currentTime="95"),
    event("2013-10-01T00:04:00", "openassessmentblock.self_assess", submission_uuid="s1", parts=[]),
)


class SmallCourse(Project):
    """A course without a dump, and with a course export where one is written."""

    def deliver(self, day: str, *lines: str) -> None:
        path = self.folder / "DAILY" / f"log-{day}.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))

    def export(self, day: str, content: str) -> None:
        """An export of a dump of this day, which the next run reads."""
        write_tarball(
            self.folder / "SQL" / COURSE.package_prefix / day / "course.xml.tar.gz",
            studio(f"<course>{content}</course>"),
        )
        self.configure(course_sql_date_dir=f'"{day}"')

    def configure(self, **more: str) -> None:
        paths = {
            "course_sql_base_dir": '"SQL"',
            "tracking_logs_directory": '"LOGS"',
            "tlfn": '"DAILY/*.gz"',
        }
        endpoint = more.pop("youtube_api_endpoint", "")
        lines = [
            f'course_id_list = ["{COURSE.slash}"]',
            *([f"youtube_api_endpoint = {endpoint}"] * bool(endpoint)),
        ]
        lines += ["[paths]", *(f"{name} = {value}" for name, value in (paths | more).items())]
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "edxtasks.toml").write_text("\n".join(lines) + "\n")

    def rows(self, table: str, *columns: str) -> list[tuple[object, ...]]:
        place = self.warehouse / COURSE.dataset / table
        files = f"{place}/*.parquet" if place.is_dir() else f"{place}.parquet"
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        listed = ", ".join(columns)
        return connection.execute(f"SELECT {listed} FROM read_parquet(?) ORDER BY ALL", [files]).fetchall()


@pytest.fixture
def small(tmp_path: Path) -> SmallCourse:
    shutil.copy(REPOSITORY / "dodo.py", tmp_path)
    project = SmallCourse(tmp_path)
    project.configure()
    return project


def test_a_late_day_and_one_that_is_delivered_again(small: SmallCourse) -> None:
    small.deliver("2013-10-01", *AFTER_MIDNIGHT)
    outcome = small.doit(*COMMANDS)
    # Nothing says which videos the course has, or what was posted: tables without rows, which is told.
    for table in ("video_axis", "forum_posts", "person_course_video_watched"):
        assert small.rows(table, "1") == [], table
    assert "read as empty, since they do not exist: course_axis" in outcome.err
    assert "read as empty, since they do not exist: forum" in outcome.err
    # Two events in one instant: a gap of nothing counts as such.
    assert small.rows("time_on_task", "date::text", "total_time_30") == [("2013-10-01", 0.0)]
    assert small.rows("ora_events", "action", "module_id") == [("self_assess", None)]

    small.deliver("2013-09-30", *BEFORE_MIDNIGHT)
    small.doit(*COMMANDS)
    times = ("date::text", "total_time_5", "total_time_30", "total_video_time_30", "serial_forum_time_30")
    # 540 s between the two videos of the first date; at 23:59 three events in one instant, in the order of
    # their types: the forum page, the response, the pause. 300 s over midnight are not below five minutes.
    assert small.rows("time_on_task", *times) == [
        ("2013-09-30", 0.0, 540.0, 540.0, 540.0),
        ("2013-10-01", 0.0, 300.0, 300.0, None),
    ]
    assert small.rows("time_on_task_totals", *times[1:]) == [(0.0, 840.0, 840.0, 540.0)]
    assert small.rows("video_stats_day", "date::text", "position") == [
        ("2013-09-30", 20.5),
        ("2013-10-01", 95.0),
    ]
    assert small.rows("video_stats", "video_id", "videos_viewed", "videos_watched") == [("v1", 1, None)]
    assert small.rows("forum_events", "forum_action", "thread_id") == [("read", "t1")]
    # What says which problem the response is of came a day later than what asks for it.
    both = [("create_submission", ORA), ("self_assess", ORA)]
    assert small.rows("ora_events", "action", "module_id") == both

    # Delivered again: nothing of the old lines is left.
    small.deliver("2013-09-30", BEFORE_MIDNIGHT[0])
    small.doit(*COMMANDS)
    assert small.rows("time_on_task", *times[:3]) == [("2013-10-01", 0.0, 840.0)]
    assert small.rows("time_on_task_totals", *times[1:]) == [(0.0, 840.0, 840.0, None)]
    assert small.rows("video_stats_day", "date::text", "position") == [
        ("2013-09-30", 10.0),
        ("2013-10-01", 95.0),
    ]
    assert small.rows("forum_events", "forum_action") == []
    assert small.rows("ora_events", "action", "module_id") == [("self_assess", None)]
    assert small.doit(*COMMANDS).built == set()


def test_without_any_log_the_tables_are_there_and_empty(small: SmallCourse) -> None:
    small.export("2013-10-06", '<chapter url_name="a"><video url_name="v1"/></chapter>')
    config = small.folder / "config" / "edxtasks.toml"
    config.write_text("".join(line for line in config.open() if not line.startswith("tlfn")))
    outcome = small.doit("axis2bq", *COMMANDS)
    by_date = ("forum_events", "ora_events_day", "time_on_task", "video_durations_day", "video_stats_day")
    for table in (*by_date, "ora_events", "time_on_task_totals", "video_stats"):
        assert small.rows(table, "1") == [], table
    assert "there is no log day of the course: no rows" in outcome.err
    assert small.rows("video_axis", "video_id") == [("v1",)]
    assert small.doit(*COMMANDS).built == set()


def test_videos_that_are_renamed_and_moved_and_a_server_that_is_wrong(
    small: SmallCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (
        '<chapter url_name="a" display_name="A">'
        '<video url_name="v1" youtube_id_1_0="yt1" display_name="One"/><video url_name="v2"/></chapter>'
        '<chapter url_name="b" display_name="B"/>'
    )
    later = (
        '<chapter url_name="a" display_name="A"/><chapter url_name="b" display_name="B">'
        '<video url_name="v2"/><video url_name="v1_new" display_name="One"/></chapter>'
    )
    small.deliver(
        "2013-10-01",
        *(event("2013-10-01T10:00:00", "play_video", id=one, currentTime=3) for one in ("v1", "v2")),
    )
    small.export("2013-10-06", first)
    columns = ("video_id", "name", "chapter_name", "videos_viewed")
    monkeypatch.setenv("EDXTASKS_API_KEY", KEY)
    with running() as server:
        server.body = b"<html>no</html>"
        small.configure(course_sql_date_dir='"2013-10-06"', youtube_api_endpoint=f'"{server.endpoint}"')
        outcome = small.doit("axis2bq", "analyze_videos")
        assert server.asked == [["yt1"]]
        told = [line for line in outcome.err.splitlines() if "YouTube" in line]
        assert len(told) == 1
        assert "1 of 1 video are not known: the answer of the server is not in the form of the You" in told[0]
        assert KEY not in outcome.out + outcome.err
        written = (path for path in small.folder.rglob("*") if path.is_file())
        assert not any(KEY.encode() in path.read_bytes() for path in written)
        assert small.rows("video_axis", "video_id", "video_length") == [("v1", None), ("v2", None)]
        assert small.rows("video_stats", *columns) == [("v1", "One", "A", 1), ("v2", "v2", "A", 1)]

        # The next run asks again, and ends as one that had an answer at once.
        server.body, server.durations = None, {"yt1": "PT1M"}
        outcome = small.doit("axis2bq", "analyze_videos")
        assert f"video_lengths:{COURSE}" in outcome.built
        assert "lengths of videos at YouTube could not be had when it was built" in outcome.err
        assert small.rows("video_axis", "video_id", "video_length") == [("v1", 60), ("v2", None)]
        assert small.doit("axis2bq", "analyze_videos").built == set()

    monkeypatch.delenv("EDXTASKS_API_KEY")
    small.export("2013-10-13", later)
    outcome = small.doit("axis2bq", "analyze_videos")
    # The one that was renamed has lost its place; who operated it stays, and is not counted anew.
    assert small.rows("video_stats", *columns) == [("v1", None, None, 1), ("v2", "v2", "B", 1)]
    assert small.rows("video_axis", "video_id", "chapter_name") == [("v1_new", "B"), ("v2", "B")]
    assert not {task for task in outcome.built if task.startswith(("video_stats_day", "video_durations_day"))}


def test_the_longest_course_key(small: SmallCourse) -> None:
    """236 bytes, four more with the marks between: every file of the course has a name of at most 255."""
    course = CourseKey("O" * 76, "n" * 80, "é" * 40)
    config = small.folder / "config" / "edxtasks.toml"
    config.write_text(config.read_text().replace(COURSE.slash, course.slash))
    small.deliver("2013-09-30", *(line.replace(COURSE.slash, course.slash) for line in BEFORE_MIDNIGHT))
    top = f'<course url_name="r" org="{course.org}" course="{course.number}"/>'
    content = '<course><chapter url_name="a"><video url_name="v1"/></chapter></course>'
    home = small.folder / "SQL" / course.package_prefix
    write_tarball(home / "course.xml.tar.gz", {"course.xml": top, "course/r.xml": content})
    small.doit("axis2bq", "analyze_videos", "time_task")
    assert (small.folder / "storage" / course.directory / f"xbundle_{course.directory}.xml").is_file()
    assert (small.warehouse / course.dataset / "video_stats.parquet").is_file()
    assert CourseKey.find(f"{course.slash}x") is None
