"""A log directory that the predecessor filled: its shards and markers are taken over, rows counted once."""

from __future__ import annotations

import gzip
import os
from datetime import date
from pathlib import Path

import pytest
from blake3 import blake3
from split_site import A, B, Site, event, events, states

from edxtasks.course import CourseKey
from edxtasks.logs import legacy
from edxtasks.logs.shards import Shard, held_back, shards, unreadable
from edxtasks.logs.split import forget

DAY = "2014-10-17"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def old_shard(site: Site, users: str, bucket: str = A, day: str = DAY) -> Path:
    """A shard as the predecessor wrote it: several members, with time stamps."""
    path = site.directory / bucket / f"tracklog-{day}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(gzip.compress(event(user, day=day), mtime=1_400_000_000) for user in users))
    return path


def marker(site: Site, name: str) -> None:
    (site.directory / "META").mkdir(parents=True, exist_ok=True)
    (site.directory / "META" / name).write_text("2014-10-18 03:00:00\n")


def check(site: Site) -> None:
    """As `Site.check`, for a log directory whose shards may be the predecessor's."""
    listed = {
        f"{bucket}/{shard.path.name}": shard
        for bucket in sorted(
            p.name for p in site.directory.iterdir() if "__" in p.name or p.name == "UNKNOWN"
        )
        for shard in shards(site.directory, bucket)
    }
    assert set(listed) == set(site.shards())
    for name, content in site.shards().items():
        text = gzip.decompress(content)
        assert listed[name].digest == blake3(text).hexdigest()
        assert listed[name].rows == len(text.splitlines())
    assert not list(site.directory.rglob("*.new"))


def test_shards_of_the_predecessor_are_taken_over_when_they_are_asked_for(site: Site) -> None:
    path = old_shard(site, "ab")
    old_shard(site, "c", day="2014-10-18")
    content = path.read_bytes()
    first, second = shards(site.directory, CourseKey.parse("UnivX/A/1"))
    # Noon of 2014-10-17 is 1413547200 seconds after 1970.
    assert first == Shard(
        day=date(2014, 10, 17),
        path=path,
        digest=blake3(events("ab")).hexdigest(),
        rows=2,
        min_time_us=1413547200_000000,
        max_time_us=1413547200_000000,
        sources=("legacy",),
    )
    assert second.day == date(2014, 10, 18)
    assert path.read_bytes() == content
    check(site)


def test_a_shard_is_read_once_and_again_when_it_was_replaced(site: Site) -> None:
    path = old_shard(site, "ab")
    assert [shard.rows for shard in shards(site.directory, A)] == [2]
    content = path.read_bytes()
    status = path.stat()
    path.write_bytes(bytes(len(content)))  # would be unreadable, if it were read
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [shard.rows for shard in shards(site.directory, A)] == [2]
    old_shard(site, "abc")
    assert [shard.rows for shard in shards(site.directory, A)] == [3]
    path.unlink()
    assert shards(site.directory, A) == []
    old_shard(site, "d", day="2014-10-18")
    assert [shard.rows for shard in shards(site.directory, A)] == [1]
    check(site)


def test_a_run_takes_over_all_of_them(site: Site) -> None:
    old_shard(site, "ab")
    old_shard(site, "c", B)
    site.log("x.log", events("z", "UnivX/C/1"))
    result = site.split()
    assert result.taken_over == 2
    assert (site.users(), site.users(B), site.users("UnivX__C__1")) == ("ab", "c", "z")
    assert site.split().taken_over == 0
    check(site)


@pytest.mark.parametrize("workers", [1, 2])
def test_new_rows_of_its_day_are_added_to_a_shard_taken_over(site: Site, workers: int) -> None:
    old = old_shard(site, "ab").read_bytes()
    site.log("x.log", events("z"))
    result = site.split(workers=workers)
    assert result.changed == [(A, DAY)]
    assert site.users() == "abz"
    (shard,) = shards(site.directory, A)
    assert shard.sources == ("legacy", "x.log")
    check(site)
    site.log("x.log", events("yz"))
    site.log("0.log", events("w"))
    site.split(workers=workers)
    assert site.users() == "abwyz"
    site.split(force=True)
    assert site.users() == "abwyz"
    check(site)
    forget("*", site.options())
    assert site.users() == "ab"
    assert (site.directory / A / f"tracklog-{DAY}.json.gz").read_bytes() == old
    assert shards(site.directory, A)[0].sources == ("legacy",)
    check(site)


def test_a_shard_taken_over_and_added_to_comes_back_when_it_is_deleted(site: Site) -> None:
    old_shard(site, "ab")
    site.log("x.log", events("z"))
    site.split()
    before = site.shards()
    (site.directory / A / f"tracklog-{DAY}.json.gz").unlink()
    site.split()
    assert site.shards() == before
    (site.directory / "META" / "SHARDS" / f"{A}.json").unlink()
    site.split()
    assert site.users() == "abz"
    check(site)


def test_killed_runs_count_the_rows_of_the_predecessor_once(site: Site, tmp_path: Path) -> None:
    import shutil

    from test_split_faults import killed_at_step

    old_shard(site, "ab")
    old_shard(site, "c", day="2014-10-18")
    site.log("x.log", events("z") + events("y", day="2014-10-16"))
    start = tmp_path / "start"
    shutil.copytree(site.directory, start)
    site.split()
    expected = site.shards()
    step = 0
    while True:
        step += 2
        shutil.rmtree(site.directory)
        shutil.copytree(start, site.directory)
        if not killed_at_step(step, site.split):
            break
        assert site.split().ok
        assert site.shards() == expected, step
        check(site)
    assert step > 30


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("univx-edx-events-2014-10-17.log.gz", "univx-edx-events-2014-10-17"),
        ("univx-edx-events-2014-10-17.log.gz", "univx-edx-events-2014-10-17.log"),
        ("univx-edx-events-2014-10-17.log", "univx-edx-events-2014-10-17"),
        ("univx-edx-events-2014-10-17.log.gz", "DAILY__univx-edx-events-2014-10-17"),
        ("tracking.log-20160315.gz", "tracking"),
    ],
)
def test_a_marker_counts_as_done(site: Site, name: str, marked: str) -> None:
    old_shard(site, "ab")
    marker(site, marked)
    site.log(name, events("ab"))
    result = site.split()
    assert states(result) == {name: "done"}
    assert marked in result.files[0].message
    assert site.users() == "ab"
    result = site.split(force=True)
    assert states(result) == {name: "failed"}
    assert "legacy:" in result.files[0].message
    assert site.users() == "ab"
    check(site)


@pytest.mark.parametrize("marked", ["univx-edx-events-2014-10-18", "other", "univx", "SHARDS"])
def test_the_marker_of_another_log_does_not_count(site: Site, marked: str) -> None:
    old_shard(site, "ab")
    if marked != "SHARDS":
        marker(site, marked)
    site.log("univx-edx-events-2014-10-17.log.gz", events("c"))
    assert states(site.split()) == {"univx-edx-events-2014-10-17.log.gz": "split"}
    assert site.users() == "abc"


def test_a_marker_without_shards_does_not_count(site: Site) -> None:
    marker(site, "x")
    site.log("x.log.gz", events("c"))
    assert states(site.split()) == {"x.log.gz": "split"}
    # The shard that there is now is ours.
    (site.directory / "META" / "x.log.json").unlink()
    assert states(site.split()) == {"x.log.gz": "split"}
    assert site.users() == "c"
    site.check()


def test_a_json_file_that_is_no_checkpoint_is_left_alone(site: Site) -> None:
    marker(site, "y.json")
    site.log("x.log", events("a"))
    assert site.split().ok
    assert (site.directory / "META" / "y.json").read_text().startswith("2014")


def test_shards_of_the_predecessor_are_withdrawn_only_by_their_own_name(site: Site) -> None:
    old_shard(site, "ab")
    old_shard(site, "c", day="2014-10-18")
    old_shard(site, "d", B)
    marker(site, "x")
    site.log("x.log.gz", events("z"))
    site.log("y.log.gz", events("y"))
    site.split()
    assert forget("*", site.options()) == ["y.log"]
    assert (site.users(), site.users(B)) == ("ab", "d")
    site.split()
    assert forget(f"legacy:{A}:2014-10-*", site.options()) == [
        f"legacy:{A}:2014-10-17",
        f"legacy:{A}:2014-10-18",
    ]
    assert (site.users(), site.users(A, "2014-10-18"), site.users(B)) == ("y", "", "d")
    check(site)
    forget("legacy:*", site.options())
    assert site.users(B) == ""
    # No shard of the predecessor is left, so that its markers no longer count.
    site.split()
    assert site.users() == "zy"
    site.check()


def test_a_shard_that_cannot_be_read_is_told_and_not_replaced(site: Site) -> None:
    path = old_shard(site, "ab")
    path.write_bytes(path.read_bytes()[:-5])
    old_shard(site, "c", day="2014-10-18")
    content = path.read_bytes()
    assert [shard.day for shard in shards(site.directory, A)] == [date(2014, 10, 18)]
    assert "truncated" in unreadable(site.directory, A)[date(2014, 10, 17)]
    assert held_back(site.directory, A) == {date(2014, 10, 17)}
    site.log("x.log", events("z"))
    result = site.split()
    assert not result.ok
    assert f"split forget='legacy:{A}:{DAY}'" in result.unpublished[A, DAY]
    assert path.read_bytes() == content
    old_shard(site, "ab")
    assert site.split().ok
    assert site.users() == "abz"
    assert held_back(site.directory, A) == set()
    path.write_bytes(content)
    check_name = f"legacy:{A}:{DAY}"
    assert forget(check_name, site.options()) == [check_name]
    assert site.users() == "z"
    check(site)


@pytest.mark.parametrize("again", [True, False])
def test_a_shard_that_could_not_be_taken_over_is_not_replaced(
    site: Site, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    def fail(path: Path, day: str) -> None:
        raise MemoryError("no more")

    path = old_shard(site, "ab")
    content = path.read_bytes()
    site.log("x.log", events("z"))
    with monkeypatch.context() as patched:
        patched.setattr(legacy, "count", fail)
        for _ in range(1 + again):
            result = site.split()
            assert list(result.unpublished) == [(A, DAY)] and not result.ok
            assert path.read_bytes() == content
    assert site.split().ok
    assert site.users() == "abz"
    check(site)


def test_equal_rows_of_the_predecessor_are_dropped_when_asked(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.split()
    rows = gzip.decompress(site.shards()[f"{A}/tracklog-{DAY}.json.gz"])
    forget("x.log", site.options())
    path = old_shard(site, "")
    path.write_bytes(gzip.compress(rows))
    site.log("x.log", events("abc"))
    site.split(dedupe_exact=True)
    assert site.users() == "abc"
    check(site)


def test_a_last_line_without_newline_and_blank_lines(site: Site) -> None:
    path = old_shard(site, "")
    path.write_bytes(gzip.compress(events("a") + b"\n" + events("b").rstrip(b"\n")))
    assert [shard.rows for shard in shards(site.directory, A)] == [2]
    site.log("x.log", events("z"))
    site.split()
    (shard,) = shards(site.directory, A)
    assert shard.rows == 3
    text = gzip.decompress(shard.path.read_bytes())
    assert shard.digest == blake3(text).hexdigest()
    assert [line for line in text.splitlines() if line][:2] == events("ab").splitlines()
