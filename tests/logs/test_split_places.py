"""Where rows go: bucket by course and site, day by time or name; rows equal to those of another source."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import orjson
import pytest
from split_site import A, B, Site, event, events, states

from edxtasks.course import CourseKey
from edxtasks.logs import shard_maker
from edxtasks.logs.layout import Layout, bucket_of
from edxtasks.logs.log_names import date_in_name, is_edge
from edxtasks.logs.shards import held_back, shards


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def days(site: Site, bucket: str = A) -> dict[str, str]:
    found = sorted(path.name[9:19] for path in (site.directory / bucket).glob("tracklog-*.json.gz"))
    return {day: site.users(bucket, day) for day in found}


# Days


def test_the_day_is_the_utc_date_of_the_event_not_of_the_file(site: Site) -> None:
    site.log(
        "univx-edx-events-2014-10-17.log",
        event("a", time="2014-10-16T23:59:59.999999+00:00")
        + event("b", time="2014-10-17T00:00:00+00:00")
        + event("c", time="2014-10-17T20:00:00-05:00")  # 01:00 of the next day
        + event("d", time="2014-10-18T01:00:00+02:00")  # 23:00 of the day before
        + event("e", time="1969-12-31T23:59:59"),  # of a clock gone wrong
    )
    site.split()
    assert days(site) == {"2014-10-16": "a", "2014-10-17": "bd", "2014-10-18": "c"}
    site.check()


def test_the_first_and_the_last_time(site: Site) -> None:
    site.log(
        "x.log",
        event("-", time="0001-01-01T00:00:00")
        + event("-", time="1969-12-31T23:59:59.999999")
        + event("a", time="1970-01-01T00:00:00")
        + event("b", time="2099-12-31T23:59:59.999999")
        + event("-", time="2100-01-01T00:00:00")
        + event("-", time="9999-12-31T23:59:59.999999"),
    )
    site.split()
    assert days(site) == {"1970-01-01": "a", "2099-12-31": "b"}
    assert site.rejects("x.log") == [(number, "bad_time") for number in (1, 2, 5, 6)]
    site.split(force=True, log_day_timezone="Asia/Tokyo")  # 9 hours ahead
    assert days(site) == {"1970-01-01": "a", "2100-01-01": "b"}
    site.split(force=True, log_day_timezone="America/New_York")  # 5 hours behind
    assert days(site) == {"1969-12-31": "a", "2099-12-31": "b"}


def test_log_day_timezone_moves_the_borders_of_days(site: Site) -> None:
    site.log(
        "x.log",
        event("a", time="2014-10-17T03:59:59.999999+00:00")  # 23:59:59 in New York, in summer time
        + event("b", time="2014-10-17T04:00:00+00:00")
        + event("c", time="2014-12-17T04:00:00+00:00")  # 23:00, in winter time
        + event("d", time="2014-12-17T05:00:00+00:00"),
    )
    site.split(log_day_timezone="America/New_York")
    assert days(site) == {"2014-10-16": "a", "2014-10-17": "b", "2014-12-16": "c", "2014-12-17": "d"}
    assert states(site.split()) == {"x.log": "stale"}


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("mitx-edx-events-2014-10-17.log.gz", date(2014, 10, 17)),
        ("tracking.log-20160315-1458000000.gz", date(2016, 3, 15)),
        ("tracking.log-20160315.gz", date(2016, 3, 15)),
        ("x-2014-13-40-2014-10-17.log", date(2014, 10, 17)),
        ("x-20141317.log", None),
        ("x-120160315.log", None),
        ("1458000000.log", None),
        ("tracking.log", None),
        ("x-0016-05-02.log", None),
        ("x-1969-12-31-1970-01-01.log", date(1970, 1, 1)),
        ("x-2099-12-31.log", date(2099, 12, 31)),
        ("x-21000101.log", None),
        ("x-2014-10-17-2014-10-18.log", date(2014, 10, 17)),
    ],
)
def test_the_date_in_a_name(name: str, day: date | None) -> None:
    assert date_in_name(Path("/logs/2001-01-01") / name) == day


def test_filename_dates_takes_the_date_of_the_name(site: Site) -> None:
    text = event("a", time="2014-10-16T23:59:59") + event("b", time="2014-10-18T01:00:00")
    site.log("x-2014-10-17.log", text)
    site.log("y.log", text.replace(b'"a"', b'"c"').replace(b'"b"', b'"d"'))
    site.split(filename_dates=True)
    assert days(site) == {"2014-10-16": "c", "2014-10-17": "ab", "2014-10-18": "d"}
    (first, second, third) = shards(site.directory, CourseKey.parse("UnivX/A/1"))
    # 2014-10-16T23:59:59 is 1413503999 seconds after 1970, 2014-10-18T01:00:00 is 1413594000.
    assert (second.min_time_us, second.max_time_us) == (1413503999_000000, 1413594000_000000)
    assert (first.rows, second.rows, third.rows) == (1, 2, 1)


# Buckets


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("mitx-edge-events-2014-10-17.log.gz", True),
        ("edge-events.log", True),
        ("mitx-edx-events-2014-10-17.log.gz", False),
        ("knowledge-events.log", False),
        ("mitx_edge_events.log", False),
    ],
)
def test_edge_logs_are_known_by_their_name(name: str, edge: bool) -> None:
    assert is_edge(Path("/edge-logs/x-edge-y") / name) is edge


def test_edge_logs_are_kept_apart(site: Site) -> None:
    site.log("univx-edx-events-2014-10-17.log", events("a") + events("b", None))
    site.log("univx-edge-events-2014-10-17.log", events("c") + events("d", None))
    site.split()
    assert (site.users(A), site.users(f"EDGE/{A}")) == ("a", "c")
    assert (site.users("UNKNOWN"), site.users("EDGE/UNKNOWN")) == ("b", "d")
    assert [shard.rows for shard in shards(site.directory, CourseKey.parse("UnivX/A/1"))] == [1]
    assert [shard.rows for shard in shards(site.directory, f"EDGE/{A}")] == [1]
    site.check()


def test_edge_logs_can_be_merged_or_skipped(site: Site) -> None:
    site.log("univx-edx-events.log", events("a"))
    site.log("univx-edge-events.log", events("c"))
    result = site.split(edge_logs="skip")
    assert states(result) == {"univx-edx-events.log": "split", "univx-edge-events.log": "skipped"}
    assert result.ok and site.users() == "a"
    site.split(edge_logs="merge")
    assert site.users() == "ca"  # by key: edge before edx
    assert states(site.split()) == {"univx-edx-events.log": "done", "univx-edge-events.log": "stale"}
    site.split(resplit_on_rule_change=True)
    assert (site.users(), site.users(f"EDGE/{A}")) == ("a", "c")
    site.check()


@pytest.mark.parametrize(
    "course",
    [
        "../../etc/x",
        "UnivX/../1",
        "UnivX/A",
        "UnivX/A/1/2",
        "/A/1",
        "library-v1:UnivX+A",
        "ccx-v1:UnivX+A+1+ccx@2",
        "a/b/" + "c" * 300,
        "a/b/c\0d",
        "a/b/" + "c" * 245,  # 249 characters: with what is put around it no file system could hold its name
        "ж" * 60 + "/" + "ж" * 60 + "/1",
    ],
)
def test_what_is_no_course_goes_to_unknown(site: Site, course: str) -> None:
    site.log("x.log", events("a", course))
    assert site.split().ok
    assert list(site.shards()) == ["UNKNOWN/tracklog-2014-10-17.json.gz"]
    assert {path.name for path in site.directory.parent.iterdir()} == {"DAILY", "L"}
    site.check()


@pytest.mark.parametrize(
    "key", [f"{'a' * 97}/{'b' * 98}/c", "Ünï/Çode/ж", "a-b/c.d~e/f:g", ".a/b/c", "A__B/C/D"]
)
def test_strange_course_keys_have_shards(site: Site, key: str) -> None:
    site.log("1.log", events("a", key))
    site.log("2.log", events("b", key))
    assert site.split().ok
    course = CourseKey.parse(key)
    assert site.users(course.directory) == "ab"
    assert [shard.sources for shard in shards(site.directory, course)] == [("1.log", "2.log")]
    site.check()


def test_buckets_and_their_lists_have_names_that_fit() -> None:
    long = CourseKey.parse("a/b/" + "c" * 194)
    assert bucket_of(long) == long.directory
    path = Layout(Path("/L")).shard_list(bucket_of(long))
    assert len(path.name.encode()) <= 250
    assert bucket_of(None, edge=True) == "EDGE/UNKNOWN"


# Rows equal to those of another source


def test_exact_doubles_between_sources_can_be_dropped(site: Site) -> None:
    site.log("1.log", events("aab"))
    site.log("2.log", events("bcc"))
    site.log("3.log", events("ccad"))
    site.split()
    assert site.users() == "aabbccccad"
    result = site.split(dedupe_exact=True)
    assert result.changed == [(A, "2014-10-17")]
    assert site.users() == "aabccd"  # doubles inside a source stay
    site.check()
    assert site.split(dedupe_exact=True).changed == []
    assert [shard.rows for shard in shards(site.directory, A)] == [6]
    site.split()
    assert site.users() == "aabbccccad"
    site.check()


def test_rows_that_differ_in_any_column_are_no_doubles(site: Site) -> None:
    site.log("1.log", event("a", ip="1"))
    site.log("2.log", event("a", ip="2") + event("a", ip="1"))
    site.split(dedupe_exact=True)
    rows = gzip.decompress(site.shards()[f"{A}/tracklog-2014-10-17.json.gz"]).splitlines()
    assert [orjson.loads(row)["ip"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize("at_once", [1, 3, 10])
def test_doubles_are_found_in_several_rounds_too(
    site: Site, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    site.log("1.log", b"".join(event(f"{i},") for i in range(0, 40, 2)))
    site.log("2.log", b"".join(event(f"{i},") for i in range(0, 40, 3)))
    monkeypatch.setattr(shard_maker, "ROWS_AT_ONCE", at_once)
    site.split(dedupe_exact=True)
    numbers = [int(text) for text in site.users().split(",")[:-1]]
    assert numbers == [*range(0, 40, 2), *(i for i in range(0, 40, 3) if i % 2)]
    site.check()


def test_a_log_whose_rows_are_all_doubles_has_none_in_the_shard(site: Site) -> None:
    site.log("1.log", events("ab"))
    site.log("2.log", events("ba"))
    site.split(dedupe_exact=True)
    assert site.users() == "ab"
    assert held_back(site.directory, A) == set()
    site.check()
    (site.logs / "1.log").write_bytes(events("c", "UnivX/B/1"))
    site.split(dedupe_exact=True)
    assert (site.users(), site.users(B)) == ("ba", "c")
    site.check()
