"""Records of `studentmodule` to files of rows, in several processes and bounded memory.

The process that reads the records cuts them into batches and hands each to a worker that is free, which
writes the rows of the batch to a file of its own. The files in order of the batches hold the rows in order of
the records. Few records are done without workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import orjson
import zstandard

from edxtasks.files import writing
from edxtasks.problems.analysis import Account, Record, analysed
from edxtasks.workers import Job, Report, WorkerPool

RECORDS_AT_ONCE = 5_000
BYTES_AT_ONCE = 8 << 20
"""Most records of a batch, and characters of states after which it ends."""

_STATE = 4
_BATCHES_WITHOUT_WORKERS = 2


def write_rows(records: Iterable[Record], folder: Path, processes: int) -> tuple[list[Path], Account]:
    """Write the rows of records to files of JSON lines in `folder`; gives these in order, and the account.

    Up to `processes` workers are used. Memory: a batch for each process. Raises `UserError` when a worker is
    killed, or the machine refuses.
    """
    paths: list[Path] = []
    total = Account()
    jobs = (
        Job(write_batch, (batch, path_of(folder, number))) for number, batch in enumerate(batches_of(records))
    )
    few = WorkerPool().in_order(islice(jobs, _BATCHES_WITHOUT_WORKERS))  # in this process
    with WorkerPool(processes) as pool:
        for account in chain(few, pool.in_order(jobs)):
            paths.append(path_of(folder, len(paths)))
            total.add(account)
    return paths, total


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


def write_batch(report: Report, batch: list[Record], path: Path) -> Account:
    """Write the rows of a batch; what became of its records."""
    account = Account()
    rows = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in analysed(batch, account))
    with writing(path) as file:
        file.write(zstandard.ZstdCompressor(level=1).compress(b"".join(rows)))
    return account
