"""A worker process, from both ends of its pipe: its parent's and its own."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

from edxtasks.outcomes import Failed, Outcome, Reported, WorkerDiedError, attempted, for_people

_LAST_WORDS = 10.0
"""Seconds that a worker which has closed its end of the pipe gets to end."""

_BREAKING: tuple[int, ...] = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals whose handlers raise."""

_FOR_MEMORY = (
    ', perhaps because memory ran out: set memory_limit (for example "2GB") or workers under [engine] lower, '
    "or run fewer tasks at once (doit -n)"
)

Work = Callable[[Any], object]
"""A job: called with a `Report` (in a worker: a `Parent`). It can be pickled, and so can what it reports,
returns and raises."""


@contextmanager
def _unbroken() -> Iterator[None]:
    """A block that no signal breaks into: what comes meanwhile is heard at its end, once.

    Python calls handlers in the main thread alone, so in another one there is nothing to do.
    """
    heard: set[int] = set()
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _BREAKING:
                if callable(handler := signal.getsignal(number)):
                    before[number] = handler
                    signal.signal(number, lambda heard_now, frame: heard.add(heard_now))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in heard:
            signal.raise_signal(number)


class Worker:
    """A worker process, as its parent sees it."""

    def __init__(self, prepare: Callable[[], object] | None) -> None:
        spawn = get_context("spawn")
        self._connection, self._theirs = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(self._theirs, prepare), name="edxtasks-worker")
        self.busy = False
        """Whether it has a job whose outcome has not been received; for good when the worker is no more."""

    def start(self) -> None:
        """Start the process. Ctrl-C and its kind are heard when it has started: they never find it half
        started."""
        with _unbroken():
            resource_tracker.ensure_running()  # to start it lets signals through again
            # The child inherits the mask, so until it takes no notice of Ctrl-C, which its terminal sends it
            # too, it does not hear it.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                self.process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self._theirs.close()

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

    def share(self, file: int) -> None:
        """Give its job an open file, by the descriptor here. What is sent before is read before."""
        with suppress(BrokenPipeError, ConnectionResetError):  # as above
            send_handle(self._connection, file, self.process.pid)

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
        """End the process, if it was started and runs."""
        if self.process.pid is not None:
            self.process.kill()

    def join(self) -> None:
        """Wait for the end of the process, if it was started."""
        if self.process.pid is not None:
            self.process.join()


class Parent:
    """The parent, as a job in a worker sees it: called with what it is to know (a `Report`)."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self, *told: object) -> None:
        self._pipe.send(Reported(told))

    def receive(self) -> Any:
        """What it says next (`Worker.send`)."""
        return self._pipe.recv()

    def receive_file(self) -> int:
        """The descriptor of the file that it gives next (`Worker.share`)."""
        return recv_handle(self._pipe)


def _serve(pipe: Connection, prepare: Callable[[], object] | None) -> None:
    """The worker's life: do jobs until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepared = attempted(prepare or (lambda: None))
    # Where the parent was killed before it had read all that it was told, the connection is reset.
    with suppress(EOFError, ConnectionError):
        while True:
            pickled = pipe.recv_bytes()
            # The module of the job is imported when it is unpickled.
            outcome = (
                prepared
                if isinstance(prepared, Failed)
                else attempted(lambda: pickle.loads(pickled)(Parent(pipe)))  # noqa: B023
            )
            try:
                pipe.send(outcome)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001 - an outcome that cannot be sent must not end the worker
                pipe.send(Failed(for_people(error)))
    del prepared


def _end_with_parent() -> None:
    """Leave no process behind when the parent is killed: its workers end with it."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
