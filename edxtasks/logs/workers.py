"""Worker processes of a split: each does one piece of work after another and reports on the way.

They are started by spawn. A worker that is killed fails the work that it had, and nothing else; a worker
whose parent has gone ends by itself.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection as connections
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol, runtime_checkable

from edxtasks.errors import UserError, from_machine
from edxtasks.logs.layout import Layout

Report = Callable[[object], None]
SECONDS_TO_END = 10
"""How long a worker that is no more to be heard is waited for."""


class Work(Protocol):
    """Something to do: it can be pickled, and so can what it reports and what it returns."""

    def run(self, report: Report) -> object:
        """Do it."""


@runtime_checkable
class WorkerHandle(Protocol):
    """Work that is told things on the way."""

    def talk(self, hear: Callable[[], object], say: Report) -> object:
        """Do it; `hear` waits for what is told next."""


@dataclass(frozen=True)
class Done:
    """The result of work."""

    result: object


@dataclass(frozen=True)
class Failed:
    """Work that ended with an exception, or whose worker was killed.

    `known` is the partial result attached to the exception, if it has one.
    """

    message: str
    known: object = None


class WorkerPool:
    """Up to `size` workers, started when there is something to do; with `size` 1 the work is done here.

    A context manager: at its end the workers are ended, also in the middle of work.
    """

    def __init__(self, size: int, directory: Path) -> None:
        self.size = size
        self._directory = directory
        self._workers: list[_Worker] = []

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end(list(self._workers))

    def do(
        self, works: Sequence[Work], report: Callable[[int, object], None]
    ) -> Iterator[tuple[int, Done | Failed]]:
        """Do all works, begun in this order, and give each one's number and result as it comes.

        `report` gets the number of the work and what it reports on the way.
        """
        if self.size == 1:
            for number, work in enumerate(works):
                with without_collections():
                    outcome = attempted(partial(work.run, partial(report, number)))
                yield number, outcome
            return
        waiting = iter(enumerate(works))
        busy: dict[Connection, tuple[_Worker, int]] = {}
        try:
            for worker in self._staff(min(self.size, len(works))):
                _give(busy, worker, waiting)
            while busy:
                for ready in connections.wait(list(busy)):
                    assert isinstance(ready, Connection)
                    worker, number = busy[ready]
                    message = worker.receive()
                    if not isinstance(message, Done | Failed):
                        report(number, message)
                        continue
                    del busy[ready]
                    if worker.lost:
                        self._workers.remove(worker)
                        worker = self._start()
                    _give(busy, worker, waiting)
                    yield number, message
        finally:
            self._end([worker for worker, _ in busy.values()])

    @contextmanager
    def conversations(self, talks: Sequence[WorkerHandle]) -> Iterator[list[WorkerConnection]]:
        """Begin all talks side by side, one worker each. Those that have not ended when the block does are
        ended with their workers. Needs more than one worker."""
        conversations: list[WorkerConnection] = []
        try:
            for worker, talk in zip(self._staff(len(talks)), talks, strict=True):
                worker.give(talk)
                conversations.append(WorkerConnection(worker))
            yield conversations
        finally:
            self._end([each.worker for each in conversations if not each.done])

    def _end(self, workers: list[_Worker]) -> None:
        """End workers at once, whatever they are doing."""
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.end()
            if worker in self._workers:
                self._workers.remove(worker)

    def _staff(self, size: int) -> list[_Worker]:
        while len(self._workers) < size:
            self._start()
        return self._workers[:size]

    def _start(self) -> _Worker:
        worker = _Worker(self._directory)
        self._workers.append(worker)
        return worker


def _give(
    busy: dict[Connection, tuple[_Worker, int]], worker: _Worker, waiting: Iterator[tuple[int, Work]]
) -> None:
    number, work = next(waiting, (-1, None))
    if work is not None:
        worker.give(work)
        busy[worker.connection] = worker, number


@contextmanager
def without_collections() -> Iterator[None]:
    """Without looking for cycles: parsed lines hold none, and there are many."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def attempted(work: Callable[[], object]) -> Done | Failed:
    """What work gives, whether it succeeds or not."""
    try:
        return Done(work())
    except Exception as error:  # noqa: BLE001 -- fails this work alone, and is told
        return Failed(described(error), getattr(error, "known", None))


def described(error: Exception) -> str:
    """The text of an exception; with its kind where it is a defect of the product."""
    refused = from_machine(error)
    told = isinstance(error, UserError | InterruptedRunError)
    return str(refused or error) if told or refused else f"{type(error).__name__}: {error}"


class InterruptedRunError(Exception):
    """Work that stopped half-way; `known` is its partial result."""

    def __init__(self, message: str, known: object) -> None:
        super().__init__(message)
        self.known = known


class WorkerConnection:
    """The parent's handle of a running task."""

    def __init__(self, worker: _Worker) -> None:
        self.worker = worker
        self.done = False

    def tell(self, message: object) -> None:
        """Tell it something."""
        self.worker.give(message)

    def is_heard(self) -> bool:
        """Whether `hear` would not wait."""
        return self.worker.connection.poll()

    def hear(self) -> object:
        """What it says next; in the end `Done` or `Failed`."""
        message = self.worker.receive()
        self.done = isinstance(message, Done)
        return message


class _Worker:
    def __init__(self, directory: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.lost = False
        self.process: BaseProcess = context.Process(
            target=_serve, args=(theirs, directory), name="edxtasks split", daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, what: object) -> None:
        try:
            self.connection.send(what)
        except (BrokenPipeError, ConnectionResetError):
            self.lost = True  # told when its answer is asked for

    def receive(self) -> object:
        """What the worker says next; `Failed` when it is no more."""
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.lost = True
            self.end()
            return Failed(_how_it_ended(self.process.exitcode))

    def end(self) -> None:
        """Wait for its end. One whose connection is broken and who lives all the same is ended."""
        self.process.join(SECONDS_TO_END)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        cause = ", perhaps for lack of memory" if -code == signal.SIGKILL else ""
        return f"the worker process was killed (signal {-code}{cause})"
    return f"the worker process ended (exit code {code})"


def _serve(connection: Connection, directory: Path) -> None:
    """The life of a worker."""
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    held = Layout(directory).hold_as_worker()
    gc.freeze()
    while True:
        try:
            work: Work | WorkerHandle = connection.recv()
        except EOFError:
            break
        with without_collections():
            if isinstance(work, WorkerHandle):
                outcome = attempted(partial(work.talk, connection.recv, connection.send))
            else:
                outcome = attempted(partial(work.run, connection.send))
        connection.send(outcome)
    if held is not None:
        held.close()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connections.wait([parent.sentinel])
    os._exit(1)
