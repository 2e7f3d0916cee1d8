"""Worker processes: where heavy work runs. One pool for tasks, raw logs, states of problems and all else.

They are started by spawn when there is something to do. A worker that is killed, by hand or for memory, fails
the job that it had and no other, and is replaced; one whose parent has gone ends by itself, at once. A job
tells its parent how far it is. Jobs are taken from the caller one by one as workers become free, so that no
more of them are in memory than there are workers, and one.

The standard pools cannot do this. With `concurrent.futures` (and loky, which is built on it) a killed worker
fails all jobs; `multiprocessing.Pool` waits for its job for ever. Both take in all jobs at once and hear
nothing of a job before its end, and their workers outlive a parent that is killed.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import traceback
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from edxtasks.errors import SourceAbsentError, UserError, from_machine

_LAST_WORDS = 10.0
"""Seconds that a worker which has closed its end of the pipe gets to end."""

_FOR_MEMORY = (
    ', perhaps because memory ran out: set memory_limit (for example "2GB") or workers under [engine] lower, '
    "or run fewer tasks at once (doit -n)"
)

_QUOTED = re.compile(r"""(?<![A-Za-z])(?:"[^"\n]*"|'[^'\n]*')(?!, line)""")

Progress = Callable[[int, int, str], None]
"""Called with what is done, of how much (0: not known), in which unit; or, as the unit, whom a job
waits for (`locks.WAITING`)."""

Report = Callable[..., None]
"""Called by a job with what its parent is to know."""

Work = Callable[[Any], object]
"""A job: called with a `Report` (in a worker: a `Parent`). It can be pickled, and so can what it reports,
returns and raises."""


class WorkerDiedError(UserError):
    """The worker process of a job ended before its result came."""


class StoppedError(UserError):
    """The run was ended while the job was at work."""


class TaskDefectError(Exception):
    """An exception that is nobody's fault but the product's; its text is the traceback, `brief` its last
    line."""

    def __init__(self, trace: str, brief: str) -> None:
        super().__init__(trace, brief)
        self.brief = brief

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Job:
    """A function of a module, and its arguments; all of it is pickled, the function by its name.

    It is called as `function(report, *arguments)` in a worker.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __call__(self, report: Report) -> Any:
        return self.function(report, *self.arguments)


@dataclass(frozen=True)
class Reported:
    """What a job reported."""

    told: tuple[Any, ...]


@dataclass(frozen=True)
class Done:
    """The result of a job."""

    result: Any

    def get(self) -> Any:
        """The result."""
        return self.result


@dataclass(frozen=True)
class Failed:
    """How a job failed: with an error as `for_people` gives it, or `WorkerDiedError`."""

    error: Exception

    def get(self) -> Any:
        """Raise the error."""
        raise self.error


Outcome = Done | Failed


def attempted(work: Callable[[], object]) -> Outcome:
    """What work gives, whether it succeeds or not."""
    try:
        return Done(work())
    except Exception as error:  # noqa: BLE001 - whatever it is, it fails this work and no other
        return Failed(for_people(error))


def for_people(error: Exception) -> Exception:
    """`UserError` and `SourceAbsentError` as they are, `MachineError` for what the machine refused, anything
    else as `TaskDefectError`. It can be pickled."""
    if isinstance(error, UserError | SourceAbsentError | TaskDefectError):
        return error
    if refused := from_machine(error):
        return refused
    texts = "".join(traceback.format_exception(error)), f"{type(error).__name__}: {error}"
    # The engine quotes values in its errors, and values may be personal.
    if type(error).__module__.partition(".")[0] in {"duckdb", "_duckdb"}:
        return TaskDefectError(*(_QUOTED.sub('"…"', text) for text in texts))
    return TaskDefectError(*texts)


def described(error: Exception) -> str:
    """The text of an exception, for people; with its kind where it is a defect of the product."""
    told = for_people(error)
    return told.brief if isinstance(told, TaskDefectError) else str(told)


class WorkerPool:
    """Workers, started as they are needed, that live until `stop` and keep what a job leaves for the next.

    A context manager: at its end the workers are ended, also in the middle of work. Any thread may use it.
    `size` is for `each` and `in_order`: so many jobs at a time. `prepare` is called once in each worker; what
    it gives is kept while the worker lives.
    """

    def __init__(self, size: int = 1, prepare: Callable[[], object] | None = None) -> None:
        self.size = size
        self._prepare = prepare
        self._free: list[Worker] = []
        self._all: set[Worker] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def run(self, job: Work, report: Report) -> Any:
        """Run a job in a worker and give its result.

        Raises the error of `Failed`, and `StoppedError` after `stop`. What `report` raises says nothing of
        the worker: it ends the job, and the worker with it, and is raised as it is.
        """
        with self.side_by_side([job]) as (worker,):
            while isinstance(message := worker.receive(), Reported):
                report(*message.told)
        if self._stopped and isinstance(message, Failed) and isinstance(message.error, WorkerDiedError):
            raise StoppedError("the run was ended")
        return message.get()

    def each(
        self, jobs: Iterable[Work], report: Callable[..., None] = lambda number, *told: None
    ) -> Generator[tuple[int, Outcome]]:
        """Do all jobs, begun in this order, and give each one's number and outcome as it comes.

        `report` gets the number of a job and what it reports. With `size` 1 the jobs are done here.
        """
        waiting = enumerate(jobs)
        if self.size == 1:
            for number, job in waiting:
                yield number, attempted(partial(job, partial(report, number)))
            return
        following = next(waiting, None)
        busy: dict[Worker, int] = {}
        ended: list[tuple[int, Outcome]] = []
        try:
            while following or busy or ended:
                while following and len(busy) < self.size:
                    worker = self._take()
                    busy[worker], job = following
                    worker.begin(job)
                    following = next(waiting, None)
                yield from ended  # the workers have other work by now
                ended = []
                for worker in _heard(busy):
                    message = worker.receive()
                    if isinstance(message, Reported):
                        report(busy[worker], *message.told)
                    else:
                        ended.append((busy.pop(worker), message))
                        self._give_back([worker])
        finally:
            self._give_back(busy)

    def in_order(self, jobs: Iterable[Work]) -> Iterator[Any]:
        """Do all jobs, and give their results in this order, each kept until it is its turn. Raises the first
        error that comes."""
        kept: dict[int, Any] = {}
        following = 0
        with closing(self.each(jobs)) as outcomes:
            for number, outcome in outcomes:
                kept[number] = outcome.get()
                while following in kept:
                    yield kept.pop(following)
                    following += 1

    @contextmanager
    def side_by_side(self, jobs: Sequence[Work]) -> Iterator[list[Worker]]:
        """Begin all jobs, each in a worker of its own. Those that have not ended when the block does are
        ended with their workers."""
        workers: list[Worker] = []
        try:
            for job in jobs:
                workers.append(self._take())
                workers[-1].begin(job)
            yield workers
        finally:
            self._give_back(workers)

    def stop(self) -> None:
        """End all workers at once, whatever they are doing, and start no more."""
        with self._lock:
            self._stopped = True
            workers = [*self._all]
        self._end(workers)

    def _take(self) -> Worker:
        """A worker that is free, or a new one."""
        with self._lock:
            while self._free and not self._stopped:
                if (worker := self._free.pop()).alive:
                    return worker
                self._all.discard(worker)
            if self._stopped:
                raise StoppedError("the run was ended")
            worker = Worker(self._prepare)
            self._all.add(worker)
        worker.start()
        if self._stopped:  # `stop` may have come before there was a process to end
            self._end([worker])
            raise StoppedError("the run was ended")
        return worker

    def _give_back(self, workers: Collection[Worker]) -> None:
        """Keep those that have ended their jobs for others, and end those that have not."""
        with self._lock:
            self._free += [worker for worker in workers if not worker.busy]
        self._end([worker for worker in workers if worker.busy])

    def _end(self, workers: Collection[Worker]) -> None:
        with self._lock:
            self._all.difference_update(workers)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()


class Worker:
    """A worker process, as its parent sees it."""

    def __init__(self, prepare: Callable[[], object] | None) -> None:
        spawn = get_context("spawn")
        self._connection, self._theirs = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(self._theirs, prepare), name="edxtasks-worker")
        self.busy = False
        """Whether it has a job whose outcome has not been received; for good when the worker is no more."""

    def start(self) -> None:
        """Start the process, in a thread of its own: Ctrl-C is raised in the main thread alone, so it never
        finds a process half started."""
        fault: list[BaseException] = []
        has_started = threading.Event()
        starter = threading.Thread(target=self._start, args=(fault, has_started), name="edxtasks-starter")
        starter.start()
        # Not `join`: before Python 3.13 an interrupted `join` takes the thread for ended, and Python may
        # end under it.
        try:
            has_started.wait()
        finally:
            has_started.wait()
        if fault:
            raise fault[0]

    def _start(self, fault: list[BaseException], has_started: threading.Event) -> None:
        try:
            resource_tracker.ensure_running()  # to start it lets signals through again
            # Until the child takes no notice of Ctrl-C, which its terminal sends it too, it does not hear it.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            self.process.start()
            self._theirs.close()
        except BaseException as error:  # noqa: BLE001 - raised where the worker was asked for
            fault.append(error)
        finally:
            has_started.set()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.is_alive()

    @property
    def waitables(self) -> tuple[Any, Any]:
        """What `multiprocessing.connection.wait` takes: one of both is ready when `receive` does not wait."""
        return self._connection, self.process.sentinel

    def is_heard(self) -> bool:
        """Whether `receive` would not wait."""
        return bool(connection.wait(self.waitables, 0))

    def begin(self, job: Work) -> None:
        """Give it a job."""
        self.busy = True
        self.send(job)

    def send(self, message: object) -> None:
        """Tell its job something."""
        with suppress(BrokenPipeError, ConnectionResetError):  # that it has ended, `receive` tells
            self._connection.send(message)

    def receive(self) -> Reported | Outcome:
        """What it says next; `Failed` when it is no more."""
        try:
            ready = connection.wait(self.waitables)
            if self._connection not in ready and not self._connection.poll():
                raise EOFError
            message: Reported | Outcome = self._connection.recv()
        except (EOFError, OSError):  # also in the middle of what it said
            return Failed(WorkerDiedError(self._epitaph()))
        self.busy = isinstance(message, Reported)
        return message

    def _epitaph(self) -> str:
        self.process.join(_LAST_WORDS)
        if self.alive:
            self.kill()
            return "the worker process no longer answered, and was ended"
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"the worker process ended (exit code {code}) before it had a result"
        told = f"the worker process was killed ({signal.Signals(-code).name})"
        return f"{told}{_FOR_MEMORY}" if code == -signal.SIGKILL else told

    def kill(self) -> None:
        """End the process, if it runs. One that is being started is ended by who starts it."""
        if self.process.pid is not None:
            self.process.kill()

    def join(self) -> None:
        """Wait for the end of the process, if it was started."""
        if self.process.pid is not None:
            self.process.join()


def _heard(workers: Iterable[Worker]) -> list[Worker]:
    """Those of the workers that have something to say, or are no more: one at least, if there are any."""
    by_waitable = {waitable: worker for worker in workers for waitable in worker.waitables}
    ready = connection.wait([*by_waitable]) if by_waitable else []
    return [*dict.fromkeys(by_waitable[each] for each in ready)]


class Parent:
    """The parent, as a job in a worker sees it: called with what it is to know (a `Report`)."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self, *told: object) -> None:
        self._pipe.send(Reported(told))

    def receive(self) -> Any:
        """What it says next (`Worker.send`)."""
        return self._pipe.recv()


def _serve(pipe: Connection, prepare: Callable[[], object] | None) -> None:
    """The worker's life: do jobs until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    kept = prepare() if prepare is not None else None
    while True:
        try:
            pickled = pipe.recv_bytes()
        except EOFError:
            break
        # The module of the job is imported when it is unpickled.
        outcome = attempted(lambda: pickle.loads(pickled)(Parent(pipe)))  # noqa: B023
        try:
            pipe.send(outcome)
        except Exception as error:  # noqa: BLE001 - an outcome that cannot be sent must not end the worker
            pipe.send(Failed(for_people(error)))
    del kept


def _end_with_parent() -> None:
    """Leave no process behind when the parent is killed: its workers end with it."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
