"""The shards depend on the raw logs alone: not on workers, blocks, order of files, or number of runs."""

from __future__ import annotations

import gzip
import itertools
import random
import shutil
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from split_site import Site, event, events

from edxtasks.compression import PIECE
from edxtasks.logs import parts as parts_module
from edxtasks.logs.split import split

COURSES = ("UnivX/A/1", "course-v1:UnivX+B+1", "UnivX/C/1", None)
DAYS = ("2014-10-16", "2014-10-17", "2014-10-18")


def random_log(number: int, seed: int) -> bytes:
    chance = random.Random(seed)
    lines: list[bytes] = []
    for i in range(number):
        kind = chance.random()
        if kind < 0.02:
            lines.append(chance.choice([b"{\n", b"\n", b"[1]\n", b"no\n"]))
            continue
        text = "".join(chance.choices("abcdefgh ", k=chance.choice([5, 50, 2000 if kind > 0.98 else 100])))
        course = chance.choices(COURSES, [9, 4, 1, 2])[0]
        lines.append(event(f"u{seed}.{i}", course, chance.choice(DAYS), session=text))
    return b"".join(lines)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Ten raw logs, one of them much larger than the others."""
    site = Site(tmp_path_factory.mktemp("site"))
    for seed in range(10):
        name = f"log-{seed}.log" + (".gz" if seed % 2 else "")
        site.log(name, random_log(12_000 if seed == 3 else 150, seed))
    return site


@pytest.fixture(scope="module")
def expected(logs: Site) -> dict[str, bytes]:
    assert logs.split().ok
    logs.check()
    shards = logs.shards()
    assert len(shards) == len(COURSES) * len(DAYS)
    assert max(len(gzip.decompress(shard)) for shard in shards.values()) > 2 * PIECE
    return shards


def rejects_and_counts(site: Site) -> dict[str, object]:
    """What checkpoints and rejects files say, but for times and for where the raw logs lie."""
    told: dict[str, object] = {}
    for path in sorted((site.directory / "META").glob("*.json")):
        form = orjson.loads(path.read_bytes())
        changing = ("started", "ended", "folder", "path", "order")
        told[path.name] = {name: value for name, value in form.items() if name not in changing}
        for part in form["parts"]:
            del part["file"]
        told[f"rejects of {path.name}"] = site.rejects(path.name.removesuffix(".json"))
    return told


@pytest.mark.parametrize(
    ("workers", "block_size", "shared_above"),
    [(1, 1_000, 0), (1, 70_000, 0), (2, 100_000, 1), (2, 4_000_000, 10**9), (4, 30_000, 1), (3, 200_000, 1)],
)
def test_workers_and_blocks_change_nothing(
    logs: Site, expected: dict[str, bytes], tmp_path: Path, workers: int, block_size: int, shared_above: int
) -> None:
    site = Site(tmp_path)
    paths = sorted(logs.logs.iterdir())
    options = site.options(workers=workers, block_size=block_size, shared_above=shared_above, round_size=4)
    assert split(paths, options).ok
    assert site.shards() == expected
    assert rejects_and_counts(site) == rejects_and_counts(logs)
    site.check()


def test_one_run_a_file_in_any_order_is_one_run(
    logs: Site, expected: dict[str, bytes], tmp_path: Path
) -> None:
    paths = sorted(logs.logs.iterdir())
    for seed in range(3):
        site = Site(tmp_path / str(seed))
        random.Random(seed).shuffle(paths)
        for path in paths:
            assert split([path], site.options()).ok
        assert site.shards() == expected
        site.check()


def test_rounds_change_nothing(logs: Site, expected: dict[str, bytes], tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert split(sorted(logs.logs.iterdir()), site.options(round_size=1)).ok
    assert site.shards() == expected


def test_the_budget_of_memory_changes_nothing(
    logs: Site, expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = list(parts_module.PartsWriter.__init__.__defaults__ or ())
    assert defaults == [parts_module.ROWS_BUDGET, parts_module.COMPRESSED_BUDGET]
    monkeypatch.setattr(parts_module.PartsWriter.__init__, "__defaults__", (50_000, 10_000))
    site = Site(tmp_path)
    assert split(sorted(logs.logs.iterdir()), site.options()).ok
    assert site.shards() == expected
    site.check()


@pytest.mark.parametrize("level", [0, 2, 3, 4, 6, 9])
def test_the_level_changes_the_size_and_not_the_rows(tmp_path: Path, level: int) -> None:
    site = Site(tmp_path)
    site.log("1.log", random_log(300, 1))
    site.log("2.log", random_log(300, 2))
    site.split(gzip_level=level)
    site.check()
    users = site.users()
    shutil.rmtree(site.directory)
    site.split()
    assert site.users() == users


lines = st.lists(
    st.one_of(
        st.builds(
            event,
            st.sampled_from("abc"),
            st.sampled_from(COURSES),
            st.sampled_from(DAYS),
            ip=st.text(max_size=9),
        ),
        st.sampled_from([b"\n", b" \r\n", b"{\n", b"[]\n", b"\xff{}\n"]),
        # Neither control characters nor the beginning of a compressed file: such a log fails.
        st.binary(max_size=30).map(lambda text: b"-" + bytes(byte | 0x20 for byte in text) + b"\n"),
    ),
    max_size=12,
).map(b"".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(lines, min_size=1, max_size=4, unique=True),
    st.integers(1, 300),
    st.randoms(use_true_random=False),
)
def test_any_sequence_of_runs_ends_in_the_same_shards(
    tmp_path: Path, texts: list[bytes], block_size: int, chance: random.Random
) -> None:
    for number in itertools.count():
        if not (tmp_path / str(number)).exists():
            break
    once, often = Site(tmp_path / str(number)), Site(tmp_path / f"{number}b")
    often.logs = once.logs
    paths = [once.log(f"{i}.log", text) for i, text in enumerate(texts)]
    options = often.options(block_size=block_size, max_reject_fraction=1.0)
    once.split(max_reject_fraction=1.0)
    # Earlier deliveries of the same logs: shorter, longer, swapped.
    for _ in range(chance.randrange(3)):
        for path in chance.sample(paths, chance.randint(0, len(paths))):
            path.write_bytes(
                chance.choice([chance.choice(texts), b"", events("xyz", chance.choice(COURSES))])
            )
        split(chance.sample(paths, chance.randint(1, len(paths))), options)
        often.check()
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    result = split(paths, options)
    assert [file.message for file in result.files if file.state == "failed"] == []
    assert often.shards() == once.shards()
    for site in (once, often):
        site.check()
    read = sum(text.count(b"\n") for text in texts)
    assert sum(once.checkpoint(f"{i}.log")["lines"] for i in range(len(texts))) == read


def test_a_project_that_moves_keeps_its_sources(tmp_path: Path) -> None:
    site = Site(tmp_path / "before")
    site.log("1.log", events("ab"))
    assert site.split().ok
    moved = Site(tmp_path / "after")
    moved.logs.rmdir()
    moved.logs.parent.rmdir()
    (tmp_path / "before").rename(tmp_path / "after")
    # Delivered again with other content: it replaces what it gave before the move.
    moved.log("1.log", events("xyz"))
    assert moved.split().ok
    assert moved.users() == "xyz"
