"""Worker processes: where the heavy part of a task runs.

doit schedules with threads. Each thread has one worker process of its own, started (spawned) when it is
first needed, that lives for the run and keeps its DuckDB. A worker that is killed, by hand or for memory,
fails the task that it was doing and is replaced; the rest of the run goes on.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from edxtasks.errors import SourceAbsentError, UserError, from_machine

_LAST_WORDS = 10.0
"""Seconds that a worker which has closed its end of the pipe gets to end."""

_QUOTED = re.compile(r"""(?<![A-Za-z])(?:"[^"\n]*"|'[^'\n]*')(?!, line)""")

Progress = Callable[[int, int, str], None]
"""Called with what is done, of how much (0: not known), in which unit."""


class WorkerDiedError(UserError):
    """The worker process of a task ended before its result came."""


class StoppedError(UserError):
    """The run was ended while the task was at work."""


class TaskDefectError(Exception):
    """An exception in a worker that is nobody's fault but the product's; its text holds the traceback."""


@dataclass(frozen=True)
class Job:
    """A function of a module, and its arguments; all of it is pickled, the function by its name.

    It is called as `function(progress, *arguments)` in a worker.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Workers:
    """The worker processes of a run, one for each thread that asks for one."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, job: Job, progress: Progress) -> Any:
        """Run a job in this thread's worker and give its result.

        Raises what the job raised (`UserError` and `SourceAbsentError` as they are, what the machine refused
        as `MachineError`, anything else as `TaskDefectError`), `WorkerDiedError` when the worker ended,
        `StoppedError` after `stop`. What `progress` raises says nothing of the worker: it ends the
        conversation, and the worker with it, and is raised as it is.
        """
        worker = getattr(self._mine, "worker", None)
        if worker is None or not worker.alive:
            worker = self._mine.worker = self._start()
        try:
            return worker.run(job, progress)
        except WorkerDiedError:
            with self._lock:
                self._all.discard(worker)
            if self._stopped:
                raise StoppedError("the run was ended") from None
            raise

    def stop(self) -> None:
        """End all workers at once, whatever they are doing, and start no more."""
        with self._lock:
            self._stopped = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.kill()

    def _start(self) -> _Worker:
        with self._lock:
            if self._stopped:
                raise StoppedError("the run was ended")
            worker = _Worker()
            self._all.add(worker)
        worker.start()
        with self._lock:
            stopped = self._stopped
        if stopped:
            worker.kill()
            raise StoppedError("the run was ended")
        return worker


class _Worker:
    def __init__(self) -> None:
        spawn = get_context("spawn")
        self._connection, self._theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(self._theirs,), name="edxtasks-worker")

    def start(self) -> None:
        """Start the process, in a thread of its own: Ctrl-C is raised in the main thread alone, so it never
        finds a process half started."""
        fault: list[BaseException] = []
        starter = threading.Thread(target=self._start, args=(fault,), name="edxtasks-starter")
        starter.start()
        starter.join()
        if fault:
            raise fault[0]

    def _start(self, fault: list[BaseException]) -> None:
        # Until the child takes no notice of Ctrl-C, which its terminal sends it too, it does not hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
            self._theirs.close()
        except BaseException as error:  # noqa: BLE001 - raised where the worker was asked for
            fault.append(error)

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def run(self, job: Job, progress: Progress) -> Any:
        self._send(job)
        while True:
            kind, value = self._receive()
            if kind == "result":
                return value
            if kind == "error":
                raise value
            try:
                progress(*value)
            except BaseException:
                self.kill()  # what it would still say is for nobody
                raise

    def _send(self, job: Job) -> None:
        try:
            self._connection.send(job)
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerDiedError(self._epitaph()) from None

    def _receive(self) -> tuple[str, Any]:
        try:
            ready = connection.wait([self._connection, self._process.sentinel])
            if self._connection not in ready:
                raise EOFError
            answer: tuple[str, Any] = self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise WorkerDiedError(self._epitaph()) from None
        return answer

    def _epitaph(self) -> str:
        self._process.join(_LAST_WORDS)
        if self._process.is_alive():
            self.kill()
            return "the process of this task no longer answered, and was ended"
        code = self._process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return (
                f"the process of this task was killed ({name}), perhaps because memory ran out: "
                'set memory_limit under [engine] (for example "2GB") or run fewer tasks at once (doit -n)'
            )
        return f"the process of this task ended with status {code} before it had a result"

    def kill(self) -> None:
        """End the process, if it runs. One that is being started is ended by who starts it."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()


def _serve(jobs: Connection) -> None:
    """The worker's life: take jobs until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            pickled = jobs.recv_bytes()
        except EOFError:
            return
        answer = _answer(pickled, jobs)
        try:
            jobs.send(answer)
        except Exception as error:  # noqa: BLE001 - an answer that cannot be sent must not end the worker
            jobs.send(("error", TaskDefectError("".join(traceback.format_exception(error)))))


def _answer(pickled: bytes, jobs: Connection) -> tuple[str, Any]:
    try:
        job: Job = pickle.loads(pickled)  # its function's module is imported here
        return "result", job.function(lambda *told: jobs.send(("progress", told)), *job.arguments)
    except (UserError, SourceAbsentError) as error:
        return "error", error
    except Exception as error:  # noqa: BLE001 - whatever it is, it fails this task and no other
        refused = from_machine(error)
        if refused is not None:
            return "error", refused
        text = "".join(traceback.format_exception(error))
        # The engine quotes values in its errors, and values may be personal.
        is_engine = type(error).__module__.partition(".")[0] in {"duckdb", "_duckdb"}
        return "error", TaskDefectError(_QUOTED.sub('"…"', text) if is_engine else text)


def _end_with_parent() -> None:
    """Leave no process behind when the parent is killed: its workers end with it."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
