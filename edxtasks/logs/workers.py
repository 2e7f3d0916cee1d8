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
from typing import Protocol

from edxtasks.errors import UserError
from edxtasks.logs.layout import Layout

Report = Callable[[object], None]

AHEAD = 1
"""Reports that work done in turn may be ahead of what was taken of it: one, and it goes on with the next."""


class Work(Protocol):
    """Something to do: it can be pickled, and so can what it reports and what it returns."""

    def run(self, report: Report) -> object:
        """Do it."""


@dataclass(frozen=True)
class Done:
    """The result of work."""

    result: object


@dataclass(frozen=True)
class Failed:
    """Work that ended with an exception, or whose worker was killed.

    `known` is what the exception has under the name `known`, for what is worth telling of unfinished work.
    """

    message: str
    known: object = None


@dataclass(frozen=True)
class _Taken:
    """What a worker is told when a report of its work, done in turn, was taken."""


class Crew:
    """Up to `size` workers, started when there is something to do; with `size` 1 the work is done here.

    A context manager: at its end the workers are ended, also in the middle of work.
    """

    def __init__(self, size: int, directory: Path) -> None:
        self.size = size
        self._directory = directory
        self._workers: list[_Worker] = []

    def __enter__(self) -> Crew:
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
                with _without_collections():
                    outcome = _attempt(work, partial(report, number))
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

    def do_in_turn(self, works: Sequence[Work]) -> Iterator[tuple[int, object]]:
        """Do all works side by side, one worker each, and give what they say in turn: the first report of
        each, the second of each, …; in the end `Done` or `Failed` of each. Needs more than one worker.

        A report is taken when the next one is asked for. Work waits with another one as long as more than
        `AHEAD` were not taken.
        """
        staff = self._staff(len(works))
        at_work = dict(enumerate(staff))
        try:
            for worker, work in zip(staff, works, strict=True):
                worker.give((work, True))
            while at_work:
                for number, worker in list(at_work.items()):
                    message = worker.receive()
                    if isinstance(message, Done):
                        del at_work[number]
                    yield number, message
                    if isinstance(message, Failed):
                        return
                    worker.give(_Taken())
        finally:
            self._end(list(at_work.values()))

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
        worker.give((work, False))
        busy[worker.connection] = worker, number


@contextmanager
def _without_collections() -> Iterator[None]:
    """Without looking for cycles: parsed lines hold none, and there are many."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _attempt(work: Work, report: Report) -> Done | Failed:
    try:
        return Done(work.run(report))
    except Exception as error:  # noqa: BLE001 -- fails this work alone, and is told
        return Failed(described(error), getattr(error, "known", None))


def described(error: Exception) -> str:
    """The text of an exception; with its kind where it is a defect of the product."""
    told = isinstance(error, UserError | OSError | Interrupted)
    return str(error) if told else f"{type(error).__name__}: {error}"


class Interrupted(Exception):
    """Work that stopped half-way; `known` is what is worth telling of it."""

    def __init__(self, message: str, known: object) -> None:
        super().__init__(message)
        self.known = known


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

    def give(self, what: tuple[Work, bool] | _Taken) -> None:
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
            given: tuple[Work, bool] | _Taken = connection.recv()
        except EOFError:
            break
        if isinstance(given, _Taken):  # of work that has ended
            continue
        work, in_turn = given
        with _without_collections():
            outcome = _attempt(work, _report_in_turn(connection) if in_turn else connection.send)
        connection.send(outcome)
    if held is not None:
        held.close()


def _report_in_turn(connection: Connection) -> Report:
    """Reports through a pipe; a report returns when no more than `AHEAD` were not taken."""
    waiting = 0

    def report(message: object) -> None:
        nonlocal waiting
        connection.send(message)
        waiting += 1
        while waiting > AHEAD:
            connection.recv()
            waiting -= 1

    return report


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connections.wait([parent.sentinel])
    os._exit(1)
