"""Lines that come again: a log that was moved, compressed or has grown on the way is counted once."""

from __future__ import annotations

import bz2
import gzip
import random
import shutil
from pathlib import Path

import orjson
import pytest
import zstandard
from split_site import B, Site, event, events, states

from edxtasks.digests import Digests
from edxtasks.logs.checkpoints import Sources
from edxtasks.logs.layout import Layout
from edxtasks.logs.sketches import SIZE, Likeness, Sketcher, Sketches
from edxtasks.logs.split import forget, pending


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def pressed(text: bytes, name: str) -> bytes:
    match Path(name).suffix:
        case ".gz":
            return gzip.compress(text)
        case ".bz2":
            return bz2.compress(text)
        case ".zst":
            return zstandard.ZstdCompressor().compress(text)
    return text


def deliver(site: Site, name: str, text: bytes) -> Path:
    path = site.logs / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pressed(text, name))
    return path


def to_do(site: Site) -> list[str]:
    logs = sorted(path for path in site.logs.rglob("*") if path.is_file())
    return pending(logs, site.options(), Digests()).reasons


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("before", "after"), [("x.log", "old/x.log.gz"), ("x.log.gz", "x.2.log"), ("x.log.gz", "old/x.log.bz2")]
)
def test_a_log_that_is_compressed_anew_elsewhere_is_the_same(
    site: Site, workers: int, before: str, after: str
) -> None:
    text = events("ab")
    first = deliver(site, before, text)
    site.split()
    shards = site.shards()
    first.unlink()
    deliver(site, after, text)
    result = site.split(workers=workers)
    assert states(result) == {Path(after).name: "equal"}
    assert "same content as x.log" in result.files[0].message
    assert site.users() == "ab" and site.shards() == shards
    site.check()
    # It is known from now on.
    assert to_do(site) == []
    assert states(site.split()) == {Path(after).name: "equal"}
    # Once its source is withdrawn, it is one itself.
    assert forget("x.log", site.options()) == ["x.log"]
    assert states(site.split()) == {Path(after).name: "split"}
    assert site.users() == "ab"


@pytest.mark.parametrize("size", [1, 200])
def test_of_one_content_in_several_forms_the_first_in_order_is_the_source(site: Site, size: int) -> None:
    for name in ("b.log.gz", "c.log", "a.log.zst"):
        deliver(site, name, events("xy"))
    deliver(site, "0.log", events("w"))
    result = site.split(round_size=size)
    assert states(result) == {
        "0.log": "split",
        "a.log.zst": "split",
        "b.log.gz": "equal",
        "c.log": "equal",
    }
    assert site.users() == "wxy"
    site.check()
    assert to_do(site) == []
    assert site.split().changed == []


def test_a_known_log_that_becomes_a_copy_in_another_form_loses_its_rows(site: Site) -> None:
    deliver(site, "x.log", events("a"))
    deliver(site, "y.log.gz", events("b"))
    site.split()
    deliver(site, "y.log.gz", events("a"))
    assert states(site.split()) == {"x.log": "done", "y.log.gz": "equal"}
    assert site.users() == "a"
    site.check()
    # The source changes: the other is not a copy of it any more.
    deliver(site, "x.log", events("c"))
    assert states(site.split()) == {"x.log": "split", "y.log.gz": "split"}
    assert sorted(site.users()) == ["a", "c"]
    site.check()


def test_rotated_logs_that_are_compressed_on_the_way_lose_and_double_nothing(site: Site) -> None:
    deliver(site, "t.1", events("b"))
    deliver(site, "t.2.gz", events("a"))
    site.split()
    (site.logs / "t.2.gz").rename(site.logs / "t.3.gz")
    (site.logs / "t.1").unlink()
    deliver(site, "t.2.gz", events("b"))
    deliver(site, "t.1", events("c"))
    assert site.split().ok
    assert sorted(site.users()) == ["a", "b", "c"]
    site.check()
    assert to_do(site) == []


def of_an_older_version(site: Site, key: str) -> None:
    """Let the checkpoint of a source be as an older version wrote it."""
    checkpoint = site.directory / "META" / f"{key}.json"
    form = orjson.loads(checkpoint.read_bytes())
    for name in ("text_digest", "sketch", "others"):
        del form[name]
    checkpoint.write_bytes(orjson.dumps(form))
    shutil.rmtree(site.directory / "META" / "INDEX")


def test_a_log_of_an_older_version_that_was_moved_and_compressed_anew_counts_once(site: Site) -> None:
    path = deliver(site, "x.log.gz", events("ab") + events("c", "UnivX/B/1") + b"{\n")
    deliver(site, "other.log.gz", events("d"))
    site.split()
    of_an_older_version(site, "x.log")
    path.unlink()
    (site.logs / "archive").mkdir()
    again = site.logs / "archive" / "x.log.gz"
    again.write_bytes(gzip.compress(events("ab") + events("c", "UnivX/B/1") + b"{\n", 1))
    deliver(site, "half.log.gz", events("ab"))  # gives some of its rows, and is another log
    assert states(site.split()) == {"half.log.gz": "split", "other.log.gz": "done", "x.log.gz": "equal"}
    assert sorted(site.users()) == ["a", "a", "b", "b", "d"]
    assert site.users(B) == "c"
    assert states(site.split()) == {"half.log.gz": "done", "other.log.gz": "done", "x.log.gz": "equal"}
    site.check()


def test_checkpoints_of_an_older_version_are_read(site: Site) -> None:
    path = deliver(site, "x.log", events("ab"))
    site.split()
    of_an_older_version(site, "x.log")
    assert states(site.split()) == {"x.log": "done"}
    path.unlink()
    # The digest of a plain file is that of its lines.
    deliver(site, "y.log.gz", events("ab"))
    assert states(site.split()) == {"y.log.gz": "equal"}


# Moved, and no longer the same


def numbered(begin: int, end: int) -> bytes:
    return b"".join(event("u", ip=str(number)) for number in range(begin, end))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("first", "second"), [((0, 300), (0, 900)), ((0, 20), (0, 31)), ((0, 900), (200, 800))]
)
def test_a_log_that_was_moved_and_changed_replaces_what_it_gave(
    site: Site, workers: int, first: tuple[int, int], second: tuple[int, int]
) -> None:
    path = deliver(site, "tracking.log", numbered(*first))
    deliver(site, "z.log", events("z"))
    site.split()
    path.unlink()
    deliver(site, "archive/tracking.log.gz", numbered(*second))
    result = site.split(workers=workers, shared_above=1, block_size=5000)
    assert states(result) == {"tracking.log.gz": "split", "z.log": "done"}
    assert site.users() == "u" * (second[1] - second[0]) + "z"
    assert any("taken for tracking.log" in one for one in result.files[0].warnings)
    assert result.files[0].key == "tracking.log"
    site.check()
    assert to_do(site) == []
    # It is that source from now on.
    deliver(site, "archive/tracking.log.gz", numbered(0, 5))
    site.split()
    assert site.users() == "uuuuuz"


@pytest.mark.parametrize("name", ["tracking.log", "other.log"])
def test_lines_of_another_log_are_told_and_kept(site: Site, name: str) -> None:
    """Its file is still there, or the names do not agree: it may be another log."""
    path = deliver(site, "tracking.log", numbered(0, 300))
    site.split()
    if name == "other.log":
        path.unlink()
    deliver(site, f"archive/{name}", numbered(0, 400))
    result = site.split()
    told = next(file.warnings for file in result.files if file.state == "split")
    assert len(told) == 1 and told[0].startswith("repeats lines of tracking.log (")
    assert result.ok and len(site.users()) == 700
    site.check()


def test_logs_without_lines_in_common_are_not_told(site: Site) -> None:
    deliver(site, "s1/tracking.log", numbered(0, 300))
    deliver(site, "s2/tracking.log", numbered(300, 600) + b"\n\n")
    deliver(site, "s3/tracking.log", b"\n\n" + numbered(600, 601))
    assert [file.warnings for file in site.split().files] == [(), (), ()]
    assert len(site.users()) == 601


# Sketches


def sketch_of(lines: list[bytes], *cuts: int) -> str:
    sketcher = Sketcher()
    for start, end in zip((0, *cuts), (*cuts, len(lines)), strict=True):
        part = Sketcher()
        sketcher.merge(part.add(lines[start:end]))
    return sketcher.sketch()


def test_a_sketch_hangs_on_the_lines_alone() -> None:
    lines = [b"line %d" % number for number in range(5000)]
    sketch = sketch_of(lines)
    assert len(sketch) == 16 * SIZE
    assert sketch == sketch_of(lines, 1, 70, 71, 3000)
    shuffled = lines * 2
    random.Random(1).shuffle(shuffled)
    assert sketch_of(shuffled, 400, 401) == sketch
    one = Sketcher()
    for start in range(0, 5000, 777):
        one.add(lines[start : start + 777])
    assert one.sketch() == sketch
    assert sketch_of([b"", b"a", b"", b"a"]) == sketch_of([b"a"])
    assert sketch_of([b""]) == ""


def test_shared_lines_are_estimated(site: Site) -> None:
    """Of 1000 lines each: half of the sketch is shared where 800 lines are the same, not where 200 are."""
    lines = [b"%d" % number for number in range(3000)]
    sources = Sources(Layout(site.directory))
    sketches = Sketches(sources.layout, sources)
    sources.by_key = {"one": None, "small": None}  # type: ignore[dict-item]
    sketches._known = {"one": ("", sketch_of(lines[:1000])), "small": ("", sketch_of(lines[:10]))}
    assert sketches.like("new", sketch_of(lines[:1000]))[0] == Likeness("one", SIZE, SIZE)
    assert [like.key for like in sketches.like("new", sketch_of(lines[200:1200]))] == ["one"]
    assert sketches.like("new", sketch_of(lines[800:1800])) == []
    assert sketches.like("new", sketch_of(lines[2000:])) == []
    assert sketches.like("one", sketch_of(lines[1000:1001])) == []
    assert sketches.like("new", sketch_of(lines[:11]))[0] == Likeness("small", 10, 10)
