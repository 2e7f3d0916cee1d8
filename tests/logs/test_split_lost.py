"""META is lost: our own shards are known all the same, rebuilt, and never added to themselves."""

from __future__ import annotations

import gzip
import random
import shutil
from datetime import date
from pathlib import Path

import pytest
from split_site import A, B, Site, event, events, states
from test_split_faults import killed_at_step

from edxtasks.digests import Digests
from edxtasks.logs.parts import is_of_raw_logs
from edxtasks.logs.shards import held_back, shards
from edxtasks.logs.split import forget, pending

DAY, NEXT = "2014-10-17", "2014-10-18"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two raw logs, split: 1.log feeds two days, and 2.log the second of them and another course."""
    site = Site(tmp_path)
    site.log("1.log", events("ab") + events("c", day=NEXT))
    site.log("2.log.gz", events("d", day=NEXT) + events("e", "UnivX/B/1"))
    assert site.split().ok
    return site


def times(site: Site) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in site.directory.rglob("tracklog-*")}


def lose(site: Site, what: str) -> None:
    if what == "checkpoints":
        for path in (site.directory / "META").glob("*.json"):
            path.unlink()
    elif what == "META":
        shutil.rmtree(site.directory / "META")
    else:
        for name in ("META", "PARTS", "REJECTS"):
            shutil.rmtree(site.directory / name)


LOSSES = pytest.mark.parametrize("what", ["META", "checkpoints", "META, PARTS and REJECTS"])


@LOSSES
@pytest.mark.parametrize("workers", [1, 2])
def test_with_all_raw_logs_at_hand_nothing_changes(site: Site, what: str, workers: int) -> None:
    before, written = site.shards(), times(site)
    lose(site, what)
    waiting = pending(sorted(site.logs.iterdir()), site.options(), Digests())
    assert waiting.lost == 3 and "the checkpoints of 3 shards are lost" in waiting.reasons
    result = site.split(workers=workers)
    assert result.ok and (result.changed, result.lost, result.taken_over) == ([], [], 0)
    assert (site.shards(), times(site)) == (before, written)
    site.check()
    assert not pending(sorted(site.logs.iterdir()), site.options(), Digests())
    # They are shards as before: what a raw log gives is replaced.
    site.log("1.log", events("x"))
    site.split()
    assert (site.users(), site.users(A, NEXT)) == ("x", "d")


@LOSSES
def test_a_day_of_which_a_raw_log_is_gone_too_keeps_its_shard(site: Site, what: str) -> None:
    before, written = site.shards(), times(site)
    lose(site, what)
    (site.logs / "2.log.gz").rename(site.logs.parent / "elsewhere.gz")
    for state in ("split", "done"):
        result = site.split()
        assert states(result) == {"1.log": state}
        assert result.ok and result.changed == []
        assert result.lost == [(A, NEXT), (B, DAY)]
        assert (site.shards(), times(site)) == (before, written)
        site.check()
        assert [shard.rows for shard in shards(site.directory, A)] == [2, 2]
        assert shards(site.directory, A)[1].sources == ("lost",)
        assert held_back(site.directory, A) == set()
    # It comes back.
    (site.logs.parent / "elsewhere.gz").rename(site.logs / "2.log.gz")
    result = site.split()
    assert (result.ok, result.changed, result.lost) == (True, [], [])
    assert site.shards() == before
    assert shards(site.directory, A)[1].sources == ("1.log", "2.log")
    site.check()


def test_rows_that_such_a_shard_lacks_are_told_and_not_mixed_in(site: Site) -> None:
    lose(site, "META")
    (site.logs / "2.log.gz").unlink()
    site.log("1.log", events("ab") + events("cf", day=NEXT))
    for _ in range(2):
        result = site.split()
        assert not result.ok
        assert list(result.unpublished) == [(A, NEXT)]
        message = result.unpublished[A, NEXT]
        assert "1 of its 2 rows" in message and "1 row of those that were are not in it" in message
        assert f"split forget='lost:{A}:{NEXT}'" in message
        assert (site.users(), site.users(A, NEXT)) == ("ab", "cd")
    assert forget(f"lost:{A}:*", site.options()) == [f"lost:{A}:{NEXT}"]
    assert (site.users(), site.users(A, NEXT), site.users(B)) == ("ab", "cf", "e")
    site.check()
    assert forget("lost:*", site.options()) == [f"lost:{B}:{DAY}"]
    assert not (site.directory / B).exists()
    assert site.split().ok
    site.check()


def test_shards_are_loaded_before_anything_is_split_again(site: Site) -> None:
    before = [(shard.day, shard.digest, shard.rows) for shard in shards(site.directory, A)]
    lose(site, "META")
    found = shards(site.directory, A)
    assert [(shard.day, shard.digest, shard.rows) for shard in found] == before
    assert [shard.sources for shard in found] == [("lost",), ("lost",)]
    assert site.split().ok
    assert [(shard.day, shard.digest, shard.rows) for shard in shards(site.directory, A)] == before
    assert found[0].day == date(2014, 10, 17)


def test_a_list_and_one_checkpoint_lost_lose_no_rows(site: Site) -> None:
    before = site.shards()
    (site.directory / "META" / "SHARDS" / f"{A}.json").unlink()
    (site.directory / "META" / "2.log.json").unlink()
    result = site.split(site.logs / "1.log")
    assert result.ok and result.lost == [(A, NEXT), (B, DAY)]
    assert site.shards() == before
    assert site.split().ok
    assert site.shards() == before
    site.check()


def test_rows_of_the_predecessor_below_lost_checkpoints_are_counted_once(site: Site) -> None:
    old = site.directory / A / "tracklog-2014-10-20.json.gz"
    old.write_bytes(gzip.compress(events("pq", day="2014-10-20")))
    site.log("3.log", events("r", day="2014-10-20"))
    site.split()
    before = site.shards()
    assert site.users(A, "2014-10-20") == "pqr"
    lose(site, "META")
    assert site.split().ok
    assert site.shards() == before
    # Where what was kept of the predecessor is gone as well, the shard is all that there is.
    lose(site, "META, PARTS and REJECTS")
    result = site.split()
    assert result.ok and result.lost == [(A, "2014-10-20")]
    assert site.shards() == before


def test_equal_rows_that_were_dropped_are_not_missed(site: Site) -> None:
    site.log("3.log", events("cd", day=NEXT) + events("bb"))
    site.split(dedupe_exact=True)
    before = site.shards()
    assert (site.users(), site.users(A, NEXT)) == ("ab", "cd")
    lose(site, "META")
    assert site.split(dedupe_exact=True).lost == []
    assert site.shards() == before
    lose(site, "META")
    assert site.split().lost == []
    assert (site.users(), site.users(A, NEXT)) == ("abbb", "cdcd")
    site.check()


def test_killed_while_lost_checkpoints_are_made_anew(site: Site, tmp_path: Path) -> None:
    before = site.shards()
    lose(site, "META")
    shutil.copytree(site.directory, tmp_path / "lost")
    for step in range(1, 1000, 9):
        shutil.rmtree(site.directory)
        shutil.copytree(tmp_path / "lost", site.directory)
        if not killed_at_step(step, site.split):
            break
        assert site.shards() == before, step
        assert site.split().ok
        assert site.shards() == before, step
        site.check()
    assert 60 < step < 1000


# What a shard of ours is


@pytest.mark.parametrize("level", [0, 1, 2, 6, 9])
def test_shards_of_a_split_are_known_by_their_form(tmp_path: Path, level: int) -> None:
    site = Site(tmp_path)
    chance = random.Random(level)
    for number in range(3):
        lines = (event(f"{chance.random()}", ip="x" * chance.randrange(900)) for _ in range(700))
        site.log(f"{number}.log", b"".join(lines) + events("z", f"UnivX/{number}/1"))
    site.split(gzip_level=level)
    found = sorted(site.directory.rglob("tracklog-*"))
    assert len(found) == 4
    assert all(map(is_of_raw_logs, found))


@pytest.mark.parametrize("level", [1, 6, 9])
def test_other_files_are_not_taken_for_shards_of_a_split(tmp_path: Path, level: int) -> None:
    path = tmp_path / "x.gz"
    text = events("abc")
    for content in (
        *(
            gzip.compress(text, level),
            gzip.compress(text, level, mtime=0),
            gzip.compress(b"", level, mtime=0),
        ),
        *(text, b"", b"\x1f\x8b\x08", gzip.compress(text, level, mtime=0)[:-3]),
    ):
        path.write_bytes(content)
        assert not is_of_raw_logs(path)
