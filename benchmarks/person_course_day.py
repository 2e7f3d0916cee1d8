"""How long person_course_day takes for a large course, and for one more day of it.

    python benchmarks/person_course_day.py [--libraries PYTHON] [--events N] [--days N] [--learners N]

A course is made up as day tables of the tracking log. From them the product builds person_course_day (all
that it is made from, with stamps and versions by date), then once more after one more day was loaded, with a
memory limit of 4 GB. The baseline, in the same run, is the same computation by hand in pandas and in Polars,
which keep no books: they compute all of it each time. `PYTHON` is the interpreter of an environment of its
own that has both:

    python -m venv /tmp/libraries && /tmp/libraries/bin/pip install pandas polars pyarrow

Each runs in a process of its own; memory is the most that it ever held (resident). All results are compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Part = Callable[[argparse.Namespace], dict[str, Any]]

COURSE = "UnivX/3.14x/1T2014"
FIRST_DAY = "2014-01-01"
MEMORY_LIMIT = "4GB"
THREADS = 2
IN_SESSION = 20
"""Events of a session of a learner; a gap in it is 1 to 79 s, and one in 20 is longer than 300 s."""

EVENT_TYPES = (
    *["play_video"] * 3,
    *["pause_video"] * 2,
    "seek_video",
    "seq_goto",
    "show_transcript",
    *["problem_check"] * 3,
    "showanswer",
    "problem_get",
    "page_close",
    f"/courses/{COURSE}/courseware/",
    f"/courses/{COURSE}/progress",
    f"/courses/{COURSE}/discussion/forum/threads/1",
    *[f"/courses/{COURSE}/xblock/i4x:;_;_x/handler/xmodule_handler/problem_get"] * 3,
)


def main() -> None:
    parts = {"make": make, "product": product, "pandas": with_pandas, "polars": with_polars}
    begin(__file__, (__doc__ or ""), "pandas and polars", parts, compare)


def begin(
    script: str, doc: str, libraries: str, parts: Mapping[str, Part], compare: Callable[[Any], None]
) -> None:
    """Read the line; do the part that it names, in this process, or compare them all."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("--libraries", default="", help=f"interpreter that has {libraries}")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--learners", type=int, default=50_000)
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.script = script
    if options.part:
        began, cpu = time.perf_counter(), time.process_time()
        told = parts[options.part](options)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        whole = {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu, "memory": memory}
        print(json.dumps({**whole, **told}))
        return
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from scratch_folder import scratch_folder  # which the interpreter of the libraries lacks

    with scratch_folder() as folder:
        options.folder = folder
        compare(options)


def make_events(options: argparse.Namespace) -> None:
    """Make the events in a process of its own, and print how many there are."""
    made = run(options, "make", sys.executable)
    print(
        f"{options.events:,} events of {options.days} days, {options.learners:,} learners; "
        f"made in {made['wall']:.0f} s; {THREADS} threads, memory limit {MEMORY_LIMIT}"
    )


def compare(options: argparse.Namespace) -> None:
    """Run each part in a process of its own, and print what they took."""
    make_events(options)
    ours = run(options, "product", sys.executable)
    others = (
        {name: run(options, name, options.libraries) for name in ("pandas", "polars")}
        if (options.libraries)
        else {}
    )
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'MB':>8}  times ours")
    line("product: all days", ours["all days"], None)
    for name, told in others.items():
        line(f"{name}: all days", told["all days"], ours["all days"])
    line("product: one more day", ours["one more day"], None)
    for name, told in others.items():
        line(f"{name}: all days again", told["one more day"], ours["one more day"])
    print(f"peak of the product over both: {ours['memory']:,} MB")
    for name, told in others.items():
        print(
            f"peak of {name} over both: {told['memory']:,} MB; {differences(ours, told) or 'the same sums'}"
        )


def run(options: argparse.Namespace, part: str, python: str) -> dict[str, Any]:
    words = [python, options.script, "--part", part, "--folder", str(options.folder)]
    for name in ("events", "days", "learners"):
        words += [f"--{name}", str(getattr(options, name))]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def line(name: str, took: dict[str, float], baseline: dict[str, float] | None) -> None:
    ratio = f"{took['wall'] / baseline['wall']:10.1f}x" if baseline else ""
    print(f"{name:34}{took['wall']:8.2f}{took['cpu']:8.2f}{took['memory']:8,.0f}{ratio}")


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """Which sums of the results differ, of all days and of all days and one."""
    found = []
    for stage in ("all days", "one more day"):
        for name, value in ours[stage]["sums"].items():
            if abs(theirs[stage]["sums"][name] - value) > 1e-9 * abs(value):
                found.append(f"{stage}, {name}: {value} and {theirs[stage]['sums'][name]}")
    return "; ".join(found)


class Watch:
    """Times of a stage, and the most memory of the process so far."""

    def __init__(self) -> None:
        self._began, self._cpu = time.perf_counter(), time.process_time()

    def took(self) -> dict[str, float]:
        """Wall and CPU seconds since the beginning, megabytes."""
        return {
            "wall": time.perf_counter() - self._began,
            "cpu": time.process_time() - self._cpu,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }


# The product


def make(options: argparse.Namespace) -> dict[str, Any]:
    """Load the day tables; the last one waits beside until all others are built."""
    context = product_context(options.folder)
    for day in range(options.days + 1):
        load_day(context, options, day)
    logs = options.folder / "warehouse" / context.courses[0].logs_dataset
    last = max(logs.glob("tracklog_*.parquet"))
    last.rename(options.folder / last.name)
    return {}


def product_context(folder: Path) -> Any:
    from edxtasks.build.context import Context
    from edxtasks.build.registry import read_registry
    from edxtasks.config import Settings
    from edxtasks.course import CourseKey
    from edxtasks.digests import Digests
    from edxtasks.warehouse.base import ResourceLimits
    from edxtasks.warehouse.parquet import ParquetWarehouse

    warehouse = ParquetWarehouse(folder / "warehouse", ResourceLimits(THREADS, MEMORY_LIMIT))
    course = CourseKey.parse(COURSE)
    return Context(Settings(root=folder), read_registry(None), warehouse, Digests(), (course,))


def load_day(context: Any, options: argparse.Namespace, day: int) -> None:
    from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
    from edxtasks.warehouse.base import BuildInfo, TableName
    from edxtasks.warehouse.rows import ParquetFiles

    events = options.events // options.days
    start = f"TIMESTAMPTZ '{FIRST_DAY} 00:00:00+00' + to_days({day})"
    session = f"hash(i // {IN_SESSION}, {day})"
    # Sessions begin before 23:00; their events follow each other at odd microseconds.
    values = {
        "username": f"'learner_' || ({session} % {options.learners})",
        "time": (
            f"{start} + to_seconds(CAST({session} % 82800 AS BIGINT)) "
            f"+ to_microseconds(CAST(i % {IN_SESSION} * 40000000 + hash(i, {day}) % 39000000 AS BIGINT)) "
            f"+ to_seconds(CASE WHEN i % {IN_SESSION} > {IN_SESSION // 2} THEN 600 ELSE 0 END)"
        ),
        "event_type": f"{list(EVENT_TYPES)!r}[1 + CAST(hash({day}, i) % {len(EVENT_TYPES)} AS BIGINT)]",
        "event": """'{"id": "i4x-UnivX-3_14x-video-' || md5(CAST(i AS VARCHAR)) || '", "n": 12.5}'""",
        "ip": f"'10.0.' || ({session} % 200) || '.' || ({session} % 250)",
        "course_id": f"'{COURSE}'",
    }
    items = ", ".join(
        f'CAST({values.get(one.name, "NULL")} AS {one.duckdb_type}) AS "{one.name}"'
        for one in TRACKLOG_SCHEMA
    )
    path = options.folder / "day.parquet"
    connection = context.warehouse.session.connection
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        f"COPY (SELECT {items} FROM range({events}) AS numbers(i) ORDER BY time) TO '{path}' (FORMAT parquet)"
    )
    [(first, last)] = connection.execute(
        f"SELECT epoch_us(min(time)), epoch_us(max(time)) FROM read_parquet('{path}')"
    ).fetchall()
    [(date,)] = connection.execute(
        f"SELECT strftime(DATE '{FIRST_DAY}' + CAST({day} AS INTEGER), '%Y%m%d')"
    ).fetchall()
    name = TableName(context.courses[0].logs_dataset, f"tracklog_{date}")
    label = BuildInfo(f"day {day}", f"day {day}", events, first, last)
    context.warehouse.load(name, TRACKLOG_SCHEMA, ParquetFiles((path,)), label)
    path.unlink()


def product(
    options: argparse.Namespace, stage: Callable[[Any], dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Build the tables of `stage` (person_course_day) from all days, then from one more."""
    stage = stage or product_stage
    context = product_context(options.folder)
    told = {"all days": stage(context)}
    [last] = options.folder.glob("tracklog_*.parquet")
    last.rename(options.folder / "warehouse" / context.courses[0].logs_dataset / last.name)
    context.warehouse.refresh_all()
    told["one more day"] = stage(context)
    return told


def product_stage(context: Any) -> dict[str, Any]:
    from edxtasks.build.build_table import build
    from edxtasks.build.freshness import Status, check
    from edxtasks.build.registry import upstream

    watch = Watch()
    course = context.courses[0]
    wanted = upstream(context.registry, ["person_course_day"])
    for name in (name for name in context.registry if name in wanted):
        table = context.registry[name]
        # What comes from files that are not there has nothing to be made from here.
        if name.startswith(("pcday_", "person_course_day")) and (
            check(context, table, course).status is Status.STALE
        ):
            build(context, table, course)
    took: dict[str, Any] = watch.took()
    folder = context.warehouse.folder / course.dataset / "person_course_day"
    sums = context.warehouse.session.connection.execute(
        "SELECT count(*), sum(nevents), sum(nvideo), sum(nproblem_check), sum(n_dt), sum(sum_dt), "
        f"sum(avg_dt), sum(sdv_dt), max(max_dt) FROM read_parquet('{folder}/*.parquet')"
    ).fetchone()
    return took | {"sums": dict(zip(SUMS, map(float, sums), strict=True))}


SUMS = ("rows", "nevents", "nvideo", "nproblem_check", "n_dt", "sum_dt", "avg_dt", "sdv_dt", "max_dt")


# The same by hand


COUNTED = {
    "nshow_answer": ("show_answer", "showanswer"),
    "nvideo": ("play_video",),
    "nproblem_check": ("problem_check",),
    "ntranscript": ("show_transcript",),
    "nseq_goto": ("seq_goto",),
    "nseek_video": ("seek_video",),
    "npause_video": ("pause_video",),
}
VISITED = {"nprogcheck": f"/courses/{COURSE}/progress", "nforum": f"/courses/{COURSE}/discussion/"}
COUNTED_ELSEWHERE = (
    "nvideos_viewed",
    "nforum_reads",
    "nforum_posts",
    "nforum_threads",
    "nproblems_answered",
    "nproblems_attempted",
    "nproblems_multiplechoice",
    "nproblems_choice",
    "nproblems_numerical",
    "nproblems_option",
    "nproblems_custom",
    "nproblems_string",
    "nproblems_mixed",
    "nproblems_forumula",
    "nproblems_other",
)
"""Columns that come from tables that are empty here: zeros."""


def by_hand(
    options: argparse.Namespace, compute: Callable[[list[str], Path], Mapping[str, float]]
) -> dict[str, Any]:
    """Both stages of a library: all days but the last, and all."""
    [logs] = (options.folder / "warehouse").glob("*_logs")
    paths = [str(path) for path in sorted(logs.glob("tracklog_*.parquet"))]
    told = {}
    for stage, chosen in (("all days", paths[:-1]), ("one more day", paths)):
        watch = Watch()
        sums = compute(chosen, options.folder / "by_hand.parquet")
        told[stage] = watch.took() | {"sums": sums}
    return told


def with_pandas(options: argparse.Namespace) -> dict[str, Any]:
    """The computation in pandas."""
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

    def compute(paths: list[str], output: Path) -> dict[str, float]:
        columns = ["username", "time", "event_type"]
        events = pd.concat([pd.read_parquet(path, columns=columns) for path in paths], ignore_index=True)
        kind = events.event_type
        events = events[kind.notna() & ~kind.str.contains("/xblock/", regex=False)]
        events = events.sort_values(["username", "time"])
        gap = events.groupby("username").time.diff().dt.total_seconds()
        events["gap"] = gap.where(gap <= 300)
        events["date"] = events.time.dt.floor("D")
        for name, kinds in COUNTED.items():
            events[name] = events.event_type.isin(kinds)
        for name, start in VISITED.items():
            events[name] = events.event_type.str.startswith(start)
        days = events.groupby(["username", "date"]).agg(
            nevents=("time", "size"),
            first_event=("time", "min"),
            last_event=("time", "max"),
            avg_dt=("gap", "mean"),
            sdv_dt=("gap", "std"),
            max_dt=("gap", "max"),
            n_dt=("gap", "count"),
            sum_dt=("gap", "sum"),
            **{name: (name, "sum") for name in (*COUNTED, *VISITED)},
        )
        days["sum_dt"] = days.sum_dt.where(days.n_dt > 0)
        days.sort_values("date").reset_index().to_parquet(output, compression="zstd")
        sums = [len(days), *(days[name].sum() for name in SUMS[1:-1]), days.max_dt.max()]
        return dict(zip(SUMS, map(float, sums), strict=True))

    return by_hand(options, compute)


def with_polars(options: argparse.Namespace) -> dict[str, Any]:
    """The computation in Polars, lazily; all columns of the table."""
    from datetime import UTC, datetime

    import polars as pl  # type: ignore[import-not-found,unused-ignore]

    def compute(paths: list[str], output: Path) -> dict[str, float]:
        kind, gap, username = pl.col("event_type"), pl.col("gap"), pl.col("username")
        known = (username != "") & (pl.col("time") > datetime(2010, 10, 1, 1, 2, 3, tzinfo=UTC))
        days = (
            pl.scan_parquet(paths)
            .select("username", "time", "event_type")
            .filter(known & kind.is_not_null() & ~kind.str.contains("/xblock/", literal=True))
            .sort("username", "time")
            # Learners follow each other: this takes two thirds of the time of `diff().over("username")`.
            .with_columns(
                gap=pl.when(username == username.shift()).then(pl.col("time").diff().dt.total_microseconds())
            )
            .with_columns(
                gap=pl.when(pl.col("gap") <= 300_000_000).then(pl.col("gap") / 1e6),
                date=pl.col("time").dt.date(),
            )
            .group_by("username", "date")
            .agg(
                nevents=pl.len(),
                first_event=pl.col("time").min(),
                last_event=pl.col("time").max(),
                avg_dt=gap.mean(),
                sdv_dt=gap.std(),
                max_dt=gap.max(),
                n_dt=gap.count(),
                sum_dt=gap.sum(),
                **{name: kind.is_in(list(kinds)).sum() for name, kinds in COUNTED.items()},
                **{name: kind.str.starts_with(start).sum() for name, start in VISITED.items()},
            )
            .with_columns(
                sum_dt=pl.when(pl.col("n_dt") > 0).then(pl.col("sum_dt")),
                course_id=pl.lit(COURSE),
                nvideos_watched_sec=pl.lit(0.0),
                **{name: pl.lit(0, dtype=pl.Int64) for name in COUNTED_ELSEWHERE},
            )
            .sort("date")
            .collect()
        )
        days.write_parquet(output, compression="zstd")
        sums = [days.height, *(days[name].sum() for name in SUMS[1:-1]), days["max_dt"].max()]
        return dict(zip(SUMS, map(float, sums), strict=True))

    return by_hand(options, compute)


if __name__ == "__main__":
    main()
