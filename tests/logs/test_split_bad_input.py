"""Raw logs that are broken, or no logs: nothing is lost silently, nothing half is published."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import orjson
import pytest
from split_site import A, B, Site, event, events, states

from edxtasks.digests import Digests
from edxtasks.logs import checkpoints, layout, raw_files
from edxtasks.logs.shards import held_back
from edxtasks.logs.split import pending

DAY = date(2014, 10, 17)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def truncated(text: bytes) -> bytes:
    return gzip.compress(text)[:-20]


def test_read_is_kept_and_rejected(site: Site) -> None:
    lines = [
        events("a"),
        b"\n",
        b"{broken\n",
        b"[1, 2]\n",
        b"  \r\n",
        event("b", time="yesterday"),
        b'{"time": "2014-10-17T00:00:00"}\n',
        b"Oct 17 00:00:00 host " + events("c"),
        b'{"username": "d", "event_so',
    ]
    site.log("x.log", b"".join(lines))
    result = site.split()
    assert site.users() == "ac"
    (file,) = result.files
    assert (file.lines, file.blank, file.rows) == (9, 2, 2)
    assert file.rejects == {"bad_json": 2, "bad_time": 1, "no_event_source": 1, "not_object": 1}
    assert site.rejects("x.log") == [
        (3, "bad_json"),
        (4, "not_object"),
        (6, "bad_time"),
        (7, "no_event_source"),
        (9, "bad_json"),
    ]
    site.check()


def test_rejects_hold_the_beginning_of_the_line_and_are_replaced(site: Site) -> None:
    site.log("x.log", b"{" + b"\xff" + b"a" * 100_000 + b"\n" + events("a"))
    site.split()
    path = site.directory / "REJECTS" / "x.log.jsonl.gz"
    row = orjson.loads(gzip.decompress(path.read_bytes()))
    assert row == {"line": 1, "reason": "bad_json", "text": "{\ufffd" + "a" * 65534}
    site.log("x.log", events("a"))
    site.split()
    assert not path.exists()


def test_many_rejects_make_one_sound_file(site: Site) -> None:
    site.log("x.log", b"".join(b"{%d %s\n" % (i, b"x" * 500) for i in range(999)) + events("a"))
    site.split(block_size=10_000)
    assert site.rejects("x.log") == [(i + 1, "bad_json") for i in range(999)]


def test_counts_of_bad_text_and_unknown_keys_are_kept(site: Site) -> None:
    site.log("x.log", event("a", new_key=1) + event("b", new_key=2) + b'{"x": "\xff", ' + event("c")[1:])
    (file,) = site.split().files
    assert file.new_keys == ("new_key", "x")
    checkpoint = site.checkpoint("x.log")
    assert checkpoint["unknown_keys"] == {"new_key": 2, "x": 1}
    assert checkpoint["bad_utf8"] == 1
    site.log("y.log", event("d", new_key=1, newer=2))
    assert [file.new_keys for file in site.split().files] == [(), ("newer",)]


def test_too_long_a_line_is_a_reject(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_files, "LONGEST_LINE", 5000)
    site.log("x.log", events("a") + event("b", ip="x" * 6000) + events("c"))
    site.split(block_size=1000)
    assert site.users() == "ac"
    assert site.rejects("x.log") == [(2, "too_long")]
    site.check()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_truncated_file_fails_alone(site: Site, workers: int) -> None:
    (site.logs / "1.log.gz").write_bytes(truncated(events("ab") * 50 + events("c", "UnivX/B/1")))
    site.log("2.log", events("z"))
    result = site.split(workers=workers, shared_above=1, block_size=500)
    assert states(result) == {"1.log.gz": "failed", "2.log": "split"}
    assert "1.log.gz is truncated" in result.files[0].message
    assert not result.ok
    assert site.users() == "z"
    assert not (site.directory / "META" / "1.log.json").exists()
    assert held_back(site.directory, A) == {DAY}
    site.check()
    site.log("1.log.gz", events("ab"))
    assert site.split().ok
    assert site.users() == "abz"
    assert held_back(site.directory, A) == set()


def test_a_broken_re_delivery_that_is_taken_back_is_forgotten(site: Site) -> None:
    site.log("1.log", events("ab"))
    site.log("2.log", events("z"))
    site.split()
    for other in (events("ab"), events("z")):  # as it was; a copy of another one
        (site.logs / "1.log").write_bytes(b"PK\x03\x04")
        assert states(site.split()) == {"1.log": "failed", "2.log": "done"}
        assert held_back(site.directory, A) == {DAY}
        site.log("1.log", other)
        assert pending(sorted(site.logs.iterdir()), site.options(), Digests())
        assert site.split().ok
        assert not pending(sorted(site.logs.iterdir()), site.options(), Digests())
        assert held_back(site.directory, A) == set()
    assert site.users() == "z"
    site.check()


def test_a_re_delivery_that_is_broken_leaves_what_was_published(site: Site) -> None:
    site.log("1.log.gz", events("ab") + events("c", "UnivX/B/1"))
    site.split()
    before = site.shards()
    (site.logs / "1.log.gz").write_bytes(truncated(events("abd") * 50))
    assert states(site.split()) == {"1.log.gz": "failed"}
    assert site.shards() == before
    assert held_back(site.directory, A) == {DAY}
    assert held_back(site.directory, B) == {DAY}  # it may feed it, as it did before
    site.check()
    (site.logs / "1.log.gz").unlink()
    assert held_back(site.directory, A) == set()


@pytest.mark.parametrize("workers", [1, 2])
def test_allow_truncated_takes_what_can_be_read_and_is_never_done(site: Site, workers: int) -> None:
    text = events("ab") + b"".join(event("-", ip=str(i)) for i in range(3000))
    (site.logs / "1.log.gz").write_bytes(gzip.compress(text)[:-2000])
    options = {"allow_truncated": True, "workers": workers, "shared_above": 1, "block_size": 9000}
    result = site.split(**options)
    assert states(result) == {"1.log.gz": "split"}
    assert not result.ok and not result.files[0].complete
    assert "truncated" in result.files[0].warnings[0]
    assert site.users().startswith("ab---")
    assert site.checkpoint("1.log")["complete"] is False
    site.check()
    again = site.split(**options)
    assert states(again) == {"1.log.gz": "split"} and again.changed == []
    site.log("1.log.gz", text)
    assert site.split(**options).ok
    assert len(site.users()) == 3002
    assert site.checkpoint("1.log")["complete"] is True


def test_what_is_no_log_fails_also_where_truncated_ones_do_not(site: Site) -> None:
    (site.logs / "x.log").write_bytes(b"PK\x03\x04" + bytes(100))
    (site.logs / "y.log.gz").write_bytes(b"")
    result = site.split(allow_truncated=True)
    assert set(states(result).values()) == {"failed"}
    assert "zip archive" in result.files[0].message
    assert site.shards() == {}
    site.check()


@pytest.mark.parametrize(("bad", "state"), [(52, "split"), (53, "failed")])
def test_too_many_rejects_fail_a_large_file(site: Site, bad: int, state: str) -> None:
    """Of 1001 rows, `bad` rejects and a blank line, 5 % of those read: 52/1053 is less, 53/1054 more."""
    site.log("x.log", events("a" * 1001) + b"\n" + b"{\n" * bad)
    result = site.split()
    assert states(result) == {"x.log": state}
    if state == "failed":
        assert f"{bad} of 1 {1 + bad:03} lines were rejected" in result.files[0].message
        assert site.shards() == {}
        rejects = site.directory / "REJECTS" / "FAILED" / "x.log.jsonl.gz"
        assert len(gzip.decompress(rejects.read_bytes()).splitlines()) == bad
        assert states(site.split(max_reject_fraction=0.1)) == {"x.log": "split"}
        assert not rejects.exists()
    assert len(site.users()) == 1001
    assert len(site.rejects("x.log")) == bad
    site.check()


def test_a_small_file_does_not_fail_for_its_rejects(site: Site) -> None:
    site.log("x.log", events("a") + b"{\n" * 999)
    assert site.split().ok
    assert len(site.rejects("x.log")) == 999


@pytest.mark.parametrize(
    "text",
    [
        b"<!DOCTYPE html><html><head><title>404 Not Found</title></head><body></body></html>",
        b"<html>\n<body>\n</body>\n</html>\n",
        b'{"id": 1, "name": "no event"}\n',
        b"id,username\n",
    ],
)
def test_a_file_of_which_no_line_can_be_used_is_no_log(site: Site, text: bytes) -> None:
    site.log("x.log.gz", text)
    site.log("y.log", events("z"))
    for _ in range(2):  # it does not count as split
        result = site.split()
        assert states(result)["x.log.gz"] == "failed"
        assert "could be used" in result.files[0].message and "x.log.gz" in result.files[0].message
        assert not result.ok and site.users() == "z"
    rejects = site.directory / "REJECTS" / "FAILED" / "x.log.jsonl.gz"
    assert len(gzip.decompress(rejects.read_bytes()).splitlines()) == len(text.splitlines())
    site.check()
    assert site.split(max_reject_fraction=1.0).ok
    assert site.checkpoint("x.log")["rows"] == 0


def test_bytes_after_the_end_are_told(site: Site) -> None:
    (site.logs / "x.log.gz").write_bytes(gzip.compress(events("a")) + b"junk")
    result = site.split()
    assert result.ok and site.users() == "a"
    assert "4 bytes after the end" in result.files[0].warnings[0]
    assert site.checkpoint("x.log")["trailer"] == 4


def test_an_empty_log_is_a_log(site: Site) -> None:
    site.log("x.log", b"")
    site.log("y.log.gz", b"\n\n")
    result = site.split()
    assert result.ok
    assert [(file.lines, file.blank, file.rows) for file in result.files] == [(0, 0, 0), (2, 2, 0)]
    assert set(states(site.split()).values()) == {"done"}
    site.check()


def test_copies_of_a_broken_file_fail_too(site: Site) -> None:
    broken = truncated(events("ab") * 50)
    (site.logs / "1.log.gz").write_bytes(broken)
    (site.logs / "2.log.gz").write_bytes(broken)
    result = site.split()
    assert set(states(result).values()) == {"failed"}
    assert "same content as 1.log, which failed" in result.files[1].message


def test_the_disk_full_while_checkpoints_are_written_fails_that_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        if path.name == "1.log.json" and path.parent.name == "META":
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    write = layout.write_durably
    site.log("1.log", events("ab"))
    site.log("2.log", events("z"))
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "write_durably", full)
        result = site.split()
    assert states(result) == {"1.log": "failed", "2.log": "split"}
    assert "No space left" in result.files[0].message
    assert site.users() == "z"
    assert site.split().ok
    assert site.users() == "abz"
    site.check()
