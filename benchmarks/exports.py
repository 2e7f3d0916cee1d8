"""How fast the rows of a stored table become files: `person_course` as CSV and JSON lines, both gzip.

    python benchmarks/exports.py [--rows 100000] [--threads 1]

The baseline is the same rows fetched into Python and written one by one, which is what is done for rows that
no table holds, for nested columns and on BigQuery. Both ways write the same bytes, or the benchmark fails.
Each runs in a process of its own, in turns; the medians are printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

ROUNDS = 3
VALUES = {
    "STRING": (
        "CASE WHEN {h} % 3 = 0 THEN NULL WHEN {h} % 50 = 0 THEN 'a, \"b\" ' || i "
        "ELSE 'value ' || {h} % 99999 END"
    ),
    "INTEGER": "CASE WHEN {h} % 3 != 0 THEN {h} % 1000 END",
    "FLOAT": "CASE WHEN {h} % 3 != 0 THEN {h} % 100000 / 313.0 END",
    "BOOLEAN": "{h} % 2 = 0",
    "TIMESTAMP": "make_timestamptz(CAST(1388534400000000 + {h} % 31536000000000 AS BIGINT))",
    "DATE": "DATE '2014-01-01' + CAST({h} % 365 AS INTEGER)",
}
"""Made-up values; `h` is a number of each row and column."""

WAYS = ("row by row", "by the engine")
FILES = ("person_course.csv.gz", "person_course.json.gz")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--files", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(part(options)))
        return
    with scratch_folder() as folder:
        options.folder = folder
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Run both ways in turns, and print what they took."""
    run(options, "make", "")
    print(f"{options.rows:,} rows of person_course, threads: {options.threads}")
    print(f"{'':44}{'wall s':>8}{'CPU s':>8}{'MB':>6}")
    for files in (FILES[:1], FILES[1:], FILES):
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                found[way].append(run(options, way, ",".join(files)))
        for file in files:
            one, other = ((options.folder / way / file).read_bytes() for way in WAYS)
            assert one == other, f"{file}: the two ways differ"
        for way, told in found.items():
            wall, cpu, memory = (
                statistics.median(one[name] for one in told) for name in ("wall", "cpu", "mb")
            )
            print(f"{' and '.join(files)[:30]:30} {way:13}{wall:8.2f}{cpu:8.2f}{memory:6.0f}")


def run(options: argparse.Namespace, part: str, files: str) -> dict[str, Any]:
    words = [sys.executable, __file__, "--part", part, "--files", files, "--folder", str(options.folder)]
    words += ["--rows", str(options.rows), "--threads", str(options.threads)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def part(options: argparse.Namespace) -> dict[str, Any]:
    """Make the table, or write its files in one of the two ways."""
    from edxtasks.build.registry import read_registry
    from edxtasks.build.row_writers import FILE_FORMS, StoredRows, write_files
    from edxtasks.warehouse.base import BuildInfo, ResourceLimits, TableName
    from edxtasks.warehouse.parquet import ParquetWarehouse
    from edxtasks.warehouse.rows import ParquetFiles

    warehouse = ParquetWarehouse(options.folder / "warehouse", ResourceLimits(options.threads, "1GB"))
    columns = read_registry(None)["person_course"].schema
    name = TableName("course", "person_course")
    if options.part == "make":
        items = ", ".join(
            f"CAST({VALUES[one.type].replace('{h}', f'hash(i, {place})')} AS {one.duckdb_type}) AS {one.name}"
            for place, one in enumerate(columns)
        )
        path = options.folder / "rows.parquet"
        warehouse.session.connection.execute(
            f"COPY (SELECT {items} FROM range({options.rows}) AS numbers(i)) TO '{path}' (FORMAT parquet)"
        )
        warehouse.load(name, columns, ParquetFiles((path,)), BuildInfo("made"))
        return {}
    folder = options.folder / options.part
    folder.mkdir(exist_ok=True)
    stored = StoredRows(warehouse, name, columns)
    rows = stored if options.part == WAYS[1] else iter(stored)
    began, cpu = time.perf_counter(), time.process_time()
    write_files([folder / one for one in options.files.split(",")], columns, rows, FILE_FORMS["True/False"])
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


if __name__ == "__main__":
    main()
