"""How long the search for accounts that share answers takes, and how much memory: all tables of pairs.

    python benchmarks/answer_sharing.py [LEARNERS] [MEMORY_LIMIT] [THREADS]

A made-up course of 20,000 registrants and 60 problems. One in ten has a certificate and solves most
problems, one in five solves some and asks for answers; the others do nothing. In every thousand one certified
account has a harvester, at the same address, that asks for each answer half a minute before. Told are seconds
and rows of each table, the most memory of the process, and whether the planted pairs are found and no others.
Runs with other limits and threads print the same versions of the tables.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

from edxtasks.build.parameters import value
from edxtasks.build.registry import read_registry
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.scratch import Scratch
from edxtasks.table import SqlModel
from edxtasks.warehouse.base import Absent, BuildInfo, Input, Query, ResourceLimits, TableName, Tables
from edxtasks.warehouse.duckdb_sql import quoted
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import ParquetFiles

COURSE = CourseKey("UnivX", "3.14x", "1T2024")
PROBLEMS = 60
STEPS = (
    "sybil_accounts",
    "stats_ip_pair_sybils",
    "stats_ip_pair_sybils2",
    "problem_check_temporal_fingerprint",
    "show_answer_temporal_fingerprint",
    "stats_temporal_fingerprint_correlations",
    "stats_show_ans_before_high_score",
    "show_ans_before_checks",
    "show_ans_before_shows",
    "show_ans_before_responses",
    "show_ans_before_sifted",
    "show_ans_before_pairs",
    "stats_show_ans_before",
    "sybil_pairs",
    "stats_ip_pair_sybils3",
    "stats_ip_pair_sybils3_unfiltered",
    "stats_cameo_demographics",
)

_DRAW = "(hash({0}, learner, problem) % 1000000) / 1e6"
LEARNERS = """
    SELECT i AS learner, 'learner' || i AS username,
        CASE WHEN i % 1000 = 7 THEN 'harvester' WHEN i % 10 = 0 THEN 'certified' WHEN i % 10 IN (1, 2)
            THEN 'some' ELSE 'none' END AS kind
    FROM range({0}) AS numbers(i)
"""
"""Learner 1000 k + 7 is the harvester of learner 1000 k."""
EVENTS = f"""
    SELECT learner, username, kind, problem, 'UnivX/3.14x/problem/p' || problem AS module_id,
        TIMESTAMPTZ '2024-02-01 00:00:00+00' + to_days(CAST(7 * (problem // 4) AS INTEGER)) AS opened,
        {_DRAW.format(1)} AS checks, {_DRAW.format(2)} AS is_right, {_DRAW.format(3)} AS shows,
        to_microseconds(CAST(604800e6 * {_DRAW.format(4)} AS BIGINT)) AS check_after,
        to_microseconds(CAST(604800e6 * {_DRAW.format(5)} AS BIGINT)) AS show_after
    FROM learners, range({PROBLEMS}) AS problems(problem)
    WHERE kind != 'none'
"""
CHECKS = """
    SELECT username, learner, module_id, problem, opened + check_after AS time, 1 AS attempts,
        CASE WHEN is_right < 0.8 OR learner % 1000 = 0 THEN 'correct' ELSE 'incorrect' END AS success
    FROM events
    WHERE (kind = 'certified' AND (checks < 0.9 OR learner % 1000 = 0)) OR (kind = 'some' AND checks < 0.4)
"""
SHOWS = """
    SELECT username, learner, module_id, problem, opened + show_after AS time
    FROM events WHERE (kind = 'some' AND shows < 0.5) OR (kind = 'certified' AND shows < 0.1)
    UNION ALL
    SELECT harvester.username, harvester.learner, module_id, problem, checks.time - INTERVAL 30 SECOND
    FROM checks JOIN learners AS harvester ON harvester.learner = checks.learner + 7
    WHERE harvester.kind = 'harvester'
"""
ADDRESS = "'10.' || (a // 65536) || '.' || (a // 256 % 256) || '.' || (a % 256)"
INPUTS = {
    "person_course": f"""
        SELECT learner AS user_id, username, {ADDRESS} AS ip, kind = 'certified' AS certified, true AS viewed,
            10 + learner % 5 AS nshow_answer, 'm' AS gender, 'b' AS LoE, 'US' AS cc_by_ip, 1980 AS YoB,
            42.0 AS latitude, -71.0 AS longitude, 0.8 AS grade
        FROM (SELECT *, learner - CASE WHEN kind = 'harvester' THEN 7 ELSE 0 END AS a FROM learners)""",
    "courses.uname_ip_groups": f"""
        SELECT username, {ADDRESS} AS ip, a AS grp
        FROM (SELECT *, learner - CASE WHEN kind = 'harvester' THEN 7 ELSE 0 END AS a FROM learners)""",
    "stats_attempts_correct": """
        SELECT learner AS user_id, CASE WHEN kind = 'harvester' THEN 5.0 ELSE 80.0 END AS percent_correct,
            CASE WHEN kind = 'harvester' THEN 60 ELSE 3 END AS nshow_answer_unique_problems,
            0.5 AS frac_complete
        FROM learners""",
    "problem_check": "SELECT username, module_id, time, attempts, success FROM checks",
    "show_answer": f"SELECT username, '{COURSE.slash}' AS course_id, module_id, time FROM shows",
    "stats_problem_check_show_answer_ip": f"""
        SELECT username, module_id, time, 'problem_check' AS event_type, {ADDRESS} AS ip
        FROM (SELECT *, learner AS a FROM checks)
        UNION ALL SELECT username, module_id, time, 'show_answer', {ADDRESS}
        FROM (SELECT *, learner - learner % 1000 AS a FROM shows)""",
    "course_axis": f"""
        SELECT '{COURSE.slash}' AS course_id, i AS "index", 'problem' AS category,
            'UnivX/3.14x/problem/p' || i AS module_id FROM range({PROBLEMS}) AS problems(i)""",
    "cameo_cutoff_time": "SELECT CAST(NULL AS TIMESTAMPTZ) AS cutoff",
}


def make_inputs(warehouse: ParquetWarehouse, learners: int, folder: Path) -> dict[str, Input]:
    """Tables of the made-up course; columns that no query reads are NULL."""
    registry, connection = read_registry(None), warehouse.session.connection
    for name, sql in (
        ("learners", LEARNERS.format(learners)),
        ("events", EVENTS),
        ("checks", CHECKS),
        ("shows", SHOWS),
    ):
        connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
    inputs: dict[str, Input] = {}
    for name, sql in INPUTS.items():
        schema = registry[name].schema
        made = {
            column[0] for column in connection.execute(f"SELECT * FROM ({sql}) LIMIT 0").description or ()
        }
        columns = ", ".join(
            f"CAST({quoted(one) if one in made else 'NULL'} AS {schema[one].duckdb_type}) AS {quoted(one)}"
            for one in schema.names
        )
        path, place = folder / "input.parquet", TableName("course", name.replace(".", "_"))
        connection.execute(f"COPY (SELECT {columns} FROM ({sql})) TO '{path}' (FORMAT parquet)")
        warehouse.load(place, schema, ParquetFiles((path,)), BuildInfo("made up"))
        inputs[name] = Tables((place,), schema)
        path.unlink()
    for name in ("events", "checks", "shows", "learners"):
        connection.execute(f"DROP TABLE {name}")
    return inputs


def found_pairs(
    warehouse: ParquetWarehouse, table: str, master: str, harvester: str
) -> set[tuple[object, ...]]:
    """The pairs of a table, by username."""
    return {
        pair for pair in warehouse.read(TableName("course", table), (master, harvester)) if None not in pair
    }


def main() -> None:
    """Build, and print what was measured."""
    words = sys.argv[1:]
    learners = int(words[0]) if words else 20_000
    limit, threads = words[1] if len(words) > 1 else "4GB", int(words[2]) if len(words) > 2 else 2
    registry = read_registry(None)
    with scratch_folder() as folder:
        warehouse = ParquetWarehouse(
            folder / "warehouse",
            ResourceLimits(threads=threads, memory_limit=limit),
            Scratch([folder / "scratch"]),
        )
        inputs = make_inputs(warehouse, learners, folder)
        print(f"{learners} learners, {threads} threads, memory_limit {limit}")
        began, cpu = time.monotonic(), time.process_time()
        for name in STEPS:
            table = registry[name]
            assert isinstance(table.builder, SqlModel)
            parameters = {one: value(one, COURSE, Settings()) for one in table.builder.parameters}
            read = {one: inputs.get(one, Absent(registry[one].schema)) for one in table.inputs}
            start, used = time.monotonic(), time.process_time()
            query = Query(table.builder.sql, read, parameters, table.schema)
            state = warehouse.create(TableName("course", name), query, BuildInfo("stamp"))
            inputs[name] = Tables((TableName("course", name),), table.schema)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{time.monotonic() - start:8.1f} s, {time.process_time() - used:8.1f} s of CPU, "
                f"{peak:6.0f} MiB, {state.rows:>10,} rows  {name}  {state.version}",
                flush=True,
            )
        print(f"{time.monotonic() - began:8.1f} s in all, {time.process_time() - cpu:8.1f} s of CPU")
        planted = {
            (f"learner{1000 * k}", f"learner{1000 * k + 7}") for k in range(-(-(learners - 7) // 1000))
        }
        for table_name, master, harvester in (
            ("stats_temporal_fingerprint_correlations", "CAMEO_username", "shadow_username"),
            ("stats_ip_pair_sybils3", "username", "shadow"),
        ):
            found = found_pairs(warehouse, table_name, master, harvester)
            told = f"{len(found & planted)} of {len(planted)} planted pairs, {len(found - planted)} others"
            print(f"{table_name}: {told}")


if __name__ == "__main__":
    main()
