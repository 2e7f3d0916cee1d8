"""The run that writes what edX would deliver about a campus."""

from __future__ import annotations

import multiprocessing
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import orjson

from edxtasks.errors import UserError
from edxtasks.simulate import logs, package, strays
from edxtasks.simulate.campus import Campus, CampusSize
from edxtasks.simulate.ledger import Ledger

_GUARD = (
    "A script of your own that simulates with several workers does so below "
    'if __name__ == "__main__":, since each of them imports it'
)


def simulate(directory: Path, size: str | CampusSize, seed: int = 1, workers: int = 1) -> Ledger:
    """Write below `directory` what edX would deliver about a campus, and the ledger of what happened.

    `size` is a `CampusSize` or what `CampusSize.parse` reads; `workers` is the number of processes. The
    same size and seed give the same bytes, whatever the number of workers. Memory grows with the number
    of people, not with days or events. Written are `DAILY/` (raw logs), `<org>-<date>/` (the weekly
    package), `listings.csv`, `staff.csv` and `ledger/`; what an earlier simulation left of these is
    removed first.

    Raises `UserError` for a size that does not exist, and where `directory` holds data of these names
    that no simulation wrote.
    """
    if isinstance(size, str):
        size = CampusSize.parse(size)
    campus = Campus(size, seed)
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UserError(_GUARD)  # before this worker removes what its parent is writing
    _clear(directory, campus)
    mark = directory / "ledger" / "campus.json"
    mark.parent.mkdir(parents=True)
    mark.write_bytes(orjson.dumps({"complete": False}))
    for folder in ("DAILY", campus.package_name):
        (directory / folder).mkdir()
    strays.write_strays(campus, directory)
    jobs: list[tuple[Callable[[Campus, Path, int], int], int]]
    jobs = [(logs.simulate_day, day) for day in range(size.days)]
    jobs += [(package.simulate_package, course) for course in range(size.courses)]
    with _executor(workers, size, seed) as executor:
        events = 0
        for job, number in _run(executor, jobs, campus, directory):
            events += number if job is logs.simulate_day else 0
    description = campus.describe() | {"complete": True, "lines": events}
    mark.write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return Ledger(directory / "ledger")


_campus: Campus | None = None
"""The campus of a worker process."""


class _Here:
    """Stands for an executor where there is one worker: this process."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _executor(workers: int, size: CampusSize, seed: int) -> Executor | _Here:
    if workers <= 1:
        return _Here()
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, _start_worker, (size, seed))


def _start_worker(size: CampusSize, seed: int) -> None:
    global _campus
    _campus = Campus(size, seed)


def _work(job: Callable[[Campus, Path, int], int], directory: Path, number: int) -> int:
    if _campus is None:
        raise RuntimeError("a worker of the simulation has no campus")
    return job(_campus, directory, number)


def _run(
    executor: Executor | None,
    jobs: Iterable[tuple[Callable[[Campus, Path, int], int], int]],
    campus: Campus,
    directory: Path,
) -> Iterator[tuple[Callable[[Campus, Path, int], int], int]]:
    if executor is None:
        for job, number in jobs:
            yield job, job(campus, directory, number)
        return
    futures = [(job, executor.submit(_work, job, directory, number)) for job, number in jobs]
    for job, future in futures:
        try:
            yield job, future.result()
        except BrokenProcessPool:
            raise UserError(f"a process of the simulation ended before its work was done. {_GUARD}") from None


def _clear(directory: Path, campus: Campus) -> None:
    """Remove what an earlier simulation wrote; refuse to remove anything else."""
    ours = re.compile(rf"DAILY|ledger|listings\.csv|staff\.csv|{campus.org.lower()}-\d{{4}}-\d\d-\d\d")
    found = [path for path in directory.glob("*") if ours.fullmatch(path.name)]
    if found and not (directory / "ledger" / "campus.json").is_file():
        raise UserError(
            f"{directory} holds {found[0].name}, which no simulation wrote (there is no ledger/campus.json); "
            "simulate into another folder"
        )
    # the ledger last: without it an interrupted clearing could not be told from foreign data
    for path in sorted(found, key=lambda path: path.name == "ledger"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
