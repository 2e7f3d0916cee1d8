"""How fast shards become day tables of the embedded engine, against DuckDB alone over the same files.

    python benchmarks/load.py [--rounds N] [--large-days N] [--small-days N] [--threads N ...]

Rows of a simulated campus, split by the product, are dealt out to two courses: one of a few *large* days of
120 MB of lines each, one of five years of *small* days of 200 kB. The product loads all days of a course as
its task `logs2bq` does. The baseline is what DuckDB does of itself: in one connection a
`COPY (SELECT * FROM read_json(…)) TO …parquet` a shard, with the columns named and all else as DuckDB has it;
no stamps, no listing, nothing written beside and renamed. The same once more with the product's settings for
large days (zstd, smaller row groups, shorter lines). All make the same rows, which is checked.

Then one more day comes into the course of small days, and then nothing does: what loading and checking cost
beside all that is there already, alone and as the whole command `doit logs2bq`.

Each runs as a process of its own; the rounds take turns, and the best of each counts. Seconds are those of
the process, memory is the most that it held (resident).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

COURSES = {"large": "UnivX/large/1T2019", "small": "UnivX/small/1T2019"}
SIZES = {"large": 120_000_000, "small": 200_000}
"""Bytes of the lines of a day."""
FIRST_DAY = date(2019, 1, 1)
LOGS, WAREHOUSE = "TRACKING_LOGS", "warehouse"


@dataclass(frozen=True)
class Took:
    """CPU and wall seconds of a process, and its most megabytes of memory."""

    cpu: float
    wall: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large-days", type=int, default=8)
    parser.add_argument("--small-days", type=int, default=1_800)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cores()}))
    options = parser.parse_args()
    with scratch_folder() as folder:
        compare(folder, options)


def compare(root: Path, options: argparse.Namespace) -> None:
    """Run everything, and print what it took."""
    days = {"large": options.large_days, "small": options.small_days}
    made = run_told(root, "make", json.dumps(days))
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'MB/s':>7}{'MB':>7}  wall, CPU against DuckDB alone")
    for shape in COURSES:
        size = made["bytes"][shape] / 1e6
        print(f"{days[shape]} {shape} days, {size:,.0f} MB of lines, {made['rows'][shape]:,} rows")
        for threads in options.threads:
            took: dict[str, list[Took]] = {"duckdb": [], "duckdb-zstd": [], "product": []}
            for _ in range(options.rounds):
                for name, rounds in took.items():
                    shutil.rmtree(root / WAREHOUSE, ignore_errors=True)
                    rounds.append(measured(*part(root, name, shape, str(threads))))
                    subprocess.run(part(root, "rows", name, shape, str(made["rows"][shape])), check=True)
            base = best(took["duckdb"])
            with_threads = f"{threads} thread{'s' * (threads > 1)}"
            line(f"DuckDB alone, {with_threads}", base, size)
            line(f"DuckDB with zstd, {with_threads}", best(took["duckdb-zstd"]), size, base)
            line(f"product, {with_threads}", best(took["product"]), size, base)
    one_more_day(root, options, days["small"])


def one_more_day(root: Path, options: argparse.Namespace, days: int) -> None:
    """Into the course of small days, which is loaded."""
    print(f"one more day after {days}, and nothing new after that")
    names = ("more duckdb", "more product", "check product", "more doit", "check doit")
    took: dict[str, list[Took]] = {name: [] for name in names}
    measured(*part(root, "check", "small", "1"))  # the first check after many loads reads their footers once
    for _ in range(options.rounds):
        for end in ("product", "doit"):
            run_told(root, "deliver", str(days))
            if end == "product":
                took["more duckdb"].append(measured(*part(root, "duckdb", "small", "1", str(days))))
                took["more product"].append(measured(*part(root, "product", "small", "1")))
                took["check product"].append(measured(*part(root, "check", "small", "1")))
            else:
                command = (sys.executable, "-m", "doit", f"logs2bq:{COURSES['small']}")
                took["more doit"].append(measured(*command, folder=root))
                took["check doit"].append(measured(*command, folder=root))
            days += 1
    base = best(took["more duckdb"])
    line("DuckDB alone: that day", base)
    line("product: that day", best(took["more product"]), None, base)
    line("product: nothing new", best(took["check product"]), None, base)
    line("doit logs2bq: that day", best(took["more doit"]), None, base)
    line("doit logs2bq: nothing new", best(took["check doit"]), None, base)


def best(rounds: list[Took]) -> Took:
    """The least of each. (A process never holds less than the one that started it: that imports nothing.)"""
    return Took(*(min(getattr(one, name) for one in rounds) for name in ("cpu", "wall", "memory")))


def line(name: str, took: Took, size: float | None = None, base: Took | None = None) -> None:
    rate = f"{size / took.wall:7.1f}" if size else " " * 7
    ratio = f"  {took.wall / base.wall:.2f}, {took.cpu / base.cpu:.2f}" if base else ""
    print(f"  {name:32}{took.wall:8.2f}{took.cpu:8.2f}{rate}{took.memory:7,.0f}{ratio}", flush=True)


def part(root: Path, name: str, *words: str) -> tuple[str, ...]:
    """The command that runs a part of this program."""
    return (sys.executable, __file__, "--part", name, str(root), *words)


def measured(*command: str, folder: Path | None = None) -> Took:
    """Run a program and say what it took."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed: {told.decode()}")
    return Took(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024)


def run_told(root: Path, name: str, *words: str) -> Any:
    """Run a part, and give what it prints, as JSON."""
    return json.loads(subprocess.run(part(root, name, *words), check=True, stdout=subprocess.PIPE).stdout)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# The data


def make(root: Path, words: str) -> None:
    """A project with shards of both courses; says how many rows and bytes of lines they have."""
    from edxtasks.course import CourseKey
    from edxtasks.logs.shards import shards
    from edxtasks.logs.split import SplitOptions, split
    from edxtasks.simulate import simulate

    simulate(root / "campus", "large,courses=3,learners=400,days=6,servers=1")
    raw = sorted((root / "campus" / "DAILY").glob("*.log.gz"))
    assert split(raw, SplitOptions(root / "campus" / "L", workers=1)).ok
    rows: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for shape, days in json.loads(words).items():
        lines = simulated_lines(root)
        sizes[shape] = sum(write_shard(root, shape, number, lines) for number in range(days))
        # Shards that no run has made: put onto the list of shards once, before anything is measured.
        rows[shape] = sum(one.rows for one in shards(root / LOGS, CourseKey.parse(COURSES[shape])))
    write_shard(root, "spare", 0, simulated_lines(root))
    shutil.copy(Path(__file__).parents[1] / "dodo.py", root)
    (root / "config").mkdir()
    text = f"course_id_list = {json.dumps(list(COURSES.values()))}\n"
    text += f'[paths]\ntracking_logs_directory = "{LOGS}"\n[warehouse]\npath = "{WAREHOUSE}"\n'
    (root / "config" / "edxtasks.toml").write_text(text)
    print(json.dumps({"rows": rows, "bytes": sizes}))


def simulated_lines(root: Path) -> Iterator[bytes]:
    """The rows of the campus, over and over."""
    from isal import igzip

    found = sorted((root / "campus" / "L").glob("*__*/tracklog-2014-10-*.json.gz"))
    lines = [line for path in found for line in igzip.open(path).read().splitlines(keepends=True)]  # type: ignore[no-untyped-call]
    return cycle(lines)


def write_shard(root: Path, shape: str, number: int, lines: Iterator[bytes]) -> int:
    """A shard of the next lines, as if they were of that day. Gives the bytes of the lines."""
    from edxtasks.files import replacing

    path = shard(root, shape, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    day = f'"time":"{FIRST_DAY + timedelta(number)}T'.encode()
    written = 0
    with replacing(path) as sink:
        while written < SIZES.get(shape, SIZES["small"]):
            line = next(lines)
            start = line.index(b'"time":"')
            line = line[:start] + day + line[start + len(day) :]
            sink.write(line)
            written += len(line)
    return written


def shard(root: Path, shape: str, number: int) -> Path:
    from edxtasks.course import CourseKey

    folder = CourseKey.parse(COURSES[shape]).directory if shape in COURSES else shape
    return root / LOGS / folder / f"tracklog-{FIRST_DAY + timedelta(number)}.json.gz"


def deliver(root: Path, number: str) -> None:
    """One more small day, put onto the list of shards: that is the splitter's work."""
    from edxtasks.course import CourseKey
    from edxtasks.logs.shards import shards

    shutil.copy(shard(root, "spare", 0), shard(root, "small", int(number)))
    print(len(shards(root / LOGS, CourseKey.parse(COURSES["small"]))))


# What is measured


def product(root: Path, shape: str, threads: str) -> None:
    """Load all days that are new, as the task does."""
    from edxtasks.build.log_days import load_log_days

    context = product_context(root, int(threads))
    _, days, _ = load_log_days(context, context.courses[0 if shape == "large" else 1])
    assert days


def check(root: Path, shape: str, threads: str) -> None:
    """See that there is nothing to load."""
    from edxtasks.build.log_days import check_log_days

    context = product_context(root, int(threads))
    assert check_log_days(context, context.courses[0 if shape == "large" else 1]).fresh


def product_context(root: Path, threads: int) -> Any:
    from edxtasks.build.context import Context
    from edxtasks.config import Paths, Settings
    from edxtasks.course import CourseKey
    from edxtasks.digests import Digests
    from edxtasks.warehouse.base import ResourceLimits
    from edxtasks.warehouse.parquet import ParquetWarehouse

    courses = tuple(map(CourseKey.parse, COURSES.values()))
    settings = Settings(root=root, paths=Paths(tracking_logs_directory=root / LOGS))
    return Context(
        settings, {}, ParquetWarehouse(root / WAREHOUSE, ResourceLimits(threads)), Digests(), courses
    )


def duckdb_alone(root: Path, shape: str, threads: str, first: str = "0") -> None:
    """As DuckDB does it of itself, from the shard of number `first` on."""
    copy_each(root, shape, threads, int(first), "", "")


def duckdb_with_zstd(root: Path, shape: str, threads: str) -> None:
    """With the product's settings for large days."""
    from edxtasks.warehouse.duckdb_sql import LONGEST_LINES
    from edxtasks.warehouse.parquet.building import ROWS_IN_GROUP

    writing = f", COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_IN_GROUP}"
    copy_each(root, shape, threads, 0, f", maximum_object_size = {LONGEST_LINES[0]}", writing)


def copy_each(root: Path, shape: str, threads: str, first: int, reading: str, writing: str) -> None:
    """A `COPY` a shard, in one connection."""
    import duckdb

    from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA

    target = root / "duckdb"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    columns = ", ".join(f"'{one.name}': '{one.duckdb_type}'" for one in TRACKLOG_SCHEMA)
    for path in sorted(shard(root, shape, 0).parent.iterdir())[first:]:
        connection.execute(
            f"COPY (SELECT * FROM read_json('{path}', format = 'newline_delimited', columns = {{{columns}}}"
            f"{reading})) TO '{target / path.name}.parquet' (FORMAT parquet{writing})"
        )


def check_rows(root: Path, name: str, shape: str, rows: str) -> None:
    """That what was made has all rows, and the same ones whoever made it."""
    import duckdb

    from edxtasks.course import CourseKey

    product = root / WAREHOUSE / CourseKey.parse(COURSES[shape]).logs_dataset
    files = (product if name == "product" else root / "duckdb") / "*.parquet"
    found = duckdb.execute(
        f"SELECT count(*), sum(hash(username, time, event, event_struct)::HUGEINT) FROM '{files}'"
    ).fetchone()
    assert found is not None
    assert found[0] == int(rows), (name, found[0], rows)
    note = root / f"rows of {shape}"
    assert not note.exists() or note.read_text() == str(found[1]), name
    note.write_text(str(found[1]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        parts: dict[str, Callable[..., None]] = {
            "make": make,
            "deliver": deliver,
            "duckdb": duckdb_alone,
            "duckdb-zstd": duckdb_with_zstd,
            "product": product,
            "check": check,
            "rows": check_rows,
        }
        parts[sys.argv[2]](Path(sys.argv[3]), *sys.argv[4:])
    else:
        main()
