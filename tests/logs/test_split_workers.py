"""Worker processes of a split: work is done, reported, fails alone; a killed worker is replaced."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from split_site import IMPATIENT, Site, events

from edxtasks.logs import slots
from edxtasks.logs.coordinator import to_share
from edxtasks.logs.layout import Layout
from edxtasks.logs.parts import Part
from edxtasks.logs.publish import PublishBucket
from edxtasks.logs.publisher import are_worth_a_worker
from edxtasks.logs.raw_files import Block
from edxtasks.logs.rules import LineRules, RephraseRules
from edxtasks.logs.shared_log import AHEAD, RemoteWorker, Rephrasing
from edxtasks.logs.supplies import Supply
from edxtasks.logs.work import InterruptedRunError
from edxtasks.outcomes import Done, Failed, Outcome, Reported, described
from edxtasks.worker_process import Parent
from edxtasks.workers import WorkerPool


@dataclass(frozen=True)
class Count:
    """Reports the numbers below `to`, and then does what `end` says."""

    to: int
    end: str = ""

    def run(self, report: Callable[[object], None]) -> int:
        for number in range(self.to):
            report(number)
        if self.end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.end == "exit":
            os._exit(3)
        if self.end == "defect":
            raise LookupError("nothing there")
        if self.end == "interrupted":
            raise InterruptedRunError("stopped half-way", {"so far": self.to})
        if self.end == "slow":
            time.sleep(600)  # to be ended before
        return os.getpid()


@pytest.fixture
def hold(tmp_path: Path) -> Callable[[], object]:
    """What a worker of a split does first: it holds the log directory."""
    layout = Layout(tmp_path)
    layout.create()
    return layout.hold_as_worker


def told(outcome: Outcome) -> tuple[str, object]:
    """What is told of work that failed, and its partial result."""
    assert isinstance(outcome, Failed)
    return described(outcome.error), getattr(outcome.error, "known", None)


@pytest.mark.parametrize("size", [1, 2])
def test_work_is_done_and_reported(hold: Callable[[], object], size: int) -> None:
    reports: list[tuple[int, object]] = []
    works = [Count(3), Count(2, "defect"), Count(1), Count(2, "interrupted"), Count(0)]
    with WorkerPool(size, hold) as crew:
        done = dict(
            crew.each([work.run for work in works], lambda number, report: reports.append((number, report)))
        )
    assert sorted(reports) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1)]
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert told(done[1]) == ("LookupError: nothing there", None)
    assert told(done[3]) == ("stopped half-way", {"so far": 2})
    pids = {done[number].result for number in (0, 2, 4)}  # type: ignore[union-attr]
    assert (os.getpid() in pids) == (size == 1)


def test_no_more_workers_than_work(hold: Callable[[], object]) -> None:
    with WorkerPool(4, hold) as crew:
        (outcome,) = dict(crew.each([Count(0).run])).values()
        assert isinstance(outcome, Done)
        assert list(crew.each([])) == []
        (again,) = dict(crew.each([Count(0).run])).values()
    assert again == outcome  # the same process


@pytest.mark.parametrize(
    ("end", "words"),
    [("killed", "killed (SIGKILL), perhaps because memory ran out"), ("exit", "exit code 3")],
)
def test_a_worker_that_dies_fails_its_work_alone(hold: Callable[[], object], end: str, words: str) -> None:
    works = [Count(1), Count(1, end), Count(1, end), Count(1), Count(1), Count(1, end), Count(1)]
    with WorkerPool(2, hold) as crew:
        done = dict(crew.each([work.run for work in works]))
    assert [number for number in sorted(done) if isinstance(done[number], Failed)] == [1, 2, 5]
    assert words in told(done[1])[0]


@dataclass(frozen=True)
class Double:
    """Says twice each number that it hears, and gives their sum when it hears None; ends badly at 13."""

    end: str = ""

    def run(self, parent: Parent) -> int:
        total = 0
        while (number := parent.receive()) is not None:
            if number == 13:
                return Count(0, self.end).run(parent)
            total += number
            parent(2 * number)
        return total


def test_workers_hear_and_answer(hold: Callable[[], object]) -> None:
    with WorkerPool(3, hold) as crew:
        with crew.side_by_side([Double().run, Double().run]) as (one, other):
            for number in (1, 2):
                one.send(number)
                other.send(10 * number)
            heard = [one.receive(), one.receive(), other.receive(), other.receive()]
            assert heard == [Reported((number,)) for number in (2, 4, 20, 40)]
            one.send(None)
            other.send(None)
            assert (one.receive(), other.receive()) == (Done(3), Done(30))
        pids = {one.process.pid, other.process.pid}
        # The same workers do other work after it.
        done = dict(crew.each([Count(1).run] * 2))
    assert {outcome.result for outcome in done.values() if isinstance(outcome, Done)} <= pids


@pytest.mark.parametrize(("end", "words"), [("killed", "SIGKILL"), ("defect", "LookupError: nothing there")])
def test_one_that_fails_says_so(hold: Callable[[], object], end: str, words: str) -> None:
    with WorkerPool(2, hold) as crew:
        with crew.side_by_side([Double(end).run, Double().run]) as (one, other):
            one.send(13)
            other.send(1)
            if end == "killed":
                one.process.join()
            one.send(1)  # nobody is there to hear it
            failed = one.receive()
            assert isinstance(failed, Failed) and words in described(failed.error)
        assert len(dict(crew.each([Count(1).run] * 3))) == 3


def test_workers_are_ended_in_the_middle_of_work(tmp_path: Path, hold: Callable[[], object]) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        WorkerPool(2, hold) as crew,
        crew.side_by_side([Double("slow").run, Double("slow").run]) as (one, _),
    ):
        one.send(13)
        raise KeyboardInterrupt
    with Layout(tmp_path).locked():  # no worker holds it any more
        pass


def lines(number: int, count: int) -> bytes:
    """Lines of rows that are larger than the lines, and than what a pipe holds."""
    line = b'{"time":"2014-10-14T12:00:00Z","event_source":"server","event_type":"%d","username":"%d"}\n'
    return b"".join(line % (number, each) for each in range(count))


REPHRASING = Rephrasing(LineRules(RephraseRules()))


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_worker_rephrases_blocks_in_order(
    hold: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    """As many blocks as it may have are sent before any rows are taken, more than pipes hold in either
    direction; some are larger than what slots keep."""
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(slots, "KEPT", 400_000)
    counts = [3_000, 5_000, 1, 4_000, 3_000]
    with WorkerPool(2, hold) as crew:
        with (
            crew.side_by_side([REPHRASING.run]) as (worker,),
            RemoteWorker(worker, tmp_path) as remote,
        ):
            for number, count in enumerate(counts):
                while not remote.takes_more():
                    check_rows(remote, number - AHEAD, counts)
                remote.send(Block(lines(number, count)))
            for number in range(len(counts) - AHEAD, len(counts)):
                check_rows(remote, number, counts)
            assert remote.under_way == 0
            assert remote.end().bad_utf8 == 0
        assert dict(crew.each([Count(1).run])) == {0: Done(worker.process.pid)}  # it does other work after it
    assert not list(tmp_path.glob("tmp*"))


def check_rows(remote: RemoteWorker, number: int, counts: list[int]) -> None:
    """Take the rows of the block of this number."""
    block = remote.rows()
    (rows,), (text,) = block.groups, block.texts
    assert block.lines == rows.rows == counts[number]
    texts = text.splitlines()
    assert [orjson.loads(row)["username"] for row in texts] == [*map(str, range(counts[number]))]
    assert all(b'"event_type":"%d"' % number in row for row in texts)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_slot_has_room_for_all_that_is_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    """A file with holes, on a disk that is full by then, would end the process when a hole is written to."""
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create")
    slot = slots.Slot.new(tmp_path)
    assert slot.write([b"x" * 100_000]) == [100_000]
    held = os.fstat(slot.file)
    assert held.st_blocks * 512 >= held.st_size == 125_000
    slot.close()


def test_rejects_that_no_pipe_holds_are_waited_for(hold: Callable[[], object], tmp_path: Path) -> None:
    """Only rows go through slots: of lines that make none, the worker waits until it has told."""
    junk = b"x" * 999 + b"\n"
    with (
        WorkerPool(2, hold) as crew,
        crew.side_by_side([REPHRASING.run]) as (worker,),
        RemoteWorker(worker, tmp_path) as remote,
    ):
        assert remote.takes_more()
        for _ in range(AHEAD):
            remote.send(Block(junk * 1000))
        for _ in range(AHEAD):
            block = remote.rows()
            assert [number for number, *_ in block.rejects] == [*range(1000)]
            assert {text for *_, text in block.rejects} == {junk[:-1]}
            assert not block.groups and not block.texts
        remote.end()


def test_what_a_worker_fails_of_comes_after_the_rows_before_it(
    hold: Callable[[], object], tmp_path: Path
) -> None:
    with (
        WorkerPool(2, hold) as crew,
        crew.side_by_side([REPHRASING.run]) as (worker,),
        RemoteWorker(worker, tmp_path) as remote,
    ):
        assert remote.takes_more()
        remote.send(Block(lines(0, 20_000)))
        worker.send("no block")
        assert remote.rows().lines == 20_000
        with pytest.raises(InterruptedRunError, match="AttributeError"):
            remote.rows()


@pytest.mark.parametrize("end", ["killed", "defect"])
def test_a_worker_that_fails_at_a_block_takes_no_other_work(
    hold: Callable[[], object], tmp_path: Path, end: str
) -> None:
    with WorkerPool(2, hold) as crew:
        with (
            crew.side_by_side([REPHRASING.run]) as (worker,),
            RemoteWorker(worker, tmp_path) as remote,
        ):
            assert remote.takes_more()
            if end == "killed":
                os.kill(worker.process.pid or 0, signal.SIGKILL)
            else:
                worker.send("no block")
            remote.send(Block(lines(0, 1)))
            with pytest.raises(InterruptedRunError):
                remote.rows()
        done = dict(crew.each([Count(1).run] * 3))
    assert all(isinstance(outcome, Done) for outcome in done.values())


def test_a_worker_that_dies_as_it_begins(hold: Callable[[], object], tmp_path: Path) -> None:
    with (
        WorkerPool(2, hold) as crew,
        crew.side_by_side([REPHRASING.run]) as (worker,),
        RemoteWorker(worker, tmp_path) as remote,
    ):
        worker.kill()
        with pytest.raises(InterruptedRunError, match="SIGKILL"):
            remote.takes_more()


@pytest.mark.parametrize(
    ("weights", "workers", "expected"),
    [
        ([900], 2, 1),
        ([900], 1, 0),
        ([99], 2, 0),  # too light
        ([500, 490], 2, 0),  # side by side
        ([900, 300], 2, 2),  # after the first one nothing else is to be done beside the second
        ([900, 200, 190], 2, 1),
        ([9000, 800, 790], 2, 1),
        ([9000, 4000, 100], 2, 2),
        ([100] * 10, 4, 0),
        ([1000, 900, 100], 4, 2),
        ([], 2, 0),
    ],
)
def test_raw_logs_much_larger_than_their_share_are_shared(
    weights: list[int], workers: int, expected: int
) -> None:
    assert to_share(weights, workers, above=100) == expected


def test_a_log_that_ends_before_its_workers_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteWorker, "has_begun", IMPATIENT)
    shards = []
    for workers in (1, 2):
        site = Site(tmp_path / str(workers))
        site.log("a.log", events("abcdef") + events("g", None))
        assert site.split(workers=workers, shared_above=1, block_size=200).ok
        shards.append(site.shards())
    assert len(shards[0]) == 2
    assert shards[0] == shards[1]


def bucket(*days: list[int]) -> PublishBucket:
    """The work of a bucket with so many days, each of parts of these sizes."""
    part = Part("A__B__C", "2014-10-13", "0.json.gz", 1, 0, 0, "", 0)
    supplies = [tuple(Supply("log", Path("x"), replace(part, size=size)) for size in sizes) for sizes in days]
    return PublishBucket(Path(), "A__B__C", {str(number): each for number, each in enumerate(supplies)}, 1)


@pytest.mark.parametrize(
    ("works", "expected"),
    [
        ([bucket([10**9])], False),  # linked
        ([bucket([10**6, 10**6])], False),
        ([bucket([10**8, 10**8])], True),
        ([bucket(*[[1]] * 60)], False),
        ([bucket(*[[1]] * 300)] * 2, True),
    ],
)
def test_little_is_published_without_a_worker(works: list[PublishBucket], expected: bool) -> None:
    assert are_worth_a_worker(works) == expected
