"""How long `report` takes over hundreds of courses, and that the order of courses changes nothing.

    python benchmarks/report.py [COURSES] [LEARNERS]

500 courses of 400 learners, by default. The tables of the courses are drawn by hash; the tables of `report`
that they suffice for are made of them, twice: in the order of the list, and in the opposite order. Every
second course lacks a table. Told are seconds for each table, the most memory, and whether both times gave the
same rows. The baseline is one read of the rows of all courses by DuckDB.
"""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import commands, read_registry
from edxtasks.config import Options, Settings, Storage, Warehouse
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.table import Scope, Table
from edxtasks.warehouse.base import BuildInfo, ResourceLimits, TableName
from edxtasks.warehouse.duckdb_sql import literal, quoted
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import ParquetFiles
from edxtasks.warehouse.schema import Column

ROWS_A_LEARNER = {
    "person_course": 1,
    "time_on_task_totals": 1,
    "pcday_ip_counts": 4,
    "pcday_trlang_counts": 1,
    "person_course_day": 4,
}
"""The tables of each course, and how many rows of a learner they have."""


def drawn(column: Column, course: CourseKey, learners: int) -> str:
    """DuckDB SQL of a value of row `i`: keys number the learners, all else is drawn by hash."""
    place = f"i % {learners}"
    number = f"CAST(hash(i, {literal(column.name)}, {literal(str(course))}) >> 1 AS BIGINT)"
    fixed = {
        "course_id": literal(str(course)),
        "username": f"'u' || (hash({literal(str(course))}) + {place}) % 100000",
        "user_id": f"CAST((hash({literal(str(course))}) + {place}) % 100000 AS BIGINT)",
        "date": f"DATE '2014-01-01' + CAST(i // {learners} AS INTEGER)",
        "ip": f"'192.0.2.' || {number} % 200",
        "mode": f"CASE {number} % 5 WHEN 0 THEN 'verified' ELSE 'honor' END",
        "forumRoles_isStudent": f"CASE WHEN {number} % 50 > 0 THEN 1 END",
    }
    kinds = {
        "STRING": f"'t' || {number} % 9",
        "INTEGER": f"{number} % 30",
        "FLOAT": f"{number} % 1000003 / 997",
        "BOOLEAN": f"{number} % 3 > 0",
        "DATE": f"DATE '2014-01-01' + CAST({number} % 90 AS INTEGER)",
        "TIMESTAMP": f"TIMESTAMPTZ '2014-01-01 00:00:00+00' + to_seconds({number} % 8000000)",
    }
    return (
        f"CAST({fixed.get(column.name, kinds[column.type])} AS {column.duckdb_type}) AS {quoted(column.name)}"
    )


def fill(context: Context, learners: int) -> int:
    """Load the tables of the courses; gives how many rows."""
    warehouse = context.warehouse
    assert isinstance(warehouse, ParquetWarehouse)
    loaded = 0
    for place, course in enumerate(context.courses):
        for number, (name, each) in enumerate(ROWS_A_LEARNER.items()):
            if place % 10 == number:
                continue
            schema, rows = context.registry[name].schema, learners * each
            values = ", ".join(drawn(column, course, learners) for column in schema)
            path = warehouse.folder / "rows.parquet"
            warehouse.session.connection.execute(
                f"COPY (SELECT {values} FROM range({rows}) AS t(i)) TO '{path}' (FORMAT parquet)"
            )
            stored = TableName(course.dataset, name)
            loaded += warehouse.load(stored, schema, ParquetFiles((path,)), BuildInfo("drawn")).rows
            path.unlink()
    return loaded


def made_of(context: Context) -> list[Table]:
    """The tables of `report`, and what they are made from, for which the tables of the courses suffice."""
    possible = set(ROWS_A_LEARNER)
    for table in context.registry.values():
        if table.scope is Scope.GROUP and table.inputs and set(table.inputs) <= possible:
            possible.add(table.name)
    wanted = {*commands(context.registry)["report"], "report.person_course_latest"}
    return [context.registry[name] for name in context.registry if name in possible & wanted]


def make(context: Context) -> dict[str, tuple[float, str]]:
    """Seconds for each table, and its version."""
    found = {}
    for table in made_of(context):
        began = time.perf_counter()
        build(context, table, None, force=True)
        state = context.state(table, None)
        assert state is not None
        found[table.task] = (time.perf_counter() - began, state.version)
    return found


def main(number: int, learners: int) -> None:
    """Fill a warehouse, make the tables twice, print."""
    courses = tuple(CourseKey("UnivX", f"C{place}", "1T2014") for place in range(number))
    with scratch_folder() as root:
        settings = Settings(
            root=root,
            warehouse=Warehouse(path=root / "warehouse"),
            storage=Storage(path=root / "storage"),
        )
        registry = with_overrides(read_registry(None), settings, courses)
        limits = ResourceLimits(threads=2, memory_limit="2GB")
        context = Context(
            settings, registry, ParquetWarehouse(root / "warehouse", limits), Digests(), courses
        )
        began = time.perf_counter()
        rows = fill(context, learners)
        print(f"{rows:,} rows of {number} courses loaded in {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        connection = ParquetWarehouse(root / "warehouse", limits).session.connection
        for name in ROWS_A_LEARNER:
            places = f"{root}/warehouse/*/{name}.parquet"
            connection.execute(f"SELECT sum(hash(COLUMNS(*))) FROM read_parquet('{places}')").fetchall()
        print(f"all rows read once: {time.perf_counter() - began:.1f} s")
        first = make(context)
        other = dataclasses.replace(settings, options=Options(output_dataset_id="backwards"))
        second = make(dataclasses.replace(context, settings=other, courses=courses[::-1]))
        for task, (seconds, version) in first.items():
            same = "the same backwards" if second[task][1] == version else "OTHER ROWS BACKWARDS"
            print(f"{task:50} {seconds:6.1f} s  {same}")
        print(f"together {sum(seconds for seconds, _ in first.values()):.1f} s")
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500, int(sys.argv[2]) if len(sys.argv) > 2 else 400)
