"""A short term, day by day, and what it draws; the long one is run by hand (`make soak`)."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))
sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
sys.path.insert(0, str(Path(__file__).parent))

from comparison import found_differences, grown, sizes
from office import Office
from soak import Soak, growth
from term import RawLog, Term, counted_fates

WORDS = ("daily_logs", "pcday_ip", "pc_forum")


def short_term(room: Path) -> Soak:
    return Soak(room, days=4, courses=2, seed=7, every=4, words=WORDS)


def test_a_short_term_ends_in_what_a_rebuild_gives(tmp_path: Path) -> None:
    days = short_term(tmp_path).live()
    assert [fault for day in days for fault in day.faults] == []
    assert [bool(day.rebuilt) for day in days] == [False, False, False, True]
    assert growth(days)
    assert short_term(tmp_path).live() == days  # nothing is left to do
    shard = next((tmp_path / "office" / "TRACKING_LOGS").glob("MITx*/*.json.gz"))
    lines = gzip.decompress(shard.read_bytes()).splitlines(keepends=True)
    shard.unlink()
    shard.write_bytes(gzip.compress(b"".join(reversed(lines))))
    folders = (tmp_path / "rebuilt", tmp_path / "office")
    assert found_differences(*folders, "none") == []  # another order of rows
    shard.write_bytes(gzip.compress(b"".join(lines[1:])))
    assert len(found_differences(*folders, "none")) == 1
    assert "shards" in sizes(folders[0])


def test_what_has_grown_is_told() -> None:
    rebuilt = {"tables": [4, 1000], "notes of tables": [20, 100], "state": [3, 100]}
    assert grown({**rebuilt, "tables set aside": [2, 9], "notes of tables": [26, 200]}, rebuilt) == []
    assert grown({"tables": [5, 1000]}, rebuilt) == ["tables: 5 files, a rebuild has 4"]
    assert grown({"shards": [0, 70_000]}, rebuilt) == ["shards: 70000 bytes, a rebuild has 0"]
    assert grown({"notes of tables": [23, 1]}, rebuilt) == ["notes of tables: 23 files, expected at most 22"]
    assert grown({"marks of courses": [21, 1]}, rebuilt) == [
        "marks of courses: 21 files, expected at most 20"
    ]
    assert grown({"state": [14, 1]}, rebuilt) == ["state: 14 files, expected at most 13"]
    assert grown({"pages of runs": [40, 1]}, rebuilt) == ["pages of runs: 40 files, expected at most 31"]


def test_a_term_is_the_same_for_the_same_seed_and_has_everything() -> None:
    assert Term(19, 100).actions == Term(19, 100).actions != Term(20, 100).actions
    counts = counted_fates(Term(19, 100))
    assert min(counts.values()) >= 1
    assert set(counts) == {
        "package withdrawn", "package, changed", "package, cut", "package, whole", "package, without a table",
        "raw log removed", "raw log withdrawn", "raw log, changed", "raw log, cut", "raw log, late lines",
        "raw log, short", "raw log, whole",
    }  # fmt: skip


def test_what_counts_follows_from_what_came() -> None:
    for _, actions, state in Term(3, 60).states():
        assert state.counted.keys() >= {log.source for log in state.inbox.values() if log.form != "cut"}
        assert actions or state.inbox


def test_files_of_the_office_are_the_same_each_time(tmp_path: Path) -> None:
    office = Office(tmp_path / "one", courses=1, days=4, seed=3)
    whole = office.raw_log(RawLog(3, 0, packing=""))
    assert Office(tmp_path / "two", 1, 4, 3).raw_log(RawLog(3, 0, packing="")) == whole
    assert gzip.decompress(office.raw_log(RawLog(3, 0))) == whole
    assert whole.startswith(office.raw_log(RawLog(3, 0, "short", "")))
    late = office.raw_log(RawLog(3, 0, "late lines", ""))
    assert late.endswith(whole) and late.count(b"\n") == whole.count(b"\n") + 25
    assert len(office.raw_log(RawLog(3, 0, "cut"))) == len(office.raw_log(RawLog(3, 0))) * 3 // 5
