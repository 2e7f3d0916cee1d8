"""Before and after a split: which raw logs are meant, what there is to do, what the shard list tells."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import orjson
import pytest
from blake3 import blake3
from split_site import A, B, Site, event, events

from edxtasks.config import load_settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import InputError, SettingsError
from edxtasks.logs.options import SplitOptions, read_retired_keys
from edxtasks.logs.results import Progress
from edxtasks.logs.shards import Shard, shards
from edxtasks.logs.split import Pending, expand, pending, split


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def look(site: Site, **options: object) -> Pending:
    return pending(sorted(site.logs.iterdir()), site.options(**options), Digests())


# Names and patterns


def test_patterns_are_expanded_and_sorted_and_names_are_kept(tmp_path: Path) -> None:
    for name in ("DAILY/b.log.gz", "DAILY/a.log.gz", "DAILY/deep/c.log.gz", "DAILY/[x].log", "DAILY/x.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    daily = tmp_path / "DAILY"

    def names(*patterns: str) -> list[str]:
        return [str(path.relative_to(daily)) for path in expand(patterns, tmp_path)]

    assert names("DAILY/*.log.gz") == ["a.log.gz", "b.log.gz"]
    assert names("DAILY/**/*.gz") == ["a.log.gz", "b.log.gz", "deep/c.log.gz"]
    assert names("DAILY/[ab].log.gz", f"{daily}/b*", "DAILY/b.log.gz") == ["a.log.gz", "b.log.gz"]
    assert names("DAILY/[x].log") == ["[x].log"]
    assert names("DAILY/?.log") == ["x.log"]
    assert names("DAILY/typo.log", "DAILY/nothing*") == ["nothing*", "typo.log"]
    assert names("DAILY/*") == ["[x].log", "a.log.gz", "b.log.gz", "x.log"]
    assert expand([], tmp_path) == []


def test_a_bracket_in_the_folder_is_no_pattern(tmp_path: Path) -> None:
    root = tmp_path / "[a]"
    root.mkdir()
    (root / "x.log").touch()
    assert expand(["*.log"], root) == [root / "x.log"]


# What there is to do


def test_pending_tells_what_a_split_would_do_and_changes_nothing(site: Site) -> None:
    site.log("x.log", events("a"))
    assert look(site).to_do[0].reason == "new"
    assert not site.directory.exists()
    site.split()
    before = sorted((str(p), p.stat().st_mtime_ns) for p in site.directory.rglob("*"))
    assert not look(site)
    assert look(site).reasons == []
    assert sorted((str(p), p.stat().st_mtime_ns) for p in site.directory.rglob("*")) == before
    assert [d.reason for d in look(site, force=True).to_do] == ["asked for by force_recompute"]
    site.log("x.log", events("ab"))
    site.log("copy.log", events("ab"))
    waiting = look(site)
    assert [(d.path.name, d.action) for d in waiting.decisions] == [("copy.log", "split"), ("x.log", "equal")]
    assert waiting.reasons == [
        f"{site.logs}/copy.log: new",
        f"{site.logs}/x.log: same content as copy.log",
    ]
    site.split()
    assert not look(site)


def test_pending_sees_shards_to_make_anew_and_to_take_over(site: Site) -> None:
    site.log("x.log", events("ab") + events("c", "UnivX/B/1"))
    site.split()
    (site.directory / A / "tracklog-2014-10-17.json.gz").unlink()
    (site.directory / B / "tracklog-2014-10-18.json.gz").write_bytes(b"")
    waiting = look(site)
    assert (waiting.unpublished, waiting.untracked) == (1, 1)
    assert waiting.reasons == [
        "1 shard has to be rebuilt",
        "1 shard that no run made to be taken over",
    ]
    site.split()
    assert not look(site)


def test_pending_sees_a_change_of_dedupe_exact_where_it_matters(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.split()
    assert not look(site, dedupe_exact=True)
    site.log("y.log", events("bc"))
    site.split()
    assert look(site, dedupe_exact=True).unpublished == 1
    assert not look(site)


def test_stale_and_skipped_logs_are_nothing_to_do(site: Site) -> None:
    site.log("x.log", events("ab"))
    site.log("x-edge-y.log", events("c"))
    site.split(edge_logs="skip")
    assert not look(site, edge_logs="skip", log_day_timezone="Asia/Tokyo")
    assert look(site, edge_logs="skip", log_day_timezone="Asia/Tokyo", resplit_on_rule_change=True)


def test_missing_and_broken_logs_stay_something_to_do(site: Site) -> None:
    path = site.logs / "x.log.gz"
    path.write_bytes(b"\x1f\x8b\x08")
    site.split()
    (decision,) = look(site).to_do
    assert decision.reason == "its last try failed; new"
    path.unlink()
    waiting = pending([path], site.options(), Digests())
    assert [d.action for d in waiting.to_do] == ["failed"]
    assert "No such file" in waiting.reasons[0]


def test_an_untouched_log_is_not_read_again(site: Site) -> None:
    path = site.log("x.log", events("ab"))
    digests = Digests()
    split([path], site.options(), digest=digests)
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not pending([path], site.options(), digests)


def test_the_digest_of_a_checkpoint_is_that_of_the_file(site: Site) -> None:
    path = site.log("x.log.gz", events("ab"))
    site.split()
    assert site.checkpoint("x.log")["digest"] == Digests()(path)
    assert site.checkpoint("x.log")["size"] == path.stat().st_size


# The list of shards


def test_the_list_of_shards_tells_what_loading_needs(site: Site) -> None:
    site.log("2.log", event("c", time="2014-10-17T00:00:00.000001+00:00") + events("d", day="2014-10-18"))
    site.log("1.log", event("b", time="2014-10-17T23:59:59+00:00"))
    site.split()
    course = CourseKey.parse("course-v1:UnivX+A+1")
    first, second = shards(site.directory, course)
    # 2014-10-17T00:00:00 is 1413504000 seconds after 1970.
    assert first == Shard(
        day=date(2014, 10, 17),
        path=site.directory / A / "tracklog-2014-10-17.json.gz",
        digest=first.digest,
        rows=2,
        min_time_us=1413504000_000001,
        max_time_us=1413504000_000000 + 86399_000000,
        sources=("1.log", "2.log"),
    )
    assert (second.day, second.rows, second.sources) == (date(2014, 10, 18), 1, ("2.log",))
    assert site.users() == "bc"
    assert shards(site.directory, "UNKNOWN") == []
    assert shards(site.directory / "nowhere", course) == []


def test_the_digest_of_a_shard_is_that_of_its_lines(site: Site) -> None:
    site.log("1.log", events("a"))
    site.log("2.log", events("b"))
    site.split()
    (shard,) = shards(site.directory, A)
    assert shard.digest == blake3(gzip.decompress(shard.path.read_bytes())).hexdigest()
    # The same rows from other sources are the same content.
    site.log("1.log", b"")
    site.log("2.log", events("ab"))
    assert site.split().changed == []
    assert [s.digest for s in shards(site.directory, A)] == [shard.digest]


def test_a_list_is_rewritten_only_when_it_changes(site: Site) -> None:
    site.log("1.log", events("a"))
    site.log("2.log", events("b", "UnivX/B/1"))
    site.split()
    path = site.directory / "META" / "SHARDS" / f"{A}.json"
    before = path.stat().st_mtime_ns, path.stat().st_ino
    site.log("2.log", events("bc", "UnivX/B/1"))
    site.split()
    site.split(force=True)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_lost_list_is_told(site: Site) -> None:
    site.log("1.log", events("a"))
    site.split()
    (site.directory / "META" / "SHARDS" / f"{A}.json").unlink()
    with pytest.raises(InputError, match="run split"):
        shards(site.directory, A)
    site.split()
    assert len(shards(site.directory, A)) == 1


# Settings, progress, resources


def test_options_from_settings(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_bytes(orjson.dumps([["event_struct", "a"], "context.b"]))
    config = tmp_path / "edxtasks.toml"
    config.write_text(
        f"""
        edge_logs = "merge"
        dedupe_exact = true
        log_day_timezone = "Asia/Tokyo"
        split_gzip_level = 6
        json_text_form = "predecessor"
        dynamic_tracking_logs_rephrasing_config_fn = "{keys}"
        [paths]
        tracking_logs_directory = "LOGS"
        [engine]
        workers = 3
        """
    )
    settings = load_settings(tmp_path, {"config": str(config)}, {})
    options = SplitOptions.from_settings(settings)
    assert options.directory == tmp_path / "LOGS"
    assert (options.workers, options.gzip_level, options.edge_logs) == (3, 6, "merge")
    assert options.dedupe_exact and options.log_day_timezone == "Asia/Tokyo"
    assert options.rules.json_text_form == "predecessor"
    assert options.rules.retired_keys == (("event_struct", "a"), ("context", "b"))
    assert options.max_reject_fraction == 0.05


def test_without_a_log_directory_there_is_an_error(tmp_path: Path) -> None:
    config = tmp_path / "edxtasks.toml"
    config.write_text("")
    with pytest.raises(SettingsError, match="tracking_logs_directory"):
        SplitOptions.from_settings(load_settings(tmp_path, {"config": str(config)}, {}))


@pytest.mark.parametrize("content", [b"{", b"{}", b"[1]", b"[[]]", b"[[1]]"])
def test_a_list_of_retired_keys_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    assert read_retired_keys(path) == ()
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"keys\.json"):
        read_retired_keys(path)


@pytest.mark.parametrize(("workers", "shared_above"), [(1, 1), (2, 1), (2, 10**9)])
def test_progress_adds_up(site: Site, workers: int, shared_above: int) -> None:
    for number in range(4):
        site.log(f"{number}.log", events("ab") * (300 if number == 2 else 10 + number))
    site.log("5.log.gz", b"PK\x03\x04")
    told: list[tuple[int, int]] = []

    def tell(progress: Progress) -> None:
        told.append((progress.files_done, progress.bytes_done))
        assert (progress.files, progress.bytes) == (5, total)

    total = sum(path.stat().st_size for path in site.logs.iterdir())
    options = site.options(workers=workers, shared_above=shared_above, block_size=1000)
    split(sorted(site.logs.iterdir()), options, tell)
    assert told == sorted(told)
    assert told[-1] == (5, total)


SCRIPT = """
import resource, sys
from pathlib import Path
from edxtasks.logs.split import SplitOptions, split
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    options = SplitOptions(Path(sys.argv[1]), workers=int(sys.argv[3]), shared_above=1)
    result = split([Path(sys.argv[2])], options)
    assert result.ok, result
    print(len(result.changed))
    # Its own peak since it began; what the system counts of a process starts with the process before it.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_hundreds_of_courses_and_days_need_few_descriptors(site: Site, workers: int) -> None:
    text = b"".join(
        event(f"u{i}", f"UnivX/C{course}/1", f"2014-10-{day}")
        for i in range(2)
        for course in range(200)
        for day in (16, 17, 18)
    )
    path = site.log("x.log", text)
    command = [sys.executable, "-c", SCRIPT, str(site.directory), str(path), str(workers)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert output[0] == "600"
    assert all(int(megabytes) < 300 for megabytes in output[1:])
    site.check()


def test_rejects_are_kept_for_a_set_time_only(site: Site) -> None:
    for name in ("old", "new"):
        site.log(f"{name}.log", event(name[0]) + f"{name}: no JSON\n".encode())
    bad = b"".join(f"{number}: no JSON\n".encode() for number in range(3))
    site.log("bad.log", bad)
    site.split()
    rejects = site.directory / "REJECTS"
    day = 86_400
    now = (rejects / "new.log.jsonl.gz").stat().st_mtime
    for path, age in (
        (rejects / "old.log.jsonl.gz", 31 * day),
        (rejects / "new.log.jsonl.gz", 29 * day),
        (rejects / "FAILED" / "bad.log.jsonl.gz", 31 * day),
    ):
        os.utime(path, (now - age, now - age))
    (site.logs / "bad.log").unlink()
    assert not look(site)  # 90 days
    assert look(site, rejects_kept_days=30).reasons == ["2 files of rejects older than rejects_kept_days"]
    result = site.split(rejects_kept_days=30)
    assert result.ok and result.old_rejects == 2
    left = [path.relative_to(rejects).as_posix() for path in rejects.rglob("*.gz")]
    assert left == ["new.log.jsonl.gz"]
    assert site.checkpoint("old.log")["rejects"] == {"bad_json": 1}  # what is told of them stays
    assert not look(site, rejects_kept_days=30)
