"""Killed at any moment, a rerun ends in the shards of an undisturbed run; nobody waits for ever."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from processes import is_running
from split_site import A, B, Site, event, events, states

from edxtasks.logs import bookkeeping, publish
from edxtasks.logs.block_rows import BlockReader
from edxtasks.logs.checkpoints import Sources
from edxtasks.logs.results import Progress
from edxtasks.logs.split import forget, pending, retire, split
from edxtasks.retired import Learner, Retired

STEPS = {"os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def disturbed_at_step(step: int, work: Callable[[], object], disturb: Callable[[], object]) -> int:
    """Do `work` in a child that does `disturb` before its `step`-th change of the file system. The status
    that it ends with, as `os.waitpid` tells it; -1 where there are not so many steps."""
    reached, reach = os.pipe()
    child = os.fork()
    if child == 0:
        seen = 0

        def count(name: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            writes = name == "open" and isinstance(arguments[1], str) and arguments[1][:1] in "wax"
            if name in STEPS or writes:
                seen += 1
                if seen == step:
                    os.write(reach, b".")
                    disturb()

        code = 1
        try:
            sys.addaudithook(count)
            work()
            code = 0
        finally:
            os._exit(code)
    os.close(reach)
    with os.fdopen(reached, "rb") as pipe:
        begun = pipe.read() == b"."
    status = os.waitpid(child, 0)[1]
    assert begun or status == 0
    return status if begun else -1


def killed_at_step(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a child that kills itself at its `step`-th change of the file system. Whether it did."""
    return disturbed_at_step(step, work, lambda: os.kill(os.getpid(), signal.SIGKILL)) != -1


def first_delivery(site: Site) -> None:
    site.log("1.log", events("ab") + events("c", "UnivX/B/1") + b"{\n")
    site.log("2.log.gz", events("d") + events("e", day="2014-10-16"))


def second_delivery(site: Site) -> None:
    """One log grows and leaves a shard, one is new, one does not change."""
    site.log("1.log", events("abx") + events("y", day="2014-10-18"))
    site.log("3.log", events("z") + b"[]\n")


def test_killed_at_any_step_of_a_first_and_of_a_later_run(site: Site, tmp_path: Path) -> None:
    first_delivery(site)
    site.split()
    before = tmp_path / "before"
    shutil.copytree(site.directory, before)
    second_delivery(site)
    site.split()
    expected = site.shards()
    assert (site.users(), site.users(B), site.users(A, "2014-10-18")) == ("abxdz", "", "y")
    old_shards = Site(tmp_path / "reader")
    old_shards.directory = before
    allowed = {name: {old_shards.shards().get(name), expected.get(name)} for name in {**expected}}

    for start in (None, before):
        step = 0
        while True:
            step += 3
            shutil.rmtree(site.directory)
            if start is not None:
                shutil.copytree(start, site.directory)
            if not killed_at_step(step, site.split):
                break
            # What is published is old or new, and complete.
            for name, content in site.shards().items():
                if start is not None and name in allowed:
                    assert content in allowed[name], (step, name)
            result = site.split()
            assert result.ok, step
            assert site.shards() == expected, step
            site.check()
            assert not pending(sorted(site.logs.iterdir()), site.options(), _digest), step
        assert step > 50


def _digest(path: Path) -> str:
    from edxtasks.digests import Digests

    return Digests()(path)


def test_killed_while_one_content_comes_in_two_forms(site: Site) -> None:
    site.log("b.log.gz", events("xyz"))  # the heavier one, and so the first to be split
    site.log("a.log", events("xyz"))
    site.log("0.log", events("w"))
    site.split()
    expected = site.shards()
    assert site.users() == "wxyz"
    for step in range(1, 200, 7):
        shutil.rmtree(site.directory)
        if not killed_at_step(step, site.split):
            break
        assert site.split().ok
        assert site.shards() == expected, step
        site.check()
        assert states(site.split()) == {"0.log": "done", "a.log": "done", "b.log.gz": "equal"}
    assert step > 50


def killed_before_the_list(work: Callable[[], object]) -> None:
    """Do `work` in a child that is killed when its shards stand, and their list is about to be written."""
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(publish, "write_list", lambda *given: os.kill(os.getpid(), signal.SIGKILL))
            work()
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("how", ["withdrawn", "delivered as before"])
def test_what_a_killed_run_had_put_in_place_goes_with_its_raw_log(site: Site, how: str) -> None:
    """The list, which is that of the run before, and all that feeds the shard tell of no change then."""
    site.log("1.log", events("ab"))
    site.split()
    expected = site.shards()
    site.log("1.log" if how == "delivered as before" else "2.log", events("abc"))
    killed_before_the_list(site.split)
    assert site.users().endswith("abc")
    if how == "withdrawn":
        (site.logs / "2.log").unlink()
        assert forget("2.log", site.options()) == ["2.log"]
    else:
        site.log("1.log", events("ab"))
    assert site.split().ok
    assert site.shards() == expected
    site.check()


def test_an_option_that_a_killed_run_had_is_not_kept(site: Site) -> None:
    site.log("1.log", events("ab"))
    site.log("2.log", events("bc"))
    site.split()
    expected = site.shards()
    killed_before_the_list(lambda: site.split(dedupe_exact=True))
    assert site.users() == "abc"
    assert site.split().ok
    assert site.users() == "abbc"
    assert site.shards() == expected
    site.check()


def test_what_cannot_be_removed_takes_no_parts_of_a_split_log(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkpoint names the new parts by then."""

    def refuse(*given: object) -> None:
        raise PermissionError(13, "Permission denied")

    site.log("1.log", events("a"))
    site.split()
    old = site.checkpoint("1.log")["folder"]
    site.log("1.log", events("abc"))
    with monkeypatch.context() as patched:
        patched.setattr(bookkeeping, "remove_failure", refuse)
        patched.setattr(bookkeeping, "remove_tree", refuse)
        assert site.split().ok
    assert site.users() == "abc"
    assert {path.name for path in (site.directory / "PARTS").iterdir()} > {old}
    (site.logs / "1.log").unlink()
    site.log("2.log", events("z"))
    assert site.split().ok  # with what was left of the one before removed
    assert site.users() == "abcz"
    site.check()


@pytest.mark.parametrize("what", ["split", "retire"])
def test_ended_when_a_checkpoint_is_written_a_run_keeps_its_parts(
    site: Site, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def end(*given: object) -> None:
        raise KeyboardInterrupt

    ann = Retired(b"0123456789abcdef" * 2).with_learners([Learner("a", None, ())])
    site.log("1.log", events("abc"))
    if what == "retire":
        site.split()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Sources, "put", end)
        retire(site.options(retired=ann)) if what == "retire" else site.split()
    (site.logs / "1.log").unlink()
    assert split([], site.options()).ok
    assert site.users() == ("bc" if what == "retire" else "abc")
    site.check()


def test_refused_at_any_step(site: Site) -> None:
    """What the operating system refuses once is told, and costs nothing but another run."""

    def refuse() -> None:
        raise OSError(errno.EIO, "Input/output error")

    def work() -> None:
        try:
            result = site.split()
        except OSError:  # of what all raw logs need
            return
        told = [file.message for file in result.files if file.state == "failed"]
        assert all("Input/output error" in one for one in [*told, *result.unpublished.values()])

    first_delivery(site)
    site.split()
    second_delivery(site)
    site.log("4.log", events("d") + events("e", day="2014-10-16"))  # the lines of 2.log.gz
    before = site.directory.with_name("before")
    shutil.copytree(site.directory, before)
    assert site.split().ok
    expected = site.shards()
    step = 0
    while True:
        step += 5
        shutil.rmtree(site.directory)
        shutil.copytree(before, site.directory)
        status = disturbed_at_step(step, work, refuse)
        if status == -1:
            break
        assert status == 0, step
        assert site.split().ok, step
        assert site.shards() == expected, step
        site.check()
    assert step > 50


def test_killed_again_and_again(site: Site) -> None:
    first_delivery(site)
    second_delivery(site)
    site.split()
    expected = site.shards()
    shutil.rmtree(site.directory)
    step, kills = 1, 0
    while killed_at_step(step, site.split):
        step = step + 7 if step < 40 else 1_000_000
        kills += 1
    assert kills > 3
    assert site.shards() == expected
    site.check()


SCRIPT = """
import multiprocessing, sys, threading, time
from pathlib import Path
from edxtasks.logs.shared_log import RemoteWorker
from edxtasks.logs.split import SplitOptions, split

RemoteWorker.has_begun = lambda self: True  # each worker is waited for

def tell_workers():
    while len(workers := multiprocessing.active_children()) < int(sys.argv[4]):
        time.sleep(0.001)
    print(*sorted(worker.pid for worker in workers), flush=True)

if __name__ == "__main__":
    threading.Thread(target=tell_workers, daemon=True).start()
    result = split(
        sorted(Path(sys.argv[2]).iterdir()),
        SplitOptions(Path(sys.argv[1]), workers=2, shared_above=int(sys.argv[3]), block_size=20_000),
    )
    print([file.message for file in result.files if file.state == "failed"])
"""


@contextlib.contextmanager
def running(site: Site, shared_above: int = 1) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run in a process of its own, with its workers, which are at work; and their process ids. Of the two
    workers that share a raw log, one is the process of the run."""
    number = 1 if shared_above == 1 else 2
    arguments = [str(site.directory), str(site.logs), str(shared_above), str(number)]
    command = [sys.executable, "-c", SCRIPT, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as run:
        assert run.stdout is not None
        workers = [int(word) for word in run.stdout.readline().split()]
        assert len(workers) == number
        yield run, workers


def many_events(number: int, course: str = "UnivX/A/1") -> bytes:
    return b"".join(event(f"user{i}", course if i % 3 else None, text="x" * (i % 700)) for i in range(number))


def wait_for(condition: Callable[[], Any], seconds: float = 300) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError("waited in vain")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    site = Site(tmp_path_factory.mktemp("undisturbed"))
    busy_site(site)
    site.split()
    return site.shards()


def busy_site(site: Site) -> None:
    site.log("1.log.gz", many_events(30_000))
    site.log("2.log", many_events(500, "UnivX/B/1"))
    site.log("3.log", many_events(300, "UnivX/B/1"))


@pytest.mark.parametrize(
    ("delay", "how"), [(0.0, signal.SIGKILL), (0.15, signal.SIGTERM), (0.4, signal.SIGKILL)]
)
def test_a_killed_run_takes_its_workers_with_it(
    site: Site, expected: dict[str, bytes], delay: float, how: signal.Signals
) -> None:
    busy_site(site)
    with running(site) as (run, workers):
        time.sleep(delay)
        run.send_signal(how)
        # Begun at once: it waits for what is left of the other run.
        result = split(sorted(site.logs.iterdir()), site.options())
        assert result.ok
        assert site.shards() == expected
        site.check()
        run.wait(timeout=300)
        wait_for(lambda: not any(map(is_running, workers)))


@pytest.mark.parametrize("shared_above", [1, 10**9])
def test_a_killed_worker_fails_its_raw_log_alone(
    site: Site, expected: dict[str, bytes], shared_above: int
) -> None:
    busy_site(site)
    with running(site, shared_above) as (run, workers):
        wait_for(lambda: list((site.directory / "PARTS").glob("1.log.*")))
        os.kill(workers[0], signal.SIGKILL)
        output, _ = run.communicate(timeout=300)
    assert "killed (SIGKILL)" in output
    assert "1.log.gz" in output
    assert f"{B}/tracklog-2014-10-17.json.gz" in site.shards()
    failed = orjson.loads((site.directory / "META" / "FAILED" / "1.log.json").read_bytes())
    assert "SIGKILL" in failed["message"]
    site.check()
    assert site.split().ok
    assert site.shards() == expected
    site.check()


def fail_on(monkeypatch: pytest.MonkeyPatch, exception: Exception) -> None:
    """Let the reading of a block that has the word KILL raise an exception."""
    read = BlockReader.read

    def reading(self: BlockReader, block: Any) -> Any:
        if b"KILL" in block.data:
            raise exception
        return read(self, block)

    monkeypatch.setattr(BlockReader, "read", reading)


@pytest.mark.parametrize(
    ("exception", "words"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError("no more"), "memory ran out"),
    ],
)
def test_an_exception_fails_its_raw_log_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch, exception: Exception, words: str
) -> None:
    site.log("1.log", events("a") + events("b", "UnivX/B/1") + event("KILL"))
    site.log("2.log", events("z"))
    with monkeypatch.context() as patched:
        fail_on(patched, exception)
        result = site.split(block_size=150)
    assert states(result) == {"1.log": "failed", "2.log": "split"}
    assert words in result.files[0].message
    assert "1.log: stopped after line 2" in result.files[0].message
    assert site.users() == "z"
    site.check()
    assert site.split().ok
    assert site.users() == "aKILLz"


def nothing_on_its_way(site: Site) -> bool:
    """Whether the log directory has no file or folder that was being written."""
    checkpoints = (site.directory / "META").glob("*.json")
    known = {orjson.loads(path.read_bytes())["folder"] for path in checkpoints}
    parts = {path.name for path in (site.directory / "PARTS").iterdir()} - {"LEGACY"}
    return parts <= known and not list(site.directory.rglob("*.new"))


@pytest.mark.parametrize(("workers", "shared_above"), [(1, 1), (2, 1), (2, 10**9)])
def test_a_caller_who_reads_no_progress_any_more_stops_no_work(
    site: Site, workers: int, shared_above: int
) -> None:
    def tell(progress: object) -> None:
        raise BrokenPipeError("nobody reads it")

    logs = [site.log("1.log", many_events(2000)), site.log("2.log", events("z"))]
    options = site.options(workers=workers, shared_above=shared_above, block_size=20_000)
    with pytest.raises(BrokenPipeError, match="nobody reads it"):
        split(logs, options, tell)
    assert states(site.split()) == {"1.log": "done", "2.log": "done"}
    assert site.users().endswith("z")
    site.check()


def test_files_that_cannot_grow_fail_their_raw_logs_and_leave_nothing(site: Site) -> None:
    """As on a full disk: no file may become larger than a limit, which reaches further each time."""
    site.log("1.log", b"".join(event(f"{i:x}", ip="x" * (i % 50)) for i in range(4000)) + b"{\n" * 9)
    site.log("2.log", events("z") + events("y", "UnivX/B/1"))
    limits = [0, 150, 1000, 4000, 20_000, 60_000]
    ended = []
    for limit in limits:
        child = os.fork()
        if child == 0:
            code = 3
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
                result = site.split(block_size=50_000)
                told = [file.message for file in result.files if file.state == "failed"]
                told += result.unpublished.values()
                code = 0 if result.ok else 1 if all("File too large" in one for one in told) else 4
            except OSError:
                code = 2  # not even the state of the run could be written
            finally:
                os._exit(code)
        ended.append(os.WEXITSTATUS(os.waitpid(child, 0)[1]))
        assert ended[-1] in (0, 1, 2), limit
        assert nothing_on_its_way(site), limit
    assert ended[0] != 0 and 1 in ended
    assert site.split().ok
    assert len(site.users()) > 4000 and site.users(B) == "y"
    site.check()


def test_what_a_killed_run_was_writing_is_removed_by_the_next(site: Site) -> None:
    site.log("1.log", events("a"))
    site.split()
    own = site.directory / "META"
    left = [
        *(own / ".1.log.json.new", own / "INDEX" / ".sources.json.new", own / "SHARDS" / f".{A}.json.new"),
        *(own / "PUBLISH" / ".1.log.json.new", own / "FAILED" / ".1.log.json.new"),
        *(
            own / "SHARDS" / "EDGE" / f".{A}.json.new",
            site.directory / A / ".tracklog-2014-10-18.json.gz.new",
        ),
        site.directory / "PARTS" / "LEGACY" / A / ".2014-10-17.json.gz.new",
        site.directory / B / ".tracklog-2014-10-18.json.gz.new",
        site.directory / "PARTS" / "2.log.0123abcd" / "0.json.gz",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    other = site.directory / A / ".of-somebody-else.new"
    other.write_bytes(b"")
    site.split()
    assert not any(path.exists() for path in left)
    assert not (site.directory / B).exists()
    assert other.exists()


def test_ctrl_c_ends_a_run_and_leaves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.log("1.log", events("a"))
    site.log("2.log", event("KILL"))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        fail_on(patched, KeyboardInterrupt())  # type: ignore[arg-type]
        site.split()
    assert nothing_on_its_way(site)
    assert site.split().ok
    assert site.users() == "aKILL"
    site.check()


def test_ctrl_c_ends_the_workers_at_once(site: Site) -> None:
    busy_site(site)
    with running(site) as (run, workers):
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=300)
        wait_for(lambda: not any(map(is_running, workers)))
    assert run.returncode != 0


def contend(directory: Path, log: Path, done: Any) -> None:
    options = Site.options(_at(directory))
    done.put(split([log], options).ok)


def _at(directory: Path) -> Site:
    site = Site.__new__(Site)
    site.directory = directory
    return site


def test_runs_at_the_same_time_wait_for_each_other(site: Site) -> None:
    logs = [site.log(f"{user}.log", events(user) + many_events(200, "UnivX/B/1")) for user in "abcd"]
    context = multiprocessing.get_context("fork")
    done = context.Queue()
    runs = [context.Process(target=contend, args=(site.directory, log, done)) for log in logs]
    for run in runs:
        run.start()
    for run in runs:
        run.join(timeout=300)
    assert [done.get(timeout=300) for _ in runs] == [True] * 4
    assert site.users() == "abcd"
    site.check()


def test_a_run_says_that_it_waits(site: Site) -> None:
    from edxtasks.logs.layout import Layout

    path = site.log("a.log", events("a"))
    stages: list[str] = []
    context = multiprocessing.get_context("fork")
    go, seen = context.Event(), context.Event()

    def tell(progress: Progress) -> None:
        stages.append(progress.stage)
        seen.set()

    def hold() -> None:
        with Layout(site.directory).locked():
            go.set()
            seen.wait(300)  # until the other run says that it waits

    holder = context.Process(target=hold)
    holder.start()
    go.wait(300)
    assert split([path], site.options(), tell).ok
    holder.join()
    assert stages[0] == "waiting"
    assert "splitting" in stages
