"""Records of `studentmodule` to files of rows, in several processes and bounded memory.

The process that reads the records cuts them into batches and hands each to a worker that is free; a worker
writes the rows of a batch to a file of its own and reports its account. The files in order of the batches
hold the rows in order of the records. Few records are done without workers.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from multiprocessing import connection as connections
from multiprocessing.connection import Connection
from pathlib import Path

import orjson
import zstandard

from edxtasks.errors import UserError
from edxtasks.files import writing
from edxtasks.problems.analysis import Account, Record, analysed

RECORDS_AT_ONCE = 5_000
BYTES_AT_ONCE = 8 << 20
"""Most records of a batch, and characters of states after which it ends."""

_STATE = 4
_BATCHES_WITHOUT_WORKERS = 2


def write_rows(records: Iterable[Record], folder: Path, processes: int) -> tuple[list[Path], Account]:
    """Write the rows of records to files of JSON lines in `folder`; gives these in order, and the account.

    Up to `processes` workers are used. Memory: a batch for each process. Raises `UserError` when a worker is
    killed.
    """
    accounts: dict[int, Account] = {}
    batches = enumerate(batches_of(records))
    for number, batch in batches:
        accounts[number] = _write_batch(batch, path_of(folder, number))
        if number + 1 == _BATCHES_WITHOUT_WORKERS and processes > 1:
            break
    with _Workers(folder, processes) as workers:
        for number, batch in batches:
            workers.give(number, batch)
        accounts |= workers.finish()
    total = Account()
    for number in sorted(accounts):
        total.add(accounts[number])
    return [path_of(folder, number) for number in sorted(accounts)], total


def path_of(folder: Path, number: int) -> Path:
    """The file with the rows of a batch."""
    return folder / f"rows-{number:08d}.json.zst"


def batches_of(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records cut into batches: of bounded number, and of bounded size but for a single large record."""
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record[_STATE] or "")
        if len(batch) == RECORDS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write_batch(batch: list[Record], path: Path) -> Account:
    account = Account()
    rows = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in analysed(batch, account))
    with writing(path) as file:
        file.write(zstandard.ZstdCompressor(level=1).compress(b"".join(rows)))
    return account


class _Workers:
    """Workers, started one by one as there is something to do; a context manager, which ends them."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, multiprocessing.process.BaseProcess] = {}
        self._free: list[Connection] = []
        self._accounts: dict[int, Account] = {}

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        for connection, process in self._processes.items():
            connection.close()
            if exception[0] is not None:
                process.kill()
        for process in self._processes.values():
            process.join()

    def give(self, number: int, batch: list[Record]) -> None:
        """Hand a batch to a worker that is free, or wait for one."""
        if not self._free and len(self._processes) < self._most:
            self._start()
        while not self._free:
            self._receive()
        try:
            self._free.pop().send((number, batch))
        except (BrokenPipeError, ConnectionResetError):
            raise self._killed() from None

    def finish(self) -> dict[int, Account]:
        """The accounts of all batches by number, when the last one is written."""
        while len(self._free) < len(self._processes):
            self._receive()
        return self._accounts

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._folder), name="edxtasks problems", daemon=True
        )
        process.start()
        theirs.close()
        self._processes[ours] = process
        self._free.append(ours)

    def _receive(self) -> None:
        busy = [connection for connection in self._processes if connection not in self._free]
        for ready in connections.wait(busy):
            assert isinstance(ready, Connection)
            try:
                outcome = ready.recv()
            except (EOFError, ConnectionResetError):
                raise self._killed() from None
            if isinstance(outcome, Exception):
                raise outcome
            number, account = outcome
            self._accounts[number] = account
            self._free.append(ready)

    def _killed(self) -> UserError:
        return UserError(
            "a worker process that reads states of problems was killed, perhaps for lack of memory. "
            "Run again, or set workers under [engine] to 1"
        )


def _serve(connection: Connection, folder: Path) -> None:
    """The life of a worker: it ends when its parent closes the pipe, or is no more."""
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        try:
            number, batch = connection.recv()
        except EOFError:
            return
        outcome: object
        try:
            outcome = number, _write_batch(batch, path_of(folder, number))
        except Exception as error:  # noqa: BLE001 -- raised in the parent
            outcome = error
        try:
            connection.send(outcome)
        except (BrokenPipeError, ConnectionResetError):
            return
