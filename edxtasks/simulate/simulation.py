"""The run that writes what edX would deliver about a campus."""

from __future__ import annotations

import multiprocessing
import re
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import orjson

from edxtasks.errors import UserError
from edxtasks.outcomes import WorkerDiedError
from edxtasks.simulate import logs, package, strays
from edxtasks.simulate.campus import Campus, CampusSize
from edxtasks.simulate.ledger import Ledger
from edxtasks.workers import Job, Report, WorkerPool

_GUARD = (
    "A script of your own that simulates with several workers does so below "
    'if __name__ == "__main__":, since each of them imports it'
)


def simulate(
    directory: Path,
    size: str | CampusSize,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Ledger:
    """Write below `directory` what edX would deliver about a campus, and the ledger of what happened.

    `size` is a `CampusSize` or what `CampusSize.parse` reads; `workers` is the number of processes;
    `progress(done, of)` is told how many of the days and packages of courses are written. The same size and
    seed give the same bytes, whatever the number of workers. Memory grows with the number of people, not
    with days or events. Written are `DAILY/` (raw logs), `<org>-<date>/` (the weekly
    package), `listings.csv`, `staff.csv` and `ledger/`; what an earlier simulation left of these is
    removed first.

    Raises `UserError` for a size that does not exist, and where `directory` holds data of these names
    that no simulation wrote.
    """
    if isinstance(size, str):
        size = CampusSize.parse(size)
    campus = _campus_of(size, seed)
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UserError(_GUARD)  # before this worker removes what its parent is writing
    _clear(directory, campus)
    mark = directory / "ledger" / "campus.json"
    mark.parent.mkdir(parents=True)
    mark.write_bytes(orjson.dumps({"complete": False}))
    for folder in ("DAILY", campus.package_name):
        (directory / folder).mkdir()
    strays.write_strays(campus, directory)
    jobs = [Job(simulate_day, (size, seed, directory, day)) for day in range(size.days)]
    jobs += [Job(simulate_package, (size, seed, directory, course)) for course in range(size.courses)]
    events = 0
    with WorkerPool(max(1, workers)) as pool:
        try:
            for done, number in enumerate(pool.in_order(jobs), 1):
                events += number
                if progress is not None:
                    progress(done, len(jobs))
        except WorkerDiedError as died:
            raise UserError(
                f"a process of the simulation ended before its work was done ({died}). {_GUARD}"
            ) from None
    description = campus.describe() | {"complete": True, "lines": events}
    mark.write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return Ledger(directory / "ledger")


@lru_cache(maxsize=1)
def _campus_of(size: CampusSize, seed: int) -> Campus:
    """The campus of a process."""
    return Campus(size, seed)


def simulate_day(report: Report, size: CampusSize, seed: int, directory: Path, day: int) -> int:
    """Write the raw logs of a day; the number of their lines."""
    return logs.simulate_day(_campus_of(size, seed), directory, day)


def simulate_package(report: Report, size: CampusSize, seed: int, directory: Path, course: int) -> int:
    """Write the files of a course; no lines of logs."""
    package.simulate_package(_campus_of(size, seed), directory, course)
    return 0


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
