"""Copies of shards in storage: which are missing, which rows they hold, and what not_before leaves alone."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from blake3 import blake3
from split_site import Site, event, events, two_days

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, PROJECT, running

from edxtasks.course import CourseKey
from edxtasks.logs.shards import Shard, shards
from edxtasks.logs.stored import StoredShards, not_stored
from edxtasks.storage import LocalStorage, Storage
from edxtasks.storage.gcs import GcsStorage

COURSE = CourseKey("UnivX", "A", "1")
FIRST, SECOND = date(2014, 10, 17), date(2014, 10, 18)


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """Either store; the bucket is an emulator's."""
    if request.param == "folder":
        return LocalStorage(tmp_path / "storage")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
    return GcsStorage(f"gs://{BUCKET}/{tmp_path.name}", PROJECT)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A log directory with shards of two days."""
    return two_days(tmp_path)


def store(site: Site, storage: Storage, which: list[Shard]) -> list[bool]:
    stored = StoredShards(storage, site.directory, COURSE)
    sent = [stored.put(shard.day, shard.path, shard.digest) for shard in which]
    stored.save_notes()
    return sent


def test_a_copy_under_its_name(site: Site, storage: Storage) -> None:
    present = shards(site.directory, COURSE)
    assert not_stored(present, StoredShards(storage, site.directory, COURSE)) == present
    assert store(site, storage, present) == [True, True]
    assert storage.list() == [
        "UnivX__A__1/DAILY/tracklog-2014-10-17.json.gz",
        "UnivX__A__1/DAILY/tracklog-2014-10-18.json.gz",
    ]
    stored = StoredShards(storage, site.directory, COURSE)
    assert stored.days() == {FIRST, SECOND}
    # The digest is that of the lines; an event of split_site is one row.
    (row,) = site_rows(site, "2014-10-17")
    assert stored.digest(FIRST) == blake3(row).hexdigest()
    assert not_stored(present, stored) == []
    assert not_stored(present, stored, again=True) == present
    assert store(site, storage, present) == [False, False]


def site_rows(site: Site, day: str) -> list[bytes]:
    import gzip

    path = site.directory / COURSE.directory / f"tracklog-{day}.json.gz"
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


def test_a_shard_that_changed_is_stored_again(site: Site, storage: Storage) -> None:
    store(site, storage, shards(site.directory, COURSE))
    site.log("b.log", events("c"))
    site.split()
    stored = StoredShards(storage, site.directory, COURSE)
    changed = not_stored(shards(site.directory, COURSE), stored)
    assert [shard.day for shard in changed] == [FIRST]
    assert store(site, storage, changed) == [True]
    assert not_stored(changed, StoredShards(storage, site.directory, COURSE)) == []


def test_without_notes_the_contents_are_compared(site: Site, storage: Storage) -> None:
    present = shards(site.directory, COURSE)
    store(site, storage, present)
    messages = site.directory / "META" / "STORED" / "UnivX__A__1.json"
    for damage in (b"", b"[]", b'{"format": "edxtasks stored shards 1", "where": "elsewhere", "shards": []}'):
        messages.write_bytes(damage)
        stored = StoredShards(storage, site.directory, COURSE)
        assert stored.digest(FIRST) is None
        assert not_stored(present, stored) == present
    assert store(site, storage, present) == [False, False]
    assert not_stored(present, StoredShards(storage, site.directory, COURSE)) == []


def test_a_copy_that_somebody_replaced_is_noticed(site: Site, storage: Storage, tmp_path: Path) -> None:
    present = shards(site.directory, COURSE)
    store(site, storage, present)
    other = tmp_path / "other"
    other.write_bytes(b"other")
    storage.put(other, "UnivX__A__1/DAILY/tracklog-2014-10-18.json.gz")
    stored = StoredShards(storage, site.directory, COURSE)
    assert stored.digest(SECOND) is None
    assert [shard.day for shard in not_stored(present, stored)] == [SECOND]
    assert stored.holds(FIRST, present[0].path)
    assert not stored.holds(SECOND, present[1].path)


def test_a_copy_comes_back_whole(site: Site, storage: Storage, tmp_path: Path) -> None:
    present = shards(site.directory, COURSE)
    store(site, storage, present)
    stored = StoredShards(storage, site.directory, COURSE)
    path = stored.get(SECOND, tmp_path / "there")
    assert path == tmp_path / "there" / "UnivX__A__1" / "tracklog-2014-10-18.json.gz"
    assert path.read_bytes() == present[1].path.read_bytes()
    assert stored.delete(SECOND)
    assert stored.days() == {FIRST}
    assert not stored.delete(SECOND)


def test_other_files_beside_the_copies_are_none(site: Site, storage: Storage, tmp_path: Path) -> None:
    for name in ("tracklog-2014-13-01.json.gz", "tracklog-2014-10-17.json", "notes.txt"):
        (tmp_path / "x").write_text(name)
        storage.put(tmp_path / "x", f"UnivX__A__1/DAILY/{name}")
    storage.put(tmp_path / "x", "UnivX__A__10/DAILY/tracklog-2014-10-17.json.gz")
    assert StoredShards(storage, site.directory, COURSE).days() == set()


def test_not_before_leaves_old_copies_alone(site: Site, tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "storage")
    present = shards(site.directory, COURSE)
    store(site, storage, present)
    for day, stamp in (("17", datetime(2014, 10, 30, 23, 59, 59, tzinfo=UTC)), ("18", None)):
        copy = tmp_path / "storage" / "UnivX__A__1" / "DAILY" / f"tracklog-2014-10-{day}.json.gz"
        stamp = stamp or datetime(2014, 10, 31, tzinfo=UTC)
        copy.write_bytes(b"other")
        os.utime(copy, (stamp.timestamp(), stamp.timestamp()))
    site.log("b.log", event("cy", day="2014-10-19"))
    site.split()
    present = shards(site.directory, COURSE)
    stored = StoredShards(storage, site.directory, COURSE)
    # Stored before the date: left alone; on the date, or not stored at all: not.
    waiting = not_stored(present, stored, date(2014, 10, 31))
    assert [shard.day.day for shard in waiting] == [18, 19]
