"""How fast states of problems become the table `problem_analysis`: records of `studentmodule` a second.

    python benchmarks/problem_analysis.py [RECORDS] [WORKERS]

Two million records of about 700 bytes, two in five of them of problems with a submission of one to nine
response fields, are read from the embedded warehouse, parsed by the workers, and loaded as a table. Told are
records a second by the clock and by CPU time on two cores, the share of each step, and the most memory of a
process.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

from edxtasks.config import Engine, Settings
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.scratch import Scratch
from edxtasks.table import BuildInputs, Piece
from edxtasks.tables.dumps.studentmodule import SCHEMA as STUDENTMODULE
from edxtasks.tables.problems import problem_analysis
from edxtasks.warehouse.base import BuildInfo, ResourceLimits, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import JsonLines, ParquetFiles

COURSE = CourseKey("UnivX", "3.14x", "1T2024")
STATES = 1000


def states() -> list[tuple[str, str]]:
    """Types of modules and their states, as many as a course has different ones."""
    rng = random.Random(7)
    made = []
    for number in range(STATES):
        if number % 5 >= 2:
            made.append(("sequential", json.dumps({"position": rng.randrange(1, 9)})))
            continue
        parts = range(2, 2 + rng.randrange(1, 10))
        answers = {
            f"i4x-UnivX-3_14x-problem-p{number}_{part}_1": rng.choice(("choice_1", "9.81", "é è"))
            for part in parts
        }
        result = {"hint": "", "hintmode": None, "correctness": "correct", "msg": "", "npoints": None}
        state = {
            "correct_map": dict.fromkeys(answers, result),
            "student_answers": answers,
            "attempts": 2,
            "done": True,
        }
        made.append(("problem", json.dumps(state)))
    return made


def write_studentmodule(warehouse: ParquetWarehouse, name: TableName, records: int, folder: Path) -> None:
    """A table of made-up records."""
    connection = warehouse.session.connection
    connection.execute("CREATE TEMP TABLE states (n BIGINT, module_type VARCHAR, state VARCHAR)")
    connection.executemany(
        "INSERT INTO states VALUES (?, ?, ?)", [(n, *each) for n, each in enumerate(states())]
    )
    path = folder / "studentmodule.parquet"
    connection.execute(
        f"""COPY (
            SELECT i AS id, module_type, 'i4x://UnivX/3.14x/' || module_type || '/p' || n AS module_id,
                i % 100003 AS student_id, state, '1' AS grade,
                TIMESTAMPTZ '2024-02-01 00:00:00+00' + to_seconds(i) AS created,
                TIMESTAMPTZ '2024-02-01 00:00:00+00' + to_seconds(i) AS modified,
                '2' AS max_grade, 'na' AS done, '{COURSE.slash}' AS course_id
            FROM range({records}) AS numbers(i) JOIN states ON i % {STATES} = n
        ) TO '{path}' (FORMAT parquet)"""
    )
    warehouse.load(name, STUDENTMODULE, ParquetFiles((path,)), BuildInfo("made up"))
    path.unlink()


def cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def peak() -> int:
    """The most memory of this process since `forget_peak`, MiB (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) >> 10


def forget_peak() -> None:
    """What was used until now is not counted."""
    Path("/proc/self/clear_refs").write_text("5")


@dataclass(frozen=True)
class OneTable:
    """The one input of the builder."""

    warehouse: ParquetWarehouse
    source: TableName

    def read(
        self, name: str, columns: Sequence[str] | None, course: CourseKey | None
    ) -> Iterator[Piece] | None:
        names = tuple(columns or STUDENTMODULE.names)
        return iter([(names, self.warehouse.read(self.source, names))])


def main() -> None:
    """Measure, and print what was measured."""
    words = [int(word) for word in sys.argv[1:]]
    records, workers = words[0] if words else 2_000_000, words[1] if len(words) > 1 else 2
    with scratch_folder() as folder:
        places = Scratch([folder / "scratch"])
        warehouse = ParquetWarehouse(
            folder / "warehouse",
            ResourceLimits(threads=2, memory_limit="300MB"),
            places,
        )
        source, target = TableName("course", "studentmodule"), TableName("course", "problem_analysis")
        write_studentmodule(warehouse, source, records, folder)
        made = peak()
        forget_peak()
        settings = Settings(root=folder, engine=Engine(workers=workers))
        began, cpu_before = time.monotonic(), cpu()
        tables = OneTable(warehouse, source)
        with places.folder() as scratch:
            content = problem_analysis.build(
                BuildInputs(settings, COURSE, scratch=scratch, messages=Messages(), tables=tables)
            )
            assert isinstance(content, JsonLines)
            parsed, cpu_parsed, peak_parsed = time.monotonic(), cpu(), peak()
            state = warehouse.load(target, problem_analysis.SCHEMA, content, BuildInfo("stamp"))
        ended, cpu_ended = time.monotonic(), cpu()
        print(f"{records} records, {state.rows} rows, {workers} workers")
        for what, seconds, used in (
            ("read and parsed", parsed - began, cpu_parsed - cpu_before),
            ("loaded", ended - parsed, cpu_ended - cpu_parsed),
            ("both", ended - began, cpu_ended - cpu_before),
        ):
            print(
                f"{what}: {seconds:.1f} s ({records / seconds:,.0f} records/s), "
                f"{used:.1f} s of CPU ({records / (used / 2):,.0f} records/s on two idle cores)"
            )
        workers_most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
        print(
            f"most memory: this process {peak_parsed} MiB until the records were parsed, {peak()} MiB in all"
        )
        print(f"(making them took {made} MiB); {workers_most} MiB the largest worker")


if __name__ == "__main__":
    main()
