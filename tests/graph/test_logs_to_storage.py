"""logs2gs, and logs2bq where shards are copied to storage: what is copied, loaded, left alone."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from bucket_project import bucket_project
from project import Project

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))

from split_site import Site, event, two_days

from edxtasks.build.context import Context
from edxtasks.build.log_days import check_log_days, load_log_days
from edxtasks.config import Options, Paths, Settings, Warehouse
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.logs.shards import shards
from edxtasks.logs.split import forget
from edxtasks.logs.stored import StoredShards
from edxtasks.storage import LocalStorage
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = CourseKey("UnivX", "A", "1")
TABLES = ["tracklog_20141017", "tracklog_20141018"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A log directory with shards of two days."""
    return two_days(tmp_path)


# The task, in a project whose storage is a bucket


@pytest.fixture
def cloud(site: Site, tmp_path: Path) -> Callable[..., list[str]]:
    """Runs `doit` in a project with a bucket (an emulator's); gives the lines on stderr."""
    return bucket_project(tmp_path, [str(COURSE), "UnivX/B/1"], tracking_logs_directory="L")


def test_shards_are_copied_once(cloud: Callable[..., list[str]], site: Site) -> None:
    no_raw_logs, *lines = cloud("logs2gs")
    built, skipped = sorted(lines)  # doit takes tasks that waited for the same one in any order
    assert f"built   logs2gs:{COURSE}: 2 shards" in built
    assert skipped == f"skipped logs2gs:UnivX/B/1: {site.directory / 'UnivX__B__1'}: no shards of this course"
    assert cloud(f"logs2gs:{COURSE}") == [no_raw_logs]
    # Stored today: a later date leaves the copy alone, and a shard that is not stored is no matter of dates.
    site.log("b.log", event("cy") + event("cy", day="2014-10-19"))
    site.split()
    _, built = cloud(f"logs2gs:{COURSE}", "not_before=2999-01-01")
    assert built.endswith("(1 new shard)")
    # Asked for again, all are compared, and sent where their content is another one.
    _, built = cloud(f"logs2gs:{COURSE}", "force_recompute=1")
    assert f"logs2gs:{COURSE}: 1 shard, " in built
    assert built.endswith("(3 shards to compare with the copy in the bucket)")


def test_the_copy_of_a_withdrawn_shard_goes(cloud: Callable[..., list[str]], site: Site) -> None:
    site.log("late.log", event("cy", day="2014-10-19"))
    site.split()
    cloud(f"logs2gs:{COURSE}")
    forget("late.log", site.options())
    lines = cloud(f"logs2gs:{COURSE}")
    assert any(line.endswith("(1 shard withdrawn, whose copy is to go)") for line in lines)
    [told] = [line for line in lines if "1 copy removed from gs://" in line]
    assert told.endswith("withdrawn here: 2014-10-19")
    # Of all days nothing is left: the course has no folder either.
    forget("*", site.options())
    assert not (site.directory / COURSE.directory).exists()
    assert any("2 shards withdrawn" in line for line in cloud(f"logs2gs:{COURSE}"))


def test_the_embedded_engine_copies_nothing_and_says_so(built: Project) -> None:
    outcome = built.doit("logs2gs")
    assert outcome.skipped == {f"logs2gs:{course}" for course in built.courses}
    assert "the embedded engine loads the shards where they are: nothing is copied" in outcome.err
    assert not (built.folder / "storage").exists() or not list((built.folder / "storage").rglob("tracklog*"))
    # Nor is there anything to be rebuilt: it is not a reason to copy a dump beside itself.
    again = built.doit("daily_logs", "mirror", "force_recompute=1")
    assert again.built == {"split", *(f"logs2bq:{course}" for course in built.courses)}
    assert not list((built.folder / "storage").rglob("users.*"))


# Loading, with copies


def context(site: Site, tmp_path: Path, **options: object) -> Context:
    """As with BigQuery and a bucket, but for tables in Parquet and a folder for the bucket."""
    settings = Settings(
        root=tmp_path,
        paths=Paths(tracking_logs_directory=site.directory),
        warehouse=Warehouse(engine="bigquery"),
        options=Options(**options),  # type: ignore[arg-type]
    )
    found = Context(settings, {}, ParquetWarehouse(tmp_path / "warehouse"), Digests(), (COURSE,))
    found.__dict__["storage"] = LocalStorage(tmp_path / "bucket")
    return found


def of_no_split(site: Site) -> Path:
    """Let the shards be such as no split made: of another tool, of a MongoDB. Gives that of the 17th."""
    shutil.rmtree(site.directory / "META")
    shutil.rmtree(site.directory / "PARTS")
    return site.directory / COURSE.directory / "tracklog-2014-10-17.json.gz"


def copy_all(site: Site, tmp_path: Path) -> None:
    stored = StoredShards(LocalStorage(tmp_path / "bucket"), site.directory, COURSE)
    for shard in shards(site.directory, COURSE):
        stored.put(shard.day, shard.path, shard.digest)
    stored.save_notes()


def test_a_day_of_which_only_the_copy_is_left_keeps_its_table(site: Site, tmp_path: Path) -> None:
    shard = of_no_split(site)
    copy_all(site, tmp_path)
    here = context(site, tmp_path)
    assert load_log_days(here, COURSE)[:2] == (2, 2)
    shard.unlink()
    assert check_log_days(here, COURSE).fresh
    assert check_log_days(here, COURSE).days == 2
    # With its copy gone too, the shard is gone.
    LocalStorage(tmp_path / "bucket").delete("UnivX__A__1/DAILY/tracklog-2014-10-17.json.gz")
    assert check_log_days(here, COURSE).drop == (TABLES[0],)


def test_a_withdrawn_day_has_no_table_though_its_copy_is_left(site: Site, tmp_path: Path) -> None:
    """Until the copy is removed; one that somebody stores in its place later is another one."""
    site.log("late.log", event("cy", day="2014-10-19"))
    site.split()
    copy_all(site, tmp_path)
    here = context(site, tmp_path)
    load_log_days(here, COURSE)
    forget("late.log", site.options())
    assert check_log_days(here, COURSE).drop == ("tracklog_20141019",)
    load_log_days(here, COURSE)
    assert list(here.log_days(COURSE)) == TABLES
    copy = tmp_path / "bucket" / "UnivX__A__1" / "DAILY" / "tracklog-2014-10-19.json.gz"
    copy.write_bytes(gzip.compress(gzip.decompress(copy.read_bytes()) * 2))
    assert list(check_log_days(here, COURSE).fetch) == ["tracklog_20141019"]
    # The raw log comes again: its shard is stored as any other, and counts until it is withdrawn again.
    site.split()
    copy_all(site, tmp_path)
    stored = StoredShards(LocalStorage(tmp_path / "bucket"), site.directory, COURSE)
    assert date(2014, 10, 19) in stored.days() and stored.withdrawn() == set()
    forget("late.log", site.options())
    assert StoredShards(LocalStorage(tmp_path / "bucket"), site.directory, COURSE).withdrawn() == {
        date(2014, 10, 19)
    }


def test_days_are_loaded_from_their_copies(site: Site, tmp_path: Path) -> None:
    copy_all(site, tmp_path)
    here = context(site, tmp_path)
    load_log_days(here, COURSE)
    before = {name: here.log_days(COURSE)[name] for name in TABLES}
    elsewhere = context(Site(tmp_path / "other"), tmp_path)
    elsewhere.warehouse = ParquetWarehouse(tmp_path / "other warehouse")
    verdict = check_log_days(elsewhere, COURSE)
    assert list(verdict.fetch) == TABLES
    assert verdict.reason == "2 new days"
    assert load_log_days(elsewhere, COURSE)[:2] == (2, 2)
    # The same tables as from the shards: stamps, versions, rows, times.
    assert {name: elsewhere.log_days(COURSE)[name] for name in TABLES} == before
    assert check_log_days(elsewhere, COURSE).fresh


def test_a_copy_that_changed_is_loaded_again_where_its_rows_are_known(site: Site, tmp_path: Path) -> None:
    shard = of_no_split(site)
    copy_all(site, tmp_path)
    here = context(site, tmp_path)
    load_log_days(here, COURSE)
    shard.write_bytes(shard.read_bytes() + shard.read_bytes())
    copy_all(site, tmp_path)
    shard.unlink()
    assert check_log_days(here, COURSE).reason == "1 changed day"
    assert load_log_days(here, COURSE)[:2] == (2, 1)


def test_a_damaged_copy_fails_its_day_alone(site: Site, tmp_path: Path) -> None:
    copy_all(site, tmp_path)
    copy = tmp_path / "bucket" / "UnivX__A__1" / "DAILY" / "tracklog-2014-10-17.json.gz"
    copy.write_bytes(copy.read_bytes()[:-9])
    elsewhere = context(Site(tmp_path / "other"), tmp_path)
    with pytest.raises(Exception, match="2014-10-17") as caught:
        load_log_days(elsewhere, COURSE)
    assert str(tmp_path / "bucket") in str(caught.value)
    assert list(elsewhere.log_days(COURSE)) == TABLES[1:]


def test_not_before_leaves_old_shards_and_old_tables_alone(site: Site, tmp_path: Path) -> None:
    here = context(site, tmp_path)
    load_log_days(here, COURSE)
    site.log("b.log", event("cy") + event("cy", day="2014-10-18"))
    site.split()
    limit = date(2014, 11, 1)
    old, new = (
        datetime(2014, 10, 31, 23, tzinfo=UTC).timestamp(),
        datetime(2014, 11, 1, tzinfo=UTC).timestamp(),
    )
    folder = site.directory / COURSE.directory
    os.utime(folder / "tracklog-2014-10-17.json.gz", (old, old))
    os.utime(folder / "tracklog-2014-10-18.json.gz", (new, new))
    assert check_log_days(here, COURSE).reason == "2 changed days"
    limited = context(site, tmp_path, not_before=limit)
    verdict = check_log_days(limited, COURSE)
    assert list(verdict.load) == TABLES[1:]
    assert verdict.reason == "1 changed day, 1 day left alone (not_before)"
    # A table that was loaded before the date is left alone too.
    table = limited.warehouse.location(TableName(COURSE.logs_dataset, TABLES[1]), False)
    assert table is not None
    os.utime(table, (old, old))
    note = table.parent / "_edxtasks" / f"{TABLES[1]}.json"
    made = datetime.fromtimestamp(old, UTC).isoformat()
    note.write_bytes(orjson.dumps(orjson.loads(note.read_bytes()) | {"created": made}))
    verdict = check_log_days(context(site, tmp_path, not_before=limit), COURSE)
    assert verdict.fresh
    assert verdict.reason == "2 days left alone (not_before)"
    # Of two dates, that of the copy counts: it is what would be loaded.
    copy_all(site, tmp_path)
    for name in TABLES:
        limited.warehouse.drop(TableName(COURSE.logs_dataset, name))
    assert list(check_log_days(context(site, tmp_path, not_before=limit), COURSE).load) == TABLES
