"""Log days of the embedded engine: from shards to day tables, many in one call."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))

from split_site import Site, event

from edxtasks.build.context import Context, check_owner
from edxtasks.build.log_days import check_log_days, load_log_days
from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import InputError, UserError
from edxtasks.logs.shards import shards
from edxtasks.warehouse.base import ResourceLimits, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = CourseKey("UnivX", "A", "1")
FIRST = date(2014, 10, 1)
ROWS_OF_THE_LONG_DAY = 50_000
"""More than two row groups, and more than DuckDB reads at once."""


def context(site: Site, threads: int = 2, memory_limit: str = "", folder: str = "warehouse") -> Context:
    """A view of the site and a warehouse beside it, as a new process has it."""
    warehouse = ParquetWarehouse(site.directory.parent / folder, ResourceLimits(threads, memory_limit))
    settings = Settings(paths=Paths(tracking_logs_directory=site.directory))
    return Context(settings, {}, warehouse, Digests(), (COURSE,))


def day(number: int) -> str:
    return (FIRST + timedelta(number)).isoformat()


def table(number: int) -> TableName:
    return TableName(COURSE.logs_dataset, f"tracklog_{day(number).replace('-', '')}")


def users(context: Context, number: int) -> list[object]:
    """The user names in a day table, in the order in which they are stored."""
    return [name for (name,) in context.warehouse.read(table(number), ["username"])]


def files(context: Context) -> dict[str, tuple[int, int, int]]:
    """What tells whether a day table was written: time, inode and size of its file."""
    folder = context.warehouse.location(table(0), partitioned=False)
    assert folder is not None
    found = {path.name: path.stat() for path in folder.parent.glob("*.parquet")}
    return {name: (one.st_mtime_ns, one.st_ino, one.st_size) for name, one in found.items()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A log directory with five days, an event of u0 … u4 each."""
    site = Site(tmp_path)
    for number in range(5):
        site.log(f"{number}.log", event(f"u{number}", day=day(number)))
    site.split()
    return site


def shard(site: Site, number: int) -> Path:
    return site.directory / COURSE.directory / f"tracklog-{day(number)}.json.gz"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_all_days_are_loaded_in_one_call(site: Site, threads: int) -> None:
    told: list[tuple[int, int]] = []
    here = context(site, threads)
    assert load_log_days(here, COURSE, progress=lambda done, of: told.append((done, of)))[:2] == (5, 5)
    assert told == [(done, 5) for done in range(1, 6)]
    assert [users(here, number) for number in range(5)] == [[f"u{number}"] for number in range(5)]
    assert check_log_days(context(site), COURSE).fresh
    private = site.directory.parent / "warehouse" / COURSE.logs_dataset / "_edxtasks"
    assert not [path.name for path in private.iterdir() if path.suffix == ".parquet"]


def test_rows_stand_in_the_order_of_the_shard_whatever_the_number_of_threads(tmp_path: Path) -> None:
    site = Site(tmp_path)
    names = [f"u{number * 7919 % ROWS_OF_THE_LONG_DAY}" for number in range(ROWS_OF_THE_LONG_DAY)]
    site.log("a.log", b"".join(event(name, day=day(0)) for name in names) + event("z", day=day(1)))
    site.split()
    lines = gzip.decompress(shard(site, 0).read_bytes()).splitlines()
    assert len(lines) == ROWS_OF_THE_LONG_DAY  # and their order is the splitter's business
    made = []
    for threads in (1, 2, 4):
        here = context(site, threads, folder=f"warehouse{threads}")
        load_log_days(here, COURSE)
        assert users(here, 0) == names
        path = here.warehouse.location(table(0), partitioned=False)
        assert path is not None
        made.append(path.read_bytes())
    assert made[0] == made[1] == made[2]
    # Alone, a day is shared by all threads.
    alone = context(site, 2, folder="warehouse1")
    alone.warehouse.drop(table(0))
    assert load_log_days(alone, COURSE)[:2] == (ROWS_OF_THE_LONG_DAY, 1)
    assert users(alone, 0) == names


def test_a_shard_that_a_disk_has_changed_is_not_loaded(site: Site) -> None:
    """It is JSON as before, and has as many rows: of another learner."""
    path = shard(site, 2)
    text = gzip.decompress(path.read_bytes())
    changed = gzip.compress(text, compresslevel=0, mtime=0).replace(b"u2", b"u3")
    path.unlink()  # it is the file of its part too
    path.write_bytes(changed)
    here = context(site)
    with pytest.raises(InputError, match=r"2014-10-03\.json\.gz: its content is not what the list of shards"):
        load_log_days(here, COURSE)
    assert {*here.warehouse.states(COURSE.logs_dataset)} == {table(number).table for number in (0, 1, 3, 4)}
    path.unlink()
    site.split()
    assert load_log_days(context(site), COURSE)[:2] == (1, 1)
    assert users(context(site), 2) == ["u2"]


def test_one_more_day_touches_that_day_only(site: Site) -> None:
    load_log_days(context(site), COURSE)
    before = files(context(site))
    site.log("5.log", event("u5", day=day(5)))
    site.split()
    here = context(site)
    assert check_log_days(here, COURSE).reason == "1 new day"
    assert load_log_days(here, COURSE)[:2] == (1, 1)
    after = files(here)
    assert after.keys() - before.keys() == {"tracklog_20141006.parquet"}
    assert {name: after[name] for name in before} == before


def test_the_check_opens_no_shard(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    load_log_days(context(site), COURSE)
    for number in range(5):
        shard(site, number).unlink()
        shard(site, number).mkdir()  # whoever opens it gets an error
    assert check_log_days(context(site), COURSE).fresh
    # Nor, from the second on, a day table.
    monkeypatch.delattr("edxtasks.warehouse.parquet.table_files.read_footer")
    assert check_log_days(context(site), COURSE).fresh


@pytest.mark.parametrize("threads", [1, 2])
def test_a_damaged_shard_fails_its_day_only(site: Site, threads: int) -> None:
    load_log_days(context(site, threads), COURSE)
    for number in range(5):
        site.log(f"late{number}.log", event("late", day=day(number)))
    site.split()
    content = shard(site, 2).read_bytes()
    shard(site, 2).write_bytes(content[: len(content) // 2])
    here = context(site, threads)
    with pytest.raises(InputError, match=r"tracklog-2014-10-03|tracklog_20141003"):
        load_log_days(here, COURSE)
    assert [len(users(here, number)) for number in range(5)] == [2, 2, 1, 2, 2]
    assert set(check_log_days(context(site), COURSE).load) == {table(2).table}
    shard(site, 2).write_bytes(content)
    assert load_log_days(context(site, threads), COURSE)[:2] == (2, 1)
    assert sorted(map(str, users(here, 2))) == ["late", "u2"]


def test_a_shard_with_other_rows_than_its_list_says_is_refused(site: Site) -> None:
    """As one that was cut between two members of the gzip file: nothing in it tells that more was there."""
    load_log_days(context(site), COURSE)
    site.log("late.log", event("late", day=day(2)))
    site.split()
    whole = shard(site, 2).read_bytes()
    shard(site, 2).write_bytes(gzip.compress(gzip.decompress(whole).splitlines(keepends=True)[0]))
    here = context(site)
    with pytest.raises(InputError, match=r"2014-10-03\.json\.gz: its content is not what the list of shards"):
        load_log_days(here, COURSE)
    assert users(here, 2) == ["u2"]
    assert not check_log_days(context(site), COURSE).fresh


def test_days_with_very_long_lines_are_loaded_side_by_side(site: Site) -> None:
    # 3 MB: more than the small limit, with which the load is tried first.
    for number in range(5):
        site.log(f"long{number}.log", event("x" * 3_000_000, day=day(number)))
    site.split()
    here = context(site)
    assert load_log_days(here, COURSE)[:2] == (10, 5)
    assert [max(len(str(name)) for name in users(here, number)) for number in range(5)] == [3_000_000] * 5


def test_a_killed_load_leaves_each_day_old_or_new(tmp_path: Path) -> None:
    site = Site(tmp_path)
    days, rows = 12, 3_000
    for number in range(days):
        site.log(f"{number}.log", event("old", day=day(number)))
    site.split()
    load_log_days(context(site), COURSE)
    before = files(context(site))
    for number in range(days):
        site.log(f"new{number}.log", b"".join(event(f"n{one}", day=day(number)) for one in range(rows)))
    site.split()
    for _ in range(3):
        process = python(tmp_path)
        while process.poll() is None and files(context(site)) == before:
            time.sleep(0.005)
        process.kill()
        process.wait()
        before = files(context(site))
        here = context(site)
        found = {len(users(here, number)) for number in range(days)}
        assert found <= {1, rows + 1}
        fresh = {number for number in range(days) if len(users(here, number)) > 1}
        stale = {table(number).table for number in range(days) if number not in fresh}
        assert set(check_log_days(here, COURSE).load) == stale
    load_log_days(context(site), COURSE)
    last = context(site)
    assert [len(users(last, number)) for number in range(days)] == [rows + 1] * days
    assert check_log_days(context(site), COURSE).fresh
    assert len(shards(site.directory, COURSE)) == days


def python(folder: Path) -> subprocess.Popen[bytes]:
    """A process that loads the log days of `folder` with two threads."""
    code = f"""if True:
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_log_days import COURSE, Site, context, load_log_days
        site = Site.__new__(Site)
        site.directory = Path({str(folder / "L")!r})
        load_log_days(context(site), COURSE)
    """
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (ResourceLimits(1), 1),
        (ResourceLimits(8), 8),
        (ResourceLimits(8, "16GB"), 8),
        (ResourceLimits(8, "1 GB"), 5),
        (ResourceLimits(8, "900MiB"), 4),
        (ResourceLimits(8, "1.5gb"), 7),
        (ResourceLimits(8, "100MB"), 1),
        (ResourceLimits(8, "1TB"), 8),
        (ResourceLimits(8, "5000 KB"), 1),
    ],
)
def test_loads_side_by_side_share_threads_and_memory(
    tmp_path: Path, share: ResourceLimits, expected: int
) -> None:
    assert ParquetWarehouse(tmp_path, share).loads_at_once == expected


def test_all_threads_are_there_again_after_loads_side_by_side(site: Site) -> None:
    here = context(site, threads=2)
    load_log_days(here, COURSE)
    warehouse = here.warehouse
    assert isinstance(warehouse, ParquetWarehouse)
    row = warehouse.session.connection.execute("SELECT current_setting('threads')").fetchone()
    assert row == (2,)


def test_an_unreadable_day_without_shard_stays(site: Site) -> None:
    """Nobody knows whose it is; it may be a copy that is on its way."""
    of_site = context(site)
    load_log_days(of_site, COURSE)
    theirs = of_site.warehouse.location(table(7), partitioned=False)
    assert theirs is not None
    theirs.write_bytes(b"no Parquet")
    changed = context(site)
    assert check_log_days(changed, COURSE).foreign == (table(7).table,)
    load_log_days(changed, COURSE)
    assert theirs.read_bytes() == b"no Parquet"


def test_a_day_of_somebody_else_without_shard_stays_and_counts(site: Site) -> None:
    of_site = context(site)
    load_log_days(of_site, COURSE)
    theirs = of_site.warehouse.location(table(7), partitioned=False)
    moment = f"TIMESTAMPTZ '{day(7)} 12:00:00+00'"
    duckdb.execute(f"COPY (SELECT 'x' AS username, {moment} AS time) TO '{theirs}' (FORMAT parquet)")
    shard(site, 0).unlink()
    site.log("0.log", event("again", day=day(1)))
    site.split()
    changed = context(site)
    verdict = check_log_days(changed, COURSE)
    assert verdict.foreign == (table(7).table,)
    _, _, messages = load_log_days(changed, COURSE)
    assert any("without shard: tracklog_20141008" in line for line in messages.lines)
    assert users(changed, 7) == ["x"]
    state = changed.log_days(COURSE)[table(7).table]
    noon = (date.fromisoformat(day(7)) - date(1970, 1, 1)).days * 86_400_000_000 + 43_200_000_000
    assert state.first_time is not None and state.last_time is not None
    assert state.first_time <= noon <= state.last_time


@pytest.mark.parametrize("key", ["UnivX/A/1", "UnivX/A/1_logs", "UnivX/A_/1"])
def test_the_log_days_of_a_course_are_nobody_elses(site: Site, key: str) -> None:
    load_log_days(context(site), COURSE)
    warehouse = context(site).warehouse
    dataset, owner = COURSE.logs_dataset, f"{key} (tracking log)"
    if key == str(COURSE):
        check_owner(warehouse, dataset, owner)
        return
    with pytest.raises(UserError) as caught:
        check_owner(warehouse, dataset, owner)
    assert f"{COURSE} (tracking log)" in str(caught.value) and owner in str(caught.value)
