"""Worker processes: what jobs raise, progress that raises, ends at any moment."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import connection
from pathlib import Path

import pytest
import worker_jobs
from processes import is_running
from project import REPOSITORY

from edxtasks.errors import MachineError, UserError
from edxtasks.outcomes import Done, StoppedError, TaskDefectError, WorkerDiedError
from edxtasks.steps.step import DefectError, fault_of
from edxtasks.worker_process import Worker
from edxtasks.workers import Job, WorkerPool


def job(name: str, *arguments: object) -> Job:
    return Job(getattr(worker_jobs, name), arguments)


def quiet(done: int, of: int, unit: str) -> None:
    """Progress that nobody wants to know."""


@pytest.fixture(scope="module")
def shared() -> Iterator[WorkerPool]:
    workers = WorkerPool()
    yield workers
    workers.stop()


@pytest.mark.parametrize(
    "error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), EOFError(), KeyboardInterrupt()]
)
def test_progress_that_raises_is_not_taken_for_a_dead_worker(error: BaseException) -> None:
    workers = WorkerPool()
    begun: list[int] = []

    def progress(done: int, of: int, unit: str) -> None:
        begun.append(done)
        raise error

    with pytest.raises(type(error)) as raised:
        workers.run(job("wait"), progress)
    assert raised.value is error
    assert len(begun) == 1
    assert not is_running(begun[0])
    assert workers.run(job("add", 1, 2), quiet) == 3
    workers.stop()


def test_what_the_machine_refuses_is_no_defect(shared: WorkerPool, tmp_path: Path) -> None:
    missing = tmp_path / "no\nsuch.log"
    with pytest.raises(MachineError) as refused:
        shared.run(job("read", missing), quiet)
    assert str(refused.value) == (
        f"{tmp_path}/no\\nsuch.log: cannot be read or written: No such file or directory; "
        "it was removed, or never there"
    )
    with pytest.raises(MachineError, match="memory ran out: set memory_limit"):
        shared.run(job("take_memory"), quiet)


def test_a_defect_is_one_and_the_worker_lives_on(shared: WorkerPool) -> None:
    before = shared.run(job("tell", 0), quiet)
    with pytest.raises(TaskDefectError, match="ZeroDivisionError"):
        shared.run(job("stumble"), quiet)
    with pytest.raises(TaskDefectError, match="pickle"):
        shared.run(job("give_what_cannot_be_sent"), quiet)
    assert shared.run(job("tell", 3), quiet) == before


def test_a_worker_that_is_killed_fails_its_job_alone(shared: WorkerPool) -> None:
    def kill(process: int, of: int, unit: str) -> None:
        os.kill(process, signal.SIGKILL)

    with pytest.raises(WorkerDiedError, match=r"was killed \(SIGKILL\)"):
        shared.run(job("wait"), kill)
    with pytest.raises(WorkerDiedError, match=r"was killed \(SIGKILL\)"):
        shared.run(job("break_off"), quiet)
    assert shared.run(job("add", 1, 2), quiet) == 3


def test_a_worker_that_nobody_hears_any_more_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """The connection is reset where the other end goes before it has read what it was told, as in a run that
    is killed."""
    worker = Worker(None)
    worker.start()
    worker.begin(job("tell", 3))
    assert connection.wait([worker._connection], 300)
    worker._connection.close()
    worker.join()
    assert (worker.process.exitcode, capfd.readouterr().err) == (0, "")


def test_no_worker_is_started_after_the_end() -> None:
    workers = WorkerPool()
    workers.stop()
    with pytest.raises(StoppedError):
        workers.run(job("add", 1, 2), quiet)


def test_jobs_are_taken_as_workers_become_free_and_results_come_in_order() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(20):
            taken.append(number)
            yield job("add", number, 100)

    with WorkerPool(2) as workers:
        for done, (number, outcome) in enumerate(workers.each(jobs())):
            assert outcome == Done(100 + number)
            # At most two are at work, two others have ended at the same moment, one is ahead.
            assert len(taken) <= done + 5
        assert list(workers.in_order(jobs())) == list(range(100, 120))
    assert taken == [*range(20), *range(20)]


def test_the_first_error_ends_what_is_done_in_order() -> None:
    before = set(multiprocessing.active_children())
    with WorkerPool(2) as workers:
        with pytest.raises(TaskDefectError, match="ZeroDivisionError"):
            list(workers.in_order([job("wait"), job("stumble"), job("add", 1, 2)]))
        # Those that were at work have been ended with their workers: one would go on for minutes.
        assert set(multiprocessing.active_children()) <= before
        assert workers.run(job("add", 3, 4), quiet) == 7


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "/data/a\x1b[31m"),
            r"/data/a\x1b[31m: cannot be read",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; free some space"),
        (
            OSError(errno.EMFILE, "Too many open files", b"/data/\xff"),
            r"/data/\xff: cannot be read or written: Too",
        ),
        (
            OSError(errno.EXDEV, "Invalid cross-device link", "/a", None, "/b"),
            "/a and /b: cannot be read or wri",
        ),
        (OSError("no number"), "no number"),
        (TimeoutError(), "TimeoutError"),
        (MemoryError(), "memory ran out"),
        (UserError("as it is"), "as it is"),
    ],
)
def test_faults_of_the_machine_in_words(error: Exception, text: str) -> None:
    told = fault_of(error)
    assert str(told).startswith(text)
    assert not isinstance(told, DefectError)


def test_anything_else_is_a_defect() -> None:
    told = fault_of(KeyError("x"))
    assert isinstance(told, DefectError)
    assert str(told).startswith("a defect of edxtasks, please report it:\nKeyError: 'x'")


INTERRUPTED_AT_START = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from multiprocessing import util
from edxtasks.commands.ending import ended
from edxtasks.worker_process import Worker
from edxtasks.workers import Job, WorkerPool
import worker_jobs

spawn = util.spawnv_passfds
starts = 0

def spawn_slowly(*arguments):
    # As on a busy machine: between the start of a process and what it is told, time passes.
    global starts
    started = spawn(*arguments)
    starts += 1
    if starts == int(sys.argv[2]):
        time.sleep(float(sys.argv[3]))
        for _ in range(3):  # again and again, as people press it
            os.killpg(os.getpid(), signal.SIGINT)
            time.sleep(0.15)
    return started

util.spawnv_passfds = spawn_slowly

def work():
    workers = WorkerPool()
    try:
        workers.run(Job(worker_jobs.wait, ()), lambda *told: None)
    finally:
        workers.stop()

if __name__ == "__main__":
    sys.exit(ended(work))
"""


@pytest.mark.parametrize("start", [1, 2], ids=["the process that Python starts first", "the worker"])
@pytest.mark.parametrize("seconds", [0, 0.4], ids=["before Python runs there", "while it waits to be told"])
def test_ctrl_c_while_a_worker_starts_leaves_no_traceback_and_no_process(
    tmp_path: Path, start: int, seconds: float
) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED_AT_START)
    done = subprocess.run(
        [sys.executable, str(script), str(Path(__file__).parent), str(start), str(seconds)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        start_new_session=True,
        check=False,
    )
    # All output has ended: nothing that could write there is left.
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_worker_that_cannot_be_prepared_fails_its_jobs_and_shows_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with WorkerPool(prepare=worker_jobs.refuse) as workers:
        for _ in range(2):
            with pytest.raises(MachineError, match="No space left on device"):
                workers.run(job("add", 1, 2), quiet)
    assert capfd.readouterr().err == ""
