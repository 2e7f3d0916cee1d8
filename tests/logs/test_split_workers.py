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
from edxtasks.logs.layout import Layout
from edxtasks.logs.workers import Crew, Done, Failed, Interrupted


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
            raise Interrupted("stopped half-way", {"so far": self.to})
        if self.end == "slow":
            time.sleep(60)
        return os.getpid()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Layout(tmp_path).create()
    return tmp_path


@pytest.mark.parametrize("size", [1, 2])
def test_work_is_done_and_reported(directory: Path, size: int) -> None:
    reports: list[tuple[int, object]] = []
    works = [Count(3), Count(2, "defect"), Count(1), Count(2, "interrupted"), Count(0)]
    with Crew(size, directory) as crew:
        done = dict(crew.do(works, lambda number, report: reports.append((number, report))))
    assert sorted(reports) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1)]
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert done[1] == Failed("LookupError: nothing there")
    assert done[3] == Failed("stopped half-way", {"so far": 2})
    pids = {done[number].result for number in (0, 2, 4)}  # type: ignore[union-attr]
    assert (os.getpid() in pids) == (size == 1)


def test_no_more_workers_than_work(directory: Path) -> None:
    with Crew(4, directory) as crew:
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
    with Crew(2, directory) as crew:
        done = dict(crew.do(works, lambda number, report: None))
    assert [number for number in sorted(done) if isinstance(done[number], Failed)] == [1, 2, 5]
    failed = done[1]
    assert isinstance(failed, Failed) and words in failed.message


def test_reports_are_taken_in_turn(directory: Path) -> None:
    with Crew(3, directory) as crew:
        said = list(crew.do_in_turn([Count(2), Count(2), Count(1)]))
        assert [(number, what) for number, what in said if not isinstance(what, Done)] == [
            (0, 0),
            (1, 0),
            (2, 0),
            (0, 1),
            (1, 1),
        ]
        assert sorted(number for number, what in said if isinstance(what, Done)) == [0, 1, 2]
        # The same workers do other work after it.
        assert len(dict(crew.do([Count(1)] * 4, lambda number, report: None))) == 4


@pytest.mark.parametrize("end", ["killed", "defect"])
def test_one_that_fails_ends_what_is_done_in_turn(directory: Path, end: str) -> None:
    with Crew(2, directory) as crew:
        begun = time.monotonic()
        said = list(crew.do_in_turn([Count(1, end), Count(5, "slow")]))
        assert isinstance(said[-1][1], Failed)
        assert len(dict(crew.do([Count(1)] * 3, lambda number, report: None))) == 3
    assert time.monotonic() - begun < 20


def test_workers_are_ended_in_the_middle_of_work(directory: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Crew(2, directory) as crew:
        for _ in crew.do_in_turn([Count(1, "slow"), Count(1, "slow")]):
            raise KeyboardInterrupt
    assert time.monotonic() - begun < 20
    with Layout(directory).locked():  # no worker holds it any more
        pass


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
