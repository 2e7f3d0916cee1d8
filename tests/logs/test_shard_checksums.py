"""Whether a shard is as it was written: told by the checksum of its file, or by inflating it."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from pathlib import Path

import pytest
from split_site import A, Site, events

from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.logs import shard_rows as module
from edxtasks.logs.layout import Layout
from edxtasks.logs.shard_lists import read_list_file
from edxtasks.logs.shards import Shard, shards, used

COURSE = CourseKey.parse("course-v1:UnivX+A+1")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A day of one raw log, and a day that two raw logs feed."""
    site = Site(tmp_path)
    site.log("1.log", events("ab") + events("c", day="2014-10-18"))
    site.log("2.log", events("de", day="2014-10-18"))
    site.split()
    return site


def listed(site: Site) -> Path:
    return site.directory / "META" / "SHARDS" / f"{A}.json"


def found(site: Site) -> list[Shard]:
    return shards(site.directory, COURSE)


def forget_checksums(site: Site) -> None:
    """The list as versions wrote it that knew no checksums."""
    form = json.loads(listed(site).read_bytes())
    del form["checksums"]
    listed(site).write_text(json.dumps(form))


def put(path: Path, content: bytes) -> None:
    """Other bytes in a file of its own: it may be that of a part too."""
    path.unlink()
    path.write_bytes(content)


def test_the_list_holds_the_checksum_of_each_file(site: Site) -> None:
    for shard in found(site):
        assert shard.checksum == f"{zlib.crc32(shard.path.read_bytes()):08x}"
        shard.refuse_changed()
    assert len({shard.checksum for shard in found(site)}) == 2


def test_a_file_with_its_checksum_is_not_inflated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "opened")
    for shard in found(site):
        shard.refuse_changed()


@pytest.mark.parametrize("with_checksums", [True, False])
def test_a_flipped_byte_is_found(site: Site, with_checksums: bool) -> None:
    if not with_checksums:
        forget_checksums(site)
    for shard in found(site):
        assert bool(shard.checksum) is with_checksums
        whole = shard.path.read_bytes()
        for place in range(10, len(whole), 3):  # in the header only what nobody reads may change
            put(shard.path, whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            with pytest.raises(InputError, match="its content is not what the list of shards says"):
                shard.refuse_changed()
        put(shard.path, whole[:-1])
        with pytest.raises(InputError, match="its content is not what the list of shards says"):
            shard.refuse_changed()


def test_a_part_that_changed_before_it_became_the_shard_is_found(site: Site) -> None:
    """Its bytes are as many as before: it is linked unread."""
    shard = found(site)[0]
    (part,) = (one for one in (site.directory / "PARTS").rglob("*.gz") if one.samefile(shard.path))
    assert part.name.endswith(f".{shard.checksum}.json.gz")
    shard.path.unlink()
    whole = part.read_bytes()
    put(part, whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    site.split()
    with pytest.raises(InputError, match="its content is not what the list of shards says"):
        found(site)[0].refuse_changed()


def test_a_file_that_somebody_compressed_anew_is_taken(site: Site) -> None:
    for shard in found(site):
        content = gzip.decompress(shard.path.read_bytes())
        before = shard.path.stat()
        put(shard.path, gzip.compress(content, 9))
        os.utime(shard.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        shard.refuse_changed()


def test_a_list_without_checksums_is_read_and_completed_as_shards_are_made(site: Site) -> None:
    before = read_list_file(listed(site))
    forget_checksums(site)
    assert [shard.checksum for shard in found(site)] == ["", ""]
    for shard in found(site):
        shard.path.unlink()
    site.split()
    assert read_list_file(listed(site)) == before


def test_versions_that_know_no_checksums_read_what_is_written(site: Site) -> None:
    """They take the fields of a line, and of a part, for all that there are."""
    form = json.loads(listed(site).read_bytes())
    fields = {"day", "digest", "rows", "min_time_us", "max_time_us", "sources"}
    assert all(entry.keys() <= fields for entry in form["shards"])
    for part in site.checkpoint("1.log")["parts"]:
        assert part.keys() == {
            "bucket",
            "day",
            "file",
            "rows",
            "min_time_us",
            "max_time_us",
            "digest",
            "size",
        }
        assert part["file"].partition(".")[0].isdigit()


def test_a_shard_that_no_run_made_gets_one_as_it_is_read_for_the_list(site: Site) -> None:
    path = found(site)[0].path.with_name("tracklog-2014-10-19.json.gz")
    path.write_bytes(gzip.compress(b'{"username":"z","time":"2014-10-19T10:00:00Z"}\n'))
    shard = found(site)[-1]
    assert shard.checksum == f"{zlib.crc32(path.read_bytes()):08x}"
    shard.refuse_changed()
    put(path, path.read_bytes().replace(path.read_bytes()[20:21], b"!"))
    with pytest.raises(InputError, match="its content is not what the list of shards says"):
        shard.refuse_changed()


def killed_split(site: Site, text: bytes) -> bytes:
    """Deliver another log, and let the run that splits it end before the list is written: what the shard of
    the first day holds then."""
    site.log("1.log", text)
    before = listed(site).read_bytes()
    site.split()
    listed(site).write_bytes(before)
    return gzip.decompress(found(site)[0].path.read_bytes())


def test_lines_that_the_list_does_not_know_are_not_taken_for_those_that_it_does(site: Site) -> None:
    old = found(site)[0]
    assert len(killed_split(site, events("xyz")).splitlines()) == 3
    assert found(site)[0] == old
    with pytest.raises(InputError, match="its content is not what the list of shards says"):
        used(site.directory, COURSE, old, lambda shard: None)


def test_a_shard_that_is_replaced_while_it_is_used_is_used_again(site: Site) -> None:
    seen: list[tuple[str, int]] = []

    def use(shard: Shard) -> int:
        seen.append((shard.digest, shard.rows))
        if len(seen) == 1:
            site.log("1.log", events("xyz") + events("c", day="2014-10-18"))
            site.split()
        return len(gzip.decompress(shard.path.read_bytes()).splitlines())

    before = found(site)[0]
    assert used(site.directory, COURSE, before, use) == 3
    assert seen == [(before.digest, 2), (found(site)[0].digest, 3)]


def test_a_fault_while_a_shard_is_replaced_is_no_fault(site: Site) -> None:
    """As when a file that is read has gone."""
    tries: list[int] = []

    def use(shard: Shard) -> int:
        tries.append(shard.rows)
        if len(tries) == 1:
            site.log("1.log", events("xyz") + events("c", day="2014-10-18"))
            site.split()
            raise FileNotFoundError(shard.path)
        return shard.rows

    assert used(site.directory, COURSE, found(site)[0], use) == 3
    assert tries == [2, 3]

    def fail(shard: Shard) -> int:
        raise InputError("a fault of its own")

    with pytest.raises(InputError, match="a fault of its own"):
        used(site.directory, COURSE, found(site)[0], fail)


def test_a_run_that_puts_shards_in_their_places_is_waited_for(site: Site) -> None:
    before = found(site)[0]
    told: list[str] = []
    old_list = listed(site).read_bytes()
    site.log("1.log", events("xyz") + events("c", day="2014-10-18"))
    site.split()
    new_list = listed(site).read_bytes()
    listed(site).write_bytes(old_list)
    lock = Layout(site.directory).locked()
    lock.__enter__()

    def waiting(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            listed(site).write_bytes(new_list)
            lock.__exit__(None, None, None)

    assert used(site.directory, COURSE, before, lambda shard: shard.rows, waiting) == 3
    assert told and all("the log directory" in one for one in told)


def test_a_shard_that_another_run_removed_is_told(site: Site) -> None:
    before = found(site)[0]
    site.log("1.log", events("c", day="2014-10-18"))
    site.split()
    with pytest.raises(InputError, match="another run has removed it; run again"):
        used(site.directory, COURSE, before, lambda shard: shard.rows)


def test_a_list_that_a_disk_has_changed_is_made_again(site: Site) -> None:
    """Whatever bit is another: it may still be JSON, and name another day, number or digest."""
    whole, expected = listed(site).read_bytes(), site.shards()
    for place in range(0, len(whole), 29):
        listed(site).write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert site.split().ok, place
        assert read_list_file(listed(site))[1].keys() == {"2014-10-17", "2014-10-18"}
        assert listed(site).read_bytes() == whole, place
        assert site.shards() == expected
    assert json.loads(whole)["checksum"] == f"{zlib.crc32(whole[: whole.rindex(b',')]):08x}"


def test_a_list_without_checksum_of_its_own_is_read(site: Site) -> None:
    before = read_list_file(listed(site))
    form = json.loads(listed(site).read_bytes())
    del form["checksum"]
    listed(site).write_text(json.dumps(form))
    assert read_list_file(listed(site)) == before


@pytest.mark.parametrize("content", [b"[]", b"{}", b"1", b'{"format": "edxtasks shards 1", "shards": [7]}'])
def test_a_list_of_another_form_is_none(site: Site, content: bytes) -> None:
    listed(site).write_bytes(content)
    assert read_list_file(listed(site)) == ("", {})
