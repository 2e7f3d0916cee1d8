"""The cases of checkpoints: what a second, third, … run does with raw logs that changed, moved, vanished."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from split_site import A, B, Site, event, events, states

from edxtasks.digests import Digests
from edxtasks.errors import InputError
from edxtasks.logs import options as options_module
from edxtasks.logs.split import forget, pending, split

DAY = "2014-10-17"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def mtimes(site: Site) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in site.directory.rglob("tracklog-*")}


def test_a_raw_log_becomes_shards_by_course_and_day(site: Site) -> None:
    site.log(
        "univx-edx-events-2014-10-17.log.gz",
        events("ab") + events("c", "course-v1:UnivX+B+1") + events("d", day="2014-10-16") + events("e", None),
    )
    result = site.split()
    assert result.ok
    assert site.users(A, DAY) == "ab"
    assert site.users(A, "2014-10-16") == "d"
    assert site.users(B, DAY) == "c"
    assert site.users("UNKNOWN", DAY) == "e"
    (file,) = result.files
    assert (file.state, file.lines, file.rows, file.courses, file.days) == ("split", 5, 5, 3, 2)
    assert result.changed == [("UNKNOWN", DAY), (A, "2014-10-16"), (A, DAY), (B, DAY)]
    site.check()


def test_the_column_course_id_has_the_slash_form(site: Site) -> None:
    site.log("x.log", events("c", "course-v1:UnivX+B+1"))
    site.split()
    row = orjson.loads(gzip.decompress(site.shards()[f"{B}/tracklog-{DAY}.json.gz"]))
    assert row["course_id"] == "UnivX/B/1"
    assert row["time"] == "2014-10-17T12:00:00.000000+00:00"


def test_nothing_changed_is_already_done(site: Site) -> None:
    site.log("x.log.gz", events("ab"))
    site.split()
    before, times = site.shards(), mtimes(site)
    result = site.split()
    assert states(result) == {"x.log.gz": "done"}
    assert (result.changed, site.shards(), mtimes(site)) == ([], before, times)


def test_sources_of_one_day_add_up_in_the_order_of_their_keys(site: Site) -> None:
    site.log("2.log", events("cd"))
    site.log("1.log", events("ab"))
    site.log("3.log", events("e"))
    site.split()
    assert site.users() == "abcde"
    site.check()


def test_equal_lines_are_kept(site: Site) -> None:
    site.log("1.log", events("aa"))
    site.log("2.log", events("ab"))
    site.split()
    assert site.users() == "aaab"


def test_a_copy_under_another_name_is_skipped_and_says_whose(site: Site) -> None:
    path = site.log("x.log.gz", events("ab"))
    site.split()
    shutil.copy(path, site.logs / "copy.log.gz")
    result = site.split()
    assert states(result) == {"x.log.gz": "done", "copy.log.gz": "equal"}
    assert "x.log" in result.files[0].message
    assert site.users() == "ab"
    site.check()


def test_a_moved_raw_log_is_the_same_source(site: Site) -> None:
    path = site.log("x.log.gz", events("ab"))
    site.split()
    (site.logs / "archive").mkdir()
    path.rename(site.logs / "archive" / "x.log.gz")
    assert states(site.split()) == {"x.log.gz": "equal"}
    assert site.users() == "ab"


def test_two_copies_in_one_run_are_one_source(site: Site) -> None:
    site.log("1.log", events("ab"))
    site.log("2.log", events("ab"))
    assert states(site.split()) == {"1.log": "split", "2.log": "equal"}
    assert site.users() == "ab"


def test_a_grown_raw_log_replaces_its_rows(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.log("y.log", events("z"))
    site.split()
    site.log("x.log", events("abc") + events("d", day="2014-10-18"))
    result = site.split()
    assert states(result) == {"x.log": "split", "y.log": "done"}
    assert site.users() == "abcz"
    assert site.users(A, "2014-10-18") == "d"
    assert result.changed == [(A, DAY), (A, "2014-10-18")]
    site.check()


def test_a_shrunk_raw_log_takes_its_rows_out_of_shards_that_it_no_longer_feeds(site: Site) -> None:
    site.log("x.log", events("ab") + events("c", "UnivX/B/1") + events("d", day="2014-10-18"))
    site.log("y.log", events("z", day="2014-10-18"))
    site.split()
    assert site.users(A, "2014-10-18") == "dz"
    site.log("x.log", events("a"))
    result = site.split()
    assert site.users() == "a"
    assert site.users(A, "2014-10-18") == "z"
    assert not (site.directory / B).exists()
    assert result.changed == [(A, DAY), (A, "2014-10-18"), (B, DAY)]
    site.check()


def test_a_shard_whose_content_stays_keeps_its_file_and_time(site: Site) -> None:
    site.log("x.log", events("a") + events("b", day="2014-10-18"))
    site.log("y.log", events("z", day="2014-10-18"))
    site.split()
    times = mtimes(site)
    site.log("x.log", b"\n" + events("a") + events("c", "UnivX/B/1") + events("b", day="2014-10-18"))
    result = site.split()
    assert result.changed == [(B, DAY)]
    assert {path: mtimes(site)[path] for path in times} == times
    site.check()


def test_a_raw_log_that_gets_compressed_stays_its_source(site: Site) -> None:
    path = site.log("tracking.log-20141017", events("ab"))
    site.split()
    times = mtimes(site)
    path.unlink()
    site.log("tracking.log-20141017.gz", events("ab"))
    result = site.split()
    assert states(result) == {"tracking.log-20141017.gz": "split"}
    assert (result.changed, mtimes(site)) == ([], times)
    site.check()


def test_a_raw_log_beside_its_compressed_form_is_an_error(site: Site) -> None:
    site.log("x.log.gz", events("ab"))
    site.split()
    site.log("x.log", events("abc"))
    result = site.split()
    assert states(result) == {"x.log": "failed", "x.log.gz": "done"}
    assert "would be one source" in result.files[0].message
    assert site.users() == "ab"


def test_one_name_in_two_folders_is_two_sources(site: Site) -> None:
    site.log("server1/tracking.log", events("a"))
    site.log("server2/tracking.log", events("b"))
    result = site.split()
    assert sorted(site.users()) == ["a", "b"]
    keys = sorted(file.key for file in result.files)
    assert keys[0] == "tracking.log" and keys[1].startswith("tracking.log~")
    site.check()


def test_rotated_logs_are_sources_of_their_own(site: Site) -> None:
    site.log("tracking.log-20141016.gz", events("a", day="2014-10-16"))
    site.log("tracking.log-20141017.gz", events("b"))
    assert set(states(site.split()).values()) == {"split"}
    assert (site.users(A, "2014-10-16"), site.users()) == ("a", "b")


def test_numbered_logs_that_move_on_lose_and_double_nothing(site: Site) -> None:
    first, second = site.logs / "t.1.gz", site.logs / "t.2.gz"
    site.log("t.1.gz", events("b"))
    site.log("t.2.gz", events("a"))
    site.split()
    second.rename(site.logs / "t.3.gz")
    first.rename(second)
    site.log("t.1.gz", events("c"))
    assert site.split().ok
    assert sorted(site.users()) == ["a", "b", "c"]
    site.check()


def test_a_vanished_raw_log_keeps_its_rows(site: Site) -> None:
    site.log("x.log", events("a"))
    site.log("y.log", events("b"))
    site.split()
    (site.logs / "x.log").unlink()
    result = site.split()
    assert states(result) == {"y.log": "done"}
    assert site.users() == "ab"
    site.check()


def test_a_replaced_raw_log_that_is_a_copy_of_another_has_no_rows_of_its_own(site: Site) -> None:
    site.log("x.log", events("a"))
    site.log("y.log", events("b"))
    site.split()
    site.log("y.log", events("a"))
    assert states(site.split()) == {"x.log": "done", "y.log": "equal"}
    assert site.users() == "a"
    assert not (site.directory / "META" / "y.log.json").exists()
    site.check()


def test_changed_rules_are_told_and_applied_only_when_asked(site: Site) -> None:
    site.log("x.log", event("é", event='{"a": 1}'))
    site.split()
    before = site.shards()
    other = replace(site.options().rules, json_text_form="predecessor")
    result = site.split(rules=other)
    assert states(result) == {"x.log": "stale"}
    assert "json_text_form was compact, is predecessor" in result.files[0].message
    assert site.shards() == before
    assert states(site.split(rules=other, resplit_on_rule_change=True)) == {"x.log": "split"}
    changed = site.shards()
    assert changed != before
    assert states(site.split(rules=other)) == {"x.log": "done"}
    assert states(site.split(force=True)) == {"x.log": "split"}
    assert site.shards() == before
    site.check()


def test_another_version_of_the_rules_is_a_change(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.log("x.log", events("a"))
    site.split()
    monkeypatch.setattr(options_module, "RULES_VERSION", 1_000_000)
    result = site.split()
    assert states(result) == {"x.log": "stale"}
    assert "rules version" in result.files[0].message


def test_force_splits_again_and_changes_nothing(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.log("copy.log", events("ab"))
    site.split()
    before, times = site.shards(), mtimes(site)
    result = site.split(force=True)
    assert sorted(states(result).values()) == ["equal", "split"]
    assert (result.changed, site.shards(), mtimes(site)) == ([], before, times)
    site.check()


def test_forget_withdraws_a_source(site: Site) -> None:
    site.log("x.log", events("ab") + b"{\n" + events("c", "UnivX/B/1"))
    site.log("y.log", events("z"))
    site.split()
    assert site.rejects("x.log") == [(3, "bad_json")]
    assert forget("x.log", site.options()) == ["x.log"]
    assert site.users() == "z"
    assert not (site.directory / B).exists()
    assert site.rejects("x.log") == []
    site.check()
    assert states(site.split()) == {"x.log": "split", "y.log": "done"}
    assert site.users() == "abz"


def test_forget_takes_patterns(site: Site) -> None:
    for name in ("a-2014-10-16.log", "a-2014-10-17.log", "b-2014-10-17.log"):
        site.log(name, events(name[0], day=name[2:12]))
    site.split()
    assert forget("a-*", site.options()) == ["a-2014-10-16.log", "a-2014-10-17.log"]
    assert (site.users(A, "2014-10-16"), site.users()) == ("", "b")
    assert forget("nothing*", site.options()) == []
    site.check()


def test_forget_takes_the_name_of_a_file(site: Site) -> None:
    """As it lies in its folder; a pattern of files is none of sources."""
    for name in ("x.log", "y.log"):
        site.log(name, events(name[0]))
    site.split()
    assert forget("DAILY/*", site.options()) == []
    assert forget("DAILY/x.log.gz", site.options()) == ["x.log"]
    assert site.users() == "y"
    assert forget("y.log.gz", site.options()) == ["y.log"]


def test_a_checkpoint_deleted_by_hand_makes_its_raw_log_new(site: Site) -> None:
    site.log("x.log", events("ab") + events("c", "UnivX/B/1"))
    site.log("y.log", events("z"))
    site.split()
    before = site.shards()
    (site.directory / "META" / "x.log.json").unlink()
    assert states(site.split()) == {"x.log": "split", "y.log": "done"}
    assert site.shards() == before
    site.check()
    (site.directory / "META" / "x.log.json").unlink()
    result = site.split(site.logs / "y.log")  # x.log is not at hand: its rows stay, and that is told
    assert site.shards() == before
    assert result.ok and result.lost == [(A, DAY), (B, DAY)]
    site.check()
    assert forget("x.log", site.options()) == []
    site.split()
    assert site.shards() == before
    site.check()


def test_a_shard_deleted_by_hand_comes_back(site: Site) -> None:
    site.log("x.log", events("ab") + events("c", "UnivX/B/1"))
    site.log("y.log", events("z"))
    site.split()
    before = site.shards()
    shutil.rmtree(site.directory / A)
    (site.directory / B / f"tracklog-{DAY}.json.gz").unlink()
    assert states(site.split()) == {"x.log": "done", "y.log": "done"}
    assert site.shards() == before


def test_a_lost_list_of_shards_is_made_anew(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.log("y.log", events("z"))
    site.split()
    before, times = site.shards(), mtimes(site)
    listed = (site.directory / "META" / "SHARDS" / f"{A}.json").read_bytes()
    (site.directory / "META" / "SHARDS" / f"{A}.json").unlink()
    site.split()
    assert (site.directory / "META" / "SHARDS" / f"{A}.json").read_bytes() == listed
    assert site.shards() == before
    assert set(times) == set(mtimes(site))
    site.check()


def test_the_summary_of_checkpoints_is_only_a_cache(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.split()
    index = site.directory / "META" / "INDEX" / "sources.json"
    for content in (b"", b"{}", b'{"sources": {"x.log.json": 7}, "unknown_keys": []}', b"[1]", b"\xff"):
        index.write_bytes(content)
        assert states(site.split()) == {"x.log": "done"}
    index.unlink()
    assert states(site.split()) == {"x.log": "done"}


def test_a_damaged_part_whose_raw_log_is_not_named_is_told_and_leaves_the_shard(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.split()
    folder = site.directory / "PARTS" / site.checkpoint("x.log")["folder"]
    part = folder / site.checkpoint("x.log")["parts"][0]["file"]
    content = bytearray(part.read_bytes())
    content[-6] ^= 1
    part.unlink()  # it is linked with the shard
    part.write_bytes(content)
    before = site.shards()
    others = [site.log("y.log", events("y")), site.log("z.log", events("z"))]
    for _ in range(2):  # it goes on to fail until it is mended
        result = site.split(*others)
        assert not result.ok
        assert "split forget='x.log'" in result.unpublished[A, DAY]
        assert site.shards() == before
        assert pending(others, site.options(), Digests())
    with pytest.raises(InputError, match=r"z\.log withdrawn, but 1 shard could not be rebuilt"):
        forget("z.log", site.options())
    others.pop().unlink()
    assert not site.split(*others).ok
    result = site.split()
    assert result.ok and states(result) == {"x.log": "split", "y.log": "done"}
    assert site.users() == "aby"
    assert not pending(sorted(site.logs.iterdir()), site.options(), Digests())
    site.check()


def test_parts_and_lists_that_are_gone_are_made_anew_of_the_raw_logs_at_hand(site: Site) -> None:
    for name, users in (("x.log", "ab"), ("y.log", "c"), ("z.log.gz", "de")):
        site.log(name, events(users))
    site.split()
    before = site.shards()
    shutil.rmtree(site.directory / "META" / "SHARDS")
    shutil.rmtree(site.directory / "PARTS")
    # One is moved, and not among those that are named at first.
    (site.logs / "y.log").rename(site.logs.parent / "y.log")
    for _ in range(2):
        result = site.split()
        assert list(result.unpublished) == [(A, DAY)]
        assert "y.log" in result.unpublished[A, DAY]
        assert site.shards() == before
    (site.logs.parent / "y.log").rename(site.logs / "elsewhere.log")
    result = site.split()
    assert result.ok and (result.changed, result.lost) == ([], [])
    assert states(result) == {"x.log": "done", "elsewhere.log": "split", "z.log.gz": "done"}
    assert site.shards() == before
    site.check()
    assert states(site.split()) == {"x.log": "done", "elsewhere.log": "done", "z.log.gz": "done"}


def test_a_shard_of_one_part_is_that_part(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.split()
    shard = site.directory / A / f"tracklog-{DAY}.json.gz"
    assert shard.stat().st_nlink == 2


def test_without_links_the_part_is_copied(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(95, "Operation not supported")

    site.log("x.log", events("ab"))
    site.split()
    linked = site.shards()
    site.directory.rename(site.directory.with_name("linked"))
    monkeypatch.setattr(os, "link", refuse)
    site.split()
    assert site.shards() == linked
    assert (site.directory / A / f"tracklog-{DAY}.json.gz").stat().st_nlink == 1


@pytest.mark.parametrize("logs", [("ab",), ("ab", "c")])
@pytest.mark.parametrize("links", [True, False])
def test_shards_are_on_disk_before_their_list(
    site: Site, monkeypatch: pytest.MonkeyPatch, logs: tuple[str, ...], links: bool
) -> None:
    """Whether a shard is a part, a copy of one or joined of two; each file is flushed once, and its name."""
    flushed = []
    flush = os.fsync

    def noted(file: int) -> None:
        flushed.append(os.fstat(file).st_ino)
        flush(file)

    def refuse(source: object, target: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "fsync", noted)
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for number, users in enumerate(logs):
        site.log(f"{number}.log", events(users))
    site.split()
    shard = (site.directory / A / f"tracklog-{DAY}.json.gz").stat().st_ino
    (shard_list,) = (site.directory / "META" / "SHARDS").rglob("*.json")
    names = (site.directory / A).stat().st_ino
    assert flushed.count(shard) == flushed.count(names) == 1
    assert flushed.index(shard) < flushed.index(names) < flushed.index(shard_list.stat().st_ino)


def test_a_missing_file_fails_alone(site: Site) -> None:
    path = site.log("x.log", events("ab"))
    result = split([site.logs / "typo.log", path, site.logs], site.options())
    assert {file.path.name: file.state for file in result.files} == {
        "typo.log": "failed",
        "x.log": "split",
        "DAILY": "failed",
    }
    assert not result.ok
    assert site.users() == "ab"


def test_logfn_keepdir_makes_the_whole_path_the_key(site: Site) -> None:
    path = site.log("x.log.gz", events("ab"))
    (file,) = site.split(keep_directory=True).files
    assert file.key == str(path.resolve()).lstrip("/").replace("/", "__").removesuffix(".gz")
    assert states(site.split()) == {"x.log.gz": "done"}
    site.log("x.log.gz", events("abc"))
    site.split()
    assert site.users() == "abc"


@pytest.mark.parametrize(
    "name", ["a" * 250, "é" * 120, "\udcff.log", "a\nb.log", ".hidden", "legacy:x:y", "*"]
)
def test_strange_file_names_make_sound_keys(site: Site, name: str) -> None:
    path = site.logs / os.fsdecode(name.encode("utf-8", "surrogateescape"))
    path.write_bytes(events("ab"))
    assert split([path], site.options()).ok
    assert split([path], site.options()).files[0].state == "done"
    assert site.users() == "ab"
    site.check()


def test_the_order_of_sources_does_not_hang_on_which_came_first(tmp_path: Path) -> None:
    one, two = Site(tmp_path / "one"), Site(tmp_path / "two")
    two.logs = one.logs
    first = one.log("s1/tracking.log", events("a"))
    second = one.log("s2/tracking.log", events("b"))
    one.split(first)
    one.split(second)
    two.split(second)
    two.split(first)
    assert one.shards() == two.shards()
