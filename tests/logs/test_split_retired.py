"""Learners who asked to be forgotten: out of shards, parts and rejects, and back with no delivery."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import orjson
import pytest
from split_site import A, Site, event

from edxtasks.errors import InputError
from edxtasks.logs.shards import shards
from edxtasks.logs.split import forget, retire
from edxtasks.retired import Learner, Retired

KEY = b"0123456789abcdef0123456789abcdef"
ANN = Retired(KEY).with_learners([Learner("ann", 7, ("ann@x.org",))])

LINES = (
    event("ann")
    + event("bea")
    + event("", context={"user_id": 7})
    + event("bea", event={"to": "ann", "reply": "ask ann, or joann", "ann": 1}, page="https://x.org/u/ann")
    + event("cyd", event='{"identifiers": "cyd@x.org,Ann@x.org", "user_id": 7, "note": "a\\nann"}')
    + event("ann", day="2014-10-18")
    + b"no JSON: ann\n"
    + b"no JSON: bea\n"
)


def content(site: Site) -> bytes:
    """All that lies in the log directory, uncompressed."""
    files = sorted(path for path in site.directory.rglob("*") if path.is_file())
    texts = [path.read_bytes() for path in files]
    return b"\n".join(gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text for text in texts)


def rows(site: Site, day: str = "2014-10-17") -> list[dict[str, object]]:
    path = site.directory / A / f"tracklog-{day}.json.gz"
    return [orjson.loads(row) for row in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "one")
    site.log("1.log", LINES)
    site.log("2.log", event("dan"))
    site.split()
    return site


def test_rows_go_and_mentions_are_blanked(site: Site) -> None:
    taken = retire(site.options(retired=ANN))
    assert (taken.sources, taken.rows, taken.rejects, taken.unpublished) == (1, 3, 1, [])
    assert site.users() == "beabeacyddan"
    assert not (site.directory / A / "tracklog-2014-10-18.json.gz").exists()
    mentioned = rows(site)[1]
    assert mentioned["page"] == "https://x.org/u/***"
    # A key stays, and so does a name that only holds the word.
    assert orjson.loads(str(mentioned["event"])) == {"to": "***", "reply": "ask ***, or joann", "ann": 1}
    assert orjson.loads(str(rows(site)[2]["event"])) == {
        "identifiers": "cyd@x.org,***", "user_id": None, "note": "a\n***"
    }  # fmt: skip
    assert taken.mentions == 3 + 3
    checkpoint = site.checkpoint("1.log")
    assert (checkpoint["lines"], checkpoint["rows"], checkpoint["retired"]) == (8, 3, 3)
    assert checkpoint["rejects"] == {"bad_json": 2}
    left = content(site).replace(b"joann", b"").replace(b'\\"ann\\":1', b"")
    assert b"ann" not in left and b"Ann" not in left
    assert b"no JSON: bea" in left


def test_a_later_delivery_brings_nobody_back(site: Site, tmp_path: Path) -> None:
    retire(site.options(retired=ANN))
    before = site.shards()
    assert site.split(retired=ANN).changed == []  # nothing to do: the checkpoints hold
    site.split(retired=ANN, force=True)
    assert site.shards() == before
    other = Site(tmp_path / "other")  # split with the list from the beginning, by several
    other.log("1.log", LINES)
    other.log("2.log", event("dan"))
    other.split(retired=ANN, workers=2, block_size=200, shared_above=0)
    assert other.shards() == before
    parts = [{k: part[k] for k in part if k != "file"} for part in site.checkpoint("1.log")["parts"]]
    assert parts == [{k: part[k] for k in part if k != "file"} for part in other.checkpoint("1.log")["parts"]]


def test_again_changes_nothing(site: Site) -> None:
    retire(site.options(retired=ANN))
    taken = retire(site.options(retired=ANN))
    assert (taken.sources, taken.rows, taken.mentions, taken.rejects) == (0, 0, 0, 0)


def test_numbers_of_an_edge_site_are_of_others(tmp_path: Path) -> None:
    site = Site(tmp_path)
    lines = event("eve", context={"user_id": 7}) + event("ann", context={"user_id": 8})
    site.log("x-edge-events.log", lines)
    site.split()
    retire(site.options(retired=ANN))
    assert site.users(f"EDGE/{A}") == "eve"


OLD = event("ann", day="2013-01-01") + event("bea", day="2013-01-01", page="https://x.org/u/ann")


def old_shard(site: Site, day: str, text: bytes) -> Path:
    """A shard of which no raw log is known."""
    shard = site.directory / A / f"tracklog-{day}.json.gz"
    shard.parent.mkdir(parents=True, exist_ok=True)
    shard.write_bytes(gzip.compress(text))
    return shard


def test_shards_of_the_predecessor_are_cleaned(site: Site) -> None:
    old_shard(site, "2013-01-01", OLD)
    gone = old_shard(site, "2013-01-02", event("ann", day="2013-01-02"))
    taken = retire(site.options(retired=ANN))
    assert (taken.rows, taken.mentions) == (3 + 2, 6 + 1)
    assert [(row["username"], row["page"]) for row in rows(site, "2013-01-01")] == [
        ("bea", "https://x.org/u/***")
    ]
    assert not gone.exists()
    [listed, _] = shards(site.directory, A)
    assert (str(listed.day), listed.rows, listed.sources) == ("2013-01-01", 1, ("legacy",))
    assert retire(site.options(retired=ANN)).rows == 0
    assert site.split(retired=ANN).changed == []


def test_rows_of_the_predecessor_in_a_shard_with_others_are_cleaned(tmp_path: Path) -> None:
    site = Site(tmp_path)
    old_shard(site, "2013-01-01", OLD)
    site.log("3.log", event("cyd", day="2013-01-01") + event("ann", day="2013-01-01"))
    site.split()
    taken = retire(site.options(retired=ANN))
    assert (taken.rows, taken.mentions, taken.unpublished) == (2, 1, [])
    assert [row["username"] for row in rows(site, "2013-01-01")] == ["bea", "cyd"]
    assert shards(site.directory, A)[0].sources == ("legacy", "3.log")
    assert b"ann" not in content(site)
    forget("3.log", site.options())  # what is kept apart of the predecessor is clean too
    assert [row["username"] for row in rows(site, "2013-01-01")] == ["bea"]


def test_shards_whose_checkpoints_are_lost_are_cleaned(site: Site) -> None:
    before = retire_in_copy(site)
    shutil.rmtree(site.directory / "META")
    taken = retire(site.options(retired=ANN))
    assert (taken.rows, taken.mentions) == (3, 6)
    assert {shard.sources for shard in shards(site.directory, A)} == {("lost",)}
    texts = {name: gzip.decompress(shard) for name, shard in site.shards().items()}
    assert texts == {name: gzip.decompress(shard) for name, shard in before.items()}


def retire_in_copy(site: Site) -> dict[str, bytes]:
    """The shards of a log directory whose checkpoints were not lost."""
    other = Site(site.directory.parent / "two")
    other.log("1.log", LINES)
    other.log("2.log", event("dan"))
    other.split()
    retire(other.options(retired=ANN))
    return other.shards()


def test_a_shard_of_the_predecessor_that_cannot_be_read_is_refused_and_all_stays(site: Site) -> None:
    shard = old_shard(site, "2013-01-01", OLD)
    site.split()
    shard.write_bytes(shard.read_bytes()[:-9])
    before = site.shards()
    with pytest.raises(InputError, match="No raw log is known of this shard"):
        retire(site.options(retired=ANN))
    assert site.shards() == before


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        (b"ann", b"***"),
        (b"joann ann_ Ann ann-x", b"joann ann_ Ann ann-x"),
        (b"Ann@X.org, bob@x.org", b"***, bob@x.org"),
        (b"q=ann%40x.org&u=%22ann%22", b"q=***&u=%22***%22"),
        (b"ann. @ann (ann)", b"***. @*** (***)"),
        (b'{"user_id": 7, "n": 7, "student_id":"7"}', b'{"user_id": null, "n": 7, "student_id":""}'),
        (b"user_id=7&user_id=77", b"user_id=&user_id=77"),
    ],
)
def test_what_is_a_mention(text: bytes, blanked: bytes) -> None:
    assert ANN.blanked(text)[0] == blanked
    assert ANN.hits(text) == (text != blanked)
