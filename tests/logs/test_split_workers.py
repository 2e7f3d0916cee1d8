"""Worker processes: work is done, reported, fails alone; a killed worker is replaced."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edxtasks.logs.coordinator import to_share
from edxtasks.logs.exchange import AHEAD, Receiver, Sender, remove
from edxtasks.logs.layout import Layout
from edxtasks.logs.workers import Done, Failed, InterruptedRunError, WorkerPool


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
def directory(tmp_path: Path) -> Path:
    Layout(tmp_path).create()
    return tmp_path


@pytest.mark.parametrize("size", [1, 2])
def test_work_is_done_and_reported(directory: Path, size: int) -> None:
    reports: list[tuple[int, object]] = []
    works = [Count(3), Count(2, "defect"), Count(1), Count(2, "interrupted"), Count(0)]
    with WorkerPool(size, directory) as crew:
        done = dict(crew.do(works, lambda number, report: reports.append((number, report))))
    assert sorted(reports) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1)]
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert done[1] == Failed("LookupError: nothing there")
    assert done[3] == Failed("stopped half-way", {"so far": 2})
    pids = {done[number].result for number in (0, 2, 4)}  # type: ignore[union-attr]
    assert (os.getpid() in pids) == (size == 1)


def test_no_more_workers_than_work(directory: Path) -> None:
    with WorkerPool(4, directory) as crew:
        (outcome,) = dict(crew.do([Count(0)], lambda number, report: None)).values()
        assert isinstance(outcome, Done)
        assert list(crew.do([], lambda number, report: None)) == []
        (again,) = dict(crew.do([Count(0)], lambda number, report: None)).values()
    assert again == outcome  # the same process


@pytest.mark.parametrize(
    ("end", "words"), [("killed", "killed (signal 9, perhaps for lack of memory)"), ("exit", "exit code 3")]
)
def test_a_worker_that_dies_fails_its_work_alone(directory: Path, end: str, words: str) -> None:
    works = [Count(1), Count(1, end), Count(1, end), Count(1), Count(1), Count(1, end), Count(1)]
    with WorkerPool(2, directory) as crew:
        done = dict(crew.do(works, lambda number, report: None))
    assert [number for number in sorted(done) if isinstance(done[number], Failed)] == [1, 2, 5]
    failed = done[1]
    assert isinstance(failed, Failed) and words in failed.message


@dataclass(frozen=True)
class Double:
    """Says twice each number that it hears, and gives their sum when it hears None; ends badly at 13."""

    end: str = ""

    def talk(self, hear: Callable[[], object], say: Callable[[object], None]) -> int:
        total = 0
        while (number := hear()) is not None:
            assert isinstance(number, int)
            if number == 13:
                return Count(0, self.end).run(say)
            total += number
            say(2 * number)
        return total


def test_workers_hear_and_answer(directory: Path) -> None:
    with WorkerPool(3, directory) as crew:
        with crew.conversations([Double(), Double()]) as (one, other):
            for number in (1, 2):
                one.tell(number)
                other.tell(10 * number)
            assert [one.hear(), one.hear(), other.hear(), other.hear()] == [2, 4, 20, 40]
            one.tell(None)
            other.tell(None)
            assert (one.hear(), other.hear()) == (Done(3), Done(30))
        pids = {one.worker.process.pid, other.worker.process.pid}
        # The same workers do other work after it.
        done = dict(crew.do([Count(1)] * 2, lambda number, report: None))
    assert {outcome.result for outcome in done.values() if isinstance(outcome, Done)} <= pids


@pytest.mark.parametrize(("end", "words"), [("killed", "signal 9"), ("defect", "LookupError: nothing there")])
def test_one_that_fails_says_so(directory: Path, end: str, words: str) -> None:
    with WorkerPool(2, directory) as crew:
        with crew.conversations([Double(end), Double()]) as (one, other):
            one.tell(13)
            other.tell(1)
            if end == "killed":
                one.worker.process.join()
            one.tell(1)  # nobody is there to hear it
            failed = one.hear()
            assert isinstance(failed, Failed) and words in failed.message
        assert len(dict(crew.do([Count(1)] * 3, lambda number, report: None))) == 3


def test_workers_are_ended_in_the_middle_of_work(directory: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        WorkerPool(2, directory) as crew,
        crew.conversations([Double("slow"), Double("slow")]) as (one, _),
    ):
        one.tell(13)
        raise KeyboardInterrupt
    with Layout(directory).locked():  # no worker holds it any more
        pass


def test_texts_are_handed_over_in_order(tmp_path: Path) -> None:
    name = tmp_path / "texts"
    with Receiver(name) as receiver, Sender(name) as sender:
        under_way: list[tuple[list[bytes], tuple[int, ...]]] = []
        for number in range(9):
            texts = [b"%d" % number * length for length in (3, 0, 200_000 // (number + 1))]
            under_way.append((texts, sender.send(texts)))
            if len(under_way) == AHEAD:
                expected, sizes = under_way.pop(0)
                assert receiver.receive(sizes) == expected
    assert len(list(tmp_path.iterdir())) == AHEAD
    remove(name)
    assert not list(tmp_path.iterdir())


def test_texts_that_do_not_arrive_whole_are_an_error(tmp_path: Path) -> None:
    name = tmp_path / "texts"
    with Receiver(name) as receiver, Sender(name) as sender:
        sizes = sender.send([b"abc", b"defg"])
        (tmp_path / "texts.0").write_bytes(b"abcdef")
        with pytest.raises(OSError, match=r"texts\.0: texts handed over are cut short"):
            receiver.receive(sizes)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    for number in range(AHEAD):
        (tmp_path / f"texts.{number}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"), Sender(tmp_path / "texts") as sender:
        sender.send([b"abc"])


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
